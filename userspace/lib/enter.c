// SPDX-License-Identifier: MIT
/*
 * Entering an enclave: a ticket in a memfd, executed by a process made for it.
 *
 *	caller ── fork ──> middle ── fork ──> the enclave's process
 *	  │                  └ exits at once       │ setsid, filter, execveat
 *	  └─ waits for the pipe to close, then for the state RUNNING
 *
 * Everything that allocates is done before the first fork: the caller may have
 * threads, and one of them may hold malloc()'s lock. The middle process exits so
 * that init, and not the caller, is the enclave's parent.
 *
 * The filter is the host's protection against the enclave. It leaves the one
 * system call an enclave makes, rt_sigreturn (and, where the manifest allows more
 * threads, clone() of a thread, private futexes and exit), and two that the launcher needs
 * until it is gone: execveat of the ticket's descriptor, which is closed by it,
 * and exit_group. So the launcher cannot write its errno anywhere; it leaves it
 * in a page shared with the caller, and the end of the pipe says that it did.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "rewire.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define DEFAULT_TIMEOUT_MS 10000
#define POLL_MS 2

/* What the launcher tells the caller. */
struct note {
	int code;	/* errno, 0 as long as all is well */
	pid_t pid;
};

struct launch {
	int enclave;
	int ticket;
	int pipe[2];
	struct note *note;
	struct sock_fprog filter;
};

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

static int open_ticket(struct launch *launch, struct rewire_error *err)
{
	struct rewire_get_ticket get = { .size = sizeof(get) };
	int rc;

	/* Kernels before 6.3 do not know the flag, and need none. */
	launch->ticket = memfd_create("rewire-ticket", MFD_CLOEXEC | MFD_EXEC);
	if (launch->ticket < 0 && errno == EINVAL)
		launch->ticket = memfd_create("rewire-ticket", MFD_CLOEXEC);
	if (launch->ticket < 0)
		return rewire_fail(err, errno, "making the ticket's file: %s%s",
				   strerror(errno), errno == EACCES ?
				   "; set the sysctl vm.memfd_noexec to 1 or 0" : "");
	if (ioctl(launch->enclave, REWIRE_GET_TICKET, &get))
		return rewire_fail_ioctl(err, launch->enclave, errno,
					 "asking for a ticket");
	rc = rewire_write_all(launch->ticket, &get.ticket, sizeof(get.ticket),
			      err);
	explicit_bzero(&get, sizeof(get));
	return rc;
}

/* What the threads of an enclave need beyond the first: see gate.S of the SDK. */
static int add_thread_rules(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp as_thread = {
		.arg = 0, .op = SCMP_CMP_EQ, .datum_a = REWIRE_CLONE_FLAGS,
	};
	static const int futexes[] = { FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE };
	int rc;

	rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				    &as_thread);
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(exit), 0);
	for (int i = 0; i < 2 && !rc; i++) {
		const struct scmp_arg_cmp as_op = {
			.arg = 1, .op = SCMP_CMP_MASKED_EQ,
			.datum_a = UINT32_MAX, .datum_b = (__u64)futexes[i],
		};

		rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
					    SCMP_SYS(futex), 1, &as_op);
	}
	return rc;
}

static int add_rules(scmp_filter_ctx ctx, int ticket, bool threads)
{
	/* The kernel looks at the lower halves of these arguments only. */
	const struct scmp_arg_cmp only_ticket[] = {
		{ .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX,
		  .datum_b = (unsigned int)ticket },
		{ .arg = 4, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX,
		  .datum_b = AT_EMPTY_PATH },
	};
	int rc;

	/* A call by the number of another ABI is no thread's, but all's end. */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			      SCMP_ACT_KILL_PROCESS);
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
				      SCMP_SYS(rt_sigreturn), 0);
	if (!rc)
		rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
					    SCMP_SYS(execveat), 2, only_ticket);
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(exit_group),
				      0);
	if (!rc && threads)
		rc = add_thread_rules(ctx);
	return rc;
}

/* libseccomp gives the program away through a file only. */
static int load_program(scmp_filter_ctx ctx, struct sock_fprog *ret_filter)
{
	int fd = memfd_create("rewire-filter", MFD_CLOEXEC);
	struct sock_filter *code = NULL;
	struct stat st;
	int rc = -EIO;

	if (fd < 0)
		return -errno;
	if (seccomp_export_bpf(ctx, fd) || fstat(fd, &st) || st.st_size <= 0 ||
	    st.st_size % (off_t)sizeof(*code))
		goto out;
	code = malloc((size_t)st.st_size);
	if (!code) {
		rc = -ENOMEM;
		goto out;
	}
	if (pread(fd, code, (size_t)st.st_size, 0) != st.st_size) {
		free(code);
		goto out;
	}
	ret_filter->filter = code;
	ret_filter->len = (unsigned short)((size_t)st.st_size / sizeof(*code));
	rc = 0;
out:
	close(fd);
	return rc;
}

static int make_filter(struct launch *launch, struct rewire_error *err)
{
	struct rewire_enclave_info info;
	scmp_filter_ctx ctx;
	int rc = rewire_enclave_get_info(launch->enclave, &info, err);

	if (rc)
		return rc;
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	rc = -ENOMEM;
	if (ctx) {
		rc = add_rules(ctx, launch->ticket, info.max_threads > 1);
		if (!rc)
			rc = load_program(ctx, &launch->filter);
		seccomp_release(ctx);
	}
	if (rc)
		return rewire_fail(err, -rc, "building the system call filter: %s",
				   strerror(-rc));
	return 0;
}

static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	/* An ignored signal would stay ignored; two numbers are the libc's. */
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		sigaction(signal, &action, NULL);
}

/* In a process of its own; async-signal-safe from here on. Does not return. */
static void enter(const struct launch *launch)
{
	char name[] = "rewire-enclave";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };

	launch->note->pid = getpid();
	reset_signals();
	/*
	 * Everything closes as the enclave is entered: standard output too, so
	 * that nobody waits for a pipe that an enclave holds open.
	 */
	if (setsid() < 0 || chdir("/") ||
	    syscall(SYS_close_range, 0U, ~0U, CLOSE_RANGE_CLOEXEC) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &launch->filter)) {
		launch->note->code = errno;
		_exit(1);
	}
	syscall(SYS_execveat, launch->ticket, "", argv, envp, AT_EMPTY_PATH);
	launch->note->code = errno;
	_exit(1);
}

static int start(struct launch *launch, struct rewire_error *err)
{
	pid_t middle = fork();

	if (middle < 0)
		return rewire_fail(err, errno, "fork: %s", strerror(errno));
	if (!middle) {
		pid_t pid = fork();

		if (!pid)
			enter(launch);
		if (pid < 0)
			launch->note->code = errno;
		_exit(0);
	}
	close(launch->pipe[1]);
	launch->pipe[1] = -1;
	/* ECHILD: the caller ignores SIGCHLD, and it was reaped for us. */
	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* The pipe closes with execveat, or with the process. */
static int wait_for_exec(const struct launch *launch, __u64 deadline,
			 struct rewire_error *err)
{
	struct pollfd end = { .fd = launch->pipe[0], .events = POLLIN };

	for (;;) {
		__u64 now = now_ms();
		int rc = now < deadline ?
			 poll(&end, 1, (int)(deadline - now)) : 0;

		if (rc < 0 && errno == EINTR)
			continue;
		if (!rc)
			return rewire_fail(err, ETIMEDOUT, "entering the enclave: the launcher made no progress; try again");
		break;
	}
	switch (launch->note->code) {
	case 0:
		return 0;
	case ENOEXEC:
		return rewire_fail(err, ENOEXEC, "entering the enclave: this kernel knows no tickets; load the module in it: modprobe rewire");
	default:
		return rewire_fail_ioctl(err, launch->enclave, launch->note->code,
					 "entering the enclave");
	}
}

static bool has_entered(const struct rewire_enclave_info *info)
{
	switch (info->state) {
	case REWIRE_ENCLAVE_RUNNING:
	case REWIRE_ENCLAVE_PAUSING:
		return true;
	case REWIRE_ENCLAVE_PAUSED:
	case REWIRE_ENCLAVE_FROZEN:
		/* Somebody else was quick. */
		return info->pid;
	default:
		return false;
	}
}

static int wait_for_running(const struct launch *launch, __u64 deadline,
			    pid_t *ret_pid, struct rewire_error *err)
{
	const struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };

	for (;;) {
		bool gone = kill(launch->note->pid, 0) && errno == ESRCH;
		struct rewire_enclave_info info;
		int rc = rewire_enclave_get_info(launch->enclave, &info, err);

		if (rc)
			return rc;
		if (has_entered(&info)) {
			if (ret_pid)
				*ret_pid = (pid_t)info.pid;
			return 0;
		}
		if (info.state == REWIRE_ENCLAVE_DESTROYED)
			return rewire_fail(err, ECANCELED, "the enclave ended as soon as it was entered; `dmesg` may say why");
		if (gone)
			return rewire_fail(err, ESRCH, "the enclave's process died as it was entered; `dmesg` may say why");
		if (now_ms() >= deadline)
			return rewire_fail(err, ETIMEDOUT, "the enclave was entered, but is %s and not running; `dmesg` may say why",
					   rewire_enclave_state_name(info.state));
		nanosleep(&nap, NULL);
	}
}

static int prepare(struct launch *launch, struct rewire_error *err)
{
	int rc;

	launch->note = mmap(NULL, sizeof(*launch->note), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (launch->note == MAP_FAILED || pipe2(launch->pipe, O_CLOEXEC))
		return rewire_fail(err, errno, "entering the enclave: %s",
				   strerror(errno));
	rc = open_ticket(launch, err);
	if (!rc)
		rc = make_filter(launch, err);
	return rc;
}

static void clean_up(struct launch *launch)
{
	if (launch->note != MAP_FAILED)
		munmap(launch->note, sizeof(*launch->note));
	for (int i = 0; i < 2; i++)
		if (launch->pipe[i] >= 0)
			close(launch->pipe[i]);
	if (launch->ticket >= 0)
		close(launch->ticket);
	free(launch->filter.filter);
}

int rewire_enclave_enter(int enclave, unsigned int timeout_ms, pid_t *ret_pid,
			 struct rewire_error *err)
{
	struct launch launch = {
		.enclave = enclave,
		.ticket = -1,
		.pipe = { -1, -1 },
		.note = MAP_FAILED,
	};
	__u64 deadline = now_ms() + (timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS);
	int rc = prepare(&launch, err);

	if (!rc)
		rc = start(&launch, err);
	if (!rc)
		rc = wait_for_exec(&launch, deadline, err);
	if (!rc)
		rc = wait_for_running(&launch, deadline, ret_pid, err);
	clean_up(&launch);
	return rc;
}
