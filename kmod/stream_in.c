// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream becomes an enclave. Nothing in it is believed before its tag is
 * verified, and the enclave can do nothing before the END record is.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "compat.h"
#include "dirty.h"
#include "pages.h"
#include "stream.h"
#include "trace.h"
#include "usercopy.h"

/* META: fixed part and a signature; CALLS: an entry with its payload */
#define READER_MAX_LINEAR	(sizeof(struct rewire_call_wire) + \
				 REWIRE_MAX_PAYLOAD)

/**
 * rewire_reader_create() - be ready for a stream
 * @sm: where the enclave will live
 * @expect: which one, see struct rewire_reader
 * @key: for the records; a session's secret must outlive the reader
 *
 * Return: the reader, or an ERR_PTR().
 */
struct rewire_reader *
rewire_reader_create(struct rewire_sm *sm,
		     const struct rewire_stream_header *expect,
		     const struct rewire_stream_key *key)
{
	struct rewire_reader *reader = kzalloc(sizeof(*reader),
					       GFP_KERNEL_ACCOUNT);

	if (!reader)
		return ERR_PTR(-ENOMEM);
	reader->flow.buffer = rewire_buffer_alloc();
	if (!reader->flow.buffer) {
		kfree(reader);
		return ERR_PTR(-ENOMEM);
	}
	reader->sm = sm;
	reader->expect = *expect;
	reader->key = *key;
	return reader;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_reader_create);

/**
 * rewire_reader_lane() - be ready for another lane of a stream
 * @first: the reader of the first one, which has an enclave and knows its lanes
 * @lane: which
 *
 * Return: the reader, or an ERR_PTR().
 */
struct rewire_reader *rewire_reader_lane(const struct rewire_reader *first,
					 u32 lane)
{
	struct rewire_reader *reader;

	reader = rewire_reader_create(first->sm, &first->expect, &first->key);
	if (IS_ERR(reader))
		return reader;
	reader->lanes = first->lanes;
	reader->lane = lane;
	/* the first lane's is that of all */
	reader->last = REWIRE_RECORD_META;
	reader->enclave = first->enclave;
	rewire_enclave_get(reader->enclave);
	return reader;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_reader_lane);

/* an enclave that nobody took over from the reader is wiped */
void rewire_reader_free(struct rewire_reader *reader)
{
	struct rewire_enclave *enclave;

	if (!reader)
		return;
	enclave = reader->enclave;
	if (enclave) {
		mutex_lock(&enclave->lock);
		if (enclave->state == REWIRE_ENCLAVE_RECEIVING)
			rewire_enclave_wipe(enclave, -ECANCELED,
					    "its stream was given up");
		mutex_unlock(&enclave->lock);
		rewire_enclave_put(enclave);
	}
	if (reader->aead.tfm)
		rewire_aead_free(&reader->aead);
	rewire_buffer_free(reader->flow.buffer);
	kfree_sensitive(reader);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_reader_free);

static bool reader_differs(const u8 *expected, const u8 *got)
{
	return memchr_inv(expected, 0, REWIRE_ID_SIZE) &&
	       memcmp(expected, got, REWIRE_ID_SIZE);
}

/* the first lane says how many there are, and the others have to agree */
static int reader_lanes(struct rewire_reader *reader, struct rewire_why *why)
{
	const struct rewire_stream_header *h = &reader->flow.header;
	struct rewire_lanes *lanes = reader->lanes;
	u32 most = !lanes ? 0 : reader->lane ? lanes->count :
					       REWIRE_MAX_LANES;

	if (h->lane != reader->lane || h->lanes > most || h->lanes == 1 ||
	    (reader->lane && h->lanes != most))
		return rewire_because(why, -EBADMSG,
				      "lane %u of %u where %u is due",
				      h->lane, h->lanes, reader->lane);
	if (h->lanes && !reader->lane)
		rewire_lanes_begin(lanes, h->lanes);
	return 0;
}

static int reader_header(struct rewire_reader *reader, struct rewire_why *why)
{
	const struct rewire_stream_header *h = &reader->flow.header;
	const struct rewire_stream_header *expect = &reader->expect;
	int ret;

	ret = rewire_header_check(&h->header, REWIRE_TYPE_STREAM, sizeof(*h),
				  why);
	if (ret)
		return ret;
	if (h->kind != expect->kind)
		return rewire_because(why, -EBADMSG,
				      "a stream of kind %u, not %u", h->kind,
				      expect->kind);
	if (!reader->key.secret &&
	    !rewire_root_of(reader->key.roots, h->generation))
		return rewire_because(why, -EOPNOTSUPP,
				      "sealed under root generation %u, which is not kept here",
				      h->generation);
	if (reader_differs(expect->request_id, h->request_id) ||
	    reader_differs(expect->workload, h->workload) ||
	    reader_differs(expect->origin, h->origin) ||
	    (expect->epoch && expect->epoch != h->epoch))
		return rewire_because(why, -EBADMSG,
				      "a stream of another migration, workload, epoch or SM");
	return reader_lanes(reader, why) ?:
	       rewire_stream_aead(&reader->aead, &reader->key, h);
}

/* pages and zeros come in any order, all others in that of their types */
static u32 reader_rank(u32 type)
{
	return type == REWIRE_RECORD_ZEROS ? REWIRE_RECORD_PAGES : type;
}

/* may this record follow the last one, and does it fit? */
static int reader_record(struct rewire_reader *reader, struct rewire_why *why)
{
	const struct rewire_record *r = &reader->flow.record;
	u32 most = r->type == REWIRE_RECORD_PAGES ? REWIRE_MAX_RECORD :
						    READER_MAX_LINEAR;
	bool first = !reader->last;

	if (r->type < REWIRE_RECORD_META || r->type > REWIRE_RECORD_END ||
	    (r->type == REWIRE_RECORD_META) != first ||
	    reader_rank(r->type) < reader_rank(reader->last) ||
	    (reader->lane && reader_rank(r->type) != REWIRE_RECORD_PAGES &&
	     r->type != REWIRE_RECORD_END))
		return rewire_because(why, -EBADMSG,
				      "record %llu is of type %u, after type %u",
				      r->sequence, r->type, reader->last);
	if (!r->length || r->length > most)
		return rewire_because(why, -EBADMSG,
				      "record %llu has %u bytes", r->sequence,
				      r->length);
	return 0;
}

/* decrypt a record that is not pages; the caller frees with kvfree_sensitive */
static void *reader_open_linear(struct rewire_reader *reader, int *ret)
{
	struct rewire_flow *flow = &reader->flow;
	u32 length = flow->record.length;
	struct scatterlist *sg = rewire_buffer_sg(flow->buffer, length);
	void *plain;

	*ret = rewire_aead_open(&reader->aead, &flow->record, sg, sg,
				flow->tag);
	if (*ret)
		return NULL;
	plain = kvmalloc(length, GFP_KERNEL_ACCOUNT);
	if (plain)
		rewire_buffer_copy(flow->buffer, plain, length, true);
	else
		*ret = -ENOMEM;
	return plain;
}

static int reader_build(struct rewire_reader *reader,
			struct rewire_enclave *enclave,
			const struct rewire_meta *meta, struct rewire_why *why)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < meta->segment_count && !ret; i++) {
		const struct rewire_segment *s = &meta->segments[i];

		ret = rewire_memory_segment(enclave, s->offset, s->length,
					    s->prot, why) ?:
		      rewire_memory_alloc(enclave, s->offset, s->length, why);
	}
	if (ret)
		return ret;
	ret = rewire_memory_layout(enclave,
				   clamp_t(u32, meta->manifest.max_threads, 1,
					   REWIRE_MAX_THREADS), why) ?:
	      rewire_manifest_check(reader->sm, &meta->manifest,
				    (const u8 *)(meta + 1), meta->cms_len,
				    enclave->charged, enclave->developer, why);
	if (ret)
		return ret;
	enclave->cms = kmemdup(meta + 1, meta->cms_len, GFP_KERNEL_ACCOUNT);
	if (!enclave->cms)
		return -ENOMEM;
	enclave->cms_len = meta->cms_len;
	enclave->manifest = meta->manifest;
	memcpy(enclave->measurement, meta->manifest.measurement,
	       REWIRE_DIGEST_SIZE);
	memcpy(enclave->workload, reader->flow.header.workload,
	       REWIRE_ID_SIZE);
	enclave->epoch = reader->flow.header.epoch;
	return rewire_sm_add_enclave(reader->sm, enclave, why);
}

static int reader_meta(struct rewire_reader *reader,
		       const struct rewire_meta *meta, struct rewire_why *why)
{
	u32 length = reader->flow.record.length;
	struct rewire_enclave *enclave;
	int ret;

	if (length < sizeof(*meta) || length - sizeof(*meta) != meta->cms_len ||
	    meta->cms_len > REWIRE_MAX_CMS ||
	    meta->segment_count > REWIRE_MAX_SEGMENTS)
		return rewire_because(why, -EBADMSG, "META is malformed");
	ret = rewire_xfeatures_check(meta->xfeatures, meta->xlayout, why);
	if (ret)
		return ret;
	enclave = rewire_enclave_create(reader->sm, &meta->layout,
					REWIRE_ENCLAVE_RECEIVING, why);
	if (IS_ERR(enclave))
		return PTR_ERR(enclave);
	mutex_lock(&enclave->lock);
	ret = reader_build(reader, enclave, meta, why);
	if (ret)
		rewire_enclave_wipe(enclave, -ECANCELED, "its META was refused");
	mutex_unlock(&enclave->lock);
	if (ret) {
		rewire_enclave_put(enclave);
		return ret;
	}
	reader->enclave = enclave;
	return 0;
}

/*
 * With map_sem, so that other lanes take in theirs meanwhile: are there so many pages
 * from the record's index on? An enclave that is not wiped is RECEIVING as long as
 * there is a lane without its END.
 */
static int reader_range(struct rewire_reader *reader, u64 count,
			struct rewire_why *why)
{
	struct rewire_enclave *enclave = reader->enclave;
	const struct rewire_record *r = &reader->flow.record;
	u64 end = enclave->layout.span >> PAGE_SHIFT, i;

	if (!enclave->mappable)
		return rewire_because(why, -ECANCELED, "the enclave is gone");
	if (!count || r->index >= end || count > end - r->index)
		return rewire_because(why, -EBADMSG,
				      "record %llu holds no pages of this enclave",
				      r->sequence);
	if (!rewire_lanes_own(reader->lanes, reader->lane, r->index, count))
		return rewire_because(why, -EBADMSG,
				      "pages from %llu on do not belong to lane %u",
				      r->index, reader->lane);
	for (i = 0; i < count; i++)
		if (!rewire_page(enclave, r->index + i))
			return rewire_because(why, -EBADMSG,
					      "page %llu is in no segment",
					      r->index + i);
	return 0;
}

static int reader_pages(struct rewire_reader *reader, struct rewire_why *why)
{
	struct rewire_enclave *enclave = reader->enclave;
	struct rewire_flow *flow = &reader->flow;
	const struct rewire_record *r = &flow->record;
	u64 count = r->length >> PAGE_SHIFT;
	int ret;

	down_read(&enclave->map_sem);
	ret = reader_range(reader, offset_in_page(r->length) ? 0 : count, why);
	if (!ret)
		ret = rewire_aead_open(&reader->aead, r,
				       rewire_buffer_sg(flow->buffer, r->length),
				       rewire_buffer_enclave_sg(flow->buffer,
								enclave,
								r->index,
								r->length),
				       flow->tag);
	up_read(&enclave->map_sem);
	reader->totals.pages += count;
	if (!ret)
		rewire_dirty_came(enclave, r->index, count);
	return ret;
}

static int reader_zeros(struct rewire_reader *reader,
			const struct rewire_zeros *zeros,
			struct rewire_why *why)
{
	struct rewire_enclave *enclave = reader->enclave;
	u64 first = reader->flow.record.index, i;
	int ret;

	if (reader->flow.record.length != sizeof(*zeros) ||
	    zeros->count > REWIRE_ZEROS_MAX)
		return rewire_because(why, -EBADMSG, "ZEROS is malformed");
	down_read(&enclave->map_sem);
	ret = reader_range(reader, zeros->count, why);
	for (i = 0; i < zeros->count && !ret; i++)
		clear_page(page_address(rewire_page(enclave, first + i)));
	up_read(&enclave->map_sem);
	reader->totals.pages += zeros->count;
	if (!ret)
		rewire_dirty_came(enclave, first, zeros->count);
	return ret;
}

static int reader_late(struct rewire_reader *reader,
		       const struct rewire_late *late, struct rewire_why *why)
{
	u32 others = reader->flow.header.lanes ?
		     reader->flow.header.lanes - 1 : 0;
	u32 ends = others * sizeof(struct rewire_end);

	if (rewire_lanes_open(reader->lanes))
		return rewire_because(why, -ECANCELED, "the enclave is gone");
	if (reader->flow.record.length != sizeof(*late) + ends || reader->laden)
		return rewire_because(why, -EBADMSG,
				      "LUGGAGE is malformed, or comes twice");
	if (others && memcmp(late + 1, &reader->lanes->end[1], ends))
		return rewire_because(why, -EBADMSG,
				      "the lanes' totals differ: records or pages are missing");
	if (rewire_threads_unpack(reader->enclave, late->threads))
		return rewire_because(why, -EBADMSG,
				      "more threads than the manifest allows");
	reader->enclave->calls->next_handle = late->next_handle;
	reader->luggage = late->luggage;
	reader->laden = true;
	return 0;
}

static int reader_call(struct rewire_reader *reader,
		       const struct rewire_call_wire *wire,
		       struct rewire_why *why)
{
	u32 length = reader->flow.record.length;

	if (length < sizeof(*wire) || length - sizeof(*wire) != wire->length)
		return rewire_because(why, -EBADMSG, "a call is malformed");
	reader->totals.calls++;
	return rewire_calls_restore(reader->enclave, wire,
				    (const u8 *)(wire + 1), why);
}

static int reader_end(struct rewire_reader *reader,
		      const struct rewire_end *end, struct rewire_why *why)
{
	if (reader->flow.record.length != sizeof(*end) ||
	    (!reader->laden && !reader->lane) ||
	    memcmp(end, &reader->totals, sizeof(*end)))
		return rewire_because(why, -EBADMSG,
				      "the totals differ: records, pages or calls are missing");
	if (reader->lane)
		rewire_lanes_end(reader->lanes, reader->lane, end,
				 reader->enclave);
	return 0;
}

static int reader_linear(struct rewire_reader *reader, struct rewire_why *why)
{
	u32 length = reader->flow.record.length;
	void *plain;
	int ret;

	plain = reader_open_linear(reader, &ret);
	if (ret)
		return ret;
	switch (reader->flow.record.type) {
	case REWIRE_RECORD_META:
		ret = reader_meta(reader, plain, why);
		break;
	case REWIRE_RECORD_ZEROS:
		ret = reader_zeros(reader, plain, why);
		break;
	case REWIRE_RECORD_LUGGAGE:
		ret = reader_late(reader, plain, why);
		break;
	case REWIRE_RECORD_CALLS:
		ret = reader_call(reader, plain, why);
		break;
	default:
		ret = reader_end(reader, plain, why);
		break;
	}
	memzero_explicit(plain, length);
	kvfree(plain);
	return ret;
}

/* a record is complete */
static int reader_take(struct rewire_reader *reader, struct rewire_why *why)
{
	struct rewire_record *record = &reader->flow.record;
	int ret = 0;

	/* D is over everything before END */
	if (record->type == REWIRE_RECORD_END)
		ret = rewire_aead_digest(&reader->aead, reader->totals.digest);
	if (!ret)
		ret = record->type == REWIRE_RECORD_PAGES ?
			      reader_pages(reader, why) :
			      reader_linear(reader, why);
	if (ret == -EBADMSG && why && !why->text[0])
		rewire_because(why, ret,
			       "record %llu was changed, or is out of place",
			       record->sequence);
	if (ret)
		return ret;
	reader->last = record->type;
	if (record->type == REWIRE_RECORD_END) {
		/* who reads the same state out again needs as much once more */
		rewire_buffer_free(reader->flow.buffer);
		reader->flow.buffer = NULL;
		reader->flow.part = REWIRE_PART_OVER;
	} else {
		reader->totals.records++;
		reader->flow.part = REWIRE_PART_RECORD;
	}
	trace_rewire_record(reader->enclave->id, true, record, 0);
	return 0;
}

/* what comes after the pages has to wait for those of the other lanes */
static bool reader_waits(const struct rewire_reader *reader)
{
	return reader->flow.record.type == REWIRE_RECORD_LUGGAGE &&
	       rewire_lanes_open(reader->lanes) &&
	       READ_ONCE(reader->enclave->state) == REWIRE_ENCLAVE_RECEIVING;
}

/* a part is complete */
static int reader_advance(struct rewire_reader *reader, struct rewire_why *why)
{
	struct rewire_flow *flow = &reader->flow;
	int ret = 0;

	switch (flow->part) {
	case REWIRE_PART_HEADER:
		ret = reader_header(reader, why);
		break;
	case REWIRE_PART_RECORD:
		ret = reader_record(reader, why);
		break;
	case REWIRE_PART_BODY:
		break;
	default:
		if (!reader_waits(reader))
			return reader_take(reader, why);
		flow->part = REWIRE_PART_DUE;
		return 0;
	}
	flow->part++;
	return ret;
}

/**
 * rewire_reader_write() - the next bytes of the stream
 * @reader: the caller holds the lock that serialises it
 * @from: where they are
 * @why: for the sentence
 *
 * After a refusal the reader stays spoilt: every further write gets the same
 * errno.
 *
 * Return: bytes; 0 when a record is DUE, and has to wait for other lanes; or a
 * negative errno.
 */
ssize_t rewire_reader_write(struct rewire_reader *reader, struct iov_iter *from,
			    struct rewire_why *why)
{
	struct rewire_flow *flow = &reader->flow;
	size_t done = 0, moved;
	u32 part;

	if (iov_iter_count(from) && flow->part == REWIRE_PART_OVER && !flow->error)
		return rewire_because(why, -EBADMSG,
				      "the stream is complete; nothing may follow");
	if (iov_iter_count(from) && flow->part == REWIRE_PART_DUE &&
	    !flow->error)
		flow->error = reader_advance(reader, why);
	while (iov_iter_count(from) && flow->part < REWIRE_PART_REST &&
	       !flow->error) {
		void *to = rewire_flow_window(flow, &part);

		moved = rewire_copy_from(to, part, from);
		if (!moved)
			return done ?: -EFAULT;
		done += moved;
		if (!rewire_flow_move(flow, moved))
			continue;
		flow->error = reader_advance(reader, why);
		if (signal_pending(current))
			break;
	}
	/* a refusal is told at once: nobody may think the bytes were taken */
	return flow->error ?: done;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_reader_write);
