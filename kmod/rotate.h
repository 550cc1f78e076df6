/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generations of the root key.
 */
#ifndef REWIRE_ROTATE_H
#define REWIRE_ROTATE_H

#include "chardev.h"

int rewire_rotate_root(struct rewire_context *context,
		       struct rewire_rotate_root *arg);

#endif
