// SPDX-License-Identifier: MIT
/*
 * Packages taken apart: good ones, cut ones, changed ones; who signed them, and
 * whom they are for.
 */
#include <errno.h>

#include <openssl/sha.h>

#include "update_fixture.h"

#include "scratch.h"

static struct package_file file;

static int parse(const __u8 *data, size_t length, const __u8 *wrap,
		 size_t wrap_length, struct rewire_update_order **order)
{
	__u8 *copy = malloc(length ? length : 1);
	struct rewire_error err = { 0 };
	int rc;

	memcpy(copy, data, length);
	rc = rewire_update_order_parse(copy, length, wrap, wrap_length, order,
				       &err);
	free(copy);
	assert_int_equal(rc, -err.code);
	return rc;
}

static void whole_package(void **state)
{
	struct rewire_update_order *order;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order), 0);
	assert_memory_equal(&order->words.package, &file.package,
			    sizeof(file.package));
	assert_memory_equal(&order->words.manifest.body.manifest, &file.manifest,
			    sizeof(file.manifest));
	assert_true(order->words.signature.length > 100);
	assert_true(order->words.manifest.signature_length > 100);
	assert_int_equal(order->words.roots, 0);
	assert_int_equal(order->wrap.length, 0);
	free(order);
}

static void root_signatures(void **state)
{
	struct rewire_update_order *order;

	(void)state;
	fixture_defaults(&file);
	file.package.header.flags = REWIRE_PACKAGE_ROOT;
	fixture_sign(&file, REWIRE_MAX_ROOT_SIGNATURES);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order), 0);
	assert_int_equal(order->words.roots, REWIRE_MAX_ROOT_SIGNATURES);
	free(order);
	fixture_sign(&file, REWIRE_MAX_ROOT_SIGNATURES + 1);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order),
			 -EBADMSG);
	/* Nobody asked for them. */
	file.package.header.flags = 0;
	fixture_sign(&file, 1);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order),
			 -EBADMSG);
}

static void wraps(void **state)
{
	struct rewire_update_order *order;
	__u8 wrap[REWIRE_MAX_WRAP];
	size_t length;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	length = fixture_wrap(&file, wrap);
	assert_int_equal(parse(file.data, file.length, wrap, length, &order),
			 -EINVAL);
	file.package.header.flags = REWIRE_PACKAGE_SEALED;
	fixture_sign(&file, 0);
	length = fixture_wrap(&file, wrap);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order),
			 -EINVAL);
	assert_int_equal(parse(file.data, file.length, wrap, length, &order),
			 0);
	assert_int_equal(order->wrap.body.wrap.generation, 1);
	assert_int_equal(order->wrap.signature_length,
			 length - sizeof(struct rewire_wrap));
	free(order);
	for (size_t cut = 0; cut <= sizeof(struct rewire_wrap); cut++)
		assert_int_equal(parse(file.data, file.length, wrap, cut,
				       &order), -EBADMSG);
	wrap[4] ^= 1;
	assert_int_equal(parse(file.data, file.length, wrap, length, &order),
			 -EBADMSG);
}

static void cut_anywhere(void **state)
{
	struct rewire_update_order *order;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	for (size_t length = 0; length < file.length; length++)
		assert_int_equal(parse(file.data, length, NULL, 0, &order),
				 -EBADMSG);
	assert_int_equal(parse(file.data, file.length + 1, NULL, 0, &order),
			 -EBADMSG);
}

/* Never outside of its bytes, whatever they are. What is taken has the form. */
static void changed_anywhere(void **state)
{
	struct rewire_update_order *order;
	size_t manifest;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	for (size_t at = 0; at < file.length; at++) {
		file.data[at] ^= 0x80;
		if (!parse(file.data, file.length, NULL, 0, &order))
			free(order);
		file.data[at] ^= 0x80;
	}
	/* A manifest that the SDS did not name: not one bit. */
	manifest = file.length;
	for (size_t at = sizeof(file.package); at < file.length; at++)
		if (!memcmp(file.data + at, &file.manifest,
			    sizeof(file.manifest)))
			manifest = at;
	assert_true(manifest < file.length);
	for (size_t at = 0; at < sizeof(file.manifest); at++) {
		file.data[manifest + at] ^= 1;
		assert_int_equal(parse(file.data, file.length, NULL, 0, &order),
				 -EBADMSG);
		file.data[manifest + at] ^= 1;
	}
}

static void names_of_signers(void **state)
{
	struct rewire_update_signers signers;
	struct rewire_update_order *order;
	struct rewire_error err;
	const char *host;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	assert_int_equal(parse(file.data, file.length, NULL, 0, &order), 0);
	host = scratch_path(fixture_folder, "pki/hosts/alpha");
	assert_int_equal(rewire_update_order_signers(order, host, &signers,
						     &err), 0);
	assert_true(signers.sds[0] && signers.developer[0]);
	assert_string_not_equal(signers.sds, signers.developer);
	assert_true(signers.developer_id[0] || signers.developer_id[1]);
	/* Anything else than what was signed is nobody's. */
	order->words.package.trial_ms++;
	order->words.manifest.body.manifest.svn++;
	assert_int_equal(rewire_update_order_signers(order, host, &signers,
						     &err), 0);
	assert_string_equal(signers.sds, "");
	assert_string_equal(signers.developer, "");
	assert_int_equal(rewire_update_order_signers(order, fixture_folder,
						     &signers, &err), -ENOENT);
	free(order);
}

static void ids(void **state)
{
	__u8 workload[REWIRE_ID_SIZE], id[REWIRE_ID_SIZE];
	__u8 named[REWIRE_NONCE_SIZE + REWIRE_ID_SIZE];
	__u8 digest[REWIRE_DIGEST_SIZE];

	(void)state;
	fixture_defaults(&file);
	memset(workload, 7, sizeof(workload));
	memcpy(named, file.package.nonce, REWIRE_NONCE_SIZE);
	memcpy(named + REWIRE_NONCE_SIZE, workload, REWIRE_ID_SIZE);
	SHA256(named, sizeof(named), digest);
	assert_int_equal(rewire_update_id(&file.package, workload, id, NULL),
			 0);
	assert_memory_equal(id, digest, REWIRE_ID_SIZE);
}

static void whom_it_concerns(void **state)
{
	struct rewire_enclave_info info = { .state = REWIRE_ENCLAVE_RUNNING };
	struct rewire_package *package = &file.package;

	(void)state;
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	memcpy(info.software, package->software, REWIRE_ID_SIZE);
	/* no workload yet */
	assert_false(rewire_update_concerns(package, &info));
	info.workload[3] = 1;
	assert_true(rewire_update_concerns(package, &info));
	for (__u32 s = 0; s < REWIRE_ENCLAVE_STATES; s++) {
		bool lives = s == REWIRE_ENCLAVE_READY ||
			     s == REWIRE_ENCLAVE_RUNNING ||
			     s == REWIRE_ENCLAVE_PAUSING ||
			     s == REWIRE_ENCLAVE_PAUSED ||
			     s == REWIRE_ENCLAVE_FROZEN;

		info.state = s;
		assert_int_equal(rewire_update_concerns(package, &info), lives);
	}
	info.state = REWIRE_ENCLAVE_RUNNING;
	package->workload[3] = 1;
	assert_true(rewire_update_concerns(package, &info));
	package->workload[3] = 2;
	assert_false(rewire_update_concerns(package, &info));
	package->workload[3] = 1;
	info.software[0] ^= 1;
	assert_false(rewire_update_concerns(package, &info));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(rewire_update_state_name(REWIRE_UPDATE_SWITCHED),
			    "switched");
	assert_string_equal(rewire_update_state_name(REWIRE_UPDATE_STATES),
			    "unknown");
	for (int i = 0; i < REWIRE_UPDATE_PHASES; i++)
		assert_non_null(rewire_update_phase_name(
					(enum rewire_update_phase)i));
}

static void checkpoint_paths(void **state)
{
	static const __u8 workload[REWIRE_ID_SIZE] = { 1 };
	static const __u8 id[REWIRE_ID_SIZE] = { 2 };
	char path[128];

	(void)state;
	assert_int_equal(rewire_update_checkpoint_path("/x", workload, id,
						       REWIRE_VERSION_OLD, path,
						       sizeof(path), NULL), 0);
	assert_string_equal(path, "/x/01000000-0000-0000-0000-000000000000.02000000-0000-0000-0000-000000000000.old");
	assert_int_equal(rewire_update_checkpoint_path("/x", workload, id,
						       REWIRE_VERSION_NEW, path,
						       80, NULL),
			 -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_package),
		cmocka_unit_test(root_signatures),
		cmocka_unit_test(wraps),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(changed_anywhere),
		cmocka_unit_test(names_of_signers),
		cmocka_unit_test(ids),
		cmocka_unit_test(whom_it_concerns),
		cmocka_unit_test(names),
		cmocka_unit_test(checkpoint_paths),
	};

	return cmocka_run_group_tests_name("update_order", tests,
					   fixture_set_up, fixture_tear_down);
}
