// SPDX-License-Identifier: MIT
/*
 * Targets metadata, which is read target by target, is what it would be if it were
 * read as a whole.
 */
#include <members.h>

#include "test.h"

static const char *right(const json_t *value)
{
	(void)value;
	return NULL;
}

/* Its canonical form, or why there is none. */
static char *form_of(const struct tuf_text *form)
{
	return form->wrong ? strdup(form->wrong) :
	       strndup(form->data ? form->data : "", form->used);
}

/* "signed" in canonical form; NULL: refused. */
static char *as_a_whole(const char *text)
{
	struct tuf_text form = { 0 };
	struct tuf_error err = { 0 };
	json_t *doc;
	char *copy;

	if (tuf_json_load(text, strlen(text), &doc, &err))
		return NULL;
	if (json_object_get(doc, "signed"))
		tuf_text_put_value(&form, json_object_get(doc, "signed"));
	copy = form_of(&form);
	free(form.data);
	json_decref(doc);
	return copy;
}

static char *in_parts(const char *text)
{
	struct tuf_error err = { 0 };
	struct tuf_members *members;
	json_t *doc;
	char *copy;

	if (tuf_members_load(text, strlen(text), right, &doc, &members, &err))
		return NULL;
	copy = form_of(&members->form);
	json_decref(doc);
	tuf_members_free(members);
	return copy;
}

static void same(const char *text)
{
	char *whole = as_a_whole(text), *parts = in_parts(text);

	if (!whole != !parts || (whole && strcmp(whole, parts)))
		fail_msg("%s:\n\t%s\n\t%s", text, whole ? whole : "refused",
			 parts ? parts : "refused");
	free(whole);
	free(parts);
}

static void whole_or_in_parts(void **state)
{
	static const char *const docs[] = {
		"{\"signatures\":[],\"signed\":{\"a\":1,\"targets\":{},\"z\":[]}}",
		"{\"signed\":{\"targets\":{\"b\":1,\"a\":{\"x\":2},\"c\":[3]}}}",
		" { \"signed\" : {\n\t\"targets\" : { \"a\" : 1 ,\r\n\"b\":2 } } } \n",
		"{\"signed\":{\"targets\":{\"a\\\"\":1,\"a!\":2,\"a\\\\\":3,\"a\":4}}}",
		"{\"signed\":{\"targets\":{\"\\u00e4\":1,\"z\":2,\"\":3,\"\\ud83d\\ude00\":4}}}",
		"{\"signed\":{\"targets\":{\"\\n\":\"\\u001b\",\"a\\/b\":\"\\/\"}}}",
		"{\"signed\":{\"targets\":{\"a\":1.5}}}",
		"{\"signed\":{\"targets\":{},\"a\":1.5}}",
		"{\"signed\":{\"targets\":[1,2]}}",
		"{\"signed\":{\"targets\":null,\"b\":{\"targets\":{\"b\":1,\"a\":2}}}}",
		"{\"signed\":{\"a\":{\"targets\":{\"b\":1,\"a\":2}}},\"targets\":{\"c\":1}}",
		"{\"signed\":{\"targets\":{\"b\":{\"targets\":{\"c\":1}}}}}",
		/* Refused. */
		"{\"signed\":{\"targets\":{\"a\":1,\"a\":1}}}",
		"{\"signed\":{\"targets\":{\"b\":1,\"a\":1,\"\\u0062\":1}}}",
		"{\"signed\":{\"targets\":{\"a\":{\"b\":1,\"b\":1}}}}",
		"{\"signed\":{\"targets\":{},\"targets\":{}}}",
		"{\"signed\":{\"targets\":{},\"targets\":1}}",
		"{\"signed\":{\"targets\":1,\"targets\":{}}}",
		"{\"signed\":{},\"signed\":{}}", "{\"signed\":1,\"signed\":{}}",
		"{\"signatures\":[],\"signatures\":[],\"signed\":{}}",
		"{\"signed\":{\"targets\":{\"a\":1,}}}",
		"{\"signed\":{\"targets\":{,\"a\":1}}}",
		"{\"signed\":{\"targets\":{\"a\" 1}}}",
		"{\"signed\":{\"targets\":{\"a\":}}}",
		"{\"signed\":{\"targets\":{\"a\"}}}",
		"{\"signed\":{\"targets\":{a:1}}}", "{\"signed\":{\"targets\":{1:1}}}",
		"{\"signed\":{\"targets\":{\"a\":1 \"b\":2}}}",
		"{\"signed\":{\"targets\":{\"a\":1x}}}",
		"{\"signed\":{\"targets\":{\"a\":01}}}",
		"{\"signed\":{\"targets\":{\"a\\u0000\":1}}}",
		"{\"signed\":{\"targets\":{\"a\":\"\\u0000\"}}}",
		"{\"signed\":{\"targets\":{\"\xff\":1}}}",
		"{\"signed\":{\"targets\":{\"a\":\"\xff\"}}}",
		"{\"signed\":{\"targets\":{\"a\":\"\n\"}}}",
		"{\"signed\":{\"targets\":{\"a\":1}}", "{\"signed\":{\"targets\":{\"a\":1",
		"{\"signed\":{\"targets\":{}}}}", "{\"signed\":{\"targets\":{}}} x",
		"{\"signed\":{\"targets\":{\"a\":1]}}", "[{\"signed\":{}}]", "[]", "1",
		"", " ", "{",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(docs); i++)
		same(docs[i]);
}

/* A right document, cut off at each byte, or without it, or with another there. */
static void damaged_documents(void **state)
{
	static const char doc[] =
		"{\"a\": [true, {}], \"signed\": {\"b\": -1, \"targets\": {\"\\\"\": "
		"{\"c\": \"\\u00e4\"}, \"!\": 2}, \"z\": null}, \"s\": \"x\"}";
	static const char others[] = "{}[]:,\"\\ 0a.\t";
	char text[sizeof(doc)];
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(doc); i++) {
		snprintf(text, sizeof(text), "%.*s", (int)i, doc);
		same(text);
		snprintf(text, sizeof(text), "%.*s%s", (int)i, doc,
			 doc + i + (i < sizeof(doc) - 1));
		same(text);
		for (j = 0; i < sizeof(doc) - 1 && j < sizeof(others) - 1; j++) {
			memcpy(text, doc, sizeof(doc));
			text[i] = others[j];
			same(text);
		}
	}
}

/* jansson writes names in the order in which they came. */
static void targets_in_any_order(void **state)
{
	static const char *const paths[] = {
		"z", "a", "a\"", "a\\", "m\nn", "a!", "b\xc3\xa4", "aa", "\x01", "m",
	};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		repo_target(world->repo, "targets", paths[i], paths[i]);
	world_begin(world);
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(world_download(world, paths[i]), 0);
	world_denies(world, "a\"b", TUF_NO_TARGET, "", 0, "5.7.2", "a\"b");
	world_denies(world, "", TUF_NO_TARGET, "", 0, "5.7.2", "");
}

/* What is told of a target is what it is in the metadata, character by character. */
static void custom_comes_as_it_is(void **state)
{
	struct world *world = *state;
	struct tuf_target *found = NULL;
	struct tuf_client *client;
	json_t *target, *told;

	repo_target(world->repo, "targets", "file", "content");
	target = json_object_get(json_object_get(repo_body(world->repo, "targets"),
						 "targets"), "file");
	json_object_set_new(target, "custom", json_pack("{s:s, s:[i, n, b]}",
		"\x1b\n\"\\", "\x1f\x7f\t/\xc3\xa4", "list", -1, 1));
	world_begin(world);
	assert_int_equal(tuf_client_new(&world->options, &client, &world->err), 0);
	assert_int_equal(tuf_client_find(client, "file", &found, &world->err), 0);
	told = json_loads(found->custom, 0, NULL);
	assert_true(json_equal(told, json_object_get(target, "custom")));
	json_decref(told);
	tuf_target_free(found);
	tuf_client_free(client);
}

int test_members(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_or_in_parts),
		cmocka_unit_test(damaged_documents),
		in_world(targets_in_any_order),
		in_world(custom_comes_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
