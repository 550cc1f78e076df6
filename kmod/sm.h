/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Security Monitor of one network namespace: keys, memory, and the
 * registries of enclaves, workloads and sessions.
 *
 * Locking, outermost first:
 *
 *   session->lock	state of one migration
 *   update->lock	state of one update; never with a session's
 *   lane->lock		one stream of a migration that has several
 *   enclave->lock	state, segments and thread of one enclave; in an update the
 *			old version's, then the new one's
 *   handover->lock	what goes between the two versions
 *   journal->lock	durable state: checked, written, then changed under it
 *   sm->lock		registries (short, never held while sleeping for others)
 *   calls->lock	call table of one enclave
 *   output->lock	which call tables wait for the disk (a spinlock)
 *   roles->lock	anchors of the roles; held while a signature is checked
 *   trusted->lock	the table of levels, for who only looks
 *   enclave->map_sem	pages against faults: the only one taken below mmap_lock
 *
 * A doorbell's work is done after the fault handler has dropped mmap_lock, so
 * every lock but map_sem may be held over access to user memory.
 */
#ifndef REWIRE_SM_H
#define REWIRE_SM_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "events.h"
#include "journal.h"
#include "keys.h"
#include "output.h"
#include "signed.h"
#include "trust.h"
#include "why.h"
#include "witness.h"
#include "workload.h"

struct net;
struct rewire_enclave;
struct rewire_session;

#define REWIRE_MAX_ENCLAVES	16384	/* of one SM, destroyed ones aside */
#define REWIRE_MAX_FINISHED	1024	/* sessions kept after their end */
#define REWIRE_MAX_OPEN		256	/* sessions that are not over */

/**
 * struct rewire_sm - one Security Monitor
 * @net: its network namespace; every file holds a reference to it
 * @lock: protects everything below but where said
 * @provisioned: set once, with release semantics, after the keys
 * @roots: root keys
 * @journal: durable state, and the lock of it
 * @freshness: whether that is the last there was
 * @roles: anchors of the roles
 * @trusted: trust bundles and levels in force
 * @attest: attestation key
 * @memory_limit: bytes
 * @memory_used: bytes; atomic
 * @enclaves: by id; holds a reference each
 * @enclave_count: entries in @enclaves
 * @next_id: number of the next enclave
 * @workloads: by workload id
 * @workload_count: entries in @workloads
 * @sessions: all, newest first; holds a reference each
 * @open_sessions: sessions that are not over
 * @finished_sessions: sessions that are over and still answer
 * @updates: all, newest first; holds a reference each
 * @open_updates: updates that are not over
 * @finished_updates: updates that are over and still answer
 * @owed: workloads whose counters are not on the disk yet; under the journal's
 *	lock
 * @output: what waits for that
 * @events: acknowledgements
 */
struct rewire_sm {
	struct net *net;
	struct mutex lock;
	bool provisioned;
	struct rewire_roots roots;
	struct rewire_journal journal;
	struct rewire_freshness freshness;
	struct rewire_roles roles;
	struct rewire_trusted trusted;
	struct rewire_attest attest;
	u64 memory_limit;
	atomic64_t memory_used;
	struct xarray enclaves;
	u32 enclave_count;
	u64 next_id;
	DECLARE_HASHTABLE(workloads, 8);
	u32 workload_count;
	struct list_head sessions;
	u32 open_sessions;
	u32 finished_sessions;
	struct list_head updates;
	u32 open_updates;
	u32 finished_updates;
	struct list_head owed;
	struct rewire_output output;
	struct rewire_events events;
};

struct rewire_sm *rewire_sm_of(struct net *net);
bool rewire_sm_ready(const struct rewire_sm *sm);

int rewire_sm_charge(struct rewire_sm *sm, u64 bytes, struct rewire_why *why);
void rewire_sm_uncharge(struct rewire_sm *sm, u64 bytes);

int rewire_sm_add_enclave(struct rewire_sm *sm, struct rewire_enclave *enclave,
			  struct rewire_why *why);
void rewire_sm_remove_enclave(struct rewire_sm *sm,
			      struct rewire_enclave *enclave);
struct rewire_enclave *rewire_sm_find_enclave(struct rewire_sm *sm, u64 id);
struct rewire_enclave *rewire_sm_find_workload(struct rewire_sm *sm,
					       const u8 *workload, int *error);
u32 rewire_sm_list(struct rewire_sm *sm, u64 *ids, u32 room);

void rewire_sm_audit(struct rewire_sm *sm, u32 type, u32 error,
		     const u8 *workload, const char *reason);
int rewire_sm_counter(struct rewire_sm *sm, const u8 *workload, u32 which,
		      u32 how, u64 *value);

int rewire_sm_setup(struct rewire_sm *sm, struct net *net);
void rewire_sm_teardown(struct rewire_sm *sm);
extern unsigned int rewire_net_id;

#endif
