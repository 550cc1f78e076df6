// SPDX-License-Identifier: MIT
/*
 * Journals, to librewire and to the module: both have to find the same. The
 * first byte says whether chain and MACs are mended first, so that records are
 * reached as whoever has the key could have written them.
 */
#include <openssl/sha.h>

#include "../kernel/kernel.h"
#include "fuzz.h"
#include "journal_fixture.h"

#define MEND 1

static const struct rewire_journal_roots keys = {
	.key = { NULL, journal_fixture_root[1], journal_fixture_root[2] },
};

/* As if all keys were at hand: what lacks one is not the same to both. */
static void known_generations(__u8 *file, size_t size)
{
	const __u32 magic = REWIRE_JOURNAL_MAGIC;
	struct rewire_journal_record record;

	for (size_t at = 0; at + sizeof(record) <= size; at += 8) {
		memcpy(&record, file + at, sizeof(record));
		if (record.magic != magic || record.generation < 3 ||
		    record.generation > REWIRE_MAX_GENERATIONS)
			continue;
		record.generation = 2;
		memcpy(file + at, &record, sizeof(record));
	}
}

static void mend(__u8 *file, size_t size)
{
	__u8 head[REWIRE_DIGEST_SIZE], id[REWIRE_ID_SIZE];
	struct rewire_journal_entry e;
	size_t at = 0, start, body;
	bool first = true;

	while (start = at, rewire_journal_next(file, size, &at, &e, NULL) == 1) {
		body = at - start - REWIRE_MAC_SIZE;
		if (first)
			memcpy(id, e.payload + REWIRE_ID_SIZE, sizeof(id));
		else
			memcpy(file + start + offsetof(struct rewire_journal_record,
						       previous),
			       head, sizeof(head));
		first = false;
		if (e.record.generation == 1 || e.record.generation == 2)
			journal_mac(e.record.generation, id, file + start, body,
				    file + start + body);
		SHA256(file + start, at - start, head);
	}
}

static void compare(const __u8 *file, size_t size)
{
	struct rewire_journal_summary s = { 0 };
	struct rewire_error err = { 0 };
	struct kernel_journal found;
	char why[KERNEL_WHY] = "";
	__u8 sm[REWIRE_ID_SIZE] = { 0 };
	int rc, kernel;

	if (size >= sizeof(struct rewire_journal_record) + sizeof(sm))
		memcpy(sm, file + sizeof(struct rewire_journal_record),
		       sizeof(sm));
	rc = rewire_journal_verify(file, size, &keys, &s, &err);
	kernel = kernel_journal_scan(file, size, sm, &found, why);
	if (rc)
		refused(rc, &err);
	promise(!kernel || why[0]);
	/* A key that follows and is not at hand is the module's concern alone. */
	if (!rc && kernel == -ENOKEY)
		return;
	if (!rc != !kernel)
		fprintf(stderr, "librewire: %d, %s\nmodule: %d, %s\n", rc,
			err.text, kernel, why);
	promise(!rc == !kernel);
	if (rc)
		return;
	promise(s.blank == found.blank && s.unfinished == found.unfinished);
	if (s.blank || s.unfinished)
		return;
	promise(s.base == found.base && s.sequence == found.sequence);
	promise(s.generation == found.generation);
	promise(s.torn == size - found.end);
	promise(!memcmp(s.head, found.head, sizeof(s.head)));
}

/* A verified file has each of its heads, by number. */
static void contains(const __u8 *file, size_t size)
{
	struct rewire_journal_summary s;
	struct rewire_head head = { 0 };

	if (rewire_journal_verify(file, size, NULL, &s, NULL) || s.blank)
		return;
	memcpy(head.sm, s.sm, sizeof(head.sm));
	memcpy(head.journal, s.journal, sizeof(head.journal));
	memcpy(head.head, s.head, sizeof(head.head));
	head.sequence = s.sequence;
	promise(rewire_journal_contains(file, size, &head, NULL) == 1);
	head.head[0] ^= 1;
	promise(rewire_journal_contains(file, size, &head, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u8 *file;

	if (!size--)
		return 0;
	/* Exactly as long as it is, for the sanitizer to see what is read. */
	file = malloc(size ? size : 1);
	promise(file);
	memcpy(file, data + 1, size);
	known_generations(file, size);
	if (data[0] & MEND)
		mend(file, size);
	compare(file, size);
	contains(file, size);
	free(file);
	return 0;
}
