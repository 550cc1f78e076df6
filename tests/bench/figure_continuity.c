// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs a vault that nobody can put it back.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>
#include <string.h>

#include "place.h"

#define BATCH	64
#define VALUE	16384

/**
 * struct store - both things to be compared
 * @place: a host with a journal
 * @guest: a vault there
 * @input: "put", a key and a value
 * @length: its bytes
 */
struct store {
	struct place place;
	struct guest guest;
	__u8 input[VALUE + 64];
	size_t length;
};

static void argument(struct store *store, const void *data, __u32 length)
{
	memcpy(store->input + store->length, &length, sizeof(length));
	memcpy(store->input + store->length + sizeof(length), data, length);
	store->length += sizeof(length) + length;
}

static double writes(struct result *result, struct store *store,
		     const char *batch)
{
	double start;

	if (world_call(result, &store->guest, "protect", batch, NULL))
		return -1;
	start = bench_now();
	for (unsigned int i = 0; i < BATCH; i++)
		if (world_call_raw(result, &store->guest, store->input,
				   store->length))
			return -1;
	return bench_now() - start;
}

static double counted(struct result *result, void *data)
{
	return writes(result, data, "64");
}

static double uncounted(struct result *result, void *data)
{
	return writes(result, data, "0");
}

static int begin(struct result *result, struct store *store, enum keep keep)
{
	static const __u8 value[VALUE] = { 1 };

	argument(store, "put", 3);
	argument(store, "key", 3);
	argument(store, value, sizeof(value));
	store->guest.fd = -1;
	if (place_open(result, &store->place, "alpha", keep))
		return -1;
	return world_guest(result, store->place.sm, store->place.netns, "vault",
			   &store->guest);
}

static void measure_on(struct result *result, bool quick, enum keep keep,
		       char how[640])
{
	static struct store store;

	store = (struct store){ .place.sm = -1 };
	snprintf(how, 640, "vault: put of 16 KiB values with a counter that is added to before each 64 of them (one record of the journal, synced); over the same puts without; 64 puts at a time, so that both see the same load of the machine. The journal stands on %s",
		 place_disk(keep));
	result->how = how;
	if (!begin(result, &store, keep))
		bench_pairs(result, quick ? 41 : 201, counted, uncounted,
			    &store);
	world_gone(&store.guest);
	place_close(&store.place);
}

static void measure_disk(struct result *result, bool quick)
{
	static char how[640];

	measure_on(result, quick, KEEP_ON_DISK, how);
}

static void measure_memory(struct result *result, bool quick)
{
	static char how[640];

	measure_on(result, quick, KEEP_IN_MEMORY, how);
}

const struct figure figure_continuity = {
	.name = "continuity_overhead", .unit = "ratio", .goal = 1.003,
	.at_most = true, .measure = measure_disk,
};

const struct figure figure_continuity_memory = {
	.name = "continuity_overhead_memory", .unit = "ratio", .goal = 1.003,
	.at_most = true, .measure = measure_memory,
};
