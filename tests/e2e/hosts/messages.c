// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that a helper changes, repeats, turns around or keeps for another
 * migration. None of them moves a session; the right one still does.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"

#define STRIDE	53	/* of the bytes that are changed, one after the other */

static struct host alpha, beta;
static struct work work;

static void begin(struct carry *carry, enum step last)
{
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

/* The source gives up, tells the target, and runs. */
static void end_cancelled(struct carry *carry)
{
	expect_ok(carry_abort(carry, carry->out), &carry->error);
	expect_ok(carry_put(carry, carry->in,
			    &carry->said[REWIRE_MSG_ABORTED]), &carry->error);
	expect_aborted(carry, carry->in);
	carry_end(carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

/* From where it is to its end; then a new one, for the next case. */
static void end_moved(struct carry *carry, enum step first)
{
	expect_ok(carry_steps(carry, first, STEP_RECEIPT), &carry->error);
	carry_enter(carry, &work);
	carry_end(carry);
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	work_end(&work, &alpha, &beta);
	work_start(&work, &alpha, "counter");
}

/* Refused for whatever reason, and nothing has moved. */
static void expect_unmoved(struct carry *carry, int session,
			   const struct message *message, const char *what)
{
	__u32 state = carry_state(carry, session);
	int rc = carry_put(carry, session, message);

	expect(rc == -EKEYREJECTED || rc == -EBADMSG || rc == -EBADFD ||
	       rc == -ENOKEY || rc == -EOPNOTSUPP || rc == -EINVAL,
	       "%s: %s", what, rc ? carry->error.text : "not refused");
	expect(!rc || strlen(carry->error.text) > 40, "%s: no reason is given",
	       what);
	expect(carry_state(carry, session) == state, "%s: it went from %s to %s",
	       what, rewire_session_state_name(state),
	       rewire_session_state_name(carry_state(carry, session)));
}

static void expect_no_flip(struct carry *carry, int session, __u32 kind)
{
	struct message changed = carry->said[kind];

	for (size_t at = 0; at < changed.length; at += STRIDE) {
		changed.bytes[at] ^= 1;
		expect_unmoved(carry, session, &changed,
			       rewire_message_name(kind));
		changed.bytes[at] ^= 1;
	}
	changed.length--;
	expect_unmoved(carry, session, &changed, "one byte short");
	changed.length += 2;
	expect_unmoved(carry, session, &changed, "one byte long");
}

static void changed(void)
{
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	expect_no_flip(&carry, carry.out, REWIRE_MSG_ACCEPT);
	carry_steps(&carry, STEP_AGREE, STEP_WRITE);
	carry_get(&carry, carry.in, REWIRE_MSG_READY);
	expect_no_flip(&carry, carry.out, REWIRE_MSG_READY);
	carry_step(&carry, STEP_READY);
	carry_get(&carry, carry.out, REWIRE_MSG_START);
	expect_no_flip(&carry, carry.in, REWIRE_MSG_START);
	carry_step(&carry, STEP_START);
	carry_get(&carry, carry.in, REWIRE_MSG_ACTIVE);
	expect_no_flip(&carry, carry.out, REWIRE_MSG_ACTIVE);
	end_moved(&carry, STEP_ACTIVE);
}

static void changed_offer(void)
{
	struct carry carry;

	begin(&carry, STEP_OFFER);
	for (size_t at = 0; at < carry.said[REWIRE_MSG_OFFER].length;
	     at += STRIDE) {
		int rc;

		carry.said[REWIRE_MSG_OFFER].bytes[at] ^= 1;
		rc = carry_step(&carry, STEP_ACCEPT);
		expect(rc == -EKEYREJECTED || rc == -EBADMSG ||
		       rc == -ENOKEY || rc == -EOPNOTSUPP, "byte %zu: %s", at,
		       rc < 0 ? carry.error.text : "not refused");
		carry.said[REWIRE_MSG_OFFER].bytes[at] ^= 1;
	}
	expect(!work_count(&work, &beta) && !host_info(&beta).sessions,
	       "something is left at the target");
	end_moved(&carry, STEP_ACCEPT);
}

static void reflected(void)
{
	struct carry carry;
	int sm;

	/* The source's own OFFER as if it were the target's evidence. */
	begin(&carry, STEP_OFFER);
	expect_refusal(carry_put(&carry, carry.out,
				 &carry.said[REWIRE_MSG_OFFER]), EBADFD,
		       &carry.error, "no message of kind 1 for a source");
	sm = host_open_sm(&alpha);
	expect_refusal(rewire_session_in(sm, &carry.request,
					 carry.said[REWIRE_MSG_OFFER].bytes,
					 carry.said[REWIRE_MSG_OFFER].length,
					 &carry.error), EPERM, &carry.error,
		       "another SM as its target");
	close(sm);
	/* Each of the others, back to who said it. */
	carry_step(&carry, STEP_ACCEPT);
	expect_unmoved(&carry, carry.in, &carry.said[REWIRE_MSG_ACCEPT],
		       "ACCEPT to the target");
	carry_steps(&carry, STEP_AGREE, STEP_WRITE);
	carry_get(&carry, carry.in, REWIRE_MSG_READY);
	expect_unmoved(&carry, carry.in, &carry.said[REWIRE_MSG_READY],
		       "READY to the target");
	carry_step(&carry, STEP_READY);
	carry_get(&carry, carry.out, REWIRE_MSG_START);
	expect_unmoved(&carry, carry.out, &carry.said[REWIRE_MSG_START],
		       "START to the source");
	carry_step(&carry, STEP_START);
	carry_get(&carry, carry.in, REWIRE_MSG_ACTIVE);
	expect_unmoved(&carry, carry.in, &carry.said[REWIRE_MSG_ACTIVE],
		       "ACTIVE to the target");
	end_moved(&carry, STEP_ACTIVE);
}

/* ABORTED has no transcript in it: the role alone says whose it is. */
static void reflected_abort(void)
{
	struct carry carry, other;

	begin(&carry, STEP_ACCEPT);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	expect_unmoved(&carry, carry.in, &carry.said[REWIRE_MSG_ABORTED],
		       "ABORTED to who said it");
	/* And it ends no other migration. */
	expect_ok(carry_put(&carry, carry.out,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	begin(&other, STEP_FREEZE);
	expect_unmoved(&other, other.out, &carry.said[REWIRE_MSG_ABORTED],
		       "ABORTED of another migration");
	expect_unmoved(&other, other.in, &carry.said[REWIRE_MSG_ABORTED],
		       "ABORTED of another migration, reflected");
	carry_end(&carry);
	end_cancelled(&other);
}

/* Everything that was said in one migration, in each state of the next. */
static void of_another_session(void)
{
	struct carry old, carry;
	struct work first;

	begin(&old, STEP_ACTIVE);
	carry_get(&old, old.out, REWIRE_MSG_RECEIPT);
	first = work;
	work_start(&work, &alpha, "counter");
	begin(&carry, STEP_ACCEPT);
	for (enum step step = STEP_AGREE; step <= STEP_ACTIVE; step++) {
		for (__u32 kind = REWIRE_MSG_OFFER; kind <= REWIRE_MSG_RECEIPT;
		     kind++) {
			expect_unmoved(&carry, carry.out, &old.said[kind],
				       rewire_message_name(kind));
			expect_unmoved(&carry, carry.in, &old.said[kind],
				       rewire_message_name(kind));
		}
		expect_ok(carry_step(&carry, step), &carry.error);
	}
	end_moved(&carry, STEP_RECEIPT);
	expect_ok(carry_put(&old, old.in, &old.said[REWIRE_MSG_RECEIPT]),
		  &old.error);
	carry_end(&old);
	work_end(&first, &alpha, &beta);
}

/* The same workload and epoch again: only the session differs. */
static void of_an_earlier_try(void)
{
	struct carry old, carry;

	begin(&old, STEP_WRITE);
	carry_get(&old, old.in, REWIRE_MSG_READY);
	expect_ok(carry_abort(&old, old.out), &old.error);
	expect_ok(carry_put(&old, old.in, &old.said[REWIRE_MSG_ABORTED]),
		  &old.error);
	begin(&carry, STEP_ACCEPT);
	expect_unmoved(&carry, carry.out, &old.said[REWIRE_MSG_ACCEPT],
		       "ACCEPT of an earlier try");
	carry_steps(&carry, STEP_AGREE, STEP_READ);
	expect_unmoved(&carry, carry.out, &old.said[REWIRE_MSG_READY],
		       "READY of an earlier try");
	carry_step(&carry, STEP_WRITE);
	expect_unmoved(&carry, carry.out, &old.said[REWIRE_MSG_READY],
		       "READY of an earlier try, when one is due");
	carry_end(&old);
	end_moved(&carry, STEP_READY);
}

static void second_exchange(void)
{
	struct carry carry;
	struct message accept;
	int session = -1, rc;

	begin(&carry, STEP_AGREE);
	accept = carry.said[REWIRE_MSG_ACCEPT];
	/* The target makes no second key for the same request. */
	session = carry.in;
	rc = carry_step(&carry, STEP_ACCEPT);
	carry.in = session;
	expect_refusal(rc, EEXIST, &carry.error, "the workload lives here");
	/* The same again is no news. */
	expect_ok(carry_put(&carry, carry.out, &accept), &carry.error);
	expect(carry_state(&carry, carry.out) == REWIRE_SESSION_AGREED,
	       "ACCEPT again made it %s",
	       rewire_session_state_name(carry_state(&carry, carry.out)));
	end_moved(&carry, STEP_FREEZE);
}

/* Every message twice, at once and later: success, and no effect. */
static void repeated(void)
{
	struct carry carry;
	__u32 start, active;

	begin(&carry, STEP_READY);
	expect_ok(carry_put(&carry, carry.out, &carry.said[REWIRE_MSG_READY]),
		  &carry.error);
	expect_ok(carry_steps(&carry, STEP_START, STEP_ACTIVE), &carry.error);
	carry_enter(&carry, &work);
	for (int i = 0; i < 2; i++) {
		start = carry_put(&carry, carry.in,
				  &carry.said[REWIRE_MSG_START]);
		active = carry_put(&carry, carry.out,
				   &carry.said[REWIRE_MSG_ACTIVE]);
		expect(!start && !active, "%s", carry.error.text);
		expect_only_at(&work, &beta, &alpha, EREMCHG);
		expect_ok(carry_step(&carry, STEP_RECEIPT), &carry.error);
	}
	/* Also when the instance is gone. */
	expect_ok(work_destroy(&work, &beta), &work.error);
	expect_ok(carry_put(&carry, carry.in, &carry.said[REWIRE_MSG_START]),
		  &carry.error);
	expect(!work_count(&work, &beta) && !work_count(&work, &alpha),
	       "START again brought it back");
	carry_end(&carry);
	work_start(&work, &alpha, "counter");
}

/* The helper dies and is started again: sessions are found by number. */
static void reopened(void)
{
	struct carry carry;
	const __u8 *id = carry.request.body.request.id;

	begin(&carry, STEP_READY);
	close(carry.out);
	close(carry.in);
	carry.out = rewire_session_open(alpha.sm, id, REWIRE_SIDE_SOURCE,
					&carry.error);
	expect_ok(carry.out, &carry.error);
	carry.in = rewire_session_open(beta.sm, id, REWIRE_SIDE_TARGET,
				       &carry.error);
	expect_ok(carry.in, &carry.error);
	expect(carry_state(&carry, carry.out) == REWIRE_SESSION_RELINQUISHED &&
	       carry_state(&carry, carry.in) == REWIRE_SESSION_PREPARED,
	       "source or target gave up when its helper went");
	end_moved(&carry, STEP_START);
}

static const struct test_case cases[] = {
	{ "bytes of OFFER changed", changed_offer },
	{ "bytes of ACCEPT, READY, START, ACTIVE changed", changed },
	{ "attack_37_reflected_message", reflected },
	{ "ABORTED reflected, and of another migration", reflected_abort },
	{ "attack_35_message_of_another_session", of_another_session },
	{ "messages of an earlier try of the same", of_an_earlier_try },
	{ "attack_34_second_key_exchange", second_exchange },
	{ "START and ACTIVE replayed", repeated },
	{ "helpers restarted after RELINQUISHED", reopened },
	{ 0 }
};

int main(int argc, char **argv)
{
	int rc;

	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	rc = cases_run(cases, argc, argv);
	work_destroy(&work, &alpha);
	return rc;
}
