// SPDX-License-Identifier: MIT
/*
 * Tokens, to librewire and to the module: both take the same ones, read the same
 * claims, and there is one encoding of each.
 *
 * The first byte says what follows: a token, or a list of items that a token is
 * made of, since no mutation keeps the lengths of strings within strings.
 */
#include <cbor.h>

#include "../kernel/kernel.h"
#include "cbor_read.h"
#include "evidence_items.h"
#include "fuzz.h"

#define MAX_CLAIMS 2048	/* bytes; a token has half of it at most */

/* How a token ends up at what it says: the payload, byte for byte. */
static void one_form(const struct rewire_claims *claims, const uint8_t *data,
		     size_t size)
{
	__u8 map[MAX_CLAIMS];
	int length = kernel_claims_encode(claims, map, sizeof(map));

	promise(length > 0);
	promise(memmem(data, size, map, (size_t)length));
}


static size_t put_item(const struct evidence_item *item, __u8 *to, size_t room)
{
	size_t length = item->value % (2 * EVIDENCE_STRING), head;

	switch (item->major % 4) {
	case CBOR_READ_UINT:
		return cbor_encode_uint(item->value, to, room);
	case CBOR_READ_NEGATIVE:
		return cbor_encode_negint(item->value, to, room);
	case CBOR_READ_BYTES:
		head = cbor_encode_bytestring_start(length, to, room);
		break;
	default:
		head = cbor_encode_string_start(length, to, room);
	}
	if (!head || length > room - head)
		return 0;
	for (size_t i = 0; i < length; i++)
		to[head + i] = item->content[i % EVIDENCE_STRING];
	return head + length;
}

static size_t make_token(const uint8_t *data, size_t size, __u8 *token)
{
	static const __u8 start[] = {
		0xd2, 0x84, 0x45, 0xa1, 0x01, 0x39, 0x01, 0x00,
		0xa1, 0x18, 0x21, 0x41, 0x00,
	}, end[] = { 0x41, 0x00 };
	__u8 map[MAX_CLAIMS], *to = token;
	size_t length = 0, items = 0, put;
	struct evidence_item item;

	for (; size >= sizeof(item); data += sizeof(item), size -= sizeof(item)) {
		memcpy(&item, data, sizeof(item));
		put = put_item(&item, map + length, sizeof(map) - length);
		length += put;
		items += put > 0;
	}
	to = mempcpy(to, start, sizeof(start));
	/* the map's own head has one byte, or two */
	to += cbor_encode_bytestring_start(length + (items / 2 < 24 ? 1 : 2), to, 9);
	to += cbor_encode_map_start(items / 2, to, 9);
	to = mempcpy(to, map, length);
	to = mempcpy(to, end, sizeof(end));
	return (size_t)(to - token);
}

static void compare(const uint8_t *data, size_t size)
{
	struct rewire_claims ours, theirs;
	struct rewire_error err = { 0 };
	char why[KERNEL_WHY] = "";
	int rc, kernel;

	rc = rewire_evidence_parse(data, size, &ours, &err);
	if (rc)
		refused(rc, &err);
	kernel = kernel_evidence_check(data, size, &theirs, why);
	if (!rc != !kernel)
		fprintf(stderr, "librewire: %d, %s\nmodule: %d, %s\n", rc,
			err.text, kernel, why);
	promise(!kernel || why[0]);
	promise(!rc == !kernel);
	if (rc)
		return;
	promise(!memcmp(&ours, &theirs, sizeof(ours)));
	one_form(&ours, data, size);
	rc = rewire_evidence_verify(data, size, PKI_FILE("platform.crt"), &ours,
				    &err);
	if (rc)
		refused(rc, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	__u8 *token;
	size_t length = size - 1;

	if (!size)
		return 0;
	/* exactly as long as it is, for the sanitizer to see what is read */
	if (data[0] != EVIDENCE_ITEMS) {
		token = malloc(length ? length : 1);
		promise(token);
		memcpy(token, data + 1, length);
	} else {
		__u8 made[MAX_CLAIMS + 64];

		length = make_token(data + 1, length, made);
		token = malloc(length);
		promise(token);
		memcpy(token, made, length);
	}
	compare(token, length);
	free(token);
	return 0;
}
