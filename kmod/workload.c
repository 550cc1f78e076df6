// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads: one place each, an epoch that only grows, a floor under the state
 * that may come back, and counters.
 *
 * The epoch says who is the instance, and changes with every hand-over. The
 * floor says which state may become one: it rises when an instance runs, since
 * from then on an older state would be a step back. A state that was never run on
 * may be restored as often as it takes.
 */
#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "compat.h"
#include "sm.h"
#include "weaken.h"
#include "workload.h"

static u32 workload_key(const u8 *id)
{
	return jhash(id, REWIRE_ID_SIZE, 0);
}

static struct rewire_workload *workload_find(struct rewire_sm *sm, const u8 *id)
{
	struct rewire_workload *workload;

	lockdep_assert_held(&sm->lock);
	hash_for_each_possible(sm->workloads, workload, node, workload_key(id))
		if (!memcmp(workload->known.workload, id, REWIRE_ID_SIZE))
			return workload;
	return NULL;
}

/* a copy of what is known; nothing but the id of one that is not */
static void workload_look(struct rewire_sm *sm, const u8 *id,
			  struct rewire_journal_workload *known)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, id);
	if (workload) {
		*known = workload->known;
	} else {
		memset(known, 0, sizeof(*known));
		memcpy(known->workload, id, REWIRE_ID_SIZE);
	}
	mutex_unlock(&sm->lock);
}

/* Return: 0, -EDQUOT when there are too many, -ENOMEM */
static int workload_know(struct rewire_sm *sm,
			 const struct rewire_journal_workload *known,
			 struct rewire_why *why)
{
	struct rewire_workload *workload;
	int ret = 0;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, known->workload);
	if (workload) {
		workload->known = *known;
		goto out;
	}
	if (sm->workload_count == REWIRE_MAX_WORKLOADS) {
		ret = rewire_because(why, -EDQUOT, "more than %u workloads",
				     REWIRE_MAX_WORKLOADS);
		goto out;
	}
	workload = kzalloc(sizeof(*workload), GFP_KERNEL_ACCOUNT);
	if (!workload) {
		ret = -ENOMEM;
		goto out;
	}
	workload->known = *known;
	INIT_LIST_HEAD(&workload->owed);
	hash_add(sm->workloads, &workload->node, workload_key(known->workload));
	sm->workload_count++;
out:
	mutex_unlock(&sm->lock);
	return ret;
}

/* the record has it all: nothing is owed any more */
static int workload_written(struct rewire_sm *sm,
			    const struct rewire_journal_workload *known)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, known->workload);
	workload->known = *known;
	list_del_init(&workload->owed);
	mutex_unlock(&sm->lock);
	return 0;
}

/* onto the disk, then into memory, which has the room since it was looked up */
static int workload_write(struct rewire_sm *sm,
			  const struct rewire_journal_workload *known,
			  struct rewire_why *why)
{
	int ret;

	lockdep_assert_held(&sm->journal.lock);
	/* what can fail in memory has to fail before the record is written */
	ret = rewire_workload_touch(sm, known->workload, why);
	if (ret)
		return ret;
	ret = rewire_journal_append(&sm->journal, REWIRE_JOURNAL_WORKLOAD,
				    known, sizeof(*known), why);
	return ret ?: workload_written(sm, known);
}

/* the singleton rule; @least and @checkpoint as for rewire_workload_claim() */
static int workload_check(const struct rewire_journal_workload *known,
			  u64 least, bool checkpoint, struct rewire_why *why)
{
	if (known->place == REWIRE_PLACE_HERE && !rewire_weakened(place))
		return rewire_because(why, -EEXIST,
				      "the workload lives here, in epoch %llu",
				      known->epoch);
	if (known->place == REWIRE_PLACE_MOVED && !least &&
	    !rewire_weakened(moved))
		return rewire_because(why, -EREMCHG,
				      "the workload moved to another SM in epoch %llu",
				      known->epoch);
	if (checkpoint && known->place == REWIRE_PLACE_MOVED)
		return rewire_because(why, -ESTALE,
				      "the state is of epoch %llu, the workload moved to another SM in %llu",
				      least, known->epoch);
	if (checkpoint && least < known->floor && !rewire_weakened(floor))
		return rewire_because(why, -ESTALE,
				      "the state is of epoch %llu, and counts from epoch %llu on",
				      least, known->floor);
	if (!checkpoint && least && least < known->epoch)
		return rewire_because(why, -ESTALE,
				      "the state is of epoch %llu, the workload is in %llu",
				      least, known->epoch);
	return 0;
}

/**
 * rewire_workload_would() - what rewire_workload_claim() would say
 * @sm: the SM
 * @id: of which workload
 * @least: as there
 * @checkpoint: as there
 * @why: for the sentence
 *
 * Return: as there; nothing changes.
 */
int rewire_workload_would(struct rewire_sm *sm, const u8 *id, u64 least,
			  bool checkpoint, struct rewire_why *why)
{
	struct rewire_journal_workload known;

	workload_look(sm, id, &known);
	return workload_check(&known, least, checkpoint, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_would);

/**
 * rewire_workload_claim() - an instance is about to live here
 * @sm: the SM
 * @id: of which workload
 * @least: 0 for a first start; else the epoch that the state comes from
 * @checkpoint: the state comes from a file, not from the SM that had it last
 * @epoch: out: the epoch of the new instance
 * @why: for the sentence
 *
 * A state that comes back from another SM carries an epoch at least as high as
 * the one it left with, so that it passes. Its claim is not written down: the
 * migration is, and decides.
 *
 * Return: 0; -EEXIST: it lives here; -EREMCHG: it moved, and this is a first
 * start; -ESTALE: a later epoch was seen, or ran; -EDQUOT; or as the journal says.
 */
int rewire_workload_claim(struct rewire_sm *sm, const u8 *id, u64 least,
			  bool checkpoint, u64 *epoch, struct rewire_why *why)
{
	struct rewire_journal_workload known;
	int ret;

	mutex_lock(&sm->journal.lock);
	workload_look(sm, id, &known);
	ret = workload_check(&known, least, checkpoint, why);
	if (ret)
		goto out;
	known.epoch = max(known.epoch, least) + 1;
	known.place = REWIRE_PLACE_HERE;
	if (least && !checkpoint)
		ret = workload_know(sm, &known, why);
	else
		ret = workload_write(sm, &known, why);
	if (!ret)
		*epoch = known.epoch;
out:
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_claim);

/**
 * rewire_workload_runs() - an instance is about to run
 * @sm: the SM
 * @id: of which workload
 * @epoch: of the instance; not lower than the one known
 * @records: out: records in the journal with that; as it was when nothing had to
 *	be written
 * @why: for the sentence
 *
 * From here on no state of a lower epoch may come back.
 *
 * Return: 0, or what the journal says, and then it must not run.
 */
int rewire_workload_runs(struct rewire_sm *sm, const u8 *id, u64 epoch,
			 u64 *records, struct rewire_why *why)
{
	struct rewire_journal_workload known;
	int ret = 0;

	mutex_lock(&sm->journal.lock);
	workload_look(sm, id, &known);
	if (known.epoch != epoch || known.floor != epoch) {
		known.epoch = epoch;
		known.floor = epoch;
		known.place = REWIRE_PLACE_HERE;
		ret = workload_write(sm, &known, why);
		*records = sm->journal.chain.sequence;
	}
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_runs);

/**
 * rewire_workload_fence() - the SDS says that it lives elsewhere
 * @sm: the SM
 * @id: of which workload
 * @below: state of a lower epoch must not come back here
 * @why: for the sentence
 *
 * Return: 0, or what the journal says.
 */
int rewire_workload_fence(struct rewire_sm *sm, const u8 *id, u64 below,
			  struct rewire_why *why)
{
	struct rewire_journal_workload known;
	int ret;

	mutex_lock(&sm->journal.lock);
	workload_look(sm, id, &known);
	/* whatever became of it here meanwhile */
	known.floor = max3(known.floor, below, known.epoch + 1);
	known.place = REWIRE_PLACE_MOVED;
	ret = workload_write(sm, &known, why);
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_fence);

/* in memory alone: it has to be written down before anything leaves */
static void workload_owe(struct rewire_sm *sm,
			 const struct rewire_journal_workload *known)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, known->workload);
	workload->known = *known;
	if (list_empty(&workload->owed))
		list_add_tail(&workload->owed, &sm->owed);
	mutex_unlock(&sm->lock);
}

/**
 * rewire_workloads_write() - counters onto the disk, of all who owe that
 * @sm: the SM
 * @why: for the sentence
 *
 * Return: 0, or as the journal says, and then some still owe it.
 */
int rewire_workloads_write(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_workload *workload, *next;
	int ret;

	lockdep_assert_held(&sm->journal.lock);
	list_for_each_entry_safe(workload, next, &sm->owed, owed) {
		/* the rest of it is changed under the SM's lock alone */
		struct rewire_journal_workload known;

		workload_look(sm, workload->known.workload, &known);
		ret = rewire_journal_append(&sm->journal,
					    REWIRE_JOURNAL_WORKLOAD, &known,
					    sizeof(known), why);
		if (ret)
			return ret;
		list_del_init(&workload->owed);
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workloads_write);

/* all that is known was written anew */
void rewire_workloads_written(struct rewire_sm *sm)
{
	struct rewire_workload *workload, *next;

	lockdep_assert_held(&sm->journal.lock);
	list_for_each_entry_safe(workload, next, &sm->owed, owed)
		list_del_init(&workload->owed);
}

/**
 * rewire_sm_counter() - read a monotonic counter, or add one
 * @sm: the SM
 * @workload: whose; it lives here
 * @which: below REWIRE_COUNTERS
 * @how: REWIRE_COUNTER_READ, _ADD, or _ADD_AHEAD: in memory alone
 * @value: out
 *
 * Return: 0; -EINVAL: no such counter; -EOVERFLOW; or as the journal says, and
 * then nothing was added.
 */
int rewire_sm_counter(struct rewire_sm *sm, const u8 *workload, u32 which,
		      u32 how, u64 *value)
{
	struct rewire_journal_workload known;
	int ret = 0;

	if (which >= REWIRE_COUNTERS)
		return -EINVAL;
	mutex_lock(&sm->journal.lock);
	workload_look(sm, workload, &known);
	if (how != REWIRE_COUNTER_READ && known.counter[which] == U64_MAX) {
		ret = -EOVERFLOW;
	} else if (how != REWIRE_COUNTER_READ) {
		known.counter[which]++;
		/* what can fail in memory has to fail first */
		ret = how == REWIRE_COUNTER_ADD ?
			      workload_write(sm, &known, NULL) :
			      rewire_workload_touch(sm, workload, NULL);
		if (!ret && how == REWIRE_COUNTER_ADD_AHEAD)
			workload_owe(sm, &known);
	}
	if (!ret)
		*value = known.counter[which];
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_counter);

/**
 * rewire_workload_allows() - is this version good enough for a workload?
 * @sm: the SM
 * @id: of which workload
 * @manifest: of the version
 * @why: for the sentence
 *
 * Return: 0; -ESTALE: below the floor; -EPERM: the workload is other software.
 */
int rewire_workload_allows(struct rewire_sm *sm, const u8 *id,
			   const struct rewire_manifest *manifest,
			   struct rewire_why *why)
{
	struct rewire_journal_workload known;
	const struct rewire_least *least = &known.least;

	workload_look(sm, id, &known);
	if (!memchr_inv(least->software, 0, REWIRE_ID_SIZE) ||
	    rewire_weakened(version_floor))
		return 0;
	if (memcmp(least->software, manifest->software, REWIRE_ID_SIZE))
		return rewire_because(why, -EPERM,
				      "the workload is other software");
	if (manifest->release < least->release || manifest->svn < least->svn)
		return rewire_because(why, -ESTALE,
				      "release %llu (SVN %llu) is below the floor, %llu (SVN %llu)",
				      manifest->release, manifest->svn,
				      least->release, least->svn);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_allows);

/* what has to go along with the state that leaves */
void rewire_workload_leave(struct rewire_sm *sm, const u8 *id,
			   struct rewire_luggage *luggage)
{
	struct rewire_journal_workload known;

	workload_look(sm, id, &known);
	luggage->least = known.least;
	memcpy(luggage->counter, known.counter, sizeof(known.counter));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_leave);

/**
 * rewire_workload_arrive() - what came along with a state
 * @sm: the SM
 * @id: of which workload
 * @luggage: as it was where it comes from
 * @why: for the sentence
 *
 * No counter falls: a higher one that is known here stays. The version floor is
 * that of where it was last, for only an update there can have moved it.
 *
 * Return: 0, or as the journal says.
 */
int rewire_workload_arrive(struct rewire_sm *sm, const u8 *id,
			   const struct rewire_luggage *luggage,
			   struct rewire_why *why)
{
	struct rewire_journal_workload known, before;
	int ret = 0, i;

	mutex_lock(&sm->journal.lock);
	workload_look(sm, id, &known);
	before = known;
	for (i = 0; i < REWIRE_COUNTERS; i++)
		known.counter[i] = max(known.counter[i], luggage->counter[i]);
	known.least = luggage->least;
	if (memcmp(&known, &before, sizeof(known)))
		ret = workload_write(sm, &known, why);
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_arrive);

/**
 * rewire_workload_switched() - an update has another version take over
 * @sm: the SM
 * @id: of which workload
 * @epoch: of the new version's instance
 * @least: the version floor from here on
 *
 * In memory only: the update's record says it all.
 */
void rewire_workload_switched(struct rewire_sm *sm, const u8 *id, u64 epoch,
			      const struct rewire_least *least)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, id);
	if (workload) {
		workload->known.epoch = max(workload->known.epoch, epoch);
		workload->known.floor = max(workload->known.floor, epoch);
		workload->known.least = *least;
	}
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_switched);

/**
 * rewire_workload_set() - what became of a workload
 * @sm: the SM
 * @id: which
 * @epoch: its epoch, 0 leaves it; lower than the one known only when an incoming migration
 *	is given up before its instance could run
 * @place: REWIRE_PLACE_*
 */
void rewire_workload_set(struct rewire_sm *sm, const u8 *id, u64 epoch,
			 u32 place)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, id);
	if (workload) {
		if (epoch)
			workload->known.epoch = epoch;
		workload->known.place = place;
	}
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_set);

/* state of a lower epoch must not become an instance here */
void rewire_workload_floor(struct rewire_sm *sm, const u8 *id, u64 floor)
{
	struct rewire_workload *workload;

	mutex_lock(&sm->lock);
	workload = workload_find(sm, id);
	if (workload)
		workload->known.floor = max(workload->known.floor, floor);
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_floor);

u32 rewire_workload_place(struct rewire_sm *sm, const u8 *id)
{
	struct rewire_journal_workload known;

	workload_look(sm, id, &known);
	return known.place;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_place);

int rewire_workload_replay(struct rewire_sm *sm,
			   const struct rewire_journal_workload *known,
			   struct rewire_why *why)
{
	return workload_know(sm, known, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_replay);

/* make room for what is about to be set */
int rewire_workload_touch(struct rewire_sm *sm, const u8 *id,
			  struct rewire_why *why)
{
	struct rewire_journal_workload known;

	workload_look(sm, id, &known);
	return workload_know(sm, &known, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_touch);

/* the journal is read: what lived when it was written has died since */
void rewire_workloads_died(struct rewire_sm *sm)
{
	struct rewire_workload *workload;
	int bucket;

	mutex_lock(&sm->lock);
	hash_for_each(sm->workloads, bucket, workload, node)
		if (workload->known.place == REWIRE_PLACE_HERE)
			workload->known.place = REWIRE_PLACE_NONE;
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workloads_died);

u64 rewire_workload_records(struct rewire_sm *sm)
{
	lockdep_assert_held(&sm->journal.lock);
	return sm->workload_count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_records);

/* none comes or goes while the journal is locked */
int rewire_workload_snapshot(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_journal_workload known;
	struct rewire_workload *workload;
	int bucket, ret;

	lockdep_assert_held(&sm->journal.lock);
	hash_for_each(sm->workloads, bucket, workload, node) {
		mutex_lock(&sm->lock);
		known = workload->known;
		mutex_unlock(&sm->lock);
		ret = rewire_journal_append(&sm->journal,
					    REWIRE_JOURNAL_WORKLOAD, &known,
					    sizeof(known), why);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_snapshot);

void rewire_workloads_free(struct rewire_sm *sm)
{
	struct rewire_workload *workload;
	struct hlist_node *next;
	int bucket;

	hash_for_each_safe(sm->workloads, bucket, next, workload, node) {
		hash_del(&workload->node);
		kfree(workload);
	}
	sm->workload_count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workloads_free);
