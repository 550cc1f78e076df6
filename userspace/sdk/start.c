// SPDX-License-Identifier: MIT
/*
 * From the first instruction in C to main(), and the few places where musl
 * would ask a kernel that is not there for an enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <locale.h>
#include <stdlib.h>

#include "arch.h"
#include "internal.h"
#include "rewire_enclave.h"

/*
 * musl's struct pthread, of which its string, stdlib and stdio functions use
 * errno, the locale and the stack canary; it is smaller than this. The linker
 * script refuses thread-local variables, so nothing lies below it. At its end is
 * what the SDK knows of the thread; see arch.h.
 */
__attribute__((aligned(64))) char rewire_thread[REWIRE_BLOCK_SIZE];

/* It sets the canary, so it can't be checked by it. */
__attribute__((no_stack_protector)) _Noreturn void rewire_start(void)
{
	unsigned long canary;

	if (rewire_random(&canary, sizeof(canary)))
		rewire_trap();
	/* As everywhere: a zero first, so that no string function copies it. */
	rewire_arch_set_canary(canary & ~0xffUL);
	uselocale(LC_GLOBAL_LOCALE);
	rewire_exit(main());
}

/* musl's raise signals, by system calls that would kill us less clearly. */
_Noreturn void abort(void)
{
	rewire_trap();
}

_Noreturn void exit(int code)
{
	rewire_exit(code);
}
