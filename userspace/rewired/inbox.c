// SPDX-License-Identifier: MIT
/*
 * The inbox of updates: which packages are there, and whole.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "inbox.h"

#define SUFFIX		".package"
#define PATH_SIZE	4096

static int is_package(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length >= sizeof(SUFFIX) &&
	       !strcmp(entry->d_name + length + 1 - sizeof(SUFFIX), SUFFIX);
}

static int path_of(const char *dir, const char *name, const char *suffix,
		   char path[PATH_SIZE], struct rewire_error *err)
{
	if (snprintf(path, PATH_SIZE, "%s/%s%s", dir, name, suffix) >= PATH_SIZE)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

/* Its bytes, or -1 when there is no regular file of that name. */
static long long size_of(const char *dir, const char *name, const char *suffix)
{
	char path[PATH_SIZE];
	struct stat st;

	if (path_of(dir, name, suffix, path, NULL) || lstat(path, &st) ||
	    !S_ISREG(st.st_mode))
		return -1;
	return st.st_size;
}

static int read_order(const char *dir, const char *name, bool wrapped,
		      struct rewire_update_order **ret_order,
		      struct rewire_error *err)
{
	char package[PATH_SIZE], wrap[PATH_SIZE];
	int rc = path_of(dir, name, SUFFIX, package, err);

	if (!rc)
		rc = path_of(dir, name, ".wrap", wrap, err);
	if (!rc)
		rc = rewire_update_order_read(package, wrapped ? wrap : NULL,
					      ret_order, err);
	return rc;
}

static bool is_there_twice(const struct inbox *inbox,
			   const struct rewire_update_order *order)
{
	for (unsigned int i = 0; i < inbox->count; i++)
		if (!memcmp(inbox->item[i].order->words.package.nonce,
			    order->words.package.nonce, REWIRE_NONCE_SIZE))
			return true;
	return false;
}

/*
 * Return: 1: the inbox has it now; 0: it is not complete; negative: it is no
 * package.
 */
static int take(const char *dir, const char *name, bool partial,
		struct inbox *inbox, struct rewire_error *err)
{
	bool wrapped = size_of(dir, name, ".wrap") >= 0;
	long long payload = size_of(dir, name, ".payload");
	struct rewire_update_order *order;
	long long expected;
	int rc;

	if (size_of(dir, name, SUFFIX) < 0)
		return rewire_fail(err, EINVAL, "not a regular file");
	rc = read_order(dir, name, wrapped, &order, err);
	if (rc)
		/* a wrap that is not there yet */
		return rc == -EINVAL && !wrapped ? 0 : rc;
	expected = (long long)order->words.package.payload_length;
	/* More than any file can have is never there. */
	if (expected < 0 || (payload < expected && !partial))
		rc = 0;
	else if (payload > expected)
		rc = rewire_fail(err, EBADMSG, "its payload has %lld bytes, and not %lld",
				 payload, expected);
	else if (is_there_twice(inbox, order))
		rc = rewire_fail(err, EEXIST, "the same package is there under another name");
	else if (inbox->count == INBOX_MAX)
		rc = rewire_fail(err, EDQUOT, "there are %d packages already: remove those that are done",
				 INBOX_MAX);
	else
		rc = 1;
	if (rc <= 0) {
		free(order);
		return rc;
	}
	snprintf(inbox->item[inbox->count].name,
		 sizeof(inbox->item[0].name), "%s", name);
	inbox->item[inbox->count].whole = payload == expected;
	inbox->item[inbox->count++].order = order;
	return 1;
}

int inbox_scan(const char *dir, bool partial, inbox_bad_fn *bad, void *data,
	       struct inbox *ret_inbox, struct rewire_error *err)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_package, alphasort);

	*ret_inbox = (struct inbox){ 0 };
	if (count < 0)
		return rewire_fail(err, errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct rewire_error why = { 0 };
		char name[256];

		snprintf(name, sizeof(name), "%s", entries[i]->d_name);
		name[strlen(name) + 1 - sizeof(SUFFIX)] = '\0';
		if (take(dir, name, partial, ret_inbox, &why) < 0 && bad)
			bad(entries[i]->d_name, why.text, data);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

void inbox_clear(struct inbox *inbox)
{
	for (unsigned int i = 0; i < inbox->count; i++)
		free(inbox->item[i].order);
	*inbox = (struct inbox){ 0 };
}

int inbox_open_payload(const char *dir, const struct inbox_item *item,
		       struct rewire_error *err)
{
	char path[PATH_SIZE];
	int fd, rc = path_of(dir, item->name, ".payload", path, err);

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	return fd;
}
