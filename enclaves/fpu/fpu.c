// SPDX-License-Identifier: MIT
/*
 * Long computations whose results show every bit of the processor's state, for
 * tests that pause and move an enclave in their middle.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <cpuid.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "registers.h"
#include "rewire_enclave.h"

_Static_assert(offsetof(struct registers, x87) == REGISTERS_X87 &&
	       offsetof(struct registers, general) == REGISTERS_GENERAL &&
	       offsetof(struct registers, flags) == REGISTERS_FLAGS &&
	       offsetof(struct registers, gs) == REGISTERS_GS &&
	       offsetof(struct registers, mxcsr) == REGISTERS_MXCSR &&
	       offsetof(struct registers, fcw) == REGISTERS_FCW,
	       "registers.S and registers.h agree");

/*
 * Leibniz' series, forward and backward at once, in double and long double. The
 * sums are never stored, so they live in SSE and x87 registers all the while.
 */
static int pi(const struct rewire_args *args, struct rewire_answer *answer)
{
	double forward = 0, backward = 0;
	long double precise = 0;
	uint64_t terms;
	int error = rewire_args_number(args, 1, &terms);

	if (error)
		return error;
	for (uint64_t i = 0; i < terms; i++) {
		uint64_t j = terms - 1 - i;

		forward += (i & 1 ? -4.0 : 4.0) / (2.0 * (double)i + 1.0);
		backward += (j & 1 ? -4.0 : 4.0) / (2.0 * (double)j + 1.0);
		precise += (i & 1 ? -4.0L : 4.0L) / (2.0L * (long double)i + 1.0L);
	}
	return rewire_answer_printf(answer, "%a %a %La %a\n", forward, backward,
				    precise, sqrt(forward * backward));
}

static int has_avx(void)
{
	unsigned int a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return 0;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

static void prepare(struct registers *registers)
{
	memset(registers, 0, sizeof(*registers));
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 4; j++)
			registers->vector[i][j] = 0.1 + 0.013 * i + 0.0007 * j;
	for (int i = 0; i < 8; i++)
		registers->x87[i].value = 0.2L + 0.017L * i;
	for (int i = 0; i < 13; i++)
		registers->general[i] = 0x9e3779b97f4a7c15 * (i + 1);
	registers->gs = 0x123456789000;
	registers->mxcsr = 0x1f80 | 2 << 13;	/* round up */
	registers->fcw = 0x037f | 1 << 10;	/* round down */
}

static int show(const struct registers *registers, struct rewire_answer *answer)
{
	int error = 0;

	for (int i = 0; i < 16 && !error; i++)
		error = rewire_answer_printf(answer, "vector %d %a %a %a %a\n", i,
					     registers->vector[i][0],
					     registers->vector[i][1],
					     registers->vector[i][2],
					     registers->vector[i][3]);
	for (int i = 0; i < 8 && !error; i++)
		error = rewire_answer_printf(answer, "x87 %d %La\n", i,
					     registers->x87[i].value);
	for (int i = 0; i < 13 && !error; i++)
		error = rewire_answer_printf(answer, "general %d %016llx\n", i,
				(unsigned long long)registers->general[i]);
	if (error)
		return error;
	return rewire_answer_printf(answer, "df %d gs %llx mxcsr %x fcw %x\n",
				    !!(registers->flags & 0x400),
				    (unsigned long long)registers->gs,
				    registers->mxcsr, registers->fcw);
}

static int live(const struct rewire_args *args, struct rewire_answer *answer)
{
	struct registers registers;
	uint64_t rounds;
	int error = rewire_args_number(args, 1, &rounds);

	if (error)
		return error;
	prepare(&registers);
	if (has_avx())
		registers_avx(&registers, rounds);
	else
		registers_sse(&registers, rounds);
	return show(&registers, answer);
}

static const struct rewire_verb verbs[] = {
	{ "pi", 1, 1, "TERMS - the series of Leibniz, to the last bit", pi },
	{ "registers", 1, 1, "ROUNDS - a loop in which every register lives", live },
	{ 0 },
};

int main(void)
{
	rewire_serve(verbs);
}
