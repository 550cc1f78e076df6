/* SPDX-License-Identifier: MIT */
/*
 * Which roles does targets metadata delegate a target to (4.5, TAP 15)?
 */
#ifndef TUF_DELEGATE_H
#define TUF_DELEGATE_H

#include "metadata.h"

/* @name: of a bin, whose name no metadata holds; NULL otherwise. */
struct tuf_delegate {
	struct tuf_role role;
	char *name;
};

/**
 * tuf_delegate_next - the next delegation that a target falls under
 * @targets: who delegates
 * @path: the target
 * @position: 0 at first; goes on
 * @ret: the delegation; the caller frees its name
 * @err: what failed
 *
 * Return: 1, or 0 when there is no further one, or negative.
 */
int tuf_delegate_next(const struct tuf_metadata *targets, const char *path,
		      size_t *position, struct tuf_delegate *ret,
		      struct tuf_error *err);

/* The delegation at @position of all that there are, and of all bins. As above. */
int tuf_delegate_at(const struct tuf_metadata *targets, uint64_t position,
		    struct tuf_delegate *ret, struct tuf_error *err);

#endif
