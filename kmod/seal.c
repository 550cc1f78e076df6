// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed blobs: one blob, one key, one record of an AEAD stream.
 *
 * The key is HKDF(root, salt, label | header): a header that was changed leads
 * to another key, under which the tag is wrong.
 */
#include <linux/err.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"
#include "seal.h"

/* the most pages that REWIRE_MAX_SEAL bytes touch */
#define SEAL_MAX_SG	(REWIRE_MAX_SEAL / PAGE_SIZE + 1)

struct seal_tables {
	struct scatterlist plain[SEAL_MAX_SG];
	struct scatterlist cipher[SEAL_MAX_SG];
};

static int seal_key(struct rewire_aead *aead,
		    const struct rewire_roots *roots,
		    const struct rewire_sealed *header)
{
	u8 material[REWIRE_AEAD_MATERIAL];
	struct key *root = rewire_root_of(roots, header->generation);
	int ret;

	if (!root)
		return -EOPNOTSUPP;
	ret = rewire_derive_root(root, header->salt, sizeof(header->salt),
				 REWIRE_LABEL_SEAL_MEASUREMENT, header,
				 sizeof(*header), material, sizeof(material));
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

/**
 * rewire_seal() - seal bytes for who they came from
 * @sealer: the enclave
 * @policy: REWIRE_SEAL_*
 * @plain: plain text
 * @len: its bytes, at most REWIRE_MAX_SEAL
 * @blob: room for @len plus REWIRE_SEAL_OVERHEAD
 *
 * Return: the length of the blob, or -EOPNOTSUPP for a policy that this version
 * lacks, -EINVAL when it is too long, -ENOKEY without a root key, -ENOMEM.
 */
ssize_t rewire_seal(const struct rewire_sealer *sealer, u32 policy,
		    const void *plain, size_t len, void *blob)
{
	struct rewire_sealed header = {
		.magic = REWIRE_MAGIC,
		.policy = policy,
		.generation = sealer->roots->newest,
		.length = len,
		.svn = sealer->svn,
		.epoch = sealer->epoch,
	};
	struct rewire_aead aead;
	int ret;

	if (policy != REWIRE_SEAL_MEASUREMENT)
		return -EOPNOTSUPP;
	if (len > REWIRE_MAX_SEAL)
		return -EINVAL;
	memcpy(header.measurement, sealer->measurement, REWIRE_DIGEST_SIZE);
	memcpy(header.owner, sealer->measurement, REWIRE_DIGEST_SIZE);
	get_random_bytes(header.salt, sizeof(header.salt));

	ret = seal_key(&aead, sealer->roots, &header);
	if (ret)
		return ret;
	memcpy(blob, &header, sizeof(header));
	ret = seal_record(&aead, true, len, plain, blob + sizeof(header));
	rewire_aead_free(&aead);
	return ret ? ret : (ssize_t)(len + REWIRE_SEAL_OVERHEAD);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_seal);

static int sealed_check(const struct rewire_sealer *sealer,
			const struct rewire_sealed *header, size_t len)
{
	if (header->magic != REWIRE_MAGIC ||
	    header->length > REWIRE_MAX_SEAL ||
	    header->length + REWIRE_SEAL_OVERHEAD != len)
		return -EBADMSG;
	if (header->policy != REWIRE_SEAL_MEASUREMENT)
		return -EOPNOTSUPP;
	if (memcmp(header->measurement, sealer->measurement,
		   REWIRE_DIGEST_SIZE))
		return -EKEYREJECTED;
	return 0;
}

/**
 * rewire_unseal() - open a sealed blob
 * @sealer: the enclave that asks
 * @blob: blob
 * @len: its bytes
 * @plain: room for @len; zeros where the plain text would be if it fails
 *
 * Return: the length of the plain text, or -EBADMSG when it is no blob,
 * -EOPNOTSUPP for a policy or generation that this version lacks, -EKEYREJECTED
 * when it was not sealed by this software on this SM or was changed since,
 * -ENOKEY without a root key, -ENOMEM.
 */
ssize_t rewire_unseal(const struct rewire_sealer *sealer, const void *blob,
		      size_t len, void *plain)
{
	struct rewire_sealed header;
	struct rewire_aead aead;
	int ret;

	if (len < REWIRE_SEAL_OVERHEAD)
		return -EBADMSG;
	memcpy(&header, blob, sizeof(header));
	ret = sealed_check(sealer, &header, len);
	if (ret)
		return ret;

	ret = seal_key(&aead, sealer->roots, &header);
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
	return header.length;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_unseal);
