// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ordinary process that looks like the probe.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enclaves/probe/probe.h"
#include "tap.h"
#include "victim.h"

/* At fixed addresses, which nothing else of ours may use. */
static void *map_at(uint64_t address, size_t length, int prot)
{
	void *at = mmap((void *)(uintptr_t)address, length, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void fill_secret(unsigned char *at)
{
	for (size_t i = 0; i < secret_size; i += PROBE_SECRET_SIZE)
		probe_secret(at + i);
}

int map_decoy(void *data)
{
	unsigned char *secret, *guard;

	(void)data;
	secret = map_at(secret_address, secret_size, PROT_READ | PROT_WRITE);
	guard = map_at(guard_address, guard_size, PROT_READ | PROT_WRITE);
	if (!secret || !guard)
		return errno;
	fill_secret(secret);
	memset(guard, PROBE_GUARD_BYTE, guard_size);
	return 0;
}

static int map_image(void)
{
	for (size_t i = 0; i < probe_image.count; i++) {
		const struct rewire_segment *segment = &probe_image.segments[i];
		uint64_t start = probe_image.layout.base + segment->offset;
		void *at = map_at(start, segment->length, PROT_READ | PROT_WRITE);

		if (!at)
			return errno;
		if (segment->data)
			memcpy(at, segment->data, segment->length);
		if (segment->prot & REWIRE_PROT_EXEC)
			mprotect(at, segment->length, PROT_READ | PROT_EXEC);
	}
	fill_secret((void *)(uintptr_t)secret_address);
	memset((void *)(uintptr_t)guard_address, PROBE_GUARD_BYTE, guard_size);
	return 0;
}

void bystander_start(struct victim *victim, prepare_fn *prepare, void *data)
{
	int ready[2], error;

	memset(victim, 0, sizeof(*victim));
	victim->fd = -1;
	if (pipe(ready))
		tap_bail("pipe: %s", strerror(errno));
	victim->pid = fork();
	if (victim->pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!victim->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		error = prepare ? 0 : map_image();
		if (!error && prepare)
			error = prepare(data);
		if (write(ready[1], &error, sizeof(error)) < 0 || error)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &error, sizeof(error)) != sizeof(error) || error)
		tap_bail("the ordinary process failed to prepare: %s",
			 strerror(error));
	close(ready[0]);
}

void bystander_end(struct victim *victim)
{
	kill(victim->pid, SIGKILL);
	waitpid(victim->pid, NULL, 0);
	victim->pid = 0;
}
