// SPDX-License-Identifier: MIT
/*
 * A target's file (5.7).
 */
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define CONTENT	"the one that is right"

/* Where the file of "file" lies on the server. */
static char *place(void)
{
	char *hash = hash_of("sha256", CONTENT, strlen(CONTENT)), *path;

	if (asprintf(&path, "/targets/%s.file", hash) < 0)
		abort();
	free(hash);
	return path;
}

static json_t *entry(struct world *world)
{
	return json_object_get(json_object_get(repo_body(world->repo, "targets"),
					       "targets"), "file");
}

static void begin(struct world *world)
{
	repo_target(world->repo, "targets", "file", CONTENT);
	world_begin(world);
}

static void rule(struct world *world, enum behaviour what, long number,
		 const char *text)
{
	char *path = place();

	server_rule(world->server, path, what, number, text);
	free(path);
}

#define denies(world, check, text) \
	world_denies(world, "file", check, "targets", 0, "5.7.3", text)

static void target_is_had(void **state)
{
	begin(*state);
	world_delivers(*state, "file", CONTENT);
}

static void target_nobody_lists(void **state)
{
	begin(*state);
	world_denies((struct world *)*state, "other", TUF_NO_TARGET, "", 0, "5.7.2",
		     "other");
}

static void empty_target(void **state)
{
	struct world *world = *state;

	repo_target(world->repo, "targets", "nothing", "");
	world_begin(world);
	world_delivers(world, "nothing", "");
}

static void target_of_another_content(void **state)
{
	begin(*state);
	rule(*state, TEXT, 0, "the one that is wrong");
	denies((struct world *)*state, TUF_HASH, "its sha256 is not the one announced");
}

static void target_that_is_shorter(void **state)
{
	begin(*state);
	rule(*state, TEXT, 0, "the one that");
	denies((struct world *)*state, TUF_HASH, "file: 12 bytes, not 21");
}

static void target_that_is_longer(void **state)
{
	begin(*state);
	rule(*state, TEXT, 0, CONTENT " and more");
	denies((struct world *)*state, TUF_LIMIT, "more than the 21 bytes");
}

static void target_of_the_greatest_length(void **state)
{
	struct world *world = *state;

	repo_target(world->repo, "targets", "file", CONTENT);
	json_object_set_new(entry(world), "length", json_integer(INT64_MAX));
	world_begin(world);
	denies(world, TUF_HASH, "21 bytes, not 9223372036854775807");
}

static void target_without_an_end(void **state)
{
	begin(*state);
	rule(*state, ENDLESS, 0, NULL);
	denies((struct world *)*state, TUF_LIMIT, "more than the 21 bytes");
	rule(*state, ENDLESS_CHUNKED, 0, NULL);
	denies((struct world *)*state, TUF_LIMIT, "more than the 21 bytes");
}

static void target_that_is_missing(void **state)
{
	begin(*state);
	rule(*state, STATUS, 404, NULL);
	denies((struct world *)*state, TUF_MISSING, "HTTP 404");
}

static void target_of_which_one_hash_is_wrong(void **state)
{
	struct world *world = *state;

	repo_target(world->repo, "targets", "file", CONTENT);
	json_object_set_new(json_object_get(entry(world), "hashes"), "sha512",
			    json_string("00"));
	world_begin(world);
	denies(world, TUF_HASH, "no hash that we know");
	{
		char *hash = hash_of("sha512", "other", 5);

		json_object_set_new(json_object_get(entry(world), "hashes"), "sha512",
				    json_string(hash));
		free(hash);
	}
	repo_push(world->repo, "targets");
	world_works(world);
	denies(world, TUF_HASH, "its sha512 is not the one announced");
}

static void target_by_each_hash(void **state)
{
	static const char *const kinds[][2] = {
		{ "sha256", "sha256" }, { "sha384", "sha384" },
		{ "sha512", "sha512" }, { "sha3-256", "sha3-256" },
		{ "sha3-512", "sha3-512" }, { "blake2b-512", "blake2b512" },
	};
	struct world *world = *state;
	size_t i;

	begin(world);
	repo_set(world->repo, "root", "consistent_snapshot", json_false());
	repo_push(world->repo, "root");
	repo_target(world->repo, "targets", "file", CONTENT);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		char *hash = hash_of(kinds[i][1], CONTENT, strlen(CONTENT));

		json_object_set_new(entry(world), "hashes",
				    json_pack("{s:s}", kinds[i][0], hash));
		free(hash);
		repo_push(world->repo, "targets");
		world_delivers(world, "file", CONTENT);
		json_object_set_new(entry(world), "hashes",
				    json_pack("{s:s}", kinds[i][0], "00"));
		repo_push(world->repo, "targets");
		world_works(world);
		denies(world, TUF_HASH, "no hash that we know");
	}
}

static void target_of_a_weak_hash_alone(void **state)
{
	struct world *world = *state;
	char *hash = hash_of("sha1", CONTENT, strlen(CONTENT));

	repo_target(world->repo, "targets", "file", CONTENT);
	json_object_set_new(entry(world), "hashes", json_pack("{s:s}", "sha1", hash));
	free(hash);
	world_begin(world);
	denies(world, TUF_HASH, "no hash that we know");
}

static void target_that_is_there_is_not_fetched(void **state)
{
	struct world *world = *state;

	begin(world);
	world_delivers(world, "file", CONTENT);
	free(server_asked(world->server));
	world_delivers(world, "file", CONTENT);
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n");
}

static void target_that_was_changed_is_fetched(void **state)
{
	struct world *world = *state;

	begin(world);
	world_delivers(world, "file", CONTENT);
	file_write(world->target_dir, "file", "the one that is wrong");
	world_delivers(world, "file", CONTENT);
	file_write(world->target_dir, "file", CONTENT " and more");
	world_delivers(world, "file", CONTENT);
	file_write(world->target_dir, "file", "");
	world_delivers(world, "file", CONTENT);
}

static void old_target_stays_until_the_new_one_is_right(void **state)
{
	struct world *world = *state;

	begin(world);
	file_write(world->target_dir, "file", "of last year");
	rule(world, TEXT, 0, "the one that is wrong");
	world_works(world);
	denies(world, TUF_HASH, "its sha256");
	rule(world, SERVE, 0, NULL);
	world_delivers(world, "file", CONTENT);
}

static void symbolic_link_is_replaced_not_followed(void **state)
{
	struct world *world = *state;
	char link[300], *outside;

	begin(world);
	file_write(world->folder, "outside", "not to be touched");
	snprintf(link, sizeof(link), "%s/file", world->target_dir);
	assert_int_equal(symlink("../outside", link), 0);
	world_delivers(world, "file", CONTENT);
	outside = file_read(world->folder, "outside");
	assert_string_equal(outside, "not to be touched");
	free(outside);
	/* Not even when it leads to what is right. */
	file_write(world->folder, "outside", CONTENT);
	unlink(link);
	assert_int_equal(symlink("../outside", link), 0);
	world_delivers(world, "file", CONTENT);
}

static void fifo_is_not_waited_for(void **state)
{
	struct world *world = *state;
	char fifo[300];

	begin(world);
	snprintf(fifo, sizeof(fifo), "%s/file", world->target_dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	world_delivers(world, "file", CONTENT);
}

static void what_a_kill_left_is_no_obstacle(void **state)
{
	struct world *world = *state;

	begin(world);
	file_write(world->target_dir, ".tuf-new", "half");
	world_delivers(world, "file", CONTENT);
	assert_false(file_exists(world->target_dir, ".tuf-new"));
}

/* Names are names of files, whatever is in them. */
static void names_do_not_leave_the_folder(void **state)
{
	static const struct {
		const char *name;
		const char *file;
	} cases[] = {
		{ "a/b", "a%2Fb" },
		{ "../evil", "%2E.%2Fevil" },
		{ "a/../../evil", "a%2F..%2F..%2Fevil" },
		{ "/etc/evil", "%2Fetc%2Fevil" },
		{ ".bashrc", "%2Ebashrc" },
		{ "x y", "x%20y" },
		{ "%2F", "%252F" },
		{ "a\nb", "a%0Ab" },
		{ "--help", "--help" },
		{ "\xc3\xa4", "%C3%A4" },
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		repo_target(world->repo, "targets", cases[i].name, "x");
	world_init(world);
	/* Whatever the path is, the content comes. */
	server_rule(world->server, "/metadata/2.root.json", STATUS, 404, NULL);
	server_rule(world->server, "/metadata/timestamp.json", SERVE, 0, NULL);
	server_rule(world->server, "/metadata/1.snapshot.json", SERVE, 0, NULL);
	server_rule(world->server, "/metadata/1.targets.json", SERVE, 0, NULL);
	server_rule(world->server, "*", TEXT, 0, "x");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *got;

		if (world_download(world, cases[i].name))
			fail_msg("%s: %s", cases[i].name, world->err.text);
		got = file_read(world->target_dir, cases[i].file);
		if (!got)
			fail_msg("no %s", cases[i].file);
		assert_string_equal(got, "x");
		free(got);
	}
	assert_false(file_exists(world->folder, "evil"));
}

static void folder_that_is_missing(void **state)
{
	struct world *world = *state;

	begin(world);
	world->options.target_dir = "/nowhere/at/all";
	assert_int_equal(world_download(world, "file"), -TUF_SYSTEM);
	world->options.target_dir = NULL;
	assert_int_equal(world_download(world, "file"), -TUF_ARGUMENT);
}

/* A repository carried on a medium: a folder, or a URL of one. */
static void repository_in_a_folder(void **state)
{
	struct world *world = *state;
	char metadata[300], targets[300];

	repo_delegate(world->repo, "targets", "team/a", rule_paths("x y/*", true));
	repo_target(world->repo, "team/a", "x y/%41", CONTENT);
	repo_target(world->repo, "targets", "file", CONTENT);
	world_begin(world);
	snprintf(metadata, sizeof(metadata), "%s/repo/metadata", world->folder);
	snprintf(targets, sizeof(targets), "%s/repo/targets//", world->folder);
	world->metadata_urls[0] = metadata;
	world->target_urls[0] = targets;
	world_delivers(world, "file", CONTENT);
	assert_int_equal(world_download(world, "x y/%41"), 0);
	assert_true(file_exists(world->target_dir, "x%20y%2F%2541"));
	snprintf(metadata, sizeof(metadata), "file://%s/repo/metadata/",
		 world->folder);
	snprintf(targets, sizeof(targets), "FILE://%s/repo/targets", world->folder);
	file_write(world->target_dir, "file", "wrong");
	repo_push(world->repo, "targets");
	world_delivers(world, "file", CONTENT);
	world_has(world, "targets");
	world_asked(world, "");
}

static void path_that_leads_out_of_a_medium(void **state)
{
	static const char *const names[] = {
		"../secret", "a/../../secret", "/secret", "a//b", "./a", "..",
	};
	struct world *world = *state;
	char folder[300];
	size_t i;

	repo_set(world->repo, "root", "consistent_snapshot", json_false());
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char *hash = hash_of("sha256", "secret", 6);

		json_object_set_new(json_object_get(repo_body(world->repo, "targets"),
						    "targets"), names[i],
				    json_pack("{s:i,s:{s:s}}", "length", 6, "hashes",
					      "sha256", hash));
		free(hash);
	}
	world_begin(world);
	repo_file(world->repo, "secret", "secret", 6);
	snprintf(folder, sizeof(folder), "%s/repo/targets", world->folder);
	world->target_urls[0] = folder;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		world_denies(world, names[i], TUF_MISSING, "targets", 0, "5.7.3",
			     "not a path");
}

static void medium_of_something_else(void **state)
{
	struct world *world = *state;
	char folder[300], name[400], *hash;

	begin(world);
	snprintf(folder, sizeof(folder), "%s/repo/targets", world->folder);
	world->target_urls[0] = folder;
	hash = hash_of("sha256", CONTENT, strlen(CONTENT));
	snprintf(name, sizeof(name), "%s/%s.file", folder, hash);
	free(hash);
	unlink(name);
	denies(world, TUF_MISSING, "No such file");
	assert_int_equal(mkfifo(name, 0600), 0);
	denies(world, TUF_TRANSFER, "not a file");
	unlink(name);
	assert_int_equal(symlink("/dev/zero", name), 0);
	denies(world, TUF_TRANSFER, "not a file");
}

int test_download(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(target_is_had),
		in_world(target_nobody_lists),
		in_world(empty_target),
		in_world(target_of_another_content),
		in_world(target_that_is_shorter),
		in_world(target_that_is_longer),
		in_world(target_of_the_greatest_length),
		in_world(target_without_an_end),
		in_world(target_that_is_missing),
		in_world(target_of_which_one_hash_is_wrong),
		in_world(target_by_each_hash),
		in_world(target_of_a_weak_hash_alone),
		in_world(target_that_is_there_is_not_fetched),
		in_world(target_that_was_changed_is_fetched),
		in_world(old_target_stays_until_the_new_one_is_right),
		in_world(symbolic_link_is_replaced_not_followed),
		in_world(fifo_is_not_waited_for),
		in_world(what_a_kill_left_is_no_obstacle),
		in_world(names_do_not_leave_the_folder),
		in_world(folder_that_is_missing),
		in_world(repository_in_a_folder),
		in_world(path_that_leads_out_of_a_medium),
		in_world(medium_of_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
