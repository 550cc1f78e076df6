// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs a vault that nobody can put it back.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define BATCH	64
#define VALUE	16384
#define CLIENTS	8

struct store;

/**
 * struct client - puts its share of each batch
 * @store: whose
 * @guest: the vault, by a client id of its own
 * @thread: that calls
 * @result: what went wrong
 * @failed: something did
 */
struct client {
	struct store *store;
	struct guest guest;
	pthread_t thread;
	struct result result;
	bool failed;
};

/**
 * struct store - both things to be compared
 * @place: a host with a journal
 * @guest: a vault there
 * @input: "put", a key and a value
 * @length: its bytes
 * @clients: who puts
 * @count: how many of them
 * @gate: a batch begins, and has ended
 * @over: there is no other one
 */
struct store {
	struct place place;
	struct guest guest;
	__u8 input[VALUE + 64];
	size_t length;
	struct client clients[CLIENTS];
	unsigned int count;
	pthread_barrier_t gate;
	bool over;
};

static void argument(struct store *store, const void *data, __u32 length)
{
	memcpy(store->input + store->length, &length, sizeof(length));
	memcpy(store->input + store->length + sizeof(length), data, length);
	store->length += sizeof(length) + length;
}

static void *put(void *data)
{
	struct client *client = data;
	struct store *store = client->store;

	for (;;) {
		pthread_barrier_wait(&store->gate);
		if (store->over)
			return NULL;
		for (unsigned int i = 0; i < BATCH / store->count; i++)
			if (world_call_raw(&client->result, &client->guest,
					   store->input, store->length))
				client->failed = true;
		pthread_barrier_wait(&store->gate);
	}
}

static double writes(struct result *result, struct store *store,
		     const char *batch)
{
	double start;

	if (world_call(result, &store->guest, "protect", batch, NULL))
		return -1;
	start = bench_now();
	pthread_barrier_wait(&store->gate);
	pthread_barrier_wait(&store->gate);
	start = bench_now() - start;
	for (unsigned int i = 0; i < store->count; i++)
		if (store->clients[i].failed)
			return bench_missing(result, "%s",
					     store->clients[i].result.missing);
	return start;
}

static double counted(struct result *result, void *data)
{
	return writes(result, data, "64");
}

static double uncounted(struct result *result, void *data)
{
	return writes(result, data, "0");
}

/* Nobody could go on without one of them: that ends the bench. */
static void clients_begin(struct store *store)
{
	pthread_barrier_init(&store->gate, NULL, store->count + 1);
	for (unsigned int i = 0; i < store->count; i++) {
		struct client *client = &store->clients[i];
		struct rewire_error err;

		client->store = store;
		client->guest = store->guest;
		client->guest.sequence = 1;
		if (rewire_id_random(client->guest.client, &err) ||
		    pthread_create(&client->thread, NULL, put, client)) {
			fprintf(stderr, "a client does not start\n");
			exit(1);
		}
	}
}

static void clients_end(struct store *store)
{
	store->over = true;
	pthread_barrier_wait(&store->gate);
	for (unsigned int i = 0; i < store->count; i++)
		pthread_join(store->clients[i].thread, NULL);
	pthread_barrier_destroy(&store->gate);
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

static void measure(struct result *result, bool quick, enum keep keep,
		    unsigned int clients, char how[800])
{
	static struct store store;

	store = (struct store){ .place.sm = -1, .count = clients };
	snprintf(how, 800, "vault: put of 16 KiB values with a counter that is added to for each 64 of them (one record of the journal, synced), over the same puts without; 64 puts at a time, so that both see the same load of the machine. %s. What rests on the counter waits for the record, and the vault adds ahead, so that it seldom has to wait: what is left is what record, write and sync take of the processors, and three calls of the enclave to its SM. The journal stands on %s",
		 clients > 1 ?
		 "Eight clients, each with one call at a time, keep the machine's processors busy: what the record takes of them is not to be had for puts" :
		 "One client with one call at a time, in a closed loop",
		 place_disk(keep));
	result->how = how;
	if (!begin(result, &store, keep)) {
		clients_begin(&store);
		bench_pairs(result, quick ? 101 : 501, counted, uncounted,
			    &store);
		clients_end(&store);
	}
	world_gone(&store.guest);
	place_close(&store.place);
}

#define FIGURE(name_, goal_, keep_, clients_)				\
static void measure_##name_(struct result *result, bool quick)		\
{									\
	static char how[800];						\
									\
	measure(result, quick, keep_, clients_, how);			\
}									\
									\
const struct figure figure_##name_ = {					\
	.name = #name_, .unit = "ratio", .goal = goal_,			\
	.at_most = true, .measure = measure_##name_,			\
}

FIGURE(continuity_overhead, 1.003, KEEP_ON_DISK, 1);
FIGURE(continuity_overhead_memory, 1.003, KEEP_IN_MEMORY, 1);
FIGURE(continuity_overhead_clients, 1.003, KEEP_ON_DISK, CLIENTS);
FIGURE(continuity_overhead_clients_memory, 1.003, KEEP_IN_MEMORY, CLIENTS);
