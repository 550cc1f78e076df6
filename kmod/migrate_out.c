// SPDX-License-Identifier: GPL-2.0-only
/*
 * The source's side of a migration.
 *
 *	MIGRATE_OUT	verify the request, say OFFER
 *	hear ACCEPT	agree on the secret
 *	LANE		one more stream for the pages
 *	ROUND		what was written can be read while it runs on
 *	FREEZE		the enclave stands still; the rest can be read
 *	hear READY	the target has it all: RELINQUISHED, say START
 *	hear ACTIVE	the target runs: wipe, say RECEIPT
 */
#include <linux/slab.h>

#include "checkpoint.h"
#include "compat.h"
#include "dirty.h"
#include "migrate.h"
#include "weaken.h"

/* may it leave on this request, as far as it can be told now? */
int rewire_source_check(const struct rewire_request *request,
			struct rewire_enclave *enclave, struct rewire_why *why)
{
	lockdep_assert_held(&enclave->lock);
	if (!rewire_enclave_owned(enclave))
		return rewire_because(why, -EPERM,
				      "the enclave is another user's");
	if (enclave->session)
		return rewire_because(why, -EBUSY, "it is migrating already");
	if (enclave->handover)
		return rewire_because(why, -EBUSY, "an update has it");
	if (enclave->epoch != request->epoch && !rewire_weakened(epoch))
		return rewire_because(why, -ESTALE,
				      "the request is for epoch %llu, the workload is in %llu",
				      request->epoch, enclave->epoch);
	if (enclave->state != REWIRE_ENCLAVE_RUNNING &&
	    enclave->state != REWIRE_ENCLAVE_PAUSED)
		return rewire_because(why, -EBADFD,
				      "not for an enclave that is %s",
				      rewire_enclave_state_name(enclave->state));
	return 0;
}

static int source_bind(struct rewire_session *session,
		       struct rewire_enclave *enclave, struct rewire_why *why)
{
	int ret = rewire_source_check(&session->request, enclave, why);

	if (ret)
		return ret;
	enclave->session = session;
	session->enclave = enclave;
	session->min_atl = max(session->request.min_atl,
			       enclave->manifest.min_atl);
	memcpy(session->measurement, enclave->measurement, REWIRE_DIGEST_SIZE);
	rewire_enclave_get(enclave);
	return 0;
}

static int source_begin(struct rewire_session *session,
			struct rewire_enclave *enclave, struct rewire_why *why)
{
	const struct rewire_statement offer = {
		.kind = REWIRE_MSG_OFFER,
		.epoch = session->request.epoch,
		.enclave = enclave,
	};
	int ret;

	mutex_lock(&enclave->lock);
	ret = source_bind(session, enclave, why);
	if (!ret)
		ret = rewire_session_say(session, &offer);
	mutex_unlock(&enclave->lock);
	return ret ?: rewire_session_publish(session, why);
}

static struct rewire_session *source_create(struct rewire_sm *sm,
					    const struct rewire_request *request,
					    struct rewire_why *why)
{
	struct rewire_session *session;
	struct rewire_enclave *enclave;
	int ret;

	session = rewire_session_create(sm, REWIRE_SIDE_SOURCE, request, why);
	if (IS_ERR(session))
		return session;
	enclave = rewire_sm_find_workload(sm, request->workload, &ret);
	if (!enclave) {
		rewire_because(why, ret, "the workload does not live here");
		goto err_session;
	}
	mutex_lock(&session->lock);
	ret = source_begin(session, enclave, why);
	mutex_unlock(&session->lock);
	rewire_enclave_put(enclave);
	if (!ret)
		return session;
err_session:
	rewire_session_put(session);
	return ERR_PTR(ret);
}

/**
 * rewire_migrate_out() - REWIRE_MIGRATE_OUT
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0 or a negative errno as the uapi says.
 */
int rewire_migrate_out(struct rewire_context *context,
		       struct rewire_migrate_out *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_session *session;
	struct rewire_request request;
	struct file *file;
	int ret;

	ret = rewire_request_get(sm, arg->request, arg->signature,
				 arg->signature_length, &request,
				 &context->why);
	if (ret)
		return ret;
	session = source_create(sm, &request, &context->why);
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

/* with the enclave's lock: bring it to a stand, unless somebody reads it */
static int source_still(struct rewire_session *session,
			struct rewire_enclave *enclave, u32 timeout_ms,
			struct rewire_why *why)
{
	bool awake = enclave->state == REWIRE_ENCLAVE_RUNNING;
	int ret;

	if (awake) {
		ret = rewire_enclave_pause(enclave, timeout_ms, why);
		if (ret)
			return ret;
	}
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_FREEZE, why);
	if (ret >= 0 && enclave->readers)
		ret = rewire_because(why, -EBUSY,
				     "a checkpoint of it is being read");
	if (ret >= 0 && enclave->epoch != session->request.epoch)
		ret = rewire_because(why, -ESTALE,
				     "the workload went on to epoch %llu",
				     enclave->epoch);
	if (ret < 0) {
		if (awake)
			rewire_enclave_continue(enclave);
		return ret;
	}
	enclave->ticket_armed = false;
	session->awake = awake || enclave->awaits;
	return rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_FREEZE, NULL);
}

/*
 * The END record is about to leave, and with it the target may say READY: from
 * here on this side must know D, after a crash too.
 */
static int source_ended(void *data, const struct rewire_end *totals,
			struct rewire_why *why)
{
	struct rewire_session *session = data;
	int ret;

	lockdep_assert_held(&session->lock);
	memcpy(session->state_digest, totals->digest, REWIRE_DIGEST_SIZE);
	session->complete = true;
	mutex_lock(&session->sm->journal.lock);
	ret = rewire_session_write(session, REWIRE_SESSION_FROZEN, why);
	mutex_unlock(&session->sm->journal.lock);
	if (ret)
		session->complete = false;
	return ret;
}

/* what takes time is made before the pause: buffers, keys, cipher */
static int source_writer(struct rewire_session *session)
{
	const struct rewire_stream_key key = { .secret = session->secret };
	struct rewire_writer *writer;

	lockdep_assert_held(&session->enclave->lock);
	if (session->writer)
		return 0;
	writer = rewire_writer_create(session->enclave, REWIRE_STREAM_SESSION,
				      session->request.id, &key,
				      session->lanes.count ? &session->lanes :
							     NULL);
	if (IS_ERR(writer))
		return PTR_ERR(writer);
	writer->ended = source_ended;
	writer->data = session;
	session->writer = writer;
	return 0;
}

/* from here on it is copied while it runs */
static int source_track(struct rewire_session *session, struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	int ret;

	if (enclave->state == REWIRE_ENCLAVE_DESTROYED)
		return rewire_because(why, -ECANCELED, "the enclave is gone");
	ret = source_writer(session);
	if (ret || session->writer->round)
		return ret;
	rewire_dirty_settle(enclave, false);
	return rewire_writer_track(session->writer, REWIRE_DIRTY_UNSENT);
}

/* may it be copied while it runs? */
static int source_may_copy(struct rewire_session *session,
			   struct rewire_why *why)
{
	int ret = rewire_session_may(session, REWIRE_SESSION_EV_FREEZE, why);

	if (ret < 0)
		return ret;
	if (rewire_session_late(session))
		return rewire_because(why, -ETIME, "the deadline has passed");
	return 0;
}

/* the first of several lanes, and with it the others */
static int source_lanes(struct rewire_session *session, u32 count,
			struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	int ret;

	rewire_lanes_begin(&session->lanes, count);
	mutex_lock(&enclave->lock);
	if (enclave->state == REWIRE_ENCLAVE_DESTROYED)
		ret = rewire_because(why, -ECANCELED, "the enclave is gone");
	else
		ret = source_writer(session);
	mutex_unlock(&enclave->lock);
	if (!ret)
		ret = rewire_lanes_make(session);
	if (!ret)
		return 0;
	rewire_session_drop_streams(session);
	session->lanes.count = 0;
	return ret;
}

/**
 * rewire_source_lane() - REWIRE_SESSION_LANE
 * @session: locked
 * @count: of lanes
 * @why: for the sentence
 *
 * Return: 0: there are so many; -EBADFD; -EBUSY; -ECANCELED; -ETIME; -ENOMEM.
 */
int rewire_source_lane(struct rewire_session *session, u32 count,
		       struct rewire_why *why)
{
	int ret = source_may_copy(session, why);

	if (ret)
		return ret;
	if (!session->writer)
		return source_lanes(session, count, why);
	if (session->lanes.count == count)
		return 0;
	return rewire_because(why, -EBUSY,
			      "the stream has begun with %u lanes",
			      session->lanes.count ?: 1);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_source_lane);

/* begin a round in all lanes; @live: it is not the last */
static int source_begin_round(struct rewire_session *session, bool live,
			      u64 *pages)
{
	int ret = rewire_lanes_rest(session) ?:
		  rewire_writer_round(session->writer, live, pages);

	if (!ret)
		rewire_lanes_follow(session);
	return ret;
}

/**
 * rewire_source_round() - REWIRE_SESSION_ROUND
 * @session: locked
 * @arg: of the command; its members are in order
 * @why: for the sentence
 *
 * Return: 0; -EBADFD; -EBUSY; -ECANCELED: the enclave is gone; -ENOMEM.
 */
int rewire_source_round(struct rewire_session *session,
			struct rewire_session_round *arg,
			struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	int ret = source_may_copy(session, why);

	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	ret = source_track(session, why);
	mutex_unlock(&enclave->lock);
	if (ret)
		return ret;
	if (arg->flags & REWIRE_ROUND_LOOK) {
		arg->pages = rewire_dirty_count(enclave, REWIRE_DIRTY_UNSENT);
		return 0;
	}
	WRITE_ONCE(enclave->dirty_delay_us, arg->delay_us);
	ret = source_begin_round(session, true, &arg->pages);
	if (ret == -EBUSY)
		rewire_because(why, ret,
			       "the last round was not read to its end");
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_source_round);

/* the rest of what was copied in rounds; a failure lets the enclave run on */
static int source_last_round(struct rewire_session *session)
{
	struct rewire_enclave *enclave = session->enclave;
	u64 pages;
	int ret = source_begin_round(session, false, &pages);

	if (!ret) {
		rewire_dirty_settle(enclave, true);
		return 0;
	}
	mutex_lock(&enclave->lock);
	if (enclave->state == REWIRE_ENCLAVE_FROZEN) {
		rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_THAW, NULL);
		if (session->awake)
			rewire_enclave_continue(enclave);
	}
	mutex_unlock(&enclave->lock);
	return ret;
}

/**
 * rewire_source_freeze() - REWIRE_SESSION_FREEZE
 * @session: locked
 * @timeout_ms: for the pause
 * @why: for the sentence
 *
 * Return: 0; -EBADFD; -EBUSY; -ETIME; as rewire_enclave_pause(). After a failure
 * the enclave is as it was, and so is the session.
 */
int rewire_source_freeze(struct rewire_session *session, u32 timeout_ms,
			 struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	int ret = source_may_copy(session, why);

	if (ret)
		return ret;
	if (session->writer && (!rewire_writer_rests(session->writer) ||
				rewire_lanes_rest(session)))
		return rewire_because(why, -EBUSY,
				      "the last round was not read to its end");
	WRITE_ONCE(enclave->dirty_delay_us, 0);
	mutex_lock(&enclave->lock);
	ret = source_writer(session) ?:
	      source_still(session, enclave, timeout_ms, why);
	mutex_unlock(&enclave->lock);
	if (!ret && session->writer->round)
		ret = source_last_round(session);
	else if (!ret)
		rewire_lanes_follow(session);
	if (ret)
		return ret;
	ret = rewire_session_step(session, REWIRE_SESSION_EV_FREEZE, NULL, why);
	rewire_session_note(session);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_source_freeze);

/**
 * rewire_source_checkpoint() - what it falls back on should the target give up
 * @session: locked
 * @live: out: it is read in rounds
 * @why: for the sentence
 *
 * Return: the file, or an ERR_PTR(): -EBADFD; as rewire_checkpoint_session().
 */
struct file *rewire_source_checkpoint(struct rewire_session *session,
				      bool *live, struct rewire_why *why)
{
	*live = session->state == REWIRE_SESSION_AGREED && session->writer &&
		session->writer->round;
	if ((!*live && session->state != REWIRE_SESSION_FROZEN) ||
	    !session->enclave)
		return ERR_PTR(rewire_because(why, -EBADFD,
					      "not for a migration that is %s",
					      rewire_session_state_name(session->state)));
	return rewire_checkpoint_session(session, session->enclave, *live, why);
}

static int source_accept(struct rewire_session *session,
			 const struct rewire_message *accept,
			 struct rewire_why *why)
{
	int ret = 0;

	if (accept->epoch != session->request.epoch)
		return rewire_because(why, -EBADMSG,
				      "ACCEPT is about another epoch");
	/* before anything is copied, and again before it is given up */
	if (!rewire_weakened(level_accept))
		ret = rewire_session_peer_fits(session, why);
	if (!ret)
		ret = rewire_session_agree(session, accept);
	if (ret)
		return ret;
	ret = rewire_session_step(session, REWIRE_SESSION_EV_ACCEPT, NULL, why);
	rewire_session_note(session);
	return ret;
}

/* is what the target says it has what this source sent, all of it? */
static int source_check_ready(struct rewire_session *session,
			      const struct rewire_message *ready,
			      struct rewire_why *why)
{
	if (!session->complete ||
	    (session->writer && session->writer->flow.part != REWIRE_PART_OVER))
		return rewire_because(why, -EBADMSG,
				      "READY before the stream was read to its end");
	if (ready->epoch != session->request.epoch + 1 ||
	    memcmp(ready->measurement, session->measurement,
		   REWIRE_DIGEST_SIZE) ||
	    memcmp(ready->state_digest, session->state_digest,
		   REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EBADMSG,
				      "READY is about another state");
	return 0;
}

/*
 * START is made, and written down with the state in which it may be said. The
 * lock is held: nobody gets it before.
 */
static int source_promise(struct rewire_session *session,
			  const struct rewire_statement *start,
			  struct rewire_why *why)
{
	int ret = rewire_session_say(session, start);

	if (ret)
		return ret;
	session->promised = true;
	mutex_lock(&session->sm->journal.lock);
	if (!rewire_weakened(relinquished))
		ret = rewire_session_write(session, REWIRE_SESSION_RELINQUISHED,
					   why);
	mutex_unlock(&session->sm->journal.lock);
	if (ret)
		session->promised = false;
	return ret;
}

/*
 * From here on the workload is the target's, also when the enclave is destroyed
 * before the target says ACTIVE: no checkpoint of its epoch may come back then.
 * After a crash there is no enclave; the target has the image.
 */
static int source_relinquish(struct rewire_session *session,
			     const struct rewire_statement *start,
			     struct rewire_why *why)
{
	struct rewire_enclave *enclave = session->enclave;
	int ret = -ECANCELED;

	if (!enclave)
		return source_promise(session, start, why);
	mutex_lock(&enclave->lock);
	if (enclave->state == REWIRE_ENCLAVE_FROZEN)
		ret = source_promise(session, start, why);
	if (!ret)
		enclave->relinquished = true;
	mutex_unlock(&enclave->lock);
	return ret;
}

static int source_ready(struct rewire_session *session,
			const struct rewire_message *ready,
			struct rewire_why *why)
{
	const struct rewire_statement start = {
		.kind = REWIRE_MSG_START,
		.epoch = session->request.epoch + 1,
		.enclave = session->enclave,
		.digest = true,
	};
	int ret = source_check_ready(session, ready, why);

	if (!ret && !rewire_weakened(level_ready))
		ret = rewire_session_peer_fits(session, why);
	if (ret)
		return ret;
	ret = source_relinquish(session, &start, why);
	return ret ?: rewire_session_step(session, REWIRE_SESSION_EV_READY,
					  NULL, why);
}

static int source_active(struct rewire_session *session,
			 const struct rewire_message *active,
			 struct rewire_why *why)
{
	const struct rewire_statement receipt = {
		.kind = REWIRE_MSG_RECEIPT,
		.epoch = session->request.epoch,
		.enclave = session->enclave,
		.digest = true,
	};
	struct rewire_enclave *enclave = session->enclave;
	int ret;

	if (active->epoch != session->request.epoch + 1 ||
	    memcmp(active->state_digest, session->state_digest,
		   REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EBADMSG,
				      "ACTIVE is about another state");
	ret = rewire_session_say(session, &receipt);
	if (ret)
		return ret;
	mutex_lock(&session->sm->journal.lock);
	ret = rewire_session_write(session, REWIRE_SESSION_DESTROYED, why);
	mutex_unlock(&session->sm->journal.lock);
	if (ret)
		return ret;
	if (enclave) {
		mutex_lock(&enclave->lock);
		enclave->session = NULL;
		rewire_enclave_wipe(enclave, -EREMCHG, "moved to another SM");
		mutex_unlock(&enclave->lock);
	}
	ret = rewire_session_step(session, REWIRE_SESSION_EV_ACTIVE, NULL,
				  why);
	rewire_session_settle(session);
	rewire_session_over(session);
	return ret;
}

/**
 * rewire_source_hear() - a message of the target
 * @session: locked
 * @bytes: the message
 * @len: its bytes
 * @kind: what it says it is
 * @why: for the sentence
 *
 * Return: 0; -EBADFD: not one for this state; -EBADMSG, -EKEYREJECTED, -ENOKEY:
 * not one to believe; -ETIME.
 */
int rewire_source_hear(struct rewire_session *session, const u8 *bytes, u32 len,
		       u32 kind, struct rewire_why *why)
{
	static const struct {
		enum rewire_session_event event;
		rewire_take_t take;
	} table[] = {
		[REWIRE_MSG_ACCEPT] = { REWIRE_SESSION_EV_ACCEPT,
					source_accept },
		[REWIRE_MSG_READY] = { REWIRE_SESSION_EV_READY, source_ready },
		[REWIRE_MSG_ACTIVE] = { REWIRE_SESSION_EV_ACTIVE,
					source_active },
	};

	if (kind >= ARRAY_SIZE(table) || !table[kind].take)
		return rewire_because(why, -EBADFD,
				      "no message of kind %u for a source",
				      kind);
	if (kind != REWIRE_MSG_ACTIVE && rewire_session_late(session))
		return rewire_because(why, -ETIME, "the deadline has passed");
	return rewire_session_take(session, bytes, len, kind,
				   table[kind].event, table[kind].take, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_source_hear);

/**
 * rewire_source_release() - an aborted migration gives the enclave back
 * @session: locked, ABORTED and settled
 *
 * It goes on where it was, unless it was destroyed meanwhile. A checkpoint that
 * was made of it is void before it runs; should that not be possible now, it
 * stays paused, and whoever resumes it tries again.
 */
void rewire_source_release(struct rewire_session *session)
{
	struct rewire_enclave *enclave = session->enclave;

	rewire_session_drop_streams(session);
	if (!enclave)
		return;
	mutex_lock(&enclave->lock);
	enclave->session = NULL;
	enclave->relinquished = false;
	/* that it was given up, too, has to be known before it runs on */
	if (enclave->state == REWIRE_ENCLAVE_FROZEN)
		enclave->written = session->written;
	if (session->promised)
		enclave->epoch = session->request.epoch + 2;
	if (enclave->state == REWIRE_ENCLAVE_FROZEN) {
		rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_THAW, NULL);
		if (session->awake)
			rewire_enclave_continue(enclave);
	} else if (enclave->state == REWIRE_ENCLAVE_DESTROYED) {
		rewire_workload_set(enclave->sm, enclave->workload, 0,
				    REWIRE_PLACE_NONE);
	}
	mutex_unlock(&enclave->lock);
}
