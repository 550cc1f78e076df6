/* SPDX-License-Identifier: MIT */
/*
 * A repository that is right unless a test makes it wrong: FOLDER/metadata and
 * FOLDER/targets. Everything in a role's body may be edited before it is written.
 */
#ifndef TESTS_TUF_REPO_H
#define TESTS_TUF_REPO_H

#include <stdbool.h>

#include "keys.h"

#define FAR	"2090-01-01T00:00:00Z"
#define PAST	"2020-01-01T00:00:00Z"

/* @hashes: length and hashes are announced too. */
struct repo {
	char *folder;
	json_t *bodies;		/* ROLE: its "signed" */
	json_t *signers;	/* ROLE: list of [kind, name] of keys */
	bool hashes;
};

/* Root, timestamp, snapshot, targets of version 1; each has a key of its name. */
struct repo *repo_new(const char *folder);
void repo_free(struct repo *repo);

/* To be edited; borrowed. */
json_t *repo_body(struct repo *repo, const char *role);
void repo_set(struct repo *repo, const char *role, const char *member,
	      json_t *value);
int repo_version(struct repo *repo, const char *role);

/* Who signs @role from now on, as far as the repository is concerned: nobody at
 * first, then each that is added. */
void repo_unsign(struct repo *repo, const char *role);
void repo_sign(struct repo *repo, const char *role, const struct key *key);

/* Who may: in root's or a delegator's body. */
json_t *repo_rule(struct repo *repo, const char *delegator, const char *role);
void repo_threshold(struct repo *repo, const char *role, int threshold);
/* A key of a top-level role; it signs as well. */
void repo_add_key(struct repo *repo, const char *role, const struct key *key);
/* That key instead of all others. */
void repo_new_key(struct repo *repo, const char *role, const struct key *key);

/* A role that @from delegates to, signed by the key of its name. @rule: members
 * beside name, keyids and threshold; stolen. Its body; borrowed. */
json_t *repo_delegate(struct repo *repo, const char *from, const char *role,
		      json_t *rule);
/* {"paths": [pattern], "terminating": terminating} */
json_t *rule_paths(const char *pattern, bool terminating);
/* A role's body that lists no target. */
json_t *body_of_targets(void);

/* A target, in metadata and as a file. */
void repo_target(struct repo *repo, const char *role, const char *path,
		 const char *content);

/* A role's file as it would be written; the caller frees it. */
char *repo_bytes(struct repo *repo, const char *role);
void repo_write(struct repo *repo, const char *role);
/* Put its version into what announces it: snapshot or timestamp. */
void repo_announce(struct repo *repo, const char *role);
/* Write a role as it stands, and all that announces it, one version further. */
void repo_announced(struct repo *repo, const char *role);
/* The same, itself one version further. */
void repo_push(struct repo *repo, const char *role);
/* All roles as they stand. */
void repo_publish(struct repo *repo);

/* Write or remove FOLDER/name. */
void repo_file(struct repo *repo, const char *name, const void *data,
	       size_t length);
void repo_remove(struct repo *repo, const char *name);

#endif
