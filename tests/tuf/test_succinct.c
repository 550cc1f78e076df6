// SPDX-License-Identifier: MIT
/*
 * Succinct roles (TAP 15): a delegation to 2^N bins by the hash of the path.
 */
#include "test.h"

/* @bits bins, of which those are made that tests ask for. */
static void make_bins(struct world *world, int bits)
{
	const struct key *key = key_of(ED25519, "bins");

	repo_set(world->repo, "targets", "delegations",
		 json_pack("{s:{s:O}, s:{s:[s], s:i, s:i, s:s}}", "keys", key->id,
			   key->object, "succinct_roles", "keyids", key->id,
			   "threshold", 1, "bit_length", bits, "name_prefix", "bin"));
}

/* The bin of a path, by its first bits as text. */
static void bin_of(const char *path, int bits, char name[32])
{
	char *hash = hash_of("sha256", path, strlen(path));
	unsigned long first;

	hash[8] = 0;
	first = strtoul(hash, NULL, 16);
	free(hash);
	snprintf(name, 32, "bin-%0*lx", (bits + 3) / 4, first >> (32 - bits));
}

static void add_bin(struct world *world, const char *name)
{
	json_object_set_new(world->repo->bodies, name, body_of_targets());
	json_object_set_new(world->repo->signers, name, json_array());
	repo_sign(world->repo, name, key_of(ED25519, "bins"));
}

static void target_in_bin(struct world *world, int bits)
{
	char name[32];

	make_bins(world, bits);
	bin_of("a/file", bits, name);
	add_bin(world, name);
	repo_target(world->repo, name, "a/file", "of a bin");
	world_begin(world);
	world_delivers(world, "a/file", "of a bin");
	assert_int_equal(world_stored_version(world, name), 1);
}

static void bins_by_1_bit(void **state)
{
	target_in_bin(*state, 1);
}

static void bins_by_4_bits(void **state)
{
	target_in_bin(*state, 4);
}

static void bins_by_5_bits(void **state)
{
	target_in_bin(*state, 5);
}

static void bins_by_16_bits(void **state)
{
	target_in_bin(*state, 16);
}

static void bins_by_32_bits(void **state)
{
	target_in_bin(*state, 32);
}

/* Vectors that no code of ours has made: printf a/file | sha256sum. */
static void bins_have_the_names_of_the_tap(void **state)
{
	char name[32];

	(void)state;
	bin_of("", 8, name);		/* e3b0c44298fc... */
	assert_string_equal(name, "bin-e3");
	bin_of("", 5, name);
	assert_string_equal(name, "bin-1c");
	bin_of("abc", 10, name);	/* ba7816bf... */
	assert_string_equal(name, "bin-2e9");
}

static void refused_bits(struct world *world, int bits)
{
	world_begin(world);
	make_bins(world, bits);
	repo_push(world->repo, "targets");
	world_refuses(world, TUF_FORMAT, "targets", 2, "4.5",
		      "a bit_length beyond 1 to 32");
}

static void bins_by_0_bits(void **state)
{
	refused_bits(*state, 0);
}

static void bins_by_33_bits(void **state)
{
	refused_bits(*state, 33);
}

static void bin_without_a_signature(void **state)
{
	struct world *world = *state;
	char name[32];

	make_bins(world, 8);
	bin_of("file", 8, name);
	add_bin(world, name);
	repo_unsign(world->repo, name);
	repo_target(world->repo, name, "file", "of a bin");
	world_begin(world);
	world_denies(world, "file", TUF_SIGNATURE, name, 1, "5.6.3",
		     "signed by 0 of the 1");
}

static void bin_rolled_back(void **state)
{
	struct world *world = *state;
	char name[32];

	make_bins(world, 8);
	bin_of("file", 8, name);
	add_bin(world, name);
	repo_target(world->repo, name, "file", "of a bin");
	repo_set(world->repo, name, "version", json_integer(2));
	world_begin(world);
	world_delivers(world, "file", "of a bin");
	repo_set(world->repo, name, "version", json_integer(1));
	repo_announced(world->repo, name);
	world_refuses(world, TUF_ROLLBACK, "snapshot", 2, "5.5.5",
		      "falls from version 2 to 1");
}

/* A bin vouches for nothing that another one has to. */
static void target_in_another_bin_is_none(void **state)
{
	struct world *world = *state;
	char name[32], other[32];

	make_bins(world, 8);
	bin_of("file", 8, name);
	bin_of("another file", 8, other);
	assert_string_not_equal(name, other);
	add_bin(world, name);
	add_bin(world, other);
	repo_target(world->repo, other, "file", "of another bin");
	world_begin(world);
	assert_int_equal(world_download(world, "file"), -TUF_NO_TARGET);
}

static void bins_beside_roles_are_refused(void **state)
{
	struct world *world = *state;

	world_begin(world);
	make_bins(world, 8);
	json_object_set_new(json_object_get(repo_body(world->repo, "targets"),
					    "delegations"), "roles", json_array());
	repo_push(world->repo, "targets");
	world_refuses(world, TUF_FORMAT, "targets", 2, "4.5",
		      "not one of roles and succinct_roles");
}

static void bins_without_a_threshold(void **state)
{
	struct world *world = *state;

	world_begin(world);
	make_bins(world, 8);
	json_object_set_new(json_object_get(json_object_get(repo_body(world->repo,
								      "targets"),
							    "delegations"),
					    "succinct_roles"), "threshold",
			    json_integer(0));
	repo_push(world->repo, "targets");
	world_refuses(world, TUF_FORMAT, "targets", 2, "4.5",
		      "a threshold below 1");
}

int test_succinct(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(bins_by_1_bit),
		in_world(bins_by_4_bits),
		in_world(bins_by_5_bits),
		in_world(bins_by_16_bits),
		in_world(bins_by_32_bits),
		cmocka_unit_test(bins_have_the_names_of_the_tap),
		in_world(bins_by_0_bits),
		in_world(bins_by_33_bits),
		in_world(bin_without_a_signature),
		in_world(bin_rolled_back),
		in_world(target_in_another_bin_is_none),
		in_world(bins_beside_roles_are_refused),
		in_world(bins_without_a_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
