/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AES-256-GCM over scatterlists, one key per stream, with the nonce counted
 * here and nowhere else: a key is used for exactly one sequence of records.
 */
#ifndef REWIRE_AEAD_H
#define REWIRE_AEAD_H

#include <crypto/sha2.h>
#include <linux/bits.h>
#include <linux/scatterlist.h>

#include "compat.h"
#include "keys.h"

struct crypto_aead;
struct aead_request;

/* a record's data, in pages; one more because it need not be aligned */
#define REWIRE_AEAD_MAX_SG	(REWIRE_MAX_RECORD / PAGE_SIZE + 1)

/* records under one key, after which it is spent */
#define REWIRE_AEAD_MAX_RECORDS	BIT_ULL(32)

/* key material: key then IV, as HKDF gives it */
#define REWIRE_AEAD_MATERIAL	(REWIRE_KEY_SIZE + REWIRE_IV_SIZE)

struct rewire_aead_tables;

/**
 * struct rewire_aead - one direction of one stream
 * @tfm: keyed
 * @req: its only request; records are handled one after the other
 * @tables: scatterlists of @req, and header and tag of the record in work
 * @iv: base; the nonce of a record is this xor its sequence number
 * @sequence: of the next record
 * @hash: SHA-256 over header and tag of each record so far
 */
struct rewire_aead {
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct rewire_aead_tables *tables;
	u8 iv[REWIRE_IV_SIZE];
	u64 sequence;
	struct sha256_ctx hash;
};

int rewire_aead_init(struct rewire_aead *aead,
		     const u8 material[REWIRE_AEAD_MATERIAL]);
void rewire_aead_free(struct rewire_aead *aead);

/*
 * @plain and @cipher hold at least @record->length bytes, in scatterlists of at
 * most REWIRE_AEAD_MAX_SG entries made by the caller, who need not mark an end;
 * they may be the same list, and NULL when the length is 0.
 */
int rewire_aead_seal(struct rewire_aead *aead, struct rewire_record *record,
		     struct scatterlist *plain, struct scatterlist *cipher,
		     u8 tag[REWIRE_TAG_SIZE]);
int rewire_aead_open(struct rewire_aead *aead,
		     const struct rewire_record *record,
		     struct scatterlist *cipher, struct scatterlist *plain,
		     const u8 tag[REWIRE_TAG_SIZE]);

int rewire_aead_digest(const struct rewire_aead *aead,
		       u8 digest[REWIRE_DIGEST_SIZE]);

unsigned int rewire_sg_linear(struct scatterlist *list, unsigned int room,
			      const void *buf, size_t len);

#endif
