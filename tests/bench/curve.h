/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Curves, for plots: what was measured at several places, as series side by side.
 * docs/benchmarks.md has their format.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_CURVE_H
#define REWIRE_BENCH_CURVE_H

#include <jansson.h>

#include "bench.h"

/**
 * struct axis - what is along it
 * @name: in words
 * @unit: of the numbers
 * @log: each step is a multiple of the one before
 */
struct axis {
	const char *name, *unit;
	bool log;
};

/**
 * struct sweep - what is measured to make curves
 * @name: for the command line; where it fails altogether, of what is missing
 * @measure: appends curves by curve_new()
 */
struct sweep {
	const char *name;
	void (*measure)(json_t *curves, struct result *result, bool quick);
};

extern const struct sweep sweep_sizes, sweep_rates, sweep_calls;

/* A curve without series yet; borrowed from @curves. */
json_t *curve_new(json_t *curves, const char *name, const char *title,
		  const struct axis *x, const struct axis *y, const char *how);

/* One more place, of a series that is begun if there is none of that name. */
void curve_add(json_t *curve, const char *series, double x,
	       const double *values, unsigned int runs);

/* Something happened there. */
void curve_mark(json_t *curve, double x, const char *text);

#endif
