// SPDX-License-Identifier: MIT
/*
 * The document is read by jansson, a value at a time; what is read here is no more
 * than the braces, colons and commas of three objects inside each other: the
 * document, what is signed, its targets.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "members.h"

struct reader {
	const char *at;
	const char *end;
	const char *(*wrong)(const json_t *value);
	struct tuf_members *members;
	size_t size;		/* of the list */
	json_t *doc;
	json_t *body;		/* what is signed; doc has it */
	json_t *hole;		/* the object of targets; body has it */
	json_error_t why;
};

static bool said(struct reader *reader, const char *why)
{
	strcpy(reader->why.text, why);
	return false;
}

static bool comes(struct reader *reader, char c)
{
	while (reader->at < reader->end && strchr(" \t\r\n", *reader->at))
		reader->at++;
	return reader->at < reader->end && *reader->at == c;
}

static bool take(struct reader *reader, char c)
{
	bool there = comes(reader, c);

	reader->at += there;
	return there;
}

static json_t *read_value(struct reader *reader)
{
	json_t *value = json_loadb(reader->at, (size_t)(reader->end - reader->at),
				   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY |
				   JSON_DISABLE_EOF_CHECK, &reader->why);

	if (value)
		reader->at += reader->why.position;
	return value;
}

/* What to do with a member whose value comes next. */
typedef bool member_fn(struct reader *reader, const json_t *name);

static bool read_member(struct reader *reader, member_fn *member)
{
	json_t *name = comes(reader, '"') ? read_value(reader) :
		       (said(reader, "a member without a name"), NULL);
	bool done = name && (take(reader, ':') || said(reader, "no colon")) &&
		    member(reader, name);

	json_decref(name);
	return done;
}

static bool read_object(struct reader *reader, member_fn *member)
{
	if (!take(reader, '{'))
		return said(reader, "not an object");
	if (take(reader, '}'))
		return true;
	do {
		if (!read_member(reader, member))
			return false;
	} while (take(reader, ','));
	return take(reader, '}') || said(reader, "an object without an end");
}

static bool set(struct reader *reader, json_t *object, const json_t *name,
		json_t *value)
{
	if (value && json_object_get(object, json_string_value(name))) {
		json_decref(value);
		return said(reader, "the same name twice");
	}
	return value &&
	       (!json_object_set_new(object, json_string_value(name), value) ||
		said(reader, "no memory"));
}

/* @name's value is an object whose members are read by @member, else any value. */
static bool descend(struct reader *reader, json_t *object, const json_t *name,
		    const char *into, json_t **ret, member_fn *member)
{
	if (strcmp(json_string_value(name), into) || !comes(reader, '{'))
		return set(reader, object, name, read_value(reader));
	*ret = json_object();
	return set(reader, object, name, *ret) && read_object(reader, member);
}

static struct tuf_member *add(struct reader *reader)
{
	struct tuf_members *members = reader->members;
	struct tuf_member *grown;

	if (members->count == reader->size) {
		reader->size = 2 * reader->size + 16;
		grown = realloc(members->list, reader->size * sizeof(*grown));
		if (!grown)
			return NULL;
		members->list = grown;
	}
	return &members->list[members->count++];
}

static bool in_targets(struct reader *reader, const json_t *name)
{
	struct tuf_members *members = reader->members;
	struct tuf_text *form = &members->form;
	json_t *value = read_value(reader);
	struct tuf_member *member;

	if (!value)
		return false;
	member = add(reader);
	if (member) {
		if (members->count > 1)
			tuf_text_put(form, ",", 1);
		member->at = (uint32_t)form->used;
		tuf_text_put_string(form, json_string_value(name),
				    json_string_length(name));
		tuf_text_put(form, ":", 1);
		tuf_text_put_value(form, value);
		member->length = (uint32_t)form->used - member->at;
		if (!members->wrong)
			members->wrong = reader->wrong(value);
	}
	json_decref(value);
	return member || said(reader, "no memory");
}

static bool in_signed(struct reader *reader, const json_t *name)
{
	return descend(reader, reader->body, name, "targets", &reader->hole,
		       in_targets);
}

static bool in_document(struct reader *reader, const json_t *name)
{
	return descend(reader, reader->doc, name, "signed", &reader->body, in_signed);
}

static bool read_document(struct reader *reader)
{
	if (!read_object(reader, in_document))
		return false;
	comes(reader, 0);
	return reader->at == reader->end ||
	       said(reader, "something behind the document");
}

/* One character of a canonical string, from behind its quotation mark; 0: its end. */
static int next(const char **at)
{
	int c = (unsigned char)*(*at)++;

	if (c == '"')
		return 0;
	return c == '\\' ? (unsigned char)*(*at)++ : c;
}

static int compare(const char *a, const char *b)
{
	int c, d;

	a++, b++;
	do {
		c = next(&a);
		d = next(&b);
	} while (c && c == d);
	return c - d;
}

static int by_name(const void *a, const void *b, void *form)
{
	const struct tuf_member *one = a, *other = b;

	return compare((char *)form + one->at, (char *)form + other->at);
}

/* Most repositories write them in this order already. */
static bool in_order(const struct tuf_members *members)
{
	size_t i;

	for (i = 1; i < members->count; i++)
		if (by_name(&members->list[i - 1], &members->list[i],
			    members->form.data) >= 0)
			return false;
	return true;
}

static void put_in_order(struct tuf_members *members)
{
	struct tuf_text form = { 0 };
	struct tuf_member *member;
	size_t i;

	qsort_r(members->list, members->count, sizeof(*members->list), by_name,
		members->form.data);
	for (i = 0; i < members->count; i++) {
		member = &members->list[i];
		if (i)
			tuf_text_put(&form, ",", 1);
		tuf_text_put(&form, members->form.data + member->at, member->length);
		member->at = (uint32_t)form.used - member->length;
	}
	free(members->form.data);
	members->form = form;
}

/* What is signed beside the targets goes around them. */
static void put_around(struct tuf_members *members, const struct tuf_text *around)
{
	struct tuf_text *form = &members->form;
	size_t head = around->hole_at, tail = around->used - head, i;

	if (around->wrong)
		form->wrong = around->wrong;
	tuf_text_reserve(form, around->used);
	if (form->wrong)
		return;
	memmove(form->data + head, form->data, form->used);
	memcpy(form->data, around->data, head);
	memcpy(form->data + head + form->used, around->data + head, tail);
	form->used += around->used;
	for (i = 0; i < members->count; i++)
		members->list[i].at += (uint32_t)head;
}

static int complete(struct reader *reader, struct tuf_error *err)
{
	struct tuf_text around = { .hole = reader->hole };
	struct tuf_members *members = reader->members;
	const json_t *body = json_object_get(reader->doc, "signed");

	if (!members->form.wrong && !in_order(members))
		put_in_order(members);
	if (!members->form.wrong && !in_order(members))
		return tuf_fail(err, TUF_FORMAT, "4.1",
				"not JSON: the same name twice");
	/* Without it the form is wrong, which is told later. */
	if (body) {
		tuf_text_put_value(&around, body);
		put_around(members, &around);
	}
	free(around.data);
	if (members->form.wrong)
		members->count = 0;
	return 0;
}

int tuf_members_load(const void *data, size_t length,
		     const char *(*wrong)(const json_t *value), json_t **ret_doc,
		     struct tuf_members **ret, struct tuf_error *err)
{
	struct reader reader = {
		.at = data, .end = (const char *)data + length, .wrong = wrong,
	};
	int rc = tuf_json_measure(data, length, err);

	if (rc)
		return rc;
	reader.doc = json_object();
	reader.members = calloc(1, sizeof(*reader.members));
	/* A canonical form is never longer than what it is the form of. */
	if (reader.members)
		tuf_text_reserve(&reader.members->form, length);
	if (!reader.doc || !reader.members)
		rc = tuf_no_memory(err);
	else if (!read_document(&reader))
		rc = tuf_fail(err, TUF_FORMAT, "4.1", "not JSON: %s",
			      reader.why.text);
	else
		rc = complete(&reader, err);
	if (rc) {
		json_decref(reader.doc);
		tuf_members_free(reader.members);
	} else {
		*ret_doc = reader.doc;
		*ret = reader.members;
	}
	return rc;
}

void tuf_members_free(struct tuf_members *members)
{
	if (!members)
		return;
	json_decref(members->last);
	free(members->form.data);
	free(members->list);
	free(members);
}

/* To JSON from its canonical form, in which control characters stand as they are. */
static void escape(struct tuf_text *text, const char *form, size_t length)
{
	char code[8];
	size_t i;

	for (i = 0; i < length; i++) {
		if ((unsigned char)form[i] >= ' ') {
			tuf_text_put(text, form + i, 1);
		} else {
			snprintf(code, sizeof(code), "\\u%04x", form[i]);
			tuf_text_put(text, code, 6);
		}
	}
}

const json_t *tuf_members_at(struct tuf_members *members, size_t place,
			     char **ret_name)
{
	const struct tuf_member *member = &members->list[place];
	struct tuf_text text = { 0 };
	struct reader reader = { 0 };
	json_t *name;

	if (ret_name)
		*ret_name = NULL;
	escape(&text, members->form.data + member->at, member->length);
	if (text.wrong)
		return NULL;
	reader.at = text.data;
	reader.end = text.data + text.used;
	name = read_value(&reader);
	json_decref(members->last);
	members->last = take(&reader, ':') ? read_value(&reader) : NULL;
	if (ret_name && name)
		*ret_name = strdup(json_string_value(name));
	json_decref(name);
	free(text.data);
	return members->last;
}

const json_t *tuf_members_get(struct tuf_members *members, const char *name)
{
	size_t low = 0, high = members->count, middle;
	struct tuf_text quoted = { 0 };
	const json_t *found = NULL;
	int order;

	tuf_text_put_string(&quoted, name, strlen(name));
	while (!quoted.wrong && low < high) {
		middle = low + (high - low) / 2;
		order = compare(quoted.data,
				members->form.data + members->list[middle].at);
		if (!order) {
			found = tuf_members_at(members, middle, NULL);
			break;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	free(quoted.data);
	return found;
}
