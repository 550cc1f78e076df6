// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrations in the journal: each step that a crash must not undo is written
 * before anybody is told of it, and read again when the SM starts anew.
 *
 * Not every step counts. A source that has not sent the whole state and a target
 * that has not received it are given up when their SM goes down, so their steps
 * are noted without waiting for the disk. What is waited for: the request, so
 * that it is used up; the source's D, RELINQUISHED and DESTROYED; the target's
 * PREPARED and ACTIVE; and ABORTED after any of these.
 */
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "compat.h"
#include "migrate.h"

static struct rewire_journal_session *
session_compose(const struct rewire_session *session, u32 state, u32 *len)
{
	struct rewire_journal_session *r;

	*len = sizeof(*r) + session->said.len;
	r = kzalloc(*len, GFP_KERNEL_ACCOUNT);
	if (!r)
		return NULL;
	r->request = session->request;
	r->side = session->side;
	r->state = state;
	r->flags = (session->awake ? REWIRE_JOURNAL_AWAKE : 0) |
		   (session->complete ? REWIRE_JOURNAL_COMPLETE : 0) |
		   (session->promised ? REWIRE_JOURNAL_PROMISED : 0);
	r->owner = from_kuid(&init_user_ns, session->owner);
	r->message_len = session->said.len;
	r->message_kind = session->said.kind;
	r->min_atl = session->min_atl;
	memcpy(r->nonce, session->nonce, sizeof(r->nonce));
	memcpy(r->peer_nonce, session->peer_nonce, sizeof(r->peer_nonce));
	memcpy(r->transcript, session->transcript, sizeof(r->transcript));
	memcpy(r->state_digest, session->state_digest, sizeof(r->state_digest));
	memcpy(r->measurement, session->measurement, sizeof(r->measurement));
	memcpy(r->heard, session->heard, sizeof(r->heard));
	memcpy(r + 1, session->said.bytes, session->said.len);
	return r;
}

/**
 * rewire_session_write() - a step becomes durable
 * @session: locked, as it will be
 * @state: that it will be in; the caller takes the step when this succeeds
 * @why: for the sentence
 *
 * The caller holds the journal's lock.
 *
 * Return: 0, -ENOMEM, or as the journal says, and nothing is different then.
 */
int rewire_session_write(struct rewire_session *session, u32 state,
			 struct rewire_why *why)
{
	struct rewire_journal_session *record;
	u32 len;
	int ret;

	lockdep_assert_held(&session->sm->journal.lock);
	record = session_compose(session, state, &len);
	if (!record)
		return -ENOMEM;
	ret = rewire_journal_append(&session->sm->journal,
				    REWIRE_JOURNAL_SESSION, record, len, why);
	if (ret) {
		kfree(record);
		return ret;
	}
	kfree(session->record);
	session->record = record;
	session->record_len = len;
	session->written = session->sm->journal.chain.sequence;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_write);

/* a step that nothing rests on, for who reads the log */
void rewire_session_note(struct rewire_session *session)
{
	struct rewire_journal_session *record;
	u32 len;

	record = session_compose(session, session->state, &len);
	if (!record)
		return;
	mutex_lock(&session->sm->journal.lock);
	rewire_journal_note(&session->sm->journal, REWIRE_JOURNAL_SESSION,
			    record, len);
	mutex_unlock(&session->sm->journal.lock);
	kfree(record);
}

static int session_check(const struct rewire_journal_session *r, u32 len,
			 struct rewire_why *why)
{
	if (len < sizeof(*r) || len - sizeof(*r) != r->message_len ||
	    r->message_len > REWIRE_MAX_MESSAGE ||
	    r->state >= REWIRE_SESSION_STATES ||
	    (r->side != REWIRE_SIDE_SOURCE && r->side != REWIRE_SIDE_TARGET))
		return rewire_because(why, -EUCLEAN,
				      "a migration's record is malformed");
	return 0;
}

static int session_restore(struct rewire_session *session,
			   const struct rewire_journal_session *r, u32 len)
{
	struct rewire_journal_session *record;
	u8 *message;

	record = kmemdup(r, len, GFP_KERNEL_ACCOUNT);
	message = kmemdup(r + 1, r->message_len, GFP_KERNEL_ACCOUNT);
	if (!record || !message) {
		kfree(record);
		kfree(message);
		return -ENOMEM;
	}
	kfree(session->record);
	session->record = record;
	session->record_len = len;
	kfree(session->said.bytes);
	session->said = (struct rewire_said){
		.bytes = message,
		.len = r->message_len,
		.kind = r->message_kind,
	};
	session->state = r->state;
	session->owner = make_kuid(&init_user_ns, r->owner);
	session->awake = r->flags & REWIRE_JOURNAL_AWAKE;
	session->complete = r->flags & REWIRE_JOURNAL_COMPLETE;
	session->promised = r->flags & REWIRE_JOURNAL_PROMISED;
	session->min_atl = r->min_atl;
	memcpy(session->nonce, r->nonce, sizeof(r->nonce));
	memcpy(session->peer_nonce, r->peer_nonce, sizeof(r->peer_nonce));
	memcpy(session->transcript, r->transcript, sizeof(r->transcript));
	memcpy(session->state_digest, r->state_digest, sizeof(r->state_digest));
	memcpy(session->measurement, r->measurement, sizeof(r->measurement));
	memcpy(session->heard, r->heard, sizeof(r->heard));
	return 0;
}

/**
 * rewire_session_replay() - a record of a migration is read
 * @sm: being provisioned: nobody else knows its sessions yet
 * @record: authentic
 * @len: its bytes
 * @written: records in the journal with this one
 * @why: for the sentence
 *
 * Return: 0, -EUCLEAN, -ENOMEM, -EDQUOT.
 */
int rewire_session_replay(struct rewire_sm *sm,
			  const struct rewire_journal_session *record, u32 len,
			  u64 written, struct rewire_why *why)
{
	struct rewire_session *session;
	int ret = session_check(record, len, why);

	if (ret)
		return ret;
	session = rewire_session_known(sm, record->side, record->request.id);
	if (!session) {
		session = rewire_session_alloc(sm, record->side,
					       &record->request);
		if (!session)
			return -ENOMEM;
		list_add(&session->list, &sm->sessions);
	}
	ret = session_restore(session, record, len);
	session->written = written;
	if (!ret)
		ret = rewire_workload_touch(sm, record->request.workload, why);
	if (!ret)
		rewire_session_settle(session);
	return ret;
}

u64 rewire_session_records(struct rewire_sm *sm)
{
	struct rewire_session *session;
	u64 count = 0;

	lockdep_assert_held(&sm->journal.lock);
	mutex_lock(&sm->lock);
	list_for_each_entry(session, &sm->sessions, list)
		count += !!session->record;
	mutex_unlock(&sm->lock);
	return count;
}

/*
 * Oldest first, as they were written. Sessions come, go and change their records
 * only while the journal is locked.
 */
int rewire_session_snapshot(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_session *session;
	int ret;

	lockdep_assert_held(&sm->journal.lock);
	list_for_each_entry_reverse(session, &sm->sessions, list) {
		if (!session->record)
			continue;
		ret = rewire_journal_append(&sm->journal,
					    REWIRE_JOURNAL_SESSION,
					    session->record,
					    session->record_len, why);
		if (ret)
			return ret;
	}
	return 0;
}

/* what went down with the SM: its keys were in memory only */
static bool session_lost(const struct rewire_session *session)
{
	switch (session->state) {
	case REWIRE_SESSION_OFFERED:
	case REWIRE_SESSION_AGREED:
	case REWIRE_SESSION_RECEIVING:
		return true;
	case REWIRE_SESSION_FROZEN:
		return !session->complete;
	default:
		return false;
	}
}

static bool session_final(const struct rewire_session *session)
{
	return session->state == REWIRE_SESSION_DESTROYED ||
	       session->state == REWIRE_SESSION_ACTIVE ||
	       session->state == REWIRE_SESSION_ABORTED;
}

static int session_recover(struct rewire_session *session,
			   struct rewire_why *why)
{
	struct rewire_sm *sm = session->sm;
	int ret = 0;

	if (session_final(session)) {
		session->over = true;
		sm->finished_sessions++;
		return 0;
	}
	sm->open_sessions++;
	mutex_lock(&session->lock);
	if (session_lost(session)) {
		ret = rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
					   "the SM went down", why);
	} else {
		rewire_session_settle(session);
		rewire_session_watch(session);
	}
	mutex_unlock(&session->lock);
	return ret;
}

/**
 * rewire_sessions_recover() - migrations go on where the journal ends
 * @sm: being provisioned; the journal has been read
 * @why: for the sentence
 *
 * A workload that lived has died with the SM, but for those that a migration
 * still decides about.
 *
 * Return: 0, or as the journal says.
 */
int rewire_sessions_recover(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_session *session;
	int ret;

	rewire_workloads_died(sm);
	list_for_each_entry_reverse(session, &sm->sessions, list) {
		ret = session_recover(session, why);
		if (ret)
			return ret;
	}
	rewire_sessions_trim(sm);
	return 0;
}
