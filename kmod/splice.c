// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream goes into a pipe, and from there to a socket or a file, without a copy
 * of what the enclave's pages were encrypted to.
 *
 * A page is given away when its record has its tag: whoever gets at it can spoil
 * the record, not forge it. That is why nothing is encrypted into memory of the
 * caller, who could change the cipher text before the tag is made of it. Of a
 * record whose plain text was in the buffer, the cipher text is copied: no page
 * leaves that held anything else.
 */
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>

#include "stream.h"

/*
 * Whoever takes out of the pipe may hold it for as long as his socket takes nothing.
 * The stream is locked here, and its deadline must not wait for that.
 *
 * Return: @length, or -EAGAIN or -EPIPE
 */
static ssize_t pipe_add(struct pipe_inode_info *pipe, struct page *page,
			u32 offset, u32 length)
{
	struct pipe_buffer buf = {
		.page = page, .offset = offset, .len = length,
		.ops = &nosteal_pipe_buf_ops,
	};
	ssize_t ret;

	if (!mutex_trylock(&pipe->mutex))
		return -EAGAIN;
	get_page(page);
	/* gives the page back if there is no room */
	ret = add_to_pipe(pipe, &buf);
	pipe_unlock(pipe);
	return ret;
}

static ssize_t pipe_copy(struct rewire_sink *sink, const void *from, u32 length)
{
	ssize_t ret;

	if (sink->margin && sink->used == PAGE_SIZE) {
		put_page(sink->margin);
		sink->margin = NULL;
	}
	if (!sink->margin) {
		sink->margin = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!sink->margin)
			return -ENOMEM;
		sink->used = 0;
	}
	length = min_t(u32, length, PAGE_SIZE - sink->used);
	memcpy(page_address(sink->margin) + sink->used, from, length);
	ret = pipe_add(sink->pipe, sink->margin, sink->used, length);
	if (ret > 0)
		sink->used += length;
	return ret;
}

/**
 * rewire_pipe_add() - some bytes of a stream into a pipe
 * @sink: the pipe
 * @flow: the stream
 * @from: its next bytes, which do not cross a page
 * @length: how many of them, at most
 *
 * Return: how many, or a negative errno: -EAGAIN when the pipe is full or in use, -EPIPE
 * when nobody will read it, -ENOMEM.
 */
ssize_t rewire_pipe_add(struct rewire_sink *sink,
			const struct rewire_flow *flow, void *from, u32 length)
{
	if (flow->part != REWIRE_PART_BODY ||
	    flow->record.type != REWIRE_RECORD_PAGES)
		return pipe_copy(sink, from, length);
	return pipe_add(sink->pipe, virt_to_page(from), offset_in_page(from),
			length);
}

/**
 * rewire_splice() - the splice_read operation of a file with a stream
 * @file: the stream's
 * @pipe: locked, and not full
 * @length: bytes wanted
 * @give: reads the file
 *
 * Records are made with locks under which the journal is written. A task that
 * splices a pipe into a file of that file system holds it against being frozen while
 * it waits for the pipe, so that making them with the pipe locked could wait for
 * itself. No file with a stream has a position: it is spliced into a pipe that
 * somebody has open, never into one inside of sendfile(), which would have no lock.
 *
 * Return: bytes, 0 after the last one, or a negative errno; -EAGAIN when somebody
 * else has filled the pipe meanwhile, or is at it.
 */
ssize_t rewire_splice(struct file *file, struct pipe_inode_info *pipe,
		      size_t length, rewire_give_t give)
{
	struct rewire_sink sink = { .left = length, .pipe = pipe };
	ssize_t ret;

	lockdep_assert_held(&pipe->mutex);
	pipe_unlock(pipe);
	ret = give(file, &sink);
	pipe_lock(pipe);
	if (sink.margin)
		put_page(sink.margin);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_splice);
