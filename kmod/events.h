/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The channel of acknowledgments: what happened in an SM, numbered, kept for those
 * who come late, and multicast to those who listen.
 */
#ifndef REWIRE_EVENTS_H
#define REWIRE_EVENTS_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "../uapi/rewire.h"
#include "../uapi/rewire_netlink.h"

struct net;

/**
 * struct rewire_event - one thing that happened
 * @sequence: from 1, without gaps; set by rewire_event_post()
 * @time_boot: CLOCK_BOOTTIME in ns; set by rewire_event_post()
 * @time_real: CLOCK_REALTIME in ns; set by rewire_event_post()
 * @type: REWIRE_EVENT_TYPE_*
 * @side: REWIRE_SIDE_* of a session, else 0
 * @from: state before; the same as @to for what is new
 * @to: state after
 * @enclave: number of the enclave, or 0
 * @epoch: of the workload, or 0
 * @workload: zero when unknown
 * @request_id: zero when it is about no migration
 * @peer: SM id of the other side; zero when unknown
 * @reason: why, one line without a full stop; empty when there is none
 */
struct rewire_event {
	u64 sequence;
	u64 time_boot;
	u64 time_real;
	u32 type;
	u32 side;
	u32 from;
	u32 to;
	u64 enclave;
	u64 epoch;
	u8 workload[REWIRE_ID_SIZE];
	u8 request_id[REWIRE_ID_SIZE];
	u8 peer[REWIRE_ID_SIZE];
	char reason[REWIRE_REASON_MAX + 1];
};

/**
 * struct rewire_events - the log of one SM
 * @net: whose SM
 * @lock: for all below, and for the order of notifications; a leaf
 * @next: sequence number of the next event
 * @first: of the first event in @ring
 * @ring: the last REWIRE_LOG_SIZE events; NULL before the first, for most
 *	network namespaces never see an enclave
 */
struct rewire_events {
	struct net *net;
	struct mutex lock;	/* a leaf: see above */
	u64 next;
	u64 first;
	struct rewire_event *ring;
};

/**
 * struct rewire_sm_status - what sm-get tells, as struct rewire_get_info
 * @abi: REWIRE_ABI
 * @provisioned: 1 after REWIRE_PROVISION
 * @enclaves: that are not destroyed
 * @sessions: that are not over
 * @generation: of the root key, 0 before REWIRE_PROVISION
 * @sm: SM id, zero before REWIRE_PROVISION
 * @memory_limit: bytes
 * @memory_used: bytes
 */
struct rewire_sm_status {
	u32 abi;
	u32 provisioned;
	u32 enclaves;
	u32 sessions;
	u32 generation;
	u8 sm[REWIRE_ID_SIZE];
	u64 memory_limit;
	u64 memory_used;
};

/* The SM implements these two: this file knows nothing above it. */
struct rewire_events *rewire_events_of(struct net *net);
int rewire_sm_fill(struct net *net, struct rewire_sm_status *status);

int rewire_events_init(struct rewire_events *events, struct net *net);
void rewire_events_free(struct rewire_events *events);
void rewire_event_post(struct rewire_events *events,
		       const struct rewire_event *event);

/**
 * struct rewire_event_cursor - where a reader of the log stands
 * @next: number of the event to read next; the reader moves it on
 * @end: number after the last one of interest: what happens after the start is
 *	the notifications' part, and every reading ends
 */
struct rewire_event_cursor {
	u64 next;
	u64 end;
};

void rewire_events_start(struct rewire_events *events,
			 struct rewire_event_cursor *cursor, u64 since);
const struct rewire_event *
rewire_events_peek(const struct rewire_events *events,
		   struct rewire_event_cursor *cursor, bool *lost);

#endif
