// SPDX-License-Identifier: MIT
/*
 * Migrations that nobody waits for: left behind by a restart, by a connection
 * that broke, by a client that went away. The keeper asks the SM what state each
 * is in and does what comes next, until it is over.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "decide.h"
#include "finish.h"
#include "keeper.h"
#include "log.h"
#include "session.h"
#include "target.h"
#include "witness.h"

#define FIRST_PAUSE_MS	1000
/* Also how late a deadline of the SM may be noticed. */
#define LAST_PAUSE_MS	15000

static int keep_source(struct helper *helper, struct record *record,
		       int session, struct rewire_error *err)
{
	struct report report = { .client = -1, .start = clock_ms() };
	struct finish finish = {
		.helper = helper, .record = record, .session = session,
		.report = &report,
	};
	int ret;

	memcpy(report.request_id, record->request_id, REWIRE_ID_SIZE);
	ret = finish_all(&finish, 0, err);
	link_close(finish.link);
	return ret < 0 ? ret : 0;
}

/* A session that the SM does not know has died with its kernel. */
static int forget(struct helper *helper, const struct record *record)
{
	char id[REWIRE_ID_TEXT];

	log_warning("the SM knows nothing of migration %s any more: dropped",
		    rewire_id_format(record->request_id, id));
	/* Calls ask here first, so a wrong guess costs nothing. */
	if (record->side == REWIRE_SIDE_SOURCE)
		store_set_moved(&helper->store, record->workload, record->peer,
				NULL);
	store_end(&helper->store, record);
	return 0;
}

static int keep_one(struct helper *helper, const struct record *listed,
		    struct rewire_error *err)
{
	struct record record;
	int session, ret;

	session = session_open(listed->request_id, listed->side, err);
	if (session < 0 && session != -ENOENT)
		return session;
	if (session >= 0 && listed->side == REWIRE_SIDE_TARGET) {
		ret = target_settle(helper, session, err);
		close(session);
		return ret;
	}
	/* Else a thread works on it, or ended it meanwhile. */
	if (!store_claim(&helper->store, listed->request_id, listed->side,
			 &record)) {
		if (session >= 0)
			close(session);
		return 0;
	}
	if (session < 0)
		return forget(helper, &record);
	ret = keep_source(helper, &record, session, err);
	store_release(&helper->store, &record);
	close(session);
	return ret;
}

/* Only somebody else can change it: it is said once, and waited for. */
static void tell_unfresh(struct keeper *keeper, const struct rewire_error *err)
{
	if (keeper->unfresh == err->code)
		return;
	keeper->unfresh = err->code;
	log_warning("migrations have to wait for the SM, and do: %s",
		    err->text);
}

static void work(struct job *job)
{
	struct keeper *keeper = (struct keeper *)job;
	struct record records[STORE_MAX_OPEN];
	unsigned int count = store_list(&keeper->helper->store, records);
	char id[REWIRE_ID_TEXT];
	bool failed = false;

	for (unsigned int i = 0; i < count; i++) {
		struct rewire_error err = { 0 };
		int ret = keep_one(keeper->helper, &records[i], &err);

		if (ret == -ESHUTDOWN)
			return;
		if (!ret)
			continue;
		failed = true;
		if (witness_helps(keeper->helper, ret, &err))
			continue;
		if (decide_is_unfresh(ret)) {
			tell_unfresh(keeper, &err);
			continue;
		}
		log_warning("migration %s is not over: %s",
			    rewire_id_format(records[i].request_id, id),
			    err.text);
	}
	if (!failed) {
		keeper->pause_ms = FIRST_PAUSE_MS;
		keeper->unfresh = 0;
	} else if (keeper->pause_ms < LAST_PAUSE_MS) {
		keeper->pause_ms *= 2;
	}
}

static void done(struct job *job)
{
	struct keeper *keeper = (struct keeper *)job;

	keeper->running = false;
	keeper->next = clock_ms() + keeper->pause_ms;
}

void keeper_init(struct keeper *keeper, struct helper *helper)
{
	*keeper = (struct keeper){
		.job = { .work = work, .done = done },
		.helper = helper, .pause_ms = FIRST_PAUSE_MS,
	};
}

void keeper_tick(struct keeper *keeper)
{
	struct store *store = &keeper->helper->store;

	if (keeper->running || clock_ms() < keeper->next || store_empty(store))
		return;
	keeper->running = pool_submit(keeper->helper->pool, POOL_KEEPER,
				      &keeper->job);
}
