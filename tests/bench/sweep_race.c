// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pause and time of a whole move, over sizes and over rates of writing.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>

#include "curve.h"
#include "race.h"

#define HOW_RACE \
	"Medians of moves made in turn. An enclave's pause is the helper's still_ms, its time from the order to the answer; a process's pause is by its own clock the longest that it did not get on, its time from the first page server's start until it is restored. Two pre-dumps; CRIU's TLS. Every page is looked at after each move"

static const struct axis pause = { "pause", "s", true };
static const struct axis parts = { "pause", "s", false };
static const struct axis total = { "time of the whole move", "s", true };

/**
 * struct three - the curves that a race adds to
 * @pause: of all ways
 * @total: of all ways
 * @parts: of what a pause consists, of enclaves copied in rounds
 */
struct three {
	json_t *pause, *total, *parts;
};

static void add_parts(json_t *parts, double x, const struct race *race)
{
	const unsigned int runs = race->runs[WAY_LIVE];
	double rest[RACE_RUNS];

	for (unsigned int i = 0; i < runs; i++)
		rest[i] = race->pause[WAY_LIVE][i] - race->ready[WAY_LIVE][i];
	if (!runs)
		return;
	curve_add(parts, "all of it", x, race->pause[WAY_LIVE], runs);
	curve_add(parts, "the last round, until READY is checked", x,
		  race->ready[WAY_LIVE], runs);
	curve_add(parts, "START, until ACTIVE is checked", x, rest, runs);
}

static void add(const struct three *to, double x, const struct race *race,
		struct result *result)
{
	if (race)
		add_parts(to->parts, x, race);
	for (int way = 0; race && way < WAYS; way++) {
		if (race->runs[way]) {
			curve_add(to->pause, race_way[way], x,
				  race->pause[way], race->runs[way]);
			curve_add(to->total, race_way[way], x,
				  race->total[way], race->runs[way]);
		} else if (race->mib <= RACE_CRIU_MOST_MIB) {
			bench_missing(result, "%s: %s", race_way[way],
				      race->missing[way]);
		}
	}
}

static void measure_sizes(json_t *curves, struct result *result, bool quick)
{
	static const unsigned int sizes[] = { 4, 16, 64, 256, 1024, 1984 };
	static const struct axis x = { "size of the enclave or process", "MiB",
				       true };
	const unsigned int count = quick ? 3 : sizeof(sizes) / sizeof(*sizes);
	const char *how = "All but one MiB of each is in use, and 320 pages of it are written each second, in 20 calls. " HOW_RACE;
	const struct three to = {
		curve_new(curves, "pause_over_size",
			  "Pause over size, 320 pages written a second", &x,
			  &pause, how),
		curve_new(curves, "total_over_size",
			  "Time of a move over size, 320 pages written a second",
			  &x, &total, how),
		curve_new(curves, "pause_parts_over_size",
			  "What the pause of an enclave copied in rounds consists of",
			  &x, &parts, how),
	};

	for (unsigned int i = 0; i < count; i++)
		add(&to, sizes[i], race_at(sizes[i], RACE_SIZES_PAGES, quick),
		    result);
}

const struct sweep sweep_sizes = {
	.name = "curves_over_size", .measure = measure_sizes,
};

static void measure_rates(json_t *curves, struct result *result, bool quick)
{
	static const double percent[] = { 0.1, 1, 5, 20 };
	static const struct axis x = { "pages written each second",
				       "% of all", true };
	const unsigned int mib = quick ? 16 : 64;
	const char *how = "All but one MiB of each is in use, and written in 20 calls a second. " HOW_RACE;
	static char title[3][96];
	struct three to;

	snprintf(title[0], sizeof(title[0]),
		 "Pause over rate of writing, %u MiB", mib);
	snprintf(title[1], sizeof(title[1]),
		 "Time of a move over rate of writing, %u MiB", mib);
	snprintf(title[2], sizeof(title[2]),
		 "What the pause consists of, copied in rounds, %u MiB", mib);
	to.pause = curve_new(curves, "pause_over_rate", title[0], &x, &pause,
			     how);
	to.total = curve_new(curves, "total_over_rate", title[1], &x, &total,
			     how);
	to.parts = curve_new(curves, "pause_parts_over_rate", title[2], &x,
			     &parts, how);
	for (unsigned int i = 0; i < 4; i++) {
		double each = percent[i] / 100 * (mib - 1) * 256 / RACE_PER_S;
		unsigned int pages = each < 1 ? 1 : (unsigned int)(each + 0.5);

		/* What whole pages make of it. */
		add(&to, pages * RACE_PER_S * 100.0 / ((mib - 1) * 256),
		    race_at(mib, pages, quick), result);
	}
}

const struct sweep sweep_rates = {
	.name = "curves_over_rate", .measure = measure_rates,
};
