/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ROUNDS_H
#define REWIRED_ROUNDS_H

#include <rewire.h>

#include "lanes.h"
#include "link.h"
#include "report.h"
#include "sealer.h"

/**
 * struct rounds - an enclave is copied while it runs
 * @session: the source's, AGREED
 * @link: where the stream goes
 * @lanes: its other streams
 * @sealer: what is sealed beside it; may not have been started
 * @report: who is told of each round
 * @goal_ms: the pause that is wanted
 * @limit_ms: the longest that is taken; 0: any
 * @messages_ms: what the pause has beside the pages, as far as can be told
 * @bytes: of all streams so far; counted on
 * @now: the last round, or the one in work
 */
struct rounds {
	int session;
	struct link *link;
	struct lanes *lanes;
	struct sealer *sealer;
	const struct report *report;
	unsigned int goal_ms;
	unsigned int limit_ms;
	unsigned int messages_ms;
	atomic_ullong *bytes;
	struct round now;
};

/**
 * rounds_begin - note from now on what the enclave writes
 * @rounds: filled
 *
 * Return: 0 or a negative errno.
 */
int rounds_begin(struct rounds *rounds, struct rewire_error *err);

/**
 * rounds_run - copy in rounds until the rest is small
 * @rounds: begun
 *
 * It ends when what was written meanwhile would take no longer than the goal, as
 * fast as the last round went, and another round would not make it much less. More
 * rounds make the messages no shorter, which are in what is reported and in what the
 * limit is held against. An enclave that writes as fast as it is copied is slowed down,
 * so that each round leaves half of the one before. What helps no more is paused for as
 * long as it takes, or refused where that is longer than the limit.
 *
 * Return: 0; -ETIME: refused; or another negative errno.
 */
int rounds_run(struct rounds *rounds, struct rewire_error *err);

#endif /* REWIRED_ROUNDS_H */
