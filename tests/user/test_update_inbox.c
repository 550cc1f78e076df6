// SPDX-License-Identifier: MIT
/*
 * The inbox: what is a package there, what is not one yet, and what never will be.
 */
#include <errno.h>
#include <unistd.h>

#include <sys/stat.h>

#include "update_fixture.h"

#include "inbox.h"
#include "scratch.h"

static struct package_file file;
static char dir[256];
static unsigned int complaints;
static char complaint[512];

static void complain(const char *name, const char *why, void *data)
{
	assert_ptr_equal(data, &complaints);
	complaints++;
	snprintf(complaint, sizeof(complaint), "%s: %s", name, why);
}

static unsigned int scan(struct inbox *inbox)
{
	struct rewire_error err = { 0 };

	complaints = 0;
	complaint[0] = '\0';
	assert_int_equal(inbox_scan(dir, false, complain, &complaints, inbox, &err),
			 0);
	return inbox->count;
}

static unsigned int count(void)
{
	struct inbox inbox;
	unsigned int found = scan(&inbox);

	inbox_clear(&inbox);
	return found;
}

static void drop(const char *name, const void *data, size_t length)
{
	assert_int_equal(rewire_file_write(scratch_path(dir, name), data,
					   length, 0600, NULL), 0);
}

static void drop_payload(const char *name, size_t length)
{
	__u8 *data = calloc(1, length ? length : 1);

	drop(name, data, length);
	free(data);
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, scratch_path(fixture_folder, "inbox.XXXXXX"));
	assert_non_null(mkdtemp(dir));
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	return 0;
}

static void complete(void **state)
{
	struct inbox inbox;
	int fd;

	(void)state;
	drop("a.package", file.data, file.length);
	drop_payload("a.payload", FIXTURE_PAYLOAD);
	assert_int_equal(scan(&inbox), 1);
	assert_int_equal(complaints, 0);
	assert_string_equal(inbox.item[0].name, "a");
	assert_memory_equal(&inbox.item[0].order->words.package, &file.package,
			    sizeof(file.package));
	fd = inbox_open_payload(dir, &inbox.item[0], NULL);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), FIXTURE_PAYLOAD);
	close(fd);
	inbox_clear(&inbox);
}

/* In whichever order it comes: nothing counts before it is whole. */
static void on_its_way(void **state)
{
	__u8 wrap[REWIRE_MAX_WRAP];
	size_t length;

	(void)state;
	file.package.header.flags = REWIRE_PACKAGE_SEALED;
	fixture_sign(&file, 0);
	length = fixture_wrap(&file, wrap);
	drop_payload("a.payload", FIXTURE_PAYLOAD - 1);
	assert_int_equal(count(), 0);
	drop("a.package", file.data, file.length);
	assert_int_equal(count(), 0);
	drop("a.wrap", wrap, length);
	assert_int_equal(count(), 0);
	assert_int_equal(complaints, 0);
	drop_payload("a.payload", FIXTURE_PAYLOAD);
	assert_int_equal(count(), 1);
	assert_int_equal(complaints, 0);
}

static void never_a_package(void **state)
{
	static const char text[] = "hello";

	(void)state;
	drop("bad.package", text, sizeof(text));
	drop_payload("bad.payload", FIXTURE_PAYLOAD);
	assert_int_equal(count(), 0);
	assert_int_equal(complaints, 1);
	assert_non_null(strstr(complaint, "bad.package"));

	drop("bad.package", file.data, file.length);
	drop_payload("bad.payload", FIXTURE_PAYLOAD + 1);
	assert_int_equal(count(), 0);
	assert_int_equal(complaints, 1);
	assert_non_null(strstr(complaint, "12346 bytes, and not 12345"));
}

/* What is being written, what belongs to others, and what only looks like it. */
static void other_files(void **state)
{
	(void)state;
	drop(".a.package", file.data, file.length);
	drop("a.package.XyZ123", file.data, file.length);
	drop(".package", file.data, file.length);
	drop("readme", "x", 1);
	drop_payload(".a.payload", FIXTURE_PAYLOAD);
	drop_payload("a.payload", FIXTURE_PAYLOAD);
	assert_int_equal(mkdir(scratch_path(dir, "c.d"), 0700), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(complaints, 0);
	assert_int_equal(symlink(".a.package", scratch_path(dir, "a.package")),
			 0);
	assert_int_equal(count(), 0);
	assert_int_equal(complaints, 1);
	assert_int_equal(unlink(scratch_path(dir, "a.package")), 0);
	assert_int_equal(unlink(scratch_path(dir, "a.payload")), 0);
	drop("a.package", file.data, file.length);
	assert_int_equal(symlink(".a.payload", scratch_path(dir, "a.payload")),
			 0);
	assert_int_equal(count(), 0);
}

static void in_order_and_once(void **state)
{
	struct inbox inbox;

	(void)state;
	file.package.nonce[0] = 2;
	fixture_sign(&file, 0);
	drop("2.package", file.data, file.length);
	drop_payload("2.payload", FIXTURE_PAYLOAD);
	file.package.nonce[0] = 1;
	fixture_sign(&file, 0);
	drop("1.package", file.data, file.length);
	drop_payload("1.payload", FIXTURE_PAYLOAD);
	drop("3.package", file.data, file.length);
	drop_payload("3.payload", FIXTURE_PAYLOAD);
	assert_int_equal(scan(&inbox), 2);
	assert_string_equal(inbox.item[0].name, "1");
	assert_string_equal(inbox.item[1].name, "2");
	assert_int_equal(complaints, 1);
	assert_non_null(strstr(complaint, "3.package: the same package"));
	inbox_clear(&inbox);
}

static void too_many(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i <= INBOX_MAX; i++) {
		file.package.nonce[0] = (__u8)i;
		fixture_sign(&file, 0);
		sprintf(name, "%03d.package", i);
		drop(name, file.data, file.length);
		sprintf(name, "%03d.payload", i);
		drop_payload(name, FIXTURE_PAYLOAD);
	}
	assert_int_equal(count(), INBOX_MAX);
	assert_int_equal(complaints, 1);
}

static void no_folder(void **state)
{
	struct inbox inbox;
	struct rewire_error err;

	(void)state;
	assert_int_equal(inbox_scan("/nonexistent/inbox", false, complain, NULL,
				    &inbox, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(complete, make_dir),
		cmocka_unit_test_setup(on_its_way, make_dir),
		cmocka_unit_test_setup(never_a_package, make_dir),
		cmocka_unit_test_setup(other_files, make_dir),
		cmocka_unit_test_setup(in_order_and_once, make_dir),
		cmocka_unit_test_setup(too_many, make_dir),
		cmocka_unit_test(no_folder),
	};

	return cmocka_run_group_tests_name("update_inbox", tests,
					   fixture_set_up, fixture_tear_down);
}
