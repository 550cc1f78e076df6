// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Security Monitor of one network namespace: provisioning, memory
 * accounting and the registries.
 */
#include <linux/capability.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
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
	xa_init(&sm->enclaves);
	hash_init(sm->workloads);
	INIT_LIST_HEAD(&sm->sessions);
	sm->next_id = 1;
	return rewire_events_init(&sm->events, net);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_setup);

void rewire_sm_teardown(struct rewire_sm *sm)
{
	struct rewire_workload *workload;
	struct hlist_node *next;
	int bucket;

	hash_for_each_safe(sm->workloads, bucket, next, workload, node) {
		hash_del(&workload->node);
		kfree(workload);
	}
	xa_destroy(&sm->enclaves);
	if (sm->provisioned) {
		rewire_attest_free(&sm->attest);
		rewire_roles_free(&sm->roles);
		rewire_roots_put(&sm->roots);
	}
	rewire_events_free(&sm->events);
	mutex_destroy(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_teardown);

/* one anchor of the caller's array into its role's keyring */
static int sm_add_anchor(struct rewire_roles *roles,
			 const struct rewire_anchor *anchor,
			 struct rewire_why *why)
{
	void *cert;
	int ret;

	if (anchor->role >= REWIRE_ROLES)
		return rewire_because(why, -EINVAL, "no role %u", anchor->role);
	if (!anchor->length || anchor->length > REWIRE_MAX_CERT)
		return rewire_because(why, -EINVAL,
				      "an anchor has %u bytes, at most %u fit",
				      anchor->length, REWIRE_MAX_CERT);
	cert = memdup_user(u64_to_user_ptr(anchor->certificate),
			   anchor->length);
	if (IS_ERR(cert))
		return PTR_ERR(cert);
	ret = rewire_roles_add(roles, anchor->role, cert, anchor->length, why);
	kfree(cert);
	return ret;
}

static int sm_add_anchors(struct rewire_roles *roles,
			  const struct rewire_provision *p,
			  struct rewire_why *why)
{
	struct rewire_anchor *anchors;
	int ret = 0;
	u32 i;

	if (p->anchors > REWIRE_MAX_ANCHORS)
		return rewire_because(why, -EINVAL, "more than %u anchors",
				      REWIRE_MAX_ANCHORS);
	anchors = memdup_user(u64_to_user_ptr(p->anchor),
			      p->anchors * sizeof(*anchors));
	if (IS_ERR(anchors))
		return PTR_ERR(anchors);
	for (i = 0; i < p->anchors && !ret; i++)
		ret = sm_add_anchor(roles, &anchors[i], why);
	kfree(anchors);
	return ret;
}

static int sm_load_roots(struct rewire_sm *sm, const struct rewire_provision *p,
			 struct rewire_why *why)
{
	s32 serials[REWIRE_MAX_GENERATIONS];

	if (p->generations > REWIRE_MAX_GENERATIONS)
		return rewire_because(why, -EINVAL, "more than %u root keys",
				      REWIRE_MAX_GENERATIONS);
	if (copy_from_user(serials, u64_to_user_ptr(p->root_keys),
			   p->generations * sizeof(*serials)))
		return -EFAULT;
	return rewire_roots_get(&sm->roots, serials, p->generations, why);
}

static int sm_load_keys(struct rewire_sm *sm, const struct rewire_provision *p,
			struct rewire_why *why)
{
	void *cert;
	int ret;

	if (!p->certificate_length || p->certificate_length > REWIRE_MAX_CERT)
		return rewire_because(why, -EINVAL,
				      "the certificate has %u bytes",
				      p->certificate_length);
	ret = sm_load_roots(sm, p, why);
	if (ret)
		return ret;
	ret = rewire_roles_init(&sm->roles);
	if (ret)
		goto err_root;
	ret = sm_add_anchors(&sm->roles, p, why);
	if (ret)
		goto err_roles;
	cert = memdup_user(u64_to_user_ptr(p->certificate),
			   p->certificate_length);
	if (IS_ERR(cert)) {
		ret = PTR_ERR(cert);
		goto err_roles;
	}
	ret = rewire_attest_init(&sm->attest, p->attest_key, cert,
				 p->certificate_length, &sm->roles, why);
	kfree(cert);
	if (ret)
		goto err_roles;
	return 0;

err_roles:
	rewire_roles_free(&sm->roles);
err_root:
	rewire_roots_put(&sm->roots);
	return ret;
}

/**
 * rewire_sm_provision() - give an SM its keys, once
 * @sm: the SM
 * @p: as userspace gave it, flags checked
 * @why: for the sentence
 *
 * Return: 0; -EPERM without CAP_SYS_ADMIN in the initial user namespace;
 * -EEXIST when it was done before; else as the keys and certificates deserve.
 */
int rewire_sm_provision(struct rewire_sm *sm, const struct rewire_provision *p,
			struct rewire_why *why)
{
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return rewire_because(why, -EPERM,
				      "provisioning needs CAP_SYS_ADMIN in the initial user namespace");
	mutex_lock(&sm->lock);
	if (sm->provisioned) {
		ret = rewire_because(why, -EEXIST,
				     "this SM was provisioned before");
	} else {
		ret = sm_load_keys(sm, p, why);
	}
	if (!ret) {
		sm->memory_limit = p->memory_limit ?:
				   ((u64)totalram_pages() << PAGE_SHIFT) / 2;
		/* pairs with the acquire in rewire_sm_ready() */
		smp_store_release(&sm->provisioned, true);
	}
	mutex_unlock(&sm->lock);
	return ret;
}

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

static struct rewire_workload *sm_find(struct rewire_sm *sm, const u8 *id)
{
	u32 key = jhash(id, REWIRE_ID_SIZE, 0);
	struct rewire_workload *workload;

	lockdep_assert_held(&sm->lock);
	hash_for_each_possible(sm->workloads, workload, node, key)
		if (!memcmp(workload->id, id, REWIRE_ID_SIZE))
			return workload;
	return NULL;
}

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
	struct rewire_workload *known;
	unsigned long id;

	*error = -ENOENT;
	mutex_lock(&sm->lock);
	known = sm_find(sm, workload);
	if (known && known->place == REWIRE_PLACE_MOVED)
		*error = -EREMCHG;
	if (known && known->place == REWIRE_PLACE_HERE) {
		xa_for_each(&sm->enclaves, id, enclave) {
			/* the id of a claimed enclave is complete */
			if (smp_load_acquire(&enclave->claimed) &&
			    !memcmp(enclave->workload, workload,
				    REWIRE_ID_SIZE)) {
				rewire_enclave_get(enclave);
				found = enclave;
				break;
			}
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

/* the record of a workload, made if it is not there */
static struct rewire_workload *sm_record(struct rewire_sm *sm, const u8 *id)
{
	struct rewire_workload *workload = sm_find(sm, id);

	if (workload || sm->workload_count == REWIRE_MAX_WORKLOADS)
		return workload;
	workload = kzalloc(sizeof(*workload), GFP_KERNEL_ACCOUNT);
	if (!workload)
		return NULL;
	memcpy(workload->id, id, REWIRE_ID_SIZE);
	hash_add(sm->workloads, &workload->node,
		 jhash(id, REWIRE_ID_SIZE, 0));
	sm->workload_count++;
	return workload;
}

/**
 * rewire_workload_claim() - an instance is about to live here
 * @sm: the SM
 * @workload: of which workload
 * @least: 0 for a first start; else the epoch that the state comes from
 * @checkpoint: the state comes from a file, not from the SM that had it last
 * @epoch: out: the epoch of the new instance
 * @why: for the sentence
 *
 * This is the singleton rule of one SM: one place per workload, and an epoch
 * that only grows. A state that comes back from another SM carries an epoch at
 * least as high as the one it left with, so that it passes.
 *
 * Return: 0; -EEXIST: it lives here; -EREMCHG: it moved, and this is a first
 * start or an old checkpoint; -ESTALE: a later epoch was seen; -EDQUOT.
 */
int rewire_workload_claim(struct rewire_sm *sm, const u8 *workload, u64 least,
			  bool checkpoint, u64 *epoch, struct rewire_why *why)
{
	struct rewire_workload *record;
	int ret = 0;

	mutex_lock(&sm->lock);
	record = sm_record(sm, workload);
	if (!record)
		ret = rewire_because(why, -EDQUOT, "too many workloads");
	else if (record->place == REWIRE_PLACE_HERE)
		ret = rewire_because(why, -EEXIST,
				     "the workload lives here, in epoch %llu",
				     record->epoch);
	else if (record->place == REWIRE_PLACE_MOVED && !least)
		ret = rewire_because(why, -EREMCHG,
				     "the workload moved to another SM in epoch %llu",
				     record->epoch);
	else if (least && least < record->epoch)
		ret = rewire_because(why, -ESTALE,
				     "the state is of epoch %llu, the workload is in %llu",
				     least, record->epoch);
	else if (checkpoint && least < record->void_below)
		ret = rewire_because(why, -ESTALE,
				     "the state is of epoch %llu, which an aborted migration never reached",
				     least);
	if (ret)
		goto out;
	record->epoch = max(record->epoch, least) + 1;
	record->place = REWIRE_PLACE_HERE;
	*epoch = record->epoch;
out:
	mutex_unlock(&sm->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_claim);

/**
 * rewire_workload_void() - an incoming migration was given up
 * @sm: the SM
 * @workload: which
 * @below: one more than the epoch that its instance would have had
 *
 * It lives on at its source, in a lower epoch, and may come again. Only what
 * was sealed of it here must never be an instance.
 */
void rewire_workload_void(struct rewire_sm *sm, const u8 *workload, u64 below)
{
	struct rewire_workload *record;

	mutex_lock(&sm->lock);
	record = sm_find(sm, workload);
	if (record)
		record->void_below = max(record->void_below, below);
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_void);

/**
 * rewire_workload_set() - what became of a claimed workload
 * @sm: the SM
 * @workload: which
 * @epoch: its epoch; lower than the one known only when an incoming migration
 *	is given up before its instance could run
 * @place: where it is
 */
void rewire_workload_set(struct rewire_sm *sm, const u8 *workload, u64 epoch,
			 u32 place)
{
	struct rewire_workload *record;

	mutex_lock(&sm->lock);
	record = sm_find(sm, workload);
	if (record) {
		record->epoch = epoch;
		record->place = place;
		/* it lives: what is sealed of it from now on counts */
		if (place == REWIRE_PLACE_HERE)
			record->void_below = 0;
	}
	mutex_unlock(&sm->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_workload_set);

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
