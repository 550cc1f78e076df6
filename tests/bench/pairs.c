// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clock, pairs, median, processors.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int bench_missing(struct result *result, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(result->missing, sizeof(result->missing), format, list);
	va_end(list);
	return -1;
}

void bench_pairs(struct result *result, unsigned int runs, bench_fn *a,
		 bench_fn *b, void *data)
{
	for (unsigned int i = 0; i <= runs; i++) {
		double left = a(result, data);
		double right = left < 0 ? -1 : b(result, data);

		if (right < 0)
			return;
		if (runs < 50)
			fprintf(stderr, "  %g over %g: %.3f%s\n", left, right,
				left / right, i ? "" : " (warming up)");
		if (i)
			result->value[result->runs++] = left / right;
	}
}

static cpu_set_t unpinned;

int bench_pin(struct result *result)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_getaffinity(0, sizeof(unpinned), &unpinned) ||
	    sched_setaffinity(0, sizeof(one), &one))
		return bench_missing(result, "cannot bind to a processor");
	return 0;
}

void bench_unpin(void)
{
	sched_setaffinity(0, sizeof(unpinned), &unpinned);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(const double *values, unsigned int count)
{
	double sorted[BENCH_MAX_RUNS];

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return count % 2 ? sorted[count / 2] :
			   (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}
