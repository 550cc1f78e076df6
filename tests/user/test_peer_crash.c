// SPDX-License-Identifier: MIT
/*
 * Both helpers are killed at each command that they give an SM, and the hosts go
 * down with them or do not; what comes up again is killed once more, and comes up
 * for good. At the end exactly one instance runs, and no two ever did.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/wait.h>

#include "play.h"

#include "checkpoint.h"
#include "log.h"

#define MOST_COMMANDS	200
#define ROUNDS		60

/* Which hosts go down: a bit for each side. */
#define DOWN_SOURCE	1
#define DOWN_TARGET	2

static __u32 pseudo_random(void)
{
	static __u32 state = 1;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static bool both_settled(void)
{
	return store_empty(&world.source.store) &&
	       store_empty(&world.target.store);
}

static void recover(void)
{
	for (int i = 0; i < ROUNDS && !both_settled(); i++) {
		play_keep_once(REWIRE_SIDE_SOURCE);
		play_keep_once(REWIRE_SIDE_TARGET);
		usleep(1000);
	}
}

/* In a process of its own. Returns false when it was killed by the countdown. */
static bool survives(void (*work)(const struct rewire_signed *request),
		     const struct rewire_signed *request, long countdown)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		play_serve();
		sm->countdown = countdown;
		work(request);
		/* Not through cmocka's end, nor ASan's: threads go on. */
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	sm->countdown = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return false;
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	return true;
}

static void do_migrate(const struct rewire_signed *request)
{
	play_migrate(request, NULL);
}

static void do_recover(const struct rewire_signed *request)
{
	(void)request;
	recover();
}

static enum kept kept_at(struct helper *helper, __u32 side)
{
	struct record record = { .side = side };

	memcpy(record.request_id, sm->request_id, REWIRE_ID_SIZE);
	memcpy(record.workload, sm->workload, REWIRE_ID_SIZE);
	return checkpoint_find(&helper->store, &record);
}

/* An instance that runs goes down with its host, migration or not. */
static bool goes_down(unsigned int down)
{
	int state = sm->side[REWIRE_SIDE_SOURCE].state;
	bool here = down & DOWN_SOURCE, there = down & DOWN_TARGET;

	if (there && sm->side[REWIRE_SIDE_TARGET].lives == LIVES_RUNNING)
		return true;
	if (!here)
		return false;
	return !sm->side[REWIRE_SIDE_SOURCE].exists ||
	       state == REWIRE_SESSION_OFFERED ||
	       state == REWIRE_SESSION_AGREED ||
	       (state == REWIRE_SESSION_FROZEN &&
		kept_at(&world.source, REWIRE_SIDE_SOURCE) == KEPT_NONE);
}

static void go_down(unsigned int down)
{
	for (__u32 side = 1; side < 3; side++) {
		if (down & side)
			play_crash(side);
		else
			play_kill(side);
	}
}

static void check(long command, unsigned int down, bool lost)
{
	unsigned int running = 0;

	for (int i = 1; i < 3; i++)
		running += sm->side[i].lives == LIVES_RUNNING;
	if (running == !lost && !sm->both && !sm->early && both_settled())
		return;
	fail_msg("killed at command %ld, down %u: source %s, lives %d; target %s, lives %d%s%s",
		 command, down,
		 rewire_session_state_name((__u32)sm->side[1].state),
		 sm->side[1].lives,
		 rewire_session_state_name((__u32)sm->side[2].state),
		 sm->side[2].lives, sm->both ? "; both ran" :
		 sm->early ? "; PREPARED too early" : "",
		 both_settled() ? "" : "; not settled");
}

/* Returns false when the migration was over before it was killed. */
static bool try(long command, unsigned int down)
{
	static unsigned int run;
	struct rewire_signed request;
	bool lost, over;

	play_begin(&request, run++, -1);
	over = survives(do_migrate, &request, command);
	lost = goes_down(down);
	go_down(down);
	if (!survives(do_recover, NULL, 1 + pseudo_random() % 24))
		go_down(0);
	/* What the child ended is ended here too. */
	assert_int_equal(store_open(&world.source.store,
				    world.source.store.dir, NULL), 0);
	assert_int_equal(store_open(&world.target.store,
				    world.target.store.dir, NULL), 0);
	play_serve();
	recover();
	play_unserve();
	check(command, down, lost);
	assert_int_equal(kept_at(&world.source, REWIRE_SIDE_SOURCE), KEPT_NONE);
	assert_int_equal(kept_at(&world.target, REWIRE_SIDE_TARGET), KEPT_NONE);
	return !over;
}

static void both_hosts_go_down(void **state)
{
	long command = 1;

	(void)state;
	while (try(command, DOWN_SOURCE | DOWN_TARGET))
		assert_true(++command < MOST_COMMANDS);
	/* Else the countdown counts nothing. */
	assert_true(command > 20);
}

static void one_host_or_none_goes_down(void **state)
{
	long command = 1;

	(void)state;
	while (try(command, command % 3))
		assert_true(++command < MOST_COMMANDS);
}

/* A whole checkpoint of this migration, as a helper left it. */
static void put_kept(struct helper *helper)
{
	struct rewire_stream_header header = {
		.header = { .type = REWIRE_TYPE_STREAM },
	};
	char path[STORE_PATH];

	memcpy(header.request_id, sm->request_id, REWIRE_ID_SIZE);
	store_checkpoint_path(&helper->store, sm->workload, path);
	assert_int_equal(rewire_file_write(path, &header, sizeof(header), 0600,
					   NULL), 0);
	assert_int_equal(truncate(path, STREAM_SIZE), 0);
}

static void put_record(__u32 side, enum fate fate)
{
	struct helper *helper = side == REWIRE_SIDE_SOURCE ? &world.source :
							     &world.target;
	struct record record = { .side = side, .fate = fate };

	memcpy(record.request_id, sm->request_id, REWIRE_ID_SIZE);
	memcpy(record.workload, sm->workload, REWIRE_ID_SIZE);
	if (side == REWIRE_SIDE_SOURCE)
		strcpy(record.peer, world.peer);
	assert_int_equal(store_begin(&helper->store, &record, NULL), 0);
	store_release(&helper->store, &record);
}

/* A source whose host went down while it was FROZEN. */
static void begin_frozen(enum fate fate)
{
	struct rewire_signed request;

	play_begin(&request, 99, -1);
	put_record(REWIRE_SIDE_SOURCE, fate);
	put_kept(&world.source);
	sm->side[REWIRE_SIDE_SOURCE].exists = true;
	sm->side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_FROZEN;
	sm->side[REWIRE_SIDE_SOURCE].lives = LIVES_NOWHERE;
	play_serve();
}

static void begin_target(int state, bool image)
{
	put_record(REWIRE_SIDE_TARGET, FATE_RUNNING);
	sm->side[REWIRE_SIDE_TARGET].exists = true;
	sm->side[REWIRE_SIDE_TARGET].state = state;
	sm->side[REWIRE_SIDE_TARGET].image = image;
	sm->side[REWIRE_SIDE_TARGET].lives = image ? LIVES_HELD :
						     LIVES_NOWHERE;
}

static void target_that_has_it_gets_it(void **state)
{
	(void)state;
	begin_frozen(FATE_RUNNING);
	begin_target(REWIRE_SESSION_PREPARED, true);
	/* Not on its disk yet: it does not say READY. */
	play_keep_once(REWIRE_SIDE_SOURCE);
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_FROZEN);
	put_kept(&world.target);
	play_keep(REWIRE_SIDE_SOURCE);
	play_unserve();
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_DESTROYED);
	assert_int_equal(sm->side[REWIRE_SIDE_TARGET].lives, LIVES_RUNNING);
	check(0, 0, false);
}

static void target_that_gave_up_gives_it_back(void **state)
{
	(void)state;
	begin_frozen(FATE_RUNNING);
	begin_target(REWIRE_SESSION_ABORTED, false);
	play_keep(REWIRE_SIDE_SOURCE);
	play_keep(REWIRE_SIDE_TARGET);
	play_unserve();
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].lives, LIVES_RUNNING);
	check(0, 0, false);
}

/* ... and one that stood still before stands still again, and keeps its file. */
static void target_that_knows_nothing_is_no_hope(void **state)
{
	(void)state;
	begin_frozen(FATE_PAUSED);
	play_keep(REWIRE_SIDE_SOURCE);
	play_unserve();
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].lives, LIVES_IDLE);
	assert_int_equal(kept_at(&world.source, REWIRE_SIDE_SOURCE), KEPT_MINE);
	assert_true(both_settled());
}

static void unfresh_sm_is_waited_for(void **state)
{
	(void)state;
	begin_frozen(FATE_RUNNING);
	sm->unfresh = ENOLINK;
	sm->side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_ABORTED;
	play_keep(REWIRE_SIDE_SOURCE);
	assert_false(store_empty(&world.source.store));
	assert_int_equal(kept_at(&world.source, REWIRE_SIDE_SOURCE), KEPT_MINE);
	sm->unfresh = 0;
	play_keep(REWIRE_SIDE_SOURCE);
	play_unserve();
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].lives, LIVES_RUNNING);
	check(0, 0, false);
}

/* A target that has nothing left says so, and the source goes on. */
static void target_without_its_image_aborts(void **state)
{
	(void)state;
	begin_frozen(FATE_RUNNING);
	begin_target(REWIRE_SESSION_PREPARED, false);
	sm->side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_RELINQUISHED;
	/* Nobody knows yet: START is repeated. */
	play_keep_once(REWIRE_SIDE_SOURCE);
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_RELINQUISHED);
	play_keep(REWIRE_SIDE_TARGET);
	assert_int_equal(sm->side[REWIRE_SIDE_TARGET].state,
			 REWIRE_SESSION_ABORTED);
	play_keep(REWIRE_SIDE_SOURCE);
	play_unserve();
	assert_int_equal(sm->side[REWIRE_SIDE_SOURCE].lives, LIVES_RUNNING);
	check(0, 0, false);
}

/* The file is another migration's: not to be removed with this one's end. */
static void checkpoint_of_another_is_left_alone(void **state)
{
	__u8 id[REWIRE_ID_SIZE];
	char path[STORE_PATH];

	(void)state;
	begin_frozen(FATE_RUNNING);
	memcpy(id, sm->request_id, sizeof(id));
	memset(sm->request_id, 0xee, REWIRE_ID_SIZE);
	put_kept(&world.source);
	memcpy(sm->request_id, id, sizeof(id));
	sm->side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_ABORTED;
	sm->side[REWIRE_SIDE_SOURCE].lives = LIVES_RUNNING;
	play_keep(REWIRE_SIDE_SOURCE);
	play_unserve();
	assert_true(both_settled());
	store_checkpoint_path(&world.source.store, sm->workload, path);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_that_has_it_gets_it),
		cmocka_unit_test(target_that_gave_up_gives_it_back),
		cmocka_unit_test(target_that_knows_nothing_is_no_hope),
		cmocka_unit_test(unfresh_sm_is_waited_for),
		cmocka_unit_test(target_without_its_image_aborts),
		cmocka_unit_test(checkpoint_of_another_is_left_alone),
		cmocka_unit_test(both_hosts_go_down),
		cmocka_unit_test(one_host_or_none_goes_down),
	};

	signal(SIGPIPE, SIG_IGN);
	log_open(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : 0);
	return cmocka_run_group_tests_name("peer_crash", tests, play_set_up,
					   play_tear_down);
}
