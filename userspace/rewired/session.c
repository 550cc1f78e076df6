// SPDX-License-Identifier: MIT
/*
 * What source and target do alike with a migration's session file.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "session.h"
#include "witness.h"

/* How much longer than the SM we wait for what it may decide by itself. */
#define GRACE_MS	1000

int session_open(const __u8 request_id[REWIRE_ID_SIZE], __u32 side,
		 struct rewire_error *err)
{
	int sm = rewire_sm_open(err);
	int session;

	if (sm < 0)
		return sm;
	session = rewire_session_open(sm, request_id, side, err);
	close(sm);
	return session;
}

int session_state(int session, struct rewire_error *err)
{
	struct rewire_session_info info;
	int ret = rewire_session_get_info(session, &info, err);

	return ret ? ret : (int)info.state;
}

int64_t session_deadline(int session)
{
	struct rewire_session_info info;

	if (rewire_session_get_info(session, &info, NULL))
		return clock_ms();
	return clock_ms() + (int64_t)info.remaining_ms + GRACE_MS;
}

int session_may_speak(struct helper *helper, int session,
		      struct rewire_error *err)
{
	__u8 message[REWIRE_MAX_MESSAGE];
	size_t length = sizeof(message);
	int ret = rewire_session_get_message(session, message, &length, err);

	if (!witness_helps(helper, ret, err))
		return ret;
	length = sizeof(message);
	return rewire_session_get_message(session, message, &length, err);
}

int session_send(int session, struct link *link, struct rewire_error *err)
{
	size_t length = REWIRE_MAX_MESSAGE;
	int ret;

	ret = rewire_session_get_message(session, link_payload(link), &length,
					 err);
	if (ret)
		return ret;
	return link_send(link, PEER_MESSAGE, (ssize_t)length, err);
}

int session_exchange(int session, struct link *link, int64_t deadline,
		     struct peer_frame *ret_frame, struct rewire_error *err)
{
	int ret = session_send(session, link, err);

	if (ret)
		return ret;
	return link_expect(link, PEER_MESSAGE, deadline, ret_frame, err);
}

static bool hung_up(int client)
{
	struct pollfd pfd = { .fd = client };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLHUP | POLLERR);
}

static int woken(struct watch *watch, struct rewire_error *err)
{
	int session = watch->fd[0], client = watch->fd[1];
	int state;

	if (session >= 0) {
		/* Asking also takes back what poll() said of it. */
		state = session_state(session, err);
		if (state < 0)
			return state;
		if (state == REWIRE_SESSION_ABORTED)
			return rewire_fail_ioctl(err, session, ECANCELED,
						 "the migration was aborted");
	}
	if (client >= 0 && hung_up(client))
		return rewire_fail(err, ECANCELED,
				   "cancelled: who asked for it hung up");
	return 0;
}

void session_watch(struct watch *watch, int session, int client)
{
	*watch = (struct watch){
		.fd = { session, client },
		.events = { POLLPRI, 0 },
		.count = 2,
		.woken = woken,
	};
}

void session_save_receipt(struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
			  const void *message, size_t length)
{
	struct rewire_error err;
	char path[STORE_PATH];

	store_receipt_path(&helper->store, id, path);
	if (rewire_file_write(path, message, length, 0600, &err))
		log_error("keeping the receipt: %s", err.text);
	else
		log_info("receipt kept in %s", path);
}
