// SPDX-License-Identifier: GPL-2.0-only
/*
 * An enclave's code in a plain process: what it is linked with instead of the gate
 * and the calls to the SM.
 *
 *	churn-plain			requests come from standard input, each after
 *					its length; answers go to standard output, each
 *					after its status and its length
 *	churn-plain BOARD MIB PAGES	it fills so many MiB, then writes so many pages
 *					BOARD_WRITES_PER_S times a second until BOARD, a
 *					file, tells it to look at all of them
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "rewire_enclave.h"
#include "words.h"

#define HEAP		(1UL << 30)	/* what is not used costs nothing */

char rewire_heap_start[HEAP] __attribute__((aligned(4096)));
__asm__(".globl rewire_heap_end\n"
	".set rewire_heap_end, rewire_heap_start + 1 << 30");

static struct board *board;
static const char *mib, *pages;

/* ---- requests from outside ---- */

static void read_all(void *to, size_t length)
{
	char *at = to;

	while (length) {
		ssize_t n = read(STDIN_FILENO, at, length);

		if (n <= 0)
			exit(n < 0);
		at += n;
		length -= (size_t)n;
	}
}

static void write_all(const void *from, size_t length)
{
	const char *at = from;

	while (length) {
		ssize_t n = write(STDOUT_FILENO, at, length);

		if (n < 0)
			exit(1);
		at += n;
		length -= (size_t)n;
	}
}

static long next_request(void *buffer, size_t size)
{
	uint32_t length;

	read_all(&length, sizeof(length));
	if (length > size)
		exit(1);
	read_all(buffer, length);
	return length;
}

/* ---- on its own ---- */

static long words(void *buffer, const char *verb, const char *a, const char *b)
{
	return (long)words_pack(buffer, (const char *[]){ verb, a, b, NULL });
}

static unsigned long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000000 +
	       (unsigned long long)now.tv_nsec;
}

static void beat(void)
{
	const struct timespec pace = {
		.tv_nsec = 1000000000 / BOARD_WRITES_PER_S / BOARD_BEATS,
	};
	unsigned long long now, since;

	nanosleep(&pace, NULL);
	now = now_ns();
	since = now - atomic_exchange(&board->last_ns, now);
	if (since > atomic_load(&board->longest_ns))
		atomic_store(&board->longest_ns, since);
	atomic_fetch_add(&board->beats, 1);
}

static long next_work(void *buffer)
{
	if (atomic_load(&board->state) == BOARD_FILLING) {
		if (!atomic_exchange(&board->last_ns, now_ns()))
			return words(buffer, "fill", mib, "1");
		atomic_store(&board->state, BOARD_WORKING);
	}
	for (int i = 0; i < BOARD_BEATS; i++) {
		if (atomic_load(&board->verify))
			return words(buffer, "verify", NULL, NULL);
		beat();
	}
	return words(buffer, "write", pages, NULL);
}

static void answered(int status)
{
	if (!status && !atomic_load(&board->verify))
		return;
	atomic_store(&board->state, status ? BOARD_BROKEN : BOARD_INTACT);
	exit(!!status);
}

/* ---- what an enclave calls ---- */

long rewire_recv(void *buffer, size_t size, uint64_t *ret_handle)
{
	*ret_handle = 0;
	return board ? next_work(buffer) : next_request(buffer, size);
}

long rewire_reply_recv(uint64_t *handle, int status, const void *data,
		       size_t length, void *buffer, size_t size)
{
	const struct { int32_t status; uint32_t length; } head = {
		status, (uint32_t)length,
	};

	if (board) {
		answered(status);
	} else {
		write_all(&head, sizeof(head));
		write_all(data, length);
	}
	return rewire_recv(buffer, size, handle);
}

/* Nobody updates a process. */
void rewire_on_update(const struct rewire_update_ops *ops)
{
	(void)ops;
}

int rewire_export(const void *data, size_t length)
{
	(void)data;
	(void)length;
	return -EOPNOTSUPP;
}

int rewire_state_get(struct rewire_state *state, void *data, size_t length)
{
	(void)state;
	(void)data;
	(void)length;
	return -EOPNOTSUPP;
}

int rewire_state_end(struct rewire_state *state)
{
	(void)state;
	return -EOPNOTSUPP;
}

/* Before the enclave's main(), which takes no arguments. */
static __attribute__((constructor)) void begin(int argc, char **argv)
{
	int fd;

	if (argc < 4)
		return;
	mib = argv[2];
	pages = argv[3];
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (fd < 0 || board == MAP_FAILED) {
		perror(argv[1]);
		exit(1);
	}
	close(fd);
}
