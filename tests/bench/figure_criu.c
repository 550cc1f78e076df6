// SPDX-License-Identifier: GPL-2.0-only
/*
 * An enclave that moves against a process that CRIU moves.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <string.h>

#include "race.h"

#define HOW_SETTING \
	"copied in rounds by helpers that keep no checkpoints, all but one MiB of it in use, while 320 of its pages are written each second (in 20 calls); over a plain process with the same code and as many pages in use and written, moved by CRIU in the same machine: two pre-dumps and a dump to a page server in the other namespace, over CRIU's mutual TLS with the helpers' certificates, images in memory, other images copied as files, restored. Both look at every page afterwards. "

static const char how_pause[] = "time that an enclave stands still (the helper's still_ms, from FREEZE until ACTIVE is known at the source), " HOW_SETTING "Its pause is by the process's own clock, the longest that it did not get on, to 5 ms";
static const char how_total[] = "time from the order to the helper's answer for an enclave " HOW_SETTING "Its time is from the first page server's start until the process is restored";

static void ratios(struct result *result, unsigned int mib, bool pause,
		   bool quick)
{
	const struct race *race;

	if (quick && mib > 64) {
		bench_missing(result, "not with --quick");
		return;
	}
	race = race_at(mib, RACE_SIZES_PAGES, quick);
	result->how = pause ? how_pause : how_total;
	for (int way = 0; race && way < WAYS; way += WAY_CRIU)
		if (race->missing[way][0])
			bench_missing(result, "%s", race->missing[way]);
	if (!race || result->missing[0])
		return;
	for (unsigned int i = 0; i < race->runs[WAY_CRIU]; i++)
		result->value[result->runs++] = pause ?
			race->pause[WAY_LIVE][i] / race->pause[WAY_CRIU][i] :
			race->total[WAY_LIVE][i] / race->total[WAY_CRIU][i];
}

#define FIGURES(SIZE, MIB) \
static void pause_##SIZE(struct result *result, bool quick) \
{ \
	ratios(result, MIB, true, quick); \
} \
static void total_##SIZE(struct result *result, bool quick) \
{ \
	ratios(result, MIB, false, quick); \
} \
const struct figure figure_criu_pause_##SIZE = { \
	.name = "pause_vs_criu_" #SIZE, .unit = "ratio", .goal = 1, \
	.at_most = true, .measure = pause_##SIZE, \
}; \
const struct figure figure_criu_total_##SIZE = { \
	.name = "total_vs_criu_" #SIZE, .unit = "ratio", .goal = 1, \
	.at_most = true, .measure = total_##SIZE, \
}

FIGURES(64m, 64);
FIGURES(256m, 256);
FIGURES(1g, 1024);
