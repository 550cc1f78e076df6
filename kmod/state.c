// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookup in the state tables. Pure functions: who calls them holds the lock of
 * the object and carries the change out.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "state.h"
#include "compat.h"

/* entries are next state + 1, so that an absent arc is 0 */
static const u8 enclave_arcs[REWIRE_ENCLAVE_STATES][REWIRE_ENCLAVE_EV_COUNT] = {
#define X(state, event, next)						\
	[REWIRE_ENCLAVE_##state][REWIRE_ENCLAVE_EV_##event] =		\
		REWIRE_ENCLAVE_##next + 1,
	REWIRE_ENCLAVE_ARCS(X)
#undef X
};

static const u8 session_arcs[REWIRE_SESSION_STATES][REWIRE_SESSION_EV_COUNT] = {
#define X(state, event, next)						\
	[REWIRE_SESSION_##state][REWIRE_SESSION_EV_##event] =		\
		REWIRE_SESSION_##next + 1,
	REWIRE_SESSION_ARCS(X)
#undef X
};

static const u8 update_arcs[REWIRE_UPDATE_STATES][REWIRE_UPDATE_EV_COUNT] = {
#define X(state, event, next)						\
	[REWIRE_UPDATE_##state][REWIRE_UPDATE_EV_##event] =		\
		REWIRE_UPDATE_##next + 1,
	REWIRE_UPDATE_ARCS(X)
#undef X
};

static const u8 slot_arcs[REWIRE_SLOT_STATES][REWIRE_SLOT_EV_COUNT] = {
#define X(state, event, next)						\
	[REWIRE_SLOT_##state][REWIRE_SLOT_EV_##event] =			\
		REWIRE_SLOT_##next + 1,
	REWIRE_SLOT_ARCS(X)
#undef X
};

/**
 * rewire_enclave_next() - where an event takes an enclave
 * @state: REWIRE_ENCLAVE_*
 * @event: what is about to happen
 *
 * Return: the next state, or -EBADFD when the table has no such arc.
 */
int rewire_enclave_next(u32 state, enum rewire_enclave_event event)
{
	if (state >= REWIRE_ENCLAVE_STATES || event >= REWIRE_ENCLAVE_EV_COUNT ||
	    !enclave_arcs[state][event])
		return -EBADFD;
	return enclave_arcs[state][event] - 1;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_next);

/**
 * rewire_session_next() - where an event takes a migration session
 * @state: REWIRE_SESSION_*
 * @event: what is about to happen
 *
 * Return: the next state, or -EBADFD when the table has no such arc.
 */
int rewire_session_next(u32 state, enum rewire_session_event event)
{
	if (state >= REWIRE_SESSION_STATES || event >= REWIRE_SESSION_EV_COUNT ||
	    !session_arcs[state][event])
		return -EBADFD;
	return session_arcs[state][event] - 1;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_next);

/**
 * rewire_update_next() - where an event takes an update
 * @state: REWIRE_UPDATE_*
 * @event: what is about to happen
 *
 * Return: the next state, or -EBADFD when the table has no such arc.
 */
int rewire_update_next(u32 state, enum rewire_update_event event)
{
	if (state >= REWIRE_UPDATE_STATES || event >= REWIRE_UPDATE_EV_COUNT ||
	    !update_arcs[state][event])
		return -EBADFD;
	return update_arcs[state][event] - 1;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_next);

/**
 * rewire_slot_next() - where an event takes a thread's slot
 * @state: REWIRE_SLOT_*
 * @event: what is about to happen
 *
 * Return: the next state, or -EBADFD when the table has no such arc.
 */
int rewire_slot_next(u32 state, enum rewire_slot_event event)
{
	if (state >= REWIRE_SLOT_STATES || event >= REWIRE_SLOT_EV_COUNT ||
	    !slot_arcs[state][event])
		return -EBADFD;
	return slot_arcs[state][event] - 1;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_slot_next);

static const char *const enclave_names[REWIRE_ENCLAVE_STATES] = {
	"BUILDING", "READY", "RUNNING", "PAUSING", "PAUSED", "FROZEN",
	"RECEIVING", "PREPARED", "DESTROYED",
};

static const char *const session_names[REWIRE_SESSION_STATES] = {
	"OFFERED", "AGREED", "FROZEN", "RELINQUISHED", "DESTROYED",
	"RECEIVING", "PREPARED", "ACTIVE", "ABORTED",
};

static const char *const update_names[REWIRE_UPDATE_STATES] = {
	"LOADING", "LOADED", "HANDING", "HANDED", "TRIAL", "SWITCHED",
	"ABORTED",
};

const char *rewire_enclave_state_name(u32 state)
{
	return state < REWIRE_ENCLAVE_STATES ? enclave_names[state] : "?";
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_state_name);

const char *rewire_session_state_name(u32 state)
{
	return state < REWIRE_SESSION_STATES ? session_names[state] : "?";
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_state_name);

const char *rewire_update_state_name(u32 state)
{
	return state < REWIRE_UPDATE_STATES ? update_names[state] : "?";
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_state_name);
