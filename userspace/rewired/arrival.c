// SPDX-License-Identifier: MIT
/*
 * The streams of a target beside the session's own: connections that join.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "arrival.h"
#include "clock.h"

/* What comes in now. The lock protects them all; they change by broadcast. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct arrival *first;
	unsigned int lanes;	/* of all */
} arrivals = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

/* ---- the connection that is a lane ---- */

static int refuse_locked(const struct arrival *a, const struct link *link,
			 unsigned int index, unsigned int count,
			 struct rewire_error *err)
{
	if (!a)
		return rewire_fail(err, ENOENT, "no such migration comes in");
	/* The SM would refuse what is not its own; nobody shall spoil it either. */
	if (X509_cmp(a->peer, SSL_get0_peer_certificate(link->ssl)))
		return rewire_fail(err, EPERM,
				   "the migration is another helper's");
	if (a->alone || a->taken[index] || (a->count && a->count != count))
		return rewire_fail(err, EBUSY,
				   "lane %u of %u was there before, or is not of this stream",
				   index, count);
	return 0;
}

static struct arrival *join(struct link *link, const struct peer_frame *frame,
			    unsigned int most, unsigned int *ret_index,
			    struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE];
	unsigned int count;
	struct arrival *a;

	if (peer_decode_lane(frame, id, ret_index, &count, err))
		return NULL;
	pthread_mutex_lock(&arrivals.lock);
	for (a = arrivals.first; a; a = a->next)
		if (!memcmp(a->request_id, id, REWIRE_ID_SIZE))
			break;
	if (refuse_locked(a, link, *ret_index, count, err)) {
		a = NULL;
	} else if (arrivals.lanes >= most) {
		rewire_fail(err, EBUSY,
			    "this helper has %u connections that are one of several streams already, and keeps the others free",
			    arrivals.lanes);
		a = NULL;
	} else {
		a->count = count;
		a->taken[*ret_index] = true;
		a->running++;
		arrivals.lanes++;
		eventfd_write(a->turned, 1);
	}
	pthread_mutex_unlock(&arrivals.lock);
	return a;
}

static int fail_ended(struct arrival *a, struct rewire_error *err)
{
	if (a->why.code)
		return rewire_fail(err, a->why.code, "%s", a->why.text);
	return rewire_fail(err, ECANCELED, "the migration has ended");
}

static int ended(struct watch *watch, struct rewire_error *err)
{
	return fail_ended(watch->data, err);
}

/* The SM's file for the lane, as soon as there is one. */
static int await_file(struct arrival *a, unsigned int index,
		      struct rewire_error *err)
{
	int fd;

	pthread_mutex_lock(&arrivals.lock);
	while (a->fd[index] < 0 && !a->alone && !a->over)
		pthread_cond_wait(&arrivals.changed, &arrivals.lock);
	if (a->over)
		fd = fail_ended(a, err);
	else if (a->alone)
		fd = rewire_fail(err, EBUSY, "not a lane of this stream");
	else
		fd = a->fd[index];
	pthread_mutex_unlock(&arrivals.lock);
	return fd;
}

static int take(struct arrival *a, struct link *link, int fd,
		const struct peer_frame *frame, struct rewire_error *err)
{
	size_t at = 0;
	ssize_t n;

	while (at < frame->length) {
		n = write(fd, frame->payload + at, frame->length - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail_ioctl(err, fd, errno,
						 "taking in the enclave's state");
		at += (size_t)n;
	}
	*a->bytes += frame->length;
	return a->came(a->data, link, err);
}

static int receive(struct arrival *a, struct link *link, int fd,
		   struct rewire_error *err)
{
	struct peer_frame frame;
	int ret = 0;

	while (!ret) {
		ret = link_receive(link, a->deadline, &frame, err);
		if (ret || frame.type == PEER_STREAM_END)
			return ret;
		if (frame.type == PEER_STREAM)
			ret = take(a, link, fd, &frame, err);
		else if (frame.type == PEER_ARRIVED)
			ret = link_send(link, PEER_ARRIVED, 0, err);
		else
			ret = rewire_fail(err, EPROTO,
					  "a %s in the middle of a stream",
					  peer_type_name(frame.type));
	}
	return ret;
}

/* One that fails ends the migration, and so all that waits for its session. */
static void leave(struct arrival *a, unsigned int index, int ret,
		  const struct rewire_error *err)
{
	bool fails;

	pthread_mutex_lock(&arrivals.lock);
	a->taken[index] = a->fd[index] >= 0;
	fails = ret && a->taken[index] && !a->ret && !a->over;
	if (fails) {
		a->ret = ret;
		a->err = *err;
	}
	pthread_mutex_unlock(&arrivals.lock);
	if (fails)
		rewire_session_give_up(a->session, NULL);
	pthread_mutex_lock(&arrivals.lock);
	arrivals.lanes--;
	a->running--;
	eventfd_write(a->turned, 1);
	pthread_cond_broadcast(&arrivals.changed);
	pthread_mutex_unlock(&arrivals.lock);
}

int arrival_answer(struct link *link, const struct peer_frame *frame,
		   unsigned int most, struct rewire_error *err)
{
	struct watch watch = { .events = { POLLIN }, .count = 1,
			       .woken = ended };
	unsigned int index;
	struct arrival *a = join(link, frame, most, &index, err);
	int fd, ret;

	if (!a)
		return -err->code;
	watch.fd[0] = a->ended;
	watch.data = a;
	link->watch = &watch;
	memcpy(link_payload(link), frame->payload, frame->length);
	ret = link_send(link, PEER_LANE, frame->length, err);
	if (!ret) {
		fd = await_file(a, index, err);
		ret = fd < 0 ? fd : receive(a, link, fd, err);
	}
	link->watch = NULL;
	leave(a, index, ret, err);
	return ret;
}

/* ---- the thread that runs the migration ---- */

int arrival_begin(struct arrival *a, struct link *link,
		  struct rewire_error *err)
{
	for (int i = 0; i < REWIRE_MAX_LANES; i++)
		a->fd[i] = -1;
	a->turned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->ended = eventfd(0, EFD_CLOEXEC);
	if (a->turned < 0 || a->ended < 0) {
		rewire_fail(err, errno, "eventfd: %s", strerror(errno));
		if (a->turned >= 0)
			close(a->turned);
		return -err->code;
	}
	a->peer = SSL_get1_peer_certificate(link->ssl);
	pthread_mutex_lock(&arrivals.lock);
	a->next = arrivals.first;
	arrivals.first = a;
	pthread_mutex_unlock(&arrivals.lock);
	return 0;
}

/* One that has come and has no file; 0: none. */
static unsigned int waiting(struct arrival *a, unsigned int *ret_count)
{
	unsigned int index = 0;

	pthread_mutex_lock(&arrivals.lock);
	for (unsigned int i = 1; i < REWIRE_MAX_LANES && !index; i++)
		if (a->taken[i] && a->fd[i] < 0 && !a->alone)
			index = i;
	*ret_count = a->count;
	pthread_mutex_unlock(&arrivals.lock);
	return index;
}

int arrival_open(struct arrival *a, struct rewire_error *err)
{
	unsigned int index, count;
	int fd;

	while ((index = waiting(a, &count))) {
		fd = rewire_session_lane(a->session, index, count, err);
		if (fd == -EAGAIN)
			return 0;
		if (fd < 0 && fd != -EINVAL)
			return fd;
		pthread_mutex_lock(&arrivals.lock);
		if (fd >= 0)
			a->fd[index] = fd;
		else
			a->alone = true;
		pthread_cond_broadcast(&arrivals.changed);
		pthread_mutex_unlock(&arrivals.lock);
	}
	return 0;
}

int arrival_await(struct arrival *a, struct link *link,
		  struct rewire_error *err)
{
	unsigned int running;
	eventfd_t many;
	int ret = 0;

	while (!ret) {
		/* Before it is looked at: what comes later is not missed. */
		eventfd_read(a->turned, &many);
		ret = arrival_open(a, err);
		if (ret)
			break;
		pthread_mutex_lock(&arrivals.lock);
		running = a->running;
		pthread_mutex_unlock(&arrivals.lock);
		ret = arrival_why(a, 0, err);
		if (ret || !running)
			break;
		ret = link_await(link, a->turned, false, err);
	}
	return ret;
}

int arrival_why(struct arrival *a, int ret, struct rewire_error *err)
{
	pthread_mutex_lock(&arrivals.lock);
	if (a->ret)
		ret = rewire_fail(err, a->err.code, "%s", a->err.text);
	pthread_mutex_unlock(&arrivals.lock);
	return ret;
}

void arrival_end(struct arrival *a, const struct rewire_error *why)
{
	struct arrival **at = &arrivals.first;

	pthread_mutex_lock(&arrivals.lock);
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->over = true;
	if (why)
		a->why = *why;
	eventfd_write(a->ended, 1);
	pthread_cond_broadcast(&arrivals.changed);
	while (a->running)
		pthread_cond_wait(&arrivals.changed, &arrivals.lock);
	pthread_mutex_unlock(&arrivals.lock);
	for (int i = 1; i < REWIRE_MAX_LANES; i++)
		if (a->fd[i] >= 0)
			close(a->fd[i]);
	close(a->turned);
	close(a->ended);
	X509_free(a->peer);
}
