// SPDX-License-Identifier: MIT
/*
 * Calls: to the enclave if it is here, else to where it went.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "route.h"

/*
 * A wait is cut into pieces: between two, somebody may have hung up, or the
 * enclave may have left.
 */
#define PIECE_MS	5000
/* What an answer may take on its way, beyond the time the call was given. */
#define WIRE_MS		3000

#define FIRST_PAUSE_MS	20
#define LAST_PAUSE_MS	500

/* How long the next piece is; at least a millisecond, as 0 is for ever. */
static __u32 piece_ms(const struct route *r)
{
	int64_t end = clock_earlier(r->deadline, clock_ms() + PIECE_MS);
	int left = clock_poll_timeout(end);

	return left > 0 ? (__u32)left : 1;
}

static int call_here(struct route *r, __u8 *output, size_t *ret_length,
		     __s32 *ret_status, struct rewire_error *err)
{
	struct rewire_call call = {
		.size = sizeof(call),
		.sequence = r->call.sequence,
		.input = (uintptr_t)r->call.input,
		.input_length = (__u32)r->call.input_length,
		.output = (uintptr_t)output,
		.output_length = REWIRE_MAX_PAYLOAD,
		.timeout_ms = piece_ms(r),
	};
	int sm, enclave, ret;

	memcpy(call.client, r->call.client, REWIRE_ID_SIZE);
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	enclave = rewire_enclave_open(sm, 0, r->call.workload, err);
	close(sm);
	if (enclave < 0)
		return enclave;
	ret = rewire_enclave_call(enclave, &call, err);
	close(enclave);
	if (ret)
		return ret;
	*ret_length = call.output_length;
	*ret_status = call.status;
	return 0;
}

/* Everything but ERROR is about the connection, and a reason to try again. */
static int exchange(struct route *r, struct link *link, __u8 *output,
		    size_t *ret_length, __s32 *ret_status, bool *ret_told,
		    struct rewire_error *err)
{
	struct peer_call call = r->call;
	struct peer_frame frame = { 0 };
	const __u8 *answer;
	int ret;

	call.timeout_ms = piece_ms(r);
	call.hops--;
	ret = link_send(link, PEER_CALL,
			peer_encode_call(link_payload(link), &call), err);
	if (!ret)
		ret = link_expect(link, PEER_ANSWER,
				  clock_ms() + call.timeout_ms + WIRE_MS,
				  &frame, err);
	*ret_told = frame.type == PEER_ERROR;
	if (!ret)
		ret = peer_decode_answer(&frame, ret_status, &answer,
					 ret_length, err);
	if (!ret)
		memcpy(output, answer, *ret_length);
	return ret;
}

static int call_there(struct route *r, const char *peer, __u8 *output,
		      size_t *ret_length, __s32 *ret_status, bool *ret_told,
		      struct rewire_error *err)
{
	struct helper *helper = r->helper;
	struct link *link;
	int ret;

	*ret_told = false;
	if (!r->call.hops) {
		*ret_told = true;
		return rewire_fail(err, EREMCHG,
				   "the workload moved more often than a call is passed on; ask a host closer to it");
	}
	ret = link_connect(&helper->tls, peer, helper->stop,
			   helper->options.io_timeout_ms, &link, err);
	if (ret)
		return ret;
	ret = exchange(r, link, output, ret_length, ret_status, ret_told, err);
	link_close(link);
	return ret;
}

/* Not an answer: the enclave was busy, stopped, or on its way. */
static bool is_passing(const struct route *r, int ret)
{
	switch (-ret) {
	case EINTR:
	case EAGAIN:
	case EBUSY:
	case ETIMEDOUT:
	case ESHUTDOWN:
		return true;
	case ENOENT:
	case EBADFD:
	case ECANCELED:
	case ESRCH:
	case EREMCHG:
		return store_is_leaving(&r->helper->store, r->call.workload);
	}
	return false;
}

/* One try; *@ret_again tells whether a failure may be gone the next time. */
static int call_once(struct route *r, __u8 *output, size_t *ret_length,
		     __s32 *ret_status, bool *ret_again,
		     struct rewire_error *err)
{
	char peer[ADDRESS_MAX];
	bool told;
	int ret;

	ret = call_here(r, output, ret_length, ret_status, err);
	*ret_again = is_passing(r, ret);
	if (ret != -ENOENT && ret != -EREMCHG)
		return ret;
	if (!store_get_moved(&r->helper->store, r->call.workload, peer))
		return ret;
	ret = call_there(r, peer, output, ret_length, ret_status, &told, err);
	/* A broken connection says nothing; an ERROR is meant. */
	*ret_again = !told || is_passing(r, ret);
	return ret;
}

static int nap(struct route *r, int ms, struct rewire_error *err)
{
	struct pollfd pfd = { .fd = r->helper->stop, .events = POLLIN };

	if (poll(&pfd, 1, ms) > 0)
		return rewire_fail(err, ESHUTDOWN,
				   "this helper is being stopped; ask again");
	return r->alive ? r->alive(r, err) : 0;
}

int route_call(struct route *r, __u8 *output, size_t *ret_length,
	       __s32 *ret_status, struct rewire_error *err)
{
	int pause = FIRST_PAUSE_MS;
	bool again;
	int ret, end;

	for (;;) {
		ret = call_once(r, output, ret_length, ret_status, &again, err);
		if (!ret || !again)
			return ret;
		if (clock_ms() + pause >= r->deadline)
			return ret;
		/* After a whole piece there was enough of waiting. */
		end = nap(r, ret == -ETIMEDOUT || ret == -EINTR ? 0 : pause,
			  err);
		if (end)
			return end;
		pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS;
	}
}
