// SPDX-License-Identifier: MIT
/*
 * Deterministic CBOR, item by item.
 */
#include <errno.h>
#include <string.h>

#include <cbor.h>

#include "cbor_read.h"

#define MAX_HEAD 9

static const char *const major_names[] = {
	"an unsigned number", "a negative number", "a byte string", "a text",
	"an array", "a map",
};

static void take(void *context, int major, __u64 value, const __u8 *data)
{
	struct cbor_item *item = context;

	item->major = major;
	item->value = value;
	item->data = data;
}

static void on_uint8(void *context, uint8_t value)
{
	take(context, CBOR_READ_UINT, value, NULL);
}

static void on_uint16(void *context, uint16_t value)
{
	take(context, CBOR_READ_UINT, value, NULL);
}

static void on_uint32(void *context, uint32_t value)
{
	take(context, CBOR_READ_UINT, value, NULL);
}

static void on_uint64(void *context, uint64_t value)
{
	take(context, CBOR_READ_UINT, value, NULL);
}

static void on_negint8(void *context, uint8_t value)
{
	take(context, CBOR_READ_NEGATIVE, value, NULL);
}

static void on_negint16(void *context, uint16_t value)
{
	take(context, CBOR_READ_NEGATIVE, value, NULL);
}

static void on_negint32(void *context, uint32_t value)
{
	take(context, CBOR_READ_NEGATIVE, value, NULL);
}

static void on_negint64(void *context, uint64_t value)
{
	take(context, CBOR_READ_NEGATIVE, value, NULL);
}

/* Lengths are size_t in libcbor 0.8 and uint64_t in 0.10: one type here. */
_Static_assert(sizeof(size_t) == sizeof(uint64_t), "64 bits only");

static void on_bytes(void *context, cbor_data data, size_t length)
{
	take(context, CBOR_READ_BYTES, length, data);
}

static void on_text(void *context, cbor_data data, size_t length)
{
	take(context, CBOR_READ_TEXT, length, data);
}

static void on_array(void *context, size_t entries)
{
	take(context, CBOR_READ_ARRAY, entries, NULL);
}

static void on_map(void *context, size_t pairs)
{
	take(context, CBOR_READ_MAP, pairs, NULL);
}

/* The one head that a deterministic encoder writes; 0 for what has none. */
static size_t shortest(const struct cbor_item *item, __u8 head[MAX_HEAD])
{
	switch (item->major) {
	case CBOR_READ_UINT:
		return cbor_encode_uint(item->value, head, MAX_HEAD);
	case CBOR_READ_NEGATIVE:
		return cbor_encode_negint(item->value, head, MAX_HEAD);
	case CBOR_READ_BYTES:
		return cbor_encode_bytestring_start(item->value, head, MAX_HEAD);
	case CBOR_READ_TEXT:
		return cbor_encode_string_start(item->value, head, MAX_HEAD);
	case CBOR_READ_ARRAY:
		return cbor_encode_array_start(item->value, head, MAX_HEAD);
	case CBOR_READ_MAP:
		return cbor_encode_map_start(item->value, head, MAX_HEAD);
	default:
		return 0;
	}
}

int cbor_read(struct cbor_reader *reader, struct cbor_item *ret_item,
	      struct rewire_error *err)
{
	struct cbor_callbacks callbacks = cbor_empty_callbacks;
	struct cbor_item item = { .major = -1, .offset = reader->base + reader->at };
	const __u8 *at = reader->data + reader->at;
	size_t left = reader->length - reader->at, size;
	struct cbor_decoder_result result;
	__u8 head[MAX_HEAD];

	callbacks.uint8 = on_uint8;
	callbacks.uint16 = on_uint16;
	callbacks.uint32 = on_uint32;
	callbacks.uint64 = on_uint64;
	callbacks.negint8 = on_negint8;
	callbacks.negint16 = on_negint16;
	callbacks.negint32 = on_negint32;
	callbacks.negint64 = on_negint64;
	callbacks.byte_string = on_bytes;
	callbacks.string = on_text;
	callbacks.array_start = on_array;
	callbacks.map_start = on_map;

	if (left)
		result = cbor_stream_decode(at, left, &callbacks, &item);
	if (!left || result.status == CBOR_DECODER_NEDATA)
		return rewire_fail(err, EBADMSG, "byte %zu: the CBOR is cut off here",
				   item.offset);
	if (result.status != CBOR_DECODER_FINISHED)
		return rewire_fail(err, EBADMSG, "byte %zu: not CBOR",
				   item.offset);
	size = shortest(&item, head);
	if (!size)
		return rewire_fail(err, EBADMSG, "byte %zu: no null, no tag, no number with a point and no indefinite length may stand in evidence",
				   item.offset);
	if (size > left || memcmp(head, at, size))
		return rewire_fail(err, EBADMSG, "byte %zu: %s that is not in its shortest form",
				   item.offset, major_names[item.major]);
	reader->at += result.read;
	*ret_item = item;
	return 0;
}

int cbor_expect(struct cbor_reader *reader, int major, const char *what,
		struct cbor_item *ret_item, struct rewire_error *err)
{
	struct cbor_item item;
	int rc = cbor_read(reader, &item, err);

	if (rc)
		return rc;
	if (item.major != major)
		return rewire_fail(err, EBADMSG, "byte %zu: %s is %s, where %s belongs",
				   item.offset, what, major_names[item.major],
				   major_names[major]);
	*ret_item = item;
	return 0;
}

int cbor_end(const struct cbor_reader *reader, struct rewire_error *err)
{
	if (reader->at == reader->length)
		return 0;
	return rewire_fail(err, EBADMSG, "byte %zu: complete, and something follows",
			   reader->base + reader->at);
}
