/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: the claims of evidence. A token is a COSE_Sign1 (RFC 9052) over a map
 * of claims (EAT, RFC 9711) in deterministic CBOR (RFC 8949 section 4.2.1);
 * docs/evidence.md is the profile in words.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_EVIDENCE_H
#define _UAPI_REWIRE_EVIDENCE_H

#include "rewire_trust.h"

#define REWIRE_EAT_PROFILE	"tag:rewire.example,2026:evidence:1"

#define REWIRE_COSE_SIGN1	18	/* the tag */
#define REWIRE_COSE_ALG		1	/* header parameter */
#define REWIRE_COSE_RS256	(-257)	/* its only value here, RFC 8812 */
#define REWIRE_COSE_X5CHAIN	33	/* header parameter, RFC 9360 */

#define REWIRE_UEID_SIZE	(1 + REWIRE_ID_SIZE)
#define REWIRE_UEID_RAND	1	/* type of the ueid; the SM id follows */
#define REWIRE_MIN_CHALLENGE	8
#define REWIRE_MAX_RELEASE	64	/* characters of a kernel release */

/* Claims that stand together or not at all. */
#define REWIRE_EAT_SM		1	/* about the SM: always there */
#define REWIRE_EAT_SESSION	2	/* about a step of a migration */
#define REWIRE_EAT_ENCLAVE	4	/* about an enclave */
#define REWIRE_EAT_STATE	8	/* about its state; only with the last */
#define REWIRE_EAT_JOURNAL	16	/* there is a journal */
#define REWIRE_EAT_GROUPS	31

/* What a claim is. */
#define REWIRE_EAT_NONCE	0	/* byte string of 8 to 64 bytes */
#define REWIRE_EAT_URI		1	/* REWIRE_EAT_PROFILE as text */
#define REWIRE_EAT_BYTES	2	/* byte string of one length */
#define REWIRE_EAT_UINT		3	/* unsigned number */
#define REWIRE_EAT_TEXT		4	/* 1 to 64 printable characters of ASCII */

/*
 * X(member, key, kind, group, name), in the order of a token: ascending
 * encodings of the keys. Keys below -65536 are for private use (RFC 8392).
 */
#define REWIRE_EAT_CLAIMS(X)						\
	X(nonce, 10, NONCE, SM, "eat_nonce")				\
	X(ueid, 256, BYTES, SM, "ueid")					\
	X(profile, 265, URI, SM, "eat_profile")				\
	X(role, -70000, UINT, SESSION, "role")				\
	X(request_id, -70001, BYTES, SESSION, "request-id")		\
	X(transcript, -70002, BYTES, SESSION, "transcript")		\
	X(workload, -70003, BYTES, ENCLAVE, "workload")			\
	X(epoch, -70004, UINT, ENCLAVE, "epoch")			\
	X(measurement, -70005, BYTES, ENCLAVE, "measurement")		\
	X(software, -70006, BYTES, ENCLAVE, "software")			\
	X(svn, -70007, UINT, ENCLAVE, "svn")				\
	X(developer, -70008, BYTES, ENCLAVE, "developer")		\
	X(state_digest, -70009, BYTES, STATE, "state-digest")		\
	X(journal, -70010, BYTES, JOURNAL, "journal")			\
	X(sequence, -70011, UINT, JOURNAL, "journal-sequence")		\
	X(head, -70012, BYTES, JOURNAL, "journal-head")			\
	X(freshness, -70013, UINT, SM, "freshness")			\
	X(generation, -70014, UINT, SM, "root-generation")		\
	X(platform, -70015, UINT, SM, "platform")			\
	X(kernel, -70016, TEXT, SM, "kernel-release")			\
	X(version, -70017, UINT, SM, "kernel-version")			\
	X(levels, -70018, UINT, SM, "levels-version")

/**
 * struct rewire_claims - what a token says
 * @groups: REWIRE_EAT_* of the groups that are there; the members of the others
 *	are zero
 * @profile: 1: the last part of REWIRE_EAT_PROFILE
 * @nonce_len: bytes of @nonce
 * @nonce: the verifier's challenge
 * @ueid: REWIRE_UEID_RAND, then the SM id
 * @role: REWIRE_SIDE_* of the SM in the migration
 * @request_id: the migration
 * @transcript: of its messages so far
 * @workload: what the enclave is for
 * @epoch: of the instance
 * @measurement: of its code
 * @software: software id of the manifest
 * @svn: security version number of the manifest
 * @developer: id of who signed the manifest
 * @state_digest: total digest of the state that moves
 * @journal: id of the SM's journal
 * @sequence: records in it
 * @head: SHA-256 of the last
 * @freshness: REWIRE_FRESHNESS_*
 * @generation: number of the root key that seals
 * @platform: REWIRE_CLAIM_*; bits unknown to the reader may be set
 * @kernel: release of the kernel, terminated
 * @version: the same as LINUX_VERSION_CODE packs it
 * @levels: version of the table of levels in force at the SM; 0 is none
 */
struct rewire_claims {
	__u32 groups;
	__u32 profile;
	__u32 nonce_len;
	__u8 nonce[REWIRE_MAX_CHALLENGE];
	__u8 ueid[REWIRE_UEID_SIZE];
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 transcript[REWIRE_DIGEST_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	__u8 developer[REWIRE_ID_SIZE];
	__u8 state_digest[REWIRE_DIGEST_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u8 head[REWIRE_DIGEST_SIZE];
	char kernel[REWIRE_MAX_RELEASE + 2];
	__aligned_u64 role;
	__aligned_u64 epoch;
	__aligned_u64 svn;
	__aligned_u64 sequence;
	__aligned_u64 freshness;
	__aligned_u64 generation;
	__aligned_u64 platform;
	__aligned_u64 version;
	__aligned_u64 levels;
};

/*
 * X(bit, name): the platform claims in words, for people.
 */
#define REWIRE_PLATFORM_CLAIMS(X)					\
	X(LOCKDOWN_INTEGRITY, "lockdown-integrity")			\
	X(LOCKDOWN_CONFIDENTIALITY, "lockdown-confidentiality")		\
	X(MODULE_SIGNATURES, "module-signatures")			\
	X(YAMA, "yama")							\
	X(NO_PTRACE, "no-ptrace")					\
	X(SECURE_BOOT, "secure-boot")					\
	X(KEXEC_OFF, "kexec-off")					\
	X(PERF_RESTRICTED, "perf-restricted")				\
	X(BPF_RESTRICTED, "bpf-restricted")				\
	X(IMA, "ima")							\
	X(JOURNAL, "journal")						\
	X(WITNESSED, "witnessed")					\
	X(TPM_COUNTER, "tpm-counter")

#endif /* _UAPI_REWIRE_EVIDENCE_H */
