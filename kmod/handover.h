/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the two versions of an update: what the SM asks of each, and the state
 * that goes from one to the other.
 */
#ifndef REWIRE_HANDOVER_H
#define REWIRE_HANDOVER_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../uapi/rewire_update.h"
#include "why.h"

struct rewire_enclave;
struct rewire_sm;

/* what an enclave answers an errand with; no call ever has it */
#define REWIRE_ERRAND_HANDLE	U64_MAX

/* bytes on their way; a sender waits when they are not fetched */
#define REWIRE_HANDOVER_ROOM	SZ_256K

enum rewire_handover_side {
	REWIRE_HANDOVER_OLD,
	REWIRE_HANDOVER_NEW,
	REWIRE_HANDOVER_SIDES
};

/**
 * struct rewire_errand - what the SM wants of one version, between its calls
 * @kind: REWIRE_RECV_* that is asked for; 0: nothing
 * @delivered: it knows
 * @answered: it is done with it
 * @status: what it said
 */
struct rewire_errand {
	u32 kind;
	bool delivered;
	bool answered;
	s32 status;
};

/**
 * struct rewire_handover - two versions, one update
 * @ref: the update, and each enclave as long as the update has it
 * @sm: that pays for @ring
 * @lock: below enclave->lock; protects all below
 * @moved: woken up at every change
 * @errand: by side
 * @ring: state on its way; NULL when none is handed over
 * @start: of the first byte in @ring
 * @length: bytes in @ring
 * @format: of the state
 * @begun: @format is known
 * @closed: nothing more comes
 * @bytes: that went through
 * @sealed: by side: its checkpoint was read to its end
 * @error: the update was given up, or a version died
 * @lost: to be queued when a version dies; NULL once the update is over
 */
struct rewire_handover {
	struct kref ref;
	struct rewire_sm *sm;
	struct mutex lock;	/* see above */
	wait_queue_head_t moved;
	struct rewire_errand errand[REWIRE_HANDOVER_SIDES];
	u8 *ring;
	u32 start;
	u32 length;
	u64 format;
	bool begun;
	bool closed;
	u64 bytes;
	bool sealed[REWIRE_HANDOVER_SIDES];
	int error;
	void (*lost)(struct rewire_handover *handover);
	void *data;
};

struct rewire_handover *rewire_handover_create(struct rewire_sm *sm);
struct rewire_handover *rewire_handover_get(struct rewire_handover *handover);
void rewire_handover_put(struct rewire_handover *handover);
int rewire_handover_open(struct rewire_handover *handover,
			 struct rewire_why *why);
void rewire_handover_stop(struct rewire_handover *handover, int error);
void rewire_handover_lost(struct rewire_handover *handover);

/* the SM's side; not with handover->lock */
void rewire_errand_send(struct rewire_handover *handover,
			struct rewire_enclave *enclave, u32 kind);
int rewire_errand_await(struct rewire_handover *handover, u32 side,
			unsigned long end);
int rewire_handover_await_format(struct rewire_handover *handover,
				 unsigned long end);

/* the enclave's side, from its gate; the caller is its thread */
bool rewire_errand_waiting(const struct rewire_enclave *enclave);
int rewire_errand_receive(struct rewire_enclave *enclave,
			  struct rewire_gate *gate);
s64 rewire_errand_reply(struct rewire_enclave *enclave, s32 status);
s64 rewire_handover_export(struct rewire_enclave *enclave,
			   struct rewire_gate *gate);
s64 rewire_handover_import(struct rewire_enclave *enclave,
			   struct rewire_gate *gate);

#endif
