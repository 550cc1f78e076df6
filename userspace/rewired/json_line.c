// SPDX-License-Identifier: MIT
/*
 * Lines of values in a JSON text. The text is known to be JSON, so that a walk
 * over brackets, strings and commas finds everything; names with escapes in them
 * are just not found.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json_line.h"

struct walk {
	const char *text;
	size_t length;
	size_t at;
	int line;
};

static char peek(const struct walk *w)
{
	return w->at < w->length ? w->text[w->at] : '\0';
}

static void step(struct walk *w)
{
	if (w->at < w->length && w->text[w->at++] == '\n')
		w->line++;
}

/* To the next character that means something: colons and commas do not. */
static void skip_space(struct walk *w)
{
	while (w->at < w->length && strchr(" \t\r\n,:", w->text[w->at]))
		step(w);
}

static void skip_string(struct walk *w)
{
	step(w);
	while (w->at < w->length && peek(w) != '"') {
		if (peek(w) == '\\')
			step(w);
		step(w);
	}
	step(w);
}

/* Past one value, whatever is in it. */
static void skip_value(struct walk *w)
{
	int depth = 0;

	do {
		skip_space(w);
		switch (peek(w)) {
		case '"':
			skip_string(w);
			break;
		case '{':
		case '[':
			depth++;
			step(w);
			break;
		case '}':
		case ']':
			depth--;
			step(w);
			break;
		default:
			while (w->at < w->length &&
			       !strchr(" \t\r\n,:]}", peek(w)))
				step(w);
		}
	} while (depth > 0 && w->at < w->length);
}

/* At the start of a member: is it @name? Its value comes next in any case. */
static bool is_member(struct walk *w, const char *name, size_t length)
{
	size_t start = w->at + 1;

	skip_string(w);
	return w->at - start == length + 1 &&
	       !memcmp(w->text + start, name, length);
}

/* Into the object or array at hand, to what @name is there. */
static bool descend(struct walk *w, const char *name, size_t length)
{
	bool object = peek(w) == '{';
	unsigned long wanted = strtoul(name, NULL, 10), index = 0;

	if (!object && peek(w) != '[')
		return false;
	step(w);
	for (skip_space(w); w->at < w->length && !strchr("]}", peek(w));
	     skip_space(w)) {
		bool found = object ? is_member(w, name, length) :
				      index++ == wanted;

		skip_space(w);
		if (found)
			return true;
		skip_value(w);
	}
	return false;
}

int json_line(const char *text, size_t length, const char *path)
{
	struct walk w = { .text = text, .length = length, .line = 1 };
	int line;

	skip_space(&w);
	line = w.line;
	while (*path) {
		size_t name = strcspn(path, "/");

		if (!descend(&w, path, name))
			break;
		line = w.line;
		path += name;
		if (*path)
			path++;
	}
	return line;
}
