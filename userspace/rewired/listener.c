// SPDX-License-Identifier: MIT
/*
 * Connections of other helpers: taken by the event loop, served by the pool.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netdb.h>
#include <sys/socket.h>

#include <event2/listener.h>

#include "address.h"
#include "listener.h"
#include "log.h"
#include "serve.h"

#define BACKLOG	16

struct listener {
	struct evconnlistener *evl;
	struct helper *helper;
	char address[ADDRESS_MAX];
};

struct caller {
	struct job job;
	struct helper *helper;
	int fd;
	char from[ADDRESS_MAX];
};

static void format_address(const struct sockaddr *sa, socklen_t length,
			   char text[ADDRESS_MAX])
{
	char host[128], port[16];

	if (getnameinfo(sa, length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(text, ADDRESS_MAX, "somewhere");
	else
		snprintf(text, ADDRESS_MAX,
			 sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
			 host, port);
}

static void serve(struct job *job)
{
	struct caller *caller = (struct caller *)job;

	serve_connection(caller->helper, caller->fd, caller->from);
}

static void refuse(struct job *job)
{
	struct caller *caller = (struct caller *)job;

	serve_refusal(caller->helper, caller->fd, caller->from);
}

static void done(struct job *job)
{
	free(job);
}

static void on_accept(struct evconnlistener *evl, evutil_socket_t fd,
		      struct sockaddr *sa, int length, void *data)
{
	struct listener *listener = data;
	struct caller *caller = calloc(1, sizeof(*caller));

	(void)evl;
	if (!caller)
		goto err_close;
	caller->helper = listener->helper;
	caller->fd = fd;
	caller->job.done = done;
	format_address(sa, (socklen_t)length, caller->from);

	caller->job.work = serve;
	if (pool_submit(listener->helper->pool, POOL_PEER, &caller->job))
		return;
	caller->job.work = refuse;
	if (pool_submit(listener->helper->pool, POOL_REFUSAL, &caller->job))
		return;
	/* Somebody is being refused already: no time to be polite. */
	log_warning("%s was sent away without a word", caller->from);
	free(caller);
err_close:
	close(fd);
}

static void on_error(struct evconnlistener *evl, void *data)
{
	(void)evl;
	(void)data;
	log_error("taking a connection: %s", strerror(errno));
}

static int listen_at(struct listener *listener, struct event_base *base,
		     const struct addrinfo *ai)
{
	struct sockaddr_storage sa;
	socklen_t length = sizeof(sa);

	listener->evl = evconnlistener_new_bind(base, on_accept, listener,
						LEV_OPT_CLOSE_ON_FREE |
						LEV_OPT_CLOSE_ON_EXEC |
						LEV_OPT_REUSEABLE, BACKLOG,
						ai->ai_addr,
						(int)ai->ai_addrlen);
	if (!listener->evl)
		return -errno;
	evconnlistener_set_error_cb(listener->evl, on_error);
	if (!getsockname(evconnlistener_get_fd(listener->evl),
			 (struct sockaddr *)&sa, &length))
		format_address((struct sockaddr *)&sa, length,
			       listener->address);
	return 0;
}

int listener_open(struct event_base *base, struct helper *helper,
		  struct listener **ret_listener, struct rewire_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	struct address address;
	struct listener *listener;
	int ret;

	ret = address_parse(helper->options.listen, &address, err);
	if (ret)
		return ret;
	ret = getaddrinfo(address.host, address.port, &hints, &list);
	if (ret)
		return rewire_fail(err, EADDRNOTAVAIL, "--listen %s: %s",
				   helper->options.listen, gai_strerror(ret));
	listener = calloc(1, sizeof(*listener));
	if (listener)
		listener->helper = helper;
	ret = listener ? listen_at(listener, base, list) : -ENOMEM;
	freeaddrinfo(list);
	if (ret) {
		free(listener);
		return rewire_fail(err, -ret, "--listen %s: %s",
				   helper->options.listen, strerror(-ret));
	}
	*ret_listener = listener;
	return 0;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	evconnlistener_free(listener->evl);
	free(listener);
}

const char *listener_address(const struct listener *listener)
{
	return listener ? listener->address : "";
}
