// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream that does not arrive as it left. Each time the target refuses it as
 * a whole, and the enclave goes on at its source.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"

static struct host alpha, beta;
static struct work work;

/* A migration whose stream is in our hands. */
static bool begin(struct carry *carry)
{
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	return expect_ok(carry_steps(carry, STEP_OFFER, STEP_READ),
			 &carry->error);
}

/* The target has given up: it says so, the source takes it, and runs. */
static void end_refused(struct carry *carry, const char *reason)
{
	expect_aborted(carry, carry->in);
	expect_reason(carry, &beta, REWIRE_SESSION_ABORTED, reason);
	expect_ok(carry_get(carry, carry->in, REWIRE_MSG_ABORTED),
		  &carry->error);
	expect_ok(carry_put(carry, carry->out,
			    &carry->said[REWIRE_MSG_ABORTED]), &carry->error);
	expect_aborted(carry, carry->out);
	expect_reason(carry, &alpha, REWIRE_SESSION_ABORTED,
		      "the other side aborted");
	carry_end(carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

static void flip(size_t at(struct carry *carry), int code, const char *why)
{
	struct carry carry;

	if (!begin(&carry))
		return;
	carry.stream[at(&carry)] ^= 0x10;
	expect_refusal(carry_step(&carry, STEP_WRITE), code, &carry.error, why);
	end_refused(&carry, why);
}

/* Offset of the last record but @back, and its size. */
static size_t record_from_end(struct carry *carry, unsigned int back,
			      size_t *ret_length)
{
	unsigned int count = 0;

	while (carry_record(carry, count, ret_length))
		count++;
	return carry_record(carry, count - 1 - back, ret_length) -
	       carry->stream;
}

static size_t at_magic(struct carry *carry)
{
	(void)carry;
	return offsetof(struct rewire_stream_header, header.magic);
}

static size_t at_salt(struct carry *carry)
{
	(void)carry;
	return offsetof(struct rewire_stream_header, salt);
}

static size_t at_epoch(struct carry *carry)
{
	(void)carry;
	return offsetof(struct rewire_stream_header, epoch);
}

static size_t at_origin(struct carry *carry)
{
	(void)carry;
	return offsetof(struct rewire_stream_header, origin);
}

static size_t in_pages(struct carry *carry, size_t offset)
{
	size_t length;

	return carry_record(carry, 1, &length) - carry->stream + offset;
}

static size_t at_sequence(struct carry *carry)
{
	return in_pages(carry, offsetof(struct rewire_record, sequence));
}

static size_t at_index(struct carry *carry)
{
	return in_pages(carry, offsetof(struct rewire_record, index));
}

static size_t at_body(struct carry *carry)
{
	return in_pages(carry, sizeof(struct rewire_record) + 100);
}

static size_t at_tag(struct carry *carry)
{
	size_t length;
	__u8 *record = carry_record(carry, 1, &length);

	return record + length - 1 - carry->stream;
}

static size_t at_meta(struct carry *carry)
{
	size_t length;

	return carry_record(carry, 0, &length) + 200 - carry->stream;
}

static size_t at_end_body(struct carry *carry)
{
	size_t length;

	return record_from_end(carry, 0, &length) + sizeof(struct rewire_record);
}

static size_t at_end_tag(struct carry *carry)
{
	return carry->length - 1;
}

static void changed_header(void)
{
	flip(at_magic, EBADMSG, "not a structure of REWIRE");
	flip(at_epoch, EBADMSG, "another migration, workload, epoch or SM");
	flip(at_origin, EBADMSG, "another migration, workload, epoch or SM");
	/* Nothing is wrong with another salt, but the key is another one. */
	flip(at_salt, EBADMSG, "record 0 was changed");
}

static void changed_record_header(void)
{
	flip(at_sequence, EBADMSG, "was changed, or is out of place");
	flip(at_index, EBADMSG, "");
}

static void changed_body(void)
{
	flip(at_meta, EBADMSG, "record 0 was changed");
	flip(at_body, EBADMSG, "record 1 was changed");
}

static void changed_tag(void)
{
	flip(at_tag, EBADMSG, "record 1 was changed");
}

static void changed_end(void)
{
	flip(at_end_body, EBADMSG, "was changed");
	flip(at_end_tag, EBADMSG, "was changed");
}

/* The rest never comes: the helper goes away, or gives up. */
static void cut_at(size_t length)
{
	struct carry carry;

	if (!begin(&carry))
		return;
	if (length > carry.length)
		length = carry.length - 1;
	expect_ok(carry_write(&carry, carry.stream, length), &carry.error);
	expect(carry_state(&carry, carry.in) == REWIRE_SESSION_RECEIVING,
	       "after %zu bytes the target is %s", length,
	       rewire_session_state_name(carry_state(&carry, carry.in)));
	/* All it has to say is still ACCEPT, which the source knows. */
	expect_ok(carry_get(&carry, carry.in, REWIRE_MSG_READY), &carry.error);
	expect_ok(carry_put(&carry, carry.out, &carry.said[REWIRE_MSG_READY]),
		  &carry.error);
	expect(carry_state(&carry, carry.out) == REWIRE_SESSION_FROZEN,
	       "the source is no longer FROZEN");
	close(carry.in);
	expect_reason(&carry, &beta, REWIRE_SESSION_ABORTED,
		      "its helper went away");
	carry.in = rewire_session_open(beta.sm, carry.request.body.request.id,
				       REWIRE_SIDE_TARGET, &carry.error);
	expect_ok(carry.in, &carry.error);
	end_refused(&carry, "its helper went away");
}

static void truncated(void)
{
	cut_at(0);
	cut_at(sizeof(struct rewire_stream_header));
	cut_at(sizeof(struct rewire_stream_header) + 5000);
	cut_at(SIZE_MAX);
}

/* Write all records but what @order says: -1 ends it. */
static void in_order(const int *order, const char *why)
{
	struct carry carry;
	size_t length;
	int rc;

	if (!begin(&carry))
		return;
	rc = carry_write(&carry, carry.stream,
			 sizeof(struct rewire_stream_header));
	for (; !rc && *order >= 0; order++) {
		__u8 *record = carry_record(&carry, *order, &length);

		if (!record)
			tap_bail("the stream has no record %d", *order);
		rc = carry_write(&carry, record, length);
	}
	expect_refusal(rc, EBADMSG, &carry.error, why);
	end_refused(&carry, why);
}

static void reordered(void)
{
	in_order((const int[]){ 0, 2, 1, -1 }, "out of place");
}

static void without_meta(void)
{
	in_order((const int[]){ 1, -1 }, "after type 0");
}

static void repeated(void)
{
	in_order((const int[]){ 0, 1, 1, -1 }, "out of place");
}

static void dropped(void)
{
	in_order((const int[]){ 0, 2, -1 }, "out of place");
}

/* END right away, and without the last record before it. */
static void dropped_last(void)
{
	for (unsigned int keep = 0; keep < 2; keep++) {
		struct carry carry;
		size_t end, last, length;
		int rc;

		if (!begin(&carry))
			return;
		end = record_from_end(&carry, 0, &length);
		last = keep ? record_from_end(&carry, 1, &length) :
			      (size_t)(carry_record(&carry, 1, &length) -
				       carry.stream);
		rc = carry_write(&carry, carry.stream, last);
		expect_ok(rc, &carry.error);
		rc = carry_write(&carry, carry.stream + end,
				 carry.length - end);
		expect_refusal(rc, EBADMSG, &carry.error, "out of place");
		end_refused(&carry, "out of place");
	}
}

/* A record of an earlier migration of the same enclave, in its old place. */
static void from_another_session(void)
{
	struct carry old, carry;
	size_t length, at;
	__u8 *record;

	if (!begin(&old))
		return;
	expect_ok(carry_abort(&old, old.in), &old.error);
	expect_ok(carry_put(&old, old.out, &old.said[REWIRE_MSG_ABORTED]),
		  &old.error);
	if (!begin(&carry))
		return;
	record = carry_record(&old, 1, &length);
	at = record - old.stream;
	memcpy(carry.stream + at, record, length);
	expect_refusal(carry_step(&carry, STEP_WRITE), EBADMSG, &carry.error,
		       "record 1 was changed");
	end_refused(&carry, "record 1 was changed");
	/* And the old stream as a whole. */
	if (!begin(&carry))
		return;
	expect_refusal(carry_write(&carry, old.stream, old.length), EBADMSG,
		       &carry.error, "another migration");
	end_refused(&carry, "another migration");
	carry_end(&old);
}

static void behind_the_end(void)
{
	struct carry carry;

	if (!begin(&carry))
		return;
	expect_ok(carry_step(&carry, STEP_WRITE), &carry.error);
	expect_refusal(carry_write(&carry, carry.stream, 10), EBADFD,
		       &carry.error, "PREPARED");
	expect(carry_state(&carry, carry.in) == REWIRE_SESSION_PREPARED,
	       "it is not PREPARED any more");
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	end_refused(&carry, "cancelled");
}

/* What is sealed for one purpose opens for no other. */
static void of_another_kind(void)
{
	struct carry carry;
	int reseal;

	if (!begin(&carry))
		return;
	reseal = rewire_reseal_open(beta.sm, &carry.error);
	expect(write(reseal, carry.stream, carry.length) < 0 &&
	       errno == EBADMSG, "a session's stream is taken as a checkpoint");
	close(reseal);
	carry.stream[offsetof(struct rewire_stream_header, kind)] =
		REWIRE_STREAM_SEALED;
	expect_refusal(carry_step(&carry, STEP_WRITE), EBADMSG, &carry.error,
		       "a stream of kind 2");
	end_refused(&carry, "a stream of kind 2");
}

/* After all that it still moves. */
static void untouched(void)
{
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "a byte of the stream's header changed", changed_header },
	{ "a byte of a record's header changed", changed_record_header },
	{ "attack_26_record_changed", changed_body },
	{ "a byte of a tag changed", changed_tag },
	{ "a byte of END changed", changed_end },
	{ "truncated at several places", truncated },
	{ "attack_26_records_exchanged", reordered },
	{ "the first record left out", without_meta },
	{ "attack_28_record_sent_twice", repeated },
	{ "a record left out", dropped },
	{ "attack_27_last_record_dropped", dropped_last },
	{ "attack_26_record_of_another_session", from_another_session },
	{ "bytes behind END", behind_the_end },
	{ "a stream used for something else", of_another_kind },
	{ "untouched, it moves", untouched },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "counter");
	return cases_run(cases, argc, argv);
}
