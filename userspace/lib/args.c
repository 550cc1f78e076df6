// SPDX-License-Identifier: MIT
/*
 * The argument list of a call: for each a little-endian __u32 length, and bytes.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "rewire.h"

int rewire_args_add(struct rewire_args *args, const void *data, size_t length)
{
	size_t room = sizeof(args->data) - args->length;
	__u32 prefix;

	if (room < sizeof(prefix) || length > room - sizeof(prefix))
		return -EMSGSIZE;
	prefix = htole32((__u32)length);
	memcpy(args->data + args->length, &prefix, sizeof(prefix));
	args->length += sizeof(prefix);
	if (length)
		memcpy(args->data + args->length, data, length);
	args->length += length;
	return 0;
}

int rewire_args_next(const void *data, size_t length, size_t *position,
		     const void **ret_argument, size_t *ret_length)
{
	const __u8 *bytes = data;
	size_t left;
	__u32 prefix;

	if (*position > length)
		return -EBADMSG;
	left = length - *position;
	if (!left)
		return 0;
	if (left < sizeof(prefix))
		return -EBADMSG;
	memcpy(&prefix, bytes + *position, sizeof(prefix));
	prefix = le32toh(prefix);
	if (prefix > left - sizeof(prefix))
		return -EBADMSG;
	*ret_argument = bytes + *position + sizeof(prefix);
	*ret_length = prefix;
	*position += sizeof(prefix) + prefix;
	return 1;
}
