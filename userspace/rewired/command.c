// SPDX-License-Identifier: MIT
/*
 * Programs of the operator's, which know the way to the SDS.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <sys/pidfd.h>
#include <sys/wait.h>

#include "clock.h"
#include "command.h"

extern char **environ;

/* Its own group, so that what it started ends with it; no signal is blocked. */
static int spawn(const char *const argv[], int input, bool quiet, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int ret;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	if (input < 0)
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
						 "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
						 "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
					      POSIX_SPAWN_SETSIGMASK);
	ret = posix_spawn(ret_pid, argv[0], &actions, &attributes,
			  (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* 0: it ended; else why nobody waits for it any more. */
static int await(const struct helper *helper, const char *command, int process,
		 struct rewire_error *err)
{
	const unsigned int timeout = helper->options.io_timeout_ms;
	const int64_t deadline = clock_ms() + timeout;
	struct pollfd fds[] = {
		{ .fd = process, .events = POLLIN },
		{ .fd = helper->stop, .events = POLLIN },
	};
	int64_t left;

	while ((left = deadline - clock_ms()) > 0) {
		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[0].revents)
			return 0;
		return rewire_fail(err, ESHUTDOWN,
				   "this helper is being stopped");
	}
	return rewire_fail(err, ETIMEDOUT, "%s did not end within %u s", command,
			   timeout / 1000);
}

int command_run(const struct helper *helper, const char *const argv[],
		int input, bool quiet, struct rewire_error *err)
{
	const char *command = argv[0];
	int process, status, ret;
	pid_t pid;

	ret = spawn(argv, input, quiet, &pid);
	if (ret)
		return rewire_fail(err, ret, "%s: %s", command, strerror(ret));
	process = pidfd_open(pid, 0);
	ret = process < 0 ? rewire_fail(err, errno, "pidfd_open: %s",
					strerror(errno)) :
			    await(helper, command, process, err);
	if (process >= 0)
		close(process);
	if (ret)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ret)
		return ret;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return rewire_fail(err, EPROTO, "%s ended with %s %d; what it said is in this log",
			   command, WIFEXITED(status) ? "status" : "signal",
			   WIFEXITED(status) ? WEXITSTATUS(status) :
					       WTERMSIG(status));
}
