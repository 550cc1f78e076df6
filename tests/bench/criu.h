/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rival: CRIU moves a plain process that does what a churn enclave does.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_CRIU_H
#define REWIRE_BENCH_CRIU_H

#include "bench.h"

/* Of what is dumped while it runs, each time what was written since. */
#define CRIU_PRE_DUMPS	2

/**
 * struct criu_move - what became of one
 * @pause: seconds, the longest that the process did not get on
 * @total: seconds, from the first pre-dump until it is restored
 */
struct criu_move {
	double pause;
	double total;
};

/**
 * criu_move - a process from "left" to "right"
 * @result: for errors
 * @mib: that it fills
 * @pages: that it writes BOARD_WRITES_PER_S times a second
 * @move: out
 *
 * It has looked at every page afterwards, and is gone.
 *
 * Return: 0 or -1.
 */
int criu_move(struct result *result, unsigned int mib, unsigned int pages,
	      struct criu_move *move);

#endif
