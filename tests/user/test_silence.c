// SPDX-License-Identifier: MIT
/*
 * Attack 12: a witness that is silent for too long is noticed, and told once.
 */
#include <errno.h>
#include <fcntl.h>

#include "test.h"

#include "silence.h"

static struct helper helper;
static struct silence silence;
static struct rewire_journal_info sm;
static int refusal;

/* ---- the SM ---- */

int rewire_sm_open(struct rewire_error *err)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? rewire_fail(err, errno, "no device") : fd;
}

int rewire_sm_journal_info(int fd, struct rewire_journal_info *ret_info,
			   struct rewire_error *err)
{
	assert_true(fd >= 0);
	if (refusal)
		return rewire_fail(err, refusal, "as the test wants it");
	*ret_info = sm;
	return 0;
}

/* The pool has no threads here: what it is given is done. */
bool pool_submit(struct pool *pool, enum pool_kind kind, struct job *job)
{
	(void)pool;
	assert_int_equal(kind, POOL_KEEPER);
	job->work(job);
	job->done(job);
	return false;
}

/* ---- what is logged ---- */

static char *look(void)
{
	FILE *before = stderr;
	char *text = NULL;
	size_t length;

	stderr = open_memstream(&text, &length);
	assert_non_null(stderr);
	silence.next = 0;
	silence_tick(&silence);
	fclose(stderr);
	stderr = before;
	return text;
}

static void says(const char *words)
{
	char *text = look();

	if (!words && text[0])
		fail_msg("it says %s", text);
	if (words && !strstr(text, words))
		fail_msg("it does not say \"%s\" but %s", words, text);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	helper = (struct helper){ .options.max_silence_s = 3600 };
	sm = (struct rewire_journal_info){ .heard = 1, .told = 1764000000 };
	refusal = 0;
	silence_init(&silence, &helper);
	return 0;
}

/* ---- tests ---- */

static void told_once_and_once_more_when_it_ends(void **state)
{
	(void)state;
	says(NULL);
	sm.silent_ms = 3600000;
	says(NULL);
	sm.silent_ms++;
	says("no witness was heard for 3600 s, at most 3600 s are allowed; the last one said that it was 1764000000 s");
	says(NULL);
	sm.silent_ms = 90000000;
	says(NULL);
	sm.silent_ms = 5;
	says("heard again");
	says(NULL);
	sm.silent_ms = 4000000;
	says("for 4000 s");
}

/* In an earlier life the last one was heard: nobody knows how long ago. */
static void silence_since_a_restart_is_a_least(void **state)
{
	(void)state;
	sm.heard = 0;
	sm.silent_ms = 3601000;
	says("for more than 3601 s");
}

static void an_sm_that_does_not_answer_is_not_silent(void **state)
{
	(void)state;
	refusal = EIO;
	says("as the test wants it");
	/* without keys there is nothing to be heard about */
	refusal = ENOKEY;
	says(NULL);
	assert_false(silence.told);
}

static void without_the_option_nobody_looks(void **state)
{
	(void)state;
	helper.options.max_silence_s = 0;
	sm.silent_ms = UINT64_MAX;
	says(NULL);
}

static void nobody_looks_all_the_time(void **state)
{
	(void)state;
	says(NULL);
	sm.silent_ms = UINT64_MAX;
	silence_tick(&silence);
	assert_false(silence.told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(told_once_and_once_more_when_it_ends,
				       set_up),
		cmocka_unit_test_setup(silence_since_a_restart_is_a_least,
				       set_up),
		cmocka_unit_test_setup(an_sm_that_does_not_answer_is_not_silent,
				       set_up),
		cmocka_unit_test_setup(without_the_option_nobody_looks, set_up),
		cmocka_unit_test_setup(nobody_looks_all_the_time, set_up),
	};

	return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}
