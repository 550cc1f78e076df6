// SPDX-License-Identifier: MIT
/*
 * rewire tuf sign, snapshot, timestamp: they sign
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "show.h"
#include "tuf_cli.h"

struct sign_options {
	const char *export, *collect, *request, *passphrase_fd;
	bool yes;
};

/* --role and --key may be given several times. */
static struct tuf_cli_list only, places;

static bool add_role(const char *value)
{
	return tuf_cli_append(&only, value);
}

static bool add_place(const char *value)
{
	return tuf_cli_append(&places, value);
}

static int open_signer(const char *place, int fd, struct tuf_signer **ret)
{
	struct tuf_error err = { 0 };

	return tuf_signer_open(place, cli_passphrase, &fd, ret, &err) ?
	       tuf_cli_fail(&err) : EXIT_SUCCESS;
}

static void report(const char *role, const char *keyid)
{
	if (cli.json)
		show_json(json_pack("{s:b, s:o, s:s, s:o}", "ok", 1, "role",
				    show_text(role), "key", keyid, "changes",
				    tuf_cli_lines()));
	else
		printf("%s: signed with key %.16s\n", role, keyid);
}

/* Read it, agree, sign. */
static int sign_role(struct tuf_repo *repo, const char *role,
		     const struct tuf_signer *signer, bool yes)
{
	struct tuf_error err = { 0 };
	char question[128];
	int status;

	if (tuf_repo_changes(repo, role, tuf_cli_say, NULL, &err))
		return tuf_cli_fail(&err);
	snprintf(question, sizeof(question), "Sign %.64s", role);
	status = tuf_cli_confirm(question, yes);
	if (status != EXIT_SUCCESS)
		return status;
	if (tuf_repo_sign(repo, role, signer, &err))
		return tuf_cli_fail(&err);
	report(role, tuf_signer_id(signer));
	return EXIT_SUCCESS;
}

/* Drafts that wait for a key. */
struct waiting {
	struct tuf_repo *repo;
	const char *keyid;
	struct tuf_cli_list roles;
};

static int note_waiting(const struct tuf_status *status, void *data)
{
	struct waiting *waiting = data;
	char *role;

	if (!status->draft ||
	    !tuf_repo_wants(waiting->repo, status->role, waiting->keyid))
		return 0;
	role = strdup(status->role);
	if (role && !tuf_cli_append(&waiting->roles, role))
		free(role);
	return 0;
}

static int sign_waiting(struct tuf_repo *repo, const struct tuf_signer *signer,
			bool yes)
{
	struct waiting waiting = { repo, tuf_signer_id(signer), { .count = 0 } };
	struct tuf_error err = { 0 };
	int status = EXIT_SUCCESS;

	if (tuf_repo_status(repo, note_waiting, &waiting, &err))
		return tuf_cli_fail(&err);
	if (!waiting.roles.count) {
		snprintf(err.text, sizeof(err.text),
			 "no draft waits for key %.16s: it is none of their keys, or has signed",
			 tuf_signer_id(signer));
		err.check = TUF_SIGNATURE;
		return tuf_cli_fail(&err);
	}
	for (size_t i = 0; i < waiting.roles.count; i++) {
		if (status == EXIT_SUCCESS)
			status = sign_role(repo, waiting.roles.items[i], signer, yes);
		free((char *)waiting.roles.items[i]);
	}
	return status;
}

static int sign(const char *dir, const struct sign_options *o, int fd)
{
	struct tuf_signer *signer = NULL;
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	int status;

	if (places.count != 1)
		return cli_usage("with which key: give one --key");
	status = tuf_cli_open(dir, &repo);
	if (status != EXIT_SUCCESS)
		return status;
	status = open_signer(places.items[0], fd, &signer);
	if (status == EXIT_SUCCESS && !only.count)
		status = sign_waiting(repo, signer, o->yes);
	for (size_t i = 0; i < only.count && status == EXIT_SUCCESS; i++)
		status = sign_role(repo, only.items[i], signer, o->yes);
	if (status == EXIT_SUCCESS && tuf_repo_save(repo, &err))
		status = tuf_cli_fail(&err);
	tuf_signer_free(signer);
	tuf_repo_close(repo);
	return status;
}

static int export(const char *dir, const struct sign_options *o)
{
	struct tuf_request *request = NULL;
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	int status;

	if (only.count != 1)
		return cli_usage("what is to be signed: give one --role");
	status = tuf_cli_open(dir, &repo);
	if (status != EXIT_SUCCESS)
		return status;
	if (tuf_repo_request(repo, only.items[0], &request, &err) ||
	    tuf_request_changes(request, tuf_cli_say, NULL, &err) ||
	    tuf_request_write(request, o->export, &err))
		status = tuf_cli_fail(&err);
	else if (cli.json)
		show_json(json_pack("{s:b, s:o, s:o}", "ok", 1, "request",
				    show_text(o->export), "changes",
				    tuf_cli_lines()));
	else
		printf("next: rewire tuf sign --request %s --key FILE, wherever the key is\n",
		       o->export);
	tuf_request_free(request);
	tuf_repo_close(repo);
	return status;
}

static int sign_request(const struct sign_options *o, int fd)
{
	struct tuf_request *request = NULL;
	struct tuf_signer *signer = NULL;
	struct tuf_error err = { 0 };
	int status;

	if (places.count != 1)
		return cli_usage("with which key: give one --key");
	if (tuf_request_read(o->request, &request, &err) ||
	    tuf_request_changes(request, tuf_cli_say, NULL, &err)) {
		tuf_request_free(request);
		return tuf_cli_fail(&err);
	}
	status = tuf_cli_confirm("Sign this", o->yes);
	if (status == EXIT_SUCCESS)
		status = open_signer(places.items[0], fd, &signer);
	if (status == EXIT_SUCCESS &&
	    (tuf_request_sign(request, signer, &err) ||
	     tuf_request_write(request, o->request, &err)))
		status = tuf_cli_fail(&err);
	if (status == EXIT_SUCCESS)
		report(tuf_request_role(request), tuf_signer_id(signer));
	tuf_signer_free(signer);
	tuf_request_free(request);
	return status;
}

static int collect(const char *dir, const struct sign_options *o)
{
	struct tuf_request *request = NULL;
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	size_t count = 0;
	int status = tuf_cli_open(dir, &repo);

	if (status != EXIT_SUCCESS)
		return status;
	if (tuf_request_read(o->collect, &request, &err) ||
	    tuf_repo_collect(repo, request, &count, &err) ||
	    tuf_repo_save(repo, &err))
		status = tuf_cli_fail(&err);
	else if (cli.json)
		show_json(json_pack("{s:b, s:o, s:I}", "ok", 1, "role",
				    show_text(tuf_request_role(request)),
				    "signatures", (json_int_t)count));
	else
		printf("%s: %zu signature%s collected\n", tuf_request_role(request),
		       count, count == 1 ? "" : "s");
	tuf_request_free(request);
	tuf_repo_close(repo);
	return status;
}

static int run_sign(int argc, char **argv)
{
	struct sign_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .more = add_place },
		{ .name = "role", .more = add_role },
		{ .name = "export", .value = &o.export },
		{ .name = "collect", .value = &o.collect },
		{ .name = "request", .value = &o.request },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "yes", .letter = 'y', .flag = &o.yes },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 1), fd;
	const char *dir;

	if (at < 0)
		return cli_parse_exit(at);
	if (cli_passphrase_fd(o.passphrase_fd, &fd) != EXIT_SUCCESS)
		return EXIT_USAGE;
	dir = argv[at];
	if (!!o.export + !!o.collect + !!o.request > 1 || !dir == !o.request)
		return cli_usage("it is REPO with --key, --export or --collect; or --request");
	if (o.export)
		return export(dir, &o);
	if (o.collect)
		return collect(dir, &o);
	return o.request ? sign_request(&o, fd) : sign(dir, &o, fd);
}

const struct command cmd_tuf_sign = {
	.name = "tuf sign",
	.run = run_sign,
	.summary = "sign drafts, or collect signatures",
	.help =
	"usage: rewire tuf sign REPO --key KEY [--role ROLE]... [--yes]\n"
	"       rewire tuf sign REPO --export FILE --role ROLE\n"
	"       rewire tuf sign --request FILE --key KEY [--yes]\n"
	"       rewire tuf sign REPO --collect FILE\n"
	"\n"
	"Shows what each draft changes that waits for this key, asks, and signs it. A\n"
	"role that several have to sign collects their signatures, one after the other.\n"
	"Who has no access to REPO gets a file by --export, signs it on a machine of\n"
	"their own by --request, and sends it back to --collect, which believes only\n"
	"signatures of this very draft by keys of the role. Copies of one request may be\n"
	"signed at the same time. An edit of a draft voids its signatures.\n"
	"\n"
	"  --key KEY            FILE.key, whose passphrase is asked for; or\n"
	"                       pkcs11:... (RFC 7512), a token, whose PIN is asked for; or\n"
	"                       command:PROGRAM, which prints its public key (PEM) for\n"
	"                       `public`, and for `sign` writes the signature of what it\n"
	"                       reads\n"
	"  --role ROLE          only this draft\n"
	"  --export FILE        write what is to be signed elsewhere\n"
	"  --request FILE       sign such a file; no REPO is needed\n"
	"  --collect FILE       take over its signatures\n"
	"  --passphrase-fd N    read the passphrase from there, not the terminal\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf sign repo --export root.request --role root\n"
	"  rewire tuf sign --request root.request --key /media/a/root-1.key\n"
	"  rewire tuf sign repo --collect root.request\n",
};

/* snapshot, timestamp */

struct meta_options {
	const char *expires, *due, *passphrase_fd;
	bool yes;
};

static int nothing_due(void)
{
	if (cli.json)
		show_json(json_pack("{s:b, s:b}", "ok", 1, "done", 0));
	else
		puts("nothing has changed, and it does not expire yet");
	return EXIT_SUCCESS;
}

static int sign_meta(struct tuf_repo *repo, const char *role, int fd)
{
	struct tuf_error err = { 0 };

	for (size_t i = 0; i < places.count; i++) {
		struct tuf_signer *signer;
		int status = open_signer(places.items[i], fd, &signer);

		if (status != EXIT_SUCCESS)
			return status;
		if (tuf_repo_sign(repo, role, signer, &err))
			status = tuf_cli_fail(&err);
		else
			report(role, tuf_signer_id(signer));
		tuf_signer_free(signer);
		if (status != EXIT_SUCCESS)
			return status;
	}
	return tuf_repo_save(repo, &err) ? tuf_cli_fail(&err) : EXIT_SUCCESS;
}

static int make_meta(const char *dir, const char *role,
		     const struct meta_options *o, int64_t expires, int64_t due,
		     int fd)
{
	bool snapshot = !strcmp(role, "snapshot");
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	char question[128];
	int status, rc;

	status = tuf_cli_open(dir, &repo);
	if (status != EXIT_SUCCESS)
		return status;
	rc = snapshot ? tuf_repo_snapshot(repo, expires, due, &err) :
	     tuf_repo_timestamp(repo, expires, &err);
	if (!rc)
		rc = tuf_repo_changes(repo, role, tuf_cli_say, NULL, &err);
	if (rc) {
		tuf_repo_close(repo);
		return rc < 0 ? tuf_cli_fail(&err) : nothing_due();
	}
	snprintf(question, sizeof(question), "Sign %s", role);
	status = tuf_cli_confirm(question, o->yes);
	if (status == EXIT_SUCCESS)
		status = sign_meta(repo, role, fd);
	tuf_repo_close(repo);
	return status;
}

static int run_meta(int argc, char **argv, const char *role, unsigned int days)
{
	bool snapshot = !strcmp(role, "snapshot");
	struct meta_options o = { 0 };
	const struct cli_option options[] = {
		{ .name = "key", .more = add_place },
		{ .name = "expires", .value = &o.expires },
		{ .name = "passphrase-fd", .value = &o.passphrase_fd },
		{ .name = "yes", .letter = 'y', .flag = &o.yes },
		{ .name = snapshot ? "if-due" : NULL, .value = &o.due },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), fd;
	__u64 due = 0;
	int64_t expires;

	if (at < 0)
		return cli_parse_exit(at);
	if (!places.count)
		return cli_usage("with which key: give --key");
	if (cli_passphrase_fd(o.passphrase_fd, &fd) != EXIT_SUCCESS ||
	    tuf_cli_expires(o.expires, days, &expires) != EXIT_SUCCESS)
		return EXIT_USAGE;
	if (o.due && !cli_number(o.due, 0, 3650, &due))
		return cli_usage("--if-due: %s is not a number of days", o.due);
	return make_meta(argv[at], role, &o, expires,
			 o.due ? (int64_t)time(NULL) + 86400 * (int64_t)due : 0, fd);
}

static int run_snapshot(int argc, char **argv)
{
	return run_meta(argc, argv, "snapshot", TUF_SNAPSHOT_DAYS);
}

static int run_timestamp(int argc, char **argv)
{
	return run_meta(argc, argv, "timestamp", TUF_TIMESTAMP_DAYS);
}

const struct command cmd_tuf_snapshot = {
	.name = "tuf snapshot",
	.run = run_snapshot,
	.summary = "say which versions belong together",
	.help =
	"usage: rewire tuf snapshot REPO --key KEY... [--if-due DAYS] [--yes]\n"
	"\n"
	"Drafts and signs the snapshot: the version of targets and of each delegated\n"
	"role, as they will be once every draft with enough signatures is public. A\n"
	"draft that still waits for signatures is left out, and its public version\n"
	"stands.\n"
	"\n"
	"  --key KEY            as for `rewire tuf sign`; one for each signature needed\n"
	"  --if-due DAYS        do nothing when nothing has changed and the public\n"
	"                       snapshot lives longer than that: for a daily job\n"
	"  --expires DATE       +DAYS or a date [+14]\n"
	"  --passphrase-fd N    read passphrases from there, a line for each key\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf snapshot repo --key /etc/rewire/tuf/snapshot.key\n",
};

const struct command cmd_tuf_timestamp = {
	.name = "tuf timestamp",
	.run = run_timestamp,
	.summary = "say that this is the newest",
	.help =
	"usage: rewire tuf timestamp REPO --key KEY... [--yes]\n"
	"\n"
	"Drafts and signs the timestamp, which names the newest snapshot. It lives\n"
	"shortly, so that nobody can hold back what is new for long: a job makes one\n"
	"each day and publishes it.\n"
	"\n"
	"  --key KEY            as for `rewire tuf sign`; one for each signature needed\n"
	"  --expires DATE       +DAYS or a date [+3]\n"
	"  --passphrase-fd N    read passphrases from there, a line for each key\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf timestamp repo --key /etc/rewire/tuf/timestamp.key --yes\n"
	"  rewire tuf publish repo --yes\n",
};
