// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lives of an SM, for tests of its updates.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>

#include "../../kmod/provision.h"
#include "update_life.h"
#include "util.h"
#include "world.h"

void life_restart(struct kunit *test, bool durable)
{
	struct file *none[2] = {};
	struct life *l = test->priv;
	struct rewire_sm *sm;
	int ret;

	if (l->sm) {
		rewire_updates_free(l->sm);
		world_sm_free(l->sm);
	}
	sm = world_sm(test, 'a', true);
	l->sm = sm;
	mutex_lock(&sm->journal.lock);
	ret = rewire_journal_open(&sm->journal, durable ? l->file : none,
				  &sm->roots, sm->attest.id, NULL,
				  rewire_provision_replay, sm, &l->why) ?:
	      rewire_witness_start(&sm->freshness, durable ?
				   REWIRE_PROVISION_UNWITNESSED :
				   REWIRE_PROVISION_VOLATILE, &l->why);
	mutex_unlock(&sm->journal.lock);
	rewire_workloads_died(sm);
	ret = ret ?: rewire_updates_recover(sm, &l->why);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "%s", l->why.text);
}

int life_init(struct kunit *test)
{
	struct life *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	test->priv = l;
	for (i = 0; i < 2; i++) {
		l->file[i] = shmem_file_setup("rewire-journal", 0,
					      VM_NORESERVE);
		KUNIT_ASSERT_FALSE(test, IS_ERR(l->file[i]));
	}
	life_restart(test, true);
	return 0;
}

void life_exit(struct kunit *test)
{
	struct life *l = test->priv;
	u32 i;

	if (!l)
		return;
	if (l->sm)
		rewire_updates_free(l->sm);
	world_sm_free(l->sm);
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(l->file[i]))
			fput(l->file[i]);
}

void life_workload(u8 workload[REWIRE_ID_SIZE], u8 name)
{
	memset(workload, name, REWIRE_ID_SIZE);
}

struct rewire_update *life_begin(struct kunit *test, u8 name)
{
	struct life *l = test->priv;
	struct rewire_update *update = rewire_update_alloc(l->sm);
	struct rewire_journal_update *known;

	KUNIT_ASSERT_NOT_NULL(test, update);
	known = &update->known;
	memset(known->id, name, sizeof(known->id));
	memset(known->nonce, ~name, sizeof(known->nonce));
	memset(known->package_digest, name + 1, sizeof(known->package_digest));
	life_workload(known->workload, name);
	memcpy(known->software, SOFTWARE, REWIRE_ID_SIZE);
	known->owner = 1000 + name;
	known->epoch = EPOCH;
	known->from.release = 1;
	known->from.svn = 1;
	memset(known->from.measurement, 0xf0, REWIRE_DIGEST_SIZE);
	known->to.release = 7;
	known->to.svn = 3;
	memset(known->to.measurement, 0x70, REWIRE_DIGEST_SIZE);
	mutex_lock(&l->sm->lock);
	list_add(&update->list, &l->sm->updates);
	l->sm->open_updates++;
	mutex_unlock(&l->sm->lock);
	return update;
}

struct rewire_update *life_find(struct life *l, u8 name)
{
	u8 id[REWIRE_ID_SIZE];

	memset(id, name, sizeof(id));
	return rewire_update_known(l->sm, id);
}

int life_record(struct rewire_update *update, u32 state)
{
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_record(update, state, NULL);
	if (!ret)
		update->state = state;
	mutex_unlock(&update->lock);
	return ret;
}

const u32 life_way[3] = {
	REWIRE_UPDATE_HANDING, REWIRE_UPDATE_TRIAL, REWIRE_UPDATE_SWITCHED,
};
