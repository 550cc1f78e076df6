// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Security Monitor of one network namespace: memory accounting and the
 * registries.
 */
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "compat.h"
#include "enclave.h"
#include "keys.h"
#include "sm.h"

unsigned int rewire_net_id;

struct rewire_sm *rewire_sm_of(struct net *net)
{
	return net_generic(net, rewire_net_id);
}

struct rewire_events *rewire_events_of(struct net *net)
{
	return &rewire_sm_of(net)->events;
}

/**
 * rewire_sm_ready() - whether an SM was provisioned
 * @sm: the SM
 *
 * Pairs with the release in rewire_sm_provision(): after true, the keys and the
 * memory limit may be read without a lock, for they never change again.
 */
bool rewire_sm_ready(const struct rewire_sm *sm)
{
	/* pairs with the release in rewire_sm_provision() */
	return smp_load_acquire(&sm->provisioned);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_ready);

int rewire_sm_setup(struct rewire_sm *sm, struct net *net)
{
	sm->net = net;
	mutex_init(&sm->lock);
	rewire_journal_setup(&sm->journal);
	sm->freshness = (struct rewire_freshness){
		.journal = &sm->journal,
		.attest = &sm->attest,
		.roles = &sm->roles,
		.events = &sm->events,
	};
	rewire_trust_setup(&sm->trusted);
	xa_init(&sm->enclaves);
	hash_init(sm->workloads);
	INIT_LIST_HEAD(&sm->sessions);
	INIT_LIST_HEAD(&sm->updates);
	INIT_LIST_HEAD(&sm->owed);
	rewire_output_setup(&sm->output);
	sm->next_id = 1;
	return rewire_events_init(&sm->events, net);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_setup);

void rewire_sm_teardown(struct rewire_sm *sm)
{
	rewire_output_stop(sm);
	mutex_lock(&sm->journal.lock);
	rewire_journal_close(&sm->journal);
	mutex_unlock(&sm->journal.lock);
	rewire_workloads_free(sm);
	xa_destroy(&sm->enclaves);
	if (sm->provisioned) {
		rewire_attest_free(&sm->attest);
		rewire_roles_free(&sm->roles);
		rewire_trust_forget(&sm->trusted);
		rewire_roots_put(&sm->roots);
	}
	rewire_events_free(&sm->events);
	mutex_destroy(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_teardown);

/**
 * rewire_sm_audit() - something that has to be in the log
 * @sm: the SM
 * @type: REWIRE_EVENT_TYPE_*
 * @error: errno, positive, of a refusal; else 0
 * @workload: which; NULL when it is about none
 * @reason: in words
 *
 * Takes the journal's lock, and does not wait for the disk: nothing rests on it.
 */
void rewire_sm_audit(struct rewire_sm *sm, u32 type, u32 error,
		     const u8 *workload, const char *reason)
{
	struct rewire_journal_audit audit = { .type = type, .error = error };

	if (workload)
		memcpy(audit.workload, workload, REWIRE_ID_SIZE);
	strscpy(audit.reason, reason, sizeof(audit.reason));
	mutex_lock(&sm->journal.lock);
	rewire_journal_note(&sm->journal, REWIRE_JOURNAL_AUDIT, &audit,
			    sizeof(audit));
	mutex_unlock(&sm->journal.lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_audit);

/**
 * rewire_sm_charge() - account for memory before it is allocated
 * @sm: the SM
 * @bytes: how much
 * @why: for the sentence
 *
 * Return: 0, or -EDQUOT when it would exceed the limit of PROVISION.
 */
int rewire_sm_charge(struct rewire_sm *sm, u64 bytes, struct rewire_why *why)
{
	u64 used = atomic64_add_return(bytes, &sm->memory_used);

	if (used <= sm->memory_limit)
		return 0;
	atomic64_sub(bytes, &sm->memory_used);
	return rewire_because(why, -EDQUOT,
			      "%llu bytes more would exceed the SM's limit of %llu",
			      bytes, sm->memory_limit);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_charge);

void rewire_sm_uncharge(struct rewire_sm *sm, u64 bytes)
{
	atomic64_sub(bytes, &sm->memory_used);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_uncharge);

/**
 * rewire_sm_add_enclave() - publish an enclave under a number
 * @sm: the SM; takes a reference to the enclave
 * @enclave: gets its id
 * @why: for the sentence
 *
 * Return: 0, -EDQUOT when there are too many, -ENOMEM.
 */
int rewire_sm_add_enclave(struct rewire_sm *sm, struct rewire_enclave *enclave,
			  struct rewire_why *why)
{
	int ret;

	mutex_lock(&sm->lock);
	if (sm->enclave_count == REWIRE_MAX_ENCLAVES) {
		ret = rewire_because(why, -EDQUOT, "more than %u enclaves",
				     REWIRE_MAX_ENCLAVES);
		goto out;
	}
	ret = xa_err(xa_store(&sm->enclaves, sm->next_id, enclave, GFP_KERNEL));
	if (ret)
		goto out;
	/* one that is not in the registry has no number to be taken out by */
	enclave->id = sm->next_id++;
	sm->enclave_count++;
	rewire_enclave_get(enclave);
out:
	mutex_unlock(&sm->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_add_enclave);

/**
 * rewire_sm_remove_enclave() - a destroyed enclave is no longer found
 * @sm: the SM
 * @enclave: the caller holds a reference of its own
 */
void rewire_sm_remove_enclave(struct rewire_sm *sm,
			      struct rewire_enclave *enclave)
{
	bool found;

	mutex_lock(&sm->lock);
	found = xa_erase(&sm->enclaves, enclave->id) == enclave;
	if (found)
		sm->enclave_count--;
	mutex_unlock(&sm->lock);
	if (found)
		rewire_enclave_put(enclave);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_remove_enclave);

/* Return: the enclave with a reference, or NULL */
struct rewire_enclave *rewire_sm_find_enclave(struct rewire_sm *sm, u64 id)
{
	struct rewire_enclave *enclave;

	mutex_lock(&sm->lock);
	enclave = xa_load(&sm->enclaves, id);
	if (enclave)
		rewire_enclave_get(enclave);
	mutex_unlock(&sm->lock);
	return enclave;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_find_enclave);

/**
 * rewire_sm_find_workload() - the enclave that lives as a workload
 * @sm: the SM
 * @workload: its id
 * @error: -EREMCHG when it moved away, -ENOENT when it is not known
 *
 * Return: the enclave with a reference, or NULL.
 */
struct rewire_enclave *rewire_sm_find_workload(struct rewire_sm *sm,
					       const u8 *workload, int *error)
{
	struct rewire_enclave *enclave, *found = NULL;
	u32 place = rewire_workload_place(sm, workload);
	unsigned long id;

	*error = place == REWIRE_PLACE_MOVED ? -EREMCHG : -ENOENT;
	if (place != REWIRE_PLACE_HERE)
		return NULL;
	mutex_lock(&sm->lock);
	xa_for_each(&sm->enclaves, id, enclave) {
		/* the id of a claimed enclave is complete */
		if (smp_load_acquire(&enclave->claimed) &&
		    !memcmp(enclave->workload, workload, REWIRE_ID_SIZE)) {
			rewire_enclave_get(enclave);
			found = enclave;
			break;
		}
	}
	mutex_unlock(&sm->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_find_workload);

/**
 * rewire_sm_list() - numbers of the enclaves
 * @sm: the SM
 * @ids: room for @room of them
 * @room: entries at @ids
 *
 * Return: how many enclaves there are, which may be more than @room.
 */
u32 rewire_sm_list(struct rewire_sm *sm, u64 *ids, u32 room)
{
	struct rewire_enclave *enclave;
	unsigned long id;
	u32 count = 0;

	mutex_lock(&sm->lock);
	xa_for_each(&sm->enclaves, id, enclave) {
		if (count < room)
			ids[count] = id;
		count++;
	}
	mutex_unlock(&sm->lock);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_list);

int rewire_sm_fill(struct net *net, struct rewire_sm_status *info)
{
	struct rewire_sm *sm = rewire_sm_of(net);

	mutex_lock(&sm->lock);
	info->abi = REWIRE_ABI;
	info->provisioned = sm->provisioned;
	info->enclaves = sm->enclave_count;
	info->sessions = sm->open_sessions;
	info->generation = sm->roots.newest;
	memcpy(info->sm, sm->attest.id, sizeof(info->sm));
	info->memory_limit = sm->memory_limit;
	info->memory_used = atomic64_read(&sm->memory_used);
	mutex_unlock(&sm->lock);
	return 0;
}
