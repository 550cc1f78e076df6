// SPDX-License-Identifier: MIT
/*
 * Migration sessions: thin wrappers, one command each.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rewire.h"

int rewire_session_out(int sm, const struct rewire_signed *request,
		       struct rewire_error *err)
{
	struct rewire_migrate_out out = {
		.size = sizeof(out),
		.request = (uintptr_t)&request->body.request,
		.signature = (uintptr_t)request->signature,
		.signature_length = (__u32)request->signature_length,
	};

	if (ioctl(sm, REWIRE_MIGRATE_OUT, &out))
		return rewire_fail_ioctl(err, sm, errno,
					 "beginning the migration as its source");
	return out.fd;
}

int rewire_session_in(int sm, const struct rewire_signed *request,
		      const void *offer, size_t offer_length,
		      struct rewire_error *err)
{
	struct rewire_migrate_in in = {
		.size = sizeof(in),
		.request = (uintptr_t)&request->body.request,
		.signature = (uintptr_t)request->signature,
		.signature_length = (__u32)request->signature_length,
		.offer_length = (__u32)offer_length,
		.offer = (uintptr_t)offer,
	};

	if (offer_length > REWIRE_MAX_MESSAGE)
		return rewire_fail(err, EMSGSIZE, "the OFFER has %zu bytes",
				   offer_length);
	if (ioctl(sm, REWIRE_MIGRATE_IN, &in))
		return rewire_fail_ioctl(err, sm, errno,
					 "beginning the migration as its target");
	return in.fd;
}

int rewire_session_open(int sm, const __u8 request_id[REWIRE_ID_SIZE],
			__u32 side, struct rewire_error *err)
{
	struct rewire_open_session open = { .size = sizeof(open), .side = side };

	memcpy(open.request_id, request_id, sizeof(open.request_id));
	if (ioctl(sm, REWIRE_OPEN_SESSION, &open))
		return rewire_fail_ioctl(err, sm, errno, "opening the migration");
	return open.fd;
}

int rewire_session_get_message(int session, void *buffer, size_t *ret_length,
			       struct rewire_error *err)
{
	struct rewire_session_get get = {
		.size = sizeof(get),
		.length = (__u32)(*ret_length < REWIRE_MAX_MESSAGE ?
				  *ret_length : REWIRE_MAX_MESSAGE),
		.buffer = (uintptr_t)buffer,
	};

	if (ioctl(session, REWIRE_SESSION_GET, &get))
		return rewire_fail_ioctl(err, session, errno,
					 "getting the message for the peer");
	*ret_length = get.length;
	return 0;
}

int rewire_session_put_message(int session, const void *message, size_t length,
			       struct rewire_error *err)
{
	struct rewire_session_put put = {
		.size = sizeof(put),
		.length = (__u32)length,
		.buffer = (uintptr_t)message,
	};

	if (length > REWIRE_MAX_MESSAGE)
		return rewire_fail(err, EMSGSIZE, "the peer's message has %zu bytes",
				   length);
	if (ioctl(session, REWIRE_SESSION_PUT, &put))
		return rewire_fail_ioctl(err, session, errno,
					 "handing over the peer's message");
	return 0;
}

int rewire_session_stop(int session, unsigned int timeout_ms,
			struct rewire_error *err)
{
	struct rewire_session_freeze freeze = {
		.size = sizeof(freeze),
		.timeout_ms = timeout_ms,
	};

	if (ioctl(session, REWIRE_SESSION_FREEZE, &freeze))
		return rewire_fail_ioctl(err, session, errno,
					 "freezing the enclave");
	return 0;
}

static int session_round(int session, struct rewire_session_round round,
			 __u64 *ret_pages, struct rewire_error *err)
{
	if (ioctl(session, REWIRE_SESSION_ROUND, &round))
		return rewire_fail_ioctl(err, session, errno,
					 "copying the enclave while it runs");
	*ret_pages = round.pages;
	return 0;
}

int rewire_session_round(int session, unsigned int delay_us, __u64 *ret_pages,
			 struct rewire_error *err)
{
	return session_round(session, (struct rewire_session_round){
		.size = sizeof(struct rewire_session_round),
		.delay_us = delay_us,
	}, ret_pages, err);
}

int rewire_session_look(int session, __u64 *ret_pages, struct rewire_error *err)
{
	return session_round(session, (struct rewire_session_round){
		.size = sizeof(struct rewire_session_round),
		.flags = REWIRE_ROUND_LOOK,
	}, ret_pages, err);
}

int rewire_session_lane(int session, unsigned int index, unsigned int count,
			struct rewire_error *err)
{
	struct rewire_session_lane lane = {
		.size = sizeof(lane),
		.index = index,
		.count = count,
	};

	if (ioctl(session, REWIRE_SESSION_LANE, &lane))
		return rewire_fail_ioctl(err, session, errno,
					 "opening one of several streams");
	return lane.fd;
}

int rewire_session_checkpoint(int session, bool *ret_rounds,
			      struct rewire_error *err)
{
	struct rewire_session_checkpoint checkpoint = {
		.size = sizeof(checkpoint),
	};

	if (ioctl(session, REWIRE_SESSION_CHECKPOINT, &checkpoint))
		return rewire_fail_ioctl(err, session, errno,
					 "sealing the state");
	*ret_rounds = checkpoint.flags & REWIRE_CHECKPOINT_ROUNDS;
	return checkpoint.fd;
}

int rewire_session_give_up(int session, struct rewire_error *err)
{
	struct rewire_session_abort give_up = { .size = sizeof(give_up) };

	if (ioctl(session, REWIRE_SESSION_ABORT, &give_up))
		return rewire_fail_ioctl(err, session, errno,
					 "aborting the migration");
	return 0;
}

bool rewire_session_has_more(int session)
{
	struct pollfd pfd = { .fd = session, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & POLLIN;
}

int rewire_session_get_info(int session, struct rewire_session_info *ret_info,
			    struct rewire_error *err)
{
	struct rewire_session_info info = { .size = sizeof(info) };

	if (ioctl(session, REWIRE_SESSION_INFO, &info))
		return rewire_fail_ioctl(err, session, errno,
					 "asking for the migration's state");
	*ret_info = info;
	return 0;
}

int rewire_request_try(int sm, __u32 side, const struct rewire_signed *request,
		       const struct rewire_token *token,
		       const __u8 nonce[REWIRE_NONCE_SIZE],
		       __u32 *ret_level, struct rewire_error *err)
{
	struct rewire_try_request try = {
		.size = sizeof(try),
		.side = side,
		.request = (uintptr_t)&request->body.request,
		.signature = (uintptr_t)request->signature,
		.signature_length = (__u32)request->signature_length,
	};

	if (token) {
		try.evidence_length = (__u32)token->length;
		try.evidence = (uintptr_t)token->bytes;
		memcpy(try.nonce, nonce, sizeof(try.nonce));
	}
	if (ioctl(sm, REWIRE_TRY_REQUEST, &try))
		return rewire_fail_ioctl(err, sm, errno, "trying the request");
	if (ret_level)
		*ret_level = try.level;
	return 0;
}

static int fence_session(int session, const struct rewire_signed *fence,
			 struct rewire_error *err)
{
	struct rewire_session_fence arg = {
		.size = sizeof(arg),
		.fence = (uintptr_t)&fence->body.fence,
		.signature = (uintptr_t)fence->signature,
		.signature_length = (__u32)fence->signature_length,
	};

	if (ioctl(session, REWIRE_SESSION_FENCE, &arg))
		return rewire_fail_ioctl(err, session, errno,
					 "fencing the migration");
	return 0;
}

int rewire_fence_give(int sm, const struct rewire_signed *fence,
		      __u32 *ret_side, struct rewire_error *err)
{
	const __u8 *id = fence->body.fence.request_id;
	__u32 side = REWIRE_SIDE_SOURCE;
	int session, ret;

	session = rewire_session_open(sm, id, side, err);
	if (session == -ENOENT) {
		side = REWIRE_SIDE_TARGET;
		session = rewire_session_open(sm, id, side, err);
	}
	if (session < 0)
		return session;
	ret = fence_session(session, fence, err);
	close(session);
	if (!ret && ret_side)
		*ret_side = side;
	return ret;
}
