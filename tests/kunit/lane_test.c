// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream in lanes, through the files of both sessions: what arrives, what a lane
 * may not do, and who wakes the first one when it waits for the others.
 */
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../../kmod/dirty.h"
#include "../../kmod/migrate.h"
#include "../../kmod/pages.h"
#include "util.h"
#include "world.h"

#define ROOM	SZ_64K
#define CHUNK	REWIRE_RECORD_PAGES_MAX
#define PAGES	(4 * CHUNK + 24)	/* the first of four lanes has two chunks */
#define LANES	4

/* one lane, and what was read of it */
struct way {
	struct file *from, *to;
	u8 *bytes;
	size_t len;
};

struct lanes {
	struct rewire_sm *a, *b;
	struct rewire_enclave *enclave;		/* lives on a */
	struct rewire_session *source, *target;
	struct way way[LANES];
	u32 count;
	struct rewire_why why;
};

static struct rewire_session *session(struct kunit *test, struct rewire_sm *sm,
				      u32 side)
{
	struct rewire_request request = { .epoch = 1, .lifetime_ms = 3600000 };
	struct lanes *l = test->priv;
	struct rewire_session *session;

	memset(request.id, 0x55, REWIRE_ID_SIZE);
	memcpy(request.workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	memcpy(request.source, l->a->attest.id, REWIRE_ID_SIZE);
	memcpy(request.target, l->b->attest.id, REWIRE_ID_SIZE);
	session = rewire_session_create(sm, side, &request, &l->why);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, session);
	memset(session->secret, 0x5e, sizeof(session->secret));
	memcpy(session->measurement, l->enclave->measurement,
	       REWIRE_DIGEST_SIZE);
	return session;
}

/* AGREED, its enclave PAUSED */
static void source_init(struct kunit *test)
{
	struct lanes *l = test->priv;

	l->source = session(test, l->a, REWIRE_SIDE_SOURCE);
	l->source->state = REWIRE_SESSION_AGREED;
	l->source->enclave = l->enclave;
	rewire_enclave_get(l->enclave);
	l->enclave->session = l->source;
	l->way[0].from = rewire_session_file(l->source);
	KUNIT_ASSERT_FALSE(test, IS_ERR(l->way[0].from));
}

static void target_init(struct kunit *test)
{
	struct rewire_stream_header expect = { .kind = REWIRE_STREAM_SESSION };
	struct rewire_stream_key key;
	struct lanes *l = test->priv;
	u64 epoch;

	l->target = session(test, l->b, REWIRE_SIDE_TARGET);
	KUNIT_ASSERT_EQ(test, rewire_workload_claim(l->b, WORLD_WORKLOAD, 1,
						    false, &epoch, NULL), 0);
	l->target->claimed = true;
	key = (struct rewire_stream_key){ .secret = l->target->secret };
	l->target->reader = rewire_reader_create(l->b, &expect, &key);
	KUNIT_ASSERT_FALSE(test, IS_ERR(l->target->reader));
	l->target->reader->lanes = &l->target->lanes;
	l->way[0].to = rewire_session_file(l->target);
	KUNIT_ASSERT_FALSE(test, IS_ERR(l->way[0].to));
	l->way[0].to->f_flags |= O_NONBLOCK;
}

static int lanes_init(struct kunit *test)
{
	struct lanes *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	test->priv = l;
	for (i = 0; i < LANES; i++) {
		l->way[i].bytes = kunit_kzalloc(test, ROOM, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, l->way[i].bytes);
	}
	l->a = world_sm(test, 'a', true);
	l->b = world_sm(test, 'b', true);
	l->enclave = world_large(test, l->a, PAGES);
	/* at both ends of each chunk: the first of one follows the last of another */
	for (i = CHUNK; i < PAGES; i += CHUNK) {
		memset(page_address(rewire_page(l->enclave, i - 1)), i / CHUNK,
		       PAGE_SIZE);
		memset(page_address(rewire_page(l->enclave, i)), 0x80 | (i / CHUNK),
		       PAGE_SIZE);
	}
	source_init(test);
	target_init(test);
	return 0;
}

static void lanes_exit(struct kunit *test)
{
	struct lanes *l = test->priv;
	u32 i;

	if (!l)
		return;
	for (i = 0; i < LANES; i++) {
		if (!IS_ERR_OR_NULL(l->way[i].from))
			__fput_sync(l->way[i].from);
		if (!IS_ERR_OR_NULL(l->way[i].to))
			__fput_sync(l->way[i].to);
	}
	if (l->source)
		rewire_session_put(l->source);
	if (l->target)
		rewire_session_put(l->target);
	world_enclave_free(l->enclave);
	world_sm_free(l->a);
	world_sm_free(l->b);
}

static int source_lane(struct lanes *l, u32 count)
{
	int ret;

	mutex_lock(&l->source->lock);
	ret = rewire_source_lane(l->source, count, &l->why);
	mutex_unlock(&l->source->lock);
	return ret;
}

static int target_lane(struct lanes *l, u32 count)
{
	int ret;

	mutex_lock(&l->target->lock);
	ret = rewire_target_lane(l->target, count, &l->why);
	mutex_unlock(&l->target->lock);
	return ret;
}

/* the files of @session's lanes, which it has */
static void open_lanes(struct kunit *test, struct rewire_session *session)
{
	struct lanes *l = test->priv;
	struct file *file;
	u32 i;

	for (i = 1; i < l->count; i++) {
		mutex_lock(&session->lock);
		file = rewire_lane_file(session, i);
		mutex_unlock(&session->lock);
		KUNIT_ASSERT_FALSE(test, IS_ERR(file));
		*(session == l->source ? &l->way[i].from :
					 &l->way[i].to) = file;
	}
}

static void begin(struct kunit *test, u32 count)
{
	struct lanes *l = test->priv;

	l->count = count;
	KUNIT_ASSERT_EQ(test, source_lane(l, count), 0);
	open_lanes(test, l->source);
}

static int begin_round(struct lanes *l, u64 *pages)
{
	struct rewire_session_round arg = {};
	int ret;

	mutex_lock(&l->source->lock);
	ret = rewire_source_round(l->source, &arg, &l->why);
	mutex_unlock(&l->source->lock);
	*pages = arg.pages;
	return ret;
}

static int freeze(struct lanes *l)
{
	int ret;

	mutex_lock(&l->source->lock);
	ret = rewire_source_freeze(l->source, 1000, &l->why);
	mutex_unlock(&l->source->lock);
	return ret;
}

/* what there is, or a negative errno */
static ssize_t read_on(struct way *way)
{
	ssize_t got;

	do {
		got = kernel_read(way->from, way->bytes + way->len,
				  ROOM - way->len, NULL);
		if (got > 0)
			way->len += got;
	} while (got > 0);
	return got;
}

/* a round, or the rest: what the first lane says last has to wait for the others */
static void read_all(struct kunit *test)
{
	struct lanes *l = test->priv;
	u32 i;

	for (i = l->count; i-- > 0;)
		KUNIT_ASSERT_EQ(test, read_on(&l->way[i]), (ssize_t)0);
}

static ssize_t write_to(struct file *to, const u8 *bytes, size_t len)
{
	size_t done = 0;
	ssize_t put;

	while (done < len) {
		put = kernel_write(to, bytes + done, len - done, NULL);
		if (put < 0)
			return put == -EAGAIN ? done : put;
		done += put;
	}
	return done;
}

/* the first lane, up to where it waits for the others, which can come now */
static size_t deliver_first(struct kunit *test)
{
	struct lanes *l = test->priv;
	ssize_t done = write_to(l->way[0].to, l->way[0].bytes, l->way[0].len);

	KUNIT_ASSERT_GT(test, done, (ssize_t)0);
	KUNIT_ASSERT_LT(test, done, (ssize_t)l->way[0].len);
	KUNIT_ASSERT_EQ(test, target_lane(l, l->count), 0);
	open_lanes(test, l->target);
	return done;
}

static ssize_t deliver_lane(struct lanes *l, u32 i)
{
	return write_to(l->way[i].to, l->way[i].bytes, l->way[i].len);
}

/* all of it; the result of what is last written */
static ssize_t deliver(struct kunit *test)
{
	struct lanes *l = test->priv;
	size_t done = deliver_first(test);
	u32 i;

	for (i = 1; i < l->count; i++)
		KUNIT_ASSERT_EQ(test, deliver_lane(l, i),
				(ssize_t)l->way[i].len);
	return write_to(l->way[0].to, l->way[0].bytes + done,
			l->way[0].len - done);
}

static void expect_arrived(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct rewire_enclave *got = l->target->enclave;
	u64 i;

	KUNIT_ASSERT_EQ_MSG(test, l->target->state, REWIRE_SESSION_PREPARED,
			    "%s", l->target->reason);
	KUNIT_EXPECT_MEMEQ(test, l->target->state_digest,
			   l->source->state_digest, REWIRE_DIGEST_SIZE);
	for (i = 0; i < PAGES; i++)
		if (rewire_page(l->enclave, i))
			KUNIT_ASSERT_EQ_MSG(test, memcmp(page_address(rewire_page(got, i)),
							 page_address(rewire_page(l->enclave, i)),
							 PAGE_SIZE), 0,
					    "page %llu", i);
}

/* the target has refused it, and nothing is left */
static void expect_refused(struct kunit *test, ssize_t ret, const char *why)
{
	struct lanes *l = test->priv;

	KUNIT_EXPECT_EQ(test, ret, (ssize_t)-EBADMSG);
	KUNIT_EXPECT_EQ(test, l->target->state, REWIRE_SESSION_ABORTED);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(l->target->reason, why), "%s",
				  l->target->reason);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&l->b->memory_used), 0ULL);
}

static void lanes_carry_all(struct kunit *test, u32 count)
{
	struct lanes *l = test->priv;
	const struct rewire_stream_header *header;
	u32 i;

	begin(test, count);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	for (i = 0; i < count; i++) {
		header = (const void *)l->way[i].bytes;
		KUNIT_EXPECT_EQ(test, header->lane, i);
		KUNIT_EXPECT_EQ(test, header->lanes, count);
		/* each has pages */
		KUNIT_EXPECT_GT(test, l->way[i].len, PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, deliver(test) < 0, false);
	expect_arrived(test);
}

static void two_lanes_carry_all(struct kunit *test)
{
	lanes_carry_all(test, 2);
}

static void four_lanes_carry_all(struct kunit *test)
{
	lanes_carry_all(test, 4);
}

static void scribble(struct kunit *test, u64 page, u8 value)
{
	struct lanes *l = test->priv;

	KUNIT_ASSERT_EQ(test, rewire_memory_write(l->enclave, WORLD_BASE +
						  page * PAGE_SIZE, &value, 1),
			0);
}

static void lanes_in_rounds(struct kunit *test)
{
	struct lanes *l = test->priv;
	u64 pages;

	begin(test, 4);
	KUNIT_ASSERT_EQ(test, begin_round(l, &pages), 0);
	KUNIT_EXPECT_EQ(test, pages, (u64)PAGES);
	/* one of them was not read to its end */
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	KUNIT_EXPECT_EQ(test, begin_round(l, &pages), -EBUSY);
	KUNIT_EXPECT_EQ(test, freeze(l), -EBUSY);
	read_all(test);

	scribble(test, 3 * CHUNK + 7, 1);
	KUNIT_ASSERT_EQ(test, begin_round(l, &pages), 0);
	KUNIT_EXPECT_EQ(test, pages, 1ULL);
	read_all(test);

	/* what was sent, and is zero by now */
	memset(page_address(rewire_page(l->enclave, 2 * CHUNK)), 0, PAGE_SIZE);
	scribble(test, 2 * CHUNK, 0);
	scribble(test, CHUNK + 9, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	KUNIT_EXPECT_EQ(test, deliver(test) < 0, false);
	expect_arrived(test);
}

/* ---- what a lane may not do: each with the right key ---- */

static void pages_in_another_lane_are_refused(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 4);
	/* its header says 1, and its pages are those of 2 */
	l->source->lane[1]->writer->lane = 2;
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[1]), (ssize_t)0);
	atomic_set(&l->source->lanes.open, 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	deliver_first(test);
	expect_refused(test, deliver_lane(l, 1), "do not belong to lane 1");
}

static void other_records_in_a_lane_are_refused(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	l->source->lane[1]->writer->next = REWIRE_RECORD_META;
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	deliver_first(test);
	expect_refused(test, deliver_lane(l, 1), "of type 1");
}

static void luggage_in_a_lane_is_refused(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct rewire_writer *writer;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	writer = l->source->lane[1]->writer;
	writer->next = REWIRE_RECORD_LUGGAGE;
	atomic_set(&l->source->lanes.open, 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[1]), (ssize_t)0);
	atomic_set(&l->source->lanes.open, 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	deliver_first(test);
	expect_refused(test, deliver_lane(l, 1), "of type 4");
}

static void totals_that_differ(struct kunit *test, u32 at)
{
	struct lanes *l = test->priv;

	begin(test, 4);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[1]), (ssize_t)0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[2]), (ssize_t)0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[3]), (ssize_t)0);
	((u8 *)&l->source->lanes.end[3])[at] ^= 1;
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	expect_refused(test, deliver(test), "totals differ");
}

static void pages_of_a_lane_that_differ_are_refused(struct kunit *test)
{
	totals_that_differ(test, offsetof(struct rewire_end, pages));
}

static void digest_of_a_lane_that_differs_is_refused(struct kunit *test)
{
	totals_that_differ(test, sizeof(struct rewire_end) - 1);
}

/* ---- what the host may try, who has the bytes alone ---- */

static void four_lanes_read(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 4);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	deliver_first(test);
}

static void lane_in_the_place_of_another_is_refused(struct kunit *test)
{
	struct lanes *l = test->priv;

	four_lanes_read(test);
	expect_refused(test, write_to(l->way[2].to, l->way[1].bytes,
				      l->way[1].len),
		       "lane 1 of 4 where 2 is due");
}

/* Lanes 1 and 2 have nothing but the same END: their keys alone tell them apart. */
static void two_empty_lanes(struct kunit *test)
{
	struct lanes *l = test->priv;
	u64 i;

	for (i = CHUNK; i < 3 * CHUNK; i++)
		clear_page(page_address(rewire_page(l->enclave, i)));
	four_lanes_read(test);
	KUNIT_ASSERT_EQ(test, l->way[1].len, l->way[2].len);
}

static void lane_renumbered_is_refused(struct kunit *test)
{
	struct rewire_stream_header *header;
	struct lanes *l = test->priv;

	two_empty_lanes(test);
	header = (void *)l->way[1].bytes;
	header->lane = 2;
	expect_refused(test, write_to(l->way[2].to, l->way[1].bytes,
				      l->way[1].len), "record 0");
}

static void records_of_another_lane_are_refused(struct kunit *test)
{
	struct lanes *l = test->priv;

	two_empty_lanes(test);
	memcpy(l->way[1].bytes, l->way[2].bytes,
	       sizeof(struct rewire_stream_header));
	expect_refused(test, write_to(l->way[2].to, l->way[1].bytes,
				      l->way[1].len), "record 0");
}

static void lanes_recounted_are_refused(struct kunit *test)
{
	struct rewire_stream_header *header;
	struct lanes *l = test->priv;

	begin(test, 4);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	header = (void *)l->way[0].bytes;
	header->lanes = 3;
	expect_refused(test, deliver_lane(l, 0), "record 0");
}

static void lanes_beyond_bounds(struct kunit *test, u8 lanes)
{
	struct rewire_stream_header *header;
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	header = (void *)l->way[0].bytes;
	header->lanes = lanes;
	expect_refused(test, deliver_lane(l, 0), "is due");
}

static void one_lane_of_one_is_refused(struct kunit *test)
{
	lanes_beyond_bounds(test, 1);
}

static void more_lanes_than_there_are_is_refused(struct kunit *test)
{
	lanes_beyond_bounds(test, REWIRE_MAX_LANES + 1);
}

static void lanes_where_none_may_be_are_refused(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	l->target->reader->lanes = NULL;
	expect_refused(test, deliver_lane(l, 0), "is due");
}

/* Without the END of one of them nothing is complete, however often it is asked. */
static void lane_without_its_end_is_waited_for(struct kunit *test)
{
	const size_t end = sizeof(struct rewire_record) +
			   sizeof(struct rewire_end) + REWIRE_TAG_SIZE;
	struct lanes *l = test->priv;
	struct way *first = l->way;
	size_t done;

	begin(test, 4);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	done = deliver_first(test);
	KUNIT_EXPECT_EQ(test, deliver_lane(l, 1), (ssize_t)l->way[1].len);
	KUNIT_EXPECT_EQ(test, deliver_lane(l, 3), (ssize_t)l->way[3].len);
	KUNIT_EXPECT_EQ(test, write_to(l->way[2].to, l->way[2].bytes,
				       l->way[2].len - end),
			(ssize_t)(l->way[2].len - end));
	KUNIT_EXPECT_EQ(test, write_to(first->to, first->bytes + done,
				       first->len - done), (ssize_t)0);
	KUNIT_EXPECT_EQ(test, l->target->state, REWIRE_SESSION_RECEIVING);
	KUNIT_EXPECT_EQ(test, write_to(l->way[2].to, l->way[2].bytes +
				       l->way[2].len - end, end),
			(ssize_t)end);
	KUNIT_EXPECT_EQ(test, write_to(first->to, first->bytes + done,
				       first->len - done),
			(ssize_t)(first->len - done));
	expect_arrived(test);
}

/* ---- how many, and when ---- */

static void lanes_are_counted_once(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_EXPECT_EQ(test, source_lane(l, 2), 0);
	KUNIT_EXPECT_EQ(test, source_lane(l, 3), -EBUSY);
	KUNIT_EXPECT_EQ(test, target_lane(l, 2), -EAGAIN);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	KUNIT_EXPECT_EQ(test, source_lane(l, 2), -EBADFD);
	read_all(test);
	deliver_first(test);
	KUNIT_EXPECT_EQ(test, target_lane(l, 2), 0);
	KUNIT_EXPECT_EQ(test, target_lane(l, 3), -EINVAL);
}

static void lanes_come_before_the_stream(struct kunit *test)
{
	struct lanes *l = test->priv;
	u64 pages;

	l->count = 1;
	KUNIT_ASSERT_EQ(test, begin_round(l, &pages), 0);
	KUNIT_EXPECT_EQ(test, source_lane(l, 2), -EBUSY);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)0);
	KUNIT_EXPECT_EQ(test, deliver_lane(l, 0), (ssize_t)l->way[0].len);
	KUNIT_EXPECT_EQ(test, l->target->state, REWIRE_SESSION_PREPARED);
	KUNIT_EXPECT_EQ(test, target_lane(l, 2), -EBADFD);
}

static void lane_before_a_round_has_nothing(struct kunit *test)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_EXPECT_EQ(test, read_on(&l->way[1]), (ssize_t)-EBADFD);
	KUNIT_EXPECT_EQ(test, kernel_write(l->way[1].from, "x", 1, NULL),
			(ssize_t)-EBADFD);
}

/* ---- the first lane waits ---- */

struct waiter {
	struct lanes *lanes;
	bool writes;
	size_t at;
	ssize_t result;
	struct completion done;
};

static int waiter_run(void *data)
{
	struct waiter *w = data;
	struct way *way = w->lanes->way;

	allow_signal(SIGUSR1);
	w->result = w->writes ?
		    kernel_write(way->to, way->bytes + w->at,
				 way->len - w->at, NULL) :
		    kernel_read(way->from, way->bytes + way->len,
				ROOM - way->len, NULL);
	complete(&w->done);
	return 0;
}

static struct task_struct *wait_for(struct kunit *test, struct waiter *w,
				    struct rewire_enclave *enclave)
{
	struct task_struct *task;

	w->lanes = test->priv;
	init_completion(&w->done);
	task = kthread_run(waiter_run, w, "rewire_waiter");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	/* it waits, or it does not, but then it is over */
	while (!waitqueue_active(&enclave->changed) &&
	       !completion_done(&w->done))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, completion_done(&w->done));
	return task;
}

static ssize_t woken(struct waiter *w, struct task_struct *task)
{
	wait_for_completion(&w->done);
	kthread_stop(task);
	put_task_struct(task);
	return w->result;
}

/* the source's first lane, read up to where it has to wait */
static struct task_struct *waiting_read(struct kunit *test, struct waiter *w)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	l->way[0].from->f_flags |= O_NONBLOCK;
	KUNIT_ASSERT_EQ(test, read_on(&l->way[0]), (ssize_t)-EAGAIN);
	l->way[0].from->f_flags &= ~O_NONBLOCK;
	return wait_for(test, w, l->enclave);
}

static struct task_struct *waiting_write(struct kunit *test, struct waiter *w)
{
	struct lanes *l = test->priv;

	begin(test, 2);
	KUNIT_ASSERT_EQ(test, freeze(l), 0);
	read_all(test);
	w->writes = true;
	w->at = deliver_first(test);
	l->way[0].to->f_flags &= ~O_NONBLOCK;
	return wait_for(test, w, l->target->reader->enclave);
}

static void aborts(struct kunit *test, struct rewire_session *session)
{
	mutex_lock(&session->lock);
	KUNIT_EXPECT_EQ(test, rewire_session_abort(session,
						   REWIRE_SESSION_EV_ABORT,
						   "of the test", NULL), 0);
	mutex_unlock(&session->lock);
}

static void other_lane_wakes_a_read(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_read(test, &w);

	KUNIT_EXPECT_EQ(test, read_on(&l->way[1]), (ssize_t)0);
	KUNIT_EXPECT_GT(test, woken(&w, task), (ssize_t)0);
}

static void other_lane_wakes_a_write(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_write(test, &w);

	KUNIT_EXPECT_EQ(test, deliver_lane(l, 1), (ssize_t)l->way[1].len);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)(l->way[0].len - w.at));
	expect_arrived(test);
}

static void abort_wakes_a_read(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_read(test, &w);

	aborts(test, l->source);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-EBADFD);
	KUNIT_EXPECT_EQ(test, read_on(&l->way[1]), (ssize_t)-EBADFD);
}

static void abort_wakes_a_write(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_write(test, &w);

	aborts(test, l->target);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-EBADFD);
	KUNIT_EXPECT_EQ(test, deliver_lane(l, 1), (ssize_t)-EBADFD);
}

static void destroy(struct rewire_enclave *enclave)
{
	mutex_lock(&enclave->lock);
	rewire_enclave_wipe(enclave, -ECANCELED, "attacked");
	mutex_unlock(&enclave->lock);
}

static void destroyed_enclave_wakes_a_read(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_read(test, &w);

	destroy(l->enclave);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-ECANCELED);
	KUNIT_EXPECT_EQ(test, read_on(&l->way[1]), (ssize_t)-ECANCELED);
}

static void destroyed_enclave_wakes_a_write(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_write(test, &w);

	destroy(l->target->reader->enclave);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-ECANCELED);
	KUNIT_EXPECT_EQ(test, l->target->state, REWIRE_SESSION_ABORTED);
}

static void signal_wakes_a_read(struct kunit *test)
{
	struct waiter w = {};
	struct task_struct *task = waiting_read(test, &w);

	send_sig(SIGUSR1, task, 1);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-ERESTARTSYS);
}

static void lane_refused_wakes_a_write(struct kunit *test)
{
	struct lanes *l = test->priv;
	struct waiter w = {};
	struct task_struct *task = waiting_write(test, &w);

	l->way[1].bytes[l->way[1].len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, deliver_lane(l, 1), (ssize_t)-EBADMSG);
	KUNIT_EXPECT_EQ(test, woken(&w, task), (ssize_t)-EBADFD);
	KUNIT_EXPECT_EQ(test, l->target->state, REWIRE_SESSION_ABORTED);
}

static struct kunit_case lane_cases[] = {
	KUNIT_CASE(two_lanes_carry_all),
	KUNIT_CASE(four_lanes_carry_all),
	KUNIT_CASE(lanes_in_rounds),
	KUNIT_CASE(pages_in_another_lane_are_refused),
	KUNIT_CASE(other_records_in_a_lane_are_refused),
	KUNIT_CASE(luggage_in_a_lane_is_refused),
	KUNIT_CASE(pages_of_a_lane_that_differ_are_refused),
	KUNIT_CASE(digest_of_a_lane_that_differs_is_refused),
	KUNIT_CASE(lane_in_the_place_of_another_is_refused),
	KUNIT_CASE(lane_renumbered_is_refused),
	KUNIT_CASE(records_of_another_lane_are_refused),
	KUNIT_CASE(lanes_recounted_are_refused),
	KUNIT_CASE(one_lane_of_one_is_refused),
	KUNIT_CASE(more_lanes_than_there_are_is_refused),
	KUNIT_CASE(lanes_where_none_may_be_are_refused),
	KUNIT_CASE(lane_without_its_end_is_waited_for),
	KUNIT_CASE(lanes_are_counted_once),
	KUNIT_CASE(lanes_come_before_the_stream),
	KUNIT_CASE(lane_before_a_round_has_nothing),
	KUNIT_CASE(other_lane_wakes_a_read),
	KUNIT_CASE(other_lane_wakes_a_write),
	KUNIT_CASE(abort_wakes_a_read),
	KUNIT_CASE(abort_wakes_a_write),
	KUNIT_CASE(destroyed_enclave_wakes_a_read),
	KUNIT_CASE(destroyed_enclave_wakes_a_write),
	KUNIT_CASE(signal_wakes_a_read),
	KUNIT_CASE(lane_refused_wakes_a_write),
	{}
};

static struct kunit_suite lane_suite = {
	.name = "rewire_lane",
	.init = lanes_init,
	.exit = lanes_exit,
	.test_cases = lane_cases,
};

kunit_test_suite(lane_suite);
