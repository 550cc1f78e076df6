// SPDX-License-Identifier: GPL-2.0-only
/*
 * HPKE. RFC 9180 publishes vectors of this KEM and KDF with AES-128-GCM (A.3);
 * the suite that an SM uses, with AES-256-GCM, was sealed to the same receiver by
 * another implementation, python-cryptography.
 */
#include <kunit/test.h>
#include <linux/err.h>

#include "../../kmod/hpke.h"
#include "util.h"

static const struct rewire_hpke_aead aes128 = { .id = 1, .key_len = 16 };

#define INFO "4f6465206f6e2061204772656369616e2055726e"
#define PLAIN "4265617574792069732074727574682c20747275746820626561757479"

/* RFC 9180, A.3.1 */
#define IKM_R "668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550"
#define SK_R "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2"
#define PK_R "fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82" \
	"6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0"
#define IKM_E "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e"
#define SK_E "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb"
#define PK_E "a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9" \
	"8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"
#define KEY "868c066ef58aae6dc589b6cfdd18f97e"
#define NONCE "4e0bc5018beba4bf004cca59"
#define AAD_0 "436f756e742d30"
#define CIPHER_0 "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b" \
	"6c7f9076ac232e3ab2523f39513434"

/* python-cryptography 48: Suite(P256, HKDF_SHA256, AES_256_GCM) */
#define ENC_256 "d1a1df4c0aafe0354cf4863b4a96cf0653274a1829ffc9ae01369c318c47fb" \
	"ebcba191a45816dfa6372b3844008670eafcb34282e35dbf04e0600dfd88aa774b"
#define CIPHER_256 "0270c5ff0d619c4a1695a0e5d52fc69fcc38afdc421ece09a4a59f47d8" \
	"e055a744c1973e06a320a77213e7a082"

#define PLAIN_LEN	(sizeof(PLAIN) / 2)

struct hpke {
	struct rewire_share receiver;
	u8 *enc, *info, *aad, *cipher;
	struct rewire_hpke_sealed sealed;
	u8 plain[PLAIN_LEN];
};

static int hpke_init(struct kunit *test)
{
	struct hpke *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	test->priv = h;
	KUNIT_ASSERT_EQ(test, rewire_hpke_key_pair(test_hex(test, IKM_R), 32,
						   &h->receiver), 0);
	h->enc = test_hex(test, "04" PK_E);
	h->info = test_hex(test, INFO);
	h->aad = test_hex(test, AAD_0);
	h->cipher = test_hex(test, CIPHER_0);
	h->sealed = (struct rewire_hpke_sealed){
		.enc = h->enc,
		.info = h->info, .info_len = strlen(INFO) / 2,
		.aad = h->aad, .aad_len = strlen(AAD_0) / 2,
		.cipher = h->cipher, .cipher_len = strlen(CIPHER_0) / 2,
	};
	return 0;
}

static void hpke_exit(struct kunit *test)
{
	struct hpke *h = test->priv;

	if (h)
		rewire_share_wipe(&h->receiver);
}

static int open_128(struct hpke *h)
{
	return rewire_hpke_open(&aes128, &h->receiver, &h->sealed, h->plain);
}

static void derived_pair_matches(struct kunit *test)
{
	struct hpke *h = test->priv;
	struct rewire_share pair;

	KUNIT_EXPECT_MEMEQ(test, h->receiver.public, test_hex(test, PK_R),
			   REWIRE_POINT_SIZE);
	KUNIT_ASSERT_EQ(test, rewire_hpke_key_pair(test_hex(test, IKM_E), 32,
						   &pair), 0);
	KUNIT_EXPECT_MEMEQ(test, pair.public, test_hex(test, PK_E),
			   REWIRE_POINT_SIZE);
	rewire_share_wipe(&pair);
	/* and it is that of the private half in the RFC */
	KUNIT_ASSERT_EQ(test, rewire_share_from(&pair, test_hex(test, SK_R)),
			0);
	KUNIT_EXPECT_MEMEQ(test, pair.public, h->receiver.public,
			   REWIRE_POINT_SIZE);
	rewire_share_wipe(&pair);
}

static void schedule_matches(struct kunit *test)
{
	u8 dh[REWIRE_SECRET_SIZE], material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE];
	struct hpke *h = test->priv;
	struct rewire_share sender;

	KUNIT_ASSERT_EQ(test, rewire_share_from(&sender, test_hex(test, SK_E)),
			0);
	KUNIT_ASSERT_EQ(test, rewire_share_agree(&sender, h->receiver.public,
						 dh), 0);
	rewire_share_wipe(&sender);
	KUNIT_ASSERT_EQ(test, rewire_hpke_schedule(&aes128, dh,
						   h->receiver.public,
						   &h->sealed, material), 0);
	KUNIT_EXPECT_MEMEQ(test, material, test_hex(test, KEY), 16);
	KUNIT_EXPECT_MEMEQ(test, material + 16, test_hex(test, NONCE),
			   REWIRE_IV_SIZE);
}

static void rfc_message_opens(struct kunit *test)
{
	struct hpke *h = test->priv;

	KUNIT_ASSERT_EQ(test, open_128(h), 0);
	KUNIT_EXPECT_MEMEQ(test, h->plain, test_hex(test, PLAIN), PLAIN_LEN);
}

static void aes256_message_opens(struct kunit *test)
{
	struct hpke *h = test->priv;

	h->sealed.enc = test_hex(test, "04" ENC_256);
	h->sealed.cipher = test_hex(test, CIPHER_256);
	h->sealed.cipher_len = strlen(CIPHER_256) / 2;
	h->sealed.aad_len = 0;
	KUNIT_ASSERT_EQ(test, rewire_hpke_open(&rewire_hpke_aes256,
					       &h->receiver, &h->sealed,
					       h->plain), 0);
	KUNIT_EXPECT_MEMEQ(test, h->plain, test_hex(test, PLAIN), PLAIN_LEN);
	/* the number of the AEAD is part of its key */
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
}

static void flip_all(struct kunit *test, u8 *bytes, size_t len,
		     const char *what)
{
	struct hpke *h = test->priv;
	size_t i;

	for (i = 0; i < len; i++) {
		bytes[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, open_128(h), -EBADMSG, "byte %zu of %s",
				    i, what);
		bytes[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, open_128(h), 0);
}

static void any_byte_flipped_is_refused(struct kunit *test)
{
	struct hpke *h = test->priv;

	flip_all(test, h->enc, REWIRE_ENC_SIZE, "enc");
	flip_all(test, h->info, h->sealed.info_len, "info");
	flip_all(test, h->aad, h->sealed.aad_len, "aad");
	flip_all(test, h->cipher, h->sealed.cipher_len, "cipher text and tag");
}

static void no_point_is_refused(struct kunit *test)
{
	struct hpke *h = test->priv;

	memset(h->enc + 1, 0, REWIRE_POINT_SIZE);
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
	memset(h->enc + 1, 0xff, REWIRE_POINT_SIZE);
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
	/* compressed, and the point at infinity */
	memcpy(h->enc, test_hex(test, "02" PK_E), 33);
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
	memset(h->enc, 0, REWIRE_ENC_SIZE);
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
}

static void lengths_are_bounded(struct kunit *test)
{
	struct hpke *h = test->priv;
	size_t whole = h->sealed.cipher_len;

	h->sealed.cipher_len = REWIRE_TAG_SIZE;
	KUNIT_EXPECT_EQ(test, open_128(h), -EINVAL);
	h->sealed.cipher_len = 0;
	KUNIT_EXPECT_EQ(test, open_128(h), -EINVAL);
	h->sealed.cipher_len = PAGE_SIZE + 1;
	KUNIT_EXPECT_EQ(test, open_128(h), -EINVAL);
	h->sealed.cipher_len = whole - 1;
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
	h->sealed.cipher_len = whole;
	h->sealed.info_len = REWIRE_HPKE_MAX_INFO + 1;
	KUNIT_EXPECT_EQ(test, open_128(h), -EINVAL);
}

static void another_receiver_is_refused(struct kunit *test)
{
	struct hpke *h = test->priv;

	rewire_share_wipe(&h->receiver);
	KUNIT_ASSERT_EQ(test, rewire_share_generate(&h->receiver), 0);
	KUNIT_EXPECT_EQ(test, open_128(h), -EBADMSG);
}

static struct kunit_case hpke_cases[] = {
	KUNIT_CASE(derived_pair_matches),
	KUNIT_CASE(schedule_matches),
	KUNIT_CASE(rfc_message_opens),
	KUNIT_CASE(aes256_message_opens),
	KUNIT_CASE_SLOW(any_byte_flipped_is_refused),
	KUNIT_CASE(no_point_is_refused),
	KUNIT_CASE(lengths_are_bounded),
	KUNIT_CASE(another_receiver_is_refused),
	{}
};

static struct kunit_suite hpke_suite = {
	.name = "rewire_hpke",
	.init = hpke_init,
	.exit = hpke_exit,
	.test_cases = hpke_cases,
};

kunit_test_suite(hpke_suite);
