// SPDX-License-Identifier: MIT
/*
 * Connections between helpers, over the loopback: who is let in, and how a
 * conversation ends that does not go as it should.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "test.h"

#include "clock.h"
#include "link.h"
#include "scratch.h"

#define TIMEOUT_MS	20000

/* A PKI with two hosts, and a stranger whose CA has the right name only. */
struct world {
	char *folder;
	struct tls alpha, beta, stranger;
	int listener, stop;
	char port[8];
};

struct server {
	struct world *world;
	struct tls *tls;
	pthread_t thread;
	struct link *link;
	int ret;
};

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, EVP_PKEY *ca_key,
			      const char *ca_name)
{
	X509 *x509 = X509_new();
	X509_NAME *subject = X509_get_subject_name(x509);
	X509_NAME *issuer = X509_get_issuer_name(x509);

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -60);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
				   (const __u8 *)"REWIRE", -1, -1, 0);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const __u8 *)name, -1, -1, 0);
	X509_NAME_add_entry_by_txt(issuer, "O", MBSTRING_ASC,
				   (const __u8 *)"REWIRE", -1, -1, 0);
	X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC,
				   (const __u8 *)ca_name, -1, -1, 0);
	X509_set_pubkey(x509, key);
	assert_true(X509_sign(x509, ca_key, EVP_sha256()) > 0);
	return x509;
}

static void write_pem(const char *path, EVP_PKEY *key, X509 *x509)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (key)
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0,
						      NULL, NULL), 1);
	else
		assert_int_equal(PEM_write_X509(file, x509), 1);
	fclose(file);
}

/* Its anchors are the real ones, so that only the other side can refuse. */
static void make_stranger(const char *folder)
{
	EVP_PKEY *ca = make_key(), *key = make_key();
	X509 *x509 = make_certificate(key, "beta", ca, "TLS CA");
	size_t length;
	__u8 *anchor;

	assert_int_equal(mkdir(scratch_path(folder, "stranger"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(folder, "stranger/anchors"), 0700),
			 0);
	assert_int_equal(rewire_file_read(scratch_path(folder, "pki/tls-ca.crt"),
					  REWIRE_MAX_CERT * 2, &anchor, &length,
					  NULL), 0);
	assert_int_equal(rewire_file_write(scratch_path(folder,
					   "stranger/anchors/tls-ca.crt"),
					   anchor, length, 0600, NULL), 0);
	rewire_wipe_free(anchor, length);
	write_pem(scratch_path(folder, "stranger/tls.key"), key, NULL);
	write_pem(scratch_path(folder, "stranger/tls.crt"), NULL, x509);
	X509_free(x509);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca);
}

static void listen_somewhere(struct world *world)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t length = sizeof(sa);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	world->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&sa, length),
			 0);
	assert_int_equal(listen(world->listener, 4), 0);
	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&sa,
				     &length), 0);
	snprintf(world->port, sizeof(world->port), "%d", ntohs(sa.sin_port));
}

static void load(struct tls *tls, const char *dir)
{
	*tls = (struct tls)TLS_INIT;
	assert_int_equal(tls_load(tls, dir, NULL), 0);
}

static void load_again(struct tls *tls, const struct world *world,
		       const char *dir)
{
	assert_int_equal(tls_load(tls, scratch_path(world->folder, dir), NULL),
			 0);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	__u8 id[REWIRE_ID_SIZE];
	const char *pki;

	assert_non_null(world);
	world->folder = scratch_make();
	pki = scratch_path(world->folder, "pki");
	assert_int_equal(rewire_pki_init(pki, NULL), 0);
	assert_int_equal(rewire_pki_host(pki, "alpha", NULL, id, NULL), 0);
	assert_int_equal(rewire_pki_host(pki, "beta", NULL, id, NULL), 0);
	make_stranger(world->folder);
	load(&world->alpha, scratch_path(world->folder, "pki/hosts/alpha"));
	load(&world->beta, scratch_path(world->folder, "pki/hosts/beta"));
	load(&world->stranger, scratch_path(world->folder, "stranger"));
	listen_somewhere(world);
	world->stop = eventfd(0, 0);
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct world *world = *state;

	tls_unload(&world->alpha);
	tls_unload(&world->beta);
	tls_unload(&world->stranger);
	close(world->listener);
	close(world->stop);
	scratch_remove(world->folder);
	free(world);
	return 0;
}

static void *run_server(void *data)
{
	struct server *server = data;
	int fd = accept4(server->world->listener, NULL, NULL,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	server->ret = link_accept(server->tls, fd, server->world->stop,
				  TIMEOUT_MS, &server->link, NULL);
	return NULL;
}

static void start_server(struct server *server, struct world *world,
			 struct tls *tls)
{
	*server = (struct server){ .world = world, .tls = tls };
	assert_int_equal(pthread_create(&server->thread, NULL, run_server,
					server), 0);
}

static int connect_link(struct world *world, struct tls *tls, const char *name,
			struct link **ret_link, struct rewire_error *err)
{
	char peer[64];

	snprintf(peer, sizeof(peer), "%s@127.0.0.1:%s", name, world->port);
	return link_connect(tls, peer, world->stop, TIMEOUT_MS, ret_link, err);
}

/* @ret_links: alpha's end, which connected, then beta's. */
static void make_pair(struct world *world, struct link *ret_links[2])
{
	struct rewire_error err = { 0 };
	struct server server;

	start_server(&server, world, &world->beta);
	if (connect_link(world, &world->alpha, "beta", &ret_links[0], &err))
		fail_msg("%s", err.text);
	pthread_join(server.thread, NULL);
	assert_int_equal(server.ret, 0);
	ret_links[1] = server.link;
}

static void close_pair(struct link *links[2])
{
	link_close(links[0]);
	link_close(links[1]);
}

static void both_know_each_other(void **state)
{
	struct link *links[2];

	make_pair(*state, links);
	assert_string_equal(links[0]->name, "beta");
	assert_string_equal(links[1]->name, "alpha");
	assert_string_equal(SSL_get_version(links[0]->ssl), "TLSv1.3");
	close_pair(links);
}

static void *send_stream(void *data)
{
	struct link *link = data;

	for (size_t length = 1; length <= PEER_MAX_CHUNK; length *= 4) {
		memset(link_payload(link), (int)length / 3, length);
		assert_int_equal(link_send(link, PEER_STREAM, (ssize_t)length,
					   NULL), 0);
	}
	assert_int_equal(link_send(link, PEER_STREAM_END, 0, NULL), 0);
	return NULL;
}

static void frames_of_all_sizes(void **state)
{
	struct peer_frame frame;
	struct link *links[2];
	pthread_t thread;

	make_pair(*state, links);
	pthread_create(&thread, NULL, send_stream, links[0]);
	for (size_t length = 1; length <= PEER_MAX_CHUNK; length *= 4) {
		assert_int_equal(link_expect(links[1], PEER_STREAM,
					     clock_ms() + TIMEOUT_MS, &frame,
					     NULL), 0);
		assert_int_equal(frame.length, length);
		assert_int_equal(frame.payload[length - 1],
				 (__u8)((int)length / 3));
	}
	assert_int_equal(link_expect(links[1], PEER_STREAM_END,
				     clock_ms() + TIMEOUT_MS, &frame, NULL), 0);
	pthread_join(thread, NULL);
	link_close(links[0]);
	assert_int_equal(link_receive(links[1], clock_ms() + TIMEOUT_MS, &frame,
				      NULL), -ENODATA);
	link_close(links[1]);
}

#define STREAM_BYTES	(3 * PEER_MAX_CHUNK + 12345)

/* A file that gives bytes which repeat nowhere near. */
static int make_stream(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (uint32_t i = 0; i < STREAM_BYTES; i += sizeof(i)) {
		uint32_t word = i * 2654435761u;

		assert_int_equal(write(fd, &word, sizeof(word)), sizeof(word));
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void *pass_stream(void *data)
{
	struct link *link = data;
	int fd = make_stream();
	ssize_t n;

	while ((n = link_take(link, fd, NULL)) > 0)
		assert_int_equal(link_pass(link, n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(link_send(link, PEER_STREAM_END, 0, NULL), 0);
	close(fd);
	return NULL;
}

static void expect_stream(struct link *link)
{
	struct peer_frame frame;
	size_t done = 0;

	for (;;) {
		assert_int_equal(link_receive(link, clock_ms() + TIMEOUT_MS,
					      &frame, NULL), 0);
		if (frame.type != PEER_STREAM)
			break;
		for (size_t i = 0; i < frame.length; i++, done++) {
			uint32_t word = (uint32_t)(done & ~3ul) * 2654435761u;

			if (frame.payload[i] != (__u8)(word >> 8 * (done & 3)))
				fail_msg("byte %zu", done);
		}
	}
	assert_int_equal(frame.type, PEER_STREAM_END);
	assert_true(done >= STREAM_BYTES && done < STREAM_BYTES + 4);
}

/* Asked past OpenSSL: will the kernel encrypt for a connection? */
static bool kernel_has_tls(struct world *world)
{
	struct sockaddr_in sa;
	socklen_t length = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0), peer;
	bool has;

	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&sa,
				     &length), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	peer = accept(world->listener, NULL, NULL);
	has = !setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls"));
	close(fd);
	close(peer);
	return has;
}

static void stream_goes(struct world *world, bool spliced)
{
	struct link *links[2];
	pthread_t thread;

	make_pair(world, links);
	pthread_create(&thread, NULL, pass_stream, links[0]);
	expect_stream(links[1]);
	pthread_join(thread, NULL);
	assert_int_equal(links[0]->pipe[0] >= 0, spliced);
	close_pair(links);
}

/* By the kernel's TLS where there is one, unless it is not wanted. */
static void streams_as_they_are_taken(void **state)
{
	struct world *world = *state;
	bool has = kernel_has_tls(world);

	print_message("# this kernel has %s\n", has ? "TLS" : "no TLS");
	stream_goes(world, has);
	world->alpha.ktls = false;
	load_again(&world->alpha, world, "pki/hosts/alpha");
	stream_goes(world, false);
	world->alpha.ktls = true;
	load_again(&world->alpha, world, "pki/hosts/alpha");
}

/* A client of our own making against a server that must refuse it. */
static void refuse_client(struct world *world, SSL_CTX *ctx, const char *alpn)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct server server;
	SSL *ssl = SSL_new(ctx);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)atoi(world->port));
	start_server(&server, world, &world->beta);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	SSL_set_fd(ssl, fd);
	if (alpn)
		SSL_set_alpn_protos(ssl, (const __u8 *)alpn,
				    (unsigned int)strlen(alpn));
	/* In 1.3 a client is done before the server has looked at it. */
	if (SSL_connect(ssl) == 1)
		assert_true(SSL_read(ssl, &byte, 1) <= 0);
	pthread_join(server.thread, NULL);
	assert_true(server.ret < 0);
	SSL_free(ssl);
	close(fd);
}

static SSL_CTX *client_context(struct world *world, const char *host)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char path[256];

	assert_non_null(ctx);
	if (!host)
		return ctx;
	snprintf(path, sizeof(path), "%s/%s/tls.crt", world->folder, host);
	assert_int_equal(SSL_CTX_use_certificate_file(ctx, path,
						      SSL_FILETYPE_PEM), 1);
	snprintf(path, sizeof(path), "%s/%s/tls.key", world->folder, host);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path,
						     SSL_FILETYPE_PEM), 1);
	return ctx;
}

#define GOOD_ALPN	"\x08" PEER_ALPN

static void client_without_certificate(void **state)
{
	SSL_CTX *ctx = client_context(*state, NULL);

	refuse_client(*state, ctx, GOOD_ALPN);
	SSL_CTX_free(ctx);
}

static void client_of_another_ca(void **state)
{
	SSL_CTX *ctx = client_context(*state, "stranger");

	refuse_client(*state, ctx, GOOD_ALPN);
	SSL_CTX_free(ctx);
}

static void client_of_tls_1_2(void **state)
{
	SSL_CTX *ctx = client_context(*state, "pki/hosts/alpha");

	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	refuse_client(*state, ctx, GOOD_ALPN);
	SSL_CTX_free(ctx);
}

static void client_of_another_protocol(void **state)
{
	SSL_CTX *ctx = client_context(*state, "pki/hosts/alpha");

	refuse_client(*state, ctx, "\x08http/1.1");
	refuse_client(*state, ctx, NULL);
	SSL_CTX_free(ctx);
}

static void client_of_bytes(void **state)
{
	static const char noise[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in sa = { .sin_family = AF_INET };
	struct world *world = *state;
	struct server server;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)atoi(world->port));
	start_server(&server, world, &world->beta);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_true(write(fd, noise, sizeof(noise)) > 0);
	pthread_join(server.thread, NULL);
	assert_true(server.ret < 0);
	close(fd);
}

static void server_of_another_ca(void **state)
{
	struct world *world = *state;
	struct server server;
	struct link *link;

	start_server(&server, world, &world->stranger);
	assert_true(connect_link(world, &world->alpha, "beta", &link, NULL) < 0);
	pthread_join(server.thread, NULL);
	assert_true(server.ret < 0);
}

static void server_of_another_name(void **state)
{
	struct rewire_error err = { 0 };
	struct world *world = *state;
	struct server server;
	struct link *link;

	start_server(&server, world, &world->beta);
	assert_true(connect_link(world, &world->alpha, "gamma", &link, &err) < 0);
	assert_non_null(strstr(err.text, "NAME@HOST:PORT"));
	pthread_join(server.thread, NULL);
	assert_true(server.ret < 0);
}

static void certificates_are_read_again(void **state)
{
	struct world *world = *state;
	struct link *links[2];

	make_pair(world, links);
	load_again(&world->beta, world, "pki/hosts/beta");
	/* What cannot be read leaves the old ones, and connections stay. */
	assert_true(tls_load(&world->beta, "/nonexistent", NULL) < 0);
	assert_int_equal(link_send(links[1], PEER_STREAM_END, 0, NULL), 0);
	close_pair(links);
	make_pair(world, links);
	close_pair(links);
}

static void stop_ends_a_wait(void **state)
{
	const uint64_t one = 1;
	struct world *world = *state;
	struct peer_frame frame;
	struct link *links[2];
	uint64_t value;

	make_pair(world, links);
	assert_int_equal(write(world->stop, &one, sizeof(one)), sizeof(one));
	assert_int_equal(link_receive(links[0], CLOCK_NEVER, &frame, NULL),
			 -ESHUTDOWN);
	assert_int_equal(read(world->stop, &value, sizeof(value)),
			 sizeof(value));
	/* Which does the connection no harm. */
	assert_int_equal(link_send(links[1], PEER_STREAM_END, 0, NULL), 0);
	assert_int_equal(link_receive(links[0], clock_ms() + TIMEOUT_MS, &frame,
				      NULL), 0);
	close_pair(links);
}

static int woken(struct watch *watch, struct rewire_error *err)
{
	++*(int *)watch->data;
	return rewire_fail(err, ECANCELED, "woken");
}

static void watch_ends_a_wait(void **state)
{
	int fd = eventfd(1, 0), count = 0;
	struct watch watch = { .fd = { fd }, .events = { POLLIN }, .count = 1,
			       .woken = woken, .data = &count };
	struct peer_frame frame;
	struct link *links[2];

	make_pair(*state, links);
	links[0]->watch = &watch;
	assert_int_equal(link_receive(links[0], CLOCK_NEVER, &frame, NULL),
			 -ECANCELED);
	assert_int_equal(link_overheard(links[0], NULL), -ECANCELED);
	assert_int_equal(count, 2);
	close(fd);
	close_pair(links);
}

/* A connection is over for all that would follow when the peer takes no more. */
static void peer_that_takes_nothing(void **state)
{
	struct link *links[2];
	int ret = 0, fd;

	make_pair(*state, links);
	links[0]->timeout_ms = 100;
	while (!ret) {
		ssize_t n;

		fd = make_stream();
		while (!ret && (n = link_take(links[0], fd, NULL)) > 0)
			ret = link_pass(links[0], n, NULL);
		close(fd);
	}
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(link_send(links[0], PEER_STREAM_END, 0, NULL),
			 -ENOTCONN);
	close_pair(links);
}

/* Who watches is heard between two chunks, and the chunk does not go. */
static void watch_ends_a_stream(void **state)
{
	int event = eventfd(1, 0), count = 0, fd = make_stream();
	struct watch watch = { .fd = { event }, .events = { POLLIN },
			       .count = 1, .woken = woken, .data = &count };
	struct link *links[2];
	struct peer_frame frame;
	ssize_t n;

	make_pair(*state, links);
	links[0]->watch = &watch;
	n = link_take(links[0], fd, NULL);
	assert_true(n > 0);
	assert_int_equal(link_pass(links[0], n, NULL), -ECANCELED);
	links[0]->watch = NULL;
	assert_int_equal(link_send(links[0], PEER_STREAM_END, 0, NULL), 0);
	assert_int_equal(link_receive(links[1], clock_ms() + TIMEOUT_MS, &frame,
				      NULL), 0);
	assert_int_equal(frame.type, PEER_STREAM_END);
	close(event);
	close(fd);
	close_pair(links);
}

static void silence_times_out(void **state)
{
	struct peer_frame frame;
	struct link *links[2];
	int64_t start = clock_ms();

	make_pair(*state, links);
	assert_int_equal(link_receive(links[0], clock_ms() + 50, &frame, NULL),
			 -ETIMEDOUT);
	assert_int_equal(link_overheard(links[0], NULL), 0);
	assert_true(clock_ms() - start < TIMEOUT_MS);
	close_pair(links);
}

static void errors_come_through(void **state)
{
	struct rewire_error error, told = { 0 };
	struct peer_frame frame;
	struct link *links[2];

	make_pair(*state, links);
	rewire_fail(&error, ESTALE, "the request was used");
	link_refuse(links[1], &error);
	assert_int_equal(link_expect(links[0], PEER_MESSAGE,
				     clock_ms() + TIMEOUT_MS, &frame, &told),
			 -ESTALE);
	assert_string_equal(told.text, "beta says: the request was used");

	link_refuse(links[1], &error);
	for (int i = 0; i < 1000; i++) {
		int ret = link_overheard(links[0], &told);

		if (ret) {
			assert_int_equal(ret, -ESTALE);
			break;
		}
		usleep(1000);
	}
	close_pair(links);
}

static void end_in_the_middle_of_a_frame(void **state)
{
	const struct peer_header header = { .length = htole32(100),
					    .type = PEER_STREAM };
	struct peer_frame frame;
	struct link *links[2];
	size_t done;

	make_pair(*state, links);
	assert_int_equal(SSL_write_ex(links[0]->ssl, &header, sizeof(header),
				      &done), 1);
	link_close(links[0]);
	assert_int_equal(link_receive(links[1], clock_ms() + TIMEOUT_MS, &frame,
				      NULL), -EPROTO);
	link_close(links[1]);
}

static void frame_out_of_bounds(void **state)
{
	const struct peer_header header = { .length = htole32(PEER_MAX_CHUNK + 1),
					    .type = PEER_STREAM };
	struct peer_frame frame;
	struct link *links[2];
	size_t done;

	make_pair(*state, links);
	assert_int_equal(SSL_write_ex(links[0]->ssl, &header, sizeof(header),
				      &done), 1);
	assert_int_equal(link_receive(links[1], clock_ms() + TIMEOUT_MS, &frame,
				      NULL), -EPROTO);
	assert_true(link_send(links[0], PEER_STREAM, PEER_MAX_CHUNK + 1,
			      NULL) < 0);
	assert_true(link_send(links[0], PEER_STREAM, -EMSGSIZE, NULL) < 0);
	close_pair(links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_know_each_other),
		cmocka_unit_test(frames_of_all_sizes),
		cmocka_unit_test(streams_as_they_are_taken),
		cmocka_unit_test(client_without_certificate),
		cmocka_unit_test(client_of_another_ca),
		cmocka_unit_test(client_of_tls_1_2),
		cmocka_unit_test(client_of_another_protocol),
		cmocka_unit_test(client_of_bytes),
		cmocka_unit_test(server_of_another_ca),
		cmocka_unit_test(server_of_another_name),
		cmocka_unit_test(certificates_are_read_again),
		cmocka_unit_test(stop_ends_a_wait),
		cmocka_unit_test(watch_ends_a_wait),
		cmocka_unit_test(peer_that_takes_nothing),
		cmocka_unit_test(watch_ends_a_stream),
		cmocka_unit_test(silence_times_out),
		cmocka_unit_test(errors_come_through),
		cmocka_unit_test(end_in_the_middle_of_a_frame),
		cmocka_unit_test(frame_out_of_bounds),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("peer_tls", tests, make_world,
					   end_world);
}
