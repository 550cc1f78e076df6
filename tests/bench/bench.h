/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the figures share. A figure is a ratio of two things measured in turn,
 * several times, on one machine; or it says why it could not be measured.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_H
#define REWIRE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rewire.h"

#define BENCH_MAX_RUNS	512
#define MIB		(1024.0 * 1024.0)

/**
 * struct result - what became of a figure
 * @value: one for each run
 * @runs: how many
 * @how: what exactly was measured, in words
 * @missing: why it was not; empty when it was
 */
struct result {
	double value[BENCH_MAX_RUNS];
	unsigned int runs;
	const char *how;
	char missing[256];
};

/**
 * struct figure - a line of the table
 * @name: as in the goals
 * @unit: of the value
 * @goal: limit; NAN: it is reported, without one
 * @at_most: the value must not exceed it; else not fall below it
 * @measure: runs it that often at most (@quick: a few minutes for everything)
 */
struct figure {
	const char *name;
	const char *unit;
	double goal;
	bool at_most;
	void (*measure)(struct result *result, bool quick);
};

extern const struct figure figure_extract, figure_read, figure_reseal,
			   figure_call, figure_pause, figure_wire,
			   figure_wire_2, figure_wire_4, figure_memory,
			   figure_live, figure_sizes,
			   figure_memory_share, figure_precopy, figure_idle,
			   figure_calls_during, figure_calls_after,
			   figure_criu_pause_64m, figure_criu_total_64m,
			   figure_criu_pause_256m, figure_criu_total_256m,
			   figure_criu_pause_1g, figure_criu_total_1g,
			   figure_continuity_overhead,
			   figure_continuity_overhead_memory,
			   figure_continuity_overhead_clients,
			   figure_continuity_overhead_clients_memory,
			   figure_journal, figure_recovery, figure_package,
			   figure_wrap, figure_update_small,
			   figure_update_large, figure_update_durable,
			   figure_rollback, figure_tuf_small, figure_tuf_large,
			   figure_tuf_memory, figure_tuf_verify;

/* Seconds on a clock that only grows. */
double bench_now(void);

/* Give a figure up; always returns -1. */
int bench_missing(struct result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * One of two things to be compared: a rate or a time, or a negative number when
 * it failed, and then bench_missing() was called.
 */
typedef double bench_fn(struct result *result, void *data);

/**
 * bench_pairs - A B A B ..., a ratio of each pair
 * @result: where the ratios go
 * @runs: how many pairs, after one that warms up
 * @a: numerator
 * @b: denominator
 * @data: for both
 */
void bench_pairs(struct result *result, unsigned int runs, bench_fn *a,
		 bench_fn *b, void *data);

double bench_median(const double *values, unsigned int count);

/*
 * We, and processes and enclaves that we start from here on, share one processor:
 * the path is compared, not who wakes up where. Until bench_unpin().
 */
int bench_pin(struct result *result);
void bench_unpin(void);

/* ---- world.c: hosts and enclaves. Errors go to @result; then they return -1 */

/* The SM of a network namespace (NULL: ours), with keys already or not. */
int world_sm(struct result *result, const char *netns);
/* Enter a network namespace, by name; NULL: back to where we began. */
int world_enter(struct result *result, const char *netns);
/* A file of build/bench. */
void world_path(char path[512], const char *name);

/**
 * struct guest - an enclave that runs
 * @fd: its file
 * @workload: its workload
 * @client: who calls it
 * @sequence: of the next call
 */
struct guest {
	int fd;
	__u8 workload[REWIRE_ID_SIZE];
	__u8 client[REWIRE_ID_SIZE];
	__u64 sequence;
};

/* @netns: where @sm is; tickets are good there only. */
int world_guest(struct result *result, int sm, const char *netns,
		const char *image, struct guest *guest);
/* An enclave of an SM there begins to run. */
int world_run(struct result *result, const char *netns, int fd);
/* Words, the last one NULL. */
int world_call(struct result *result, struct guest *guest, ...);
/* One call of bytes that are arguments already. */
int world_call_raw(struct result *result, struct guest *guest,
		   const void *input, size_t length);
void world_gone(struct guest *guest);
/* The SDS orders a move of a workload at an epoch. */
int world_request(struct result *result, const struct guest *guest,
		  __u64 epoch, int from, int to, struct rewire_signed *request);

#endif
