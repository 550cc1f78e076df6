// SPDX-License-Identifier: MIT
/*
 * The search for a target through delegations (5.6.7), and what they say (4.5).
 */
#include "test.h"

static const char *const roots[] = {
	"/metadata/2.root.json\n", "/metadata/timestamp.json\n",
	"/metadata/1.snapshot.json\n", "/metadata/1.targets.json\n",
};

/* The roles that are asked for @target, in order, as "A B C". */
static void visits(struct world *world, const char *target, const char *wanted)
{
	char *asked, *from, got[2048] = "", role[256];
	size_t i;

	assert_int_equal(world_try_init(world), 0);
	assert_int_not_equal(world_download(world, target), 0);
	assert_int_equal(world->err.check, TUF_NO_TARGET);
	assert_string_equal(world->err.section, "5.7.2");
	assert_non_null(strstr(world->err.text, target));
	asked = from = server_asked(world->server);
	for (i = 0; i < ARRAY_SIZE(roots); i++) {
		assert_int_equal(strncmp(from, roots[i], strlen(roots[i])), 0);
		from += strlen(roots[i]);
	}
	while (sscanf(from, "/metadata/1.%255[^\n]", role) == 1) {
		*strrchr(role, '.') = 0;
		strcat(got, *got ? " " : "");
		strcat(got, role);
		from = strchr(from, '\n') + 1;
	}
	assert_string_equal(got, wanted);
	free(asked);
}

/* "FROM TO PATTERN" or "FROM TO! PATTERN": terminating. */
static void delegate(struct world *world, const char *const *lines)
{
	char from[32], to[32], pattern[64];

	for (; *lines; lines++) {
		bool terminating;

		assert_int_equal(sscanf(*lines, "%31s %31s %63s", from, to, pattern), 3);
		terminating = to[strlen(to) - 1] == '!';
		if (terminating)
			to[strlen(to) - 1] = 0;
		repo_delegate(world->repo, from, to,
			      rule_paths(pattern, terminating));
	}
	repo_publish(world->repo);
}

#define DELEGATE(world, ...) \
	delegate(world, (const char *const[]){ __VA_ARGS__, NULL })

static void roles_are_asked_depth_first_in_order(void **state)
{
	DELEGATE(*state, "targets A *", "targets B *", "A C *", "A D *", "C E *");
	visits(*state, "file", "A C E D B");
}

static void role_is_asked_once(void **state)
{
	DELEGATE(*state, "targets A *", "targets B *", "B C *", "A C *", "C A *",
		 "C B *");
	visits(*state, "file", "A C B");
}

static void role_that_terminates_ends_the_search(void **state)
{
	DELEGATE(*state, "targets A *", "targets B *", "A C! *", "A D *", "C E *");
	visits(*state, "file", "A C E");
}

static void role_that_terminates_elsewhere_ends_nothing(void **state)
{
	DELEGATE(*state, "targets A! *.zip", "targets B *", "B C! x*");
	visits(*state, "file", "B");
}

static void role_out_of_its_paths_is_not_asked(void **state)
{
	DELEGATE(*state, "targets A *.py", "targets B */x", "targets C fi?e",
		 "C D other");
	visits(*state, "file", "C");
}

static void delegated_target_is_had(void **state)
{
	struct world *world = *state;

	repo_delegate(world->repo, "targets", "A", rule_paths("a/*", false));
	repo_delegate(world->repo, "A", "B", rule_paths("a/b*", true));
	repo_target(world->repo, "B", "a/bee", "of b");
	world_init(world);
	world_delivers(world, "a/bee", "of b");
}

/* The one that is asked first counts, whatever later ones say. */
static void first_role_counts(void **state)
{
	struct world *world = *state;

	repo_delegate(world->repo, "targets", "A", rule_paths("*", false));
	repo_delegate(world->repo, "targets", "B", rule_paths("*", false));
	repo_target(world->repo, "A", "file", "of a");
	repo_target(world->repo, "B", "file", "of b");
	world_init(world);
	world_delivers(world, "file", "of a");
}

static void role_has_no_say_outside_its_paths(void **state)
{
	struct world *world = *state;

	repo_delegate(world->repo, "targets", "A", rule_paths("a/*", false));
	repo_delegate(world->repo, "A", "B", rule_paths("*", false));
	repo_target(world->repo, "B", "b/file", "of b");
	world_init(world);
	assert_int_equal(world_download(world, "b/file"), -TUF_NO_TARGET);
}

static void patterns_are_those_of_a_shell(void **state)
{
	static const struct {
		const char *pattern;
		const char *path;
		bool match;
	} cases[] = {
		{ "*", "file", true },
		{ "*", "folder/file", false },
		{ "*", "", true },
		{ "*.tgz", "x.tgz", true },
		{ "*.tgz", "x.zip", false },
		{ "folder/*", "folder/file", true },
		{ "folder/*", "folder/sub/file", false },
		{ "folder/*/*", "folder/sub/file", true },
		{ "folder/*/*", "folder/file", false },
		{ "foo-?.bin", "foo-2.bin", true },
		{ "foo-?.bin", "foo-22.bin", false },
		{ "a?b", "a/b", false },
		{ "[ab]c", "bc", true },
		{ "[!ab]c", "bc", false },
		{ "FILE", "file", false },
		{ "a\\*", "a*", false },
		{ "a\\*", "a\\b", true },
		{ ".hidden", ".hidden", true },
		{ "*", ".hidden", true },
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_object_del(repo_body(world->repo, "targets"), "delegations");
		repo_delegate(world->repo, "targets", "A",
			      rule_paths(cases[i].pattern, false));
		repo_publish(world->repo);
		assert_int_equal(world_try_init(world), 0);
		{
			char command[256];

			snprintf(command, sizeof(command), "rm -f '%s'/[!r]*.json",
				 world->metadata_dir);
			assert_int_equal(system(command), 0);
		}
		free(server_asked(world->server));
		assert_int_equal(world_download(world, cases[i].path), -TUF_NO_TARGET);
		{
			char *asked = server_asked(world->server);

			if (!strstr(asked, "/metadata/1.A.json") == cases[i].match)
				fail_msg("%s and %s", cases[i].pattern, cases[i].path);
			free(asked);
		}
	}
}

/* Patterns come from whoever may delegate; matching must not take for ever. */
static void pattern_of_many_stars_ends(void **state)
{
	struct world *world = *state;
	char pattern[200] = "", path[200];
	int i;

	for (i = 0; i < 40; i++)
		strcat(pattern, "*a");
	strcat(pattern, "*b");
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	repo_delegate(world->repo, "targets", "A", rule_paths(pattern, false));
	repo_publish(world->repo);
	visits(world, path, "");
}

static void rule_by_prefix(struct world *world, const char *role,
			   const char *prefix)
{
	repo_delegate(world->repo, "targets", role,
		      json_pack("{s:[s], s:b}", "path_hash_prefixes", prefix,
				"terminating", 0));
}

static void hash_prefixes_choose(void **state)
{
	struct world *world = *state;
	char *hash = hash_of("sha256", "file", 4), other[3];

	rule_by_prefix(world, "A", "");
	snprintf(other, sizeof(other), "%c", hash[0] == '0' ? '1' : '0');
	rule_by_prefix(world, "B", other);
	snprintf(other, sizeof(other), "%.2s", hash);
	rule_by_prefix(world, "C", other);
	rule_by_prefix(world, "D", hash);
	hash[63] = hash[63] == '0' ? '1' : '0';
	rule_by_prefix(world, "E", hash);
	free(hash);
	repo_publish(world->repo);
	visits(world, "file", "A C D");
}

static void prefix_longer_than_a_hash_matches_nothing(void **state)
{
	struct world *world = *state;
	char *hash = hash_of("sha256", "file", 4), longer[80];

	snprintf(longer, sizeof(longer), "%s00", hash);
	free(hash);
	rule_by_prefix(world, "A", longer);
	repo_publish(world->repo);
	visits(world, "file", "");
}

static void chain(struct world *world, int length)
{
	char from[32] = "targets", to[32];
	int i;

	for (i = 1; i <= length; i++) {
		snprintf(to, sizeof(to), "R%d", i);
		repo_delegate(world->repo, from, to, rule_paths("*", false));
		strcpy(from, to);
	}
	repo_target(world->repo, from, "file", "at the end");
	world_init(world);
}

static void delegations_16_deep_are_followed(void **state)
{
	chain(*state, TUF_DEPTH_MAX);
	world_delivers(*state, "file", "at the end");
}

static void delegations_17_deep_are_not(void **state)
{
	chain(*state, TUF_DEPTH_MAX + 1);
	world_works(*state);
	assert_int_equal(world_download(*state, "file"), -TUF_LIMIT);
	world_denies((struct world *)*state, "file", TUF_LIMIT, "R17", 0, "5.6.7.1",
		     "more than 16 delegations behind each other");
}

static void many(struct world *world, int count)
{
	char role[32];
	int i;

	for (i = 1; i <= count; i++) {
		snprintf(role, sizeof(role), "R%d", i);
		repo_delegate(world->repo, "targets", role, rule_paths("*", false));
	}
	repo_target(world->repo, role, "file", "of the last");
	world_init(world);
}

static void roles_asked_for_one_target_32(void **state)
{
	many(*state, TUF_ROLES_MAX - 1);
	world_delivers(*state, "file", "of the last");
}

static void roles_asked_for_one_target_33(void **state)
{
	many(*state, TUF_ROLES_MAX);
	assert_int_equal(world_download(*state, "file"), -TUF_LIMIT);
	world_denies((struct world *)*state, "file", TUF_LIMIT, "R32", 0, "5.6.7.1",
		     "more than 32 roles to ask for one target");
}

/* Names are names: no path, no option, no other role's file. */
static void role_names_are_quoted(void **state)
{
	static const struct {
		const char *role;
		const char *asked;
		const char *stored;
	} cases[] = {
		{ "a/b", "/metadata/1.a%2Fb.json", "a%2Fb.json" },
		{ "../../root", "/metadata/1...%2F..%2Froot.json",
		  "%2E.%2F..%2Froot.json" },
		{ ".new", "/metadata/1..new.json", "%2Enew.json" },
		{ "x y?#", "/metadata/1.x%20y%3F%23.json", "x%20y%3F%23.json" },
		{ "\xc3\xa4", "/metadata/1.%C3%A4.json", "%C3%A4.json" },
		{ "2.targets", "/metadata/1.2.targets.json", "2.targets.json" },
		{ "%41", "/metadata/1.%2541.json", "%2541.json" },
		{ ".", "/metadata/1...json", "%2E.json" },
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char pattern[16], file[24];

		snprintf(pattern, sizeof(pattern), "%zu/*", i);
		snprintf(file, sizeof(file), "%zu/file", i);
		repo_delegate(world->repo, "targets", cases[i].role,
			      rule_paths(pattern, true));
		repo_target(world->repo, cases[i].role, file, cases[i].stored);
	}
	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char file[24], *asked;

		snprintf(file, sizeof(file), "%zu/file", i);
		world_delivers(world, file, cases[i].stored);
		asked = server_asked(world->server);
		if (!strstr(asked, cases[i].asked))
			fail_msg("%s: asked for %s", cases[i].role, asked);
		free(asked);
		assert_true(file_exists(world->metadata_dir, cases[i].stored));
	}
	assert_int_equal(world_stored_version(world, "root"), 1);
	assert_true(file_exists(world->metadata_dir, "targets.json"));
}

static void error_stays_one_line(void **state)
{
	struct world *world = *state;
	const char *role = "a\nb\033[2Jc\177";

	repo_delegate(world->repo, "targets", role, rule_paths("*", true));
	repo_unsign(world->repo, role);
	world_init(world);
	assert_int_equal(world_download(world, "file"), -TUF_SIGNATURE);
	assert_non_null(strstr(world->err.text, "a?b?[2Jc?"));
	assert_null(strpbrk(world->err.text, "\n\033\177"));
}

static void keys_of_root_count_for_no_delegation(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "targets");

	repo_delegate(world->repo, "targets", "A", rule_paths("*", false));
	json_object_set_new(repo_rule(world->repo, "targets", "A"), "keyids",
			    json_pack("[s]", key->id));
	repo_unsign(world->repo, "A");
	repo_sign(world->repo, "A", key);
	world_begin(world);
	world_denies(world, "file", TUF_SIGNATURE, "A", 1, "5.6.3",
		     "signed by 0 of the 1");
}

static void threshold_of_a_delegation(void **state)
{
	struct world *world = *state;
	const struct key *key = key_of(ED25519, "A2");
	json_t *rule;

	repo_delegate(world->repo, "targets", "A", rule_paths("*", false));
	repo_target(world->repo, "A", "file", "of a");
	rule = repo_rule(world->repo, "targets", "A");
	json_object_set_new(rule, "threshold", json_integer(2));
	json_array_append_new(json_object_get(rule, "keyids"), json_string(key->id));
	json_object_set(json_object_get(json_object_get(repo_body(world->repo,
								  "targets"),
							"delegations"), "keys"),
			key->id, key->object);
	world_begin(world);
	world_denies(world, "file", TUF_SIGNATURE, "A", 1, "5.6.3",
		     "signed by 1 of the 2");
	repo_sign(world->repo, "A", key);
	repo_push(world->repo, "A");
	world_delivers(world, "file", "of a");
}

/* One role under two delegators: each says for itself who may sign. */
static void each_delegator_asks_for_its_own_keys(void **state)
{
	struct world *world = *state;
	json_t *rule;

	repo_delegate(world->repo, "targets", "A", rule_paths("a/*", false));
	repo_delegate(world->repo, "targets", "C", rule_paths("c/*", false));
	repo_delegate(world->repo, "A", "C", rule_paths("a/*", false));
	rule = repo_rule(world->repo, "A", "C");
	json_object_set_new(rule, "keyids",
			    json_pack("[s]", key_of(ED25519, "eve")->id));
	repo_target(world->repo, "C", "c/file", "of c");
	repo_target(world->repo, "C", "a/file", "of c");
	world_begin(world);
	world_delivers(world, "c/file", "of c");
	assert_int_equal(world_download(world, "a/file"), -TUF_SIGNATURE);
	world_denies(world, "a/file", TUF_SIGNATURE, "C", 1, "5.6.3",
		     "signed by 0 of the 1");
}

static void custom_is_handed_on(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;
	struct tuf_target *target;

	repo_target(world->repo, "targets", "file", "with custom");
	json_object_set_new(json_object_get(json_object_get(repo_body(world->repo,
								      "targets"),
							    "targets"), "file"),
			    "custom", json_pack("{s:[i,s]}", "svn", 7, "x"));
	world_init(world);
	assert_int_equal(tuf_client_new(&world->options, &client, &world->err), 0);
	assert_int_equal(tuf_client_find(client, "file", &target, &world->err), 0);
	assert_string_equal(target->custom, "{\"svn\":[7,\"x\"]}");
	assert_string_equal(target->role, "targets");
	assert_string_equal(target->path, "file");
	assert_int_equal(target->length, 11);
	tuf_target_free(target);
	tuf_client_free(client);
}

static void no_consistent_snapshot(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "root", "consistent_snapshot", json_false());
	repo_delegate(world->repo, "targets", "A", rule_paths("a/*", false));
	repo_target(world->repo, "A", "a/file", "of a");
	world_init(world);
	world_delivers(world, "a/file", "of a");
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n"
		    "/metadata/snapshot.json\n/metadata/targets.json\n"
		    "/metadata/A.json\n/targets/a/file\n");
}

static void consistent_snapshot_by_names(void **state)
{
	struct world *world = *state;
	char *hash = hash_of("sha256", "of a", 4), wanted[400];

	repo_delegate(world->repo, "targets", "A", rule_paths("a/*", false));
	repo_target(world->repo, "A", "a/file", "of a");
	world_init(world);
	world_delivers(world, "a/file", "of a");
	snprintf(wanted, sizeof(wanted), "/metadata/2.root.json\n"
		 "/metadata/timestamp.json\n/metadata/1.snapshot.json\n"
		 "/metadata/1.targets.json\n/metadata/1.A.json\n"
		 "/targets/a/%s.file\n", hash);
	free(hash);
	world_asked(world, wanted);
}

int test_delegate(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(roles_are_asked_depth_first_in_order),
		in_world(role_is_asked_once),
		in_world(role_that_terminates_ends_the_search),
		in_world(role_that_terminates_elsewhere_ends_nothing),
		in_world(role_out_of_its_paths_is_not_asked),
		in_world(delegated_target_is_had),
		in_world(first_role_counts),
		in_world(role_has_no_say_outside_its_paths),
		in_world(patterns_are_those_of_a_shell),
		in_world(pattern_of_many_stars_ends),
		in_world(hash_prefixes_choose),
		in_world(prefix_longer_than_a_hash_matches_nothing),
		in_world(delegations_16_deep_are_followed),
		in_world(delegations_17_deep_are_not),
		in_world(roles_asked_for_one_target_32),
		in_world(roles_asked_for_one_target_33),
		in_world(role_names_are_quoted),
		in_world(error_stays_one_line),
		in_world(keys_of_root_count_for_no_delegation),
		in_world(threshold_of_a_delegation),
		in_world(each_delegator_asks_for_its_own_keys),
		in_world(custom_is_handed_on),
		in_world(no_consistent_snapshot),
		in_world(consistent_snapshot_by_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
