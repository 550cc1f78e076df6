// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enclaves with threads: all of them stand in a pause, all of them are there after
 * a move, and none is there that the manifest or the SM knows nothing of.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "blob.h"
#include "carry.h"
#include "cases.h"
#include "lives.h"
#include "upgrade.h"

#define ALL		8	/* with the first, one that spins, two in a deadlock */

static struct host alpha, beta;
static struct work work;
static unsigned long jobs;

static bool ask(const struct host *host, const char *verb, const char *argument)
{
	work_prepare(&work, verb, argument, NULL);
	return expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error) &&
	       expect(!work.status, "%s: %d %s", verb, work.status,
		      (char *)work.answer);
}

static bool says(const char *text)
{
	return expect(!strcmp((char *)work.answer, text), "it says %s, not %s",
		      (char *)work.answer, text);
}

static int load(const char *manifest)
{
	int fd;

	jobs = 0;
	work_init(&work);
	fd = work_load(&work, &alpha, "crew", manifest);
	if (fd < 0)
		tap_bail("%s", work.error.text);
	return fd;
}

static int enter(const struct host *host)
{
	int fd = work_open(&work, host), rc;

	host_enter(host);
	rc = fd < 0 ? fd : rewire_enclave_enter(fd, PATIENCE_MS, NULL,
						&work.error);
	close(fd);
	return rc;
}

static void start(const char *manifest)
{
	int fd = load(manifest);

	if (enter(&alpha))
		tap_bail("%s", work.error.text);
	close(fd);
}

/* As many as there may be: some work, one spins, two wait for each other. */
static void hire_all(void)
{
	ask(&alpha, "deadlock", NULL);
	ask(&alpha, "hire", "4");
	ask(&alpha, "spin", NULL);
	expect(work_info(&work, &alpha).threads == ALL, "it has %u threads",
	       work_info(&work, &alpha).threads);
}

static void start_all(void)
{
	start("crew");
	hire_all();
}

static void end(void)
{
	work_end(&work, &alpha, &beta);
}

/* Each job was done once, by whichever thread, with its registers as they were. */
static void expect_done(const struct host *host)
{
	unsigned long n = jobs;
	char text[128];

	ask(host, "sums", NULL);
	snprintf(text, sizeof(text), "put %lu done %lu sum %lu squares %lu\n", n,
		 n, n * (n + 1) / 2, n * (n + 1) * (2 * n + 1) / 6);
	says(text);
}

static void add(const struct host *host, unsigned long count)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", count);
	ask(host, "add", text);
	jobs += count;
}

/* The queue is full and the workers are at it when this returns. */
static void add_busily(const struct host *host)
{
	work_busy(&work, host, "add", 512);
}

/* Its answer, late, and how many jobs there were in all of work_busy()'s calls. */
static void add_answered(const struct host *host)
{
	if (expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error) &&
	    expect(sscanf((char *)work.answer, "put %lu", &jobs) == 1,
		   "add says %s", (char *)work.answer))
		expect(jobs > 512, "%lu jobs", jobs);
}

/* Until the process is in that state, as /proc has it. */
static void await_state(pid_t pid, char state)
{
	char path[32], now = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		FILE *file = fopen(path, "r");

		if (!expect(file != NULL, "the process is gone"))
			return;
		if (fscanf(file, "%*d (%*[^)]) %c", &now) != 1)
			now = 0;
		fclose(file);
	} while (now != state);
}

/* All threads of start_all() are where they were, and go on. */
static void expect_all(const struct host *host)
{
	struct rewire_enclave_info info = work_info(&work, host);

	expect(info.state == REWIRE_ENCLAVE_RUNNING && info.threads == ALL,
	       "at %s it is %s with %u threads", host->name,
	       rewire_enclave_state_name(info.state), info.threads);
	ask(host, "turn", NULL);
	says("turning\n");
	ask(host, "stuck", NULL);
	says("2 held, stuck\n");
	add(host, 200);
	expect_done(host);
}

static void go_on_after_a_pause(void)
{
	start_all();
	add_busily(&alpha);
	/* the next pause comes before all have noticed that the last is over */
	for (int i = 0; i < 5; i++) {
		expect_ok(work_pause(&work, &alpha), &work.error);
		expect_ok(work_resume(&work, &alpha), &work.error);
	}
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

/* Stopped by a job control that knows of nothing, while they stand. */
static void stopped_in_a_pause(void)
{
	pid_t pid;

	start_all();
	add_busily(&alpha);
	expect_ok(work_pause(&work, &alpha), &work.error);
	pid = (pid_t)work_info(&work, &alpha).pid;
	kill(pid, SIGSTOP);
	await_state(pid, 'T');
	kill(pid, SIGCONT);
	await_state(pid, 'S');
	expect_ok(work_resume(&work, &alpha), &work.error);
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

static void restored_from_a_checkpoint(void)
{
	struct blob blob;

	start_all();
	add_busily(&alpha);
	expect_ok(work_pause(&work, &alpha), &work.error);
	blob = blob_extract(&work, &alpha);
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_ok(blob_restore(&blob, &alpha, &work.error), &work.error);
	add_answered(&alpha);
	expect_all(&alpha);
	blob_free(&blob);
	end();
}

static void expect_no_process(void)
{
	for (int i = 0; i < PATIENCE_MS / 10 && work_info(&work, &alpha).pid; i++)
		usleep(10000);
	expect(!work_info(&work, &alpha).pid, "its process is still there");
}

/* Paused, and its process is killed. */
static void leave_the_image_alone(void)
{
	expect_ok(work_pause(&work, &alpha), &work.error);
	kill((pid_t)work_info(&work, &alpha).pid, SIGKILL);
	expect_no_process();
}

static void in_another_process(void)
{
	start_all();
	add_busily(&alpha);
	leave_the_image_alone();
	expect_ok(enter(&alpha), &work.error);
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

static void move(const struct host *from, const struct host *to, int rounds)
{
	struct carry carry;
	__u64 pages;

	carry_init(&carry, &work, from, to, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_AGREE), &carry.error);
	for (int i = 0; i < rounds; i++)
		expect_ok(carry_round(&carry, &pages), &carry.error);
	if (expect_ok(carry_steps(&carry, STEP_FREEZE, STEP_RECEIPT),
		      &carry.error))
		carry_enter(&carry, &work);
	carry_end(&carry);
}

static void there_and_back(void)
{
	start_all();
	add_busily(&alpha);
	move(&alpha, &beta, 0);
	add_answered(&beta);
	expect_all(&beta);
	add_busily(&beta);
	move(&beta, &alpha, 0);
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

static void copied_in_rounds(void)
{
	start_all();
	add_busily(&alpha);
	move(&alpha, &beta, 3);
	add_answered(&beta);
	expect_all(&beta);
	end();
}

/* A migration that is given up: they go on where they were. */
static void aborted(void)
{
	struct carry carry;

	start_all();
	add_busily(&alpha);
	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_FREEZE), &carry.error);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_abort(&carry, carry.in), &carry.error);
	carry_end(&carry);
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

static const struct edition one = {
	"crew", 3, 1, REWIRE_ATTR_STATE_HANDOVER
};

static const struct edition two = {
	"crew", 3, 2, REWIRE_ATTR_STATE_HANDOVER
};

static void start_update(struct upgrade *upgrade)
{
	jobs = 0;
	work_init(&work);
	edition_start(&work, &alpha, &one);
	hire_all();
	add(&alpha, 500);
	upgrade_make(upgrade, &alpha, &two);
}

/* The sums go along; threads are the new version's own business. */
static void updated(void)
{
	struct upgrade upgrade;

	start_update(&upgrade);
	upgrade_all(&upgrade, &work);
	expect(work_info(&work, &alpha).release == 2 &&
	       work_info(&work, &alpha).threads == 1, "release %llu, %u threads",
	       work_info(&work, &alpha).release,
	       work_info(&work, &alpha).threads);
	ask(&alpha, "hire", "7");
	add(&alpha, 100);
	expect_done(&alpha);
	upgrade_free(&upgrade);
	end();
}

/* The helper goes away in the trial: all threads of the old version go on. */
static void update_given_up(void)
{
	struct upgrade upgrade;

	start_update(&upgrade);
	expect_ok(upgrade_steps(&upgrade, &work, UPGRADE_BEGIN, UPGRADE_TRIAL),
		  &upgrade.error);
	upgrade_free(&upgrade);
	work_becomes(&work, &alpha, REWIRE_ENCLAVE_RUNNING);
	expect(work_info(&work, &alpha).release == 1, "release %llu",
	       work_info(&work, &alpha).release);
	expect_all(&alpha);
	end();
}

/* Threads come and go all the while: no slot is found in between. */
static void coming_and_going(void)
{
	start("crew");
	work_busy(&work, &alpha, "renew", 64);
	for (int i = 0; i < 20; i++) {
		expect_ok(work_pause(&work, &alpha), &work.error);
		expect_ok(work_resume(&work, &alpha), &work.error);
	}
	move(&alpha, &beta, 2);
	expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
	expect(!work.status, "renew: %d", work.status);
	ask(&beta, "hire", "7");
	add(&beta, 100);
	expect_done(&beta);
	end();
}

static void no_more_than_the_manifest_says(void)
{
	int fd;

	start("crew-3");
	work_prepare(&work, "hire", "3", NULL);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	expect(work.status == -EDQUOT, "hire: %d", work.status);
	says("2\n");
	expect(work_info(&work, &alpha).threads == 3, "%u threads",
	       work_info(&work, &alpha).threads);
	/* who has gone has left room */
	for (int i = 0; i < 10; i++) {
		ask(&alpha, "dismiss", NULL);
		ask(&alpha, "hire", "2");
	}
	add(&alpha, 50);
	expect_done(&alpha);
	end();
	/* an image without room for as many */
	work_init(&work);
	fd = work_load(&work, &alpha, "counter", "counter-8");
	expect_refusal(fd, EINVAL, &work.error, "State Save Area");
}

/* All is gone with it: process, threads, memory. */
static void expect_gone(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10 &&
	     (work_count(&work, &alpha) || !kill(pid, 0)); i++)
		usleep(10000);
	expect(!work_count(&work, &alpha) && kill(pid, 0), "it is still there");
	expect(!host_info(&alpha).memory_used, "%llu bytes are left",
	       (unsigned long long)host_info(&alpha).memory_used);
}

static void destroyed_with_all(void)
{
	pid_t pid;

	start_all();
	add_busily(&alpha);
	pid = (pid_t)work_info(&work, &alpha).pid;
	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_gone(pid);
	end();
}

/* What ends one thread ends the enclave, and who is against the rules does. */
static void ends(const char *misdeed)
{
	pid_t pid;
	int rc;

	start("crew");
	ask(&alpha, "hire", "2");
	pid = (pid_t)work_info(&work, &alpha).pid;
	work_prepare(&work, "misdeed", misdeed, NULL);
	rc = work_ask(&work, &alpha, PATIENCE_MS);
	/* it may have answered before the other thread went wrong */
	expect(!rc || rc == -ECANCELED || rc == -ENOENT, "%s: %s", misdeed,
	       work.error.text);
	expect_gone(pid);
	end();
}

static void crashed(void)
{
	ends("crash");
}

static void two_for_one_slot(void)
{
	ends("twice");
}

static void without_a_slot(void)
{
	ends("uninvited");
}

static void at_another_slot(void)
{
	ends("intrude");
}

static void by_other_system_calls(void)
{
	ends("fork");
	ends("futex");
}

/* It comes to no doorbell; but in a pause it would run on. */
static void astray(void)
{
	pid_t pid;

	start("crew");
	pid = (pid_t)work_info(&work, &alpha).pid;
	ask(&alpha, "misdeed", "stray");
	ask(&alpha, "hire", "2");
	expect_refusal(work_pause(&work, &alpha), ECANCELED, &work.error, "");
	expect_gone(pid);
	end();
}

static void calls_to_the_first_alone(void)
{
	char text[24];

	start("crew");
	ask(&alpha, "misdeed", "receive");
	snprintf(text, sizeof(text), "%d\n", -EPERM);
	says(text);
	end();
}

/*
 * Enter the enclave as a host that makes no thread, or says that it did: @value is
 * what clone() returns, 0 or a negative errno.
 */
static int enter_without(const struct host *host, int value)
{
	const struct scmp_arg_cmp as_thread = {
		.arg = 0, .op = SCMP_CMP_EQ, .datum_a = REWIRE_CLONE_FLAGS,
	};
	int status, fd = work_open(&work, host);
	pid_t pid = fork();

	if (!pid) {
		scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

		host_enter(host);
		_exit(!ctx ||
		      seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(-value),
					     SCMP_SYS(clone), 1, &as_thread) ||
		      seccomp_load(ctx) ||
		      rewire_enclave_enter(fd, PATIENCE_MS, NULL, &work.error));
	}
	close(fd);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		tap_bail("fork: %s", strerror(errno));
	return status;
}

static void start_without(int value)
{
	int fd = load("crew");

	expect(!enter_without(&alpha, value), "it cannot be entered");
	close(fd);
}

static void on_a_host_that_makes_none(void)
{
	start_without(-EAGAIN);
	for (int i = 0; i < 10; i++) {
		work_prepare(&work, "hire", "1", NULL);
		expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
		expect(work.status == -EAGAIN, "hire: %d", work.status);
	}
	expect(work_info(&work, &alpha).threads == 1, "%u threads",
	       work_info(&work, &alpha).threads);
	/* no slot is lost, and nothing keeps it from being paused */
	expect_ok(work_pause(&work, &alpha), &work.error);
	expect_ok(work_resume(&work, &alpha), &work.error);
	end();
}

/* Nobody goes on before all are back, so the image is as it was. */
static void returned_to_a_host_that_makes_none(int value)
{
	start_all();
	add_busily(&alpha);
	leave_the_image_alone();
	for (int i = 0; i < 2; i++) {
		/* entered or not, by when it is looked at */
		enter_without(&alpha, value);
		work_becomes(&work, &alpha, REWIRE_ENCLAVE_PAUSED);
		expect_no_process();
		expect(work_info(&work, &alpha).threads == ALL, "%u threads",
		       work_info(&work, &alpha).threads);
	}
	expect_ok(enter(&alpha), &work.error);
	add_answered(&alpha);
	expect_all(&alpha);
	end();
}

static void returned_and_refused(void)
{
	returned_to_a_host_that_makes_none(-EAGAIN);
}

/* clone() is made to return 0, and nobody was made: the first is its own child. */
static void returned_and_deceived(void)
{
	returned_to_a_host_that_makes_none(0);
}

/* The same for a thread more: who comes to its slot has one already. */
static void deceived(void)
{
	pid_t pid;
	int rc;

	start_without(0);
	pid = (pid_t)work_info(&work, &alpha).pid;
	work_prepare(&work, "hire", "1", NULL);
	rc = work_ask(&work, &alpha, PATIENCE_MS);
	expect(rc == -ECANCELED || rc == -ENOENT, "hire: %d %s", rc,
	       work.error.text);
	expect_gone(pid);
	end();
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "go_on_after_a_pause", go_on_after_a_pause },
		{ "stopped_in_a_pause", stopped_in_a_pause },
		{ "restored_from_a_checkpoint", restored_from_a_checkpoint },
		{ "in_another_process", in_another_process },
		{ "there_and_back", there_and_back },
		{ "copied_in_rounds", copied_in_rounds },
		{ "aborted", aborted },
		{ "updated", updated },
		{ "update_given_up", update_given_up },
		{ "coming_and_going", coming_and_going },
		{ "no_more_than_the_manifest_says",
		  no_more_than_the_manifest_says },
		{ "destroyed_with_all", destroyed_with_all },
		{ "crashed", crashed },
		{ "two_for_one_slot", two_for_one_slot },
		{ "without_a_slot", without_a_slot },
		{ "at_another_slot", at_another_slot },
		{ "by_other_system_calls", by_other_system_calls },
		{ "astray", astray },
		{ "calls_to_the_first_alone", calls_to_the_first_alone },
		{ "on_a_host_that_makes_none", on_a_host_that_makes_none },
		{ "deceived", deceived },
		{ "returned_and_refused", returned_and_refused },
		{ "returned_and_deceived", returned_and_deceived },
		{ 0 }
	};

	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
