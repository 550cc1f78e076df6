/* SPDX-License-Identifier: MIT */
/*
 * A web server for one folder, on a port of its own on 127.0.0.1, that does to a
 * file what a test tells it to. One request on each connection.
 */
#ifndef TESTS_TUF_SERVER_H
#define TESTS_TUF_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

/**
 * enum behaviour - what happens to a request
 * @SERVE: it is answered
 * @STATUS: by the status @number, with a body
 * @REDIRECT: to @text
 * @REDIRECT_ENDLESS: the same, with a body without an end
 * @CUT: it is broken off after @number bytes of the body
 * @CUT_ONCE: the same, but the second time it goes on where it was told to
 * @CUT_FROM_START: the same, but the second time it comes from the start
 * @ENDLESS: body without an end, of no told length
 * @ENDLESS_CHUNKED: the same, in chunks
 * @TOO_LONG: told length is @number, and that many bytes come
 * @TOO_SHORT: told length is @number, fewer come
 * @SLOW: one byte now and then
 * @SILENT: nothing comes at all
 * @GARBAGE: no HTTP
 * @HEADERS: headers without an end
 * @TEXT: @text is the body
 * @KEEP: it is answered, and the connection kept; the next request there resets it
 */
enum behaviour {
	SERVE, STATUS, REDIRECT, REDIRECT_ENDLESS, CUT, CUT_ONCE, CUT_FROM_START,
	ENDLESS, ENDLESS_CHUNKED, TOO_LONG, TOO_SHORT, SLOW, SILENT, GARBAGE,
	HEADERS, TEXT, KEEP,
};

struct server;

/* @tls: NULL: plain HTTP. */
struct server *server_start(const char *folder, SSL_CTX *tls);
void server_stop(struct server *server);
int server_port(const struct server *server);

/* For requests of @path, "*" for all; a later rule for a path replaces it. */
void server_rule(struct server *server, const char *path, enum behaviour what,
		 long number, const char *text);

/* Called for each request before it is answered. */
void server_watch(struct server *server,
		  void (*watch)(void *context, const char *path), void *context);

/* The paths that were asked for, a line each, since this was called last. The
 * caller frees it. */
char *server_asked(struct server *server);
/* Connections that were reset by KEEP; to be asked when no request is on its way. */
int server_resets(const struct server *server);
/* Bytes of bodies that went out so far. */
size_t server_sent(struct server *server);

#endif
