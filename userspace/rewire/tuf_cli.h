/* SPDX-License-Identifier: MIT */
/*
 * What the sub-commands of rewire tuf share.
 */
#ifndef REWIRE_TUF_CLI_H
#define REWIRE_TUF_CLI_H

#include <userspace/tuf/tuf-repo.h>

#include "cli.h"

extern const struct command cmd_tuf_init, cmd_tuf_key, cmd_tuf_add,
	cmd_tuf_delegate, cmd_tuf_sign, cmd_tuf_snapshot, cmd_tuf_timestamp,
	cmd_tuf_rotate, cmd_tuf_verify, cmd_tuf_status, cmd_tuf_publish;

#define TUF_CLI_LIST	64

/* Values of an option that may be given several times. */
struct tuf_cli_list {
	const char *items[TUF_CLI_LIST];
	size_t count;
};

bool tuf_cli_append(struct tuf_cli_list *list, const char *value);

/* Print an error of libtuf. Returns EXIT_REFUSED. */
int tuf_cli_fail(const struct tuf_error *err);

/* tuf_say_fn: on standard output, or with --json into tuf_cli_lines(). */
void tuf_cli_say(const char *line, void *data);
/* The lines that were said since the last time, as an array. */
json_t *tuf_cli_lines(void);

/**
 * tuf_cli_confirm - let somebody read what is to be done, and agree
 * @question: without its end
 * @yes: --yes was given
 *
 * Return: EXIT_SUCCESS, or EXIT_REFUSED, which has been said.
 */
int tuf_cli_confirm(const char *question, bool yes);

/* A date option with a default of that many days from now. */
int tuf_cli_expires(const char *text, unsigned int days, int64_t *ret_expires);

/* Public keys of files, for tuf_cli_free_keys(). */
struct tuf_cli_keys {
	struct tuf_key *list[TUF_CLI_LIST];
	size_t count;
};
int tuf_cli_read_keys(const struct tuf_cli_list *paths, struct tuf_cli_keys *ret);
void tuf_cli_free_keys(struct tuf_cli_keys *keys);

/* Open a repository; EXIT_SUCCESS, or it has been said why not. */
int tuf_cli_open(const char *dir, struct tuf_repo **ret);

/* After edits: what the drafts of @roles change; kept when one agrees to it. */
int tuf_cli_keep(struct tuf_repo *repo, const struct tuf_cli_list *roles,
		 bool yes);

/* Days that metadata lives, by default. */
#define TUF_ROOT_DAYS		365
#define TUF_TARGETS_DAYS	90
#define TUF_SNAPSHOT_DAYS	14
#define TUF_TIMESTAMP_DAYS	3

#endif
