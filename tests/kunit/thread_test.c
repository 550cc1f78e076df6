// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slot table: who may come, how many, and what of it travels.
 */
#include <kunit/test.h>

#include "../../kmod/enclave.h"
#include "world.h"

#define MOST	4

struct threads {
	struct rewire_sm *sm;
	struct rewire_enclave *enclave;
};

static int init(struct kunit *test)
{
	struct threads *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->sm = world_sm(test, 'a', false);
	t->enclave = world_enclave(test, t->sm);
	t->enclave->manifest.max_threads = MOST;
	t->enclave->state = REWIRE_ENCLAVE_RUNNING;
	t->enclave->slot[0].state = REWIRE_SLOT_LIVE;
	return 0;
}

static void done(struct kunit *test)
{
	struct threads *t = test->priv;

	if (!t)
		return;
	world_enclave_free(t->enclave);
	world_sm_free(t->sm);
}

#define SLOT(from, event)						\
	rewire_slot_next(REWIRE_SLOT_##from, REWIRE_SLOT_EV_##event)

static void arcs_stay_in_range(struct kunit *test)
{
	u32 state, event;

	for (state = 0; state < REWIRE_SLOT_STATES; state++) {
		for (event = 0; event < REWIRE_SLOT_EV_COUNT; event++) {
			int next = rewire_slot_next(state, event);

			KUNIT_EXPECT_TRUE(test, next == -EBADFD ||
					  (next >= 0 &&
					   next < REWIRE_SLOT_STATES));
		}
	}
	KUNIT_EXPECT_EQ(test, rewire_slot_next(REWIRE_SLOT_STATES, 0), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_slot_next(0, REWIRE_SLOT_EV_COUNT),
			-EBADFD);
}

/* Nobody comes but where a thread is expected. */
static void who_arrives_was_expected(struct kunit *test)
{
	u32 state;

	for (state = 0; state < REWIRE_SLOT_STATES; state++)
		KUNIT_EXPECT_EQ(test, rewire_slot_next(state,
						REWIRE_SLOT_EV_ARRIVE) >= 0,
				state == REWIRE_SLOT_STARTING ||
				state == REWIRE_SLOT_RETURNING);
	/* one whose registers are elsewhere does not run before all have come */
	KUNIT_EXPECT_EQ(test, SLOT(RETURNING, GO), -EBADFD);
	KUNIT_EXPECT_EQ(test, SLOT(RETURNING, ARRIVE), REWIRE_SLOT_ARRIVED);
	/* what did not run is complete */
	KUNIT_EXPECT_EQ(test, SLOT(ARRIVED, RETREAT), REWIRE_SLOT_PARKED);
	KUNIT_EXPECT_EQ(test, SLOT(LIVE, RETREAT), -EBADFD);
	/* one that has no frame is not parked */
	KUNIT_EXPECT_EQ(test, SLOT(STARTING, PARK), -EBADFD);
	KUNIT_EXPECT_EQ(test, SLOT(LEAVING, PARK), -EBADFD);
}

static void as_many_as_the_manifest_says(struct kunit *test)
{
	struct threads *t = test->priv;
	int i;

	mutex_lock(&t->enclave->lock);
	for (i = 1; i < MOST; i++)
		KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), i);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), -EDQUOT);
	KUNIT_EXPECT_EQ(test, rewire_threads_count(t->enclave), MOST);
	KUNIT_EXPECT_EQ(test, rewire_thread_abandon(t->enclave, 2), 0);
	KUNIT_EXPECT_EQ(test, rewire_thread_abandon(t->enclave, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_thread_abandon(t->enclave, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_thread_abandon(t->enclave, MOST), -EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_thread_abandon(t->enclave, U64_MAX),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), 2);
	t->enclave->manifest.max_threads = 1;
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), -EDQUOT);
	mutex_unlock(&t->enclave->lock);
}

static void a_task_has_one_slot(struct kunit *test)
{
	struct threads *t = test->priv;

	mutex_lock(&t->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 1), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), 1);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), 2);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, MOST), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 1), 1);
	KUNIT_EXPECT_EQ(test, t->enclave->slot[1].state, REWIRE_SLOT_LIVE);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 1), -EBADFD);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 2), -EBADFD);
	KUNIT_EXPECT_EQ(test, t->enclave->slot[2].state, REWIRE_SLOT_STARTING);
	mutex_unlock(&t->enclave->lock);
}

/* Each way in which one is not parked keeps the whole from standing still. */
static void still_when_all_are_parked(struct kunit *test)
{
	struct threads *t = test->priv;
	struct rewire_slot *slot = t->enclave->slot;
	u32 state;

	mutex_lock(&t->enclave->lock);
	slot[0].state = REWIRE_SLOT_PARKED;
	slot[2].state = REWIRE_SLOT_PARKED;
	for (state = 0; state < REWIRE_SLOT_STATES; state++) {
		slot[1].state = state;
		/* one that is alive, where a task is looked at */
		slot[1].task = current;
		KUNIT_EXPECT_EQ(test, rewire_threads_still(t->enclave),
				state == REWIRE_SLOT_FREE ||
				state == REWIRE_SLOT_PARKED);
	}
	slot[1].task = NULL;
	slot[1].state = REWIRE_SLOT_FREE;
	mutex_unlock(&t->enclave->lock);
}

static void none_goes_on_before_all_are_back(struct kunit *test)
{
	struct threads *t = test->priv;
	struct rewire_slot *slot = t->enclave->slot;

	mutex_lock(&t->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), 1);
	KUNIT_EXPECT_EQ(test, rewire_thread_reserve(t->enclave), 2);
	slot[0].state = REWIRE_SLOT_PARKED;
	slot[1].state = REWIRE_SLOT_PARKED;
	slot[2].state = REWIRE_SLOT_PARKED;
	KUNIT_EXPECT_EQ(test, rewire_threads_recall(t->enclave), 0x6);
	KUNIT_EXPECT_TRUE(test, rewire_threads_returning(t->enclave));
	slot[0].state = REWIRE_SLOT_ARRIVED;
	slot[1].state = REWIRE_SLOT_ARRIVED;
	rewire_threads_go(t->enclave);
	KUNIT_EXPECT_EQ(test, slot[0].state, REWIRE_SLOT_ARRIVED);
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 2), 0);
	KUNIT_EXPECT_FALSE(test, rewire_threads_returning(t->enclave));
	KUNIT_EXPECT_EQ(test, slot[0].state, REWIRE_SLOT_LIVE);
	KUNIT_EXPECT_EQ(test, slot[1].state, REWIRE_SLOT_LIVE);
	KUNIT_EXPECT_EQ(test, slot[2].state, REWIRE_SLOT_LIVE);
	mutex_unlock(&t->enclave->lock);
}

static void a_lost_process_leaves_the_image(struct kunit *test)
{
	struct threads *t = test->priv;
	struct rewire_slot *slot = t->enclave->slot;

	mutex_lock(&t->enclave->lock);
	slot[0].state = REWIRE_SLOT_ARRIVED;
	slot[1].state = REWIRE_SLOT_RETURNING;
	slot[2].state = REWIRE_SLOT_RETURNING;
	KUNIT_EXPECT_EQ(test, rewire_thread_arrive(t->enclave, 2), 0);
	KUNIT_EXPECT_PTR_EQ(test, slot[2].task, current);
	rewire_threads_lost(t->enclave);
	KUNIT_EXPECT_TRUE(test, rewire_threads_still(t->enclave));
	KUNIT_EXPECT_EQ(test, rewire_threads_count(t->enclave), 3);
	KUNIT_EXPECT_NULL(test, slot[2].task);
	mutex_unlock(&t->enclave->lock);
}

static void the_set_travels(struct kunit *test)
{
	struct threads *t = test->priv;
	struct rewire_slot *slot = t->enclave->slot;
	u64 others;

	mutex_lock(&t->enclave->lock);
	slot[0].state = REWIRE_SLOT_PARKED;
	KUNIT_EXPECT_EQ(test, rewire_threads_pack(t->enclave), 0);
	slot[1].state = REWIRE_SLOT_PARKED;
	slot[3].state = REWIRE_SLOT_PARKED;
	others = rewire_threads_pack(t->enclave);
	KUNIT_EXPECT_EQ(test, others, 0xa);
	memset(slot, 0, sizeof(t->enclave->slot));
	/* the first is no other, and there are no more than the manifest allows */
	KUNIT_EXPECT_EQ(test, rewire_threads_unpack(t->enclave, 1), -EBADMSG);
	KUNIT_EXPECT_EQ(test, rewire_threads_unpack(t->enclave, BIT(MOST)),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, rewire_threads_unpack(t->enclave, BIT_ULL(63)),
			-EBADMSG);
	KUNIT_EXPECT_EQ(test, rewire_threads_count(t->enclave), 0);
	KUNIT_EXPECT_EQ(test, rewire_threads_unpack(t->enclave, others), 0);
	KUNIT_EXPECT_EQ(test, rewire_threads_count(t->enclave), 3);
	KUNIT_EXPECT_EQ(test, rewire_threads_pack(t->enclave), others);
	KUNIT_EXPECT_TRUE(test, rewire_threads_still(t->enclave));
	mutex_unlock(&t->enclave->lock);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(arcs_stay_in_range),
	KUNIT_CASE(who_arrives_was_expected),
	KUNIT_CASE(as_many_as_the_manifest_says),
	KUNIT_CASE(a_task_has_one_slot),
	KUNIT_CASE(still_when_all_are_parked),
	KUNIT_CASE(none_goes_on_before_all_are_back),
	KUNIT_CASE(a_lost_process_leaves_the_image),
	KUNIT_CASE(the_set_travels),
	{}
};

static struct kunit_suite suite = {
	.name = "rewire_thread",
	.init = init,
	.exit = done,
	.test_cases = cases,
};

kunit_test_suite(suite);
