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

int tuf_json_load(const void *data, size_t length, json_t **ret,
		  struct tuf_error *err)
{
	const char *wrong = measure(data, length);
	json_error_t why;
	json_t *value;

	if (wrong)
		return tuf_fail(err, TUF_FORMAT, "4.1", "not JSON that is read: %s",
				wrong);
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

struct text {
	char *data;
	size_t used;
	size_t size;
	const char *wrong;
};

static void put(struct text *text, const char *data, size_t length)
{
	if (text->wrong)
		return;
	if (text->size - text->used < length) {
		size_t size = (text->size + length) * 2;
		char *grown = realloc(text->data, size);

		if (!grown) {
			text->wrong = "no memory";
			return;
		}
		text->data = grown;
		text->size = size;
	}
	memcpy(text->data + text->used, data, length);
	text->used += length;
}

static void put_string(struct text *text, const char *string, size_t length)
{
	size_t from = 0, i;

	put(text, "\"", 1);
	for (i = 0; i < length; i++) {
		if (string[i] != '"' && string[i] != '\\')
			continue;
		put(text, string + from, i - from);
		put(text, "\\", 1);
		from = i;
	}
	put(text, string + from, length - from);
	put(text, "\"", 1);
}

static void put_value(struct text *text, const json_t *value, int depth);

/* Bytes of UTF-8 sort as the characters do. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_object(struct text *text, const json_t *object, int depth)
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
	put(text, "{", 1);
	for (i = 0; i < count; i++) {
		if (i)
			put(text, ",", 1);
		put_string(text, names[i], strlen(names[i]));
		put(text, ":", 1);
		put_value(text, json_object_get(object, names[i]), depth);
	}
	put(text, "}", 1);
	free(names);
}

static void put_array(struct text *text, const json_t *array, int depth)
{
	size_t i;

	put(text, "[", 1);
	for (i = 0; i < json_array_size(array); i++) {
		if (i)
			put(text, ",", 1);
		put_value(text, json_array_get(array, i), depth);
	}
	put(text, "]", 1);
}

static void put_value(struct text *text, const json_t *value, int depth)
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
		put_string(text, json_string_value(value),
			   json_string_length(value));
		break;
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		put(text, number, strlen(number));
		break;
	case JSON_TRUE:
		put(text, "true", 4);
		break;
	case JSON_FALSE:
		put(text, "false", 5);
		break;
	case JSON_NULL:
		put(text, "null", 4);
		break;
	case JSON_REAL:
		text->wrong = "a fraction";
		break;
	}
}

int tuf_json_canonical(const json_t *value, char **ret_data, size_t *ret_length,
		       struct tuf_error *err)
{
	struct text text = { 0 };

	put_value(&text, value, 0);
	if (text.wrong) {
		free(text.data);
		return tuf_fail(err, TUF_FORMAT, "4.1", "no canonical form: %s",
				text.wrong);
	}
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
