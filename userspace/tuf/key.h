/* SPDX-License-Identifier: MIT */
/*
 * Keys (4.2.2): from metadata, to metadata, verifying, signing.
 */
#ifndef TUF_KEY_H
#define TUF_KEY_H

#include <stdbool.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "tuf.h"

#define TUF_RSA_BITS_MIN	2048
#define TUF_SIGNATURE_MAX	2048	/* RSA of 16384 bits */

/* How keys sign. */
struct tuf_scheme {
	const char *keytype;
	const char *name;
	int base;			/* OpenSSL's name of the kind of key */
	bool hashed;			/* else the data is signed as it is */
};

#define TUF_SCHEMES	4
extern const struct tuf_scheme tuf_schemes[TUF_SCHEMES];

/**
 * struct tuf_key - one key
 * @id: KEYID, the SHA-256 of @object's canonical form in hexadecimal
 * @print: SHA-256 of the public key alone (DER): the same for one key however it
 *	is written down, and under whatever id
 * @pkey: OpenSSL's key; one that can sign holds the private part, or a provider
 *	does (PKCS#11)
 * @scheme: how it signs
 * @object: KEY as in metadata
 */
struct tuf_key {
	char id[65];
	unsigned char print[32];
	EVP_PKEY *pkey;
	const struct tuf_scheme *scheme;
	json_t *object;
};

/**
 * tuf_key_load - a key as metadata has it
 * @id: KEYID it stands under; NULL: any
 * @object: KEY; a reference is kept
 * @ret: the key, for tuf_key_free()
 * @err: what is wrong: type or scheme unknown, weak, or @id is not the digest (4.3)
 *	of @object, nor of what is left of it without members that were added later
 */
int tuf_key_load(const char *id, json_t *object, struct tuf_key **ret,
		 struct tuf_error *err);

/**
 * tuf_key_new - a key of OpenSSL's: Ed25519, EC on P-256, or RSA
 * @pkey: private or public; a reference is taken
 * @ret: the key with the KEY and KEYID that metadata shall have
 * @err: what is wrong
 */
int tuf_key_new(EVP_PKEY *pkey, struct tuf_key **ret, struct tuf_error *err);

/* 0: @sig is @key's signature of @data; else -1, whatever the reason. */
int tuf_key_verify(const struct tuf_key *key, const void *data, size_t length,
		   const unsigned char *sig, size_t sig_length);

/* What OpenSSL has to know of RSA-PSS; nothing for others. false: it failed. */
bool tuf_scheme_padding(const struct tuf_scheme *scheme, EVP_PKEY_CTX *context,
			int salt);

/* @sig has room for TUF_SIGNATURE_MAX bytes. */
int tuf_key_sign(const struct tuf_key *key, const void *data, size_t length,
		 unsigned char *sig, size_t *ret_length, struct tuf_error *err);

void tuf_key_free(struct tuf_key *key);

#endif
