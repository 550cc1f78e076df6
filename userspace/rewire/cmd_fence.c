// SPDX-License-Identifier: MIT
/*
 * rewire fence
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

struct fence_options {
	const char *key, *certificate, *passphrase_fd, *output;
};

static int sign(const char *path, const struct fence_options *options,
		struct rewire_fence *fence)
{
	struct rewire_signed request, object;
	struct rewire_signer *signer;
	struct rewire_error err;
	int status, rc;

	if (rewire_signed_read(path, REWIRE_TYPE_REQUEST, &request, &err) ||
	    rewire_fence_of(&request.body.request, fence, &err))
		return cli_fail(&err);
	status = cli_signer(options->key, options->certificate,
			    options->passphrase_fd, &signer);
	if (status != EXIT_SUCCESS)
		return status;
	rc = rewire_sign_fence(signer, fence, &object, &err);
	rewire_signer_free(signer);
	/* A certificate may forbid what its key can do: find out now. */
	if (!rc)
		rc = rewire_signed_verify(&object, options->certificate, &err);
	if (!rc)
		rc = rewire_signed_write(options->output, &object, &err);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

static int give(const char *path, __u32 *ret_side,
		struct rewire_signed *object)
{
	struct rewire_error err;
	int sm, rc;

	if (rewire_signed_read(path, REWIRE_TYPE_FENCE, object, &err))
		return cli_fail(&err);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_fence_give(sm, object, ret_side, &err);
	close(sm);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

static int run_give(int argc, char **argv)
{
	int status, at = cli_parse(argc, argv, NULL, 1, 1);
	struct rewire_signed object;
	char id[REWIRE_ID_TEXT];
	__u32 side;

	if (at < 0)
		return cli_parse_exit(at);
	status = give(argv[at], &side, &object);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json)
		show_json(json_pack("{s:o, s:s}", "request",
				    show_id(object.body.fence.request_id),
				    "side", rewire_side_name(side)));
	else
		printf("request  %s\nfenced   at its %s\n",
		       rewire_id_format(object.body.fence.request_id, id),
		       rewire_side_name(side));
	return EXIT_SUCCESS;
}

static int run_sign(int argc, char **argv)
{
	struct fence_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "output", .letter = 'o', .value = &o.output,
		  .required = true },
		{ 0 },
	};
	char id[REWIRE_ID_TEXT], target[2 * REWIRE_ID_SIZE + 1];
	int at = cli_parse(argc, argv, options, 1, 1);
	struct rewire_fence fence;
	int status;

	if (at < 0)
		return cli_parse_exit(at);
	status = sign(argv[at], &o, &fence);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json)
		show_json(json_pack("{s:o, s:o, s:o}", "request",
				    show_id(fence.request_id), "target",
				    show_hex(fence.target, REWIRE_ID_SIZE),
				    "file", show_text(o.output)));
	else
		printf("request  %s\nfenced   SM %s\n",
		       rewire_id_format(fence.request_id, id),
		       rewire_hex(fence.target, REWIRE_ID_SIZE, target));
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "give"))
		return run_give(argc - 1, argv + 1);
	return run_sign(argc, argv);
}

const struct command cmd_fence = {
	.name = "fence",
	.run = run,
	.summary = "sign that the target of a migration is out, or obey it",
	.help =
	"usage: rewire fence REQUEST --key FILE --cert FILE -o FILE\n"
	"       rewire fence give FILE [--json]\n"
	"\n"
	"For a source that gave its enclave up to a target which will never answer\n"
	"again. REQUEST is the file that ordered the migration. The source takes its\n"
	"enclave back with the fence, if the target's monitor was revoked there before\n"
	"(`rewire trust bundle --role platform --revoke SM`): should the target live\n"
	"after all, nobody believes it any more. The file holds struct rewire_fence,\n"
	"then its detached CMS signature (DER).\n"
	"\n"
	"`give` hands it to the Security Monitor of this host: at the source the\n"
	"workload is back then, and at a target whatever there is of it is destroyed.\n"
	"\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"\n"
	"examples:\n"
	"  rewire fence move.request --key pki/sds.key --cert pki/sds.crt -o move.fence\n"
	"  rewire fence give move.fence\n",
};
