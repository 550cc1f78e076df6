/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_STORE_H
#define REWIRED_STORE_H

#include <pthread.h>
#include <stdbool.h>

#include "address.h"

/*
 * What must outlive this process, as small files that are replaced as a whole:
 *
 *	open/REQUEST.source, .target	a migration that is not over
 *	moved/WORKLOAD			where a workload went: an address
 *	receipts/REQUEST.receipt	RECEIPT messages
 *	checkpoints/WORKLOAD.sealed	of what is coming in, or is about to leave
 *	arrived/WORKLOAD		it came, and was not updated since: empty
 *	updates/UPDATE.json		see ledger.h
 *	trials/WORKLOAD.UPDATE.old, .new	checkpoints of an update that runs
 *
 * None is a secret (checkpoints are sealed), and none is believed: the SM knows
 * the state of a migration, a file only says that there is one to ask about.
 */

#define STORE_MAX_OPEN	64	/* migrations that are not over */

/* What became of the instance here, as far as the helper has to care. */
enum fate {
	FATE_RUNNING,	/* it ran when it was asked to move, and is to run again */
	FATE_PAUSED,	/* it stood still then, and is to stay so */
	FATE_SETTLED,	/* nothing is left to be done but to tell the peer */
	FATES
};

/**
 * struct record - a migration that is not over
 * @request_id: which
 * @side: REWIRE_SIDE_*, of the SM of this host
 * @workload: what moves
 * @peer: address of the other helper; empty at the target
 * @fate: of the instance; at the target it runs once it is there
 */
struct record {
	__u8 request_id[REWIRE_ID_SIZE];
	__u32 side;
	__u8 workload[REWIRE_ID_SIZE];
	char peer[ADDRESS_MAX];
	enum fate fate;
};

/**
 * struct store - the state folder
 * @dir: its path
 * @lock: guards the members below
 * @open: all migrations that are not over
 * @claimed: a thread works on that one
 * @count: how many
 */
struct store {
	const char *dir;
	pthread_mutex_t lock;
	struct record open[STORE_MAX_OPEN];
	bool claimed[STORE_MAX_OPEN];
	unsigned int count;
};

/**
 * store_open - make the folders that are missing, read what is open
 * @store: filled
 * @dir: the state folder; not copied
 *
 * Return: 0 or a negative errno.
 */
int store_open(struct store *store, const char *dir, struct rewire_error *err);

/**
 * store_begin - note a migration down; the caller has claimed it then
 * @store: the store
 * @record: the migration
 *
 * Return: 0, -EBUSY when it is there already, -EDQUOT, or another negative
 * errno.
 */
int store_begin(struct store *store, const struct record *record,
		struct rewire_error *err);

/**
 * store_settle - remember that only the peer is left to be told
 * @store: the store
 * @record: claimed by the caller; changed too
 *
 * Return: 0 or a negative errno: the same would be settled again.
 */
int store_settle(struct store *store, struct record *record,
		 struct rewire_error *err);

/* It is over. Who claimed it has nothing to release any more. */
void store_end(struct store *store, const struct record *record);

/* Claim a migration that is known; false: it is not, or another thread works. */
bool store_claim(struct store *store, const __u8 id[REWIRE_ID_SIZE], __u32 side,
		 struct record *ret_record);
void store_release(struct store *store, const struct record *record);

/**
 * store_list - copy what is open
 * @store: the store
 * @records: room for STORE_MAX_OPEN
 *
 * Return: how many.
 */
unsigned int store_list(struct store *store, struct record *records);

/* True when no migration is open. */
bool store_empty(struct store *store);

/**
 * store_set_moved - remember where a workload is
 * @store: the store
 * @workload: which
 * @peer: address of the helper there; NULL: it is here, or nowhere
 *
 * Return: 0 or a negative errno.
 */
int store_set_moved(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		    const char *peer, struct rewire_error *err);

/* Where a workload went, or is going to; false: nobody knows. */
bool store_get_moved(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		     char peer[ADDRESS_MAX]);

/* True when no other open migration is about the same workload. */
bool store_is_alone(struct store *store, const struct record *record);

/* True while a workload is leaving. */
bool store_is_leaving(struct store *store, const __u8 workload[REWIRE_ID_SIZE]);

/**
 * store_set_arrived - note that a workload came by a migration
 * @store: the store
 * @workload: which
 * @arrived: false: it was looked after
 *
 * For updates on arrival. What fails is logged.
 */
void store_set_arrived(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		       bool arrived);
bool store_is_arrived(const struct store *store,
		      const __u8 workload[REWIRE_ID_SIZE]);
/* Return: how many, at most @most; the rest another time. */
unsigned int store_list_arrived(const struct store *store,
				__u8 (*workloads)[REWIRE_ID_SIZE],
				unsigned int most);

#define STORE_PATH	4096

/* Paths, for whoever writes or removes these files. */
void store_receipt_path(const struct store *store,
			const __u8 id[REWIRE_ID_SIZE], char path[STORE_PATH]);
void store_checkpoint_path(const struct store *store,
			   const __u8 workload[REWIRE_ID_SIZE],
			   char path[STORE_PATH]);

#endif /* REWIRED_STORE_H */
