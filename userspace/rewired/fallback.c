// SPDX-License-Identifier: MIT
/*
 * The source's own copy of the frozen state, made while the other one is sent.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "checkpoint.h"
#include "fallback.h"
#include "log.h"

static void *work(void *data)
{
	struct fallback *f = data;
	const uint64_t one = 1;

	f->ret = checkpoint_save(f->store, f->workload, f->stream, &f->cancel,
				 &f->err);
	if (write(f->done, &one, sizeof(one)) < 0)
		log_error("eventfd: %s", strerror(errno));
	return NULL;
}

int fallback_start(struct fallback *f, const struct store *store,
		   const __u8 workload[REWIRE_ID_SIZE], int session,
		   struct rewire_error *err)
{
	int ret;

	f->store = store;
	memcpy(f->workload, workload, REWIRE_ID_SIZE);
	f->stream = rewire_session_checkpoint(session, err);
	if (f->stream < 0)
		return f->stream;
	f->done = eventfd(0, EFD_CLOEXEC);
	if (f->done < 0) {
		ret = rewire_fail(err, errno, "eventfd: %s", strerror(errno));
		goto err_stream;
	}
	ret = pthread_create(&f->thread, NULL, work, f);
	if (ret) {
		ret = rewire_fail(err, ret, "no thread for the fallback: %s",
				  strerror(ret));
		goto err_done;
	}
	f->running = true;
	return 0;

err_done:
	close(f->done);
err_stream:
	close(f->stream);
	return ret;
}

static void join(struct fallback *f)
{
	pthread_join(f->thread, NULL);
	f->running = false;
	close(f->done);
	close(f->stream);
}

int fallback_wait(struct fallback *f, struct link *link,
		  struct rewire_error *err)
{
	int ret;

	if (!f->running)
		return 0;
	ret = link_await(link, f->done, err);
	if (ret)
		return ret;
	join(f);
	if (!f->ret)
		return 0;
	return rewire_fail(err, f->err.code,
			   "keeping the state until the target has it: %s; make room, or start the helper with --volatile",
			   f->err.text);
}

void fallback_end(struct fallback *f)
{
	if (!f->running)
		return;
	atomic_store(&f->cancel, true);
	join(f);
}
