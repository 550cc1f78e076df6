// SPDX-License-Identifier: MIT
/*
 * The end of a migration at its source: what must be said until it is heard.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "finish.h"
#include "log.h"
#include "session.h"

#define FIRST_PAUSE_MS	100
#define LAST_PAUSE_MS	5000

static int ensure_link(struct finish *f, struct rewire_error *err)
{
	if (f->link && f->link->broken) {
		link_close(f->link);
		f->link = NULL;
	}
	if (f->link) {
		f->link->watch = NULL;
		return 0;
	}
	return link_connect(&f->helper->tls, f->record->peer, f->helper->stop,
			    f->helper->options.io_timeout_ms, &f->link, err);
}

static int64_t answer_deadline(const struct finish *f)
{
	return clock_ms() + f->helper->options.io_timeout_ms;
}

/* START until the target's one decision is here. */
static int say_start(struct finish *f, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret, state;

	ret = session_exchange(f->session, f->link, answer_deadline(f), &frame,
			       err);
	if (!ret)
		ret = rewire_session_put_message(f->session, frame.payload,
						 frame.length, err);
	if (ret)
		return ret;
	state = session_state(f->session, err);
	if (state == REWIRE_SESSION_RELINQUISHED)
		return rewire_fail(err, EAGAIN,
				   "%s has not decided about START yet",
				   f->link->name);
	if (state == REWIRE_SESSION_DESTROYED)
		report_step(f->report, REWIRE_SIDE_TARGET,
			    REWIRE_SESSION_ACTIVE, 0);
	if (state >= 0)
		report_step(f->report, REWIRE_SIDE_SOURCE, (__u32)state, 0);
	return state < 0 ? state : 0;
}

/* Everything of the instance that was here, and where it is now. */
static void settle_moved(struct finish *f)
{
	__u8 receipt[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(receipt);
	char path[STORE_PATH];
	struct rewire_error err;

	if (rewire_session_get_message(f->session, receipt, &length, &err))
		log_error("the receipt: %s", err.text);
	else
		session_save_receipt(f->helper, f->record->request_id, receipt,
				     length);
	if (store_set_moved(&f->helper->store, f->record->workload,
			    f->record->peer, &err))
		log_error("calls will not find the workload: %s", err.text);
	/* An old checkpoint would be a second instance. */
	store_checkpoint_path(&f->helper->store, f->record->workload, path);
	unlink(path);
}

/* A last word: whatever the peer answers, it was heard. */
static int say_last(struct finish *f, int over, struct rewire_error *err)
{
	struct rewire_session_info info;
	struct peer_frame frame = { 0 };
	int ret;

	ret = ensure_link(f, err);
	if (!ret)
		ret = session_exchange(f->session, f->link, answer_deadline(f),
				       &frame, err);
	/* An ERROR leaves the link whole, and is an answer. */
	if (!ret || (f->link && !f->link->broken && frame.type == PEER_ERROR))
		goto over;
	/* The other side has given up by itself then, or needs no more. */
	if (!rewire_session_get_info(f->session, &info, NULL) &&
	    !info.remaining_ms)
		goto over;
	return ret;

over:
	store_end(&f->helper->store, f->record);
	return over;
}

int finish_once(struct finish *f, struct rewire_error *err)
{
	int ret, state = session_state(f->session, err);

	switch (state) {
	case REWIRE_SESSION_RELINQUISHED:
		ret = ensure_link(f, err);
		return ret ? ret : say_start(f, err);
	case REWIRE_SESSION_DESTROYED:
		settle_moved(f);
		return say_last(f, FINISH_WON, err);
	case REWIRE_SESSION_ABORTED:
		return say_last(f, FINISH_OVER, err);
	}
	if (state < 0)
		return state;
	/* Left behind by a helper that died: nobody works on it any more. */
	return rewire_session_give_up(f->session, err);
}

static int pause_until(struct finish *f, int64_t pause)
{
	struct pollfd pfd = { .fd = f->helper->stop, .events = POLLIN };

	return poll(&pfd, 1, (int)pause) > 0 ? -ESHUTDOWN : 0;
}

int finish_all(struct finish *f, int64_t deadline, struct rewire_error *err)
{
	int64_t pause = FIRST_PAUSE_MS;
	int ret;

	for (;;) {
		ret = finish_once(f, err);
		if (ret > 0 || ret == -ESHUTDOWN)
			return ret;
		if (!ret)
			continue;
		/* The receipt is here; delivering it is nobody's hurry. */
		if (clock_ms() + pause > deadline ||
		    session_state(f->session, NULL) != REWIRE_SESSION_RELINQUISHED)
			return ret;
		log_warning("asking again in %lld ms: %s", (long long)pause,
			    err->text);
		if (pause_until(f, pause))
			return rewire_fail(err, ESHUTDOWN,
					   "this helper is being stopped");
		pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS;
	}
}
