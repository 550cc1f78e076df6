// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Software Update Key. It is kept nowhere: the root key of its generation
 * gives it each time it is needed.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hpke.h"
#include "suk.h"

/**
 * rewire_suk_pair() - the key pair of a generation
 * @roots: root keys
 * @generation: of the root key
 * @pair: out; rewire_share_wipe() it as soon as it was used
 * @why: for the sentence
 *
 * Return: 0, -ENOKEY when the root key is not kept or was revoked, -ENOMEM.
 */
int rewire_suk_pair(const struct rewire_roots *roots, u32 generation,
		    struct rewire_share *pair, struct rewire_why *why)
{
	struct key *root = rewire_root_of(roots, generation);
	u8 ikm[REWIRE_KEY_SIZE];
	int ret;

	memset(pair, 0, sizeof(*pair));
	if (!root)
		return rewire_because(why, -ENOKEY,
				      "the root key of generation %u is not kept here: encrypt to the present SUK",
				      generation);
	ret = rewire_derive_root(root, NULL, 0, REWIRE_LABEL_SUK, NULL, 0, ikm,
				 sizeof(ikm));
	if (ret == -ENOKEY)
		return rewire_because(why, ret,
				      "the root key of generation %u was revoked, or has expired",
				      generation);
	if (!ret)
		ret = rewire_hpke_key_pair(ikm, sizeof(ikm), pair);
	memzero_explicit(ikm, sizeof(ikm));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_suk_pair);

static int suk_compose(struct rewire_sm *sm, struct rewire_suk *suk,
		       struct rewire_why *why)
{
	struct rewire_share pair;
	int ret;

	suk->header.magic = REWIRE_MAGIC;
	suk->header.type = REWIRE_TYPE_SUK;
	suk->header.version = REWIRE_VERSION;
	suk->header.size = sizeof(*suk);
	memcpy(suk->sm, sm->attest.id, sizeof(suk->sm));
	suk->generation = rewire_roots_newest(&sm->roots);
	suk->cert_len = sm->attest.cert_len;
	suk->sig_len = sm->attest.signature_len;
	ret = rewire_suk_pair(&sm->roots, suk->generation, &pair, why);
	if (!ret)
		memcpy(suk->point, pair.public, sizeof(suk->point));
	rewire_share_wipe(&pair);
	return ret;
}

/**
 * rewire_suk_state() - the SM states its newest Software Update Key
 * @sm: with its keys
 * @suk: out: statement, certificate, signature; the caller frees it with kfree()
 * @why: for the sentence
 *
 * Return: its bytes; -ENOKEY when root or attestation key are gone; -ENOMEM.
 */
ssize_t rewire_suk_state(struct rewire_sm *sm, struct rewire_suk **suk,
			 struct rewire_why *why)
{
	const struct rewire_attest *attest = &sm->attest;
	u8 *buffer, *signature;
	int ret;

	buffer = kzalloc(sizeof(**suk) + attest->cert_len +
			 REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	*suk = (struct rewire_suk *)buffer;
	ret = suk_compose(sm, *suk, why);
	if (ret)
		goto err_free;
	memcpy(*suk + 1, attest->cert, attest->cert_len);
	signature = buffer + sizeof(**suk) + attest->cert_len;
	ret = rewire_attest_sign(attest, REWIRE_SUK_DOMAIN, *suk, sizeof(**suk),
				 signature);
	if (ret > 0)
		return signature - buffer + ret;
	ret = rewire_because(why, ret ?: -EKEYREJECTED,
			     "the attestation key does not sign");
err_free:
	kfree(buffer);
	*suk = NULL;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_suk_state);

/**
 * rewire_suk_get() - REWIRE_GET_SUK
 * @context: on /dev/rewire of an SM that has its keys
 * @arg: where to
 *
 * Return: 0; -EMSGSIZE, with the length it takes; -EFAULT; else as
 * rewire_suk_state().
 */
int rewire_suk_get(struct rewire_context *context, struct rewire_get_suk *arg)
{
	u32 room = arg->length;
	struct rewire_suk *suk;
	ssize_t len;
	int ret = 0;

	len = rewire_suk_state(context->rfile->sm, &suk, &context->why);
	if (len < 0)
		return len;
	arg->length = len;
	if (room < len)
		ret = rewire_because(&context->why, -EMSGSIZE,
				     "the SUK has %zd bytes, there is room for %u",
				     len, room);
	else if (copy_to_user(u64_to_user_ptr(arg->buffer), suk, len))
		ret = -EFAULT;
	kfree(suk);
	return ret;
}
