// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an update ends, for good: which version may live afterwards, on this host
 * and on the next, what others are told of it, and what is on paper. And what
 * else may have the workload meanwhile.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"
#include "crash.h"
#include "lives.h"
#include "upgrade.h"

#define UNRULY		"unruly"
#define HANDOVER	REWIRE_ATTR_STATE_HANDOVER
#define ALONE		REWIRE_PROVISION_UNWITNESSED
#define STRIDE		7

static struct life alpha, beta;
static struct work work;
static struct upgrade upgrade;
static struct rewire_error error;

static const struct edition one = { UNRULY, 1, 1, HANDOVER };
static const struct edition two = { UNRULY, 1, 2, HANDOVER };
static const struct edition three = { UNRULY, 1, 3, HANDOVER };
static const struct edition other = { UNRULY, 2, 4, HANDOVER };

static void start_at(const struct host *host)
{
	work_init(&work);
	edition_start(&work, host, &one);
	work.counter = 0;
	expect_edition(&work, host, &one);
	upgrade_make(&upgrade, host, &two);
}

static void start(void)
{
	life_begin(&alpha, "alpha", ALONE);
	life_begin(&beta, "beta", ALONE);
	start_at(&alpha.host);
}

static void end(void)
{
	upgrade_free(&upgrade);
	work_destroy(&work, &alpha.host);
	work_destroy(&work, &beta.host);
}

static void turn_to(const struct host *host, const struct edition *edition)
{
	upgrade_free(&upgrade);
	upgrade_make(&upgrade, host, edition);
}

static void steps(enum upgrade_step from, enum upgrade_step to)
{
	expect_ok(upgrade_steps(&upgrade, &work, from, to), &upgrade.error);
}

static void restart(struct life *life)
{
	life_restart(life);
	if (upgrade.update >= 0)
		close(upgrade.update);
	upgrade.update = -1;
}

static void expect_no_start(const struct host *host,
			    const struct edition *edition, int code,
			    const char *why)
{
	expect_refusal(edition_try(&work, host, edition), code, &work.error,
		       why);
}

static void expect_no_restore(const struct host *host, const struct blob *blob,
			      int code, const char *why)
{
	expect_refusal(blob_restore(blob, host, &work.error), code, &work.error,
		       why);
}

/* ---- attack 10: the floor ---- */

/* Nothing of the workload lives there: what may? */
static void expect_floor_of_three(const struct host *host)
{
	expect_no_start(host, &two, ESTALE, "below the floor, 3");
	expect_no_start(host, &one, ESTALE, "below the floor, 3");
	expect_no_start(host, &other, EPERM, "other software");
	expect(!work_count(&work, host), "something lives");
	edition_start(&work, host, &three);
	work.counter = 0;
	expect_edition(&work, host, &three);
	turn_to(host, &two);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_BEGIN), ESTALE,
		       &upgrade.error, "release 2 after 3");
}

static void switch_to_three(void)
{
	start();
	turn_to(&alpha.host, &three);
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha.host, &three);
}

static void floor_here(void)
{
	switch_to_three();
	work_destroy(&work, &alpha.host);
	expect_floor_of_three(&alpha.host);
	restart(&alpha);
	expect_floor_of_three(&alpha.host);
	end();
}

static void move(struct carry *carry, const struct life *from,
		 const struct life *to)
{
	carry_init(carry, &work, &from->host, &to->host, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, STEP_RECEIPT), &carry->error);
	carry_enter(carry, &work);
	carry_end(carry);
}

/* It goes along with the workload. */
static void floor_elsewhere(void)
{
	struct carry carry;

	switch_to_three();
	move(&carry, &alpha, &beta);
	expect_edition(&work, &beta.host, &three);
	turn_to(&beta.host, &two);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_BEGIN), ESTALE,
		       &upgrade.error, "release 2 after 3");
	work_destroy(&work, &beta.host);
	expect_floor_of_three(&beta.host);
	restart(&beta);
	expect_floor_of_three(&beta.host);
	end();
}

/* What came to nothing left the floor where it was. */
static void floor_stays(void)
{
	start();
	turn_to(&alpha.host, &three);
	steps(0, UPGRADE_SEAL_NEW);
	expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
		  &upgrade.error);
	expect_edition(&work, &alpha.host, &one);
	work_destroy(&work, &alpha.host);
	edition_start(&work, &alpha.host, &one);
	restart(&alpha);
	edition_start(&work, &alpha.host, &one);
	work.counter = 0;
	turn_to(&alpha.host, &two);
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha.host, &two);
	end();
}

/* ---- attacks 16, 18 and 20: which of the two ---- */

static void switch_without_health(void)
{
	start();
	steps(0, UPGRADE_TRIAL);
	steps(UPGRADE_SEAL_NEW, UPGRADE_SEAL_NEW);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_SWITCH), EAGAIN,
		       &upgrade.error, "has not said that it is well");
	expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
		  &upgrade.error);
	expect_edition(&work, &alpha.host, &one);
	end();
}

static void old_version_in_trial(void)
{
	start();
	steps(0, UPGRADE_SEAL_NEW);
	expect_no_start(&alpha.host, &one, EEXIST, "the workload lives here");
	expect_no_start(&alpha.host, &two, EEXIST, "the workload lives here");
	for (int i = 0; i < 2; i++)
		expect_no_restore(&alpha.host, &upgrade.ckpt[i], ESTALE,
				  "that an update did not end with");
	steps(UPGRADE_SWITCH, UPGRADE_SWITCH);
	expect_edition(&work, &alpha.host, &two);
	end();
}

static void old_version_after_switch(void)
{
	start();
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha.host, &two);
	for (int i = 0; i < 3; i++) {
		/* it lives; it is gone; nobody remembers but the journal */
		if (i == 1)
			work_destroy(&work, &alpha.host);
		else if (i == 2)
			restart(&alpha);
		expect_no_start(&alpha.host, &one, ESTALE, "below the floor");
		expect_no_restore(&alpha.host, &upgrade.ckpt[0], ESTALE,
				  "that an update did not end with");
		expect(work_count(&work, &alpha.host) == !i, "there are %u",
		       work_count(&work, &alpha.host));
	}
	end();
}

/* The new one has run on since its checkpoint; so has the old one, later. */
static void checkpoints_outdated(void)
{
	start();
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha.host, &two);
	work_destroy(&work, &alpha.host);
	expect_no_restore(&alpha.host, &upgrade.ckpt[1], ESTALE,
			  "the state is of epoch");
	restart(&alpha);
	expect_no_restore(&alpha.host, &upgrade.ckpt[1], ESTALE,
			  "the state is of epoch");
	upgrade_free(&upgrade);

	for (enum upgrade_step last = UPGRADE_SEAL_OLD; last < UPGRADE_SWITCH;
	     last++) {
		start_at(&alpha.host);
		steps(0, last);
		expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
			  &upgrade.error);
		expect_edition(&work, &alpha.host, &one);
		work_destroy(&work, &alpha.host);
		/* given up before its trial, it is nobody's; else it is old */
		expect_no_restore(&alpha.host, &upgrade.ckpt[0], ESTALE,
				  last < UPGRADE_TRIAL ? "" :
				  "the state is of epoch");
		if (upgrade.ckpt[1].bytes)
			expect_no_restore(&alpha.host, &upgrade.ckpt[1], ESTALE,
					  "that an update did not end with");
		upgrade_free(&upgrade);
	}
	end();
}

/* ---- attack 19: what others are told ---- */

static struct rewire_claims claims_of(int file)
{
	static const __u8 nonce[REWIRE_NONCE_SIZE] = { 3 };
	struct rewire_claims claims = { 0 };
	struct rewire_token token;

	if (expect_ok(rewire_evidence_get(file, true, nonce, sizeof(nonce),
					  &token, &error), &error))
		expect_ok(rewire_evidence_verify(token.bytes, token.length,
						 E2E_PKI "/platform.crt",
						 &claims, &error), &error);
	return claims;
}

static void expect_told(int file, const __u8 *measurement, __u64 svn)
{
	struct rewire_claims claims = claims_of(file);

	expect(!memcmp(claims.measurement, measurement, REWIRE_DIGEST_SIZE) &&
	       claims.svn == svn, "evidence is of SVN %llu",
	       (unsigned long long)claims.svn);
}

static void evidence(void)
{
	static const struct edition old = { "vault", 1, 1, 0 };
	static const struct edition new = { "vault-8M", 1, 2, 0 };
	static const __u8 nonce[REWIRE_NONCE_SIZE] = { 3 };
	const struct rewire_manifest *manifest;
	struct rewire_enclave_info info;
	struct rewire_token token;
	int before, trial, after;

	life_begin(&alpha, "alpha", ALONE);
	life_begin(&beta, "beta", ALONE);
	work_init(&work);
	edition_start(&work, &alpha.host, &old);
	upgrade_make(&upgrade, &alpha.host, &new);
	manifest = &upgrade.order->words.manifest.body.manifest;
	info = work_info(&work, &alpha.host);
	before = work_open(&work, &alpha.host);
	expect_told(before, info.measurement, 1);
	steps(0, UPGRADE_ENTER);
	trial = rewire_update_open_enclave(upgrade.update, &upgrade.error);
	expect_ok(trial, &upgrade.error);
	for (enum upgrade_step step = UPGRADE_HANDOVER; step < UPGRADE_SWITCH;
	     step++) {
		expect_refusal(rewire_evidence_get(trial, true, nonce,
						   sizeof(nonce), &token,
						   &error), EBUSY, &error,
			       "it is on trial");
		steps(step, step);
	}
	steps(UPGRADE_SWITCH, UPGRADE_SWITCH);
	expect_told(trial, manifest->measurement, 2);
	after = work_open(&work, &alpha.host);
	expect_told(after, manifest->measurement, 2);
	expect_refusal(rewire_evidence_get(before, true, nonce, sizeof(nonce),
					   &token, &error), EBADFD, &error,
		       "not the instance of its workload now");
	close(before);
	close(trial);
	close(after);
	end();
}

/* ---- one thing at a time ---- */

static void migration_first(void)
{
	struct carry carry;

	start();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_BEGIN), EBUSY,
		       &upgrade.error, "a migration has it");
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &alpha.host, &two);
	end();
}

static void update_first(void)
{
	struct upgrade second;
	struct carry carry;

	start();
	upgrade_make(&second, &alpha.host, &three);
	for (enum upgrade_step step = 0; step < UPGRADE_SWITCH; step++) {
		steps(step, step);
		carry_init(&carry, &work, &alpha.host, &beta.host,
			   LIFETIME_MS);
		expect_refusal(carry_step(&carry, STEP_OFFER), EBUSY,
			       &carry.error, "an update has it");
		carry_end(&carry);
		expect_refusal(upgrade_step(&second, &work, UPGRADE_BEGIN),
			       EBUSY, &second.error, "an update has it");
		expect_refusal(work_pause(&work, &alpha.host), EBUSY,
			       &work.error, "an update has it");
		expect_refusal(work_destroy(&work, &alpha.host), EBUSY,
			       &work.error, "an update has it");
	}
	steps(UPGRADE_SWITCH, UPGRADE_SWITCH);
	upgrade_free(&second);
	expect_edition(&work, &alpha.host, &two);
	move(&carry, &alpha, &beta);
	expect_edition(&work, &beta.host, &two);
	turn_to(&beta.host, &three);
	upgrade_all(&upgrade, &work);
	expect_edition(&work, &beta.host, &three);
	move(&carry, &beta, &alpha);
	expect_edition(&work, &alpha.host, &three);
	end();
}

/* ---- the disk is full ---- */

static __u64 memory_used(const struct host *host)
{
	return host_info(host).memory_used;
}

/* A handover that cannot be written down begins nothing, and takes no more at each try. */
static void handover_tried_again(struct machine *machine)
{
	__u64 used = 0;

	machine_fill(machine);
	for (int i = 0; i < 4; i++) {
		expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_HANDOVER),
			       ENOSPC, &upgrade.error, "journal file");
		expect(upgrade_info(&upgrade).state == REWIRE_UPDATE_LOADED,
		       "it is in state %u", upgrade_info(&upgrade).state);
		if (!i)
			used = memory_used(&machine->host);
		expect(memory_used(&machine->host) == used,
		       "try %d: %llu bytes are in use, %llu after the first",
		       i + 1, (unsigned long long)memory_used(&machine->host),
		       (unsigned long long)used);
	}
	machine_empty(machine);
}

static void full_disk(void)
{
	struct machine machine;
	__u64 used;

	machine_boot(&machine, "alpha", false);
	used = memory_used(&machine.host);
	start_at(&machine.host);
	upgrade.order->words.package.trial_ms = 10 * TRIAL_MS;
	upgrade_sign(&upgrade);
	steps(0, UPGRADE_ENTER);
	handover_tried_again(&machine);
	steps(UPGRADE_HANDOVER, UPGRADE_SEAL_OLD);
	machine_fill(&machine);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_TRIAL), ENOSPC,
		       &upgrade.error, "journal file");
	expect(upgrade_info(&upgrade).state == REWIRE_UPDATE_HANDED,
	       "it is in state %u", upgrade_info(&upgrade).state);
	machine_empty(&machine);
	steps(UPGRADE_TRIAL, UPGRADE_SEAL_NEW);
	machine_fill(&machine);
	expect_refusal(upgrade_step(&upgrade, &work, UPGRADE_SWITCH), ENOSPC,
		       &upgrade.error, "journal file");
	expect(upgrade_info(&upgrade).state == REWIRE_UPDATE_TRIAL,
	       "it is in state %u", upgrade_info(&upgrade).state);
	machine_empty(&machine);
	steps(UPGRADE_SWITCH, UPGRADE_SWITCH);
	expect_edition(&work, &machine.host, &two);

	turn_to(&machine.host, &three);
	upgrade.order->words.package.trial_ms = 10 * TRIAL_MS;
	upgrade_sign(&upgrade);
	steps(0, UPGRADE_SEAL_NEW);
	machine_fill(&machine);
	expect_refusal(rewire_update_give_up(upgrade.update, &upgrade.error),
		       ENOSPC, &upgrade.error, "journal file");
	expect(upgrade_info(&upgrade).state == REWIRE_UPDATE_TRIAL,
	       "it is in state %u", upgrade_info(&upgrade).state);
	machine_empty(&machine);
	expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
		  &upgrade.error);
	expect_edition(&work, &machine.host, &two);
	upgrade_free(&upgrade);
	work_destroy(&work, &machine.host);
	work_destroy(&machine.spare, &machine.host);
	expect(memory_used(&machine.host) == used,
	       "%llu bytes are in use, %llu before",
	       (unsigned long long)memory_used(&machine.host),
	       (unsigned long long)used);
	machine_off(&machine);
}

/* ---- receipts ---- */

struct paper {
	__u8 bytes[REWIRE_MAX_UPDATE_RECEIPT];
	size_t length;
	struct rewire_update_receipt receipt;
};

static int paper_check(const struct paper *paper,
		       struct rewire_update_receipt *receipt)
{
	return rewire_update_receipt_verify(paper->bytes, paper->length,
					    E2E_PKI "/platform.crt", receipt,
					    &error);
}

static struct paper paper_of(void)
{
	struct paper paper = { .length = sizeof(paper.bytes) };

	if (expect_ok(rewire_update_read_receipt(upgrade.update, paper.bytes,
						 &paper.length, &error),
		      &error))
		expect_ok(paper_check(&paper, &paper.receipt), &error);
	return paper;
}

static void expect_no_flip(struct paper *paper, size_t at)
{
	struct rewire_update_receipt receipt;
	int rc;

	paper->bytes[at] ^= 1;
	rc = paper_check(paper, &receipt);
	expect(rc == -EBADMSG || rc == -EKEYREJECTED, "byte %zu: %s", at,
	       rc ? error.text : "not refused");
	paper->bytes[at] ^= 1;
}

static void expect_in_journal(const struct paper *paper, const char *journal,
			      int found)
{
	size_t length;
	__u8 *data = life_read(journal, 0, &length);
	int rc = rewire_update_receipt_in_journal(&paper->receipt, data, length,
						  &error);

	free(data);
	expect(rc == found, "in the journal: %d, not %d: %s", rc, found,
	       rc < 0 ? error.text : "");
}

/* The same word after a restart; the journal of before has no such record. */
static void expect_lasting(const struct paper *paper, const char *before,
			   __u32 state)
{
	struct paper again;

	expect_in_journal(paper, alpha.journal, 1);
	expect_in_journal(paper, before, 0);
	restart(&alpha);
	upgrade.update = rewire_update_open(alpha.host.sm, upgrade.id, &error);
	if (!expect_ok(upgrade.update, &error))
		return;
	again = paper_of();
	expect(again.length == paper->length &&
	       !memcmp(again.bytes, paper->bytes, paper->length),
	       "another receipt after a restart");
	expect_in_journal(&again, alpha.journal, 1);
	expect_receipt(&upgrade, state, &one, &two);
}

static void receipts(void)
{
	char before[JOURNAL_PATH];
	struct paper paper, forged;

	start();
	life_keep(&alpha, before);
	steps(0, UPGRADE_SEAL_NEW);
	expect_refusal(rewire_update_read_receipt(upgrade.update, paper.bytes,
						  &(size_t){ sizeof(paper.bytes) },
						  &error), EBADFD, &error,
		       "not for an update that is TRIAL");
	steps(UPGRADE_SWITCH, UPGRADE_SWITCH);
	paper = paper_of();
	expect_lasting(&paper, before, REWIRE_UPDATE_SWITCHED);
	for (size_t at = 0; at < sizeof(struct rewire_update_receipt); at++)
		expect_no_flip(&paper, at);
	for (size_t at = sizeof(struct rewire_update_receipt);
	     at < paper.length; at += STRIDE)
		expect_no_flip(&paper, at);
	/* properly signed by somebody, and of another record */
	forged = paper;
	forged.receipt.head[0] ^= 1;
	expect_in_journal(&forged, alpha.journal, 0);
	forged = paper;
	forged.receipt.sequence--;
	expect_in_journal(&forged, alpha.journal, 0);
	end();

	start();
	life_keep(&alpha, before);
	steps(0, UPGRADE_HEALTH);
	expect_ok(rewire_update_give_up(upgrade.update, &upgrade.error),
		  &upgrade.error);
	paper = paper_of();
	expect(paper.receipt.error == ECANCELED &&
	       !strcmp(paper.receipt.reason, "cancelled"), "it says %u, %s",
	       paper.receipt.error, paper.receipt.reason);
	expect_lasting(&paper, before, REWIRE_UPDATE_ABORTED);
	end();
}

static const struct test_case cases[] = {
	{ "attack_10_floor_after_the_switch", floor_here },
	{ "attack_10_floor_after_a_migration", floor_elsewhere },
	{ "attack_16_floor_after_an_abort", floor_stays },
	{ "attack_16_switch_without_health", switch_without_health },
	{ "attack_18_old_version_in_trial", old_version_in_trial },
	{ "attack_18_old_version_after_the_switch", old_version_after_switch },
	{ "attack_20_checkpoints_of_an_update", checkpoints_outdated },
	{ "attack_19_evidence", evidence },
	{ "an update waits for a migration", migration_first },
	{ "a migration waits for an update", update_first },
	{ "the disk is full", full_disk },
	{ "attack_43_receipt_of_an_update", receipts },
	{ 0 }
};

int main(int argc, char **argv)
{
	return cases_run(cases, argc, argv);
}
