/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Evidence: what an SM says of itself, or of an enclave, signed so that others
 * can read it. The profile is docs/evidence.md, its claims are the table in
 * uapi/rewire_evidence.h.
 */
#ifndef REWIRE_EVIDENCE_H
#define REWIRE_EVIDENCE_H

#include "../uapi/rewire_evidence.h"
#include "signed.h"
#include "why.h"

struct rewire_context;
struct rewire_enclave;
struct rewire_sm;

/* evidence.c: a token from claims, claims from a token */
int rewire_evidence_make(const struct rewire_attest *attest,
			 const struct rewire_claims *claims, u8 *buf, u32 room);
int rewire_evidence_check(struct rewire_roles *roles, const u8 *token,
			  u32 len, struct rewire_claims *claims,
			  struct rewire_why *why);
int rewire_evidence_bound(const struct rewire_claims *claims, const u8 *nonce,
			  u32 nonce_len, u32 role, const u8 *request_id,
			  const u8 *transcript, struct rewire_why *why);

/* evidence_sm.c: claims of what is there */
void rewire_evidence_fill_sm(struct rewire_sm *sm, struct rewire_claims *claims);
void rewire_evidence_fill_enclave(const struct rewire_enclave *enclave,
				  struct rewire_claims *claims);
void rewire_evidence_fill_session(u32 role, const u8 *request_id,
				  const u8 *transcript,
				  struct rewire_claims *claims);
int rewire_evidence_get(struct rewire_context *context,
			struct rewire_get_evidence *arg,
			struct rewire_enclave *enclave);

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_claims_encode(const struct rewire_claims *claims, u8 *buf, u32 room,
			 struct rewire_why *why);
int rewire_claims_decode(const u8 *payload, u32 len,
			 struct rewire_claims *claims, struct rewire_why *why);
#endif

#endif
