/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * M of N: what several holders of root keys sign together.
 */
#ifndef REWIRE_QUORUM_H
#define REWIRE_QUORUM_H

#include "../uapi/rewire_trust.h"
#include "roles.h"
#include "why.h"

/**
 * struct rewire_cms - a signature in kernel memory
 * @bytes: detached CMS, DER
 * @length: how many
 */
struct rewire_cms {
	void *bytes;
	u32 length;
};

int rewire_cms_copy(struct rewire_cms *to, u64 from, u32 length,
		    struct rewire_why *why);

/* signatures of several anchors over the same bytes */
struct rewire_quorum {
	u32 count;
	struct rewire_cms cms[REWIRE_MAX_ROOT_SIGNATURES];
};

int rewire_quorum_copy(struct rewire_quorum *to, u64 from, u32 count,
		       struct rewire_why *why);
void rewire_quorum_free(struct rewire_quorum *quorum);

int rewire_quorum_check(const struct rewire_anchors *anchors, const char *which,
			const void *data, u32 len,
			const struct rewire_cms *signatures, u32 count,
			struct rewire_why *why);
int rewire_quorum_root(struct rewire_roles *roles, const void *data, u32 len,
		       const struct rewire_cms *signatures, u32 count,
		       struct rewire_why *why);

#endif
