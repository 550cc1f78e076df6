// SPDX-License-Identifier: MIT
/*
 * What the helper does by itself: consent, windows, and what may go wrong, with an
 * SM that is played.
 */
#include <errno.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "update_play.h"

#include "events.h"
#include "scratch.h"

static void automatic(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	look();
	assert_int_equal(entry_is(&entry), -1);
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_int_equal(sm.instance.release, 4);
	assert_int_equal(entry.from_release, 3);
	assert_int_equal(entry.to_release, 4);
	assert_int_equal(entry.pause_us, 1234);
	assert_string_equal(entry.package, "a");
	assert_true(has_file(scratch_path(dir, "receipts"), "receipt"));
	/* and once only */
	look();
	assert_int_equal(sm.begun, 1);
}

/* A payload is asked for once somebody agreed, and not before. */
static void payload_is_fetched_by_consent(void **state)
{
	struct entry entry;
	int any;

	(void)state;
	/* No more is looked at than that there is one. */
	helper.fetcher = (struct fetcher *)&any;
	wanted[0] = '\0';
	drop();
	unlink(scratch_path(inbox, "a.payload"));
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_string_equal(wanted, "");
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look();
	assert_string_equal(wanted, "a");
	assert_int_equal(sm.begun, 0);
	/* One that is cut short is as good as none. */
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.payload"),
					   payload, 100, 0600, NULL), 0);
	wanted[0] = '\0';
	look();
	assert_string_equal(wanted, "a");
	assert_int_equal(sm.begun, 0);
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	helper.fetcher = NULL;
}

static void window_that_is_closed(void **state)
{
	time_t now = time(NULL);
	struct tm later;
	struct entry entry;
	char text[256];

	(void)state;
	now += 3 * 24 * 3600;
	localtime_r(&now, &later);
	snprintf(text, sizeof(text),
		 "{\"default\":{\"consent\":\"automatic\",\"windows\":[{\"days\":\"%s\",\"from\":\"00:00\",\"to\":\"24:00\"}]}}",
		 &"sun\0mon\0tue\0wed\0thu\0fri\0sat"[4 * later.tm_wday]);
	policy_is(text);
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(sm.begun, 0);
	/* Who says so need not wait for it. */
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void notify(void **state)
{
	struct entry entry;

	(void)state;
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(sm.begun, 0);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_REJECTED, NULL, NULL), 0);
	look();
	assert_int_equal(sm.begun, 0);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void manual(void **state)
{
	struct entry entry;
	struct task task = {
		.order = order, .payload = payload_fd, .package = "",
		.client = -1,
	};

	(void)state;
	policy_is("{\"default\":{\"consent\":\"manual\"}}");
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look();
	assert_int_equal(sm.begun, 0);
	task.instance = sm.instance;
	assert_int_equal(updates_run(helper.updates, &task, &entry, NULL), 0);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void on_arrival(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	/* It was here when the package came: nothing arrived. */
	drop();
	look();
	assert_int_equal(sm.begun, 0);
	store_set_arrived(&helper.store, workload, true);
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_false(store_is_arrived(&helper.store, workload));
}

/* An arrival counts for what is there then, and not for what comes later. */
static void arrival_is_over(void **state)
{
	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	store_set_arrived(&helper.store, workload, true);
	look();
	assert_false(store_is_arrived(&helper.store, workload));
	drop();
	look();
	assert_int_equal(sm.begun, 0);
}

static void arrival_that_has_to_wait(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	drop();
	store_set_arrived(&helper.store, workload, true);
	sm.busy = 1;
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(entry.error, EBUSY);
	assert_true(store_is_arrived(&helper.store, workload));
	/* Not at once again. */
	look();
	assert_int_equal(sm.begun, 0);
	helper.updates->ledger.entry[0].time -= 60;
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_false(store_is_arrived(&helper.store, workload));
}

static void failure_is_final_until_approved(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.fail[HEALTH] = ECANCELED;
	look();
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	assert_int_equal(entry.error, ECANCELED);
	sm.fail[HEALTH] = 0;
	helper.updates->ledger.entry[0].time -= 60;
	look();
	assert_int_equal(sm.begun, 1);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void refused_by_the_sm(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.fail[START] = ENOKEY;
	look();
	assert_int_equal(entry_is(&entry), ENTRY_REFUSED);
	assert_int_equal(entry.error, ENOKEY);
}

static void withdrawn(void **state)
{
	struct entry entry;

	(void)state;
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(unlink(scratch_path(inbox, "a.package")), 0);
	look();
	assert_int_equal(entry_is(&entry), -1);
	/* So does one whose workload went. */
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	sm.instance.state = REWIRE_ENCLAVE_DESTROYED;
	look();
	assert_int_equal(entry_is(&entry), -1);
}

static void not_for_it(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.instance.release = 5;
	look();
	sm.instance.release = 4;
	look();
	sm.instance.release = 3;
	sm.instance.software[0] ^= 1;
	look();
	assert_int_equal(entry_is(&entry), -1);
	assert_int_equal(sm.begun, 0);
}

static void cancelled(void **state)
{
	struct entry entry, after;

	(void)state;
	drop();
	look();
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(updates_cancel(helper.updates, entry.id, &after, NULL),
			 0);
	assert_int_equal(after.decision, DECISION_REJECTED);
	memset(after.id, 9, sizeof(after.id));
	assert_int_equal(updates_cancel(helper.updates, after.id, &after, NULL),
			 -ENOENT);
}

/* The guard that a cancel wakes may be at the SM before it, or after it. */
static void cancel_once_more(void)
{
	struct entry entry;

	assert_int_equal(entry_is(&entry), ENTRY_RUNNING);
	for (int i = 0; i < 2; i++)
		assert_int_equal(updates_cancel(helper.updates, entry.id,
						&entry, NULL), 0);
	sm.fail[HEALTH] = ECANCELED;
}

static void cancelled_in_its_trial(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.in_trial = cancel_once_more;
	look();
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	assert_string_equal(entry.reason, "cancelled, as somebody asked for");
}

/* A client that hangs up cancels; a helper that stops leaves what can wait. */
static void ended_from_outside(void **state)
{
	struct task task = {
		.order = order, .payload = payload_fd, .package = "",
		.instance = sm.instance,
	};
	struct rewire_error err;
	struct entry entry;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	close(pair[1]);
	task.client = pair[0];
	assert_int_equal(updates_run(helper.updates, &task, &entry, &err),
			 -ECANCELED);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	close(pair[0]);

	task.client = -1;
	task.package = "a";
	ledger_remove(&helper.updates->ledger, entry.id);
	eventfd_write(helper.stop, 1);
	assert_int_equal(updates_run(helper.updates, &task, &entry, &err),
			 -ESHUTDOWN);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_updater(automatic),
		with_updater(payload_is_fetched_by_consent),
		with_updater(window_that_is_closed),
		with_updater(notify),
		with_updater(manual),
		with_updater(on_arrival),
		with_updater(arrival_is_over),
		with_updater(arrival_that_has_to_wait),
		with_updater(failure_is_final_until_approved),
		with_updater(refused_by_the_sm),
		with_updater(withdrawn),
		with_updater(not_for_it),
		with_updater(cancelled),
		with_updater(cancelled_in_its_trial),
		test(ended_from_outside),
	};

	return cmocka_run_group_tests_name("update_flow", tests,
					   fixture_set_up, fixture_tear_down);
}
