/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_COURIER_H
#define REWIRED_COURIER_H

#include <limits.h>

#include "helper.h"

/**
 * struct courier - takes receipts of updates to the SDS
 * @job: hands over what was not handed over yet
 * @helper: whose options name the command
 * @running: the job is
 * @pause_ms: before the next try, after one that failed
 * @next: clock_ms() of that
 * @last: file name of the last receipt that was tried: another one is next, so
 *	that one that is always refused holds up no other
 *
 * A receipt NAME.receipt was handed over once a file NAME.sent is beside it. One
 * whose mark was lost in a crash goes twice: the SDS knows it by its id.
 */
struct courier {
	struct job job;
	struct helper *helper;
	bool running;
	int64_t pause_ms;
	int64_t next;
	char last[NAME_MAX + 1];
};

/* There may be some from before. */
void courier_init(struct courier *courier, struct helper *helper);

/* Called by the event loop each second or so; starts the job if it is time. */
void courier_tick(struct courier *courier);

#endif /* REWIRED_COURIER_H */
