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

static int fill_options(const char *limit, const char *tpm,
			struct rewire_provision_options *options)
{
	__u64 number;

	if (limit && !cli_size(limit, &options->memory_limit))
		return cli_usage("--memory-limit: %s is not a size", limit);
	if (tpm) {
		/* as tpm2-tools write it: 0x1800000 */
		char *end;

		number = strtoul(tpm, &end, 0);
		if (!*tpm || *end || number >> 24 != 1)
			return cli_usage("--tpm: %s is not an NV index, 0x01000000 to 0x01ffffff",
					 tpm);
		options->flags |= REWIRE_PROVISION_TPM;
		options->tpm_index = (__u32)number;
	}
	if (options->flags & (options->flags - 1))
		return cli_usage("--no-journal, --unwitnessed, --strict and --tpm exclude each other");
	return EXIT_SUCCESS;
}

static int run_provision(int argc, char **argv)
{
	const char *limit = NULL, *tpm = NULL;
	struct rewire_provision_options provision = { 0 };
	bool unwitnessed = false, none = false, strict = false;
	const struct cli_option options[] = {
		{ .name = "memory-limit", .value = &limit },
		{ .name = "journal", .value = &provision.journal },
		{ .name = "unwitnessed", .flag = &unwitnessed },
		{ .name = "strict", .flag = &strict },
		{ .name = "no-journal", .flag = &none },
		{ .name = "tpm", .value = &tpm },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_error err;
	int sm, status;

	if (at < 0)
		return cli_parse_exit(at);
	provision.flags = (unwitnessed ? REWIRE_PROVISION_UNWITNESSED : 0) |
			  (strict ? REWIRE_PROVISION_STRICT : 0) |
			  (none ? REWIRE_PROVISION_VOLATILE : 0);
	status = fill_options(limit, tpm, &provision);
	if (status != EXIT_SUCCESS)
		return status;
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	if (rewire_sm_provision(sm, argv[at], &provision, &err))
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
	"usage: rewire provision HOSTDIR [OPTION]...\n"
	"\n"
	"HOSTDIR was made by `rewire pki host`. Its secrets go into the kernel's\n"
	"keyrings, the monitor takes hold of them there, and they vanish from every\n"
	"keyring that a program could read. Needs root.\n"
	"\n"
	"What the monitor must not forget goes into its journal, two files. With one\n"
	"that is there already, it goes on where it was. Whether that is the last one\n"
	"there was, a witness has to say (`rewire witness`) before anything runs.\n"
	"\n"
	"root.bin is the first root key; root.2.bin and so on are those after it.\n"
	"\n"
	"  --memory-limit SIZE  for all enclaves together [half of the memory]\n"
	"  --journal DIR        folder of the journal [HOSTDIR/journal]\n"
	"  --tpm INDEX          a counter in the TPM is the witness\n"
	"  --strict             the witness has to know each step that others act on\n"
	"                       before it is taken, so that none can be taken back\n"
	"  --unwitnessed        ask nobody; an old journal goes unnoticed\n"
	"  --no-journal         remember nothing, for benches\n"
	"\n"
	"example:\n"
	"  modprobe pkcs8_key_parser\n"
	"  rewire provision pki/hosts/alpha --memory-limit 512M\n",
};
