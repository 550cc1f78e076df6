/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processors: one for enclaves and their clients, one for the helpers, who also
 * do the work of both SMs. What a move costs an enclave is measured, not who gets
 * a processor; and no call has to wake up another one.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_BIND_H
#define REWIRE_BENCH_BIND_H

#include "pair.h"

/* We, our threads, the enclave of @pair on the one; the helpers on the other. */
int bind_all(struct result *result, const struct pair *pair);
/* An enclave that a helper started; @at: its host. */
int bind_enclave(struct result *result, const struct pair *pair, int at);
void bind_undo(void);

/*
 * The helpers' processor computes until bind_idle(): without a move it is as busy
 * as with one, and host and emulator give as much to the other one.
 */
int bind_busy(struct result *result);
void bind_idle(void);

#endif
