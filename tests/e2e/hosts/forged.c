// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that the right key has signed and that say something wrong. What is
 * behind a signature is looked at as closely as the signature.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "forge.h"

static struct host alpha, beta, gamma;
static struct work work;

static void begin(struct carry *carry, enum step last)
{
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, last), &carry->error);
}

static void end_cancelled(struct carry *carry)
{
	expect_ok(carry_abort(carry, carry->out), &carry->error);
	expect_ok(carry_put(carry, carry->in,
			    &carry->said[REWIRE_MSG_ABORTED]), &carry->error);
	carry_end(carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

static void end_moved(struct carry *carry, enum step first)
{
	expect_ok(carry_steps(carry, first, STEP_RECEIPT), &carry->error);
	carry_enter(carry, &work);
	carry_end(carry);
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	work_end(&work, &alpha, &beta);
	work_start(&work, &alpha, "counter");
}

static void expect_not_heard(struct carry *carry, int session,
			     struct message *message, const char *signer,
			     int code, const char *why)
{
	forge_sign(message, signer);
	expect_refusal(carry_put(carry, session, message), code, &carry->error,
		       why);
}

static void another_listener(void)
{
	struct message message;
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	message = carry.said[REWIRE_MSG_ACCEPT];
	memcpy(forge_open(&message)->listener, gamma.id, REWIRE_ID_SIZE);
	expect_not_heard(&carry, carry.out, &message, "beta", EKEYREJECTED,
			 "a message for another SM");
	/* what was right before is heard when signed again */
	message = carry.said[REWIRE_MSG_ACCEPT];
	forge_sign(&message, "beta");
	expect_ok(carry_put(&carry, carry.out, &message), &carry.error);
	end_cancelled(&carry);
}

/* In the role of the source, or signed by an SM that takes no part. */
static void another_speaker(void)
{
	struct message message;
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	message = carry.said[REWIRE_MSG_ABORTED];
	forge_open(&message)->role = REWIRE_SIDE_SOURCE;
	expect_not_heard(&carry, carry.out, &message, "beta", EKEYREJECTED,
			 "not a message of the other side");
	message = carry.said[REWIRE_MSG_ABORTED];
	expect_not_heard(&carry, carry.out, &message, "gamma", EKEYREJECTED,
			 "");
	expect_ok(carry_put(&carry, carry.out,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

static void evidence_of(const struct host *host, const __u8 *nonce,
			struct rewire_token *token)
{
	struct rewire_error error;

	if (rewire_evidence_get(host->sm, false, nonce, REWIRE_NONCE_SIZE,
				token, &error))
		tap_bail("%s", error.text);
}

/* The target's own, of today, and with the nonce that was asked for. */
static void evidence_of_no_session(void)
{
	const struct rewire_message *offer;
	struct rewire_token token;
	struct message message;
	struct carry carry;

	begin(&carry, STEP_ACCEPT);
	offer = forge_open(&carry.said[REWIRE_MSG_OFFER]);
	message = carry.said[REWIRE_MSG_ACCEPT];
	evidence_of(&beta, offer->nonce, &token);
	forge_evidence(&message, &token);
	expect_not_heard(&carry, carry.out, &message, "beta", EKEYREJECTED,
			 "the evidence is about no migration");
	evidence_of(&beta, forge_open(&message)->nonce, &token);
	forge_evidence(&message, &token);
	expect_not_heard(&carry, carry.out, &message, "beta", EKEYREJECTED,
			 "the evidence answers another nonce");
	/* and what the message does not name does not count at all */
	message = carry.said[REWIRE_MSG_ACCEPT];
	message.bytes[message.length - 1] ^= 1;
	expect_refusal(carry_put(&carry, carry.out, &message), EKEYREJECTED,
		       &carry.error, "the evidence is not the message's");
	end_cancelled(&carry);
}

/*
 * The same SM, twice: a target that was started a second time, with nothing in
 * its memory, takes the same request and gives up. The first has the enclave.
 */
static void word_of_another_life(void)
{
	struct carry carry, other;
	struct host twin;

	host_open(&twin, "beta", 0);
	begin(&carry, STEP_AGREE);
	other = carry;
	other.to = &twin;
	expect_ok(carry_step(&other, STEP_ACCEPT), &other.error);
	expect_refusal(carry_put(&carry, carry.out,
				 &other.said[REWIRE_MSG_ACCEPT]), EBADFD,
		       &carry.error, "");
	expect_ok(carry_abort(&other, other.in), &other.error);
	expect_ok(carry_steps(&carry, STEP_FREEZE, STEP_READY), &carry.error);
	expect_refusal(carry_put(&carry, carry.out,
				 &other.said[REWIRE_MSG_ABORTED]), EKEYREJECTED,
		       &carry.error, "another session of this migration");
	close(other.in);
	end_moved(&carry, STEP_START);
}

static void another_state(void)
{
	struct message message;
	struct carry carry;

	begin(&carry, STEP_READY);
	expect_ok(carry_get(&carry, carry.out, REWIRE_MSG_START), &carry.error);
	message = carry.said[REWIRE_MSG_START];
	forge_open(&message)->state_digest[0] ^= 1;
	expect_not_heard(&carry, carry.in, &message, "alpha", EBADMSG,
			 "START is about another state");
	message = carry.said[REWIRE_MSG_START];
	forge_open(&message)->epoch++;
	expect_not_heard(&carry, carry.in, &message, "alpha", EBADMSG,
			 "START is about another state");
	end_moved(&carry, STEP_START);
}

/* Of the wrong state, of somebody else, of another migration. */
static void forged_receipt(void)
{
	struct message message, last;
	struct carry carry;

	begin(&carry, STEP_RECEIPT);
	last = carry.said[REWIRE_MSG_RECEIPT];
	end_moved(&carry, STEPS);

	begin(&carry, STEP_ACTIVE);
	expect_ok(carry_get(&carry, carry.out, REWIRE_MSG_RECEIPT),
		  &carry.error);
	expect_refusal(carry_put(&carry, carry.in, &last), EKEYREJECTED,
		       &carry.error, "another migration");
	message = carry.said[REWIRE_MSG_RECEIPT];
	forge_open(&message)->state_digest[31] ^= 1;
	expect_not_heard(&carry, carry.in, &message, "alpha", EBADMSG,
			 "RECEIPT is about another state");
	message = carry.said[REWIRE_MSG_RECEIPT];
	expect_not_heard(&carry, carry.in, &message, "beta", EKEYREJECTED, "");
	message = carry.said[REWIRE_MSG_RECEIPT];
	message.bytes[sizeof(struct rewire_message) - 40] ^= 1;
	expect_refusal(carry_put(&carry, carry.in, &message), EKEYREJECTED,
		       &carry.error, "");
	/* the right one, and again */
	expect_ok(carry_step(&carry, STEP_RECEIPT), &carry.error);
	end_moved(&carry, STEP_RECEIPT);
}

static const struct test_case cases[] = {
	{ "attack_04_message_for_another_listener", another_listener },
	{ "attack_37_message_of_another_speaker", another_speaker },
	{ "attack_35_evidence_of_no_session", evidence_of_no_session },
	{ "attack_35_word_of_another_life", word_of_another_life },
	{ "attack_03_start_of_another_state", another_state },
	{ "attack_43_forged_receipt", forged_receipt },
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
