/* SPDX-License-Identifier: MIT */
/*
 * How an entry is written down, in exports and in state that is handed over: this
 * header, then the key, then the value.
 *
 * Format 1, of release 1, ends its header before the revision.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_FORM_H
#define VAULT_FORM_H

#include "store.h"

struct form {
	uint32_t key_length;
	uint32_t length;
	uint64_t revision;
};

static inline size_t form_size(uint32_t format)
{
	return format == 1 ? offsetof(struct form, revision) :
			     sizeof(struct form);
}

static inline struct form form_of(const struct entry *entry)
{
	return (struct form){
		.key_length = entry->key_length,
		.length = entry->length,
		.revision = entry->revision,
	};
}

#endif /* VAULT_FORM_H */
