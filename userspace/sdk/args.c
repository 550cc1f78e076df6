// SPDX-License-Identifier: MIT
/*
 * Requests as lists of arguments.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <string.h>

#include "rewire_enclave.h"

static uint32_t get_le32(const unsigned char *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

int rewire_args_parse(const void *request, size_t length,
		      struct rewire_args *ret_args)
{
	const unsigned char *at = request;
	struct rewire_args args = { .count = 0 };

	while (length) {
		uint32_t part;

		if (length < sizeof(part))
			return -EBADMSG;
		part = get_le32(at);
		at += sizeof(part);
		length -= sizeof(part);
		if (part > length)
			return -EBADMSG;
		if (args.count == REWIRE_MAX_ARGS)
			return -E2BIG;
		args.arg[args.count++] = (struct rewire_bytes){ at, part };
		at += part;
		length -= part;
	}
	*ret_args = args;
	return 0;
}

int rewire_args_equal(const struct rewire_args *args, size_t index,
		      const char *text)
{
	size_t length = strlen(text);

	return index < args->count && args->arg[index].length == length &&
	       !memcmp(args->arg[index].data, text, length);
}

int rewire_args_number(const struct rewire_args *args, size_t index,
		       uint64_t *ret_value)
{
	const struct rewire_bytes *arg;
	uint64_t value = 0;

	if (index >= args->count || !args->arg[index].length)
		return -EINVAL;
	arg = &args->arg[index];
	for (size_t i = 0; i < arg->length; i++) {
		unsigned int digit = arg->data[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -EINVAL;
	}
	*ret_value = value;
	return 0;
}
