// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a pause takes while the enclave computes.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAUSES		1000
#define TIMEOUT_MS	60000

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Somebody has to wait for the answer of a call that will not come. */
static pid_t keep_busy(struct guest *guest)
{
	struct result ignored = { .runs = 0 };
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	world_call(&ignored, guest, "spin", "1000000000000", NULL);
	_exit(1);
}

/* From the moment the enclave has taken the call it computes for hours. */
static int await_busy(struct result *result, struct guest *guest)
{
	struct rewire_enclave_info info = { .pending = 0 };
	struct rewire_error err;

	while (!info.pending)
		if (rewire_enclave_get_info(guest->fd, &info, &err))
			return bench_missing(result, "%s", err.text);
	return 0;
}

static int one_run(struct result *result, struct guest *guest)
{
	static double took[PAUSES];
	struct rewire_error err;
	double start;

	for (unsigned int i = 0; i < PAUSES; i++) {
		start = bench_now();
		if (rewire_enclave_pause(guest->fd, TIMEOUT_MS, &err))
			return bench_missing(result, "%s", err.text);
		took[i] = bench_now() - start;
		if (rewire_enclave_resume(guest->fd, &err))
			return bench_missing(result, "%s", err.text);
	}
	qsort(took, PAUSES, sizeof(*took), compare);
	fprintf(stderr, "  p50 %.3f ms, p90 %.3f, p99 %.3f, longest %.3f\n",
		took[PAUSES / 2] * 1e3, took[PAUSES * 9 / 10] * 1e3,
		took[PAUSES * 99 / 100] * 1e3, took[PAUSES - 1] * 1e3);
	result->value[result->runs++] =
		took[PAUSES * 99 / 100] / took[PAUSES / 2];
	return 0;
}

static void measure(struct result *result, bool quick)
{
	unsigned int runs = quick ? 3 : 9;
	struct guest guest = { .fd = -1 };
	int sm = world_sm(result, NULL);
	pid_t busy = -1;

	result->how = "REWIRE_PAUSE of counter in its spin, 1,000 times each run, the 990th longest over the 500th";
	if (sm >= 0 && !world_guest(result, sm, NULL, "counter", &guest)) {
		busy = keep_busy(&guest);
		if (!await_busy(result, &guest))
			while (result->runs < runs && !one_run(result, &guest))
				;
	}
	if (busy > 0) {
		kill(busy, SIGKILL);
		waitpid(busy, NULL, 0);
	}
	world_gone(&guest);
	if (sm >= 0)
		close(sm);
}

const struct figure figure_pause = {
	.name = "pause_p99_vs_p50", .unit = "ratio", .goal = 3, .at_most = true,
	.measure = measure,
};
