// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deterministic CBOR: the examples of RFC 8949 appendix A in both directions
 * where they are deterministic, and a refusal of each where they are not.
 */
#include <kunit/test.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "../../kmod/cbor.h"
#include "util.h"

/* the bytes alone in their allocation, so that KASAN sees one too many read */
static int cbor_open_exact(struct kunit *test, const u8 *data, u32 len)
{
	u8 *copy = kmemdup(data, len, GFP_KERNEL);
	struct rewire_cbor_in in;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	ret = rewire_cbor_open(&in, copy, len, NULL);
	kfree(copy);
	return ret;
}

static int cbor_open_hex(struct kunit *test, const char *hex)
{
	return cbor_open_exact(test, test_hex(test, hex), strlen(hex) / 2);
}

/* write again what was read, item by item */
static u32 cbor_again(struct rewire_cbor_in *in, u8 *buf, u32 room)
{
	struct rewire_cbor_out out = { .buf = buf, .room = room };
	const u8 *data;
	u64 value;
	u32 len;
	u8 major;

	while (in->at < in->end) {
		major = *in->at >> 5;
		if (major == REWIRE_CBOR_BYTES || major == REWIRE_CBOR_TEXT) {
			if (rewire_cbor_get_string(in, major, &data, &len,
						   NULL))
				return 0;
			rewire_cbor_put_string(&out, major, data, len);
			continue;
		}
		if (rewire_cbor_get_head(in, &major, &value, NULL))
			return 0;
		rewire_cbor_put_head(&out, major, value);
	}
	return rewire_cbor_done(&out);
}

static void expect_again(struct kunit *test, const u8 *data, u32 len,
			 const char *what)
{
	u8 *copy = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	struct rewire_cbor_in in;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_ASSERT_EQ_MSG(test, rewire_cbor_open(&in, data, len, NULL), 0,
			    "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, cbor_again(&in, copy, len), len, "%s", what);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(copy, data, len), 0, "%s", what);
	kunit_kfree(test, copy);
}

static const struct {
	u8 major;
	u64 value;
	const char *hex;
} numbers[] = {
	{ REWIRE_CBOR_UINT, 0, "00" },
	{ REWIRE_CBOR_UINT, 1, "01" },
	{ REWIRE_CBOR_UINT, 10, "0a" },
	{ REWIRE_CBOR_UINT, 23, "17" },
	{ REWIRE_CBOR_UINT, 24, "1818" },
	{ REWIRE_CBOR_UINT, 25, "1819" },
	{ REWIRE_CBOR_UINT, 100, "1864" },
	{ REWIRE_CBOR_UINT, 255, "18ff" },
	{ REWIRE_CBOR_UINT, 256, "190100" },
	{ REWIRE_CBOR_UINT, 1000, "1903e8" },
	{ REWIRE_CBOR_UINT, 65535, "19ffff" },
	{ REWIRE_CBOR_UINT, 65536, "1a00010000" },
	{ REWIRE_CBOR_UINT, 1000000, "1a000f4240" },
	{ REWIRE_CBOR_UINT, U32_MAX, "1affffffff" },
	{ REWIRE_CBOR_UINT, 1ULL << 32, "1b0000000100000000" },
	{ REWIRE_CBOR_UINT, 1000000000000, "1b000000e8d4a51000" },
	{ REWIRE_CBOR_UINT, U64_MAX, "1bffffffffffffffff" },
	{ REWIRE_CBOR_NEGATIVE, 0, "20" },
	{ REWIRE_CBOR_NEGATIVE, 9, "29" },
	{ REWIRE_CBOR_NEGATIVE, 99, "3863" },
	{ REWIRE_CBOR_NEGATIVE, 999, "3903e7" },
	{ REWIRE_CBOR_NEGATIVE, U64_MAX, "3bffffffffffffffff" },
};

static void number_is_written_and_read(struct kunit *test)
{
	struct rewire_cbor_out out;
	struct rewire_cbor_in in;
	u8 buf[16], *bytes, major;
	u32 len;
	u64 value;
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		len = strlen(numbers[i].hex) / 2;
		bytes = test_hex(test, numbers[i].hex);
		out = (struct rewire_cbor_out){ buf, sizeof(buf), 0 };
		rewire_cbor_put_head(&out, numbers[i].major, numbers[i].value);
		KUNIT_EXPECT_EQ(test, rewire_cbor_done(&out), len);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(buf, bytes, len), 0, "%s",
				    numbers[i].hex);
		KUNIT_ASSERT_EQ(test, rewire_cbor_open(&in, bytes, len, NULL),
				0);
		KUNIT_EXPECT_EQ(test, rewire_cbor_get_head(&in, &major, &value,
							   NULL), 0);
		KUNIT_EXPECT_EQ(test, major, numbers[i].major);
		KUNIT_EXPECT_EQ_MSG(test, value, numbers[i].value, "%s",
				    numbers[i].hex);
	}
}

static void number_of_either_sign_has_64_bits(struct kunit *test)
{
	static const struct {
		s64 value;
		const char *hex;
	} good[] = {
		{ 0, "00" }, { -1, "20" }, { -257, "390100" },
		{ -70000, "3a0001116f" },
		{ S64_MAX, "1b7fffffffffffffff" },
		{ S64_MIN, "3b7fffffffffffffff" },
	};
	static const char *const bad[] = {
		"1b8000000000000000", "3b8000000000000000", "40", "80",
	};
	struct rewire_cbor_out out;
	struct rewire_cbor_in in;
	u8 buf[16], *bytes;
	s64 value;
	int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		bytes = test_hex(test, good[i].hex);
		out = (struct rewire_cbor_out){ buf, sizeof(buf), 0 };
		rewire_cbor_put_int(&out, good[i].value);
		KUNIT_EXPECT_EQ(test, out.len, strlen(good[i].hex) / 2);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(buf, bytes, out.len), 0, "%s",
				    good[i].hex);
		KUNIT_ASSERT_EQ(test, rewire_cbor_open(&in, bytes, out.len,
						       NULL), 0);
		KUNIT_EXPECT_EQ(test, rewire_cbor_get_int(&in, &value, NULL),
				0);
		KUNIT_EXPECT_EQ(test, value, good[i].value);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_ASSERT_EQ(test, rewire_cbor_open(&in,
						       test_hex(test, bad[i]),
						       strlen(bad[i]) / 2,
						       NULL), 0);
		KUNIT_EXPECT_EQ_MSG(test, rewire_cbor_get_int(&in, &value,
							      NULL),
				    -EBADMSG, "%s", bad[i]);
	}
}

/* RFC 8949 appendix A, what is left without floats and simple values */
static const char *const items[] = {
	"40", "4401020304", "60", "6161", "6449455446", "62225c", "62c3bc",
	"63e6b0b4", "64f0908591", "80", "83010203", "8301820203820405",
	"98190102030405060708090a0b0c0d0e0f101112131415161718181819",
	"a0", "a201020304", "a26161016162820203", "826161a161626163",
	"a56161614161626142616361436164614461656145",
	"c074323031332d30332d32315432303a30343a30305a",
	"c11a514b67b0", "d74401020304", "d818456449455446",
	"d82076687474703a2f2f7777772e6578616d706c652e636f6d",
	"c249010000000000000000", "c349010000000000000000",
	/* bytewise, not by length: 24 comes before -1 */
	"a2181800200c", "a30a002000612a00",
};

static void item_is_read_and_written_again(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(items); i++)
		expect_again(test, test_hex(test, items[i]),
			     strlen(items[i]) / 2, items[i]);
}

static void item_truncated_is_refused(struct kunit *test)
{
	u32 i, len;
	u8 *bytes;

	for (i = 0; i < ARRAY_SIZE(items); i++) {
		bytes = test_hex(test, items[i]);
		for (len = 0; len < strlen(items[i]) / 2; len++)
			KUNIT_EXPECT_EQ_MSG(test,
					    cbor_open_exact(test, bytes, len),
					    -EBADMSG, "%u bytes of %s", len,
					    items[i]);
	}
}

static void item_with_more_behind_is_refused(struct kunit *test)
{
	char more[80];
	int i;

	for (i = 0; i < ARRAY_SIZE(items); i++) {
		snprintf(more, sizeof(more), "%s00", items[i]);
		KUNIT_EXPECT_EQ_MSG(test, cbor_open_hex(test, more), -EBADMSG,
				    "%s", more);
	}
}

/* a head of @size bytes behind the first, whatever the number needs */
static int head_of(u8 major, u64 number, u32 size)
{
	u8 head[REWIRE_CBOR_MAX_HEAD] = { major << 5 | (24 + ilog2(size)) };
	struct rewire_cbor_in in = { head, head, head + 1 + size };
	u64 value;
	u32 i;

	for (i = 0; i < size; i++)
		head[1 + i] = number >> 8 * (size - 1 - i);
	return rewire_cbor_get_head(&in, &major, &value, NULL);
}

static void head_not_in_its_shortest_form_is_refused(struct kunit *test)
{
	static const struct {
		u32 size;
		u64 least;
	} forms[] = { { 1, 24 }, { 2, 256 }, { 4, 65536 }, { 8, 1ULL << 32 } };
	u32 i, major, size;

	for (i = 0; i < 7 * ARRAY_SIZE(forms); i++) {
		major = i / ARRAY_SIZE(forms);
		size = forms[i % ARRAY_SIZE(forms)].size;
		KUNIT_EXPECT_EQ_MSG(test, head_of(major, 0, size), -EBADMSG,
				    "type %u, 0 in %u bytes", major, size);
		KUNIT_EXPECT_EQ_MSG(test, head_of(major,
						  forms[i % ARRAY_SIZE(forms)].least - 1,
						  size), -EBADMSG,
				    "type %u in %u bytes", major, size);
		/* a string of that length is not there */
		if (major == REWIRE_CBOR_BYTES || major == REWIRE_CBOR_TEXT)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, head_of(major,
						  forms[i % ARRAY_SIZE(forms)].least,
						  size), 0,
				    "type %u in %u bytes", major, size);
	}
}

static void form_that_is_not_deterministic_is_refused(struct kunit *test)
{
	static const char *const bad[] = {
		/* appendix A: floats, simple values */
		"f90000", "f93c00", "fb3ff199999999999a", "fa47c35000",
		"f97e00", "f4", "f5", "f6", "f7", "f0", "f8ff", "ff",
		/* appendix A: of indefinite length */
		"5f42010243030405ff", "7f657374726561646d696e67ff", "9fff",
		"9f018202039f0405ffff", "83018202039f0405ff", "bf61610161629fff",
		"bf6346756ef563416d7421ff",
		/* appendix F: reserved */
		"1c", "1d", "1e", "3c", "5c", "7d", "9e", "bc", "dc", "fc",
		/* keys: double, out of order, by length, containers */
		"a201020102", "a203040102", "a220001818ff", "a2200c181800",
		"a2616200616100", "a18000", "a1a000", "a1c00000",
		/* null as value and as key */
		"a101f6", "a1f601", "82f601",
		/* promises of what cannot be there */
		"9bffffffffffffffff", "bbffffffffffffffff", "bb7fffffffffffffff",
		"5bffffffffffffffff00", "7affffffff00", "9affffffff00",
		"bb8000000000000000",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, cbor_open_hex(test, bad[i]),
				    -EBADMSG, "%s", bad[i]);
}

static void nesting_is_bounded(struct kunit *test)
{
	static const u8 heads[] = { 0x81, 0xc1 };
	u8 bytes[REWIRE_CBOR_DEPTH + 2];
	int i;

	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		memset(bytes, heads[i], sizeof(bytes));
		bytes[REWIRE_CBOR_DEPTH] = 0;
		KUNIT_EXPECT_EQ(test, cbor_open_exact(test, bytes,
						      REWIRE_CBOR_DEPTH + 1), 0);
		bytes[REWIRE_CBOR_DEPTH] = heads[i];
		bytes[REWIRE_CBOR_DEPTH + 1] = 0;
		KUNIT_EXPECT_EQ(test, cbor_open_exact(test, bytes,
						      REWIRE_CBOR_DEPTH + 2),
				-EBADMSG);
	}
}

static void writing_stays_within_its_room(struct kunit *test)
{
	struct rewire_cbor_out out;
	u8 buf[8];
	u32 room;

	for (room = 0; room <= 6; room++) {
		memset(buf, 0xee, sizeof(buf));
		out = (struct rewire_cbor_out){ buf, room, 0 };
		rewire_cbor_put_string(&out, REWIRE_CBOR_TEXT, "hello", 5);
		KUNIT_EXPECT_EQ(test, rewire_cbor_done(&out),
				room == 6 ? 6 : -EMSGSIZE);
		KUNIT_EXPECT_EQ(test, buf[room], 0xee);
	}
	out = (struct rewire_cbor_out){ buf, sizeof(buf), U32_MAX - 2 };
	rewire_cbor_put_string(&out, REWIRE_CBOR_TEXT, "hello", 5);
	KUNIT_EXPECT_EQ(test, rewire_cbor_done(&out), -EMSGSIZE);
}

/* Whatever is accepted has one encoding: what was read. */
static void mutated_bytes_are_refused_or_deterministic(struct kunit *test)
{
	u8 bytes[48], *exact;
	struct rewire_cbor_in in;
	u32 round, len, accepted = 0;
	const char *hex;

	for (round = 0; round < 20000; round++) {
		hex = items[get_random_u32() % ARRAY_SIZE(items)];
		len = strlen(hex) / 2;
		KUNIT_ASSERT_EQ(test, hex2bin(bytes, hex, len), 0);
		do {
			bytes[get_random_u32() % len] = get_random_u32();
		} while (get_random_u32() & 1);
		exact = kmemdup(bytes, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, exact);
		if (!rewire_cbor_open(&in, exact, len, NULL)) {
			accepted++;
			if (cbor_again(&in, bytes, len) != len ||
			    memcmp(bytes, exact, len))
				KUNIT_FAIL(test, "not deterministic: %*ph",
					   (int)len, exact);
		}
		kfree(exact);
	}
	KUNIT_EXPECT_GT(test, accepted, 0);
	KUNIT_EXPECT_LT(test, accepted, 20000);
}

static struct kunit_case cbor_cases[] = {
	KUNIT_CASE(number_is_written_and_read),
	KUNIT_CASE(number_of_either_sign_has_64_bits),
	KUNIT_CASE(item_is_read_and_written_again),
	KUNIT_CASE(item_truncated_is_refused),
	KUNIT_CASE(item_with_more_behind_is_refused),
	KUNIT_CASE(head_not_in_its_shortest_form_is_refused),
	KUNIT_CASE(form_that_is_not_deterministic_is_refused),
	KUNIT_CASE(nesting_is_bounded),
	KUNIT_CASE(writing_stays_within_its_room),
	KUNIT_CASE(mutated_bytes_are_refused_or_deterministic),
	{}
};

static struct kunit_suite cbor_suite = {
	.name = "rewire_cbor",
	.test_cases = cbor_cases,
};

kunit_test_suite(cbor_suite);
