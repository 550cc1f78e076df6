/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: the journal of a Security Monitor, as it stands in its two files.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_JOURNAL_H
#define _UAPI_REWIRE_JOURNAL_H

#include "rewire_update.h"

/**
 * DOC: The journal
 *
 * A file is a row of records and nothing else. A record is struct
 * rewire_journal_record, its payload, zeros up to a multiple of 8, and a MAC:
 *
 *	HMAC-SHA256(HKDF(root of @generation, journal id, "rewire v1 journal"),
 *		    header | payload | zeros)
 *
 * Each names the SHA-256 of the record before it (MAC included) and counts one
 * up, so that the last hash, the *head*, stands for all of them. The first record
 * of a journal is OPEN. Compaction writes into the other file: BASE, which
 * names the head it continues from, then as many records of what is known as
 * BASE says. Of two files the one that goes further counts; one whose BASE is
 * not followed by all it announces does not.
 *
 * What follows the last whole record is a torn write, and is cut. A record that
 * is wrong while a right one follows is damage, and stops the SM.
 *
 * So whoever has no key and overwrites everything from some record to the very
 * end of the file, or cuts it off there, makes what a power cut might have made:
 * the file alone cannot tell the two apart, and the SM goes on from the record
 * before. It says so (struct rewire_journal_info, @cut), and what is gone is
 * missed by who remembers a later head: the witness, or the TPM's counter.
 */

#define REWIRE_JOURNAL_MAGIC		0x4c4a5752	/* "RWJL" */
#define REWIRE_JOURNAL_MAX_PAYLOAD	65536
#define REWIRE_MAC_SIZE			32	/* HMAC-SHA256 */

/**
 * struct rewire_journal_record - header of a record
 * @magic: REWIRE_JOURNAL_MAGIC
 * @type: REWIRE_JOURNAL_*
 * @version: 1
 * @length: bytes of payload, at most REWIRE_JOURNAL_MAX_PAYLOAD
 * @generation: of the root key that authenticates it
 * @sequence: 0, 1, 2 ... over all files of the journal
 * @time_real: CLOCK_REALTIME in ns: for people, nothing is decided by it
 * @counter: value of the TPM's counter once this record counts; 0 without one
 * @previous: SHA-256 of the record before; zero in OPEN
 */
struct rewire_journal_record {
	__u32 magic;
	__u16 type;
	__u16 version;
	__u32 length;
	__u32 generation;
	__u64 sequence;
	__u64 time_real;
	__u64 counter;
	__u8 previous[REWIRE_DIGEST_SIZE];
};

#define REWIRE_JOURNAL_OPEN		1	/* struct rewire_journal_open */
#define REWIRE_JOURNAL_BASE		2	/* struct rewire_journal_base */
#define REWIRE_JOURNAL_BOOT		3	/* struct rewire_journal_boot */
#define REWIRE_JOURNAL_WORKLOAD		4	/* struct rewire_journal_workload */
#define REWIRE_JOURNAL_SESSION		5	/* struct rewire_journal_session */
#define REWIRE_JOURNAL_TRUST		6	/* the statement, as it was taken */
#define REWIRE_JOURNAL_GENERATION	7	/* struct rewire_journal_generation */
#define REWIRE_JOURNAL_WITNESS		8	/* struct rewire_witness */
#define REWIRE_JOURNAL_AUDIT		9	/* struct rewire_journal_audit */
#define REWIRE_JOURNAL_UPDATE		10	/* struct rewire_journal_update */
#define REWIRE_JOURNAL_TYPES		11

/**
 * struct rewire_journal_open - a journal begins
 * @sm: whose
 * @journal: its id, random
 */
struct rewire_journal_open {
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
};

/**
 * struct rewire_journal_base - a file begins after a compaction
 * @sm: whose
 * @journal: its id
 * @records: that follow and make up all that was known
 */
struct rewire_journal_base {
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u64 records;
};

/**
 * struct rewire_journal_boot - the SM was provisioned
 * @freshness: REWIRE_FRESHNESS_* that was asked for
 * @kernel: LINUX_VERSION_CODE
 * @boot_id: random, for this life of the SM
 */
struct rewire_journal_boot {
	__u32 freshness;
	__u32 kernel;
	__u8 boot_id[REWIRE_ID_SIZE];
};

/**
 * struct rewire_least - the version floor of a workload
 * @software: that it is; zero: any
 * @release: least one
 * @svn: least one
 *
 * Only an update sets it, when it switches. It goes along with the workload.
 */
struct rewire_least {
	__u8 software[REWIRE_ID_SIZE];
	__u64 release;
	__u64 svn;
};

/**
 * struct rewire_journal_workload - what is known of a workload from here on
 * @workload: which
 * @epoch: the highest that an instance here had, or was seen elsewhere
 * @floor: state of a lower epoch must not become an instance
 * @place: REWIRE_PLACE_*
 * @__reserved: zero
 * @least: the version floor, of the last update; zero before the first
 * @counter: monotonic counters
 */
struct rewire_journal_workload {
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u64 floor;
	__u32 place;
	__u32 __reserved;
	struct rewire_least least;
	__u64 counter[REWIRE_COUNTERS];
};

/* where a workload that an SM knows is */
#define REWIRE_PLACE_NONE		0	/* was here; a checkpoint may follow */
#define REWIRE_PLACE_HERE		1	/* an enclave is, or is about to be */
#define REWIRE_PLACE_MOVED		2	/* another SM has it */

#define REWIRE_JOURNAL_AWAKE		1	/* source: it ran when it was frozen */
#define REWIRE_JOURNAL_COMPLETE		2	/* source: @state_digest is final */
#define REWIRE_JOURNAL_PROMISED		4	/* source: START was said */

/**
 * struct rewire_journal_session - one side of a migration took a step
 * @request: as the SDS signed it
 * @side: REWIRE_SIDE_*
 * @state: REWIRE_SESSION_*
 * @flags: REWIRE_JOURNAL_*
 * @message_len: bytes of what this side has to say now, which follow
 * @owner: user id of who began it
 * @message_kind: REWIRE_MSG_*
 * @min_atl: least level of the target, by request and manifest
 * @__reserved: zero
 * @nonce: ours
 * @peer_nonce: the peer's; zero before OFFER or ACCEPT
 * @transcript: over all messages so far
 * @state_digest: D; zero before there is one
 * @measurement: of the enclave; zero before it is known
 * @heard: digest of the message taken of each kind
 */
struct rewire_journal_session {
	struct rewire_request request;
	__u32 side;
	__u32 state;
	__u32 flags;
	__u32 message_len;
	__u32 owner;
	__u32 message_kind;
	__u32 min_atl;
	__u32 __reserved;
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u8 peer_nonce[REWIRE_NONCE_SIZE];
	__u8 transcript[REWIRE_DIGEST_SIZE];
	__u8 state_digest[REWIRE_DIGEST_SIZE];
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 heard[REWIRE_MSG_ABORTED + 1][REWIRE_DIGEST_SIZE];
};

/* of an update: its package was on trial, and is used up */
#define REWIRE_JOURNAL_TRIED		16

/**
 * struct rewire_journal_update - an update took a step that counts
 * @id: of the update
 * @nonce: of its package
 * @package_digest: SHA-256 of struct rewire_package
 * @workload: which
 * @software: software id
 * @state: REWIRE_UPDATE_HANDING, _TRIAL, _SWITCHED or _ABORTED
 * @error: errno, positive, of what aborted it
 * @owner: user id of who began it
 * @flags: of struct rewire_update_begin, and REWIRE_JOURNAL_TRIED
 * @epoch: of the old version's instance; the new one's is the next
 * @from: the old version
 * @to: the new version
 * @sequence: where this record was first written, when it was written again by
 *	a compaction; else 0
 * @head: SHA-256 of it there; else zero
 * @reason: in words, and its terminating zero
 *
 * HANDING comes before the old version's checkpoint, which would be nobody's
 * else. SWITCHED raises the workload's epoch and floor to the new version's epoch, and
 * its version floor to @to: one record does it all.
 */
struct rewire_journal_update {
	__u8 id[REWIRE_ID_SIZE];
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u8 package_digest[REWIRE_DIGEST_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	__u32 state;
	__u32 error;
	__u32 owner;
	__u32 flags;
	__u64 epoch;
	struct rewire_version from;
	struct rewire_version to;
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	char reason[64];
};

/**
 * struct rewire_journal_generation - a root key is in use from here on
 * @generation: its number; the records after this one are authenticated by it
 * @__reserved: zero
 * @check: HKDF(root, journal id, "rewire v1 root check"): a wrong key is told
 *	from a damaged journal
 */
struct rewire_journal_generation {
	__u32 generation;
	__u32 __reserved;
	__u8 check[REWIRE_DIGEST_SIZE];
};

/**
 * struct rewire_journal_audit - something that has to be known, and no state
 * @type: REWIRE_EVENT_TYPE_* of uapi/rewire_netlink.h
 * @error: errno, positive, of a refusal; else 0
 * @workload: zero when unknown
 * @request_id: zero when it is about no migration
 * @reason: in words, and its terminating zero
 */
struct rewire_journal_audit {
	__u32 type;
	__u32 error;
	__u8 workload[REWIRE_ID_SIZE];
	__u8 request_id[REWIRE_ID_SIZE];
	char reason[120];
};

#endif /* _UAPI_REWIRE_JOURNAL_H */
