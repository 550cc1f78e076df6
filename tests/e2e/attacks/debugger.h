/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a debugger with all rights can make a process do.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_DEBUGGER_H
#define ATTACK_DEBUGGER_H

#include "victim.h"

/* Attach and stop; detach. Return 0 or an errno. */
int debugger_attach(pid_t pid);
void debugger_detach(pid_t pid);

/*
 * Make a stopped process execute one system call, with the instruction that the
 * probe's restorer has. Returns what the call returned, or -ESRCH when the
 * process did not survive it.
 */
long debugger_syscall(pid_t pid, long number, const unsigned long args[6]);

#endif /* ATTACK_DEBUGGER_H */
