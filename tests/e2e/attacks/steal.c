// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to read the memory of another process.
 *
 * Those that a process can only do to itself are forced on the victim by a
 * debugger. It can't write there, so where the kernel wants a struct iovec it
 * is pointed to the layout, in which two such pairs stand: base and span, ssa
 * and ssa_size.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "steal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debugger.h"
#include "tap.h"

static struct io_uring ring;
static int splice_pipe[2], block = -1;

/* Inherited over exec, unlike what a careful program would open. */
void thefts_prepare(const char *device)
{
	if (pipe(splice_pipe) || fcntl(splice_pipe[0], F_SETPIPE_SZ, LOOT_SIZE) < 0 ||
	    fcntl(splice_pipe[0], F_SETFL, O_NONBLOCK))
		tap_bail("pipe: %s", strerror(errno));
	if (io_uring_queue_init(8, &ring, 0) ||
	    fcntl(ring.ring_fd, F_SETFD, 0))
		tap_bail("io_uring: %s", strerror(errno));
	if (device)
		block = open(device, O_RDWR | O_DIRECT);
	if (device && block < 0)
		tap_bail("%s: %s", device, strerror(errno));
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

static long by_proc_mem(pid_t pid, unsigned char *loot)
{
	int fd = open_of(pid, "mem", O_RDONLY);
	long got;

	if (fd < 0)
		return -errno;
	got = pread(fd, loot, secret_size, secret_address);
	if (got < 0)
		got = -errno;
	close(fd);
	return got;
}

static long by_vm_readv(pid_t pid, unsigned char *loot)
{
	struct iovec local = { loot, secret_size };
	struct iovec remote = { (void *)(uintptr_t)secret_address, secret_size };
	long got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return got < 0 ? -errno : got;
}

/*
 * A mapping of the probe has a file behind it, and an ordinary process none, so
 * the control finds its own executable there; that it can be mapped must do.
 */
static long by_map_files(pid_t pid, unsigned char *loot)
{
	char path[PATH_MAX];
	struct dirent *entry;
	long got = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/map_files", pid);
	dir = opendir(path);
	while (dir && got <= 0 && (entry = readdir(dir))) {
		unsigned long start, end;
		int fd;

		if (sscanf(entry->d_name, "%lx-%lx", &start, &end) != 2 ||
		    start < probe_image.layout.base)
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			got = -errno;
			continue;
		}
		got = pread(fd, loot, PAGE, 0);
		if (got < 0)
			got = -errno;
		if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED)
			got = PAGE;
		close(fd);
	}
	if (dir)
		closedir(dir);
	return got;
}

static long by_peek(pid_t pid, unsigned char *loot)
{
	long error = debugger_attach(pid), got = 0;

	if (error)
		return -error;
	for (; got < (long)PAGE; got += sizeof(long)) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, secret_address + got, NULL);
		if (errno) {
			got = got ? got : -errno;
			break;
		}
		memcpy(loot + got, &word, sizeof(word));
	}
	debugger_detach(pid);
	return got;
}

static long by_fork(pid_t pid, unsigned char *loot)
{
	long error = debugger_attach(pid), got, child;

	if (error)
		return -error;
	/* the child stops before its first instruction, or it would be gone */
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEFORK);
	child = debugger_syscall(pid, SYS_fork, (unsigned long[6]){ 0 });
	debugger_detach(pid);
	if (child < 0)
		return child;
	got = by_vm_readv(child, loot);
	if (got <= 0)
		got = by_proc_mem(child, loot);
	kill(child, SIGKILL);
	waitpid(child, NULL, __WALL);
	return got;
}

static unsigned long pair_at(size_t offset)
{
	return probe_image.layout.base + offset;	/* .rewire.layout is first */
}

static long by_vmsplice(pid_t pid, unsigned char *loot)
{
	long error = debugger_attach(pid), got;

	if (error)
		return -error;
	while (read(splice_pipe[0], loot, LOOT_SIZE) > 0)
		;
	got = debugger_syscall(pid, SYS_vmsplice, (unsigned long[6]){
		splice_pipe[1], pair_at(offsetof(struct rewire_layout, base)), 1,
		SPLICE_F_NONBLOCK });
	if (got > 0)
		got = read(splice_pipe[0], loot, LOOT_SIZE);
	debugger_detach(pid);
	return got;
}

static long by_direct_io(pid_t pid, unsigned char *loot)
{
	long error, got;

	if (block < 0)
		return -ENODEV;
	error = debugger_attach(pid);
	if (error)
		return -error;
	got = debugger_syscall(pid, SYS_pwrite64, (unsigned long[6]){
		block, secret_address, secret_size, 0 });
	debugger_detach(pid);
	if (got > 0) {
		void *aligned = mmap(NULL, secret_size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		got = pread(block, aligned, secret_size, 0);
		memcpy(loot, aligned, secret_size);
		munmap(aligned, secret_size);
	}
	return got;
}

/* The victim registers its State Save Area as a buffer; we write it to a pipe. */
static long by_fixed_buffer(pid_t pid, unsigned char *loot)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	long error, got;

	error = debugger_attach(pid);
	if (error)
		return -error;
	got = debugger_syscall(pid, SYS_io_uring_register, (unsigned long[6]){
		ring.ring_fd, IORING_REGISTER_BUFFERS,
		pair_at(offsetof(struct rewire_layout, ssa)), 1 });
	debugger_detach(pid);
	if (got < 0)
		return got;
	while (read(splice_pipe[0], loot, LOOT_SIZE) > 0)
		;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_write_fixed(sqe, splice_pipe[1],
				  (void *)(uintptr_t)probe_image.layout.ssa, PAGE,
				  0, 0);
	io_uring_submit(&ring);
	if (io_uring_wait_cqe(&ring, &cqe))
		return -EIO;
	got = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	io_uring_unregister_buffers(&ring);
	return got > 0 ? read(splice_pipe[0], loot, LOOT_SIZE) : got;
}

const struct theft thefts[] = {
	{ "/proc/PID/mem", by_proc_mem, false },
	{ "process_vm_readv", by_vm_readv, false },
	{ "/proc/PID/map_files", by_map_files, false },
	{ "ptrace PEEKDATA", by_peek, true },
	{ "a forced fork", by_fork, true },
	{ "a forced vmsplice", by_vmsplice, true },
	{ "a forced O_DIRECT write", by_direct_io, true },
	{ "a forced io_uring fixed buffer", by_fixed_buffer, true },
	{ 0 },
};
