// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SM's part in a handover of state: bytes from one enclave to another.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulate.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t piece_of(const struct emu_handover *handover, size_t length)
{
	return handover->piece ? least(handover->piece, length) : length;
}

static long export_bytes(struct emu *emu, const struct rewire_gate *gate)
{
	struct emu_handover *handover = emu->handover;
	size_t length = piece_of(handover, gate->arg[1]);
	unsigned char *bytes;

	if (gate->arg[1] > REWIRE_MAX_SEAL ||
	    (handover->length && handover->format != gate->arg[2]))
		return -EINVAL;
	if (handover->most && handover->length >= handover->most)
		handover->given_up = 1;
	if (handover->given_up)
		return -ECANCELED;
	bytes = realloc(handover->bytes, handover->length + length + 1);
	if (!bytes)
		return -ENOMEM;
	handover->bytes = bytes;
	if (emu_read(emu, gate->arg[0], bytes + handover->length, length))
		return -EFAULT;
	handover->length += length;
	handover->format = gate->arg[2];
	return length;
}

static long import_bytes(struct emu *emu, const struct rewire_gate *gate)
{
	struct emu_handover *handover = emu->handover;
	size_t length = least(gate->arg[1], handover->length - handover->done);

	if (handover->given_up)
		return -ECANCELED;
	length = piece_of(handover, length);
	if (length && emu_write(emu, gate->arg[0],
				handover->bytes + handover->done, length))
		return -EFAULT;
	handover->done += length;
	return length;
}

long emu_carry_state(struct emu *emu, const struct rewire_gate *gate)
{
	int export = gate->op == REWIRE_GATE_EXPORT;
	uint64_t needed = export ? REWIRE_RECV_EXPORT : REWIRE_RECV_IMPORT;

	if (!emu->handover || !emu->open || emu->asked != needed)
		return -EBADFD;
	return export ? export_bytes(emu, gate) : import_bytes(emu, gate);
}
