/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ROUNDS_H
#define REWIRED_ROUNDS_H

#include <rewire.h>

#include "link.h"

/**
 * rounds_run - copy an enclave while it runs
 * @session: the source's, AGREED
 * @link: where the stream goes
 * @goal_ms: the pause that is wanted; 0: copy nothing
 * @bytes: of the stream so far; counted on
 *
 * It ends when what was written meanwhile would take no longer than the goal, as
 * fast as the last round went; when a round leaves hardly less than the one
 * before; or after a number of rounds.
 *
 * Return: 0 or a negative errno.
 */
int rounds_run(int session, struct link *link, unsigned int goal_ms,
	       __u64 *bytes, struct rewire_error *err);

#endif /* REWIRED_ROUNDS_H */
