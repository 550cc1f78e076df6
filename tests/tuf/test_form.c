// SPDX-License-Identifier: MIT
/*
 * The form of metadata (4.2 to 4.6): documents that are right but for one member.
 */
#include <metadata.h>

#include "test.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* Set, or with @value NULL delete, what a path of names and numbers leads to. */
static void edit(json_t *doc, const char *path, const char *value)
{
	json_t *place = doc, *new = NULL;
	char names[256], *name, *next;

	if (value) {
		new = json_loads(value, JSON_DECODE_ANY, NULL);
		if (!new)
			fail_msg("no JSON: %s", value);
	}
	snprintf(names, sizeof(names), "%s", path);
	for (name = names; (next = strchr(name, '/')); name = next + 1) {
		*next = 0;
		place = json_is_array(place) ?
			json_array_get(place, (size_t)atoi(name)) :
			json_object_get(place, name);
		if (!place)
			fail_msg("no such path: %s", path);
	}
	if (json_is_array(place))
		json_array_set_new(place, (size_t)atoi(name), new);
	else if (new)
		json_object_set_new(place, name, new);
	else
		json_object_del(place, name);
}

static json_t *document(struct world *world, enum tuf_type type)
{
	static const char *const roles[] = {
		[TUF_ROOT] = "root", [TUF_TIMESTAMP] = "timestamp",
		[TUF_SNAPSHOT] = "snapshot", [TUF_TARGETS] = "targets",
	};
	char *bytes;
	json_t *doc;

	json_object_del(repo_body(world->repo, "targets"), "delegations");
	repo_delegate(world->repo, "targets", "A", rule_paths("*", false));
	repo_target(world->repo, "targets", "file", "content");
	world->repo->hashes = true;
	repo_publish(world->repo);
	bytes = repo_bytes(world->repo, roles[type]);
	doc = json_loads(bytes, 0, NULL);
	free(bytes);
	return doc;
}

static int load(json_t *doc, enum tuf_type type, struct tuf_error *err)
{
	char *bytes = json_dumps(doc, 0);
	struct tuf_metadata *metadata;
	int rc;

	*err = (struct tuf_error){ 0 };
	rc = tuf_metadata_load(type, bytes, strlen(bytes), &metadata, err);
	if (!rc)
		tuf_metadata_free(metadata);
	free(bytes);
	return rc;
}

/* @text: what is wrong with it; NULL: nothing. */
struct form {
	const char *path;
	const char *value;
	const char *section;
	const char *text;
};

static void try_forms(struct world *world, enum tuf_type type,
		      const struct form *forms, size_t count)
{
	json_t *right = document(world, type);
	struct tuf_error err;
	size_t i;

	assert_int_equal(load(right, type, &err), 0);
	for (i = 0; i < count; i++) {
		json_t *doc = json_deep_copy(right);
		const struct form *form = &forms[i];
		int rc;

		edit(doc, form->path, form->value);
		rc = load(doc, type, &err);
		if (form->text ? rc != -TUF_FORMAT || !strstr(err.text, form->text) ||
				 strcmp(err.section, form->section) : rc)
			fail_msg("%s = %s: %d %s", form->path,
				 form->value ? form->value : "nothing", rc, err.text);
		json_decref(doc);
	}
	json_decref(right);
}

#define FORMS(state, type, ...) do { \
	static const struct form forms[] = { __VA_ARGS__ }; \
	try_forms(*state, type, forms, ARRAY_SIZE(forms)); \
} while (0)

static void all_metadata(void **state)
{
#define ALL \
	{ "signatures", NULL, "4.2.1", "no list of signatures" }, \
	{ "signatures", "{}", "4.2.1", "no list of signatures" }, \
	{ "signatures", "[1]", "4.2.1", "a signature without keyid or sig" }, \
	{ "signatures/0/keyid", NULL, "4.2.1", "a signature without keyid" }, \
	{ "signatures/0/sig", "7", "4.2.1", "a signature without keyid or sig" }, \
	{ "signatures", "[]", NULL, NULL }, \
	{ "signatures/0/more", "7", NULL, NULL }, \
	{ "signed", NULL, "4.2.1", "_type" }, \
	{ "signed", "[]", "4.2.1", "_type" }, \
	{ "signed", "\"text\"", "4.2.1", "_type" }, \
	{ "signed/_type", NULL, "4.2.1", "its _type is \"\"" }, \
	{ "signed/_type", "7", "4.2.1", "its _type is \"\"" }, \
	{ "signed/_type", "\"mirrors\"", "4.2.1", "its _type is \"mirrors\"" }, \
	{ "signed/spec_version", NULL, "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "1", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"2.0.0\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"0.9\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"10.0\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1.\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1.0.x\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1.0a\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1.0.3.4\"", "4.3", "spec_version is not 1.x" }, \
	{ "signed/spec_version", "\"1.99\"", NULL, NULL }, \
	{ "signed/version", NULL, "4.3", "no version of 1 or more" }, \
	{ "signed/version", "0", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "-1", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "1.5", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "1.0", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "\"1\"", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "true", "4.3", "no version of 1 or more" }, \
	{ "signed/version", "9223372036854775807", "4.3", "no version" }, \
	{ "signed/version", "9223372036854775806", NULL, NULL }, \
	{ "signed/expires", NULL, "4.2.3", "expires is not YYYY-MM-DD" }, \
	{ "signed/expires", "4102444800", "4.2.3", "expires is not YYYY-MM-DD" }, \
	{ "signed/expires", "\"2090-01-01\"", "4.2.3", "expires is not" }, \
	{ "signed/expires", "\"\"", "4.2.3", "expires is not" }, \
	{ "signed/more", "{\"of\": [1, null]}", NULL, NULL }, \
	{ "more", "7", NULL, NULL }

	FORMS(state, TUF_ROOT, ALL);
	FORMS(state, TUF_TIMESTAMP, ALL);
	FORMS(state, TUF_SNAPSHOT, ALL);
	FORMS(state, TUF_TARGETS, ALL);
}

static void root_metadata(void **state)
{
	FORMS(state, TUF_ROOT,
	      { "signed/consistent_snapshot", "1", "4.3", "is no boolean" },
	      { "signed/consistent_snapshot", "\"true\"", "4.3", "is no boolean" },
	      { "signed/consistent_snapshot", NULL, NULL, NULL },
	      { "signed/keys", NULL, "4.3", "no keys or no roles" },
	      { "signed/keys", "[]", "4.3", "no keys or no roles" },
	      { "signed/keys", "{\"" HEX "\": 7}", "4.3", "a key without" },
	      { "signed/keys", "{\"x\": {\"keytype\": \"rsa\", \"scheme\": \"s\"}}",
		"4.3", "a key without keytype, scheme or keyval" },
	      { "signed/keys", "{\"x\": {\"keytype\": \"rsa\", \"keyval\": {}}}",
		"4.3", "a key without keytype, scheme or keyval" },
	      { "signed/keys", "{\"x\": {\"scheme\": \"rsa\", \"keyval\": {}}}",
		"4.3", "a key without keytype, scheme or keyval" },
	      { "signed/keys", "{}", NULL, NULL },
	      { "signed/roles", NULL, "4.3", "no keys or no roles" },
	      { "signed/roles", "[]", "4.3", "no keys or no roles" },
	      { "signed/roles/root", NULL, "4.3", "no list" },
	      { "signed/roles/timestamp", NULL, "4.3", "no list" },
	      { "signed/roles/snapshot", NULL, "4.3", "no list" },
	      { "signed/roles/targets", NULL, "4.3", "no list" },
	      { "signed/roles/targets", "7", "4.3", "no list" },
	      { "signed/roles/targets/keyids", NULL, "4.3", "no list" },
	      { "signed/roles/targets/keyids", "[7]", "4.3", "that is no string" },
	      { "signed/roles/targets/keyids", "[\"a\", \"b\", \"a\"]", "4.3",
		"the same twice in a list" },
	      { "signed/roles/targets/keyids", "[\"a\", \"b\"]", NULL, NULL },
	      { "signed/roles/targets/threshold", NULL, "4.3", "threshold below 1" },
	      { "signed/roles/targets/threshold", "0", "4.3", "threshold below 1" },
	      { "signed/roles/targets/threshold", "-3", "4.3", "threshold below 1" },
	      { "signed/roles/targets/threshold", "1.5", "4.3", "threshold below 1" },
	      { "signed/roles/targets/threshold", "\"1\"", "4.3",
		"threshold below 1" },
	      { "signed/roles/targets/threshold", "100", NULL, NULL },
	      { "signed/roles/mirrors", "{}", NULL, NULL });
}

#define FILES(path, section) \
	{ path, "7", section, "version below 1" }, \
	{ path "/version", NULL, section, "a version below 1" }, \
	{ path "/version", "0", section, "a version below 1" }, \
	{ path "/version", "-1", section, "a version below 1" }, \
	{ path "/version", "1.5", section, "a version below 1" }, \
	{ path "/length", "0", section, "a length below 1" }, \
	{ path "/length", "-1", section, "a length below 1" }, \
	{ path "/length", "\"7\"", section, "a length below 1" }, \
	{ path "/length", "null", section, "a length below 1" }, \
	{ path "/length", NULL, NULL, NULL }, \
	{ path "/hashes", "{}", section, "hashes that are none" }, \
	{ path "/hashes", "[]", section, "hashes that are none" }, \
	{ path "/hashes", "null", section, "hashes that are none" }, \
	{ path "/hashes", "{\"sha256\": 7}", section, "that is no string" }, \
	{ path "/hashes", NULL, NULL, NULL }

static void timestamp_metadata(void **state)
{
	FORMS(state, TUF_TIMESTAMP,
	      { "signed/meta", NULL, "4.6", "version below 1" },
	      { "signed/meta", "[]", "4.6", "version below 1" },
	      { "signed/meta/snapshot.json", NULL, "4.6", "version below 1" },
	      FILES("signed/meta/snapshot.json", "4.6"));
}

static void snapshot_metadata(void **state)
{
	FORMS(state, TUF_SNAPSHOT,
	      { "signed/meta", NULL, "4.4", "no meta" },
	      { "signed/meta", "[]", "4.4", "no meta" },
	      FILES("signed/meta/targets.json", "4.4"),
	      FILES("signed/meta/A.json", "4.4"));
}

static void targets_metadata(void **state)
{
	FORMS(state, TUF_TARGETS,
	      { "signed/targets", NULL, "4.5", "no targets" },
	      { "signed/targets", "[]", "4.5", "no targets" },
	      { "signed/targets/file", "7", "4.5", "a target without a length" },
	      { "signed/targets/file/length", NULL, "4.5", "without a length" },
	      { "signed/targets/file/length", "-1", "4.5", "without a length" },
	      { "signed/targets/file/length", "1.0", "4.5", "without a length" },
	      { "signed/targets/file/length", "0", NULL, NULL },
	      { "signed/targets/file/hashes", NULL, "4.5", "hashes that are none" },
	      { "signed/targets/file/hashes", "{}", "4.5", "hashes that are none" },
	      { "signed/targets/file/hashes/sha256", "1", "4.5", "is no string" },
	      { "signed/targets/file/custom", "7", "4.5", "custom is no object" },
	      { "signed/targets/file/custom", "null", "4.5", "custom is no object" },
	      { "signed/targets/file/custom", "{\"a\": [1]}", NULL, NULL },
	      { "signed/delegations", NULL, NULL, NULL });
}

static void delegations_metadata(void **state)
{
#define ROLE	"signed/delegations/roles/0"
	FORMS(state, TUF_TARGETS,
	      { "signed/delegations", "7", "4.5", "delegations without keys" },
	      { "signed/delegations", "null", "4.5", "delegations without keys" },
	      { "signed/delegations/keys", NULL, "4.5", "delegations without keys" },
	      { "signed/delegations/keys", "[]", "4.5", "delegations without keys" },
	      { "signed/delegations/keys", "{\"x\": {}}", "4.5", "a key without" },
	      { "signed/delegations/roles", NULL, "4.5", "not one of roles and" },
	      { "signed/delegations/roles", "{}", "4.5", "roles are no list" },
	      { "signed/delegations/roles", "[]", NULL, NULL },
	      { ROLE, "7", "4.5", "no list" },
	      { ROLE "/name", NULL, "4.5", "a delegation without a name" },
	      { ROLE "/name", "7", "4.5", "a delegation without a name" },
	      { ROLE "/name", "\"\"", "4.5", "a delegation without a name" },
	      { ROLE "/name", "\"root\"", "4.5", "to a top-level role" },
	      { ROLE "/name", "\"timestamp\"", "4.5", "to a top-level role" },
	      { ROLE "/name", "\"snapshot\"", "4.5", "to a top-level role" },
	      { ROLE "/name", "\"targets\"", "4.5", "to a top-level role" },
	      { ROLE "/keyids", NULL, "4.5", "no list" },
	      { ROLE "/keyids", "[\"a\", \"a\"]", "4.5", "the same twice" },
	      { ROLE "/threshold", "0", "4.5", "a threshold below 1" },
	      { ROLE "/terminating", NULL, "4.5", "without terminating" },
	      { ROLE "/terminating", "1", "4.5", "without terminating" },
	      { ROLE "/paths", NULL, "4.5", "not one of paths and" },
	      { ROLE "/path_hash_prefixes", "[]", "4.5", "not one of paths and" },
	      { ROLE "/paths", "7", "4.5", "paths are no list" },
	      { ROLE "/paths", "[7]", "4.5", "that is no string" },
	      { ROLE "/paths", "[]", NULL, NULL },
	      { ROLE "/more", "[]", NULL, NULL });
}

static void delegations_to_one_name_twice(void **state)
{
	struct world *world = *state;
	json_t *doc = document(world, TUF_TARGETS), *roles;
	struct tuf_error err;

	roles = json_object_get(json_object_get(json_object_get(doc, "signed"),
						"delegations"), "roles");
	json_array_append_new(roles, json_deep_copy(json_array_get(roles, 0)));
	assert_int_equal(load(doc, TUF_TARGETS, &err), -TUF_FORMAT);
	assert_non_null(strstr(err.text, "two delegations to one name"));
	json_decref(doc);
}

static void prefixes_metadata(void **state)
{
	struct world *world = *state;
	json_t *doc = document(world, TUF_TARGETS);
	struct tuf_error err;

	edit(doc, ROLE "/paths", NULL);
	edit(doc, ROLE "/path_hash_prefixes", "7");
	assert_int_equal(load(doc, TUF_TARGETS, &err), -TUF_FORMAT);
	edit(doc, ROLE "/path_hash_prefixes", "[7]");
	assert_int_equal(load(doc, TUF_TARGETS, &err), -TUF_FORMAT);
	edit(doc, ROLE "/path_hash_prefixes", "[\"a7\"]");
	assert_int_equal(load(doc, TUF_TARGETS, &err), 0);
	json_decref(doc);
}

static void succinct_metadata(void **state)
{
	struct world *world = *state;
	json_t *doc = document(world, TUF_TARGETS);
	struct tuf_error err;
	size_t i;
	static const struct form forms[] = {
		{ "keyids", "7", NULL, "no list" },
		{ "threshold", "0", NULL, "a threshold below 1" },
		{ "bit_length", "\"8\"", NULL, "a bit_length beyond 1 to 32" },
		{ "bit_length", "-8", NULL, "a bit_length beyond 1 to 32" },
		{ "name_prefix", "7", NULL, "succinct_roles without name_prefix" },
		{ "name_prefix", "\"\"", NULL, "succinct_roles without name_prefix" },
	};

	edit(doc, "signed/delegations/roles", NULL);
	edit(doc, "signed/delegations/succinct_roles", "{\"keyids\": [], "
	     "\"threshold\": 1, \"bit_length\": 8, \"name_prefix\": \"bin\"}");
	assert_int_equal(load(doc, TUF_TARGETS, &err), 0);
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		json_t *wrong = json_deep_copy(doc);
		char path[64];

		snprintf(path, sizeof(path), "signed/delegations/succinct_roles/%s",
			 forms[i].path);
		edit(wrong, path, forms[i].value);
		assert_int_equal(load(wrong, TUF_TARGETS, &err), -TUF_FORMAT);
		assert_non_null(strstr(err.text, forms[i].text));
		json_decref(wrong);
	}
	json_decref(doc);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T12:34:56Z", 951827696 },
		{ "2030-01-01T00:00:00Z", 1893456000 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2030-02-29T00:00:00Z", -1 },
		{ "2030-06-31T00:00:00Z", -1 },
		{ "2030-13-01T00:00:00Z", -1 },
		{ "2030-00-01T00:00:00Z", -1 },
		{ "2030-01-00T00:00:00Z", -1 },
		{ "2030-01-01T24:00:00Z", -1 },
		{ "2030-01-01T00:60:00Z", -1 },
		{ "2030-01-01T00:00:61Z", -1 },
		{ "2030-01-01T00:00:00", -1 },
		{ "2030-01-01T00:00:00z", -1 },
		{ "2030-01-01 00:00:00Z", -1 },
		{ "2030-01-01T00:00:00.5Z", -1 },
		{ "2030-01-01T00:00:00+01:00", -1 },
		{ "2030-01-01T00:00:00ZZ", -1 },
		{ "+030-01-01T00:00:00Z", -1 },
		{ "20300-01-01T00:00:00Z", -1 },
		{ "", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (tuf_time_parse(cases[i].text) != cases[i].time)
			fail_msg("%s: %lld", cases[i].text,
				 (long long)tuf_time_parse(cases[i].text));
}

int test_form(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(all_metadata),
		in_world(root_metadata),
		in_world(timestamp_metadata),
		in_world(snapshot_metadata),
		in_world(targets_metadata),
		in_world(delegations_metadata),
		in_world(delegations_to_one_name_twice),
		in_world(prefixes_metadata),
		in_world(succinct_metadata),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
