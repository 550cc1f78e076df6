// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long computations with every register alive, disturbed in their middle: the
 * result is that of an undisturbed run, bit for bit.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"

#define LEAST_MS	1500	/* of an undisturbed run */
#define PAUSES		25
#define ROOM		(8 << 20)

static struct host alpha, beta;
static struct work work;

struct computation {
	const char *verb;
	unsigned long rounds;
	char result[8192];
};

static struct computation pi = { .verb = "pi" },
			  registers = { .verb = "registers" };

static void begin(const struct computation *computation)
{
	char rounds[32];

	snprintf(rounds, sizeof(rounds), "%lu", computation->rounds);
	work_prepare(&work, computation->verb, rounds, NULL);
	expect_refusal(work_ask(&work, &alpha, 20), ETIMEDOUT, &work.error,
		       "no answer yet");
}

static void end(const struct computation *computation,
		const struct host *host)
{
	expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error);
	expect(!work.status, "status %d", work.status);
	if (expect(!strcmp(computation->result, (char *)work.answer),
		   "%s is not what it was undisturbed", computation->verb))
		return;
	tap_note("undisturbed: %.300s", computation->result);
	tap_note("now:         %.300s", (char *)work.answer);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As many rounds as take long enough here to be disturbed in their middle. */
static void measure(struct computation *computation)
{
	long start, took = 0;
	char rounds[32];

	computation->rounds = 20000;
	for (;;) {
		snprintf(rounds, sizeof(rounds), "%lu", computation->rounds);
		work_prepare(&work, computation->verb, rounds, NULL);
		start = now_ms();
		if (work_ask(&work, &alpha, PATIENCE_MS) || work.status ||
		    work.length >= sizeof(computation->result))
			tap_bail("%s: %s", computation->verb, work.error.text);
		took = now_ms() - start;
		if (took >= LEAST_MS)
			break;
		computation->rounds *= took < LEAST_MS / 8 ? 8 : 2;
	}
	strcpy(computation->result, (char *)work.answer);
	tap_note("%s: %lu rounds in %ld ms", computation->verb,
		 computation->rounds, took);
}

/* Whether it was caught in the act. */
static bool under_way(const struct host *host)
{
	return work_info(&work, host).pending == 1;
}

static void paused(const struct computation *computation)
{
	int caught = 0;

	begin(computation);
	for (int i = 0; i < PAUSES && under_way(&alpha); i++) {
		if (!expect_ok(work_pause(&work, &alpha), &work.error))
			break;
		caught += under_way(&alpha);
		expect_ok(work_resume(&work, &alpha), &work.error);
		/* Let it go on a little, never the same amount. */
		usleep(1000 + 777 * i);
	}
	expect(caught >= 5, "it was paused %d times in its middle", caught);
	end(computation, &alpha);
}

static void checkpointed(const struct computation *computation)
{
	static __u8 blob[ROOM];
	size_t length = 0;
	ssize_t n;
	int fd, stream;

	begin(computation);
	expect_ok(work_pause(&work, &alpha), &work.error);
	expect(under_way(&alpha), "it was done already");
	fd = work_open(&work, &alpha);
	stream = rewire_enclave_extract(fd, &work.error);
	expect_ok(stream, &work.error);
	while ((n = read(stream, blob + length, sizeof(blob) - length)) > 0)
		length += n;
	close(stream);
	close(fd);
	expect_ok(work_destroy(&work, &alpha), &work.error);
	stream = rewire_reseal_open(alpha.sm, &work.error);
	expect_ok(stream, &work.error);
	for (size_t at = 0; at < length; at += n) {
		n = write(stream, blob + at, length - at);
		if (!expect(n > 0, "writing the checkpoint: %s",
			    strerror(errno)))
			break;
	}
	fd = rewire_stream_make_live(stream, NULL, NULL, &work.error);
	expect_ok(fd, &work.error);
	close(stream);
	expect(under_way(&alpha), "the call is not in the checkpoint");
	host_enter(&alpha);
	expect_ok(rewire_enclave_resume(fd, &work.error), &work.error);
	close(fd);
	end(computation, &alpha);
}

static void paused_pi(void)
{
	measure(&pi);
	paused(&pi);
}

static void paused_registers(void)
{
	measure(&registers);
	paused(&registers);
}

static void checkpointed_pi(void)
{
	checkpointed(&pi);
}

static void checkpointed_registers(void)
{
	checkpointed(&registers);
}

static void moved_registers(void)
{
	struct carry carry;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	begin(&registers);
	expect_ok(carry_steps(&carry, STEP_FREEZE, STEP_READ), &carry.error);
	expect(under_way(&alpha), "it was done already");
	expect_ok(carry_steps(&carry, STEP_WRITE, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	end(&registers, &beta);
	expect(!work_count(&work, &alpha), "alpha has it too");
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "paused in a floating-point loop", paused_pi },
	{ "paused with every register alive", paused_registers },
	{ "restored in a floating-point loop", checkpointed_pi },
	{ "restored with every register alive", checkpointed_registers },
	{ "moved with every register alive", moved_registers },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	work_start(&work, &alpha, "fpu");
	return cases_run(cases, argc, argv);
}
