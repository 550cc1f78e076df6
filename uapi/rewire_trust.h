/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: what is trusted, at which level, and how fresh it is. Signed structures
 * that an SM takes beside manifests and migration requests, and what it says of
 * its journal and its platform.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_TRUST_H
#define _UAPI_REWIRE_TRUST_H

#include "rewire.h"

/* ------------------------------------------------------------------------
 * Trust bundles: who speaks for a role. Signed by M of N of the root role.
 */

#define REWIRE_BUNDLE_ANCHORS		8	/* of one role */
#define REWIRE_BUNDLE_REVOKED		32	/* SM ids */
#define REWIRE_MAX_ROOT_SIGNATURES	8

/**
 * struct rewire_bundle - the anchors of one role, all of them
 * @header: type REWIRE_TYPE_BUNDLE, flags zero; size is that of this struct
 *	alone, the certificates follow
 * @version: only a higher one than the last of this role is taken (ESTALE)
 * @role: REWIRE_ROLE_*
 * @threshold: for REWIRE_ROLE_ROOT: how many of the anchors have to sign from
 *	then on, 1 .. @anchors; 1 for any other role
 * @anchors: how many certificates follow, 1 .. REWIRE_BUNDLE_ANCHORS
 * @revoked: for REWIRE_ROLE_PLATFORM: how many of @revoked_sm count; else 0
 * @cert_len: bytes of each certificate (DER), zero behind the last
 * @revoked_sm: SM ids whose evidence is refused from now on, whoever issued
 *	their certificates
 *
 * It takes the place of the role's anchors as a whole: who is not in it has no
 * say any more, at once. A bundle for the root role has to be signed by the
 * threshold of the old anchors and by that of the new ones.
 */
struct rewire_bundle {
	struct rewire_header header;
	__u64 version;
	__u32 role;
	__u32 threshold;
	__u32 anchors;
	__u32 revoked;
	__u32 cert_len[REWIRE_BUNDLE_ANCHORS];
	__u8 revoked_sm[REWIRE_BUNDLE_REVOKED][REWIRE_ID_SIZE];
};

/* ------------------------------------------------------------------------
 * Platform claims and trust levels.
 */

/*
 * What an SM found out about its platform, bit by bit. A bit that is set was
 * seen to be so; one that is not set was not, for whatever reason.
 */
#define REWIRE_CLAIM_LOCKDOWN_INTEGRITY		(1ULL << 0)
#define REWIRE_CLAIM_LOCKDOWN_CONFIDENTIALITY	(1ULL << 1)
#define REWIRE_CLAIM_MODULE_SIGNATURES		(1ULL << 2)	/* enforced */
#define REWIRE_CLAIM_YAMA			(1ULL << 3)	/* ptrace_scope >= 1 */
#define REWIRE_CLAIM_NO_PTRACE			(1ULL << 4)	/* ptrace_scope 3 */
#define REWIRE_CLAIM_SECURE_BOOT		(1ULL << 5)
#define REWIRE_CLAIM_KEXEC_OFF			(1ULL << 6)
#define REWIRE_CLAIM_PERF_RESTRICTED		(1ULL << 7)	/* paranoid >= 2 */
#define REWIRE_CLAIM_BPF_RESTRICTED		(1ULL << 8)	/* no unprivileged BPF */
#define REWIRE_CLAIM_IMA			(1ULL << 9)	/* measures */
#define REWIRE_CLAIM_JOURNAL			(1ULL << 10)	/* durable state */
#define REWIRE_CLAIM_WITNESSED			(1ULL << 11)	/* journal known fresh */
#define REWIRE_CLAIM_TPM_COUNTER		(1ULL << 12)	/* ... by a TPM */
#define REWIRE_CLAIMS				((1ULL << 13) - 1)

#define REWIRE_MAX_LEVEL		7
#define REWIRE_LEVEL_RULES		16

/**
 * struct rewire_level_rule - one row of the table of levels
 * @level: 1 .. REWIRE_MAX_LEVEL
 * @min_kernel: least kernel release, as LINUX_VERSION_CODE packs it
 * @claims: all of these have to be there
 */
struct rewire_level_rule {
	__u32 level;
	__u32 min_kernel;
	__u64 claims;
};

/**
 * struct rewire_levels - how evidence becomes an Authorisation Trust Level
 * @header: type REWIRE_TYPE_LEVELS, flags zero
 * @version: only a higher one than the last is taken (ESTALE)
 * @rules: how many of @rule count
 * @__reserved: zero
 * @rule: the level of a platform is the highest of those whose rule it meets,
 *	and 0 when it meets none; rows that do not count are zero
 *
 * Signed as trust bundles are.
 */
struct rewire_levels {
	struct rewire_header header;
	__u64 version;
	__u32 rules;
	__u32 __reserved;
	struct rewire_level_rule rule[REWIRE_LEVEL_RULES];
};

/* ------------------------------------------------------------------------
 * Freshness: is the journal the last one there was?
 */

/**
 * struct rewire_head - what an SM says of its journal, signed by it
 * @header: type REWIRE_TYPE_HEAD, flags zero; certificate and signature follow
 * @sm: SM id
 * @journal: id of the journal, random, drawn when it was begun
 * @nonce: fresh for each start of the SM, and after each witness that it took
 * @sequence: records in the chain so far
 * @head: SHA-256 of the last of them
 * @vouched: sequence of the last witness that the SM took, 0 for none
 * @vouched_head: the head of that one: this chain had it
 * @cert_len: bytes of the SM's DER certificate, which follows
 * @sig_len: bytes of the signature, which follows the certificate
 *
 * RSASSA-PKCS1-v1_5 with SHA-256 over REWIRE_HEAD_DOMAIN with its terminating
 * zero, then this struct.
 */
struct rewire_head {
	struct rewire_header header;
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	__u64 vouched;
	__u8 vouched_head[REWIRE_DIGEST_SIZE];
	__u32 cert_len;
	__u32 sig_len;
};

#define REWIRE_HEAD_DOMAIN		"REWIRE head v1"

/**
 * struct rewire_witness - the last head that a witness knows of an SM
 * @header: type REWIRE_TYPE_WITNESS, flags zero
 * @sm: SM id
 * @journal: id of the journal
 * @nonce: of the struct rewire_head that it answers
 * @sequence: of the head that the witness remembers
 * @head: that head
 * @time: seconds since 1970, by the witness's clock
 *
 * Signed by the sds role. The SM's own clock decides nothing: from the moment it
 * takes this, its idea of the time is @time and what CLOCK_BOOTTIME has counted
 * since. A witness remembers the head that it is shown when
 * it knows none of this SM yet, or when that is the one it remembers, or names
 * that one as @vouched. It refuses one that goes back. Any other it answers
 * with what it remembers, without moving on: a journal that was put back may
 * have grown since, so that a higher number alone says nothing. The SM believes
 * it only when its own chain had that head at that sequence.
 */
struct rewire_witness {
	struct rewire_header header;
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	__u64 time;
};

/**
 * struct rewire_fence - the SDS says that the target of a migration is out
 * @header: type REWIRE_TYPE_FENCE, flags zero
 * @request_id: the migration
 * @request_digest: SHA-256 of struct rewire_request
 * @workload: as in the request
 * @epoch: as in the request
 * @source: as in the request
 * @target: as in the request; its SM must be revoked at the source (EPERM)
 *
 * Signed by the sds role. A source that has relinquished has its enclave back
 * with it, in epoch e + 2; a target destroys what it has of the workload.
 */
struct rewire_fence {
	struct rewire_header header;
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 request_digest[REWIRE_DIGEST_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u8 source[REWIRE_ID_SIZE];
	__u8 target[REWIRE_ID_SIZE];
};

/* ------------------------------------------------------------------------
 * Commands on /dev/rewire.
 */

/**
 * struct rewire_signature - one of several
 * @cms: pointer to a detached CMS signature, DER
 * @length: its bytes, at most REWIRE_MAX_CMS
 * @__reserved: zero
 */
struct rewire_signature {
	__aligned_u64 cms;
	__u32 length;
	__u32 __reserved;
};

/**
 * struct rewire_trust - REWIRE_TRUST: take a bundle or a table of levels
 * @size: sizeof(struct rewire_trust)
 * @flags: zero
 * @statement: pointer to struct rewire_bundle with its certificates, or to
 *	struct rewire_levels
 * @statement_length: bytes
 * @signatures: how many at @signature, 1 .. REWIRE_MAX_ROOT_SIGNATURES
 * @signature: pointer to struct rewire_signature
 *
 * ENOKEY: fewer different keys of the root role than its threshold signed it.
 * EKEYREJECTED: a signature is wrong. ESTALE: not newer than what is in force.
 */
struct rewire_trust {
	__u32 size;
	__u32 flags;
	__aligned_u64 statement;
	__u32 statement_length;
	__u32 signatures;
	__aligned_u64 signature;
};

/**
 * struct rewire_get_trust - REWIRE_GET_TRUST: what is in force
 * @size: sizeof(struct rewire_get_trust)
 * @kind: REWIRE_ROLE_*, or REWIRE_TRUST_LEVELS for the table of levels, of which
 *	there is only a @version
 * @version: out: of the bundle or table; 0: as it was at REWIRE_PROVISION
 * @threshold: out: how many of the anchors have to sign
 * @anchors: out: how many of @anchor count
 * @revoked: out: how many SMs the bundle revokes
 * @__reserved: zero
 * @anchor: out: first bytes of SHA-256 over the public key of each
 */
struct rewire_get_trust {
	__u32 size;
	__u32 kind;
	__aligned_u64 version;
	__u32 threshold;
	__u32 anchors;
	__u32 revoked;
	__u32 __reserved;
	__u8 anchor[REWIRE_BUNDLE_ANCHORS][REWIRE_ID_SIZE];
};

#define REWIRE_TRUST_LEVELS		REWIRE_ROLES	/* for @kind */

/**
 * struct rewire_rotate_root - REWIRE_ROTATE_ROOT: a new root key seals from now on
 * @size: sizeof(struct rewire_rotate_root)
 * @flags: zero
 * @root_key: serial, as in struct rewire_provision
 * @generation: out: its number
 *
 * Needs what REWIRE_PROVISION needs. Whatever was sealed before can be opened
 * as long as its own root key is given at REWIRE_PROVISION.
 */
struct rewire_rotate_root {
	__u32 size;
	__u32 flags;
	__s32 root_key;
	__u32 generation;
};

/**
 * struct rewire_get_head - REWIRE_GET_HEAD: a signed statement of the journal
 * @size: sizeof(struct rewire_get_head)
 * @length: in: room; out: bytes
 * @buffer: pointer; struct rewire_head, certificate, signature
 */
struct rewire_get_head {
	__u32 size;
	__u32 length;
	__aligned_u64 buffer;
};

/**
 * struct rewire_put_witness - REWIRE_PUT_WITNESS: somebody remembers the head
 * @size: sizeof(struct rewire_put_witness)
 * @flags: zero
 * @witness: pointer to struct rewire_witness
 * @signature: pointer to its detached CMS signature (DER)
 * @signature_length: bytes, at most REWIRE_MAX_CMS
 * @__reserved: zero
 *
 * ESTALE: the nonce is not that of the last REWIRE_GET_HEAD. EUCLEAN: the
 * journal is not the last one there was; the SM stays as it is, for good.
 */
struct rewire_put_witness {
	__u32 size;
	__u32 flags;
	__aligned_u64 witness;
	__aligned_u64 signature;
	__u32 signature_length;
	__u32 __reserved;
};

/**
 * struct rewire_journal_info - REWIRE_JOURNAL_INFO
 * @size: sizeof(struct rewire_journal_info)
 * @freshness: out: REWIRE_FRESHNESS_*
 * @journal: out: its id; zero without one
 * @base: out: sequence of the first record in the file in use
 * @sequence: out: records in the chain so far
 * @head: out: SHA-256 of the last
 * @bytes: out: size of the file in use
 * @active: out: which of the two files that is
 * @generation: out: of the root key that authenticates the next record
 * @cut: out: bytes of a torn record that were cut off at the last start
 * @told: out: what a witness said last, in whatever life of the SM, that its clock
 *	was at then, in seconds since 1970; 0: none has said anything
 * @silent_ms: out: since the SM asked the witness that answered last, on a clock
 *	that nobody sets; without an answer in this life of the SM, since that began
 * @heard: out: 1: a witness answered in this life of the SM; 0: none did, and it has
 *	been silent for longer than @silent_ms
 * @__reserved: out: zero
 */
struct rewire_journal_info {
	__u32 size;
	__u32 freshness;
	__u8 journal[REWIRE_ID_SIZE];
	__aligned_u64 base;
	__aligned_u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	__aligned_u64 bytes;
	__u32 active;
	__u32 generation;
	__aligned_u64 cut;
	__aligned_u64 told;
	__aligned_u64 silent_ms;
	__u32 heard;
	__u32 __reserved;
};

#define REWIRE_FRESHNESS_VOLATILE	0	/* no journal: nothing is remembered */
#define REWIRE_FRESHNESS_NONE		1	/* nobody vouches for the journal */
#define REWIRE_FRESHNESS_WAITING	2	/* for a witness: nothing runs */
#define REWIRE_FRESHNESS_WITNESSED	3	/* the SDS vouched for it */
#define REWIRE_FRESHNESS_TPM		4	/* a TPM's counter does */
#define REWIRE_FRESHNESS_ROLLED_BACK	5	/* not the last one: nothing runs */
#define REWIRE_FRESHNESS_STRICT		6	/* as WITNESSED, at each step that counts */
#define REWIRE_FRESHNESS_STATES		7

/**
 * struct rewire_journal_compact - REWIRE_JOURNAL_COMPACT: only what counts
 * @size: sizeof(struct rewire_journal_compact)
 * @flags: zero
 *
 * Writes what is known into the other file and goes on there. The chain goes
 * on too; the file that was in use stays as it is until the next compaction.
 */
struct rewire_journal_compact {
	__u32 size;
	__u32 flags;
};

#define REWIRE_MAX_CHALLENGE		64	/* EAT nonce, RFC 9711 section 4.1 */
#define REWIRE_MAX_EVIDENCE		6144	/* bytes, certificate included */

/**
 * struct rewire_get_evidence - REWIRE_GET_EVIDENCE, REWIRE_ENCLAVE_EVIDENCE
 * @size: sizeof(struct rewire_get_evidence)
 * @nonce_length: bytes of @nonce, 8 .. REWIRE_MAX_CHALLENGE
 * @nonce: the verifier's challenge
 * @length: in: room at @buffer; out: bytes
 * @__reserved: zero
 * @buffer: pointer; a COSE_Sign1 with EAT claims, see docs/evidence.md
 *
 * On /dev/rewire it is about the SM, on an enclave's file about that enclave.
 */
struct rewire_get_evidence {
	__u32 size;
	__u32 nonce_length;
	__u8 nonce[REWIRE_MAX_CHALLENGE];
	__u32 length;
	__u32 __reserved;
	__aligned_u64 buffer;
};

/**
 * struct rewire_try_request - REWIRE_TRY_REQUEST: would this migration go?
 * @size: sizeof(struct rewire_try_request)
 * @side: REWIRE_SIDE_*: which part this SM would have
 * @request: pointer to struct rewire_request
 * @signature: pointer to its detached CMS signature (DER)
 * @signature_length: bytes
 * @evidence_length: bytes at @evidence; 0: the target's level is not looked at
 * @evidence: for the source: pointer to evidence of the target's SM
 * @nonce: that the evidence answers
 * @level: out: level of the target, where evidence was given
 * @__reserved: zero
 *
 * Refused for the reasons that REWIRE_MIGRATE_OUT or REWIRE_MIGRATE_IN would
 * be refused for now, without touching anything: the request is not used up.
 */
struct rewire_try_request {
	__u32 size;
	__u32 side;
	__aligned_u64 request;
	__aligned_u64 signature;
	__u32 signature_length;
	__u32 evidence_length;
	__aligned_u64 evidence;
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u32 level;
	__u32 __reserved;
};

/* ------------------------------------------------------------------------
 * Commands on a session's file.
 */

/**
 * struct rewire_session_fence - REWIRE_SESSION_FENCE
 * @size: sizeof(struct rewire_session_fence)
 * @flags: zero
 * @fence: pointer to struct rewire_fence
 * @signature: pointer to its detached CMS signature (DER)
 * @signature_length: bytes
 * @__reserved: zero
 */
struct rewire_session_fence {
	__u32 size;
	__u32 flags;
	__aligned_u64 fence;
	__aligned_u64 signature;
	__u32 signature_length;
	__u32 __reserved;
};

/**
 * struct rewire_session_checkpoint - REWIRE_SESSION_CHECKPOINT
 * @size: sizeof(struct rewire_session_checkpoint)
 * @flags: in: zero; out: REWIRE_CHECKPOINT_ROUNDS: the file is read in rounds
 * @fd: out: a stream file: the state of this side, sealed for this SM
 * @__reserved: zero
 *
 * At the source it is what it falls back on should it go down and the target give
 * up: it can be restored once the migration was aborted. At the target it is what
 * READY promises: it can be restored once the migration is ACTIVE.
 *
 * For a source that is FROZEN and a target that is PREPARED the file is read to its
 * end. For a source that copies in rounds and a target that is RECEIVING it is read
 * in rounds, REWIRE_STREAM_ROUND, of which the last comes when the source is FROZEN,
 * the target PREPARED; so that by then most of it is on the disk.
 *
 * EBADFD: not for this state; EAGAIN: nothing has come yet; EBUSY: another file is
 * read in rounds; ECANCELED: the enclave is gone.
 */
struct rewire_session_checkpoint {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

#define REWIRE_CHECKPOINT_ROUNDS	1

/* /dev/rewire */
#define REWIRE_ROTATE_ROOT		REWIRE_IO(0x0a, rewire_rotate_root)
#define REWIRE_TRUST			REWIRE_IO(0x0b, rewire_trust)
#define REWIRE_GET_HEAD			REWIRE_IO(0x0c, rewire_get_head)
#define REWIRE_PUT_WITNESS		REWIRE_IO(0x0d, rewire_put_witness)
#define REWIRE_JOURNAL_INFO		REWIRE_IO(0x0e, rewire_journal_info)
#define REWIRE_JOURNAL_COMPACT		REWIRE_IO(0x0f, rewire_journal_compact)
#define REWIRE_GET_EVIDENCE		REWIRE_IO(0x10, rewire_get_evidence)
#define REWIRE_TRY_REQUEST		REWIRE_IO(0x11, rewire_try_request)
#define REWIRE_GET_TRUST		REWIRE_IO(0x18, rewire_get_trust)
/* an enclave */
#define REWIRE_ENCLAVE_EVIDENCE		REWIRE_IO(0x29, rewire_get_evidence)
/* a session */
#define REWIRE_SESSION_FENCE		REWIRE_IO(0x65, rewire_session_fence)
#define REWIRE_SESSION_CHECKPOINT	REWIRE_IO(0x66, rewire_session_checkpoint)

#endif /* _UAPI_REWIRE_TRUST_H */
