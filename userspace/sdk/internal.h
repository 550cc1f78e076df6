/* SPDX-License-Identifier: MIT */
/*
 * What the files of the SDK share and an enclave need not see.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_SDK_INTERNAL_H
#define REWIRE_SDK_INTERNAL_H

#include <uapi/rewire.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"

/* From enclave.ld. Only their addresses mean something. */
extern char rewire_base[], rewire_span[], rewire_doorbell[];
extern char rewire_ssa_start[], rewire_ssa_size[];
extern char rewire_heap_start[], rewire_heap_end[];
extern char rewire_stack_end[], rewire_stack_stride[], rewire_threads[];

/* A gate for each thread. Nothing but calls.c uses them. */
extern struct rewire_gate rewire_gate[REWIRE_MAX_THREADS];

/* In start.c: what the thread pointer of the first thread points to. */
extern char rewire_thread[REWIRE_BLOCK_SIZE];

extern const struct rewire_layout rewire_layout;

/* Where gate.S goes after it has set up a stack and a thread pointer. */
_Noreturn void rewire_start(void);

/* Where rewire_spawn() goes in the new thread. */
_Noreturn void rewire_thread_start(void);

/* In calls.c: the calls about threads, see REWIRE_GATE_SPAWN. */
long rewire_call_spawn(void);
void rewire_call_spawned(unsigned long slot, int failed);
void rewire_call_leave(void);

/* In update.c: do what was received and is no call; the status to answer. */
int rewire_attend(uint64_t kind, uint64_t format);

/*
 * In calls.c: as much as there is room for, and as there is; at most
 * REWIRE_MAX_SEAL bytes. The number of bytes.
 */
long rewire_export_part(const void *data, size_t length, uint32_t format);
long rewire_import_part(void *buffer, size_t size);

int main(void);

#endif /* REWIRE_SDK_INTERNAL_H */
