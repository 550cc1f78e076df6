// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "carry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "events.h"

#define ROOM	(96 << 20)
/* Neither a page nor a record is a multiple of it. */
#define PIECE	65521

void carry_sign(struct carry *carry, const char *role)
{
	struct rewire_request request = carry->request.body.request;
	struct rewire_signer *signer;
	char key[64], certificate[64];

	snprintf(key, sizeof(key), E2E_PKI "/%s.key", role);
	snprintf(certificate, sizeof(certificate), E2E_PKI "/%s.crt", role);
	if (rewire_signer_open(key, certificate, NULL, NULL, &signer,
			       &carry->error) ||
	    rewire_sign_request(signer, &request, &carry->request,
				&carry->error))
		tap_bail("%s", carry->error.text);
	rewire_signer_free(signer);
}

void carry_init(struct carry *carry, struct work *work,
		const struct host *from, const struct host *to,
		__u32 lifetime_ms)
{
	struct rewire_request *request = &carry->request.body.request;

	memset(carry, 0, sizeof(*carry));
	carry->from = from;
	carry->to = to;
	carry->out = carry->in = -1;
	for (int i = 0; i < REWIRE_MAX_LANES; i++)
		carry->lane[i].out = carry->lane[i].in = -1;
	if (rewire_id_random(request->id, &carry->error))
		tap_bail("%s", carry->error.text);
	memcpy(request->workload, work->id, sizeof(request->workload));
	memcpy(request->source, from->id, sizeof(request->source));
	memcpy(request->target, to->id, sizeof(request->target));
	request->epoch = work_info(work, from).epoch;
	request->lifetime_ms = lifetime_ms;
	carry_sign(carry, "sds");
}

int carry_get(struct carry *carry, int session, __u32 kind)
{
	struct message *message = &carry->said[kind];

	message->length = sizeof(message->bytes);
	return rewire_session_get_message(session, message->bytes,
					  &message->length, &carry->error);
}

int carry_put(struct carry *carry, int session, const struct message *message)
{
	return rewire_session_put_message(session, message->bytes,
					  message->length, &carry->error);
}

static int relay(struct carry *carry, int from, int to, __u32 kind)
{
	int rc = carry_get(carry, from, kind);

	return rc ? rc : carry_put(carry, to, &carry->said[kind]);
}

static int offer(struct carry *carry)
{
	int sm = host_open_sm(carry->from);

	carry->out = rewire_session_out(sm, &carry->request, &carry->error);
	close(sm);
	if (carry->out < 0)
		return carry->out;
	return carry_get(carry, carry->out, REWIRE_MSG_OFFER);
}

static int accept(struct carry *carry)
{
	const struct message *said = &carry->said[REWIRE_MSG_OFFER];
	int sm = host_open_sm(carry->to);

	carry->in = rewire_session_in(sm, &carry->request, said->bytes,
				      said->length, &carry->error);
	close(sm);
	if (carry->in < 0)
		return carry->in;
	return carry_get(carry, carry->in, REWIRE_MSG_ACCEPT);
}

static int agree(struct carry *carry)
{
	int rc = carry_put(carry, carry->out, &carry->said[REWIRE_MSG_ACCEPT]);

	for (unsigned int i = 1; i < carry->lanes && !rc; i++) {
		struct lane *lane = &carry->lane[i];

		/* it may have been agreed before */
		if (lane->out < 0)
			lane->out = rewire_session_lane(carry->out, i,
							carry->lanes,
							&carry->error);
		rc = lane->out < 0 ? lane->out : 0;
	}
	return rc;
}

static int take_all(struct carry *carry, int from, __u8 **stream,
		    size_t *length)
{
	ssize_t n;

	/* it may have begun with rounds */
	if (!*stream)
		*stream = malloc(ROOM);
	if (!*stream)
		tap_bail("no memory for a stream");
	while ((n = read(from, *stream + *length, ROOM - *length)) > 0)
		*length += n;
	if (n < 0)
		return rewire_fail_ioctl(&carry->error, from, errno,
					 "reading the stream");
	return expect(*length < ROOM, "the stream is too long") ? 0 : -E2BIG;
}

/* The first last: what it has behind the pages waits for the others. */
static int take_stream(struct carry *carry)
{
	int rc = 0;

	for (unsigned int i = 1; i < carry->lanes && !rc; i++)
		rc = take_all(carry, carry->lane[i].out, &carry->lane[i].stream,
			      &carry->lane[i].length);
	return rc ? rc : take_all(carry, carry->out, &carry->stream,
				  &carry->length);
}

int carry_round(struct carry *carry, __u64 *ret_pages)
{
	int rc = rewire_session_round(carry->out, 0, ret_pages,
				      &carry->error);

	return rc ? rc : take_stream(carry);
}

/* Up to where the SM says that it has to wait, if it does. */
static int write_on(struct carry *carry, int to, const __u8 *bytes,
		    size_t length, size_t *at)
{
	while (*at < length) {
		ssize_t n = write(to, bytes + *at, length - *at < PIECE ?
				  length - *at : PIECE);

		if (n < 0)
			return rewire_fail_ioctl(&carry->error, to, errno,
						 "writing the stream");
		*at += n;
	}
	return 0;
}

int carry_write(struct carry *carry, const __u8 *bytes, size_t length)
{
	size_t at = 0;

	return write_on(carry, carry->in, bytes, length, &at);
}

/* Of one stream of several, which the target has to know of by now. */
static int forward_lane(struct carry *carry, unsigned int index)
{
	struct lane *lane = &carry->lane[index];
	size_t at = 0;
	int rc;

	if (lane->in < 0)
		lane->in = rewire_session_lane(carry->in, index, carry->lanes,
					       &carry->error);
	if (lane->in < 0)
		return lane->in;
	rc = write_on(carry, lane->in, lane->stream, lane->length, &at);
	if (!rc)
		lane->length = 0;
	return rc;
}

int carry_forward(struct carry *carry)
{
	size_t at = 0;
	int rc;

	if (carry->lanes > 1)
		fcntl(carry->in, F_SETFL, O_NONBLOCK);
	rc = write_on(carry, carry->in, carry->stream, carry->length, &at);
	if (carry->lanes > 1 && rc == -EAGAIN)
		rc = 0;
	for (unsigned int i = 1; i < carry->lanes && !rc; i++)
		rc = forward_lane(carry, i);
	return rc ? rc : write_on(carry, carry->in, carry->stream,
				  carry->length, &at);
}

void carry_lose_lanes(struct carry *carry, bool source)
{
	for (unsigned int i = 1; i < carry->lanes; i++) {
		struct lane *lane = &carry->lane[i];
		int *fd = source ? &lane->out : &lane->in;

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		if (!source)
			continue;
		free(lane->stream);
		lane->stream = NULL;
		lane->length = 0;
	}
}

int carry_step(struct carry *carry, enum step step)
{
	switch (step) {
	case STEP_OFFER:
		return offer(carry);
	case STEP_ACCEPT:
		return accept(carry);
	case STEP_AGREE:
		return agree(carry);
	case STEP_FREEZE:
		return rewire_session_stop(carry->out, PATIENCE_MS,
					   &carry->error);
	case STEP_READ:
		return take_stream(carry);
	case STEP_WRITE:
		return carry_forward(carry);
	case STEP_READY:
		return relay(carry, carry->in, carry->out, REWIRE_MSG_READY);
	case STEP_START:
		return relay(carry, carry->out, carry->in, REWIRE_MSG_START);
	case STEP_ACTIVE:
		return relay(carry, carry->in, carry->out, REWIRE_MSG_ACTIVE);
	case STEP_RECEIPT:
		return relay(carry, carry->out, carry->in, REWIRE_MSG_RECEIPT);
	default:
		return -EINVAL;
	}
}

int carry_steps(struct carry *carry, enum step first, enum step last)
{
	int rc = 0;

	for (int step = first; step <= (int)last && !rc; step++)
		rc = carry_step(carry, step);
	return rc;
}

int carry_abort(struct carry *carry, int session)
{
	int rc = rewire_session_give_up(session, &carry->error);

	return rc ? rc : carry_get(carry, session, REWIRE_MSG_ABORTED);
}

__u32 carry_state(struct carry *carry, int session)
{
	struct rewire_session_info info;

	if (rewire_session_get_info(session, &info, &carry->error))
		return REWIRE_SESSION_STATES;
	return info.state;
}

void carry_enter(struct carry *carry, struct work *work)
{
	int fd = work_open(work, carry->to);

	host_enter(carry->to);
	expect(fd >= 0 && !rewire_enclave_enter(fd, PATIENCE_MS, NULL,
						&work->error),
	       "%s", work->error.text);
	close(fd);
}

void carry_end(struct carry *carry)
{
	carry_lose_lanes(carry, true);
	carry_lose_lanes(carry, false);
	close(carry->out);
	close(carry->in);
	free(carry->stream);
	carry->stream = NULL;
	carry->out = carry->in = -1;
}

__u8 *carry_record(struct carry *carry, unsigned int n, size_t *ret_length)
{
	size_t at = sizeof(struct rewire_stream_header);
	struct rewire_record record;

	for (; at + sizeof(record) <= carry->length; n--) {
		memcpy(&record, carry->stream + at, sizeof(record));
		*ret_length = sizeof(record) + record.length + REWIRE_TAG_SIZE;
		if (!n)
			return carry->stream + at;
		at += *ret_length;
	}
	return NULL;
}

void expect_aborted(struct carry *carry, int session)
{
	__u32 state = carry_state(carry, session);

	expect(state == REWIRE_SESSION_ABORTED, "the %s is %s",
	       session == carry->out ? "source" : "target",
	       rewire_session_state_name(state));
}

struct search {
	const __u8 *request;
	struct rewire_event last;
};

static void look(const struct rewire_event *event, void *data)
{
	struct search *search = data;

	if (event->type == REWIRE_EVENT_TYPE_SESSION &&
	    !memcmp(event->request_id, search->request, REWIRE_ID_SIZE))
		search->last = *event;
}

void expect_reason(struct carry *carry, const struct host *host, __u32 state,
		   const char *reason)
{
	struct search search = { .request = carry->request.body.request.id };
	struct rewire_watch *watch;

	host_enter(host);
	if (!expect_ok(rewire_watch_open(0, &watch, &carry->error),
		       &carry->error))
		return;
	expect_ok(rewire_watch_read(watch, look, &search, &carry->error),
		  &carry->error);
	rewire_watch_close(watch);
	expect(search.last.to == state && strstr(search.last.reason, reason),
	       "the last event at %s is %s (%s)", host->name,
	       rewire_session_state_name(search.last.to), search.last.reason);
}
