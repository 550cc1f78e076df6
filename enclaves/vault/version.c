// SPDX-License-Identifier: MIT
/*
 * Versions of the store.
 *
 * Whoever adds to the counter must find it where it left it. If it is further,
 * another instance or a later state of this one was there, and what is in memory
 * is the past: then nothing is changed or exported any more.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "version.h"

#include <errno.h>

#define COUNTER	0

/*
 * So many changes before the end of a batch the next version is added ahead, that
 * it be on the disk when it is needed. A batch that is not longer than that has its
 * answers wait.
 */
#define AHEAD	8

static uint64_t version;	/* of what is in memory */
static int known;		/* it has one */
static uint64_t batch;		/* changes to a version; 0: no limit */
static uint64_t changes;	/* in this version */
static int ahead;		/* the next version is in the counter already */

/* A vault that is new begins where the counter is; an old one must be there. */
static int look(void)
{
	uint64_t value;
	int error = rewire_counter_read(COUNTER, &value);

	if (error)
		return error;
	if (!known) {
		version = value;
		known = 1;
	}
	return value == version + ahead ? 0 : -ESTALE;
}

int version_next(uint64_t *ret_version)
{
	uint64_t value;
	int error;

	if (ahead) {
		error = rewire_counter_hold(COUNTER, &value);
	} else {
		error = look();
		if (!error)
			error = rewire_counter_add_held(COUNTER, &value);
	}
	if (error)
		return error;
	/* Somebody else, since. */
	if (value != version + 1)
		return -ESTALE;
	version = value;
	changes = 0;
	ahead = 0;
	*ret_version = version;
	return 0;
}

/* What was exported as this version is the past since its first change. */
static void next_ahead(void)
{
	uint64_t value;

	if (!ahead && batch > AHEAD && changes == batch - AHEAD && !look())
		ahead = !rewire_counter_add_ahead(COUNTER, &value);
}

int version_change(void)
{
	uint64_t next;
	int error = 0;

	if (!batch)
		return 0;
	if (!changes || changes == batch)
		error = version_next(&next);
	if (error)
		return error;
	changes++;
	next_ahead();
	return 0;
}

int version_check(uint64_t other)
{
	uint64_t value;
	int error = rewire_counter_read(COUNTER, &value);

	if (error)
		return error;
	return value == other ? 0 : -ESTALE;
}

void version_adopt(uint64_t other)
{
	version = other;
	known = 1;
	changes = 0;
	ahead = 0;
}

struct version_state version_save(void)
{
	return (struct version_state){
		/* the next one, of which nothing is known: it makes another one */
		.version = version + ahead,
		.batch = batch,
		.changes = ahead ? 0 : changes,
		.known = known,
	};
}

int version_restore(const struct version_state *state)
{
	if (state->known > 1 || state->changes > state->batch)
		return -EBADMSG;
	version = state->version;
	batch = state->batch;
	changes = state->changes;
	known = state->known;
	ahead = 0;
	return 0;
}

int version_is_last(void)
{
	return known ? version_check(version + ahead) : 0;
}

int vault_protect(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t wanted;
	int error = rewire_args_number(args, 1, &wanted);

	(void)answer;
	if (!error)
		error = look();
	if (error)
		return error;
	batch = wanted;
	changes = 0;
	return 0;
}

int vault_version(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = look();

	(void)args;
	return error ? error :
		       rewire_answer_printf(answer, "%llu\n",
					    (unsigned long long)version);
}
