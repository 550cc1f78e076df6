/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attack 59: what the launcher leaves armed on its address space, which had
 * something of its own at the enclave's future addresses.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_OLD_H
#define ATTACK_OLD_H

#include <sys/types.h>

#include "victim.h"

/**
 * struct old - one facility of the kernel that outlives an address space
 * @name: for the report
 * @missing: why it can't be tried here, or NULL; called once, before all others
 * @prepare: in the launcher, with the decoy mapped; leaves to the accomplice
 *	what it needs through the socket. Returns an errno
 * @fire: in the accomplice, once the launcher is something else: makes the
 *	kernel act. Returns 1 if it sees that it did, or got the secret
 *
 * Whether the guard in an ordinary process changed by it is looked at too.
 */
struct old {
	const char *name;
	const char *(*missing)(void);
	int (*prepare)(int socket);
	int (*fire)(int socket, pid_t pid);
};

extern const struct old old_uring, old_sqpoll, old_aio, old_userfaultfd,
	old_vhost, old_kvm;

/* Page @n of the guard. */
static inline unsigned char *old_guard(int n)
{
	return (unsigned char *)(uintptr_t)guard_address + n * PAGE;
}

#define OLD_CHANGED 0xee	/* what attackers write */

#endif /* ATTACK_OLD_H */
