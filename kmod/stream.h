/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream of an enclave's state, on its way to a peer or at rest under this
 * SM's own key: the same records, another secret.
 */
#ifndef REWIRE_STREAM_H
#define REWIRE_STREAM_H

#include <linux/fs.h>
#include <linux/uio.h>

#include "aead.h"
#include "enclave.h"

#define REWIRE_RECORD_PAGES_MAX	(REWIRE_MAX_RECORD / PAGE_SIZE)

/* META: this, then the manifest's signature */
struct rewire_meta {
	struct rewire_layout layout;
	struct rewire_manifest manifest;
	struct rewire_segment segments[REWIRE_MAX_SEGMENTS];
	__u32 segment_count;
	__u32 cms_len;
	__u64 xfeatures;
	__u8 xlayout[REWIRE_DIGEST_SIZE];
};

/* ZEROS: so many pages, at most REWIRE_ZEROS_MAX, are zero from here on */
struct rewire_zeros {
	__u64 count;
};

#define REWIRE_ZEROS_MAX	4096

/*
 * LUGGAGE: what may change until the enclave stands still, and is no page; then a
 * struct rewire_end of each lane but the first.
 */
struct rewire_late {
	__u64 next_handle;
	__u64 threads;
	struct rewire_luggage luggage;
};

/* END: totals of the records before it */
struct rewire_end {
	__u64 records;
	__u64 pages;
	__u64 calls;
	__u8 digest[REWIRE_DIGEST_SIZE];
};

/**
 * struct rewire_buffer - room for one record outside of the enclave
 * @page: cipher text; one page after the other
 * @sg: over @page, remade for each record
 * @enclave_sg: over the enclave's pages, remade for each record
 */
struct rewire_buffer {
	struct page *page[REWIRE_RECORD_PAGES_MAX];
	struct scatterlist sg[REWIRE_RECORD_PAGES_MAX];
	struct scatterlist enclave_sg[REWIRE_RECORD_PAGES_MAX];
};

struct pipe_inode_info;

struct rewire_buffer *rewire_buffer_alloc(void);
void rewire_buffer_free(struct rewire_buffer *buffer);
int rewire_buffer_renew(struct rewire_buffer *buffer, u32 length);
struct scatterlist *rewire_buffer_sg(struct rewire_buffer *buffer, u32 length);
struct scatterlist *rewire_buffer_enclave_sg(struct rewire_buffer *buffer,
					     struct rewire_enclave *enclave,
					     u64 index, u32 length);
void rewire_buffer_copy(struct rewire_buffer *buffer, void *linear, u32 length,
			bool out);

/**
 * struct rewire_lanes - what the lanes of one stream know of each other
 * @count: how many there are; 0: that is not known, or there is one stream alone
 * @open: those beside the first which have not come to their END
 * @end: the totals of those that have
 */
struct rewire_lanes {
	u32 count;
	atomic_t open;
	struct rewire_end end[REWIRE_MAX_LANES];
};

void rewire_lanes_begin(struct rewire_lanes *lanes, u32 count);
bool rewire_lanes_open(const struct rewire_lanes *lanes);
void rewire_lanes_end(struct rewire_lanes *lanes, u32 lane,
		      const struct rewire_end *end,
		      struct rewire_enclave *enclave);
bool rewire_lanes_own(const struct rewire_lanes *lanes, u32 lane, u64 first,
		      u64 count);

/* where a stream's record key comes from */
struct rewire_stream_key {
	const u8 *secret;		/* of a session; NULL: a root key */
	const struct rewire_roots *roots;
};

int rewire_stream_aead(struct rewire_aead *aead,
		       const struct rewire_stream_key *key,
		       const struct rewire_stream_header *header);
int rewire_xlayout(u64 xfeatures, u8 digest[REWIRE_DIGEST_SIZE]);
int rewire_xfeatures_check(u64 xfeatures, const u8 *xlayout,
			   struct rewire_why *why);

/**
 * struct rewire_flow - the bytes of a stream, in either direction
 * @header: first bytes
 * @record: header of the record in work
 * @tag: its tag
 * @buffer: its cipher text
 * @part: which of these the next byte belongs to
 * @offset: bytes of that part which are through
 * @bytes: through in all
 * @error: the stream is spoilt, and stays so
 */
struct rewire_flow {
	struct rewire_stream_header header;
	struct rewire_record record;
	u8 tag[REWIRE_TAG_SIZE];
	struct rewire_buffer *buffer;
	enum {
		REWIRE_PART_HEADER,
		REWIRE_PART_RECORD,
		REWIRE_PART_BODY,
		REWIRE_PART_TAG,
		REWIRE_PART_REST,	/* a round is over, and more to come */
		REWIRE_PART_DUE,	/* a record is to be made, or taken, still */
		REWIRE_PART_OVER,
	} part;
	u32 offset;
	u64 bytes;
	int error;
};

void *rewire_flow_window(struct rewire_flow *flow, u32 *left);
bool rewire_flow_move(struct rewire_flow *flow, u32 bytes);

/**
 * struct rewire_sink - where the bytes of a stream go
 * @left: how many are wanted still
 * @iter: into the memory of who reads; NULL: into @pipe
 * @pipe: not locked
 * @margin: page of our own that what lies between the enclave's pages is copied to
 * @used: bytes of it
 */
struct rewire_sink {
	size_t left;
	struct iov_iter *iter;
	struct pipe_inode_info *pipe;
	struct page *margin;
	u32 used;
};

static inline struct rewire_sink rewire_sink_iter(struct iov_iter *iter)
{
	return (struct rewire_sink){ .left = iov_iter_count(iter),
				     .iter = iter };
}

/* hands out what a file has to be read */
typedef ssize_t (*rewire_give_t)(struct file *file, struct rewire_sink *sink);

ssize_t rewire_pipe_add(struct rewire_sink *sink,
			const struct rewire_flow *flow, void *from, u32 length);
ssize_t rewire_splice(struct file *file, struct pipe_inode_info *pipe,
		      size_t length, rewire_give_t give);

/**
 * struct rewire_writer - an enclave becomes a stream
 * @flow: what is being handed out
 * @enclave: stands still as long as the writer exists, unless @round says
 *	otherwise; a reference
 * @aead: records
 * @lanes: it is the first of, or NULL: it is alone
 * @lane: which one it is
 * @next: type of the next record
 * @index: first page not yet sent
 * @round: pages to be copied, while the enclave changes and once it does not any
 *	more; NULL: all. Belongs to the first lane
 * @set: where they are taken from
 * @rounds: how many have begun; from the second on, pages come that may have
 *	come before, so that zeros are not left out
 * @live: it still changes
 * @call: handle of the last call sent
 * @totals: for the END record
 * @ended: called when END is made and before any of it leaves; may refuse
 * @data: for @ended
 * @why: the sentence, when it did
 */
struct rewire_writer {
	struct rewire_flow flow;
	struct rewire_enclave *enclave;
	struct rewire_aead aead;
	struct rewire_lanes *lanes;
	u32 lane;
	u32 next;
	u64 index;
	unsigned long *round;
	enum rewire_dirty set;
	u32 rounds;
	bool live;
	u64 call;
	struct rewire_end totals;
	int (*ended)(void *data, const struct rewire_end *totals,
		     struct rewire_why *why);
	void *data;
	struct rewire_why why;
};

struct rewire_writer *
rewire_writer_create(struct rewire_enclave *enclave, u32 kind,
		     const u8 *request_id, const struct rewire_stream_key *key,
		     struct rewire_lanes *lanes);
struct rewire_writer *
rewire_writer_lane(const struct rewire_writer *first, u32 lane,
		   const struct rewire_stream_key *key);
void rewire_writer_free(struct rewire_writer *writer);
ssize_t rewire_writer_give(struct rewire_writer *writer,
			   struct rewire_sink *sink);
int rewire_writer_track(struct rewire_writer *writer, enum rewire_dirty set);
bool rewire_writer_rests(const struct rewire_writer *writer);
int rewire_writer_round(struct rewire_writer *writer, bool live, u64 *pages);
void rewire_writer_follow(struct rewire_writer *writer,
			  const struct rewire_writer *first);

/**
 * struct rewire_reader - a stream becomes an enclave
 * @flow: what is being taken in
 * @sm: where
 * @key: of a session, or the root key
 * @expect: kind, and unless zero request, workload and epoch, of the only
 *	stream that is taken
 * @enclave: made by the META record, RECEIVING; a reference
 * @aead: records
 * @lanes: it is one of, or NULL: it has to be alone
 * @lane: which one it is
 * @last: type of the last record
 * @totals: so far
 * @luggage: of the workload, as LUGGAGE says
 * @laden: it did
 */
struct rewire_reader {
	struct rewire_flow flow;
	struct rewire_sm *sm;
	struct rewire_stream_key key;
	struct rewire_stream_header expect;
	struct rewire_enclave *enclave;
	struct rewire_aead aead;
	struct rewire_lanes *lanes;
	u32 lane;
	u32 last;
	struct rewire_end totals;
	struct rewire_luggage luggage;
	bool laden;
};

struct rewire_reader *
rewire_reader_create(struct rewire_sm *sm,
		     const struct rewire_stream_header *expect,
		     const struct rewire_stream_key *key);
struct rewire_reader *rewire_reader_lane(const struct rewire_reader *first,
					 u32 lane);
void rewire_reader_free(struct rewire_reader *reader);
ssize_t rewire_reader_write(struct rewire_reader *reader, struct iov_iter *from,
			    struct rewire_why *why);

#endif
