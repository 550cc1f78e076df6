/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_UPDATES_H
#define REWIRED_UPDATES_H

#include <rewire_update.h>

#include "helper.h"
#include "ledger.h"
#include "policy.h"

/**
 * struct running - an update that a thread works on
 * @id: of it
 * @wake: eventfd, readable once it is to end
 * @next: the next one
 */
struct running {
	__u8 id[REWIRE_ID_SIZE];
	int wake;
	struct running *next;
};

/**
 * struct updates - what this host knows of updates
 * @helper: the helper
 * @ledger: all of them; has a lock of its own
 * @lock: guards @policy and @running
 * @policy: consent of the owner
 * @running: updates that threads work on
 */
struct updates {
	struct helper *helper;
	struct ledger ledger;
	pthread_mutex_t lock;
	struct policy policy;
	struct running *running;
};

/**
 * updates_open - read ledger and policy
 * @helper: the helper, whose store is open
 * @ret_updates: to be closed by updates_close()
 *
 * Return: 0 or a negative errno.
 */
int updates_open(struct helper *helper, struct updates **ret_updates,
		 struct rewire_error *err);
/* NULL is fine; no thread works on any. */
void updates_close(struct updates *updates);

/* Read the policy's file again; a bad one changes nothing. */
int updates_read_policy(struct updates *updates, struct rewire_error *err);

/* Look at the inbox soon: something changed. From any thread. */
void updates_poke(struct updates *updates);

/**
 * struct task - an update to be done
 * @order: what orders it
 * @payload: file
 * @instance: who is updated
 * @is_volatile: without checkpoints
 * @wait_ms: how long to wait while something else has the workload
 * @package: name in the inbox; empty: a command ordered it
 * @client: socket of who ordered it, or -1; hanging up cancels
 */
struct task {
	const struct rewire_update_order *order;
	int payload;
	struct rewire_enclave_info instance;
	bool is_volatile;
	unsigned int wait_ms;
	const char *package;
	int client;
};

/**
 * updates_run - do it, and keep in ledger and receipts how it went
 * @updates: the updates
 * @task: what
 * @ret_entry: what the ledger has of it then
 *
 * Blocks as long as it takes.
 *
 * Return: 0: switched; or a negative errno.
 */
int updates_run(struct updates *updates, const struct task *task,
		struct entry *ret_entry, struct rewire_error *err);

/**
 * updates_cancel - end an update that runs or waits
 * @updates: the updates
 * @id: of it
 * @ret_entry: what the ledger has of it
 *
 * One that runs ends a little later; one in the inbox is rejected.
 *
 * Return: 0, -EBADFD: it has switched; -ENOENT; or another negative errno.
 */
int updates_cancel(struct updates *updates, const __u8 id[REWIRE_ID_SIZE],
		   struct entry *ret_entry, struct rewire_error *err);

/**
 * updates_recover - ask the SM about what was running when we were killed
 * @updates: the updates
 *
 * Each is brought to its end: the instance that the SM wants runs, from its
 * checkpoint if the host went down.
 *
 * Return: false when it has to be tried again.
 */
bool updates_recover(struct updates *updates);

/* Folder of the checkpoints of updates that run. */
void updates_trials_dir(const struct updates *updates, char path[STORE_PATH]);

/* True while a thread of ours is at it. */
bool updates_is_running(struct updates *updates, const __u8 id[REWIRE_ID_SIZE]);

#endif /* REWIRED_UPDATES_H */
