// SPDX-License-Identifier: MIT
/*
 * Edits of root and of who may sign, and the first drafts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "key.h"
#include "repo_edit.h"

#define ID_LEAST	8	/* digits of a key id that may stand for it */

bool tuf_json_has(const json_t *list, const char *text)
{
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)list, i, value)
		if (!strcmp(json_string_value(value), text))
			return true;
	return false;
}

static int add_key(json_t *keys, json_t *ids, const struct tuf_key *key,
		   struct tuf_error *err)
{
	if (tuf_json_has(ids, key->id))
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"key %.8s is one of its keys already", key->id);
	return json_object_set(keys, key->id, key->object) ||
	       json_array_append_new(ids, json_string(key->id)) ?
	       tuf_no_memory(err) : 0;
}

static int remove_key(json_t *ids, const char *prefix, struct tuf_error *err)
{
	size_t length = strlen(prefix), i, found = 0, at = 0;
	json_t *id;

	json_array_foreach(ids, i, id)
		if (!strncmp(json_string_value(id), prefix, length)) {
			found++;
			at = i;
		}
	if (length < ID_LEAST || found != 1)
		return tuf_fail(err, TUF_ARGUMENT, NULL, found > 1 ?
				"%.64s is the beginning of several of its keys" :
				"%.64s is none of its keys (at least 8 digits of the id)",
				prefix);
	json_array_remove(ids, at);
	return 0;
}

static int set_threshold(json_t *role, int64_t threshold, struct tuf_error *err)
{
	size_t count = json_array_size(json_object_get(role, "keyids"));

	if (threshold < 1 || (uint64_t)threshold > count)
		return tuf_fail(err, TUF_ARGUMENT, "4.3",
				"%lld of %zu keys cannot be: a threshold is at least 1 and at most the number of keys",
				(long long)threshold, count);
	return json_object_set_new(role, "threshold", json_integer(threshold)) ?
	       tuf_no_memory(err) : 0;
}

int tuf_grant_json(const struct tuf_grant *grant, json_t *keys, json_t *role,
		   struct tuf_error *err)
{
	json_t *ids = json_array();
	size_t i;
	int rc = 0;

	if (json_object_set_new(role, "keyids", ids))
		return tuf_no_memory(err);
	for (i = 0; i < grant->count && !rc; i++)
		rc = add_key(keys, ids, grant->keys[i], err);
	return rc ? rc : set_threshold(role, grant->threshold, err);
}

void tuf_drop_unused(json_t *keys, json_t *role_list)
{
	const char *id;
	json_t *key, *role;
	void *next;
	size_t i;

	json_object_foreach_safe(keys, next, id, key) {
		bool used = false;

		json_array_foreach(role_list, i, role)
			used |= tuf_json_has(json_object_get(role, "keyids"), id);
		if (!used)
			json_object_del(keys, id);
	}
}

static int rotate_role(json_t *keys, json_t *role,
		       const struct tuf_rotation *rotation, struct tuf_error *err)
{
	json_t *ids = json_object_get(role, "keyids");
	int64_t threshold = rotation->threshold;
	size_t i;
	int rc = 0;

	if (!threshold)
		threshold = json_integer_value(json_object_get(role, "threshold"));
	for (i = 0; i < rotation->remove_count && !rc; i++)
		rc = remove_key(ids, rotation->remove[i], err);
	for (i = 0; i < rotation->add_count && !rc; i++)
		rc = add_key(keys, ids, rotation->add[i], err);
	return rc ? rc : set_threshold(role, threshold, err);
}

static int rotate_top(json_t *body, const char *name,
		      const struct tuf_rotation *rotation, struct tuf_error *err)
{
	json_t *roles = json_object_get(body, "roles");
	json_t *keys = json_object_get(body, "keys"), *list = json_array(), *role;
	const char *each;
	int rc;

	rc = rotate_role(keys, json_object_get(roles, name), rotation, err);
	json_object_foreach(roles, each, role)
		json_array_append(list, role);
	if (!rc)
		tuf_drop_unused(keys, list);
	json_decref(list);
	return rc;
}

static bool is_named(const json_t *role, const char *name)
{
	return !strcmp(json_string_value(json_object_get(role, "name")), name);
}

static bool is_bin_entry(const json_t *role)
{
	return json_object_get(role, "path_hash_prefixes");
}

static bool is_bin(const json_t *roles, const char *name)
{
	json_t *role;
	size_t i;

	json_array_foreach((json_t *)roles, i, role)
		if (is_named(role, name))
			return is_bin_entry(role);
	return false;
}

/* Bins of one delegation share their keys. */
static int rotate_delegated(json_t *body, const char *name,
			    const struct tuf_rotation *rotation,
			    struct tuf_error *err)
{
	json_t *delegations = json_object_get(body, "delegations");
	json_t *succinct = json_object_get(delegations, "succinct_roles");
	json_t *roles = json_object_get(delegations, "roles"), *one = NULL, *role;
	json_t *keys = json_object_get(delegations, "keys");
	bool bins;
	size_t i;
	int rc = 0;

	if (succinct) {
		rc = rotate_role(keys, succinct, rotation, err);
		roles = one = json_array();
		json_array_append(one, succinct);
	} else {
		bins = is_bin(roles, name);
		json_array_foreach(roles, i, role)
			if (!rc && (bins ? is_bin_entry(role) : is_named(role, name)))
				rc = rotate_role(keys, role, rotation, err);
	}
	if (!rc)
		tuf_drop_unused(keys, roles);
	json_decref(one);
	return rc;
}

/* A next version for each that would lack signatures by those who may sign now. */
static int renew_unsigned(struct tuf_repo *repo, const struct tuf_role *role,
			  const char *from, bool bin, void *data,
			  struct tuf_error *err)
{
	const int64_t *expires = data;
	struct tuf_entry *entry;
	int rc;

	(void)from;
	(void)bin;
	rc = tuf_repo_get(repo, role->name, &entry, err);
	if (rc || entry->draft.metadata || !entry->public.metadata ||
	    tuf_entry_settled(entry, role))
		return rc;
	return tuf_repo_renew(repo, role->name, *expires, err);
}

int tuf_repo_rotate(struct tuf_repo *repo, const char *role,
		    const struct tuf_rotation *rotation,
		    const struct tuf_expiry *expiry, struct tuf_error *err)
{
	int64_t targets = expiry->targets;
	struct tuf_role roles[2];
	bool top = !strcmp(role, "targets") ||
		   tuf_role_type(role) != TUF_TARGETS;
	char *from = NULL;
	json_t *doc, *body;
	int rc = 0;

	if (!top)
		rc = tuf_repo_signers(repo, role, roles, &from, err);
	if (!rc)
		rc = tuf_repo_edit(repo, top ? "root" : from,
				   top ? expiry->root : expiry->targets, &doc, err);
	if (rc) {
		free(from);
		return rc;
	}
	body = json_object_get(doc, "signed");
	rc = top ? rotate_top(body, role, rotation, err) :
		   rotate_delegated(body, role, rotation, err);
	if (rc)
		json_decref(doc);
	else
		rc = tuf_repo_put(repo, top ? "root" : from, doc, err);
	free(from);
	return rc ? rc : tuf_repo_walk(repo, false, renew_unsigned, &targets, err);
}

int tuf_repo_renew(struct tuf_repo *repo, const char *role, int64_t expires,
		   struct tuf_error *err)
{
	json_t *doc;
	int rc = tuf_repo_edit(repo, role, expires, &doc, err);

	return rc ? rc : tuf_repo_put(repo, role, doc, err);
}

/* The first drafts */

static int first_root(struct tuf_repo *repo, const struct tuf_grant *const grants[4],
		      int64_t expires, struct tuf_error *err)
{
	json_t *doc = tuf_repo_blank(TUF_ROOT, expires);
	json_t *body = json_object_get(doc, "signed");
	json_t *keys = json_object(), *roles = json_object();
	enum tuf_type type;
	int rc = 0;

	if (json_object_set_new(body, "consistent_snapshot", json_true()) ||
	    json_object_set_new(body, "keys", keys) ||
	    json_object_set_new(body, "roles", roles))
		rc = tuf_no_memory(err);
	for (type = TUF_ROOT; type <= TUF_TARGETS && !rc; type++) {
		json_t *role = json_object();

		tuf_about(err, tuf_type_name(type), 0);
		rc = json_object_set_new(roles, tuf_type_name(type), role) ?
		     tuf_no_memory(err) :
		     tuf_grant_json(grants[type], keys, role, err);
	}
	if (!rc)
		return tuf_repo_put(repo, "root", doc, err);
	json_decref(doc);
	return rc;
}

int tuf_first_targets(struct tuf_repo *repo, const char *role, int64_t expires,
		      struct tuf_error *err)
{
	json_t *doc = tuf_repo_blank(TUF_TARGETS, expires);

	if (json_object_set_new(json_object_get(doc, "signed"), "targets",
				json_object())) {
		json_decref(doc);
		return tuf_no_memory(err);
	}
	return tuf_repo_put(repo, role, doc, err);
}

static int make_folders(const char *dir, struct tuf_error *err)
{
	char *draft = tuf_join(dir, TUF_DRAFT);
	int rc = 0;

	if (!draft)
		return tuf_no_memory(err);
	if (mkdir(dir, 0755) && errno != EEXIST)
		rc = tuf_fail_errno(err, dir);
	else if (mkdir(draft, 0755) && errno != EEXIST)
		rc = tuf_fail_errno(err, draft);
	free(draft);
	return rc;
}

static int check_new(struct tuf_repo *repo, struct tuf_error *err)
{
	struct tuf_entry *entry;
	int rc = tuf_repo_get(repo, "root", &entry, err);

	return rc || !tuf_entry_newest(entry) ? rc :
	       tuf_fail(err, TUF_ARGUMENT, NULL,
			"%s is the folder of a repository already", repo->path);
}

int tuf_repo_init(const char *dir, const struct tuf_grant *root,
		  const struct tuf_grant *targets,
		  const struct tuf_grant *snapshot,
		  const struct tuf_grant *timestamp,
		  const struct tuf_expiry *expiry, struct tuf_error *err)
{
	const struct tuf_grant *const grants[4] = {
		[TUF_ROOT] = root, [TUF_TIMESTAMP] = timestamp,
		[TUF_SNAPSHOT] = snapshot, [TUF_TARGETS] = targets,
	};
	struct tuf_repo *repo = NULL;
	int rc = make_folders(dir, err);

	if (rc)
		return rc;
	rc = tuf_repo_open(dir, &repo, err);
	if (!rc)
		rc = check_new(repo, err);
	if (!rc)
		rc = first_root(repo, grants, expiry->root, err);
	if (!rc)
		rc = tuf_first_targets(repo, "targets", expiry->targets, err);
	if (!rc)
		rc = tuf_repo_save(repo, err);
	tuf_repo_close(repo);
	return rc;
}
