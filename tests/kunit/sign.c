// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roles that sign in the kernel. data_trust.h has their keys, and for each the
 * envelope of a signature, which is the last thing in it.
 */
#include <crypto/sha2.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <linux/slab.h>

#include "data_trust.h"
#include "sign.h"
#include "util.h"

#define RSA_BYTES	256

struct signer {
	char letter;
	const u8 *key, *cms, *cert;
	size_t key_len, cms_len, cert_len;
};

#define SIGNER(l, name)							\
	{ .letter = (l), .key = trust_key_##name,			\
	  .key_len = sizeof(trust_key_##name), .cms = trust_cms_##name,	\
	  .cms_len = sizeof(trust_cms_##name),				\
	  .cert = trust_cert_##name, .cert_len = sizeof(trust_cert_##name) }

static const struct signer signers[] = {
	SIGNER('a', root_a), SIGNER('b', root_b), SIGNER('c', root_c),
	SIGNER('d', root_d), SIGNER('s', sds), SIGNER('v', developer),
	{ .letter = '=', .cert = trust_cert_root_a_again,
	  .cert_len = sizeof(trust_cert_root_a_again) },
};

static const struct signer *signer(struct kunit *test, char letter)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(signers); i++)
		if (signers[i].letter == letter)
			return &signers[i];
	KUNIT_FAIL(test, "nobody is called %c", letter);
	return &signers[0];
}

const u8 *sign_cert(struct kunit *test, char letter, u32 *len)
{
	const struct signer *s = signer(test, letter);

	*len = s->cert_len;
	return s->cert;
}

void sign_add(struct kunit *test, struct rewire_roles *roles, u32 role,
	      const char *letters)
{
	const u8 *cert;
	u32 len;

	for (; *letters; letters++) {
		cert = sign_cert(test, *letters, &len);
		KUNIT_ASSERT_EQ(test, rewire_roles_add(roles, role, cert, len,
						       NULL), 0);
	}
}

void sign_one(struct kunit *test, char letter, const void *data, u32 len,
	      struct rewire_cms *cms)
{
	const struct signer *s = signer(test, letter);
	struct kernel_pkey_params params = {
		.encoding = "pkcs1",
		.hash_algo = "sha256",
		.in_len = SHA256_DIGEST_SIZE,
		.out_len = RSA_BYTES,
		.op = kernel_pkey_sign,
	};
	u8 *digest = kmalloc(SHA256_DIGEST_SIZE, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, digest);
	cms->bytes = kmemdup(s->cms, s->cms_len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cms->bytes);
	cms->length = s->cms_len;
	sha256(data, len, digest);
	params.key = test_key(test, "asymmetric", "rewire:test", s->key,
			      s->key_len);
	ret = params.key->type->asym_eds_op(&params, digest,
					    cms->bytes + s->cms_len -
					    RSA_BYTES);
	key_put(params.key);
	kfree(digest);
	KUNIT_ASSERT_GE(test, ret, 0);
}

u32 sign_all(struct kunit *test, const char *letters, const void *data, u32 len,
	     struct rewire_cms *cms)
{
	bool wrong = false;
	u32 count = 0;

	for (; *letters; letters++) {
		if (*letters == '!') {
			wrong = true;
			continue;
		}
		KUNIT_ASSERT_LT(test, count, REWIRE_MAX_ROOT_SIGNATURES);
		sign_one(test, *letters, data, len, &cms[count]);
		if (wrong)
			((u8 *)cms[count].bytes)[cms[count].length - 9] ^= 4;
		wrong = false;
		count++;
	}
	return count;
}
