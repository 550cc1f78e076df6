// SPDX-License-Identifier: GPL-2.0-only
/*
 * The target's side of a migration.
 *
 *	MIGRATE_IN	verify request and OFFER, agree on the secret, say ACCEPT
 *	write		the stream, of which LANE gives more; after END: PREPARED,
 *			say READY
 *	hear START	ACTIVE: the instance is here, say ACTIVE
 *	hear RECEIPT	the source is gone for good
 *
 * ACTIVE and ABORTED exclude each other by the state table: there is no arc
 * between them.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "checkpoint.h"
#include "compat.h"
#include "dirty.h"
#include "migrate.h"
#include "weaken.h"

/**
 * rewire_target_check() - may the workload come, as far as it can be told now?
 * @sm: the target
 * @request: verified, and for this SM
 * @memory: bytes that it occupies
 * @why: for the sentence
 *
 * Return: 0; -EDQUOT; -EEXIST; -ESTALE.
 */
int rewire_target_check(struct rewire_sm *sm,
			const struct rewire_request *request, u64 memory,
			struct rewire_why *why)
{
	u64 used = atomic64_read(&sm->memory_used);

	if (used > sm->memory_limit || memory > sm->memory_limit - used)
		return rewire_because(why, -EDQUOT,
				      "%llu bytes more would exceed the SM's limit of %llu",
				      memory, sm->memory_limit);
	return rewire_workload_would(sm, request->workload, request->epoch,
				     false, why);
}

/* what can be refused early is refused before anything is copied */
static int target_check_offer(struct rewire_session *session,
			      const struct rewire_message *offer,
			      struct rewire_why *why)
{
	int ret;

	if (offer->epoch != session->request.epoch)
		return rewire_because(why, -EBADMSG,
				      "OFFER is about another epoch");
	ret = rewire_target_check(session->sm, &session->request,
				  offer->memory, why);
	if (ret)
		return ret;
	memcpy(session->measurement, offer->measurement, REWIRE_DIGEST_SIZE);
	memcpy(session->peer_nonce, offer->nonce, REWIRE_NONCE_SIZE);
	return rewire_xfeatures_check(offer->xfeatures, offer->xlayout, why);
}

static int target_accept(struct rewire_session *session,
			 const struct rewire_message *offer)
{
	const struct rewire_statement accept = {
		.kind = REWIRE_MSG_ACCEPT,
		.epoch = session->request.epoch,
	};

	return rewire_session_say(session, &accept) ?:
	       rewire_session_agree(session, offer);
}

/* the one stream that can be meant: from the source, or what we sealed of it */
static int target_reader(struct rewire_session *session, u32 kind)
{
	const struct rewire_request *request = &session->request;
	bool sealed = kind == REWIRE_STREAM_SEALED;
	const struct rewire_stream_key key = {
		.secret = sealed ? NULL : session->secret,
		.roots = &session->sm->roots,
	};
	struct rewire_stream_header expect = {
		.kind = kind,
		.epoch = request->epoch + sealed,
	};
	struct rewire_reader *reader;

	memcpy(expect.request_id, request->id, REWIRE_ID_SIZE);
	memcpy(expect.workload, request->workload, REWIRE_ID_SIZE);
	memcpy(expect.origin, sealed ? request->target : request->source,
	       REWIRE_ID_SIZE);
	reader = rewire_reader_create(session->sm, &expect, &key);
	if (IS_ERR(reader))
		return PTR_ERR(reader);
	if (!sealed)
		reader->lanes = &session->lanes;
	session->reader = reader;
	return 0;
}

/* give back the workload's place: the SDS says that it lives at the source */
static void target_unclaim(struct rewire_session *session)
{
	if (!session->claimed)
		return;
	rewire_workload_set(session->sm, session->request.workload,
			    session->request.epoch, REWIRE_PLACE_MOVED);
	session->claimed = false;
}

static int target_begin(struct rewire_session *session, const u8 *offer_bytes,
			u32 offer_len, struct rewire_why *why)
{
	struct rewire_message offer;
	u64 epoch;
	int ret;

	ret = rewire_session_hear(session, offer_bytes, offer_len,
				  REWIRE_MSG_OFFER, &offer, why) ?:
	      target_check_offer(session, &offer, why) ?:
	      target_accept(session, &offer) ?:
	      target_reader(session, REWIRE_STREAM_SESSION);
	if (ret)
		return ret;
	ret = rewire_workload_claim(session->sm, session->request.workload,
				    session->request.epoch, false, &epoch,
				    why);
	if (ret)
		return ret;
	session->claimed = true;
	ret = rewire_session_publish(session, why);
	if (ret)
		target_unclaim(session);
	return ret;
}

static struct rewire_session *target_create(struct rewire_context *context,
					    struct rewire_migrate_in *arg,
					    const u8 *offer)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_session *session;
	struct rewire_request request;
	int ret;

	ret = rewire_request_get(sm, arg->request, arg->signature,
				 arg->signature_length, &request,
				 &context->why);
	if (ret)
		return ERR_PTR(ret);
	session = rewire_session_create(sm, REWIRE_SIDE_TARGET, &request,
					&context->why);
	if (IS_ERR(session))
		return session;
	mutex_lock(&session->lock);
	ret = target_begin(session, offer, arg->offer_length, &context->why);
	mutex_unlock(&session->lock);
	if (!ret)
		return session;
	rewire_session_put(session);
	return ERR_PTR(ret);
}

/**
 * rewire_migrate_in() - REWIRE_MIGRATE_IN
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0 or a negative errno as the uapi says.
 */
int rewire_migrate_in(struct rewire_context *context,
		      struct rewire_migrate_in *arg)
{
	struct rewire_session *session;
	struct file *file;
	u8 *offer;
	int ret;

	if (!arg->offer_length || arg->offer_length > REWIRE_MAX_MESSAGE)
		return rewire_because(&context->why, -EINVAL,
				      "an OFFER of %u bytes",
				      arg->offer_length);
	offer = memdup_user(u64_to_user_ptr(arg->offer), arg->offer_length);
	if (IS_ERR(offer))
		return PTR_ERR(offer);
	session = target_create(context, arg, offer);
	kfree(offer);
	if (IS_ERR(session))
		return PTR_ERR(session);
	file = rewire_session_file(session);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret) {
		mutex_lock(&session->lock);
		rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
				     "no file for it", NULL);
		mutex_unlock(&session->lock);
	} else {
		context->out = file;
		context->fd = &arg->fd;
	}
	atomic_dec(&session->files);
	rewire_session_put(session);
	return ret;
}

/* from here the enclave is the workload's, but must not run */
static int target_house(struct rewire_session *session, struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->reader->enclave;
	int ret;

	mutex_lock(&enclave->lock);
	ret = rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_RECEIVED, why);
	if (!ret) {
		enclave->epoch = session->request.epoch + 1;
		enclave->session = session;
		/* pairs with the acquire in rewire_sm_find_workload() */
		smp_store_release(&enclave->claimed, true);
		session->claimed = false;
		rewire_dirty_settle(enclave, true);
		enclave->checkpointed = session->reader->expect.kind ==
					REWIRE_STREAM_SEALED;
		session->enclave = enclave;
		rewire_enclave_get(enclave);
	}
	mutex_unlock(&enclave->lock);
	return ret;
}

/* the enclave is complete */
static int target_prepared(struct rewire_session *session,
			   struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->reader->enclave;
	const struct rewire_statement ready = {
		.kind = REWIRE_MSG_READY,
		.epoch = session->request.epoch + 1,
		.enclave = enclave,
		.digest = true,
	};
	int ret = 0;

	if (memcmp(enclave->measurement, session->measurement,
		   REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EBADMSG,
				      "the enclave is not the one that was offered");
	memcpy(session->state_digest, session->reader->totals.digest,
	       REWIRE_DIGEST_SIZE);
	if (!rewire_weakened(counter))
		ret = rewire_workload_arrive(session->sm, enclave->workload,
					     &session->reader->luggage, why);
	if (!ret)
		ret = rewire_workload_allows(session->sm, enclave->workload,
					     &enclave->manifest, why);
	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	ret = rewire_session_say(session, &ready);
	mutex_unlock(&enclave->lock);
	if (ret)
		return ret;
	mutex_lock(&session->sm->journal.lock);
	ret = rewire_session_write(session, REWIRE_SESSION_PREPARED, why);
	mutex_unlock(&session->sm->journal.lock);
	if (ret)
		return ret;
	ret = target_house(session, why);
	return ret ?: rewire_session_step(session, REWIRE_SESSION_EV_RECEIVED,
					  NULL, why);
}

/* after a crash: the image comes back from what was sealed of it */
static ssize_t target_reload(struct rewire_session *session,
			     struct iov_iter *from, struct rewire_why *why)
{
	ssize_t ret = 0;

	if (session->enclave)
		return rewire_because(why, -EBADFD,
				      "not for a migration that is PREPARED and has its image");
	if (!session->reader)
		ret = target_reader(session, REWIRE_STREAM_SEALED);
	if (ret)
		return ret;
	ret = rewire_reader_write(session->reader, from, why);
	if (ret >= 0 && session->reader->flow.part == REWIRE_PART_OVER &&
	    !session->reader->flow.error) {
		int error = target_house(session, why);

		ret = error ?: ret;
	}
	/* who has another file may try that one */
	if ((ret < 0 && ret != -EFAULT) || session->enclave) {
		rewire_reader_free(session->reader);
		session->reader = NULL;
	}
	return ret;
}

/**
 * rewire_target_refuse() - there is no second try under the same keys
 * @session: locked
 * @why: the stream was refused
 */
void rewire_target_refuse(struct rewire_session *session,
			  const struct rewire_why *why)
{
	rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
			     why->text[0] ? why->text : "the stream was refused",
			     NULL);
}

/**
 * rewire_target_write() - the stream comes in
 * @session: locked
 * @from: where they are
 * @why: for the sentence
 *
 * A stream that is refused ends the migration.
 *
 * Return: bytes, or a negative errno.
 */
ssize_t rewire_target_write(struct rewire_session *session,
			    struct iov_iter *from, struct rewire_why *why)
{
	ssize_t ret;
	int error;

	if (session->state == REWIRE_SESSION_PREPARED)
		return target_reload(session, from, why);
	ret = rewire_session_may(session, REWIRE_SESSION_EV_RECEIVED, why);
	if (ret < 0)
		return ret;
	ret = rewire_reader_write(session->reader, from, why);
	error = session->reader->flow.error;
	if (!error && session->reader->flow.part == REWIRE_PART_OVER)
		error = target_prepared(session, why);
	if (!error)
		return ret;
	rewire_target_refuse(session, why);
	return error;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_target_write);

/**
 * rewire_target_lane() - REWIRE_SESSION_LANE
 * @session: locked
 * @count: of lanes
 * @why: for the sentence
 *
 * Return: 0: there are so many; -EAGAIN: nothing has come yet; -EBADFD; -EINVAL;
 * -ENOMEM.
 */
int rewire_target_lane(struct rewire_session *session, u32 count,
		       struct rewire_why *why)
{
	int ret = rewire_session_may(session, REWIRE_SESSION_EV_RECEIVED, why);

	if (ret < 0)
		return ret;
	if (!session->reader->enclave)
		return rewire_because(why, -EAGAIN, "nothing has come yet");
	if (count != session->lanes.count)
		return rewire_because(why, -EINVAL, "the stream has %u lanes",
				      session->lanes.count ?: 1);
	return rewire_lanes_make(session);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_target_lane);

/* as the one that it will be: what is sealed meanwhile says so */
static void target_expect(struct rewire_session *session,
			  struct rewire_enclave *enclave)
{
	mutex_lock(&enclave->lock);
	enclave->epoch = session->request.epoch + 1;
	mutex_unlock(&enclave->lock);
}

/**
 * rewire_target_checkpoint() - the state that came in, for this host's own disk
 * @session: locked
 * @live: out: it is read in rounds
 * @why: for the sentence
 *
 * Return: the file, or an ERR_PTR(): -EBADFD; -EAGAIN: nothing has come yet; as
 * rewire_checkpoint_session().
 */
struct file *rewire_target_checkpoint(struct rewire_session *session,
				      bool *live, struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;

	*live = session->state == REWIRE_SESSION_RECEIVING;
	if (*live) {
		enclave = session->reader->enclave;
		if (!enclave)
			return ERR_PTR(rewire_because(why, -EAGAIN,
						      "nothing has come yet"));
		target_expect(session, enclave);
	} else if (session->state != REWIRE_SESSION_PREPARED || !enclave) {
		return ERR_PTR(rewire_because(why, -EBADFD,
					      "not for a migration that is %s%s",
					      rewire_session_state_name(session->state),
					      enclave ? "" :
					      " without its image"));
	}
	return rewire_checkpoint_session(session, enclave, *live, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_target_checkpoint);

/*
 * Nobody has a file of it any more. What was half written is of no use to whoever
 * comes next, who begins at the beginning.
 */
void rewire_target_closed(struct rewire_session *session)
{
	if (session->state != REWIRE_SESSION_PREPARED || session->enclave)
		return;
	rewire_reader_free(session->reader);
	session->reader = NULL;
}

/* the one register: with this record it is ACTIVE, and ABORTED never */
static int target_decide(struct rewire_session *session,
			 const struct rewire_statement *active,
			 struct rewire_why *why)
{
	int ret = rewire_session_say(session, active);

	if (ret)
		return ret;
	mutex_lock(&session->sm->journal.lock);
	ret = rewire_session_write(session, REWIRE_SESSION_ACTIVE, why);
	mutex_unlock(&session->sm->journal.lock);
	return ret;
}

static int target_start(struct rewire_session *session,
			const struct rewire_message *start,
			struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	const struct rewire_statement active = {
		.kind = REWIRE_MSG_ACTIVE,
		.epoch = session->request.epoch + 1,
		.enclave = enclave,
		.digest = true,
	};
	int ret;

	if (start->epoch != session->request.epoch + 1 ||
	    (memcmp(start->state_digest, session->state_digest,
		    REWIRE_DIGEST_SIZE) && !rewire_weakened(start_digest)))
		return rewire_because(why, -EBADMSG,
				      "START is about another state");
	if (!enclave)
		return rewire_because(why, -EAGAIN,
				      "the SM restarted: write the sealed checkpoint first");
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_START, why);
	if (ret >= 0)
		ret = target_decide(session, &active, why) ?:
		      rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_START,
					  why);
	if (!ret) {
		enclave->session = NULL;
		enclave->written = session->written;
	}
	mutex_unlock(&enclave->lock);
	if (ret < 0)
		return ret;
	ret = rewire_session_step(session, REWIRE_SESSION_EV_START, NULL, why);
	rewire_session_settle(session);
	rewire_session_over(session);
	return ret;
}

static int target_receipt(struct rewire_session *session,
			  const struct rewire_message *receipt,
			  struct rewire_why *why)
{
	int ret;

	if (receipt->epoch != session->request.epoch ||
	    (memcmp(receipt->state_digest, session->state_digest,
		    REWIRE_DIGEST_SIZE) && !rewire_weakened(receipt_digest)))
		return rewire_because(why, -EBADMSG,
				      "RECEIPT is about another state");
	mutex_lock(&session->sm->journal.lock);
	ret = rewire_session_write(session, REWIRE_SESSION_ACTIVE, why);
	mutex_unlock(&session->sm->journal.lock);
	return ret ?: rewire_session_step(session, REWIRE_SESSION_EV_RECEIPT,
					  "the source is destroyed", why);
}

/**
 * rewire_target_hear() - a message of the source
 * @session: locked
 * @bytes: the message
 * @len: its bytes
 * @kind: what it says it is
 * @why: for the sentence
 *
 * Return: as rewire_source_hear().
 */
int rewire_target_hear(struct rewire_session *session, const u8 *bytes, u32 len,
		       u32 kind, struct rewire_why *why)
{
	if (kind == REWIRE_MSG_START)
		return rewire_session_take(session, bytes, len, kind,
					   REWIRE_SESSION_EV_START,
					   target_start, why);
	if (kind == REWIRE_MSG_RECEIPT)
		return rewire_session_take(session, bytes, len, kind,
					   REWIRE_SESSION_EV_RECEIPT,
					   target_receipt, why);
	return rewire_because(why, -EBADFD,
			      "no message of kind %u for a target", kind);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_target_hear);

/* an aborted migration, settled already, leaves nothing here */
void rewire_target_release(struct rewire_session *session)
{
	struct rewire_enclave *enclave = session->enclave;

	session->claimed = false;
	if (!enclave)
		return;
	mutex_lock(&enclave->lock);
	enclave->session = NULL;
	/* the place is no longer its own to give back */
	WRITE_ONCE(enclave->claimed, false);
	rewire_enclave_wipe(enclave, -EREMCHG, "its migration was aborted");
	mutex_unlock(&enclave->lock);
}
