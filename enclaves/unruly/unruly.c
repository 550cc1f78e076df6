// SPDX-License-Identifier: MIT
/*
 * What an update must live through: an old version that does not hand over its
 * state as it should, and a new one that is no better than a bad release is.
 *
 * One image is both. It is told by a call how to behave, and hands that over, so
 * that the new version knows. All the while it keeps a number, by which is seen
 * which version goes on, and that nothing was lost.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "unruly.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "internal.h"

#define FORMAT		1
#define STATE_MAGIC	0x796c75726e75	/* "unruly" */
#define HANDLES		64
#define COUNTER		1

static struct state {
	uint64_t magic;
	uint64_t number;
	char how[32];
} own = { .magic = STATE_MAGIC, .how = "well" };

static struct rewire_update_ops ops;

/* What it was asked for, by which handle, and what came of the effects it tried. */
static unsigned int exports, imports, healths;
static uint64_t asked;
static char report_text[512];

/* What "give" was given, to be exported as it is. */
static unsigned char given[REWIRE_MAX_PAYLOAD];
static size_t given_length;

/* ---- misdeeds ---- */

static volatile int tired;

static int hang(void)
{
	while (!tired)
		;
	return 0;
}

static int crash(void)
{
	rewire_trap();
}

static int leave(void)
{
	rewire_exit(3);
}

static int fail(void)
{
	return -EIO;
}

static int export_own(void)
{
	return rewire_export(&own, sizeof(own));
}

static int export_endlessly(void)
{
	int error;

	do
		error = rewire_export(given, sizeof(given));
	while (!error);
	return error;
}

/* As it should, and then without an end. */
static int export_on_and_on(void)
{
	int error = export_own();

	return error ? error : export_endlessly();
}

static int export_garbage(void)
{
	unsigned char garbage[4000];
	int error = rewire_random(garbage, sizeof(garbage));

	return error ? error : rewire_export(garbage, sizeof(garbage));
}

static int export_given(void)
{
	return rewire_export(given, given_length);
}

/* The second half in another format. */
static int export_two_formats(void)
{
	int error = export_own();

	ops.format = FORMAT + 1;
	if (!error)
		error = export_own();
	ops.format = FORMAT;
	return error;
}

/* In a format that the new version refuses. */
static int export_other_format(void)
{
	int error;

	ops.format = FORMAT + 1;
	error = export_own();
	ops.format = FORMAT;
	return error;
}

/* More than the new version will take. */
static int export_more(void)
{
	int error = export_own();

	return error ? error : rewire_export(given, sizeof(given));
}

/* Says that all went well and exports nothing. */
static int export_nothing(void)
{
	return 0;
}

/*
 * Everything by which an enclave is seen outside: the workload's counter, and
 * answers to calls, by any handle that may be theirs.
 */
static int try_effects(const char *when)
{
	uint64_t value = 0;
	size_t length = strlen(report_text);
	int add = rewire_counter_add(COUNTER, &value);
	int read = rewire_counter_read(COUNTER, &value);
	int reply = 0;
	unsigned int answered = 0;

	for (uint64_t handle = 1; handle <= HANDLES; handle++) {
		if (handle == asked)
			continue;
		reply = rewire_reply(handle, 0, "forged", 6);
		answered += !reply;
	}
	snprintf(report_text + length, sizeof(report_text) - length,
		 "%s: add %d, read %d, value %" PRIu64 ", answered %u, reply %d\n",
		 when, add, read, value, answered, reply);
	return 0;
}

static int effects_in_import(void)
{
	return try_effects("import");
}

static int effects_in_health(void)
{
	return try_effects("health");
}

/*
 * What one of them does instead of, or after, what it should. on_import runs
 * after the own state was read.
 */
static const struct behaviour {
	const char *name;
	int (*on_export)(void);
	int (*on_import)(void);
	int (*on_health)(void);
} behaviours[] = {
	{ "well", NULL, NULL, NULL },
	{ "export-hang", hang, NULL, NULL },
	{ "export-crash", crash, NULL, NULL },
	{ "export-fail", fail, NULL, NULL },
	{ "export-endless", export_endlessly, NULL, NULL },
	{ "export-on-and-on", export_on_and_on, NULL, NULL },
	{ "export-garbage", export_garbage, NULL, NULL },
	{ "export-given", export_given, NULL, NULL },
	{ "export-nothing", export_nothing, NULL, NULL },
	{ "export-two-formats", export_two_formats, NULL, NULL },
	{ "babble", babble, babble, NULL },
	{ "import-reject", export_other_format, NULL, NULL },
	{ "import-less", export_more, NULL, NULL },
	{ "import-hang", NULL, hang, NULL },
	{ "import-crash", NULL, crash, NULL },
	{ "import-exit", NULL, leave, NULL },
	{ "import-fail", NULL, fail, NULL },
	{ "health-hang", NULL, NULL, hang },
	{ "health-crash", NULL, NULL, crash },
	{ "health-exit", NULL, NULL, leave },
	{ "health-fail", NULL, NULL, fail },
	{ "effects", NULL, effects_in_import, effects_in_health },
	{ 0 },
};

/* ---- its part in an update ---- */

static const struct behaviour *behaviour(void)
{
	const struct behaviour *at = behaviours;

	while (at->name && strncmp(at->name, own.how, sizeof(own.how)))
		at++;
	return at;
}

static int on_export(void)
{
	int (*instead)(void) = behaviour()->on_export;

	exports++;
	return instead ? instead() : export_own();
}

static int on_import(uint32_t format)
{
	struct state state;
	unsigned char *at = (unsigned char *)&state;
	size_t left = sizeof(state);

	imports++;
	asked = rewire_gate->arg[2];
	if (format != FORMAT)
		return -EOPNOTSUPP;
	while (left) {
		long got = rewire_import(at, left);

		if (got <= 0)
			return got ? got : -EBADMSG;
		at += got;
		left -= got;
	}
	if (state.magic != STATE_MAGIC)
		return -EBADMSG;
	own = state;
	return behaviour()->on_import ? behaviour()->on_import() : 0;
}

static int on_health(void)
{
	healths++;
	asked = rewire_gate->arg[2];
	return behaviour()->on_health ? behaviour()->on_health() : 0;
}

static struct rewire_update_ops ops = {
	.format = FORMAT,
	.on_export = on_export,
	.on_import = on_import,
	.on_health = on_health,
};

/* ---- calls ---- */

static const struct rewire_verb verbs[];

static int behave(const struct rewire_args *args, struct rewire_answer *answer)
{
	if (rewire_args_equal(args, 1, "old-sdk"))
		old_sdk(rewire_gate->arg[2], verbs);
	for (const struct behaviour *at = behaviours; at->name; at++) {
		if (!rewire_args_equal(args, 1, at->name))
			continue;
		snprintf(own.how, sizeof(own.how), "%s", at->name);
		return 0;
	}
	for (const struct behaviour *at = behaviours; at->name; at++)
		rewire_answer_printf(answer, "%s\n", at->name);
	rewire_answer_printf(answer, "old-sdk\n");
	return -EINVAL;
}

static int give(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)answer;
	given_length = args->arg[1].length;
	memcpy(given, args->arg[1].data, given_length);
	return 0;
}

static int get(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "%" PRIu64 "\n", own.number);
}

static int add(const struct rewire_args *args, struct rewire_answer *answer)
{
	own.number++;
	return get(args, answer);
}

static int report(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "exports %u, imports %u, healths %u\n%s",
				    exports, imports, healths, report_text);
}

static const struct rewire_verb verbs[] = {
	{ "behave", 1, 1, "HOW - in the next update, as either version", behave },
	{ "give", 1, 1, "BYTES - for export-given", give },
	{ "get", 0, 0, "- the number", get },
	{ "add", 0, 0, "- add 1; prints the sum", add },
	{ "report", 0, 0, "- what it was asked for, and what effects it had", report },
	{ 0 },
};

int main(void)
{
#ifdef AT_START
	AT_START();
#endif
	rewire_on_update(&ops);
	rewire_serve(verbs);
}
