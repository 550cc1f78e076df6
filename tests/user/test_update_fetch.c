// SPDX-License-Identifier: MIT
/*
 * What comes from a repository of The Update Framework: a real one, made by `rewire
 * tuf`, handed out by a web server, and fetched by the real client. The SM is played.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/wait.h>

#include "update_fixture.h"

#include "fetcher.h"
#include "log.h"
#include "scratch.h"

static struct package_file file;
static struct helper helper = { .stop = -1 };
static struct fetcher *fetcher;
static char dir[256], url[2][64];
static pid_t server;

/* ---- the SM ---- */

static struct {
	__u64 in_force;		/* version */
	unsigned int given;
	__u64 version;		/* that was given */
} sm;

int __wrap_rewire_sm_open(struct rewire_error *err);
int __wrap_rewire_sm_info(int fd, struct rewire_get_info *ret_info,
			  struct rewire_error *err);
int __wrap_rewire_sm_trust(int fd, __u32 kind, struct rewire_get_trust *ret_trust,
			   struct rewire_error *err);
int __wrap_rewire_trust_give(int fd, const struct rewire_statement *statement,
			     struct rewire_error *err);

int __wrap_rewire_sm_open(struct rewire_error *err)
{
	(void)err;
	return eventfd(0, EFD_CLOEXEC);
}

int __wrap_rewire_sm_info(int fd, struct rewire_get_info *ret_info,
			  struct rewire_error *err)
{
	(void)fd;
	(void)err;
	memset(ret_info, 0, sizeof(*ret_info));
	memset(ret_info->sm, 0xab, REWIRE_ID_SIZE);
	return 0;
}

int __wrap_rewire_sm_trust(int fd, __u32 kind, struct rewire_get_trust *ret_trust,
			   struct rewire_error *err)
{
	(void)fd;
	(void)err;
	assert_int_equal(kind, REWIRE_ROLE_DEVELOPER);
	*ret_trust = (struct rewire_get_trust){ .version = sm.in_force };
	return 0;
}

int __wrap_rewire_trust_give(int fd, const struct rewire_statement *statement,
			     struct rewire_error *err)
{
	const struct rewire_bundle *bundle = (const void *)statement->body;

	(void)fd;
	(void)err;
	sm.given++;
	sm.in_force = sm.version = bundle->version;
	return 0;
}

/* ---- the repository ---- */

/* A shell command in the test's folder; "$R" is `rewire tuf`. */
static void sh(const char *format, ...)
{
	char command[2048], whole[2600];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "set -e; cd %s; R=\"$REWIRE tuf\"; { %s; } >log 2>&1",
		 dir, command);
	if (system(whole))
		fail_msg("%s", command);
}

static void publish(void)
{
	sh("$R sign repo --key targets.key --yes; $R snapshot repo --key online.key --yes; $R timestamp repo --key online.key --yes; $R publish repo --yes");
}

/* Its port is the kernel's to choose; it says which. */
static void serve(void)
{
	char root[300], line[256], *port;
	int out[2];
	FILE *said;

	snprintf(root, sizeof(root), "%s/repo/public", dir);
	assert_int_equal(pipe(out), 0);
	server = fork();
	assert_true(server >= 0);
	if (!server) {
		char requests[300];
		int log;

		snprintf(requests, sizeof(requests), "%s/requests", dir);
		log = open(requests, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(out[1], STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		execlp("python3", "python3", "-u", "-m", "http.server",
		       "--bind", "127.0.0.1", "--directory", root, "0",
		       (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	said = fdopen(out[0], "r");
	assert_non_null(said);
	assert_non_null(fgets(line, sizeof(line), said));
	port = strstr(line, "port ");
	assert_non_null(port);
	snprintf(url[0], sizeof(url[0]), "http://127.0.0.1:%d/metadata",
		 atoi(port + 5));
	snprintf(url[1], sizeof(url[1]), "http://127.0.0.1:%d/targets",
		 atoi(port + 5));
	/* Left open: it writes there. */
}

static void write_file(const char *name, const void *data, size_t length)
{
	assert_int_equal(rewire_file_write(scratch_path(dir, name), data, length,
					   0600, NULL), 0);
}

static int set_up(void **state)
{
	const unsigned int threads[POOL_KINDS] = { [POOL_FETCHER] = 1 };
	static char inbox[300], root[300];

	(void)state;
	memset(&sm, 0, sizeof(sm));
	log_open(LOG_LEVEL_ERROR - 1);
	strcpy(dir, scratch_path(fixture_folder, "host.XXXXXX"));
	if (!mkdtemp(dir))
		return -1;
	snprintf(inbox, sizeof(inbox), "%s/inbox", dir);
	snprintf(root, sizeof(root), "%s/repo/public/metadata/1.root.json", dir);
	fixture_defaults(&file);
	fixture_sign(&file, 0);
	write_file("vault-4.package", file.data, file.length);
	sh("mkdir inbox; head -c %d /dev/urandom >vault-4.payload", FIXTURE_PAYLOAD);
	sh("for k in root targets online; do $R key make $k --online .; done; $R init repo --root root.pub --targets targets.pub --snapshot online.pub --timestamp online.pub; $R sign repo --key root.key --yes");
	sh("echo '# for all' >channel; echo packages/vault-4.package >>channel; $R add repo channel --yes; $R add repo vault-4.package vault-4.payload --prefix packages --yes");
	publish();
	serve();
	helper.options = (struct options){
		.state_dir = dir, .update_inbox = inbox,
		.tuf_metadata = url[0], .tuf_targets = url[1],
		.tuf_channel = "channel", .tuf_root = root,
		.tuf_client = getenv("TUF_CLIENT"),
	};
	helper.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return pool_new(threads, &helper.pool, NULL) |
	       fetcher_open(&helper, &fetcher, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	fetcher_close(fetcher);
	pool_free(helper.pool);
	close(helper.stop);
	return 0;
}

/* One job of the fetcher, from its beginning to its end. */
static void look(void)
{
	struct pollfd done = { pool_done_fd(helper.pool), POLLIN, 0 };

	fetcher_tick(fetcher);
	assert_int_equal(poll(&done, 1, 60000), 1);
	pool_reap(helper.pool);
}

static bool has(const char *name)
{
	return !access(scratch_path(dir, name), F_OK);
}

/* Did anybody ask the server for a target that ends so? */
static bool was_asked_for(const char *end)
{
	char command[700];

	snprintf(command, sizeof(command), "grep -q 'GET /targets/[^ ]*%s ' %s/requests",
		 end, dir);
	return !system(command);
}

/* ---- tests ---- */

/* Standard output is the helper's log, or whatever started it. */
static void nothing_is_said_of_what_came(void **state)
{
	int said = open(scratch_path(dir, "said"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int before = dup(STDOUT_FILENO);

	(void)state;
	assert_true(said >= 0 && before >= 0);
	fflush(stdout);
	dup2(said, STDOUT_FILENO);
	look();
	dup2(before, STDOUT_FILENO);
	close(before);
	assert_true(has("inbox/vault-4.package"));
	assert_int_equal(lseek(said, 0, SEEK_END), 0);
	close(said);
}

static void payload_waits_for_consent(void **state)
{
	(void)state;
	look();
	assert_true(has("inbox/vault-4.package"));
	assert_false(has("inbox/vault-4.payload"));
	assert_true(was_asked_for("vault-4.package"));
	assert_false(was_asked_for("vault-4.payload"));
	fetcher_want(fetcher, "vault-4");
	fetcher_want(fetcher, "vault-4");
	look();
	assert_true(was_asked_for("vault-4.payload"));
	sh("cmp inbox/vault-4.payload vault-4.payload; cmp inbox/vault-4.package vault-4.package");
}

/* Somebody dropped it by hand, or the channel names it no more. */
static void payload_of_another_way(void **state)
{
	(void)state;
	fetcher_want(fetcher, "other");
	look();
	assert_false(has("inbox/other.payload"));
}

static void taken_out_stays_out(void **state)
{
	(void)state;
	look();
	sh("rm inbox/vault-4.package");
	look();
	assert_false(has("inbox/vault-4.package"));
}

static void next_release(void **state)
{
	(void)state;
	look();
	sh("cp vault-4.package vault-5.package; echo packages/vault-5.package >>channel; $R add repo channel --yes; $R add repo vault-5.package --prefix packages --yes");
	publish();
	look();
	assert_true(has("inbox/vault-5.package"));
}

static void trust_bundle(void **state)
{
	(void)state;
	sm.in_force = 1;
	sh("T=\"$REWIRE trust\"; P=%s/pki; $T bundle --role developer --version 2 --cert $P/developer.crt -o dev.trust; $T sign dev.trust --key $P/root-1.key --cert $P/root-1.crt; echo trust/dev.trust >>channel; $R add repo dev.trust --prefix trust --yes; $R add repo channel --yes",
	   fixture_folder);
	publish();
	look();
	assert_int_equal(sm.given, 1);
	assert_int_equal(sm.version, 2);
	/* What is in force is not given again. */
	look();
	assert_int_equal(sm.given, 1);
	/* That it is there does not keep the packages away. */
	assert_true(has("inbox/vault-4.package"));
}

static void encrypted(void **state)
{
	__u8 wrap[REWIRE_MAX_WRAP];
	size_t length;

	(void)state;
	fixture_defaults(&file);
	file.package.header.flags |= REWIRE_PACKAGE_SEALED;
	fixture_sign(&file, 0);
	length = fixture_wrap(&file, wrap);
	write_file("vault-6.package", file.data, file.length);
	write_file("wrap", wrap, length);
	sh("echo packages/vault-6.package >channel; $R add repo channel --yes; $R add repo vault-6.package --prefix packages --yes");
	publish();
	look();
	/* Without a key to it, it is none of ours. */
	assert_false(has("inbox/vault-6.package"));
	sh("$R add repo wrap --name packages/vault-6.wraps/$(printf 'ab%%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16).wrap --yes");
	publish();
	fetcher_close(fetcher);
	assert_int_equal(fetcher_open(&helper, &fetcher, NULL), 0);
	look();
	assert_true(has("inbox/vault-6.package"));
	sh("cmp wrap inbox/vault-6.wrap");
}

static void changed_on_the_server(void **state)
{
	(void)state;
	sh("f=$(echo repo/public/targets/packages/*.vault-4.package); echo evil >>$f");
	look();
	assert_true(was_asked_for("vault-4.package"));
	assert_false(has("inbox/vault-4.package"));
}

static void names_that_lead_elsewhere(void **state)
{
	(void)state;
	sh("printf '%%s\\n' ../x.package /x.package 'a b.package' 'a/%%2e.package' x.exe packages/vault-4.package >channel; $R add repo channel --yes");
	publish();
	look();
	assert_false(was_asked_for("x.package"));
	assert_false(was_asked_for("exe"));
	assert_true(has("inbox/vault-4.package"));
}

static void server_gone(void **state)
{
	(void)state;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	look();
	assert_false(has("inbox/vault-4.package"));
}

static void stopping(void **state)
{
	(void)state;
	assert_int_equal(eventfd_write(helper.stop, 1), 0);
	look();
	assert_false(has("inbox/vault-4.package"));
}

static void roots(void **state)
{
	struct fetcher *other = NULL;
	struct rewire_error err;

	(void)state;
	/* It is trusted already, and not looked at again. */
	helper.options.tuf_root = "/nonexistent";
	assert_int_equal(fetcher_open(&helper, &other, &err), 0);
	fetcher_close(other);
	sh("rm -r tuf");
	assert_int_equal(fetcher_open(&helper, &other, &err), -EPROTO);
	helper.options.tuf_root = NULL;
	assert_int_equal(fetcher_open(&helper, &other, &err), -ENOENT);
	assert_non_null(strstr(err.text, "--tuf-root"));
	helper.options.tuf_metadata = NULL;
	assert_int_equal(fetcher_open(&helper, &other, &err), 0);
	assert_null(other);
	fetcher_want(NULL, "x");
	fetcher_tick(NULL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_is_said_of_what_came),
		test(payload_waits_for_consent),
		test(payload_of_another_way),
		test(taken_out_stays_out),
		test(next_release),
		test(trust_bundle),
		test(encrypted),
		test(changed_on_the_server),
		test(names_that_lead_elsewhere),
		test(server_gone),
		test(stopping),
		test(roots),
	};

	return cmocka_run_group_tests_name("update_fetch", tests,
					   fixture_set_up, fixture_tear_down);
}
