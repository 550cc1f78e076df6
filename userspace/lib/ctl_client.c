// SPDX-License-Identifier: MIT
/*
 * Asking the local helper over its control socket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rewire.h"

static int connect_to(const char *path, struct rewire_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, code;

	if (strlen(path) >= sizeof(address.sun_path))
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return rewire_fail(err, errno, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		code = errno;
		close(fd);
		/* ENOENT would be read as "no such workload". */
		if (code == ENOENT)
			code = ECONNREFUSED;
		return rewire_fail(err, code, "the helper does not answer at %s: %s; start rewired, or name its socket",
				   path, strerror(code));
	}
	return fd;
}

/* @file goes along with the first byte; negative: none. */
static ssize_t send_part(int fd, const char *line, size_t length, int file)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)line, length };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (file >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(file));
		memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int send_line(int fd, const char *line, int file,
		     struct rewire_error *err)
{
	size_t left = strlen(line);

	while (left) {
		ssize_t n = send_part(fd, line, left, file);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail(err, errno, "asking the helper: %s",
					   strerror(errno));
		file = -1;
		line += n;
		left -= (size_t)n;
	}
	return 0;
}

/* getline() within a limit: the other side decides how long a line is. */
static ssize_t read_line(FILE *from, char *line, size_t size)
{
	size_t length = 0;
	int c;

	while ((c = getc_unlocked(from)) != EOF && c != '\n') {
		if (length == size)
			return -EMSGSIZE;
		line[length++] = (char)c;
	}
	if (c == EOF)
		return ferror(from) ? -errno : -ECONNRESET;
	return (ssize_t)length;
}

static int read_answer(FILE *from, char *line, rewire_ctl_event_fn *event,
		       void *data, struct rewire_ctl_answer *ret_answer,
		       struct rewire_error *err)
{
	for (;;) {
		ssize_t length = read_line(from, line, REWIRE_CTL_MAX_LINE);
		struct rewire_ctl_answer answer;
		int rc;

		if (length < 0)
			return rewire_fail(err, (int)-length, "the helper went away before it answered: %s",
					   strerror((int)-length));
		rc = rewire_ctl_decode_answer(line, (size_t)length, &answer, err);
		if (rc)
			return rc;
		if (!answer.event[0]) {
			*ret_answer = answer;
			return 0;
		}
		if (event)
			event(&answer, data);
		rewire_ctl_answer_clear(&answer);
	}
}

int rewire_ctl_exchange(const char *path,
			const struct rewire_ctl_request *request,
			rewire_ctl_event_fn *event, void *data,
			struct rewire_ctl_answer *ret_answer,
			struct rewire_error *err)
{
	char *line = rewire_ctl_encode_request(request);
	char *room = malloc(REWIRE_CTL_MAX_LINE);
	FILE *from = NULL;
	int fd = -1, rc;

	if (!line || !room) {
		rc = rewire_fail(err, ENOMEM, "asking the helper: no memory");
		goto out;
	}
	rc = fd = connect_to(path ? path : REWIRE_CTL_SOCKET, err);
	if (fd < 0)
		goto out;
	rc = send_line(fd, line, request->op == REWIRE_CTL_UPDATE_APPLY ?
		       request->update.payload : -1, err);
	if (rc)
		goto out;
	from = fdopen(fd, "r");
	if (!from) {
		rc = rewire_fail(err, errno, "asking the helper: %s",
				 strerror(errno));
		goto out;
	}
	rc = read_answer(from, room, event, data, ret_answer, err);
out:
	if (from)
		fclose(from);
	else if (fd >= 0)
		close(fd);
	free(room);
	rewire_wipe_free(line, line ? strlen(line) : 0);
	return rc;
}
