/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: signed structures. Little-endian, fixed layout, reserved bytes zero.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_SIGNED_H
#define _UAPI_REWIRE_SIGNED_H

#include "rewire_limits.h"

/**
 * struct rewire_header - how every signed structure starts
 * @magic: REWIRE_MAGIC
 * @type: one of REWIRE_TYPE_*; also the domain separation of signatures
 * @version: 1
 * @size: bytes of the whole structure
 * @flags: depends on the type; unknown bits are refused
 */
struct rewire_header {
	__u32 magic;
	__u16 type;
	__u16 version;
	__u32 size;
	__u32 flags;
};

#define REWIRE_MAGIC			0x45525752	/* "RWRE" */
#define REWIRE_VERSION			1

#define REWIRE_TYPE_MANIFEST		1	/* signed by the developer role */
#define REWIRE_TYPE_REQUEST		2	/* signed by the sds role */
#define REWIRE_TYPE_MESSAGE		3	/* signed by an SM's attestation key */
#define REWIRE_TYPE_STREAM		4	/* authenticated by the stream key */
/* in rewire_trust.h */
#define REWIRE_TYPE_BUNDLE		5	/* signed by M of N of the root role */
#define REWIRE_TYPE_LEVELS		6	/* signed by M of N of the root role */
#define REWIRE_TYPE_HEAD		7	/* signed by an SM's attestation key */
#define REWIRE_TYPE_WITNESS		8	/* signed by the sds role */
#define REWIRE_TYPE_FENCE		9	/* signed by the sds role */

/* Roles. Each has its own keyring; one never stands in for another. */
#define REWIRE_ROLE_ROOT		0	/* trust bundles */
#define REWIRE_ROLE_SDS			1	/* migration requests, packages */
#define REWIRE_ROLE_DEVELOPER		2	/* manifests */
#define REWIRE_ROLE_PLATFORM		3	/* certificates of SMs */
#define REWIRE_ROLES			4

#define REWIRE_MAX_PREDECESSORS		4

/**
 * struct rewire_manifest - what a developer says of an image
 * @header: type REWIRE_TYPE_MANIFEST, flags zero
 * @software: software id
 * @release: release number, for people and update rules
 * @svn: security version number
 * @measurement: SHA-256 over the ordered load, see REWIRE_ADD_PAGES
 * @image_digest: SHA-256 of the image file
 * @max_memory: bytes; an enclave whose pages exceed it is refused
 * @max_threads: 1 .. REWIRE_MAX_THREADS: how many it may have at once; the layout
 *	has room for as many
 * @min_atl: least Authorisation Trust Level of a host, 0 .. REWIRE_MAX_LEVEL
 * @predecessors: how many of @predecessor count
 * @attributes: REWIRE_ATTR_*, in rewire_update.h
 * @predecessor: measurements whose sealed data this one may read
 */
struct rewire_manifest {
	struct rewire_header header;
	__u8 software[REWIRE_ID_SIZE];
	__u64 release;
	__u64 svn;
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 image_digest[REWIRE_DIGEST_SIZE];
	__u64 max_memory;
	__u32 max_threads;
	__u32 min_atl;
	__u32 predecessors;
	__u32 attributes;
	__u8 predecessor[REWIRE_MAX_PREDECESSORS][REWIRE_DIGEST_SIZE];
};

/**
 * struct rewire_request - the SDS orders one migration
 * @header: type REWIRE_TYPE_REQUEST, flags zero
 * @id: request id, fresh and random; names the migration ever after
 * @workload: what moves
 * @epoch: its epoch at the source now; any other is ESTALE
 * @source: SM id of the source
 * @target: SM id of the target
 * @lifetime_ms: from the moment each SM accepts the request, on its own
 *	monotonic clock, until it gives up on its own (1 .. 86,400,000)
 * @min_atl: least level of the target, 0 .. REWIRE_MAX_LEVEL
 */
struct rewire_request {
	struct rewire_header header;
	__u8 id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u8 source[REWIRE_ID_SIZE];
	__u8 target[REWIRE_ID_SIZE];
	__u32 lifetime_ms;
	__u32 min_atl;
	__u8 __reserved[32];
};

/* Protocol messages, in the order of a migration that goes well. */
#define REWIRE_MSG_OFFER		1	/* SMS: evidence, key share */
#define REWIRE_MSG_ACCEPT		2	/* SMT: evidence, key share */
#define REWIRE_MSG_READY		3	/* SMT: PREPARED */
#define REWIRE_MSG_START		4	/* SMS: RELINQUISHED, the START token */
#define REWIRE_MSG_ACTIVE		5	/* SMT: acknowledgement */
#define REWIRE_MSG_RECEIPT		6	/* SMS: DESTROYED, the receipt */
#define REWIRE_MSG_ABORTED		7	/* either: gave up, for good */

/**
 * struct rewire_message - an SM's signed statement within one migration
 * @header: type REWIRE_TYPE_MESSAGE, flags zero, size of this struct alone
 * @kind: REWIRE_MSG_*
 * @role: REWIRE_SIDE_SOURCE or REWIRE_SIDE_TARGET: who speaks; a message
 *	reflected to its speaker is refused
 * @request_id: the migration
 * @request_digest: SHA-256 of struct rewire_request
 * @speaker: SM id of who signs
 * @listener: SM id of whom it is for
 * @nonce: the speaker's, fresh for each migration
 * @share: the speaker's ephemeral P-256 public key
 * @transcript: chain over the messages before this one, in protocol order:
 *	T(0) = 0, T(n + 1) = SHA-256(T(n) | message without certificate and
 *	signature); zero in ABORTED, which stands outside of the chain
 * @workload: as in the request
 * @epoch: the epoch that the statement is about: the source's e in OFFER and
 *	RECEIPT, e + 1 in READY, START and ACTIVE
 * @measurement: of the enclave
 * @state_digest: total digest D of the stream; zero before READY
 * @memory: bytes the enclave occupies
 * @xfeatures: XSAVE components in use at the source
 * @xlayout: SHA-256 of their sizes and offsets
 * @evidence_digest: SHA-256 of the evidence; zero where there is none
 * @cert_len: bytes of the speaker's DER certificate, which follows
 * @sig_len: bytes of the signature, which follows the certificate
 * @evidence_len: bytes of the evidence, which follows the signature: a COSE_Sign1
 *	(docs/evidence.md) in OFFER, ACCEPT and READY. It answers the listener's
 *	nonce (in OFFER, which is the first: @request_digest) and names
 *	@request_id and @transcript
 * @__reserved: zero
 *
 * The signature is RSASSA-PKCS1-v1_5 with SHA-256 over the prefix
 * "REWIRE message v1" with its terminating zero, then this struct.
 */
struct rewire_message {
	struct rewire_header header;
	__u32 kind;
	__u32 role;
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 request_digest[REWIRE_DIGEST_SIZE];
	__u8 speaker[REWIRE_ID_SIZE];
	__u8 listener[REWIRE_ID_SIZE];
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u8 share[REWIRE_POINT_SIZE];
	__u8 transcript[REWIRE_DIGEST_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 state_digest[REWIRE_DIGEST_SIZE];
	__u64 memory;
	__u64 xfeatures;
	__u8 xlayout[REWIRE_DIGEST_SIZE];
	__u8 evidence_digest[REWIRE_DIGEST_SIZE];
	__u32 cert_len;
	__u32 sig_len;
	__u32 evidence_len;
	__u32 __reserved;
};

#define REWIRE_MESSAGE_DOMAIN		"REWIRE message v1"

#define REWIRE_SIDE_SOURCE		1
#define REWIRE_SIDE_TARGET		2

#endif
