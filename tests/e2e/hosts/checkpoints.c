// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checkpoints: which of them come back to life, and how often.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "carry.h"
#include "cases.h"

static struct host alpha, beta;
static struct work work;

/* Of the work, which must be paused. */
static struct blob extract(void)
{
	struct blob blob = { 0 };
	int fd = work_open(&work, &alpha);
	int stream = rewire_enclave_extract(fd, &work.error);

	if (expect_ok(stream, &work.error))
		expect_ok(blob_read(&blob, stream, &work.error), &work.error);
	close(stream);
	close(fd);
	return blob;
}

static int take_in(const struct host *host, const struct blob *blob)
{
	return blob_take_in(blob, host, &work.error);
}

static int restore(const struct host *host, const struct blob *blob)
{
	return blob_restore(blob, host, &work.error);
}

static void restored_once(void)
{
	struct blob blob;
	__u64 epoch;

	expect_counts(&work, &alpha);
	expect_ok(work_pause(&work, &alpha), &work.error);
	epoch = work_info(&work, &alpha).epoch;
	blob = extract();
	/* As long as it lives, even paused, there is no second one. */
	expect_refusal(restore(&alpha, &blob), EEXIST, &work.error,
		       "the workload lives here");
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_ok(restore(&alpha, &blob), &work.error);
	expect(work_info(&work, &alpha).epoch == epoch + 1,
	       "the epoch is %llu after %llu", work_info(&work, &alpha).epoch,
	       epoch);
	expect_only_at(&work, &alpha, &beta, 0);
	expect_refusal(restore(&alpha, &blob), EEXIST, &work.error,
		       "the workload lives here");
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_refusal(restore(&alpha, &blob), ESTALE, &work.error,
		       "the state is of epoch");
	expect(!work_count(&work, &alpha), "it came back a second time");
	blob_free(&blob);
	work_start(&work, &alpha, "counter");
}

static void stale_after_resume(void)
{
	struct blob old, fresh;

	expect_ok(work_pause(&work, &alpha), &work.error);
	old = extract();
	expect_ok(work_resume(&work, &alpha), &work.error);
	expect_only_at(&work, &alpha, &beta, 0);
	expect_ok(work_pause(&work, &alpha), &work.error);
	fresh = extract();
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_refusal(restore(&alpha, &old), ESTALE, &work.error,
		       "the state is of epoch");
	expect(!work_count(&work, &alpha), "the old one came back");
	expect_ok(restore(&alpha, &fresh), &work.error);
	expect_only_at(&work, &alpha, &beta, 0);
	blob_free(&old);
	blob_free(&fresh);
}

/* Two of one state, taken in side by side before either is made live. */
static void twice_at_once(void)
{
	struct blob blob;
	int one, two, fd;

	expect_ok(work_pause(&work, &alpha), &work.error);
	blob = extract();
	expect_ok(work_destroy(&work, &alpha), &work.error);
	one = take_in(&alpha, &blob);
	two = take_in(&alpha, &blob);
	expect_ok(one, &work.error);
	expect_ok(two, &work.error);
	fd = rewire_stream_make_live(one, NULL, NULL, &work.error);
	expect_ok(fd, &work.error);
	expect_refusal(rewire_stream_make_live(two, NULL, NULL, &work.error),
		       EEXIST, &work.error, "the workload lives here");
	close(one);
	close(two);
	host_enter(&alpha);
	expect_ok(rewire_enclave_resume(fd, &work.error), &work.error);
	close(fd);
	expect_only_at(&work, &alpha, &beta, 0);
	blob_free(&blob);
}

static void resealed(void)
{
	struct blob blob, fresh = { 0 };
	int stream;

	expect_ok(work_pause(&work, &alpha), &work.error);
	blob = extract();
	stream = take_in(&alpha, &blob);
	expect_ok(stream, &work.error);
	expect_ok(blob_read(&fresh, stream, &work.error), &work.error);
	close(stream);
	expect(fresh.length == blob.length &&
	       memcmp(fresh.bytes, blob.bytes, blob.length),
	       "sealing anew gave %zu bytes, %zu before", fresh.length,
	       blob.length);
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_ok(restore(&alpha, &fresh), &work.error);
	expect_only_at(&work, &alpha, &beta, 0);
	/* The two are one state: one came back, so the other does not. */
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_refusal(restore(&alpha, &blob), ESTALE, &work.error, "epoch");
	blob_free(&blob);
	blob_free(&fresh);
	work_start(&work, &alpha, "counter");
}

static void incomplete_or_changed(void)
{
	struct blob blob, bad;
	int stream;

	expect_ok(work_pause(&work, &alpha), &work.error);
	blob = extract();
	expect_ok(work_destroy(&work, &alpha), &work.error);
	bad = blob;
	for (size_t at = 3; at < blob.length; at += blob.length / 7) {
		blob.bytes[at] ^= 4;
		expect_refusal(restore(&alpha, &blob), EBADMSG, &work.error,
			       "");
		blob.bytes[at] ^= 4;
	}
	bad.length--;
	expect_refusal(restore(&alpha, &bad), EBADMSG, &work.error,
		       "the checkpoint is not complete");
	stream = take_in(&alpha, &bad);
	expect(read(stream, work.answer, 1) < 0 && errno == EBADFD,
	       "it can be read before it is verified");
	close(stream);
	/* Another SM's key does not open it. */
	expect_refusal(restore(&beta, &blob), EBADMSG, &work.error,
		       "record 0 was changed");
	expect(!work_count(&work, &alpha) && !work_count(&work, &beta),
	       "something came to life");
	expect_ok(restore(&alpha, &blob), &work.error);
	expect_only_at(&work, &alpha, &beta, 0);
	blob_free(&blob);
}

static void while_it_is_read(void)
{
	int fd, stream;

	expect_ok(work_pause(&work, &alpha), &work.error);
	fd = work_open(&work, &alpha);
	stream = rewire_enclave_extract(fd, &work.error);
	expect_ok(stream, &work.error);
	expect_refusal(work_resume(&work, &alpha), EBUSY, &work.error,
		       "a checkpoint of it is being read");
	close(stream);
	close(fd);
	expect_ok(work_resume(&work, &alpha), &work.error);
	expect_only_at(&work, &alpha, &beta, 0);
}

/* A move, and what the source kept from before. */
static void after_a_move(void)
{
	struct carry carry;
	struct blob blob;

	expect_ok(work_pause(&work, &alpha), &work.error);
	blob = extract();
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_FREEZE), &carry.error);
	expect_refusal(restore(&alpha, &blob), EEXIST, &work.error,
		       "the workload lives here");
	expect_ok(carry_steps(&carry, STEP_READ, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_refusal(restore(&alpha, &blob), ESTALE, &work.error, "epoch");
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	/* It comes home; the first blob stays what it was. */
	carry_init(&carry, &work, &beta, &alpha, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_refusal(restore(&alpha, &blob), EEXIST, &work.error, "lives");
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_refusal(restore(&alpha, &blob), ESTALE, &work.error, "epoch");
	expect(!work_count(&work, &alpha), "the first blob came back");
	blob_free(&blob);
	work_start(&work, &alpha, "counter");
}

/*
 * A target seals what it has once it is PREPARED, for its own disk. When the
 * migration is aborted after that, the source runs on, and what the target's
 * host kept must not.
 */
static void of_an_aborted_move(void)
{
	struct blob blob = { 0 };
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	expect_ok(blob_seal(&blob, carry.in, &work.error), &work.error);
	expect_refusal(restore(&beta, &blob), ESTALE, &work.error,
		       "did not end here");
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	carry_end(&carry);
	expect_refusal(restore(&beta, &blob), ESTALE, &work.error, "");
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	/* And it keeps nobody from moving there in a second try. */
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	blob_free(&blob);
	expect_ok(blob_seal(&blob, carry.in, &work.error), &work.error);
	expect_ok(carry_steps(&carry, STEP_READY, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_refusal(restore(&beta, &blob), EEXIST, &work.error, "lives here");
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	blob_free(&blob);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "restored once only", restored_once },
	{ "attack_20_old_checkpoint: stale after resume", stale_after_resume },
	{ "attack_24_same_checkpoint_twice", twice_at_once },
	{ "sealed anew, the same state", resealed },
	{ "changed, incomplete, of another host", incomplete_or_changed },
	{ "no resume while it is being read", while_it_is_read },
	{ "attack_23_first_blob_after_return", after_a_move },
	{ "the target's checkpoint of an aborted move", of_an_aborted_move },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
