// SPDX-License-Identifier: MIT
/*
 * TLS, by a CA that is made for the test.
 */
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "test.h"

struct tls {
	struct world *world;
	struct server *server;
	SSL_CTX *context;
	char cacert[300];
	char url[256];
};

static X509 *certificate(EVP_PKEY *key, const char *name, const char *san,
			 X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509_EXTENSION *extension;
	X509V3_CTX context;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), san ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
	X509V3_set_ctx(&context, issuer ? issuer : cert, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, san ? NID_subject_alt_name :
					NID_basic_constraints, san ? san :
					"critical,CA:TRUE");
	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	X509_sign(cert, issuer_key, EVP_sha256());
	return cert;
}

/* A server whose certificate is for @san, and the file of its CA. */
static void start(struct tls *tls, struct world *world, const char *san)
{
	EVP_PKEY *ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *ca = certificate(ca_key, "Test CA", NULL, NULL, ca_key);
	X509 *cert = certificate(key, "test", san, ca, ca_key);
	FILE *file;

	tls->world = world;
	tls->context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(tls->context, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls->context, key), 1);
	snprintf(tls->cacert, sizeof(tls->cacert), "%s/ca.pem", world->folder);
	file = fopen(tls->cacert, "w");
	PEM_write_X509(file, ca);
	fclose(file);
	X509_free(ca);
	X509_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	tls->server = server_start(world->repo->folder, tls->context);
	snprintf(tls->url, sizeof(tls->url), "https://127.0.0.1:%d/metadata",
		 server_port(tls->server));
	world_begin(world);
	world->metadata_urls[0] = tls->url;
	world->options.cacert = tls->cacert;
}

static void stop(struct tls *tls)
{
	server_stop(tls->server);
	SSL_CTX_free(tls->context);
}

static void server_that_is_vouched_for(void **state)
{
	struct world *world = *state;
	struct tls tls;

	start(&tls, world, "IP:127.0.0.1");
	repo_push(world->repo, "targets");
	world_works(world);
	world_has(world, "targets");
	stop(&tls);
}

static void server_of_an_unknown_ca(void **state)
{
	struct world *world = *state;
	struct tls tls;

	start(&tls, world, "IP:127.0.0.1");
	world->options.cacert = NULL;
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "certificate");
	stop(&tls);
}

static void server_of_another_name(void **state)
{
	struct world *world = *state;
	struct tls tls;

	start(&tls, world, "IP:127.0.0.2,DNS:localhost");
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "certificate");
	stop(&tls);
}

static void redirect_into_the_open(void **state)
{
	struct world *world = *state;
	char open[300];
	struct tls tls;

	start(&tls, world, "IP:127.0.0.1");
	repo_push(world->repo, "timestamp");
	snprintf(open, sizeof(open), "%s/timestamp.json", world->metadata_url);
	server_rule(tls.server, "/metadata/timestamp.json", REDIRECT, 0, open);
	world_refuses(world, TUF_TRANSFER, "timestamp", 0, "5.4.1", "rotocol");
	world_asked(world, "");
	/* The other way round is no loss. */
	snprintf(open, sizeof(open), "%s/timestamp.json", tls.url);
	server_rule(tls.server, "/metadata/timestamp.json", SERVE, 0, NULL);
	server_rule(world->server, "/metadata/timestamp.json", REDIRECT, 0, open);
	world->metadata_urls[0] = world->metadata_url;
	world_works(world);
	world_has(world, "timestamp");
	stop(&tls);
}

/*
 * Whoever says good-bye to a server that is gone gets SIGPIPE, which ends a program.
 * What is asked for next comes by another connection.
 */
static void server_that_hangs_up(void **state)
{
	struct world *world = *state;
	struct tls tls;

	start(&tls, world, "IP:127.0.0.1");
	server_rule(tls.server, "*", KEEP, 0, NULL);
	repo_push(world->repo, "targets");
	world_works(world);
	world_has(world, "targets");
	assert_true(server_resets(tls.server) > 1);
	stop(&tls);
}

static void cacert_that_is_none(void **state)
{
	struct world *world = *state;
	struct tls tls;

	start(&tls, world, "IP:127.0.0.1");
	world->options.cacert = "/nowhere/ca.pem";
	world_refuses(world, TUF_TRANSFER, "root", 2, "5.3.3", "CA");
	stop(&tls);
}

int test_tls(void)
{
	static const struct CMUnitTest tests[] = {
		in_world(server_that_is_vouched_for),
		in_world(server_of_an_unknown_ca),
		in_world(server_of_another_name),
		in_world(redirect_into_the_open),
		in_world(server_that_hangs_up),
		in_world(cacert_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
