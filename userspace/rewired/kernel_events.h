/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_KERNEL_EVENTS_H
#define REWIRED_KERNEL_EVENTS_H

#include <event2/event.h>

#include <rewire.h>

/**
 * struct kernel_events - what the SM says of itself, for the log (opaque)
 */
struct kernel_events;

/**
 * kernel_events_open - log the events of the SM from now on
 * @base: the event loop
 * @seen: called after events came; may be NULL
 * @data: for @seen
 * @ret_events: to be closed by kernel_events_close()
 *
 * Return: 0 or a negative errno, with which the helper does its work as well.
 */
int kernel_events_open(struct event_base *base, void (*seen)(void *data),
		       void *data,
		       struct kernel_events **ret_events,
		       struct rewire_error *err);
void kernel_events_close(struct kernel_events *events);

#endif /* REWIRED_KERNEL_EVENTS_H */
