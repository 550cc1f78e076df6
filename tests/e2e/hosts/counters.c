// SPDX-License-Identifier: GPL-2.0-only
/*
 * Monotonic counters, as the vault uses them: they survive their enclave, go
 * along with it, and make an old export worthless.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "carry.h"
#include "cases.h"
#include "crash.h"
#include "vaults.h"

static struct host alpha, beta;
static struct work work;

static const struct identity vault = { VAULT, 1, 1, NULL };

static void put(const struct host *host, const char *value)
{
	work_prepare(&work, "put", "a", value, NULL);
	expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error);
	expect(!work.status, "put: status %d", work.status);
}

static unsigned long version(const struct host *host)
{
	return vault_number(&work, host, "version");
}

static void start(void)
{
	work_init(&work);
	vault_start(&work, &alpha, &vault);
}

static void restart(const struct host *host)
{
	work_destroy(&work, host);
	vault_start(&work, host, &vault);
}

static void move(const struct host *from, const struct host *to)
{
	struct carry carry;

	carry_init(&carry, &work, from, to, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
}

static void outlives_its_enclave(void)
{
	struct export export;

	start();
	expect(!version(&alpha), "a new workload begins at %s", work.answer);
	for (int i = 0; i < 3; i++) {
		export = vault_export(&work, &alpha);
		vault_forget(&export);
	}
	expect(version(&alpha) == 3, "after three exports: %s", work.answer);
	restart(&alpha);
	expect(version(&alpha) == 3, "after a new start: %s", work.answer);
	work_destroy(&work, &alpha);
}

static void is_the_workloads_own(void)
{
	struct work other;
	struct export export;

	start();
	export = vault_export(&work, &alpha);
	vault_forget(&export);
	work_init(&other);
	vault_start(&other, &alpha, &vault);
	expect(!vault_number(&other, &alpha, "version"),
	       "another one begins at %s", other.answer);
	export = vault_export(&other, &alpha);
	expect_import(&work, &alpha, &export, -EPERM, NULL);
	vault_forget(&export);
	work_destroy(&other, &alpha);
	work_destroy(&work, &alpha);
}

/* Attack 20: yesterday's export is put back. */
static void old_export(void)
{
	struct export old, last;

	start();
	put(&alpha, "old");
	old = vault_export(&work, &alpha);
	put(&alpha, "last");
	last = vault_export(&work, &alpha);
	expect_import(&work, &alpha, &old, -ESTALE, "last");
	restart(&alpha);
	expect_import(&work, &alpha, &old, -ESTALE, NULL);
	expect_import(&work, &alpha, &last, 0, "last");
	vault_forget(&old);
	vault_forget(&last);
	work_destroy(&work, &alpha);
}

/* Attack 21: it is not reset where it arrives, nor where it comes back to. */
static void moves_along(void)
{
	struct export old, last;

	start();
	put(&alpha, "old");
	old = vault_export(&work, &alpha);
	move(&alpha, &beta);
	expect(version(&beta) == 1, "at beta: %s", work.answer);
	put(&beta, "last");
	last = vault_export(&work, &beta);
	expect(version(&beta) == 2, "an export at beta: %s", work.answer);
	vault_forget(&last);
	move(&beta, &alpha);
	expect(version(&alpha) == 2, "back at alpha: %s", work.answer);
	expect_import(&work, &alpha, &old, -ESTALE, "last");
	restart(&alpha);
	expect(version(&alpha) == 2, "a new start at alpha: %s", work.answer);
	expect_import(&work, &alpha, &old, -ESTALE, NULL);
	vault_forget(&old);
	work_destroy(&work, &alpha);
}

/* A migration that was given up has taken nothing away. */
static void stays_after_an_abort(void)
{
	struct carry carry;
	struct export export;

	start();
	export = vault_export(&work, &alpha);
	vault_forget(&export);
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	carry_end(&carry);
	expect(version(&alpha) == 1, "afterwards: %s", work.answer);
	export = vault_export(&work, &alpha);
	vault_forget(&export);
	expect(version(&alpha) == 2, "and on: %s", work.answer);
	work_destroy(&work, &alpha);
}

#define ADDITIONS	60

/* A pause may come in the middle of any of them. */
static void once_for_each_call(void)
{
	start();
	vault_do(&work, &alpha, "protect", "1");
	for (int i = 1; i <= ADDITIONS; i++) {
		int rc;

		work_prepare(&work, "add", "n", NULL);
		rc = work_ask(&work, &alpha, 1);
		expect(!rc || rc == -ETIMEDOUT, "%s", work.error.text);
		expect_ok(work_pause(&work, &alpha), &work.error);
		expect_ok(work_resume(&work, &alpha), &work.error);
		expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
		expect(!work.status, "addition %d: status %d", i, work.status);
	}
	expect(version(&alpha) == ADDITIONS, "%d additions: %s", ADDITIONS,
	       work.answer);
	work_destroy(&work, &alpha);
}

/* Between one batch and the next an export is no older than its changes. */
static void protects_batches(void)
{
	struct export export;

	start();
	vault_do(&work, &alpha, "protect", "8");
	for (int i = 0; i < 16; i++)
		put(&alpha, "x");
	expect(version(&alpha) == 2, "two batches: %s", work.answer);
	export = vault_export(&work, &alpha);
	expect_import(&work, &alpha, &export, 0, "x");
	put(&alpha, "y");
	expect_import(&work, &alpha, &export, -ESTALE, "y");
	vault_forget(&export);
	work_destroy(&work, &alpha);
}

/* The version that a batch adds ahead is the next batch's, or the next export's. */
static void adds_ahead(void)
{
	struct export export;

	start();
	vault_do(&work, &alpha, "protect", "12");
	for (int i = 0; i < 12; i++)
		put(&alpha, "x");
	expect(version(&alpha) == 1, "one batch: %s", work.answer);
	put(&alpha, "x");
	expect(version(&alpha) == 2, "and one put: %s", work.answer);
	for (int i = 0; i < 5; i++)
		put(&alpha, "y");
	move(&alpha, &beta);
	expect(version(&beta) == 2, "at beta: %s", work.answer);
	export = vault_export(&work, &beta);
	expect(version(&beta) == 3, "an export: %s", work.answer);
	expect_import(&work, &beta, &export, 0, "y");
	restart(&beta);
	expect_import(&work, &beta, &export, 0, "y");
	vault_forget(&export);
	work_destroy(&work, &beta);
}

/*
 * On a full disk a vault changes something, and with it its version. It has answered
 * when this returns, and only the caller does not know it.
 */
static void change_on_full_disk(struct machine *machine)
{
	int rc;

	machine_boot(machine, "alpha", false);
	work_init(&work);
	vault_start(&work, &machine->host, &vault);
	vault_do(&work, &machine->host, "protect", "1");
	put(&machine->host, "first");
	machine_fill(machine);
	work_prepare(&work, "put", "a", "second", NULL);
	do
		rc = work_ask(&work, &machine->host, 1);
	while (rc == -ETIMEDOUT && work_info(&work, &machine->host).pending);
	expect_refusal(work_ask(&work, &machine->host, 1), ETIMEDOUT,
		       &work.error, "repeat the call");
}

/*
 * Attack 21: the power is cut between an addition and the disk. Whoever was told of
 * the new version would be told of the old one now.
 */
static void answer_before_the_disk(void)
{
	struct machine machine;

	change_on_full_disk(&machine);
	machine_crash(&machine, false);
	vault_start(&work, &machine.host, &vault);
	expect(version(&machine.host) == 1, "after the power cut: %s",
	       work.answer);
	work_destroy(&work, &machine.host);
	machine_off(&machine);
}

static void answer_with_the_disk(void)
{
	struct machine machine;

	change_on_full_disk(&machine);
	machine_empty(&machine);
	expect_ok(work_ask(&work, &machine.host, PATIENCE_MS), &work.error);
	expect(!work.status, "put: status %d", work.status);
	machine_crash(&machine, false);
	vault_start(&work, &machine.host, &vault);
	expect(version(&machine.host) == 2, "after the power cut: %s",
	       work.answer);
	work_destroy(&work, &machine.host);
	machine_off(&machine);
}

/* No state that has seen an addition leaves before that is on the disk. */
static void state_with_the_disk(void)
{
	struct machine machine;
	struct carry carry;
	int fd, stream;
	FILE *null;

	change_on_full_disk(&machine);
	expect_ok(work_pause(&work, &machine.host), &work.error);
	fd = work_open(&work, &machine.host);
	null = fopen("/dev/null", "we");
	stream = rewire_enclave_extract(fd, &work.error);
	expect_refusal(rewire_stream_copy(stream, fileno(null), NULL,
					  &work.error), ENOSPC, &work.error,
		       "");
	close(stream);
	machine_empty(&machine);
	stream = rewire_enclave_extract(fd, &work.error);
	expect_ok(rewire_stream_copy(stream, fileno(null), NULL, &work.error),
		  &work.error);
	close(stream);
	close(fd);
	fclose(null);
	expect_ok(work_resume(&work, &machine.host), &work.error);
	expect_ok(work_ask(&work, &machine.host, PATIENCE_MS), &work.error);
	/* the answer that nobody has fetched yet goes along, with its counter */
	work_prepare(&work, "put", "a", "third", NULL);
	carry_init(&carry, &work, &machine.host, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_ACCEPT), &carry.error);
	while (work_ask(&work, &machine.host, 1) == -ETIMEDOUT &&
	       work_info(&work, &machine.host).pending)
		;
	expect_ok(carry_steps(&carry, STEP_ACCEPT + 1, STEP_RECEIPT),
		  &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(version(&beta) == 3, "at beta: %s", work.answer);
	work_destroy(&work, &beta);
	machine_off(&machine);
}

static const struct test_case cases[] = {
	{ "outlives its enclave", outlives_its_enclave },
	{ "is the workload's own", is_the_workloads_own },
	{ "attack_20_old_export", old_export },
	{ "attack_21_counter_moves_along", moves_along },
	{ "stays after an abort", stays_after_an_abort },
	{ "is added to once for each call", once_for_each_call },
	{ "protects batches", protects_batches },
	{ "adds ahead", adds_ahead },
	{ "attack_21_answer_before_the_disk", answer_before_the_disk },
	{ "answers with the disk", answer_with_the_disk },
	{ "attack_21_state_before_the_disk", state_with_the_disk },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
