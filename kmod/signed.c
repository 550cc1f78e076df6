// SPDX-License-Identifier: GPL-2.0-only
/*
 * CMS signatures of the roles, attestation key and peers' certificates.
 *
 * Parsing CMS is left to the kernel's own parser, by way of
 * verify_pkcs7_signature(). It takes BER and ignores what follows; this file
 * insists on the one DER form that has nothing behind it.
 */
#include <crypto/pkcs7.h>
#include <crypto/public_key.h>
#include <crypto/sha2.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <linux/err.h>
#include <linux/keyctl.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/verification.h>

#include "compat.h"
#include "signed.h"
#include "weaken.h"

#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	(REWIRE_MAX_SIGNATURE * 8)

#define PROBE_DOMAIN	"REWIRE key probe v1"

/**
 * rewire_header_check() - is this the signed structure it has to be?
 * @header: its start
 * @type: REWIRE_TYPE_*
 * @size: bytes of the whole structure
 * @why: reason of a refusal
 *
 * Return: 0, -EBADMSG for another magic, type or size, -EOPNOTSUPP for a
 * version or flag that is not known here.
 */
int rewire_header_check(const struct rewire_header *header, u16 type, u32 size,
			struct rewire_why *why)
{
	if (header->magic != REWIRE_MAGIC)
		return rewire_because(why, -EBADMSG,
				      "not a structure of REWIRE");
	if (header->type != type)
		return rewire_because(why, -EBADMSG,
				      "structure of type %u where %u belongs",
				      header->type, type);
	if (header->version != REWIRE_VERSION)
		return rewire_because(why, -EOPNOTSUPP,
				      "structure of version %u, known is %u",
				      header->version, REWIRE_VERSION);
	if (header->size != size)
		return rewire_because(why, -EBADMSG,
				      "structure says it has %u bytes, not %u",
				      header->size, size);
	if (header->flags)
		return rewire_because(why, -EOPNOTSUPP,
				      "unknown flags %#x in a structure",
				      header->flags);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_header_check);

/* Is it a CMS message that can be parsed, with its content elsewhere? */
static int cms_check(const void *cms, size_t len, struct rewire_why *why)
{
	struct pkcs7_message *message;
	const void *content;
	size_t content_len;
	int ret;

	if (!rewire_der_fills(cms, len))
		return rewire_because(why, -EBADMSG,
				      "the signature is not one CMS message in DER");
	message = pkcs7_parse_message(cms, len);
	ret = PTR_ERR_OR_ZERO(message);
	if (ret == -ENOMEM)
		return ret;
	if (ret == -ENOPKG)
		return rewire_because(why, -EOPNOTSUPP,
				      "this kernel lacks an algorithm that the signature uses");
	if (ret)
		return rewire_because(why, -EBADMSG,
				      "the signature is no CMS message");
	ret = pkcs7_get_content_data(message, &content, &content_len, NULL);
	pkcs7_free_message(message);
	if (ret != -ENODATA)
		return rewire_because(why, -EBADMSG,
				      "the signature has its content inside; sign detached");
	return 0;
}

/* What the kernel says of all anchors together, in our words */
static int cms_error(int error, u32 role, struct rewire_why *why)
{
	switch (error) {
	case -ENOMEM:
		return error;
	case -ENOKEY:
		return rewire_because(why, -ENOKEY,
				      "not signed by an anchor of role %s",
				      rewire_role_name(role));
	case -ENOPKG:
		return rewire_because(why, -EOPNOTSUPP,
				      "this kernel lacks an algorithm that the signature uses");
	default:
		return rewire_because(why, -EKEYREJECTED,
				      "the signature for role %s is wrong",
				      rewire_role_name(role));
	}
}

/**
 * rewire_anchors_signed() - which anchor signed these bytes?
 * @anchors: of one role, not to be changed meanwhile
 * @data: bytes
 * @len: how many
 * @cms: detached CMS signature, DER
 * @cms_len: its bytes
 * @why: reason of a refusal
 *
 * Return: its index, or a negative errno as rewire_signed_verify().
 */
int rewire_anchors_signed(const struct rewire_anchors *anchors,
			  const void *data, size_t len, const void *cms,
			  size_t cms_len, struct rewire_why *why)
{
	int ret, worst = -ENOKEY;
	u32 i;

	if (!cms_len || cms_len > REWIRE_MAX_CMS)
		return rewire_because(why, -EINVAL,
				      "a signature has 1 to %u bytes",
				      REWIRE_MAX_CMS);
	/* without an anchor, hostile bytes need not even be parsed */
	if (!anchors->count)
		return rewire_because(why, -ENOKEY,
				      "no anchor for role %s; provision one",
				      rewire_role_name(anchors->role));
	ret = cms_check(cms, cms_len, why);
	if (ret)
		return ret;
	for (i = 0; i < anchors->count; i++) {
		ret = verify_pkcs7_signature(data, len, cms, cms_len,
					     anchors->ring[i],
					     VERIFYING_UNSPECIFIED_SIGNATURE,
					     NULL, NULL);
		if (!ret || rewire_weakened(signature))
			return i;
		if (ret != -ENOKEY)
			worst = ret;
		if (ret == -ENOMEM)
			break;
	}
	return cms_error(worst, anchors->role, why);
}

/**
 * rewire_signed_verify() - did a role sign these bytes?
 * @roles: anchors
 * @role: REWIRE_ROLE_* that has to have signed
 * @data: bytes
 * @len: how many
 * @cms: detached CMS signature, DER
 * @cms_len: its bytes
 * @signer: out: id of the anchor's public key; untouched on failure; may be NULL
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when the signer is nobody of this role, -EKEYREJECTED when
 * the signature is wrong, -EBADMSG when it is not a detached CMS signature,
 * -EOPNOTSUPP when this kernel lacks its algorithm, -EINVAL for a length out of
 * range, -ENOMEM.
 */
int rewire_signed_verify(struct rewire_roles *roles, u32 role, const void *data,
			 size_t len, const void *cms, size_t cms_len,
			 u8 signer[REWIRE_ID_SIZE], struct rewire_why *why)
{
	static const struct rewire_anchors nobody[REWIRE_ROLES] = {
		[REWIRE_ROLE_SDS] = { .role = REWIRE_ROLE_SDS },
		[REWIRE_ROLE_DEVELOPER] = { .role = REWIRE_ROLE_DEVELOPER },
		[REWIRE_ROLE_PLATFORM] = { .role = REWIRE_ROLE_PLATFORM },
	};
	const struct rewire_anchors *anchors;
	int ret;

	if (role >= REWIRE_ROLES)
		return rewire_because(why, -EINVAL, "there is no role %u",
				      role);
	down_read(&roles->lock);
	anchors = roles->role[role] ?: &nobody[role];
	ret = rewire_anchors_signed(anchors, data, len, cms, cms_len, why);
	for (role = 0; rewire_weakened(role) && ret < 0 && role < REWIRE_ROLES; role++)
		ret = rewire_anchors_signed(roles->role[role], data, len, cms,
					    cms_len, why);
	if (ret >= 0 && signer)
		memcpy(signer, anchors->id[ret], REWIRE_ID_SIZE);
	up_read(&roles->lock);
	return min(ret, 0);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_signed_verify);

/*
 * RSA with SHA-256 is what every supported kernel both signs and verifies.
 * @op: KEYCTL_SUPPORTS_SIGN or KEYCTL_SUPPORTS_VERIFY
 *
 * Return: bytes of a signature, or a negative errno.
 */
static int rsa_check(struct key *key, u32 op, struct rewire_why *why)
{
	struct kernel_pkey_params params = {
		.key = key,
		.encoding = "pkcs1",
		.hash_algo = "sha256",
		.op = kernel_pkey_verify,
	};
	struct kernel_pkey_query query;
	int ret;

	if (strcmp(rewire_key_public(key)->pkey_algo, "rsa"))
		return rewire_because(why, -EOPNOTSUPP,
				      "attestation keys are RSA, not %s",
				      rewire_key_public(key)->pkey_algo);
	ret = key->type->asym_query(&params, &query);
	if (ret == -ENOMEM)
		return ret;
	if (ret || !(query.supported_ops & op))
		return rewire_because(why, -EOPNOTSUPP,
				      "the attestation key cannot %s",
				      op == KEYCTL_SUPPORTS_SIGN ? "sign" :
								   "verify");
	if (query.key_size < RSA_MIN_BITS || query.key_size > RSA_MAX_BITS)
		return rewire_because(why, -EOPNOTSUPP,
				      "RSA of %u bits, allowed are %u to %u",
				      query.key_size, RSA_MIN_BITS,
				      RSA_MAX_BITS);
	return query.max_sig_size;
}

/*
 * What is signed, in memory that the crypto API takes: digest and signature.
 * Only bytes that say by themselves what they are have no @domain (NULL); see
 * rewire_attest_sign_bytes().
 */
struct signing {
	u8 digest[SHA256_DIGEST_SIZE];
	u8 signature[REWIRE_MAX_SIGNATURE];
};

static struct signing *signing_alloc(const char *domain, const void *data,
				     size_t len)
{
	struct sha256_ctx hash;
	struct signing *s;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return NULL;
	sha256_init(&hash);
	if (domain)
		sha256_update(&hash, (const u8 *)domain, strlen(domain) + 1);
	sha256_update(&hash, data, len);
	sha256_final(&hash, s->digest);
	return s;
}

/*
 * The length given has to be that of the signature: told of more room, the
 * kernel's RSA padding (pkcs1pad in 6.12) writes in front of its buffer.
 */
static int signing_sign(struct signing *s, const struct rewire_attest *attest)
{
	struct kernel_pkey_params params = {
		.key = attest->key,
		.encoding = "pkcs1",
		.hash_algo = "sha256",
		.in_len = sizeof(s->digest),
		.out_len = attest->signature_len,
		.op = kernel_pkey_sign,
	};

	return attest->key->type->asym_eds_op(&params, s->digest,
					      s->signature);
}

static int signing_verify(struct signing *s, size_t signature_len,
			  struct key *key)
{
	struct kernel_pkey_params params = {
		.key = key,
		.encoding = "pkcs1",
		.hash_algo = "sha256",
		.in_len = sizeof(s->digest),
		.in2_len = signature_len,
		.op = kernel_pkey_verify,
	};

	return key->type->asym_verify_signature(&params, s->digest,
						s->signature);
}

static int peer_signature(struct key *key, const char *domain, const void *data,
			  size_t len, const void *signature,
			  size_t signature_len)
{
	struct signing *s;
	int ret;

	if (!signature_len || signature_len > REWIRE_MAX_SIGNATURE)
		return -EKEYREJECTED;
	s = signing_alloc(domain, data, len);
	if (!s)
		return -ENOMEM;
	memcpy(s->signature, signature, signature_len);
	ret = signing_verify(s, signature_len, key);
	kfree(s);
	if (ret && ret != -ENOMEM)
		ret = -EKEYREJECTED;
	return ret;
}

/* A certificate of an SM: from an anchor of the platform role, and RSA */
static struct key *sm_cert(struct rewire_roles *roles, const void *cert,
			   size_t cert_len, struct rewire_why *why)
{
	struct key *key = rewire_cert_parse(cert, cert_len, why);
	int ret;

	if (IS_ERR(key))
		return key;
	ret = rewire_roles_issued(roles, REWIRE_ROLE_PLATFORM, key, why);
	if (!ret)
		ret = rsa_check(key, KEYCTL_SUPPORTS_VERIFY, why);
	if (ret < 0) {
		key_put(key);
		return ERR_PTR(ret);
	}
	return key;
}

static int attest_key_get(struct rewire_attest *attest, s32 serial,
			  struct rewire_why *why)
{
	struct key *key;
	key_ref_t ref;
	int ret;

	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (PTR_ERR(ref) == -EACCES)
		return rewire_because(why, -EPERM,
				      "attestation key %d: no permission to search",
				      serial);
	if (PTR_ERR(ref) == -ENOMEM)
		return -ENOMEM;
	if (IS_ERR(ref))
		return rewire_because(why, -ENOKEY,
				      "attestation key %d: no such key",
				      serial);
	key = key_ref_to_ptr(ref);
	if (key->type != &key_type_asymmetric) {
		ret = rewire_because(why, -EINVAL,
				     "attestation key %d: of type %s, not asymmetric",
				     serial, key->type->name);
		goto err_put;
	}
	ret = rsa_check(key, KEYCTL_SUPPORTS_SIGN, why);
	if (ret < 0)
		goto err_put;
	attest->key = key;
	attest->signature_len = ret;
	return 0;

err_put:
	key_put(key);
	return ret;
}

/* Sign something nobody could foresee, and see if the certificate agrees. */
static int attest_probe(const struct rewire_attest *attest, struct key *cert,
			struct rewire_why *why)
{
	u8 nonce[REWIRE_NONCE_SIZE];
	u8 *signature;
	int ret;

	signature = kmalloc(REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	if (!signature)
		return -ENOMEM;
	get_random_bytes(nonce, sizeof(nonce));
	ret = rewire_attest_sign(attest, PROBE_DOMAIN, nonce, sizeof(nonce),
				 signature);
	if (ret > 0)
		ret = peer_signature(cert, PROBE_DOMAIN, nonce, sizeof(nonce),
				     signature, ret);
	kfree(signature);
	if (ret && ret != -ENOMEM)
		return rewire_because(why, -EKEYREJECTED,
				      "attestation key and certificate do not belong together");
	return ret;
}

/**
 * rewire_attest_init() - take hold of the SM's attestation key
 * @attest: to fill; all zero when it fails
 * @serial: of an asymmetric key with its private half, RSA of 2048 to 4096 bits
 * @cert: its certificate, DER
 * @cert_len: its bytes
 * @roles: anchors, one of the platform role issued the certificate
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when there is no such key, -EPERM when the caller may not
 * use it, -EINVAL when it is of another type, -EKEYREJECTED when key and
 * certificate do not match or no anchor issued the certificate, -EBADMSG when
 * it is no certificate, -EOPNOTSUPP for other algorithms or sizes, -ENOMEM.
 */
int rewire_attest_init(struct rewire_attest *attest, s32 serial,
		       const void *cert, size_t cert_len,
		       struct rewire_roles *roles,
		       struct rewire_why *why)
{
	struct key *key;
	int ret;

	memset(attest, 0, sizeof(*attest));
	key = sm_cert(roles, cert, cert_len, why);
	if (IS_ERR(key))
		return PTR_ERR(key) == -ENOKEY ? -EKEYREJECTED : PTR_ERR(key);
	ret = attest_key_get(attest, serial, why);
	if (!ret)
		ret = attest_probe(attest, key, why);
	if (ret)
		goto out;
	ret = -ENOMEM;
	attest->cert = kmemdup(cert, cert_len, GFP_KERNEL);
	if (!attest->cert)
		goto out;
	attest->cert_len = cert_len;
	rewire_key_id(key, attest->id);
	ret = 0;
out:
	key_put(key);
	if (ret)
		rewire_attest_free(attest);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_attest_init);

/**
 * rewire_attest_free() - let go of the attestation key
 * @attest: of rewire_attest_init(), or all zero
 */
void rewire_attest_free(struct rewire_attest *attest)
{
	kfree(attest->cert);
	key_put(attest->key);
	memset(attest, 0, sizeof(*attest));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_attest_free);

/**
 * rewire_attest_sign() - make a statement of this SM
 * @attest: attestation key
 * @domain: what kind of statement; signed with its terminating zero
 * @data: statement
 * @len: its bytes
 * @signature: RSASSA-PKCS1-v1_5 with SHA-256
 *
 * Return: the length of the signature, -ENOKEY when the key was revoked or has
 * expired, -ENOMEM, or whatever else the kernel says.
 */
int rewire_attest_sign(const struct rewire_attest *attest, const char *domain,
		       const void *data, size_t len,
		       u8 signature[REWIRE_MAX_SIGNATURE])
{
	struct signing *s;
	int ret;

	if (!attest->key || key_validate(attest->key))
		return -ENOKEY;
	s = signing_alloc(domain, data, len);
	if (!s)
		return -ENOMEM;
	ret = signing_sign(s, attest);
	if (ret >= 0) {
		ret = attest->signature_len;
		memcpy(signature, s->signature, ret);
	}
	kfree(s);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_attest_sign);

/**
 * rewire_peer_verify() - did another SM state this?
 * @roles: anchors
 * @cert: the peer's certificate, DER
 * @cert_len: its bytes
 * @domain: what kind of statement
 * @data: statement
 * @len: its bytes
 * @signature: its signature
 * @signature_len: its bytes
 * @id: out: the SM that states it; untouched on failure
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when no anchor of the platform role issued the
 * certificate, -EKEYREJECTED when a signature is wrong or the SM is revoked,
 * -EBADMSG when it is no certificate, -EOPNOTSUPP for other algorithms or
 * sizes, -EINVAL for a length out of range, -ENOMEM.
 */
int rewire_peer_verify(struct rewire_roles *roles, const void *cert,
		       size_t cert_len, const char *domain, const void *data,
		       size_t len, const void *signature, size_t signature_len,
		       u8 id[REWIRE_ID_SIZE], struct rewire_why *why)
{
	u8 speaker[REWIRE_ID_SIZE];
	struct key *key;
	int ret;

	key = sm_cert(roles, cert, cert_len, why);
	if (IS_ERR(key))
		return PTR_ERR(key);
	ret = peer_signature(key, domain, data, len, signature, signature_len);
	rewire_key_id(key, speaker);
	if (ret == -EKEYREJECTED)
		rewire_because(why, ret, "the peer's signature is wrong");
	else if (!ret && rewire_roles_revoked(roles, speaker))
		ret = rewire_because(why, -EKEYREJECTED,
				     "SM %*phN is revoked", REWIRE_ID_SIZE,
				     speaker);
	if (!ret)
		memcpy(id, speaker, REWIRE_ID_SIZE);
	key_put(key);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_peer_verify);

/**
 * rewire_attest_sign_bytes() - make a statement that carries its own domain
 * @attest: attestation key
 * @data: a Sig_structure of COSE (RFC 9052 section 4.4), and nothing else
 * @len: its bytes
 * @signature: RSASSA-PKCS1-v1_5 with SHA-256
 *
 * Whatever an SM signs by rewire_attest_sign() starts with the letters of a
 * domain. A Sig_structure starts with the head of an array, 0x84, and the text
 * "Signature1": no bytes can be read as both. What a host may choose, a nonce,
 * stands far behind that.
 *
 * Return: as rewire_attest_sign(), and -EINVAL for anything else.
 */
int rewire_attest_sign_bytes(const struct rewire_attest *attest,
			     const void *data, size_t len,
			     u8 signature[REWIRE_MAX_SIGNATURE])
{
	static const char context[] = REWIRE_COSE_CONTEXT;

	if (len < strlen(context) || memcmp(data, context, strlen(context)))
		return -EINVAL;
	return rewire_attest_sign(attest, NULL, data, len, signature);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_attest_sign_bytes);

/**
 * rewire_peer_verify_bytes() - did another SM make this statement?
 * @roles: keyrings
 * @cert: the peer's certificate, DER
 * @cert_len: its bytes
 * @data: a Sig_structure, as for rewire_attest_sign_bytes()
 * @len: its bytes
 * @signature: its signature
 * @signature_len: its bytes
 * @id: out: the SM that states it; untouched on failure
 * @why: reason of a refusal
 *
 * Return: as rewire_peer_verify().
 */
int rewire_peer_verify_bytes(struct rewire_roles *roles, const void *cert,
			     size_t cert_len, const void *data, size_t len,
			     const void *signature, size_t signature_len,
			     u8 id[REWIRE_ID_SIZE], struct rewire_why *why)
{
	return rewire_peer_verify(roles, cert, cert_len, NULL, data, len,
				  signature, signature_len, id, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_peer_verify_bytes);
