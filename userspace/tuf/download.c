// SPDX-License-Identifier: MIT
/*
 * A target's file: written where nobody sees it, and given its name once it is
 * known to be right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "hash.h"
#include "name.h"

#define FRESH	".tuf-new"

struct file_sink {
	struct tuf_sink sink;
	const json_t *wanted;
	struct tuf_hashes hashes;
	int fd;
};

static int file_write(struct tuf_sink *sink, const void *data, size_t length)
{
	struct file_sink *file = (struct file_sink *)sink;
	const char *bytes = data;

	if (tuf_hashes_add(&file->hashes, data, length))
		return -1;
	while (length) {
		ssize_t n = write(file->fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

static int file_restart(struct tuf_sink *sink)
{
	struct file_sink *file = (struct file_sink *)sink;

	tuf_hashes_end(&file->hashes);
	if (ftruncate(file->fd, 0) || lseek(file->fd, 0, SEEK_SET))
		return -1;
	return tuf_hashes_begin(&file->hashes, file->wanted);
}

static int check_whole(struct file_sink *file, const struct tuf_target *target,
		       struct tuf_error *err)
{
	const char *wrong = tuf_hashes_wrong(&file->hashes);

	if (file->sink.got != (uint64_t)target->length)
		return tuf_fail(err, TUF_HASH, "5.7.3", "%.200s: %llu bytes, not %lld",
				target->path, (unsigned long long)file->sink.got,
				(long long)target->length);
	return wrong ? tuf_fail(err, TUF_HASH, "5.7.3",
				"%.200s: its %s is not the one announced",
				target->path, wrong) : 0;
}

/* Is the file there already? */
static bool have(int dir, const char *name, const struct tuf_target *target)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct tuf_hashes hashes;
	char buffer[65536];
	bool same = false;
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    st.st_size == target->length &&
	    !tuf_hashes_begin(&hashes, target->hashes)) {
		while ((n = read(fd, buffer, sizeof(buffer))) > 0)
			tuf_hashes_add(&hashes, buffer, (size_t)n);
		same = !n && !tuf_hashes_wrong(&hashes);
		tuf_hashes_end(&hashes);
	}
	close(fd);
	return same;
}

/* "folder/HASH.file" when snapshots are consistent (5.7.3), as part of a URL. */
static char *url_name(const struct tuf_client *client,
		      const struct tuf_target *target)
{
	const char *slash = strrchr(target->path, '/'), *kind, *hash = NULL;
	const char *file = slash ? slash + 1 : target->path;
	char *name, *quoted;
	json_t *value;

	json_object_foreach((json_t *)target->hashes, kind, value)
		if (!hash && tuf_digest(kind))
			hash = json_string_value(value);
	if (!tuf_root_consistent(client->trusted.root))
		hash = NULL;
	if (asprintf(&name, "%.*s%s%s%s", (int)(file - target->path), target->path,
		     hash ? hash : "", hash ? "." : "", file) < 0)
		return NULL;
	quoted = tuf_name_quote(name, "/!$&'()*+,;=:@");
	free(name);
	return quoted;
}

static int fetch_whole(struct tuf_client *client, const struct tuf_target *target,
		       struct file_sink *file, struct tuf_error *err)
{
	char *name = url_name(client, target);
	int rc = -TUF_MISSING;
	size_t i;

	if (!name)
		return tuf_no_memory(err);
	for (i = 0; rc && i < client->targets.count; i++) {
		rc = tuf_fetch(client->fetcher, client->targets.list[i], name,
			       &file->sink, err);
		if (!rc)
			rc = check_whole(file, target, err);
		/* What one mirror sent must not spoil what the next one sends. */
		if (rc && file_restart(&file->sink)) {
			rc = tuf_fail_errno(err, "starting again");
			break;
		}
		if (rc)
			file->sink.got = 0;
	}
	free(name);
	return rc;
}

/* A file without a name gets one that nobody looks at, then the right one. */
static int publish(int dir, int fd, const char *name, struct tuf_error *err)
{
	char self[40];
	int rc = 0;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fsync(fd))
		return tuf_fail_errno(err, "syncing a target");
	if (flock(dir, LOCK_EX))
		return tuf_fail_errno(err, "locking the folder of targets");
	unlinkat(dir, FRESH, 0);
	if (linkat(AT_FDCWD, self, dir, FRESH, AT_SYMLINK_FOLLOW) ||
	    renameat(dir, FRESH, dir, name))
		rc = tuf_fail_errno(err, name);
	if (!rc)
		rc = tuf_sync_folder(dir, err);
	flock(dir, LOCK_UN);
	return rc;
}

/* @name: NULL: only look whether the file is right. */
static int download(struct tuf_client *client, const struct tuf_target *target,
		    int dir, const char *name, struct tuf_error *err)
{
	struct file_sink file = {
		.sink = { file_write, file_restart, "5.7.3",
			  (uint64_t)target->length, 0 },
		.wanted = target->hashes,
	};
	int rc;

	if (tuf_hashes_begin(&file.hashes, target->hashes))
		return tuf_fail(err, TUF_HASH, "5.7.3", "%.200s: no hash that we know",
				target->path);
	file.fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (file.fd < 0) {
		tuf_hashes_end(&file.hashes);
		return tuf_fail_errno(err, client->target_dir);
	}
	rc = fetch_whole(client, target, &file, err);
	if (!rc && name)
		rc = publish(dir, file.fd, name, err);
	tuf_hashes_end(&file.hashes);
	close(file.fd);
	return rc;
}

int tuf_client_download(struct tuf_client *client,
			const struct tuf_target *target, char **ret_path,
			struct tuf_error *err)
{
	char *name = NULL;
	int dir, rc = 0;

	tuf_about(err, target->role, 0);
	if (!client->target_dir || !client->targets.count)
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"no folder or no URL for targets");
	dir = open(client->target_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return tuf_fail_errno(err, client->target_dir);
	name = tuf_name_file(target->path, "");
	if (!name)
		rc = tuf_no_memory(err);
	else if (!have(dir, name, target))
		rc = download(client, target, dir, name, err);
	if (!rc && ret_path &&
	    asprintf(ret_path, "%s/%s", client->target_dir, name) < 0)
		rc = tuf_no_memory(err);
	close(dir);
	free(name);
	return rc;
}

int tuf_client_check_target(struct tuf_client *client,
			    const struct tuf_target *target,
			    struct tuf_error *err)
{
	int dir = open(client->target_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (dir < 0)
		return tuf_fail_errno(err, client->target_dir);
	rc = download(client, target, dir, NULL, err);
	close(dir);
	return rc;
}
