// SPDX-License-Identifier: MIT
/*
 * Hostile JSON, and the canonical form.
 */
#include <json.h>

#include "test.h"

/* What jansson holds, and the most that it held. */
static size_t held, peak;

static void *counted_malloc(size_t size)
{
	size_t *block = malloc(size + sizeof(*block));

	if (!block)
		return NULL;
	*block = size;
	held += size;
	if (held > peak)
		peak = held;
	return block + 1;
}

static void counted_free(void *data)
{
	size_t *block = data;

	if (!block)
		return;
	held -= block[-1];
	free(block - 1);
}

static int count_memory(void **state)
{
	(void)state;
	json_set_alloc_funcs(counted_malloc, counted_free);
	return 0;
}

static int count_no_more(void **state)
{
	(void)state;
	json_set_alloc_funcs(malloc, free);
	return 0;
}

static int load(const char *data, size_t length, struct tuf_error *err)
{
	json_t *doc = NULL;
	int rc;

	*err = (struct tuf_error){ 0 };
	rc = tuf_json_load(data, length, &doc, err);
	json_decref(doc);
	return rc;
}

static void documents_that_are_refused(void **state)
{
#define DOC(text, why) { text, sizeof(text) - 1, why }
	static const struct {
		const char *data;
		size_t length;
		const char *why;
	} cases[] = {
		DOC("", "not JSON"),
		DOC("   ", "not JSON"),
		DOC("{", "not JSON"),
		DOC("{\"a\": 1", "not JSON"),
		DOC("{\"a\": 1} {}", "not JSON"),
		DOC("{\"a\": 1}x", "not JSON"),
		DOC("{\"a\": 1}\0", "a NUL byte"),
		DOC("{\"a\0\": 1}", "a NUL byte"),
		DOC("{\"a\": \"x\\u0000y\"}", "not JSON"),
		DOC("{\"a\\u0000\": 1}", "not JSON"),
		DOC("{\"a\": 1, \"a\": 2}", "duplicate"),
		DOC("{\"a\": {\"b\": 1, \"b\": 1}}", "duplicate"),
		DOC("{\"a\": 1, \"\\u0061\": 2}", "duplicate"),
		DOC("{\"a\": 9223372036854775808}", "too big"),
		DOC("{\"a\": -9223372036854775809}", "too big"),
		DOC("{\"a\": 1e999}", "not JSON"),
		DOC("{\"a\": 01}", "not JSON"),
		DOC("{\"a\": +1}", "not JSON"),
		DOC("{\"a\": NaN}", "not JSON"),
		DOC("{\"a\": Infinity}", "not JSON"),
		DOC("{\"a\": 0x10}", "not JSON"),
		DOC("{\"a\": \"\xff\"}", "not JSON"),
		DOC("{\"a\": \"\xc0\x80\"}", "not JSON"),
		DOC("{\"a\": \"\xed\xa0\x80\"}", "not JSON"),
		DOC("{\"a\": \"\xf4\x90\x80\x80\"}", "not JSON"),
		DOC("{\"a\": \"\xe2\x82\"}", "not JSON"),
		DOC("{\"a\": \"\\ud800\"}", "not JSON"),
		DOC("{\"a\": \"\n\"}", "not JSON"),
		DOC("{\"a\": \"\\x41\"}", "not JSON"),
		DOC("{'a': 1}", "not JSON"),
		DOC("{\"a\": 1,}", "not JSON"),
		DOC("{\"a\": [1,]}", "not JSON"),
		DOC("{a: 1}", "not JSON"),
		DOC("// comment\n{}", "not JSON"),
		DOC("{} /* comment */", "not JSON"),
		DOC("\xef\xbb\xbf{}", "not JSON"),
		DOC("[]", "not an object"),
		DOC("\"text\"", "not"),
		DOC("7", "not"),
		DOC("null", "not"),
	};
	struct tuf_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int rc = load(cases[i].data, cases[i].length, &err);

		if (rc != -TUF_FORMAT || !strstr(err.text, cases[i].why))
			fail_msg("%s: %d %s", cases[i].data, rc, err.text);
	}
	assert_int_equal(load("{\"a\": [1.5, -0, \"\\u00e4\"]} \n", 27, &err), 0);
	assert_int_equal(held, 0);
}

static void nested(size_t depth, char open, char *data)
{
	size_t i;

	strcpy(data, "{\"a\":");
	for (i = 1; i < depth; i++)
		strcat(data, open == '[' ? "[" : "{\"a\":");
	strcat(data, "1");
	for (i = 1; i < depth; i++)
		strcat(data, open == '[' ? "]" : "}");
	strcat(data, "}");
}

static void nesting_has_an_end(void **state)
{
	struct tuf_error err;
	char data[1024];

	(void)state;
	nested(TUF_JSON_DEPTH, '[', data);
	assert_int_equal(load(data, strlen(data), &err), 0);
	nested(TUF_JSON_DEPTH, '{', data);
	assert_int_equal(load(data, strlen(data), &err), 0);
	nested(TUF_JSON_DEPTH + 1, '[', data);
	assert_int_equal(load(data, strlen(data), &err), -TUF_FORMAT);
	assert_non_null(strstr(err.text, "nested too deeply"));
	nested(TUF_JSON_DEPTH + 1, '{', data);
	assert_int_equal(load(data, strlen(data), &err), -TUF_FORMAT);
	/* A bracket in a string is none. */
	strcpy(data, "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[\"}");
	assert_int_equal(load(data, strlen(data), &err), 0);
}

/* Refused before anything is allocated for it. */
static void deep_nesting_costs_nothing(void **state)
{
	char *data = malloc(TUF_TARGETS_MAX);
	struct tuf_error err;

	(void)state;
	memset(data, '[', TUF_TARGETS_MAX);
	peak = held;
	assert_int_equal(load(data, TUF_TARGETS_MAX, &err), -TUF_FORMAT);
	assert_int_equal(peak, held);
	free(data);
}

static void many_values_cost_nothing(void **state)
{
	char *data = malloc(TUF_TARGETS_MAX);
	struct tuf_error err;
	size_t i;

	(void)state;
	memcpy(data, "{\"a\":[", 6);
	for (i = 6; i + 2 < TUF_TARGETS_MAX; i += 2)
		memcpy(data + i, "1,", 2);
	memcpy(data + i - 1, "]}", 2);
	peak = held;
	assert_int_equal(load(data, i + 1, &err), -TUF_FORMAT);
	assert_non_null(strstr(err.text, "too many values"));
	assert_int_equal(peak, held);
	free(data);
}

/* The most that a document of the largest size can make the parser hold. */
static void largest_document_has_its_bounds(void **state)
{
	char *data = malloc(TUF_TARGETS_MAX);
	struct tuf_error err;
	size_t used, i;

	(void)state;
	used = (size_t)sprintf(data, "{\"a\":[0");
	for (i = 0; i < TUF_JSON_VALUES - 10; i++)
		used += (size_t)sprintf(data + used, ",{}");
	used += (size_t)sprintf(data + used, "]}");
	peak = held;
	/* Each {} counts twice: it is a value of the list, and an object. */
	assert_int_equal(load(data, used, &err), -TUF_FORMAT);
	assert_int_equal(peak, held);
	used = (size_t)sprintf(data, "{\"a\":[0");
	for (i = 0; i < TUF_JSON_VALUES / 2 - 10; i++)
		used += (size_t)sprintf(data + used, ",{}");
	used += (size_t)sprintf(data + used, "]}");
	assert_int_equal(load(data, used, &err), 0);
	assert_true(peak < 128u << 20);
	free(data);
}

static void one_huge_number(void **state)
{
	char *data = malloc(TUF_TARGETS_MAX);
	struct tuf_error err;

	(void)state;
	memset(data, '9', TUF_TARGETS_MAX);
	memcpy(data, "{\"a\":", 5);
	data[TUF_TARGETS_MAX - 1] = '}';
	peak = held;
	assert_int_equal(load(data, TUF_TARGETS_MAX, &err), -TUF_FORMAT);
	assert_true(peak - held < 4u * TUF_TARGETS_MAX);
	assert_true(strlen(err.text) < sizeof(err.text));
	free(data);
}

static void canonical_form(void **state)
{
	static const struct {
		const char *json;
		const char *form;
	} cases[] = {
		{ "{}", "{}" },
		{ " { \"b\" : 1 , \"a\" : [ ] } ", "{\"a\":[],\"b\":1}" },
		{ "{\"a\": [true, false, null, -0, 10]}",
		  "{\"a\":[true,false,null,0,10]}" },
		{ "{\"a\": -9223372036854775808}", "{\"a\":-9223372036854775808}" },
		{ "{\"a\": \"\\\"\\\\\\/\"}", "{\"a\":\"\\\"\\\\/\"}" },
		{ "{\"a\": \"\\n\\t\\u001b\\u007f\"}", "{\"a\":\"\n\t\033\177\"}" },
		{ "{\"a\": \"\\u00e4\\ud83d\\ude00\"}",
		  "{\"a\":\"\xc3\xa4\xf0\x9f\x98\x80\"}" },
		{ "{\"\\u00e4\":1,\"z\":2,\"Z\":3,\"\":4,\"za\":5}",
		  "{\"\":4,\"Z\":3,\"z\":2,\"za\":5,\"\xc3\xa4\":1}" },
		/* U+FFFF before U+10000: by character, not by UTF-16. */
		{ "{\"\\ud800\\udc00\":1,\"\\uffff\":2}",
		  "{\"\xef\xbf\xbf\":2,\"\xf0\x90\x80\x80\":1}" },
		{ "{\"a\\\"b\": {\"c\": {}}}", "{\"a\\\"b\":{\"c\":{}}}" },
	};
	struct tuf_error err = { 0 };
	size_t i, length;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *doc;
		char *form;

		assert_int_equal(tuf_json_load(cases[i].json, strlen(cases[i].json),
					       &doc, &err), 0);
		assert_int_equal(tuf_json_canonical(doc, &form, &length, &err), 0);
		assert_int_equal(length, strlen(cases[i].form));
		assert_memory_equal(form, cases[i].form, length);
		free(form);
		json_decref(doc);
	}
}

static void fractions_have_no_canonical_form(void **state)
{
	struct tuf_error err = { 0 };
	size_t length;
	json_t *doc;
	char *form;

	(void)state;
	assert_int_equal(tuf_json_load("{\"a\": [1.0]}", 12, &doc, &err), 0);
	assert_int_equal(tuf_json_canonical(doc, &form, &length, &err), -TUF_FORMAT);
	assert_non_null(strstr(err.text, "a fraction"));
	json_decref(doc);
}

/* In what is signed it ends the metadata, elsewhere it is only unknown. */
static void fraction_in_metadata(void **state)
{
	struct world *world = *state;

	world_begin(world);
	repo_set(world->repo, "timestamp", "more", json_real(1.5));
	repo_push(world->repo, "timestamp");
	world_refuses(world, TUF_FORMAT, "timestamp", 2, "4.1", "a fraction");
}

/* Through the client: the metadata stays, the line names the role. */
static void hostile_documents_to_a_client(void **state)
{
	static const char *const docs[] = {
		"{\"signed\": {\"version\": 2, \"version\": 3}, \"signatures\": []}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
		"{\"signatures\": [], \"signed\": {\"version\": 99999999999999999999}}",
		"{\"signatures\": [], \"signed\": \"\xff\"}",
		"", "\xff\xfe{\0}\0",
	};
	struct world *world = *state;
	size_t i;

	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(docs); i++) {
		repo_file(world->repo, "metadata/timestamp.json", docs[i],
			  strlen(docs[i]));
		world_refuses(world, TUF_FORMAT, "timestamp", 0, "4.1", "not JSON");
		repo_file(world->repo, "metadata/2.root.json", docs[i],
			  strlen(docs[i]));
		world_refuses(world, TUF_FORMAT, "root", 0, "4.1", "not JSON");
		repo_remove(world->repo, "metadata/2.root.json");
	}
}

int test_json(void)
{
#define counted(test) \
	cmocka_unit_test_setup_teardown(test, count_memory, count_no_more)
	static const struct CMUnitTest tests[] = {
		counted(documents_that_are_refused),
		counted(nesting_has_an_end),
		counted(deep_nesting_costs_nothing),
		counted(many_values_cost_nothing),
		counted(largest_document_has_its_bounds),
		counted(one_huge_number),
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(fractions_have_no_canonical_form),
		in_world(fraction_in_metadata),
		in_world(hostile_documents_to_a_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
