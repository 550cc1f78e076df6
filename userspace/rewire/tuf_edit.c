// SPDX-License-Identifier: MIT
/*
 * rewire tuf init, add, delegate, rotate: they change drafts
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "tuf_cli.h"

static const char *const role_names[] = { "root", "targets", "snapshot",
					  "timestamp" };

/* For each of them: public keys and threshold. */
static struct {
	struct tuf_cli_list paths;
	struct tuf_cli_keys keys;
	__u64 threshold;
} roles[ARRAY_SIZE(role_names)];

static bool add_root(const char *value)
{
	return tuf_cli_append(&roles[0].paths, value);
}

static bool add_targets(const char *value)
{
	return tuf_cli_append(&roles[1].paths, value);
}

static bool add_snapshot(const char *value)
{
	return tuf_cli_append(&roles[2].paths, value);
}

static bool add_timestamp(const char *value)
{
	return tuf_cli_append(&roles[3].paths, value);
}

static bool add_threshold(const char *value)
{
	const char *equals = strchr(value, '=');

	for (size_t i = 0; equals && i < ARRAY_SIZE(roles); i++)
		if (strlen(role_names[i]) == (size_t)(equals - value) &&
		    !strncmp(role_names[i], value, (size_t)(equals - value)))
			return cli_number(equals + 1, 1, TUF_CLI_LIST,
					  &roles[i].threshold);
	return false;
}

static int read_roles(struct tuf_grant grants[ARRAY_SIZE(role_names)])
{
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (!roles[i].paths.count)
			return cli_usage("nobody could sign for %s: give --%s FILE.pub",
					 role_names[i], role_names[i]);
		if (roles[i].paths.count > 1 && !roles[i].threshold)
			return cli_usage("how many of the %zu keys of %s have to sign: give --threshold %s=N",
					 roles[i].paths.count, role_names[i],
					 role_names[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		int status = tuf_cli_read_keys(&roles[i].paths, &roles[i].keys);

		if (status != EXIT_SUCCESS)
			return status;
		grants[i] = (struct tuf_grant){
			.keys = roles[i].keys.list,
			.count = roles[i].keys.count,
			.threshold = roles[i].threshold ?
				     (int64_t)roles[i].threshold : 1,
		};
	}
	return EXIT_SUCCESS;
}

static int init(const char *dir, const struct tuf_expiry *expiry)
{
	struct tuf_grant grants[ARRAY_SIZE(role_names)];
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	int status = read_roles(grants);

	if (status == EXIT_SUCCESS &&
	    tuf_repo_init(dir, &grants[0], &grants[1], &grants[2], &grants[3],
			  expiry, &err))
		status = tuf_cli_fail(&err);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		tuf_cli_free_keys(&roles[i].keys);
	if (status == EXIT_SUCCESS)
		status = tuf_cli_open(dir, &repo);
	if (status != EXIT_SUCCESS)
		return status;
	tuf_repo_changes(repo, "root", tuf_cli_say, NULL, &err);
	tuf_repo_changes(repo, "targets", tuf_cli_say, NULL, &err);
	tuf_repo_close(repo);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "changes",
				    tuf_cli_lines()));
	else
		printf("next: rewire tuf sign %s --key FILE, by each who has to\n",
		       dir);
	return EXIT_SUCCESS;
}

static int run_init(int argc, char **argv)
{
	const char *root = NULL, *targets = NULL;
	const struct cli_option options[] = {
		{ .name = "root", .more = add_root },
		{ .name = "targets", .more = add_targets },
		{ .name = "snapshot", .more = add_snapshot },
		{ .name = "timestamp", .more = add_timestamp },
		{ .name = "threshold", .more = add_threshold },
		{ .name = "root-expires", .value = &root },
		{ .name = "targets-expires", .value = &targets },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1);
	struct tuf_expiry expiry;

	if (at < 0)
		return cli_parse_exit(at);
	if (tuf_cli_expires(root, TUF_ROOT_DAYS, &expiry.root) != EXIT_SUCCESS ||
	    tuf_cli_expires(targets, TUF_TARGETS_DAYS,
			    &expiry.targets) != EXIT_SUCCESS)
		return EXIT_USAGE;
	return init(argv[at], &expiry);
}

const struct command cmd_tuf_init = {
	.name = "tuf init",
	.run = run_init,
	.summary = "begin a repository",
	.help =
	"usage: rewire tuf init REPO --root FILE.pub... --targets FILE.pub...\n"
	"                            --snapshot FILE.pub... --timestamp FILE.pub...\n"
	"                            [--threshold ROLE=N]...\n"
	"\n"
	"Makes the folder REPO with first drafts of root, which says who may sign for\n"
	"which role, and of targets, which is still empty. Only public keys are read.\n"
	"\n"
	"  --root FILE.pub      may sign for root: who may sign; people, offline\n"
	"  --targets FILE.pub   for targets: what is vouched for; people, offline\n"
	"  --snapshot FILE.pub  for snapshot: which versions belong together; online\n"
	"  --timestamp FILE.pub for timestamp: that this is the newest; online\n"
	"  --threshold ROLE=N   so many of the role's keys have to sign; needed for a\n"
	"                       role with several\n"
	"  --root-expires DATE     [+365]\n"
	"  --targets-expires DATE  [+90] +DAYS, 2027-01-31 or 2027-01-31T12:00:00Z\n"
	"\n"
	"example:\n"
	"  rewire tuf init repo --root a/root-1.pub --root b/root-2.pub --root c/root-3.pub \\\n"
	"    --threshold root=2 --targets a/targets.pub \\\n"
	"    --snapshot online/snapshot.pub --timestamp online/timestamp.pub\n",
};

/* add */

struct add_options {
	const char *role, *name, *prefix, *custom, *expires;
	bool remove, yes;
};

/* The roles that were changed, once each, and freed in the end. */
static struct tuf_cli_list changed;

static void note(char *role)
{
	for (size_t i = 0; i < changed.count; i++)
		if (!strcmp(changed.items[i], role)) {
			free(role);
			return;
		}
	if (!tuf_cli_append(&changed, role))
		free(role);
}

static void forget_notes(void)
{
	while (changed.count)
		free((char *)changed.items[--changed.count]);
}

static char *target_name(const struct add_options *o, const char *path)
{
	char *copy = strdup(path), *name = NULL;
	const char *file = o->name ? o->name : copy ? basename(copy) : "";

	if (copy && asprintf(&name, "%s%s%s", o->prefix ? o->prefix : "",
			     o->prefix ? "/" : "", file) < 0)
		name = NULL;
	free(copy);
	return name;
}

static int add_one(struct tuf_repo *repo, const struct add_options *o,
		   const char *path, json_t *custom, int64_t expires)
{
	char *name = o->remove ? strdup(path) : target_name(o, path), *role;
	struct tuf_error err = { 0 };
	int rc;

	if (!name) {
		snprintf(err.text, sizeof(err.text), "no memory");
		return tuf_cli_fail(&err);
	}
	rc = o->remove ? tuf_repo_remove(repo, o->role, name, expires, &role, &err) :
	     tuf_repo_add(repo, o->role, name, path, custom, expires, &role, &err);
	free(name);
	if (rc)
		return tuf_cli_fail(&err);
	note(role);
	return EXIT_SUCCESS;
}

static int add(const char *dir, const struct add_options *o, char **paths,
	       int count)
{
	json_t *custom = NULL;
	struct tuf_repo *repo;
	int64_t expires;
	int status;

	status = tuf_cli_expires(o->expires, TUF_TARGETS_DAYS, &expires);
	if (status != EXIT_SUCCESS)
		return status;
	if (o->custom && !(custom = json_loads(o->custom, JSON_REJECT_DUPLICATES,
					       NULL)))
		return cli_usage("--custom: not a JSON object");
	status = tuf_cli_open(dir, &repo);
	if (status != EXIT_SUCCESS) {
		json_decref(custom);
		return status;
	}
	for (int i = 0; i < count && status == EXIT_SUCCESS; i++)
		status = add_one(repo, o, paths[i], custom, expires);
	if (status == EXIT_SUCCESS)
		status = tuf_cli_keep(repo, &changed, o->yes);
	forget_notes();
	json_decref(custom);
	tuf_repo_close(repo);
	return status;
}

static int run_add(int argc, char **argv)
{
	struct add_options o = { .role = "targets" };
	const struct cli_option options[] = {
		{ .name = "role", .value = &o.role },
		{ .name = "name", .value = &o.name },
		{ .name = "prefix", .value = &o.prefix },
		{ .name = "custom", .value = &o.custom },
		{ .name = "expires", .value = &o.expires },
		{ .name = "remove", .flag = &o.remove },
		{ .name = "yes", .letter = 'y', .flag = &o.yes },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 2, 1 << 20);

	if (at < 0)
		return cli_parse_exit(at);
	if (o.name && (argc - at != 2 || o.remove))
		return cli_usage("--name is for one file that is added");
	return add(argv[at], &o, argv + at + 1, argc - at - 1);
}

const struct command cmd_tuf_add = {
	.name = "tuf add",
	.run = run_add,
	.summary = "add, replace or remove targets",
	.help =
	"usage: rewire tuf add REPO FILE... [--role ROLE] [--prefix FOLDER] [--yes]\n"
	"       rewire tuf add REPO FILE --name NAME\n"
	"       rewire tuf add REPO NAME... --remove\n"
	"\n"
	"Drafts the next version of the role that vouches for the files, and copies\n"
	"them; clients see none of it before it is signed and published. A name that is\n"
	"there already gets a new file. When the role has bins, the right ones are\n"
	"changed.\n"
	"\n"
	"  --role ROLE          who vouches [targets]\n"
	"  --name NAME          the target's name [the file's]\n"
	"  --prefix FOLDER      the target's name becomes FOLDER/name\n"
	"  --custom JSON        an object that goes with the targets\n"
	"  --remove             no longer vouch for these targets\n"
	"  --expires DATE       of the role's metadata: +DAYS or a date [+90]\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf add repo vault-2.package vault-2.payload --prefix packages\n",
};

/* delegate */

static struct tuf_cli_list delegate_paths, delegate_keys;

static bool add_path(const char *value)
{
	return tuf_cli_append(&delegate_paths, value);
}

static bool add_key(const char *value)
{
	return tuf_cli_append(&delegate_keys, value);
}

struct delegate_options {
	const char *from, *threshold, *bits, *expires;
	bool succinct, terminating, remove, yes;
};

static int delegate(const char *dir, const char *name,
		    const struct delegate_options *o)
{
	struct tuf_delegation d = {
		.from = o->from, .name = name, .paths = delegate_paths.items,
		.path_count = delegate_paths.count, .succinct = o->succinct,
		.terminating = o->terminating,
	};
	const struct tuf_cli_list from = { { o->from }, 1 };
	__u64 threshold = 1, bits = 0;
	struct tuf_cli_keys keys = { .count = 0 };
	struct tuf_error err = { 0 };
	struct tuf_repo *repo = NULL;
	int64_t expires;
	int status, rc;

	if (o->threshold &&
	    !cli_number(o->threshold, 1, TUF_CLI_LIST, &threshold))
		return cli_usage("--threshold: %s is not a number from 1",
				 o->threshold);
	if (o->bits && !cli_number(o->bits, 1, TUF_BITS_MAX, &bits))
		return cli_usage("--bits: %s is not 1 to %d", o->bits, TUF_BITS_MAX);
	status = tuf_cli_expires(o->expires, TUF_TARGETS_DAYS, &expires);
	if (status == EXIT_SUCCESS)
		status = tuf_cli_read_keys(&delegate_keys, &keys);
	if (status == EXIT_SUCCESS)
		status = tuf_cli_open(dir, &repo);
	if (status == EXIT_SUCCESS) {
		d.bits = (int)bits;
		d.grant = (struct tuf_grant){ keys.list, keys.count,
					      (int64_t)threshold };
		rc = o->remove ?
		     tuf_repo_undelegate(repo, o->from, name, expires, &err) :
		     tuf_repo_delegate(repo, &d, expires, &err);
		status = rc ? tuf_cli_fail(&err) :
			 tuf_cli_keep(repo, &from, o->yes);
	}
	tuf_cli_free_keys(&keys);
	tuf_repo_close(repo);
	return status;
}

static int run_delegate(int argc, char **argv)
{
	struct delegate_options o = { .from = "targets" };
	const struct cli_option options[] = {
		{ .name = "key", .more = add_key },
		{ .name = "threshold", .value = &o.threshold },
		{ .name = "path", .more = add_path },
		{ .name = "bits", .value = &o.bits },
		{ .name = "succinct", .flag = &o.succinct },
		{ .name = "terminating", .flag = &o.terminating },
		{ .name = "from", .value = &o.from },
		{ .name = "remove", .flag = &o.remove },
		{ .name = "expires", .value = &o.expires },
		{ .name = "yes", .letter = 'y', .flag = &o.yes },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 2, 2);

	if (at < 0)
		return cli_parse_exit(at);
	if (!o.remove && !delegate_keys.count)
		return cli_usage("who may sign for %s: give --key", argv[at + 1]);
	if (!o.remove && !delegate_paths.count == !o.bits)
		return cli_usage("either --path or --bits");
	if (!o.remove && delegate_keys.count > 1 && !o.threshold)
		return cli_usage("how many of the %zu keys have to sign: give --threshold",
				 delegate_keys.count);
	return delegate(argv[at], argv[at + 1], &o);
}

const struct command cmd_tuf_delegate = {
	.name = "tuf delegate",
	.run = run_delegate,
	.summary = "let others vouch for part of the targets",
	.help =
	"usage: rewire tuf delegate REPO NAME --key FILE.pub... --path PATTERN...\n"
	"                                [--threshold N] [--terminating] [--from ROLE]\n"
	"       rewire tuf delegate REPO PREFIX --key FILE.pub... --bits N [--succinct]\n"
	"       rewire tuf delegate REPO NAME --remove [--from ROLE]\n"
	"\n"
	"Drafts the next version of the role that delegates, and a first one of the\n"
	"new role; both are to be signed, each by its own keys. With --bits all targets\n"
	"are spread over 2^N bins by the hash of their names, so that clients of a large\n"
	"repository fetch a small part of it.\n"
	"\n"
	"  --key FILE.pub       may sign for it\n"
	"  --threshold N        so many of them have to; needed with several keys\n"
	"  --path PATTERN       of targets, like packages/*; \"*\" ends at a slash\n"
	"  --bits N             1 to 14: bins PREFIX-0 and so on\n"
	"  --succinct           bins written down in one entry (TAP 15)\n"
	"  --terminating        ask no later delegation when this one has no such target\n"
	"  --from ROLE          who delegates [targets]\n"
	"  --remove             take it back\n"
	"  --expires DATE       +DAYS or a date [+90]\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf delegate repo vault-team --key vault.pub --path 'vault/*'\n",
};

/* rotate */

static struct tuf_cli_list rotate_add, rotate_remove;

static bool add_added(const char *value)
{
	return tuf_cli_append(&rotate_add, value);
}

static bool add_removed(const char *value)
{
	return tuf_cli_append(&rotate_remove, value);
}

/* All roles that have a draft now. */
static int note_draft(const struct tuf_status *status, void *data)
{
	char *role = status->draft ? strdup(status->role) : NULL;

	(void)data;
	if (role)
		note(role);
	return 0;
}

static int change(struct tuf_repo *repo, const char *role, __u64 threshold,
		  const struct tuf_expiry *expiry)
{
	struct tuf_cli_keys keys = { .count = 0 };
	struct tuf_error err = { 0 };
	struct tuf_rotation rotation;
	int status = tuf_cli_read_keys(&rotate_add, &keys);

	if (status != EXIT_SUCCESS)
		return status;
	rotation = (struct tuf_rotation){
		.add = keys.list, .add_count = keys.count,
		.remove = rotate_remove.items, .remove_count = rotate_remove.count,
		.threshold = (int64_t)threshold,
	};
	if (tuf_repo_rotate(repo, role, &rotation, expiry, &err))
		status = tuf_cli_fail(&err);
	tuf_cli_free_keys(&keys);
	return status;
}

static int rotate(const char *dir, const char *role, __u64 threshold,
		  const struct tuf_expiry *expiry, bool yes)
{
	bool changes = rotate_add.count || rotate_remove.count || threshold;
	bool root = !strcmp(role, "root");
	struct tuf_error err = { 0 };
	struct tuf_repo *repo;
	int status = tuf_cli_open(dir, &repo);

	if (status != EXIT_SUCCESS)
		return status;
	if (changes)
		status = change(repo, role, threshold, expiry);
	else if (tuf_repo_renew(repo, role, root ? expiry->root : expiry->targets,
				&err))
		status = tuf_cli_fail(&err);
	if (status == EXIT_SUCCESS &&
	    tuf_repo_status(repo, note_draft, NULL, &err))
		status = tuf_cli_fail(&err);
	if (status == EXIT_SUCCESS)
		status = tuf_cli_keep(repo, &changed, yes);
	forget_notes();
	tuf_repo_close(repo);
	return status;
}

static int run_rotate(int argc, char **argv)
{
	const char *threshold = NULL, *expires = NULL;
	bool yes = false;
	const struct cli_option options[] = {
		{ .name = "add", .more = add_added },
		{ .name = "remove", .more = add_removed },
		{ .name = "threshold", .value = &threshold },
		{ .name = "expires", .value = &expires },
		{ .name = "yes", .letter = 'y', .flag = &yes },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 2, 2);
	struct tuf_expiry expiry;
	__u64 number = 0;

	if (at < 0)
		return cli_parse_exit(at);
	if (threshold && !cli_number(threshold, 1, TUF_CLI_LIST, &number))
		return cli_usage("--threshold: %s is not a number from 1", threshold);
	if (!rotate_add.count && !rotate_remove.count && !threshold &&
	    (!strcmp(argv[at + 1], "snapshot") ||
	     !strcmp(argv[at + 1], "timestamp")))
		return cli_usage("`rewire tuf %s` renews it", argv[at + 1]);
	if (tuf_cli_expires(expires, TUF_ROOT_DAYS, &expiry.root) != EXIT_SUCCESS ||
	    tuf_cli_expires(expires, TUF_TARGETS_DAYS,
			    &expiry.targets) != EXIT_SUCCESS)
		return EXIT_USAGE;
	return rotate(argv[at], argv[at + 1], number, &expiry, yes);
}

const struct command cmd_tuf_rotate = {
	.name = "tuf rotate",
	.run = run_rotate,
	.summary = "change who may sign, or renew what will expire",
	.help =
	"usage: rewire tuf rotate REPO ROLE [--add FILE.pub]... [--remove KEYID]...\n"
	"                                   [--threshold N] [--yes]\n"
	"       rewire tuf rotate REPO ROLE [--expires DATE]\n"
	"\n"
	"Changes the keys or the threshold of a role, in a draft of who delegates to it:\n"
	"root for root, targets, snapshot and timestamp. A new root has to be signed by\n"
	"enough of the old root keys and by enough of the new ones; a client goes from\n"
	"one to the next. Targets that would lack signatures are renewed as well; after\n"
	"the keys of snapshot or timestamp have changed, make both anew. Without a\n"
	"change: the next version of the role, which expires later.\n"
	"\n"
	"  --add FILE.pub       may sign from now on\n"
	"  --remove KEYID       may not any more; its first 8 digits or more will do\n"
	"  --threshold N        so many of the role's keys have to sign\n"
	"  --expires DATE       +DAYS or a date [+365 for root, +90 for others]\n"
	"  -y, --yes            do not ask\n"
	"\n"
	"example:\n"
	"  rewire tuf rotate repo timestamp --add new/timestamp.pub --remove 3f2a91bc\n"
	"  rewire tuf sign repo --key a/root-1.key\n"
	"  rewire tuf sign repo --key b/root-2.key\n",
};
