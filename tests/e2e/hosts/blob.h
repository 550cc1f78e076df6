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

/**
 * blob_round - one round of a checkpoint that is read in rounds
 * @blob: the rounds before; zero before the first
 * @fd: of rewire_session_checkpoint()
 * @ret_last: it was the last
 *
 * Return: 0 or a negative errno, and then @blob is empty.
 */
int blob_round(struct blob *blob, int fd, bool *ret_last,
	       struct rewire_error *error);

/* What a session has sealed for its own SM, once nothing changes any more. */
int blob_seal(struct blob *blob, int session, struct rewire_error *error);

/* Into a file of that SM: the file, or a negative errno. */
int blob_take_in(const struct blob *blob, const struct host *host,
		 struct rewire_error *error);

/* All of the way: a running instance. 0 or a negative errno. */
int blob_restore(const struct blob *blob, const struct host *host,
		 struct rewire_error *error);

#endif /* E2E_BLOB_H */
