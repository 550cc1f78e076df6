/* SPDX-License-Identifier: MIT */
#ifndef TUF_CLIENT_H
#define TUF_CLIENT_H

#include <stdbool.h>

#include "fetch.h"
#include "store.h"
#include "trusted.h"

struct tuf_urls {
	char **list;
	size_t count;
};

struct tuf_client {
	struct tuf_store store;
	struct tuf_fetcher *fetcher;
	struct tuf_trusted trusted;
	struct tuf_urls metadata;
	struct tuf_urls targets;
	char *target_dir;
	int64_t at;		/* the time to go by; 0: the clock's */
	bool fresh;		/* refreshed */
};

/*
 * Metadata of targets or of a delegated role: the stored one when it is the one
 * that the snapshot lists, else from the first mirror that has it.
 */
int tuf_client_targets(struct tuf_client *client, const struct tuf_role *role,
		       struct tuf_metadata **ret, struct tuf_error *err);

/* Fetch and check a target's file, and keep nothing of it. */
int tuf_client_check_target(struct tuf_client *client,
			    const struct tuf_target *target,
			    struct tuf_error *err);

#endif
