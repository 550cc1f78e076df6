/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A migration with two helpers that keep what helpers have to keep, and that
 * bring it to an end whatever has happened to either of them or its host.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_TRIP_H
#define E2E_TRIP_H

#include "blob.h"
#include "carry.h"
#include "crash.h"

enum side { SOURCE, TARGET, SIDES };

/**
 * struct trip - one migration
 * @carry: its sessions, messages and stream: all that is in the helpers' memory
 * @at: where it goes from and to
 * @work: what moves
 * @kept: what each helper has on its disk: the source's its state once it is
 *	FROZEN, the target's once it is PREPARED
 * @rounds: it is copied, and sealed at both ends, while it runs
 * @sealing: files of that, or -1
 * @sealed: of @kept, as far as it has come
 */
struct trip {
	struct carry carry;
	struct machine *at[SIDES];
	struct work *work;
	struct blob kept[SIDES];
	bool rounds;
	int sealing[SIDES];
	struct blob sealed[SIDES];
};

void trip_init(struct trip *trip, struct work *work, struct machine *from,
	       struct machine *to);
void trip_end(struct trip *trip);

/* What that side's helper needs on its disk before the other may go on. */
int trip_keep(struct trip *trip, enum side side);

/* As carry_step(), by helpers that keep first what they may need later. */
int trip_step(struct trip *trip, enum step step);

/* The message that a step hands over; 0: it hands over none. */
__u32 trip_message(enum step step, enum side *ret_from);

int *trip_session(struct trip *trip, enum side side);

/* The helper is gone, and all that it had in memory. */
void trip_lose_helper(struct trip *trip, enum side side);

/**
 * struct view - what an SM says of its side
 * @state: REWIRE_SESSION_*, or REWIRE_SESSION_STATES: it knows of none
 * @image: it has the enclave
 */
struct view {
	__u32 state;
	bool image;
};

struct view trip_look(struct trip *trip, enum side side);

/* Both sides to an end, as helpers do that find an open migration. */
void trip_settle(struct trip *trip);

#endif /* E2E_TRIP_H */
