// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records against the kernel's cipher used by hand, which is itself checked
 * against McGrew and Viega's vectors; and what happens to changed ones.
 */
#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../kmod/aead.h"
#include "util.h"

/* The Galois/Counter Mode of Operation, appendix B, 256-bit keys */
#define GCM_KEY "feffe9928665731c6d6a8f9467308308" \
	"feffe9928665731c6d6a8f9467308308"
#define GCM_ZERO "00000000000000000000000000000000"
#define GCM_PLAIN_60 "d9313225f88406e5a55909c5aff5269a" \
	"86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" \
	"b16aedf5aa0de657ba637b39"
#define GCM_CIPHER_60 "522dc1f099567d07f47f37a32a84427d" \
	"643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838" \
	"c5f61e6393ba7a0abcc9f662"

static const struct gcm_vector {
	const char *desc, *key, *iv, *aad, *plain, *cipher, *tag;
} gcm_vectors[] = {
	{ "case 13", GCM_ZERO GCM_ZERO, "000000000000000000000000", "", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "case 14", GCM_ZERO GCM_ZERO, "000000000000000000000000", "",
	  GCM_ZERO, "cea7403d4d606b6e074ec5d3baf39d18",
	  "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "case 15", GCM_KEY, "cafebabefacedbaddecaf888", "",
	  GCM_PLAIN_60 "1aafd255", GCM_CIPHER_60 "898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c" },
	{ "case 16", GCM_KEY, "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  GCM_PLAIN_60, GCM_CIPHER_60, "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void gcm_desc(const struct gcm_vector *v, char *desc)
{
	strscpy(desc, v->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(gcm, gcm_vectors, gcm_desc);

/* GCM the plainest way: one buffer of associated data, text and tag */
static u8 *gcm_by_hand(struct kunit *test, const u8 *key, u8 *iv,
		       const void *aad, size_t aad_len, const void *plain,
		       size_t len)
{
	u8 *buf = kunit_kzalloc(test, aad_len + len + REWIRE_TAG_SIZE,
				GFP_KERNEL);
	DECLARE_CRYPTO_WAIT(wait);
	struct aead_request *req;
	struct crypto_aead *tfm;
	struct scatterlist sg;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memcpy(buf, aad, aad_len);
	memcpy(buf + aad_len, plain, len);
	tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tfm);
	KUNIT_ASSERT_EQ(test, crypto_aead_setkey(tfm, key, REWIRE_KEY_SIZE), 0);
	req = aead_request_alloc(tfm, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	sg_init_one(&sg, buf, aad_len + len + REWIRE_TAG_SIZE);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, aad_len);
	aead_request_set_crypt(req, &sg, &sg, len, iv);
	ret = crypto_wait_req(crypto_aead_encrypt(req), &wait);
	aead_request_free(req);
	crypto_free_aead(tfm);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return buf + aad_len;
}

static void gcm_vector_matches(struct kunit *test)
{
	const struct gcm_vector *v = test->param_value;
	size_t len = strlen(v->plain) / 2;
	u8 *out;

	out = gcm_by_hand(test, test_hex(test, v->key), test_hex(test, v->iv),
			  test_hex(test, v->aad), strlen(v->aad) / 2,
			  test_hex(test, v->plain), len);
	KUNIT_EXPECT_MEMEQ(test, out, test_hex(test, v->cipher), len);
	KUNIT_EXPECT_MEMEQ(test, out + len, test_hex(test, v->tag),
			   REWIRE_TAG_SIZE);
}

/* One record and its buffers, and both ends of a stream */
struct ends {
	struct rewire_aead seal, open;
	struct rewire_record record;
	u8 tag[REWIRE_TAG_SIZE];
	u8 *plain, *cipher, *back;
	struct scatterlist plain_sg[4], cipher_sg[4], back_sg[4];
};

#define ENDS_ROOM	8000	/* three pages at most, not aligned to any */

static int ends_init(struct kunit *test)
{
	struct ends *e = kunit_kzalloc(test, sizeof(*e), GFP_KERNEL);
	u8 *material = test_ramp(test, REWIRE_AEAD_MATERIAL, 3);

	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_ASSERT_EQ(test, rewire_aead_init(&e->seal, material), 0);
	KUNIT_ASSERT_EQ(test, rewire_aead_init(&e->open, material), 0);
	e->plain = test_ramp(test, ENDS_ROOM, 9);
	e->cipher = test_ramp(test, ENDS_ROOM, 0);
	e->back = test_ramp(test, ENDS_ROOM, 0);
	KUNIT_ASSERT_GT(test, rewire_sg_linear(e->plain_sg, 4, e->plain,
					       ENDS_ROOM), 0);
	KUNIT_ASSERT_GT(test, rewire_sg_linear(e->cipher_sg, 4, e->cipher,
					       ENDS_ROOM), 0);
	KUNIT_ASSERT_GT(test, rewire_sg_linear(e->back_sg, 4, e->back,
					       ENDS_ROOM), 0);
	e->record.type = REWIRE_RECORD_PAGES;
	e->record.index = 77;
	test->priv = e;
	return 0;
}

static void ends_exit(struct kunit *test)
{
	struct ends *e = test->priv;

	if (!e)
		return;
	rewire_aead_free(&e->seal);
	rewire_aead_free(&e->open);
}

static int ends_seal(struct ends *e, u32 length)
{
	e->record.length = length;
	return rewire_aead_seal(&e->seal, &e->record, e->plain_sg,
				e->cipher_sg, e->tag);
}

static int ends_open(struct ends *e)
{
	return rewire_aead_open(&e->open, &e->record, e->cipher_sg, e->back_sg,
				e->tag);
}

static void record_is_gcm_of_header_and_data(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, 15, 16, 100, ENDS_ROOM };
	u8 *material = test_ramp(test, REWIRE_AEAD_MATERIAL, 3);
	u8 *iv = test_ramp(test, REWIRE_IV_SIZE, 0);
	struct ends *e = test->priv;
	u8 *expected;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		KUNIT_ASSERT_EQ(test, ends_seal(e, lengths[i]), 0);
		KUNIT_EXPECT_EQ(test, e->record.sequence, (u64)i);
		memcpy(iv, material + REWIRE_KEY_SIZE, REWIRE_IV_SIZE);
		iv[REWIRE_IV_SIZE - 1] ^= i;
		expected = gcm_by_hand(test, material, iv, &e->record,
				       sizeof(e->record), e->plain,
				       lengths[i]);
		KUNIT_EXPECT_MEMEQ(test, e->cipher, expected, lengths[i]);
		KUNIT_EXPECT_MEMEQ(test, e->tag, expected + lengths[i],
				   REWIRE_TAG_SIZE);
	}
}

/* All eight bytes of the sequence number count. */
static void nonce_takes_whole_sequence(struct kunit *test)
{
	u8 *material = test_ramp(test, REWIRE_AEAD_MATERIAL, 3);
	u8 *iv = test_ramp(test, REWIRE_IV_SIZE, 0);
	struct ends *e = test->priv;
	u8 *expected;

	e->seal.sequence = 0xfedcba98;
	KUNIT_ASSERT_EQ(test, ends_seal(e, 64), 0);
	memcpy(iv, material + REWIRE_KEY_SIZE, REWIRE_IV_SIZE);
	iv[8] ^= 0xfe;
	iv[9] ^= 0xdc;
	iv[10] ^= 0xba;
	iv[11] ^= 0x98;
	expected = gcm_by_hand(test, material, iv, &e->record,
			       sizeof(e->record), e->plain, 64);
	KUNIT_EXPECT_MEMEQ(test, e->cipher, expected, 64);
}

static void record_round_trip(struct kunit *test)
{
	static const u32 lengths[] = { 0, 1, 4096, 4097, ENDS_ROOM };
	u8 sealed[REWIRE_DIGEST_SIZE], opened[REWIRE_DIGEST_SIZE];
	struct ends *e = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(e->back, 0, ENDS_ROOM);
		KUNIT_ASSERT_EQ(test, ends_seal(e, lengths[i]), 0);
		KUNIT_ASSERT_EQ(test, ends_open(e), 0);
		KUNIT_EXPECT_MEMEQ(test, e->back, e->plain, lengths[i]);
	}
	KUNIT_EXPECT_EQ(test, rewire_aead_digest(&e->seal, sealed), 0);
	KUNIT_EXPECT_EQ(test, rewire_aead_digest(&e->open, opened), 0);
	KUNIT_EXPECT_MEMEQ(test, sealed, opened, sizeof(sealed));
}

static void record_in_place(struct kunit *test)
{
	u8 *copy = test_ramp(test, ENDS_ROOM, 9);
	struct ends *e = test->priv;

	e->record.length = ENDS_ROOM;
	KUNIT_ASSERT_EQ(test, rewire_aead_seal(&e->seal, &e->record,
					       e->plain_sg, e->plain_sg,
					       e->tag), 0);
	KUNIT_EXPECT_MEMNEQ(test, e->plain, copy, ENDS_ROOM);
	KUNIT_ASSERT_EQ(test, rewire_aead_open(&e->open, &e->record,
					       e->plain_sg, e->plain_sg,
					       e->tag), 0);
	KUNIT_EXPECT_MEMEQ(test, e->plain, copy, ENDS_ROOM);
}

static void record_of_full_size(struct kunit *test)
{
	u8 *buf = vmalloc(REWIRE_MAX_RECORD);
	struct ends *e = test->priv;
	struct scatterlist *sg;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	sg = kunit_kzalloc(test, sizeof(*sg) * REWIRE_AEAD_MAX_SG, GFP_KERNEL);
	memset(buf, 0x5a, REWIRE_MAX_RECORD);
	KUNIT_EXPECT_EQ(test, rewire_sg_linear(sg, REWIRE_AEAD_MAX_SG, buf,
					       REWIRE_MAX_RECORD),
			REWIRE_MAX_RECORD / PAGE_SIZE);
	e->record.length = REWIRE_MAX_RECORD;
	KUNIT_EXPECT_EQ(test, rewire_aead_seal(&e->seal, &e->record, sg, sg,
					       e->tag), 0);
	KUNIT_EXPECT_EQ(test, rewire_aead_open(&e->open, &e->record, sg, sg,
					       e->tag), 0);
	for (i = 0; i < REWIRE_MAX_RECORD && buf[i] == 0x5a; i++)
		;
	KUNIT_EXPECT_EQ(test, i, (size_t)REWIRE_MAX_RECORD);
	vfree(buf);
}

static void record_with_any_byte_changed_is_refused(struct kunit *test)
{
	struct ends *e = test->priv;
	u8 *header = (u8 *)&e->record;
	int i;

	KUNIT_ASSERT_EQ(test, ends_seal(e, 100), 0);
	for (i = 0; i < sizeof(e->record); i++) {
		header[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, ends_open(e), 0, "header byte %d", i);
		header[i] ^= 1;
	}
	for (i = 0; i < 100; i++) {
		e->cipher[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, ends_open(e), -EBADMSG, "byte %d", i);
		e->cipher[i] ^= 1;
	}
	for (i = 0; i < REWIRE_TAG_SIZE; i++) {
		e->tag[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, ends_open(e), -EBADMSG,
				    "tag byte %d", i);
		e->tag[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, ends_open(e), 0);
}

static void record_of_other_length_is_refused(struct kunit *test)
{
	struct ends *e = test->priv;

	KUNIT_ASSERT_EQ(test, ends_seal(e, 100), 0);
	e->record.length = 99;
	KUNIT_EXPECT_EQ(test, ends_open(e), -EBADMSG);
	e->record.length = 101;
	KUNIT_EXPECT_EQ(test, ends_open(e), -EBADMSG);
	e->record.length = REWIRE_MAX_RECORD + 1;
	KUNIT_EXPECT_EQ(test, ends_open(e), -EINVAL);
	e->record.length = ENDS_ROOM + 1;
	KUNIT_EXPECT_EQ(test, ends_open(e), -EINVAL);
}

/* Neither by its own number nor by a number that fits. */
static void record_out_of_order_is_refused(struct kunit *test)
{
	struct ends *e = test->priv;
	struct rewire_record first;
	u8 tag[REWIRE_TAG_SIZE];

	KUNIT_ASSERT_EQ(test, ends_seal(e, 0), 0);
	first = e->record;
	memcpy(tag, e->tag, sizeof(tag));
	KUNIT_ASSERT_EQ(test, ends_seal(e, 0), 0);

	KUNIT_EXPECT_EQ(test, ends_open(e), -EBADMSG);
	e->record.sequence = 0;
	KUNIT_EXPECT_EQ(test, ends_open(e), -EBADMSG);

	KUNIT_EXPECT_EQ(test, rewire_aead_open(&e->open, &first, NULL, NULL,
					       tag), 0);
	KUNIT_EXPECT_EQ(test, rewire_aead_open(&e->open, &first, NULL, NULL,
					       tag), -EBADMSG);
	first.sequence = 1;
	KUNIT_EXPECT_EQ(test, rewire_aead_open(&e->open, &first, NULL, NULL,
					       tag), -EBADMSG);
	e->record.sequence = 1;
	KUNIT_EXPECT_EQ(test, ends_open(e), 0);
}

static void record_under_other_material_is_refused(struct kunit *test)
{
	u8 *material = test_ramp(test, REWIRE_AEAD_MATERIAL, 3);
	struct ends *e = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, ends_seal(e, 100), 0);
	for (i = 0; i < REWIRE_AEAD_MATERIAL; i++) {
		rewire_aead_free(&e->open);
		material[i] ^= 1;
		KUNIT_ASSERT_EQ(test, rewire_aead_init(&e->open, material), 0);
		material[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, ends_open(e), -EBADMSG, "byte %d", i);
	}
}

static void seal_ends_after_last_record(struct kunit *test)
{
	struct ends *e = test->priv;

	e->seal.sequence = REWIRE_AEAD_MAX_RECORDS - 1;
	e->open.sequence = REWIRE_AEAD_MAX_RECORDS - 1;
	KUNIT_EXPECT_EQ(test, ends_seal(e, 10), 0);
	KUNIT_EXPECT_EQ(test, ends_open(e), 0);
	KUNIT_EXPECT_EQ(test, ends_seal(e, 10), -EBADFD);
	KUNIT_EXPECT_EQ(test, ends_open(e), -EBADFD);
}

/* Half a record may be out under the nonce: nothing else may follow it. */
static void seal_that_fails_ends_the_stream(struct kunit *test)
{
	struct ends *e = test->priv;

	KUNIT_EXPECT_EQ(test, ends_seal(e, ENDS_ROOM + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ends_seal(e, 10), -EBADFD);
}

static void seal_over_maximum_is_refused(struct kunit *test)
{
	struct ends *e = test->priv;

	KUNIT_EXPECT_EQ(test, ends_seal(e, REWIRE_MAX_RECORD + 1), -EINVAL);
}

static void digest_is_of_headers_and_tags(struct kunit *test)
{
	u8 expected[REWIRE_DIGEST_SIZE], digest[REWIRE_DIGEST_SIZE];
	struct ends *e = test->priv;
	u8 all[2 * (sizeof(e->record) + REWIRE_TAG_SIZE)];
	u8 *p = all;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, ends_seal(e, 50), 0);
		memcpy(p, &e->record, sizeof(e->record));
		p += sizeof(e->record);
		memcpy(p, e->tag, REWIRE_TAG_SIZE);
		p += REWIRE_TAG_SIZE;
		KUNIT_EXPECT_EQ(test, rewire_aead_digest(&e->seal, digest), 0);
		sha256(all, p - all, expected);
		KUNIT_EXPECT_MEMEQ(test, digest, expected, sizeof(digest));
	}
}

static void sg_linear_needs_room(struct kunit *test)
{
	u8 *buf = vmalloc(2 * PAGE_SIZE);
	struct scatterlist sg[2];

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, rewire_sg_linear(sg, 2, buf, 2 * PAGE_SIZE), 2);
	KUNIT_EXPECT_EQ(test, rewire_sg_linear(sg, 1, buf, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, rewire_sg_linear(sg, 1, buf + PAGE_SIZE - 1, 2),
			0);
	KUNIT_EXPECT_EQ(test, rewire_sg_linear(sg, 2, buf + PAGE_SIZE - 1, 2),
			2);
	KUNIT_EXPECT_EQ(test, sg[0].length, 1);
	KUNIT_EXPECT_PTR_EQ(test, sg_page(&sg[1]),
			    vmalloc_to_page(buf + PAGE_SIZE));
	vfree(buf);
}

static struct kunit_case aead_cases[] = {
	KUNIT_CASE_PARAM(gcm_vector_matches, gcm_gen_params),
	KUNIT_CASE(record_is_gcm_of_header_and_data),
	KUNIT_CASE(nonce_takes_whole_sequence),
	KUNIT_CASE(record_round_trip),
	KUNIT_CASE(record_in_place),
	KUNIT_CASE(record_of_full_size),
	KUNIT_CASE(record_with_any_byte_changed_is_refused),
	KUNIT_CASE(record_of_other_length_is_refused),
	KUNIT_CASE(record_out_of_order_is_refused),
	KUNIT_CASE(record_under_other_material_is_refused),
	KUNIT_CASE(seal_ends_after_last_record),
	KUNIT_CASE(seal_that_fails_ends_the_stream),
	KUNIT_CASE(seal_over_maximum_is_refused),
	KUNIT_CASE(digest_is_of_headers_and_tags),
	KUNIT_CASE(sg_linear_needs_room),
	{}
};

static struct kunit_suite aead_suite = {
	.name = "rewire_aead",
	.init = ends_init,
	.exit = ends_exit,
	.test_cases = aead_cases,
};

kunit_test_suite(aead_suite);
