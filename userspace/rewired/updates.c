// SPDX-License-Identifier: MIT
/*
 * Updates of this host: done one by one, with ledger, receipts and whoever asked
 * for it told how they go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include <jansson.h>

#include "base64.h"
#include "clock.h"
#include "log.h"
#include "receipts.h"
#include "report.h"
#include "updates.h"

/* A client is told of bytes that often. */
#define PROGRESS_MS	200

/* ---- what is known ---- */

int updates_read_policy(struct updates *updates, struct rewire_error *err)
{
	const char *path = updates->helper->options.update_policy;
	struct policy *policy = calloc(1, sizeof(*policy));
	int rc = 0;

	if (!policy)
		return rewire_fail(err, ENOMEM, "no memory");
	policy_init(policy);
	if (path)
		rc = policy_read(path, policy, err);
	if (!rc) {
		pthread_mutex_lock(&updates->lock);
		updates->policy = *policy;
		pthread_mutex_unlock(&updates->lock);
		updates_poke(updates);
	}
	free(policy);
	return rc;
}

int updates_open(struct helper *helper, struct updates **ret_updates,
		 struct rewire_error *err)
{
	struct updates *updates = calloc(1, sizeof(*updates));
	char path[STORE_PATH];
	int rc;

	if (!updates)
		return rewire_fail(err, ENOMEM, "no memory");
	updates->helper = helper;
	pthread_mutex_init(&updates->lock, NULL);
	snprintf(path, sizeof(path), "%s/updates", helper->store.dir);
	rc = ledger_open(&updates->ledger, path, err);
	if (!rc)
		rc = updates_read_policy(updates, err);
	if (rc) {
		free(updates);
		return rc;
	}
	*ret_updates = updates;
	return 0;
}

void updates_close(struct updates *updates)
{
	if (!updates)
		return;
	pthread_mutex_destroy(&updates->ledger.lock);
	pthread_mutex_destroy(&updates->lock);
	free(updates);
}

void updates_poke(struct updates *updates)
{
	atomic_store(&updates->helper->poked, true);
}

void updates_trials_dir(const struct updates *updates, char path[STORE_PATH])
{
	snprintf(path, STORE_PATH, "%s/trials", updates->helper->store.dir);
}

/* ---- which run ---- */

/* Under the lock. */
static struct running *find_running(struct updates *updates, const __u8 *id)
{
	struct running *running = updates->running;

	while (running && memcmp(running->id, id, REWIRE_ID_SIZE))
		running = running->next;
	return running;
}

bool updates_is_running(struct updates *updates, const __u8 id[REWIRE_ID_SIZE])
{
	bool is;

	pthread_mutex_lock(&updates->lock);
	is = find_running(updates, id);
	pthread_mutex_unlock(&updates->lock);
	return is;
}

static int enlist(struct updates *updates, struct running *running,
		  struct rewire_error *err)
{
	int rc = 0;

	running->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (running->wake < 0)
		return rewire_fail(err, errno, "eventfd: %s", strerror(errno));
	pthread_mutex_lock(&updates->lock);
	if (find_running(updates, running->id)) {
		rc = rewire_fail(err, EBUSY, "this very update is running; `rewire update list` shows it");
	} else {
		running->next = updates->running;
		updates->running = running;
	}
	pthread_mutex_unlock(&updates->lock);
	if (rc)
		close(running->wake);
	return rc;
}

static void delist(struct updates *updates, struct running *running)
{
	struct running **at = &updates->running;

	pthread_mutex_lock(&updates->lock);
	while (*at != running)
		at = &(*at)->next;
	*at = running->next;
	pthread_mutex_unlock(&updates->lock);
	close(running->wake);
}

/* ---- how one goes ---- */

enum { WATCH_STOP, WATCH_WAKE, WATCH_CLIENT, WATCHES };

/**
 * struct course - an update on its way
 * @watch: what may end it
 * @phase: the last one that was told
 * @any: one was
 * @muted: the client takes nothing any more: calls wait, and so do not we
 * @told: clock_ms() of the last event to the client
 */
struct course {
	struct updates *updates;
	const struct task *task;
	struct pollfd watch[WATCHES];
	enum rewire_update_phase phase;
	bool any;
	bool muted;
	int64_t told;
};

static int check_watches(struct course *c, struct rewire_error *err)
{
	for (int i = 0; i < WATCHES; i++)
		c->watch[i].revents = 0;
	if (poll(c->watch, WATCHES, 0) <= 0)
		return 0;
	if (c->watch[WATCH_STOP].revents)
		return rewire_fail(err, ESHUTDOWN, "this helper is stopping");
	if (c->watch[WATCH_WAKE].revents)
		return rewire_fail(err, ECANCELED, "cancelled, as somebody asked for");
	if (c->watch[WATCH_CLIENT].revents & (POLLHUP | POLLERR))
		return rewire_fail(err, ECANCELED, "cancelled: who asked for it hung up");
	return 0;
}

static void tell(struct course *c, const char *name, json_t *info)
{
	struct rewire_ctl_answer event = { .ok = true };

	snprintf(event.event, sizeof(event.event), "%s", name);
	event.info = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	if (event.info && !c->muted)
		c->muted = report_line(c->task->client,
				       rewire_ctl_encode_answer(&event));
	free(event.info);
}

static int on_step(const struct rewire_update_step *step, void *data,
		   struct rewire_error *err)
{
	struct course *c = data;
	bool news = !c->any || step->phase != c->phase;
	char id[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT];
	int64_t now = clock_ms();

	rewire_id_format(step->id, id);
	rewire_id_format(step->workload, workload);
	if (news)
		log_info("update of workload %s: %s after %llu ms", workload,
			 rewire_update_phase_name(step->phase),
			 (unsigned long long)step->ms);
	if (c->task->client >= 0 && (news || step->bytes == step->total ||
				     now - c->told >= PROGRESS_MS)) {
		c->told = now;
		tell(c, rewire_update_phase_name(step->phase),
		     json_pack("{s:s, s:s, s:I, s:I, s:I}", "update", id,
			       "workload", workload,
			       "ms", (json_int_t)step->ms,
			       "bytes", (json_int_t)step->bytes,
			       "total", (json_int_t)step->total));
	}
	c->phase = step->phase;
	c->any = true;
	return check_watches(c, err);
}

static void tell_end(struct course *c, const struct entry *entry,
		     const struct rewire_update_result *result)
{
	char id[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT], path[STORE_PATH] = "";
	char *receipt = NULL;

	if (c->task->client < 0)
		return;
	if (result->receipt_length) {
		receipt = base64_encode(result->receipt, result->receipt_length);
		receipts_path(c->updates->helper, entry->id, path, sizeof(path),
				     NULL);
	}
	/* '*' leaves a member out when there is nothing to say. */
	tell(c, entry_state_name(entry->state),
	     json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:i, s:s, s:s*, s:s*}",
		       "update", rewire_id_format(entry->id, id),
		       "workload", rewire_id_format(entry->workload, workload),
		       "ms", (json_int_t)entry->ms,
		       "pause_us", (json_int_t)entry->pause_us,
		       "state_bytes", (json_int_t)result->info.state_bytes,
		       "from_release", (json_int_t)entry->from_release,
		       "to_release", (json_int_t)entry->to_release,
		       "errno", entry->error, "reason", entry->reason,
		       "receipt", receipt,
		       "receipt_file", path[0] ? path : NULL));
	free(receipt);
}

/* Nothing was begun, and the same may go through later. */
static bool is_passing(int error)
{
	static const int passing[] = {
		EBUSY, EAGAIN, ENOLINK, EUCLEAN, ENOSPC, EDQUOT, ENOMEM, EINTR,
		ESHUTDOWN, ENODEV, EIO,
	};

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (passing[i] == error)
			return true;
	return false;
}

/* What the ledger will say. Of an update that was begun the SM's word counts. */
static enum entry_state state_after(const struct course *c, int rc,
				    const struct rewire_update_result *result)
{
	bool inbox = c->task->package[0];

	if (!result->begun)
		return inbox && is_passing(-rc) ? ENTRY_PENDING : ENTRY_REFUSED;
	switch (result->info.state) {
	case REWIRE_UPDATE_SWITCHED:
		return ENTRY_SWITCHED;
	case REWIRE_UPDATE_ABORTED:
		/* Before its trial the package is as good as new. */
		return inbox && rc == -ESHUTDOWN &&
		       c->phase < REWIRE_UPDATE_DOES_TRIAL ? ENTRY_PENDING :
							     ENTRY_ABORTED;
	default:
		/* Nobody knows: asked again by updates_recover(). */
		return ENTRY_RUNNING;
	}
}

static void conclude(struct course *c, int rc,
		     const struct rewire_update_result *result,
		     const struct rewire_error *why, struct entry *entry)
{
	struct rewire_error err;
	char workload[REWIRE_ID_TEXT];

	entry->state = state_after(c, rc, result);
	entry->error = rc ? why->code : 0;
	snprintf(entry->reason, sizeof(entry->reason), "%s",
		 rc ? why->text : "");
	entry->ms = result->ms;
	entry->pause_us = result->info.pause_us;
	/* First: whoever reads that it is over finds the receipt. */
	if (result->receipt_length)
		receipts_keep(c->updates->helper, entry->id, result->receipt,
				     result->receipt_length);
	if (ledger_put(&c->updates->ledger, entry, &err))
		log_error("the ledger of updates: %s", err.text);
	rewire_id_format(entry->workload, workload);
	/* What only has to wait is tried again and again. */
	if (rc)
		log_line(entry->state == ENTRY_PENDING ? LOG_LEVEL_INFO :
							 LOG_LEVEL_WARNING,
			 "update of workload %s to release %llu: %s: %s",
			 workload, (unsigned long long)entry->to_release,
			 entry_state_name(entry->state), entry->reason);
	else
		log_notice("update of workload %s: release %llu runs; calls waited %llu ms",
			   workload, (unsigned long long)entry->to_release,
			   (unsigned long long)entry->pause_us / 1000);
	tell_end(c, entry, result);
}

static bool is_aborted(int update)
{
	struct rewire_update_info info;

	return !rewire_update_get_info(update, &info, NULL) &&
	       info.state == REWIRE_UPDATE_ABORTED;
}

/*
 * Its thread may be in a command of the SM that takes as long as the trial. Whoever
 * cancels and the guard that this wakes both come here: to be second is no failure.
 */
static int abort_in_sm(const __u8 *id, struct rewire_error *err)
{
	int rc, update, sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	update = rewire_update_open(sm, id, err);
	close(sm);
	/* It waits, and was not begun. */
	if (update == -ENOENT)
		return 0;
	if (update < 0)
		return update;
	rc = rewire_update_give_up(update, err);
	if (rc && is_aborted(update))
		rc = 0;
	close(update);
	return rc;
}

/**
 * struct guard - a thread that calls an update off while another one drives it
 * @course: the update
 * @id: of it
 * @over: eventfd, readable once nobody needs the guard
 * @thread: the thread
 */
struct guard {
	const struct course *course;
	const __u8 *id;
	int over;
	pthread_t thread;
};

static void *guard_work(void *data)
{
	struct guard *guard = data;
	struct pollfd files[WATCHES + 1];
	struct rewire_error err;
	int rc;

	memcpy(files, guard->course->watch, sizeof(guard->course->watch));
	files[WATCHES] = (struct pollfd){ guard->over, POLLIN, 0 };
	do
		rc = poll(files, WATCHES + 1, -1);
	while (rc < 0 && errno == EINTR);
	/* One that is not begun yet is asked by its own thread. */
	if (!files[WATCHES].revents && abort_in_sm(guard->id, &err) &&
	    err.code != EBADFD)
		log_warning("calling off an update: %s", err.text);
	return NULL;
}

static int guard_start(struct guard *guard, struct rewire_error *err)
{
	int rc;

	guard->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guard->over < 0)
		return rewire_fail(err, errno, "eventfd: %s", strerror(errno));
	rc = pthread_create(&guard->thread, NULL, guard_work, guard);
	if (!rc)
		return 0;
	close(guard->over);
	return rewire_fail(err, rc, "a thread for an update: %s", strerror(rc));
}

static void guard_stop(struct guard *guard)
{
	const uint64_t one = 1;

	if (write(guard->over, &one, sizeof(one)) < 0)
		log_error("an update's guard: %s", strerror(errno));
	pthread_join(guard->thread, NULL);
	close(guard->over);
}

/* Under guard: a command of the SM may take as long as the trial. */
static int go(struct course *c, const struct rewire_update_job *job,
	      const __u8 *id, struct rewire_update_result *result,
	      struct rewire_error *err)
{
	struct guard guard = { .course = c, .id = id };
	int rc, sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	rc = guard_start(&guard, err);
	if (!rc) {
		rc = rewire_update_apply(sm, job, result, err);
		guard_stop(&guard);
	}
	close(sm);
	/* Whoever called it off knows the reason. */
	if (rc == -ECANCELED)
		check_watches(c, err);
	return rc ? -err->code : 0;
}

static int apply(struct course *c, struct entry *entry,
		 struct rewire_error *err)
{
	struct rewire_update_result *result = calloc(1, sizeof(*result));
	const struct task *task = c->task;
	char trials[STORE_PATH];
	struct rewire_update_job job = {
		.order = task->order,
		.payload = task->payload,
		.is_volatile = task->is_volatile,
		.checkpoints = trials,
		.wait_ms = task->wait_ms,
		.interrupt = c->watch,
		.interrupts = WATCHES,
		.step = on_step,
		.data = c,
	};
	int rc;

	if (!result)
		return rewire_fail(err, ENOMEM, "no memory");
	updates_trials_dir(c->updates, trials);
	memcpy(job.workload, entry->workload, REWIRE_ID_SIZE);
	rc = go(c, &job, entry->id, result, err);
	conclude(c, rc, result, err, entry);
	free(result);
	return rc;
}

static int fill_entry(const struct task *task, struct entry *entry,
		      struct rewire_error *err)
{
	const struct rewire_order *words = &task->order->words;
	const struct rewire_manifest *to = &words->manifest.body.manifest;

	*entry = (struct entry){
		.is_volatile = task->is_volatile,
		.from_release = task->instance.release,
		.from_svn = task->instance.svn,
		.to_release = to->release,
		.to_svn = to->svn,
		.memory = task->instance.memory,
	};
	memcpy(entry->workload, task->instance.workload, REWIRE_ID_SIZE);
	memcpy(entry->software, to->software, REWIRE_ID_SIZE);
	snprintf(entry->package, sizeof(entry->package), "%s", task->package);
	return rewire_update_id(&words->package, entry->workload, entry->id,
				err);
}

int updates_run(struct updates *updates, const struct task *task,
		struct entry *ret_entry, struct rewire_error *err)
{
	struct course c = { .updates = updates, .task = task };
	struct running running = { .wake = -1 };
	struct rewire_error why = { 0 };
	int rc = fill_entry(task, ret_entry, err);

	if (rc)
		return rc;
	memcpy(running.id, ret_entry->id, REWIRE_ID_SIZE);
	rc = enlist(updates, &running, err);
	if (rc)
		return rc;
	c.watch[WATCH_STOP] = (struct pollfd){ updates->helper->stop, POLLIN, 0 };
	c.watch[WATCH_WAKE] = (struct pollfd){ running.wake, POLLIN, 0 };
	c.watch[WATCH_CLIENT] = (struct pollfd){ task->client, 0, 0 };
	rc = ledger_begin(&updates->ledger, ret_entry, &why);
	if (!rc)
		rc = apply(&c, ret_entry, &why);
	delist(updates, &running);
	updates_poke(updates);
	return rc ? rewire_fail(err, why.code, "%s", why.text) : 0;
}

/* ---- and how it is ended ---- */

static bool wake(struct updates *updates, const __u8 *id)
{
	const uint64_t one = 1;
	struct running *running;
	bool woken = false;

	pthread_mutex_lock(&updates->lock);
	running = find_running(updates, id);
	if (running)
		woken = write(running->wake, &one, sizeof(one)) > 0 ||
			errno == EAGAIN;
	pthread_mutex_unlock(&updates->lock);
	return woken;
}

int updates_cancel(struct updates *updates, const __u8 id[REWIRE_ID_SIZE],
		   struct entry *ret_entry, struct rewire_error *err)
{
	int rc;

	if (!wake(updates, id))
		return ledger_decide(&updates->ledger, id, DECISION_REJECTED,
				     ret_entry, err);
	rc = abort_in_sm(id, err);
	if (!rc && !ledger_get(&updates->ledger, id, ret_entry))
		rc = rewire_fail(err, ENOENT, "it is over");
	return rc;
}
