// SPDX-License-Identifier: MIT
/*
 * The plan of an update: what is said of it in JSON, and to people. Lists and
 * receipts are rendered too.
 */
#include <errno.h>

#include "test.h"

#include "cli.h"
#include "plan.h"
#include "update_show.h"

static struct rewire_update_order *order;
static struct plan_instance instances[2];
static struct entry past[3];
static struct plan plan;

static int set_up(void **state)
{
	struct rewire_manifest *m;

	(void)state;
	order = calloc(1, sizeof(*order));
	m = &order->words.manifest.body.manifest;
	memset(m->software, 0x5a, REWIRE_ID_SIZE);
	memset(m->measurement, 0xe4, REWIRE_DIGEST_SIZE);
	m->release = 4;
	m->svn = 2;
	m->max_memory = 64 << 20;
	m->max_threads = 1;
	m->min_atl = 2;
	m->attributes = REWIRE_ATTR_STATE_HANDOVER;
	memset(order->words.package.software, 0x5a, REWIRE_ID_SIZE);
	order->words.package.from_max = UINT64_MAX;
	order->words.package.payload_length = 12 << 20;
	order->words.package.trial_ms = 10000;

	memset(instances, 0, sizeof(instances));
	for (int i = 0; i < 2; i++) {
		instances[i].info = (struct rewire_enclave_info){
			.state = REWIRE_ENCLAVE_RUNNING,
			.id = 7 + (unsigned int)i,
			.epoch = 5,
			.release = 3,
			.svn = 1,
			.memory = 12 << 20,
			.max_memory = 32 << 20,
			.max_threads = 1,
			.attributes = REWIRE_ATTR_STATE_SEALED,
		};
		memset(instances[i].info.software, 0x5a, REWIRE_ID_SIZE);
		memset(instances[i].info.workload, 0x77 + i, REWIRE_ID_SIZE);
	}
	memset(past, 0, sizeof(past));
	for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
		past[i] = (struct entry){
			.id = { 0xaa, (__u8)i },
			.state = ENTRY_SWITCHED,
			.pause_us = 100000,
			.memory = 12 << 20,
		};
		memset(past[i].software, 0x5a, REWIRE_ID_SIZE);
	}
	plan = (struct plan){
		.order = order,
		.instance = instances,
		.instances = 1,
	};
	strcpy(plan.signers.sds, "/CN=sds role");
	strcpy(plan.signers.developer, "/CN=developer role");
	memset(plan.signers.developer_id, 0xdd, REWIRE_ID_SIZE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(order);
	return 0;
}

/* What people see, to be freed. It went through text, as to a client. */
static char *render(void)
{
	json_t *made = plan_describe(&plan), *read;
	char *text = json_dumps(made, JSON_COMPACT), *words = NULL;
	size_t length;
	FILE *to = open_memstream(&words, &length);

	assert_non_null(text);
	read = json_loads(text, 0, NULL);
	assert_non_null(read);
	assert_true(json_equal(made, read));
	show_plan(to, read);
	fclose(to);
	json_decref(made);
	json_decref(read);
	free(text);
	return words;
}

static void says(const char *words, bool expected)
{
	char *text = render();

	if (!strstr(text, words) == expected)
		fail_msg("%s: \"%s\" in\n%s", expected ? "missing" : "there",
			 words, text);
	free(text);
}

static void all_of_it(void **state)
{
	static const char *const words[] = {
		"update of software 5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a",
		"release 4, SVN 2, measurement e4e4e4e4e4e4e4e4",
		"SDS: /CN=sds role", "developer: /CN=developer role",
		"the SM goes by its own anchors", "12.0 MiB",
		"memory      at most 64.0 MiB, before: at most 32.0 MiB\n",
		"threads     at most 1, as before\n",
		"level       at least 2, before: at least 0\n",
		"attributes  0x1, before: 0x2\n",
		"the old version exports it", "10.0 s from the hand-over",
		"workload 77777777-7777-7777-7777-777777777777",
		"release 3, SVN 1", "12.0 MiB in use", "it would go",
		"not known: no update of this software was measured",
		"whether the developer stays the same is not known",
		"before the switch the old version goes on",
		"it comes back from a checkpoint",
		"nothing below release 4 and SVN 2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		says(words[i], true);
	says("encrypted", false);
	says("root role signed", false);
	says("expires", false);
	says("changes", false);
}

static void what_is_special(void **state)
{
	(void)state;
	order->words.package.header.flags = REWIRE_PACKAGE_SEALED |
				      REWIRE_PACKAGE_ROOT;
	order->words.package.expires = 1767225600;
	order->words.manifest.body.manifest.attributes = REWIRE_ATTR_STATE_SEALED | 8;
	plan.is_volatile = true;
	plan.signers.sds[0] = '\0';
	plan.left_out = 5;
	says("encrypted for this device", true);
	says("the root role signed too", true);
	says("2026-01-01 00:00 UTC", true);
	says("opens what the old one sealed", true);
	says("attributes 0xa, which this program does not know", true);
	says("the workload is lost", true);
	says("SDS: nobody whom this host's folder has an anchor of", true);
	says("and 5 more workloads", true);
}

static void developers(void **state)
{
	(void)state;
	memset(instances[0].info.developer, 0xdd, REWIRE_ID_SIZE);
	says("stays the same", true);
	instances[0].info.developer[0] = 1;
	says("changes: 01dddddd-dddd-dddd-dddd-dddddddddddd before", true);
}

static void refusals(void **state)
{
	json_t *made;

	(void)state;
	plan.instances = 2;
	instances[1].refused = ESTALE;
	strcpy(instances[1].why, "the package was used");
	says("no: the package was used", true);
	says("it would go", true);
	made = plan_describe(&plan);
	assert_int_equal(show_plan_allowed(made), 1);
	json_decref(made);
	/* Not UTF-8, and still a plan. */
	strcpy(instances[1].why, "\xff\xfe");
	says("not UTF-8", true);
}

static void estimates(void **state)
{
	__u64 us = 0;

	(void)state;
	plan.past = past;
	plan.pasts = ARRAY_SIZE(past);
	past[0].state = ENTRY_ABORTED;
	past[1].is_volatile = true;
	assert_ptr_equal(plan_estimate(&plan, &instances[0], &us), &past[2]);
	assert_int_equal(us, 100000);
	says("about 100 ms, an estimate: update aa020000 took 100 ms here, with 12.0 MiB", true);
	plan.is_volatile = true;
	assert_ptr_equal(plan_estimate(&plan, &instances[0], &us), &past[1]);
	/* More memory takes longer; less is not known to be quicker. */
	past[1].memory = 6 << 20;
	plan_estimate(&plan, &instances[0], &us);
	assert_int_equal(us, 200000);
	past[1].memory = 48 << 20;
	plan_estimate(&plan, &instances[0], &us);
	assert_int_equal(us, 100000);
	/* Of other software nothing follows. */
	past[1].software[0] ^= 1;
	assert_null(plan_estimate(&plan, &instances[0], &us));
	past[1].software[0] ^= 1;
	past[1].pause_us = 0;
	assert_null(plan_estimate(&plan, &instances[0], &us));
}

/* Whatever a helper says, people get words and no crash. */
static void odd_answers(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "7", "{\"instances\":[{}],\"package\":7,\"to\":[]}",
		"{\"instances\":[{\"from\":7,\"pause\":{}}],\"left_out\":\"x\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		char *words = NULL;
		size_t length;
		FILE *to = open_memstream(&words, &length);

		show_plan(to, json);
		show_updates(to, json);
		fclose(to);
		assert_true(length > 0);
		/* nobody may read that as "unchanged" */
		assert_null(strstr(words, "as before"));
		assert_int_equal(show_plan_allowed(json), 0);
		free(words);
		json_decref(json);
	}
}

static void a_list(void **state)
{
	static const char text[] =
		"{\"updates\":[{\"update\":\"u1\",\"workload\":\"w1\",\"from_release\":3,\"to_release\":4,"
		"\"state\":\"pending\",\"waits_for\":\"a window\",\"minutes\":90,\"reason\":\"busy\"},"
		"{\"update\":\"u2\",\"workload\":\"w2\",\"from_release\":1,\"to_release\":2,"
		"\"state\":\"switched\",\"pause_us\":123400}],\"left_out\":2}";
	json_t *list = json_loads(text, 0, NULL);
	char *words = NULL;
	size_t length;
	FILE *to = open_memstream(&words, &length);

	(void)state;
	show_updates(to, list);
	fclose(to);
	assert_string_equal(words,
			    "u1  w1  3 -> 4  pending, waits for a window in 90 min\n    busy\n"
			    "u2  w2  1 -> 2  switched, calls waited 123 ms\n"
			    "and 2 that are older\n");
	free(words);
	json_decref(list);
}

static void a_receipt(void **state)
{
	struct rewire_update_receipt r = {
		.id = { 1 },
		.state = REWIRE_UPDATE_ABORTED,
		.error = ETIMEDOUT,
		.epoch = 5,
		.reason = "no answer in time",
		.sequence = 42,
	};
	json_t *json = show_receipt_json(&r);
	char *words = NULL;
	size_t length;
	FILE *to = open_memstream(&words, &length);

	(void)state;
	show_receipt(to, &r);
	fclose(to);
	assert_non_null(strstr(words, "aborted: no answer in time"));
	assert_non_null(strstr(words, "record 42"));
	assert_string_equal(json_string_value(json_object_get(json, "state")),
			    "aborted");
	assert_int_equal(json_integer_value(json_object_get(json, "sequence")),
			 42);
	free(words);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_special, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(developers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(estimates, set_up, tear_down),
		cmocka_unit_test(odd_answers),
		cmocka_unit_test(a_list),
		cmocka_unit_test(a_receipt),
	};

	return cmocka_run_group_tests_name("update_plan", tests, NULL, NULL);
}
