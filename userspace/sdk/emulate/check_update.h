/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an update goes, for the checks of it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_EMULATE_CHECK_UPDATE_H
#define REWIRE_EMULATE_CHECK_UPDATE_H

#include "check.h"

#include <errno.h>
#include <stdlib.h>

static struct emu old, new;
static struct emu_handover handover;

static inline void begin(const char *from, const char *to)
{
	free(handover.bytes);
	memset(&handover, 0, sizeof(handover));
	start(&old, from);
	start(&new, to);
	old.handover = new.handover = &handover;
	new.trial = 1;
}

static inline void end(void)
{
	emu_free(&old);
	emu_free(&new);
}

static inline int ask(struct emu *emu, uint64_t kind)
{
	int status;

	assert_int_equal(emu_ask(emu, kind), 0);
	status = finish(emu);
	assert_int_equal(emu->length, 0);
	return status;
}

/* Until one of them refuses. */
static inline int update(void)
{
	int status = ask(&old, REWIRE_RECV_EXPORT);

	if (!status)
		status = ask(&new, REWIRE_RECV_IMPORT);
	if (!status)
		status = ask(&new, REWIRE_RECV_HEALTH);
	if (!status && handover.done != handover.length)
		status = -EBADMSG;
	new.trial = !!status;
	return status;
}

static inline void keep(char *to, const struct emu *emu)
{
	assert_in_range(emu->length, 0, 99);
	strcpy(to, (const char *)emu->answer);
}

static inline void assert_same(const char *verb)
{
	char answer[100];

	assert_int_equal(call(&old, verb), 0);
	keep(answer, &old);
	assert_int_equal(call(&new, verb), 0);
	assert_answer(&new, answer);
}

#endif /* REWIRE_EMULATE_CHECK_UPDATE_H */
