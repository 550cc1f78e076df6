// SPDX-License-Identifier: MIT
/*
 * Threads, and what they wait for each other with.
 *
 * A wait is a futex() on a word in the enclave. The kernel outside is believed
 * nothing: it may wake a thread too early or never, so that all here look at the
 * word again. A pause wakes every sleeper, and in the process that the enclave goes
 * on in it lies down once more.
 *
 * Mutexes are the second one of U. Drepper, Futexes Are Tricky (2011).
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <limits.h>
#include <linux/futex.h>
#include <locale.h>
#include <string.h>

#include "arch.h"
#include "internal.h"
#include "rewire_enclave.h"

enum { FREE, TAKEN, CONTENDED };

/* Volatile: as constants they would be taken for addresses near the code's. */
static const volatile uintptr_t stack_stride = (uintptr_t)rewire_stack_stride;
static const volatile uintptr_t stacks = (uintptr_t)rewire_threads;

static void sleep_on(unsigned int *word, unsigned int value)
{
	rewire_futex(word, FUTEX_WAIT_PRIVATE, value);
}

static void wake(unsigned int *word, unsigned int count)
{
	rewire_futex(word, FUTEX_WAKE_PRIVATE, count);
}

static void lock_contended(struct rewire_mutex *mutex)
{
	while (__atomic_exchange_n(&mutex->state, CONTENDED, __ATOMIC_ACQUIRE))
		sleep_on(&mutex->state, CONTENDED);
}

int rewire_mutex_trylock(struct rewire_mutex *mutex)
{
	unsigned int expected = FREE;

	return __atomic_compare_exchange_n(&mutex->state, &expected, TAKEN, 0,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rewire_mutex_lock(struct rewire_mutex *mutex)
{
	if (!rewire_mutex_trylock(mutex))
		lock_contended(mutex);
}

void rewire_mutex_unlock(struct rewire_mutex *mutex)
{
	if (__atomic_exchange_n(&mutex->state, FREE, __ATOMIC_RELEASE) ==
	    CONTENDED)
		wake(&mutex->state, 1);
}

void rewire_cond_wait(struct rewire_cond *cond, struct rewire_mutex *mutex)
{
	unsigned int seen = __atomic_load_n(&cond->sequence, __ATOMIC_RELAXED);

	rewire_mutex_unlock(mutex);
	sleep_on(&cond->sequence, seen);
	/* there may be others that were woken with it */
	lock_contended(mutex);
}

static void notify(struct rewire_cond *cond, unsigned int count)
{
	__atomic_fetch_add(&cond->sequence, 1, __ATOMIC_RELAXED);
	wake(&cond->sequence, count);
}

void rewire_cond_signal(struct rewire_cond *cond)
{
	notify(cond, 1);
}

void rewire_cond_broadcast(struct rewire_cond *cond)
{
	notify(cond, INT_MAX);
}

/* The thread pointer of a slot's thread lies at the top of its stack. */
static char *block_of(unsigned long slot)
{
	return rewire_stack_end + slot * stack_stride - REWIRE_BLOCK_SIZE;
}

static void block_init(char *block, unsigned long slot,
		       const struct rewire_thread *thread)
{
	memset(block, 0, REWIRE_BLOCK_SIZE);
	memcpy(block, &block, sizeof(block));
	memcpy(block + REWIRE_BLOCK_CANARY, rewire_thread + REWIRE_BLOCK_CANARY,
	       sizeof(long));
	memcpy(block + REWIRE_BLOCK_THREAD, &thread, sizeof(thread));
	memcpy(block + REWIRE_BLOCK_SLOT, &slot, sizeof(slot));
}

int rewire_thread_create(struct rewire_thread *thread, int (*run)(void *),
			 void *argument)
{
	long slot, made;

	*thread = (struct rewire_thread){ .run = run, .argument = argument };
	slot = rewire_call_spawn();
	if (slot < 0)
		return slot;
	/* The SM has looked: there is no slot without its State Save Area. */
	if (!slot || (uintptr_t)slot >= stacks)
		rewire_trap();
	block_init(block_of(slot), slot, thread);
	made = rewire_spawn(slot, block_of(slot));
	rewire_call_spawned(slot, made < 0);
	return made < 0 ? made : 0;
}

_Noreturn void rewire_thread_start(void)
{
	struct rewire_thread *thread = rewire_arch_thread();

	uselocale(LC_GLOBAL_LOCALE);
	rewire_thread_exit(thread->run(thread->argument));
}

_Noreturn void rewire_thread_exit(int result)
{
	struct rewire_thread *thread = rewire_arch_thread();

	if (!thread)
		rewire_exit(result);
	thread->result = result;
	/* First: whoever joins may want the slot, and the SM waits for us then. */
	rewire_call_leave();
	__atomic_store_n(&thread->done, 1, __ATOMIC_RELEASE);
	wake(&thread->done, INT_MAX);
	rewire_vanish();
}

int rewire_thread_join(struct rewire_thread *thread)
{
	while (!__atomic_load_n(&thread->done, __ATOMIC_ACQUIRE))
		sleep_on(&thread->done, 0);
	return thread->result;
}
