// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates: what the journal makes of them, whatever the SM lived to see, and how
 * they end. The SM has a journal in memory, and may die and start again.
 */
#include <crypto/sha2.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "../../kmod/handover.h"
#include "../../kmod/provision.h"
#include "../../kmod/stream.h"
#include "../../kmod/update.h"
#include "util.h"
#include "sign.h"
#include "world.h"

#define SOFTWARE	((const u8 *)"software of all")	/* and its zero */
#define EPOCH		5	/* of old versions */

struct life {
	struct rewire_sm *sm;
	struct file *file[2];
	struct rewire_why why;
};

/* the SM dies, and whoever it had; its journal is read again */
static void restart(struct kunit *test, bool durable)
{
	struct file *none[2] = {};
	struct life *l = test->priv;
	struct rewire_sm *sm;
	int ret;

	if (l->sm) {
		rewire_updates_free(l->sm);
		world_sm_free(l->sm);
	}
	sm = world_sm(test, 'a', true);
	l->sm = sm;
	mutex_lock(&sm->journal.lock);
	ret = rewire_journal_open(&sm->journal, durable ? l->file : none,
				  &sm->roots, sm->attest.id, NULL,
				  rewire_provision_replay, sm, &l->why) ?:
	      rewire_witness_start(&sm->freshness, durable ?
				   REWIRE_PROVISION_UNWITNESSED :
				   REWIRE_PROVISION_VOLATILE, &l->why);
	mutex_unlock(&sm->journal.lock);
	rewire_workloads_died(sm);
	ret = ret ?: rewire_updates_recover(sm, &l->why);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "%s", l->why.text);
}

static int life_init(struct kunit *test)
{
	struct life *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	test->priv = l;
	for (i = 0; i < 2; i++) {
		l->file[i] = shmem_file_setup("rewire-journal", 0,
					      VM_NORESERVE);
		KUNIT_ASSERT_FALSE(test, IS_ERR(l->file[i]));
	}
	restart(test, true);
	return 0;
}

static void life_exit(struct kunit *test)
{
	struct life *l = test->priv;
	u32 i;

	if (!l)
		return;
	if (l->sm)
		rewire_updates_free(l->sm);
	world_sm_free(l->sm);
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(l->file[i]))
			fput(l->file[i]);
}

static void workload_of(u8 workload[REWIRE_ID_SIZE], u8 name)
{
	memset(workload, name, REWIRE_ID_SIZE);
}

/* an update named so, of a workload named so, as if it had been begun */
static struct rewire_update *begin(struct kunit *test, u8 name)
{
	struct life *l = test->priv;
	struct rewire_update *update = rewire_update_alloc(l->sm);
	struct rewire_journal_update *known;

	KUNIT_ASSERT_NOT_NULL(test, update);
	known = &update->known;
	memset(known->id, name, sizeof(known->id));
	memset(known->nonce, ~name, sizeof(known->nonce));
	memset(known->package_digest, name + 1, sizeof(known->package_digest));
	workload_of(known->workload, name);
	memcpy(known->software, SOFTWARE, REWIRE_ID_SIZE);
	known->owner = 1000 + name;
	known->epoch = EPOCH;
	known->from.release = 1;
	known->from.svn = 1;
	memset(known->from.measurement, 0xf0, REWIRE_DIGEST_SIZE);
	known->to.release = 7;
	known->to.svn = 3;
	memset(known->to.measurement, 0x70, REWIRE_DIGEST_SIZE);
	mutex_lock(&l->sm->lock);
	list_add(&update->list, &l->sm->updates);
	l->sm->open_updates++;
	mutex_unlock(&l->sm->lock);
	return update;
}

static struct rewire_update *find(struct life *l, u8 name)
{
	u8 id[REWIRE_ID_SIZE];

	memset(id, name, sizeof(id));
	return rewire_update_known(l->sm, id);
}

static int record(struct rewire_update *update, u32 state)
{
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_record(update, state, NULL);
	if (!ret)
		update->state = state;
	mutex_unlock(&update->lock);
	return ret;
}

/* as updates go: up to that state, for ABORTED by way of a trial */
static const u32 way[] = {
	REWIRE_UPDATE_HANDING, REWIRE_UPDATE_TRIAL, REWIRE_UPDATE_SWITCHED,
};

static struct rewire_update *record_up_to(struct kunit *test, u8 name, u32 state)
{
	struct rewire_update *update = begin(test, name);
	int i;

	for (i = 0; i < ARRAY_SIZE(way) && way[i] < state; i++)
		if (way[i] != REWIRE_UPDATE_SWITCHED)
			KUNIT_ASSERT_EQ(test, record(update, way[i]), 0);
	if (state == REWIRE_UPDATE_ABORTED) {
		update->known.error = ETIMEDOUT;
		strscpy(update->known.reason, "so slow",
			sizeof(update->known.reason));
	}
	KUNIT_ASSERT_EQ(test, record(update, state), 0);
	return update;
}

/* what the SM thinks a state of that epoch is worth */
static int would(struct life *l, u8 name, u64 epoch)
{
	u8 workload[REWIRE_ID_SIZE];

	workload_of(workload, name);
	return rewire_workload_would(l->sm, workload, epoch, true, NULL);
}

static int allows(struct life *l, u8 name, u64 release, u64 svn)
{
	struct rewire_manifest manifest = { .release = release, .svn = svn };
	u8 workload[REWIRE_ID_SIZE];

	workload_of(workload, name);
	memcpy(manifest.software, SOFTWARE, REWIRE_ID_SIZE);
	return rewire_workload_allows(l->sm, workload, &manifest, NULL);
}

static void compact(struct kunit *test)
{
	struct life *l = test->priv;

	KUNIT_ASSERT_EQ_MSG(test, rewire_sm_compact(l->sm, &l->why), 0, "%s",
			    l->why.text);
}

/* ---- what comes out of the journal ---- */

static const struct ending {
	const char *desc;
	u32 state, ends;
	bool tried, switched;
	u32 error;
} endings[] = {
	{ "handing", REWIRE_UPDATE_HANDING, REWIRE_UPDATE_ABORTED, false,
	  false, ECANCELED },
	{ "trial", REWIRE_UPDATE_TRIAL, REWIRE_UPDATE_ABORTED, true, false,
	  ECANCELED },
	{ "switched", REWIRE_UPDATE_SWITCHED, REWIRE_UPDATE_SWITCHED, true,
	  true, 0 },
	{ "aborted", REWIRE_UPDATE_ABORTED, REWIRE_UPDATE_ABORTED, true, false,
	  ETIMEDOUT },
};

static void ending_desc(const struct ending *ending, char *desc)
{
	strscpy(desc, ending->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ending, endings, ending_desc);

static void expect_ending(struct kunit *test, const struct ending *e)
{
	struct life *l = test->priv;
	struct rewire_update *update = find(l, 'u');

	KUNIT_ASSERT_NOT_NULL(test, update);
	KUNIT_EXPECT_EQ(test, update->state, e->ends);
	KUNIT_EXPECT_EQ(test, update->known.state, e->ends);
	KUNIT_EXPECT_EQ(test, rewire_update_tried(update), e->tried);
	KUNIT_EXPECT_EQ(test, update->known.error, e->error);
	KUNIT_EXPECT_EQ(test, !update->known.reason[0], !e->error);
	KUNIT_EXPECT_EQ(test, update->known.epoch, EPOCH);
	KUNIT_EXPECT_TRUE(test, uid_eq(update->owner,
				       KUIDT_INIT(1000 + 'u')));
	KUNIT_EXPECT_TRUE(test, update->over);
	KUNIT_EXPECT_EQ(test, l->sm->finished_updates, 1);
	KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
	/* the old state counts, or the new one; never both, never neither */
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH), e->switched ? -ESTALE : 0);
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH + 1), 0);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 6, 3), e->switched ? -ESTALE : 0);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 7, 3), 0);
}

/* Whenever the power fails, and as often as it does. */
static void restart_ends_what_was_begun(struct kunit *test)
{
	const struct ending *e = test->param_value;
	struct life *l = test->priv;
	struct rewire_journal_update first;

	record_up_to(test, 'u', e->state);
	restart(test, true);
	expect_ending(test, e);
	first = find(l, 'u')->known;
	restart(test, true);
	expect_ending(test, e);
	KUNIT_EXPECT_MEMEQ(test, &first, &find(l, 'u')->known, sizeof(first));
	compact(test);
	restart(test, true);
	expect_ending(test, e);
	KUNIT_EXPECT_MEMEQ(test, &first, &find(l, 'u')->known, sizeof(first));
	compact(test);
	restart(test, true);
	KUNIT_EXPECT_MEMEQ(test, &first, &find(l, 'u')->known, sizeof(first));
}

/* Where it was first written, with that record's digest: receipts name it. */
static void record_is_named_by_its_place(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_chain *chain = &l->sm->journal.chain;
	struct rewire_update *update = begin(test, 'u');
	u64 before = chain->sequence;

	KUNIT_ASSERT_EQ(test, record(update, REWIRE_UPDATE_HANDING), 0);
	KUNIT_EXPECT_EQ(test, update->known.sequence, before);
	KUNIT_EXPECT_MEMEQ(test, update->known.head, chain->head,
			   REWIRE_DIGEST_SIZE);
	KUNIT_ASSERT_EQ(test, record(update, REWIRE_UPDATE_TRIAL), 0);
	KUNIT_EXPECT_EQ(test, update->known.sequence, before + 1);
	KUNIT_EXPECT_MEMEQ(test, update->known.head, chain->head,
			   REWIRE_DIGEST_SIZE);
}

/* One that nothing rests on is not waited for, and not invented either. */
static void note_may_get_lost(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_update *update = record_up_to(test, 'u',
						    REWIRE_UPDATE_HANDING);
	u64 sequence = update->known.sequence;

	update->known.error = EPERM;
	rewire_update_note(update, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.sequence, sequence + 1);
	restart(test, true);
	KUNIT_EXPECT_EQ(test, find(l, 'u')->known.error, EPERM);

	update = record_up_to(test, 'v', REWIRE_UPDATE_HANDING);
	l->sm->journal.error = -EIO;
	rewire_update_note(update, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.sequence, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(update->known.head, 0,
					   REWIRE_DIGEST_SIZE));
	restart(test, true);
	KUNIT_EXPECT_EQ(test, find(l, 'v')->known.error, ECANCELED);
}

/* A switch that was not written down is none. */
static void record_refused_changes_nothing(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_update *update = record_up_to(test, 'u',
						    REWIRE_UPDATE_TRIAL);
	struct rewire_journal_update known = update->known;

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_NE(test, record(update, REWIRE_UPDATE_SWITCHED), 0);
	KUNIT_EXPECT_MEMEQ(test, &known, &update->known, sizeof(known));
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH), 0);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 1, 1), 0);
	restart(test, true);
	expect_ending(test, &endings[1]);
}

/* The last word about a workload counts, after a compaction as before. */
static void later_words_override_the_switch(struct kunit *test)
{
	struct life *l = test->priv;
	u8 workload[REWIRE_ID_SIZE];

	workload_of(workload, 'u');
	record_up_to(test, 'u', REWIRE_UPDATE_SWITCHED);
	KUNIT_ASSERT_EQ(test, rewire_workload_fence(l->sm, workload, 20, NULL),
			0);
	compact(test);
	restart(test, true);
	KUNIT_EXPECT_EQ(test, rewire_workload_place(l->sm, workload),
			REWIRE_PLACE_MOVED);
	KUNIT_EXPECT_EQ(test, rewire_workload_would(l->sm, workload, 19, false,
						    NULL), 0);
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH + 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 6, 3), -ESTALE);
}

static void compaction_keeps_the_order(struct kunit *test)
{
	static const u8 newest_first[] = "dcba";
	struct life *l = test->priv;
	struct rewire_update *update;
	int i = 0;

	record_up_to(test, 'a', REWIRE_UPDATE_SWITCHED);
	record_up_to(test, 'b', REWIRE_UPDATE_ABORTED);
	begin(test, 'x');	/* nothing of it is in the journal */
	record_up_to(test, 'c', REWIRE_UPDATE_TRIAL);
	record_up_to(test, 'd', REWIRE_UPDATE_HANDING);
	compact(test);
	restart(test, true);
	KUNIT_EXPECT_NULL(test, find(l, 'x'));
	list_for_each_entry(update, &l->sm->updates, list) {
		KUNIT_ASSERT_LT(test, i, 4);
		KUNIT_EXPECT_EQ(test, update->known.id[0], newest_first[i]);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, 4);
	KUNIT_EXPECT_EQ(test, l->sm->finished_updates, 4);
}

/* Recovery that cannot write ends the life, and the next one starts at nought. */
static void recovery_that_fails_leaves_nothing(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_update *update;

	record_up_to(test, 'u', REWIRE_UPDATE_SWITCHED);
	record_up_to(test, 'v', REWIRE_UPDATE_TRIAL);
	list_for_each_entry(update, &l->sm->updates, list)
		update->over = false;
	l->sm->open_updates = 0;
	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_NE(test, rewire_updates_recover(l->sm, NULL), 0);
	rewire_updates_free(l->sm);
	KUNIT_EXPECT_TRUE(test, list_empty(&l->sm->updates));
	KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
	KUNIT_EXPECT_EQ(test, l->sm->finished_updates, 0);
}

/* ---- records that are none ---- */

struct entry {
	struct rewire_journal_record record;
	struct rewire_journal_update known;
	u8 rest[8 + REWIRE_MAC_SIZE];
};

static int replay(struct life *l, struct entry *entry)
{
	int ret;

	mutex_lock(&l->sm->journal.lock);
	ret = rewire_update_replay(l->sm, &entry->record, &entry->known,
				   &l->why);
	mutex_unlock(&l->sm->journal.lock);
	return ret;
}

static void make_entry(struct entry *entry, u32 state)
{
	memset(entry, 0, sizeof(*entry));
	entry->record.type = REWIRE_JOURNAL_UPDATE;
	entry->record.length = sizeof(entry->known);
	entry->record.sequence = 99;
	memset(entry->known.id, 'u', REWIRE_ID_SIZE);
	workload_of(entry->known.workload, 'u');
	memcpy(entry->known.software, SOFTWARE, REWIRE_ID_SIZE);
	entry->known.epoch = EPOCH;
	entry->known.to.release = 7;
	entry->known.to.svn = 3;
	entry->known.state = state;
}

static void record_malformed_is_refused(struct kunit *test)
{
	static const u32 states[] = {
		REWIRE_UPDATE_LOADING, REWIRE_UPDATE_LOADED,
		REWIRE_UPDATE_HANDED, REWIRE_UPDATE_STATES, U32_MAX,
	};
	struct entry *entry = kunit_kzalloc(test, sizeof(*entry), GFP_KERNEL);
	struct life *l = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, entry);
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		make_entry(entry, states[i]);
		KUNIT_EXPECT_EQ(test, replay(l, entry), -EUCLEAN);
	}
	for (i = -1; i <= 1; i += 2) {
		make_entry(entry, REWIRE_UPDATE_SWITCHED);
		entry->record.length += i;
		KUNIT_EXPECT_EQ(test, replay(l, entry), -EUCLEAN);
	}
	make_entry(entry, REWIRE_UPDATE_ABORTED);
	memset(entry->known.reason, 'r', sizeof(entry->known.reason));
	KUNIT_EXPECT_EQ(test, replay(l, entry), -EUCLEAN);
	KUNIT_EXPECT_NE(test, l->why.text[0], 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&l->sm->updates));
	KUNIT_EXPECT_EQ(test, l->sm->workload_count, 0);
	entry->known.reason[sizeof(entry->known.reason) - 1] = 0;
	KUNIT_EXPECT_EQ(test, replay(l, entry), 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&l->sm->updates));
}

/* A switch counts for a workload that nothing was read of before. */
static void switch_of_an_unknown_workload_counts(struct kunit *test)
{
	struct entry *entry = kunit_kzalloc(test, sizeof(*entry), GFP_KERNEL);
	struct life *l = test->priv;
	u8 digest[REWIRE_DIGEST_SIZE];

	KUNIT_ASSERT_NOT_NULL(test, entry);
	make_entry(entry, REWIRE_UPDATE_SWITCHED);
	KUNIT_ASSERT_EQ(test, replay(l, entry), 0);
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH), -ESTALE);
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH + 1), 0);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 6, 3), -ESTALE);
	/* it is named by the record as it stands there */
	sha256((u8 *)&entry->record, REWIRE_JOURNAL_BYTES(entry->record.length),
	       digest);
	KUNIT_EXPECT_EQ(test, find(l, 'u')->known.sequence, 99ULL);
	KUNIT_EXPECT_MEMEQ(test, find(l, 'u')->known.head, digest,
			   sizeof(digest));
	/* or as it stood where it was first written */
	entry->known.sequence = 7;
	memset(entry->known.head, 0x4e, sizeof(entry->known.head));
	KUNIT_ASSERT_EQ(test, replay(l, entry), 0);
	KUNIT_EXPECT_EQ(test, find(l, 'u')->known.sequence, 7ULL);
	KUNIT_EXPECT_EQ(test, find(l, 'u')->known.head[0], 0x4e);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&l->sm->updates));
}

/* ---- packages that are used up ---- */

static int unused(struct rewire_update *update)
{
	struct rewire_sm *sm = update->sm;
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_update_unused(update, NULL);
	mutex_unlock(&sm->journal.lock);
	return ret;
}

static void package_is_used_up_by_its_trial(struct kunit *test)
{
	static const struct {
		u32 state;
		int ret;
	} rows[] = {
		{ REWIRE_UPDATE_HANDING, 0 }, { REWIRE_UPDATE_TRIAL, -ESTALE },
		{ REWIRE_UPDATE_SWITCHED, -ESTALE },
		{ REWIRE_UPDATE_ABORTED, -ESTALE },
	};
	struct life *l = test->priv;
	struct rewire_update *again;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		record_up_to(test, 'a' + i, rows[i].state);
		KUNIT_EXPECT_EQ(test, unused(find(l, 'a' + i)), -EBUSY);
	}
	compact(test);
	restart(test, true);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		again = rewire_update_alloc(l->sm);
		KUNIT_ASSERT_NOT_NULL(test, again);
		memset(again->known.id, 'a' + i, REWIRE_ID_SIZE);
		KUNIT_EXPECT_EQ(test, unused(again), rows[i].ret);
		again->known.id[0] ^= 1;
		KUNIT_EXPECT_EQ(test, unused(again), 0);
		rewire_update_put(again);
	}
}

static void updates_under_way_are_limited(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_update *update = rewire_update_alloc(l->sm);

	KUNIT_ASSERT_NOT_NULL(test, update);
	l->sm->open_updates = REWIRE_MAX_UPDATES - 1;
	KUNIT_EXPECT_EQ(test, unused(update), 0);
	l->sm->open_updates = REWIRE_MAX_UPDATES;
	KUNIT_EXPECT_EQ(test, unused(update), -EDQUOT);
	l->sm->open_updates = 0;
	rewire_update_put(update);
}

/* The oldest that is over goes, unless somebody has a file of it. */
static void updates_are_forgotten_oldest_first(struct kunit *test)
{
	struct life *l = test->priv;
	u8 name;

	for (name = 'a'; name <= 'd'; name++)
		record_up_to(test, name, REWIRE_UPDATE_SWITCHED);
	restart(test, true);
	begin(test, 'e');
	atomic_set(&find(l, 'b')->files, 1);
	mutex_lock(&l->sm->journal.lock);
	rewire_updates_trim(l->sm);
	KUNIT_EXPECT_NOT_NULL(test, find(l, 'a'));
	l->sm->finished_updates += REWIRE_MAX_FINISHED - 2;
	rewire_updates_trim(l->sm);
	KUNIT_EXPECT_NULL(test, find(l, 'a'));
	KUNIT_EXPECT_NOT_NULL(test, find(l, 'b'));
	KUNIT_EXPECT_NULL(test, find(l, 'c'));
	KUNIT_EXPECT_NOT_NULL(test, find(l, 'd'));
	KUNIT_EXPECT_NOT_NULL(test, find(l, 'e'));
	KUNIT_EXPECT_EQ(test, l->sm->finished_updates, REWIRE_MAX_FINISHED);
	mutex_unlock(&l->sm->journal.lock);
	atomic_set(&find(l, 'b')->files, 0);
}

/* ---- which checkpoint may live ---- */

static void checkpoint_of_the_version_it_ended_with(struct kunit *test)
{
	static const struct {
		u32 state;
		int old, new;
	} rows[] = {
		{ REWIRE_UPDATE_HANDING, -ESTALE, -ESTALE },
		{ REWIRE_UPDATE_TRIAL, -ESTALE, -ESTALE },
		{ REWIRE_UPDATE_SWITCHED, -ESTALE, 0 },
		{ REWIRE_UPDATE_ABORTED, 0, -ESTALE },
	};
	struct rewire_stream_header header = {};
	struct life *l = test->priv;
	u64 epoch;
	int i;

	KUNIT_EXPECT_FALSE(test, rewire_update_made(l->sm, &header));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		record_up_to(test, 'a' + i, rows[i].state);
		memset(header.request_id, 'a' + i, sizeof(header.request_id));
		KUNIT_EXPECT_TRUE(test, rewire_update_made(l->sm, &header));
		for (epoch = EPOCH - 1; epoch <= EPOCH + 2; epoch++) {
			header.epoch = epoch;
			l->why.text[0] = 0;
			KUNIT_EXPECT_EQ(test,
					rewire_update_ended_well(l->sm, &header,
								 &l->why),
					epoch == EPOCH ? rows[i].old :
					epoch == EPOCH + 1 ? rows[i].new :
							     -ESTALE);
		}
		KUNIT_EXPECT_NE(test, l->why.text[0], 0);
	}
	/* forgotten since: nobody knows how it ended */
	memset(header.request_id, 'z', sizeof(header.request_id));
	header.epoch = EPOCH;
	KUNIT_EXPECT_EQ(test, rewire_update_ended_well(l->sm, &header, NULL),
			-ESTALE);
}

/* ---- receipts ---- */

static int receipt(struct kunit *test, u8 name,
		   struct rewire_update_receipt *copy)
{
	struct life *l = test->priv;
	struct rewire_update *update = find(l, name);
	struct rewire_update_receipt *given = NULL;
	u8 id[REWIRE_ID_SIZE];
	ssize_t len;

	mutex_lock(&update->lock);
	len = rewire_update_receipt(update, &given, &l->why);
	mutex_unlock(&update->lock);
	if (len < 0)
		return len;
	*copy = *given;
	KUNIT_EXPECT_EQ(test, len,
			sizeof(*copy) + copy->cert_len + copy->sig_len);
	KUNIT_EXPECT_EQ(test,
			rewire_peer_verify(&l->sm->roles, given + 1,
					   copy->cert_len,
					   REWIRE_UPDATE_RECEIPT_DOMAIN, given,
					   sizeof(*copy),
					   (u8 *)(given + 1) + copy->cert_len,
					   copy->sig_len, id, NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, id, copy->sm, sizeof(id));
	kfree(given);
	return 0;
}

static void receipt_only_of_an_end(struct kunit *test)
{
	struct rewire_update_receipt got;
	struct life *l = test->priv;
	struct rewire_update *update = begin(test, 'u');
	u32 state;

	for (state = 0; state < REWIRE_UPDATE_STATES; state++) {
		update->state = state;
		KUNIT_EXPECT_EQ(test, receipt(test, 'u', &got),
				state == REWIRE_UPDATE_SWITCHED ||
				state == REWIRE_UPDATE_ABORTED ? 0 : -EBADFD);
	}
	KUNIT_EXPECT_NOT_NULL(test, strstr(l->why.text, "TRIAL"));
}

static void receipt_says_how_it_ended(struct kunit *test)
{
	struct rewire_update_receipt got = {}, again = {};
	struct life *l = test->priv;
	const struct rewire_journal_update *known;

	record_up_to(test, 's', REWIRE_UPDATE_SWITCHED);
	record_up_to(test, 'a', REWIRE_UPDATE_ABORTED);
	known = &find(l, 's')->known;
	KUNIT_ASSERT_EQ(test, receipt(test, 's', &got), 0);
	KUNIT_EXPECT_EQ(test, got.header.type, REWIRE_TYPE_UPDATE_RECEIPT);
	KUNIT_EXPECT_EQ(test, got.header.size, sizeof(got));
	KUNIT_EXPECT_MEMEQ(test, got.id, known->id, sizeof(got.id));
	KUNIT_EXPECT_MEMEQ(test, got.nonce, known->nonce, sizeof(got.nonce));
	KUNIT_EXPECT_MEMEQ(test, got.package_digest, known->package_digest,
			   sizeof(got.package_digest));
	KUNIT_EXPECT_MEMEQ(test, got.workload, known->workload,
			   sizeof(got.workload));
	KUNIT_EXPECT_MEMEQ(test, got.software, known->software,
			   sizeof(got.software));
	KUNIT_EXPECT_MEMEQ(test, &got.from, &known->from, sizeof(got.from));
	KUNIT_EXPECT_MEMEQ(test, &got.to, &known->to, sizeof(got.to));
	KUNIT_EXPECT_EQ(test, got.state, REWIRE_UPDATE_SWITCHED);
	KUNIT_EXPECT_EQ(test, got.error, 0);
	KUNIT_EXPECT_EQ(test, got.epoch, EPOCH + 1);
	KUNIT_EXPECT_EQ(test, got.sequence, known->sequence);
	KUNIT_EXPECT_NE(test, got.sequence, 0ULL);
	KUNIT_EXPECT_MEMEQ(test, got.head, known->head, sizeof(got.head));

	compact(test);
	restart(test, true);
	KUNIT_ASSERT_EQ(test, receipt(test, 's', &again), 0);
	KUNIT_EXPECT_MEMEQ(test, &got, &again, sizeof(got));
	KUNIT_ASSERT_EQ(test, receipt(test, 'a', &got), 0);
	KUNIT_EXPECT_EQ(test, got.state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, got.error, ETIMEDOUT);
	KUNIT_EXPECT_STREQ(test, got.reason, "so slow");
	KUNIT_EXPECT_EQ(test, got.epoch, EPOCH);
}

static void receipt_without_a_journal_names_no_record(struct kunit *test)
{
	struct rewire_update_receipt got = {};

	restart(test, false);
	record_up_to(test, 'u', REWIRE_UPDATE_SWITCHED);
	KUNIT_ASSERT_EQ(test, receipt(test, 'u', &got), 0);
	KUNIT_EXPECT_EQ(test, got.sequence, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(got.head, 0, sizeof(got.head)));
	KUNIT_EXPECT_EQ(test, got.epoch, EPOCH + 1);
}

/* ---- the end of one that has both its versions ---- */

/**
 * struct both - an update with two versions, and a reference to each of all
 * @update: the update
 * @old: FROZEN
 * @new: RUNNING, on trial
 */
struct both {
	struct rewire_update *update;
	struct rewire_enclave *old, *new;
};

static struct both begin_both(struct kunit *test, u32 state)
{
	struct life *l = test->priv;
	struct both b;
	u32 i;

	b.old = world_enclave(test, l->sm);
	b.new = world_version(test, l->sm);
	b.update = begin(test, 'u');
	memcpy(b.update->known.workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	b.update->known.epoch = b.old->epoch;
	b.update->handover = rewire_handover_create(l->sm);
	KUNIT_ASSERT_NOT_NULL(test, b.update->handover);
	b.update->handover->data = b.update;
	b.old->handover = rewire_handover_get(b.update->handover);
	b.new->handover = rewire_handover_get(b.update->handover);
	b.old->state = REWIRE_ENCLAVE_FROZEN;
	rewire_calls_put(b.new->calls);
	b.new->calls = rewire_calls_get(b.old->calls);
	b.new->epoch = b.old->epoch + 1;
	b.update->old = b.old;
	b.update->new = b.new;
	rewire_enclave_get(b.old);
	rewire_enclave_get(b.new);
	rewire_update_get(b.update);
	rewire_update_hold(b.update, true);
	for (i = 0; i < ARRAY_SIZE(way) && way[i] <= state; i++)
		KUNIT_ASSERT_EQ(test, record(b.update, way[i]), 0);
	b.update->state = state;
	return b;
}

static void end_both(struct both *b)
{
	rewire_update_put(b->update);
	world_enclave_free(b->new);
	world_enclave_free(b->old);
}

static int abort_it(struct rewire_update *update)
{
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_abort(update, -ETIMEDOUT, "so slow", NULL);
	mutex_unlock(&update->lock);
	return ret;
}

static const u32 before_the_switch[] = {
	REWIRE_UPDATE_HANDED, REWIRE_UPDATE_TRIAL,
};

static void aborted_goes_back_to_the_old_version(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b;
	int i;

	for (i = 0; i < ARRAY_SIZE(before_the_switch); i++) {
		b = begin_both(test, before_the_switch[i]);
		KUNIT_EXPECT_TRUE(test, b.old->calls->held);
		KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
		KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_ABORTED);
		KUNIT_EXPECT_EQ(test, b.update->known.state,
				REWIRE_UPDATE_ABORTED);
		KUNIT_EXPECT_EQ(test, b.update->known.error, ETIMEDOUT);
		KUNIT_EXPECT_STREQ(test, b.update->known.reason, "so slow");
		KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
		KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_PAUSED);
		KUNIT_EXPECT_TRUE(test, b.old->claimed);
		KUNIT_EXPECT_NULL(test, b.old->handover);
		KUNIT_EXPECT_NULL(test, b.old->successor);
		KUNIT_EXPECT_FALSE(test, b.old->calls->held);
		KUNIT_EXPECT_EQ(test, b.old->calls->closed, 0);
		KUNIT_EXPECT_TRUE(test, b.update->over);
		KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
		/* whatever comes then, it has ended */
		KUNIT_EXPECT_EQ(test, abort_it(b.update), -EBADFD);
		KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
		end_both(&b);
		restart(test, true);
		KUNIT_EXPECT_EQ(test, find(l, 'u')->known.error, ETIMEDOUT);
		rewire_updates_free(l->sm);
	}
}

/* After TRIAL a crash could have either end: the abort is durable, or is not. */
static void abort_on_trial_waits_for_the_journal(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_NE(test, abort_it(b.update), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_FROZEN);
	KUNIT_EXPECT_TRUE(test, b.old->calls->held);
	KUNIT_EXPECT_FALSE(test, b.update->over);
	l->sm->journal.error = 0;
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	end_both(&b);
}

/* Before TRIAL a crash has this end anyway. */
static void abort_before_trial_needs_no_journal(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_HANDED);

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
	end_both(&b);
}

/* ---- what nobody goes on with ---- */

static struct both begin_loaded(struct kunit *test)
{
	struct both b = begin_both(test, REWIRE_UPDATE_LOADED);

	rewire_update_hold(b.update, false);
	b.old->state = REWIRE_ENCLAVE_RUNNING;
	return b;
}

static void watch(struct rewire_update *update, u32 timeout_ms)
{
	mutex_lock(&update->lock);
	rewire_update_watch(update, timeout_ms);
	mutex_unlock(&update->lock);
}

static void loaded_is_given_up_after_a_time(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_loaded(test);
	u64 old = b.old->charged;

	watch(b.update, 3600000);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->sm->memory_used),
			old + b.new->charged);
	watch(b.update, 1);
	KUNIT_EXPECT_GT(test, wait_event_timeout(b.update->changed,
						 READ_ONCE(b.update->over),
						 30 * HZ), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, b.update->known.error, ETIMEDOUT);
	KUNIT_EXPECT_STREQ(test, b.update->known.reason,
			   "its handover did not come in time");
	KUNIT_EXPECT_FALSE(test, rewire_update_tried(b.update));
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->sm->memory_used), old);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_NULL(test, b.old->handover);
	KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
	end_both(&b);
}

/* The loading's time is up while the handover begins: the trial's counts. */
static void handover_has_a_deadline_of_its_own(struct kunit *test)
{
	struct both b = begin_loaded(test);
	struct work_struct *work = &b.update->expiry.work;
	unsigned long end = jiffies + 30 * HZ;

	mutex_lock(&b.update->lock);
	rewire_update_watch(b.update, 1);
	while (!(work_busy(work) & WORK_BUSY_RUNNING) &&
	       time_before(jiffies, end))
		usleep_range(100, 1000);
	KUNIT_EXPECT_TRUE(test, work_busy(work) & WORK_BUSY_RUNNING);
	rewire_update_watch(b.update, 3600000);
	mutex_unlock(&b.update->lock);
	flush_work(work);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_LOADED);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&b.update->expiry));
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&b.update->expiry));
	end_both(&b);
}

static int trial(struct both *b)
{
	int ret;

	mutex_lock(&b->update->lock);
	ret = rewire_update_begin_trial(b->update, NULL);
	mutex_unlock(&b->update->lock);
	return ret;
}

static void trial_waits_for_the_old_checkpoint(struct kunit *test)
{
	struct both b = begin_both(test, REWIRE_UPDATE_HANDED);

	KUNIT_EXPECT_EQ(test, trial(&b), -EAGAIN);
	b.update->handover->sealed[REWIRE_HANDOVER_NEW] = true;
	KUNIT_EXPECT_EQ(test, trial(&b), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, rewire_update_tried(b.update));
	b.update->handover->sealed[REWIRE_HANDOVER_OLD] = true;
	KUNIT_EXPECT_EQ(test, trial(&b), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_TRUE(test, rewire_update_tried(b.update));
	KUNIT_EXPECT_EQ(test, b.update->known.epoch, b.old->epoch);
	KUNIT_EXPECT_EQ(test, b.new->epoch, b.old->epoch + 1);
	KUNIT_EXPECT_EQ(test, trial(&b), -EBADFD);
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	end_both(&b);
}

/* words of an SDS and a developer that the SM of @b believes */
static void sign_order(struct kunit *test, struct both *b)
{
	struct rewire_words *words = kzalloc(sizeof(*words), GFP_KERNEL);
	struct rewire_roles *roles = &b->update->sm->roles;

	KUNIT_ASSERT_NOT_NULL(test, words);
	b->update->order.words = words;
	sign_add(test, roles, REWIRE_ROLE_SDS, "s");
	sign_add(test, roles, REWIRE_ROLE_DEVELOPER, "v");
	sign_one(test, 's', &words->package, sizeof(words->package),
		 &words->package_cms);
	sign_one(test, 'v', &words->manifest, sizeof(words->manifest),
		 &words->manifest_cms);
}

static int switch_it(struct both *b, u64 *epoch)
{
	struct file *file;

	mutex_lock(&b->update->lock);
	file = rewire_update_switch(b->update, epoch, NULL);
	mutex_unlock(&b->update->lock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	__fput_sync(file);
	return 0;
}

static void expect_on_trial(struct kunit *test, const struct both *b)
{
	KUNIT_EXPECT_EQ(test, b->update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_TRUE(test, b->old->claimed);
	KUNIT_EXPECT_FALSE(test, b->new->claimed);
	KUNIT_EXPECT_TRUE(test, b->new->trial);
	KUNIT_EXPECT_EQ(test, b->old->state, REWIRE_ENCLAVE_FROZEN);
}

/* Not without health, checkpoint, life and the journal; each alone stops it. */
static void switch_has_its_conditions(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);
	struct rewire_handover *handover =
		rewire_handover_get(b.update->handover);
	bool *sealed = handover->sealed;
	unsigned int files;
	u64 epoch = 0;

	sign_order(test, &b);
	sealed[REWIRE_HANDOVER_NEW] = true;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EAGAIN);
	b.update->healthy = 1;
	sealed[REWIRE_HANDOVER_NEW] = false;
	sealed[REWIRE_HANDOVER_OLD] = true;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EAGAIN);
	sealed[REWIRE_HANDOVER_NEW] = true;
	b.new->state = REWIRE_ENCLAVE_PAUSED;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
	b.new->state = REWIRE_ENCLAVE_RUNNING;
	l->sm->journal.error = -EIO;
	files = kref_read(&b.new->ref);
	KUNIT_EXPECT_NE(test, switch_it(&b, &epoch), 0);
	l->sm->journal.error = 0;
	expect_on_trial(test, &b);
	/* a kernel thread's file is closed by somebody else */
	while (kref_read(&b.new->ref) > files)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), 0);
	KUNIT_EXPECT_EQ(test, epoch, b.old->epoch + 1);
	rewire_handover_put(handover);
	end_both(&b);
}

/* No version, or none any more: each command looks at the state first. */
static void commands_in_another_state_are_refused(struct kunit *test)
{
	struct both b = { .update = begin(test, 'u') };
	struct rewire_update *update = b.update;
	u64 epoch;
	u32 state;

	for (state = 0; state < REWIRE_UPDATE_STATES; state++) {
		if (state == REWIRE_UPDATE_TRIAL || state == REWIRE_UPDATE_HANDED)
			continue;
		update->state = state;
		KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
		KUNIT_EXPECT_EQ(test, trial(&b), -EBADFD);
		mutex_lock(&update->lock);
		KUNIT_EXPECT_EQ(test, rewire_update_health(update, 1, NULL),
				-EBADFD);
		KUNIT_EXPECT_EQ(test,
				PTR_ERR(rewire_update_checkpoint(update,
								 REWIRE_VERSION_OLD,
								 NULL)),
				-EBADFD);
		KUNIT_EXPECT_EQ(test,
				PTR_ERR(rewire_update_checkpoint(update,
								 REWIRE_VERSION_NEW,
								 NULL)),
				-EBADFD);
		if (state != REWIRE_UPDATE_LOADED)
			KUNIT_EXPECT_EQ(test,
					rewire_update_handover(update, 1, NULL),
					-EBADFD);
		mutex_unlock(&update->lock);
	}
	update->state = REWIRE_UPDATE_HANDED;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
}

static void switched_the_new_version_is_the_instance(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);
	struct rewire_enclave *found;
	u64 epoch = 0;
	int error;

	sign_order(test, &b);
	b.update->healthy = 1;
	b.update->known.flags |= REWIRE_UPDATE_VOLATILE;
	KUNIT_ASSERT_EQ(test, switch_it(&b, &epoch), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_SWITCHED);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_PTR_EQ(test, b.old->successor, b.new);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_FALSE(test, b.new->trial);
	KUNIT_EXPECT_NULL(test, b.new->handover);
	KUNIT_EXPECT_FALSE(test, b.new->calls->held);
	KUNIT_EXPECT_EQ(test, b.new->calls->closed, 0);
	found = rewire_sm_find_workload(l->sm, WORLD_WORKLOAD, &error);
	KUNIT_EXPECT_PTR_EQ(test, found, b.new);
	if (found)
		rewire_enclave_put(found);
	KUNIT_EXPECT_EQ(test, abort_it(b.update), -EBADFD);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	end_both(&b);
}

/* What is in the world cannot be changed any more; these numbers neither. */
static void update_structs_have_their_sizes(struct kunit *test)
{
#define SIZE(name, bytes)						\
	KUNIT_EXPECT_EQ(test, sizeof(struct rewire_##name), (size_t)(bytes))
	SIZE(package, 200);
	SIZE(wrap, 184);
	SIZE(suk, 112);
	SIZE(version, 64);
	SIZE(update_receipt, 400);
	SIZE(update_begin, 120);
	SIZE(open_update, 32);
	SIZE(get_suk, 16);
	SIZE(update_enclave, 24);
	SIZE(update_handover, 8);
	SIZE(update_checkpoint, 16);
	SIZE(update_begin_trial, 8);
	SIZE(update_health, 8);
	SIZE(update_switch, 24);
	SIZE(update_abort, 8);
	SIZE(update_info, 160);
	SIZE(update_get_receipt, 16);
	SIZE(least, 32);
	SIZE(journal_update, 368);
	SIZE(journal_workload, 200);
#undef SIZE
}

static struct kunit_case update_cases[] = {
	KUNIT_CASE_PARAM(restart_ends_what_was_begun, ending_gen_params),
	KUNIT_CASE(record_is_named_by_its_place),
	KUNIT_CASE(note_may_get_lost),
	KUNIT_CASE(record_refused_changes_nothing),
	KUNIT_CASE(later_words_override_the_switch),
	KUNIT_CASE(compaction_keeps_the_order),
	KUNIT_CASE(recovery_that_fails_leaves_nothing),
	KUNIT_CASE(record_malformed_is_refused),
	KUNIT_CASE(switch_of_an_unknown_workload_counts),
	KUNIT_CASE(package_is_used_up_by_its_trial),
	KUNIT_CASE(updates_under_way_are_limited),
	KUNIT_CASE(updates_are_forgotten_oldest_first),
	KUNIT_CASE(checkpoint_of_the_version_it_ended_with),
	KUNIT_CASE(receipt_only_of_an_end),
	KUNIT_CASE(receipt_says_how_it_ended),
	KUNIT_CASE(receipt_without_a_journal_names_no_record),
	KUNIT_CASE(aborted_goes_back_to_the_old_version),
	KUNIT_CASE(abort_on_trial_waits_for_the_journal),
	KUNIT_CASE(abort_before_trial_needs_no_journal),
	KUNIT_CASE(loaded_is_given_up_after_a_time),
	KUNIT_CASE(handover_has_a_deadline_of_its_own),
	KUNIT_CASE(trial_waits_for_the_old_checkpoint),
	KUNIT_CASE(switch_has_its_conditions),
	KUNIT_CASE(commands_in_another_state_are_refused),
	KUNIT_CASE(switched_the_new_version_is_the_instance),
	KUNIT_CASE(update_structs_have_their_sizes),
	{}
};

static struct kunit_suite update_suite = {
	.name = "rewire_update",
	.init = life_init,
	.exit = life_exit,
	.test_cases = update_cases,
};

kunit_test_suite(update_suite);
