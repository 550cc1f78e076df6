// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long an update makes calls wait.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "update.h"

#define TRIPS		50
/* A pipe that holds as much as an SM does of a state on its way. */
#define PIPE_ROOM	(256 << 10)

/**
 * struct pause - what is compared
 * @update: an enclave
 * @took: its pauses, in seconds
 * @count: how many
 * @bytes: of state
 * @from: as many to be copied
 * @data: pipe to who takes the copy
 * @ack: pipe from it
 * @other: who takes it
 */
struct pause {
	struct update update;
	double took[BENCH_MAX_RUNS];
	unsigned int count;
	size_t bytes;
	__u8 *from;
	int data[2];
	int ack[2];
	pid_t other;
};

static double updated(struct result *result, void *data)
{
	struct pause *p = data;
	double took = update_pause(result, &p->update);

	if (took >= 0)
		p->took[p->count++] = took;
	return took;
}

static double median_ms(const struct pause *p)
{
	return p->count ? bench_median(p->took, p->count) * 1e3 : 0;
}

/* What was handed over must be all there, or the time says nothing. */
static int check(struct result *result, struct update *update)
{
	return result->missing[0] ? -1 :
	       world_call(result, &update->guest, "verify", NULL);
}

/* ---- 1 KiB of state ---- */

#define ENTRIES		5
#define ENTRY_BYTES	190	/* ENTRIES of them are about 1 KiB, as exported */

static int fill_small(struct result *result, struct update *update)
{
	char key[8], value[ENTRY_BYTES + 1];

	memset(value, 'v', ENTRY_BYTES);
	value[ENTRY_BYTES] = '\0';
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		if (world_call(result, &update->guest, "put", key, value, NULL))
			return -1;
	}
	return 0;
}

static double one_trip(struct result *result, void *data)
{
	struct pause *p = data;
	double took[TRIPS], start;

	for (unsigned int i = 0; i < TRIPS; i++) {
		start = bench_now();
		if (world_call(result, &p->update.guest, "get", "k0", NULL))
			return -1;
		took[i] = bench_now() - start;
	}
	return bench_median(took, TRIPS);
}

static void measure_small(struct result *result, bool quick)
{
	static struct pause p;
	static char how[512];

	p = (struct pause){ .update.image = "vault" };
	if (!bench_pin(result)) {
		if (!update_open(result, &p.update, KEEP_NOTHING) &&
		    !fill_small(result, &p.update))
			bench_pairs(result, quick ? 7 : 31, updated, one_trip,
				    &p);
		update_close(&p.update);
		bench_unpin();
	}
	snprintf(how, sizeof(how), "how many calls' time an update costs its callers: from HANDOVER until the new version may answer (pause_us), vault enclave that hands over %llu bytes of state, no journal and no checkpoints, all on one processor; over the round trip of a call into it, the median of %d. The pause took %.2f ms here, a median",
		 (unsigned long long)p.update.info.state_bytes, TRIPS,
		 median_ms(&p));
	result->how = how;
}

/* ---- a lot of it ---- */

static void take_copies(const struct pause *p)
{
	__u8 *to = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	size_t have;
	ssize_t n = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(p->data[1]);
	while (to != MAP_FAILED && n > 0) {
		for (have = 0; have < p->bytes && n > 0; have += (size_t)n)
			n = read(p->data[0], to + have, p->bytes - have);
		if (n > 0 && write(p->ack[1], to, 1) != 1)
			break;
	}
	_exit(0);
}

static int start_copies(struct result *result, struct pause *p)
{
	p->from = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->from == MAP_FAILED)
		return bench_missing(result, "no memory for a copy");
	for (size_t i = 0; i < p->bytes; i++)
		p->from[i] = (__u8)(i * 31);
	if (pipe2(p->data, O_CLOEXEC) || pipe2(p->ack, O_CLOEXEC) ||
	    fcntl(p->data[1], F_SETPIPE_SZ, PIPE_ROOM) < 0)
		return bench_missing(result, "no pipe of %d bytes", PIPE_ROOM);
	p->other = fork();
	if (!p->other)
		take_copies(p);
	return p->other < 0 ? bench_missing(result, "no process") : 0;
}

static void stop_copies(struct pause *p)
{
	if (p->other > 0) {
		kill(p->other, SIGKILL);
		waitpid(p->other, NULL, 0);
	}
	for (int i = 0; i < 2; i++) {
		if (p->data[i] >= 0)
			close(p->data[i]);
		if (p->ack[i] >= 0)
			close(p->ack[i]);
	}
	if (p->from && p->from != MAP_FAILED)
		munmap(p->from, p->bytes);
}

static double copied(struct result *result, void *data)
{
	struct pause *p = data;
	double start = bench_now();
	struct rewire_error err;
	char byte;

	if (rewire_write_all(p->data[1], p->from, p->bytes, &err) ||
	    read(p->ack[0], &byte, 1) != 1)
		return bench_missing(result, "the copy broke");
	return bench_now() - start;
}

static void pause_init(struct pause *p, bool quick)
{
	*p = (struct pause){ .data = { -1, -1 }, .ack = { -1, -1 } };
	p->update.image = quick ? "churn-64M" : "churn-256M";
	p->update.fill = quick ? "64" : "256";
	p->bytes = (size_t)(quick ? 64 : 256) << 20;
}

static void measure_large(struct result *result, bool quick)
{
	static struct pause p;
	static char how[768];

	pause_init(&p, quick);
	if (!update_open(result, &p.update, KEEP_NOTHING) && !start_copies(result, &p)) {
		bench_pairs(result, quick ? 5 : 9, updated, copied, &p);
		check(result, &p.update);
	}
	stop_copies(&p);
	update_close(&p.update);
	snprintf(how, sizeof(how), "pause (pause_us) of an update that hands over %zu MiB%s by on_export and on_import, churn enclave, no journal and no checkpoints; over the time in which as many bytes go through a pipe of %d KiB from one process to another, into memory that is there already: two copies on either side. At the end the enclave looks at every page. The pause took %.1f ms here, a median",
		 p.bytes >> 20, quick ? " (--quick; 256 without)" : "",
		 PIPE_ROOM >> 10, median_ms(&p));
	result->how = how;
}

static double kept(struct result *result, void *data)
{
	struct pause *p = data;

	p->update.checkpoints = true;
	return updated(result, p);
}

static double not_kept(struct result *result, void *data)
{
	struct pause *p = data;

	p->update.checkpoints = false;
	return update_pause(result, &p->update);
}

static void measure_durable(struct result *result, bool quick)
{
	static struct pause p;
	static char how[768];

	pause_init(&p, quick);
	if (!update_open(result, &p.update, KEEP_IN_MEMORY)) {
		bench_pairs(result, quick ? 3 : 5, kept, not_kept, &p);
		check(result, &p.update);
	}
	update_close(&p.update);
	snprintf(how, sizeof(how), "pause (pause_us) of an update that hands over %zu MiB%s and keeps checkpoints: both versions are sealed and written to files while calls wait; over the same without (--volatile). Journal and checkpoints stand on %s; a disk adds what it needs to write and sync both. The pause with checkpoints took %.1f ms here, a median",
		 p.bytes >> 20, quick ? " (--quick; 256 without)" : "",
		 place_disk(KEEP_IN_MEMORY), median_ms(&p));
	result->how = how;
}

const struct figure figure_update_small = {
	.name = "update_pause_small_vs_call", .unit = "ratio", .goal = NAN,
	.at_most = true, .measure = measure_small,
};

const struct figure figure_update_large = {
	.name = "update_pause_256m_vs_copy", .unit = "ratio", .goal = NAN,
	.at_most = true, .measure = measure_large,
};

const struct figure figure_update_durable = {
	.name = "update_durable_vs_volatile", .unit = "ratio", .goal = NAN,
	.at_most = true, .measure = measure_durable,
};
