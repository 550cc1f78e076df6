// SPDX-License-Identifier: MIT
/*
 * Publishing: all of what will be public is put together in a folder beside,
 * checked there, and exchanged for what is public in one step.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "repo.h"

struct publishing {
	struct tuf_repo *repo;
	char *public;		/* paths */
	char *next;
	char *files;
	struct tuf_store metadata;	/* folders in next */
	int targets;
	json_t *published;	/* role to version */
	tuf_say_fn *say;
	void *data;
};

/* Metadata that is there under that version never changes (6.2). */
static int put_metadata(struct publishing *p, struct tuf_entry *entry,
			struct tuf_error *err)
{
	const struct tuf_stored *draft = &entry->draft;
	bool timestamp = tuf_role_type(entry->name) == TUF_TIMESTAMP;
	char *name;
	int rc;

	if (timestamp)
		name = strdup(entry->name);
	else if (asprintf(&name, "%lld.%s", (long long)draft->metadata->version,
			  entry->name) < 0)
		name = NULL;
	if (!name)
		return tuf_no_memory(err);
	rc = tuf_store_write(&p->metadata, name, draft->data, draft->length, err);
	free(name);
	if (!rc && json_object_set_new(p->published, entry->name,
				       json_integer(draft->metadata->version)))
		rc = tuf_no_memory(err);
	return rc;
}

/* From the drafts, unless it is public already. */
static int put_file_at(const char *from, int next, const char *to,
		       struct tuf_error *err)
{
	int fd, rc;

	if (!faccessat(next, to, F_OK, 0))
		return 0;
	rc = tuf_tree_parents(next, to, err);
	if (rc || !linkat(AT_FDCWD, from, next, to, 0))
		return rc;
	fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tuf_fail_errno(err, from);
	rc = tuf_file_copy(fd, next, to, err);
	close(fd);
	return rc;
}

static int put_file(struct publishing *p, const char *name, const char *hash,
		    struct tuf_error *err)
{
	char *file = tuf_target_file(name, hash);
	char *from = file ? tuf_join(p->files, file) : NULL;
	int rc = from ? put_file_at(from, p->targets, file, err) :
		 tuf_no_memory(err);

	free(file);
	free(from);
	return rc;
}

static int put_files(struct publishing *p, const struct tuf_metadata *targets,
		     struct tuf_error *err)
{
	const char *name;
	json_t *target;

	json_object_foreach(json_object_get(targets->body, "targets"), name, target) {
		const char *hash = json_string_value(json_object_get(
			json_object_get(target, "hashes"), "sha256"));
		int rc = hash ? put_file(p, name, hash, err) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static bool names(const struct tuf_stored *above, const char *role,
		  const struct tuf_stored *stored)
{
	struct tuf_file file;

	return above->metadata && stored->metadata &&
	       tuf_metadata_file(above->metadata, role, &file) &&
	       file.version == stored->metadata->version;
}

/* The draft goes out, when what is above it names it. */
static int put_named(struct publishing *p, const struct tuf_stored *above,
		     const char *role, const struct tuf_stored **ret,
		     struct tuf_error *err)
{
	struct tuf_entry *entry;
	int rc = tuf_repo_get(p->repo, role, &entry, err);

	if (rc)
		return rc;
	*ret = &entry->public;
	if (!names(above, role, &entry->draft))
		return 0;
	*ret = &entry->draft;
	rc = put_metadata(p, entry, err);
	return rc || tuf_role_type(role) != TUF_TARGETS ? rc :
	       put_files(p, entry->draft.metadata, err);
}

static int put_listed(struct publishing *p, const struct tuf_stored *snapshot,
		      struct tuf_error *err)
{
	const struct tuf_stored *unused;
	const char *name;
	json_t *file;

	if (!snapshot->metadata)
		return 0;
	json_object_foreach(json_object_get(snapshot->metadata->body, "meta"), name,
			    file) {
		char *role = strdup(name), *end;
		int rc;

		if (!role)
			return tuf_no_memory(err);
		end = strrchr(role, '.');
		if (end)
			*end = 0;
		rc = put_named(p, snapshot, role, &unused, err);
		free(role);
		if (rc)
			return rc;
	}
	return 0;
}

static int put_drafts(struct publishing *p, struct tuf_error *err)
{
	const struct tuf_stored *counts, *snapshot = NULL;
	struct tuf_entry *root, *timestamp;
	struct tuf_role role;
	int rc;

	rc = tuf_repo_root(p->repo, &counts, err);
	if (!rc)
		rc = tuf_repo_get(p->repo, "root", &root, err);
	if (!rc && counts == &root->draft)
		rc = put_metadata(p, root, err);
	if (!rc)
		rc = tuf_repo_get(p->repo, "timestamp", &timestamp, err);
	if (rc)
		return rc;
	tuf_root_role(counts->metadata, TUF_TIMESTAMP, &role);
	if (!timestamp->draft.metadata ||
	    tuf_entry_settled(timestamp, &role) != &timestamp->draft)
		return 0;
	rc = put_metadata(p, timestamp, err);
	if (!rc)
		rc = put_named(p, &timestamp->draft, "snapshot", &snapshot, err);
	return rc ? rc : put_listed(p, snapshot, err);
}

static int make_folder(const char *path, struct tuf_error *err)
{
	return mkdir(path, 0755) && errno != EEXIST ? tuf_fail_errno(err, path) : 0;
}

static int stage(struct publishing *p, struct tuf_error *err)
{
	char *metadata = tuf_join(p->next, "metadata");
	char *targets = tuf_join(p->next, "targets");
	int rc;

	if (!metadata || !targets)
		rc = tuf_no_memory(err);
	else if (!access(p->public, F_OK))
		rc = tuf_tree_copy(p->public, p->next, true, err);
	else
		rc = make_folder(p->next, err);
	if (!rc)
		rc = make_folder(metadata, err);
	if (!rc)
		rc = make_folder(targets, err);
	if (!rc) {
		p->metadata.dir = open(metadata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		p->targets = open(targets, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = p->metadata.dir < 0 || p->targets < 0 ?
		     tuf_fail_errno(err, p->next) : put_drafts(p, err);
	}
	if (!rc)
		rc = tuf_tree_sync(p->next, err);
	free(metadata);
	free(targets);
	return rc;
}

/* As a client sees it that trusts the public root, or else the first one. */
static int check_next(struct publishing *p, struct tuf_error *err)
{
	const struct tuf_stored *first;
	struct tuf_counts counts;
	struct tuf_entry *root;
	int rc = tuf_repo_get(p->repo, "root", &root, err);

	if (rc)
		return rc;
	first = root->public.metadata ? &root->public : &root->draft;
	return tuf_check_after(p->next, root->public.metadata ? p->public : NULL,
			       first->data, first->length, 0, &counts, err);
}

struct left {
	bool targets;		/* a draft that may need its files */
	struct publishing *p;
};

static int tell_left(const struct tuf_status *status, void *data)
{
	struct left *left = data;
	struct publishing *p = left->p;

	if (!status->draft)
		return 0;
	left->targets |= tuf_role_type(status->role) == TUF_TARGETS;
	if (status->signed_by < status->threshold)
		tuf_say(p->say, p->data,
			"%s version %lld waits: %lld of %lld signatures",
			status->role, (long long)status->version,
			(long long)status->signed_by,
			(long long)status->threshold);
	else
		tuf_say(p->say, p->data,
			"%s version %lld waits: signed, and no timestamp leads to it",
			status->role, (long long)status->version);
	return 0;
}

/*
 * What was published is a draft no more. After a kill before this its version says
 * the same.
 */
static int drop_drafts(struct publishing *p, struct tuf_error *err)
{
	struct left left = { .p = p };
	json_t *version;
	const char *role;
	int rc = 0;

	json_object_foreach(p->published, role, version) {
		tuf_say(p->say, p->data, "%s version %lld is public", role,
			(long long)json_integer_value(version));
		if (!rc)
			rc = tuf_store_remove(&p->repo->draft, role, err);
	}
	tuf_repo_forget(p->repo);
	if (!rc)
		rc = tuf_repo_status(p->repo, tell_left, &left, err);
	return rc || left.targets ? rc : tuf_tree_remove(p->files, err);
}

static int publish(struct publishing *p, struct tuf_error *err)
{
	struct left left = { .p = p };
	int rc = stage(p, err);

	if (!rc && !json_object_size(p->published)) {
		rc = tuf_repo_status(p->repo, tell_left, &left, err);
		tuf_about(err, NULL, 0);
		if (!rc)
			rc = tuf_fail(err, TUF_SIGNATURE, NULL,
				      "no draft has the signatures that it takes");
	}
	if (!rc)
		rc = check_next(p, err);
	if (!rc)
		rc = tuf_tree_replace(p->repo->dir, TUF_NEXT, TUF_PUBLIC, err);
	return rc ? rc : drop_drafts(p, err);
}

int tuf_repo_publish(struct tuf_repo *repo, tuf_say_fn *say, void *data,
		     struct tuf_error *err)
{
	struct tuf_error ignored = { 0 };
	struct publishing p = {
		.repo = repo, .say = say, .data = data,
		.public = tuf_join(repo->path, TUF_PUBLIC),
		.next = tuf_join(repo->path, TUF_NEXT),
		.files = tuf_join(repo->path, TUF_DRAFT_FILES),
		.metadata = { -1, -1 },
		.targets = -1,
		.published = json_object(),
	};
	int rc = p.public && p.next && p.files && p.published ?
		 publish(&p, err) : tuf_no_memory(err);

	tuf_store_close(&p.metadata);
	if (p.targets >= 0)
		close(p.targets);
	/* What was public before, or what did not become it. */
	if (p.next)
		tuf_tree_remove(p.next, &ignored);
	json_decref(p.published);
	free(p.public);
	free(p.next);
	free(p.files);
	return rc;
}

/* To another medium */

static int copy_checked(struct tuf_repo *repo, const char *public,
			const char *fresh, struct tuf_error *err)
{
	struct tuf_counts counts;
	struct tuf_entry *root;
	int rc;

	rc = tuf_repo_get(repo, "root", &root, err);
	if (!rc && !root->public.metadata)
		rc = tuf_fail(err, TUF_MISSING, NULL, "nothing is public yet");
	if (!rc)
		rc = tuf_tree_remove(fresh, err);
	if (!rc)
		rc = tuf_tree_copy(public, fresh, false, err);
	if (!rc)
		rc = tuf_tree_sync(fresh, err);
	return rc ? rc : tuf_check_after(fresh, NULL, root->public.data,
					 root->public.length, 0, &counts, err);
}

static int exchange(const char *folder, const char *fresh, struct tuf_error *err)
{
	char *copy = strdup(folder), *other = strdup(fresh);
	char *again = strdup(folder);
	int dir = -1, rc;

	if (!copy || !other || !again) {
		rc = tuf_no_memory(err);
	} else {
		dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = dir < 0 ? tuf_fail_errno(err, folder) :
		     tuf_tree_replace(dir, basename(other), basename(again), err);
	}
	if (dir >= 0)
		close(dir);
	free(copy);
	free(other);
	free(again);
	return rc;
}

int tuf_repo_copy(struct tuf_repo *repo, const char *folder,
		  struct tuf_error *err)
{
	struct tuf_error ignored = { 0 };
	char *public = tuf_join(repo->path, TUF_PUBLIC), *fresh;
	int rc;

	if (asprintf(&fresh, "%s.new", folder) < 0)
		fresh = NULL;
	rc = public && fresh ? copy_checked(repo, public, fresh, err) :
	     tuf_no_memory(err);
	if (!rc)
		rc = exchange(folder, fresh, err);
	if (fresh)
		tuf_tree_remove(fresh, &ignored);
	free(public);
	free(fresh);
	return rc;
}
