/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client that calls an enclave again and again, wherever the enclave is.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_CLIENT_H
#define REWIRE_BENCH_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "pair.h"

/* Of what has pages written at a rate: the calls, each of its share of them. */
#define CLIENT_WRITES_PER_S	20

/**
 * struct client - it
 * @guest: the enclave, as this client has it
 * @sm: of both hosts, between which it follows
 * @at: host where it is
 * @request: what it asks
 * @length: bytes of that
 * @pause_ns: from an answer to the next call
 * @answers: how many it had
 * @stop: enough
 * @thread: calls
 */
struct client {
	struct guest guest;
	const int *sm;
	int at;
	__u8 request[64];
	size_t length;
	long pause_ns;
	atomic_ulong answers;
	atomic_bool stop;
	pthread_t thread;
};

/**
 * client_start - from now on it calls
 * @result: for errors
 * @client: filled
 * @pair: whom
 * @per_s: about so many times a second; 0: without a pause
 * @verb: of churn
 * @pages: for the verb
 *
 * Return: 0, and client_stop() ends it; or -1.
 */
int client_start(struct result *result, struct client *client,
		 const struct pair *pair, unsigned int per_s, const char *verb,
		 unsigned int pages);
void client_stop(struct client *client);

#endif
