/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_POLICY_H
#define REWIRED_POLICY_H

#include <stdbool.h>

#include <rewire.h>

/*
 * What the owner of a host lets be updated, and when. No I/O but for the file.
 *
 *	{
 *		"default": { "consent": "notify" },
 *		"rules": [ {
 *			"software": "00112233-4455-6677-8899-aabbccddeeff",
 *			"consent": "automatic",
 *			"windows": [
 *				{ "days": "mon-fri", "from": "02:00", "to": "04:00" }
 *			],
 *			"on_arrival": true
 *		} ]
 *	}
 */

#define POLICY_MAX_RULES	64
#define POLICY_MAX_WINDOWS	8
#define POLICY_MAX_FILE		(64 * 1024)

enum consent {
	CONSENT_AUTOMATIC,	/* applied by itself, in a window if there are any */
	CONSENT_NOTIFY,		/* applied once somebody approved it */
	CONSENT_MANUAL,		/* applied by `rewire update apply` only */
	CONSENTS
};

/* "automatic" ... */
const char *consent_name(enum consent consent);

/* Minutes of a day, in local time; 24:00 is an end only. */
#define MINUTES_OF_DAY		(24 * 60)

/**
 * struct window - when updates may be applied by themselves
 * @days: bit 0: Sunday ... 6: Saturday; the day on which it begins
 * @from: minute of the day
 * @to: minute of the day, not in it any more; before @from: of the next day
 */
struct window {
	unsigned char days;
	unsigned short from;
	unsigned short to;
};

/**
 * struct policy_rule - what goes for one software
 * @software: its id; not used in the default
 * @consent: who has to agree
 * @on_arrival: a workload that came by a migration is updated at once
 * @window: for CONSENT_AUTOMATIC
 * @windows: how many; 0: any time
 */
struct policy_rule {
	__u8 software[REWIRE_ID_SIZE];
	enum consent consent;
	bool on_arrival;
	struct window window[POLICY_MAX_WINDOWS];
	unsigned int windows;
};

/**
 * struct policy - all of it
 * @otherwise: for software that has no rule
 * @rule: for software that has one
 * @rules: how many
 */
struct policy {
	struct policy_rule otherwise;
	struct policy_rule rule[POLICY_MAX_RULES];
	unsigned int rules;
};

/* Without a file: everything waits for an approval. */
void policy_init(struct policy *policy);

/**
 * policy_parse - read a policy
 * @text: JSON
 * @length: its bytes
 * @ret_policy: the policy
 *
 * Return: 0 or -EBADMSG; the error begins with "line N: ".
 */
int policy_parse(const char *text, size_t length, struct policy *ret_policy,
		 struct rewire_error *err);
int policy_read(const char *path, struct policy *ret_policy,
		struct rewire_error *err);

/* The rule for a software, or the default; never NULL. */
const struct policy_rule *policy_find(const struct policy *policy,
				      const __u8 software[REWIRE_ID_SIZE]);

/**
 * policy_minutes_until - how long until a rule's next window
 * @rule: the rule
 * @day: of the week, 0 is Sunday
 * @minute: of that day
 *
 * Return: 0 when one is open, or none is needed; else minutes, at most a week.
 */
int policy_minutes_until(const struct policy_rule *rule, int day, int minute);

/* What people have said about one update. */
enum decision {
	DECISION_NONE,
	DECISION_APPROVED,
	DECISION_REJECTED,
	DECISIONS
};

/* What becomes of an update that is ready. */
enum due {
	DUE_NOW,
	DUE_WINDOW,		/* when a window opens */
	DUE_APPROVAL,		/* when somebody approves it */
	DUE_COMMAND,		/* by `rewire update apply` */
	DUE_NEVER,		/* somebody rejected it */
	DUES
};

/**
 * policy_due - what becomes of an update now
 * @rule: for its software
 * @decision: what people said
 * @arrived: its workload came by a migration and was not updated since
 * @day: of the week, 0 is Sunday
 * @minute: of that day
 */
enum due policy_due(const struct policy_rule *rule, enum decision decision,
		    bool arrived, int day, int minute);

#endif /* REWIRED_POLICY_H */
