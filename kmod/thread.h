/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads of an enclave. Each has a slot: a gate, a State Save Area and a pair
 * of doorbell pages, one behind the other from where the layout has the first's.
 */
#ifndef REWIRE_THREAD_H
#define REWIRE_THREAD_H

#include <linux/sched.h>
#include <linux/types.h>

#include "../uapi/rewire.h"
#include "state.h"

struct rewire_enclave;

/**
 * struct rewire_slot - room for one thread
 * @state: REWIRE_SLOT_*; written under the enclave's lock
 * @task: who has it; a reference; NULL in FREE, STARTING and RETURNING, and when
 *	the process of a PARKED one is gone
 */
struct rewire_slot {
	u32 state;
	struct task_struct *task;
};

/* it waits in the SM, and all that it was is in the enclave's memory */
static inline bool rewire_slot_stands(const struct rewire_slot *slot)
{
	u32 state = READ_ONCE(slot->state);

	return state == REWIRE_SLOT_PARKED || state == REWIRE_SLOT_ARRIVED;
}

/* coming and going of single threads */
void rewire_thread_enter(struct rewire_enclave *enclave);
int rewire_thread_reserve(struct rewire_enclave *enclave);
int rewire_thread_abandon(struct rewire_enclave *enclave, u64 slot);
int rewire_thread_arrive(struct rewire_enclave *enclave, u32 slot);
int rewire_thread_leave(struct rewire_enclave *enclave, u32 slot);
void rewire_thread_block(bool blocked);
void rewire_thread_park(struct rewire_enclave *enclave, u32 slot);

/* all of them */
u64 rewire_threads_recall(struct rewire_enclave *enclave);
bool rewire_threads_call(struct rewire_enclave *enclave);
void rewire_threads_go(struct rewire_enclave *enclave);
bool rewire_threads_still(struct rewire_enclave *enclave);
bool rewire_threads_leaving(struct rewire_enclave *enclave);
bool rewire_threads_returning(const struct rewire_enclave *enclave);
bool rewire_threads_known(const struct rewire_enclave *enclave);
bool rewire_threads_traced(const struct rewire_enclave *enclave);
u32 rewire_threads_count(const struct rewire_enclave *enclave);
void rewire_threads_lost(struct rewire_enclave *enclave);
void rewire_threads_clear(struct rewire_enclave *enclave);

/* how the set travels: a bit for each slot but the first, which is always there */
u64 rewire_threads_pack(const struct rewire_enclave *enclave);
int rewire_threads_unpack(struct rewire_enclave *enclave, u64 others);

#endif
