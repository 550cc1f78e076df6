// SPDX-License-Identifier: GPL-2.0-only
/*
 * An enclave that is copied in rounds while it works: each page arrives as it
 * was written last, and nothing is copied again that was not.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "blob.h"
#include "carry.h"
#include "cases.h"

#define PAGES		512	/* 2 MiB */
#define WRITES		5	/* of "run 1" at 10 per mille */

static struct host alpha, beta;
static struct work work;

static bool ask(const struct host *host, const char *verb, const char *a,
		const char *b)
{
	work_prepare(&work, verb, a, b, NULL);
	return expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error) &&
	       expect(!work.status, "%s: %d", verb, work.status);
}

/* An enclave with pages that can be told from any others, and a migration. */
static bool begin_with(struct carry *carry, unsigned int lanes)
{
	work_start(&work, &alpha, "churn-4M");
	if (!ask(&alpha, "fill", "2", "7") || !ask(&alpha, "dirty", "10", NULL))
		return false;
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	carry->lanes = lanes;
	return expect_ok(carry_steps(carry, STEP_OFFER, STEP_AGREE),
			 &carry->error);
}

static bool begin(struct carry *carry)
{
	return begin_with(carry, 1);
}

static bool a_round(struct carry *carry, __u64 *ret_pages)
{
	return expect_ok(carry_round(carry, ret_pages), &carry->error);
}

static void arrive(struct carry *carry)
{
	if (expect_ok(carry_steps(carry, STEP_FREEZE, STEP_RECEIPT),
		      &carry->error))
		carry_enter(carry, &work);
	carry_end(carry);
}

static void end(void)
{
	work_end(&work, &alpha, &beta);
}

static void pages_as_last_written_by(unsigned int lanes)
{
	struct carry carry;
	__u64 pages;

	if (begin_with(&carry, lanes) && a_round(&carry, &pages) &&
	    ask(&alpha, "run", "30", NULL) && a_round(&carry, &pages) &&
	    ask(&alpha, "run", "40", NULL)) {
		arrive(&carry);
		ask(&beta, "verify", NULL, NULL);
		expect(!strcmp((char *)work.answer, "512 pages intact\n"),
		       "verify says %s", work.answer);
		/* it goes on where it was, in its own memory */
		ask(&beta, "run", "3", NULL);
		ask(&beta, "verify", NULL, NULL);
	}
	end();
}

static void pages_as_last_written(void)
{
	pages_as_last_written_by(1);
}

static void by_four_streams(void)
{
	pages_as_last_written_by(4);
}

/* The writer is in the middle of its work in each round, and in the pause. */
static void while_it_writes_by(unsigned int lanes)
{
	struct carry carry;
	__u64 pages;

	if (begin_with(&carry, lanes)) {
		work_busy(&work, &alpha, "run", 64);
		for (int i = 0; i < 4; i++)
			a_round(&carry, &pages);
		arrive(&carry);
		expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
		ask(&beta, "verify", NULL, NULL);
	}
	end();
}

static void while_it_writes(void)
{
	while_it_writes_by(1);
}

static void while_it_writes_by_four_streams(void)
{
	while_it_writes_by(4);
}

/* Who has just answered still writes to its own stack and gate for a moment. */
static bool rounds_until_none(struct carry *carry)
{
	__u64 pages;

	for (int i = 0; i < 10; i++) {
		if (!a_round(carry, &pages))
			return false;
		if (!pages)
			return true;
	}
	return expect(false, "%llu pages though nothing runs",
		      (unsigned long long)pages);
}

static void only_what_was_written(void)
{
	struct carry carry;
	__u64 all, pages, looked = 0;
	size_t length;

	if (begin(&carry) && a_round(&carry, &all) &&
	    rounds_until_none(&carry)) {
		expect(all >= PAGES, "the first round has %llu pages",
		       (unsigned long long)all);
		length = carry.length;
		ask(&alpha, "run", "1", NULL);
		expect_ok(rewire_session_look(carry.out, &looked,
					      &carry.error), &carry.error);
		a_round(&carry, &pages);
		/* its pages, and those of stack, call and gate */
		expect(pages >= WRITES && pages < WRITES + 16,
		       "%llu pages for %d writes", (unsigned long long)pages,
		       WRITES);
		expect(looked >= WRITES && looked <= pages,
		       "a look counts %llu, the round has %llu",
		       (unsigned long long)looked, (unsigned long long)pages);
		expect(carry.length - length < (WRITES + 17) * 4096 + 4096,
		       "%zu bytes for them", carry.length - length);
		rounds_until_none(&carry);
		arrive(&carry);
		ask(&beta, "verify", NULL, NULL);
	}
	end();
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each page's first write waits, also that of a thread which is to stand still. */
static void slowed_down(void)
{
	struct carry carry;
	__u64 pages;
	double start;

	if (begin(&carry) && a_round(&carry, &pages) &&
	    expect_ok(rewire_session_round(carry.out, REWIRE_MAX_DELAY_US,
					   &pages, &carry.error),
		      &carry.error) &&
	    expect_ok(carry_step(&carry, STEP_READ), &carry.error)) {
		start = now_s();
		ask(&alpha, "run", "1", NULL);
		expect(now_s() - start >= WRITES * 0.1,
		       "%d pages in %g s", WRITES, now_s() - start);
		work_busy(&work, &alpha, "run", 64);
		arrive(&carry);
		expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
		ask(&beta, "verify", NULL, NULL);
	}
	end();
}

/*
 * A target's checkpoint that is not done when the enclave runs there must never
 * be: it would be one of an instance that ran on.
 */
static void sealed_after_it_ran(void)
{
	struct blob blob = { 0 };
	struct carry carry;
	bool rounds, last = true;
	__u64 pages;
	int fd;

	if (begin(&carry) && a_round(&carry, &pages) &&
	    expect_ok(carry_write(&carry, carry.stream, carry.length),
		      &carry.error)) {
		carry.length = 0;
		fd = rewire_session_checkpoint(carry.in, &rounds, &carry.error);
		expect_ok(fd, &carry.error);
		expect_ok(blob_round(&blob, fd, &last, &carry.error),
			  &carry.error);
		expect(rounds && !last, "it is sealed as if it stood still");
		arrive(&carry);
		ask(&beta, "run", "3", NULL);
		expect_refusal(blob_round(&blob, fd, &last, &work.error),
			       ECANCELED, &work.error, "its migration is over");
		close(fd);
		ask(&beta, "verify", NULL, NULL);
	}
	blob_free(&blob);
	end();
}

static void out_of_turn(void)
{
	struct carry carry;
	__u64 pages;
	__u8 byte;

	work_start(&work, &alpha, "counter");
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	expect_refusal(carry_round(&carry, &pages), EBADFD, &carry.error,
		       "OFFERED");
	expect_ok(carry_steps(&carry, STEP_ACCEPT, STEP_AGREE), &carry.error);
	expect(read(carry.out, &byte, 1) < 0 && errno == EBADFD,
	       "there is something to read before a round");
	expect_ok(rewire_session_round(carry.out, 0, &pages, &carry.error),
		  &carry.error);
	expect_refusal(carry_round(&carry, &pages), EBUSY, &carry.error,
		       "not read to its end");
	expect_refusal(rewire_session_round(carry.out, REWIRE_MAX_DELAY_US + 1,
					    &pages, &carry.error), EINVAL,
		       &carry.error, "delay");
	expect_refusal(carry_step(&carry, STEP_FREEZE), EBUSY, &carry.error,
		       "not read to its end");
	/* given up in the middle of a round: nobody noticed, and it can be copied
	 * again
	 */
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	carry_end(&carry);
	expect_counts(&work, &alpha);
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	a_round(&carry, &pages);
	expect_counts(&work, &alpha);
	arrive(&carry);
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	end();
}

/* The source is wiped while it is copied: there is no more of it. */
static void destroyed_in_a_round(void)
{
	struct carry carry;
	__u64 pages;
	__u8 byte;

	if (begin(&carry) && a_round(&carry, &pages)) {
		ask(&alpha, "run", "1", NULL);
		kill((pid_t)work_info(&work, &alpha).pid, SIGKILL);
		for (int i = 0; i < 6000 && work_count(&work, &alpha); i++)
			usleep(10000);
		expect_refusal(carry_round(&carry, &pages), ECANCELED,
			       &carry.error, "");
		expect(read(carry.out, &byte, 1) <= 0, "it can be read");
		carry_end(&carry);
	}
	end();
}

/* ---- to and fro, each time in another way ---- */

static unsigned long long chance_state;

/* The same for the same seed; good enough to choose by. */
static unsigned int chance(unsigned int below)
{
	chance_state = chance_state * 6364136223846793005ULL +
		       1442695040888963407ULL;
	return (unsigned int)(chance_state >> 33) % below;
}

static unsigned long long setting(const char *name, unsigned long long usual)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : usual;
}

/**
 * struct way - one migration
 * @carry: its sessions
 * @rounds: before it stands still
 * @sealing: files of both sides, or -1
 * @sealed: what they gave
 */
struct way {
	struct carry carry;
	unsigned int rounds;
	int sealing[2];
	struct blob sealed[2];
};

static bool seal(struct way *way, int side, bool *ret_last)
{
	return expect_ok(blob_round(&way->sealed[side], way->sealing[side],
				    ret_last, &way->carry.error),
			 &way->carry.error);
}

static bool begin_to_seal(struct way *way)
{
	const int session[2] = { way->carry.out, way->carry.in };
	bool rounds, last;

	for (int side = 0; side < 2; side++) {
		way->sealing[side] =
			rewire_session_checkpoint(session[side], &rounds,
						  &way->carry.error);
		if (!expect_ok(way->sealing[side], &way->carry.error) ||
		    !seal(way, side, &last))
			return false;
	}
	return true;
}

/* Read it all, and write it on. */
static bool pass_round(struct carry *carry)
{
	__u64 pages;

	if (!expect_ok(rewire_session_round(carry->out, chance(3) ? 0 :
					    chance(2000), &pages,
					    &carry->error), &carry->error) ||
	    !expect_ok(carry_step(carry, STEP_READ), &carry->error) ||
	    !expect_ok(carry_forward(carry), &carry->error))
		return false;
	carry->length = 0;
	return true;
}

static bool copy_some(struct way *way)
{
	unsigned int first = chance(2) ? 0 : way->rounds;
	bool last;

	for (unsigned int i = 0; i < way->rounds; i++) {
		if (!pass_round(&way->carry) ||
		    (i == first && !begin_to_seal(way)))
			return false;
		for (int side = 0; side < 2 && i > first; side++)
			if (chance(2) && !seal(way, side, &last))
				return false;
	}
	return true;
}

static bool stop_and_finish(struct way *way, const struct host *to)
{
	struct carry *carry = &way->carry;
	bool last = false;

	if (!expect_ok(carry_step(carry, STEP_FREEZE), &carry->error) ||
	    (way->sealing[0] >= 0 && !seal(way, 0, &last)) ||
	    !expect_ok(carry_steps(carry, STEP_READ, STEP_WRITE),
		       &carry->error) ||
	    (way->sealing[1] >= 0 && !seal(way, 1, &last)))
		return false;
	expect(way->sealing[1] < 0 || last, "what is sealed is not all of it");
	if (!expect_ok(carry_steps(carry, STEP_READY, STEP_RECEIPT),
		       &carry->error))
		return false;
	carry_enter(carry, &work);
	return expect_ok(work_ask(&work, to, PATIENCE_MS), &work.error);
}

static bool give_up(struct way *way, const struct host *from)
{
	struct carry *carry = &way->carry;

	return expect_ok(carry_abort(carry, carry->out), &carry->error) &&
	       expect_ok(carry_abort(carry, carry->in), &carry->error) &&
	       expect_ok(work_ask(&work, from, PATIENCE_MS), &work.error);
}

/* Return: where it is afterwards, which works there and is as it should be. */
static const struct host *go(const struct host *from, const struct host *to)
{
	struct way way = { .rounds = chance(5), .sealing = { -1, -1 } };
	bool moves = chance(6), good;
	const struct host *at = moves ? to : from;

	carry_init(&way.carry, &work, from, to, LIFETIME_MS);
	way.carry.lanes = 1 + chance(REWIRE_MAX_LANES);
	good = expect_ok(carry_steps(&way.carry, STEP_OFFER, STEP_AGREE),
			 &way.carry.error);
	work_busy(&work, from, "run", 1 + chance(64));
	good = good && copy_some(&way) &&
	       (moves ? stop_and_finish(&way, to) : give_up(&way, from));
	for (int side = 0; side < 2; side++) {
		if (way.sealing[side] >= 0)
			close(way.sealing[side]);
		blob_free(&way.sealed[side]);
	}
	carry_end(&way.carry);
	return good && ask(at, "verify", NULL, NULL) ? at : NULL;
}

static void to_and_fro(void)
{
	unsigned long long moves = setting("REWIRE_MOVES", 8);
	const struct host *at = &alpha;

	chance_state = setting("REWIRE_SEED", 1);
	work_start(&work, &alpha, "churn-4M");
	ask(&alpha, "fill", "2", "7");
	ask(&alpha, "dirty", "10", NULL);
	for (unsigned long long i = 0; i < moves && at; i++) {
		at = go(at, at == &alpha ? &beta : &alpha);
		expect(at, "migration %llu of %llu, REWIRE_SEED=%llu", i + 1,
		       moves, setting("REWIRE_SEED", 1));
	}
	if (at)
		expect(work_count(&work, at) == 1 &&
		       !work_count(&work, at == &alpha ? &beta : &alpha),
		       "there is not one instance");
	end();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "every_page_as_last_written", pages_as_last_written },
		{ "while_it_writes", while_it_writes },
		{ "by_four_streams", by_four_streams },
		{ "while_it_writes_by_four_streams",
		  while_it_writes_by_four_streams },
		{ "only_what_was_written", only_what_was_written },
		{ "slowed_down", slowed_down },
		{ "attack_22_sealed_after_it_ran", sealed_after_it_ran },
		{ "out_of_turn", out_of_turn },
		{ "destroyed_in_a_round", destroyed_in_a_round },
		{ "to_and_fro", to_and_fro },
		{ 0 }
	};

	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
