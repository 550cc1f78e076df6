// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealed blobs: who may open them, and what becomes of changed ones.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../kmod/aead.h"
#include "../../kmod/seal.h"
#include "util.h"

#define PLAIN_LEN	100
#define BLOB_LEN	(PLAIN_LEN + REWIRE_SEAL_OVERHEAD)
/* not far from the top, where the way down is short */
#define SVN		(REWIRE_MAX_SVN - 3)

struct sealed {
	struct rewire_sealer sealer;
	struct rewire_roots roots;
	struct rewire_manifest manifest;
	struct rewire_svn_key svn_key;
	u8 developer[REWIRE_ID_SIZE];
	u8 workload[REWIRE_ID_SIZE];
	u8 *plain, *blob, *back;
	u32 flags;
};

static const u32 policies[] = {
	REWIRE_SEAL_MEASUREMENT, REWIRE_SEAL_SOFTWARE, REWIRE_SEAL_WORKLOAD,
};

static const char * const policy_names[] = {
	[REWIRE_SEAL_MEASUREMENT] = "measurement",
	[REWIRE_SEAL_SOFTWARE] = "software",
	[REWIRE_SEAL_WORKLOAD] = "workload",
};

static void policy_desc(const u32 *policy, char *desc)
{
	strscpy(desc, policy_names[*policy], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policy, policies, policy_desc);

static struct key *root(struct kunit *test, u8 first)
{
	return test_key(test, "logon", "rewire:test",
			test_ramp(test, REWIRE_KEY_SIZE, first),
			REWIRE_KEY_SIZE);
}

static int sealed_init(struct kunit *test)
{
	struct sealed *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	s->plain = test_ramp(test, PLAIN_LEN, 5);
	s->blob = test_ramp(test, BLOB_LEN, 0);
	s->back = test_ramp(test, BLOB_LEN, 0);
	memset(s->manifest.measurement, 0x3c, REWIRE_DIGEST_SIZE);
	memset(s->manifest.software, 0x50, REWIRE_ID_SIZE);
	memset(s->developer, 0xde, REWIRE_ID_SIZE);
	memset(s->workload, 0x77, REWIRE_ID_SIZE);
	s->manifest.svn = SVN;
	s->sealer.manifest = &s->manifest;
	s->sealer.developer = s->developer;
	s->sealer.workload = s->workload;
	s->sealer.svn_key = &s->svn_key;
	s->sealer.roots = &s->roots;
	s->sealer.epoch = 9;
	s->roots.key[1] = root(test, 1);
	s->roots.newest = 1;
	return 0;
}

static void sealed_exit(struct kunit *test)
{
	struct sealed *s = test->priv;

	if (s)
		rewire_roots_put(&s->roots);
}

static void seal(struct kunit *test, u32 policy)
{
	struct sealed *s = test->priv;

	KUNIT_ASSERT_EQ(test, rewire_seal(&s->sealer, policy, s->plain,
					  PLAIN_LEN, s->blob),
			(ssize_t)BLOB_LEN);
}

static ssize_t unseal(struct sealed *s)
{
	return rewire_unseal(&s->sealer, s->blob, BLOB_LEN, s->back, &s->flags);
}

static void blob_round_trip(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;

	seal(test, *policy);
	s->flags = U32_MAX;
	KUNIT_EXPECT_EQ(test, unseal(s), (ssize_t)PLAIN_LEN);
	KUNIT_EXPECT_EQ(test, s->flags, 0);
	KUNIT_EXPECT_MEMEQ(test, s->back, s->plain, PLAIN_LEN);
}

static void blob_header_says_who(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;
	u8 owner[REWIRE_DIGEST_SIZE] = {};

	seal(test, REWIRE_SEAL_MEASUREMENT);
	KUNIT_EXPECT_EQ(test, header->magic, REWIRE_MAGIC);
	KUNIT_EXPECT_EQ(test, header->policy, REWIRE_SEAL_MEASUREMENT);
	KUNIT_EXPECT_EQ(test, header->generation, 1);
	KUNIT_EXPECT_EQ(test, header->length, PLAIN_LEN);
	KUNIT_EXPECT_EQ(test, header->svn, SVN);
	KUNIT_EXPECT_EQ(test, header->epoch, 9);
	KUNIT_EXPECT_MEMEQ(test, header->measurement, s->manifest.measurement,
			   REWIRE_DIGEST_SIZE);
	KUNIT_EXPECT_MEMEQ(test, header->owner, s->manifest.measurement,
			   REWIRE_DIGEST_SIZE);

	seal(test, REWIRE_SEAL_SOFTWARE);
	memset(owner, 0xde, REWIRE_ID_SIZE);
	memset(owner + REWIRE_ID_SIZE, 0x50, REWIRE_ID_SIZE);
	KUNIT_EXPECT_MEMEQ(test, header->owner, owner, sizeof(owner));

	seal(test, REWIRE_SEAL_WORKLOAD);
	memset(owner, 0x77, REWIRE_ID_SIZE);
	memset(owner + REWIRE_ID_SIZE, 0, REWIRE_ID_SIZE);
	KUNIT_EXPECT_MEMEQ(test, header->owner, owner, sizeof(owner));
}

static void blob_of_nothing(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;

	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, *policy, s->plain, 0,
					  s->blob),
			(ssize_t)REWIRE_SEAL_OVERHEAD);
	KUNIT_EXPECT_EQ(test, rewire_unseal(&s->sealer, s->blob,
					    REWIRE_SEAL_OVERHEAD, s->back,
					    &s->flags), 0);
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
						    back, &s->flags),
				(ssize_t)len);
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
	static const u32 others[] = { 0, 4, U32_MAX };
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;
	size_t i;

	seal(test, REWIRE_SEAL_WORKLOAD);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, others[i],
						  s->plain, PLAIN_LEN, s->back),
				-EOPNOTSUPP);
		header->policy = others[i];
		KUNIT_EXPECT_EQ(test, unseal(s), -EOPNOTSUPP);
	}
}

/* Two blobs of the same bytes have nothing in common but their header. */
static void seal_twice_differs(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;
	const size_t start = sizeof(struct rewire_sealed);

	seal(test, *policy);
	KUNIT_ASSERT_EQ(test, rewire_seal(&s->sealer, *policy, s->plain,
					  PLAIN_LEN, s->back),
			(ssize_t)BLOB_LEN);
	KUNIT_EXPECT_MEMNEQ(test, s->blob + start, s->back + start, PLAIN_LEN);
	KUNIT_EXPECT_MEMNEQ(test, s->blob + start, s->plain, PLAIN_LEN);
}

static void unseal_with_any_byte_changed_is_refused(struct kunit *test)
{
	static const u8 zero[PLAIN_LEN];
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;
	ssize_t ret;
	int i;

	seal(test, *policy);
	for (i = 0; i < BLOB_LEN; i++) {
		memset(s->back, 0, BLOB_LEN);
		s->blob[i] ^= 1;
		ret = unseal(s);
		s->blob[i] ^= 1;
		KUNIT_EXPECT_LT_MSG(test, ret, 0, "byte %d", i);
		KUNIT_EXPECT_EQ_MSG(test, s->flags, 0, "byte %d", i);
		/* before: other words; the SVN's upper bytes: one of no policy */
		if (i >= offsetof(struct rewire_sealed, epoch))
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

	seal(test, REWIRE_SEAL_MEASUREMENT);
	for (len = 0; len < BLOB_LEN; len++)
		KUNIT_EXPECT_EQ_MSG(test, rewire_unseal(&s->sealer, s->blob,
							len, s->back,
							&s->flags),
				    -EBADMSG, "%zu bytes", len);
	header->length = PLAIN_LEN - 1;
	KUNIT_EXPECT_EQ(test, rewire_unseal(&s->sealer, s->blob, BLOB_LEN - 1,
					    s->back, &s->flags),
			-EKEYREJECTED);
	header->length = U32_MAX;
	KUNIT_EXPECT_EQ(test, unseal(s), -EBADMSG);
}

/* ---- who opens differs from who sealed ---- */

static void is_same(struct kunit *test, struct sealed *s)
{
}

static void has_measurement(struct kunit *test, struct sealed *s)
{
	s->manifest.measurement[31] ^= 1;
}

static void is_successor(struct kunit *test, struct sealed *s)
{
	memcpy(s->manifest.predecessor[0], s->manifest.measurement,
	       REWIRE_DIGEST_SIZE);
	s->manifest.predecessors = 1;
	has_measurement(test, s);
}

static void is_late_successor(struct kunit *test, struct sealed *s)
{
	memcpy(s->manifest.predecessor[REWIRE_MAX_PREDECESSORS - 1],
	       s->manifest.measurement, REWIRE_DIGEST_SIZE);
	s->manifest.predecessors = REWIRE_MAX_PREDECESSORS;
	has_measurement(test, s);
}

/* It stands in the manifest, and does not count. */
static void is_no_successor(struct kunit *test, struct sealed *s)
{
	is_late_successor(test, s);
	s->manifest.predecessors--;
}

static void has_higher_svn(struct kunit *test, struct sealed *s)
{
	s->manifest.svn = REWIRE_MAX_SVN;
}

static void has_lower_svn(struct kunit *test, struct sealed *s)
{
	s->manifest.svn--;
}

static void has_svn_zero(struct kunit *test, struct sealed *s)
{
	s->manifest.svn = 0;
}

static void has_svn_above_all(struct kunit *test, struct sealed *s)
{
	s->manifest.svn = REWIRE_MAX_SVN + 1;
}

static void has_developer(struct kunit *test, struct sealed *s)
{
	s->developer[15] ^= 1;
}

static void has_software(struct kunit *test, struct sealed *s)
{
	s->manifest.software[0] ^= 1;
}

static void has_workload(struct kunit *test, struct sealed *s)
{
	s->workload[15] ^= 1;
}

static void has_epoch(struct kunit *test, struct sealed *s)
{
	s->sealer.epoch++;
}

static void has_newer_root(struct kunit *test, struct sealed *s)
{
	s->roots.key[2] = root(test, 2);
	rewire_roots_switch(&s->roots, 2);
}

static void has_newer_root_only(struct kunit *test, struct sealed *s)
{
	has_newer_root(test, s);
	key_put(s->roots.key[1]);
	s->roots.key[1] = NULL;
}

static void has_other_root(struct kunit *test, struct sealed *s)
{
	key_put(s->roots.key[1]);
	s->roots.key[1] = root(test, 2);
}

/* a generation that is yet to come; rewire_roots_put() takes all keys */
static void has_older_root(struct kunit *test, struct sealed *s)
{
	s->roots.newest = 0;
}

static void has_revoked_root(struct kunit *test, struct sealed *s)
{
	key_revoke(s->roots.key[1]);
}

#define OPENS	((ssize_t)PLAIN_LEN)
#define LEGACY	((ssize_t)PLAIN_LEN + 1)	/* opens, and says so */

/*
 * @result: of REWIRE_SEAL_MEASUREMENT, SOFTWARE, WORKLOAD
 * @same: it is the same enclave, which has sealed before
 */
static const struct seal_case {
	const char *desc;
	void (*change)(struct kunit *test, struct sealed *s);
	ssize_t result[3];
	bool same;
} seal_opens[] = {
	{ "same", is_same, { OPENS, OPENS, OPENS } },
	{ "other measurement", has_measurement,
	  { -EKEYREJECTED, OPENS, OPENS } },
	{ "successor", is_successor, { LEGACY, OPENS, OPENS } },
	{ "late successor", is_late_successor, { LEGACY, OPENS, OPENS } },
	{ "no successor", is_no_successor, { -EKEYREJECTED, OPENS, OPENS } },
	{ "higher SVN", has_higher_svn, { LEGACY, LEGACY, LEGACY } },
	{ "lower SVN", has_lower_svn, { OPENS, -EKEYREJECTED, OPENS } },
	{ "SVN zero", has_svn_zero, { OPENS, -EKEYREJECTED, OPENS } },
	{ "SVN above all", has_svn_above_all,
	  { LEGACY, -EOPNOTSUPP, LEGACY } },
	{ "other developer", has_developer, { OPENS, -EKEYREJECTED, OPENS } },
	{ "other software", has_software, { OPENS, -EKEYREJECTED, OPENS } },
	{ "other workload", has_workload, { OPENS, OPENS, -EKEYREJECTED } },
	{ "later instance", has_epoch, { OPENS, OPENS, OPENS }, true },
	{ "newer root", has_newer_root, { LEGACY, LEGACY, LEGACY }, true },
	{ "root not kept", has_newer_root_only,
	  { -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP }, true },
	{ "other root", has_other_root,
	  { -EKEYREJECTED, -EKEYREJECTED, -EKEYREJECTED } },
	{ "older root", has_older_root,
	  { -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP }, true },
	{ "revoked root", has_revoked_root, { -ENOKEY, -ENOKEY, -ENOKEY } },
	{ "revoked root, seen before", has_revoked_root,
	  { -ENOKEY, -ENOKEY, -ENOKEY }, true },
};

static void seal_case_desc(const struct seal_case *c, char *desc)
{
	strscpy(desc, c->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(seal_case, seal_opens, seal_case_desc);

static void expect_result(struct kunit *test, u32 policy, ssize_t result)
{
	static const u8 zero[PLAIN_LEN];
	struct sealed *s = test->priv;
	bool legacy = result == LEGACY;

	memset(s->back, 0, BLOB_LEN);
	KUNIT_EXPECT_EQ_MSG(test, unseal(s), legacy ? OPENS : result, "%s",
			    policy_names[policy]);
	KUNIT_EXPECT_EQ_MSG(test, s->flags, legacy ? REWIRE_SEALED_LEGACY : 0,
			    "%s", policy_names[policy]);
	KUNIT_EXPECT_MEMEQ(test, s->back, result < 0 ? zero : s->plain,
			   PLAIN_LEN);
}

static void unseal_by(struct kunit *test)
{
	const struct seal_case *c = test->param_value;
	struct sealed *s = test->priv;
	u8 *blobs[ARRAY_SIZE(policies)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		seal(test, policies[i]);
		blobs[i] = kunit_kzalloc(test, BLOB_LEN, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, blobs[i]);
		memcpy(blobs[i], s->blob, BLOB_LEN);
	}
	c->change(test, s);
	if (!c->same)
		memset(&s->svn_key, 0, sizeof(s->svn_key));
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		s->blob = blobs[i];
		expect_result(test, policies[i], c->result[i]);
	}
}

/* Who writes itself into the header has another key, not the blob. */
static void unseal_by_impostor_is_refused(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;
	u8 owner[REWIRE_DIGEST_SIZE];

	has_measurement(test, s);
	has_developer(test, s);
	has_workload(test, s);
	seal(test, *policy);
	memcpy(owner, header->owner, sizeof(owner));

	has_measurement(test, s);
	has_developer(test, s);
	has_workload(test, s);
	memset(&s->svn_key, 0, sizeof(s->svn_key));
	seal(test, *policy);
	KUNIT_ASSERT_MEMNEQ(test, header->owner, owner, sizeof(owner));
	memcpy(header->owner, owner, sizeof(owner));

	has_measurement(test, s);
	has_developer(test, s);
	has_workload(test, s);
	memset(&s->svn_key, 0, sizeof(s->svn_key));
	KUNIT_EXPECT_EQ(test, unseal(s), -EKEYREJECTED);
}

/* Nor does it help to give a blob for newer software a lower SVN. */
static void unseal_of_lowered_svn_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;
	struct rewire_sealed *header = (void *)s->blob;

	seal(test, REWIRE_SEAL_SOFTWARE);
	has_lower_svn(test, s);
	memset(&s->svn_key, 0, sizeof(s->svn_key));
	header->svn = s->manifest.svn;
	KUNIT_EXPECT_EQ(test, unseal(s), -EKEYREJECTED);
}

static void seal_of_svn_above_all_is_refused(struct kunit *test)
{
	struct sealed *s = test->priv;

	s->manifest.svn = REWIRE_MAX_SVN + 1;
	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_SOFTWARE,
					  s->plain, PLAIN_LEN, s->blob),
			-EOPNOTSUPP);
	s->manifest.svn = U64_MAX;
	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, REWIRE_SEAL_SOFTWARE,
					  s->plain, PLAIN_LEN, s->blob),
			-EOPNOTSUPP);
	seal(test, REWIRE_SEAL_WORKLOAD);
	KUNIT_EXPECT_EQ(test, unseal(s), OPENS);
}

/* From the first SVN to the last one, all the way of the chain. */
static void unseal_across_the_whole_chain(struct kunit *test)
{
	struct sealed *s = test->priv;

	s->manifest.svn = 0;
	seal(test, REWIRE_SEAL_SOFTWARE);
	s->manifest.svn = REWIRE_MAX_SVN;
	memset(&s->svn_key, 0, sizeof(s->svn_key));
	KUNIT_EXPECT_EQ(test, unseal(s), OPENS);
	KUNIT_EXPECT_EQ(test, s->flags, REWIRE_SEALED_LEGACY);
}

/* The key of a blob as architecture.md gives it, without seal.c. */
static void software_key(struct kunit *test, const u8 *blob,
			 u8 material[REWIRE_AEAD_MATERIAL])
{
	struct sealed *s = test->priv;
	const struct rewire_sealed *header = (const void *)blob;
	u8 info[sizeof("rewire v1 seal software") + sizeof(*header)];
	u8 step[sizeof("rewire v1 svn") + REWIRE_DIGEST_SIZE];
	u8 key[REWIRE_KEY_SIZE];
	u64 svn;
	u8 *at;

	memcpy(key, test_ramp(test, sizeof(key), 1), sizeof(key));
	memcpy(step, "rewire v1 svn", sizeof("rewire v1 svn"));
	at = step + sizeof("rewire v1 svn");
	memcpy(at, s->developer, REWIRE_ID_SIZE);
	memcpy(at + REWIRE_ID_SIZE, s->manifest.software, REWIRE_ID_SIZE);
	for (svn = REWIRE_MAX_SVN + 1; svn > header->svn; svn--)
		KUNIT_ASSERT_EQ(test, rewire_hkdf(key, sizeof(key), NULL, 0,
						  step, sizeof(step), key,
						  sizeof(key)), 0);
	memcpy(info, "rewire v1 seal software",
	       sizeof("rewire v1 seal software"));
	memcpy(info + sizeof("rewire v1 seal software"), header,
	       sizeof(*header));
	KUNIT_ASSERT_EQ(test, rewire_hkdf(key, sizeof(key), header->salt,
					  sizeof(header->salt), info,
					  sizeof(info), material,
					  REWIRE_AEAD_MATERIAL), 0);
}

static void blob_of_software_has_the_published_key(struct kunit *test)
{
	struct rewire_record record = { .length = PLAIN_LEN };
	u8 material[REWIRE_AEAD_MATERIAL];
	struct scatterlist in[1], out[1];
	struct sealed *s = test->priv;
	u8 *cipher = s->blob + sizeof(struct rewire_sealed);
	struct rewire_aead aead;

	seal(test, REWIRE_SEAL_SOFTWARE);
	software_key(test, s->blob, material);
	KUNIT_ASSERT_EQ(test, rewire_aead_init(&aead, material), 0);
	rewire_sg_linear(in, 1, cipher, PLAIN_LEN);
	rewire_sg_linear(out, 1, s->back, PLAIN_LEN);
	KUNIT_EXPECT_EQ(test, rewire_aead_open(&aead, &record, in, out,
					       cipher + PLAIN_LEN), 0);
	rewire_aead_free(&aead);
	KUNIT_EXPECT_MEMEQ(test, s->back, s->plain, PLAIN_LEN);
}

/* What is kept of one generation is not used for another. */
static void seal_under_both_generations_in_turn(struct kunit *test)
{
	struct sealed *s = test->priv;
	u8 *old = s->blob, *new = test_ramp(test, BLOB_LEN, 0);
	int i;

	seal(test, REWIRE_SEAL_SOFTWARE);
	has_newer_root(test, s);
	s->blob = new;
	seal(test, REWIRE_SEAL_SOFTWARE);
	KUNIT_EXPECT_EQ(test, ((struct rewire_sealed *)new)->generation, 2);
	for (i = 0; i < 4; i++) {
		s->blob = i & 1 ? new : old;
		KUNIT_EXPECT_EQ(test, unseal(s), OPENS);
		KUNIT_EXPECT_EQ(test, s->flags,
				i & 1 ? 0 : REWIRE_SEALED_LEGACY);
	}
}

static void seal_with_revoked_root_is_refused(struct kunit *test)
{
	const u32 *policy = test->param_value;
	struct sealed *s = test->priv;

	seal(test, *policy);
	key_revoke(s->roots.key[1]);
	KUNIT_EXPECT_EQ(test, rewire_seal(&s->sealer, *policy, s->plain,
					  PLAIN_LEN, s->back), -ENOKEY);
}

static struct kunit_case seal_cases[] = {
	KUNIT_CASE_PARAM(blob_round_trip, policy_gen_params),
	KUNIT_CASE(blob_header_says_who),
	KUNIT_CASE_PARAM(blob_of_nothing, policy_gen_params),
	KUNIT_CASE(blob_of_full_size),
	KUNIT_CASE(blob_of_software_has_the_published_key),
	KUNIT_CASE(seal_over_maximum_is_refused),
	KUNIT_CASE(seal_of_other_policy_is_refused),
	KUNIT_CASE(seal_of_svn_above_all_is_refused),
	KUNIT_CASE_PARAM(seal_twice_differs, policy_gen_params),
	KUNIT_CASE(seal_under_both_generations_in_turn),
	KUNIT_CASE_PARAM(seal_with_revoked_root_is_refused, policy_gen_params),
	KUNIT_CASE_PARAM(unseal_by, seal_case_gen_params),
	KUNIT_CASE_PARAM(unseal_with_any_byte_changed_is_refused,
			 policy_gen_params),
	KUNIT_CASE(unseal_of_other_length_is_refused),
	KUNIT_CASE_PARAM(unseal_by_impostor_is_refused, policy_gen_params),
	KUNIT_CASE(unseal_of_lowered_svn_is_refused),
	KUNIT_CASE(unseal_across_the_whole_chain),
	{}
};

static struct kunit_suite seal_suite = {
	.name = "rewire_seal",
	.init = sealed_init,
	.exit = sealed_exit,
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
