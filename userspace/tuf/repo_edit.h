/* SPDX-License-Identifier: MIT */
/*
 * What edits of metadata share.
 */
#ifndef TUF_REPO_EDIT_H
#define TUF_REPO_EDIT_H

#include "repo.h"

bool tuf_json_has(const json_t *list, const char *text);

/* "keyids" and "threshold" of @role, and its keys into @keys. */
int tuf_grant_json(const struct tuf_grant *grant, json_t *keys, json_t *role,
		   struct tuf_error *err);

/* Drop keys that no role of a list has any more. */
void tuf_drop_unused(json_t *keys, json_t *role_list);

/* A role's first draft, without targets. */
int tuf_first_targets(struct tuf_repo *repo, const char *role, int64_t expires,
		      struct tuf_error *err);

#endif
