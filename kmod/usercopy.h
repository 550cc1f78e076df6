/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams to and from the memory of who reads and writes their files, without a lock
 * held while that memory is waited for.
 */
#ifndef REWIRE_USERCOPY_H
#define REWIRE_USERCOPY_H

#include "stream.h"

/* takes what is written to a file */
typedef ssize_t (*rewire_write_t)(struct file *file, struct iov_iter *from);

size_t rewire_copy_to(const void *from, size_t length, struct iov_iter *to);
size_t rewire_copy_from(void *to, size_t length, struct iov_iter *from);
ssize_t rewire_read(struct kiocb *iocb, struct iov_iter *to,
		    rewire_give_t give);
ssize_t rewire_write(struct kiocb *iocb, struct iov_iter *from,
		     rewire_write_t take);

#endif
