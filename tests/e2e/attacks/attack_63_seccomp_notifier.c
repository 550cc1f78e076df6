// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 63: a seccomp user notifier, inherited over exec, answers system calls
 * in place of the kernel.
 *
 * SM calls are page faults, so there is nothing to forge in them. What is left
 * is rt_sigreturn after a pause: a forged return goes on behind the system
 * call, and there the enclave stops.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handover.h"
#include "tap.h"
#include "victim.h"

#define FORGED 4242

static int channel[2];

/* Everything goes to the notifier but what the launcher itself needs. */
static int install_notifier(void *data)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};
	int listener;

	(void)data;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return errno;
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		return errno;
	return hand_over(channel[1], listener);
}

/*
 * Answer the next system call within @timeout_ms with a value of ours. Returns
 * its number, or -1: there was none.
 */
static int forge(int listener, int timeout_ms, int64_t value)
{
	struct pollfd poll_for = { .fd = listener, .events = POLLIN };
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp answer = { .val = value };

	if (poll(&poll_for, 1, timeout_ms) <= 0 || !(poll_for.revents & POLLIN) ||
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return -1;
	answer.id = call.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	return call.data.nr;
}

/* An ordinary process believes what the notifier says. */
static void control(void)
{
	int listener, status;
	pid_t child = fork();

	if (!child) {
		if (install_notifier(NULL))
			_exit(1);
		syscall(SYS_exit_group, syscall(SYS_getppid) == FORGED ? 0 : 2);
	}
	listener = receive(channel[0]);
	tap_ok(forge(listener, 10000, FORGED) == SYS_getppid,
	       "the notifier sees an ordinary process's system call");
	waitpid(child, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "which believes the forged value");
	close(listener);
}

static void sm_calls(struct victim *victim, int listener)
{
	int good = 0, seen = 0;

	for (int i = 0; i < 50; i++) {
		good += victim_intact(victim);
		seen += forge(listener, 0, FORGED) >= 0;
	}
	tap_ok(good == 50 && !seen,
	       "50 calls are answered and the notifier sees none of them");
}

static void forge_sigreturn(struct victim *victim, int listener)
{
	struct rewire_error error;
	int number, status;

	tap_ok(!rewire_enclave_pause(victim->fd, 10000, &error), "it is paused");
	tap_ok(!rewire_enclave_resume(victim->fd, &error), "it is resumed");
	number = forge(listener, 10000, FORGED);
	tap_ok(number == SYS_rt_sigreturn,
	       "the notifier gets its rt_sigreturn (%d) and forges it", number);
	waitpid(victim->pid, &status, 0);
	tap_ok(WIFSIGNALED(status), "the enclave stops at once (signal %d)",
	       WTERMSIG(status));
	victim->pid = 0;
	tap_ok(victim_becomes(victim, REWIRE_ENCLAVE_DESTROYED),
	       "and is destroyed, not restarted in a wrong state");
}

int main(void)
{
	struct victim victim;
	int listener, error;

	victim_setup();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
		tap_bail("socketpair: %s", strerror(errno));
	control();
	victim_create(&victim);
	error = victim_enter(&victim, install_notifier, NULL);
	if (tap_ok(!error, "a launcher with a notifier enters")) {
		listener = receive(channel[0]);
		sm_calls(&victim, listener);
		forge_sigreturn(&victim, listener);
	} else {
		tap_note("%s", strerror(error));
	}
	victim_end(&victim);
	return tap_done();
}
