// SPDX-License-Identifier: MIT
/*
 * HPKE. RFC 9180 publishes vectors of this KEM and KDF with AES-128-GCM (A.3). The
 * one with AES-256-GCM has the same keys; python-cryptography's HPKE opens it.
 */
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "test.h"

#include "hpke.h"

#define SK_E "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb"
#define PK_E "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9" \
	"8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"
#define PK_R "fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82" \
	"6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0"
#define INFO "4f6465206f6e2061204772656369616e2055726e"
#define PLAIN "4265617574792069732074727574682c20747275746820626561757479"
#define AAD_0 "436f756e742d30"
#define CIPHER_128 "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f2" \
	"0b6c7f9076ac232e3ab2523f39513434"
#define CIPHER_256 "518c46e6810fbc55362f7d5995b0f54339d93664ca44e5c74d0f289c4f" \
	"6b3249e9bdf87ebdd19a97744bb48555"

static struct {
	__u8 point[REWIRE_POINT_SIZE], info[20], plain[29], aad[7];
	EVP_PKEY *sender;
} v;

static int make(void **state)
{
	__u8 private[32], public[REWIRE_ENC_SIZE], native[32];
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
				       (char *)"prime256v1", 10),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof(native)),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public,
					sizeof(public)),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	(void)state;
	rewire_unhex(PK_R, v.point, sizeof(v.point));
	rewire_unhex(INFO, v.info, sizeof(v.info));
	rewire_unhex(PLAIN, v.plain, sizeof(v.plain));
	rewire_unhex(AAD_0, v.aad, sizeof(v.aad));
	rewire_unhex(PK_E, public, sizeof(public));
	rewire_unhex(SK_E, private, sizeof(private));
	/* OpenSSL's numbers have the machine's byte order */
	for (size_t i = 0; i < sizeof(native); i++)
		native[i] = private[sizeof(private) - 1 - i];
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &v.sender, EVP_PKEY_KEYPAIR, params) != 1)
		return -1;
	EVP_PKEY_CTX_free(context);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	EVP_PKEY_free(v.sender);
	return 0;
}

static void check(int aead, size_t aad_length, const char *cipher)
{
	const struct hpke_message message = {
		.aead = aead,
		.info = v.info, .info_length = sizeof(v.info),
		.aad = v.aad, .aad_length = aad_length,
		.plain = v.plain, .length = sizeof(v.plain),
	};
	__u8 enc[REWIRE_ENC_SIZE], out[sizeof(v.plain) + REWIRE_TAG_SIZE];
	__u8 expected_enc[sizeof(enc)], expected[sizeof(out)];
	struct rewire_error err = { 0 };

	if (hpke_seal_from(v.sender, v.point, &message, enc, out, &err))
		fail_msg("%s", err.text);
	assert_int_equal(rewire_unhex(PK_E, expected_enc, sizeof(enc)), 0);
	assert_int_equal(rewire_unhex(cipher, expected, sizeof(out)), 0);
	assert_memory_equal(enc, expected_enc, sizeof(enc));
	assert_memory_equal(out, expected, sizeof(out));
}

static void rfc_vector_matches(void **state)
{
	(void)state;
	check(HPKE_AES_128_GCM, sizeof(v.aad), CIPHER_128);
}

static void aes256_vector_matches(void **state)
{
	(void)state;
	check(HPKE_AES_256_GCM, 0, CIPHER_256);
}

static void each_message_has_its_key(void **state)
{
	const struct hpke_message message = {
		.aead = HPKE_AES_256_GCM, .plain = v.plain,
		.length = sizeof(v.plain),
	};
	__u8 a[REWIRE_ENC_SIZE], b[REWIRE_ENC_SIZE];
	__u8 x[sizeof(v.plain) + REWIRE_TAG_SIZE], y[sizeof(x)];

	(void)state;
	assert_int_equal(hpke_seal(v.point, &message, a, x, NULL), 0);
	assert_int_equal(hpke_seal(v.point, &message, b, y, NULL), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(x, y, sizeof(x));
}

static void no_point_is_refused(void **state)
{
	const struct hpke_message message = {
		.aead = HPKE_AES_256_GCM, .plain = v.plain,
		.length = sizeof(v.plain),
	};
	__u8 enc[REWIRE_ENC_SIZE], out[sizeof(v.plain) + REWIRE_TAG_SIZE];
	__u8 point[REWIRE_POINT_SIZE] = { 0 };

	(void)state;
	assert_int_equal(hpke_seal(point, &message, enc, out, NULL), -EBADMSG);
	memset(point, 0xff, sizeof(point));
	assert_int_equal(hpke_seal(point, &message, enc, out, NULL), -EBADMSG);
	memcpy(point, v.point, sizeof(point));
	point[63] ^= 1;
	assert_int_equal(hpke_seal(point, &message, enc, out, NULL), -EBADMSG);
}

static void info_is_bounded(void **state)
{
	static const __u8 long_info[257];
	const struct hpke_message message = {
		.aead = HPKE_AES_256_GCM, .plain = v.plain,
		.length = sizeof(v.plain), .info = long_info,
		.info_length = sizeof(long_info),
	};
	__u8 enc[REWIRE_ENC_SIZE], out[sizeof(v.plain) + REWIRE_TAG_SIZE];

	(void)state;
	assert_int_equal(hpke_seal(v.point, &message, enc, out, NULL), -EINVAL);
}

/* RFC 5869, A.1 and A.3 */
static void hkdf_vectors_match(void **state)
{
	__u8 ikm[22], salt[13], info[10], prk[32], okm[42], expected[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	rewire_unhex("000102030405060708090a0b0c", salt, sizeof(salt));
	rewire_unhex("f0f1f2f3f4f5f6f7f8f9", info, sizeof(info));
	assert_int_equal(hkdf_extract(salt, sizeof(salt), ikm, sizeof(ikm), prk),
			 0);
	assert_int_equal(hkdf_expand(prk, info, sizeof(info), okm, sizeof(okm)),
			 0);
	rewire_unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56"
		     "ecc4c5bf34007208d5b887185865", expected, sizeof(expected));
	assert_memory_equal(okm, expected, sizeof(okm));
	assert_int_equal(hkdf_extract(NULL, 0, ikm, sizeof(ikm), prk), 0);
	assert_int_equal(hkdf_expand(prk, NULL, 0, okm, sizeof(okm)), 0);
	rewire_unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f"
		     "3c738d2d9d201395faa4b61a96c8", expected, sizeof(expected));
	assert_memory_equal(okm, expected, sizeof(okm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_vector_matches),
		cmocka_unit_test(aes256_vector_matches),
		cmocka_unit_test(each_message_has_its_key),
		cmocka_unit_test(no_point_is_refused),
		cmocka_unit_test(info_is_bounded),
		cmocka_unit_test(hkdf_vectors_match),
	};

	return cmocka_run_group_tests_name("hpke", tests, make, clear);
}
