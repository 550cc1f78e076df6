/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_LEDGER_H
#define REWIRED_LEDGER_H

#include <pthread.h>
#include <stdbool.h>

#include "policy.h"

/*
 * The updates of this host: those that wait, that run, that are over. Each is a
 * small file in updates/ of the state folder, replaced as a whole. None is
 * believed: how an update ended, the SM is asked.
 */

#define LEDGER_MAX	256	/* the oldest that is over makes room */

enum entry_state {
	ENTRY_PENDING,		/* in the inbox, not begun */
	ENTRY_RUNNING,		/* somebody works on it, or did and died */
	ENTRY_SWITCHED,		/* over: the new version is the instance */
	ENTRY_ABORTED,		/* over: the old version went on */
	ENTRY_REFUSED,		/* over: the SM did not take it on */
	ENTRY_LOST,		/* over: the power failed and nothing was kept */
	ENTRY_STATES
};

/* "pending" ... */
const char *entry_state_name(enum entry_state state);

/**
 * struct entry - one update of one workload
 * @id: of it
 * @workload: who is updated
 * @software: what it is
 * @state: how far it is
 * @decision: what people said
 * @is_volatile: without checkpoints
 * @from_release: of the old version
 * @from_svn: of the old version
 * @to_release: of the new version
 * @to_svn: of the new version
 * @memory: bytes of the old version when it began
 * @time: seconds since 1970 of the last change, for people
 * @ms: it took
 * @pause_us: that calls waited
 * @error: errno, positive, of what ended it, or stands in its way; else 0
 * @package: name in the inbox; empty for one that a command ordered
 * @reason: in words
 */
struct entry {
	__u8 id[REWIRE_ID_SIZE];
	__u8 workload[REWIRE_ID_SIZE];
	__u8 software[REWIRE_ID_SIZE];
	enum entry_state state;
	enum decision decision;
	bool is_volatile;
	__u64 from_release, from_svn;
	__u64 to_release, to_svn;
	__u64 memory;
	__u64 time;
	__u64 ms;
	__u64 pause_us;
	int error;
	char package[256];
	char reason[384];
};

/**
 * struct ledger - all of them
 * @dir: the folder
 * @lock: guards what follows
 * @entry: in no order
 * @count: how many
 */
struct ledger {
	char dir[4096];
	pthread_mutex_t lock;
	struct entry entry[LEDGER_MAX];
	unsigned int count;
};

/**
 * ledger_open - read what is there
 * @ledger: filled
 * @dir: folder; made when it is missing
 *
 * Return: 0 or a negative errno.
 */
int ledger_open(struct ledger *ledger, const char *dir,
		struct rewire_error *err);

/* False when there is none of that id. */
bool ledger_get(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE],
		struct entry *ret_entry);

/**
 * ledger_put - add an entry, or replace the one of its id, durably
 * @ledger: the ledger
 * @entry: the entry; its time becomes that of now
 *
 * Return: 0, -EDQUOT when LEDGER_MAX wait or run, or another negative errno:
 * what was there is there still.
 */
int ledger_put(struct ledger *ledger, const struct entry *entry,
	       struct rewire_error *err);

/**
 * ledger_begin - make an entry ENTRY_RUNNING, unless it is
 * @ledger: the ledger
 * @entry: what it is to be otherwise; a decision that is there stays
 *
 * Return: as ledger_put(), or -EBUSY.
 */
int ledger_begin(struct ledger *ledger, struct entry *entry,
		 struct rewire_error *err);

/**
 * ledger_decide - people say something about an update that does not run
 * @ledger: the ledger
 * @id: of it
 * @decision: what they say; an approval lets one that failed begin anew
 * @ret_entry: how it is then; may be NULL
 *
 * Return: 0, -ENOENT, -EBUSY: it runs, -EALREADY: it was switched, -EINVAL: an
 * approval of what came by a command; or another negative errno.
 */
int ledger_decide(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE],
		  enum decision decision, struct entry *ret_entry,
		  struct rewire_error *err);

void ledger_remove(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE]);

/**
 * ledger_list - copy all entries, the latest first
 * @ledger: the ledger
 * @ret_entries: to be freed with free()
 *
 * Return: how many, or -ENOMEM.
 */
int ledger_list(struct ledger *ledger, struct entry **ret_entries);

/* An entry as JSON text and back; what is in the files. NULL: no memory. */
char *entry_encode(const struct entry *entry);
int entry_decode(const char *text, size_t length, struct entry *ret_entry,
		 struct rewire_error *err);

#endif /* REWIRED_LEDGER_H */
