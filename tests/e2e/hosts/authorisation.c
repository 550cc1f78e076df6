// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was allowed once, elsewhere, or under other circumstances, and is not
 * allowed here and now.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "lives.h"

#define ALONE	REWIRE_PROVISION_UNWITNESSED
#define YEAR	(365 * 24 * 3600L)
#define LEVEL	3
#define YAMA	"/proc/sys/kernel/yama/ptrace_scope"
#define PERF	"/proc/sys/kernel/perf_event_paranoid"

static struct life alpha, beta;
static struct host gamma;
static struct work work;
static struct rewire_error error;

static void begin(struct carry *carry, enum step last)
{
	carry_init(carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

static void end_cancelled(struct carry *carry)
{
	expect_ok(carry_abort(carry, carry->out), &carry->error);
	if (carry->in >= 0)
		expect_ok(carry_put(carry, carry->in,
				    &carry->said[REWIRE_MSG_ABORTED]),
			  &carry->error);
	carry_end(carry);
	expect_counts(&work, &alpha.host);
	expect(!work_count(&work, &beta.host), "it lives twice");
}

static void end_moved(struct carry *carry, enum step first)
{
	expect_ok(carry_steps(carry, first, STEP_RECEIPT), &carry->error);
	carry_enter(carry, &work);
	carry_end(carry);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	work_end(&work, &alpha.host, &beta.host);
	work_start(&work, &alpha.host, "counter");
}

static void expect_used(struct carry *carry, enum step step)
{
	static const char why[] = "this request was used before";

	close(step == STEP_OFFER ? carry->out : carry->in);
	expect_refusal(carry_step(carry, step), ESTALE, &carry->error, why);
	expect_refusal(rewire_request_try(step == STEP_OFFER ? alpha.host.sm :
							       beta.host.sm,
					  step == STEP_OFFER ?
						  REWIRE_SIDE_SOURCE :
						  REWIRE_SIDE_TARGET,
					  &carry->request, NULL, NULL, NULL,
					  &carry->error),
		       ESTALE, &carry->error, why);
}

/* The epoch is as it was, so that nothing but the SM's memory speaks against it. */
static void replayed(void)
{
	struct carry carry;

	begin(&carry, STEP_AGREE);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in, &carry.said[REWIRE_MSG_ABORTED]),
		  &carry.error);
	expect_used(&carry, STEP_OFFER);
	expect_used(&carry, STEP_ACCEPT);
	carry_end(&carry);
	expect_counts(&work, &alpha.host);
}

static void replayed_after_restart(void)
{
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	life_restart(&beta);
	expect_used(&carry, STEP_ACCEPT);
	/* one that was open when the power was cut is used up too */
	close(carry.out);
	life_restart(&alpha);
	expect_refusal(rewire_request_try(alpha.host.sm, REWIRE_SIDE_SOURCE,
					  &carry.request, NULL, NULL, NULL,
					  &carry.error),
		       ESTALE, &carry.error, "this request was used before");
	carry.out = -1;
	carry_end(&carry);
	work_start(&work, &alpha.host, "counter");
}

/* Everything in it is good for some other migration; only nobody signed this. */
static void fields_changed(void)
{
	struct rewire_request *request;
	struct rewire_signed good;
	struct carry carry;

	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	good = carry.request;
	request = &carry.request.body.request;
	for (int i = 0; i < 6; i++) {
		carry.request = good;
		if (i == 0)
			memcpy(request->target, gamma.id, REWIRE_ID_SIZE);
		else if (i == 1)
			memcpy(request->source, gamma.id, REWIRE_ID_SIZE);
		else if (i == 2)
			request->workload[0] ^= 1;
		else if (i == 3)
			request->id[0] ^= 1;
		else if (i == 4)
			request->epoch++;
		else
			request->min_atl = 1;
		expect_refusal(carry_step(&carry, STEP_OFFER), EKEYREJECTED,
			       &carry.error, "the signature for role sds");
	}
	carry_end(&carry);
	expect_counts(&work, &alpha.host);
}

static void clock_moved(long seconds)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now))
		tap_bail("clock_gettime: %s", strerror(errno));
	now.tv_sec += seconds;
	if (clock_settime(CLOCK_REALTIME, &now))
		tap_bail("clock_settime: %s", strerror(errno));
}

/* A year on, a year back: what is valid stays so, and what is over too. */
static void wall_clock(void)
{
	struct pollfd over = { 0 };
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	clock_moved(YEAR);
	expect_ok(carry_steps(&carry, STEP_AGREE, STEP_READ), &carry.error);
	clock_moved(-2 * YEAR);
	expect_ok(carry_steps(&carry, STEP_WRITE, STEP_READY), &carry.error);
	end_moved(&carry, STEP_START);
	clock_moved(YEAR);

	carry_init(&carry, &work, &alpha.host, &beta.host, 1000);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	clock_moved(-YEAR);
	over.fd = carry.out;
	expect(poll(&over, 1, PATIENCE_MS) == 1 && over.revents & POLLHUP,
	       "a clock that was set back keeps a migration open");
	expect_aborted(&carry, carry.out);
	clock_moved(YEAR);
	carry_end(&carry);
	expect_counts(&work, &alpha.host);
}

/* Signed by two of the three root keys, and given to the source. */
static void give(struct rewire_statement *statement)
{
	static const char *const holders[] = { "root-1", "root-2" };
	struct rewire_signer *signer;
	char key[64], certificate[64];

	for (int i = 0; i < 2; i++) {
		snprintf(key, sizeof(key), E2E_PKI "/%s.key", holders[i]);
		snprintf(certificate, sizeof(certificate), E2E_PKI "/%s.crt",
			 holders[i]);
		if (rewire_signer_open(key, certificate, NULL, NULL, &signer,
				       &error) ||
		    rewire_trust_sign(signer, statement, &error))
			tap_bail("%s", error.text);
		rewire_signer_free(signer);
	}
	expect_ok(rewire_trust_give(alpha.host.sm, statement, &error), &error);
	rewire_trust_free(statement);
}

/* From here on the source has @claims as a condition of level 3. */
static void give_levels(__u64 claims)
{
	static __u64 version;
	const struct rewire_levels levels = {
		.version = ++version,
		.rules = 1,
		.rule = { { .level = LEVEL, .claims = claims } },
	};
	struct rewire_statement *statement;

	if (rewire_trust_levels(&levels, &statement, &error))
		tap_bail("%s", error.text);
	give(statement);
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

/* Steps up to @last, for a target that must have the level; all is well so far. */
static void begin_at_level(struct carry *carry, enum step last)
{
	set(YAMA, "1");
	set(PERF, "2");
	give_levels(REWIRE_CLAIM_YAMA | REWIRE_CLAIM_PERF_RESTRICTED);
	carry_init(carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	carry->request.body.request.min_atl = LEVEL;
	carry_sign(carry, "sds");
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

static void expect_too_low(struct carry *carry, enum step step, __u32 state)
{
	expect_refusal(carry_step(carry, step), EPERM, &carry->error,
		       "the target has trust level 0, at least 3 is wanted");
	expect(carry_state(carry, carry->out) == state, "the source is %s",
	       rewire_session_state_name(carry_state(carry, carry->out)));
	end_cancelled(carry);
	set(YAMA, "1");
	set(PERF, "2");
}

static void level_before_accept(void)
{
	struct carry carry;

	begin_at_level(&carry, STEP_OFFER);
	set(YAMA, "0");
	expect_ok(carry_step(&carry, STEP_ACCEPT), &carry.error);
	expect_too_low(&carry, STEP_AGREE, REWIRE_SESSION_OFFERED);
	begin_at_level(&carry, STEP_RECEIPT);
	end_moved(&carry, STEPS);
}

static void level_after_copy(void)
{
	struct carry carry;

	begin_at_level(&carry, STEP_READ);
	set(PERF, "1");
	expect_ok(carry_step(&carry, STEP_WRITE), &carry.error);
	expect_too_low(&carry, STEP_READY, REWIRE_SESSION_FROZEN);
}

/* READY is on its way already when the source is told to expect more. */
static void level_before_relinquished(void)
{
	struct carry carry;

	begin_at_level(&carry, STEP_WRITE);
	give_levels(REWIRE_CLAIM_YAMA | REWIRE_CLAIM_TPM_COUNTER);
	expect_too_low(&carry, STEP_READY, REWIRE_SESSION_FROZEN);
}

static int try(struct carry *carry, const struct host *of, const __u8 *asked,
	       const __u8 *answered, __u32 *level)
{
	struct rewire_token token;

	if (rewire_evidence_get(of->sm, false, answered, REWIRE_NONCE_SIZE,
				&token, &error))
		tap_bail("%s", error.text);
	return rewire_request_try(alpha.host.sm, REWIRE_SIDE_SOURCE,
				  &carry->request, &token, asked, level,
				  &carry->error);
}

static void old_evidence(void)
{
	const __u8 today[REWIRE_NONCE_SIZE] = { 1 }, before[REWIRE_NONCE_SIZE] = { 2 };
	struct carry carry;
	__u32 level = 0;

	set(YAMA, "1");
	give_levels(REWIRE_CLAIM_YAMA);
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(try(&carry, &beta.host, today, today, &level), &carry.error);
	expect(level == LEVEL, "the target has level %u", level);
	expect_refusal(try(&carry, &beta.host, today, before, &level),
		       EKEYREJECTED, &carry.error, "answers another nonce");
	expect_refusal(try(&carry, &gamma, today, today, &level), EKEYREJECTED,
		       &carry.error, "the evidence is of another SM");
	expect_refusal(try(&carry, &alpha.host, today, today, &level),
		       EKEYREJECTED, &carry.error,
		       "the evidence is of another SM");
	carry_end(&carry);
}

/* The SDS alone cannot take an enclave back from a target in good standing. */
static void fence_without_revocation(void)
{
	struct rewire_signed signature;
	struct rewire_signer *signer;
	struct rewire_fence fence;
	struct carry carry;

	begin(&carry, STEP_READY);
	if (rewire_fence_of(&carry.request.body.request, &fence, &error) ||
	    rewire_signer_open(E2E_PKI "/sds.key", E2E_PKI "/sds.crt", NULL,
			       NULL, &signer, &error) ||
	    rewire_sign_fence(signer, &fence, &signature, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
	expect_refusal(rewire_fence_give(alpha.host.sm, &signature, NULL,
					 &error), EPERM, &error,
		       "the target's SM is not revoked here");
	expect(carry_state(&carry, carry.out) == REWIRE_SESSION_RELINQUISHED,
	       "the source is %s",
	       rewire_session_state_name(carry_state(&carry, carry.out)));
	end_moved(&carry, STEP_START);
}

static const struct test_case cases[] = {
	{ "attack_02_replay_in_the_same_life", replayed },
	{ "attack_02_replay_after_restart", replayed_after_restart },
	{ "attack_03_fields_changed", fields_changed },
	{ "attack_05_wall_clock", wall_clock },
	{ "attack_06_level_drops_before_accept", level_before_accept },
	{ "attack_06_level_drops_after_copy", level_after_copy },
	{ "attack_06_level_raised_before_relinquished",
	  level_before_relinquished },
	{ "attack_35_old_evidence", old_evidence },
	{ "attack_33_fence_without_revocation", fence_without_revocation },
	{ 0 }
};

int main(int argc, char **argv)
{
	life_begin(&alpha, "alpha", ALONE);
	life_begin(&beta, "beta", ALONE);
	host_open(&gamma, "gamma", 0);
	work_start(&work, &alpha.host, "counter");
	return cases_run(cases, argc, argv);
}
