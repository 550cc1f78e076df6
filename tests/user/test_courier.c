// SPDX-License-Identifier: MIT
/*
 * Receipts of updates on their way to the SDS, which is a script here: it says
 * no, or keeps what it gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/stat.h>

#include "test.h"

#include "clock.h"
#include "courier.h"
#include "log.h"
#include "receipts.h"
#include "scratch.h"

static struct helper helper;
static struct courier courier;
static char *folder;
static char command[512], inbox[512];

/* What the SM signed; the body does not matter here. */
struct receipt {
	struct rewire_header header;
	char text[24];
};

static void keep_as(__u8 name, __u16 type, const char *text)
{
	struct receipt receipt = {
		.header = { .magic = REWIRE_MAGIC, .type = type },
	};
	__u8 id[REWIRE_ID_SIZE];

	memset(id, name, sizeof(id));
	strcpy(receipt.text, text);
	receipts_keep(&helper, id, &receipt, sizeof(receipt));
}

static void keep(__u8 name, const char *text)
{
	keep_as(name, REWIRE_TYPE_UPDATE_RECEIPT, text);
}

/* The SDS: $inbox is where it keeps what it gets, $refuse what it says no to. */
static void sds_is(const char *script)
{
	FILE *file;

	unlink(command);
	file = fopen(command, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\ninbox=%s\n%s\n", inbox, script);
	assert_int_equal(fchmod(fileno(file), 0700), 0);
	assert_int_equal(fclose(file), 0);
}

#define TAKES	"cat >>$inbox"

/* What it has got so far. */
static void got(const char *const *texts)
{
	FILE *file = fopen(inbox, "re");
	struct receipt receipt;
	size_t i;

	for (i = 0; texts[i]; i++) {
		assert_non_null(file);
		assert_int_equal(fread(&receipt, sizeof(receipt), 1, file), 1);
		assert_string_equal(receipt.text, texts[i]);
	}
	assert_int_equal(file ? fgetc(file) : EOF, EOF);
	if (file)
		fclose(file);
}

#define GOT(...) got((const char *const[]){ __VA_ARGS__, NULL })

bool pool_submit(struct pool *pool, enum pool_kind kind, struct job *job)
{
	(void)pool;
	assert_int_equal(kind, POOL_COURIER);
	job->work(job);
	job->done(job);
	return false;
}

/* As if its time had come. */
static void tick(void)
{
	courier.next = 0;
	courier_tick(&courier);
}

static int set_up(void **state)
{
	(void)state;
	log_open(LOG_LEVEL_ERROR - 1);
	folder = scratch_make();
	strcpy(command, scratch_path(folder, "sds"));
	strcpy(inbox, scratch_path(folder, "inbox"));
	helper = (struct helper){
		.options = {
			.receipts_dir = folder,
			.receipt_command = command,
			.io_timeout_ms = 60000,
		},
		.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	courier_init(&courier, &helper);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(helper.stop);
	scratch_remove(folder);
	return 0;
}

/* ---- tests ---- */

static void each_goes_once(void **state)
{
	(void)state;
	sds_is(TAKES);
	keep(1, "one");
	keep(2, "two");
	tick();
	GOT("one", "two");
	tick();
	keep(3, "three");
	tick();
	GOT("one", "two", "three");
	/* and after a restart not again */
	courier_init(&courier, &helper);
	tick();
	GOT("one", "two", "three");
}

static void refused_it_goes_again(void **state)
{
	int64_t pause = 0;

	(void)state;
	sds_is("cat >/dev/null; exit 1");
	keep(1, "one");
	for (int i = 0; i < 20; i++) {
		tick();
		assert_true(courier.pause_ms >= pause);
		assert_true(courier.next > clock_ms());
		pause = courier.pause_ms;
	}
	assert_int_equal(pause, 900000);
	sds_is(TAKES);
	/* not before its time */
	courier_tick(&courier);
	GOT(NULL);
	/* and a restart does not forget it */
	courier_init(&courier, &helper);
	tick();
	GOT("one");
	assert_true(courier.pause_ms < pause);
}

static void one_that_is_always_refused_holds_up_no_other(void **state)
{
	(void)state;
	sds_is("f=$(mktemp); cat >$f; grep -q bad $f && exit 1; cat $f >>$inbox; rm $f");
	keep(1, "one");
	keep(2, "bad");
	keep(3, "three");
	tick();
	GOT("one");
	tick();
	GOT("one", "three");
	assert_true(atomic_load(&helper.receipts));
}

/* The same update, tried again: it ended otherwise, under the same name. */
static void a_later_receipt_of_the_same_name_goes_too(void **state)
{
	char script[1024];

	(void)state;
	sds_is(TAKES);
	keep(1, "aborted");
	tick();
	keep(1, "switched");
	tick();
	GOT("aborted", "switched");
	/* even when it comes while the first is on its way */
	keep(2, "on its way");
	snprintf(script, sizeof(script),
		 "cat >>$inbox; cd %s; for f in 02*.receipt; do cp $f new; mv new $f; done",
		 folder);
	sds_is(script);
	tick();
	sds_is(TAKES);
	atomic_store(&helper.receipts, true);
	tick();
	GOT("aborted", "switched", "on its way", "on its way");
	atomic_store(&helper.receipts, true);
	tick();
	GOT("aborted", "switched", "on its way", "on its way");
}

static void what_is_no_receipt_of_an_update_stays(void **state)
{
	(void)state;
	sds_is(TAKES);
	keep_as(1, REWIRE_TYPE_MESSAGE, "a migration's");
	rewire_file_write(scratch_path(folder, "short.receipt"), "x", 1, 0600,
			  NULL);
	rewire_file_write(scratch_path(folder, ".receipt"), "x", 1, 0600, NULL);
	mkdir(scratch_path(folder, "a.receipt"), 0700);
	tick();
	GOT(NULL);
	assert_false(atomic_load(&helper.receipts));
}

static void a_command_that_hangs_is_ended(void **state)
{
	(void)state;
	helper.options.io_timeout_ms = 200;
	sds_is("sleep 1000");
	keep(1, "one");
	tick();
	assert_true(atomic_load(&helper.receipts));
	sds_is(TAKES);
	helper.options.io_timeout_ms = 60000;
	tick();
	GOT("one");
}

/* It may have been taken, and the answer lost: it goes again later. */
static void stopped_meanwhile(void **state)
{
	const uint64_t one = 1;

	(void)state;
	sds_is("sleep 1000");
	keep(1, "one");
	assert_int_equal(write(helper.stop, &one, sizeof(one)), sizeof(one));
	tick();
	assert_true(atomic_load(&helper.receipts));
	assert_int_equal(access(scratch_path(folder, "sent"), F_OK), -1);
}

static void marks_go_with_their_receipts(void **state)
{
	const char *receipt = "01010101-0101-0101-0101-010101010101.receipt";
	const char *sent = "01010101-0101-0101-0101-010101010101.sent";

	(void)state;
	sds_is(TAKES);
	keep(1, "one");
	tick();
	assert_int_equal(access(scratch_path(folder, sent), F_OK), 0);
	unlink(scratch_path(folder, receipt));
	keep(2, "two");
	tick();
	assert_int_equal(access(scratch_path(folder, sent), F_OK), -1);
	GOT("one", "two");
}

static void without_a_command_nothing_goes(void **state)
{
	(void)state;
	sds_is(TAKES);
	helper.options.receipt_command = NULL;
	keep(1, "one");
	tick();
	GOT(NULL);
}

static void no_folder(void **state)
{
	(void)state;
	sds_is(TAKES);
	helper.options.receipts_dir = "/nowhere/at/all";
	tick();
	assert_true(atomic_load(&helper.receipts));
	assert_true(courier.next > clock_ms());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_goes_once),
		TEST(refused_it_goes_again),
		TEST(one_that_is_always_refused_holds_up_no_other),
		TEST(a_later_receipt_of_the_same_name_goes_too),
		TEST(what_is_no_receipt_of_an_update_stays),
		TEST(a_command_that_hangs_is_ended),
		TEST(stopped_meanwhile),
		TEST(marks_go_with_their_receipts),
		TEST(without_a_command_nothing_goes),
		TEST(no_folder),
	};

	return cmocka_run_group_tests_name("courier", tests, NULL, NULL);
}
