// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state tables: what the design promises of them, not what they say.
 */
#include <kunit/test.h>

#include "../../kmod/state.h"

#define ENCLAVE(state, event)						\
	rewire_enclave_next(REWIRE_ENCLAVE_##state, REWIRE_ENCLAVE_EV_##event)
#define SESSION(state, event)						\
	rewire_session_next(REWIRE_SESSION_##state, REWIRE_SESSION_EV_##event)

/* is there a way that avoids a state? */
static bool finds_enclave(u32 from, u32 to, u32 without)
{
	bool seen[REWIRE_ENCLAVE_STATES] = {};
	bool more = true;
	int next, event;
	u32 state;

	seen[from] = true;
	while (more) {
		more = false;
		for (state = 0; state < REWIRE_ENCLAVE_STATES; state++) {
			for (event = 0; event < REWIRE_ENCLAVE_EV_COUNT;
			     event++) {
				if (!seen[state] || state == without)
					continue;
				next = rewire_enclave_next(state, event);
				if (next < 0 || seen[next])
					continue;
				seen[next] = true;
				more = true;
			}
		}
	}
	return seen[to];
}

static void enclave_arcs_stay_in_range(struct kunit *test)
{
	int event, next;
	u32 state;

	for (state = 0; state < REWIRE_ENCLAVE_STATES; state++) {
		for (event = 0; event < REWIRE_ENCLAVE_EV_COUNT; event++) {
			next = rewire_enclave_next(state, event);
			KUNIT_EXPECT_TRUE(test, next == -EBADFD ||
					  (next >= 0 &&
					   next < REWIRE_ENCLAVE_STATES));
		}
	}
}

static void enclave_lookup_out_of_range_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, rewire_enclave_next(REWIRE_ENCLAVE_STATES, 0),
			-EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_enclave_next(U32_MAX, 0), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_enclave_next(0, REWIRE_ENCLAVE_EV_COUNT),
			-EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_session_next(REWIRE_SESSION_STATES, 0),
			-EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_session_next(0, REWIRE_SESSION_EV_COUNT),
			-EBADFD);
}

static void enclave_can_be_destroyed_once(struct kunit *test)
{
	int event;
	u32 state;

	for (state = 0; state < REWIRE_ENCLAVE_DESTROYED; state++)
		KUNIT_EXPECT_EQ(test,
				rewire_enclave_next(state,
						    REWIRE_ENCLAVE_EV_DESTROY),
				REWIRE_ENCLAVE_DESTROYED);
	for (event = 0; event < REWIRE_ENCLAVE_EV_COUNT; event++)
		KUNIT_EXPECT_EQ(test,
				rewire_enclave_next(REWIRE_ENCLAVE_DESTROYED,
						    event), -EBADFD);
}

/* Nothing is added to what was measured, and nothing runs unmeasured. */
static void enclave_is_measured_before_it_runs(struct kunit *test)
{
	u32 state;

	for (state = 0; state < REWIRE_ENCLAVE_STATES; state++)
		if (state != REWIRE_ENCLAVE_BUILDING)
			KUNIT_EXPECT_EQ(test, rewire_enclave_next(state,
						REWIRE_ENCLAVE_EV_ADD),
					-EBADFD);
	KUNIT_EXPECT_FALSE(test, finds_enclave(REWIRE_ENCLAVE_BUILDING,
					       REWIRE_ENCLAVE_RUNNING,
					       REWIRE_ENCLAVE_READY));
	KUNIT_EXPECT_TRUE(test, finds_enclave(REWIRE_ENCLAVE_BUILDING,
					      REWIRE_ENCLAVE_RUNNING,
					      REWIRE_ENCLAVE_STATES));
}

/* Bound to a migration it does nothing but receive calls, until it is freed. */
static void enclave_frozen_stands_still(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ENCLAVE(FROZEN, ENTER), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(FROZEN, RESUME), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(FROZEN, TICKET), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(FROZEN, EXTRACT), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(FROZEN, THAW), REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_FALSE(test, finds_enclave(REWIRE_ENCLAVE_FROZEN,
					       REWIRE_ENCLAVE_RUNNING,
					       REWIRE_ENCLAVE_PAUSED));
}

static void enclave_received_waits_for_start(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, finds_enclave(REWIRE_ENCLAVE_RECEIVING,
					       REWIRE_ENCLAVE_RUNNING,
					       REWIRE_ENCLAVE_PREPARED));
	KUNIT_EXPECT_EQ(test, ENCLAVE(PREPARED, ENTER), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PREPARED, RESUME), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PREPARED, TICKET), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PREPARED, START), REWIRE_ENCLAVE_PAUSED);
}

static void enclave_running_is_not_extracted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ENCLAVE(RUNNING, EXTRACT), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(RUNNING, FREEZE), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PAUSING, EXTRACT), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PAUSING, FREEZE), -EBADFD);
	KUNIT_EXPECT_EQ(test, ENCLAVE(PAUSED, EXTRACT), REWIRE_ENCLAVE_PAUSED);
}

/* One register: there is no way from one to the other. */
static void session_is_active_or_aborted(struct kunit *test)
{
	int event;

	for (event = 0; event < REWIRE_SESSION_EV_COUNT; event++) {
		KUNIT_EXPECT_EQ(test,
				rewire_session_next(REWIRE_SESSION_ABORTED,
						    event), -EBADFD);
		KUNIT_EXPECT_NE(test,
				rewire_session_next(REWIRE_SESSION_ACTIVE,
						    event),
				REWIRE_SESSION_ABORTED);
		KUNIT_EXPECT_EQ(test,
				rewire_session_next(REWIRE_SESSION_DESTROYED,
						    event), -EBADFD);
	}
}

/* After START only the target's signed word gives the source its enclave. */
static void session_relinquished_does_not_abort_alone(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SESSION(RELINQUISHED, ABORT), -EBADFD);
	KUNIT_EXPECT_EQ(test, SESSION(RELINQUISHED, PEER_ABORTED),
			REWIRE_SESSION_ABORTED);
	KUNIT_EXPECT_EQ(test, SESSION(RELINQUISHED, ACTIVE),
			REWIRE_SESSION_DESTROYED);
	KUNIT_EXPECT_EQ(test, SESSION(FROZEN, ACTIVE), -EBADFD);
}

/* Before it, either side may, in every state. */
static void session_aborts_alone_before_start(struct kunit *test)
{
	static const u32 states[] = {
		REWIRE_SESSION_OFFERED, REWIRE_SESSION_AGREED,
		REWIRE_SESSION_FROZEN, REWIRE_SESSION_RECEIVING,
		REWIRE_SESSION_PREPARED,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		KUNIT_EXPECT_EQ(test,
				rewire_session_next(states[i],
						    REWIRE_SESSION_EV_ABORT),
				REWIRE_SESSION_ABORTED);
		KUNIT_EXPECT_EQ(test,
				rewire_session_next(states[i],
						    REWIRE_SESSION_EV_PEER_ABORTED),
				REWIRE_SESSION_ABORTED);
	}
}

/* Each arc of a migration that goes well, and no step can be left out. */
static void session_steps_come_in_order(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SESSION(OFFERED, ACCEPT), REWIRE_SESSION_AGREED);
	KUNIT_EXPECT_EQ(test, SESSION(AGREED, FREEZE), REWIRE_SESSION_FROZEN);
	KUNIT_EXPECT_EQ(test, SESSION(FROZEN, READY),
			REWIRE_SESSION_RELINQUISHED);
	KUNIT_EXPECT_EQ(test, SESSION(RECEIVING, RECEIVED),
			REWIRE_SESSION_PREPARED);
	KUNIT_EXPECT_EQ(test, SESSION(PREPARED, START), REWIRE_SESSION_ACTIVE);
	KUNIT_EXPECT_EQ(test, SESSION(ACTIVE, RECEIPT), REWIRE_SESSION_ACTIVE);
	KUNIT_EXPECT_EQ(test, SESSION(OFFERED, FREEZE), -EBADFD);
	KUNIT_EXPECT_EQ(test, SESSION(OFFERED, READY), -EBADFD);
	KUNIT_EXPECT_EQ(test, SESSION(AGREED, READY), -EBADFD);
	KUNIT_EXPECT_EQ(test, SESSION(RECEIVING, START), -EBADFD);
	KUNIT_EXPECT_EQ(test, SESSION(PREPARED, RECEIPT), -EBADFD);
}

/* What the table has is what the lookup finds, and it finds nothing else. */
static void update_arcs_are_those_of_the_table(struct kunit *test)
{
	static const struct {
		u32 from;
		enum rewire_update_event event;
		int to;
	} arcs[] = {
#define X(from, event, to)						\
	{ REWIRE_UPDATE_##from, REWIRE_UPDATE_EV_##event, REWIRE_UPDATE_##to },
		REWIRE_UPDATE_ARCS(X)
#undef X
	};
	u32 state, found = 0;
	int event, i;

	for (i = 0; i < ARRAY_SIZE(arcs); i++)
		KUNIT_EXPECT_EQ(test,
				rewire_update_next(arcs[i].from, arcs[i].event),
				arcs[i].to);
	for (state = 0; state < REWIRE_UPDATE_STATES; state++)
		for (event = 0; event < REWIRE_UPDATE_EV_COUNT; event++)
			found += rewire_update_next(state, event) >= 0;
	KUNIT_EXPECT_EQ(test, found, (u32)ARRAY_SIZE(arcs));
	KUNIT_EXPECT_EQ(test, rewire_update_next(REWIRE_UPDATE_STATES, 0),
			-EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_update_next(U32_MAX, 0), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_update_next(0, REWIRE_UPDATE_EV_COUNT),
			-EBADFD);
}

/* Until the switch it can be given up, and after its end nothing happens. */
static void update_ends_once(struct kunit *test)
{
	int event;
	u32 state;

	for (state = 0; state < REWIRE_UPDATE_SWITCHED; state++)
		KUNIT_EXPECT_EQ(test,
				rewire_update_next(state,
						   REWIRE_UPDATE_EV_ABORT),
				REWIRE_UPDATE_ABORTED);
	for (event = 0; event < REWIRE_UPDATE_EV_COUNT; event++) {
		KUNIT_EXPECT_EQ(test,
				rewire_update_next(REWIRE_UPDATE_SWITCHED,
						   event), -EBADFD);
		KUNIT_EXPECT_EQ(test,
				rewire_update_next(REWIRE_UPDATE_ABORTED,
						   event), -EBADFD);
	}
}

/* Nothing is switched that was not tried, nor tried while the old one runs. */
static void update_steps_come_in_order(struct kunit *test)
{
	u32 state;
	int event;

	for (state = 0; state < REWIRE_UPDATE_STATES; state++) {
		for (event = 0; event < REWIRE_UPDATE_EV_COUNT; event++) {
			int next = rewire_update_next(state, event);

			if (next < 0 || next == REWIRE_UPDATE_ABORTED)
				continue;
			KUNIT_EXPECT_EQ(test, next, (int)state + 1);
		}
	}
}

/* The names follow the numbers of the uapi. */
static void states_have_names(struct kunit *test)
{
#define NAME(kind, state)						\
	KUNIT_EXPECT_STREQ(test, kind##_name(state), #state)
#define enclave_name(state) rewire_enclave_state_name(REWIRE_ENCLAVE_##state)
#define session_name(state) rewire_session_state_name(REWIRE_SESSION_##state)
#define update_name(state) rewire_update_state_name(REWIRE_UPDATE_##state)
	NAME(enclave, BUILDING);
	NAME(enclave, READY);
	NAME(enclave, RUNNING);
	NAME(enclave, PAUSING);
	NAME(enclave, PAUSED);
	NAME(enclave, FROZEN);
	NAME(enclave, RECEIVING);
	NAME(enclave, PREPARED);
	NAME(enclave, DESTROYED);
	NAME(session, OFFERED);
	NAME(session, AGREED);
	NAME(session, FROZEN);
	NAME(session, RELINQUISHED);
	NAME(session, DESTROYED);
	NAME(session, RECEIVING);
	NAME(session, PREPARED);
	NAME(session, ACTIVE);
	NAME(session, ABORTED);
	NAME(update, LOADING);
	NAME(update, LOADED);
	NAME(update, HANDING);
	NAME(update, HANDED);
	NAME(update, TRIAL);
	NAME(update, SWITCHED);
	NAME(update, ABORTED);
	KUNIT_EXPECT_STREQ(test, rewire_enclave_state_name(99), "?");
	KUNIT_EXPECT_STREQ(test, rewire_session_state_name(99), "?");
	KUNIT_EXPECT_STREQ(test, rewire_update_state_name(99), "?");
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(enclave_arcs_stay_in_range),
	KUNIT_CASE(enclave_lookup_out_of_range_is_refused),
	KUNIT_CASE(enclave_can_be_destroyed_once),
	KUNIT_CASE(enclave_is_measured_before_it_runs),
	KUNIT_CASE(enclave_frozen_stands_still),
	KUNIT_CASE(enclave_received_waits_for_start),
	KUNIT_CASE(enclave_running_is_not_extracted),
	KUNIT_CASE(session_is_active_or_aborted),
	KUNIT_CASE(session_relinquished_does_not_abort_alone),
	KUNIT_CASE(session_aborts_alone_before_start),
	KUNIT_CASE(session_steps_come_in_order),
	KUNIT_CASE(update_arcs_are_those_of_the_table),
	KUNIT_CASE(update_ends_once),
	KUNIT_CASE(update_steps_come_in_order),
	KUNIT_CASE(states_have_names),
	{}
};

static struct kunit_suite state_suite = {
	.name = "rewire_state",
	.test_cases = state_cases,
};

kunit_test_suite(state_suite);
