/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state machines. Each is one table of arcs, from which the code's
 * lookup and the tables in docs/architecture.md are made; what is not in a
 * table is refused with EBADFD.
 */
#ifndef REWIRE_STATE_H
#define REWIRE_STATE_H

#include <linux/types.h>

#include "../uapi/rewire_update.h"

/* X(state, event, next state) */
#define REWIRE_ENCLAVE_ARCS(X)						\
	X(BUILDING,	ADD,		BUILDING)			\
	X(BUILDING,	INIT,		READY)				\
	X(READY,	TICKET,		READY)				\
	X(READY,	ENTER,		RUNNING)			\
	X(RUNNING,	CALL,		RUNNING)			\
	X(RUNNING,	PAUSE,		PAUSING)			\
	X(PAUSING,	CALL,		PAUSING)			\
	X(PAUSING,	PARK,		PAUSED)				\
	X(PAUSING,	TIMEOUT,	RUNNING)			\
	X(RUNNING,	RETREAT,	PAUSED)				\
	X(PAUSING,	RETREAT,	PAUSED)				\
	X(PAUSED,	CALL,		PAUSED)				\
	X(PAUSED,	EXTRACT,	PAUSED)				\
	X(PAUSED,	TICKET,		PAUSED)				\
	X(PAUSED,	ENTER,		RUNNING)			\
	X(PAUSED,	RESUME,		RUNNING)			\
	X(PAUSED,	FREEZE,		FROZEN)				\
	X(FROZEN,	CALL,		FROZEN)				\
	X(FROZEN,	THAW,		PAUSED)				\
	X(RECEIVING,	RECEIVED,	PREPARED)			\
	X(PREPARED,	CALL,		PREPARED)			\
	X(PREPARED,	START,		PAUSED)				\
	X(BUILDING,	DESTROY,	DESTROYED)			\
	X(READY,	DESTROY,	DESTROYED)			\
	X(RUNNING,	DESTROY,	DESTROYED)			\
	X(PAUSING,	DESTROY,	DESTROYED)			\
	X(PAUSED,	DESTROY,	DESTROYED)			\
	X(FROZEN,	DESTROY,	DESTROYED)			\
	X(RECEIVING,	DESTROY,	DESTROYED)			\
	X(PREPARED,	DESTROY,	DESTROYED)

#define REWIRE_ENCLAVE_EVENTS(X)					\
	X(ADD) X(INIT) X(TICKET) X(ENTER) X(CALL) X(PAUSE) X(PARK)	\
	X(TIMEOUT) X(RETREAT) X(EXTRACT) X(RESUME) X(FREEZE) X(THAW)	\
	X(RECEIVED) X(START) X(DESTROY)

/*
 * The source's half, then the target's. ABORT is a party's own decision,
 * PEER_ABORTED the other's signed word, FENCE the SDS's when the other cannot
 * speak any more: only these two move RELINQUISHED back.
 */
#define REWIRE_SESSION_ARCS(X)						\
	X(OFFERED,	ACCEPT,		AGREED)				\
	X(OFFERED,	ABORT,		ABORTED)			\
	X(OFFERED,	PEER_ABORTED,	ABORTED)			\
	X(AGREED,	FREEZE,		FROZEN)				\
	X(AGREED,	ABORT,		ABORTED)			\
	X(AGREED,	PEER_ABORTED,	ABORTED)			\
	X(FROZEN,	READY,		RELINQUISHED)			\
	X(FROZEN,	ABORT,		ABORTED)			\
	X(FROZEN,	PEER_ABORTED,	ABORTED)			\
	X(RELINQUISHED,	ACTIVE,		DESTROYED)			\
	X(RELINQUISHED,	PEER_ABORTED,	ABORTED)			\
	X(RELINQUISHED,	FENCE,		ABORTED)			\
	X(RECEIVING,	RECEIVED,	PREPARED)			\
	X(RECEIVING,	ABORT,		ABORTED)			\
	X(RECEIVING,	PEER_ABORTED,	ABORTED)			\
	X(PREPARED,	START,		ACTIVE)				\
	X(PREPARED,	ABORT,		ABORTED)			\
	X(PREPARED,	PEER_ABORTED,	ABORTED)			\
	X(PREPARED,	FENCE,		ABORTED)			\
	X(ACTIVE,	RECEIPT,	ACTIVE)

#define REWIRE_SESSION_EVENTS(X)					\
	X(ACCEPT) X(FREEZE) X(READY) X(ACTIVE) X(RECEIVED) X(START)	\
	X(RECEIPT) X(ABORT) X(PEER_ABORTED) X(FENCE)

/* ABORT is whatever ends it before the switch. */
#define REWIRE_UPDATE_ARCS(X)						\
	X(LOADING,	COMPLETE,	LOADED)				\
	X(LOADING,	ABORT,		ABORTED)			\
	X(LOADED,	HANDOVER,	HANDING)			\
	X(LOADED,	ABORT,		ABORTED)			\
	X(HANDING,	FROZEN,		HANDED)				\
	X(HANDING,	ABORT,		ABORTED)			\
	X(HANDED,	TRIAL,		TRIAL)				\
	X(HANDED,	ABORT,		ABORTED)			\
	X(TRIAL,	SWITCH,		SWITCHED)			\
	X(TRIAL,	ABORT,		ABORTED)

#define REWIRE_UPDATE_EVENTS(X)						\
	X(COMPLETE) X(HANDOVER) X(FROZEN) X(TRIAL) X(SWITCH) X(ABORT)

/*
 * One thread of an enclave. RECALL is a new process for what is parked, RETREAT
 * the end of that process before all had come back.
 */
#define REWIRE_SLOT_ARCS(X)						\
	X(FREE,		ENTER,		LIVE)				\
	X(FREE,		RESERVE,	STARTING)			\
	X(FREE,		RECEIVE,	PARKED)				\
	X(STARTING,	ARRIVE,		LIVE)				\
	X(STARTING,	ABANDON,	FREE)				\
	X(LIVE,		PARK,		PARKED)				\
	X(LIVE,		LEAVE,		LEAVING)			\
	X(LEAVING,	GONE,		FREE)				\
	X(PARKED,	GO,		LIVE)				\
	X(PARKED,	RECALL,		RETURNING)			\
	X(RETURNING,	ARRIVE,		ARRIVED)			\
	X(RETURNING,	RETREAT,	PARKED)				\
	X(ARRIVED,	GO,		LIVE)				\
	X(ARRIVED,	RETREAT,	PARKED)

#define REWIRE_SLOT_EVENTS(X)						\
	X(ENTER) X(RESERVE) X(RECEIVE) X(ARRIVE) X(ABANDON) X(PARK)	\
	X(LEAVE) X(GONE) X(GO) X(RECALL) X(RETREAT)

enum rewire_slot_state {
	REWIRE_SLOT_FREE,	/* nobody's */
	REWIRE_SLOT_STARTING,	/* reserved for a thread that is being made */
	REWIRE_SLOT_LIVE,	/* its thread runs */
	REWIRE_SLOT_LEAVING,	/* its thread said goodbye, and is not gone yet */
	REWIRE_SLOT_PARKED,	/* its thread stands, or is in the image alone */
	REWIRE_SLOT_RETURNING,	/* its thread has to be made anew */
	REWIRE_SLOT_ARRIVED,	/* it was; it stands until all others were */
	REWIRE_SLOT_STATES
};

enum rewire_enclave_event {
#define X(name)	REWIRE_ENCLAVE_EV_##name,
	REWIRE_ENCLAVE_EVENTS(X)
#undef X
	REWIRE_ENCLAVE_EV_COUNT
};

enum rewire_session_event {
#define X(name)	REWIRE_SESSION_EV_##name,
	REWIRE_SESSION_EVENTS(X)
#undef X
	REWIRE_SESSION_EV_COUNT
};

enum rewire_update_event {
#define X(name)	REWIRE_UPDATE_EV_##name,
	REWIRE_UPDATE_EVENTS(X)
#undef X
	REWIRE_UPDATE_EV_COUNT
};

enum rewire_slot_event {
#define X(name)	REWIRE_SLOT_EV_##name,
	REWIRE_SLOT_EVENTS(X)
#undef X
	REWIRE_SLOT_EV_COUNT
};

int rewire_enclave_next(u32 state, enum rewire_enclave_event event);
int rewire_session_next(u32 state, enum rewire_session_event event);
int rewire_update_next(u32 state, enum rewire_update_event event);
int rewire_slot_next(u32 state, enum rewire_slot_event event);
const char *rewire_enclave_state_name(u32 state);
const char *rewire_session_state_name(u32 state);
const char *rewire_update_state_name(u32 state);

#endif
