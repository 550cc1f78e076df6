// SPDX-License-Identifier: MIT
/*
 * What whoever stole some keys can do to a client, tried out for each row of the
 * table in docs/tuf.md; the repository announces lengths and hashes. He has the
 * server as well, and may sign with what he stole and with keys of his own.
 */
#include "test.h"

#define GOOD	"the software"
#define EVIL	"not the software"
#define T0	1893456000	/* 2030-01-01 */
#define SOON	"2030-01-02T00:00:00Z"

static const char *const thefts[] = {
	"timestamp", "snapshot", "timestamp, snapshot", "targets",
	"timestamp, targets", "snapshot, targets", "timestamp, snapshot, targets",
	"team", "timestamp, snapshot, team", "root",
};

static bool stolen(const char *theft, const char *role)
{
	return strstr(theft, role) || strstr(theft, "root");
}

/* Roles that he changes are signed by him, if he can. */
static void sign_again(struct world *world, const char *theft, const char *role)
{
	if (!stolen(theft, role))
		repo_unsign(world->repo, role);
}

/* The client has the first root, and has asked for nothing yet. */
static void begin(struct world *world)
{
	struct repo *repo = world->repo;

	repo->hashes = true;
	repo_delegate(repo, "targets", "team", rule_paths("team/*", true));
	repo_target(repo, "targets", "app", GOOD);
	repo_target(repo, "team", "team/app", GOOD);
	repo_set(repo, "timestamp", "expires", json_string(SOON));
	clock_now = T0;
	world_init(world);
}

/* With root's key all other keys become his own. */
static void seize(struct world *world, const char *theft)
{
	static const char *const online[] = { "timestamp", "snapshot", "targets" };
	size_t i;

	if (!strstr(theft, "root"))
		return;
	for (i = 0; i < ARRAY_SIZE(online); i++)
		repo_new_key(world->repo, online[i], key_of(ED25519, "eve"));
	repo_push(world->repo, "root");
}

static bool delivers(struct world *world, const char *path, const char *file,
		     const char *content)
{
	char *got = world_download(world, path) ? NULL :
		    file_read(world->target_dir, file);
	bool same = got && !strcmp(got, content);

	free(got);
	return same;
}

/* Other software, announced anew or in the place of what was announced. */
static bool malicious(struct world *world, const char *theft)
{
	bool by_team = stolen(theft, "team") && !stolen(theft, "targets");
	const char *role = by_team ? "team" : "targets";
	const char *path = by_team ? "team/app" : "app";
	const char *file = by_team ? "team%2Fapp" : "app";

	begin(world);
	seize(world, theft);
	repo_target(world->repo, role, path, EVIL);
	sign_again(world, theft, role);
	sign_again(world, theft, "snapshot");
	sign_again(world, theft, "timestamp");
	if (!strstr(theft, "root")) {
		repo_write(world->repo, role);
		if (delivers(world, path, file, EVIL))
			return true;
	}
	repo_push(world->repo, role);
	return delivers(world, path, file, EVIL);
}

/* Yesterday's software after its timestamp has expired. */
static bool freeze(struct world *world, const char *theft)
{
	begin(world);
	world_works(world);
	clock_now = T0 + 7 * 86400;
	seize(world, theft);
	repo_set(world->repo, "timestamp", "expires", json_string(FAR));
	sign_again(world, theft, "timestamp");
	if (strstr(theft, "root")) {
		repo_push(world->repo, "targets");
		world_refresh(world);
	}
	repo_push(world->repo, "timestamp");
	return !world_refresh(world);
}

/* Roles of different times together, each of which was right once. */
static bool inconsistent(struct world *world, const char *theft)
{
	json_t *meta, *old;

	begin(world);
	meta = json_object_get(repo_body(world->repo, "snapshot"), "meta");
	old = json_incref(json_object_get(meta, "team.json"));
	repo_target(world->repo, "team", "team/app", GOOD ", second edition");
	repo_push(world->repo, "team");
	repo_push(world->repo, "targets");
	seize(world, theft);
	if (strstr(theft, "root"))
		repo_push(world->repo, "targets");
	json_object_set_new(meta, "team.json", old);
	sign_again(world, theft, "snapshot");
	sign_again(world, theft, "timestamp");
	repo_push(world->repo, "snapshot");
	return delivers(world, "team/app", "team%2Fapp", GOOD);
}

static bool in_new_world(bool (*attack)(struct world *, const char *),
			 const char *theft)
{
	void *world;
	bool done;

	assert_int_equal(world_new(&world), 0);
	done = attack(world, theft);
	world_free(&world);
	return done;
}

static const char *answer(bool (*attack)(struct world *, const char *),
			  const char *theft)
{
	return in_new_world(attack, theft) ? "yes" : "no";
}

/* The rows of the table that begins with @head, which is all that it ends with. */
static char *rows_below(const char *doc, const char *head)
{
	const char *at = strstr(doc, head), *end;

	if (!at)
		fail_msg("docs/tuf.md has no %s", head);
	at += strlen(head);
	for (end = at; *end == '|'; end = strchr(end, '\n') + 1)
		;
	return strndup(at, (size_t)(end - at));
}

static void stolen_keys_do_what_the_table_says(void **state)
{
	static const char head[] =
		"| keys of | other software | a freeze, beyond the timestamp's expiry | roles of different times |\n"
		"|---|---|---|---|\n";
	char *doc = file_read(DOCS, "tuf.md"), *told, *found = NULL;
	size_t size, i;
	FILE *rows;

	(void)state;
	assert_non_null(doc);
	told = rows_below(doc, head);
	rows = open_memstream(&found, &size);
	for (i = 0; i < ARRAY_SIZE(thefts); i++)
		fprintf(rows, "| %s | %s | %s | %s |\n", thefts[i],
			answer(malicious, thefts[i]), answer(freeze, thefts[i]),
			answer(inconsistent, thefts[i]));
	fclose(rows);
	if (strcmp(told, found))
		fail_msg("docs/tuf.md says:\n%sbut it is:\n%s", told, found);
	free(found);
	free(told);
	free(doc);
}

int test_matrix(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stolen_keys_do_what_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
