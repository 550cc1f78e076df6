// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a migration pays for being written down.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <math.h>
#include <stdio.h>

#include "place.h"

enum { WITH, WITHOUT };

/* The same on both sides, but for the journals. */
static double migrate(struct result *result, struct move *move)
{
	double start, took = -1;

	if (!move_load(result, move)) {
		start = bench_now();
		if (!move_order(result, move) && !move_agree(result, move) &&
		    !move_carry(result, move) && !move_ready(result, move) &&
		    !move_finish(result, move))
			took = bench_now() - start;
	}
	move_unload(move);
	return took;
}

static double with_journal(struct result *result, void *data)
{
	return migrate(result, (struct move *)data + WITH);
}

static double without(struct result *result, void *data)
{
	return migrate(result, (struct move *)data + WITHOUT);
}

static void measure(struct result *result, bool quick)
{
	static struct move moves[2];
	static char how[768];

	snprintf(how, sizeof(how), "part of a migration's time that goes into the journals of both hosts, 1 - (without / with): from the order until the target has the receipt, carried by hand between two namespaces, checkpoints of both sides included; counter enclave, the least that can move, so the largest part; without: SMs provisioned REWIRE_PROVISION_VOLATILE. The journals stand on %s",
		 place_disk(KEEP_ON_DISK));
	result->how = how;
	for (int i = WITH; i <= WITHOUT; i++) {
		moves[i] = (struct move){ .image = "counter" };
		move_init(&moves[i]);
	}
	if (!move_open(result, &moves[WITH], KEEP_ON_DISK) &&
	    !move_open(result, &moves[WITHOUT], KEEP_NOTHING))
		bench_pairs(result, quick ? 11 : 51, with_journal, without,
			    moves);
	for (unsigned int i = 0; i < result->runs; i++)
		result->value[i] = 1 - 1 / result->value[i];
	for (int i = WITH; i <= WITHOUT; i++)
		move_close(&moves[i]);
}

const struct figure figure_journal = {
	.name = "journal_share", .unit = "ratio", .goal = NAN, .at_most = true,
	.measure = measure,
};
