// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams into pipes: the same bytes as read() gives, of which those that were
 * encrypted from the enclave's pages are not copied and do not change on their way.
 */
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../kmod/pages.h"
#include "../../kmod/stream.h"
#include "util.h"
#include "world.h"

#define ROOM	SZ_64K
#define SLOTS	64	/* more than the stream needs */

struct splices {
	struct rewire_sm *from, *to;
	struct rewire_enclave *enclave;
	struct rewire_writer *writer;
	struct rewire_stream_key key;
	u8 secret[REWIRE_KEY_SIZE];
	struct pipe_inode_info pipe;
	u8 *bytes;		/* what came out of the pipe, or was read */
	size_t len;
};

/* a pipe that no process has: a module can make no other */
static void make_pipe(struct kunit *test, u32 slots)
{
	struct splices *s = test->priv;
	struct pipe_inode_info *pipe = &s->pipe;

	mutex_init(&pipe->mutex);
	pipe->bufs = kunit_kcalloc(test, SLOTS, sizeof(*pipe->bufs),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pipe->bufs);
	pipe->ring_size = SLOTS;
	pipe->max_usage = slots;
	pipe->readers = 1;
	pipe->files = 1;
}

static struct pipe_buffer *slot(struct pipe_inode_info *pipe, u32 at)
{
	return &pipe->bufs[at & (pipe->ring_size - 1)];
}

/* all that is in the pipe goes behind what is there */
static void pour(struct kunit *test)
{
	struct splices *s = test->priv;
	struct pipe_inode_info *pipe = &s->pipe;

	for (; pipe->tail != pipe->head; pipe->tail++) {
		struct pipe_buffer *buf = slot(pipe, pipe->tail);

		KUNIT_ASSERT_LE(test, s->len + buf->len, (size_t)ROOM);
		memcpy(s->bytes + s->len, page_address(buf->page) + buf->offset,
		       buf->len);
		s->len += buf->len;
		buf->ops->release(pipe, buf);
	}
}

static int splices_init(struct kunit *test)
{
	struct splices *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	s->bytes = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->bytes);
	s->from = world_sm(test, 'a', false);
	s->to = world_sm(test, 'b', false);
	s->enclave = world_enclave(test, s->from);
	memset(s->secret, 0x5e, sizeof(s->secret));
	s->key.secret = s->secret;
	mutex_lock(&s->enclave->lock);
	s->writer = rewire_writer_create(s->enclave, REWIRE_STREAM_SESSION,
					 NULL, &s->key, NULL);
	mutex_unlock(&s->enclave->lock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->writer);
	make_pipe(test, SLOTS);
	return 0;
}

static void splices_exit(struct kunit *test)
{
	struct splices *s = test->priv;

	if (!s)
		return;
	pour(test);
	rewire_writer_free(s->writer);
	world_enclave_free(s->enclave);
	world_sm_free(s->from);
	world_sm_free(s->to);
}

static ssize_t give_it(struct file *file, struct rewire_sink *sink)
{
	return rewire_writer_give(file->private_data, sink);
}

/* as splice() does it */
static ssize_t splice_by(struct kunit *test, size_t len, rewire_give_t give)
{
	struct splices *s = test->priv;
	struct file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, file);
	file->private_data = s->writer;
	pipe_lock(&s->pipe);
	ret = rewire_splice(file, &s->pipe, len, give);
	pipe_unlock(&s->pipe);
	return ret;
}

static ssize_t splice_some(struct kunit *test, size_t len)
{
	return splice_by(test, len, give_it);
}

static ssize_t read_some(struct kunit *test, size_t len)
{
	struct splices *s = test->priv;
	ssize_t ret = world_read(s->writer, s->bytes + s->len,
				 min(len, ROOM - s->len));

	if (ret > 0)
		s->len += ret;
	return ret;
}

/* The other SM takes the bytes for what this one's enclave is. */
static void expect_arrives(struct kunit *test)
{
	struct splices *s = test->priv;
	struct rewire_stream_header expect = { .kind = REWIRE_STREAM_SESSION };
	struct kvec vec = { .iov_base = s->bytes, .iov_len = s->len };
	struct rewire_reader *reader;
	struct rewire_why why = {};
	struct iov_iter iter;
	u64 i;

	reader = rewire_reader_create(s->to, &expect, &s->key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader);
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, s->len);
	KUNIT_EXPECT_EQ_MSG(test, rewire_reader_write(reader, &iter, &why),
			    (ssize_t)s->len, "%s", why.text);
	KUNIT_EXPECT_EQ(test, reader->flow.part, REWIRE_PART_OVER);
	for (i = 0; i < WORLD_PAGES && reader->enclave; i++)
		if (rewire_page(s->enclave, i) && rewire_page(reader->enclave, i))
			KUNIT_EXPECT_MEMEQ(test,
					   page_address(rewire_page(reader->enclave, i)),
					   page_address(rewire_page(s->enclave, i)),
					   PAGE_SIZE);
	rewire_reader_free(reader);
}

/*
 * The pipe holds all of it until the writer is gone: records that came later have not
 * gone into the same pages, nor has anybody wiped them.
 */
static void spliced_pages_do_not_change(struct kunit *test)
{
	struct splices *s = test->priv;
	u32 at, whole = 0;

	while (splice_some(test, ROOM) > 0)
		;
	KUNIT_EXPECT_EQ(test, splice_some(test, ROOM), (ssize_t)0);
	rewire_writer_free(s->writer);
	s->writer = NULL;
	for (at = s->pipe.tail; at != s->pipe.head; at++) {
		struct pipe_buffer *buf = slot(&s->pipe, at);

		if (buf->len != PAGE_SIZE)
			continue;
		whole++;
		KUNIT_EXPECT_EQ(test, page_ref_count(buf->page), 1);
	}
	/* the two records with pages, and none that was cut for its header */
	KUNIT_EXPECT_GE(test, whole, 2U);
	pour(test);
	expect_arrives(test);
}

/* is what comes next cipher text of the enclave's pages? */
static bool comes_from_a_page(const struct rewire_flow *flow)
{
	return flow->part == REWIRE_PART_BODY &&
	       flow->record.type == REWIRE_RECORD_PAGES;
}

/*
 * One slot takes one piece at a time. Of a page's cipher text it gets the page that
 * this was encrypted into; of all else, which lay in the buffer as plain text, a copy.
 */
static void pages_are_given_and_the_rest_is_copied(struct kunit *test)
{
	struct splices *s = test->priv;
	struct rewire_flow *flow = &s->writer->flow;
	u32 given = 0, copied = 0, left;

	s->pipe.max_usage = 1;
	while (flow->part != REWIRE_PART_OVER) {
		bool from_page = comes_from_a_page(flow);
		bool body = flow->part == REWIRE_PART_BODY;
		void *next = rewire_flow_window(flow, &left);
		ssize_t got = splice_some(test, ROOM);

		KUNIT_ASSERT_EQ(test, got, (ssize_t)left);
		if (from_page)
			KUNIT_EXPECT_PTR_EQ(test, virt_to_page(next),
					    slot(&s->pipe, s->pipe.tail)->page);
		else if (body)
			KUNIT_EXPECT_PTR_NE(test, virt_to_page(next),
					    slot(&s->pipe, s->pipe.tail)->page);
		given += from_page;
		copied += body && !from_page;
		pour(test);
	}
	KUNIT_EXPECT_EQ(test, given, 2U);
	KUNIT_EXPECT_GE(test, copied, 3U);	/* META, LUGGAGE, END */
	KUNIT_EXPECT_EQ(test, splice_some(test, ROOM), (ssize_t)0);
	expect_arrives(test);
}

static void splice_and_read_in_any_pieces(struct kunit *test)
{
	static const size_t pieces[] = { 1, 23, 4096, 777, 4097 };
	ssize_t got = 1;
	u32 i;

	for (i = 0; got > 0; i++) {
		size_t piece = pieces[i % ARRAY_SIZE(pieces)];

		if (i & 1) {
			got = read_some(test, piece);
		} else {
			got = splice_some(test, piece);
			pour(test);
		}
		KUNIT_ASSERT_LE(test, got, (ssize_t)piece);
	}
	KUNIT_EXPECT_EQ(test, got, (ssize_t)0);
	expect_arrives(test);
}

static void full_pipe_loses_nothing(struct kunit *test)
{
	struct splices *s = test->priv;

	s->pipe.max_usage = 3;
	do {
		while (splice_some(test, ROOM) > 0)
			;
		if (s->writer->flow.part != REWIRE_PART_OVER)
			KUNIT_EXPECT_EQ(test, splice_some(test, ROOM),
					(ssize_t)-EAGAIN);
		KUNIT_EXPECT_LE(test, s->pipe.head - s->pipe.tail, 3U);
		pour(test);
	} while (s->writer->flow.part != REWIRE_PART_OVER);
	expect_arrives(test);
}

/* Somebody takes out of the pipe, and keeps it locked: the stream does not wait. */
static ssize_t give_meanwhile(struct file *file, struct rewire_sink *sink)
{
	ssize_t ret;

	pipe_lock(sink->pipe);
	ret = rewire_writer_give(file->private_data, sink);
	pipe_unlock(sink->pipe);
	return ret;
}

static void pipe_in_use_is_not_waited_for(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, splice_by(test, 3000, give_meanwhile),
			(ssize_t)-EAGAIN);
	while (splice_some(test, ROOM) > 0)
		;
	pour(test);
	expect_arrives(test);
}

static void pipe_without_reader_loses_nothing(struct kunit *test)
{
	struct splices *s = test->priv;

	KUNIT_EXPECT_GT(test, splice_some(test, 3000), (ssize_t)0);
	s->pipe.readers = 0;
	KUNIT_EXPECT_EQ(test, splice_some(test, ROOM), (ssize_t)-EPIPE);
	s->pipe.readers = 1;
	while (splice_some(test, ROOM) > 0)
		;
	pour(test);
	expect_arrives(test);
}

/* An enclave under attack is wiped while it is spliced. */
static void splice_of_a_wiped_enclave_ends(struct kunit *test)
{
	struct splices *s = test->priv;

	/* into the body of META */
	KUNIT_EXPECT_EQ(test, splice_some(test, 500), (ssize_t)500);
	mutex_lock(&s->enclave->lock);
	rewire_enclave_wipe(s->enclave, -ECANCELED, "attacked");
	mutex_unlock(&s->enclave->lock);
	/* the record that was made already is still there, and no other */
	KUNIT_EXPECT_GT(test, splice_some(test, ROOM), (ssize_t)0);
	KUNIT_EXPECT_EQ(test, splice_some(test, ROOM), (ssize_t)-ECANCELED);
}

static struct kunit_case splice_cases[] = {
	KUNIT_CASE(spliced_pages_do_not_change),
	KUNIT_CASE(pages_are_given_and_the_rest_is_copied),
	KUNIT_CASE(splice_and_read_in_any_pieces),
	KUNIT_CASE(full_pipe_loses_nothing),
	KUNIT_CASE(pipe_in_use_is_not_waited_for),
	KUNIT_CASE(pipe_without_reader_loses_nothing),
	KUNIT_CASE(splice_of_a_wiped_enclave_ends),
	{}
};

static struct kunit_suite splice_suite = {
	.name = "rewire_splice",
	.init = splices_init,
	.exit = splices_exit,
	.test_cases = splice_cases,
};

kunit_test_suite(splice_suite);
