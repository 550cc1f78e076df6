/* SPDX-License-Identifier: MIT */
/*
 * The whole store in sealed chunks, to be kept outside and taken in again.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_EXPORT_H
#define VAULT_EXPORT_H

#include "rewire_enclave.h"

/*
 * export: takes a snapshot, which is a new version of the store; answers the
 * number of its chunks.
 */
/* export INDEX: one chunk of the snapshot, sealed. */
int vault_export(const struct rewire_args *args, struct rewire_answer *answer);

/*
 * import CHUNK: the chunks of one export in their order. The last one replaces
 * the store; until then nothing has changed. ESTALE: it is not the last version
 * of the store. EPERM: it is another workload's.
 *
 * "legacy" in the answer: the chunk was sealed by an older vault or under an
 * older key. After the last one the same snapshot can be exported by its chunks
 * again, sealed anew each, when there is time for it.
 */
int vault_import(const struct rewire_args *args, struct rewire_answer *answer);

/* For whom chunks are sealed, REWIRE_SEAL_*. -EINVAL: no such policy. */
uint32_t export_policy(void);
int export_set_policy(uint32_t wanted);

/* policy NAME: for whom the next chunks are sealed; measurement at first. */
int vault_policy(const struct rewire_args *args, struct rewire_answer *answer);

#endif /* VAULT_EXPORT_H */
