// SPDX-License-Identifier: MIT
/*
 * A migration at its target.
 *
 *	MIGRATE ... ACCEPT			RECEIVING
 *	STREAM ... STREAM_END ... READY		PREPARED
 *	START ... ACTIVE			ACTIVE (serve.c brings the message)
 *
 * Until READY is made the session lives as long as its connection; afterwards it
 * lives in the SM, and any connection may bring the START.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "report.h"
#include "session.h"
#include "target.h"

struct target {
	struct helper *helper;
	struct link *link;
	struct record record;
	struct report report;
	struct watch watch;
	int session;
	__u64 bytes;
};

static void step(struct target *t, __u32 state)
{
	report_step(&t->report, REWIRE_SIDE_TARGET, state, t->bytes);
}

static int accept_offer(struct target *t, const struct peer_frame *frame,
			struct rewire_error *err)
{
	struct peer_migrate migrate;
	const struct rewire_request *request = &migrate.request.body.request;
	int sm, ret;

	ret = peer_decode_migrate(frame, &migrate, err);
	if (ret)
		return ret;
	memcpy(t->record.request_id, request->id, REWIRE_ID_SIZE);
	memcpy(t->record.workload, request->workload, REWIRE_ID_SIZE);
	memcpy(t->report.request_id, request->id, REWIRE_ID_SIZE);
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	t->session = rewire_session_in(sm, &migrate.request, migrate.offer,
				       migrate.offer_length, err);
	close(sm);
	if (t->session < 0)
		return t->session;
	session_watch(&t->watch, t->session, -1);
	t->link->watch = &t->watch;
	return session_send(t->session, t->link, err);
}

static int write_chunk(struct target *t, const struct peer_frame *frame,
		       struct rewire_error *err)
{
	size_t at = 0;
	ssize_t n;

	while (at < frame->length) {
		n = write(t->session, frame->payload + at, frame->length - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail_ioctl(err, t->session, errno,
						 "taking in the enclave's state");
		at += (size_t)n;
	}
	t->bytes += frame->length;
	return 0;
}

/* In the middle of a stream there is one message to expect: ABORTED. */
static int take_abort(struct target *t, const struct peer_frame *frame,
		      struct rewire_error *err)
{
	int ret = rewire_session_put_message(t->session, frame->payload,
					     frame->length, err);

	return ret ? ret : rewire_fail(err, ECANCELED, "%s aborted",
				       t->link->name);
}

static int receive(struct target *t, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret;

	for (;;) {
		ret = link_receive(t->link, session_deadline(t->session),
				   &frame, err);
		if (ret)
			return ret;
		switch (frame.type) {
		case PEER_STREAM:
			ret = write_chunk(t, &frame, err);
			break;
		case PEER_STREAM_END:
			return 0;
		case PEER_MESSAGE:
			return take_abort(t, &frame, err);
		default:
			ret = rewire_fail(err, EPROTO,
					  "a %s in the middle of a stream",
					  peer_type_name(frame.type));
		}
		if (ret)
			return ret;
	}
}

static int keep_checkpoint(struct target *t, struct rewire_error *err)
{
	struct rewire_output out;
	char path[STORE_PATH];
	__u64 bytes;
	int ret;

	store_checkpoint_path(&t->helper->store, t->record.workload, path);
	ret = rewire_output_open(&out, path, 0600, err);
	if (ret)
		return ret;
	ret = rewire_stream_copy(t->session, out.fd, &bytes, err);
	if (ret) {
		rewire_output_discard(&out);
		return ret;
	}
	ret = rewire_output_commit(&out, err);
	if (!ret)
		log_info("%llu bytes of sealed checkpoint kept in %s",
			 (unsigned long long)bytes, path);
	return ret;
}

/* The whole image is here: note it down, keep it, and only then say so. */
static int prepare(struct target *t, struct rewire_error *err)
{
	int ret, state = session_state(t->session, err);

	if (state < 0)
		return state;
	if (state != REWIRE_SESSION_PREPARED)
		return rewire_fail(err, EBADMSG,
				   "the stream of %llu bytes ended before its END record",
				   (unsigned long long)t->bytes);
	ret = store_begin(&t->helper->store, &t->record, err);
	if (ret)
		return ret;
	if (!t->helper->options.volatile_target)
		ret = keep_checkpoint(t, err);
	if (ret) {
		rewire_session_give_up(t->session, NULL);
		store_end(&t->helper->store, &t->record);
		return ret;
	}
	step(t, REWIRE_SESSION_PREPARED);
	t->link->watch = NULL;
	if (session_send(t->session, t->link, err))
		log_warning("READY could not be sent, the source may ask for it: %s",
			    err->text);
	store_release(&t->helper->store, &t->record);
	return 0;
}

int target_migrate(struct helper *helper, struct link *link,
		   const struct peer_frame *frame, struct rewire_error *err)
{
	struct target t = {
		.helper = helper, .link = link, .session = -1,
		.record = { .side = REWIRE_SIDE_TARGET },
		.report = { .client = -1, .start = clock_ms() },
	};
	int ret;

	ret = accept_offer(&t, frame, err);
	if (!ret) {
		step(&t, REWIRE_SESSION_RECEIVING);
		ret = receive(&t, err);
	}
	if (!ret)
		ret = prepare(&t, err);
	link->watch = NULL;
	/* Before PREPARED this aborts; there is nothing else to be done. */
	if (t.session >= 0)
		close(t.session);
	return ret;
}

/* The process, once; later on it is up to "rewire pause" and its like. */
static int start_enclave(const struct rewire_session_info *info,
			 struct rewire_error *err)
{
	char workload[REWIRE_ID_TEXT];
	struct rewire_enclave_info enclave_info;
	int sm, enclave, ret;
	pid_t pid;

	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	enclave = rewire_enclave_open(sm, 0, info->workload, err);
	close(sm);
	/* Destroyed, or moved on: then it has been started before. */
	if (enclave == -ENOENT || enclave == -EREMCHG)
		return 0;
	if (enclave < 0)
		return enclave;
	ret = rewire_enclave_get_info(enclave, &enclave_info, err);
	if (!ret && !enclave_info.pid) {
		ret = rewire_enclave_enter(enclave, 0, &pid, err);
		if (!ret)
			log_notice("workload %s runs as process %d",
				   rewire_id_format(info->workload, workload),
				   (int)pid);
	}
	close(enclave);
	return ret;
}

static int settle_active(struct helper *helper,
			 const struct rewire_session_info *info,
			 const struct record *record, struct rewire_error *err)
{
	char id[REWIRE_ID_TEXT];
	int ret;

	/* If it ever went from here to elsewhere, it is back. */
	if (store_set_moved(&helper->store, info->workload, NULL, err))
		log_warning("%s", err->text);
	ret = start_enclave(info, err);
	if (ret)
		return ret;
	log_notice("migration %s: target ACTIVE",
		   rewire_id_format(info->request_id, id));
	store_end(&helper->store, record);
	return 0;
}

int target_settle(struct helper *helper, int session, struct rewire_error *err)
{
	struct rewire_session_info info;
	struct record record;
	char path[STORE_PATH];
	int ret;

	ret = rewire_session_get_info(session, &info, err);
	if (ret)
		return ret;
	if (info.state != REWIRE_SESSION_ACTIVE &&
	    info.state != REWIRE_SESSION_ABORTED)
		return 0;
	/* Without a record it was done before; else somebody is at it. */
	if (!store_claim(&helper->store, info.request_id, REWIRE_SIDE_TARGET,
			 &record))
		return 0;
	if (info.state == REWIRE_SESSION_ACTIVE) {
		ret = settle_active(helper, &info, &record, err);
		if (ret)
			store_release(&helper->store, &record);
		return ret;
	}
	store_checkpoint_path(&helper->store, record.workload, path);
	unlink(path);
	store_end(&helper->store, &record);
	log_notice("a migration to this host was aborted; its checkpoint is removed");
	return 0;
}
