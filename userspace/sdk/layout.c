// SPDX-License-Identifier: MIT
/*
 * The layout that the SM reads from an image; the addresses are enclave.ld's
 * and gate.S's.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <uapi/rewire.h>
#include <stdint.h>

#include "arch.h"
#include "internal.h"

#define ADDRESS(symbol) ((uintptr_t)(symbol))

__attribute__((section(".rewire.layout"), used))
const struct rewire_layout rewire_layout = {
	.base = ADDRESS(rewire_base),
	.span = ADDRESS(rewire_span),
	.entry = ADDRESS(rewire_entry),
	.resume = ADDRESS(rewire_resume),
	.park = ADDRESS(rewire_park),
	.restorer = ADDRESS(rewire_restorer),
	.ssa = ADDRESS(rewire_ssa_start),
	.ssa_size = ADDRESS(rewire_ssa_size),
	.gate = ADDRESS(rewire_gate),
	.doorbell = ADDRESS(rewire_doorbell),
};

_Static_assert(REWIRE_CLONE_ALLOWED == REWIRE_CLONE_FLAGS, "the filter refuses");
_Static_assert(REWIRE_SAVED_SIZE % 64 == 0, "the frame must stay aligned");
