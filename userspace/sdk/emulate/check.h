/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the checks share.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_EMULATE_CHECK_H
#define REWIRE_EMULATE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emulate.h"

static const char *enclaves;

/* Load an enclave and let it run until it waits for a call. */
static inline void start(struct emu *emu, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.elf", enclaves, name);
	assert_int_equal(emu_load(emu, path), 0);
	assert_int_equal(emu_enter(emu), 0);
	assert_int_equal(emu_run(emu, 0), EMU_RECV);
}

/* Let it answer; the answer gets a zero at its end, for comparisons. */
static inline int finish(struct emu *emu)
{
	assert_int_equal(emu_run(emu, 0), EMU_RECV);
	assert_true(emu->answered);
	assert_true(emu->length < sizeof(emu->answer));
	emu->answer[emu->length] = 0;
	return emu->status;
}

/* Interrupt it, and let it go on, with @move in another process. */
static inline void park(struct emu *emu, int move)
{
	emu_signal(emu);
	assert_int_equal(emu_run(emu, 0), EMU_PARKED);
	if (move) {
		assert_int_equal(emu_save(emu), 0);
		assert_int_equal(emu_restore(emu), 0);
	} else {
		emu_unpark(emu);
	}
}

/* Back to the interrupted instruction, and that one. */
static inline enum emu_stop step_over(struct emu *emu)
{
	const struct rewire_layout *layout = &emu->image.layout;
	enum emu_stop stop = EMU_STEPPED;
	uint64_t ip = emu_ip(emu);

	while (ip >= layout->park && ip < layout->restorer + 16 &&
	       stop == EMU_STEPPED) {
		stop = emu_run(emu, 1);
		ip = emu_ip(emu);
	}
	return stop == EMU_STEPPED ? emu_run(emu, 1) : stop;
}

#define call(emu, ...)                                                      \
	({                                                                  \
		const char *const list[] = { __VA_ARGS__, NULL };           \
		assert_int_equal(emu_send(emu, list), 0);                   \
		finish(emu);                                                \
	})

#define assert_answer(emu, text) assert_string_equal((char *)(emu)->answer, text)

#endif /* REWIRE_EMULATE_CHECK_H */
