/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts that can lose power, and whose disk can be full.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_CRASH_H
#define E2E_CRASH_H

#include <stdbool.h>

#include "work.h"

/**
 * struct machine - a host with a disk of its own, which has its SM's journal
 * @host: as it is in this life: another SM after each crash
 * @witnessed: the SDS remembers the head of its journal, and it waits for that
 * @seen: that head; its sequence is 0 as long as there is none
 * @disk: where that disk is mounted
 * @life: how often it was started
 * @spare: an enclave of the machine's own; makes the small records that fill
 *	the last page of a journal
 * @has_spare: it was started in this life
 */
struct machine {
	struct host host;
	bool witnessed;
	struct rewire_head seen;
	char disk[64];
	unsigned int life;
	struct work spare;
	bool has_spare;
};

/* Starts it with an empty disk, for a witness who never saw it. */
void machine_boot(struct machine *machine, const char *name, bool witnessed);

/* The end of it, and of its disk. */
void machine_off(struct machine *machine);

/**
 * machine_crash - the power goes, and comes back
 * @machine: the machine
 * @torn: half of a record was on its way to the disk
 *
 * What its SM had in memory is gone, and its enclaves with it; it starts anew
 * from its journal as it stood at that moment. Files of the old SM are the
 * caller's to close.
 */
void machine_crash(struct machine *machine, bool torn);

/* No record fits on the disk any more, until it is emptied again. */
void machine_fill(struct machine *machine);
void machine_empty(struct machine *machine);

#endif /* E2E_CRASH_H */
