// SPDX-License-Identifier: MIT
/*
 * Snapshot and timestamp: what is in a repository, and that it is no older.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "repo.h"

/* METAFILES entry (4.4): @whole: with length and hash. */
static json_t *describe(const struct tuf_stored *stored, bool whole)
{
	json_t *file = json_pack("{s:I}", "version",
				 (json_int_t)stored->metadata->version);
	char hex[65];

	if (!whole)
		return file;
	if (tuf_sha256_hex(stored->data, stored->length, hex) ||
	    json_object_set_new(file, "length",
				json_integer((json_int_t)stored->length)) ||
	    json_object_set_new(file, "hashes",
				json_pack("{s:s}", "sha256", hex))) {
		json_decref(file);
		return NULL;
	}
	return file;
}

static int set_file(json_t *meta, const char *role, json_t *file,
		    struct tuf_error *err)
{
	char *name;
	int rc;

	if (asprintf(&name, "%s.json", role) < 0) {
		json_decref(file);
		return tuf_no_memory(err);
	}
	rc = json_object_set_new(meta, name, file);
	free(name);
	return rc ? tuf_no_memory(err) : 0;
}

/* Of bins there are many, and all at once must fit into one snapshot. */
static int list_role(struct tuf_repo *repo, const struct tuf_role *role,
		     const char *from, bool bin, void *data,
		     struct tuf_error *err)
{
	const struct tuf_stored *settled;
	struct tuf_entry *entry;
	int rc = tuf_repo_get(repo, role->name, &entry, err);

	(void)from;
	if (rc)
		return rc;
	settled = tuf_entry_settled(entry, role);
	return set_file(data, role->name, describe(settled, !bin), err);
}

/* A role that is not delegated to any more stays listed (5.5.5). */
static json_t *listed_before(const struct tuf_entry *entry)
{
	const struct tuf_metadata *public = entry->public.metadata;

	return public ? json_deep_copy(json_object_get(public->body, "meta")) :
	       json_object();
}

static bool nothing_due(const struct tuf_entry *entry, const json_t *meta,
			int64_t due)
{
	const struct tuf_metadata *public = entry->public.metadata;

	return due && public && public->expires > due &&
	       json_equal(json_object_get(public->body, "meta"), meta);
}

/* The next version of either; takes the reference to @meta. */
static int put_meta(struct tuf_repo *repo, struct tuf_entry *entry, json_t *meta,
		    int64_t expires, struct tuf_error *err)
{
	json_t *doc;
	int rc = 0;

	if (tuf_entry_newest(entry)) {
		rc = tuf_repo_edit(repo, entry->name, expires, &doc, err);
	} else {
		doc = tuf_repo_blank(tuf_role_type(entry->name), expires);
		if (!doc)
			rc = tuf_no_memory(err);
	}
	if (rc) {
		json_decref(meta);
		return rc;
	}
	if (json_object_set_new(json_object_get(doc, "signed"), "meta", meta)) {
		json_decref(doc);
		return tuf_no_memory(err);
	}
	return tuf_repo_put(repo, entry->name, doc, err);
}

/* Whose key may have been taken away: clients ask again (5.3.11). */
static bool signed_still(struct tuf_repo *repo, const struct tuf_entry *entry)
{
	struct tuf_error unfit = { 0 };
	const struct tuf_stored *root;
	struct tuf_role role;

	if (!entry->public.metadata || tuf_repo_root(repo, &root, &unfit))
		return false;
	tuf_root_role(root->metadata, tuf_role_type(entry->name), &role);
	return !tuf_verify(entry->public.metadata, &role, NULL, &unfit);
}

int tuf_repo_snapshot(struct tuf_repo *repo, int64_t expires, int64_t due,
		      struct tuf_error *err)
{
	struct tuf_entry *entry;
	json_t *meta;
	int rc;

	rc = tuf_repo_get(repo, "snapshot", &entry, err);
	if (rc)
		return rc;
	meta = listed_before(entry);
	rc = meta ? tuf_repo_walk(repo, true, list_role, meta, err) :
	     tuf_no_memory(err);
	if (!rc && nothing_due(entry, meta, due) && signed_still(repo, entry))
		rc = 1;
	if (!rc)
		return put_meta(repo, entry, meta, expires, err);
	json_decref(meta);
	return rc;
}

int tuf_repo_timestamp(struct tuf_repo *repo, int64_t expires,
		       struct tuf_error *err)
{
	const struct tuf_stored *root, *settled;
	struct tuf_entry *timestamp, *snapshot;
	struct tuf_role role;
	json_t *meta;
	int rc;

	rc = tuf_repo_root(repo, &root, err);
	if (!rc)
		rc = tuf_repo_get(repo, "snapshot", &snapshot, err);
	if (!rc)
		rc = tuf_repo_get(repo, "timestamp", &timestamp, err);
	if (rc)
		return rc;
	tuf_root_role(root->metadata, TUF_SNAPSHOT, &role);
	settled = tuf_entry_settled(snapshot, &role);
	if (!settled)
		return tuf_fail(err, TUF_SIGNATURE, "5.5.3",
				"no snapshot has the %lld signature%s that it takes",
				(long long)role.threshold,
				role.threshold == 1 ? "" : "s");
	meta = json_object();
	rc = set_file(meta, "snapshot", describe(settled, true), err);
	if (!rc)
		return put_meta(repo, timestamp, meta, expires, err);
	json_decref(meta);
	return rc;
}
