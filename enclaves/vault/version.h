/* SPDX-License-Identifier: MIT */
/*
 * Which state of the store is the last one. A counter of the SM says so, which
 * nobody can put back: not with an old export, nor with an old checkpoint, nor
 * by running the vault twice.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_VERSION_H
#define VAULT_VERSION_H

#include "rewire_enclave.h"

/*
 * Before each change of the store. Under protection the first change of each
 * batch makes a new version. ESTALE: what is in memory is not the last state.
 */
int version_change(void);

/* A new version, of what is in memory. ESTALE: as above. */
int version_next(uint64_t *ret_version);

/* Is a state from outside the last one? 0, or ESTALE, or no answer. */
int version_check(uint64_t version);

/* It is in memory now. */
void version_adopt(uint64_t version);

/* What of this has to go along to another release. */
struct version_state {
	uint64_t version;
	uint64_t batch;
	uint64_t changes;
	uint64_t known;
};

struct version_state version_save(void);

/* 0, or EBADMSG: that is no such thing. */
int version_restore(const struct version_state *state);

/* Is what is in memory the last state? 0, or ESTALE, or no answer. */
int version_is_last(void);

/* protect N: a new version with each N changes; 0: with exports alone. */
int vault_protect(const struct rewire_args *args, struct rewire_answer *answer);

/* version: of what is in memory. */
int vault_version(const struct rewire_args *args, struct rewire_answer *answer);

#endif /* VAULT_VERSION_H */
