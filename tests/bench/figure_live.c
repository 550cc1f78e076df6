// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long an enclave stands still that is copied while it writes.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

#define CALLS_PER_S	20	/* each writes its share of the pages */

/**
 * struct writer - a client that has pages written, at a rate
 * @guest: the enclave, as this client has it
 * @sm: of both hosts, between which it follows
 * @at: host where it is
 * @stop: enough
 * @thread: calls
 */
struct writer {
	struct guest guest;
	const int *sm;
	int at;
	atomic_bool stop;
	pthread_t thread;
};

/* What was not answered is asked again, where the enclave is by then. */
static bool ask_again(struct writer *w, int code)
{
	struct rewire_error err;
	int fd;

	switch (code) {
	case -EREMCHG:
	case -ENOENT:
	case -ECANCELED:
		fd = rewire_enclave_open(w->sm[!w->at], 0, w->guest.workload,
					 &err);
		if (fd < 0)
			return true;
		close(w->guest.fd);
		w->guest.fd = fd;
		w->at = !w->at;
		return true;
	case -EINTR:
	case -ETIMEDOUT:
	case -EBADFD:
		return true;
	}
	return false;
}

static void *keep_writing(void *data)
{
	const __u8 run[] = { 3, 0, 0, 0, 'r', 'u', 'n', 1, 0, 0, 0, '1' };
	struct timespec pace = { .tv_nsec = 1000000000 / CALLS_PER_S };
	struct writer *w = data;
	struct rewire_error err;
	__u8 output[256];

	while (!atomic_load(&w->stop)) {
		struct rewire_call call = {
			.sequence = w->guest.sequence,
			.input = (uintptr_t)run, .input_length = sizeof(run),
			.output = (uintptr_t)output,
			.output_length = sizeof(output), .timeout_ms = 1000,
		};
		int code;

		memcpy(call.client, w->guest.client, sizeof(call.client));
		code = rewire_enclave_call(w->guest.fd, &call, &err);
		if (!code)
			w->guest.sequence++;
		else if (!ask_again(w, code))
			break;
		nanosleep(&pace, NULL);
	}
	return NULL;
}

static int start(struct result *result, struct writer *w,
		 const struct pair *pair)
{
	struct rewire_error err;

	*w = (struct writer){ .sm = pair->sm, .at = pair->at };
	w->guest.sequence = 1;
	memcpy(w->guest.workload, pair->guest.workload, REWIRE_ID_SIZE);
	w->guest.fd = rewire_enclave_open(pair->sm[pair->at], 0,
					  w->guest.workload, &err);
	if (w->guest.fd < 0 || rewire_id_random(w->guest.client, &err))
		return bench_missing(result, "%s", err.text);
	if (pthread_create(&w->thread, NULL, keep_writing, w))
		return bench_missing(result, "no thread");
	return 0;
}

static void stop(struct writer *w)
{
	atomic_store(&w->stop, true);
	pthread_join(w->thread, NULL);
	close(w->guest.fd);
}

/* Seconds that it stood still, while pages were written. */
static double pause_of(struct result *result, struct pair *pair,
		       bool stop_and_copy)
{
	struct writer writer;
	double took;

	if (start(result, &writer, pair))
		return -1;
	took = pair_migrate(result, pair, stop_and_copy);
	stop(&writer);
	if (took >= 0)
		fprintf(stderr, "  %s: %.3f s, still for %.3f s, %.1f MiB\n",
			stop_and_copy ? "stop and copy" : "copied in rounds",
			took, pair->pause, pair->bytes / MIB);
	return took < 0 ? -1 : pair->pause;
}

static int dirty(struct result *result, struct pair *pair, unsigned int permille)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", permille);
	return world_call(result, &pair->guest, "dirty", text, NULL);
}

/* ---- against stop-and-copy ---- */

static double live(struct result *result, void *data)
{
	return pause_of(result, data, false);
}

static double still(struct result *result, void *data)
{
	return pause_of(result, data, true);
}

static void measure_against_still(struct result *result, bool quick)
{
	static char how[512];
	struct pair pair;

	snprintf(how, sizeof(how), "time that an enclave of %s with all of it in use stands still, copied in rounds by a helper with its usual goal of 100 ms, while a client has 20 times a second 1 in 1000 of its pages written; over the same with --stop-and-copy. The hosts keep no checkpoints",
		 quick ? "64 MiB" : "1 GiB");
	result->how = how;
	if (!pair_open(result, &pair, quick ? "churn-64M" : "churn-1024M",
		       quick ? "63" : "1023") && !dirty(result, &pair, 1))
		bench_pairs(result, quick ? 3 : 5, live, still, &pair);
	pair_close(&pair);
}

const struct figure figure_live = {
	.name = "pause_vs_stopcopy", .unit = "ratio", .goal = 0.01,
	.at_most = true, .measure = measure_against_still,
};

/* ---- large against small ---- */

struct sizes {
	struct pair large, small;
};

static double large(struct result *result, void *data)
{
	return pause_of(result, &((struct sizes *)data)->large, false);
}

static double small(struct result *result, void *data)
{
	return pause_of(result, &((struct sizes *)data)->small, false);
}

static void measure_sizes(struct result *result, bool quick)
{
	static char how[512];
	struct sizes sizes;

	snprintf(how, sizeof(how), "time that an enclave of %s with all of it in use stands still, copied in rounds by a helper with its usual goal of 100 ms, while a client has as many pages written a second as of the other; over the same of 4 MiB. The hosts keep no checkpoints",
		 quick ? "64 MiB" : "1984 MiB (code and data of an enclave span less than 2 GiB)");
	result->how = how;
	/* 16 pages a call, or 508 */
	if (!pair_open(result, &sizes.small, "churn-4M", "3") &
	    !pair_open(result, &sizes.large, quick ? "churn-64M" : "churn-1984M",
		       quick ? "63" : "1983") &&
	    !dirty(result, &sizes.small, quick ? 21 : 661) &&
	    !dirty(result, &sizes.large, 1))
		bench_pairs(result, quick ? 3 : 5, large, small, &sizes);
	pair_close(&sizes.small);
	pair_close(&sizes.large);
}

const struct figure figure_sizes = {
	.name = "pause_2g_vs_4m", .unit = "ratio", .goal = 1.25,
	.at_most = true, .measure = measure_sizes,
};
