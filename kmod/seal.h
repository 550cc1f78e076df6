/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sealed blobs: what an enclave stores outside, for itself and for whom else
 * its policy names.
 */
#ifndef REWIRE_SEAL_H
#define REWIRE_SEAL_H

#include <linux/key.h>

#include "keys.h"
#include "why.h"

/**
 * struct rewire_svn_key - K(svn) of one enclave, which takes long to derive
 * @generation: of the root key it comes from; 0 when there is none yet
 * @key: the key
 */
struct rewire_svn_key {
	u32 generation;
	u8 key[REWIRE_KEY_SIZE];
};

/**
 * struct rewire_sealer - who seals, as the SM knows it
 * @roots: the SM's root keys
 * @manifest: of the enclave, verified
 * @developer: id of who signed it, REWIRE_ID_SIZE bytes
 * @workload: what the enclave is for
 * @epoch: of the instance
 * @svn_key: of this enclave alone; all zero at first, whoever frees it wipes it
 */
struct rewire_sealer {
	const struct rewire_roots *roots;
	const struct rewire_manifest *manifest;
	const u8 *developer;
	const u8 *workload;
	u64 epoch;
	struct rewire_svn_key *svn_key;
};

/*
 * Buffers are linear kernel memory. seal: @blob has room for @len plus
 * REWIRE_SEAL_OVERHEAD; returns the length of the blob. unseal: @plain has room
 * for @len, @flags gets REWIRE_SEALED_*; returns the length of the plain text;
 * -EBADMSG: not a blob, -EOPNOTSUPP: policy, SVN or generation, -EKEYREJECTED:
 * not for this enclave or changed.
 */
ssize_t rewire_seal(const struct rewire_sealer *sealer, u32 policy,
		    const void *plain, size_t len, void *blob);
ssize_t rewire_unseal(const struct rewire_sealer *sealer, const void *blob,
		      size_t len, void *plain, u32 *flags);

#endif
