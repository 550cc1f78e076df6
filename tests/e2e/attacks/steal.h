/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to read the memory of another process.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_STEAL_H
#define ATTACK_STEAL_H

#include "victim.h"

#define LOOT_SIZE	(1 << 20)

/**
 * struct theft - a way to read the memory of another process
 * @name: for the report
 * @steal: puts what it gets into @loot, LOOT_SIZE bytes; returns how many, or a
 *	negative errno
 * @debugger: works by ptrace, after which the enclave may have been ended
 */
struct theft {
	const char *name;
	long (*steal)(pid_t pid, unsigned char *loot);
	bool debugger;
};

extern const struct theft thefts[];

/*
 * Descriptors that are inherited by victims, so that system calls forced upon
 * them have something to work on. @device: a block device, or NULL.
 */
void thefts_prepare(const char *device);

#endif /* ATTACK_STEAL_H */
