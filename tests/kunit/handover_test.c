// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between two versions: what the SM asks of them, and the ring by which the state
 * goes from one to the other. The test is the SM and both enclaves; where one of
 * them has to wait, a kernel thread is it.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "../../kmod/handover.h"
#include "util.h"
#include "world.h"

#define BUFFER	(WORLD_BASE + WORLD_DATA * PAGE_SIZE)
#define PIECE	(4 * PAGE_SIZE)	/* at BUFFER; divides the ring */
#define ROOM	REWIRE_HANDOVER_ROOM
#define FORMAT	7

/**
 * struct pair - two versions
 * @sm: where
 * @old: PAUSED
 * @new: RUNNING, on trial
 * @handover: both have it
 * @used: memory of the SM before a ring
 * @out: bytes that were exported
 * @in: bytes that were imported
 * @bytes: room for a piece
 */
struct pair {
	struct rewire_sm *sm;
	struct rewire_enclave *old, *new;
	struct rewire_handover *handover;
	u64 used, out, in;
	u8 *bytes;
};

static int pair_init(struct kunit *test)
{
	struct pair *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	test->priv = p;
	p->sm = world_sm(test, 'a', false);
	p->old = world_enclave(test, p->sm);
	p->new = world_version(test, p->sm);
	p->bytes = kunit_kzalloc(test, PIECE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->bytes);
	p->used = atomic64_read(&p->sm->memory_used);
	p->handover = rewire_handover_create(p->sm);
	KUNIT_ASSERT_NOT_NULL(test, p->handover);
	p->old->handover = rewire_handover_get(p->handover);
	p->new->handover = rewire_handover_get(p->handover);
	return 0;
}

static void part(struct rewire_enclave *enclave)
{
	struct rewire_handover *handover;

	if (!enclave)
		return;
	handover = enclave->handover;
	enclave->handover = NULL;
	if (handover)
		rewire_handover_put(handover);
}

static void pair_exit(struct kunit *test)
{
	struct pair *p = test->priv;

	if (!p)
		return;
	part(p->old);
	part(p->new);
	if (p->handover)
		rewire_handover_put(p->handover);
	world_enclave_free(p->new);
	world_enclave_free(p->old);
	if (p->sm)
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&p->sm->memory_used),
				0ULL);
	world_sm_free(p->sm);
}

static u32 kind_of(struct rewire_enclave *enclave)
{
	struct rewire_gate gate = {};

	if (rewire_errand_receive(enclave, &gate) ||
	    gate.arg[2] != REWIRE_ERRAND_HANDLE)
		return 0;
	return gate.arg[3];
}

/* both know what they are to do */
static void begin(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_ASSERT_EQ(test, rewire_handover_open(p->handover, NULL), 0);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_EXPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_EXPORT);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_IMPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->new), REWIRE_RECV_IMPORT);
}

/* the state: a byte of it says where it stands */
static u8 byte_at(u64 at)
{
	return at * 31 + at / 251 + at / ROOM;
}

static s64 export_at(struct pair *p, u64 buffer, u64 length, u64 format)
{
	struct rewire_gate gate = { .arg = { buffer, length, format } };

	return rewire_handover_export(p->old, &gate);
}

static s64 import_at(struct pair *p, u64 buffer, u64 size)
{
	struct rewire_gate gate = { .arg = { buffer, size } };

	return rewire_handover_import(p->new, &gate);
}

/* the next bytes of the state, at most a piece */
static s64 export(struct pair *p, u32 length)
{
	s64 ret;
	u32 i;

	for (i = 0; i < length; i++)
		p->bytes[i] = byte_at(p->out + i);
	if (rewire_memory_write(p->old, BUFFER, p->bytes, length))
		return -EIO;
	ret = export_at(p, BUFFER, length, FORMAT);
	if (ret > 0)
		p->out += ret;
	return ret;
}

static s64 import(struct pair *p, u32 size)
{
	s64 ret = import_at(p, BUFFER, size), i;

	if (ret <= 0)
		return ret;
	if (ret > size || rewire_memory_read(p->new, BUFFER, p->bytes, ret))
		return -EIO;
	for (i = 0; i < ret; i++)
		if (p->bytes[i] != byte_at(p->in + i))
			return -EILSEQ;
	p->in += ret;
	return ret;
}

/* ---- the ring ---- */

/* Pieces of any size, several times around: every byte comes, in order. */
static void ring_keeps_the_order(struct kunit *test)
{
	struct pair *p = test->priv;
	u32 mix = 1, length;
	s64 ret;

	begin(test);
	while (p->out < 4 * ROOM) {
		mix = mix * 1664525 + 1013904223;
		length = 1 + (mix >> 8) % PIECE;
		if (p->handover->length < ROOM) {
			ret = export(p, length);
			KUNIT_ASSERT_GT(test, ret, 0);
			KUNIT_ASSERT_LE(test, ret, (s64)length);
		}
		/* less comes out than goes in: it fills up, and stays full */
		length = 1 + (mix >> 16) % (PIECE / 2);
		ret = import(p, length);
		KUNIT_ASSERT_GT(test, ret, 0);
		KUNIT_ASSERT_EQ(test, p->out - p->in, (u64)p->handover->length);
	}
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->old, 0), 0);
	do {
		ret = import(p, PIECE);
		KUNIT_ASSERT_GE(test, ret, 0);
	} while (ret);
	KUNIT_EXPECT_EQ(test, p->in, p->out);
	KUNIT_EXPECT_EQ(test, p->handover->bytes, p->out);
}

/* What does not fit before the ring's end is taken in two pieces. */
static void ring_takes_what_fits_in_one_piece(struct kunit *test)
{
	struct pair *p = test->priv;
	int i;

	begin(test);
	for (i = 1; i < ROOM / PIECE; i++)
		KUNIT_ASSERT_EQ(test, export(p, PIECE), (s64)PIECE);
	KUNIT_ASSERT_EQ(test, export(p, PIECE - 100), (s64)PIECE - 100);
	for (i = 1; i < ROOM / PIECE; i++)
		KUNIT_ASSERT_EQ(test, import(p, PIECE), (s64)PIECE);
	KUNIT_EXPECT_EQ(test, export(p, 300), 100);
	KUNIT_EXPECT_EQ(test, export(p, 200), 200);
	KUNIT_EXPECT_EQ(test, import(p, PIECE), (s64)PIECE);
	KUNIT_EXPECT_EQ(test, import(p, PIECE), 200);
	KUNIT_EXPECT_EQ(test, p->in, p->out);
}

/* Exactly full, and then exactly empty. */
static void ring_full_has_all_its_bytes(struct kunit *test)
{
	struct pair *p = test->priv;
	int i;

	begin(test);
	for (i = 0; i < ROOM / PIECE; i++)
		KUNIT_ASSERT_EQ(test, export(p, PIECE), (s64)PIECE);
	KUNIT_EXPECT_EQ(test, p->handover->length, ROOM);
	/* a format may be told at any time, and nothing of nothing fits */
	KUNIT_EXPECT_EQ(test, export(p, 0), 0);
	for (i = 0; i < ROOM / PIECE; i++)
		KUNIT_ASSERT_EQ(test, import(p, PIECE), (s64)PIECE);
	KUNIT_EXPECT_EQ(test, p->handover->length, 0);
	KUNIT_EXPECT_EQ(test, import(p, 0), 0);
	KUNIT_EXPECT_EQ(test, export(p, 1), 1);
	KUNIT_EXPECT_EQ(test, import(p, PIECE), 1);
}

/* ---- somebody who waits ---- */

struct waiter {
	struct pair *pair;
	s64 (*act)(struct pair *p, u32 length);
	u32 length;
	s64 result;
	struct completion ready, done;
};

static int waiter_run(void *data)
{
	struct waiter *w = data;

	allow_signal(SIGUSR1);
	complete(&w->ready);
	w->result = w->act(w->pair, w->length);
	complete(&w->done);
	return 0;
}

static struct task_struct *wait_for(struct kunit *test, struct waiter *w,
				    s64 (*act)(struct pair *p, u32 length),
				    u32 length)
{
	struct task_struct *task;

	*w = (struct waiter){ .pair = test->priv, .act = act,
			      .length = length };
	init_completion(&w->ready);
	init_completion(&w->done);
	task = kthread_run(waiter_run, w, "rewire_waiter");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wait_for_completion(&w->ready);
	/* it waits, or it does not, but then it is over */
	while (!waitqueue_active(&w->pair->handover->moved) &&
	       !completion_done(&w->done))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, completion_done(&w->done));
	return task;
}

static void expect_result(struct kunit *test, struct waiter *w,
			  struct task_struct *task, s64 result)
{
	wait_for_completion(&w->done);
	kthread_stop(task);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, w->result, result);
}

static void fill(struct kunit *test)
{
	struct pair *p = test->priv;
	int i;

	for (i = 0; i < ROOM / PIECE; i++)
		KUNIT_ASSERT_EQ(test, export(p, PIECE), (s64)PIECE);
}

static s64 export_one(struct pair *p, u32 length)
{
	return export_at(p, BUFFER, length, FORMAT);
}

static s64 import_one(struct pair *p, u32 length)
{
	return import_at(p, BUFFER, length);
}

static void export_waits_for_room(struct kunit *test)
{
	struct pair *p = test->priv;
	struct waiter w;
	struct task_struct *task;

	begin(test);
	fill(test);
	task = wait_for(test, &w, export_one, 100);
	KUNIT_EXPECT_EQ(test, import(p, 60), 60);
	expect_result(test, &w, task, 60);
	KUNIT_EXPECT_EQ(test, p->handover->length, ROOM);
}

static void import_waits_for_bytes(struct kunit *test)
{
	struct pair *p = test->priv;
	struct waiter w;
	struct task_struct *task;

	begin(test);
	task = wait_for(test, &w, import_one, 100);
	KUNIT_EXPECT_EQ(test, export(p, 60), 60);
	expect_result(test, &w, task, 60);
}

/* The end is told to who waits for more, once what is left was taken. */
static void import_ends_when_the_export_has(struct kunit *test)
{
	struct pair *p = test->priv;
	struct waiter w;
	struct task_struct *task;

	begin(test);
	KUNIT_ASSERT_EQ(test, export(p, 10), 10);
	KUNIT_ASSERT_EQ(test, import(p, PIECE), 10);
	task = wait_for(test, &w, import_one, 100);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->old, 0), 0);
	expect_result(test, &w, task, 0);
}

static void export_closed_leaves_what_was_not_fetched(struct kunit *test)
{
	struct pair *p = test->priv;

	begin(test);
	KUNIT_ASSERT_EQ(test, export(p, 100), 100);
	KUNIT_EXPECT_FALSE(test, p->handover->closed);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->old, 0), 0);
	KUNIT_EXPECT_TRUE(test, p->handover->closed);
	KUNIT_EXPECT_EQ(test, export(p, 1), -EBADFD);
	KUNIT_EXPECT_EQ(test, import(p, 30), 30);
	/* the new one has had enough: that it left some is for all to see */
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, 0), 0);
	KUNIT_EXPECT_EQ(test, p->handover->length, 70);
	KUNIT_EXPECT_EQ(test, import(p, 30), -EBADFD);
}

static void given_up_wakes_who_waits(struct kunit *test)
{
	struct pair *p = test->priv;
	struct waiter w;
	struct task_struct *task;

	begin(test);
	fill(test);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&p->sm->memory_used),
			p->used + ROOM);
	task = wait_for(test, &w, export_one, 100);
	rewire_handover_stop(p->handover, -ECANCELED);
	expect_result(test, &w, task, -ECANCELED);
	KUNIT_EXPECT_NULL(test, p->handover->ring);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&p->sm->memory_used), p->used);
	KUNIT_EXPECT_EQ(test, import(p, PIECE), -ECANCELED);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_NEW, jiffies),
			-ECANCELED);
	/* the first reason is the reason */
	rewire_handover_stop(p->handover, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, export(p, 1), -ECANCELED);
}

/* A pause is a signal: the load is repeated, with nothing taken or lost. */
static void signal_comes_first(struct kunit *test)
{
	struct pair *p = test->priv;
	struct waiter w;
	struct task_struct *task;

	begin(test);
	task = wait_for(test, &w, import_one, 100);
	send_sig(SIGUSR1, task, 1);
	expect_result(test, &w, task, -ERESTARTSYS);
	fill(test);
	task = wait_for(test, &w, export_one, 100);
	send_sig(SIGUSR1, task, 1);
	expect_result(test, &w, task, -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, p->handover->length, ROOM);
	KUNIT_EXPECT_EQ(test, p->handover->bytes, (u64)ROOM);
}

/* ---- what is refused ---- */

static void format_stays_the_same(struct kunit *test)
{
	struct pair *p = test->priv;
	struct rewire_gate gate = {};

	KUNIT_ASSERT_EQ(test, rewire_handover_open(p->handover, NULL), 0);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_EXPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_EXPORT);
	KUNIT_EXPECT_EQ(test, rewire_handover_await_format(p->handover, jiffies),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, 0, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, rewire_handover_await_format(p->handover, jiffies),
			0);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, 1, U64_MAX - 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, p->handover->length, 0);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, 1, U64_MAX), 1);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_IMPORT);
	KUNIT_ASSERT_EQ(test, rewire_errand_receive(p->new, &gate), 0);
	KUNIT_EXPECT_EQ(test, gate.arg[4], U64_MAX);
}

/* Who has nothing to export says so, and nobody waits for a format. */
static void export_of_nothing_is_over(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_ASSERT_EQ(test, rewire_handover_open(p->handover, NULL), 0);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_EXPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_EXPORT);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->old, -5), 0);
	KUNIT_EXPECT_EQ(test, rewire_handover_await_format(p->handover, jiffies),
			0);
	KUNIT_EXPECT_TRUE(test, p->handover->closed);
	KUNIT_EXPECT_FALSE(test, p->handover->begun);
	KUNIT_EXPECT_EQ(test,
			p->handover->errand[REWIRE_HANDOVER_OLD].status, -5);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_IMPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->new), REWIRE_RECV_IMPORT);
	KUNIT_EXPECT_EQ(test, import(p, PIECE), 0);
}

static void bytes_out_of_bounds_are_refused(struct kunit *test)
{
	struct pair *p = test->priv;

	begin(test);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, REWIRE_MAX_SEAL + 1, FORMAT),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, export_at(p, BUFFER, U64_MAX, FORMAT), -EINVAL);
	KUNIT_EXPECT_EQ(test, export_at(p, 0, 1, FORMAT), -EFAULT);
	KUNIT_EXPECT_EQ(test,
			export_at(p, WORLD_BASE + WORLD_SPAN - 1, 2, FORMAT),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, p->handover->length, 0);
	KUNIT_ASSERT_EQ(test, export(p, 100), 100);
	/* its code is not written to; what was not fetched is still there */
	KUNIT_EXPECT_EQ(test, import_at(p, WORLD_BASE, PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, import_at(p, BUFFER - PAGE_SIZE, PAGE_SIZE),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, p->handover->length, 100);
	/* room for more than there can be is room */
	KUNIT_EXPECT_EQ(test, import_at(p, BUFFER, U64_MAX), 100);
}

/* Each side does its own part, while it is asked to. */
static void only_the_right_side_at_the_right_errand(struct kunit *test)
{
	struct pair *p = test->priv;
	struct rewire_gate gate = { .arg = { BUFFER, 1, FORMAT } };

	KUNIT_EXPECT_EQ(test, export(p, 1), -EBADFD);
	KUNIT_EXPECT_EQ(test, import(p, 1), -EBADFD);
	KUNIT_ASSERT_EQ(test, rewire_handover_open(p->handover, NULL), 0);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_HEALTH);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_EQ(test, export(p, 1), -EBADFD);
	KUNIT_ASSERT_EQ(test, rewire_errand_reply(p->old, 0), 0);
	KUNIT_EXPECT_FALSE(test, p->handover->closed);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_EXPORT);
	/* not before it knows */
	KUNIT_EXPECT_EQ(test, export(p, 1), -EBADFD);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_EXPORT);
	KUNIT_EXPECT_EQ(test, export(p, 1), 1);
	/* the other's part, while he is at it */
	KUNIT_EXPECT_EQ(test, rewire_handover_export(p->new, &gate), -EBADFD);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_IMPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->new), REWIRE_RECV_IMPORT);
	KUNIT_EXPECT_EQ(test, rewire_handover_import(p->old, &gate), -EBADFD);
	KUNIT_EXPECT_EQ(test, import(p, 1), 1);
}

/* Nothing was opened: the manifest wants no handover, whatever is asked. */
static void no_state_without_a_ring(struct kunit *test)
{
	struct pair *p = test->priv;

	rewire_errand_send(p->handover, p->old, REWIRE_RECV_EXPORT);
	KUNIT_ASSERT_EQ(test, kind_of(p->old), REWIRE_RECV_EXPORT);
	KUNIT_EXPECT_EQ(test, export(p, 1), -EBADFD);
}

static void ring_over_the_memory_limit_is_refused(struct kunit *test)
{
	struct pair *p = test->priv;
	struct rewire_why why = {};

	p->sm->memory_limit = p->used + ROOM - 1;
	KUNIT_EXPECT_EQ(test, rewire_handover_open(p->handover, &why), -EDQUOT);
	KUNIT_EXPECT_NE(test, why.text[0], 0);
	KUNIT_EXPECT_NULL(test, p->handover->ring);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&p->sm->memory_used), p->used);
	p->sm->memory_limit++;
	KUNIT_EXPECT_EQ(test, rewire_handover_open(p->handover, &why), 0);
}

/* ---- errands ---- */

static void errand_is_delivered_once(struct kunit *test)
{
	struct pair *p = test->priv;

	KUNIT_EXPECT_FALSE(test, rewire_errand_waiting(p->old));
	KUNIT_EXPECT_EQ(test, kind_of(p->old), 0);
	rewire_errand_send(p->handover, p->old, REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_TRUE(test, rewire_errand_waiting(p->old));
	/* to that version, and to no other */
	KUNIT_EXPECT_FALSE(test, rewire_errand_waiting(p->new));
	KUNIT_EXPECT_EQ(test, kind_of(p->new), 0);
	KUNIT_EXPECT_EQ(test, kind_of(p->old), REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_FALSE(test, rewire_errand_waiting(p->old));
	KUNIT_EXPECT_EQ(test, kind_of(p->old), 0);
	/* even one that looks again */
	p->old->errand = true;
	KUNIT_EXPECT_EQ(test, kind_of(p->old), 0);
}

static void errand_is_answered_once(struct kunit *test)
{
	struct pair *p = test->priv;
	struct rewire_errand *errand =
		&p->handover->errand[REWIRE_HANDOVER_NEW];

	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, 0), -ENOENT);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_HEALTH);
	/* it cannot know what it answers */
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_NEW, jiffies),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, kind_of(p->new), REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_NEW, jiffies),
			-ETIMEDOUT);
	/* nor can the other one for it */
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->old, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, -9), 0);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_NEW, jiffies),
			0);
	KUNIT_EXPECT_EQ(test, errand->status, -9);
	/* the next one has an answer of its own */
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_NEW, jiffies),
			-ETIMEDOUT);
}

/* Given up, or no longer theirs: nothing is delivered and nothing is heard. */
static void errand_after_the_update_is_over(struct kunit *test)
{
	struct pair *p = test->priv;

	rewire_errand_send(p->handover, p->old, REWIRE_RECV_HEALTH);
	rewire_errand_send(p->handover, p->new, REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_EQ(test, kind_of(p->new), REWIRE_RECV_HEALTH);
	rewire_handover_stop(p->handover, -ECANCELED);
	KUNIT_EXPECT_EQ(test, kind_of(p->old), 0);
	KUNIT_EXPECT_FALSE(test, rewire_errand_waiting(p->old));
	part(p->new);
	KUNIT_EXPECT_EQ(test, rewire_errand_reply(p->new, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, import(p, 1), -EBADFD);
	p->new->errand = true;
	KUNIT_EXPECT_EQ(test, kind_of(p->new), 0);
	KUNIT_EXPECT_FALSE(test, rewire_errand_waiting(p->new));
}

static void count_lost(struct rewire_handover *handover)
{
	u32 *lost = handover->data;

	++*lost;
}

static void version_that_dies_ends_it(struct kunit *test)
{
	struct pair *p = test->priv;
	u32 lost = 0;

	p->handover->lost = count_lost;
	p->handover->data = &lost;
	begin(test);
	mutex_lock(&p->new->lock);
	rewire_enclave_wipe(p->new, -ECANCELED, "it died");
	mutex_unlock(&p->new->lock);
	KUNIT_EXPECT_EQ(test, lost, 1);
	KUNIT_EXPECT_EQ(test, export(p, 1), -ECANCELED);
	KUNIT_EXPECT_EQ(test, rewire_errand_await(p->handover,
						  REWIRE_HANDOVER_OLD, jiffies),
			-ECANCELED);
}

/* What the update itself wipes is no reason to give it up. */
static void version_that_dies_afterwards_is_nobodys(struct kunit *test)
{
	struct pair *p = test->priv;
	u32 lost = 0;

	p->handover->lost = count_lost;
	p->handover->data = &lost;
	rewire_handover_stop(p->handover, -ESTALE);
	rewire_handover_lost(p->handover);
	KUNIT_EXPECT_EQ(test, lost, 0);
	KUNIT_EXPECT_EQ(test, p->handover->error, -ESTALE);
}

static struct kunit_case handover_cases[] = {
	KUNIT_CASE(ring_keeps_the_order),
	KUNIT_CASE(ring_takes_what_fits_in_one_piece),
	KUNIT_CASE(ring_full_has_all_its_bytes),
	KUNIT_CASE(export_waits_for_room),
	KUNIT_CASE(import_waits_for_bytes),
	KUNIT_CASE(import_ends_when_the_export_has),
	KUNIT_CASE(export_closed_leaves_what_was_not_fetched),
	KUNIT_CASE(given_up_wakes_who_waits),
	KUNIT_CASE(signal_comes_first),
	KUNIT_CASE(format_stays_the_same),
	KUNIT_CASE(export_of_nothing_is_over),
	KUNIT_CASE(bytes_out_of_bounds_are_refused),
	KUNIT_CASE(only_the_right_side_at_the_right_errand),
	KUNIT_CASE(no_state_without_a_ring),
	KUNIT_CASE(ring_over_the_memory_limit_is_refused),
	KUNIT_CASE(errand_is_delivered_once),
	KUNIT_CASE(errand_is_answered_once),
	KUNIT_CASE(errand_after_the_update_is_over),
	KUNIT_CASE(version_that_dies_ends_it),
	KUNIT_CASE(version_that_dies_afterwards_is_nobodys),
	{}
};

static struct kunit_suite handover_suite = {
	.name = "rewire_handover",
	.init = pair_init,
	.exit = pair_exit,
	.test_cases = handover_cases,
};

kunit_test_suite(handover_suite);
