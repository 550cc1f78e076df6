/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_ANCHORS_H
#define LIBREWIRE_ANCHORS_H

#include "rewire.h"

/* Who speaks for the roles, as a host's folder says; for REWIRE_PROVISION. */
struct anchors {
	struct rewire_anchor anchor[REWIRE_MAX_ANCHORS];
	__u32 count;
	__u32 root_threshold;
};

/*
 * All of DIR/anchors/ROLE.crt and DIR/anchors/ROLE-*.crt, at least one for each
 * role, and DIR/anchors/root.threshold. Free them also when it fails.
 */
int anchors_load(const char *dir, struct anchors *anchors,
		 struct rewire_error *err);
void anchors_free(struct anchors *anchors);

#endif
