// SPDX-License-Identifier: MIT
/*
 * A migration at its target.
 *
 *	MIGRATE ... ACCEPT			RECEIVING
 *	STREAM ... STREAM_END ... READY		PREPARED
 *	LANE, STREAM ... on other connections	one more stream each (arrival.c)
 *	START ... ACTIVE			ACTIVE (serve.c brings the message)
 *
 * Until READY is made the session lives as long as its connection; afterwards it
 * lives in the SM, and any connection may bring the START. It is noted down before
 * it begins, so that whatever cuts it off, the keeper finds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "arrival.h"
#include "checkpoint.h"
#include "clock.h"
#include "log.h"
#include "report.h"
#include "sealer.h"
#include "session.h"
#include "target.h"

struct target {
	struct helper *helper;
	struct link *link;
	struct record record;
	struct report report;
	struct watch watch;
	pthread_mutex_t seals;		/* the sealer, which all streams feed */
	struct sealer sealer;
	struct arrival arrival;
	bool arrives;
	int session;
	atomic_ullong bytes;
};

static void step(struct target *t, __u32 state)
{
	report_step(&t->report, REWIRE_SIDE_TARGET, state, t->bytes);
}

static int open_session(struct target *t, const struct peer_migrate *migrate,
			struct rewire_error *err)
{
	int sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	t->session = rewire_session_in(sm, &migrate->request, migrate->offer,
				       migrate->offer_length, err);
	close(sm);
	if (t->session < 0)
		return t->session;
	/* What has to wait for other lanes waits here, not in the SM. */
	if (fcntl(t->session, F_SETFL, O_NONBLOCK))
		return rewire_fail(err, errno, "fcntl: %s", strerror(errno));
	return 0;
}

static int seal(void *data, struct link *link, struct rewire_error *err);

static int let_lanes_come(struct target *t, struct rewire_error *err)
{
	int ret;

	t->arrival = (struct arrival){
		.session = t->session,
		.deadline = session_deadline(t->session),
		.came = seal, .data = t, .bytes = &t->bytes,
	};
	memcpy(t->arrival.request_id, t->record.request_id, REWIRE_ID_SIZE);
	ret = arrival_begin(&t->arrival, t->link, err);
	t->arrives = !ret;
	return ret;
}

static int accept_offer(struct target *t, const struct peer_migrate *migrate,
			struct rewire_error *err)
{
	const struct rewire_request *request = &migrate->request.body.request;
	int ret;

	memcpy(t->record.request_id, request->id, REWIRE_ID_SIZE);
	memcpy(t->record.workload, request->workload, REWIRE_ID_SIZE);
	memcpy(t->report.request_id, request->id, REWIRE_ID_SIZE);
	ret = store_begin(&t->helper->store, &t->record, err);
	if (ret)
		return ret;
	ret = open_session(t, migrate, err);
	if (ret) {
		store_end(&t->helper->store, &t->record);
		return ret;
	}
	step(t, REWIRE_SESSION_RECEIVING);
	session_watch(&t->watch, t->session, -1);
	t->link->watch = &t->watch;
	ret = let_lanes_come(t, err);
	if (ret)
		return ret;
	return session_send(t->session, t->link, err);
}

static int write_chunk(struct target *t, const struct peer_frame *frame,
		       struct rewire_error *err)
{
	bool waited = false;
	size_t at = 0;
	ssize_t n;
	int ret;

	while (at < frame->length) {
		n = write(t->session, frame->payload + at, frame->length - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !waited) {
			waited = true;
			ret = arrival_await(&t->arrival, t->link, err);
			if (ret)
				return ret;
			continue;
		}
		if (n < 0)
			return rewire_fail_ioctl(err, t->session, errno,
						 "taking in the enclave's state");
		at += (size_t)n;
	}
	t->bytes += frame->length;
	return arrival_open(&t->arrival, err);
}

/* In the middle of a stream there is one message to expect: ABORTED. */
static int take_abort(struct target *t, const struct peer_frame *frame,
		      struct rewire_error *err)
{
	int ret = rewire_session_put_message(t->session, frame->payload,
					     frame->length, err);

	return ret ? ret : rewire_fail(err, ECANCELED, "%s aborted",
				       t->link->name);
}

/* To the disk with what came in, while more comes. */
static int seal_locked(struct target *t, struct link *link,
		       struct rewire_error *err)
{
	int ret;

	if (!t->sealer.running) {
		ret = sealer_start(&t->sealer, &t->helper->store,
				   t->record.workload, t->session, err);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
	}
	return sealer_keep_up(&t->sealer, SEALER_BEHIND, link, false, err);
}

/* Whichever stream is ahead of the disk waits, and the others with it. */
static int seal(void *data, struct link *link, struct rewire_error *err)
{
	struct target *t = data;
	int ret;

	if (t->helper->options.is_volatile)
		return 0;
	pthread_mutex_lock(&t->seals);
	ret = seal_locked(t, link, err);
	pthread_mutex_unlock(&t->seals);
	return ret;
}

static int receive(struct target *t, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret;

	for (;;) {
		ret = link_receive(t->link, session_deadline(t->session),
				   &frame, err);
		if (ret)
			return ret;
		switch (frame.type) {
		case PEER_STREAM:
			ret = write_chunk(t, &frame, err);
			if (!ret)
				ret = seal(t, t->link, err);
			break;
		case PEER_STREAM_END:
			return 0;
		case PEER_ARRIVED:
			ret = link_send(t->link, PEER_ARRIVED, 0, err);
			break;
		case PEER_MESSAGE:
			return take_abort(t, &frame, err);
		default:
			ret = rewire_fail(err, EPROTO,
					  "a %s in the middle of a stream",
					  peer_type_name(frame.type));
		}
		if (ret)
			return ret;
	}
}

/* The whole image is here: keep it, and only then say so. */
static int prepare(struct target *t, struct rewire_error *err)
{
	int ret = arrival_await(&t->arrival, t->link, err), state;

	if (ret)
		return ret;
	state = session_state(t->session, err);
	if (state < 0)
		return state;
	if (state != REWIRE_SESSION_PREPARED)
		return rewire_fail(err, EBADMSG,
				   "the stream of %llu bytes ended before its END record",
				   (unsigned long long)t->bytes);
	ret = sealer_finish(&t->sealer, t->link, false, err);
	if (ret)
		return ret;
	step(t, REWIRE_SESSION_PREPARED);
	t->link->watch = NULL;
	if (session_send(t->session, t->link, err))
		log_warning("READY could not be sent, the source may ask for it: %s",
			    err->text);
	return 0;
}

/* What the SM does not let go of is the keeper's. */
static void give_up(struct target *t)
{
	struct rewire_error err;

	rewire_session_give_up(t->session, NULL);
	sealer_end(&t->sealer);
	store_release(&t->helper->store, &t->record);
	if (target_settle(t->helper, t->session, &err))
		log_warning("after a migration that failed: %s", err.text);
}

int target_migrate(struct helper *helper, struct link *link,
		   const struct peer_frame *frame, struct rewire_error *err)
{
	struct target t = {
		.helper = helper, .link = link, .session = -1,
		.record = { .side = REWIRE_SIDE_TARGET },
		.report = { .client = -1, .start = clock_ms() },
		.seals = PTHREAD_MUTEX_INITIALIZER,
	};
	struct peer_migrate migrate;
	int ret;

	ret = peer_decode_migrate(frame, &migrate, err);
	if (!ret)
		ret = accept_offer(&t, &migrate, err);
	if (!ret)
		ret = receive(&t, err);
	if (!ret)
		ret = prepare(&t, err);
	link->watch = NULL;
	if (t.arrives) {
		ret = arrival_why(&t.arrival, ret, err);
		arrival_end(&t.arrival, ret ? err : NULL);
	}
	if (t.session < 0)
		return ret;
	if (ret)
		give_up(&t);
	else
		store_release(&helper->store, &t.record);
	close(t.session);
	return ret;
}

/* What a target that came up again is worked on with. */
struct settle {
	struct helper *helper;
	struct record record;
	struct rewire_session_info info;
	int session;
};

static void log_end(const struct settle *s, const char *text)
{
	char id[REWIRE_ID_TEXT];

	log_notice("migration %s: %s", rewire_id_format(s->record.request_id,
							id), text);
}

static int end(struct settle *s)
{
	checkpoint_drop(&s->helper->store, &s->record);
	store_end(&s->helper->store, &s->record);
	return 0;
}

/* ABORTED is the SM's word then, and gives the source its enclave back. */
static int abort_target(struct settle *s, struct rewire_error *err)
{
	int ret = rewire_session_give_up(s->session, err);

	if (ret)
		return ret;
	log_end(s, "aborted, as the image is lost here");
	return end(s);
}

static int reload(struct settle *s, struct rewire_error *err)
{
	int ret = checkpoint_reload(&s->helper->store, &s->record, s->session,
				    err);

	if (!ret) {
		log_end(s, "the image is back from its checkpoint");
		return 0;
	}
	if (decide_restored(ret) == VERDICT_LATER)
		return ret;
	log_error("the checkpoint of what came in is of no use: %s",
		  err->text);
	return abort_target(s, err);
}

static int lost(struct settle *s, const char *why)
{
	char id[REWIRE_ID_TEXT];

	log_error("workload %s came to this host and is not here any more: %s",
		  rewire_id_format(s->record.workload, id), why);
	return end(s);
}

static int enter(struct settle *s, struct rewire_error *err)
{
	int ret = workload_enter(s->helper, s->record.workload, err);

	/* Destroyed or moved on meanwhile: then it has been started before. */
	if (ret && ret != -ENOENT && ret != -EREMCHG)
		return ret;
	/* Before the record goes: an update on arrival must not be forgotten. */
	if (!ret && s->helper->options.update_inbox) {
		store_set_arrived(&s->helper->store, s->record.workload, true);
		atomic_store(&s->helper->poked, true);
	}
	log_end(s, "target ACTIVE");
	return end(s);
}

/* The host went down between the decision and the first run. */
static int restore(struct settle *s, struct rewire_error *err)
{
	int ret = checkpoint_restore(&s->helper->store, &s->record, err);

	switch (decide_restored(ret)) {
	case VERDICT_DONE:
		return ret ? end(s) : enter(s, err);
	case VERDICT_LATER:
		return ret;
	default:
		return lost(s, err->text);
	}
}

static int drop(struct settle *s)
{
	log_end(s, s->info.state == REWIRE_SESSION_ACTIVE ?
		   "target ACTIVE" : "aborted; its checkpoint is removed");
	return end(s);
}

static int look(struct settle *s, enum image *ret_image,
		struct rewire_error *err)
{
	if (s->info.state == REWIRE_SESSION_ACTIVE)
		return workload_look(s->record.workload, ret_image, err);
	*ret_image = s->info.enclave ? IMAGE_IDLE : IMAGE_NONE;
	return 0;
}

static int keep(struct settle *s, struct rewire_error *err)
{
	bool rounds;
	int ret, stream = rewire_session_checkpoint(s->session, &rounds, err);

	if (stream < 0)
		return stream;
	ret = checkpoint_save(&s->helper->store, s->record.workload, stream,
			      err);
	close(stream);
	return ret;
}

static int settle(struct settle *s, struct rewire_error *err)
{
	struct store *store = &s->helper->store;
	enum image image;
	int ret = look(s, &image, err);

	if (ret)
		return ret;
	/* If it ever went from here to elsewhere, it is back. */
	if (s->info.state == REWIRE_SESSION_ACTIVE &&
	    store_set_moved(store, s->record.workload, NULL, err))
		log_warning("%s", err->text);
	switch (decide_target(s->info.state, image,
			      checkpoint_find(store, &s->record),
			      s->helper->options.is_volatile)) {
	case ACTION_KEEP:
		return keep(s, err);
	case ACTION_RELOAD:
		return reload(s, err);
	case ACTION_ABORT:
		return abort_target(s, err);
	case ACTION_ENTER:
		return enter(s, err);
	case ACTION_RESTORE:
		return restore(s, err);
	case ACTION_LOST:
		return lost(s, "it ran and ended, or its host went down before it ran and no checkpoint was kept");
	case ACTION_DROP:
		return drop(s);
	default:
		return 0;
	}
}

int target_settle(struct helper *helper, int session, struct rewire_error *err)
{
	struct settle s = { .helper = helper, .session = session };
	int ret = rewire_session_get_info(session, &s.info, err);

	/* Without a record it was done before; else somebody is at it. */
	if (ret || !store_claim(&helper->store, s.info.request_id,
				REWIRE_SIDE_TARGET, &s.record))
		return ret;
	ret = settle(&s, err);
	store_release(&helper->store, &s.record);
	return ret;
}

int target_may_speak(struct helper *helper, int session,
		     struct rewire_error *err)
{
	struct rewire_session_info info;
	struct record record = { .side = REWIRE_SIDE_TARGET };
	int ret = rewire_session_get_info(session, &info, err);

	if (ret || info.state != REWIRE_SESSION_PREPARED)
		return ret;
	memcpy(record.request_id, info.request_id, REWIRE_ID_SIZE);
	memcpy(record.workload, info.workload, REWIRE_ID_SIZE);
	if (decide_ready(info.enclave ? IMAGE_IDLE : IMAGE_NONE,
			 checkpoint_find(&helper->store, &record),
			 helper->options.is_volatile))
		return 0;
	return rewire_fail(err, EAGAIN,
			   "the state is not on this host's disk yet; ask again");
}
