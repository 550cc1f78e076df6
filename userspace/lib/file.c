// SPDX-License-Identifier: MIT
/*
 * Whole files, read within a limit and written atomically.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "rewire.h"

#define FIRST_READ 65536

void rewire_wipe_free(void *data, size_t length)
{
	if (data)
		OPENSSL_cleanse(data, length);
	free(data);
}

int rewire_write_all(int fd, const void *data, size_t length,
		     struct rewire_error *err)
{
	const __u8 *bytes = data;

	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail(err, errno, "writing: %s",
					   strerror(errno));
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* realloc() would leave a copy of a secret behind. */
static __u8 *grow(__u8 *old, size_t used, size_t size)
{
	__u8 *data = malloc(size);

	if (data && used)
		memcpy(data, old, used);
	rewire_wipe_free(old, used);
	return data;
}

static int read_fd(int fd, const char *path, size_t limit, __u8 **ret_data,
		   size_t *ret_length, struct rewire_error *err)
{
	size_t size = limit < FIRST_READ ? limit + 1 : FIRST_READ;
	size_t used = 0;
	__u8 *data = NULL;
	struct stat st;
	int code;

	/* One byte more, to see the end without growing once again. */
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (__u64)st.st_size <= limit)
		size = (size_t)st.st_size + 1;
	for (;;) {
		ssize_t n;

		if (!data || used == size) {
			if (data)
				size = size <= limit / 2 ? size * 2 : limit + 1;
			data = grow(data, used, size);
			if (!data)
				return rewire_fail(err, ENOMEM, "%s: no memory",
						   path);
		}
		n = read(fd, data + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			code = rewire_fail(err, errno, "%s: %s", path,
					   strerror(errno));
			break;
		}
		if (!n) {
			*ret_data = data;
			*ret_length = used;
			return 0;
		}
		used += (size_t)n;
		if (used > limit) {
			code = rewire_fail(err, EFBIG,
					   "%s: more than %zu bytes", path,
					   limit);
			break;
		}
	}
	rewire_wipe_free(data, used);
	return code;
}

int rewire_file_read(const char *path, size_t limit, __u8 **ret_data,
		     size_t *ret_length, struct rewire_error *err)
{
	int fd, rc;

	if (!strcmp(path, "-"))
		return read_fd(STDIN_FILENO, "standard input", limit, ret_data,
			       ret_length, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	rc = read_fd(fd, path, limit, ret_data, ret_length, err);
	close(fd);
	return rc;
}

static int sync_folder(const char *path, struct rewire_error *err)
{
	char *copy = strdup(path);
	int fd, rc = 0;

	if (!copy)
		return rewire_fail(err, ENOMEM, "%s: no memory", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot sync a folder, and need not. */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		rc = rewire_fail(err, errno, "%s: %s", copy, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

static void output_free(struct rewire_output *out)
{
	if (out->fd >= 0)
		close(out->fd);
	free(out->path);
	free(out->temp);
	*out = (struct rewire_output){ .fd = -1 };
}

int rewire_output_open(struct rewire_output *out, const char *path, mode_t mode,
		       struct rewire_error *err)
{
	int code;

	*out = (struct rewire_output){ .fd = -1, .path = strdup(path) };
	if (asprintf(&out->temp, "%s.XXXXXX", path) < 0)
		out->temp = NULL;
	if (!out->path || !out->temp) {
		output_free(out);
		return rewire_fail(err, ENOMEM, "%s: no memory", path);
	}
	out->fd = mkostemp(out->temp, O_CLOEXEC);
	if (out->fd < 0) {
		code = errno;
		output_free(out);
		return rewire_fail(err, code, "%s: %s", path, strerror(code));
	}
	if (fchmod(out->fd, mode)) {
		code = errno;
		rewire_output_discard(out);
		return rewire_fail(err, code, "%s: %s", path, strerror(code));
	}
	return 0;
}

int rewire_output_commit(struct rewire_output *out, struct rewire_error *err)
{
	int rc;

	if (fsync(out->fd) || rename(out->temp, out->path)) {
		rc = rewire_fail(err, errno, "%s: %s", out->path,
				 strerror(errno));
		rewire_output_discard(out);
		return rc;
	}
	rc = sync_folder(out->path, err);
	output_free(out);
	return rc;
}

void rewire_output_discard(struct rewire_output *out)
{
	if (out->temp)
		unlink(out->temp);
	output_free(out);
}

int rewire_file_write(const char *path, const void *data, size_t length,
		      mode_t mode, struct rewire_error *err)
{
	struct rewire_output out;
	int rc = rewire_output_open(&out, path, mode, err);

	if (rc)
		return rc;
	rc = rewire_write_all(out.fd, data, length, err);
	if (rc) {
		rewire_output_discard(&out);
		return rewire_fail(err, -rc, "%s: %s", path, strerror(-rc));
	}
	return rewire_output_commit(&out, err);
}
