// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a migration session.
 */
#include <linux/anon_inodes.h>
#include <linux/jiffies.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "migrate.h"
#include "usercopy.h"

/* is there a stream to be read: of one that stands still, or in rounds? */
static bool session_streams(const struct rewire_session *session)
{
	if (!session->writer)
		return false;
	return session->state == REWIRE_SESSION_FROZEN ||
	       (session->state == REWIRE_SESSION_AGREED &&
		session->writer->rounds);
}

/* does the stream have to wait for its other lanes? */
static bool session_waits(const struct rewire_session *session)
{
	const struct rewire_flow *flow = session->writer ?
		&session->writer->flow :
		session->reader ? &session->reader->flow : NULL;

	return flow && flow->part == REWIRE_PART_DUE && !flow->error &&
	       rewire_lanes_open(&session->lanes);
}

static bool session_reads(const struct rewire_session *session)
{
	return session_streams(session) && !session_waits(session) &&
	       session->writer->flow.part != REWIRE_PART_REST &&
	       session->writer->flow.part != REWIRE_PART_OVER;
}

/*
 * The end of a read or write: unlock, and when nothing moved because other lanes have
 * to move first, wait for them.
 *
 * Return: whether the same is to be done again.
 */
static bool session_again(struct rewire_session *session, struct file *file,
			  size_t left, ssize_t *ret, struct rewire_why *why)
{
	struct rewire_enclave *enclave = NULL;

	if (!*ret && left && session_waits(session)) {
		enclave = session->writer ? session->writer->enclave :
					    session->reader->enclave;
		rewire_enclave_get(enclave);
	}
	mutex_unlock(&session->lock);
	if (!enclave)
		return false;
	*ret = rewire_lanes_await(session, enclave,
				  !(file->f_flags & O_NONBLOCK));
	if (*ret == -EAGAIN)
		rewire_because(why, *ret,
			       "another lane has not come to its end");
	return !*ret;
}

static ssize_t session_give(struct file *file, struct rewire_sink *sink)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_session *session = rfile->object;
	struct rewire_why why = {};
	ssize_t ret = 0;

again:
	if (mutex_lock_interruptible(&session->lock))
		return -ERESTARTSYS;
	if (session->side == REWIRE_SIDE_TARGET)
		ret = rewire_because(&why, -EBADFD,
				     "a target's stream is written");
	else if (!session_streams(session))
		ret = rewire_because(&why, -EBADFD,
				     "not for a migration that is %s",
				     rewire_session_state_name(session->state));
	if (!ret)
		ret = rewire_writer_give(session->writer, sink);
	if (ret < 0 && session->writer && !why.text[0])
		why = session->writer->why;
	if (session_again(session, file, sink->left, &ret, &why))
		goto again;
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t session_read(struct kiocb *iocb, struct iov_iter *to)
{
	return rewire_read(iocb, to, session_give);
}

static ssize_t session_splice(struct file *file, loff_t *pos,
			      struct pipe_inode_info *pipe, size_t length,
			      unsigned int flags)
{
	return rewire_splice(file, pipe, length, session_give);
}

static ssize_t session_take(struct file *file, struct iov_iter *from)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_session *session = rfile->object;
	struct rewire_why why = {};
	ssize_t ret;

again:
	if (mutex_lock_interruptible(&session->lock))
		return -ERESTARTSYS;
	if (session->side == REWIRE_SIDE_TARGET)
		ret = rewire_target_write(session, from, &why);
	else
		ret = rewire_because(&why, -EBADFD,
				     "a source's stream is read");
	if (session_again(session, file, iov_iter_count(from), &ret, &why))
		goto again;
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t session_write(struct kiocb *iocb, struct iov_iter *from)
{
	return rewire_write(iocb, from, session_take);
}

static __poll_t session_poll(struct file *file, poll_table *wait)
{
	struct rewire_session *session =
		((struct rewire_file *)file->private_data)->object;
	__poll_t mask = 0;

	poll_wait(file, &session->changed, wait);
	mutex_lock(&session->lock);
	if (session->changes != session->seen)
		mask |= EPOLLPRI;
	if (session->side == REWIRE_SIDE_SOURCE && session_reads(session))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (session->state == REWIRE_SESSION_RECEIVING &&
	    !session_waits(session))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (session->over)
		mask |= EPOLLHUP;
	mutex_unlock(&session->lock);
	return mask;
}

/*
 * What the other side does on these cannot be undone, so this one must not be
 * able to forget that it said them.
 */
static bool session_binds(const struct rewire_session *session)
{
	switch (session->said.kind) {
	case REWIRE_MSG_START:
	case REWIRE_MSG_ACTIVE:
		return true;
	case REWIRE_MSG_ABORTED:
		return session->side == REWIRE_SIDE_TARGET;
	default:
		return false;
	}
}

static int session_may_speak(const struct rewire_session *session,
			     struct rewire_why *why)
{
	struct rewire_sm *sm = session->sm;
	int ret;

	if (!session_binds(session))
		return 0;
	mutex_lock(&sm->journal.lock);
	ret = rewire_witness_knows(&sm->freshness, session->written, why);
	mutex_unlock(&sm->journal.lock);
	return ret;
}

static int session_get(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_get *arg = data;
	u32 room = arg->length;
	void *bytes = NULL;
	int ret;

	mutex_lock(&session->lock);
	arg->length = session->said.len;
	ret = session_may_speak(session, &context->why);
	if (ret)
		arg->length = 0;
	else if (room < session->said.len)
		ret = rewire_because(&context->why, -EMSGSIZE,
				     "the message has %u bytes",
				     session->said.len);
	else
		bytes = kmemdup(session->said.bytes, session->said.len,
				GFP_KERNEL_ACCOUNT);
	mutex_unlock(&session->lock);
	if (ret)
		return ret;
	if (!bytes)
		return -ENOMEM;
	/* unlocked: nothing waits for memory that may never come */
	if (copy_to_user(u64_to_user_ptr(arg->buffer), bytes, arg->length))
		ret = -EFAULT;
	kfree(bytes);
	return ret;
}

static int session_hear(struct rewire_session *session, const u8 *bytes,
			u32 len, struct rewire_why *why)
{
	u32 kind = ((const struct rewire_message *)bytes)->kind;
	struct rewire_message message;
	int ret;

	if (rewire_session_heard(session, bytes, len))
		return 0;
	if (kind == REWIRE_MSG_ABORTED) {
		ret = rewire_session_may(session,
					 REWIRE_SESSION_EV_PEER_ABORTED, why);
		if (ret >= 0)
			ret = rewire_session_hear(session, bytes, len, kind,
						  &message, why);
		return ret ?: rewire_session_abort(session,
						   REWIRE_SESSION_EV_PEER_ABORTED,
						   "the other side aborted",
						   why);
	}
	return session->side == REWIRE_SIDE_SOURCE ?
		       rewire_source_hear(session, bytes, len, kind, why) :
		       rewire_target_hear(session, bytes, len, kind, why);
}

static int session_put(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_put *arg = data;
	u8 *bytes;
	int ret;

	if (arg->length < sizeof(struct rewire_message) ||
	    arg->length > REWIRE_MAX_MESSAGE)
		return rewire_because(&context->why, -EINVAL,
				      "a message of %u bytes", arg->length);
	bytes = memdup_user(u64_to_user_ptr(arg->buffer), arg->length);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	mutex_lock(&session->lock);
	ret = session_hear(session, bytes, arg->length, &context->why);
	mutex_unlock(&session->lock);
	kfree(bytes);
	return ret;
}

static int session_round(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_round *arg = data;
	int ret;

	if (arg->flags & ~REWIRE_ROUND_LOOK || arg->__reserved ||
	    arg->delay_us > REWIRE_MAX_DELAY_US)
		return rewire_because(&context->why, -EINVAL,
				      "flags, delay or reserved member");
	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	ret = rewire_source_round(session, arg, &context->why);
	mutex_unlock(&session->lock);
	return ret;
}

static int session_lane(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_lane *arg = data;
	struct file *file;
	int ret;

	if (arg->flags || arg->__reserved || arg->count > REWIRE_MAX_LANES ||
	    !arg->index || arg->index >= arg->count)
		return rewire_because(&context->why, -EINVAL,
				      "flags, index, count or reserved member");
	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	ret = session->side == REWIRE_SIDE_SOURCE ?
	      rewire_source_lane(session, arg->count, &context->why) :
	      rewire_target_lane(session, arg->count, &context->why);
	file = ret ? ERR_PTR(ret) : rewire_lane_file(session, arg->index);
	mutex_unlock(&session->lock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int session_freeze(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_freeze *arg = data;
	int ret;

	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	ret = rewire_source_freeze(session, arg->timeout_ms, &context->why);
	mutex_unlock(&session->lock);
	return ret;
}

static int session_abort(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_abort *arg = data;
	int ret;

	if (arg->flags)
		return rewire_because(&context->why, -EINVAL, "unknown flag");
	mutex_lock(&session->lock);
	ret = rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
				   "cancelled", &context->why);
	mutex_unlock(&session->lock);
	return ret;
}

static int session_info(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_info *arg = data;
	u64 now = get_jiffies_64();

	mutex_lock(&session->lock);
	arg->state = session->state;
	arg->side = session->side;
	arg->message = session->said.kind;
	memcpy(arg->request_id, session->request.id, REWIRE_ID_SIZE);
	memcpy(arg->workload, session->request.workload, REWIRE_ID_SIZE);
	memcpy(arg->peer, session->peer, REWIRE_ID_SIZE);
	arg->epoch = session->request.epoch;
	arg->enclave = session->enclave ? session->enclave->id : 0;
	arg->remaining_ms = now < session->deadline ?
		jiffies64_to_msecs(session->deadline - now) : 0;
	arg->stream_bytes = session->reader ? session->reader->flow.bytes :
			    session->writer ? session->writer->flow.bytes : 0;
	arg->stream_bytes += rewire_lanes_bytes(session);
	session->seen = session->changes;
	mutex_unlock(&session->lock);
	return 0;
}

static int session_fence(struct rewire_context *context, void *data)
{
	return rewire_session_fence(context, data);
}

static int session_checkpoint(struct rewire_context *context, void *data)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_session_checkpoint *arg = data;
	struct file *file;
	bool live;

	if (arg->flags || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "flags or reserved member");
	mutex_lock(&session->lock);
	file = session->side == REWIRE_SIDE_SOURCE ?
		       rewire_source_checkpoint(session, &live, &context->why) :
		       rewire_target_checkpoint(session, &live, &context->why);
	mutex_unlock(&session->lock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (live)
		arg->flags = REWIRE_CHECKPOINT_ROUNDS;
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static const struct rewire_command session_commands[] = {
	REWIRE_COMMAND(REWIRE_SESSION_GET, rewire_session_get, session_get),
	REWIRE_SIGNED_COMMAND(REWIRE_SESSION_PUT, rewire_session_put,
			      session_put),
	REWIRE_COMMAND(REWIRE_SESSION_ROUND, rewire_session_round,
		       session_round),
	REWIRE_COMMAND(REWIRE_SESSION_LANE, rewire_session_lane, session_lane),
	REWIRE_COMMAND(REWIRE_SESSION_FREEZE, rewire_session_freeze,
		       session_freeze),
	REWIRE_COMMAND(REWIRE_SESSION_ABORT, rewire_session_abort,
		       session_abort),
	REWIRE_COMMAND(REWIRE_SESSION_INFO, rewire_session_info, session_info),
	REWIRE_SIGNED_COMMAND(REWIRE_SESSION_FENCE, rewire_session_fence,
			      session_fence),
	REWIRE_COMMAND(REWIRE_SESSION_CHECKPOINT, rewire_session_checkpoint,
		       session_checkpoint),
};

static long session_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	return rewire_dispatch(file, session_commands,
			       ARRAY_SIZE(session_commands), cmd, arg);
}

/*
 * Nobody carries the messages any more. A source that has not relinquished and
 * a target that has nothing yet give up; any other waits to be opened again. So
 * does a source that came back from a crash: the target may have the only image.
 */
static bool session_hangs(const struct rewire_session *session)
{
	if (session->side == REWIRE_SIDE_TARGET)
		return session->state == REWIRE_SESSION_RECEIVING;
	return session->enclave;
}

static int session_release(struct inode *inode, struct file *file)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_session *session = rfile->object;

	mutex_lock(&session->lock);
	if (atomic_dec_and_test(&session->files)) {
		if (session_hangs(session))
			rewire_session_abort(session, REWIRE_SESSION_EV_ABORT,
					     "its helper went away", NULL);
		if (session->side == REWIRE_SIDE_TARGET)
			rewire_target_closed(session);
	}
	mutex_unlock(&session->lock);
	rewire_session_put(session);
	rewire_file_free(rfile);
	return 0;
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.read_iter = session_read,
	.splice_read = session_splice,
	.write_iter = session_write,
	.poll = session_poll,
	.unlocked_ioctl = session_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = session_release,
};

/**
 * rewire_session_file() - one more file for a session
 * @session: which; the file takes a reference
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_session_file(struct rewire_session *session)
{
	struct rewire_file *rfile = rewire_file_create(session->sm, session);
	struct file *file;

	if (!rfile)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[rewire-session]", &session_fops, rfile,
				  O_RDWR);
	if (IS_ERR(file)) {
		rewire_file_free(rfile);
		return file;
	}
	stream_open(file_inode(file), file);
	kref_get(&session->ref);
	atomic_inc(&session->files);
	return file;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_session_file);
