// SPDX-License-Identifier: MIT
/*
 * rewire root
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

#define HOSTDIR "/etc/rewire/host"

static int rotate(int sm, const char *dir)
{
	struct rewire_error err;
	char path[4096];
	__u32 generation;

	if (rewire_root_rotate(sm, dir, &generation, &err) ||
	    rewire_root_path(dir, generation, path, sizeof(path), &err))
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:i, s:o}", "generation", (int)generation,
				    "file", show_text(path)));
	else
		printf("generation %u seals from now on; its key is %s\n",
		       generation, path);
	return EXIT_SUCCESS;
}

/* One root key that the SM was given; false when its file cannot be named. */
static bool show_generation(const char *dir, __u32 generation, bool seals,
			    json_t *list)
{
	struct rewire_error err;
	char path[4096];
	bool there;

	if (rewire_root_path(dir, generation, path, sizeof(path), &err)) {
		cli_fail(&err);
		return false;
	}
	there = !access(path, F_OK);
	if (list)
		json_array_append_new(list, json_pack("{s:i, s:b, s:o, s:b}",
						      "generation",
						      (int)generation, "seals",
						      (int)seals, "file",
						      show_text(path), "kept",
						      (int)there));
	else
		printf("%-10u  %-6s  %s%s\n", generation,
		       seals ? "seals" : "opens", path,
		       there ? "" : " (not there)");
	return true;
}

static int show_status(int sm, const char *dir)
{
	struct rewire_get_info info;
	struct rewire_error err;
	bool good = true;
	json_t *list;

	if (rewire_sm_info(sm, &info, &err))
		return cli_fail(&err);
	if (!info.provisioned && !cli.json) {
		puts("not provisioned: rewire provision HOSTDIR");
		return EXIT_SUCCESS;
	}
	list = cli.json ? json_array() : NULL;
	if (!cli.json)
		puts("generation  use     file");
	for (__u32 i = 1; i <= info.generation && good; i++)
		good = show_generation(dir, i, i == info.generation, list);
	if (cli.json && good)
		show_json(json_pack("{s:i, s:o}", "generation",
				    (int)info.generation, "keys",
				    json_incref(list)));
	json_decref(list);
	return good ? EXIT_SUCCESS : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	int at = cli_parse(argc, argv, NULL, 1, 2);
	struct rewire_error err;
	const char *dir;
	int sm, status;
	bool change;

	if (at < 0)
		return cli_parse_exit(at);
	change = !strcmp(argv[at], "rotate");
	if (!change && strcmp(argv[at], "status"))
		return cli_usage("it is `root rotate [HOSTDIR]` or `root status [HOSTDIR]`");
	dir = argc - at > 1 ? argv[at + 1] : HOSTDIR;
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	status = change ? rotate(sm, dir) : show_status(sm, dir);
	close(sm);
	return status;
}

const struct command cmd_root = {
	.name = "root",
	.run = run,
	.summary = "root keys: seal with a new one, list the generations",
	.help =
	"usage: rewire root rotate [HOSTDIR]\n"
	"       rewire root status [HOSTDIR]\n"
	"\n"
	"Everything that a Security Monitor seals is sealed under its root key.\n"
	"`rotate` draws a new one, keeps it in HOSTDIR [" HOSTDIR "] as\n"
	"root.2.bin, root.3.bin ... and lets the monitor seal with it from then on.\n"
	"Nothing stops meanwhile, and what was sealed before still opens: enclaves\n"
	"are told, and seal it anew when it suits them. Needs root.\n"
	"\n"
	"If it is interrupted, run it again: a key that is there already is used.\n"
	"Keep the old files as long as something needs them; back the new one up as\n"
	"you did the first. `status` says which there are.\n"
	"\n"
	"example:\n"
	"  rewire root rotate /etc/rewire/host\n",
};
