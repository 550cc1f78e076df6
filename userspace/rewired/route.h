/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ROUTE_H
#define REWIRED_ROUTE_H

#include "helper.h"
#include "link.h"

/**
 * struct route - a call, and who waits for it
 * @helper: the helper
 * @call: the call; @call.hops is how often it may be passed on
 * @deadline: clock_ms() until which, or CLOCK_NEVER
 * @alive: called now and then; a negative errno ends the call
 * @data: for @alive
 */
struct route {
	struct helper *helper;
	struct peer_call call;
	int64_t deadline;
	int (*alive)(struct route *route, struct rewire_error *err);
	void *data;
};

/**
 * route_call - carry out a call, here or where the workload went
 * @route: the call
 * @output: room for REWIRE_MAX_PAYLOAD bytes
 * @ret_length: bytes of the answer
 * @ret_status: the enclave's own
 *
 * While the workload moves, and whenever a connection fails, the call is
 * repeated: its client id and sequence number make that safe.
 *
 * Return: 0 or a negative errno.
 */
int route_call(struct route *route, __u8 *output, size_t *ret_length,
	       __s32 *ret_status, struct rewire_error *err);

#endif /* REWIRED_ROUTE_H */
