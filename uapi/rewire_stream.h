/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: the stream, an enclave's state on its way, or at rest.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_STREAM_H
#define _UAPI_REWIRE_STREAM_H

#include "rewire_signed.h"

#define REWIRE_STREAM_SESSION		1	/* to the peer of a migration */
#define REWIRE_STREAM_SEALED		2	/* to this SM itself: a checkpoint */

/**
 * struct rewire_stream_header - the first bytes of a stream
 * @header: type REWIRE_TYPE_STREAM, flags zero
 * @kind: REWIRE_STREAM_*
 * @lane: which one of @lanes this is; the others have headers of their own
 * @lanes: how many the pages come by; 0: this one alone
 * @generation: of the root key, for REWIRE_STREAM_SEALED; 1 in this version
 * @salt: fresh and random; the record key is derived from it
 * @request_id: the migration; zero for a checkpoint
 * @workload: whose state
 * @epoch: of the instance it was taken from
 * @origin: SM id of who wrote it
 *
 * It is plain text, and authentic because the record key is
 * HKDF(secret, @salt, label | this header).
 *
 * With several lanes a page belongs to one of them: pages are dealt out in turn, as
 * many at a time as one record holds. The first lane has all that is no page, and
 * in its LUGGAGE the totals of the others, so that the digest of its records is that
 * of all. The others have PAGES, ZEROS and END.
 */
struct rewire_stream_header {
	struct rewire_header header;
	__u16 kind;
	__u8 lane;
	__u8 lanes;
	__u32 generation;
	__u8 salt[REWIRE_SALT_SIZE];
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u8 origin[REWIRE_ID_SIZE];
};

#define REWIRE_RECORD_META		1	/* layout, segments, manifest: first */
#define REWIRE_RECORD_PAGES		2	/* consecutive pages */
#define REWIRE_RECORD_ZEROS		3	/* among PAGES: that became zero */
#define REWIRE_RECORD_LUGGAGE		4	/* counters and floors, once */
#define REWIRE_RECORD_CALLS		5	/* entries of the call table */
#define REWIRE_RECORD_END		6	/* totals: last */

/**
 * struct rewire_record - the header of one stream record
 * @type: REWIRE_RECORD_*
 * @length: bytes of cipher text that follow (at most REWIRE_MAX_RECORD), then
 *	REWIRE_TAG_SIZE bytes of tag
 * @sequence: 0, 1, 2 ...; the nonce is the derived IV xor this
 * @index: number of the first page in the enclave, for PAGES and ZEROS
 *
 * AES-256-GCM with this struct as associated data. Pages that are all zero are
 * left out when they come up first; a page sent twice counts as last sent.
 */
struct rewire_record {
	__u32 type;
	__u32 length;
	__u64 sequence;
	__u64 index;
};

#endif
