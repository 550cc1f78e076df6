/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_CRYPTO_H
#define LIBREWIRE_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "rewire.h"

#define MAX_KEY_FILE 65536

/* Says what failed, with OpenSSL's first reason; empties its error queue. */
int crypto_fail(struct rewire_error *err, int code, const char *what);

/* PEM or DER, PKCS#8 or older. @passphrase may be NULL. */
int crypto_read_key(const char *path, rewire_passphrase_fn *passphrase,
		    void *data, EVP_PKEY **ret_key, struct rewire_error *err);

/* PEM or DER. */
int crypto_read_certificate(const char *path, X509 **ret_certificate,
			    struct rewire_error *err);

/* The first bytes of SHA-256 over the public key (PKCS#1 RSAPublicKey). */
int crypto_key_id(EVP_PKEY *key, __u8 ret_id[REWIRE_ID_SIZE],
		  struct rewire_error *err);

/* Not a reference: it lives as long as the signer. */
X509 *crypto_signer_certificate(const struct rewire_signer *signer);

/* A detached CMS signature as SMs take them. */
int crypto_cms_sign(const struct rewire_signer *signer, const void *data,
		    size_t length, __u8 signature[REWIRE_MAX_CMS],
		    size_t *ret_length, struct rewire_error *err);
/* @body is of that type, its header is filled in here. */
int signed_make(const struct rewire_signer *signer, const void *body,
		__u16 type, struct rewire_signed *ret_signed,
		struct rewire_error *err);
/* As an SM would; nothing in @certificate but its key counts. */
int crypto_cms_verify(const void *data, size_t length, const __u8 *signature,
		      size_t signature_length, X509 *certificate,
		      struct rewire_error *err);

#endif
