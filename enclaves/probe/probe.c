// SPDX-License-Identifier: MIT
/*
 * The victim of the attack tests: pages full of a secret that attackers try to
 * read, and guard pages that they try to make somebody write to.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "probe.h"

#include <errno.h>
#include <string.h>

#include "rewire_enclave.h"

#define PAGE 4096

__attribute__((aligned(PAGE)))
unsigned char probe_secret_area[PROBE_SECRET_PAGES * PAGE];
__attribute__((aligned(PAGE)))
unsigned char probe_guard_area[PROBE_GUARD_PAGES * PAGE];

static int where(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "secret %p %zu\nguard %p %zu\n",
				    (void *)probe_secret_area,
				    sizeof(probe_secret_area),
				    (void *)probe_guard_area,
				    sizeof(probe_guard_area));
}

/* Nothing was written to either area: the answer is "intact". */
static int check(const struct rewire_args *args, struct rewire_answer *answer)
{
	unsigned char secret[PROBE_SECRET_SIZE];

	(void)args;
	probe_secret(secret);
	for (size_t i = 0; i < sizeof(probe_guard_area); i++)
		if (probe_guard_area[i] != PROBE_GUARD_BYTE) {
			rewire_answer_printf(answer, "guard byte %zu is %02x\n", i,
					     probe_guard_area[i]);
			return -EILSEQ;
		}
	for (size_t i = 0; i < sizeof(probe_secret_area); i++)
		if (probe_secret_area[i] != secret[i % sizeof(secret)]) {
			rewire_answer_printf(answer, "secret byte %zu is %02x\n",
					     i, probe_secret_area[i]);
			return -EILSEQ;
		}
	return rewire_answer_printf(answer, "intact\n");
}

/*
 * Compute with the secret for a while, so that what
 * attackers do meets an enclave that runs and not one that waits.
 */
static int spin(const struct rewire_args *args, struct rewire_answer *answer)
{
	volatile unsigned char sum = 0;
	uint64_t rounds;
	int error = rewire_args_number(args, 1, &rounds);

	if (error)
		return error;
	for (uint64_t i = 0; i < rounds; i++)
		sum += probe_secret_area[i % sizeof(probe_secret_area)];
	return rewire_answer_printf(answer, "%02x\n", sum);
}

/* What no enclave may do; the kernel must end it here. */
static int misbehave(const struct rewire_args *args, struct rewire_answer *answer)
{
	long result;

	(void)args;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(39 /* getpid */)
			 : "rcx", "r11", "memory");
	return rewire_answer_printf(answer, "a system call returned %ld\n", result);
}

static int stop(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	(void)answer;
	rewire_exit(0);
}

static const struct rewire_verb verbs[] = {
	{ "where", 0, 0, "- addresses and sizes of secret and guard", where },
	{ "check", 0, 0, "- is everything as it was?", check },
	{ "spin", 1, 1, "ROUNDS - keep running", spin },
	{ "misbehave", 0, 0, "- make a system call", misbehave },
	{ "exit", 0, 0, "- end", stop },
	{ 0 },
};

int main(void)
{
	unsigned char secret[PROBE_SECRET_SIZE];

	probe_secret(secret);
	for (size_t i = 0; i < sizeof(probe_secret_area); i++)
		probe_secret_area[i] = secret[i % sizeof(secret)];
	memset(probe_guard_area, PROBE_GUARD_BYTE, sizeof(probe_guard_area));
	rewire_serve(verbs);
}
