// SPDX-License-Identifier: MIT
/*
 * What an attacker tries, by number; each first with what he can do, against a
 * client that got what is right before.
 */
#include <unistd.h>

#include "test.h"

#define GOOD	"the software"
#define EVIL	"not the software"

static void begin(struct world *world)
{
	repo_delegate(world->repo, "targets", "team", rule_paths("team/*", true));
	repo_target(world->repo, "targets", "app", GOOD);
	repo_target(world->repo, "team", "team/app", GOOD);
	world_begin(world);
	world_delivers(world, "app", GOOD);
	world_delivers(world, "team/app", GOOD);
}

static char *file_of(const char *content, const char *folder, const char *name)
{
	char *hash = hash_of("sha256", content, strlen(content)), *path;

	if (asprintf(&path, "/targets/%s%s.%s", folder, hash, name) < 0)
		abort();
	free(hash);
	return path;
}

static void forget_target(struct world *world, const char *file)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", world->target_dir, file);
	unlink(path);
}

static void attack_47_arbitrary_software(void **state)
{
	struct world *world = *state;
	char *path = file_of(GOOD, "", "app");

	begin(world);
	/* In the place of what is signed. */
	forget_target(world, "app");
	server_rule(world->server, path, TEXT, 0, "not the soft");
	world_denies(world, "app", TUF_HASH, "targets", 0, "5.7.3",
		     "its sha256 is not the one announced");
	server_rule(world->server, path, SERVE, 0, NULL);
	world_delivers(world, "app", GOOD);
	/* In metadata, by keys of his own. */
	repo_target(world->repo, "targets", "app", EVIL);
	repo_unsign(world->repo, "targets");
	repo_sign(world->repo, "targets", key_of(ED25519, "eve"));
	repo_push(world->repo, "targets");
	world_denies(world, "app", TUF_SIGNATURE, "targets", 2, "5.6.3",
		     "signed by 0 of the 1");
	/* Or by a root of his own. */
	repo_new_key(world->repo, "root", key_of(ED25519, "eve"));
	repo_new_key(world->repo, "targets", key_of(ED25519, "eve"));
	repo_push(world->repo, "root");
	world_denies(world, "app", TUF_SIGNATURE, "root", 2, "5.3.4",
		     "signed by 0 of the 1");
	free(path);
}

/* A copy of all that was public once, to be shown again. */
static void keep(struct world *world, const char *what)
{
	char command[1024];

	snprintf(command, sizeof(command), "rm -rf '%s/%s' && cp -r '%s/metadata' "
		 "'%s/%s'", world->folder, what, world->repo->folder, world->folder,
		 what);
	assert_int_equal(system(command), 0);
}

static void show_again(struct world *world, const char *what, const char *file,
		       const char *as)
{
	char folder[300], name[300], *data;

	snprintf(folder, sizeof(folder), "%s/%s", world->folder, what);
	data = file_read(folder, file);
	assert_non_null(data);
	snprintf(name, sizeof(name), "metadata/%s", as);
	repo_file(world->repo, name, data, strlen(data));
	free(data);
}

static void attack_48_rollback(void **state)
{
	struct world *world = *state;

	begin(world);
	keep(world, "before");
	repo_push(world->repo, "root");
	repo_push(world->repo, "team");
	repo_push(world->repo, "targets");
	world_works(world);
	world_delivers(world, "team/app", GOOD);
	keep(world, "now");
	/* root, under the name of the next one */
	show_again(world, "before", "1.root.json", "3.root.json");
	world_refuses(world, TUF_ROLLBACK, "root", 1, "5.3.5",
		      "older than the trusted 2");
	repo_remove(world->repo, "metadata/3.root.json");
	/* timestamp, and with it all */
	show_again(world, "before", "timestamp.json", "timestamp.json");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 1, "5.4.3.1",
		      "older than the trusted");
	show_again(world, "now", "timestamp.json", "timestamp.json");
	/* snapshot, targets and a delegated role, under the names of new ones: the
	 * client has what is announced, and asks for none of them */
	show_again(world, "before", "1.snapshot.json", "3.snapshot.json");
	show_again(world, "before", "1.targets.json", "2.targets.json");
	show_again(world, "before", "1.team.json", "2.team.json");
	world_works(world);
	/* also when it has lost what it had */
	forget_target(world, "../trusted/team.json");
	world_denies(world, "team/app", TUF_VERSION, "team", 1, "5.6.4",
		     "announced is 2");
	forget_target(world, "../trusted/targets.json");
	world_refuses(world, TUF_VERSION, "targets", 1, "5.6.4", "announced is 2");
	forget_target(world, "../trusted/snapshot.json");
	world_refuses(world, TUF_VERSION, "snapshot", 1, "5.5.4", "announced is 3");
}

static void attack_49_fast_forward(void **state)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };
	struct world *world = *state;
	size_t i;

	begin(world);
	/* With the online keys, and the target's, to the end of all versions. */
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		repo_set(world->repo, roles[i], "version",
			 json_integer(INT64_MAX - 1));
	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		json_t *meta = json_object_get(repo_body(world->repo, i ? "snapshot" :
							 "timestamp"), "meta");

		json_object_set_new(json_object_get(meta, i ? "targets.json" :
						    "snapshot.json"), "version",
				    json_integer(INT64_MAX - 1));
	}
	{
		char *bytes = repo_bytes(world->repo, "snapshot");

		repo_file(world->repo, "metadata/9223372036854775806.snapshot.json",
			  bytes, strlen(bytes));
		free(bytes);
		bytes = repo_bytes(world->repo, "targets");
		repo_file(world->repo, "metadata/9223372036854775806.targets.json",
			  bytes, strlen(bytes));
		free(bytes);
		repo_write(world->repo, "timestamp");
	}
	world_works(world);
	/* The repository cannot go on from there ... */
	repo_set(world->repo, "timestamp", "version", json_integer(2));
	repo_set(world->repo, "snapshot", "version", json_integer(2));
	repo_set(world->repo, "targets", "version", json_integer(2));
	repo_announced(world->repo, "targets");
	world_refuses(world, TUF_ROLLBACK, "timestamp", 3, "5.4.3.1",
		      "older than the trusted 9223372036854775806");
	/* ... but with new keys it can. */
	repo_new_key(world->repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_new_key(world->repo, "snapshot", key_of(ED25519, "snapshot2"));
	repo_push(world->repo, "root");
	repo_announced(world->repo, "targets");
	world_works(world);
	world_has(world, "timestamp");
	world_has(world, "snapshot");
	world_has(world, "targets");
	world_delivers(world, "app", GOOD);
}

static void attack_50_indefinite_freeze(void **state)
{
	struct world *world = *state;

	repo_set(world->repo, "timestamp", "expires",
		 json_string("2030-01-02T00:00:00Z"));
	clock_now = 1893456000;
	begin(world);
	/* The same is shown, day after day. */
	world_works(world);
	clock_now += 86399;
	world_works(world);
	clock_now += 1;
	world_refuses(world, TUF_EXPIRED, "timestamp", 1, "5.4.4",
		      "expired on 2030-01-02T00:00:00Z");
	world_denies(world, "app", TUF_EXPIRED, "timestamp", 1, "5.4.4", "expired");
	/* Or nothing at all. */
	server_rule(world->server, "*", STATUS, 404, NULL);
	world_refuses(world, TUF_MISSING, "timestamp", 0, "5.4.1", "HTTP 404");
}

static void attack_51_endless_metadata(void **state)
{
	static const struct {
		const char *path;
		const char *role;
		int version;
		const char *section;
		size_t limit;
	} cases[] = {
		{ "/metadata/2.root.json", "root", 2, "5.3.3", TUF_ROOT_MAX },
		{ "/metadata/timestamp.json", "timestamp", 0, "5.4.1",
		  TUF_TIMESTAMP_MAX },
		{ "/metadata/3.snapshot.json", "snapshot", 3, "5.5.1",
		  TUF_SNAPSHOT_MAX },
		{ "/metadata/2.targets.json", "targets", 2, "5.6.1", TUF_TARGETS_MAX },
		{ "/metadata/2.team.json", "team", 2, "5.6.1", TUF_TARGETS_MAX },
	};
	struct world *world = *state;
	size_t i;

	begin(world);
	repo_push(world->repo, "team");
	repo_push(world->repo, "targets");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t before = server_sent(world->server);

		server_rule(world->server, cases[i].path, ENDLESS, 0, NULL);
		world_denies(world, "team/app", TUF_LIMIT, cases[i].role,
			     cases[i].version, cases[i].section, "more than");
		/* What buffers on the way hold is little. */
		assert_true(server_sent(world->server) - before <
			    cases[i].limit + (16u << 20));
		server_rule(world->server, cases[i].path, SERVE, 0, NULL);
	}
}

static void attack_52_extraneous_dependencies(void **state)
{
	struct world *world = *state;

	begin(world);
	/* Whoever may sign for team/ has no say in what is beside it. */
	repo_target(world->repo, "team", "lib", EVIL);
	repo_target(world->repo, "team", "app", EVIL);
	repo_push(world->repo, "team");
	world_works(world);
	world_denies(world, "lib", TUF_NO_TARGET, "", 0, "5.7.2", "lib");
	world_delivers(world, "app", GOOD);
	/* Nor has a mirror, though the signature is from somebody. */
	repo_target(world->repo, "targets", "lib", EVIL);
	repo_unsign(world->repo, "targets");
	repo_sign(world->repo, "targets", key_of(ED25519, "team"));
	repo_push(world->repo, "targets");
	world_denies(world, "lib", TUF_SIGNATURE, "targets", 2, "5.6.3",
		     "signed by 0 of the 1");
}

static void attack_53_mix_and_match(void **state)
{
	struct world *world = *state;

	begin(world);
	keep(world, "1");
	repo_target(world->repo, "targets", "app", GOOD ", second edition");
	repo_push(world->repo, "targets");
	keep(world, "2");
	/* New timestamp, old snapshot. */
	show_again(world, "1", "1.snapshot.json", "2.snapshot.json");
	world_refuses(world, TUF_VERSION, "snapshot", 1, "5.5.4", "announced is 2");
	/* New snapshot, old targets. */
	show_again(world, "2", "2.snapshot.json", "2.snapshot.json");
	show_again(world, "1", "1.targets.json", "2.targets.json");
	world_refuses(world, TUF_VERSION, "targets", 1, "5.6.4", "announced is 2");
	/* And new targets, old delegation: signed, of the version, but another. */
	world->repo->hashes = true;
	repo_push(world->repo, "team");
	repo_target(world->repo, "team", "team/app", EVIL);
	repo_write(world->repo, "team");
	show_again(world, "2", "2.targets.json", "2.targets.json");
	world_denies(world, "team/app", TUF_HASH, "team", 0, "5.6.2", "");
}

static void attack_54_wrong_software_for_the_device(void **state)
{
	struct world *world = *state;
	char *path;

	repo_delegate(world->repo, "targets", "a", rule_paths("device-a/*", true));
	repo_delegate(world->repo, "targets", "b", rule_paths("device-b/*", true));
	repo_target(world->repo, "a", "device-a/app", "software for device a");
	repo_target(world->repo, "b", "device-b/app", "software for device b");
	/* What b's developer says of a's devices nobody asks. */
	repo_target(world->repo, "b", "device-a/app", "software for device b");
	world_begin(world);
	path = file_of("software for device a", "device-a/", "app");
	server_rule(world->server, path, TEXT, 0, "software for device b");
	world_works(world);
	assert_int_equal(world_download(world, "device-a/app"), -TUF_HASH);
	world_denies(world, "device-a/app", TUF_HASH, "a", 0, "5.7.3",
		     "its sha256 is not the one announced");
	server_rule(world->server, path, SERVE, 0, NULL);
	world_delivers(world, "device-a/app", "software for device a");
	free(path);
}

/* It can withhold, delay and lie; another one helps, and alone it gets nowhere. */
static void attack_55_malicious_mirror(void **state)
{
	static const enum behaviour what[] = {
		STATUS, CUT, ENDLESS, TOO_SHORT, GARBAGE, HEADERS, SILENT,
	};
	struct world *world = *state;
	struct server *evil;
	char metadata[256], targets[256];
	size_t i;

	begin(world);
	evil = server_start(world->repo->folder, NULL);
	snprintf(metadata, sizeof(metadata), "http://127.0.0.1:%d/metadata",
		 server_port(evil));
	snprintf(targets, sizeof(targets), "http://127.0.0.1:%d/targets",
		 server_port(evil));
	world->metadata_urls[0] = metadata;
	world->target_urls[0] = targets;
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		server_rule(evil, "*", what[i], what[i] == STATUS ? 500 : 10, NULL);
		world->options.patience = what[i] == SILENT ? 2 : 0;
		repo_push(world->repo, "team");
		world->options.metadata_url_count = 1;
		world->options.target_url_count = 1;
		assert_int_not_equal(world_download(world, "team/app"), 0);
		world->metadata_urls[1] = world->metadata_url;
		world->target_urls[1] = world->target_url;
		world->options.metadata_url_count = 2;
		world->options.target_url_count = 2;
		file_write(world->target_dir, "team%2Fapp", "damaged");
		world_delivers(world, "team/app", GOOD);
		world_has(world, "team");
	}
	server_stop(evil);
}

static void attack_56_online_key_stolen(void **state)
{
	struct world *world = *state;
	struct repo *repo = world->repo;

	begin(world);
	/* The timestamp's alone: a snapshot of his own nobody has signed. */
	repo_unsign(repo, "snapshot");
	repo_target(repo, "targets", "app", EVIL);
	repo_unsign(repo, "targets");
	repo_push(repo, "targets");
	world_denies(world, "app", TUF_SIGNATURE, "snapshot", 2, "5.5.3",
		     "signed by 0 of the 1");
	/* The snapshot's alone: no timestamp names what he makes. */
	repo_sign(repo, "snapshot", key_of(ED25519, "snapshot"));
	repo_unsign(repo, "timestamp");
	repo_push(repo, "snapshot");
	world_denies(world, "app", TUF_SIGNATURE, "timestamp", 3, "5.4.2",
		     "signed by 0 of the 1");
	/* Both: still no target of his own, ... */
	repo_sign(repo, "timestamp", key_of(ED25519, "timestamp"));
	repo_push(repo, "snapshot");
	world_denies(world, "app", TUF_SIGNATURE, "targets", 2, "5.6.3",
		     "signed by 0 of the 1");
	/* ... nor one of yesterday, nor none. */
	repo_sign(repo, "targets", key_of(ED25519, "targets"));
	repo_target(repo, "targets", "app", GOOD);
	repo_push(repo, "targets");
	world_works(world);
	repo_set(repo, "targets", "version", json_integer(1));
	repo_announced(repo, "targets");
	world_refuses(world, TUF_ROLLBACK, "snapshot", repo_version(repo, "snapshot"),
		      "5.5.5", "targets.json falls from version 3 to 1");
	json_object_del(json_object_get(repo_body(repo, "snapshot"), "meta"),
			"team.json");
	repo_set(repo, "targets", "version", json_integer(4));
	repo_announced(repo, "targets");
	world_refuses(world, TUF_ROLLBACK, "snapshot", repo_version(repo, "snapshot"),
		      "5.5.5", "team.json is not listed any more");
}

static void attack_57_targets_key_below_threshold(void **state)
{
	struct world *world = *state;
	struct repo *repo = world->repo;

	repo_add_key(repo, "targets", key_of(ECDSA, "second"));
	repo_add_key(repo, "targets", key_of(ED25519, "third"));
	repo_threshold(repo, "targets", 2);
	begin(world);
	repo_target(repo, "targets", "app", EVIL);
	repo_unsign(repo, "targets");
	repo_sign(repo, "targets", key_of(ECDSA, "second"));
	repo_push(repo, "targets");
	world_denies(world, "app", TUF_SIGNATURE, "targets", 2, "5.6.3",
		     "signed by 1 of the 2");
	/* With the keys of all other roles beside it. */
	repo_sign(repo, "targets", key_of(ED25519, "snapshot"));
	repo_sign(repo, "targets", key_of(ED25519, "timestamp"));
	repo_sign(repo, "targets", key_of(ED25519, "root"));
	repo_sign(repo, "targets", key_of(ED25519, "team"));
	repo_push(repo, "targets");
	world_denies(world, "app", TUF_SIGNATURE, "targets", 3, "5.6.3",
		     "signed by 1 of the 2");
	/* Two of them are enough, so it was the threshold that held. */
	repo_sign(repo, "targets", key_of(ED25519, "third"));
	repo_push(repo, "targets");
	world_delivers(world, "app", EVIL);
}

static void attack_58_root_needs_both_thresholds(void **state)
{
	static const char *const old[] = { "root", "o2", "o3" };
	static const char *const new[] = { "n1", "n2", "n3" };
	struct world *world = *state;
	struct repo *repo = world->repo;
	int of_old, of_new, i;

	repo_add_key(repo, "root", key_of(ED25519, old[1]));
	repo_add_key(repo, "root", key_of(ED25519, old[2]));
	repo_threshold(repo, "root", 2);
	begin(world);
	repo_new_key(repo, "root", key_of(ED25519, new[0]));
	repo_add_key(repo, "root", key_of(ED25519, new[1]));
	repo_add_key(repo, "root", key_of(ED25519, new[2]));
	repo_set(repo, "root", "version", json_integer(2));
	for (of_old = 0; of_old <= 3; of_old++)
		for (of_new = 0; of_new <= 3; of_new++) {
			if (of_old >= 2 && of_new >= 2)
				continue;
			repo_unsign(repo, "root");
			for (i = 0; i < of_old; i++)
				repo_sign(repo, "root", key_of(ED25519, old[i]));
			for (i = 0; i < of_new; i++)
				repo_sign(repo, "root", key_of(ED25519, new[i]));
			repo_write(repo, "root");
			world_refuses(world, TUF_SIGNATURE, "root", 2, "5.3.4",
				      "of the 2 keys of root");
		}
	repo_unsign(repo, "root");
	for (i = 1; i < 3; i++) {
		repo_sign(repo, "root", key_of(ED25519, old[i]));
		repo_sign(repo, "root", key_of(ED25519, new[i]));
	}
	repo_write(repo, "root");
	world_works(world);
	world_has(world, "root");
}

int test_attacks(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(attack_47_arbitrary_software),
		in_world(attack_48_rollback),
		in_world(attack_49_fast_forward),
		in_world(attack_50_indefinite_freeze),
		in_world(attack_51_endless_metadata),
		in_world(attack_52_extraneous_dependencies),
		in_world(attack_53_mix_and_match),
		in_world(attack_54_wrong_software_for_the_device),
		in_world(attack_55_malicious_mirror),
		in_world(attack_56_online_key_stolen),
		in_world(attack_57_targets_key_below_threshold),
		in_world(attack_58_root_needs_both_thresholds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
