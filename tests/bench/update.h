/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An enclave that is updated again and again, each time to the same image as the
 * next release: what an update costs does not depend on what is new in it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_UPDATE_H
#define REWIRE_BENCH_UPDATE_H

#include "place.h"
#include "rewire_update.h"

/**
 * struct update - the enclave, and what orders its updates
 * @place: where it lives
 * @image: of both versions
 * @fill: MiB that a churn fills, NULL: it is none
 * @checkpoints: updates keep them, beside the journal of @place
 * @guest: the instance
 * @manifest: of the last release that was tried
 * @developer: signs manifests
 * @sds: signs packages
 * @payload: file with it
 * @length: of it
 * @order: the last package
 * @info: what the SM said last of the last update
 */
struct update {
	struct place place;
	const char *image;
	const char *fill;
	bool checkpoints;
	struct guest guest;
	struct rewire_signed manifest;
	struct rewire_signer *developer;
	struct rewire_signer *sds;
	int payload;
	__u64 length;
	struct rewire_update_order order;
	struct rewire_update_info info;
};

/*
 * It runs. @update has @image and @fill and is zero else; update_close() in any
 * case.
 */
int update_open(struct result *result, struct update *update, enum keep keep);
void update_close(struct update *update);

/* Sign what update_apply() needs, which is no part of what is measured. */
int update_order(struct result *result, struct update *update);

/**
 * update_apply - one update, to its end
 * @result: for errors
 * @update: with an order
 * @well: it has to succeed; else it has to be aborted
 *
 * Return: 0 or -1.
 */
int update_apply(struct result *result, struct update *update, bool well);

/* Both, and it has to succeed: seconds that calls waited by the SM's clock, or -1. */
double update_pause(struct result *result, struct update *update);

#endif /* REWIRE_BENCH_UPDATE_H */
