// SPDX-License-Identifier: MIT
/*
 * The steps of a migration, for the log and for the client that ordered it.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "clock.h"
#include "log.h"
#include "report.h"

/* A client that takes nothing for so long is written off. */
#define CLIENT_MS	10000

int report_line(int client, char *line)
{
	struct pollfd pfd = { .fd = client, .events = POLLOUT };
	size_t length = line ? strlen(line) : 0;
	size_t at = 0;
	ssize_t n;
	int ret = line ? 0 : -ENOMEM;

	while (!ret && at < length) {
		n = send(client, line + at, length - at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			ret = poll(&pfd, 1, CLIENT_MS) == 0 ? -ETIMEDOUT : 0;
		else if (errno != EINTR)
			ret = -errno;
	}
	/* It may hold an enclave's answer. */
	rewire_wipe_free(line, length);
	return ret;
}

/* Seconds since 1970, exact to the microsecond: what timelines are made of. */
static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
}

static json_t *describe(const struct report *report, __u32 side, __u64 bytes)
{
	json_t *info = json_pack("{s:s, s:I, s:f}",
				 "side", rewire_side_name(side),
				 "ms", (json_int_t)(clock_ms() - report->start),
				 "time", wall_clock());

	if (info && bytes)
		json_object_set_new(info, "bytes",
				    json_integer((json_int_t)bytes));
	return info;
}

/* Takes over @info. */
static void tell(const struct report *report, struct rewire_ctl_answer *event,
		 json_t *info)
{
	event->ok = true;
	event->info = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	report_line(report->client, rewire_ctl_encode_answer(event));
	free(event->info);
}

void report_step(const struct report *report, __u32 side, __u32 state,
		 __u64 bytes)
{
	struct rewire_ctl_answer event = { 0 };
	char id[REWIRE_ID_TEXT];

	/* In capitals, as the protocol's description has them. */
	snprintf(event.event, sizeof(event.event), "%s",
		 rewire_session_state_name(state));
	for (char *c = event.event; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	log_notice("migration %s: %s %s after %lld ms",
		   rewire_id_format(report->request_id, id),
		   rewire_side_name(side), event.event,
		   (long long)(clock_ms() - report->start));
	if (report->client >= 0)
		tell(report, &event, describe(report, side, bytes));
}

static json_t *describe_round(const struct report *report,
			      const struct round *round, __u64 bytes)
{
	json_t *info = describe(report, REWIRE_SIDE_SOURCE, bytes);
	json_t *more = json_pack("{s:i, s:I, s:I}",
				 "round", (int)round->number,
				 "pages", (json_int_t)round->pages,
				 "sent", (json_int_t)round->bytes);

	json_object_update_missing(info, more);
	json_decref(more);
	return info;
}

void report_copying(const struct report *report, const struct round *round,
		    __u64 bytes)
{
	struct rewire_ctl_answer event = { .event = "COPYING" };

	if (report->client >= 0)
		tell(report, &event, describe_round(report, round, bytes));
}

void report_round(const struct report *report, const struct round *round,
		  __u64 bytes)
{
	struct rewire_ctl_answer event = { .event = "ROUND" };
	__u64 rate = round->ms ? round->left * 1000 / round->ms : 0;
	json_t *info, *more;

	log_info("round %u: %llu bytes in %llu ms, then %llu pages written, to be sent in %llu ms",
		 round->number, (unsigned long long)round->bytes,
		 (unsigned long long)round->ms, (unsigned long long)round->left,
		 (unsigned long long)round->expected_ms);
	if (report->client < 0)
		return;
	info = describe_round(report, round, bytes);
	more = json_pack("{s:I, s:I, s:I, s:I, s:i}",
			 "took_ms", (json_int_t)round->ms,
			 "left", (json_int_t)round->left,
			 "rate", (json_int_t)rate,
			 "expected_ms", (json_int_t)round->expected_ms,
			 "delay_us", (int)round->delay_us);
	json_object_update_missing(info, more);
	json_decref(more);
	tell(report, &event, info);
}
