// SPDX-License-Identifier: MIT
/*
 * The ledger of updates: a file for each, and a copy of them all in memory.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include <jansson.h>

#include "ledger.h"
#include "log.h"

#define MAX_FILE	8192
#define SUFFIX		".json"

static const char *const states[ENTRY_STATES] = {
	[ENTRY_PENDING] = "pending",
	[ENTRY_RUNNING] = "running",
	[ENTRY_SWITCHED] = "switched",
	[ENTRY_ABORTED] = "aborted",
	[ENTRY_REFUSED] = "refused",
	[ENTRY_LOST] = "lost",
};

static const char *const decisions[DECISIONS] = {
	[DECISION_NONE] = "none",
	[DECISION_APPROVED] = "approved",
	[DECISION_REJECTED] = "rejected",
};

const char *entry_state_name(enum entry_state state)
{
	return states[state];
}

static int find_name(const char *text, const char *const *names, int count)
{
	for (int i = 0; text && i < count; i++)
		if (!strcmp(text, names[i]))
			return i;
	return -1;
}

/* ---- files ---- */

/* The text of an error may quote anything. */
static json_t *text_of(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(text that is not UTF-8)");
}

char *entry_encode(const struct entry *e)
{
	char id[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT];
	char software[REWIRE_ID_TEXT], *text;
	json_t *object;

	object = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:o}",
		"id", rewire_id_format(e->id, id),
		"workload", rewire_id_format(e->workload, workload),
		"software", rewire_id_format(e->software, software),
		"state", states[e->state],
		"decision", decisions[e->decision],
		"volatile", (int)e->is_volatile,
		"from_release", (json_int_t)e->from_release,
		"from_svn", (json_int_t)e->from_svn,
		"to_release", (json_int_t)e->to_release,
		"to_svn", (json_int_t)e->to_svn,
		"memory", (json_int_t)e->memory,
		"time", (json_int_t)e->time,
		"ms", (json_int_t)e->ms,
		"pause_us", (json_int_t)e->pause_us,
		"errno", e->error,
		"package", text_of(e->package),
		"reason", text_of(e->reason));
	text = object ? json_dumps(object, JSON_INDENT(1)) : NULL;
	json_decref(object);
	return text;
}

static bool copy_text(char *to, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return false;
	memcpy(to, text, length + 1);
	return true;
}

static int take_object(json_t *object, struct entry *ret_entry)
{
	const char *id, *workload, *software, *state, *decision;
	const char *package, *reason;
	struct entry e = { 0 };
	json_int_t number[8];
	int is_volatile, at_state, at_decision;

	if (json_unpack_ex(object, NULL, JSON_STRICT,
			   "{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:s, s:s}",
			   "id", &id, "workload", &workload,
			   "software", &software, "state", &state,
			   "decision", &decision, "volatile", &is_volatile,
			   "from_release", &number[0], "from_svn", &number[1],
			   "to_release", &number[2], "to_svn", &number[3],
			   "memory", &number[4], "time", &number[5],
			   "ms", &number[6], "pause_us", &number[7],
			   "errno", &e.error, "package", &package,
			   "reason", &reason))
		return -EBADMSG;
	at_state = find_name(state, states, ENTRY_STATES);
	at_decision = find_name(decision, decisions, DECISIONS);
	if (at_state < 0 || at_decision < 0 || rewire_id_parse(id, e.id) ||
	    rewire_id_parse(workload, e.workload) ||
	    rewire_id_parse(software, e.software) ||
	    !copy_text(e.package, sizeof(e.package), package) ||
	    !copy_text(e.reason, sizeof(e.reason), reason))
		return -EBADMSG;
	e.state = (enum entry_state)at_state;
	e.decision = (enum decision)at_decision;
	e.is_volatile = is_volatile;
	e.from_release = (__u64)number[0];
	e.from_svn = (__u64)number[1];
	e.to_release = (__u64)number[2];
	e.to_svn = (__u64)number[3];
	e.memory = (__u64)number[4];
	e.time = (__u64)number[5];
	e.ms = (__u64)number[6];
	e.pause_us = (__u64)number[7];
	*ret_entry = e;
	return 0;
}

int entry_decode(const char *text, size_t length, struct entry *ret_entry,
		 struct rewire_error *err)
{
	json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	int rc = object ? take_object(object, ret_entry) : -EBADMSG;

	json_decref(object);
	return rc ? rewire_fail(err, EBADMSG, "not the record of an update") : 0;
}

static void entry_path(const struct ledger *ledger, const __u8 *id, char *path,
		       size_t size)
{
	char text[REWIRE_ID_TEXT];

	snprintf(path, size, "%s/%s" SUFFIX, ledger->dir,
		 rewire_id_format(id, text));
}

static int write_entry(const struct ledger *ledger, const struct entry *entry,
		       struct rewire_error *err)
{
	char path[4200], *text = entry_encode(entry);
	int rc;

	if (!text)
		return rewire_fail(err, ENOMEM, "no memory");
	entry_path(ledger, entry->id, path, sizeof(path));
	rc = rewire_file_write(path, text, strlen(text), 0600, err);
	free(text);
	return rc;
}

static int read_entry(struct ledger *ledger, const char *name)
{
	char path[4400];
	struct entry entry;
	size_t length;
	__u8 *data;
	int rc;

	if (ledger->count == LEDGER_MAX)
		return -EDQUOT;
	snprintf(path, sizeof(path), "%s/%s", ledger->dir, name);
	rc = rewire_file_read(path, MAX_FILE, &data, &length, NULL);
	if (rc)
		return rc;
	rc = entry_decode((const char *)data, length, &entry, NULL);
	free(data);
	if (!rc)
		ledger->entry[ledger->count++] = entry;
	return rc;
}

int ledger_open(struct ledger *ledger, const char *dir,
		struct rewire_error *err)
{
	struct dirent *entry;
	DIR *folder;

	memset(ledger, 0, sizeof(*ledger));
	pthread_mutex_init(&ledger->lock, NULL);
	if (!copy_text(ledger->dir, sizeof(ledger->dir), dir))
		return rewire_fail(err, ENAMETOOLONG, "%s is too long", dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return rewire_fail(err, errno, "%s: %s", dir, strerror(errno));
	folder = opendir(dir);
	if (!folder)
		return rewire_fail(err, errno, "%s: %s", dir, strerror(errno));
	while ((entry = readdir(folder))) {
		size_t length = strlen(entry->d_name);

		if (length < sizeof(SUFFIX) ||
		    strcmp(entry->d_name + length + 1 - sizeof(SUFFIX), SUFFIX))
			continue;
		if (read_entry(ledger, entry->d_name))
			log_warning("%s/%s is no record of an update, or one too many: ignored",
				    dir, entry->d_name);
	}
	closedir(folder);
	return 0;
}

/* ---- in memory; under the lock ---- */

static struct entry *find(struct ledger *ledger, const __u8 *id)
{
	for (unsigned int i = 0; i < ledger->count; i++)
		if (!memcmp(ledger->entry[i].id, id, REWIRE_ID_SIZE))
			return &ledger->entry[i];
	return NULL;
}

static void remove_entry(struct ledger *ledger, struct entry *entry)
{
	char path[4200];

	entry_path(ledger, entry->id, path, sizeof(path));
	if (unlink(path) && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
	*entry = ledger->entry[--ledger->count];
}

static bool is_over(const struct entry *entry)
{
	return entry->state > ENTRY_RUNNING;
}

static bool make_room(struct ledger *ledger)
{
	struct entry *oldest = NULL;

	if (ledger->count < LEDGER_MAX)
		return true;
	for (unsigned int i = 0; i < ledger->count; i++) {
		struct entry *entry = &ledger->entry[i];

		if (is_over(entry) && (!oldest || entry->time < oldest->time))
			oldest = entry;
	}
	if (oldest)
		remove_entry(ledger, oldest);
	return oldest;
}

static int put(struct ledger *ledger, const struct entry *entry,
	       struct rewire_error *err)
{
	struct entry *at = find(ledger, entry->id), copy = *entry;
	int rc;

	if (!at && !make_room(ledger))
		return rewire_fail(err, EDQUOT, "%d updates wait or run already: reject some",
				   LEDGER_MAX);
	copy.time = (__u64)time(NULL);
	rc = write_entry(ledger, &copy, err);
	if (rc)
		return rc;
	if (!at)
		at = &ledger->entry[ledger->count++];
	*at = copy;
	return 0;
}

/* ---- what others call ---- */

bool ledger_get(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE],
		struct entry *ret_entry)
{
	struct entry *entry;

	pthread_mutex_lock(&ledger->lock);
	entry = find(ledger, id);
	if (entry)
		*ret_entry = *entry;
	pthread_mutex_unlock(&ledger->lock);
	return entry;
}

int ledger_put(struct ledger *ledger, const struct entry *entry,
	       struct rewire_error *err)
{
	int rc;

	pthread_mutex_lock(&ledger->lock);
	rc = put(ledger, entry, err);
	pthread_mutex_unlock(&ledger->lock);
	return rc;
}

int ledger_begin(struct ledger *ledger, struct entry *entry,
		 struct rewire_error *err)
{
	struct entry *there;
	int rc;

	pthread_mutex_lock(&ledger->lock);
	there = find(ledger, entry->id);
	if (there && there->state == ENTRY_RUNNING) {
		rc = rewire_fail(err, EBUSY, "this very update is running; `rewire update list` shows it");
	} else {
		if (there) {
			entry->decision = there->decision;
			memcpy(entry->package, there->package,
			       sizeof(entry->package));
		}
		entry->state = ENTRY_RUNNING;
		rc = put(ledger, entry, err);
	}
	pthread_mutex_unlock(&ledger->lock);
	return rc;
}

static int may_decide(const struct entry *entry, enum decision decision,
		      struct rewire_error *err)
{
	if (!entry)
		return rewire_fail(err, ENOENT, "there is no update of that id; `rewire update list` shows them");
	if (entry->state == ENTRY_RUNNING)
		return rewire_fail(err, EBUSY, "it is running; `rewire update cancel` ends it");
	if (entry->state == ENTRY_SWITCHED)
		return rewire_fail(err, EALREADY, "it is done: the new version runs");
	if (decision == DECISION_APPROVED && !entry->package[0])
		return rewire_fail(err, EINVAL, "a command ordered it, and nothing of it is kept; use `rewire update apply`");
	return 0;
}

int ledger_decide(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE],
		  enum decision decision, struct entry *ret_entry,
		  struct rewire_error *err)
{
	struct entry *there, entry;
	int rc;

	pthread_mutex_lock(&ledger->lock);
	there = find(ledger, id);
	rc = may_decide(there, decision, err);
	if (!rc) {
		entry = *there;
		entry.decision = decision;
		if (decision == DECISION_APPROVED) {
			entry.state = ENTRY_PENDING;
			entry.error = 0;
			entry.reason[0] = '\0';
		}
		rc = put(ledger, &entry, err);
	}
	pthread_mutex_unlock(&ledger->lock);
	if (!rc && ret_entry)
		*ret_entry = entry;
	return rc;
}

void ledger_remove(struct ledger *ledger, const __u8 id[REWIRE_ID_SIZE])
{
	struct entry *entry;

	pthread_mutex_lock(&ledger->lock);
	entry = find(ledger, id);
	if (entry)
		remove_entry(ledger, entry);
	pthread_mutex_unlock(&ledger->lock);
}

static int by_time(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->time != other->time)
		return one->time < other->time ? 1 : -1;
	return memcmp(one->id, other->id, REWIRE_ID_SIZE);
}

int ledger_list(struct ledger *ledger, struct entry **ret_entries)
{
	struct entry *entries;
	unsigned int count;

	pthread_mutex_lock(&ledger->lock);
	count = ledger->count;
	entries = malloc((count ? count : 1) * sizeof(*entries));
	if (entries)
		memcpy(entries, ledger->entry, count * sizeof(*entries));
	pthread_mutex_unlock(&ledger->lock);
	if (!entries)
		return -ENOMEM;
	qsort(entries, count, sizeof(*entries), by_time);
	*ret_entries = entries;
	return (int)count;
}
