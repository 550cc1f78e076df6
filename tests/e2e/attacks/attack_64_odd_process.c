// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 64: the launcher is traced, perf-attached, dumpable, or has an odd
 * personality, odd limits, an odd mask of signals.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debugger.h"
#include "tap.h"
#include "victim.h"

#define SUID_DUMPABLE "/proc/sys/fs/suid_dumpable"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

/* ---- refused ---- */

static int trace_me(void *data)
{
	(void)data;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
}

static void entering_traced(void)
{
	struct victim victim;
	int error;

	victim_create(&victim);
	error = victim_enter(&victim, trace_me, NULL);
	tap_ok(error == EPERM && victim_state(&victim) == REWIRE_ENCLAVE_READY,
	       "a traced launcher: refused (%s)", strerror(error));
	error = victim_enter(&victim, NULL, NULL);
	tap_ok(!error && victim_intact(&victim), "an untraced one enters");
	victim_end(&victim);
}

static void entering_dumpable(void)
{
	struct victim victim;
	int error;

	victim_create(&victim);
	write_file(SUID_DUMPABLE, "1");
	error = victim_enter(&victim, NULL, NULL);
	write_file(SUID_DUMPABLE, "0");
	tap_ok(error && victim_state(&victim) != REWIRE_ENCLAVE_RUNNING,
	       "fs.suid_dumpable=1: refused (%s)", strerror(error));
	error = victim_enter(&victim, NULL, NULL);
	tap_ok(!error && victim_intact(&victim), "with 0 it enters");
	victim_end(&victim);
}

/*
 * Attached afterwards: the enclave must not answer any more. Not with a debugger
 * that is gone again before it calls its SM: nothing sees that.
 */
static void traced_later(void)
{
	struct victim victim;
	int status, error;

	victim_start(&victim);
	error = debugger_attach(victim.pid);
	/* to attach interrupts the wait for a call, and the SM looks after waits */
	if (error == ESRCH) {
		tap_ok(victim_becomes(&victim, REWIRE_ENCLAVE_DESTROYED),
		       "a debugger attaches while it waits: the enclave ends");
		victim_end(&victim);
		return;
	}
	if (error) {
		tap_ok(error == EPERM && victim_intact(&victim),
		       "a debugger may not attach");
		victim_end(&victim);
		return;
	}
	ptrace(PTRACE_CONT, victim.pid, NULL, NULL);
	error = victim_call(&victim, &status, "check", NULL);
	tap_ok(error && victim_becomes(&victim, REWIRE_ENCLAVE_DESTROYED),
	       "a debugger attaches: the enclave ends before its next word (%s)",
	       strerror(error));
	victim_end(&victim);
}

/* ---- without effect ---- */

/* Samples user registers and stack of the launcher, and of what it becomes. */
static int open_perf(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = 100000,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_REGS_USER |
			       PERF_SAMPLE_STACK_USER,
		.sample_regs_user = 0xff0fff,
		.sample_stack_user = 8192,
		.exclude_kernel = 1,
		.inherit = 0,
	};

	return syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0);
}

static uint64_t count_of(int event)
{
	uint64_t count = 0;

	return read(event, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static int wait_for_go(void *data)
{
	char byte;

	return read(*(int *)data, &byte, 1) == 1 ? 0 : EPIPE;
}

static int wait_and_burn(void *data)
{
	volatile unsigned long sum = 0;
	int error = wait_for_go(data);

	for (unsigned long i = 0; i < 30000000; i++)
		sum += i;
	return error;
}

static void perf_before_entry(void)
{
	struct rewire_ticket ticket;
	struct victim victim;
	int go[2], event, fd, status, error;
	uint64_t before, after;
	pid_t child;

	victim_create(&victim);
	if (victim_ticket(&victim, &ticket) || pipe(go))
		tap_bail("perf: %s", strerror(errno));
	fd = ticket_file(&ticket, sizeof(ticket));
	child = fork();
	if (!child) {
		if (wait_and_burn(&go[0]))
			_exit(EPIPE);
		ticket_execute(fd);
	}
	event = open_perf(child);
	if (event < 0)
		tap_bail("perf_event_open: %s", strerror(errno));
	if (write(go[1], "", 1) != 1)
		tap_bail("perf: %s", strerror(errno));
	error = victim_wait(&victim, child);
	tap_ok(!error, "a launcher with a perf event on it enters");
	before = count_of(event);
	tap_ok(before > 0, "which counted the launcher");
	error = victim_call(&victim, &status, "spin", "30000000", NULL);
	after = count_of(event);
	tap_ok(!error && after == before, "and does not count the enclave");
	victim_end(&victim);
	close(event);
	close(fd);
	close(go[0]);
	close(go[1]);
}

static int odd_personality(void *data)
{
	return personality(*(unsigned long *)data) < 0 ? errno : 0;
}

/* No page of the enclave is writable and executable, or other than it was. */
static bool maps_are_strict(pid_t pid)
{
	char path[64], line[512], r, w, x;
	unsigned long start, end;
	int segments = 0, bad = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %c%c%c", &start, &end, &r, &w, &x) != 5)
			continue;
		/* The kernel's own, above all that a process can map. */
		if (start >> 47)
			continue;
		segments++;
		if (start < probe_image.layout.base || (w == 'w' && x == 'x')) {
			tap_note("%s", line);
			bad++;
		}
	}
	if (maps)
		fclose(maps);
	if (!segments)
		tap_note("no mappings are shown");
	return segments && !bad;
}

static void enter_oddly(prepare_fn *prepare, void *data, const char *what)
{
	struct victim victim;
	int error;

	victim_create(&victim);
	error = victim_enter(&victim, prepare, data);
	if (error) {
		tap_ok(victim_state(&victim) != REWIRE_ENCLAVE_RUNNING,
		       "%s: refused (%s)", what, strerror(error));
	} else {
		tap_ok(victim_intact(&victim) && victim_pauses(&victim) &&
		       maps_are_strict(victim.pid), "%s: without effect", what);
	}
	victim_end(&victim);
}

static int all_limits(void *data)
{
	const struct rlimit limit = { 0, 0 };

	(void)data;
	for (int resource = 0; resource < RLIM_NLIMITS; resource++)
		if (resource != RLIMIT_CPU && setrlimit(resource, &limit))
			return errno;
	return 0;
}

static int one_limit(void *data)
{
	const struct rlimit limit = { 0, 0 };

	return setrlimit(*(int *)data, &limit) ? errno : 0;
}

static int no_limits(void *data)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	(void)data;
	return setrlimit(RLIMIT_STACK, &limit) || setrlimit(RLIMIT_CORE, &limit) ?
		       errno : 0;
}

static int all_blocked(void *data)
{
	sigset_t all;

	(void)data;
	sigfillset(&all);
	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	return sigprocmask(SIG_SETMASK, &all, NULL) ? errno : 0;
}

static int dumpable(void *data)
{
	(void)data;
	return prctl(PR_SET_DUMPABLE, 1) ? errno : 0;
}

static int no_new_privs_and_tsc(void *data)
{
	(void)data;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_TSC, PR_TSC_SIGSEGV) ||
	       prctl(PR_SET_PDEATHSIG, SIGUSR1) ? errno : 0;
}

static void personalities(void)
{
	static const struct {
		unsigned long value;
		const char *name;
	} odd[] = {
		{ READ_IMPLIES_EXEC, "READ_IMPLIES_EXEC" },
		{ ADDR_LIMIT_3GB, "ADDR_LIMIT_3GB" },
		{ ADDR_LIMIT_32BIT, "ADDR_LIMIT_32BIT" },
		{ MMAP_PAGE_ZERO, "MMAP_PAGE_ZERO" },
		{ ADDR_COMPAT_LAYOUT, "ADDR_COMPAT_LAYOUT" },
		{ ADDR_NO_RANDOMIZE | STICKY_TIMEOUTS, "ADDR_NO_RANDOMIZE" },
		{ PER_LINUX32, "PER_LINUX32" },
		{ PER_SVR4, "PER_SVR4" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		unsigned long value = odd[i].value;

		enter_oddly(odd_personality, &value, odd[i].name);
	}
}

static void limits(void)
{
	static const struct {
		int resource;
		const char *name;
	} odd[] = {
		{ RLIMIT_STACK, "RLIMIT_STACK of 0" },
		{ RLIMIT_AS, "RLIMIT_AS of 0" },
		{ RLIMIT_DATA, "RLIMIT_DATA of 0" },
		{ RLIMIT_NOFILE, "RLIMIT_NOFILE of 0" },
		{ RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING of 0" },
		{ RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK of 0" },
		{ RLIMIT_FSIZE, "RLIMIT_FSIZE of 0" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		int resource = odd[i].resource;

		enter_oddly(one_limit, &resource, odd[i].name);
	}
	enter_oddly(all_limits, NULL, "all limits 0");
	enter_oddly(no_limits, NULL, "unlimited stack and core");
}

static int park_signal_pending(void *data)
{
	sigset_t park;

	(void)data;
	sigemptyset(&park);
	sigaddset(&park, REWIRE_PARK_SIGNAL);
	return sigprocmask(SIG_BLOCK, &park, NULL) || raise(REWIRE_PARK_SIGNAL) ?
	       errno : 0;
}

/*
 * One that goes on in another process has its registers in a frame on the signal
 * stack until it is back from there: no signal may write over it.
 */
static void returning_signalled(void)
{
	struct rewire_enclave_info info;
	struct rewire_error error;
	struct victim victim;
	int code;

	victim_start(&victim);
	if (rewire_enclave_pause(victim.fd, 60000, &error))
		tap_bail("%s", error.text);
	kill(victim.pid, SIGKILL);
	waitpid(victim.pid, NULL, 0);
	do {
		if (rewire_enclave_get_info(victim.fd, &info, &error))
			tap_bail("%s", error.text);
	} while (info.pid);
	code = victim_enter(&victim, park_signal_pending, NULL);
	tap_ok(!code && victim_intact(&victim) && victim_pauses(&victim),
	       "a park signal that waits for it when it returns: intact (%s)",
	       strerror(code));
	victim_end(&victim);
}

int main(void)
{
	victim_setup();
	entering_traced();
	entering_dumpable();
	traced_later();
	perf_before_entry();
	personalities();
	limits();
	enter_oddly(all_blocked, NULL, "all signals ignored and blocked");
	enter_oddly(dumpable, NULL, "PR_SET_DUMPABLE");
	enter_oddly(no_new_privs_and_tsc, NULL, "no_new_privs, no TSC, pdeathsig");
	returning_signalled();
	return tap_done();
}
