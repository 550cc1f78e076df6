/* SPDX-License-Identifier: MIT */
/*
 * Root keys in a host's folder.
 */
#ifndef LIBREWIRE_ROOT_H
#define LIBREWIRE_ROOT_H

#include "rewire.h"

#define ROOT_SECRET_SIZE 32

/**
 * root_take - the key of a generation, made if it is not there
 * @dir: folder of the host
 * @generation: its number
 * @secret: the key; it is in its file, durably, when this returns
 *
 * A file that is there is of a rotation that did not come to its end, and its
 * key may be known to the journal: it is taken, never replaced.
 *
 * Return: 0 or a negative errno, and then @secret is wiped.
 */
int root_take(const char *dir, __u32 generation,
	      __u8 secret[ROOT_SECRET_SIZE], struct rewire_error *err);

#endif
