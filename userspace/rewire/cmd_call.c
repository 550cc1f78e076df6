// SPDX-License-Identifier: MIT
/*
 * rewire call
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cli.h"
#include "show.h"

#define DEFAULT_TIMEOUT_MS 60000
#define REWIRE_ARGS_MAX 16 /* words of a line */

struct call_options {
	const char *timeout, *socket, *client, *sequence;
	bool lines;
	__u32 timeout_ms;
};

static int add_file(struct rewire_args *args, const char *path,
		    struct rewire_error *err)
{
	size_t length;
	__u8 *data;
	int rc;

	rc = rewire_file_read(path, REWIRE_MAX_PAYLOAD, &data, &length, err);
	if (rc)
		return rc;
	rc = rewire_args_add(args, data, length);
	rewire_wipe_free(data, length);
	return rc;
}

/* @FILE, @- and @@x as in the help text. */
static int add_argument(struct rewire_args *args, const char *text,
			struct rewire_error *err)
{
	int rc;

	if (text[0] == '@' && text[1] != '@')
		rc = add_file(args, text + 1, err);
	else
		rc = rewire_args_add(args, text + (text[0] == '@'),
				     strlen(text) - (text[0] == '@'));
	if (rc == -EMSGSIZE)
		rewire_fail(err, EMSGSIZE, "the arguments of a call may have %d bytes together",
			    REWIRE_MAX_PAYLOAD);
	return rc;
}

static int find_workload(const char *name, __u8 *ret_workload,
			 struct rewire_error *err)
{
	struct rewire_enclave_info info;
	int fd, rc;

	if (!rewire_id_parse(name, ret_workload))
		return 0;
	fd = cli_open_enclave(name, err);
	if (fd < 0)
		return fd;
	rc = rewire_enclave_get_info(fd, &info, err);
	close(fd);
	if (!rc)
		memcpy(ret_workload, info.workload, REWIRE_ID_SIZE);
	return rc;
}

static int make_client(const char *workload_name, const struct call_options *o,
		       struct rewire_client *ret_client,
		       struct rewire_error *err)
{
	__u8 workload[REWIRE_ID_SIZE];
	int rc = find_workload(workload_name, workload, err);

	if (!rc)
		rc = rewire_client_init(ret_client, workload, o->socket, err);
	if (!rc && o->client &&
	    (rewire_id_parse(o->client, ret_client->id) ||
	     !cli_number(o->sequence, 1, UINT64_MAX >> 1,
			 &ret_client->sequence)))
		rc = rewire_fail(err, EINVAL, "%s: not a client (UUID), or %s: not a sequence number",
				 o->client, o->sequence);
	return rc;
}

static void print_json(const struct rewire_client *client, const __u8 *output,
		       size_t length, __s32 status)
{
	char *text = malloc((length + 2) / 3 * 4 + 1);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, output, (int)length);
	show_json(json_pack("{s:b, s:i, s:o, s:I, s:s?}", "ok", 1,
			    "status", (int)status,
			    "client", show_id(client->id),
			    "sequence", (json_int_t)client->sequence - 1,
			    "output", text));
	rewire_wipe_free(text, text ? strlen(text) : 0);
}

static int call(struct rewire_client *client, const struct rewire_args *args,
		__u32 timeout_ms, __u8 *output)
{
	struct rewire_error err;
	size_t length;
	__s32 status;

	if (rewire_client_call(client, args->data, args->length, timeout_ms,
			       output, &length, &status, &err))
		return cli_fail(&err);
	if (cli.json)
		print_json(client, output, length, status);
	else if (length && fwrite(output, length, 1, stdout) != 1)
		return EXIT_REFUSED;
	if (!status)
		return EXIT_SUCCESS;
	fflush(stdout);
	fprintf(stderr, "rewire: the enclave refused: status %d%s%s%s\n", status,
		status < 0 ? " (" : "", status < 0 ? strerror(-status) : "",
		status < 0 ? ")" : "");
	return EXIT_REFUSED;
}

static int call_with(struct rewire_client *client, char **texts, int count,
		     __u32 timeout_ms, __u8 *output)
{
	struct rewire_args *args = calloc(1, sizeof(*args));
	struct rewire_error err;
	int rc = args ? 0 : rewire_fail(&err, ENOMEM, "no memory");
	int status;

	for (int i = 0; !rc && i < count; i++)
		rc = add_argument(args, texts[i], &err);
	status = rc ? cli_fail(&err) : call(client, args, timeout_ms, output);
	rewire_wipe_free(args, sizeof(*args));
	return status;
}

/* A call a line, words split at blanks, until one is refused. */
static int call_lines(struct rewire_client *client, __u32 timeout_ms,
		      __u8 *output)
{
	int status = EXIT_SUCCESS;
	char *line = NULL;
	size_t room = 0;

	while (status == EXIT_SUCCESS && getline(&line, &room, stdin) > 0) {
		char *words[REWIRE_ARGS_MAX], *rest = line, *word;
		int count = 0;

		while (count < REWIRE_ARGS_MAX &&
		       (word = strtok_r(rest, " \t\n", &rest)))
			words[count++] = word;
		if (count)
			status = call_with(client, words, count, timeout_ms,
					   output);
		/* Whoever feeds the lines may wait for each answer. */
		fflush(stdout);
	}
	free(line);
	return status;
}

static int call_all(const char *workload, char **texts, int count,
		    const struct call_options *o)
{
	__u8 *output = malloc(REWIRE_MAX_PAYLOAD);
	struct rewire_client client;
	struct rewire_error err;
	int status;

	if (!output)
		return EXIT_REFUSED;
	if (make_client(workload, o, &client, &err))
		status = cli_fail(&err);
	else if (o->lines)
		status = call_lines(&client, o->timeout_ms, output);
	else
		status = call_with(&client, texts, count, o->timeout_ms,
				   output);
	rewire_wipe_free(output, REWIRE_MAX_PAYLOAD);
	return status;
}

static int run(int argc, char **argv)
{
	struct call_options o = { .timeout_ms = DEFAULT_TIMEOUT_MS };
	const struct cli_option options[] = {
		{ .name = "timeout", .value = &o.timeout },
		{ .name = "socket", .value = &o.socket },
		{ .name = "client", .value = &o.client },
		{ .name = "sequence", .value = &o.sequence },
		{ .name = "lines", .flag = &o.lines },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, -1);

	if (at < 0)
		return cli_parse_exit(at);
	if (o.timeout && !cli_duration(o.timeout, &o.timeout_ms))
		return cli_usage("--timeout: %s is not a time", o.timeout);
	if (!o.client != !o.sequence)
		return cli_usage("--client and --sequence go together");
	if (o.lines != (argc - at == 1))
		return cli_usage("name a verb, or give --lines and the calls on standard input");
	return call_all(argv[at], argv + at + 1, argc - at - 1, &o);
}

const struct command cmd_call = {
	.name = "call",
	.run = run,
	.summary = "ask an enclave something",
	.help =
	"usage: rewire call [OPTION]... WORKLOAD VERB [ARGUMENT]...\n"
	"       rewire call [OPTION]... --lines WORKLOAD < CALLS\n"
	"\n"
	"Sends the verb and its arguments to the enclave and prints its answer as it\n"
	"is. The call takes effect once, also when the enclave moves to another host\n"
	"meanwhile: then the local helper finds it there.\n"
	"\n"
	"  ARGUMENT          @FILE is the content of a file, @- of standard input,\n"
	"                    @@x is the text @x; anything else is itself\n"
	"  --timeout TIME    give up after it; 0 never does [60s]\n"
	"  --lines           one call a line from standard input, in order, words\n"
	"                    split at blanks; ends at the first that is refused\n"
	"  --socket PATH     the local helper's [" REWIRE_CTL_SOCKET "]\n"
	"  --client UUID --sequence N\n"
	"                    repeat a call that was interrupted: the same two numbers\n"
	"                    give the same answer, and no second effect\n"
	"\n"
	"Exit status 1 also when the enclave answers with a status that is not zero.\n"
	"\n"
	"example:\n"
	"  rewire call $W put ca @/etc/ssl/certs/ca-certificates.crt\n"
	"  rewire call $W get ca | sha256sum\n",
};
