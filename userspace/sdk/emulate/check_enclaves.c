// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example enclaves do what they say.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdlib.h>

static struct emu emu;

static void hex(const unsigned char *digest, char *text)
{
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	strcat(text, "\n");
}

/* put, get ... with arguments that are bytes; those that are NULL end the list. */
struct piece {
	const void *data;
	uint32_t length;
};

static int call_bytes(const struct piece *piece, size_t count)
{
	static unsigned char request[REWIRE_MAX_PAYLOAD];
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		memcpy(request + length, &piece[i].length, 4);
		memcpy(request + length + 4, piece[i].data, piece[i].length);
		length += 4 + piece[i].length;
	}
	assert_int_equal(emu_send_bytes(&emu, request, length), 0);
	return finish(&emu);
}

static void vault_keeps_bytes(void **state)
{
	static unsigned char value[60000];
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char expected[80];

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = i * 7 + i / 256;
	start(&emu, "vault");
	assert_int_equal(call_bytes((struct piece[]){ { "put", 3 }, { "a\0b", 3 },
				    { value, sizeof(value) } }, 3), 0);
	assert_int_equal(call_bytes((struct piece[]){ { "put", 3 }, { "", 0 },
				    { "", 0 } }, 3), 0);
	assert_int_equal(call_bytes((struct piece[]){ { "get", 3 },
				    { "a\0b", 3 } }, 2), 0);
	assert_int_equal(emu.length, sizeof(value));
	assert_memory_equal(emu.answer, value, sizeof(value));
	assert_int_equal(call(&emu, "get", "a"), -ENOENT);
	assert_int_equal(call(&emu, "get", ""), 0);
	assert_int_equal(emu.length, 0);
	assert_int_equal(call(&emu, "list"), 0);
	assert_answer(&emu, "\na\\x00b\n");
	assert_int_equal(call_bytes((struct piece[]){ { "digest", 6 },
				    { "a\0b", 3 } }, 2), 0);
	SHA256(value, sizeof(value), digest);
	hex(digest, expected);
	assert_answer(&emu, expected);
	assert_int_equal(call(&emu, "del", ""), 0);
	assert_int_equal(call(&emu, "del", ""), -ENOENT);
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "1\n");
	emu_free(&emu);
}

#define KEYS	10000

static void fill(int keys)
{
	for (int i = 0; i < keys; i++) {
		char key[32], value[256];

		snprintf(key, sizeof(key), "key-%d", i);
		memset(value, 'a' + i % 26, sizeof(value) - 1);
		value[i % 255] = 0;
		assert_int_equal(call(&emu, "put", key, value), 0);
	}
}

static void vault_holds_many_keys(void **state)
{
	char last[64] = "", *line, *end;
	size_t listed = 0;

	(void)state;
	start(&emu, "vault");
	fill(KEYS);
	fill(KEYS / 2);		/* overwrites */
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "10000\n");
	do {
		size_t before = listed;

		assert_int_equal(*last ? call(&emu, "list", last) :
					 call(&emu, "list"), 0);
		for (line = (char *)emu.answer; (end = strchr(line, '\n'));
		     line = end + 1) {
			*end = 0;
			assert_true(strcmp(last, line) < 0);
			assert_true(end - line < (ptrdiff_t)sizeof(last));
			strcpy(last, line);
			listed++;
		}
		if (before == listed)
			break;
	} while (1);
	assert_int_equal(listed, KEYS);
	assert_int_equal(call(&emu, "clear"), 0);
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "0\n");
	emu_free(&emu);
}

static unsigned char *take_chunk(int index, size_t *ret_length)
{
	unsigned char *chunk;
	char number[16];

	snprintf(number, sizeof(number), "%d", index);
	assert_int_equal(call(&emu, "export", number), 0);
	chunk = malloc(emu.length);
	assert_non_null(chunk);
	memcpy(chunk, emu.answer, emu.length);
	*ret_length = emu.length;
	return chunk;
}

static int import(const unsigned char *chunk, size_t length)
{
	return call_bytes((struct piece[]){ { "import", 6 }, { chunk, length } }, 2);
}

static void vault_exports_and_imports(void **state)
{
	unsigned char *chunk[64];
	size_t length[64];
	char digest[80];
	int chunks;

	(void)state;
	start(&emu, "vault");
	fill(2000);
	assert_int_equal(call(&emu, "digest"), 0);
	memcpy(digest, emu.answer, sizeof(digest));
	assert_int_equal(call(&emu, "export", "0"), -ENOENT);
	assert_int_equal(call(&emu, "export"), 0);
	chunks = atoi((char *)emu.answer);
	assert_in_range(chunks, 3, 64);
	for (int i = 0; i < chunks; i++)
		chunk[i] = take_chunk(i, &length[i]);
	emu_free(&emu);

	start(&emu, "vault");
	assert_int_equal(call(&emu, "put", "older", "value"), 0);
	assert_int_equal(import(chunk[0], length[0]), 0);
	assert_int_equal(import(chunk[2], length[2]), -ESTALE);
	chunk[1][length[1] / 2] ^= 1;
	assert_int_equal(import(chunk[1], length[1]), -EKEYREJECTED);
	chunk[1][length[1] / 2] ^= 1;
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "1\n");
	for (int i = 1; i < chunks; i++)
		assert_int_equal(import(chunk[i], length[i]), 0);
	assert_int_equal(call(&emu, "digest"), 0);
	assert_answer(&emu, digest);
	assert_int_equal(call(&emu, "get", "older"), -ENOENT);
	emu_free(&emu);
	for (int i = 0; i < chunks; i++)
		free(chunk[i]);
}

/* A copy of an export: up to 64 chunks. */
struct kept {
	unsigned char *chunk[64];
	size_t length[64];
	int chunks;
};

static struct kept keep_export(void)
{
	struct kept kept;

	assert_int_equal(call(&emu, "export"), 0);
	kept.chunks = atoi((char *)emu.answer);
	assert_in_range(kept.chunks, 1, 64);
	for (int i = 0; i < kept.chunks; i++)
		kept.chunk[i] = take_chunk(i, &kept.length[i]);
	return kept;
}

static void free_export(struct kept *kept)
{
	for (int i = 0; i < kept->chunks; i++)
		free(kept->chunk[i]);
}

/* The status of the chunk that was refused, or of the last one. */
static int import_all(const struct kept *kept)
{
	int status = 0;

	for (int i = 0; i < kept->chunks && !status; i++)
		status = import(kept->chunk[i], kept->length[i]);
	return status;
}

/* Each export is refused once there is a newer one, in a new process too. */
static void vault_refuses_old_exports(void **state)
{
	struct kept old, fresh;

	(void)state;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "put", "a", "old"), 0);
	old = keep_export();
	assert_int_equal(call(&emu, "put", "a", "new"), 0);
	assert_int_equal(import_all(&old), 0);
	assert_int_equal(call(&emu, "get", "a"), 0);
	assert_answer(&emu, "old");
	assert_int_equal(call(&emu, "put", "a", "new"), 0);
	fresh = keep_export();
	assert_int_equal(import_all(&old), -ESTALE);
	assert_int_equal(call(&emu, "get", "a"), 0);
	assert_answer(&emu, "new");
	emu_free(&emu);

	start(&emu, "vault");
	assert_int_equal(import_all(&old), -ESTALE);
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "0\n");
	assert_int_equal(import_all(&fresh), 0);
	assert_int_equal(call(&emu, "get", "a"), 0);
	assert_answer(&emu, "new");
	emu_free(&emu);
	free_export(&old);
	free_export(&fresh);
}

/* Begun while it was the last, and not any more when it ends. */
static void vault_refuses_what_became_old(void **state)
{
	struct kept old;

	(void)state;
	start(&emu, "vault");
	fill(1000);
	old = keep_export();
	assert_in_range(old.chunks, 2, 64);
	assert_int_equal(call(&emu, "clear"), 0);
	for (int i = 0; i < old.chunks - 1; i++)
		assert_int_equal(import(old.chunk[i], old.length[i]), 0);
	assert_int_equal(call(&emu, "export"), 0);
	assert_int_equal(import(old.chunk[old.chunks - 1],
				old.length[old.chunks - 1]), -ESTALE);
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "0\n");
	emu_free(&emu);
	free_export(&old);
}

static void vault_refuses_other_workloads(void **state)
{
	struct kept kept;

	(void)state;
	start(&emu, "vault");
	kept = keep_export();
	emu_self.workload[0] ^= 1;
	assert_int_equal(import_all(&kept), -EPERM);
	emu_self.workload[0] ^= 1;
	assert_int_equal(import_all(&kept), 0);
	emu_free(&emu);
	free_export(&kept);
}

/* Under protection an export is as old as the changes that came after it. */
static void vault_protects_changes(void **state)
{
	struct kept kept;
	uint64_t before;

	(void)state;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "protect", "4"), 0);
	before = emu_self.counter[0];
	for (int i = 0; i < 12; i++)
		assert_int_equal(call(&emu, "add", "n"), 0);
	assert_int_equal(emu_self.counter[0], before + 3);
	kept = keep_export();
	assert_int_equal(emu_self.counter[0], before + 4);
	assert_int_equal(import_all(&kept), 0);
	assert_int_equal(call(&emu, "put", "n", "12345678"), 0);
	assert_int_equal(import_all(&kept), -ESTALE);
	assert_int_equal(call(&emu, "del", "n"), 0);
	assert_int_equal(call(&emu, "clear"), 0);
	assert_int_equal(call(&emu, "put", "n", ""), 0);
	assert_int_equal(emu_self.counter[0], before + 5);
	assert_int_equal(call(&emu, "protect", "0"), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(call(&emu, "put", "n", ""), 0);
	assert_int_equal(emu_self.counter[0], before + 5);
	emu_free(&emu);
	free_export(&kept);
}

/* Another instance has gone on: this one is the past, and does nothing more. */
static void vault_notices_a_fork(void **state)
{
	(void)state;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "protect", "2"), 0);
	assert_int_equal(call(&emu, "put", "a", "1"), 0);
	assert_int_equal(call(&emu, "put", "a", "2"), 0);
	emu_self.counter[0]++;
	assert_int_equal(call(&emu, "put", "a", "3"), -ESTALE);
	assert_int_equal(call(&emu, "export"), -ESTALE);
	assert_int_equal(call(&emu, "version"), -ESTALE);
	assert_int_equal(call(&emu, "get", "a"), 0);
	assert_answer(&emu, "2");
	emu_self.counter[0]--;
	assert_int_equal(call(&emu, "put", "a", "3"), 0);
	emu_free(&emu);
}

/* A counter is added to once, wherever the call is interrupted. */
static void counter_is_added_to_once(void **state)
{
	static const char *const request[] = { "export", NULL };
	uint64_t before;
	int parks = 0;

	(void)state;
	start(&emu, "vault");
	fill(50);
	before = emu_self.counter[0];
	assert_int_equal(emu_send(&emu, request), 0);
	while (emu.stop != EMU_RECV || !emu.answered) {
		park(&emu, parks++ % 16 == 0);
		emu_run(&emu, 61);
	}
	assert_true(parks > 100);
	assert_int_equal(emu_self.counter[0], before + 1);
	emu_free(&emu);
}

static int opens(const struct kept *kept)
{
	int status = import_all(kept);

	emu.answer[emu.length] = 0;
	return status ? status : !!strstr((char *)emu.answer, "legacy");
}

/* Each policy as the vault shows it; @legacy is 1, for itself 0. */
static void vault_seals_by_policy(void **state)
{
	const struct emu_self self = emu_self;
	struct kept kept;

	(void)state;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "policy", "everybody"), -EINVAL);
	kept = keep_export();
	assert_int_equal(opens(&kept), 0);
	emu_self.measurement[0] ^= 1;
	assert_int_equal(opens(&kept), -EKEYREJECTED);
	memcpy(emu_self.predecessor, self.measurement, REWIRE_DIGEST_SIZE);
	assert_int_equal(opens(&kept), 1);
	memcpy(&emu_self, &self, offsetof(struct emu_self, counter));
	free_export(&kept);

	assert_int_equal(call(&emu, "policy", "software"), 0);
	kept = keep_export();
	emu_self.measurement[0] ^= 1;
	assert_int_equal(opens(&kept), 0);
	emu_self.svn++;
	assert_int_equal(opens(&kept), 1);
	emu_self.svn -= 2;
	assert_int_equal(opens(&kept), -EKEYREJECTED);
	emu_self.svn++;
	emu_self.developer[0] ^= 1;
	assert_int_equal(opens(&kept), -EKEYREJECTED);
	memcpy(&emu_self, &self, offsetof(struct emu_self, counter));
	free_export(&kept);

	assert_int_equal(call(&emu, "policy", "workload"), 0);
	kept = keep_export();
	emu_self.measurement[0] ^= 1;
	emu_self.software[0] ^= 1;
	assert_int_equal(opens(&kept), 0);
	emu_self.workload[0] ^= 1;
	assert_int_equal(opens(&kept), -EKEYREJECTED);
	memcpy(&emu_self, &self, offsetof(struct emu_self, counter));
	free_export(&kept);
	emu_free(&emu);
}

/* What was legacy comes out sealed anew, chunk by chunk, of the same version. */
static void vault_seals_legacy_anew(void **state)
{
	struct kept old, fresh;
	char digest[80];

	(void)state;
	start(&emu, "vault");
	fill(1000);
	assert_int_equal(call(&emu, "digest"), 0);
	memcpy(digest, emu.answer, sizeof(digest));
	old = keep_export();
	emu_free(&emu);

	emu_self.generation++;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "export", "0"), -ENOENT);
	assert_int_equal(opens(&old), 1);
	fresh.chunks = old.chunks;
	for (int i = 0; i < fresh.chunks; i++)
		fresh.chunk[i] = take_chunk(i, &fresh.length[i]);
	emu_free(&emu);

	start(&emu, "vault");
	assert_int_equal(opens(&fresh), 0);
	assert_int_equal(call(&emu, "digest"), 0);
	assert_answer(&emu, digest);
	assert_int_equal(call(&emu, "export", "0"), -ENOENT);
	/* Two seals of one version: neither is newer. */
	assert_int_equal(opens(&old), 1);
	emu_free(&emu);
	emu_self.generation--;
	free_export(&old);
	free_export(&fresh);
}

static void vault_empty_export(void **state)
{
	unsigned char *chunk;
	size_t length;

	(void)state;
	start(&emu, "vault");
	assert_int_equal(call(&emu, "export"), 0);
	assert_answer(&emu, "1\n");
	chunk = take_chunk(0, &length);
	assert_int_equal(call(&emu, "put", "a", "b"), 0);
	assert_int_equal(import(chunk, length), 0);
	assert_int_equal(call(&emu, "count"), 0);
	assert_answer(&emu, "0\n");
	free(chunk);
	emu_free(&emu);
}

/* More than the heap holds: refused, and all that was there still is. */
static void vault_when_full(void **state)
{
	static char value[60000];
	char digest[80];
	int stored = 0;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	start(&emu, "vault");
	for (int status = 0; !status;) {
		char key[16];

		snprintf(key, sizeof(key), "%d", stored);
		status = call(&emu, "put", key, value);
		assert_true(status == 0 || status == -ENOMEM);
		stored += !status;
	}
	assert_in_range(stored, 200, 300);
	assert_int_equal(call(&emu, "digest"), 0);
	memcpy(digest, emu.answer, sizeof(digest));
	assert_int_equal(call(&emu, "put", "0", value), -ENOMEM);
	assert_int_equal(call(&emu, "export"), -ENOMEM);
	assert_int_equal(call(&emu, "digest"), 0);
	assert_answer(&emu, digest);
	emu_free(&emu);
}

static void vault_slow_is_right(void **state)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char expected[80];

	(void)state;
	SHA256((const unsigned char *)"seed", 4, digest);
	for (int i = 0; i < 10000; i++)
		SHA256(digest, sizeof(digest), digest);
	hex(digest, expected);
	start(&emu, "vault");
	assert_int_equal(call(&emu, "slow", "10000", "seed"), 0);
	assert_answer(&emu, expected);
	emu_free(&emu);
}

static void heap_is_sound(void **state)
{
	(void)state;
	start(&emu, "heap");
	for (int seed = 1; seed < 6; seed++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", seed);
		assert_int_equal(call(&emu, "stress", "20000", text, "1048500"), 0);
	}
	assert_int_equal(call(&emu, "refuse"), 0);
	assert_int_equal(call(&emu, "stress", "0", "1", "1048576"), -ENOMEM);
	emu_free(&emu);
}

static void heap_stops_at_a_double_free(void **state)
{
	static const char *const request[] = { "twice", NULL };

	(void)state;
	start(&emu, "heap");
	assert_int_equal(emu_send(&emu, request), 0);
	emu_run(&emu, 0);
	assert_int_equal(emu.stop, EMU_DIED);
	assert_int_equal(emu.signal, SIGILL);
	emu_free(&emu);
}

static void churn_verifies(void **state)
{
	static const unsigned char changed = 0xff;
	uint64_t heap = 0;

	(void)state;
	start(&emu, "churn-4M");
	assert_int_equal(call(&emu, "write", "1"), -ENODATA);
	assert_int_equal(call(&emu, "look", "1"), -ENODATA);
	assert_int_equal(call(&emu, "fill", "5", "1"), -ENOMEM);
	assert_int_equal(call(&emu, "fill", "4", "99"), 0);
	assert_answer(&emu, "1024 pages\n");
	assert_int_equal(call(&emu, "verify"), 0);
	assert_int_equal(call(&emu, "dirty", "1001"), -EINVAL);
	assert_int_equal(call(&emu, "dirty", "130"), 0);
	assert_int_equal(call(&emu, "run", "25"), 0);
	assert_answer(&emu, "3325 pages written\n");
	assert_int_equal(call(&emu, "write", "7"), 0);
	assert_answer(&emu, "7 pages written\n");
	assert_int_equal(call(&emu, "look", "1500"), 0);
	assert_answer(&emu, "1500 pages intact\n");
	assert_int_equal(call(&emu, "verify"), 0);
	assert_answer(&emu, "1024 pages intact\n");

	/* Its heap is the only segment of that size. */
	for (size_t i = 0; i < emu.image.count; i++)
		if (emu.image.segments[i].length == 4 << 20)
			heap = emu.image.layout.base +
			       emu.image.segments[i].offset;
	assert_int_equal(emu_write(&emu, heap + 700 * 4096 + 5, &changed, 1), 0);
	assert_int_equal(call(&emu, "verify"), -EILSEQ);
	assert_non_null(strstr((char *)emu.answer, "page 700 "));
	/* It goes on where it was: 476 by now. */
	assert_int_equal(call(&emu, "look", "224"), 0);
	assert_int_equal(call(&emu, "look", "1"), -EILSEQ);
	assert_non_null(strstr((char *)emu.answer, "page 700 "));
	emu_free(&emu);
}

static void probe_checks_itself(void **state)
{
	static const unsigned char changed = 0;
	unsigned long guard;

	(void)state;
	start(&emu, "probe");
	assert_int_equal(call(&emu, "check"), 0);
	assert_answer(&emu, "intact\n");
	assert_int_equal(call(&emu, "where"), 0);
	assert_int_equal(sscanf((char *)emu.answer, "secret %*x %*u\nguard %lx",
				&guard), 1);
	assert_int_equal(emu_write(&emu, guard + 9000, &changed, 1), 0);
	assert_int_equal(call(&emu, "check"), -EILSEQ);
	emu_free(&emu);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_is_sound),
		cmocka_unit_test(heap_stops_at_a_double_free),
		cmocka_unit_test(vault_keeps_bytes),
		cmocka_unit_test(vault_holds_many_keys),
		cmocka_unit_test(vault_exports_and_imports),
		cmocka_unit_test(vault_empty_export),
		cmocka_unit_test(vault_refuses_old_exports),
		cmocka_unit_test(vault_refuses_what_became_old),
		cmocka_unit_test(vault_refuses_other_workloads),
		cmocka_unit_test(vault_protects_changes),
		cmocka_unit_test(vault_notices_a_fork),
		cmocka_unit_test(counter_is_added_to_once),
		cmocka_unit_test(vault_seals_by_policy),
		cmocka_unit_test(vault_seals_legacy_anew),
		cmocka_unit_test(vault_when_full),
		cmocka_unit_test(vault_slow_is_right),
		cmocka_unit_test(churn_verifies),
		cmocka_unit_test(probe_checks_itself),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: check_enclaves FOLDER-OF-ENCLAVES\n");
		return 2;
	}
	enclaves = argv[1];
	return cmocka_run_group_tests_name("sdk enclaves", tests, NULL, NULL);
}
