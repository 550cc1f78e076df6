// SPDX-License-Identifier: MIT
/*
 * Servers that misbehave: the refresh ends, within a bound, and nothing is lost.
 */
#include <unistd.h>

#include "test.h"

#define CONTENT	"a target that is long enough to be cut in the middle"

static void rule(struct world *world, const char *path, enum behaviour what,
		 long number, const char *text)
{
	server_rule(world->server, path, what, number, text);
}

#define TIMESTAMP "/metadata/timestamp.json"
#define refuses(world, check, text) \
	world_refuses(world, check, "timestamp", 0, "5.4.1", text)

static void slow_server(void **state)
{
	struct world *world = *state;

	world_begin(world);
	world->options.patience = 2;
	repo_push(world->repo, "snapshot");
	rule(world, "/metadata/2.snapshot.json", SLOW, 0, NULL);
	world_refuses(world, TUF_TRANSFER, "snapshot", 2, "5.5.1",
		      "Timeout was reached");
}

static void silent_server(void **state)
{
	struct world *world = *state;

	world_begin(world);
	world->options.patience = 1;
	rule(world, TIMESTAMP, SILENT, 0, NULL);
	refuses(world, TUF_TRANSFER, "Timeout was reached");
}

/* It closes the connection as soon as there is a byte too many. */
static void endless_body(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, ENDLESS, 0, NULL);
	refuses(world, TUF_LIMIT, "more than the 16384 bytes");
	rule(world, TIMESTAMP, ENDLESS_CHUNKED, 0, NULL);
	refuses(world, TUF_LIMIT, "more than the 16384 bytes");
}

static void endless_headers(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, HEADERS, 0, NULL);
	refuses(world, TUF_TRANSFER, "127.0.0.1");
	assert_true(server_sent(world->server) < 64u << 20);
}

/* A body that nobody reads must have an end too. */
static void endless_body_of_a_redirect(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, REDIRECT_ENDLESS, 0, "/metadata/1.snapshot.json");
	assert_int_not_equal(world_refresh(world), 0);
	assert_int_equal(world->err.check, TUF_LIMIT);
	assert_true(server_sent(world->server) < 64u << 20);
}

static void body_cut_short(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, CUT, 20, NULL);
	refuses(world, TUF_TRANSFER, "partial file");
}

static void length_that_is_a_lie(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, TOO_SHORT, 1000, NULL);
	refuses(world, TUF_TRANSFER, "127.0.0.1");
	/* Refused by what it says, before anything comes. */
	rule(world, TIMESTAMP, TOO_SHORT, 100000000, NULL);
	refuses(world, TUF_LIMIT, "more than the 16384 bytes");
}

static void no_http(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, GARBAGE, 0, NULL);
	assert_int_not_equal(world_refresh(world), 0);
	assert_int_equal(world->err.check, TUF_TRANSFER);
	assert_string_equal(world->err.role, "timestamp");
}

static void nobody_listens(void **state)
{
	struct world *world = *state;

	world_begin(world);
	server_stop(world->server);
	world->server = NULL;
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "connect");
}

static void statuses(void **state)
{
	static const struct {
		int status;
		enum tuf_check check;
	} cases[] = {
		{ 403, TUF_MISSING }, { 404, TUF_MISSING }, { 400, TUF_TRANSFER },
		{ 401, TUF_TRANSFER }, { 429, TUF_TRANSFER }, { 500, TUF_TRANSFER },
		{ 503, TUF_TRANSFER },
	};
	struct world *world = *state;
	char text[16];
	size_t i;

	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rule(world, TIMESTAMP, STATUS, cases[i].status, NULL);
		snprintf(text, sizeof(text), "HTTP %d", cases[i].status);
		refuses(world, cases[i].check, text);
	}
}

static void redirects_are_followed(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "timestamp");
	repo_remove(world->repo, "metadata/moved.json");
	{
		char *bytes = repo_bytes(world->repo, "timestamp");

		repo_file(world->repo, "elsewhere/moved.json", bytes, strlen(bytes));
		free(bytes);
	}
	rule(world, TIMESTAMP, REDIRECT, 0, "/elsewhere/moved.json");
	world_works(world);
	world_has(world, "timestamp");
}

static void redirects_have_an_end(void **state)
{
	struct world *world = *state;

	world_begin(world);
	rule(world, TIMESTAMP, REDIRECT, 0, TIMESTAMP);
	refuses(world, TUF_TRANSFER, "redirects");
}

/* A server must not make a client read what lies on the client. */
static void redirects_to_other_protocols(void **state)
{
	static const char *const places[] = {
		"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x",
		"dict://127.0.0.1/x", "scp://127.0.0.1/x",
	};
	struct world *world = *state;
	size_t i;

	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		rule(world, TIMESTAMP, REDIRECT, 0, places[i]);
		refuses(world, TUF_TRANSFER, "rotocol");
	}
}

static void other_protocols_are_no_repository(void **state)
{
	struct world *world = *state;

	world_begin(world);
	world->metadata_urls[0] = "ftp://127.0.0.1/metadata";
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "rotocol");
}

static char *target_path(void)
{
	char *hash = hash_of("sha256", CONTENT, strlen(CONTENT)), *path;

	if (asprintf(&path, "/targets/%s.file", hash) < 0)
		abort();
	free(hash);
	return path;
}

static void resumed(struct world *world, enum behaviour what)
{
	char *path = target_path(), wanted[400];

	repo_target(world->repo, "targets", "file", CONTENT);
	world_begin(world);
	rule(world, path, what, 20, NULL);
	world_delivers(world, "file", CONTENT);
	snprintf(wanted, sizeof(wanted), "/metadata/2.root.json\n" TIMESTAMP
		 "\n%s\n%s\n", path, path);
	if (what == CUT_FROM_START)
		snprintf(wanted, sizeof(wanted), "/metadata/2.root.json\n" TIMESTAMP
			 "\n%s\n%s\n%s\n", path, path, path);
	world_asked(world, wanted);
	free(path);
}

static void broken_download_goes_on(void **state)
{
	resumed(*state, CUT_ONCE);
}

static void broken_download_starts_again(void **state)
{
	resumed(*state, CUT_FROM_START);
}

static void download_that_breaks_every_time_ends(void **state)
{
	struct world *world = *state;
	char *path = target_path();

	repo_target(world->repo, "targets", "file", CONTENT);
	world_begin(world);
	rule(world, path, CUT, 5, NULL);
	world_denies(world, "file", TUF_TRANSFER, "targets", 0, "5.7.3",
		     "partial file");
	free(path);
}

static void broken_metadata_goes_on_as_well(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_push(world->repo, "targets");
	rule(world, "/metadata/2.targets.json", CUT_ONCE, 30, NULL);
	rule(world, "/metadata/2.snapshot.json", CUT_FROM_START, 30, NULL);
	world_works(world);
	world_has(world, "snapshot");
	world_has(world, "targets");
}

static void proxy_of_the_environment(void **state)
{
	struct world *world = *state;
	char proxy[64];

	world_begin(world);
	repo_push(world->repo, "targets");
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
		 server_port(world->server));
	setenv("http_proxy", proxy, 1);
	unsetenv("no_proxy");
	world->metadata_urls[0] = "http://repository.invalid/metadata";
	world_works(world);
	world_has(world, "targets");
	setenv("no_proxy", "*", 1);
	unsetenv("http_proxy");
}

/* Published while it is fetched: what was announced is what counts. */
struct swap {
	struct world *world;
	bool done;
};

static void publish_between(void *context, const char *path)
{
	struct swap *swap = context;

	if (swap->done || strcmp(path, "/metadata/1.snapshot.json"))
		return;
	swap->done = true;
	repo_push(swap->world->repo, "targets");
}

static void repository_that_changes_meanwhile(void **state)
{
	struct world *world = *state;
	struct swap swap = { world, false };

	world_init(world);
	server_watch(world->server, publish_between, &swap);
	world_works(world);
	assert_true(swap.done);
	assert_int_equal(world_stored_version(world, "targets"), 1);
	world_works(world);
	assert_int_equal(world_stored_version(world, "targets"), 2);
}

/* The same without consistent snapshots: refused, and right the next time. */
static void publish_plainly(void *context, const char *path)
{
	struct swap *swap = context;

	if (swap->done || strcmp(path, "/metadata/snapshot.json"))
		return;
	swap->done = true;
	repo_push(swap->world->repo, "targets");
}

static void inconsistent_repository_that_changes_meanwhile(void **state)
{
	struct world *world = *state;
	struct swap swap = { world, false };

	repo_set(world->repo, "root", "consistent_snapshot", json_false());
	world_init(world);
	server_watch(world->server, publish_plainly, &swap);
	world_refuses(world, TUF_VERSION, "snapshot", 2, "5.5.4", "announced is 1");
	world_works(world);
	world_has(world, "targets");
}

int test_http(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(slow_server),
		in_world(silent_server),
		in_world(endless_body),
		in_world(endless_headers),
		in_world(endless_body_of_a_redirect),
		in_world(body_cut_short),
		in_world(length_that_is_a_lie),
		in_world(no_http),
		in_world(nobody_listens),
		in_world(statuses),
		in_world(redirects_are_followed),
		in_world(redirects_have_an_end),
		in_world(redirects_to_other_protocols),
		in_world(other_protocols_are_no_repository),
		in_world(broken_download_goes_on),
		in_world(broken_download_starts_again),
		in_world(download_that_breaks_every_time_ends),
		in_world(broken_metadata_goes_on_as_well),
		in_world(proxy_of_the_environment),
		in_world(repository_that_changes_meanwhile),
		in_world(inconsistent_repository_that_changes_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
