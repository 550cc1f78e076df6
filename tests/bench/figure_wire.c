// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole migration against TLS 1.3 of the same bytes, between the same two
 * network namespaces, each by as many connections. The helpers on both sides run
 * already.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "pair.h"

#define CHUNK	262144	/* what a helper gives to TLS at a time */
#define PORT	9443

/**
 * struct wire - both things to be compared
 * @pair: a full churn, and two helpers; by how many streams
 * @ctx: TLS of the host that sends
 * @chunk: what is sent
 */
struct wire {
	struct pair pair;
	SSL_CTX *ctx;
	__u8 *chunk;
};

/* There, the next time back. */
static double migrate(struct result *result, void *data)
{
	struct wire *wire = data;
	double took = pair_migrate(result, &wire->pair, true);

	return took < 0 ? -1 : wire->pair.bytes / took;
}

static SSL_CTX *context(struct result *result, const char *host, bool server)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() :
					    TLS_client_method());
	char dir[512], key[600], cert[600], ca[600], name[64];

	snprintf(name, sizeof(name), "pki/hosts/%s", host);
	world_path(dir, name);
	snprintf(key, sizeof(key), "%s/tls.key", dir);
	snprintf(cert, sizeof(cert), "%s/tls.crt", dir);
	snprintf(ca, sizeof(ca), "%s/anchors/tls-ca.crt", dir);
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
	    SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_load_verify_file(ctx, ca) != 1) {
		SSL_CTX_free(ctx);
		bench_missing(result, "TLS does not take the host's keys");
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
			   SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_read_ahead(ctx, 1);
	return ctx;
}

static void at(struct sockaddr_in *to, int host)
{
	*to = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_port = htons(PORT) };
	inet_pton(AF_INET, pair_address[host], &to->sin_addr);
}

/* Reads to the end, then says one byte. */
static void serve_one(SSL_CTX *ctx, int fd, char *buffer)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl && SSL_set_fd(ssl, fd) && SSL_accept(ssl) == 1) {
		while (SSL_read(ssl, buffer, CHUNK) > 0)
			;
		SSL_write(ssl, buffer, 1);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
}

/* A process for each, so that no two share one processor if there are more. */
static void serve_beside(SSL_CTX *ctx, int fd)
{
	static char buffer[CHUNK];

	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_one(ctx, fd, buffer);
		_exit(0);
	}
	close(fd);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* The receiving side, a process of its own. Return: its pid, or -1. */
static pid_t serve(struct result *result)
{
	struct sockaddr_in here;
	int fd, peer, one = 1;
	SSL_CTX *ctx;
	pid_t pid;

	at(&here, 1);
	ctx = context(result, pair_host[1], true);
	if (!ctx || world_enter(result, pair_host[1]))
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (world_enter(result, NULL))
		return -1;
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, REWIRE_MAX_LANES))
		return bench_missing(result, "listening: %s", strerror(errno));
	pid = fork();
	if (pid) {
		SSL_CTX_free(ctx);
		close(fd);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((peer = accept(fd, NULL, NULL)) >= 0)
		serve_beside(ctx, peer);
	_exit(1);
}

/**
 * struct sender - one connection
 * @wire: what it sends
 * @fd: socket
 * @failed: it did not get through
 * @thread: sends it
 */
struct sender {
	struct wire *wire;
	int fd;
	bool failed;
	pthread_t thread;
};

static int send_share(SSL *ssl, const struct wire *wire)
{
	double left = wire->pair.bytes / wire->pair.streams;
	char byte;

	if (SSL_connect(ssl) != 1)
		return -1;
	for (; left > 0; left -= CHUNK)
		if (SSL_write(ssl, wire->chunk, left < CHUNK ? (int)left + 1 :
			      CHUNK) <= 0)
			return -1;
	SSL_shutdown(ssl);
	return SSL_read(ssl, &byte, 1) == 1 ? 0 : -1;
}

static void *send_one(void *data)
{
	struct sender *sender = data;
	struct sockaddr_in there;
	SSL *ssl = SSL_new(sender->wire->ctx);

	at(&there, 1);
	sender->failed = !ssl || !SSL_set_fd(ssl, sender->fd) ||
			 connect(sender->fd, (struct sockaddr *)&there,
				 sizeof(there)) ||
			 send_share(ssl, sender->wire);
	SSL_free(ssl);
	return NULL;
}

/* As many at a time as the migration has streams. */
static double plain_tls(struct result *result, void *data)
{
	struct sender senders[REWIRE_MAX_LANES];
	struct wire *wire = data;
	bool failed = false;
	double start;

	if (world_enter(result, pair_host[0]))
		return -1;
	for (unsigned int i = 0; i < wire->pair.streams; i++)
		senders[i] = (struct sender){
			.wire = wire,
			.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		};
	if (world_enter(result, NULL))
		return -1;
	start = bench_now();
	for (unsigned int i = 0; i < wire->pair.streams; i++)
		if (pthread_create(&senders[i].thread, NULL, send_one,
				   &senders[i]))
			return bench_missing(result, "no thread to send");
	for (unsigned int i = 0; i < wire->pair.streams; i++) {
		pthread_join(senders[i].thread, NULL);
		close(senders[i].fd);
		failed |= senders[i].failed;
	}
	if (failed)
		return bench_missing(result, "plain TLS: %s", strerror(errno));
	return wire->pair.bytes / (bench_now() - start);
}

static int begin(struct result *result, struct wire *wire, unsigned int mib)
{
	if (pair_open_size(result, &wire->pair, mib))
		return -1;
	wire->chunk = malloc(CHUNK);
	wire->ctx = context(result, pair_host[0], false);
	if (!wire->chunk || !wire->ctx)
		return -1;
	memset(wire->chunk, 0x5a, CHUNK);
	return 0;
}

static void end(struct wire *wire)
{
	pair_close(&wire->pair);
	SSL_CTX_free(wire->ctx);
	free(wire->chunk);
}

static void measure(struct result *result, bool quick, unsigned int streams)
{
	const unsigned int mib = quick ? 64 : 256;
	struct wire wire = { .ctx = NULL };
	static char how[1024];
	pid_t server = -1;

	snprintf(how, sizeof(how), "bytes of all streams over the time from the order given to the source's helper until it answers (connection, evidence, keys, pause, stream, START, ACTIVE, receipt), churn enclave with %u MiB in use, there and back in turn, the target keeps no sealed checkpoint (--volatile), by as many streams as the figure's name says; over mutual TLS 1.3 (the helpers' certificates and suite, TLS_AES_128_GCM_SHA256, handshake included) of as many bytes by as many connections side by side in writes of 256 KiB as the helpers make them, until the last is acknowledged",
		 mib - 1);
	result->how = how;
	signal(SIGPIPE, SIG_IGN);
	if (!begin(result, &wire, mib)) {
		wire.pair.streams = streams;
		server = serve(result);
		if (server > 0)
			bench_pairs(result, quick ? 4 : 10, migrate, plain_tls,
				    &wire);
	}
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	end(&wire);
}

static void measure_1(struct result *result, bool quick)
{
	measure(result, quick, 1);
}

static void measure_2(struct result *result, bool quick)
{
	measure(result, quick, 2);
}

static void measure_4(struct result *result, bool quick)
{
	measure(result, quick, 4);
}

const struct figure figure_wire = {
	.name = "wire_vs_tls_1", .unit = "ratio", .goal = 0.95,
	.measure = measure_1,
};

const struct figure figure_wire_2 = {
	.name = "wire_vs_tls_2", .unit = "ratio", .goal = 0.95,
	.measure = measure_2,
};

const struct figure figure_wire_4 = {
	.name = "wire_vs_tls_4", .unit = "ratio", .goal = 0.95,
	.measure = measure_4,
};
