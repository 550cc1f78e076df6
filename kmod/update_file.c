// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of an update.
 */
#include <linux/anon_inodes.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "update.h"
#include "usercopy.h"

static struct rewire_update *file_update(struct rewire_context *context)
{
	return context->rfile->object;
}

static int update_zero(struct rewire_context *context, u32 a, u32 b)
{
	if (a || b)
		return rewire_because(&context->why, -EINVAL,
				      "flags or a reserved member is not zero");
	return 0;
}

static int update_give(struct rewire_context *context, struct file *file,
		       s32 *fd)
{
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = fd;
	return 0;
}

static ssize_t update_take(struct file *file, struct iov_iter *from)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_update *update = rfile->object;
	struct rewire_why why = {};
	ssize_t ret;

	if (mutex_lock_interruptible(&update->lock))
		return -ERESTARTSYS;
	ret = rewire_update_write(update, from, &why);
	mutex_unlock(&update->lock);
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t update_write(struct kiocb *iocb, struct iov_iter *from)
{
	return rewire_write(iocb, from, update_take);
}

static __poll_t update_poll(struct file *file, poll_table *wait)
{
	struct rewire_update *update =
		((struct rewire_file *)file->private_data)->object;
	__poll_t mask = 0;

	poll_wait(file, &update->changed, wait);
	mutex_lock(&update->lock);
	if (update->changes != update->seen)
		mask |= EPOLLPRI;
	if (update->state == REWIRE_UPDATE_LOADING)
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (update->over)
		mask |= EPOLLHUP;
	mutex_unlock(&update->lock);
	return mask;
}

static int update_enclave(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_enclave *arg = data;
	struct file *file;
	int ret = update_zero(context, arg->flags, arg->__reserved);

	if (ret)
		return ret;
	mutex_lock(&update->lock);
	if (update->new) {
		arg->id = update->new->id;
		file = rewire_enclave_file(update->new);
	} else {
		file = ERR_PTR(rewire_because(&context->why, -EBADFD,
					      "not for an update that is %s",
					      rewire_update_state_name(update->state)));
	}
	mutex_unlock(&update->lock);
	return update_give(context, file, &arg->fd);
}

static int update_handover(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_handover *arg = data;
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_handover(update, arg->timeout_ms, &context->why);
	mutex_unlock(&update->lock);
	return ret;
}

static int update_checkpoint(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_checkpoint *arg = data;
	struct file *file;
	int ret = update_zero(context, arg->__reserved, 0);

	if (ret)
		return ret;
	mutex_lock(&update->lock);
	file = rewire_update_checkpoint(update, arg->version, &context->why);
	mutex_unlock(&update->lock);
	return update_give(context, file, &arg->fd);
}

static int update_begin_trial(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_begin_trial *arg = data;
	int ret = update_zero(context, arg->flags, 0);

	if (ret)
		return ret;
	mutex_lock(&update->lock);
	ret = rewire_update_begin_trial(update, &context->why);
	mutex_unlock(&update->lock);
	return ret;
}

static int update_health(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_health *arg = data;
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_health(update, arg->timeout_ms, &context->why);
	mutex_unlock(&update->lock);
	return ret;
}

static int update_switch(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_switch *arg = data;
	struct file *file;
	int ret = update_zero(context, arg->flags, arg->__reserved);

	if (ret)
		return ret;
	mutex_lock(&update->lock);
	file = rewire_update_switch(update, &arg->epoch, &context->why);
	mutex_unlock(&update->lock);
	return update_give(context, file, &arg->fd);
}

static int update_abort(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_abort *arg = data;
	int ret = update_zero(context, arg->flags, 0);

	if (ret)
		return ret;
	mutex_lock(&update->lock);
	ret = rewire_update_abort(update, -ECANCELED, "cancelled",
				  &context->why);
	mutex_unlock(&update->lock);
	return ret;
}

static int update_info(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_info *arg = data;
	unsigned long now = jiffies;
	u64 pause;

	mutex_lock(&update->lock);
	arg->state = update->state;
	memcpy(arg->id, update->known.id, REWIRE_ID_SIZE);
	memcpy(arg->workload, update->known.workload, REWIRE_ID_SIZE);
	arg->old = update->old ? update->old->id : 0;
	arg->new = update->new ? update->new->id : 0;
	arg->payload_bytes = update->payload;
	arg->state_bytes = update->handover ?
				   READ_ONCE(update->handover->bytes) :
				   update->state_bytes;
	arg->remaining_ms = !update->over && time_before(now, update->deadline) ?
				    jiffies_to_msecs(update->deadline - now) :
				    0;
	pause = update->held ? ktime_get_ns() - update->held : update->pause;
	arg->pause_us = div_u64(pause, NSEC_PER_USEC);
	arg->healthy = update->healthy;
	arg->error = update->known.error;
	memcpy(arg->reason, update->known.reason, sizeof(arg->reason));
	update->seen = update->changes;
	mutex_unlock(&update->lock);
	return 0;
}

static int update_receipt(struct rewire_context *context, void *data)
{
	struct rewire_update *update = file_update(context);
	struct rewire_update_get_receipt *arg = data;
	struct rewire_update_receipt *receipt;
	u32 room = arg->length;
	ssize_t len;
	int ret = 0;

	mutex_lock(&update->lock);
	len = rewire_update_receipt(update, &receipt, &context->why);
	mutex_unlock(&update->lock);
	if (len < 0)
		return len;
	arg->length = len;
	if (room < len)
		ret = rewire_because(&context->why, -EMSGSIZE,
				     "the receipt has %zd bytes, there is room for %u",
				     len, room);
	else if (copy_to_user(u64_to_user_ptr(arg->buffer), receipt, len))
		ret = -EFAULT;
	kfree(receipt);
	return ret;
}

static const struct rewire_command update_commands[] = {
	REWIRE_COMMAND(REWIRE_UPDATE_ENCLAVE, rewire_update_enclave,
		       update_enclave),
	REWIRE_COMMAND(REWIRE_UPDATE_HANDOVER, rewire_update_handover,
		       update_handover),
	REWIRE_COMMAND(REWIRE_UPDATE_CHECKPOINT, rewire_update_checkpoint,
		       update_checkpoint),
	REWIRE_COMMAND(REWIRE_UPDATE_BEGIN_TRIAL, rewire_update_begin_trial,
		       update_begin_trial),
	REWIRE_COMMAND(REWIRE_UPDATE_HEALTH, rewire_update_health,
		       update_health),
	REWIRE_COMMAND(REWIRE_UPDATE_SWITCH, rewire_update_switch,
		       update_switch),
	REWIRE_COMMAND(REWIRE_UPDATE_ABORT, rewire_update_abort, update_abort),
	REWIRE_COMMAND(REWIRE_UPDATE_INFO, rewire_update_info, update_info),
	REWIRE_COMMAND(REWIRE_UPDATE_RECEIPT, rewire_update_get_receipt,
		       update_receipt),
};

static long update_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return rewire_dispatch(file, update_commands,
			       ARRAY_SIZE(update_commands), cmd, arg);
}

/* nobody drives it any more: back to the old version */
static int update_release(struct inode *inode, struct file *file)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_update *update = rfile->object;

	mutex_lock(&update->lock);
	if (atomic_dec_and_test(&update->files) && !update->over)
		rewire_update_abort(update, -ECANCELED,
				    "its helper went away", NULL);
	mutex_unlock(&update->lock);
	rewire_update_put(update);
	rewire_file_free(rfile);
	return 0;
}

static const struct file_operations update_fops = {
	.owner = THIS_MODULE,
	.write_iter = update_write,
	.poll = update_poll,
	.unlocked_ioctl = update_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = update_release,
};

/**
 * rewire_update_file() - one more file for an update
 * @update: which; the file takes a reference
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_update_file(struct rewire_update *update)
{
	struct rewire_file *rfile = rewire_file_create(update->sm, update);
	struct file *file;

	if (!rfile)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[rewire-update]", &update_fops, rfile,
				  O_WRONLY);
	if (IS_ERR(file)) {
		rewire_file_free(rfile);
		return file;
	}
	stream_open(file_inode(file), file);
	rewire_update_get(update);
	atomic_inc(&update->files);
	return file;
}
