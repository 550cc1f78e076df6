// SPDX-License-Identifier: MIT
/*
 * Edits of targets: files, and the roles that vouch for part of them.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delegate.h"
#include "error.h"
#include "hash.h"
#include "repo_edit.h"

char *tuf_target_file(const char *name, const char *hash)
{
	const char *slash = strrchr(name, '/');
	const char *file = slash ? slash + 1 : name;
	char *path;

	return asprintf(&path, "%.*s%s.%s", (int)(file - name), name, hash,
			file) < 0 ? NULL : path;
}

/*
 * A path below the folder of targets, and a URL: no part empty, "." or "..", and
 * nothing that clients which put names into URLs as they are take for something else.
 */
static int check_name(const char *name, struct tuf_error *err)
{
	const char *part = name, *c;

	for (c = name; *c; c++)
		if (iscntrl((unsigned char)*c) || strchr("\\%?#", *c))
			return tuf_fail(err, TUF_ARGUMENT, "4.5",
					"a target's name has no control characters and none of \\ %% ? #");
	while (part) {
		size_t length = strcspn(part, "/");

		if (!length || (length <= 2 && !strncmp(part, "..", length)))
			return tuf_fail(err, TUF_ARGUMENT, "4.5",
					"%.200s: a target's name is a path like folder/file",
					name);
		part = part[length] ? part + length + 1 : NULL;
	}
	return 0;
}

/* Who vouches: @role itself, or when all it has is bins the right one of them. */
static int find_role(struct tuf_repo *repo, const char *role, const char *name,
		     char **ret, struct tuf_error *err)
{
	struct tuf_delegate next = { 0 };
	struct tuf_metadata *newest;
	struct tuf_entry *entry;
	size_t position = 0;
	const json_t *bins;
	int rc;

	rc = tuf_repo_get(repo, role, &entry, err);
	if (rc)
		return rc;
	newest = tuf_entry_newest(entry);
	if (!newest || newest->type != TUF_TARGETS)
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"there is no role %.64s that has targets", role);
	bins = json_object_get(newest->body, "delegations");
	if (json_object_get(bins, "succinct_roles") ||
	    json_object_get(json_array_get(json_object_get(bins, "roles"), 0),
			    "path_hash_prefixes")) {
		rc = tuf_delegate_next(newest, name, &position, &next, err);
		if (rc < 0)
			return rc;
		role = rc ? next.role.name : role;
	}
	*ret = strdup(role);
	free(next.name);
	return *ret ? 0 : tuf_no_memory(err);
}

struct covering {
	const char *role;
	const char *name;
	bool covered;
};

/* Would a client that looks for the target ask the role? */
static int covers(struct tuf_repo *repo, const struct tuf_role *role,
		  const char *from, bool bin, void *data, struct tuf_error *err)
{
	struct covering *covering = data;
	struct tuf_delegate next;
	struct tuf_entry *above;
	size_t position = 0;
	int rc;

	(void)bin;
	if (strcmp(role->name, covering->role) || !strcmp(from, "root"))
		return 0;
	rc = tuf_repo_get(repo, from, &above, err);
	while (!rc && (rc = tuf_delegate_next(tuf_entry_newest(above),
					      covering->name, &position, &next,
					      err)) > 0) {
		bool same = !strcmp(next.role.name, role->name);

		free(next.name);
		rc = 0;
		if (same)
			return 1;
	}
	covering->covered = false;
	return rc;
}

static int check_covered(struct tuf_repo *repo, const char *role,
			 const char *name, struct tuf_error *err)
{
	struct covering covering = { role, name, true };
	int rc = tuf_repo_walk(repo, false, covers, &covering, err);

	if (rc < 0 || covering.covered)
		return rc < 0 ? rc : 0;
	return tuf_fail(err, TUF_ARGUMENT, "5.6.7",
			"no path that is delegated to %.64s fits %.200s: no client would ask it",
			role, name);
}

static int hash_file(int fd, char hex[65], int64_t *ret_length,
		     struct tuf_error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[32];
	char buffer[65536];
	ssize_t n = 0;
	int rc = 0;

	*ret_length = 0;
	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		rc = tuf_no_memory(err);
	while (!rc && (n = read(fd, buffer, sizeof(buffer))) > 0) {
		*ret_length += n;
		if (EVP_DigestUpdate(context, buffer, (size_t)n) != 1)
			rc = tuf_no_memory(err);
	}
	if (!rc && n < 0)
		rc = tuf_fail_errno(err, "reading a target");
	if (!rc && EVP_DigestFinal_ex(context, digest, NULL) != 1)
		rc = tuf_no_memory(err);
	if (!rc)
		tuf_hex(digest, sizeof(digest), hex);
	EVP_MD_CTX_free(context);
	return rc;
}

static int open_file(const char *path, struct tuf_error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return tuf_fail_errno(err, path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return tuf_fail(err, TUF_ARGUMENT, NULL, "%s is not a file", path);
	}
	return fd;
}

/* The copy is hashed, not the file: that may change meanwhile. */
static int take_copy(int from, int drafts, const char *fresh, char hex[65],
		     int64_t *ret_length, struct tuf_error *err)
{
	int fd, rc;

	rc = tuf_file_copy(from, drafts, fresh, err);
	if (rc)
		return rc;
	fd = openat(drafts, fresh, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return tuf_fail_errno(err, fresh);
	rc = hash_file(fd, hex, ret_length, err);
	close(fd);
	return rc;
}

static int keep_copy(int from, int drafts, const char *name, char hex[65],
		     int64_t *ret_length, struct tuf_error *err)
{
	static const char fresh[] = ".new";
	char *file = NULL;
	int rc;

	rc = take_copy(from, drafts, fresh, hex, ret_length, err);
	if (!rc && !(file = tuf_target_file(name, hex)))
		rc = tuf_no_memory(err);
	if (!rc)
		rc = tuf_tree_parents(drafts, file, err);
	if (!rc && renameat(drafts, fresh, drafts, file))
		rc = tuf_fail_errno(err, file);
	if (rc)
		unlinkat(drafts, fresh, 0);
	free(file);
	return rc;
}

/* Into the drafts' folder, under the name that it will have in public. */
static int take_file(struct tuf_repo *repo, const char *path, const char *name,
		     char hex[65], int64_t *ret_length, struct tuf_error *err)
{
	char *folder = tuf_join(repo->path, TUF_DRAFT_FILES);
	int from = open_file(path, err), drafts, rc;

	if (from < 0 || !folder) {
		free(folder);
		return from < 0 ? from : tuf_no_memory(err);
	}
	if (mkdir(folder, 0755) && errno != EEXIST)
		drafts = -1;
	else
		drafts = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = drafts < 0 ? tuf_fail_errno(err, folder) :
	     keep_copy(from, drafts, name, hex, ret_length, err);
	repo->files = true;
	if (drafts >= 0)
		close(drafts);
	close(from);
	free(folder);
	return rc;
}

static int set_target(json_t *doc, const char *role, const char *name,
		      json_t *target, struct tuf_error *err)
{
	json_t *targets = json_object_get(json_object_get(doc, "signed"),
					  "targets");

	if (!target)
		return json_object_del(targets, name) ?
		       tuf_fail(err, TUF_NO_TARGET, NULL,
				"%.64s has no target %.200s", role, name) : 0;
	return json_object_set_new(targets, name, target) ?
	       tuf_fail(err, TUF_ARGUMENT, NULL,
			"%.200s: a target's name is UTF-8", name) : 0;
}

/* Thousands may come at once: a draft that is in work is not made anew for each. */
static bool in_work(const struct tuf_entry *entry)
{
	return entry->dirty &&
	       !json_array_size(json_object_get(entry->draft.metadata->doc,
						"signatures"));
}

static int put_target(struct tuf_repo *repo, const char *role, const char *name,
		      json_t *target, int64_t expires, struct tuf_error *err)
{
	struct tuf_entry *entry;
	json_t *doc;
	int rc;

	rc = tuf_repo_get(repo, role, &entry, err);
	if (!rc && in_work(entry)) {
		free(entry->draft.data);
		entry->draft.data = NULL;
		return set_target(entry->draft.metadata->doc, role, name, target,
				  err);
	}
	if (!rc)
		rc = tuf_repo_edit(repo, role, expires, &doc, err);
	if (rc) {
		json_decref(target);
		return rc;
	}
	rc = set_target(doc, role, name, target, err);
	if (!rc)
		return tuf_repo_put(repo, role, doc, err);
	json_decref(doc);
	return rc;
}

static void give_role(int rc, char *role, char **ret_role)
{
	if (!rc && ret_role)
		*ret_role = role;
	else
		free(role);
}

int tuf_repo_add(struct tuf_repo *repo, const char *role, const char *name,
		 const char *path, json_t *custom, int64_t expires,
		 char **ret_role, struct tuf_error *err)
{
	char *right = NULL, hex[65];
	json_t *target = NULL;
	int64_t length;
	int rc;

	rc = check_name(name, err);
	if (!rc)
		rc = find_role(repo, role, name, &right, err);
	if (!rc)
		rc = check_covered(repo, right, name, err);
	if (!rc)
		rc = take_file(repo, path, name, hex, &length, err);
	if (!rc) {
		target = json_pack("{s:I, s:{s:s}}", "length", (json_int_t)length,
				   "hashes", "sha256", hex);
		if (!target || (custom && json_object_set(target, "custom", custom)))
			rc = tuf_no_memory(err);
	}
	if (!rc)
		rc = put_target(repo, right, name, json_incref(target), expires, err);
	json_decref(target);
	give_role(rc, right, ret_role);
	return rc;
}

int tuf_repo_remove(struct tuf_repo *repo, const char *role, const char *name,
		    int64_t expires, char **ret_role, struct tuf_error *err)
{
	char *right = NULL;
	int rc = find_role(repo, role, name, &right, err);

	if (!rc)
		rc = put_target(repo, right, name, NULL, expires, err);
	give_role(rc, right, ret_role);
	return rc;
}

/* Delegations */

/* Names become those of files and parts of URLs: nothing to be quoted in them. */
static int check_role_name(const char *name, struct tuf_error *err)
{
	const char *c;

	for (c = name; isalnum((unsigned char)*c) || (*c && strchr("-_.", *c)); c++)
		;
	if (!*name || *c || *name == '.')
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"%.64s: a role's name has letters, digits, \"-\", \"_\" and inner dots",
				name);
	return 0;
}

/* "00" to "ff" and so on: what a bin's hashes begin with. */
static json_t *prefixes(int bits, uint32_t number)
{
	int digits = (bits + 3) / 4, spare = 4 * digits - bits;
	uint32_t first = number << spare, i;
	json_t *list = json_array();

	for (i = first; i < first + (1u << spare); i++)
		json_array_append_new(list, json_sprintf("%0*x", digits, i));
	return list;
}

static int add_role(json_t *roles, json_t *keys, const char *name,
		    const struct tuf_delegation *delegation, const char *kind,
		    json_t *what, struct tuf_error *err)
{
	json_t *role = json_pack("{s:s, s:b, s:o}", "name", name, "terminating",
				 delegation->terminating, kind, what);
	int rc;

	rc = role ? tuf_grant_json(&delegation->grant, keys, role, err) :
	     tuf_no_memory(err);
	if (!rc && json_array_append(roles, role))
		rc = tuf_no_memory(err);
	json_decref(role);
	return rc;
}

/* Old metadata of the same name may be public, and must not fall back (5.5.5). */
static int add_draft(struct tuf_repo *repo, const char *name, int64_t expires,
		     struct tuf_error *err)
{
	struct tuf_entry *snapshot, *entry;
	struct tuf_file file;
	int rc;

	rc = tuf_repo_get(repo, name, &entry, err);
	if (!rc)
		rc = tuf_repo_get(repo, "snapshot", &snapshot, err);
	if (rc)
		return rc;
	if (snapshot->public.metadata &&
	    tuf_metadata_file(snapshot->public.metadata, name, &file))
		return tuf_repo_renew(repo, name, expires, err);
	return tuf_first_targets(repo, name, expires, err);
}

static int add_bins(struct tuf_repo *repo, json_t *roles, json_t *keys,
		    const struct tuf_delegation *d, int64_t expires,
		    struct tuf_error *err)
{
	uint32_t i;
	char *name;
	int rc = 0;

	for (i = 0; !rc && !(i >> d->bits); i++) {
		if (asprintf(&name, "%s-%0*x", d->name, (d->bits + 3) / 4, i) < 0)
			return tuf_no_memory(err);
		if (!d->succinct)
			rc = add_role(roles, keys, name, d, "path_hash_prefixes",
				      prefixes(d->bits, i), err);
		if (!rc)
			rc = add_draft(repo, name, expires, err);
		free(name);
	}
	return rc;
}

static int add_paths(struct tuf_repo *repo, json_t *roles, json_t *keys,
		     const struct tuf_delegation *d, int64_t expires,
		     struct tuf_error *err)
{
	json_t *paths = json_array();
	size_t i;
	int rc;

	for (i = 0; i < d->path_count; i++)
		json_array_append_new(paths, json_string(d->paths[i]));
	rc = add_role(roles, keys, d->name, d, "paths", paths, err);
	return rc ? rc : add_draft(repo, d->name, expires, err);
}

static int add_succinct(json_t *delegations, json_t *keys,
			const struct tuf_delegation *d, struct tuf_error *err)
{
	json_t *succinct = json_pack("{s:i, s:s}", "bit_length", d->bits,
				     "name_prefix", d->name);

	if (json_object_set_new(delegations, "succinct_roles", succinct))
		return tuf_no_memory(err);
	json_object_del(delegations, "roles");
	return tuf_grant_json(&d->grant, keys, succinct, err);
}

static int check_delegation(const struct tuf_delegation *d, const json_t *old,
			    struct tuf_error *err)
{
	const json_t *roles = json_object_get(old, "roles");
	bool bins = json_object_get(json_array_get(roles, 0),
				    "path_hash_prefixes");

	if (!d->path_count && (d->bits < 1 || d->bits > TUF_BITS_MAX))
		return tuf_fail(err, TUF_ARGUMENT, "4.5",
				"either paths, or bins of 1 to %d bits", TUF_BITS_MAX);
	if (tuf_role_type(d->name) != TUF_TARGETS || !strcmp(d->name, "targets"))
		return tuf_fail(err, TUF_ARGUMENT, "4.5",
				"nobody delegates to %s", d->name);
	if (json_object_get(old, "succinct_roles") || bins ||
	    (!d->path_count && json_array_size(roles)))
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"bins take all targets: beside them %.64s delegates to nobody",
				d->from);
	return check_role_name(d->name, err);
}

static int delegate(struct tuf_repo *repo, json_t *body,
		    const struct tuf_delegation *d, int64_t expires,
		    struct tuf_error *err)
{
	json_t *old = json_object_get(body, "delegations"), *roles, *keys;
	int rc;

	rc = check_delegation(d, old, err);
	if (rc)
		return rc;
	if (!old) {
		old = json_pack("{s:{}, s:[]}", "keys", "roles");
		if (json_object_set_new(body, "delegations", old))
			return tuf_no_memory(err);
	}
	roles = json_object_get(old, "roles");
	keys = json_object_get(old, "keys");
	if (d->path_count)
		return add_paths(repo, roles, keys, d, expires, err);
	rc = add_bins(repo, roles, keys, d, expires, err);
	return rc || !d->succinct ? rc : add_succinct(old, keys, d, err);
}

int tuf_repo_delegate(struct tuf_repo *repo,
		      const struct tuf_delegation *delegation, int64_t expires,
		      struct tuf_error *err)
{
	json_t *doc;
	int rc = tuf_repo_edit(repo, delegation->from, expires, &doc, err);

	if (rc)
		return rc;
	rc = delegate(repo, json_object_get(doc, "signed"), delegation, expires,
		      err);
	if (!rc)
		return tuf_repo_put(repo, delegation->from, doc, err);
	json_decref(doc);
	return rc;
}

int tuf_repo_undelegate(struct tuf_repo *repo, const char *from,
			const char *name, int64_t expires, struct tuf_error *err)
{
	json_t *doc, *body, *roles, *role;
	size_t i, count;
	int rc;

	rc = tuf_repo_edit(repo, from, expires, &doc, err);
	if (rc)
		return rc;
	body = json_object_get(doc, "signed");
	roles = json_object_get(json_object_get(body, "delegations"), "roles");
	count = json_array_size(roles);
	for (i = count; i-- > 0;) {
		role = json_array_get(roles, i);
		if (!strcmp(json_string_value(json_object_get(role, "name")), name))
			json_array_remove(roles, i);
	}
	if (json_array_size(roles) == count)
		rc = tuf_fail(err, TUF_ARGUMENT, NULL,
			      "%.64s does not delegate to %.64s", from, name);
	tuf_drop_unused(json_object_get(json_object_get(body, "delegations"), "keys"),
			roles);
	if (!rc && count == 1)
		json_object_del(body, "delegations");
	if (!rc)
		return tuf_repo_put(repo, from, doc, err);
	json_decref(doc);
	return rc;
}
