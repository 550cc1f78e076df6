// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call into an enclave against a ping-pong over two pipes.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SIZE	64

/**
 * struct call - both things to be compared
 * @guest: a counter
 * @input: "echo" and what makes a request of SIZE bytes
 * @there: pipe to the other process
 * @back: pipe from it
 * @rounds: trips in one measurement
 */
struct call {
	struct guest guest;
	__u8 input[SIZE];
	int there[2], back[2];
	unsigned int rounds;
};

static double call(struct result *result, void *data)
{
	struct call *c = data;
	double start = bench_now();

	for (unsigned int i = 0; i < c->rounds; i++)
		if (world_call_raw(result, &c->guest, c->input, SIZE))
			return -1;
	return bench_now() - start;
}

static double ping_pong(struct result *result, void *data)
{
	struct call *c = data;
	double start = bench_now();
	__u8 buffer[SIZE] = { 0 };

	for (unsigned int i = 0; i < c->rounds; i++)
		if (write(c->there[1], buffer, SIZE) != SIZE ||
		    read(c->back[0], buffer, SIZE) != SIZE)
			return bench_missing(result, "the pipe broke");
	return bench_now() - start;
}

static pid_t start_other(struct call *c)
{
	__u8 buffer[SIZE];
	pid_t pid = fork();

	if (pid)
		return pid;
	close(c->there[1]);
	while (read(c->there[0], buffer, SIZE) == SIZE)
		if (write(c->back[1], buffer, SIZE) != SIZE)
			break;
	_exit(0);
}

static int begin(struct result *result, struct call *c, pid_t *other)
{
	static const char verb[] = "echo";
	const __u32 lengths[] = { sizeof(verb) - 1, SIZE - 2 * 4 - 4 };
	int sm = world_sm(result, NULL);

	memcpy(c->input, &lengths[0], 4);
	memcpy(c->input + 4, verb, 4);
	memcpy(c->input + 8, &lengths[1], 4);
	if (sm < 0)
		return -1;
	if (world_guest(result, sm, NULL, "counter", &c->guest))
		return -1;
	close(sm);
	if (pipe(c->there) || pipe(c->back))
		return bench_missing(result, "no pipes");
	*other = start_other(c);
	return *other < 0 ? bench_missing(result, "no process") : 0;
}

static void measure(struct result *result, bool quick)
{
	struct call c = { .guest.fd = -1, .rounds = 50 };
	pid_t other = -1;

	result->how = "REWIRE_CALL of 64 bytes (counter's echo, which takes the request apart and answers 52 of them) and its answer; over 64 bytes there and back through two pipes to another process; all on one processor, 50 round trips at a time, so that both see the same load of the machine";
	if (!bench_pin(result) && !begin(result, &c, &other))
		bench_pairs(result, quick ? 101 : 501, call, ping_pong, &c);
	bench_unpin();
	if (other > 0) {
		close(c.there[1]);
		waitpid(other, NULL, 0);
		close(c.there[0]);
		close(c.back[0]);
		close(c.back[1]);
	}
	world_gone(&c.guest);
}

const struct figure figure_call = {
	.name = "call_vs_pipe", .unit = "ratio", .goal = 1.2, .at_most = true,
	.measure = measure,
};
