// SPDX-License-Identifier: MIT
/*
 * Updates, for people: what one would change, which there are, how one ended.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "show.h"
#include "update_show.h"

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key,
			const char *otherwise)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : otherwise;
}

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* ---- plan ---- */

#define ROW	"  %-11s "

static void show_signers(FILE *to, const json_t *plan)
{
	const json_t *signers = json_object_get(plan, "signers");

	fprintf(to, ROW "SDS: %s\n", "signed by",
		text(signers, "sds", "nobody whom this host's folder has an anchor of"));
	fprintf(to, ROW "developer: %s\n", "",
		text(signers, "developer",
		     "nobody whom this host's folder has an anchor of"));
	fprintf(to, ROW "(names are from this host's folder; the SM goes by its own anchors)\n",
		"");
}

static void show_authority(FILE *to, const json_t *package)
{
	if (is_true(package, "root"))
		fprintf(to, ROW "%sthe root role signed too: release and SVN may fall, the developer may be another%s\n",
			"authority", show_colour(to, SHOW_WAITING),
			show_colour(to, SHOW_PLAIN));
	if (number(package, "expires")) {
		time_t when = (time_t)number(package, "expires");
		char date[32] = "";
		struct tm utc;

		if (gmtime_r(&when, &utc))
			strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &utc);
		fprintf(to, ROW "%s\n", "expires", date);
	}
}

static const char *state_words(const char *state)
{
	static const struct {
		const char *name, *words;
	} table[] = {
		{ "none", "not kept: the new version starts anew" },
		{ "handover", "the old version exports it, the new one imports it" },
		{ "sealed", "the new version opens what the old one sealed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].name, state))
			return table[i].words;
	return "of a kind that this program does not know";
}

static void show_state(FILE *to, const json_t *version)
{
	json_int_t attributes = number(version, "attributes");

	if (attributes & ~REWIRE_ATTRS)
		fprintf(to, ROW "%sattributes %#" PRIx64 ", which this program does not know%s\n",
			"", show_colour(to, SHOW_WAITING),
			(uint64_t)attributes, show_colour(to, SHOW_PLAIN));
	fprintf(to, ROW "%s\n", "state",
		state_words(text(version, "state", "unknown")));
}

static void show_head(FILE *to, const json_t *plan)
{
	const json_t *package = json_object_get(plan, "package");
	const json_t *version = json_object_get(plan, "to");
	char size[32];

	fprintf(to, "update of software %s\n", text(package, "software", "?"));
	fprintf(to, ROW "release %" JSON_INTEGER_FORMAT ", SVN %"
		JSON_INTEGER_FORMAT ", measurement %.16s\n", "to",
		number(version, "release"), number(version, "svn"),
		text(version, "measurement", "?"));
	show_signers(to, plan);
	show_authority(to, package);
	fprintf(to, ROW "%s%s\n", "payload",
		show_size((__u64)number(package, "payload"), size),
		is_true(package, "sealed") ? ", encrypted for this device" : "");
	show_state(to, version);
	fprintf(to, ROW "%.1f s from the hand-over until the SM gives up\n",
		"trial", (double)number(package, "trial_ms") / 1000);
}

static void show_pause(FILE *to, const json_t *pause)
{
	char size[32];

	if (!json_is_object(pause)) {
		fprintf(to, ROW "not known: no update of this software was measured on this host yet\n",
			"pause");
		return;
	}
	fprintf(to, ROW "about %.0f ms, an estimate: update %.8s took %.0f ms here, with %s of memory\n",
		"pause", (double)number(pause, "us") / 1000,
		text(pause, "measured_in", "?"),
		(double)number(pause, "measured_us") / 1000,
		show_size((__u64)number(pause, "measured_memory"), size));
}

static void show_from(FILE *to, const json_t *instance, const json_t *version)
{
	const json_t *from = json_object_get(instance, "from");
	const char *old = text(from, "developer", NULL);
	const char *new = text(version, "developer", NULL);
	char size[32];

	fprintf(to, ROW "release %" JSON_INTEGER_FORMAT ", SVN %"
		JSON_INTEGER_FORMAT ", measurement %.16s, %s in use\n", "from",
		number(from, "release"), number(from, "svn"),
		text(from, "measurement", "?"),
		show_size((__u64)number(instance, "memory"), size));
	if (!old || !new)
		fprintf(to, ROW "whether the developer stays the same is not known\n",
			"developer");
	else if (strcmp(old, new))
		fprintf(to, ROW "%schanges: %s before%s\n", "developer",
			show_colour(to, SHOW_BAD), old,
			show_colour(to, SHOW_PLAIN));
	else
		fprintf(to, ROW "stays the same\n", "developer");
}

static const char *as_number(__u64 value, char text[32])
{
	snprintf(text, 32, "%" PRIu64, (uint64_t)value);
	return text;
}

static const char *as_flags(__u64 value, char text[32])
{
	snprintf(text, 32, "%#" PRIx64, (uint64_t)value);
	return text;
}

/* What the new version may use, beside what the old one might. */
static void show_rights(FILE *to, const json_t *from, const json_t *version)
{
	static const struct {
		const char *key, *name, *how;
		const char *(*format)(__u64 value, char text[32]);
	} table[] = {
		{ "max_memory", "memory", "at most ", show_size },
		{ "max_threads", "threads", "at most ", as_number },
		{ "min_atl", "level", "at least ", as_number },
		{ "attributes", "attributes", "", as_flags },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const json_t *old = json_object_get(from, table[i].key);
		__u64 before = (__u64)json_integer_value(old);
		__u64 after = (__u64)number(version, table[i].key);
		char text[32];

		fprintf(to, ROW "%s%s", table[i].name, table[i].how,
			table[i].format(after, text));
		if (!json_is_integer(old))
			fputs(", before: not known\n", to);
		else if (before == after)
			fputs(", as before\n", to);
		else
			fprintf(to, "%s, before: %s%s%s\n",
				show_colour(to, SHOW_WAITING), table[i].how,
				table[i].format(before, text),
				show_colour(to, SHOW_PLAIN));
	}
}

static void show_instance(FILE *to, const json_t *instance,
			  const json_t *version)
{
	bool allowed = is_true(instance, "allowed");

	fprintf(to, "\nworkload %s\n", text(instance, "workload", "?"));
	show_from(to, instance, version);
	show_rights(to, json_object_get(instance, "from"), version);
	fprintf(to, ROW "%s%s%s%s\n", "the SM says",
		show_colour(to, allowed ? SHOW_GOOD : SHOW_BAD),
		allowed ? "it would go" : "no: ",
		allowed ? "" : text(instance, "why", "without a reason"),
		show_colour(to, SHOW_PLAIN));
	show_pause(to, json_object_get(instance, "pause"));
	fprintf(to, ROW "%s\n", "update", text(instance, "update", "?"));
}

static void show_way_back(FILE *to, const json_t *plan)
{
	const json_t *version = json_object_get(plan, "to");

	fputs("\nif it goes wrong\n"
	      "  before the switch the old version goes on, as it was: after a time-out, a\n"
	      "  crash, a bad health check, `rewire update cancel`, the end of the helper\n",
	      to);
	if (is_true(plan, "volatile"))
		fputs("  when the power fails meanwhile the workload is lost: no checkpoints are kept\n",
		      to);
	else
		fputs("  when the power fails meanwhile it comes back from a checkpoint\n",
		      to);
	fprintf(to, "  after the switch there is no way back: nothing below release %"
		JSON_INTEGER_FORMAT " and SVN %" JSON_INTEGER_FORMAT "\n"
		"  runs as this workload again, unless the root role signs for it\n",
		number(version, "release"), number(version, "svn"));
}

void show_plan(FILE *to, const json_t *plan)
{
	const json_t *version = json_object_get(plan, "to");
	const json_t *instance;
	size_t i;

	show_head(to, plan);
	json_array_foreach(json_object_get(plan, "instances"), i, instance)
		show_instance(to, instance, version);
	if (number(plan, "left_out"))
		fprintf(to, "\nand %" JSON_INTEGER_FORMAT " more workloads\n",
			number(plan, "left_out"));
	show_way_back(to, plan);
}

size_t show_plan_allowed(const json_t *plan)
{
	const json_t *instance;
	size_t i, allowed = 0;

	json_array_foreach(json_object_get(plan, "instances"), i, instance)
		allowed += is_true(instance, "allowed");
	return allowed;
}

/* ---- list ---- */

static int colour_of(const char *state)
{
	static const struct {
		const char *state;
		int colour;
	} table[] = {
		{ "switched", SHOW_GOOD }, { "pending", SHOW_WAITING },
		{ "running", SHOW_WAITING }, { "aborted", SHOW_BAD },
		{ "refused", SHOW_BAD }, { "lost", SHOW_BAD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].state, state))
			return table[i].colour;
	return SHOW_PLAIN;
}

static void show_update(FILE *to, const json_t *update)
{
	const char *state = text(update, "state", "?");
	const char *waits = text(update, "waits_for", NULL);
	const char *reason = text(update, "reason", NULL);

	fprintf(to, "%s  %s  %" JSON_INTEGER_FORMAT " -> %" JSON_INTEGER_FORMAT
		"  %s%s%s", text(update, "update", "?"),
		text(update, "workload", "?"), number(update, "from_release"),
		number(update, "to_release"), show_colour(to, colour_of(state)),
		state, show_colour(to, SHOW_PLAIN));
	if (waits)
		fprintf(to, ", waits for %s", waits);
	if (number(update, "minutes"))
		fprintf(to, " in %" JSON_INTEGER_FORMAT " min",
			number(update, "minutes"));
	if (!strcmp(state, "switched"))
		fprintf(to, ", calls waited %.0f ms",
			(double)number(update, "pause_us") / 1000);
	fputc('\n', to);
	if (reason)
		fprintf(to, "    %s\n", reason);
}

void show_updates(FILE *to, const json_t *list)
{
	const json_t *updates = json_object_get(list, "updates"), *update;
	size_t i;

	if (!json_array_size(updates)) {
		fputs("no update waits, runs, or ever ran\n", to);
		return;
	}
	json_array_foreach(updates, i, update)
		show_update(to, update);
	if (number(list, "left_out"))
		fprintf(to, "and %" JSON_INTEGER_FORMAT " that are older\n",
			number(list, "left_out"));
}

/* ---- receipt ---- */

static void show_version(FILE *to, const char *name,
			 const struct rewire_version *version)
{
	char developer[2 * REWIRE_ID_SIZE + 1];
	char measurement[2 * REWIRE_DIGEST_SIZE + 1];

	fprintf(to, "%-9s release %llu, SVN %llu, developer %s\n%-9s %s\n", name,
		(unsigned long long)version->release,
		(unsigned long long)version->svn,
		rewire_hex(version->developer, REWIRE_ID_SIZE, developer), "",
		rewire_hex(version->measurement, REWIRE_DIGEST_SIZE,
			   measurement));
}

void show_receipt(FILE *to, const struct rewire_update_receipt *r)
{
	char id[REWIRE_ID_TEXT], hex[2 * REWIRE_DIGEST_SIZE + 1];

	fprintf(to, "update    %s\n", rewire_id_format(r->id, id));
	fprintf(to, "workload  %s, epoch %llu afterwards\n",
		rewire_id_format(r->workload, id), (unsigned long long)r->epoch);
	fprintf(to, "software  %s\n", rewire_id_format(r->software, id));
	fprintf(to, "SM        %s\n", rewire_hex(r->sm, REWIRE_ID_SIZE, hex));
	fprintf(to, "ended     %s%s%s%s%s\n",
		show_colour(to, r->state == REWIRE_UPDATE_SWITCHED ?
			    SHOW_GOOD : SHOW_BAD),
		rewire_update_state_name(r->state), show_colour(to, SHOW_PLAIN),
		r->error ? ": " : "",
		r->error ? r->reason[0] ? r->reason : strerror((int)r->error) :
			   "");
	show_version(to, "from", &r->from);
	show_version(to, "to", &r->to);
	fprintf(to, "package   %s\n",
		rewire_hex(r->package_digest, REWIRE_DIGEST_SIZE, hex));
	fprintf(to, "journal   record %llu, %s\n", (unsigned long long)r->sequence,
		rewire_hex(r->head, REWIRE_DIGEST_SIZE, hex));
}

static json_t *version_json(const struct rewire_version *version)
{
	return json_pack("{s:I, s:I, s:o, s:o}",
			 "release", (json_int_t)version->release,
			 "svn", (json_int_t)version->svn,
			 "developer", show_hex(version->developer,
					       REWIRE_ID_SIZE),
			 "measurement", show_hex(version->measurement,
						 REWIRE_DIGEST_SIZE));
}

json_t *show_receipt_json(const struct rewire_update_receipt *r)
{
	return json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:i, s:o, s:I, s:o, s:o, s:I, s:o}",
		"update", show_id(r->id), "workload", show_id(r->workload),
		"software", show_id(r->software),
		"sm", show_hex(r->sm, REWIRE_ID_SIZE),
		"nonce", show_hex(r->nonce, REWIRE_NONCE_SIZE),
		"package", show_hex(r->package_digest, REWIRE_DIGEST_SIZE),
		"state", rewire_update_state_name(r->state),
		"errno", (int)r->error, "reason", show_text(r->reason),
		"epoch", (json_int_t)r->epoch,
		"from", version_json(&r->from), "to", version_json(&r->to),
		"sequence", (json_int_t)r->sequence,
		"head", show_hex(r->head, REWIRE_DIGEST_SIZE));
}
