/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SM found out about its platform.
 */
#ifndef REWIRE_PLATFORM_H
#define REWIRE_PLATFORM_H

#include <linux/types.h>

struct rewire_sm;

u64 rewire_platform_claims(const struct rewire_sm *sm);

#endif
