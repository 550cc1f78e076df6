/* SPDX-License-Identifier: MIT */
/*
 * Keys that sign what a repository makes. Nothing of libtuf is used: what it reads
 * has to be right by other code than its own.
 */
#ifndef TESTS_TUF_KEYS_H
#define TESTS_TUF_KEYS_H

#include <jansson.h>
#include <openssl/evp.h>

enum key_kind { ED25519, ECDSA, RSA_PSS };

/* @id: of @object, as metadata has it. */
struct key {
	enum key_kind kind;
	char name[16];
	char id[65];
	EVP_PKEY *pkey;
	json_t *object;
	struct key *next;
};

/* The same key for the same kind and name, until keys_free(). */
const struct key *key_of(enum key_kind kind, const char *name);
void keys_free(void);

/* An object around @pkey, written in the way of that kind; a reference is taken. */
json_t *key_object(enum key_kind kind, EVP_PKEY *pkey);
/* The digest that a KEYID is. */
void key_id(const json_t *object, char id[65]);

/* Hexadecimal; the caller frees it. */
char *key_sign(const struct key *key, const void *data, size_t length);
/* {"keyid": ..., "sig": ...} over what is signed of @body. */
json_t *key_signature(const struct key *key, const json_t *body);

/* OLPC's canonical form. */
char *canonical(const json_t *value);
char *hex_of(const unsigned char *data, size_t length);
/* @kind as OpenSSL calls it. */
char *hash_of(const char *kind, const void *data, size_t length);

#endif
