// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an enclave gets done: while it is copied, and when nothing happens.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind.h"
#include "client.h"
#include "plain/words.h"

/* ---- while it is copied ---- */

#define LOOKS		64	/* pages that a call looks at */
#define WRITES		2	/* pages, 20 times a second */
#define AROUND_S	3	/* looked at before and after */

/**
 * struct work - an enclave that works while it is copied
 * @pair: it
 * @client: has it work without a break
 * @begun: when the rounds began, and how many answers there were
 * @ended: when it was stopped for the last one
 */
struct work {
	struct pair pair;
	struct client client;
	struct { double at; unsigned long answers; } begun, ended;
};

static void heard(const struct rewire_ctl_answer *event, void *data)
{
	struct work *work = data;
	const bool begun = !strcmp(event->event, "AGREED");

	if (!begun && strcmp(event->event, "FROZEN"))
		return;
	if (begun) {
		work->begun.at = bench_now();
		work->begun.answers = atomic_load(&work->client.answers);
	} else {
		work->ended.at = bench_now();
		work->ended.answers = atomic_load(&work->client.answers);
	}
}

/* Calls answered a second while nothing moves. */
static double undisturbed(struct result *result, struct work *work)
{
	unsigned long answers;
	double start, rate;

	if (bind_enclave(result, &work->pair, work->pair.at) ||
	    bind_busy(result))
		return -1;
	start = bench_now();
	answers = atomic_load(&work->client.answers);
	sleep(AROUND_S);
	rate = (double)(atomic_load(&work->client.answers) - answers) /
	       (bench_now() - start);
	bind_idle();
	return rate > 0 ? rate : bench_missing(result, "no calls were answered");
}

/* Work per second in the rounds over that before and after them. */
static double share(struct result *result, struct work *work)
{
	double before = undisturbed(result, work), during, after;

	work->begun.at = work->ended.at = 0;
	if (before < 0 || pair_migrate(result, &work->pair, false) < 0)
		return -1;
	after = undisturbed(result, work);
	if (after < 0)
		return -1;
	if (!work->begun.at || work->ended.at <= work->begun.at)
		return bench_missing(result, "the helper did not tell of the rounds");
	during = (double)(work->ended.answers - work->begun.answers) /
		 (work->ended.at - work->begun.at);
	fprintf(stderr, "  pages a second: %.0f before, %.0f in %.1f s of rounds, %.0f after\n",
		before * LOOKS, during * LOOKS,
		work->ended.at - work->begun.at, after * LOOKS);
	return during / ((before + after) / 2);
}

static double one_move(struct result *result, struct work *work)
{
	struct client writer;
	double ratio;

	if (bind_all(result, &work->pair) ||
	    client_start(result, &work->client, &work->pair, 0, "look", LOOKS))
		return -1;
	if (client_start(result, &writer, &work->pair, CLIENT_WRITES_PER_S,
			 "write", WRITES)) {
		client_stop(&work->client);
		return -1;
	}
	ratio = share(result, work);
	client_stop(&writer);
	client_stop(&work->client);
	return world_call(result, &work->pair.guest, "verify", NULL) ?
	       -1 : ratio;
}

static void measure_precopy(struct result *result, bool quick)
{
	struct work work = { .pair.guest.fd = -1 };
	const unsigned int runs = quick ? 5 : 15;

	result->how = "pages of a churn of 16 MiB that it looks at in a second, 64 in each call of a client who calls again at once, while it is copied in rounds (from AGREED until FROZEN) over the mean of 3 seconds before the order and 3 after the answer; another client has 40 of its pages written each second. The enclave and its clients have one processor, the helpers (who also do the work of both SMs) the other, which something else keeps busy before and after: what tracking and copying cost the enclave is compared, not who gets a processor";
	if (!pair_open_size(result, &work.pair, 16)) {
		work.pair.event = heard;
		work.pair.data = &work;
		/* The first one warms up. */
		for (unsigned int i = 0; i <= runs; i++) {
			double ratio = one_move(result, &work);

			if (ratio < 0)
				break;
			if (i)
				result->value[result->runs++] = ratio;
		}
		bind_undo();
	}
	pair_close(&work.pair);
}

const struct figure figure_precopy = {
	.name = "precopy_throughput", .unit = "ratio", .goal = 0.9,
	.measure = measure_precopy,
};

/* ---- when nothing happens ---- */

#define AT_ONCE		"2048"	/* pages in each call, which is little beside them */
#define MIB_FILLED	"63"

/**
 * struct idle - both things to be compared
 * @guest: a churn
 * @to: requests for the plain process
 * @from: its answers
 */
struct idle {
	struct guest guest;
	int to, from;
};

static double in_enclave(struct result *result, void *data)
{
	struct idle *idle = data;
	double start = bench_now();

	if (world_call(result, &idle->guest, "write", AT_ONCE, NULL) ||
	    world_call(result, &idle->guest, "look", AT_ONCE, NULL))
		return -1;
	return 1 / (bench_now() - start);
}

/* A request after its length; its answer after a status and a length. */
static int ask(struct result *result, struct idle *idle, const char *verb,
	       const char *a, const char *b)
{
	struct { __u32 length; __u8 bytes[64]; } request = { .length = 0 };
	struct { __s32 status; __u32 length; } answer;
	char text[256];

	request.length = (__u32)words_pack(request.bytes,
					   (const char *[]){ verb, a, b, NULL });
	if (write(idle->to, &request, sizeof(request.length) + request.length) <
	    0 || read(idle->from, &answer, sizeof(answer)) != sizeof(answer) ||
	    answer.length > sizeof(text) ||
	    read(idle->from, text, answer.length) != answer.length)
		return bench_missing(result, "the plain process does not answer");
	return answer.status ? bench_missing(result, "the plain process says %d",
					     answer.status) : 0;
}

static double in_process(struct result *result, void *data)
{
	double start = bench_now();

	if (ask(result, data, "write", AT_ONCE, NULL) ||
	    ask(result, data, "look", AT_ONCE, NULL))
		return -1;
	return 1 / (bench_now() - start);
}

static pid_t start_plain(struct result *result, struct idle *idle)
{
	int there[2], back[2];
	pid_t pid;

	if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
		return bench_missing(result, "no pipes");
	pid = fork();
	if (!pid) {
		dup2(there[0], STDIN_FILENO);
		dup2(back[1], STDOUT_FILENO);
		execl("build/bin/churn-plain", "churn-plain", NULL);
		_exit(127);
	}
	close(there[0]);
	close(back[1]);
	idle->to = there[1];
	idle->from = back[0];
	return pid > 0 ? pid : bench_missing(result, "no process");
}

static void measure_idle(struct result *result, bool quick)
{
	struct idle idle = { .guest.fd = -1, .to = -1, .from = -1 };
	int sm = world_sm(result, NULL);
	pid_t pid = -1;

	result->how = "work of an enclave that nobody moves over that of the very same objects linked into a plain process: " AT_ONCE " pages of " MIB_FILLED " MiB written and as many looked at, in two calls of the one and two requests through pipes of the other, both on one processor";
	signal(SIGPIPE, SIG_IGN);
	if (sm >= 0 && !bench_pin(result) &&
	    !world_guest(result, sm, NULL, "churn-64M", &idle.guest) &&
	    !world_call(result, &idle.guest, "fill", MIB_FILLED, "1", NULL))
		pid = start_plain(result, &idle);
	if (pid > 0 && !ask(result, &idle, "fill", MIB_FILLED, "1"))
		bench_pairs(result, quick ? 51 : 301, in_enclave, in_process,
			    &idle);
	bench_unpin();
	world_gone(&idle.guest);
	if (pid > 0) {
		close(idle.to);
		close(idle.from);
		waitpid(pid, NULL, 0);
	}
	if (sm >= 0)
		close(sm);
}

const struct figure figure_idle = {
	.name = "idle_throughput", .unit = "ratio", .goal = 0.995,
	.measure = measure_idle,
};
