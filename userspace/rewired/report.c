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

static char *describe(const struct report *report, __u32 side, __u64 bytes)
{
	json_t *info;
	char *text;

	info = json_pack("{s:s, s:I, s:f}",
			 "side", rewire_side_name(side),
			 "ms", (json_int_t)(clock_ms() - report->start),
			 "time", wall_clock());
	if (info && bytes)
		json_object_set_new(info, "bytes",
				    json_integer((json_int_t)bytes));
	text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	return text;
}

void report_step(const struct report *report, __u32 side, __u32 state,
		 __u64 bytes)
{
	struct rewire_ctl_answer event = { .ok = true };
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
	if (report->client < 0)
		return;
	event.info = describe(report, side, bytes);
	report_line(report->client, rewire_ctl_encode_answer(&event));
	free(event.info);
}
