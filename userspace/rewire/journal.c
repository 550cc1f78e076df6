// SPDX-License-Identifier: MIT
/*
 * A journal's records in words. What they hold is the SM's own, but text in it
 * may come from anywhere: nothing of it reaches a terminal unchecked.
 */
#include <string.h>
#include <time.h>

#include <rewire_update.h>

#include "cli.h"
#include "journal.h"
#include "show.h"

/* Payloads are not aligned. */
#define TAKE(entry, type, name)						\
	struct type name;						\
	memcpy(&name, (entry)->payload, sizeof(name))

static const char *place_name(__u32 place)
{
	static const char *const names[] = {
		[REWIRE_PLACE_NONE] = "not here",
		[REWIRE_PLACE_HERE] = "here",
		[REWIRE_PLACE_MOVED] = "moved away",
	};

	return place < ARRAY_SIZE(names) ? names[place] : "unknown";
}

static json_t *of_workload(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_workload, w);

	return json_pack("{s:o, s:I, s:I, s:s}", "workload",
			 show_id(w.workload), "epoch", (json_int_t)w.epoch,
			 "floor", (json_int_t)w.floor, "place",
			 place_name(w.place));
}

static json_t *of_session(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_session, s);

	return json_pack("{s:o, s:o, s:I, s:s, s:s, s:s}", "migration",
			 show_id(s.request.id), "workload",
			 show_id(s.request.workload), "epoch",
			 (json_int_t)s.request.epoch, "side",
			 rewire_side_name(s.side), "state",
			 rewire_session_state_name(s.state), "says",
			 rewire_message_name(s.message_kind));
}

static json_t *of_audit(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_audit, a);

	a.reason[sizeof(a.reason) - 1] = '\0';
	return json_pack("{s:o, s:i, s:o}", "workload", show_id(a.workload),
			 "error", (int)a.error, "reason",
			 show_text(a.reason));
}

static json_t *of_start(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_open, o);

	return json_pack("{s:o, s:o}", "sm", show_hex(o.sm, sizeof(o.sm)),
			 "journal", show_hex(o.journal, sizeof(o.journal)));
}

static json_t *of_boot(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_boot, b);
	char kernel[32];

	snprintf(kernel, sizeof(kernel), "%u.%u.%u", b.kernel >> 16,
		 b.kernel >> 8 & 255, b.kernel & 255);
	return json_pack("{s:s, s:s}", "kernel", kernel, "freshness",
			 rewire_freshness_name(b.freshness));
}

static json_t *of_witness(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_witness, w);

	return json_pack("{s:I, s:o}", "vouched", (json_int_t)w.sequence,
			 "head", show_hex(w.head, sizeof(w.head)));
}

static json_t *of_update(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_update, u);
	json_t *object;

	object = json_pack("{s:o, s:o, s:o, s:s, s:I, s:I}", "update",
			   show_id(u.id), "nonce",
			   show_hex(u.nonce, sizeof(u.nonce)), "workload",
			   show_id(u.workload), "state",
			   rewire_update_state_name(u.state), "from",
			   (json_int_t)u.from.release, "to",
			   (json_int_t)u.to.release);
	u.reason[sizeof(u.reason) - 1] = '\0';
	if (object && u.reason[0])
		json_object_set_new(object, "reason", show_text(u.reason));
	return object;
}

static json_t *of_generation(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_journal_generation, g);

	return json_pack("{s:i}", "root_key", (int)g.generation);
}

static json_t *of_trust(const struct rewire_journal_entry *entry)
{
	TAKE(entry, rewire_header, h);

	return json_pack("{s:s}", "statement",
			 h.type == REWIRE_TYPE_BUNDLE ? "anchors of a role" :
			 h.type == REWIRE_TYPE_LEVELS ? "table of levels" :
							"unknown");
}

static json_t *details(const struct rewire_journal_entry *entry)
{
	switch (entry->record.type) {
	case REWIRE_JOURNAL_OPEN:
	case REWIRE_JOURNAL_BASE:
		return of_start(entry);
	case REWIRE_JOURNAL_BOOT:
		return of_boot(entry);
	case REWIRE_JOURNAL_WORKLOAD:
		return of_workload(entry);
	case REWIRE_JOURNAL_SESSION:
		return of_session(entry);
	case REWIRE_JOURNAL_TRUST:
		return of_trust(entry);
	case REWIRE_JOURNAL_GENERATION:
		return of_generation(entry);
	case REWIRE_JOURNAL_WITNESS:
		return of_witness(entry);
	case REWIRE_JOURNAL_AUDIT:
		return of_audit(entry);
	case REWIRE_JOURNAL_UPDATE:
		return of_update(entry);
	default:
		return json_object();
	}
}

static void print_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 127 ? '?' :
								     *text);
}

static void print_words(const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		printf("  %s ", name);
		if (json_is_string(value))
			print_text(json_string_value(value));
		else
			printf("%jd", (intmax_t)json_integer_value(value));
	}
}

void journal_print(const struct rewire_journal_entry *entry)
{
	const struct rewire_journal_record *record = &entry->record;
	time_t seconds = (time_t)(record->time_real / 1000000000);
	json_t *object = details(entry);
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (cli.json) {
		json_object_set_new(object, "sequence",
				    json_integer((json_int_t)record->sequence));
		json_object_set_new(object, "time", json_string(when));
		json_object_set_new(object, "type",
				    json_string(rewire_journal_type_name(record->type)));
		json_object_set_new(object, "generation",
				    json_integer(record->generation));
		show_json(object);
		return;
	}
	printf("%6ju  %s  %-10s", (uintmax_t)record->sequence, when,
	       rewire_journal_type_name(record->type));
	print_words(object);
	putchar('\n');
	json_decref(object);
}
