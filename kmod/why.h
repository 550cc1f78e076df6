/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sentence behind an errno, after the manner of netlink's extended ack:
 * whoever refuses says why once, where it knows it.
 */
#ifndef REWIRE_WHY_H
#define REWIRE_WHY_H

#include <linux/kernel.h>

/**
 * struct rewire_why - why the last command on a file was refused
 * @text: a sentence without a full stop; empty when nothing was refused
 */
struct rewire_why {
	char text[120];
};

/**
 * rewire_because() - refuse, and say why
 * @why: where to say it; may be NULL
 * @error: a negative errno
 * @fmt: printf format of the sentence, and its arguments
 *
 * An evaluation gives @error, so that it stands in a return statement.
 */
#define rewire_because(why, error, fmt, ...) ({				\
	struct rewire_why *__why = (why);				\
									\
	if (__why)							\
		snprintf(__why->text, sizeof(__why->text), fmt,		\
			 ##__VA_ARGS__);				\
	(error);							\
})

#endif
