// SPDX-License-Identifier: MIT
/*
 * What a draft changes, in words: nobody should sign what he has not read.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "repo_edit.h"

/* Control characters, also those of the upper half (U+0080 to U+009F). */
static void make_plain(char *line)
{
	unsigned char *c;

	for (c = (unsigned char *)line; *c; c++)
		if (iscntrl(*c) || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			*c = '?';
}

void tuf_say(tuf_say_fn *say, void *data, const char *format, ...)
{
	va_list args;
	char *line;
	int length;

	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0) {
		say("(no memory for this line)", data);
		return;
	}
	make_plain(line);
	say(line, data);
	free(line);
}

struct diff {
	tuf_say_fn *say;
	void *data;
};

#define SAY(diff, ...) tuf_say((diff)->say, (diff)->data, __VA_ARGS__)

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static int64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void diff_keys(const struct diff *diff, const char *name,
		      const json_t *old, const json_t *new, const json_t *keys)
{
	const json_t *before = json_object_get(old, "keyids");
	const json_t *now = json_object_get(new, "keyids");
	json_t *id;
	size_t i;

	json_array_foreach((json_t *)now, i, id)
		if (!tuf_json_has(before, json_string_value(id)))
			SAY(diff, "%s: key %.16s (%s) added", name,
			    json_string_value(id),
			    text(json_object_get(keys, json_string_value(id)),
				 "keytype"));
	json_array_foreach((json_t *)before, i, id)
		if (!tuf_json_has(now, json_string_value(id)))
			SAY(diff, "%s: key %.16s REMOVED", name,
			    json_string_value(id));
	if (!old)
		SAY(diff, "%s: %lld of %zu keys have to sign", name,
		    (long long)number(new, "threshold"), json_array_size(now));
	else if (number(old, "threshold") != number(new, "threshold") ||
		 json_array_size(before) != json_array_size(now))
		SAY(diff, "%s: %lld of %zu keys had to sign, %lld of %zu will", name,
		    (long long)number(old, "threshold"), json_array_size(before),
		    (long long)number(new, "threshold"), json_array_size(now));
}

static void diff_root(const struct diff *diff, const json_t *old,
		      const json_t *new)
{
	const json_t *before = json_object_get(old, "roles");
	const json_t *keys = json_object_get(new, "keys");
	const char *name;
	json_t *role;

	json_object_foreach(json_object_get(new, "roles"), name, role)
		diff_keys(diff, name, json_object_get(before, name), role, keys);
	if (!json_is_true(json_object_get(new, "consistent_snapshot")))
		SAY(diff, "snapshots are NOT consistent");
}

/* Snapshot and timestamp: versions of other metadata. */
static void diff_meta(const struct diff *diff, const json_t *old,
		      const json_t *new)
{
	const json_t *before = json_object_get(old, "meta");
	const json_t *now = json_object_get(new, "meta");
	const char *name;
	json_t *file;

	json_object_foreach((json_t *)now, name, file) {
		const json_t *was = json_object_get(before, name);

		if (!was)
			SAY(diff, "%s: version %lld, not listed before", name,
			    (long long)number(file, "version"));
		else if (number(was, "version") != number(file, "version"))
			SAY(diff, "%s: version %lld -> %lld", name,
			    (long long)number(was, "version"),
			    (long long)number(file, "version"));
	}
	json_object_foreach((json_t *)before, name, file)
		if (!json_object_get(now, name))
			SAY(diff, "%s: NOT LISTED any more", name);
}

static void say_target(const struct diff *diff, const char *name,
		       const char *verb, const json_t *target)
{
	const json_t *hashes = json_object_get(target, "hashes");
	const char *kind = "", *hash = "";
	json_t *value;

	json_object_foreach((json_t *)hashes, kind, value) {
		hash = json_string_value(value);
		break;
	}
	SAY(diff, "target %s %s: %lld bytes, %s %s", name, verb,
	    (long long)number(target, "length"), kind, hash);
}

static void diff_targets(const struct diff *diff, const json_t *old,
			 const json_t *new)
{
	const json_t *before = json_object_get(old, "targets");
	const json_t *now = json_object_get(new, "targets");
	const char *name;
	json_t *target;

	json_object_foreach((json_t *)now, name, target) {
		const json_t *was = json_object_get(before, name);

		if (!was)
			say_target(diff, name, "added", target);
		else if (!json_equal(was, target))
			say_target(diff, name, "changed", target);
	}
	json_object_foreach((json_t *)before, name, target)
		if (!json_object_get(now, name))
			SAY(diff, "target %s REMOVED", name);
}

static void say_paths(const struct diff *diff, const char *name,
		      const json_t *role)
{
	const json_t *prefixes = json_object_get(role, "path_hash_prefixes");
	const json_t *paths = json_object_get(role, "paths");
	json_t *pattern;
	size_t i;

	if (prefixes)
		SAY(diff, "%s: a bin of hashes, %zu prefix%s from %s", name,
		    json_array_size(prefixes),
		    json_array_size(prefixes) == 1 ? "" : "es",
		    json_string_value(json_array_get(prefixes, 0)));
	json_array_foreach((json_t *)paths, i, pattern)
		SAY(diff, "%s: may vouch for %s", name,
		    json_string_value(pattern));
	if (json_is_true(json_object_get(role, "terminating")))
		SAY(diff, "%s: terminating, no later role is asked", name);
}

static const json_t *by_name(const json_t *roles, const char *name)
{
	json_t *role;
	size_t i;

	json_array_foreach((json_t *)roles, i, role)
		if (!strcmp(text(role, "name"), name))
			return role;
	return NULL;
}

/* All but keys and threshold. */
static bool same_reach(const json_t *a, const json_t *b)
{
	static const char *const members[] = { "paths", "path_hash_prefixes",
					       "terminating" };
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *x = json_object_get(a, members[i]);
		const json_t *y = json_object_get(b, members[i]);

		if (x != y && !json_equal(x, y))
			return false;
	}
	return true;
}

static void diff_roles(const struct diff *diff, const json_t *old,
		       const json_t *new)
{
	const json_t *before = json_object_get(old, "roles");
	const json_t *now = json_object_get(new, "roles");
	json_t *role;
	size_t i;

	json_array_foreach((json_t *)now, i, role) {
		const char *name = text(role, "name");
		const json_t *was = by_name(before, name);

		if (!was)
			SAY(diff, "delegation to %s added", name);
		else if (!same_reach(was, role))
			SAY(diff, "delegation to %s changed", name);
		if (!was || !same_reach(was, role))
			say_paths(diff, name, role);
		diff_keys(diff, name, was, role, json_object_get(new, "keys"));
	}
	json_array_foreach((json_t *)before, i, role)
		if (!by_name(now, text(role, "name")))
			SAY(diff, "delegation to %s REMOVED", text(role, "name"));
}

static void diff_delegations(const struct diff *diff, const json_t *old,
			     const json_t *new)
{
	const json_t *was = json_object_get(old, "succinct_roles");
	const json_t *now = json_object_get(new, "succinct_roles");

	if (now) {
		if (!was)
			SAY(diff, "delegation to %lld bins %s-... added",
			    1LL << number(now, "bit_length"),
			    text(now, "name_prefix"));
		diff_keys(diff, text(now, "name_prefix"), was, now,
			  json_object_get(new, "keys"));
	} else if (was) {
		SAY(diff, "delegation to the bins %s-... REMOVED",
		    text(was, "name_prefix"));
	}
	diff_roles(diff, old, new);
}

void tuf_diff(const char *role, const struct tuf_metadata *old,
	      const struct tuf_metadata *new, tuf_say_fn *say, void *data)
{
	const json_t *before = old ? old->body : NULL;
	const struct diff diff = { say, data };

	if (old)
		SAY(&diff, "%s: version %lld -> %lld", role,
		    (long long)old->version, (long long)new->version);
	else
		SAY(&diff, "%s: version %lld, the first", role,
		    (long long)new->version);
	if (old)
		SAY(&diff, "expires %s, was %s", text(new->body, "expires"),
		    text(before, "expires"));
	else
		SAY(&diff, "expires %s", text(new->body, "expires"));
	switch (new->type) {
	case TUF_ROOT:
		diff_root(&diff, before, new->body);
		break;
	case TUF_TIMESTAMP:
	case TUF_SNAPSHOT:
		diff_meta(&diff, before, new->body);
		break;
	case TUF_TARGETS:
		diff_targets(&diff, before, new->body);
		diff_delegations(&diff, json_object_get(before, "delegations"),
				 json_object_get(new->body, "delegations"));
		break;
	}
}

int tuf_repo_changes(struct tuf_repo *repo, const char *role, tuf_say_fn *say,
		     void *data, struct tuf_error *err)
{
	struct tuf_entry *entry;
	int rc = tuf_repo_get(repo, role, &entry, err);

	if (!rc && entry->draft.metadata)
		tuf_diff(role, entry->public.metadata, entry->draft.metadata, say,
			 data);
	return rc;
}
