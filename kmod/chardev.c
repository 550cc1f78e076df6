// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl(), once for all files: look up, copy in, check the size, run, copy out,
 * hand over a new descriptor as the last thing, when nothing can fail any more.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "chardev.h"

/* the largest struct of any command, with room to grow */
#define CHARDEV_MAX_ARG		256

/**
 * rewire_file_create() - private data of a new file
 * @sm: whose
 * @object: what it is about
 *
 * Return: the data, with a reference to the namespace, or NULL.
 */
struct rewire_file *rewire_file_create(struct rewire_sm *sm, void *object)
{
	struct rewire_file *rfile = kzalloc(sizeof(*rfile), GFP_KERNEL_ACCOUNT);

	if (!rfile)
		return NULL;
	mutex_init(&rfile->lock);
	rfile->sm = sm;
	rfile->object = object;
	get_net(sm->net);
	return rfile;
}

void rewire_file_free(struct rewire_file *rfile)
{
	struct net *net = rfile->sm->net;

	mutex_destroy(&rfile->lock);
	kfree(rfile);
	put_net(net);
}

/* remember why; Return: @result, for a return statement */
long rewire_file_result(struct rewire_file *rfile, long result,
			const struct rewire_why *why)
{
	mutex_lock(&rfile->lock);
	rfile->error = result < 0 ? -result : 0;
	if (result < 0)
		rfile->why = *why;
	else
		rfile->why.text[0] = 0;
	mutex_unlock(&rfile->lock);
	return result;
}

static void chardev_get_why(struct rewire_file *rfile,
			    struct rewire_get_why *arg)
{
	BUILD_BUG_ON(sizeof(arg->text) != sizeof(rfile->why.text));
	mutex_lock(&rfile->lock);
	arg->error = rfile->error;
	memcpy(arg->text, rfile->why.text, sizeof(arg->text));
	mutex_unlock(&rfile->lock);
}

/* Return: how much of the struct the caller knows, or a negative errno. */
static int chardev_copy_in(void *kernel, u32 least, u32 size,
			   const void __user *user)
{
	u32 given;
	int ret;

	if (get_user(given, (const u32 __user *)user))
		return -EFAULT;
	if (given < least)
		return -EINVAL;
	/* a page is more than any struct will ever be */
	if (given > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(kernel, size, user, given);
	return ret ?: min(given, size);
}

/* give the caller the new file, if there is one, and the struct */
static int chardev_copy_out(struct rewire_context *context, void __user *user,
			    const void *kernel, u32 size)
{
	int fd = -1;

	if (context->out) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			fput(context->out);
			return fd;
		}
		*context->fd = fd;
	}
	if (copy_to_user(user, kernel, size)) {
		if (context->out) {
			put_unused_fd(fd);
			fput(context->out);
		}
		return -EFAULT;
	}
	if (context->out)
		fd_install(fd, context->out);
	return 0;
}

static void chardev_audit(const struct rewire_context *context, int error)
{
	struct rewire_event event = { .type = REWIRE_EVENT_TYPE_REFUSED };

	strscpy(event.reason, context->why.text, sizeof(event.reason));
	rewire_event_post(&context->rfile->sm->events, &event);
	rewire_sm_audit(context->rfile->sm, REWIRE_EVENT_TYPE_REFUSED, -error,
			NULL, context->why.text);
}

static long chardev_run(struct rewire_file *rfile,
			const struct rewire_command *row, void __user *user)
{
	struct rewire_context context = { .rfile = rfile };
	u8 arg[CHARDEV_MAX_ARG] __aligned(8) = {};
	int ret, known, copied;

	if (WARN_ON_ONCE(row->size > sizeof(arg)))
		return -EINVAL;
	known = chardev_copy_in(arg, row->least, row->size, user);
	if (known < 0)
		return rewire_file_result(rfile, known, &context.why);
	ret = row->run(&context, arg);
	if (ret && row->audited)
		chardev_audit(&context, ret);
	copied = chardev_copy_out(&context, user, arg, known);
	memzero_explicit(arg, sizeof(arg));
	return rewire_file_result(rfile, ret ?: copied, &context.why);
}

/**
 * rewire_dispatch() - ioctl() by table
 * @file: of the SM
 * @table: its kind's commands
 * @rows: entries of @table
 * @cmd: as userspace gave it; its number counts, the size is in the struct
 * @arg: user address of the struct
 *
 * Return: 0 or a negative errno.
 */
long rewire_dispatch(struct file *file, const struct rewire_command *table,
		     size_t rows, unsigned int cmd, unsigned long arg)
{
	struct rewire_file *rfile = file->private_data;
	void __user *user = (void __user *)arg;
	struct rewire_get_why why = {};
	size_t i;
	int ret;

	if (_IOC_TYPE(cmd) != REWIRE_IOCTL_TYPE)
		return -ENOTTY;
	if (_IOC_NR(cmd) == _IOC_NR(REWIRE_GET_WHY)) {
		ret = chardev_copy_in(&why, sizeof(why), sizeof(why), user);
		if (ret < 0)
			return ret;
		chardev_get_why(rfile, &why);
		return copy_to_user(user, &why, sizeof(why)) ? -EFAULT : 0;
	}
	for (i = 0; i < rows; i++)
		if (_IOC_NR(cmd) == _IOC_NR(table[i].cmd))
			return chardev_run(rfile, &table[i], user);
	return -ENOTTY;
}
