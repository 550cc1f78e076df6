/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ROUNDS_H
#define REWIRED_ROUNDS_H

#include <rewire.h>

#include "link.h"
#include "sealer.h"

/**
 * struct rounds - an enclave is copied while it runs
 * @session: the source's, AGREED
 * @link: where the stream goes
 * @sealer: what is sealed beside it; may not have been started
 * @goal_ms: the pause that is wanted
 * @bytes: of the stream so far; counted on
 */
struct rounds {
	int session;
	struct link *link;
	struct sealer *sealer;
	unsigned int goal_ms;
	__u64 *bytes;
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
 * fast as the last round went; when a round leaves hardly less than the one
 * before; or after a number of rounds.
 *
 * Return: 0 or a negative errno.
 */
int rounds_run(struct rounds *rounds, struct rewire_error *err);

#endif /* REWIRED_ROUNDS_H */
