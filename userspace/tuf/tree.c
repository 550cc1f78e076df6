// SPDX-License-Identifier: MIT
/*
 * Folders as wholes.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "repo.h"

char *tuf_join(const char *a, const char *b)
{
	char *path;

	return asprintf(&path, "%s/%s", a, b) < 0 ? NULL : path;
}

int tuf_tree_parents(int dir, const char *name, struct tuf_error *err)
{
	char *path = strdup(name), *slash;
	int rc = 0;

	if (!path)
		return tuf_no_memory(err);
	for (slash = path; !rc && (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		if (mkdirat(dir, path, 0755) && errno != EEXIST)
			rc = tuf_fail_errno(err, path);
	}
	free(path);
	return rc;
}

static int copy_bytes(int from, int to)
{
	ssize_t n;

	/* copy_file_range() does not go from one kind of file system to another. */
	while ((n = sendfile(to, from, NULL, 1 << 30)) > 0)
		;
	return n < 0 ? -1 : 0;
}

int tuf_file_copy(int from, int dir, const char *name, struct tuf_error *err)
{
	int to = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
			O_CLOEXEC, 0644);
	int rc = 0;

	if (to < 0)
		return tuf_fail_errno(err, name);
	if (copy_bytes(from, to) || fsync(to))
		rc = tuf_fail_errno(err, name);
	close(to);
	return rc;
}

static FTS *walk(const char *path)
{
	char *paths[] = { (char *)path, NULL };

	return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

static int copy_one(const char *from, int dir, const char *name, bool link,
		    struct tuf_error *err)
{
	int fd, rc;

	if (link && !linkat(AT_FDCWD, from, dir, name, 0))
		return 0;
	if (link && errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
		return tuf_fail_errno(err, from);
	fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tuf_fail_errno(err, from);
	rc = tuf_file_copy(fd, dir, name, err);
	close(fd);
	return rc;
}

static int copy_tree(FTS *fts, size_t above, int dir, bool link,
		     struct tuf_error *err)
{
	FTSENT *entry;
	int rc = 0;

	while (!rc && (entry = fts_read(fts))) {
		const char *name = entry->fts_path + above;

		if (entry->fts_info == FTS_DP || !*name)
			continue;
		if (entry->fts_info == FTS_D)
			rc = mkdirat(dir, name + 1, 0755) ?
			     tuf_fail_errno(err, entry->fts_path) : 0;
		else if (entry->fts_info == FTS_F)
			rc = copy_one(entry->fts_path, dir, name + 1, link, err);
		else
			rc = tuf_fail(err, TUF_SYSTEM, NULL, "%s: %s",
				      entry->fts_path, strerror(entry->fts_errno));
	}
	return rc;
}

int tuf_tree_copy(const char *from, const char *to, bool link,
		  struct tuf_error *err)
{
	int dir, rc;
	FTS *fts;

	if (mkdir(to, 0755))
		return tuf_fail_errno(err, to);
	dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fts = walk(from);
	if (dir < 0 || !fts)
		rc = tuf_fail_errno(err, to);
	else
		rc = copy_tree(fts, strlen(from), dir, link, err);
	if (fts)
		fts_close(fts);
	if (dir >= 0)
		close(dir);
	return rc;
}

int tuf_tree_sync(const char *path, struct tuf_error *err)
{
	FTS *fts = walk(path);
	FTSENT *entry;
	int rc = 0;

	if (!fts)
		return tuf_fail_errno(err, path);
	/* Files are synced when they are written; here it is about their names. */
	while (!rc && (entry = fts_read(fts))) {
		int dir;

		if (entry->fts_info != FTS_DP)
			continue;
		dir = open(entry->fts_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = dir < 0 ? tuf_fail_errno(err, entry->fts_path) :
		     tuf_sync_folder(dir, err);
		if (dir >= 0)
			close(dir);
	}
	fts_close(fts);
	return rc;
}

int tuf_tree_remove(const char *path, struct tuf_error *err)
{
	FTSENT *entry;
	int rc = 0;
	FTS *fts;

	if (access(path, F_OK))
		return errno == ENOENT ? 0 : tuf_fail_errno(err, path);
	fts = walk(path);
	if (!fts)
		return tuf_fail_errno(err, path);
	while (!rc && (entry = fts_read(fts))) {
		if (entry->fts_info == FTS_D)
			continue;
		if (entry->fts_info == FTS_DP ? rmdir(entry->fts_path) :
		    unlink(entry->fts_path))
			rc = tuf_fail_errno(err, entry->fts_path);
	}
	fts_close(fts);
	return rc;
}

int tuf_tree_replace(int dir, const char *fresh, const char *name,
		     struct tuf_error *err)
{
	if (renameat2(dir, fresh, dir, name, RENAME_NOREPLACE)) {
		if (errno != EEXIST)
			return tuf_fail_errno(err, name);
		if (renameat2(dir, fresh, dir, name, RENAME_EXCHANGE))
			return tuf_fail(err, TUF_SYSTEM, NULL,
					"%s: %s; its file system has to exchange two folders in one step",
					name, strerror(errno));
	}
	return tuf_sync_folder(dir, err);
}
