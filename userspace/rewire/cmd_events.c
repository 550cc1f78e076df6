// SPDX-License-Identifier: MIT
/*
 * rewire events
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <events.h>

#include "cli.h"
#include "show.h"

static bool is_known(const __u8 id[REWIRE_ID_SIZE])
{
	static const __u8 none[REWIRE_ID_SIZE];

	return memcmp(id, none, REWIRE_ID_SIZE) != 0;
}

/* What is not known is left out. */
static void print_json(const struct rewire_event *event)
{
	const char *to = rewire_event_state_name(event, event->to);
	json_t *line = json_pack("{s:I, s:I, s:I, s:s}",
				 "sequence", (json_int_t)event->sequence,
				 "time_boot_ns", (json_int_t)event->time_boot,
				 "time_real_ns", (json_int_t)event->time_real,
				 "type", rewire_event_type_name(event->type));

	if (event->side)
		json_object_set_new(line, "side",
				    json_string(rewire_side_name(event->side)));
	if (to) {
		json_object_set_new(line, "from",
				    json_string(rewire_event_state_name(event,
								event->from)));
		json_object_set_new(line, "to", json_string(to));
	}
	if (event->enclave)
		json_object_set_new(line, "enclave",
				    json_integer((json_int_t)event->enclave));
	if (event->epoch)
		json_object_set_new(line, "epoch",
				    json_integer((json_int_t)event->epoch));
	if (is_known(event->workload))
		json_object_set_new(line, "workload", show_id(event->workload));
	if (is_known(event->request_id))
		json_object_set_new(line, "request_id",
				    show_id(event->request_id));
	if (is_known(event->peer))
		json_object_set_new(line, "peer",
				    show_hex(event->peer, REWIRE_ID_SIZE));
	if (event->reason[0])
		json_object_set_new(line, "reason", show_text(event->reason));
	show_json(line);
}

static void print_time(__u64 time_real)
{
	time_t seconds = (time_t)(time_real / 1000000000);
	struct tm when;
	char text[32];

	if (!localtime_r(&seconds, &when) ||
	    !strftime(text, sizeof(text), "%F %T", &when))
		strcpy(text, "?");
	printf("%s.%03u", text, (unsigned int)(time_real / 1000000 % 1000));
}

/* Reasons come from the kernel, and still no control character of theirs. */
static void print_reason(const char *reason)
{
	if (!reason[0])
		return;
	fputs(": ", stdout);
	for (; *reason; reason++)
		putchar((unsigned char)*reason < ' ' || *reason == 127 ?
			'?' : *reason);
}

static int colour_of(const struct rewire_event *event)
{
	switch (event->type) {
	case REWIRE_EVENT_TYPE_ATTACK:
		return SHOW_BAD;
	case REWIRE_EVENT_TYPE_REFUSED:
	case REWIRE_EVENT_TYPE_JOURNAL:
		return SHOW_WAITING;
	default:
		return SHOW_PLAIN;
	}
}

static void print_line(const struct rewire_event *event)
{
	const char *to = rewire_event_state_name(event, event->to);
	char id[REWIRE_ID_TEXT];

	fputs(show_colour(stdout, colour_of(event)), stdout);
	print_time(event->time_real);
	printf("  %5ju  %-7s", (uintmax_t)event->sequence,
	       rewire_event_type_name(event->type));
	if (is_known(event->workload))
		printf("  %s", rewire_id_format(event->workload, id));
	if (event->enclave)
		printf("  enclave %ju", (uintmax_t)event->enclave);
	if (event->side)
		printf("  %s", rewire_side_name(event->side));
	if (to && event->from == event->to)
		printf("  %s", to);
	else if (to)
		printf("  %s -> %s",
		       rewire_event_state_name(event, event->from), to);
	print_reason(event->reason);
	if (is_known(event->request_id))
		printf("  (%s %s)", event->type == REWIRE_EVENT_TYPE_UPDATE ?
		       "update" : "migration",
		       rewire_id_format(event->request_id, id));
	printf("%s\n", show_colour(stdout, SHOW_PLAIN));
}

static void print_event(const struct rewire_event *event, void *data)
{
	__u64 *next = data;

	if (!cli.json && *next && event->sequence != *next)
		printf("(%ju events are lost)\n",
		       (uintmax_t)(event->sequence - *next));
	*next = event->sequence + 1;
	if (cli.json)
		print_json(event);
	else
		print_line(event);
}

static int print_events(struct rewire_watch *watch, bool follow)
{
	struct pollfd pollfd = { .fd = rewire_watch_fd(watch), .events = POLLIN };
	struct rewire_error err;
	__u64 next = 0;

	for (;;) {
		if (rewire_watch_read(watch, print_event, &next, &err))
			return cli_fail(&err);
		/* Whoever read this may be gone: then it is over. */
		if (!follow || fflush(stdout))
			return EXIT_SUCCESS;
		while (poll(&pollfd, 1, -1) < 0)
			if (errno != EINTR)
				return EXIT_REFUSED;
	}
}

static int run_events(int argc, char **argv)
{
	const char *since_text = NULL;
	bool follow = false;
	const struct cli_option options[] = {
		{ .name = "follow", .letter = 'f', .flag = &follow },
		{ .name = "since", .value = &since_text },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0);
	struct rewire_watch *watch;
	struct rewire_error err;
	__u64 since = 0;
	int status;

	if (at < 0)
		return cli_parse_exit(at);
	if (since_text && !cli_number(since_text, 0, UINT64_MAX, &since))
		return cli_usage("--since: %s is not a number", since_text);
	if (rewire_watch_open(since, &watch, &err))
		return cli_fail(&err);
	status = print_events(watch, follow);
	rewire_watch_close(watch);
	return status;
}

const struct command cmd_events = {
	.name = "events",
	.run = run_events,
	.summary = "what happened here: acknowledgements, attacks, refusals",
	.help =
	"usage: rewire events [--follow] [--since N] [--json]\n"
	"\n"
	"Prints the events of this host's Security Monitor, oldest first: each change\n"
	"of state of an enclave, each step of a migration, each attack and refusal. The\n"
	"monitor keeps the last 1024. Needs CAP_NET_ADMIN.\n"
	"\n"
	"  -f, --follow  go on with what happens from now on\n"
	"  --since N     begin with event number N, not with the oldest\n"
	"\n"
	"example:\n"
	"  rewire events --follow --json | jq -c 'select(.type == \"session\")'\n",
};
