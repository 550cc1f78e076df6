// SPDX-License-Identifier: MIT
/*
 * The control socket. A connection belongs to the event loop while a line comes
 * in, and to one thread of the pool while that line is worked on; so neither
 * needs a lock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <event2/listener.h>

#include "control.h"
#include "log.h"
#include "operation.h"

#define BACKLOG		16
/* Connections beyond the limit that are told so, at a time. */
#define MAX_REFUSED	8

struct control {
	struct event_base *base;
	struct helper *helper;
	const char *listening;
	struct evconnlistener *evl;
	struct client *clients;
	unsigned int count, refused;
};

/**
 * struct client - a connection
 * @job: while a line is worked on
 * @line: REWIRE_CTL_MAX_LINE bytes; NULL for one that is to be refused
 * @have: bytes in @line
 * @length: of the first line in it
 * @file: descriptor that came with that line, or -1
 * @result: of operation_run()
 */
struct client {
	struct job job;
	struct control *control;
	struct client *next, **link;
	struct event *readable;
	int fd;
	char *line;
	size_t have, length;
	int file;
	int result;
};

static void drop_file(struct client *client)
{
	if (client->file >= 0)
		close(client->file);
	client->file = -1;
}

static void client_free(struct client *client)
{
	struct control *control = client->control;

	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	if (client->line)
		control->count--;
	else
		control->refused--;
	if (client->readable)
		event_free(client->readable);
	drop_file(client);
	close(client->fd);
	/* Lines carry the input of calls. */
	rewire_wipe_free(client->line, REWIRE_CTL_MAX_LINE);
	free(client);
}

static void refuse(struct client *client, int code, const char *why)
{
	struct rewire_error err;

	rewire_fail(&err, code, "%s", why);
	operation_refuse(client->fd, &err);
	client_free(client);
}

static void work(struct job *job)
{
	struct client *client = (struct client *)job;
	struct control *control = client->control;

	client->result = operation_run(control->helper, client->fd,
				       control->listening, client->line,
				       client->length, client->file);
}

/* Work on the first line in the buffer, if it is complete. */
static void next_line(struct client *client)
{
	char *end = memchr(client->line, '\n', client->have);

	if (!end && client->have == REWIRE_CTL_MAX_LINE) {
		refuse(client, EMSGSIZE, "the line is too long");
		return;
	}
	if (!end) {
		event_add(client->readable, NULL);
		return;
	}
	client->length = (size_t)(end - client->line);
	/* There are as many threads as connections, so this one is a bug away. */
	if (!pool_submit(client->control->helper->pool, POOL_CLIENT,
			 &client->job))
		refuse(client, EBUSY, "this helper is busy; try again");
}

static void done(struct job *job)
{
	struct client *client = (struct client *)job;

	drop_file(client);
	if (client->result) {
		client_free(client);
		return;
	}
	client->have -= client->length + 1;
	memmove(client->line, client->line + client->length + 1, client->have);
	next_line(client);
}

/* Its question is of no interest, but must be out of the way to be answered. */
static void read_refused(struct client *client)
{
	char scrap[4096];
	ssize_t n = recv(client->fd, scrap, sizeof(scrap), MSG_DONTWAIT);

	if (n > 0 && !memchr(scrap, '\n', (size_t)n))
		return;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	refuse(client, EBUSY,
	       "this helper serves as many clients as it may; try again, or start it with a higher --max-clients");
}

/* One descriptor may come along; it is that of the line that is coming in. */
static void take_files(struct client *client, struct msghdr *message)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t end = header->cmsg_len - CMSG_LEN(0);

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= end; at += sizeof(int)) {
			drop_file(client);
			memcpy(&client->file, CMSG_DATA(header) + at,
			       sizeof(client->file));
		}
	}
}

static ssize_t receive(struct client *client)
{
	union {
		struct cmsghdr header;
		/* For one, or two: the kernel closes whatever does not fit. */
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {
		.iov_base = client->line + client->have,
		.iov_len = REWIRE_CTL_MAX_LINE - client->have,
	};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(client->fd, &message,
			    MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n >= 0)
		take_files(client, &message);
	return n;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct client *client = data;
	ssize_t n;

	(void)fd;
	(void)what;
	if (!client->line) {
		read_refused(client);
		return;
	}
	n = receive(client);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(client);
		return;
	}
	client->have += (size_t)n;
	event_del(client->readable);
	next_line(client);
}

static struct client *client_new(struct control *control, int fd)
{
	bool full = control->count >= control->helper->options.max_clients;
	struct client *client;

	if (full && control->refused >= MAX_REFUSED)
		return NULL;
	client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->readable = event_new(control->base, fd, EV_READ | EV_PERSIST,
				     on_readable, client);
	client->line = full ? NULL : malloc(REWIRE_CTL_MAX_LINE);
	if (!client->readable || (!full && !client->line)) {
		if (client->readable)
			event_free(client->readable);
		free(client->line);
		free(client);
		return NULL;
	}
	if (full)
		control->refused++;
	else
		control->count++;
	client->control = control;
	client->fd = fd;
	client->file = -1;
	client->job.work = work;
	client->job.done = done;
	client->next = control->clients;
	client->link = &control->clients;
	if (client->next)
		client->next->link = &client->next;
	control->clients = client;
	return client;
}

static void on_accept(struct evconnlistener *evl, evutil_socket_t fd,
		      struct sockaddr *sa, int length, void *data)
{
	struct client *client = client_new(data, fd);

	(void)evl;
	(void)sa;
	(void)length;
	if (client)
		event_add(client->readable, NULL);
	else
		close(fd);
}

static void on_error(struct evconnlistener *evl, void *data)
{
	(void)evl;
	(void)data;
	log_error("taking a client: %s", strerror(errno));
}

/* The last part of the folder may be made: /run is empty after a boot. */
static void make_parent(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(dir, path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755);
}

/* A socket nobody answers at is what a killed helper left behind. */
static bool is_in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool used;

	if (fd < 0)
		return true;
	used = !connect(fd, (const struct sockaddr *)address, sizeof(*address));
	if (!used && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
	return used;
}

static int bind_socket(const char *path, struct rewire_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return rewire_fail(err, ENAMETOOLONG,
				   "--socket %s: at most %zu characters", path,
				   sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	make_parent(path);
	if (is_in_use(&address))
		return rewire_fail(err, EADDRINUSE,
				   "--socket %s: another helper answers there",
				   path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rewire_fail(err, errno, "socket: %s", strerror(errno));
	/* Nobody else, from the first moment on. */
	before = umask(0177);
	ret = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (ret) {
		ret = rewire_fail(err, errno, "--socket %s: %s", path,
				  strerror(errno));
		close(fd);
		return ret;
	}
	return fd;
}

int control_open(struct event_base *base, struct helper *helper,
		 const char *listening, struct control **ret_control,
		 struct rewire_error *err)
{
	struct control *control;
	int fd = bind_socket(helper->options.socket, err);

	if (fd < 0)
		return fd;
	control = calloc(1, sizeof(*control));
	if (!control)
		goto err_close;
	control->base = base;
	control->helper = helper;
	control->listening = listening;
	control->evl = evconnlistener_new(base, on_accept, control,
					  LEV_OPT_CLOSE_ON_FREE |
					  LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!control->evl)
		goto err_free;
	evconnlistener_set_error_cb(control->evl, on_error);
	*ret_control = control;
	return 0;

err_free:
	free(control);
err_close:
	close(fd);
	return rewire_fail(err, ENOMEM, "no memory for the control socket");
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_free(control->clients);
	evconnlistener_free(control->evl);
	unlink(control->helper->options.socket);
	free(control);
}
