/* SPDX-License-Identifier: MIT */
/*
 * Deterministic CBOR (RFC 8949 section 4.2.1), item by item, over libcbor's
 * streaming decoder, which takes any other form as well.
 */
#ifndef LIBREWIRE_CBOR_READ_H
#define LIBREWIRE_CBOR_READ_H

#include "rewire.h"

/* major types */
#define CBOR_READ_UINT 0
#define CBOR_READ_NEGATIVE 1
#define CBOR_READ_BYTES 2
#define CBOR_READ_TEXT 3
#define CBOR_READ_ARRAY 4
#define CBOR_READ_MAP 5

/**
 * struct cbor_reader - bytes and how far they were read
 * @data: all bytes
 * @length: how many
 * @at: offset of the next item
 * @base: offset of @data within what the user has, for messages
 */
struct cbor_reader {
	const __u8 *data;
	size_t length;
	size_t at;
	size_t base;
};

/**
 * struct cbor_item - one item
 * @major: CBOR_READ_*
 * @value: number, length of a string, entries of an array, pairs of a map
 * @data: content of a string, within the reader's bytes
 * @offset: of its first byte, @base included
 */
struct cbor_item {
	int major;
	__u64 value;
	const __u8 *data;
	size_t offset;
};

/*
 * The next item, and past it (past the head of an array or a map).
 * EBADMSG: cut off, not in its shortest form, of indefinite length, or a value
 * that is neither number nor string.
 */
int cbor_read(struct cbor_reader *reader, struct cbor_item *ret_item,
	      struct rewire_error *err);
/* The same; any other type than @major is EBADMSG too. */
int cbor_expect(struct cbor_reader *reader, int major, const char *what,
		struct cbor_item *ret_item, struct rewire_error *err);
/* EBADMSG when something follows. */
int cbor_end(const struct cbor_reader *reader, struct rewire_error *err);

#endif
