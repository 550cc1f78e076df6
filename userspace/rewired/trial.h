/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_TRIAL_H
#define REWIRED_TRIAL_H

#include <jansson.h>

#include "helper.h"
#include "link.h"

/*
 * Would a migration go? Both SMs are asked without anything being touched: the
 * request can be used afterwards as if nothing had been.
 */

/**
 * trial_run - ask, at the source
 * @helper: the helper
 * @request: signed by the SDS
 * @peer: address of the target's helper
 *
 * Return: {"ok": whether all would go, "level": of the target when it is known,
 * "checks": [{"check", "result": "ok", "refused" or "skipped", "errno", "why"}]};
 * NULL: no memory.
 */
json_t *trial_run(struct helper *helper, const struct rewire_signed *request,
		  const char *peer);

/* Answer a PROBE, at the target. Return: 0 or a negative errno. */
int trial_answer(struct link *link, const struct peer_frame *frame,
		 struct rewire_error *err);

#endif /* REWIRED_TRIAL_H */
