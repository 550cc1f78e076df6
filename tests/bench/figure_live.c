// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long an enclave stands still that is copied while it writes.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>

#include "client.h"

/**
 * struct sort - an enclave, and how it is moved
 * @pair: it
 * @pages: that are written of it in each call
 */
struct sort {
	struct pair pair;
	unsigned int pages;
};

static int begin(struct result *result, struct sort *sort, unsigned int mib,
		 unsigned int pages)
{
	sort->pages = pages;
	return pair_open_size(result, &sort->pair, mib);
}

/* Seconds that it stood still, while pages were written. */
static double pause_of(struct result *result, struct sort *sort,
		       bool stop_and_copy)
{
	struct pair *pair = &sort->pair;

	return pair_migrate_written(result, pair, stop_and_copy, sort->pages) <
		       0 ? -1 : pair->pause;
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
	const unsigned int mib = quick ? 64 : 1024;
	struct sort sort;

	snprintf(how, sizeof(how), "time that an enclave of %u MiB with all but one of them in use stands still, copied in rounds by a helper with its usual goal of 100 ms, while a client has 1 in 100 of its pages written each second (in 20 calls); over the same with --stop-and-copy. The hosts keep no checkpoints. Each move is followed by a look at every page",
		 mib);
	result->how = how;
	if (!begin(result, &sort, mib, mib * 256 / 100 / CLIENT_WRITES_PER_S))
		bench_pairs(result, 3, live, still, &sort);
	pair_close(&sort.pair);
}

const struct figure figure_live = {
	.name = "pause_vs_stopcopy", .unit = "ratio", .goal = 0.01,
	.at_most = true, .measure = measure_against_still,
};

/* ---- large against small ---- */

#define BOTH	16	/* pages of each in a call */

struct sizes {
	struct sort large, small;
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

	snprintf(how, sizeof(how), "time that an enclave of %s stands still, all but one MiB of it in use, copied in rounds by a helper with its usual goal of 100 ms, while a client has 320 of its pages written each second (in 20 calls); over the same of 4 MiB. The hosts keep no checkpoints. Each move is followed by a look at every page",
		 quick ? "64 MiB" : "1984 MiB (code and data of an enclave span less than 2 GiB)");
	result->how = how;
	if (!begin(result, &sizes.small, 4, BOTH) &
	    !begin(result, &sizes.large, quick ? 64 : 1984, BOTH))
		bench_pairs(result, 3, large, small, &sizes);
	pair_close(&sizes.small.pair);
	pair_close(&sizes.large.pair);
}

const struct figure figure_sizes = {
	.name = "pause_2g_vs_4m", .unit = "ratio", .goal = 1.25,
	.at_most = true, .measure = measure_sizes,
};
