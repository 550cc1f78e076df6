// SPDX-License-Identifier: MIT
/*
 * A key-value store. Keys and values are any bytes.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/sha256.h"
#include "export.h"
#include "release.h"
#include "rewire_enclave.h"
#include "state.h"
#include "store.h"
#include "version.h"

static int answer_digest(struct rewire_answer *answer, struct sha256 *hash)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];

	sha256_final(hash, digest);
	sha256_hex(digest, hex);
	return rewire_answer_printf(answer, "%s\n", hex);
}

static int put(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = version_change();

	(void)answer;
	return error ? error :
		       store_put(args->arg[1].data, args->arg[1].length,
				 args->arg[2].data, args->arg[2].length);
}

static int get(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct entry *entry = store_get(args->arg[1].data,
					      args->arg[1].length);

	if (!entry)
		return -ENOENT;
	return rewire_answer_add(answer, entry->bytes + entry->key_length,
				 entry->length);
}

/* A number in the store grows; the answers show that no call was lost or done
 * twice.
 */
static int add(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct rewire_bytes *key = &args->arg[1];
	const struct entry *entry = store_get(key->data, key->length);
	uint64_t sum = 0;
	char text[24];
	int length, error;

	if (entry && entry->length != sizeof(sum))
		return -EINVAL;
	if (entry)
		memcpy(&sum, entry->bytes + entry->key_length, sizeof(sum));
	sum++;
	error = version_change();
	if (error)
		return error;
	error = store_put(key->data, key->length, &sum, sizeof(sum));
	if (error)
		return error;
	length = snprintf(text, sizeof(text), "%llu\n",
			  (unsigned long long)sum);
	return rewire_answer_add(answer, text, length);
}

static int del(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = version_change();

	(void)answer;
	return error ? error :
		       store_delete(args->arg[1].data, args->arg[1].length);
}

static int clear(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = version_change();

	(void)args;
	(void)answer;
	if (!error)
		store_clear();
	return error;
}

static int count(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "%zu\n", store_count());
}

static int is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '\\';
}

/* A key in a line of its own. What is no plain text becomes \xHH. */
static int list_key(struct rewire_answer *answer, const struct entry *entry)
{
	size_t start = answer->length;
	int error = 0;

	for (size_t i = 0; i < entry->key_length && !error; i++)
		error = rewire_answer_printf(answer,
					     is_plain(entry->bytes[i]) ?
						     "%c" : "\\x%02x",
					     entry->bytes[i]);
	if (!error)
		error = rewire_answer_printf(answer, "\n");
	if (error)
		answer->length = start;
	return error;
}

/* Whole lines only; a list that is too long goes on after its last key. */
static int list(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct entry **all = store_sorted();
	size_t i = 0;

	if (store_count() && !all)
		return -ENOMEM;
	if (args->count > 1) {
		const struct entry *after = store_get(args->arg[1].data,
						      args->arg[1].length);

		while (i < store_count() && after && all[i] != after)
			i++;
		if (!after) {
			free(all);
			return -ENOENT;
		}
		i++;
	}
	while (i < store_count() && !list_key(answer, all[i]))
		i++;
	free(all);
	return 0;
}

static int digest_store(struct rewire_answer *answer)
{
	const struct entry **all = store_sorted();
	struct sha256 hash;

	if (store_count() && !all)
		return -ENOMEM;
	sha256_init(&hash);
	for (size_t i = 0; i < store_count(); i++) {
		const uint64_t lengths[2] = { all[i]->key_length, all[i]->length };

		sha256_update(&hash, lengths, sizeof(lengths));
		sha256_update(&hash, all[i]->bytes,
			      all[i]->key_length + all[i]->length);
	}
	free(all);
	return answer_digest(answer, &hash);
}

static int digest(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct entry *entry;
	struct sha256 hash;

	if (args->count == 1)
		return digest_store(answer);
	entry = store_get(args->arg[1].data, args->arg[1].length);
	if (!entry)
		return -ENOENT;
	sha256_init(&hash);
	sha256_update(&hash, entry->bytes + entry->key_length, entry->length);
	return answer_digest(answer, &hash);
}

/*
 * A request that takes long: a digest of a digest of a digest ... An enclave has
 * no clock, so the caller says how much; anyone can check the result.
 */
static int slow(const struct rewire_args *args, struct rewire_answer *answer)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];
	struct sha256 hash;
	uint64_t rounds;
	int error = rewire_args_number(args, 1, &rounds);

	if (error)
		return error;
	sha256_init(&hash);
	sha256_update(&hash, args->arg[2].data, args->arg[2].length);
	sha256_final(&hash, digest);
	for (uint64_t i = 0; i < rounds; i++) {
		sha256_init(&hash);
		sha256_update(&hash, digest, sizeof(digest));
		sha256_final(&hash, digest);
	}
	sha256_hex(digest, hex);
	return rewire_answer_printf(answer, "%s\n", hex);
}

static const struct rewire_verb verbs[] = {
	{ "put", 2, 2, "KEY VALUE - store", put },
	{ "get", 1, 1, "KEY - the value", get },
	{ "add", 1, 1, "KEY - one more to a number; prints the sum", add },
	{ "del", 1, 1, "KEY - remove", del },
	{ "list", 0, 1, "[AFTER] - keys, in order, as many as fit", list },
	{ "count", 0, 0, "- how many keys", count },
	{ "digest", 0, 1, "[KEY] - SHA-256 of the value, or of all", digest },
	{ "clear", 0, 0, "- remove everything", clear },
	{ "export", 0, 1, "[CHUNK] - take a snapshot; one sealed chunk of it",
	  vault_export },
	{ "import", 1, 1, "CHUNK - take the chunks in again, in order",
	  vault_import },
	{ "policy", 1, 1, "measurement|software|workload - who can open exports",
	  vault_policy },
	{ "protect", 1, 1, "N - a new version each N changes; 0: with exports only",
	  vault_protect },
	{ "version", 0, 0, "- of the store; only the last export is taken in again",
	  vault_version },
	{ "release", 0, 0, "- of this software", vault_release },
	{ "stat", 1, 1, "KEY - what is known of it", vault_stat },
	{ "slow", 2, 2, "ROUNDS SEED - SHA-256 of SEED, ROUNDS times more", slow },
	{ 0 },
};

int main(void)
{
	state_init();
	rewire_serve(verbs);
}
