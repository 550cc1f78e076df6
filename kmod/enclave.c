// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enclave's life: made, measured, admitted by its manifest, paused, resumed
 * and destroyed. Every change of state goes through enclave_step().
 */
#include <crypto/hash.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "arch.h"
#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "pages.h"
#include "platform.h"
#include "trace.h"
#include "weaken.h"

struct workqueue_struct *rewire_wq;

static void enclave_gone(struct work_struct *work);

/**
 * rewire_layout_bells() - whether there is room for the doorbells
 * @layout: its base and span were checked
 * @threads: for how many
 * @why: for the sentence
 *
 * Return: 0 or -EINVAL.
 */
int rewire_layout_bells(const struct rewire_layout *layout, u32 threads,
			struct rewire_why *why)
{
	u64 bells = threads * REWIRE_DOORBELL_PAGES * PAGE_SIZE;

	if (layout->doorbell < SZ_64K || layout->doorbell > TASK_SIZE_MAX ||
	    bells > TASK_SIZE_MAX - layout->doorbell)
		return rewire_because(why, -EINVAL,
				      "the layout is outside of the address space");
	if (layout->doorbell < layout->base + layout->span &&
	    layout->base < layout->doorbell + bells)
		return rewire_because(why, -EINVAL,
				      "the doorbell lies within the span");
	return 0;
}

/**
 * rewire_layout_check() - whether a layout can be mapped at all
 * @layout: as userspace or a stream gave it
 * @why: for the sentence
 *
 * Whether it fits the segments is known only when they are there.
 *
 * Return: 0 or -EINVAL.
 */
int rewire_layout_check(const struct rewire_layout *layout,
			struct rewire_why *why)
{
	if (!PAGE_ALIGNED(layout->base) || !PAGE_ALIGNED(layout->span) ||
	    !PAGE_ALIGNED(layout->doorbell))
		return rewire_because(why, -EINVAL,
				      "base, span or doorbell is not page aligned");
	if (!layout->span || layout->span > REWIRE_MAX_SPAN)
		return rewire_because(why, -EINVAL,
				      "the span is 0 or larger than %llu",
				      REWIRE_MAX_SPAN);
	if (layout->base < SZ_64K || layout->base > TASK_SIZE_MAX ||
	    layout->span > TASK_SIZE_MAX - layout->base)
		return rewire_because(why, -EINVAL,
				      "the layout is outside of the address space");
	if (rewire_layout_bells(layout, 1, why))
		return -EINVAL;
	if (layout->ssa_size < REWIRE_MIN_SSA ||
	    layout->ssa_size > layout->span)
		return rewire_because(why, -EINVAL,
				      "the State Save Area is smaller than %u",
				      REWIRE_MIN_SSA);
	if (!IS_ALIGNED(layout->gate, 64) || !IS_ALIGNED(layout->ssa, 64))
		return rewire_because(why, -EINVAL,
				      "gate or State Save Area is not aligned to 64");
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_layout_check);

static struct shash_desc *enclave_measure_start(const struct rewire_layout *l)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha256", 0, 0);
	struct shash_desc *desc;
	int ret;

	if (IS_ERR(tfm))
		return ERR_CAST(tfm);
	desc = kzalloc(sizeof(*desc) + crypto_shash_descsize(tfm), GFP_KERNEL);
	if (!desc) {
		crypto_free_shash(tfm);
		return ERR_PTR(-ENOMEM);
	}
	desc->tfm = tfm;
	ret = crypto_shash_init(desc) ?:
	      crypto_shash_update(desc, (const u8 *)l, sizeof(*l));
	if (ret) {
		kfree(desc);
		crypto_free_shash(tfm);
		return ERR_PTR(ret);
	}
	return desc;
}

static void enclave_measure_end(struct rewire_enclave *enclave)
{
	if (!enclave->measure)
		return;
	crypto_free_shash(enclave->measure->tfm);
	kfree_sensitive(enclave->measure);
	enclave->measure = NULL;
}

static void enclave_free(struct rewire_enclave *enclave)
{
	rewire_calls_put(enclave->calls);
	enclave_measure_end(enclave);
	rewire_pages_destroy(enclave);
	iput(enclave->inode);
	kfree(enclave->cms);
	mutex_destroy(&enclave->lock);
	kfree_sensitive(enclave);
	module_put(THIS_MODULE);
}

void rewire_enclave_get(struct rewire_enclave *enclave)
{
	kref_get(&enclave->ref);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_get);

/* freed below, one version after the other: there may have been many */
static void enclave_unused(struct kref *ref)
{
}

void rewire_enclave_put(struct rewire_enclave *enclave)
{
	struct rewire_enclave *next;

	for (; enclave && kref_put(&enclave->ref, enclave_unused);
	     enclave = next) {
		next = enclave->successor;
		enclave_free(enclave);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_put);

/**
 * rewire_enclave_create() - a new enclave without pages
 * @sm: where
 * @layout: where things will be; checked here
 * @state: REWIRE_ENCLAVE_BUILDING or REWIRE_ENCLAVE_RECEIVING
 * @why: for the sentence
 *
 * Return: the enclave with one reference, not yet known to the SM's registry;
 * or an ERR_PTR(): -EINVAL, -ENOMEM, -EOPNOTSUPP on a CPU that cannot run it.
 */
struct rewire_enclave *rewire_enclave_create(struct rewire_sm *sm,
					     const struct rewire_layout *layout,
					     u32 state, struct rewire_why *why)
{
	struct rewire_enclave *enclave;
	int ret;

	if (!rewire_arch_supported()) {
		ret = rewire_because(why, -EOPNOTSUPP,
				     "this CPU lacks FSGSBASE or XSAVE");
		return ERR_PTR(ret);
	}
	ret = rewire_layout_check(layout, why);
	if (ret)
		return ERR_PTR(ret);
	enclave = kzalloc(sizeof(*enclave), GFP_KERNEL_ACCOUNT);
	if (!enclave)
		return ERR_PTR(-ENOMEM);
	kref_init(&enclave->ref);
	mutex_init(&enclave->lock);
	init_rwsem(&enclave->map_sem);
	init_waitqueue_head(&enclave->changed);
	INIT_WORK(&enclave->gone, enclave_gone);
	enclave->calls = rewire_calls_create();
	if (!enclave->calls) {
		ret = -ENOMEM;
		goto err_free;
	}
	enclave->sm = sm;
	enclave->owner = current_uid();
	enclave->layout = *layout;
	enclave->state = state;
	enclave->mappable = true;
	if (state == REWIRE_ENCLAVE_BUILDING) {
		enclave->measure = enclave_measure_start(layout);
		if (IS_ERR(enclave->measure)) {
			ret = PTR_ERR(enclave->measure);
			goto err_calls;
		}
	}
	ret = rewire_memory_inode(enclave);
	if (ret)
		goto err_measure;
	__module_get(THIS_MODULE);
	return enclave;

err_measure:
	enclave_measure_end(enclave);
err_calls:
	rewire_calls_put(enclave->calls);
err_free:
	mutex_destroy(&enclave->lock);
	kfree(enclave);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_create);

bool rewire_enclave_owned(const struct rewire_enclave *enclave)
{
	return uid_eq(enclave->owner, current_uid()) || capable(CAP_SYS_ADMIN);
}

/* tell the world */
static void enclave_event(struct rewire_enclave *enclave, u32 type, u32 from,
			  const char *reason)
{
	struct rewire_event event = {
		.type = type,
		.from = from,
		.to = enclave->state,
		.enclave = enclave->id,
		.epoch = enclave->epoch,
	};

	memcpy(event.workload, enclave->workload, sizeof(event.workload));
	if (reason)
		strscpy(event.reason, reason, sizeof(event.reason));
	rewire_event_post(&enclave->sm->events, &event);
}

/**
 * rewire_enclave_may() - whether an event is allowed now
 * @enclave: locked
 * @event: what is about to happen
 * @why: for the sentence
 *
 * Return: the next state, or -EBADFD.
 */
int rewire_enclave_may(struct rewire_enclave *enclave,
		       enum rewire_enclave_event event, struct rewire_why *why)
{
	int next = rewire_enclave_next(enclave->state, event);

	lockdep_assert_held(&enclave->lock);
	if (next < 0)
		return rewire_because(why, next,
				      "not for an enclave that is %s",
				      rewire_enclave_state_name(enclave->state));
	return next;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_may);

static int enclave_step(struct rewire_enclave *enclave,
			enum rewire_enclave_event event, const char *reason,
			struct rewire_why *why)
{
	int next = rewire_enclave_may(enclave, event, why);
	u32 from = enclave->state;

	if (next < 0)
		return next;
	WRITE_ONCE(enclave->state, next);
	WRITE_ONCE(enclave->awaits, false);
	if (next == REWIRE_ENCLAVE_RUNNING && next != from)
		rewire_threads_go(enclave);
	if (next != from)
		enclave_event(enclave, REWIRE_EVENT_TYPE_ENCLAVE, from, reason);
	wake_up_all(&enclave->changed);
	return 0;
}

/**
 * rewire_enclave_step() - follow one arc of the state table
 * @enclave: locked
 * @event: the arc
 * @why: for the sentence
 *
 * Return: 0 or -EBADFD.
 */
int rewire_enclave_step(struct rewire_enclave *enclave,
			enum rewire_enclave_event event, struct rewire_why *why)
{
	return enclave_step(enclave, event, NULL, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_step);

/**
 * rewire_manifest_check() - whether a developer we trust says so
 * @sm: whose roles
 * @manifest: kernel memory
 * @cms: detached signature
 * @cms_len: its bytes
 * @memory: bytes that the enclave has
 * @developer: out: id of who signed it
 * @why: for the sentence
 *
 * Return: 0; -EBADMSG, -EKEYREJECTED, -ENOKEY for the signature and structure;
 * -EOPNOTSUPP for what this version does not do; -EPERM for too much memory, or
 * when this platform has a lower trust level than the manifest wants.
 */
int rewire_manifest_check(struct rewire_sm *sm,
			  const struct rewire_manifest *manifest,
			  const u8 *cms, u32 cms_len, u64 memory,
			  u8 developer[REWIRE_ID_SIZE], struct rewire_why *why)
{
	u32 level;
	int ret;

	ret = rewire_signed_verify(&sm->roles, REWIRE_ROLE_DEVELOPER, manifest,
				   sizeof(*manifest), cms, cms_len, developer,
				   why) ?:
	      rewire_header_check(&manifest->header, REWIRE_TYPE_MANIFEST,
				  sizeof(*manifest), why);
	if (ret)
		return ret;
	if (manifest->min_atl > REWIRE_MAX_LEVEL)
		return rewire_because(why, -EBADMSG,
				      "the manifest wants trust level %u, there are %u",
				      manifest->min_atl, REWIRE_MAX_LEVEL);
	if (!manifest->max_threads ||
	    manifest->max_threads > REWIRE_MAX_THREADS ||
	    (manifest->attributes & ~REWIRE_ATTRS) ||
	    (manifest->attributes & REWIRE_ATTR_STATE) > REWIRE_ATTR_STATE_SEALED ||
	    manifest->predecessors > REWIRE_MAX_PREDECESSORS)
		return rewire_because(why, -EOPNOTSUPP,
				      "the manifest asks for threads or attributes that this SM does not know");
	if (memory > manifest->max_memory)
		return rewire_because(why, -EPERM,
				      "%llu bytes of pages, the manifest allows %llu",
				      memory, manifest->max_memory);
	level = rewire_trust_level(sm, rewire_platform_claims(sm),
				   REWIRE_KERNEL_RELEASE);
	if (level < manifest->min_atl)
		return rewire_because(why, -EPERM,
				      "this platform has trust level %u, the manifest wants %u",
				      level, manifest->min_atl);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_manifest_check);

/* is it what a developer signed? The measurement ends with this */
static int enclave_verify(struct rewire_enclave *enclave,
			  const struct rewire_manifest *manifest,
			  const u8 *cms, u32 cms_len, struct rewire_why *why)
{
	int ret;

	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_INIT, why);
	if (ret < 0)
		return ret;
	/* one that asks for more than there may be is refused below */
	ret = rewire_memory_layout(enclave,
				   clamp_t(u32, manifest->max_threads, 1,
					   REWIRE_MAX_THREADS), why);
	if (ret)
		return ret;
	if (enclave->measure) {
		ret = crypto_shash_final(enclave->measure,
					 enclave->measurement);
		if (ret)
			return ret;
		enclave_measure_end(enclave);
	}
	ret = rewire_manifest_check(enclave->sm, manifest, cms, cms_len,
				    enclave->charged, enclave->developer, why);
	if (ret)
		return ret;
	if (memcmp(manifest->measurement, enclave->measurement,
		   REWIRE_DIGEST_SIZE) && !rewire_weakened(measurement))
		return rewire_because(why, -EKEYREJECTED,
				      "the measurement is not the manifest's");
	return 0;
}

/* it was verified; takes over @cms */
static void enclave_describe(struct rewire_enclave *enclave,
			     const struct rewire_manifest *manifest, u8 *cms,
			     u32 cms_len, const u8 *workload)
{
	enclave->manifest = *manifest;
	enclave->cms = cms;
	enclave->cms_len = cms_len;
	memcpy(enclave->workload, workload, REWIRE_ID_SIZE);
}

/**
 * rewire_enclave_init() - REWIRE_INIT: admit what was measured
 * @enclave: locked, BUILDING
 * @manifest: kernel memory
 * @cms: detached signature, allocated by the caller; taken over on success
 * @cms_len: its bytes
 * @workload: what the enclave is for
 * @why: for the sentence
 *
 * Return: 0 or a negative errno; the enclave can be initialised again then, for
 * the measurement is kept.
 */
int rewire_enclave_init(struct rewire_enclave *enclave,
			const struct rewire_manifest *manifest, u8 *cms,
			u32 cms_len, const u8 *workload,
			struct rewire_why *why)
{
	int ret;

	if (enclave->trial)
		return rewire_because(why, -EBUSY, "an update has it");
	ret = enclave_verify(enclave, manifest, cms, cms_len, why) ?:
	      rewire_workload_allows(enclave->sm, workload, manifest, why) ?:
	      rewire_workload_claim(enclave->sm, workload, 0, false,
				    &enclave->epoch, why);
	if (ret)
		return ret;
	enclave_describe(enclave, manifest, cms, cms_len, workload);
	/* pairs with the acquire in rewire_sm_find_workload() */
	smp_store_release(&enclave->claimed, true);
	return rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_INIT, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_init);

/**
 * rewire_enclave_admit() - the new version of an update is measured
 * @enclave: locked, BUILDING, on trial
 * @manifest: as for rewire_enclave_init()
 * @cms: as for rewire_enclave_init()
 * @cms_len: its bytes
 * @workload: what it may become the instance of
 * @why: for the sentence
 *
 * It claims nothing: until the update is switched it is on trial.
 *
 * Return: as rewire_enclave_init().
 */
int rewire_enclave_admit(struct rewire_enclave *enclave,
			 const struct rewire_manifest *manifest, u8 *cms,
			 u32 cms_len, const u8 *workload,
			 struct rewire_why *why)
{
	int ret = enclave_verify(enclave, manifest, cms, cms_len, why);

	if (ret)
		return ret;
	enclave_describe(enclave, manifest, cms, cms_len, workload);
	return rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_INIT, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_admit);

/* does something have it that has to end first? For an -EBUSY of the caller's */
bool rewire_enclave_busy(const struct rewire_enclave *enclave,
			 struct rewire_why *why)
{
	lockdep_assert_held(&enclave->lock);
	if (enclave->handover || enclave->trial)
		rewire_because(why, 0, "an update has it; abort that first");
	else if (enclave->session)
		rewire_because(why, 0, "a migration has it; abort that first");
	else if (enclave->readers)
		rewire_because(why, 0, "a checkpoint of it is being read");
	else
		return false;
	return true;
}

/**
 * rewire_enclave_attacked() - somebody looks over the enclave's shoulder
 * @enclave: locked
 * @how: in words
 *
 * Its state is no longer its own: wipe it, and say so.
 */
void rewire_enclave_attacked(struct rewire_enclave *enclave, const char *how)
{
	enclave_event(enclave, REWIRE_EVENT_TYPE_ATTACK, enclave->state, how);
	rewire_sm_audit(enclave->sm, REWIRE_EVENT_TYPE_ATTACK, 0,
			enclave->workload, how);
	rewire_enclave_wipe(enclave, -ECANCELED, how);
}

static bool enclave_settled(struct rewire_enclave *enclave)
{
	return READ_ONCE(enclave->state) != REWIRE_ENCLAVE_PAUSING;
}

/**
 * rewire_enclave_parked() - PAUSING to PAUSED, once the last thread stands
 * @enclave: locked
 */
void rewire_enclave_parked(struct rewire_enclave *enclave)
{
	if (enclave->state != REWIRE_ENCLAVE_PAUSING ||
	    !rewire_threads_still(enclave))
		return;
	if (rewire_threads_known(enclave))
		rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_PARK, NULL);
	else
		rewire_enclave_wipe(enclave, -ECANCELED,
				    "it has threads that are in no slot");
}

/*
 * Without the lock: wait until all threads are parked, or somebody loses
 * patience. Nobody is woken when a thread that leaves is gone.
 */
static int enclave_await_park(struct rewire_enclave *enclave, u32 timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	long left, ret = 0;

	while (ret >= 0 && !enclave_settled(enclave)) {
		bool leaving = rewire_threads_leaving(enclave);

		left = end - jiffies;
		if (left <= 0)
			return -ETIMEDOUT;
		mutex_unlock(&enclave->lock);
		ret = wait_event_interruptible_timeout(enclave->changed,
				enclave_settled(enclave) ||
				rewire_threads_leaving(enclave) != leaving,
				leaving ? 1 : left);
		mutex_lock(&enclave->lock);
		rewire_enclave_parked(enclave);
	}
	return ret < 0 ? -EINTR : 0;
}

/**
 * rewire_enclave_pause() - bring all threads to a stand, wherever they are
 * @enclave: locked; the lock is dropped while waiting
 * @timeout_ms: 1 .. 60,000
 * @why: for the sentence
 *
 * Return: 0: PAUSED; -EBADFD; -EINVAL; -ETIMEDOUT or -EINTR: it runs on;
 * -EBUSY: somebody else resumed it at once; -ECANCELED: it died.
 */
int rewire_enclave_pause(struct rewire_enclave *enclave, u32 timeout_ms,
			 struct rewire_why *why)
{
	int ret;

	if (!timeout_ms || timeout_ms > 60000)
		return rewire_because(why, -EINVAL,
				      "the time-out is 1 to 60,000 ms");
	if (rewire_threads_traced(enclave)) {
		rewire_enclave_attacked(enclave, "traced");
		return rewire_because(why, -ECANCELED,
				      "the enclave was traced and is destroyed");
	}
	ret = rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_PAUSE, why);
	if (ret)
		return ret;
	if (!rewire_threads_call(enclave)) {
		rewire_enclave_wipe(enclave, -ECANCELED, "a thread of it died");
		return rewire_because(why, -ECANCELED,
				      "a thread of the enclave died, and it is destroyed");
	}
	/* resumed a moment ago, and none has noticed yet */
	rewire_enclave_parked(enclave);
	ret = enclave_await_park(enclave, timeout_ms);
	if (ret && enclave->state == REWIRE_ENCLAVE_PAUSING) {
		enclave_step(enclave, REWIRE_ENCLAVE_EV_TIMEOUT,
			     "did not park", NULL);
		return rewire_because(why, ret,
				      "the enclave did not park within %u ms and runs on",
				      timeout_ms);
	}
	if (enclave->state == REWIRE_ENCLAVE_DESTROYED)
		return rewire_because(why, -ECANCELED,
				      "the enclave died while it was paused");
	/* the lock was dropped: another pause or resume may have come between */
	if (enclave->state == REWIRE_ENCLAVE_RUNNING ||
	    enclave->state == REWIRE_ENCLAVE_PAUSING)
		return rewire_because(why, -EBUSY,
				      "somebody else resumed or pauses the enclave");
	return 0;
}

/* back to its threads: PAUSED to RUNNING, for threads that are parked */
void rewire_enclave_continue(struct rewire_enclave *enclave)
{
	int ret;

	lockdep_assert_held(&enclave->lock);
	if (enclave->state != REWIRE_ENCLAVE_PAUSED || !enclave->thread ||
	    !READ_ONCE(enclave->mm))
		return;
	ret = rewire_enclave_outdate(enclave, NULL);
	if (!ret)
		rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_RESUME, NULL);
	WRITE_ONCE(enclave->awaits, ret == -ENOLINK);
}

/**
 * rewire_enclaves_continue() - a witness has answered: who waited for that?
 * @sm: the SM; the caller has no lock
 */
void rewire_enclaves_continue(struct rewire_sm *sm)
{
	struct rewire_enclave *enclave;
	unsigned long id = 0;

	for (;; rewire_enclave_put(enclave)) {
		mutex_lock(&sm->lock);
		enclave = xa_find_after(&sm->enclaves, &id, ULONG_MAX,
					XA_PRESENT);
		if (enclave)
			rewire_enclave_get(enclave);
		mutex_unlock(&sm->lock);
		if (!enclave)
			return;
		if (!READ_ONCE(enclave->awaits))
			continue;
		mutex_lock(&enclave->lock);
		if (enclave->awaits && !enclave->readers)
			rewire_enclave_continue(enclave);
		mutex_unlock(&enclave->lock);
	}
}

/**
 * rewire_enclave_resume() - REWIRE_RESUME
 * @enclave: locked
 * @why: for the sentence
 *
 * Return: 0; -EBADFD; -EBUSY: a migration or a checkpoint reads it; -ESRCH.
 */
int rewire_enclave_resume(struct rewire_enclave *enclave,
			  struct rewire_why *why)
{
	int ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_RESUME, why);

	if (ret < 0)
		return ret;
	if (rewire_enclave_busy(enclave, why))
		return -EBUSY;
	if (!enclave->thread || !READ_ONCE(enclave->mm))
		return rewire_because(why, -ESRCH,
				      "it has no thread; get a ticket and enter");
	ret = rewire_enclave_outdate(enclave, why);
	return ret ?: rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_RESUME,
					  why);
}

/**
 * rewire_enclave_outdate() - what is outside of its state must not come back
 * @enclave: locked; about to run
 * @why: for the sentence
 *
 * The floor under the workload's states rises to this epoch; if a checkpoint of
 * this epoch exists, the epoch rises before. A strict SM waits until a witness
 * knows of it, unless this is a first start: there is no state to go back to.
 *
 * Return: 0; -ENOLINK for want of a witness; or what the journal says, and then
 * it must not run.
 */
int rewire_enclave_outdate(struct rewire_enclave *enclave,
			   struct rewire_why *why)
{
	struct rewire_sm *sm = enclave->sm;
	u64 epoch = enclave->epoch + enclave->checkpointed;
	u64 written = enclave->written;
	int ret = rewire_workload_runs(sm, enclave->workload, epoch, &written,
				       why);

	if (ret)
		return ret;
	enclave->epoch = epoch;
	enclave->checkpointed = false;
	if (enclave->state == REWIRE_ENCLAVE_READY)
		return 0;
	enclave->written = written;
	mutex_lock(&sm->journal.lock);
	ret = rewire_witness_knows(&sm->freshness, written, why);
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_outdate);

/**
 * rewire_enclave_wipe() - the end, from any state
 * @enclave: locked; the caller holds a reference of its own
 * @closed: what callers are told: -ECANCELED, or -EREMCHG when it moved, which
 *	one that is relinquished has done in any case
 * @reason: for the event
 *
 * Its threads are killed but not waited for: they cannot reach a page any more.
 */
void rewire_enclave_wipe(struct rewire_enclave *enclave, int closed,
			 const char *reason)
{
	if (enclave->state == REWIRE_ENCLAVE_DESTROYED)
		return;
	if (enclave->relinquished)
		closed = -EREMCHG;
	rewire_threads_clear(enclave);
	if (enclave->thread) {
		put_task_struct(enclave->thread);
		enclave->thread = NULL;
		enclave->mm = NULL;
	}
	rewire_memory_wipe(enclave);
	memzero_explicit(enclave->ticket, sizeof(enclave->ticket));
	enclave->ticket_armed = false;
	if (enclave->claimed) {
		rewire_workload_set(enclave->sm, enclave->workload,
				    enclave->epoch + (closed == -EREMCHG),
				    closed == -EREMCHG ? REWIRE_PLACE_MOVED :
							 REWIRE_PLACE_NONE);
		WRITE_ONCE(enclave->claimed, false);
	}
	enclave_step(enclave, REWIRE_ENCLAVE_EV_DESTROY, reason, NULL);
	/* else another version has the table too, and lives */
	if (!enclave->trial && !enclave->successor)
		rewire_calls_close(enclave, closed);
	if (enclave->handover)
		rewire_handover_lost(enclave->handover);
	rewire_sm_remove_enclave(enclave->sm, enclave);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_wipe);

/**
 * rewire_enclave_destroy() - REWIRE_DESTROY
 * @enclave: not locked
 * @reason: for the event
 * @why: for the sentence
 *
 * Return: 0; -EBUSY while a migration or a checkpoint stream has it; -EBADFD.
 */
int rewire_enclave_destroy(struct rewire_enclave *enclave, const char *reason,
			   struct rewire_why *why)
{
	int ret;

	mutex_lock(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_DESTROY, why);
	if (ret >= 0 && rewire_enclave_busy(enclave, why))
		ret = -EBUSY;
	if (ret >= 0) {
		rewire_enclave_wipe(enclave, -ECANCELED, reason);
		ret = 0;
	}
	mutex_unlock(&enclave->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_destroy);

/*
 * The process's address space is gone. Paused, the image is complete without it,
 * and so it is as long as not all threads are back; running, it was the threads'
 * registers that are lost.
 */
static void enclave_gone(struct work_struct *work)
{
	struct rewire_enclave *enclave =
		container_of(work, struct rewire_enclave, gone);
	struct net *net = enclave->sm->net;
	bool returning;

	mutex_lock(&enclave->lock);
	if (enclave->thread) {
		put_task_struct(enclave->thread);
		enclave->thread = NULL;
	}
	returning = rewire_threads_returning(enclave);
	rewire_threads_lost(enclave);
	if (enclave->state == REWIRE_ENCLAVE_RUNNING ||
	    enclave->state == REWIRE_ENCLAVE_PAUSING) {
		if (returning)
			enclave_step(enclave, REWIRE_ENCLAVE_EV_RETREAT,
				     "its threads did not come back", NULL);
		else
			rewire_enclave_wipe(enclave, -ECANCELED,
					    "its thread died");
	}
	wake_up_all(&enclave->changed);
	mutex_unlock(&enclave->lock);
	rewire_enclave_put(enclave);
	put_net(net);
}

/**
 * rewire_run_detach() - the address space of an enclave's thread goes away
 * @enclave: which
 * @mm: that address space
 *
 * Called below mmap_lock, so that the rest is left to work.
 */
void rewire_run_detach(struct rewire_enclave *enclave, struct mm_struct *mm)
{
	if (cmpxchg(&enclave->mm, mm, NULL) != mm)
		return;
	rewire_enclave_get(enclave);
	get_net(enclave->sm->net);
	queue_work(rewire_wq, &enclave->gone);
}

/* the last file was closed: what has nothing to lose goes */
void rewire_enclave_closed(struct rewire_enclave *enclave)
{
	mutex_lock(&enclave->lock);
	if (!atomic_read(&enclave->files) && !enclave->trial &&
	    (enclave->state == REWIRE_ENCLAVE_BUILDING ||
	     enclave->state == REWIRE_ENCLAVE_READY))
		rewire_enclave_wipe(enclave, -ECANCELED, "closed unused");
	mutex_unlock(&enclave->lock);
}

/* the SM goes: so do its enclaves */
void rewire_enclaves_free(struct rewire_sm *sm)
{
	struct rewire_enclave *enclave;
	unsigned long id;

	xa_for_each(&sm->enclaves, id, enclave) {
		rewire_enclave_get(enclave);
		mutex_lock(&enclave->lock);
		rewire_enclave_wipe(enclave, -ECANCELED, "the SM ended");
		mutex_unlock(&enclave->lock);
		rewire_enclave_put(enclave);
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclaves_free);
