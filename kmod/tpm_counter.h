/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counter of the machine's TPM 2.0: an NV index of type counter.
 */
#ifndef REWIRE_TPM_COUNTER_H
#define REWIRE_TPM_COUNTER_H

#include "counter.h"

int rewire_tpm_counter_open(u32 index, struct rewire_counter **counter,
			    struct rewire_why *why);

#endif
