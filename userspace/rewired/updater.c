// SPDX-License-Identifier: MIT
/*
 * Updates by themselves. A round looks at every package of the inbox and at every
 * enclave here, lets the policy say what becomes of the two, and does, one after
 * the other, what is due. It rests on files and on what the SM says, so that it
 * may be cut off anywhere and begun anew.
 *
 * A round is begun by what changes the inbox, by an event of the SM, by what
 * people say, and by the clock, because windows open.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/inotify.h>

#include "clock.h"
#include "fetcher.h"
#include "inbox.h"
#include "instances.h"
#include "log.h"
#include "updater.h"

/* How late an open window, or a lost event, may be noticed. */
#define ROUND_MS	20000
/* What the SM would not begin is not asked again sooner, whatever it says then. */
#define RETRY_S		15

struct updater {
	struct job job;
	struct updates *updates;
	struct event *changed;
	int inotify;
	bool running;
	int64_t next;
	char complaint[512];	/* the last one, which is not repeated */
};

static bool is_stopping(const struct updater *updater)
{
	struct pollfd stop = { updater->updates->helper->stop, POLLIN, 0 };

	return poll(&stop, 1, 0) > 0;
}

/* ---- one package, one enclave ---- */

static enum due due_of(struct updates *updates, const struct entry *entry)
{
	bool arrived = store_is_arrived(&updates->helper->store,
					entry->workload);
	const time_t now = time(NULL);
	struct tm local;
	enum due due;

	localtime_r(&now, &local);
	pthread_mutex_lock(&updates->lock);
	due = policy_due(policy_find(&updates->policy, entry->software),
			 entry->decision, arrived, local.tm_wday,
			 local.tm_hour * 60 + local.tm_min);
	pthread_mutex_unlock(&updates->lock);
	return due;
}

static void announce(struct updates *updates, const struct entry *entry)
{
	static const char *const texts[DUES] = {
		[DUE_NOW] = "is applied now",
		[DUE_WINDOW] = "waits for a window of the policy",
		[DUE_APPROVAL] = "waits for approval: rewire update approve",
		[DUE_COMMAND] = "waits for a command: rewire update apply",
		[DUE_NEVER] = "was rejected",
	};
	char id[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT];

	log_notice("update %s of workload %s from release %llu to %llu (%s) %s",
		   rewire_id_format(entry->id, id),
		   rewire_id_format(entry->workload, workload),
		   (unsigned long long)entry->from_release,
		   (unsigned long long)entry->to_release, entry->package,
		   texts[due_of(updates, entry)]);
}

/* What the ledger has of the two; new ones are put there. */
static int find_entry(struct updates *updates, const struct inbox_item *item,
		      const struct rewire_enclave_info *info,
		      struct entry *entry, struct rewire_error *err)
{
	const struct rewire_order *words = &item->order->words;
	const struct rewire_manifest *to = &words->manifest.body.manifest;
	__u8 id[REWIRE_ID_SIZE];
	int rc = rewire_update_id(&words->package, info->workload, id, err);

	if (rc || ledger_get(&updates->ledger, id, entry))
		return rc;
	*entry = (struct entry){
		.state = ENTRY_PENDING,
		.is_volatile = updates->helper->options.is_volatile,
		.from_release = info->release,
		.from_svn = info->svn,
		.to_release = to->release,
		.to_svn = to->svn,
		.memory = info->memory,
	};
	memcpy(entry->id, id, REWIRE_ID_SIZE);
	memcpy(entry->workload, info->workload, REWIRE_ID_SIZE);
	memcpy(entry->software, info->software, REWIRE_ID_SIZE);
	snprintf(entry->package, sizeof(entry->package), "%s", item->name);
	rc = ledger_put(&updates->ledger, entry, err);
	if (!rc)
		announce(updates, entry);
	return rc;
}

static void run(struct updater *updater, const struct inbox_item *item,
		const struct rewire_enclave_info *info)
{
	struct updates *updates = updater->updates;
	struct task task = {
		.order = item->order,
		.instance = *info,
		.is_volatile = updates->helper->options.is_volatile,
		.package = item->name,
		.client = -1,
	};
	struct rewire_error err = { 0 };
	struct entry after;

	task.payload = inbox_open_payload(updates->helper->options.update_inbox,
					  item, &err);
	if (task.payload < 0) {
		log_warning("%s", err.text);
		return;
	}
	/* What came of it is in ledger and log. */
	updates_run(updates, &task, &after, &err);
	close(task.payload);
}

/*
 * An enclave that needs nothing of it: the package stays in the inbox for those
 * that come later.
 */
static bool is_wanted(const struct inbox_item *item,
		      const struct rewire_enclave_info *info)
{
	const struct rewire_order *words = &item->order->words;
	const struct rewire_package *package = &words->package;
	const struct rewire_manifest *to = &words->manifest.body.manifest;

	if (!rewire_update_concerns(package, info) ||
	    info->release < package->from_min ||
	    info->release > package->from_max ||
	    instance_has(info, to))
		return false;
	return to->release > info->release ||
	       package->header.flags & REWIRE_PACKAGE_ROOT;
}

/**
 * struct round - one look at everything
 * @inbox: what is there
 * @seen: updates that are wanted; what else waits in the ledger is let go of
 * @count: how many
 * @whole: nothing was left out
 * @arrived: workloads that came by a migration, before the round began
 * @arrivals: how many
 */
struct round {
	struct inbox inbox;
	__u8 seen[LEDGER_MAX][REWIRE_ID_SIZE];
	unsigned int count;
	bool whole;
	__u8 arrived[STORE_MAX_OPEN][REWIRE_ID_SIZE];
	unsigned int arrivals;
};

static void complain(const char *name, const char *why, void *data);

/* A clock that was set back makes nothing wait. */
static bool failed_just_now(const struct entry *entry)
{
	__u64 now = (__u64)time(NULL);

	return entry->error && now >= entry->time &&
	       now - entry->time < RETRY_S;
}

static void look_at(struct updater *updater, struct round *round,
		    const struct inbox_item *item,
		    const struct rewire_enclave_info *info)
{
	struct updates *updates = updater->updates;
	struct rewire_error err = { 0 };
	struct entry entry;

	if (!is_wanted(item, info))
		return;
	if (find_entry(updates, item, info, &entry, &err)) {
		complain(item->name, err.text, updater);
		round->whole = false;
		return;
	}
	if (round->count < LEDGER_MAX)
		memcpy(round->seen[round->count++], entry.id, REWIRE_ID_SIZE);
	if (entry.state != ENTRY_PENDING || failed_just_now(&entry) ||
	    due_of(updates, &entry) != DUE_NOW)
		return;
	/* Only what one has agreed to is fetched. */
	if (item->whole)
		run(updater, item, info);
	else
		fetcher_want(updates->helper->fetcher, item->name);
}

/* ---- a round ---- */

/* Each package asks anew who is here: the one before it may have changed that. */
static void apply_item(struct updater *updater, struct round *round,
		       const struct inbox_item *item)
{
	struct rewire_enclave_info *infos;
	struct rewire_error err;
	size_t count;
	int sm = rewire_sm_open(&err);
	int rc = sm < 0 ? sm :
		 instances_of(sm, &item->order->words.package, NULL, &infos,
			      &count, &err);

	if (sm >= 0)
		close(sm);
	if (rc) {
		round->whole = false;
		return;
	}
	for (size_t i = 0; i < count && !is_stopping(updater); i++)
		look_at(updater, round, item, &infos[i]);
	free(infos);
}

static bool is_seen(const struct round *round, const __u8 *id)
{
	for (unsigned int i = 0; i < round->count; i++)
		if (!memcmp(round->seen[i], id, REWIRE_ID_SIZE))
			return true;
	return false;
}

/*
 * A package that was taken out, a workload that is gone or has that release: what
 * waited for them waits for nothing.
 */
static void forget_unwanted(struct updates *updates, const struct round *round)
{
	struct entry *entries;
	int count = ledger_list(&updates->ledger, &entries);

	for (int i = 0; i < count; i++)
		if (entries[i].state == ENTRY_PENDING &&
		    !is_seen(round, entries[i].id))
			ledger_remove(&updates->ledger, entries[i].id);
	if (count >= 0)
		free(entries);
}

static bool is_due(struct updates *updates, const struct entry *entries,
		   int count, const __u8 *workload)
{
	for (int i = 0; i < count; i++)
		if (!memcmp(entries[i].workload, workload, REWIRE_ID_SIZE) &&
		    (entries[i].state == ENTRY_RUNNING ||
		     (entries[i].state == ENTRY_PENDING &&
		      due_of(updates, &entries[i]) == DUE_NOW)))
			return true;
	return false;
}

/* An arrival is over with the round that did all there was to do for it. */
static void forget_arrivals(struct updates *updates, const struct round *round)
{
	struct entry *entries;
	int count = ledger_list(&updates->ledger, &entries);

	if (count < 0)
		return;
	for (unsigned int i = 0; i < round->arrivals; i++)
		if (!is_due(updates, entries, count, round->arrived[i]))
			store_set_arrived(&updates->helper->store,
					  round->arrived[i], false);
	free(entries);
}

static void complain(const char *name, const char *why, void *data)
{
	struct updater *updater = data;
	char text[sizeof(updater->complaint)];

	snprintf(text, sizeof(text), "%.200s: %.250s", name, why);
	if (strcmp(text, updater->complaint))
		log_warning("in the inbox, %s", text);
	memcpy(updater->complaint, text, sizeof(text));
}

static void look_at_inbox(struct updater *updater, struct round *round)
{
	struct updates *updates = updater->updates;
	const char *dir = updates->helper->options.update_inbox;
	struct rewire_error err;

	round->whole = true;
	round->arrivals = store_list_arrived(&updates->helper->store,
					     round->arrived, STORE_MAX_OPEN);
	if (inbox_scan(dir, updates->helper->fetcher, complain, updater,
		       &round->inbox, &err)) {
		complain(dir, err.text, updater);
		return;
	}
	for (unsigned int i = 0; i < round->inbox.count; i++)
		if (!is_stopping(updater))
			apply_item(updater, round, &round->inbox.item[i]);
	if (round->whole && !is_stopping(updater)) {
		forget_unwanted(updates, round);
		forget_arrivals(updates, round);
	}
	inbox_clear(&round->inbox);
}

static void work(struct job *job)
{
	struct updater *updater = (struct updater *)job;
	bool recovered = updates_recover(updater->updates);
	struct round *round;

	if (!recovered || !updater->updates->helper->options.update_inbox)
		return;
	round = calloc(1, sizeof(*round));
	if (round)
		look_at_inbox(updater, round);
	free(round);
}

static void done(struct job *job)
{
	struct updater *updater = (struct updater *)job;

	updater->running = false;
	updater->next = clock_ms() + ROUND_MS;
}

void updater_tick(struct updater *updater)
{
	struct updates *updates = updater->updates;
	bool poked;

	if (updater->running)
		return;
	poked = atomic_exchange(&updates->helper->poked, false);
	if (!poked && clock_ms() < updater->next)
		return;
	updater->running = pool_submit(updates->helper->pool, POOL_UPDATER,
				       &updater->job);
}

/* ---- the inbox changes ---- */

static void on_changed(evutil_socket_t fd, short what, void *data)
{
	struct updater *updater = data;
	char scrap[4096];

	(void)what;
	/* Which file it was does not matter: all are looked at. */
	while (read(fd, scrap, sizeof(scrap)) > 0)
		;
	updates_poke(updater->updates);
}

static int watch_inbox(struct updater *updater, struct event_base *base,
		       struct rewire_error *err)
{
	const char *dir = updater->updates->helper->options.update_inbox;

	updater->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (updater->inotify < 0 ||
	    inotify_add_watch(updater->inotify, dir, IN_CLOSE_WRITE |
			      IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
			      IN_ONLYDIR) < 0)
		return rewire_fail(err, errno, "--update-inbox %s: %s", dir,
				   strerror(errno));
	updater->changed = event_new(base, updater->inotify,
				     EV_READ | EV_PERSIST, on_changed, updater);
	if (!updater->changed || event_add(updater->changed, NULL))
		return rewire_fail(err, ENOMEM, "no memory");
	return 0;
}

int updater_open(struct event_base *base, struct updates *updates,
		 struct updater **ret_updater, struct rewire_error *err)
{
	struct updater *updater = calloc(1, sizeof(*updater));
	int rc = 0;

	if (!updater)
		return rewire_fail(err, ENOMEM, "no memory");
	updater->job.work = work;
	updater->job.done = done;
	updater->updates = updates;
	updater->inotify = -1;
	if (updates->helper->options.update_inbox)
		rc = watch_inbox(updater, base, err);
	if (rc) {
		updater_close(updater);
		return rc;
	}
	*ret_updater = updater;
	return 0;
}

void updater_close(struct updater *updater)
{
	if (!updater)
		return;
	if (updater->changed)
		event_free(updater->changed);
	if (updater->inotify >= 0)
		close(updater->inotify);
	free(updater);
}
