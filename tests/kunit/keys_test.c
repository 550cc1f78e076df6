// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key derivation against RFC 5869, key agreement against RFC 5903, the chain of
 * SVN keys, and which root keys are taken.
 */
#include <keys/encrypted-type.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../../kmod/keys.h"
#include "util.h"

/* RFC 5869, appendix A */
static const struct hkdf_vector {
	const char *desc, *secret, *salt, *info, *out;
} hkdf_vectors[] = {
	{ "A.1 basic",
	  "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	  "000102030405060708090a0b0c",
	  "f0f1f2f3f4f5f6f7f8f9",
	  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
	{ "A.2 longer",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
	  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87" },
	{ "A.3 no salt, no info",
	  "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void hkdf_desc(const struct hkdf_vector *v, char *desc)
{
	strscpy(desc, v->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hkdf, hkdf_vectors, hkdf_desc);

static void hkdf_vector_matches(struct kunit *test)
{
	const struct hkdf_vector *v = test->param_value;
	size_t len = strlen(v->out) / 2;
	u8 *out = test_ramp(test, len, 0);

	KUNIT_ASSERT_EQ(test, rewire_hkdf(test_hex(test, v->secret),
					  strlen(v->secret) / 2,
					  test_hex(test, v->salt),
					  strlen(v->salt) / 2,
					  test_hex(test, v->info),
					  strlen(v->info) / 2, out, len), 0);
	KUNIT_EXPECT_MEMEQ(test, out, test_hex(test, v->out), len);
}

static void hkdf_length_limits(struct kunit *test)
{
	const size_t max = 255 * 32;
	u8 *out = test_ramp(test, max + 1, 0);

	KUNIT_EXPECT_EQ(test, rewire_hkdf("x", 1, NULL, 0, NULL, 0, out, max),
			0);
	KUNIT_EXPECT_EQ(test, rewire_hkdf("x", 1, NULL, 0, NULL, 0, out,
					  max + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_hkdf("x", 1, NULL, 0, NULL, 0, out, 0),
			-EINVAL);
}

/* The label's text and its zero, then the context: nothing else is derived. */
static void derive_label_starts_info(struct kunit *test)
{
	static const char info[] = "rewire v1 session\0request";
	u8 expected[44], out[44];

	KUNIT_ASSERT_EQ(test, rewire_hkdf("secret", 6, "salt", 4, info,
					  sizeof(info) - 1, expected,
					  sizeof(expected)), 0);
	KUNIT_ASSERT_EQ(test, rewire_derive("secret", 6, "salt", 4,
					    REWIRE_LABEL_SESSION, "request", 7,
					    out, sizeof(out)), 0);
	KUNIT_EXPECT_MEMEQ(test, out, expected, sizeof(out));
}

static void derive_labels_differ(struct kunit *test)
{
	u8 keys[REWIRE_LABEL_COUNT][REWIRE_KEY_SIZE];
	int i, j;

	for (i = 0; i < REWIRE_LABEL_COUNT; i++)
		KUNIT_ASSERT_EQ(test, rewire_derive("secret", 6, "salt", 4, i,
						    "context", 7, keys[i],
						    sizeof(keys[i])), 0);
	for (i = 0; i < REWIRE_LABEL_COUNT; i++)
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_MEMNEQ(test, keys[i], keys[j],
					    sizeof(keys[i]));
}

/*
 * K(1023), K(1020) and K(0) of the chain under "rewire v1 svn", made with
 * Python's hmac: root 01 02 .. 20, developer de .. de, software 50 .. 50.
 */
static const struct chain_vector {
	const char *desc;
	u32 steps;
	const char *key;
} chain_vectors[] = {
	{ "top", 0,
	  "7bb8f9b70a354fd2ebc36aa95eb2a62ca84ae4223209d8bca6320a7311179ce6" },
	{ "three down", 3,
	  "0c5175304fbec2760868ed283a4d3975b29beb1177d25201c2ddb17fe57cae32" },
	{ "bottom", 1023,
	  "021cd38736ab4f11b823e2fc2a0c7cea4b5770fb4f5976830b175893e5ce54ed" },
};

static void chain_desc(const struct chain_vector *v, char *desc)
{
	strscpy(desc, v->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(chain, chain_vectors, chain_desc);

static void chain_top(struct kunit *test, u8 owner[32],
		      u8 key[REWIRE_KEY_SIZE])
{
	memset(owner, 0xde, 16);
	memset(owner + 16, 0x50, 16);
	KUNIT_ASSERT_EQ(test, rewire_derive(test_ramp(test, REWIRE_KEY_SIZE, 1),
					    REWIRE_KEY_SIZE, NULL, 0,
					    REWIRE_LABEL_SVN, owner, 32, key,
					    REWIRE_KEY_SIZE), 0);
}

static void chain_vector_matches(struct kunit *test)
{
	const struct chain_vector *v = test->param_value;
	u8 owner[32], key[REWIRE_KEY_SIZE];

	chain_top(test, owner, key);
	KUNIT_EXPECT_EQ(test, rewire_derive_chain(key, v->steps,
						  REWIRE_LABEL_SVN, owner, 32),
			0);
	KUNIT_EXPECT_MEMEQ(test, key, test_hex(test, v->key), sizeof(key));
}

/* It does not matter where one begins, only how far down one is. */
static void chain_goes_down_and_not_up(struct kunit *test)
{
	u8 owner[32], high[REWIRE_KEY_SIZE], low[REWIRE_KEY_SIZE];
	u8 key[REWIRE_KEY_SIZE];
	int i;

	chain_top(test, owner, high);
	memcpy(low, high, sizeof(low));
	KUNIT_ASSERT_EQ(test, rewire_derive_chain(low, 7, REWIRE_LABEL_SVN,
						  owner, 32), 0);
	memcpy(key, high, sizeof(key));
	KUNIT_EXPECT_EQ(test, rewire_derive_chain(key, 3, REWIRE_LABEL_SVN,
						  owner, 32), 0);
	KUNIT_EXPECT_MEMNEQ(test, key, low, sizeof(key));
	KUNIT_EXPECT_EQ(test, rewire_derive_chain(key, 4, REWIRE_LABEL_SVN,
						  owner, 32), 0);
	KUNIT_EXPECT_MEMEQ(test, key, low, sizeof(key));

	for (i = 0; i < 64; i++) {
		KUNIT_EXPECT_EQ(test, rewire_derive_chain(low, 1,
							  REWIRE_LABEL_SVN,
							  owner, 32), 0);
		KUNIT_EXPECT_MEMNEQ(test, low, high, sizeof(low));
	}
}

static void chain_is_of_one_context(struct kunit *test)
{
	u8 owner[32], one[REWIRE_KEY_SIZE], other[REWIRE_KEY_SIZE];

	chain_top(test, owner, one);
	memcpy(other, one, sizeof(other));
	KUNIT_ASSERT_EQ(test, rewire_derive_chain(one, 1, REWIRE_LABEL_SVN,
						  owner, 32), 0);
	owner[31] ^= 1;
	KUNIT_ASSERT_EQ(test, rewire_derive_chain(other, 1, REWIRE_LABEL_SVN,
						  owner, 32), 0);
	KUNIT_EXPECT_MEMNEQ(test, one, other, sizeof(one));
}

static const char * const root_types[] = { "logon", "user" };

static void root_type_desc(const char * const *type, char *desc)
{
	strscpy(desc, *type, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(root_type, root_types, root_type_desc);

static void root_derives_as_its_bytes(struct kunit *test)
{
	const char * const *type = test->param_value;
	u8 *bytes = test_ramp(test, REWIRE_KEY_SIZE, 7);
	u8 expected[44], out[44];
	struct key *key, *root;

	key = test_key(test, *type, "rewire:test", bytes, REWIRE_KEY_SIZE);
	root = rewire_root_get(key_serial(key));
	key_put(key);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, root);
	KUNIT_EXPECT_PTR_EQ(test, root, key);

	KUNIT_EXPECT_EQ(test, rewire_derive_root(root, "salt", 4,
						 REWIRE_LABEL_CHECKPOINT,
						 "context", 7, out,
						 sizeof(out)), 0);
	KUNIT_EXPECT_EQ(test, rewire_derive(bytes, REWIRE_KEY_SIZE, "salt", 4,
					    REWIRE_LABEL_CHECKPOINT, "context",
					    7, expected, sizeof(expected)), 0);
	KUNIT_EXPECT_MEMEQ(test, out, expected, sizeof(out));
	key_put(root);
}

/*
 * An encrypted key is made under a master key that the maker's keyrings have;
 * the kernel's own thread has none, so it gets one for the time.
 */
static struct key *encrypted_key(struct kunit *test, const char *order)
{
	const struct cred *before;
	struct key *ring, *master;
	struct cred *cred;
	key_ref_t ref;

	ring = keyring_alloc(".rewire_test", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), KEY_POS_ALL | KEY_USR_ALL,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
	master = test_key(test, "user", "rewire-test-master",
			  test_ramp(test, 32, 3), 32);
	KUNIT_EXPECT_EQ(test, key_link(ring, master), 0);
	key_put(master);
	cred = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, cred);
	key_put(cred->session_keyring);
	cred->session_keyring = key_get(ring);
	before = override_creds(cred);
	ref = key_create_or_update(make_key_ref(ring, 1), "encrypted",
				   "rewire-test", order, strlen(order),
				   KEY_POS_ALL | KEY_USR_ALL,
				   KEY_ALLOC_NOT_IN_QUOTA);
	revert_creds(before);
	put_cred(cred);
	key_put(ring);
	return IS_ERR(ref) ? ERR_CAST(ref) : key_ref_to_ptr(ref);
}

static void root_encrypted_derives_as_its_bytes(struct kunit *test)
{
	const struct encrypted_key_payload *payload;
	u8 expected[44], out[44], bytes[REWIRE_KEY_SIZE];
	struct key *key, *root;

	key = encrypted_key(test, "new user:rewire-test-master 32");
	if (key == ERR_PTR(-ENODEV))
		kunit_skip(test, "this kernel has no encrypted keys");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	root = rewire_root_get(key_serial(key));
	KUNIT_ASSERT_PTR_EQ(test, root, key);
	key_put(key);

	down_read(&root->sem);
	payload = dereference_key_locked(root);
	memcpy(bytes, payload->decrypted_data, sizeof(bytes));
	up_read(&root->sem);
	KUNIT_EXPECT_EQ(test, rewire_derive_root(root, "salt", 4,
						 REWIRE_LABEL_CHECKPOINT,
						 "context", 7, out,
						 sizeof(out)), 0);
	KUNIT_EXPECT_EQ(test, rewire_derive(bytes, sizeof(bytes), "salt", 4,
					    REWIRE_LABEL_CHECKPOINT, "context",
					    7, expected, sizeof(expected)), 0);
	KUNIT_EXPECT_MEMEQ(test, out, expected, sizeof(out));
	key_put(root);
}

static void root_encrypted_of_other_length_is_refused(struct kunit *test)
{
	struct key *key;

	key = encrypted_key(test, "new user:rewire-test-master 64");
	if (key == ERR_PTR(-ENODEV))
		kunit_skip(test, "this kernel has no encrypted keys");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, key);
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_get(key_serial(key)),
			    ERR_PTR(-EINVAL));
	key_put(key);
}

static int root_of(struct kunit *test, const char *type, size_t len)
{
	struct key *key, *root;

	key = test_key(test, type, "rewire:test", test_ramp(test, len, 0),
		       len);
	root = rewire_root_get(key_serial(key));
	key_put(key);
	if (IS_ERR(root))
		return PTR_ERR(root);
	key_put(root);
	return 0;
}

static void root_of_other_length_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, root_of(test, "user", REWIRE_KEY_SIZE), 0);
	KUNIT_EXPECT_EQ(test, root_of(test, "user", REWIRE_KEY_SIZE - 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, root_of(test, "user", REWIRE_KEY_SIZE + 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, root_of(test, "logon", 1), -EINVAL);
}

static void root_of_other_type_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, root_of(test, "keyring", 0), -EINVAL);
}

static void root_without_key_is_refused(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_get(0), ERR_PTR(-ENOKEY));
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_get(S32_MAX), ERR_PTR(-ENOKEY));
}

static void root_without_permission_is_refused(struct kunit *test)
{
	struct key *ring;

	ring = keyring_alloc(".rewire_test", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), KEY_USR_VIEW,
			     KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ring);
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_get(key_serial(ring)),
			    ERR_PTR(-EPERM));
	key_put(ring);
}

static void root_revoked_derives_nothing(struct kunit *test)
{
	static const u8 zero[REWIRE_KEY_SIZE];
	u8 out[REWIRE_KEY_SIZE] = {};
	struct key *root;

	root = test_key(test, "logon", "rewire:test",
			test_ramp(test, REWIRE_KEY_SIZE, 0), REWIRE_KEY_SIZE);
	key_revoke(root);
	KUNIT_EXPECT_EQ(test, rewire_derive_root(root, NULL, 0,
						 REWIRE_LABEL_CHECKPOINT, NULL,
						 0, out, sizeof(out)),
			-ENOKEY);
	KUNIT_EXPECT_MEMEQ(test, out, zero, sizeof(out));
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_get(key_serial(root)),
			    ERR_PTR(-ENOKEY));
	key_put(root);
}

/* ---- generations ---- */

static struct key *some_root(struct kunit *test)
{
	return test_key(test, "logon", "rewire:test",
			test_ramp(test, REWIRE_KEY_SIZE, 0), REWIRE_KEY_SIZE);
}

static void roots_staged_is_not_seen(struct kunit *test)
{
	struct key *one = some_root(test), *two = some_root(test);
	struct rewire_roots *roots = kunit_kzalloc(test, sizeof(*roots),
						   GFP_KERNEL);
	u32 generation = 0;

	KUNIT_ASSERT_NOT_NULL(test, roots);
	roots->key[1] = one;
	roots->newest = 1;
	KUNIT_ASSERT_EQ(test, rewire_roots_stage(roots, two, &generation, NULL),
			0);
	KUNIT_EXPECT_EQ(test, generation, 2);
	KUNIT_EXPECT_EQ(test, rewire_roots_newest(roots), 1);
	KUNIT_EXPECT_NULL(test, rewire_root_of(roots, 2));

	rewire_roots_unstage(roots, 2);
	KUNIT_EXPECT_NULL(test, roots->key[2]);
	two = some_root(test);
	KUNIT_ASSERT_EQ(test, rewire_roots_stage(roots, two, &generation, NULL),
			0);
	KUNIT_EXPECT_EQ(test, generation, 2);
	rewire_roots_switch(roots, 2);
	KUNIT_EXPECT_EQ(test, rewire_roots_newest(roots), 2);
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_of(roots, 2), two);
	KUNIT_EXPECT_PTR_EQ(test, rewire_root_of(roots, 1), one);
	KUNIT_EXPECT_NULL(test, rewire_root_of(roots, 0));
	KUNIT_EXPECT_NULL(test, rewire_root_of(roots, 3));
	KUNIT_EXPECT_NULL(test, rewire_root_of(roots, U32_MAX));
	rewire_roots_put(roots);
	KUNIT_EXPECT_NULL(test, rewire_root_of(roots, 1));
}

static void roots_have_room_for_so_many(struct kunit *test)
{
	struct rewire_roots *roots = kunit_kzalloc(test, sizeof(*roots),
						   GFP_KERNEL);
	struct rewire_why why = {};
	struct key *root;
	u32 generation;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, roots);
	for (i = 1; i <= REWIRE_MAX_GENERATIONS; i++) {
		root = some_root(test);
		KUNIT_ASSERT_EQ(test, rewire_roots_stage(roots, root,
							 &generation, &why), 0);
		KUNIT_ASSERT_EQ(test, generation, i);
		rewire_roots_switch(roots, generation);
		KUNIT_EXPECT_EQ(test, rewire_roots_stage(roots, root,
							 &generation, &why),
				-EEXIST);
	}
	root = some_root(test);
	KUNIT_EXPECT_EQ(test, rewire_roots_stage(roots, root, &generation,
						 &why), -EDQUOT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(why.text, "no more fit"));
	key_put(root);
	rewire_roots_put(roots);
}

/* RFC 5903, 8.1 */
#define ECDH_I "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
#define ECDH_GI "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" \
	"5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
#define ECDH_R "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"
#define ECDH_GR "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" \
	"56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
#define ECDH_GIR "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"

static void share_vector_matches(struct kunit *test)
{
	struct rewire_share i = {}, r = {};
	u8 secret[REWIRE_SECRET_SIZE];

	KUNIT_ASSERT_EQ(test, rewire_share_from(&i, test_hex(test, ECDH_I)), 0);
	KUNIT_ASSERT_EQ(test, rewire_share_from(&r, test_hex(test, ECDH_R)), 0);
	KUNIT_EXPECT_MEMEQ(test, i.public, test_hex(test, ECDH_GI),
			   REWIRE_POINT_SIZE);
	KUNIT_EXPECT_MEMEQ(test, r.public, test_hex(test, ECDH_GR),
			   REWIRE_POINT_SIZE);

	KUNIT_EXPECT_EQ(test, rewire_share_agree(&i, r.public, secret), 0);
	KUNIT_EXPECT_MEMEQ(test, secret, test_hex(test, ECDH_GIR),
			   sizeof(secret));
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&r, i.public, secret), 0);
	KUNIT_EXPECT_MEMEQ(test, secret, test_hex(test, ECDH_GIR),
			   sizeof(secret));
	rewire_share_wipe(&i);
	rewire_share_wipe(&r);
}

static void share_generated_agree(struct kunit *test)
{
	u8 ab[REWIRE_SECRET_SIZE], ba[REWIRE_SECRET_SIZE] = {};
	struct rewire_share a = {}, b = {};

	KUNIT_ASSERT_EQ(test, rewire_share_generate(&a), 0);
	KUNIT_ASSERT_EQ(test, rewire_share_generate(&b), 0);
	KUNIT_EXPECT_MEMNEQ(test, a.public, b.public, sizeof(a.public));
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&a, b.public, ab), 0);
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&b, a.public, ba), 0);
	KUNIT_EXPECT_MEMEQ(test, ab, ba, sizeof(ab));
	rewire_share_wipe(&a);
	rewire_share_wipe(&b);
}

/* A changed point is on another curve, where ours would leak the private key. */
static void share_bad_point_is_refused(struct kunit *test)
{
	u8 *peer = test_hex(test, ECDH_GR);
	u8 secret[REWIRE_SECRET_SIZE];
	struct rewire_share share = {};
	int i;

	KUNIT_ASSERT_EQ(test, rewire_share_generate(&share), 0);
	for (i = 0; i < REWIRE_POINT_SIZE; i++) {
		peer[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, rewire_share_agree(&share, peer,
							     secret),
				    -EBADMSG, "byte %d", i);
		peer[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&share, peer, secret), 0);
	memset(peer, 0, REWIRE_POINT_SIZE);
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&share, peer, secret),
			-EBADMSG);
	memset(peer, 0xff, REWIRE_POINT_SIZE);
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&share, peer, secret),
			-EBADMSG);
	rewire_share_wipe(&share);
}

static void share_wiped_agrees_with_nobody(struct kunit *test)
{
	struct rewire_share share = {};
	u8 secret[REWIRE_SECRET_SIZE];

	KUNIT_ASSERT_EQ(test, rewire_share_generate(&share), 0);
	rewire_share_wipe(&share);
	rewire_share_wipe(&share);
	KUNIT_EXPECT_EQ(test, rewire_share_agree(&share,
						 test_hex(test, ECDH_GR),
						 secret), -EBADFD);
}

static struct kunit_case keys_cases[] = {
	KUNIT_CASE_PARAM(hkdf_vector_matches, hkdf_gen_params),
	KUNIT_CASE(hkdf_length_limits),
	KUNIT_CASE(derive_label_starts_info),
	KUNIT_CASE(derive_labels_differ),
	KUNIT_CASE_PARAM(chain_vector_matches, chain_gen_params),
	KUNIT_CASE(chain_goes_down_and_not_up),
	KUNIT_CASE(chain_is_of_one_context),
	KUNIT_CASE_PARAM(root_derives_as_its_bytes, root_type_gen_params),
	KUNIT_CASE(root_encrypted_derives_as_its_bytes),
	KUNIT_CASE(root_encrypted_of_other_length_is_refused),
	KUNIT_CASE(root_of_other_length_is_refused),
	KUNIT_CASE(root_of_other_type_is_refused),
	KUNIT_CASE(root_without_key_is_refused),
	KUNIT_CASE(root_without_permission_is_refused),
	KUNIT_CASE(root_revoked_derives_nothing),
	KUNIT_CASE(roots_staged_is_not_seen),
	KUNIT_CASE(roots_have_room_for_so_many),
	KUNIT_CASE(share_vector_matches),
	KUNIT_CASE(share_generated_agree),
	KUNIT_CASE(share_bad_point_is_refused),
	KUNIT_CASE(share_wiped_agrees_with_nobody),
	{}
};

static struct kunit_suite keys_suite = {
	.name = "rewire_keys",
	.test_cases = keys_cases,
};

kunit_test_suite(keys_suite);
