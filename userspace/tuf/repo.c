// SPDX-License-Identifier: MIT
/*
 * The folder of a repository: what is public, and the drafts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "json.h"
#include "repo.h"

#define SPEC_VERSION	"1.0.34"

char *tuf_time_format(int64_t when, char text[24])
{
	time_t seconds = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(text, "a time out of range");
	return text;
}

enum tuf_type tuf_role_type(const char *role)
{
	enum tuf_type type;

	for (type = TUF_ROOT; type < TUF_TARGETS; type++)
		if (!strcmp(role, tuf_type_name(type)))
			return type;
	return TUF_TARGETS;
}

int tuf_dump(const json_t *doc, char **ret_data, size_t *ret_length,
	     struct tuf_error *err)
{
	char *text = json_dumps(doc, JSON_INDENT(1) | JSON_SORT_KEYS);

	if (!text)
		return tuf_no_memory(err);
	*ret_data = text;
	*ret_length = strlen(text);
	return 0;
}

json_t *tuf_repo_blank(enum tuf_type type, int64_t expires)
{
	char when[24];

	return json_pack("{s:[], s:{s:s, s:s, s:i, s:s}}", "signatures", "signed",
			 "_type", tuf_type_name(type), "spec_version",
			 SPEC_VERSION, "version", 1, "expires",
			 tuf_time_format(expires, when));
}

static void drop_stored(struct tuf_stored *stored)
{
	tuf_metadata_free(stored->metadata);
	free(stored->data);
	*stored = (struct tuf_stored){ 0 };
}

static int read_stored(int dir, const char *file, const char *role,
		       struct tuf_stored *ret, struct tuf_error *err)
{
	struct tuf_store store = { .dir = dir, .lock = -1 };
	enum tuf_type type = tuf_role_type(role);
	struct tuf_stored stored = { 0 };
	json_t *doc = NULL;
	int rc;

	tuf_about(err, role, 0);
	rc = tuf_store_read(&store, file, tuf_type_limit(type), &stored.data,
			    &stored.length, err);
	if (!rc)
		rc = tuf_json_load(stored.data, stored.length, &doc, err);
	if (!rc)
		rc = tuf_metadata_from_json(type, doc, &stored.metadata, err);
	json_decref(doc);
	if (rc)
		drop_stored(&stored);
	else
		*ret = stored;
	return rc;
}

/* "N.role" is what is public; a timestamp has no number in its name. */
static int read_version(int dir, const char *role, int64_t version,
			struct tuf_stored *ret, struct tuf_error *err)
{
	char *file;
	int rc;

	if (asprintf(&file, "%lld.%s", (long long)version, role) < 0)
		return tuf_no_memory(err);
	rc = read_stored(dir, file, role, ret, err);
	free(file);
	return rc;
}

/* The last of all roots: they are numbered without a gap. */
static int read_last_root(int dir, struct tuf_stored *ret, struct tuf_error *err)
{
	int64_t version = 1;
	char name[40];

	while (snprintf(name, sizeof(name), "%lld.root.json", (long long)version + 1),
	       !faccessat(dir, name, F_OK, 0))
		version++;
	return read_version(dir, "root", version, ret, err);
}

/* What the public metadata above says of @role's version. */
static int read_listed(struct tuf_repo *repo, int dir, const char *above,
		       const char *role, struct tuf_stored *ret,
		       struct tuf_error *err)
{
	struct tuf_entry *entry;
	struct tuf_file file;
	int rc = tuf_repo_get(repo, above, &entry, err);

	if (rc)
		return rc;
	if (!entry->public.metadata ||
	    !tuf_metadata_file(entry->public.metadata, role, &file))
		return -TUF_MISSING;
	return read_version(dir, role, file.version, ret, err);
}

static int read_public(struct tuf_repo *repo, const char *role,
		       struct tuf_stored *ret, struct tuf_error *err)
{
	int dir = openat(repo->dir, TUF_PUBLIC "/metadata",
			 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum tuf_type type = tuf_role_type(role);
	int rc;

	if (dir < 0)
		return errno == ENOENT ? -TUF_MISSING :
		       tuf_fail_errno(err, TUF_PUBLIC "/metadata");
	if (type == TUF_ROOT)
		rc = read_last_root(dir, ret, err);
	else if (type == TUF_TIMESTAMP)
		rc = read_stored(dir, role, role, ret, err);
	else
		rc = read_listed(repo, dir, type == TUF_SNAPSHOT ? "timestamp" :
				 "snapshot", role, ret, err);
	close(dir);
	return rc;
}

/* A draft that is not newer than what is public was published: a kill came then. */
static int read_draft(struct tuf_repo *repo, struct tuf_entry *entry,
		      struct tuf_error *err)
{
	const struct tuf_metadata *public = entry->public.metadata;
	int rc = read_stored(repo->draft.dir, entry->name, entry->name,
			     &entry->draft, err);

	if (!rc && public && entry->draft.metadata->version <= public->version)
		drop_stored(&entry->draft);
	return rc;
}

static void free_entry(struct tuf_entry *entry)
{
	drop_stored(&entry->public);
	drop_stored(&entry->draft);
	free(entry->name);
	free(entry);
}

int tuf_repo_get(struct tuf_repo *repo, const char *role, struct tuf_entry **ret,
		 struct tuf_error *err)
{
	struct tuf_entry *entry;
	int rc;

	for (entry = repo->entries; entry; entry = entry->next)
		if (!strcmp(entry->name, role)) {
			*ret = entry;
			return 0;
		}
	entry = calloc(1, sizeof(*entry));
	if (entry)
		entry->name = strdup(role);
	if (!entry || !entry->name) {
		free(entry);
		return tuf_no_memory(err);
	}
	rc = read_public(repo, role, &entry->public, err);
	if (!rc || rc == -TUF_MISSING)
		rc = read_draft(repo, entry, err);
	if (rc && rc != -TUF_MISSING) {
		free_entry(entry);
		return rc;
	}
	tuf_about(err, NULL, 0);
	entry->next = repo->entries;
	*ret = repo->entries = entry;
	return 0;
}

struct tuf_metadata *tuf_entry_newest(const struct tuf_entry *entry)
{
	return entry->draft.metadata ? entry->draft.metadata :
	       entry->public.metadata;
}

int tuf_repo_edit(struct tuf_repo *repo, const char *role, int64_t expires,
		  json_t **ret, struct tuf_error *err)
{
	struct tuf_metadata *newest;
	struct tuf_entry *entry;
	char when[24];
	json_t *doc, *body;
	int rc;

	rc = tuf_repo_get(repo, role, &entry, err);
	if (rc)
		return rc;
	newest = tuf_entry_newest(entry);
	if (!newest)
		return tuf_fail(err, TUF_ARGUMENT, NULL, "there is no role %.64s",
				role);
	doc = json_deep_copy(newest->doc);
	body = json_object_get(doc, "signed");
	if (!doc || json_object_set_new(doc, "signatures", json_array()) ||
	    json_object_set_new(body, "expires",
				json_string(tuf_time_format(expires, when))) ||
	    json_object_set_new(body, "spec_version", json_string(SPEC_VERSION)) ||
	    (!entry->draft.metadata &&
	     json_object_set_new(body, "version",
				 json_integer(newest->version + 1)))) {
		json_decref(doc);
		return tuf_no_memory(err);
	}
	*ret = doc;
	return 0;
}

static int dump_draft(const char *role, const json_t *doc,
		      struct tuf_stored *stored, struct tuf_error *err)
{
	size_t limit = tuf_type_limit(tuf_role_type(role));
	int rc = tuf_dump(doc, &stored->data, &stored->length, err);

	if (!rc && stored->length > limit)
		rc = tuf_fail(err, TUF_LIMIT, "5.1",
			      "%zu bytes, and clients read %zu of such metadata",
			      stored->length, limit);
	return rc;
}

int tuf_repo_put(struct tuf_repo *repo, const char *role, json_t *doc,
		 struct tuf_error *err)
{
	struct tuf_stored stored = { 0 };
	struct tuf_entry *entry;
	int rc;

	rc = tuf_repo_get(repo, role, &entry, err);
	tuf_about(err, role, 0);
	if (!rc)
		rc = dump_draft(role, doc, &stored, err);
	if (!rc)
		rc = tuf_metadata_from_json(tuf_role_type(role), doc,
					    &stored.metadata, err);
	json_decref(doc);
	if (rc) {
		drop_stored(&stored);
		return rc;
	}
	drop_stored(&entry->draft);
	entry->draft = stored;
	entry->dirty = true;
	tuf_about(err, NULL, 0);
	return 0;
}

static int save(struct tuf_repo *repo, struct tuf_entry *entry,
		struct tuf_error *err)
{
	int rc = 0;

	tuf_about(err, entry->name, 0);
	if (!entry->draft.data)
		rc = dump_draft(entry->name, entry->draft.metadata->doc,
				&entry->draft, err);
	if (!rc)
		rc = tuf_store_write(&repo->draft, entry->name,
				     entry->draft.data, entry->draft.length, err);
	if (!rc)
		entry->dirty = false;
	return rc;
}

/* Copies of targets are there before what names them. */
static int save_files(struct tuf_repo *repo, struct tuf_error *err)
{
	char *folder;
	int rc;

	if (!repo->files)
		return 0;
	folder = tuf_join(repo->path, TUF_DRAFT_FILES);
	rc = folder ? tuf_tree_sync(folder, err) : tuf_no_memory(err);
	free(folder);
	if (!rc)
		repo->files = false;
	return rc;
}

/*
 * Who delegates comes after whom it delegates to, so that a kill in between leaves
 * nothing that is missing, only drafts that nobody asks for yet. Entries are
 * listed in reverse, the roles that others led to first.
 */
int tuf_repo_save(struct tuf_repo *repo, struct tuf_error *err)
{
	struct tuf_entry *entry;
	int round, rc = save_files(repo, err);

	if (rc)
		return rc;
	for (round = 0; round < 3; round++) {
		for (entry = repo->entries; entry; entry = entry->next) {
			bool root = !strcmp(entry->name, "root");
			bool targets = !strcmp(entry->name, "targets");

			if (!entry->dirty || round != (root ? 2 : targets))
				continue;
			rc = save(repo, entry, err);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int tuf_repo_open(const char *dir, struct tuf_repo **ret, struct tuf_error *err)
{
	struct tuf_repo *repo = calloc(1, sizeof(*repo));
	char *draft = tuf_join(dir, TUF_DRAFT), *next = tuf_join(dir, TUF_NEXT);
	int rc;

	if (!repo || !draft || !next) {
		rc = tuf_no_memory(err);
		goto out;
	}
	repo->draft = (struct tuf_store){ -1, -1 };
	repo->path = strdup(dir);
	repo->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!repo->path)
		rc = tuf_no_memory(err);
	else if (repo->dir < 0)
		rc = tuf_fail_errno(err, dir);
	else if (faccessat(repo->dir, TUF_DRAFT, F_OK, 0))
		rc = tuf_fail(err, TUF_ARGUMENT, NULL,
			      "%s is not the folder of a repository", dir);
	else
		rc = tuf_store_open(draft, 0, &repo->draft, err);
	/* What a kill left behind. */
	if (!rc)
		rc = tuf_tree_remove(next, err);
out:
	free(draft);
	free(next);
	if (rc)
		tuf_repo_close(repo);
	else
		*ret = repo;
	return rc;
}

void tuf_repo_forget(struct tuf_repo *repo)
{
	struct tuf_entry *entry;

	while ((entry = repo->entries)) {
		repo->entries = entry->next;
		free_entry(entry);
	}
}

void tuf_repo_close(struct tuf_repo *repo)
{
	if (!repo)
		return;
	tuf_repo_forget(repo);
	tuf_store_close(&repo->draft);
	if (repo->dir >= 0)
		close(repo->dir);
	free(repo->path);
	free(repo);
}
