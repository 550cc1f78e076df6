/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * REWIRE: how an enclave is laid out, and how it speaks to the SM.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef _UAPI_REWIRE_ENCLAVE_H
#define _UAPI_REWIRE_ENCLAVE_H

#include "rewire_limits.h"

#define REWIRE_PROT_READ		1
#define REWIRE_PROT_WRITE		2
#define REWIRE_PROT_EXEC		4

/**
 * struct rewire_layout - where the SM finds what it needs in an enclave
 * @base: first address; page aligned
 * @span: bytes from @base; a multiple of the page size
 * @entry: where a thread starts for the first time
 * @resume: where it starts when a saved frame is to be restored
 * @park: handler of REWIRE_PARK_SIGNAL
 * @restorer: what the handler returns to; calls rt_sigreturn
 * @ssa: State Save Area, the signal stack, 64-byte aligned, within a writable
 *	segment; its lowest 64 bytes are left to the gate's own use
 * @ssa_size: its bytes, at least REWIRE_MIN_SSA
 * @gate: struct rewire_gate; 64-byte aligned, within a writable page
 * @doorbell: two pages outside of [@base, @base + @span): a load from the first
 *	makes the SM carry out @gate; one from the second parks the thread. No
 *	page is ever mapped there; the load continues at the address in the
 *	register that REWIRE_DOORBELL_RETURN names.
 *
 * All are addresses. The layout is measured.
 *
 * A manifest that allows more threads than one wants as much for each: @ssa, @gate
 * and @doorbell are of the first, and those of slot n lie behind them, n * @ssa_size,
 * n * sizeof(struct rewire_gate) and 2 * n pages further.
 *
 * At @entry all registers are zero. At @resume all but the one that
 * REWIRE_RESUME_OTHERS names: it has a bit for each slot whose thread is to be
 * restored beside the first. The first makes them with REWIRE_CLONE_FLAGS, one for
 * each bit, and each, the first too, loads from the second doorbell page of its
 * slot. The loads are over once all have come; without a bit the first need not.
 */
struct rewire_layout {
	__u64 base;
	__u64 span;
	__u64 entry;
	__u64 resume;
	__u64 park;
	__u64 restorer;
	__u64 ssa;
	__u64 ssa_size;
	__u64 gate;
	__u64 doorbell;
};

#define REWIRE_PARK_SIGNAL		10	/* SIGUSR1 */
#define REWIRE_MIN_SSA			16384
#define REWIRE_DOORBELL_PAGES		2
#define REWIRE_DOORBELL_RETURN		"rdx"	/* x86-64 */
#define REWIRE_RESUME_OTHERS		"rdi"
/* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM: the clone() that a launcher allows */
#define REWIRE_CLONE_FLAGS		0x50f00

/**
 * struct rewire_gate - one call of the enclave to its SM
 * @op: REWIRE_GATE_*
 * @flags: zero
 * @result: the SM's answer: 0 or a length, or a negative errno
 * @arg: depends on @op; addresses must lie in writable or readable segments
 *
 * The struct lies in enclave memory and the SM reads and writes it there, so
 * that neither a descriptor nor the value of a system call has to be trusted.
 */
struct rewire_gate {
	__u32 op;
	__u32 flags;
	__s64 result;
	__u64 arg[6];
};

/*
 * RECV: arg[0] buffer, arg[1] its size; waits for a call. Returns the length,
 * arg[2] is the handle to answer with. EMSGSIZE: the call was refused to the
 * caller because the buffer is too small. EPERM: the first thread alone receives;
 * any may reply.
 */
#define REWIRE_GATE_RECV		1
/*
 * REPLY: arg[2] handle, arg[3] buffer, arg[4] length, arg[5] status for the
 * caller (__s32). ENOENT: no such call.
 */
#define REWIRE_GATE_REPLY		2
/*
 * REPLY with arg[2..5] and then RECV with arg[0..1], in one go. When the reply
 * fails, nothing is received. Once it is done the SM makes @op RECV, so that an
 * interruption repeats the wait alone.
 */
#define REWIRE_GATE_REPLY_RECV		3
/* RANDOM: arg[0] buffer, arg[1] length (at most REWIRE_MAX_PAYLOAD). */
#define REWIRE_GATE_RANDOM		4
/*
 * SEAL: arg[0] plain text, arg[1] length, arg[2] buffer, arg[3] its size,
 * arg[4] policy. Returns the length of the blob (plain text plus
 * REWIRE_SEAL_OVERHEAD). UNSEAL: the same with blob and plain text exchanged.
 * EKEYREJECTED: not sealed by this software on this SM, or changed since.
 * EOPNOTSUPP: a policy or root generation that this SM does not know.
 */
#define REWIRE_GATE_SEAL		5
#define REWIRE_GATE_UNSEAL		6
/* EXIT: arg[0] code; the enclave is destroyed. */
#define REWIRE_GATE_EXIT		7
/* SELF: arg[0] buffer for struct rewire_self. */
#define REWIRE_GATE_SELF		8

/*
 * SPAWN: a slot for one thread more. Returns its number, and the caller cannot be
 * paused until SPAWNED. It makes the thread with REWIRE_CLONE_FLAGS, and that loads
 * from the second doorbell page of the slot: it is the slot's from then on, and the
 * load continues. EDQUOT: the manifest allows no more.
 *
 * SPAWNED: arg[0] the slot, arg[1] not 0: no thread was made, and the slot is free
 * again. EINVAL: it is not reserved.
 *
 * LEAVE: the caller, which is not the first thread, is going to end and rings no
 * more. EINVAL: it is the first.
 */
#define REWIRE_GATE_SPAWN		12	/* 10 and 11: rewire_update.h */
#define REWIRE_GATE_SPAWNED		13
#define REWIRE_GATE_LEAVE		14

/*
 * COUNTER: arg[0] which, below REWIRE_COUNTERS; arg[1] REWIRE_COUNTER_*. Returns 0,
 * arg[2] is the value. It belongs to the workload: it goes along with migrations
 * and updates, and never falls. EIO, ENOSPC and their like: the journal cannot be
 * written, nothing was added.
 *
 * ADD returns when the addition is on the disk. ADD_HELD returns at once, and
 * whatever the enclave answers from then on is held by the SM, as if the enclave
 * still worked on it, until the addition is on the disk. A power cut before that
 * takes the addition, and all answers that could tell of it. Without room on the disk
 * answers are held until there is some; when the journal fails for good, who calls
 * gets EIO.
 *
 * ADD_AHEAD returns at once, too, and holds nothing yet: it is for a value that the
 * enclave is going to need, and that no answer tells of before it said HOLD, which
 * counts for all additions so far. By then it may be on the disk, and nobody waits.
 */
#define REWIRE_GATE_COUNTER		9

#define REWIRE_COUNTER_READ		0
#define REWIRE_COUNTER_ADD		1
#define REWIRE_COUNTER_ADD_HELD		2
#define REWIRE_COUNTER_ADD_AHEAD	3
#define REWIRE_COUNTER_HOLD		4

/* Who can open a sealed blob, always on the same SM: */
#define REWIRE_SEAL_MEASUREMENT		1	/* this very code, or its successor */
#define REWIRE_SEAL_SOFTWARE		2	/* this software of this developer,
						 * with this SVN or a higher one
						 */
#define REWIRE_SEAL_WORKLOAD		3	/* whatever is this workload */

/*
 * UNSEAL sets this in arg[5] when the blob would be sealed otherwise today: by a
 * predecessor, a lower SVN or an older root key. Seal it again when convenient.
 */
#define REWIRE_SEALED_LEGACY		1

/**
 * struct rewire_sealed - header of a sealed blob; cipher text and tag follow
 * @magic: REWIRE_MAGIC
 * @policy: REWIRE_SEAL_*
 * @generation: of the root key
 * @length: bytes of plain text
 * @svn: of the enclave that sealed it
 * @epoch: of the enclave that sealed it
 * @measurement: of the enclave that sealed it
 * @owner: who may open it, by policy. MEASUREMENT: @measurement once more.
 *	SOFTWARE: developer id, software id. WORKLOAD: workload, zeros
 * @salt: fresh and random; the key is derived from it
 *
 * A developer id is the first bytes of SHA-256 over the public key of the
 * anchor that signed the manifest.
 */
struct rewire_sealed {
	__u32 magic;
	__u32 policy;
	__u32 generation;
	__u32 length;
	__u64 svn;
	__u64 epoch;
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 owner[REWIRE_DIGEST_SIZE];
	__u8 salt[REWIRE_SALT_SIZE];
};

#define REWIRE_SEAL_OVERHEAD	(sizeof(struct rewire_sealed) + REWIRE_TAG_SIZE)

/**
 * struct rewire_self - what an enclave may know about itself
 * @workload: its workload
 * @epoch: its epoch; changes when it moved or was restored
 * @measurement: its measurement
 * @sm: id of the SM it runs under
 */
struct rewire_self {
	__u8 workload[REWIRE_ID_SIZE];
	__u64 epoch;
	__u8 measurement[REWIRE_DIGEST_SIZE];
	__u8 sm[REWIRE_ID_SIZE];
};

/**
 * struct rewire_ticket - one entry into one enclave, the content of a memfd
 * @magic: REWIRE_TICKET_MAGIC
 * @enclave: its id
 * @capability: secret, one-time
 *
 * Executing the file enters the enclave. A ticket is valid once, for the user
 * and in the network namespace that asked for it, until another is issued.
 */
struct rewire_ticket {
	__u8 magic[8];
	__u64 enclave;
	__u8 capability[32];
};

#define REWIRE_TICKET_MAGIC		"\177RWTKT\n"	/* and its zero */

#endif
