// SPDX-License-Identifier: GPL-2.0-only
/*
 * What both sides of a migration share: the session, its registry, its end.
 *
 * Two generals cannot agree, so one state decides: the source relinquishes, and
 * only then is there a START token. Before that either side may abort alone;
 * after it only the target's signed ABORTED gives the source its enclave back.
 * The arcs are in state.h.
 */
#include <crypto/sha2.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "migrate.h"
#include "weaken.h"

static void session_expire(struct work_struct *work);

static void session_free(struct kref *ref)
{
	struct rewire_session *session =
		container_of(ref, struct rewire_session, ref);

	rewire_session_over(session);
	rewire_lanes_free(session);
	kfree(session->said.bytes);
	kfree(session->before.bytes);
	kfree(session->record);
	mutex_destroy(&session->lock);
	kfree_sensitive(session);
}

void rewire_session_put(struct rewire_session *session)
{
	kref_put(&session->ref, session_free);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_put);

/* a session with nothing in it but what the request says; NULL: no memory */
struct rewire_session *
rewire_session_alloc(struct rewire_sm *sm, u32 side,
		     const struct rewire_request *request)
{
	bool source = side == REWIRE_SIDE_SOURCE;
	struct rewire_session *session = kzalloc(sizeof(*session),
						 GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	kref_init(&session->ref);
	INIT_LIST_HEAD(&session->list);
	mutex_init(&session->lock);
	init_waitqueue_head(&session->changed);
	INIT_DELAYED_WORK(&session->expiry, session_expire);
	session->sm = sm;
	session->owner = current_uid();
	session->side = side;
	session->state = source ? REWIRE_SESSION_OFFERED :
				  REWIRE_SESSION_RECEIVING;
	session->request = *request;
	/* after a restart too: nobody knows how long the SM was down */
	session->deadline = get_jiffies_64() +
			    msecs_to_jiffies(request->lifetime_ms);
	sha256((const u8 *)request, sizeof(*request), session->request_digest);
	memcpy(session->peer, source ? request->target : request->source,
	       REWIRE_ID_SIZE);
	return session;
}

int rewire_session_addressed(struct rewire_sm *sm, u32 side,
			     const struct rewire_request *request,
			     struct rewire_why *why)
{
	bool source = side == REWIRE_SIDE_SOURCE;

	if (!memcmp(source ? request->source : request->target, sm->attest.id,
		    REWIRE_ID_SIZE) || rewire_weakened(addressee))
		return 0;
	return rewire_because(why, -EPERM,
			      "the request names another SM as its %s",
			      source ? "source" : "target");
}

/**
 * rewire_session_create() - a session that nobody knows yet
 * @sm: where
 * @side: REWIRE_SIDE_*
 * @request: verified
 * @why: for the sentence
 *
 * Return: the session, or an ERR_PTR(): -EPERM: the request is for another SM.
 */
struct rewire_session *
rewire_session_create(struct rewire_sm *sm, u32 side,
		      const struct rewire_request *request,
		      struct rewire_why *why)
{
	struct rewire_session *session;
	int ret;

	ret = rewire_session_addressed(sm, side, request, why);
	if (ret)
		return ERR_PTR(ret);
	session = rewire_session_alloc(sm, side, request);
	if (!session)
		return ERR_PTR(-ENOMEM);
	/*
	 * Its creator is one, until that has a file: who finds the session in the
	 * registry meanwhile, opens and closes it, must not be the last.
	 */
	atomic_set(&session->files, 1);
	get_random_bytes(session->nonce, sizeof(session->nonce));
	ret = rewire_share_generate(&session->share);
	if (ret) {
		rewire_session_put(session);
		return ERR_PTR(ret);
	}
	return session;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_create);

static struct rewire_session *session_find(struct rewire_sm *sm, u32 side,
					   const u8 *id)
{
	struct rewire_session *session;

	lockdep_assert_held(&sm->lock);
	list_for_each_entry(session, &sm->sessions, list)
		if (session->side == side &&
		    !memcmp(session->request.id, id, REWIRE_ID_SIZE))
			return session;
	return NULL;
}

/* Return: the session without a reference, which the caller's lock keeps */
struct rewire_session *rewire_session_known(struct rewire_sm *sm, u32 side,
					    const u8 *id)
{
	struct rewire_session *session;

	mutex_lock(&sm->lock);
	session = session_find(sm, side, id);
	mutex_unlock(&sm->lock);
	return session;
}

/**
 * rewire_session_ended_well() - may a checkpoint made within a migration live?
 * @sm: whose
 * @header: of the checkpoint, verified
 * @why: for the sentence
 *
 * The target's may once the instance is here; the source's once the migration was
 * given up. One made outside of a migration is not looked at.
 *
 * Return: 0 or -ESTALE.
 */
int rewire_session_ended_well(struct rewire_sm *sm,
			      const struct rewire_stream_header *header,
			      struct rewire_why *why)
{
	const struct rewire_session *session;
	const u8 *id = header->request_id;

	if (!memchr_inv(id, 0, REWIRE_ID_SIZE) || rewire_weakened(lineage))
		return 0;
	/* finished ones are not forgotten while the journal is locked */
	mutex_lock(&sm->journal.lock);
	session = rewire_session_known(sm, REWIRE_SIDE_TARGET, id);
	if (session && session->state == REWIRE_SESSION_ACTIVE)
		goto good;
	session = rewire_session_known(sm, REWIRE_SIDE_SOURCE, id);
	if (session && session->state == REWIRE_SESSION_ABORTED)
		goto good;
	mutex_unlock(&sm->journal.lock);
	return rewire_because(why, -ESTALE,
			      "it was made within a migration that %s",
			      session ? "is not given up" :
					"did not end here");
good:
	mutex_unlock(&sm->journal.lock);
	return 0;
}

/* the oldest that is over and has no file; the caller drops the reference */
static struct rewire_session *session_oldest(struct rewire_sm *sm)
{
	struct rewire_session *session;

	lockdep_assert_held(&sm->lock);
	if (sm->finished_sessions <= REWIRE_MAX_FINISHED)
		return NULL;
	list_for_each_entry_reverse(session, &sm->sessions, list) {
		if (READ_ONCE(session->over) && !atomic_read(&session->files)) {
			list_del_init(&session->list);
			sm->finished_sessions--;
			return session;
		}
	}
	return NULL;
}

/* forget old ones; the journal forgets them when it is compacted */
void rewire_sessions_trim(struct rewire_sm *sm)
{
	struct rewire_session *old;

	do {
		mutex_lock(&sm->lock);
		old = session_oldest(sm);
		mutex_unlock(&sm->lock);
		if (old)
			rewire_session_put(old);
	} while (old);
}

/* give up at the deadline */
void rewire_session_watch(struct rewire_session *session)
{
	kref_get(&session->ref);
	queue_delayed_work(rewire_wq, &session->expiry,
			   msecs_to_jiffies(session->request.lifetime_ms));
}

/* a request is used once, on either side */
int rewire_session_unused(struct rewire_sm *sm, u32 side, const u8 *id,
			  struct rewire_why *why)
{
	u32 open;

	if (rewire_session_known(sm, side, id) && !rewire_weakened(request_replay))
		return rewire_because(why, -ESTALE,
				      "this request was used before");
	mutex_lock(&sm->lock);
	open = sm->open_sessions;
	mutex_unlock(&sm->lock);
	if (open >= REWIRE_MAX_OPEN)
		return rewire_because(why, -EDQUOT,
				      "%u migrations are under way",
				      REWIRE_MAX_OPEN);
	return 0;
}

static void session_event(struct rewire_session *session, u32 from,
			  const char *reason)
{
	struct rewire_event event = {
		.type = REWIRE_EVENT_TYPE_SESSION,
		.side = session->side,
		.from = from,
		.to = session->state,
		.enclave = session->enclave ? session->enclave->id : 0,
		.epoch = session->request.epoch,
	};

	memcpy(event.workload, session->request.workload, REWIRE_ID_SIZE);
	memcpy(event.request_id, session->request.id, REWIRE_ID_SIZE);
	memcpy(event.peer, session->peer, REWIRE_ID_SIZE);
	if (reason)
		strscpy(event.reason, reason, sizeof(event.reason));
	rewire_event_post(&session->sm->events, &event);
}

/**
 * rewire_session_publish() - make a session known
 * @session: complete; nothing can fail afterwards
 * @why: for the sentence
 *
 * Return: 0; -ESTALE: the request was used; -EDQUOT; or as the journal says.
 */
int rewire_session_publish(struct rewire_session *session,
			   struct rewire_why *why)
{
	struct rewire_sm *sm = session->sm;
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_session_unused(sm, session->side, session->request.id, why) ?:
	      rewire_journal_room(&sm->journal, why) ?:
	      rewire_session_write(session, session->state, why);
	if (!ret) {
		kref_get(&session->ref);
		mutex_lock(&sm->lock);
		list_add(&session->list, &sm->sessions);
		sm->open_sessions++;
		mutex_unlock(&sm->lock);
		rewire_sessions_trim(sm);
	}
	mutex_unlock(&sm->journal.lock);
	if (ret)
		return ret;
	session_event(session, session->state, NULL);
	rewire_session_watch(session);
	return 0;
}

/**
 * rewire_session_may() - whether an event is allowed now
 * @session: locked
 * @event: what is about to happen
 * @why: for the sentence
 *
 * Return: the next state, or -EBADFD.
 */
int rewire_session_may(struct rewire_session *session,
		       enum rewire_session_event event, struct rewire_why *why)
{
	int next = rewire_session_next(session->state, event);

	lockdep_assert_held(&session->lock);
	if (rewire_weakened(no_return) && event == REWIRE_SESSION_EV_ABORT)
		next = REWIRE_SESSION_ABORTED;
	if (next < 0)
		return rewire_because(why, next,
				      "not for a migration that is %s%s%s",
				      rewire_session_state_name(session->state),
				      session->reason[0] ? ": " : "",
				      session->reason);
	return next;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_may);

/**
 * rewire_session_step() - follow one arc of the state table
 * @session: locked
 * @event: the arc
 * @reason: for the acknowledgement, or NULL
 * @why: for the sentence
 *
 * Return: 0 or -EBADFD.
 */
int rewire_session_step(struct rewire_session *session,
			enum rewire_session_event event, const char *reason,
			struct rewire_why *why)
{
	int next = rewire_session_may(session, event, why);
	u32 from = session->state;

	if (next < 0)
		return next;
	WRITE_ONCE(session->state, next);
	if (next == REWIRE_SESSION_ABORTED)
		strscpy(session->reason, reason ?: "", sizeof(session->reason));
	WRITE_ONCE(session->changes, session->changes + 1);
	session_event(session, from, reason);
	wake_up_all(&session->changed);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_step);

/* nothing is copied, or comes, any more */
void rewire_session_drop_streams(struct rewire_session *session)
{
	rewire_lanes_drop(session);
	rewire_writer_free(session->writer);
	session->writer = NULL;
	rewire_reader_free(session->reader);
	session->reader = NULL;
}

/**
 * rewire_session_over() - nothing more can happen: drop what is secret or large
 * @session: locked, or no longer known to anybody; if it is known, the caller
 *	holds a reference beside the expiry work's
 */
void rewire_session_over(struct rewire_session *session)
{
	struct rewire_enclave *enclave = session->enclave;

	rewire_session_drop_streams(session);
	rewire_share_wipe(&session->share);
	memzero_explicit(session->secret, sizeof(session->secret));
	if (enclave) {
		mutex_lock(&enclave->lock);
		if (enclave->session == session)
			enclave->session = NULL;
		mutex_unlock(&enclave->lock);
		session->enclave = NULL;
		rewire_enclave_put(enclave);
	}
	if (session->over || list_empty(&session->list))
		return;
	/* not from now to the deadline: the registry may forget it before */
	if (cancel_delayed_work(&session->expiry))
		rewire_session_put(session);
	mutex_lock(&session->sm->lock);
	session->sm->open_sessions--;
	session->sm->finished_sessions++;
	WRITE_ONCE(session->over, true);
	mutex_unlock(&session->sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_over);

/* after these the other side may rest on what was said here */
static bool session_decided(const struct rewire_session *session)
{
	return (session->state == REWIRE_SESSION_FROZEN && session->complete) ||
	       session->state == REWIRE_SESSION_RELINQUISHED ||
	       session->state == REWIRE_SESSION_PREPARED;
}

/* the epoch that the instance is in if the migration gets that far */
static u64 session_next_epoch(const struct rewire_session *session)
{
	return session->request.epoch + 1;
}

/**
 * rewire_session_settle() - what a state of a migration means for its workload
 * @session: locked, or known to nobody else
 *
 * The same when the step is taken and when the journal is read again, so that the
 * record of the migration alone decides. For an open migration it is what holds
 * after a restart: the place is taken, and nothing lives there.
 */
void rewire_session_settle(struct rewire_session *session)
{
	const u8 *workload = session->request.workload;
	struct rewire_sm *sm = session->sm;
	u64 next = session_next_epoch(session);

	switch (session->state) {
	case REWIRE_SESSION_FROZEN:
	case REWIRE_SESSION_RELINQUISHED:
		rewire_workload_set(sm, workload, session->request.epoch,
				    REWIRE_PLACE_HERE);
		break;
	case REWIRE_SESSION_DESTROYED:
		rewire_workload_floor(sm, workload, next);
		rewire_workload_set(sm, workload, next, REWIRE_PLACE_MOVED);
		break;
	case REWIRE_SESSION_PREPARED:
		rewire_workload_set(sm, workload, next, REWIRE_PLACE_HERE);
		break;
	case REWIRE_SESSION_ACTIVE:
		rewire_workload_floor(sm, workload, next);
		rewire_workload_set(sm, workload, next, REWIRE_PLACE_HERE);
		break;
	case REWIRE_SESSION_ABORTED:
		if (session->side == REWIRE_SIDE_TARGET) {
			rewire_workload_set(sm, workload,
					    session->request.epoch,
					    REWIRE_PLACE_MOVED);
			break;
		}
		/* e + 1 was promised to the target, which never used it */
		rewire_workload_set(sm, workload,
				    session->promised ? next + 1 : 0,
				    session->enclave ? REWIRE_PLACE_HERE :
						       REWIRE_PLACE_NONE);
		break;
	}
}

/**
 * rewire_session_abort() - this migration will not happen
 * @session: locked
 * @event: REWIRE_SESSION_EV_ABORT or REWIRE_SESSION_EV_PEER_ABORTED
 * @reason: for the acknowledgement
 * @why: for the sentence
 *
 * The source's enclave goes on where it was; the target's is wiped. The ABORTED
 * message is this side's last word.
 *
 * Return: 0, -EBADFD, or another errno when the message could not be made, and
 * then nothing has changed.
 */
int rewire_session_abort(struct rewire_session *session,
			 enum rewire_session_event event, const char *reason,
			 struct rewire_why *why)
{
	const struct rewire_statement aborted = {
		.kind = REWIRE_MSG_ABORTED,
		.epoch = session->request.epoch,
	};
	int ret;

	ret = rewire_session_may(session, event, why);
	if (ret < 0)
		return ret;
	ret = rewire_session_say(session, &aborted);
	if (ret)
		return ret;
	mutex_lock(&session->sm->journal.lock);
	if (!rewire_weakened(aborted))
		ret = rewire_session_write(session, REWIRE_SESSION_ABORTED, why);
	mutex_unlock(&session->sm->journal.lock);
	/* what a crash would make of it anyway need not be on the disk */
	if (ret && session_decided(session)) {
		rewire_session_unsay(session);
		return ret;
	}
	rewire_session_step(session, event, reason, NULL);
	rewire_session_settle(session);
	if (session->side == REWIRE_SIDE_SOURCE)
		rewire_source_release(session);
	else
		rewire_target_release(session);
	rewire_session_over(session);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_abort);

bool rewire_session_late(const struct rewire_session *session)
{
	return time_after_eq64(get_jiffies_64(), session->deadline);
}

static void session_expire(struct work_struct *work)
{
	struct rewire_session *session =
		container_of(to_delayed_work(work), struct rewire_session,
			     expiry);
	int ret;

	mutex_lock(&session->lock);
	/* past the point of no return there is no arc: it waits for its peer */
	ret = rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
				   "the deadline has passed", NULL);
	/* no room for the last word: an enclave stands still, so try again */
	if (ret && ret != -EBADFD &&
	    queue_delayed_work(rewire_wq, &session->expiry, HZ))
		kref_get(&session->ref);
	mutex_unlock(&session->lock);
	rewire_session_put(session);
}

/* the SM goes: no file is open any more */
void rewire_sessions_free(struct rewire_sm *sm)
{
	struct rewire_session *session, *next;

	list_for_each_entry_safe(session, next, &sm->sessions, list) {
		if (cancel_delayed_work_sync(&session->expiry))
			rewire_session_put(session);
		mutex_lock(&session->lock);
		rewire_session_over(session);
		mutex_unlock(&session->lock);
		list_del_init(&session->list);
		rewire_session_put(session);
	}
}

/**
 * rewire_session_open() - REWIRE_OPEN_SESSION
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0; -ENOENT; -EPERM; -ENOMEM.
 */
int rewire_session_open(struct rewire_context *context,
			struct rewire_open_session *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_session *session;
	struct file *file;

	mutex_lock(&sm->lock);
	session = session_find(sm, arg->side, arg->request_id);
	if (session)
		kref_get(&session->ref);
	mutex_unlock(&sm->lock);
	if (!session)
		return rewire_because(&context->why, -ENOENT,
				      "no such migration on this side");
	if (uid_eq(session->owner, current_uid()) || capable(CAP_SYS_ADMIN))
		file = rewire_session_file(session);
	else
		file = ERR_PTR(rewire_because(&context->why, -EPERM,
					      "the migration is another user's"));
	rewire_session_put(session);
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}
