// SPDX-License-Identifier: GPL-2.0-only
/*
 * How an update that has both its versions goes on, and ends: in which of them,
 * and on what that rests.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "../../kmod/handover.h"
#include "sign.h"
#include "update_life.h"
#include "util.h"
#include "world.h"

/**
 * struct both - an update with two versions, and a reference to each of all
 * @update: the update
 * @old: FROZEN
 * @new: RUNNING, on trial
 */
struct both {
	struct rewire_update *update;
	struct rewire_enclave *old, *new;
};

static struct both begin_both(struct kunit *test, u32 state)
{
	struct life *l = test->priv;
	struct both b;
	u32 i;

	b.old = world_enclave(test, l->sm);
	b.new = world_version(test, l->sm);
	b.update = life_begin(test, 'u');
	memcpy(b.update->known.workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	b.update->known.epoch = b.old->epoch;
	b.update->handover = rewire_handover_create(l->sm);
	KUNIT_ASSERT_NOT_NULL(test, b.update->handover);
	b.update->handover->data = b.update;
	b.old->handover = rewire_handover_get(b.update->handover);
	b.new->handover = rewire_handover_get(b.update->handover);
	b.old->state = REWIRE_ENCLAVE_FROZEN;
	rewire_calls_put(b.new->calls);
	b.new->calls = rewire_calls_get(b.old->calls);
	b.new->epoch = b.old->epoch + 1;
	b.update->old = b.old;
	b.update->new = b.new;
	rewire_enclave_get(b.old);
	rewire_enclave_get(b.new);
	rewire_update_get(b.update);
	rewire_update_hold(b.update, true);
	for (i = 0; i < ARRAY_SIZE(life_way) && life_way[i] <= state; i++)
		KUNIT_ASSERT_EQ(test, life_record(b.update, life_way[i]), 0);
	b.update->state = state;
	return b;
}

static void end_both(struct both *b)
{
	rewire_update_put(b->update);
	world_enclave_free(b->new);
	world_enclave_free(b->old);
}

static int abort_it(struct rewire_update *update)
{
	int ret;

	mutex_lock(&update->lock);
	ret = rewire_update_abort(update, -ETIMEDOUT, "so slow", NULL);
	mutex_unlock(&update->lock);
	return ret;
}

static const u32 before_the_switch[] = {
	REWIRE_UPDATE_HANDED, REWIRE_UPDATE_TRIAL,
};

static void aborted_goes_back_to_the_old_version(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b;
	int i;

	for (i = 0; i < ARRAY_SIZE(before_the_switch); i++) {
		b = begin_both(test, before_the_switch[i]);
		KUNIT_EXPECT_TRUE(test, b.old->calls->held);
		KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
		KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_ABORTED);
		KUNIT_EXPECT_EQ(test, b.update->known.state,
				REWIRE_UPDATE_ABORTED);
		KUNIT_EXPECT_EQ(test, b.update->known.error, ETIMEDOUT);
		KUNIT_EXPECT_STREQ(test, b.update->known.reason, "so slow");
		KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
		KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_PAUSED);
		KUNIT_EXPECT_TRUE(test, b.old->claimed);
		KUNIT_EXPECT_NULL(test, b.old->handover);
		KUNIT_EXPECT_NULL(test, b.old->successor);
		KUNIT_EXPECT_FALSE(test, b.old->calls->held);
		KUNIT_EXPECT_EQ(test, b.old->calls->closed, 0);
		KUNIT_EXPECT_TRUE(test, b.update->over);
		KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
		/* whatever comes then, it has ended */
		KUNIT_EXPECT_EQ(test, abort_it(b.update), -EBADFD);
		KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
		end_both(&b);
		life_restart(test, true);
		KUNIT_EXPECT_EQ(test, life_find(l, 'u')->known.error, ETIMEDOUT);
		rewire_updates_free(l->sm);
	}
}

/* After TRIAL a crash could have either end: the abort is durable, or is not. */
static void abort_on_trial_waits_for_the_journal(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_NE(test, abort_it(b.update), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_FROZEN);
	KUNIT_EXPECT_TRUE(test, b.old->calls->held);
	KUNIT_EXPECT_FALSE(test, b.update->over);
	l->sm->journal.error = 0;
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	end_both(&b);
}

/* Before TRIAL a crash has this end anyway. */
static void abort_before_trial_needs_no_journal(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_HANDED);

	l->sm->journal.error = -EIO;
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_PAUSED);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
	end_both(&b);
}

/* ---- what nobody goes on with ---- */

static struct both begin_loaded(struct kunit *test)
{
	struct both b = begin_both(test, REWIRE_UPDATE_LOADED);

	rewire_update_hold(b.update, false);
	b.old->state = REWIRE_ENCLAVE_RUNNING;
	return b;
}

static void watch(struct rewire_update *update, u32 timeout_ms)
{
	mutex_lock(&update->lock);
	rewire_update_watch(update, timeout_ms);
	mutex_unlock(&update->lock);
}

static void loaded_is_given_up_after_a_time(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_loaded(test);
	u64 old = b.old->charged;

	watch(b.update, 3600000);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->sm->memory_used),
			old + b.new->charged);
	watch(b.update, 1);
	KUNIT_EXPECT_GT(test, wait_event_timeout(b.update->changed,
						 READ_ONCE(b.update->over),
						 30 * HZ), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_ABORTED);
	KUNIT_EXPECT_EQ(test, b.update->known.error, ETIMEDOUT);
	KUNIT_EXPECT_STREQ(test, b.update->known.reason,
			   "its handover did not come in time");
	KUNIT_EXPECT_FALSE(test, rewire_update_tried(b.update));
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->sm->memory_used), old);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_NULL(test, b.old->handover);
	KUNIT_EXPECT_EQ(test, l->sm->open_updates, 0);
	end_both(&b);
}

/* The loading's time is up while the handover begins: the trial's counts. */
static void handover_has_a_deadline_of_its_own(struct kunit *test)
{
	struct both b = begin_loaded(test);
	struct work_struct *work = &b.update->expiry.work;
	unsigned long end = jiffies + 30 * HZ;

	mutex_lock(&b.update->lock);
	rewire_update_watch(b.update, 1);
	while (!(work_busy(work) & WORK_BUSY_RUNNING) &&
	       time_before(jiffies, end))
		usleep_range(100, 1000);
	KUNIT_EXPECT_TRUE(test, work_busy(work) & WORK_BUSY_RUNNING);
	rewire_update_watch(b.update, 3600000);
	mutex_unlock(&b.update->lock);
	flush_work(work);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_LOADED);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&b.update->expiry));
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&b.update->expiry));
	end_both(&b);
}

static int trial(struct both *b)
{
	int ret;

	mutex_lock(&b->update->lock);
	ret = rewire_update_begin_trial(b->update, NULL);
	mutex_unlock(&b->update->lock);
	return ret;
}

static void trial_waits_for_the_old_checkpoint(struct kunit *test)
{
	struct both b = begin_both(test, REWIRE_UPDATE_HANDED);

	KUNIT_EXPECT_EQ(test, trial(&b), -EAGAIN);
	b.update->handover->sealed[REWIRE_HANDOVER_NEW] = true;
	KUNIT_EXPECT_EQ(test, trial(&b), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, rewire_update_tried(b.update));
	b.update->handover->sealed[REWIRE_HANDOVER_OLD] = true;
	KUNIT_EXPECT_EQ(test, trial(&b), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_TRUE(test, rewire_update_tried(b.update));
	KUNIT_EXPECT_EQ(test, b.update->known.epoch, b.old->epoch);
	KUNIT_EXPECT_EQ(test, b.new->epoch, b.old->epoch + 1);
	KUNIT_EXPECT_EQ(test, trial(&b), -EBADFD);
	KUNIT_EXPECT_EQ(test, abort_it(b.update), 0);
	end_both(&b);
}

/* words of an SDS and a developer that the SM of @b believes */
static void sign_order(struct kunit *test, struct both *b)
{
	struct rewire_words *words = kzalloc(sizeof(*words), GFP_KERNEL);
	struct rewire_roles *roles = &b->update->sm->roles;

	KUNIT_ASSERT_NOT_NULL(test, words);
	b->update->order.words = words;
	sign_add(test, roles, REWIRE_ROLE_SDS, "s");
	sign_add(test, roles, REWIRE_ROLE_DEVELOPER, "v");
	sign_one(test, 's', &words->package, sizeof(words->package),
		 &words->package_cms);
	sign_one(test, 'v', &words->manifest, sizeof(words->manifest),
		 &words->manifest_cms);
}

static int switch_it(struct both *b, u64 *epoch)
{
	struct file *file;

	mutex_lock(&b->update->lock);
	file = rewire_update_switch(b->update, epoch, NULL);
	mutex_unlock(&b->update->lock);
	if (IS_ERR(file))
		return PTR_ERR(file);
	__fput_sync(file);
	return 0;
}

static void expect_on_trial(struct kunit *test, const struct both *b)
{
	KUNIT_EXPECT_EQ(test, b->update->state, REWIRE_UPDATE_TRIAL);
	KUNIT_EXPECT_TRUE(test, b->old->claimed);
	KUNIT_EXPECT_FALSE(test, b->new->claimed);
	KUNIT_EXPECT_TRUE(test, b->new->trial);
	KUNIT_EXPECT_EQ(test, b->old->state, REWIRE_ENCLAVE_FROZEN);
}

/* Not without health, checkpoint, life and the journal; each alone stops it. */
static void switch_has_its_conditions(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);
	struct rewire_handover *handover =
		rewire_handover_get(b.update->handover);
	bool *sealed = handover->sealed;
	unsigned int files;
	u64 epoch = 0;

	sign_order(test, &b);
	sealed[REWIRE_HANDOVER_NEW] = true;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EAGAIN);
	b.update->healthy = 1;
	sealed[REWIRE_HANDOVER_NEW] = false;
	sealed[REWIRE_HANDOVER_OLD] = true;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EAGAIN);
	sealed[REWIRE_HANDOVER_NEW] = true;
	b.new->state = REWIRE_ENCLAVE_PAUSED;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
	b.new->state = REWIRE_ENCLAVE_RUNNING;
	l->sm->journal.error = -EIO;
	files = kref_read(&b.new->ref);
	KUNIT_EXPECT_NE(test, switch_it(&b, &epoch), 0);
	l->sm->journal.error = 0;
	expect_on_trial(test, &b);
	/* a kernel thread's file is closed by somebody else */
	while (kref_read(&b.new->ref) > files)
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), 0);
	KUNIT_EXPECT_EQ(test, epoch, b.old->epoch + 1);
	rewire_handover_put(handover);
	end_both(&b);
}

/* No version, or none any more: each command looks at the state first. */
static void commands_in_another_state_are_refused(struct kunit *test)
{
	struct both b = { .update = life_begin(test, 'u') };
	struct rewire_update *update = b.update;
	u64 epoch;
	u32 state;

	for (state = 0; state < REWIRE_UPDATE_STATES; state++) {
		if (state == REWIRE_UPDATE_TRIAL || state == REWIRE_UPDATE_HANDED)
			continue;
		update->state = state;
		KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
		KUNIT_EXPECT_EQ(test, trial(&b), -EBADFD);
		mutex_lock(&update->lock);
		KUNIT_EXPECT_EQ(test, rewire_update_health(update, 1, NULL),
				-EBADFD);
		KUNIT_EXPECT_EQ(test,
				PTR_ERR(rewire_update_checkpoint(update,
								 REWIRE_VERSION_OLD,
								 NULL)),
				-EBADFD);
		KUNIT_EXPECT_EQ(test,
				PTR_ERR(rewire_update_checkpoint(update,
								 REWIRE_VERSION_NEW,
								 NULL)),
				-EBADFD);
		if (state != REWIRE_UPDATE_LOADED)
			KUNIT_EXPECT_EQ(test,
					rewire_update_handover(update, 1, NULL),
					-EBADFD);
		mutex_unlock(&update->lock);
	}
	update->state = REWIRE_UPDATE_HANDED;
	KUNIT_EXPECT_EQ(test, switch_it(&b, &epoch), -EBADFD);
}

static void switched_the_new_version_is_the_instance(struct kunit *test)
{
	struct life *l = test->priv;
	struct both b = begin_both(test, REWIRE_UPDATE_TRIAL);
	struct rewire_enclave *found;
	u64 epoch = 0;
	int error;

	sign_order(test, &b);
	b.update->healthy = 1;
	b.update->known.flags |= REWIRE_UPDATE_VOLATILE;
	KUNIT_ASSERT_EQ(test, switch_it(&b, &epoch), 0);
	KUNIT_EXPECT_EQ(test, b.update->state, REWIRE_UPDATE_SWITCHED);
	KUNIT_EXPECT_EQ(test, b.old->state, REWIRE_ENCLAVE_DESTROYED);
	KUNIT_EXPECT_PTR_EQ(test, b.old->successor, b.new);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	KUNIT_EXPECT_FALSE(test, b.new->trial);
	KUNIT_EXPECT_NULL(test, b.new->handover);
	KUNIT_EXPECT_FALSE(test, b.new->calls->held);
	KUNIT_EXPECT_EQ(test, b.new->calls->closed, 0);
	found = rewire_sm_find_workload(l->sm, WORLD_WORKLOAD, &error);
	KUNIT_EXPECT_PTR_EQ(test, found, b.new);
	if (found)
		rewire_enclave_put(found);
	KUNIT_EXPECT_EQ(test, abort_it(b.update), -EBADFD);
	KUNIT_EXPECT_EQ(test, b.new->state, REWIRE_ENCLAVE_RUNNING);
	end_both(&b);
}

/* What is in the world cannot be changed any more; these numbers neither. */
static struct kunit_case update_end_cases[] = {
	KUNIT_CASE(aborted_goes_back_to_the_old_version),
	KUNIT_CASE(abort_on_trial_waits_for_the_journal),
	KUNIT_CASE(abort_before_trial_needs_no_journal),
	KUNIT_CASE(loaded_is_given_up_after_a_time),
	KUNIT_CASE(handover_has_a_deadline_of_its_own),
	KUNIT_CASE(trial_waits_for_the_old_checkpoint),
	KUNIT_CASE(switch_has_its_conditions),
	KUNIT_CASE(commands_in_another_state_are_refused),
	KUNIT_CASE(switched_the_new_version_is_the_instance),
	{}
};

static struct kunit_suite update_end_suite = {
	.name = "rewire_update_end",
	.init = life_init,
	.exit = life_exit,
	.test_cases = update_end_cases,
};

kunit_test_suite(update_end_suite);
