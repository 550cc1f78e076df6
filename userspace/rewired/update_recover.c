// SPDX-License-Identifier: MIT
/*
 * Updates that were under way when this helper, or its host, went down. The SM
 * gave them up, or they had switched: it is asked, and the instance that it wants
 * is seen to run, from a checkpoint if it is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "log.h"
#include "receipts.h"
#include "updates.h"

/* What the SM says of an update; UPDATE_UNKNOWN is an answer too. */
struct word {
	__u32 state;
	struct rewire_update_info info;
	__u8 receipt[REWIRE_MAX_UPDATE_RECEIPT];
	size_t receipt_length;
};

static int ask_file(int update, struct word *word, struct rewire_error *err)
{
	int rc = rewire_update_get_info(update, &word->info, err);

	/* Nobody will go on with it. */
	if (!rc && word->info.state < REWIRE_UPDATE_SWITCHED) {
		rewire_update_give_up(update, NULL);
		rc = rewire_update_get_info(update, &word->info, err);
	}
	if (rc)
		return rc;
	word->state = word->info.state;
	word->receipt_length = sizeof(word->receipt);
	if (rewire_update_read_receipt(update, word->receipt,
				       &word->receipt_length, NULL))
		word->receipt_length = 0;
	return 0;
}

static int ask(const __u8 *id, struct word *word, struct rewire_error *err)
{
	int rc, update, sm = rewire_sm_open(err);

	*word = (struct word){ .state = UPDATE_UNKNOWN };
	if (sm < 0)
		return sm;
	update = rewire_update_open(sm, id, err);
	close(sm);
	if (update == -ENOENT)
		return 0;
	if (update < 0)
		return update;
	rc = ask_file(update, word, err);
	close(update);
	return rc;
}

static void path_of(const struct updates *updates, const struct entry *entry,
		    __u32 version, char path[STORE_PATH])
{
	char trials[STORE_PATH];

	updates_trials_dir(updates, trials);
	if (rewire_update_checkpoint_path(trials, entry->workload, entry->id,
					  version, path, STORE_PATH, NULL))
		*path = '\0';
}

static bool is_kept(const struct updates *updates, const struct entry *entry,
		    __u32 version)
{
	char path[STORE_PATH];

	path_of(updates, entry, version, path);
	return *path && !access(path, F_OK);
}

static void drop(const struct updates *updates, const struct entry *entry)
{
	char path[STORE_PATH];

	for (__u32 v = REWIRE_VERSION_OLD; v <= REWIRE_VERSION_NEW; v++) {
		path_of(updates, entry, v, path);
		if (*path)
			unlink(path);
	}
}

static int restore(const struct updates *updates, const struct entry *entry,
		   __u32 version, struct rewire_error *err)
{
	char path[STORE_PATH];
	int fd, rc;

	path_of(updates, entry, version, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	rc = checkpoint_restore_from(fd, err);
	close(fd);
	return rc;
}

static int enter(const struct updates *updates, const struct entry *entry,
		 struct rewire_error *err)
{
	int rc = workload_enter(updates->helper, entry->workload, err);

	/* Destroyed or moved on meanwhile: not our business any more. */
	return rc == -ENOENT || rc == -EREMCHG ? 0 : rc;
}

/* 0: it is over, @ret_lost tells how; or a negative errno: try again. */
static int bring_back(const struct updates *updates, const struct entry *entry,
		      __u32 version, bool *ret_lost, struct rewire_error *err)
{
	int rc = restore(updates, entry, version, err);

	switch (decide_restored(rc)) {
	case VERDICT_DONE:
		return rc ? 0 : enter(updates, entry, err);
	case VERDICT_LATER:
		return rc;
	default:
		log_error("the checkpoint of an update is of no use: %s",
			  err->text);
		*ret_lost = true;
		return 0;
	}
}

static int settle(const struct updates *updates, const struct entry *entry,
		  const struct word *word, bool *ret_lost,
		  struct rewire_error *err)
{
	enum image image;
	int rc = workload_look(entry->workload, &image, err);

	if (rc)
		return rc;
	switch (decide_update(word->state, image,
			      is_kept(updates, entry, REWIRE_VERSION_OLD),
			      is_kept(updates, entry, REWIRE_VERSION_NEW))) {
	case RECOVERY_OLD:
		return bring_back(updates, entry, REWIRE_VERSION_OLD, ret_lost,
				  err);
	case RECOVERY_NEW:
		return bring_back(updates, entry, REWIRE_VERSION_NEW, ret_lost,
				  err);
	case RECOVERY_ENTER:
		return enter(updates, entry, err);
	case RECOVERY_LOST:
		*ret_lost = true;
		return 0;
	case RECOVERY_ABORT:
		return rewire_fail(err, EAGAIN, "the SM still works on it");
	default:
		return 0;
	}
}

static void describe(struct entry *entry, const struct word *word, bool lost)
{
	const char *what;

	entry->error = (int)word->info.error;
	entry->pause_us = word->info.pause_us;
	if (lost) {
		entry->state = ENTRY_LOST;
		what = "the host went down, and the workload with it: there was no checkpoint of use";
	} else if (word->state == REWIRE_UPDATE_SWITCHED) {
		entry->state = ENTRY_SWITCHED;
		what = "the helper went down after the switch";
	} else if (word->state == REWIRE_UPDATE_ABORTED) {
		entry->state = ENTRY_ABORTED;
		what = word->info.reason[0] ? word->info.reason :
					      "the helper went down";
	} else {
		/* It never came to its trial: the package is as good as new. */
		entry->state = entry->package[0] ? ENTRY_PENDING :
						   ENTRY_ABORTED;
		what = "the helper or the host went down before the trial";
	}
	snprintf(entry->reason, sizeof(entry->reason), "%s", what);
}

static int recover(struct updates *updates, struct entry *entry,
		   struct rewire_error *err)
{
	char id[REWIRE_ID_TEXT];
	struct word word;
	bool lost = false;
	int rc = ask(entry->id, &word, err);

	if (!rc)
		rc = settle(updates, entry, &word, &lost, err);
	if (rc)
		return rc;
	describe(entry, &word, lost);
	if (word.receipt_length)
		receipts_keep(updates->helper, entry->id, word.receipt,
				     word.receipt_length);
	rc = ledger_put(&updates->ledger, entry, err);
	if (rc)
		return rc;
	drop(updates, entry);
	log_line(lost ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE,
		 "update %s, which was under way: %s: %s",
		 rewire_id_format(entry->id, id),
		 entry_state_name(entry->state), entry->reason);
	return 0;
}

bool updates_recover(struct updates *updates)
{
	struct entry *entries;
	int count = ledger_list(&updates->ledger, &entries);
	char id[REWIRE_ID_TEXT];
	bool all = count >= 0;

	for (int i = 0; i < count; i++) {
		struct rewire_error err = { 0 };
		int rc;

		if (entries[i].state != ENTRY_RUNNING ||
		    updates_is_running(updates, entries[i].id))
			continue;
		rc = recover(updates, &entries[i], &err);
		if (rc) {
			/* The keeper says so of an SM that waits for a witness. */
			log_line(decide_is_unfresh(rc) ? LOG_LEVEL_INFO :
							 LOG_LEVEL_WARNING,
				 "update %s is not over: %s",
				 rewire_id_format(entries[i].id, id), err.text);
			all = false;
		}
	}
	if (count >= 0)
		free(entries);
	return all;
}
