// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams that no SM would make, under the right key: a peer's kernel may be
 * newer, or not be the peer's any more. Every tag is right, and the content is
 * what must be refused.
 */
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../kmod/arch.h"
#include "../../kmod/stream.h"
#include "util.h"
#include "world.h"

#define ROOM	(REWIRE_MAX_RECORD + SZ_64K)

struct forge {
	struct rewire_sm *sm;
	struct rewire_stream_key key;
	struct rewire_stream_header header;
	struct rewire_meta *meta;	/* a good one, with its signature */
	u32 meta_len;
	struct rewire_end totals;
	struct rewire_aead aead;
	struct rewire_why why;
	u8 secret[REWIRE_KEY_SIZE];
	u8 *bytes, *body;
	size_t len;
};

static void make_meta(struct kunit *test, struct forge *f)
{
	const u8 *cms;
	u32 len;
	const struct rewire_manifest *manifest = world_manifest_get(&cms, &len);
	struct rewire_meta *meta;

	f->meta_len = sizeof(*meta) + len;
	meta = kunit_kzalloc(test, f->meta_len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, meta);
	meta->layout = world_layout;
	meta->manifest = *manifest;
	meta->segments[0] = (struct rewire_segment){
		.length = PAGE_SIZE,
		.prot = REWIRE_PROT_READ | REWIRE_PROT_EXEC,
	};
	meta->segments[1] = (struct rewire_segment){
		.offset = WORLD_DATA * PAGE_SIZE,
		.length = (WORLD_PAGES - WORLD_DATA) * PAGE_SIZE,
		.prot = REWIRE_PROT_READ | REWIRE_PROT_WRITE,
	};
	meta->segment_count = 2;
	meta->cms_len = len;
	memcpy(meta + 1, cms, len);
	meta->xfeatures = rewire_arch_xfeatures();
	KUNIT_ASSERT_EQ(test, rewire_xlayout(meta->xfeatures, meta->xlayout),
			0);
	f->meta = meta;
}

static int forge_init(struct kunit *test)
{
	struct forge *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->bytes = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	f->body = kunit_kzalloc(test, ROOM, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, f->bytes && f->body);
	f->sm = world_sm(test, 'b', false);
	f->key.secret = f->secret;
	f->header = (struct rewire_stream_header){
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_STREAM,
			.version = REWIRE_VERSION,
			.size = sizeof(f->header),
		},
		.kind = REWIRE_STREAM_SESSION,
		.generation = 1,
		.epoch = 3,
	};
	memcpy(f->header.workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	make_meta(test, f);
	return 0;
}

static void forge_exit(struct kunit *test)
{
	struct forge *f = test->priv;

	if (!f)
		return;
	rewire_aead_free(&f->aead);
	world_sm_free(f->sm);
}

/* begin anew */
static void begin(struct kunit *test)
{
	struct forge *f = test->priv;

	rewire_aead_free(&f->aead);
	memset(&f->totals, 0, sizeof(f->totals));
	f->header.salt[0]++;
	KUNIT_ASSERT_EQ(test, rewire_stream_aead(&f->aead, &f->key, &f->header),
			0);
	memcpy(f->bytes, &f->header, sizeof(f->header));
	f->len = sizeof(f->header);
}

static void add(struct kunit *test, u32 type, u64 index, const void *plain,
		u32 length)
{
	struct rewire_record record = {
		.type = type, .length = length, .index = index,
	};
	struct forge *f = test->priv;
	struct scatterlist from, to;
	u8 *at = f->bytes + f->len + sizeof(record);

	KUNIT_ASSERT_LE(test, f->len + sizeof(record) + length +
			REWIRE_TAG_SIZE, ROOM);
	memcpy(f->body, plain, length);
	sg_init_one(&from, f->body, length);
	sg_init_one(&to, at, length);
	KUNIT_ASSERT_EQ(test, rewire_aead_seal(&f->aead, &record, &from, &to,
					       at + length), 0);
	memcpy(at - sizeof(record), &record, sizeof(record));
	f->len += sizeof(record) + length + REWIRE_TAG_SIZE;
	f->totals.records++;
	if (type == REWIRE_RECORD_PAGES)
		f->totals.pages += length / PAGE_SIZE;
	if (type == REWIRE_RECORD_CALLS)
		f->totals.calls++;
}

static void add_meta(struct kunit *test)
{
	struct forge *f = test->priv;

	add(test, REWIRE_RECORD_META, 0, f->meta, f->meta_len);
}

static void add_zeros(struct kunit *test, u64 index, u64 count)
{
	const struct rewire_zeros zeros = { .count = count };
	struct forge *f = test->priv;

	add(test, REWIRE_RECORD_ZEROS, index, &zeros, sizeof(zeros));
	f->totals.pages += count;
}

static void add_luggage(struct kunit *test)
{
	const struct rewire_late late = { .next_handle = 1 };

	add(test, REWIRE_RECORD_LUGGAGE, 0, &late, sizeof(late));
}

static void add_end(struct kunit *test)
{
	struct forge *f = test->priv;

	rewire_aead_digest(&f->aead, f->totals.digest);
	add(test, REWIRE_RECORD_END, 0, &f->totals, sizeof(f->totals));
}

/* Return: the reader's answer to all that was added; 1 when it is complete */
static int result(struct kunit *test)
{
	struct forge *f = test->priv;
	struct kvec vec = { .iov_base = f->bytes, .iov_len = f->len };
	const struct rewire_stream_header expect = {
		.kind = REWIRE_STREAM_SESSION,
	};
	struct rewire_reader *reader;
	struct iov_iter iter;
	ssize_t ret;

	memset(&f->why, 0, sizeof(f->why));
	reader = rewire_reader_create(f->sm, &expect, &f->key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader);
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, f->len);
	ret = rewire_reader_write(reader, &iter, &f->why);
	if (ret < 0)
		KUNIT_EXPECT_NE(test, strlen(f->why.text), 0);
	else
		ret = reader->flow.part == REWIRE_PART_OVER;
	rewire_reader_free(reader);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&f->sm->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, f->sm->enclave_count, 0);
	return ret;
}

/* what the other cases have one thing wrong of is taken */
static void forge_of_a_good_stream_is_taken(struct kunit *test)
{
	struct forge *f = test->priv;

	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_PAGES, 0, f->body, PAGE_SIZE);
	add(test, REWIRE_RECORD_PAGES, WORLD_DATA, f->body,
	    (WORLD_PAGES - WORLD_DATA) * PAGE_SIZE);
	add(test, REWIRE_RECORD_PAGES, 0, f->body, PAGE_SIZE);
	add_luggage(test);
	add_end(test);
	KUNIT_EXPECT_EQ(test, result(test), 1);
}

static void pages_outside_of_segments_are_refused(struct kunit *test)
{
	static const struct {
		u64 index;
		u32 length;
	} cases[] = {
		{ WORLD_HOLE, PAGE_SIZE },		/* in no segment */
		{ 0, 4 * PAGE_SIZE },			/* across the hole */
		{ WORLD_PAGES, PAGE_SIZE },		/* behind the span */
		{ WORLD_PAGES - 1, 2 * PAGE_SIZE },	/* across its end */
		{ U64_MAX, PAGE_SIZE },			/* and around */
		{ U64_MAX - 3, 8 * PAGE_SIZE },
		{ 1ULL << 52, PAGE_SIZE },
		{ WORLD_DATA, PAGE_SIZE - 1 },		/* no whole pages */
		{ WORLD_DATA, 1 },
		{ WORLD_DATA, PAGE_SIZE + 8 },
	};
	struct forge *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(test);
		add_meta(test);
		add(test, REWIRE_RECORD_PAGES, cases[i].index, f->body,
		    cases[i].length);
		KUNIT_EXPECT_EQ_MSG(test, result(test), -EBADMSG, "case %d", i);
	}
}

/* Among pages, in any order; and only where there are pages. */
static void zeros_are_taken_where_pages_are(struct kunit *test)
{
	static const struct {
		u64 index;
		u64 count;
	} cases[] = {
		{ WORLD_DATA, 0 },
		{ WORLD_HOLE, 1 },
		{ 0, WORLD_DATA },
		{ WORLD_PAGES, 1 },
		{ WORLD_PAGES - 1, 2 },
		{ WORLD_DATA, U64_MAX },
		{ U64_MAX, 2 },
		{ 0, REWIRE_ZEROS_MAX + 1 },
	};
	struct forge *f = test->priv;
	int i;

	begin(test);
	add_meta(test);
	add_zeros(test, WORLD_DATA, WORLD_PAGES - WORLD_DATA);
	add(test, REWIRE_RECORD_PAGES, WORLD_DATA, f->body, PAGE_SIZE);
	add_zeros(test, WORLD_DATA, 1);
	add_luggage(test);
	add_end(test);
	KUNIT_EXPECT_EQ(test, result(test), 1);

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(test);
		add_meta(test);
		add_zeros(test, cases[i].index, cases[i].count);
		KUNIT_EXPECT_EQ_MSG(test, result(test), -EBADMSG, "case %d", i);
	}
	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_ZEROS, WORLD_DATA, f->body, 4);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
	begin(test);
	add_meta(test);
	add_luggage(test);
	add_zeros(test, WORLD_DATA, 1);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
}

/* Refused before a byte of the body has come. */
static void record_of_wrong_length_is_refused(struct kunit *test)
{
	static const struct {
		u32 type, length;
	} cases[] = {
		{ REWIRE_RECORD_PAGES, REWIRE_MAX_RECORD + 1 },
		{ REWIRE_RECORD_PAGES, REWIRE_MAX_RECORD + PAGE_SIZE },
		{ REWIRE_RECORD_PAGES, U32_MAX },
		{ REWIRE_RECORD_PAGES, 0 },
		{ REWIRE_RECORD_CALLS, REWIRE_MAX_PAYLOAD +
				       sizeof(struct rewire_call_wire) + 1 },
		{ REWIRE_RECORD_CALLS, 0 },
		{ REWIRE_RECORD_END, REWIRE_MAX_RECORD },
		{ REWIRE_RECORD_LUGGAGE, 0 },
		{ REWIRE_RECORD_END, 0 },
	};
	struct forge *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rewire_record record = {
			.type = cases[i].type, .length = cases[i].length,
			.sequence = 1,
		};

		begin(test);
		add_meta(test);
		memcpy(f->bytes + f->len, &record, sizeof(record));
		f->len += sizeof(record);
		KUNIT_EXPECT_EQ_MSG(test, result(test), -EBADMSG, "case %d", i);
	}
}

static void record_of_full_size_is_taken_in(struct kunit *test)
{
	struct forge *f = test->priv;

	/* its enclave is too small, which is known only when it is complete */
	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_PAGES, 0, f->body, REWIRE_MAX_RECORD);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(f->why.text, "pages"));
}

static void records_out_of_order_are_refused(struct kunit *test)
{
	struct rewire_call_wire call = { .id = { 1 }, .sequence = 1,
					 .handle = 1 };
	struct forge *f = test->priv;

	begin(test);
	add(test, REWIRE_RECORD_PAGES, 0, f->body, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add_meta(test);
	add_meta(test);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_CALLS, 0, &call, sizeof(call));
	add(test, REWIRE_RECORD_PAGES, 0, f->body, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_END + 1, 0, f->body, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add(test, 0, 0, f->meta, f->meta_len);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
}

static int result_of_meta(struct kunit *test)
{
	begin(test);
	add_meta(test);
	add_luggage(test);
	add_end(test);
	return result(test);
}

static void meta_of_other_size_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;
	u32 cms_len = f->meta->cms_len;

	KUNIT_EXPECT_EQ(test, result_of_meta(test), 1);
	f->meta->cms_len = cms_len - 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EBADMSG);
	f->meta->cms_len = U32_MAX;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EBADMSG);
	f->meta->cms_len = cms_len;
	f->meta->segment_count = REWIRE_MAX_SEGMENTS + 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EBADMSG);
	f->meta->segment_count = 2;
	f->meta_len = sizeof(*f->meta) - 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EBADMSG);
	f->meta_len = 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EBADMSG);
}

static void meta_with_bad_segments_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;
	struct rewire_meta good = *f->meta;
	struct rewire_segment *data = &f->meta->segments[1];

	data->prot |= REWIRE_PROT_EXEC;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	data->length += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	data->length = -PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	data->offset = 0;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	/* without data there is no room for gate and State Save Area */
	f->meta->segment_count = 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	f->meta->segment_count = 0;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
}

static void meta_with_bad_layout_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;
	struct rewire_meta good = *f->meta;

	f->meta->layout.entry = WORLD_BASE + WORLD_DATA * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	f->meta->layout.span = REWIRE_MAX_SPAN + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	f->meta->layout.base = -(u64)PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
	*f->meta = good;
	f->meta->layout.doorbell = WORLD_BASE + PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EINVAL);
}

/* Whoever holds the stream's key is not the developer. */
static void meta_with_changed_manifest_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;
	struct rewire_manifest *manifest = &f->meta->manifest;

	manifest->measurement[0] ^= 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EKEYREJECTED);
	manifest->measurement[0] ^= 1;
	manifest->max_memory++;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EKEYREJECTED);
	manifest->max_memory--;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), 1);
}

static void meta_of_another_cpu_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;

	f->meta->xlayout[0] ^= 1;
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EOPNOTSUPP);
	f->meta->xlayout[0] ^= 1;
	f->meta->xfeatures |= BIT_ULL(62);
	KUNIT_EXPECT_EQ(test, result_of_meta(test), -EOPNOTSUPP);
}

static int result_of_call(struct kunit *test, struct rewire_call_wire *call,
			  u32 length)
{
	begin(test);
	add_meta(test);
	add_luggage(test);
	add(test, REWIRE_RECORD_CALLS, 0, call, length);
	add_end(test);
	return result(test);
}

static void call_malformed_is_refused(struct kunit *test)
{
	struct {
		struct rewire_call_wire wire;
		u8 payload[8];
	} call = {
		.wire = { .id = { 1 }, .sequence = 1, .handle = 1, .length = 8 },
	};
	const struct rewire_call_wire good = call.wire;

	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)), 1);
	call.wire.length = 7;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
	call.wire.length = U32_MAX;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
	call.wire = good;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire,
					     sizeof(call.wire) - 1), -EBADMSG);
	call.wire.state = REWIRE_CALL_STATES;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
	call.wire = good;
	call.wire.reserved = 1;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
	call.wire = good;
	call.wire.sequence = 0;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
	call.wire = good;
	call.wire.handle = U64_MAX;
	KUNIT_EXPECT_EQ(test, result_of_call(test, &call.wire, sizeof(call)),
			-EBADMSG);
}

static void call_of_one_client_twice(struct kunit *test)
{
	struct rewire_call_wire call = {
		.id = { 1 }, .sequence = 3, .handle = 3,
		.state = REWIRE_CALL_ANSWERED,
	};

	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_CALLS, 0, &call, sizeof(call));
	add(test, REWIRE_RECORD_CALLS, 0, &call, sizeof(call));
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
	/* of a call that is not answered there is no next one */
	begin(test);
	add_meta(test);
	call.state = REWIRE_CALL_DELIVERED;
	add(test, REWIRE_RECORD_CALLS, 0, &call, sizeof(call));
	call.sequence = 4;
	add(test, REWIRE_RECORD_CALLS, 0, &call, sizeof(call));
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
}

static void end_with_other_totals_is_refused(struct kunit *test)
{
	struct forge *f = test->priv;
	int i;

	for (i = 0; i < sizeof(f->totals) + 1; i++) {
		begin(test);
		add_meta(test);
		add(test, REWIRE_RECORD_PAGES, 0, f->body, PAGE_SIZE);
		add_luggage(test);
		rewire_aead_digest(&f->aead, f->totals.digest);
		if (i < sizeof(f->totals))
			((u8 *)&f->totals)[i] ^= 1;
		add(test, REWIRE_RECORD_END, 0, &f->totals, sizeof(f->totals));
		KUNIT_EXPECT_EQ_MSG(test, result(test),
				    i < sizeof(f->totals) ? -EBADMSG : 1,
				    "byte %d", i);
	}
	begin(test);
	add_meta(test);
	rewire_aead_digest(&f->aead, f->totals.digest);
	add(test, REWIRE_RECORD_END, 0, &f->totals, sizeof(f->totals) - 1);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
}

static void luggage_comes_once(struct kunit *test)
{
	const struct rewire_late late = { .next_handle = 1 };

	begin(test);
	add_meta(test);
	add_end(test);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add_meta(test);
	add_luggage(test);
	add_luggage(test);
	add_end(test);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);

	begin(test);
	add_meta(test);
	add(test, REWIRE_RECORD_LUGGAGE, 0, &late, sizeof(late) - 1);
	KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
}

static void more_threads_than_allowed_are_refused(struct kunit *test)
{
	static const u64 sets[] = { 1, 2, BIT_ULL(63) };
	struct rewire_late late = { .next_handle = 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		late.threads = sets[i];
		begin(test);
		add_meta(test);
		add(test, REWIRE_RECORD_LUGGAGE, 0, &late, sizeof(late));
		add_end(test);
		KUNIT_EXPECT_EQ(test, result(test), -EBADMSG);
	}
}

static struct kunit_case forge_cases[] = {
	KUNIT_CASE(forge_of_a_good_stream_is_taken),
	KUNIT_CASE(pages_outside_of_segments_are_refused),
	KUNIT_CASE(zeros_are_taken_where_pages_are),
	KUNIT_CASE(record_of_wrong_length_is_refused),
	KUNIT_CASE(record_of_full_size_is_taken_in),
	KUNIT_CASE(luggage_comes_once),
	KUNIT_CASE(more_threads_than_allowed_are_refused),
	KUNIT_CASE(records_out_of_order_are_refused),
	KUNIT_CASE(meta_of_other_size_is_refused),
	KUNIT_CASE(meta_with_bad_segments_is_refused),
	KUNIT_CASE(meta_with_bad_layout_is_refused),
	KUNIT_CASE(meta_with_changed_manifest_is_refused),
	KUNIT_CASE(meta_of_another_cpu_is_refused),
	KUNIT_CASE(call_malformed_is_refused),
	KUNIT_CASE(call_of_one_client_twice),
	KUNIT_CASE_SLOW(end_with_other_totals_is_refused),
	{}
};

static struct kunit_suite forge_suite = {
	.name = "rewire_forge",
	.init = forge_init,
	.exit = forge_exit,
	.test_cases = forge_cases,
};

kunit_test_suite(forge_suite);
