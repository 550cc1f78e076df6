// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enclave's part in an update: state goes from an old version to a new one,
 * and whatever either does wrong comes out as a status.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define _GNU_SOURCE
#include "check_update.h"

#include <signal.h>

/* ---- the SDK ---- */

static void without_a_word_about_updates(void **state)
{
	(void)state;
	begin("probe", "probe");
	assert_int_equal(ask(&old, REWIRE_RECV_HEALTH), 0);
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), -EOPNOTSUPP);
	assert_int_equal(ask(&old, REWIRE_RECV_IMPORT), -EOPNOTSUPP);
	assert_int_equal(ask(&old, REWIRE_RECV_IMPORT + 1), -EOPNOTSUPP);
	assert_int_equal(ask(&old, 1ULL << 32), -EOPNOTSUPP);
	assert_int_equal(call(&old, "check"), 0);
	end();
}

static void counter_is_handed_over(void **state)
{
	(void)state;
	begin("counter", "counter");
	assert_int_equal(call(&old, "add", "41"), 0);
	assert_int_equal(update(), 0);
	assert_int_equal(call(&new, "add"), 0);
	assert_answer(&new, "42\n");
	/* And had it failed, the old one would go on. */
	assert_int_equal(call(&old, "add"), 0);
	assert_answer(&old, "42\n");
	end();
}

/* Bytes of state that are no counter's. */
static void counter_refuses(void **state)
{
	(void)state;
	begin("counter", "counter");
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
	handover.format++;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EOPNOTSUPP);
	handover.format--;
	handover.length--;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EBADMSG);
	handover.length++;
	handover.done = 1;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EBADMSG);
	handover.done = 0;
	handover.bytes[0] ^= 1;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EBADMSG);
	handover.bytes[0] ^= 1;
	handover.done = 0;
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -EBADMSG);
	end();
}

/*
 * Given up at each point of it: the old version says so and goes on, and hands
 * over all of it the next time.
 */
static void given_up(void **state)
{
	(void)state;
	begin("counter", "counter");
	assert_int_equal(call(&old, "add", "7"), 0);
	handover.piece = 1;
	for (handover.most = 1; handover.most < 16; handover.most++) {
		handover.length = 0;
		handover.given_up = 0;
		assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), -ECANCELED);
		assert_int_equal(handover.length, handover.most);
		assert_int_equal(call(&old, "get"), 0);
		assert_answer(&old, "7\n");
	}
	handover.length = handover.most = handover.given_up = 0;
	assert_int_equal(update(), 0);
	new.trial = 0;
	assert_int_equal(call(&new, "get"), 0);
	assert_answer(&new, "7\n");
	handover.given_up = 1;
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), -ECANCELED);
	end();
}

/* The SM has forgotten that it asked: the answer fails, and that is all. */
static void nobody_waits_for_the_answer(void **state)
{
	static const uint64_t kinds[] = { REWIRE_RECV_HEALTH, REWIRE_RECV_EXPORT };

	(void)state;
	begin("counter", "counter");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(emu_ask(&old, kinds[i]), 0);
		old.open = 0;
		assert_int_equal(emu_run(&old, 0), EMU_RECV);
		assert_false(old.answered);
		assert_int_equal(call(&old, "add"), 0);
	}
	assert_answer(&old, "2\n");
	end();
}

/* Interrupted at every instruction, and moved at many. */
static void ask_interrupted(struct emu *emu, uint64_t kind)
{
	unsigned long parked = 0;
	enum emu_stop stop = EMU_STEPPED;

	assert_int_equal(emu_ask(emu, kind), 0);
	for (; stop != EMU_RECV || !emu->answered; parked++) {
		park(emu, parked % 7 == 0);
		stop = step_over(emu);
		assert_true(stop == EMU_STEPPED || stop == EMU_RECV);
	}
	assert_true(parked > 40);
	assert_int_equal(emu->status, 0);
}

static void interrupted_everywhere(void **state)
{
	(void)state;
	begin("counter", "counter");
	assert_int_equal(call(&old, "add", "5"), 0);
	handover.piece = 3;
	ask_interrupted(&old, REWIRE_RECV_EXPORT);
	assert_int_equal(handover.length, 16);
	ask_interrupted(&new, REWIRE_RECV_IMPORT);
	assert_int_equal(handover.done, 16);
	ask_interrupted(&new, REWIRE_RECV_HEALTH);
	new.trial = 0;
	assert_int_equal(call(&new, "add"), 0);
	assert_answer(&new, "6\n");
	end();
}

/* A wait for room or for bytes begins again where it was, in another process too. */
static void hand_slowly(struct emu *emu, uint64_t kind)
{
	int waits = 0;

	assert_int_equal(emu_ask(emu, kind), 0);
	while (emu_run(emu, 0) == EMU_HANDING) {
		park(emu, waits++ & 1);
		assert_int_equal(emu_run(emu, 0), EMU_HANDING);
		assert_int_equal(emu_hand(emu), 0);
	}
	assert_int_equal(emu->stop, EMU_RECV);
	assert_true(emu->answered);
	assert_int_equal(emu->status, 0);
	assert_true(waits > 3);
}

static void interrupted_while_it_waits(void **state)
{
	(void)state;
	begin("counter", "counter");
	assert_int_equal(call(&old, "add", "8"), 0);
	handover.piece = 4;
	handover.slow = 1;
	hand_slowly(&old, REWIRE_RECV_EXPORT);
	assert_int_equal(handover.length, 16);
	hand_slowly(&new, REWIRE_RECV_IMPORT);
	new.trial = 0;
	assert_int_equal(call(&new, "get"), 0);
	assert_answer(&new, "8\n");
	end();
}

static void churn_is_handed_over(void **state)
{
	(void)state;
	begin("churn-4M", "churn-4M");
	assert_int_equal(call(&old, "fill", "4", "99"), 0);
	assert_int_equal(call(&old, "dirty", "130"), 0);
	assert_int_equal(call(&old, "run", "25"), 0);
	assert_int_equal(update(), 0);
	assert_true(handover.length > 4 << 20);
	assert_same("verify");
	assert_answer(&new, "1024 pages intact\n");
	assert_int_equal(call(&new, "run", "25"), 0);
	assert_answer(&new, "3325 pages written\n");
	assert_int_equal(call(&new, "verify"), 0);
	end();

	/* Before anything was filled. */
	begin("churn-4M", "churn-4M");
	assert_int_equal(update(), 0);
	end();
}

static void churn_that_does_not_fit(void **state)
{
	(void)state;
	begin("churn-64M", "churn-4M");
	assert_int_equal(call(&old, "fill", "5", "1"), 0);
	assert_int_equal(update(), -ENOMEM);
	assert_int_equal(call(&old, "verify"), 0);
	end();
}

/* ---- versions that misbehave ---- */

static void behave(const char *how)
{
	begin("unruly", "unruly");
	assert_int_equal(call(&old, "add"), 0);
	assert_int_equal(call(&old, "behave", how), 0);
}

static void old_one_goes_on(const char *report)
{
	assert_int_equal(call(&old, "add"), 0);
	assert_answer(&old, "2\n");
	assert_int_equal(call(&old, "report"), 0);
	assert_answer(&old, report);
}

static void refused_with_a_status(void **state)
{
	static const struct {
		const char *how;
		int status;
	} cases[] = {
		{ "export-fail", -EIO },
		{ "export-two-formats", -EINVAL },
		{ "export-garbage", -EBADMSG },
		{ "export-nothing", -EOPNOTSUPP },
		{ "import-reject", -EOPNOTSUPP },
		{ "import-less", -EBADMSG },
		{ "import-fail", -EIO },
		{ "health-fail", -EIO },
		{ "well", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		behave(cases[i].how);
		assert_int_equal(update(), cases[i].status);
		old_one_goes_on("exports 1, imports 0, healths 0\n");
		end();
	}
}

/* Let it work for long; it has no answer. */
static void hangs(struct emu *emu, uint64_t kind)
{
	assert_int_equal(emu_ask(emu, kind), 0);
	assert_int_equal(emu_run(emu, 20000), EMU_STEPPED);
	assert_false(emu->answered);
	/* And can be paused and wiped all the same. */
	emu_signal(emu);
	assert_int_equal(emu_run(emu, 0), EMU_PARKED);
}

static void hang_everywhere(void **state)
{
	(void)state;
	behave("export-hang");
	hangs(&old, REWIRE_RECV_EXPORT);
	end();
	behave("import-hang");
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
	hangs(&new, REWIRE_RECV_IMPORT);
	old_one_goes_on("exports 1, imports 0, healths 0\n");
	end();
	behave("health-hang");
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
	assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), 0);
	hangs(&new, REWIRE_RECV_HEALTH);
	old_one_goes_on("exports 1, imports 0, healths 0\n");
	end();
}

static void ends(struct emu *emu, uint64_t kind, enum emu_stop how)
{
	assert_int_equal(emu_ask(emu, kind), 0);
	assert_int_equal(emu_run(emu, 0), how);
	assert_false(emu->answered);
}

static void crash_and_exit(void **state)
{
	static const struct {
		const char *in_import, *in_health;
		enum emu_stop stop;
	} cases[] = {
		{ "import-crash", "health-crash", EMU_DIED },
		{ "import-exit", "health-exit", EMU_EXITED },
	};

	(void)state;
	behave("export-crash");
	ends(&old, REWIRE_RECV_EXPORT, EMU_DIED);
	assert_int_equal(old.signal, SIGILL);
	end();
	for (int i = 0; i < 2; i++) {
		behave(cases[i].in_import);
		assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
		ends(&new, REWIRE_RECV_IMPORT, cases[i].stop);
		old_one_goes_on("exports 1, imports 0, healths 0\n");
		end();
		behave(cases[i].in_health);
		assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), 0);
		assert_int_equal(ask(&new, REWIRE_RECV_IMPORT), 0);
		ends(&new, REWIRE_RECV_HEALTH, cases[i].stop);
		old_one_goes_on("exports 1, imports 0, healths 0\n");
		end();
	}
}

/* A new version that does not even start up. */
static void never_started(void **state)
{
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/unruly-crash.elf", enclaves);
	assert_int_equal(emu_load(&new, path), 0);
	assert_int_equal(emu_enter(&new), 0);
	assert_int_equal(emu_run(&new, 0), EMU_DIED);
	assert_int_equal(new.signal, SIGILL);
	emu_free(&new);
	snprintf(path, sizeof(path), "%s/unruly-hang.elf", enclaves);
	assert_int_equal(emu_load(&new, path), 0);
	assert_int_equal(emu_enter(&new), 0);
	assert_int_equal(emu_run(&new, 20000), EMU_STEPPED);
	emu_free(&new);
}

static void endless_state(void **state)
{
	(void)state;
	behave("export-endless");
	handover.most = 10 << 20;
	assert_int_equal(ask(&old, REWIRE_RECV_EXPORT), -ECANCELED);
	assert_int_equal(handover.length, 10 << 20);
	old_one_goes_on("exports 1, imports 0, healths 0\n");
	end();
}

static void effects_of_a_trial(void **state)
{
	uint64_t before = emu_self.counter[1];
	char expected[300];
	const char *tried = "add %d, read 0, value %d, answered 0, reply %d\n";

	(void)state;
	behave("effects");
	assert_int_equal(update(), 0);
	assert_int_equal(emu_self.counter[1], before);
	assert_int_equal(call(&new, "report"), 0);
	strcpy(expected, "exports 0, imports 1, healths 1\n");
	for (int i = 0; i < 2; i++) {
		strcat(expected, i ? "health: " : "import: ");
		snprintf(expected + strlen(expected),
			 sizeof(expected) - strlen(expected), tried, -EPERM,
			 (int)before, -EPERM);
	}
	assert_answer(&new, expected);
	end();

	/* The same when nothing holds it back: the probe can tell. */
	behave("effects");
	new.trial = 0;
	assert_int_equal(update(), 0);
	assert_int_equal(emu_self.counter[1], before + 2);
	emu_self.counter[1] = before;
	end();
}

/* It takes what it is asked for as a call that makes no sense. */
static void old_sdk(void **state)
{
	static const char *const request[] = { "behave", "old-sdk", NULL };

	(void)state;
	begin("unruly", "unruly");
	assert_int_equal(call(&old, "add"), 0);
	assert_int_equal(emu_send(&old, request), 0);
	assert_int_equal(finish(&old), 0);
	assert_int_equal(emu_ask(&old, REWIRE_RECV_EXPORT), 0);
	assert_int_equal(finish(&old), -EOPNOTSUPP);
	assert_int_equal(handover.length, 0);
	assert_int_equal(call(&old, "nothing"), -EOPNOTSUPP);
	old_one_goes_on("exports 0, imports 0, healths 0\n");
	end();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_about_updates),
		cmocka_unit_test(counter_is_handed_over),
		cmocka_unit_test(counter_refuses),
		cmocka_unit_test(given_up),
		cmocka_unit_test(nobody_waits_for_the_answer),
		cmocka_unit_test(interrupted_everywhere),
		cmocka_unit_test(interrupted_while_it_waits),
		cmocka_unit_test(churn_is_handed_over),
		cmocka_unit_test(churn_that_does_not_fit),
		cmocka_unit_test(refused_with_a_status),
		cmocka_unit_test(hang_everywhere),
		cmocka_unit_test(crash_and_exit),
		cmocka_unit_test(never_started),
		cmocka_unit_test(endless_state),
		cmocka_unit_test(effects_of_a_trial),
		cmocka_unit_test(old_sdk),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: check_update FOLDER-OF-ENCLAVES\n");
		return 2;
	}
	enclaves = argv[1];
	return cmocka_run_group_tests_name("sdk update", tests, NULL, NULL);
}
