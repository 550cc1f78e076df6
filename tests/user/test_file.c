// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "scratch.h"

static int set_up(void **state)
{
	*state = scratch_make();
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

static size_t count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void file_round_trip(void **state)
{
	const char *path = scratch_path(*state, "f");
	const size_t size = 3 * 65536 + 17;
	__u8 *data = malloc(size), *out;
	struct stat st;
	size_t length;

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (__u8)(i * 31);
	assert_int_equal(rewire_file_write(path, data, size, 0600, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(rewire_file_read(path, size, &out, &length, NULL), 0);
	assert_int_equal(length, size);
	assert_memory_equal(out, data, size);
	rewire_wipe_free(out, length);
	assert_int_equal(rewire_file_read(path, size - 1, &out, &length, NULL),
			 -EFBIG);
	free(data);
}

static void file_read_from_pipe(void **state)
{
	struct rewire_error err;
	__u8 *out, chunk[1000];
	size_t length;
	int ends[2], old = dup(STDIN_FILENO);

	(void)state;
	memset(chunk, 7, sizeof(chunk));
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < 30; i++)
		assert_int_equal(write(ends[1], chunk, sizeof(chunk)), 1000);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(rewire_file_read("-", 1 << 20, &out, &length, &err), 0);
	assert_int_equal(length, 30000);
	dup2(old, STDIN_FILENO);
	close(old);
	free(out);
}

static void file_empty_and_missing(void **state)
{
	const char *path = scratch_path(*state, "empty");
	struct rewire_error err;
	size_t length = 9;
	__u8 *out;

	assert_int_equal(rewire_file_write(path, NULL, 0, 0644, &err), 0);
	assert_int_equal(rewire_file_read(path, 10, &out, &length, &err), 0);
	assert_int_equal(length, 0);
	free(out);
	assert_int_equal(rewire_file_read(scratch_path(*state, "none"), 10, &out,
					  &length, &err), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.text, "none"));
}

static void output_discard_leaves_old(void **state)
{
	const char *path = scratch_path(*state, "kept");
	struct rewire_output out;
	size_t length, files;
	__u8 *data;

	assert_int_equal(rewire_file_write(path, "old", 3, 0644, NULL), 0);
	files = count_files(*state);
	assert_int_equal(rewire_output_open(&out, path, 0600, NULL), 0);
	assert_int_equal(rewire_write_all(out.fd, "new", 3, NULL), 0);
	assert_int_equal(count_files(*state), files + 1);
	rewire_output_discard(&out);
	rewire_output_discard(&out);
	assert_int_equal(count_files(*state), files);
	assert_int_equal(rewire_file_read(path, 10, &data, &length, NULL), 0);
	assert_memory_equal(data, "old", 3);
	free(data);
}

static void output_commit_replaces(void **state)
{
	const char *path = scratch_path(*state, "new");
	struct rewire_output out;
	size_t length;
	__u8 *data;

	assert_int_equal(rewire_file_write(path, "old", 3, 0644, NULL), 0);
	assert_int_equal(rewire_output_open(&out, path, 0600, NULL), 0);
	assert_int_equal(rewire_write_all(out.fd, "newer", 5, NULL), 0);
	assert_int_equal(rewire_output_commit(&out, NULL), 0);
	assert_int_equal(rewire_file_read(path, 10, &data, &length, NULL), 0);
	assert_int_equal(length, 5);
	assert_memory_equal(data, "newer", 5);
	free(data);
}

static void output_into_missing_folder(void **state)
{
	struct rewire_error err;
	struct rewire_output out;

	assert_int_equal(rewire_output_open(&out,
					    scratch_path(*state, "no/such"),
					    0600, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no/such"));
}

static void copy_counts(void **state)
{
	const char *from = scratch_path(*state, "from");
	const char *to = scratch_path(*state, "to");
	const size_t size = (1 << 20) + 12345;
	__u8 *data = malloc(size), *out;
	size_t length;
	__u64 bytes;
	int in, copy;

	assert_non_null(data);
	memset(data, 0x5a, size);
	assert_int_equal(rewire_file_write(from, data, size, 0600, NULL), 0);
	in = open(from, O_RDONLY);
	copy = open(to, O_WRONLY | O_CREAT, 0600);
	assert_true(in >= 0 && copy >= 0);
	assert_int_equal(rewire_stream_copy(in, copy, &bytes, NULL), 0);
	assert_int_equal(bytes, size);
	assert_int_equal(rewire_file_read(to, size, &out, &length, NULL), 0);
	assert_int_equal(length, size);
	assert_memory_equal(out, data, size);
	free(out);
	free(data);
	close(in);
	close(copy);
}

static void copy_reports_write_error(void **state)
{
	const char *from = scratch_path(*state, "full");
	int full = open("/dev/full", O_WRONLY), in;
	struct rewire_error err;

	assert_int_equal(rewire_file_write(from, "x", 1, 0600, NULL), 0);
	in = open(from, O_RDONLY);
	assert_true(in >= 0 && full >= 0);
	assert_int_equal(rewire_stream_copy(in, full, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "writing"));
	close(in);
	close(full);
}

/* FIPS 180-2, "abc"; and more than one chunk. */
static void digest_known_answers(void **state)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char million_a[] =
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	const char *path = scratch_path(*state, "digest");
	char text[2 * REWIRE_DIGEST_SIZE + 1];
	__u8 digest[REWIRE_DIGEST_SIZE];
	char *million = malloc(1000000);
	int fd;

	assert_non_null(million);
	memset(million, 'a', 1000000);
	assert_int_equal(rewire_file_write(path, "abc", 3, 0600, NULL), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(rewire_file_digest(fd, digest, NULL), 0);
	assert_string_equal(rewire_hex(digest, sizeof(digest), text), abc);
	close(fd);
	assert_int_equal(rewire_file_write(path, million, 1000000, 0600, NULL), 0);
	fd = open(path, O_RDONLY);
	assert_int_equal(rewire_file_digest(fd, digest, NULL), 0);
	assert_string_equal(rewire_hex(digest, sizeof(digest), text), million_a);
	close(fd);
	free(million);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_round_trip),
		cmocka_unit_test(file_read_from_pipe),
		cmocka_unit_test(file_empty_and_missing),
		cmocka_unit_test(output_discard_leaves_old),
		cmocka_unit_test(output_commit_replaces),
		cmocka_unit_test(output_into_missing_folder),
		cmocka_unit_test(copy_counts),
		cmocka_unit_test(copy_reports_write_error),
		cmocka_unit_test(digest_known_answers),
	};

	return cmocka_run_group_tests_name("file", tests, set_up, tear_down);
}
