// SPDX-License-Identifier: MIT
/*
 * rewire ls, rewire info
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

static void print_line(const struct rewire_enclave_info *info)
{
	char workload[REWIRE_ID_TEXT], size[32];

	printf("%7llu  %s  %s%-9s%s  %5llu  %10s  %7u\n",
	       (unsigned long long)info->id,
	       rewire_id_format(info->workload, workload),
	       show_colour(stdout, show_state_colour(info->state)),
	       rewire_enclave_state_name(info->state),
	       show_colour(stdout, SHOW_PLAIN),
	       (unsigned long long)info->epoch, show_size(info->memory, size),
	       info->pid);
}

/* Enclaves come and go, and not all of them are ours to see. */
static int get_info(int sm, __u64 id, struct rewire_enclave_info *ret_info)
{
	int fd = rewire_enclave_open(sm, id, NULL, NULL);
	int rc;

	if (fd < 0)
		return fd;
	rc = rewire_enclave_get_info(fd, ret_info, NULL);
	close(fd);
	return rc;
}

static int list(int sm)
{
	json_t *all = json_array();
	size_t count, hidden = 0;
	struct rewire_error err;
	__u64 *ids;

	if (rewire_sm_list(sm, &ids, &count, &err)) {
		json_decref(all);
		return cli_fail(&err);
	}
	if (!cli.json && count)
		printf("ENCLAVE  %-36s  %-9s  EPOCH      MEMORY  PROCESS\n",
		       "WORKLOAD", "STATE");
	for (size_t i = 0; i < count; i++) {
		struct rewire_enclave_info info;
		int rc = get_info(sm, ids[i], &info);

		hidden += rc == -EPERM;
		if (!rc && cli.json)
			json_array_append_new(all, show_enclave(&info));
		else if (!rc)
			print_line(&info);
	}
	free(ids);
	if (cli.json)
		show_json(all);
	else
		json_decref(all);
	if (hidden)
		fprintf(stderr, "%zu more belong to other users\n", hidden);
	return EXIT_SUCCESS;
}

static int run_ls(int argc, char **argv)
{
	struct rewire_error err;
	int at = cli_parse(argc, argv, NULL, 0, 0);
	int sm, status;

	if (at < 0)
		return cli_parse_exit(at);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	status = list(sm);
	close(sm);
	return status;
}

static void print_info(const struct rewire_enclave_info *info)
{
	char workload[REWIRE_ID_TEXT], software[REWIRE_ID_TEXT];
	char developer[REWIRE_ID_TEXT], size[32], most[32];
	char measurement[2 * REWIRE_DIGEST_SIZE + 1];

	printf("workload     %s\n", rewire_id_format(info->workload, workload));
	printf("enclave      %llu\n", (unsigned long long)info->id);
	printf("state        %s%s%s\n",
	       show_colour(stdout, show_state_colour(info->state)),
	       rewire_enclave_state_name(info->state),
	       show_colour(stdout, SHOW_PLAIN));
	printf("epoch        %llu\n", (unsigned long long)info->epoch);
	printf("software     %s, release %llu, svn %llu\n",
	       rewire_id_format(info->software, software),
	       (unsigned long long)info->release,
	       (unsigned long long)info->svn);
	printf("developer    %s\n", rewire_id_format(info->developer, developer));
	printf("measurement  %s\n", rewire_hex(info->measurement,
					       sizeof(info->measurement),
					       measurement));
	printf("memory       %s of at most %s\n", show_size(info->memory, size),
	       show_size(info->max_memory, most));
	printf("threads      %u of at most %u\n", info->threads,
	       info->max_threads);
	printf("level        %u or more\n", info->min_atl);
	printf("attributes   %#x\n", info->attributes);
	if (info->pid)
		printf("process      %u\n", info->pid);
	else
		printf("process      none\n");
	printf("pending      %u calls\n", info->pending);
}

static int run_info(int argc, char **argv)
{
	struct rewire_enclave_info info;
	struct rewire_error err;
	int at = cli_parse(argc, argv, NULL, 1, 1);
	int fd, rc;

	if (at < 0)
		return cli_parse_exit(at);
	fd = cli_open_enclave(argv[at], &err);
	if (fd < 0)
		return cli_fail(&err);
	rc = rewire_enclave_get_info(fd, &info, &err);
	close(fd);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(show_enclave(&info));
	else
		print_info(&info);
	return EXIT_SUCCESS;
}

const struct command cmd_ls = {
	.name = "ls",
	.run = run_ls,
	.summary = "list the enclaves of this host",
	.help =
	"usage: rewire ls [--json]\n"
	"\n"
	"Lists the enclaves that you may see: your own, or all of them as root. With\n"
	"--json: one array of what `rewire info --json` shows.\n"
	"\n"
	"example:\n"
	"  rewire ls --json | jq -r '.[] | select(.state == \"paused\").workload'\n",
};

const struct command cmd_info = {
	.name = "info",
	.run = run_info,
	.summary = "show one enclave",
	.help =
	"usage: rewire info WORKLOAD [--json]\n"
	"\n"
	"WORKLOAD is the UUID that `rewire run` printed, or the number of the enclave\n"
	"as in `rewire ls`; so it is for every other command.\n"
	"\n"
	"example:\n"
	"  rewire info 1 --json | jq .epoch\n",
};
