/* SPDX-License-Identifier: MIT */
/*
 * What the sub-commands share: options, values, errors.
 */
#ifndef REWIRE_CLI_H
#define REWIRE_CLI_H

#include <rewire.h>

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct command - a sub-command
 * @name: on the command line
 * @run: argv[0] is @name; returns the exit status
 * @summary: one line
 * @help: usage line, explanation, example
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *help;
};

extern const struct command cmd_root, cmd_pki, cmd_provision, cmd_status, cmd_sign,
	cmd_request, cmd_run, cmd_ls, cmd_info, cmd_call, cmd_pause, cmd_resume,
	cmd_extract, cmd_reseal, cmd_restore, cmd_destroy, cmd_migrate, cmd_update,
	cmd_events, cmd_trust, cmd_fence, cmd_evidence, cmd_suk, cmd_package,
	cmd_log, cmd_witness, cmd_tuf;

/* Of this run: the sub-command, and whether --json was given. */
struct cli {
	const struct command *command;
	bool json;
};
extern struct cli cli;

/**
 * struct cli_option - one option of a sub-command, beside --json and --help
 * @name: after the two dashes
 * @letter: short form, or 0
 * @value: where its value goes; NULL for a flag
 * @flag: set to true for a flag
 * @required: its absence is an error of usage
 * @more: for an option that may be repeated: called with each value instead,
 *	returns false for a bad one
 */
struct cli_option {
	const char *name;
	char letter;
	const char **value;
	bool *flag;
	bool required;
	bool (*more)(const char *value);
};

/**
 * cli_parse - options of a sub-command, and the number of its other arguments
 * @argc: of the sub-command
 * @argv: of the sub-command; permuted so that other arguments are last
 * @options: ends with a NULL name; or NULL
 * @least: other arguments, at least
 * @most: and at most; negative: any number, and options must come before them
 *
 * Return: index of the first other argument in @argv; or, negative, what
 * cli_parse_exit() turns into the exit status: usage has been shown.
 */
int cli_parse(int argc, char **argv, const struct cli_option *options,
	      int least, int most);
int cli_parse_exit(int rc);

/* Print what is wrong with the arguments. Returns EXIT_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print an error of librewire. Returns EXIT_REFUSED. */
int cli_fail(const struct rewire_error *err);

bool cli_number(const char *text, __u64 low, __u64 high, __u64 *ret_value);
/* "500ms", "60s", "2m", "1h", "7d"; a bare number is seconds. */
bool cli_duration(const char *text, __u32 *ret_ms);
/* "4096", "64K", "256M", "2G". */
bool cli_size(const char *text, __u64 *ret_bytes);

/* "+30" days from now, "2027-01-31", "2027-01-31T12:00:00Z"; since 1970. */
bool cli_date(const char *text, __u64 *ret_seconds);

/* A file for the enclave named by workload or number, or a negative errno. */
int cli_open_enclave(const char *name, struct rewire_error *err);

/**
 * cli_signer - the key pair of a command that signs
 * @key: file; when it is encrypted its passphrase is asked for on the terminal
 * @certificate: file
 * @passphrase_fd: value of --passphrase-fd: read it from there; NULL: not given.
 *	There is no other way: arguments and environment are for all to see
 * @ret_signer: to be freed by rewire_signer_free()
 *
 * Return: EXIT_SUCCESS, or the exit status when something is wrong; it has been
 * said then.
 */
int cli_signer(const char *key, const char *certificate,
	       const char *passphrase_fd, struct rewire_signer **ret_signer);

/* Value of --passphrase-fd, -1 for NULL. EXIT_SUCCESS, or what it is has been said. */
int cli_passphrase_fd(const char *text, int *ret_fd);
/* rewire_passphrase_fn: a line from *(int *)data, or from the terminal when < 0. */
int cli_passphrase(char *buffer, size_t size, void *data);
/* The same for a key that is made: on the terminal it is asked twice. */
int cli_new_passphrase(char *buffer, size_t size, int fd);

#endif
