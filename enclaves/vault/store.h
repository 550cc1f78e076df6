/* SPDX-License-Identifier: MIT */
/*
 * The vault's table of keys and values.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct entry - one key and its value
 * @next: in its bucket
 * @hash: of the key
 * @key_length: bytes of the key
 * @length: bytes of the value
 * @bytes: the key, then the value
 */
struct entry {
	struct entry *next;
	uint64_t hash;
	size_t key_length;
	size_t length;
	unsigned char bytes[];
};

/* Returns 0 or -ENOMEM, and then an old value is still there. */
int store_put(const void *key, size_t key_length, const void *value,
	      size_t length);

/* NULL: no such key. Valid until the store changes. */
const struct entry *store_get(const void *key, size_t key_length);

/* Returns 0 or -ENOENT. */
int store_delete(const void *key, size_t key_length);

void store_clear(void);
size_t store_count(void);

/*
 * All entries in the order of their keys' bytes, as an array that the caller
 * frees. Returns NULL when there is no memory for it, or no entry.
 */
const struct entry **store_sorted(void);

#endif /* VAULT_STORE_H */
