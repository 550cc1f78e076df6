// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packages, manifests and wraps: copied once, and only then looked at.
 *
 * The form is checked before the first signature, and a signature before what it
 * says is compared with anything here: what nobody signed learns nothing about
 * this SM.
 */
#include <crypto/sha2.h>
#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "hpke.h"
#include "package.h"
#include "quorum.h"
#include "signed.h"
#include "suk.h"
#include "weaken.h"

#define PACKAGE_MAX_TRIAL_MS	3600000

/* a layout, and one line that has no page */
#define PACKAGE_MIN_PAYLOAD	(sizeof(struct rewire_layout) +		\
				 sizeof(struct rewire_page_measure))

static_assert(sizeof(struct rewire_package) == 200);
static_assert(sizeof(struct rewire_wrap) == 184);

/* all of a fixed length: whatever differs between two packages, the form stays */
static int package_form(const struct rewire_package *package,
			struct rewire_why *why)
{
	struct rewire_header header = package->header;
	bool sealed = header.flags & REWIRE_PACKAGE_SEALED;
	int ret;

	header.flags &= ~REWIRE_PACKAGE_FLAGS;
	ret = rewire_header_check(&header, REWIRE_TYPE_PACKAGE,
				  sizeof(*package), why);
	if (ret)
		return ret;
	if (package->__reserved)
		return rewire_because(why, -EBADMSG,
				      "reserved bytes of the package are not zero");
	if (!memchr_inv(package->nonce, 0, sizeof(package->nonce)))
		return rewire_because(why, -EBADMSG,
				      "the package has no nonce");
	if (package->from_min > package->from_max)
		return rewire_because(why, -EBADMSG,
				      "the package is for releases %llu to %llu",
				      package->from_min, package->from_max);
	if (!package->trial_ms || package->trial_ms > PACKAGE_MAX_TRIAL_MS)
		return rewire_because(why, -EBADMSG,
				      "a trial of %u ms, not 1 to %u",
				      package->trial_ms, PACKAGE_MAX_TRIAL_MS);
	if (package->payload_length < PACKAGE_MIN_PAYLOAD)
		return rewire_because(why, -EBADMSG,
				      "a payload of %llu bytes is no enclave",
				      package->payload_length);
	if (sealed != !!memchr_inv(package->salt, 0, sizeof(package->salt)))
		return rewire_because(why, -EBADMSG,
				      "a package has a salt when its payload is encrypted, and only then");
	return 0;
}

static int package_signed(struct rewire_sm *sm,
			  const struct rewire_words *words,
			  struct rewire_why *why)
{
	const struct rewire_package *package = &words->package;
	bool root = package->header.flags & REWIRE_PACKAGE_ROOT;
	int ret;

	if (root != !!words->root.count)
		return rewire_because(why, -EINVAL,
				      "root signatures belong to a package that says so, and only there");
	ret = rewire_signed_verify(&sm->roles, REWIRE_ROLE_SDS, package,
				   sizeof(*package), words->package_cms.bytes,
				   words->package_cms.length, NULL, why);
	if (!ret && root)
		ret = rewire_quorum_root(&sm->roles, package, sizeof(*package),
					 words->root.cms, words->root.count,
					 why);
	return ret;
}

static bool names_other(const u8 named[REWIRE_ID_SIZE],
			const u8 ours[REWIRE_ID_SIZE])
{
	return memchr_inv(named, 0, REWIRE_ID_SIZE) &&
	       memcmp(named, ours, REWIRE_ID_SIZE);
}

static int package_addressed(struct rewire_sm *sm,
			     const struct rewire_words *words,
			     struct rewire_why *why)
{
	const struct rewire_package *package = &words->package;

	if (rewire_weakened(package_device))
		return 0;
	if (names_other(package->device, sm->attest.id))
		return rewire_because(why, -EPERM,
				      "the package is for SM %*phN",
				      REWIRE_ID_SIZE, package->device);
	if (names_other(package->workload, words->workload))
		return rewire_because(why, -EPERM,
				      "the package is for workload %*phN",
				      REWIRE_ID_SIZE, package->workload);
	return 0;
}

/* what the developer says, and that it is what the package names */
static int manifest_take(struct rewire_sm *sm, const struct rewire_words *words,
			 struct rewire_order *order, struct rewire_why *why)
{
	const struct rewire_manifest *manifest = &words->manifest;
	u8 digest[SHA256_DIGEST_SIZE];
	int ret;

	sha256((const u8 *)manifest, sizeof(*manifest), digest);
	if (memcmp(digest, words->package.manifest_digest, sizeof(digest)))
		return rewire_because(why, -EBADMSG,
				      "the package names another manifest");
	ret = rewire_header_check(&manifest->header, REWIRE_TYPE_MANIFEST,
				  sizeof(*manifest), why) ?:
	      rewire_signed_verify(&sm->roles, REWIRE_ROLE_DEVELOPER, manifest,
				   sizeof(*manifest),
				   words->manifest_cms.bytes,
				   words->manifest_cms.length,
				   order->developer, why);
	if (ret)
		return ret;
	if (memcmp(manifest->software, words->package.software,
		   REWIRE_ID_SIZE))
		return rewire_because(why, -EPERM,
				      "package and manifest are about different software");
	return 0;
}

/* open a wrap that is for us and of this package */
static int wrap_open(struct rewire_sm *sm, const struct rewire_wrap *wrap,
		     u8 content[REWIRE_KEY_SIZE], struct rewire_why *why)
{
	struct {
		char text[sizeof(REWIRE_WRAP_INFO)];
		u8 device[REWIRE_ID_SIZE];
		u8 package_digest[REWIRE_DIGEST_SIZE];
	} __packed info = { .text = REWIRE_WRAP_INFO };
	const struct rewire_hpke_sealed sealed = {
		.enc = wrap->enc,
		.info = &info,
		.info_len = sizeof(info),
		.cipher = wrap->key,
		.cipher_len = sizeof(wrap->key),
	};
	struct rewire_share pair;
	int ret;

	memcpy(info.device, wrap->device, sizeof(info.device));
	memcpy(info.package_digest, wrap->package_digest,
	       sizeof(info.package_digest));
	ret = rewire_suk_pair(&sm->roots, wrap->generation, &pair, why);
	if (ret)
		return ret;
	ret = rewire_hpke_open(&rewire_hpke_aes256, &pair, &sealed, content);
	rewire_share_wipe(&pair);
	if (ret == -EBADMSG)
		return rewire_because(why, ret,
				      "the wrap is not for this SM's Software Update Key");
	return ret;
}

static int wrap_take(struct rewire_sm *sm, const struct rewire_words *words,
		     struct rewire_order *order, struct rewire_why *why)
{
	const struct rewire_wrap *wrap = &words->wrap;
	int ret;

	if (!(words->package.header.flags & REWIRE_PACKAGE_SEALED)) {
		if (!words->wrap_cms.length)
			return 0;
		return rewire_because(why, -EINVAL,
				      "a wrap, and the payload is not encrypted");
	}
	if (!words->wrap_cms.length)
		return rewire_because(why, -EINVAL,
				      "the payload is encrypted: this SM's wrap is missing");
	ret = rewire_header_check(&wrap->header, REWIRE_TYPE_WRAP,
				  sizeof(*wrap), why);
	if (ret)
		return ret;
	if (memchr_inv(wrap->__reserved, 0, sizeof(wrap->__reserved)))
		return rewire_because(why, -EBADMSG,
				      "reserved bytes of the wrap are not zero");
	ret = rewire_signed_verify(&sm->roles, REWIRE_ROLE_SDS, wrap,
				   sizeof(*wrap), words->wrap_cms.bytes,
				   words->wrap_cms.length, NULL, why);
	if (ret)
		return ret;
	if (memcmp(wrap->device, sm->attest.id, REWIRE_ID_SIZE))
		return rewire_because(why, -EPERM, "the wrap is for SM %*phN",
				      REWIRE_ID_SIZE, wrap->device);
	if (memcmp(wrap->package_digest, order->digest, REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EBADMSG,
				      "the wrap belongs to another package");
	return wrap_open(sm, wrap, order->content, why);
}

/*
 * Return: 0, and @order has all but the manifest's signature; -EINVAL for what
 * is missing or superfluous; -EBADMSG, -EOPNOTSUPP, -EKEYREJECTED, -ENOKEY for
 * what was signed and by whom; -EPERM for another SM, workload or software.
 */
VISIBLE_IF_KUNIT
int rewire_order_verify(struct rewire_sm *sm, const struct rewire_words *words,
			struct rewire_order *order, struct rewire_why *why)
{
	int ret;

	memset(order, 0, sizeof(*order));
	sha256((const u8 *)&words->package, sizeof(words->package),
	       order->digest);
	ret = package_form(&words->package, why) ?:
	      package_signed(sm, words, why) ?:
	      package_addressed(sm, words, why) ?:
	      manifest_take(sm, words, order, why) ?:
	      wrap_take(sm, words, order, why);
	if (ret) {
		memzero_explicit(order, sizeof(*order));
		return ret;
	}
	order->package = words->package;
	order->manifest = words->manifest;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_order_verify);

static int words_copy(struct rewire_words *words,
		      const struct rewire_update_begin *begin,
		      struct rewire_why *why)
{
	int ret;

	if (copy_from_user(&words->package, u64_to_user_ptr(begin->package),
			   sizeof(words->package)) ||
	    copy_from_user(&words->manifest, u64_to_user_ptr(begin->manifest),
			   sizeof(words->manifest)))
		return -EFAULT;
	memcpy(words->workload, begin->workload, sizeof(words->workload));
	ret = rewire_cms_copy(&words->package_cms, begin->package_cms,
			      begin->package_cms_length, why) ?:
	      rewire_cms_copy(&words->manifest_cms, begin->manifest_cms,
			      begin->manifest_cms_length, why);
	if (!ret && (begin->root_signatures || begin->root_signature))
		ret = rewire_quorum_copy(&words->root, begin->root_signature,
					 begin->root_signatures, why);
	if (ret || (!begin->wrap && !begin->wrap_cms &&
		    !begin->wrap_cms_length))
		return ret;
	if (copy_from_user(&words->wrap, u64_to_user_ptr(begin->wrap),
			   sizeof(words->wrap)))
		return -EFAULT;
	return rewire_cms_copy(&words->wrap_cms, begin->wrap_cms,
			       begin->wrap_cms_length, why);
}

static void words_free(struct rewire_words *words)
{
	kfree(words->package_cms.bytes);
	kfree(words->manifest_cms.bytes);
	kfree(words->wrap_cms.bytes);
	rewire_quorum_free(&words->root);
	kfree(words);
}

/**
 * rewire_order_get() - what an update is ordered by, out of user memory
 * @sm: fresh, with its keys
 * @begin: the command; flags and reserved members are the caller's
 * @order: out; rewire_order_free() it. All zero on failure
 * @why: for the sentence
 *
 * Time, used nonces and what the platform allows the manifest are not looked at
 * here.
 *
 * Return: 0; -EFAULT; -EINVAL for a length, or what is missing or superfluous;
 * -EBADMSG, -EOPNOTSUPP for what was signed; -EKEYREJECTED, -ENOKEY for by whom,
 * and when the root key of the wrap's generation is not kept; -EPERM for another
 * SM, workload or software; -ENOMEM.
 */
int rewire_order_get(struct rewire_sm *sm,
		     const struct rewire_update_begin *begin,
		     struct rewire_order *order, struct rewire_why *why)
{
	struct rewire_words *words = kzalloc(sizeof(*words),
					     GFP_KERNEL_ACCOUNT);
	int ret;

	memset(order, 0, sizeof(*order));
	if (!words)
		return -ENOMEM;
	ret = words_copy(words, begin, why) ?:
	      rewire_order_verify(sm, words, order, why);
	if (ret)
		goto err_words;
	order->cms_len = words->manifest_cms.length;
	order->cms = kmemdup(words->manifest_cms.bytes, order->cms_len,
			     GFP_KERNEL_ACCOUNT);
	if (!order->cms) {
		ret = -ENOMEM;
		goto err_order;
	}
	order->words = words;
	return 0;

err_order:
	memzero_explicit(order, sizeof(*order));
err_words:
	words_free(words);
	return ret;
}

/**
 * rewire_order_still() - do those who signed it still have a say?
 * @sm: as in rewire_order_get()
 * @order: by rewire_order_get()
 * @why: for the sentence
 *
 * Between the order and the switch a trust bundle may have taken it from them.
 *
 * Return: 0; -ENOKEY.
 */
int rewire_order_still(struct rewire_sm *sm, const struct rewire_order *order,
		       struct rewire_why *why)
{
	const struct rewire_words *words = order->words;

	if (rewire_weakened(package_revoked))
		return 0;
	return package_signed(sm, words, why) ?:
	       rewire_signed_verify(&sm->roles, REWIRE_ROLE_DEVELOPER,
				    &words->manifest, sizeof(words->manifest),
				    words->manifest_cms.bytes,
				    words->manifest_cms.length, NULL, why);
}

void rewire_order_free(struct rewire_order *order)
{
	kfree(order->cms);
	if (order->words)
		words_free(order->words);
	memzero_explicit(order, sizeof(*order));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_order_free);

/* what only the root role may allow */
static int order_rises(const struct rewire_order *order,
		       const struct rewire_version *from, u64 least_release,
		       u64 least_svn, struct rewire_why *why)
{
	const struct rewire_manifest *to = &order->manifest;

	if (memcmp(order->developer, from->developer, REWIRE_ID_SIZE))
		return rewire_because(why, -EPERM,
				      "signed by developer %*phN, what runs by another",
				      REWIRE_ID_SIZE, order->developer);
	if (rewire_weakened(version_floor))
		return 0;
	if (to->release <= from->release || to->release < least_release)
		return rewire_because(why, -ESTALE,
				      "release %llu after %llu, and the least is %llu",
				      to->release, from->release,
				      least_release);
	if (to->svn < from->svn || to->svn < least_svn)
		return rewire_because(why, -ESTALE,
				      "SVN %llu after %llu, and the least is %llu",
				      to->svn, from->svn, least_svn);
	if (to->release - from->release > REWIRE_MAX_LEAP)
		return rewire_because(why, -EPERM,
				      "release %llu leaps too far from %llu",
				      to->release, from->release);
	return 0;
}

/**
 * rewire_order_follows() - may this version replace that one?
 * @order: verified
 * @from: what runs
 * @from_software: its software id
 * @least_release: of the workload
 * @least_svn: of the workload
 * @why: for the sentence
 *
 * Return: 0; -EPERM for other software or another developer, a version the
 * package is not for, or a number that nobody may reach; -ESTALE for one that
 * does not rise.
 */
int rewire_order_follows(const struct rewire_order *order,
			 const struct rewire_version *from,
			 const u8 from_software[REWIRE_ID_SIZE],
			 u64 least_release, u64 least_svn,
			 struct rewire_why *why)
{
	const struct rewire_package *package = &order->package;
	const struct rewire_manifest *to = &order->manifest;

	if (memcmp(to->software, from_software, REWIRE_ID_SIZE))
		return rewire_because(why, -EPERM,
				      "the package is for other software than what runs");
	if ((from->release < package->from_min ||
	     from->release > package->from_max) &&
	    !rewire_weakened(version_from))
		return rewire_because(why, -EPERM,
				      "release %llu runs, the package is for %llu to %llu",
				      from->release, package->from_min,
				      package->from_max);
	/* nothing could follow the one, nothing could be sealed for the other */
	if (to->release == U64_MAX || to->svn > REWIRE_MAX_SVN)
		return rewire_because(why, -EPERM,
				      "release %llu, SVN %llu: no update may go there",
				      to->release, to->svn);
	if (to->release == from->release &&
	    !memcmp(to->measurement, from->measurement, REWIRE_DIGEST_SIZE))
		return rewire_because(why, -ESTALE,
				      "release %llu with this very code runs already",
				      to->release);
	if (package->header.flags & REWIRE_PACKAGE_ROOT)
		return 0;
	return order_rises(order, from, least_release, least_svn, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_order_follows);

/**
 * rewire_package_key() - what the payload's records are encrypted with
 * @order: verified, of a package that is REWIRE_PACKAGE_SEALED
 * @material: out: key and IV; the caller wipes them
 *
 * Return: 0 or a negative errno.
 */
int rewire_package_key(const struct rewire_order *order,
		       u8 material[REWIRE_KEY_SIZE + REWIRE_IV_SIZE])
{
	struct rewire_package context = order->package;

	/* one payload serves packages that differ in these */
	memset(context.nonce, 0, sizeof(context.nonce));
	memset(context.device, 0, sizeof(context.device));
	memset(context.workload, 0, sizeof(context.workload));
	context.from_min = 0;
	context.from_max = 0;
	context.expires = 0;
	context.trial_ms = 0;
	return rewire_derive(order->content, sizeof(order->content),
			     order->package.salt, sizeof(order->package.salt),
			     REWIRE_LABEL_PACKAGE, &context, sizeof(context),
			     material, REWIRE_KEY_SIZE + REWIRE_IV_SIZE);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_package_key);
