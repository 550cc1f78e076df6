/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who signed what: CMS signatures of the roles, and the SM's own attestation
 * key with its peers' certificates.
 */
#ifndef REWIRE_SIGNED_H
#define REWIRE_SIGNED_H

#include <linux/key.h>
#include <linux/types.h>

#include "../uapi/rewire.h"
#include "roles.h"
#include "why.h"

int rewire_header_check(const struct rewire_header *header, u16 type, u32 size,
			struct rewire_why *why);
int rewire_anchors_signed(const struct rewire_anchors *anchors,
			  const void *data, size_t len, const void *cms,
			  size_t cms_len, struct rewire_why *why);
int rewire_signed_verify(struct rewire_roles *roles, u32 role, const void *data,
			 size_t len, const void *cms, size_t cms_len,
			 u8 signer[REWIRE_ID_SIZE], struct rewire_why *why);

#define REWIRE_MAX_SIGNATURE	512	/* RSA-4096 */

/**
 * struct rewire_attest - the SM's attestation key
 * @key: asymmetric key with the private half
 * @signature_len: bytes of a signature it makes
 * @id: SM id: first bytes of SHA-256 over the public key (RSAPublicKey, DER)
 * @cert: certificate, DER
 * @cert_len: its bytes
 */
struct rewire_attest {
	struct key *key;
	u32 signature_len;
	u8 id[REWIRE_ID_SIZE];
	u8 *cert;
	u32 cert_len;
};

int rewire_attest_init(struct rewire_attest *attest, s32 serial,
		       const void *cert, size_t cert_len,
		       struct rewire_roles *roles,
		       struct rewire_why *why);
void rewire_attest_free(struct rewire_attest *attest);
int rewire_attest_sign(const struct rewire_attest *attest, const char *domain,
		       const void *data, size_t len,
		       u8 signature[REWIRE_MAX_SIGNATURE]);
int rewire_peer_verify(struct rewire_roles *roles, const void *cert,
		       size_t cert_len, const char *domain, const void *data,
		       size_t len, const void *signature, size_t signature_len,
		       u8 id[REWIRE_ID_SIZE], struct rewire_why *why);

/* how a Sig_structure of COSE_Sign1 starts: array of four, "Signature1" */
#define REWIRE_COSE_CONTEXT	"\x84\x6aSignature1"

int rewire_attest_sign_bytes(const struct rewire_attest *attest,
			     const void *data, size_t len,
			     u8 signature[REWIRE_MAX_SIGNATURE]);
int rewire_peer_verify_bytes(struct rewire_roles *roles, const void *cert,
			     size_t cert_len, const void *data, size_t len,
			     const void *signature, size_t signature_len,
			     u8 id[REWIRE_ID_SIZE], struct rewire_why *why);

#endif
