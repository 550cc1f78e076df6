/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_CONTROL_H
#define REWIRED_CONTROL_H

#include <event2/event.h>

#include "helper.h"

/**
 * struct control - the control socket and its connections (opaque)
 */
struct control;

/**
 * control_open - listen on the control socket
 * @base: the event loop
 * @helper: the helper; its options say where
 * @listening: where other helpers reach this one, for the status
 * @ret_control: to be closed by control_close()
 *
 * Return: 0, -EADDRINUSE when another helper answers there, or another negative
 * errno.
 */
int control_open(struct event_base *base, struct helper *helper,
		 const char *listening, struct control **ret_control,
		 struct rewire_error *err);
/* After pool_stop() and pool_reap(). NULL is fine. */
void control_close(struct control *control);

#endif /* REWIRED_CONTROL_H */
