/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hybrid public key encryption (RFC 9180), as much of it as an SM needs: the
 * receiver in base mode, one message, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256.
 */
#ifndef REWIRE_HPKE_H
#define REWIRE_HPKE_H

#include "../uapi/rewire_update.h"
#include "keys.h"

#define REWIRE_HPKE_MAX_INFO	128

/**
 * struct rewire_hpke_aead - the third part of a suite
 * @id: its number in RFC 9180
 * @key_len: bytes of its key (Nk)
 */
struct rewire_hpke_aead {
	u16 id;
	u16 key_len;
};

extern const struct rewire_hpke_aead rewire_hpke_aes256;

/* what one key pair opens */
struct rewire_hpke_sealed {
	const u8 *enc;		/* REWIRE_ENC_SIZE bytes */
	const void *info;	/* at most REWIRE_HPKE_MAX_INFO bytes */
	size_t info_len;
	const void *aad;
	size_t aad_len;
	const void *cipher;	/* and its tag */
	size_t cipher_len;
};

int rewire_hpke_key_pair(const void *ikm, size_t ikm_len,
			 struct rewire_share *pair);
int rewire_hpke_open(const struct rewire_hpke_aead *aead,
		     struct rewire_share *pair,
		     const struct rewire_hpke_sealed *sealed, void *plain);

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_hpke_schedule(const struct rewire_hpke_aead *aead,
			 const u8 dh[REWIRE_SECRET_SIZE],
			 const u8 receiver[REWIRE_POINT_SIZE],
			 const struct rewire_hpke_sealed *sealed,
			 u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE]);
#endif

#endif
