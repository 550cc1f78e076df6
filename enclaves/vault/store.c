// SPDX-License-Identifier: MIT
/*
 * The vault's table: chained hashing, doubled when it is full. Keys come from
 * strangers, so the hash is keyed: nobody can choose keys that all collide.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/sha256.h"
#include "rewire_enclave.h"

#define FIRST_BUCKETS	64

static struct entry **buckets;
static size_t bucket_count;
static size_t count;
static uint64_t changes;
static unsigned char hash_key[SHA256_SIZE];

static uint64_t hash_of(const void *key, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 hash;
	uint64_t value;

	sha256_init(&hash);
	sha256_update(&hash, hash_key, sizeof(hash_key));
	sha256_update(&hash, key, length);
	sha256_final(&hash, digest);
	memcpy(&value, digest, sizeof(value));
	return value;
}

static struct entry **bucket_of(uint64_t hash)
{
	return &buckets[hash & (bucket_count - 1)];
}

/* The link that points to the entry, or to NULL where it would go. */
static struct entry **find(uint64_t hash, const void *key, size_t key_length)
{
	struct entry **link = bucket_of(hash);

	while (*link && ((*link)->hash != hash ||
			 (*link)->key_length != key_length ||
			 memcmp((*link)->bytes, key, key_length)))
		link = &(*link)->next;
	return link;
}

static int resize(size_t wanted)
{
	struct entry **old = buckets, **fresh = calloc(wanted, sizeof(*fresh));
	size_t old_count = bucket_count;

	if (!fresh)
		return -ENOMEM;
	buckets = fresh;
	bucket_count = wanted;
	for (size_t i = 0; i < old_count; i++) {
		struct entry *next, *entry = old[i];

		for (; entry; entry = next) {
			struct entry **bucket = bucket_of(entry->hash);

			next = entry->next;
			entry->next = *bucket;
			*bucket = entry;
		}
	}
	free(old);
	return 0;
}

static int make_room(void)
{
	int error;

	if (!buckets) {
		error = rewire_random(hash_key, sizeof(hash_key));
		return error ? error : resize(FIRST_BUCKETS);
	}
	/* Longer chains are slower, not wrong. */
	if (count >= bucket_count)
		resize(2 * bucket_count);
	return 0;
}

void store_discard(struct entry *entry)
{
	explicit_bzero(entry->bytes, entry->key_length + entry->length);
	free(entry);
}

struct entry *store_new(size_t key_length, size_t length)
{
	struct entry *entry = malloc(sizeof(*entry) + key_length + length);

	if (!entry)
		return NULL;
	entry->key_length = key_length;
	entry->length = length;
	return entry;
}

int store_insert(struct entry *entry)
{
	struct entry **link;
	int error = make_room();

	if (error) {
		store_discard(entry);
		return error;
	}
	entry->hash = hash_of(entry->bytes, entry->key_length);
	link = find(entry->hash, entry->bytes, entry->key_length);
	entry->next = *link ? (*link)->next : NULL;
	if (*link)
		store_discard(*link);
	else
		count++;
	*link = entry;
	changes++;
	return 0;
}

int store_put(const void *key, size_t key_length, const void *value,
	      size_t length)
{
	struct entry *entry = store_new(key_length, length);
	const struct entry *old = store_get(key, key_length);

	if (!entry)
		return -ENOMEM;
	entry->revision = old ? old->revision + 1 : 1;
	memcpy(entry->bytes, key, key_length);
	memcpy(entry->bytes + key_length, value, length);
	return store_insert(entry);
}

const struct entry *store_get(const void *key, size_t key_length)
{
	return buckets ? *find(hash_of(key, key_length), key, key_length) : NULL;
}

int store_delete(const void *key, size_t key_length)
{
	struct entry *entry, **link;

	if (!buckets)
		return -ENOENT;
	link = find(hash_of(key, key_length), key, key_length);
	entry = *link;
	if (!entry)
		return -ENOENT;
	*link = entry->next;
	store_discard(entry);
	count--;
	changes++;
	return 0;
}

void store_clear(void)
{
	for (size_t i = 0; i < bucket_count; i++) {
		while (buckets[i]) {
			struct entry *entry = buckets[i];

			buckets[i] = entry->next;
			store_discard(entry);
		}
	}
	count = 0;
	changes++;
}

size_t store_count(void)
{
	return count;
}

uint64_t store_changes(void)
{
	return changes;
}

static const struct entry *first_from(size_t bucket)
{
	while (bucket < bucket_count && !buckets[bucket])
		bucket++;
	return bucket < bucket_count ? buckets[bucket] : NULL;
}

const struct entry *store_first(void)
{
	return first_from(0);
}

const struct entry *store_next(const struct entry *entry)
{
	return entry->next ? entry->next :
			     first_from((entry->hash & (bucket_count - 1)) + 1);
}

int store_check(void)
{
	size_t found = 0;

	for (const struct entry *entry = store_first(); entry;
	     entry = store_next(entry), found++)
		if (found == count ||
		    store_get(entry->bytes, entry->key_length) != entry)
			return -EILSEQ;
	return found == count ? 0 : -EILSEQ;
}

static int by_key(const void *left, const void *right)
{
	const struct entry *a = *(const struct entry *const *)left;
	const struct entry *b = *(const struct entry *const *)right;
	size_t common = a->key_length < b->key_length ? a->key_length :
							 b->key_length;
	int order = memcmp(a->bytes, b->bytes, common);

	if (order)
		return order;
	return (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

const struct entry **store_sorted(void)
{
	const struct entry **all = count ? malloc(count * sizeof(*all)) : NULL;
	size_t n = 0;

	if (!all)
		return NULL;
	for (size_t i = 0; i < bucket_count; i++)
		for (const struct entry *entry = buckets[i]; entry;
		     entry = entry->next)
			all[n++] = entry;
	qsort(all, n, sizeof(*all), by_key);
	return all;
}
