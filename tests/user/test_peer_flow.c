// SPDX-License-Identifier: MIT
/*
 * A migration from helper to helper, with the connection cut wherever one can
 * be cut. The SMs are played by the functions below, which know the order of
 * states and no cryptography; they stand in for librewire's session.c, enclave.c
 * and sm.c. Whatever happens on the wire, exactly one side may run at the end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "test.h"

#include "clock.h"
#include "finish.h"
#include "keeper.h"
#include "log.h"
#include "route.h"
#include "scratch.h"
#include "serve.h"
#include "session.h"
#include "source.h"

#define STREAM_SIZE	(600 * 1024)

/* ------------------------------------------------------------------------
 * Two SMs, of one migration.
 */

static struct {
	pthread_mutex_t lock;
	struct {
		int fd;			/* what is read or written */
		int state;
		bool exists;
	} side[3];
	__u8 request_id[REWIRE_ID_SIZE], workload[REWIRE_ID_SIZE];
	bool entered;
	bool refuse_start;		/* the target aborts instead */
	unsigned int calls;
} sm = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Which SM a thread of this program talks to. */
static _Thread_local __u32 here = REWIRE_SIDE_SOURCE;

static void sm_reset(void)
{
	for (int i = 1; i < 3; i++) {
		if (sm.side[i].exists)
			close(sm.side[i].fd);
		sm.side[i].exists = false;
	}
	sm.entered = false;
	sm.refuse_start = false;
	sm.calls = 0;
}

/* A session's file is a duplicate of the memfd: both have its inode. */
static __u32 side_of(int session)
{
	struct stat a, b;

	assert_int_equal(fstat(session, &a), 0);
	for (__u32 i = 1; i < 3; i++)
		if (sm.side[i].exists && !fstat(sm.side[i].fd, &b) &&
		    a.st_ino == b.st_ino)
			return i;
	fail_msg("not a session");
	return 0;
}

int rewire_sm_open(struct rewire_error *err)
{
	(void)err;
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_sm_info(int fd, struct rewire_get_info *ret_info,
		   struct rewire_error *err)
{
	(void)fd;
	(void)ret_info;
	return rewire_fail(err, ENOTTY, "not played here");
}

static int new_session(__u32 side, int state, size_t size)
{
	pthread_mutex_lock(&sm.lock);
	assert_false(sm.side[side].exists);
	sm.side[side].fd = memfd_create("session", MFD_CLOEXEC);
	assert_int_equal(ftruncate(sm.side[side].fd, (off_t)size), 0);
	sm.side[side].state = state;
	sm.side[side].exists = true;
	pthread_mutex_unlock(&sm.lock);
	return dup(sm.side[side].fd);
}

int rewire_session_out(int fd, const struct rewire_signed *request,
		       struct rewire_error *err)
{
	(void)fd;
	(void)err;
	memcpy(sm.request_id, request->body.request.id, REWIRE_ID_SIZE);
	memcpy(sm.workload, request->body.request.workload, REWIRE_ID_SIZE);
	return new_session(REWIRE_SIDE_SOURCE, REWIRE_SESSION_OFFERED,
			   STREAM_SIZE);
}

int rewire_session_in(int fd, const struct rewire_signed *request,
		      const void *offer, size_t offer_length,
		      struct rewire_error *err)
{
	(void)fd;
	(void)request;
	(void)offer;
	(void)offer_length;
	(void)err;
	return new_session(REWIRE_SIDE_TARGET, REWIRE_SESSION_RECEIVING, 0);
}

int rewire_session_open(int fd, const __u8 request_id[REWIRE_ID_SIZE],
			__u32 side, struct rewire_error *err)
{
	(void)fd;
	if (!sm.side[side].exists ||
	    memcmp(request_id, sm.request_id, REWIRE_ID_SIZE))
		return rewire_fail(err, ENOENT, "no such session");
	return dup(sm.side[side].fd);
}

static __u32 message_now(__u32 side, int state)
{
	switch (state) {
	case REWIRE_SESSION_OFFERED:
	case REWIRE_SESSION_AGREED:
	case REWIRE_SESSION_FROZEN:
		return REWIRE_MSG_OFFER;
	case REWIRE_SESSION_RELINQUISHED:
		return REWIRE_MSG_START;
	case REWIRE_SESSION_DESTROYED:
		return REWIRE_MSG_RECEIPT;
	case REWIRE_SESSION_RECEIVING:
		return REWIRE_MSG_ACCEPT;
	case REWIRE_SESSION_PREPARED:
		return REWIRE_MSG_READY;
	case REWIRE_SESSION_ACTIVE:
		return REWIRE_MSG_ACTIVE;
	}
	(void)side;
	return REWIRE_MSG_ABORTED;
}

int rewire_session_get_message(int session, void *buffer, size_t *ret_length,
			       struct rewire_error *err)
{
	struct rewire_message message = { 0 };

	(void)err;
	pthread_mutex_lock(&sm.lock);
	message.role = side_of(session);
	message.kind = message_now(message.role,
				   sm.side[message.role].state);
	memcpy(message.request_id, sm.request_id, REWIRE_ID_SIZE);
	pthread_mutex_unlock(&sm.lock);
	assert_true(*ret_length >= sizeof(message));
	memcpy(buffer, &message, sizeof(message));
	*ret_length = sizeof(message);
	return 0;
}

static const struct {
	__u32 side, kind;
	int from, to;
} arcs[] = {
	{ 1, REWIRE_MSG_ACCEPT, REWIRE_SESSION_OFFERED, REWIRE_SESSION_AGREED },
	{ 1, REWIRE_MSG_READY, REWIRE_SESSION_FROZEN,
	  REWIRE_SESSION_RELINQUISHED },
	{ 1, REWIRE_MSG_READY, REWIRE_SESSION_RELINQUISHED,
	  REWIRE_SESSION_RELINQUISHED },
	{ 1, REWIRE_MSG_ACTIVE, REWIRE_SESSION_RELINQUISHED,
	  REWIRE_SESSION_DESTROYED },
	{ 1, REWIRE_MSG_ACTIVE, REWIRE_SESSION_DESTROYED,
	  REWIRE_SESSION_DESTROYED },
	{ 1, REWIRE_MSG_ABORTED, REWIRE_SESSION_RELINQUISHED,
	  REWIRE_SESSION_ABORTED },
	{ 2, REWIRE_MSG_START, REWIRE_SESSION_PREPARED, REWIRE_SESSION_ACTIVE },
	{ 2, REWIRE_MSG_START, REWIRE_SESSION_ACTIVE, REWIRE_SESSION_ACTIVE },
	{ 2, REWIRE_MSG_START, REWIRE_SESSION_ABORTED, REWIRE_SESSION_ABORTED },
	{ 2, REWIRE_MSG_RECEIPT, REWIRE_SESSION_ACTIVE, REWIRE_SESSION_ACTIVE },
	{ 2, REWIRE_MSG_ABORTED, REWIRE_SESSION_RECEIVING,
	  REWIRE_SESSION_ABORTED },
	{ 2, REWIRE_MSG_ABORTED, REWIRE_SESSION_PREPARED,
	  REWIRE_SESSION_ABORTED },
	{ 2, REWIRE_MSG_ABORTED, REWIRE_SESSION_ABORTED,
	  REWIRE_SESSION_ABORTED },
};

int rewire_session_put_message(int session, const void *message, size_t length,
			       struct rewire_error *err)
{
	const struct rewire_message *m = message;
	int ret = -EBADFD;

	assert_true(length >= sizeof(*m));
	pthread_mutex_lock(&sm.lock);
	for (size_t i = 0; i < ARRAY_SIZE(arcs) && ret; i++) {
		__u32 side = side_of(session);

		if (arcs[i].side != side || arcs[i].kind != m->kind ||
		    arcs[i].from != sm.side[side].state)
			continue;
		sm.side[side].state = arcs[i].to;
		if (side == REWIRE_SIDE_TARGET && sm.refuse_start &&
		    arcs[i].to == REWIRE_SESSION_ACTIVE)
			sm.side[side].state = REWIRE_SESSION_ABORTED;
		ret = 0;
	}
	pthread_mutex_unlock(&sm.lock);
	return ret ? rewire_fail(err, -ret, "not in this state") : 0;
}

int rewire_session_stop(int session, unsigned int timeout_ms,
			struct rewire_error *err)
{
	(void)timeout_ms;
	(void)err;
	assert_int_equal(side_of(session), REWIRE_SIDE_SOURCE);
	sm.side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_FROZEN;
	lseek(session, 0, SEEK_SET);
	return 0;
}

int rewire_session_give_up(int session, struct rewire_error *err)
{
	int ret = 0;

	pthread_mutex_lock(&sm.lock);
	switch (sm.side[side_of(session)].state) {
	case REWIRE_SESSION_RELINQUISHED:
	case REWIRE_SESSION_DESTROYED:
	case REWIRE_SESSION_ACTIVE:
		ret = rewire_fail(err, EBADFD, "too late");
		break;
	default:
		sm.side[side_of(session)].state = REWIRE_SESSION_ABORTED;
	}
	pthread_mutex_unlock(&sm.lock);
	return ret;
}

int rewire_session_get_info(int session, struct rewire_session_info *ret_info,
			    struct rewire_error *err)
{
	struct rewire_session_info info = { .remaining_ms = 5000 };
	struct stat st;

	(void)err;
	pthread_mutex_lock(&sm.lock);
	info.side = side_of(session);
	/* The END record is the last byte of what there is to come. */
	fstat(session, &st);
	if (sm.side[info.side].state == REWIRE_SESSION_RECEIVING &&
	    st.st_size == STREAM_SIZE)
		sm.side[info.side].state = REWIRE_SESSION_PREPARED;
	info.state = (__u32)sm.side[info.side].state;
	memcpy(info.request_id, sm.request_id, REWIRE_ID_SIZE);
	memcpy(info.workload, sm.workload, REWIRE_ID_SIZE);
	pthread_mutex_unlock(&sm.lock);
	*ret_info = info;
	return 0;
}

int rewire_enclave_open(int fd, __u64 id, const __u8 workload[REWIRE_ID_SIZE],
			struct rewire_error *err)
{
	bool moved = sm.side[REWIRE_SIDE_SOURCE].exists &&
		     sm.side[REWIRE_SIDE_SOURCE].state ==
		     REWIRE_SESSION_DESTROYED;

	(void)fd;
	(void)id;
	(void)workload;
	if (here == REWIRE_SIDE_SOURCE && moved)
		return rewire_fail(err, EREMCHG, "moved");
	if (here == REWIRE_SIDE_TARGET && !sm.side[here].exists)
		return rewire_fail(err, ENOENT, "never here");
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_enclave_get_info(int enclave, struct rewire_enclave_info *ret_info,
			    struct rewire_error *err)
{
	(void)enclave;
	(void)err;
	*ret_info = (struct rewire_enclave_info){ .pid = sm.entered };
	return 0;
}

int rewire_enclave_enter(int enclave, unsigned int timeout_ms, pid_t *ret_pid,
			 struct rewire_error *err)
{
	(void)enclave;
	(void)timeout_ms;
	(void)err;
	assert_false(sm.entered);
	sm.entered = true;
	*ret_pid = 1;
	return 0;
}

/* The first time it "does not answer in time", the second it does. */
int rewire_enclave_call(int enclave, struct rewire_call *call,
			struct rewire_error *err)
{
	(void)enclave;
	if (++sm.calls < 2)
		return rewire_fail(err, ETIMEDOUT, "busy");
	memcpy((void *)(uintptr_t)call->output, "pong", 4);
	call->output_length = 4;
	call->status = (__s32)here;
	return 0;
}

/* ------------------------------------------------------------------------
 * Two helpers, and a wire between them that breaks after so many bytes.
 */

struct wire {
	int front, back;		/* listening sockets */
	uint16_t front_port, back_port;
	long budget;			/* bytes until the next cut; -1: none */
	long seen;
	bool ending;
};

static struct {
	char *folder;
	struct helper source, target;
	struct wire wire;
	pthread_t proxy, server;
	char peer[64];
	atomic_bool serving;
} world;

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

/* False when this connection is over. */
static bool pump(int from, int to)
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
	n = recv(from, buffer, want, 0);
	if (n <= 0 || send(to, buffer, (size_t)n, MSG_NOSIGNAL) != n)
		return false;
	wire->seen += n;
	if (wire->budget >= 0)
		wire->budget -= n;
	return true;
}

static void *run_proxy(void *data)
{
	struct wire *wire = &world.wire;
	struct pollfd fds[2];
	int a;

	(void)data;
	while ((a = accept(wire->front, NULL, NULL)) >= 0) {
		int b = connect_to(wire->back_port);
		bool on = b >= 0;

		fds[0] = (struct pollfd){ .fd = a, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = b, .events = POLLIN };
		while (on && poll(fds, 2, -1) > 0) {
			if (fds[0].revents)
				on = pump(a, b);
			if (on && fds[1].revents)
				on = pump(b, a);
		}
		close(a);
		if (b >= 0)
			close(b);
	}
	return NULL;
}

static void *run_server(void *data)
{
	int fd;

	(void)data;
	here = REWIRE_SIDE_TARGET;
	while ((fd = accept4(world.wire.back, NULL, NULL,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		world.serving = true;
		serve_connection(&world.target, fd, "the wire");
		world.serving = false;
	}
	return NULL;
}

static void make_helper(struct helper *helper, const char *host)
{
	char path[64];

	helper->options = (struct options){
		.freeze_timeout_ms = 1000, .io_timeout_ms = 5000,
		.max_peers = 1, .max_clients = 1,
	};
	helper->tls = (struct tls)TLS_INIT;
	helper->stop = eventfd(0, EFD_CLOEXEC);
	snprintf(path, sizeof(path), "pki/hosts/%s", host);
	assert_int_equal(tls_load(&helper->tls,
				  scratch_path(world.folder, path), NULL), 0);
}

static int set_up(void **state)
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
	world.wire.front = listen_somewhere(&world.wire.front_port);
	world.wire.back = listen_somewhere(&world.wire.back_port);
	snprintf(world.peer, sizeof(world.peer), "beta@127.0.0.1:%u",
		 world.wire.front_port);
	pthread_create(&world.proxy, NULL, run_proxy, NULL);
	pthread_create(&world.server, NULL, run_server, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	shutdown(world.wire.front, SHUT_RDWR);
	pthread_join(world.proxy, NULL);
	shutdown(world.wire.back, SHUT_RDWR);
	pthread_join(world.server, NULL);
	close(world.wire.front);
	close(world.wire.back);
	tls_unload(&world.source.tls);
	tls_unload(&world.target.tls);
	close(world.source.stop);
	close(world.target.stop);
	sm_reset();
	scratch_remove(world.folder);
	return 0;
}

/* New state folders, new SMs: as if nothing had ever happened. */
static void begin(struct rewire_signed *request, unsigned int run, long budget)
{
	static char dirs[2][256];
	char name[32];

	/* The last one may not have noticed yet that its wire is gone. */
	while (world.serving)
		usleep(1000);
	sm_reset();
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
}

static int migrate(const struct rewire_signed *request,
		   struct rewire_error *err)
{
	json_t *info = NULL;
	int ret = source_migrate(&world.source, request, world.peer, -1, &info,
				 err);

	json_decref(info);
	return ret;
}

/* What the keepers do over time, on both sides. */
static void keep(struct helper *helper, __u32 side)
{
	struct keeper keeper;

	here = side;
	keeper_init(&keeper, helper);
	for (int i = 0; i < 20 && !store_empty(&helper->store); i++) {
		keeper.job.work(&keeper.job);
		usleep(1000);
	}
	here = REWIRE_SIDE_SOURCE;
}

/* The point of it all. @run is for the message. */
static void check_exactly_one(long cut)
{
	int source = sm.side[REWIRE_SIDE_SOURCE].exists ?
		     sm.side[REWIRE_SIDE_SOURCE].state : REWIRE_SESSION_ABORTED;
	bool at_target = sm.side[REWIRE_SIDE_TARGET].exists &&
		sm.side[REWIRE_SIDE_TARGET].state == REWIRE_SESSION_ACTIVE;

	if (at_target && source == REWIRE_SESSION_DESTROYED && sm.entered)
		return;
	if (!at_target && source == REWIRE_SESSION_ABORTED && !sm.entered)
		return;
	fail_msg("cut after %ld bytes: source %s, target %s, %sentered", cut,
		 rewire_session_state_name((__u32)source),
		 rewire_session_state_name((__u32)
					   sm.side[REWIRE_SIDE_TARGET].state),
		 sm.entered ? "" : "not ");
}

static void whole_migration(void **state)
{
	struct rewire_signed request;
	struct rewire_error err = { 0 };
	char path[STORE_PATH], peer[ADDRESS_MAX];

	(void)state;
	begin(&request, 200, -1);
	if (migrate(&request, &err))
		fail_msg("%s", err.text);
	check_exactly_one(-1);
	assert_int_equal(sm.side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_DESTROYED);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));
	store_receipt_path(&world.source.store, request.body.request.id, path);
	assert_int_equal(access(path, R_OK), 0);
	store_checkpoint_path(&world.target.store,
			      request.body.request.workload, path);
	assert_int_equal(access(path, R_OK), 0);
	assert_true(store_get_moved(&world.source.store,
				    request.body.request.workload, peer));
	assert_string_equal(peer, world.peer);
}

static void target_aborts_after_relinquished(void **state)
{
	struct rewire_signed request;
	char path[STORE_PATH], peer[ADDRESS_MAX];

	(void)state;
	begin(&request, 201, -1);
	sm.refuse_start = true;
	assert_int_equal(migrate(&request, NULL), -ECANCELED);
	keep(&world.source, REWIRE_SIDE_SOURCE);
	keep(&world.target, REWIRE_SIDE_TARGET);
	check_exactly_one(-1);
	assert_true(store_empty(&world.source.store));
	assert_true(store_empty(&world.target.store));
	/* What was kept of it would be a second instance. */
	store_checkpoint_path(&world.target.store,
			      request.body.request.workload, path);
	assert_int_equal(access(path, F_OK), -1);
	assert_false(store_get_moved(&world.source.store,
				     request.body.request.workload, peer));
}

static void peer_out_of_reach_uses_nothing_up(void **state)
{
	struct rewire_signed request;
	json_t *info = NULL;

	(void)state;
	begin(&request, 202, -1);
	assert_true(source_migrate(&world.source, &request, "127.0.0.1:1", -1,
				   &info, NULL) < 0);
	assert_false(sm.side[REWIRE_SIDE_SOURCE].exists);
	assert_true(store_empty(&world.source.store));
}

/* The client hung up before it began: cancelled, whatever the stream says. */
static void client_that_hangs_up_cancels(void **state)
{
	struct rewire_signed request;
	json_t *info = NULL;
	int pair[2];

	(void)state;
	begin(&request, 203, -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(source_migrate(&world.source, &request, world.peer,
					pair[0], &info, NULL), -ECANCELED);
	close(pair[0]);
	keep(&world.source, REWIRE_SIDE_SOURCE);
	check_exactly_one(-1);
	assert_int_equal(sm.side[REWIRE_SIDE_SOURCE].state,
			 REWIRE_SESSION_ABORTED);
}

#define CUTS	64

static void cut_anywhere(void **state)
{
	struct rewire_signed request;
	long total;

	(void)state;
	begin(&request, 100, -1);
	assert_int_equal(migrate(&request, NULL), 0);
	total = world.wire.seen;
	assert_true(total > STREAM_SIZE);
	for (unsigned int i = 0; i < CUTS; i++) {
		/* Half of them in the last bytes, where it is decided. */
		long cut = i % 2 ? total - 4000 * (long)i / CUTS :
				   total * (long)i / CUTS;

		begin(&request, i, cut);
		migrate(&request, NULL);
		world.wire.budget = -1;
		keep(&world.source, REWIRE_SIDE_SOURCE);
		keep(&world.target, REWIRE_SIDE_TARGET);
		check_exactly_one(cut);
		assert_true(store_empty(&world.source.store));
	}
}

static void call_follows_the_workload(void **state)
{
	struct rewire_signed request;
	struct route route = {
		.helper = &world.source,
		.call = { .sequence = 1, .hops = PEER_MAX_HOPS },
		.deadline = clock_ms() + 20000,
	};
	__u8 output[REWIRE_MAX_PAYLOAD];
	size_t length = 0;
	__s32 status = 0;

	(void)state;
	begin(&request, 204, -1);
	memset(route.call.workload, 0x55, REWIRE_ID_SIZE);
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	assert_int_equal(status, REWIRE_SIDE_SOURCE);
	assert_int_equal(migrate(&request, NULL), 0);
	sm.calls = 0;
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	assert_int_equal(status, REWIRE_SIDE_TARGET);
	assert_int_equal(length, 4);
	assert_memory_equal(output, "pong", 4);

	/* Cut on the way back: the same again, and one answer. */
	world.wire.budget = 4000;
	assert_int_equal(route_call(&route, output, &length, &status, NULL), 0);
	world.wire.budget = -1;
	route.call.hops = 0;
	assert_int_equal(route_call(&route, output, &length, &status, NULL),
			 -EREMCHG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_migration),
		cmocka_unit_test(target_aborts_after_relinquished),
		cmocka_unit_test(peer_out_of_reach_uses_nothing_up),
		cmocka_unit_test(client_that_hangs_up_cancels),
		cmocka_unit_test(call_follows_the_workload),
		cmocka_unit_test(cut_anywhere),
	};

	signal(SIGPIPE, SIG_IGN);
	log_open(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : 0);
	return cmocka_run_group_tests_name("peer_flow", tests, set_up,
					   tear_down);
}
