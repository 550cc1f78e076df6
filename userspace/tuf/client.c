// SPDX-License-Identifier: MIT
/*
 * The workflow of section 5: fetch, check, store, trust; one file after another.
 *
 * Mirrors are asked in turn. One that has something wrong, or old, or nothing
 * cannot keep away what another has: of timestamps the newest counts, and no
 * newer root means that none has one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "error.h"
#include "name.h"

static int copy_urls(struct tuf_urls *urls, const char *const *list, size_t count)
{
	urls->list = calloc(count + 1, sizeof(*urls->list));
	if (!urls->list)
		return -1;
	for (; urls->count < count; urls->count++) {
		urls->list[urls->count] = strdup(list[urls->count]);
		if (!urls->list[urls->count])
			return -1;
	}
	return 0;
}

static void free_urls(struct tuf_urls *urls)
{
	size_t i;

	for (i = 0; i < urls->count; i++)
		free(urls->list[i]);
	free(urls->list);
}

int tuf_init(const char *metadata_dir, const void *root, size_t length,
	     struct tuf_error *err)
{
	struct tuf_metadata *metadata;
	struct tuf_store store;
	size_t stored_length;
	char *stored;
	int rc;

	rc = tuf_check_first_root(root, length, &metadata, err);
	if (rc)
		return rc;
	tuf_metadata_free(metadata);
	rc = tuf_store_open(metadata_dir, 1, &store, err);
	if (rc)
		return rc;
	rc = tuf_store_read(&store, "root", TUF_ROOT_MAX, &stored, &stored_length,
			    err);
	if (!rc) {
		if (stored_length != length || memcmp(stored, root, length))
			rc = tuf_fail(err, TUF_ARGUMENT, NULL,
				      "%s trusts another root already", metadata_dir);
		free(stored);
	} else if (rc == -TUF_MISSING) {
		rc = tuf_store_write(&store, "root", root, length, err);
	}
	tuf_store_close(&store);
	return rc;
}

static int load_root(struct tuf_client *client, struct tuf_error *err)
{
	size_t length;
	char *data;
	int rc;

	tuf_about(err, "root", 0);
	rc = tuf_store_read(&client->store, "root", TUF_ROOT_MAX, &data, &length,
			    err);
	if (rc)
		return rc;
	rc = tuf_check_first_root(data, length, &client->trusted.root, err);
	free(data);
	return rc;
}

int tuf_client_new(const struct tuf_options *options, struct tuf_client **ret,
		   struct tuf_error *err)
{
	struct tuf_client *client = calloc(1, sizeof(*client));
	int rc;

	if (!client)
		return tuf_no_memory(err);
	client->store = (struct tuf_store){ -1, -1 };
	if (copy_urls(&client->metadata, options->metadata_urls,
		      options->metadata_url_count) ||
	    copy_urls(&client->targets, options->target_urls,
		      options->target_url_count) ||
	    (options->target_dir &&
	     !(client->target_dir = strdup(options->target_dir))))
		rc = tuf_no_memory(err);
	else
		rc = tuf_fetcher_new(options->cacert, options->min_speed,
				     options->patience, &client->fetcher, err);
	if (!rc)
		rc = tuf_store_open(options->metadata_dir, 0, &client->store, err);
	if (!rc)
		rc = load_root(client, err);
	if (rc)
		tuf_client_free(client);
	else
		*ret = client;
	return rc;
}

void tuf_client_free(struct tuf_client *client)
{
	if (!client)
		return;
	tuf_store_close(&client->store);
	tuf_fetcher_free(client->fetcher);
	tuf_trusted_clear(&client->trusted);
	free_urls(&client->metadata);
	free_urls(&client->targets);
	free(client->target_dir);
	free(client);
}

/* One file of metadata from one mirror; @version 0: a name without one. */
static int fetch(struct tuf_client *client, size_t mirror, const char *role,
		 int64_t version, uint64_t limit, const char *section,
		 char **ret_data, size_t *ret_length, struct tuf_error *err)
{
	char *quoted = tuf_name_quote(role, ""), *name = NULL;
	int rc;

	if (!quoted || (version ? asprintf(&name, "%lld.%s.json",
					   (long long)version, quoted) :
				  asprintf(&name, "%s.json", quoted)) < 0) {
		free(quoted);
		return tuf_no_memory(err);
	}
	tuf_about(err, role, version);
	rc = tuf_fetch_data(client->fetcher, client->metadata.list[mirror], name,
			    limit, section, ret_data, ret_length, err);
	free(quoted);
	free(name);
	return rc;
}

static void replace(struct tuf_metadata **place, struct tuf_metadata *metadata)
{
	tuf_metadata_free(*place);
	*place = metadata;
}

/* In the store first, then among what is trusted; @metadata goes into @place. */
static int keep(struct tuf_client *client, const char *role, const char *data,
		size_t length, struct tuf_metadata *metadata,
		struct tuf_metadata **place, struct tuf_error *err)
{
	int rc = tuf_store_write(&client->store, role, data, length, err);

	if (rc)
		tuf_metadata_free(metadata);
	else
		replace(place, metadata);
	return rc;
}

/*
 * Forget what a withdrawn key has signed before the new root is stored: a kill in
 * between must not leave the one without the other (5.3.11).
 */
static int trust_root(struct tuf_client *client, struct tuf_metadata *root,
		      const char *data, size_t length, struct tuf_error *err)
{
	const struct tuf_metadata *old = client->trusted.root;
	int rc = 0;

	if (tuf_key_withdrawn(old, root, TUF_TIMESTAMP) ||
	    tuf_key_withdrawn(old, root, TUF_SNAPSHOT)) {
		rc = tuf_store_remove(&client->store, "snapshot", err);
		if (!rc)
			rc = tuf_store_remove(&client->store, "timestamp", err);
	}
	if (!rc)
		return keep(client, "root", data, length, root,
			    &client->trusted.root, err);
	tuf_metadata_free(root);
	return rc;
}

/* -TUF_MISSING: there is no newer one. */
static int next_root(struct tuf_client *client, struct tuf_error *err)
{
	int64_t next = client->trusted.root->version + 1;
	int rc = -TUF_MISSING, last = 0;
	bool none = false;
	size_t i, length;

	for (i = 0; i < client->metadata.count; i++) {
		struct tuf_metadata *root;
		char *data;

		rc = fetch(client, i, "root", next, TUF_ROOT_MAX, "5.3.3", &data,
			   &length, err);
		if (!rc) {
			rc = tuf_check_root(&client->trusted, data, length, &root,
					    err);
			if (!rc) {
				rc = trust_root(client, root, data, length, err);
				free(data);
				return rc;
			}
			free(data);
		}
		if (rc == -TUF_MISSING)
			none = true;
		else
			last = rc;
	}
	return none || !last ? -TUF_MISSING : last;
}

static int update_root(struct tuf_client *client, struct tuf_error *err)
{
	int i, rc;

	for (i = 0; i < TUF_ROOTS_MAX; i++) {
		rc = next_root(client, err);
		if (rc == -TUF_MISSING)
			break;
		if (rc)
			return rc;
	}
	tuf_about(err, "root", client->trusted.root->version);
	return tuf_check_expiry(&client->trusted, client->trusted.root, "5.3.10",
				err);
}

/* What was trusted once, if whoever may sign today has signed it. */
static void load_stored(struct tuf_client *client, enum tuf_type type,
			struct tuf_metadata **place, char **ret_data,
			size_t *ret_length)
{
	struct tuf_error unfit = { 0 };

	*ret_data = NULL;
	if (tuf_store_read(&client->store, tuf_type_name(type),
			   tuf_type_limit(type), ret_data, ret_length, &unfit))
		return;
	tuf_check_stored(&client->trusted, type, *ret_data, *ret_length, place,
			 &unfit);
}

static int take_timestamp(struct tuf_client *client, const char *data,
			  size_t length, struct tuf_error *err)
{
	struct tuf_metadata *timestamp;
	int rc;

	rc = tuf_check_timestamp(&client->trusted, data, length, &timestamp, err);
	if (rc || !timestamp)
		return rc;
	return keep(client, "timestamp", data, length, timestamp,
		    &client->trusted.timestamp, err);
}

static int update_timestamp(struct tuf_client *client, struct tuf_error *err)
{
	size_t i, length;
	bool any = false;
	int rc, last = 0;
	char *data;

	load_stored(client, TUF_TIMESTAMP, &client->trusted.timestamp, &data,
		    &length);
	free(data);
	for (i = 0; i < client->metadata.count; i++) {
		rc = fetch(client, i, "timestamp", 0, TUF_TIMESTAMP_MAX, "5.4.1",
			   &data, &length, err);
		if (!rc) {
			rc = take_timestamp(client, data, length, err);
			free(data);
		}
		if (rc)
			last = rc;
		else
			any = true;
	}
	if (!any)
		return last;
	tuf_about(err, "timestamp", client->trusted.timestamp->version);
	return tuf_check_expiry(&client->trusted, client->trusted.timestamp, "5.4.4",
				err);
}

static uint64_t limit_of(const struct tuf_file *file, enum tuf_type type)
{
	uint64_t most = tuf_type_limit(type);

	return file->length >= 0 && (uint64_t)file->length < most ?
	       (uint64_t)file->length : most;
}

static int64_t version_in_name(const struct tuf_client *client,
			       const struct tuf_file *file)
{
	return tuf_root_consistent(client->trusted.root) ? file->version : 0;
}

/* Is the stored snapshot the one that the timestamp names? */
static bool snapshot_is_current(struct tuf_client *client, const char *data,
				size_t length)
{
	struct tuf_error unfit = { 0 };
	struct tuf_metadata *same;

	if (!data || !client->trusted.snapshot ||
	    tuf_check_snapshot(&client->trusted, data, length, &same, &unfit))
		return false;
	tuf_metadata_free(same);
	return true;
}

static int update_snapshot(struct tuf_client *client, struct tuf_error *err)
{
	struct tuf_metadata *snapshot;
	struct tuf_file file;
	size_t i, length;
	int rc = 0;
	char *data;
	bool current;

	tuf_metadata_file(client->trusted.timestamp, "snapshot", &file);
	load_stored(client, TUF_SNAPSHOT, &client->trusted.snapshot, &data, &length);
	current = snapshot_is_current(client, data, length);
	free(data);
	for (i = 0; !current && i < client->metadata.count; i++) {
		rc = fetch(client, i, "snapshot", version_in_name(client, &file),
			   limit_of(&file, TUF_SNAPSHOT), "5.5.1", &data, &length,
			   err);
		if (rc)
			continue;
		rc = tuf_check_snapshot(&client->trusted, data, length, &snapshot,
					err);
		if (!rc) {
			rc = keep(client, "snapshot", data, length, snapshot,
				  &client->trusted.snapshot, err);
			current = true;
		}
		free(data);
	}
	return rc;
}

static int stored_targets(struct tuf_client *client, const struct tuf_role *role,
			  struct tuf_metadata **ret)
{
	struct tuf_error unfit = { 0 };
	size_t length;
	char *data;
	int rc;

	rc = tuf_store_read(&client->store, role->name, TUF_TARGETS_MAX, &data,
			    &length, &unfit);
	if (rc)
		return rc;
	rc = tuf_check_targets(&client->trusted, role, data, length, ret, &unfit);
	free(data);
	return rc;
}

int tuf_client_targets(struct tuf_client *client, const struct tuf_role *role,
		       struct tuf_metadata **ret, struct tuf_error *err)
{
	struct tuf_metadata *targets;
	struct tuf_file file;
	size_t i, length;
	bool had = false;
	char *data;
	int rc = 0;

	*ret = NULL;
	if (!stored_targets(client, role, ret))
		return 0;
	tuf_about(err, role->name, 0);
	if (!tuf_metadata_file(client->trusted.snapshot, role->name, &file))
		return tuf_fail(err, TUF_MISSING, "5.6.1",
				"the snapshot does not list it");
	for (i = 0; !had && i < client->metadata.count; i++) {
		rc = fetch(client, i, role->name, version_in_name(client, &file),
			   limit_of(&file, TUF_TARGETS), "5.6.1", &data, &length,
			   err);
		if (rc)
			continue;
		rc = tuf_check_targets(&client->trusted, role, data, length, &targets,
				       err);
		if (!rc) {
			rc = keep(client, role->name, data, length, targets, ret,
				  err);
			had = true;
		}
		free(data);
	}
	return rc;
}

int tuf_client_refresh(struct tuf_client *client, struct tuf_error *err)
{
	struct tuf_role role;
	int rc;

	tuf_about(err, NULL, 0);
	if (!client->metadata.count)
		return tuf_fail(err, TUF_ARGUMENT, NULL, "no URL for metadata");
	client->fresh = false;
	client->trusted.now = client->at ? client->at : time(NULL);
	/* What is stored counts, not what an earlier refresh has read of it. */
	replace(&client->trusted.timestamp, NULL);
	replace(&client->trusted.snapshot, NULL);
	replace(&client->trusted.targets, NULL);
	rc = update_root(client, err);
	if (!rc)
		rc = update_timestamp(client, err);
	if (!rc)
		rc = update_snapshot(client, err);
	if (rc)
		return rc;
	tuf_root_role(client->trusted.root, TUF_TARGETS, &role);
	rc = tuf_client_targets(client, &role, &client->trusted.targets, err);
	client->fresh = !rc;
	return rc;
}
