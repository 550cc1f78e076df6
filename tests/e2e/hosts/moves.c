// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrations that go well, and what has to arrive with the enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"
#include "events.h"

#define VALUES		24
#define SMALL_LIMIT	(64 << 10)

static struct host alpha, beta, gamma;

static void move(struct work *work, const struct host *from,
		 const struct host *to)
{
	struct carry carry;

	carry_init(&carry, work, from, to, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, work);
	carry_end(&carry);
}

static void there_and_back(void)
{
	const struct host *at[] = { &alpha, &beta, &alpha, &beta };
	struct work work, late;

	work_start(&work, &alpha, "counter");
	for (int i = 0; i < 3; i++) {
		__u64 epoch = work_info(&work, at[i]).epoch;

		expect_counts(&work, at[i]);
		move(&work, at[i], at[i + 1]);
		expect(work_info(&work, at[i + 1]).epoch == epoch + 1,
		       "the epoch went from %llu to %llu", epoch,
		       work_info(&work, at[i + 1]).epoch);
		expect_only_at(&work, at[i + 1], at[i], EREMCHG);
		/* Nobody starts another one where it left. */
		late = work;
		expect_refusal(work_load(&late, at[i], "counter", "counter"),
			       EREMCHG, &late.error, "moved to another SM");
	}
	work_end(&work, &alpha, &beta);
}

/* Every byte value, lengths from none on, keys that are no text. */
static size_t make_value(int i, __u8 *value)
{
	size_t length = i * i * 7;

	for (size_t j = 0; j < length; j++)
		value[j] = i * 31 + j * 7 + j / 251;
	return length;
}

static void vault(void)
{
	__u8 value[8192];
	struct work before;
	struct work work;

	work_start(&work, &alpha, "vault");
	for (int i = 0; i < VALUES; i++) {
		const __u8 key[] = { i, 0, 0xff, '\n' };

		work_prepare(&work, "put", NULL);
		work_argument(&work, key, sizeof(key));
		work_argument(&work, value, make_value(i, value));
		expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
		expect(!work.status, "put: status %d", work.status);
	}
	work_prepare(&work, "digest", NULL);
	work_ask(&work, &alpha, PATIENCE_MS);
	before = work;
	move(&work, &alpha, &beta);
	for (int i = 0; i < VALUES; i++) {
		const __u8 key[] = { i, 0, 0xff, '\n' };
		size_t length = make_value(i, value);

		work_prepare(&work, "get", NULL);
		work_argument(&work, key, sizeof(key));
		expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
		expect(work.length == length &&
		       !memcmp(work.answer, value, length),
		       "value %d has %zu bytes, or others", i, work.length);
	}
	work_prepare(&work, "digest", NULL);
	work_ask(&work, &beta, PATIENCE_MS);
	expect(!strcmp((char *)work.answer, (char *)before.answer),
	       "%s is not %s", work.answer, before.answer);
	expect(!work_count(&work, &alpha), "alpha has it too");
	work_end(&work, &alpha, &beta);
}

/* In the middle of a request, with others behind it. */
static void with_calls_under_way(void)
{
	struct work work, second;
	struct carry carry;

	work_start(&work, &alpha, "counter");
	second = work;
	second.client[0] ^= 1;
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	work_busy(&work, &alpha, "spin", 1000000);
	work_prepare(&second, "add", "41", NULL);
	expect_refusal(work_ask(&second, &alpha, 50), ETIMEDOUT, &second.error,
		       "no answer yet");
	expect_ok(carry_steps(&carry, STEP_FREEZE, STEP_WRITE), &carry.error);
	expect(work_info(&work, &beta).pending == 2,
	       "%u calls arrived with it", work_info(&work, &beta).pending);
	expect_ok(carry_steps(&carry, STEP_READY, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_refusal(work_ask(&second, &alpha, PATIENCE_MS), EREMCHG,
		       &second.error, "");
	for (int i = 0; i < 2; i++) {
		expect_ok(work_ask(&second, &beta, PATIENCE_MS), &second.error);
		expect(!strcmp((char *)second.answer, "41\n"),
		       "the answer is %s", second.answer);
	}
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(!work.status && work.length > 3, "status %d", work.status);
	work.counter = 41;
	expect_only_at(&work, &beta, &alpha, EREMCHG);
	work_end(&work, &alpha, &beta);
}

/* Pages being written while it stops. */
static void churn(void)
{
	struct work work;

	work_start(&work, &alpha, "churn-4M");
	work_prepare(&work, "fill", "3", "7", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	work_prepare(&work, "dirty", "500", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	work_busy(&work, &alpha, "run", 100);
	move(&work, &alpha, &beta);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	work_prepare(&work, "verify", NULL);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(!work.status, "%s", work.answer);
	work_end(&work, &alpha, &beta);
}

/* Page faults of the enclave so far that need no disk: proc(5), stat, minflt. */
static unsigned long faults(struct work *work, const struct host *at)
{
	unsigned long count = 0;
	char path[64];
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%u/stat", work_info(work, at).pid);
	stat = fopen(path, "re");
	expect(stat && fscanf(stat, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %lu",
			      &count) == 1, "%s cannot be read", path);
	if (stat)
		fclose(stat);
	return count;
}

/* One fault for 2 MiB, before it moves and after; some pages lie beside these. */
static void large(void)
{
	const unsigned long most = 60 * 256 / 8;
	unsigned long before;
	struct work work;

	work_start(&work, &alpha, "churn-64M");
	before = faults(&work, &alpha);
	work_prepare(&work, "fill", "60", "7", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	expect(faults(&work, &alpha) - before < most,
	       "%lu faults to fill 60 MiB", faults(&work, &alpha) - before);
	move(&work, &alpha, &beta);
	before = faults(&work, &beta);
	work_prepare(&work, "verify", NULL);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(!work.status, "%s", work.answer);
	expect(faults(&work, &beta) - before < most,
	       "%lu faults to read it", faults(&work, &beta) - before);
	work_end(&work, &alpha, &beta);
}

static void two_of_one_measurement(void)
{
	struct carry carry[2];
	struct work work[2];

	for (int i = 0; i < 2; i++) {
		work_start(&work[i], &alpha, "counter");
		for (int n = 0; n <= i; n++)
			expect_counts(&work[i], &alpha);
		carry_init(&carry[i], &work[i], &alpha, &beta, LIFETIME_MS);
	}
	for (enum step step = STEP_OFFER; step < STEPS; step++)
		for (int i = 0; i < 2; i++)
			expect_ok(carry_step(&carry[i], step),
				  &carry[i].error);
	for (int i = 0; i < 2; i++) {
		carry_enter(&carry[i], &work[i]);
		carry_end(&carry[i]);
	}
	for (int i = 0; i < 2; i++)
		expect_only_at(&work[i], &beta, &alpha, EREMCHG);
	for (int i = 0; i < 2; i++)
		work_end(&work[i], &alpha, &beta);
}

/* Refused before anything is copied: the source was not even paused. */
static void too_large(void)
{
	struct rewire_get_info before = host_info(&gamma), after;
	struct carry carry;
	struct work work;

	work_start(&work, &alpha, "counter");
	carry_init(&carry, &work, &alpha, &gamma, LIFETIME_MS);
	expect_ok(carry_step(&carry, STEP_OFFER), &carry.error);
	expect_refusal(carry_step(&carry, STEP_ACCEPT), EDQUOT, &carry.error,
		       "would exceed the SM's limit of 65536");
	after = host_info(&gamma);
	expect(after.memory_used == before.memory_used && !after.sessions,
	       "%llu bytes are in use at the target", after.memory_used);
	expect(work_info(&work, &alpha).state == REWIRE_ENCLAVE_RUNNING,
	       "the source does not run");
	carry_end(&carry);
	expect_only_at(&work, &alpha, &gamma, ENOENT);
	work_end(&work, &alpha, &gamma);
}

static void nothing_left(void)
{
	const struct host *hosts[] = { &alpha, &beta };

	for (int i = 0; i < 2; i++) {
		struct rewire_get_info info = host_info(hosts[i]);

		expect(!info.memory_used && !info.enclaves && !info.sessions,
		       "%s: %llu bytes, %u enclaves, %u migrations",
		       hosts[i]->name, info.memory_used, info.enclaves,
		       info.sessions);
	}
}

struct trail {
	const __u8 *request;
	__u8 state[16];
	size_t length;
};

static void follow(const struct rewire_event *event, void *data)
{
	struct trail *trail = data;

	if (event->type == REWIRE_EVENT_TYPE_SESSION &&
	    !memcmp(event->request_id, trail->request, REWIRE_ID_SIZE) &&
	    trail->length < sizeof(trail->state))
		trail->state[trail->length++] = event->to;
}

static void expect_trail(struct carry *carry, const struct host *host,
			 const __u8 *states, size_t length)
{
	struct trail trail = { .request = carry->request.body.request.id };
	struct rewire_watch *watch;

	host_enter(host);
	if (!expect_ok(rewire_watch_open(0, &watch, &carry->error),
		       &carry->error))
		return;
	expect_ok(rewire_watch_read(watch, follow, &trail, &carry->error),
		  &carry->error);
	rewire_watch_close(watch);
	for (size_t i = 0; i < trail.length || i < length; i++)
		expect(i < trail.length && i < length &&
		       trail.state[i] == states[i], "%s: event %zu is %s",
		       host->name, i, i < trail.length ?
		       rewire_session_state_name(trail.state[i]) : "missing");
}

static void every_step_is_told(void)
{
	static const __u8 source[] = {
		REWIRE_SESSION_OFFERED, REWIRE_SESSION_AGREED,
		REWIRE_SESSION_FROZEN, REWIRE_SESSION_RELINQUISHED,
		REWIRE_SESSION_DESTROYED,
	};
	static const __u8 target[] = {
		REWIRE_SESSION_RECEIVING, REWIRE_SESSION_PREPARED,
		REWIRE_SESSION_ACTIVE, REWIRE_SESSION_ACTIVE,
	};
	struct carry carry;
	struct work work;

	work_start(&work, &alpha, "counter");
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	expect_trail(&carry, &alpha, source, sizeof(source));
	expect_trail(&carry, &beta, target, sizeof(target));
	expect_reason(&carry, &beta, REWIRE_SESSION_ACTIVE,
		      "the source is destroyed");
	carry_end(&carry);
	work_end(&work, &alpha, &beta);
}

static const struct test_case cases[] = {
	{ "attack_22_start_after_move, there and back", there_and_back },
	{ "vault with binary values", vault },
	{ "calls under way are answered once", with_calls_under_way },
	{ "churn writes its pages meanwhile", churn },
	{ "large ones have few page faults", large },
	{ "attack_25_two_of_one_measurement", two_of_one_measurement },
	{ "too large for the target", too_large },
	{ "every step is an event on its side", every_step_is_told },
	{ "nothing is left of it all", nothing_left },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	host_open(&gamma, "gamma", SMALL_LIMIT);
	return cases_run(cases, argc, argv);
}
