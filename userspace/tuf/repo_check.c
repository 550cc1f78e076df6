// SPDX-License-Identifier: MIT
/*
 * A whole repository through the client's own checks: with each role it could be
 * asked for, and each target's file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "delegate.h"
#include "error.h"
#include "repo.h"

struct check {
	struct tuf_client *client;
	struct tuf_counts *counts;
};

static int check_file(struct check *check, const char *name, const char *role,
		      const json_t *object, struct tuf_error *err)
{
	struct tuf_target target = {
		.path = (char *)name,
		.role = (char *)role,
		.length = json_integer_value(json_object_get(object, "length")),
		.hashes = json_object_get(object, "hashes"),
	};

	check->counts->targets++;
	check->counts->bytes += (uint64_t)target.length;
	return tuf_client_check_target(check->client, &target, err);
}

static int check_files(struct check *check, const struct tuf_metadata *targets,
		       const char *role, struct tuf_error *err)
{
	const json_t *object;
	int rc = 0;
	char *name;
	size_t i;

	for (i = 0; !rc && i < targets->members->count; i++) {
		object = tuf_members_at(targets->members, i, &name);
		tuf_about(err, role, targets->version);
		rc = object && name ? check_file(check, name, role, object, err) :
		     tuf_no_memory(err);
		free(name);
	}
	return rc;
}

static int check_role(struct check *check, const struct tuf_metadata *targets,
		      const char *role, int depth, struct tuf_error *err);

static int check_next(struct check *check, const struct tuf_role *role, int depth,
		      struct tuf_error *err)
{
	struct tuf_metadata *targets;
	int rc;

	rc = tuf_client_targets(check->client, role, &targets, err);
	if (rc)
		return rc;
	rc = check_role(check, targets, role->name, depth, err);
	tuf_metadata_free(targets);
	return rc;
}

static int check_role(struct check *check, const struct tuf_metadata *targets,
		      const char *role, int depth, struct tuf_error *err)
{
	struct tuf_delegate next;
	uint64_t position = 0;
	int rc;

	tuf_about(err, role, targets->version);
	if (depth > TUF_DEPTH_MAX)
		return tuf_fail(err, TUF_LIMIT, "5.6.7",
				"more than %d delegations behind each other: clients stop there",
				TUF_DEPTH_MAX);
	rc = check_files(check, targets, role, err);
	check->counts->roles++;
	while (!rc && (rc = tuf_delegate_at(targets, position++, &next, err)) > 0) {
		rc = check_next(check, &next.role, depth + 1, err);
		free(next.name);
	}
	return rc;
}

static int new_client(const char *folder, const char *store, int64_t now,
		      struct tuf_client **ret, struct tuf_error *err)
{
	char *metadata = tuf_join(folder, "metadata");
	char *targets = tuf_join(folder, "targets");
	const char *const metadata_urls[] = { metadata };
	const char *const target_urls[] = { targets };
	const struct tuf_options options = {
		.metadata_dir = store,
		.metadata_urls = metadata_urls, .metadata_url_count = 1,
		.target_urls = target_urls, .target_url_count = 1,
		.target_dir = store,
	};
	int rc = metadata && targets ? tuf_client_new(&options, ret, err) :
		 tuf_no_memory(err);

	if (!rc)
		(*ret)->at = now;
	free(metadata);
	free(targets);
	return rc;
}

/* What it holds back for itself is no matter here, nor that it has expired. */
static int see_before(const char *folder, const char *store, int64_t now,
		      struct tuf_error *err)
{
	struct tuf_error unfit = { 0 };
	struct tuf_client *client;
	int rc = new_client(folder, store, now, &client, err);

	if (rc)
		return rc;
	tuf_client_refresh(client, &unfit);
	tuf_client_free(client);
	return 0;
}

static int check_all(const char *folder, const char *store, int64_t now,
		     struct tuf_counts *counts, struct tuf_error *err)
{
	struct check check = { .counts = counts };
	int rc = new_client(folder, store, now, &check.client, err);

	if (rc)
		return rc;
	rc = tuf_client_refresh(check.client, err);
	if (!rc) {
		counts->root = check.client->trusted.root->version;
		rc = check_role(&check, check.client->trusted.targets, "targets", 0,
				err);
	}
	tuf_client_free(check.client);
	return rc;
}

int tuf_check_after(const char *folder, const char *before, const void *root,
		    size_t length, int64_t now, struct tuf_counts *ret,
		    struct tuf_error *err)
{
	struct tuf_error ignored = { 0 };
	struct tuf_counts counts = { 0 };
	const char *tmp = getenv("TMPDIR");
	char *store;
	int rc;

	store = tuf_join(tmp && *tmp ? tmp : "/tmp", "tuf-check.XXXXXX");
	if (!store)
		return tuf_no_memory(err);
	if (!mkdtemp(store)) {
		rc = tuf_fail_errno(err, store);
		free(store);
		return rc;
	}
	rc = tuf_init(store, root, length, err);
	if (!rc && before)
		rc = see_before(before, store, now, err);
	if (!rc)
		rc = check_all(folder, store, now, &counts, err);
	if (!rc)
		*ret = counts;
	tuf_tree_remove(store, &ignored);
	free(store);
	return rc;
}

int tuf_check_folder(const char *folder, const char *root, int64_t now,
		     struct tuf_counts *ret, struct tuf_error *err)
{
	char *own = root ? NULL : tuf_join(folder, "metadata/1.root.json");
	const char *path = root ? root : own;
	size_t length;
	char *data;
	int rc;

	if (!path)
		return tuf_no_memory(err);
	tuf_about(err, NULL, 0);
	rc = tuf_file_read(AT_FDCWD, path, TUF_ROOT_MAX, &data, &length, err);
	if (rc == -TUF_MISSING)
		rc = tuf_fail(err, TUF_MISSING, "5.2", "%s is not there: what is to be trusted first?",
			      path);
	if (!rc) {
		rc = tuf_check_after(folder, NULL, data, length, now, ret, err);
		free(data);
	}
	free(own);
	return rc;
}
