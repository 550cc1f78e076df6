// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strict SMs: what others act on for good waits for the witness, each time.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"
#include "lives.h"

static const char why[] = "no witness knows journal record";

static struct life alpha, beta;
static struct memory alpha_memory, beta_memory;
static struct work work;
static struct rewire_error error;

/* Until the witness has remembered the latest head. */
static void witness(const struct life *life, struct memory *memory)
{
	expect_ok(life_witness(life, memory, &error), &error);
	expect_ok(life_witness(life, memory, &error), &error);
	expect(life_freshness(life) == REWIRE_FRESHNESS_STRICT,
	       "it is %s", rewire_freshness_name(life_freshness(life)));
}

static void begin(void)
{
	memset(&alpha_memory, 0, sizeof(alpha_memory));
	memset(&beta_memory, 0, sizeof(beta_memory));
	life_begin(&alpha, "alpha", REWIRE_PROVISION_STRICT);
	life_begin(&beta, "beta", REWIRE_PROVISION_STRICT);
	witness(&alpha, &alpha_memory);
	witness(&beta, &beta_memory);
	/* a first start has nothing behind it that could come back */
	work_start(&work, &alpha.host, "counter");
	expect_counts(&work, &alpha.host);
}

static void end(struct carry *carry)
{
	carry_end(carry);
	work_destroy(&work, &alpha.host);
	work_destroy(&work, &beta.host);
}

static int enter(const struct life *life)
{
	int fd = work_open(&work, &life->host), rc = fd;

	host_enter(&life->host);
	if (fd >= 0)
		rc = rewire_enclave_enter(fd, PATIENCE_MS, NULL, &work.error);
	close(fd);
	return rc;
}

/* Refused as often as it is asked for, and nothing is different then. */
static void expect_held(struct carry *carry, int session, __u32 kind)
{
	__u32 state = carry_state(carry, session);

	for (int i = 0; i < 2; i++)
		expect_refusal(carry_get(carry, session, kind), ENOLINK,
			       &carry->error, why);
	expect(carry_state(carry, session) == state, "the session went on");
}

static void each_step_is_witnessed(void)
{
	struct carry carry;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READY), &carry.error);
	expect_held(&carry, carry.out, REWIRE_MSG_START);
	witness(&alpha, &alpha_memory);
	expect_ok(carry_step(&carry, STEP_START), &carry.error);

	expect_held(&carry, carry.in, REWIRE_MSG_ACTIVE);
	expect_refusal(enter(&beta), ENOLINK, &work.error, why);
	witness(&beta, &beta_memory);
	expect_ok(enter(&beta), &work.error);
	expect_ok(carry_steps(&carry, STEP_ACTIVE, STEP_RECEIPT), &carry.error);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	end(&carry);
}

static void aborted_is_witnessed(void)
{
	struct carry carry;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READY), &carry.error);
	witness(&alpha, &alpha_memory);
	expect_ok(rewire_session_give_up(carry.in, &carry.error), &carry.error);
	expect_held(&carry, carry.in, REWIRE_MSG_ABORTED);
	witness(&beta, &beta_memory);
	expect_ok(carry_get(&carry, carry.in, REWIRE_MSG_ABORTED),
		  &carry.error);
	expect_ok(carry_put(&carry, carry.out,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	expect_aborted(&carry, carry.out);
	/* it has its enclave back, and runs on only when that is known */
	expect(work_info(&work, &alpha.host).state == REWIRE_ENCLAVE_PAUSED,
	       "it runs and nobody knows");
	expect_refusal(work_resume(&work, &alpha.host), ENOLINK, &work.error,
		       why);
	/* nobody acts on the source's ABORTED but by giving up, too */
	expect_ok(carry_get(&carry, carry.out, REWIRE_MSG_ABORTED),
		  &carry.error);
	witness(&alpha, &alpha_memory);
	expect(work_becomes(&work, &alpha.host, REWIRE_ENCLAVE_RUNNING),
	       "it does not go on by itself");
	expect_only_at(&work, &alpha.host, &beta.host, EREMCHG);
	end(&carry);
}

static void checkpoint_is_witnessed(void)
{
	struct carry none = { .out = -1, .in = -1 };
	struct blob old, last;
	__u64 epoch;

	begin();
	expect_ok(work_pause(&work, &alpha.host), &work.error);
	/* without a checkpoint there is nothing to wait for */
	expect_ok(work_resume(&work, &alpha.host), &work.error);
	expect_ok(work_pause(&work, &alpha.host), &work.error);
	old = blob_extract(&work, &alpha.host);
	epoch = work_info(&work, &alpha.host).epoch;
	for (int i = 0; i < 2; i++)
		expect_refusal(work_resume(&work, &alpha.host), ENOLINK,
			       &work.error, why);
	expect(work_info(&work, &alpha.host).epoch == epoch + 1,
	       "the epoch is %llu",
	       (unsigned long long)work_info(&work, &alpha.host).epoch);
	witness(&alpha, &alpha_memory);
	expect_ok(work_resume(&work, &alpha.host), &work.error);
	expect_counts(&work, &alpha.host);
	expect_ok(work_pause(&work, &alpha.host), &work.error);
	last = blob_extract(&work, &alpha.host);

	life_restart(&alpha);
	witness(&alpha, &alpha_memory);
	expect_refusal(blob_restore(&old, &alpha.host, &work.error), ESTALE,
		       &work.error, "the state is of epoch");
	expect_refusal(blob_restore(&last, &alpha.host, &work.error), ENOLINK,
		       &work.error, why);
	witness(&alpha, &alpha_memory);
	expect_ok(work_resume(&work, &alpha.host), &work.error);
	expect_counts(&work, &alpha.host);
	blob_free(&old);
	blob_free(&last);
	end(&none);
}

/*
 * A source that may forget that it gave the workload away would have it twice:
 * START is out, and the journal from before goes on with the checkpoint.
 */
static void start_not_witnessed(void)
{
	char before[JOURNAL_PATH];
	struct carry carry;
	struct life old;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	witness(&alpha, &alpha_memory);
	life_keep(&alpha, before);
	expect_ok(carry_step(&carry, STEP_READY), &carry.error);
	if (!expect_refusal(carry_step(&carry, STEP_START), ENOLINK,
			    &carry.error, why))
		return;
	witness(&alpha, &alpha_memory);
	expect_ok(carry_step(&carry, STEP_START), &carry.error);

	expect_ok(life_from(&old, "alpha", before, REWIRE_PROVISION_STRICT,
			    &error), &error);
	expect_refusal(life_witness(&old, &alpha_memory, &error), EUCLEAN,
		       &error, "it was rolled back");
	witness(&beta, &beta_memory);
	expect_ok(enter(&beta), &work.error);
	expect_ok(carry_steps(&carry, STEP_ACTIVE, STEP_RECEIPT), &carry.error);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	end(&carry);
}

/* What was not said yet when the power failed waits in the next life as well. */
static void held_over_a_restart(void)
{
	struct memory stale;
	struct carry carry;

	begin();
	stale = alpha_memory;
	witness(&alpha, &alpha_memory);
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READY), &carry.error);
	life_restart(&alpha);
	/* another witness, who has not been asked for long: the SM may start */
	expect_ok(life_witness(&alpha, &stale, &error), &error);
	close(carry.out);
	carry.out = rewire_session_open(alpha.host.sm,
					carry.request.body.request.id,
					REWIRE_SIDE_SOURCE, &carry.error);
	expect(carry.out >= 0, "%s", carry.error.text);
	expect_held(&carry, carry.out, REWIRE_MSG_START);
	witness(&alpha, &alpha_memory);
	expect_ok(carry_step(&carry, STEP_START), &carry.error);
	witness(&beta, &beta_memory);
	expect_ok(enter(&beta), &work.error);
	expect_ok(carry_steps(&carry, STEP_ACTIVE, STEP_RECEIPT), &carry.error);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	end(&carry);
}

static const struct test_case cases[] = {
	{ "each step of a migration waits for the witness",
	  each_step_is_witnessed },
	{ "ABORTED waits, and the source's enclave", aborted_is_witnessed },
	{ "a state with a checkpoint waits", checkpoint_is_witnessed },
	{ "attack_20_start_not_witnessed", start_not_witnessed },
	{ "what waited does so after a restart", held_over_a_restart },
	{ 0 }
};

int main(int argc, char **argv)
{
	return cases_run(cases, argc, argv);
}
