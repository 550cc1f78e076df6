// SPDX-License-Identifier: GPL-2.0-only
/*
 * A migration given up in each of its states, by each side, by time, by the end
 * of a helper.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"

#define SHORT_MS	2000

static struct host alpha, beta;
static struct work work;

static void begin(struct carry *carry, enum step last)
{
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

static void expect_state(struct carry *carry, int session, __u32 state)
{
	__u32 is = carry_state(carry, session);

	expect(is == state, "it is %s, not %s", rewire_session_state_name(is),
	       rewire_session_state_name(state));
}

/* ABORTED, said by @from, is brought to the other side. */
static void tell(struct carry *carry, int from)
{
	int to = from == carry->out ? carry->in : carry->out;

	expect_ok(carry_get(carry, from, REWIRE_MSG_ABORTED), &carry->error);
	if (to < 0)
		return;
	expect_ok(carry_put(carry, to, &carry->said[REWIRE_MSG_ABORTED]),
		  &carry->error);
	expect_aborted(carry, to);
}

/* Each state that the source may give up in. */
static void cancel_at_source(void)
{
	static const struct {
		enum step last;
		__u32 state;
	} places[] = {
		{ STEP_OFFER, REWIRE_SESSION_OFFERED },
		{ STEP_ACCEPT, REWIRE_SESSION_OFFERED },
		{ STEP_AGREE, REWIRE_SESSION_AGREED },
		{ STEP_FREEZE, REWIRE_SESSION_FROZEN },
		{ STEP_READ, REWIRE_SESSION_FROZEN },
		{ STEP_WRITE, REWIRE_SESSION_FROZEN },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct carry carry;

		begin(&carry, places[i].last);
		expect_state(&carry, carry.out, places[i].state);
		expect_ok(carry_abort(&carry, carry.out), &carry.error);
		expect_reason(&carry, &alpha, REWIRE_SESSION_ABORTED,
			      "cancelled");
		tell(&carry, carry.out);
		carry_end(&carry);
		expect_only_at(&work, &alpha, &beta, i ? EREMCHG : ENOENT);
	}
}

static void cancel_at_target(void)
{
	static const enum step places[] = { STEP_ACCEPT, STEP_FREEZE,
					    STEP_WRITE };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct carry carry;

		begin(&carry, places[i]);
		expect_ok(carry_abort(&carry, carry.in), &carry.error);
		expect_reason(&carry, &beta, REWIRE_SESSION_ABORTED,
			      "cancelled");
		tell(&carry, carry.in);
		expect_reason(&carry, &alpha, REWIRE_SESSION_ABORTED,
			      "the other side aborted");
		carry_end(&carry);
		expect_only_at(&work, &alpha, &beta, EREMCHG);
	}
}

/* START is out: the source cannot go back, whatever anybody asks of it. */
static void cancel_after_start(void)
{
	struct carry carry;
	struct work late;

	begin(&carry, STEP_READY);
	carry_get(&carry, carry.out, REWIRE_MSG_START);
	expect_refusal(carry_abort(&carry, carry.out), EBADFD, &carry.error,
		       "not for a migration that is RELINQUISHED");
	expect_refusal(work_resume(&work, &alpha), EBADFD, &work.error,
		       "not for an enclave that is FROZEN");
	expect_refusal(work_destroy(&work, &alpha), EBUSY, &work.error,
		       "migrat");
	work_prepare(&work, "add", "1", NULL);
	expect_refusal(work_ask(&work, &alpha, 200), ETIMEDOUT, &work.error,
		       "no answer yet");
	expect(work_info(&work, &alpha).state == REWIRE_ENCLAVE_FROZEN,
	       "the source's enclave is not FROZEN");
	expect_ok(carry_steps(&carry, STEP_START, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	expect_refusal(carry_abort(&carry, carry.in), EBADFD, &carry.error,
		       "not for a migration that is ACTIVE");
	expect_refusal(carry_abort(&carry, carry.out), EBADFD, &carry.error,
		       "not for a migration that is DESTROYED");
	carry_end(&carry);
	/* The call came after the stream was cut: it is asked again there. */
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	work.counter++;
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	late = work;
	expect_refusal(work_load(&late, &alpha, "counter", "counter"), EREMCHG,
		       &late.error, "moved to another SM");
	work_end(&work, &alpha, &beta);
	work_start(&work, &alpha, "counter");
}

/* The target gives up, START or not; START comes too late then. */
static void target_aborts_after_relinquished(void)
{
	struct carry carry;
	__u64 epoch;

	begin(&carry, STEP_READY);
	epoch = work_info(&work, &alpha).epoch;
	carry_get(&carry, carry.out, REWIRE_MSG_START);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	tell(&carry, carry.in);
	expect_refusal(carry_put(&carry, carry.in,
				 &carry.said[REWIRE_MSG_START]), EBADFD,
		       &carry.error, "ABORTED");
	expect(!work_count(&work, &beta), "the target has an instance");
	/* e + 1 was promised to the target: the source goes on in e + 2. */
	expect(work_info(&work, &alpha).epoch == epoch + 2,
	       "the source is in epoch %llu after %llu",
	       work_info(&work, &alpha).epoch, epoch);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

/* Wait until the SM itself has ended it. */
static void await_abort(struct carry *carry, int session)
{
	struct pollfd over = { .fd = session };

	/* POLLHUP needs no asking. */
	expect(poll(&over, 1, PATIENCE_MS) == 1 && over.revents & POLLHUP,
	       "nothing happened at the deadline");
	expect_aborted(carry, session);
}

/* As short as this machine can do these steps in. */
static void begin_in_time(struct carry *carry, enum step last)
{
	__u32 lifetime_ms = SHORT_MS;

	for (;;) {
		carry_init(carry, &work, &alpha, &beta, lifetime_ms);
		if (!carry_steps(carry, STEP_OFFER, last))
			return;
		if (!expect(lifetime_ms < 32 * SHORT_MS, "%s",
			    carry->error.text))
			return;
		carry_end(carry);
		lifetime_ms *= 2;
	}
}

static void deadline_of_source(void)
{
	static const enum step places[] = { STEP_OFFER, STEP_FREEZE };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct carry carry;

		begin_in_time(&carry, places[i]);
		await_abort(&carry, carry.out);
		expect_reason(&carry, &alpha, REWIRE_SESSION_ABORTED,
			      "the deadline has passed");
		if (carry.in >= 0)
			await_abort(&carry, carry.in);
		carry_end(&carry);
		expect_only_at(&work, &alpha, &beta, EREMCHG);
	}
}

/* Relinquished: time gives nothing back, only the target's word does. */
static void deadline_of_target(void)
{
	struct carry carry;

	begin_in_time(&carry, STEP_READY);
	carry_get(&carry, carry.out, REWIRE_MSG_START);
	await_abort(&carry, carry.in);
	expect_reason(&carry, &beta, REWIRE_SESSION_ABORTED,
		      "the deadline has passed");
	expect_state(&carry, carry.out, REWIRE_SESSION_RELINQUISHED);
	expect_refusal(carry_put(&carry, carry.in,
				 &carry.said[REWIRE_MSG_START]), EBADFD,
		       &carry.error, "ABORTED");
	tell(&carry, carry.in);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

/* The helper's end is the file's: in each state that has a way back. */
static void helper_gone(void)
{
	static const enum step places[] = { STEP_OFFER, STEP_AGREE,
					    STEP_FREEZE, STEP_READ };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct carry carry;

		begin(&carry, places[i]);
		close(carry.out);
		carry.out = -1;
		if (carry.in >= 0) {
			close(carry.in);
			carry.in = -1;
		}
		expect_reason(&carry, &alpha, REWIRE_SESSION_ABORTED,
			      "its helper went away");
		carry_end(&carry);
		expect_only_at(&work, &alpha, &beta, EREMCHG);
	}
}

/* What stood still before stands still afterwards, here or there. */
static void paused_all_the_while(void)
{
	struct carry carry;

	expect_ok(work_pause(&work, &alpha), &work.error);
	begin(&carry, STEP_READ);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	tell(&carry, carry.out);
	carry_end(&carry);
	expect(work_info(&work, &alpha).state == REWIRE_ENCLAVE_PAUSED,
	       "after an abort it is not PAUSED");
	expect_ok(work_resume(&work, &alpha), &work.error);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

/* A request is for one try. */
static void again(void)
{
	struct carry carry;

	begin(&carry, STEP_AGREE);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	tell(&carry, carry.out);
	close(carry.out);
	close(carry.in);
	carry.out = carry.in = -1;
	expect_refusal(carry_step(&carry, STEP_OFFER), ESTALE, &carry.error,
		       "this request was used before");
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	begin(&carry, STEP_RECEIPT);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "cancelled by the source in each state", cancel_at_source },
	{ "cancelled by the target in each state", cancel_at_target },
	{ "attack_33_cancel_after_start", cancel_after_start },
	{ "the target aborts after RELINQUISHED",
	  target_aborts_after_relinquished },
	{ "the deadline of the source", deadline_of_source },
	{ "the deadline of the target", deadline_of_target },
	{ "the helper goes away in each state", helper_gone },
	{ "an enclave that was paused", paused_all_the_while },
	{ "after an abort, the same request and a new one", again },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
