/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output commit: a counter is added to without waiting for the disk, and what
 * depends on that does not leave the SM before it is there. A power cut takes the
 * addition and all that rests on it, as if neither had been.
 *
 * What leaves an enclave, and what sees to it that it does not leave too early:
 *
 *   answers to calls	held in the call table, as if the enclave still worked on
 *			them: an addition is a promise of the table, and an answer
 *			rests on all promises that the enclave wants it to rest on
 *   streams		END, without which none is believed, is made once all is
 *			written down: migrations, checkpoints, what updates keep
 *   errands		answered once all is written down: an update tells the
 *			answer to whoever ordered it
 *   evidence		states no counter; the head of the journal that it states,
 *			or a witness is asked about, is on the disk
 *
 * Sealed blobs, random bytes and what goes to another version of an update leave by
 * one of these only.
 *
 * A record of the workload has all its counters, so that any one that follows
 * will do: another addition, a new epoch, a compaction.
 *
 * What cannot be written for want of room stays promised, and is tried again; until
 * then an addition waits for the disk, and is refused. After a journal has failed
 * for good, what rests on a promise never leaves, and callers are told -EIO.
 */
#ifndef REWIRE_OUTPUT_H
#define REWIRE_OUTPUT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "why.h"

struct rewire_enclave;
struct rewire_sm;

/**
 * struct rewire_output - promises of one SM
 * @work: keeps them
 * @lock: a leaf
 * @tables: call tables with promises, by calls->promising; a reference each.
 *	Protected by @lock
 * @error: of the last try to write them down; written under the journal's lock
 */
struct rewire_output {
	struct delayed_work work;
	spinlock_t lock;	/* see above */
	struct list_head tables;
	int error;
};

void rewire_output_setup(struct rewire_output *output);
void rewire_output_stop(struct rewire_sm *sm);
int rewire_output_counter(struct rewire_enclave *enclave, u32 which, u32 how,
			  u64 *value);
int rewire_output_settle(struct rewire_sm *sm, struct rewire_why *why);

#endif
