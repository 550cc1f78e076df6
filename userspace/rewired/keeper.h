/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_KEEPER_H
#define REWIRED_KEEPER_H

#include "helper.h"

/**
 * struct keeper - sees to it that every migration gets to its end
 * @job: when there is something to do
 * @helper: the helper
 * @running: the job is
 * @pause_ms: between tries
 * @next: clock_ms() of the next try
 * @unfresh: errno of an SM that cannot go on by itself, as last told; or 0
 */
struct keeper {
	struct job job;
	struct helper *helper;
	bool running;
	int64_t pause_ms;
	int64_t next;
	int unfresh;
};

#define KEEPER_TICK_MS	1000

void keeper_init(struct keeper *keeper, struct helper *helper);

/* Called by the event loop each KEEPER_TICK_MS; starts the job if it is time. */
void keeper_tick(struct keeper *keeper);

#endif /* REWIRED_KEEPER_H */
