// SPDX-License-Identifier: MIT
/*
 * Generations of a host's root key. A key is on the disk before the kernel hears
 * of it: what is sealed under a key that a crash has taken is lost for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <keyutils.h>

#include <uapi/rewire_trust.h>

#include "root.h"

int rewire_root_path(const char *dir, __u32 generation, char *path, size_t size,
		     struct rewire_error *err)
{
	int length;

	if (generation == 1)
		length = snprintf(path, size, "%s/root.bin", dir);
	else
		length = snprintf(path, size, "%s/root.%u.bin", dir, generation);
	if (length < 0 || (size_t)length >= size)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

/* -ENOENT: it is not there. */
static int read_secret(const char *path, __u8 secret[ROOT_SECRET_SIZE],
		       struct rewire_error *err)
{
	size_t length;
	__u8 *bytes;
	int rc = rewire_file_read(path, ROOT_SECRET_SIZE, &bytes, &length, err);

	if (rc)
		return rc;
	if (length == ROOT_SECRET_SIZE)
		memcpy(secret, bytes, ROOT_SECRET_SIZE);
	else
		rc = rewire_fail(err, EINVAL, "%s: %zu bytes, not %d; it is no root key",
				 path, length, ROOT_SECRET_SIZE);
	rewire_wipe_free(bytes, length);
	return rc;
}

int root_take(const char *dir, __u32 generation,
	      __u8 secret[ROOT_SECRET_SIZE], struct rewire_error *err)
{
	char path[4096];
	int rc = rewire_root_path(dir, generation, path, sizeof(path), err);

	if (!rc)
		rc = read_secret(path, secret, err);
	if (rc == -ENOENT) {
		rc = 0;
		if (getrandom(secret, ROOT_SECRET_SIZE, 0) != ROOT_SECRET_SIZE)
			rc = rewire_fail(err, errno, "random numbers: %s",
					 strerror(errno));
		if (!rc)
			rc = rewire_file_write(path, secret, ROOT_SECRET_SIZE,
					       0600, err);
	}
	if (rc)
		explicit_bzero(secret, ROOT_SECRET_SIZE);
	return rc;
}

/* A key in the folder of another host would be missed when this one needs it. */
static int check_host(const char *dir, const __u8 sm[REWIRE_ID_SIZE],
		      struct rewire_error *err)
{
	char path[4096], id[2 * REWIRE_ID_SIZE + 1];
	size_t length;
	__u8 *text;
	bool same;
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/sm-id", dir) >= sizeof(path))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	rc = rewire_file_read(path, 64, &text, &length, err);
	if (rc)
		return rc;
	rewire_hex(sm, REWIRE_ID_SIZE, id);
	same = length >= strlen(id) && !memcmp(text, id, strlen(id));
	rewire_wipe_free(text, length);
	if (!same)
		return rewire_fail(err, EPERM, "%s is the folder of another host; this one's SM is %s",
				   dir, id);
	return 0;
}

/* One rotation at a time: two would find the same file for two generations. */
static int lock_folder(const char *dir, struct rewire_error *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return rewire_fail(err, errno, "%s: %s", dir, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	code = errno;
	close(fd);
	if (code == EWOULDBLOCK)
		return rewire_fail(err, EBUSY, "%s: another rotation is under way; wait for it",
				   dir);
	return rewire_fail(err, code, "%s: %s", dir, strerror(code));
}

static int tell_kernel(int sm, const __u8 secret[ROOT_SECRET_SIZE],
		       __u32 *ret_generation, struct rewire_error *err)
{
	struct rewire_rotate_root rotate = { .size = sizeof(rotate) };
	int code;

	rotate.root_key = add_key("logon", "rewire:root", secret,
				  ROOT_SECRET_SIZE, KEY_SPEC_PROCESS_KEYRING);
	if (rotate.root_key < 0)
		return rewire_fail(err, errno, "giving the root key to the kernel: %s",
				   strerror(errno));
	code = ioctl(sm, REWIRE_ROTATE_ROOT, &rotate) ? errno : 0;
	keyctl_unlink(rotate.root_key, KEY_SPEC_PROCESS_KEYRING);
	if (code)
		return rewire_fail_ioctl(err, sm, code, "rotating the root key");
	*ret_generation = rotate.generation;
	return 0;
}

static int rotate_locked(int sm, const char *dir, __u32 *ret_generation,
			 struct rewire_error *err)
{
	__u8 secret[ROOT_SECRET_SIZE];
	struct rewire_get_info info;
	__u32 generation = 0;
	char path[4096];
	int rc = rewire_sm_info(sm, &info, err);

	if (rc)
		return rc;
	if (!info.provisioned)
		return rewire_fail(err, ENOKEY, "the SM has no keys yet: rewire provision %s",
				   dir);
	rc = check_host(dir, info.sm, err);
	if (!rc)
		rc = root_take(dir, info.generation + 1, secret, err);
	if (rc)
		return rc;
	rc = tell_kernel(sm, secret, &generation, err);
	/* Somebody rotated from a copy of this folder. */
	if (!rc && generation != info.generation + 1) {
		rc = rewire_root_path(dir, generation, path, sizeof(path), err);
		if (!rc)
			rc = rewire_file_write(path, secret, sizeof(secret),
					       0600, err);
	}
	explicit_bzero(secret, sizeof(secret));
	if (!rc)
		*ret_generation = generation;
	return rc;
}

int rewire_root_rotate(int sm, const char *dir, __u32 *ret_generation,
		       struct rewire_error *err)
{
	int folder = lock_folder(dir, err), rc;

	if (folder < 0)
		return folder;
	rc = rotate_locked(sm, dir, ret_generation, err);
	close(folder);
	return rc;
}
