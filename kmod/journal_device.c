// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of /dev/rewire about the journal: what may be asked of an SM that
 * still waits for a witness.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "enclave.h"
#include "journal_device.h"

static int device_ready(struct rewire_context *context)
{
	if (!rewire_sm_ready(context->rfile->sm))
		return rewire_because(&context->why, -ENOKEY,
				      "this SM has no keys; provision it first");
	return 0;
}

/* REWIRE_GET_HEAD */
int rewire_journal_device_head(struct rewire_context *context, void *data)
{
	struct rewire_get_head *arg = data;
	struct rewire_head *head;
	u32 room = arg->length;
	ssize_t len;
	int ret = device_ready(context);

	if (ret)
		return ret;
	len = rewire_witness_head(&context->rfile->sm->freshness, &head,
				  &context->why);
	if (len < 0)
		return len;
	arg->length = len;
	if (room < len)
		ret = rewire_because(&context->why, -EMSGSIZE,
				     "the head has %zd bytes, there is room for %u",
				     len, room);
	else if (copy_to_user(u64_to_user_ptr(arg->buffer), head, len))
		ret = -EFAULT;
	kfree(head);
	return ret;
}

/* REWIRE_PUT_WITNESS */
int rewire_journal_device_witness(struct rewire_context *context, void *data)
{
	struct rewire_put_witness *arg = data;
	struct rewire_witness witness;
	int ret = device_ready(context);
	void *cms;

	if (ret)
		return ret;
	if (arg->flags || arg->__reserved || !arg->signature_length ||
	    arg->signature_length > REWIRE_MAX_CMS)
		return rewire_because(&context->why, -EINVAL,
				      "flags, a reserved member, or a signature of %u bytes",
				      arg->signature_length);
	if (copy_from_user(&witness, u64_to_user_ptr(arg->witness),
			   sizeof(witness)))
		return -EFAULT;
	cms = memdup_user(u64_to_user_ptr(arg->signature),
			  arg->signature_length);
	if (IS_ERR(cms))
		return PTR_ERR(cms);
	ret = rewire_witness_take(&context->rfile->sm->freshness, &witness, cms,
				  arg->signature_length, &context->why);
	kfree(cms);
	if (!ret)
		rewire_enclaves_continue(context->rfile->sm);
	return ret;
}

/* REWIRE_JOURNAL_INFO */
int rewire_journal_device_info(struct rewire_context *context, void *data)
{
	int ret = device_ready(context);

	if (!ret)
		rewire_witness_info(&context->rfile->sm->freshness, data);
	return ret;
}
