/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an architecture has to say: how a thread enters, where it continues
 * after a doorbell, and which register state a frame may hold.
 */
#ifndef REWIRE_ARCH_H
#define REWIRE_ARCH_H

#if defined(CONFIG_X86_64)
#include "arch_x86.h"
#else
#error "REWIRE has no code for this architecture yet: write arch_<name>.h"
#endif

#endif
