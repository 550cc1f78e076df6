/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: authenticated software update of a running enclave, with rollback.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_UPDATE_H
#define _UAPI_REWIRE_UPDATE_H

#include "rewire_trust.h"

/**
 * DOC: Update
 *
 * A developer signs a manifest, the SDS a package that names it. The SM checks
 * both, builds and measures the new version beside the old one, has the old one
 * hand over its state, and tries the new one. One record in the journal, SWITCHED,
 * makes the new version the instance, raises the version floor and ends the old
 * one. Until then every failure (a time-out, a crash, a check, a cancellation,
 * the helper's end, a power cut) wipes the new version and the old one goes on.
 *
 *	LOADING		the payload is written to the update's file
 *	LOADED		measured; the new version is entered and starts up
 *	HANDING		the old version exports its state, the new one imports it
 *	HANDED		the old version stands still, FROZEN
 *	TRIAL		durable; the new version answers health checks
 *	SWITCHED	durable; the new version is the instance
 *	ABORTED		durable after TRIAL; the old version goes on
 *
 * Calls wait from HANDING to the end, and are answered once, by whichever
 * version it ends with. Closing the last file of an update before SWITCHED aborts
 * it.
 */

/* ------------------------------------------------------------------------
 * Signed structures.
 */

#define REWIRE_TYPE_PACKAGE		10	/* signed by the sds role */
#define REWIRE_TYPE_WRAP		11	/* signed by the sds role */
#define REWIRE_TYPE_SUK			12	/* signed by an SM's attestation key */
#define REWIRE_TYPE_UPDATE_RECEIPT	13	/* signed by an SM's attestation key */

/* Flags of a package's header. */
/* One-to-one: the payload is encrypted; each device needs a struct rewire_wrap. */
#define REWIRE_PACKAGE_SEALED		1
/*
 * The root role has signed this package too, by its threshold: the release or the
 * SVN may fall, or leap further than REWIRE_MAX_LEAP, or the developer may be
 * another.
 */
#define REWIRE_PACKAGE_ROOT		2
#define REWIRE_PACKAGE_FLAGS		3

/* How far a release may rise at once, unless the root role says so. */
#define REWIRE_MAX_LEAP			(1ULL << 48)

/**
 * struct rewire_package - the SDS orders one software update
 * @header: type REWIRE_TYPE_PACKAGE, flags REWIRE_PACKAGE_*
 * @nonce: fresh and random; names this update. A workload takes it once
 * @manifest_digest: SHA-256 of the struct rewire_manifest of the new version
 * @software: software id, as in the manifest
 * @device: SM id; zero: any
 * @workload: zero: any of @software
 * @from_min: least release that it may be applied to
 * @from_max: greatest release that it may be applied to
 * @expires: seconds since 1970, by the SDS's clock; 0: never. Compared with the
 *	time of the last witness (struct rewire_witness) and what has passed since
 * @payload_length: bytes of the payload, as it is written to the update's file
 * @trial_ms: from the beginning of HANDING until the SM gives up unless it has
 *	switched (1 .. 3,600,000)
 * @salt: of the payload's key, for REWIRE_PACKAGE_SEALED; else zero
 *
 * The payload is what is measured: struct rewire_layout, then for each page of
 * each segment struct rewire_page_measure and, unless that counts zero pages, its
 * 4096 bytes. So its SHA-256 is the measurement.
 *
 * With REWIRE_PACKAGE_SEALED it travels as records: struct rewire_record (type
 * REWIRE_RECORD_IMAGE, index 0), cipher text, tag. AES-256-GCM with the record
 * as associated data; key and IV are HKDF(content key, @salt, "rewire v1
 * package", struct rewire_package without its nonce, device, workload, from_min,
 * from_max, expires and trial_ms, which are zero there): so one encrypted payload
 * serves packages that differ in these.
 */
struct rewire_package {
	struct rewire_header header;
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u8 manifest_digest[REWIRE_DIGEST_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	__u8 device[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u64 from_min;
	__u64 from_max;
	__u64 expires;
	__u64 payload_length;
	__u32 trial_ms;
	__u32 __reserved;
	__u8 salt[REWIRE_SALT_SIZE];
};

#define REWIRE_RECORD_IMAGE		5	/* a piece of a sealed payload */

#define REWIRE_ENC_SIZE			65	/* uncompressed P-256 point */

/**
 * struct rewire_wrap - the content key of a package, for one device
 * @header: type REWIRE_TYPE_WRAP, flags zero
 * @device: SM id
 * @package_digest: SHA-256 of struct rewire_package
 * @generation: of the Software Update Key that it is encrypted to
 * @enc: encapsulated key, of HPKE (RFC 9180) in base mode with
 *	DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; info is REWIRE_WRAP_INFO
 *	with its terminating zero, then @device, then @package_digest; no associated
 *	data
 * @key: the content key, 32 bytes, and its tag
 *
 * Signed by the sds role: who has the content key (another device, say) cannot
 * pass it on. Struct and signature stay below 1 KiB.
 */
struct rewire_wrap {
	struct rewire_header header;
	__u8 device[REWIRE_ID_SIZE];
	__u8 package_digest[REWIRE_DIGEST_SIZE];
	__u32 generation;
	__u8 enc[REWIRE_ENC_SIZE];
	__u8 key[32 + REWIRE_TAG_SIZE];
	__u8 __reserved[3];
};

#define REWIRE_WRAP_INFO		"REWIRE wrap v1"

/**
 * struct rewire_suk - an SM's Software Update Key, signed by it
 * @header: type REWIRE_TYPE_SUK, flags zero; certificate and signature follow
 * @sm: SM id
 * @generation: of the root key it is derived from; a package for an older one is
 *	taken as long as that root key is kept
 * @cert_len: bytes of the SM's DER certificate, which follows
 * @sig_len: bytes of the signature, which follows the certificate
 * @__reserved: zero
 * @point: P-256 public key, x then y, big-endian
 *
 * RSASSA-PKCS1-v1_5 with SHA-256 over REWIRE_SUK_DOMAIN with its terminating
 * zero, then this struct.
 */
struct rewire_suk {
	struct rewire_header header;
	__u8 sm[REWIRE_ID_SIZE];
	__u32 generation;
	__u32 cert_len;
	__u32 sig_len;
	__u32 __reserved;
	__u8 point[REWIRE_POINT_SIZE];
};

#define REWIRE_SUK_DOMAIN		"REWIRE suk v1"

/**
 * struct rewire_version - one of the two versions of an update
 * @measurement: SHA-256
 * @developer: id of who signed its manifest
 * @release: of its manifest
 * @svn: of its manifest
 */
struct rewire_version {
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 developer[REWIRE_ID_SIZE];
	__u64 release;
	__u64 svn;
};

/**
 * struct rewire_update_receipt - how an update ended, signed by the SM
 * @header: type REWIRE_TYPE_UPDATE_RECEIPT, flags zero; certificate and
 *	signature follow
 * @id: of the update, see struct rewire_update_begin
 * @nonce: of the package
 * @package_digest: SHA-256 of struct rewire_package
 * @sm: SM id
 * @workload: workload
 * @software: software id
 * @state: REWIRE_UPDATE_SWITCHED or REWIRE_UPDATE_ABORTED
 * @error: errno, positive, of what aborted it; else 0
 * @epoch: of the instance afterwards
 * @from: the old version
 * @to: the new version
 * @sequence: of the journal's record of it
 * @head: SHA-256 of that record; zero without a journal
 * @reason: in words, and its terminating zero
 * @cert_len: bytes of the SM's DER certificate, which follows
 * @sig_len: bytes of the signature, which follows the certificate
 *
 * RSASSA-PKCS1-v1_5 with SHA-256 over REWIRE_UPDATE_RECEIPT_DOMAIN with its
 * terminating zero, then this struct.
 */
struct rewire_update_receipt {
	struct rewire_header header;
	__u8 id[REWIRE_ID_SIZE];
	__u8 nonce[REWIRE_NONCE_SIZE];
	__u8 package_digest[REWIRE_DIGEST_SIZE];
	__u8 sm[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	__u32 state;
	__u32 error;
	__u64 epoch;
	struct rewire_version from;
	struct rewire_version to;
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	char reason[64];
	__u32 cert_len;
	__u32 sig_len;
};

#define REWIRE_UPDATE_RECEIPT_DOMAIN	"REWIRE update receipt v1"

/* ------------------------------------------------------------------------
 * The enclave's side, see struct rewire_gate.
 */

/*
 * What RECV delivered, in arg[3]. HEALTH, EXPORT and IMPORT have no payload and
 * are answered by REPLY with a status, 0 or a negative errno; a payload is
 * dropped.
 * EXPORT and IMPORT come at most once in an update, before they are answered no
 * other is received; arg[4] of IMPORT is the format of what was exported.
 */
#define REWIRE_RECV_CALL		0
#define REWIRE_RECV_HEALTH		1
#define REWIRE_RECV_EXPORT		2
#define REWIRE_RECV_IMPORT		3

/*
 * EXPORT: arg[0] buffer, arg[1] length (at most REWIRE_MAX_SEAL), arg[2] format,
 * the same each time. Waits for room; returns how many bytes were taken.
 * IMPORT: arg[0] buffer, arg[1] its size. Waits for bytes; returns how many there
 * are, 0 at the end. EBADFD: not while answering REWIRE_RECV_EXPORT or _IMPORT.
 * ECANCELED: the update was given up.
 *
 * An enclave on trial may do nothing that is seen outside of it: COUNTER with an
 * addition is EPERM, and so is REPLY to a call.
 */
#define REWIRE_GATE_EXPORT		10
#define REWIRE_GATE_IMPORT		11

/* Attributes of a manifest: where its state comes from in an update. */
#define REWIRE_ATTR_STATE		3	/* mask */
#define REWIRE_ATTR_STATE_NONE		0	/* it starts anew */
#define REWIRE_ATTR_STATE_HANDOVER	1	/* the old version exports, it imports */
#define REWIRE_ATTR_STATE_SEALED	2	/* it opens what the old one sealed */
#define REWIRE_ATTRS			3

/* ------------------------------------------------------------------------
 * States. The arcs are a table in the module, printed in docs/architecture.md.
 */

#define REWIRE_UPDATE_LOADING		0
#define REWIRE_UPDATE_LOADED		1
#define REWIRE_UPDATE_HANDING		2
#define REWIRE_UPDATE_HANDED		3
#define REWIRE_UPDATE_TRIAL		4
#define REWIRE_UPDATE_SWITCHED		5
#define REWIRE_UPDATE_ABORTED		6
#define REWIRE_UPDATE_STATES		7

/* ------------------------------------------------------------------------
 * Commands on /dev/rewire.
 */

/**
 * struct rewire_update_begin - REWIRE_UPDATE_BEGIN: an update of one workload
 * @size: sizeof(struct rewire_update_begin)
 * @flags: REWIRE_UPDATE_TRY, REWIRE_UPDATE_VOLATILE
 * @package: pointer to struct rewire_package
 * @package_cms: pointer to its detached CMS signature (DER)
 * @manifest: pointer to struct rewire_manifest of the new version
 * @manifest_cms: pointer to its detached CMS signature (DER)
 * @wrap: pointer to struct rewire_wrap; 0 unless REWIRE_PACKAGE_SEALED
 * @wrap_cms: pointer to its detached CMS signature (DER)
 * @package_cms_length: bytes, at most REWIRE_MAX_CMS
 * @manifest_cms_length: bytes, at most REWIRE_MAX_CMS
 * @wrap_cms_length: bytes, at most REWIRE_MAX_CMS
 * @root_signatures: how many at @root_signature; 0 unless REWIRE_PACKAGE_ROOT
 * @root_signature: pointer to struct rewire_signature over the package
 * @workload: which one is updated; it must run here, and be the caller's
 * @id: out: of the update: the first bytes of SHA-256(nonce | workload)
 * @fd: out: the update's file; -1 for REWIRE_UPDATE_TRY
 * @__reserved: zero
 *
 * ENOKEY, EKEYREJECTED, EBADMSG: a signature, or what was signed. EPERM: another
 * device, workload or software id, an old version it is not for, or more than
 * the manifest of an update may ask for here. ESTALE: below the version floor, or
 * the package was used. ETIME: it has expired. ENOLINK: it expires, and no witness
 * has told the time since the SM started. EBUSY: a migration, a checkpoint or
 * another update has the workload.
 */
struct rewire_update_begin {
	__u32 size;
	__u32 flags;
	__aligned_u64 package;
	__aligned_u64 package_cms;
	__aligned_u64 manifest;
	__aligned_u64 manifest_cms;
	__aligned_u64 wrap;
	__aligned_u64 wrap_cms;
	__u32 package_cms_length;
	__u32 manifest_cms_length;
	__u32 wrap_cms_length;
	__u32 root_signatures;
	__aligned_u64 root_signature;
	__u8 workload[REWIRE_ID_SIZE];
	__u8 id[REWIRE_ID_SIZE];
	__s32 fd;
	__u32 __reserved;
};

/* Only say whether it would be refused, and why. */
#define REWIRE_UPDATE_TRY		1
/*
 * Without checkpoints: when the power fails during the update the workload is
 * lost, as one that just runs would be.
 */
#define REWIRE_UPDATE_VOLATILE		2

/**
 * struct rewire_open_update - REWIRE_OPEN_UPDATE: a file for a known update
 * @size: sizeof(struct rewire_open_update)
 * @flags: zero
 * @id: of the update
 * @fd: out: the update's file
 * @__reserved: zero
 */
struct rewire_open_update {
	__u32 size;
	__u32 flags;
	__u8 id[REWIRE_ID_SIZE];
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_get_suk - REWIRE_GET_SUK: what one-to-one packages are made for
 * @size: sizeof(struct rewire_get_suk)
 * @length: in: room; out: bytes
 * @buffer: pointer; struct rewire_suk, certificate, signature
 */
struct rewire_get_suk {
	__u32 size;
	__u32 length;
	__aligned_u64 buffer;
};

/* ------------------------------------------------------------------------
 * Commands on an update's file. The payload is written to it, in any pieces.
 * poll() says EPOLLPRI when the state changed since the last REWIRE_UPDATE_INFO.
 */

/**
 * struct rewire_update_enclave - REWIRE_UPDATE_ENCLAVE: a file of the new version
 * @size: sizeof(struct rewire_update_enclave)
 * @flags: zero
 * @fd: out: the enclave's file, to get a ticket with and enter
 * @__reserved: zero
 * @id: out: number of the enclave in this SM
 *
 * EBADFD: the payload is not complete.
 */
struct rewire_update_enclave {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
	__aligned_u64 id;
};

/**
 * struct rewire_update_handover - REWIRE_UPDATE_HANDOVER: LOADED to HANDED
 * @size: sizeof(struct rewire_update_handover)
 * @timeout_ms: 1 .. 3,600,000; until the old version has finished the call it
 *	works on, and the state is over
 *
 * Both versions must run, and the package must not have expired meanwhile (ETIME,
 * ENOLINK: as for REWIRE_UPDATE_BEGIN). The old one takes no new call, is asked for
 * its state if the manifest wants a handover, and is paused. ETIMEDOUT, EBADMSG,
 * ECANCELED, or what either version said: the update is ABORTED, and the old one
 * goes on.
 */
struct rewire_update_handover {
	__u32 size;
	__u32 timeout_ms;
};

/**
 * struct rewire_update_checkpoint - REWIRE_UPDATE_CHECKPOINT
 * @size: sizeof(struct rewire_update_checkpoint)
 * @version: REWIRE_VERSION_OLD, in HANDED; REWIRE_VERSION_NEW, in TRIAL, which
 *	pauses it
 * @fd: out: a stream file, to be read to its end and kept on disk
 * @__reserved: zero
 *
 * The old version's can be restored once the update was aborted, the new one's
 * once it was switched; never both.
 */
struct rewire_update_checkpoint {
	__u32 size;
	__u32 version;
	__s32 fd;
	__u32 __reserved;
};

#define REWIRE_VERSION_OLD		1
#define REWIRE_VERSION_NEW		2

/**
 * struct rewire_update_begin_trial - REWIRE_UPDATE_BEGIN_TRIAL: HANDED to TRIAL
 * @size: sizeof(struct rewire_update_begin_trial)
 * @flags: zero
 *
 * EAGAIN: the old version's checkpoint was not read to its end. The package is
 * used up.
 */
struct rewire_update_begin_trial {
	__u32 size;
	__u32 flags;
};

/**
 * struct rewire_update_health - REWIRE_UPDATE_HEALTH: is the new version well?
 * @size: sizeof(struct rewire_update_health)
 * @timeout_ms: 1 .. 3,600,000
 *
 * In TRIAL, before its checkpoint. ECANCELED: it said no, or died; ETIMEDOUT: it
 * said nothing. The update is ABORTED then.
 */
struct rewire_update_health {
	__u32 size;
	__u32 timeout_ms;
};

/**
 * struct rewire_update_switch - REWIRE_UPDATE_SWITCH: TRIAL to SWITCHED
 * @size: sizeof(struct rewire_update_switch)
 * @flags: zero
 * @fd: out: the enclave's file: the instance, which runs
 * @__reserved: zero
 * @epoch: out: its epoch
 *
 * EAGAIN: no health check has passed, or the new version's checkpoint was not read
 * to its end.
 */
struct rewire_update_switch {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
	__aligned_u64 epoch;
};

/**
 * struct rewire_update_abort - REWIRE_UPDATE_ABORT: back to the old version
 * @size: sizeof(struct rewire_update_abort)
 * @flags: zero
 *
 * EBADFD: it has switched.
 */
struct rewire_update_abort {
	__u32 size;
	__u32 flags;
};

/**
 * struct rewire_update_info - REWIRE_UPDATE_INFO
 * @size: sizeof(struct rewire_update_info)
 * @state: out: REWIRE_UPDATE_*
 * @id: out: of the update
 * @workload: out: workload
 * @old: out: number of the old version's enclave, 0 when it is gone
 * @new: out: number of the new version's enclave, 0 when there is none
 * @payload_bytes: out: of the payload that were taken
 * @state_bytes: out: of state that were handed over
 * @remaining_ms: out: until the SM gives up: from the handover on as the package
 *	says, before that by the module's parameter loading_ms; 0 once it is over
 * @pause_us: out: microseconds that calls have waited; final once it is over
 * @healthy: out: health checks that passed
 * @error: out: errno, positive, of what aborted it
 * @reason: out: in words
 */
struct rewire_update_info {
	__u32 size;
	__u32 state;
	__u8 id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__aligned_u64 old;
	__aligned_u64 new;
	__aligned_u64 payload_bytes;
	__aligned_u64 state_bytes;
	__aligned_u64 remaining_ms;
	__aligned_u64 pause_us;
	__u32 healthy;
	__u32 error;
	char reason[64];
};

/**
 * struct rewire_update_get_receipt - REWIRE_UPDATE_RECEIPT
 * @size: sizeof(struct rewire_update_get_receipt)
 * @length: in: room; out: bytes
 * @buffer: pointer; struct rewire_update_receipt, certificate, signature
 *
 * The acknowledgement for the SDS, once the update is SWITCHED or ABORTED, after a
 * restart of the SM too.
 */
struct rewire_update_get_receipt {
	__u32 size;
	__u32 length;
	__aligned_u64 buffer;
};

/* /dev/rewire */
#define REWIRE_UPDATE_BEGIN		REWIRE_IO(0x12, rewire_update_begin)
#define REWIRE_OPEN_UPDATE		REWIRE_IO(0x13, rewire_open_update)
#define REWIRE_GET_SUK			REWIRE_IO(0x14, rewire_get_suk)
/* an update */
#define REWIRE_UPDATE_ENCLAVE		REWIRE_IO(0x80, rewire_update_enclave)
#define REWIRE_UPDATE_HANDOVER		REWIRE_IO(0x81, rewire_update_handover)
#define REWIRE_UPDATE_CHECKPOINT	REWIRE_IO(0x82, rewire_update_checkpoint)
#define REWIRE_UPDATE_BEGIN_TRIAL	REWIRE_IO(0x83, rewire_update_begin_trial)
#define REWIRE_UPDATE_HEALTH		REWIRE_IO(0x84, rewire_update_health)
#define REWIRE_UPDATE_SWITCH		REWIRE_IO(0x85, rewire_update_switch)
#define REWIRE_UPDATE_ABORT		REWIRE_IO(0x86, rewire_update_abort)
#define REWIRE_UPDATE_INFO		REWIRE_IO(0x87, rewire_update_info)
#define REWIRE_UPDATE_RECEIPT		REWIRE_IO(0x88, rewire_update_get_receipt)

#endif /* _UAPI_REWIRE_UPDATE_H */
