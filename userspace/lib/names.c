// SPDX-License-Identifier: MIT
/*
 * Ids, hexadecimal digits, and the names of states.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "rewire.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *rewire_hex(const void *data, size_t length, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const __u8 *bytes = data;

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * length] = '\0';
	return text;
}

int rewire_unhex(const char *text, void *data, size_t length)
{
	__u8 *bytes = data;

	if (strlen(text) != 2 * length)
		return -EINVAL;
	for (size_t i = 0; i < 2 * length; i++)
		if (hex_digit(text[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < length; i++)
		bytes[i] = (__u8)(hex_digit(text[2 * i]) << 4 |
				  hex_digit(text[2 * i + 1]));
	return 0;
}

int rewire_id_parse(const char *text, __u8 ret_id[REWIRE_ID_SIZE])
{
	static const __u8 dashes[] = { 8, 13, 18, 23 };
	char digits[2 * REWIRE_ID_SIZE + 1];
	size_t used = 0;

	if (strlen(text) != REWIRE_ID_TEXT - 1)
		return rewire_unhex(text, ret_id, REWIRE_ID_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(dashes); i++)
		if (text[dashes[i]] != '-')
			return -EINVAL;
	for (size_t i = 0; i < REWIRE_ID_TEXT - 1; i++)
		if (!memchr(dashes, (int)i, sizeof(dashes)))
			digits[used++] = text[i];
	digits[used] = '\0';
	return rewire_unhex(digits, ret_id, REWIRE_ID_SIZE);
}

char *rewire_id_format(const __u8 id[REWIRE_ID_SIZE], char text[REWIRE_ID_TEXT])
{
	static const __u8 groups[] = { 4, 2, 2, 2, 6 };
	char *out = text;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (i)
			*out++ = '-';
		rewire_hex(id, groups[i], out);
		id += groups[i];
		out += 2 * groups[i];
	}
	return text;
}

int rewire_id_random(__u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE];

	/* Up to 256 bytes come whole or not at all. */
	while (getrandom(id, sizeof(id), 0) != sizeof(id))
		if (errno != EINTR)
			return rewire_fail(err, errno, "random numbers: %s",
					   strerror(errno));
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

static const char *name_of(const char *const *names, size_t count, __u32 value)
{
	if (value >= count || !names[value])
		return "unknown";
	return names[value];
}

const char *rewire_enclave_state_name(__u32 state)
{
	static const char *const names[REWIRE_ENCLAVE_STATES] = {
		[REWIRE_ENCLAVE_BUILDING] = "building",
		[REWIRE_ENCLAVE_READY] = "ready",
		[REWIRE_ENCLAVE_RUNNING] = "running",
		[REWIRE_ENCLAVE_PAUSING] = "pausing",
		[REWIRE_ENCLAVE_PAUSED] = "paused",
		[REWIRE_ENCLAVE_FROZEN] = "frozen",
		[REWIRE_ENCLAVE_RECEIVING] = "receiving",
		[REWIRE_ENCLAVE_PREPARED] = "prepared",
		[REWIRE_ENCLAVE_DESTROYED] = "destroyed",
	};

	return name_of(names, ARRAY_SIZE(names), state);
}

const char *rewire_session_state_name(__u32 state)
{
	static const char *const names[REWIRE_SESSION_STATES] = {
		[REWIRE_SESSION_OFFERED] = "offered",
		[REWIRE_SESSION_AGREED] = "agreed",
		[REWIRE_SESSION_FROZEN] = "frozen",
		[REWIRE_SESSION_RELINQUISHED] = "relinquished",
		[REWIRE_SESSION_DESTROYED] = "destroyed",
		[REWIRE_SESSION_RECEIVING] = "receiving",
		[REWIRE_SESSION_PREPARED] = "prepared",
		[REWIRE_SESSION_ACTIVE] = "active",
		[REWIRE_SESSION_ABORTED] = "aborted",
	};

	return name_of(names, ARRAY_SIZE(names), state);
}

const char *rewire_message_name(__u32 kind)
{
	static const char *const names[] = {
		[REWIRE_MSG_OFFER] = "OFFER",
		[REWIRE_MSG_ACCEPT] = "ACCEPT",
		[REWIRE_MSG_READY] = "READY",
		[REWIRE_MSG_START] = "START",
		[REWIRE_MSG_ACTIVE] = "ACTIVE",
		[REWIRE_MSG_RECEIPT] = "RECEIPT",
		[REWIRE_MSG_ABORTED] = "ABORTED",
	};

	return name_of(names, ARRAY_SIZE(names), kind);
}

const char *rewire_side_name(__u32 side)
{
	static const char *const names[] = {
		[REWIRE_SIDE_SOURCE] = "source",
		[REWIRE_SIDE_TARGET] = "target",
	};

	return name_of(names, ARRAY_SIZE(names), side);
}
