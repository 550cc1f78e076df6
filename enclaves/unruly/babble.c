// SPDX-License-Identifier: MIT
/*
 * Any call to the SM with any arguments, as somebody makes them who looks for a
 * mistake in it. What the SM writes goes to memory that nobody else uses.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "unruly.h"

#include <errno.h>

#include "arch.h"
#include "internal.h"

#define CALLS	400
#define PAGE	4096

/* What begins within REACH and is no longer than that ends in it, too. */
#define REACH	(4 * PAGE)
static unsigned char scratch[2 * REACH] __attribute__((aligned(PAGE)));

/* Not RECV, which waits for what may never come, and not EXIT. */
static const uint32_t ops[] = {
	REWIRE_GATE_REPLY, REWIRE_GATE_RANDOM, REWIRE_GATE_SEAL,
	REWIRE_GATE_UNSEAL, REWIRE_GATE_SELF, REWIRE_GATE_COUNTER,
	REWIRE_GATE_EXPORT, REWIRE_GATE_EXPORT, REWIRE_GATE_IMPORT,
	REWIRE_GATE_IMPORT, REWIRE_GATE_IMPORT + 1, 0, UINT32_MAX,
};

static uint64_t state;

static uint64_t any(uint64_t below)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % below;
}

static uint64_t any_argument(void)
{
	switch (any(8)) {
	case 0:
	case 1:
	case 2:
		return (uintptr_t)scratch + any(REACH);
	case 3:		/* where nothing is */
		return rewire_layout.base + rewire_layout.span +
		       any(PAGE);
	case 4:
		return any(REACH);
	case 5:		/* the format, a policy, a counter */
		return any(5);
	case 6:
		return (uintptr_t)babble;
	default:
		return ~any(1ULL << 31) << any(33);
	}
}

int babble(void)
{
	struct rewire_gate *gate = &rewire_gate[0];
	int error = rewire_random(&state, sizeof(state));

	for (int i = 0; i < CALLS && !error; i++) {
		*gate = (struct rewire_gate){
			.op = ops[any(sizeof(ops) / sizeof(*ops))],
		};
		for (int at = 0; at < 5; at++)
			gate->arg[at] = any_argument();
		rewire_ring();
		if (gate->result == -ECANCELED)
			break;
	}
	return error ? error : -EIO;
}
