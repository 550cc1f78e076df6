/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sealed blobs: what an enclave stores outside, for itself only.
 */
#ifndef REWIRE_SEAL_H
#define REWIRE_SEAL_H

#include <linux/key.h>

#include "keys.h"
#include "why.h"

/**
 * struct rewire_sealer - who seals, as the SM knows it
 * @roots: the SM's root keys
 * @measurement: of the enclave
 * @svn: of its manifest
 * @epoch: of the instance
 */
struct rewire_sealer {
	const struct rewire_roots *roots;
	const u8 *measurement;
	u64 svn;
	u64 epoch;
};

/*
 * Buffers are linear kernel memory. seal: @blob has room for @len plus
 * REWIRE_SEAL_OVERHEAD; returns the length of the blob. unseal: @plain has room
 * for @len; returns the length of the plain text; -EBADMSG: not a blob,
 * -EOPNOTSUPP: policy or generation, -EKEYREJECTED: not ours or changed.
 */
ssize_t rewire_seal(const struct rewire_sealer *sealer, u32 policy,
		    const void *plain, size_t len, void *blob);
ssize_t rewire_unseal(const struct rewire_sealer *sealer, const void *blob,
		      size_t len, void *plain);

#endif
