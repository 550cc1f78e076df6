// SPDX-License-Identifier: MIT
/*
 * A client that is killed, or whose system call fails, at each place where what is
 * on the disk can change: before the call, and after it. Between two of them the
 * disk stays as it is; TUF_KILL_ALL=1 kills at each system call all the same.
 *
 * What is stored then is old or new, file by file, and the next client gets it all.
 */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define OLD	"what was there"
#define NEW	"what comes with the new root, by new keys"
#define TARGET	"a/file"
#define FAILED	33	/* a client that says so; sanitizers end otherwise */

/* Nothing else writes, or decides what is written next. */
static const long changing[] = {
	SYS_openat, SYS_write, SYS_pwrite64, SYS_writev, SYS_fsync, SYS_fdatasync,
	SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,
	SYS_link, SYS_linkat, SYS_truncate, SYS_ftruncate, SYS_mkdir, SYS_mkdirat,
	SYS_flock, SYS_lseek, SYS_close,
};

struct scene {
	struct world *world;
	json_t *metadata;	/* before */
	json_t *targets;
	json_t *fresh;		/* afterwards */
};

static void restore(const char *folder, const json_t *files)
{
	json_t *now = listing(folder), *value;
	const char *name;
	char path[512];

	json_object_foreach(now, name, value) {
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		unlink(path);
	}
	json_decref(now);
	json_object_foreach((json_t *)files, name, value)
		file_write(folder, name, json_string_value(value));
}

static void begin(struct scene *scene, struct world *world)
{
	struct repo *repo = world->repo;

	scene->world = world;
	repo_delegate(repo, "targets", "team", rule_paths("a/*", true));
	repo_target(repo, "team", TARGET, OLD);
	world_begin(world);
	world_delivers(world, TARGET, OLD);
	scene->metadata = listing(world->metadata_dir);
	scene->targets = listing(world->target_dir);
	repo_target(repo, "team", TARGET, NEW);
	repo_new_key(repo, "timestamp", key_of(ED25519, "timestamp2"));
	repo_new_key(repo, "snapshot", key_of(ED25519, "snapshot2"));
	repo_push(repo, "root");
	repo_push(repo, "targets");
	repo_push(repo, "team");
	world_delivers(world, TARGET, NEW);
	scene->fresh = listing(world->metadata_dir);
}

static void end(struct scene *scene)
{
	json_decref(scene->metadata);
	json_decref(scene->targets);
	json_decref(scene->fresh);
}

static bool counts(long number, int error)
{
	size_t i;

	/* A sanitizer cannot live without memory. */
	if (!error && getenv("TUF_KILL_ALL"))
		return true;
	for (i = 0; i < ARRAY_SIZE(changing); i++)
		if (changing[i] == number)
			return true;
	return false;
}

static void run_client(struct world *world)
{
	int rc;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	rc = world_download(world, TARGET);
	_exit(rc ? FAILED : 0);
}

/*
 * Run a client until the stop number @at at a call that counts: kill it there, or
 * with @error let this call fail. false: it was over sooner.
 */
static bool run_until(struct world *world, int at, int error)
{
	struct user_regs_struct regs;
	bool entry = true, fail = false;
	int seen = 0, status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		run_client(world);
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;; entry = !entry) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			assert_true(WIFEXITED(status));
			if (WEXITSTATUS(status) && WEXITSTATUS(status) != FAILED)
				fail_msg("broken at %d: %d", at, status);
			return seen > at;
		}
		assert_true(WSTOPSIG(status) == (SIGTRAP | 0x80));
		ptrace(PTRACE_GETREGS, pid, NULL, &regs);
		if (fail && !entry) {
			regs.rax = (unsigned long long)-error;
			ptrace(PTRACE_SETREGS, pid, NULL, &regs);
			fail = false;
		}
		if (!counts((long)regs.orig_rax, error) || (error && !entry))
			continue;
		if (seen++ != at)
			continue;
		if (!error)
			break;
		regs.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
		fail = true;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return true;
}

static const char *stored(const json_t *files, const char *name)
{
	return json_string_value(json_object_get(files, name));
}

/* Each file is the old or the new one, and none is there that its root forgot. */
static void expect_consistent(struct scene *scene, int at)
{
	json_t *now = listing(scene->world->metadata_dir), *value;
	const char *name, *root = stored(now, "root.json");
	char *target = file_read(scene->world->target_dir, "a%2Ffile");
	bool fresh;

	if (!root)
		fail_msg("no root after a kill at %d", at);
	fresh = !strcmp(root, stored(scene->fresh, "root.json"));
	json_object_foreach(now, name, value) {
		bool old = json_equal(value, json_object_get(scene->metadata, name));

		if (!old && !json_equal(value, json_object_get(scene->fresh, name)))
			fail_msg("%s is neither old nor new after %d", name, at);
		if (old && fresh && (!strcmp(name, "timestamp.json") ||
				     !strcmp(name, "snapshot.json")))
			fail_msg("%s outlived its keys after %d", name, at);
	}
	if (!target || (strcmp(target, OLD) && strcmp(target, NEW)))
		fail_msg("the target is neither old nor new after %d", at);
	free(target);
	json_decref(now);
}

static void expect_all(struct scene *scene)
{
	json_t *now;

	world_delivers(scene->world, TARGET, NEW);
	now = listing(scene->world->metadata_dir);
	assert_true(json_equal(now, scene->fresh));
	json_decref(now);
	assert_false(file_exists(scene->world->target_dir, ".tuf-new"));
}

/* At each stop in turn until the client ends before it is reached. */
static void at_each_stop(struct world *world, int error)
{
	struct scene scene;
	int at;

	begin(&scene, world);
	for (at = 0;; at++) {
		bool reached;

		restore(world->metadata_dir, scene.metadata);
		restore(world->target_dir, scene.targets);
		reached = run_until(world, at, error);
		expect_consistent(&scene, at);
		expect_all(&scene);
		if (!reached)
			break;
	}
	/* Enough of them that it was no mistake. */
	assert_true(at > 60);
	end(&scene);
}

static void client_killed_at_each_call(void **state)
{
	at_each_stop(*state, 0);
}

static void init_killed_at_each_call(void **state)
{
	struct world *world = *state;
	int at, status;

	repo_publish(world->repo);
	for (at = 0;; at++) {
		char command[300];
		pid_t pid;
		int seen = 0;

		snprintf(command, sizeof(command), "rm -rf '%s'", world->metadata_dir);
		assert_int_equal(system(command), 0);
		fflush(NULL);
		pid = fork();
		if (!pid) {
			ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			raise(SIGSTOP);
			_exit(world_try_init(world) ? 1 : 0);
		}
		waitpid(pid, &status, 0);
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
		while (seen <= at) {
			struct user_regs_struct regs;

			ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
			waitpid(pid, &status, 0);
			if (WIFEXITED(status))
				break;
			ptrace(PTRACE_GETREGS, pid, NULL, &regs);
			seen += counts((long)regs.orig_rax, 0);
		}
		if (WIFEXITED(status))
			break;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		/* The root, or none. */
		if (file_exists(world->metadata_dir, "root.json"))
			world_has(world, "root");
		assert_int_equal(world_try_init(world), 0);
		world_has(world, "root");
	}
	assert_true(at > 10);
	assert_int_equal(WEXITSTATUS(status), 0);
	world_works(world);
}

static void disk_is_full_at_each_call(void **state)
{
	at_each_stop(*state, ENOSPC);
}

int test_kill(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(client_killed_at_each_call),
		in_world(init_killed_at_each_call),
		in_world(disk_is_full_at_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
