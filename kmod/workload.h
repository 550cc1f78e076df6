/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SM knows of workloads: where each is, how often it changed hands, and
 * its counters. This is where forks are refused.
 */
#ifndef REWIRE_WORKLOAD_H
#define REWIRE_WORKLOAD_H

#include <linux/types.h>

#include "../uapi/rewire_journal.h"
#include "why.h"

struct rewire_sm;

#define REWIRE_MAX_WORKLOADS	65536	/* remembered by one SM */

/**
 * struct rewire_workload - one of them
 * @node: in sm->workloads
 * @known: as it would stand in the journal. The journal is right about all but
 *	@known.place, which is REWIRE_PLACE_HERE only in a life of the SM: what
 *	lived has died with it
 * @owed: in sm->owed: counters in @known are ahead of the journal
 */
struct rewire_workload {
	struct hlist_node node;
	struct rewire_journal_workload known;
	struct list_head owed;
};

/**
 * struct rewire_luggage - what goes along with a workload to another SM
 * @least: the version floor
 * @counter: monotonic counters
 */
struct rewire_luggage {
	struct rewire_least least;
	u64 counter[REWIRE_COUNTERS];
};

int rewire_workload_would(struct rewire_sm *sm, const u8 *id, u64 least,
			  bool checkpoint, struct rewire_why *why);
int rewire_workload_claim(struct rewire_sm *sm, const u8 *id, u64 least,
			  bool checkpoint, u64 *epoch, struct rewire_why *why);
int rewire_workload_runs(struct rewire_sm *sm, const u8 *id, u64 epoch,
			 u64 *records, struct rewire_why *why);
int rewire_workload_fence(struct rewire_sm *sm, const u8 *id, u64 below,
			  struct rewire_why *why);
int rewire_workload_allows(struct rewire_sm *sm, const u8 *id,
			   const struct rewire_manifest *manifest,
			   struct rewire_why *why);
void rewire_workload_leave(struct rewire_sm *sm, const u8 *id,
			   struct rewire_luggage *luggage);
int rewire_workload_arrive(struct rewire_sm *sm, const u8 *id,
			   const struct rewire_luggage *luggage,
			   struct rewire_why *why);

/* counters that are not on the disk yet; with the journal's lock */
int rewire_workloads_write(struct rewire_sm *sm, struct rewire_why *why);
void rewire_workloads_written(struct rewire_sm *sm);

void rewire_workload_switched(struct rewire_sm *sm, const u8 *id, u64 epoch,
			      const struct rewire_least *least);

/*
 * In memory only. The journal has it already, in the record of the migration
 * that brought it about, or need not have it.
 */
void rewire_workload_set(struct rewire_sm *sm, const u8 *id, u64 epoch,
			 u32 place);
void rewire_workload_floor(struct rewire_sm *sm, const u8 *id, u64 floor);
u32 rewire_workload_place(struct rewire_sm *sm, const u8 *id);

/* for the journal: read it, and write all that is known; with its lock */
int rewire_workload_replay(struct rewire_sm *sm,
			   const struct rewire_journal_workload *known,
			   struct rewire_why *why);
int rewire_workload_touch(struct rewire_sm *sm, const u8 *id,
			  struct rewire_why *why);
void rewire_workloads_died(struct rewire_sm *sm);
u64 rewire_workload_records(struct rewire_sm *sm);
int rewire_workload_snapshot(struct rewire_sm *sm, struct rewire_why *why);
void rewire_workloads_free(struct rewire_sm *sm);

#endif
