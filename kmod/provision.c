// SPDX-License-Identifier: GPL-2.0-only
/*
 * An SM comes to life: it takes hold of its keys, reads its journal, and goes on
 * where that ends.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "migrate.h"
#include "provision.h"
#include "tpm_counter.h"
#include "update.h"

/* nobody provisions twice at a time; there is little of it */
static DEFINE_MUTEX(provision_lock);

/* one anchor of the caller's array into its role's keyring */
static int provision_anchor(struct rewire_roles *roles,
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

static int provision_anchors(struct rewire_roles *roles,
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
		ret = provision_anchor(roles, &anchors[i], why);
	kfree(anchors);
	return ret;
}

static int provision_roots(struct rewire_sm *sm,
			   const struct rewire_provision *p,
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

static int provision_keys(struct rewire_sm *sm,
			  const struct rewire_provision *p,
			  struct rewire_why *why)
{
	void *cert;
	int ret;

	if (!p->certificate_length || p->certificate_length > REWIRE_MAX_CERT)
		return rewire_because(why, -EINVAL,
				      "the certificate has %u bytes",
				      p->certificate_length);
	ret = provision_roots(sm, p, why);
	if (ret)
		return ret;
	ret = rewire_roles_init(&sm->roles);
	if (ret)
		goto err_root;
	ret = provision_anchors(&sm->roles, p, why) ?:
	      rewire_roles_threshold(&sm->roles, p->root_threshold, why);
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

/* a record that was read: what it says was so from there on */
VISIBLE_IF_KUNIT int
rewire_provision_replay(void *data, const struct rewire_journal_record *record,
			const void *payload, struct rewire_why *why)
{
	struct rewire_sm *sm = data;

	switch (record->type) {
	case REWIRE_JOURNAL_WORKLOAD:
		if (record->length != sizeof(struct rewire_journal_workload))
			return rewire_because(why, -EUCLEAN,
					      "a workload of %u bytes",
					      record->length);
		return rewire_workload_replay(sm, payload, why);
	case REWIRE_JOURNAL_SESSION:
		return rewire_session_replay(sm, payload, record->length,
					     record->sequence + 1, why);
	case REWIRE_JOURNAL_TRUST:
		return rewire_trust_replay(sm, payload, record->length, why);
	case REWIRE_JOURNAL_UPDATE:
		return rewire_update_replay(sm, record, payload, why);
	case REWIRE_JOURNAL_WITNESS:
		rewire_witness_replay(&sm->freshness, payload, record->length);
		return 0;
	default:
		return 0;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_provision_replay);

/* migrations and updates first: what became of their workloads since overrides them */
static int provision_snapshot(void *data, struct rewire_journal *journal,
			      struct rewire_why *why)
{
	struct rewire_sm *sm = data;

	return rewire_trust_snapshot(sm, journal, why) ?:
	       rewire_session_snapshot(sm, why) ?:
	       rewire_update_snapshot(sm, why) ?:
	       rewire_workload_snapshot(sm, why);
}

/**
 * rewire_sm_compact() - the journal is written anew, with what counts
 * @sm: provisioned
 * @why: for the sentence
 *
 * Return: 0, or as the journal says, and then it goes on as it was.
 */
int rewire_sm_compact(struct rewire_sm *sm, struct rewire_why *why)
{
	u64 records;
	int ret;

	mutex_lock(&sm->journal.lock);
	records = rewire_trust_records(sm) + rewire_session_records(sm) +
		  rewire_update_records(sm) + rewire_workload_records(sm);
	ret = rewire_witness_compact(&sm->freshness, records,
				     provision_snapshot, sm, why);
	if (!ret)
		rewire_workloads_written(sm);
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sm_compact);

static int provision_files(const struct rewire_provision *p,
			   struct file *files[2], struct rewire_why *why)
{
	bool none = p->flags & REWIRE_PROVISION_VOLATILE;

	files[0] = NULL;
	files[1] = NULL;
	if (p->flags & (p->flags - 1))
		return rewire_because(why, -EINVAL,
				      "volatile, unwitnessed, strict and a TPM exclude each other");
	if (none && (p->journal[0] != -1 || p->journal[1] != -1))
		return rewire_because(why, -EINVAL,
				      "a journal for an SM that is to have none");
	if (none)
		return 0;
	files[0] = fget(p->journal[0]);
	files[1] = fget(p->journal[1]);
	if (files[0] && files[1] &&
	    file_inode(files[0]) != file_inode(files[1]))
		return 0;
	if (files[0])
		fput(files[0]);
	if (files[1])
		fput(files[1]);
	return rewire_because(why, -EINVAL,
			      "the journal needs two different files");
}

static int provision_journal(struct rewire_sm *sm,
			     const struct rewire_provision *p,
			     struct file *files[2], struct rewire_why *why)
{
	struct rewire_counter *counter = NULL;
	int ret;

	if (p->flags & REWIRE_PROVISION_TPM) {
		ret = rewire_tpm_counter_open(p->tpm_index, &counter, why);
		if (ret)
			return ret;
	}
	mutex_lock(&sm->journal.lock);
	ret = rewire_journal_open(&sm->journal, files, &sm->roots,
				  sm->attest.id, counter,
				  rewire_provision_replay, sm, why) ?:
	      rewire_witness_start(&sm->freshness, p->flags, why);
	mutex_unlock(&sm->journal.lock);
	if (!ret)
		ret = rewire_sessions_recover(sm, why) ?:
		      rewire_updates_recover(sm, why);
	if (!ret)
		return 0;
	rewire_updates_free(sm);
	rewire_sessions_free(sm);
	mutex_lock(&sm->journal.lock);
	rewire_journal_close(&sm->journal);
	mutex_unlock(&sm->journal.lock);
	rewire_workloads_free(sm);
	rewire_trust_forget(&sm->trusted);
	return ret;
}

static int provision(struct rewire_sm *sm, const struct rewire_provision *p,
		     struct rewire_why *why)
{
	struct file *files[2];
	int ret;

	if (rewire_sm_ready(sm))
		return rewire_because(why, -EEXIST,
				      "this SM was provisioned before");
	ret = provision_files(p, files, why);
	if (ret)
		return ret;
	sm->memory_limit = p->memory_limit ?:
			   ((u64)totalram_pages() << PAGE_SHIFT) / 2;
	ret = provision_keys(sm, p, why);
	if (ret)
		goto out_files;
	ret = provision_journal(sm, p, files, why);
	if (ret)
		goto err_keys;
	/* pairs with the acquire in rewire_sm_ready() */
	smp_store_release(&sm->provisioned, true);
	goto out_files;

err_keys:
	rewire_attest_free(&sm->attest);
	rewire_roles_free(&sm->roles);
	rewire_roots_put(&sm->roots);
out_files:
	/* the journal has references of its own */
	if (files[0]) {
		fput(files[0]);
		fput(files[1]);
	}
	return ret;
}

/**
 * rewire_sm_provision() - give an SM its keys and its journal, once
 * @sm: the SM
 * @p: as userspace gave it, flags checked
 * @why: for the sentence
 *
 * Return: 0; -EPERM without CAP_SYS_ADMIN in the initial user namespace;
 * -EEXIST when it was done before; -EUCLEAN for a journal that is damaged; else
 * as the keys, certificates and files deserve.
 */
int rewire_sm_provision(struct rewire_sm *sm, const struct rewire_provision *p,
			struct rewire_why *why)
{
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return rewire_because(why, -EPERM,
				      "provisioning needs CAP_SYS_ADMIN in the initial user namespace");
	mutex_lock(&provision_lock);
	ret = provision(sm, p, why);
	mutex_unlock(&provision_lock);
	return ret;
}
