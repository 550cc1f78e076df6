// SPDX-License-Identifier: GPL-2.0-only
/*
 * The payload of a package becomes an enclave that is BUILDING.
 *
 * Nobody has vouched for a byte of it before the whole was measured, so all it
 * says is bounded first: by the length in the package and the memory in the
 * manifest, which are signed.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "load.h"
#include "usercopy.h"

static bool loader_sealed(const struct rewire_loader *loader)
{
	return loader->order->package.header.flags & REWIRE_PACKAGE_SEALED;
}

static int loader_key(struct rewire_loader *loader)
{
	u8 material[REWIRE_AEAD_MATERIAL];
	int ret;

	loader->flow.buffer = rewire_buffer_alloc();
	if (!loader->flow.buffer)
		return -ENOMEM;
	loader->flow.part = REWIRE_PART_RECORD;
	ret = rewire_package_key(loader->order, material) ?:
	      rewire_aead_init(&loader->aead, material);
	memzero_explicit(material, sizeof(material));
	return ret;
}

/**
 * rewire_loader_create() - be ready for a payload
 * @sm: where the enclave will live
 * @order: verified; must outlive the loader
 *
 * Return: the loader, or an ERR_PTR().
 */
struct rewire_loader *rewire_loader_create(struct rewire_sm *sm,
					   const struct rewire_order *order)
{
	struct rewire_loader *loader = kzalloc(sizeof(*loader),
					       GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!loader)
		return ERR_PTR(-ENOMEM);
	loader->sm = sm;
	loader->order = order;
	loader->line.page = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (loader->line.page)
		ret = loader_sealed(loader) ? loader_key(loader) : 0;
	if (ret) {
		rewire_loader_free(loader);
		return ERR_PTR(ret);
	}
	return loader;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_loader_create);

/* an enclave that nobody admitted is wiped */
void rewire_loader_free(struct rewire_loader *loader)
{
	struct rewire_enclave *enclave;

	if (IS_ERR_OR_NULL(loader))
		return;
	enclave = loader->enclave;
	if (enclave) {
		mutex_lock(&enclave->lock);
		if (enclave->state == REWIRE_ENCLAVE_BUILDING)
			rewire_enclave_wipe(enclave, -ECANCELED,
					    "its payload was given up");
		mutex_unlock(&enclave->lock);
		rewire_enclave_put(enclave);
	}
	rewire_aead_free(&loader->aead);
	rewire_buffer_free(loader->flow.buffer);
	kfree_sensitive(loader->line.page);
	kfree_sensitive(loader);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_loader_free);

static int loader_layout(struct rewire_loader *loader, struct rewire_why *why)
{
	u64 span = loader->line.layout.span;
	struct rewire_enclave *enclave;
	int ret;

	/* an enclave has a table of its pages before it has the first */
	if ((span >> PAGE_SHIFT) * sizeof(struct page *) >
	    loader->order->manifest.max_memory)
		return rewire_because(why, -EPERM,
				      "a span of %llu bytes, too large for the memory that the manifest allows",
				      span);
	enclave = rewire_enclave_create(loader->sm, &loader->line.layout,
					REWIRE_ENCLAVE_BUILDING, why);
	if (IS_ERR(enclave))
		return PTR_ERR(enclave);
	/* nobody else adds to it, initialises it, or ends it by closing a file */
	enclave->trial = true;
	ret = rewire_sm_add_enclave(loader->sm, enclave, why);
	if (ret) {
		rewire_enclave_put(enclave);
		return ret;
	}
	loader->enclave = enclave;
	return 0;
}

/* a line is there: its pages */
static int loader_line(struct rewire_loader *loader, struct rewire_why *why)
{
	const struct rewire_page_measure *measure = &loader->line.measure;
	struct rewire_enclave *enclave = loader->enclave;
	int ret;

	mutex_lock(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_ADD, why);
	if (ret >= 0)
		ret = rewire_memory_line(enclave, measure,
					 measure->zero_pages ?
						 NULL : loader->line.page,
					 loader->order->manifest.max_memory,
					 why);
	mutex_unlock(&enclave->lock);
	return ret;
}

static void *line_window(struct rewire_line *line, u32 *left)
{
	switch (line->part) {
	case REWIRE_LINE_LAYOUT:
		*left = sizeof(line->layout) - line->offset;
		return (u8 *)&line->layout + line->offset;
	case REWIRE_LINE_MEASURE:
		*left = sizeof(line->measure) - line->offset;
		return (u8 *)&line->measure + line->offset;
	default:
		*left = PAGE_SIZE - line->offset;
		return line->page + line->offset;
	}
}

/* a part is complete */
static int loader_advance(struct rewire_loader *loader, struct rewire_why *why)
{
	struct rewire_line *line = &loader->line;

	line->offset = 0;
	if (line->part == REWIRE_LINE_LAYOUT) {
		line->part = REWIRE_LINE_MEASURE;
		return loader_layout(loader, why);
	}
	if (line->part == REWIRE_LINE_MEASURE && !line->measure.zero_pages) {
		line->part = REWIRE_LINE_PAGE;
		return 0;
	}
	line->part = REWIRE_LINE_MEASURE;
	return loader_line(loader, why);
}

/*
 * Take plain text.
 * Return: bytes, fewer when a signal came or user memory was not there; or a
 * negative errno.
 */
static ssize_t loader_plain(struct rewire_loader *loader, struct iov_iter *from,
			    struct rewire_why *why)
{
	size_t done = 0, moved;
	u32 left;
	int ret;

	while (iov_iter_count(from)) {
		void *to = line_window(&loader->line, &left);

		moved = rewire_copy_from(to, min_t(size_t, left,
						   iov_iter_count(from)), from);
		if (!moved)
			return done ?: -EFAULT;
		done += moved;
		loader->line.offset += moved;
		if (moved < left)
			continue;
		ret = loader_advance(loader, why);
		if (ret)
			return ret;
		if (signal_pending(current))
			break;
	}
	return done;
}

/* a piece of a record that was opened; all of it has to be taken */
static int loader_piece(struct rewire_loader *loader, void *data, size_t len,
			struct rewire_why *why)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter iter;
	ssize_t ret = 0;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	while (iov_iter_count(&iter) && ret >= 0)
		ret = loader_plain(loader, &iter, why);
	return min_t(ssize_t, ret, 0);
}

static int loader_open(struct rewire_loader *loader, struct rewire_why *why)
{
	struct rewire_flow *flow = &loader->flow;
	u32 length = flow->record.length, done, part;
	struct scatterlist *sg = rewire_buffer_sg(flow->buffer, length);
	int ret = rewire_aead_open(&loader->aead, &flow->record, sg, sg,
				   flow->tag);

	if (ret == -EBADMSG)
		return rewire_because(why, ret,
				      "record %llu of the payload was changed, or is out of place",
				      flow->record.sequence);
	for (done = 0; done < length && !ret; done += part) {
		struct page *page = flow->buffer->page[done >> PAGE_SHIFT];

		part = min_t(u32, length - done, PAGE_SIZE);
		ret = loader_piece(loader, page_address(page), part, why);
	}
	return ret;
}

static int loader_record(struct rewire_loader *loader, struct rewire_why *why)
{
	const struct rewire_record *record = &loader->flow.record;

	if (record->type != REWIRE_RECORD_IMAGE || record->index)
		return rewire_because(why, -EBADMSG,
				      "record %llu is no piece of a payload",
				      record->sequence);
	if (!record->length || record->length > REWIRE_MAX_RECORD)
		return rewire_because(why, -EBADMSG,
				      "record %llu has %u bytes",
				      record->sequence, record->length);
	return 0;
}

/* a part of a record is complete */
static int loader_flow(struct rewire_loader *loader, struct rewire_why *why)
{
	struct rewire_flow *flow = &loader->flow;
	int ret;

	switch (flow->part) {
	case REWIRE_PART_RECORD:
		ret = loader_record(loader, why);
		flow->part = REWIRE_PART_BODY;
		return ret;
	case REWIRE_PART_BODY:
		flow->part = REWIRE_PART_TAG;
		return 0;
	default:
		ret = loader_open(loader, why);
		flow->part = REWIRE_PART_RECORD;
		return ret;
	}
}

/* Take cipher text. Return: as loader_plain() */
static ssize_t loader_cipher(struct rewire_loader *loader,
			     struct iov_iter *from, struct rewire_why *why)
{
	size_t done = 0, moved;
	u32 left;
	int ret;

	while (iov_iter_count(from)) {
		void *to = rewire_flow_window(&loader->flow, &left);

		moved = rewire_copy_from(to, min_t(size_t, left,
						   iov_iter_count(from)), from);
		if (!moved)
			return done ?: -EFAULT;
		done += moved;
		if (!rewire_flow_move(&loader->flow, moved))
			continue;
		ret = loader_flow(loader, why);
		if (ret)
			return ret;
		if (signal_pending(current))
			break;
	}
	return done;
}

/**
 * rewire_loader_write() - the next bytes of the payload
 * @loader: the caller holds the lock that serialises it
 * @from: where they are
 * @why: for the sentence
 *
 * After a refusal the loader stays spoilt: every further write gets the same
 * errno.
 *
 * Return: bytes, or a negative errno: -EBADMSG for bytes that are none of this
 * payload, or behind its end; -EINVAL for what REWIRE_ADD_PAGES would refuse;
 * -EPERM for more memory than the manifest allows; -EDQUOT; -ENOMEM; -EINTR for
 * a fatal signal; -EBADFD when the enclave was destroyed meanwhile; -EFAULT, which
 * alone spoils nothing.
 */
ssize_t rewire_loader_write(struct rewire_loader *loader, struct iov_iter *from,
			    struct rewire_why *why)
{
	u64 left = loader->order->package.payload_length - loader->taken;
	ssize_t ret;

	if (loader->error)
		return loader->error;
	if (iov_iter_count(from) > left)
		ret = rewire_because(why, -EBADMSG,
				     "the payload goes on after %llu bytes, which is all of it",
				     loader->order->package.payload_length);
	else
		ret = loader_sealed(loader) ? loader_cipher(loader, from, why) :
					      loader_plain(loader, from, why);
	if (ret > 0)
		loader->taken += ret;
	else if (ret < 0 && ret != -EFAULT)
		loader->error = ret;
	/* nothing can follow: what comes next needs the memory */
	if (rewire_loader_complete(loader)) {
		rewire_buffer_free(loader->flow.buffer);
		loader->flow.buffer = NULL;
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_loader_write);

/**
 * rewire_loader_complete() - is all of the payload there?
 * @loader: the caller holds the lock that serialises it
 *
 * Return: whether it is as long as the package says, and ends where a line ends.
 */
bool rewire_loader_complete(const struct rewire_loader *loader)
{
	return !loader->error && loader->enclave &&
	       loader->taken == loader->order->package.payload_length &&
	       loader->line.part == REWIRE_LINE_MEASURE &&
	       !loader->line.offset && !loader->flow.offset &&
	       loader->flow.part == (loader_sealed(loader) ?
					     REWIRE_PART_RECORD :
					     REWIRE_PART_HEADER);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_loader_complete);
