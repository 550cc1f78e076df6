/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A number outside of the machine's disks that only goes up: what a TPM has.
 * The journal moves it on with each record that must not be forgotten, so that
 * a file without that record is known to be an old one.
 */
#ifndef REWIRE_COUNTER_H
#define REWIRE_COUNTER_H

#include <linux/types.h>

#include "why.h"

/**
 * struct rewire_counter - such a number
 * @value: as it is now
 * @fresh: it was never incremented, so that no journal can have relied on it
 * @increment: add one to it; @value and @fresh change when it was done
 * @release: end of use
 */
struct rewire_counter {
	u64 value;
	bool fresh;
	int (*increment)(struct rewire_counter *counter,
			 struct rewire_why *why);
	void (*release)(struct rewire_counter *counter);
};

#endif
