// SPDX-License-Identifier: MIT
/*
 * The helper's state folder, over restarts.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "scratch.h"
#include "store.h"

static struct record make_record(__u8 id, __u32 side, const char *peer)
{
	struct record record = { .side = side };

	memset(record.request_id, id, REWIRE_ID_SIZE);
	memset(record.workload, 0xa0 + id, REWIRE_ID_SIZE);
	snprintf(record.peer, sizeof(record.peer), "%s", peer);
	return record;
}

static int set_up(void **state)
{
	*state = scratch_make();
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

static void open_migrations_survive(void **state)
{
	struct record out = make_record(1, REWIRE_SIDE_SOURCE, "beta@h:1");
	struct record in = make_record(2, REWIRE_SIDE_TARGET, "");
	struct record records[STORE_MAX_OPEN], claimed;
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_empty(&store));
	assert_int_equal(store_begin(&store, &out, NULL), 0);
	assert_int_equal(store_begin(&store, &in, NULL), 0);
	assert_int_equal(store_begin(&store, &out, NULL), -EBUSY);

	/* As after a kill. */
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_int_equal(store_list(&store, records), 2);
	assert_true(store_claim(&store, out.request_id, REWIRE_SIDE_SOURCE,
				&claimed));
	assert_memory_equal(&claimed, &out, sizeof(out));
	assert_false(store_claim(&store, out.request_id, REWIRE_SIDE_SOURCE,
				 &claimed));
	assert_false(store_claim(&store, out.request_id, REWIRE_SIDE_TARGET,
				 &claimed));
	store_release(&store, &out);
	assert_true(store_claim(&store, out.request_id, REWIRE_SIDE_SOURCE,
				&claimed));
	store_end(&store, &out);
	assert_true(store_claim(&store, in.request_id, REWIRE_SIDE_TARGET,
				&claimed));
	assert_memory_equal(&claimed, &in, sizeof(in));
	store_end(&store, &in);
	assert_true(store_empty(&store));

	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_empty(&store));
}

/* What was settled once is not settled again, not by the next process either. */
static void fates_survive(void **state)
{
	struct record out = make_record(4, REWIRE_SIDE_SOURCE, "beta@h:1");
	struct record other = make_record(4, REWIRE_SIDE_TARGET, "");
	struct record records[STORE_MAX_OPEN];
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	out.fate = FATE_PAUSED;
	assert_int_equal(store_begin(&store, &out, NULL), 0);
	assert_int_equal(store_open(&store, *state, NULL), 0);
	store_list(&store, records);
	assert_int_equal(records[0].fate, FATE_PAUSED);
	assert_int_equal(store_settle(&store, &records[0], NULL), 0);
	assert_int_equal(records[0].fate, FATE_SETTLED);
	store_list(&store, records);
	assert_int_equal(records[0].fate, FATE_SETTLED);
	assert_int_equal(store_open(&store, *state, NULL), 0);
	store_list(&store, records);
	assert_int_equal(records[0].fate, FATE_SETTLED);
	assert_string_equal(records[0].peer, "beta@h:1");

	/* Another migration of the same workload, or none. */
	assert_true(store_is_alone(&store, &out));
	memset(other.request_id, 0x77, REWIRE_ID_SIZE);
	assert_int_equal(store_begin(&store, &other, NULL), 0);
	assert_false(store_is_alone(&store, &out));
	store_end(&store, &other);
	assert_true(store_is_alone(&store, &out));
}

static void table_is_bounded(void **state)
{
	struct store store;
	struct record record;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	for (int i = 0; i < STORE_MAX_OPEN; i++) {
		record = make_record((__u8)i, REWIRE_SIDE_SOURCE, "h:1");
		assert_int_equal(store_begin(&store, &record, NULL), 0);
	}
	record = make_record(STORE_MAX_OPEN, REWIRE_SIDE_SOURCE, "h:1");
	assert_int_equal(store_begin(&store, &record, NULL), -EDQUOT);
	record = make_record(0, REWIRE_SIDE_SOURCE, "h:1");
	store_end(&store, &record);
	assert_int_equal(store_begin(&store, &record, NULL), 0);
}

static void moved_workloads_are_found(void **state)
{
	struct record out = make_record(3, REWIRE_SIDE_SOURCE, "new@h:2");
	char peer[ADDRESS_MAX];
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_false(store_get_moved(&store, out.workload, peer));
	assert_int_equal(store_set_moved(&store, out.workload, NULL, NULL), 0);
	assert_int_equal(store_set_moved(&store, out.workload, "old@h:1", NULL),
			 0);
	assert_true(store_get_moved(&store, out.workload, peer));
	assert_string_equal(peer, "old@h:1");

	/* While it moves, where it moves to counts. */
	assert_false(store_is_leaving(&store, out.workload));
	assert_int_equal(store_begin(&store, &out, NULL), 0);
	assert_true(store_is_leaving(&store, out.workload));
	assert_true(store_get_moved(&store, out.workload, peer));
	assert_string_equal(peer, "new@h:2");
	store_end(&store, &out);
	assert_false(store_is_leaving(&store, out.workload));

	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_get_moved(&store, out.workload, peer));
	assert_string_equal(peer, "old@h:1");
	assert_int_equal(store_set_moved(&store, out.workload, NULL, NULL), 0);
	assert_false(store_get_moved(&store, out.workload, peer));
}

static void put(const char *folder, const char *name, const char *text)
{
	assert_int_equal(rewire_file_write(scratch_path(folder, name), text,
					   strlen(text), 0600, NULL), 0);
}

#define ID	"00112233-4455-6677-8899-aabbccddeeff"

static void strange_files_do_no_harm(void **state)
{
	struct store store;
	char longer[400];

	assert_int_equal(store_open(&store, *state, NULL), 0);
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, ID "\n", strlen(ID) + 1);
	longer[sizeof(longer) - 1] = '\0';
	put(*state, "open/" ID ".source", "");
	put(*state, "open/" ID ".target", "no id\n");
	put(*state, "open/nothing.source", ID "\nh:1\n");
	put(*state, "open/" ID ".other", ID "\nh:1\n");
	put(*state, "open/" ID, ID "\nh:1\n");
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_empty(&store));
	put(*state, "open/" ID ".source", longer);
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_empty(&store));
	/* As an older helper left it: it says nothing of a fate. */
	put(*state, "open/" ID ".source", ID "\nh:1\n");
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_false(store_empty(&store));
	assert_int_equal(store.open[0].fate, FATE_RUNNING);
}

static void half_written_files_go(void **state)
{
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	put(*state, "checkpoints/" ID ".sealed", "whole");
	put(*state, "checkpoints/" ID ".sealed.Xy12ab", "half");
	put(*state, "moved/" ID, "h:1\n");
	put(*state, "moved/" ID ".Xy12ab", "h:");
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_int_equal(access(scratch_path(*state, "checkpoints/" ID
					     ".sealed"), F_OK), 0);
	assert_int_equal(access(scratch_path(*state, "moved/" ID), F_OK), 0);
	assert_int_equal(access(scratch_path(*state, "checkpoints/" ID
					     ".sealed.Xy12ab"), F_OK), -1);
	assert_int_equal(access(scratch_path(*state, "moved/" ID ".Xy12ab"),
				F_OK), -1);
}

static void folder_that_cannot_be(void **state)
{
	struct store store;

	assert_int_equal(store_open(&store, scratch_path(*state, "no/way"),
				    NULL), -ENOENT);
}

static void arrivals_survive(void **state)
{
	const __u8 one[REWIRE_ID_SIZE] = { 1 }, other[REWIRE_ID_SIZE] = { 2 };
	__u8 found[4][REWIRE_ID_SIZE];
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_false(store_is_arrived(&store, one));
	store_set_arrived(&store, one, true);
	store_set_arrived(&store, one, true);
	store_set_arrived(&store, other, true);
	assert_int_equal(store_open(&store, *state, NULL), 0);
	assert_true(store_is_arrived(&store, one));
	assert_int_equal(store_list_arrived(&store, found, 1), 1);
	assert_int_equal(store_list_arrived(&store, found, 4), 2);
	store_set_arrived(&store, one, false);
	store_set_arrived(&store, one, false);
	assert_false(store_is_arrived(&store, one));
	assert_int_equal(store_list_arrived(&store, found, 4), 1);
	assert_memory_equal(found[0], other, REWIRE_ID_SIZE);
}

/* Files of updates have more dots in their names than those of migrations. */
static void files_of_updates_survive(void **state)
{
	static const char *const stay[] = {
		"updates/0102.json", "trials/w.u.old", "trials/w.u.new",
	};
	static const char *const go[] = {
		"updates/0102.json.Ab12cd", "trials/w.u.old.Ab12cd",
	};
	struct store store;

	assert_int_equal(store_open(&store, *state, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		assert_int_equal(rewire_file_write(scratch_path(*state, stay[i]),
						   "x", 1, 0600, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(go); i++)
		assert_int_equal(rewire_file_write(scratch_path(*state, go[i]),
						   "x", 1, 0600, NULL), 0);
	assert_int_equal(store_open(&store, *state, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		assert_int_equal(access(scratch_path(*state, stay[i]), F_OK),
				 0);
	for (size_t i = 0; i < ARRAY_SIZE(go); i++)
		assert_int_not_equal(access(scratch_path(*state, go[i]), F_OK),
				     0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(open_migrations_survive),
		test(fates_survive),
		test(table_is_bounded),
		test(moved_workloads_are_found),
		test(strange_files_do_no_harm),
		test(half_written_files_go),
		test(folder_that_cannot_be),
		test(arrivals_survive),
		test(files_of_updates_survive),
	};

	return cmocka_run_group_tests_name("peer_store", tests, NULL, NULL);
}
