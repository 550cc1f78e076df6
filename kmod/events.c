// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log of bounded size for each SM. Multicast loses messages by design, so
 * each event also stays here for a while: who sees a gap in the numbers asks
 * for what is missing.
 */
#include <linux/build_bug.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "events.h"
#include "netlink.h"
#include "trace.h"

/* Slots are found by masking the sequence number. */
static_assert(!(REWIRE_LOG_SIZE & (REWIRE_LOG_SIZE - 1)));

static struct rewire_event *slot(const struct rewire_events *events,
				 u64 sequence)
{
	return &events->ring[sequence & (REWIRE_LOG_SIZE - 1)];
}

/**
 * rewire_events_init() - an empty log
 * @events: part of the SM
 * @net: the SM's network namespace
 *
 * Return: 0; the memory is taken with the first event.
 */
int rewire_events_init(struct rewire_events *events, struct net *net)
{
	mutex_init(&events->lock);
	events->net = net;
	events->next = 1;
	events->first = 1;
	events->ring = NULL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_events_init);

/**
 * rewire_events_free() - the end of a log that nobody posts to any more
 * @events: part of the SM
 */
void rewire_events_free(struct rewire_events *events)
{
	kvfree(events->ring);
	events->ring = NULL;
	mutex_destroy(&events->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_events_free);

/* Number of the oldest event that is still there; of the next if none is. */
static u64 oldest(const struct rewire_events *events)
{
	if (!events->ring)
		return events->next;
	if (events->next - events->first > REWIRE_LOG_SIZE)
		return events->next - REWIRE_LOG_SIZE;
	return events->first;
}

/**
 * rewire_events_start() - begin to read the log
 * @events: the log
 * @cursor: a reader's
 * @since: number of the first event wanted
 */
void rewire_events_start(struct rewire_events *events,
			 struct rewire_event_cursor *cursor, u64 since)
{
	mutex_lock(&events->lock);
	cursor->next = max(since, oldest(events));
	cursor->end = events->next;
	mutex_unlock(&events->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_events_start);

/**
 * rewire_events_peek() - the event that a reader stands at
 * @events: the log; the caller has its lock
 * @cursor: the reader's; moved on to the oldest event when that is later
 * @lost: set to true when that happened
 *
 * Return: the event, valid while the lock is held; NULL at the end.
 */
const struct rewire_event *
rewire_events_peek(const struct rewire_events *events,
		   struct rewire_event_cursor *cursor, bool *lost)
{
	lockdep_assert_held(&events->lock);
	if (cursor->next < cursor->end && cursor->next < oldest(events)) {
		cursor->next = oldest(events);
		*lost = true;
	}
	if (cursor->next >= cursor->end)
		return NULL;
	return slot(events, cursor->next);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_events_peek);

static void trace_event(const struct rewire_event *event)
{
	switch (event->type) {
	case REWIRE_EVENT_TYPE_ENCLAVE:
		trace_rewire_enclave_state(event);
		break;
	case REWIRE_EVENT_TYPE_SESSION:
		trace_rewire_session_state(event);
		break;
	case REWIRE_EVENT_TYPE_UPDATE:
		trace_rewire_update_state(event);
		break;
	case REWIRE_EVENT_TYPE_ATTACK:
		trace_rewire_attack(event);
		break;
	case REWIRE_EVENT_TYPE_REFUSED:
	case REWIRE_EVENT_TYPE_JOURNAL:
	case REWIRE_EVENT_TYPE_TRUST:
		trace_rewire_refused(event);
		break;
	}
}

/* What cannot be kept is lost in the log too, as its missing number shows. */
static void keep(struct rewire_events *events, const struct rewire_event *event)
{
	if (!events->ring) {
		events->ring = kvcalloc(REWIRE_LOG_SIZE, sizeof(*events->ring),
					GFP_KERNEL);
		events->first = event->sequence;
	}
	if (events->ring)
		*slot(events, event->sequence) = *event;
}

/**
 * rewire_event_post() - tell the world that something happened
 * @events: log of the SM where it did
 * @event: what; its number and times are filled in here
 *
 * Never fails: without memory the event is one of those that get lost. Sleeps;
 * may be called with any mutex held, so that events come in the order of the
 * changes they tell of.
 */
void rewire_event_post(struct rewire_events *events,
		       const struct rewire_event *event)
{
	struct rewire_event numbered = *event;

	numbered.reason[REWIRE_REASON_MAX] = '\0';
	mutex_lock(&events->lock);
	numbered.time_boot = ktime_get_boottime_ns();
	numbered.time_real = ktime_get_real_ns();
	numbered.sequence = events->next++;
	keep(events, &numbered);
	trace_event(&numbered);
	rewire_netlink_notify(events->net, &numbered);
	mutex_unlock(&events->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_event_post);
