/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_DIGEST_H
#define LIBREWIRE_DIGEST_H

#include "rewire.h"

/* SHA-256 of @length bytes, by the kernel where it can. */
int digest_bytes(const void *data, size_t length,
		 __u8 ret_digest[REWIRE_DIGEST_SIZE], struct rewire_error *err);

#endif
