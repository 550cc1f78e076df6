/* SPDX-License-Identifier: MIT */
/*
 * The whole store in sealed chunks, to be kept outside and taken in again.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_EXPORT_H
#define VAULT_EXPORT_H

#include "rewire_enclave.h"

/* export: takes a snapshot; answers the number of its chunks. */
/* export INDEX: one chunk of the snapshot, sealed. */
int vault_export(const struct rewire_args *args, struct rewire_answer *answer);

/*
 * import CHUNK: the chunks of one export in their order. The last one replaces
 * the store; until then nothing has changed.
 */
int vault_import(const struct rewire_args *args, struct rewire_answer *answer);

#endif /* VAULT_EXPORT_H */
