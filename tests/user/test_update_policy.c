// SPDX-License-Identifier: MIT
/*
 * The policy of updates: what is taken and in which line what is not, windows
 * over days and midnights, and who has to agree.
 */
#include <errno.h>

#include "test.h"

#include "json_line.h"
#include "policy.h"

#define SOFTWARE "\"00112233-4455-6677-8899-aabbccddeeff\""

static int parse(const char *text, struct policy *policy,
		 struct rewire_error *err)
{
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);
	int rc;

	/* in a block of its very size, without a zero */
	assert_non_null(copy);
	memcpy(copy, text, length);
	*err = (struct rewire_error){ 0 };
	rc = policy_parse(copy, length, policy, err);
	free(copy);
	assert_int_equal(rc, -err->code);
	return rc;
}

static void whole_policy(void **state)
{
	static const char text[] =
		"{\n"
		" \"default\": { \"consent\": \"manual\" },\n"
		" \"rules\": [ { \"software\": " SOFTWARE ",\n"
		"   \"consent\": \"automatic\", \"on_arrival\": true,\n"
		"   \"windows\": [\n"
		"     { \"days\": \"mon-fri\", \"from\": \"02:00\", \"to\": \"04:00\" },\n"
		"     { \"days\": \"sat,sun\", \"from\": \"22:30\", \"to\": \"24:00\" } ] } ]\n"
		"}\n";
	static const __u8 other[REWIRE_ID_SIZE] = { 1 };
	const struct policy_rule *rule;
	struct policy policy;
	struct rewire_error err;
	__u8 id[REWIRE_ID_SIZE];

	(void)state;
	assert_int_equal(parse(text, &policy, &err), 0);
	assert_int_equal(rewire_id_parse("00112233-4455-6677-8899-aabbccddeeff",
					 id), 0);
	rule = policy_find(&policy, id);
	assert_ptr_equal(rule, &policy.rule[0]);
	assert_int_equal(rule->consent, CONSENT_AUTOMATIC);
	assert_true(rule->on_arrival);
	assert_int_equal(rule->windows, 2);
	assert_int_equal(rule->window[0].days, 0x3e);
	assert_int_equal(rule->window[0].from, 120);
	assert_int_equal(rule->window[0].to, 240);
	assert_int_equal(rule->window[1].days, 0x41);
	assert_int_equal(rule->window[1].to, MINUTES_OF_DAY);
	rule = policy_find(&policy, other);
	assert_ptr_equal(rule, &policy.otherwise);
	assert_int_equal(rule->consent, CONSENT_MANUAL);
	assert_false(rule->on_arrival);
}

static void without_a_file_all_has_to_be_approved(void **state)
{
	struct policy policy;

	(void)state;
	policy_init(&policy);
	assert_int_equal(policy_due(&policy.otherwise, DECISION_NONE, true, 0,
				    0), DUE_APPROVAL);
}

static const char rule_head[] =
	"{\"default\":{\"consent\":\"notify\"},\n\"rules\":[\n{\"software\":" SOFTWARE ",\n";

static void bad_policies(void **state)
{
	static const struct {
		int line;
		const char *body;	/* of a rule, or a whole text */
		const char *word;	/* that the message has */
	} rows[] = {
		{ 1, "{", "" },
		{ 1, "[]", "object" },
		{ 1, "{}", "default" },
		{ 1, "{\"default\":1}", "object" },
		{ 2, "{\"default\":{\"consent\":\"notify\"},\n\"extra\":1}", "extra" },
		{ 3, "{\"default\":{\n\"consent\":\"notify\",\n\"consent\":\"manual\"}}", "duplicate" },
		{ 2, "{\"default\":\n{\"consent\":\"always\"}}", "consent" },
		{ 2, "{\"default\":\n{}}", "consent" },
		{ 2, "{\"default\":{\"consent\":\"notify\"},\n\"rules\":{}}", "rules" },
		{ 3, "{\"default\":{\"consent\":\"notify\"},\n\"rules\":[\n7]}", "object" },
		{ 3, "{\"default\":{\"consent\":\"notify\"},\n\"rules\":[{\n\"software\":\"x\",\"consent\":\"notify\"}]}", "software" },
		{ 4, "\"consent\":\"sometimes\"}]}", "consent" },
		{ 5, "\"consent\":\"notify\",\n\"on_arrival\":1}]}", "on_arrival" },
		{ 5, "\"consent\":\"notify\",\n\"window\":[]}]}", "window" },
		{ 5, "\"consent\":\"automatic\",\n\"windows\":[]}]}", "windows" },
		{ 5, "\"consent\":\"notify\",\n\"windows\":[{\"days\":\"mon\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}", "automatic" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\"to\":\"04:00\"},\n{\"days\":\"noday\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}", "days" },
		{ 5, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}", "days" },
		{ 5, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon-\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}", "days" },
		{ 5, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon,\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}", "days" },
		{ 5, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"2:00\",\"to\":\"04:00\"}]}]}", "from" },
		{ 5, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"24:00\",\"to\":\"04:00\"}]}]}", "from" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\n\"to\":\"02:60\"}]}]}", "to" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\n\"to\":\"24:01\"}]}]}", "to" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\n\"to\":\"02:00\"}]}]}", "ends" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\n\"to\":\"00:00\"}]}]}", "24:00" },
		{ 6, "\"consent\":\"automatic\",\"windows\":[\n{\"days\":\"mon\",\"from\":\"02:00\",\n\"until\":\"04:00\"}]}]}", "until" },
		{ 6, "\"consent\":\"notify\"},\n{\n\"software\":\"00112233445566778899aabbccddeeff\",\"consent\":\"manual\"}]}", "line 3" },
	};
	struct policy policy;
	struct rewire_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[1024], line[32];

		snprintf(text, sizeof(text), "%s%s",
			 rows[i].body[0] == '"' ? rule_head : "", rows[i].body);
		snprintf(line, sizeof(line), "line %d:", rows[i].line);
		if (parse(text, &policy, &err) != -EBADMSG)
			fail_msg("taken: %s", text);
		if (strncmp(err.text, line, strlen(line)) ||
		    !strstr(err.text, rows[i].word))
			fail_msg("%s\nis refused with: %s\nand not %s %s", text,
				 err.text, line, rows[i].word);
	}
}

/* Every text that is cut off is refused, and in no memory of others. */
static void cut_policies(void **state)
{
	static const char body[] =
		"\"consent\":\"automatic\",\"windows\":[{\"days\":\"mon-fri\",\"from\":\"02:00\",\"to\":\"04:00\"}]}]}";
	char text[1024];
	struct policy policy;
	struct rewire_error err;

	(void)state;
	snprintf(text, sizeof(text), "%s%s", rule_head, body);
	assert_int_equal(parse(text, &policy, &err), 0);
	for (size_t length = strlen(text) - 1; length; length--) {
		text[length] = '\0';
		assert_int_equal(parse(text, &policy, &err), -EBADMSG);
	}
}

static void too_many_rules(void **state)
{
	char *text = malloc(POLICY_MAX_FILE);
	size_t at;
	struct policy *policy = malloc(sizeof(*policy));
	struct rewire_error err;

	(void)state;
	for (int count = POLICY_MAX_RULES; count <= POLICY_MAX_RULES + 1;
	     count++) {
		at = (size_t)sprintf(text, "{\"default\":{\"consent\":\"notify\"},\"rules\":[");
		for (int i = 0; i < count; i++)
			at += (size_t)sprintf(text + at,
					      "%s{\"software\":\"%032x\",\"consent\":\"manual\"}",
					      i ? "," : "", i + 1);
		strcpy(text + at, "]}");
		assert_int_equal(parse(text, policy, &err),
				 count > POLICY_MAX_RULES ? -EBADMSG : 0);
	}
	free(policy);
	free(text);
}

#define AT(day, hour, minute) (day), (hour) * 60 + (minute)
#define ALL 0x7f
#define SUN 0
#define MON 1
#define TUE 2
#define FRI 5
#define SAT 6

static void windows(void **state)
{
	static const struct {
		const char *what;
		struct window window;
		int day, minute;
		int wait;		/* minutes until it is open */
	} rows[] = {
		{ "first minute", { 1 << MON, 120, 240 }, AT(MON, 2, 0), 0 },
		{ "last minute", { 1 << MON, 120, 240 }, AT(MON, 3, 59), 0 },
		{ "right after", { 1 << MON, 120, 240 }, AT(MON, 4, 0),
		  7 * 1440 - 120 },
		{ "right before", { 1 << MON, 120, 240 }, AT(MON, 1, 59), 1 },
		{ "another day", { 1 << MON, 120, 240 }, AT(SUN, 2, 0), 1440 },
		{ "the day after", { 1 << MON, 120, 240 }, AT(TUE, 2, 0),
		  6 * 1440 },
		{ "over midnight: before", { 1 << FRI, 1380, 60 },
		  AT(FRI, 22, 59), 1 },
		{ "over midnight: its day", { 1 << FRI, 1380, 60 },
		  AT(FRI, 23, 30), 0 },
		{ "over midnight: the next day", { 1 << FRI, 1380, 60 },
		  AT(SAT, 0, 59), 0 },
		{ "over midnight: after", { 1 << FRI, 1380, 60 },
		  AT(SAT, 1, 0), 6 * 1440 + 1320 },
		{ "over midnight: the morning of its day", { 1 << FRI, 1380, 60 },
		  AT(FRI, 0, 30), 1350 },
		{ "over midnight: the evening after", { 1 << FRI, 1380, 60 },
		  AT(SAT, 23, 30), 6 * 1440 - 30 },
		{ "over the end of the week", { 1 << SAT, 1380, 60 },
		  AT(SUN, 0, 30), 0 },
		{ "from Saturday to Sunday", { 1 << SUN, 0, 60 },
		  AT(SAT, 23, 59), 1 },
		{ "to the end of the day", { 1 << MON, 1380, 1440 },
		  AT(MON, 23, 59), 0 },
		{ "not beyond it", { 1 << MON, 1380, 1440 }, AT(TUE, 0, 0),
		  6 * 1440 + 1380 },
		{ "a whole day", { ALL, 0, 1440 }, AT(TUE, 13, 13), 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy_rule rule = {
			.consent = CONSENT_AUTOMATIC,
			.window = { rows[i].window },
			.windows = 1,
		};
		int wait = policy_minutes_until(&rule, rows[i].day,
						rows[i].minute);

		if (wait != rows[i].wait)
			fail_msg("%s: %d minutes, not %d", rows[i].what, wait,
				 rows[i].wait);
		assert_int_equal(policy_due(&rule, DECISION_NONE, false,
					    rows[i].day, rows[i].minute),
				 wait ? DUE_WINDOW : DUE_NOW);
	}
}

static void several_windows(void **state)
{
	const struct policy_rule rule = {
		.consent = CONSENT_AUTOMATIC,
		.window = { { 1 << MON, 120, 240 }, { ALL, 600, 660 } },
		.windows = 2,
	};
	const struct policy_rule none = { .consent = CONSENT_AUTOMATIC };

	(void)state;
	assert_int_equal(policy_minutes_until(&rule, AT(MON, 3, 0)), 0);
	assert_int_equal(policy_minutes_until(&rule, AT(MON, 4, 0)), 360);
	assert_int_equal(policy_minutes_until(&rule, AT(TUE, 10, 30)), 0);
	assert_int_equal(policy_minutes_until(&none, AT(TUE, 10, 30)), 0);
}

/* [consent][decision][arrived][open] */
static void who_has_to_agree(void **state)
{
	static const struct {
		enum consent consent;
		bool on_arrival;
		enum decision decision;
		bool arrived, open;
		enum due due;
	} rows[] = {
		{ CONSENT_AUTOMATIC, false, DECISION_NONE, false, true, DUE_NOW },
		{ CONSENT_AUTOMATIC, false, DECISION_NONE, false, false, DUE_WINDOW },
		{ CONSENT_AUTOMATIC, false, DECISION_APPROVED, false, false, DUE_NOW },
		{ CONSENT_AUTOMATIC, false, DECISION_REJECTED, false, true, DUE_NEVER },
		{ CONSENT_AUTOMATIC, false, DECISION_NONE, true, false, DUE_WINDOW },
		{ CONSENT_AUTOMATIC, true, DECISION_NONE, true, false, DUE_NOW },
		{ CONSENT_AUTOMATIC, true, DECISION_NONE, false, false, DUE_WINDOW },
		{ CONSENT_AUTOMATIC, true, DECISION_REJECTED, true, true, DUE_NEVER },
		{ CONSENT_NOTIFY, false, DECISION_NONE, false, true, DUE_APPROVAL },
		{ CONSENT_NOTIFY, false, DECISION_APPROVED, false, false, DUE_NOW },
		{ CONSENT_NOTIFY, false, DECISION_REJECTED, false, true, DUE_NEVER },
		{ CONSENT_NOTIFY, false, DECISION_NONE, true, true, DUE_APPROVAL },
		{ CONSENT_NOTIFY, true, DECISION_NONE, true, false, DUE_NOW },
		{ CONSENT_NOTIFY, true, DECISION_NONE, false, true, DUE_APPROVAL },
		{ CONSENT_NOTIFY, true, DECISION_REJECTED, true, true, DUE_NEVER },
		{ CONSENT_MANUAL, false, DECISION_NONE, false, true, DUE_COMMAND },
		{ CONSENT_MANUAL, false, DECISION_APPROVED, false, true, DUE_COMMAND },
		{ CONSENT_MANUAL, false, DECISION_REJECTED, false, true, DUE_NEVER },
		{ CONSENT_MANUAL, false, DECISION_NONE, true, true, DUE_COMMAND },
		{ CONSENT_MANUAL, true, DECISION_NONE, true, false, DUE_NOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy_rule rule = {
			.consent = rows[i].consent,
			.on_arrival = rows[i].on_arrival,
			.window = { { ALL, 120, 240 } },
			.windows = rows[i].consent == CONSENT_AUTOMATIC,
		};
		enum due due = policy_due(&rule, rows[i].decision,
					  rows[i].arrived, MON,
					  rows[i].open ? 180 : 300);

		if (due != rows[i].due)
			fail_msg("row %zu: %d, not %d", i, due, rows[i].due);
	}
}

static void lines(void **state)
{
	static const char text[] =
		"{\n\"a\": [1,\n 2,\n{\"x\\\"y\": \"}\\\\\", \"b\":\n[true, null]}],\n\"c\":\n{\"d\": -1.5e3}\n}";
	static const struct {
		const char *path;
		int line;
	} rows[] = {
		{ "", 1 }, { "a", 2 }, { "a/0", 2 }, { "a/1", 3 },
		{ "a/2", 4 }, { "a/2/b", 5 }, { "a/2/b/1", 5 }, { "c", 7 },
		{ "c/d", 7 }, { "nowhere", 1 }, { "a/9", 2 }, { "c/e", 7 },
		{ "c/d/e", 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (json_line(text, sizeof(text) - 1, rows[i].path) !=
		    rows[i].line)
			fail_msg("%s: line %d, not %d", rows[i].path,
				 json_line(text, sizeof(text) - 1,
					   rows[i].path), rows[i].line);
	/* Cut off anywhere, or no JSON at all: a line, and an end. */
	for (size_t length = 0; length < sizeof(text); length++) {
		char *copy = malloc(length ? length : 1);

		memcpy(copy, text, length);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			assert_true(json_line(copy, length, rows[i].path) > 0);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_policy),
		cmocka_unit_test(without_a_file_all_has_to_be_approved),
		cmocka_unit_test(bad_policies),
		cmocka_unit_test(cut_policies),
		cmocka_unit_test(too_many_rules),
		cmocka_unit_test(windows),
		cmocka_unit_test(several_windows),
		cmocka_unit_test(who_has_to_agree),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests_name("update_policy", tests, NULL, NULL);
}
