/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's own parsers, as a userspace program can call them; glue.c is
 * between. Signatures of tokens and statements are not looked at, so that all
 * that is behind them is reached.
 */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include <uapi/rewire_evidence.h>
#include <uapi/rewire_journal.h>
#include <uapi/rewire_trust.h>

#define KERNEL_WHY 120	/* bytes of the module's sentences */

/* kmod/evidence.c and cbor.c */
int kernel_evidence_check(const __u8 *token, size_t length,
			  struct rewire_claims *ret_claims, char *why);
/* Returns bytes of the map of claims, as the module writes it. */
int kernel_claims_encode(const struct rewire_claims *claims, __u8 *to,
			 __u32 room);

/**
 * struct kernel_signer - whoever signs a token
 * @sm: id of its key
 * @certificate: DER
 * @certificate_length: its bytes
 * @sign: returns bytes of the signature, at most 512
 * @data: for @sign
 */
struct kernel_signer {
	__u8 sm[REWIRE_ID_SIZE];
	__u8 *certificate;
	__u32 certificate_length;
	int (*sign)(void *data, const void *bytes, size_t length, __u8 *signature);
	void *data;
};

/* Returns bytes of the token, or a negative errno. */
int kernel_evidence_make(const struct kernel_signer *signer,
			 const struct rewire_claims *claims, __u8 *token,
			 __u32 room);

/* kmod/cbor.c: 0 for one item in its deterministic form, copied item by item */
int kernel_cbor_copy(const __u8 *data, size_t length, __u8 *copy, char *why);

/* what a file of a journal holds */
struct kernel_journal {
	__u64 base, sequence;
	__u32 generation;
	size_t end;
	__u8 head[REWIRE_DIGEST_SIZE];
	bool blank, unfinished;
};

/* kmod/journal_scan.c, with the keys of tests/user/journal_fixture.h */
int kernel_journal_scan(const __u8 *data, size_t length, const __u8 *sm,
			struct kernel_journal *ret_found, char *why);

/* kmod/trust.c: is it a statement that a new SM would obey? */
int kernel_trust_read(const __u8 *statement, size_t length, char *why);

/* What the parsers ask of others, and librewire knows. */
__u64 rewire_freshness_claims(__u64 freshness);
int kernel_certificate_id(const void *der, size_t length, __u8 *id);

#endif
