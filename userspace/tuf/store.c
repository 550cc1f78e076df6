// SPDX-License-Identifier: MIT
/*
 * The folder of trusted metadata. A file is written beside the old one, synced,
 * and renamed over it: whoever looks, also after a crash, finds one or the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "name.h"
#include "store.h"

#define FRESH	".new"		/* one is enough, as there is a lock */
#define LOCK	".lock"

int tuf_sync_folder(int dir, struct tuf_error *err)
{
	/* Some file systems cannot sync a folder, and need not. */
	return fsync(dir) && errno != EINVAL ?
	       tuf_fail_errno(err, "syncing a folder") : 0;
}

int tuf_store_open(const char *path, int make, struct tuf_store *ret,
		   struct tuf_error *err)
{
	struct tuf_store store = { .lock = -1 };

	if (make && mkdir(path, 0755) && errno != EEXIST)
		return tuf_fail_errno(err, path);
	store.dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.dir < 0)
		return tuf_fail_errno(err, path);
	store.lock = openat(store.dir, LOCK,
			    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	while (store.lock < 0 || flock(store.lock, LOCK_EX)) {
		if (store.lock >= 0 && errno == EINTR)
			continue;
		tuf_fail_errno(err, "locking the folder of metadata");
		tuf_store_close(&store);
		return -TUF_SYSTEM;
	}
	*ret = store;
	return 0;
}

void tuf_store_close(struct tuf_store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	if (store->dir >= 0)
		close(store->dir);
	*store = (struct tuf_store){ -1, -1 };
}

static int read_all(int fd, size_t limit, char **ret_data, size_t *ret_length,
		    struct tuf_error *err)
{
	size_t used = 0;
	struct stat st;
	char *data;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return tuf_fail(err, TUF_SYSTEM, NULL, "not a file");
	if ((uint64_t)st.st_size > limit)
		return tuf_fail(err, TUF_LIMIT, NULL,
				"the stored file has more than %zu bytes", limit);
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return tuf_no_memory(err);
	while (used < (size_t)st.st_size) {
		n = read(fd, data + used, (size_t)st.st_size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (used < (size_t)st.st_size) {
		/* It may be half of a key. */
		explicit_bzero(data, used);
		free(data);
		return tuf_fail_errno(err, "reading stored metadata");
	}
	*ret_data = data;
	*ret_length = used;
	return 0;
}

int tuf_file_read(int dir, const char *name, size_t limit, char **ret_data,
		  size_t *ret_length, struct tuf_error *err)
{
	int fd, rc;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return tuf_fail(err, TUF_MISSING, NULL, "none is stored");
	if (fd < 0)
		return tuf_fail_errno(err, name);
	rc = read_all(fd, limit, ret_data, ret_length, err);
	close(fd);
	return rc;
}

int tuf_store_read(const struct tuf_store *store, const char *role, size_t limit,
		   char **ret_data, size_t *ret_length, struct tuf_error *err)
{
	char *name = tuf_name_file(role, ".json");
	int rc;

	if (!name)
		return tuf_no_memory(err);
	rc = tuf_file_read(store->dir, name, limit, ret_data, ret_length, err);
	free(name);
	return rc;
}

int tuf_file_write(int dir, const char *name, mode_t mode, const char *data,
		   size_t length, struct tuf_error *err)
{
	int fd = openat(dir, name,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			mode);
	ssize_t n = 0;

	if (fd < 0)
		return tuf_fail_errno(err, name);
	while (length) {
		n = write(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		data += n;
		length -= (size_t)n;
	}
	if (length || fsync(fd)) {
		tuf_fail_errno(err, "writing metadata");
		close(fd);
		return -TUF_SYSTEM;
	}
	return close(fd) ? tuf_fail_errno(err, "writing metadata") : 0;
}

int tuf_store_write(const struct tuf_store *store, const char *role,
		    const void *data, size_t length, struct tuf_error *err)
{
	char *name = tuf_name_file(role, ".json");
	int rc;

	if (!name)
		return tuf_no_memory(err);
	rc = tuf_file_write(store->dir, FRESH, 0644, data, length, err);
	if (!rc && renameat(store->dir, FRESH, store->dir, name))
		rc = tuf_fail_errno(err, name);
	if (!rc)
		rc = tuf_sync_folder(store->dir, err);
	else
		unlinkat(store->dir, FRESH, 0);
	free(name);
	return rc;
}

int tuf_store_remove(const struct tuf_store *store, const char *role,
		     struct tuf_error *err)
{
	char *name = tuf_name_file(role, ".json");
	int rc = 0;

	if (!name)
		return tuf_no_memory(err);
	if (!unlinkat(store->dir, name, 0))
		rc = tuf_sync_folder(store->dir, err);
	else if (errno != ENOENT)
		rc = tuf_fail_errno(err, name);
	free(name);
	return rc;
}
