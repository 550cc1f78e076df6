/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What more than one suite needs: published vectors in hexadecimal, and keys
 * with a serial number.
 */
#ifndef REWIRE_TEST_UTIL_H
#define REWIRE_TEST_UTIL_H

#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/key.h>
#include <linux/string.h>

/* came with 6.8 */
#ifndef KUNIT_CASE_SLOW
#define KUNIT_CASE_SLOW KUNIT_CASE
#endif

/* bytes of @text, in memory that a scatterlist may point to */
static inline u8 *test_hex(struct kunit *test, const char *text)
{
	size_t len = strlen(text) / 2;
	u8 *bytes = kunit_kzalloc(test, len + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_EQ(test, hex2bin(bytes, text, len), 0);
	return bytes;
}

/* bytes that count up from @first */
static inline u8 *test_ramp(struct kunit *test, size_t len, u8 first)
{
	u8 *bytes = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	for (i = 0; i < len; i++)
		bytes[i] = first + i;
	return bytes;
}

/* A key that anybody may search, as if a process had added it; key_put() it. */
static inline struct key *test_key(struct kunit *test, const char *type,
				   const char *name, const void *payload,
				   size_t len)
{
	struct key *ring;
	key_ref_t ref;

	ring = keyring_alloc(".rewire_test", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), KEY_POS_ALL | KEY_USR_VIEW,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
	ref = key_create_or_update(make_key_ref(ring, 1), type, name, payload,
				   len, KEY_POS_ALL | KEY_USR_ALL,
				   KEY_ALLOC_NOT_IN_QUOTA);
	key_put(ring);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ref));
	return key_ref_to_ptr(ref);
}

#endif
