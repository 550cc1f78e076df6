// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal in two files that live in memory: what is written is found again,
 * and what was changed is found out.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "../../kmod/journal.h"
#include "util.h"

#define SM		"SM of the test.."
#define MAX_BYTES	4096
#define MAX_SEEN	32

/* bytes of records, as the format has it: header, payload, MAC */
#define BYTES(payload)	(72 + ALIGN(sizeof(payload), 8) + 32)
#define OPEN_BYTES	BYTES(struct rewire_journal_open)
#define BASE_BYTES	BYTES(struct rewire_journal_base)
#define GEN_BYTES	BYTES(struct rewire_journal_generation)
#define WORK_BYTES	BYTES(struct rewire_journal_workload)

/* a TPM that forgets to count when @down, and cannot be wound back */
struct fake {
	struct rewire_counter counter;
	u64 stored;
	bool down;
};

/* a journal with its files and keys, and what the last replay saw */
struct bench {
	struct rewire_journal journal;
	struct rewire_roots roots;
	struct file *file[2];
	struct fake fake;
	struct rewire_counter *counter;
	u8 saved[2][MAX_BYTES];
	loff_t length[2];
	u16 seen[MAX_SEEN];
	u64 epochs[MAX_SEEN];
	u32 count;
	struct rewire_why why;
};

static struct file *bench_file(struct kunit *test)
{
	struct file *file = shmem_file_setup("rewire-journal", 0, VM_NORESERVE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	return file;
}

static void bench_root(struct kunit *test, struct bench *b, u32 generation,
		       u8 seed)
{
	key_put(b->roots.key[generation]);
	b->roots.key[generation] =
		test_key(test, "logon", "rewire:test",
			 test_ramp(test, REWIRE_KEY_SIZE, seed),
			 REWIRE_KEY_SIZE);
	b->roots.newest = max(b->roots.newest, generation);
}

static int journal_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	test->priv = b;
	rewire_journal_setup(&b->journal);
	b->file[0] = bench_file(test);
	b->file[1] = bench_file(test);
	bench_root(test, b, 1, 1);
	return 0;
}

static void journal_shut(struct bench *b)
{
	mutex_lock(&b->journal.lock);
	rewire_journal_close(&b->journal);
	mutex_unlock(&b->journal.lock);
}

static void journal_exit(struct kunit *test)
{
	struct bench *b = test->priv;
	u32 i;

	if (!b)
		return;
	journal_shut(b);
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(b->file[i]))
			fput(b->file[i]);
	for (i = 1; i <= REWIRE_MAX_GENERATIONS; i++)
		key_put(b->roots.key[i]);
}

static int see(void *data, const struct rewire_journal_record *record,
	       const void *payload, struct rewire_why *why)
{
	const struct rewire_journal_workload *workload = payload;
	struct bench *b = data;

	if (b->count == MAX_SEEN)
		return -E2BIG;
	b->seen[b->count] = record->type;
	if (record->type == REWIRE_JOURNAL_WORKLOAD)
		b->epochs[b->count] = workload->epoch;
	b->count++;
	return 0;
}

static int open_as(struct bench *b, const char *sm)
{
	int ret;

	b->count = 0;
	b->why.text[0] = '\0';
	mutex_lock(&b->journal.lock);
	ret = rewire_journal_open(&b->journal, b->file, &b->roots,
				  (const u8 *)sm, b->counter, see, b, &b->why);
	mutex_unlock(&b->journal.lock);
	return ret;
}

static int reopen(struct bench *b)
{
	journal_shut(b);
	return open_as(b, SM);
}

static int put_workload(struct rewire_journal *journal, u64 epoch)
{
	struct rewire_journal_workload workload = {
		.workload = "workload",
		.epoch = epoch,
		.place = REWIRE_PLACE_HERE,
	};

	return rewire_journal_append(journal, REWIRE_JOURNAL_WORKLOAD,
				     &workload, sizeof(workload), NULL);
}

static int append(struct bench *b, u64 epoch)
{
	int ret;

	mutex_lock(&b->journal.lock);
	ret = put_workload(&b->journal, epoch);
	mutex_unlock(&b->journal.lock);
	return ret;
}

static void note(struct bench *b)
{
	struct rewire_journal_audit audit = { .type = 4, .error = 1 };

	mutex_lock(&b->journal.lock);
	rewire_journal_note(&b->journal, REWIRE_JOURNAL_AUDIT, &audit,
			    sizeof(audit));
	mutex_unlock(&b->journal.lock);
}

/* begun, with the epochs 1 .. @count of a workload */
static void begin(struct kunit *test, u64 count)
{
	struct bench *b = test->priv;
	u64 i;

	KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), 0, "%s", b->why.text);
	for (i = 1; i <= count; i++)
		KUNIT_ASSERT_EQ(test, append(b, i), 0);
}

/* keep what the files hold; and have them hold it again, up to @length */
static void save(struct kunit *test, u32 i)
{
	struct bench *b = test->priv;
	loff_t at = 0;

	b->length[i] = i_size_read(file_inode(b->file[i]));
	KUNIT_ASSERT_LE(test, b->length[i], (loff_t)MAX_BYTES);
	KUNIT_ASSERT_EQ(test, kernel_read(b->file[i], b->saved[i],
					  b->length[i], &at),
			(ssize_t)b->length[i]);
}

static void restore(struct kunit *test, u32 i, loff_t length)
{
	struct bench *b = test->priv;
	loff_t at = 0;

	journal_shut(b);
	fput(b->file[i]);
	b->file[i] = bench_file(test);
	KUNIT_ASSERT_EQ(test, kernel_write(b->file[i], b->saved[i], length,
					   &at), (ssize_t)length);
}

static void flip(struct kunit *test, u32 i, loff_t at)
{
	struct bench *b = test->priv;

	b->saved[i][at] ^= 1;
	restore(test, i, b->length[i]);
	b->saved[i][at] ^= 1;
}

/* two workloads stand for all that is known */
static int snapshot(void *data, struct rewire_journal *journal,
		    struct rewire_why *why)
{
	u64 *epoch = data;

	return put_workload(journal, *epoch) ?:
	       put_workload(journal, *epoch + 1);
}

static int compact(struct bench *b, u64 epoch, u64 records)
{
	int ret;

	mutex_lock(&b->journal.lock);
	ret = rewire_journal_compact(&b->journal, records, snapshot, &epoch,
				     &b->why);
	mutex_unlock(&b->journal.lock);
	return ret;
}

static void expect_seen(struct kunit *test, const u16 *types, u32 count)
{
	struct bench *b = test->priv;
	u32 i;

	KUNIT_ASSERT_EQ(test, b->count, count);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, b->seen[i], types[i], "record %u", i);
}

static void open_replays_in_order(struct kunit *test)
{
	static const u16 types[] = {
		REWIRE_JOURNAL_OPEN, REWIRE_JOURNAL_GENERATION,
		REWIRE_JOURNAL_WORKLOAD, REWIRE_JOURNAL_AUDIT,
		REWIRE_JOURNAL_AUDIT, REWIRE_JOURNAL_WORKLOAD,
	};
	struct bench *b = test->priv;
	struct rewire_chain chain;
	u8 id[REWIRE_ID_SIZE];

	begin(test, 1);
	KUNIT_EXPECT_EQ(test, b->count, 0);
	note(b);
	note(b);
	KUNIT_EXPECT_EQ(test, append(b, 7), 0);
	chain = b->journal.chain;
	memcpy(id, b->journal.id, sizeof(id));
	KUNIT_EXPECT_EQ(test, chain.sequence, 6);

	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	expect_seen(test, types, ARRAY_SIZE(types));
	KUNIT_EXPECT_EQ(test, b->epochs[5], 7);
	KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, chain.sequence);
	KUNIT_EXPECT_EQ(test, b->journal.chain.end, chain.end);
	KUNIT_EXPECT_MEMEQ(test, b->journal.chain.head, chain.head,
			   sizeof(chain.head));
	KUNIT_EXPECT_MEMEQ(test, b->journal.id, id, sizeof(id));
	KUNIT_EXPECT_EQ(test, b->journal.cut, 0);
}

static void open_without_files_remembers_nothing(struct kunit *test)
{
	struct file *none[2] = {};
	struct bench *b = test->priv;
	int ret;

	mutex_lock(&b->journal.lock);
	ret = rewire_journal_open(&b->journal, none, &b->roots, (u8 *)SM, NULL,
				  see, b, NULL);
	mutex_unlock(&b->journal.lock);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_FALSE(test, rewire_journal_durable(&b->journal));
	KUNIT_EXPECT_EQ(test, append(b, 1), 0);
	note(b);
	KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, 0);
	KUNIT_EXPECT_EQ(test, compact(b, 1, 2), -EOPNOTSUPP);
}

static void open_odd_files_are_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_journal other;
	struct file *second = b->file[1];
	int ret;

	b->file[1] = b->file[0];
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EINVAL);
	b->file[1] = NULL;
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EINVAL);
	b->file[1] = second;
	second->f_flags |= O_APPEND;
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EINVAL);
	second->f_flags &= ~O_APPEND;
	begin(test, 1);

	rewire_journal_setup(&other);
	mutex_lock(&other.lock);
	ret = rewire_journal_open(&other, b->file, &b->roots, (u8 *)SM, NULL,
				  see, b, NULL);
	mutex_unlock(&other.lock);
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
}

/* In the last record it is a torn end, which is cut; before it, damage. */
static void byte_changed_is_found_out(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t at, last;
	u64 sequence;
	int ret;

	begin(test, 2);
	sequence = b->journal.chain.sequence;
	last = b->journal.chain.end - WORK_BYTES;
	save(test, 0);
	for (at = 0; at < b->length[0]; at++) {
		flip(test, 0, at);
		ret = open_as(b, SM);
		KUNIT_ASSERT_EQ_MSG(test, ret, at < last ? -EUCLEAN : 0,
				    "byte %lld: %s", at, b->why.text);
		if (at < last)
			continue;
		KUNIT_EXPECT_EQ(test, b->journal.cut, (u64)WORK_BYTES);
		KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, sequence - 1);
	}
	restore(test, 0, b->length[0]);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), 0);
	KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, sequence);
}

static u64 whole_records(loff_t length, loff_t *used)
{
	static const loff_t bytes[] = {
		OPEN_BYTES, GEN_BYTES, WORK_BYTES, WORK_BYTES,
	};
	u64 i;

	*used = 0;
	for (i = 0; i < ARRAY_SIZE(bytes) && *used + bytes[i] <= length; i++)
		*used += bytes[i];
	return i;
}

static void end_torn_anywhere_is_cut(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t length, used;
	u64 whole;

	begin(test, 2);
	save(test, 0);
	for (length = 0; length < b->length[0]; length++) {
		whole = whole_records(length, &used);
		restore(test, 0, length);
		KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), 0, "%lld bytes: %s",
				    length, b->why.text);
		KUNIT_EXPECT_EQ(test, b->count, whole);
		KUNIT_EXPECT_EQ(test, b->journal.cut, (u64)(length - used));
		if (whole)
			KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, whole);
		/* and what comes next is found again */
		KUNIT_EXPECT_EQ(test, append(b, 9), 0);
		KUNIT_ASSERT_EQ(test, reopen(b), 0);
		KUNIT_EXPECT_EQ(test, b->epochs[b->count - 1], 9);
	}
}

/* Right records in a wrong place are damage, at the very end as well. */
static void record_left_out_is_found_out(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t last;

	begin(test, 3);
	save(test, 0);
	last = b->length[0] - WORK_BYTES;
	memcpy(b->saved[0] + last - WORK_BYTES, b->saved[0] + last, WORK_BYTES);
	restore(test, 0, last);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
}

/* A torn record may have whole ones in its payload; those are older. */
static void record_within_torn_one_is_no_record(struct kunit *test)
{
	struct bench *b = test->priv;
	int ret;

	begin(test, 1);
	save(test, 0);
	mutex_lock(&b->journal.lock);
	ret = rewire_journal_append(&b->journal, REWIRE_JOURNAL_TRUST,
				    b->saved[0], b->length[0], NULL);
	mutex_unlock(&b->journal.lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	save(test, 0);
	flip(test, 0, b->length[0] - 1);
	KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, 3);
}

static void file_of_something_else_is_refused(struct kunit *test)
{
	struct bench *b = test->priv;

	memcpy(b->saved[0], "dear diary", 10);
	restore(test, 0, 10);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
	restore(test, 0, MAX_BYTES);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
}

static void journal_of_another_sm_is_refused(struct kunit *test)
{
	struct bench *b = test->priv;

	begin(test, 2);
	journal_shut(b);
	KUNIT_EXPECT_EQ(test, open_as(b, "another SM......"), -EUCLEAN);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b->why.text, "another SM"));
}

static void root_wrong_is_told_from_damage(struct kunit *test)
{
	struct bench *b = test->priv;

	begin(test, 2);
	journal_shut(b);
	bench_root(test, b, 1, 99);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -ENOKEY);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b->why.text, "root key 1"));
	/* and nothing was lost by the attempt */
	bench_root(test, b, 1, 1);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), 0);
	KUNIT_EXPECT_EQ(test, b->count, 4);
}

static int rotate(struct kunit *test, u32 generation, u8 seed)
{
	struct bench *b = test->priv;
	struct key *root = test_key(test, "logon", "rewire:test",
				    test_ramp(test, REWIRE_KEY_SIZE, seed),
				    REWIRE_KEY_SIZE);
	int ret;

	mutex_lock(&b->journal.lock);
	ret = rewire_journal_rotate(&b->journal, generation, root, NULL);
	mutex_unlock(&b->journal.lock);
	key_put(root);
	if (!ret)
		bench_root(test, b, generation, seed);
	return ret;
}

static void root_rotated_authenticates_what_follows(struct kunit *test)
{
	struct bench *b = test->priv;

	begin(test, 1);
	KUNIT_ASSERT_EQ(test, rotate(test, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, rotate(test, 2, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, append(b, 2), 0);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->count, 5);
	KUNIT_EXPECT_EQ(test, b->journal.chain.generation, 2);

	/* the second is another, then not given */
	journal_shut(b);
	bench_root(test, b, 2, 77);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -ENOKEY);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b->why.text, "root key 2"));
	b->roots.newest = 1;
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -ENOKEY);
	bench_root(test, b, 2, 2);
	KUNIT_ASSERT_EQ(test, open_as(b, SM), 0);

	/* the first is needed until nothing that it authenticated is left */
	journal_shut(b);
	key_put(b->roots.key[1]);
	b->roots.key[1] = NULL;
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -ENOKEY);
	bench_root(test, b, 1, 1);
	KUNIT_ASSERT_EQ(test, open_as(b, SM), 0);
	KUNIT_ASSERT_EQ(test, compact(b, 5, 2), 0);
	journal_shut(b);
	key_put(b->roots.key[1]);
	b->roots.key[1] = NULL;
	KUNIT_EXPECT_EQ_MSG(test, open_as(b, SM), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.active, 1);
}

static void root_added_while_down_is_taken(struct kunit *test)
{
	struct bench *b = test->priv;

	begin(test, 1);
	bench_root(test, b, 2, 2);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->journal.chain.generation, 2);
	KUNIT_EXPECT_EQ(test, append(b, 2), 0);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->count, 5);
}

static void compaction_goes_on_in_the_other_file(struct kunit *test)
{
	static const u16 types[] = {
		REWIRE_JOURNAL_BASE, REWIRE_JOURNAL_GENERATION,
		REWIRE_JOURNAL_WORKLOAD, REWIRE_JOURNAL_WORKLOAD,
		REWIRE_JOURNAL_WORKLOAD,
	};
	struct bench *b = test->priv;
	struct rewire_chain chain;

	begin(test, 5);
	chain = b->journal.chain;
	KUNIT_ASSERT_EQ_MSG(test, compact(b, 50, 2), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, append(b, 60), 0);
	KUNIT_EXPECT_EQ(test, b->journal.chain.sequence, chain.sequence + 5);
	KUNIT_ASSERT_EQ_MSG(test, reopen(b), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.active, 1);
	KUNIT_EXPECT_EQ(test, b->journal.chain.base, chain.sequence);
	expect_seen(test, types, ARRAY_SIZE(types));
	KUNIT_EXPECT_EQ(test, b->epochs[2], 50);
	KUNIT_EXPECT_EQ(test, b->epochs[4], 60);
	/* and back again, over the older file */
	KUNIT_ASSERT_EQ(test, compact(b, 70, 2), 0);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->journal.active, 0);
	KUNIT_EXPECT_EQ(test, b->epochs[3], 71);
}

static void compaction_failed_changes_nothing(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_chain chain;

	begin(test, 2);
	chain = b->journal.chain;
	KUNIT_EXPECT_EQ(test, compact(b, 50, 3), -EINVAL);
	KUNIT_EXPECT_MEMEQ(test, &b->journal.chain, &chain, sizeof(chain));
	KUNIT_EXPECT_EQ(test, append(b, 3), 0);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->journal.active, 0);
	KUNIT_EXPECT_EQ(test, b->epochs[4], 3);
}

/* Cut anywhere, or without its BASE: the file that was compacted counts. */
static void compaction_interrupted_does_not_count(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t length;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	save(test, 1);
	for (length = 0; length < b->length[1]; length += 8) {
		restore(test, 1, length);
		KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), 0, "%lld bytes: %s",
				    length, b->why.text);
		KUNIT_EXPECT_EQ(test, b->journal.active, 0);
		KUNIT_EXPECT_EQ(test, b->epochs[b->count - 1], 2);
	}
	memset(b->saved[1], 0, BASE_BYTES);
	restore(test, 1, b->length[1]);
	KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.active, 0);

	/* with what was compacted gone, nothing is left to go back to */
	restore(test, 0, 0);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
}

/* Damage in the file that goes further is no way back to the older one. */
static void compaction_damaged_is_no_way_back(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t at;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	KUNIT_ASSERT_EQ(test, append(b, 60), 0);
	save(test, 1);
	for (at = 0; at < b->length[1] - WORK_BYTES; at += 5) {
		flip(test, 1, at);
		KUNIT_ASSERT_EQ_MSG(test, open_as(b, SM), -EUCLEAN,
				    "byte %lld", at);
	}
}

static void older_file_may_be_damaged(struct kunit *test)
{
	struct bench *b = test->priv;

	begin(test, 2);
	save(test, 0);
	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	flip(test, 0, OPEN_BYTES + 80);
	KUNIT_EXPECT_EQ_MSG(test, open_as(b, SM), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.active, 1);
}

static void files_of_two_journals_are_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	struct file *first;

	begin(test, 2);
	journal_shut(b);
	first = b->file[0];
	b->file[0] = bench_file(test);
	begin(test, 5);
	journal_shut(b);
	fput(b->file[1]);
	b->file[1] = first;
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
}

static int had(struct bench *b, u64 sequence, const u8 *head)
{
	int ret;

	mutex_lock(&b->journal.lock);
	ret = rewire_journal_had(&b->journal, sequence, head, NULL);
	mutex_unlock(&b->journal.lock);
	return ret;
}

static void had_knows_its_heads_only(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_chain early, late;
	u8 other[REWIRE_DIGEST_SIZE] = { 1 };

	begin(test, 1);
	early = b->journal.chain;
	KUNIT_ASSERT_EQ(test, append(b, 2), 0);
	KUNIT_ASSERT_EQ(test, append(b, 3), 0);
	late = b->journal.chain;
	KUNIT_EXPECT_EQ(test, had(b, early.sequence, early.head), 1);
	KUNIT_EXPECT_EQ(test, had(b, late.sequence, late.head), 1);
	KUNIT_EXPECT_EQ(test, had(b, late.sequence, early.head), 0);
	KUNIT_EXPECT_EQ(test, had(b, early.sequence, other), 0);
	KUNIT_EXPECT_EQ(test, had(b, late.sequence + 1, late.head), 0);

	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	KUNIT_EXPECT_EQ(test, had(b, late.sequence, late.head), 1);
	KUNIT_EXPECT_EQ(test, had(b, late.sequence, other), 0);
	KUNIT_EXPECT_EQ(test, had(b, early.sequence, early.head), -ESTALE);
}

/* What a witness once vouched for stays known when it was compacted away. */
static void had_remembers_the_last_witness(struct kunit *test)
{
	struct rewire_witness witness = {};
	struct bench *b = test->priv;
	int ret;

	begin(test, 2);
	witness.sequence = b->journal.chain.sequence;
	memcpy(witness.head, b->journal.chain.head, sizeof(witness.head));
	mutex_lock(&b->journal.lock);
	ret = rewire_journal_append(&b->journal, REWIRE_JOURNAL_WITNESS,
				    &witness, sizeof(witness), NULL);
	mutex_unlock(&b->journal.lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, append(b, 3), 0);
	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	KUNIT_ASSERT_EQ(test, reopen(b), 0);
	KUNIT_EXPECT_EQ(test, b->journal.active, 1);
	KUNIT_EXPECT_EQ(test, had(b, witness.sequence, witness.head), 1);
	witness.head[0] ^= 1;
	KUNIT_EXPECT_EQ(test, had(b, witness.sequence, witness.head), 0);
}

static int fake_increment(struct rewire_counter *counter,
			  struct rewire_why *why)
{
	struct fake *fake = container_of(counter, struct fake, counter);

	if (fake->down)
		return -EIO;
	counter->value = ++fake->stored;
	counter->fresh = false;
	return 0;
}

static void fake_release(struct rewire_counter *counter)
{
}

/* the machine starts, and the TPM has what it had */
static void fake_start(struct bench *b)
{
	struct fake *fake = &b->fake;

	fake->counter.value = fake->stored;
	fake->counter.increment = fake_increment;
	fake->counter.release = fake_release;
	fake->down = false;
	b->counter = &fake->counter;
}

static void counter_finds_an_old_journal(struct kunit *test)
{
	struct bench *b = test->priv;
	u64 count;

	b->fake.stored = 40;
	b->fake.counter.fresh = true;
	fake_start(b);
	begin(test, 2);
	save(test, 0);
	KUNIT_EXPECT_EQ(test, b->fake.stored, 40 + 1 + 1 + 2);
	fake_start(b);
	KUNIT_EXPECT_EQ(test, reopen(b), 0);

	/* the machine goes down between record and counter, once */
	b->fake.down = true;
	KUNIT_EXPECT_EQ(test, append(b, 3), -EIO);
	KUNIT_EXPECT_EQ(test, append(b, 4), -EIO);
	fake_start(b);
	KUNIT_EXPECT_EQ_MSG(test, reopen(b), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->epochs[b->count - 1], 3);
	count = b->fake.stored;

	/* yesterday's file */
	restore(test, 0, b->length[0]);
	fake_start(b);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
	KUNIT_EXPECT_EQ(test, b->fake.stored, count);
	/* none at all */
	restore(test, 0, 0);
	fake_start(b);
	KUNIT_EXPECT_EQ(test, open_as(b, SM), -EUCLEAN);
}

static void counter_goes_along_with_compaction(struct kunit *test)
{
	struct bench *b = test->priv;

	b->fake.counter.fresh = true;
	fake_start(b);
	begin(test, 2);
	KUNIT_ASSERT_EQ(test, compact(b, 50, 2), 0);
	fake_start(b);
	KUNIT_ASSERT_EQ_MSG(test, reopen(b), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal.active, 1);
	KUNIT_EXPECT_EQ(test, append(b, 60), 0);
	fake_start(b);
	KUNIT_EXPECT_EQ(test, reopen(b), 0);
}

static void room_is_had_in_advance(struct kunit *test)
{
	struct bench *b = test->priv;
	loff_t size;
	int ret;

	begin(test, 1);
	size = i_size_read(file_inode(b->file[0]));
	mutex_lock(&b->journal.lock);
	ret = rewire_journal_room(&b->journal, NULL);
	mutex_unlock(&b->journal.lock);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, i_size_read(file_inode(b->file[0])), size);
	KUNIT_EXPECT_GE(test, b->journal.reserved, size + 65536);
}

static struct kunit_case journal_cases[] = {
	KUNIT_CASE(open_replays_in_order),
	KUNIT_CASE(open_without_files_remembers_nothing),
	KUNIT_CASE(open_odd_files_are_refused),
	KUNIT_CASE_SLOW(byte_changed_is_found_out),
	KUNIT_CASE_SLOW(end_torn_anywhere_is_cut),
	KUNIT_CASE(record_left_out_is_found_out),
	KUNIT_CASE(record_within_torn_one_is_no_record),
	KUNIT_CASE(file_of_something_else_is_refused),
	KUNIT_CASE(journal_of_another_sm_is_refused),
	KUNIT_CASE(root_wrong_is_told_from_damage),
	KUNIT_CASE(root_rotated_authenticates_what_follows),
	KUNIT_CASE(root_added_while_down_is_taken),
	KUNIT_CASE(compaction_goes_on_in_the_other_file),
	KUNIT_CASE(compaction_failed_changes_nothing),
	KUNIT_CASE(compaction_interrupted_does_not_count),
	KUNIT_CASE(compaction_damaged_is_no_way_back),
	KUNIT_CASE(older_file_may_be_damaged),
	KUNIT_CASE(files_of_two_journals_are_refused),
	KUNIT_CASE(had_knows_its_heads_only),
	KUNIT_CASE(had_remembers_the_last_witness),
	KUNIT_CASE(counter_finds_an_old_journal),
	KUNIT_CASE(counter_goes_along_with_compaction),
	KUNIT_CASE(room_is_had_in_advance),
	{}
};

static struct kunit_suite journal_suite = {
	.name = "rewire_journal",
	.init = journal_init,
	.exit = journal_exit,
	.test_cases = journal_cases,
};

kunit_test_suite(journal_suite);
