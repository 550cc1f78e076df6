// SPDX-License-Identifier: MIT
/*
 * The smallest useful enclave: a number that only grows.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <inttypes.h>

#include "rewire_enclave.h"

static uint64_t counter;

static int get(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "%" PRIu64 "\n", counter);
}

static int add(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t by = 1, sum;
	int error = args->count > 1 ? rewire_args_number(args, 1, &by) : 0;

	if (error)
		return error;
	if (__builtin_add_overflow(counter, by, &sum))
		return -EOVERFLOW;
	counter = sum;
	return get(args, answer);
}

/* Work without an end of its own that matters: something to pause. */
static int spin(const struct rewire_args *args, struct rewire_answer *answer)
{
	volatile double x = 1.0;
	uint64_t rounds;
	int error = rewire_args_number(args, 1, &rounds);

	if (error)
		return error;
	for (uint64_t i = 0; i < rounds; i++)
		x = x * 1.0000001 + 1.0 / (double)(i + 1);
	return rewire_answer_printf(answer, "%a\n", x);
}

static int echo(const struct rewire_args *args, struct rewire_answer *answer)
{
	return rewire_answer_add(answer, args->arg[1].data, args->arg[1].length);
}

/* The whole state, and a word to know it by. */
struct state {
	uint64_t magic;
	uint64_t counter;
};

#define STATE_MAGIC	0x7265746e756f63	/* "counter" */

static int export_state(void)
{
	const struct state state = { STATE_MAGIC, counter };

	return rewire_export(&state, sizeof(state));
}

static int import_state(uint32_t format)
{
	struct rewire_state stream = { 0 };
	struct state state;
	int error = format == 1 ? 0 : -EOPNOTSUPP;

	if (!error)
		error = rewire_state_get(&stream, &state, sizeof(state));
	if (!error)
		error = rewire_state_end(&stream);
	if (error)
		return error;
	if (state.magic != STATE_MAGIC)
		return -EBADMSG;
	counter = state.counter;
	return 0;
}

static const struct rewire_update_ops update_ops = {
	.format = 1,
	.on_export = export_state,
	.on_import = import_state,
};

static const struct rewire_verb verbs[] = {
	{ "get", 0, 0, "- the number", get },
	{ "add", 0, 1, "[N] - add N, or 1; prints the sum", add },
	{ "spin", 1, 1, "ROUNDS - keep the processor busy", spin },
	{ "echo", 1, 1, "BYTES - the same bytes again", echo },
	{ 0 },
};

int main(void)
{
	rewire_on_update(&update_ops);
	rewire_serve(verbs);
}
