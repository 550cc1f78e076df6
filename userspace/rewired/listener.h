/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_LISTENER_H
#define REWIRED_LISTENER_H

#include <event2/event.h>

#include "helper.h"

/**
 * struct listener - where other helpers connect (opaque)
 */
struct listener;

/**
 * listener_open - listen for other helpers
 * @base: the event loop
 * @helper: the helper; its options say where
 * @ret_listener: to be closed by listener_close()
 *
 * Return: 0 or a negative errno.
 */
int listener_open(struct event_base *base, struct helper *helper,
		  struct listener **ret_listener, struct rewire_error *err);
/* NULL is fine. Connections that are being served stay. */
void listener_close(struct listener *listener);

/* "ADDRESS:PORT" it listens at; empty for NULL. */
const char *listener_address(const struct listener *listener);

#endif /* REWIRED_LISTENER_H */
