/* SPDX-License-Identifier: MIT */
/*
 * Metadata (4.2 to 4.5): read strictly, what is not known kept and ignored.
 */
#ifndef TUF_METADATA_H
#define TUF_METADATA_H

#include <stdbool.h>

#include <jansson.h>

#include "members.h"
#include "tuf.h"

/* There is always a next one. */
#define TUF_VERSION_MAX	(INT64_MAX - 1)

enum tuf_type { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS };

/* "root", ... */
const char *tuf_type_name(enum tuf_type type);
/* The largest file of that kind that is read, in bytes. */
size_t tuf_type_limit(enum tuf_type type);

/**
 * struct tuf_metadata - one metadata file whose form is right
 * @type: its _type
 * @doc: all of it
 * @body: its "signed"
 * @members: the targets of targets metadata that was read by tuf_metadata_load();
 *	@body has none of them then. NULL: @body has all
 * @version: at least 1
 * @expires: seconds since 1970
 *
 * Nobody has vouched for it yet: see tuf_verify().
 */
struct tuf_metadata {
	enum tuf_type type;
	json_t *doc;
	json_t *body;
	struct tuf_members *members;
	int64_t version;
	int64_t expires;
};

/**
 * tuf_metadata_load - read one metadata file
 * @type: what it has to be
 * @data: its bytes, at most tuf_type_limit() many
 * @length: how many
 * @ret: the metadata, for tuf_metadata_free()
 * @err: what is wrong with its form
 */
int tuf_metadata_load(enum tuf_type type, const void *data, size_t length,
		      struct tuf_metadata **ret, struct tuf_error *err);

/* The same of a document; a reference is kept. */
int tuf_metadata_from_json(enum tuf_type type, json_t *doc,
			   struct tuf_metadata **ret, struct tuf_error *err);
void tuf_metadata_free(struct tuf_metadata *metadata);

/**
 * struct tuf_role - who may sign for a role
 * @name: the role
 * @keys: object: KEYID to KEY
 * @keyids: array of KEYID
 * @threshold: at least 1; can be more than there are keys
 * @terminating: of a delegation: no later one is asked (4.5)
 *
 * All belong to the metadata that delegates; @name of a bin to whoever asked.
 */
struct tuf_role {
	const char *name;
	const json_t *keys;
	const json_t *keyids;
	int64_t threshold;
	bool terminating;
};

/* What @root says of a top-level role. */
void tuf_root_role(const struct tuf_metadata *root, enum tuf_type type,
		   struct tuf_role *ret);
bool tuf_root_consistent(const struct tuf_metadata *root);

/**
 * struct tuf_file - what metadata says of another file
 * @version: of metadata; 0 for a target
 * @length: in bytes; -1: not told
 * @hashes: HASHES; NULL: not told
 * @custom: CUSTOM of a target; NULL: none
 */
struct tuf_file {
	int64_t version;
	int64_t length;
	const json_t *hashes;
	const json_t *custom;
};

/* What a timestamp or snapshot says of "@role.json". false: nothing. */
bool tuf_metadata_file(const struct tuf_metadata *metadata, const char *role,
		       struct tuf_file *ret);
/*
 * What targets metadata says of a target. false: nothing. It is there until another
 * target is asked for.
 */
bool tuf_metadata_target(const struct tuf_metadata *targets, const char *path,
			 struct tuf_file *ret);

/**
 * tuf_verify - have enough keys signed? (5.3.4, 5.4.2, 5.5.3, 5.6.3)
 * @metadata: what is signed
 * @role: who may sign
 * @section: for the error
 * @err: how many have
 *
 * A key counts once, under however many ids it is listed. A signature that is
 * wrong, empty or by a key that is none does not count and does no harm.
 */
int tuf_verify(const struct tuf_metadata *metadata, const struct tuf_role *role,
	       const char *section, struct tuf_error *err);

/* "YYYY-MM-DDTHH:MM:SSZ" (4.2.3) to seconds since 1970; -1 when it is not that. */
int64_t tuf_time_parse(const char *text);

#endif
