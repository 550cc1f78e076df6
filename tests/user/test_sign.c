// SPDX-License-Identifier: MIT
/*
 * rewire sign: what its options become in the manifest.
 */
#include <errno.h>
#include <sys/wait.h>

#include <openssl/sha.h>
#include <uapi/rewire_update.h>

#include "test.h"

#include "elf_fixture.h"
#include "scratch.h"

#define SOFTWARE "00112233-4455-6677-8899-aabbccddeeff"

static char *folder;
static struct elf_fixture image;

static int make(void **state)
{
	struct rewire_error err;
	FILE *file;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	elf_fixture_make(&image);
	file = fopen(scratch_path(folder, "image"), "w");
	return !file || fwrite(&image, sizeof(image), 1, file) != 1 ||
	       fclose(file);
}

static int clean(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

/* Its exit status, and the manifest if that is 0. */
static int sign(const char *options, struct rewire_manifest *ret_manifest)
{
	const char *output = scratch_path(folder, "manifest");
	const char *program = getenv("REWIRE");
	static struct rewire_signed object;
	struct rewire_error err;
	char line[1024];
	int status;

	assert_non_null(program);
	snprintf(line, sizeof(line),
		 "%s sign %s/image -o %s --key %s/pki/developer.key --cert "
		 "%s/pki/developer.crt --software " SOFTWARE
		 " %s >%s/output 2>&1", program, folder, output, folder, folder,
		 options, folder);
	remove(output);
	status = system(line);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status)) {
		assert_null(fopen(output, "r"));
		return WEXITSTATUS(status);
	}
	assert_int_equal(rewire_signed_read(output, REWIRE_TYPE_MANIFEST, &object,
					    &err), 0);
	assert_int_equal(rewire_signed_verify(&object,
				scratch_path(folder, "pki/developer.crt"),
				&err), 0);
	*ret_manifest = object.body.manifest;
	return 0;
}

/* What it says to people. */
static void assert_said(const char *text)
{
	char output[4096];
	FILE *file = fopen(scratch_path(folder, "output"), "r");
	size_t length;

	assert_non_null(file);
	length = fread(output, 1, sizeof(output) - 1, file);
	fclose(file);
	output[length] = 0;
	if (!strstr(output, text))
		fail_msg("'%s' is not in: %s", text, output);
}

static void what_is_measured(void **state)
{
	struct rewire_manifest manifest;
	__u8 digest[REWIRE_DIGEST_SIZE], id[REWIRE_ID_SIZE];

	(void)state;
	assert_int_equal(sign("--release 3 --svn 2", &manifest), 0);
	assert_int_equal(rewire_id_parse(SOFTWARE, id), 0);
	assert_memory_equal(manifest.software, id, sizeof(id));
	SHA256((const __u8 *)&image, sizeof(image), digest);
	assert_memory_equal(manifest.image_digest, digest, sizeof(digest));
	assert_int_equal(manifest.release, 3);
	assert_int_equal(manifest.svn, 2);
	assert_int_equal(manifest.max_memory, 13 * FIX_PAGE);
	assert_int_equal(manifest.max_threads, 1);
	assert_int_equal(manifest.min_atl, 0);
	assert_int_equal(manifest.predecessors, 0);
	assert_int_equal(manifest.attributes, REWIRE_ATTR_STATE_NONE);
}

static void where_the_state_comes_from(void **state)
{
	static const struct {
		const char *name;
		__u32 attributes;
	} cases[] = {
		{ "none", REWIRE_ATTR_STATE_NONE },
		{ "handover", REWIRE_ATTR_STATE_HANDOVER },
		{ "sealed", REWIRE_ATTR_STATE_SEALED },
	};
	struct rewire_manifest manifest;
	char options[100], said[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(options, sizeof(options),
			 "--release 2 --svn 1 --state %s", cases[i].name);
		assert_int_equal(sign(options, &manifest), 0);
		assert_int_equal(manifest.attributes, cases[i].attributes);
		snprintf(said, sizeof(said), "state        %s\n", cases[i].name);
		assert_said(said);
		strcat(options, " --json");
		assert_int_equal(sign(options, &manifest), 0);
		snprintf(said, sizeof(said), "\"state\":\"%s\"", cases[i].name);
		assert_said(said);
	}
	assert_int_equal(sign("--release 2 --svn 1 --state Handover", &manifest),
			 2);
	assert_said("none, handover or sealed");
	assert_int_equal(sign("--release 2 --svn 1 --state ''", &manifest), 2);
}

static void what_else_may_be_said(void **state)
{
	struct rewire_manifest manifest;
	char options[512] = "--release 18446744073709551615 --svn 7 "
			    "--max-memory 1M --min-atl 2 --threads 8";

	(void)state;
	assert_int_equal(sign(options, &manifest), 0);
	assert_true(manifest.release == UINT64_MAX);
	assert_int_equal(manifest.max_memory, 1 << 20);
	assert_int_equal(manifest.min_atl, 2);
	assert_int_equal(manifest.max_threads, REWIRE_MAX_THREADS);
	for (int i = 0; i < REWIRE_MAX_PREDECESSORS; i++)
		sprintf(options + strlen(options), " --predecessor %064x", i + 1);
	assert_int_equal(sign(options, &manifest), 0);
	assert_int_equal(manifest.predecessors, REWIRE_MAX_PREDECESSORS);
	assert_int_equal(manifest.predecessor[2][REWIRE_DIGEST_SIZE - 1], 3);
	sprintf(options + strlen(options), " --predecessor %064x", 9);
	assert_int_equal(sign(options, &manifest), 2);
	assert_int_equal(sign("--release x --svn 1", &manifest), 2);
	assert_int_equal(sign("--release 1 --svn -1", &manifest), 2);
	assert_int_equal(sign("--release 1", &manifest), 2);
	assert_int_equal(sign("--release 1 --svn 1 --threads 0", &manifest), 2);
	assert_int_equal(sign("--release 1 --svn 1 --threads 9", &manifest), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_measured),
		cmocka_unit_test(where_the_state_comes_from),
		cmocka_unit_test(what_else_may_be_said),
	};

	return cmocka_run_group_tests_name("sign", tests, make, clean);
}
