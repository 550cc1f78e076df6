// SPDX-License-Identifier: GPL-2.0-only
/*
 * userfaultfd: pages put into a range that was registered before.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handover.h"
#include "old.h"

static const char *missing(void)
{
	return NULL;
}

static int prepare(int socket)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { guard_address, guard_size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    madvise(old_guard(0), guard_size, MADV_DONTNEED) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return errno;
	return hand_over(socket, fd);
}

static int fire(int socket, pid_t pid)
{
	static unsigned char page[PAGE] __attribute__((aligned(PAGE)));
	int fd = receive(socket), copied = 0;

	(void)pid;
	memset(page, OLD_CHANGED, sizeof(page));
	for (uint64_t at = guard_address; at < guard_address + guard_size;
	     at += PAGE) {
		struct uffdio_copy copy = {
			.dst = at,
			.src = (uintptr_t)page,
			.len = PAGE,
		};

		copied += !ioctl(fd, UFFDIO_COPY, &copy);
	}
	close(fd);
	return copied > 0;
}

const struct old old_userfaultfd = {
	.name = "userfaultfd",
	.missing = missing,
	.prepare = prepare,
	.fire = fire,
};
