// SPDX-License-Identifier: MIT
/*
 * Events of the SM, as lines of the log, and as a reason to look at what waits.
 * Nothing is decided by them: a lost one costs a line, and some time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <events.h>

#include "kernel_events.h"
#include "log.h"

struct kernel_events {
	struct rewire_watch *watch;
	struct event *readable;
	void (*seen)(void *data);
	void *data;
};

static int level_of(const struct rewire_event *event)
{
	switch (event->type) {
	case REWIRE_EVENT_TYPE_ATTACK:
		return LOG_LEVEL_ERROR;
	case REWIRE_EVENT_TYPE_REFUSED:
	case REWIRE_EVENT_TYPE_JOURNAL:
		return LOG_LEVEL_WARNING;
	default:
		return LOG_LEVEL_INFO;
	}
}

static void log_event(const struct rewire_event *event, void *data)
{
	const char *to = rewire_event_state_name(event, event->to);
	char workload[REWIRE_ID_TEXT], change[160] = "";

	(void)data;
	if (to)
		snprintf(change, sizeof(change),
			 ", enclave %llu of workload %s: %s to %s",
			 (unsigned long long)event->enclave,
			 rewire_id_format(event->workload, workload),
			 rewire_event_state_name(event, event->from), to);
	log_line(level_of(event), "SM event %llu: %s%s%s%s",
		 (unsigned long long)event->sequence,
		 rewire_event_type_name(event->type), change,
		 event->reason[0] ? ": " : "", event->reason);
}

/* Whoever was here before us has logged it; after a boot there is nothing. */
static void log_old_event(const struct rewire_event *event, void *data)
{
	(void)data;
	log_debug("SM event %llu was before our time",
		  (unsigned long long)event->sequence);
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct kernel_events *events = data;
	struct rewire_error err;

	(void)fd;
	(void)what;
	if (rewire_watch_read(events->watch, log_event, NULL, &err))
		log_warning("events of the SM: %s", err.text);
	if (events->seen)
		events->seen(events->data);
}

int kernel_events_open(struct event_base *base, void (*seen)(void *data),
		       void *data,
		       struct kernel_events **ret_events,
		       struct rewire_error *err)
{
	struct kernel_events *events = calloc(1, sizeof(*events));
	int ret;

	if (!events)
		return rewire_fail(err, ENOMEM, "no memory");
	events->seen = seen;
	events->data = data;
	ret = rewire_watch_open(0, &events->watch, err);
	if (ret)
		goto err_free;
	events->readable = event_new(base, rewire_watch_fd(events->watch),
				     EV_READ | EV_PERSIST, on_readable, events);
	if (!events->readable || event_add(events->readable, NULL)) {
		ret = rewire_fail(err, ENOMEM, "no memory");
		goto err_watch;
	}
	/* What was before we listened does not make the file readable. */
	ret = rewire_watch_read(events->watch, log_old_event, NULL, err);
	if (ret)
		goto err_watch;
	*ret_events = events;
	return 0;

err_watch:
	if (events->readable)
		event_free(events->readable);
	rewire_watch_close(events->watch);
err_free:
	free(events);
	return ret;
}

void kernel_events_close(struct kernel_events *events)
{
	if (!events)
		return;
	event_free(events->readable);
	rewire_watch_close(events->watch);
	free(events);
}
