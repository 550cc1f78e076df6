// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/rewire and the files of enclaves.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "chardev.h"
#include "checkpoint.h"
#include "device.h"
#include "enclave.h"
#include "evidence.h"
#include "journal_device.h"
#include "migrate.h"
#include "provision.h"
#include "rotate.h"
#include "suk.h"
#include "update.h"

struct rewire_enclave *rewire_file_enclave(struct file *file)
{
	return ((struct rewire_file *)file->private_data)->object;
}

/* what is reserved, or a flag that nobody knows, must be zero */
static int dev_zero(struct rewire_context *context, u32 a, u32 b)
{
	if (a || b)
		return rewire_because(&context->why, -EINVAL,
				      "flags or a reserved member is not zero");
	return 0;
}

static int dev_has_keys(struct rewire_context *context)
{
	if (!rewire_sm_ready(context->rfile->sm))
		return rewire_because(&context->why, -ENOKEY,
				      "this SM has no keys; provision it first");
	return 0;
}

/* ... and knows that it may use them */
static int dev_ready(struct rewire_context *context)
{
	int ret = dev_has_keys(context);

	return ret ?: rewire_witness_fresh(&context->rfile->sm->freshness,
				    &context->why);
}

/* ---- the enclave's file ---- */

static int enclave_add_pages(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_add_pages *arg = data;
	int ret = dev_zero(context, arg->__reserved, 0);

	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_ADD, &context->why);
	if (ret >= 0 && enclave->trial)
		ret = rewire_because(&context->why, -EBUSY, "an update has it");
	if (ret >= 0 && !enclave->measure)
		ret = rewire_because(&context->why, -EBADFD,
				     "the measurement is complete");
	if (ret >= 0)
		ret = rewire_memory_add(enclave, arg, &context->why);
	mutex_unlock(&enclave->lock);
	return ret;
}

static int enclave_init(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_init *arg = data;
	struct rewire_manifest manifest;
	u8 *cms;
	int ret = dev_zero(context, arg->flags, arg->__reserved);

	if (ret)
		return ret;
	if (!memchr_inv(arg->workload, 0, REWIRE_ID_SIZE) ||
	    !arg->signature_length || arg->signature_length > REWIRE_MAX_CMS)
		return rewire_because(&context->why, -EINVAL,
				      "no workload, or a signature of %u bytes",
				      arg->signature_length);
	if (copy_from_user(&manifest, u64_to_user_ptr(arg->manifest),
			   sizeof(manifest)))
		return -EFAULT;
	cms = memdup_user(u64_to_user_ptr(arg->signature),
			  arg->signature_length);
	if (IS_ERR(cms))
		return PTR_ERR(cms);
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_init(enclave, &manifest, cms,
				  arg->signature_length, arg->workload,
				  &context->why);
	memcpy(arg->measurement, enclave->measurement, REWIRE_DIGEST_SIZE);
	arg->epoch = enclave->epoch;
	mutex_unlock(&enclave->lock);
	if (ret)
		kfree(cms);
	return ret;
}

static int enclave_get_ticket(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_get_ticket *arg = data;
	int ret = dev_zero(context, arg->flags, 0);

	if (ret)
		return ret;
	if (!rewire_enclave_owned(enclave))
		return rewire_because(&context->why, -EPERM,
				      "the enclave is another user's");
	mutex_lock(&enclave->lock);
	ret = rewire_ticket_issue(enclave, &arg->ticket, &context->why);
	mutex_unlock(&enclave->lock);
	return ret;
}

static int enclave_pause(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_pause *arg = data;
	int ret = dev_zero(context, arg->flags, arg->__reserved);

	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	if (enclave->handover)
		ret = rewire_because(&context->why, -EBUSY, "an update has it");
	else
		ret = rewire_enclave_pause(enclave, arg->timeout_ms,
					   &context->why);
	mutex_unlock(&enclave->lock);
	return ret;
}

static int enclave_resume(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_resume *arg = data;
	int ret = dev_zero(context, arg->flags, 0);

	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_resume(enclave, &context->why);
	mutex_unlock(&enclave->lock);
	return ret;
}

static int enclave_destroy(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_destroy *arg = data;
	int ret = dev_zero(context, arg->flags, 0);

	return ret ?: rewire_enclave_destroy(enclave, "destroyed by name",
					     &context->why);
}

static int enclave_extract(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	struct rewire_extract *arg = data;
	struct file *file;
	int ret = dev_zero(context, arg->flags, arg->__reserved);

	if (ret)
		return ret;
	file = rewire_checkpoint_extract(enclave, &context->why);
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int enclave_call(struct rewire_context *context, void *data)
{
	return rewire_call(context->rfile->object, data, &context->why);
}

static int enclave_info(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;
	const struct rewire_manifest *manifest = &enclave->manifest;
	struct rewire_enclave_info *arg = data;

	mutex_lock(&enclave->lock);
	arg->state = enclave->state;
	arg->id = enclave->id;
	memcpy(arg->workload, enclave->workload, REWIRE_ID_SIZE);
	memcpy(arg->software, manifest->software, REWIRE_ID_SIZE);
	arg->epoch = enclave->epoch;
	arg->release = manifest->release;
	arg->svn = manifest->svn;
	memcpy(arg->measurement, enclave->measurement, REWIRE_DIGEST_SIZE);
	arg->memory = enclave->charged;
	arg->pid = enclave->thread ? task_pid_vnr(enclave->thread) : 0;
	arg->pending = rewire_calls_pending(enclave);
	memcpy(arg->developer, enclave->developer, REWIRE_ID_SIZE);
	arg->max_memory = manifest->max_memory;
	arg->max_threads = manifest->max_threads;
	arg->min_atl = manifest->min_atl;
	arg->attributes = manifest->attributes;
	arg->threads = rewire_threads_count(enclave);
	mutex_unlock(&enclave->lock);
	return 0;
}

static int enclave_evidence(struct rewire_context *context, void *data)
{
	struct rewire_enclave *enclave = context->rfile->object;

	/* nobody is told of a version that may never be */
	if (READ_ONCE(enclave->trial))
		return rewire_because(&context->why, -EBUSY,
				      "it is on trial in an update");
	return rewire_evidence_get(context, data, enclave);
}

static const struct rewire_command enclave_commands[] = {
	REWIRE_COMMAND(REWIRE_ADD_PAGES, rewire_add_pages, enclave_add_pages),
	REWIRE_SIGNED_COMMAND(REWIRE_INIT, rewire_init, enclave_init),
	REWIRE_COMMAND(REWIRE_GET_TICKET, rewire_get_ticket,
		       enclave_get_ticket),
	REWIRE_COMMAND(REWIRE_PAUSE, rewire_pause, enclave_pause),
	REWIRE_COMMAND(REWIRE_RESUME, rewire_resume, enclave_resume),
	REWIRE_COMMAND(REWIRE_DESTROY, rewire_destroy, enclave_destroy),
	REWIRE_COMMAND(REWIRE_EXTRACT, rewire_extract, enclave_extract),
	REWIRE_COMMAND(REWIRE_CALL, rewire_call, enclave_call),
	REWIRE_GROWN_COMMAND(REWIRE_ENCLAVE_INFO, rewire_enclave_info, pending,
			     enclave_info),
	REWIRE_COMMAND(REWIRE_ENCLAVE_EVIDENCE, rewire_get_evidence,
		       enclave_evidence),
};

static long enclave_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	return rewire_dispatch(file, enclave_commands,
			       ARRAY_SIZE(enclave_commands), cmd, arg);
}

/* readable when there is nobody to wait for: the enclave is destroyed */
static __poll_t enclave_poll(struct file *file, poll_table *wait)
{
	struct rewire_enclave *enclave = rewire_file_enclave(file);

	poll_wait(file, &enclave->changed, wait);
	if (READ_ONCE(enclave->state) == REWIRE_ENCLAVE_DESTROYED)
		return EPOLLHUP;
	return 0;
}

static int enclave_release(struct inode *inode, struct file *file)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_enclave *enclave = rfile->object;

	if (atomic_dec_and_test(&enclave->files))
		rewire_enclave_closed(enclave);
	rewire_enclave_put(enclave);
	rewire_file_free(rfile);
	return 0;
}

static const struct file_operations enclave_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = enclave_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = rewire_memory_mmap,
	.poll = enclave_poll,
	.release = enclave_release,
};

/**
 * rewire_enclave_file() - one more file for an enclave
 * @enclave: which; the file takes a reference
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_enclave_file(struct rewire_enclave *enclave)
{
	struct rewire_file *rfile = rewire_file_create(enclave->sm, enclave);
	struct file *file;

	if (!rfile)
		return ERR_PTR(-ENOMEM);
	file = rewire_pseudo_file(enclave, &enclave_fops, rfile);
	if (IS_ERR(file)) {
		rewire_file_free(rfile);
		return file;
	}
	rewire_enclave_get(enclave);
	atomic_inc(&enclave->files);
	return file;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_enclave_file);

/* ---- /dev/rewire ---- */

static int dev_get_info(struct rewire_context *context, void *data)
{
	struct rewire_get_info *arg = data;
	struct rewire_sm_status status = {};

	rewire_sm_fill(context->rfile->sm->net, &status);
	arg->abi = status.abi;
	arg->provisioned = status.provisioned;
	arg->enclaves = status.enclaves;
	arg->sessions = status.sessions;
	arg->generation = status.generation;
	memcpy(arg->sm, status.sm, sizeof(arg->sm));
	arg->memory_limit = status.memory_limit;
	arg->memory_used = status.memory_used;
	return 0;
}

static int dev_provision(struct rewire_context *context, void *data)
{
	struct rewire_provision *arg = data;
	int ret = dev_zero(context, arg->flags & ~REWIRE_PROVISION_FLAGS, 0);

	return ret ?: rewire_sm_provision(context->rfile->sm, arg,
					  &context->why);
}

static int dev_create(struct rewire_context *context, void *data)
{
	struct rewire_create *arg = data;
	struct rewire_enclave *enclave;
	struct file *file;
	int ret = dev_zero(context, arg->flags, arg->__reserved) ?:
		  dev_ready(context);

	if (ret)
		return ret;
	enclave = rewire_enclave_create(context->rfile->sm, &arg->layout,
					REWIRE_ENCLAVE_BUILDING, &context->why);
	if (IS_ERR(enclave))
		return PTR_ERR(enclave);
	file = rewire_enclave_file(enclave);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		ret = rewire_sm_add_enclave(context->rfile->sm, enclave,
					    &context->why);
		if (ret)
			fput(file);
	}
	arg->id = enclave->id;
	rewire_enclave_put(enclave);
	if (ret)
		return ret;
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int dev_open_enclave(struct rewire_context *context, void *data)
{
	struct rewire_open_enclave *arg = data;
	struct rewire_sm *sm = context->rfile->sm;
	bool by_workload = memchr_inv(arg->workload, 0, REWIRE_ID_SIZE);
	struct rewire_enclave *enclave;
	struct file *file;
	int ret = dev_zero(context, arg->flags, arg->__reserved) ?:
		  rewire_witness_fresh(&sm->freshness, &context->why);

	if (ret)
		return ret;
	if (by_workload == !!arg->id)
		return rewire_because(&context->why, -EINVAL,
				      "name the enclave by id or by workload");
	ret = -ENOENT;
	enclave = by_workload ?
			  rewire_sm_find_workload(sm, arg->workload, &ret) :
			  rewire_sm_find_enclave(sm, arg->id);
	if (!enclave)
		return rewire_because(&context->why, ret, "%s",
				      ret == -EREMCHG ?
					      "the workload moved to another SM" :
					      "no such enclave");
	if (rewire_enclave_owned(enclave)) {
		file = rewire_enclave_file(enclave);
		ret = PTR_ERR_OR_ZERO(file);
	} else {
		ret = rewire_because(&context->why, -EPERM,
				     "the enclave is another user's");
	}
	rewire_enclave_put(enclave);
	if (ret)
		return ret;
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int dev_list(struct rewire_context *context, void *data)
{
	struct rewire_list *arg = data;
	u32 room = min_t(u32, arg->count, REWIRE_MAX_ENCLAVES);
	u64 *ids = kvcalloc(room ?: 1, sizeof(*ids), GFP_KERNEL_ACCOUNT);
	int ret = 0;

	if (!ids)
		return -ENOMEM;
	arg->count = rewire_sm_list(context->rfile->sm, ids, room);
	if (copy_to_user(u64_to_user_ptr(arg->ids), ids,
			 min(room, arg->count) * sizeof(*ids)))
		ret = -EFAULT;
	kvfree(ids);
	return ret;
}

static int dev_reseal(struct rewire_context *context, void *data)
{
	struct rewire_reseal *arg = data;
	struct file *file;
	int ret = dev_zero(context, arg->flags, arg->__reserved) ?:
		  dev_ready(context);

	if (ret)
		return ret;
	file = rewire_checkpoint_reseal(context->rfile->sm, &context->why);
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int dev_migrate_out(struct rewire_context *context, void *data)
{
	struct rewire_migrate_out *arg = data;
	int ret = dev_zero(context, arg->flags, 0) ?: dev_ready(context);

	return ret ?: rewire_migrate_out(context, arg);
}

static int dev_migrate_in(struct rewire_context *context, void *data)
{
	struct rewire_migrate_in *arg = data;
	int ret = dev_zero(context, arg->flags, arg->__reserved) ?:
		  dev_ready(context);

	return ret ?: rewire_migrate_in(context, arg);
}

static int dev_open_session(struct rewire_context *context, void *data)
{
	struct rewire_open_session *arg = data;
	int ret = dev_zero(context, arg->__reserved, 0) ?:
		  rewire_witness_fresh(&context->rfile->sm->freshness,
				       &context->why);

	return ret ?: rewire_session_open(context, arg);
}

static int dev_journal_compact(struct rewire_context *context, void *data)
{
	struct rewire_journal_compact *arg = data;
	int ret = dev_zero(context, arg->flags, 0) ?: dev_ready(context);

	return ret ?: rewire_sm_compact(context->rfile->sm, &context->why);
}

static int dev_try_request(struct rewire_context *context, void *data)
{
	return dev_ready(context) ?: rewire_request_try(context, data);
}

static int dev_rotate_root(struct rewire_context *context, void *data)
{
	struct rewire_rotate_root *arg = data;
	int ret = dev_zero(context, arg->flags, 0) ?: dev_ready(context);

	return ret ?: rewire_rotate_root(context, arg);
}

static int dev_trust(struct rewire_context *context, void *data)
{
	struct rewire_trust *arg = data;
	int ret = dev_zero(context, arg->flags, 0) ?: dev_ready(context);

	return ret ?: rewire_trust_put(context, arg);
}

/* also while a witness is waited for: it says who may be one */
static int dev_get_trust(struct rewire_context *context, void *data)
{
	return dev_has_keys(context) ?: rewire_trust_get(context, data);
}

static int dev_get_evidence(struct rewire_context *context, void *data)
{
	return dev_has_keys(context) ?:
	       rewire_evidence_get(context, data, NULL);
}

static int dev_update_begin(struct rewire_context *context, void *data)
{
	return dev_ready(context) ?: rewire_update_begin(context, data);
}

static int dev_open_update(struct rewire_context *context, void *data)
{
	struct rewire_open_update *arg = data;
	int ret = dev_zero(context, arg->flags, arg->__reserved) ?:
		  rewire_witness_fresh(&context->rfile->sm->freshness,
				       &context->why);

	return ret ?: rewire_update_open(context, arg);
}

static int dev_get_suk(struct rewire_context *context, void *data)
{
	return dev_has_keys(context) ?: rewire_suk_get(context, data);
}

static const struct rewire_command dev_commands[] = {
	REWIRE_COMMAND(REWIRE_GET_INFO, rewire_get_info, dev_get_info),
	REWIRE_SIGNED_COMMAND(REWIRE_PROVISION, rewire_provision,
			      dev_provision),
	REWIRE_COMMAND(REWIRE_CREATE, rewire_create, dev_create),
	REWIRE_COMMAND(REWIRE_OPEN_ENCLAVE, rewire_open_enclave,
		       dev_open_enclave),
	REWIRE_COMMAND(REWIRE_LIST, rewire_list, dev_list),
	REWIRE_COMMAND(REWIRE_RESEAL, rewire_reseal, dev_reseal),
	REWIRE_SIGNED_COMMAND(REWIRE_MIGRATE_OUT, rewire_migrate_out,
			      dev_migrate_out),
	REWIRE_SIGNED_COMMAND(REWIRE_MIGRATE_IN, rewire_migrate_in,
			      dev_migrate_in),
	REWIRE_COMMAND(REWIRE_OPEN_SESSION, rewire_open_session,
		       dev_open_session),
	REWIRE_COMMAND(REWIRE_JOURNAL_COMPACT, rewire_journal_compact,
		       dev_journal_compact),
	REWIRE_COMMAND(REWIRE_TRY_REQUEST, rewire_try_request,
		       dev_try_request),
	REWIRE_SIGNED_COMMAND(REWIRE_ROTATE_ROOT, rewire_rotate_root,
			      dev_rotate_root),
	REWIRE_SIGNED_COMMAND(REWIRE_TRUST, rewire_trust, dev_trust),
	REWIRE_COMMAND(REWIRE_GET_TRUST, rewire_get_trust, dev_get_trust),
	REWIRE_COMMAND(REWIRE_GET_EVIDENCE, rewire_get_evidence,
		       dev_get_evidence),
	REWIRE_COMMAND(REWIRE_GET_HEAD, rewire_get_head,
		       rewire_journal_device_head),
	REWIRE_SIGNED_COMMAND(REWIRE_PUT_WITNESS, rewire_put_witness,
			      rewire_journal_device_witness),
	REWIRE_GROWN_COMMAND(REWIRE_JOURNAL_INFO, rewire_journal_info, cut,
			     rewire_journal_device_info),
	REWIRE_SIGNED_COMMAND(REWIRE_UPDATE_BEGIN, rewire_update_begin,
			      dev_update_begin),
	REWIRE_COMMAND(REWIRE_OPEN_UPDATE, rewire_open_update, dev_open_update),
	REWIRE_COMMAND(REWIRE_GET_SUK, rewire_get_suk, dev_get_suk),
};

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return rewire_dispatch(file, dev_commands,
			       ARRAY_SIZE(dev_commands), cmd, arg);
}

static int dev_open(struct inode *inode, struct file *file)
{
	struct rewire_sm *sm = rewire_sm_of(current->nsproxy->net_ns);
	struct rewire_file *rfile = rewire_file_create(sm, NULL);

	if (!rfile)
		return -ENOMEM;
	file->private_data = rfile;
	return nonseekable_open(inode, file);
}

static int dev_release(struct inode *inode, struct file *file)
{
	rewire_file_free(file->private_data);
	return 0;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.release = dev_release,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice dev_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "rewire",
	.fops = &dev_fops,
	.mode = 0600,
};

int rewire_device_init(void)
{
	return misc_register(&dev_misc);
}

void rewire_device_exit(void)
{
	misc_deregister(&dev_misc);
}
