// SPDX-License-Identifier: MIT
/*
 * The two hosts of play.h, and the wire between them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "play.h"

#include "keeper.h"
#include "scratch.h"
#include "serve.h"
#include "source.h"

struct world world;

/* ------------------------------------------------------------------------
 * What may happen to an SM and to who speaks for it.
 */

static struct helper *helper_of(__u32 side)
{
	return side == REWIRE_SIDE_SOURCE ? &world.source : &world.target;
}

static void store_again(struct helper *helper)
{
	const char *dir = helper->store.dir;

	assert_int_equal(store_open(&helper->store, dir, NULL), 0);
}

void play_kill(__u32 side)
{
	store_again(helper_of(side));
	if (!sm->side[side].exists)
		return;
	/* The last file of a session that is not decided was closed. */
	switch (sm->side[side].state) {
	case REWIRE_SESSION_FROZEN:
		if (!sm->side[side].image)
			break;
		/* fall through */
	case REWIRE_SESSION_OFFERED:
	case REWIRE_SESSION_AGREED:
	case REWIRE_SESSION_RECEIVING:
		play_sm_state(side, REWIRE_SESSION_ABORTED);
	}
}

void play_crash(__u32 side)
{
	int fd = sm->side[side].fd;
	bool complete = lseek(fd, 0, SEEK_CUR) == STREAM_SIZE;

	store_again(helper_of(side));
	if (side == REWIRE_SIDE_TARGET)
		assert_int_equal(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
	if (sm->side[side].lives != LIVES_AWAY)
		sm->side[side].lives = LIVES_NOWHERE;
	sm->side[side].image = false;
	if (!sm->side[side].exists)
		return;
	switch (sm->side[side].state) {
	case REWIRE_SESSION_FROZEN:
		if (complete)
			break;
		/* fall through */
	case REWIRE_SESSION_OFFERED:
	case REWIRE_SESSION_AGREED:
	case REWIRE_SESSION_RECEIVING:
		play_sm_state(side, REWIRE_SESSION_ABORTED);
	}
}

/* ------------------------------------------------------------------------
 * Two helpers, and a wire between them that breaks after so many bytes.
 */

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t length = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&sa, &length);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The next connection, or -1 when there are to be no more. */
static int next_connection(int listening)
{
	struct pollfd fds[2] = { { .fd = listening, .events = POLLIN },
				 { .fd = world.quit, .events = POLLIN } };

	while (poll(fds, 2, -1) < 0)
		;
	return fds[1].revents ? -1 : accept4(listening, NULL, NULL,
					     SOCK_CLOEXEC);
}

/* False when this connection is over. */
static bool pump_locked(int from, int to)
{
	struct wire *wire = &world.wire;
	char buffer[16384];
	size_t want = sizeof(buffer);
	ssize_t n;

	if (wire->budget >= 0 && (size_t)wire->budget < want)
		want = (size_t)wire->budget;
	if (!want) {
		wire->budget = -1;
		return false;
	}
	n = recv(from, buffer, want, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	wire->seen += n;
	if (wire->budget >= 0)
		wire->budget -= n;
	/* Outside of the lock: who has to wait holds up no other connection. */
	pthread_mutex_unlock(&wire->lock);
	n -= send(to, buffer, (size_t)n, MSG_NOSIGNAL);
	pthread_mutex_lock(&wire->lock);
	return !n;
}

static bool pump(int from, int to)
{
	bool on;

	pthread_mutex_lock(&world.wire.lock);
	on = pump_locked(from, to);
	pthread_mutex_unlock(&world.wire.lock);
	return on;
}

static void *pass_on(void *data)
{
	int a = (int)(intptr_t)data, b = connect_to(world.wire.back_port);
	struct pollfd fds[3] = {
		{ .fd = a, .events = POLLIN },
		{ .fd = b, .events = POLLIN },
		{ .fd = world.quit, .events = POLLIN },
	};
	bool on = b >= 0;

	while (on && poll(fds, 3, -1) > 0) {
		if (fds[2].revents)
			break;
		if (fds[0].revents)
			on = pump(a, b);
		if (on && fds[1].revents)
			on = pump(b, a);
	}
	close(a);
	if (b >= 0)
		close(b);
	world.passing--;
	return NULL;
}

static void *serve_one(void *data)
{
	int fd = (int)(intptr_t)data;

	here = REWIRE_SIDE_TARGET;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	serve_connection(&world.target, fd, "the wire");
	world.serving--;
	return NULL;
}

/* A thread for each connection; they are gone when this one is. */
static void each_connection(int listening, void *(*work)(void *),
			    atomic_int *count)
{
	pthread_t thread;
	int fd;

	while ((fd = next_connection(listening)) >= 0) {
		++*count;
		assert_int_equal(pthread_create(&thread, NULL, work,
						(void *)(intptr_t)fd), 0);
		pthread_detach(thread);
	}
	while (*count)
		usleep(1000);
}

static void *run_proxy(void *data)
{
	(void)data;
	each_connection(world.wire.front, pass_on, &world.passing);
	return NULL;
}

static void *run_server(void *data)
{
	(void)data;
	each_connection(world.wire.back, serve_one, &world.serving);
	return NULL;
}

static void make_helper(struct helper *helper, const char *host)
{
	char path[64];

	helper->options = (struct options){
		.freeze_timeout_ms = 1000, .io_timeout_ms = 5000,
		.max_peers = 2 * REWIRE_MAX_LANES, .max_clients = 1,
	};
	helper->tls = (struct tls)TLS_INIT;
	helper->stop = eventfd(0, EFD_CLOEXEC);
	snprintf(path, sizeof(path), "pki/hosts/%s", host);
	assert_int_equal(tls_load(&helper->tls,
				  scratch_path(world.folder, path), NULL), 0);
}

void play_serve(void)
{
	/* Whoever died with it locked is not coming back. */
	play_sm_unlock();
	world.serving = 0;
	world.passing = 0;
	world.quit = eventfd(0, EFD_CLOEXEC);
	pthread_create(&world.proxy, NULL, run_proxy, NULL);
	pthread_create(&world.server, NULL, run_server, NULL);
}

void play_unserve(void)
{
	eventfd_write(world.quit, 1);
	pthread_join(world.proxy, NULL);
	pthread_join(world.server, NULL);
	close(world.quit);
}

int play_set_up(void **state)
{
	__u8 id[REWIRE_ID_SIZE];
	const char *pki;

	(void)state;
	world.folder = scratch_make();
	pki = scratch_path(world.folder, "pki");
	assert_int_equal(rewire_pki_init(pki, NULL), 0);
	assert_int_equal(rewire_pki_host(pki, "alpha", NULL, id, NULL), 0);
	assert_int_equal(rewire_pki_host(pki, "beta", NULL, id, NULL), 0);
	make_helper(&world.source, "alpha");
	make_helper(&world.target, "beta");
	play_sm_open();
	pthread_mutex_init(&world.wire.lock, NULL);
	world.wire.front = listen_somewhere(&world.wire.front_port);
	world.wire.back = listen_somewhere(&world.wire.back_port);
	snprintf(world.peer, sizeof(world.peer), "beta@127.0.0.1:%u",
		 world.wire.front_port);
	return 0;
}

int play_tear_down(void **state)
{
	(void)state;
	close(world.wire.front);
	close(world.wire.back);
	tls_unload(&world.source.tls);
	tls_unload(&world.target.tls);
	close(world.source.stop);
	close(world.target.stop);
	play_sm_close();
	scratch_remove(world.folder);
	return 0;
}

void play_begin(struct rewire_signed *request, unsigned int run, long budget)
{
	static char dirs[2][256];
	char name[32];

	/* The last one may not have noticed yet that its wire is gone. */
	while (world.serving)
		usleep(1000);
	play_sm_reset();
	world.wire.budget = budget;
	world.wire.seen = 0;
	snprintf(name, sizeof(name), "source-%u", run);
	snprintf(dirs[0], sizeof(dirs[0]), "%s",
		 scratch_path(world.folder, name));
	snprintf(name, sizeof(name), "target-%u", run);
	snprintf(dirs[1], sizeof(dirs[1]), "%s",
		 scratch_path(world.folder, name));
	assert_int_equal(store_open(&world.source.store, dirs[0], NULL), 0);
	assert_int_equal(store_open(&world.target.store, dirs[1], NULL), 0);

	memset(request, 0, sizeof(*request));
	request->body.request.header = (struct rewire_header){
		.magic = REWIRE_MAGIC, .type = REWIRE_TYPE_REQUEST,
		.version = REWIRE_VERSION,
		.size = sizeof(struct rewire_request),
	};
	memset(request->body.request.id, (int)run + 1, REWIRE_ID_SIZE);
	memset(request->body.request.workload, 0x55, REWIRE_ID_SIZE);
	request->length = sizeof(struct rewire_request);
	request->signature_length = 100;
	play_sm_begin(&request->body.request);
}

int play_migrate(const struct rewire_signed *request, struct rewire_error *err)
{
	json_t *info = NULL;
	int ret = source_migrate(&world.source, request, world.peer, false, 0, -1,
				 &info, err);

	json_decref(info);
	return ret;
}

void play_keep_once(__u32 side)
{
	struct keeper keeper;

	here = side;
	keeper_init(&keeper, helper_of(side));
	keeper.job.work(&keeper.job);
	here = REWIRE_SIDE_SOURCE;
}

void play_keep(__u32 side)
{
	for (int i = 0; i < 20 && !store_empty(&helper_of(side)->store); i++) {
		play_keep_once(side);
		usleep(1000);
	}
}

