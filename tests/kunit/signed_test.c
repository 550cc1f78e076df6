// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roles, CMS signatures and attestation. data_signed.h has what OpenSSL made;
 * make-data says how.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../../kmod/signed.h"
#include "data_signed.h"
#include "util.h"

#define DOMAIN "a domain"

struct signers {
	struct rewire_roles roles;
	struct rewire_attest attest;
	struct rewire_why why;
};

static int add(struct signers *s, u32 role, const u8 *cert, size_t len)
{
	return rewire_roles_add(&s->roles, role, cert, len, &s->why);
}

#define ADD(s, role, cert)	add(s, REWIRE_ROLE_##role, cert, sizeof(cert))

static int signers_init(struct kunit *test)
{
	struct signers *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	test->priv = s;
	KUNIT_ASSERT_EQ(test, rewire_roles_init(&s->roles), 0);
	KUNIT_ASSERT_EQ(test, ADD(s, DEVELOPER, data_cert_developer), 0);
	KUNIT_ASSERT_EQ(test, ADD(s, SDS, data_cert_sds), 0);
	KUNIT_ASSERT_EQ(test, ADD(s, PLATFORM, data_cert_platform), 0);
	return 0;
}

static void signers_exit(struct kunit *test)
{
	struct signers *s = test->priv;

	if (!s)
		return;
	rewire_attest_free(&s->attest);
	rewire_roles_free(&s->roles);
}

/* A refusal has a reason, and a reason ends without a full stop. */
static void expect_why(struct kunit *test)
{
	struct signers *s = test->priv;
	size_t len = strlen(s->why.text);

	KUNIT_EXPECT_GT(test, len, 0);
	KUNIT_EXPECT_LT(test, len, sizeof(s->why.text) - 1);
	if (len)
		KUNIT_EXPECT_NE(test, s->why.text[len - 1], '.');
	memset(&s->why, 0, sizeof(s->why));
}

static int verify(struct signers *s, u32 role, const u8 *cms, size_t len)
{
	return rewire_signed_verify(&s->roles, role, data_content,
				    sizeof(data_content), cms, len, NULL,
				    &s->why);
}

#define VERIFY(s, role, cms)	verify(s, REWIRE_ROLE_##role, cms, sizeof(cms))

static void role_accepts_its_signatures(struct kunit *test)
{
	u8 signer[REWIRE_ID_SIZE] = {}, id[REWIRE_ID_SIZE];
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_noattr), 0);
	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_bare), 0);
	KUNIT_EXPECT_EQ(test, VERIFY(s, SDS, data_cms_sds), 0);
	/* among others, and by name */
	KUNIT_ASSERT_EQ(test, ADD(s, ROOT, data_cert_developer), 0);
	KUNIT_ASSERT_EQ(test, ADD(s, ROOT, data_cert_sds), 0);
	KUNIT_EXPECT_EQ(test, rewire_signed_verify(&s->roles, REWIRE_ROLE_ROOT,
						   data_content,
						   sizeof(data_content),
						   data_cms_sds,
						   sizeof(data_cms_sds), signer,
						   &s->why), 0);
	KUNIT_EXPECT_EQ(test, rewire_cert_id(data_cert_sds,
					     sizeof(data_cert_sds), id,
					     &s->why), 0);
	KUNIT_EXPECT_MEMEQ(test, signer, id, sizeof(id));
}

static void role_has_so_many_anchors(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_ASSERT_EQ(test, ADD(s, ROOT, data_cert_sds), 0);
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_cert_sds), -EBADMSG);
	expect_why(test);
	s->roles.role[REWIRE_ROLE_ROOT]->count = REWIRE_BUNDLE_ANCHORS;
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_cert_developer), -EINVAL);
	expect_why(test);
	s->roles.role[REWIRE_ROLE_ROOT]->count = 1;
}

static void role_refuses_another_roles_signature(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, VERIFY(s, SDS, data_cms_noattr), -ENOKEY);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, VERIFY(s, SDS, data_cms_bare), -ENOKEY);
	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_sds), -ENOKEY);
	KUNIT_EXPECT_EQ(test, VERIFY(s, PLATFORM, data_cms_sds), -ENOKEY);
}

/* Not even parsed: bytes that would be EBADMSG are ENOKEY here. */
static void role_without_anchor_refuses_all(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, VERIFY(s, ROOT, data_cms_noattr), -ENOKEY);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, VERIFY(s, ROOT, data_content), -ENOKEY);
	rewire_roles_free(&s->roles);
	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_noattr), -ENOKEY);
}

static void role_out_of_range_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, verify(s, REWIRE_ROLES, data_cms_noattr,
				     sizeof(data_cms_noattr)), -EINVAL);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, add(s, REWIRE_ROLES, data_cert_sds,
				  sizeof(data_cert_sds)), -EINVAL);
	expect_why(test);
}

static void signature_over_changed_bytes_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 data[sizeof(data_content)];
	int i;

	for (i = 0; i < sizeof(data); i++) {
		memcpy(data, data_content, sizeof(data));
		data[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, rewire_signed_verify(&s->roles,
							       REWIRE_ROLE_DEVELOPER,
							       data, sizeof(data),
							       data_cms_bare,
							       sizeof(data_cms_bare),
							       NULL, &s->why),
				    -EKEYREJECTED, "byte %d", i);
		expect_why(test);
	}
	KUNIT_EXPECT_EQ(test, rewire_signed_verify(&s->roles,
						   REWIRE_ROLE_DEVELOPER,
						   data_content,
						   sizeof(data_content) - 1,
						   data_cms_bare,
						   sizeof(data_cms_bare), NULL,
						   &s->why), -EKEYREJECTED);
}

/* The signature's value ends the message: RSA, 256 bytes, of which some. */
static void signature_of_other_value_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *cms = kunit_kzalloc(test, sizeof(data_cms_bare), GFP_KERNEL);
	size_t i;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, cms);
	memcpy(cms, data_cms_bare, sizeof(data_cms_bare));
	for (i = sizeof(data_cms_bare) - 256; i < sizeof(data_cms_bare);
	     i += 17) {
		cms[i] ^= 1;
		ret = verify(s, REWIRE_ROLE_DEVELOPER, cms,
			     sizeof(data_cms_bare));
		cms[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, ret, -EKEYREJECTED, "byte %zu", i);
	}
}

/* Around the value lies what nobody signed; it may not do any harm. */
static void signature_changed_around_is_of_this_role(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *cms = kunit_kzalloc(test, sizeof(data_cms_bare), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, cms);
	memcpy(cms, data_cms_bare, sizeof(data_cms_bare));
	for (i = 0; i < sizeof(data_cms_bare) - 256; i++) {
		cms[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, verify(s, REWIRE_ROLE_SDS, cms,
						 sizeof(data_cms_bare)), 0,
				    "byte %zu", i);
		KUNIT_EXPECT_LE_MSG(test, verify(s, REWIRE_ROLE_DEVELOPER, cms,
						 sizeof(data_cms_bare)), 0,
				    "byte %zu", i);
		cms[i] ^= 1;
	}
}

static void signature_truncated_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	size_t len;

	KUNIT_EXPECT_EQ(test, verify(s, REWIRE_ROLE_DEVELOPER, data_cms_bare,
				     0), -EINVAL);
	for (len = 1; len < sizeof(data_cms_bare); len++)
		KUNIT_EXPECT_EQ_MSG(test, verify(s, REWIRE_ROLE_DEVELOPER,
						 data_cms_bare, len),
				    -EBADMSG, "%zu bytes", len);
	expect_why(test);
}

static void signature_with_more_behind_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *cms = kunit_kzalloc(test, REWIRE_MAX_CMS + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cms);
	memcpy(cms, data_cms_bare, sizeof(data_cms_bare));
	KUNIT_EXPECT_EQ(test, verify(s, REWIRE_ROLE_DEVELOPER, cms,
				     sizeof(data_cms_bare) + 1), -EBADMSG);
	KUNIT_EXPECT_EQ(test, verify(s, REWIRE_ROLE_DEVELOPER, cms,
				     REWIRE_MAX_CMS), -EBADMSG);
	KUNIT_EXPECT_EQ(test, verify(s, REWIRE_ROLE_DEVELOPER, cms,
				     REWIRE_MAX_CMS + 1), -EINVAL);
	expect_why(test);
}

static void signature_with_content_inside_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_embedded),
			-EBADMSG);
	expect_why(test);
}

static void signature_with_attributes(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, VERIFY(s, DEVELOPER, data_cms_attr), 0);
	KUNIT_EXPECT_EQ(test, VERIFY(s, SDS, data_cms_attr), -ENOKEY);
}

static void anchor_must_be_a_certificate(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *cert = kunit_kzalloc(test, REWIRE_MAX_CERT + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cert);
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_content), -EBADMSG);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_key_attest), -EBADMSG);
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_cms_noattr), -EBADMSG);
	KUNIT_EXPECT_EQ(test, add(s, REWIRE_ROLE_ROOT, cert, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, add(s, REWIRE_ROLE_ROOT, cert,
				  REWIRE_MAX_CERT + 1), -EINVAL);
	memcpy(cert, data_cert_sds, sizeof(data_cert_sds));
	KUNIT_EXPECT_EQ(test, add(s, REWIRE_ROLE_ROOT, cert,
				  sizeof(data_cert_sds) + 1), -EBADMSG);
	KUNIT_EXPECT_EQ(test, add(s, REWIRE_ROLE_ROOT, cert,
				  sizeof(data_cert_sds) - 1), -EBADMSG);
	/* nothing of all that may speak for the role */
	KUNIT_EXPECT_EQ(test, VERIFY(s, ROOT, data_cms_sds), -ENOKEY);
	KUNIT_EXPECT_EQ(test, ADD(s, ROOT, data_cert_sds), 0);
	KUNIT_EXPECT_EQ(test, VERIFY(s, ROOT, data_cms_sds), 0);
}

static void header_with_any_byte_changed_is_refused(struct kunit *test)
{
	struct rewire_header header = {
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_REQUEST,
		.version = REWIRE_VERSION,
		.size = 200,
	};
	struct signers *s = test->priv;
	u8 *bytes = (u8 *)&header;
	int i;

	KUNIT_EXPECT_EQ(test, rewire_header_check(&header, REWIRE_TYPE_REQUEST,
						  200, &s->why), 0);
	KUNIT_EXPECT_EQ(test, rewire_header_check(&header, REWIRE_TYPE_REQUEST,
						  199, &s->why), -EBADMSG);
	KUNIT_EXPECT_EQ(test, rewire_header_check(&header, REWIRE_TYPE_MANIFEST,
						  200, NULL), -EBADMSG);
	for (i = 0; i < sizeof(header); i++) {
		bytes[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test,
				    rewire_header_check(&header,
							REWIRE_TYPE_REQUEST,
							200, &s->why), 0,
				    "byte %d", i);
		bytes[i] ^= 1;
		expect_why(test);
	}
	header.version++;
	KUNIT_EXPECT_EQ(test, rewire_header_check(&header, REWIRE_TYPE_REQUEST,
						  200, &s->why), -EOPNOTSUPP);
}

static int attest(struct kunit *test, const u8 *key, size_t key_len,
		  const u8 *cert, size_t cert_len)
{
	struct signers *s = test->priv;
	struct key *private;
	int ret;

	private = test_key(test, "asymmetric", "rewire:test", key, key_len);
	ret = rewire_attest_init(&s->attest, key_serial(private), cert,
				 cert_len, &s->roles, &s->why);
	key_put(private);
	return ret;
}

#define ATTEST(test, key, cert)	\
	attest(test, key, sizeof(key), cert, sizeof(cert))

static void attest_key_with_its_certificate(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_ASSERT_EQ(test, ATTEST(test, data_key_attest, data_cert_attest),
			0);
	KUNIT_EXPECT_MEMEQ(test, s->attest.id, data_id, REWIRE_ID_SIZE);
	KUNIT_EXPECT_EQ(test, s->attest.cert_len, sizeof(data_cert_attest));
	KUNIT_EXPECT_MEMEQ(test, s->attest.cert, data_cert_attest,
			   sizeof(data_cert_attest));
}

static void attest_refusal_leaves_nothing(struct kunit *test)
{
	struct signers *s = test->priv;

	KUNIT_EXPECT_EQ(test, ATTEST(test, data_key_other, data_cert_attest),
			-EKEYREJECTED);
	expect_why(test);
	KUNIT_EXPECT_NULL(test, s->attest.key);
	KUNIT_EXPECT_NULL(test, s->attest.cert);
}

static void attest_needs_platform_certificate(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ATTEST(test, data_key_attest,
				     data_cert_attest_self), -EKEYREJECTED);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, ATTEST(test, data_key_attest,
				     data_cert_attest_stranger), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, ATTEST(test, data_key_attest,
				     data_cert_attest_forged), -EKEYREJECTED);
	expect_why(test);
}

static void attest_needs_private_rsa_key(struct kunit *test)
{
	struct signers *s = test->priv;
	struct key *key;

	KUNIT_EXPECT_EQ(test, ATTEST(test, data_cert_attest, data_cert_attest),
			-EOPNOTSUPP);
	expect_why(test);
	key = test_key(test, "user", "rewire:test", "x", 1);
	KUNIT_EXPECT_EQ(test, rewire_attest_init(&s->attest, key_serial(key),
						 data_cert_attest,
						 sizeof(data_cert_attest),
						 &s->roles, &s->why), -EINVAL);
	expect_why(test);
	key_put(key);
	KUNIT_EXPECT_EQ(test, rewire_attest_init(&s->attest, S32_MAX,
						 data_cert_attest,
						 sizeof(data_cert_attest),
						 &s->roles, &s->why), -ENOKEY);
	expect_why(test);
}

static int peer(struct signers *s, const u8 *cert, size_t cert_len,
		const u8 *signature, size_t signature_len, u8 *id)
{
	return rewire_peer_verify(&s->roles, cert, cert_len, DOMAIN,
				  data_content, sizeof(data_content),
				  signature, signature_len, id, &s->why);
}

#define PEER(s, cert, id) \
	peer(s, cert, sizeof(cert), data_signature, sizeof(data_signature), id)

/* OpenSSL signed this one: domain, zero, content */
static void peer_is_who_signed(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE] = {};

	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest, id), 0);
	KUNIT_EXPECT_MEMEQ(test, id, data_id, sizeof(id));
}

/* RSASSA-PKCS1-v1_5 is deterministic */
static void attest_signs_as_openssl(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *signature = test_ramp(test, REWIRE_MAX_SIGNATURE, 0);

	KUNIT_ASSERT_EQ(test, ATTEST(test, data_key_attest, data_cert_attest),
			0);
	KUNIT_ASSERT_EQ(test, rewire_attest_sign(&s->attest, DOMAIN,
						 data_content,
						 sizeof(data_content),
						 signature),
			(int)sizeof(data_signature));
	KUNIT_EXPECT_MEMEQ(test, signature, data_signature,
			   sizeof(data_signature));
}

static void attest_revoked_key_signs_nothing(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 *signature = test_ramp(test, REWIRE_MAX_SIGNATURE, 0);

	KUNIT_EXPECT_EQ(test, rewire_attest_sign(&s->attest, DOMAIN, "x", 1,
						 signature), -ENOKEY);
	KUNIT_ASSERT_EQ(test, ATTEST(test, data_key_attest, data_cert_attest),
			0);
	key_revoke(s->attest.key);
	KUNIT_EXPECT_EQ(test, rewire_attest_sign(&s->attest, DOMAIN, "x", 1,
						 signature), -ENOKEY);
}

static void peer_of_other_statement_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 data[sizeof(data_content)];
	u8 id[REWIRE_ID_SIZE] = {};
	static const u8 zero[REWIRE_ID_SIZE];
	int i;

	for (i = 0; i < sizeof(data); i++) {
		memcpy(data, data_content, sizeof(data));
		data[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test,
				    rewire_peer_verify(&s->roles,
						       data_cert_attest,
						       sizeof(data_cert_attest),
						       DOMAIN, data,
						       sizeof(data),
						       data_signature,
						       sizeof(data_signature),
						       id, &s->why),
				    -EKEYREJECTED, "byte %d", i);
	}
	expect_why(test);
	KUNIT_EXPECT_EQ(test, rewire_peer_verify(&s->roles, data_cert_attest,
						 sizeof(data_cert_attest),
						 "b domain", data_content,
						 sizeof(data_content),
						 data_signature,
						 sizeof(data_signature), id,
						 &s->why), -EKEYREJECTED);
	KUNIT_EXPECT_MEMEQ(test, id, zero, sizeof(id));
}

/* The domain ends where its zero says: none of it can move into the data. */
static void peer_of_shifted_domain_is_refused(struct kunit *test)
{
	u8 data[sizeof(data_content) + 2] = { 'n', 0 };
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];

	memcpy(data + 2, data_content, sizeof(data_content));
	KUNIT_EXPECT_EQ(test, rewire_peer_verify(&s->roles, data_cert_attest,
						 sizeof(data_cert_attest),
						 "a domai", data, sizeof(data),
						 data_signature,
						 sizeof(data_signature), id,
						 &s->why), -EKEYREJECTED);
}

static void peer_with_other_signature_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 signature[sizeof(data_signature)];
	u8 id[REWIRE_ID_SIZE];
	int i;

	for (i = 0; i < sizeof(signature); i += 17) {
		memcpy(signature, data_signature, sizeof(signature));
		signature[i] ^= 1;
		KUNIT_EXPECT_EQ_MSG(test, peer(s, data_cert_attest,
					       sizeof(data_cert_attest),
					       signature, sizeof(signature),
					       id), -EKEYREJECTED,
				    "byte %d", i);
	}
}

static void peer_with_signature_of_other_length_is_refused(struct kunit *test)
{
	u8 *signature = test_ramp(test, REWIRE_MAX_SIGNATURE + 1, 0);
	static const size_t lengths[] = {
		0, 1, sizeof(data_signature) - 1, sizeof(data_signature) + 1,
		REWIRE_MAX_SIGNATURE, REWIRE_MAX_SIGNATURE + 1,
	};
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];
	int i;

	memcpy(signature, data_signature, sizeof(data_signature));
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		KUNIT_EXPECT_EQ_MSG(test, peer(s, data_cert_attest,
					       sizeof(data_cert_attest),
					       signature, lengths[i], id),
				    -EKEYREJECTED, "%zu bytes", lengths[i]);
}

static void peer_of_no_platform_anchor_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];

	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest_self, id), -ENOKEY);
	expect_why(test);
	/* issued by the anchor of another role */
	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest_stranger, id), -ENOKEY);
	/* issued by somebody who took the anchor's name and key identifier */
	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest_forged, id),
			-EKEYREJECTED);
	expect_why(test);
	rewire_roles_free(&s->roles);
	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest, id), -ENOKEY);
}

static void peer_of_other_algorithm_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];

	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest_short, id), -EOPNOTSUPP);
	expect_why(test);
	KUNIT_EXPECT_EQ(test, PEER(s, data_cert_attest_ec, id), -EOPNOTSUPP);
	KUNIT_EXPECT_NOT_NULL(test, strstr(s->why.text, "ecdsa"));
	expect_why(test);
}

/* What is signed of a certificate is its second SEQUENCE, of a long length. */
static size_t cert_signed_end(const u8 *cert)
{
	return 8 + (cert[6] << 8 | cert[7]);
}

static void peer_with_changed_certificate_is_refused(struct kunit *test)
{
	size_t end = cert_signed_end(data_cert_attest);
	const size_t len = sizeof(data_cert_attest);
	u8 *cert = kunit_kzalloc(test, len, GFP_KERNEL);
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, cert);
	KUNIT_ASSERT_LT(test, end, len);
	memcpy(cert, data_cert_attest, len);
	for (i = 0; i < end; i += 3) {
		cert[i] ^= 1;
		KUNIT_EXPECT_NE_MSG(test, peer(s, cert, len, data_signature,
					       sizeof(data_signature), id), 0,
				    "byte %zu", i);
		cert[i] ^= 1;
	}
	/* and its own signature, at the end */
	cert[len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, peer(s, cert, len, data_signature,
				   sizeof(data_signature), id), -EKEYREJECTED);
	cert[len - 1] ^= 1;
	KUNIT_EXPECT_EQ(test, peer(s, cert, len, data_signature,
				   sizeof(data_signature), id), 0);
}

static void peer_with_truncated_certificate_is_refused(struct kunit *test)
{
	struct signers *s = test->priv;
	u8 id[REWIRE_ID_SIZE];
	size_t len;

	for (len = 1; len < sizeof(data_cert_attest); len += 7)
		KUNIT_EXPECT_EQ_MSG(test, peer(s, data_cert_attest, len,
					       data_signature,
					       sizeof(data_signature), id),
				    -EBADMSG, "%zu bytes", len);
	KUNIT_EXPECT_EQ(test, peer(s, data_cert_attest, 0, data_signature,
				   sizeof(data_signature), id), -EINVAL);
}

/* Root may look at a role's keyring, and nothing else. */
static void ring_is_closed_to_userspace(struct kunit *test)
{
	static const enum key_need_perm needs[] = {
		KEY_NEED_READ, KEY_NEED_WRITE, KEY_NEED_SEARCH, KEY_NEED_LINK,
		KEY_NEED_SETATTR,
	};
	struct signers *s = test->priv;
	struct key *ring;
	key_ref_t ref;
	u32 role;
	int i;

	KUNIT_ASSERT_EQ(test, ADD(s, ROOT, data_cert_sds), 0);
	for (role = 0; role < REWIRE_ROLES; role++) {
		ring = s->roles.role[role]->ring[0];
		for (i = 0; i < ARRAY_SIZE(needs); i++) {
			ref = lookup_user_key(key_serial(ring), 0, needs[i]);
			KUNIT_EXPECT_EQ(test, PTR_ERR(ref), (long)-EACCES);
		}
	}
}

static struct kunit_case signed_cases[] = {
	KUNIT_CASE(role_accepts_its_signatures),
	KUNIT_CASE(role_has_so_many_anchors),
	KUNIT_CASE(role_refuses_another_roles_signature),
	KUNIT_CASE(role_without_anchor_refuses_all),
	KUNIT_CASE(role_out_of_range_is_refused),
	KUNIT_CASE(signature_over_changed_bytes_is_refused),
	KUNIT_CASE_SLOW(signature_of_other_value_is_refused),
	KUNIT_CASE_SLOW(signature_changed_around_is_of_this_role),
	KUNIT_CASE(signature_truncated_is_refused),
	KUNIT_CASE(signature_with_more_behind_is_refused),
	KUNIT_CASE(signature_with_content_inside_is_refused),
	KUNIT_CASE(signature_with_attributes),
	KUNIT_CASE(anchor_must_be_a_certificate),
	KUNIT_CASE(header_with_any_byte_changed_is_refused),
	KUNIT_CASE(attest_key_with_its_certificate),
	KUNIT_CASE(attest_refusal_leaves_nothing),
	KUNIT_CASE(attest_needs_platform_certificate),
	KUNIT_CASE(attest_needs_private_rsa_key),
	KUNIT_CASE(attest_signs_as_openssl),
	KUNIT_CASE(attest_revoked_key_signs_nothing),
	KUNIT_CASE(peer_is_who_signed),
	KUNIT_CASE(peer_of_other_statement_is_refused),
	KUNIT_CASE(peer_of_shifted_domain_is_refused),
	KUNIT_CASE_SLOW(peer_with_other_signature_is_refused),
	KUNIT_CASE(peer_with_signature_of_other_length_is_refused),
	KUNIT_CASE(peer_of_no_platform_anchor_is_refused),
	KUNIT_CASE(peer_of_other_algorithm_is_refused),
	KUNIT_CASE_SLOW(peer_with_changed_certificate_is_refused),
	KUNIT_CASE(peer_with_truncated_certificate_is_refused),
	KUNIT_CASE(ring_is_closed_to_userspace),
	{}
};

static struct kunit_suite signed_suite = {
	.name = "rewire_signed",
	.init = signers_init,
	.exit = signers_exit,
	.test_cases = signed_cases,
};

kunit_test_suite(signed_suite);
