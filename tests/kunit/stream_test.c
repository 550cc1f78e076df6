// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams from one SM to another: what arrives, and what becomes of a stream
 * that somebody had his hands on. The forged ones, with the right key, are in
 * forge_test.c.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../kmod/dirty.h"
#include "../../kmod/pages.h"
#include "../../kmod/stream.h"
#include "util.h"
#include "world.h"

#define ROOM	SZ_64K
#define CALLS	2

struct streams {
	struct rewire_sm *from, *to;
	struct rewire_enclave *enclave;
	struct rewire_stream_key key;
	struct rewire_stream_header expect;
	struct rewire_why why;
	u8 secret[REWIRE_KEY_SIZE];
	u8 *bytes;		/* the stream as it was sent */
	size_t len;
	size_t record[16];	/* where each record begins, and the end */
	u32 records;
};

static ssize_t write_some(struct streams *s, struct rewire_reader *reader,
			  const void *from, size_t len)
{
	struct kvec vec = { .iov_base = (void *)from, .iov_len = len };
	struct iov_iter iter;

	memset(&s->why, 0, sizeof(s->why));
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	return rewire_reader_write(reader, &iter, &s->why);
}

static struct rewire_writer *writer_of(struct kunit *test, u32 kind)
{
	struct streams *s = test->priv;
	struct rewire_writer *writer;

	mutex_lock(&s->enclave->lock);
	writer = rewire_writer_create(s->enclave, kind, NULL, &s->key, NULL);
	mutex_unlock(&s->enclave->lock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, writer);
	return writer;
}

/* to the end, be it of a round, after what is there already */
static void read_on(struct kunit *test, struct rewire_writer *writer,
		    size_t piece)
{
	struct streams *s = test->priv;
	ssize_t got = 1;

	for (; got > 0 && s->len < ROOM; s->len += got) {
		got = world_read(writer, s->bytes + s->len,
				min(piece, ROOM - s->len));
		if (got < 0)
			break;
	}
	KUNIT_ASSERT_EQ(test, got, (ssize_t)0);
}

static void read_all(struct kunit *test, struct rewire_writer *writer,
		     size_t piece)
{
	struct streams *s = test->priv;

	s->len = 0;
	read_on(test, writer, piece);
}

/* where the records are: their headers are plain text */
static void find_records(struct kunit *test)
{
	struct streams *s = test->priv;
	const struct rewire_record *record;
	size_t at = sizeof(struct rewire_stream_header);

	for (s->records = 0; at < s->len; s->records++) {
		KUNIT_ASSERT_LT(test, s->records, ARRAY_SIZE(s->record) - 1);
		s->record[s->records] = at;
		record = (const void *)(s->bytes + at);
		at += sizeof(*record) + record->length + REWIRE_TAG_SIZE;
	}
	KUNIT_ASSERT_EQ(test, at, s->len);
	s->record[s->records] = at;
}

static void add_call(struct kunit *test, struct rewire_enclave *enclave,
		     u8 client, u64 sequence, u64 handle, u32 state)
{
	struct rewire_call_wire wire = {
		.id = { client }, .sequence = sequence, .handle = handle,
		.state = state, .status = -5, .length = 7,
	};

	KUNIT_ASSERT_EQ(test, rewire_calls_restore(enclave, &wire,
						   "payload", NULL), 0);
}

static int streams_init(struct kunit *test)
{
	struct streams *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct rewire_writer *writer;

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	s->bytes = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s->bytes);
	s->from = world_sm(test, 'a', false);
	s->to = world_sm(test, 'b', false);
	s->enclave = world_enclave(test, s->from);
	add_call(test, s->enclave, 1, 4, 5, REWIRE_CALL_TAKEN);
	add_call(test, s->enclave, 2, 1, 9, REWIRE_CALL_QUEUED);
	memset(s->secret, 0x5e, sizeof(s->secret));
	s->key.secret = s->secret;
	s->expect.kind = REWIRE_STREAM_SESSION;

	writer = writer_of(test, REWIRE_STREAM_SESSION);
	read_all(test, writer, ROOM);
	rewire_writer_free(writer);
	find_records(test);
	return 0;
}

static void streams_exit(struct kunit *test)
{
	struct streams *s = test->priv;

	if (!s)
		return;
	world_enclave_free(s->enclave);
	world_sm_free(s->from);
	world_sm_free(s->to);
}

/* nothing is left of a stream that was given up */
static void expect_nothing(struct kunit *test, struct rewire_reader *reader)
{
	struct streams *s = test->priv;
	struct rewire_enclave *enclave = reader->enclave;

	if (enclave)
		rewire_enclave_get(enclave);
	rewire_reader_free(reader);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&s->to->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, s->to->enclave_count, 0);
	if (!enclave)
		return;
	KUNIT_EXPECT_EQ(test, enclave->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_EQ(test, enclave->page_count, 0ULL);
	rewire_enclave_put(enclave);
}

static bool is_complete(const struct rewire_reader *reader)
{
	return !reader->flow.error && reader->flow.part == REWIRE_PART_OVER;
}

static struct rewire_reader *reader_of(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader;

	reader = rewire_reader_create(s->to, &s->expect, &s->key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader);
	return reader;
}

/* Offer @len bytes in one go; what is not complete leaves nothing behind. */
static ssize_t offer(struct kunit *test, const u8 *bytes, size_t len)
{
	struct rewire_reader *reader = reader_of(test);
	ssize_t ret = write_some(test->priv, reader, bytes, len);

	KUNIT_EXPECT_FALSE(test, is_complete(reader));
	if (ret < 0)
		KUNIT_EXPECT_NE(test, strlen(((struct streams *)
					      test->priv)->why.text), 0);
	expect_nothing(test, reader);
	return ret;
}

static void expect_same(struct kunit *test, const struct rewire_enclave *sent,
			const struct rewire_enclave *got)
{
	u64 i;

	KUNIT_EXPECT_EQ(test, got->state, REWIRE_ENCLAVE_RECEIVING);
	KUNIT_EXPECT_EQ(test, got->epoch, sent->epoch);
	KUNIT_EXPECT_EQ(test, got->charged, sent->charged);
	KUNIT_EXPECT_EQ(test, got->segment_count, sent->segment_count);
	KUNIT_EXPECT_MEMEQ(test, got->segments, sent->segments,
			   sizeof(sent->segments));
	KUNIT_EXPECT_MEMEQ(test, &got->layout, &sent->layout,
			   sizeof(sent->layout));
	KUNIT_EXPECT_MEMEQ(test, &got->manifest, &sent->manifest,
			   sizeof(sent->manifest));
	KUNIT_EXPECT_MEMEQ(test, got->measurement, sent->measurement,
			   REWIRE_DIGEST_SIZE);
	KUNIT_EXPECT_MEMEQ(test, got->workload, sent->workload,
			   REWIRE_ID_SIZE);
	for (i = 0; i < WORLD_PAGES; i++) {
		KUNIT_EXPECT_EQ(test, !rewire_page(got, i), i == WORLD_HOLE);
		if (rewire_page(got, i))
			KUNIT_EXPECT_MEMEQ(test, page_address(rewire_page(got, i)),
					   page_address(rewire_page(sent, i)),
					   PAGE_SIZE);
	}
}

static void expect_call(struct kunit *test, struct rewire_enclave *enclave,
			u64 after, u8 id, u64 sequence, u32 state)
{
	struct rewire_client *client;

	mutex_lock(&enclave->calls->lock);
	client = rewire_calls_after(enclave, after);
	KUNIT_EXPECT_NOT_NULL(test, client);
	if (client) {
		KUNIT_EXPECT_EQ(test, client->id[0], id);
		KUNIT_EXPECT_EQ(test, client->sequence, sequence);
		KUNIT_EXPECT_EQ(test, client->state, state);
		KUNIT_EXPECT_EQ(test, client->status, -5);
		KUNIT_EXPECT_EQ(test, client->length, 7);
		KUNIT_EXPECT_MEMEQ(test, client->data, "payload", 7);
	}
	mutex_unlock(&enclave->calls->lock);
}

static void stream_round_trip(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader = reader_of(test);

	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)s->len);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	KUNIT_ASSERT_NOT_NULL(test, reader->enclave);
	expect_same(test, s->enclave, reader->enclave);
	expect_call(test, reader->enclave, 0, 1, 4, REWIRE_CALL_TAKEN);
	expect_call(test, reader->enclave, 5, 2, 1, REWIRE_CALL_QUEUED);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->count, CALLS);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->pending, 1);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->next_handle, 10ULL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&s->to->memory_used),
			(u64)atomic64_read(&s->from->memory_used));
	expect_nothing(test, reader);
}

/* META, two runs of pages that hold something, LUGGAGE, calls, END: no zero page. */
static void stream_leaves_zero_pages_out(struct kunit *test)
{
	struct streams *s = test->priv;
	static const u32 types[] = {
		REWIRE_RECORD_META, REWIRE_RECORD_PAGES, REWIRE_RECORD_PAGES,
		REWIRE_RECORD_LUGGAGE, REWIRE_RECORD_CALLS, REWIRE_RECORD_CALLS,
		REWIRE_RECORD_END,
	};
	const struct rewire_record *record;
	u32 i;

	KUNIT_ASSERT_EQ(test, s->records, ARRAY_SIZE(types));
	for (i = 0; i < s->records; i++) {
		record = (const void *)(s->bytes + s->record[i]);
		KUNIT_EXPECT_EQ(test, record->type, types[i]);
		KUNIT_EXPECT_EQ(test, record->sequence, (u64)i);
		if (record->type == REWIRE_RECORD_PAGES)
			KUNIT_EXPECT_EQ(test, record->length, PAGE_SIZE);
	}
	record = (const void *)(s->bytes + s->record[2]);
	KUNIT_EXPECT_EQ(test, record->index, 4ULL);
}

static void stream_in_any_pieces(struct kunit *test)
{
	static const size_t pieces[] = { 1, 23, 4096 };
	struct streams *s = test->priv;
	struct rewire_writer *writer;
	struct rewire_reader *reader;
	size_t at, part;
	int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		writer = writer_of(test, REWIRE_STREAM_SESSION);
		read_all(test, writer, pieces[i]);
		rewire_writer_free(writer);
		find_records(test);
		reader = reader_of(test);
		for (at = 0; at < s->len; at += part) {
			part = min(pieces[i], s->len - at);
			KUNIT_ASSERT_EQ(test, write_some(s, reader,
							 s->bytes + at, part),
					(ssize_t)part);
		}
		KUNIT_EXPECT_TRUE(test, is_complete(reader));
		expect_same(test, s->enclave, reader->enclave);
		KUNIT_EXPECT_EQ(test, reader->flow.bytes, (u64)s->len);
		expect_nothing(test, reader);
	}
}

/* Headers and tags byte by byte; of a record's body, one in a hundred. */
static void stream_with_any_byte_changed_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;
	u32 record = 0;
	size_t at, step;

	for (at = 0; at < s->len; at += step) {
		while (record < s->records && s->record[record + 1] <= at)
			record++;
		step = 1;
		if (at >= s->record[record] + sizeof(struct rewire_record) &&
		    at + REWIRE_TAG_SIZE + 101 < s->record[record + 1])
			step = 101;
		s->bytes[at] ^= 1;
		offer(test, s->bytes, s->len);
		s->bytes[at] ^= 1;
	}
}

/* In a tag and in a body, it is the record that is named. */
static void stream_with_changed_record_says_which(struct kunit *test)
{
	struct streams *s = test->priv;
	u32 i;

	for (i = 0; i < s->records; i++) {
		s->bytes[s->record[i + 1] - 1] ^= 0x80;
		KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
				(ssize_t)-EBADMSG);
		s->bytes[s->record[i + 1] - 1] ^= 0x80;
		KUNIT_EXPECT_NOT_NULL(test, strstr(s->why.text, "record"));
	}
}

static void stream_truncated_is_not_complete(struct kunit *test)
{
	struct streams *s = test->priv;
	u32 i;

	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, 0), (ssize_t)0);
	for (i = 0; i < s->records; i++) {
		KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->record[i]),
				(ssize_t)s->record[i]);
		KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->record[i] + 30),
				(ssize_t)s->record[i] + 30);
		KUNIT_EXPECT_EQ(test, offer(test, s->bytes,
					    s->record[i + 1] - 1),
				(ssize_t)s->record[i + 1] - 1);
	}
}

/* @order: numbers of records, up to a negative one */
static ssize_t offer_order(struct kunit *test, const s8 *order)
{
	struct streams *s = test->priv;
	u8 *bytes = kzalloc(2 * ROOM, GFP_KERNEL);
	size_t len = s->record[0], part;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	memcpy(bytes, s->bytes, len);
	for (; *order >= 0; order++) {
		part = s->record[*order + 1] - s->record[*order];
		memcpy(bytes + len, s->bytes + s->record[*order], part);
		len += part;
	}
	ret = offer(test, bytes, len);
	kfree(bytes);
	return ret;
}

static void stream_with_records_dropped_is_refused(struct kunit *test)
{
	static const s8 orders[][8] = {
		{ 1, 2, 3, 4, 5, -1 }, { 0, 2, 3, 4, 5, -1 },
		{ 0, 1, 3, 4, 5, -1 }, { 0, 1, 2, 4, 5, -1 },
		{ 0, 1, 2, 3, 5, -1 }, { 5, -1 }, { 0, 5, -1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		KUNIT_EXPECT_EQ_MSG(test, offer_order(test, orders[i]),
				    (ssize_t)-EBADMSG, "order %d", i);
}

static void stream_with_records_moved_is_refused(struct kunit *test)
{
	static const s8 orders[][8] = {
		{ 1, 0, 2, 3, 4, 5, -1 }, { 0, 2, 1, 3, 4, 5, -1 },
		{ 0, 1, 3, 2, 4, 5, -1 }, { 0, 1, 2, 4, 3, 5, -1 },
		{ 0, 1, 2, 3, 5, 4, -1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		KUNIT_EXPECT_EQ_MSG(test, offer_order(test, orders[i]),
				    (ssize_t)-EBADMSG, "order %d", i);
}

static void stream_with_records_repeated_is_refused(struct kunit *test)
{
	static const s8 orders[][8] = {
		{ 0, 0, 1, 2, 3, 4, 5, -1 }, { 0, 1, 1, 2, 3, 4, 5, -1 },
		{ 0, 1, 2, 1, 3, 4, 5, -1 }, { 0, 1, 2, 3, 3, 4, 5, -1 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		KUNIT_EXPECT_EQ_MSG(test, offer_order(test, orders[i]),
				    (ssize_t)-EBADMSG, "order %d", i);
}

static void stream_with_more_behind_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader = reader_of(test);

	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)s->len);
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, 1),
			(ssize_t)-EBADMSG);
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, 0), (ssize_t)0);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	expect_nothing(test, reader);
}

static void stream_refused_stays_refused(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader = reader_of(test);

	s->bytes[s->record[1] - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)-EBADMSG);
	s->bytes[s->record[1] - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes + s->record[0],
					 s->len - s->record[0]),
			(ssize_t)-EBADMSG);
	expect_nothing(test, reader);
}

static void stream_under_another_secret_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;

	s->secret[31] ^= 1;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-EBADMSG);
	/* nor does a session's stream pass under a root key */
	s->key.secret = NULL;
	s->key.roots = &s->to->roots;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-EBADMSG);
}

static void stream_not_expected_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_stream_header none = s->expect;

	s->expect.kind = REWIRE_STREAM_SEALED;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	s->expect = none;
	s->expect.epoch = 2;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	s->expect = none;
	s->expect.request_id[3] = 1;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	s->expect = none;
	s->expect.workload[0] = 'W';
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	s->expect = none;
	memset(s->expect.origin, 'b', REWIRE_ID_SIZE);
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	/* of no record has been made anything: the header is refused */
	KUNIT_EXPECT_NOT_NULL(test, strstr(s->why.text, "another"));
}

static void checkpoint_is_of_its_own_sm(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_writer *writer;
	struct rewire_reader *reader;

	s->key.secret = NULL;
	s->key.roots = &s->from->roots;
	s->expect.kind = REWIRE_STREAM_SEALED;
	writer = writer_of(test, REWIRE_STREAM_SEALED);
	read_all(test, writer, ROOM);
	rewire_writer_free(writer);

	reader = reader_of(test);
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)s->len);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	expect_same(test, s->enclave, reader->enclave);
	expect_nothing(test, reader);

	s->key.roots = &s->to->roots;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len), (ssize_t)-EBADMSG);
	s->to->roots.newest = 0;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-EOPNOTSUPP);
	s->to->roots.newest = 1;
}

/* Two streams of the same state share no key, so that no nonce is used twice. */
static void streams_have_keys_of_their_own(struct kunit *test)
{
	struct rewire_writer *one = writer_of(test, REWIRE_STREAM_SESSION);
	struct rewire_writer *two = writer_of(test, REWIRE_STREAM_SESSION);

	KUNIT_EXPECT_MEMNEQ(test, one->flow.header.salt, two->flow.header.salt,
			    REWIRE_SALT_SIZE);
	KUNIT_EXPECT_MEMNEQ(test, one->aead.iv, two->aead.iv, REWIRE_IV_SIZE);
	rewire_writer_free(one);
	rewire_writer_free(two);
}

/* every nonce of all the streams below, with the IV it was made from */
struct nonce {
	u8 salt[REWIRE_SALT_SIZE];
	u8 iv[REWIRE_IV_SIZE];
	u64 sequence;
};

#define STREAMS	12

static u32 log_nonces(struct kunit *test, const u8 *iv, struct nonce *log)
{
	struct streams *s = test->priv;
	const struct rewire_record *record;
	u32 i;

	find_records(test);
	for (i = 0; i < s->records; i++) {
		record = (const void *)(s->bytes + s->record[i]);
		memcpy(log[i].salt, ((const struct rewire_stream_header *)
				     s->bytes)->salt, REWIRE_SALT_SIZE);
		memcpy(log[i].iv, iv, REWIRE_IV_SIZE);
		log[i].sequence = record->sequence;
	}
	return s->records;
}

/* The same state again and again, some given up on the way: as retries do. */
static void attack_30_no_nonce_twice(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_writer *writer;
	u8 iv[REWIRE_IV_SIZE];
	u32 i, j, count = 0;
	struct nonce *log;

	log = kunit_kzalloc(test, STREAMS * ARRAY_SIZE(s->record) * sizeof(*log),
			    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, log);
	for (i = 0; i < STREAMS; i++) {
		writer = writer_of(test, REWIRE_STREAM_SESSION);
		memcpy(iv, writer->aead.iv, sizeof(iv));
		if (i % 3 == 2) {
			s->len = world_read(writer, s->bytes, s->record[2]);
			KUNIT_EXPECT_EQ(test, s->len, s->record[2]);
		} else {
			read_all(test, writer, ROOM);
		}
		rewire_writer_free(writer);
		count += log_nonces(test, iv, log + count);
	}
	KUNIT_ASSERT_GT(test, count, STREAMS * 2U);
	for (i = 0; i < count; i++)
		for (j = 0; j < i; j++)
			if (log[i].sequence == log[j].sequence &&
			    (!memcmp(log[i].salt, log[j].salt,
				     REWIRE_SALT_SIZE) ||
			     !memcmp(log[i].iv, log[j].iv, REWIRE_IV_SIZE)))
				KUNIT_FAIL(test, "nonces %u and %u are the same",
					   j, i);
}

static void stream_over_the_memory_limit_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;

	s->to->memory_limit = atomic64_read(&s->from->memory_used) - 1;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-EDQUOT);
	s->to->memory_limit = WORLD_CHARGE - 1;
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-EDQUOT);
}

static void stream_of_no_known_developer_is_refused(struct kunit *test)
{
	struct streams *s = test->priv;

	rewire_roles_free(&s->to->roles);
	KUNIT_ASSERT_EQ(test, rewire_roles_init(&s->to->roles), 0);
	KUNIT_EXPECT_EQ(test, offer(test, s->bytes, s->len),
			(ssize_t)-ENOKEY);
}

/* An enclave under attack is wiped while it is read. */
static void writer_of_a_wiped_enclave_ends(struct kunit *test)
{
	struct rewire_writer *writer = writer_of(test, REWIRE_STREAM_SESSION);
	struct streams *s = test->priv;
	size_t first = s->record[1];

	KUNIT_EXPECT_EQ(test, world_read(writer, s->bytes, first - 1),
			(ssize_t)first - 1);
	mutex_lock(&s->enclave->lock);
	rewire_enclave_wipe(s->enclave, -ECANCELED, "attacked");
	mutex_unlock(&s->enclave->lock);
	/* the record that was made already is still there, and no other */
	KUNIT_EXPECT_EQ(test, world_read(writer, s->bytes, ROOM), (ssize_t)1);
	KUNIT_EXPECT_EQ(test, world_read(writer, s->bytes, ROOM),
			(ssize_t)-ECANCELED);
	rewire_writer_free(writer);
}

/*
 * Client 1 has its next call queued after its entry was sent, and before client
 * 2's was: neither is left out, and the target has the later one of client 1.
 */
static void calls_that_come_meanwhile_push_no_other_out(struct kunit *test)
{
	struct rewire_writer *writer = writer_of(test, REWIRE_STREAM_SESSION);
	struct rewire_reader *reader = reader_of(test);
	struct streams *s = test->priv;
	size_t second = s->record[4];
	ssize_t rest;

	KUNIT_ASSERT_EQ(test, world_read(writer, s->bytes, second - 1),
			(ssize_t)second - 1);
	add_call(test, s->enclave, 1, 5, 10, REWIRE_CALL_QUEUED);
	rest = world_read(writer, s->bytes + second - 1, ROOM - second);
	KUNIT_ASSERT_GT(test, rest, (ssize_t)0);

	s->len = second - 1 + rest;
	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)s->len);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	expect_call(test, reader->enclave, 0, 2, 1, REWIRE_CALL_QUEUED);
	expect_call(test, reader->enclave, 9, 1, 5, REWIRE_CALL_QUEUED);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->count, CALLS);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->pending, 2);
	KUNIT_EXPECT_EQ(test, reader->enclave->calls->next_handle, 11ULL);
	rewire_writer_free(writer);
	expect_nothing(test, reader);
}

static void track(struct kunit *test, struct rewire_writer *writer,
		  enum rewire_dirty set, int result)
{
	mutex_lock(&writer->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_writer_track(writer, set), result);
	mutex_unlock(&writer->enclave->lock);
}

static void begin_round(struct kunit *test, struct rewire_writer *writer,
			bool live, u64 pages)
{
	u64 got = ~0ULL;

	KUNIT_ASSERT_EQ(test, rewire_writer_round(writer, live, &got), 0);
	KUNIT_EXPECT_EQ(test, got, pages);
}

/* the enclave writes one byte of a page */
static void scribble(struct kunit *test, u64 page, u8 value)
{
	struct streams *s = test->priv;

	KUNIT_ASSERT_EQ(test, rewire_memory_write(s->enclave, WORLD_BASE +
						  page * PAGE_SIZE + 5, &value,
						  1), 0);
}

/* what arrives of @s->bytes is what the enclave holds now */
static void expect_arrives(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader = reader_of(test);

	KUNIT_EXPECT_EQ(test, write_some(s, reader, s->bytes, s->len),
			(ssize_t)s->len);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	if (reader->enclave)
		expect_same(test, s->enclave, reader->enclave);
	expect_nothing(test, reader);
}

static void stream_in_rounds(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_writer *writer = writer_of(test, REWIRE_STREAM_SESSION);
	u64 pages;

	track(test, writer, REWIRE_DIRTY_UNSENT, 0);
	begin_round(test, writer, true, WORLD_PAGES);
	KUNIT_EXPECT_EQ(test, rewire_writer_round(writer, true, &pages),
			-EBUSY);
	read_all(test, writer, ROOM);
	scribble(test, WORLD_DATA, 1);
	scribble(test, WORLD_DATA, 2);
	KUNIT_EXPECT_EQ(test, rewire_dirty_count(s->enclave,
						 REWIRE_DIRTY_UNSENT), 1ULL);
	begin_round(test, writer, true, 1);
	/* written after it was taken: the next round has it again */
	scribble(test, WORLD_DATA, 3);
	scribble(test, WORLD_DATA + 1, 4);
	read_on(test, writer, 999);
	begin_round(test, writer, false, 2);
	read_on(test, writer, 999);
	rewire_writer_free(writer);
	expect_arrives(test);
}

/* What was sent, and became zero since, is said in a few bytes. */
static void stream_of_zeros_in_rounds(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_writer *writer = writer_of(test, REWIRE_STREAM_SESSION);
	const struct rewire_record *record;
	size_t before;

	scribble(test, WORLD_DATA, 1);
	track(test, writer, REWIRE_DIRTY_UNSENT, 0);
	begin_round(test, writer, true, WORLD_PAGES);
	read_all(test, writer, ROOM);
	scribble(test, WORLD_DATA, 0);
	before = s->len;
	begin_round(test, writer, true, 1);
	read_on(test, writer, ROOM);
	record = (const void *)(s->bytes + before);
	KUNIT_EXPECT_EQ(test, record->type, REWIRE_RECORD_ZEROS);
	KUNIT_EXPECT_EQ(test, record->index, (u64)WORLD_DATA);
	KUNIT_EXPECT_EQ(test, s->len - before, sizeof(*record) +
			sizeof(struct rewire_zeros) + REWIRE_TAG_SIZE);
	begin_round(test, writer, false, 0);
	read_on(test, writer, ROOM);
	rewire_writer_free(writer);
	expect_arrives(test);
}

/* What is sealed beside it follows what is sent, and is not done before that. */
static void stream_and_checkpoint_in_rounds(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_writer *sent = writer_of(test, REWIRE_STREAM_SESSION);
	struct rewire_writer *sealed, *third;

	track(test, sent, REWIRE_DIRTY_UNSENT, 0);
	begin_round(test, sent, true, WORLD_PAGES);
	read_all(test, sent, ROOM);
	sealed = writer_of(test, REWIRE_STREAM_SESSION);
	track(test, sealed, REWIRE_DIRTY_UNSEALED, 0);
	third = writer_of(test, REWIRE_STREAM_SESSION);
	track(test, third, REWIRE_DIRTY_UNSEALED, -EBUSY);
	rewire_writer_free(third);

	begin_round(test, sealed, true, WORLD_PAGES);
	read_all(test, sealed, ROOM);
	scribble(test, WORLD_DATA, 1);
	/* not before it is taken to be sent */
	begin_round(test, sealed, true, 0);
	read_on(test, sealed, ROOM);
	begin_round(test, sent, true, 1);
	scribble(test, WORLD_DATA, 2);
	begin_round(test, sealed, true, 1);
	read_on(test, sealed, ROOM);
	rewire_writer_free(sent);

	/* one that sends the rest */
	sent = writer_of(test, REWIRE_STREAM_SESSION);
	track(test, sent, REWIRE_DIRTY_UNSENT, 0);
	scribble(test, WORLD_DATA + 1, 3);
	begin_round(test, sent, false, WORLD_PAGES);
	KUNIT_EXPECT_FALSE(test, rewire_dirty_settled(s->enclave));
	rewire_dirty_settle(s->enclave, true);
	begin_round(test, sealed, false, WORLD_PAGES);
	read_on(test, sealed, ROOM);
	rewire_writer_free(sealed);
	rewire_writer_free(sent);
	expect_arrives(test);
}

/* At the target: sealed is what came, each page once more when it comes again. */
static void checkpoint_of_what_comes_in(struct kunit *test)
{
	struct streams *s = test->priv;
	struct rewire_reader *reader = reader_of(test);
	struct rewire_enclave *sent = s->enclave;
	struct rewire_writer *writer;

	write_some(s, reader, s->bytes, s->record[2]);
	KUNIT_ASSERT_NOT_NULL(test, reader->enclave);
	s->enclave = reader->enclave;
	writer = writer_of(test, REWIRE_STREAM_SESSION);
	track(test, writer, REWIRE_DIRTY_UNSEALED, 0);
	write_some(s, reader, s->bytes + s->record[2], s->len - s->record[2]);
	KUNIT_EXPECT_TRUE(test, is_complete(reader));
	begin_round(test, writer, true, WORLD_PAGES);
	read_all(test, writer, ROOM);
	rewire_dirty_came(s->enclave, WORLD_DATA, 1);
	begin_round(test, writer, false, 1);
	read_on(test, writer, ROOM);
	rewire_writer_free(writer);
	s->enclave = sent;
	expect_nothing(test, reader);
	expect_arrives(test);
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(stream_round_trip),
	KUNIT_CASE(stream_leaves_zero_pages_out),
	KUNIT_CASE(stream_in_any_pieces),
	KUNIT_CASE_SLOW(stream_with_any_byte_changed_is_refused),
	KUNIT_CASE(stream_with_changed_record_says_which),
	KUNIT_CASE(stream_truncated_is_not_complete),
	KUNIT_CASE(stream_with_records_dropped_is_refused),
	KUNIT_CASE(stream_with_records_moved_is_refused),
	KUNIT_CASE(stream_with_records_repeated_is_refused),
	KUNIT_CASE(stream_with_more_behind_is_refused),
	KUNIT_CASE(stream_refused_stays_refused),
	KUNIT_CASE(stream_under_another_secret_is_refused),
	KUNIT_CASE(stream_not_expected_is_refused),
	KUNIT_CASE(checkpoint_is_of_its_own_sm),
	KUNIT_CASE(streams_have_keys_of_their_own),
	KUNIT_CASE(attack_30_no_nonce_twice),
	KUNIT_CASE(stream_over_the_memory_limit_is_refused),
	KUNIT_CASE(stream_of_no_known_developer_is_refused),
	KUNIT_CASE(writer_of_a_wiped_enclave_ends),
	KUNIT_CASE(calls_that_come_meanwhile_push_no_other_out),
	KUNIT_CASE(stream_in_rounds),
	KUNIT_CASE(stream_of_zeros_in_rounds),
	KUNIT_CASE(stream_and_checkpoint_in_rounds),
	KUNIT_CASE(checkpoint_of_what_comes_in),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "rewire_stream",
	.init = streams_init,
	.exit = streams_exit,
	.test_cases = stream_cases,
};

kunit_test_suite(stream_suite);
