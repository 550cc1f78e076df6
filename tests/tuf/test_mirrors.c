// SPDX-License-Identifier: MIT
/*
 * Several mirrors: one that has something wrong, or old, or nothing keeps away
 * nothing that another one has.
 */
#include "test.h"

struct mirrors {
	struct world *world;
	struct server *other;
	struct repo *repo;
	char folder[256];
	char metadata_url[256];
	char target_url[256];
};

/* A second one, asked first, that has what the world's has now. */
static void add_mirror(struct mirrors *mirrors, struct world *world)
{
	char command[600];

	mirrors->world = world;
	snprintf(mirrors->folder, sizeof(mirrors->folder), "%s/mirror",
		 world->folder);
	snprintf(command, sizeof(command), "cp -r '%s' '%s'", world->repo->folder,
		 mirrors->folder);
	assert_int_equal(system(command), 0);
	mirrors->other = server_start(mirrors->folder, NULL);
	snprintf(mirrors->metadata_url, 256, "http://127.0.0.1:%d/metadata",
		 server_port(mirrors->other));
	snprintf(mirrors->target_url, 256, "http://127.0.0.1:%d/targets",
		 server_port(mirrors->other));
	world->metadata_urls[0] = mirrors->metadata_url;
	world->metadata_urls[1] = world->metadata_url;
	world->options.metadata_url_count = 2;
	world->target_urls[0] = mirrors->target_url;
	world->target_urls[1] = world->target_url;
	world->options.target_url_count = 2;
}

static void begin(struct mirrors *mirrors, struct world *world)
{
	repo_target(world->repo, "targets", "file", "the right one");
	world_begin(world);
	add_mirror(mirrors, world);
}

static void mirror_that_is_old(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	repo_push(world->repo, "root");
	repo_push(world->repo, "targets");
	world_works(world);
	world_has(world, "root");
	world_has(world, "timestamp");
	world_has(world, "targets");
	/* And again, when what it has is older than what is trusted. */
	world_works(world);
	server_stop(mirrors.other);
}

static void mirror_that_is_down(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	server_stop(mirrors.other);
	repo_push(world->repo, "targets");
	world_works(world);
	world_has(world, "targets");
	world_delivers(world, "file", "the right one");
}

static void mirror_that_lies(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	repo_push(world->repo, "root");
	repo_push(world->repo, "targets");
	server_rule(mirrors.other, "*", TEXT, 0, "{\"signed\": {}}");
	world_works(world);
	world_has(world, "root");
	world_has(world, "targets");
	world_delivers(world, "file", "the right one");
	server_stop(mirrors.other);
}

/* The longer answer of the first must not be mixed with that of the second. */
static void mirror_of_which_nothing_stays(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	server_rule(mirrors.other, "*", TEXT, 0, "the wrong one");
	server_rule(mirrors.other, "/metadata/2.root.json", STATUS, 404, NULL);
	world_works(world);
	world_delivers(world, "file", "the right one");
	server_stop(mirrors.other);
}

static void mirror_without_a_target(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	world_works(world);
	server_rule(mirrors.other, "*", STATUS, 404, NULL);
	world_delivers(world, "file", "the right one");
	/* The other way round. */
	world->target_urls[0] = world->target_url;
	world->target_urls[1] = mirrors.target_url;
	file_write(world->target_dir, "file", "damaged");
	world_delivers(world, "file", "the right one");
	server_stop(mirrors.other);
}

static void all_mirrors_lie(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	server_rule(mirrors.other, "/metadata/timestamp.json", TEXT, 0, "{}");
	server_rule(world->server, "/metadata/timestamp.json", STATUS, 500, NULL);
	world_refuses(world, TUF_TRANSFER, "timestamp", 0, "5.4.1", "HTTP 500");
	server_stop(mirrors.other);
}

static void all_roots_are_wrong(void **state)
{
	struct mirrors mirrors;
	struct world *world = *state;

	begin(&mirrors, world);
	server_rule(mirrors.other, "/metadata/2.root.json", TEXT, 0, "{}");
	server_rule(world->server, "/metadata/2.root.json", TEXT, 0, "{}");
	world_refuses(world, TUF_FORMAT, "root", 0, "4.2.1", "signatures");
	server_stop(mirrors.other);
}

int test_mirrors(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(mirror_that_is_old),
		in_world(mirror_that_is_down),
		in_world(mirror_that_lies),
		in_world(mirror_of_which_nothing_stays),
		in_world(mirror_without_a_target),
		in_world(all_mirrors_lie),
		in_world(all_roots_are_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
