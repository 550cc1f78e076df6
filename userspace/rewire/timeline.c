// SPDX-License-Identifier: MIT
/*
 * The report of a migration: as text, as JSON, and as a page with the timeline
 * drawn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "show.h"
#include "timeline.h"

/* Of the drawing, in its own units. */
#define LEFT		110
#define WIDTH		860
#define ROUNDS_Y	30
#define PAUSE_Y		80
#define STEPS_Y		130
#define BAR		30
#define STEP_GAP	18

void timeline_add(struct timeline *t, const char *event, const json_t *info)
{
	json_t *entry = json_pack("{s:s}", "event", event);

	if (!t->events)
		t->events = json_array();
	json_object_update_missing(entry, (json_t *)(uintptr_t)info);
	json_array_append_new(t->events, entry);
}

void timeline_end(struct timeline *t, json_t *result)
{
	json_decref(t->result);
	t->result = result;
}

void timeline_free(struct timeline *t)
{
	json_decref(t->events);
	json_decref(t->result);
}

static long long number(const json_t *entry, const char *key)
{
	return (long long)json_integer_value(json_object_get(entry, key));
}

static const char *text(const json_t *entry, const char *key)
{
	const char *value = json_string_value(json_object_get(entry, key));

	return value ? value : "";
}

static bool is(const json_t *entry, const char *event)
{
	return !strcmp(text(entry, "event"), event);
}

static bool is_step(const json_t *entry)
{
	return !is(entry, "ROUND") && !is(entry, "COPYING");
}

/* When that step was made, or -1. */
static long long when(const struct timeline *t, const char *event)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(t->events, i, entry)
		if (is(entry, event))
			return number(entry, "ms");
	return -1;
}

static long long last_ms(const struct timeline *t)
{
	const json_t *entry;
	long long last = 1;
	size_t i;

	json_array_foreach(t->events, i, entry)
		if (number(entry, "ms") > last)
			last = number(entry, "ms");
	return last;
}

/* The same sentence for people in text and on the page. */
static void sum_up(const struct timeline *t, FILE *out)
{
	char size[32];

	if (!t->result)
		fputs("it has not ended", out);
	else if (json_object_get(t->result, "error"))
		fputs("it did not move", out);
	else
		fprintf(out, "moved %s in %lld ms; stood still for %lld ms",
			show_size((__u64)number(t->result, "bytes"), size),
			number(t->result, "ms"), number(t->result, "still_ms"));
}

/* ---- text ---- */

static void write_text_round(const json_t *entry, FILE *out)
{
	char size[32];

	fprintf(out, "%8lld ms  round %lld: %s in %lld ms, %lld pages/s written, %lld left: %lld ms",
		number(entry, "ms"), number(entry, "round"),
		show_size((__u64)number(entry, "sent"), size),
		number(entry, "took_ms"), number(entry, "rate"),
		number(entry, "left"), number(entry, "expected_ms"));
	if (number(entry, "delay_us"))
		fprintf(out, ", slowed down by %lld us a page",
			number(entry, "delay_us"));
	fputc('\n', out);
}

static void write_text(const struct timeline *t, FILE *out)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(t->events, i, entry) {
		if (is(entry, "ROUND"))
			write_text_round(entry, out);
		else if (is_step(entry))
			fprintf(out, "%8lld ms  %-6s  %s\n",
				number(entry, "ms"), text(entry, "side"),
				text(entry, "event"));
	}
	sum_up(t, out);
	fputc('\n', out);
	if (json_object_get(t->result, "error"))
		fprintf(out, "%s\n", text(t->result, "error"));
}

/* ---- JSON ---- */

static void write_json(const struct timeline *t, FILE *out)
{
	json_t *all = json_pack("{s:O, s:O*}", "events", t->events, "result",
				t->result);

	json_dumpf(all, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

/* ---- HTML ---- */

static void escape(const char *from, FILE *out)
{
	for (; *from; from++) {
		switch (*from) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*from, out);
		}
	}
}

static double at(long long ms, long long last)
{
	return LEFT + (double)WIDTH * (double)ms / (double)last;
}

static void draw_bar(FILE *out, const char *class, long long from, long long to,
		     int y, long long last)
{
	double left = at(from, last), width = at(to, last) - left;

	fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">",
		class, left, y, width < 1 ? 1 : width, BAR);
}

static void draw_rounds(const struct timeline *t, FILE *out, long long last)
{
	const json_t *entry;
	char size[32];
	size_t i;

	fprintf(out, "<text class=\"row\" x=\"0\" y=\"%d\">rounds</text>\n",
		ROUNDS_Y + 20);
	json_array_foreach(t->events, i, entry) {
		long long end = number(entry, "ms");

		if (!is(entry, "ROUND"))
			continue;
		draw_bar(out, number(entry, "delay_us") ? "slow" : "round",
			 end - number(entry, "took_ms"), end, ROUNDS_Y, last);
		fprintf(out, "<title>round %lld: %s, %lld pages written meanwhile</title></rect>\n",
			number(entry, "round"),
			show_size((__u64)number(entry, "sent"), size),
			number(entry, "left"));
	}
}

/* ACTIVE is told when the source has wiped its pages, and runs by then for a while. */
static void draw_pause(const struct timeline *t, FILE *out, long long last)
{
	long long from = when(t, "FROZEN"), to = last;

	if (from < 0)
		return;
	if (json_object_get(t->result, "still_ms"))
		to = from + number(t->result, "still_ms");
	fprintf(out, "<text class=\"row\" x=\"0\" y=\"%d\">stood still</text>\n",
		PAUSE_Y + 20);
	draw_bar(out, "pause", from, to, PAUSE_Y, last);
	fprintf(out, "<title>%lld ms</title></rect>\n", to - from);
}

/* A line for each acknowledgement, its name on a row of its own. */
static int draw_steps(const struct timeline *t, FILE *out, long long last)
{
	const json_t *entry;
	int y = STEPS_Y;
	size_t i;

	json_array_foreach(t->events, i, entry) {
		double x = at(number(entry, "ms"), last);
		bool right = x > LEFT + WIDTH / 2;

		if (!is_step(entry))
			continue;
		fprintf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n",
			x, ROUNDS_Y - 10, x, y);
		fprintf(out, "<text x=\"%.1f\" y=\"%d\"%s>", right ? x - 4 : x + 4,
			y, right ? " text-anchor=\"end\"" : "");
		escape(text(entry, "side"), out);
		fputc(' ', out);
		escape(text(entry, "event"), out);
		fprintf(out, ", %lld ms</text>\n", number(entry, "ms"));
		y += STEP_GAP;
	}
	return y;
}

static void write_table(const struct timeline *t, FILE *out)
{
	const json_t *entry;
	char size[32];
	size_t i;

	fputs("<table><tr><th>round</th><th>until ms</th><th>took ms</th>"
	      "<th>sent</th><th>pages/s written</th><th>pages left</th>"
	      "<th>expected ms</th><th>slowed down us/page</th></tr>\n", out);
	json_array_foreach(t->events, i, entry) {
		if (!is(entry, "ROUND"))
			continue;
		fprintf(out, "<tr><td>%lld</td><td>%lld</td><td>%lld</td><td>%s</td><td>%lld</td><td>%lld</td><td>%lld</td><td>%lld</td></tr>\n",
			number(entry, "round"), number(entry, "ms"),
			number(entry, "took_ms"),
			show_size((__u64)number(entry, "sent"), size),
			number(entry, "rate"), number(entry, "left"),
			number(entry, "expected_ms"), number(entry, "delay_us"));
	}
	fputs("</table>\n", out);
}

static void write_html(const struct timeline *t, FILE *out)
{
	long long last = last_ms(t);
	size_t steps = json_array_size(t->events);

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<title>REWIRE migration</title>\n<style>"
	      "body{font:15px sans-serif;margin:2em;color:#222}"
	      "svg{width:100%;max-width:1000px}text{font-size:12px}"
	      ".row{font-size:14px}.round{fill:#5b8db8}.slow{fill:#c9a227}"
	      ".pause{fill:#b8405e}rect{stroke:#fff}line{stroke:#999;"
	      "stroke-dasharray:2 3}table{border-collapse:collapse}"
	      "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}"
	      "</style></head><body>\n<h1>Migration</h1>\n<p>", out);
	sum_up(t, out);
	fputs("</p>\n", out);
	if (json_object_get(t->result, "error")) {
		fputs("<p>", out);
		escape(text(t->result, "error"), out);
		fputs("</p>\n", out);
	}
	fprintf(out, "<svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"timeline\">\n",
		LEFT + WIDTH + 20, STEPS_Y + (steps + 1) * STEP_GAP);
	draw_rounds(t, out, last);
	draw_pause(t, out, last);
	draw_steps(t, out, last);
	fputs("</svg>\n", out);
	write_table(t, out);
	fputs("</body></html>\n", out);
}

/* ---- all three ---- */

static bool ends(const char *path, const char *ending)
{
	size_t length = strlen(path), tail = strlen(ending);

	return length > tail && !strcmp(path + length - tail, ending);
}

static void write_as(const struct timeline *t, const char *path, FILE *out)
{
	if (ends(path, ".json"))
		write_json(t, out);
	else if (ends(path, ".html"))
		write_html(t, out);
	else
		write_text(t, out);
}

int timeline_write(const struct timeline *t, const char *path,
		   struct rewire_error *err)
{
	struct rewire_output output;
	FILE *out;
	int ret;

	if (!strcmp(path, "-")) {
		write_text(t, stdout);
		return 0;
	}
	ret = rewire_output_open(&output, path, 0644, err);
	if (ret)
		return ret;
	out = fdopen(dup(output.fd), "w");
	if (out)
		write_as(t, path, out);
	if (!out || fclose(out)) {
		ret = rewire_fail(err, errno, "%s: %s", path, strerror(errno));
		rewire_output_discard(&output);
		return ret;
	}
	return rewire_output_commit(&output, err);
}
