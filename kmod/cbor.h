/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The little of CBOR (RFC 8949) that evidence needs, in its one deterministic
 * form (section 4.2.1). Written by hand because the kernel has none.
 *
 * There are no floating-point numbers and no simple values: neither true nor
 * null can stand where something has to be said.
 */
#ifndef REWIRE_CBOR_H
#define REWIRE_CBOR_H

#include <linux/types.h>

#include "why.h"

#define REWIRE_CBOR_DEPTH	8	/* containers within each other */
#define REWIRE_CBOR_MAX_HEAD	9	/* bytes before an item's content */

/* major types */
#define REWIRE_CBOR_UINT	0
#define REWIRE_CBOR_NEGATIVE	1	/* -1 - value */
#define REWIRE_CBOR_BYTES	2
#define REWIRE_CBOR_TEXT	3
#define REWIRE_CBOR_ARRAY	4
#define REWIRE_CBOR_MAP		5
#define REWIRE_CBOR_TAG		6

/**
 * struct rewire_cbor_out - what is being written
 * @buf: where to
 * @room: its bytes
 * @len: bytes written, or that would have been: more than @room is a failure
 */
struct rewire_cbor_out {
	u8 *buf;
	u32 room;
	u32 len;
};

void rewire_cbor_put_head(struct rewire_cbor_out *out, u8 major, u64 value);
void rewire_cbor_put_raw(struct rewire_cbor_out *out, const void *data,
			 u32 len);
void rewire_cbor_put_int(struct rewire_cbor_out *out, s64 value);
void rewire_cbor_put_string(struct rewire_cbor_out *out, u8 major,
			    const void *data, u32 len);
int rewire_cbor_done(const struct rewire_cbor_out *out);

/**
 * struct rewire_cbor_in - what is being read
 * @start: of all bytes, for messages
 * @at: the next one
 * @end: behind the last one
 */
struct rewire_cbor_in {
	const u8 *start;
	const u8 *at;
	const u8 *end;
};

int rewire_cbor_open(struct rewire_cbor_in *in, const void *data, u32 len,
		     struct rewire_why *why);
int rewire_cbor_get_head(struct rewire_cbor_in *in, u8 *major, u64 *value,
			 struct rewire_why *why);
int rewire_cbor_get(struct rewire_cbor_in *in, u8 major, u64 *value,
		    struct rewire_why *why);
int rewire_cbor_get_int(struct rewire_cbor_in *in, s64 *value,
			struct rewire_why *why);
int rewire_cbor_get_string(struct rewire_cbor_in *in, u8 major,
			   const u8 **data, u32 *len, struct rewire_why *why);

/* how far reading has come */
static inline u32 rewire_cbor_offset(const struct rewire_cbor_in *in)
{
	return in->at - in->start;
}

#endif
