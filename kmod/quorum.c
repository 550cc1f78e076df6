// SPDX-License-Identifier: GPL-2.0-only
/*
 * M of N: what several holders of root keys sign together.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "quorum.h"
#include "signed.h"
#include "weaken.h"

/**
 * rewire_cms_copy() - a signature out of user memory
 * @to: out; untouched on failure
 * @from: user address
 * @length: its bytes
 * @why: for the sentence
 *
 * Return: 0, and the caller frees @to->bytes with kfree(); -EINVAL for a length
 * out of range; -EFAULT; -ENOMEM.
 */
int rewire_cms_copy(struct rewire_cms *to, u64 from, u32 length,
		    struct rewire_why *why)
{
	void *bytes;

	if (!length || length > REWIRE_MAX_CMS)
		return rewire_because(why, -EINVAL,
				      "a signature of %u bytes, not 1 to %u",
				      length, REWIRE_MAX_CMS);
	bytes = memdup_user(u64_to_user_ptr(from), length);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	to->bytes = bytes;
	to->length = length;
	return 0;
}

/**
 * rewire_quorum_copy() - signatures out of user memory
 * @to: all zero; rewire_quorum_free() it whatever the outcome
 * @from: user address of @count struct rewire_signature
 * @count: how many
 * @why: for the sentence
 *
 * Return: 0; -EINVAL for a number, length or reserved member; -EFAULT; -ENOMEM.
 */
int rewire_quorum_copy(struct rewire_quorum *to, u64 from, u32 count,
		       struct rewire_why *why)
{
	struct rewire_signature one[REWIRE_MAX_ROOT_SIGNATURES];
	int ret = 0;

	if (!count || count > ARRAY_SIZE(one))
		return rewire_because(why, -EINVAL,
				      "%u signatures, not 1 to %zu", count,
				      ARRAY_SIZE(one));
	if (copy_from_user(one, u64_to_user_ptr(from), count * sizeof(*one)))
		return -EFAULT;
	for (; to->count < count; to->count++) {
		const struct rewire_signature *s = &one[to->count];

		if (s->__reserved)
			return rewire_because(why, -EINVAL,
					      "reserved bytes of a signature are not zero");
		ret = rewire_cms_copy(&to->cms[to->count], s->cms, s->length,
				      why);
		if (ret)
			break;
	}
	return ret;
}

void rewire_quorum_free(struct rewire_quorum *quorum)
{
	u32 i;

	for (i = 0; i < quorum->count; i++)
		kfree(quorum->cms[i].bytes);
	quorum->count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_quorum_free);

/**
 * rewire_quorum_check() - did enough of these anchors sign?
 * @anchors: of the root role, not to be changed meanwhile
 * @which: "present" or "new", for the sentence
 * @data: what was signed
 * @len: its bytes
 * @signatures: detached CMS
 * @count: how many
 * @why: for the sentence
 *
 * Each anchor counts once, strangers not at all.
 *
 * Return: 0, -ENOKEY when they are too few, or as rewire_anchors_signed() for a
 * signature that is wrong.
 */
int rewire_quorum_check(const struct rewire_anchors *anchors, const char *which,
			const void *data, u32 len,
			const struct rewire_cms *signatures, u32 count,
			struct rewire_why *why)
{
	unsigned long signers = 0;
	int ret;
	u32 i;

	for (i = 0; i < count; i++) {
		ret = rewire_anchors_signed(anchors, data, len,
					    signatures[i].bytes,
					    signatures[i].length, why);
		if (ret >= 0)
			__set_bit(rewire_weakened(threshold) ? i : ret, &signers);
		else if (ret != -ENOKEY)
			return ret;
	}
	if (hweight_long(signers) >= anchors->threshold)
		return 0;
	return rewire_because(why, -ENOKEY,
			      "signed by %lu of the %u %s anchors of role root, %u have to",
			      hweight_long(signers), anchors->count, which,
			      anchors->threshold);
}

/**
 * rewire_quorum_root() - did enough of the root role sign?
 * @roles: anchors
 * @data: what was signed
 * @len: its bytes
 * @signatures: detached CMS
 * @count: how many
 * @why: for the sentence
 *
 * Return: as rewire_quorum_check().
 */
int rewire_quorum_root(struct rewire_roles *roles, const void *data, u32 len,
		       const struct rewire_cms *signatures, u32 count,
		       struct rewire_why *why)
{
	int ret;

	down_read(&roles->lock);
	ret = rewire_quorum_check(roles->role[REWIRE_ROLE_ROOT], "present",
				  data, len, signatures, count, why);
	up_read(&roles->lock);
	return ret;
}
