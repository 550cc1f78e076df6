/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order to update: what the SDS, a developer and perhaps the root role have
 * signed, and whether it may follow what runs.
 */
#ifndef REWIRE_PACKAGE_KMOD_H
#define REWIRE_PACKAGE_KMOD_H

#include "../uapi/rewire_update.h"
#include "keys.h"
#include "sm.h"
#include "why.h"

struct rewire_words;

/**
 * struct rewire_order - what signed words allow, in kernel memory
 * @package: verified
 * @digest: SHA-256 of it
 * @manifest: of the new version; signed by a developer, not yet looked at by
 *	rewire_manifest_check()
 * @cms: the manifest's signature, for the enclave: who takes it over leaves NULL
 * @cms_len: its bytes
 * @developer: id of who signed the manifest
 * @content: content key, when REWIRE_PACKAGE_SEALED
 * @words: as they came, to be looked at again
 */
struct rewire_order {
	struct rewire_package package;
	u8 digest[REWIRE_DIGEST_SIZE];
	struct rewire_manifest manifest;
	u8 *cms;
	u32 cms_len;
	u8 developer[REWIRE_ID_SIZE];
	u8 content[REWIRE_KEY_SIZE];
	struct rewire_words *words;
};

int rewire_order_get(struct rewire_sm *sm,
		     const struct rewire_update_begin *begin,
		     struct rewire_order *order, struct rewire_why *why);
int rewire_order_still(struct rewire_sm *sm, const struct rewire_order *order,
		       struct rewire_why *why);
void rewire_order_free(struct rewire_order *order);
int rewire_order_follows(const struct rewire_order *order,
			 const struct rewire_version *from,
			 const u8 from_software[REWIRE_ID_SIZE],
			 u64 least_release, u64 least_svn,
			 struct rewire_why *why);
int rewire_package_key(const struct rewire_order *order,
		       u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE]);

/**
 * struct rewire_words - what was signed, and by which signatures
 * @package: as it came
 * @package_cms: its signature
 * @manifest: as it came
 * @manifest_cms: its signature
 * @wrap: as it came
 * @wrap_cms: its signature; no bytes: there is no wrap
 * @root: signatures of the root role over the package
 * @workload: what is to be updated
 */
struct rewire_words {
	struct rewire_package package;
	struct rewire_cms package_cms;
	struct rewire_manifest manifest;
	struct rewire_cms manifest_cms;
	struct rewire_wrap wrap;
	struct rewire_cms wrap_cms;
	struct rewire_quorum root;
	u8 workload[REWIRE_ID_SIZE];
};

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_order_verify(struct rewire_sm *sm, const struct rewire_words *words,
			struct rewire_order *order, struct rewire_why *why);
#endif

#endif
