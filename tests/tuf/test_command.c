// SPDX-License-Identifier: MIT
/*
 * rewire-tuf-client, as whoever calls it sees it: options, exit status, what it
 * prints, and what lies in the folders afterwards.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "test.h"

struct result {
	int status;
	char *out;
	char *err;
};

/* @format: all behind the program's name. @before: in front of it. */
static struct result call(struct world *world, const char *before,
			  const char *format, ...)
{
	const char *program = getenv("TUF_CLIENT");
	char arguments[2048], *command;
	struct result result;
	va_list args;

	assert_non_null(program);
	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	if (asprintf(&command, "cd '%s' && %s %s %s >out 2>err", world->folder,
		     before, program, arguments) < 0)
		abort();
	result.status = system(command);
	assert_true(WIFEXITED(result.status));
	result.status = WEXITSTATUS(result.status);
	result.out = file_read(world->folder, "out");
	result.err = file_read(world->folder, "err");
	free(command);
	return result;
}

static void check(struct result result, int status, const char *out,
		  const char *err, int line)
{
	if (result.status != status || strcmp(result.out, out) ||
	    (*err ? !strstr(result.err, err) : *result.err))
		fail_msg("line %d: %d\nout: %serr: %s", line, result.status,
			 result.out, result.err);
	free(result.out);
	free(result.err);
}

#define expect(world, status, out, err, ...) \
	check(call(world, "", __VA_ARGS__), status, out, err, __LINE__)

static void publish(struct world *world)
{
	char *root;

	repo_target(world->repo, "targets", "file", "content");
	repo_target(world->repo, "targets", "folder/other", "other content");
	repo_publish(world->repo);
	root = repo_bytes(world->repo, "root");
	file_write(world->folder, "root.json", root);
	free(root);
}

#define DIR	"--metadata-dir trusted"

static void init_refresh_download(void **state)
{
	struct world *world = *state;
	const char *url = world->metadata_url, *targets = world->target_url;

	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	world_has(world, "root");
	expect(world, 0, "", "", DIR " --metadata-url %s refresh", url);
	world_has(world, "targets");
	expect(world, 0, "got/file\n", "", DIR " --metadata-url %s --target-name file "
	       "--target-base-url %s --target-dir got download", url, targets);
	world_delivers(world, "file", "content");
}

static void options_stand_anywhere(void **state)
{
	struct world *world = *state;
	const char *url = world->metadata_url, *targets = world->target_url;

	publish(world);
	expect(world, 0, "", "", "init " DIR " root.json");
	expect(world, 0, "", "", "init root.json " DIR);
	expect(world, 0, "", "", "refresh --metadata-url=%s " DIR, url);
	expect(world, 0, "got/folder%2Fother\ngot/file\n", "",
	       "--target-name folder/other " DIR " download --target-name file "
	       "--target-dir got --metadata-url %s --target-base-url %s", url,
	       targets);
}

/* In order; what comes before a failure stays. */
static void targets_in_order(void **state)
{
	struct world *world = *state;
	const char *url = world->metadata_url, *targets = world->target_url;
	json_t *files;

	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	expect(world, 1, "got/file\n", "no such target: missing", DIR
	       " --metadata-url %s --target-base-url %s --target-dir got "
	       "--target-name file --target-name missing --target-name folder/other "
	       "download", url, targets);
	files = listing(world->target_dir);
	assert_int_equal(json_object_size(files), 1);
	assert_string_equal(json_string_value(json_object_get(files, "file")),
			    "content");
	json_decref(files);
}

static void folders_hold_nothing_else(void **state)
{
	struct world *world = *state;
	json_t *files, *value;
	const char *name;

	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	expect(world, 0, "got/file\n", "", DIR " --metadata-url %s --target-name file "
	       "--target-base-url %s --target-dir got download",
	       world->metadata_url, world->target_url);
	files = listing(world->metadata_dir);
	json_object_foreach(files, name, value)
		assert_true(!strcmp(name, "root.json") ||
			    !strcmp(name, "timestamp.json") ||
			    !strcmp(name, "snapshot.json") ||
			    !strcmp(name, "targets.json"));
	assert_int_equal(json_object_size(files), 4);
	json_decref(files);
	world_has(world, "root");
	world_has(world, "timestamp");
	world_has(world, "snapshot");
	world_has(world, "targets");
}

static void failures_are_1_and_say_why(void **state)
{
	struct world *world = *state;
	const char *url = world->metadata_url;

	publish(world);
	expect(world, 1, "", "system: trusted: No such file", DIR
	       " --metadata-url %s refresh", url);
	expect(world, 1, "", "No such file", DIR " init nowhere.json");
	expect(world, 0, "", "", DIR " init root.json");
	repo_set(world->repo, "timestamp", "expires", json_string(PAST));
	repo_push(world->repo, "timestamp");
	expect(world, 1, "", "rewire-tuf-client: timestamp 2: expired: expired on "
	       PAST " (TUF 5.4.4)\n", DIR " --metadata-url %s refresh", url);
	file_write(world->folder, "bad.json", "{}");
	expect(world, 1, "", "root: format", "--metadata-dir new init bad.json");
	assert_false(file_exists(world->folder, "new"));
}

static void misuse_is_1(void **state)
{
	struct world *world = *state;
	char many[2000] = "";
	int i;

	publish(world);
	expect(world, 1, "", "which command?", "");
	expect(world, 1, "", "which command?", DIR);
	expect(world, 1, "", "--metadata-dir is missing", "init root.json");
	expect(world, 1, "", "init takes one root.json", DIR " init");
	expect(world, 1, "", "init takes one root.json", DIR " init a b");
	expect(world, 1, "", "no such command", DIR " update");
	expect(world, 1, "", "too many words", DIR " refresh now");
	expect(world, 1, "", "not known or lacks", DIR " --unknown refresh");
	expect(world, 1, "", "not known or lacks", "refresh --metadata-dir");
	expect(world, 1, "", "--min-speed takes", DIR " --min-speed 0 refresh");
	expect(world, 1, "", "--min-speed takes", DIR " --min-speed -1 refresh");
	expect(world, 1, "", "--patience takes", DIR " --patience 1s refresh");
	expect(world, 1, "", "--patience takes", DIR " --patience '' refresh");
	expect(world, 0, "", "", DIR " init root.json");
	expect(world, 1, "", "no URL for metadata", DIR " refresh");
	expect(world, 1, "", "download needs", DIR " --metadata-url x download");
	expect(world, 1, "", "download needs", DIR " --metadata-url x --target-name y "
	       "--target-dir z download");
	for (i = 0; i < 65; i++)
		strcat(many, "--target-name x ");
	expect(world, 1, "", "too many targets", DIR " %s download", many);
	assert_false(file_exists(world->target_dir, "x"));
}

static void help_is_printed(void **state)
{
	struct result result = call(*state, "", "--help");

	assert_int_equal(result.status, 0);
	assert_non_null(strstr(result.out, "Usage: rewire-tuf-client"));
	assert_string_equal(result.err, "");
	free(result.out);
	free(result.err);
}

static void mirrors_and_speeds(void **state)
{
	struct world *world = *state;

	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	expect(world, 0, "got/file\n", "", DIR " --metadata-url http://127.0.0.1:1/ "
	       "--metadata-url %s --target-base-url http://127.0.0.1:1/ "
	       "--target-base-url %s --target-dir got --target-name file "
	       "--min-speed 10 --patience 5 download", world->metadata_url,
	       world->target_url);
}

static void medium(void **state)
{
	struct world *world = *state;

	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	expect(world, 0, "got/file\n", "", DIR " --metadata-url repo/metadata "
	       "--target-base-url repo/targets --target-dir got --target-name file "
	       "download");
	world_asked(world, "");
}

/* It asks the clock itself, in its own process (and no helper of its does). */
static void clock_can_be_faked(void **state)
{
	static const char fake[] = "env ASAN_OPTIONS=verify_asan_link_order=0 "
				   "faketime -f '%s'";
	struct world *world = *state;
	char before[128], command[256];
	struct tm tm;
	time_t soon = time(NULL) + 7 * 86400;

	gmtime_r(&soon, &tm);
	strftime(before, sizeof(before), "%Y-%m-%dT%H:%M:%SZ", &tm);
	repo_set(world->repo, "timestamp", "expires", json_string(before));
	publish(world);
	expect(world, 0, "", "", DIR " init root.json");
	snprintf(command, sizeof(command), DIR " --metadata-url %s refresh",
		 world->metadata_url);
	snprintf(before, sizeof(before), fake, "+6d");
	check(call(world, before, "%s", command), 0, "", "", __LINE__);
	snprintf(before, sizeof(before), fake, "+8d");
	check(call(world, before, "%s", command), 1, "", "timestamp 1: expired",
	      __LINE__);
	check(call(world, "", "%s", command), 0, "", "", __LINE__);
}

/* A caller without rights must not gain any, nor be kept from faking the clock. */
static void no_capabilities(void **state)
{
	const char *program = getenv("TUF_CLIENT");
	struct stat st;
	char value[64];

	(void)state;
	assert_non_null(program);
	assert_int_equal(stat(program, &st), 0);
	assert_int_equal(st.st_mode & (S_ISUID | S_ISGID), 0);
	assert_true(getxattr(program, "security.capability", value,
			     sizeof(value)) < 0);
}

int test_command(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(init_refresh_download),
		in_world(options_stand_anywhere),
		in_world(targets_in_order),
		in_world(folders_hold_nothing_else),
		in_world(failures_are_1_and_say_why),
		in_world(misuse_is_1),
		in_world(help_is_printed),
		in_world(mirrors_and_speeds),
		in_world(medium),
		in_world(clock_can_be_faked),
		cmocka_unit_test(no_capabilities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
