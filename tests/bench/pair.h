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
 */
struct pair {
	int sm[2];
	struct guest guest;
	int at;
	__u64 epoch;
	unsigned int streams;
	double bytes;
	double pause;
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

#endif
