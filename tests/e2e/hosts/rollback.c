// SPDX-License-Identifier: GPL-2.0-only
/*
 * Yesterday put back: journals, checkpoints, exports, instances that have moved;
 * and power cuts in the middle of what must not be forgotten.
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
#include "lives.h"
#include "vaults.h"

#define ALONE	REWIRE_PROVISION_UNWITNESSED

static struct life alpha, beta;
static struct work work;
static struct rewire_error error;

static void begin(void)
{
	life_begin(&alpha, "alpha", ALONE);
	life_begin(&beta, "beta", ALONE);
	work_start(&work, &alpha.host, "counter");
	expect_counts(&work, &alpha.host);
}

static void end(void)
{
	work_destroy(&work, &alpha.host);
	work_destroy(&work, &beta.host);
}

static void move(struct carry *carry, const struct life *from,
		 const struct life *to)
{
	carry_init(carry, &work, &from->host, &to->host, LIFETIME_MS);
	expect_ok(carry_steps(carry, STEP_OFFER, STEP_RECEIPT), &carry->error);
	carry_enter(carry, &work);
	carry_end(carry);
}

static struct blob checkpoint(const struct life *where)
{
	expect_ok(work_pause(&work, &where->host), &work.error);
	return blob_extract(&work, &where->host);
}

static void expect_start(const struct life *where, int code, const char *why)
{
	struct work other;
	int fd;

	work_init(&other);
	fd = work_load(&other, &where->host, "counter", "counter");
	if (code)
		expect_refusal(fd, code, &other.error, why);
	else if (expect_ok(fd, &other.error))
		close(fd);
}

/* Until the witness has remembered the latest head. */
static void witness(const struct life *life, struct memory *memory)
{
	expect_ok(life_witness(life, memory, &error), &error);
	expect_ok(life_witness(life, memory, &error), &error);
	expect(life_freshness(life) == REWIRE_FRESHNESS_WITNESSED,
	       "it is %s", rewire_freshness_name(life_freshness(life)));
}

static void nothing_before_a_witness(void)
{
	static const char why[] = "waits for a witness";
	struct memory memory = { 0 };
	struct blob blob;

	life_begin(&alpha, "alpha", 0);
	expect_start(&alpha, ENOLINK, why);
	witness(&alpha, &memory);
	work_start(&work, &alpha.host, "counter");
	blob = checkpoint(&alpha);
	life_restart(&alpha);
	expect_start(&alpha, ENOLINK, why);
	expect_refusal(blob_restore(&blob, &alpha.host, &work.error), ENOLINK,
		       &work.error, why);
	witness(&alpha, &memory);
	expect_ok(blob_restore(&blob, &alpha.host, &work.error), &work.error);
	expect_counts(&work, &alpha.host);
	blob_free(&blob);
	work_destroy(&work, &alpha.host);
}

/* As long as what the witness knows, or longer: each start is a record. */
static bool grow(struct life *life, const struct memory *memory)
{
	struct rewire_journal_info info;

	for (int i = 0; i < 32; i++) {
		if (rewire_sm_journal_info(life->host.sm, &info, &error))
			tap_bail("%s", error.text);
		if (info.sequence > memory->head.sequence)
			return true;
		life_restart(life);
	}
	return expect(false, "the journal does not grow");
}

/* With it an instance that has moved away would be back. */
static void journal_put_back(void)
{
	struct memory memory = { 0 };
	char yesterday[JOURNAL_PATH];
	struct blob blob;
	struct life old;
	struct carry carry;

	life_begin(&alpha, "alpha", 0);
	life_begin(&beta, "beta", ALONE);
	witness(&alpha, &memory);
	work_start(&work, &alpha.host, "counter");
	expect_counts(&work, &alpha.host);
	blob = checkpoint(&alpha);
	life_keep(&alpha, yesterday);
	expect_ok(work_resume(&work, &alpha.host), &work.error);
	move(&carry, &alpha, &beta);
	witness(&alpha, &memory);

	expect_ok(life_from(&old, "alpha", yesterday, 0, &error), &error);
	expect_refusal(life_witness(&old, &memory, &error), EUCLEAN, &error,
		       "it was rolled back");
	expect_refusal(blob_restore(&blob, &old.host, &work.error), ENOLINK,
		       &work.error, "waits for a witness");
	if (!grow(&old, &memory))
		return;
	expect_refusal(life_witness(&old, &memory, &error), EUCLEAN, &error,
		       "that this journal never had");
	expect(life_freshness(&old) == REWIRE_FRESHNESS_ROLLED_BACK,
	       "it is %s", rewire_freshness_name(life_freshness(&old)));
	expect_refusal(blob_restore(&blob, &old.host, &work.error), EUCLEAN,
		       &work.error, "rolled back");
	/* for good: asking again changes nothing */
	expect_refusal(life_witness(&old, &memory, &error), EUCLEAN, &error,
		       "rolled back");
	expect_counts(&work, &beta.host);
	expect(!work_count(&work, &old.host), "it lives twice");
	blob_free(&blob);
	end();
}

/* Two namespaces go on from one journal: the witness goes along with one. */
static void twins_of_one_journal(void)
{
	struct memory memory = { 0 };
	char kept[JOURNAL_PATH];
	struct blob blob;
	struct life twin;

	life_begin(&alpha, "alpha", 0);
	witness(&alpha, &memory);
	work_start(&work, &alpha.host, "counter");
	blob = checkpoint(&alpha);
	witness(&alpha, &memory);
	life_keep(&alpha, kept);
	expect_ok(life_from(&twin, "alpha", kept, 0, &error), &error);
	life_restart(&alpha);
	witness(&alpha, &memory);
	expect_ok(blob_restore(&blob, &alpha.host, &work.error), &work.error);
	expect_counts(&work, &alpha.host);
	expect_refusal(life_witness(&twin, &memory, &error), EUCLEAN, &error,
		       "the journal has");
	expect_refusal(blob_restore(&blob, &twin.host, &work.error), ENOLINK,
		       &work.error, "waits for a witness");
	if (grow(&twin, &memory))
		expect_refusal(life_witness(&twin, &memory, &error), EUCLEAN,
			       &error, "never had");
	expect_refusal(blob_restore(&blob, &twin.host, &work.error), EUCLEAN,
		       &work.error, "rolled back");
	expect(!work_count(&work, &twin.host), "it lives twice");
	expect_counts(&work, &alpha.host);
	blob_free(&blob);
	work_destroy(&work, &alpha.host);
}

static void old_checkpoint(void)
{
	struct blob old, last;

	begin();
	old = checkpoint(&alpha);
	expect_ok(work_resume(&work, &alpha.host), &work.error);
	expect_counts(&work, &alpha.host);
	last = checkpoint(&alpha);
	life_restart(&alpha);
	expect_refusal(blob_restore(&old, &alpha.host, &work.error), ESTALE,
		       &work.error, "the state is of epoch");
	expect_ok(blob_restore(&last, &alpha.host, &work.error), &work.error);
	expect_only_at(&work, &alpha.host, &beta.host, ENOENT);
	/* and once only */
	life_restart(&alpha);
	expect_refusal(blob_restore(&last, &alpha.host, &work.error), ESTALE,
		       &work.error, "the state is of epoch");
	expect(!work_count(&work, &alpha.host), "it came back twice");
	blob_free(&old);
	blob_free(&last);
	end();
}

static void counter_after_restart(void)
{
	static const struct identity vault = { VAULT, 1, 1, NULL };
	struct export old, last;
	struct carry carry;

	life_begin(&alpha, "alpha", ALONE);
	life_begin(&beta, "beta", ALONE);
	work_init(&work);
	vault_start(&work, &alpha.host, &vault);
	vault_do(&work, &alpha.host, "policy", "workload");
	old = vault_export(&work, &alpha.host);
	last = vault_export(&work, &alpha.host);
	life_restart(&alpha);
	vault_start(&work, &alpha.host, &vault);
	expect(vault_number(&work, &alpha.host, "version") == 2,
	       "after a restart: %s", work.answer);
	expect(vault_import(&work, &alpha.host, &old) == -ESTALE,
	       "the old export opens");
	expect(vault_import(&work, &alpha.host, &last) >= 0,
	       "the last export does not open");
	move(&carry, &alpha, &beta);
	life_restart(&beta);
	life_restart(&alpha);
	vault_start(&work, &beta.host, &vault);
	expect(vault_number(&work, &beta.host, "version") == 2,
	       "at the target after a restart: %s", work.answer);
	vault_forget(&old);
	vault_forget(&last);
	end();
}

static void start_after_move(void)
{
	struct carry carry;
	struct blob blob;
	struct work late;

	begin();
	blob = checkpoint(&alpha);
	move(&carry, &alpha, &beta);
	life_restart(&alpha);
	late = work;
	expect_refusal(work_load(&late, &alpha.host, "counter", "counter"),
		       EREMCHG, &late.error, "moved to another SM");
	expect_refusal(blob_restore(&blob, &alpha.host, &work.error), ESTALE,
		       &work.error, "moved to another SM");
	expect_refusal(blob_restore(&blob, &beta.host, &work.error), EBADMSG,
		       &work.error, "record 0 was changed");
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	blob_free(&blob);
	end();
}

static void first_blob_after_return(void)
{
	struct blob first, last;
	struct carry carry;

	begin();
	first = checkpoint(&alpha);
	move(&carry, &alpha, &beta);
	expect_counts(&work, &beta.host);
	move(&carry, &beta, &alpha);
	expect_counts(&work, &alpha.host);
	last = checkpoint(&alpha);
	life_restart(&alpha);
	expect_refusal(blob_restore(&first, &alpha.host, &work.error), ESTALE,
		       &work.error, "the state is of epoch");
	expect_ok(blob_restore(&last, &alpha.host, &work.error), &work.error);
	expect_only_at(&work, &alpha.host, &beta.host, EREMCHG);
	blob_free(&first);
	blob_free(&last);
	end();
}

/* The target's host keeps the image, and has its SM forget the migration. */
static void image_of_an_aborted_move(void)
{
	struct blob blob;
	struct carry carry;
	struct host fresh;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	expect_ok(blob_seal(&blob, carry.in, &carry.error), &carry.error);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	carry_end(&carry);
	host_open(&fresh, "beta", 0);
	expect_refusal(blob_restore(&blob, &fresh, &work.error), ESTALE, &work.error,
		       "a migration that did not end here");
	expect_only_at(&work, &alpha.host, &fresh, ENOENT);
	blob_free(&blob);
	end();
}

/* A source remembers what it promised, and forgets nothing of the way there. */
static void promise_after_restart(void)
{
	struct carry carry;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READY), &carry.error);
	expect_ok(carry_get(&carry, carry.out, REWIRE_MSG_START), &carry.error);
	life_restart(&alpha);
	close(carry.out);
	carry.out = rewire_session_open(alpha.host.sm,
					carry.request.body.request.id,
					REWIRE_SIDE_SOURCE, &carry.error);
	expect_ok(carry.out, &carry.error);
	expect(carry_state(&carry, carry.out) == REWIRE_SESSION_RELINQUISHED,
	       "the source is %s",
	       rewire_session_state_name(carry_state(&carry, carry.out)));
	expect_refusal(carry_abort(&carry, carry.out), EBADFD, &carry.error,
		       "not for a migration that is RELINQUISHED");
	expect_refusal(work_load(&work, &alpha.host, "counter", "counter"),
		       EEXIST, &work.error, "the workload lives here");
	expect_ok(carry_steps(&carry, STEP_START, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	end();
}

/* A target that gave up does not go on with it after a restart. */
static void abort_after_restart(void)
{
	struct carry carry;
	struct message start;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_READY), &carry.error);
	expect_ok(carry_get(&carry, carry.out, REWIRE_MSG_START), &carry.error);
	start = carry.said[REWIRE_MSG_START];
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	expect_ok(carry_put(&carry, carry.out,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	expect_aborted(&carry, carry.out);
	life_restart(&beta);
	close(carry.in);
	carry.in = rewire_session_open(beta.host.sm,
				       carry.request.body.request.id,
				       REWIRE_SIDE_TARGET, &carry.error);
	expect_ok(carry.in, &carry.error);
	expect_refusal(carry_put(&carry, carry.in, &start), EBADFD,
		       &carry.error, "not for a migration that is ABORTED");
	carry_end(&carry);
	expect_only_at(&work, &alpha.host, &beta.host, EREMCHG);
	end();
}

static void reopen_target(struct carry *carry)
{
	close(carry->in);
	carry->in = rewire_session_open(beta.host.sm,
					carry->request.body.request.id,
					REWIRE_SIDE_TARGET, &carry->error);
	expect(carry->in >= 0, "%s", carry->error.text);
}

/* A helper is killed while it reads or writes a checkpoint: the next begins anew. */
static void checkpoint_cut_off(void)
{
	struct rewire_get_info before;
	struct carry carry;
	struct blob blob;
	char some[1000];
	bool rounds;
	int fd;

	begin();
	carry_init(&carry, &work, &alpha.host, &beta.host, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	fd = rewire_session_checkpoint(carry.in, &rounds, &carry.error);
	expect(read(fd, some, sizeof(some)) == sizeof(some),
	       "no checkpoint to read");
	close(fd);
	reopen_target(&carry);
	if (!expect_ok(blob_seal(&blob, carry.in, &carry.error), &carry.error))
		return;

	life_restart(&beta);
	reopen_target(&carry);
	before = host_info(&beta.host);
	expect_ok(carry_write(&carry, blob.bytes, blob.length / 2),
		  &carry.error);
	expect(host_info(&beta.host).memory_used > before.memory_used,
	       "half an image takes no memory");
	reopen_target(&carry);
	expect(host_info(&beta.host).memory_used == before.memory_used,
	       "half an image is left behind");
	expect_ok(carry_write(&carry, blob.bytes, blob.length), &carry.error);
	expect_ok(carry_get(&carry, carry.in, REWIRE_MSG_READY), &carry.error);
	expect_ok(carry_steps(&carry, STEP_READY, STEP_RECEIPT), &carry.error);
	carry_enter(&carry, &work);
	carry_end(&carry);
	expect_only_at(&work, &beta.host, &alpha.host, EREMCHG);
	blob_free(&blob);
	end();
}

static const struct test_case cases[] = {
	{ "attack_20_nothing_before_a_witness", nothing_before_a_witness },
	{ "attack_20_journal_put_back", journal_put_back },
	{ "attack_20_checkpoint_after_restart", old_checkpoint },
	{ "attack_21_counter_after_restart", counter_after_restart },
	{ "attack_22_start_after_move_and_restart", start_after_move },
	{ "attack_22_image_of_an_aborted_move", image_of_an_aborted_move },
	{ "attack_23_first_blob_after_return_and_restart",
	  first_blob_after_return },
	{ "attack_24_twins_of_one_journal", twins_of_one_journal },
	{ "attack_33_promise_after_restart", promise_after_restart },
	{ "attack_31_abort_after_restart", abort_after_restart },
	{ "a checkpoint whose helper was killed halfway", checkpoint_cut_off },
	{ 0 }
};

int main(int argc, char **argv)
{
	return cases_run(cases, argc, argv);
}
