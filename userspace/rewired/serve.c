// SPDX-License-Identifier: MIT
/*
 * The side of a connection that is asked: one frame, one answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "arrival.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "route.h"
#include "serve.h"
#include "session.h"
#include "target.h"
#include "trial.h"

static int send_word(struct helper *helper, struct link *link, int session,
		     __u32 side, struct rewire_error *err)
{
	int ret = side == REWIRE_SIDE_TARGET ?
		  target_may_speak(helper, session, err) : 0;

	if (!ret)
		ret = session_may_speak(helper, session, err);
	return ret ? ret : session_send(session, link, err);
}

/*
 * The SM checks the message, and its answer is what the peer gets. A START and
 * whatever it brings about come before that answer: "active" is to mean running.
 */
static int answer_message(struct helper *helper, struct link *link,
			  const struct peer_frame *frame,
			  struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE];
	__u32 side, kind;
	struct rewire_error late;
	int session, ret;

	ret = peer_message_session(frame, id, &side, &kind, err);
	if (ret)
		return ret;
	session = session_open(id, side, err);
	if (session < 0)
		return session;
	ret = rewire_session_put_message(session, frame->payload, frame->length,
					 err);
	if (ret)
		goto out;
	log_info("%s from %s was taken", rewire_message_name(kind), link->name);
	/* The decision stands, and the peer must learn it, even if this fails. */
	if (side == REWIRE_SIDE_TARGET && target_settle(helper, session, &late))
		log_error("after %s: %s", rewire_message_name(kind), late.text);
	if (side == REWIRE_SIDE_TARGET && kind == REWIRE_MSG_RECEIPT)
		session_save_receipt(helper, id, frame->payload, frame->length);
	ret = send_word(helper, link, session, side, err);
out:
	close(session);
	return ret;
}

static int answer_query(struct helper *helper, struct link *link,
			const struct peer_frame *frame,
			struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE];
	__u32 side;
	int session, ret;

	ret = peer_decode_query(frame, id, &side, err);
	if (ret)
		return ret;
	session = session_open(id, side, err);
	if (session < 0)
		return session;
	ret = send_word(helper, link, session, side, err);
	close(session);
	return ret;
}

static int answer_call(struct helper *helper, struct link *link,
		       const struct peer_frame *frame, struct rewire_error *err)
{
	struct route route = { .helper = helper };
	__u8 *output;
	size_t length;
	__s32 status;
	int ret;

	ret = peer_decode_call(frame, &route.call, err);
	if (ret)
		return ret;
	/* Whoever waits asks again; nobody holds a thread for ever. */
	route.deadline = clock_ms() + helper->options.io_timeout_ms;
	if (route.call.timeout_ms)
		route.deadline = clock_earlier(route.deadline, clock_ms() +
					       route.call.timeout_ms);
	output = malloc(REWIRE_MAX_PAYLOAD);
	if (!output)
		return rewire_fail(err, ENOMEM, "no memory for the answer");
	ret = route_call(&route, output, &length, &status, err);
	if (!ret)
		ret = link_send(link, PEER_ANSWER,
				peer_encode_answer(link_payload(link), status,
						   output, length), err);
	rewire_wipe_free(output, REWIRE_MAX_PAYLOAD);
	return ret;
}

/* Returns false when the connection is of no use any more. */
static bool answer(struct helper *helper, struct link *link,
		   const struct peer_frame *frame)
{
	struct rewire_error err = { 0 };
	bool last = false;
	int ret;

	switch (frame->type) {
	case PEER_MIGRATE:
		ret = target_migrate(helper, link, frame, &err);
		last = ret;
		break;
	case PEER_LANE:
		/* The other half is for who comes with something new. */
		ret = arrival_answer(link, frame,
				     helper->options.max_peers / 2, &err);
		last = ret;
		break;
	case PEER_MESSAGE:
		ret = answer_message(helper, link, frame, &err);
		break;
	case PEER_QUERY:
		ret = answer_query(helper, link, frame, &err);
		break;
	case PEER_PROBE:
		ret = trial_answer(link, frame, &err);
		break;
	case PEER_CALL:
		ret = answer_call(helper, link, frame, &err);
		break;
	default:
		ret = rewire_fail(&err, EPROTO, "a %s answers no question",
				  peer_type_name(frame->type));
		last = true;
	}
	if (!ret)
		return !link->broken;
	log_warning("%s of %s: %s", peer_type_name(frame->type), link->name,
		    err.text);
	link_refuse(link, &err);
	/* A stream may still be on its way, and hide the reason. */
	if (last)
		link_drain(link);
	return !last && !link->broken;
}

void serve_connection(struct helper *helper, int fd, const char *from)
{
	struct rewire_error err;
	struct peer_frame frame;
	struct link *link;
	int ret;

	if (link_accept(&helper->tls, fd, helper->stop,
			helper->options.io_timeout_ms, &link, &err)) {
		log_warning("%s was not let in: %s", from, err.text);
		return;
	}
	log_info("%s connected from %s", link->name, from);
	do {
		ret = link_receive(link, clock_ms() +
				   helper->options.io_timeout_ms, &frame, &err);
	} while (!ret && answer(helper, link, &frame));
	if (ret == -EPROTO)
		link_refuse(link, &err);
	if (ret && ret != -ENODATA)
		log_info("connection of %s: %s", link->name, err.text);
	else
		log_debug("%s went", link->name);
	link_close(link);
}

void serve_refusal(struct helper *helper, int fd, const char *from)
{
	struct rewire_error err;
	struct link *link;

	if (link_accept(&helper->tls, fd, helper->stop,
			helper->options.io_timeout_ms, &link, &err)) {
		log_warning("%s was not let in: %s", from, err.text);
		return;
	}
	rewire_fail(&err, EBUSY,
		    "this helper has %u connections already: try again later, or start it with a higher --max-peers",
		    helper->options.max_peers);
	log_warning("%s was sent away: %s", link->name, err.text);
	link_refuse(link, &err);
	link_drain(link);
	link_close(link);
}
