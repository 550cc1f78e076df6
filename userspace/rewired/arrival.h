/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_ARRIVAL_H
#define REWIRED_ARRIVAL_H

#include <stdatomic.h>
#include <stdint.h>

#include "link.h"

/**
 * struct arrival - a migration that comes in, and whose streams may be several
 * @next: of those that come in now
 * @request_id: which
 * @peer: certificate of who sends it
 * @session: file; what fails aborts it
 * @deadline: clock_ms() until which a stream has to go on
 * @came: called when a lane has brought something, by its thread; @data's
 * @data: for @came
 * @bytes: of all streams; counted on
 * @count: how many streams there are, as the first lane says; 0: no lane has come
 * @taken: a lane has a connection
 * @fd: its file of the SM, or -1
 * @running: lanes that come in
 * @alone: the SM says that there is one stream, or another number
 * @over: no more use
 * @why: it is
 * @ret: what came of the first lane that failed
 * @err: in words
 * @turned: eventfd: a lane has come, or is at its end
 * @ended: eventfd: it is @over
 *
 * Each lane is a connection of its own, served by that one's thread. The thread that
 * runs the migration has the session's own stream, opens the others as soon as the
 * SM knows of them, and waits for them where that stream does. Only what is open can
 * fail the migration: a source that got too few of them goes by one stream.
 */
struct arrival {
	struct arrival *next;
	__u8 request_id[REWIRE_ID_SIZE];
	X509 *peer;
	int session;
	int64_t deadline;
	int (*came)(void *data, struct link *link, struct rewire_error *err);
	void *data;
	atomic_ullong *bytes;
	unsigned int count;
	bool taken[REWIRE_MAX_LANES];
	int fd[REWIRE_MAX_LANES];
	unsigned int running;
	bool alone;
	bool over;
	struct rewire_error why;
	int ret;
	struct rewire_error err;
	int turned;
	int ended;
};

/**
 * arrival_begin - let lanes come
 * @arrival: its first members to @bytes filled, but for @next and @peer
 * @link: the migration's own
 *
 * Return: 0, and then it has to end with arrival_end(); or a negative errno.
 */
int arrival_begin(struct arrival *arrival, struct link *link,
		  struct rewire_error *err);

/* Open those that have come, if the SM has heard of them. */
int arrival_open(struct arrival *arrival, struct rewire_error *err);

/**
 * arrival_await - until all lanes are at their end
 * @arrival: begun
 * @link: whose watch may end the wait
 *
 * Return: 0 or a negative errno.
 */
int arrival_await(struct arrival *arrival, struct link *link,
		  struct rewire_error *err);

/* Did a lane fail first? Then @ret and @err become its own. Return: @ret. */
int arrival_why(struct arrival *arrival, int ret, struct rewire_error *err);

/* No more use: end what comes. @why: what lanes are told, or NULL */
void arrival_end(struct arrival *arrival, const struct rewire_error *why);

/**
 * arrival_answer - a connection is one lane of a migration
 * @link: its own
 * @frame: the LANE
 * @most: lanes that may be there at a time, of all migrations
 *
 * Return: 0 at the end of the lane, or a negative errno.
 */
int arrival_answer(struct link *link, const struct peer_frame *frame,
		   unsigned int most, struct rewire_error *err);

#endif /* REWIRED_ARRIVAL_H */
