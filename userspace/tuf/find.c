// SPDX-License-Identifier: MIT
/*
 * The search for a target through delegations (5.6.7): depth first, in order.
 */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "delegate.h"
#include "error.h"

enum outcome { NOT_HERE, FOUND, NO_FURTHER };

struct search {
	struct tuf_client *client;
	const char *path;
	json_t *visited;	/* roles, as names of an object */
	struct tuf_target *found;
};

static int note(struct search *search, const struct tuf_file *file,
		const char *role, struct tuf_error *err)
{
	struct tuf_target *target = calloc(1, sizeof(*target));

	if (!target)
		return tuf_no_memory(err);
	target->length = file->length;
	target->path = strdup(search->path);
	target->role = strdup(role);
	target->hashes = json_deep_copy(file->hashes);
	if (file->custom)
		target->custom = json_dumps(file->custom, JSON_COMPACT);
	if (!target->path || !target->role || !target->hashes ||
	    (file->custom && !target->custom)) {
		tuf_target_free(target);
		return tuf_no_memory(err);
	}
	search->found = target;
	return FOUND;
}

static int look_into(struct search *search, const struct tuf_metadata *targets,
		     const char *role, int depth, struct tuf_error *err);

static int visit(struct search *search, const struct tuf_role *role, int depth,
		 struct tuf_error *err)
{
	struct tuf_metadata *targets;
	int rc;

	tuf_about(err, role->name, 0);
	if (json_object_size(search->visited) >= TUF_ROLES_MAX)
		return tuf_fail(err, TUF_LIMIT, "5.6.7.1",
				"more than %d roles to ask for one target",
				TUF_ROLES_MAX);
	if (depth > TUF_DEPTH_MAX)
		return tuf_fail(err, TUF_LIMIT, "5.6.7.1",
				"more than %d delegations behind each other",
				TUF_DEPTH_MAX);
	json_object_set_new(search->visited, role->name, json_null());
	rc = tuf_client_targets(search->client, role, &targets, err);
	if (rc)
		return rc;
	rc = look_into(search, targets, role->name, depth, err);
	tuf_metadata_free(targets);
	return rc;
}

static int look_into(struct search *search, const struct tuf_metadata *targets,
		     const char *role, int depth, struct tuf_error *err)
{
	struct tuf_delegate next;
	struct tuf_file file;
	size_t position = 0;
	int rc;

	if (tuf_metadata_target(targets, search->path, &file))
		return note(search, &file, role, err);
	while ((rc = tuf_delegate_next(targets, search->path, &position, &next,
				       err)) > 0) {
		rc = json_object_get(search->visited, next.role.name) ? NOT_HERE :
		     visit(search, &next.role, depth + 1, err);
		if (rc == NOT_HERE && next.role.terminating)
			rc = NO_FURTHER;
		free(next.name);
		if (rc != NOT_HERE)
			return rc;
	}
	return rc;
}

int tuf_client_find(struct tuf_client *client, const char *path,
		    struct tuf_target **ret, struct tuf_error *err)
{
	struct search search = { .client = client, .path = path };
	int rc = client->fresh ? 0 : tuf_client_refresh(client, err);

	if (rc)
		return rc;
	search.visited = json_object();
	if (!search.visited)
		return tuf_no_memory(err);
	json_object_set_new(search.visited, "targets", json_null());
	rc = look_into(&search, client->trusted.targets, "targets", 0, err);
	json_decref(search.visited);
	if (rc < 0)
		return rc;
	tuf_about(err, NULL, 0);
	if (rc != FOUND)
		return tuf_fail(err, TUF_NO_TARGET, "5.7.2", "%.200s", path);
	*ret = search.found;
	return 0;
}

void tuf_target_free(struct tuf_target *target)
{
	if (!target)
		return;
	json_decref(target->hashes);
	free(target->path);
	free(target->role);
	free(target->custom);
	free(target);
}
