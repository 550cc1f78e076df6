// SPDX-License-Identifier: GPL-2.0-only
/*
 * An update's life: admitted when all that was signed allows it, and ended once,
 * by the switch or by going back. Whoever ends it, the helper, the deadline or a
 * version that dies, the old version goes on unless SWITCHED was written down.
 */
#include <crypto/sha2.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "update.h"
#include "weaken.h"

/* until calls wait nobody is in a hurry; but memory is held */
unsigned int rewire_update_loading_ms = 3600000;
module_param_named(loading_ms, rewire_update_loading_ms, uint, 0644);
MODULE_PARM_DESC(loading_ms,
		 "milliseconds that an update waits for its payload, then for its handover");

static void update_expire(struct work_struct *work);
static void update_lost(struct work_struct *work);

static void update_free(struct kref *ref)
{
	struct rewire_update *update =
		container_of(ref, struct rewire_update, ref);

	rewire_update_over(update);
	mutex_destroy(&update->lock);
	kfree(update);
}

void rewire_update_get(struct rewire_update *update)
{
	kref_get(&update->ref);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_get);

void rewire_update_put(struct rewire_update *update)
{
	kref_put(&update->ref, update_free);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_put);

/* an update that nobody knows, with nothing in it; NULL: no memory */
struct rewire_update *rewire_update_alloc(struct rewire_sm *sm)
{
	struct rewire_update *update = kzalloc(sizeof(*update),
					       GFP_KERNEL_ACCOUNT);

	if (!update)
		return NULL;
	kref_init(&update->ref);
	INIT_LIST_HEAD(&update->list);
	mutex_init(&update->lock);
	init_waitqueue_head(&update->changed);
	INIT_DELAYED_WORK(&update->expiry, update_expire);
	INIT_WORK(&update->lost, update_lost);
	update->sm = sm;
	update->state = REWIRE_UPDATE_LOADING;
	return update;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_alloc);

/* Return: the update without a reference, which the caller's lock keeps */
struct rewire_update *rewire_update_known(struct rewire_sm *sm, const u8 *id)
{
	struct rewire_update *update, *found = NULL;

	mutex_lock(&sm->lock);
	list_for_each_entry(update, &sm->updates, list) {
		if (!memcmp(update->known.id, id, REWIRE_ID_SIZE)) {
			found = update;
			break;
		}
	}
	mutex_unlock(&sm->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_known);

static void update_event(struct rewire_update *update, u32 from)
{
	const struct rewire_journal_update *known = &update->known;
	struct rewire_event event = {
		.type = REWIRE_EVENT_TYPE_UPDATE,
		.from = from,
		.to = update->state,
		.enclave = update->new ? update->new->id : 0,
		.epoch = known->epoch,
	};

	memcpy(event.workload, known->workload, REWIRE_ID_SIZE);
	memcpy(event.request_id, known->id, REWIRE_ID_SIZE);
	strscpy(event.reason, known->reason, sizeof(event.reason));
	rewire_event_post(&update->sm->events, &event);
}

/**
 * rewire_update_may() - whether an event is allowed now
 * @update: locked
 * @event: what is about to happen
 * @why: for the sentence
 *
 * Return: the next state, or -EBADFD.
 */
int rewire_update_may(struct rewire_update *update,
		      enum rewire_update_event event, struct rewire_why *why)
{
	int next = rewire_update_next(update->state, event);

	lockdep_assert_held(&update->lock);
	if (next < 0)
		return rewire_because(why, next, "not for an update that is %s",
				      rewire_update_state_name(update->state));
	return next;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_may);

/* follow one arc of the state table; returns as above */
int rewire_update_step(struct rewire_update *update,
		       enum rewire_update_event event, struct rewire_why *why)
{
	int next = rewire_update_may(update, event, why);
	u32 from = update->state;

	if (next < 0)
		return next;
	WRITE_ONCE(update->state, next);
	WRITE_ONCE(update->changes, update->changes + 1);
	update_event(update, from);
	wake_up_all(&update->changed);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_step);

/**
 * rewire_update_watch() - give up then, whatever the deadline was before
 * @update: locked; it has not ended
 * @timeout_ms: from now
 */
void rewire_update_watch(struct rewire_update *update, u32 timeout_ms)
{
	unsigned long left = msecs_to_jiffies(timeout_ms);

	lockdep_assert_held(&update->lock);
	update->deadline = jiffies + left;
	/* what is queued has a reference */
	if (!mod_delayed_work(rewire_wq, &update->expiry, left))
		rewire_update_get(update);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_watch);

/* whether calls wait, and how long they have to */
void rewire_update_hold(struct rewire_update *update, bool held)
{
	if (held == !!update->held)
		return;
	if (held)
		update->held = ktime_get_ns() ?: 1;
	rewire_calls_hold(update->old->calls, held);
	if (held)
		return;
	update->pause = ktime_get_ns() - update->held;
	update->held = 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_hold);

/* ---- its end ---- */

static void update_detach(struct rewire_update *update,
			  struct rewire_enclave **where)
{
	struct rewire_enclave *enclave = *where;

	if (!enclave)
		return;
	mutex_lock(&enclave->lock);
	if (enclave->handover == update->handover) {
		WRITE_ONCE(enclave->errand, false);
		enclave->handover = NULL;
		rewire_handover_put(update->handover);
	}
	mutex_unlock(&enclave->lock);
	*where = NULL;
	rewire_enclave_put(enclave);
}

/**
 * rewire_update_over() - nothing more can happen: let go of all that it has
 * @update: locked, or no longer known to anybody; if it is known, the caller
 *	holds a reference beside the works'
 */
void rewire_update_over(struct rewire_update *update)
{
	struct rewire_sm *sm = update->sm;

	if (update->handover) {
		rewire_handover_stop(update->handover, -ECANCELED);
		update->state_bytes = update->handover->bytes;
	}
	rewire_loader_free(update->loader);
	update->loader = NULL;
	update_detach(update, &update->old);
	update_detach(update, &update->new);
	if (update->handover)
		rewire_handover_put(update->handover);
	update->handover = NULL;
	rewire_order_free(&update->order);
	if (update->over || list_empty(&update->list))
		return;
	if (cancel_delayed_work(&update->expiry))
		rewire_update_put(update);
	mutex_lock(&sm->lock);
	sm->open_updates--;
	sm->finished_updates++;
	WRITE_ONCE(update->over, true);
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_over);

/* the old version runs on, wherever the update had it stand still */
void rewire_update_continue_old(struct rewire_update *update)
{
	struct rewire_enclave *old = update->old;

	if (!old)
		return;
	mutex_lock(&old->lock);
	if (old->state == REWIRE_ENCLAVE_FROZEN)
		rewire_enclave_step(old, REWIRE_ENCLAVE_EV_THAW, NULL);
	rewire_enclave_continue(old);
	mutex_unlock(&old->lock);
}

static void update_wipe_new(struct rewire_update *update, const char *reason)
{
	struct rewire_enclave *new = update->new;

	if (!new)
		return;
	mutex_lock(&new->lock);
	rewire_enclave_wipe(new, -ECANCELED, reason);
	mutex_unlock(&new->lock);
}

/**
 * rewire_update_abort() - back to the old version
 * @update: locked
 * @error: why, as a negative errno
 * @reason: why, in words
 * @why: for the sentence, when it cannot be
 *
 * Return: 0; -EBADFD: it is over; or as the journal says, and then nothing has
 * changed.
 */
int rewire_update_abort(struct rewire_update *update, int error,
			const char *reason, struct rewire_why *why)
{
	int ret = rewire_update_may(update, REWIRE_UPDATE_EV_ABORT, why);

	if (ret < 0)
		return ret;
	ret = 0;
	rewire_update_blame(update, error, reason);
	/* what a crash would make of it anyway need not be on the disk */
	if (rewire_update_tried(update))
		ret = rewire_update_record(update, REWIRE_UPDATE_ABORTED, why);
	else
		rewire_update_note(update, REWIRE_UPDATE_ABORTED);
	if (ret < 0)
		return ret;
	/* before the old one runs: at most one of them ever does */
	rewire_handover_stop(update->handover, -ECANCELED);
	update_wipe_new(update, reason);
	rewire_update_continue_old(update);
	rewire_update_hold(update, false);
	rewire_update_step(update, REWIRE_UPDATE_EV_ABORT, NULL);
	rewire_update_over(update);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_abort);

/* the update is locked; try until it can be written down */
static void update_give_up(struct rewire_update *update, int error,
			   const char *reason)
{
	int ret = rewire_update_abort(update, error, reason, NULL);

	if (ret && ret != -EBADFD)
		rewire_update_watch(update, MSEC_PER_SEC);
}

static void update_expire(struct work_struct *work)
{
	struct rewire_update *update =
		container_of(to_delayed_work(work), struct rewire_update, expiry);

	mutex_lock(&update->lock);
	/* else the handover began while we waited, and has a deadline of its own */
	if (!time_before(jiffies, update->deadline))
		update_give_up(update, -ETIMEDOUT, update->held ?
			       "the update took longer than its package allows" :
			       update->loader ?
			       "its payload did not come in time" :
			       "its handover did not come in time");
	mutex_unlock(&update->lock);
	rewire_update_put(update);
}

static void update_lost(struct work_struct *work)
{
	struct rewire_update *update =
		container_of(work, struct rewire_update, lost);

	mutex_lock(&update->lock);
	update_give_up(update, -ECANCELED, "a version died");
	mutex_unlock(&update->lock);
	rewire_update_put(update);
}

/* with a version's lock: the rest is left to work */
static void update_version_died(struct rewire_handover *handover)
{
	struct rewire_update *update = handover->data;

	rewire_update_get(update);
	if (!queue_work(rewire_wq, &update->lost))
		rewire_update_put(update);
}

/* ---- its beginning ---- */

static void update_version(struct rewire_version *version,
			   const struct rewire_manifest *manifest,
			   const u8 *developer)
{
	memcpy(version->measurement, manifest->measurement, REWIRE_DIGEST_SIZE);
	memcpy(version->developer, developer, REWIRE_ID_SIZE);
	version->release = manifest->release;
	version->svn = manifest->svn;
}

/* one id for each use of a package: what it names, and on what it is used */
static void update_name(struct rewire_update *update,
			const struct rewire_enclave *old)
{
	struct rewire_journal_update *known = &update->known;
	const struct rewire_order *order = &update->order;
	u8 digest[REWIRE_DIGEST_SIZE];
	struct sha256_ctx hash;

	memcpy(known->nonce, order->package.nonce, REWIRE_NONCE_SIZE);
	memcpy(known->package_digest, order->digest, REWIRE_DIGEST_SIZE);
	memcpy(known->workload, old->workload, REWIRE_ID_SIZE);
	memcpy(known->software, order->package.software, REWIRE_ID_SIZE);
	known->owner = from_kuid(&init_user_ns, update->owner);
	known->epoch = old->epoch;
	update_version(&known->from, &old->manifest, old->developer);
	update_version(&known->to, &order->manifest, order->developer);
	sha256_init(&hash);
	sha256_update(&hash, known->nonce, REWIRE_NONCE_SIZE);
	sha256_update(&hash, known->workload, REWIRE_ID_SIZE);
	sha256_final(&hash, digest);
	memcpy(known->id, digest, REWIRE_ID_SIZE);
}

static int update_check_room(const struct rewire_update *update,
			     struct rewire_why *why)
{
	u64 limit = update->sm->memory_limit;
	u64 used = atomic64_read(&update->sm->memory_used);
	u64 length = update->order.package.payload_length;

	if (used <= limit && length <= limit - used)
		return 0;
	return rewire_because(why, -EDQUOT,
			      "%llu bytes more would exceed the SM's limit of %llu",
			      length, limit);
}

/* may this package be used on this enclave, as far as it can be told now? */
static int update_check(struct rewire_update *update,
			struct rewire_enclave *old, struct rewire_why *why)
{
	const struct rewire_order *order = &update->order;
	const struct rewire_package *package = &order->package;
	struct rewire_luggage luggage;
	u8 developer[REWIRE_ID_SIZE];

	lockdep_assert_held(&old->lock);
	if (!rewire_enclave_owned(old))
		return rewire_because(why, -EPERM,
				      "the enclave is another user's");
	if (rewire_enclave_busy(old, why))
		return -EBUSY;
	if (update->sm->freshness.strict &&
	    (update->known.flags & REWIRE_UPDATE_VOLATILE))
		return rewire_because(why, -EPERM,
				      "a new version without a checkpoint would run before a strict SM's witness knows");
	if (old->state != REWIRE_ENCLAVE_RUNNING)
		return rewire_because(why, -EBADFD,
				      "not for an enclave that is %s",
				      rewire_enclave_state_name(old->state));
	rewire_workload_leave(update->sm, old->workload, &luggage);
	return rewire_order_follows(order, &update->known.from,
				    old->manifest.software,
				    luggage.least.release, luggage.least.svn,
				    why) ?:
	       rewire_witness_expired(&update->sm->freshness, package->expires,
				      why) ?:
	       update_check_room(update, why) ?:
	       rewire_manifest_check(update->sm, &order->manifest, order->cms,
				     order->cms_len, 0, developer, why);
}

/* with the journal's lock: a workload takes a package once */
VISIBLE_IF_KUNIT int rewire_update_unused(struct rewire_update *update,
					  struct rewire_why *why)
{
	struct rewire_sm *sm = update->sm;
	struct rewire_update *other = rewire_update_known(sm, update->known.id);
	u32 open;

	if (other && !READ_ONCE(other->over))
		return rewire_because(why, -EBUSY, "this update is under way");
	if (other && rewire_update_tried(other) && !rewire_weakened(package_replay))
		return rewire_because(why, -ESTALE,
				      "this package was used on this workload before");
	mutex_lock(&sm->lock);
	open = sm->open_updates;
	mutex_unlock(&sm->lock);
	if (open >= REWIRE_MAX_UPDATES)
		return rewire_because(why, -EDQUOT, "%u updates are under way",
				      REWIRE_MAX_UPDATES);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_unused);

/* an earlier try that came to nothing makes room for this one */
static void update_replace(struct rewire_update *update)
{
	struct rewire_sm *sm = update->sm;
	struct rewire_update *other = rewire_update_known(sm, update->known.id);

	mutex_lock(&sm->lock);
	if (other) {
		list_del_init(&other->list);
		sm->finished_updates--;
	}
	list_add(&update->list, &sm->updates);
	sm->open_updates++;
	mutex_unlock(&sm->lock);
	rewire_update_get(update);
	if (other)
		rewire_update_put(other);
}

static int update_publish(struct rewire_update *update,
			  struct rewire_enclave *old, struct rewire_why *why)
{
	struct rewire_sm *sm = update->sm;
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_update_unused(update, why) ?:
	      rewire_journal_room(&sm->journal, why);
	if (!ret && !(update->known.flags & REWIRE_UPDATE_TRY)) {
		update_replace(update);
		rewire_updates_trim(sm);
	}
	mutex_unlock(&sm->journal.lock);
	if (ret || (update->known.flags & REWIRE_UPDATE_TRY))
		return ret;
	update->old = old;
	rewire_enclave_get(old);
	old->handover = rewire_handover_get(update->handover);
	rewire_update_watch(update, READ_ONCE(rewire_update_loading_ms));
	update_event(update, update->state);
	return 0;
}

static int update_bind(struct rewire_update *update, struct rewire_enclave *old,
		       struct rewire_why *why)
{
	int ret;

	update->handover = rewire_handover_create(update->sm);
	if (!update->handover)
		return -ENOMEM;
	update->handover->data = update;
	update->handover->lost = update_version_died;
	update->loader = rewire_loader_create(update->sm, &update->order);
	if (IS_ERR(update->loader)) {
		ret = PTR_ERR(update->loader);
		update->loader = NULL;
		return ret;
	}
	mutex_lock(&old->lock);
	update_name(update, old);
	ret = update_check(update, old, why) ?:
	      update_publish(update, old, why);
	mutex_unlock(&old->lock);
	return ret;
}

static struct rewire_update *update_create(struct rewire_context *context,
					   struct rewire_update_begin *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_update *update;
	struct rewire_enclave *old;
	int ret;

	update = rewire_update_alloc(sm);
	if (!update)
		return ERR_PTR(-ENOMEM);
	/* who opens and closes it before there is a file for us is not the last */
	atomic_set(&update->files, 1);
	update->owner = current_uid();
	update->known.flags = arg->flags;
	ret = rewire_order_get(sm, arg, &update->order, &context->why);
	if (ret)
		goto err;
	old = rewire_sm_find_workload(sm, arg->workload, &ret);
	if (!old) {
		rewire_because(&context->why, ret, "%s",
			       ret == -EREMCHG ?
				       "the workload moved to another SM" :
				       "the workload does not live here");
		goto err;
	}
	mutex_lock(&update->lock);
	ret = update_bind(update, old, &context->why);
	mutex_unlock(&update->lock);
	rewire_enclave_put(old);
	if (!ret)
		return update;
err:
	rewire_update_put(update);
	return ERR_PTR(ret);
}

/**
 * rewire_update_begin() - REWIRE_UPDATE_BEGIN
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0 or a negative errno as the uapi says.
 */
int rewire_update_begin(struct rewire_context *context,
			struct rewire_update_begin *arg)
{
	const u32 flags = REWIRE_UPDATE_TRY | REWIRE_UPDATE_VOLATILE;
	struct rewire_update *update;
	struct file *file;
	int ret = 0;

	if ((arg->flags & ~flags) || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "flags or reserved member");
	update = update_create(context, arg);
	if (IS_ERR(update))
		return PTR_ERR(update);
	memcpy(arg->id, update->known.id, REWIRE_ID_SIZE);
	arg->fd = -1;
	if (arg->flags & REWIRE_UPDATE_TRY)
		goto out;
	file = rewire_update_file(update);
	if (!IS_ERR(file)) {
		context->out = file;
		context->fd = &arg->fd;
		goto out;
	}
	ret = PTR_ERR(file);
	mutex_lock(&update->lock);
	rewire_update_abort(update, ret, "no file for it", NULL);
	mutex_unlock(&update->lock);
out:
	atomic_dec(&update->files);
	rewire_update_put(update);
	return ret;
}

/**
 * rewire_update_open() - REWIRE_OPEN_UPDATE
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0; -ENOENT; -EPERM; -ENOMEM.
 */
int rewire_update_open(struct rewire_context *context,
		       struct rewire_open_update *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_update *update;
	struct file *file;

	/* none is forgotten while the journal is locked */
	mutex_lock(&sm->journal.lock);
	update = rewire_update_known(sm, arg->id);
	if (update)
		rewire_update_get(update);
	mutex_unlock(&sm->journal.lock);
	if (!update)
		return rewire_because(&context->why, -ENOENT, "no such update");
	if (uid_eq(update->owner, current_uid()) || capable(CAP_SYS_ADMIN))
		file = rewire_update_file(update);
	else
		file = ERR_PTR(rewire_because(&context->why, -EPERM,
					      "the update is another user's"));
	rewire_update_put(update);
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

/* ---- the registry ---- */

static struct rewire_update *update_oldest(struct rewire_sm *sm)
{
	struct rewire_update *update;

	lockdep_assert_held(&sm->lock);
	if (sm->finished_updates <= REWIRE_MAX_FINISHED)
		return NULL;
	list_for_each_entry_reverse(update, &sm->updates, list) {
		if (READ_ONCE(update->over) && !atomic_read(&update->files)) {
			list_del_init(&update->list);
			sm->finished_updates--;
			return update;
		}
	}
	return NULL;
}

/* forget old ones, with the journal's lock; it does when it is compacted */
void rewire_updates_trim(struct rewire_sm *sm)
{
	struct rewire_update *old;

	do {
		mutex_lock(&sm->lock);
		old = update_oldest(sm);
		mutex_unlock(&sm->lock);
		if (old)
			rewire_update_put(old);
	} while (old);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_updates_trim);

/* the SM goes: no file is open any more */
void rewire_updates_free(struct rewire_sm *sm)
{
	struct rewire_update *update, *next;

	list_for_each_entry_safe(update, next, &sm->updates, list) {
		if (cancel_delayed_work_sync(&update->expiry))
			rewire_update_put(update);
		if (cancel_work_sync(&update->lost))
			rewire_update_put(update);
		mutex_lock(&update->lock);
		rewire_update_over(update);
		mutex_unlock(&update->lock);
		list_del_init(&update->list);
		rewire_update_put(update);
	}
	/* one that was read counts only once all were recovered */
	sm->open_updates = 0;
	sm->finished_updates = 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_updates_free);
