// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "criu.h"
#include "plain/board.h"
#include "race.h"

_Static_assert(RACE_PER_S == CLIENT_WRITES_PER_S &&
	       RACE_PER_S == BOARD_WRITES_PER_S, "the same rate for all");

#define MOST		16	/* sizes and rates */

const char *const race_way[WAYS] = {
	"enclave, copied in rounds", "enclave, stopped and copied",
	"process, CRIU with pre-dumps",
};

static struct race races[MOST];
static unsigned int count;

static int move_enclave(struct result *result, struct race *race,
			struct pair *pair, enum way way)
{
	double took = pair_migrate_written(result, pair, way == WAY_STILL,
					   race->pages);

	if (took < 0)
		return -1;
	race->pause[way][race->runs[way]] = pair->pause;
	race->ready[way][race->runs[way]] = pair->ready;
	race->total[way][race->runs[way]++] = took;
	return 0;
}

static int move_process(struct result *result, struct race *race)
{
	struct criu_move move;

	if (race->mib > RACE_CRIU_MOST_MIB)
		return bench_missing(result, "not with so much memory");
	if (criu_move(result, race->mib - 1, race->pages, &move))
		return -1;
	race->pause[WAY_CRIU][race->runs[WAY_CRIU]] = move.pause;
	race->total[WAY_CRIU][race->runs[WAY_CRIU]++] = move.total;
	return 0;
}

/* What fails once is not tried again. */
static void one_run(struct race *race, struct pair *pair)
{
	static struct result result;

	for (int way = 0; way < WAYS; way++) {
		if (race->missing[way][0])
			continue;
		result = (struct result){ .runs = 0 };
		if (way == WAY_CRIU ? move_process(&result, race) :
				      move_enclave(&result, race, pair, way))
			memcpy(race->missing[way], result.missing,
			       sizeof(result.missing));
	}
}

static unsigned int runs_of(unsigned int mib, bool quick)
{
	if (mib > RACE_CRIU_MOST_MIB || quick)
		return 1;
	return RACE_RUNS;
}

static void run(struct race *race, bool quick)
{
	static struct result result;
	struct pair pair;

	fprintf(stderr, "  %u MiB, %u pages written a second:\n", race->mib,
		race->pages * RACE_PER_S);
	result = (struct result){ .runs = 0 };
	if (pair_open_size(&result, &pair, race->mib))
		for (int way = 0; way < WAYS; way++)
			if (way != WAY_CRIU)
				memcpy(race->missing[way], result.missing,
				       sizeof(result.missing));
	for (unsigned int i = 0; i < runs_of(race->mib, quick); i++)
		one_run(race, &pair);
	pair_close(&pair);
}

const struct race *race_at(unsigned int mib, unsigned int pages, bool quick)
{
	struct race *race;

	for (unsigned int i = 0; i < count; i++)
		if (races[i].mib == mib && races[i].pages == pages)
			return &races[i];
	if (count == MOST)
		return NULL;
	race = &races[count++];
	race->mib = mib;
	race->pages = pages;
	run(race, quick);
	return race;
}
