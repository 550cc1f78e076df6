// SPDX-License-Identifier: MIT
/*
 * What is done after a crash: the rules that the tables have to keep, whatever
 * is in them.
 */
#include <errno.h>

#include "test.h"

#include "decide.h"

static bool is_source(__u32 state)
{
	return state <= REWIRE_SESSION_DESTROYED ||
	       state == REWIRE_SESSION_ABORTED;
}

static bool is_target(__u32 state)
{
	return state >= REWIRE_SESSION_RECEIVING &&
	       state <= REWIRE_SESSION_ABORTED;
}

/* An instance is made, or goes on, only where no other can come from. */
static void nothing_runs_undecided(void **state)
{
	(void)state;
	for (__u32 s = 0; s <= REWIRE_SESSION_ABORTED; s++)
		for (int image = 0; image < IMAGES; image++)
			for (int kept = 0; kept < KEPTS; kept++) {
				enum action a = decide_source(s, image, kept);
				enum action b = decide_target(s, image, kept,
							      kept);

				if (s != REWIRE_SESSION_ABORTED) {
					assert_int_not_equal(a, ACTION_RESTORE);
					assert_int_not_equal(a, ACTION_ENTER);
				}
				if (s != REWIRE_SESSION_ACTIVE) {
					assert_int_not_equal(b, ACTION_RESTORE);
					assert_int_not_equal(b, ACTION_ENTER);
				}
			}
}

/* What a side may fall back on goes only when the migration is decided. */
static void nothing_is_dropped_undecided(void **state)
{
	(void)state;
	for (__u32 s = 0; s <= REWIRE_SESSION_ABORTED; s++)
		for (int image = 0; image < IMAGES; image++)
			for (int kept = 0; kept < KEPTS; kept++) {
				enum action a = decide_source(s, image, kept);
				enum action b = decide_target(s, image, kept,
							      false);

				if (s != REWIRE_SESSION_ABORTED)
					assert_true(a != ACTION_DROP &&
						    a != ACTION_LOST);
				if (s != REWIRE_SESSION_ABORTED &&
				    s != REWIRE_SESSION_ACTIVE)
					assert_true(b != ACTION_DROP &&
						    b != ACTION_LOST);
			}
}

/* The point of no return: nobody aborts where the SM could not, or must not. */
static void nobody_aborts_too_late(void **state)
{
	(void)state;
	for (int image = 0; image < IMAGES; image++)
		for (int kept = 0; kept < KEPTS; kept++) {
			assert_int_equal(decide_source(
				REWIRE_SESSION_RELINQUISHED, image, kept),
				ACTION_START);
			assert_int_equal(decide_source(
				REWIRE_SESSION_DESTROYED, image, kept),
				ACTION_RECEIPT);
			assert_int_not_equal(decide_target(
				REWIRE_SESSION_ACTIVE, image, kept, false),
				ACTION_ABORT);
		}
	/* Its peer may have the only image. */
	assert_int_equal(decide_source(REWIRE_SESSION_FROZEN, IMAGE_NONE,
				       KEPT_NONE), ACTION_ASK);
	assert_int_equal(decide_source(REWIRE_SESSION_FROZEN, IMAGE_NONE,
				       KEPT_MINE), ACTION_ASK);
}

/* A whole checkpoint is never given up on without asking the SM. */
static void what_is_kept_is_tried(void **state)
{
	(void)state;
	assert_int_equal(decide_source(REWIRE_SESSION_ABORTED, IMAGE_NONE,
				       KEPT_MINE), ACTION_RESTORE);
	assert_int_equal(decide_source(REWIRE_SESSION_ABORTED, IMAGE_NONE,
				       KEPT_NONE), ACTION_LOST);
	assert_int_equal(decide_target(REWIRE_SESSION_PREPARED, IMAGE_NONE,
				       KEPT_MINE, false), ACTION_RELOAD);
	assert_int_equal(decide_target(REWIRE_SESSION_PREPARED, IMAGE_NONE,
				       KEPT_NONE, false), ACTION_ABORT);
	assert_int_equal(decide_target(REWIRE_SESSION_ACTIVE, IMAGE_NONE,
				       KEPT_MINE, false), ACTION_RESTORE);
	assert_int_equal(decide_target(REWIRE_SESSION_PREPARED, IMAGE_IDLE,
				       KEPT_NONE, false), ACTION_KEEP);
	assert_int_equal(decide_target(REWIRE_SESSION_PREPARED, IMAGE_IDLE,
				       KEPT_NONE, true), ACTION_WAIT);
}

/* Every state of a side leads somewhere, but where another thread has it. */
static void every_state_has_an_action(void **state)
{
	(void)state;
	for (__u32 s = 0; s <= REWIRE_SESSION_ABORTED; s++)
		for (int image = 0; image < IMAGES; image++)
			for (int kept = 0; kept < KEPTS; kept++) {
				if (is_source(s))
					assert_int_not_equal(
						decide_source(s, image, kept),
						ACTION_WAIT);
				if (is_target(s) &&
				    s > REWIRE_SESSION_PREPARED)
					assert_int_not_equal(
						decide_target(s, image, kept,
							      false),
						ACTION_WAIT);
			}
	/* States of the future are nobody's here. */
	assert_int_equal(decide_source(REWIRE_SESSION_STATES, IMAGE_NONE,
				       KEPT_MINE), ACTION_WAIT);
	assert_int_equal(decide_target(UINT32_MAX, IMAGE_NONE, KEPT_MINE,
				       false), ACTION_WAIT);
}

static void ready_is_borne_out_by_the_disk(void **state)
{
	(void)state;
	assert_true(decide_ready(IMAGE_IDLE, KEPT_MINE, false));
	assert_true(decide_ready(IMAGE_NONE, KEPT_MINE, false));
	assert_false(decide_ready(IMAGE_IDLE, KEPT_NONE, false));
	assert_false(decide_ready(IMAGE_NONE, KEPT_NONE, false));
	assert_true(decide_ready(IMAGE_IDLE, KEPT_NONE, true));
	assert_false(decide_ready(IMAGE_NONE, KEPT_NONE, true));
}

static void replies(void **state)
{
	(void)state;
	for (int kept = 0; kept < KEPTS; kept++) {
		assert_int_equal(decide_reply(REPLY_READY, kept), ACTION_START);
		assert_int_equal(decide_reply(REPLY_ABORTED, kept),
				 ACTION_START);
		assert_int_equal(decide_reply(REPLY_EARLY, kept), ACTION_WAIT);
	}
	assert_int_equal(decide_reply(REPLY_UNKNOWN, KEPT_MINE), ACTION_ABORT);
	assert_int_equal(decide_reply(REPLY_UNKNOWN, KEPT_NONE), ACTION_WAIT);
}

static void errors_that_pass_are_tried_again(void **state)
{
	static const int passing[] = {
		ENOLINK, EUCLEAN, ENOMEM, EDQUOT, EIO, ENOSPC, EBUSY, EINTR,
		ENOKEY, EMFILE, ENODEV,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		assert_int_equal(decide_restored(-passing[i]), VERDICT_LATER);
	assert_int_equal(decide_restored(0), VERDICT_DONE);
	assert_int_equal(decide_restored(-EEXIST), VERDICT_DONE);
	assert_int_equal(decide_restored(-ESTALE), VERDICT_STALE);
	assert_int_equal(decide_restored(-EBADMSG), VERDICT_BROKEN);
	assert_int_equal(decide_restored(-ENOENT), VERDICT_BROKEN);
	assert_true(decide_is_unfresh(-ENOLINK));
	assert_true(decide_is_unfresh(-EUCLEAN));
	assert_false(decide_is_unfresh(-ESTALE));
	assert_false(decide_is_unfresh(0));
}

/*
 * After an update that was cut off: only the version that the SM decided for comes
 * back, only where none is, and nothing is lost that was kept.
 */
static void updates_come_back_decided(void **state)
{
	(void)state;
	for (__u32 s = 0; s <= UPDATE_UNKNOWN; s++)
		for (int i = 0; i < IMAGES * 4; i++) {
			enum image image = (enum image)(i / 4);
			bool old = i & 1, new = i & 2;
			bool switched = s == REWIRE_UPDATE_SWITCHED;
			bool wanted = switched ? new : old;
			enum recovery r = decide_update(s, image, old, new);

			if (s < REWIRE_UPDATE_SWITCHED) {
				assert_int_equal(r, RECOVERY_ABORT);
				continue;
			}
			assert_int_not_equal(r, RECOVERY_ABORT);
			assert_true(r != RECOVERY_NEW || switched);
			assert_true(r != RECOVERY_OLD || !switched);
			assert_int_equal(r == RECOVERY_NEW || r == RECOVERY_OLD,
					 image == IMAGE_NONE && wanted);
			assert_int_equal(r == RECOVERY_LOST,
					 image == IMAGE_NONE && !wanted);
			assert_int_equal(r == RECOVERY_ENTER,
					 image == IMAGE_IDLE);
			assert_int_equal(r == RECOVERY_DROP,
					 image == IMAGE_RUNS ||
					 image == IMAGE_AWAY);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_runs_undecided),
		cmocka_unit_test(nothing_is_dropped_undecided),
		cmocka_unit_test(nobody_aborts_too_late),
		cmocka_unit_test(what_is_kept_is_tried),
		cmocka_unit_test(every_state_has_an_action),
		cmocka_unit_test(ready_is_borne_out_by_the_disk),
		cmocka_unit_test(replies),
		cmocka_unit_test(errors_that_pass_are_tried_again),
		cmocka_unit_test(updates_come_back_decided),
	};

	return cmocka_run_group_tests_name("peer_decide", tests, NULL, NULL);
}
