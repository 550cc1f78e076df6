// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate: entry, calls, parking anywhere, and going on in another process.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <signal.h>

static struct emu emu;

static void first_entry_and_calls(void **state)
{
	(void)state;
	start(&emu, "counter");
	assert_int_equal(call(&emu, "get"), 0);
	assert_answer(&emu, "0\n");
	assert_int_equal(call(&emu, "add", "41"), 0);
	assert_int_equal(call(&emu, "add"), 0);
	assert_answer(&emu, "42\n");
	assert_int_equal(call(&emu, "add", "18446744073709551615"), -EOVERFLOW);
	assert_int_equal(call(&emu, "get"), 0);
	assert_answer(&emu, "42\n");
	emu_free(&emu);
}

static void requests_that_are_wrong(void **state)
{
	static const unsigned char cut[] = { 3, 0, 0, 0, 'g', 'e' };
	static const unsigned char huge[] = { 255, 255, 255, 255 };
	static unsigned char many[4 * (REWIRE_MAX_PAYLOAD / 4)];

	(void)state;
	start(&emu, "counter");
	assert_int_equal(call(&emu, "nothing"), -EOPNOTSUPP);
	assert_int_equal(call(&emu, "get", "1"), -EINVAL);
	assert_int_equal(call(&emu, "add", "1", "2"), -EINVAL);
	assert_int_equal(call(&emu, "add", "18446744073709551616"), -EINVAL);
	assert_int_equal(call(&emu, "add", "-1"), -EINVAL);
	assert_int_equal(call(&emu, "add", ""), -EINVAL);
	assert_int_equal(emu_send_bytes(&emu, cut, sizeof(cut)), 0);
	assert_int_equal(finish(&emu), -EBADMSG);
	assert_int_equal(emu_send_bytes(&emu, cut, 3), 0);
	assert_int_equal(finish(&emu), -EBADMSG);
	assert_int_equal(emu_send_bytes(&emu, huge, sizeof(huge)), 0);
	assert_int_equal(finish(&emu), -EBADMSG);
	assert_int_equal(emu_send_bytes(&emu, many, sizeof(many)), 0);
	assert_int_equal(finish(&emu), -E2BIG);
	assert_int_equal(emu_send_bytes(&emu, "", 0), 0);
	assert_int_equal(finish(&emu), -EOPNOTSUPP);
	assert_int_equal(call(&emu, "help"), 0);
	assert_non_null(strstr((char *)emu.answer, "add"));
	emu_free(&emu);
}

/* A request that its buffer can't hold was refused; the enclave goes on. */
static void request_too_large(void **state)
{
	static unsigned char large[REWIRE_MAX_PAYLOAD + 1];

	(void)state;
	start(&emu, "counter");
	assert_int_equal(emu_send_bytes(&emu, large, sizeof(large)), 0);
	assert_int_equal(emu_run(&emu, 0), EMU_RECV);
	assert_false(emu.answered);
	assert_int_equal(call(&emu, "get"), 0);
	emu_free(&emu);
}

/*
 * Interrupt a call at every single instruction from RECV to the next RECV; with
 * @every not 0 move to a new process at each so many, and at all of the gate's.
 */
static void park_everywhere(unsigned int every)
{
	static const char *const request[] = { "add", "7", NULL };
	const uint64_t ring = emu.image.layout.entry;
	unsigned long parked = 0;
	enum emu_stop stop = EMU_STEPPED;

	assert_int_equal(emu_send(&emu, request), 0);
	while (stop != EMU_RECV) {
		uint64_t ip = emu_ip(&emu);
		int in_gate = ip >= ring && ip < emu.image.layout.park;

		park(&emu, every && (in_gate || parked % every == 0));
		parked++;
		stop = step_over(&emu);
		assert_true(stop == EMU_STEPPED || stop == EMU_RECV);
	}
	assert_true(parked > 100);
	assert_true(emu.answered);
	emu.answer[emu.length] = 0;
}

static void park_at_every_instruction(void **state)
{
	(void)state;
	start(&emu, "counter");
	park_everywhere(0);
	assert_answer(&emu, "7\n");
	assert_int_equal(call(&emu, "add", "1"), 0);
	assert_answer(&emu, "8\n");
	emu_free(&emu);
}

static void move_at_every_instruction(void **state)
{
	(void)state;
	start(&emu, "counter");
	park_everywhere(11);
	assert_answer(&emu, "7\n");
	assert_int_equal(call(&emu, "add", "1"), 0);
	assert_answer(&emu, "8\n");
	emu_free(&emu);
}

/* While it waits for a call: afterwards it waits for the same call. */
static void park_in_recv(void **state)
{
	(void)state;
	start(&emu, "counter");
	for (int i = 0; i < 20; i++) {
		park(&emu, i & 1);
		assert_int_equal(emu_run(&emu, 0), EMU_RECV);
		assert_int_equal(call(&emu, "add"), 0);
	}
	assert_answer(&emu, "20\n");
	emu_free(&emu);
}

/* The first instructions of all, when there is no stack yet. */
static void park_at_entry(void **state)
{
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/counter.elf", enclaves);
	for (int steps = 0; steps < 60; steps++) {
		assert_int_equal(emu_load(&emu, path), 0);
		assert_int_equal(emu_enter(&emu), 0);
		if (steps)
			assert_int_equal(emu_run(&emu, steps), EMU_STEPPED);
		park(&emu, steps & 1);
		assert_int_equal(emu_run(&emu, 0), EMU_RECV);
		assert_int_equal(call(&emu, "add", "5"), 0);
		assert_answer(&emu, "5\n");
		emu_free(&emu);
	}
}

/* A second signal while parked waits until the first is over. */
static void signal_while_parked(void **state)
{
	(void)state;
	start(&emu, "counter");
	emu_signal(&emu);
	assert_int_equal(emu_run(&emu, 0), EMU_PARKED);
	emu_signal(&emu);
	emu_unpark(&emu);
	assert_int_equal(emu_run(&emu, 0), EMU_PARKED);
	emu_unpark(&emu);
	assert_int_equal(emu_run(&emu, 0), EMU_RECV);
	assert_int_equal(call(&emu, "get"), 0);
	emu_free(&emu);
}

/* Interrupted @parks times, each time into a new process if @move. */
static void compare_registers(const char *verb, const char *amount, int parks,
			      int move)
{
	const char *const request[] = { verb, amount, NULL };
	char expected[REWIRE_MAX_PAYLOAD];

	start(&emu, "fpu");
	assert_int_equal(call(&emu, verb, amount), 0);
	memcpy(expected, emu.answer, sizeof(expected));
	assert_int_equal(emu_send(&emu, request), 0);
	assert_int_equal(emu_run(&emu, 700), EMU_STEPPED);
	for (int i = 0; i < parks; i++) {
		park(&emu, move);
		assert_int_equal(emu_run(&emu, 37), EMU_STEPPED);
	}
	assert_int_equal(finish(&emu), 0);
	assert_answer(&emu, expected);
	emu_free(&emu);
}

static void registers_survive_parking(void **state)
{
	(void)state;
	compare_registers("registers", "200000", 500, 0);
}

static void registers_survive_moving(void **state)
{
	(void)state;
	compare_registers("registers", "200000", 200, 1);
}

static void pi_survives_parking(void **state)
{
	(void)state;
	compare_registers("pi", "1000000", 500, 0);
}

static void pi_survives_moving(void **state)
{
	(void)state;
	compare_registers("pi", "1000000", 200, 1);
}

static void system_call_kills(void **state)
{
	static const char *const request[] = { "misbehave", NULL };

	(void)state;
	start(&emu, "probe");
	assert_int_equal(emu_send(&emu, request), 0);
	assert_int_equal(emu_run(&emu, 0), EMU_DIED);
	assert_int_equal(emu.signal, SIGSYS);
	emu_free(&emu);
}

static void exits(void **state)
{
	static const char *const request[] = { "exit", NULL };

	(void)state;
	start(&emu, "probe");
	assert_int_equal(emu_send(&emu, request), 0);
	assert_int_equal(emu_run(&emu, 0), EMU_EXITED);
	emu_free(&emu);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_entry_and_calls),
		cmocka_unit_test(requests_that_are_wrong),
		cmocka_unit_test(request_too_large),
		cmocka_unit_test(park_at_entry),
		cmocka_unit_test(park_in_recv),
		cmocka_unit_test(park_at_every_instruction),
		cmocka_unit_test(move_at_every_instruction),
		cmocka_unit_test(signal_while_parked),
		cmocka_unit_test(registers_survive_parking),
		cmocka_unit_test(registers_survive_moving),
		cmocka_unit_test(pi_survives_parking),
		cmocka_unit_test(pi_survives_moving),
		cmocka_unit_test(system_call_kills),
		cmocka_unit_test(exits),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: check_gate FOLDER-OF-ENCLAVES\n");
		return 2;
	}
	enclaves = argv[1];
	return cmocka_run_group_tests_name("sdk gate", tests, NULL, NULL);
}
