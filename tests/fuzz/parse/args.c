// SPDX-License-Identifier: MIT
/*
 * Arguments of a call: what librewire takes apart, it puts together as it was.
 */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rewire_args args;
	const void *argument;
	size_t at = 0, length;
	int rc;

	args.length = 0;
	if (size > REWIRE_MAX_PAYLOAD)
		return 0;
	while ((rc = rewire_args_next(data, size, &at, &argument, &length)) == 1)
		promise(!rewire_args_add(&args, argument, length));
	promise(rc == 0 || rc == -EBADMSG);
	promise(at <= size && args.length == at);
	promise(!memcmp(args.data, data, at));
	return 0;
}
