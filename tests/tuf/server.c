// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define RULES	32
#define TICK	50	/* of a slow body, in milliseconds */

struct rule {
	char path[128];
	enum behaviour what;
	long number;
	char *text;
	int used;
};

struct server {
	char *folder;
	SSL_CTX *tls;
	int listener;
	int stop[2];
	int port;
	pthread_t thread;
	pthread_mutex_t lock;
	struct rule rules[RULES];
	int rule_count;
	void (*watch)(void *context, const char *path);
	void *context;
	char asked[65536];
	size_t sent;
	int resets;
};

/* One connection. */
struct link {
	struct server *server;
	int fd;
	SSL *ssl;
	bool keep;
};

/* Does the other side still want more, or this server stop? */
static bool wanted(struct link *link, int wait)
{
	struct pollfd fds[] = {
		{ link->fd, POLLRDHUP, 0 },
		{ link->server->stop[0], POLLIN, 0 },
	};

	return poll(fds, 2, wait) == 0;
}

static bool put(struct link *link, const void *data, size_t length)
{
	const char *bytes = data;

	while (length) {
		struct pollfd fds[] = {
			{ link->fd, POLLOUT, 0 },
			{ link->server->stop[0], POLLIN, 0 },
		};
		ssize_t n;

		if (poll(fds, 2, -1) < 0 || fds[1].revents)
			return false;
		n = link->ssl ? SSL_write(link->ssl, bytes, (int)length) :
		    send(link->fd, bytes, length, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

static bool put_body(struct link *link, const void *data, size_t length)
{
	pthread_mutex_lock(&link->server->lock);
	link->server->sent += length;
	pthread_mutex_unlock(&link->server->lock);
	return put(link, data, length);
}

static bool put_text(struct link *link, const char *text)
{
	return put(link, text, strlen(text));
}

static void put_head(struct link *link, int status, long length, const char *more)
{
	const char *after = link->keep ? "keep-alive" : "close";
	char head[512];

	if (length >= 0)
		snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nConnection: %s\r\n"
			 "%sContent-Length: %ld\r\n\r\n", status, after, more,
			 length);
	else
		snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nConnection: %s\r\n"
			 "%s\r\n", status, after, more);
	put_text(link, head);
}

/* Until the other side has had enough. */
static void put_endless(struct link *link, const char *part)
{
	char block[4096];
	size_t length = strlen(part), i;

	for (i = 0; i + length <= sizeof(block); i += length)
		memcpy(block + i, part, length);
	while (wanted(link, 0) && put_body(link, block, i))
		;
}

static void put_slowly(struct link *link)
{
	put_head(link, 200, 10000, "");
	while (wanted(link, TICK) && put_body(link, " ", 1))
		;
}

static char *read_file(const char *folder, const char *path, size_t *ret_length)
{
	char *name, *data = NULL;
	FILE *file;
	long length;

	if (asprintf(&name, "%s%s", folder, path) < 0)
		abort();
	file = strstr(path, "/../") ? NULL : fopen(name, "r");
	free(name);
	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (length = ftell(file)) >= 0) {
		rewind(file);
		data = malloc((size_t)length + 1);
		*ret_length = fread(data, 1, (size_t)length, file);
	}
	fclose(file);
	return data;
}

/* %XX to what it means, but that of "/": a role's name is one part of a path. */
static void unquote(char *path)
{
	char *to = path;
	unsigned int byte;

	while (*path) {
		if (*path == '%' && strncasecmp(path, "%2F", 3) &&
		    sscanf(path + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			path += 3;
		} else {
			*to++ = *path++;
		}
	}
	*to = 0;
}

static void serve(struct link *link, char *path, const char *request, long cut,
		  bool ranges)
{
	const char *range = strcasestr(request, "\r\nRange: bytes=");
	long from = range && ranges ? atol(range + 15) : 0;
	char more[128] = "";
	size_t length = 0;
	char *data;

	unquote(path);
	data = read_file(link->server->folder, path, &length);
	if (!data || from > (long)length) {
		put_head(link, data ? 416 : 404, 7, "");
		put_body(link, "nothing", 7);
		free(data);
		return;
	}
	if (from)
		snprintf(more, sizeof(more), "Content-Range: bytes %ld-%zu/%zu\r\n",
			 from, length - 1, length);
	put_head(link, from ? 206 : 200, (long)length - from, more);
	length -= (size_t)from;
	put_body(link, data + from, cut >= 0 && (size_t)cut < length ? (size_t)cut :
		 length);
	free(data);
}

static void misbehave(struct link *link, struct rule *rule, char *path,
		      const char *request)
{
	char more[300] = "", *block;

	switch (rule->what) {
	case SERVE:
		serve(link, path, request, -1, true);
		break;
	case STATUS:
		put_head(link, (int)rule->number, 3, "");
		put_body(link, "{}\n", 3);
		break;
	case REDIRECT:
		snprintf(more, sizeof(more), "Location: %s\r\n", rule->text);
		put_head(link, 302, 3, more);
		put_body(link, "{}\n", 3);
		break;
	case REDIRECT_ENDLESS:
		/* As if the connection were to be used again. */
		snprintf(more, sizeof(more), "HTTP/1.1 302 X\r\nLocation: %s\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n", rule->text);
		put_text(link, more);
		put_endless(link, "4\r\n    \r\n");
		break;
	case CUT:
		serve(link, path, request, rule->number, true);
		break;
	case CUT_ONCE:
		serve(link, path, request, rule->used ? -1 : rule->number, true);
		break;
	case CUT_FROM_START:
		serve(link, path, request, rule->used ? -1 : rule->number, false);
		break;
	case ENDLESS:
		put_head(link, 200, -1, "");
		put_endless(link, " ");
		break;
	case ENDLESS_CHUNKED:
		put_head(link, 200, -1, "Transfer-Encoding: chunked\r\n");
		put_endless(link, "4\r\n    \r\n");
		break;
	case TOO_LONG:
		put_head(link, 200, rule->number, "");
		block = malloc((size_t)rule->number);
		memset(block, ' ', (size_t)rule->number);
		put_body(link, block, (size_t)rule->number);
		free(block);
		break;
	case TOO_SHORT:
		put_head(link, 200, rule->number, "");
		put_body(link, "{}", 2);
		break;
	case SLOW:
		put_slowly(link);
		break;
	case SILENT:
		wanted(link, -1);
		break;
	case GARBAGE:
		put_endless(link, "\x16\x03\x01 no HTTP at all\n");
		break;
	case HEADERS:
		put_text(link, "HTTP/1.1 200 X\r\n");
		put_endless(link, "X-More: and more\r\n");
		break;
	case TEXT:
		put_head(link, 200, (long)strlen(rule->text), "");
		put_body(link, rule->text, strlen(rule->text));
		break;
	case KEEP:
		link->keep = true;
		serve(link, path, request, -1, true);
		break;
	}
}

static void note(struct server *server, const char *path)
{
	size_t used = strlen(server->asked);

	snprintf(server->asked + used, sizeof(server->asked) - used, "%s\n", path);
}

/* A copy: the test may change rules meanwhile. */
static struct rule find_rule(struct server *server, const char *path)
{
	struct rule found = { .what = SERVE }, *rule;
	int i;

	for (i = 0; i < server->rule_count; i++) {
		rule = &server->rules[i];
		if (strcmp(rule->path, path) && strcmp(rule->path, "*"))
			continue;
		found = *rule;
		rule->used++;
		break;
	}
	return found;
}

static void answer(struct link *link, char *request)
{
	struct server *server = link->server;
	char *path = strchr(request, ' '), *end;
	struct rule rule;

	if (!path++ || !(end = strchr(path, ' ')))
		return;
	/* As a proxy is asked. */
	if (!strncmp(path, "http://", 7) && strchr(path + 7, '/'))
		path = strchr(path + 7, '/');
	path = strndup(path, (size_t)(end - path));
	if (server->watch)
		server->watch(server->context, path);
	pthread_mutex_lock(&server->lock);
	note(server, path);
	rule = find_rule(server, path);
	pthread_mutex_unlock(&server->lock);
	misbehave(link, &rule, path, request);
	free(path);
}

static void receive(struct link *link)
{
	char request[8192];
	size_t used = 0;

	while (used < sizeof(request) - 1) {
		ssize_t n = link->ssl ?
			SSL_read(link->ssl, request + used,
				 (int)(sizeof(request) - 1 - used)) :
			recv(link->fd, request + used, sizeof(request) - 1 - used, 0);

		if (n <= 0)
			return;
		used += (size_t)n;
		request[used] = 0;
		if (strstr(request, "\r\n\r\n")) {
			answer(link, request);
			return;
		}
	}
}

static void hang_up(struct link *link)
{
	struct pollfd fds[] = {
		{ link->fd, POLLIN, 0 },
		{ link->server->stop[0], POLLIN, 0 },
	};
	char request[64];	/* a good-bye of TLS is shorter */

	if (!link->keep)
		/* Read on, or what was sent would be reset with the rest. */
		shutdown(link->fd, SHUT_WR);
	else if (poll(fds, 2, -1) > 0 && !fds[1].revents &&
		 recv(link->fd, request, sizeof(request), MSG_PEEK) ==
			 sizeof(request))
		link->server->resets++;
	/* With what nobody has read: it is reset. */
	close(link->fd);
}

static void *run(void *arg)
{
	struct server *server = arg;
	struct pollfd fds[] = {
		{ server->listener, POLLIN, 0 },
		{ server->stop[0], POLLIN, 0 },
	};
	sigset_t pipe;

	/* In this thread alone: a client must not need it. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		struct link link = { .server = server };

		link.fd = accept(server->listener, NULL, NULL);
		if (link.fd < 0)
			continue;
		if (server->tls) {
			link.ssl = SSL_new(server->tls);
			SSL_set_fd(link.ssl, link.fd);
		}
		if (!link.ssl || SSL_accept(link.ssl) == 1) {
			receive(&link);
			if (link.ssl && !link.keep)
				SSL_shutdown(link.ssl);
		}
		SSL_free(link.ssl);
		hang_up(&link);
	}
	return NULL;
}

struct server *server_start(const char *folder, SSL_CTX *tls)
{
	struct server *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);

	server->folder = strdup(folder);
	server->tls = tls;
	pthread_mutex_init(&server->lock, NULL);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 || pipe(server->stop) ||
	    bind(server->listener, (struct sockaddr *)&address, length) ||
	    listen(server->listener, 16) ||
	    getsockname(server->listener, (struct sockaddr *)&address, &length) ||
	    pthread_create(&server->thread, NULL, run, server))
		abort();
	server->port = ntohs(address.sin_port);
	return server;
}

void server_stop(struct server *server)
{
	int i;

	if (!server)
		return;
	if (write(server->stop[1], "", 1) != 1)
		abort();
	pthread_join(server->thread, NULL);
	close(server->listener);
	close(server->stop[0]);
	close(server->stop[1]);
	for (i = 0; i < server->rule_count; i++)
		free(server->rules[i].text);
	pthread_mutex_destroy(&server->lock);
	free(server->folder);
	free(server);
}

int server_resets(const struct server *server)
{
	return server->resets;
}

int server_port(const struct server *server)
{
	return server->port;
}

void server_rule(struct server *server, const char *path, enum behaviour what,
		 long number, const char *text)
{
	struct rule *rule = server->rules;
	int i;

	pthread_mutex_lock(&server->lock);
	for (i = 0; i < server->rule_count && strcmp(rule->path, path); i++)
		rule++;
	if (i == RULES)
		abort();
	if (i == server->rule_count)
		server->rule_count++;
	free(rule->text);
	*rule = (struct rule){ .what = what, .number = number };
	snprintf(rule->path, sizeof(rule->path), "%s", path);
	rule->text = text ? strdup(text) : NULL;
	pthread_mutex_unlock(&server->lock);
}

void server_watch(struct server *server,
		  void (*watch)(void *context, const char *path), void *context)
{
	server->context = context;
	server->watch = watch;
}

char *server_asked(struct server *server)
{
	char *asked;

	pthread_mutex_lock(&server->lock);
	asked = strdup(server->asked);
	server->asked[0] = 0;
	pthread_mutex_unlock(&server->lock);
	return asked;
}

size_t server_sent(struct server *server)
{
	size_t sent;

	pthread_mutex_lock(&server->lock);
	sent = server->sent;
	pthread_mutex_unlock(&server->lock);
	return sent;
}
