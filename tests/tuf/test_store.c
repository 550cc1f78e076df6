// SPDX-License-Identifier: MIT
/*
 * What is stored, by one client or by several; and the clock.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static struct tuf_client *client_of(struct world *world)
{
	struct tuf_client *client;

	assert_int_equal(tuf_client_new(&world->options, &client, &world->err), 0);
	return client;
}

static void refresh(struct world *world, struct tuf_client *client)
{
	if (tuf_client_refresh(client, &world->err))
		fail_msg("%s", world->err.text);
}

static void client_refreshes_again(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;

	world_init(world);
	client = client_of(world);
	refresh(world, client);
	repo_push(world->repo, "targets");
	refresh(world, client);
	world_has(world, "targets");
	refresh(world, client);
	tuf_client_free(client);
}

/* What was forgotten on the disk is forgotten in memory (5.3.11). */
static void client_that_refreshes_again_recovers(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;

	world_init(world);
	repo_set(world->repo, "timestamp", "version", json_integer(1000));
	repo_set(world->repo, "snapshot", "version", json_integer(1000));
	repo_set(world->repo, "targets", "version", json_integer(1000));
	repo_publish(world->repo);
	client = client_of(world);
	refresh(world, client);
	repo_new_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_new_key(world->repo, "snapshot", key_of(ED25519, "snapshot2"));
	repo_push(world->repo, "root");
	repo_set(world->repo, "timestamp", "version", json_integer(1));
	repo_set(world->repo, "snapshot", "version", json_integer(2));
	repo_set(world->repo, "targets", "version", json_integer(3));
	repo_announced(world->repo, "targets");
	refresh(world, client);
	tuf_client_free(client);
	world_has(world, "timestamp");
	world_has(world, "snapshot");
	world_has(world, "targets");
}

static void client_that_failed_refreshes_again(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;

	world_init(world);
	client = client_of(world);
	server_rule(world->server, "/metadata/1.snapshot.json", STATUS, 500, NULL);
	assert_int_equal(tuf_client_refresh(client, &world->err), -TUF_TRANSFER);
	server_rule(world->server, "/metadata/1.snapshot.json", SERVE, 0, NULL);
	refresh(world, client);
	tuf_client_free(client);
	world_has(world, "targets");
}

/* What is known of targets is of the last refresh, or of none. */
static void find_refreshes_when_nothing_was(void **state)
{
	struct world *world = *state;
	struct tuf_target *target;
	struct tuf_client *client;

	repo_target(world->repo, "targets", "file", "content");
	world_init(world);
	client = client_of(world);
	assert_int_equal(tuf_client_find(client, "file", &target, &world->err), 0);
	tuf_target_free(target);
	server_rule(world->server, "/metadata/timestamp.json", STATUS, 500, NULL);
	assert_int_not_equal(tuf_client_refresh(client, &world->err), 0);
	assert_int_equal(tuf_client_find(client, "file", &target, &world->err),
			 -TUF_TRANSFER);
	tuf_client_free(client);
}

static void no_url_is_an_argument(void **state)
{
	struct world *world = *state;

	world_init(world);
	world->options.metadata_url_count = 0;
	assert_int_equal(world_refresh(world), -TUF_ARGUMENT);
}

/* Nobody else has the folder meanwhile. */
static void clients_take_turns(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;
	char path[300];
	int fd;

	world_init(world);
	client = client_of(world);
	snprintf(path, sizeof(path), "%s/.lock", world->metadata_dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	tuf_client_free(client);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

/* Two processes, each of which has to find what the other one stored. */
static void another_process_goes_on(void **state)
{
	struct world *world = *state;
	const char *program = getenv("TUF_CLIENT");
	char command[1024];

	assert_non_null(program);
	world_begin(world);
	repo_push(world->repo, "targets");
	snprintf(command, sizeof(command), "%s --metadata-dir '%s' --metadata-url "
		 "'%s' refresh", program, world->metadata_dir, world->metadata_url);
	assert_int_equal(system(command), 0);
	world_has(world, "targets");
	free(server_asked(world->server));
	world_works(world);
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n");
}

static void damaged_files_are_fetched_again(void **state)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };
	static const char *const damage[] = { "", "{", "{}", "\xff\xfe" };
	struct world *world = *state;
	size_t i, j;

	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		for (j = 0; j < ARRAY_SIZE(damage); j++) {
			char name[32];

			snprintf(name, sizeof(name), "%s.json", roles[i]);
			file_write(world->metadata_dir, name, damage[j]);
			world_works(world);
			world_has(world, roles[i]);
		}
}

static void what_is_no_file_is_not_read(void **state)
{
	struct world *world = *state;
	char path[300];

	world_begin(world);
	snprintf(path, sizeof(path), "%s/timestamp.json", world->metadata_dir);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	world_works(world);
	world_has(world, "timestamp");
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	world_works(world);
	world_has(world, "timestamp");
	snprintf(path, sizeof(path), "%s/root.json", world->metadata_dir);
	unlink(path);
	assert_int_equal(symlink("../repo/metadata/root.json", path), 0);
	assert_int_equal(world_refresh(world), -TUF_SYSTEM);
}

static void stored_files_have_limits(void **state)
{
	struct world *world = *state;
	char path[300];

	world_begin(world);
	snprintf(path, sizeof(path), "%s/timestamp.json", world->metadata_dir);
	assert_int_equal(truncate(path, 1l << 40), 0);
	world_works(world);
	world_has(world, "timestamp");
	snprintf(path, sizeof(path), "%s/root.json", world->metadata_dir);
	assert_int_equal(truncate(path, TUF_ROOT_MAX + 1), 0);
	world_refuses(world, TUF_LIMIT, "root", 0, NULL,
		      "the stored file has more than 512000 bytes");
}

static void only_roles_are_stored(void **state)
{
	struct world *world = *state;
	json_t *files;

	world_begin(world);
	files = listing(world->metadata_dir);
	assert_int_equal(json_object_size(files), 4);
	json_decref(files);
}

/* One moment counts for all of a refresh (5.1), however long it takes. */
static void clock_runs(void *context, const char *path)
{
	(void)context;
	if (!strcmp(path, "/metadata/timestamp.json"))
		clock_now += 86400;
}

static void one_moment_counts(void **state)
{
	struct world *world = *state;
	struct tuf_client *client;

	clock_now = 1893456000 - 10;
	repo_set(world->repo, "timestamp", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	repo_set(world->repo, "snapshot", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	world_init(world);
	server_watch(world->server, clock_runs, NULL);
	client = client_of(world);
	refresh(world, client);
	assert_int_equal(clock_now, 1893456000 - 10 + 86400);
	/* The next one has its own. */
	assert_int_equal(tuf_client_refresh(client, &world->err), -TUF_EXPIRED);
	tuf_client_free(client);
}

static void expiry_is_to_the_second(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "timestamp", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	clock_now = 1893456000 - 1;
	world_init(world);
	world_works(world);
	clock_now = 1893456000;
	world_refuses(world, TUF_EXPIRED, "timestamp", 1, "5.4.4", "expired on");
}

int test_store(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(client_refreshes_again),
		in_world(client_that_refreshes_again_recovers),
		in_world(client_that_failed_refreshes_again),
		in_world(find_refreshes_when_nothing_was),
		in_world(no_url_is_an_argument),
		in_world(clients_take_turns),
		in_world(another_process_goes_on),
		in_world(damaged_files_are_fetched_again),
		in_world(what_is_no_file_is_not_read),
		in_world(stored_files_have_limits),
		in_world(only_roles_are_stored),
		in_world(one_moment_counts),
		in_world(expiry_is_to_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
