// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger with all rights can make a process do.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "debugger.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#define RESTORER_TO_SYSCALL 5	/* bytes of "mov $15, %eax" */

int debugger_attach(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return errno;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return ESRCH;
	return 0;
}

void debugger_detach(pid_t pid)
{
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

long debugger_syscall(pid_t pid, long number, const unsigned long args[6])
{
	struct user_regs_struct saved, regs;
	int status;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &saved))
		return -errno;
	regs = saved;
	regs.rip = probe_image.layout.restorer + RESTORER_TO_SYSCALL;
	regs.rax = number;
	regs.orig_rax = -1;
	regs.rdi = args[0];
	regs.rsi = args[1];
	regs.rdx = args[2];
	regs.r10 = args[3];
	regs.r8 = args[4];
	regs.r9 = args[5];
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs))
		return -ESRCH;
	/* a fork that is traced stops once more on its way */
	do {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &status, __WALL) != pid ||
		    !WIFSTOPPED(status))
			return -ESRCH;
	} while (status >> 8 == (SIGTRAP | PTRACE_EVENT_FORK << 8));
	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		return -ESRCH;
	ptrace(PTRACE_SETREGS, pid, NULL, &saved);
	return regs.rax;
}
