/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_FINISH_H
#define REWIRED_FINISH_H

#include "helper.h"
#include "link.h"
#include "report.h"

/**
 * struct finish - the end of a migration, at its source
 * @helper: the helper
 * @record: the migration; claimed by the caller
 * @session: the SM's session
 * @link: to the peer, or NULL; made when needed, closed by the caller
 * @report: who is told
 * @active: clock_ms() when the target's ACTIVE came: before it was checked and the
 *	enclave's pages were wiped here, which nobody waits for
 */
struct finish {
	struct helper *helper;
	struct record *record;
	int session;
	struct link *link;
	const struct report *report;
	int64_t active;
};

#define FINISH_OVER	1	/* nothing is left to do; the record is gone */
#define FINISH_WON	2	/* the same, and the workload is at the target */

/**
 * finish_once - one try to get further from where the SM says we are
 * @finish: the migration
 *
 * From RELINQUISHED on the source cannot go back: it says START again and again
 * until the target says ACTIVE or ABORTED. A source that is FROZEN and whose
 * image went down with its host asks the target for its last word. Afterwards it
 * delivers the RECEIPT, or its own ABORTED when it has the workload back. All of
 * it may be repeated at will, from any process, after any crash.
 *
 * Return: FINISH_OVER or FINISH_WON, 0: a step was made and there are more, or
 * a negative errno: try again later.
 */
int finish_once(struct finish *finish, struct rewire_error *err);

/**
 * finish_settle - see to the workload after an ABORTED
 * @finish: the migration
 *
 * The enclave that is here goes on; one that went down with the host comes back
 * from its checkpoint, as far as the SM lets it. Done once, it does nothing.
 *
 * Return: 0 or a negative errno: try again later.
 */
int finish_settle(struct finish *finish, struct rewire_error *err);

/**
 * finish_all - finish_once() until it is over or time is up
 * @finish: the migration
 * @deadline: clock_ms() until which to try again after failures
 *
 * Return: as for finish_once(), but never 0.
 */
int finish_all(struct finish *finish, int64_t deadline,
	       struct rewire_error *err);

#endif /* REWIRED_FINISH_H */
