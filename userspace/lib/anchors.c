// SPDX-License-Identifier: MIT
/*
 * The anchors of the roles in a host's folder.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "crypto.h"

void anchors_free(struct anchors *anchors)
{
	for (__u32 i = 0; i < anchors->count; i++)
		OPENSSL_free((void *)(uintptr_t)anchors->anchor[i].certificate);
	*anchors = (struct anchors){ 0 };
}

static int add_anchor(struct anchors *anchors, __u32 role, const char *path,
		      struct rewire_error *err)
{
	struct rewire_anchor *anchor = &anchors->anchor[anchors->count];
	unsigned char *der = NULL;
	X509 *x509;
	int length, rc;

	if (anchors->count == REWIRE_MAX_ANCHORS)
		return rewire_fail(err, EMSGSIZE, "%s: more than %d anchors", path,
				   REWIRE_MAX_ANCHORS);
	rc = crypto_read_certificate(path, &x509, err);
	if (rc)
		return rc;
	length = i2d_X509(x509, &der);
	X509_free(x509);
	if (length <= 0)
		return crypto_fail(err, EINVAL, path);
	anchor->role = role;
	anchor->length = (__u32)length;
	anchor->certificate = (uintptr_t)der;
	anchors->count++;
	return 0;
}

/* ROLE.crt, or ROLE-anything.crt */
static bool is_of_role(const char *file, const char *role)
{
	size_t length = strlen(file), name = strlen(role);

	return length > name && !strncmp(file, role, name) &&
	       (file[name] == '-' || file[name] == '.') &&
	       !strcmp(file + (file[name] == '.' ? name : length - 4), ".crt");
}

static int load_role(const char *folder, __u32 role, struct dirent **entries,
		     int count, struct anchors *anchors,
		     struct rewire_error *err)
{
	const char *name = rewire_role_name(role);
	__u32 before = anchors->count;
	char path[4096];
	int rc = 0;

	for (int i = 0; i < count && !rc; i++) {
		if (!is_of_role(entries[i]->d_name, name))
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder,
				     entries[i]->d_name) >= sizeof(path))
			return rewire_fail(err, ENAMETOOLONG, "%s: name too long",
					   folder);
		rc = add_anchor(anchors, role, path, err);
	}
	if (!rc && anchors->count == before)
		rc = rewire_fail(err, ENOENT, "%s: neither %s.crt nor %s-*.crt; nobody could speak for that role",
				 folder, name, name);
	return rc;
}

static int load_threshold(const char *folder, struct anchors *anchors,
			  struct rewire_error *err)
{
	char path[4096], text[8] = "", *end;
	unsigned long number;
	size_t length;
	__u8 *data;
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/root.threshold", folder) >=
	    sizeof(path))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long",
				   folder);
	rc = rewire_file_read(path, sizeof(text) - 1, &data, &length, err);
	if (rc)
		return rc;
	memcpy(text, data, length);
	free(data);
	number = strtoul(text, &end, 10);
	if (end == text || strcmp(end, "\n") || !number ||
	    number > REWIRE_BUNDLE_ANCHORS)
		return rewire_fail(err, EINVAL, "%s: not a number from 1 to %d",
				   path, REWIRE_BUNDLE_ANCHORS);
	anchors->root_threshold = (__u32)number;
	return 0;
}

int anchors_load(const char *dir, struct anchors *anchors,
		 struct rewire_error *err)
{
	struct dirent **entries;
	char folder[4000];
	int count, rc = 0;

	*anchors = (struct anchors){ 0 };
	if ((size_t)snprintf(folder, sizeof(folder), "%s/anchors", dir) >=
	    sizeof(folder))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		return rewire_fail(err, errno, "%s: %s", folder,
				   strerror(errno));
	for (__u32 role = 0; !rc && role < REWIRE_ROLES; role++)
		rc = load_role(folder, role, entries, count, anchors, err);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return rc ? rc : load_threshold(folder, anchors, err);
}
