// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

#define PIECE		(256 << 10)
#define ROOM		(24 << 20)	/* the largest checkpoint */
#define TIMEOUT_MS	60000

void move_init(struct move *move)
{
	for (int side = 0; side < SIDES; side++) {
		move->session[side] = -1;
		move->at[side].sm = -1;
	}
	move->guest.fd = -1;
}

int move_open(struct result *result, struct move *move, enum keep keep)
{
	move->piece = malloc(PIECE);
	move->kept = malloc(ROOM);
	if (!move->piece || !move->kept)
		return bench_missing(result, "no memory");
	if (place_open(result, &move->at[SOURCE], "left", keep))
		return -1;
	return place_open(result, &move->at[TARGET], "right", keep);
}

void move_close(struct move *move)
{
	for (int side = 0; side < SIDES; side++)
		place_close(&move->at[side]);
	free(move->piece);
	free(move->kept);
}

int move_load(struct result *result, struct move *move)
{
	move->dark = 0;
	if (world_guest(result, move->at[SOURCE].sm, move->at[SOURCE].netns,
			move->image, &move->guest))
		return -1;
	return move->fill ? world_call(result, &move->guest, "fill",
				       move->fill, "1", NULL) : 0;
}

static void close_session(struct move *move, enum side side)
{
	if (move->session[side] >= 0)
		close(move->session[side]);
	move->session[side] = -1;
}

void move_unload(struct move *move)
{
	struct guest guest = { .fd = -1 };
	struct rewire_error err;

	for (int side = 0; side < SIDES; side++) {
		close_session(move, side);
		guest.fd = rewire_enclave_open(move->at[side].sm, 0,
					       move->guest.workload, &err);
		world_gone(&guest);
	}
	if (move->guest.fd >= 0)
		close(move->guest.fd);
	move->guest.fd = -1;
}

/* The last word of one side, for the other. */
static int pass_on(struct result *result, struct move *move, enum side from)
{
	size_t length = sizeof(move->message);
	struct rewire_error err;

	if (rewire_session_get_message(move->session[from], move->message,
				       &length, &err) ||
	    rewire_session_put_message(move->session[!from], move->message,
				       length, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

int move_order(struct result *result, struct move *move)
{
	struct rewire_enclave_info info;
	struct rewire_error err;

	move->kept_length = 0;
	if (rewire_enclave_get_info(move->guest.fd, &info, &err))
		return bench_missing(result, "%s", err.text);
	return world_request(result, &move->guest, info.epoch,
			     move->at[SOURCE].sm, move->at[TARGET].sm,
			     &move->request);
}

int move_agree(struct result *result, struct move *move)
{
	size_t length = sizeof(move->message);
	struct rewire_error err;

	move->session[SOURCE] = rewire_session_out(move->at[SOURCE].sm,
						   &move->request, &err);
	if (move->session[SOURCE] < 0 ||
	    rewire_session_get_message(move->session[SOURCE], move->message,
				       &length, &err))
		return bench_missing(result, "%s", err.text);
	move->session[TARGET] = rewire_session_in(move->at[TARGET].sm,
						  &move->request, move->message,
						  length, &err);
	if (move->session[TARGET] < 0)
		return bench_missing(result, "%s", err.text);
	return pass_on(result, move, TARGET);
}

static int drop_checkpoint(struct result *result, struct move *move)
{
	struct rewire_error err;
	bool rounds;
	int fd = rewire_session_checkpoint(move->session[SOURCE], &rounds,
					   &err);
	ssize_t n;

	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	while ((n = read(fd, move->piece, PIECE)) > 0)
		;
	close(fd);
	return n ? bench_missing(result, "the source's checkpoint: %s",
				 strerror(errno)) : 0;
}

int move_carry(struct result *result, struct move *move)
{
	struct rewire_error err;
	ssize_t n;

	if (rewire_session_stop(move->session[SOURCE], TIMEOUT_MS, &err))
		return bench_missing(result, "%s", err.text);
	if (drop_checkpoint(result, move))
		return -1;
	while ((n = read(move->session[SOURCE], move->piece, PIECE)) > 0)
		if (rewire_write_all(move->session[TARGET], move->piece,
				     (size_t)n, &err))
			return bench_missing(result, "%s", err.text);
	return n ? bench_missing(result, "the stream: %s", strerror(errno)) : 0;
}

int move_ready(struct result *result, struct move *move)
{
	struct rewire_error err;
	bool rounds;
	int fd = rewire_session_checkpoint(move->session[TARGET], &rounds,
					   &err);
	ssize_t n;

	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	while ((n = read(fd, move->kept + move->kept_length,
			 ROOM - move->kept_length)) > 0)
		move->kept_length += (size_t)n;
	close(fd);
	if (n || move->kept_length == ROOM)
		return bench_missing(result, "the target's checkpoint: %s",
				     n ? strerror(errno) : "it is too long");
	return pass_on(result, move, TARGET);
}

int move_finish(struct result *result, struct move *move)
{
	const struct place *there = &move->at[TARGET];
	struct rewire_error err;
	int fd, rc;

	if (pass_on(result, move, SOURCE))
		return -1;
	fd = rewire_enclave_open(there->sm, 0, move->guest.workload, &err);
	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	rc = world_run(result, there->netns, fd);
	close(fd);
	return rc || pass_on(result, move, TARGET) ||
	       pass_on(result, move, SOURCE) ? -1 : 0;
}

int move_crash(struct result *result, struct move *move, enum side side)
{
	const __u8 *id = move->request.body.request.id;
	double start = bench_now();
	struct rewire_error err;

	if (place_fail(result, &move->at[side]))
		return -1;
	/* Only now: to close it is to give up, and would be written down. */
	close_session(move, side);
	if (side == SOURCE) {
		close(move->guest.fd);
		move->guest.fd = -1;
	}
	move->dark += bench_now() - start;
	if (place_boot(result, &move->at[side]))
		return -1;
	move->session[side] = rewire_session_open(move->at[side].sm, id,
						  side == SOURCE ?
						  REWIRE_SIDE_SOURCE :
						  REWIRE_SIDE_TARGET, &err);
	if (move->session[side] < 0)
		return bench_missing(result, "%s", err.text);
	return 0;
}

int move_reload(struct result *result, struct move *move)
{
	struct rewire_error err;

	if (rewire_write_all(move->session[TARGET], move->kept,
			     move->kept_length, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

int move_give_up(struct result *result, struct move *move)
{
	struct rewire_error err;

	if (rewire_session_give_up(move->session[TARGET], &err))
		return bench_missing(result, "%s", err.text);
	if (pass_on(result, move, TARGET))
		return -1;
	close_session(move, SOURCE);
	close_session(move, TARGET);
	return 0;
}
