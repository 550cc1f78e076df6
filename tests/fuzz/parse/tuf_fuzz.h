/* SPDX-License-Identifier: MIT */
/* What the targets of libtuf share. */
#ifndef FUZZ_PARSE_TUF_H
#define FUZZ_PARSE_TUF_H

#include "fuzz.h"
#include "userspace/tuf/delegate.h"
#include "userspace/tuf/hash.h"
#include "userspace/tuf/json.h"
#include "userspace/tuf/key.h"
#include "userspace/tuf/metadata.h"
#include "userspace/tuf/name.h"
#include "userspace/tuf/trusted.h"

/* Who refuses says which check it was, in words of one line. */
static inline void tuf_refused(int rc, const struct tuf_error *err)
{
	promise(rc < 0 && (int)err->check == -rc);
	promise(strstr(err->text, tuf_check_name(err->check)));
	for (const char *c = err->text; *c; c++)
		promise((unsigned char)*c >= ' ' && *c != 127);
}

/* Metadata is what its form promises. */
static inline struct tuf_metadata *tuf_loaded(enum tuf_type type,
					      const uint8_t *data, size_t size)
{
	struct tuf_metadata *metadata;
	struct tuf_error err = { 0 };
	int rc = tuf_metadata_load(type, data, size, &metadata, &err);

	if (rc) {
		tuf_refused(rc, &err);
		return NULL;
	}
	promise(metadata->version >= 1 && metadata->version < INT64_MAX);
	promise(metadata->expires >= 0);
	return metadata;
}

/* Who may sign is known, and whether enough have has an answer. */
static inline void tuf_decided(const struct tuf_metadata *metadata,
			       const struct tuf_role *role)
{
	struct tuf_error err = { 0 };
	int rc;

	promise(role->name && *role->name && role->threshold >= 1);
	promise(json_is_array(role->keyids) && json_is_object(role->keys));
	rc = tuf_verify(metadata, role, "5", &err);
	if (rc)
		tuf_refused(rc, &err);
	else
		promise(role->threshold <= (int64_t)json_array_size(role->keyids));
}

#endif
