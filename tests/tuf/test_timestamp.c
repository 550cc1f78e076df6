// SPDX-License-Identifier: MIT
/*
 * The timestamp (5.4).
 */
#include "test.h"

static void timestamp_without_a_signature(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_unsign(world->repo, "timestamp");
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_SIGNATURE, "timestamp", 2, "5.4.2",
		      "signed by 0 of the 1 keys of timestamp");
}

static void timestamp_signed_by_another_role(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "snapshot"));
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_SIGNATURE, "timestamp", 2, "5.4.2",
		      "signed by 0 of the 1");
}

static void timestamp_changed_after_it_was_signed(void **state)
{
	struct world *world = *state;
	char *bytes, *version;

	world_begin(world);
	repo_push(world->repo, "timestamp");
	bytes = repo_bytes(world->repo, "timestamp");
	version = strstr(bytes, "\"version\": 2,");
	assert_non_null(version);
	version[11] = '3';
	repo_file(world->repo, "metadata/timestamp.json", bytes, strlen(bytes));
	free(bytes);
	world_refuses(world, TUF_SIGNATURE, "timestamp", 3, "5.4.2",
		      "signed by 0 of the 1");
}

static void timestamp_rolled_back(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "timestamp");
	world_works(world);
	repo_set(world->repo, "timestamp", "version", json_integer(1));
	repo_write(world->repo, "timestamp");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 1, "5.4.3.1",
		      "older than the trusted 2");
}

static void timestamp_of_the_same_version_is_nothing_new(void **state)
{
	struct world *world = *state;
	char *before, *after;

	world_begin(world);
	before = world_stored(world, "timestamp");
	repo_set(world->repo, "timestamp", "more", json_string("other"));
	repo_write(world->repo, "timestamp");
	world_works(world);
	after = world_stored(world, "timestamp");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void timestamp_that_names_an_older_snapshot(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "snapshot");
	world_works(world);
	repo_set(world->repo, "snapshot", "version", json_integer(1));
	repo_announced(world->repo, "snapshot");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 3, "5.4.3.2",
		      "names snapshot 1, older than the trusted 2");
}

static void timestamp_that_expired(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "expires", json_string(PAST));
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_EXPIRED, "timestamp", 2, "5.4.4",
		      "expired on " PAST);
}

static void timestamp_that_expired_once_stored(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "timestamp", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	clock_now = 1893456000 - 1;
	world_begin(world);
	clock_now = 1893456000;
	world_refuses(world, TUF_EXPIRED, "timestamp", 1, "5.4.4",
		      "expired on 2030-01-01T00:00:00Z");
	/* It still holds back what is older (5.4.3.1), and a new one ends it. */
	repo_set(world->repo, "timestamp", "expires", json_string(FAR));
	repo_push(world->repo, "timestamp");
	world_works(world);
	world_has(world, "timestamp");
}

static void expired_timestamp_still_holds_back_older_ones(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "expires",
		 json_string("2030-01-01T00:00:00Z"));
	clock_now = 1893456000 - 1;
	repo_push(world->repo, "timestamp");
	world_works(world);
	clock_now = 1893456000 + 1;
	repo_set(world->repo, "timestamp", "expires", json_string(FAR));
	repo_set(world->repo, "timestamp", "version", json_integer(1));
	repo_write(world->repo, "timestamp");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 1, "5.4.3.1",
		      "older than the trusted 2");
}

static void timestamp_longer_than_allowed(void **state)
{
	struct world *world = *state;

	world_begin(world);
	server_rule(world->server, "/metadata/timestamp.json", TOO_LONG,
		    TUF_TIMESTAMP_MAX + 1, NULL);
	world_refuses(world, TUF_LIMIT, "timestamp", 0, "5.4.1",
		      "more than the 16384 bytes");
	/* One byte less is read, and refused for what it is. */
	server_rule(world->server, "/metadata/timestamp.json", TOO_LONG,
		    TUF_TIMESTAMP_MAX, NULL);
	world_refuses(world, TUF_FORMAT, "timestamp", 0, "4.1", "not JSON");
}

static void timestamp_that_is_missing(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_remove(world->repo, "metadata/timestamp.json");
	world_refuses(world, TUF_MISSING, "timestamp", 0, "5.4.1", "HTTP 404");
}

static void timestamp_that_is_another_role(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "_type", json_string("snapshot"));
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_FORMAT, "timestamp", 0, "4.2.1",
		      "its _type is \"snapshot\"");
}

static void timestamp_that_names_no_snapshot(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "meta", json_object());
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_FORMAT, "timestamp", 2, "4.6", "version below 1");
}

static void stored_timestamp_of_other_keys_does_not_count(void **state)
{
	struct world *world = *state;

	world_begin(world);
	/* As if somebody had put it there. */
	repo_set(world->repo, "timestamp", "version", json_integer(100));
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "eve"));
	{
		char *bytes = repo_bytes(world->repo, "timestamp");

		file_write(world->metadata_dir, "timestamp.json", bytes);
		free(bytes);
	}
	repo_unsign(world->repo, "timestamp");
	repo_sign(world->repo, "timestamp", key_of(ED25519, "timestamp"));
	repo_set(world->repo, "timestamp", "version", json_integer(2));
	repo_write(world->repo, "timestamp");
	world_works(world);
	world_has(world, "timestamp");
}

int test_timestamp(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(timestamp_without_a_signature),
		in_world(timestamp_signed_by_another_role),
		in_world(timestamp_changed_after_it_was_signed),
		in_world(timestamp_rolled_back),
		in_world(timestamp_of_the_same_version_is_nothing_new),
		in_world(timestamp_that_names_an_older_snapshot),
		in_world(timestamp_that_expired),
		in_world(timestamp_that_expired_once_stored),
		in_world(expired_timestamp_still_holds_back_older_ones),
		in_world(timestamp_longer_than_allowed),
		in_world(timestamp_that_is_missing),
		in_world(timestamp_that_is_another_role),
		in_world(timestamp_that_names_no_snapshot),
		in_world(stored_timestamp_of_other_keys_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
