// SPDX-License-Identifier: MIT
/*
 * The loop that most enclaves are.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "rewire_enclave.h"

static unsigned char request_buffer[REWIRE_MAX_PAYLOAD];
static unsigned char answer_buffer[REWIRE_MAX_PAYLOAD];

int rewire_answer_add(struct rewire_answer *answer, const void *data,
		      size_t length)
{
	if (length > answer->size - answer->length)
		return -EMSGSIZE;
	if (length)
		memcpy(answer->data + answer->length, data, length);
	answer->length += length;
	return 0;
}

int rewire_answer_printf(struct rewire_answer *answer, const char *format, ...)
{
	size_t room = answer->size - answer->length;
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf((char *)answer->data + answer->length, room, format,
			   list);
	va_end(list);
	if (length < 0 || (size_t)length >= room)
		return -EMSGSIZE;
	answer->length += length;
	return 0;
}

static int help(const struct rewire_verb *verbs, struct rewire_answer *answer)
{
	int error = 0;

	for (; verbs->name && !error; verbs++)
		error = rewire_answer_printf(answer, "%s %s\n", verbs->name,
					     verbs->usage);
	return error;
}

static int refuse(struct rewire_answer *answer, int status, const char *why)
{
	rewire_answer_printf(answer, "%s\n", why);
	return status;
}

static int dispatch(const struct rewire_verb *verbs, size_t length,
		    struct rewire_answer *answer)
{
	const struct rewire_verb *verb;
	struct rewire_args args;
	int error;

	error = rewire_args_parse(request_buffer, length, &args);
	if (error)
		return refuse(answer, error, "not a list of arguments");
	if (rewire_args_equal(&args, 0, "help"))
		return help(verbs, answer);
	for (verb = verbs; verb->name; verb++)
		if (rewire_args_equal(&args, 0, verb->name))
			break;
	if (!verb->name)
		return refuse(answer, -EOPNOTSUPP, "unknown verb; try help");
	if (args.count - 1 < verb->least || args.count - 1 > verb->most)
		return refuse(answer, -EINVAL, verb->usage);
	return verb->run(&args, answer);
}

_Noreturn void rewire_serve(const struct rewire_verb *verbs)
{
	long length = -ENOENT;
	uint64_t handle;

	for (;;) {
		struct rewire_answer answer = {
			.data = answer_buffer,
			.size = sizeof(answer_buffer),
		};
		int status;

		/* A caller that gave up, or a request too large: the next one. */
		if (length == -ENOENT || length == -EMSGSIZE) {
			length = rewire_recv(request_buffer,
					     sizeof(request_buffer), &handle);
			continue;
		}
		if (length < 0)
			rewire_trap();
		status = dispatch(verbs, length, &answer);
		length = rewire_reply_recv(&handle, status, answer.data,
					   answer.length, request_buffer,
					   sizeof(request_buffer));
	}
}
