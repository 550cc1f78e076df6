// SPDX-License-Identifier: MIT
/*
 * rewire log: the journal, read, verified, copied, compacted
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "journal.h"
#include "show.h"

struct journal_file {
	__u8 *data;
	size_t length;
	struct rewire_journal_summary summary;
};

static struct {
	__u32 count;
	const char *path[REWIRE_MAX_GENERATIONS];
	__u8 *key[REWIRE_MAX_GENERATIONS];
} roots;

static bool add_root(const char *path)
{
	if (roots.count == REWIRE_MAX_GENERATIONS)
		return false;
	roots.path[roots.count++] = path;
	return true;
}

static int read_roots(struct rewire_journal_roots *ret, struct rewire_error *err)
{
	struct rewire_journal_roots known = { 0 };

	for (__u32 i = 0; i < roots.count; i++) {
		size_t length;
		int rc = rewire_file_read(roots.path[i], REWIRE_ROOT_KEY_SIZE,
					  &roots.key[i], &length, err);

		if (rc)
			return rc;
		if (length != REWIRE_ROOT_KEY_SIZE) {
			rewire_wipe_free(roots.key[i], length);
			roots.key[i] = NULL;
			return rewire_fail(err, EINVAL, "%s: %zu bytes, not %d",
					   roots.path[i], length,
					   REWIRE_ROOT_KEY_SIZE);
		}
		known.key[i + 1] = roots.key[i];
	}
	*ret = known;
	return 0;
}

static void forget_roots(void)
{
	for (__u32 i = 0; i < roots.count; i++)
		if (roots.key[i])
			rewire_wipe_free(roots.key[i], REWIRE_ROOT_KEY_SIZE);
}

static int read_file(const char *path, const struct rewire_journal_roots *keys,
		     struct journal_file *file, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	int rc = rewire_file_read(path, REWIRE_MAX_JOURNAL, &file->data,
				  &file->length, err);

	if (rc)
		return rc;
	rc = rewire_journal_verify(file->data, file->length, keys,
				   &file->summary, &why);
	if (!rc)
		return 0;
	free(file->data);
	file->data = NULL;
	return rewire_fail(err, why.code, "%s: %s", path, why.text);
}

static bool counts(const struct journal_file *file)
{
	return file->data && !file->summary.blank && !file->summary.unfinished;
}

/* A journal's folder, or that of a host which has one inside. */
static int file_of(const char *dir, int which, char path[4096],
		   struct rewire_error *err)
{
	static const char *const names[2] = {
		REWIRE_JOURNAL_FILE_0, REWIRE_JOURNAL_FILE_1,
	};
	int length = snprintf(path, 4096, "%s/%s", dir, names[which]);

	if (length < 4096 && access(path, F_OK))
		length = snprintf(path, 4096, "%s/journal/%s", dir,
				  names[which]);
	if (length >= 4096)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

/* ---- show ---- */

static int print_file(const struct journal_file *file)
{
	struct rewire_journal_entry entry;
	size_t at = 0, end = file->length - file->summary.torn;

	while (rewire_journal_next(file->data, end, &at, &entry, NULL) == 1)
		journal_print(&entry);
	if (file->summary.torn && !cli.json)
		printf("(%zu bytes behind it are torn)\n", file->summary.torn);
	return EXIT_SUCCESS;
}

static int show(const char *dir)
{
	struct journal_file file[2] = { 0 };
	struct rewire_error err, last;
	char path[4096];
	int status, best, rc[2];

	for (int i = 0; i < 2; i++) {
		rc[i] = file_of(dir, i, path, &err);
		if (!rc[i])
			rc[i] = read_file(path, NULL, &file[i], &err);
		if (rc[i])
			last = err;
	}
	best = counts(&file[1]) &&
	       (!counts(&file[0]) ||
		file[1].summary.sequence > file[0].summary.sequence);
	if (counts(&file[best])) {
		status = print_file(&file[best]);
	} else {
		if (!rc[0] && !rc[1])
			rewire_fail(&last, ENODATA, "%s: no journal was begun there",
				    dir);
		status = cli_fail(&last);
	}
	free(file[0].data);
	free(file[1].data);
	return status;
}

static int run_show(int argc, char **argv)
{
	const char *dir = NULL;
	const struct cli_option options[] = {
		{ .name = "dir", .value = &dir, .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 0, 0);

	return at < 0 ? cli_parse_exit(at) : show(dir);
}

/* ---- verify ---- */

static int read_head(const char *path, const char *platform,
		     struct rewire_head *head, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, REWIRE_MAX_HEAD, &data, &length, err);

	if (rc)
		return rc;
	rc = rewire_head_check(data, length, platform, head, &why);
	free(data);
	return rc ? rewire_fail(err, why.code, "%s: %s", path, why.text) : 0;
}

/* @head is NULL when there is none to compare with. */
static int check_head(const char *path, const struct journal_file *file,
		      const struct rewire_head *head, struct rewire_error *err)
{
	struct rewire_error why;
	int rc;

	if (!head)
		return 0;
	rc = rewire_journal_contains(file->data, file->length, head, &why);
	if (rc < 0)
		return rewire_fail(err, why.code, "%s: %s", path, why.text);
	if (rc)
		return 0;
	return rewire_fail(err, EUCLEAN, "%s: it never had the head that the SM signed, record %llu: it was cut, or forked",
			   path, (unsigned long long)head->sequence);
}

static void report(const char *path, const struct journal_file *file,
		   const struct rewire_head *head)
{
	const struct rewire_journal_summary *s = &file->summary;
	const char *what = s->blank ? "blank" :
			   s->unfinished ? "unfinished" : "whole";
	char text[2 * REWIRE_DIGEST_SIZE + 1];

	if (cli.json) {
		show_json(json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:o, s:I, s:b, s:b}",
				    "file", show_text(path), "state", what,
				    "sm", show_hex(s->sm, sizeof(s->sm)),
				    "journal",
				    show_hex(s->journal, sizeof(s->journal)),
				    "base", (json_int_t)s->base, "records",
				    (json_int_t)s->sequence, "head",
				    show_hex(s->head, sizeof(s->head)), "torn",
				    (json_int_t)s->torn, "authentic",
				    s->authentic, "head_found", head != NULL));
		return;
	}
	printf("%s: %s", path, what);
	if (!s->blank && !s->unfinished)
		printf(", records %ju to %ju, head %.16s", (uintmax_t)s->base,
		       (uintmax_t)s->sequence - 1,
		       rewire_hex(s->head, sizeof(s->head), text));
	if (s->torn)
		printf(", %zu bytes torn", s->torn);
	puts(s->authentic ? ", authentic" : ", MACs not checked");
}

/*
 * A power cut tears the record that was being written. A whole one behind the last
 * authentic one was made without the key: the module cuts it off as well, but who
 * verifies wants to know.
 */
static int check_tail(const char *path, const struct journal_file *file,
		      struct rewire_error *err)
{
	size_t torn = file->summary.torn, size;
	struct rewire_journal_record record;

	if (torn < sizeof(record))
		return 0;
	memcpy(&record, file->data + file->length - torn, sizeof(record));
	size = sizeof(record) + ((size_t)record.length + 7) / 8 * 8 +
	       REWIRE_MAC_SIZE;
	if (record.magic != REWIRE_JOURNAL_MAGIC ||
	    record.length > REWIRE_JOURNAL_MAX_PAYLOAD || size > torn)
		return 0;
	return rewire_fail(err, EUCLEAN, "%s: record %llu is whole, and not authentic",
			   path, (unsigned long long)file->summary.sequence);
}

static int verify_file(const char *path, const struct rewire_journal_roots *keys,
		       const struct rewire_head *head, bool *found)
{
	struct journal_file file = { 0 };
	struct rewire_error err;
	bool here = false;
	int rc = read_file(path, keys, &file, &err);

	if (!rc)
		rc = check_tail(path, &file, &err);
	/* of two files the one that counts has it */
	if (!rc && counts(&file)) {
		rc = check_head(path, &file, head, &err);
		here = head && !rc;
	}
	if (!rc)
		report(path, &file, here ? head : NULL);
	else if (rc == -ENODATA)
		rc = 0;
	*found |= here;
	free(file.data);
	return rc ? cli_fail(&err) : EXIT_SUCCESS;
}

/*
 * The older of two files does not have the newest head, and need not: it is
 * only asked for when the other has not been found to have it.
 */
static int verify_files(char **paths, int count,
			const struct rewire_journal_roots *keys,
			const struct rewire_head *head)
{
	struct rewire_error err;
	bool found = false;
	int status = EXIT_SUCCESS;

	for (int i = 0; i < count; i++) {
		struct journal_file file = { 0 };
		bool older = false;

		if (head && count > 1 && !read_file(paths[i], NULL, &file, &err))
			older = !counts(&file) ||
				file.summary.sequence < head->sequence;
		free(file.data);
		if (verify_file(paths[i], keys, older ? NULL : head, &found))
			status = EXIT_REFUSED;
	}
	if (head && !found && status == EXIT_SUCCESS) {
		rewire_fail(&err, EUCLEAN, "no file has the head that the SM signed, record %llu",
			    (unsigned long long)head->sequence);
		status = cli_fail(&err);
	}
	return status;
}

static int run_verify(int argc, char **argv)
{
	const char *head_path = NULL, *platform = NULL;
	const struct cli_option options[] = {
		{ .name = "head", .value = &head_path },
		{ .name = "platform", .value = &platform },
		{ .name = "root-key", .more = add_root },
		{ 0 },
	};
	struct rewire_journal_roots keys;
	struct rewire_head head;
	struct rewire_error err;
	int at = cli_parse(argc, argv, options, 1, 2), status;

	if (at < 0)
		return cli_parse_exit(at);
	if (!head_path != !platform)
		return cli_usage("--head and --platform belong together");
	if ((head_path && read_head(head_path, platform, &head, &err)) ||
	    read_roots(&keys, &err)) {
		forget_roots();
		return cli_fail(&err);
	}
	status = verify_files(argv + at, argc - at, roots.count ? &keys : NULL,
			      head_path ? &head : NULL);
	forget_roots();
	return status;
}

/* ---- export, compact ---- */

static int copy_to(const char *to, const char *name, const void *data,
		   size_t length, struct rewire_error *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", to, name) >= 4096)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", to);
	return rewire_file_write(path, data, length, 0600, err);
}

/* The head first: then it is in what is copied after it. */
static int export_to(int sm, const char *from, const char *to,
		     struct rewire_error *err)
{
	static const char *const names[2] = {
		REWIRE_JOURNAL_FILE_0, REWIRE_JOURNAL_FILE_1,
	};
	__u8 head[REWIRE_MAX_HEAD], *data;
	size_t length = sizeof(head);
	char path[4096];
	int rc = rewire_sm_head(sm, head, &length, err);

	if (!rc)
		rc = copy_to(to, "head", head, length, err);
	for (int i = 0; i < 2 && !rc; i++) {
		rc = file_of(from, i, path, err);
		if (!rc)
			rc = rewire_file_read(path, REWIRE_MAX_JOURNAL, &data,
					      &length, err);
		if (rc)
			break;
		rc = copy_to(to, names[i], data, length, err);
		free(data);
	}
	return rc;
}

static int run_export(int argc, char **argv)
{
	const char *dir = NULL;
	const struct cli_option options[] = {
		{ .name = "dir", .value = &dir, .required = true },
		{ 0 },
	};
	int at = cli_parse(argc, argv, options, 1, 1), sm, rc;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	if (mkdir(argv[at], 0700) && errno != EEXIST) {
		rewire_fail(&err, errno, "%s: %s", argv[at], strerror(errno));
		return cli_fail(&err);
	}
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = export_to(sm, dir, argv[at], &err);
	close(sm);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:b, s:o}", "ok", 1, "folder",
				    show_text(argv[at])));
	return EXIT_SUCCESS;
}

static int run_compact(int argc, char **argv)
{
	int at = cli_parse(argc, argv, NULL, 0, 0), sm, rc;
	struct rewire_journal_info info;
	struct rewire_error err;

	if (at < 0)
		return cli_parse_exit(at);
	sm = rewire_sm_open(&err);
	if (sm < 0)
		return cli_fail(&err);
	rc = rewire_sm_compact(sm, &err);
	if (!rc)
		rc = rewire_sm_journal_info(sm, &info, &err);
	close(sm);
	if (rc)
		return cli_fail(&err);
	if (cli.json)
		show_json(json_pack("{s:I, s:I, s:i}", "records",
				    (json_int_t)info.sequence, "bytes",
				    (json_int_t)info.bytes, "file",
				    (int)info.active));
	else
		printf("journal.%u: %ju bytes, from record %ju on\n",
		       info.active, (uintmax_t)info.bytes,
		       (uintmax_t)info.base);
	return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "verify"))
		return run_verify(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "export"))
		return run_export(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "compact"))
		return run_compact(argc - 1, argv + 1);
	return run_show(argc, argv);
}

const struct command cmd_log = {
	.name = "log",
	.run = run,
	.summary = "the journal: read it, verify it, copy it, compact it",
	.help =
	"usage: rewire log --dir DIR\n"
	"       rewire log verify FILE [FILE] [--head FILE --platform CERT]\n"
	"                         [--root-key FILE]...\n"
	"       rewire log export DIR --dir DIR\n"
	"       rewire log compact\n"
	"\n"
	"The journal is what a Security Monitor must not forget, and the audit log of\n"
	"what it did, in one chain of records. The first form prints it; DIR is its\n"
	"folder, or that of the host.\n"
	"\n"
	"verify needs no monitor. That nothing was changed inside, the chain shows;\n"
	"that the monitor wrote it, only the root keys; that nothing is missing at\n"
	"the end, only a head that the monitor signed. The first bad record is named.\n"
	"\n"
	"export copies both files and such a head into a folder; compact leaves out\n"
	"what later records made void.\n"
	"\n"
	"  --dir DIR         where the journal is\n"
	"  --head FILE       from `rewire log export` or `rewire witness ask`\n"
	"  --platform CERT   of the platform CA\n"
	"  --root-key FILE   root.bin; given again for root.2.bin and so on\n"
	"\n"
	"example:\n"
	"  rewire log --dir pki/hosts/alpha\n"
	"  rewire log export /backup --dir pki/hosts/alpha\n"
	"  rewire log verify /backup/journal.0 /backup/journal.1 \\\n"
	"    --head /backup/head --platform pki/platform.crt\n",
};
