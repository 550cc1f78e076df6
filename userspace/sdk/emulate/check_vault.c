// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vault's state, from release to release: all of it, or nothing.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define _GNU_SOURCE
#include "check_update.h"

#include <openssl/sha.h>

/* ---- from release to release ---- */

static void fill(struct emu *emu, int keys)
{
	for (int i = 0; i < keys; i++) {
		char key[32], value[256];

		snprintf(key, sizeof(key), "key-%d", i);
		memset(value, 'a' + i % 26, sizeof(value) - 1);
		value[i % 255] = 0;
		assert_int_equal(call(emu, "put", key, value), 0);
	}
}

static void vault_to_release_2(void **state)
{
	static char large[60000];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	begin("vault", "vault2");
	assert_int_equal(call(&old, "put", "a", "first"), 0);
	assert_int_equal(call(&old, "put", "a", "second"), 0);
	assert_int_equal(call(&old, "put", "", ""), 0);
	assert_int_equal(call(&old, "put", "large", large), 0);
	assert_int_equal(call(&old, "stat", "a"), 0);
	assert_answer(&old, "6 bytes\n");
	assert_int_equal(call(&old, "release"), 0);
	assert_answer(&old, "1\n");

	assert_int_equal(update(), 0);
	assert_int_equal(handover.format, 1);
	assert_same("digest");
	assert_same("count");
	assert_int_equal(call(&new, "release"), 0);
	assert_answer(&new, "2\n");
	assert_int_equal(call(&new, "stat", "b"), -ENOENT);
	assert_int_equal(call(&new, "stat", "a"), 0);
	assert_answer(&new, "6 bytes, revision 0\n");
	assert_int_equal(call(&new, "put", "a", "third"), 0);
	assert_int_equal(call(&new, "stat", "a"), 0);
	assert_answer(&new, "5 bytes, revision 1\n");
	/* The old one would still be what it was. */
	assert_int_equal(call(&old, "get", "a"), 0);
	assert_answer(&old, "second");
	end();
}

static void vault_within_release_2(void **state)
{
	(void)state;
	begin("vault2", "vault2");
	for (int i = 0; i < 3; i++)
		assert_int_equal(call(&old, "put", "a", "b"), 0);
	assert_int_equal(call(&old, "put", "c", "d"), 0);
	assert_int_equal(update(), 0);
	assert_int_equal(handover.format, 2);
	assert_same("digest");
	assert_int_equal(call(&new, "stat", "a"), 0);
	assert_answer(&new, "1 bytes, revision 3\n");
	assert_int_equal(call(&new, "stat", "c"), 0);
	assert_answer(&new, "1 bytes, revision 1\n");
	end();
}

static void vault_reads_no_newer_format(void **state)
{
	(void)state;
	begin("vault2", "vault");
	assert_int_equal(call(&old, "put", "a", "b"), 0);
	assert_int_equal(update(), -EOPNOTSUPP);
	assert_int_equal(handover.done, 0);
	handover.format = 0;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EOPNOTSUPP);
	assert_int_equal(call(&old, "get", "a"), 0);
	end();

	begin("vault", "vault");
	assert_int_equal(call(&old, "put", "a", "b"), 0);
	assert_int_equal(update(), 0);
	assert_same("digest");
	end();
}

static void vault_with_nothing_in_it(void **state)
{
	(void)state;
	begin("vault", "vault2");
	assert_int_equal(update(), 0);
	assert_int_equal(call(&new, "count"), 0);
	assert_answer(&new, "0\n");
	assert_int_equal(call(&new, "put", "a", "b"), 0);
	end();
}

#define KEYS	10000

/* In pieces that fit no buffer. */
static void vault_with_many_keys(void **state)
{
	static const size_t pieces[] = { 4095, 4097, 5, 0 };

	(void)state;
	begin("vault", "vault2");
	fill(&old, KEYS);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		handover.length = handover.done = 0;
		handover.piece = pieces[i];
		assert_int_equal(update(), 0);
		assert_same("digest");
		assert_same("count");
		new.trial = 1;
	}
	end();
}

/* All that the old one's memory held. */
static void vault_that_is_full(void **state)
{
	static char value[60000];
	int stored = 0;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	begin("vault", "vault2");
	fill(&old, KEYS);
	for (int status = 0; !status; stored += !status) {
		char key[16];

		/* Down to the last bytes. */
		snprintf(key, sizeof(key), "%d", stored);
		status = call(&old, "put", key, value);
		while (status && value[0] && value[1]) {
			value[strlen(value) / 2] = 0;
			status = call(&old, "put", key, value);
		}
	}
	assert_true(stored > 200);
	assert_int_equal(call(&old, "digest"), -ENOMEM);
	assert_int_equal(update(), 0);
	assert_same("count");
	/* A digest takes some memory. */
	for (int i = 0; i < 4; i++) {
		const char *key = (const char *const[]){ "0", "1", "2", "3" }[i];

		assert_int_equal(call(&old, "del", key), 0);
		assert_int_equal(call(&new, "del", key), 0);
	}
	assert_same("digest");
	end();
}

/* Protection, its place within a batch, the version and the policy go along. */
static void vault_version_goes_along(void **state)
{
	uint64_t before;

	(void)state;
	begin("vault", "vault2");
	assert_int_equal(call(&old, "protect", "4"), 0);
	assert_int_equal(call(&old, "policy", "software"), 0);
	before = emu_self.counter[0];
	for (int i = 0; i < 6; i++)
		assert_int_equal(call(&old, "add", "n"), 0);
	assert_int_equal(emu_self.counter[0], before + 2);
	assert_int_equal(update(), 0);
	assert_same("version");
	for (int i = 0; i < 2; i++)
		assert_int_equal(call(&new, "add", "n"), 0);
	assert_answer(&new, "8\n");
	assert_int_equal(emu_self.counter[0], before + 2);
	assert_int_equal(call(&new, "add", "n"), 0);
	assert_int_equal(emu_self.counter[0], before + 3);
	/* The old one, were it to run on beside it, notices. */
	assert_int_equal(call(&old, "version"), -ESTALE);

	assert_int_equal(call(&new, "export"), 0);
	assert_int_equal(call(&new, "export", "0"), 0);
	assert_int_equal(((struct rewire_sealed *)new.answer)->policy,
			 REWIRE_SEAL_SOFTWARE);
	end();
}

/* Where a text is in the enclave's memory; it must be there once. */
static uint64_t find(const struct emu *emu, const char *text)
{
	uint64_t found = 0;

	for (size_t i = 0; i < emu->image.count; i++) {
		const struct rewire_segment *segment = &emu->image.segments[i];
		uint64_t base = emu->image.layout.base + segment->offset;
		char *bytes = malloc(segment->length), *at;

		assert_non_null(bytes);
		assert_int_equal(emu_read(emu, base, bytes, segment->length), 0);
		at = memmem(bytes, segment->length, text, strlen(text));
		if (at && segment->length > 1 << 20)
			found = base + (at - bytes);
		free(bytes);
	}
	assert_true(found);
	return found;
}

static void vault_looks_at_its_health(void **state)
{
	uint64_t at;

	(void)state;
	begin("vault", "vault2");
	fill(&old, 100);
	assert_int_equal(call(&old, "put", "a key to find", "a value to find"), 0);
	assert_int_equal(call(&old, "export"), 0);
	assert_int_equal(update(), 0);
	new.trial = 1;

	/* A value, a key, and what the state says of the workload. */
	at = find(&new, "a value to find");
	assert_int_equal(emu_write(&new, at, "b", 1), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), -EILSEQ);
	assert_int_equal(emu_write(&new, at, "a", 1), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), 0);
	at = find(&new, "a key to find");
	assert_int_equal(emu_write(&new, at, "b", 1), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), -EILSEQ);
	assert_int_equal(emu_write(&new, at, "a", 1), 0);
	emu_self.counter[0]++;
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), -ESTALE);
	emu_self.counter[0]--;
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), 0);

	/* What calls change later is no illness, an entry out of place is. */
	new.trial = 0;
	assert_int_equal(call(&new, "put", "a key to find", "other"), 0);
	assert_int_equal(call(&new, "del", "key-1"), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), 0);
	at = find(&new, "a key to find");
	assert_int_equal(emu_write(&new, at, "b", 1), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_HEALTH), -EILSEQ);
	end();
}

/* ---- state that is wrong ---- */

static int import_again(size_t length)
{
	size_t whole = handover.length;
	int status;

	handover.done = 0;
	handover.length = length;
	status = ask(&new, REWIRE_RECV_IMPORT);
	handover.length = whole;
	if (status) {
		new.trial = 0;
		assert_int_equal(call(&new, "count"), 0);
		assert_answer(&new, "0\n");
		assert_int_equal(call(&new, "list"), 0);
		assert_int_equal(new.length, 0);
		new.trial = 1;
	}
	return status;
}

/* Cut anywhere, or with any bit changed: refused, and nothing is there. */
static void damaged_everywhere(const char *from)
{
	begin(from, "vault2");
	assert_int_equal(call(&old, "protect", "3"), 0);
	fill(&old, 2);
	assert_int_equal(call(&old, "put", "", "v"), 0);
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
	for (size_t length = 0; length < handover.length; length++)
		assert_int_equal(import_again(length), -EBADMSG);
	for (size_t bit = 0; bit < 8 * handover.length; bit += 5) {
		int status;

		handover.bytes[bit / 8] ^= 1 << bit % 8;
		status = import_again(handover.length);
		assert_true(status == -EBADMSG);
		handover.bytes[bit / 8] ^= 1 << bit % 8;
	}
	handover.bytes = realloc(handover.bytes, ++handover.length);
	assert_non_null(handover.bytes);
	handover.bytes[handover.length - 1] = 0;
	assert_int_equal(import_again(handover.length), -EBADMSG);
	assert_int_equal(import_again(handover.length - 1), 0);
	new.trial = 0;
	assert_same("digest");
	end();
}

static void format_1_damaged(void **state)
{
	(void)state;
	damaged_everywhere("vault");
}

static void format_2_damaged(void **state)
{
	(void)state;
	damaged_everywhere("vault2");
}

/* As the vault's state.c writes it, format 2. */
struct state_header {
	uint32_t magic;
	uint32_t policy;
	uint64_t count;
	uint64_t version, batch, changes, known;
};

struct state_entry {
	uint32_t key_length, length;
	uint64_t revision;
	char bytes[8];
};

static void sum_add(uint64_t sum[4], const void *data, size_t length)
{
	uint64_t digest[4];

	SHA256(data, length, (unsigned char *)digest);
	for (int i = 0; i < 4; i++)
		sum[i] += digest[i];
}

static int import_forged(const struct state_header *header,
			 const struct state_entry *entries, size_t count)
{
	static unsigned char bytes[4096];
	uint64_t sum[4] = { 0 };
	size_t length = sizeof(*header);

	memcpy(bytes, header, sizeof(*header));
	sum_add(sum, header, sizeof(*header));
	for (size_t i = 0; i < count; i++) {
		memcpy(bytes + length, &entries[i], sizeof(entries[i]));
		sum_add(sum, &entries[i], sizeof(entries[i]));
		length += sizeof(entries[i]);
	}
	memcpy(bytes + length, sum, sizeof(sum));
	length += sizeof(sum);
	free(handover.bytes);
	handover.bytes = malloc(length);
	assert_non_null(handover.bytes);
	memcpy(handover.bytes, bytes, length);
	handover.length = length;
	handover.format = 2;
	return import_again(length);
}

/* Whatever an old version may say with a check that is right. */
static void forged_state(void **state)
{
	const struct state_header header = {
		.magic = 0x53544c56, .policy = 1, .count = 2,
		.version = 3, .batch = 4, .changes = 4, .known = 1,
	};
	const struct state_entry entries[] = {
		{ 1, 7, 1, "aAAAAAAA" }, { 1, 7, 2, "bBBBBBBB" },
	};
	struct state_header h = header;
	struct state_entry e[2];

	(void)state;
	begin("vault2", "vault2");
	assert_int_equal(import_forged(&header, entries, 2), 0);
	h.magic++;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h = header;
	h.policy = 0;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h.policy = 4;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h = header;
	h.known = 2;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h = header;
	h.changes = 5;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h = header;
	h.count = 1;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	h.count = UINT64_MAX;
	assert_int_equal(import_forged(&h, entries, 2), -EBADMSG);
	/* One key twice. */
	memcpy(e, entries, sizeof(e));
	e[1].bytes[0] = 'a';
	assert_int_equal(import_forged(&header, e, 2), -EBADMSG);
	/* Larger than any request could have made it. */
	memcpy(e, entries, sizeof(e));
	e[1].key_length = UINT32_MAX;
	assert_int_equal(import_forged(&header, e, 2), -EBADMSG);
	e[1].key_length = 65536;
	e[1].length = 1;
	assert_int_equal(import_forged(&header, e, 2), -EBADMSG);
	assert_int_equal(import_forged(&header, entries, 2), 0);
	end();
}

/* ---- exports that a release sealed, and the other one opens ---- */

static int import_chunk(struct emu *emu, const unsigned char *chunk,
			uint32_t length)
{
	static unsigned char request[REWIRE_MAX_PAYLOAD];
	const uint32_t verb = 6;

	memcpy(request, &verb, 4);
	memcpy(request + 4, "import", 6);
	memcpy(request + 10, &length, 4);
	memcpy(request + 14, chunk, length);
	assert_int_equal(emu_send_bytes(emu, request, 14 + length), 0);
	return finish(emu);
}

/* One chunk, policy software, from one to the other, where the SVN is @svn. */
static int pass_export(uint64_t svn)
{
	static unsigned char chunk[REWIRE_MAX_PAYLOAD];
	uint64_t before = emu_self.svn;
	size_t length;
	int status;

	assert_int_equal(call(&old, "policy", "software"), 0);
	assert_int_equal(call(&old, "export"), 0);
	assert_answer(&old, "1\n");
	assert_int_equal(call(&old, "export", "0"), 0);
	length = old.length;
	memcpy(chunk, old.answer, length);
	emu_self.svn = svn;
	emu_self.measurement[0] ^= 1;
	new.trial = 0;
	status = import_chunk(&new, chunk, length);
	emu_self.measurement[0] ^= 1;
	emu_self.svn = before;
	return status;
}

static void exports_of_release_1_open_in_2(void **state)
{
	(void)state;
	begin("vault", "vault2");
	fill(&old, 100);
	assert_int_equal(pass_export(emu_self.svn + 1), 0);
	assert_answer(&new, "1 of 1, legacy\n");
	assert_same("digest");
	assert_int_equal(call(&new, "stat", "key-1"), 0);
	assert_answer(&new, "1 bytes, revision 0\n");
	/* It can be sealed anew, in the format that it has. */
	assert_int_equal(call(&new, "export", "0"), 0);
	assert_int_equal(pass_export(emu_self.svn - 1), -EKEYREJECTED);
	end();
}

static void exports_of_release_2(void **state)
{
	(void)state;
	begin("vault2", "vault2");
	assert_int_equal(call(&old, "put", "a", "b"), 0);
	assert_int_equal(call(&old, "put", "a", "c"), 0);
	assert_int_equal(pass_export(emu_self.svn), 0);
	assert_answer(&new, "1 of 1\n");
	assert_int_equal(call(&new, "stat", "a"), 0);
	assert_answer(&new, "1 bytes, revision 2\n");
	end();

	begin("vault2", "vault");
	assert_int_equal(call(&old, "put", "a", "b"), 0);
	assert_int_equal(pass_export(emu_self.svn), -EBADMSG);
	assert_int_equal(call(&new, "count"), 0);
	assert_answer(&new, "0\n");
	end();
}

/* The vault is no better off when the old version was not a vault. */
static void vault_refuses_what_is_no_vault(void **state)
{
	static const char *const wrong[] = {
		"export-garbage", "export-given", "export-endless", "well",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		begin("unruly", "vault2");
		assert_int_equal(call(&old, "give", "VLTS and then nothing"), 0);
		assert_int_equal(call(&old, "behave", wrong[i]), 0);
		handover.most = 1 << 20;
		ask(&old, REWIRE_RECV_EXPORT);
		handover.given_up = 0;
		assert_int_equal(import_again(handover.length), -EBADMSG);
		end();
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vault_to_release_2),
		cmocka_unit_test(vault_within_release_2),
		cmocka_unit_test(vault_reads_no_newer_format),
		cmocka_unit_test(vault_with_nothing_in_it),
		cmocka_unit_test(vault_with_many_keys),
		cmocka_unit_test(vault_that_is_full),
		cmocka_unit_test(vault_version_goes_along),
		cmocka_unit_test(vault_looks_at_its_health),
		cmocka_unit_test(format_1_damaged),
		cmocka_unit_test(format_2_damaged),
		cmocka_unit_test(forged_state),
		cmocka_unit_test(exports_of_release_1_open_in_2),
		cmocka_unit_test(exports_of_release_2),
		cmocka_unit_test(vault_refuses_what_is_no_vault),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: check_vault FOLDER-OF-ENCLAVES\n");
		return 2;
	}
	enclaves = argv[1];
	return cmocka_run_group_tests_name("sdk vault update", tests, NULL, NULL);
}
