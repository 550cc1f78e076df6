// SPDX-License-Identifier: MIT
/*
 * rewire pause, rewire resume, rewire destroy
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

#define DEFAULT_PAUSE_MS 5000
#define MAX_PAUSE_MS 60000

static int run_pause(int argc, char **argv)
{
	const char *timeout_text = NULL;
	const struct cli_option options[] = {
		{ .name = "timeout", .value = &timeout_text },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	__u32 timeout_ms = DEFAULT_PAUSE_MS;
	struct rewire_error err;
	int fd, status;

	if (at < 0)
		return cli_parse_exit(at);
	if (timeout_text && (!cli_duration(timeout_text, &timeout_ms) ||
			     !timeout_ms || timeout_ms > MAX_PAUSE_MS))
		return cli_usage("--timeout: %s is not between 1ms and 60s",
				 timeout_text);
	fd = cli_open_enclave(argv[at], &err);
	if (fd < 0)
		return cli_fail(&err);
	status = rewire_enclave_pause(fd, timeout_ms, &err) ? cli_fail(&err) :
		 show_done(fd);
	close(fd);
	return status;
}

static int run_resume(int argc, char **argv)
{
	int at = cli_parse(argc, argv, NULL, 1, 1);
	struct rewire_error err;
	int fd, status;

	if (at < 0)
		return cli_parse_exit(at);
	fd = cli_open_enclave(argv[at], &err);
	if (fd < 0)
		return cli_fail(&err);
	status = rewire_enclave_resume(fd, &err) ? cli_fail(&err) :
		 show_done(fd);
	close(fd);
	return status;
}

static int run_destroy(int argc, char **argv)
{
	int at = cli_parse(argc, argv, NULL, 1, 1);
	struct rewire_error err;
	int fd, status;

	if (at < 0)
		return cli_parse_exit(at);
	fd = cli_open_enclave(argv[at], &err);
	if (fd < 0)
		return cli_fail(&err);
	status = rewire_enclave_destroy(fd, &err) ? cli_fail(&err) :
		 show_done(fd);
	close(fd);
	return status;
}

const struct command cmd_pause = {
	.name = "pause",
	.run = run_pause,
	.summary = "make an enclave stand still, wherever it is",
	.help =
	"usage: rewire pause WORKLOAD [--timeout TIME] [--json]\n"
	"\n"
	"Returns when the enclave stands still, with its registers in its own memory.\n"
	"If it does not within the time, it goes on as if nothing had been asked.\n"
	"\n"
	"  --timeout TIME  1ms to 60s [5s]\n"
	"\n"
	"example:\n"
	"  rewire pause 1 --timeout 500ms\n",
};

const struct command cmd_resume = {
	.name = "resume",
	.run = run_resume,
	.summary = "let a paused enclave go on",
	.help =
	"usage: rewire resume WORKLOAD [--json]\n"
	"\n"
	"The enclave goes on exactly where it stood; in a new process when it has\n"
	"none (after `rewire restore --paused`, or when its process was killed).\n"
	"Checkpoints taken while it was paused become stale.\n"
	"\n"
	"example:\n"
	"  rewire resume 1\n",
};

const struct command cmd_destroy = {
	.name = "destroy",
	.run = run_destroy,
	.summary = "end an enclave and wipe its memory",
	.help =
	"usage: rewire destroy WORKLOAD [--json]\n"
	"\n"
	"There is no way back, but from a checkpoint that is not stale.\n"
	"\n"
	"example:\n"
	"  rewire destroy 1\n",
};
