// SPDX-License-Identifier: MIT
/*
 * rewire tuf: the sub-commands, and what they share.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "show.h"
#include "tuf_cli.h"

/* In the order in which one meets them. */
static const struct command *const commands[] = {
	&cmd_tuf_key, &cmd_tuf_init, &cmd_tuf_add, &cmd_tuf_delegate,
	&cmd_tuf_sign, &cmd_tuf_snapshot, &cmd_tuf_timestamp, &cmd_tuf_publish,
	&cmd_tuf_rotate, &cmd_tuf_verify, &cmd_tuf_status,
};

static json_t *lines;

bool tuf_cli_append(struct tuf_cli_list *list, const char *value)
{
	if (list->count == ARRAY_SIZE(list->items))
		return false;
	list->items[list->count++] = value;
	return true;
}

int tuf_cli_fail(const struct tuf_error *err)
{
	fprintf(stderr, "%srewire: %s%s\n", show_colour(stderr, SHOW_BAD),
		err->text, show_colour(stderr, SHOW_PLAIN));
	if (cli.json)
		show_json(json_pack("{s:b, s:s, s:o, s:I, s:s, s:o}", "ok", 0,
				    "check", tuf_check_name(err->check), "role",
				    show_text(err->role), "version",
				    (json_int_t)err->version, "section",
				    err->section, "error", show_text(err->text)));
	return EXIT_REFUSED;
}

void tuf_cli_say(const char *line, void *data)
{
	(void)data;
	if (!cli.json) {
		printf("  %s\n", line);
		return;
	}
	if (!lines)
		lines = json_array();
	json_array_append_new(lines, show_text(line));
}

json_t *tuf_cli_lines(void)
{
	json_t *said = lines ? lines : json_array();

	lines = NULL;
	return said;
}

int tuf_cli_confirm(const char *question, bool yes)
{
	char answer[16] = "";

	if (yes)
		return EXIT_SUCCESS;
	fflush(stdout);
	fprintf(stderr, "%s? [y/N] ", question);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n")))
		return EXIT_SUCCESS;
	fprintf(stderr, "rewire: nothing was done; answer y, or give --yes\n");
	if (cli.json)
		show_json(json_pack("{s:b, s:s}", "ok", 0, "error",
				    "nothing was done: nobody agreed"));
	return EXIT_REFUSED;
}

int tuf_cli_expires(const char *text, unsigned int days, int64_t *ret_expires)
{
	__u64 when = (__u64)time(NULL) + 86400ull * days;

	if (text && !cli_date(text, &when))
		return cli_usage("%s is neither +DAYS nor a date like 2027-01-31 or 2027-01-31T12:00:00Z",
				 text);
	*ret_expires = (int64_t)when;
	return EXIT_SUCCESS;
}

int tuf_cli_read_keys(const struct tuf_cli_list *paths, struct tuf_cli_keys *ret)
{
	struct tuf_error err = { 0 };

	ret->count = 0;
	for (size_t i = 0; i < paths->count; i++) {
		if (tuf_key_read_public(paths->items[i], &ret->list[i], &err)) {
			tuf_cli_free_keys(ret);
			return tuf_cli_fail(&err);
		}
		ret->count++;
	}
	return EXIT_SUCCESS;
}

void tuf_cli_free_keys(struct tuf_cli_keys *keys)
{
	while (keys->count)
		tuf_key_free(keys->list[--keys->count]);
}

int tuf_cli_open(const char *dir, struct tuf_repo **ret)
{
	struct tuf_error err = { 0 };

	return tuf_repo_open(dir, ret, &err) ? tuf_cli_fail(&err) : EXIT_SUCCESS;
}

int tuf_cli_keep(struct tuf_repo *repo, const struct tuf_cli_list *roles,
		 bool yes)
{
	struct tuf_error err = { 0 };
	int status;

	for (size_t i = 0; i < roles->count; i++)
		if (tuf_repo_changes(repo, roles->items[i], tuf_cli_say, NULL, &err))
			return tuf_cli_fail(&err);
	status = tuf_cli_confirm("Keep this draft, to be signed", yes);
	if (status != EXIT_SUCCESS)
		return status;
	if (tuf_repo_save(repo, &err))
		return tuf_cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "changes",
				    tuf_cli_lines()));
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return cli_usage("which sub-command?");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = strchr(commands[i]->name, ' ') + 1;

		if (strcmp(argv[1], name))
			continue;
		cli.command = commands[i];
		return cli.command->run(argc - 1, argv + 1);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(cli.command->help, stdout);
		return EXIT_SUCCESS;
	}
	return cli_usage("there is no sub-command '%s'", argv[1]);
}

const struct command cmd_tuf = {
	.name = "tuf",
	.run = run,
	.summary = "keep a repository of The Update Framework",
	.help =
	"usage: rewire tuf SUBCOMMAND REPO [ARGUMENT]...\n"
	"\n"
	"Packages, policies and trust bundles reach hosts as targets of a TUF\n"
	"repository: files that any web server hands out, signed so that a stolen\n"
	"server, mirror or single key cannot make a host take what is false or old.\n"
	"REPO is a folder. REPO/public is what clients get, as it is: metadata and\n"
	"targets. Everything else is a draft until it has enough signatures and is\n"
	"published, in one step.\n"
	"\n"
	"subcommands:\n"
	"  key        draw keys, put them on media, look whether these are well\n"
	"  init       begin a repository: say who may sign for which role\n"
	"  add        add, replace or remove targets\n"
	"  delegate   let others vouch for part of the targets\n"
	"  sign       sign drafts here, or send them away and collect signatures\n"
	"  snapshot   say which versions belong together\n"
	"  timestamp  say that this is the newest; each day anew\n"
	"  publish    make public what has its signatures\n"
	"  rotate     change who may sign, or renew what will expire\n"
	"  verify     check all of it, as a client would\n"
	"  status     what expires when, and which draft waits for whom\n"
	"\n"
	"`rewire tuf SUBCOMMAND --help` explains one, with an example. Each shows in\n"
	"words what it changes and asks first, unless --yes is given. The order of a\n"
	"whole ceremony is in docs/key-ceremony.md, and scripts/tuf-ceremony does it.\n"
	"\n"
	"example:\n"
	"  rewire tuf add repo vault-2.package && rewire tuf sign repo --key usb/targets.key\n"
	"  rewire tuf snapshot repo --key snapshot.key\n"
	"  rewire tuf timestamp repo --key timestamp.key\n"
	"  rewire tuf publish repo\n",
};
