/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a churn in a plain process and the bench tell each other while it moves: a
 * file that both have mapped. It is no part of what is moved.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_BOARD_H
#define REWIRE_BENCH_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#define BOARD_WRITES_PER_S	20	/* each of as many pages */
#define BOARD_BEATS		10	/* from one to the next */

/**
 * enum board_state - how far the process is
 * @BOARD_FILLING: its pages are written once
 * @BOARD_WORKING: its beats are counted
 * @BOARD_INTACT: it looked at every page, and ended
 * @BOARD_BROKEN: so, and one was not what it must be
 */
enum board_state { BOARD_FILLING, BOARD_WORKING, BOARD_INTACT, BOARD_BROKEN };

/**
 * struct board - the file
 * @state: of the process, enum board_state
 * @verify: it shall look at every page and end
 * @beats: how many
 * @last_ns: when the last one was, CLOCK_MONOTONIC
 * @longest_ns: from one to the next, at most; the bench sets it to zero
 */
struct board {
	atomic_uint state;
	atomic_uint verify;
	atomic_ullong beats;
	atomic_ullong last_ns;
	atomic_ullong longest_ns;
};

#endif
