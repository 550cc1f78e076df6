/* SPDX-License-Identifier: MIT */
/*
 * Digests and hexadecimal. Errors are -1: out of memory, or no such thing.
 */
#ifndef TUF_HASH_H
#define TUF_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <openssl/evp.h>

#define TUF_DIGEST_MAX	64

/* @out has room for 2 * @length + 1. */
void tuf_hex(const unsigned char *data, size_t length, char *out);
/* Exactly @length bytes from as many pairs of digits of either case. */
int tuf_unhex(const char *hex, unsigned char *out, size_t length);

int tuf_sha256(const void *data, size_t length, unsigned char out[32]);
int tuf_sha256_hex(const void *data, size_t length, char hex[65]);

/* The digest that metadata calls @name; NULL: unknown, or too weak to count. */
const EVP_MD *tuf_digest(const char *name);

/*
 * A HASHES object (4.4) checked in one pass over the data: each digest in it that
 * we know must be right, and at least one must be known.
 */
struct tuf_hashes {
	int count;
	struct {
		const char *name;
		EVP_MD_CTX *context;
		unsigned char wanted[TUF_DIGEST_MAX];
		unsigned int length;
	} list[6];
};

int tuf_hashes_begin(struct tuf_hashes *hashes, const json_t *object);
int tuf_hashes_add(struct tuf_hashes *hashes, const void *data, size_t length);
/* The name of a digest that is wrong; NULL: all are right. */
const char *tuf_hashes_wrong(struct tuf_hashes *hashes);
void tuf_hashes_end(struct tuf_hashes *hashes);

#endif
