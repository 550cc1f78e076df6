// SPDX-License-Identifier: MIT
/*
 * The snapshot (5.5).
 */
#include "test.h"

/* What the timestamp announces of it, to be edited before announce() writes it. */
static json_t *announced(struct world *world)
{
	return json_object_get(json_object_get(repo_body(world->repo, "timestamp"),
					       "meta"), "snapshot.json");
}

static void announce(struct world *world)
{
	repo_push(world->repo, "timestamp");
}

static void begin_with_hashes(struct world *world)
{
	world->repo->hashes = true;
	world_begin(world);
	repo_push(world->repo, "snapshot");
}

static void snapshot_of_another_hash(void **state)
{
	struct world *world = *state;
	char *bytes;

	begin_with_hashes(world);
	bytes = repo_bytes(world->repo, "snapshot");
	/* White space is signed by nobody. */
	bytes[strlen(bytes) - 2] = ' ';
	repo_file(world->repo, "metadata/2.snapshot.json", bytes, strlen(bytes));
	free(bytes);
	world_refuses(world, TUF_HASH, "snapshot", 0, "5.5.2",
		      "its sha256 is not the one announced");
}

static void snapshot_of_which_one_hash_is_wrong(void **state)
{
	struct world *world = *state;
	char *hash = hash_of("sha512", "other", 5);

	begin_with_hashes(world);
	json_object_set_new(json_object_get(announced(world), "hashes"), "sha512",
			    json_string(hash));
	free(hash);
	announce(world);
	world_refuses(world, TUF_HASH, "snapshot", 0, "5.5.2",
		      "its sha512 is not the one announced");
}

static void snapshot_with_a_hash_nobody_knows_beside(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_set_new(json_object_get(announced(world), "hashes"), "md5",
			    json_string("no digest"));
	announce(world);
	world_works(world);
	world_has(world, "snapshot");
}

static void snapshot_with_hashes_nobody_knows(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_set_new(announced(world), "hashes",
			    json_pack("{s:s}", "sha1", "00"));
	announce(world);
	world_refuses(world, TUF_HASH, "snapshot", 0, "5.5.2",
		      "no hash that we know");
}

static void snapshot_with_a_hash_that_is_none(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_set_new(announced(world), "hashes",
			    json_pack("{s:s}", "sha256", "00"));
	announce(world);
	world_refuses(world, TUF_HASH, "snapshot", 0, "5.5.2", "no hash");
}

static void snapshot_shorter_than_announced(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_del(announced(world), "hashes");
	json_object_set_new(announced(world), "length", json_integer(100000));
	announce(world);
	world_refuses(world, TUF_HASH, "snapshot", 0, "5.5.2", "not 100000");
}

static void snapshot_longer_than_announced(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_set_new(announced(world), "length", json_integer(10));
	announce(world);
	world_refuses(world, TUF_LIMIT, "snapshot", 2, "5.5.1",
		      "more than the 10 bytes");
}

static void snapshot_longer_than_allowed(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	json_object_set_new(announced(world), "length", json_integer(1 << 30));
	announce(world);
	server_rule(world->server, "/metadata/2.snapshot.json", TOO_LONG,
		    TUF_SNAPSHOT_MAX + 1, NULL);
	world_refuses(world, TUF_LIMIT, "snapshot", 2, "5.5.1",
		      "more than the 2000000 bytes");
}

static void snapshot_that_is_missing(void **state)
{
	struct world *world = *state;

	begin_with_hashes(world);
	repo_remove(world->repo, "metadata/2.snapshot.json");
	world_refuses(world, TUF_MISSING, "snapshot", 2, "5.5.1", "HTTP 404");
}

static void snapshot_without_a_signature(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_unsign(world->repo, "snapshot");
	repo_push(world->repo, "snapshot");
	world_refuses(world, TUF_SIGNATURE, "snapshot", 2, "5.5.3",
		      "signed by 0 of the 1 keys of snapshot");
}

static void snapshot_signed_by_the_timestamp_key(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_unsign(world->repo, "snapshot");
	repo_sign(world->repo, "snapshot", key_of(ED25519, "timestamp"));
	repo_push(world->repo, "snapshot");
	world_refuses(world, TUF_SIGNATURE, "snapshot", 2, "5.5.3",
		      "signed by 0 of the 1");
}

static void snapshot_of_another_version(void **state)
{
	struct world *world = *state;
	char *bytes;

	world_begin(world);
	repo_push(world->repo, "snapshot");
	repo_set(world->repo, "snapshot", "version", json_integer(3));
	bytes = repo_bytes(world->repo, "snapshot");
	repo_file(world->repo, "metadata/2.snapshot.json", bytes, strlen(bytes));
	free(bytes);
	world_refuses(world, TUF_VERSION, "snapshot", 3, "5.5.4", "announced is 2");
}

static void snapshot_in_which_a_version_falls(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "targets");
	world_works(world);
	repo_set(world->repo, "targets", "version", json_integer(1));
	repo_announced(world->repo, "targets");
	world_refuses(world, TUF_ROLLBACK, "snapshot", 3, "5.5.5",
		      "targets.json falls from version 2 to 1");
}

static void snapshot_in_which_a_role_is_missing(void **state)
{
	struct world *world = *state;

	repo_delegate(world->repo, "targets", "extra", rule_paths("*", false));
	world_begin(world);
	json_object_del(json_object_get(repo_body(world->repo, "snapshot"), "meta"),
			"extra.json");
	repo_push(world->repo, "snapshot");
	world_refuses(world, TUF_ROLLBACK, "snapshot", 2, "5.5.5",
		      "extra.json is not listed any more");
}

static void snapshot_that_expired(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "snapshot", "expires", json_string(PAST));
	repo_push(world->repo, "snapshot");
	world_refuses(world, TUF_EXPIRED, "snapshot", 2, "5.5.6",
		      "expired on " PAST);
}

static void snapshot_that_expired_once_stored(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "snapshot", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	clock_now = 1893456000 - 1;
	world_begin(world);
	clock_now = 1893456000;
	world_refuses(world, TUF_EXPIRED, "snapshot", 1, "5.5.6", "expired on 2030");
}

/* What is stored by an attacker, or by a bug, is no more than what comes. */
static void stored_snapshot_is_checked_again(void **state)
{
	struct world *world = *state;
	char *bytes;

	world_begin(world);
	repo_set(world->repo, "snapshot", "more", json_string("by eve"));
	repo_unsign(world->repo, "snapshot");
	bytes = repo_bytes(world->repo, "snapshot");
	file_write(world->metadata_dir, "snapshot.json", bytes);
	free(bytes);
	world_works(world);
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n"
		    "/metadata/1.snapshot.json\n");
}

static void stored_snapshot_of_another_hash_is_fetched(void **state)
{
	struct world *world = *state;
	char *bytes;

	world->repo->hashes = true;
	world_begin(world);
	bytes = world_stored(world, "snapshot");
	bytes[strlen(bytes) - 2] = ' ';
	file_write(world->metadata_dir, "snapshot.json", bytes);
	free(bytes);
	world_works(world);
	world_has(world, "snapshot");
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n"
		    "/metadata/1.snapshot.json\n");
}

static void snapshot_that_is_current_is_not_fetched(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "timestamp");
	world_works(world);
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n");
}

int test_snapshot(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(snapshot_of_another_hash),
		in_world(snapshot_of_which_one_hash_is_wrong),
		in_world(snapshot_with_a_hash_nobody_knows_beside),
		in_world(snapshot_with_hashes_nobody_knows),
		in_world(snapshot_with_a_hash_that_is_none),
		in_world(snapshot_shorter_than_announced),
		in_world(snapshot_longer_than_announced),
		in_world(snapshot_longer_than_allowed),
		in_world(snapshot_that_is_missing),
		in_world(snapshot_without_a_signature),
		in_world(snapshot_signed_by_the_timestamp_key),
		in_world(snapshot_of_another_version),
		in_world(snapshot_in_which_a_version_falls),
		in_world(snapshot_in_which_a_role_is_missing),
		in_world(snapshot_that_expired),
		in_world(snapshot_that_expired_once_stored),
		in_world(stored_snapshot_is_checked_again),
		in_world(stored_snapshot_of_another_hash_is_fetched),
		in_world(snapshot_that_is_current_is_not_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
