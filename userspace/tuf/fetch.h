/* SPDX-License-Identifier: MIT */
/*
 * One file from a repository, which may be anybody: over HTTP, or from a folder.
 */
#ifndef TUF_FETCH_H
#define TUF_FETCH_H

#include "tuf.h"

struct tuf_fetcher;

int tuf_fetcher_new(const char *cacert, unsigned int min_speed,
		    unsigned int patience, struct tuf_fetcher **ret,
		    struct tuf_error *err);
void tuf_fetcher_free(struct tuf_fetcher *fetcher);

/**
 * struct tuf_sink - where a file goes
 * @write: take more of it; not 0: cannot
 * @restart: forget what came so far; not 0: cannot
 * @section: of the specification, which asks for the file
 * @limit: the most bytes that may come
 * @got: how many have
 */
struct tuf_sink {
	int (*write)(struct tuf_sink *sink, const void *data, size_t length);
	int (*restart)(struct tuf_sink *sink);
	const char *section;
	uint64_t limit;
	uint64_t got;
};

/**
 * tuf_fetch - fetch one file
 * @fetcher: who fetches
 * @base: URL or folder
 * @name: path below it, quoted as in a URL
 * @sink: where it goes; a download that broke off goes on from what @sink got
 * @err: what failed
 *
 * Return: 0; -TUF_MISSING when there is none; -TUF_LIMIT when more came than may;
 * -TUF_TRANSFER.
 */
int tuf_fetch(struct tuf_fetcher *fetcher, const char *base, const char *name,
	      struct tuf_sink *sink, struct tuf_error *err);

/* The same into memory; the caller frees @ret_data. */
int tuf_fetch_data(struct tuf_fetcher *fetcher, const char *base,
		   const char *name, uint64_t limit, const char *section,
		   char **ret_data, size_t *ret_length, struct tuf_error *err);

#endif
