// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much longer a migration takes when a host goes down where it hurts most.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>

#include "place.h"

/**
 * enum crash - who goes down, and when
 * @NOBODY: a clean migration
 * @TARGET_FORGETS: the target, PREPARED, before its checkpoint was on its disk:
 *	all was for nothing, the source goes on and migrates again
 * @TARGET_KEEPS: the target, PREPARED, the source RELINQUISHED: it takes its
 *	checkpoint in again
 * @SOURCE_PROMISED: the source, RELINQUISHED, before START was heard
 */
enum crash { NOBODY, TARGET_FORGETS, TARGET_KEEPS, SOURCE_PROMISED, CRASHES };

static const char *const names[CRASHES] = {
	"clean", "target down, nothing kept", "target down in PREPARED",
	"source down in RELINQUISHED",
};

static int first_half(struct result *result, struct move *move)
{
	return move_order(result, move) || move_agree(result, move) ||
	       move_carry(result, move) ? -1 : 0;
}

static int migrate(struct result *result, struct move *move, enum crash crash)
{
	if (first_half(result, move))
		return -1;
	if (crash == TARGET_FORGETS &&
	    (move_crash(result, move, TARGET) || move_give_up(result, move) ||
	     first_half(result, move)))
		return -1;
	if (move_ready(result, move))
		return -1;
	if (crash == TARGET_KEEPS &&
	    (move_crash(result, move, TARGET) || move_reload(result, move)))
		return -1;
	if (crash == SOURCE_PROMISED && move_crash(result, move, SOURCE))
		return -1;
	return move_finish(result, move);
}

static double timed(struct result *result, struct move *move, enum crash crash)
{
	double start, took = -1;

	if (!move_load(result, move)) {
		start = bench_now();
		if (!migrate(result, move, crash))
			took = bench_now() - start - move->dark;
	}
	move_unload(move);
	if (took >= 0)
		fprintf(stderr, "  %s: %.3f s\n", names[crash], took);
	return took;
}

/* Which step is the worst is not known beforehand. */
static double worst(struct result *result, void *data)
{
	double most = -1;

	for (int crash = NOBODY + 1; crash < CRASHES; crash++) {
		double took = timed(result, data, crash);

		if (took < 0)
			return -1;
		if (took > most)
			most = took;
	}
	return most;
}

static double clean(struct result *result, void *data)
{
	return timed(result, data, NOBODY);
}

static void measure(struct result *result, bool quick)
{
	static struct move move;
	static char how[1024];

	snprintf(how, sizeof(how), "time from the order until the enclave runs at the target and its receipt is there, carried by hand between two namespaces, checkpoints of both sides included, churn enclave with 16 MiB in use; the longest of three: the target goes down in PREPARED with its checkpoint not yet kept (given up, migrated again), the target goes down in PREPARED after RELINQUISHED (its checkpoint is taken in again), the source goes down in RELINQUISHED; over one in which nothing happens. A host that went down is an SM provisioned anew from its journal; that it boots is not counted. The journals stand on %s",
		 place_disk(KEEP_ON_DISK));
	result->how = how;
	move = (struct move){ .image = "churn-16M", .fill = "16" };
	move_init(&move);
	if (!move_open(result, &move, KEEP_ON_DISK))
		bench_pairs(result, quick ? 3 : 7, worst, clean, &move);
	move_close(&move);
}

const struct figure figure_recovery = {
	.name = "recovery_vs_clean", .unit = "ratio", .goal = 3,
	.at_most = true, .measure = measure,
};
