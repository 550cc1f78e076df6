/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SM played by a debugger, to try enclaves without the kernel module.
 *
 * The enclave runs in a traced process at its own addresses, under the seccomp
 * filter, signal handler and alternate stack that the module would give it. A
 * load from the doorbell is a SIGSEGV that only the debugger sees. There is no
 * protection at all here; what is tried is the SDK.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_EMULATE_H
#define REWIRE_EMULATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rewire.h"
#include "uapi/rewire_update.h"

/* Why the enclave stopped. */
enum emu_stop {
	EMU_RECV,	/* it waits for a call */
	EMU_PARKED,	/* it is in the park handler, at the second doorbell */
	EMU_EXITED,	/* it asked to be destroyed */
	EMU_DIED,	/* a signal or the seccomp filter killed it */
	EMU_STEPPED,	/* the number of steps asked for is over */
	EMU_HANDING,	/* it waits in EXPORT or IMPORT, for a slow handover */
};

/**
 * struct emu_handover - state on its way from one version to another
 * @bytes: what was exported
 * @length: how many
 * @done: of these, those that were imported
 * @format: of them
 * @piece: most bytes that one EXPORT or IMPORT carries; 0: no limit
 * @most: EXPORT fails with ECANCELED after so many bytes; 0: no limit
 * @slow: stop in EMU_HANDING before each EXPORT and IMPORT
 * @given_up: the update was given up
 */
struct emu_handover {
	unsigned char *bytes;
	size_t length;
	size_t done;
	uint32_t format;
	size_t piece;
	size_t most;
	int slow;
	int given_up;
};

/**
 * struct emu - an enclave and its process
 * @image: layout, and its memory when there is no process
 * @pid: its process, or 0
 * @stop: why it stands still
 * @signal: what killed it, for EMU_DIED
 * @calls: SM calls so far
 * @answered: an answer came since the last request
 * @status: of the answer
 * @answer: the answer
 * @length: its bytes
 * @open: handle of what it received and has not answered, or 0
 * @asked: what that is, REWIRE_RECV_*
 * @trial: it is the new version of an update, and not the instance yet
 * @handover: of the update that it takes part in, or NULL
 */
struct emu {
	struct rewire_image image;
	pid_t pid;
	enum emu_stop stop;
	int signal;
	unsigned long calls;
	int answered;
	int status;
	unsigned char answer[REWIRE_MAX_PAYLOAD];
	size_t length;
	uint64_t open;
	uint64_t asked;
	int trial;
	struct emu_handover *handover;
};

/* Reads an image. Returns 0, or -1 after a message. */
int emu_load(struct emu *emu, const char *path);

/* Frees what emu_load() took; ends the process. */
void emu_free(struct emu *emu);

/* Starts a process, at the entry or to restore a saved frame. */
int emu_enter(struct emu *emu);
int emu_restore(struct emu *emu);

/* Lets it run until it stops; @steps not 0: at most so many instructions. */
enum emu_stop emu_run(struct emu *emu, unsigned long steps);

/* Sends the park signal; it comes before the next instruction. */
void emu_signal(struct emu *emu);

/* After EMU_PARKED: continue at %rdx, in this process. */
void emu_unpark(struct emu *emu);

/* After EMU_PARKED: keep all writable memory and end the process. */
int emu_save(struct emu *emu);

/*
 * In EMU_RECV, hand over a request: a list of strings up to NULL, or bytes.
 * What follows emu_run() shows; the answer is there when it stops in EMU_RECV.
 */
int emu_send_bytes(struct emu *emu, const void *request, size_t length);
int emu_send(struct emu *emu, const char *const *args);

/*
 * In EMU_RECV, ask for something else than a call: REWIRE_RECV_HEALTH, _EXPORT or
 * _IMPORT. It is answered as a call is.
 */
int emu_ask(struct emu *emu, uint64_t kind);

/* In EMU_HANDING: carry it out. */
int emu_hand(struct emu *emu);

uint64_t emu_ip(const struct emu *emu);

int emu_read(const struct emu *emu, uint64_t address, void *to, size_t length);
int emu_write(const struct emu *emu, uint64_t address, const void *from,
	      size_t length);

/**
 * struct emu_self - who the SM takes the enclave for, and what it has of it
 * @measurement: of the enclave
 * @predecessor: a measurement that it comes after
 * @developer: who signed it
 * @software: software id
 * @workload: workload
 * @svn: security version
 * @generation: of the root key
 * @counter: of the workload
 *
 * One for all enclaves; a check may change it.
 */
struct emu_self {
	unsigned char measurement[REWIRE_DIGEST_SIZE];
	unsigned char predecessor[REWIRE_DIGEST_SIZE];
	unsigned char developer[REWIRE_ID_SIZE];
	unsigned char software[REWIRE_ID_SIZE];
	unsigned char workload[REWIRE_ID_SIZE];
	uint64_t svn;
	uint32_t generation;
	uint64_t counter[REWIRE_COUNTERS];
};

extern struct emu_self emu_self;

/* The SM's side of the gate, in sm.c: carry out @gate but RECV and REPLY. */
void emu_carry_out(struct emu *emu, struct rewire_gate *gate);

/* In handover.c: EXPORT and IMPORT. */
long emu_carry_state(struct emu *emu, const struct rewire_gate *gate);

#endif /* REWIRE_EMULATE_H */
