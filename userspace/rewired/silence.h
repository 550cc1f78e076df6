/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_SILENCE_H
#define REWIRED_SILENCE_H

#include "helper.h"

/**
 * struct silence - sees to it that a witness's silence is noticed
 * @job: asks the SM
 * @helper: whose options say how long it may be silent
 * @running: the job is
 * @told: that it is silent for too long was said, and nothing was heard since
 * @next: clock_ms() of the next look
 */
struct silence {
	struct job job;
	struct helper *helper;
	bool running;
	bool told;
	int64_t next;
};

void silence_init(struct silence *silence, struct helper *helper);

/* Called by the event loop each second or so; starts the job if it is time. */
void silence_tick(struct silence *silence);

/**
 * silence_judge - is it news?
 * @silence: what was said so far; updated
 * @info: what the SM says now
 *
 * What is too long is said once, and so is the end of it.
 *
 * Return: 1: it has become too long; -1: it has ended; 0: neither.
 */
int silence_judge(struct silence *silence,
		  const struct rewire_journal_info *info);

#endif /* REWIRED_SILENCE_H */
