/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests as enclaves of rewire_serve() take them.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_BENCH_WORDS_H
#define REWIRE_BENCH_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORDS_MAX	8	/* with the NULL at the end */

/* Each after its length, up to NULL. Return: bytes at @to. */
static inline size_t words_pack(void *to, const char *const word[])
{
	char *at = to;

	for (; *word; word++) {
		const uint32_t length = (uint32_t)strlen(*word);

		memcpy(at, &length, sizeof(length));
		memcpy(at + sizeof(length), *word, length);
		at += sizeof(length) + length;
	}
	return (size_t)(at - (char *)to);
}

#endif
