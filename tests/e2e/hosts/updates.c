// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software updates that go well, and those that are given up: who is the
 * instance, what state it has, and what callers see of it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "upgrade.h"

#define UNRULY		"unruly"

static struct host alpha;
static struct work work;
static struct upgrade upgrade;

static const struct edition one = { UNRULY, 1, 1, REWIRE_ATTR_STATE_HANDOVER };
static const struct edition two = { UNRULY, 1, 2, REWIRE_ATTR_STATE_HANDOVER };
static const struct edition two_anew = { UNRULY, 1, 2, REWIRE_ATTR_STATE_NONE };

static void start(void)
{
	work_init(&work);
	edition_start(&work, &alpha, &one);
	work.counter = 0;
	upgrade_make(&upgrade, &alpha, &two);
}

static void end(void)
{
	upgrade_free(&upgrade);
	work_destroy(&work, &alpha);
}

static int behave(const char *how)
{
	work_prepare(&work, "behave", how, NULL);
	return work_ask(&work, &alpha, PATIENCE_MS) ?: work.status;
}

static void expect_goes_on(const struct edition *edition)
{
	expect_edition(&work, &alpha, edition);
}

static void switches(void)
{
	start();
	expect_goes_on(&one);
	upgrade_all(&upgrade, &work);
	expect(upgrade.epoch > 1, "epoch %llu",
	       (unsigned long long)upgrade.epoch);
	/* the call that the old one answered, once more: nothing is done twice */
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	expect(strtoul((char *)work.answer, NULL, 10) == work.counter,
	       "%s instead of %lu", work.answer, work.counter);
	expect_goes_on(&two);
	expect_receipt(&upgrade, REWIRE_UPDATE_SWITCHED, &one, &two);
	end();
}

static void switches_volatile(void)
{
	start();
	upgrade.is_volatile = true;
	expect_goes_on(&one);
	upgrade_all(&upgrade, &work);
	expect_goes_on(&two);
	end();
}

static void starts_anew(void)
{
	work_init(&work);
	edition_start(&work, &alpha, &one);
	upgrade_make(&upgrade, &alpha, &two_anew);
	work.counter = 0;
	expect_goes_on(&one);
	upgrade_all(&upgrade, &work);
	work.counter = 0;
	expect_goes_on(&two);
	end();
}

/* Who holds a file of the old version speaks to the new one by it. */
static void old_files_follow(void)
{
	struct rewire_call call = { .timeout_ms = PATIENCE_MS };
	struct rewire_error error;
	struct rewire_args args;
	__u8 answer[64];
	int file;

	start();
	file = work_open(&work, &alpha);
	expect_goes_on(&one);
	upgrade_all(&upgrade, &work);
	memset(&args, 0, sizeof(args));
	rewire_args_add(&args, "get", 3);
	memcpy(call.client, work.client, REWIRE_ID_SIZE);
	call.sequence = ++work.sequence;
	call.input = (uintptr_t)args.data;
	call.input_length = args.length;
	call.output = (uintptr_t)answer;
	call.output_length = sizeof(answer);
	expect_ok(rewire_enclave_call(file, &call, &error), &error);
	expect(!call.status && answer[0] == '1', "the answer: %.*s",
	       (int)call.output_length, answer);
	close(file);
	end();
}

struct asker {
	struct work work;
	pthread_t thread;
	volatile bool stop;
	unsigned long answers;
	bool wrong;
};

static void *ask_on(void *data)
{
	struct asker *asker = data;

	host_enter(&alpha);
	while (!asker->stop) {
		work_prepare(&asker->work, "add", NULL);
		if (work_ask(&asker->work, &alpha, PATIENCE_MS) ||
		    asker->work.status ||
		    strtoul((char *)asker->work.answer, NULL, 10) !=
			    ++asker->answers) {
			asker->wrong = true;
			break;
		}
	}
	return NULL;
}

/* Callers see a pause: no error, no answer twice, none left out. */
static void callers_see_a_pause(void)
{
	static struct asker asker;
	struct rewire_update_info info;

	start();
	memset(&asker, 0, sizeof(asker));
	asker.work = work;
	rewire_id_random(asker.work.client, &asker.work.error);
	asker.work.sequence = 0;
	if (pthread_create(&asker.thread, NULL, ask_on, &asker))
		tap_bail("no thread");
	upgrade_all(&upgrade, &work);
	info = upgrade_info(&upgrade);
	expect(info.pause_us > 0, "calls did not wait");
	asker.stop = true;
	pthread_join(asker.thread, NULL);
	expect(!asker.wrong, "after %lu answers: %s (status %d, %s)",
	       asker.answers, asker.work.answer, asker.work.status,
	       asker.work.error.text);
	expect(asker.answers > 0, "nobody asked");
	work.counter = asker.answers;
	expect_goes_on(&two);
	end();
}

/* Given up after each step: the old one goes on, and the same package may be
 * used again unless it was on trial.
 */
static void cancelled_anywhere(void)
{
	for (enum upgrade_step last = 0; last < UPGRADE_SWITCH; last++) {
		int again;

		start();
		expect_goes_on(&one);
		expect_ok(upgrade_steps(&upgrade, &work, 0, last),
			  &upgrade.error);
		expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
			  &upgrade.error);
		expect_goes_on(&one);
		expect_receipt(&upgrade, REWIRE_UPDATE_ABORTED, &one, &two);
		close(upgrade.update);
		again = upgrade_step(&upgrade, &work, UPGRADE_BEGIN);
		if (last < UPGRADE_TRIAL)
			expect_ok(again, &upgrade.error);
		else
			expect_refusal(again, ESTALE, &upgrade.error,
				       "was used on this workload before");
		if (!case_is_good())
			tap_note("given up after %s", upgrade_step_name[last]);
		end();
	}
}

/* The helper is gone after each step. */
static void helper_gone_anywhere(void)
{
	for (enum upgrade_step last = 0; last < UPGRADE_SWITCH; last++) {
		start();
		expect_goes_on(&one);
		expect_ok(upgrade_steps(&upgrade, &work, 0, last),
			  &upgrade.error);
		close(upgrade.update);
		upgrade.update = -1;
		expect_goes_on(&one);
		if (!case_is_good())
			tap_note("gone after %s", upgrade_step_name[last]);
		end();
	}
}

static void nobody_hurries(void)
{
	start();
	upgrade.order->words.package.trial_ms = 1500;
	upgrade_sign(&upgrade);
	expect_goes_on(&one);
	expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_TRIAL),
		  &upgrade.error);
	expect(upgrade_becomes(&upgrade, REWIRE_UPDATE_ABORTED),
	       "the deadline does not come");
	expect(upgrade_info(&upgrade).error == ETIMEDOUT, "error %u",
	       upgrade_info(&upgrade).error);
	expect_goes_on(&one);
	end();
}

/* It was started, and told how: what comes of it? */
static void expect_misbehaves(const char *how, enum upgrade_step where,
			      int code)
{
	int rc;

	if (!expect(!behave(how), "behave %s: %s", how, work.answer))
		return end();
	expect_ok(upgrade_steps(&upgrade, &work, 0, where - 1), &upgrade.error);
	rc = where == UPGRADE_HANDOVER ?
		     rewire_update_hand_over(upgrade.update, 2000,
					     &upgrade.error) :
		     rewire_update_ask_health(upgrade.update, 2000,
					      &upgrade.error);
	expect(rc == -code, "%s at %s: %s instead of %s: %s", how,
	       upgrade_step_name[where], strerrorname_np(-rc),
	       strerrorname_np(code), upgrade.error.text);
	expect(upgrade_becomes(&upgrade, REWIRE_UPDATE_ABORTED),
	       "%s: it is not given up", how);
	expect_goes_on(&one);
	if (!case_is_good())
		tap_note("%s: %s", how, upgrade.error.text);
	end();
}

/* attack_16_install_fails_late and what else a version may do wrong. */
static void misbehaves(const char *how, enum upgrade_step where, int code)
{
	start();
	expect_goes_on(&one);
	expect_misbehaves(how, where, code);
}

/* What the old one exports is of no use to the new one, or never ends. */
static void wrong_state(void)
{
	/* how an unruly one begins what it exports, and how long that is */
	static const __u64 magic = 0x796c75726e75;
	static __u8 bytes[32768];
	static const struct {
		size_t length;
		bool right;	/* in its beginning */
		int code;
	} states[] = {
		{ 0, true, ECANCELED }, { 1, true, ECANCELED },
		{ sizeof(magic), true, ECANCELED }, { 47, true, ECANCELED },
		{ 48, false, ECANCELED }, { 49, true, EBADMSG },
		{ sizeof(bytes), false, ECANCELED },
		{ sizeof(bytes), true, EBADMSG },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		start();
		expect_goes_on(&one);
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, &magic, sizeof(magic));
		bytes[0] ^= !states[i].right;
		work_prepare(&work, "give", NULL);
		work_argument(&work, bytes, states[i].length);
		expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
		expect_misbehaves("export-given", UPGRADE_HANDOVER,
				  states[i].code);
		if (!case_is_good())
			tap_note("%zu bytes", states[i].length);
	}
	misbehaves("export-two-formats", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("export-endless", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("export-on-and-on", UPGRADE_HANDOVER, ETIMEDOUT);
}

/* Whatever both ask of the SM in between, it stands, and the old one goes on. */
static void both_babble(void)
{
	for (int i = 0; i < 6; i++) {
		start();
		expect_goes_on(&one);
		expect(!behave("babble"), "behave: %s", work.answer);
		expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_ENTER),
			  &upgrade.error);
		/* it may well say that it is done */
		if (!rewire_update_hand_over(upgrade.update, 5000,
					     &upgrade.error))
			rewire_update_give_up(upgrade.update, &upgrade.error);
		expect(upgrade_becomes(&upgrade, REWIRE_UPDATE_ABORTED),
		       "it is not given up");
		expect_goes_on(&one);
		end();
	}
}

static void old_version_misbehaves(void)
{
	misbehaves("export-fail", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("export-garbage", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("export-nothing", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("old-sdk", UPGRADE_HANDOVER, ECANCELED);
}

static void new_version_misbehaves(void)
{
	misbehaves("import-reject", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("import-less", UPGRADE_HANDOVER, EBADMSG);
	misbehaves("import-hang", UPGRADE_HANDOVER, ETIMEDOUT);
	misbehaves("import-crash", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("import-exit", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("import-fail", UPGRADE_HANDOVER, ECANCELED);
	misbehaves("health-hang", UPGRADE_HEALTH, ETIMEDOUT);
	misbehaves("health-crash", UPGRADE_HEALTH, ECANCELED);
	misbehaves("health-exit", UPGRADE_HEALTH, ECANCELED);
	misbehaves("health-fail", UPGRADE_HEALTH, ECANCELED);
}

/* The steps have an order, and what they rest on. */
static void out_of_order(void)
{
	start();
	expect_ok(upgrade_step(&upgrade, &work, UPGRADE_BEGIN),
		  &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_ENTER), EBADFD,
		       &upgrade.error, "LOADING");
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_HANDOVER), EBADFD,
		       &upgrade.error, "LOADING");
	expect_ok(upgrade_step(&upgrade, &work, UPGRADE_LOAD), &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_HANDOVER), EBADFD,
		       &upgrade.error, "the new version is READY");
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_ENTER,
				UPGRADE_HANDOVER), &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_TRIAL), EAGAIN,
		       &upgrade.error, "checkpoint");
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_SEAL_NEW), EBADFD,
		       &upgrade.error, "HANDED");
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_HEALTH), EBADFD,
		       &upgrade.error, "HANDED");
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_SEAL_OLD,
				UPGRADE_TRIAL), &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_SWITCH), EAGAIN,
		       &upgrade.error, "well");
	expect_ok(upgrade_step(&upgrade, &work, UPGRADE_HEALTH),
		  &upgrade.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_SWITCH), EAGAIN,
		       &upgrade.error, "checkpoint");
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_SEAL_NEW,
				UPGRADE_SWITCH), &upgrade.error);
	expect_refusal(rewire_update_give_up(upgrade.update, &upgrade.error),
		       EBADFD, &upgrade.error, "SWITCHED");
	expect_goes_on(&two);
	end();
}

/* Attack 17: no effect leaves a version that is on trial. */
static void output_in_trial(void)
{
	start();
	expect(!behave("effects"), "behave: %s", work.answer);
	expect_ok(upgrade_steps(&upgrade, &work, 0, UPGRADE_HEALTH),
		  &upgrade.error);
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_SEAL_NEW,
				UPGRADE_SWITCH), &upgrade.error);
	work_prepare(&work, "report", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	expect(strstr((char *)work.answer,
		      "import: add -1, read 0, value 0, answered 0"),
	       "effects: %s", work.answer);
	expect(strstr((char *)work.answer,
		      "health: add -1, read 0, value 0, answered 0"),
	       "effects: %s", work.answer);
	expect_goes_on(&two);
	end();
}

static const struct test_case cases[] = {
	{ "the new version takes over", switches },
	{ "without checkpoints", switches_volatile },
	{ "without a state", starts_anew },
	{ "files of the old version lead to the new one", old_files_follow },
	{ "callers see a pause and nothing else", callers_see_a_pause },
	{ "cancelled after each step: the old one goes on", cancelled_anywhere },
	{ "the helper goes after each step: the old one goes on",
	  helper_gone_anywhere },
	{ "the deadline comes: the old one goes on", nobody_hurries },
	{ "attack_16_old_version_misbehaves", old_version_misbehaves },
	{ "attack_16_wrong_state", wrong_state },
	{ "both versions call the SM with anything", both_babble },
	{ "attack_16_new_version_misbehaves", new_version_misbehaves },
	{ "each step waits for what it rests on", out_of_order },
	{ "attack_17_output_in_trial", output_in_trial },
	{ 0 },
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	return cases_run(cases, argc, argv);
}
