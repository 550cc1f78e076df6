// SPDX-License-Identifier: MIT
/*
 * The witness's command: run with the names of two files, the head that the SM
 * signed, and where the witness's answer is to be.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/pidfd.h>
#include <sys/wait.h>

#include "clock.h"
#include "log.h"
#include "witness.h"

#define MAX_ROUNDS	2	/* the second moves the witness on */

extern char **environ;

/* One at a time: an answer is to the last head, and the files are the same. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Its own group, so that what it started ends with it; no signal is blocked. */
static int spawn(const char *command, const char *head, const char *answer,
		 pid_t *ret_pid)
{
	char *const argv[] = { (char *)command, (char *)head, (char *)answer,
			       NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int ret;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
					      POSIX_SPAWN_SETSIGMASK);
	ret = posix_spawn(ret_pid, command, &actions, &attributes, argv,
			  environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return ret;
}

/* 0: it ended; else why nobody waits for it any more. */
static int await(const struct helper *helper, int process,
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
	return rewire_fail(err, ETIMEDOUT,
			   "the witness's command did not end within %u s",
			   timeout / 1000);
}

static int run(const struct helper *helper, const char *head,
	       const char *answer, struct rewire_error *err)
{
	const char *command = helper->options.witness_command;
	int process, status, ret;
	pid_t pid;

	ret = spawn(command, head, answer, &pid);
	if (ret)
		return rewire_fail(err, ret, "%s: %s", command, strerror(ret));
	process = pidfd_open(pid, 0);
	ret = process < 0 ? rewire_fail(err, errno, "pidfd_open: %s",
					strerror(errno)) :
			    await(helper, process, err);
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

/* 1: it knows the head that it was shown; 0: only an older one. */
static int ask_once(const struct helper *helper, int sm,
		    struct rewire_error *err)
{
	const char *dir = helper->options.state_dir;
	char asked[STORE_PATH], answer[STORE_PATH];
	_Alignas(8) __u8 head[REWIRE_MAX_HEAD];
	size_t length = sizeof(head);
	struct rewire_signed witness;
	int ret = rewire_sm_head(sm, head, &length, err);

	if (ret)
		return ret;
	if (snprintf(asked, sizeof(asked), "%s/witness.head", dir) >=
		    (int)sizeof(asked) ||
	    snprintf(answer, sizeof(answer), "%s/witness.answer", dir) >=
		    (int)sizeof(answer))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	/* An old answer must not be taken for this one's. */
	if (unlink(answer) && errno != ENOENT)
		return rewire_fail(err, errno, "%s: %s", answer,
				   strerror(errno));
	ret = rewire_file_write(asked, head, length, 0600, err);
	if (!ret)
		ret = run(helper, asked, answer, err);
	if (!ret)
		ret = rewire_signed_read(answer, REWIRE_TYPE_WITNESS, &witness,
					 err);
	if (!ret)
		ret = rewire_sm_witness(sm, &witness, err);
	if (ret)
		return ret;
	return witness.body.witness.sequence ==
	       ((const struct rewire_head *)(const void *)head)->sequence;
}

static int ask(const struct helper *helper, struct rewire_error *err)
{
	int sm = rewire_sm_open(err), ret = 0;

	if (sm < 0)
		return sm;
	for (int i = 0; i < MAX_ROUNDS && !ret; i++)
		ret = ask_once(helper, sm, err);
	close(sm);
	return ret < 0 ? ret : 0;
}

int witness_ask(struct helper *helper, struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	int ret;

	if (!helper->options.witness_command)
		return -ENOLINK;
	pthread_mutex_lock(&lock);
	ret = ask(helper, &why);
	pthread_mutex_unlock(&lock);
	if (ret)
		return rewire_fail(err, why.code, "asking the witness: %s",
				   why.text);
	log_info("the witness knows the journal as it is");
	return 0;
}

int witness_after(struct helper *helper, struct rewire_error *err)
{
	struct rewire_journal_info info;
	int sm, ret;

	if (!helper->options.witness_command)
		return 0;
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	ret = rewire_sm_journal_info(sm, &info, err);
	close(sm);
	if (ret || info.freshness != REWIRE_FRESHNESS_STRICT)
		return ret;
	return witness_ask(helper, err);
}

bool witness_helps(struct helper *helper, int ret, struct rewire_error *err)
{
	return ret == -ENOLINK && !witness_ask(helper, err);
}
