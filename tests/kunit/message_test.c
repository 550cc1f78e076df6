// SPDX-License-Identifier: GPL-2.0-only
/*
 * What two SMs say to each other in a migration: who is believed, and what
 * becomes of the enclave. Sessions here are in no registry; the ioctls around
 * them are tested from outside.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../kmod/migrate.h"
#include "util.h"
#include "world.h"

#define ROOM	SZ_64K

struct talk {
	struct rewire_sm *a, *b;
	struct rewire_request request;
	struct rewire_enclave *enclave;		/* lives on a */
	struct rewire_session *source, *target;
	struct rewire_why why;
	u8 *bytes;
};

static struct rewire_session *session(struct kunit *test, u32 side)
{
	struct talk *t = test->priv;
	struct rewire_session *session;

	session = rewire_session_create(side == REWIRE_SIDE_SOURCE ? t->a :
								     t->b,
					side, &t->request, &t->why);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, session);
	memcpy(session->measurement, t->enclave->measurement,
	       REWIRE_DIGEST_SIZE);
	return session;
}

static int talk_init(struct kunit *test)
{
	struct talk *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->bytes = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->bytes);
	t->a = world_sm(test, 'a', true);
	t->b = world_sm(test, 'b', true);
	t->enclave = world_enclave(test, t->a);
	t->request = (struct rewire_request){
		.epoch = 1, .lifetime_ms = 3600000,
	};
	memset(t->request.id, 0x55, REWIRE_ID_SIZE);
	memcpy(t->request.workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	memcpy(t->request.source, t->a->attest.id, REWIRE_ID_SIZE);
	memcpy(t->request.target, t->b->attest.id, REWIRE_ID_SIZE);
	t->source = session(test, REWIRE_SIDE_SOURCE);
	t->target = session(test, REWIRE_SIDE_TARGET);
	return 0;
}

/* a session of nobody: its enclave, if any, goes on its own way */
static void end(struct rewire_session *session)
{
	if (session)
		rewire_session_put(session);
}

static void talk_exit(struct kunit *test)
{
	struct talk *t = test->priv;

	if (!t)
		return;
	end(t->source);
	end(t->target);
	world_enclave_free(t->enclave);
	world_sm_free(t->a);
	world_sm_free(t->b);
}

static void say(struct kunit *test, struct rewire_session *session, u32 kind)
{
	struct talk *t = test->priv;
	const struct rewire_statement statement = {
		.kind = kind,
		.epoch = 1,
		.enclave = kind == REWIRE_MSG_OFFER ||
			   kind == REWIRE_MSG_READY ? t->enclave : NULL,
		.digest = kind == REWIRE_MSG_READY,
	};
	int ret;

	mutex_lock(&session->lock);
	mutex_lock(&t->enclave->lock);
	ret = rewire_session_say(session, &statement);
	mutex_unlock(&t->enclave->lock);
	mutex_unlock(&session->lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
}

static int hear_bytes(struct kunit *test, struct rewire_session *session,
		      const u8 *bytes, u32 len, u32 kind)
{
	struct rewire_message message;
	struct talk *t = test->priv;
	int ret;

	t->why.text[0] = 0;
	mutex_lock(&session->lock);
	ret = rewire_session_hear(session, bytes, len, kind, &message, &t->why);
	/* as MIGRATE_IN does: the answer is to this nonce */
	if (!ret && kind == REWIRE_MSG_OFFER)
		memcpy(session->peer_nonce, message.nonce, REWIRE_NONCE_SIZE);
	mutex_unlock(&session->lock);
	if (ret)
		KUNIT_EXPECT_NE(test, t->why.text[0], 0);
	return ret;
}

/* what @from has to say, told to @to */
static int hear(struct kunit *test, struct rewire_session *to,
		const struct rewire_session *from, u32 kind)
{
	return hear_bytes(test, to, from->said.bytes, from->said.len, kind);
}

static int agree(struct rewire_session *session, const u8 *message)
{
	int ret;

	mutex_lock(&session->lock);
	ret = rewire_session_agree(session, (const void *)message);
	mutex_unlock(&session->lock);
	return ret;
}

static void message_is_heard_by_its_listener(struct kunit *test)
{
	struct talk *t = test->priv;

	say(test, t->source, REWIRE_MSG_OFFER);
	KUNIT_EXPECT_EQ(test, hear(test, t->target, t->source,
				   REWIRE_MSG_OFFER), 0);
	KUNIT_EXPECT_MEMEQ(test, t->source->transcript, t->target->transcript,
			   REWIRE_DIGEST_SIZE);
}

/* The statement byte by byte; of certificate and signature, some. */
static void message_with_any_byte_changed_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	u8 before[REWIRE_DIGEST_SIZE];
	u32 at, step, len;
	int ret;

	say(test, t->source, REWIRE_MSG_OFFER);
	len = t->source->said.len;
	memcpy(before, t->target->transcript, sizeof(before));
	memcpy(t->bytes, t->source->said.bytes, len);
	for (at = 0; at < len; at += step) {
		step = at < sizeof(struct rewire_message) ? 1 : 29;
		t->bytes[at] ^= 1;
		ret = hear_bytes(test, t->target, t->bytes, len,
				 REWIRE_MSG_OFFER);
		t->bytes[at] ^= 1;
		KUNIT_EXPECT_LT_MSG(test, ret, 0, "byte %u", at);
	}
	KUNIT_EXPECT_MEMEQ(test, t->target->transcript, before,
			   sizeof(before));
	KUNIT_EXPECT_FALSE(test, rewire_session_heard(t->target, t->bytes,
						      len));
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes, len,
					 REWIRE_MSG_OFFER), 0);
}

static void message_of_other_length_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_message *message = (void *)t->bytes;
	u32 len;

	say(test, t->source, REWIRE_MSG_OFFER);
	len = t->source->said.len;
	memcpy(t->bytes, t->source->said.bytes, len);
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes, len - 1,
					 REWIRE_MSG_OFFER), -EBADMSG);
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes, len + 1,
					 REWIRE_MSG_OFFER), -EBADMSG);
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes,
					 sizeof(*message) - 1,
					 REWIRE_MSG_OFFER), -EBADMSG);
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes, 0,
					 REWIRE_MSG_OFFER), -EBADMSG);
	/* lengths whose sum is right, or wraps around to it */
	message->cert_len++;
	message->sig_len--;
	KUNIT_EXPECT_LT(test, hear_bytes(test, t->target, t->bytes, len,
					 REWIRE_MSG_OFFER), 0);
	message->cert_len = -1U;
	message->sig_len = len - sizeof(*message) + 1;
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->target, t->bytes, len,
					 REWIRE_MSG_OFFER), -EBADMSG);
}

static void message_of_another_kind_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;

	say(test, t->source, REWIRE_MSG_OFFER);
	KUNIT_EXPECT_EQ(test, hear(test, t->target, t->source,
				   REWIRE_MSG_START), -EBADMSG);
}

/* Back to who said it, or to another session of his. */
static void message_reflected_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *other = session(test, REWIRE_SIDE_SOURCE);

	say(test, t->source, REWIRE_MSG_OFFER);
	KUNIT_EXPECT_EQ(test, hear(test, t->source, t->source,
				   REWIRE_MSG_OFFER), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, hear(test, other, t->source, REWIRE_MSG_OFFER),
			-EKEYREJECTED);
	end(other);
}

/* There and back between the same two: only the role tells them apart. */
static void message_of_the_other_direction_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_request back = t->request;
	struct rewire_session *other;

	memcpy(back.source, t->request.target, REWIRE_ID_SIZE);
	memcpy(back.target, t->request.source, REWIRE_ID_SIZE);
	other = rewire_session_create(t->a, REWIRE_SIDE_TARGET, &back, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	memcpy(other->request_digest, t->target->request_digest,
	       REWIRE_DIGEST_SIZE);
	say(test, other, REWIRE_MSG_OFFER);
	KUNIT_EXPECT_EQ(test, hear(test, t->target, other, REWIRE_MSG_OFFER),
			-EKEYREJECTED);
	end(other);
}

static void message_of_another_migration_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_request good = t->request;
	struct rewire_session *other;
	int i;

	for (i = 0; i < 3; i++) {
		t->request = good;
		if (i == 0)
			t->request.id[0] ^= 1;
		else if (i == 1)
			t->request.lifetime_ms--;
		else
			t->request.workload[0] ^= 1;
		other = session(test, REWIRE_SIDE_SOURCE);
		say(test, other, REWIRE_MSG_OFFER);
		KUNIT_EXPECT_EQ(test, hear(test, t->target, other,
					   REWIRE_MSG_OFFER), -EKEYREJECTED);
		end(other);
	}
	t->request = good;
}

/* The signer's own name decides, not the name in the message. */
static void message_of_an_impostor_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *liar;

	memcpy(t->request.source, t->b->attest.id, REWIRE_ID_SIZE);
	liar = rewire_session_create(t->b, REWIRE_SIDE_SOURCE, &t->request,
				     NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, liar);
	liar->request = t->source->request;
	memcpy(liar->request_digest, t->source->request_digest,
	       REWIRE_DIGEST_SIZE);
	/* b says that it is a */
	memcpy(t->b->attest.id, t->a->attest.id, REWIRE_ID_SIZE);
	memcpy(liar->peer, t->target->request.target, REWIRE_ID_SIZE);
	say(test, liar, REWIRE_MSG_OFFER);
	memcpy(t->b->attest.id, t->target->request.target, REWIRE_ID_SIZE);
	KUNIT_EXPECT_EQ(test, hear(test, t->target, liar, REWIRE_MSG_OFFER),
			-EKEYREJECTED);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "another SM"));
	end(liar);
}

static void request_of_other_sms_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, rewire_session_create(t->b,
							REWIRE_SIDE_SOURCE,
							&t->request, NULL),
			    ERR_PTR(-EPERM));
	KUNIT_EXPECT_PTR_EQ(test, rewire_session_create(t->a,
							REWIRE_SIDE_TARGET,
							&t->request, NULL),
			    ERR_PTR(-EPERM));
}

/* OFFER and ACCEPT, after which both have one secret */
static void shake_hands(struct kunit *test, struct rewire_session *source,
			struct rewire_session *target)
{
	say(test, source, REWIRE_MSG_OFFER);
	KUNIT_ASSERT_EQ(test, hear(test, target, source, REWIRE_MSG_OFFER), 0);
	say(test, target, REWIRE_MSG_ACCEPT);
	KUNIT_ASSERT_EQ(test, agree(target, source->said.bytes), 0);
	KUNIT_ASSERT_EQ(test, hear(test, source, target, REWIRE_MSG_ACCEPT),
			0);
	KUNIT_ASSERT_EQ(test, agree(source, target->said.bytes), 0);
}

static void secret_is_of_one_handshake(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *source = session(test, REWIRE_SIDE_SOURCE);
	struct rewire_session *target = session(test, REWIRE_SIDE_TARGET);

	shake_hands(test, t->source, t->target);
	shake_hands(test, source, target);
	KUNIT_EXPECT_MEMEQ(test, t->source->secret, t->target->secret,
			   REWIRE_KEY_SIZE);
	KUNIT_EXPECT_MEMEQ(test, source->secret, target->secret,
			   REWIRE_KEY_SIZE);
	KUNIT_EXPECT_MEMNEQ(test, t->source->secret, source->secret,
			    REWIRE_KEY_SIZE);
	end(source);
	end(target);
}

/* The transcript is part of the secret: a word that one side did not hear */
static void secret_differs_with_the_transcript(struct kunit *test)
{
	struct talk *t = test->priv;

	shake_hands(test, t->source, t->target);
	t->target->transcript[0] ^= 1;
	KUNIT_EXPECT_EQ(test, agree(t->target, (u8 *)t->source->said.bytes), 0);
	KUNIT_EXPECT_MEMNEQ(test, t->source->secret, t->target->secret,
			    REWIRE_KEY_SIZE);
}

static void share_off_the_curve_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_message message = {};

	memset(message.share, 0x11, sizeof(message.share));
	KUNIT_EXPECT_EQ(test, agree(t->source, (u8 *)&message), -EBADMSG);
	memset(message.share, 0, sizeof(message.share));
	KUNIT_EXPECT_EQ(test, agree(t->source, (u8 *)&message), -EBADMSG);
}

/* Another try of the same request, with other nonces: none of its messages. */
static void message_of_another_try_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *source = session(test, REWIRE_SIDE_SOURCE);
	struct rewire_session *target = session(test, REWIRE_SIDE_TARGET);

	shake_hands(test, t->source, t->target);
	shake_hands(test, source, target);
	say(test, target, REWIRE_MSG_READY);
	KUNIT_EXPECT_EQ(test, hear(test, t->source, target, REWIRE_MSG_READY),
			-EKEYREJECTED);
	/* ABORTED is outside of the transcript, but not of the handshake */
	say(test, target, REWIRE_MSG_ABORTED);
	KUNIT_EXPECT_EQ(test, hear(test, t->source, target,
				   REWIRE_MSG_ABORTED), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, hear(test, source, target, REWIRE_MSG_ABORTED),
			0);
	end(source);
	end(target);
}

static void message_out_of_the_chain_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	u32 len;

	shake_hands(test, t->source, t->target);
	say(test, t->target, REWIRE_MSG_READY);
	len = t->target->said.len;
	memcpy(t->bytes, t->target->said.bytes, len);
	say(test, t->target, REWIRE_MSG_ACTIVE);
	/* ACTIVE follows READY, which the source has not heard yet */
	KUNIT_EXPECT_EQ(test, hear(test, t->source, t->target,
				   REWIRE_MSG_ACTIVE), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, hear_bytes(test, t->source, t->bytes, len,
					 REWIRE_MSG_READY), 0);
	KUNIT_EXPECT_EQ(test, hear(test, t->source, t->target,
				   REWIRE_MSG_ACTIVE), 0);
}

static void message_heard_is_known_again(struct kunit *test)
{
	struct talk *t = test->priv;
	u32 len;

	say(test, t->source, REWIRE_MSG_OFFER);
	len = t->source->said.len;
	memcpy(t->bytes, t->source->said.bytes, len);
	KUNIT_EXPECT_FALSE(test, rewire_session_heard(t->target, t->bytes,
						      len));
	KUNIT_EXPECT_EQ(test, hear(test, t->target, t->source,
				   REWIRE_MSG_OFFER), 0);
	KUNIT_EXPECT_TRUE(test, rewire_session_heard(t->target, t->bytes, len));
	t->bytes[sizeof(struct rewire_message) - 60] ^= 1;
	KUNIT_EXPECT_FALSE(test, rewire_session_heard(t->target, t->bytes,
						      len));
	((struct rewire_message *)t->bytes)->kind = 99;
	KUNIT_EXPECT_FALSE(test, rewire_session_heard(t->target, t->bytes,
						      len));
}

/* ---- the arcs ---- */

static void both_agree(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *s = t->source;

	s->enclave = t->enclave;
	rewire_enclave_get(t->enclave);
	t->enclave->session = s;
	say(test, s, REWIRE_MSG_OFFER);
	KUNIT_ASSERT_EQ(test, hear(test, t->target, s, REWIRE_MSG_OFFER), 0);
	say(test, t->target, REWIRE_MSG_ACCEPT);
	KUNIT_ASSERT_EQ(test, agree(t->target, s->said.bytes), 0);
	mutex_lock(&s->lock);
	KUNIT_EXPECT_EQ(test, rewire_source_hear(s, t->target->said.bytes,
						 t->target->said.len,
						 REWIRE_MSG_ACCEPT, &t->why),
			0);
	mutex_unlock(&s->lock);
}

static int source_freezes(struct talk *t)
{
	int ret;

	mutex_lock(&t->source->lock);
	ret = rewire_source_freeze(t->source, 1000, &t->why);
	mutex_unlock(&t->source->lock);
	return ret;
}

/* what there is to be read, into t->bytes */
static size_t source_is_read(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *s = t->source;
	ssize_t len;

	mutex_lock(&s->lock);
	len = world_read(s->writer, t->bytes, ROOM);
	mutex_unlock(&s->lock);
	KUNIT_ASSERT_GT(test, len, (ssize_t)0);
	return len;
}

/* both sides agreed, the source FROZEN and read to its end into t->bytes */
static size_t freeze(struct kunit *test)
{
	struct talk *t = test->priv;

	both_agree(test);
	KUNIT_EXPECT_EQ(test, source_freezes(t), 0);
	KUNIT_ASSERT_EQ(test, t->source->state, REWIRE_SESSION_FROZEN);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_FROZEN);
	return source_is_read(test);
}

static ssize_t send(struct kunit *test, size_t len)
{
	struct talk *t = test->priv;
	struct rewire_session *s = t->target;
	struct kvec vec = { .iov_base = t->bytes, .iov_len = len };
	const struct rewire_stream_key key = { .secret = s->secret };
	struct rewire_stream_header expect = {
		.kind = REWIRE_STREAM_SESSION, .epoch = 1,
	};
	struct iov_iter iter;
	ssize_t ret;
	u64 epoch;

	t->why.text[0] = 0;
	KUNIT_ASSERT_EQ(test, rewire_workload_claim(t->b, WORLD_WORKLOAD, 1,
						    false, &epoch, NULL), 0);
	s->claimed = true;
	s->reader = rewire_reader_create(t->b, &expect, &key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(s->reader));
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	mutex_lock(&s->lock);
	ret = rewire_target_write(s, &iter, &t->why);
	mutex_unlock(&s->lock);
	return ret;
}

static int source_hears(struct kunit *test, const u8 *bytes, u32 len, u32 kind)
{
	struct talk *t = test->priv;
	int ret;

	t->why.text[0] = 0;
	mutex_lock(&t->source->lock);
	ret = rewire_source_hear(t->source, bytes, len, kind, &t->why);
	mutex_unlock(&t->source->lock);
	return ret;
}

static int target_hears(struct kunit *test, const u8 *bytes, u32 len, u32 kind)
{
	struct talk *t = test->priv;
	int ret;

	t->why.text[0] = 0;
	mutex_lock(&t->target->lock);
	ret = rewire_target_hear(t->target, bytes, len, kind, &t->why);
	mutex_unlock(&t->target->lock);
	return ret;
}

static int aborts(struct kunit *test, struct rewire_session *session, u32 event)
{
	int ret;

	mutex_lock(&session->lock);
	ret = rewire_session_abort(session, event, "of the test", NULL);
	mutex_unlock(&session->lock);
	return ret;
}

/* What is left of a session is kept long after its end, and has no key in it. */
static void attack_42_no_key_after_the_end(struct kunit *test)
{
	struct talk *t = test->priv;
	struct rewire_session *sides[] = { t->source, t->target };
	u8 secret[REWIRE_KEY_SIZE], tag[REWIRE_KEY_SIZE] = {};
	u32 i, at;

	shake_hands(test, t->source, t->target);
	memcpy(secret, t->source->secret, sizeof(secret));
	KUNIT_ASSERT_MEMNEQ(test, secret, tag, sizeof(secret));
	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		const u8 *bytes = (const u8 *)sides[i];

		KUNIT_EXPECT_EQ(test, aborts(test, sides[i],
					     REWIRE_SESSION_EV_ABORT), 0);
		KUNIT_EXPECT_NULL(test, sides[i]->share.tfm);
		for (at = 0; at + 8 <= sizeof(*sides[i]); at++)
			if (!memcmp(bytes + at, secret, 8))
				KUNIT_FAIL(test, "key bytes at offset %u", at);
		/* and none in what it says */
		bytes = sides[i]->said.bytes;
		for (at = 0; at + 8 <= sides[i]->said.len; at++)
			if (!memcmp(bytes + at, secret, 8))
				KUNIT_FAIL(test, "key bytes in a message");
	}
	memzero_explicit(secret, sizeof(secret));
}

/* up to the source's START, and READY of the target */
static void relinquish(struct kunit *test)
{
	struct talk *t = test->priv;
	size_t len = freeze(test);

	KUNIT_ASSERT_EQ(test, send(test, len), (ssize_t)len);
	KUNIT_ASSERT_EQ(test, t->target->state, REWIRE_SESSION_PREPARED);
	KUNIT_ASSERT_EQ(test, source_hears(test, t->target->said.bytes,
					   t->target->said.len,
					   REWIRE_MSG_READY), 0);
	KUNIT_ASSERT_EQ(test, t->source->state, REWIRE_SESSION_RELINQUISHED);
	KUNIT_ASSERT_EQ(test, t->source->said.kind, REWIRE_MSG_START);
}

/* Standing still, with a last round that cannot be made: it does not stay so. */
static void freeze_without_a_last_round_is_undone(struct kunit *test)
{
	struct rewire_session_round round = { .size = sizeof(round) };
	struct talk *t = test->priv;
	struct rewire_session *s = t->source;

	both_agree(test);
	mutex_lock(&s->lock);
	KUNIT_ASSERT_EQ(test, rewire_source_round(s, &round, &t->why), 0);
	mutex_unlock(&s->lock);
	source_is_read(test);
	/* the stream has had its last record: none can follow */
	s->writer->aead.sequence = REWIRE_AEAD_MAX_RECORDS;
	KUNIT_EXPECT_EQ(test, source_freezes(t), -EBADFD);
	KUNIT_EXPECT_EQ(test, s->state, REWIRE_SESSION_AGREED);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_PAUSED);
	/* nor is it frozen by a second try, or copied on */
	KUNIT_EXPECT_EQ(test, source_freezes(t), -EBADFD);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, aborts(test, s, REWIRE_SESSION_EV_ABORT), 0);
}

static void migration_goes_well(struct kunit *test)
{
	struct rewire_enclave *moved;
	struct talk *t = test->priv;
	u64 epoch;
	int error;

	relinquish(test);
	KUNIT_EXPECT_EQ(test, target_hears(test, t->source->said.bytes,
					   t->source->said.len,
					   REWIRE_MSG_START), 0);
	KUNIT_EXPECT_EQ(test, t->target->state, REWIRE_SESSION_ACTIVE);
	moved = rewire_sm_find_workload(t->b, WORLD_WORKLOAD, &error);
	KUNIT_ASSERT_NOT_NULL(test, moved);
	KUNIT_EXPECT_EQ(test, moved->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, moved->epoch, 2ULL);
	rewire_enclave_put(moved);

	KUNIT_EXPECT_EQ(test, source_hears(test, t->target->said.bytes,
					   t->target->said.len,
					   REWIRE_MSG_ACTIVE), 0);
	KUNIT_EXPECT_EQ(test, t->source->state, REWIRE_SESSION_DESTROYED);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&t->a->memory_used), 0ULL);
	KUNIT_EXPECT_NULL(test, rewire_sm_find_workload(t->a, WORLD_WORKLOAD,
							&error));
	KUNIT_EXPECT_EQ(test, error, -EREMCHG);
	KUNIT_EXPECT_EQ(test, rewire_workload_claim(t->a, WORLD_WORKLOAD, 1,
						    true, &epoch, NULL),
			-ESTALE);
	/* nothing that is secret is kept for a session that is over */
	KUNIT_EXPECT_NULL(test, memchr_inv(t->source->secret, 0,
					   REWIRE_KEY_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(t->target->secret, 0,
					   REWIRE_KEY_SIZE));

	KUNIT_EXPECT_EQ(test, target_hears(test, t->source->said.bytes,
					   t->source->said.len,
					   REWIRE_MSG_RECEIPT), 0);
	KUNIT_EXPECT_EQ(test, t->target->state, REWIRE_SESSION_ACTIVE);
}

/* Its last word gives the source its enclave back, in an epoch of its own. */
static void target_aborts_after_start(struct kunit *test)
{
	struct talk *t = test->priv;
	u64 epoch;

	relinquish(test);
	KUNIT_EXPECT_EQ(test, aborts(test, t->source, REWIRE_SESSION_EV_ABORT),
			-EBADFD);
	KUNIT_EXPECT_EQ(test, aborts(test, t->target, REWIRE_SESSION_EV_ABORT),
			0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&t->b->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, t->b->enclave_count, 0);
	/* what it may have sealed is void; a START that comes late too */
	KUNIT_EXPECT_EQ(test, rewire_workload_claim(t->b, WORLD_WORKLOAD, 2,
						    true, &epoch, NULL),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, target_hears(test, t->source->said.bytes,
					   t->source->said.len,
					   REWIRE_MSG_START), -EBADFD);

	KUNIT_EXPECT_EQ(test, hear(test, t->source, t->target,
				   REWIRE_MSG_ABORTED), 0);
	KUNIT_EXPECT_EQ(test, aborts(test, t->source,
				     REWIRE_SESSION_EV_PEER_ABORTED), 0);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, t->enclave->epoch, 3ULL);
	KUNIT_EXPECT_PTR_EQ(test, t->enclave->session, NULL);
	KUNIT_EXPECT_FALSE(test, t->enclave->relinquished);
}

/* Destroyed between START and ACTIVE: it has moved all the same. */
static void source_wiped_after_start_has_moved(struct kunit *test)
{
	struct talk *t = test->priv;
	u64 epoch;

	relinquish(test);
	mutex_lock(&t->enclave->lock);
	rewire_enclave_wipe(t->enclave, -ECANCELED, "attacked");
	mutex_unlock(&t->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_workload_claim(t->a, WORLD_WORKLOAD, 1,
						    true, &epoch, NULL),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, rewire_workload_claim(t->a, WORLD_WORKLOAD, 0,
						    false, &epoch, NULL),
			-EREMCHG);
	KUNIT_EXPECT_EQ(test, target_hears(test, t->source->said.bytes,
					   t->source->said.len,
					   REWIRE_MSG_START), 0);
	KUNIT_EXPECT_EQ(test, source_hears(test, t->target->said.bytes,
					   t->target->said.len,
					   REWIRE_MSG_ACTIVE), 0);
}

static void source_aborts_before_start(struct kunit *test)
{
	struct talk *t = test->priv;
	size_t len = freeze(test);

	KUNIT_ASSERT_EQ(test, send(test, len), (ssize_t)len);
	KUNIT_EXPECT_EQ(test, aborts(test, t->source, REWIRE_SESSION_EV_ABORT),
			0);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, t->enclave->epoch, 1ULL);
	KUNIT_EXPECT_EQ(test, source_hears(test, t->target->said.bytes,
					   t->target->said.len,
					   REWIRE_MSG_READY), -EBADFD);
	KUNIT_EXPECT_EQ(test, hear(test, t->target, t->source,
				   REWIRE_MSG_ABORTED), 0);
}

/* A stream that is refused ends the migration at the target, and only there. */
static void target_of_a_changed_stream_gives_up(struct kunit *test)
{
	struct talk *t = test->priv;
	size_t len = freeze(test);

	t->bytes[len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, send(test, len), (ssize_t)-EBADMSG);
	KUNIT_EXPECT_EQ(test, t->target->state, REWIRE_SESSION_ABORTED);
	KUNIT_EXPECT_EQ(test, t->target->said.kind, REWIRE_MSG_ABORTED);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&t->b->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, t->source->state, REWIRE_SESSION_FROZEN);
}

static void ready_about_another_state_is_refused(struct kunit *test)
{
	struct talk *t = test->priv;
	const struct rewire_statement lie = {
		.kind = REWIRE_MSG_READY, .epoch = 2, .digest = true,
		.enclave = t->enclave,
	};
	u8 transcript[REWIRE_DIGEST_SIZE];

	freeze(test);
	memcpy(transcript, t->source->transcript, sizeof(transcript));
	memset(t->target->state_digest, 0xd1, REWIRE_DIGEST_SIZE);
	mutex_lock(&t->target->lock);
	mutex_lock(&t->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_session_say(t->target, &lie), 0);
	mutex_unlock(&t->enclave->lock);
	mutex_unlock(&t->target->lock);
	KUNIT_EXPECT_EQ(test, source_hears(test, t->target->said.bytes,
					   t->target->said.len,
					   REWIRE_MSG_READY), -EBADMSG);
	/* as if nothing had come */
	KUNIT_EXPECT_EQ(test, t->source->state, REWIRE_SESSION_FROZEN);
	KUNIT_EXPECT_EQ(test, t->enclave->state, REWIRE_ENCLAVE_FROZEN);
	KUNIT_EXPECT_FALSE(test, t->enclave->relinquished);
	KUNIT_EXPECT_MEMEQ(test, t->source->transcript, transcript,
			   sizeof(transcript));
	KUNIT_EXPECT_FALSE(test, rewire_session_heard(t->source,
						      t->target->said.bytes,
						      t->target->said.len));
}

/* by a helper that looks at all that is open: its creator has no file yet */
static void session_closed_while_made_goes_on(struct kunit *test)
{
	struct talk *t = test->priv;
	struct file *file = rewire_session_file(t->target);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, t->target->state, REWIRE_SESSION_RECEIVING);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->target->files), 1);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(message_is_heard_by_its_listener),
	KUNIT_CASE_SLOW(message_with_any_byte_changed_is_refused),
	KUNIT_CASE(message_of_other_length_is_refused),
	KUNIT_CASE(message_of_another_kind_is_refused),
	KUNIT_CASE(message_reflected_is_refused),
	KUNIT_CASE(message_of_the_other_direction_is_refused),
	KUNIT_CASE(message_of_another_migration_is_refused),
	KUNIT_CASE(message_of_an_impostor_is_refused),
	KUNIT_CASE(request_of_other_sms_is_refused),
	KUNIT_CASE(secret_is_of_one_handshake),
	KUNIT_CASE(secret_differs_with_the_transcript),
	KUNIT_CASE(share_off_the_curve_is_refused),
	KUNIT_CASE(message_of_another_try_is_refused),
	KUNIT_CASE(message_out_of_the_chain_is_refused),
	KUNIT_CASE(message_heard_is_known_again),
	KUNIT_CASE(attack_42_no_key_after_the_end),
	KUNIT_CASE(freeze_without_a_last_round_is_undone),
	KUNIT_CASE(migration_goes_well),
	KUNIT_CASE(target_aborts_after_start),
	KUNIT_CASE(source_wiped_after_start_has_moved),
	KUNIT_CASE(source_aborts_before_start),
	KUNIT_CASE(target_of_a_changed_stream_gives_up),
	KUNIT_CASE(ready_about_another_state_is_refused),
	KUNIT_CASE(session_closed_while_made_goes_on),
	{}
};

static struct kunit_suite message_suite = {
	.name = "rewire_message",
	.init = talk_init,
	.exit = talk_exit,
	.test_cases = message_cases,
};

kunit_test_suite(message_suite);
