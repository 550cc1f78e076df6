/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_HELPER_H
#define REWIRED_HELPER_H

#include <stdatomic.h>

#include "options.h"
#include "pool.h"
#include "store.h"
#include "tls.h"

/**
 * struct helper - what all parts of this program share
 * @options: the command line; never changes
 * @tls: credentials; has a lock of its own
 * @store: the state folder; has a lock of its own
 * @pool: threads; has a lock of its own
 * @updates: what is known of updates; has locks of its own
 * @fetcher: what comes from a repository; has a lock of its own; or NULL
 * @poked: something happened that may let an update begin
 * @receipts: some may not have gone to the SDS yet
 * @stop: eventfd, readable from when the program is to stop
 *
 * There is no file of the SM here: REWIRE_GET_WHY tells of the last command on
 * a file, so each thread opens its own.
 */
struct helper {
	struct options options;
	struct tls tls;
	struct store store;
	struct pool *pool;
	struct updates *updates;
	struct fetcher *fetcher;
	atomic_bool poked;
	atomic_bool receipts;
	int stop;
};

#endif /* REWIRED_HELPER_H */
