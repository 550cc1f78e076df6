// SPDX-License-Identifier: MIT
/*
 * The targets role (5.6), and delegated ones, of which nothing may be believed that
 * is not of the other: each refusal is tried for both.
 */
#include "test.h"

#define DELEGATED	"team/a"

static const char *const roles[] = { "targets", DELEGATED };

static void begin(struct world *world, bool hashes)
{
	world->repo->hashes = hashes;
	repo_delegate(world->repo, "targets", DELEGATED, rule_paths("a/*", true));
	repo_target(world->repo, DELEGATED, "a/file", "of a");
	world_begin(world);
	world_delivers(world, "a/file", "of a");
	free(server_asked(world->server));
}

#define refuses(world, role, check, version, section, text) \
	world_denies(world, "a/file", check, role, version, section, text)

/* What the snapshot says of a role, to be edited before announce(). */
static json_t *announced(struct world *world, const char *role)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.json", role);
	return json_object_get(json_object_get(repo_body(world->repo, "snapshot"),
					       "meta"), name);
}

static void announce(struct world *world)
{
	repo_push(world->repo, "snapshot");
}

static void put(struct world *world, const char *role, const char *bytes)
{
	repo_file(world->repo, strcmp(role, "targets") ?
		  "metadata/2.team%2Fa.json" : "metadata/2.targets.json", bytes,
		  strlen(bytes));
}

static void hash_wrong(struct world *world, const char *role)
{
	char *bytes;

	begin(world, true);
	repo_push(world->repo, role);
	bytes = repo_bytes(world->repo, role);
	bytes[strlen(bytes) - 2] = ' ';
	put(world, role, bytes);
	free(bytes);
	refuses(world, role, TUF_HASH, 0, "5.6.2",
		"its sha256 is not the one announced");
}

static void length_wrong(struct world *world, const char *role)
{
	begin(world, true);
	repo_push(world->repo, role);
	json_object_del(announced(world, role), "hashes");
	json_object_set_new(announced(world, role), "length", json_integer(100000));
	announce(world);
	refuses(world, role, TUF_HASH, 0, "5.6.2", "not 100000");
}

static void longer_than_announced(struct world *world, const char *role)
{
	begin(world, true);
	repo_push(world->repo, role);
	json_object_set_new(announced(world, role), "length", json_integer(10));
	announce(world);
	refuses(world, role, TUF_LIMIT, 2, "5.6.1", "more than the 10 bytes");
}

static void longer_than_allowed(struct world *world, const char *role)
{
	begin(world, false);
	repo_push(world->repo, role);
	server_rule(world->server, strcmp(role, "targets") ?
		    "/metadata/2.team%2Fa.json" : "/metadata/2.targets.json",
		    TOO_LONG, TUF_TARGETS_MAX + 1, NULL);
	refuses(world, role, TUF_LIMIT, 2, "5.6.1", "more than the 5000000 bytes");
}

static void missing(struct world *world, const char *role)
{
	begin(world, false);
	repo_push(world->repo, role);
	repo_remove(world->repo, strcmp(role, "targets") ?
		    "metadata/2.team%2Fa.json" : "metadata/2.targets.json");
	refuses(world, role, TUF_MISSING, 2, "5.6.1", "HTTP 404");
}

static void not_listed(struct world *world, const char *role)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.json", role);
	repo_delegate(world->repo, "targets", DELEGATED, rule_paths("a/*", true));
	repo_publish(world->repo);
	json_object_del(json_object_get(repo_body(world->repo, "snapshot"), "meta"),
			name);
	repo_announced(world->repo, "snapshot");
	assert_int_equal(world_try_init(world), 0);
	refuses(world, role, TUF_MISSING, 0, "5.6.1",
		"the snapshot does not list it");
}

static void unsigned_role(struct world *world, const char *role)
{
	begin(world, false);
	repo_unsign(world->repo, role);
	repo_push(world->repo, role);
	refuses(world, role, TUF_SIGNATURE, 2, "5.6.3", "signed by 0 of the 1");
}

static void signed_by_others(struct world *world, const char *role)
{
	begin(world, false);
	repo_unsign(world->repo, role);
	repo_sign(world->repo, role, key_of(ED25519, "root"));
	repo_sign(world->repo, role, key_of(ED25519, "snapshot"));
	repo_sign(world->repo, role,
		  key_of(ED25519, strcmp(role, "targets") ? "targets" : DELEGATED));
	repo_push(world->repo, role);
	refuses(world, role, TUF_SIGNATURE, 2, "5.6.3", "signed by 0 of the 1");
}

static void version_wrong(struct world *world, const char *role)
{
	char *bytes;

	begin(world, false);
	repo_push(world->repo, role);
	repo_set(world->repo, role, "version", json_integer(3));
	bytes = repo_bytes(world->repo, role);
	put(world, role, bytes);
	free(bytes);
	refuses(world, role, TUF_VERSION, 3, "5.6.4", "announced is 2");
}

static void rolled_back(struct world *world, const char *role)
{
	char text[64];

	begin(world, false);
	repo_push(world->repo, role);
	world_works(world);
	repo_set(world->repo, role, "version", json_integer(1));
	repo_announced(world->repo, role);
	snprintf(text, sizeof(text), "%s.json falls from version 2 to 1", role);
	world_refuses(world, TUF_ROLLBACK, "snapshot", 3, "5.5.5", text);
}

static void expired(struct world *world, const char *role)
{
	begin(world, false);
	repo_set(world->repo, role, "expires", json_string(PAST));
	repo_push(world->repo, role);
	refuses(world, role, TUF_EXPIRED, 2, "5.6.5", "expired on " PAST);
}

static void expired_once_stored(struct world *world, const char *role)
{
	begin(world, false);
	repo_set(world->repo, role, "expires", json_string("2030-01-01T00:00:00Z"));
	repo_push(world->repo, role);
	clock_now = 1893456000 - 1;
	world_delivers(world, "a/file", "of a");
	clock_now = 1893456000;
	refuses(world, role, TUF_EXPIRED, 2, "5.6.5", "expired on 2030");
}

static void of_another_type(struct world *world, const char *role)
{
	begin(world, false);
	repo_set(world->repo, role, "_type", json_string("snapshot"));
	repo_push(world->repo, role);
	refuses(world, role, TUF_FORMAT, 0, "4.2.1", "its _type is \"snapshot\"");
}

/* Who writes into the folder of metadata says nothing that would be believed. */
static void stored_is_checked_again(struct world *world, const char *role)
{
	const char *file = strcmp(role, "targets") ? "team%2Fa.json" : "targets.json";
	char *before, *bytes, *after;

	begin(world, false);
	before = file_read(world->metadata_dir, file);
	assert_non_null(before);
	repo_unsign(world->repo, role);
	repo_target(world->repo, role, "a/file", "of eve");
	bytes = repo_bytes(world->repo, role);
	file_write(world->metadata_dir, file, bytes);
	world_delivers(world, "a/file", "of a");
	after = file_read(world->metadata_dir, file);
	assert_string_equal(before, after);
	free(before);
	free(bytes);
	free(after);
}

static void current_is_not_fetched(struct world *world, const char *role)
{
	(void)role;
	begin(world, false);
	world_delivers(world, "a/file", "of a");
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n");
}

#define BOTH(name) \
	static void name##_targets(void **state) { name(*state, roles[0]); } \
	static void name##_delegated(void **state) { name(*state, roles[1]); }
#define CASES(X) X(hash_wrong) X(length_wrong) X(longer_than_announced) \
	X(longer_than_allowed) X(missing) X(not_listed) X(unsigned_role) \
	X(signed_by_others) X(version_wrong) X(rolled_back) X(expired) \
	X(expired_once_stored) X(of_another_type) X(stored_is_checked_again) \
	X(current_is_not_fetched)

CASES(BOTH)

int test_targets(void)
{
#define TESTS(name) in_world(name##_targets), in_world(name##_delegated),
	static const struct CMUnitTest tests[] = { CASES(TESTS) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
