// SPDX-License-Identifier: GPL-2.0-only
/*
 * HKDF-SHA256 over the kernel's hmac, the root key, and P-256 key agreement.
 *
 * The root key stays in the kernel's keyring: its bytes are read in place under
 * the key's semaphore, and only HKDF's intermediate key ever leaves that.
 */
#include <crypto/ecdh.h>
#include <crypto/hash.h>
#include <crypto/kpp.h>
#include <crypto/sha2.h>
#include <keys/encrypted-type.h>
#include <keys/trusted-type.h>
#include <keys/user-type.h>
#include <linux/err.h>
#include <linux/key-type.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "keys.h"

#define HKDF_MAX_OUT	(255 * SHA256_DIGEST_SIZE)

/* one piece of HKDF's info; the label and the caller's context are two */
struct hkdf_info {
	const void *data;
	size_t len;
};

static const char *const label_texts[REWIRE_LABEL_COUNT] = {
	[REWIRE_LABEL_SEAL_MEASUREMENT] = "rewire v1 seal measurement",
	[REWIRE_LABEL_SEAL_WORKLOAD] = "rewire v1 seal workload",
	[REWIRE_LABEL_SEAL_SOFTWARE] = "rewire v1 seal software",
	[REWIRE_LABEL_SVN] = "rewire v1 svn",
	[REWIRE_LABEL_CHECKPOINT] = "rewire v1 checkpoint",
	[REWIRE_LABEL_SESSION] = "rewire v1 session",
	[REWIRE_LABEL_SESSION_STREAM] = "rewire v1 session stream",
	[REWIRE_LABEL_JOURNAL] = "rewire v1 journal",
	[REWIRE_LABEL_ROOT_CHECK] = "rewire v1 root check",
	[REWIRE_LABEL_SUK] = "rewire v1 suk",
	[REWIRE_LABEL_PACKAGE] = "rewire v1 package",
};

static int hkdf_extract(struct crypto_shash *hmac, const void *salt,
			size_t salt_len, const void *secret, size_t secret_len,
			u8 prk[SHA256_DIGEST_SIZE])
{
	static const u8 no_salt[SHA256_DIGEST_SIZE];
	int ret;

	if (salt_len)
		ret = crypto_shash_setkey(hmac, salt, salt_len);
	else
		ret = crypto_shash_setkey(hmac, no_salt, sizeof(no_salt));
	if (ret)
		return ret;
	return crypto_shash_tfm_digest(hmac, secret, secret_len, prk);
}

/* T(n) = HMAC(PRK, T(n - 1) | info | n), with T(0) empty */
static int hkdf_block(struct shash_desc *desc, const u8 *prev,
		      const struct hkdf_info *info, unsigned int pieces,
		      u8 counter, u8 block[SHA256_DIGEST_SIZE])
{
	unsigned int i;
	int ret;

	ret = crypto_shash_init(desc);
	if (!ret && prev)
		ret = crypto_shash_update(desc, prev, SHA256_DIGEST_SIZE);
	for (i = 0; i < pieces && !ret; i++)
		ret = crypto_shash_update(desc, info[i].data, info[i].len);
	if (!ret)
		ret = crypto_shash_finup(desc, &counter, 1, block);
	return ret;
}

static int hkdf_expand(struct crypto_shash *hmac,
		       const u8 prk[SHA256_DIGEST_SIZE],
		       const struct hkdf_info *info, unsigned int pieces,
		       u8 *out, size_t out_len)
{
	SHASH_DESC_ON_STACK(desc, hmac);
	u8 block[SHA256_DIGEST_SIZE];
	const u8 *prev = NULL;
	size_t done, n;
	u8 counter = 0;
	int ret;

	desc->tfm = hmac;
	ret = crypto_shash_setkey(hmac, prk, SHA256_DIGEST_SIZE);
	for (done = 0; done < out_len && !ret; done += n) {
		n = min_t(size_t, out_len - done, sizeof(block));
		ret = hkdf_block(desc, prev, info, pieces, ++counter, block);
		if (!ret)
			memcpy(out + done, block, n);
		prev = block;
	}
	if (ret)
		memzero_explicit(out, out_len);
	memzero_explicit(block, sizeof(block));
	shash_desc_zero(desc);
	return ret;
}

static struct crypto_shash *hkdf_alloc(size_t out_len)
{
	if (!out_len || out_len > HKDF_MAX_OUT)
		return ERR_PTR(-EINVAL);
	return crypto_alloc_shash("hmac(sha256)", 0, 0);
}

static int hkdf(const void *secret, size_t secret_len, const void *salt,
		size_t salt_len, const struct hkdf_info *info,
		unsigned int pieces, void *out, size_t out_len)
{
	u8 prk[SHA256_DIGEST_SIZE];
	struct crypto_shash *hmac;
	int ret;

	hmac = hkdf_alloc(out_len);
	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	ret = hkdf_extract(hmac, salt, salt_len, secret, secret_len, prk);
	if (!ret)
		ret = hkdf_expand(hmac, prk, info, pieces, out, out_len);
	memzero_explicit(prk, sizeof(prk));
	crypto_free_shash(hmac);
	return ret;
}

/**
 * rewire_hkdf() - HKDF-SHA256 (RFC 5869), extract and expand
 * @secret: input keying material
 * @secret_len: its bytes
 * @salt: salt
 * @salt_len: its bytes; 0 is no salt, which HKDF takes for 32 zero bytes
 * @info: context
 * @info_len: its bytes
 * @out: derived key
 * @out_len: bytes wanted, 1 to 8160
 *
 * Return: 0, -EINVAL for a length that HKDF cannot give, or -ENOMEM. @out is
 * wiped when it fails.
 */
int rewire_hkdf(const void *secret, size_t secret_len, const void *salt,
		size_t salt_len, const void *info, size_t info_len, void *out,
		size_t out_len)
{
	const struct hkdf_info piece = { info, info_len };

	return hkdf(secret, secret_len, salt, salt_len, &piece, 1, out,
		    out_len);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hkdf);

/**
 * rewire_hkdf_extract() - the first half of HKDF alone, for HPKE
 * @salt: salt
 * @salt_len: its bytes; 0 is no salt
 * @secret: input keying material
 * @secret_len: its bytes
 * @prk: out: pseudorandom key; wiped when it fails
 *
 * Return: 0 or a negative errno.
 */
int rewire_hkdf_extract(const void *salt, size_t salt_len, const void *secret,
			size_t secret_len, u8 prk[REWIRE_KEY_SIZE])
{
	struct crypto_shash *hmac = hkdf_alloc(REWIRE_KEY_SIZE);
	int ret;

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	ret = hkdf_extract(hmac, salt, salt_len, secret, secret_len, prk);
	if (ret)
		memzero_explicit(prk, REWIRE_KEY_SIZE);
	crypto_free_shash(hmac);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hkdf_extract);

/**
 * rewire_hkdf_expand() - the second half of HKDF alone, for HPKE
 * @prk: of rewire_hkdf_extract()
 * @info: context
 * @info_len: its bytes
 * @out: derived key; wiped when it fails
 * @out_len: bytes wanted, 1 to 8160
 *
 * Return: 0, or a negative errno as rewire_hkdf() gives it.
 */
int rewire_hkdf_expand(const u8 prk[REWIRE_KEY_SIZE], const void *info,
		       size_t info_len, void *out, size_t out_len)
{
	const struct hkdf_info piece = { info, info_len };
	struct crypto_shash *hmac = hkdf_alloc(out_len);
	int ret;

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	ret = hkdf_expand(hmac, prk, &piece, 1, out, out_len);
	crypto_free_shash(hmac);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_hkdf_expand);

/**
 * rewire_derive() - derive a key for one use
 * @secret: what to derive from
 * @secret_len: its bytes
 * @salt: salt
 * @salt_len: its bytes
 * @label: what the key is for
 * @context: what it is bound to; follows the label's text in HKDF's info
 * @context_len: its bytes
 * @out: derived key
 * @out_len: bytes wanted
 *
 * Return: 0, or a negative errno as rewire_hkdf() gives it.
 */
int rewire_derive(const void *secret, size_t secret_len, const void *salt,
		  size_t salt_len, enum rewire_label label, const void *context,
		  size_t context_len, void *out, size_t out_len)
{
	const struct hkdf_info info[] = {
		{ label_texts[label], strlen(label_texts[label]) + 1 },
		{ context, context_len },
	};

	return hkdf(secret, secret_len, salt, salt_len, info, ARRAY_SIZE(info),
		    out, out_len);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_derive);

/**
 * rewire_derive_chain() - go down a chain of keys
 * @key: K(n), replaced by K(n - @steps)
 * @steps: how far
 * @label: of the chain
 * @context: what the chain is bound to
 * @context_len: its bytes
 *
 * K(n - 1) = HKDF(K(n), no salt, @label | @context): each key gives all lower
 * ones, and none gives a higher.
 *
 * Return: 0, or a negative errno as rewire_hkdf() gives it, with @key wiped.
 */
int rewire_derive_chain(u8 key[REWIRE_KEY_SIZE], u32 steps,
			enum rewire_label label, const void *context,
			size_t context_len)
{
	const struct hkdf_info info[] = {
		{ label_texts[label], strlen(label_texts[label]) + 1 },
		{ context, context_len },
	};
	u8 prk[SHA256_DIGEST_SIZE];
	struct crypto_shash *hmac;
	int ret;

	hmac = hkdf_alloc(REWIRE_KEY_SIZE);
	ret = PTR_ERR_OR_ZERO(hmac);
	for (; steps && !ret; steps--)
		ret = hkdf_extract(hmac, NULL, 0, key, REWIRE_KEY_SIZE, prk) ?:
		      hkdf_expand(hmac, prk, info, ARRAY_SIZE(info), key,
				  REWIRE_KEY_SIZE);
	if (ret)
		memzero_explicit(key, REWIRE_KEY_SIZE);
	memzero_explicit(prk, sizeof(prk));
	if (!IS_ERR(hmac))
		crypto_free_shash(hmac);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_derive_chain);

/*
 * The bytes of a root key, valid while the key's semaphore is held. Encrypted
 * and trusted keys are told by name: the symbols of their types are not there
 * in every kernel, and type names are unique.
 */
static const u8 *root_payload(const struct key *root, size_t *len)
{
	const void *payload = dereference_key_locked(root);

	*len = 0;
	if (!payload)
		return NULL;
	if (root->type == &key_type_logon || root->type == &key_type_user) {
		const struct user_key_payload *user = payload;

		*len = user->datalen;
		return user->data;
	}
	if (!strcmp(root->type->name, "encrypted")) {
		const struct encrypted_key_payload *encrypted = payload;

		*len = encrypted->decrypted_datalen;
		return encrypted->decrypted_data;
	}
	if (!strcmp(root->type->name, "trusted")) {
		const struct trusted_key_payload *trusted = payload;

		*len = trusted->key_len;
		return trusted->key;
	}
	return NULL;
}

static int root_extract(struct crypto_shash *hmac, struct key *root,
			const void *salt, size_t salt_len,
			u8 prk[SHA256_DIGEST_SIZE])
{
	const u8 *secret;
	size_t len;
	int ret;

	down_read(&root->sem);
	ret = key_validate(root) ? -ENOKEY : 0;
	if (!ret) {
		secret = root_payload(root, &len);
		if (secret && len == REWIRE_KEY_SIZE)
			ret = hkdf_extract(hmac, salt, salt_len, secret, len,
					   prk);
		else
			ret = -ENOKEY;
	}
	up_read(&root->sem);
	return ret;
}

/**
 * rewire_derive_root() - derive a key for one use from the SM's root key
 * @root: root key, from rewire_root_get()
 * @salt: salt
 * @salt_len: its bytes
 * @label: what the key is for
 * @context: what it is bound to
 * @context_len: its bytes
 * @out: derived key
 * @out_len: bytes wanted
 *
 * Return: 0, -ENOKEY when the key was revoked, has expired or was changed to
 * another length meanwhile, or as rewire_hkdf() gives it.
 */
int rewire_derive_root(struct key *root, const void *salt, size_t salt_len,
		       enum rewire_label label, const void *context,
		       size_t context_len, void *out, size_t out_len)
{
	const struct hkdf_info info[] = {
		{ label_texts[label], strlen(label_texts[label]) + 1 },
		{ context, context_len },
	};
	u8 prk[SHA256_DIGEST_SIZE];
	struct crypto_shash *hmac;
	int ret;

	hmac = hkdf_alloc(out_len);
	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	ret = root_extract(hmac, root, salt, salt_len, prk);
	if (!ret)
		ret = hkdf_expand(hmac, prk, info, ARRAY_SIZE(info), out,
				  out_len);
	memzero_explicit(prk, sizeof(prk));
	crypto_free_shash(hmac);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_derive_root);

/**
 * rewire_root_get() - take hold of a root key by its serial number
 * @serial: of a key of type logon, user, encrypted or trusted with 32 bytes,
 *	which the caller may search
 *
 * Return: the key with a reference for the caller, who gives it back with
 * key_put(); -EPERM when the key exists and the caller may not use it, -EINVAL
 * when it is of another type or length, -ENOKEY when there is none.
 */
struct key *rewire_root_get(s32 serial)
{
	key_ref_t ref;
	struct key *root;
	const u8 *secret;
	size_t len;

	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (PTR_ERR(ref) == -EACCES)
		return ERR_PTR(-EPERM);
	if (PTR_ERR(ref) == -ENOMEM)
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(ref))
		return ERR_PTR(-ENOKEY);
	root = key_ref_to_ptr(ref);

	down_read(&root->sem);
	secret = root_payload(root, &len);
	up_read(&root->sem);
	if (!secret || len != REWIRE_KEY_SIZE) {
		key_put(root);
		return ERR_PTR(-EINVAL);
	}
	return root;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_root_get);

/**
 * rewire_roots_get() - take hold of all root keys of an SM
 * @roots: to fill
 * @serials: one for each generation, 0 where its key is not kept any more
 * @count: generations; the last one has to be there
 * @why: for the sentence
 *
 * Return: 0, or a negative errno as rewire_root_get(), with nothing held.
 */
int rewire_roots_get(struct rewire_roots *roots, const s32 *serials, u32 count,
		     struct rewire_why *why)
{
	struct key *key;
	u32 i;

	memset(roots, 0, sizeof(*roots));
	if (!count || count > REWIRE_MAX_GENERATIONS || !serials[count - 1])
		return rewire_because(why, -EINVAL,
				      "1 to %u root keys, the last of which seals",
				      REWIRE_MAX_GENERATIONS);
	for (i = 0; i < count; i++) {
		if (!serials[i])
			continue;
		key = rewire_root_get(serials[i]);
		if (IS_ERR(key)) {
			rewire_roots_put(roots);
			return rewire_because(why, PTR_ERR(key),
					      "root key %d: no key of %u bytes that a root can be",
					      serials[i], REWIRE_KEY_SIZE);
		}
		roots->key[i + 1] = key;
	}
	roots->newest = count;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_get);

/**
 * rewire_roots_newest() - the generation that seals now
 * @roots: root keys; another may become the newest meanwhile
 *
 * Return: its number, whose key rewire_root_of() then has.
 */
u32 rewire_roots_newest(const struct rewire_roots *roots)
{
	/* pairs with the release in rewire_roots_switch() */
	return smp_load_acquire(&roots->newest);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_newest);

/* Return: the key of a generation, or NULL when it is not kept */
struct key *rewire_root_of(const struct rewire_roots *roots, u32 generation)
{
	if (!generation || generation > rewire_roots_newest(roots))
		return NULL;
	return roots->key[generation];
}
EXPORT_SYMBOL_IF_KUNIT(rewire_root_of);

/**
 * rewire_roots_stage() - put the next root key into its place
 * @roots: root keys; the caller holds the journal's lock
 * @root: from rewire_root_get(); @roots has the reference on success
 * @generation: out: its number
 * @why: for the sentence
 *
 * Nobody but the caller and the journal sees it, at @roots->key[@generation],
 * before rewire_roots_switch().
 *
 * Return: 0; -EEXIST when the key is a root already; -EDQUOT when there is no
 * room for another.
 */
int rewire_roots_stage(struct rewire_roots *roots, struct key *root,
		       u32 *generation, struct rewire_why *why)
{
	u32 i;

	for (i = 1; i <= roots->newest; i++)
		if (roots->key[i] == root)
			return rewire_because(why, -EEXIST,
					      "key %d is root key %u already",
					      key_serial(root), i);
	if (roots->newest == REWIRE_MAX_GENERATIONS)
		return rewire_because(why, -EDQUOT,
				      "there were %u root keys, and no more fit",
				      REWIRE_MAX_GENERATIONS);
	roots->key[i] = root;
	*generation = i;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_stage);

/**
 * rewire_roots_unstage() - the next root key is not to be
 * @roots: root keys; the caller holds the journal's lock
 * @generation: of rewire_roots_stage()
 */
void rewire_roots_unstage(struct rewire_roots *roots, u32 generation)
{
	key_put(roots->key[generation]);
	roots->key[generation] = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_unstage);

/**
 * rewire_roots_switch() - seal with the next root key from now on
 * @roots: root keys; the caller holds the journal's lock
 * @generation: of rewire_roots_stage()
 *
 * Whoever seals meanwhile does so under the old one or the new one, and both
 * unseal.
 */
void rewire_roots_switch(struct rewire_roots *roots, u32 generation)
{
	/* pairs with the acquire in rewire_roots_newest(): the key is there */
	smp_store_release(&roots->newest, generation);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_switch);

void rewire_roots_put(struct rewire_roots *roots)
{
	u32 i;

	for (i = 1; i <= REWIRE_MAX_GENERATIONS; i++)
		key_put(roots->key[i]);
	memset(roots, 0, sizeof(*roots));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roots_put);

/*
 * One operation of the key pair, through a linear buffer: scatterlists may not
 * point to a stack. @in is NULL to make the public half.
 */
static int share_operate(struct crypto_kpp *tfm, const u8 *in, u8 *out,
			 size_t out_len)
{
	struct scatterlist src, dst;
	DECLARE_CRYPTO_WAIT(wait);
	struct kpp_request *req;
	int ret = -ENOMEM;
	u8 *buf;

	buf = kmalloc(2 * REWIRE_POINT_SIZE, GFP_KERNEL);
	req = kpp_request_alloc(tfm, GFP_KERNEL);
	if (!buf || !req)
		goto out;
	sg_init_one(&dst, buf, out_len);
	kpp_request_set_output(req, &dst, out_len);
	kpp_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				 CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done,
				 &wait);
	if (in) {
		memcpy(buf + REWIRE_POINT_SIZE, in, REWIRE_POINT_SIZE);
		sg_init_one(&src, buf + REWIRE_POINT_SIZE, REWIRE_POINT_SIZE);
		kpp_request_set_input(req, &src, REWIRE_POINT_SIZE);
		ret = crypto_kpp_compute_shared_secret(req);
	} else {
		kpp_request_set_input(req, NULL, 0);
		ret = crypto_kpp_generate_public_key(req);
	}
	ret = crypto_wait_req(ret, &wait);
	if (!ret)
		memcpy(out, buf, out_len);
out:
	if (req)
		kpp_request_free(req);
	kfree_sensitive(buf);
	return ret;
}

/* @private is NULL to have the kernel draw one; its length is the curve's */
static int share_set_private(struct crypto_kpp *tfm, const u8 *private)
{
	struct ecdh params = {
		.key = (char *)private,
		.key_size = private ? REWIRE_KEY_SIZE : 0,
	};
	unsigned int len = crypto_ecdh_key_len(&params);
	char *buf;
	int ret;

	buf = kmalloc(len, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = crypto_ecdh_encode_key(buf, len, &params);
	if (!ret)
		ret = crypto_kpp_set_secret(tfm, buf, len);
	kfree_sensitive(buf);
	return ret;
}

/**
 * rewire_share_from() - a key pair of a known private half
 * @share: to fill; whatever the outcome, rewire_share_wipe() may be called
 * @private: big-endian; the caller wipes it. NULL: the kernel draws one
 *
 * Return: 0, -EINVAL when @private is not one of the curve's, or another
 * negative errno.
 */
int rewire_share_from(struct rewire_share *share,
		      const u8 private[REWIRE_KEY_SIZE])
{
	int ret;

	memset(share, 0, sizeof(*share));
	share->tfm = crypto_alloc_kpp("ecdh-nist-p256", 0, 0);
	if (IS_ERR(share->tfm)) {
		ret = PTR_ERR(share->tfm);
		share->tfm = NULL;
		return ret;
	}
	ret = share_set_private(share->tfm, private);
	if (!ret)
		ret = share_operate(share->tfm, NULL, share->public,
				    REWIRE_POINT_SIZE);
	if (ret)
		rewire_share_wipe(share);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_share_from);

/**
 * rewire_share_generate() - draw an ephemeral key pair
 * @share: to fill; whatever the outcome, rewire_share_wipe() may be called
 *
 * Return: 0 or a negative errno.
 */
int rewire_share_generate(struct rewire_share *share)
{
	return rewire_share_from(share, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_share_generate);

/**
 * rewire_share_agree() - the secret shared with a peer
 * @share: our key pair
 * @peer: the peer's public half
 * @secret: x coordinate of the common point; input to HKDF, never a key itself
 *
 * The kernel refuses points that are not on the curve, and zero; P-256 has no
 * others to fear, its cofactor is 1.
 *
 * Return: 0, -EBADMSG when @peer is no such point, or -ENOMEM.
 */
int rewire_share_agree(struct rewire_share *share,
		       const u8 peer[REWIRE_POINT_SIZE],
		       u8 secret[REWIRE_SECRET_SIZE])
{
	int ret;

	if (!share->tfm)
		return -EBADFD;
	ret = share_operate(share->tfm, peer, secret, REWIRE_SECRET_SIZE);
	if (ret == -EINVAL || ret == -EFAULT)
		ret = -EBADMSG;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_share_agree);

/**
 * rewire_share_wipe() - forget a key pair
 * @share: of rewire_share_generate(), or all zero
 */
void rewire_share_wipe(struct rewire_share *share)
{
	/* the crypto API wipes the private half as it frees the transform */
	if (share->tfm)
		crypto_free_kpp(share->tfm);
	memzero_explicit(share, sizeof(*share));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_share_wipe);
