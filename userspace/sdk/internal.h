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

/* From enclave.ld. Only their addresses mean something. */
extern char rewire_base[], rewire_span[], rewire_doorbell[];
extern char rewire_ssa_start[], rewire_ssa_size[];
extern char rewire_heap_start[], rewire_heap_end[];

/* The one gate; its address is in the layout. Nothing but calls.c uses it. */
extern struct rewire_gate rewire_gate;

extern const struct rewire_layout rewire_layout;

/* Where gate.S goes after it has set up a stack and a thread pointer. */
_Noreturn void rewire_start(void);

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
