// SPDX-License-Identifier: MIT
/*
 * Who may join a migration with one more stream, and what becomes of who has. The
 * connections are real; the migration is played by this file.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "play.h"

#include "arrival.h"
#include "clock.h"
#include "log.h"

#define WAIT_MS	5000

static const __u8 known[REWIRE_ID_SIZE] = { 'k' };
static atomic_ullong bytes;
static struct arrival arrival;
static struct link *own;

static int nothing_came(void *data, struct link *link, struct rewire_error *err)
{
	(void)data;
	(void)link;
	(void)err;
	return 0;
}

static struct link *connect_as(struct helper *who)
{
	struct rewire_error err = { 0 };
	struct link *link;

	if (link_connect(&who->tls, world.peer, who->stop, WAIT_MS, &link, &err))
		fail_msg("%s", err.text);
	return link;
}

static void say(struct link *link, const __u8 *id, unsigned int index,
		unsigned int count)
{
	assert_int_equal(link_send(link, PEER_LANE,
				   peer_encode_lane(link_payload(link), id,
						    index, count), NULL), 0);
}

/* Return: 0 when it is let in, or the errno that it is refused with. */
static int answer_to(struct link *link, struct rewire_error *err)
{
	struct peer_frame frame;

	return -link_expect(link, PEER_LANE, clock_ms() + WAIT_MS, &frame, err);
}

static int join_as(struct helper *who, const __u8 *id, unsigned int index,
		   unsigned int count)
{
	struct link *link = connect_as(who);
	struct rewire_error err;
	int code;

	say(link, id, index, count);
	code = answer_to(link, &err);
	link_close(link);
	return code;
}

/* A migration that beta began, and that has no enclave yet. */
static int begin(void **state)
{
	struct rewire_signed request;

	(void)state;
	play_begin(&request, 1, -1);
	memcpy(sm->request_id, known, REWIRE_ID_SIZE);
	sm->side[REWIRE_SIDE_TARGET].exists = true;
	sm->side[REWIRE_SIDE_TARGET].state = REWIRE_SESSION_RECEIVING;
	own = connect_as(&world.target);
	arrival = (struct arrival){
		.session = dup(sm->side[REWIRE_SIDE_TARGET].fd),
		.deadline = clock_ms() + WAIT_MS,
		.came = nothing_came, .bytes = &bytes,
	};
	memcpy(arrival.request_id, known, REWIRE_ID_SIZE);
	assert_int_equal(arrival_begin(&arrival, own, NULL), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arrival_end(&arrival, NULL);
	close(arrival.session);
	link_close(own);
	return 0;
}

static void strangers_stay_out(void **state)
{
	const __u8 unknown[REWIRE_ID_SIZE] = { 'u' };

	(void)state;
	assert_int_equal(join_as(&world.target, unknown, 1, 2), ENOENT);
	assert_int_equal(join_as(&world.source, known, 1, 2), EPERM);
	assert_int_equal(join_as(&world.target, known, 0, 2), EPROTO);
	assert_int_equal(join_as(&world.target, known, 2, 2), EPROTO);
	assert_int_equal(join_as(&world.target, known, 1, REWIRE_MAX_LANES + 1),
			 EPROTO);
	assert_int_equal(arrival.running, 0);
}

static void each_lane_comes_once(void **state)
{
	struct link *first = connect_as(&world.target);

	(void)state;
	say(first, known, 1, 3);
	assert_int_equal(answer_to(first, NULL), 0);
	assert_int_equal(join_as(&world.target, known, 1, 3), EBUSY);
	assert_int_equal(join_as(&world.target, known, 2, 4), EBUSY);
	link_close(first);
}

/* Half of the connections are for who brings no lane. */
static void lanes_leave_room(void **state)
{
	unsigned int most = world.target.options.max_peers;
	struct link *first = connect_as(&world.target);

	(void)state;
	world.target.options.max_peers = 3;
	say(first, known, 1, 3);
	assert_int_equal(answer_to(first, NULL), 0);
	assert_int_equal(join_as(&world.target, known, 2, 3), EBUSY);
	link_close(first);
	world.target.options.max_peers = most;
}

/* It waits for the SM to know of it, and is told why it waits in vain. */
static void lane_ends_with_its_migration(void **state)
{
	struct rewire_error why = { .code = ENOSPC, .text = "no room on the disk" };
	struct link *link = connect_as(&world.target);
	struct rewire_error err;
	struct peer_frame frame;

	say(link, known, 1, 2);
	assert_int_equal(answer_to(link, NULL), 0);
	assert_int_equal(arrival_open(&arrival, &err), 0);
	assert_int_equal(arrival.fd[1], -1);
	arrival_end(&arrival, &why);
	assert_int_equal(link_expect(link, PEER_STREAM_END, clock_ms() + WAIT_MS,
				     &frame, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no room on the disk"));
	link_close(link);
	close(arrival.session);
	link_close(own);
	begin(state);
}

/* In the middle of its stream: the migration is over, and the reason is its own. */
static void lane_that_breaks_ends_it(void **state)
{
	struct link *link = connect_as(&world.target);
	struct pollfd turned = { .fd = arrival.turned, .events = POLLIN };
	struct rewire_error err = { 0 };
	eventfd_t many;

	(void)state;
	sm->lanes = 2;
	assert_int_equal(ftruncate(arrival.session, 1), 0);
	say(link, known, 1, 2);
	assert_int_equal(answer_to(link, NULL), 0);
	assert_int_equal(arrival_open(&arrival, NULL), 0);
	memset(link_payload(link), 0, 100);
	assert_int_equal(link_send(link, PEER_STREAM, 100, NULL), 0);
	link_close(link);
	/* It came, and it went. */
	while (!arrival_why(&arrival, 0, &err) && poll(&turned, 1, -1) > 0)
		eventfd_read(arrival.turned, &many);
	assert_non_null(strstr(err.text, "beta closed the connection"));
	assert_int_equal(arrival_why(&arrival, 0, NULL), -ENODATA);
	assert_int_equal(sm->side[REWIRE_SIDE_TARGET].state,
			 REWIRE_SESSION_ABORTED);
	assert_int_equal(bytes, 100);
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

#define CASE(name)	cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(strangers_stay_out),
		CASE(each_lane_comes_once),
		CASE(lanes_leave_room),
		CASE(lane_ends_with_its_migration),
		CASE(lane_that_breaks_ends_it),
	};

	signal(SIGPIPE, SIG_IGN);
	log_open(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : 0);
	return cmocka_run_group_tests_name("peer_lanes", tests, set_up,
					   tear_down);
}
