// SPDX-License-Identifier: MIT
/*
 * JSON from outside, within limits, and OLPC's canonical form. jansson's own
 * compact form is not that one: it escapes control characters.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "json.h"

/* Depth and number of values, before the parser allocates for them. */
static const char *measure(const char *data, size_t length)
{
	size_t depth = 0, values = 0, i;
	bool quoted = false;

	for (i = 0; i < length; i++) {
		char c = data[i];

		if (!c)
			return "a NUL byte";
		if (quoted) {
			if (c == '\\' && i + 1 < length && data[i + 1])
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		switch (c) {
		case '"':
			quoted = true;
			break;
		case '{':
		case '[':
			if (++depth > TUF_JSON_DEPTH)
				return "nested too deeply";
			values++;
			break;
		case '}':
		case ']':
			if (depth)
				depth--;
			break;
		case ',':
		case ':':
			if (++values > TUF_JSON_VALUES)
				return "too many values";
			break;
		default:
			break;
		}
	}
	return NULL;
}

int tuf_json_measure(const void *data, size_t length, struct tuf_error *err)
{
	const char *wrong = measure(data, length);

	return wrong ? tuf_fail(err, TUF_FORMAT, "4.1",
				"not JSON that is read: %s", wrong) : 0;
}

int tuf_json_load(const void *data, size_t length, json_t **ret,
		  struct tuf_error *err)
{
	int rc = tuf_json_measure(data, length, err);
	json_error_t why;
	json_t *value;

	if (rc)
		return rc;
	value = json_loadb(data, length, JSON_REJECT_DUPLICATES, &why);
	if (!value)
		return tuf_fail(err, TUF_FORMAT, "4.1", "not JSON: %s (line %d)",
				why.text, why.line);
	if (!json_is_object(value)) {
		json_decref(value);
		return tuf_fail(err, TUF_FORMAT, "4.2.1", "not an object");
	}
	*ret = value;
	return 0;
}

void tuf_text_reserve(struct tuf_text *text, size_t length)
{
	size_t size = (text->size + length) * 2;
	char *grown;

	if (text->wrong || text->size - text->used >= length)
		return;
	grown = realloc(text->data, size);
	if (!grown) {
		text->wrong = "no memory";
		return;
	}
	text->data = grown;
	text->size = size;
}

void tuf_text_put(struct tuf_text *text, const char *data, size_t length)
{
	tuf_text_reserve(text, length);
	if (text->wrong)
		return;
	memcpy(text->data + text->used, data, length);
	text->used += length;
}

void tuf_text_put_string(struct tuf_text *text, const char *string,
			 size_t length)
{
	size_t from = 0, i;

	tuf_text_put(text, "\"", 1);
	for (i = 0; i < length; i++) {
		if (string[i] != '"' && string[i] != '\\')
			continue;
		tuf_text_put(text, string + from, i - from);
		tuf_text_put(text, "\\", 1);
		from = i;
	}
	tuf_text_put(text, string + from, length - from);
	tuf_text_put(text, "\"", 1);
}

static void put_value(struct tuf_text *text, const json_t *value, int depth);

/* Bytes of UTF-8 sort as the characters do. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_object(struct tuf_text *text, const json_t *object, int depth)
{
	size_t count = json_object_size(object), i = 0;
	const char **names = calloc(count + 1, sizeof(*names));
	const char *name;
	json_t *member;

	if (!names) {
		text->wrong = "no memory";
		return;
	}
	json_object_foreach((json_t *)object, name, member)
		names[i++] = name;
	qsort(names, count, sizeof(*names), by_name);
	tuf_text_put(text, "{", 1);
	if (object == text->hole)
		text->hole_at = text->used;
	for (i = 0; i < count; i++) {
		if (i)
			tuf_text_put(text, ",", 1);
		tuf_text_put_string(text, names[i], strlen(names[i]));
		tuf_text_put(text, ":", 1);
		put_value(text, json_object_get(object, names[i]), depth);
	}
	tuf_text_put(text, "}", 1);
	free(names);
}

static void put_array(struct tuf_text *text, const json_t *array, int depth)
{
	size_t i;

	tuf_text_put(text, "[", 1);
	for (i = 0; i < json_array_size(array); i++) {
		if (i)
			tuf_text_put(text, ",", 1);
		put_value(text, json_array_get(array, i), depth);
	}
	tuf_text_put(text, "]", 1);
}

static void put_value(struct tuf_text *text, const json_t *value, int depth)
{
	char number[24];

	if (depth > TUF_JSON_DEPTH)
		text->wrong = "nested too deeply";
	if (text->wrong)
		return;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(text, value, depth + 1);
		break;
	case JSON_ARRAY:
		put_array(text, value, depth + 1);
		break;
	case JSON_STRING:
		tuf_text_put_string(text, json_string_value(value),
			   json_string_length(value));
		break;
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		tuf_text_put(text, number, strlen(number));
		break;
	case JSON_TRUE:
		tuf_text_put(text, "true", 4);
		break;
	case JSON_FALSE:
		tuf_text_put(text, "false", 5);
		break;
	case JSON_NULL:
		tuf_text_put(text, "null", 4);
		break;
	case JSON_REAL:
		text->wrong = "a fraction";
		break;
	}
}

void tuf_text_put_value(struct tuf_text *text, const json_t *value)
{
	put_value(text, value, 0);
}

int tuf_text_end(struct tuf_text *text, struct tuf_error *err)
{
	if (!text->wrong)
		return 0;
	free(text->data);
	text->data = NULL;
	return tuf_fail(err, TUF_FORMAT, "4.1", "no canonical form: %s",
			text->wrong);
}

int tuf_json_canonical(const json_t *value, char **ret_data, size_t *ret_length,
		       struct tuf_error *err)
{
	struct tuf_text text = { 0 };
	int rc;

	tuf_text_put_value(&text, value);
	rc = tuf_text_end(&text, err);
	if (rc)
		return rc;
	*ret_data = text.data;
	*ret_length = text.used;
	return 0;
}

int tuf_json_digest(const json_t *value, char hex[65], struct tuf_error *err)
{
	size_t length;
	char *data;
	int rc;

	rc = tuf_json_canonical(value, &data, &length, err);
	if (rc)
		return rc;
	rc = tuf_sha256_hex(data, length, hex) ? tuf_no_memory(err) : 0;
	free(data);
	return rc;
}
