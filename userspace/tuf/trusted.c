// SPDX-License-Identifier: MIT
/*
 * The checks of section 5, in its order.
 */
#include <string.h>

#include "error.h"
#include "hash.h"
#include "trusted.h"

void tuf_trusted_clear(struct tuf_trusted *trusted)
{
	tuf_metadata_free(trusted->root);
	tuf_metadata_free(trusted->timestamp);
	tuf_metadata_free(trusted->snapshot);
	tuf_metadata_free(trusted->targets);
	*trusted = (struct tuf_trusted){ 0 };
}

int tuf_check_expiry(const struct tuf_trusted *trusted,
		     const struct tuf_metadata *metadata, const char *section,
		     struct tuf_error *err)
{
	const json_t *expires = json_object_get(metadata->body, "expires");

	if (metadata->expires > trusted->now)
		return 0;
	return tuf_fail(err, TUF_EXPIRED, section, "expired on %s",
			json_string_value(expires));
}

int tuf_check_file(const struct tuf_file *file, const void *data, size_t length,
		   const char *section, struct tuf_error *err)
{
	struct tuf_hashes hashes;
	const char *wrong;

	if (file->length >= 0 && (uint64_t)file->length != length)
		return tuf_fail(err, TUF_HASH, section, "%zu bytes, not %lld", length,
				(long long)file->length);
	if (!file->hashes)
		return 0;
	if (tuf_hashes_begin(&hashes, file->hashes))
		return tuf_fail(err, TUF_HASH, section, "no hash that we know");
	wrong = tuf_hashes_add(&hashes, data, length) ? "a hash" :
		tuf_hashes_wrong(&hashes);
	tuf_hashes_end(&hashes);
	return wrong ? tuf_fail(err, TUF_HASH, section,
				"its %s is not the one announced", wrong) : 0;
}

/* Form, then signatures. */
static int read_signed(enum tuf_type type, const struct tuf_role *role,
		       const char *section, const void *data, size_t length,
		       struct tuf_metadata **ret, struct tuf_error *err)
{
	struct tuf_metadata *metadata;
	int rc;

	tuf_about(err, role->name, 0);
	rc = tuf_metadata_load(type, data, length, &metadata, err);
	if (rc)
		return rc;
	tuf_about(err, role->name, metadata->version);
	rc = tuf_verify(metadata, role, section, err);
	if (rc)
		tuf_metadata_free(metadata);
	else
		*ret = metadata;
	return rc;
}

int tuf_check_first_root(const void *data, size_t length,
			 struct tuf_metadata **ret, struct tuf_error *err)
{
	struct tuf_metadata *root;
	struct tuf_role role;
	int rc;

	tuf_about(err, "root", 0);
	rc = tuf_metadata_load(TUF_ROOT, data, length, &root, err);
	if (rc)
		return rc;
	tuf_about(err, "root", root->version);
	tuf_root_role(root, TUF_ROOT, &role);
	rc = tuf_verify(root, &role, "5.2", err);
	if (rc)
		tuf_metadata_free(root);
	else
		*ret = root;
	return rc;
}

static int check_next_root(const struct tuf_trusted *trusted,
			   const struct tuf_metadata *root, struct tuf_error *err)
{
	int64_t old = trusted->root->version;
	struct tuf_role role;
	int rc;

	tuf_root_role(root, TUF_ROOT, &role);
	rc = tuf_verify(root, &role, "5.3.4", err);
	if (rc)
		return rc;
	if (root->version < old)
		return tuf_fail(err, TUF_ROLLBACK, "5.3.5", "older than the trusted %lld",
				(long long)old);
	return root->version == old + 1 ? 0 :
	       tuf_fail(err, TUF_VERSION, "5.3.5", "the next is %lld",
			(long long)old + 1);
}

int tuf_check_root(const struct tuf_trusted *trusted, const void *data,
		   size_t length, struct tuf_metadata **ret,
		   struct tuf_error *err)
{
	struct tuf_metadata *root;
	struct tuf_role role;
	int rc;

	tuf_root_role(trusted->root, TUF_ROOT, &role);
	rc = read_signed(TUF_ROOT, &role, "5.3.4", data, length, &root, err);
	if (rc)
		return rc;
	rc = check_next_root(trusted, root, err);
	if (rc)
		tuf_metadata_free(root);
	else
		*ret = root;
	return rc;
}

int tuf_check_stored(const struct tuf_trusted *trusted, enum tuf_type type,
		     const void *data, size_t length, struct tuf_metadata **ret,
		     struct tuf_error *err)
{
	struct tuf_role role;

	tuf_root_role(trusted->root, type, &role);
	return read_signed(type, &role, NULL, data, length, ret, err);
}

static int64_t snapshot_version(const struct tuf_metadata *timestamp)
{
	struct tuf_file file;

	return tuf_metadata_file(timestamp, "snapshot", &file) ? file.version : 0;
}

static int check_newer_timestamp(const struct tuf_trusted *trusted,
				 struct tuf_metadata **timestamp,
				 struct tuf_error *err)
{
	const struct tuf_metadata *old = trusted->timestamp;

	if (old && (*timestamp)->version < old->version)
		return tuf_fail(err, TUF_ROLLBACK, "5.4.3.1",
				"older than the trusted %lld",
				(long long)old->version);
	if (old && (*timestamp)->version == old->version) {
		tuf_metadata_free(*timestamp);
		*timestamp = NULL;
		return 0;
	}
	if (old && snapshot_version(*timestamp) < snapshot_version(old))
		return tuf_fail(err, TUF_ROLLBACK, "5.4.3.2",
				"names snapshot %lld, older than the trusted %lld",
				(long long)snapshot_version(*timestamp),
				(long long)snapshot_version(old));
	return tuf_check_expiry(trusted, *timestamp, "5.4.4", err);
}

int tuf_check_timestamp(const struct tuf_trusted *trusted, const void *data,
			size_t length, struct tuf_metadata **ret,
			struct tuf_error *err)
{
	struct tuf_metadata *timestamp;
	struct tuf_role role;
	int rc;

	tuf_root_role(trusted->root, TUF_TIMESTAMP, &role);
	rc = read_signed(TUF_TIMESTAMP, &role, "5.4.2", data, length, &timestamp,
			 err);
	if (rc)
		return rc;
	rc = check_newer_timestamp(trusted, &timestamp, err);
	if (rc)
		tuf_metadata_free(timestamp);
	else
		*ret = timestamp;
	return rc;
}

/* All that was there is there still, and none of it is older (5.5.5). */
static int check_listed(const struct tuf_metadata *old,
			const struct tuf_metadata *snapshot,
			struct tuf_error *err)
{
	const json_t *now = json_object_get(snapshot->body, "meta");
	json_t *before = json_object_get(old->body, "meta"), *value;
	const char *name;

	json_object_foreach(before, name, value) {
		const json_t *file = json_object_get(now, name);
		int64_t was, is;

		if (!file)
			return tuf_fail(err, TUF_ROLLBACK, "5.5.5",
					"%.64s is not listed any more", name);
		was = json_integer_value(json_object_get(value, "version"));
		is = json_integer_value(json_object_get(file, "version"));
		if (is < was)
			return tuf_fail(err, TUF_ROLLBACK, "5.5.5",
					"%.64s falls from version %lld to %lld",
					name, (long long)was, (long long)is);
	}
	return 0;
}

static int check_version(const struct tuf_metadata *metadata,
			 const struct tuf_file *file, const char *section,
			 struct tuf_error *err)
{
	if (metadata->version == file->version)
		return 0;
	return tuf_fail(err, TUF_VERSION, section, "announced is %lld",
			(long long)file->version);
}

int tuf_check_snapshot(const struct tuf_trusted *trusted, const void *data,
		       size_t length, struct tuf_metadata **ret,
		       struct tuf_error *err)
{
	struct tuf_metadata *snapshot;
	struct tuf_role role;
	struct tuf_file file;
	int rc;

	tuf_metadata_file(trusted->timestamp, "snapshot", &file);
	tuf_root_role(trusted->root, TUF_SNAPSHOT, &role);
	tuf_about(err, "snapshot", 0);
	rc = tuf_check_file(&file, data, length, "5.5.2", err);
	if (rc)
		return rc;
	rc = read_signed(TUF_SNAPSHOT, &role, "5.5.3", data, length, &snapshot,
			 err);
	if (rc)
		return rc;
	rc = check_version(snapshot, &file, "5.5.4", err);
	if (!rc && trusted->snapshot)
		rc = check_listed(trusted->snapshot, snapshot, err);
	if (!rc)
		rc = tuf_check_expiry(trusted, snapshot, "5.5.6", err);
	if (rc)
		tuf_metadata_free(snapshot);
	else
		*ret = snapshot;
	return rc;
}

int tuf_check_targets(const struct tuf_trusted *trusted,
		      const struct tuf_role *role, const void *data,
		      size_t length, struct tuf_metadata **ret,
		      struct tuf_error *err)
{
	struct tuf_metadata *targets;
	struct tuf_file file;
	int rc;

	tuf_about(err, role->name, 0);
	if (!tuf_metadata_file(trusted->snapshot, role->name, &file))
		return tuf_fail(err, TUF_MISSING, "5.6.1",
				"the snapshot does not list it");
	rc = tuf_check_file(&file, data, length, "5.6.2", err);
	if (rc)
		return rc;
	rc = read_signed(TUF_TARGETS, role, "5.6.3", data, length, &targets, err);
	if (rc)
		return rc;
	rc = check_version(targets, &file, "5.6.4", err);
	if (!rc)
		rc = tuf_check_expiry(trusted, targets, "5.6.5", err);
	if (rc)
		tuf_metadata_free(targets);
	else
		*ret = targets;
	return rc;
}

bool tuf_key_withdrawn(const struct tuf_metadata *old,
		       const struct tuf_metadata *root, enum tuf_type type)
{
	struct tuf_role before, now;
	json_t *id, *other;
	size_t i, j;

	tuf_root_role(old, type, &before);
	tuf_root_role(root, type, &now);
	json_array_foreach((json_t *)before.keyids, i, id) {
		json_array_foreach((json_t *)now.keyids, j, other)
			if (json_equal(id, other))
				break;
		if (j == json_array_size(now.keyids))
			return true;
	}
	return false;
}
