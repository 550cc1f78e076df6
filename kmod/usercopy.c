// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams are copied with the lock of their session, and a deadline takes the same
 * lock. Memory whose page faults a process answers itself (userfaultfd, FUSE) may never
 * come: were it waited for with the lock, whoever holds the file could keep an enclave
 * that stands still from going on. So what is not there is not copied, and is brought
 * in when the lock is free, as generic_perform_write() does it.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "usercopy.h"

#define USERCOPY_STEP	REWIRE_MAX_RECORD	/* brought in at a time */

/**
 * rewire_copy_to() - as copy_to_iter(), up to what is not there
 * @from: bytes
 * @length: how many
 * @to: memory of who reads
 *
 * Return: bytes copied.
 */
size_t rewire_copy_to(const void *from, size_t length, struct iov_iter *to)
{
	size_t moved;

	pagefault_disable();
	moved = copy_to_iter(from, length, to);
	pagefault_enable();
	return moved;
}

/**
 * rewire_copy_from() - as copy_from_iter(), up to what is not there
 * @to: room
 * @length: how much
 * @from: memory of who writes
 *
 * Return: bytes copied.
 */
size_t rewire_copy_from(void *to, size_t length, struct iov_iter *from)
{
	size_t moved;

	pagefault_disable();
	moved = copy_from_iter(to, length, from);
	pagefault_enable();
	return moved;
}

/* Was nothing copied because it was not there, and is some of it now? */
static bool usercopy_again(ssize_t ret, struct iov_iter *iter)
{
	size_t want = min_t(size_t, iov_iter_count(iter), USERCOPY_STEP);
	size_t missing;

	if (ret != -EFAULT || fatal_signal_pending(current))
		return false;
	missing = iov_iter_rw(iter) == READ ?
		  fault_in_iov_iter_writeable(iter, want) :
		  fault_in_iov_iter_readable(iter, want);
	return missing < want;
}

/**
 * rewire_read() - the read_iter operation of a file with a stream
 * @iocb: the file
 * @to: where to
 * @give: reads it; -EFAULT only if it has given nothing
 *
 * Return: bytes, 0 after the last one, or a negative errno.
 */
ssize_t rewire_read(struct kiocb *iocb, struct iov_iter *to,
		    rewire_give_t give)
{
	struct rewire_sink sink = rewire_sink_iter(to);
	ssize_t ret;

	do {
		ret = give(iocb->ki_filp, &sink);
	} while (usercopy_again(ret, to));
	return ret;
}

/**
 * rewire_write() - the write_iter operation of a file with a stream
 * @iocb: the file
 * @from: where from
 * @take: writes it; -EFAULT only if it has taken nothing
 *
 * Return: bytes, or a negative errno.
 */
ssize_t rewire_write(struct kiocb *iocb, struct iov_iter *from,
		     rewire_write_t take)
{
	ssize_t ret;

	do {
		ret = take(iocb->ki_filp, from);
	} while (usercopy_again(ret, from));
	return ret;
}
