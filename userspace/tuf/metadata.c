// SPDX-License-Identifier: MIT
/*
 * The form of metadata. Each kind has a function that looks at all its fields
 * once, so that whoever reads them later need not ask again.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "hash.h"
#include "json.h"
#include "metadata.h"

static const struct {
	const char *name;
	size_t limit;
} types[] = {
	[TUF_ROOT] = { "root", TUF_ROOT_MAX },
	[TUF_TIMESTAMP] = { "timestamp", TUF_TIMESTAMP_MAX },
	[TUF_SNAPSHOT] = { "snapshot", TUF_SNAPSHOT_MAX },
	[TUF_TARGETS] = { "targets", TUF_TARGETS_MAX },
};

const char *tuf_type_name(enum tuf_type type)
{
	return types[type].name;
}

size_t tuf_type_limit(enum tuf_type type)
{
	return types[type].limit;
}

/* A form that is wrong: a sentence about it, or NULL. */
typedef const char *wrong_fn(const json_t *value);

static int64_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static const char *each_member(const json_t *object, wrong_fn *wrong)
{
	const char *name, *what = NULL;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
		if ((what = wrong(value)))
			break;
	return what;
}

static const char *each_element(const json_t *array, wrong_fn *wrong)
{
	const char *what = NULL;
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)array, i, value)
		if ((what = wrong(value)))
			break;
	return what;
}

static const char *wrong_string(const json_t *value)
{
	return json_is_string(value) ? NULL : "something that is no string";
}

/* The same string twice in a list; no list at all. */
static const char *wrong_list(const json_t *array)
{
	const char *what = json_is_array(array) ?
			   each_element(array, wrong_string) : "no list";
	json_t *seen, *value;
	size_t i;

	if (what)
		return what;
	seen = json_object();
	json_array_foreach((json_t *)array, i, value)
		json_object_set_new(seen, json_string_value(value), json_null());
	if (json_object_size(seen) != json_array_size(array))
		what = "the same twice in a list";
	json_decref(seen);
	return what;
}

int64_t tuf_time_parse(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = { 0 }, again;
	time_t when;
	size_t i;

	for (i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) :
		    text[i] != form[i])
			return -1;
	tm.tm_year = atoi(text) - 1900;
	tm.tm_mon = atoi(text + 5) - 1;
	tm.tm_mday = atoi(text + 8);
	tm.tm_hour = atoi(text + 11);
	tm.tm_min = atoi(text + 14);
	tm.tm_sec = atoi(text + 17);
	again = tm;
	when = timegm(&again);
	/* The 31st of June comes back as the 1st of July. */
	return when < 0 || again.tm_mon != tm.tm_mon ||
	       again.tm_mday != tm.tm_mday || again.tm_hour != tm.tm_hour ||
	       again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec ? -1 : when;
}

/* "1.N" or "1.N.N": the major version alone must be ours. */
static bool our_spec(const char *version)
{
	const char *c;
	int dots = 0;

	if (!version || strncmp(version, "1.", 2))
		return false;
	for (c = version; *c; c++) {
		if (*c == '.')
			dots++;
		else if (!isdigit((unsigned char)*c))
			return false;
		if (*c == '.' && !isdigit((unsigned char)c[1]))
			return false;
	}
	return dots <= 2;
}

static const char *wrong_signatures(const json_t *list)
{
	const char *what = NULL;
	json_t *seen, *value;
	size_t i;

	if (!json_is_array(list))
		return "no list of signatures";
	seen = json_object();
	json_array_foreach((json_t *)list, i, value) {
		const char *id = text(value, "keyid");

		if (!id || !text(value, "sig"))
			what = "a signature without keyid or sig";
		else if (json_object_get(seen, id))
			what = "two signatures under one keyid";
		else
			json_object_set_new(seen, id, json_null());
		if (what)
			break;
	}
	json_decref(seen);
	return what;
}

static const char *wrong_key(const json_t *key)
{
	return text(key, "keytype") && text(key, "scheme") &&
	       json_is_object(json_object_get(key, "keyval")) ?
	       NULL : "a key without keytype, scheme or keyval";
}

/* The part that roles of root and delegations share. */
static const char *wrong_role(const json_t *role)
{
	const char *what = wrong_list(json_object_get(role, "keyids"));

	if (what)
		return what;
	return number(role, "threshold") >= 1 ? NULL : "a threshold below 1";
}

static const char *wrong_root(const json_t *body)
{
	const json_t *consistent = json_object_get(body, "consistent_snapshot");
	const json_t *roles = json_object_get(body, "roles");
	const json_t *keys = json_object_get(body, "keys");
	const char *what;
	size_t i;

	if (consistent && !json_is_boolean(consistent))
		return "consistent_snapshot is no boolean";
	if (!json_is_object(keys) || !json_is_object(roles))
		return "no keys or no roles";
	what = each_member(keys, wrong_key);
	for (i = 0; !what && i < sizeof(types) / sizeof(types[0]); i++)
		what = wrong_role(json_object_get(roles, types[i].name));
	return what;
}

static const char *wrong_hashes(const json_t *hashes)
{
	if (!json_is_object(hashes) || !json_object_size(hashes))
		return "hashes that are none";
	return each_member(hashes, wrong_string);
}

static const char *wrong_file(const json_t *file)
{
	const json_t *hashes = json_object_get(file, "hashes");

	if (number(file, "version") < 1)
		return "a version below 1";
	if (json_object_get(file, "length") && number(file, "length") < 1)
		return "a length below 1";
	return hashes ? wrong_hashes(hashes) : NULL;
}

static const char *wrong_timestamp(const json_t *body)
{
	return wrong_file(json_object_get(json_object_get(body, "meta"),
					  "snapshot.json"));
}

static const char *wrong_snapshot(const json_t *body)
{
	const json_t *meta = json_object_get(body, "meta");

	return json_is_object(meta) ? each_member(meta, wrong_file) : "no meta";
}

static const char *wrong_target(const json_t *target)
{
	const json_t *custom = json_object_get(target, "custom");

	if (number(target, "length") < 0)
		return "a target without a length";
	if (custom && !json_is_object(custom))
		return "custom is no object";
	return wrong_hashes(json_object_get(target, "hashes"));
}

static const char *wrong_delegation(const json_t *role)
{
	const json_t *prefixes = json_object_get(role, "path_hash_prefixes");
	const json_t *paths = json_object_get(role, "paths");
	const char *name = text(role, "name"), *what = wrong_role(role);
	size_t i;

	if (what)
		return what;
	if (!name || !*name)
		return "a delegation without a name";
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(name, types[i].name))
			return "a delegation to a top-level role";
	if (!json_is_boolean(json_object_get(role, "terminating")))
		return "a delegation without terminating";
	if (!paths == !prefixes)
		return "not one of paths and path_hash_prefixes";
	if (!json_is_array(paths ? paths : prefixes))
		return "paths are no list";
	return each_element(paths ? paths : prefixes, wrong_string);
}

static const char *wrong_names(const json_t *roles)
{
	json_t *seen = json_object(), *role;
	const char *what = NULL;
	size_t i;

	json_array_foreach((json_t *)roles, i, role)
		json_object_set_new(seen, text(role, "name"), json_null());
	if (json_object_size(seen) != json_array_size(roles))
		what = "two delegations to one name";
	json_decref(seen);
	return what;
}

static const char *wrong_succinct(const json_t *succinct)
{
	const char *prefix = text(succinct, "name_prefix");
	int64_t bits = number(succinct, "bit_length");

	if (!prefix || !*prefix)
		return "succinct_roles without name_prefix";
	if (bits < 1 || bits > 32)
		return "a bit_length beyond 1 to 32";
	return wrong_role(succinct);
}

static const char *wrong_delegations(const json_t *delegations)
{
	const json_t *succinct = json_object_get(delegations, "succinct_roles");
	const json_t *roles = json_object_get(delegations, "roles");
	const json_t *keys = json_object_get(delegations, "keys");
	const char *what;

	if (!json_is_object(keys))
		return "delegations without keys";
	if (!roles == !succinct)
		return "not one of roles and succinct_roles";
	what = each_member(keys, wrong_key);
	if (!what && succinct)
		return wrong_succinct(succinct);
	if (!what && !json_is_array(roles))
		return "roles are no list";
	if (!what)
		what = each_element(roles, wrong_delegation);
	return what ? what : wrong_names(roles);
}

static const char *wrong_targets(const json_t *body)
{
	const json_t *delegations = json_object_get(body, "delegations");
	const json_t *targets = json_object_get(body, "targets");
	const char *what;

	if (!json_is_object(targets))
		return "no targets";
	what = each_member(targets, wrong_target);
	return what || !delegations ? what : wrong_delegations(delegations);
}

static int read_body(struct tuf_metadata *metadata, struct tuf_error *err)
{
	static wrong_fn *const wrong[] = {
		[TUF_ROOT] = wrong_root,
		[TUF_TIMESTAMP] = wrong_timestamp,
		[TUF_SNAPSHOT] = wrong_snapshot,
		[TUF_TARGETS] = wrong_targets,
	};
	static const char *const sections[] = { "4.3", "4.6", "4.4", "4.5" };
	const json_t *body = metadata->body;
	const char *type = text(body, "_type"), *expires = text(body, "expires");
	const char *what = wrong_signatures(json_object_get(metadata->doc,
							    "signatures"));

	if (what)
		return tuf_fail(err, TUF_FORMAT, "4.2.1", "%s", what);
	if (!type || strcmp(type, tuf_type_name(metadata->type)))
		return tuf_fail(err, TUF_FORMAT, "4.2.1", "its _type is \"%.32s\"",
				type ? type : "");
	if (!our_spec(text(body, "spec_version")))
		return tuf_fail(err, TUF_FORMAT, "4.3", "spec_version is not 1.x");
	metadata->version = number(body, "version");
	if (metadata->version < 1 || metadata->version > TUF_VERSION_MAX)
		return tuf_fail(err, TUF_FORMAT, "4.3", "no version of 1 or more");
	err->version = metadata->version;
	metadata->expires = expires ? tuf_time_parse(expires) : -1;
	if (metadata->expires < 0)
		return tuf_fail(err, TUF_FORMAT, "4.2.3",
				"expires is not YYYY-MM-DDTHH:MM:SSZ");
	what = wrong[metadata->type](body);
	if (!what && metadata->members)
		what = metadata->members->wrong;
	return what ? tuf_fail(err, TUF_FORMAT, sections[metadata->type], "%s",
			       what) : 0;
}

static int make(enum tuf_type type, json_t *doc, struct tuf_members *members,
		struct tuf_metadata **ret, struct tuf_error *err)
{
	struct tuf_metadata *metadata = calloc(1, sizeof(*metadata));
	int rc;

	if (!metadata) {
		tuf_members_free(members);
		return tuf_no_memory(err);
	}
	metadata->type = type;
	metadata->doc = json_incref(doc);
	metadata->body = json_object_get(doc, "signed");
	metadata->members = members;
	rc = read_body(metadata, err);
	if (rc)
		tuf_metadata_free(metadata);
	else
		*ret = metadata;
	return rc;
}

int tuf_metadata_from_json(enum tuf_type type, json_t *doc,
			   struct tuf_metadata **ret, struct tuf_error *err)
{
	return make(type, doc, NULL, ret, err);
}

int tuf_metadata_load(enum tuf_type type, const void *data, size_t length,
		      struct tuf_metadata **ret, struct tuf_error *err)
{
	struct tuf_members *members = NULL;
	json_t *doc;
	int rc;

	if (length > tuf_type_limit(type))
		return tuf_fail(err, TUF_LIMIT, NULL, "more than %zu bytes",
				tuf_type_limit(type));
	rc = type == TUF_TARGETS ?
	     tuf_members_load(data, length, wrong_target, &doc, &members, err) :
	     tuf_json_load(data, length, &doc, err);
	if (rc)
		return rc;
	rc = make(type, doc, members, ret, err);
	json_decref(doc);
	return rc;
}

void tuf_metadata_free(struct tuf_metadata *metadata)
{
	if (!metadata)
		return;
	tuf_members_free(metadata->members);
	json_decref(metadata->doc);
	free(metadata);
}

void tuf_root_role(const struct tuf_metadata *root, enum tuf_type type,
		   struct tuf_role *ret)
{
	const json_t *role = json_object_get(json_object_get(root->body, "roles"),
					     tuf_type_name(type));

	*ret = (struct tuf_role){
		.name = tuf_type_name(type),
		.keys = json_object_get(root->body, "keys"),
		.keyids = json_object_get(role, "keyids"),
		.threshold = number(role, "threshold"),
	};
}

bool tuf_root_consistent(const struct tuf_metadata *root)
{
	return json_is_true(json_object_get(root->body, "consistent_snapshot"));
}

static bool read_file(const json_t *object, struct tuf_file *ret)
{
	if (!object)
		return false;
	*ret = (struct tuf_file){
		.version = number(object, "version"),
		.length = number(object, "length"),
		.hashes = json_object_get(object, "hashes"),
		.custom = json_object_get(object, "custom"),
	};
	return true;
}

bool tuf_metadata_file(const struct tuf_metadata *metadata, const char *role,
		       struct tuf_file *ret)
{
	const json_t *meta = json_object_get(metadata->body, "meta");
	size_t length = strlen(role);
	char *name = malloc(length + sizeof(".json"));
	bool found;

	if (!name)
		return false;
	memcpy(name, role, length);
	strcpy(name + length, ".json");
	found = read_file(json_object_get(meta, name), ret);
	free(name);
	return found;
}

bool tuf_metadata_target(const struct tuf_metadata *targets, const char *path,
			 struct tuf_file *ret)
{
	const json_t *target = targets->members ?
		tuf_members_get(targets->members, path) :
		json_object_get(json_object_get(targets->body, "targets"), path);
	bool found = read_file(target, ret);

	if (found)
		ret->version = 0;
	return found;
}
