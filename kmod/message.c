// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the SMs of a migration say to each other: signed statements, chained by
 * a transcript, each bound to the request, the speaker and the listener.
 */
#include <crypto/sha2.h>
#include <linux/slab.h>

#include "arch.h"
#include "compat.h"
#include "evidence.h"
#include "migrate.h"
#include "weaken.h"

/* those that say on which platform they were said */
static bool message_has_evidence(u32 kind)
{
	return kind == REWIRE_MSG_OFFER || kind == REWIRE_MSG_ACCEPT ||
	       kind == REWIRE_MSG_READY;
}

static void message_advance(struct rewire_session *session,
			    const struct rewire_message *message)
{
	struct {
		u8 transcript[REWIRE_DIGEST_SIZE];
		struct rewire_message message;
	} chain;

	memcpy(chain.transcript, session->transcript, REWIRE_DIGEST_SIZE);
	chain.message = *message;
	sha256((const u8 *)&chain, sizeof(chain), session->transcript);
}

static int message_compose(struct rewire_session *session,
			   const struct rewire_statement *statement,
			   struct rewire_message *message)
{
	const struct rewire_enclave *enclave = statement->enclave;

	*message = (struct rewire_message){
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_MESSAGE,
			.version = REWIRE_VERSION,
			.size = sizeof(*message),
		},
		.kind = statement->kind,
		.role = session->side,
		.epoch = statement->epoch,
		.cert_len = session->sm->attest.cert_len,
	};
	memcpy(message->request_id, session->request.id, REWIRE_ID_SIZE);
	memcpy(message->request_digest, session->request_digest,
	       REWIRE_DIGEST_SIZE);
	memcpy(message->speaker, session->sm->attest.id, REWIRE_ID_SIZE);
	memcpy(message->listener, session->peer, REWIRE_ID_SIZE);
	memcpy(message->nonce, session->nonce, REWIRE_NONCE_SIZE);
	memcpy(message->share, session->share.public, REWIRE_POINT_SIZE);
	memcpy(message->workload, session->request.workload, REWIRE_ID_SIZE);
	if (statement->kind != REWIRE_MSG_ABORTED)
		memcpy(message->transcript, session->transcript,
		       REWIRE_DIGEST_SIZE);
	if (statement->digest)
		memcpy(message->state_digest, session->state_digest,
		       REWIRE_DIGEST_SIZE);
	memcpy(message->measurement, session->measurement, REWIRE_DIGEST_SIZE);
	if (!enclave)
		return 0;
	message->memory = enclave->charged;
	message->xfeatures = rewire_arch_xfeatures();
	return rewire_xlayout(message->xfeatures, message->xlayout);
}

/* Return: bytes of evidence at @to, of which there is none in most messages */
static int message_evidence(struct rewire_session *session,
			    const struct rewire_statement *statement,
			    struct rewire_message *message, u8 *to)
{
	const u8 *nonce = statement->kind == REWIRE_MSG_OFFER ?
				  session->request_digest : session->peer_nonce;
	struct rewire_claims *claims;
	int ret;

	if (!message_has_evidence(statement->kind))
		return 0;
	claims = kzalloc(sizeof(*claims), GFP_KERNEL_ACCOUNT);
	if (!claims)
		return -ENOMEM;
	rewire_evidence_fill_sm(session->sm, claims);
	rewire_evidence_fill_session(session->side, session->request.id,
				     session->transcript, claims);
	if (statement->enclave) {
		rewire_evidence_fill_enclave(statement->enclave, claims);
		claims->epoch = statement->epoch;
	}
	if (statement->digest) {
		claims->groups |= REWIRE_EAT_STATE;
		memcpy(claims->state_digest, session->state_digest,
		       REWIRE_DIGEST_SIZE);
	}
	claims->nonce_len = REWIRE_NONCE_SIZE;
	memcpy(claims->nonce, nonce, REWIRE_NONCE_SIZE);
	ret = rewire_evidence_make(&session->sm->attest, claims, to,
				   REWIRE_MAX_EVIDENCE);
	kfree(claims);
	if (ret > 0) {
		message->evidence_len = ret;
		sha256(to, ret, message->evidence_digest);
	}
	return ret;
}

/**
 * rewire_session_say() - what this side has to say from now on
 * @session: locked
 * @statement: what it is about
 *
 * Until it is written down, rewire_session_unsay() takes it back.
 *
 * Return: 0 or a negative errno, and then the message before stays.
 */
int rewire_session_say(struct rewire_session *session,
		       const struct rewire_statement *statement)
{
	const struct rewire_attest *attest = &session->sm->attest;
	u32 room = sizeof(struct rewire_message) + attest->cert_len +
		   attest->signature_len + REWIRE_MAX_EVIDENCE;
	struct rewire_message *message;
	u8 *signature;
	int ret, evidence;

	message = kzalloc(room, GFP_KERNEL_ACCOUNT);
	if (!message)
		return -ENOMEM;
	memcpy(message + 1, attest->cert, attest->cert_len);
	signature = (u8 *)(message + 1) + attest->cert_len;
	ret = message_compose(session, statement, message);
	if (ret)
		goto err_free;
	evidence = message_evidence(session, statement, message,
				    signature + attest->signature_len);
	ret = evidence;
	if (ret < 0)
		goto err_free;
	/* the length is signed too: all signatures of a key have the same */
	message->sig_len = attest->signature_len;
	ret = rewire_attest_sign(attest, REWIRE_MESSAGE_DOMAIN, message,
				 sizeof(*message), signature);
	if (ret >= 0 && ret != message->sig_len)
		ret = -EIO;
	if (ret < 0)
		goto err_free;
	if (statement->kind != REWIRE_MSG_ABORTED)
		message_advance(session, message);
	kfree(session->before.bytes);
	session->before = session->said;
	session->said = (struct rewire_said){
		.bytes = (u8 *)message,
		.len = signature + ret + evidence - (u8 *)message,
		.kind = statement->kind,
	};
	return 0;

err_free:
	kfree(message);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_say);

/**
 * rewire_session_unsay() - what was said last was not said
 * @session: locked; nobody has been given the message. The transcript is the
 *	caller's to restore
 */
void rewire_session_unsay(struct rewire_session *session)
{
	kfree(session->said.bytes);
	session->said = session->before;
	session->before = (struct rewire_said){};
}

/* another life of the peer, or another try of the same request, is not it */
static bool message_of_session(const struct rewire_session *session,
			       const struct rewire_message *m)
{
	if (memchr_inv(session->peer_nonce, 0, REWIRE_NONCE_SIZE) &&
	    memcmp(m->nonce, session->peer_nonce, REWIRE_NONCE_SIZE))
		return false;
	/* either side may abort without having heard what the other said last */
	return m->kind == REWIRE_MSG_ABORTED ||
	       !memcmp(m->transcript, session->transcript, REWIRE_DIGEST_SIZE);
}

static int message_check(const struct rewire_session *session,
			 const struct rewire_message *m, u32 kind,
			 struct rewire_why *why)
{
	u32 other = session->side == REWIRE_SIDE_SOURCE ? REWIRE_SIDE_TARGET :
							  REWIRE_SIDE_SOURCE;

	if (m->kind != kind)
		return rewire_because(why, -EBADMSG,
				      "a message of kind %u, not %u", m->kind,
				      kind);
	if ((m->role != other && !rewire_weakened(speaker)) ||
	    memcmp(m->speaker, session->peer, REWIRE_ID_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "not a message of the other side");
	if (memcmp(m->listener, session->sm->attest.id, REWIRE_ID_SIZE) &&
	    !rewire_weakened(listener))
		return rewire_because(why, -EKEYREJECTED,
				      "a message for another SM");
	if (memcmp(m->request_id, session->request.id, REWIRE_ID_SIZE) ||
	    memcmp(m->request_digest, session->request_digest,
		   REWIRE_DIGEST_SIZE) ||
	    memcmp(m->workload, session->request.workload, REWIRE_ID_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "a message of another migration");
	if (!message_of_session(session, m) && !rewire_weakened(session))
		return rewire_because(why, -EKEYREJECTED,
				      "a message of another session of this migration");
	if (m->__reserved)
		return rewire_because(why, -EBADMSG,
				      "reserved bytes are not zero");
	return 0;
}

/* is the evidence about what the message says, and about this step? */
static int message_claims_check(const struct rewire_session *session,
				const struct rewire_message *m,
				const struct rewire_claims *claims,
				struct rewire_why *why)
{
	const u8 *nonce = m->kind == REWIRE_MSG_OFFER ?
				  session->request_digest : session->nonce;
	bool enclave = m->kind != REWIRE_MSG_ACCEPT;
	int ret;

	ret = rewire_evidence_bound(claims, nonce, REWIRE_NONCE_SIZE, m->role,
				    m->request_id, session->transcript, why);
	if (ret)
		return ret;
	if (memcmp(claims->ueid + 1, m->speaker, REWIRE_ID_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "the evidence is of another SM");
	if (enclave != !!(claims->groups & REWIRE_EAT_ENCLAVE) ||
	    (m->kind == REWIRE_MSG_READY) !=
		    !!(claims->groups & REWIRE_EAT_STATE))
		return rewire_because(why, -EBADMSG,
				      "the evidence says too little or too much");
	if (enclave &&
	    (memcmp(claims->workload, m->workload, REWIRE_ID_SIZE) ||
	     memcmp(claims->measurement, m->measurement, REWIRE_DIGEST_SIZE) ||
	     claims->epoch != m->epoch))
		return rewire_because(why, -EKEYREJECTED,
				      "the evidence is about another enclave");
	if (memcmp(claims->state_digest, m->state_digest, REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "the evidence is about another state");
	return 0;
}

/* what the peer runs on now becomes its level, by our table */
static int message_hear_evidence(struct rewire_session *session,
				 const struct rewire_message *m,
				 const u8 *evidence, struct rewire_why *why)
{
	u8 digest[REWIRE_DIGEST_SIZE] = {};
	struct rewire_claims *claims;
	int ret;

	if (m->evidence_len)
		sha256(evidence, m->evidence_len, digest);
	if (memcmp(m->evidence_digest, digest, REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "the evidence is not the message's");
	if (message_has_evidence(m->kind) != !!m->evidence_len)
		return rewire_because(why, -EBADMSG,
				      "evidence is missing, or too much");
	if (!m->evidence_len)
		return 0;
	claims = kzalloc(sizeof(*claims), GFP_KERNEL_ACCOUNT);
	if (!claims)
		return -ENOMEM;
	ret = rewire_evidence_check(&session->sm->roles, evidence,
				    m->evidence_len, claims, why) ?:
	      message_claims_check(session, m, claims, why);
	if (!ret)
		session->peer_level = rewire_trust_level(session->sm,
							 claims->platform,
							 claims->version);
	kfree(claims);
	return ret;
}

/**
 * rewire_session_peer_fits() - may the target have the enclave?
 * @session: locked, of a source; it has heard ACCEPT or READY just now
 * @why: for the sentence
 *
 * Return: 0, or -EPERM when the target's level is too low.
 */
int rewire_session_peer_fits(const struct rewire_session *session,
			     struct rewire_why *why)
{
	if (session->peer_level >= session->min_atl)
		return 0;
	return rewire_because(why, -EPERM,
			      "the target has trust level %u, at least %u is wanted",
			      session->peer_level, session->min_atl);
}

/**
 * rewire_session_hear() - verify a message of the peer
 * @session: locked
 * @bytes: message, certificate, signature
 * @len: their bytes
 * @kind: the only one that is taken
 * @message: out: the verified statement
 * @why: for the sentence
 *
 * Everything that a verified message can be wrong about beside its content is
 * checked; the content is the caller's. On success the transcript has it.
 *
 * Return: 0; -EBADMSG; -EKEYREJECTED; -ENOKEY.
 */
int rewire_session_hear(struct rewire_session *session, const u8 *bytes,
			u32 len, u32 kind, struct rewire_message *message,
			struct rewire_why *why)
{
	u8 id[REWIRE_ID_SIZE];
	int ret;

	if (len < sizeof(*message))
		return rewire_because(why, -EBADMSG, "a message of %u bytes",
				      len);
	memcpy(message, bytes, sizeof(*message));
	ret = rewire_header_check(&message->header, REWIRE_TYPE_MESSAGE,
				  sizeof(*message), why);
	if (ret)
		return ret;
	if (message->cert_len > REWIRE_MAX_CERT ||
	    message->sig_len > REWIRE_MAX_SIGNATURE ||
	    message->evidence_len > REWIRE_MAX_EVIDENCE ||
	    len != sizeof(*message) + message->cert_len + message->sig_len +
		   message->evidence_len)
		return rewire_because(why, -EBADMSG,
				      "a message whose lengths do not add up");
	ret = message_check(session, message, kind, why);
	if (ret)
		return ret;
	bytes += sizeof(*message);
	ret = rewire_peer_verify(&session->sm->roles, bytes, message->cert_len,
				 REWIRE_MESSAGE_DOMAIN, message,
				 sizeof(*message), bytes + message->cert_len,
				 message->sig_len, id, why);
	if (ret)
		return ret;
	if (memcmp(id, message->speaker, REWIRE_ID_SIZE))
		return rewire_because(why, -EKEYREJECTED,
				      "signed by another SM than it says");
	ret = message_hear_evidence(session, message,
				    bytes + message->cert_len +
				    message->sig_len, why);
	if (ret)
		return ret;
	if (kind != REWIRE_MSG_ABORTED)
		message_advance(session, message);
	sha256((const u8 *)message, sizeof(*message), session->heard[kind]);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_hear);

/**
 * rewire_session_heard() - whether the very same message was taken before
 * @session: locked
 * @bytes: the message
 * @len: its bytes
 *
 * Return: whether it was, which makes sending twice harmless.
 */
bool rewire_session_heard(const struct rewire_session *session,
			  const u8 *bytes, u32 len)
{
	const struct rewire_message *message = (const void *)bytes;
	u8 digest[REWIRE_DIGEST_SIZE];

	if (len < sizeof(*message) || message->kind > REWIRE_MSG_ABORTED)
		return false;
	sha256(bytes, sizeof(*message), digest);
	return !memcmp(session->heard[message->kind], digest, sizeof(digest));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_heard);

/**
 * rewire_session_take() - a message that moves the session along one arc
 * @session: locked
 * @bytes: message, certificate, signature
 * @len: their bytes
 * @kind: the only one that is taken
 * @event: the arc
 * @take: checks the content and carries the arc out
 * @why: for the sentence
 *
 * When @take refuses, the session is as if nothing had come.
 *
 * Return: 0 or a negative errno.
 */
int rewire_session_take(struct rewire_session *session, const u8 *bytes,
			u32 len, u32 kind, enum rewire_session_event event,
			rewire_take_t take, struct rewire_why *why)
{
	const u8 *said = session->said.bytes;
	u8 transcript[REWIRE_DIGEST_SIZE];
	struct rewire_message message;
	int ret;

	ret = rewire_session_may(session, event, why);
	if (ret < 0)
		return ret;
	memcpy(transcript, session->transcript, sizeof(transcript));
	ret = rewire_session_hear(session, bytes, len, kind, &message, why);
	if (ret)
		return ret;
	ret = take(session, &message, why);
	if (ret) {
		if (session->said.bytes != said)
			rewire_session_unsay(session);
		memcpy(session->transcript, transcript, sizeof(transcript));
		memset(session->heard[kind], 0, REWIRE_DIGEST_SIZE);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_take);

/**
 * rewire_session_agree() - the migration's secret, and whom it is shared with
 * @session: locked; its transcript has OFFER and ACCEPT
 * @peer: which of them came from the peer, verified
 *
 * Return: 0, or -EBADMSG for a share that is not a point of the curve.
 */
int rewire_session_agree(struct rewire_session *session,
			 const struct rewire_message *peer)
{
	u8 shared[REWIRE_SECRET_SIZE];
	int ret;

	ret = rewire_share_agree(&session->share, peer->share, shared);
	if (!ret)
		ret = rewire_derive(shared, sizeof(shared), session->transcript,
				    REWIRE_DIGEST_SIZE, REWIRE_LABEL_SESSION,
				    session->request_digest, REWIRE_DIGEST_SIZE,
				    session->secret, sizeof(session->secret));
	if (!ret)
		memcpy(session->peer_nonce, peer->nonce, REWIRE_NONCE_SIZE);
	memzero_explicit(shared, sizeof(shared));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_agree);
