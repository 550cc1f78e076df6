// SPDX-License-Identifier: GPL-2.0-only
/*
 * AIO: the ring of completions, moved to the guard's address, and a poll that
 * completes later.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "handover.h"
#include "old.h"

#define AIO_MAGIC 0xa10a10a1

/* As the kernel lays it out for userspace. */
struct aio_ring {
	unsigned int id, nr, head, tail, magic;
};

static const char *missing(void)
{
	return NULL;
}

static size_t size_of_mapping(unsigned long start)
{
	unsigned long from, to;
	char line[512];
	size_t size = 0;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == start)
			size = to - from;
	if (maps)
		fclose(maps);
	return size;
}

static int prepare(int socket)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_POLL,
				.aio_buf = POLLIN };
	struct iocb *list[] = { &request };
	aio_context_t context = 0;
	size_t size;
	int event = eventfd(0, EFD_CLOEXEC);

	if (event < 0 || syscall(SYS_io_setup, 1, &context))
		return errno;
	size = size_of_mapping(context);
	if (!size || size > guard_size ||
	    mremap((void *)context, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   old_guard(0)) == MAP_FAILED)
		return errno ? errno : EINVAL;
	context = guard_address;
	request.aio_fildes = event;
	if (syscall(SYS_io_submit, context, 1, list) != 1)
		return errno;
	return hand_over(socket, event);
}

static int fire(int socket, pid_t pid)
{
	struct aio_ring ring = { 0 };
	struct iovec local = { &ring, sizeof(ring) };
	struct iovec remote = { old_guard(0), sizeof(ring) };
	int event = receive(socket);

	eventfd_write(event, 1);
	usleep(200000);
	close(event);
	process_vm_readv(pid, &local, 1, &remote, 1, 0);
	return ring.magic == AIO_MAGIC && ring.tail == 1;
}

const struct old old_aio = {
	.name = "AIO",
	.missing = missing,
	.prepare = prepare,
	.fire = fire,
};
