// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls answered before, during and after a move, to a client who calls again as
 * soon as it was answered and follows the enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bind.h"
#include "client.h"
#include "curve.h"

#define AROUND_S	3	/* looked at before and after */
#define WRITES		2	/* pages, 20 times a second */
#define SAMPLES_PER_S	10
#define MAX_SAMPLES	8192
#define MAX_MARKS	4
#define MAX_RUNS	5

/**
 * struct sample - how many answers there were
 * @at: when
 * @answers: since the client began
 */
struct sample {
	double at;
	unsigned long answers;
};

/**
 * struct watch - one move, watched
 * @client: who calls
 * @sample: taken from @thread
 * @count: of them
 * @mark: what the helper told, and when
 * @marks: how many
 * @order: when the order was given
 * @stop: no more samples
 * @thread: takes them
 */
struct watch {
	struct client client;
	struct sample sample[MAX_SAMPLES];
	unsigned int count;
	struct { double at; const char *text; } mark[MAX_MARKS];
	unsigned int marks;
	double order;
	atomic_bool stop;
	pthread_t thread;
};

/**
 * struct moves - what was measured, once in a run
 * @done: it was
 * @during: calls a second from order to answer, over those before
 * @after: those afterwards, over those before
 * @runs: how many of each
 * @missing: why not; empty
 */
static struct moves {
	bool done;
	double during[MAX_RUNS], after[MAX_RUNS];
	unsigned int runs;
	char missing[256];
} moves;

/* The last one; for the curve. */
static struct watch watch;

static struct sample now(void)
{
	return (struct sample){ bench_now(),
				atomic_load(&watch.client.answers) };
}

static void *take_samples(void *data)
{
	(void)data;
	while (!atomic_load(&watch.stop) && watch.count < MAX_SAMPLES) {
		watch.sample[watch.count++] = now();
		usleep(1000000 / SAMPLES_PER_S);
	}
	return NULL;
}

static void heard(const struct rewire_ctl_answer *event, void *data)
{
	static const char *const names[] = { "FROZEN", "ACTIVE" };
	static struct result ignored;
	const struct pair *pair = data;

	for (size_t i = 0; i < 2; i++) {
		if (strcmp(event->event, names[i]) || watch.marks == MAX_MARKS)
			continue;
		watch.mark[watch.marks].at = bench_now();
		watch.mark[watch.marks++].text = names[i];
		if (i)
			bind_enclave(&ignored, pair, !pair->at);
	}
}

static double rate(struct sample from, struct sample to)
{
	return (double)(to.answers - from.answers) / (to.at - from.at);
}

static int measure_one(struct result *result, struct pair *pair)
{
	struct sample first, order, over, settled, last;
	double before;

	if (bind_busy(result))
		return -1;
	first = now();
	sleep(AROUND_S);
	order = now();
	bind_idle();
	if (pair_migrate(result, pair, false) < 0)
		return -1;
	over = now();
	if (bind_enclave(result, pair, pair->at) || bind_busy(result))
		return -1;
	settled = now();
	sleep(AROUND_S);
	last = now();
	bind_idle();
	watch.order = order.at;
	before = rate(first, order);
	if (before <= 0)
		return bench_missing(result, "no calls were answered");
	moves.during[moves.runs] = rate(order, over) / before;
	moves.after[moves.runs++] = rate(settled, last) / before;
	fprintf(stderr, "  calls a second: %.0f before, %.0f during, %.0f after\n",
		before, rate(order, over), rate(settled, last));
	return 0;
}

static int one_move(struct result *result, struct pair *pair)
{
	struct client writer;
	int ret;

	memset(&watch, 0, sizeof(watch));
	if (bind_all(result, pair))
		return -1;
	if (client_start(result, &watch.client, pair, 0, "look", 1))
		return -1;
	if (client_start(result, &writer, pair, CLIENT_WRITES_PER_S, "write",
			 WRITES)) {
		client_stop(&watch.client);
		return -1;
	}
	if (pthread_create(&watch.thread, NULL, take_samples, NULL)) {
		ret = bench_missing(result, "no thread");
	} else {
		ret = measure_one(result, pair);
		atomic_store(&watch.stop, true);
		pthread_join(watch.thread, NULL);
	}
	client_stop(&writer);
	client_stop(&watch.client);
	return ret || world_call(result, &pair->guest, "verify", NULL) ? -1 : 0;
}

static void measure_moves(bool quick)
{
	static struct result result;
	struct pair pair;

	if (moves.done)
		return;
	moves.done = true;
	result = (struct result){ .runs = 0 };
	if (!pair_open_size(&result, &pair, 64)) {
		pair.event = heard;
		pair.data = &pair;
		for (int i = 0; i < (quick ? 3 : MAX_RUNS); i++)
			if (one_move(&result, &pair))
				break;
		bind_undo();
	}
	pair_close(&pair);
	memcpy(moves.missing, result.missing, sizeof(moves.missing));
}

static void take(struct result *result, const double *values)
{
	if (moves.missing[0])
		bench_missing(result, "%s", moves.missing);
	memcpy(result->value, values, moves.runs * sizeof(*values));
	result->runs = moves.runs;
}

static void measure_during(struct result *result, bool quick)
{
	result->how = "calls answered in a second from the order of a move until the helper answers, pause included, over the 3 seconds before; a churn of 64 MiB, one client that has a page looked at and calls again at once, one that has 40 pages written each second. The enclave and its clients have one processor, the helpers the other, which something else keeps busy before and after";
	measure_moves(quick);
	take(result, moves.during);
}

static void measure_after(struct result *result, bool quick)
{
	result->how = "calls answered in a second in the 3 seconds after the same moves over the 3 seconds before; the client found the enclave at its new host by itself";
	measure_moves(quick);
	take(result, moves.after);
}

const struct figure figure_calls_during = {
	.name = "calls_during_vs_before", .unit = "ratio", .goal = NAN,
	.measure = measure_during,
};

const struct figure figure_calls_after = {
	.name = "calls_after_vs_before", .unit = "ratio", .goal = NAN,
	.measure = measure_after,
};

static void measure_curve(json_t *curves, struct result *result, bool quick)
{
	static const struct axis x = { "time since the order", "s", false };
	static const struct axis y = { "calls answered", "1/s", false };
	json_t *curve;

	measure_moves(quick);
	if (moves.missing[0]) {
		bench_missing(result, "%s", moves.missing);
		return;
	}
	curve = curve_new(curves, "calls_over_time",
			  "Calls to an enclave of 64 MiB that moves", &x, &y,
			  "One move, the last of those of calls_during_vs_before; answers counted ten times a second");
	for (unsigned int i = 1; i < watch.count; i++) {
		double calls = rate(watch.sample[i - 1], watch.sample[i]);

		curve_add(curve, "one client, one call at a time",
			  watch.sample[i - 1].at - watch.order, &calls, 1);
	}
	curve_mark(curve, 0, "order");
	for (unsigned int i = 0; i < watch.marks; i++)
		curve_mark(curve, watch.mark[i].at - watch.order,
			   watch.mark[i].text);
}

const struct sweep sweep_calls = {
	.name = "calls_over_time", .measure = measure_curve,
};
