// SPDX-License-Identifier: MIT
/*
 * A test of the SDK's allocator, where it has to work: in an enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rewire_enclave.h"

#define SLOTS	256

static struct {
	unsigned char *memory;
	size_t size;
	unsigned char mark;
} slot[SLOTS];

static uint64_t random_state;

static uint64_t roll(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static int slot_intact(int n)
{
	for (size_t i = 0; i < slot[n].size; i++)
		if (slot[n].memory[i] != slot[n].mark)
			return 0;
	return 1;
}

static void drop(int n)
{
	free(slot[n].memory);
	slot[n].memory = NULL;
	slot[n].size = 0;
}

static void keep(int n, unsigned char *memory, size_t size)
{
	slot[n].memory = memory;
	slot[n].size = memory ? size : 0;
	slot[n].mark = roll(256);
	if (memory)
		memset(memory, slot[n].mark, size);
}

/* One random step in a random slot. Returns 0, or a line that says what broke. */
static int step(void)
{
	int n = roll(SLOTS);
	size_t size = roll(roll(8) ? 300 : 20000), alignment = 1UL << roll(13);
	unsigned char *memory;

	if (!slot_intact(n))
		return __LINE__;
	switch (roll(4)) {
	case 0:
		drop(n);
		keep(n, malloc(size), size);
		break;
	case 1:
		drop(n);
		memory = calloc(1, size);
		for (size_t i = 0; memory && i < size; i++)
			if (memory[i])
				return __LINE__;
		keep(n, memory, size);
		break;
	case 2:
		memory = realloc(slot[n].memory, size);
		if (!memory)
			break;
		slot[n].memory = memory;
		if (slot[n].size > size)
			slot[n].size = size;
		if (!slot_intact(n))
			return __LINE__;
		keep(n, memory, size);
		break;
	default:
		drop(n);
		memory = aligned_alloc(alignment, size);
		if ((uintptr_t)memory % alignment)
			return __LINE__;
		keep(n, memory, size);
	}
	return (uintptr_t)slot[n].memory % 16 ? __LINE__ : 0;
}

/* After all is freed the heap must be one piece again: this much fits. */
static int stress(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t rounds, whole;
	int line = 0;
	void *memory;

	if (rewire_args_number(args, 1, &rounds) ||
	    rewire_args_number(args, 2, &random_state) ||
	    rewire_args_number(args, 3, &whole))
		return -EINVAL;
	random_state |= 1;
	for (uint64_t i = 0; i < rounds && !line; i++)
		line = step();
	for (int n = 0; n < SLOTS; n++) {
		if (!line && !slot_intact(n))
			line = __LINE__;
		drop(n);
	}
	if (line) {
		rewire_answer_printf(answer, "broken, as seen in line %d\n", line);
		return -EILSEQ;
	}
	memory = malloc(whole);
	free(memory);
	return memory ? rewire_answer_printf(answer, "whole\n") : -ENOMEM;
}

/* Requests that no heap can fulfil. */
static int refuse(const struct rewire_args *args, struct rewire_answer *answer)
{
	volatile size_t huge = SIZE_MAX, odd = 3;

	(void)args;
	if (malloc(huge) || malloc(huge / 2) || calloc(huge / 2, 3) ||
	    calloc(huge, huge) || realloc(NULL, huge - 8) ||
	    aligned_alloc(4096, huge - 4096) || aligned_alloc(huge / 2 + 1, 16) ||
	    aligned_alloc(odd, 16))
		return -EILSEQ;
	return rewire_answer_printf(answer, "refused\n");
}

/* Freeing twice must end the enclave, not corrupt it. */
static int twice(const struct rewire_args *args, struct rewire_answer *answer)
{
	void *volatile memory = malloc(64), *volatile other = malloc(64);
	void *again = memory;

	(void)args;
	free(again);
	free(memory);
	return rewire_answer_printf(answer, "survived %p\n", other);
}

static const struct rewire_verb verbs[] = {
	{ "stress", 3, 3, "ROUNDS SEED BYTES - then allocate BYTES at once", stress },
	{ "refuse", 0, 0, "- ask for more than there can be", refuse },
	{ "twice", 0, 0, "- free a piece twice", twice },
	{ 0 },
};

int main(void)
{
	rewire_serve(verbs);
}
