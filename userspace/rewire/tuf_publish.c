// SPDX-License-Identifier: MIT
/*
 * rewire tuf publish, verify, status
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "show.h"
#include "tuf_cli.h"

/* publish */

static int show_signed(const struct tuf_status *status, void *data)
{
	struct tuf_error err = { 0 };

	if (status->draft && status->signed_by >= status->threshold)
		tuf_repo_changes(data, status->role, tuf_cli_say, NULL, &err);
	return 0;
}

static int publish(struct tuf_repo *repo, bool yes)
{
	struct tuf_error err = { 0 };
	int status;

	if (tuf_repo_status(repo, show_signed, repo, &err))
		return tuf_cli_fail(&err);
	status = tuf_cli_confirm("Publish this", yes);
	if (status != EXIT_SUCCESS)
		return status;
	json_decref(tuf_cli_lines());
	if (tuf_repo_publish(repo, tuf_cli_say, NULL, &err))
		return tuf_cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "published",
				    tuf_cli_lines()));
	return EXIT_SUCCESS;
}

static int copy(struct tuf_repo *repo, const char *folder)
{
	struct tuf_error err = { 0 };

	if (tuf_repo_copy(repo, folder, &err))
		return tuf_cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "copy",
				    show_text(folder)));
	else
		printf("%s: written, read back and verified\n", folder);
	return EXIT_SUCCESS;
}

static int run_publish(int argc, char **argv)
{
	const char *copy_to = NULL;
	bool yes = false;
	const struct cli_option options[] = {
		{ .name = "copy-to", .value = &copy_to },
		{ .name = "yes", .letter = 'y', .flag = &yes },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), status;
	struct tuf_repo *repo;

	if (at < 0)
		return cli_parse_exit(at);
	status = tuf_cli_open(argv[at], &repo);
	if (status != EXIT_SUCCESS)
		return status;
	status = copy_to ? copy(repo, copy_to) : publish(repo, yes);
	tuf_repo_close(repo);
	return status;
}

const struct command cmd_tuf_publish = {
	.name = "tuf publish",
	.run = run_publish,
	.summary = "make public what has its signatures",
	.help =
	"usage: rewire tuf publish REPO [--yes]\n"
	"       rewire tuf publish REPO --copy-to FOLDER\n"
	"\n"
	"Puts together all of what will be public in a folder beside, checks it as a\n"
	"client does that knows what is public now, each target's file included, and\n"
	"exchanges it for REPO/public in one step: whoever looks, also after a crash,\n"
	"finds the old or the new. Drafts that lack signatures wait. REPO/public is\n"
	"plain files: let a web server hand it out, or copy it to one, timestamp.json\n"
	"last. Versions that were public stay, for clients that are about to read them.\n"
	"\n"
	"--copy-to carries what is public to a folder on a medium, for hosts without a\n"
	"network, reads it back and verifies it: a client takes such a folder as a URL.\n"
	"\n"
	"  --copy-to FOLDER     replaced as a whole\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf publish repo\n"
	"  rsync -a --delay-updates repo/public/targets repo/public/metadata web:/srv/tuf/\n",
};

/* verify */

static int verify(const char *dir, const char *root, int64_t now)
{
	struct tuf_error err = { 0 };
	struct tuf_counts counts;
	char *public, size[32];
	int rc;

	if (asprintf(&public, "%s/public", dir) < 0) {
		snprintf(err.text, sizeof(err.text), "no memory");
		return tuf_cli_fail(&err);
	}
	rc = tuf_check_folder(access(public, F_OK) ? dir : public, root, now, &counts,
			      &err);
	free(public);
	if (rc)
		return tuf_cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:I, s:I, s:I, s:I}", "ok", 1, "root",
				    (json_int_t)counts.root, "roles",
				    (json_int_t)counts.roles, "targets",
				    (json_int_t)counts.targets, "bytes",
				    (json_int_t)counts.bytes));
	else
		printf("root version %lld, %zu role%s with targets, %zu target%s of %s: all verified\n",
		       (long long)counts.root, counts.roles,
		       counts.roles == 1 ? "" : "s", counts.targets,
		       counts.targets == 1 ? "" : "s",
		       show_size(counts.bytes, size));
	return EXIT_SUCCESS;
}

static int run_verify(int argc, char **argv)
{
	const char *root = NULL, *at_date = NULL;
	const struct cli_option options[] = {
		{ .name = "root", .value = &root },
		{ .name = "at", .value = &at_date },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	int64_t now;

	if (at < 0)
		return cli_parse_exit(at);
	if (tuf_cli_expires(at_date, 0, &now) != EXIT_SUCCESS)
		return EXIT_USAGE;
	return verify(argv[at], root, now);
}

const struct command cmd_tuf_verify = {
	.name = "tuf verify",
	.run = run_verify,
	.summary = "check all of a repository, as a client would",
	.help =
	"usage: rewire tuf verify FOLDER [--root ROOT.json] [--at DATE]\n"
	"\n"
	"Goes through all of a repository with the checks that clients make: the chain\n"
	"of roots, timestamp, snapshot, targets, each delegated role and each target's\n"
	"file. FOLDER is REPO, or a folder with metadata and targets, such as a copy on\n"
	"a medium.\n"
	"\n"
	"  --root ROOT.json     begin with this root, not with the folder's first one:\n"
	"                       only that tells whether it is the right repository\n"
	"  --at DATE            as if it were then, +DAYS or a date: will it hold?\n"
	"\n"
	"example:\n"
	"  rewire tuf verify repo --at +2\n",
};

/* status */

struct watch {
	int64_t now;
	int64_t offline;	/* in seconds, what may be left at least */
	int64_t online;
	bool prometheus;
	bool due;
	json_t *list;
};

static bool is_online(const char *role)
{
	return !strcmp(role, "snapshot") || !strcmp(role, "timestamp");
}

static void print_status(const struct tuf_status *status, int64_t left, bool due)
{
	char when[24];

	if (status->draft) {
		printf("%-14s draft of version %lld: %lld of %lld signatures\n",
		       status->role, (long long)status->version,
		       (long long)status->signed_by,
		       (long long)status->threshold);
		return;
	}
	printf("%-14s version %lld, %s%s in %lld days, %s%s\n", status->role,
	       (long long)status->version,
	       due ? show_colour(stdout, SHOW_BAD) : "",
	       left < 0 ? "EXPIRED" : "expires",
	       (long long)(left / 86400), tuf_time_format(status->expires, when),
	       due ? show_colour(stdout, SHOW_PLAIN) : "");
}

static void print_prometheus(const struct tuf_status *status)
{
	if (status->draft)
		printf("rewire_tuf_missing_signatures{role=\"%s\",version=\"%lld\"} %lld\n",
		       status->role, (long long)status->version,
		       (long long)(status->threshold - status->signed_by));
	else
		printf("rewire_tuf_expires_timestamp_seconds{role=\"%s\",version=\"%lld\"} %lld\n",
		       status->role, (long long)status->version,
		       (long long)status->expires);
}

static int show_status(const struct tuf_status *status, void *data)
{
	struct watch *watch = data;
	int64_t left = status->expires - watch->now;
	bool due = !status->draft && left <= (is_online(status->role) ?
					      watch->online : watch->offline);

	watch->due |= due;
	if (watch->prometheus)
		print_prometheus(status);
	else if (cli.json)
		json_array_append_new(watch->list,
				      json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:b}",
						"role", show_text(status->role),
						"draft", status->draft, "version",
						(json_int_t)status->version,
						"expires",
						(json_int_t)status->expires,
						"signatures",
						(json_int_t)status->signed_by,
						"threshold",
						(json_int_t)status->threshold,
						"due", due));
	else
		print_status(status, left, due);
	return 0;
}

static int status(const char *dir, struct watch *watch)
{
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	int status = tuf_cli_open(dir, &repo), rc;

	if (status != EXIT_SUCCESS)
		return status;
	watch->list = json_array();
	if (watch->prometheus)
		puts("# TYPE rewire_tuf_expires_timestamp_seconds gauge\n"
		     "# TYPE rewire_tuf_missing_signatures gauge");
	rc = tuf_repo_status(repo, show_status, watch, &err);
	tuf_repo_close(repo);
	if (!rc && cli.json && !watch->prometheus)
		show_json(json_pack("{s:b, s:O}", "ok", !watch->due, "roles",
				    watch->list));
	json_decref(watch->list);
	if (rc)
		return tuf_cli_fail(&err);
	if (watch->due)
		fprintf(stderr, "rewire: some of it expires soon, or has expired\n");
	return watch->due ? EXIT_REFUSED : EXIT_SUCCESS;
}

static int run_status(int argc, char **argv)
{
	const char *days = "30", *online = "1", *at_date = NULL;
	struct watch watch = { 0 };
	const struct cli_option options[] = {
		{ .name = "days", .value = &days },
		{ .name = "online-days", .value = &online },
		{ .name = "at", .value = &at_date },
		{ .name = "prometheus", .flag = &watch.prometheus },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	__u64 number;

	if (at < 0)
		return cli_parse_exit(at);
	if (!cli_number(days, 0, 3650, &number))
		return cli_usage("--days: %s is not a number of days", days);
	watch.offline = 86400 * (int64_t)number;
	if (!cli_number(online, 0, 3650, &number))
		return cli_usage("--online-days: %s is not a number of days", online);
	watch.online = 86400 * (int64_t)number;
	if (tuf_cli_expires(at_date, 0, &watch.now) != EXIT_SUCCESS)
		return EXIT_USAGE;
	return status(argv[at], &watch);
}

const struct command cmd_tuf_status = {
	.name = "tuf status",
	.run = run_status,
	.summary = "what expires when, and what waits for whom",
	.help =
	"usage: rewire tuf status REPO [--days N] [--online-days N] [--prometheus]\n"
	"\n"
	"Lists what is public with version and expiry, then each draft with the\n"
	"signatures it has and takes. Exit status 1 when anything public has expired or\n"
	"will soon: in N days for root and targets, which people have to sign, and\n"
	"another N for snapshot and timestamp, which a job signs.\n"
	"\n"
	"  --days N             root, targets and delegated roles [30]\n"
	"  --online-days N      snapshot and timestamp [1]\n"
	"  --at DATE            as if it were then, +DAYS or a date\n"
	"  --prometheus         as a page of metrics, for node_exporter's folder of text\n"
	"                       files\n"
	"\n"
	"example:\n"
	"  rewire tuf status repo --days 45 || mail -s 'TUF: keys are needed' root </dev/null\n",
};
