// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests and manifests that an SM must not follow. Nothing happens then: no
 * session, no pause, no instance anywhere else.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"

#define STRIDE	23	/* of the bytes of a signature that are changed */

static struct host alpha, beta, gamma;
static struct work work;

/* Both sides refuse it; a target is shown an OFFER that is in order. */
static void expect_refused(struct carry *carry, int code, const char *why,
			   int target_code, const char *target_why)
{
	struct rewire_signed good;
	struct carry right;

	expect_refusal(carry_step(carry, STEP_OFFER), code, &carry->error, why);
	if (target_code) {
		good = carry->request;
		carry_init(&right, &work, &alpha, &beta, LIFETIME_MS);
		expect_ok(carry_step(&right, STEP_OFFER), &right.error);
		right.request = good;
		expect_refusal(carry_step(&right, STEP_ACCEPT), target_code,
			       &right.error, target_why);
		carry_end(&right);
	}
	carry_end(carry);
	expect_only_at(&work, &alpha, &beta, 0);
}

static bool is_refusal(int rc)
{
	return rc == -EKEYREJECTED || rc == -ENOKEY || rc == -EBADMSG ||
	       rc == -EOPNOTSUPP || rc == -EINVAL;
}

static void expect_no_flip(struct carry *carry, __u8 *byte, const char *what,
			   size_t at)
{
	int rc;

	*byte ^= 1;
	rc = carry_step(carry, STEP_OFFER);
	expect(is_refusal(rc), "byte %zu of the %s: %s", at, what,
	       rc < 0 ? carry->error.text : "not refused");
	if (rc >= 0)
		close(carry->out);
	*byte ^= 1;
}

static void flipped(void)
{
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	for (size_t at = 0; at < sizeof(struct rewire_request); at++)
		expect_no_flip(&carry, (__u8 *)&carry.request.body.request + at,
			       "request", at);
	for (size_t at = 0; at < carry.request.signature_length; at += STRIDE)
		expect_no_flip(&carry, carry.request.signature + at,
			       "signature", at);
	/* It was in order before. */
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, 0);
}

static void signed_by(const char *role, const char *why)
{
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	carry_sign(&carry, role);
	expect_refused(&carry, ENOKEY, why, ENOKEY, why);
}

static void wrong_role(void)
{
	signed_by("developer", "not signed by an anchor of role sds");
	signed_by("root-1", "not signed by an anchor of role sds");
	signed_by("platform", "not signed by an anchor of role sds");
}

static void unknown_signer(void)
{
	signed_by("tls-ca", "not signed by an anchor of role sds");
}

static void manifest_of_wrong_role(void)
{
	struct work other;

	work_init(&other);
	expect_refusal(work_load(&other, &alpha, "counter", "wrong-role"),
		       ENOKEY, &other.error,
		       "not signed by an anchor of role developer");
	expect(!work_count(&other, &alpha), "it lives");
}

static void manifest_of_another_image(void)
{
	struct work other;

	work_init(&other);
	expect_refusal(work_load(&other, &alpha, "counter", "vault"),
		       EKEYREJECTED, &other.error,
		       "the measurement is not the manifest's");
	expect(!work_count(&other, &alpha), "it lives");
}

/* To another target than it names; from another source. */
static void wrong_target(void)
{
	struct carry carry;
	int sm;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	carry.to = &gamma;
	expect_refusal(carry_step(&carry, STEP_ACCEPT), EPERM, &carry.error,
		       "the request names another SM as its target");
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &gamma, 0);

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	sm = host_open_sm(&gamma);
	expect_refusal(rewire_session_out(sm, &carry.request, &carry.error),
		       EPERM, &carry.error,
		       "the request names another SM as its source");
	close(sm);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, 0);
}

static void two_targets(void)
{
	struct carry carry;
	int session;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READ), &carry.error);
	session = carry.in;
	carry.to = &gamma;
	expect_refusal(carry_step(&carry, STEP_ACCEPT), EPERM, &carry.error,
		       "the request names another SM as its target");
	carry.to = &beta;
	carry.in = session;
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &gamma, 0);
}

static void changed(void change(struct rewire_request *request), int code,
		    const char *why, int target_code, const char *target_why)
{
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	change(&carry.request.body.request);
	carry_sign(&carry, "sds");
	expect_refused(&carry, code, why, target_code, target_why);
}

static void later_epoch(struct rewire_request *request)
{
	request->epoch++;
}

static void earlier_epoch(struct rewire_request *request)
{
	request->epoch--;
}

static void wrong_epoch(void)
{
	changed(later_epoch, ESTALE, "the request is for epoch 2", 0, NULL);
	changed(earlier_epoch, ESTALE, "the request is for epoch 0", 0, NULL);
}

static void another_workload(struct rewire_request *request)
{
	request->workload[0] ^= 1;
}

static void unknown_workload(void)
{
	changed(another_workload, ENOENT, "the workload does not live here",
		EKEYREJECTED, "a message of another migration");
}

static void no_lifetime(struct rewire_request *request)
{
	request->lifetime_ms = 0;
}

static void too_long(struct rewire_request *request)
{
	request->lifetime_ms = 86400001;
}

static void to_itself(struct rewire_request *request)
{
	memcpy(request->target, request->source, sizeof(request->target));
}

static void reserved(struct rewire_request *request)
{
	request->__reserved[31] = 1;
}

static void trust_level(struct rewire_request *request)
{
	request->min_atl = REWIRE_MAX_LEVEL + 1;
}

static void malformed(void)
{
	static const char why[] = "lifetime, reserved bytes or SMs are wrong";

	changed(no_lifetime, EBADMSG, why, EBADMSG, why);
	changed(too_long, EBADMSG, why, EBADMSG, why);
	changed(to_itself, EBADMSG, why, EBADMSG, why);
	changed(reserved, EBADMSG, why, EBADMSG, why);
	changed(trust_level, EBADMSG, "trust level 8", EBADMSG,
		"trust level 8");
}

static void two_at_once(void)
{
	struct carry one, two;

	carry_init(&one, &work, &alpha, &beta, LIFETIME_MS);
	carry_init(&two, &work, &alpha, &gamma, LIFETIME_MS);
	expect_ok(carry_step(&one, STEP_OFFER), &one.error);
	expect_refusal(carry_step(&two, STEP_OFFER), EBUSY, &two.error,
		       "it is migrating already");
	expect_ok(carry_abort(&one, one.out), &one.error);
	carry_end(&one);
	carry_end(&two);
	expect_only_at(&work, &alpha, &gamma, 0);
}

static void never_ran(void)
{
	struct work ready;
	struct carry carry;
	int fd;

	work_init(&ready);
	fd = work_load(&ready, &alpha, "counter", "counter");
	expect_ok(fd, &ready.error);
	carry_init(&carry, &ready, &alpha, &beta, LIFETIME_MS);
	expect_refusal(carry_step(&carry, STEP_OFFER), EBADFD, &carry.error,
		       "not for an enclave that is READY");
	expect(work_info(&ready, &alpha).state == REWIRE_ENCLAVE_READY,
	       "it is not READY any more");
	carry_end(&carry);
	close(fd);
}

/* The last: it does move once. */
static void replayed(void)
{
	struct carry carry, other;
	struct host here = beta, there = alpha;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_refusal(carry_step(&carry, STEP_OFFER), EREMCHG, &carry.error,
		       "the workload does not live here");
	expect_refusal(carry_step(&carry, STEP_ACCEPT), EEXIST, &carry.error,
		       "the workload lives here");
	expect_only_at(&work, &here, &there, EREMCHG);
	/* It comes home, and then the first request would fit again. */
	carry_init(&other, &work, &beta, &alpha, LIFETIME_MS);
	expect_ok(carry_steps(&other, STEP_OFFER, STEP_RECEIPT), &other.error);
	carry_enter(&other, &work);
	carry_end(&other);
	expect_refusal(carry_step(&carry, STEP_OFFER), ESTALE, &carry.error,
		       "the request is for epoch 1");
	expect_refusal(carry_step(&carry, STEP_ACCEPT), ESTALE, &carry.error,
		       "epoch");
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "attack_01_flipped_request", flipped },
	{ "attack_01_request_of_the_wrong_role", wrong_role },
	{ "attack_01_request_of_a_stranger", unknown_signer },
	{ "a manifest signed in the wrong role", manifest_of_wrong_role },
	{ "attack_11_manifest_of_another_image", manifest_of_another_image },
	{ "attack_04_request_for_another_host", wrong_target },
	{ "attack_32_stream_to_two_targets", two_targets },
	{ "attack_03_request_for_another_epoch", wrong_epoch },
	{ "attack_04_request_for_another_workload", unknown_workload },
	{ "a request that is malformed", malformed },
	{ "two migrations of one workload at once", two_at_once },
	{ "an enclave that never ran", never_ran },
	{ "attack_02_replayed_request", replayed },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	host_open(&gamma, "gamma", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
