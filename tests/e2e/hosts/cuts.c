// SPDX-License-Identifier: GPL-2.0-only
/*
 * The power fails in an update, after each step: what the journal and the
 * checkpoints on the disk make of it. A cell is one power cut, and the table at
 * the end counts what must not be: two versions that run, and a state that is gone.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "lives.h"
#include "upgrade.h"

static const struct edition one = { "unruly", 1, 1, REWIRE_ATTR_STATE_HANDOVER };
static const struct edition two = { "unruly", 1, 2, REWIRE_ATTR_STATE_HANDOVER };

static struct life life;
static struct work work;
static struct upgrade upgrade;

static unsigned int cells, forks, losses, excused;

static unsigned long number(const char *verb)
{
	work_prepare(&work, verb, NULL);
	if (!expect_ok(work_ask(&work, &life.host, PATIENCE_MS), &work.error))
		return 0;
	expect(!work.status, "%s: status %d", verb, work.status);
	return strtoul((char *)work.answer, NULL, 10);
}

static void begin(void)
{
	work_init(&work);
	edition_start(&work, &life.host, &one);
	upgrade_make(&upgrade, &life.host, &two);
	for (work.counter = 0; work.counter < 3; work.counter++)
		number("add");
}

/* One of the two from the disk: does it live, and has it the state? */
static bool comes_back(struct blob *blob, const struct edition *edition)
{
	int rc;

	if (!blob->length)
		return false;
	rc = blob_restore(blob, &life.host, &upgrade.error);
	if (rc) {
		expect(rc == -ESTALE || rc == -EEXIST, "release %llu: %s",
		       (unsigned long long)edition->release,
		       upgrade.error.text);
		return false;
	}
	expect(number("get") == work.counter, "%s instead of %lu", work.answer,
	       work.counter);
	expect(work_info(&work, &life.host).release == edition->release,
	       "release %llu",
	       (unsigned long long)work_info(&work, &life.host).release);
	return true;
}

/* The last record of the journal did not get to the disk. */
static void lose_record(void)
{
	const struct rewire_journal_record *record;
	size_t length, at = 0, last = 0;
	struct rewire_journal_info info;
	struct rewire_error error;
	__u8 *data;

	if (rewire_sm_journal_info(life.host.sm, &info, &error))
		tap_bail("%s", error.text);
	data = life_read(life.journal, info.active, &length);
	while (at < info.bytes) {
		last = at;
		record = (const struct rewire_journal_record *)(data + at);
		at += sizeof(*record) + (record->length + 7) / 8 * 8 +
		      REWIRE_MAC_SIZE;
	}
	life_write(life.journal, info.active, data, last);
	free(data);
}

/*
 * Whatever order they are tried in: at most one version lives. One does unless
 * nothing was on the disk yet, as with any workload that just runs.
 */
static void judge(const char *when, bool new_first, bool expect_new)
{
	bool has_copy = upgrade.ckpt[0].length || upgrade.ckpt[1].length;
	bool old = false, new = false;

	for (int i = 0; i < 2; i++) {
		if (i != new_first)
			old = comes_back(&upgrade.ckpt[0], &one);
		else
			new = comes_back(&upgrade.ckpt[1], &two);
	}
	cells++;
	forks += old && new;
	excused += !has_copy;
	losses += has_copy && !old && !new;
	expect(!(old && new), "%s: both live", when);
	expect(!has_copy || old || new, "%s: none lives", when);
	expect(!new || expect_new, "%s: the new version, not switched", when);
	expect(!old || !expect_new, "%s: the old version, after the switch",
	       when);
}

/* What was used up stays so; what was not can be tried again. */
static void expect_package(enum upgrade_step last)
{
	struct rewire_error error;
	int update;

	if (!upgrade.ckpt[0].length)
		return;
	update = rewire_update_start(life.host.sm, upgrade.order, work.id,
				     false, NULL, &error);
	if (last < UPGRADE_TRIAL)
		expect_ok(update, &error);
	else
		expect_refusal(update, ESTALE, &error, "");
	if (update >= 0)
		close(update);
}

static void cut_after(enum upgrade_step last, bool new_first)
{
	int before;

	begin();
	expect_ok(upgrade_steps(&upgrade, &work, 0, last), &upgrade.error);
	/* SWITCHED is written, and that the new one runs is not: then it might */
	if (last == UPGRADE_SWITCH)
		lose_record();
	before = upgrade.update;
	upgrade.update = -1;
	life_restart(&life);
	judge(upgrade_step_name[last], new_first, last == UPGRADE_SWITCH);
	expect_package(last);
	if (before >= 0)
		close(before);
	work_destroy(&work, &life.host);
	upgrade_free(&upgrade);
}

/* After it was given up: the old one ran on, and what it did counts. */
static void cut_after_abort(enum upgrade_step last)
{
	int before;

	begin();
	expect_ok(upgrade_steps(&upgrade, &work, 0, last), &upgrade.error);
	expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
		  &upgrade.error);
	number("add");
	before = upgrade.update;
	upgrade.update = -1;
	life_restart(&life);
	cells++;
	/* it ran on: what is on the disk is a step back, and nobody's */
	expect(!comes_back(&upgrade.ckpt[0], &one), "a step back");
	expect(!comes_back(&upgrade.ckpt[1], &two),
	       "the version that was given up");
	if (before >= 0)
		close(before);
	upgrade_free(&upgrade);
}

static void after_each_step(void)
{
	for (enum upgrade_step last = 0; last < UPGRADE_STEPS; last++) {
		cut_after(last, false);
		cut_after(last, true);
		if (!case_is_good())
			tap_note("the power failed after %s",
				 upgrade_step_name[last]);
	}
}

static void after_each_abort(void)
{
	for (enum upgrade_step last = UPGRADE_HANDOVER; last < UPGRADE_SWITCH;
	     last++)
		cut_after_abort(last);
}

/*
 * Once the new one runs, what is on the disk is a step back: as with any workload
 * that runs. But the version floor and the package's end stay.
 */
static void after_it_ran(void)
{
	int before;

	begin();
	expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_SWITCH),
		  &upgrade.error);
	number("add");
	expect_ok(rewire_sm_compact(life.host.sm, &upgrade.error),
		  &upgrade.error);
	before = upgrade.update;
	upgrade.update = -1;
	life_restart(&life);
	cells++;
	expect(!comes_back(&upgrade.ckpt[0], &one), "the old version");
	expect(!comes_back(&upgrade.ckpt[1], &two), "a step back");
	expect_refusal(edition_try(&work, &life.host, &one), ESTALE,
		       &work.error, "below the floor");
	edition_start(&work, &life.host, &two);
	work_destroy(&work, &life.host);
	close(before);
	upgrade_free(&upgrade);
}

/* A compaction in the middle keeps all that counts. */
static void after_compaction(void)
{
	struct rewire_error error;
	int before;

	for (enum upgrade_step last = UPGRADE_SEAL_OLD; last < UPGRADE_SWITCH;
	     last++) {
		begin();
		expect_ok(upgrade_steps(&upgrade, &work, 0, last),
			  &upgrade.error);
		expect_ok(rewire_sm_compact(life.host.sm, &error), &error);
		before = upgrade.update;
		upgrade.update = -1;
		life_restart(&life);
		judge(upgrade_step_name[last], last % 2, false);
		expect_package(last);
		if (before >= 0)
			close(before);
		work_destroy(&work, &life.host);
		upgrade_free(&upgrade);
	}
}

/* What it was told before, it says after a restart. */
static void receipts_last(void)
{
	const enum upgrade_step ends[] = { UPGRADE_TRIAL, UPGRADE_SWITCH };

	for (size_t i = 0; i < 2; i++) {
		begin();
		expect_ok(upgrade_steps(&upgrade, &work, 0, ends[i]),
			  &upgrade.error);
		close(upgrade.update);
		life_restart(&life);
		upgrade.update = rewire_update_open(life.host.sm, upgrade.id,
						    &upgrade.error);
		if (expect_ok(upgrade.update, &upgrade.error))
			expect_receipt(&upgrade, i ? REWIRE_UPDATE_SWITCHED :
					       REWIRE_UPDATE_ABORTED, &one,
				       &two);
		upgrade_free(&upgrade);
	}
}

static void table(void)
{
	tap_note("%u power cuts: %u forks, %u losses (%u before anything was on the disk)",
		 cells, forks, losses, excused);
	expect(cells && !forks && !losses, "forks or losses");
}

static const struct test_case cases[] = {
	{ "the power fails after each step: one of the two comes back",
	  after_each_step },
	{ "the power fails after an update was given up", after_each_abort },
	{ "the power fails after the new version ran", after_it_ran },
	{ "and with a journal that was compacted", after_compaction },
	{ "receipts outlive the SM", receipts_last },
	{ "no fork, no loss", table },
	{ 0 },
};

int main(int argc, char **argv)
{
	life_begin(&life, "alpha", REWIRE_PROVISION_UNWITNESSED);
	return cases_run(cases, argc, argv);
}
