// SPDX-License-Identifier: MIT
/*
 * The enclave's part in an update: its state, out of the old version and into
 * the new one, and whether that is well.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "rewire_enclave.h"

static const struct rewire_update_ops nothing;
static const struct rewire_update_ops *ops = &nothing;

void rewire_on_update(const struct rewire_update_ops *wanted)
{
	ops = wanted;
}

static int attend(uint64_t kind, uint64_t format)
{
	switch (kind) {
	case REWIRE_RECV_HEALTH:
		return ops->on_health ? ops->on_health() : 0;
	case REWIRE_RECV_EXPORT:
		return ops->on_export ? ops->on_export() : -EOPNOTSUPP;
	case REWIRE_RECV_IMPORT:
		return ops->on_import ? ops->on_import(format) : -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}

/* A status is 0 or an errno; what else comes back is a mistake, not well. */
int rewire_attend(uint64_t kind, uint64_t format)
{
	int status = attend(kind, format);

	return status > 0 ? -EINVAL : status;
}

static size_t part_of(size_t length)
{
	return length < REWIRE_MAX_SEAL ? length : REWIRE_MAX_SEAL;
}

int rewire_export(const void *data, size_t length)
{
	const unsigned char *at = data;

	while (length) {
		long taken = rewire_export_part(at, part_of(length), ops->format);

		if (taken <= 0)
			return taken ? taken : -EIO;
		at += taken;
		length -= taken;
	}
	return 0;
}

long rewire_import(void *buffer, size_t size)
{
	return size ? rewire_import_part(buffer, part_of(size)) : -EINVAL;
}

/* ---- in small pieces ---- */

int rewire_state_flush(struct rewire_state *state)
{
	int error = rewire_export(state->bytes, state->length);

	explicit_bzero(state, sizeof(*state));
	return error;
}

int rewire_state_put(struct rewire_state *state, const void *data,
		     size_t length)
{
	int error;

	if (length > sizeof(state->bytes) - state->length) {
		error = rewire_state_flush(state);
		if (error)
			return error;
	}
	if (length > sizeof(state->bytes))
		return rewire_export(data, length);
	if (length)
		memcpy(state->bytes + state->length, data, length);
	state->length += length;
	return 0;
}

/* Bytes, 0 at the end. What is larger than the buffer goes past it. */
static long get_some(struct rewire_state *state, void *data, size_t length)
{
	size_t left = state->length - state->done;

	if (!left) {
		long got;

		if (length >= sizeof(state->bytes))
			return rewire_import(data, length);
		got = rewire_import(state->bytes, sizeof(state->bytes));
		if (got <= 0)
			return got;
		state->length = left = got;
		state->done = 0;
	}
	if (length > left)
		length = left;
	memcpy(data, state->bytes + state->done, length);
	state->done += length;
	return length;
}

int rewire_state_get(struct rewire_state *state, void *data, size_t length)
{
	unsigned char *at = data;

	while (length) {
		long got = get_some(state, at, length);

		if (got <= 0)
			return got ? got : -EBADMSG;
		at += got;
		length -= got;
	}
	return 0;
}

int rewire_state_end(struct rewire_state *state)
{
	unsigned char more;
	long got = get_some(state, &more, sizeof(more));

	explicit_bzero(state, sizeof(*state));
	return got > 0 ? -EBADMSG : got;
}
