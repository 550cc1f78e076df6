// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who speaks for a role: certificates and keyrings.
 *
 * Parsing X.509 is left to the kernel's own parser, by way of its "asymmetric"
 * key type. It takes BER and ignores what follows; this file insists on the one
 * DER form that has nothing behind it. Neither of them looks at the dates in a
 * certificate: the SM trusts no wall clock.
 */
#include <crypto/sha2.h>
#include <keys/asymmetric-type.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "roles.h"
#include "weaken.h"

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

/* @role: below REWIRE_ROLES */
const char *rewire_role_name(u32 role)
{
	return role_names[role];
}

static struct key *ring_alloc(const char *name, key_perm_t perm)
{
	return keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
			     current_cred(), perm, KEY_ALLOC_NOT_IN_QUOTA, NULL,
			     NULL);
}

/**
 * rewire_der_fills() - is it one thing in DER, and nothing behind it?
 * @der: bytes
 * @len: how many
 *
 * Return: whether they are one SEQUENCE from the first to the last, with a
 * length of at most two bytes in its shortest form; nothing here is longer.
 */
bool rewire_der_fills(const u8 *der, size_t len)
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

/**
 * rewire_cert_parse() - a certificate as a key
 * @cert: certificate, DER
 * @len: its bytes
 * @why: reason of a refusal
 *
 * A key in a scratch keyring is the one way for a module to have a certificate
 * parsed.
 *
 * Return: the key with a reference, or an ERR_PTR() as rewire_roles_add().
 */
struct key *rewire_cert_parse(const void *cert, size_t len,
			      struct rewire_why *why)
{
	struct key *ring, *key;
	key_ref_t ref;

	if (!len || len > REWIRE_MAX_CERT)
		return ERR_PTR(rewire_because(why, -EINVAL,
					      "a certificate has 1 to %u bytes",
					      REWIRE_MAX_CERT));
	if (!rewire_der_fills(cert, len))
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
	if (strcmp(rewire_key_public(key)->id_type, "X509")) {
		key_put(key);
		return ERR_PTR(cert_error(-EBADMSG, why));
	}
	return key;
}

/**
 * rewire_key_id() - what an SM, a developer, an anchor is called by
 * @key: of type asymmetric
 * @id: out: first bytes of SHA-256 over the public key
 */
void rewire_key_id(const struct key *key, u8 id[REWIRE_ID_SIZE])
{
	const struct public_key *public = rewire_key_public(key);
	u8 digest[SHA256_DIGEST_SIZE];

	sha256(public->key, public->keylen, digest);
	memcpy(id, digest, REWIRE_ID_SIZE);
}

/**
 * rewire_cert_id() - whose certificate it says it is
 * @cert: certificate, DER
 * @len: its bytes
 * @id: out: id of its public key
 * @why: reason of a refusal
 *
 * Nobody has vouched for it yet: an SM finds its own journal by it.
 *
 * Return: 0, or a negative errno as rewire_roles_add().
 */
int rewire_cert_id(const void *cert, size_t len, u8 id[REWIRE_ID_SIZE],
		   struct rewire_why *why)
{
	struct key *key = rewire_cert_parse(cert, len, why);

	if (IS_ERR(key))
		return PTR_ERR(key);
	rewire_key_id(key, id);
	key_put(key);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_cert_id);

/*
 * Did an anchor sign this certificate? A keyring's restriction is the one way
 * for a module to ask: whoever it refuses cannot be linked there.
 */
static int cert_issued_by(struct key *cert, const struct key *issuer)
{
	char restriction[sizeof("key_or_keyring:-2147483648")];
	struct key *ring;
	int ret;

	ring = ring_alloc(".rewire_scratch", SCRATCH_PERM);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	snprintf(restriction, sizeof(restriction), "key_or_keyring:%d",
		 key_serial(issuer));
	ret = keyring_restrict(make_key_ref(ring, 1), "asymmetric",
			       restriction);
	if (!ret)
		ret = key_link(ring, cert);
	key_put(ring);
	return ret;
}

/**
 * rewire_anchors_alloc() - a role for which nobody speaks yet
 * @role: REWIRE_ROLE_*
 *
 * Return: its anchors, none, one of which would have to sign; or NULL.
 */
struct rewire_anchors *rewire_anchors_alloc(u32 role)
{
	struct rewire_anchors *anchors;

	anchors = kzalloc(sizeof(*anchors), GFP_KERNEL_ACCOUNT);
	if (!anchors)
		return NULL;
	anchors->role = role;
	anchors->threshold = 1;
	return anchors;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_anchors_alloc);

/* a keyring for one certificate alone */
static struct key *anchor_ring(u32 role, struct key *cert)
{
	struct key *ring = ring_alloc(ring_names[role], RING_PERM);
	int ret;

	if (IS_ERR(ring))
		return ring;
	ret = key_link(ring, cert);
	if (!ret)
		return ring;
	key_put(ring);
	return ERR_PTR(ret);
}

/**
 * rewire_anchors_add() - one more anchor
 * @anchors: of its role
 * @cert: certificate, DER
 * @cert_len: its bytes
 * @why: reason of a refusal
 *
 * Two certificates of one public key would be one signer that counts twice.
 *
 * Return: 0, or a negative errno as rewire_roles_add().
 */
int rewire_anchors_add(struct rewire_anchors *anchors, const void *cert,
		       size_t cert_len, struct rewire_why *why)
{
	u8 id[REWIRE_ID_SIZE];
	struct key *key, *ring;
	int ret = 0;
	u32 i;

	if (anchors->count == REWIRE_BUNDLE_ANCHORS)
		return rewire_because(why, -EINVAL,
				      "more than %u anchors for role %s",
				      REWIRE_BUNDLE_ANCHORS,
				      role_names[anchors->role]);
	key = rewire_cert_parse(cert, cert_len, why);
	if (IS_ERR(key))
		return PTR_ERR(key);
	rewire_key_id(key, id);
	for (i = 0; i < anchors->count && !ret; i++)
		if (!memcmp(anchors->id[i], id, sizeof(id)))
			ret = rewire_because(why, -EBADMSG,
					     "two anchors of role %s have the same key",
					     role_names[anchors->role]);
	if (!ret) {
		ring = anchor_ring(anchors->role, key);
		ret = PTR_ERR_OR_ZERO(ring);
	}
	key_put(key);
	if (ret)
		return ret;
	anchors->ring[anchors->count] = ring;
	memcpy(anchors->id[anchors->count], id, sizeof(id));
	anchors->count++;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_anchors_add);

void rewire_anchors_free(struct rewire_anchors *anchors)
{
	u32 i;

	if (!anchors)
		return;
	for (i = 0; i < anchors->count; i++)
		key_put(anchors->ring[i]);
	kfree(anchors);
}

/**
 * rewire_roles_init() - the roles of an SM, without an anchor
 * @roles: to fill
 *
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int rewire_roles_init(struct rewire_roles *roles)
{
	u32 role;

	memset(roles, 0, sizeof(*roles));
	init_rwsem(&roles->lock);
	for (role = 0; role < REWIRE_ROLES; role++) {
		roles->role[role] = rewire_anchors_alloc(role);
		if (!roles->role[role]) {
			rewire_roles_free(roles);
			return -ENOMEM;
		}
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_init);

/**
 * rewire_roles_add() - let a certificate speak for a role, at PROVISION
 * @roles: of rewire_roles_init()
 * @role: REWIRE_ROLE_*
 * @cert: certificate, DER
 * @cert_len: its bytes
 * @why: reason of a refusal
 *
 * A role that a trust bundle was taken for has its anchors from there: the
 * certificate is not even looked at.
 *
 * Return: 0, -EINVAL for an unknown role, a length out of range or too many
 * anchors, -EBADMSG when it is no certificate or has the key of another anchor
 * of this role, -EOPNOTSUPP when this kernel lacks its algorithm, -EKEYREJECTED
 * when it is blacklisted or wrongly self-signed, -ENOMEM.
 */
int rewire_roles_add(struct rewire_roles *roles, u32 role, const void *cert,
		     size_t cert_len, struct rewire_why *why)
{
	int ret = 0;

	if (role >= REWIRE_ROLES)
		return rewire_because(why, -EINVAL, "there is no role %u",
				      role);
	down_write(&roles->lock);
	if (!roles->role[role]->version)
		ret = rewire_anchors_add(roles->role[role], cert, cert_len,
					 why);
	up_write(&roles->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_add);

/**
 * rewire_roles_threshold() - how many of the root role, at PROVISION
 * @roles: with all anchors added
 * @threshold: how many have to sign
 * @why: reason of a refusal
 *
 * Without effect when a trust bundle was taken for the root role.
 *
 * Return: 0, or -EINVAL when it is none, or more than there are anchors.
 */
int rewire_roles_threshold(struct rewire_roles *roles, u32 threshold,
			   struct rewire_why *why)
{
	struct rewire_anchors *root;
	int ret = 0;

	down_write(&roles->lock);
	root = roles->role[REWIRE_ROLE_ROOT];
	if (root->version)
		goto out;
	if (threshold && threshold <= root->count)
		root->threshold = threshold;
	else
		ret = rewire_because(why, -EINVAL,
				     "%u of %u anchors of role root cannot sign",
				     threshold, root->count);
out:
	up_write(&roles->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_threshold);

/**
 * rewire_roles_replace() - others speak for a role from now on
 * @roles: of rewire_roles_init()
 * @anchors: of that role; taken over
 *
 * Waits for who is checking a signature; whoever begins afterwards finds the
 * new anchors.
 */
void rewire_roles_replace(struct rewire_roles *roles,
			  struct rewire_anchors *anchors)
{
	u32 role = anchors->role;

	down_write(&roles->lock);
	swap(roles->role[role], anchors);
	up_write(&roles->lock);
	rewire_anchors_free(anchors);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_replace);

/**
 * rewire_roles_revoked() - is an SM not to be believed any more?
 * @roles: of rewire_roles_init()
 * @sm: its id
 *
 * Return: whether the bundle of the platform role says so.
 */
bool rewire_roles_revoked(struct rewire_roles *roles,
			  const u8 sm[REWIRE_ID_SIZE])
{
	const struct rewire_anchors *platform;
	bool revoked = false;
	u32 i;

	down_read(&roles->lock);
	platform = roles->role[REWIRE_ROLE_PLATFORM];
	for (i = 0; platform && i < platform->revoked && !revoked; i++)
		revoked = !memcmp(platform->revoked_sm[i], sm, REWIRE_ID_SIZE);
	up_read(&roles->lock);
	return revoked && !rewire_weakened(revocation);
}

/**
 * rewire_roles_issued() - did a role issue this certificate?
 * @roles: of rewire_roles_init()
 * @role: REWIRE_ROLE_*
 * @cert: of rewire_cert_parse()
 * @why: reason of a refusal
 *
 * Return: 0, -ENOKEY when no anchor of the role did, -EKEYREJECTED when its
 * signature is wrong, -EOPNOTSUPP when this kernel lacks its algorithm, -ENOMEM.
 */
int rewire_roles_issued(struct rewire_roles *roles, u32 role, struct key *cert,
			struct rewire_why *why)
{
	const struct rewire_anchors *anchors;
	int ret, worst = -ENOKEY;
	u32 i;

	down_read(&roles->lock);
	anchors = roles->role[role];
	for (i = 0; anchors && i < anchors->count; i++) {
		ret = cert_issued_by(cert, anchors->ring[i]);
		if (ret != -ENOKEY)
			worst = ret;
		if (!ret || ret == -ENOMEM)
			break;
	}
	up_read(&roles->lock);
	switch (worst) {
	case 0:
	case -ENOMEM:
		return worst;
	case -ENOKEY:
		return rewire_because(why, -ENOKEY,
				      "no %s anchor issued the certificate",
				      role_names[role]);
	case -ENOPKG:
		return cert_error(worst, why);
	default:
		return rewire_because(why, -EKEYREJECTED,
				      "the certificate's signature is wrong");
	}
}

/**
 * rewire_roles_free() - forget all anchors
 * @roles: of rewire_roles_init(); nobody speaks for any role afterwards
 */
void rewire_roles_free(struct rewire_roles *roles)
{
	u32 role;

	for (role = 0; role < REWIRE_ROLES; role++) {
		rewire_anchors_free(roles->role[role]);
		roles->role[role] = NULL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_roles_free);
