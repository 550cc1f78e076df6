// SPDX-License-Identifier: MIT
/*
 * Hybrid public key encryption (RFC 9180), sender's side. OpenSSL has OSSL_HPKE
 * since 3.2, and Debian 12 has 3.0: so it is put together from EVP here. Names in
 * quotation marks, and the order of everything, are the RFC's.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>

#include "crypto.h"
#include "hpke.h"

#define KEM_ID		0x10	/* DHKEM(P-256, HKDF-SHA256) */
#define KDF_ID		0x01	/* HKDF-SHA256 */
#define HASH		32
#define NONCE		12
#define MODE_BASE	0
#define MAX_INFO	256

struct suite_id {
	__u8 bytes[10];
	size_t length;
};

static const struct suite_id kem_suite = { { 'K', 'E', 'M', 0, KEM_ID }, 5 };

int hkdf_extract(const __u8 *salt, size_t salt_length, const __u8 *secret,
		 size_t length, __u8 ret_prk[32])
{
	static const __u8 zero[HASH];

	return HMAC(EVP_sha256(), salt_length ? salt : zero,
		    (int)(salt_length ? salt_length : HASH), secret, length,
		    ret_prk, NULL) ? 0 : -EIO;
}

int hkdf_expand(const __u8 prk[32], const __u8 *info, size_t info_length,
		__u8 *out, size_t length)
{
	__u8 block[HASH], input[HASH + 512 + 1];
	size_t have = 0, n;
	__u8 counter = 0;
	int rc = 0;

	if (info_length > 512 || length > 255 * HASH)
		return -EINVAL;
	for (size_t done = 0; done < length && !rc; done += n) {
		if (info_length)
			memcpy(input + have, info, info_length);
		input[have + info_length] = ++counter;
		if (!HMAC(EVP_sha256(), prk, HASH, input, have + info_length + 1,
			  block, NULL))
			rc = -EIO;
		memcpy(input, block, HASH);
		have = HASH;
		n = length - done < HASH ? length - done : HASH;
		memcpy(out + done, block, n);
	}
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(input, sizeof(input));
	return rc;
}

/* prefix, suite, label, data; a length before them when it is not zero */
struct labeled {
	__u8 bytes[64 + MAX_INFO];
	size_t length;
};

static void add(struct labeled *l, const void *data, size_t length)
{
	if (length)
		memcpy(l->bytes + l->length, data, length);
	l->length += length;
}

static void fill(struct labeled *l, const struct suite_id *suite,
		 const char *label, const void *data, size_t length)
{
	add(l, "HPKE-v1", 7);
	add(l, suite->bytes, suite->length);
	add(l, label, strlen(label));
	add(l, data, length);
}

/* "LabeledExtract" */
static int extract(const struct suite_id *suite, const __u8 *salt,
		   size_t salt_length, const char *label, const void *ikm,
		   size_t length, __u8 prk[HASH])
{
	struct labeled l = { .length = 0 };
	int rc;

	fill(&l, suite, label, ikm, length);
	rc = hkdf_extract(salt, salt_length, l.bytes, l.length, prk);
	OPENSSL_cleanse(&l, sizeof(l));
	return rc;
}

/* "LabeledExpand" */
static int expand(const struct suite_id *suite, const __u8 prk[HASH],
		  const char *label, const void *info, size_t info_length,
		  __u8 *out, size_t length)
{
	struct labeled l = {
		.bytes = { (__u8)(length >> 8), (__u8)length },
		.length = 2,
	};

	fill(&l, suite, label, info, info_length);
	return hkdf_expand(prk, l.bytes, l.length, out, length);
}

static EVP_PKEY *key_of_point(const __u8 point[REWIRE_ENC_SIZE])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				       (char *)"prime256v1", 10),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
					(void *)point, REWIRE_ENC_SIZE),
		OSSL_PARAM_END,
	};
	EVP_PKEY *key = NULL;

	if (context && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key;
}

static int agree(EVP_PKEY *own, EVP_PKEY *peer, __u8 secret[HASH])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
	size_t length = HASH;
	bool ok = context && EVP_PKEY_derive_init(context) == 1 &&
		  EVP_PKEY_derive_set_peer(context, peer) == 1 &&
		  EVP_PKEY_derive(context, secret, &length) == 1 &&
		  length == HASH;

	EVP_PKEY_CTX_free(context);
	return ok ? 0 : -EIO;
}

/* "ExtractAndExpand" */
static int kem_secret(const __u8 dh[HASH], const __u8 enc[REWIRE_ENC_SIZE],
		      const __u8 receiver[REWIRE_ENC_SIZE], __u8 secret[HASH])
{
	__u8 context[2 * REWIRE_ENC_SIZE], prk[HASH];
	int rc;

	memcpy(context, enc, REWIRE_ENC_SIZE);
	memcpy(context + REWIRE_ENC_SIZE, receiver, REWIRE_ENC_SIZE);
	rc = extract(&kem_suite, NULL, 0, "eae_prk", dh, HASH, prk);
	if (!rc)
		rc = expand(&kem_suite, prk, "shared_secret", context,
			    sizeof(context), secret, HASH);
	OPENSSL_cleanse(prk, sizeof(prk));
	return rc;
}

struct keys {
	__u8 key[32];
	__u8 nonce[NONCE];
};

/* "KeySchedule", in base mode */
static int key_schedule(const struct hpke_message *m, const __u8 shared[HASH],
			struct keys *keys)
{
	const struct suite_id suite = {
		{ 'H', 'P', 'K', 'E', 0, KEM_ID, 0, KDF_ID, 0, (__u8)m->aead },
		10
	};
	__u8 context[1 + 2 * HASH] = { MODE_BASE }, secret[HASH];
	int rc;

	rc = extract(&suite, NULL, 0, "psk_id_hash", NULL, 0, context + 1);
	if (!rc)
		rc = extract(&suite, NULL, 0, "info_hash", m->info,
			     m->info_length, context + 1 + HASH);
	if (!rc)
		rc = extract(&suite, shared, HASH, "secret", NULL, 0, secret);
	if (!rc)
		rc = expand(&suite, secret, "key", context, sizeof(context),
			    keys->key, m->aead == HPKE_AES_128_GCM ? 16 : 32);
	if (!rc)
		rc = expand(&suite, secret, "base_nonce", context,
			    sizeof(context), keys->nonce, NONCE);
	OPENSSL_cleanse(secret, sizeof(secret));
	return rc;
}

static int encrypt(const struct hpke_message *m, const struct keys *keys,
		   __u8 *cipher)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n;
	bool ok = context &&
		  EVP_EncryptInit_ex(context, m->aead == HPKE_AES_128_GCM ?
				     EVP_aes_128_gcm() : EVP_aes_256_gcm(), NULL,
				     keys->key, keys->nonce) == 1 &&
		  (!m->aad_length ||
		   EVP_EncryptUpdate(context, NULL, &n, m->aad,
				     (int)m->aad_length) == 1) &&
		  EVP_EncryptUpdate(context, cipher, &n, m->plain,
				    (int)m->length) == 1 &&
		  EVP_EncryptFinal_ex(context, cipher + m->length, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG,
				      REWIRE_TAG_SIZE,
				      cipher + m->length) == 1;

	EVP_CIPHER_CTX_free(context);
	return ok ? 0 : -EIO;
}

static int seal(EVP_PKEY *sender, EVP_PKEY *receiver,
		const __u8 point[REWIRE_ENC_SIZE], const struct hpke_message *m,
		__u8 enc[REWIRE_ENC_SIZE], __u8 *cipher)
{
	__u8 dh[HASH], shared[HASH];
	struct keys keys;
	size_t length;
	int rc = 0;

	if (EVP_PKEY_get_octet_string_param(sender, OSSL_PKEY_PARAM_PUB_KEY, enc,
					    REWIRE_ENC_SIZE, &length) != 1 ||
	    length != REWIRE_ENC_SIZE)
		rc = -EIO;
	if (!rc)
		rc = agree(sender, receiver, dh);
	if (!rc)
		rc = kem_secret(dh, enc, point, shared);
	if (!rc)
		rc = key_schedule(m, shared, &keys);
	if (!rc)
		rc = encrypt(m, &keys, cipher);
	OPENSSL_cleanse(dh, sizeof(dh));
	OPENSSL_cleanse(shared, sizeof(shared));
	OPENSSL_cleanse(&keys, sizeof(keys));
	return rc;
}

int hpke_seal_from(EVP_PKEY *sender, const __u8 point[REWIRE_POINT_SIZE],
		   const struct hpke_message *message,
		   __u8 ret_enc[REWIRE_ENC_SIZE], __u8 *ret_cipher,
		   struct rewire_error *err)
{
	__u8 encoded[REWIRE_ENC_SIZE] = { 4 };
	EVP_PKEY *receiver;
	int rc;

	if (message->info_length > MAX_INFO)
		return rewire_fail(err, EINVAL, "HPKE's info has %zu bytes, more than %d",
				   message->info_length, MAX_INFO);
	memcpy(encoded + 1, point, REWIRE_POINT_SIZE);
	receiver = key_of_point(encoded);
	if (!receiver)
		return crypto_fail(err, EBADMSG, "a key that is no point of the curve");
	rc = seal(sender, receiver, encoded, message, ret_enc, ret_cipher);
	EVP_PKEY_free(receiver);
	return rc ? crypto_fail(err, -rc, "encrypting to a key") : 0;
}

int hpke_seal(const __u8 point[REWIRE_POINT_SIZE],
	      const struct hpke_message *message, __u8 ret_enc[REWIRE_ENC_SIZE],
	      __u8 *ret_cipher, struct rewire_error *err)
{
	EVP_PKEY *sender = EVP_EC_gen("prime256v1");
	int rc;

	if (!sender)
		return crypto_fail(err, EIO, "drawing a key pair");
	rc = hpke_seal_from(sender, point, message, ret_enc, ret_cipher, err);
	EVP_PKEY_free(sender);
	return rc;
}
