// SPDX-License-Identifier: MIT
/*
 * The streams of a source beside the session's own, one thread for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "clock.h"
#include "lanes.h"
#include "log.h"

/* ---- the threads ---- */

/* Returns false when there is none any more. */
static bool next_turn(struct lanes *all, unsigned int *turn, bool *ret_last)
{
	bool over;

	pthread_mutex_lock(&all->lock);
	while (all->turn == *turn && !all->over)
		pthread_cond_wait(&all->begun, &all->lock);
	*turn = all->turn;
	*ret_last = all->last;
	over = all->over;
	pthread_mutex_unlock(&all->lock);
	return !over;
}

/* One that fails ends the migration, and so all that waits for its session. */
static void turned(struct lanes *all, int ret, const struct rewire_error *err)
{
	bool fails;

	pthread_mutex_lock(&all->lock);
	fails = ret && !all->ret && !all->over;
	if (fails) {
		all->ret = ret;
		all->err = *err;
	}
	all->busy--;
	pthread_mutex_unlock(&all->lock);
	if (fails)
		rewire_session_give_up(all->session, NULL);
	eventfd_write(all->turned, 1);
}

/* A round is over when it has arrived; the last pass is told by its end. */
static int copy(struct lane *lane, bool last, struct rewire_error *err)
{
	ssize_t n;
	int ret;

	while ((n = link_take(lane->link, lane->fd, err)) > 0) {
		ret = link_pass(lane->link, n, err);
		if (ret)
			return ret;
		*lane->all->bytes += (__u64)n;
	}
	if (n)
		return (int)n;
	return last ? link_send(lane->link, PEER_STREAM_END, 0, err) :
		      link_arrive(lane->link, err);
}

static void *work(void *data)
{
	struct lane *lane = data;
	struct rewire_error err;
	unsigned int turn = 0;
	bool last = false;
	int ret = 0;

	while (!ret && !last && next_turn(lane->all, &turn, &last)) {
		ret = copy(lane, last, &err);
		turned(lane->all, ret, &err);
	}
	return NULL;
}

/* ---- the thread that runs the migration ---- */

static int ended(struct watch *watch, struct rewire_error *err)
{
	(void)watch;
	return rewire_fail(err, ECANCELED, "the migration has ended");
}

static int greet(struct lane *lane, const struct record *record,
		 unsigned int index, unsigned int streams,
		 struct rewire_error *err)
{
	struct link *link = lane->link;
	struct peer_frame frame;
	int ret;

	ret = link_send(link, PEER_LANE,
			peer_encode_lane(link_payload(link),
					 record->request_id, index, streams),
			err);
	if (!ret)
		ret = link_expect(link, PEER_LANE, clock_ms() +
				  link->timeout_ms, &frame, err);
	return ret;
}

static int connect_all(struct lanes *lanes, struct helper *helper,
		       const struct record *record, unsigned int streams,
		       struct rewire_error *err)
{
	int ret = 0;

	for (unsigned int i = 1; i < streams && !ret; i++) {
		struct lane *lane = &lanes->lane[i];

		ret = link_connect(&helper->tls, record->peer, helper->stop,
				   helper->options.io_timeout_ms, &lane->link,
				   err);
		if (!ret)
			ret = greet(lane, record, i, streams, err);
		if (ret)
			break;
		lane->watch = (struct watch){
			.fd = { lanes->ended }, .events = { POLLIN },
			.count = 1, .woken = ended,
		};
		lane->link->watch = &lane->watch;
	}
	return ret;
}

static void disconnect_all(struct lanes *lanes)
{
	for (unsigned int i = 1; i < REWIRE_MAX_LANES; i++) {
		link_close(lanes->lane[i].link);
		lanes->lane[i].link = NULL;
	}
}

static int start_all(struct lanes *lanes, unsigned int streams,
		     struct rewire_error *err)
{
	int ret;

	for (unsigned int i = 1; i < streams; i++) {
		struct lane *lane = &lanes->lane[i];

		lane->all = lanes;
		lane->fd = rewire_session_lane(lanes->session, i, streams, err);
		if (lane->fd < 0)
			return lane->fd;
		ret = pthread_create(&lane->thread, NULL, work, lane);
		if (ret)
			return rewire_fail(err, ret, "no thread for a stream: %s",
					   strerror(ret));
		lanes->running++;
	}
	lanes->count = streams;
	return 0;
}

int lanes_open(struct lanes *lanes, struct helper *helper,
	       const struct record *record, int session, unsigned int streams,
	       atomic_ullong *bytes, struct rewire_error *err)
{
	struct rewire_error why;

	*lanes = (struct lanes){
		.count = 1, .session = session, .bytes = bytes,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.begun = PTHREAD_COND_INITIALIZER,
		.turned = -1, .ended = -1,
	};
	for (int i = 0; i < REWIRE_MAX_LANES; i++)
		lanes->lane[i].fd = -1;
	if (streams < 2)
		return 0;
	lanes->turned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lanes->ended = eventfd(0, EFD_CLOEXEC);
	if (lanes->turned < 0 || lanes->ended < 0)
		return rewire_fail(err, errno, "eventfd: %s", strerror(errno));
	if (connect_all(lanes, helper, record, streams, &why)) {
		log_notice("one stream, not %u: %s", streams, why.text);
		disconnect_all(lanes);
		return 0;
	}
	/* What it has to say last waits for the lanes: here, not in the SM. */
	if (fcntl(session, F_SETFL, O_NONBLOCK))
		return rewire_fail(err, errno, "fcntl: %s", strerror(errno));
	return start_all(lanes, streams, err);
}

void lanes_begin(struct lanes *lanes, bool last)
{
	if (lanes->count < 2)
		return;
	pthread_mutex_lock(&lanes->lock);
	lanes->turn++;
	lanes->last = last;
	lanes->busy = lanes->count - 1;
	pthread_cond_broadcast(&lanes->begun);
	pthread_mutex_unlock(&lanes->lock);
}

int lanes_await(struct lanes *lanes, struct link *link, bool quiet,
		struct rewire_error *err)
{
	unsigned int busy;
	eventfd_t many;
	int ret = 0;

	while (lanes->count > 1 && !ret) {
		/* Before it is looked at: what comes later is not missed. */
		eventfd_read(lanes->turned, &many);
		pthread_mutex_lock(&lanes->lock);
		busy = lanes->busy;
		pthread_mutex_unlock(&lanes->lock);
		ret = lanes_why(lanes, 0, err);
		if (ret || !busy)
			break;
		ret = link_await(link, lanes->turned, quiet, err);
	}
	return ret;
}

int lanes_why(struct lanes *lanes, int ret, struct rewire_error *err)
{
	if (lanes->count < 2)
		return ret;
	pthread_mutex_lock(&lanes->lock);
	if (lanes->ret)
		ret = rewire_fail(err, lanes->err.code, "%s", lanes->err.text);
	pthread_mutex_unlock(&lanes->lock);
	return ret;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void lanes_close(struct lanes *lanes)
{
	if (!lanes->count)
		return;
	pthread_mutex_lock(&lanes->lock);
	lanes->over = true;
	pthread_cond_broadcast(&lanes->begun);
	pthread_mutex_unlock(&lanes->lock);
	if (lanes->ended >= 0)
		eventfd_write(lanes->ended, 1);
	for (unsigned int i = 1; i <= lanes->running; i++)
		pthread_join(lanes->lane[i].thread, NULL);
	disconnect_all(lanes);
	for (int i = 1; i < REWIRE_MAX_LANES; i++)
		close_fd(lanes->lane[i].fd);
	close_fd(lanes->turned);
	close_fd(lanes->ended);
	lanes->count = 0;
	lanes->running = 0;
}
