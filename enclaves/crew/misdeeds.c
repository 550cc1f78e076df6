// SPDX-License-Identifier: MIT
/*
 * Threads against the rules, by what the SDK does inside: its host could do no
 * worse, for it has no thread in here.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "misdeeds.h"

#include <errno.h>
#include <string.h>

#include "arch.h"
#include "internal.h"

#define STACK	8192

static char stacks[2][STACK] __attribute__((aligned(64)));
static struct rewire_thread thread;
static volatile int received;

static int crash(void *argument)
{
	(void)argument;
	rewire_trap();
}

static int receive(void *argument)
{
	static char buffer[64];
	uint64_t handle;

	(void)argument;
	received = rewire_recv(buffer, sizeof(buffer), &handle);
	return received;
}

/* Rings the bell of the first thread, with a gate that is a call like any other. */
static int intrude(void *argument)
{
	unsigned long slot = 0;
	char *block;

	(void)argument;
	__asm__ volatile("mov %%fs:0, %0" : "=r"(block));
	memcpy(block + REWIRE_BLOCK_SLOT, &slot, sizeof(slot));
	rewire_ring();
	return 0;
}

static char *block_in(char *stack)
{
	char *block = stack + STACK - REWIRE_BLOCK_SIZE;

	memcpy(block, &block, sizeof(block));
	return block;
}

static int spin(void *argument)
{
	while (argument)
		*(volatile unsigned long *)argument += 1;
	return 0;
}

static unsigned long turns;

/* A clone() too many: both come to the same slot. */
static int twice(void)
{
	static struct rewire_thread spinner = { .run = spin, .argument = &turns };
	struct rewire_thread *at = &spinner;
	long slot = rewire_call_spawn();

	if (slot < 0)
		return slot;
	for (int i = 0; i < 2; i++) {
		char *block = block_in(stacks[i]);

		memcpy(block + REWIRE_BLOCK_THREAD, &at, sizeof(at));
		memcpy(block + REWIRE_BLOCK_SLOT, &slot, sizeof(slot));
		memcpy(block + REWIRE_BLOCK_CANARY,
		       rewire_thread + REWIRE_BLOCK_CANARY, sizeof(long));
		rewire_spawn(slot, block);
	}
	rewire_call_spawned(slot, 0);
	return 0;
}

/* A thread that comes to no slot, and runs. */
static int stray(void)
{
	long made;

	__asm__ volatile("xor %%r10d, %%r10d\n\t"
			 "xor %%r8d, %%r8d\n\t"
			 "syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 2f\n"
			 "1:	pause\n\t"
			 "jmp 1b\n"
			 "2:"
			 : "=a"(made)
			 : "a"(56), "D"((long)REWIRE_CLONE_ALLOWED), "S"(0L),
			   "d"(0L)
			 : "rcx", "r8", "r10", "r11", "memory");
	return made < 0 ? made : 0;
}

static long system_call(long number, long first, long second)
{
	long result;

	__asm__ volatile("xor %%r10d, %%r10d\n\t"
			 "syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(0L)
			 : "rcx", "r10", "r11", "memory");
	return result;
}

/* A process, and not a thread. */
static int become_two(void)
{
	return system_call(56, 17, 0) < 0;
}

/* A futex that is not private: FUTEX_WAKE. */
static int wake_others(void)
{
	return system_call(202, (uintptr_t)&turns, 1) < 0;
}

/* One that was never asked for. */
static int uninvited(void)
{
	return rewire_spawn(REWIRE_MAX_THREADS - 1, block_in(stacks[0])) < 0;
}

int misdeed(const char *name, struct rewire_answer *answer)
{
	int error;

	if (!strcmp(name, "twice"))
		return twice();
	if (!strcmp(name, "stray"))
		return stray();
	if (!strcmp(name, "uninvited"))
		return uninvited();
	if (!strcmp(name, "fork"))
		return become_two();
	if (!strcmp(name, "futex"))
		return wake_others();
	if (!strcmp(name, "crash"))
		return rewire_thread_create(&thread, crash, NULL);
	if (!strcmp(name, "intrude"))
		return rewire_thread_create(&thread, intrude, NULL);
	if (strcmp(name, "receive"))
		return -ENOENT;
	error = rewire_thread_create(&thread, receive, NULL);
	if (error)
		return error;
	rewire_thread_join(&thread);
	return rewire_answer_printf(answer, "%d\n", received);
}
