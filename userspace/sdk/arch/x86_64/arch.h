/* SPDX-License-Identifier: MIT */
/*
 * What the SDK needs from an architecture. gate.S implements it; both C and
 * assembly include this header, and no other file of the SDK knows a register.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_SDK_ARCH_H
#define REWIRE_SDK_ARCH_H

/*
 * The park handler keeps what a signal frame lacks at the low end of the State
 * Save Area: the frame grows down from the other end and never gets here.
 */
#define REWIRE_SAVED_SP		0
#define REWIRE_SAVED_FS		8
#define REWIRE_SAVED_GS		16
#define REWIRE_SAVED_SIZE	64

#ifndef __ASSEMBLER__

/* Entry points; their addresses go to the layout and nothing in C calls them. */
void rewire_entry(void);
void rewire_resume(void);
void rewire_park(void);
void rewire_restorer(void);

/**
 * rewire_ring() - make the SM carry out the call in the gate
 *
 * Returns when the SM has written the result. Whatever the gate points to may
 * have changed.
 */
void rewire_ring(void);

/**
 * rewire_arch_set_canary() - set what functions compiled with
 *	-fstack-protector compare their stack with
 * @canary: a secret
 *
 * The caller must not be compiled with it.
 */
static inline void rewire_arch_set_canary(unsigned long canary)
{
	__asm__ volatile("mov %0, %%fs:0x28" : : "r"(canary));
}

/**
 * rewire_trap() - die at once
 *
 * An undefined instruction: the kernel kills the process, and the SM wipes.
 */
static inline _Noreturn void rewire_trap(void)
{
	__asm__ volatile("ud2");
	__builtin_unreachable();
}

#endif /* __ASSEMBLER__ */
#endif /* REWIRE_SDK_ARCH_H */
