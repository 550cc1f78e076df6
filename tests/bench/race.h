/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same work moved in three ways in turn. Each size and rate is measured once
 * in a run, whoever asks: figures and curves are made of the same numbers.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_RACE_H
#define REWIRE_BENCH_RACE_H

#include "bench.h"

#define RACE_RUNS	3
#define RACE_PER_S	20	/* times a second that pages are written */
#define RACE_CRIU_MOST_MIB 1024	/* beside a process, its images and an enclave */

/**
 * enum way - how it is moved
 * @WAY_LIVE: an enclave, copied in rounds
 * @WAY_STILL: an enclave, stopped and copied
 * @WAY_CRIU: a process, by CRIU
 */
enum way { WAY_LIVE, WAY_STILL, WAY_CRIU, WAYS };

/**
 * struct race - one size and rate
 * @mib: of the enclave; all but one of them are in use, as many as of the process
 * @pages: written each time
 * @runs: how many times each way was measured
 * @pause: seconds that it stood still
 * @ready: of those, until the target's READY was checked; of enclaves
 * @total: seconds from the order to the end
 * @missing: why there is nothing for a way; empty
 */
struct race {
	unsigned int mib;
	unsigned int pages;
	unsigned int runs[WAYS];
	double pause[WAYS][RACE_RUNS];
	double ready[WAYS][RACE_RUNS];
	double total[WAYS][RACE_RUNS];
	char missing[WAYS][256];
};

#define RACE_SIZES_PAGES 16	/* each time, where sizes are compared */

/* What was measured for it, now or before. NULL: too many are wanted. */
const struct race *race_at(unsigned int mib, unsigned int pages, bool quick);

extern const char *const race_way[WAYS];

#endif
