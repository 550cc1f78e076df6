/* SPDX-License-Identifier: MIT */
/*
 * librewire: the events of an SM, over generic netlink (uapi/rewire.yaml).
 *
 * Everything here is about the SM of the network namespace of the caller, and
 * needs CAP_NET_ADMIN.
 */
#ifndef LIBREWIRE_EVENTS_H
#define LIBREWIRE_EVENTS_H

#include <uapi/rewire_netlink.h>

#include "rewire.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct rewire_event - one thing that happened in an SM
 * @sequence: from 1, without gaps; a gap means that events are lost for good
 * @time_boot: CLOCK_BOOTTIME in ns
 * @time_real: CLOCK_REALTIME in ns
 * @type: REWIRE_EVENT_TYPE_*; one of the future is to be passed over
 * @side: REWIRE_SIDE_* of a session, else 0
 * @from: state before, REWIRE_ENCLAVE_* or REWIRE_SESSION_*; the same as @to
 *	for what is new; 0 for other types
 * @to: state after
 * @enclave: number of the enclave in its SM, or 0
 * @epoch: of the workload, or 0
 * @workload: zero when unknown
 * @request_id: which migration or update; zero when none
 * @peer: SM id of the other side; zero when unknown
 * @reason: for people; may be empty
 */
struct rewire_event {
	__u64 sequence;
	__u64 time_boot;
	__u64 time_real;
	__u32 type;
	__u32 side;
	__u32 from;
	__u32 to;
	__u64 enclave;
	__u64 epoch;
	__u8 workload[REWIRE_ID_SIZE];
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 peer[REWIRE_ID_SIZE];
	char reason[REWIRE_REASON_MAX + 1];
};

/* "enclave", "session", "attack", "refused", "journal"; "unknown" otherwise. */
const char *rewire_event_type_name(__u32 type);

/* Of its from or to; NULL for an event that is about no change of state. */
const char *rewire_event_state_name(const struct rewire_event *event,
				    __u32 state);

/**
 * typedef rewire_event_fn - is told of one event
 * @event: valid during the call
 * @data: as given with the function
 */
typedef void rewire_event_fn(const struct rewire_event *event, void *data);

/**
 * struct rewire_watch - events in order, each once
 *
 * Netlink loses notifications when the reader is slow. A watch sees that by
 * their numbers and gets from the SM's log what is missing.
 */
struct rewire_watch;

/**
 * rewire_watch_open - begin to watch
 * @since: number of the first event wanted; 0: all that the SM still has
 * @ret_watch: the watch
 *
 * A watch ends with the module: after an rmmod it is silent, open a new one.
 *
 * Return: 0 or a negative errno; ENODEV: the module is not loaded.
 */
int rewire_watch_open(__u64 since, struct rewire_watch **ret_watch,
		      struct rewire_error *err);

/**
 * rewire_watch_fd - what to poll
 * @watch: the watch
 *
 * Return: a descriptor that stays the watch's; readable when there may be
 * events. It tells nothing of those before rewire_watch_open(): read once first.
 */
int rewire_watch_fd(const struct rewire_watch *watch);

/**
 * rewire_watch_read - all events until now, without waiting
 * @watch: the watch
 * @event: is told of each; must not use the watch
 * @data: for @event
 *
 * Return: 0 or a negative errno, after which the same may be tried again.
 */
int rewire_watch_read(struct rewire_watch *watch, rewire_event_fn *event,
		      void *data, struct rewire_error *err);

/* NULL is allowed. */
void rewire_watch_close(struct rewire_watch *watch);

#ifdef __cplusplus
}
#endif

#endif /* LIBREWIRE_EVENTS_H */
