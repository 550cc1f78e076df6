/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_FETCHER_H
#define REWIRED_FETCHER_H

#include "helper.h"

/*
 * Packages and trust bundles from a repository of The Update Framework. A target,
 * the channel, lists what is for this host, a line each:
 *
 *	packages/vault-2.package	into the inbox, with packages/vault-2.wraps/SM.wrap
 *	trust/developer-3.trust		to the SM, when it is newer than what is in force
 *	# a comment
 *
 * Of a package only what is signed comes by itself, some kilobytes that say what it
 * is. Its payload, packages/vault-2.payload, is fetched once it is due: consent and
 * windows of the policy count before the download.
 *
 * The client is a program of its own, so that what a server sends is never parsed
 * here. Neither is believed for more than the repository's word: the SM verifies all
 * of it again.
 */

#define CHANNEL_MAX	65536	/* bytes */

/* struct fetcher - opaque; what threads share of it has a lock of its own */
struct fetcher;

/**
 * fetcher_open - prepare to fetch, as the options say
 * @helper: the helper
 * @ret_fetcher: NULL: the options name no repository
 *
 * Return: 0 or a negative errno.
 */
int fetcher_open(struct helper *helper, struct fetcher **ret_fetcher,
		 struct rewire_error *err);
/* NULL is fine. Its job must have ended. */
void fetcher_close(struct fetcher *fetcher);

/* The payload of a package in the inbox is due. From any thread; NULL is fine. */
void fetcher_want(struct fetcher *fetcher, const char *package);

/* Called by the event loop each second or so; starts the job if it is time. */
void fetcher_tick(struct fetcher *fetcher);

#endif /* REWIRED_FETCHER_H */
