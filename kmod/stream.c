// SPDX-License-Identifier: GPL-2.0-only
/*
 * What both directions of a stream share: the record buffer, the record key,
 * and the register state that a frame may hold.
 */
#include <crypto/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "arch.h"
#include "compat.h"
#include "pages.h"
#include "stream.h"

struct rewire_buffer *rewire_buffer_alloc(void)
{
	struct rewire_buffer *buffer = kvzalloc(sizeof(*buffer),
						GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!buffer)
		return NULL;
	for (i = 0; i < REWIRE_RECORD_PAGES_MAX; i++) {
		buffer->page[i] = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!buffer->page[i]) {
			rewire_buffer_free(buffer);
			return NULL;
		}
	}
	return buffer;
}

/* is it on its way in a pipe or a socket? then it holds cipher text only */
static bool page_is_away(struct page *page)
{
	return page_ref_count(page) != 1;
}

/* the buffer may hold the plain text of a META or CALLS record */
void rewire_buffer_free(struct rewire_buffer *buffer)
{
	u32 i;

	if (!buffer)
		return;
	for (i = 0; i < REWIRE_RECORD_PAGES_MAX && buffer->page[i]; i++) {
		if (!page_is_away(buffer->page[i]))
			memzero_explicit(page_address(buffer->page[i]),
					 PAGE_SIZE);
		put_page(buffer->page[i]);
	}
	kvfree(buffer);
}

/**
 * rewire_buffer_renew() - before the buffer is written again
 * @buffer: whose last record was read or spliced
 * @length: of the next record
 *
 * Pages that are still on their way are left to whoever has them, and others take
 * their place.
 *
 * Return: 0 or -ENOMEM.
 */
int rewire_buffer_renew(struct rewire_buffer *buffer, u32 length)
{
	u32 i, count = DIV_ROUND_UP(length, PAGE_SIZE);
	struct page *page;

	for (i = 0; i < count; i++) {
		if (!page_is_away(buffer->page[i]))
			continue;
		page = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
		put_page(buffer->page[i]);
		buffer->page[i] = page;
	}
	return 0;
}

/* over the first @length bytes (1 .. REWIRE_MAX_RECORD) of the buffer */
struct scatterlist *rewire_buffer_sg(struct rewire_buffer *buffer, u32 length)
{
	u32 count = DIV_ROUND_UP(length, PAGE_SIZE), i;

	sg_init_table(buffer->sg, count);
	for (i = 0; i < count; i++) {
		sg_set_page(&buffer->sg[i], buffer->page[i],
			    min_t(u32, length, PAGE_SIZE), 0);
		length -= min_t(u32, length, PAGE_SIZE);
	}
	return buffer->sg;
}

/* over @length bytes of whole pages of an enclave */
struct scatterlist *rewire_buffer_enclave_sg(struct rewire_buffer *buffer,
					     struct rewire_enclave *enclave,
					     u64 index, u32 length)
{
	u32 count = length >> PAGE_SHIFT, i;

	sg_init_table(buffer->enclave_sg, count);
	for (i = 0; i < count; i++)
		sg_set_page(&buffer->enclave_sg[i],
			    rewire_page(enclave, index + i), PAGE_SIZE, 0);
	return buffer->enclave_sg;
}

void rewire_buffer_copy(struct rewire_buffer *buffer, void *linear, u32 length,
			bool out)
{
	u32 done, part;

	for (done = 0; done < length; done += part) {
		void *page = page_address(buffer->page[done >> PAGE_SHIFT]);

		part = min_t(u32, length - done, PAGE_SIZE);
		if (out)
			memcpy(linear + done, page, part);
		else
			memcpy(page, linear + done, part);
	}
}

static u32 flow_size(const struct rewire_flow *flow)
{
	switch (flow->part) {
	case REWIRE_PART_HEADER:
		return sizeof(flow->header);
	case REWIRE_PART_RECORD:
		return sizeof(flow->record);
	case REWIRE_PART_BODY:
		return flow->record.length;
	case REWIRE_PART_TAG:
		return sizeof(flow->tag);
	default:
		return 0;
	}
}

/**
 * rewire_flow_window() - where the next bytes are, or go
 * @flow: not over
 * @left: out: how many lie together there, at least one
 *
 * Return: their address.
 */
void *rewire_flow_window(struct rewire_flow *flow, u32 *left)
{
	u32 offset = flow->offset;
	void *page;

	*left = flow_size(flow) - offset;
	switch (flow->part) {
	case REWIRE_PART_HEADER:
		return (void *)&flow->header + offset;
	case REWIRE_PART_RECORD:
		return (void *)&flow->record + offset;
	case REWIRE_PART_BODY:
		*left = min_t(u32, *left, PAGE_SIZE - offset_in_page(offset));
		page = page_address(flow->buffer->page[offset >> PAGE_SHIFT]);
		return page + offset_in_page(offset);
	default:
		return flow->tag + offset;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_flow_window);

/* Return: whether the part is complete; the caller says which one follows */
bool rewire_flow_move(struct rewire_flow *flow, u32 bytes)
{
	flow->offset += bytes;
	flow->bytes += bytes;
	if (flow->offset < flow_size(flow))
		return false;
	flow->offset = 0;
	return true;
}

/* so many lanes, none of which has come to its END */
void rewire_lanes_begin(struct rewire_lanes *lanes, u32 count)
{
	lanes->count = count;
	atomic_set(&lanes->open, count - 1);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_lanes_begin);

/* does the first lane have to wait for another? */
bool rewire_lanes_open(const struct rewire_lanes *lanes)
{
	/* pairs with rewire_lanes_end(): then the totals are there */
	return lanes && atomic_read_acquire(&lanes->open);
}

/**
 * rewire_lanes_end() - a lane beside the first has come to its END
 * @lanes: all
 * @lane: which
 * @end: its totals
 * @enclave: who waits for the last of them waits for a change of this one
 */
void rewire_lanes_end(struct rewire_lanes *lanes, u32 lane,
		      const struct rewire_end *end,
		      struct rewire_enclave *enclave)
{
	lanes->end[lane] = *end;
	atomic_dec_return(&lanes->open);
	wake_up_all(&enclave->changed);
}

/**
 * rewire_lanes_own() - whether pages come by a lane
 * @lanes: all, or NULL
 * @lane: which
 * @first: page
 * @count: pages, at least one
 *
 * They are dealt out as a record holds them, so that all that is sent of a page
 * comes in one order, and no two lanes touch one page.
 *
 * Return: whether they all do, in one piece.
 */
bool rewire_lanes_own(const struct rewire_lanes *lanes, u32 lane, u64 first,
		      u64 count)
{
	u64 chunk = first / REWIRE_RECORD_PAGES_MAX;

	if (!lanes || lanes->count < 2)
		return true;
	return chunk % lanes->count == lane &&
	       chunk == (first + count - 1) / REWIRE_RECORD_PAGES_MAX;
}

/**
 * rewire_stream_aead() - key a stream
 * @aead: to be initialised
 * @key: whose stream
 * @header: the stream's own; part of the derivation, so that it is authentic
 *
 * Return: 0 or a negative errno.
 */
int rewire_stream_aead(struct rewire_aead *aead,
		       const struct rewire_stream_key *key,
		       const struct rewire_stream_header *header)
{
	u8 material[REWIRE_AEAD_MATERIAL];
	int ret;

	if (key->secret)
		ret = rewire_derive(key->secret, REWIRE_KEY_SIZE, header->salt,
				    sizeof(header->salt),
				    REWIRE_LABEL_SESSION_STREAM, header,
				    sizeof(*header), material,
				    sizeof(material));
	else
		ret = rewire_derive_root(rewire_root_of(key->roots,
							header->generation),
					 header->salt,
					 sizeof(header->salt),
					 REWIRE_LABEL_CHECKPOINT, header,
					 sizeof(*header), material,
					 sizeof(material));
	if (!ret)
		ret = rewire_aead_init(aead, material);
	memzero_explicit(material, sizeof(material));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_stream_aead);

/**
 * rewire_xlayout() - digest of the register components' sizes and offsets
 * @xfeatures: which components
 * @digest: out
 *
 * A frame has them in the CPU's own layout, which differs between vendors.
 *
 * Return: 0 or a negative errno.
 */
int rewire_xlayout(u64 xfeatures, u8 digest[REWIRE_DIGEST_SIZE])
{
	struct {
		u32 feature, size, offset;
	} part[REWIRE_ARCH_MAX_FEATURE] = {};
	struct crypto_shash *tfm;
	u32 i, count = 0;
	int ret;

	/* 0 and 1, x87 and SSE, have a fixed place */
	for (i = 2; i < REWIRE_ARCH_MAX_FEATURE; i++) {
		if (!(xfeatures & BIT_ULL(i)))
			continue;
		part[count].feature = i;
		rewire_arch_xlayout(i, &part[count].size, &part[count].offset);
		count++;
	}
	tfm = crypto_alloc_shash("sha256", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = crypto_shash_tfm_digest(tfm, (u8 *)part, count * sizeof(part[0]),
				      digest);
	crypto_free_shash(tfm);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_xlayout);

/**
 * rewire_xfeatures_check() - whether this CPU can restore such frames
 * @xfeatures: components in use at the source
 * @xlayout: digest of their layout there
 * @why: for the sentence
 *
 * Return: 0 or -EOPNOTSUPP.
 */
int rewire_xfeatures_check(u64 xfeatures, const u8 *xlayout,
			   struct rewire_why *why)
{
	u64 lacking = xfeatures & ~rewire_arch_xfeatures();
	u8 ours[REWIRE_DIGEST_SIZE];
	int ret;

	if (lacking)
		return rewire_because(why, -EOPNOTSUPP,
				      "this CPU lacks register state %#llx",
				      lacking);
	ret = rewire_xlayout(xfeatures, ours);
	if (ret)
		return ret;
	if (memcmp(ours, xlayout, sizeof(ours)))
		return rewire_because(why, -EOPNOTSUPP,
				      "this CPU lays out register state differently");
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_xfeatures_check);
