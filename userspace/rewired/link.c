// SPDX-License-Identifier: MIT
/*
 * One TLS connection to another helper, blocking with time-outs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "address.h"
#include "clock.h"
#include "link.h"
#include "log.h"

/* Whoever cannot finish a handshake in this time is not a helper. */
#define HANDSHAKE_MS	15000

#define FRAME_ROOM	(sizeof(struct peer_header) + PEER_MAX_CHUNK)

/* Each page of a chunk takes a place in a pipe, and so do header and tag between. */
#define PIPE_SIZE	(4 * PEER_MAX_CHUNK)

/* For the other side to read an ERROR and go. */
#define DRAIN_MS	2000

/* Returns 0 when @link->fd is ready for @events. */
static int wait_for(struct link *link, short events, int64_t deadline,
		    struct rewire_error *err)
{
	struct pollfd fds[2 + LINK_MAX_WATCHES] = {
		{ .fd = link->fd, .events = events },
		{ .fd = link->stop, .events = POLLIN },
	};
	struct watch *watch = link->watch;
	nfds_t count = 2;
	int ret;

	for (int i = 0; watch && i < watch->count; i++, count++)
		fds[count] = (struct pollfd){ .fd = watch->fd[i],
					      .events = watch->events[i] };
	for (;;) {
		ret = poll(fds, count, clock_poll_timeout(deadline));
		if (ret < 0 && errno != EINTR)
			return rewire_fail(err, errno, "poll: %s",
					   strerror(errno));
		if (ret < 0)
			continue;
		if (ret == 0)
			return rewire_fail(err, ETIMEDOUT,
					   "%s did not answer in time",
					   link->name);
		if (fds[1].revents)
			return rewire_fail(err, ESHUTDOWN,
					   "this helper is being stopped");
		for (nfds_t i = 2; i < count; i++) {
			if (!fds[i].revents)
				continue;
			ret = watch->woken(watch, err);
			if (ret)
				return ret;
			break;
		}
		if (fds[0].revents)
			return 0;
	}
}

/*
 * What to do after an SSL function returned @ret <= 0: 0 to call it again with
 * the same arguments.
 */
static int after_ssl(struct link *link, int ret, int64_t deadline,
		     const char *what, struct rewire_error *err)
{
	int saved = errno;
	int code = SSL_get_error(link->ssl, ret);

	if (code == SSL_ERROR_WANT_READ)
		return wait_for(link, POLLIN, deadline, err);
	if (code == SSL_ERROR_WANT_WRITE)
		return wait_for(link, POLLOUT, deadline, err);
	link->broken = true;
	switch (code) {
	case SSL_ERROR_ZERO_RETURN:
		return rewire_fail(err, ENODATA, "%s closed the connection",
				   link->name);
	case SSL_ERROR_SYSCALL:
		if (!ERR_peek_error())
			return rewire_fail(err, saved ? saved : ECONNRESET,
					   "%s %s: %s", what, link->name,
					   saved ? strerror(saved) :
						   "the connection broke");
	}
	return tls_fail(err, link->ssl, EPROTO, what);
}

static void set_socket_options(int fd, unsigned int timeout_ms)
{
	int on = 1, idle = 10, interval = 5, count = 4;

	/* Failing is no harm: the deadlines are ours, these only come sooner. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
		   sizeof(timeout_ms));
}

static int handshake(struct link *link, int64_t deadline,
		     struct rewire_error *err)
{
	const unsigned char *alpn;
	unsigned int alpn_length;
	int ret;

	do {
		ERR_clear_error();
		ret = SSL_do_handshake(link->ssl);
		if (ret > 0)
			break;
		ret = after_ssl(link, ret, deadline, "TLS handshake", err);
	} while (!ret);
	if (ret < 0)
		return ret;

	SSL_get0_alpn_selected(link->ssl, &alpn, &alpn_length);
	if (alpn_length != strlen(PEER_ALPN) ||
	    memcmp(alpn, PEER_ALPN, alpn_length))
		return rewire_fail(err, EPROTO,
				   "%s does not speak " PEER_ALPN
				   ": is a helper of this version there?",
				   link->name);
	tls_peer_name(link->ssl, link->name, sizeof(link->name));
	return 0;
}

static int make_link(SSL *ssl, int fd, int stop, unsigned int timeout_ms,
		     const char *name, struct link **ret_link,
		     struct rewire_error *err)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		goto err_memory;
	link->ssl = ssl;
	link->fd = fd;
	link->stop = stop;
	link->pipe[0] = link->pipe[1] = -1;
	link->timeout_ms = timeout_ms;
	strncpy(link->name, name, sizeof(link->name) - 1);
	link->out = malloc(FRAME_ROOM);
	if (!link->out || peer_decoder_init(&link->in) ||
	    SSL_set_fd(ssl, fd) != 1)
		goto err_link;
	*ret_link = link;
	return 0;

err_link:
	free(link->out);
	peer_decoder_free(&link->in);
	free(link);
err_memory:
	SSL_free(ssl);
	close(fd);
	return rewire_fail(err, ENOMEM, "no memory for a connection");
}

/* connect() that ends at @deadline. */
static int connect_one(const struct addrinfo *ai, int stop, int64_t deadline)
{
	struct pollfd fds[2] = { { .events = POLLOUT },
				 { .fd = stop, .events = POLLIN } };
	int fd, code, ret;
	socklen_t length = sizeof(code);

	fd = socket(ai->ai_family,
		    ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    ai->ai_protocol);
	if (fd < 0)
		return -errno;
	if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
		return fd;
	if (errno != EINPROGRESS)
		goto err_errno;

	fds[0].fd = fd;
	do {
		ret = poll(fds, 2, clock_poll_timeout(deadline));
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		goto err_errno;
	if (!ret || !fds[0].revents) {
		close(fd);
		return ret ? -ESHUTDOWN : -ETIMEDOUT;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length))
		goto err_errno;
	if (!code)
		return fd;
	errno = code;

err_errno:
	ret = -errno;
	close(fd);
	return ret;
}

static int connect_any(const struct address *address, int stop,
		       int64_t deadline, struct rewire_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list;
	int ret, fd = -EADDRNOTAVAIL;

	ret = getaddrinfo(address->host, address->port, &hints, &list);
	if (ret)
		return rewire_fail(err, EHOSTUNREACH, "finding %s port %s: %s",
				   address->host, address->port,
				   gai_strerror(ret));
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = connect_one(ai, stop, deadline);
	freeaddrinfo(list);
	if (fd < 0)
		return rewire_fail(err, -fd, "connecting to %s port %s: %s",
				   address->host, address->port, strerror(-fd));
	return fd;
}

int link_connect(struct tls *tls, const char *peer, int stop,
		 unsigned int timeout_ms, struct link **ret_link,
		 struct rewire_error *err)
{
	int64_t deadline = clock_ms() + HANDSHAKE_MS;
	struct address address;
	struct link *link;
	SSL *ssl;
	int fd, ret;

	ret = address_parse(peer, &address, err);
	if (ret)
		return ret;
	fd = connect_any(&address, stop, deadline, err);
	if (fd < 0)
		return fd;
	set_socket_options(fd, timeout_ms);
	ssl = tls_new(tls, address.name, err);
	if (!ssl) {
		close(fd);
		return -ENOMEM;
	}
	ret = make_link(ssl, fd, stop, timeout_ms, peer, &link, err);
	if (ret)
		return ret;
	ret = handshake(link, deadline, err);
	if (ret) {
		link->broken = true;
		link_close(link);
		return ret;
	}
	*ret_link = link;
	return 0;
}

int link_accept(struct tls *tls, int fd, int stop, unsigned int timeout_ms,
		struct link **ret_link, struct rewire_error *err)
{
	struct link *link;
	SSL *ssl;
	int ret;

	set_socket_options(fd, timeout_ms);
	ssl = tls_new(tls, NULL, err);
	if (!ssl) {
		close(fd);
		return -ENOMEM;
	}
	ret = make_link(ssl, fd, stop, timeout_ms, "a caller", &link, err);
	if (ret)
		return ret;
	ret = handshake(link, clock_ms() + HANDSHAKE_MS, err);
	if (ret) {
		link->broken = true;
		link_close(link);
		return ret;
	}
	*ret_link = link;
	return 0;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	/* OpenSSL forbids a goodbye after a fatal error. */
	if (!link->broken)
		SSL_shutdown(link->ssl);
	ERR_clear_error();
	SSL_free(link->ssl);
	close(link->fd);
	if (link->pipe[0] >= 0) {
		close(link->pipe[0]);
		close(link->pipe[1]);
	}
	peer_decoder_free(&link->in);
	rewire_wipe_free(link->out, FRAME_ROOM);
	free(link);
}

void *link_payload(struct link *link)
{
	return link->out + sizeof(struct peer_header);
}

static int begin_frame(struct link *link, unsigned int type, ssize_t length,
		       struct rewire_error *err)
{
	int ret;

	if (length >= 0)
		ret = peer_header_fill((struct peer_header *)link->out, type,
				       (size_t)length);
	else
		ret = (int)length;
	if (ret)
		return rewire_fail(err, -ret, "a %s of %zd bytes cannot be sent",
				   peer_type_name(type), length);
	if (link->broken)
		return rewire_fail(err, ENOTCONN, "no connection to %s",
				   link->name);
	return 0;
}

/* The first bytes of @link->out. */
static int send_out(struct link *link, size_t length, int64_t deadline,
		    struct rewire_error *err)
{
	size_t done;
	int ret;

	/* All or nothing: OpenSSL says success when the last byte is taken. */
	do {
		ERR_clear_error();
		ret = SSL_write_ex(link->ssl, link->out, length, &done);
		if (ret > 0)
			return 0;
		ret = after_ssl(link, ret, deadline, "sending", err);
	} while (!ret);
	/* Part of the frame may be out: nothing can follow it. */
	link->broken = true;
	return ret;
}

int link_send(struct link *link, unsigned int type, ssize_t length,
	      struct rewire_error *err)
{
	int64_t deadline = clock_ms() + link->timeout_ms;
	int ret = begin_frame(link, type, length, err);

	return ret ? ret : send_out(link, sizeof(struct peer_header) +
				    (size_t)length, deadline, err);
}

static void choose_path(struct link *link)
{
	link->chosen = true;
	if (!BIO_get_ktls_send(SSL_get_wbio(link->ssl))) {
		log_debug("%s: TLS by OpenSSL, streams are copied", link->name);
		return;
	}
	if (pipe2(link->pipe, O_CLOEXEC | O_NONBLOCK)) {
		log_warning("%s: no pipe, streams are copied: %s", link->name,
			    strerror(errno));
		return;
	}
	/* In a smaller one goes less at a time. */
	if (fcntl(link->pipe[1], F_SETPIPE_SZ, PIPE_SIZE) < 0)
		log_debug("%s: a small pipe: %s", link->name, strerror(errno));
	log_debug("%s: TLS by the kernel, streams are spliced", link->name);
}

ssize_t link_take(struct link *link, int from, struct rewire_error *err)
{
	ssize_t n;

	if (!link->chosen)
		choose_path(link);
	do {
		if (link->pipe[1] >= 0)
			n = splice(from, NULL, link->pipe[1], NULL,
				   PEER_MAX_CHUNK, 0);
		else
			n = read(from, link_payload(link), PEER_MAX_CHUNK);
	} while (n < 0 && errno == EINTR);
	return n >= 0 ? n : rewire_fail_ioctl(err, from, errno,
					      "reading the enclave's state");
}

/* So much of the pipe, as payload of the frame whose header is out. */
static int splice_out(struct link *link, size_t length, int64_t deadline,
		      struct rewire_error *err)
{
	int ret = 0;

	while (!ret && length) {
		ssize_t n = splice(link->pipe[0], NULL, link->fd, NULL, length,
				   0);

		if (n > 0)
			length -= (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			ret = wait_for(link, POLLOUT, deadline, err);
		else if (!n || errno != EINTR)
			ret = rewire_fail(err, n ? errno : EPIPE,
					  "sending %s: %s", link->name,
					  strerror(n ? errno : EPIPE));
	}
	if (ret)
		link->broken = true;
	return ret;
}

int link_pass(struct link *link, ssize_t length, struct rewire_error *err)
{
	int64_t deadline;
	int ret = link_overheard(link, err);

	if (ret)
		return ret;
	if (link->pipe[0] < 0)
		return link_send(link, PEER_STREAM, length, err);
	deadline = clock_ms() + link->timeout_ms;
	ret = begin_frame(link, PEER_STREAM, length, err);
	if (!ret)
		ret = send_out(link, sizeof(struct peer_header), deadline, err);
	return ret ? ret : splice_out(link, (size_t)length, deadline, err);
}

int link_receive(struct link *link, int64_t deadline,
		 struct peer_frame *ret_frame, struct rewire_error *err)
{
	void *room;
	size_t size, got;
	int ret;

	for (;;) {
		size = peer_decoder_room(&link->in, &room);
		ERR_clear_error();
		ret = SSL_read_ex(link->ssl, room, size, &got);
		if (ret > 0) {
			ret = peer_decoder_filled(&link->in, got, ret_frame,
						  err);
			if (ret > 0)
				return 0;
			/* Slow is fine; standing still is not. */
			if (deadline)
				deadline = clock_ms() + link->timeout_ms;
		} else {
			ret = after_ssl(link, ret, deadline, "receiving", err);
		}
		if (!ret)
			continue;
		if (ret == -ENODATA && peer_decoder_partial(&link->in))
			ret = rewire_fail(err, EPROTO,
					  "%s ended in the middle of a frame",
					  link->name);
		return ret;
	}
}

/* An ERROR becomes the error it tells, anything else one of its own. */
static int not_due(struct link *link, const struct peer_frame *frame,
		   const char *due, struct rewire_error *err)
{
	struct rewire_error told;

	if (frame->type != PEER_ERROR)
		return rewire_fail(err, EPROTO, "%s sent a %s where %s was due",
				   link->name, peer_type_name(frame->type),
				   due);
	peer_decode_error(frame, &told);
	return rewire_fail(err, told.code, "%s says: %s", link->name, told.text);
}

int link_expect(struct link *link, unsigned int type, int64_t deadline,
		struct peer_frame *ret_frame, struct rewire_error *err)
{
	int ret;

	ret = link_receive(link, deadline, ret_frame, err);
	if (ret)
		return ret;
	if (ret_frame->type == type)
		return 0;
	return not_due(link, ret_frame, peer_type_name(type), err);
}

int link_arrive(struct link *link, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret = link_send(link, PEER_ARRIVED, 0, err);

	return ret ? ret : link_expect(link, PEER_ARRIVED,
				       clock_ms() + link->timeout_ms, &frame,
				       err);
}

int link_overheard(struct link *link, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret;

	/* Nothing came, part of a frame, or something between the TLS layers. */
	if (!SSL_has_pending(link->ssl)) {
		ret = wait_for(link, POLLIN, 0, err);
		if (ret)
			return ret == -ETIMEDOUT ? 0 : ret;
	}
	ret = link_receive(link, 0, &frame, err);
	if (ret)
		return ret == -ETIMEDOUT ? 0 : ret;
	return not_due(link, &frame, "nothing", err);
}

int link_await(struct link *link, int fd, bool quiet, struct rewire_error *err)
{
	struct pollfd fds[3 + LINK_MAX_WATCHES] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = quiet ? link->fd : -1, .events = POLLIN },
		{ .fd = link->stop, .events = POLLIN },
	};
	struct watch *watch = link->watch;
	nfds_t count = 3;
	int ret;

	for (int i = 0; watch && i < watch->count; i++, count++)
		fds[count] = (struct pollfd){ .fd = watch->fd[i],
					      .events = watch->events[i] };
	for (;;) {
		if (quiet)
			ret = link_overheard(link, err);
		else
			ret = wait_for(link, 0, 0, err);
		if (ret && (quiet || ret != -ETIMEDOUT))
			return ret;
		if (poll(fds, count, -1) < 0 && errno != EINTR)
			return rewire_fail(err, errno, "poll: %s",
					   strerror(errno));
		if (fds[0].revents)
			return 0;
	}
}

void link_refuse(struct link *link, const struct rewire_error *error)
{
	struct watch *watch = link->watch;

	/* What made us refuse may be what is watched: say it all the same. */
	link->watch = NULL;
	link_send(link, PEER_ERROR,
		  peer_encode_error(link_payload(link), error), NULL);
	link->watch = watch;
}

void link_drain(struct link *link)
{
	int64_t deadline = clock_ms() + DRAIN_MS;
	struct peer_frame frame;

	link->watch = NULL;
	while (!link_receive(link, deadline, &frame, NULL) &&
	       clock_ms() < deadline)
		;
}
