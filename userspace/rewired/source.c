// SPDX-License-Identifier: MIT
/*
 * A migration at its source, up to the point of no return and through it.
 *
 *	OFFER   -> MIGRATE ... ACCEPT		OFFERED to AGREED
 *	LANE ...				one more stream each (lanes.c)
 *	read what was written -> STREAM ...	still AGREED: it runs (rounds.c)
 *	freeze, read the stream -> STREAM ...	FROZEN, and to the disk here
 *	STREAM_END ... READY			RELINQUISHED
 *	START ... ACTIVE, RECEIPT		finish.c
 *
 * Whatever fails before RELINQUISHED aborts, and the enclave goes on here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "checkpoint.h"
#include "clock.h"
#include "finish.h"
#include "lanes.h"
#include "log.h"
#include "rounds.h"
#include "sealer.h"
#include "session.h"
#include "source.h"

/* How long the client waits for a target out of reach before we go on alone. */
#define FOREGROUND_MS	60000
/* For a peer to hear that we gave up. */
#define ABORT_MS	3000

struct source {
	struct helper *helper;
	const struct rewire_signed *request;
	struct record record;
	struct report report;
	struct watch watch;
	struct sealer sealer;
	struct link *link;
	struct lanes lanes;
	int session;
	unsigned int pause_goal_ms;		/* 0: copy nothing before */
	unsigned int streams;
	bool ended;				/* STREAM_END was sent */
	atomic_ullong bytes;			/* of all streams */
	unsigned int messages_ms;
	int64_t frozen, relinquished, active;	/* clock_ms() */
};

static void step(struct source *s, __u32 side, __u32 state)
{
	report_step(&s->report, side, state, s->bytes);
}

/* The peer first: a request is used up as soon as the SM has seen it. */
static int offer(struct source *s, struct rewire_error *err)
{
	__u8 message[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(message);
	int sm, ret;

	ret = link_connect(&s->helper->tls, s->record.peer, s->helper->stop,
			   s->helper->options.io_timeout_ms, &s->link, err);
	if (ret)
		return ret;
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	s->session = rewire_session_out(sm, s->request, err);
	close(sm);
	if (s->session < 0)
		return s->session;
	step(s, REWIRE_SIDE_SOURCE, REWIRE_SESSION_OFFERED);

	session_watch(&s->watch, s->session, s->report.client);
	s->link->watch = &s->watch;
	ret = rewire_session_get_message(s->session, message, &length, err);
	if (ret)
		return ret;
	return link_send(s->link, PEER_MIGRATE,
			 peer_encode_migrate(link_payload(s->link), s->request,
					     message, length), err);
}

/*
 * Wait for the peer's next message and hand it to the SM. ABORTED is one that it
 * takes at any time.
 */
static int take_message(struct source *s, int64_t deadline,
			struct rewire_error *err)
{
	struct peer_frame frame;
	int ret;

	ret = link_expect(s->link, PEER_MESSAGE, deadline, &frame, err);
	if (!ret)
		ret = rewire_session_put_message(s->session, frame.payload,
						 frame.length, err);
	if (!ret)
		ret = session_state(s->session, err);
	if (ret == REWIRE_SESSION_ABORTED)
		return rewire_fail(err, ECANCELED,
				   "%s aborted; its log says why",
				   s->link->name);
	return ret < 0 ? ret : 0;
}

/*
 * OFFER and ACCEPT are signed, checked and carried as READY, START and ACTIVE will
 * be, which are twice as many signatures: what those take of the pause is known now.
 */
static int agree(struct source *s, struct rewire_error *err)
{
	int64_t start = clock_ms();
	int ret = take_message(s, session_deadline(s->session), err);

	if (ret)
		return ret;
	s->messages_ms = 2 * (unsigned int)(clock_ms() - start);
	step(s, REWIRE_SIDE_SOURCE, REWIRE_SESSION_AGREED);
	return 0;
}

/* Seal, beside what is sent, what this host needs should it go down now. */
static int keep(struct source *s, struct rewire_error *err)
{
	int ret = 0;

	if (s->helper->options.is_volatile)
		return 0;
	if (!s->sealer.running)
		ret = sealer_start(&s->sealer, &s->helper->store,
				   s->record.workload, s->session, err);
	return ret ? ret : sealer_keep_up(&s->sealer, SEALER_BEHIND, s->link,
					  true, err);
}

static int copy_in_rounds(struct source *s, struct rewire_error *err)
{
	struct rounds rounds = {
		.session = s->session,
		.link = s->link,
		.lanes = &s->lanes,
		.goal_ms = s->pause_goal_ms,
		.sealer = &s->sealer,
		.report = &s->report,
		.limit_ms = s->helper->options.pause_limit_ms,
		.messages_ms = s->messages_ms,
		.bytes = &s->bytes,
	};
	int ret = rounds_begin(&rounds, err);

	if (!ret)
		ret = keep(s, err);
	return ret ? ret : rounds_run(&rounds, err);
}

static int freeze(struct source *s, struct rewire_error *err)
{
	int ret = rewire_session_stop(s->session,
				      s->helper->options.freeze_timeout_ms,
				      err);

	if (ret)
		return ret;
	s->frozen = clock_ms();
	step(s, REWIRE_SIDE_SOURCE, REWIRE_SESSION_FROZEN);
	return 0;
}

/* What comes after the pages comes when the lanes have sent theirs. */
static ssize_t take_chunk(struct source *s, struct rewire_error *err)
{
	ssize_t n = link_take(s->link, s->session, err);
	int ret;

	if (n != -EAGAIN)
		return n;
	ret = lanes_await(&s->lanes, s->link, true, err);
	return ret ? ret : link_take(s->link, s->session, err);
}

/*
 * The last chunk, which has the end of the END record in it, waits for the disk: a
 * target that is PREPARED is one whose source has its own copy.
 */
static int stream(struct source *s, struct rewire_error *err)
{
	ssize_t n;
	int ret = 0;

	lanes_begin(&s->lanes, true);
	while ((n = take_chunk(s, err)) > 0) {
		if (!rewire_session_has_more(s->session))
			ret = sealer_finish(&s->sealer, s->link, true, err);
		if (!ret)
			ret = link_pass(s->link, n, err);
		if (ret)
			return ret;
		s->bytes += (__u64)n;
	}
	if (n < 0)
		return (int)n;
	s->ended = true;
	ret = link_send(s->link, PEER_STREAM_END, 0, err);
	return ret ? ret : lanes_await(&s->lanes, s->link, false, err);
}

/* READY makes the SM give up the enclave. */
static int relinquish(struct source *s, struct rewire_error *err)
{
	int ret = take_message(s, session_deadline(s->session), err);

	if (ret)
		return ret;
	s->relinquished = clock_ms();
	step(s, REWIRE_SIDE_TARGET, REWIRE_SESSION_PREPARED);
	step(s, REWIRE_SIDE_SOURCE, REWIRE_SESSION_RELINQUISHED);
	return 0;
}

static int up_to_relinquished(struct source *s, struct rewire_error *err)
{
	int ret = agree(s, err);

	if (!ret)
		ret = lanes_open(&s->lanes, s->helper, &s->record, s->session,
				 s->streams, &s->bytes, err);
	if (!ret && s->pause_goal_ms)
		ret = copy_in_rounds(s, err);
	if (!ret)
		ret = freeze(s, err);
	if (!ret)
		ret = keep(s, err);
	if (!ret)
		ret = stream(s, err);
	if (!ret)
		ret = relinquish(s, err);
	ret = lanes_why(&s->lanes, ret, err);
	lanes_close(&s->lanes);
	return ret;
}

/*
 * A target that may be PREPARED has to hear that we gave up; before, it sees the
 * end of the connection. What cannot be said now is left to the keeper.
 */
static void tell_aborted(struct source *s)
{
	struct peer_frame frame = { 0 };
	struct rewire_error err;

	s->link->watch = NULL;
	if (!s->ended)
		session_send(s->session, s->link, NULL);
	else if (session_exchange(s->session, s->link, clock_ms() + ABORT_MS,
				  &frame, &err) && frame.type != PEER_ERROR) {
		log_info("the peer will be told later: %s", err.text);
		return;
	}
	store_end(&s->helper->store, &s->record);
}

static struct finish finish_of(struct source *s)
{
	return (struct finish){
		.helper = s->helper, .record = &s->record,
		.session = s->session, .link = s->link, .report = &s->report,
	};
}

/*
 * After a failure: abort. The SM knows better than we do whether it is too late
 * for that. Returns false when it is.
 */
static bool give_up(struct source *s)
{
	struct finish finish = finish_of(s);
	struct rewire_error err;
	int state;

	rewire_session_give_up(s->session, NULL);
	sealer_end(&s->sealer);
	state = session_state(s->session, NULL);
	if (state == REWIRE_SESSION_RELINQUISHED ||
	    state == REWIRE_SESSION_DESTROYED)
		return false;
	step(s, REWIRE_SIDE_SOURCE, REWIRE_SESSION_ABORTED);
	if (finish_settle(&finish, &err))
		log_warning("the workload is not as it was yet: %s", err.text);
	else
		tell_aborted(s);
	return true;
}

static json_t *describe(const struct source *s)
{
	__u8 receipt[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(receipt);
	char path[STORE_PATH], request[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT];
	char *base64 = NULL;
	json_t *info;

	if (!rewire_session_get_message(s->session, receipt, &length, NULL))
		base64 = base64_encode(receipt, length);
	store_receipt_path(&s->helper->store, s->record.request_id, path);
	info = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s}",
			 "request", rewire_id_format(s->record.request_id,
						     request),
			 "workload", rewire_id_format(s->record.workload,
						      workload),
			 "peer", s->record.peer,
			 "bytes", (json_int_t)s->bytes,
			 "ms", (json_int_t)(clock_ms() - s->report.start),
			 "still_ms", (json_int_t)(s->active - s->frozen),
			 "receipt", base64 ? base64 : "",
			 "receipt_file", path);
	free(base64);
	return info;
}

/* No way back from here: the client may go, the migration may not. */
static int through(struct source *s, json_t **ret_info,
		   struct rewire_error *err)
{
	struct finish finish = finish_of(s);
	struct rewire_error why = { 0 };
	int state, ret;

	ret = finish_all(&finish, clock_ms() + FOREGROUND_MS, &why);
	s->link = finish.link;
	state = session_state(s->session, NULL);
	if (state == REWIRE_SESSION_DESTROYED) {
		s->active = finish.active;
		*ret_info = describe(s);
		return 0;
	}
	if (ret == FINISH_OVER || state == REWIRE_SESSION_ABORTED)
		return rewire_fail(err, ECANCELED,
				   "the target aborted after it was told to start; the enclave is here as before");
	return rewire_fail(err, EINPROGRESS,
			   "relinquished, and the target does not say that it started (%s); this helper goes on trying, see its log",
			   why.text);
}

static int run(struct source *s, json_t **ret_info, struct rewire_error *err)
{
	int ret = offer(s, err);

	if (s->session < 0) {
		store_end(&s->helper->store, &s->record);
		return ret;
	}
	if (!ret)
		ret = up_to_relinquished(s, err);
	if (ret && give_up(s))
		return ret;
	return through(s, ret_info, err);
}

/* Should the host go down: is the workload to run again, or to stand still? */
static enum fate fate_now(const __u8 workload[REWIRE_ID_SIZE])
{
	struct rewire_enclave_info info = { .state = REWIRE_ENCLAVE_RUNNING };
	int enclave = -1, sm = rewire_sm_open(NULL);

	if (sm >= 0) {
		enclave = rewire_enclave_open(sm, 0, workload, NULL);
		close(sm);
	}
	if (enclave >= 0) {
		rewire_enclave_get_info(enclave, &info, NULL);
		close(enclave);
	}
	return info.state == REWIRE_ENCLAVE_PAUSED ? FATE_PAUSED : FATE_RUNNING;
}

int source_migrate(struct helper *helper, const struct rewire_signed *request,
		   const char *peer, bool stop_and_copy, unsigned int streams,
		   int client, json_t **ret_info, struct rewire_error *err)
{
	const struct rewire_request *body = &request->body.request;
	struct source s = {
		.helper = helper, .request = request, .session = -1,
		.pause_goal_ms = stop_and_copy ?
			0 : helper->options.pause_goal_ms,
		.streams = streams ? streams : helper->options.streams,
		.record = { .side = REWIRE_SIDE_SOURCE },
		.report = { .client = client, .start = clock_ms() },
	};
	struct address address;
	int ret;

	ret = address_parse(peer, &address, err);
	if (ret)
		return ret;
	if (strlen(peer) >= sizeof(s.record.peer))
		return rewire_fail(err, EINVAL, "'%s' is too long", peer);
	strcpy(s.record.peer, peer);
	memcpy(s.record.request_id, body->id, REWIRE_ID_SIZE);
	memcpy(s.record.workload, body->workload, REWIRE_ID_SIZE);
	memcpy(s.report.request_id, body->id, REWIRE_ID_SIZE);
	s.record.fate = fate_now(body->workload);
	ret = store_begin(&helper->store, &s.record, err);
	if (ret)
		return ret;
	ret = run(&s, ret_info, err);
	/* What is not over is the keeper's from now on. */
	store_release(&helper->store, &s.record);
	link_close(s.link);
	if (s.session >= 0)
		close(s.session);
	return ret;
}
