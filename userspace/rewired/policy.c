// SPDX-License-Identifier: MIT
/*
 * The policy of a host: JSON taken apart, windows, and what follows from them. A
 * member that is not known is refused: a condition that nobody checks is none.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json_line.h"
#include "policy.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DAYS		7

static const char *const consents[CONSENTS] = {
	[CONSENT_AUTOMATIC] = "automatic",
	[CONSENT_NOTIFY] = "notify",
	[CONSENT_MANUAL] = "manual",
};

const char *consent_name(enum consent consent)
{
	return consents[consent];
}

void policy_init(struct policy *policy)
{
	*policy = (struct policy){ .otherwise.consent = CONSENT_NOTIFY };
}

/* ---- the file ---- */

/* A text that is being read, and where in it. */
struct reading {
	const char *text;
	size_t length;
	char path[128];
	struct rewire_error *err;
};

/* Says what is wrong with @member of what is being read; "" for all of it. */
static int bad(const struct reading *r, const char *member, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

static int bad(const struct reading *r, const char *member, const char *format,
	       ...)
{
	char path[192], what[256];
	va_list ap;

	snprintf(path, sizeof(path), "%s%s%s", r->path,
		 r->path[0] && *member ? "/" : "", member);
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	return rewire_fail(r->err, EBADMSG, "line %d: %s",
			   json_line(r->text, r->length, path), what);
}

static int check_members(const struct reading *r, json_t *object,
			 const char *const *names, size_t count)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return bad(r, "", "this has to be an object: { ... }");
	json_object_foreach(object, key, value) {
		size_t i = 0;

		while (i < count && strcmp(key, names[i]))
			i++;
		if (i == count)
			return bad(r, key, "\"%.64s\" is not known here", key);
	}
	return 0;
}

static const char *const day_names[DAYS] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat",
};

static int parse_day(const char **at)
{
	for (int day = 0; day < DAYS; day++)
		if (!strncmp(*at, day_names[day], 3)) {
			*at += 3;
			return day;
		}
	return -1;
}

/* "mon-fri", "sat,sun", "fri-mon", "daily"; 0 for anything else */
static unsigned char parse_days(const char *text)
{
	unsigned char days = 0;

	if (!strcmp(text, "daily"))
		return (1 << DAYS) - 1;
	for (;;) {
		int first = parse_day(&text), last = first;

		if (first >= 0 && *text == '-') {
			text++;
			last = parse_day(&text);
		}
		if (first < 0 || last < 0)
			return 0;
		for (int day = first;; day = (day + 1) % DAYS) {
			days |= (unsigned char)(1 << day);
			if (day == last)
				break;
		}
		if (!*text)
			return days;
		if (*text++ != ',')
			return 0;
	}
}

/* "02:00"; -1 for anything else */
static int parse_minute(const char *text, int most)
{
	int minute;

	if (strlen(text) != 5 || text[2] != ':' ||
	    !isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]) ||
	    !isdigit((unsigned char)text[3]) ||
	    !isdigit((unsigned char)text[4]) || text[3] > '5')
		return -1;
	minute = atoi(text) * 60 + atoi(text + 3);
	return minute <= most ? minute : -1;
}

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int parse_window(const struct reading *r, json_t *object,
			struct window *window)
{
	static const char *const names[] = { "days", "from", "to" };
	int from, to, rc = check_members(r, object, names, ARRAY_SIZE(names));

	if (rc)
		return rc;
	window->days = parse_days(text_of(object, "days"));
	if (!window->days)
		return bad(r, "days", "\"days\" are like \"mon-fri\", \"sat,sun\" or \"daily\"");
	from = parse_minute(text_of(object, "from"), MINUTES_OF_DAY - 1);
	if (from < 0)
		return bad(r, "from", "\"from\" is a time like \"02:00\", up to \"23:59\"");
	to = parse_minute(text_of(object, "to"), MINUTES_OF_DAY);
	if (to < 0)
		return bad(r, "to", "\"to\" is a time like \"04:00\", up to \"24:00\"");
	if (from == to || to == 0)
		return bad(r, "to", from == to ?
			   "a window that ends when it begins; leave \"windows\" out for any time" :
			   "the end of a day is \"24:00\"");
	window->from = (unsigned short)from;
	window->to = (unsigned short)to;
	return 0;
}

static int parse_windows(const struct reading *outer, json_t *list,
			 struct policy_rule *rule)
{
	json_t *object;
	size_t i;

	if (!json_is_array(list) || !json_array_size(list) ||
	    json_array_size(list) > POLICY_MAX_WINDOWS)
		return bad(outer, "windows", "\"windows\" is a list of 1 to %d; leave it out for any time",
			   POLICY_MAX_WINDOWS);
	if (rule->consent != CONSENT_AUTOMATIC)
		return bad(outer, "windows", "windows are for \"consent\": \"automatic\" only");
	json_array_foreach(list, i, object) {
		struct reading r = *outer;
		int rc;

		snprintf(r.path, sizeof(r.path), "%.64s/windows/%zu",
			 outer->path, i);
		rc = parse_window(&r, object, &rule->window[i]);
		if (rc)
			return rc;
	}
	rule->windows = (unsigned int)json_array_size(list);
	return 0;
}

/* What a rule and the default have in common. */
static int parse_terms(const struct reading *r, json_t *object,
		       struct policy_rule *rule)
{
	const char *consent = text_of(object, "consent");
	json_t *arrival = json_object_get(object, "on_arrival");
	json_t *windows = json_object_get(object, "windows");
	int at = 0;

	while (at < CONSENTS && strcmp(consent, consents[at]))
		at++;
	if (at == CONSENTS)
		return bad(r, "consent", "\"consent\" is \"automatic\", \"notify\" or \"manual\"");
	rule->consent = (enum consent)at;
	if (arrival && !json_is_boolean(arrival))
		return bad(r, "on_arrival", "\"on_arrival\" is true or false");
	rule->on_arrival = json_is_true(arrival);
	return windows ? parse_windows(r, windows, rule) : 0;
}

static int parse_rule(const struct reading *r, json_t *object,
		      struct policy *policy)
{
	static const char *const names[] = {
		"software", "consent", "windows", "on_arrival",
	};
	struct policy_rule *rule = &policy->rule[policy->rules];
	char other[48];
	int rc = check_members(r, object, names, ARRAY_SIZE(names));

	if (rc)
		return rc;
	if (rewire_id_parse(text_of(object, "software"), rule->software))
		return bad(r, "software", "\"software\" is the id of one, as `rewire ls --json` shows it");
	for (unsigned int i = 0; i < policy->rules; i++) {
		if (memcmp(policy->rule[i].software, rule->software,
			   REWIRE_ID_SIZE))
			continue;
		snprintf(other, sizeof(other), "rules/%u/software", i);
		return bad(r, "software", "there is a rule for this software already, in line %d",
			   json_line(r->text, r->length, other));
	}
	rc = parse_terms(r, object, rule);
	if (!rc)
		policy->rules++;
	return rc;
}

static int parse_rules(struct reading *r, json_t *list, struct policy *policy)
{
	json_t *object;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > POLICY_MAX_RULES)
		return bad(r, "rules", "\"rules\" is a list of up to %d",
			   POLICY_MAX_RULES);
	json_array_foreach(list, i, object) {
		int rc;

		snprintf(r->path, sizeof(r->path), "rules/%zu", i);
		rc = parse_rule(r, object, policy);
		if (rc)
			return rc;
	}
	return 0;
}

static int parse_root(struct reading *r, json_t *root, struct policy *policy)
{
	static const char *const names[] = { "default", "rules" };
	static const char *const terms[] = {
		"consent", "windows", "on_arrival",
	};
	json_t *otherwise = json_object_get(root, "default");
	json_t *rules = json_object_get(root, "rules");
	int rc = check_members(r, root, names, ARRAY_SIZE(names));

	if (rc)
		return rc;
	if (!otherwise)
		return bad(r, "", "\"default\" is missing: what goes for software without a rule");
	strcpy(r->path, "default");
	rc = check_members(r, otherwise, terms, ARRAY_SIZE(terms));
	if (!rc)
		rc = parse_terms(r, otherwise, &policy->otherwise);
	r->path[0] = '\0';
	return rc || !rules ? rc : parse_rules(r, rules, policy);
}

int policy_parse(const char *text, size_t length, struct policy *ret_policy,
		 struct rewire_error *err)
{
	struct reading r = { .text = text, .length = length, .err = err };
	struct policy *policy;
	json_error_t why;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
	int rc;

	if (!root)
		return rewire_fail(err, EBADMSG, "line %d: %s", why.line,
				   why.text);
	policy = calloc(1, sizeof(*policy));
	rc = policy ? parse_root(&r, root, policy) :
		      rewire_fail(err, ENOMEM, "no memory");
	if (!rc)
		*ret_policy = *policy;
	free(policy);
	json_decref(root);
	return rc;
}

int policy_read(const char *path, struct policy *ret_policy,
		struct rewire_error *err)
{
	struct rewire_error why = { 0 };
	size_t length;
	__u8 *data;
	int rc = rewire_file_read(path, POLICY_MAX_FILE, &data, &length, err);

	if (rc)
		return rc;
	rc = policy_parse((const char *)data, length, ret_policy, &why);
	if (rc)
		rewire_fail(err, why.code, "%s: %s", path, why.text);
	free(data);
	return rc;
}

/* ---- what follows from it ---- */

const struct policy_rule *policy_find(const struct policy *policy,
				      const __u8 software[REWIRE_ID_SIZE])
{
	for (unsigned int i = 0; i < policy->rules; i++)
		if (!memcmp(policy->rule[i].software, software, REWIRE_ID_SIZE))
			return &policy->rule[i];
	return &policy->otherwise;
}

/* A window over midnight has its second half on the day after its own. */
static bool is_in(const struct window *w, int day, int minute)
{
	bool today = w->days & 1 << day;
	bool yesterday = w->days & 1 << (day + DAYS - 1) % DAYS;

	if (w->from < w->to)
		return today && minute >= w->from && minute < w->to;
	return (today && minute >= w->from) || (yesterday && minute < w->to);
}

static bool is_open(const struct policy_rule *rule, int day, int minute)
{
	for (unsigned int i = 0; i < rule->windows; i++)
		if (is_in(&rule->window[i], day, minute))
			return true;
	return !rule->windows;
}

int policy_minutes_until(const struct policy_rule *rule, int day, int minute)
{
	int wait = 0;

	/* Each window is open at some minute of the week. */
	while (!is_open(rule, (day + (minute + wait) / MINUTES_OF_DAY) % DAYS,
			(minute + wait) % MINUTES_OF_DAY))
		wait++;
	return wait;
}

enum due policy_due(const struct policy_rule *rule, enum decision decision,
		    bool arrived, int day, int minute)
{
	static const enum due closed[CONSENTS] = {
		[CONSENT_AUTOMATIC] = DUE_WINDOW,
		[CONSENT_NOTIFY] = DUE_APPROVAL,
		[CONSENT_MANUAL] = DUE_COMMAND,
	};

	if (decision == DECISION_REJECTED)
		return DUE_NEVER;
	if (rule->consent == CONSENT_MANUAL)
		return arrived && rule->on_arrival ? DUE_NOW : DUE_COMMAND;
	if (decision == DECISION_APPROVED || (arrived && rule->on_arrival))
		return DUE_NOW;
	if (rule->consent == CONSENT_AUTOMATIC && is_open(rule, day, minute))
		return DUE_NOW;
	return closed[rule->consent];
}
