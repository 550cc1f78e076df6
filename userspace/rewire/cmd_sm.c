// SPDX-License-Identifier: MIT
/*
 * rewire provision, rewire status
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

static int print_status(int sm)
{
	struct rewire_get_info info;
	char id[2 * REWIRE_ID_SIZE + 1], used[32], limit[32];
	struct rewire_error err;

	if (rewire_sm_info(sm, &info, &err))
		return cli_fail(&err);
	if (cli.json) {
		show_json(json_pack("{s:i, s:b, s:o, s:i, s:i, s:i, s:I, s:I}",
				    "abi", (int)info.abi,
				    "provisioned", (int)info.provisioned,
				    "sm", show_hex(info.sm, sizeof(info.sm)),
				    "enclaves", (int)info.enclaves,
				    "sessions", (int)info.sessions,
				    "generation", (int)info.generation,
				    "memory_limit", (json_int_t)info.memory_limit,
				    "memory_used", (json_int_t)info.memory_used));
		return EXIT_SUCCESS;
	}
	if (!info.provisioned) {
		puts("not provisioned: rewire provision HOSTDIR");
		return EXIT_SUCCESS;
	}
	printf("sm          %s\n", rewire_hex(info.sm, sizeof(info.sm), id));
	printf("enclaves    %u\n", info.enclaves);
	printf("migrations  %u\n", info.sessions);
	printf("memory      %s of %s\n", show_size(info.memory_used, used),
	       show_size(info.memory_limit, limit));
	printf("root key    generation %u\n", info.generation);
	return EXIT_SUCCESS;
}

static int run_status(int argc, char **argv)
{
	struct rewire_error err;
	int at = cli_parse(argc, argv, NULL, 0, 0);
	int sm, status;

	if (at < 0)
		return cli_parse_exit(at);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	status = print_status(sm);
	close(sm);
	return status;
}

static int run_provision(int argc, char **argv)
{
	const char *limit_text = NULL;
	const struct cli_option options[] = {
		{ .name = "memory-limit", .value = &limit_text },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_error err;
	__u64 limit = 0;
	int sm, status;

	if (at < 0)
		return cli_parse_exit(at);
	if (limit_text && !cli_size(limit_text, &limit))
		return cli_usage("--memory-limit: %s is not a size", limit_text);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	if (rewire_sm_provision(sm, argv[at], limit, &err))
		status = cli_fail(&err);
	else
		status = print_status(sm);
	close(sm);
	return status;
}

const struct command cmd_status = {
	.name = "status",
	.run = run_status,
	.summary = "what the Security Monitor says of itself",
	.help =
	"usage: rewire status [--json]\n"
	"\n"
	"Shows the id of this host's Security Monitor, how many enclaves and\n"
	"migrations it has, and the memory they may use.\n"
	"\n"
	"example:\n"
	"  rewire status --json | jq -r .sm\n",
};

const struct command cmd_provision = {
	.name = "provision",
	.run = run_provision,
	.summary = "give the Security Monitor its keys, once after loading it",
	.help =
	"usage: rewire provision HOSTDIR [--memory-limit SIZE]\n"
	"\n"
	"HOSTDIR was made by `rewire pki host`. Its secrets go into the kernel's\n"
	"keyrings, the monitor takes hold of them there, and they vanish from every\n"
	"keyring that a program could read. Needs root.\n"
	"\n"
	"  --memory-limit SIZE  for all enclaves together [half of the memory]\n"
	"\n"
	"example:\n"
	"  modprobe pkcs8_key_parser\n"
	"  rewire provision pki/hosts/alpha --memory-limit 512M\n",
};
