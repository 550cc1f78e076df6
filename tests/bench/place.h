/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts of their own for a figure, that can lose power; and a migration between
 * two of them, carried by hand as two helpers do that keep their checkpoints.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_PLACE_H
#define REWIRE_BENCH_PLACE_H

#include "bench.h"

/**
 * enum keep - where a host has its journal, that nobody vouches for
 * @KEEP_NOTHING: nowhere
 * @KEEP_ON_DISK: in build/bench
 * @KEEP_IN_MEMORY: on a tmpfs
 */
enum keep { KEEP_NOTHING, KEEP_ON_DISK, KEEP_IN_MEMORY };

/**
 * struct place - a host
 * @name: whose keys it has, in pki/hosts
 * @keep: its journal
 * @netns: its network namespace in this life
 * @journal: folder of its journal in this life
 * @sm: its SM
 */
struct place {
	const char *name;
	enum keep keep;
	char netns[64];
	char journal[512];
	int sm;
};

/* What such journals stand on, in words. */
const char *place_disk(enum keep keep);

int place_open(struct result *result, struct place *place, const char *name,
	       enum keep keep);
void place_close(struct place *place);

/**
 * place_fail - the power goes
 * @result: for errors
 * @place: a host with a journal; its journal is as it stood at that moment, and has no
 *	SM yet. Files of the old one are the caller's to close, afterwards
 *
 * Return: 0 or -1.
 */
int place_fail(struct result *result, struct place *place);
/* It comes back: an SM, provisioned from the journal. */
int place_boot(struct result *result, struct place *place);

enum side { SOURCE, TARGET, SIDES };

/**
 * struct move - one migration
 * @at: from where to where
 * @image: of the enclave
 * @fill: MiB that a churn fills, NULL: it is none
 * @guest: what moves, as the source has it
 * @request: the order
 * @session: of both sides, or -1
 * @kept: the target's checkpoint, as its helper has it on its disk
 * @kept_length: its bytes, 0 without one
 * @dark: seconds that do not count
 * @piece: of a stream
 * @message: that is passed on
 */
struct move {
	struct place at[SIDES];
	const char *image;
	const char *fill;
	struct guest guest;
	struct rewire_signed request;
	int session[SIDES];
	__u8 *kept;
	size_t kept_length;
	double dark;
	__u8 *piece;
	__u8 message[REWIRE_MAX_MESSAGE];
};

/* Nothing is open. */
void move_init(struct move *move);
/* Two hosts; move_close() in any case. */
int move_open(struct result *result, struct move *move, enum keep keep);
void move_close(struct move *move);

/* An enclave that runs at the source, for one migration. */
int move_load(struct result *result, struct move *move);
/* It is gone, wherever it is. */
void move_unload(struct move *move);

/* ---- in this order: 0 or -1 */
/* The SDS signs a request. */
int move_order(struct result *result, struct move *move);
/* OFFER, ACCEPT. */
int move_agree(struct result *result, struct move *move);
/* Pause, the source's checkpoint, the stream: the target is PREPARED. */
int move_carry(struct result *result, struct move *move);
/* The target's checkpoint, then READY: the source is RELINQUISHED. */
int move_ready(struct result *result, struct move *move);
/* START, it runs, ACTIVE, receipt. */
int move_finish(struct result *result, struct move *move);

/* The host of that side crashes; its helper finds its session again. */
int move_crash(struct result *result, struct move *move, enum side side);
/* What was PREPARED, from the target's disk. */
int move_reload(struct result *result, struct move *move);
/* The target has nothing to go on with: the source does. */
int move_give_up(struct result *result, struct move *move);

#endif /* REWIRE_BENCH_PLACE_H */
