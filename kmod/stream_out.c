// SPDX-License-Identifier: GPL-2.0-only
/*
 * An enclave becomes a stream: pages are encrypted straight from the enclave
 * into one record's buffer, and go to the reader from there.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "compat.h"
#include "dirty.h"
#include "output.h"
#include "pages.h"
#include "stream.h"
#include "trace.h"
#include "usercopy.h"

/* no more to come */
#define WRITER_DONE	0

/* one that is like this, with a salt and so a key of its own */
static struct rewire_writer *writer_create(const struct rewire_writer *like,
					   const struct rewire_stream_key *key)
{
	struct rewire_writer *writer = kmemdup(like, sizeof(*like),
					       GFP_KERNEL_ACCOUNT);
	struct rewire_stream_header *header;
	int ret = -ENOMEM;

	if (!writer)
		return ERR_PTR(-ENOMEM);
	header = &writer->flow.header;
	get_random_bytes(header->salt, sizeof(header->salt));
	writer->flow.buffer = rewire_buffer_alloc();
	if (!writer->flow.buffer)
		goto err_writer;
	ret = rewire_stream_aead(&writer->aead, key, header);
	if (ret)
		goto err_buffer;
	rewire_enclave_get(writer->enclave);
	return writer;

err_buffer:
	rewire_buffer_free(writer->flow.buffer);
err_writer:
	kfree(writer);
	return ERR_PTR(ret);
}

/**
 * rewire_writer_create() - begin a stream
 * @enclave: locked, standing still until the writer is freed
 * @kind: REWIRE_STREAM_*
 * @request_id: the migration, or NULL
 * @key: for the records
 * @lanes: it is the first of these, or NULL
 *
 * Return: the writer, or an ERR_PTR().
 */
struct rewire_writer *
rewire_writer_create(struct rewire_enclave *enclave, u32 kind,
		     const u8 *request_id, const struct rewire_stream_key *key,
		     struct rewire_lanes *lanes)
{
	struct rewire_sm *sm = enclave->sm;
	struct rewire_writer like = {
		.enclave = enclave,
		.lanes = lanes,
		.next = REWIRE_RECORD_META,
		.flow.header = {
			.header = {
				.magic = REWIRE_MAGIC,
				.type = REWIRE_TYPE_STREAM,
				.version = REWIRE_VERSION,
				.size = sizeof(like.flow.header),
			},
			.kind = kind,
			.lanes = lanes ? lanes->count : 0,
			.generation = rewire_roots_newest(&sm->roots),
			.epoch = enclave->epoch,
		},
	};
	struct rewire_stream_header *header = &like.flow.header;

	memcpy(header->workload, enclave->workload, REWIRE_ID_SIZE);
	memcpy(header->origin, sm->attest.id, REWIRE_ID_SIZE);
	if (request_id)
		memcpy(header->request_id, request_id, REWIRE_ID_SIZE);
	return writer_create(&like, key);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_create);

/**
 * rewire_writer_lane() - another lane of a stream
 * @first: the first one; to be freed after this one
 * @lane: which
 * @key: as for @first
 *
 * Return: the writer, or an ERR_PTR().
 */
struct rewire_writer *
rewire_writer_lane(const struct rewire_writer *first, u32 lane,
		   const struct rewire_stream_key *key)
{
	struct rewire_writer like = {
		.enclave = first->enclave,
		.lanes = first->lanes,
		.lane = lane,
		.next = REWIRE_RECORD_PAGES,
		.flow.header = first->flow.header,
	};

	like.flow.header.lane = lane;
	return writer_create(&like, key);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_lane);

void rewire_writer_free(struct rewire_writer *writer)
{
	if (!writer)
		return;
	rewire_aead_free(&writer->aead);
	rewire_buffer_free(writer->flow.buffer);
	if (writer->round && !writer->lane)
		rewire_dirty_stop(writer->enclave, writer->set, writer->round);
	rewire_enclave_put(writer->enclave);
	kfree_sensitive(writer);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_free);

/* a record whose plain text is @length linear bytes */
static int writer_seal_linear(struct rewire_writer *writer, u32 type, u64 index,
			      void *plain, u32 length)
{
	struct scatterlist *sg;
	int ret = rewire_buffer_renew(writer->flow.buffer, length);

	if (ret)
		return ret;
	writer->flow.record = (struct rewire_record){
		.type = type, .length = length, .index = index,
	};
	rewire_buffer_copy(writer->flow.buffer, plain, length, false);
	sg = rewire_buffer_sg(writer->flow.buffer, length);
	return rewire_aead_seal(&writer->aead, &writer->flow.record, sg, sg,
				writer->flow.tag);
}

static int writer_meta(struct rewire_writer *writer)
{
	struct rewire_enclave *enclave = writer->enclave;
	u32 length = sizeof(struct rewire_meta) + enclave->cms_len;
	struct rewire_meta *meta = kzalloc(length, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!meta)
		return -ENOMEM;
	meta->layout = enclave->layout;
	meta->manifest = enclave->manifest;
	memcpy(meta->segments, enclave->segments, sizeof(meta->segments));
	meta->segment_count = enclave->segment_count;
	meta->cms_len = enclave->cms_len;
	meta->xfeatures = rewire_arch_xfeatures();
	memcpy(meta + 1, enclave->cms, enclave->cms_len);
	ret = rewire_xlayout(meta->xfeatures, meta->xlayout) ?:
	      writer_seal_linear(writer, REWIRE_RECORD_META, 0, meta, length);
	kfree_sensitive(meta);
	writer->next = REWIRE_RECORD_PAGES;
	return ret;
}

enum content { NOTHING, ZEROS, BYTES };

/* what is there to be said of a page? */
static enum content writer_content(const struct rewire_writer *writer,
				   u64 index)
{
	const struct rewire_enclave *enclave = writer->enclave;

	if (!rewire_page(enclave, index) ||
	    !rewire_lanes_own(writer->lanes, writer->lane, index, 1) ||
	    (writer->round && !test_bit(index, writer->round)))
		return NOTHING;
	if (memchr_inv(page_address(rewire_page(enclave, index)), 0, PAGE_SIZE))
		return BYTES;
	/* at the other end it is zero as long as it was never sent */
	return writer->rounds < 2 ? NOTHING : ZEROS;
}

/*
 * The first page from @at on of which there may be something to be said. The last round
 * is short only if it does not look at each page of a large enclave.
 */
static u64 writer_seek(const struct rewire_writer *writer, u64 at, u64 end)
{
	return writer->round ? find_next_bit(writer->round, end, at) : at;
}

/* the next run of pages of which there is the same to be said */
static enum content writer_run(struct rewire_writer *writer, u64 *first,
			       u64 *count)
{
	u64 end = writer->enclave->layout.span >> PAGE_SHIFT, at, most;
	enum content content = NOTHING;

	for (at = writer_seek(writer, writer->index, end); at < end;
	     at = writer_seek(writer, at + 1, end)) {
		content = writer_content(writer, at);
		if (content != NOTHING)
			break;
		cond_resched();
	}
	*first = at;
	most = content == ZEROS ? REWIRE_ZEROS_MAX : REWIRE_RECORD_PAGES_MAX;
	while (at < end && at - *first < most &&
	       (at == *first || writer_content(writer, at) == content)) {
		at++;
		cond_resched();
	}
	writer->index = at;
	*count = at - *first;
	return content;
}

static int writer_bytes(struct rewire_writer *writer, u64 first, u64 count)
{
	struct rewire_flow *flow = &writer->flow;
	int ret = rewire_buffer_renew(flow->buffer, count << PAGE_SHIFT);

	if (ret)
		return ret;
	flow->record = (struct rewire_record){
		.type = REWIRE_RECORD_PAGES,
		.length = count << PAGE_SHIFT,
		.index = first,
	};
	return rewire_aead_seal(&writer->aead, &flow->record,
				rewire_buffer_enclave_sg(flow->buffer,
							 writer->enclave, first,
							 flow->record.length),
				rewire_buffer_sg(flow->buffer,
						 flow->record.length),
				flow->tag);
}

/* the next of the pages; -ENODATA when there is none */
static int writer_pages(struct rewire_writer *writer)
{
	struct rewire_zeros zeros;
	u64 first, count;
	int ret;

	switch (writer_run(writer, &first, &count)) {
	case BYTES:
		ret = writer_bytes(writer, first, count);
		break;
	case ZEROS:
		zeros.count = count;
		ret = writer_seal_linear(writer, REWIRE_RECORD_ZEROS, first,
					 &zeros, sizeof(zeros));
		break;
	default:
		if (!writer->live)
			writer->next = writer->lane ? REWIRE_RECORD_END :
						      REWIRE_RECORD_LUGGAGE;
		return -ENODATA;
	}
	writer->totals.pages += count;
	return ret;
}

/* -EAGAIN as long as another lane has pages to send */
static int writer_late(struct rewire_writer *writer)
{
	struct {
		struct rewire_late late;
		struct rewire_end end[REWIRE_MAX_LANES - 1];
	} luggage = {};
	struct rewire_enclave *enclave = writer->enclave;
	u32 others = writer->flow.header.lanes ?
		     writer->flow.header.lanes - 1 : 0;
	int ret;

	if (rewire_lanes_open(writer->lanes))
		return -EAGAIN;
	mutex_lock(&enclave->calls->lock);
	luggage.late.next_handle = enclave->calls->next_handle;
	mutex_unlock(&enclave->calls->lock);
	luggage.late.threads = rewire_threads_pack(enclave);
	rewire_workload_leave(enclave->sm, enclave->workload,
			      &luggage.late.luggage);
	if (others)
		memcpy(luggage.end, &writer->lanes->end[1],
		       others * sizeof(luggage.end[0]));
	ret = writer_seal_linear(writer, REWIRE_RECORD_LUGGAGE, 0, &luggage,
				 sizeof(luggage.late) +
				 others * sizeof(luggage.end[0]));
	writer->next = REWIRE_RECORD_CALLS;
	return ret;
}

static int writer_call(struct rewire_writer *writer)
{
	struct rewire_calls *calls = writer->enclave->calls;
	struct rewire_call_wire *wire = NULL;
	struct rewire_client *client;
	u32 length = 0;
	int ret = 0;

	mutex_lock(&calls->lock);
	client = rewire_calls_after(writer->enclave, writer->call);
	if (client) {
		writer->call = client->handle;
		length = sizeof(*wire) + client->length;
		wire = kvzalloc(length, GFP_KERNEL_ACCOUNT);
		ret = wire ? 0 : -ENOMEM;
	}
	if (wire) {
		memcpy(wire->id, client->id, REWIRE_ID_SIZE);
		wire->sequence = client->sequence;
		wire->handle = client->handle;
		wire->state = client->state;
		wire->status = client->status;
		wire->length = client->length;
		memcpy(wire + 1, client->data, client->length);
	}
	mutex_unlock(&calls->lock);
	if (!client) {
		writer->next = REWIRE_RECORD_END;
		return -ENODATA;
	}
	if (ret)
		return ret;
	writer->totals.calls++;
	ret = writer_seal_linear(writer, REWIRE_RECORD_CALLS, 0, wire, length);
	memzero_explicit(wire, length);
	kvfree(wire);
	return ret;
}

/* what the state rests on is on the disk before the stream is good for anything */
static int writer_end(struct rewire_writer *writer)
{
	int ret = rewire_output_settle(writer->enclave->sm, &writer->why) ?:
		  rewire_aead_digest(&writer->aead, writer->totals.digest);

	writer->next = WRITER_DONE;
	if (!ret && writer->lane)
		rewire_lanes_end(writer->lanes, writer->lane, &writer->totals,
				 writer->enclave);
	if (!ret && writer->ended)
		ret = writer->ended(writer->data, &writer->totals,
				    &writer->why);
	return ret ?: writer_seal_linear(writer, REWIRE_RECORD_END, 0,
					 &writer->totals,
					 sizeof(writer->totals));
}

static int writer_other(struct rewire_writer *writer)
{
	switch (writer->next) {
	case REWIRE_RECORD_META:
		return writer_meta(writer);
	case REWIRE_RECORD_LUGGAGE:
		return writer_late(writer);
	case REWIRE_RECORD_CALLS:
		return writer_call(writer);
	default:
		return writer_end(writer);
	}
}

/* a record of the type that is next; an enclave under attack is wiped meanwhile */
static int writer_try(struct rewire_writer *writer)
{
	struct rewire_enclave *enclave = writer->enclave;
	int ret = -ECANCELED;

	if (writer->next == REWIRE_RECORD_PAGES) {
		/* its lock is wanted by others, its pages stay for us */
		down_read(&enclave->map_sem);
		if (enclave->mappable)
			ret = writer_pages(writer);
		up_read(&enclave->map_sem);
	} else {
		mutex_lock(&enclave->lock);
		if (enclave->state != REWIRE_ENCLAVE_DESTROYED)
			ret = writer_other(writer);
		mutex_unlock(&enclave->lock);
	}
	return ret;
}

/* is the round at its end, and not the last? */
static bool writer_pauses(const struct rewire_writer *writer)
{
	return writer->live && writer->next == REWIRE_RECORD_PAGES;
}

/*
 * Fill the buffer with the next record; -ENODATA after the last, of a round too;
 * -EAGAIN when it has to wait.
 */
static int writer_produce(struct rewire_writer *writer)
{
	int ret = -ENODATA;

	while (ret == -ENODATA && writer->next != WRITER_DONE) {
		ret = writer_try(writer);
		if (ret == -ENODATA && writer_pauses(writer))
			break;
	}
	if (ret)
		return ret;
	if (writer->flow.record.type != REWIRE_RECORD_END)
		writer->totals.records++;
	trace_rewire_record(writer->enclave->id, false, &writer->flow.record,
			    0);
	return 0;
}

/* a part is through: what comes next? */
static int writer_advance(struct rewire_writer *writer)
{
	struct rewire_flow *flow = &writer->flow;
	int ret;

	if (flow->part == REWIRE_PART_RECORD ||
	    flow->part == REWIRE_PART_BODY) {
		flow->part++;
		return 0;
	}
	ret = writer_produce(writer);
	switch (ret) {
	case 0:
		flow->part = REWIRE_PART_RECORD;
		return 0;
	case -EAGAIN:
		flow->part = REWIRE_PART_DUE;
		return 0;
	case -ENODATA:
		flow->part = writer->live ? REWIRE_PART_REST : REWIRE_PART_OVER;
		return 0;
	default:
		return ret;
	}
}

/**
 * rewire_writer_track() - copy in rounds, while the enclave changes
 * @writer: new; its enclave is locked
 * @set: what it copies
 *
 * Return: 0; -EBUSY: another one does; -ENOMEM.
 */
int rewire_writer_track(struct rewire_writer *writer, enum rewire_dirty set)
{
	unsigned long *round = rewire_dirty_start(writer->enclave, set);

	if (IS_ERR(round))
		return PTR_ERR(round);
	writer->round = round;
	writer->set = set;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_track);

/* no round has begun, or the last one was read to its end */
bool rewire_writer_rests(const struct rewire_writer *writer)
{
	return !writer->rounds || writer->flow.part == REWIRE_PART_REST;
}

/**
 * rewire_writer_round() - begin a round
 * @writer: tracks; its enclave is not locked, and the caller holds the lock that
 *	serialises the writer
 * @live: the enclave changes meanwhile; else this is the last one
 * @pages: out: how many it has, of which some may turn out to be left out
 *
 * Return: 0, -EBUSY when the last one was not read to its end, or why the next
 * record cannot be made.
 */
int rewire_writer_round(struct rewire_writer *writer, bool live, u64 *pages)
{
	struct rewire_flow *flow = &writer->flow;

	if (flow->error)
		return flow->error;
	if (!rewire_writer_rests(writer))
		return -EBUSY;
	*pages = rewire_dirty_take(writer->enclave, writer->set,
				   writer->round);
	writer->live = live;
	writer->index = 0;
	trace_rewire_round(writer->enclave->id,
			   writer->set == REWIRE_DIRTY_UNSEALED, writer->rounds,
			   live, *pages);
	/* before the first there is the header to be read */
	if (writer->rounds++)
		flow->error = writer_advance(writer);
	return flow->error;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_round);

static ssize_t sink_take(struct rewire_sink *sink,
			 const struct rewire_flow *flow, void *from, u32 length)
{
	if (!sink->iter)
		return rewire_pipe_add(sink, flow, from, length);
	return rewire_copy_to(from, length, sink->iter) ?: -EFAULT;
}

/**
 * rewire_writer_follow() - another lane begins the round that the first has begun
 * @writer: rests; the caller holds the lock that serialises it
 * @first: which begins no other round before this one rests again
 *
 * Its first record is made when it is read: no lane waits for another.
 */
void rewire_writer_follow(struct rewire_writer *writer,
			  const struct rewire_writer *first)
{
	writer->round = first->round;
	writer->live = first->live;
	writer->index = 0;
	if (writer->rounds++)
		writer->flow.part = REWIRE_PART_DUE;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_follow);

/**
 * rewire_writer_give() - the next bytes of the stream
 * @writer: the caller holds the lock that serialises it
 * @sink: where they go
 *
 * Return: bytes; 0 after the last one, or when the next record is DUE, and has to
 * wait for other lanes; or a negative errno.
 */
ssize_t rewire_writer_give(struct rewire_writer *writer,
			   struct rewire_sink *sink)
{
	struct rewire_flow *flow = &writer->flow;
	ssize_t done = 0, moved;
	u32 part;

	if (flow->part == REWIRE_PART_DUE && !flow->error)
		flow->error = writer_advance(writer);
	while (sink->left && flow->part < REWIRE_PART_REST && !flow->error) {
		void *from = rewire_flow_window(flow, &part);

		moved = sink_take(sink, flow, from,
				  min_t(size_t, part, sink->left));
		if (moved < 0)
			return done ?: moved;
		done += moved;
		sink->left -= moved;
		if (!rewire_flow_move(flow, moved))
			continue;
		flow->error = writer_advance(writer);
		if (signal_pending(current))
			break;
	}
	return done ?: flow->error;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_writer_give);
