// SPDX-License-Identifier: MIT
/*
 * The ledger of updates: what it says after a restart, what people may decide, and
 * what makes room.
 */
#include <errno.h>
#include <unistd.h>

#include "test.h"

#include "ledger.h"
#include "log.h"
#include "scratch.h"

static char *folder;
static struct ledger ledger;

static int open_ledger(void **state)
{
	(void)state;
	log_open(LOG_LEVEL_ERROR);
	folder = scratch_make();
	return ledger_open(&ledger, scratch_path(folder, "updates"), NULL);
}

static int remove_ledger(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static void reopen(void)
{
	assert_int_equal(ledger_open(&ledger, scratch_path(folder, "updates"),
				     NULL), 0);
}

static struct entry entry_of(__u8 id, enum entry_state state)
{
	struct entry entry = {
		.id = { id },
		.workload = { 1, id },
		.software = { 2 },
		.state = state,
		.is_volatile = true,
		.from_release = 3,
		.from_svn = 4,
		.to_release = UINT64_MAX - 1,
		.to_svn = 6,
		.memory = 1 << 20,
		.ms = 7,
		.pause_us = 8,
		.error = EBUSY,
		.package = "name \"with\" \xc3\xa4",
		.reason = "a migration\nhas it",
	};

	return entry;
}

static void same(const struct entry *a, const struct entry *b)
{
	assert_memory_equal(a->id, b->id, REWIRE_ID_SIZE);
	assert_memory_equal(a->workload, b->workload, REWIRE_ID_SIZE);
	assert_memory_equal(a->software, b->software, REWIRE_ID_SIZE);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->decision, b->decision);
	assert_int_equal(a->is_volatile, b->is_volatile);
	assert_true(a->from_release == b->from_release);
	assert_true(a->from_svn == b->from_svn);
	assert_true(a->to_release == b->to_release);
	assert_true(a->to_svn == b->to_svn);
	assert_true(a->memory == b->memory);
	assert_true(a->ms == b->ms);
	assert_true(a->pause_us == b->pause_us);
	assert_int_equal(a->error, b->error);
	assert_string_equal(a->package, b->package);
	assert_string_equal(a->reason, b->reason);
}

static void text_there_and_back(void **state)
{
	(void)state;
	for (int s = 0; s < ENTRY_STATES; s++)
		for (int d = 0; d < DECISIONS; d++) {
			struct entry in = entry_of(9, (enum entry_state)s), out;
			char *text;

			in.decision = (enum decision)d;
			in.time = 1234567890;
			text = entry_encode(&in);
			assert_non_null(text);
			assert_int_equal(entry_decode(text, strlen(text), &out,
						      NULL), 0);
			same(&in, &out);
			assert_true(out.time == in.time);
			for (size_t n = strlen(text) - 1; n; n--)
				assert_int_equal(entry_decode(text, n, &out,
							      NULL), -EBADMSG);
			free(text);
		}
}

static void text_that_is_none(void **state)
{
	static const char *const spoilt[] = {
		"\"state\": \"pending\"", "\"state\": \"nothing\"",
		"\"decision\": \"none\"", "\"decision\": \"maybe\"",
		"\"errno\": 16", "\"errno\": \"16\"",
		"\"ms\": 7", "\"more\": 7",
	};
	struct entry in = entry_of(9, ENTRY_PENDING), out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spoilt); i += 2) {
		char *text = entry_encode(&in), changed[4096];
		char *at = strstr(text, spoilt[i]);

		assert_non_null(at);
		snprintf(changed, sizeof(changed), "%.*s%s%s",
			 (int)(at - text), text, spoilt[i + 1],
			 at + strlen(spoilt[i]));
		assert_int_equal(entry_decode(changed, strlen(changed), &out,
					      NULL), -EBADMSG);
		free(text);
	}
}

static void survives_a_restart(void **state)
{
	struct entry in = entry_of(1, ENTRY_RUNNING), out;

	(void)state;
	assert_int_equal(ledger_put(&ledger, &in, NULL), 0);
	in.state = ENTRY_SWITCHED;
	assert_int_equal(ledger_put(&ledger, &in, NULL), 0);
	/* Not a file of ours, and one that was cut. */
	assert_int_equal(rewire_file_write(scratch_path(folder, "updates/x.json"),
					   "{", 1, 0600, NULL), 0);
	reopen();
	assert_int_equal(ledger.count, 1);
	assert_true(ledger_get(&ledger, in.id, &out));
	same(&in, &out);
	assert_true(out.time > 0);
	ledger_remove(&ledger, in.id);
	assert_false(ledger_get(&ledger, in.id, &out));
	reopen();
	assert_int_equal(ledger.count, 0);
}

static void begins_once(void **state)
{
	struct entry first = entry_of(1, ENTRY_PENDING), again;
	struct rewire_error err;

	(void)state;
	first.decision = DECISION_APPROVED;
	assert_int_equal(ledger_put(&ledger, &first, NULL), 0);
	again = entry_of(1, ENTRY_PENDING);
	again.package[0] = '\0';
	assert_int_equal(ledger_begin(&ledger, &again, &err), 0);
	assert_int_equal(again.state, ENTRY_RUNNING);
	/* What people said, and where it came from, is not lost. */
	assert_int_equal(again.decision, DECISION_APPROVED);
	assert_string_equal(again.package, first.package);
	assert_int_equal(ledger_begin(&ledger, &again, &err), -EBUSY);
	again.state = ENTRY_ABORTED;
	assert_int_equal(ledger_put(&ledger, &again, NULL), 0);
	assert_int_equal(ledger_begin(&ledger, &again, &err), 0);
}

static void decisions(void **state)
{
	static const struct {
		enum entry_state before;
		bool inbox;
		enum decision decision;
		int error;
		enum entry_state after;
	} rows[] = {
		{ ENTRY_PENDING, true, DECISION_APPROVED, 0, ENTRY_PENDING },
		{ ENTRY_PENDING, true, DECISION_REJECTED, 0, ENTRY_PENDING },
		{ ENTRY_RUNNING, true, DECISION_APPROVED, EBUSY, 0 },
		{ ENTRY_RUNNING, true, DECISION_REJECTED, EBUSY, 0 },
		{ ENTRY_SWITCHED, true, DECISION_APPROVED, EALREADY, 0 },
		{ ENTRY_SWITCHED, true, DECISION_REJECTED, EALREADY, 0 },
		{ ENTRY_ABORTED, true, DECISION_APPROVED, 0, ENTRY_PENDING },
		{ ENTRY_ABORTED, true, DECISION_REJECTED, 0, ENTRY_ABORTED },
		{ ENTRY_REFUSED, true, DECISION_APPROVED, 0, ENTRY_PENDING },
		{ ENTRY_LOST, true, DECISION_APPROVED, 0, ENTRY_PENDING },
		{ ENTRY_ABORTED, false, DECISION_APPROVED, EINVAL, 0 },
		{ ENTRY_REFUSED, false, DECISION_REJECTED, 0, ENTRY_REFUSED },
	};
	struct rewire_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = entry_of(1, rows[i].before), after;
		int rc;

		if (!rows[i].inbox)
			entry.package[0] = '\0';
		assert_int_equal(ledger_put(&ledger, &entry, NULL), 0);
		rc = ledger_decide(&ledger, entry.id, rows[i].decision, &after,
				   &err);
		if (rc != -rows[i].error)
			fail_msg("row %zu: %d", i, rc);
		if (rc)
			continue;
		assert_int_equal(after.state, rows[i].after);
		assert_int_equal(after.decision, rows[i].decision);
		if (rows[i].decision == DECISION_APPROVED)
			assert_int_equal(after.error, 0);
		reopen();
		assert_true(ledger_get(&ledger, entry.id, &after));
		assert_int_equal(after.decision, rows[i].decision);
	}
	assert_int_equal(ledger_decide(&ledger, (__u8[REWIRE_ID_SIZE]){ 77 },
				       DECISION_APPROVED, NULL, &err), -ENOENT);
}

static void room(void **state)
{
	struct entry entry, *entries;

	(void)state;
	for (int i = 0; i < LEDGER_MAX; i++) {
		entry = entry_of((__u8)i, i ? ENTRY_PENDING : ENTRY_SWITCHED);
		assert_int_equal(ledger_put(&ledger, &entry, NULL), 0);
	}
	entry = entry_of(0, ENTRY_PENDING);
	entry.id[1] = 1;
	/* The one that is over makes room, and only that. */
	assert_int_equal(ledger_put(&ledger, &entry, NULL), 0);
	assert_false(ledger_get(&ledger, (__u8[REWIRE_ID_SIZE]){ 0 }, &entry));
	entry = entry_of(0, ENTRY_PENDING);
	entry.id[1] = 2;
	assert_int_equal(ledger_put(&ledger, &entry, NULL), -EDQUOT);
	reopen();
	assert_int_equal(ledger_list(&ledger, &entries), LEDGER_MAX);
	free(entries);
}

static void latest_first(void **state)
{
	struct entry *entries;

	(void)state;
	for (__u8 i = 1; i <= 3; i++) {
		struct entry entry = entry_of(i, ENTRY_SWITCHED);

		assert_int_equal(ledger_put(&ledger, &entry, NULL), 0);
		ledger.entry[ledger.count - 1].time = i == 2 ? 900 : 100u * i;
	}
	assert_int_equal(ledger_list(&ledger, &entries), 3);
	assert_int_equal(entries[0].id[0], 2);
	assert_int_equal(entries[1].id[0], 3);
	assert_int_equal(entries[2].id[0], 1);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_there_and_back),
		cmocka_unit_test(text_that_is_none),
		cmocka_unit_test_setup_teardown(survives_a_restart, open_ledger,
						remove_ledger),
		cmocka_unit_test_setup_teardown(begins_once, open_ledger,
						remove_ledger),
		cmocka_unit_test_setup_teardown(decisions, open_ledger,
						remove_ledger),
		cmocka_unit_test_setup_teardown(room, open_ledger,
						remove_ledger),
		cmocka_unit_test_setup_teardown(latest_first, open_ledger,
						remove_ledger),
	};

	return cmocka_run_group_tests_name("update_ledger", tests, NULL, NULL);
}
