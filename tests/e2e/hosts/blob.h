/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A checkpoint in memory.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_BLOB_H
#define E2E_BLOB_H

#include "hosts.h"

struct blob {
	__u8 *bytes;
	size_t length;
};

/* The rest of a stream file; 0 or a negative errno, and nothing is kept then. */
int blob_read(struct blob *blob, int fd, struct rewire_error *error);
void blob_free(struct blob *blob);

/* Into a file of that SM: the file, or a negative errno. */
int blob_take_in(const struct blob *blob, const struct host *host,
		 struct rewire_error *error);

/* All of the way: a running instance. 0 or a negative errno. */
int blob_restore(const struct blob *blob, const struct host *host,
		 struct rewire_error *error);

#endif /* E2E_BLOB_H */
