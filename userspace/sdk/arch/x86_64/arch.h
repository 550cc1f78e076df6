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

/* Bytes of one State Save Area, as enclave.ld has it, and of a slot's doorbells. */
#define REWIRE_SSA_SHIFT	14
#define REWIRE_BELLS_SHIFT	13

/*
 * What the thread pointer points to: what the C library takes for its struct
 * pthread, and at the end the number of the thread's slot and the struct
 * rewire_thread that it is.
 */
#define REWIRE_BLOCK_SIZE	512
#define REWIRE_BLOCK_CANARY	0x28
#define REWIRE_BLOCK_THREAD	496
#define REWIRE_BLOCK_SLOT	504

/* REWIRE_CLONE_FLAGS, for assembly. */
#define REWIRE_CLONE_ALLOWED	0x50f00

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
 * rewire_spawn() - a new thread
 * @slot: reserved for it
 * @block: its thread pointer; its stack is below that
 *
 * It comes to the slot and goes on at rewire_thread_start().
 *
 * Return: above 0, or a negative errno.
 */
long rewire_spawn(unsigned long slot, void *block);

/* rewire_vanish() - the end of this thread, which has left its slot */
_Noreturn void rewire_vanish(void);

/**
 * rewire_futex() - wait, or wake
 * @word: in the enclave
 * @op: FUTEX_WAIT_PRIVATE or FUTEX_WAKE_PRIVATE
 * @value: sleep only if this is at @word; or how many to wake
 *
 * Whatever it returns may be a lie, and a pause ends it at once: look at @word.
 */
void rewire_futex(unsigned int *word, int op, unsigned int value);

/* rewire_arch_slot() - the number of this thread's slot */
static inline unsigned long rewire_arch_slot(void)
{
	unsigned long slot;

	__asm__ volatile("mov %%fs:%c1, %0" : "=r"(slot) :
			 "i"(REWIRE_BLOCK_SLOT));
	return slot;
}

/* rewire_arch_thread() - the struct rewire_thread of this thread, NULL: the first */
static inline void *rewire_arch_thread(void)
{
	void *thread;

	__asm__ volatile("mov %%fs:%c1, %0" : "=r"(thread) :
			 "i"(REWIRE_BLOCK_THREAD));
	return thread;
}

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
