/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who speaks for a role: its anchors, each in a closed keyring of its own, so
 * that one can tell which of them it was. A role's anchors are replaced as a
 * whole, while enclaves run.
 */
#ifndef REWIRE_ROLES_H
#define REWIRE_ROLES_H

#include <crypto/public_key.h>
#include <keys/asymmetric-subtype.h>
#include <linux/key.h>
#include <linux/rwsem.h>

#include "../uapi/rewire_trust.h"
#include "why.h"

/**
 * struct rewire_anchors - the anchors of one role
 * @role: REWIRE_ROLE_*
 * @version: of the bundle they came with; 0 from PROVISION
 * @threshold: how many have to sign
 * @count: entries of @ring and @id, no public key twice
 * @ring: one keyring for each, with its certificate
 * @id: first bytes of SHA-256 over its public key
 * @revoked: entries of @revoked_sm
 * @revoked_sm: SMs that are not believed; of the platform role
 */
struct rewire_anchors {
	u32 role;
	u64 version;
	u32 threshold;
	u32 count;
	struct key *ring[REWIRE_BUNDLE_ANCHORS];
	u8 id[REWIRE_BUNDLE_ANCHORS][REWIRE_ID_SIZE];
	u32 revoked;
	u8 revoked_sm[REWIRE_BUNDLE_REVOKED][REWIRE_ID_SIZE];
};

/**
 * struct rewire_roles - the anchors of all roles
 * @lock: of @role and what it points to; a leaf, held while a signature is
 *	checked, so that what is replaced has no say any more at once
 * @role: by REWIRE_ROLE_*; all NULL before rewire_roles_init()
 */
struct rewire_roles {
	struct rw_semaphore lock;
	struct rewire_anchors *role[REWIRE_ROLES];
};

const char *rewire_role_name(u32 role);

struct rewire_anchors *rewire_anchors_alloc(u32 role);
int rewire_anchors_add(struct rewire_anchors *anchors, const void *cert,
		       size_t cert_len, struct rewire_why *why);
void rewire_anchors_free(struct rewire_anchors *anchors);

int rewire_roles_init(struct rewire_roles *roles);
int rewire_roles_add(struct rewire_roles *roles, u32 role, const void *cert,
		     size_t cert_len, struct rewire_why *why);
int rewire_roles_threshold(struct rewire_roles *roles, u32 threshold,
			   struct rewire_why *why);
void rewire_roles_replace(struct rewire_roles *roles,
			  struct rewire_anchors *anchors);
bool rewire_roles_revoked(struct rewire_roles *roles,
			  const u8 sm[REWIRE_ID_SIZE]);
int rewire_roles_issued(struct rewire_roles *roles, u32 role, struct key *cert,
			struct rewire_why *why);
void rewire_roles_free(struct rewire_roles *roles);

/* certificates */
bool rewire_der_fills(const u8 *der, size_t len);
struct key *rewire_cert_parse(const void *cert, size_t len,
			      struct rewire_why *why);
int rewire_cert_id(const void *cert, size_t len, u8 id[REWIRE_ID_SIZE],
		   struct rewire_why *why);
void rewire_key_id(const struct key *key, u8 id[REWIRE_ID_SIZE]);

/* of a key of type asymmetric */
static inline const struct public_key *rewire_key_public(const struct key *key)
{
	return key->payload.data[asym_crypto];
}

#endif
