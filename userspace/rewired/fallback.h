/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_FALLBACK_H
#define REWIRED_FALLBACK_H

#include <pthread.h>
#include <stdatomic.h>

#include "link.h"
#include "store.h"

/**
 * struct fallback - what a source keeps, should its host go down and the target
 * give up: the frozen state, sealed for its own SM, written beside the stream
 * @store: where to
 * @workload: whose
 * @stream: of the SM
 * @done: eventfd, readable once the thread has come to its end
 * @cancel: tells the thread to come to its end
 * @thread: writes; there is one while @running
 * @running: and has to be joined
 * @ret: what came of it, once it is joined
 * @err: in words
 */
struct fallback {
	const struct store *store;
	__u8 workload[REWIRE_ID_SIZE];
	int stream;
	int done;
	atomic_bool cancel;
	pthread_t thread;
	bool running;
	int ret;
	struct rewire_error err;
};

/**
 * fallback_start - begin to write
 * @fallback: filled; zero from the start, so that fallback_end() always may
 * @store: where to
 * @workload: whose
 * @session: of the source, FROZEN
 *
 * Return: 0 or a negative errno.
 */
int fallback_start(struct fallback *fallback, const struct store *store,
		   const __u8 workload[REWIRE_ID_SIZE], int session,
		   struct rewire_error *err);

/**
 * fallback_wait - until it is on the disk
 * @fallback: started, or not: then there is nothing to wait for
 * @link: whose watch, and whose peer, may end the wait
 *
 * Return: 0 or a negative errno.
 */
int fallback_wait(struct fallback *fallback, struct link *link,
		  struct rewire_error *err);

/* No more use: stop if it is not done. Whole files stay. */
void fallback_end(struct fallback *fallback);

#endif /* REWIRED_FALLBACK_H */
