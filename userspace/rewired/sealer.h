/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_SEALER_H
#define REWIRED_SEALER_H

#include <pthread.h>
#include <stdatomic.h>

#include "link.h"
#include "store.h"

/*
 * What of the unsealed state may be left for later: as much as costs the pause
 * next to nothing, and enough that the disk is not asked for every page.
 */
#define SEALER_BEHIND	1024	/* pages */

/**
 * struct sealer - the state of a migration on its way to this host's own disk,
 *	sealed for its own SM, beside the stream
 * @store: where to
 * @workload: whose
 * @stream: of the SM
 * @rounds: it is read in rounds
 * @out: the file
 * @asked: eventfd: a round is wanted
 * @turned: eventfd: it was written
 * @cancel: no more use
 * @over: the thread has come to its end
 * @thread: writes; there is one while @running
 * @running: and has to be joined
 * @busy: a round was asked for, and its @turned not seen yet
 * @ret: what came of it, once it is @over
 * @err: in words
 *
 * The source has it to fall back on, should its host go down and the target give
 * up. At the target it is what READY promises. Both write it while the state still
 * changes, so that the pause has only the rest of it.
 */
struct sealer {
	const struct store *store;
	__u8 workload[REWIRE_ID_SIZE];
	int stream;
	bool rounds;
	struct rewire_output out;
	int asked;
	int turned;
	atomic_bool cancel;
	atomic_bool over;
	pthread_t thread;
	bool running;
	bool busy;
	int ret;
	struct rewire_error err;
};

/**
 * sealer_start - begin to write
 * @sealer: filled; zero from the start, so that sealer_end() always may
 * @store: where to
 * @workload: whose
 * @session: of a source that copies or is FROZEN, or of a target
 *
 * Return: 0; -EAGAIN: nothing has come in yet; or another negative errno.
 */
int sealer_start(struct sealer *sealer, const struct store *store,
		 const __u8 workload[REWIRE_ID_SIZE], int session,
		 struct rewire_error *err);

/**
 * sealer_keep_up - see that no more than so much is left unsealed
 * @sealer: started, or not: then there is nothing to do
 * @most: pages; 0: as little as there can be while the state changes
 * @link: whose watch may end the wait
 * @quiet: nothing is due from the peer meanwhile
 *
 * Return: 0 or a negative errno.
 */
int sealer_keep_up(struct sealer *sealer, __u64 most, struct link *link,
		   bool quiet, struct rewire_error *err);

/**
 * sealer_finish - until it is on the disk as a whole
 * @sealer: as above; the source is FROZEN, the target PREPARED
 * @link: as above
 * @quiet: as above
 *
 * Return: 0 or a negative errno.
 */
int sealer_finish(struct sealer *sealer, struct link *link, bool quiet,
		  struct rewire_error *err);

/* No more use: stop if it is not done. Whole files stay. */
void sealer_end(struct sealer *sealer);

#endif /* REWIRED_SEALER_H */
