/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: the ioctl contract of the Security Monitor (/dev/rewire).
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_H
#define _UAPI_REWIRE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "rewire_enclave.h"
#include "rewire_limits.h"
#include "rewire_signed.h"
#include "rewire_stream.h"

/**
 * DOC: Conventions
 *
 * Every command takes one struct whose first member is its size as the caller
 * knows it. A shorter struct than version 1 is EINVAL, a longer one is E2BIG
 * unless the unknown tail is zero. Reserved members and unknown flags must be
 * zero. All integers are little-endian on the wire and native in ioctls (REWIRE
 * runs on little-endian machines only); pointers travel as __u64.
 *
 * An errno means the same thing everywhere:
 *
 * =============== ==========================================================
 * ENOTTY          this kind of file has no such command
 * E2BIG           the struct is newer than this kernel
 * EINVAL          malformed: size, flag, reserved member, address, range
 * EOPNOTSUPP      well formed, but a value this version does not implement
 * EFAULT          a pointer that cannot be read or written
 * ENOENT          no such enclave or session
 * EEXIST          the workload already lives here
 * EBADFD          refused by the state table (enclave or session)
 * EBUSY           another operation on the same object is in flight
 * EPERM           the caller may not, or policy refuses
 * ENOKEY          signed by nobody this SM trusts in the role, or no key here
 * EKEYREJECTED    the signature, tag or authentication is wrong
 * EBADMSG         authenticated or not, the bytes are not what they must be
 * ESTALE          a replay: epoch, sequence number or request already used
 * EREMCHG         the workload moved to another SM
 * ETIME           the deadline has passed
 * ETIMEDOUT       the enclave did not answer within the caller's time-out
 * ESRCH           the enclave has no thread
 * EDQUOT          the memory limit of the SM, or a table is full
 * EMSGSIZE        the answer does not fit the caller's buffer
 * ECANCELED       the enclave was destroyed, or the migration aborted
 * EAGAIN          the SM restarted: write the sealed checkpoint first
 * ENOLINK         the SM waits for a witness of its journal's freshness, or of
 *                 the record that this rests on; after REWIRE_PUT_WITNESS the
 *                 same again
 * EUCLEAN         the journal is damaged, or was rolled back
 * EIO, ENOSPC ... the journal cannot be written; nothing was changed
 * =============== ==========================================================
 *
 * After a failed command REWIRE_GET_WHY on the same file returns a sentence.
 */

#define REWIRE_ABI			1
#define REWIRE_DEVICE			"/dev/rewire"

/* ------------------------------------------------------------------------
 * States. The arcs between them are tables in the module, printed in
 * docs/architecture.md.
 */

#define REWIRE_ENCLAVE_BUILDING		0	/* pages are being added */
#define REWIRE_ENCLAVE_READY		1	/* measured, never ran */
#define REWIRE_ENCLAVE_RUNNING		2	/* its threads run */
#define REWIRE_ENCLAVE_PAUSING		3	/* its threads were told to park */
#define REWIRE_ENCLAVE_PAUSED		4	/* the image is complete and still */
#define REWIRE_ENCLAVE_FROZEN		5	/* paused, and bound to a migration */
#define REWIRE_ENCLAVE_RECEIVING	6	/* being filled from a stream */
#define REWIRE_ENCLAVE_PREPARED		7	/* complete; may not run before START */
#define REWIRE_ENCLAVE_DESTROYED	8	/* wiped */
#define REWIRE_ENCLAVE_STATES		9

#define REWIRE_SESSION_OFFERED		0	/* source: OFFER is out */
#define REWIRE_SESSION_AGREED		1	/* keys agreed, source still runs */
#define REWIRE_SESSION_FROZEN		2	/* source: stands still, D is being made */
#define REWIRE_SESSION_RELINQUISHED	3	/* source: gave up, START is out */
#define REWIRE_SESSION_DESTROYED	4	/* source: wiped, receipt is out */
#define REWIRE_SESSION_RECEIVING	5	/* target: stream comes in */
#define REWIRE_SESSION_PREPARED		6	/* target: all verified, READY is out */
#define REWIRE_SESSION_ACTIVE		7	/* target: the instance is here */
#define REWIRE_SESSION_ABORTED		8	/* either: given up, for good */
#define REWIRE_SESSION_STATES		9

/* ------------------------------------------------------------------------
 * Commands on /dev/rewire. One SM per network namespace: a file belongs to the
 * SM of the namespace it was opened in.
 */

#define REWIRE_IOCTL_TYPE		0xBA

/**
 * struct rewire_get_why - REWIRE_GET_WHY, on every kind of file
 * @size: sizeof(struct rewire_get_why)
 * @error: out: the errno (positive) of the last refused command, or 0
 * @text: out: why, in words; empty when nothing was refused
 */
struct rewire_get_why {
	__u32 size;
	__u32 error;
	char text[120];
};

/**
 * struct rewire_get_info - REWIRE_GET_INFO
 * @size: sizeof(struct rewire_get_info)
 * @abi: out: REWIRE_ABI
 * @provisioned: out: 1 after REWIRE_PROVISION
 * @enclaves: out: enclaves that are not destroyed
 * @sessions: out: migrations that are not over
 * @generation: out: of the root key
 * @sm: out: SM id: the first bytes of SHA-256 over the attestation public key
 * @memory_limit: out: bytes for enclaves and their calls
 * @memory_used: out: bytes
 */
struct rewire_get_info {
	__u32 size;
	__u32 abi;
	__u32 provisioned;
	__u32 enclaves;
	__u32 sessions;
	__u32 generation;
	__u8 sm[REWIRE_ID_SIZE];
	__u64 memory_limit;
	__u64 memory_used;
};

/**
 * struct rewire_anchor - a certificate that speaks for a role
 * @role: REWIRE_ROLE_*
 * @length: bytes at @certificate, at most REWIRE_MAX_CERT
 * @certificate: pointer to DER
 */
struct rewire_anchor {
	__u32 role;
	__u32 length;
	__aligned_u64 certificate;
};

#define REWIRE_MAX_ANCHORS		16

/**
 * struct rewire_provision - REWIRE_PROVISION, once per SM
 * @size: sizeof(struct rewire_provision)
 * @flags: REWIRE_PROVISION_*
 * @root_keys: pointer to @generations serials (__s32) of keys of type trusted,
 *	encrypted, logon or user with 32 bytes; generation 1 first, the last one
 *	seals; 0 for one that is not kept any more
 * @generations: 1 .. REWIRE_MAX_GENERATIONS
 * @attest_key: serial of an asymmetric key with its private half (RSA)
 * @certificate: pointer to the DER certificate of @attest_key
 * @certificate_length: its bytes
 * @anchors: how many at @anchor, at most REWIRE_MAX_ANCHORS
 * @anchor: pointer to struct rewire_anchor
 * @memory_limit: bytes; 0 is half of the machine's memory
 * @root_threshold: how many anchors of the root role have to sign; at least 1
 * @tpm_index: for REWIRE_PROVISION_TPM: the NV index of the counter
 * @journal: two regular files, open for reading and writing, empty for a new
 *	journal; -1 both with REWIRE_PROVISION_VOLATILE
 *
 * What the journal says of roles goes before @anchor, which counts only for
 * roles that no trust bundle was taken for.
 *
 * Needs CAP_SYS_ADMIN in the initial user namespace. EEXIST: done before.
 * EPERM: without it. ENOKEY: no such key, or not that of the journal.
 * EKEYREJECTED: key and certificate do not match, or the certificate is not
 * signed by an anchor of the platform role. EBADMSG: a certificate that cannot
 * be parsed. EOPNOTSUPP: not RSA. EUCLEAN: the journal is damaged, or another
 * SM's; the sentence names the first bad record.
 */
struct rewire_provision {
	__u32 size;
	__u32 flags;
	__aligned_u64 root_keys;
	__u32 generations;
	__s32 attest_key;
	__aligned_u64 certificate;
	__u32 certificate_length;
	__u32 anchors;
	__aligned_u64 anchor;
	__aligned_u64 memory_limit;
	__u32 root_threshold;
	__u32 tpm_index;
	__s32 journal[2];
};

/*
 * For benches: no journal. Every promise ends with this SM. It is said in the
 * kernel's log, in an event and in evidence.
 */
#define REWIRE_PROVISION_VOLATILE	1
/* For benches: nobody is asked whether the journal is the last. As loud. */
#define REWIRE_PROVISION_UNWITNESSED	2
/* The TPM's counter is the witness. */
#define REWIRE_PROVISION_TPM		4
/*
 * The witness is asked not at the start alone. What others act on for good waits
 * with ENOLINK until a witness knows the record that it rests on: START, ACTIVE
 * and the target's ABORTED in REWIRE_SESSION_GET; tickets and REWIRE_RESUME for
 * a state that came from elsewhere or has a checkpoint. What a migration that
 * was given up should let run goes on by itself with REWIRE_PUT_WITNESS.
 */
#define REWIRE_PROVISION_STRICT		8
#define REWIRE_PROVISION_FLAGS		15

/**
 * struct rewire_create - REWIRE_CREATE: a new enclave, in state BUILDING
 * @size: sizeof(struct rewire_create)
 * @flags: zero
 * @layout: where things are
 * @fd: out: the enclave's file, close-on-exec
 * @__reserved: zero
 * @id: out: number of the enclave in this SM
 *
 * An enclave that never got a state to lose (BUILDING, READY) is destroyed when
 * its last file is closed; any other lives until it is destroyed by name.
 */
struct rewire_create {
	__u32 size;
	__u32 flags;
	struct rewire_layout layout;
	__s32 fd;
	__u32 __reserved;
	__aligned_u64 id;
};

/**
 * struct rewire_open_enclave - REWIRE_OPEN_ENCLAVE: a file for a known enclave
 * @size: sizeof(struct rewire_open_enclave)
 * @flags: zero
 * @id: number of the enclave, or 0 for the one that lives as @workload
 * @workload: zero unless @id is 0
 * @fd: out: file
 * @__reserved: zero
 *
 * For the user who created it, or with CAP_SYS_ADMIN; EPERM else. ENOENT: no
 * such enclave; EREMCHG: the workload was here and moved.
 */
struct rewire_open_enclave {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__u8 workload[REWIRE_ID_SIZE];
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_list - REWIRE_LIST: the enclaves of this SM
 * @size: sizeof(struct rewire_list)
 * @count: in: room at @ids; out: how many enclaves there are
 * @ids: pointer to __u64
 */
struct rewire_list {
	__u32 size;
	__u32 count;
	__aligned_u64 ids;
};

/**
 * struct rewire_reseal - REWIRE_RESEAL: take in a checkpoint of this SM
 * @size: sizeof(struct rewire_reseal)
 * @flags: zero
 * @fd: out: a stream file
 * @__reserved: zero
 *
 * The file is written to (the checkpoint, in any pieces). After the END record
 * was verified it can be read (the same state, sealed anew) and committed
 * (REWIRE_STREAM_COMMIT: a live instance). Closing it before discards all.
 */
struct rewire_reseal {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_migrate_out - REWIRE_MIGRATE_OUT: the source's session
 * @size: sizeof(struct rewire_migrate_out)
 * @flags: zero
 * @request: pointer to struct rewire_request
 * @signature: pointer to its detached CMS signature (DER)
 * @signature_length: bytes, at most REWIRE_MAX_CMS
 * @fd: out: the session's file; closing the last one before RELINQUISHED aborts
 *
 * The session is OFFERED and its message is the OFFER.
 * EKEYREJECTED or ENOKEY: the signature. EPERM: the request names another
 * source. ESTALE: epoch or request id were used. ENOENT: no such workload.
 * EBUSY: it is migrating already. EBADFD: it never ran.
 */
struct rewire_migrate_out {
	__u32 size;
	__u32 flags;
	__aligned_u64 request;
	__aligned_u64 signature;
	__u32 signature_length;
	__s32 fd;
};

/**
 * struct rewire_migrate_in - REWIRE_MIGRATE_IN: the target's session
 * @size: sizeof(struct rewire_migrate_in)
 * @flags: zero
 * @request: as for the source
 * @signature: as for the source
 * @signature_length: as for the source
 * @offer_length: bytes at @offer
 * @offer: pointer to the source's OFFER
 * @fd: out: the session's file; closing the last one before PREPARED aborts
 * @__reserved: zero
 *
 * The session is RECEIVING and its message is the ACCEPT. Beside the errors of
 * REWIRE_MIGRATE_OUT: EDQUOT: too large for this SM. EOPNOTSUPP: the source
 * uses CPU state that this machine lacks. EEXIST: the workload lives here.
 */
struct rewire_migrate_in {
	__u32 size;
	__u32 flags;
	__aligned_u64 request;
	__aligned_u64 signature;
	__u32 signature_length;
	__u32 offer_length;
	__aligned_u64 offer;
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_open_session - REWIRE_OPEN_SESSION: a file for a known session
 * @size: sizeof(struct rewire_open_session)
 * @side: REWIRE_SIDE_SOURCE or REWIRE_SIDE_TARGET
 * @request_id: the migration
 * @fd: out: the session's file
 * @__reserved: zero
 */
struct rewire_open_session {
	__u32 size;
	__u32 side;
	__u8 request_id[REWIRE_ID_SIZE];
	__s32 fd;
	__u32 __reserved;
};

/* ------------------------------------------------------------------------
 * Commands on an enclave's file.
 */

/**
 * struct rewire_add_pages - REWIRE_ADD_PAGES: one segment, measured
 * @size: sizeof(struct rewire_add_pages)
 * @flags: REWIRE_ADD_ZERO: the pages are zero, and @source is not read
 * @offset: from the base; a multiple of the page size; segments ascend
 * @length: bytes; a multiple of the page size
 * @source: pointer to the content
 * @prot: REWIRE_PROT_READ, READ | EXEC or READ | WRITE
 * @__reserved: zero
 *
 * The measurement is SHA-256 over: struct rewire_layout; then for each page of
 * the segment struct rewire_page_measure and its 4096 bytes; or, for pages that
 * are zero by flag, struct rewire_page_measure once with their count.
 */
struct rewire_add_pages {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 source;
	__u32 prot;
	__u32 __reserved;
};

#define REWIRE_ADD_ZERO			1

/**
 * struct rewire_page_measure - what precedes a page in the measurement
 * @offset: from the base
 * @zero_pages: 0: one page and its content follows; else that many zero pages
 * @prot: REWIRE_PROT_*
 * @__reserved: zero
 */
struct rewire_page_measure {
	__u64 offset;
	__u64 zero_pages;
	__u32 prot;
	__u32 __reserved;
};

/**
 * struct rewire_init - REWIRE_INIT: BUILDING to READY
 * @size: sizeof(struct rewire_init)
 * @flags: zero
 * @manifest: pointer to struct rewire_manifest
 * @signature: pointer to its detached CMS signature (DER)
 * @signature_length: bytes, at most REWIRE_MAX_CMS
 * @__reserved: zero
 * @workload: what the enclave is for; not zero
 * @epoch: out: 1 for a workload this SM never saw
 * @measurement: out: also when the command fails with EKEYREJECTED
 *
 * EKEYREJECTED: the signature, or the measurement is not the manifest's.
 * EEXIST: the workload lives here. EREMCHG: it moved away.
 */
struct rewire_init {
	__u32 size;
	__u32 flags;
	__aligned_u64 manifest;
	__aligned_u64 signature;
	__u32 signature_length;
	__u32 __reserved;
	__u8 workload[REWIRE_ID_SIZE];
	__aligned_u64 epoch;
	__u8 measurement[REWIRE_DIGEST_SIZE];
};

/**
 * struct rewire_get_ticket - REWIRE_GET_TICKET: the right to enter once
 * @size: sizeof(struct rewire_get_ticket)
 * @flags: zero
 * @ticket: out: to be written to a memfd and executed
 *
 * EBADFD: the enclave is neither READY nor PAUSED without a thread. ENOLINK,
 * with REWIRE_PROVISION_STRICT: no witness knows yet that older states of it are
 * void; they are all the same.
 */
struct rewire_get_ticket {
	__u32 size;
	__u32 flags;
	struct rewire_ticket ticket;
};

/**
 * struct rewire_pause - REWIRE_PAUSE: RUNNING to PAUSED
 * @size: sizeof(struct rewire_pause)
 * @flags: zero
 * @timeout_ms: 1 .. 60,000; afterwards the enclave goes on, ETIMEDOUT
 * @__reserved: zero
 *
 * EBUSY: it was paused, and somebody resumed it at once.
 */
struct rewire_pause {
	__u32 size;
	__u32 flags;
	__u32 timeout_ms;
	__u32 __reserved;
};

/**
 * struct rewire_resume - REWIRE_RESUME: PAUSED to RUNNING
 * @size: sizeof(struct rewire_resume)
 * @flags: zero
 *
 * ESRCH: it has no thread; get a ticket and enter. A checkpoint taken while it
 * was paused becomes stale: the epoch rises.
 */
struct rewire_resume {
	__u32 size;
	__u32 flags;
};

/**
 * struct rewire_destroy - REWIRE_DESTROY: any state to DESTROYED
 * @size: sizeof(struct rewire_destroy)
 * @flags: zero
 *
 * EBUSY: it takes part in a migration; abort that first.
 */
struct rewire_destroy {
	__u32 size;
	__u32 flags;
};

/**
 * struct rewire_extract - REWIRE_EXTRACT: a checkpoint of a PAUSED enclave
 * @size: sizeof(struct rewire_extract)
 * @flags: zero
 * @fd: out: a stream file to read from, to the end
 * @__reserved: zero
 *
 * While the file is open the enclave cannot be resumed (EBUSY).
 */
struct rewire_extract {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_call - REWIRE_CALL: a request to the enclave, and its answer
 * @size: sizeof(struct rewire_call)
 * @flags: zero
 * @client: random, the caller's own; not zero
 * @sequence: 1 for a client's first call, then one more each time
 * @input: pointer to the request
 * @input_length: bytes, at most REWIRE_MAX_PAYLOAD
 * @output_length: in: room at @output; out: bytes of the answer
 * @output: pointer for the answer
 * @timeout_ms: 0 waits for ever
 * @status: out: the enclave's own status, 0 is success
 *
 * Repeating a call with the same client and sequence number gives the same
 * answer and never a second effect, also on the SM the enclave moved to: so on
 * EINTR, ETIMEDOUT, EMSGSIZE and EREMCHG the caller repeats it (there).
 * ESTALE: the sequence number is older than the last call, or not the next. EIO:
 * the answer rests on a counter that a failed journal will never have; ask the
 * enclave that comes back with the SM's next life.
 */
struct rewire_call {
	__u32 size;
	__u32 flags;
	__u8 client[REWIRE_ID_SIZE];
	__aligned_u64 sequence;
	__aligned_u64 input;
	__u32 input_length;
	__u32 output_length;
	__aligned_u64 output;
	__u32 timeout_ms;
	__s32 status;
};

/**
 * struct rewire_enclave_info - REWIRE_ENCLAVE_INFO
 * @size: sizeof(struct rewire_enclave_info)
 * @state: out: REWIRE_ENCLAVE_*
 * @id: out: number in this SM
 * @workload: out: zero before INIT
 * @software: out: software id of the manifest
 * @epoch: out: epoch
 * @release: out: of the manifest
 * @svn: out: of the manifest
 * @measurement: out: measurement
 * @memory: out: bytes of its pages
 * @pid: out: its process in the caller's pid namespace, 0 without one
 * @pending: out: calls it has not answered
 * @developer: out: id of who signed the manifest; zero before INIT, as all that
 *	is of the manifest
 * @max_memory: out: of the manifest
 * @max_threads: out: of the manifest
 * @min_atl: out: of the manifest
 * @attributes: out: of the manifest
 * @threads: out: how many it has
 */
struct rewire_enclave_info {
	__u32 size;
	__u32 state;
	__aligned_u64 id;
	__u8 workload[REWIRE_ID_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	__aligned_u64 epoch;
	__aligned_u64 release;
	__aligned_u64 svn;
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__aligned_u64 memory;
	__u32 pid;
	__u32 pending;
	__u8 developer[REWIRE_ID_SIZE];
	__aligned_u64 max_memory;
	__u32 max_threads;
	__u32 min_atl;
	__u32 attributes;
	__u32 threads;
};

/* ------------------------------------------------------------------------
 * Commands on a stream file.
 */

/**
 * struct rewire_stream_commit - REWIRE_STREAM_COMMIT: RECEIVING to PAUSED
 * @size: sizeof(struct rewire_stream_commit)
 * @flags: zero
 * @fd: out: the enclave's file
 * @__reserved: zero
 * @id: out: number of the enclave
 * @epoch: out: its new epoch
 *
 * EBADMSG: the stream is not complete. EEXIST: the workload lives here.
 * ESTALE: this SM has seen a later epoch of it.
 */
struct rewire_stream_commit {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
	__aligned_u64 id;
	__aligned_u64 epoch;
};

/* ------------------------------------------------------------------------
 * Commands on a session's file. The source reads the stream from it once
 * FROZEN, and in rounds before; the target writes it to its own, and may read a
 * sealed checkpoint from there once PREPARED. poll() says EPOLLPRI when the state
 * changed since the last REWIRE_SESSION_INFO, and EPOLLIN as long as there is more
 * of the stream, or of the round, to be read.
 *
 * What can be read from this file or a stream's can as well be spliced into a pipe,
 * which does not copy what the enclave's pages became; read() and splice() may take
 * turns at any byte. EAGAIN: somebody else has filled the pipe meanwhile, or
 * is about to take something out of it. A lane's file is read, spliced and written
 * like this one, and knows no command but REWIRE_GET_WHY.
 */

/**
 * struct rewire_session_get - REWIRE_SESSION_GET: the message to send now
 * @size: sizeof(struct rewire_session_get)
 * @length: in: room; out: bytes of the message
 * @buffer: pointer; struct rewire_message, certificate, signature
 *
 * Idempotent: the last message this side has to say, after a restart too.
 * ENOLINK, with REWIRE_PROVISION_STRICT: no witness knows yet that it was to be
 * said.
 */
struct rewire_session_get {
	__u32 size;
	__u32 length;
	__aligned_u64 buffer;
};

/**
 * struct rewire_session_put - REWIRE_SESSION_PUT: a message from the peer
 * @size: sizeof(struct rewire_session_put)
 * @length: bytes
 * @buffer: pointer to the message
 *
 * ACCEPT, READY, ACTIVE and ABORTED at the source; START, RECEIPT and ABORTED
 * at the target. A message that was taken before is success. EBADFD: not one
 * for this state. EKEYREJECTED, EBADMSG: not from the peer, or about another
 * state; the session goes on as if nothing had come.
 */
struct rewire_session_put {
	__u32 size;
	__u32 length;
	__aligned_u64 buffer;
};

/**
 * struct rewire_session_round - REWIRE_SESSION_ROUND, REWIRE_STREAM_ROUND: copy
 *	what changes still
 * @size: sizeof(struct rewire_session_round)
 * @flags: in: REWIRE_ROUND_LOOK: begin none, only count; out: REWIRE_ROUND_LAST: no
 *	page changes any more
 * @pages: out: how many pages this round has, at most; with the flag: how many the
 *	next one would have by now
 * @delay_us: microseconds that the enclave's first write to a page takes longer from
 *	here on, at most REWIRE_MAX_DELAY_US; not with the flag, nor for a checkpoint
 * @__reserved: zero
 *
 * REWIRE_SESSION_ROUND at the source, AGREED, as often as it serves: the pages
 * written since the last round began (in the first: all) can be read from the
 * session's file while the enclave runs on; read() returns 0 at the end of the
 * round. The first of these, be it only a look, begins to note what is written.
 * REWIRE_SESSION_FREEZE leaves only the rest for the pause. When to stop is the
 * helper's to decide: the state that counts is what was sent last of each page.
 *
 * An enclave that writes faster than it is copied is slowed down by @delay_us: it
 * then writes to no more than a page in that time, and thread, and reads as before.
 * It ends with the migration, and with REWIRE_SESSION_FREEZE.
 *
 * REWIRE_STREAM_ROUND does the same for the file of REWIRE_SESSION_CHECKPOINT, with
 * the pages that were sent, or came in, since its last round began. Once it says
 * REWIRE_ROUND_LAST, the round it began ends with the END record.
 *
 * EBADFD: not AGREED, or not a file that is read in rounds; EBUSY: the last round
 * was not read to its end; ECANCELED: the enclave is gone, or the migration over;
 * ENOMEM.
 */
struct rewire_session_round {
	__u32 size;
	__u32 flags;
	__aligned_u64 pages;
	__u32 delay_us;
	__u32 __reserved;
};

#define REWIRE_ROUND_LOOK		1
#define REWIRE_ROUND_LAST		2
#define REWIRE_MAX_DELAY_US		100000

/**
 * struct rewire_session_lane - REWIRE_SESSION_LANE: one more stream for the pages
 * @size: sizeof(struct rewire_session_lane)
 * @flags: zero
 * @index: which one, 1 .. @count - 1; the session's own file is the first, 0
 * @count: how many there are, 2 .. REWIRE_MAX_LANES
 * @fd: out: its file, which the source reads and the target writes
 * @__reserved: zero
 *
 * At the source, AGREED, before anything is copied: the first of these says how many
 * there are. At the target, RECEIVING, once the first bytes have come, which say it.
 * Each lane has its part of the pages in each round, and read() returns 0 at the end
 * of it; they can be read, and written, by as many threads at the same time. What
 * follows the pages in the session's own file waits for the other lanes' last
 * record: read() and write() of that file block until then, or fail with EAGAIN where
 * it is O_NONBLOCK.
 *
 * EBADFD: not AGREED or RECEIVING. EBUSY: the stream has begun, or has another number
 * of lanes. EINVAL: at the target, the same. EAGAIN: nothing has come yet. ECANCELED:
 * the enclave is gone. ETIME: the deadline has passed. ENOMEM.
 */
struct rewire_session_lane {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 count;
	__s32 fd;
	__u32 __reserved;
};

/**
 * struct rewire_session_freeze - REWIRE_SESSION_FREEZE: the source stands still
 * @size: sizeof(struct rewire_session_freeze)
 * @timeout_ms: as for REWIRE_PAUSE
 *
 * EBUSY: a round was not read to its end.
 */
struct rewire_session_freeze {
	__u32 size;
	__u32 timeout_ms;
};

/**
 * struct rewire_session_abort - REWIRE_SESSION_ABORT: give up alone
 * @size: sizeof(struct rewire_session_abort)
 * @flags: zero
 *
 * EBADFD: too late: the source has relinquished, or the target is active.
 */
struct rewire_session_abort {
	__u32 size;
	__u32 flags;
};

/**
 * struct rewire_session_info - REWIRE_SESSION_INFO
 * @size: sizeof(struct rewire_session_info)
 * @state: out: REWIRE_SESSION_*
 * @side: out: REWIRE_SIDE_*
 * @message: out: kind of the message REWIRE_SESSION_GET returns
 * @request_id: out: the migration
 * @workload: out: workload
 * @peer: out: SM id of the other side
 * @epoch: out: the epoch at the source
 * @enclave: out: number of the enclave in this SM, 0 when it is gone
 * @remaining_ms: out: until the deadline
 * @stream_bytes: out: bytes of stream that went through, of all lanes
 */
struct rewire_session_info {
	__u32 size;
	__u32 state;
	__u32 side;
	__u32 message;
	__u8 request_id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u8 peer[REWIRE_ID_SIZE];
	__aligned_u64 epoch;
	__aligned_u64 enclave;
	__aligned_u64 remaining_ms;
	__aligned_u64 stream_bytes;
};

#define REWIRE_IO(nr, type)	_IOWR(REWIRE_IOCTL_TYPE, nr, struct type)

/* every file */
#define REWIRE_GET_WHY		REWIRE_IO(0x00, rewire_get_why)
/* /dev/rewire */
#define REWIRE_GET_INFO		REWIRE_IO(0x01, rewire_get_info)
#define REWIRE_PROVISION	REWIRE_IO(0x02, rewire_provision)
#define REWIRE_CREATE		REWIRE_IO(0x03, rewire_create)
#define REWIRE_OPEN_ENCLAVE	REWIRE_IO(0x04, rewire_open_enclave)
#define REWIRE_LIST		REWIRE_IO(0x05, rewire_list)
#define REWIRE_RESEAL		REWIRE_IO(0x06, rewire_reseal)
#define REWIRE_MIGRATE_OUT	REWIRE_IO(0x07, rewire_migrate_out)
#define REWIRE_MIGRATE_IN	REWIRE_IO(0x08, rewire_migrate_in)
#define REWIRE_OPEN_SESSION	REWIRE_IO(0x09, rewire_open_session)
/* an enclave */
#define REWIRE_ADD_PAGES	REWIRE_IO(0x20, rewire_add_pages)
#define REWIRE_INIT		REWIRE_IO(0x21, rewire_init)
#define REWIRE_GET_TICKET	REWIRE_IO(0x22, rewire_get_ticket)
#define REWIRE_PAUSE		REWIRE_IO(0x23, rewire_pause)
#define REWIRE_RESUME		REWIRE_IO(0x24, rewire_resume)
#define REWIRE_DESTROY		REWIRE_IO(0x25, rewire_destroy)
#define REWIRE_EXTRACT		REWIRE_IO(0x26, rewire_extract)
#define REWIRE_CALL		REWIRE_IO(0x27, rewire_call)
#define REWIRE_ENCLAVE_INFO	REWIRE_IO(0x28, rewire_enclave_info)
/* a stream */
#define REWIRE_STREAM_COMMIT	REWIRE_IO(0x40, rewire_stream_commit)
#define REWIRE_STREAM_ROUND	REWIRE_IO(0x41, rewire_session_round)
/* a session */
#define REWIRE_SESSION_GET	REWIRE_IO(0x60, rewire_session_get)
#define REWIRE_SESSION_PUT	REWIRE_IO(0x61, rewire_session_put)
#define REWIRE_SESSION_FREEZE	REWIRE_IO(0x62, rewire_session_freeze)
#define REWIRE_SESSION_ABORT	REWIRE_IO(0x63, rewire_session_abort)
#define REWIRE_SESSION_INFO	REWIRE_IO(0x64, rewire_session_info)
#define REWIRE_SESSION_ROUND	REWIRE_IO(0x67, rewire_session_round)
#define REWIRE_SESSION_LANE	REWIRE_IO(0x68, rewire_session_lane)

#endif /* _UAPI_REWIRE_H */
