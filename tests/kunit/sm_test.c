// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SM's registries and accounts: one place per workload, epochs that only
 * grow, memory up to the limit.
 */
#include "util.h"
#include "world.h"

struct place {
	struct rewire_sm *sm;
	struct rewire_enclave *enclave;
	struct rewire_why why;
	u64 epoch;
};

static int place_init(struct kunit *test)
{
	struct place *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	test->priv = p;
	p->sm = world_sm(test, 'a', false);
	return 0;
}

static void place_exit(struct kunit *test)
{
	struct place *p = test->priv;

	if (!p)
		return;
	world_enclave_free(p->enclave);
	world_sm_free(p->sm);
}

static int claim(struct place *p, u64 least, bool checkpoint)
{
	memset(&p->why, 0, sizeof(p->why));
	return rewire_workload_claim(p->sm, WORLD_WORKLOAD, least, checkpoint,
				     &p->epoch, &p->why);
}

static void put(struct place *p, u64 epoch, u32 place)
{
	rewire_workload_set(p->sm, WORLD_WORKLOAD, epoch, place);
}

static void workload_first_starts_in_epoch_1(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_EXPECT_EQ(test, claim(p, 0, false), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 1ULL);
}

static void workload_lives_once(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), -EEXIST);
	KUNIT_EXPECT_EQ(test, claim(p, 1, true), -EEXIST);
	KUNIT_EXPECT_EQ(test, claim(p, 99, false), -EEXIST);
	KUNIT_EXPECT_EQ(test, p->epoch, 1ULL);
	KUNIT_EXPECT_NE(test, p->why.text[0], 0);
}

static void workload_destroyed_may_start_again_later(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	put(p, 1, REWIRE_PLACE_NONE);
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 2ULL);
}

static int run_in(struct place *p, u64 epoch)
{
	u64 records;

	return rewire_workload_runs(p->sm, WORLD_WORKLOAD, epoch, &records, NULL);
}

static void workload_comes_back_from_its_last_checkpoint_only(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	KUNIT_ASSERT_EQ(test, run_in(p, 5), 0);
	put(p, 5, REWIRE_PLACE_NONE);
	KUNIT_EXPECT_EQ(test, claim(p, 4, true), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 5, true), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 6ULL);
}

/* Until it ran, the same state may come back as often as it takes. */
static void workload_that_never_ran_comes_back_again(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 5, true), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 6ULL);
	put(p, 6, REWIRE_PLACE_NONE);
	KUNIT_ASSERT_EQ(test, claim(p, 5, true), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 7ULL);
	KUNIT_ASSERT_EQ(test, run_in(p, 7), 0);
	put(p, 7, REWIRE_PLACE_NONE);
	KUNIT_EXPECT_EQ(test, claim(p, 5, true), -ESTALE);
}

static void counters_only_grow(struct kunit *test)
{
	const struct rewire_luggage came = { .counter = { 1, 9 } };
	struct place *p = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	KUNIT_ASSERT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD, 0,
						REWIRE_COUNTER_ADD, &value), 0);
	KUNIT_ASSERT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD, 0,
						REWIRE_COUNTER_ADD, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 2ULL);
	KUNIT_ASSERT_EQ(test, rewire_workload_arrive(p->sm, WORLD_WORKLOAD,
						     &came, NULL), 0);
	KUNIT_ASSERT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD, 0,
						REWIRE_COUNTER_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 2ULL);
	KUNIT_ASSERT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD, 1,
						REWIRE_COUNTER_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 9ULL);
	KUNIT_EXPECT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD,
						REWIRE_COUNTERS,
						REWIRE_COUNTER_ADD, &value),
			-EINVAL);
}

static void workload_moved_comes_back_later_only(struct kunit *test)
{
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	put(p, 2, REWIRE_PLACE_MOVED);
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), -EREMCHG);
	rewire_workload_floor(p->sm, WORLD_WORKLOAD, 2);
	KUNIT_EXPECT_EQ(test, claim(p, 1, true), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 1, false), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 2, false), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 3ULL);
}

static void workloads_are_apart(struct kunit *test)
{
	static const u8 other[REWIRE_ID_SIZE] = "workload of aln";
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 7, false), 0);
	KUNIT_EXPECT_EQ(test, rewire_workload_claim(p->sm, other, 0, false,
						    &p->epoch, NULL), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 1ULL);
}

static void workload_one_too_many_is_refused(struct kunit *test)
{
	struct place *p = test->priv;

	p->sm->workload_count = REWIRE_MAX_WORKLOADS;
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), -EDQUOT);
	/* and nothing becomes of one that is not known */
	put(p, 3, REWIRE_PLACE_HERE);
	p->sm->workload_count = 0;
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 1ULL);
}

static void charge_up_to_the_limit(struct kunit *test)
{
	struct place *p = test->priv;
	struct rewire_sm *sm = p->sm;

	KUNIT_EXPECT_EQ(test, rewire_sm_charge(sm, WORLD_LIMIT, NULL), 0);
	KUNIT_EXPECT_EQ(test, rewire_sm_charge(sm, 1, &p->why), -EDQUOT);
	KUNIT_EXPECT_NE(test, p->why.text[0], 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&sm->memory_used),
			(u64)WORLD_LIMIT);
	rewire_sm_uncharge(sm, 1);
	KUNIT_EXPECT_EQ(test, rewire_sm_charge(sm, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, rewire_sm_charge(sm, 0, NULL), 0);
	rewire_sm_uncharge(sm, WORLD_LIMIT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&sm->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, rewire_sm_charge(sm, REWIRE_MAX_SPAN, NULL),
			-EDQUOT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&sm->memory_used), 0ULL);
}

static void enclave_is_found_until_destroyed(struct kunit *test)
{
	struct place *p = test->priv;
	struct rewire_enclave *found;
	int error;
	u64 id;

	p->enclave = world_enclave(test, p->sm);
	id = p->enclave->id;
	KUNIT_EXPECT_EQ(test, id, 1ULL);
	found = rewire_sm_find_enclave(p->sm, id);
	KUNIT_EXPECT_PTR_EQ(test, found, p->enclave);
	rewire_enclave_put(found);
	found = rewire_sm_find_workload(p->sm, WORLD_WORKLOAD, &error);
	KUNIT_EXPECT_PTR_EQ(test, found, p->enclave);
	rewire_enclave_put(found);

	mutex_lock(&p->enclave->lock);
	rewire_enclave_wipe(p->enclave, -ECANCELED, "over");
	mutex_unlock(&p->enclave->lock);
	KUNIT_EXPECT_NULL(test, rewire_sm_find_enclave(p->sm, id));
	KUNIT_EXPECT_NULL(test, rewire_sm_find_workload(p->sm, WORLD_WORKLOAD,
							&error));
	KUNIT_EXPECT_EQ(test, error, -ENOENT);
	put(p, 2, REWIRE_PLACE_MOVED);
	KUNIT_EXPECT_NULL(test, rewire_sm_find_workload(p->sm, WORLD_WORKLOAD,
							&error));
	KUNIT_EXPECT_EQ(test, error, -EREMCHG);
}

static void enclave_numbers_are_not_used_again(struct kunit *test)
{
	struct rewire_enclave *enclave[3];
	struct place *p = test->priv;
	u64 ids[2] = {};
	int i;

	for (i = 0; i < 3; i++) {
		enclave[i] = world_new(test, p->sm, REWIRE_ENCLAVE_RECEIVING);
		KUNIT_EXPECT_EQ(test, enclave[i]->id, i + 1ULL);
	}
	world_enclave_free(enclave[1]);
	KUNIT_EXPECT_EQ(test, rewire_sm_list(p->sm, ids, 1), 2);
	KUNIT_EXPECT_EQ(test, ids[0], 1ULL);
	KUNIT_EXPECT_EQ(test, ids[1], 0ULL);
	KUNIT_EXPECT_EQ(test, rewire_sm_list(p->sm, ids, 2), 2);
	KUNIT_EXPECT_EQ(test, ids[1], 3ULL);
	enclave[1] = world_new(test, p->sm, REWIRE_ENCLAVE_RECEIVING);
	KUNIT_EXPECT_EQ(test, enclave[1]->id, 4ULL);
	for (i = 0; i < 3; i++)
		world_enclave_free(enclave[i]);
	KUNIT_EXPECT_EQ(test, p->sm->enclave_count, 0);
}

/* One that was refused has no number, and takes no other one out with it. */
static void enclave_one_too_many_is_refused(struct kunit *test)
{
	struct place *p = test->priv;
	struct rewire_enclave *late;

	late = rewire_enclave_create(p->sm, &world_layout,
				     REWIRE_ENCLAVE_RECEIVING, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, late);
	p->sm->enclave_count = REWIRE_MAX_ENCLAVES;
	KUNIT_EXPECT_EQ(test, rewire_sm_add_enclave(p->sm, late, &p->why),
			-EDQUOT);
	p->sm->enclave_count = 0;
	KUNIT_EXPECT_EQ(test, late->id, 0ULL);
	p->enclave = world_new(test, p->sm, REWIRE_ENCLAVE_RECEIVING);
	world_enclave_free(late);
	KUNIT_EXPECT_EQ(test, p->sm->enclave_count, 1);
}

/* What runs on from a checkpoint makes that one stale. */
static void epoch_rises_after_a_checkpoint(struct kunit *test)
{
	struct place *p = test->priv;

	p->enclave = world_enclave(test, p->sm);
	mutex_lock(&p->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_enclave_outdate(p->enclave, NULL), 0);
	KUNIT_EXPECT_EQ(test, p->enclave->epoch, 1ULL);
	p->enclave->checkpointed = true;
	KUNIT_EXPECT_EQ(test, rewire_enclave_outdate(p->enclave, NULL), 0);
	KUNIT_EXPECT_EQ(test, rewire_enclave_outdate(p->enclave, NULL), 0);
	KUNIT_EXPECT_EQ(test, p->enclave->epoch, 2ULL);
	rewire_enclave_wipe(p->enclave, -ECANCELED, "over");
	mutex_unlock(&p->enclave->lock);
	KUNIT_EXPECT_EQ(test, claim(p, 1, true), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 2, true), 0);
}

static void enclave_wiped_when_relinquished_has_moved(struct kunit *test)
{
	struct place *p = test->priv;

	p->enclave = world_enclave(test, p->sm);
	mutex_lock(&p->enclave->lock);
	p->enclave->state = REWIRE_ENCLAVE_FROZEN;
	p->enclave->relinquished = true;
	rewire_enclave_wipe(p->enclave, -ECANCELED, "attacked");
	mutex_unlock(&p->enclave->lock);
	KUNIT_EXPECT_EQ(test, p->enclave->calls->closed, -EREMCHG);
	KUNIT_EXPECT_EQ(test, claim(p, 1, true), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 0, false), -EREMCHG);
}

static void enclave_in_a_migration_is_not_destroyed_by_name(struct kunit *test)
{
	struct place *p = test->priv;

	p->enclave = world_enclave(test, p->sm);
	p->enclave->readers = 1;
	KUNIT_EXPECT_EQ(test, rewire_enclave_destroy(p->enclave, "over", NULL),
			-EBUSY);
	p->enclave->readers = 0;
	KUNIT_EXPECT_EQ(test, rewire_enclave_destroy(p->enclave, "over", NULL),
			0);
	KUNIT_EXPECT_EQ(test, rewire_enclave_destroy(p->enclave, "over", NULL),
			-EBADFD);
}

/* ---- the version floor ---- */

static int allows(struct place *p, u8 software, u64 release, u64 svn)
{
	struct rewire_manifest manifest = { .release = release, .svn = svn };

	memset(manifest.software, software, sizeof(manifest.software));
	memset(&p->why, 0, sizeof(p->why));
	return rewire_workload_allows(p->sm, WORLD_WORKLOAD, &manifest,
				      &p->why);
}

static struct rewire_least least(u8 software, u64 release, u64 svn)
{
	struct rewire_least least = { .release = release, .svn = svn };

	memset(least.software, software, sizeof(least.software));
	return least;
}

static void version_below_the_floor_is_refused(struct kunit *test)
{
	const struct rewire_least floor = least('s', 7, 3);
	struct place *p = test->priv;

	/* before the first update anything goes */
	KUNIT_EXPECT_EQ(test, allows(p, 'x', 0, 0), 0);
	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	KUNIT_EXPECT_EQ(test, allows(p, 'x', 0, 0), 0);
	rewire_workload_switched(p->sm, WORLD_WORKLOAD, 2, &floor);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 7, 3), 0);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 8, 4), 0);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 6, 3), -ESTALE);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 7, 2), -ESTALE);
	KUNIT_EXPECT_EQ(test, allows(p, 's', U64_MAX, 2), -ESTALE);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 6, U64_MAX), -ESTALE);
	KUNIT_EXPECT_NE(test, p->why.text[0], 0);
	KUNIT_EXPECT_EQ(test, allows(p, 'x', 8, 4), -EPERM);
}

/* It raises epoch and floor of the state as well, and never lowers them. */
static void switch_outdates_the_old_state(struct kunit *test)
{
	const struct rewire_least floor = least('s', 7, 3);
	struct place *p = test->priv;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	rewire_workload_switched(p->sm, WORLD_WORKLOAD, 9, &floor);
	rewire_workload_switched(p->sm, WORLD_WORKLOAD, 4, &floor);
	put(p, 0, REWIRE_PLACE_NONE);
	KUNIT_EXPECT_EQ(test, claim(p, 8, true), -ESTALE);
	KUNIT_EXPECT_EQ(test, claim(p, 9, true), 0);
	KUNIT_EXPECT_EQ(test, p->epoch, 10ULL);
}

static void floor_goes_along_with_the_workload(struct kunit *test)
{
	const struct rewire_least here = least('s', 7, 3);
	struct rewire_luggage left = {}, came = {
		.least = least('s', 5, 3), .counter = { 4, 0 },
	};
	struct place *p = test->priv;
	u64 value;

	KUNIT_ASSERT_EQ(test, claim(p, 0, false), 0);
	rewire_workload_switched(p->sm, WORLD_WORKLOAD, 2, &here);
	KUNIT_ASSERT_EQ(test, rewire_sm_counter(p->sm, WORLD_WORKLOAD, 1,
						REWIRE_COUNTER_ADD, &value), 0);
	rewire_workload_leave(p->sm, WORLD_WORKLOAD, &left);
	KUNIT_EXPECT_MEMEQ(test, &left.least, &here, sizeof(here));
	KUNIT_EXPECT_EQ(test, left.counter[0], 0ULL);
	KUNIT_EXPECT_EQ(test, left.counter[1], 1ULL);
	/* an update by the root role lowered it elsewhere; counters stay */
	KUNIT_ASSERT_EQ(test, rewire_workload_arrive(p->sm, WORLD_WORKLOAD,
						     &came, NULL), 0);
	rewire_workload_leave(p->sm, WORLD_WORKLOAD, &left);
	KUNIT_EXPECT_MEMEQ(test, &left.least, &came.least, sizeof(here));
	KUNIT_EXPECT_EQ(test, left.counter[0], 4ULL);
	KUNIT_EXPECT_EQ(test, left.counter[1], 1ULL);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 5, 3), 0);
	KUNIT_EXPECT_EQ(test, allows(p, 's', 4, 3), -ESTALE);
}

static struct kunit_case sm_cases[] = {
	KUNIT_CASE(workload_first_starts_in_epoch_1),
	KUNIT_CASE(workload_lives_once),
	KUNIT_CASE(workload_destroyed_may_start_again_later),
	KUNIT_CASE(workload_comes_back_from_its_last_checkpoint_only),
	KUNIT_CASE(workload_moved_comes_back_later_only),
	KUNIT_CASE(workload_that_never_ran_comes_back_again),
	KUNIT_CASE(counters_only_grow),
	KUNIT_CASE(version_below_the_floor_is_refused),
	KUNIT_CASE(switch_outdates_the_old_state),
	KUNIT_CASE(floor_goes_along_with_the_workload),
	KUNIT_CASE(workloads_are_apart),
	KUNIT_CASE(workload_one_too_many_is_refused),
	KUNIT_CASE(charge_up_to_the_limit),
	KUNIT_CASE(enclave_is_found_until_destroyed),
	KUNIT_CASE(enclave_numbers_are_not_used_again),
	KUNIT_CASE(enclave_one_too_many_is_refused),
	KUNIT_CASE(epoch_rises_after_a_checkpoint),
	KUNIT_CASE(enclave_wiped_when_relinquished_has_moved),
	KUNIT_CASE(enclave_in_a_migration_is_not_destroyed_by_name),
	{}
};

static struct kunit_suite sm_suite = {
	.name = "rewire_sm",
	.init = place_init,
	.exit = place_exit,
	.test_cases = sm_cases,
};

kunit_test_suite(sm_suite);
