// SPDX-License-Identifier: MIT
/*
 * rewire migrate
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"
#include "timeline.h"

static long long number_in(const json_t *info, const char *key)
{
	return (long long)json_integer_value(json_object_get(info, key));
}

/* Of this run. */
static struct {
	struct timeline timeline;
	bool progress;
	bool line;	/* the cursor is behind a line that is written over */
} migration;

/* "key value" for what an event says beside its time and side. */
static void print_details(const json_t *info)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)info, key, value) {
		if (!strcmp(key, "ms") || !strcmp(key, "side"))
			continue;
		if (json_is_string(value))
			printf("  %s %s", key, json_string_value(value));
		else if (json_is_integer(value))
			printf("  %s %lld", key,
			       (long long)json_integer_value(value));
	}
}

static void print_step(const char *event, const json_t *info)
{
	const char *side = json_string_value(json_object_get(info, "side"));

	printf("%8lld ms  %-6s  %s%-12s%s", number_in(info, "ms"),
	       side ? side : "", show_colour(stdout, SHOW_GOOD), event,
	       show_colour(stdout, SHOW_PLAIN));
	print_details(info);
	putchar('\n');
}

static void print_round(const json_t *info)
{
	char size[32];

	printf("%8lld ms  round %lld: %s in %lld ms; %lld pages/s written, %lld left: it would stand still for %lld ms",
	       number_in(info, "ms"), number_in(info, "round"),
	       show_size((__u64)number_in(info, "sent"), size),
	       number_in(info, "took_ms"), number_in(info, "rate"),
	       number_in(info, "left"), number_in(info, "expected_ms"));
	if (number_in(info, "delay_us"))
		printf("; slowed down by %lld us a page",
		       number_in(info, "delay_us"));
	putchar('\n');
}

static void print_copying(const json_t *info)
{
	long long pages = number_in(info, "pages");
	char sent[32], all[32];

	printf("%8lld ms  round %lld: %s of at most %s",
	       number_in(info, "ms"), number_in(info, "round"),
	       show_size((__u64)number_in(info, "sent"), sent),
	       show_size((__u64)pages * 4096, all));
	if (isatty(STDOUT_FILENO)) {
		fputs("\033[K\r", stdout);
		migration.line = true;
	} else {
		putchar('\n');
	}
}

static void print_event(const char *event, const json_t *info)
{
	bool copying = !strcmp(event, "COPYING");

	if (copying && !migration.progress)
		return;
	if (migration.line && !copying)
		fputs("\033[K", stdout);
	migration.line = false;
	if (copying)
		print_copying(info);
	else if (!strcmp(event, "ROUND"))
		print_round(info);
	else
		print_step(event, info);
	fflush(stdout);
}

static void on_event(const struct rewire_ctl_answer *event, void *data)
{
	json_t *info = event->info ? json_loads(event->info, 0, NULL) : NULL;

	(void)data;
	timeline_add(&migration.timeline, event->event, info);
	if (!cli.json) {
		print_event(event->event, info);
	} else if (migration.progress || strcmp(event->event, "COPYING")) {
		json_t *line = json_pack("{s:s}", "event", event->event);

		json_object_update_missing(line, info);
		show_json(line);
	}
	json_decref(info);
}

static void print_result(const json_t *info)
{
	const char *receipt =
		json_string_value(json_object_get(info, "receipt_file"));
	char size[32];

	printf("moved %s in %lld ms; stood still for %lld ms\n",
	       show_size((__u64)number_in(info, "bytes"), size),
	       number_in(info, "ms"), number_in(info, "still_ms"));
	if (receipt)
		printf("receipt: %s\n", receipt);
}

static int report(const struct rewire_ctl_answer *answer)
{
	json_t *info;

	if (!answer->ok)
		return cli_fail(&answer->error);
	info = answer->info ? json_loads(answer->info, 0, NULL) : NULL;
	if (cli.json) {
		/* '*' leaves the member out when there is none */
		show_json(json_pack("{s:b, s:o*}", "ok", 1, "info", info));
		return EXIT_SUCCESS;
	}
	if (info)
		print_result(info);
	json_decref(info);
	return EXIT_SUCCESS;
}

/* What became of it is worth a file also when it was refused. */
static int save_report(const char *path, const struct rewire_ctl_answer *answer)
{
	struct rewire_error err;

	timeline_end(&migration.timeline,
		     !answer->ok ? json_pack("{s:s}", "error",
					     answer->error.text) :
		     answer->info ? json_loads(answer->info, 0, NULL) :
				    json_object());
	if (timeline_write(&migration.timeline, path, &err))
		return cli_fail(&err);
	return EXIT_SUCCESS;
}

static void print_check(const json_t *check)
{
	const char *result = json_string_value(json_object_get(check, "result"));
	const char *why = json_string_value(json_object_get(check, "why"));
	const char *name = json_string_value(json_object_get(check, "check"));
	int colour = SHOW_PLAIN;

	if (!name || !result)
		return;
	if (!strcmp(result, "ok"))
		colour = SHOW_GOOD;
	else if (!strcmp(result, "refused"))
		colour = SHOW_BAD;
	printf("%-8s%s%-8s%s%s%s\n", name, show_colour(stdout, colour), result,
	       show_colour(stdout, SHOW_PLAIN), why ? "  " : "",
	       why ? why : "");
}

static int report_try(const struct rewire_ctl_answer *answer)
{
	json_t *info, *check;
	size_t i;
	bool ok;

	if (!answer->ok)
		return cli_fail(&answer->error);
	info = answer->info ? json_loads(answer->info, 0, NULL) : NULL;
	ok = json_is_true(json_object_get(info, "ok"));
	if (cli.json) {
		show_json(info ? info : json_pack("{s:b}", "ok", 0));
		return ok ? EXIT_SUCCESS : EXIT_REFUSED;
	}
	json_array_foreach(json_object_get(info, "checks"), i, check)
		print_check(check);
	if (json_object_get(info, "level"))
		printf("the target's platform is of level %lld\n",
		       number_in(info, "level"));
	puts(ok ? "it would go; nothing was touched" :
		  "it would not go; nothing was touched");
	json_decref(info);
	return ok ? EXIT_SUCCESS : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	const char *file = NULL, *peer = NULL, *socket = NULL;
	const char *report_file = NULL, *streams = NULL;
	bool dry_run = false, stop_and_copy = false;
	const struct cli_option options[] = {
		{ .name = "request", .value = &file, .required = true },
		{ .name = "to", .value = &peer, .required = true },
		{ .name = "dry-run", .flag = &dry_run },
		{ .name = "stop-and-copy", .flag = &stop_and_copy },
		{ .name = "streams", .value = &streams },
		{ .name = "progress", .flag = &migration.progress },
		{ .name = "report", .value = &report_file },
		{ .name = "socket", .value = &socket },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0);
	struct rewire_ctl_request request = { .op = REWIRE_CTL_MIGRATE };
	struct rewire_ctl_answer answer;
	struct rewire_error err;
	__u64 count = 0;
	int status;

	if (at < 0)
		return cli_parse_exit(at);
	if (!strrchr(peer, ':') || strlen(peer) >= sizeof(request.peer))
		return cli_usage("--to: %s is not HOST:PORT", peer);
	strcpy(request.peer, peer);
	request.stop_and_copy = stop_and_copy;
	if (streams && !cli_number(streams, 1, REWIRE_MAX_LANES, &count))
		return cli_usage("--streams: %s is not a number from 1 to %u",
				 streams, REWIRE_MAX_LANES);
	request.streams = (unsigned int)count;
	if (dry_run)
		request.op = REWIRE_CTL_TRY;
	if (rewire_signed_read(file, REWIRE_TYPE_REQUEST, &request.request,
			       &err) ||
	    rewire_ctl_exchange(socket, &request, on_event, NULL, &answer, &err))
		return cli_fail(&err);
	status = dry_run ? report_try(&answer) : report(&answer);
	if (report_file && !dry_run)
		status |= save_report(report_file, &answer);
	timeline_free(&migration.timeline);
	rewire_ctl_answer_clear(&answer);
	return status;
}

const struct command cmd_migrate = {
	.name = "migrate",
	.run = run,
	.summary = "move a workload to another host",
	.help =
	"usage: rewire migrate --request FILE --to [NAME@]HOST:PORT [--dry-run]\n"
	"                      [--stop-and-copy] [--streams N] [--progress]\n"
	"                      [--report FILE] [--socket PATH] [--json]\n"
	"\n"
	"Hands the signed request to the local helper, which is at the source, and\n"
	"prints each step as the Security Monitors acknowledge it. Interrupting this\n"
	"command cancels the migration until the source is RELINQUISHED; from there on\n"
	"it is carried to its end without it, over crashes of either host too.\n"
	"\n"
	"  --request FILE  made by `rewire request`\n"
	"  --to HOST:PORT  where the target's helper listens; with NAME@ before it when\n"
	"                  HOST is not the name in its certificate\n"
	"  --dry-run       move nothing: ask both Security Monitors what they would\n"
	"                  refuse, and why. The request is not used up. Exit status 0\n"
	"                  when all would go, 1 when not. Checks are source, peer (its\n"
	"                  helper), target, and level (of the target's platform); one\n"
	"                  that rests on a refused one is skipped\n"
	"  --stop-and-copy copy nothing while it runs: it stands still from the first\n"
	"                  page to the last, and nothing is sent twice\n"
	"  --streams N     send the pages in as many streams, 1 to 8, each a connection\n"
	"                  and a thread at either side [as the helper was told]\n"
	"  --progress      show how far a round of copying is, too\n"
	"  --report FILE   afterwards, write what happened and when: rounds, the pause,\n"
	"                  acknowledgements. FILE.json, FILE.html (one page with the\n"
	"                  timeline drawn) or text; - is standard output\n"
	"  --socket PATH   the local helper's [" REWIRE_CTL_SOCKET "]\n"
	"\n"
	"examples:\n"
	"  rewire migrate --request move.request --to beta@192.0.2.7:7443 \\\n"
	"                 --progress --report move.html\n"
	"  rewire migrate --request move.request --to beta@192.0.2.7:7443 --dry-run\n"
	"  rewire migrate --request move.request --to beta@192.0.2.7:7443\n",
};
