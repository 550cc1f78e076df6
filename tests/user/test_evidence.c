// SPDX-License-Identifier: MIT
/*
 * The verifier of evidence, with tokens that OpenSSL signs here: good ones, and
 * every way to spoil them.
 */
#include <errno.h>

#include <cbor.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "test.h"

#include "scratch.h"

#define ROUNDS 200000

static char *folder;	/* of the whole group: keys are slow to make */
static char platform[256], other[256];
static EVP_PKEY *key;
static __u8 *certificate;
static size_t certificate_length;
static __u8 sm[REWIRE_ID_SIZE];

struct bytes {
	__u8 data[REWIRE_MAX_EVIDENCE + 64];
	size_t length;
};

static void put(struct bytes *b, const void *data, size_t length)
{
	assert_true(b->length + length <= sizeof(b->data));
	memcpy(b->data + b->length, data, length);
	b->length += length;
}

#define PUT_HEAD(b, kind, value) do {					\
	__u8 head_[9];							\
	size_t size_ = cbor_encode_##kind(value, head_, sizeof(head_));	\
									\
	put(b, head_, size_);						\
} while (0)

static void put_number(struct bytes *b, __s64 value)
{
	if (value < 0)
		PUT_HEAD(b, negint, (__u64)(-1 - value));
	else
		PUT_HEAD(b, uint, (__u64)value);
}

static void put_bytes(struct bytes *b, const void *data, size_t length)
{
	PUT_HEAD(b, bytestring_start, length);
	put(b, data, length);
}

static void put_text(struct bytes *b, const char *text)
{
	PUT_HEAD(b, string_start, strlen(text));
	put(b, text, strlen(text));
}

/* ---- a PKI, and a token of its SM alpha ---- */

static int read_pki(void)
{
	struct rewire_error err;
	const unsigned char *at;
	unsigned char *der = NULL;
	X509 *x509 = NULL;
	FILE *file;
	int length;

	file = fopen(scratch_path(folder, "pki/hosts/alpha/attest.key"), "r");
	if (!file)
		return -1;
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	if (rewire_file_read(scratch_path(folder, "pki/hosts/alpha/attest.crt"),
			     65536, &certificate, &certificate_length, &err))
		return -1;
	at = certificate;
	x509 = d2i_X509(NULL, &at, (long)certificate_length);
	if (!x509) {
		BIO *bio = BIO_new_mem_buf(certificate, (int)certificate_length);

		x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	length = i2d_X509(x509, &der);
	X509_free(x509);
	rewire_wipe_free(certificate, certificate_length);
	certificate = der;
	certificate_length = (size_t)length;
	return key && length > 0 ? 0 : -1;
}

static int make_pki(void **state)
{
	struct rewire_error err;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha", NULL, sm,
			    &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	strcpy(platform, scratch_path(folder, "pki/platform.crt"));
	strcpy(other, scratch_path(folder, "pki/tls-ca.crt"));
	return read_pki();
}

static int remove_pki(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	OPENSSL_free(certificate);
	scratch_remove(folder);
	return 0;
}

/* What makes one claim other than it should be. */
enum spoil {
	GOOD, MISSING, DOUBLE, NOTHING, OTHER_TYPE, UNKNOWN, LONG_KEY, SWAPPED,
	SPOILS
};

struct claim {
	__s64 key;
	int kind;
	__u32 group;
	const void *data;
	size_t length;
	__u64 number;
};

static __u8 fill[REWIRE_DIGEST_SIZE] = "0123456789abcdef0123456789abcde";
static __u8 ueid[REWIRE_UEID_SIZE];

#define B(k, g, d, l) { .key = k, .kind = REWIRE_EAT_BYTES,		\
	.group = REWIRE_EAT_##g, .data = d, .length = l }
#define N(k, g, n) { .key = k, .kind = REWIRE_EAT_UINT,			\
	.group = REWIRE_EAT_##g, .number = n }
#define T(k, g, t) { .key = k, .kind = REWIRE_EAT_TEXT,			\
	.group = REWIRE_EAT_##g, .data = t }

/* By hand and not from the table, so that the table is checked as well. */
static struct claim claims[] = {
	B(10, SM, "a challenge", 11),
	B(256, SM, ueid, sizeof(ueid)),
	T(265, SM, "tag:rewire.example,2026:evidence:1"),
	N(-70000, SESSION, 2),
	B(-70001, SESSION, fill, 16),
	B(-70002, SESSION, fill, 32),
	B(-70003, ENCLAVE, fill, 16),
	N(-70004, ENCLAVE, 5),
	B(-70005, ENCLAVE, fill, 32),
	B(-70006, ENCLAVE, fill, 16),
	N(-70007, ENCLAVE, 3),
	B(-70008, ENCLAVE, fill, 16),
	B(-70009, STATE, fill, 32),
	B(-70010, JOURNAL, fill, 16),
	N(-70011, JOURNAL, 300),
	B(-70012, JOURNAL, fill, 32),
	N(-70013, SM, 3),
	N(-70014, SM, 1),
	N(-70015, SM, 0xc08),
	T(-70016, SM, "6.12.0-test"),
	N(-70017, SM, 0x60c00),
	N(-70018, SM, 0),
};

#define CLAIMS ARRAY_SIZE(claims)

static void put_claim(struct bytes *b, const struct claim *claim,
		      enum spoil how)
{
	static const __u8 null = 0xf6, array = 0x80;
	struct bytes form = { .length = 0 };

	put_number(&form, claim->key + (how == UNKNOWN ? -1000 : 0));
	if (how == LONG_KEY) {
		/* the same number with eight bytes behind the head */
		__u8 big[9] = { claim->key < 0 ? 0x3b : 0x1b };
		__u64 value = (__u64)(claim->key < 0 ? -1 - claim->key :
						       claim->key);

		for (int i = 0; i < 8; i++)
			big[1 + i] = (__u8)(value >> (56 - 8 * i));
		put(b, big, sizeof(big));
	} else {
		put(b, form.data, form.length);
	}
	if (how == NOTHING)
		put(b, &null, 1);
	else if (how == OTHER_TYPE)
		put(b, &array, 1);
	else if (claim->kind == REWIRE_EAT_BYTES)
		put_bytes(b, claim->data, claim->length);
	else if (claim->kind == REWIRE_EAT_TEXT)
		put_text(b, claim->data);
	else
		put_number(b, (__s64)claim->number);
}

static void make_payload(struct bytes *b, __u32 groups, size_t which,
			 enum spoil how)
{
	size_t count = 0;

	ueid[0] = 1;
	memcpy(ueid + 1, sm, sizeof(sm));
	for (size_t i = 0; i < CLAIMS; i++)
		count += !!(claims[i].group & groups);
	count += (how == DOUBLE) - (how == MISSING);
	b->length = 0;
	PUT_HEAD(b, map_start, count);
	for (size_t i = 0; i < CLAIMS; i++) {
		size_t at = i;

		if (!(claims[i].group & groups))
			continue;
		if (how == SWAPPED && which + 1 < CLAIMS) {
			at = i == which ? i + 1 : i == which + 1 ? i - 1 : i;
			put_claim(b, &claims[at], GOOD);
			continue;
		}
		if (i != which) {
			put_claim(b, &claims[i], GOOD);
			continue;
		}
		if (how != MISSING)
			put_claim(b, &claims[i], how);
		if (how == DOUBLE)
			put_claim(b, &claims[i], how);
	}
}

static void sign(const struct bytes *payload, const __u8 *protected,
		 size_t protected_length, __u8 *signature, size_t *length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	struct bytes b = { .length = 0 };

	PUT_HEAD(&b, array_start, 4);
	put_text(&b, "Signature1");
	put_bytes(&b, protected, protected_length);
	put_bytes(&b, "", 0);
	put_bytes(&b, payload->data, payload->length);
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL,
					    key), 1);
	assert_int_equal(EVP_DigestSign(context, signature, length, b.data,
					b.length), 1);
	EVP_MD_CTX_free(context);
}

static const __u8 rs256[] = { 0xa1, 0x01, 0x39, 0x01, 0x00 };

static void make_token(struct bytes *b, const struct bytes *payload)
{
	__u8 signature[512];
	size_t length = sizeof(signature);

	sign(payload, rs256, sizeof(rs256), signature, &length);
	b->length = 0;
	PUT_HEAD(b, tag, 18);
	PUT_HEAD(b, array_start, 4);
	put_bytes(b, rs256, sizeof(rs256));
	PUT_HEAD(b, map_start, 1);
	put_number(b, 33);
	put_bytes(b, certificate, certificate_length);
	put_bytes(b, payload->data, payload->length);
	put_bytes(b, signature, length);
}

static void good_token(struct bytes *token)
{
	struct bytes payload;

	make_payload(&payload, REWIRE_EAT_GROUPS, CLAIMS, GOOD);
	make_token(token, &payload);
}

static int verify(const struct bytes *token, const char *anchor,
		  struct rewire_claims *ret_claims, struct rewire_error *err)
{
	/* alone in its allocation, so that ASan sees one byte too many */
	__u8 *exact = malloc(token->length ? token->length : 1);
	int rc;

	assert_non_null(exact);
	memcpy(exact, token->data, token->length);
	rc = rewire_evidence_verify(exact, token->length, anchor, ret_claims,
				    err);
	free(exact);
	return rc;
}

static void expect_refused(const struct bytes *token, int code,
			   const char *words)
{
	struct rewire_claims found;
	struct rewire_error err = { 0 };
	int rc = verify(token, platform, &found, &err);

	if (rc != -code || (words && !strstr(err.text, words)))
		print_message("# %d, not %d: %s\n", -rc, code, err.text);
	assert_int_equal(rc, -code);
	assert_true(err.text[0]);
	if (words)
		assert_non_null(strstr(err.text, words));
}

/* ---- tests ---- */

static void test_good(void **state)
{
	struct rewire_claims found;
	struct rewire_error err;
	struct bytes token;

	(void)state;
	good_token(&token);
	assert_int_equal(verify(&token, platform, &found, &err), 0);
	assert_int_equal(found.groups, REWIRE_EAT_GROUPS);
	assert_int_equal(found.nonce_len, 11);
	assert_memory_equal(found.nonce, "a challenge", 11);
	assert_memory_equal(found.ueid + 1, sm, sizeof(sm));
	assert_int_equal(found.role, REWIRE_SIDE_TARGET);
	assert_int_equal(found.epoch, 5);
	assert_int_equal(found.svn, 3);
	assert_int_equal(found.sequence, 300);
	assert_int_equal(found.freshness, REWIRE_FRESHNESS_WITNESSED);
	assert_int_equal(found.platform, 0xc08);
	assert_string_equal(found.kernel, "6.12.0-test");
	assert_memory_equal(found.measurement, fill, REWIRE_DIGEST_SIZE);
	assert_memory_equal(found.head, fill, REWIRE_DIGEST_SIZE);
}

static void test_groups(void **state)
{
	struct bytes payload, token;
	struct rewire_claims found;
	struct rewire_error err;
	__u32 groups;

	(void)state;
	for (groups = 0; groups <= REWIRE_EAT_GROUPS; groups++) {
		bool sense = (groups & REWIRE_EAT_SM) &&
			     (groups & REWIRE_EAT_JOURNAL) &&
			     (!(groups & REWIRE_EAT_STATE) ||
			      (groups & REWIRE_EAT_ENCLAVE));

		make_payload(&payload, groups, CLAIMS, GOOD);
		make_token(&token, &payload);
		if (!sense) {
			expect_refused(&token, EBADMSG, NULL);
			continue;
		}
		assert_int_equal(verify(&token, platform, &found, &err), 0);
		assert_int_equal(found.groups, groups);
	}
}

static void test_each_claim_spoilt(void **state)
{
	static const char *const words[SPOILS] = {
		[MISSING] = "missing", [DOUBLE] = "again",
		[NOTHING] = "null", [OTHER_TYPE] = "where",
		[UNKNOWN] = "no claim", [LONG_KEY] = "shortest",
		[SWAPPED] = "out of order",
	};
	struct bytes payload, token;

	(void)state;
	for (int how = MISSING; how < SPOILS; how++)
		for (size_t i = 0; i < CLAIMS; i++) {
			/* there is nothing behind the last; STATE has one */
			if ((how == SWAPPED && i + 1 == CLAIMS) ||
			    (how == MISSING && claims[i].group == REWIRE_EAT_STATE))
				continue;
			make_payload(&payload, REWIRE_EAT_GROUPS, i, how);
			make_token(&token, &payload);
			expect_refused(&token, EBADMSG, words[how]);
		}
}

static void test_values(void **state)
{
	static const struct {
		size_t claim;
		__u64 number;
	} bad[] = {
		{ 3, 0 }, { 3, 3 }, { 7, 0 },
		{ 16, REWIRE_FRESHNESS_STATES }, { 16, 0 }, { 16, 1 },
		{ 17, 0 }, { 17, 33 }, { 18, 0 }, { 18, 0x1c00 }, { 18, 0x400 },
		{ 20, 0 }, { 20, 1ULL << 32 },
	};
	struct bytes token;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		__u64 number = claims[bad[i].claim].number;

		claims[bad[i].claim].number = bad[i].number;
		good_token(&token);
		claims[bad[i].claim].number = number;
		expect_refused(&token, EBADMSG, NULL);
	}
}

static void test_lengths(void **state)
{
	struct bytes token;

	(void)state;
	for (size_t i = 0; i < CLAIMS; i++) {
		size_t length = claims[i].length;

		if (claims[i].kind != REWIRE_EAT_BYTES)
			continue;
		claims[i].length = i ? length - 1 : 7;
		good_token(&token);
		claims[i].length = length;
		expect_refused(&token, EBADMSG, "bytes");
	}
	claims[19].data = "6.12\n";
	good_token(&token);
	claims[19].data = "";
	expect_refused(&token, EBADMSG, "kernel-release");
	good_token(&token);
	claims[19].data = "6.12.0-test";
	expect_refused(&token, EBADMSG, "kernel-release");
	claims[2].data = "tag:rewire.example,2026:evidence:2";
	good_token(&token);
	claims[2].data = "tag:rewire.example,2026:evidence:1";
	expect_refused(&token, EOPNOTSUPP, "eat_profile");
}

static void test_unknown_platform_bits(void **state)
{
	struct rewire_claims found;
	struct rewire_error err;
	struct bytes token;

	(void)state;
	claims[18].number |= 1ULL << 40;
	good_token(&token);
	claims[18].number = 0xc08;
	assert_int_equal(verify(&token, platform, &found, &err), 0);
	assert_int_equal(found.platform, 0xc08 | 1ULL << 40);
}

static void test_every_byte_changed(void **state)
{
	struct rewire_claims found;
	struct rewire_error err;
	struct bytes token;

	(void)state;
	good_token(&token);
	for (size_t i = 0; i < token.length; i++) {
		token.data[i] ^= (__u8)(1 << i % 8);
		if (!verify(&token, platform, &found, &err))
			fail_msg("byte %zu makes no difference", i);
		token.data[i] ^= (__u8)(1 << i % 8);
	}
}

static void test_truncated(void **state)
{
	struct bytes token;
	size_t length;

	(void)state;
	good_token(&token);
	length = token.length;
	for (token.length = 0; token.length < length; token.length++)
		expect_refused(&token, EBADMSG, NULL);
	token.data[length] = 0;
	token.length = length + 1;
	expect_refused(&token, EBADMSG, "something follows");
}

static void test_another_platform(void **state)
{
	struct rewire_claims found;
	struct rewire_error err;
	struct bytes token;

	(void)state;
	good_token(&token);
	assert_int_equal(verify(&token, other, &found, &err), -ENOKEY);
	assert_non_null(strstr(err.text, "platform CA"));
	assert_int_equal(verify(&token, "/nonexistent", &found, &err), -ENOENT);
}

static void test_another_sm(void **state)
{
	struct bytes token;

	(void)state;
	sm[3] ^= 1;
	good_token(&token);
	sm[3] ^= 1;
	expect_refused(&token, EKEYREJECTED, "ueid");
}

static void test_another_context(void **state)
{
	struct bytes payload, token;
	__u8 signature[512];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	(void)state;
	make_payload(&payload, REWIRE_EAT_GROUPS, CLAIMS, GOOD);
	make_token(&token, &payload);
	/* the payload alone, as if an SM signed whatever it is given */
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL,
					    key), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &length,
					payload.data, payload.length), 1);
	EVP_MD_CTX_free(context);
	memcpy(token.data + token.length - length, signature, length);
	expect_refused(&token, EKEYREJECTED, "signature");
}

static void test_headers(void **state)
{
	static const __u8 ps256[] = { 0xa1, 0x01, 0x38, 0x24 };
	struct bytes payload, token = { .length = 0 };

	(void)state;
	make_payload(&payload, REWIRE_EAT_GROUPS, CLAIMS, GOOD);
	PUT_HEAD(&token, tag, 18);
	PUT_HEAD(&token, array_start, 4);
	put_bytes(&token, ps256, sizeof(ps256));
	expect_refused(&token, EOPNOTSUPP, "RS256");
	token.length = 0;
	PUT_HEAD(&token, tag, 98);
	expect_refused(&token, EBADMSG, "tag 18");
	token.length = 0;
	PUT_HEAD(&token, tag, 18);
	PUT_HEAD(&token, array_start, 5);
	expect_refused(&token, EBADMSG, "four parts");
	token.length = 2;
	token.data[1] = 0x84;
	put_bytes(&token, rs256, sizeof(rs256));
	PUT_HEAD(&token, map_start, 2);
	expect_refused(&token, EBADMSG, "one unprotected");
	token.length--;
	PUT_HEAD(&token, map_start, 1);
	put_number(&token, 34);
	put_bytes(&token, certificate, certificate_length);
	expect_refused(&token, EBADMSG, "x5chain, 33");
}

#define AGAIN(member, number, type, in, text)				\
	if (c->groups & REWIRE_EAT_##in) {				\
		put_number(b, number);					\
		again_##type(b, c, &c->member, sizeof(c->member));	\
	}

static void again_NONCE(struct bytes *b, const struct rewire_claims *c,
			const void *member, size_t size)
{
	(void)size;
	put_bytes(b, member, c->nonce_len);
}

static void again_URI(struct bytes *b, const struct rewire_claims *c,
		      const void *member, size_t size)
{
	(void)c, (void)member, (void)size;
	put_text(b, REWIRE_EAT_PROFILE);
}

static void again_BYTES(struct bytes *b, const struct rewire_claims *c,
			const void *member, size_t size)
{
	(void)c;
	put_bytes(b, member, size);
}

static void again_UINT(struct bytes *b, const struct rewire_claims *c,
		       const void *member, size_t size)
{
	__u64 number;

	(void)c;
	assert_int_equal(size, sizeof(number));
	memcpy(&number, member, sizeof(number));
	PUT_HEAD(b, uint, number);
}

static void again_TEXT(struct bytes *b, const struct rewire_claims *c,
		       const void *member, size_t size)
{
	(void)c, (void)size;
	put_text(b, member);
}

/* the claims, but for the map's head */
static void put_again(struct bytes *b, const struct rewire_claims *c)
{
	b->length = 0;
	REWIRE_EAT_CLAIMS(AGAIN)
}

/* xorshift: the same rounds each time */
static __u64 next(__u64 *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Whatever is accepted has one form: making it again gives the same bytes. */
static void test_mutated(void **state)
{
	struct bytes good, token, again;
	struct rewire_claims found;
	struct rewire_error err;
	__u64 random = 0x9e3779b97f4a7c15;
	size_t accepted = 0, start;

	(void)state;
	good_token(&good);
	start = certificate_length + 14;
	for (int round = 0; round < ROUNDS; round++) {
		__u8 *exact;

		token = good;
		if (!(next(&random) % 8))
			token.length = 1 + next(&random) % good.length;
		do {
			size_t at = next(&random) % token.length;

			/* mostly the claims; the rest is long and dull */
			if (next(&random) % 4 && token.length > start)
				at = start + at % (token.length - start);
			token.data[at] = (__u8)next(&random);
		} while (next(&random) % 4 == 0);
		exact = malloc(token.length);
		assert_non_null(exact);
		memcpy(exact, token.data, token.length);
		if (!rewire_evidence_parse(exact, token.length, &found, &err)) {
			accepted++;
			put_again(&again, &found);
			assert_non_null(memmem(exact, token.length, again.data,
					       again.length));
		}
		free(exact);
	}
	assert_in_range(accepted, 1, ROUNDS - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_each_claim_spoilt),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_unknown_platform_bits),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_another_platform),
		cmocka_unit_test(test_another_sm),
		cmocka_unit_test(test_another_context),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, make_pki, remove_pki);
}
