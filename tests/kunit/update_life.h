/* SPDX-License-Identifier: GPL-2.0-only */
/* An SM whose updates go through a journal in memory, and that may die. */
#ifndef UPDATE_LIFE_H
#define UPDATE_LIFE_H

#include <kunit/test.h>

#include "../../kmod/update.h"

#define SOFTWARE	((const u8 *)"software of all")	/* and its zero */
#define EPOCH		5	/* of old versions */

/**
 * struct life - test->priv of suites that use it
 * @sm: lives
 * @file: of its journal, outlive it
 * @why: for sentences
 */
struct life {
	struct rewire_sm *sm;
	struct file *file[2];
	struct rewire_why why;
};

int life_init(struct kunit *test);
void life_exit(struct kunit *test);

/* The SM dies, and whoever it had; its journal is read again. */
void life_restart(struct kunit *test, bool durable);

void life_workload(u8 workload[REWIRE_ID_SIZE], u8 name);
/* An update named so, of a workload named so, as if it had been begun. */
struct rewire_update *life_begin(struct kunit *test, u8 name);
struct rewire_update *life_find(struct life *l, u8 name);
int life_record(struct rewire_update *update, u32 state);

/* As updates go, in the states that are written down. */
extern const u32 life_way[3];

#endif
