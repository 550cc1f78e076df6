// SPDX-License-Identifier: MIT
/*
 * rewire: the command line of REWIRE.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* In the order in which one meets them. */
static const struct command *const commands[] = {
	&cmd_pki, &cmd_provision, &cmd_root, &cmd_status, &cmd_sign, &cmd_request,
	&cmd_run, &cmd_ls, &cmd_info, &cmd_call, &cmd_pause, &cmd_resume,
	&cmd_extract, &cmd_reseal, &cmd_restore, &cmd_destroy, &cmd_migrate,
	&cmd_update, &cmd_events, &cmd_log, &cmd_witness, &cmd_trust, &cmd_fence,
	&cmd_evidence, &cmd_suk, &cmd_package, &cmd_tuf,
};

static void list_commands(FILE *to)
{
	fputs("usage: rewire COMMAND [ARGUMENT]...\n\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nrewire COMMAND --help explains one, with an example.\n"
	      "--json makes any of them answer in JSON, one object a line.\n"
	      "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n", to);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i]->name))
			return commands[i];
	fprintf(stderr, "rewire: there is no command '%s'\n", name);
	list_commands(stderr);
	return NULL;
}

static int help(const char *name, const char *sub)
{
	if (!name) {
		list_commands(stdout);
		return EXIT_SUCCESS;
	}
	cli.command = find_command(name);
	if (!cli.command)
		return EXIT_USAGE;
	if (sub && cli.command == &cmd_tuf) {
		char asks[] = "--help";
		char *argv[] = { (char *)name, (char *)sub, asks, NULL };

		return cli.command->run(3, argv);
	}
	fputs(cli.command->help, stdout);
	return EXIT_SUCCESS;
}

/* What could not be written out was not done: a full disk must show. */
static int flush_output(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && status == EXIT_SUCCESS) {
		perror("rewire: standard output");
		return EXIT_REFUSED;
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		list_commands(stderr);
		return EXIT_USAGE;
	}
	/* The helper may go away while it is written to: an errno, not an end. */
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h"))
		return flush_output(help(argc > 2 ? argv[2] : NULL,
				 argc > 3 ? argv[3] : NULL));
	cli.command = find_command(argv[1]);
	if (!cli.command)
		return EXIT_USAGE;
	return flush_output(cli.command->run(argc - 1, argv + 1));
}
