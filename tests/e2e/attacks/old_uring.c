// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: armed requests, with and without a kernel thread that polls.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handover.h"
#include "old.h"

#define PATIENCE_MS 500

/* From the launcher to us. A ring can't be sent through a socket. */
static struct shared {
	struct io_uring_params params;
	int ring, in, out;
} *shared;

static const char *missing(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? "no memory" : NULL;
}

/* A copy of the launcher's descriptor, which stayed open over the entry. */
static int take_from(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), taken;

	taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return taken;
}

/* Whatever comes out of the pipe within a while: is it the secret? */
static int loot_from(int fd)
{
	struct pollfd poll_for = { .fd = fd, .events = POLLIN };
	unsigned char loot[PAGE];
	ssize_t got;

	if (poll(&poll_for, 1, PATIENCE_MS) <= 0)
		return 0;
	got = read(fd, loot, sizeof(loot));
	return got > 0 && has_secret(loot, got);
}

/*
 * As soon as something comes through one pipe it goes to the guard, and the
 * secret, in a fixed buffer and in a plain one, into another.
 */
static int prepare_armed(int socket)
{
	const struct iovec secret = { (void *)(uintptr_t)secret_address, PAGE };
	struct io_uring ring;
	struct io_uring_sqe *sqe;
	int in[2], out[2], error;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return errno;
	error = -io_uring_queue_init(8, &ring, 0);
	error = error ? error : -io_uring_register_buffers(&ring, &secret, 1);
	if (error)
		return error;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, in[0], old_guard(0), PAGE, 0);
	sqe->flags |= IOSQE_IO_LINK;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_write_fixed(sqe, out[1], secret.iov_base, PAGE, 0, 0);
	sqe->flags |= IOSQE_IO_LINK;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_write(sqe, out[1], secret.iov_base, PAGE, 0);
	if (io_uring_submit(&ring) != 3)
		return EIO;
	error = hand_over(socket, in[1]);
	shared->ring = dup(ring.ring_fd);
	return error ? error : hand_over(socket, out[0]);
}

static int fire_armed(int socket, pid_t pid)
{
	int in = receive(socket), out = receive(socket);
	int ring = take_from(pid, shared->ring), stolen;
	unsigned char bytes[PAGE];

	memset(bytes, OLD_CHANGED, sizeof(bytes));
	if (write(in, bytes, sizeof(bytes)) < 0 && errno != EPIPE)
		return -errno;
	stolen = loot_from(out);
	close(in);
	close(out);
	close(ring);
	return stolen;
}

const struct old old_uring = {
	.name = "io_uring with armed requests",
	.missing = missing,
	.prepare = prepare_armed,
	.fire = fire_armed,
};

/* ---- SQPOLL: requests put into the ring after the entry ---- */

static int prepare_sqpoll(int socket)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQPOLL,
		.sq_thread_idle = 60000,
	};
	struct io_uring ring;
	int in[2], out[2], error;

	/* Not close-on-exec: the thread finds them by number. */
	if (pipe(in) || pipe(out))
		return errno;
	error = -io_uring_queue_init_params(8, &ring, &params);
	if (error)
		return error;
	shared->params = params;
	shared->in = in[0];
	shared->out = out[1];
	error = hand_over(socket, dup(in[1]));
	shared->ring = dup(ring.ring_fd);
	return error ? error : hand_over(socket, dup(out[0]));
}

static int fire_sqpoll(int socket, pid_t pid)
{
	int in = receive(socket), out = receive(socket);
	int fd = take_from(pid, shared->ring);
	unsigned char bytes[PAGE];
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int stolen;

	memset(bytes, OLD_CHANGED, sizeof(bytes));
	if (write(in, bytes, sizeof(bytes)) < 0 && errno != EPIPE)
		return -errno;
	if (io_uring_queue_mmap(fd, &shared->params, &ring))
		return -EIO;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_write(sqe, shared->out, (void *)(uintptr_t)secret_address,
			    PAGE, 0);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, shared->in, old_guard(1), PAGE, 0);
	io_uring_submit(&ring);
	stolen = loot_from(out);
	io_uring_queue_exit(&ring);
	close(in);
	close(out);
	return stolen;
}

const struct old old_sqpoll = {
	.name = "io_uring with SQPOLL",
	.missing = missing,
	.prepare = prepare_sqpoll,
	.fire = fire_sqpoll,
};
