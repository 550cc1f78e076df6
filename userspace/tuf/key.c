// SPDX-License-Identifier: MIT
/*
 * Public keys: Ed25519, ECDSA on P-256 with SHA-256, RSA-PSS with SHA-256.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "error.h"
#include "hash.h"
#include "json.h"
#include "key.h"

const struct tuf_scheme tuf_schemes[] = {
	{ "ed25519", "ed25519", EVP_PKEY_ED25519, false },
	{ "ecdsa", "ecdsa-sha2-nistp256", EVP_PKEY_EC, true },
	{ "rsa", "rsassa-pss-sha256", EVP_PKEY_RSA, true },
	/* What repositories called it before 1.0.32. */
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", EVP_PKEY_EC, true },
};

_Static_assert(sizeof(tuf_schemes) / sizeof(tuf_schemes[0]) == TUF_SCHEMES,
	       "key.h counts them");

static EVP_PKEY *read_public(const struct tuf_scheme *scheme, const char *text)
{
	unsigned char raw[32];
	EVP_PKEY *pkey;
	BIO *bio;

	if (scheme->base == EVP_PKEY_ED25519)
		return tuf_unhex(text, raw, sizeof(raw)) ? NULL :
		       EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw,
						   sizeof(raw));
	bio = BIO_new_mem_buf(text, -1);
	if (!bio)
		return NULL;
	pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return pkey;
}

/* Why a key of that kind must not count. */
static const char *unfit(const struct tuf_scheme *scheme, EVP_PKEY *pkey)
{
	char group[32] = "";

	if (EVP_PKEY_get_base_id(pkey) != scheme->base)
		return "not a key of its keytype";
	if (scheme->base == EVP_PKEY_RSA &&
	    EVP_PKEY_get_bits(pkey) < TUF_RSA_BITS_MIN)
		return "RSA with less than 2048 bits";
	if (scheme->base == EVP_PKEY_RSA &&
	    EVP_PKEY_get_size(pkey) > TUF_SIGNATURE_MAX)
		return "RSA with more than 16384 bits";
	if (scheme->base == EVP_PKEY_EC &&
	    (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
	     strcmp(group, "prime256v1")))
		return "not on the curve P-256";
	return NULL;
}

static int fingerprint(struct tuf_key *key, struct tuf_error *err)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(key->pkey, &der), rc;

	if (length <= 0)
		return tuf_fail(err, TUF_SIGNATURE, "4.2.2",
				"a key without a public part");
	rc = tuf_sha256(der, (size_t)length, key->print);
	OPENSSL_free(der);
	return rc ? tuf_no_memory(err) : 0;
}

static const char *member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static bool is_vendors(const char *name)
{
	return !strncmp(name, "x-", 2);
}

static bool is_unknown(const char *name)
{
	return strcmp(name, "keytype") && strcmp(name, "scheme") &&
	       strcmp(name, "keyval");
}

static int digest_without(const json_t *object, bool (*left_out)(const char *),
			  char digest[65], struct tuf_error *err)
{
	json_t *copy = json_copy((json_t *)object), *value;
	const char *name;
	void *next;
	int rc;

	json_object_foreach_safe(copy, next, name, value)
		if (left_out(name))
			json_object_del(copy, name);
	rc = copy ? tuf_json_digest(copy, digest, err) : tuf_no_memory(err);
	json_decref(copy);
	return rc;
}

/*
 * Is that its KEYID: the digest of the object? Repositories add members to keys
 * that have their ids already, so also: without those of vendors, or without all
 * but the three that make the key.
 */
static int check_id(const struct tuf_key *key, const char *id,
		    struct tuf_error *err)
{
	static bool (*const left_out[])(const char *) = { is_vendors, is_unknown };
	char digest[65];
	size_t i;
	int rc;

	if (!strcmp(id, key->id))
		return 0;
	for (i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		rc = digest_without(key->object, left_out[i], digest, err);
		if (rc)
			return rc;
		if (!strcmp(id, digest))
			return 0;
	}
	return tuf_fail(err, TUF_SIGNATURE, "4.3",
			"key id %.64s is not the digest of its key", id);
}

static int load(struct tuf_key *key, const char *id, struct tuf_error *err)
{
	const char *type = member(key->object, "keytype");
	const char *name = member(key->object, "scheme");
	const char *text = member(json_object_get(key->object, "keyval"),
				  "public");
	const char *wrong;
	size_t i;
	int rc;

	rc = tuf_json_digest(key->object, key->id, err);
	if (!rc && id)
		rc = check_id(key, id, err);
	if (rc)
		return rc;
	for (i = 0; type && name && i < TUF_SCHEMES; i++)
		if (!strcmp(type, tuf_schemes[i].keytype) &&
		    !strcmp(name, tuf_schemes[i].name))
			key->scheme = &tuf_schemes[i];
	if (!key->scheme || !text)
		return tuf_fail(err, TUF_SIGNATURE, "4.2.2",
				"key %.8s: unknown keytype or scheme", key->id);
	key->pkey = read_public(key->scheme, text);
	wrong = key->pkey ? unfit(key->scheme, key->pkey) : "unreadable";
	ERR_clear_error();
	if (wrong)
		return tuf_fail(err, TUF_SIGNATURE, "4.2.2", "key %.8s: %s",
				key->id, wrong);
	return fingerprint(key, err);
}

int tuf_key_load(const char *id, json_t *object, struct tuf_key **ret,
		 struct tuf_error *err)
{
	struct tuf_key *key = calloc(1, sizeof(*key));
	int rc;

	if (!key)
		return tuf_no_memory(err);
	key->object = json_incref(object);
	rc = load(key, id, err);
	if (rc)
		tuf_key_free(key);
	else
		*ret = key;
	return rc;
}

bool tuf_scheme_padding(const struct tuf_scheme *scheme, EVP_PKEY_CTX *context,
			int salt)
{
	return scheme->base != EVP_PKEY_RSA ||
	       (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt) == 1);
}

int tuf_key_verify(const struct tuf_key *key, const void *data, size_t length,
		   const unsigned char *sig, size_t sig_length)
{
	const EVP_MD *digest = key->scheme->hashed ? EVP_sha256() : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context;
	int rc = -1;

	if (context &&
	    EVP_DigestVerifyInit(context, &pkey_context, digest, NULL,
				 key->pkey) == 1 &&
	    tuf_scheme_padding(key->scheme, pkey_context, RSA_PSS_SALTLEN_AUTO) &&
	    EVP_DigestVerify(context, sig, sig_length, data, length) == 1)
		rc = 0;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return rc;
}

void tuf_key_free(struct tuf_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	json_decref(key->object);
	free(key);
}
