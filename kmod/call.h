/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call table: requests to an enclave and their answers, each exactly once.
 */
#ifndef REWIRE_CALL_H
#define REWIRE_CALL_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "../uapi/rewire.h"
#include "why.h"

struct rewire_enclave;

enum rewire_call_state {
	REWIRE_CALL_QUEUED,	/* the enclave has not seen it */
	REWIRE_CALL_DELIVERED,	/* the enclave works on it */
	REWIRE_CALL_ANSWERED,	/* nobody has fetched the answer */
	REWIRE_CALL_TAKEN,	/* answered and fetched; kept for a repetition */
	REWIRE_CALL_STATES
};

/**
 * struct rewire_client - the last call of one client
 * @list: in calls->clients; queued ones in order of arrival, and the one that
 *	was used last at the end
 * @id: client
 * @sequence: of its last call
 * @handle: what the enclave answers with
 * @state: enum rewire_call_state
 * @status: the enclave's, once answered
 * @length: bytes at @data
 * @data: the request until it is delivered, the answer once there is one
 * @rests: the answer is held until that many promises of the table are kept
 */
struct rewire_client {
	struct list_head list;
	u8 id[REWIRE_ID_SIZE];
	u64 sequence;
	u64 handle;
	u32 state;
	s32 status;
	u32 length;
	u8 *data;
	u64 rests;
};

/**
 * struct rewire_calls - the call table of one enclave; in an update, of both
 * @ref: each enclave that has it, and each caller who waits
 * @lock: protects all below
 * @clients: struct rewire_client
 * @count: entries
 * @pending: entries that are queued or delivered
 * @queued: entries that are queued
 * @answers: grows with every answer, and when the table is closed
 * @next_handle: number of the next call; never used twice, moves along
 * @closed: errno for everybody who waits or comes: the enclave is not here
 * @held: an update has it: calls come and wait, and none is delivered
 * @promised: additions to counters that were not waited for, see output.h
 * @due: of these, those that what is answered now rests on
 * @kept: of these, those that are on the disk
 * @lost: errno: the others never will be
 * @promising: in the list of the SM's output, and under its lock
 * @arrived: the enclave waits here
 * @answered: callers wait here
 */
struct rewire_calls {
	struct kref ref;
	struct mutex lock;
	struct list_head clients;
	u32 count;
	u32 pending;
	u32 queued;
	u32 answers;
	u64 next_handle;
	int closed;
	bool held;
	u64 promised;
	u64 due;
	u64 kept;
	int lost;
	struct list_head promising;
	wait_queue_head_t arrived;
	wait_queue_head_t answered;
};

struct rewire_calls *rewire_calls_create(void);
struct rewire_calls *rewire_calls_get(struct rewire_calls *calls);
void rewire_calls_put(struct rewire_calls *calls);
void rewire_calls_close(struct rewire_enclave *enclave, int error);
void rewire_calls_hold(struct rewire_calls *calls, bool held);
bool rewire_calls_open(struct rewire_calls *calls);
u32 rewire_calls_pending(struct rewire_enclave *enclave);
void rewire_calls_promise(struct rewire_calls *calls);
void rewire_calls_rest(struct rewire_calls *calls);
u64 rewire_calls_promised(struct rewire_calls *calls);
void rewire_calls_settle(struct rewire_calls *calls, u64 kept, int lost);

int rewire_call(struct rewire_enclave *enclave, struct rewire_call *call,
		struct rewire_why *why);

bool rewire_calls_waiting(struct rewire_enclave *enclave);
int rewire_calls_receive(struct rewire_enclave *enclave, u64 buffer, u64 size,
			 u64 *handle);
int rewire_calls_reply(struct rewire_enclave *enclave, u64 handle, u64 buffer,
		       u64 length, s32 status);

/* how an entry travels: this, then @length bytes */
struct rewire_call_wire {
	__u8 id[REWIRE_ID_SIZE];
	__u64 sequence;
	__u64 handle;
	__u32 state;
	__s32 status;
	__u32 length;
	__u32 reserved;
};

struct rewire_client *rewire_calls_after(struct rewire_enclave *enclave,
					 u64 handle);
int rewire_calls_restore(struct rewire_enclave *enclave,
			 const struct rewire_call_wire *wire, const u8 *data,
			 struct rewire_why *why);

#endif
