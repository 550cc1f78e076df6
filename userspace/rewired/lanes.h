/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_LANES_H
#define REWIRED_LANES_H

#include <pthread.h>
#include <stdatomic.h>

#include "helper.h"
#include "link.h"

struct lanes;

/**
 * struct lane - one stream beside the session's own
 * @all: whose
 * @link: a connection of its own, to the same peer
 * @watch: ends its waits when the lanes end
 * @fd: of the SM
 * @thread: reads it, and sends what it has
 */
struct lane {
	struct lanes *all;
	struct link *link;
	struct watch watch;
	int fd;
	pthread_t thread;
};

/**
 * struct lanes - the streams of a source
 * @count: how many, with the session's own; 1: there are no lanes
 * @running: threads, which have to be joined
 * @session: file; what fails aborts it
 * @bytes: of all streams; counted on
 * @lane: from 1 to @count - 1
 * @lock: protects what follows
 * @begun: a turn has begun, or it is over
 * @turn: how often they were told to go on
 * @busy: lanes that are not at the end of that
 * @last: it is the rest of the stream, and its end
 * @over: no more use
 * @ret: what came of the first that failed
 * @err: in words
 * @turned: eventfd: one is at the end of its turn
 * @ended: eventfd: it is @over
 *
 * A turn is a round, or the last pass. The thread that runs the migration begins it
 * in the SM and here, has the session's own stream to read meanwhile, and waits for
 * the others.
 */
struct lanes {
	unsigned int count;
	unsigned int running;
	int session;
	atomic_ullong *bytes;
	struct lane lane[REWIRE_MAX_LANES];
	pthread_mutex_t lock;
	pthread_cond_t begun;
	unsigned int turn;
	unsigned int busy;
	bool last;
	bool over;
	int ret;
	struct rewire_error err;
	int turned;
	int ended;
};

/**
 * lanes_open - connect, and have the SM make as many streams
 * @lanes: filled; lanes_close() may be called whatever comes of it
 * @helper: the helper
 * @record: of the migration, with the peer's address
 * @session: its file, AGREED; does not block from here on
 * @streams: how many are wanted
 * @bytes: as in struct lanes
 *
 * A peer that takes no lanes, be it too old or too busy, gets the one stream.
 *
 * Return: 0 or a negative errno.
 */
int lanes_open(struct lanes *lanes, struct helper *helper,
	       const struct record *record, int session, unsigned int streams,
	       atomic_ullong *bytes, struct rewire_error *err);

/* Go on: the SM has begun a round, or, @last, the enclave stands still. */
void lanes_begin(struct lanes *lanes, bool last);

/**
 * lanes_await - until all lanes are at the end of their turn
 * @lanes: begun
 * @link: whose watch may end the wait
 * @quiet: nothing is due from the peer meanwhile
 *
 * Return: 0 or a negative errno.
 */
int lanes_await(struct lanes *lanes, struct link *link, bool quiet,
		struct rewire_error *err);

/* Did a lane fail first? Then @ret and @err become its own. Return: @ret. */
int lanes_why(struct lanes *lanes, int ret, struct rewire_error *err);

/* No more use: end what runs, close what is open. */
void lanes_close(struct lanes *lanes);

#endif /* REWIRED_LANES_H */
