// SPDX-License-Identifier: MIT
/*
 * The two SMs of play.h.
 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "play.h"

#include "checkpoint.h"

struct played_sm *sm;
_Thread_local __u32 here = REWIRE_SIDE_SOURCE;

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

void play_sm_state(__u32 side, int state)
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
			play_sm_state(side, REWIRE_SESSION_ABORTED);
		else if (arcs[i].to != state)
			play_sm_state(side, arcs[i].to);
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
		play_sm_state(side, REWIRE_SESSION_ABORTED);
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
 * Their memory, which outlives who uses it.
 */

static int new_memfd(void)
{
	int fd = memfd_create("session", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

void play_sm_unlock(void)
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

void play_sm_reset(void)
{
	struct played_sm before = *sm;

	*sm = (struct played_sm){ 0 };
	play_sm_unlock();
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

void play_sm_begin(const struct rewire_request *request)
{
	memcpy(sm->request_id, request->id, REWIRE_ID_SIZE);
	memcpy(sm->workload, request->workload, REWIRE_ID_SIZE);
	write_header(sm->side[REWIRE_SIDE_SOURCE].fd);
}

void play_sm_open(void)
{
	sm = mmap(NULL, sizeof(*sm), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(sm != MAP_FAILED);
	for (int i = 1; i < 3; i++) {
		sm->side[i].fd = new_memfd();
		for (int lane = 1; lane < REWIRE_MAX_LANES; lane++)
			sm->side[i].lane[lane] = new_memfd();
	}
	play_sm_reset();
}

void play_sm_close(void)
{
	for (int i = 1; i < 3; i++) {
		close(sm->side[i].fd);
		for (int lane = 1; lane < REWIRE_MAX_LANES; lane++)
			close(sm->side[i].lane[lane]);
	}
	munmap(sm, sizeof(*sm));
}
