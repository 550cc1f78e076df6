// SPDX-License-Identifier: MIT
/*
 * rewire extract, rewire reseal, rewire restore
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

static int report_file(const char *path, __u64 bytes)
{
	char size[32];

	if (cli.json)
		show_json(json_pack("{s:o, s:I}", "file", show_text(path),
				    "bytes", (json_int_t)bytes));
	else
		printf("%s: %s\n", path, show_size(bytes, size));
	return EXIT_SUCCESS;
}

/* The file appears under its name when the stream has ended well. */
static int save_stream(int stream, const char *path, struct rewire_error *err,
		       __u64 *ret_bytes)
{
	struct rewire_output out;
	int rc = rewire_output_open(&out, path, 0600, err);

	if (rc)
		return rc;
	rc = rewire_stream_copy(stream, out.fd, ret_bytes, err);
	if (rc) {
		rewire_output_discard(&out);
		return rc;
	}
	return rewire_output_commit(&out, err);
}

/* A stream file that has taken in all of the checkpoint. */
static int take_in(const char *path, struct rewire_error *err)
{
	int file, sm, stream, rc;

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	rc = sm = rewire_sm_open(err);
	if (sm < 0)
		goto out_file;
	rc = stream = rewire_reseal_open(sm, err);
	close(sm);
	if (stream < 0)
		goto out_file;
	rc = rewire_stream_copy(file, stream, NULL, err);
	if (rc)
		close(stream);
	else
		rc = stream;
out_file:
	close(file);
	return rc;
}

static int open_paused(const char *name, struct rewire_error *err)
{
	struct rewire_enclave_info info;
	int fd = cli_open_enclave(name, err);

	if (fd < 0)
		return fd;
	if (!rewire_enclave_get_info(fd, &info, NULL) &&
	    info.state != REWIRE_ENCLAVE_PAUSED) {
		close(fd);
		return rewire_fail(err, EBADFD, "the enclave is %s, and only a paused one can be extracted; first: rewire pause %s",
				   rewire_enclave_state_name(info.state), name);
	}
	return fd;
}

static int run_extract(int argc, char **argv)
{
	const char *output = NULL;
	const struct cli_option options[] = {
		{ .name = "output", .letter = 'o', .value = &output,
		  .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_error err;
	int fd, stream, rc;
	__u64 bytes;

	if (at < 0)
		return cli_parse_exit(at);
	fd = open_paused(argv[at], &err);
	if (fd < 0)
		return cli_fail(&err);
	stream = rewire_enclave_extract(fd, &err);
	close(fd);
	if (stream < 0)
		return cli_fail(&err);
	rc = save_stream(stream, output, &err, &bytes);
	close(stream);
	return rc ? cli_fail(&err) : report_file(output, bytes);
}

static int run_reseal(int argc, char **argv)
{
	const char *output = NULL;
	const struct cli_option options[] = {
		{ .name = "output", .letter = 'o', .value = &output,
		  .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_error err;
	int stream, rc;
	__u64 bytes;

	if (at < 0)
		return cli_parse_exit(at);
	stream = take_in(argv[at], &err);
	if (stream < 0)
		return cli_fail(&err);
	rc = save_stream(stream, output, &err, &bytes);
	close(stream);
	return rc ? cli_fail(&err) : report_file(output, bytes);
}

static int report_restored(int enclave)
{
	struct rewire_enclave_info info;
	char text[REWIRE_ID_TEXT];
	struct rewire_error err;

	if (cli.json)
		return show_done(enclave);
	if (rewire_enclave_get_info(enclave, &info, &err))
		return cli_fail(&err);
	printf("workload  %s\nenclave   %llu\nepoch     %llu\nstate     %s\n",
	       rewire_id_format(info.workload, text),
	       (unsigned long long)info.id, (unsigned long long)info.epoch,
	       rewire_enclave_state_name(info.state));
	return EXIT_SUCCESS;
}

static int run_restore(int argc, char **argv)
{
	bool paused = false;
	const struct cli_option options[] = {
		{ .name = "paused", .flag = &paused },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_error err;
	int stream, fd, status;

	if (at < 0)
		return cli_parse_exit(at);
	stream = take_in(argv[at], &err);
	if (stream < 0)
		return cli_fail(&err);
	fd = rewire_stream_make_live(stream, NULL, NULL, &err);
	close(stream);
	if (fd < 0)
		return cli_fail(&err);
	if (!paused && rewire_enclave_resume(fd, &err))
		status = cli_fail(&err);
	else
		status = report_restored(fd);
	close(fd);
	return status;
}

const struct command cmd_extract = {
	.name = "extract",
	.run = run_extract,
	.summary = "save a paused enclave to a file, encrypted",
	.help =
	"usage: rewire extract WORKLOAD -o FILE [--json]\n"
	"\n"
	"Writes a checkpoint that only this host's Security Monitor can open. The\n"
	"enclave must be paused; resuming it makes the checkpoint stale.\n"
	"\n"
	"example:\n"
	"  rewire pause 1 && rewire extract 1 -o vault.checkpoint\n",
};

const struct command cmd_reseal = {
	.name = "reseal",
	.run = run_reseal,
	.summary = "verify a checkpoint and encrypt it anew",
	.help =
	"usage: rewire reseal FILE -o FILE [--json]\n"
	"\n"
	"Reads a checkpoint, verifies all of it, and writes the same state under a\n"
	"fresh key of this host's Security Monitor.\n"
	"\n"
	"example:\n"
	"  rewire reseal vault.checkpoint -o vault.fresh\n",
};

const struct command cmd_restore = {
	.name = "restore",
	.run = run_restore,
	.summary = "start an enclave again from a checkpoint",
	.help =
	"usage: rewire restore FILE [--paused] [--json]\n"
	"\n"
	"Verifies the checkpoint and lets the enclave go on where it stood, at a new\n"
	"epoch. Refused while the workload lives, or when the checkpoint is stale.\n"
	"\n"
	"  --paused  do not run it yet\n"
	"\n"
	"example:\n"
	"  rewire restore vault.checkpoint\n",
};
