/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_HPKE_H
#define LIBREWIRE_HPKE_H

#include <openssl/evp.h>

#include "rewire.h"

/* RFC 9180's number of the AEAD; AES-128-GCM has published vectors */
#define HPKE_AES_128_GCM 1
#define HPKE_AES_256_GCM 2

/* one message to one receiver, in base mode */
struct hpke_message {
	int aead;
	const __u8 *info, *aad, *plain;
	size_t info_length, aad_length, length;
};

/* HKDF-SHA256 (RFC 5869) */
int hkdf_extract(const __u8 *salt, size_t salt_length, const __u8 *secret,
		 size_t length, __u8 ret_prk[32]);
int hkdf_expand(const __u8 prk[32], const __u8 *info, size_t info_length,
		__u8 *out, size_t length);

/*
 * "SealBase" with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256. @point: the receiver's
 * key, x then y. @ret_cipher has room for the message and its tag. Return: 0,
 * -EBADMSG when @point is not on the curve, or another negative errno.
 */
int hpke_seal(const __u8 point[REWIRE_POINT_SIZE],
	      const struct hpke_message *message, __u8 ret_enc[REWIRE_ENC_SIZE],
	      __u8 *ret_cipher, struct rewire_error *err);

/* The same with a known key of the sender, for published vectors. */
int hpke_seal_from(EVP_PKEY *sender, const __u8 point[REWIRE_POINT_SIZE],
		   const struct hpke_message *message,
		   __u8 ret_enc[REWIRE_ENC_SIZE], __u8 *ret_cipher,
		   struct rewire_error *err);

#endif
