// SPDX-License-Identifier: MIT
/*
 * A migration from helper to helper, with the connection cut wherever one can
 * be cut. Whatever happens on the wire, exactly one side may run at the end.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/socket.h>

#include "play.h"

#include "clock.h"
#include "keeper.h"
#include "log.h"
#include "route.h"
#include "source.h"
#include "trial.h"

/* The point of it all. */
static void check_exactly_one(long cut)
{
	bool here = sm->side[REWIRE_SIDE_SOURCE].lives == LIVES_RUNNING;
	bool there = sm->side[REWIRE_SIDE_TARGET].lives == LIVES_RUNNING;

	if (here == there || sm->both)
		fail_msg("cut after %ld bytes: source %s%s, target %s%s", cut,
			 rewire_session_state_name((__u32)
						   sm->side[REWIRE_SIDE_SOURCE].state),
			 here ? ", runs" : "",
			 rewire_session_state_name((__u32)
						   sm->side[REWIRE_SIDE_TARGET].state),
			 there ? ", runs" : "");
}

static void whole_migration(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };
	char path[STORE_PATH], peer[ADDRESS_MAX];

	(void)state;
	play_begin(&request, 200, -1);
	if (play_migrate(&request, &err))
		fail_msg("%s", err.text);
	check_exactly_one(-1);
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_DESTROYED);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));
	store_receipt_path(&world.source.store, request.body.request.id, path);
	assert_int_equal(access(path, R_OK), 0);
	store_checkpoint_path(&world.target.store,
			      request.body.request.workload, path);
	assert_int_equal(access(path, R_OK), -1);
	assert_true(store_get_moved(&world.source.store,
				    request.body.request.workload, peer));
	assert_string_equal(peer, world.peer);
	assert_false(store_is_arrived(&world.target.store,
				      request.body.request.workload));
}

/* For an update on arrival: only at the target, and only where it may be wanted. */
static void arrival_is_noted(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };

	(void)state;
	play_begin(&request, 204, -1);
	world.source.options.update_inbox = "inbox";
	world.target.options.update_inbox = "inbox";
	world.target.poked = false;
	if (play_migrate(&request, &err))
		fail_msg("%s", err.text);
	world.source.options.update_inbox = NULL;
	world.target.options.update_inbox = NULL;
	assert_true(store_is_arrived(&world.target.store,
				     request.body.request.workload));
	assert_true(world.target.poked);
	assert_false(store_is_arrived(&world.source.store,
				      request.body.request.workload));
}

static void target_aborts_after_relinquished(void **state)
{
	struct rewire_signed request;
	char path[STORE_PATH], peer[ADDRESS_MAX];

	(void)state;
	play_begin(&request, 201, -1);
	sm->refuse_start = true;
	assert_int_equal(play_migrate(&request, NULL), -ECANCELED);
	play_keep(REWIRE_SIDE_SOURCE);
	play_keep(REWIRE_SIDE_TARGET);
	check_exactly_one(-1);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));
	/* What was kept of it would be a second instance. */
	store_checkpoint_path(&world.target.store,
			      request.body.request.workload, path);
	assert_int_equal(access(path, F_OK), -1);
	assert_false(store_get_moved(&world.source.store,
				     request.body.request.workload, peer));
}

/* The SM takes that word at any time; it must not pass for the ACCEPT. */
static void target_aborts_instead_of_accepting(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };

	(void)state;
	play_begin(&request, 208, -1);
	sm->refuse_accept = true;
	assert_int_equal(play_migrate(&request, &err), -ECANCELED);
	assert_non_null(strstr(err.text, "beta aborted"));
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_ABORTED);
	play_keep(REWIRE_SIDE_SOURCE);
	play_keep(REWIRE_SIDE_TARGET);
	check_exactly_one(-1);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));
}

static void peer_out_of_reach_uses_nothing_up(void **state)
{
	struct rewire_signed request;
	json_t *info = NULL;

	(void)state;
	play_begin(&request, 202, -1);
	assert_true(source_migrate(&world.source, &request, "127.0.0.1:1", false,
				   0, -1, &info, NULL) < 0);
	assert_false(sm->side[REWIRE_SIDE_SOURCE].exists);
	assert_true(store_empty(&world.source.store));
}

/* The client hung up before it began: cancelled, whatever the stream says. */
static void client_that_hangs_up_cancels(void **state)
{
	struct rewire_signed request;
	json_t *info = NULL;
	int pair[2];

	(void)state;
	play_begin(&request, 203, -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(source_migrate(&world.source, &request, world.peer,
					false, 0, pair[0], &info, NULL),
			 -ECANCELED);
	close(pair[0]);
	play_keep(REWIRE_SIDE_SOURCE);
	check_exactly_one(-1);
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_ABORTED);
}

#define CUTS	64

static void cut_each(long expected)
{
	struct rewire_signed request;
	long total;

	play_begin(&request, 100, -1);
	assert_int_equal(play_migrate(&request, NULL), 0);
	total = world.wire.seen;
	assert_true(total > expected);
	for (unsigned int i = 0; i < CUTS; i++) {
		/* Half of them in the last bytes, where it is decided. */
		long cut = i % 2 ? total - 4000 * (long)i / CUTS :
				   total * (long)i / CUTS;

		play_begin(&request, i, cut);
		play_migrate(&request, NULL);
		world.wire.budget = -1;
		play_keep(REWIRE_SIDE_SOURCE);
		play_keep(REWIRE_SIDE_TARGET);
		check_exactly_one(cut);
		assert_true(store_empty(&world.source.store));
	}
}

static void cut_anywhere(void **state)
{
	(void)state;
	cut_each(STREAM_SIZE);
}

/* As many connections, one of which is cut. */
static void cut_anywhere_with_lanes(void **state)
{
	(void)state;
	world.source.options.streams = 3;
	cut_each(STREAM_SIZE + 2 * LANE_SIZE);
	world.source.options.streams = 1;
}

static void lanes_carry_it_all(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };

	(void)state;
	for (unsigned int streams = 2; streams <= REWIRE_MAX_LANES; streams++) {
		play_begin(&request, 210 + streams, -1);
		world.source.options.streams = streams;
		if (play_migrate(&request, &err))
			fail_msg("%s", err.text);
		check_exactly_one(-1);
		assert_int_equal(sm->lanes, streams);
		assert_true(world.wire.seen >
			    STREAM_SIZE + (long)(streams - 1) * LANE_SIZE);
		assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
				 REWIRE_SESSION_DESTROYED);
	}
	world.source.options.streams = 1;
}

/* One lane gets in, and the next does not: then by one stream, and no worse. */
static void too_few_lanes_are_none(void **state)
{
	unsigned int most = world.target.options.max_peers;
	struct rewire_signed request;
	struct rewire_error err = { 0 };

	(void)state;
	world.source.options.streams = 3;
	world.target.options.max_peers = 3;
	for (unsigned int i = 0; i < 8; i++) {
		play_begin(&request, 230 + i, -1);
		if (play_migrate(&request, &err))
			fail_msg("%s", err.text);
		check_exactly_one(-1);
		assert_int_equal(sm->lanes, 0);
	}
	world.source.options.streams = 1;
	world.target.options.max_peers = most;
}

static void call_follows_the_workload(void **state)
{
	struct rewire_signed request;
	struct route route = {
		.helper = &world.source,
		.call = { .sequence = 1, .hops = PEER_MAX_HOPS },
		.deadline = clock_ms() + 20000,
	};
	__u8 output[REWIRE_MAX_PAYLOAD];
	size_t length = 0;
	__s32 status = 0;

	(void)state;
	play_begin(&request, 204, -1);
	memset(route.call.workload, 0x55, REWIRE_ID_SIZE);
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	assert_int_equal(status, REWIRE_SIDE_SOURCE);
	assert_int_equal(play_migrate(&request, NULL), 0);
	sm->calls = 0;
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	assert_int_equal(status, REWIRE_SIDE_TARGET);
	assert_int_equal(length, 4);
	assert_memory_equal(output, "pong", 4);

	/* Cut on the way back: the same again, and one answer. */
	world.wire.budget = 4000;
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	world.wire.budget = -1;
	route.call.hops = 0;
	assert_int_equal(route_call(&route, output, &length, &status, NULL),
			 -EREMCHG);
}

static const char *result_of(json_t *info, size_t i)
{
	json_t *check = json_array_get(json_object_get(info, "checks"), i);

	return json_string_value(json_object_get(check, "result"));
}

static void trial_touches_nothing(void **state)
{
	struct rewire_signed request;
	json_t *info, *check;

	(void)state;
	play_begin(&request, 206, -1);
	info = trial_run(&world.source, &request, world.peer);
	assert_true(json_is_true(json_object_get(info, "ok")));
	assert_int_equal(json_integer_value(json_object_get(info, "level")), 3);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(result_of(info, i), "ok");
	json_decref(info);
	assert_false(sm->side[REWIRE_SIDE_SOURCE].exists);
	assert_false(sm->side[REWIRE_SIDE_TARGET].exists);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));

	/* The reason comes across the wire. */
	play_begin(&request, 206, -1);
	sm->refuse_try[REWIRE_SIDE_TARGET] = EEXIST;
	info = trial_run(&world.source, &request, world.peer);
	check = json_array_get(json_object_get(info, "checks"), 2);
	assert_int_equal(json_integer_value(json_object_get(check, "errno")),
			 EEXIST);
	assert_string_equal(json_string_value(json_object_get(check, "why")),
			    "beta says: refused, for a test");
	assert_null(json_object_get(info, "level"));
	json_decref(info);
}

static void trial_says_who_refuses(void **state)
{
	struct rewire_signed request;
	json_t *info;

	(void)state;
	play_begin(&request, 207, -1);
	sm->refuse_try[REWIRE_SIDE_SOURCE] = ESTALE;
	sm->refuse_level = EPERM;
	info = trial_run(&world.source, &request, world.peer);
	assert_string_equal(result_of(info, 0), "refused");
	assert_string_equal(result_of(info, 2), "ok");
	assert_string_equal(result_of(info, 3), "skipped");
	json_decref(info);
	sm->refuse_try[REWIRE_SIDE_SOURCE] = 0;
	info = trial_run(&world.source, &request, world.peer);
	assert_false(json_is_true(json_object_get(info, "ok")));
	assert_string_equal(result_of(info, 3), "refused");
	json_decref(info);
	info = trial_run(&world.source, &request, "127.0.0.1:1");
	assert_string_equal(result_of(info, 0), "ok");
	assert_string_equal(result_of(info, 1), "refused");
	assert_string_equal(result_of(info, 2), "skipped");
	json_decref(info);
}

/* It waits for somebody else: nothing is used up, nothing is lost. */
static void unfresh_sm_refuses_and_keeps(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };

	(void)state;
	play_begin(&request, 208, -1);
	sm->unfresh = ENOLINK;
	assert_int_equal(play_migrate(&request, &err), -ENOLINK);
	assert_true(store_empty(&world.source.store));
	sm->unfresh = 0;
	assert_int_equal(play_migrate(&request, &err), 0);
	check_exactly_one(-1);
}

static int set_up(void **state)
{
	play_set_up(state);
	play_serve();
	return 0;
}

static int tear_down(void **state)
{
	play_unserve();
	return play_tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_migration),
		cmocka_unit_test(arrival_is_noted),
		cmocka_unit_test(target_aborts_after_relinquished),
		cmocka_unit_test(target_aborts_instead_of_accepting),
		cmocka_unit_test(peer_out_of_reach_uses_nothing_up),
		cmocka_unit_test(client_that_hangs_up_cancels),
		cmocka_unit_test(call_follows_the_workload),
		cmocka_unit_test(trial_touches_nothing),
		cmocka_unit_test(trial_says_who_refuses),
		cmocka_unit_test(unfresh_sm_refuses_and_keeps),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(lanes_carry_it_all),
		cmocka_unit_test(too_few_lanes_are_none),
		cmocka_unit_test(cut_anywhere_with_lanes),
	};

	signal(SIGPIPE, SIG_IGN);
	log_open(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : 0);
	return cmocka_run_group_tests_name("peer_flow", tests, set_up,
					   tear_down);
}
