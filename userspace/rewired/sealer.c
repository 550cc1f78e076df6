// SPDX-License-Identifier: MIT
/*
 * A migration's own copy of the state, sealed while the state is copied.
 *
 * One thread asks for rounds, the other writes them: one at a time, each on the
 * disk before the next, so that the last one has little to wait for.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "checkpoint.h"
#include "log.h"
#include "sealer.h"

/* ---- the thread that writes ---- */

static int write_round(struct sealer *s, bool *ret_last)
{
	__u64 pages;
	int ret;

	*ret_last = !s->rounds;
	if (s->rounds) {
		ret = rewire_stream_round(s->stream, false, &pages, ret_last,
					  &s->err);
		if (ret)
			return ret;
	}
	ret = checkpoint_copy(s->stream, s->out.fd, &s->cancel, &s->err);
	if (ret || *ret_last)
		return ret;
	if (fdatasync(s->out.fd))
		return rewire_fail(&s->err, errno, "%s: %s", s->out.temp,
				   strerror(errno));
	return 0;
}

static void *work(void *data)
{
	struct sealer *s = data;
	bool last = false;
	eventfd_t many;

	while (!s->ret && !last) {
		if (eventfd_read(s->asked, &many)) {
			s->ret = rewire_fail(&s->err, errno, "eventfd: %s",
					     strerror(errno));
			break;
		}
		s->ret = write_round(s, &last);
		if (!s->ret && !last)
			eventfd_write(s->turned, 1);
	}
	if (s->ret)
		rewire_output_discard(&s->out);
	else
		s->ret = rewire_output_commit(&s->out, &s->err);
	atomic_store(&s->over, true);
	eventfd_write(s->turned, 1);
	return NULL;
}

/* ---- the thread that asks ---- */

static int prepare(struct sealer *s, struct rewire_error *err)
{
	char path[STORE_PATH];
	int ret;

	store_checkpoint_path(s->store, s->workload, path);
	ret = rewire_output_open(&s->out, path, 0600, err);
	if (ret)
		return ret;
	s->asked = eventfd(0, EFD_CLOEXEC);
	s->turned = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->asked < 0 || s->turned < 0)
		return rewire_fail(err, errno, "eventfd: %s", strerror(errno));
	ret = pthread_create(&s->thread, NULL, work, s);
	return ret ? rewire_fail(err, ret, "no thread for a checkpoint: %s",
				 strerror(ret)) : 0;
}

static void close_all(struct sealer *s)
{
	close(s->asked);
	close(s->turned);
	close(s->stream);
}

int sealer_start(struct sealer *s, const struct store *store,
		 const __u8 workload[REWIRE_ID_SIZE], int session,
		 struct rewire_error *err)
{
	int ret;

	*s = (struct sealer){ .store = store, .asked = -1, .turned = -1 };
	memcpy(s->workload, workload, REWIRE_ID_SIZE);
	s->stream = rewire_session_checkpoint(session, &s->rounds, err);
	if (s->stream < 0)
		return s->stream;
	ret = prepare(s, err);
	if (ret) {
		rewire_output_discard(&s->out);
		close_all(s);
		return ret;
	}
	s->running = true;
	return 0;
}

static void ask(struct sealer *s)
{
	s->busy = true;
	eventfd_write(s->asked, 1);
}

/* Was what was asked for written? */
static bool turned(struct sealer *s)
{
	eventfd_t many;

	if (s->busy && !eventfd_read(s->turned, &many))
		s->busy = false;
	return !s->busy;
}

static int await(struct sealer *s, struct link *link, bool quiet,
		 struct rewire_error *err)
{
	int ret = 0;

	while (!ret && !turned(s))
		ret = link_await(link, s->turned, quiet, err);
	return ret;
}

static int result(const struct sealer *s, struct rewire_error *err)
{
	if (!s->ret)
		return 0;
	return rewire_fail(err, s->err.code,
			   "keeping the state on this host's disk: %s; make room, or start the helper with --volatile",
			   s->err.text);
}

int sealer_keep_up(struct sealer *s, __u64 most, struct link *link, bool quiet,
		   struct rewire_error *err)
{
	__u64 pages;
	bool last;
	int ret;

	if (!s->running)
		return 0;
	if (!turned(s)) {
		if (!s->rounds)
			return 0;
		ret = rewire_stream_round(s->stream, true, &pages, &last, err);
		if (ret)
			return ret;
		if (pages < most)
			return 0;
		ret = await(s, link, quiet, err);
		if (ret)
			return ret;
	}
	if (atomic_load(&s->over))
		return result(s, err);
	ask(s);
	if (most)
		return 0;
	ret = await(s, link, quiet, err);
	return ret ? ret : result(s, err);
}

static void join(struct sealer *s)
{
	pthread_join(s->thread, NULL);
	s->running = false;
	close_all(s);
}

int sealer_finish(struct sealer *s, struct link *link, bool quiet,
		  struct rewire_error *err)
{
	int ret = 0;

	if (!s->running)
		return 0;
	while (!ret) {
		ret = await(s, link, quiet, err);
		if (!ret && atomic_load(&s->over))
			break;
		if (!ret)
			ask(s);
	}
	if (ret)
		return ret;
	join(s);
	return result(s, err);
}

void sealer_end(struct sealer *s)
{
	if (!s->running)
		return;
	atomic_store(&s->cancel, true);
	eventfd_write(s->asked, 1);
	join(s);
}
