/* SPDX-License-Identifier: MIT */
/*
 * The folder of trusted metadata. Each file is replaced as a whole, or not.
 */
#ifndef TUF_STORE_H
#define TUF_STORE_H

#include <sys/types.h>

#include "tuf.h"

struct tuf_store {
	int dir;
	int lock;
};

/**
 * tuf_store_open - have a folder of metadata, and have it alone
 * @path: the folder
 * @make: make it when it is not there
 * @ret: the store, for tuf_store_close()
 * @err: what failed
 *
 * Waits for another client to be done with the folder.
 */
int tuf_store_open(const char *path, int make, struct tuf_store *ret,
		   struct tuf_error *err);
void tuf_store_close(struct tuf_store *store);

/* -TUF_MISSING: there is none; -TUF_LIMIT: longer than @limit. */
int tuf_store_read(const struct tuf_store *store, const char *role, size_t limit,
		   char **ret_data, size_t *ret_length, struct tuf_error *err);
int tuf_store_write(const struct tuf_store *store, const char *role,
		    const void *data, size_t length, struct tuf_error *err);
int tuf_store_remove(const struct tuf_store *store, const char *role,
		     struct tuf_error *err);

/* One file: -TUF_MISSING, -TUF_LIMIT as above. */
int tuf_file_read(int dir, const char *name, size_t limit, char **ret_data,
		  size_t *ret_length, struct tuf_error *err);
/* Write and sync one; to replace another, write it beside that and rename it. */
int tuf_file_write(int dir, const char *name, mode_t mode, const char *data,
		   size_t length, struct tuf_error *err);

/* Sync a folder: only then a rename in it is sure to last. */
int tuf_sync_folder(int dir, struct tuf_error *err);

#endif
