// SPDX-License-Identifier: MIT
/*
 * rewire request
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "show.h"

#define DEFAULT_LIFETIME_MS 60000
#define MAX_LIFETIME_MS 86400000

struct request_options {
	const char *key, *certificate, *workload, *epoch, *source, *target,
		*lifetime, *min_atl, *passphrase_fd, *output;
};

static int fill_request(const struct request_options *options,
			struct rewire_request *request)
{
	const struct {
		const char *name, *text;
		__u8 *id;
	} ids[] = {
		{ "workload", options->workload, request->workload },
		{ "source", options->source, request->source },
		{ "target", options->target, request->target },
	};
	__u32 lifetime = DEFAULT_LIFETIME_MS;
	__u64 epoch, level = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (rewire_id_parse(ids[i].text, ids[i].id))
			return cli_usage("--%s: %s is not an id", ids[i].name,
					 ids[i].text);
	if (!cli_number(options->epoch, 1, UINT64_MAX, &epoch))
		return cli_usage("--epoch: %s is not an epoch", options->epoch);
	if (options->lifetime &&
	    (!cli_duration(options->lifetime, &lifetime) || !lifetime ||
	     lifetime > MAX_LIFETIME_MS))
		return cli_usage("--lifetime: %s is not between 1ms and 24h",
				 options->lifetime);
	if (options->min_atl &&
	    !cli_number(options->min_atl, 0, REWIRE_MAX_LEVEL, &level))
		return cli_usage("--min-atl: %s is not a level from 0 to %d",
				 options->min_atl, REWIRE_MAX_LEVEL);
	request->min_atl = (__u32)level;
	request->epoch = epoch;
	request->lifetime_ms = lifetime;
	return EXIT_SUCCESS;
}

static int sign(const struct request_options *options,
		const struct rewire_request *request)
{
	struct rewire_signer *signer;
	struct rewire_signed object;
	struct rewire_error err;
	int status, rc;

	status = cli_signer(options->key, options->certificate,
			    options->passphrase_fd, &signer);
	if (status != EXIT_SUCCESS)
		return status;
	rc = rewire_sign_request(signer, request, &object, &err);
	rewire_signer_free(signer);
	if (!rc)
		rc = rewire_signed_verify(&object, options->certificate, &err);
	if (!rc)
		rc = rewire_signed_write(options->output, &object, &err);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	struct request_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .value = &o.key, .required = true },
		{ .name = "cert", .value = &o.certificate, .required = true },
		{ .name = "workload", .value = &o.workload, .required = true },
		{ .name = "epoch", .value = &o.epoch, .required = true },
		{ .name = "source", .value = &o.source, .required = true },
		{ .name = "target", .value = &o.target, .required = true },
		{ .name = "lifetime", .value = &o.lifetime },
		{ .name = "min-atl", .value = &o.min_atl },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "output", .letter = 'o', .value = &o.output,
		  .required = true },
		{ 0 },
	};
	struct rewire_request request = { 0 };
	int at = cli_parse(argc, argv, options, 0, 0);
	char text[REWIRE_ID_TEXT];
	struct rewire_error err;
	int status;

	if (at < 0)
		return cli_parse_exit(at);
	status = fill_request(&o, &request);
	if (status != EXIT_SUCCESS)
		return status;
	if (rewire_id_random(request.id, &err))
		return cli_fail(&err);
	status = sign(&o, &request);
	if (status != EXIT_SUCCESS)
		return status;
	if (cli.json)
		show_json(json_pack("{s:o, s:o}", "request",
				    show_id(request.id), "file",
				    show_text(o.output)));
	else
		printf("request  %s\n", rewire_id_format(request.id, text));
	return EXIT_SUCCESS;
}

const struct command cmd_request = {
	.name = "request",
	.run = run,
	.summary = "sign the order to migrate a workload, as the SDS",
	.help =
	"usage: rewire request --key FILE --cert FILE --workload UUID --epoch N\n"
	"                      --source SM --target SM -o FILE [OPTION]...\n"
	"\n"
	"Orders one migration of one workload at one epoch (`rewire info` shows it)\n"
	"from one Security Monitor to another (`rewire status` shows their ids; the\n"
	"file sm-id in a host's folder holds it). The file holds struct\n"
	"rewire_request, then its detached CMS signature (DER).\n"
	"\n"
	"  --lifetime TIME      after it the source goes on [60s]\n"
	"  --min-atl LEVEL      the least trust level that the target must have, by the\n"
	"                       table the source knows (`rewire trust levels`) [0]\n"
	"  --passphrase-fd N    read the key's passphrase from there, not the terminal\n"
	"\n"
	"example:\n"
	"  rewire request --key pki/sds.key --cert pki/sds.crt --workload $W \\\n"
	"    --epoch 1 --source $(cat pki/hosts/alpha/sm-id) \\\n"
	"    --target $(cat pki/hosts/beta/sm-id) -o move.request\n",
};
