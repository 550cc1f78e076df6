/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload and the one who calls it, wherever it lives.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_WORK_H
#define E2E_WORK_H

#include <stdbool.h>

#include "hosts.h"

/**
 * struct work - a workload, and one client of it
 * @id: the workload
 * @client: the client
 * @sequence: of its last call
 * @counter: what a counter must be at
 * @args: of the last call
 * @answer: to the last call, with a zero behind it
 * @length: its bytes
 * @status: the enclave's own
 * @error: why the last thing failed
 */
struct work {
	__u8 id[REWIRE_ID_SIZE];
	__u8 client[REWIRE_ID_SIZE];
	__u64 sequence;
	unsigned long counter;
	struct rewire_args args;
	__u8 answer[REWIRE_MAX_PAYLOAD + 1];
	size_t length;
	__s32 status;
	struct rewire_error error;
};

/* A fresh workload that nobody has started. */
void work_init(struct work *work);

/**
 * work_load - BUILDING to READY
 * @work: of work_init()
 * @host: where
 * @image: name of the example enclave
 * @manifest: name of its manifest without the suffix
 *
 * Return: the enclave's file, or a negative errno with @work->error filled.
 */
int work_load(struct work *work, const struct host *host, const char *image,
	      const char *manifest);

/* A fresh workload, RUNNING; ends the program if that fails. */
void work_start(struct work *work, const struct host *host, const char *image);

/* A file of the instance there, or a negative errno. */
int work_open(struct work *work, const struct host *host);

struct rewire_enclave_info work_info(struct work *work,
				     const struct host *host);

/* Each: 0 or a negative errno, and why in @work->error. */
int work_pause(struct work *work, const struct host *host);
int work_resume(struct work *work, const struct host *host);
int work_destroy(struct work *work, const struct host *host);

/* The next call: a verb and arguments up to NULL. */
void work_prepare(struct work *work, const char *verb, ...);
void work_argument(struct work *work, const void *data, size_t length);

/**
 * work_ask - make the prepared call, or ask again for its answer
 * @work: the client
 * @host: where it asks
 * @timeout_ms: -ETIMEDOUT afterwards; the call stays
 *
 * Return: 0 (@work->status is the enclave's) or a negative errno.
 */
int work_ask(struct work *work, const struct host *host,
	     unsigned int timeout_ms);

/* Long enough for a machine that is emulated and busy. */
#define PATIENCE_MS	60000

/**
 * work_busy - a call that is still under way when this returns
 * @work: the client; its call waits to be asked for again
 * @host: where it asks
 * @verb: takes a number of rounds, that it takes longer for the more they are
 * @rounds: to begin with; however fast the machine, there will be enough
 */
void work_busy(struct work *work, const struct host *host, const char *verb,
	       unsigned long rounds);

/* A counter there counts on from where it must be: it runs, its state is kept. */
void expect_counts(struct work *work, const struct host *host);

/**
 * expect_only_at - one instance lives, there, runs, and has its state
 * @work: a counter
 * @here: where
 * @elsewhere: where it must not live
 * @code: what who calls it elsewhere is told: EREMCHG, ENOENT, 0 for either
 */
void expect_only_at(struct work *work, const struct host *here,
		    const struct host *elsewhere, int code);

/* How many enclaves of the workload a host has. */
unsigned int work_count(const struct work *work, const struct host *host);

/* Wait for a state of the instance there; false: it does not come. */
bool work_becomes(struct work *work, const struct host *host, __u32 state);

/* Ends it wherever it is. */
void work_end(struct work *work, const struct host *a, const struct host *b);

#endif /* E2E_WORK_H */
