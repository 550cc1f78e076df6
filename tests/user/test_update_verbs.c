// SPDX-License-Identifier: MIT
/*
 * What clients may ask a helper about updates, with an SM that is played.
 */
#include <errno.h>
#include <unistd.h>

#include "update_play.h"

#include "update_verbs.h"

static json_t *ask(int op, const __u8 *id, int fd, int expected)
{
	struct rewire_ctl_request request = {
		.op = op,
		.update = {
			.package = file.data,
			.package_length = file.length,
			.all = true,
		},
	};
	struct rewire_error err = { 0 };
	json_t *info = NULL;
	int rc;

	if (id)
		memcpy(request.update.id, id, REWIRE_ID_SIZE);
	rc = update_verb(helper.updates, &request, fd, -1, &info, &err);
	if (rc != -expected)
		fail_msg("%d, not %d: %s", rc, -expected, err.text);
	assert_int_equal(info != NULL, !expected);
	return info;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void verb_apply(void **state)
{
	struct entry entry;
	json_t *info;

	(void)state;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, -1, EINVAL);
	sm.instance.software[0] ^= 1;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, ENOENT);
	sm.instance.software[0] ^= 1;
	sm.fail[HEALTH] = ETIMEDOUT;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, ETIMEDOUT);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	sm.fail[HEALTH] = 0;
	info = ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, 0);
	assert_int_equal(number(info, "updated"), 1);
	assert_int_equal(number(info, "failed"), 0);
	assert_int_equal(number(info, "left"), 0);
	json_decref(info);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_string_equal(entry.package, "");

	info = ask(REWIRE_CTL_UPDATE_RECEIPT, entry.id, -1, 0);
	assert_string_equal(text(info, "receipt"), "cmVjZWlwdA==");
	assert_int_equal(unlink(text(info, "receipt_file")), 0);
	json_decref(info);
	/* the SM has it still, and it is kept again */
	info = ask(REWIRE_CTL_UPDATE_RECEIPT, entry.id, -1, 0);
	assert_int_equal(access(text(info, "receipt_file"), R_OK), 0);
	json_decref(info);
}

static void verb_plan(void **state)
{
	json_t *info, *one;

	(void)state;
	info = ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "instances"), 0);
	/* The played SM would take none: its reason is passed on. */
	assert_int_equal(number(one, "errno"), ENOTTY);
	assert_string_equal(text(one, "why"), "not played here");
	assert_int_equal(number(json_object_get(one, "from"), "release"), 3);
	assert_true(json_is_null(json_object_get(one, "pause")));
	json_decref(info);
	assert_string_equal(sm.commands, "");
	json_decref(ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, 0));
	/* Who has it is left out of all. */
	ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, EALREADY);
	/* After one that was done, there is something to go by. */
	sm.instance.release = 3;
	info = ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "instances"), 0);
	assert_int_equal(number(json_object_get(one, "pause"), "us"), 1234);
	json_decref(info);
}

static void verbs_of_consent(void **state)
{
	static const __u8 unknown[REWIRE_ID_SIZE] = { 9 };
	struct entry entry;
	json_t *info, *one;

	(void)state;
	info = ask(REWIRE_CTL_UPDATE_LIST, NULL, -1, 0);
	assert_int_equal(json_array_size(json_object_get(info, "updates")), 0);
	json_decref(info);
	drop();
	look();
	entry_is(&entry);
	info = ask(REWIRE_CTL_UPDATE_LIST, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "updates"), 0);
	assert_string_equal(text(one, "state"), "pending");
	assert_string_equal(text(one, "waits_for"), "approval");
	assert_string_equal(text(one, "package"), "a");
	json_decref(info);

	ask(REWIRE_CTL_UPDATE_APPROVE, unknown, -1, ENOENT);
	info = ask(REWIRE_CTL_UPDATE_REJECT, entry.id, -1, 0);
	assert_string_equal(text(info, "state"), "rejected");
	json_decref(info);
	policy_is("{\"default\":{\"consent\":\"manual\"}}");
	ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, EPERM);
	policy_is("{\"default\":{\"consent\":\"notify\"}}");
	json_decref(ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, 0));
	/* Approving made the helper look by itself. */
	assert_true(helper.poked);
	look();
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_CANCEL, entry.id, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_CANCEL, unknown, -1, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(verb_apply),
		test(verb_plan),
		with_updater(verbs_of_consent),
	};

	return cmocka_run_group_tests_name("update_verbs", tests,
					   fixture_set_up, fixture_tear_down);
}
