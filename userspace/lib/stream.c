// SPDX-License-Identifier: MIT
/*
 * Streams: an enclave's state at rest, in bounded memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rewire.h"

#define COPY_BUFFER (1U << 20)

int rewire_reseal_open(int sm, struct rewire_error *err)
{
	struct rewire_reseal reseal = { .size = sizeof(reseal) };

	if (ioctl(sm, REWIRE_RESEAL, &reseal))
		return rewire_fail_ioctl(err, sm, errno, "taking in a checkpoint");
	return reseal.fd;
}

int rewire_stream_make_live(int stream, __u64 *ret_id, __u64 *ret_epoch,
			    struct rewire_error *err)
{
	struct rewire_stream_commit commit = { .size = sizeof(commit) };

	if (ioctl(stream, REWIRE_STREAM_COMMIT, &commit))
		return rewire_fail_ioctl(err, stream, errno,
					 "making the checkpoint an enclave");
	if (ret_id)
		*ret_id = commit.id;
	if (ret_epoch)
		*ret_epoch = commit.epoch;
	return commit.fd;
}

int rewire_stream_round(int stream, bool look, __u64 *ret_pages, bool *ret_last,
			struct rewire_error *err)
{
	struct rewire_session_round round = {
		.size = sizeof(round),
		.flags = look ? REWIRE_ROUND_LOOK : 0,
	};

	if (ioctl(stream, REWIRE_STREAM_ROUND, &round))
		return rewire_fail_ioctl(err, stream, errno,
					 "sealing a state that changes");
	*ret_pages = round.pages;
	*ret_last = round.flags & REWIRE_ROUND_LAST;
	return 0;
}

static int write_part(int to, const __u8 *data, size_t length,
		      struct rewire_error *err)
{
	while (length) {
		ssize_t n = write(to, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail_ioctl(err, to, errno, "writing the stream");
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

int rewire_stream_copy(int from, int to, __u64 *ret_bytes,
		       struct rewire_error *err)
{
	__u8 *buffer = malloc(COPY_BUFFER);
	__u64 bytes = 0;
	int rc = 0;

	if (!buffer)
		return rewire_fail(err, ENOMEM, "copying the stream: no memory");
	while (!rc) {
		ssize_t n = read(from, buffer, COPY_BUFFER);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = rewire_fail_ioctl(err, from, errno, "reading the stream");
			break;
		}
		if (!n)
			break;
		rc = write_part(to, buffer, (size_t)n, err);
		bytes += (__u64)n;
	}
	free(buffer);
	if (!rc && ret_bytes)
		*ret_bytes = bytes;
	return rc;
}
