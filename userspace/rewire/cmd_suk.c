// SPDX-License-Identifier: MIT
/*
 * rewire suk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "show.h"

static void report(const struct rewire_suk *suk)
{
	char text[2 * REWIRE_POINT_SIZE + 1];

	if (cli.json) {
		show_json(json_pack("{s:o, s:I, s:o}", "sm",
				    show_hex(suk->sm, REWIRE_ID_SIZE),
				    "generation", (json_int_t)suk->generation,
				    "point", show_hex(suk->point,
						      REWIRE_POINT_SIZE)));
		return;
	}
	printf("SM          %s\n", rewire_hex(suk->sm, REWIRE_ID_SIZE, text));
	printf("generation  %u\n", suk->generation);
	printf("point       %s\n",
	       rewire_hex(suk->point, REWIRE_POINT_SIZE, text));
}

static int get(const char *platform, const char *output)
{
	__u8 bytes[REWIRE_MAX_SUK];
	size_t length = sizeof(bytes);
	struct rewire_suk suk;
	struct rewire_error err;
	int sm = rewire_sm_open(&err), rc;

	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_sm_suk(sm, bytes, &length, &err);
	close(sm);
	if (!rc)
		rc = rewire_suk_check(bytes, length, platform, &suk, &err);
	if (!rc && output)
		rc = rewire_file_write(output, bytes, length, 0644, &err);
	if (rc)
		return cli_fail(&err);
	report(&suk);
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	const char *platform = NULL, *output = NULL;
	const struct cli_option options[] = {
		{ .name = "platform", .value = &platform },
		{ .name = "output", .letter = 'o', .value = &output },
		{ 0 },
	};
	struct rewire_suk suk;
	struct rewire_error err;
	int at = cli_parse(argc, argv, options, 0, 2);

	if (at < 0)
		return cli_parse_exit(at);
	if (at == argc)
		return get(platform, output);
	if (argc - at != 2 || strcmp(argv[at], "show") || output)
		return cli_usage("either nothing, or: show FILE");
	if (rewire_suk_read(argv[at + 1], platform, &suk, &err))
		return cli_fail(&err);
	report(&suk);
	return EXIT_SUCCESS;
}

const struct command cmd_suk = {
	.name = "suk",
	.run = run,
	.summary = "the key that updates for this device alone are made for",
	.help =
	"usage: rewire suk [-o FILE] [--platform CERT]\n"
	"       rewire suk show FILE [--platform CERT]\n"
	"\n"
	"Has the Security Monitor sign its Software Update Key. Whoever makes packages\n"
	"keeps the file: `rewire package --device FILE` encrypts an update so that only\n"
	"this device reads it. The key comes from the monitor's newest root key, so ask\n"
	"again after `rewire root rotate`; a package for the key before is taken as long\n"
	"as that root key is kept. There is nothing secret in the file.\n"
	"\n"
	"  -o, --output FILE    keep what was signed: struct rewire_suk, the monitor's\n"
	"                       certificate, the signature\n"
	"  --platform CERT      check that this CA knows the monitor\n"
	"\n"
	"example:\n"
	"  rewire suk -o alpha.suk --platform pki/platform.crt\n",
};
