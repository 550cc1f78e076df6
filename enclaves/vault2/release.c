// SPDX-License-Identifier: MIT
/*
 * Release 2 of the vault: it tells how often a key was put, and writes that down.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "../vault/release.h"

#include <errno.h>
#include <inttypes.h>

#include "../vault/store.h"

const uint32_t release_format = 2;

int vault_release(const struct rewire_args *args, struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "2\n");
}

int vault_stat(const struct rewire_args *args, struct rewire_answer *answer)
{
	const struct entry *entry = store_get(args->arg[1].data,
					      args->arg[1].length);

	if (!entry)
		return -ENOENT;
	return rewire_answer_printf(answer, "%zu bytes, revision %" PRIu64 "\n",
				    entry->length, entry->revision);
}
