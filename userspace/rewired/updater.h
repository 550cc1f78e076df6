/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_UPDATER_H
#define REWIRED_UPDATER_H

#include <event2/event.h>

#include "updates.h"

/**
 * struct updater - sees to updates that nobody waits for (opaque)
 *
 * Those that the inbox and the policy lead to, and those that a restart left
 * behind.
 */
struct updater;

/**
 * updater_open - watch the inbox
 * @base: the event loop
 * @updates: the updates
 * @ret_updater: to be closed by updater_close()
 *
 * Return: 0 or a negative errno.
 */
int updater_open(struct event_base *base, struct updates *updates,
		 struct updater **ret_updater, struct rewire_error *err);
/* NULL is fine. Its job must have ended. */
void updater_close(struct updater *updater);

/* Called by the event loop each second or so; starts the job if it is time. */
void updater_tick(struct updater *updater);

#endif /* REWIRED_UPDATER_H */
