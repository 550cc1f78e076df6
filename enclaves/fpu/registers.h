/* SPDX-License-Identifier: MIT */
/*
 * A loop that lives in registers alone.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef FPU_REGISTERS_H
#define FPU_REGISTERS_H

#define REGISTERS_VECTOR	0	/* 16 of 32 bytes */
#define REGISTERS_X87		512	/* 8 of 16 bytes, 10 used */
#define REGISTERS_GENERAL	640	/* 13 of 8 bytes */
#define REGISTERS_FLAGS		744
#define REGISTERS_GS		752
#define REGISTERS_MXCSR		760
#define REGISTERS_FCW		764

#ifndef __ASSEMBLER__
#include <stdint.h>

/**
 * struct registers - what is loaded before the loop and stored after it
 * @vector: xmm or ymm 0 to 15, doubles in [-1, 1]
 * @x87: st 0 to 7, likewise
 * @general: rax rbx rdx rsi rbp r8 .. r15
 * @flags: out: rflags at the end; the direction flag was set throughout
 * @gs: gs base
 * @mxcsr: SSE control word
 * @fcw: x87 control word
 */
struct registers {
	double vector[16][4];
	struct {
		long double value;
	} x87[8];
	uint64_t general[13];
	uint64_t flags;
	uint64_t gs;
	uint32_t mxcsr;
	uint16_t fcw;
	uint16_t reserved;
};

/*
 * Each round maps every floating-point register x to 2x^2 - 1, a chaotic map
 * that never leaves [-1, 1]: one wrong bit grows to a different number within
 * a hundred rounds. The general registers run through congruential sequences.
 */
void registers_sse(struct registers *registers, uint64_t rounds);
void registers_avx(struct registers *registers, uint64_t rounds);

#endif /* __ASSEMBLER__ */
#endif /* FPU_REGISTERS_H */
