// SPDX-License-Identifier: MIT
/*
 * Root keys in a host's folder: made once, and never replaced.
 */
#include <errno.h>
#include <sys/stat.h>

#include "test.h"

#include "../../userspace/lib/root.h"
#include "scratch.h"

static struct rewire_error err;
static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = scratch_make();
	return !folder;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static void path_names_the_generation(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(rewire_root_path("host", 1, path, sizeof(path), &err), 0);
	assert_string_equal(path, "host/root.bin");
	assert_int_equal(rewire_root_path("host", 2, path, sizeof(path), &err), 0);
	assert_string_equal(path, "host/root.2.bin");
	assert_int_equal(rewire_root_path("host", 32, path, sizeof(path), &err), 0);
	assert_string_equal(path, "host/root.32.bin");
	assert_int_equal(rewire_root_path("host", 2, path, 15, &err),
			 -ENAMETOOLONG);
	assert_int_equal(rewire_root_path("host", 2, path, 16, &err), 0);
}

static void key_is_made_for_its_owner_alone(void **state)
{
	__u8 secret[ROOT_SECRET_SIZE], *bytes;
	char path[4096];
	struct stat st;
	size_t length;

	(void)state;
	umask(0);
	assert_int_equal(root_take(folder, 2, secret, &err), 0);
	assert_int_equal(rewire_root_path(folder, 2, path, sizeof(path),
					  &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(rewire_file_read(path, 64, &bytes, &length, &err), 0);
	assert_int_equal(length, ROOT_SECRET_SIZE);
	assert_memory_equal(bytes, secret, ROOT_SECRET_SIZE);
	rewire_wipe_free(bytes, length);
}

static void key_that_is_there_is_taken(void **state)
{
	__u8 first[ROOT_SECRET_SIZE], again[ROOT_SECRET_SIZE];
	__u8 other[ROOT_SECRET_SIZE];

	(void)state;
	assert_int_equal(root_take(folder, 3, first, &err), 0);
	assert_int_equal(root_take(folder, 3, again, &err), 0);
	assert_memory_equal(first, again, sizeof(first));
	assert_int_equal(root_take(folder, 4, other, &err), 0);
	assert_memory_not_equal(first, other, sizeof(first));
}

static void key_that_is_none_is_left_alone(void **state)
{
	static const __u8 zero[ROOT_SECRET_SIZE];
	__u8 secret[ROOT_SECRET_SIZE], *bytes;
	char path[4096];
	size_t length;

	(void)state;
	assert_int_equal(rewire_root_path(folder, 5, path, sizeof(path),
					  &err), 0);
	assert_int_equal(rewire_file_write(path, "short", 5, 0600, &err), 0);
	memset(secret, 1, sizeof(secret));
	assert_int_equal(root_take(folder, 5, secret, &err), -EINVAL);
	assert_memory_equal(secret, zero, sizeof(secret));
	assert_non_null(strstr(err.text, "no root key"));
	assert_int_equal(rewire_file_read(path, 64, &bytes, &length, &err), 0);
	assert_int_equal(length, 5);
	rewire_wipe_free(bytes, length);
}

static void key_without_a_folder_is_refused(void **state)
{
	__u8 secret[ROOT_SECRET_SIZE];

	(void)state;
	assert_int_equal(root_take("/nonexistent/folder", 2, secret, &err),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_names_the_generation),
		cmocka_unit_test(key_is_made_for_its_owner_alone),
		cmocka_unit_test(key_that_is_there_is_taken),
		cmocka_unit_test(key_that_is_none_is_left_alone),
		cmocka_unit_test(key_without_a_folder_is_refused),
	};

	return cmocka_run_group_tests_name("root", tests, set_up, tear_down);
}
