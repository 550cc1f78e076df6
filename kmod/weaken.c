// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter that says which defences are removed. Only in a build that is
 * made to see tests fail; see weaken.h.
 */
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "weaken.h"

#define WEAKNESS(word, sentence)	{ .name = #word, .text = sentence },

static const struct {
	const char *name;
	const char *text;
} weaknesses[] = {
	REWIRE_WEAKNESSES(WEAKNESS)
};

unsigned long rewire_weaknesses[BITS_TO_LONGS(REWIRE_WEAKNESS_COUNT)];

static int weaken_set(const char *value, const struct kernel_param *param)
{
	u32 i;

	for (i = 0; i < REWIRE_WEAKNESS_COUNT; i++) {
		if (!sysfs_streq(value, weaknesses[i].name))
			continue;
		set_bit(i, rewire_weaknesses);
		pr_warn("rewire: for tests only: %s\n", weaknesses[i].text);
		return 0;
	}
	pr_err("rewire: there is no defence called %s\n", value);
	return -EINVAL;
}

static const struct kernel_param_ops weaken_ops = { .set = weaken_set };

module_param_cb(weaken, &weaken_ops, NULL, 0);
MODULE_PARM_DESC(weaken, "name of the defence to remove");
