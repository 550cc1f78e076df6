// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output commit: what rests on an addition to a counter leaves when that is in the
 * journal, and not before. The journal is in memory, on a disk that can be full.
 * The test is caller and enclave in one.
 */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../../kmod/handover.h"
#include "../../kmod/provision.h"
#include "../../kmod/stream.h"
#include "util.h"
#include "world.h"

#define BUFFER		(WORLD_BASE + WORLD_DATA * PAGE_SIZE)
#define FULL		(-EPERM)	/* what a file that must not grow gives */
#define PATIENCE_MS	60000

struct desk {
	struct rewire_sm *sm;
	struct rewire_enclave *enclave;
	struct file *file[2];
	struct rewire_why why;
	unsigned long input, output;	/* user memory, a page each */
	u64 last;			/* counter of the workload in the journal */
};

static int see(void *data, const struct rewire_journal_record *record,
	       const void *payload, struct rewire_why *why)
{
	const struct rewire_journal_workload *known = payload;
	struct desk *d = data;

	if (record->type == REWIRE_JOURNAL_WORKLOAD)
		d->last = known->counter[0];
	return 0;
}

static int open_journal(struct desk *d, struct rewire_sm *sm)
{
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_journal_open(&sm->journal, d->file, &sm->roots,
				  sm->attest.id, NULL, see, d, &d->why) ?:
	      rewire_witness_start(&sm->freshness,
				   REWIRE_PROVISION_UNWITNESSED, &d->why);
	mutex_unlock(&sm->journal.lock);
	return ret;
}

static int output_init(struct kunit *test)
{
	struct desk *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, d);
	test->priv = d;
	for (i = 0; i < 2; i++) {
		d->file[i] = shmem_file_setup("rewire-journal", 0,
					      VM_NORESERVE);
		KUNIT_ASSERT_FALSE(test, IS_ERR(d->file[i]));
	}
	d->sm = world_sm(test, 'a', false);
	KUNIT_ASSERT_EQ_MSG(test, open_journal(d, d->sm), 0, "%s", d->why.text);
	d->enclave = world_enclave(test, d->sm);
	d->enclave->state = REWIRE_ENCLAVE_RUNNING;
	d->input = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
				 PROT_READ | PROT_WRITE,
				 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, d->input, 0);
	d->output = d->input + PAGE_SIZE;
	return 0;
}

static void go_down(struct desk *d)
{
	world_enclave_free(d->enclave);
	d->enclave = NULL;
	world_sm_free(d->sm);
	d->sm = NULL;
}

static void output_exit(struct kunit *test)
{
	struct desk *d = test->priv;
	u32 i;

	if (!d)
		return;
	go_down(d);
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(d->file[i]))
			fput(d->file[i]);
}

/* the disk of the journal's file in use */
static void disk(struct desk *d, bool full)
{
	struct inode *inode = file_inode(d->file[d->sm->journal.active]);

	inode_lock(inode);
	if (full)
		SHMEM_I(inode)->seals |= F_SEAL_GROW;
	else
		SHMEM_I(inode)->seals &= ~F_SEAL_GROW;
	inode_unlock(inode);
}

static s64 counter(struct desk *d, u64 how, u64 *value)
{
	struct rewire_gate gate = { .op = REWIRE_GATE_COUNTER,
				    .arg = { 0, how } };
	s64 ret = rewire_gate_do(d->enclave, 0, &gate);

	*value = gate.arg[2];
	return ret;
}

static int settle(struct desk *d)
{
	return rewire_output_settle(d->sm, &d->why);
}

static int ask_for(struct desk *d, u8 client, u64 sequence, u32 room,
		   u32 timeout_ms)
{
	struct rewire_call call = {
		.size = sizeof(call), .client = { client },
		.sequence = sequence, .input = d->input,
		.output = d->output, .output_length = room,
		.timeout_ms = timeout_ms,
	};

	memset(&d->why, 0, sizeof(d->why));
	return rewire_call(d->enclave, &call, &d->why);
}

static int ask(struct desk *d, u8 client, u64 sequence)
{
	return ask_for(d, client, sequence, PAGE_SIZE, 1);
}

/* the enclave answers its next call */
static void answer(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 handle;

	KUNIT_ASSERT_EQ(test, rewire_calls_receive(d->enclave, BUFFER,
						   PAGE_SIZE, &handle), 0);
	KUNIT_ASSERT_EQ(test, rewire_memory_write(d->enclave, BUFFER, "answer",
						  6), 0);
	KUNIT_ASSERT_EQ(test, rewire_calls_reply(d->enclave, handle, BUFFER, 6,
						 0), 0);
}

/* an addition that cannot be written down, which is known */
static void add_in_vain(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 value;

	disk(d, true);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD_HELD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1ULL);
	KUNIT_ASSERT_EQ(test, settle(d), FULL);
}

static void answer_waits_for_the_disk(struct kunit *test)
{
	struct desk *d = test->priv;

	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	add_in_vain(test);
	answer(test);
	answer(test);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(d->enclave), 0);
	/* neither the answer nor its length, nor that there is one */
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask_for(d, 1, 1, 0, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 2), -EBUSY);
	disk(d, false);
	KUNIT_ASSERT_EQ(test, settle(d), 0);
	KUNIT_EXPECT_EQ(test, ask_for(d, 1, 1, 0, 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), 0);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 2), -ETIMEDOUT);
}

/* ... by itself, when nobody sees to it; and what was answered before does not. */
static void work_keeps_the_promise(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	answer(test);
	disk(d, true);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD_HELD, &value), 0);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	disk(d, false);
	KUNIT_EXPECT_EQ(test, ask_for(d, 2, 1, PAGE_SIZE, PATIENCE_MS), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&d->sm->owed));
}

/* Added ahead, it is nobody's business until the enclave says so. */
static void answer_waits_from_the_hold_on(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	disk(d, true);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD_AHEAD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1ULL);
	KUNIT_EXPECT_EQ(test, settle(d), FULL);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), 0);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_HOLD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1ULL);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	disk(d, false);
	KUNIT_ASSERT_EQ(test, settle(d), 0);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), 0);
	/* it is there: nobody waits, whatever the disk */
	disk(d, true);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_HOLD, &value), 0);
	KUNIT_ASSERT_EQ(test, ask(d, 1, 2), -ETIMEDOUT);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 2), 0);
}

static void addition_without_room_is_refused(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 value;

	add_in_vain(test);
	KUNIT_EXPECT_EQ(test, counter(d, REWIRE_COUNTER_ADD_HELD, &value), FULL);
	KUNIT_EXPECT_EQ(test, counter(d, REWIRE_COUNTER_ADD, &value), FULL);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 1ULL);
	/* or the next try of the promise may see the room first */
	cancel_delayed_work_sync(&d->sm->output.work);
	disk(d, false);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD_HELD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 2ULL);
	/* that one waited for the disk, and took the other one along */
	KUNIT_EXPECT_TRUE(test, list_empty(&d->sm->owed));
}

/* Nobody knows what is on the disk: the answer must not leave, ever. */
static void answer_is_lost_with_the_journal(struct kunit *test)
{
	struct desk *d = test->priv;

	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, ask(d, 2, 1), -ETIMEDOUT);
	add_in_vain(test);
	answer(test);
	mutex_lock(&d->sm->journal.lock);
	d->sm->journal.error = -EIO;
	mutex_unlock(&d->sm->journal.lock);
	disk(d, false);
	KUNIT_EXPECT_EQ(test, settle(d), -EIO);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), -EIO);
	KUNIT_EXPECT_NE(test, d->why.text[0], 0);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 2, 1), -EIO);
	KUNIT_EXPECT_EQ(test, settle(d), -EIO);
}

/* The machine goes down: what the journal has is from before the addition. */
static void addition_goes_with_its_answer(struct kunit *test)
{
	struct desk *d = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD, &value), 0);
	disk(d, true);
	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	KUNIT_ASSERT_EQ(test, counter(d, REWIRE_COUNTER_ADD_HELD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 2ULL);
	answer(test);
	KUNIT_EXPECT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	go_down(d);
	SHMEM_I(file_inode(d->file[0]))->seals &= ~F_SEAL_GROW;
	d->sm = world_sm(test, 'a', false);
	KUNIT_ASSERT_EQ_MSG(test, open_journal(d, d->sm), 0, "%s", d->why.text);
	KUNIT_EXPECT_EQ(test, d->last, 1ULL);
}

static int read_to_the_end(struct kunit *test, size_t *len)
{
	struct desk *d = test->priv;
	const struct rewire_stream_key key = { .roots = &d->sm->roots };
	u8 *bytes = kunit_kzalloc(test, SZ_64K, GFP_KERNEL);
	struct rewire_writer *writer;
	ssize_t got = 1;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	d->enclave->state = REWIRE_ENCLAVE_PAUSED;
	mutex_lock(&d->enclave->lock);
	writer = rewire_writer_create(d->enclave, REWIRE_STREAM_SEALED, NULL,
				      &key, NULL);
	mutex_unlock(&d->enclave->lock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, writer);
	for (*len = 0; got > 0; *len += max(got, 0))
		got = world_read(writer, bytes + *len, SZ_64K - *len);
	rewire_writer_free(writer);
	return got;
}

static void stream_ends_with_the_disk_only(struct kunit *test)
{
	struct desk *d = test->priv;
	size_t part, whole;

	add_in_vain(test);
	KUNIT_EXPECT_EQ(test, read_to_the_end(test, &part), FULL);
	disk(d, false);
	KUNIT_EXPECT_EQ(test, read_to_the_end(test, &whole), 0);
	KUNIT_EXPECT_EQ(test, whole - part,
			sizeof(struct rewire_record) +
			sizeof(struct rewire_end) + REWIRE_TAG_SIZE);
	KUNIT_EXPECT_TRUE(test, list_empty(&d->sm->owed));
}

static void errand(struct kunit *test, struct rewire_handover *handover)
{
	struct desk *d = test->priv;
	struct rewire_gate gate = { .op = REWIRE_GATE_RECV,
				    .arg = { BUFFER, PAGE_SIZE } };

	rewire_errand_send(handover, d->enclave, REWIRE_RECV_HEALTH);
	KUNIT_ASSERT_EQ(test, rewire_gate_do(d->enclave, 0, &gate), 0);
	KUNIT_ASSERT_EQ(test, gate.arg[2], REWIRE_ERRAND_HANDLE);
	gate.op = REWIRE_GATE_REPLY;
	gate.arg[5] = 0;
	KUNIT_ASSERT_EQ(test, rewire_gate_do(d->enclave, 0, &gate), 0);
}

static void errand_is_answered_with_the_disk_only(struct kunit *test)
{
	struct desk *d = test->priv;
	struct rewire_handover *handover = rewire_handover_create(d->sm);

	KUNIT_ASSERT_NOT_NULL(test, handover);
	d->enclave->handover = handover;
	add_in_vain(test);
	errand(test, handover);
	KUNIT_EXPECT_EQ(test, handover->errand[REWIRE_HANDOVER_OLD].status,
			FULL);
	disk(d, false);
	errand(test, handover);
	KUNIT_EXPECT_EQ(test, handover->errand[REWIRE_HANDOVER_OLD].status, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&d->sm->owed));
	d->enclave->handover = NULL;
	rewire_handover_put(handover);
}

/* It writes all that is known, and may be what makes room. */
static void compaction_keeps_the_promise(struct kunit *test)
{
	struct desk *d = test->priv;

	KUNIT_ASSERT_EQ(test, ask(d, 1, 1), -ETIMEDOUT);
	add_in_vain(test);
	answer(test);
	KUNIT_ASSERT_EQ_MSG(test, rewire_sm_compact(d->sm, &d->why), 0, "%s",
			    d->why.text);
	KUNIT_EXPECT_TRUE(test, list_empty(&d->sm->owed));
	KUNIT_EXPECT_EQ(test, ask_for(d, 1, 1, PAGE_SIZE, PATIENCE_MS), 0);
}

static struct kunit_case output_cases[] = {
	KUNIT_CASE(answer_waits_for_the_disk),
	KUNIT_CASE_SLOW(work_keeps_the_promise),
	KUNIT_CASE(answer_waits_from_the_hold_on),
	KUNIT_CASE(addition_without_room_is_refused),
	KUNIT_CASE(answer_is_lost_with_the_journal),
	KUNIT_CASE(addition_goes_with_its_answer),
	KUNIT_CASE(stream_ends_with_the_disk_only),
	KUNIT_CASE(errand_is_answered_with_the_disk_only),
	KUNIT_CASE_SLOW(compaction_keeps_the_promise),
	{}
};

static struct kunit_suite output_suite = {
	.name = "rewire_output",
	.init = output_init,
	.exit = output_exit,
	.test_cases = output_cases,
};

kunit_test_suite(output_suite);
