/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_LINK_H
#define REWIRED_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "peer.h"
#include "tls.h"

#define LINK_MAX_WATCHES	2

/**
 * struct watch - what else may end the wait for a peer
 * @fd: files
 * @events: of poll(), for each
 * @count: how many
 * @woken: called when one of them has events; returns 0 to go on waiting, or a
 *	negative errno with the error filled, which is what the link returns
 * @data: for @woken
 */
struct watch {
	int fd[LINK_MAX_WATCHES];
	short events[LINK_MAX_WATCHES];
	int count;
	int (*woken)(struct watch *watch, struct rewire_error *err);
	void *data;
};

/**
 * struct link - one connection to another helper
 * @ssl: TLS
 * @fd: its socket, non-blocking
 * @stop: becomes readable when this helper is to stop
 * @name: of the other side, as its certificate says
 * @broken: nothing can be sent any more
 * @timeout_ms: for each piece of data to be sent or taken
 * @watch: what else ends a wait, or NULL
 * @in: what comes in
 * @out: header and payload of what goes out
 * @chosen: how a stream goes out; once, by the first link_take()
 * @pipe: where it waits for the kernel's TLS; -1: it is copied to @out
 *
 * A link is used by one thread. Each function blocks in poll() only: until its
 * deadline, until @stop or until @watch says so.
 */
struct link {
	SSL *ssl;
	int fd;
	int stop;
	char name[256];
	bool broken;
	unsigned int timeout_ms;
	struct watch *watch;
	struct peer_decoder in;
	__u8 *out;
	bool chosen;
	int pipe[2];
};

/**
 * link_connect - connect to a helper
 * @tls: credentials
 * @peer: "HOST:PORT", or "NAME@HOST:PORT" when the certificate is for NAME
 * @stop: as in struct link
 * @timeout_ms: as in struct link
 * @ret_link: to be freed by link_close()
 *
 * Return: 0 or a negative errno.
 */
int link_connect(struct tls *tls, const char *peer, int stop,
		 unsigned int timeout_ms, struct link **ret_link,
		 struct rewire_error *err);

/**
 * link_accept - take a connection of another helper
 * @fd: the connected socket; belongs to the link, also on failure
 *
 * The other members are those of link_connect().
 */
int link_accept(struct tls *tls, int fd, int stop, unsigned int timeout_ms,
		struct link **ret_link, struct rewire_error *err);

/* Says goodbye when that takes no time. NULL is fine. */
void link_close(struct link *link);

/* Where the payload of the next link_send() goes: PEER_MAX_CHUNK bytes. */
void *link_payload(struct link *link);

/**
 * link_send - send the frame whose payload is at link_payload()
 * @link: the link
 * @type: PEER_*
 * @length: bytes of the payload; a negative errno of an encoder is returned
 *
 * Return: 0 or a negative errno.
 */
int link_send(struct link *link, unsigned int type, ssize_t length,
	      struct rewire_error *err);

/**
 * link_take - the next bytes of a stream, to be sent by link_pass()
 * @link: the link; nothing is sent on it in between
 * @from: a session's file
 *
 * Where the kernel does this connection's TLS, they are not copied.
 *
 * Return: how many, 0 when there are no more, or a negative errno.
 */
ssize_t link_take(struct link *link, int from, struct rewire_error *err);

/**
 * link_pass - send what link_take() took, as a STREAM frame
 * @link: the link
 * @length: all that it took
 *
 * Return: 0, what link_overheard() says, or another negative errno.
 */
int link_pass(struct link *link, ssize_t length, struct rewire_error *err);

/**
 * link_arrive - wait until the other side has taken in all that was sent
 * @link: the link
 *
 * What was sent is in buffers for a while, its own, the sockets' and the peer's: a
 * round is over, and the enclave may be stopped, when they are empty.
 *
 * Return: 0 or a negative errno.
 */
int link_arrive(struct link *link, struct rewire_error *err);

/**
 * link_receive - wait for a frame
 * @link: the link
 * @deadline: clock_ms() until which it must have started; 0: do not wait
 * @ret_frame: valid until the next call
 *
 * Return: 0, -ENODATA when the other side closed the connection between two
 * frames, or another negative errno.
 */
int link_receive(struct link *link, int64_t deadline,
		 struct peer_frame *ret_frame, struct rewire_error *err);

/* The same for one type; an ERROR comes back as the error that it tells. */
int link_expect(struct link *link, unsigned int type, int64_t deadline,
		struct peer_frame *ret_frame, struct rewire_error *err);

/**
 * link_overheard - did something happen while we only send?
 * @link: the link
 *
 * Return: 0; what link_expect() makes of a frame that is not due; or what the
 * watch says.
 */
int link_overheard(struct link *link, struct rewire_error *err);

/**
 * link_await - wait for another file, with an eye on the peer
 * @link: the link
 * @fd: until this is readable
 * @quiet: nothing is due from the peer; else what comes waits its turn
 *
 * Return: 0, or what link_overheard() says.
 */
int link_await(struct link *link, int fd, bool quiet, struct rewire_error *err);

/* Send what went wrong. When that fails too, the other side sees the end. */
void link_refuse(struct link *link, const struct rewire_error *error);

/*
 * Read what the other side still sends, for a moment: closing a socket with
 * unread data would destroy the ERROR before it is read there.
 */
void link_drain(struct link *link);

#endif /* REWIRED_LINK_H */
