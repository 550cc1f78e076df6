// SPDX-License-Identifier: MIT
/*
 * The loop of an enclave from before there were updates.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>

#include "arch.h"
#include "internal.h"
#include "unruly.h"

static unsigned char request[REWIRE_MAX_PAYLOAD];
static unsigned char answer_buffer[REWIRE_MAX_PAYLOAD];

static int64_t ring(struct rewire_gate gate)
{
	gate.arg[0] = (uintptr_t)request;
	gate.arg[1] = sizeof(request);
	*rewire_gate = gate;
	rewire_ring();
	return rewire_gate->result;
}

static int dispatch(const struct rewire_verb *verbs, size_t length,
		    struct rewire_answer *answer)
{
	struct rewire_args args;

	if (rewire_args_parse(request, length, &args))
		return -EBADMSG;
	for (; verbs->name; verbs++)
		if (rewire_args_equal(&args, 0, verbs->name) &&
		    args.count - 1 >= verbs->least &&
		    args.count - 1 <= verbs->most)
			return verbs->run(&args, answer);
	rewire_answer_printf(answer, "unknown verb; try help\n");
	return -EOPNOTSUPP;
}

_Noreturn void old_sdk(uint64_t handle, const struct rewire_verb *verbs)
{
	struct rewire_answer answer = { answer_buffer, 0, sizeof(answer_buffer) };
	int64_t length;
	int status = 0;

	for (;;) {
		length = ring((struct rewire_gate){
			.op = REWIRE_GATE_REPLY_RECV,
			.arg = { [2] = handle, (uintptr_t)answer.data,
				 answer.length, (__u32)status },
		});
		while (length == -ENOENT || length == -EMSGSIZE)
			length = ring((struct rewire_gate){
				.op = REWIRE_GATE_RECV });
		if (length < 0 || length > REWIRE_MAX_PAYLOAD)
			rewire_trap();
		handle = rewire_gate->arg[2];
		answer.length = 0;
		status = dispatch(verbs, length, &answer);
	}
}
