// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checkpoints: an enclave at rest in a file, under this SM's own key.
 *
 * One kind of file serves both ways. From REWIRE_EXTRACT it is read, and so from
 * REWIRE_SESSION_CHECKPOINT, in rounds when the migration is still copying. From
 * REWIRE_RESEAL it is written until the END record was verified; then it can be
 * read, which seals the same state anew, and committed, which makes it live.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "checkpoint.h"
#include "chardev.h"
#include "dirty.h"
#include "handover.h"
#include "migrate.h"
#include "stream.h"
#include "update.h"
#include "usercopy.h"
#include "weaken.h"

/**
 * struct rewire_checkpoint - the object of a stream file
 * @lock: serialises all use of the file
 * @sm: whose
 * @reader: takes the checkpoint in; NULL for EXTRACT and after COMMIT
 * @writer: gives one out; NULL as long as nothing was read
 * @pinned: the enclave of EXTRACT, which counts us among its readers
 * @handover: the update that wants to know when it was read to its end, or NULL
 */
struct rewire_checkpoint {
	struct mutex lock;	/* outside of enclave->lock */
	struct rewire_sm *sm;
	struct rewire_reader *reader;
	struct rewire_writer *writer;
	struct rewire_enclave *pinned;
	struct rewire_handover *handover;
};

static void checkpoint_free(struct rewire_checkpoint *checkpoint)
{
	struct rewire_enclave *pinned = checkpoint->pinned;

	rewire_writer_free(checkpoint->writer);
	rewire_reader_free(checkpoint->reader);
	if (pinned) {
		mutex_lock(&pinned->lock);
		pinned->readers--;
		mutex_unlock(&pinned->lock);
		rewire_enclave_put(pinned);
	}
	if (checkpoint->handover)
		rewire_handover_put(checkpoint->handover);
	mutex_destroy(&checkpoint->lock);
	kfree(checkpoint);
}

static struct rewire_writer *
checkpoint_writer(struct rewire_checkpoint *checkpoint,
		  struct rewire_enclave *enclave)
{
	const struct rewire_stream_key key = { .roots = &checkpoint->sm->roots };

	return rewire_writer_create(enclave, REWIRE_STREAM_SEALED, NULL, &key,
				    NULL);
}

static bool checkpoint_complete(const struct rewire_checkpoint *checkpoint)
{
	return checkpoint->reader && !checkpoint->reader->flow.error &&
	       checkpoint->reader->flow.part == REWIRE_PART_OVER;
}

/* what was written is to be read: begin */
static int checkpoint_turn(struct rewire_checkpoint *checkpoint,
			   struct rewire_why *why)
{
	struct rewire_enclave *enclave;
	struct rewire_writer *writer;

	if (!checkpoint_complete(checkpoint))
		return rewire_because(why, -EBADFD,
				      "the checkpoint is not complete yet");
	enclave = checkpoint->reader->enclave;
	mutex_lock(&enclave->lock);
	writer = checkpoint_writer(checkpoint, enclave);
	mutex_unlock(&enclave->lock);
	if (IS_ERR(writer))
		return PTR_ERR(writer);
	checkpoint->writer = writer;
	return 0;
}

static ssize_t checkpoint_give(struct file *file, struct rewire_sink *sink)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_checkpoint *checkpoint = rfile->object;
	struct rewire_why why = {};
	ssize_t ret = 0;

	if (mutex_lock_interruptible(&checkpoint->lock))
		return -ERESTARTSYS;
	if (!checkpoint->writer)
		ret = checkpoint_turn(checkpoint, &why);
	else if (checkpoint->writer->round && !checkpoint->writer->rounds)
		ret = rewire_because(&why, -EBADFD, "no round has begun");
	if (!ret)
		ret = rewire_writer_give(checkpoint->writer, sink);
	mutex_unlock(&checkpoint->lock);
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t checkpoint_read(struct kiocb *iocb, struct iov_iter *to)
{
	return rewire_read(iocb, to, checkpoint_give);
}

static ssize_t checkpoint_splice(struct file *file, loff_t *pos,
				 struct pipe_inode_info *pipe, size_t length,
				 unsigned int flags)
{
	return rewire_splice(file, pipe, length, checkpoint_give);
}

static ssize_t checkpoint_take(struct file *file, struct iov_iter *from)
{
	struct rewire_file *rfile = file->private_data;
	struct rewire_checkpoint *checkpoint = rfile->object;
	struct rewire_why why = {};
	ssize_t ret;

	if (mutex_lock_interruptible(&checkpoint->lock))
		return -ERESTARTSYS;
	if (checkpoint->reader && !checkpoint->writer)
		ret = rewire_reader_write(checkpoint->reader, from, &why);
	else
		ret = rewire_because(&why, -EBADFD,
				     "this stream is only read");
	mutex_unlock(&checkpoint->lock);
	return rewire_file_result(rfile, ret, &why);
}

static ssize_t checkpoint_write(struct kiocb *iocb, struct iov_iter *from)
{
	return rewire_write(iocb, from, checkpoint_take);
}

/* with the enclave's lock: from here it is the workload's instance */
static int checkpoint_enliven(struct rewire_enclave *enclave,
			      const struct rewire_stream_header *header,
			      struct rewire_why *why)
{
	u64 epoch;
	int ret;

	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_RECEIVED, why);
	if (ret < 0)
		return ret;
	ret = rewire_update_made(enclave->sm, header) ?
		      rewire_update_ended_well(enclave->sm, header, why) :
		      rewire_session_ended_well(enclave->sm, header, why);
	if (!ret)
		ret = rewire_workload_allows(enclave->sm, enclave->workload,
					     &enclave->manifest, why);
	if (ret)
		return ret;
	ret = rewire_workload_claim(enclave->sm, enclave->workload,
				    enclave->epoch, true, &epoch, why);
	if (ret)
		return ret;
	enclave->epoch = epoch;
	/* pairs with the acquire in rewire_sm_find_workload() */
	smp_store_release(&enclave->claimed, true);
	return rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_RECEIVED, why) ?:
	       rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_START, why);
}

static int checkpoint_commit_locked(struct rewire_checkpoint *checkpoint,
				    struct rewire_context *context,
				    struct rewire_stream_commit *arg)
{
	struct rewire_enclave *enclave;
	struct file *file;
	int ret;

	if (!checkpoint->reader)
		return rewire_because(&context->why, -EBADFD,
				      "this stream has nothing to commit");
	if (!checkpoint_complete(checkpoint))
		return rewire_because(&context->why, -EBADMSG,
				      "the checkpoint is not complete");
	enclave = checkpoint->reader->enclave;
	file = rewire_enclave_file(enclave);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mutex_lock(&enclave->lock);
	ret = checkpoint_enliven(enclave, &checkpoint->reader->flow.header,
				 &context->why);
	arg->id = enclave->id;
	arg->epoch = enclave->epoch;
	mutex_unlock(&enclave->lock);
	if (ret) {
		fput(file);
		return ret;
	}
	rewire_writer_free(checkpoint->writer);
	checkpoint->writer = NULL;
	rewire_reader_free(checkpoint->reader);
	checkpoint->reader = NULL;
	context->out = file;
	context->fd = &arg->fd;
	return 0;
}

static int checkpoint_commit(struct rewire_context *context, void *data)
{
	struct rewire_checkpoint *checkpoint = context->rfile->object;
	struct rewire_stream_commit *arg = data;
	int ret;

	if (arg->flags || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "flags or reserved member");
	mutex_lock(&checkpoint->lock);
	ret = checkpoint_commit_locked(checkpoint, context, arg);
	mutex_unlock(&checkpoint->lock);
	return ret;
}

/*
 * What is sealed last is what the migration goes on with, and no instance once
 * that runs: both hold only as long as the migration has the enclave.
 */
static int checkpoint_last(struct rewire_writer *writer, struct rewire_why *why)
{
	struct rewire_enclave *enclave = writer->enclave;
	int ret = 0;

	mutex_lock(&enclave->lock);
	if ((!enclave->session ||
	     memcmp(enclave->session->request.id,
		    writer->flow.header.request_id, REWIRE_ID_SIZE)) &&
	    !rewire_weakened(sealed_last))
		ret = rewire_because(why, -ECANCELED,
				     "its migration is over, or not this one");
	else
		enclave->checkpointed = true;
	mutex_unlock(&enclave->lock);
	return ret;
}

static int checkpoint_round_locked(struct rewire_checkpoint *checkpoint,
				   struct rewire_session_round *arg,
				   struct rewire_why *why)
{
	struct rewire_writer *writer = checkpoint->writer;
	bool last;
	int ret;

	if (!writer || !writer->round)
		return rewire_because(why, -EBADFD,
				      "this stream is not read in rounds");
	/* asked before the set is taken: nothing is added to it from then on */
	last = rewire_dirty_settled(writer->enclave);
	if (arg->flags & REWIRE_ROUND_LOOK) {
		arg->pages = rewire_dirty_count(writer->enclave, writer->set);
		ret = 0;
	} else {
		ret = last ? checkpoint_last(writer, why) : 0;
		if (!ret)
			ret = rewire_writer_round(writer, !last, &arg->pages);
		if (ret == -EBUSY)
			rewire_because(why, ret,
				       "the last round was not read to its end");
	}
	if (last)
		arg->flags |= REWIRE_ROUND_LAST;
	return ret;
}

static int checkpoint_round(struct rewire_context *context, void *data)
{
	struct rewire_checkpoint *checkpoint = context->rfile->object;
	struct rewire_session_round *arg = data;
	int ret;

	if (arg->flags & ~REWIRE_ROUND_LOOK || arg->delay_us || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "flags, delay or reserved member");
	if (mutex_lock_interruptible(&checkpoint->lock))
		return -EINTR;
	ret = checkpoint_round_locked(checkpoint, arg, &context->why);
	mutex_unlock(&checkpoint->lock);
	return ret;
}

static const struct rewire_command checkpoint_commands[] = {
	REWIRE_COMMAND(REWIRE_STREAM_ROUND, rewire_session_round,
		       checkpoint_round),
	REWIRE_COMMAND(REWIRE_STREAM_COMMIT, rewire_stream_commit,
		       checkpoint_commit),
};

static long checkpoint_ioctl(struct file *file, unsigned int cmd,
			     unsigned long arg)
{
	return rewire_dispatch(file, checkpoint_commands,
			       ARRAY_SIZE(checkpoint_commands), cmd, arg);
}

static int checkpoint_release(struct inode *inode, struct file *file)
{
	struct rewire_file *rfile = file->private_data;

	checkpoint_free(rfile->object);
	rewire_file_free(rfile);
	return 0;
}

static const struct file_operations checkpoint_fops = {
	.owner = THIS_MODULE,
	.read_iter = checkpoint_read,
	.splice_read = checkpoint_splice,
	.write_iter = checkpoint_write,
	.unlocked_ioctl = checkpoint_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = checkpoint_release,
};

static struct rewire_checkpoint *checkpoint_alloc(struct rewire_sm *sm)
{
	struct rewire_checkpoint *checkpoint =
		kzalloc(sizeof(*checkpoint), GFP_KERNEL_ACCOUNT);

	if (!checkpoint)
		return NULL;
	mutex_init(&checkpoint->lock);
	checkpoint->sm = sm;
	return checkpoint;
}

/* the file takes over the checkpoint, also when it fails */
static struct file *checkpoint_file(struct rewire_checkpoint *checkpoint)
{
	struct rewire_file *rfile = rewire_file_create(checkpoint->sm,
						       checkpoint);
	struct file *file;

	if (!rfile) {
		checkpoint_free(checkpoint);
		return ERR_PTR(-ENOMEM);
	}
	file = anon_inode_getfile("[rewire-stream]", &checkpoint_fops, rfile,
				  O_RDWR);
	if (IS_ERR(file)) {
		rewire_file_free(rfile);
		checkpoint_free(checkpoint);
		return file;
	}
	stream_open(file_inode(file), file);
	return file;
}

/**
 * rewire_checkpoint_extract() - REWIRE_EXTRACT
 * @enclave: not locked
 * @why: for the sentence
 *
 * Return: the file, or an ERR_PTR(): -EBADFD; -EBUSY in a migration; -ENOMEM.
 */
struct file *rewire_checkpoint_extract(struct rewire_enclave *enclave,
				       struct rewire_why *why)
{
	struct rewire_checkpoint *checkpoint = checkpoint_alloc(enclave->sm);
	struct rewire_writer *writer;
	int ret;

	if (!checkpoint)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_EXTRACT, why);
	if (ret >= 0 && (enclave->session || enclave->handover))
		ret = rewire_because(why, -EBUSY,
				     "a migration or an update has it");
	if (ret >= 0) {
		writer = checkpoint_writer(checkpoint, enclave);
		ret = PTR_ERR_OR_ZERO(writer);
	}
	if (!ret) {
		checkpoint->writer = writer;
		checkpoint->pinned = enclave;
		rewire_enclave_get(enclave);
		enclave->readers++;
		enclave->checkpointed = true;
		enclave->ticket_armed = false;
	}
	mutex_unlock(&enclave->lock);
	if (ret) {
		checkpoint_free(checkpoint);
		return ERR_PTR(ret);
	}
	return checkpoint_file(checkpoint);
}

/* for an update: its version's state has left as a whole */
static int checkpoint_ended(void *data, const struct rewire_end *totals,
			    struct rewire_why *why)
{
	struct rewire_checkpoint *checkpoint = data;
	u32 side = checkpoint->writer->enclave->trial;

	WRITE_ONCE(checkpoint->handover->sealed[side], true);
	return 0;
}

/* with the enclave's lock: sealed in rounds, or because it stands still */
static int checkpoint_seal(struct rewire_checkpoint *checkpoint,
			   struct rewire_enclave *enclave,
			   const u8 *request_id, bool live)
{
	const struct rewire_stream_key key = { .roots = &enclave->sm->roots };
	struct rewire_writer *writer;

	writer = rewire_writer_create(enclave, REWIRE_STREAM_SEALED, request_id,
				      &key, NULL);
	if (IS_ERR(writer))
		return PTR_ERR(writer);
	checkpoint->writer = writer;
	if (live)
		return rewire_writer_track(writer, REWIRE_DIRTY_UNSEALED);
	enclave->checkpointed = true;
	return 0;
}

static struct file *checkpoint_within(struct rewire_enclave *enclave,
				      const u8 *request_id, bool live,
				      struct rewire_handover *handover,
				      struct rewire_why *why)
{
	struct rewire_checkpoint *checkpoint = checkpoint_alloc(enclave->sm);
	int ret;

	if (!checkpoint)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&enclave->lock);
	if (enclave->state == REWIRE_ENCLAVE_DESTROYED)
		ret = rewire_because(why, -ECANCELED, "the enclave is gone");
	else if (!live && enclave->state != REWIRE_ENCLAVE_FROZEN &&
		 enclave->state != REWIRE_ENCLAVE_PREPARED)
		ret = rewire_because(why, -EBADFD,
				     "not for an enclave that is %s",
				     rewire_enclave_state_name(enclave->state));
	else
		ret = checkpoint_seal(checkpoint, enclave, request_id, live);
	if (ret == -EBUSY)
		rewire_because(why, ret, "another file has a checkpoint of it");
	if (!ret && handover) {
		checkpoint->handover = rewire_handover_get(handover);
		checkpoint->writer->ended = checkpoint_ended;
		checkpoint->writer->data = checkpoint;
	}
	mutex_unlock(&enclave->lock);
	if (ret) {
		checkpoint_free(checkpoint);
		return ERR_PTR(ret);
	}
	return checkpoint_file(checkpoint);
}

/**
 * rewire_checkpoint_session() - REWIRE_SESSION_CHECKPOINT
 * @session: locked; copies @enclave
 * @enclave: its own, or the one that comes in
 * @live: it changes still
 * @why: for the sentence
 *
 * The checkpoint is worth nothing without the end of its migration.
 *
 * Return: the file, or an ERR_PTR(): -EBADFD; -EBUSY; -ECANCELED; -ENOMEM.
 */
struct file *rewire_checkpoint_session(struct rewire_session *session,
				       struct rewire_enclave *enclave,
				       bool live, struct rewire_why *why)
{
	lockdep_assert_held(&session->lock);
	return checkpoint_within(enclave, session->request.id, live, NULL, why);
}

/**
 * rewire_checkpoint_update() - REWIRE_UPDATE_CHECKPOINT
 * @enclave: FROZEN, and held so by its update
 * @handover: of that
 * @id: the same, without whose end the checkpoint is worth nothing
 * @why: for the sentence
 *
 * Return: the file, or an ERR_PTR(): -EBADFD; -ECANCELED; -ENOMEM.
 */
struct file *rewire_checkpoint_update(struct rewire_enclave *enclave,
				      struct rewire_handover *handover,
				      const u8 *id, struct rewire_why *why)
{
	return checkpoint_within(enclave, id, false, handover, why);
}

/**
 * rewire_checkpoint_reseal() - REWIRE_RESEAL
 * @sm: provisioned
 * @why: for the sentence
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_checkpoint_reseal(struct rewire_sm *sm,
				      struct rewire_why *why)
{
	const struct rewire_stream_header expect = {
		.kind = REWIRE_STREAM_SEALED,
	};
	const struct rewire_stream_key key = { .roots = &sm->roots };
	struct rewire_checkpoint *checkpoint = checkpoint_alloc(sm);
	struct rewire_reader *reader;

	if (!checkpoint)
		return ERR_PTR(-ENOMEM);
	reader = rewire_reader_create(sm, &expect, &key);
	if (IS_ERR(reader)) {
		checkpoint_free(checkpoint);
		return ERR_CAST(reader);
	}
	checkpoint->reader = reader;
	return checkpoint_file(checkpoint);
}
