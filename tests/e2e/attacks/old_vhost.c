// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhost: a device of the kernel works on queues in its owner's memory. Ours lie
 * in the guard: descriptors in page 0, available ring in page 1, used ring in
 * page 2, a packet in page 3.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "handover.h"
#include "old.h"

#define DEVICE	"/dev/vhost-vsock"
#define QUEUE	8	/* descriptors */
#define SEND	1	/* the queue from the guest */
#define CID	4711

static const char *missing(void)
{
	return access(DEVICE, R_OK | W_OK) ? "no " DEVICE : NULL;
}

static int set_memory(int fd)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} memory = {
		.head = { .nregions = 1 },
		.region = {
			.memory_size = guard_size,
			.userspace_addr = guard_address,
		},
	};

	return ioctl(fd, VHOST_SET_MEM_TABLE, &memory);
}

static int set_queue(int fd, unsigned int index, int kick)
{
	struct vhost_vring_state size = { index, QUEUE }, base = { index, 0 };
	struct vhost_vring_file file = { index, kick };
	struct vhost_vring_addr address = {
		.index = index,
		.desc_user_addr = (uintptr_t)old_guard(0) + 1024 * index,
		.avail_user_addr = (uintptr_t)old_guard(1) + 1024 * index,
		.used_user_addr = (uintptr_t)old_guard(2) + 1024 * index,
	};

	return ioctl(fd, VHOST_SET_VRING_NUM, &size) ||
	       ioctl(fd, VHOST_SET_VRING_BASE, &base) ||
	       ioctl(fd, VHOST_SET_VRING_ADDR, &address) ||
	       (kick >= 0 && ioctl(fd, VHOST_SET_VRING_KICK, &file));
}

/* One descriptor with a packet that is none: it is used up all the same. */
static void fill_queue(void)
{
	struct vring_desc *desc = (void *)(old_guard(0) + 1024 * SEND);
	struct vring_avail *avail = (void *)(old_guard(1) + 1024 * SEND);

	memset(old_guard(0), 0, guard_size);
	desc->addr = 3 * PAGE;
	desc->len = 44;
	avail->idx = 1;
}

static int prepare(int socket)
{
	uint64_t features = 1ULL << VIRTIO_F_VERSION_1, cid = CID;
	int run = 1, kick = eventfd(0, EFD_CLOEXEC), error;
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || kick < 0)
		return errno;
	fill_queue();
	if (ioctl(fd, VHOST_SET_OWNER) ||
	    ioctl(fd, VHOST_SET_FEATURES, &features) || set_memory(fd) ||
	    set_queue(fd, 0, -1) || set_queue(fd, SEND, kick) ||
	    ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid) ||
	    ioctl(fd, VHOST_VSOCK_SET_RUNNING, &run))
		return errno;
	error = hand_over(socket, kick);
	return error ? error : hand_over(socket, fd);
}

static int fire(int socket, pid_t pid)
{
	struct vring_used used = { 0 };
	struct iovec local = { &used, sizeof(used) };
	struct iovec remote = { old_guard(2) + 1024 * SEND, sizeof(used) };
	int kick = receive(socket), fd = receive(socket);

	eventfd_write(kick, 1);
	usleep(300000);
	process_vm_readv(pid, &local, 1, &remote, 1, 0);
	close(kick);
	close(fd);
	return used.idx == 1;
}

const struct old old_vhost = {
	.name = "vhost",
	.missing = missing,
	.prepare = prepare,
	.fire = fire,
};
