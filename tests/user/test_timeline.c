// SPDX-License-Identifier: MIT
/*
 * The report of a migration, in its three forms.
 */
#include "test.h"

#include "scratch.h"
#include "timeline.h"

static void add(struct timeline *t, const char *event, const char *info)
{
	json_t *object = json_loads(info, 0, NULL);

	assert_non_null(object);
	timeline_add(t, event, object);
	json_decref(object);
}

static struct timeline moved(void)
{
	struct timeline t = { 0 };

	add(&t, "AGREED", "{\"side\":\"source\",\"ms\":10}");
	add(&t, "COPYING", "{\"side\":\"source\",\"ms\":15,\"sent\":1}");
	add(&t, "ROUND", "{\"side\":\"source\",\"ms\":40,\"round\":1,\"sent\":1048576,"
	    "\"took_ms\":30,\"rate\":700,\"left\":21,\"expected_ms\":3,"
	    "\"delay_us\":250}");
	add(&t, "FROZEN", "{\"side\":\"source\",\"ms\":41}");
	add(&t, "ACTIVE", "{\"side\":\"<b>&\",\"ms\":75}");
	timeline_end(&t, json_pack("{s:i, s:i, s:i}", "bytes", 1048576, "ms", 76,
				   "still_ms", 19));
	return t;
}

/* What @t is in a file of that name. */
static const char *written(const struct timeline *t, const char *name)
{
	static char content[16384];
	char *folder = scratch_make();
	const char *path = scratch_path(folder, name);
	struct rewire_error err;
	FILE *file;
	size_t n;

	assert_int_equal(timeline_write(t, path, &err), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(content, 1, sizeof(content) - 1, file);
	content[n] = 0;
	fclose(file);
	scratch_remove(folder);
	return content;
}

static void as_text(void **state)
{
	struct timeline t = moved();
	const char *content = written(&t, "report");

	(void)state;
	assert_non_null(strstr(content, "10 ms  source  AGREED"));
	assert_non_null(strstr(content, "40 ms  round 1: 1.0 MiB in 30 ms, 700 pages/s written, 21 left: 3 ms, slowed down by 250 us a page"));
	assert_non_null(strstr(content, "stood still for 19 ms"));
	assert_null(strstr(content, "COPYING"));
	timeline_free(&t);
}

static void as_json(void **state)
{
	struct timeline t = moved();
	json_t *all = json_loads(written(&t, "report.json"), 0, NULL);

	(void)state;
	assert_non_null(all);
	assert_int_equal(json_array_size(json_object_get(all, "events")), 5);
	assert_int_equal(json_integer_value(json_object_get(
		json_object_get(all, "result"), "still_ms")), 19);
	json_decref(all);
	timeline_free(&t);
}

/* One page, nothing fetched, nothing taken for markup that is none. */
static void as_a_page(void **state)
{
	struct timeline t = moved();
	const char *content = written(&t, "report.html");

	(void)state;
	assert_non_null(strstr(content, "<svg"));
	assert_non_null(strstr(content, "class=\"slow\""));
	assert_non_null(strstr(content, "class=\"pause\""));
	assert_non_null(strstr(content, "<title>19 ms</title>"));
	assert_non_null(strstr(content, "&lt;b&gt;&amp; ACTIVE, 75 ms"));
	assert_null(strstr(content, "<b>"));
	assert_null(strstr(content, "http"));
	assert_null(strstr(content, "<script"));
	timeline_free(&t);
}

static void of_one_that_was_refused(void **state)
{
	struct timeline t = { 0 };
	const char *content;

	(void)state;
	add(&t, "OFFERED", "{\"side\":\"source\",\"ms\":1}");
	timeline_end(&t, json_pack("{s:s}", "error", "no <room>"));
	content = written(&t, "report.html");
	assert_non_null(strstr(content, "it did not move"));
	assert_non_null(strstr(content, "no &lt;room&gt;"));
	assert_null(strstr(content, "class=\"pause\""));
	assert_non_null(strstr(written(&t, "report"), "no <room>"));
	timeline_free(&t);
}

static void no_place_for_it(void **state)
{
	struct timeline t = moved();
	struct rewire_error err;

	(void)state;
	assert_true(timeline_write(&t, "/nowhere/report.html", &err) < 0);
	assert_non_null(strstr(err.text, "/nowhere"));
	timeline_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_a_page),
		cmocka_unit_test(of_one_that_was_refused),
		cmocka_unit_test(no_place_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
