// SPDX-License-Identifier: MIT
/*
 * Release 1 of the vault: it knows no more of a key than the value's length.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "release.h"

#include <errno.h>

#include "store.h"

const uint32_t release_format = 1;

int vault_release(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "1\n");
}

int vault_stat(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct entry *entry = store_get(args->arg[1].data,
					      args->arg[1].length);

	if (!entry)
		return -ENOENT;
	return rewire_answer_printf(answer, "%zu bytes\n", entry->length);
}
