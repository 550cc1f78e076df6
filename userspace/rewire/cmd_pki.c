// SPDX-License-Identifier: MIT
/*
 * rewire pki init, rewire pki host
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "show.h"

static int init(const char *dir)
{
	struct rewire_error err;

	if (rewire_pki_init(dir, &err))
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "folder",
				    show_text(dir)));
	else
		printf("%s: keys of the roles root (three, of which two have to sign), sds, developer; platform CA; TLS CA\n",
		       dir);
	return EXIT_SUCCESS;
}

static int host(const char *dir, const char *name, const char *address)
{
	__u8 sm[REWIRE_ID_SIZE];
	struct rewire_error err;
	char text[2 * REWIRE_ID_SIZE + 1];

	if (rewire_pki_host(dir, name, address, sm, &err))
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:s, s:o}", "host", name, "sm",
				    show_hex(sm, sizeof(sm))));
	else
		printf("%s/hosts/%s: SM %s\n", dir, name,
		       rewire_hex(sm, sizeof(sm), text));
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	const char *address = NULL;
	const struct cli_option options[] = {
		{ .name = "address", .value = &address },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 2, 3);

	if (at < 0)
		return cli_parse_exit(at);
	if (!strcmp(argv[at], "init") && argc - at == 2 && !address)
		return init(argv[at + 1]);
	if (!strcmp(argv[at], "host") && argc - at == 3)
		return host(argv[at + 1], argv[at + 2], address);
	return cli_usage("it is `pki init DIR` or `pki host DIR NAME`");
}

const struct command cmd_pki = {
	.name = "pki",
	.run = run,
	.summary = "make keys and certificates for a bench or a small fleet",
	.help =
	"usage: rewire pki init DIR\n"
	"       rewire pki host DIR NAME [--address HOST:PORT]\n"
	"\n"
	"`init` makes a key pair for each of the roles sds and developer, three for\n"
	"root (any two of which have to sign trust bundles; give them to different\n"
	"people), the CA of the platform and the CA of the helpers' TLS. `host` makes\n"
	"DIR/hosts/NAME, which is all that one host needs; copy it there, over a\n"
	"channel you trust, and keep the rest of DIR away from hosts.\n"
	"\n"
	"  --address HOST:PORT  where other hosts' helpers reach this one\n"
	"\n"
	"example:\n"
	"  rewire pki init pki\n"
	"  rewire pki host pki alpha --address alpha.example:7443\n"
	"  rewire provision pki/hosts/alpha\n",
};
