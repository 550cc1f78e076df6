// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "play.h"

#include "checkpoint.h"
#include "keeper.h"
#include "scratch.h"
#include "serve.h"
#include "source.h"

struct played_sm *sm;
_Thread_local __u32 here = REWIRE_SIDE_SOURCE;
struct world world;

/* ------------------------------------------------------------------------
 * Two SMs, of one migration.
 */

static void enter_sm(void)
{
	if (sm->countdown && !--sm->countdown)
		kill(getpid(), SIGKILL);
	pthread_mutex_lock(&sm->lock);
}

static void leave_sm(void)
{
	pthread_mutex_unlock(&sm->lock);
}

/* A checkpoint and a stream look alike here: a header, and as many bytes. */
static void write_header(int fd)
{
	struct rewire_stream_header header = {
		.header = { .magic = REWIRE_MAGIC,
			    .type = REWIRE_TYPE_STREAM,
			    .version = REWIRE_VERSION,
			    .size = sizeof(header) },
	};

	memcpy(header.request_id, sm->request_id, REWIRE_ID_SIZE);
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0),
			 sizeof(header));
	assert_int_equal(ftruncate(fd, STREAM_SIZE), 0);
}

/* Have all streams but the session's own come to their end? */
static bool lanes_end(void)
{
	struct stat st;

	for (unsigned int i = 1; i < sm->lanes; i++)
		if (fstat(sm->side[REWIRE_SIDE_TARGET].lane[i], &st) ||
		    st.st_size != LANE_SIZE)
			return false;
	return true;
}

static bool is_whole(int fd)
{
	struct rewire_stream_header header;
	struct stat st;

	return !fstat(fd, &st) && st.st_size == STREAM_SIZE &&
	       pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
	       !memcmp(header.request_id, sm->request_id, REWIRE_ID_SIZE);
}

/* A session's file is a duplicate of the memfd: both have its inode. */
static __u32 side_of(int session)
{
	struct stat a, b;

	assert_int_equal(fstat(session, &a), 0);
	for (__u32 i = 1; i < 3; i++)
		if (sm->side[i].exists && !fstat(sm->side[i].fd, &b) &&
		    a.st_ino == b.st_ino)
			return i;
	fail_msg("not a session");
	return 0;
}

static void lives(__u32 side, enum lives now)
{
	sm->side[side].lives = now;
	if (now == LIVES_RUNNING) {
		sm->side[side].stale = true;
		if (sm->side[3 - side].lives == LIVES_RUNNING)
			sm->both = true;
	}
}

static void set_state(__u32 side, int state)
{
	bool image = sm->side[side].image;

	sm->side[side].state = state;
	if (state == REWIRE_SESSION_ABORTED && side == REWIRE_SIDE_SOURCE) {
		/* Only one that stood still has to run on. */
		if (image && sm->side[side].lives == LIVES_HELD)
			lives(side, LIVES_RUNNING);
		sm->side[side].image = false;
	} else if (state == REWIRE_SESSION_ABORTED ||
		   state == REWIRE_SESSION_DESTROYED) {
		sm->side[side].image = false;
		lives(side, LIVES_AWAY);
	} else if (state == REWIRE_SESSION_ACTIVE) {
		sm->side[side].image = false;
		lives(side, LIVES_IDLE);
	}
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

static int new_session(__u32 side, int state)
{
	sm->side[side].state = state;
	sm->side[side].exists = true;
	sm->side[side].image = side == REWIRE_SIDE_SOURCE;
	lseek(sm->side[side].fd, 0, SEEK_SET);
	return dup(sm->side[side].fd);
}

int rewire_session_out(int fd, const struct rewire_signed *request,
		       struct rewire_error *err)
{
	int session;

	(void)fd;
	(void)request;
	enter_sm();
	if (sm->unfresh)
		session = rewire_fail(err, sm->unfresh, "waits for a witness");
	else
		session = new_session(REWIRE_SIDE_SOURCE,
				      REWIRE_SESSION_OFFERED);
	leave_sm();
	return session;
}

int rewire_session_in(int fd, const struct rewire_signed *request,
		      const void *offer, size_t offer_length,
		      struct rewire_error *err)
{
	int session;

	(void)fd;
	(void)request;
	(void)offer;
	(void)offer_length;
	enter_sm();
	if (sm->side[REWIRE_SIDE_TARGET].exists)
		session = rewire_fail(err, ESTALE, "used before");
	else
		session = new_session(REWIRE_SIDE_TARGET, sm->refuse_accept ?
				      REWIRE_SESSION_ABORTED :
				      REWIRE_SESSION_RECEIVING);
	leave_sm();
	return session;
}

int rewire_session_open(int fd, const __u8 request_id[REWIRE_ID_SIZE],
			__u32 side, struct rewire_error *err)
{
	int session;

	(void)fd;
	enter_sm();
	if (!sm->side[side].exists ||
	    memcmp(request_id, sm->request_id, REWIRE_ID_SIZE))
		session = rewire_fail(err, ENOENT, "no such session");
	else
		session = dup(sm->side[side].fd);
	leave_sm();
	return session;
}

static __u32 message_now(int state)
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
	return REWIRE_MSG_ABORTED;
}

int rewire_session_get_message(int session, void *buffer, size_t *ret_length,
			       struct rewire_error *err)
{
	struct rewire_message message = { 0 };

	(void)err;
	enter_sm();
	message.role = side_of(session);
	message.kind = message_now(sm->side[message.role].state);
	memcpy(message.request_id, sm->request_id, REWIRE_ID_SIZE);
	leave_sm();
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
	{ 1, REWIRE_MSG_ABORTED, REWIRE_SESSION_OFFERED,
	  REWIRE_SESSION_ABORTED },
	{ 1, REWIRE_MSG_ABORTED, REWIRE_SESSION_FROZEN,
	  REWIRE_SESSION_ABORTED },
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

static int put_locked(__u32 side, __u32 kind)
{
	int state = sm->side[side].state;

	for (size_t i = 0; i < ARRAY_SIZE(arcs); i++) {
		if (arcs[i].side != side || arcs[i].kind != kind ||
		    arcs[i].from != state)
			continue;
		if (kind == REWIRE_MSG_START &&
		    state == REWIRE_SESSION_PREPARED && !sm->side[side].image)
			return EAGAIN;
		if (kind == REWIRE_MSG_START && sm->refuse_start)
			set_state(side, REWIRE_SESSION_ABORTED);
		else if (arcs[i].to != state)
			set_state(side, arcs[i].to);
		return 0;
	}
	return EBADFD;
}

int rewire_session_put_message(int session, const void *message, size_t length,
			       struct rewire_error *err)
{
	const struct rewire_message *m = message;
	int code;

	assert_true(length >= sizeof(*m));
	enter_sm();
	code = put_locked(side_of(session), m->kind);
	leave_sm();
	return code ? rewire_fail(err, code, "not in this state") : 0;
}

int rewire_session_lane(int session, unsigned int index, unsigned int count,
			struct rewire_error *err)
{
	bool source;
	struct stat st;
	int fd = -1;

	enter_sm();
	source = side_of(session) == REWIRE_SIDE_SOURCE;
	assert_in_range(index, 1, count - 1);
	if (!source && (fstat(session, &st) || !st.st_size)) {
		fd = rewire_fail(err, EAGAIN, "nothing has come yet");
	} else if (!source && count != sm->lanes) {
		fd = rewire_fail(err, EINVAL, "the stream has %u lanes",
				 sm->lanes);
	} else {
		fd = dup(sm->side[side_of(session)].lane[index]);
		lseek(fd, 0, SEEK_SET);
	}
	if (source) {
		sm->lanes = count;
		assert_int_equal(ftruncate(fd, LANE_SIZE), 0);
	}
	leave_sm();
	return fd;
}

/* Nobody here asks for a pause so short that it takes rounds. */
int rewire_session_round(int session, unsigned int delay_us, __u64 *ret_pages,
			 struct rewire_error *err)
{
	(void)session;
	(void)delay_us;
	*ret_pages = 0;
	return rewire_fail(err, ENOTTY, "rounds are not played");
}

int rewire_session_look(int session, __u64 *ret_pages, struct rewire_error *err)
{
	return rewire_session_round(session, 0, ret_pages, err);
}

int rewire_session_stop(int session, unsigned int timeout_ms,
			struct rewire_error *err)
{
	(void)timeout_ms;
	(void)err;
	enter_sm();
	assert_int_equal(side_of(session), REWIRE_SIDE_SOURCE);
	sm->side[REWIRE_SIDE_SOURCE].state = REWIRE_SESSION_FROZEN;
	lives(REWIRE_SIDE_SOURCE, LIVES_HELD);
	sm->side[REWIRE_SIDE_SOURCE].stale = false;
	lseek(session, 0, SEEK_SET);
	leave_sm();
	return 0;
}

/* The target's is empty until the whole image is there, and the source's never. */
int rewire_session_checkpoint(int session, bool *ret_rounds,
			      struct rewire_error *err)
{
	int fd = memfd_create("checkpoint", MFD_CLOEXEC);

	(void)err;
	enter_sm();
	*ret_rounds = sm->side[side_of(session)].state == REWIRE_SESSION_RECEIVING;
	if (!*ret_rounds)
		write_header(fd);
	leave_sm();
	return fd;
}

bool rewire_session_has_more(int session)
{
	return lseek(session, 0, SEEK_CUR) < STREAM_SIZE;
}

int rewire_session_give_up(int session, struct rewire_error *err)
{
	int ret = 0;
	__u32 side;

	enter_sm();
	side = side_of(session);
	switch (sm->side[side].state) {
	case REWIRE_SESSION_RELINQUISHED:
	case REWIRE_SESSION_DESTROYED:
	case REWIRE_SESSION_ACTIVE:
	case REWIRE_SESSION_ABORTED:
		ret = rewire_fail(err, EBADFD, "too late");
		break;
	default:
		set_state(side, REWIRE_SESSION_ABORTED);
	}
	leave_sm();
	return ret;
}

static bool has_fallback(void)
{
	struct record record = { .side = REWIRE_SIDE_SOURCE };

	memcpy(record.request_id, sm->request_id, REWIRE_ID_SIZE);
	memcpy(record.workload, sm->workload, REWIRE_ID_SIZE);
	return checkpoint_find(&world.source.store, &record) == KEPT_MINE;
}

/* The END record is the last byte of what there is to come. */
static void notice_end(__u32 side, int session)
{
	if (side != REWIRE_SIDE_TARGET || sm->side[side].image ||
	    !is_whole(session) || !lanes_end())
		return;
	if (sm->side[side].state == REWIRE_SESSION_RECEIVING) {
		sm->side[side].state = REWIRE_SESSION_PREPARED;
		sm->early = sm->early || !has_fallback();
	}
	if (sm->side[side].state != REWIRE_SESSION_PREPARED)
		return;
	sm->side[side].image = true;
	lives(side, LIVES_HELD);
}

int rewire_stream_round(int stream, bool look, __u64 *ret_pages, bool *ret_last,
			struct rewire_error *err)
{
	(void)err;
	enter_sm();
	notice_end(REWIRE_SIDE_TARGET, sm->side[REWIRE_SIDE_TARGET].fd);
	*ret_last = sm->side[REWIRE_SIDE_TARGET].image;
	*ret_pages = 1;
	if (*ret_last && !look)
		write_header(stream);
	leave_sm();
	return 0;
}

int rewire_session_get_info(int session, struct rewire_session_info *ret_info,
			    struct rewire_error *err)
{
	struct rewire_session_info info = { .remaining_ms = 5000 };

	(void)err;
	enter_sm();
	info.side = side_of(session);
	notice_end(info.side, session);
	info.state = (__u32)sm->side[info.side].state;
	info.enclave = sm->side[info.side].image;
	memcpy(info.request_id, sm->request_id, REWIRE_ID_SIZE);
	memcpy(info.workload, sm->workload, REWIRE_ID_SIZE);
	leave_sm();
	*ret_info = info;
	return 0;
}

int rewire_request_try(int fd, __u32 side, const struct rewire_signed *request,
		       const struct rewire_token *token,
		       const __u8 nonce[REWIRE_NONCE_SIZE],
		       __u32 *ret_level, struct rewire_error *err)
{
	int code = sm->refuse_try[side];

	(void)fd;
	(void)request;
	if (!code && token) {
		/* What rewire_evidence_get() below made of the challenge. */
		assert_int_equal(token->length, REWIRE_NONCE_SIZE);
		assert_memory_equal(token->bytes, nonce, REWIRE_NONCE_SIZE);
		code = sm->refuse_level;
		*ret_level = 3;
	}
	return code ? rewire_fail(err, code, "refused, for a test") : 0;
}

int rewire_evidence_get(int file, bool enclave, const __u8 *nonce,
			size_t nonce_length, struct rewire_token *ret_token,
			struct rewire_error *err)
{
	(void)file;
	(void)err;
	assert_false(enclave);
	memcpy(ret_token->bytes, nonce, nonce_length);
	ret_token->length = nonce_length;
	return 0;
}

int rewire_enclave_open(int fd, __u64 id, const __u8 workload[REWIRE_ID_SIZE],
			struct rewire_error *err)
{
	enum lives now;

	(void)fd;
	(void)id;
	(void)workload;
	enter_sm();
	now = sm->side[here].lives;
	leave_sm();
	if (now == LIVES_AWAY)
		return rewire_fail(err, EREMCHG, "moved");
	if (now == LIVES_NOWHERE)
		return rewire_fail(err, ENOENT, "not here");
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_enclave_get_info(int enclave, struct rewire_enclave_info *ret_info,
			    struct rewire_error *err)
{
	bool runs;

	(void)enclave;
	(void)err;
	enter_sm();
	runs = sm->side[here].lives == LIVES_RUNNING;
	leave_sm();
	*ret_info = (struct rewire_enclave_info){
		.state = runs ? REWIRE_ENCLAVE_RUNNING : REWIRE_ENCLAVE_PAUSED,
		.pid = runs,
	};
	return 0;
}

int rewire_enclave_enter(int enclave, unsigned int timeout_ms, pid_t *ret_pid,
			 struct rewire_error *err)
{
	(void)enclave;
	(void)timeout_ms;
	(void)err;
	enter_sm();
	assert_int_equal(sm->side[here].lives, LIVES_IDLE);
	lives(here, LIVES_RUNNING);
	sm->entered++;
	leave_sm();
	*ret_pid = 1;
	return 0;
}

/* The first time it "does not answer in time", the second it does. */
int rewire_enclave_call(int enclave, struct rewire_call *call,
			struct rewire_error *err)
{
	(void)enclave;
	if (++sm->calls < 2)
		return rewire_fail(err, ETIMEDOUT, "busy");
	memcpy((void *)(uintptr_t)call->output, "pong", 4);
	call->output_length = 4;
	call->status = (__s32)here;
	return 0;
}

int rewire_reseal_open(int fd, struct rewire_error *err)
{
	(void)fd;
	(void)err;
	return memfd_create("reseal", MFD_CLOEXEC);
}

int rewire_stream_copy(int from, int to, __u64 *ret_bytes,
		       struct rewire_error *err)
{
	char buffer[65536];
	__u64 bytes = 0;
	ssize_t n;

	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		enter_sm();
		leave_sm();
		if (rewire_write_all(to, buffer, (size_t)n, err))
			return -EIO;
		bytes += (__u64)n;
	}
	if (ret_bytes)
		*ret_bytes = bytes;
	return 0;
}

static int commit_locked(int stream)
{
	if (sm->unfresh)
		return sm->unfresh;
	if (!is_whole(stream))
		return EBADMSG;
	if (sm->side[here].lives != LIVES_NOWHERE)
		return EEXIST;
	if (sm->side[here].stale ||
	    sm->side[here].state != (here == REWIRE_SIDE_TARGET ?
				     REWIRE_SESSION_ACTIVE :
				     REWIRE_SESSION_ABORTED))
		return ESTALE;
	lives(here, LIVES_IDLE);
	return 0;
}

int rewire_stream_make_live(int stream, __u64 *ret_id, __u64 *ret_epoch,
			    struct rewire_error *err)
{
	int code;

	(void)ret_id;
	(void)ret_epoch;
	enter_sm();
	code = commit_locked(stream);
	leave_sm();
	return code ? rewire_fail(err, code, "no instance can be made of it") :
		      eventfd(0, EFD_CLOEXEC);
}

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
		set_state(side, REWIRE_SESSION_ABORTED);
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
		set_state(side, REWIRE_SESSION_ABORTED);
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

static int new_memfd(void)
{
	int fd = memfd_create("session", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void reset_lock(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&sm->lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void empty(int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
}

static void sm_reset(void)
{
	struct played_sm before = *sm;

	*sm = (struct played_sm){ 0 };
	reset_lock();
	for (int i = 1; i < 3; i++) {
		sm->side[i].fd = before.side[i].fd;
		empty(sm->side[i].fd);
		for (int lane = 1; lane < REWIRE_MAX_LANES; lane++) {
			sm->side[i].lane[lane] = before.side[i].lane[lane];
			empty(sm->side[i].lane[lane]);
		}
	}
	sm->side[REWIRE_SIDE_SOURCE].lives = LIVES_RUNNING;
}

void play_serve(void)
{
	/* Whoever died with it locked is not coming back. */
	reset_lock();
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
	sm = mmap(NULL, sizeof(*sm), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(sm != MAP_FAILED);
	for (int i = 1; i < 3; i++) {
		sm->side[i].fd = new_memfd();
		for (int lane = 1; lane < REWIRE_MAX_LANES; lane++)
			sm->side[i].lane[lane] = new_memfd();
	}
	sm_reset();
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
	for (int i = 1; i < 3; i++) {
		close(sm->side[i].fd);
		for (int lane = 1; lane < REWIRE_MAX_LANES; lane++)
			close(sm->side[i].lane[lane]);
	}
	munmap(sm, sizeof(*sm));
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
	memcpy(sm->request_id, request->body.request.id, REWIRE_ID_SIZE);
	memcpy(sm->workload, request->body.request.workload, REWIRE_ID_SIZE);
	write_header(sm->side[REWIRE_SIDE_SOURCE].fd);
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

