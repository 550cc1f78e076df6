// SPDX-License-Identifier: MIT
/*
 * The client as a command, with the options that TUF's conformance project asks
 * of clients.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tuf.h"

#define LIST_MAX	64

/*
 * Debian's libcurl brings GnuTLS along (for RTMP), which is asked here not to set
 * itself up when it is loaded: nothing would use it, and it takes 700 KiB. Another
 * libcurl that does TLS by it sets it up itself.
 */
__attribute__((visibility("default"))) int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
	return 1;
}

static const char help[] =
	"Usage: rewire-tuf-client --metadata-dir DIR COMMAND [OPTION]...\n"
	"\n"
	"Fetch files from a repository of The Update Framework, and believe none that\n"
	"its trusted metadata does not vouch for.\n"
	"\n"
	"Commands:\n"
	"  init ROOT.json   trust this root, which came by a way that can be trusted\n"
	"  refresh          bring the metadata up to date\n"
	"  download         the same, then fetch each target that is named\n"
	"\n"
	"Options, before or after the command:\n"
	"  --metadata-dir DIR      folder of trusted metadata\n"
	"  --metadata-url URL      where the repository's metadata lies\n"
	"  --target-name NAME      a target; may be given several times\n"
	"  --target-base-url URL   where the repository's targets lie\n"
	"  --target-dir DIR        folder for targets: a file appears there once it is\n"
	"                          verified, \"/\" in its name written as %2F\n"
	"  --cacert FILE           certificates that vouch for servers\n"
	"  --min-speed BYTES       give up a server slower than that, for each second\n"
	"                          (1000)\n"
	"  --patience SECONDS      how long it may be slower (30)\n"
	"  --help                  this text\n"
	"\n"
	"A URL given several times names mirrors. Instead of a URL, a folder: a\n"
	"repository carried on a medium. Proxies are those of the environment\n"
	"(https_proxy, no_proxy). Exit status 0, or 1 when anything failed.\n"
	"\n"
	"Example:\n"
	"  rewire-tuf-client --metadata-dir trusted init root.json\n"
	"  rewire-tuf-client --metadata-dir trusted --metadata-url https://host/metadata \\\n"
	"      --target-base-url https://host/targets --target-dir . \\\n"
	"      --target-name vault-2.rwp download\n";

struct list {
	const char *items[LIST_MAX];
	size_t count;
};

struct request {
	struct tuf_options options;
	struct list metadata_urls;
	struct list target_urls;
	struct list names;
};

static int misuse(const char *what)
{
	fprintf(stderr, "rewire-tuf-client: %s; --help explains\n", what);
	return 1;
}

static int failed(const struct tuf_error *err)
{
	fprintf(stderr, "rewire-tuf-client: %s\n", err->text);
	return 1;
}

static int init(const struct request *request, const char *path)
{
	char *data = malloc(TUF_ROOT_MAX + 1);
	struct tuf_error err = { 0 };
	size_t length;
	FILE *file;
	int rc;

	file = data ? fopen(path, "re") : NULL;
	if (!file) {
		perror(path);
		free(data);
		return 1;
	}
	length = fread(data, 1, TUF_ROOT_MAX + 1, file);
	rc = ferror(file) ? misuse("cannot read the root") :
	     tuf_init(request->options.metadata_dir, data, length, &err) ?
	     failed(&err) : 0;
	fclose(file);
	free(data);
	return rc;
}

static int download(struct tuf_client *client, const char *name)
{
	struct tuf_error err = { 0 };
	struct tuf_target *target;
	char *path;
	int rc;

	if (tuf_client_find(client, name, &target, &err))
		return failed(&err);
	rc = tuf_client_download(client, target, &path, &err);
	tuf_target_free(target);
	if (rc)
		return failed(&err);
	puts(path);
	free(path);
	return 0;
}

static int update(const struct request *request, bool fetch)
{
	struct tuf_error err = { 0 };
	struct tuf_client *client;
	int rc = 0;
	size_t i;

	if (tuf_client_new(&request->options, &client, &err))
		return failed(&err);
	if (tuf_client_refresh(client, &err))
		rc = failed(&err);
	for (i = 0; fetch && !rc && i < request->names.count; i++)
		rc = download(client, request->names.items[i]);
	tuf_client_free(client);
	return rc;
}

static bool add(struct list *list, const char *item)
{
	if (list->count == LIST_MAX)
		return false;
	list->items[list->count++] = item;
	return true;
}

static bool read_number(const char *text, unsigned int *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*number = (unsigned int)value;
	return *text >= '0' && *text <= '9' && !*end && value && value <= 1u << 30;
}

/* 0: done; -1: help was wanted; else what is wrong. */
static int read_option(struct request *request, int option, const char *value)
{
	switch (option) {
	case 'm':
		request->options.metadata_dir = value;
		return 0;
	case 'u':
		return add(&request->metadata_urls, value) ? 0 :
		       misuse("too many URLs");
	case 'n':
		return add(&request->names, value) ? 0 : misuse("too many targets");
	case 'b':
		return add(&request->target_urls, value) ? 0 :
		       misuse("too many URLs");
	case 'd':
		request->options.target_dir = value;
		return 0;
	case 'c':
		request->options.cacert = value;
		return 0;
	case 's':
		return read_number(value, &request->options.min_speed) ? 0 :
		       misuse("--min-speed takes a number of bytes");
	case 'p':
		return read_number(value, &request->options.patience) ? 0 :
		       misuse("--patience takes a number of seconds");
	case 'h':
		fputs(help, stdout);
		return -1;
	default:
		return misuse("an option is not known or lacks its value");
	}
}

static int run(struct request *request, int count, char **words)
{
	struct tuf_options *options = &request->options;

	options->metadata_urls = request->metadata_urls.items;
	options->metadata_url_count = request->metadata_urls.count;
	options->target_urls = request->target_urls.items;
	options->target_url_count = request->target_urls.count;
	if (!count)
		return misuse("which command?");
	if (!options->metadata_dir)
		return misuse("--metadata-dir is missing");
	if (!strcmp(words[0], "init"))
		return count == 2 ? init(request, words[1]) :
		       misuse("init takes one root.json");
	if (count != 1)
		return misuse("too many words");
	if (!strcmp(words[0], "refresh"))
		return update(request, false);
	if (strcmp(words[0], "download"))
		return misuse("no such command");
	if (!request->names.count || !request->target_urls.count ||
	    !options->target_dir)
		return misuse("download needs --target-name, --target-base-url and --target-dir");
	return update(request, true);
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "metadata-dir", required_argument, NULL, 'm' },
		{ "metadata-url", required_argument, NULL, 'u' },
		{ "target-name", required_argument, NULL, 'n' },
		{ "target-base-url", required_argument, NULL, 'b' },
		{ "target-dir", required_argument, NULL, 'd' },
		{ "cacert", required_argument, NULL, 'c' },
		{ "min-speed", required_argument, NULL, 's' },
		{ "patience", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct request request = { 0 };
	int option, rc;

	/* No sentence of OpenSSL's is ever printed: it need not look them all up. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		rc = read_option(&request, option, optarg);
		if (rc)
			return rc < 0 ? 0 : rc;
	}
	return run(&request, argc - optind, argv + optind);
}
