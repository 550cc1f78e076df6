// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "client.h"
#include "pair.h"

const char *const pair_host[2] = { "left", "right" };
const char *const pair_address[2] = { "10.0.0.1", "10.0.0.2" };

int pair_open(struct result *result, struct pair *pair, const char *image,
	      const char *mib)
{

	*pair = (struct pair){ .sm = { -1, -1 }, .guest.fd = -1, .epoch = 1 };
	if (!getenv("REWIRE_BENCH_RUN"))
		return bench_missing(result, "no helpers run");
	for (int i = 0; i < 2; i++) {
		pair->sm[i] = world_sm(result, pair_host[i]);
		if (pair->sm[i] < 0)
			return -1;
	}
	if (world_guest(result, pair->sm[0], pair_host[0], image, &pair->guest))
		return -1;
	return world_call(result, &pair->guest, "fill", mib, "1", NULL);
}

int pair_open_size(struct result *result, struct pair *pair, unsigned int size)
{
	char image[32], mib[16];

	snprintf(image, sizeof(image), "churn-%uM", size);
	snprintf(mib, sizeof(mib), "%u", size - 1);
	return pair_open(result, pair, image, mib);
}

void pair_close(struct pair *pair)
{
	world_gone(&pair->guest);
	for (int i = 0; i < 2; i++)
		if (pair->sm[i] >= 0)
			close(pair->sm[i]);
}

static void take_numbers(struct pair *pair, const char *text)
{
	json_t *info = text ? json_loads(text, 0, NULL) : NULL;

	pair->bytes = json_number_value(json_object_get(info, "bytes"));
	pair->pause = json_number_value(json_object_get(info, "still_ms")) /
		      1000;
	json_decref(info);
}

static int follow(struct result *result, struct pair *pair)
{
	struct rewire_error err;

	pair->at = !pair->at;
	pair->epoch++;
	close(pair->guest.fd);
	pair->guest.fd = rewire_enclave_open(pair->sm[pair->at], 0,
					     pair->guest.workload, &err);
	return pair->guest.fd < 0 ? bench_missing(result, "%s", err.text) : 0;
}

/**
 * struct hearing - a migration on the way
 * @pair: what moves
 * @frozen_ms: when it was stopped, by the helper's clock
 */
struct hearing {
	struct pair *pair;
	double frozen_ms;
};

static void heard(const struct rewire_ctl_answer *event, void *data)
{
	struct hearing *h = data;
	json_t *info = event->info ? json_loads(event->info, 0, NULL) : NULL;
	const double ms = json_number_value(json_object_get(info, "ms"));

	if (!strcmp(event->event, "FROZEN"))
		h->frozen_ms = ms;
	else if (!strcmp(event->event, "RELINQUISHED"))
		h->pair->ready = (ms - h->frozen_ms) / 1000;
	json_decref(info);
	if (h->pair->event)
		h->pair->event(event, h->pair->data);
}

double pair_migrate(struct result *result, struct pair *pair,
		    bool stop_and_copy)
{
	struct rewire_ctl_request request = {
		.op = REWIRE_CTL_MIGRATE, .stop_and_copy = stop_and_copy,
		.streams = pair->streams,
	};
	struct hearing hearing = { .pair = pair };
	struct rewire_ctl_answer answer;
	int from = pair->at, to = !from;
	struct rewire_error err;
	char socket[512];
	double start, took;

	snprintf(socket, sizeof(socket), "%s/%s.sock",
		 getenv("REWIRE_BENCH_RUN"), pair_host[from]);
	snprintf(request.peer, sizeof(request.peer), "%s@%s:7443",
		 pair_host[to], pair_address[to]);
	if (world_request(result, &pair->guest, pair->epoch, pair->sm[from],
			  pair->sm[to], &request.request))
		return -1;
	start = bench_now();
	if (rewire_ctl_exchange(socket, &request, heard, &hearing, &answer,
				&err))
		return bench_missing(result, "%s", err.text);
	took = bench_now() - start;
	if (answer.ok)
		take_numbers(pair, answer.info);
	else
		bench_missing(result, "%s", answer.error.text);
	rewire_ctl_answer_clear(&answer);
	if (result->missing[0] || follow(result, pair))
		return -1;
	return took;
}

double pair_migrate_written(struct result *result, struct pair *pair,
			    bool stop_and_copy, unsigned int pages)
{
	struct client writer;
	double took;

	if (client_start(result, &writer, pair, CLIENT_WRITES_PER_S, "write",
			 pages))
		return -1;
	took = pair_migrate(result, pair, stop_and_copy);
	client_stop(&writer);
	if (took < 0 || world_call(result, &pair->guest, "verify", NULL))
		return -1;
	fprintf(stderr, "  %s: %.3f s, still for %.3f s (%.3f until READY), %.1f MiB\n",
		stop_and_copy ? "stop and copy" : "copied in rounds", took,
		pair->pause, pair->ready, pair->bytes / MIB);
	return took;
}
