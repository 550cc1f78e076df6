// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "blob.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../attacks/tap.h"

#define ROOM	(32 << 20)

/* On from what is there already. */
static int read_on(struct blob *blob, int fd, struct rewire_error *error)
{
	ssize_t n;
	int rc;

	while ((n = read(fd, blob->bytes + blob->length,
			 ROOM - blob->length)) > 0)
		blob->length += (size_t)n;
	if (blob->length == ROOM)
		tap_bail("a checkpoint of more than %d MiB", ROOM >> 20);
	if (!n)
		return 0;
	rc = rewire_fail_ioctl(error, fd, errno, "reading a checkpoint");
	blob_free(blob);
	return rc;
}

static void begin(struct blob *blob)
{
	blob->bytes = malloc(ROOM);
	if (!blob->bytes)
		tap_bail("no memory for a checkpoint");
	blob->length = 0;
}

int blob_read(struct blob *blob, int fd, struct rewire_error *error)
{
	begin(blob);
	return read_on(blob, fd, error);
}

int blob_round(struct blob *blob, int fd, bool *ret_last,
	       struct rewire_error *error)
{
	__u64 pages;
	int rc = rewire_stream_round(fd, false, &pages, ret_last, error);

	if (rc)
		return rc;
	if (!blob->bytes)
		begin(blob);
	return read_on(blob, fd, error);
}

int blob_seal(struct blob *blob, int session, struct rewire_error *error)
{
	bool rounds;
	int rc, fd = rewire_session_checkpoint(session, &rounds, error);

	if (fd < 0)
		return fd;
	rc = blob_read(blob, fd, error);
	close(fd);
	return rc;
}

void blob_free(struct blob *blob)
{
	free(blob->bytes);
	blob->bytes = NULL;
}

int blob_take_in(const struct blob *blob, const struct host *host,
		 struct rewire_error *error)
{
	int stream = rewire_reseal_open(host->sm, error), rc;

	if (stream < 0)
		return stream;
	for (size_t at = 0; at < blob->length;) {
		ssize_t n = write(stream, blob->bytes + at, blob->length - at);

		if (n < 0) {
			rc = rewire_fail_ioctl(error, stream, errno,
					       "taking in the checkpoint");
			close(stream);
			return rc;
		}
		at += (size_t)n;
	}
	return stream;
}

int blob_restore(const struct blob *blob, const struct host *host,
		 struct rewire_error *error)
{
	int stream = blob_take_in(blob, host, error), fd, rc;

	if (stream < 0)
		return stream;
	fd = rewire_stream_make_live(stream, NULL, NULL, error);
	close(stream);
	if (fd < 0)
		return fd;
	host_enter(host);
	rc = rewire_enclave_resume(fd, error);
	close(fd);
	return rc;
}
