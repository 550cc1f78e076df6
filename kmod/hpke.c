// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hybrid public key encryption (RFC 9180), receiver's side. Names in quotation
 * marks, and the order of everything, are the RFC's.
 */
#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "hpke.h"

#define KEM_ID		0x0010	/* DHKEM(P-256, HKDF-SHA256) */
#define KDF_ID		0x0001	/* HKDF-SHA256 */
#define MODE_BASE	0x00
#define UNCOMPRESSED	0x04	/* first byte of a point */

#define CONTEXT_SIZE	(1 + 2 * REWIRE_KEY_SIZE)	/* key_schedule_context */

const struct rewire_hpke_aead rewire_hpke_aes256 = { .id = 2, .key_len = 32 };
EXPORT_SYMBOL_IF_KUNIT(rewire_hpke_aes256);

/*
 * What HKDF is given: prefix, suite, label, and the data last. The longest has
 * the encapsulated key and the receiver's.
 */
struct labeled {
	u8 bytes[32 + 2 * REWIRE_ENC_SIZE];
	size_t len;
};

/* "KEM", or all of the suite */
struct suite_id {
	u8 bytes[10];
	size_t len;
};

static const struct suite_id kem_suite = {
	.bytes = { 'K', 'E', 'M', KEM_ID >> 8, KEM_ID & 0xff },
	.len = 5,
};

static struct suite_id full_suite(const struct rewire_hpke_aead *aead)
{
	return (struct suite_id){
		.bytes = { 'H', 'P', 'K', 'E', KEM_ID >> 8, KEM_ID & 0xff,
			   KDF_ID >> 8, KDF_ID & 0xff, aead->id >> 8,
			   aead->id & 0xff },
		.len = 10,
	};
}

static int labeled_add(struct labeled *l, const void *data, size_t len)
{
	if (len > sizeof(l->bytes) - l->len)
		return -EINVAL;
	if (len)
		memcpy(l->bytes + l->len, data, len);
	l->len += len;
	return 0;
}

static int labeled_fill(struct labeled *l, const struct suite_id *suite,
			const char *label, const void *data, size_t len)
{
	return labeled_add(l, "HPKE-v1", 7) ?:
	       labeled_add(l, suite->bytes, suite->len) ?:
	       labeled_add(l, label, strlen(label)) ?:
	       labeled_add(l, data, len);
}

/* "LabeledExtract" */
static int labeled_extract(const struct suite_id *suite, const u8 *salt,
			   size_t salt_len, const char *label, const void *ikm,
			   size_t ikm_len, u8 prk[REWIRE_KEY_SIZE])
{
	struct labeled l = {};
	int ret = labeled_fill(&l, suite, label, ikm, ikm_len) ?:
		  rewire_hkdf_extract(salt, salt_len, l.bytes, l.len, prk);

	memzero_explicit(&l, sizeof(l));
	return ret;
}

/* "LabeledExpand" */
static int labeled_expand(const struct suite_id *suite,
			  const u8 prk[REWIRE_KEY_SIZE], const char *label,
			  const void *info, size_t info_len, u8 *out,
			  size_t out_len)
{
	struct labeled l = {
		.bytes = { out_len >> 8, out_len & 0xff },
		.len = 2,
	};

	return labeled_fill(&l, suite, label, info, info_len) ?:
	       rewire_hkdf_expand(prk, l.bytes, l.len, out, out_len);
}

/**
 * rewire_hpke_key_pair() - the key pair that belongs to a secret
 * @ikm: secret of at least 32 bytes
 * @ikm_len: how many, at most 128
 * @pair: out; whatever the outcome, rewire_share_wipe() may be called
 *
 * "DeriveKeyPair". The kernel takes private keys from 2 to n - 3; the RFC also
 * those three beside, which nobody will ever see.
 *
 * Return: 0 or a negative errno.
 */
int rewire_hpke_key_pair(const void *ikm, size_t ikm_len,
			 struct rewire_share *pair)
{
	u8 prk[REWIRE_KEY_SIZE], private[REWIRE_KEY_SIZE];
	u8 counter = 0;
	int ret;

	memset(pair, 0, sizeof(*pair));
	ret = labeled_extract(&kem_suite, NULL, 0, "dkp_prk", ikm, ikm_len,
			      prk);
	if (ret)
		return ret;
	do {
		ret = labeled_expand(&kem_suite, prk, "candidate", &counter, 1,
				     private, sizeof(private)) ?:
		      rewire_share_from(pair, private);
	} while (ret == -EINVAL && ++counter);
	memzero_explicit(private, sizeof(private));
	memzero_explicit(prk, sizeof(prk));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hpke_key_pair);

/* "ExtractAndExpand" */
static int kem_secret(const u8 dh[REWIRE_SECRET_SIZE],
		      const u8 enc[REWIRE_ENC_SIZE],
		      const u8 receiver[REWIRE_POINT_SIZE],
		      u8 secret[REWIRE_KEY_SIZE])
{
	u8 context[2 * REWIRE_ENC_SIZE], prk[REWIRE_KEY_SIZE];
	int ret;

	memcpy(context, enc, REWIRE_ENC_SIZE);
	context[REWIRE_ENC_SIZE] = UNCOMPRESSED;
	memcpy(context + REWIRE_ENC_SIZE + 1, receiver, REWIRE_POINT_SIZE);
	ret = labeled_extract(&kem_suite, NULL, 0, "eae_prk", dh,
			      REWIRE_SECRET_SIZE, prk);
	if (!ret)
		ret = labeled_expand(&kem_suite, prk, "shared_secret", context,
				     sizeof(context), secret, REWIRE_KEY_SIZE);
	memzero_explicit(prk, sizeof(prk));
	return ret;
}

/* "KeySchedule", in base mode */
static int key_schedule(const struct rewire_hpke_aead *aead,
			const u8 shared[REWIRE_KEY_SIZE], const void *info,
			size_t info_len,
			u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE])
{
	const struct suite_id suite = full_suite(aead);
	u8 context[CONTEXT_SIZE] = { MODE_BASE };
	u8 secret[REWIRE_KEY_SIZE];
	int ret;

	ret = labeled_extract(&suite, NULL, 0, "psk_id_hash", NULL, 0,
			      context + 1) ?:
	      labeled_extract(&suite, NULL, 0, "info_hash", info, info_len,
			      context + 1 + REWIRE_KEY_SIZE) ?:
	      labeled_extract(&suite, shared, REWIRE_KEY_SIZE, "secret", NULL,
			      0, secret);
	if (ret)
		return ret;
	ret = labeled_expand(&suite, secret, "key", context, sizeof(context),
			     material, aead->key_len) ?:
	      labeled_expand(&suite, secret, "base_nonce", context,
			     sizeof(context), material + aead->key_len,
			     REWIRE_IV_SIZE);
	memzero_explicit(secret, sizeof(secret));
	return ret;
}

/* From the secret of the two key pairs to key and nonce of the only message */
VISIBLE_IF_KUNIT
int rewire_hpke_schedule(const struct rewire_hpke_aead *aead,
			 const u8 dh[REWIRE_SECRET_SIZE],
			 const u8 receiver[REWIRE_POINT_SIZE],
			 const struct rewire_hpke_sealed *sealed,
			 u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE])
{
	u8 shared[REWIRE_KEY_SIZE];
	int ret;

	if (sealed->info_len > REWIRE_HPKE_MAX_INFO)
		return -EINVAL;
	ret = kem_secret(dh, sealed->enc, receiver, shared);
	if (!ret)
		ret = key_schedule(aead, shared, sealed->info,
				   sealed->info_len, material);
	memzero_explicit(shared, sizeof(shared));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hpke_schedule);

/* one message, through a linear buffer that a scatterlist may point to */
static int open_with(struct crypto_aead *tfm, const u8 nonce[REWIRE_IV_SIZE],
		     const struct rewire_hpke_sealed *sealed, void *plain)
{
	size_t total = sealed->aad_len + sealed->cipher_len;
	struct aead_request *req = aead_request_alloc(tfm, GFP_KERNEL);
	u8 iv[REWIRE_IV_SIZE], *buf = kmalloc(total, GFP_KERNEL);
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	int ret = -ENOMEM;

	if (!req || !buf)
		goto out;
	memcpy(iv, nonce, sizeof(iv));
	if (sealed->aad_len)
		memcpy(buf, sealed->aad, sealed->aad_len);
	memcpy(buf + sealed->aad_len, sealed->cipher, sealed->cipher_len);
	sg_init_one(&sg, buf, total);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done,
				  &wait);
	aead_request_set_ad(req, sealed->aad_len);
	aead_request_set_crypt(req, &sg, &sg, sealed->cipher_len, iv);
	ret = crypto_wait_req(crypto_aead_decrypt(req), &wait);
	if (!ret)
		memcpy(plain, buf + sealed->aad_len,
		       sealed->cipher_len - REWIRE_TAG_SIZE);
out:
	kfree_sensitive(buf);
	if (req)
		aead_request_free(req);
	return ret;
}

static int open_sealed(const struct rewire_hpke_aead *aead,
		       const u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE],
		       const struct rewire_hpke_sealed *sealed, void *plain)
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	int ret;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	ret = crypto_aead_setkey(tfm, material, aead->key_len) ?:
	      crypto_aead_setauthsize(tfm, REWIRE_TAG_SIZE) ?:
	      open_with(tfm, material + aead->key_len, sealed, plain);
	crypto_free_aead(tfm);
	return ret;
}

/**
 * rewire_hpke_open() - "OpenBase": what was sealed to a key pair
 * @aead: of the suite
 * @pair: the receiver's
 * @sealed: encapsulated key, info, associated data, cipher text with its tag
 * @plain: out: the message, as long as the cipher text without its tag;
 *	untouched on failure
 *
 * Return: 0, -EBADMSG when @sealed is not what was made for this pair and info,
 * -EINVAL for a length out of range, -ENOMEM.
 */
int rewire_hpke_open(const struct rewire_hpke_aead *aead,
		     struct rewire_share *pair,
		     const struct rewire_hpke_sealed *sealed, void *plain)
{
	u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE];
	u8 dh[REWIRE_SECRET_SIZE];
	int ret;

	if (sealed->cipher_len <= REWIRE_TAG_SIZE ||
	    sealed->cipher_len > PAGE_SIZE || sealed->aad_len > PAGE_SIZE)
		return -EINVAL;
	if (sealed->enc[0] != UNCOMPRESSED)
		return -EBADMSG;
	ret = rewire_share_agree(pair, sealed->enc + 1, dh);
	if (ret)
		return ret;
	ret = rewire_hpke_schedule(aead, dh, pair->public, sealed, material);
	if (!ret)
		ret = open_sealed(aead, material, sealed, plain);
	memzero_explicit(material, sizeof(material));
	memzero_explicit(dh, sizeof(dh));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hpke_open);
