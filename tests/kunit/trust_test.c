// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust bundles and levels. Root keys a, b and c, two of which have to sign; d
 * is a stranger until a bundle says otherwise.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "../../kmod/signed.h"
#include "../../kmod/trust.h"
#include "sign.h"
#include "util.h"
#include "world.h"

#define DOMAIN		"a domain"

struct trust {
	struct rewire_sm *sm, *other;
	struct rewire_why why;
};

static int trust_init(struct kunit *test)
{
	struct trust *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->sm = world_sm(test, 'a', true);
	sign_add(test, &t->sm->roles, REWIRE_ROLE_ROOT, "abc");
	KUNIT_ASSERT_EQ(test, rewire_roles_threshold(&t->sm->roles, 2, NULL),
			0);
	return 0;
}

static void trust_exit(struct kunit *test)
{
	struct trust *t = test->priv;

	if (!t)
		return;
	world_sm_free(t->other);
	world_sm_free(t->sm);
}

static int give(struct kunit *test, const void *statement, u32 length,
		const char *who)
{
	struct rewire_cms cms[REWIRE_MAX_ROOT_SIGNATURES] = {};
	struct trust *t = test->priv;
	u32 count = sign_all(test, who, statement, length, cms), i;
	int ret;

	t->why.text[0] = 0;
	ret = rewire_trust_take(t->sm, statement, length, cms, count, &t->why);
	for (i = 0; i < count; i++)
		kfree(cms[i].bytes);
	if (ret)
		KUNIT_EXPECT_NE_MSG(test, t->why.text[0], 0,
				    "refused without a reason: %d", ret);
	return ret;
}

static u32 bundle_length(const struct rewire_bundle *bundle)
{
	u32 length = sizeof(*bundle);
	int i;

	for (i = 0; i < REWIRE_BUNDLE_ANCHORS; i++)
		length += bundle->cert_len[i];
	return length;
}

/* @who: letters of the certificates; 'p' is the platform's CA */
static struct rewire_bundle *bundle(struct kunit *test, u32 role, u64 version,
				    const char *who)
{
	struct rewire_bundle *b = kunit_kzalloc(test, SZ_16K, GFP_KERNEL);
	u8 *at = (u8 *)(b + 1);
	const u8 *cert;
	u32 len;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_BUNDLE,
		.version = REWIRE_VERSION,
		.size = sizeof(*b),
	};
	b->version = version;
	b->role = role;
	b->threshold = 1;
	for (; *who; who++) {
		cert = *who == 'p' ? world_platform(&len) :
				     sign_cert(test, *who, &len);
		memcpy(at, cert, len);
		at += len;
		b->cert_len[b->anchors++] = len;
	}
	return b;
}

static int give_bundle(struct kunit *test, u32 role, u64 version,
		       const char *certs, u32 threshold, const char *who)
{
	struct rewire_bundle *b = bundle(test, role, version, certs);

	b->threshold = threshold;
	return give(test, b, bundle_length(b), who);
}

#define GIVE(test, role, version, certs, who)				\
	give_bundle(test, REWIRE_ROLE_##role, version, certs, 1, who)

static struct rewire_levels levels(u64 version)
{
	return (struct rewire_levels){
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_LEVELS,
			.version = REWIRE_VERSION,
			.size = sizeof(struct rewire_levels),
		},
		.version = version,
		.rules = 3,
		.rule = {
			{ 2, KERNEL_VERSION(6, 1, 0), REWIRE_CLAIM_YAMA },
			{ 6, KERNEL_VERSION(6, 12, 0),
			  REWIRE_CLAIM_YAMA | REWIRE_CLAIM_JOURNAL },
			{ 4, KERNEL_VERSION(6, 12, 0), REWIRE_CLAIM_YAMA },
		},
	};
}

/* whether the SM takes the developer's word for an enclave */
static int manifest(struct trust *t, u8 id[REWIRE_ID_SIZE])
{
	const u8 *cms;
	u32 len;
	const struct rewire_manifest *m = world_manifest_get(&cms, &len);

	return rewire_manifest_check(t->sm, m, cms, len, PAGE_SIZE, id,
				     &t->why);
}

/* ---- who has to sign ---- */

static void bundle_needs_the_threshold(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "a"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", ""), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 2, "v", "ca"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 3, "v", "abc"), 0);
}

static void same_key_counts_once(struct kunit *test)
{
	struct trust *t = test->priv;
	const u8 *again;
	u32 len;

	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "aa"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "aaaaaaaa"),
			-ENOKEY);
	/* not by way of a second certificate either */
	again = sign_cert(test, '=', &len);
	KUNIT_EXPECT_EQ(test, rewire_roles_add(&t->sm->roles, REWIRE_ROLE_ROOT,
					       again, len, &t->why), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "same key"));
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 1, "a=", 2,
					  "ab"), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "same key"));
}

static void strangers_do_not_count(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "dv"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ad"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "dab"), 0);
}

static void one_wrong_signature_spoils_all(struct kunit *test)
{
	struct trust *t = test->priv;

	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab!c"),
			-EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "!abc"),
			-EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, rewire_trust_take(t->sm, "", 0, NULL, 0, NULL),
			-EBADMSG);
	KUNIT_EXPECT_NULL(test, t->sm->trusted.statement[REWIRE_ROLE_DEVELOPER]);
}

/* Who speaks for another role, even for all others, speaks for none here. */
static void attack_01_wrong_role(struct kunit *test)
{
	struct rewire_levels table = levels(1);

	KUNIT_ASSERT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), 0);
	KUNIT_ASSERT_EQ(test, GIVE(test, SDS, 1, "d", "ab"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 2, "v", "vd"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, SDS, 2, "d", "vd"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, give(test, &table, sizeof(table), "vd"),
			-ENOKEY);
}

/* every byte of a statement, with the signatures that it had before */
static void flip_each(struct kunit *test, void *statement, u32 length,
		      u32 stride_from)
{
	struct rewire_cms cms[2] = {};
	struct trust *t = test->priv;
	u8 *bytes = statement;
	u32 i;

	sign_all(test, "ab", statement, length, cms);
	for (i = 0; i < length; i += i < stride_from ? 1 : 13) {
		bytes[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, rewire_trust_take(t->sm, statement,
							    length, cms, 2,
							    NULL), 0,
				    "byte %u", i);
		bytes[i] ^= 1;
	}
	KUNIT_EXPECT_NE(test, rewire_trust_take(t->sm, statement, length - 1,
						cms, 2, NULL), 0);
	KUNIT_EXPECT_EQ(test, rewire_trust_take(t->sm, statement, length, cms,
						2, NULL), 0);
	kfree(cms[0].bytes);
	kfree(cms[1].bytes);
}

static void attack_01_bundle_flipped(struct kunit *test)
{
	struct rewire_bundle *b = bundle(test, REWIRE_ROLE_PLATFORM, 1, "p");

	b->revoked = 1;
	memset(b->revoked_sm[0], 7, REWIRE_ID_SIZE);
	flip_each(test, b, bundle_length(b), sizeof(*b));
}

static void attack_01_levels_flipped(struct kunit *test)
{
	struct rewire_levels table = levels(1);

	flip_each(test, &table, sizeof(table), sizeof(table));
}

/* ---- versions ---- */

static void attack_07_older_is_refused(struct kunit *test)
{
	struct trust *t = test->priv;
	struct rewire_levels table = levels(5);

	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 0, "v", "ab"), -ESTALE);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 7, "v", "ab"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 7, "v", "ab"), -ESTALE);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 6, "d", "ab"), -ESTALE);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "in force is 7"));
	/* each role counts for itself */
	KUNIT_EXPECT_EQ(test, GIVE(test, SDS, 1, "d", "ab"), 0);
	KUNIT_EXPECT_EQ(test, give(test, &table, sizeof(table), "ab"), 0);
	table.version = 4;
	table.rule[0].level = 7;
	KUNIT_EXPECT_EQ(test, give(test, &table, sizeof(table), "ab"),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, rewire_trust_level(t->sm, REWIRE_CLAIM_YAMA,
						 KERNEL_VERSION(6, 1, 0)), 2U);
}

static void root_rotates_with_old_and_new(struct kunit *test)
{
	struct trust *t = test->priv;

	/* old alone, new alone, one short of each */
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 1, "cd", 2,
					  "ab"), -ENOKEY);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "new"));
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 1, "cd", 2,
					  "cd"), -ENOKEY);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "present"));
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 1, "cd", 2,
					  "abc"), -ENOKEY);
	/* c counts on both sides */
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 1, "cd", 2,
					  "acd"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ac"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "cd"), 0);
	/* and the threshold is the new one's */
	KUNIT_EXPECT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 2, "abc", 3,
					  "cdab"), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 2, "v", "ab"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 2, "v", "abc"), 0);
}

static void provisioned_threshold_has_its_limits(struct kunit *test)
{
	struct trust *t = test->priv;
	struct rewire_roles *roles = &t->sm->roles;

	KUNIT_EXPECT_EQ(test, rewire_roles_threshold(roles, 0, &t->why),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_roles_threshold(roles, 4, &t->why),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_roles_threshold(roles, 3, &t->why), 0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "abc"), 0);
}

/* ---- what follows from it, at once ---- */

static void developer_is_known_by_key(struct kunit *test)
{
	u8 id[REWIRE_ID_SIZE] = {}, before[REWIRE_ID_SIZE];
	struct trust *t = test->priv;

	KUNIT_EXPECT_EQ(test, manifest(t, id), 0);
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(id, 0, sizeof(id)));
	KUNIT_EXPECT_MEMEQ(test, id,
			   t->sm->roles.role[REWIRE_ROLE_DEVELOPER]->id[0],
			   sizeof(id));
	/* a refusal leaves it alone */
	memcpy(before, id, sizeof(id));
	KUNIT_ASSERT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), 0);
	KUNIT_EXPECT_EQ(test, manifest(t, id), -ENOKEY);
	KUNIT_EXPECT_MEMEQ(test, id, before, sizeof(id));
}

static void removed_developer_is_refused_at_once(struct kunit *test)
{
	u8 id[REWIRE_ID_SIZE], own[REWIRE_ID_SIZE];
	struct rewire_manifest m = {};
	struct trust *t = test->priv;
	struct rewire_cms cms;
	const u8 *old;
	const u8 *cert;
	u32 len;

	m = *world_manifest_get(&old, &len);
	m.svn++;
	sign_one(test, 'v', &m, sizeof(m), &cms);
	KUNIT_EXPECT_EQ(test, manifest(t, id), 0);
	KUNIT_EXPECT_EQ(test, rewire_manifest_check(t->sm, &m, cms.bytes,
						    cms.length, PAGE_SIZE, id,
						    NULL), -ENOKEY);
	KUNIT_ASSERT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), 0);
	KUNIT_EXPECT_EQ(test, manifest(t, id), -ENOKEY);
	KUNIT_EXPECT_EQ(test, rewire_manifest_check(t->sm, &m, cms.bytes,
						    cms.length, PAGE_SIZE, id,
						    NULL), 0);
	cert = sign_cert(test, 'v', &len);
	KUNIT_EXPECT_EQ(test, rewire_cert_id(cert, len, own, NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, id, own, sizeof(own));
	kfree(cms.bytes);
}

static int hear(struct trust *t, const u8 *signature, int length)
{
	const struct rewire_attest *peer = &t->other->attest;
	u8 id[REWIRE_ID_SIZE];

	return rewire_peer_verify(&t->sm->roles, peer->cert, peer->cert_len,
				  DOMAIN, "a message", 9, signature, length, id,
				  &t->why);
}

static void revoked_sm_is_refused_at_once(struct kunit *test)
{
	u8 *signature = kunit_kzalloc(test, REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	struct rewire_bundle *b = bundle(test, REWIRE_ROLE_PLATFORM, 1, "p");
	struct trust *t = test->priv;
	int len;

	KUNIT_ASSERT_NOT_NULL(test, signature);
	t->other = world_sm(test, 'b', true);
	len = rewire_attest_sign(&t->other->attest, DOMAIN, "a message", 9,
				 signature);
	KUNIT_ASSERT_GT(test, len, 0);
	KUNIT_EXPECT_EQ(test, hear(t, signature, len), 0);
	KUNIT_EXPECT_FALSE(test, rewire_trust_revoked(t->sm,
						      t->other->attest.id));

	b->revoked = 2;
	memset(b->revoked_sm[0], 7, REWIRE_ID_SIZE);
	memcpy(b->revoked_sm[1], t->other->attest.id, REWIRE_ID_SIZE);
	KUNIT_ASSERT_EQ(test, give(test, b, bundle_length(b), "bc"), 0);
	KUNIT_EXPECT_EQ(test, hear(t, signature, len), -EKEYREJECTED);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "revoked"));
	KUNIT_EXPECT_TRUE(test, rewire_trust_revoked(t->sm,
						     t->other->attest.id));
	KUNIT_EXPECT_FALSE(test, rewire_trust_revoked(t->sm,
						      t->sm->attest.id));
	/* a wrong signature is still called that */
	signature[3] ^= 1;
	KUNIT_EXPECT_EQ(test, hear(t, signature, len), -EKEYREJECTED);
	KUNIT_EXPECT_NOT_NULL(test, strstr(t->why.text, "wrong"));
	signature[3] ^= 1;

	KUNIT_ASSERT_EQ(test, GIVE(test, PLATFORM, 2, "p", "ab"), 0);
	KUNIT_EXPECT_EQ(test, hear(t, signature, len), 0);
	/* and without its issuer it is nobody's */
	KUNIT_ASSERT_EQ(test, GIVE(test, PLATFORM, 3, "d", "ab"), 0);
	KUNIT_EXPECT_EQ(test, hear(t, signature, len), -ENOKEY);
}

/* ---- the form of a bundle ---- */

/* @b with a change is refused, and is as before then; @keep has room for it */
#define BAD(test, b, change) do {					\
	*keep = *(b);							\
	change;								\
	KUNIT_EXPECT_EQ_MSG(test, give(test, b, bundle_length(b), "ab"),	\
			    -EBADMSG, "%s", #change);			\
	*(b) = *keep;							\
} while (0)

static void attack_08_bundle_elements(struct kunit *test)
{
	struct rewire_bundle *b = bundle(test, REWIRE_ROLE_PLATFORM, 1, "pd");
	struct rewire_bundle *root = bundle(test, REWIRE_ROLE_ROOT, 1, "abc");
	struct rewire_bundle *keep = bundle(test, REWIRE_ROLE_ROOT, 1, "");
	struct trust *t = test->priv;
	u32 role;

	b->revoked = 1;
	b->revoked_sm[0][3] = 1;
	BAD(test, b, b->role = REWIRE_ROLES);
	BAD(test, b, b->anchors = 0);
	BAD(test, b, b->anchors = 1);
	BAD(test, b, b->anchors = 3);
	BAD(test, b, b->anchors = REWIRE_BUNDLE_ANCHORS + 1);
	BAD(test, b, b->threshold = 0);
	BAD(test, b, b->threshold = 2);
	BAD(test, b, b->revoked = REWIRE_BUNDLE_REVOKED + 1);
	BAD(test, b, b->revoked = 0);
	BAD(test, b, b->revoked = 2);
	BAD(test, b, (b->revoked = 2, b->revoked_sm[1][3] = 1));
	BAD(test, b, b->revoked_sm[31][15] = 1);
	BAD(test, b, b->role = REWIRE_ROLE_SDS);
	BAD(test, b, b->cert_len[1]--);
	BAD(test, b, b->cert_len[1]++);
	BAD(test, b, b->cert_len[2] = 1);
	BAD(test, b, b->cert_len[0] = REWIRE_MAX_CERT + 1);
	BAD(test, b, b->cert_len[0] = 0);
	BAD(test, b, (b->cert_len[0]++, b->cert_len[1]--));
	BAD(test, b, b->header.size++);
	BAD(test, b, b->header.type = REWIRE_TYPE_MANIFEST);
	BAD(test, b, b->header.type = REWIRE_TYPE_LEVELS);
	BAD(test, root, root->threshold = 4);
	BAD(test, root, root->threshold = 0);
	KUNIT_EXPECT_EQ(test, give(test, b, sizeof(*b) - 1, "ab"), -EBADMSG);
	KUNIT_EXPECT_EQ(test, give(test, b, sizeof(b->header) - 1, "ab"),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, give(test, b, bundle_length(b) + 1, "ab"),
			-EBADMSG);
	b->header.flags = 1;
	KUNIT_EXPECT_EQ(test, give(test, b, bundle_length(b), "ab"),
			-EOPNOTSUPP);
	b->header.flags = 0;
	for (role = 0; role < REWIRE_TRUST_KINDS; role++)
		KUNIT_EXPECT_NULL(test, t->sm->trusted.statement[role]);
	KUNIT_EXPECT_EQ(test, give(test, b, bundle_length(b), "ab"), 0);
}

/* ---- levels ---- */

static u32 level(struct trust *t, u64 claims, u32 minor)
{
	return rewire_trust_level(t->sm, claims,
				  KERNEL_VERSION(6, minor, 0));
}

static void level_is_the_highest_met(struct kunit *test)
{
	const u64 all = REWIRE_CLAIM_YAMA | REWIRE_CLAIM_JOURNAL;
	struct rewire_levels table = levels(1);
	struct trust *t = test->priv;

	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIMS, 12), 0U);
	KUNIT_ASSERT_EQ(test, give(test, &table, sizeof(table), "ab"), 0);
	KUNIT_EXPECT_EQ(test, level(t, all, 12), 6U);
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIMS, 12), 6U);
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIM_YAMA, 12), 4U);
	KUNIT_EXPECT_EQ(test, level(t, all, 11), 2U);
	KUNIT_EXPECT_EQ(test, level(t, all, 0), 0U);
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIM_JOURNAL, 12), 0U);
	KUNIT_EXPECT_EQ(test, level(t, 0, 12), 0U);
	/* a new table is all there is */
	table.version = 2;
	table.rules = 1;
	memset(&table.rule[1], 0, 2 * sizeof(table.rule[0]));
	KUNIT_ASSERT_EQ(test, give(test, &table, sizeof(table), "ab"), 0);
	KUNIT_EXPECT_EQ(test, level(t, all, 12), 2U);
}

#define WRONG(test, change) do {					\
	table = levels(2);						\
	change;								\
	KUNIT_EXPECT_EQ_MSG(test, give(test, &table, sizeof(table), "ab"),	\
			    -EBADMSG, "%s", #change);			\
} while (0)

static void attack_08_level_elements(struct kunit *test)
{
	struct rewire_levels good = levels(1), table;
	struct trust *t = test->priv;

	KUNIT_ASSERT_EQ(test, give(test, &good, sizeof(good), "ab"), 0);
	WRONG(test, table.rules = 0);
	WRONG(test, table.rules = 2);
	WRONG(test, table.rules = 4);
	WRONG(test, table.rules = REWIRE_LEVEL_RULES + 1);
	WRONG(test, table.rules = U32_MAX);
	WRONG(test, table.__reserved = 1);
	WRONG(test, table.rule[0].level = 0);
	WRONG(test, table.rule[2].level = REWIRE_MAX_LEVEL + 1);
	WRONG(test, table.rule[1].claims |= REWIRE_CLAIMS + 1);
	WRONG(test, table.rule[1].claims = 1ULL << 63);
	WRONG(test, table.rule[2] = table.rule[0]);
	WRONG(test, (table.rule[2] = table.rule[0], table.rule[2].level = 7));
	WRONG(test, table.rule[15].min_kernel = 1);
	WRONG(test, table.header.size--);
	KUNIT_EXPECT_EQ(test, give(test, &good, sizeof(good) - 1, "ab"),
			-EBADMSG);
	/* the one before goes on to count */
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIM_YAMA, 12), 4U);
}

static void attack_09_newer_peer(struct kunit *test)
{
	struct rewire_levels table = levels(1);
	struct trust *t = test->priv;

	KUNIT_ASSERT_EQ(test, give(test, &table, sizeof(table), "ab"), 0);
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIM_YAMA, 200), 4U);
	KUNIT_EXPECT_EQ(test, rewire_trust_level(t->sm, REWIRE_CLAIM_YAMA,
						 KERNEL_VERSION(99, 0, 0)),
			4U);
}

static int manifest_of_level(struct kunit *test, u32 min_atl)
{
	struct trust *t = test->priv;
	struct rewire_manifest m;
	struct rewire_cms cms;
	u8 id[REWIRE_ID_SIZE];
	const u8 *old;
	u32 len;
	int ret;

	m = *world_manifest_get(&old, &len);
	m.min_atl = min_atl;
	sign_one(test, 'v', &m, sizeof(m), &cms);
	ret = rewire_manifest_check(t->sm, &m, cms.bytes, cms.length,
				    PAGE_SIZE, id, &t->why);
	kfree(cms.bytes);
	return ret;
}

static void manifest_wants_a_level(struct kunit *test)
{
	struct rewire_levels table = levels(1);

	KUNIT_ASSERT_EQ(test, GIVE(test, DEVELOPER, 1, "v", "ab"), 0);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, 0), 0);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, 1), -EPERM);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, REWIRE_MAX_LEVEL + 1),
			-EBADMSG);
	table.rules = 1;
	memset(table.rule, 0, sizeof(table.rule));
	table.rule[0].level = 5;
	KUNIT_ASSERT_EQ(test, give(test, &table, sizeof(table), "ab"), 0);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, 5), 0);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, 6), -EPERM);
}

/* ---- after a restart ---- */

static void replay_all(struct kunit *test, struct rewire_sm *to,
		       const struct rewire_sm *from)
{
	int kind;

	for (kind = 0; kind < REWIRE_TRUST_KINDS; kind++)
		if (from->trusted.statement[kind])
			KUNIT_EXPECT_EQ(test,
					rewire_trust_replay(to, from->trusted.statement[kind],
							    from->trusted.length[kind],
							    NULL), 0);
}

static void replay_gives_the_same(struct kunit *test)
{
	struct rewire_bundle *b = bundle(test, REWIRE_ROLE_PLATFORM, 3, "p");
	struct rewire_levels table = levels(4);
	struct trust *t = test->priv;
	struct rewire_sm *old;

	b->revoked = 1;
	b->revoked_sm[0][0] = 9;
	KUNIT_ASSERT_EQ(test, give_bundle(test, REWIRE_ROLE_ROOT, 2, "cd", 2,
					  "acd"), 0);
	KUNIT_ASSERT_EQ(test, GIVE(test, DEVELOPER, 5, "v", "cd"), 0);
	KUNIT_ASSERT_EQ(test, give(test, b, bundle_length(b), "cd"), 0);
	KUNIT_ASSERT_EQ(test, give(test, &table, sizeof(table), "cd"), 0);

	old = t->sm;
	t->other = old;
	t->sm = world_sm(test, 'b', false);
	replay_all(test, t->sm, old);
	mutex_lock(&t->sm->journal.lock);
	KUNIT_EXPECT_EQ(test, rewire_trust_records(t->sm), 4U);
	KUNIT_EXPECT_EQ(test, rewire_trust_snapshot(t->sm, &t->sm->journal,
						    NULL), 0);
	mutex_unlock(&t->sm->journal.lock);

	/* PROVISION's anchors do not count where a bundle was taken */
	sign_add(test, &t->sm->roles, REWIRE_ROLE_ROOT, "ab");
	KUNIT_EXPECT_EQ(test, rewire_roles_threshold(&t->sm->roles, 1, NULL),
			0);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 6, "v", "ab"), -ENOKEY);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 5, "v", "cd"), -ESTALE);
	KUNIT_EXPECT_EQ(test, GIVE(test, PLATFORM, 3, "p", "cd"), -ESTALE);
	KUNIT_EXPECT_EQ(test, manifest_of_level(test, 0), 0);
	KUNIT_EXPECT_TRUE(test, rewire_trust_revoked(t->sm, b->revoked_sm[0]));
	KUNIT_EXPECT_EQ(test, level(t, REWIRE_CLAIM_YAMA, 12), 4U);
	table.version = 4;
	KUNIT_EXPECT_EQ(test, give(test, &table, sizeof(table), "cd"),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, GIVE(test, DEVELOPER, 6, "v", "cd"), 0);
}

/* A journal that says the lower version last is not ours. */
static void replay_goes_forward_only(struct kunit *test)
{
	struct rewire_bundle *b = bundle(test, REWIRE_ROLE_SDS, 2, "d");
	struct trust *t = test->priv;

	KUNIT_EXPECT_EQ(test, rewire_trust_replay(t->sm, b, bundle_length(b),
						  &t->why), 0);
	KUNIT_EXPECT_EQ(test, rewire_trust_replay(t->sm, b, bundle_length(b),
						  &t->why), -EUCLEAN);
	b->version = 1;
	KUNIT_EXPECT_EQ(test, rewire_trust_replay(t->sm, b, bundle_length(b),
						  &t->why), -EUCLEAN);
	b->version = 3;
	KUNIT_EXPECT_EQ(test, rewire_trust_replay(t->sm, b,
						  bundle_length(b) - 1,
						  &t->why), -EBADMSG);
	mutex_lock(&t->sm->journal.lock);
	KUNIT_EXPECT_EQ(test, rewire_trust_records(t->sm), 1U);
	mutex_unlock(&t->sm->journal.lock);
}

/* What is in the world cannot be changed any more; these numbers neither. */
static void trust_structs_have_their_sizes(struct kunit *test)
{
#define SIZE(name, bytes)						\
	KUNIT_EXPECT_EQ(test, sizeof(struct rewire_##name), (size_t)(bytes))
	SIZE(bundle, 584);
	SIZE(level_rule, 16);
	SIZE(levels, 288);
	SIZE(witness, 128);
	SIZE(fence, 120);
	SIZE(signature, 16);
	SIZE(trust, 32);
#undef SIZE
}

static struct kunit_case trust_cases[] = {
	KUNIT_CASE(bundle_needs_the_threshold),
	KUNIT_CASE(same_key_counts_once),
	KUNIT_CASE(strangers_do_not_count),
	KUNIT_CASE(one_wrong_signature_spoils_all),
	KUNIT_CASE(attack_01_wrong_role),
	KUNIT_CASE_SLOW(attack_01_bundle_flipped),
	KUNIT_CASE_SLOW(attack_01_levels_flipped),
	KUNIT_CASE(attack_07_older_is_refused),
	KUNIT_CASE(root_rotates_with_old_and_new),
	KUNIT_CASE(provisioned_threshold_has_its_limits),
	KUNIT_CASE(developer_is_known_by_key),
	KUNIT_CASE(removed_developer_is_refused_at_once),
	KUNIT_CASE(revoked_sm_is_refused_at_once),
	KUNIT_CASE(attack_08_bundle_elements),
	KUNIT_CASE(level_is_the_highest_met),
	KUNIT_CASE(attack_08_level_elements),
	KUNIT_CASE(attack_09_newer_peer),
	KUNIT_CASE(manifest_wants_a_level),
	KUNIT_CASE(replay_gives_the_same),
	KUNIT_CASE(replay_goes_forward_only),
	KUNIT_CASE(trust_structs_have_their_sizes),
	{}
};

static struct kunit_suite trust_suite = {
	.name = "rewire_trust",
	.init = trust_init,
	.exit = trust_exit,
	.test_cases = trust_cases,
};

kunit_test_suite(trust_suite);
