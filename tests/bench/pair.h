/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two hosts with helpers, and an enclave that goes to and fro between them.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_PAIR_H
#define REWIRE_BENCH_PAIR_H

#include "bench.h"

/**
 * struct pair - the helpers of tests/bench/run, and what they move
 * @sm: of both hosts
 * @guest: its file is at the host where it lives
 * @at: that host
 * @epoch: its epoch
 * @streams: that it goes by; 0: as many as the helper likes
 * @bytes: of the last migration's stream
 * @pause: seconds that it stood still in it
 * @ready: of those, until the target's READY was checked
 * @event: called for what the helper tells on the way; may be NULL
 * @data: for @event
 */
struct pair {
	int sm[2];
	struct guest guest;
	int at;
	__u64 epoch;
	unsigned int streams;
	double bytes;
	double pause;
	double ready;
	rewire_ctl_event_fn *event;
	void *data;
};

extern const char *const pair_host[2], *const pair_address[2];

/**
 * pair_open - an enclave at the first host
 * @result: for errors
 * @pair: filled
 * @image: of the enclave, a churn
 * @mib: that it fills
 *
 * Return: 0 or -1; pair_close() in any case.
 */
int pair_open(struct result *result, struct pair *pair, const char *image,
	      const char *mib);
/* The churn of so many MiB, with all but one of them in use. */
int pair_open_size(struct result *result, struct pair *pair, unsigned int mib);
void pair_close(struct pair *pair);

/**
 * pair_migrate - to the other host
 * @result: for errors
 * @pair: opened
 * @stop_and_copy: it stands still from the first page to the last
 *
 * Return: seconds from the order to the answer, or -1.
 */
double pair_migrate(struct result *result, struct pair *pair,
		    bool stop_and_copy);

/**
 * pair_migrate_written - the same while a client has its pages written
 * @result: for errors
 * @pair: opened
 * @stop_and_copy: it stands still from the first page to the last
 * @pages: in each of CLIENT_WRITES_PER_S calls a second
 *
 * Afterwards the enclave has looked at every page.
 *
 * Return: as pair_migrate().
 */
double pair_migrate_written(struct result *result, struct pair *pair,
			    bool stop_and_copy, unsigned int pages);

#endif
