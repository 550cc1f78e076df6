/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_DECIDE_H
#define REWIRED_DECIDE_H

#include <stdbool.h>

#include <rewire_update.h>

/*
 * What to do about a migration or an update that nobody works on: tables of what
 * the SM says and what is on the disk here. No I/O.
 */

/* What the SM has of the workload. */
enum image {
	IMAGE_NONE,	/* nothing */
	IMAGE_IDLE,	/* an enclave that stands still and has no process */
	IMAGE_RUNS,	/* an enclave with a process, or that lives otherwise */
	IMAGE_AWAY,	/* it went to another SM */
	IMAGES
};

/* What the store has: a checkpoint of another migration is none. */
enum kept {
	KEPT_NONE,
	KEPT_MINE,
	KEPTS
};

enum action {
	ACTION_WAIT,	/* nothing: the SM or another thread is at it */
	ACTION_ABORT,	/* tell the SM to give up */
	ACTION_ASK,	/* source: only the target knows how far it got */
	ACTION_START,	/* source: say START until it is decided */
	ACTION_RECEIPT,	/* source: it is the target's; say RECEIPT */
	ACTION_KEEP,	/* target: write the checkpoint that READY promises */
	ACTION_RELOAD,	/* target: write the checkpoint into the session */
	ACTION_RESTORE,	/* make the checkpoint an enclave, let it run */
	ACTION_ENTER,	/* give the enclave its process */
	ACTION_DROP,	/* the checkpoint is of no more use; that was all */
	ACTION_LOST,	/* there is no state any more: say so; that was all */
};

/**
 * decide_source - what comes next at the source
 * @state: REWIRE_SESSION_*
 * @image: of the workload
 * @kept: of this migration
 *
 * What is said of ABORTED concerns the workload; the peer is told beside.
 */
enum action decide_source(__u32 state, enum image image, enum kept kept);

/**
 * decide_target - what comes next at the target
 * @state: REWIRE_SESSION_*
 * @image: of the workload
 * @kept: of this migration
 * @is_volatile: no checkpoint is wanted
 */
enum action decide_target(__u32 state, enum image image, enum kept kept,
			  bool is_volatile);

/**
 * decide_ready - may the target's READY be handed out?
 * @image: of the workload, which is PREPARED
 * @kept: of this migration
 * @is_volatile: no checkpoint is wanted
 *
 * READY promises that the state outlives this host's next crash, unless nobody
 * asked for that.
 */
bool decide_ready(enum image image, enum kept kept, bool is_volatile);

/* What a target answered to a source that is FROZEN and has no image. */
enum reply {
	REPLY_READY,	/* it has the state */
	REPLY_ABORTED,	/* it gave up */
	REPLY_EARLY,	/* it is not that far, or says something else */
	REPLY_UNKNOWN,	/* it has never heard of the migration */
	REPLIES
};

/**
 * decide_reply - what to do about it
 * @reply: the answer
 * @kept: of this migration, here
 *
 * Return: ACTION_START: hand the message to the SM; ACTION_ABORT; or ACTION_WAIT.
 */
enum action decide_reply(enum reply reply, enum kept kept);

/* What to do about an update whose helper or host went down. */
enum recovery {
	RECOVERY_ABORT,		/* tell the SM to give up, and look again */
	RECOVERY_DROP,		/* a version runs on: the checkpoints are stale */
	RECOVERY_ENTER,		/* give the instance its process */
	RECOVERY_OLD,		/* make the old version's checkpoint the instance */
	RECOVERY_NEW,		/* make the new version's checkpoint the instance */
	RECOVERY_LOST,		/* there is no state any more: say so */
};

/* For decide_update(): an SM that came up again and has no record of it. */
#define UPDATE_UNKNOWN	REWIRE_UPDATE_STATES

/**
 * decide_update - what comes next for an update that nobody works on
 * @state: REWIRE_UPDATE_*, or UPDATE_UNKNOWN: it never came to its trial
 * @image: of the workload
 * @old_kept: the old version's checkpoint is on the disk, whole
 * @new_kept: the new version's
 */
enum recovery decide_update(__u32 state, enum image image, bool old_kept,
			    bool new_kept);

/* What came of bringing back a checkpoint. */
enum verdict {
	VERDICT_DONE,	/* the workload is here, or somebody else's business */
	VERDICT_STALE,	/* it ran on after the checkpoint: that state is gone */
	VERDICT_BROKEN,	/* no SM will ever take this file */
	VERDICT_LATER,	/* not now */
};

/* @error: 0 or a negative errno of the SM. */
enum verdict decide_restored(int error);

/* True for an SM that waits for its witness, or whose journal is not the last. */
bool decide_is_unfresh(int error);

#endif /* REWIRED_DECIDE_H */
