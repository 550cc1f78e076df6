/* SPDX-License-Identifier: MIT */
/*
 * What is trusted, and the checks before something new is: no files, no network.
 */
#ifndef TUF_TRUSTED_H
#define TUF_TRUSTED_H

#include <stdbool.h>

#include "metadata.h"

/**
 * struct tuf_trusted - the trusted metadata
 * @now: the moment that counts for all that expires (5.1)
 * @root: and the others; NULL: none yet
 */
struct tuf_trusted {
	int64_t now;
	struct tuf_metadata *root;
	struct tuf_metadata *timestamp;
	struct tuf_metadata *snapshot;
	struct tuf_metadata *targets;
};

void tuf_trusted_clear(struct tuf_trusted *trusted);

/* A root that is trusted as it is: signed by its own keys (5.2). */
int tuf_check_first_root(const void *data, size_t length,
			 struct tuf_metadata **ret, struct tuf_error *err);

/*
 * The checks of one new file each. @ret: for a timestamp, NULL when it is right but
 * nothing new. The caller keeps it in the store first, in struct tuf_trusted then.
 */
int tuf_check_root(const struct tuf_trusted *trusted, const void *data,
		   size_t length, struct tuf_metadata **ret,
		   struct tuf_error *err);
int tuf_check_timestamp(const struct tuf_trusted *trusted, const void *data,
			size_t length, struct tuf_metadata **ret,
			struct tuf_error *err);
int tuf_check_snapshot(const struct tuf_trusted *trusted, const void *data,
		       size_t length, struct tuf_metadata **ret,
		       struct tuf_error *err);
/* Targets and delegated targets: @role says who may sign. */
int tuf_check_targets(const struct tuf_trusted *trusted,
		      const struct tuf_role *role, const void *data,
		      size_t length, struct tuf_metadata **ret,
		      struct tuf_error *err);

/*
 * A timestamp or snapshot that was trusted once: signed by who may sign today. It
 * may have expired, and still be what nothing new may fall behind.
 */
int tuf_check_stored(const struct tuf_trusted *trusted, enum tuf_type type,
		     const void *data, size_t length, struct tuf_metadata **ret,
		     struct tuf_error *err);

/* Is that what the metadata above announces: length and hashes (5.5.2, 5.6.2)? */
int tuf_check_file(const struct tuf_file *file, const void *data, size_t length,
		   const char *section, struct tuf_error *err);
int tuf_check_expiry(const struct tuf_trusted *trusted,
		     const struct tuf_metadata *metadata, const char *section,
		     struct tuf_error *err);

/* Has a key of that role been taken away since @old (5.3.11)? */
bool tuf_key_withdrawn(const struct tuf_metadata *old,
		       const struct tuf_metadata *root, enum tuf_type type);

#endif
