/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust bundles and the table of levels: what the root role said last.
 */
#ifndef REWIRE_TRUST_STATEMENTS_H
#define REWIRE_TRUST_STATEMENTS_H

#include <linux/rwsem.h>

#include "../uapi/rewire_trust.h"
#include "quorum.h"
#include "why.h"

struct rewire_context;
struct rewire_journal;
struct rewire_sm;

/* what is in force of each kind: a bundle for each role, and the levels */
#define REWIRE_TRUST_KINDS	(REWIRE_ROLES + 1)

/**
 * struct rewire_trusted - the statements in force
 * @lock: a leaf, for who only looks; who changes them holds journal->lock too
 * @statement: as they were signed; NULL before the first
 * @length: bytes of each
 */
struct rewire_trusted {
	struct rw_semaphore lock;
	void *statement[REWIRE_TRUST_KINDS];
	u32 length[REWIRE_TRUST_KINDS];
};

void rewire_trust_setup(struct rewire_trusted *trusted);
void rewire_trust_forget(struct rewire_trusted *trusted);

int rewire_trust_get(struct rewire_context *context,
		     struct rewire_get_trust *arg);
int rewire_trust_put(struct rewire_context *context, struct rewire_trust *arg);
int rewire_trust_take(struct rewire_sm *sm, const void *statement, u32 length,
		      const struct rewire_cms *signatures, u32 count,
		      struct rewire_why *why);

int rewire_trust_replay(struct rewire_sm *sm, const void *statement, u32 length,
			struct rewire_why *why);
u32 rewire_trust_records(const struct rewire_sm *sm);
int rewire_trust_snapshot(struct rewire_sm *sm, struct rewire_journal *journal,
			  struct rewire_why *why);

bool rewire_trust_revoked(struct rewire_sm *sm, const u8 id[REWIRE_ID_SIZE]);
u32 rewire_trust_level(struct rewire_sm *sm, u64 claims, u32 kernel);
u64 rewire_trust_levels_version(struct rewire_sm *sm);

#endif
