// SPDX-License-Identifier: MIT
/*
 * rewire tuf key
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "show.h"
#include "tuf_cli.h"

#define PASSPHRASE_MAX	1024
#define PASSPHRASE_MIN	12

static struct tuf_cli_list media;

static bool add_medium(const char *value)
{
	return tuf_cli_append(&media, value);
}

static int report(const char *name, const struct tuf_key *key)
{
	if (cli.json)
		show_json(json_pack("{s:o, s:s, s:s}", "key", show_text(name), "id",
				    tuf_key_id(key), "type", tuf_key_type(key)));
	else
		printf("%s  %-8s %s\n", tuf_key_id(key), tuf_key_type(key), name);
	return EXIT_SUCCESS;
}

/* The same folder twice is no second medium; the same device is none either. */
static int check_media(void)
{
	struct stat a, b;

	if (media.count < 2)
		return cli_usage("an offline key goes to two media: give --medium twice");
	for (size_t i = 0; i < media.count; i++) {
		if (stat(media.items[i], &a)) {
			struct rewire_error err;

			rewire_fail(&err, errno, "%s: %s", media.items[i],
				    strerror(errno));
			return cli_fail(&err);
		}
		for (size_t j = 0; j < i; j++) {
			if (stat(media.items[j], &b) || a.st_dev != b.st_dev)
				continue;
			if (a.st_ino == b.st_ino)
				return cli_usage("%s and %s are one folder",
						 media.items[j], media.items[i]);
			fprintf(stderr, "rewire: note: %s and %s are on one device, and will be lost together\n",
				media.items[j], media.items[i]);
		}
	}
	return EXIT_SUCCESS;
}

static bool name_fits(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

static int write_media(const struct tuf_key *key, const char *name, int fd)
{
	char passphrase[PASSPHRASE_MAX];
	struct tuf_error err = { 0 };
	int length = cli_new_passphrase(passphrase, sizeof(passphrase), fd);
	int rc = 0;

	if (length < PASSPHRASE_MIN) {
		OPENSSL_cleanse(passphrase, sizeof(passphrase));
		snprintf(err.text, sizeof(err.text), length < 0 ?
			 "no passphrase" :
			 "a passphrase has at least %d characters", PASSPHRASE_MIN);
		err.check = TUF_ARGUMENT;
		return tuf_cli_fail(&err);
	}
	for (size_t i = 0; i < media.count && !rc; i++)
		rc = tuf_key_write(key, media.items[i], name, passphrase,
				   (size_t)length, &err);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	return rc ? tuf_cli_fail(&err) : EXIT_SUCCESS;
}

static int make(const char *name, const char *type, const char *online, int fd)
{
	struct tuf_error err = { 0 };
	struct tuf_key *key;
	int status = online ? EXIT_SUCCESS : check_media();

	if (status != EXIT_SUCCESS)
		return status;
	if (tuf_key_make(type, &key, &err))
		return tuf_cli_fail(&err);
	if (!online)
		status = write_media(key, name, fd);
	else if (tuf_key_write(key, online, name, NULL, 0, &err))
		status = tuf_cli_fail(&err);
	if (status == EXIT_SUCCESS)
		report(name, key);
	tuf_key_free(key);
	return status;
}

/* One passphrase for all media, though it is asked for only once. */
struct once {
	char text[PASSPHRASE_MAX];
	int length;
	int fd;
};

static int ask_once(char *buffer, size_t size, void *data)
{
	struct once *once = data;

	if (once->length < 0)
		once->length = cli_passphrase(once->text, sizeof(once->text),
					      &once->fd);
	if (once->length < 0 || (size_t)once->length > size)
		return -1;
	memcpy(buffer, once->text, (size_t)once->length);
	return once->length;
}

static int read_from(const char *medium, const char *name, struct once *once,
		     struct tuf_key **ret)
{
	struct tuf_error err = { 0 };
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s.key", medium, name) < 0) {
		snprintf(err.text, sizeof(err.text), "no memory");
		return tuf_cli_fail(&err);
	}
	rc = tuf_key_read(path, ask_once, once, ret, &err);
	free(path);
	return rc ? tuf_cli_fail(&err) : EXIT_SUCCESS;
}

/* Each medium is read, decrypted, and has the key that the first one has. */
static int check(const char *name, int fd)
{
	struct once once = { .length = -1, .fd = fd };
	struct tuf_key *first = NULL, *key;
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < media.count && status == EXIT_SUCCESS; i++) {
		status = read_from(media.items[i], name, &once, &key);
		if (status != EXIT_SUCCESS)
			break;
		if (!first) {
			first = key;
			continue;
		}
		if (strcmp(tuf_key_id(first), tuf_key_id(key))) {
			struct rewire_error err;

			rewire_fail(&err, EKEYREJECTED, "%s has another key of that name than %s",
				    media.items[i], media.items[0]);
			status = cli_fail(&err);
		}
		tuf_key_free(key);
	}
	OPENSSL_cleanse(&once, sizeof(once));
	if (status == EXIT_SUCCESS && first)
		report(name, first);
	tuf_key_free(first);
	return status;
}

/* From a medium that is left to a new one, under the same passphrase. */
static int copy(const char *name, const char *from, int fd)
{
	struct once once = { .length = -1, .fd = fd };
	struct tuf_error err = { 0 };
	struct tuf_key *key;
	int status = read_from(from, name, &once, &key);

	if (status != EXIT_SUCCESS)
		return status;
	for (size_t i = 0; i < media.count && status == EXIT_SUCCESS; i++)
		if (tuf_key_write(key, media.items[i], name,
				  once.length < 0 ? NULL : once.text,
				  once.length < 0 ? 0 : (size_t)once.length, &err))
			status = tuf_cli_fail(&err);
	OPENSSL_cleanse(&once, sizeof(once));
	if (status == EXIT_SUCCESS)
		report(name, key);
	tuf_key_free(key);
	return status;
}

static int show(char **paths, int count)
{
	struct tuf_error err = { 0 };
	struct tuf_key *key;

	for (int i = 0; i < count; i++) {
		if (tuf_key_read_public(paths[i], &key, &err))
			return tuf_cli_fail(&err);
		report(paths[i], key);
		tuf_key_free(key);
	}
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	const char *type = "ed25519", *online = NULL, *from = NULL,
		   *passphrase_fd = NULL;
	const struct cli_option options[] = {
		{ .name = "medium", .more = add_medium },
		{ .name = "online", .value = &online },
		{ .name = "from", .value = &from },
		{ .name = "type", .value = &type },
		{ .name = "passphrase-fd", .value = &passphrase_fd },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 2, TUF_CLI_LIST), fd;
	const char *verb;

	if (at < 0)
		return cli_parse_exit(at);
	if (cli_passphrase_fd(passphrase_fd, &fd) != EXIT_SUCCESS)
		return EXIT_USAGE;
	verb = argv[at++];
	if (!strcmp(verb, "show") && !media.count && !online && !from)
		return show(argv + at, argc - at);
	if (argc - at != 1 || !name_fits(argv[at]))
		return cli_usage("a key has one name, without slashes");
	if (!strcmp(verb, "make") && !from && !online == !!media.count)
		return make(argv[at], type, online, fd);
	if (!strcmp(verb, "check") && media.count && !online && !from)
		return check(argv[at], fd);
	if (!strcmp(verb, "copy") && media.count && !online && from)
		return copy(argv[at], from, fd);
	return cli_usage("it is `key make NAME` with --medium twice or --online, `key check NAME --medium ...`, `key copy NAME --from DIR --medium DIR` or `key show FILE...`");
}

const struct command cmd_tuf_key = {
	.name = "tuf key",
	.run = run,
	.summary = "draw keys and put them on media",
	.help =
	"usage: rewire tuf key make NAME --medium DIR --medium DIR [--type TYPE]\n"
	"       rewire tuf key make NAME --online DIR [--type TYPE]\n"
	"       rewire tuf key check NAME --medium DIR...\n"
	"       rewire tuf key copy NAME --from DIR --medium DIR...\n"
	"       rewire tuf key show FILE.pub...\n"
	"\n"
	"`make` draws a key. With --medium it is one that people hold, for root and\n"
	"targets: NAME.key, encrypted under a passphrase (PKCS#8, scrypt, AES-256),\n"
	"goes to each medium, is read back from it, decrypted, and has to sign. With\n"
	"--online it is one that works without people, for snapshot and timestamp, and\n"
	"is not encrypted: keep it where only the job that refreshes reads it. NAME.pub\n"
	"beside it is for everybody. `check` reads all media, each year or so; `copy`\n"
	"makes a new medium from one that is left. What is there is never overwritten.\n"
	"\n"
	"  --medium DIR         where a medium is mounted; at least two for `make`\n"
	"  --online DIR         one folder, and no passphrase\n"
	"  --from DIR           the medium that is left\n"
	"  --type TYPE          ed25519, ecdsa (P-256) or rsa (3072 bits) [ed25519]\n"
	"  --passphrase-fd N    read the passphrase from there, not the terminal\n"
	"\n"
	"example:\n"
	"  rewire tuf key make root-1 --medium /media/a --medium /media/b\n"
	"  rewire tuf key make timestamp --online /etc/rewire/tuf\n"
	"  rewire tuf key show /media/a/root-1.pub\n",
};
