// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arcs of an update.
 *
 *	write		the payload; after its last byte: LOADED, measured
 *	HANDOVER	calls wait; the old version exports, the new one imports; the
 *			old one stands still
 *	BEGIN_TRIAL	written down: whatever comes, it ends in SWITCHED or ABORTED
 *	HEALTH		the new version says whether it is well
 *	SWITCH		written down: the new version is the instance
 *
 * update->lock is dropped where a version is waited for, so that somebody else
 * can give up meanwhile: who comes back looks at the state again.
 */
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "checkpoint.h"
#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "update.h"
#include "weaken.h"

#define UPDATE_MAX_TIMEOUT_MS	3600000

/* until the new version has parked, for its checkpoint: it works on nothing */
#define UPDATE_PARK_MS		10000

/* ---- LOADING ---- */

/* all of the payload is here: is it what was signed? */
static int update_loaded(struct rewire_update *update, struct rewire_why *why)
{
	struct rewire_order *order = &update->order;
	struct rewire_enclave *new = update->loader->enclave;
	int ret;

	mutex_lock(&new->lock);
	ret = rewire_enclave_admit(new, &order->manifest, order->cms,
				   order->cms_len, update->known.workload, why);
	if (!ret) {
		order->cms = NULL;	/* the enclave has it now */
		new->owner = update->old->owner;
		new->handover = rewire_handover_get(update->handover);
		/* calls that wait are whoever's who is the instance then */
		rewire_calls_put(new->calls);
		new->calls = rewire_calls_get(update->old->calls);
		rewire_enclave_get(new);
		update->new = new;
	}
	mutex_unlock(&new->lock);
	return ret;
}

/**
 * rewire_update_write() - bytes of the payload
 * @update: locked
 * @from: where they are
 * @why: for the sentence
 *
 * A payload that is refused ends the update.
 *
 * Return: bytes, or a negative errno.
 */
ssize_t rewire_update_write(struct rewire_update *update,
			    struct iov_iter *from, struct rewire_why *why)
{
	ssize_t ret;
	int error;

	ret = rewire_update_may(update, REWIRE_UPDATE_EV_COMPLETE, why);
	if (ret < 0)
		return ret;
	ret = rewire_loader_write(update->loader, from, why);
	if (ret > 0)
		update->payload += ret;
	error = min_t(ssize_t, ret, 0);
	if (!error && rewire_loader_complete(update->loader)) {
		error = update_loaded(update, why);
		rewire_loader_free(update->loader);
		update->loader = NULL;
		if (!error)
			error = rewire_update_step(update,
						   REWIRE_UPDATE_EV_COMPLETE,
						   why);
		if (!error)
			rewire_update_watch(update,
					    READ_ONCE(rewire_update_loading_ms));
	}
	if (error && error != -EFAULT)
		rewire_update_abort(update, error, "its payload was refused",
				    NULL);
	return error ?: ret;
}

/* ---- HANDING ---- */

static int update_runs(struct rewire_enclave *enclave, const char *which,
		       struct rewire_why *why)
{
	u32 state = READ_ONCE(enclave->state);

	if (state == REWIRE_ENCLAVE_RUNNING)
		return 0;
	return rewire_because(why, -EBADFD, "the %s version is %s", which,
			      rewire_enclave_state_name(state));
}

static int update_said(const struct rewire_handover *handover, u32 side,
		       const char *what, struct rewire_why *why)
{
	s32 status = handover->errand[side].status;

	if (!status)
		return 0;
	return rewire_because(why, -ECANCELED, "the %s: status %d", what,
			      status);
}

/* the state goes from one to the other, while both run */
static int update_exchange(struct rewire_update *update,
			   struct rewire_handover *handover,
			   struct rewire_enclave *old,
			   struct rewire_enclave *new, unsigned long end,
			   struct rewire_why *why)
{
	int ret;

	rewire_errand_send(handover, old, REWIRE_RECV_EXPORT);
	ret = rewire_handover_await_format(handover, end);
	/* it may have failed before it began */
	if (!ret && READ_ONCE(handover->closed))
		ret = update_said(handover, REWIRE_HANDOVER_OLD,
				  "old version did not export its state", why);
	if (ret)
		return ret;
	rewire_errand_send(handover, new, REWIRE_RECV_IMPORT);
	ret = rewire_errand_await(handover, REWIRE_HANDOVER_NEW, end);
	if (!ret)
		ret = update_said(handover, REWIRE_HANDOVER_NEW,
				  "new version did not take the state", why);
	if (!ret)
		ret = rewire_errand_await(handover, REWIRE_HANDOVER_OLD, end);
	if (!ret)
		ret = update_said(handover, REWIRE_HANDOVER_OLD,
				  "old version did not export all of its state",
				  why);
	if (!ret && handover->length)
		ret = rewire_because(why, -EBADMSG,
				     "the new version left %u bytes of the state",
				     handover->length);
	return ret;
}

/* the old version stands still between two calls, bound to the update */
static int update_freeze_old(struct rewire_enclave *old, unsigned long end,
			     struct rewire_why *why)
{
	unsigned long now = jiffies;
	u32 left = time_before(now, end) ? jiffies_to_msecs(end - now) : 0;
	int ret;

	/* what a call has begun cannot be taken over */
	if (rewire_calls_open(old->calls))
		return rewire_because(why, -EBUSY,
				      "the old version has not answered a call that it took");
	mutex_lock(&old->lock);
	ret = rewire_enclave_pause(old, clamp_t(u32, left, 1, 60000), why);
	if (!ret)
		ret = rewire_enclave_step(old, REWIRE_ENCLAVE_EV_FREEZE, why);
	mutex_unlock(&old->lock);
	return ret;
}

static int update_hand_over(struct rewire_update *update,
			    struct rewire_handover *handover,
			    struct rewire_enclave *old,
			    struct rewire_enclave *new, bool exchange,
			    unsigned long end, struct rewire_why *why)
{
	int ret;

	if (exchange) {
		ret = update_exchange(update, handover, old, new, end, why);
	} else {
		/* answered, whatever the answer is, it is between two calls */
		rewire_errand_send(handover, old, REWIRE_RECV_HEALTH);
		ret = rewire_errand_await(handover, REWIRE_HANDOVER_OLD, end);
	}
	if (ret == -ETIMEDOUT)
		rewire_because(why, ret, "the handover took too long");
	return ret ?: update_freeze_old(old, end, why);
}

static int update_check_handover(struct rewire_update *update, u32 timeout_ms,
				 struct rewire_why *why)
{
	int ret;

	if (!timeout_ms || timeout_ms > UPDATE_MAX_TIMEOUT_MS)
		return rewire_because(why, -EINVAL,
				      "the time-out is 1 to %u ms",
				      UPDATE_MAX_TIMEOUT_MS);
	ret = rewire_update_may(update, REWIRE_UPDATE_EV_HANDOVER, why);
	if (ret < 0)
		return ret;
	/* once more: it may have been kept LOADED until now */
	return rewire_witness_expired(&update->sm->freshness,
				      update->order.package.expires, why) ?:
	       rewire_order_still(update->sm, &update->order, why) ?:
	       update_runs(update->old, "old", why) ?:
	       update_runs(update->new, "new", why);
}

/* back from waiting: does anybody still want it? */
static int update_handed_over(struct rewire_update *update, int ret,
			      struct rewire_why *why)
{
	if (update->state != REWIRE_UPDATE_HANDING)
		return rewire_because(why, -ECANCELED,
				      "the update was given up: %s",
				      update->known.reason);
	if (ret) {
		rewire_update_abort(update, ret, why->text[0] ? why->text :
				    "the handover failed", NULL);
		return ret;
	}
	return rewire_update_step(update, REWIRE_UPDATE_EV_FROZEN, why);
}

/**
 * rewire_update_handover() - REWIRE_UPDATE_HANDOVER
 * @update: locked; the lock is dropped while waiting
 * @timeout_ms: as the uapi says
 * @why: for the sentence
 *
 * Return: 0, or a negative errno as the uapi says.
 */
int rewire_update_handover(struct rewire_update *update, u32 timeout_ms,
			   struct rewire_why *why)
{
	bool exchange = (update->order.manifest.attributes &
			 REWIRE_ATTR_STATE) == REWIRE_ATTR_STATE_HANDOVER;
	struct rewire_handover *handover;
	struct rewire_enclave *old, *new;
	unsigned long end;
	int ret;

	ret = update_check_handover(update, timeout_ms, why);
	if (!ret && exchange)
		ret = rewire_handover_open(update->handover, why);
	/* so that the old one's checkpoint is known to be an update's */
	if (!ret)
		ret = rewire_update_record(update, REWIRE_UPDATE_HANDING, why);
	if (ret)
		return ret;
	/* from here calls wait, and not for ever */
	rewire_update_watch(update, update->order.package.trial_ms);
	rewire_update_hold(update, true);
	end = min(update->deadline, jiffies + msecs_to_jiffies(timeout_ms));
	rewire_update_step(update, REWIRE_UPDATE_EV_HANDOVER, NULL);
	handover = rewire_handover_get(update->handover);
	old = update->old;
	new = update->new;
	rewire_enclave_get(old);
	rewire_enclave_get(new);
	mutex_unlock(&update->lock);

	ret = update_hand_over(update, handover, old, new, exchange, end, why);

	mutex_lock(&update->lock);
	ret = update_handed_over(update, ret, why);
	/* it was given up while the old one was being paused */
	if (ret && !update->old) {
		mutex_lock(&old->lock);
		if (!old->handover && old->state == REWIRE_ENCLAVE_FROZEN &&
		    !old->session)
			rewire_enclave_step(old, REWIRE_ENCLAVE_EV_THAW, NULL);
		if (!old->handover)
			rewire_enclave_continue(old);
		mutex_unlock(&old->lock);
	}
	rewire_enclave_put(new);
	rewire_enclave_put(old);
	rewire_handover_put(handover);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_handover);

/* ---- HANDED, TRIAL ---- */

/* the new version's state as it is going to be, for a power cut at the switch */
static int update_freeze_new(struct rewire_update *update,
			     struct rewire_why *why)
{
	struct rewire_enclave *new = update->new;
	int ret;

	mutex_lock(&new->lock);
	ret = new->state == REWIRE_ENCLAVE_FROZEN ? 0 :
	      rewire_enclave_pause(new, UPDATE_PARK_MS, why) ?:
	      rewire_enclave_step(new, REWIRE_ENCLAVE_EV_FREEZE, why);
	mutex_unlock(&new->lock);
	return ret;
}

/**
 * rewire_update_checkpoint() - REWIRE_UPDATE_CHECKPOINT
 * @update: locked
 * @version: REWIRE_VERSION_*
 * @why: for the sentence
 *
 * Return: the stream's file, or an ERR_PTR().
 */
struct file *rewire_update_checkpoint(struct rewire_update *update, u32 version,
				      struct rewire_why *why)
{
	bool new = version == REWIRE_VERSION_NEW;
	int ret = 0;

	if (!new && version != REWIRE_VERSION_OLD)
		ret = rewire_because(why, -EINVAL, "no version %u", version);
	else if (update->state != (new ? REWIRE_UPDATE_TRIAL :
					 REWIRE_UPDATE_HANDED))
		ret = rewire_because(why, -EBADFD,
				     "not for an update that is %s",
				     rewire_update_state_name(update->state));
	else if (new)
		ret = update_freeze_new(update, why);
	if (ret)
		return ERR_PTR(ret);
	return rewire_checkpoint_update(new ? update->new : update->old,
					update->handover, update->known.id,
					why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_checkpoint);

static bool update_saved(const struct rewire_update *update, u32 side)
{
	return (update->known.flags & REWIRE_UPDATE_VOLATILE) ||
	       READ_ONCE(update->handover->sealed[side]);
}

/**
 * rewire_update_begin_trial() - REWIRE_UPDATE_BEGIN_TRIAL
 * @update: locked
 * @why: for the sentence
 *
 * Return: 0; -EBADFD; -EAGAIN; or as the journal says.
 */
int rewire_update_begin_trial(struct rewire_update *update,
			      struct rewire_why *why)
{
	int ret = rewire_update_may(update, REWIRE_UPDATE_EV_TRIAL, why);

	if (ret < 0)
		return ret;
	if (!update_saved(update, REWIRE_HANDOVER_OLD))
		return rewire_because(why, -EAGAIN,
				      "the old version's checkpoint was not read to its end");
	ret = rewire_update_record(update, REWIRE_UPDATE_TRIAL, why);
	if (ret)
		return ret;
	mutex_lock(&update->new->lock);
	update->new->epoch = update->known.epoch + 1;
	mutex_unlock(&update->new->lock);
	return rewire_update_step(update, REWIRE_UPDATE_EV_TRIAL, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_begin_trial);

static int update_check_health(struct rewire_update *update, u32 timeout_ms,
			       struct rewire_why *why)
{
	if (!timeout_ms || timeout_ms > UPDATE_MAX_TIMEOUT_MS)
		return rewire_because(why, -EINVAL,
				      "the time-out is 1 to %u ms",
				      UPDATE_MAX_TIMEOUT_MS);
	if (update->state != REWIRE_UPDATE_TRIAL)
		return rewire_because(why, -EBADFD,
				      "not for an update that is %s",
				      rewire_update_state_name(update->state));
	return update_runs(update->new, "new", why);
}

/**
 * rewire_update_health() - REWIRE_UPDATE_HEALTH
 * @update: locked; the lock is dropped while waiting
 * @timeout_ms: as the uapi says
 * @why: for the sentence
 *
 * Return: 0: it is well; or a negative errno as the uapi says.
 */
int rewire_update_health(struct rewire_update *update, u32 timeout_ms,
			 struct rewire_why *why)
{
	struct rewire_handover *handover;
	int ret = update_check_health(update, timeout_ms, why);

	if (ret)
		return ret;
	handover = rewire_handover_get(update->handover);
	rewire_errand_send(handover, update->new, REWIRE_RECV_HEALTH);
	mutex_unlock(&update->lock);
	ret = rewire_errand_await(handover, REWIRE_HANDOVER_NEW,
				  jiffies + msecs_to_jiffies(timeout_ms));
	if (!ret)
		ret = update_said(handover, REWIRE_HANDOVER_NEW,
				  "new version is not well", why);
	mutex_lock(&update->lock);
	rewire_handover_put(handover);
	if (update->state != REWIRE_UPDATE_TRIAL)
		return rewire_because(why, -ECANCELED,
				      "the update was given up: %s",
				      update->known.reason);
	if (!ret)
		update->healthy++;
	/* who was interrupted may ask again */
	if (!ret || ret == -EINTR)
		return ret;
	if (ret == -ETIMEDOUT)
		rewire_because(why, ret, "the new version did not say that it is well");
	rewire_update_abort(update, ret, why->text[0] ? why->text :
			    "the health check failed", NULL);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_health);

/* ---- SWITCHED ---- */

static int update_check_switch(struct rewire_update *update,
			       struct rewire_why *why)
{
	int ret = rewire_update_may(update, REWIRE_UPDATE_EV_SWITCH, why);
	u32 state;

	if (ret < 0)
		return ret;
	if (!update->healthy && !rewire_weakened(trial_health))
		return rewire_because(why, -EAGAIN,
				      "the new version has not said that it is well");
	if (!update_saved(update, REWIRE_HANDOVER_NEW))
		return rewire_because(why, -EAGAIN,
				      "the new version's checkpoint was not read to its end");
	/* before TRIAL, and when it is over, there may be none */
	state = READ_ONCE(update->new->state);
	if (state != REWIRE_ENCLAVE_RUNNING && state != REWIRE_ENCLAVE_FROZEN)
		return rewire_because(why, -EBADFD, "the new version is %s",
				      rewire_enclave_state_name(state));
	return 0;
}

/* both versions' locks: it was written down, and nothing fails any more */
static void update_take_over(struct rewire_enclave *old,
			     struct rewire_enclave *new)
{
	WRITE_ONCE(old->claimed, false);
	rewire_enclave_get(new);
	old->successor = new;
	new->trial = false;
	/* pairs with the acquire in rewire_sm_find_workload() */
	smp_store_release(&new->claimed, true);
	rewire_enclave_wipe(old, -ECANCELED, "updated");
	if (new->state == REWIRE_ENCLAVE_FROZEN)
		rewire_enclave_step(new, REWIRE_ENCLAVE_EV_THAW, NULL);
	rewire_enclave_continue(new);
}

/**
 * rewire_update_switch() - REWIRE_UPDATE_SWITCH
 * @update: locked
 * @epoch: out: the new version's
 * @why: for the sentence
 *
 * Return: a file of the instance, or an ERR_PTR(): -EBADFD; -EAGAIN; -ENOMEM; or
 * as the journal says, and then it is still on trial.
 */
struct file *rewire_update_switch(struct rewire_update *update, u64 *epoch,
				  struct rewire_why *why)
{
	struct rewire_enclave *old = update->old, *new = update->new;
	struct file *file;
	int ret = update_check_switch(update, why) ?:
		  rewire_order_still(update->sm, &update->order, why);

	if (ret)
		return ERR_PTR(ret);
	file = rewire_enclave_file(new);
	if (IS_ERR(file))
		return file;
	mutex_lock(&old->lock);
	mutex_lock_nested(&new->lock, SINGLE_DEPTH_NESTING);
	/* a version that died since is caught here: it cannot any more */
	ret = update_check_switch(update, why) ?:
	      rewire_update_record(update, REWIRE_UPDATE_SWITCHED, why);
	if (!ret) {
		rewire_handover_stop(update->handover, -ECANCELED);
		update_take_over(old, new);
		*epoch = new->epoch;
	}
	mutex_unlock(&new->lock);
	mutex_unlock(&old->lock);
	if (ret) {
		fput(file);
		return ERR_PTR(ret);
	}
	rewire_update_hold(update, false);
	rewire_update_step(update, REWIRE_UPDATE_EV_SWITCH, NULL);
	rewire_update_over(update);
	return file;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_switch);
