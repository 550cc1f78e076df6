/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_TLS_H
#define REWIRED_TLS_H

#include <pthread.h>
#include <stdbool.h>

#include <openssl/ssl.h>

#include <rewire.h>

/**
 * struct tls - how this host shows itself to others, and whom it believes
 * @lock: held to look at or replace the contexts
 * @client: for connections this host makes
 * @server: for those it takes
 * @ktls: the kernel encrypts what is sent, if it can
 *
 * Mutual TLS 1.3 and nothing else: both sides have a certificate of the fleet's
 * TLS CA.
 */
struct tls {
	pthread_mutex_t lock;
	SSL_CTX *client;
	SSL_CTX *server;
	bool ktls;
};

#define TLS_INIT	{ .lock = PTHREAD_MUTEX_INITIALIZER, .ktls = true }

/**
 * tls_load - read tls.key, tls.crt and anchors/tls-ca.crt
 * @tls: filled; when it was before, replaced for connections that come, or left
 *	alone on failure
 * @host_dir: the folder
 *
 * Return: 0 or a negative errno.
 */
int tls_load(struct tls *tls, const char *host_dir, struct rewire_error *err);
void tls_unload(struct tls *tls);

/**
 * tls_new - the state of one connection
 * @tls: loaded
 * @name: NULL: the other side connected. Else the name or address its
 *	certificate must be for
 *
 * Return: what SSL_free() takes, or NULL with @err filled.
 */
SSL *tls_new(struct tls *tls, const char *name, struct rewire_error *err);

/**
 * tls_peer_name - whom the other side's certificate names
 * @ssl: after the handshake
 * @name: room for the first DNS name in it, or its subject
 */
void tls_peer_name(SSL *ssl, char *name, size_t size);

/**
 * tls_fail - fill an error from OpenSSL's queue, and empty that
 * @ssl: the connection, or NULL
 * @code: errno
 * @what: what was tried
 *
 * Return: -@code.
 */
int tls_fail(struct rewire_error *err, const SSL *ssl, int code,
	     const char *what);

#endif /* REWIRED_TLS_H */
