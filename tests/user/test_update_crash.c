// SPDX-License-Identifier: MIT
/*
 * What becomes of an update when helper or host go down, with an SM that is played.
 */
#include <errno.h>

#include <sys/mman.h>

#include "update_play.h"

static struct entry crashed(const char *package)
{
	struct entry entry = { .state = ENTRY_RUNNING };

	memcpy(entry.workload, workload, REWIRE_ID_SIZE);
	memcpy(entry.software, file.manifest.software, REWIRE_ID_SIZE);
	rewire_update_id(&order->words.package, workload, entry.id, NULL);
	strcpy(entry.package, package);
	assert_int_equal(ledger_put(&helper.updates->ledger, &entry, NULL), 0);
	return entry;
}

static void keep(const struct entry *entry, __u32 version)
{
	char path[STORE_PATH];

	assert_int_equal(rewire_update_checkpoint_path(sm.trials, workload,
						       entry->id, version, path,
						       sizeof(path), NULL), 0);
	assert_int_equal(rewire_file_write(path, version == REWIRE_VERSION_OLD ?
					   "old" : "new", 3, 0600, NULL), 0);
}

static void crashes(void **state)
{
	static const struct {
		const char *what;
		__u32 state;		/* REWIRE_UPDATE_STATES: not known */
		bool host_went;
		bool old, new;		/* kept */
		const char *package;
		enum entry_state after;
		const char *restored;	/* "old", "new", "" */
	} rows[] = {
		{ "helper, while loading", REWIRE_UPDATE_ABORTED, false, false,
		  false, "", ENTRY_ABORTED, "" },
		{ "helper, the SM has not noticed", REWIRE_UPDATE_HANDED, false,
		  true, false, "", ENTRY_ABORTED, "" },
		{ "helper, in trial", REWIRE_UPDATE_ABORTED, false, true, false,
		  "a", ENTRY_ABORTED, "" },
		{ "helper, after the switch", REWIRE_UPDATE_SWITCHED, false,
		  true, true, "", ENTRY_SWITCHED, "" },
		{ "host, before anything was kept", REWIRE_UPDATE_STATES, true,
		  false, false, "", ENTRY_LOST, "" },
		{ "host, handed", REWIRE_UPDATE_STATES, true, true, false, "a",
		  ENTRY_PENDING, "old" },
		{ "host, in trial", REWIRE_UPDATE_ABORTED, true, true, true, "",
		  ENTRY_ABORTED, "old" },
		{ "host, after the switch", REWIRE_UPDATE_SWITCHED, true, true,
		  true, "", ENTRY_SWITCHED, "new" },
		{ "host, after the switch, volatile", REWIRE_UPDATE_SWITCHED,
		  true, false, false, "", ENTRY_LOST, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = crashed(rows[i].package);

		sm.known = rows[i].state != REWIRE_UPDATE_STATES;
		sm.state = rows[i].state;
		sm.file = sm.file < 0 ? memfd_create("u", MFD_CLOEXEC) : sm.file;
		sm.restoring = rows[i].restored;
		sm.old_restored = sm.new_restored = false;
		sm.instance.state = rows[i].host_went ?
				    REWIRE_ENCLAVE_DESTROYED :
				    REWIRE_ENCLAVE_RUNNING;
		if (rows[i].old)
			keep(&entry, REWIRE_VERSION_OLD);
		if (rows[i].new)
			keep(&entry, REWIRE_VERSION_NEW);
		assert_true(updates_recover(helper.updates));
		if (entry_is(&entry) != (int)rows[i].after)
			fail_msg("%s: %s: %s", rows[i].what,
				 entry_state_name(entry.state), entry.reason);
		assert_int_equal(sm.old_restored,
				 !strcmp(rows[i].restored, "old"));
		assert_int_equal(sm.new_restored,
				 !strcmp(rows[i].restored, "new"));
		if (rows[i].restored[0])
			assert_int_equal(sm.instance.state,
					 REWIRE_ENCLAVE_RUNNING);
		assert_false(trials_left());
		ledger_remove(&helper.updates->ledger, entry.id);
	}
}

/* A checkpoint that the SM does not take is not the state that was. */
static void checkpoint_of_no_use(void **state)
{
	struct entry entry = crashed("");

	(void)state;
	sm.instance.state = REWIRE_ENCLAVE_DESTROYED;
	sm.restoring = "neither";
	keep(&entry, REWIRE_VERSION_OLD);
	assert_true(updates_recover(helper.updates));
	assert_int_equal(entry_is(&entry), ENTRY_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(crashes),
		test(checkpoint_of_no_use),
	};

	return cmocka_run_group_tests_name("update_crash", tests,
					   fixture_set_up, fixture_tear_down);
}
