// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deterministic CBOR: an encoder that knows no other form, and a decoder that
 * accepts no other.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "cbor.h"
#include "compat.h"

static const char *const major_names[] = {
	"an unsigned number", "a negative number", "a byte string", "a text",
	"an array", "a map", "a tag", "a simple value",
};

/**
 * rewire_cbor_put_raw() - bytes as they are
 * @out: what is being written
 * @data: bytes
 * @len: how many
 *
 * What does not fit is counted and not written; rewire_cbor_done() tells.
 */
void rewire_cbor_put_raw(struct rewire_cbor_out *out, const void *data, u32 len)
{
	if (out->len <= out->room && len <= out->room - out->len)
		memcpy(out->buf + out->len, data, len);
	if (check_add_overflow(out->len, len, &out->len))
		out->len = U32_MAX;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_put_raw);

/**
 * rewire_cbor_put_head() - how an item begins
 * @out: what is being written
 * @major: REWIRE_CBOR_*
 * @value: the number itself, the length of a string, the entries of an array,
 *	the pairs of a map, the number of a tag
 */
void rewire_cbor_put_head(struct rewire_cbor_out *out, u8 major, u64 value)
{
	u8 head[REWIRE_CBOR_MAX_HEAD];
	u32 len;

	if (value < 24) {
		head[0] = value;
		len = 1;
	} else if (value <= U8_MAX) {
		head[0] = 24;
		head[1] = value;
		len = 2;
	} else if (value <= U16_MAX) {
		head[0] = 25;
		put_unaligned_be16(value, head + 1);
		len = 3;
	} else if (value <= U32_MAX) {
		head[0] = 26;
		put_unaligned_be32(value, head + 1);
		len = 5;
	} else {
		head[0] = 27;
		put_unaligned_be64(value, head + 1);
		len = 9;
	}
	head[0] |= major << 5;
	rewire_cbor_put_raw(out, head, len);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_put_head);

/**
 * rewire_cbor_put_int() - a number of either sign
 * @out: what is being written
 * @value: the number
 */
void rewire_cbor_put_int(struct rewire_cbor_out *out, s64 value)
{
	if (value < 0)
		rewire_cbor_put_head(out, REWIRE_CBOR_NEGATIVE, ~(u64)value);
	else
		rewire_cbor_put_head(out, REWIRE_CBOR_UINT, value);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_put_int);

/**
 * rewire_cbor_put_string() - a whole string
 * @out: what is being written
 * @major: REWIRE_CBOR_BYTES or REWIRE_CBOR_TEXT
 * @data: its content
 * @len: bytes of it
 */
void rewire_cbor_put_string(struct rewire_cbor_out *out, u8 major,
			    const void *data, u32 len)
{
	rewire_cbor_put_head(out, major, len);
	rewire_cbor_put_raw(out, data, len);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_put_string);

/**
 * rewire_cbor_done() - did it fit?
 * @out: what was written
 *
 * Return: bytes of it, or -EMSGSIZE.
 */
int rewire_cbor_done(const struct rewire_cbor_out *out)
{
	return out->len <= out->room && out->len <= S32_MAX ? out->len :
							      -EMSGSIZE;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_done);

static int cbor_cut(const struct rewire_cbor_in *in, struct rewire_why *why)
{
	return rewire_because(why, -EBADMSG,
			      "CBOR ends within the item at byte %u",
			      rewire_cbor_offset(in));
}

/* the argument that follows the first byte; in its shortest form, or not at all */
static int cbor_argument(const u8 *at, u32 left, u8 info, u64 *value)
{
	static const u64 least[] = { 24, 1ULL << 8, 1ULL << 16, 1ULL << 32 };
	u32 size = 1U << (info - 24);

	if (left < size)
		return -ENODATA;
	switch (size) {
	case 1:
		*value = at[0];
		break;
	case 2:
		*value = get_unaligned_be16(at);
		break;
	case 4:
		*value = get_unaligned_be32(at);
		break;
	default:
		*value = get_unaligned_be64(at);
	}
	return *value < least[info - 24] ? -EBADMSG : size;
}

/**
 * rewire_cbor_get_head() - how the next item begins
 * @in: what is being read; stays where it is on failure
 * @major: out: REWIRE_CBOR_*
 * @value: out: as for rewire_cbor_put_head(); the length of a string lies
 *	within what there is to read
 * @why: reason of a refusal
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_cbor_get_head(struct rewire_cbor_in *in, u8 *major, u64 *value,
			 struct rewire_why *why)
{
	u32 left = in->end - in->at;
	int size = 0;
	u64 number;
	u8 type, info;

	if (!left)
		return cbor_cut(in, why);
	type = in->at[0] >> 5;
	info = in->at[0] & 31;
	if (type > REWIRE_CBOR_TAG)
		return rewire_because(why, -EBADMSG,
				      "CBOR byte %u: neither null nor any other simple value says anything",
				      rewire_cbor_offset(in));
	if (info > 27)
		return rewire_because(why, -EBADMSG,
				      "CBOR byte %u: %s of no definite length",
				      rewire_cbor_offset(in),
				      major_names[type]);
	number = info;
	if (info >= 24)
		size = cbor_argument(in->at + 1, left - 1, info, &number);
	if (size == -ENODATA)
		return cbor_cut(in, why);
	if (size < 0)
		return rewire_because(why, -EBADMSG,
				      "CBOR byte %u: %s that is not in its shortest form",
				      rewire_cbor_offset(in),
				      major_names[type]);
	left -= 1 + size;
	if ((type == REWIRE_CBOR_BYTES || type == REWIRE_CBOR_TEXT) &&
	    number > left)
		return cbor_cut(in, why);
	in->at += 1 + size;
	*major = type;
	*value = number;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_get_head);

/* a container that is not complete; a map counts keys and values */
struct cbor_level {
	u64 left;
	bool map;
	const u8 *key;
	u32 key_len;
};

/* bytewise order of encodings, RFC 8949 section 4.2.1 */
static bool cbor_after(const u8 *a, u32 a_len, const u8 *b, u32 b_len)
{
	int order = memcmp(a, b, min(a_len, b_len));

	return order ? order > 0 : a_len > b_len;
}

/* a key that is complete comes behind the one before it */
static int cbor_key(const struct rewire_cbor_in *in, struct cbor_level *level,
		    const u8 *key, struct rewire_why *why)
{
	u32 len = in->at - key;

	if (level->key && !cbor_after(key, len, level->key, level->key_len))
		return rewire_because(why, -EBADMSG,
				      "CBOR byte %u: a key again, or out of order",
				      (u32)(key - in->start));
	level->key = key;
	level->key_len = len;
	return 0;
}

static int cbor_enter(const struct rewire_cbor_in *in, struct cbor_level *level,
		      u8 major, u64 value, struct rewire_why *why)
{
	/* the number of a tag counts nothing; one item follows */
	if (major == REWIRE_CBOR_TAG)
		value = 1;
	/* every entry has a byte at least, so this bounds the walk as well */
	if (value > (u64)(in->end - in->at))
		return cbor_cut(in, why);
	*level = (struct cbor_level){ .left = value };
	if (major == REWIRE_CBOR_MAP) {
		level->left *= 2;
		level->map = true;
	}
	return 0;
}

static int cbor_walk(struct rewire_cbor_in *in, struct rewire_why *why)
{
	struct cbor_level stack[REWIRE_CBOR_DEPTH + 1] = { { .left = 1 } };
	struct cbor_level *level = stack;
	const u8 *item;
	u64 value;
	bool key;
	u8 major;
	int ret;

	for (;;) {
		while (!level->left) {
			if (level == stack)
				return 0;
			level--;
		}
		item = in->at;
		key = level->map && !(level->left & 1);
		level->left--;
		ret = rewire_cbor_get_head(in, &major, &value, why);
		if (ret)
			return ret;
		if (major == REWIRE_CBOR_BYTES || major == REWIRE_CBOR_TEXT)
			in->at += value;
		if (key && major >= REWIRE_CBOR_ARRAY)
			return rewire_because(why, -EBADMSG,
					      "CBOR byte %u: %s as a key",
					      (u32)(item - in->start),
					      major_names[major]);
		if (key) {
			ret = cbor_key(in, level, item, why);
		} else if (major >= REWIRE_CBOR_ARRAY) {
			if (level == stack + REWIRE_CBOR_DEPTH)
				return rewire_because(why, -EBADMSG,
						      "CBOR byte %u: nested more than %u deep",
						      (u32)(item - in->start),
						      REWIRE_CBOR_DEPTH);
			ret = cbor_enter(in, ++level, major, value, why);
		}
		if (ret)
			return ret;
	}
}

/**
 * rewire_cbor_open() - begin to read
 * @in: out: before the first item
 * @data: bytes from anybody
 * @len: how many
 * @why: reason of a refusal
 *
 * Goes through all of it once: exactly one item, everything in its shortest
 * form and of definite length, keys in ascending order and each once, nothing
 * nested deeper than REWIRE_CBOR_DEPTH, and nothing behind it.
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_cbor_open(struct rewire_cbor_in *in, const void *data, u32 len,
		     struct rewire_why *why)
{
	int ret;

	in->start = data;
	in->at = data;
	in->end = in->start + len;
	ret = cbor_walk(in, why);
	if (!ret && in->at != in->end)
		ret = rewire_because(why, -EBADMSG,
				     "CBOR is complete at byte %u, and something follows",
				     rewire_cbor_offset(in));
	in->at = in->start;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_open);

/**
 * rewire_cbor_get() - the next item has to be of this type
 * @in: what is being read
 * @major: REWIRE_CBOR_*
 * @value: out: as for rewire_cbor_put_head()
 * @why: reason of a refusal
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_cbor_get(struct rewire_cbor_in *in, u8 major, u64 *value,
		    struct rewire_why *why)
{
	u32 offset = rewire_cbor_offset(in);
	u8 found;
	int ret;

	ret = rewire_cbor_get_head(in, &found, value, why);
	if (!ret && found != major)
		ret = rewire_because(why, -EBADMSG,
				     "CBOR byte %u: %s where %s belongs",
				     offset, major_names[found],
				     major_names[major]);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_get);

/**
 * rewire_cbor_get_int() - the next item, a number of either sign
 * @in: what is being read
 * @value: out: the number
 * @why: reason of a refusal
 *
 * Return: 0 or -EBADMSG, also for a number beyond 64 bits with sign.
 */
int rewire_cbor_get_int(struct rewire_cbor_in *in, s64 *value,
			struct rewire_why *why)
{
	u32 offset = rewire_cbor_offset(in);
	u64 number;
	u8 major;
	int ret;

	ret = rewire_cbor_get_head(in, &major, &number, why);
	if (ret)
		return ret;
	if (major > REWIRE_CBOR_NEGATIVE || number > S64_MAX)
		return rewire_because(why, -EBADMSG,
				      "CBOR byte %u: not a number of 64 bits",
				      offset);
	*value = major == REWIRE_CBOR_NEGATIVE ? ~(s64)number : (s64)number;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_get_int);

/**
 * rewire_cbor_get_string() - the next item, a string
 * @in: what is being read
 * @major: REWIRE_CBOR_BYTES or REWIRE_CBOR_TEXT
 * @data: out: its content, in place
 * @len: out: bytes of it
 * @why: reason of a refusal
 *
 * Return: 0 or -EBADMSG.
 */
int rewire_cbor_get_string(struct rewire_cbor_in *in, u8 major,
			   const u8 **data, u32 *len, struct rewire_why *why)
{
	u64 value;
	int ret;

	ret = rewire_cbor_get(in, major, &value, why);
	if (ret)
		return ret;
	*data = in->at;
	*len = value;
	in->at += value;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cbor_get_string);
