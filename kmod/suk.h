/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Software Update Key: what a content key is encrypted to for one device.
 */
#ifndef REWIRE_SUK_H
#define REWIRE_SUK_H

#include "../uapi/rewire_update.h"
#include "chardev.h"
#include "keys.h"

int rewire_suk_pair(const struct rewire_roots *roots, u32 generation,
		    struct rewire_share *pair, struct rewire_why *why);
ssize_t rewire_suk_state(struct rewire_sm *sm, struct rewire_suk **suk,
			 struct rewire_why *why);
int rewire_suk_get(struct rewire_context *context, struct rewire_get_suk *arg);

#endif
