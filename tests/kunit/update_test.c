// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates: what the journal makes of them, whatever the SM lived to see. That has
 * a journal in memory, and may die and start again.
 */
#include <crypto/sha2.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "../../kmod/handover.h"
#include "../../kmod/provision.h"
#include "../../kmod/stream.h"
#include "update_life.h"
#include "util.h"
#include "world.h"

static struct rewire_update *record_up_to(struct kunit *test, u8 name, u32 state)
{
	struct rewire_update *update = life_begin(test, name);
	int i;

	for (i = 0; i < ARRAY_SIZE(life_way) && life_way[i] < state; i++)
		if (life_way[i] != REWIRE_UPDATE_SWITCHED)
			KUNIT_ASSERT_EQ(test, life_record(update, life_way[i]),
					0);
	if (state == REWIRE_UPDATE_ABORTED) {
		update->known.error = ETIMEDOUT;
		strscpy(update->known.reason, "so slow",
			sizeof(update->known.reason));
	}
	KUNIT_ASSERT_EQ(test, life_record(update, state), 0);
	return update;
}

/* what the SM thinks a state of that epoch is worth */
static int would(struct life *l, u8 name, u64 epoch)
{
	u8 workload[REWIRE_ID_SIZE];

	life_workload(workload, name);
	return rewire_workload_would(l->sm, workload, epoch, true, NULL);
}

static int allows(struct life *l, u8 name, u64 release, u64 svn)
{
	struct rewire_manifest manifest = { .release = release, .svn = svn };
	u8 workload[REWIRE_ID_SIZE];

	life_workload(workload, name);
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
	struct rewire_update *update = life_find(l, 'u');

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
	life_restart(test, true);
	expect_ending(test, e);
	first = life_find(l, 'u')->known;
	life_restart(test, true);
	expect_ending(test, e);
	KUNIT_EXPECT_MEMEQ(test, &first, &life_find(l, 'u')->known, sizeof(first));
	compact(test);
	life_restart(test, true);
	expect_ending(test, e);
	KUNIT_EXPECT_MEMEQ(test, &first, &life_find(l, 'u')->known, sizeof(first));
	compact(test);
	life_restart(test, true);
	KUNIT_EXPECT_MEMEQ(test, &first, &life_find(l, 'u')->known, sizeof(first));
}

/* Where it was first written, with that record's digest: receipts name it. */
static void record_is_named_by_its_place(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_chain *chain = &l->sm->journal.chain;
	struct rewire_update *update = life_begin(test, 'u');
	u64 before = chain->sequence;

	KUNIT_ASSERT_EQ(test, life_record(update, REWIRE_UPDATE_HANDING), 0);
	KUNIT_EXPECT_EQ(test, update->known.sequence, before);
	KUNIT_EXPECT_MEMEQ(test, update->known.head, chain->head,
			   REWIRE_DIGEST_SIZE);
	KUNIT_ASSERT_EQ(test, life_record(update, REWIRE_UPDATE_TRIAL), 0);
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
	life_restart(test, true);
	KUNIT_EXPECT_EQ(test, life_find(l, 'u')->known.error, EPERM);

	update = record_up_to(test, 'v', REWIRE_UPDATE_HANDING);
	l->sm->journal.error = -EIO;
	rewire_update_note(update, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, update->known.sequence, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(update->known.head, 0,
					   REWIRE_DIGEST_SIZE));
	life_restart(test, true);
	KUNIT_EXPECT_EQ(test, life_find(l, 'v')->known.error, ECANCELED);
}

/* A switch that was not written down is none. */
static void record_refused_changes_nothing(struct kunit *test)
{
	struct life *l = test->priv;
	struct rewire_update *update = record_up_to(test, 'u',
						    REWIRE_UPDATE_TRIAL);
	struct rewire_journal_update known = update->known;

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_NE(test, life_record(update, REWIRE_UPDATE_SWITCHED), 0);
	KUNIT_EXPECT_MEMEQ(test, &known, &update->known, sizeof(known));
	KUNIT_EXPECT_EQ(test, would(l, 'u', EPOCH), 0);
	KUNIT_EXPECT_EQ(test, allows(l, 'u', 1, 1), 0);
	life_restart(test, true);
	expect_ending(test, &endings[1]);
}

/* The last word about a workload counts, after a compaction as before. */
static void later_words_override_the_switch(struct kunit *test)
{
	struct life *l = test->priv;
	u8 workload[REWIRE_ID_SIZE];

	life_workload(workload, 'u');
	record_up_to(test, 'u', REWIRE_UPDATE_SWITCHED);
	KUNIT_ASSERT_EQ(test, rewire_workload_fence(l->sm, workload, 20, NULL),
			0);
	compact(test);
	life_restart(test, true);
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
	life_begin(test, 'x');	/* nothing of it is in the journal */
	record_up_to(test, 'c', REWIRE_UPDATE_TRIAL);
	record_up_to(test, 'd', REWIRE_UPDATE_HANDING);
	compact(test);
	life_restart(test, true);
	KUNIT_EXPECT_NULL(test, life_find(l, 'x'));
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
	life_workload(entry->known.workload, 'u');
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
	KUNIT_EXPECT_EQ(test, life_find(l, 'u')->known.sequence, 99ULL);
	KUNIT_EXPECT_MEMEQ(test, life_find(l, 'u')->known.head, digest,
			   sizeof(digest));
	/* or as it stood where it was first written */
	entry->known.sequence = 7;
	memset(entry->known.head, 0x4e, sizeof(entry->known.head));
	KUNIT_ASSERT_EQ(test, replay(l, entry), 0);
	KUNIT_EXPECT_EQ(test, life_find(l, 'u')->known.sequence, 7ULL);
	KUNIT_EXPECT_EQ(test, life_find(l, 'u')->known.head[0], 0x4e);
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
		KUNIT_EXPECT_EQ(test, unused(life_find(l, 'a' + i)), -EBUSY);
	}
	compact(test);
	life_restart(test, true);
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
	life_restart(test, true);
	life_begin(test, 'e');
	atomic_set(&life_find(l, 'b')->files, 1);
	mutex_lock(&l->sm->journal.lock);
	rewire_updates_trim(l->sm);
	KUNIT_EXPECT_NOT_NULL(test, life_find(l, 'a'));
	l->sm->finished_updates += REWIRE_MAX_FINISHED - 2;
	rewire_updates_trim(l->sm);
	KUNIT_EXPECT_NULL(test, life_find(l, 'a'));
	KUNIT_EXPECT_NOT_NULL(test, life_find(l, 'b'));
	KUNIT_EXPECT_NULL(test, life_find(l, 'c'));
	KUNIT_EXPECT_NOT_NULL(test, life_find(l, 'd'));
	KUNIT_EXPECT_NOT_NULL(test, life_find(l, 'e'));
	KUNIT_EXPECT_EQ(test, l->sm->finished_updates, REWIRE_MAX_FINISHED);
	mutex_unlock(&l->sm->journal.lock);
	atomic_set(&life_find(l, 'b')->files, 0);
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
	struct rewire_update *update = life_find(l, name);
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
	struct rewire_update *update = life_begin(test, 'u');
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
	known = &life_find(l, 's')->known;
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
	life_restart(test, true);
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

	life_restart(test, false);
	record_up_to(test, 'u', REWIRE_UPDATE_SWITCHED);
	KUNIT_ASSERT_EQ(test, receipt(test, 'u', &got), 0);
	KUNIT_EXPECT_EQ(test, got.sequence, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(got.head, 0, sizeof(got.head)));
	KUNIT_EXPECT_EQ(test, got.epoch, EPOCH + 1);
}

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
