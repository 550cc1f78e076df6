/* SPDX-License-Identifier: MIT */
/*
 * What differs between the releases of the vault. Each has a release.c.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_RELEASE_H
#define VAULT_RELEASE_H

#include "rewire_enclave.h"

/* The format that it writes, see form.h. It reads this one and all before it. */
extern const uint32_t release_format;

/* release: which one this is. */
int vault_release(const struct rewire_args *args, struct rewire_answer *answer);

/* stat KEY: what is known of a key, beside its value. */
int vault_stat(const struct rewire_args *args, struct rewire_answer *answer);

#endif /* VAULT_RELEASE_H */
