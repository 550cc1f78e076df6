// SPDX-License-Identifier: MIT
/*
 * Memory that changes: as much as asked for, at a chosen rate, and able to say
 * whether each page still is what it must be.
 *
 * The content of a page is a function of the seed, its number and how often it
 * was written. So a page that is lost, old, or in another's place is found.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "arch.h"
#include "internal.h"
#include "rewire_enclave.h"

#define PAGE	4096
#define WORDS	(PAGE / sizeof(uint64_t))

static uint64_t (*pages)[WORDS];
static size_t count;
static uint64_t seed, share, written, looked;

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Pages are written in turn, so their number tells how often. */
static uint64_t generation(size_t page)
{
	return (written + count - 1 - page) / count;
}

static uint64_t first_word(size_t page)
{
	return mix(seed + mix(page + mix(generation(page))));
}

static void write_page(size_t page)
{
	uint64_t word = first_word(page);

	for (size_t i = 0; i < WORDS; i++, word += 0x9e3779b97f4a7c15)
		pages[page][i] = word;
}

static int is_intact(size_t page)
{
	uint64_t word = first_word(page);

	for (size_t i = 0; i < WORDS; i++, word += 0x9e3779b97f4a7c15)
		if (pages[page][i] != word)
			return 0;
	return 1;
}

/* The whole heap is ours: nothing here calls malloc(). */
static size_t room_in_pages(void)
{
	return (rewire_heap_end - rewire_heap_start) / PAGE;
}

static int fill(const struct rewire_args *args, struct rewire_answer *answer)
{
	size_t room = room_in_pages();
	uint64_t mib, number;

	if (rewire_args_number(args, 1, &mib) ||
	    rewire_args_number(args, 2, &number))
		return -EINVAL;
	if (mib > room / ((1 << 20) / PAGE))
		return -ENOMEM;
	count = (mib << 20) / PAGE;
	seed = number;
	written = 0;
	for (size_t page = 0; page < count; page++)
		write_page(page);
	return rewire_answer_printf(answer, "%zu pages\n", count);
}

static int dirty(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t permille;

	(void)answer;
	if (rewire_args_number(args, 1, &permille) || permille > 1000)
		return -EINVAL;
	share = permille;
	return 0;
}

static int write_pages(uint64_t writes, struct rewire_answer *answer)
{
	if (writes && !count)
		return -ENODATA;
	for (uint64_t i = 0; i < writes; i++)
		write_page(written++ % count);
	return rewire_answer_printf(answer, "%" PRIu64 " pages written\n", writes);
}

/* A round writes the share of all pages; the next goes on where it ended. */
static int run(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t rounds, writes;

	if (rewire_args_number(args, 1, &rounds) ||
	    __builtin_mul_overflow(rounds, count * share / 1000, &writes))
		return -EINVAL;
	return write_pages(writes, answer);
}

static int put(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t writes;

	if (rewire_args_number(args, 1, &writes))
		return -EINVAL;
	return write_pages(writes, answer);
}

static int check_page(size_t page, struct rewire_answer *answer)
{
	if (is_intact(page))
		return 0;
	rewire_answer_printf(answer, "page %zu is not at write %" PRIu64 "\n",
			     page, generation(page));
	return -EILSEQ;
}

/* Where this ends, the next goes on. */
static int look(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t pages;
	int error = 0;

	if (rewire_args_number(args, 1, &pages))
		return -EINVAL;
	if (pages && !count)
		return -ENODATA;
	for (uint64_t i = 0; i < pages && !error; i++)
		error = check_page(looked++ % count, answer);
	return error ? error :
	       rewire_answer_printf(answer, "%" PRIu64 " pages intact\n", pages);
}

static int verify(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = 0;

	(void)args;
	for (size_t page = 0; page < count && !error; page++)
		error = check_page(page, answer);
	return error ? error :
	       rewire_answer_printf(answer, "%zu pages intact\n", count);
}

/* All the pages as they are, after what tells their content. */
struct state {
	uint64_t magic;
	uint64_t count;
	uint64_t seed;
	uint64_t share;
	uint64_t written;
};

#define STATE_MAGIC	0x6e72756863	/* "churn" */

static int export_state(void)
{
	const struct state state = { STATE_MAGIC, count, seed, share, written };
	int error = rewire_export(&state, sizeof(state));

	return error ? error : rewire_export(pages, count * PAGE);
}

static int import_state(uint32_t format)
{
	struct rewire_state stream = { 0 };
	struct state state;
	int error = format == 1 ? 0 : -EOPNOTSUPP;

	if (!error)
		error = rewire_state_get(&stream, &state, sizeof(state));
	if (error)
		return error;
	if (state.magic != STATE_MAGIC || state.share > 1000)
		return -EBADMSG;
	if (state.count > room_in_pages())
		return -ENOMEM;
	error = rewire_state_get(&stream, pages, state.count * PAGE);
	if (!error)
		error = rewire_state_end(&stream);
	if (error)
		return error;
	count = state.count;
	seed = state.seed;
	share = state.share;
	written = state.written;
	return 0;
}

static const struct rewire_update_ops update_ops = {
	.format = 1,
	.on_export = export_state,
	.on_import = import_state,
};

static const struct rewire_verb verbs[] = {
	{ "fill", 2, 2, "MIB SEED - write every page once", fill },
	{ "dirty", 1, 1, "PERMILLE - share of the pages that a round writes", dirty },
	{ "run", 1, 1, "ROUNDS - work", run },
	{ "write", 1, 1, "PAGES - write so many, in turn", put },
	{ "look", 1, 1, "PAGES - look at so many, in turn", look },
	{ "verify", 0, 0, "- look at every page", verify },
	{ 0 },
};

int main(void)
{
	pages = (void *)rewire_heap_start;
	rewire_on_update(&update_ops);
	rewire_serve(verbs);
}
