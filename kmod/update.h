/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Software update: from the signed package to the switch, or back to the old
 * version. update.c has an update's life, update_step.c the arcs between, and
 * update_file.c its file; update_durable.c what outlives the machine.
 */
#ifndef REWIRE_UPDATE_H
#define REWIRE_UPDATE_H

#include <linux/kref.h>
#include <linux/workqueue.h>

#include "chardev.h"
#include "load.h"
#include "package.h"

#define REWIRE_MAX_UPDATES	256	/* of one SM, that are not over */

struct rewire_handover;
struct rewire_stream_header;

/**
 * struct rewire_update - one update of one workload
 * @ref: the SM's registry, each file, each piece of work
 * @list: in sm->updates
 * @sm: its SM
 * @lock: protects all below; the outermost, as session->lock
 * @state: REWIRE_UPDATE_*
 * @over: it reached its last state
 * @recorded: the journal knows of it
 * @known: as it would stand in the journal; once that knows of it, it changes
 *	under the journal's lock
 * @order: what was signed
 * @loader: takes the payload in; NULL after LOADING
 * @payload: bytes of it that were taken
 * @old: the instance; a reference, NULL when it is over
 * @new: the new version; a reference, NULL before LOADED and when it is over
 * @handover: between the two
 * @state_bytes: handed over, once it is over
 * @healthy: health checks that passed
 * @owner: user who began it
 * @held: when calls began to wait, in ns of the monotonic clock; 0: they do not
 * @pause: how long they did, in ns
 * @deadline: in jiffies: for the payload, then for the handover, then the trial's
 * @expiry: gives up at the deadline
 * @lost: gives up because a version died
 * @changed: woken up at every change of state
 * @changes: how many there were
 * @seen: how many REWIRE_UPDATE_INFO told
 * @files: open files, and who creates it until that has one
 */
struct rewire_update {
	struct kref ref;
	struct list_head list;
	struct rewire_sm *sm;
	struct mutex lock;	/* see above */
	u32 state;
	bool over;
	bool recorded;
	struct rewire_journal_update known;
	struct rewire_order order;
	struct rewire_loader *loader;
	u64 payload;
	struct rewire_enclave *old;
	struct rewire_enclave *new;
	struct rewire_handover *handover;
	u64 state_bytes;
	u32 healthy;
	kuid_t owner;
	u64 held;
	u64 pause;
	unsigned long deadline;
	struct delayed_work expiry;
	struct work_struct lost;
	wait_queue_head_t changed;
	u32 changes;
	u32 seen;
	atomic_t files;
};

/* commands of /dev/rewire */
int rewire_update_begin(struct rewire_context *context,
			struct rewire_update_begin *arg);
int rewire_update_open(struct rewire_context *context,
		       struct rewire_open_update *arg);
void rewire_updates_free(struct rewire_sm *sm);

/* update.c; the update is locked */
struct rewire_update *rewire_update_alloc(struct rewire_sm *sm);
void rewire_update_get(struct rewire_update *update);
void rewire_update_put(struct rewire_update *update);
struct rewire_update *rewire_update_known(struct rewire_sm *sm, const u8 *id);
int rewire_update_may(struct rewire_update *update,
		      enum rewire_update_event event, struct rewire_why *why);
int rewire_update_step(struct rewire_update *update,
		       enum rewire_update_event event, struct rewire_why *why);
extern unsigned int rewire_update_loading_ms;
void rewire_update_watch(struct rewire_update *update, u32 timeout_ms);
void rewire_update_hold(struct rewire_update *update, bool held);
void rewire_update_continue_old(struct rewire_update *update);
int rewire_update_abort(struct rewire_update *update, int error,
			const char *reason, struct rewire_why *why);
void rewire_update_over(struct rewire_update *update);
void rewire_updates_trim(struct rewire_sm *sm);

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_update_unused(struct rewire_update *update, struct rewire_why *why);
#endif

/* update_step.c; the update is locked */
ssize_t rewire_update_write(struct rewire_update *update,
			    struct iov_iter *from, struct rewire_why *why);
int rewire_update_handover(struct rewire_update *update, u32 timeout_ms,
			   struct rewire_why *why);
struct file *rewire_update_checkpoint(struct rewire_update *update, u32 version,
				      struct rewire_why *why);
int rewire_update_begin_trial(struct rewire_update *update,
			      struct rewire_why *why);
int rewire_update_health(struct rewire_update *update, u32 timeout_ms,
			 struct rewire_why *why);
struct file *rewire_update_switch(struct rewire_update *update, u64 *epoch,
				  struct rewire_why *why);

/* update_file.c */
struct file *rewire_update_file(struct rewire_update *update);

/* update_durable.c */
void rewire_update_blame(struct rewire_update *update, int error,
			 const char *reason);
int rewire_update_record(struct rewire_update *update, u32 state,
			 struct rewire_why *why);
void rewire_update_note(struct rewire_update *update, u32 state);
int rewire_update_replay(struct rewire_sm *sm,
			 const struct rewire_journal_record *record,
			 const struct rewire_journal_update *known,
			 struct rewire_why *why);
u64 rewire_update_records(struct rewire_sm *sm);
int rewire_update_snapshot(struct rewire_sm *sm, struct rewire_why *why);
static inline bool rewire_update_tried(const struct rewire_update *update)
{
	return update->known.flags & REWIRE_JOURNAL_TRIED;
}

int rewire_updates_recover(struct rewire_sm *sm, struct rewire_why *why);
bool rewire_update_made(struct rewire_sm *sm,
			const struct rewire_stream_header *header);
int rewire_update_ended_well(struct rewire_sm *sm,
			     const struct rewire_stream_header *header,
			     struct rewire_why *why);
ssize_t rewire_update_receipt(struct rewire_update *update,
			      struct rewire_update_receipt **receipt,
			      struct rewire_why *why);

#endif
