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
 * @revision: how often the key was put; 0 when nobody wrote it down
 * @key_length: bytes of the key
 * @length: bytes of the value
 * @bytes: the key, then the value
 */
struct entry {
	struct entry *next;
	uint64_t hash;
	uint64_t revision;
	size_t key_length;
	size_t length;
	unsigned char bytes[];
};

/* Returns 0 or -ENOMEM, and then an old value is still there. */
int store_put(const void *key, size_t key_length, const void *value,
	      size_t length);

/*
 * An entry to be filled: key and value, one after the other, and the revision.
 * NULL: no memory. store_insert() takes it over, in the place of one with the same
 * key; when that returns -ENOMEM, it is gone. store_discard() is for one that is
 * not inserted.
 */
struct entry *store_new(size_t key_length, size_t length);
int store_insert(struct entry *entry);
void store_discard(struct entry *entry);

/* NULL: no such key. Valid until the store changes. */
const struct entry *store_get(const void *key, size_t key_length);

/* Returns 0 or -ENOENT. */
int store_delete(const void *key, size_t key_length);

void store_clear(void);
size_t store_count(void);

/* How often anything in the store changed: as long as this is the same, nothing. */
uint64_t store_changes(void);

/* All entries, in no order that means anything. NULL: no more. */
const struct entry *store_first(void);
const struct entry *store_next(const struct entry *entry);

/* Is each entry where its key will be looked for, and none missing? 0 or -EILSEQ. */
int store_check(void);

/*
 * All entries in the order of their keys' bytes, as an array that the caller
 * frees. Returns NULL when there is no memory for it, or no entry.
 */
const struct entry **store_sorted(void);

#endif /* VAULT_STORE_H */
