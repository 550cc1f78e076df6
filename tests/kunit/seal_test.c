// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed blobs: who may open them, and what becomes of changed ones.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../kmod/seal.h"
#include "util.h"

#define PLAIN_LEN	100
#define BLOB_LEN	(PLAIN_LEN + REWIRE_SEAL_OVERHEAD)

struct sealed {
	struct rewire_sealer sealer;
	struct rewire_roots roots;
	u8 measurement[REWIRE_DIGEST_SIZE];
	u8 *plain, *blob, *back;
};

static int sealed_init(struct kunit *test)
{
	struct sealed *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	s->plain = test_ramp(test, PLAIN_LEN, 5);
	s->blob = test_ramp(test, BLOB_LEN, 0);
	s->back = test_ramp(test, BLOB_LEN, 0);
	memset(s->measurement, 0x3c, sizeof(s->measurement));
	s->sealer.measurement = s->measurement;
	s->sealer.roots = &s->roots;
	s->sealer.svn = 4;
	s->sealer.epoch = 9;
	s->roots.key[1] = test_key(test, "logon", "rewire:test",
				   test_ramp(test, REWIRE_KEY_SIZE, 1),
				   REWIRE_KEY_SIZE);
	s->roots.newest = 1;
	KUNIT_ASSERT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_MEASUREMENT,
					  s->plain, PLAIN_LEN, s->blob),
			(ssize_t)BLOB_LEN);
	return 0;
}

static void sealed_exit(struct kunit *test)
{
	struct sealed *s = test->priv;

	if (s)
		rewire_roots_put(&s->roots);
}

static ssize_t unseal(struct sealed *s)
{
	return rewire_unseal(&s->sealer, s->blob, BLOB_LEN, s->back);
}

static void blob_round_trip(struct kunit *test)
{
	struct sealed *s = test->priv;

	KUNIT_EXPECT_EQ(test, unseal(s), (ssize_t)PLAIN_LEN);
	KUNIT_EXPECT_MEMEQ(test, s->back, s->plain, PLAIN_LEN);
}

static void blob_header_says_who(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;

	KUNIT_EXPECT_EQ(test, header->magic, REWIRE_MAGIC);
	KUNIT_EXPECT_EQ(test, header->policy, REWIRE_SEAL_MEASUREMENT);
	KUNIT_EXPECT_EQ(test, header->generation, 1);
	KUNIT_EXPECT_EQ(test, header->length, PLAIN_LEN);
	KUNIT_EXPECT_EQ(test, header->svn, 4);
	KUNIT_EXPECT_EQ(test, header->epoch, 9);
	KUNIT_EXPECT_MEMEQ(test, header->measurement, s->measurement,
			   REWIRE_DIGEST_SIZE);
}

static void blob_of_nothing(struct kunit *test)
{
	struct sealed *s = test->priv;

	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_MEASUREMENT,
					  s->plain, 0, s->blob),
			(ssize_t)REWIRE_SEAL_OVERHEAD);
	KUNIT_EXPECT_EQ(test, rewire_unseal(&s->sealer, s->blob,
					    REWIRE_SEAL_OVERHEAD, s->back), 0);
}

/* Buffers of a call are vmalloc memory when they are large, and not aligned. */
static void blob_of_full_size(struct kunit *test)
{
	struct sealed *s = test->priv;
	size_t len = REWIRE_MAX_SEAL;
	u8 *plain, *blob, *back;

	plain = vmalloc(len + 1);
	blob = vmalloc(len + REWIRE_SEAL_OVERHEAD);
	back = vzalloc(len);
	KUNIT_EXPECT_TRUE(test, plain && blob && back);
	if (plain && blob && back) {
		memset(plain, 0xa5, len + 1);
		KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer,
						  REWIRE_SEAL_MEASUREMENT,
						  plain + 1, len, blob),
				(ssize_t)(len + REWIRE_SEAL_OVERHEAD));
		KUNIT_EXPECT_EQ(test, rewire_unseal(&s->sealer, blob,
						    len + REWIRE_SEAL_OVERHEAD,
						    back), (ssize_t)len);
		KUNIT_EXPECT_TRUE(test, !memcmp(plain, back, len));
	}
	vfree(plain);
	vfree(blob);
	vfree(back);
}

static void seal_over_maximum_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_MEASUREMENT,
					  s->plain, REWIRE_MAX_SEAL + 1,
					  s->blob), -EINVAL);
}

static void seal_of_other_policy_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, 0, s->plain, PLAIN_LEN,
					  s->blob), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, 2, s->plain, PLAIN_LEN,
					  s->blob), -EOPNOTSUPP);
}

/* Two blobs of the same bytes have nothing in common but their header. */
static void seal_twice_differs(struct kunit *test)
{
	struct sealed *s = test->priv;
	const size_t start = sizeof(struct rewire_sealed);

	KUNIT_ASSERT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_MEASUREMENT,
					  s->plain, PLAIN_LEN, s->back),
			(ssize_t)BLOB_LEN);
	KUNIT_EXPECT_MEMNEQ(test, s->blob + start, s->back + start, PLAIN_LEN);
	KUNIT_EXPECT_MEMNEQ(test, s->blob + start, s->plain, PLAIN_LEN);
}

static void unseal_with_any_byte_changed_is_refused(struct kunit *test)
{
	static const u8 zero[PLAIN_LEN];
	struct sealed *s = test->priv;
	ssize_t ret;
	int i;

	for (i = 0; i < BLOB_LEN; i++) {
		memset(s->back, 0, BLOB_LEN);
		s->blob[i] ^= 1;
		ret = unseal(s);
		s->blob[i] ^= 1;
		KUNIT_EXPECT_LT_MSG(test, ret, 0, "byte %d", i);
		if (i >= offsetof(struct rewire_sealed, svn))
			KUNIT_EXPECT_EQ_MSG(test, ret, -EKEYREJECTED,
					    "byte %d", i);
		KUNIT_EXPECT_MEMEQ(test, s->back, zero, PLAIN_LEN);
	}
	KUNIT_EXPECT_EQ(test, unseal(s), (ssize_t)PLAIN_LEN);
}

static void unseal_of_other_length_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;
	size_t len;

	for (len = 0; len < BLOB_LEN; len++)
		KUNIT_EXPECT_EQ_MSG(test, rewire_unseal(&s->sealer, s->blob,
							len, s->back),
				    -EBADMSG, "%zu bytes", len);
	header->length = PLAIN_LEN - 1;
	KUNIT_EXPECT_EQ(test, rewire_unseal(&s->sealer, s->blob, BLOB_LEN - 1,
					    s->back), -EKEYREJECTED);
	header->length = U32_MAX;
	KUNIT_EXPECT_EQ(test, unseal(s), -EBADMSG);
}

static void unseal_by_other_software_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	s->measurement[0] ^= 1;
	KUNIT_EXPECT_EQ(test, unseal(s), -EKEYREJECTED);
}

/* Writing the other's measurement into the header does not help. */
static void unseal_by_impostor_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;

	s->measurement[0] ^= 1;
	memcpy(header->measurement, s->measurement, REWIRE_DIGEST_SIZE);
	KUNIT_EXPECT_EQ(test, unseal(s), -EKEYREJECTED);
}

static void unseal_by_later_instance(struct kunit *test)
{
	struct sealed *s = test->priv;

	s->sealer.epoch++;
	s->sealer.svn++;
	KUNIT_EXPECT_EQ(test, unseal(s), (ssize_t)PLAIN_LEN);
}

static void unseal_of_other_generation_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	s->roots.newest = 0;
	KUNIT_EXPECT_EQ(test, unseal(s), -EOPNOTSUPP);
	s->roots.newest = 1;
}

static void unseal_under_other_root_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct key *root = s->roots.key[1];

	s->roots.key[1] = test_key(test, "logon", "rewire:other",
				   test_ramp(test, REWIRE_KEY_SIZE, 2),
				   REWIRE_KEY_SIZE);
	KUNIT_EXPECT_EQ(test, unseal(s), -EKEYREJECTED);
	key_put(s->roots.key[1]);
	s->roots.key[1] = root;
}

static void seal_with_revoked_root_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	key_revoke(s->roots.key[1]);
	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_MEASUREMENT,
					  s->plain, PLAIN_LEN, s->back),
			-ENOKEY);
	KUNIT_EXPECT_EQ(test, unseal(s), -ENOKEY);
}

static struct kunit_case seal_cases[] = {
	KUNIT_CASE(blob_round_trip),
	KUNIT_CASE(blob_header_says_who),
	KUNIT_CASE(blob_of_nothing),
	KUNIT_CASE(blob_of_full_size),
	KUNIT_CASE(seal_over_maximum_is_refused),
	KUNIT_CASE(seal_of_other_policy_is_refused),
	KUNIT_CASE(seal_twice_differs),
	KUNIT_CASE(unseal_with_any_byte_changed_is_refused),
	KUNIT_CASE(unseal_of_other_length_is_refused),
	KUNIT_CASE(unseal_by_other_software_is_refused),
	KUNIT_CASE(unseal_by_impostor_is_refused),
	KUNIT_CASE(unseal_by_later_instance),
	KUNIT_CASE(unseal_of_other_generation_is_refused),
	KUNIT_CASE(unseal_under_other_root_is_refused),
	KUNIT_CASE(seal_with_revoked_root_is_refused),
	{}
};

static struct kunit_suite seal_suite = {
	.name = "rewire_seal",
	.init = sealed_init,
	.exit = sealed_exit,
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
