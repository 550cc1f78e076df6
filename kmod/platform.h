/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the SM finds out about its platform by looking, each time it is asked.
 */
#ifndef REWIRE_PLATFORM_H
#define REWIRE_PLATFORM_H

#include "../uapi/rewire_trust.h"
#include "sm.h"

u64 rewire_platform_measure(void);
u64 rewire_platform_freshness(u32 freshness);
u64 rewire_platform_claims(const struct rewire_sm *sm);
u32 rewire_platform_journal(const struct rewire_sm *sm);

int rewire_platform_init(void);
void rewire_platform_exit(void);

#if IS_ENABLED(CONFIG_KUNIT)
bool rewire_platform_sysctl(const char *path, long *value);
#endif

#endif
