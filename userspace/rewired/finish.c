// SPDX-License-Identifier: MIT
/*
 * The end of a migration at its source: what must be said until it is heard.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "clock.h"
#include "finish.h"
#include "log.h"
#include "session.h"
#include "witness.h"

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

	ret = session_may_speak(f->helper, f->session, err);
	if (!ret)
		ret = session_exchange(f->session, f->link, answer_deadline(f),
				       &frame, err);
	f->active = clock_ms();
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

static enum reply reply_of(const struct peer_frame *frame, __u32 kind, int ret)
{
	if (frame->type == PEER_ERROR)
		return ret == -ENOENT ? REPLY_UNKNOWN : REPLY_EARLY;
	switch (kind) {
	case REWIRE_MSG_READY:
		return REPLY_READY;
	case REWIRE_MSG_ABORTED:
		return REPLY_ABORTED;
	default:
		return REPLY_EARLY;
	}
}

/* The target's last word; the frame is in the link until the next one. */
static int query(struct finish *f, struct peer_frame *frame,
		 enum reply *ret_reply, struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE];
	__u32 side, kind = 0;
	int ret;

	ret = link_send(f->link, PEER_QUERY,
			peer_encode_query(link_payload(f->link),
					  f->record->request_id,
					  REWIRE_SIDE_TARGET), err);
	if (!ret)
		ret = link_expect(f->link, PEER_MESSAGE, answer_deadline(f),
				  frame, err);
	if (ret && frame->type != PEER_ERROR)
		return ret;
	if (!ret) {
		ret = peer_message_session(frame, id, &side, &kind, err);
		if (ret)
			return ret;
	}
	*ret_reply = reply_of(frame, kind, ret);
	return 0;
}

/* The image went down with this host: what did the target make of the stream? */
static int ask(struct finish *f, enum kept kept, struct rewire_error *err)
{
	struct peer_frame frame = { 0 };
	enum reply reply;
	int ret, state;

	ret = query(f, &frame, &reply, err);
	if (ret)
		return ret;
	switch (decide_reply(reply, kept)) {
	case ACTION_ABORT:
		log_notice("%s knows nothing of it: back to the checkpoint",
			   f->link->name);
		return rewire_session_give_up(f->session, err);
	case ACTION_START:
		break;
	default:
		if (frame.type == PEER_ERROR)
			return -err->code;
		return rewire_fail(err, EAGAIN,
				   "%s is not ready yet, and has not given up",
				   f->link->name);
	}
	ret = rewire_session_put_message(f->session, frame.payload,
					 frame.length, err);
	if (ret)
		return ret;
	state = session_state(f->session, err);
	if (state >= 0)
		report_step(f->report, REWIRE_SIDE_SOURCE, (__u32)state, 0);
	return state < 0 ? state : 0;
}

static void drop_moved(struct finish *f)
{
	char path[STORE_PATH];

	/* Unless it is of a later migration, it would be a second instance. */
	if (!store_is_alone(&f->helper->store, f->record)) {
		checkpoint_drop(&f->helper->store, f->record);
		return;
	}
	store_checkpoint_path(&f->helper->store, f->record->workload, path);
	if (unlink(path) && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}

/* Everything of the instance that was here, and where it is now. */
static int settle_moved(struct finish *f, struct rewire_error *err)
{
	__u8 receipt[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(receipt);
	int ret;

	if (f->record->fate == FATE_SETTLED)
		return 0;
	ret = rewire_session_get_message(f->session, receipt, &length, err);
	if (ret)
		return ret;
	session_save_receipt(f->helper, f->record->request_id, receipt,
			     length);
	if (store_is_alone(&f->helper->store, f->record) &&
	    store_set_moved(&f->helper->store, f->record->workload,
			    f->record->peer, err))
		log_error("calls will not find the workload: %s", err->text);
	drop_moved(f);
	return store_settle(&f->helper->store, f->record, err);
}

static void say_lost(struct finish *f, const char *why)
{
	char id[REWIRE_ID_TEXT];

	log_error("workload %s: its migration was aborted and its enclave is not here any more: %s",
		  rewire_id_format(f->record->workload, id), why);
}

/* The SM has the last word on whether this file may be an instance. */
static int restore(struct finish *f, struct rewire_error *err)
{
	char id[REWIRE_ID_TEXT], path[STORE_PATH];
	int ret = checkpoint_restore(&f->helper->store, f->record, err);

	switch (decide_restored(ret)) {
	case VERDICT_DONE:
		if (!ret)
			log_notice("workload %s is back from the checkpoint of its migration",
				   rewire_id_format(f->record->workload, id));
		return 0;
	case VERDICT_STALE:
		say_lost(f, err->text);
		checkpoint_drop(&f->helper->store, f->record);
		return 0;
	case VERDICT_BROKEN:
		say_lost(f, err->text);
		store_checkpoint_path(&f->helper->store, f->record->workload,
				      path);
		log_error("what could not be used is still in %s", path);
		return 0;
	default:
		return ret;
	}
}

/* It stands still and has no process: only a restore leaves one so. */
static int enter(struct finish *f, struct rewire_error *err)
{
	char path[STORE_PATH];
	int ret;

	if (f->record->fate == FATE_PAUSED) {
		store_checkpoint_path(&f->helper->store, f->record->workload,
				      path);
		log_notice("it stood still before, and still does; until it runs, %s is as good",
			   path);
		return 0;
	}
	ret = workload_enter(f->helper, f->record->workload, err);
	if (!ret)
		checkpoint_drop(&f->helper->store, f->record);
	return ret;
}

static int settle_aborted(struct finish *f, enum image image,
			  struct rewire_error *err)
{
	struct store *store = &f->helper->store;
	enum kept kept = checkpoint_find(store, f->record);
	int ret;

	switch (decide_source(REWIRE_SESSION_ABORTED, image, kept)) {
	case ACTION_RESTORE:
		ret = restore(f, err);
		if (!ret)
			ret = workload_look(f->record->workload, &image, err);
		if (ret || image != IMAGE_IDLE)
			return ret;
		return enter(f, err);
	case ACTION_ENTER:
		return enter(f, err);
	case ACTION_LOST:
		say_lost(f, "its host went down before the checkpoint was whole, or none was wanted");
		return 0;
	default:
		checkpoint_drop(store, f->record);
		return 0;
	}
}

int finish_settle(struct finish *f, struct rewire_error *err)
{
	enum image image;
	int ret;

	if (f->record->fate == FATE_SETTLED)
		return 0;
	ret = workload_look(f->record->workload, &image, err);
	if (!ret)
		ret = settle_aborted(f, image, err);
	/* the SM lets it go on as soon as that it was given up is known */
	if (!ret)
		ret = witness_after(f->helper, err);
	return ret ? ret : store_settle(&f->helper->store, f->record, err);
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
	enum kept kept = checkpoint_find(&f->helper->store, f->record);
	struct rewire_session_info info;
	int ret;

	ret = rewire_session_get_info(f->session, &info, err);
	if (ret)
		return ret;
	if (info.state == REWIRE_SESSION_ABORTED) {
		ret = finish_settle(f, err);
		return ret ? ret : say_last(f, FINISH_OVER, err);
	}
	switch (decide_source(info.state,
			      info.enclave ? IMAGE_IDLE : IMAGE_NONE, kept)) {
	case ACTION_ASK:
		ret = ensure_link(f, err);
		return ret ? ret : ask(f, kept, err);
	case ACTION_START:
		ret = ensure_link(f, err);
		return ret ? ret : say_start(f, err);
	case ACTION_RECEIPT:
		ret = settle_moved(f, err);
		return ret ? ret : say_last(f, FINISH_WON, err);
	default:
		/* Left behind by a helper that died: nobody works on it. */
		return rewire_session_give_up(f->session, err);
	}
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
