// SPDX-License-Identifier: MIT
/*
 * rewire run
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

/* Loads and enters; an enclave that did not come to run goes with its file. */
static int start(int sm, const char *path, const struct rewire_signed *manifest,
		 const __u8 *workload, struct rewire_error *err)
{
	struct rewire_image image;
	int fd, rc;

	rc = rewire_image_open(path, &image, err);
	if (rc)
		return rc;
	fd = rewire_enclave_create(sm, &image, NULL, err);
	rewire_image_close(&image);
	if (fd < 0)
		return fd;
	rc = rewire_enclave_init(fd, manifest, workload, NULL, err);
	if (!rc)
		rc = rewire_enclave_enter(fd, 0, NULL, err);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

static int report(int enclave)
{
	struct rewire_enclave_info info;
	char text[REWIRE_ID_TEXT];
	struct rewire_error err;

	if (cli.json)
		return show_done(enclave);
	if (rewire_enclave_get_info(enclave, &info, &err))
		return cli_fail(&err);
	printf("workload  %s\n", rewire_id_format(info.workload, text));
	printf("enclave   %llu\n", (unsigned long long)info.id);
	printf("epoch     %llu\n", (unsigned long long)info.epoch);
	printf("process   %u\n", info.pid);
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	const char *manifest_path = NULL, *workload_text = NULL;
	const struct cli_option options[] = {
		{ .name = "manifest", .value = &manifest_path,
		  .required = true },
		{ .name = "workload", .value = &workload_text },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	__u8 workload[REWIRE_ID_SIZE];
	struct rewire_signed manifest;
	struct rewire_error err;
	int sm, fd, status;

	if (at < 0)
		return cli_parse_exit(at);
	if (workload_text && rewire_id_parse(workload_text, workload))
		return cli_usage("--workload: %s is not a UUID", workload_text);
	if ((!workload_text && rewire_id_random(workload, &err)) ||
	    rewire_signed_read(manifest_path, REWIRE_TYPE_MANIFEST, &manifest,
			       &err))
		return cli_fail(&err);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	fd = start(sm, argv[at], &manifest, workload, &err);
	close(sm);
	if (fd < 0)
		return cli_fail(&err);
	status = report(fd);
	close(fd);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.run = run,
	.summary = "start an enclave from its image and manifest",
	.help =
	"usage: rewire run IMAGE --manifest FILE [--workload UUID] [--json]\n"
	"\n"
	"Loads the image, has the Security Monitor check it against the signed\n"
	"manifest, and gives it a process of its own, which goes on when this command\n"
	"has ended. Prints the workload: the name of what runs, which stays the same\n"
	"wherever it moves.\n"
	"\n"
	"  --workload UUID  what the enclave is for [a new, random one]\n"
	"\n"
	"example:\n"
	"  rewire run vault.elf --manifest vault.elf.manifest\n",
};
