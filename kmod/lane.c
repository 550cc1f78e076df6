// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lanes of a migration and their files.
 *
 * A lane knows nothing of the protocol. Rounds begin in all of them at once, with the
 * session's lock; what each of them reads or writes then needs its own alone. They meet
 * again where the first lane has something to say that is no page: that has the totals
 * of all others, and waits for them.
 */
#include <linux/anon_inodes.h>
#include <linux/slab.h>

#include "compat.h"
#include "lane.h"
#include "migrate.h"
#include "usercopy.h"

static ssize_t lane_give(struct file *file, struct rewire_sink *sink)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_lane *lane = rfile->object;
	struct rewire_writer *writer;
	struct rewire_why why = {};
	bool over = false;
	ssize_t ret;

	if (mutex_lock_interruptible(&lane->lock))
		return -ERESTARTSYS;
	writer = lane->writer;
	if (writer && writer->rounds) {
		ret = rewire_writer_give(writer, sink);
		why = writer->why;
		over = writer->flow.part == REWIRE_PART_OVER;
	} else {
		ret = rewire_because(&why, -EBADFD,
				     "not for a migration that is not copying");
	}
	mutex_unlock(&lane->lock);
	/* who polls the session's own file may go on */
	if (over)
		wake_up_all(&lane->session->changed);
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t lane_read(struct kiocb *iocb, struct iov_iter *to)
{
	return rewire_read(iocb, to, lane_give);
}

static ssize_t lane_splice(struct file *file, loff_t *pos,
			   struct pipe_inode_info *pipe, size_t length,
			   unsigned int flags)
{
	return rewire_splice(file, pipe, length, lane_give);
}

static ssize_t lane_take(struct file *file, struct iov_iter *from)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_lane *lane = rfile->object;
	struct rewire_session *session = lane->session;
	struct rewire_why why = {};
	bool spoilt = false, over = false;
	ssize_t ret;

	if (mutex_lock_interruptible(&lane->lock))
		return -ERESTARTSYS;
	if (lane->reader) {
		ret = rewire_reader_write(lane->reader, from, &why);
		spoilt = lane->reader->flow.error;
		over = lane->reader->flow.part == REWIRE_PART_OVER;
	} else {
		ret = rewire_because(&why, -EBADFD,
				     "not for a migration that receives nothing");
	}
	mutex_unlock(&lane->lock);
	if (spoilt) {
		mutex_lock(&session->lock);
		rewire_target_refuse(session, &why);
		mutex_unlock(&session->lock);
	} else if (over) {
		wake_up_all(&session->changed);
	}
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t lane_write(struct kiocb *iocb, struct iov_iter *from)
{
	return rewire_write(iocb, from, lane_take);
}

static long lane_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return rewire_dispatch(file, NULL, 0, cmd, arg);
}

static int lane_release(struct inode *inode, struct file *file)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_lane *lane = rfile->object;

	rewire_session_put(lane->session);
	rewire_file_free(rfile);
	return 0;
}

static const struct file_operations lane_fops = {
	.owner = THIS_MODULE,
	.read_iter = lane_read,
	.splice_read = lane_splice,
	.write_iter = lane_write,
	.unlocked_ioctl = lane_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = lane_release,
};

/**
 * rewire_lane_file() - one more file for a lane
 * @session: locked; has made its lanes
 * @index: which, 1 to their number - 1
 *
 * Closing it means nothing: without the lane the migration comes to no end.
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_lane_file(struct rewire_session *session, u32 index)
{
	struct rewire_file *rfile = rewire_file_create(session->sm,
						       session->lane[index]);
	struct file *file;

	if (!rfile)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[rewire-lane]", &lane_fops, rfile, O_RDWR);
	if (IS_ERR(file)) {
		rewire_file_free(rfile);
		return file;
	}
	stream_open(file_inode(file), file);
	kref_get(&session->ref);
	return file;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_lane_file);

static int lane_begin(struct rewire_lane *lane, u32 index)
{
	struct rewire_session *session = lane->session;
	const struct rewire_stream_key key = { .secret = session->secret };

	if (session->side == REWIRE_SIDE_SOURCE) {
		lane->writer = rewire_writer_lane(session->writer, index, &key);
		if (!IS_ERR(lane->writer))
			return 0;
		return PTR_ERR(xchg(&lane->writer, NULL));
	}
	lane->reader = rewire_reader_lane(session->reader, index);
	if (!IS_ERR(lane->reader))
		return 0;
	return PTR_ERR(xchg(&lane->reader, NULL));
}

/**
 * rewire_lanes_make() - all of them but the first, which is there
 * @session: locked; knows how many
 *
 * Return: 0 or a negative errno; then some are left to rewire_lanes_drop().
 */
int rewire_lanes_make(struct rewire_session *session)
{
	struct rewire_lane *lane;
	int ret = 0;
	u32 i;

	for (i = 1; i < session->lanes.count && !ret; i++) {
		lane = session->lane[i];
		if (!lane) {
			lane = kzalloc(sizeof(*lane), GFP_KERNEL_ACCOUNT);
			if (!lane)
				return -ENOMEM;
			mutex_init(&lane->lock);
			lane->session = session;
			session->lane[i] = lane;
		}
		mutex_lock(&lane->lock);
		if (!lane->writer && !lane->reader)
			ret = lane_begin(lane, i);
		mutex_unlock(&lane->lock);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_lanes_make);

/* has none of them a round that was not read to its end? 0 or -EBUSY, or worse */
int rewire_lanes_rest(struct rewire_session *session)
{
	struct rewire_lane *lane;
	int ret = 0;
	u32 i;

	for (i = 1; i < session->lanes.count && !ret; i++) {
		lane = session->lane[i];
		mutex_lock(&lane->lock);
		ret = lane->writer->flow.error;
		if (!ret && !rewire_writer_rests(lane->writer))
			ret = -EBUSY;
		mutex_unlock(&lane->lock);
	}
	return ret;
}

/* the first lane has begun a round, or the pass that is no round, and so do they */
void rewire_lanes_follow(struct rewire_session *session)
{
	struct rewire_lane *lane;
	u32 i;

	for (i = 1; i < session->lanes.count; i++) {
		lane = session->lane[i];
		mutex_lock(&lane->lock);
		rewire_writer_follow(lane->writer, session->writer);
		mutex_unlock(&lane->lock);
	}
}

/* what went through by now; it changes while it is asked */
u64 rewire_lanes_bytes(const struct rewire_session *session)
{
	const struct rewire_lane *lane;
	u64 bytes = 0;
	u32 i;

	for (i = 1; i < REWIRE_MAX_LANES; i++) {
		lane = session->lane[i];
		if (lane && lane->writer)
			bytes += READ_ONCE(lane->writer->flow.bytes);
		else if (lane && lane->reader)
			bytes += READ_ONCE(lane->reader->flow.bytes);
	}
	return bytes;
}

/* Until all are at their END, or the enclave is in no state to wait for that. */
static bool lanes_settled(struct rewire_session *session,
			  struct rewire_enclave *enclave)
{
	u32 state = session->side == REWIRE_SIDE_SOURCE ?
		    REWIRE_ENCLAVE_FROZEN : REWIRE_ENCLAVE_RECEIVING;

	return !rewire_lanes_open(&session->lanes) ||
	       READ_ONCE(enclave->state) != state;
}

/**
 * rewire_lanes_await() - the first lane waits for the others
 * @session: not locked
 * @enclave: that is copied: an abort, too, changes its state; its reference is
 *	given up
 * @block: else say that it would
 *
 * Return: 0: the same again; -EAGAIN; -ERESTARTSYS.
 */
int rewire_lanes_await(struct rewire_session *session,
		       struct rewire_enclave *enclave, bool block)
{
	int ret = 0;

	if (block)
		ret = wait_event_interruptible(enclave->changed,
					       lanes_settled(session, enclave));
	else if (!lanes_settled(session, enclave))
		ret = -EAGAIN;
	rewire_enclave_put(enclave);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_lanes_await);

/* the streams end; before the first lane's, whose pages they share */
void rewire_lanes_drop(struct rewire_session *session)
{
	struct rewire_lane *lane;
	u32 i;

	for (i = 1; i < REWIRE_MAX_LANES; i++) {
		lane = session->lane[i];
		if (!lane)
			continue;
		mutex_lock(&lane->lock);
		rewire_writer_free(xchg(&lane->writer, NULL));
		rewire_reader_free(xchg(&lane->reader, NULL));
		mutex_unlock(&lane->lock);
	}
}

/* nobody has the session any more */
void rewire_lanes_free(struct rewire_session *session)
{
	struct rewire_lane *lane;
	u32 i;

	for (i = 1; i < REWIRE_MAX_LANES; i++) {
		lane = session->lane[i];
		if (!lane)
			continue;
		mutex_destroy(&lane->lock);
		kfree(lane);
	}
}
