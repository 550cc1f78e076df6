// SPDX-License-Identifier: MIT
/*
 * Pre-copy: rounds of what was written, and when to stop.
 */
#include <errno.h>

#include "clock.h"
#include "log.h"
#include "rounds.h"

#define MOST_ROUNDS	32
/* Less than a tenth less than before: the enclave writes as fast as we copy. */
#define PROGRESS	10
/* A tenth of the pause that is wanted is not worth a round. */
#define WORTH		10
#define PAGE_BYTES	4096
/* Between two reports of one round. */
#define REPORT_MS	500

/* The first look begins the tracking; what it counts is everything. */
int rounds_begin(struct rounds *r, struct rewire_error *err)
{
	__u64 pages;

	return rewire_session_look(r->session, &pages, err);
}

static int copy(struct rounds *r, __u64 before, struct rewire_error *err)
{
	int64_t told = clock_ms();
	ssize_t n;
	int ret;

	while ((n = link_take(r->link, r->session, err)) > 0) {
		ret = link_pass(r->link, n, err);
		if (ret)
			return ret;
		*r->bytes += (__u64)n;
		r->now.bytes = *r->bytes - before;
		if (clock_ms() - told < REPORT_MS)
			continue;
		told = clock_ms();
		report_copying(r->report, &r->now, *r->bytes);
	}
	return n ? (int)n : link_arrive(r->link, err);
}

/* Arrived and, but for a little, sealed; the time it takes is that of both. */
static int copy_round(struct rounds *r, struct rewire_error *err)
{
	__u64 before = *r->bytes;
	int ret = rewire_session_round(r->session, r->now.delay_us,
				       &r->now.pages, err);

	if (ret)
		return ret;
	lanes_begin(r->lanes, false);
	ret = copy(r, before, err);
	if (!ret)
		ret = lanes_await(r->lanes, r->link, true, err);
	r->now.bytes = *r->bytes - before;
	if (!ret)
		ret = sealer_keep_up(r->sealer, SEALER_BEHIND, r->link, true,
				     err);
	return ret;
}

/* Nothing sent, or sent in no time: there is little to expect. */
static __u64 copying_ms(const struct round *now)
{
	return now->bytes ? now->left * PAGE_BYTES * now->ms / now->bytes : 0;
}

static int one_round(struct rounds *r, struct rewire_error *err)
{
	struct round *now = &r->now;
	int64_t start = clock_ms();
	int ret;

	now->number++;
	now->bytes = 0;
	ret = copy_round(r, err);
	if (!ret)
		ret = rewire_session_look(r->session, &now->left, err);
	if (ret)
		return ret;
	now->ms = (__u64)(clock_ms() - start);
	now->expected_ms = copying_ms(now) + r->messages_ms;
	report_round(r->report, now, *r->bytes);
	return 0;
}

/*
 * One page in twice the time that it takes to send one: a round then leaves half of
 * what it sent, for each thread that writes. Should that be too little, twice that.
 */
static bool slow_down(struct round *now)
{
	__u64 delay_us = now->bytes ?
		2 * now->ms * 1000 * PAGE_BYTES / now->bytes : 0;

	if (now->delay_us == REWIRE_MAX_DELAY_US)
		return false;
	if (delay_us < 2 * (__u64)now->delay_us)
		delay_us = 2 * (__u64)now->delay_us;
	now->delay_us = delay_us < REWIRE_MAX_DELAY_US ? (unsigned int)delay_us :
							 REWIRE_MAX_DELAY_US;
	return true;
}

/*
 * What is left takes no longer than is wanted, and another round would not make it much
 * less: this one has left more than half of what it took, or next to nothing.
 */
static bool is_small(const struct rounds *r)
{
	__u64 ms = copying_ms(&r->now);

	return ms <= r->goal_ms &&
	       (ms <= r->goal_ms / WORTH || r->now.left > r->now.pages / 2);
}

static int until_small(struct rounds *r, struct rewire_error *err)
{
	__u64 before = 0;

	while (r->now.number < MOST_ROUNDS) {
		int ret = one_round(r, err);

		if (ret || is_small(r))
			return ret;
		if (r->now.number > 1 && copying_ms(&r->now) > r->goal_ms &&
		    r->now.left > before - before / PROGRESS &&
		    !slow_down(&r->now))
			break;
		before = r->now.left;
	}
	log_notice("the enclave writes as fast as it is copied: its last round will take about %llu ms, not %u",
		   (unsigned long long)copying_ms(&r->now), r->goal_ms);
	return 0;
}

static int check_limit(const struct rounds *r, struct rewire_error *err)
{
	if (!r->limit_ms || r->now.expected_ms <= r->limit_ms)
		return 0;
	return rewire_fail(err, ETIME,
			   "the enclave would stand still for about %llu ms, %u of them for messages that no round makes shorter, and --pause-limit is %u; it runs on here. Move it when it writes less, or take a longer pause",
			   (unsigned long long)r->now.expected_ms,
			   r->messages_ms, r->limit_ms);
}

int rounds_run(struct rounds *r, struct rewire_error *err)
{
	int ret = until_small(r, err);

	if (!ret)
		ret = check_limit(r, err);
	/* What is sealed now needs no sealing while the enclave stands still. */
	return ret ? ret : sealer_keep_up(r->sealer, 0, r->link, true, err);
}
