// SPDX-License-Identifier: MIT
/*
 * When a source stops copying in rounds: with an enclave that writes so many pages
 * a millisecond, a link that takes so many, and a clock that only they move.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static int fake_clock(clockid_t id, struct timespec *now);

/* The source itself, so that it has this file's clock and session. */
#define clock_gettime fake_clock
#include "../../userspace/rewired/rounds.c"
#undef clock_gettime

#define ALL	10000	/* pages */

static struct {
	int64_t now_us;
	unsigned int link_us;	/* to send a page */
	unsigned int write_us;	/* between two pages written first */
	unsigned int delay_us;
	bool stubborn;		/* a slower write is no slower */
	__u64 dirty_since;	/* us */
	__u64 in_round;		/* bytes left to be read */
	unsigned int rounds;
	unsigned int turns;	/* of the lanes */
	__u64 beside;		/* bytes of them in each */
	atomic_ullong *bytes;
	unsigned int arrived;	/* rounds that the target has taken in */
	unsigned int kept_up;	/* sealed as far as can be */
} play;

static int fake_clock(clockid_t id, struct timespec *now)
{
	(void)id;
	now->tv_sec = play.now_us / 1000000;
	now->tv_nsec = play.now_us % 1000000 * 1000;
	return 0;
}

static __u64 dirty_now(void)
{
	__u64 us = (__u64)play.now_us - play.dirty_since, pages;

	if (!play.rounds)
		return ALL;
	if (!play.write_us)
		return 0;
	pages = us / (play.write_us + (play.stubborn ? 0 : play.delay_us));
	return pages < ALL ? pages : ALL;
}

int rewire_session_round(int session, unsigned int delay_us, __u64 *ret_pages,
			 struct rewire_error *err)
{
	(void)session;
	(void)err;
	assert_true(delay_us <= REWIRE_MAX_DELAY_US);
	*ret_pages = dirty_now();
	play.in_round = *ret_pages * PAGE_BYTES;
	play.dirty_since = (__u64)play.now_us;
	play.delay_us = delay_us;
	play.rounds++;
	return 0;
}

int rewire_session_look(int session, __u64 *ret_pages, struct rewire_error *err)
{
	(void)session;
	(void)err;
	*ret_pages = dirty_now();
	return 0;
}

ssize_t link_take(struct link *link, int from, struct rewire_error *err)
{
	size_t n = play.in_round < PEER_MAX_CHUNK ? (size_t)play.in_round :
						    PEER_MAX_CHUNK;

	(void)link;
	(void)from;
	(void)err;
	play.in_round -= n;
	return (ssize_t)n;
}

int link_pass(struct link *link, ssize_t length, struct rewire_error *err)
{
	(void)link;
	(void)err;
	play.now_us += (int64_t)length / PAGE_BYTES * play.link_us;
	return 0;
}

void lanes_begin(struct lanes *lanes, bool last)
{
	(void)lanes;
	assert_false(last);
	play.turns++;
}

/* They had as much, and took as long. */
int lanes_await(struct lanes *lanes, struct link *link, bool quiet,
		struct rewire_error *err)
{
	(void)lanes;
	(void)link;
	(void)err;
	assert_true(quiet);
	assert_int_equal(play.in_round, 0);
	assert_int_equal(play.turns, play.rounds);
	*play.bytes += play.beside;
	return 0;
}

int link_arrive(struct link *link, struct rewire_error *err)
{
	(void)link;
	(void)err;
	assert_int_equal(play.in_round, 0);
	play.arrived++;
	return 0;
}

int sealer_keep_up(struct sealer *sealer, __u64 most, struct link *link,
		   bool quiet, struct rewire_error *err)
{
	(void)sealer;
	(void)link;
	(void)err;
	assert_true(quiet);
	play.kept_up += !most;
	return 0;
}

void report_copying(const struct report *report, const struct round *round,
		    __u64 bytes)
{
	(void)report;
	(void)round;
	(void)bytes;
}

void report_round(const struct report *report, const struct round *round,
		  __u64 bytes)
{
	(void)report;
	assert_int_equal(round->number, play.rounds);
	assert_int_equal(play.arrived, play.rounds);
	assert_true(bytes >= round->bytes);
}

void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

/* What the messages are expected to take is set in @ret. */
static int run_rounds(unsigned int link_us, unsigned int write_us, bool stubborn,
		      unsigned int goal_ms, unsigned int limit_ms,
		      struct rounds *ret, struct rewire_error *err)
{
	static atomic_ullong bytes;
	__u64 beside = play.beside;
	int code;

	memset(&play, 0, sizeof(play));
	play.beside = beside;
	play.bytes = &bytes;
	play.link_us = link_us;
	play.write_us = write_us;
	play.stubborn = stubborn;
	bytes = 0;
	*ret = (struct rounds){ .goal_ms = goal_ms, .limit_ms = limit_ms,
				.messages_ms = ret->messages_ms,
				.bytes = &bytes };
	assert_int_equal(rounds_begin(ret, err), 0);
	code = rounds_run(ret, err);
	assert_true(code || play.kept_up == 1);
	return code;
}

static void one_that_rests_takes_one_round(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 0, false, 1, 0, &r, &err), 0);
	assert_int_equal(play.rounds, 1);
	assert_int_equal(*r.bytes, (__u64)ALL * PAGE_BYTES);
}

/* It writes a tenth as fast as it is copied: each round leaves a tenth. */
static void rounds_get_smaller(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 500, false, 1, 0, &r, &err), 0);
	assert_in_range(play.rounds, 3, 5);
	assert_int_equal(r.now.delay_us, 0);
	assert_in_range(r.now.expected_ms, 0, 1);
}

/* The goal is reached by the first, and the second makes a tenth of what is left. */
static void a_round_that_helps_is_made(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 500, false, 100, 0, &r, &err), 0);
	assert_int_equal(play.rounds, 2);
	assert_in_range(r.now.expected_ms, 1, 10);
}

/* Five pages are written while six are copied: another would leave as much. */
static void one_that_does_not_is_not(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 60, false, 1000, 0, &r, &err), 0);
	assert_int_equal(play.rounds, 1);
	assert_in_range(r.now.expected_ms, 100, 1000);
}

static void one_that_writes_faster_is_slowed_down(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 10, false, 5, 20, &r, &err), 0);
	assert_in_range(r.now.delay_us, 50, 1000);
	assert_in_range(r.now.expected_ms, 0, 5);
}

static void one_that_cannot_be_is_refused(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 10, true, 5, 20, &r, &err), -ETIME);
	assert_non_null(strstr(err.text, "--pause-limit is 20"));
	assert_int_equal(r.now.delay_us, REWIRE_MAX_DELAY_US);
}

/* Without a limit it goes all the same. */
static void or_stands_still_for_longer(void **state)
{
	struct rewire_error err;
	struct rounds r = { 0 };

	(void)state;
	assert_int_equal(run_rounds(50, 10, true, 5, 0, &r, &err), 0);
	assert_true(r.now.expected_ms > 5);
}

/* What the lanes carry counts: with twice as much in the same time, twice as fast. */
static void lanes_make_it_faster(void **state)
{
	struct rewire_error err;
	struct rounds r;

	(void)state;
	play.beside = (__u64)ALL * PAGE_BYTES;
	assert_int_equal(run_rounds(50, 0, false, 1, 0, &r, &err), 0);
	assert_int_equal(r.now.bytes, 2 * (__u64)ALL * PAGE_BYTES);
	assert_int_equal(*r.bytes, 2 * (__u64)ALL * PAGE_BYTES);
	play.beside = 0;
}

/* More rounds do not help against messages, so none are made; the limit has them. */
static void messages_are_a_part_of_the_pause(void **state)
{
	struct rounds r = { .messages_ms = 40 };
	struct rewire_error err;

	(void)state;
	assert_int_equal(run_rounds(50, 0, false, 1, 40, &r, &err), 0);
	assert_int_equal(play.rounds, 1);
	assert_int_equal(r.now.expected_ms, 40);
	assert_int_equal(run_rounds(50, 0, false, 1, 39, &r, &err), -ETIME);
	assert_non_null(strstr(err.text, "40 of them for messages"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_rests_takes_one_round),
		cmocka_unit_test(rounds_get_smaller),
		cmocka_unit_test(a_round_that_helps_is_made),
		cmocka_unit_test(one_that_does_not_is_not),
		cmocka_unit_test(one_that_writes_faster_is_slowed_down),
		cmocka_unit_test(one_that_cannot_be_is_refused),
		cmocka_unit_test(or_stands_still_for_longer),
		cmocka_unit_test(lanes_make_it_faster),
		cmocka_unit_test(messages_are_a_part_of_the_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
