// SPDX-License-Identifier: GPL-2.0-only
/*
 * Role keyrings, CMS signatures, attestation key and peers' certificates.
 *
 * Parsing X.509 and CMS is left to the kernel's own parsers, by way of its
 * "asymmetric" key type and verify_pkcs7_signature(). They take BER and ignore
 * what follows; this file insists on the one DER form that has nothing behind
 * it. Neither they nor this file look at the dates in a certificate: the SM
 * trusts no wall clock.
 */
#include <crypto/pkcs7.h>
#include <crypto/public_key.h>
#include <crypto/sha2.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/keyctl.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/verification.h>

#include "compat.h"
#include "signed.h"

#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	(REWIRE_MAX_SIGNATURE * 8)

#define PROBE_DOMAIN	"REWIRE key probe v1"

/*
 * Possession is what the kernel claims for itself when it searches. No process
 * can come to possess a ring: there is no permission to link it anywhere, nor
 * to search it by number, and names with a dot cannot be joined. So nobody but
 * this file can add, remove, revoke or invalidate.
 */
#define RING_PERM	(KEY_POS_VIEW | KEY_POS_SEARCH | KEY_USR_VIEW)
#define SCRATCH_PERM	(KEY_POS_SEARCH | KEY_POS_WRITE)
#define CERT_PERM	(KEY_POS_VIEW | KEY_POS_SEARCH | KEY_USR_VIEW)

static const char *const role_names[REWIRE_ROLES] = {
	[REWIRE_ROLE_ROOT] = "root",
	[REWIRE_ROLE_SDS] = "sds",
	[REWIRE_ROLE_DEVELOPER] = "developer",
	[REWIRE_ROLE_PLATFORM] = "platform",
};

static const char *const ring_names[REWIRE_ROLES] = {
	[REWIRE_ROLE_ROOT] = ".rewire_root",
	[REWIRE_ROLE_SDS] = ".rewire_sds",
	[REWIRE_ROLE_DEVELOPER] = ".rewire_developer",
	[REWIRE_ROLE_PLATFORM] = ".rewire_platform",
};

static struct key *ring_alloc(const char *name, key_perm_t perm)
{
	return keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), perm, KEY_ALLOC_NOT_IN_QUOTA, NULL,
			     NULL);
}

/*
 * One DER SEQUENCE from the first byte to the last, with a length of at most
 * two bytes in its shortest form; nothing here is longer.
 */
static bool der_fills(const u8 *der, size_t len)
{
	if (len < 2 || der[0] != 0x30)
		return false;
	if (der[1] < 0x80)
		return len == 2u + der[1];
	if (der[1] == 0x81)
		return len >= 3 && der[2] >= 0x80 && len == 3u + der[2];
	if (der[1] == 0x82)
		return len >= 4 && der[2] && len == 4u + (der[2] << 8 | der[3]);
	return false;
}

static const struct public_key *public_of(const struct key *key)
{
	return key->payload.data[asym_crypto];
}

/* What the kernel's X.509 parser says, in our words */
static int cert_error(int error, struct rewire_why *why)
{
	switch (error) {
	case -ENOMEM:
		return error;
	case -ENOPKG:
		return rewire_because(why, -EOPNOTSUPP,
				      "this kernel lacks an algorithm that the certificate uses");
	case -EKEYREJECTED:
		return rewire_because(why, error,
				      "the certificate is blacklisted, or its own signature wrong");
	default:
		return rewire_because(why, -EBADMSG,
				      "not an X.509 certificate in DER");
	}
}

/*
 * A key in a scratch keyring is the one way for a module to have a certificate
 * parsed.
 */
static struct key *cert_parse(const void *cert, size_t len,
			      struct rewire_why *why)
{
	struct key *ring, *key;
	key_ref_t ref;

	if (!len || len > REWIRE_MAX_CERT)
		return ERR_PTR(rewire_because(why, -EINVAL,
					      "a certificate has 1 to %u bytes",
					      REWIRE_MAX_CERT));
	if (!der_fills(cert, len))
		return ERR_PTR(cert_error(-EBADMSG, why));
	ring = ring_alloc(".rewire_scratch", SCRATCH_PERM);
	if (IS_ERR(ring))
		return ring;
	ref = key_create_or_update(make_key_ref(ring, 1), "asymmetric", NULL,
				   cert, len, CERT_PERM,
				   KEY_ALLOC_NOT_IN_QUOTA);
	key_put(ring);
	if (IS_ERR(ref))
		return ERR_PTR(cert_error(PTR_ERR(ref), why));
	key = key_ref_to_ptr(ref);

	/* the type has parsers for more than certificates */
	if (strcmp(public_of(key)->id_type, "X509")) {
		key_put(key);
		return ERR_PTR(cert_error(-EBADMSG, why));
	}
	return key;
}

/*
 * Did one of @issuers sign this certificate? A keyring's restriction is the one
 * way for a module to ask: whoever it refuses cannot be linked there.
 */
static int cert_issued_by(struct key *cert, const struct key *issuers,
			  struct rewire_why *why)
{
	char restriction[sizeof("key_or_keyring:-2147483648")];
	struct key *ring;
	int ret;

	ring = ring_alloc(".rewire_scratch", SCRATCH_PERM);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	snprintf(restriction, sizeof(restriction), "key_or_keyring:%d",
		 key_serial(issuers));
	ret = keyring_restrict(make_key_ref(ring, 1), "asymmetric",
			       restriction);
	if (!ret)
		ret = key_link(ring, cert);
	key_put(ring);
	switch (ret) {
	case 0:
	case -ENOMEM:
		return ret;
	case -ENOKEY:
		return rewire_because(why, -ENOKEY,
				      "no platform anchor issued the certificate");
	case -ENOPKG:
		return cert_error(ret, why);
	default:
		return rewire_because(why, -EKEYREJECTED,
				      "the certificate's signature is wrong");
	}
}

/**
 * rewire_roles_init() - make the keyrings of the roles, empty
 * @roles: to fill
 *
 * Return: 0 or a negative errno, with nothing left behind.
 */
int rewire_roles_init(struct rewire_roles *roles)
{
	struct key *ring;
	u32 role;

	memset(roles, 0, sizeof(*roles));
	for (role = 0; role < REWIRE_ROLES; role++) {
		ring = ring_alloc(ring_names[role], RING_PERM);
		if (IS_ERR(ring)) {
			rewire_roles_free(roles);
			return PTR_ERR(ring);
		}
		roles->ring[role] = ring;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_init);

/**
 * rewire_roles_add() - let a certificate speak for a role
 * @roles: keyrings
 * @role: REWIRE_ROLE_*
 * @cert: certificate, DER
 * @cert_len: its bytes
 * @why: reason of a refusal
 *
 * Return: 0, -EINVAL for an unknown role or a length out of range, -EBADMSG
 * when it is no certificate, -EOPNOTSUPP when this kernel lacks its algorithm,
 * -EKEYREJECTED when it is blacklisted or wrongly self-signed, -ENOMEM.
 */
int rewire_roles_add(struct rewire_roles *roles, u32 role, const void *cert,
		     size_t cert_len, struct rewire_why *why)
{
	struct key *key;
	int ret;

	if (role >= REWIRE_ROLES)
		return rewire_because(why, -EINVAL, "there is no role %u",
				      role);
	key = cert_parse(cert, cert_len, why);
	if (IS_ERR(key))
		return PTR_ERR(key);
	ret = key_link(roles->ring[role], key);
	key_put(key);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_add);

/**
 * rewire_roles_free() - forget all roles
 * @roles: of rewire_roles_init(), or all zero
 */
void rewire_roles_free(struct rewire_roles *roles)
{
	u32 role;

	for (role = 0; role < REWIRE_ROLES; role++)
		key_put(roles->ring[role]);
	memset(roles, 0, sizeof(*roles));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_free);

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

	if (!der_fills(cms, len))
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

/**
 * rewire_signed_verify() - did a role sign these bytes?
 * @roles: keyrings
 * @role: REWIRE_ROLE_* that has to have signed
 * @data: bytes
 * @len: how many
 * @cms: detached CMS signature, DER
 * @cms_len: its bytes
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when the signer is nobody of this role, -EKEYREJECTED when
 * the signature is wrong, -EBADMSG when it is not a detached CMS signature,
 * -EOPNOTSUPP when this kernel lacks its algorithm, -EINVAL for a length out of
 * range, -ENOMEM.
 */
int rewire_signed_verify(const struct rewire_roles *roles, u32 role,
			 const void *data, size_t len, const void *cms,
			 size_t cms_len, struct rewire_why *why)
{
	struct key *ring;
	int ret;

	if (role >= REWIRE_ROLES)
		return rewire_because(why, -EINVAL, "there is no role %u",
				      role);
	if (!cms_len || cms_len > REWIRE_MAX_CMS)
		return rewire_because(why, -EINVAL,
				      "a signature has 1 to %u bytes",
				      REWIRE_MAX_CMS);
	/* without an anchor, hostile bytes need not even be parsed */
	ring = roles->ring[role];
	if (!ring || !ring->keys.nr_leaves_on_tree)
		return rewire_because(why, -ENOKEY,
				      "no anchor for role %s; provision one",
				      role_names[role]);
	ret = cms_check(cms, cms_len, why);
	if (ret)
		return ret;
	ret = verify_pkcs7_signature(data, len, cms, cms_len, ring,
				     VERIFYING_UNSPECIFIED_SIGNATURE, NULL,
				     NULL);
	switch (ret) {
	case 0:
	case -ENOMEM:
		return ret;
	case -ENOKEY:
		return rewire_because(why, -ENOKEY,
				      "not signed by an anchor of role %s",
				      role_names[role]);
	case -ENOPKG:
		return rewire_because(why, -EOPNOTSUPP,
				      "this kernel lacks an algorithm that the signature uses");
	default:
		return rewire_because(why, -EKEYREJECTED,
				      "the signature for role %s is wrong",
				      role_names[role]);
	}
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

	if (strcmp(public_of(key)->pkey_algo, "rsa"))
		return rewire_because(why, -EOPNOTSUPP,
				      "attestation keys are RSA, not %s",
				      public_of(key)->pkey_algo);
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

static void key_id(const struct key *key, u8 id[REWIRE_ID_SIZE])
{
	const struct public_key *public = public_of(key);
	u8 digest[SHA256_DIGEST_SIZE];

	sha256(public->key, public->keylen, digest);
	memcpy(id, digest, REWIRE_ID_SIZE);
}

/* A certificate of an SM: from an anchor of the platform role, and RSA */
static struct key *sm_cert(const struct rewire_roles *roles, const void *cert,
			   size_t cert_len, struct rewire_why *why)
{
	struct key *ring = roles->ring[REWIRE_ROLE_PLATFORM];
	struct key *key;
	int ret;

	if (!ring || !ring->keys.nr_leaves_on_tree)
		return ERR_PTR(rewire_because(why, -ENOKEY,
					      "no anchor for role platform; provision one"));
	key = cert_parse(cert, cert_len, why);
	if (IS_ERR(key))
		return key;
	ret = cert_issued_by(key, ring, why);
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
 * @roles: keyrings; an anchor of the platform role issued the certificate
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when there is no such key, -EPERM when the caller may not
 * use it, -EINVAL when it is of another type, -EKEYREJECTED when key and
 * certificate do not match or no anchor issued the certificate, -EBADMSG when
 * it is no certificate, -EOPNOTSUPP for other algorithms or sizes, -ENOMEM.
 */
int rewire_attest_init(struct rewire_attest *attest, s32 serial,
		       const void *cert, size_t cert_len,
		       const struct rewire_roles *roles,
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
	key_id(key, attest->id);
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
 * @roles: keyrings
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
 * certificate, -EKEYREJECTED when a signature is wrong, -EBADMSG when it is no
 * certificate, -EOPNOTSUPP for other algorithms or sizes, -EINVAL for a length
 * out of range, -ENOMEM.
 */
int rewire_peer_verify(const struct rewire_roles *roles, const void *cert,
		       size_t cert_len, const char *domain, const void *data,
		       size_t len, const void *signature, size_t signature_len,
		       u8 id[REWIRE_ID_SIZE], struct rewire_why *why)
{
	struct key *key;
	int ret;

	key = sm_cert(roles, cert, cert_len, why);
	if (IS_ERR(key))
		return PTR_ERR(key);
	ret = peer_signature(key, domain, data, len, signature, signature_len);
	if (!ret)
		key_id(key, id);
	else if (ret == -EKEYREJECTED)
		rewire_because(why, ret, "the peer's signature is wrong");
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
