// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a failed update makes calls wait, and how long one that succeeds.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "update.h"

/**
 * struct caller - calls without a break, and looks which took longest
 * @guest: whom; a client of its own
 * @result: for its errors
 * @stop: enough
 * @longest: seconds
 */
struct caller {
	struct guest guest;
	struct result result;
	atomic_bool stop;
	double longest;
};

static void *call(void *data)
{
	struct caller *caller = data;
	double start, took;

	while (!atomic_load(&caller->stop)) {
		start = bench_now();
		if (world_call(&caller->result, &caller->guest, "add", NULL))
			break;
		took = bench_now() - start;
		if (took > caller->longest)
			caller->longest = took;
	}
	return NULL;
}

/* How long did the call wait that waited for the update? */
static double waited(struct result *result, struct update *update, bool well)
{
	static struct caller caller;
	struct rewire_error err;
	pthread_t thread;
	int rc;

	if (world_call(result, &update->guest, "behave",
		       well ? "well" : "health-fail", NULL) ||
	    update_order(result, update))
		return -1;
	/* a file of its own: ours is closed when the instance is another */
	caller = (struct caller){ .guest = { .fd = dup(update->guest.fd),
					     .sequence = 1 } };
	if (caller.guest.fd < 0 || rewire_id_random(caller.guest.client, &err))
		return bench_missing(result, "no client");
	if (pthread_create(&thread, NULL, call, &caller))
		return bench_missing(result, "no thread");
	rc = update_apply(result, update, well);
	atomic_store(&caller.stop, true);
	pthread_join(thread, NULL);
	close(caller.guest.fd);
	if (rc)
		return -1;
	if (caller.result.missing[0])
		return bench_missing(result, "%s", caller.result.missing);
	/* by the SM's clock calls waited: then one of its calls did */
	if (caller.longest < (double)update->info.pause_us / 2e6)
		return bench_missing(result, "no call waited for the update");
	return caller.longest;
}

static double failed(struct result *result, void *data)
{
	return waited(result, data, false);
}

static double succeeded(struct result *result, void *data)
{
	return waited(result, data, true);
}

static void measure(struct result *result, bool quick)
{
	static struct update update;

	result->how = "update of the enclave unruly, of which one caller asks something all the time: the longest that it waited when the new version's health check fails, so that the old one answers again, over the longest when the update succeeds; no journal and no checkpoints";
	update = (struct update){ .image = "unruly" };
	if (!update_open(result, &update, KEEP_NOTHING))
		bench_pairs(result, quick ? 7 : 31, failed, succeeded, &update);
	update_close(&update);
}

const struct figure figure_rollback = {
	.name = "update_rollback_vs_pause", .unit = "ratio", .goal = 1.1,
	.at_most = true, .measure = measure,
};
