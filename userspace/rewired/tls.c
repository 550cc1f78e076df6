// SPDX-License-Identifier: MIT
/*
 * Mutual TLS 1.3 between helpers: credentials and whom to believe.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "peer.h"
#include "tls.h"

/*
 * The streams inside are encrypted from SM to SM already. The outer layer hides
 * who talks of what, for which the fastest suite is good enough. The kernel knows
 * these, should it be the one to encrypt.
 */
#define CIPHER_SUITES \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* In the form the handshake has it: a length, then the name. */
static const unsigned char alpn[] = "\x08" PEER_ALPN;

static_assert(sizeof(alpn) == 1 + 8 + 1, "length of the ALPN name");

int tls_fail(struct rewire_error *err, const SSL *ssl, int code,
	     const char *what)
{
	unsigned long reason = ERR_peek_last_error();
	long verify = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *text = NULL;

	if (verify == X509_V_ERR_HOSTNAME_MISMATCH ||
	    verify == X509_V_ERR_IP_ADDRESS_MISMATCH)
		text = "the certificate is for another name; if that is whom you mean, write NAME@HOST:PORT";
	else if (verify != X509_V_OK)
		text = X509_verify_cert_error_string(verify);
	else if (reason)
		text = ERR_reason_error_string(reason);
	ERR_clear_error();
	return rewire_fail(err, code, "%s: %s", what,
			   text ? text : strerror(code));
}

/* Both ends speak this version or none. */
static int choose_alpn(SSL *ssl, const unsigned char **out,
		       unsigned char *out_length, const unsigned char *in,
		       unsigned int in_length, void *data)
{
	unsigned char *chosen;

	(void)ssl;
	(void)data;
	if (SSL_select_next_proto(&chosen, out_length, alpn, sizeof(alpn) - 1,
				  in, in_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int load_files(SSL_CTX *ctx, const char *host_dir,
		      struct rewire_error *err)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/tls.crt", host_dir);
	if (SSL_CTX_use_certificate_file(ctx, path, SSL_FILETYPE_PEM) != 1)
		return tls_fail(err, NULL, EINVAL, path);
	snprintf(path, sizeof(path), "%s/tls.key", host_dir);
	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
		return tls_fail(err, NULL, EINVAL, path);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return tls_fail(err, NULL, EKEYREJECTED, path);
	snprintf(path, sizeof(path), "%s/anchors/tls-ca.crt", host_dir);
	if (SSL_CTX_load_verify_file(ctx, path) != 1)
		return tls_fail(err, NULL, EINVAL, path);
	return 0;
}

static int make_context(const SSL_METHOD *method, const char *host_dir,
			bool ktls, SSL_CTX **ret_ctx, struct rewire_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	int ret;

	if (!ctx)
		return tls_fail(err, NULL, ENOMEM, "TLS");
	SSL_CTX_set_verify(ctx,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	SSL_CTX_set_verify_depth(ctx, 1);
	/* A connection is for one migration: nothing to resume. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_read_ahead(ctx, 1);
	/* Frames say themselves where they end: a cut one is not taken for whole. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	if (ktls)
		SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, CIPHER_SUITES) != 1 ||
	    SSL_CTX_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0)
		ret = tls_fail(err, NULL, EOPNOTSUPP, "TLS 1.3");
	else
		ret = load_files(ctx, host_dir, err);
	if (ret)
		SSL_CTX_free(ctx);
	else
		*ret_ctx = ctx;
	return ret;
}

int tls_load(struct tls *tls, const char *host_dir, struct rewire_error *err)
{
	SSL_CTX *client, *server, *old_client, *old_server;
	int ret;

	ret = make_context(TLS_client_method(), host_dir, tls->ktls, &client,
			   err);
	if (ret)
		return ret;
	ret = make_context(TLS_server_method(), host_dir, tls->ktls, &server,
			   err);
	if (ret) {
		SSL_CTX_free(client);
		return ret;
	}
	pthread_mutex_lock(&tls->lock);
	old_client = tls->client;
	old_server = tls->server;
	tls->client = client;
	tls->server = server;
	pthread_mutex_unlock(&tls->lock);
	/* Connections that use them have references of their own. */
	SSL_CTX_free(old_client);
	SSL_CTX_free(old_server);
	return 0;
}

void tls_unload(struct tls *tls)
{
	SSL_CTX_free(tls->client);
	SSL_CTX_free(tls->server);
	tls->client = NULL;
	tls->server = NULL;
}

static int expect_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	struct in6_addr address;

	if (inet_pton(AF_INET, name, &address) == 1 ||
	    inet_pton(AF_INET6, name, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(param, name);
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) &&
	       SSL_set_tlsext_host_name(ssl, name);
}

SSL *tls_new(struct tls *tls, const char *name, struct rewire_error *err)
{
	SSL *ssl;

	pthread_mutex_lock(&tls->lock);
	ssl = SSL_new(name ? tls->client : tls->server);
	pthread_mutex_unlock(&tls->lock);
	if (!ssl) {
		tls_fail(err, NULL, ENOMEM, "TLS");
		return NULL;
	}
	if (name && !expect_name(ssl, name)) {
		tls_fail(err, NULL, EINVAL, name);
		SSL_free(ssl);
		return NULL;
	}
	if (name)
		SSL_set_connect_state(ssl);
	else
		SSL_set_accept_state(ssl);
	return ssl;
}

void tls_peer_name(SSL *ssl, char *name, size_t size)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	GENERAL_NAMES *names;
	const ASN1_STRING *dns;

	snprintf(name, size, "nobody");
	if (!certificate)
		return;
	X509_NAME_oneline(X509_get_subject_name(certificate), name, (int)size);
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *general = sk_GENERAL_NAME_value(names, i);

		if (general->type != GEN_DNS)
			continue;
		dns = general->d.dNSName;
		snprintf(name, size, "%.*s", ASN1_STRING_length(dns),
			 (const char *)ASN1_STRING_get0_data(dns));
		break;
	}
	GENERAL_NAMES_free(names);
}
