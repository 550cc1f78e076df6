// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed blobs: one blob, one key, one record of an AEAD stream.
 *
 * The key is HKDF(secret, salt, label | header): a header that was changed leads
 * to another key, under which the tag is wrong. The secret is the root key, or
 * for software of a certain SVN the key of that SVN, which newer software
 * derives from its own.
 */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "aead.h"
#include "seal.h"
#include "weaken.h"

/* the most pages that REWIRE_MAX_SEAL bytes touch */
#define SEAL_MAX_SG	(REWIRE_MAX_SEAL / PAGE_SIZE + 1)

struct seal_tables {
	struct scatterlist plain[SEAL_MAX_SG];
	struct scatterlist cipher[SEAL_MAX_SG];
};

/* what the keys of each policy are derived for */
static const enum rewire_label seal_labels[] = {
	[REWIRE_SEAL_MEASUREMENT] = REWIRE_LABEL_SEAL_MEASUREMENT,
	[REWIRE_SEAL_SOFTWARE] = REWIRE_LABEL_SEAL_SOFTWARE,
	[REWIRE_SEAL_WORKLOAD] = REWIRE_LABEL_SEAL_WORKLOAD,
};

/* of every struct rewire_svn_key; an enclave may have more than one thread */
static DEFINE_SPINLOCK(seal_svn_lock);

/* What @owner of a blob is, when this enclave seals it. */
static void seal_owner(const struct rewire_sealer *sealer, u32 policy,
		       u8 owner[REWIRE_DIGEST_SIZE])
{
	const struct rewire_manifest *manifest = sealer->manifest;

	memset(owner, 0, REWIRE_DIGEST_SIZE);
	if (policy == REWIRE_SEAL_MEASUREMENT) {
		memcpy(owner, manifest->measurement, REWIRE_DIGEST_SIZE);
	} else if (policy == REWIRE_SEAL_SOFTWARE) {
		memcpy(owner, sealer->developer, REWIRE_ID_SIZE);
		memcpy(owner + REWIRE_ID_SIZE, manifest->software,
		       REWIRE_ID_SIZE);
	} else {
		memcpy(owner, sealer->workload, REWIRE_ID_SIZE);
	}
}

static bool seal_svn_kept(struct rewire_svn_key *kept, u32 generation,
			  u8 key[REWIRE_KEY_SIZE])
{
	bool hit;

	spin_lock(&seal_svn_lock);
	hit = kept->generation == generation;
	if (hit)
		memcpy(key, kept->key, REWIRE_KEY_SIZE);
	spin_unlock(&seal_svn_lock);
	return hit;
}

/* K(svn) of the enclave itself, derived once and then kept. */
static int seal_svn_own(const struct rewire_sealer *sealer, struct key *root,
			const struct rewire_sealed *header,
			u8 key[REWIRE_KEY_SIZE])
{
	u32 steps = REWIRE_MAX_SVN - sealer->manifest->svn;
	struct rewire_svn_key *kept = sealer->svn_key;
	int ret;

	/* what was kept must not outlive the root key's revocation */
	if (seal_svn_kept(kept, header->generation, key))
		return key_validate(root) ? -ENOKEY : 0;
	ret = rewire_derive_root(root, NULL, 0, REWIRE_LABEL_SVN, header->owner,
				 sizeof(header->owner), key, REWIRE_KEY_SIZE) ?:
	      rewire_derive_chain(key, steps, REWIRE_LABEL_SVN, header->owner,
				  sizeof(header->owner));
	if (ret)
		return ret;
	spin_lock(&seal_svn_lock);
	memcpy(kept->key, key, REWIRE_KEY_SIZE);
	kept->generation = header->generation;
	spin_unlock(&seal_svn_lock);
	return 0;
}

/*
 * For REWIRE_SEAL_SOFTWARE there is a key of each SVN between the root and the
 * blob, so that who may have the one has those below it, and no others.
 */
static int seal_software(const struct rewire_sealer *sealer, struct key *root,
			 const struct rewire_sealed *header,
			 u8 material[REWIRE_AEAD_MATERIAL])
{
	u32 steps = sealer->manifest->svn - header->svn;
	u8 key[REWIRE_KEY_SIZE];
	int ret;

	ret = seal_svn_own(sealer, root, header, key) ?:
	      rewire_derive_chain(key, steps, REWIRE_LABEL_SVN, header->owner,
				  sizeof(header->owner)) ?:
	      rewire_derive(key, sizeof(key), header->salt,
			    sizeof(header->salt), REWIRE_LABEL_SEAL_SOFTWARE,
			    header, sizeof(*header), material,
			    REWIRE_AEAD_MATERIAL);
	memzero_explicit(key, sizeof(key));
	return ret;
}

static int seal_key(struct rewire_aead *aead,
		    const struct rewire_sealer *sealer,
		    const struct rewire_sealed *header)
{
	struct key *root = rewire_root_of(sealer->roots, header->generation);
	u8 material[REWIRE_AEAD_MATERIAL];
	int ret;

	if (!root)
		return -EOPNOTSUPP;
	if (header->policy == REWIRE_SEAL_SOFTWARE)
		ret = seal_software(sealer, root, header, material);
	else
		ret = rewire_derive_root(root, header->salt,
					 sizeof(header->salt),
					 seal_labels[header->policy], header,
					 sizeof(*header), material,
					 sizeof(material));
	if (!ret)
		ret = rewire_aead_init(aead, material);
	memzero_explicit(material, sizeof(material));
	return ret;
}

/* Seal @plain into @cipher with its tag behind, or the other way round. */
static int seal_record(struct rewire_aead *aead, bool seal, u32 length,
		       const u8 *plain, u8 *cipher)
{
	struct rewire_record record = { .length = length };
	struct scatterlist *in = NULL, *out = NULL;
	struct seal_tables *tables;
	u8 *tag = cipher + length;
	int ret = -EINVAL;

	tables = kmalloc(sizeof(*tables), GFP_KERNEL);
	if (!tables)
		return -ENOMEM;
	if (length) {
		in = tables->plain;
		out = tables->cipher;
		if (!rewire_sg_linear(in, SEAL_MAX_SG, plain, length) ||
		    !rewire_sg_linear(out, SEAL_MAX_SG, cipher, length))
			goto out;
	}
	if (seal)
		ret = rewire_aead_seal(aead, &record, in, out, tag);
	else
		ret = rewire_aead_open(aead, &record, out, in, tag);
out:
	kfree(tables);
	return ret;
}

/* Policies, and SVNs under the one that tells them apart. */
static bool seal_known(const struct rewire_sealer *sealer, u32 policy, u64 svn)
{
	if (!policy || policy >= ARRAY_SIZE(seal_labels))
		return false;
	return policy != REWIRE_SEAL_SOFTWARE ||
	       max(svn, sealer->manifest->svn) <= REWIRE_MAX_SVN;
}

/**
 * rewire_seal() - seal bytes
 * @sealer: the enclave
 * @policy: REWIRE_SEAL_*: for whom
 * @plain: plain text
 * @len: its bytes, at most REWIRE_MAX_SEAL
 * @blob: room for @len plus REWIRE_SEAL_OVERHEAD
 *
 * Return: the length of the blob, or -EOPNOTSUPP for a policy that this version
 * lacks or an SVN that it cannot tell from others, -EINVAL when it is too long,
 * -ENOKEY without a root key, -ENOMEM.
 */
ssize_t rewire_seal(const struct rewire_sealer *sealer, u32 policy,
		    const void *plain, size_t len, void *blob)
{
	struct rewire_sealed header = {
		.magic = REWIRE_MAGIC,
		.policy = policy,
		.generation = rewire_roots_newest(sealer->roots),
		.length = len,
		.svn = sealer->manifest->svn,
		.epoch = sealer->epoch,
	};
	struct rewire_aead aead;
	int ret;

	if (!seal_known(sealer, policy, header.svn))
		return -EOPNOTSUPP;
	if (len > REWIRE_MAX_SEAL)
		return -EINVAL;
	memcpy(header.measurement, sealer->manifest->measurement,
	       REWIRE_DIGEST_SIZE);
	seal_owner(sealer, policy, header.owner);
	get_random_bytes(header.salt, sizeof(header.salt));

	ret = seal_key(&aead, sealer, &header);
	if (ret)
		return ret;
	memcpy(blob, &header, sizeof(header));
	ret = seal_record(&aead, true, len, plain, blob + sizeof(header));
	rewire_aead_free(&aead);
	return ret ? ret : (ssize_t)(len + REWIRE_SEAL_OVERHEAD);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_seal);

/* A developer may say that what a predecessor sealed is this enclave's. */
static bool sealed_inherited(const struct rewire_sealer *sealer,
			     const struct rewire_sealed *header)
{
	const struct rewire_manifest *manifest = sealer->manifest;
	u32 i;

	if (header->policy != REWIRE_SEAL_MEASUREMENT)
		return false;
	for (i = 0; i < manifest->predecessors; i++)
		if (!memcmp(header->owner, manifest->predecessor[i],
			    REWIRE_DIGEST_SIZE))
			return true;
	return rewire_weakened(predecessor);
}

static int sealed_check(const struct rewire_sealer *sealer,
			const struct rewire_sealed *header, size_t len,
			u32 *flags)
{
	u8 owner[REWIRE_DIGEST_SIZE];
	bool inherited = false;

	if (header->magic != REWIRE_MAGIC ||
	    header->length > REWIRE_MAX_SEAL ||
	    header->length + REWIRE_SEAL_OVERHEAD != len)
		return -EBADMSG;
	if (!seal_known(sealer, header->policy, header->svn))
		return -EOPNOTSUPP;
	seal_owner(sealer, header->policy, owner);
	if (memcmp(header->owner, owner, sizeof(owner))) {
		inherited = sealed_inherited(sealer, header);
		if (!inherited)
			return -EKEYREJECTED;
	}
	if (header->policy == REWIRE_SEAL_SOFTWARE &&
	    header->svn > sealer->manifest->svn)
		return -EKEYREJECTED;
	if (inherited || header->svn < sealer->manifest->svn ||
	    header->generation < rewire_roots_newest(sealer->roots))
		*flags |= REWIRE_SEALED_LEGACY;
	return 0;
}

/**
 * rewire_unseal() - open a sealed blob
 * @sealer: the enclave that asks
 * @blob: blob
 * @len: its bytes
 * @plain: room for @len; zeros where the plain text would be if it fails
 * @flags: out: REWIRE_SEALED_*; 0 if it fails
 *
 * Return: the length of the plain text, or -EBADMSG when it is no blob,
 * -EOPNOTSUPP for a policy, SVN or generation that this SM lacks, -EKEYREJECTED
 * when it was not sealed for this enclave on this SM or was changed since,
 * -ENOKEY without a root key, -ENOMEM.
 */
ssize_t rewire_unseal(const struct rewire_sealer *sealer, const void *blob,
		      size_t len, void *plain, u32 *flags)
{
	struct rewire_sealed header;
	struct rewire_aead aead;
	u32 found = 0;
	int ret;

	*flags = 0;
	if (len < REWIRE_SEAL_OVERHEAD)
		return -EBADMSG;
	memcpy(&header, blob, sizeof(header));
	ret = sealed_check(sealer, &header, len, &found);
	if (ret)
		return ret;

	ret = seal_key(&aead, sealer, &header);
	if (ret)
		return ret;
	ret = seal_record(&aead, false, header.length, plain,
			  (u8 *)blob + sizeof(header));
	rewire_aead_free(&aead);
	if (ret) {
		/* the cipher has written what it could not yet verify */
		memzero_explicit(plain, header.length);
		return ret == -EBADMSG ? -EKEYREJECTED : ret;
	}
	*flags = found;
	return header.length;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_unseal);
