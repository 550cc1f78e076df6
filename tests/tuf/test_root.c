// SPDX-License-Identifier: MIT
/*
 * The first root (5.2), and those after it (5.3).
 */
#include "test.h"

static int init_text(struct world *world, const char *text)
{
	return tuf_init(world->metadata_dir, text, strlen(text), &world->err);
}

static void init_keeps_the_bytes(void **state)
{
	struct world *world = *state;

	world_init(world);
	world_has(world, "root");
}

static void init_with_the_same_root_again(void **state)
{
	struct world *world = *state;

	world_init(world);
	assert_int_equal(world_try_init(world), 0);
}

static void init_with_another_root_is_refused(void **state)
{
	struct world *world = *state;
	char *before, *after;

	world_init(world);
	before = world_stored(world, "root");
	repo_set(world->repo, "root", "version", json_integer(7));
	assert_int_equal(world_try_init(world), -TUF_ARGUMENT);
	assert_non_null(strstr(world->err.text, "trusts another root already"));
	after = world_stored(world, "root");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void refused_init(struct world *world, const struct refusal *refusal,
			 int line)
{
	assert_int_not_equal(world_try_init(world), 0);
	expect_error(world, refusal, __FILE__, line);
	world_lacks(world, "root");
}

#define init_refused(world, ...) \
	refused_init(world, &(struct refusal){ __VA_ARGS__ }, __LINE__)

static void init_without_a_signature(void **state)
{
	struct world *world = *state;

	repo_unsign(world->repo, "root");
	init_refused(world, TUF_SIGNATURE, "root", 1, "5.2", "signed by 0 of the 1");
}

static void init_signed_by_another_key(void **state)
{
	struct world *world = *state;

	repo_unsign(world->repo, "root");
	repo_sign(world->repo, "root", key_of(ED25519, "eve"));
	init_refused(world, TUF_SIGNATURE, "root", 1, "5.2", "signed by 0 of the 1");
}

static void init_below_its_threshold(void **state)
{
	struct world *world = *state;

	repo_threshold(world->repo, "root", 2);
	repo_add_key(world->repo, "root", key_of(ED25519, "root2"));
	repo_unsign(world->repo, "root");
	repo_sign(world->repo, "root", key_of(ED25519, "root"));
	init_refused(world, TUF_SIGNATURE, "root", 1, "5.2", "signed by 1 of the 2");
}

static void init_after_it_expired(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "root", "expires", json_string(PAST));
	world_init(world);
}

static void init_with_other_metadata(void **state)
{
	struct world *world = *state;
	char *timestamp = repo_bytes(world->repo, "timestamp");

	assert_int_equal(init_text(world, timestamp), -TUF_FORMAT);
	assert_non_null(strstr(world->err.text, "its _type is \"timestamp\""));
	world_lacks(world, "root");
	free(timestamp);
}

static void init_with_too_long_a_root(void **state)
{
	struct world *world = *state;
	char *root = repo_bytes(world->repo, "root");
	char *padded = malloc(TUF_ROOT_MAX + 2);

	memset(padded, ' ', TUF_ROOT_MAX + 1);
	padded[TUF_ROOT_MAX + 1] = 0;
	memcpy(padded, root, strlen(root));
	assert_int_equal(init_text(world, padded), -TUF_LIMIT);
	world_lacks(world, "root");
	padded[TUF_ROOT_MAX] = 0;
	assert_int_equal(init_text(world, padded), 0);
	free(padded);
	free(root);
}

static void without_a_root_nothing_is_asked(void **state)
{
	struct world *world = *state;

	repo_publish(world->repo);
	assert_int_equal(world_refresh(world), -TUF_SYSTEM);
	world_init(world);
	file_write(world->metadata_dir, "root.json", "{}");
	assert_int_equal(world_refresh(world), -TUF_FORMAT);
	world_asked(world, "");
}

static void refresh_brings_all(void **state)
{
	struct world *world = *state;

	world_init(world);
	world_works(world);
	world_has(world, "root");
	world_has(world, "timestamp");
	world_has(world, "snapshot");
	world_has(world, "targets");
	world_asked(world, "/metadata/2.root.json\n/metadata/timestamp.json\n"
		    "/metadata/1.snapshot.json\n/metadata/1.targets.json\n");
}

static void each_root_is_followed(void **state)
{
	struct world *world = *state;

	world_begin(world);
	/* Each hands on to another key: none could be left out. */
	repo_sign(world->repo, "root", key_of(ED25519, "root"));
	repo_new_key(world->repo, "root", key_of(ED25519, "root2"));
	repo_sign(world->repo, "root", key_of(ED25519, "root"));
	repo_push(world->repo, "root");
	repo_new_key(world->repo, "root", key_of(ED25519, "root3"));
	repo_sign(world->repo, "root", key_of(ED25519, "root2"));
	repo_push(world->repo, "root");
	world_works(world);
	world_has(world, "root");
	assert_int_equal(world_stored_version(world, "root"), 3);
	world_asked(world, "/metadata/2.root.json\n/metadata/3.root.json\n"
		    "/metadata/4.root.json\n/metadata/timestamp.json\n");
}

static void root_without_the_old_keys(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_new_key(world->repo, "root", key_of(ED25519, "root2"));
	repo_push(world->repo, "root");
	world_refuses(world, TUF_SIGNATURE, "root", 2, "5.3.4",
		      "signed by 0 of the 1");
}

static void root_without_its_own_keys(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_new_key(world->repo, "root", key_of(ED25519, "root2"));
	repo_unsign(world->repo, "root");
	repo_sign(world->repo, "root", key_of(ED25519, "root"));
	repo_push(world->repo, "root");
	world_refuses(world, TUF_SIGNATURE, "root", 2, "5.3.4",
		      "signed by 0 of the 1");
}

static void root_below_the_old_threshold(void **state)
{
	struct world *world = *state;

	repo_add_key(world->repo, "root", key_of(ED25519, "root2"));
	repo_threshold(world->repo, "root", 2);
	world_begin(world);
	repo_threshold(world->repo, "root", 1);
	repo_unsign(world->repo, "root");
	repo_sign(world->repo, "root", key_of(ED25519, "root2"));
	repo_push(world->repo, "root");
	world_refuses(world, TUF_SIGNATURE, "root", 2, "5.3.4",
		      "signed by 1 of the 2");
}

static void root_below_its_own_threshold(void **state)
{
	struct world *world = *state;

	repo_add_key(world->repo, "root", key_of(ED25519, "root2"));
	world_begin(world);
	repo_threshold(world->repo, "root", 2);
	repo_unsign(world->repo, "root");
	repo_sign(world->repo, "root", key_of(ED25519, "root2"));
	repo_push(world->repo, "root");
	world_refuses(world, TUF_SIGNATURE, "root", 2, "5.3.4",
		      "signed by 1 of the 2");
}

/* What @version the next root says it is. */
static void next_root_says(struct world *world, int version)
{
	char *bytes;

	repo_set(world->repo, "root", "version", json_integer(version));
	bytes = repo_bytes(world->repo, "root");
	repo_file(world->repo, "metadata/4.root.json", bytes, strlen(bytes));
	free(bytes);
}

static void begin_with_root_3(struct world *world)
{
	world_begin(world);
	repo_push(world->repo, "root");
	repo_push(world->repo, "root");
	world_works(world);
}

static void root_of_the_same_version(void **state)
{
	struct world *world = *state;

	begin_with_root_3(world);
	next_root_says(world, 3);
	world_refuses(world, TUF_VERSION, "root", 3, "5.3.5", "the next is 4");
}

static void root_of_an_older_version(void **state)
{
	struct world *world = *state;

	begin_with_root_3(world);
	next_root_says(world, 2);
	world_refuses(world, TUF_ROLLBACK, "root", 2, "5.3.5",
		      "older than the trusted 3");
}

static void root_that_skips_a_version(void **state)
{
	struct world *world = *state;

	begin_with_root_3(world);
	next_root_says(world, 5);
	world_refuses(world, TUF_VERSION, "root", 5, "5.3.5", "the next is 4");
}

static void root_of_the_last_version(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "root", "version", json_integer(INT64_MAX));
	assert_int_equal(world_try_init(world), -TUF_FORMAT);
	assert_non_null(strstr(world->err.text, "(TUF 4.3)"));
}

static void root_that_expired(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "targets");
	repo_set(world->repo, "root", "expires", json_string(PAST));
	repo_push(world->repo, "root");
	assert_int_equal(world_refresh(world), -TUF_EXPIRED);
	/* It is trusted all the same, and the way to the next one (5.3.10). */
	world_has(world, "root");
	assert_int_equal(world_stored_version(world, "root"), 2);
	assert_int_equal(world_stored_version(world, "timestamp"), 1);
	world_refuses(world, TUF_EXPIRED, "root", 2, "5.3.10",
		      "expired on " PAST);
	repo_set(world->repo, "root", "expires", json_string(FAR));
	repo_push(world->repo, "root");
	world_works(world);
	world_has(world, "targets");
}

static void root_on_the_way_may_have_expired(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "root", "expires", json_string(PAST));
	repo_push(world->repo, "root");
	repo_set(world->repo, "root", "expires", json_string(FAR));
	repo_push(world->repo, "root");
	world_works(world);
	world_has(world, "root");
}

static void root_longer_than_allowed(void **state)
{
	struct world *world = *state;

	world_begin(world);
	server_rule(world->server, "/metadata/2.root.json", TOO_LONG,
		    TUF_ROOT_MAX + 1, NULL);
	world_refuses(world, TUF_LIMIT, "root", 2, "5.3.3",
		      "more than the 512000 bytes");
}

static void root_that_the_server_fails_to_send(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "root");
	server_rule(world->server, "/metadata/2.root.json", STATUS, 500, NULL);
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "HTTP 500");
}

static void at_most_256_new_roots(void **state)
{
	struct world *world = *state;
	int i;

	world_begin(world);
	for (i = 0; i < TUF_ROOTS_MAX + 2; i++)
		repo_push(world->repo, "root");
	world_works(world);
	assert_int_equal(world_stored_version(world, "root"), 1 + TUF_ROOTS_MAX);
	/* The next refresh goes on from there. */
	world_works(world);
	assert_int_equal(world_stored_version(world, "root"), 3 + TUF_ROOTS_MAX);
}

/* Fast-forward attacks end when the key goes (5.3.11). */
static void new_key_for_timestamp_recovers_it(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "version", json_integer(100000));
	repo_write(world->repo, "timestamp");
	world_works(world);
	repo_set(world->repo, "timestamp", "version", json_integer(2));
	repo_write(world->repo, "timestamp");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 2, "5.4.3.1",
		      "older than the trusted 100000");
	repo_new_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_push(world->repo, "root");
	repo_write(world->repo, "timestamp");
	world_works(world);
	world_has(world, "timestamp");
}

static void new_key_for_snapshot_recovers_it(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "snapshot", "version", json_integer(100000));
	repo_announced(world->repo, "snapshot");
	world_works(world);
	repo_set(world->repo, "snapshot", "version", json_integer(2));
	repo_announced(world->repo, "snapshot");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 3, "5.4.3.2",
		      "names snapshot 2, older than the trusted 100000");
	repo_new_key(world->repo, "snapshot", key_of(ED25519, "snapshot2"));
	repo_push(world->repo, "root");
	repo_announced(world->repo, "snapshot");
	world_works(world);
	world_has(world, "snapshot");
}

static void new_key_for_snapshot_recovers_targets(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "targets", "version", json_integer(100000));
	repo_announced(world->repo, "targets");
	world_works(world);
	repo_set(world->repo, "targets", "version", json_integer(2));
	repo_announced(world->repo, "targets");
	world_refuses(world, TUF_ROLLBACK, "snapshot", 3, "5.5.5",
		      "targets.json falls from version 100000 to 2");
	repo_new_key(world->repo, "snapshot", key_of(ED25519, "snapshot2"));
	repo_push(world->repo, "root");
	repo_announced(world->repo, "targets");
	world_works(world);
	world_has(world, "targets");
}

/* The one that was stolen is only one of two, and the other one stays. */
static void one_key_withdrawn_forgets_both(void **state)
{
	struct world *world = *state;

	repo_add_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	world_begin(world);
	repo_set(world->repo, "timestamp", "version", json_integer(100000));
	repo_set(world->repo, "snapshot", "version", json_integer(100000));
	repo_set(world->repo, "targets", "version", json_integer(100000));
	repo_announced(world->repo, "targets");
	world_works(world);
	repo_new_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_push(world->repo, "root");
	repo_set(world->repo, "timestamp", "version", json_integer(1));
	repo_set(world->repo, "snapshot", "version", json_integer(2));
	repo_set(world->repo, "targets", "version", json_integer(2));
	repo_announced(world->repo, "targets");
	world_works(world);
	world_has(world, "timestamp");
	world_has(world, "targets");
}

static void one_key_more_forgets_nothing(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "timestamp");
	repo_push(world->repo, "timestamp");
	world_works(world);
	repo_add_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_push(world->repo, "root");
	repo_set(world->repo, "timestamp", "version", json_integer(2));
	repo_write(world->repo, "timestamp");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 2, "5.4.3.1",
		      "older than the trusted 3");
}

int test_root(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(init_keeps_the_bytes),
		in_world(init_with_the_same_root_again),
		in_world(init_with_another_root_is_refused),
		in_world(init_without_a_signature),
		in_world(init_signed_by_another_key),
		in_world(init_below_its_threshold),
		in_world(init_after_it_expired),
		in_world(init_with_other_metadata),
		in_world(init_with_too_long_a_root),
		in_world(without_a_root_nothing_is_asked),
		in_world(refresh_brings_all),
		in_world(each_root_is_followed),
		in_world(root_without_the_old_keys),
		in_world(root_without_its_own_keys),
		in_world(root_below_the_old_threshold),
		in_world(root_below_its_own_threshold),
		in_world(root_of_the_same_version),
		in_world(root_of_an_older_version),
		in_world(root_that_skips_a_version),
		in_world(root_of_the_last_version),
		in_world(root_that_expired),
		in_world(root_on_the_way_may_have_expired),
		in_world(root_longer_than_allowed),
		in_world(root_that_the_server_fails_to_send),
		in_world(at_most_256_new_roots),
		in_world(new_key_for_timestamp_recovers_it),
		in_world(new_key_for_snapshot_recovers_it),
		in_world(new_key_for_snapshot_recovers_targets),
		in_world(one_key_withdrawn_forgets_both),
		in_world(one_key_more_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
