// SPDX-License-Identifier: MIT
/*
 * The private half of keys, which clients have none of.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "error.h"
#include "hash.h"
#include "key.h"

/* PUBLIC of metadata; the caller frees it. */
static char *write_public(const struct tuf_scheme *scheme, EVP_PKEY *pkey)
{
	unsigned char raw[32];
	size_t size = sizeof(raw);
	char *text = NULL, *pem;
	long length;
	BIO *bio;

	if (scheme->base == EVP_PKEY_ED25519) {
		text = malloc(2 * sizeof(raw) + 1);
		if (text && EVP_PKEY_get_raw_public_key(pkey, raw, &size) == 1)
			tuf_hex(raw, size, text);
		return text;
	}
	bio = BIO_new(BIO_s_mem());
	if (bio && PEM_write_bio_PUBKEY(bio, pkey) == 1) {
		length = BIO_get_mem_data(bio, &pem);
		text = strndup(pem, (size_t)length);
	}
	BIO_free(bio);
	return text;
}

int tuf_key_new(EVP_PKEY *pkey, struct tuf_key **ret, struct tuf_error *err)
{
	const struct tuf_scheme *scheme = NULL;
	json_t *object;
	char *text;
	size_t i;
	int rc;

	for (i = 0; i < TUF_SCHEMES && !scheme; i++)
		if (EVP_PKEY_get_base_id(pkey) == tuf_schemes[i].base)
			scheme = &tuf_schemes[i];
	if (!scheme)
		return tuf_fail(err, TUF_ARGUMENT, "4.2.2",
				"neither Ed25519, nor EC on P-256, nor RSA");
	text = write_public(scheme, pkey);
	object = text ? json_pack("{s:s, s:s, s:{s:s}}", "keytype",
				  scheme->keytype, "scheme", scheme->name,
				  "keyval", "public", text) : NULL;
	free(text);
	if (!object)
		return tuf_no_memory(err);
	rc = tuf_key_load(NULL, object, ret, err);
	json_decref(object);
	if (rc)
		return rc;
	EVP_PKEY_free((*ret)->pkey);
	(*ret)->pkey = pkey;
	EVP_PKEY_up_ref(pkey);
	return 0;
}

int tuf_key_sign(const struct tuf_key *key, const void *data, size_t length,
		 unsigned char *sig, size_t *ret_length, struct tuf_error *err)
{
	const EVP_MD *digest = key->scheme->hashed ? EVP_sha256() : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_context;
	bool done;

	*ret_length = TUF_SIGNATURE_MAX;
	done = context &&
	       EVP_DigestSignInit(context, &pkey_context, digest, NULL,
				  key->pkey) == 1 &&
	       tuf_scheme_padding(key->scheme, pkey_context, RSA_PSS_SALTLEN_DIGEST) &&
	       EVP_DigestSign(context, sig, ret_length, data, length) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return done ? 0 :
	       tuf_fail(err, TUF_SIGNATURE, NULL, "key %.8s cannot sign", key->id);
}
