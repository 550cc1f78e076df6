/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration: one session on either side, from the signed request to the
 * receipt. migrate.c has what both sides do, migrate_out.c the source's arcs,
 * migrate_in.c the target's.
 */
#ifndef REWIRE_MIGRATE_H
#define REWIRE_MIGRATE_H

#include <linux/kref.h>
#include <linux/workqueue.h>

#include "chardev.h"
#include "events.h"
#include "keys.h"
#include "lane.h"
#include "stream.h"

/**
 * struct rewire_said - a message of ours
 * @bytes: message, certificate, signature
 * @len: how many
 * @kind: REWIRE_MSG_*
 */
struct rewire_said {
	u8 *bytes;
	u32 len;
	u32 kind;
};

/**
 * struct rewire_session - one side of one migration
 * @ref: the SM's registry, each file, the expiry work
 * @list: in sm->sessions
 * @sm: its SM
 * @owner: user who began it
 * @lock: protects all below
 * @side: REWIRE_SIDE_*
 * @state: REWIRE_SESSION_*
 * @reason: of ABORTED, in words; empty after a restart
 * @over: it reached its last state, and holds no secret any more
 * @request: as the SDS signed it
 * @request_digest: SHA-256 over it
 * @peer: SM id of the other side
 * @nonce: ours
 * @peer_nonce: in the peer's OFFER or ACCEPT; zero before
 * @share: our ephemeral key
 * @secret: agreed with the peer
 * @transcript: over all messages so far
 * @heard: digest of the message taken of each kind; zero when none was
 * @said: what we have to say now
 * @before: what we had to say before, until that was written down
 * @enclave: the one that moves; a reference, NULL when there is none
 * @measurement: of the enclave, once it is known
 * @claimed: target: the workload's place is this session's, not an enclave's
 * @awake: source: the enclave ran when it was frozen
 * @complete: source: @state_digest is final, so that READY may come
 * @promised: source: START was said in its time
 * @writer: source: the stream; target: the sealed checkpoint
 * @reader: target: the stream
 * @lanes: of the stream, of which @writer or @reader is the first
 * @lane: the others, by their number; as long as the session
 * @state_digest: total digest D, once there is one
 * @min_atl: least level of the target, by request and manifest
 * @peer_level: of the peer's platform, as its last evidence says
 * @deadline: in jiffies
 * @expiry: gives up at the deadline
 * @changed: woken up at every change of state
 * @changes: how many there were
 * @seen: how many REWIRE_SESSION_INFO told
 * @files: open files, and who creates it until that has one
 * @record: as it stands in the journal; changes under the journal's lock
 * @record_len: its bytes
 * @written: records in the journal once @record was; nobody is told of it before
 *	a witness knows that many, where that is wanted
 */
struct rewire_session {
	struct kref ref;
	struct list_head list;
	struct rewire_sm *sm;
	kuid_t owner;
	struct mutex lock;	/* the outermost: see sm.h */
	u32 side;
	u32 state;
	char reason[REWIRE_REASON_MAX + 1];
	bool over;
	struct rewire_request request;
	u8 request_digest[REWIRE_DIGEST_SIZE];
	u8 peer[REWIRE_ID_SIZE];
	u8 nonce[REWIRE_NONCE_SIZE];
	u8 peer_nonce[REWIRE_NONCE_SIZE];
	struct rewire_share share;
	u8 secret[REWIRE_KEY_SIZE];
	u8 transcript[REWIRE_DIGEST_SIZE];
	u8 heard[REWIRE_MSG_ABORTED + 1][REWIRE_DIGEST_SIZE];
	struct rewire_said said;
	struct rewire_said before;
	struct rewire_enclave *enclave;
	u8 measurement[REWIRE_DIGEST_SIZE];
	bool claimed;
	bool awake;
	bool complete;
	bool promised;
	struct rewire_writer *writer;
	struct rewire_reader *reader;
	struct rewire_lanes lanes;
	struct rewire_lane *lane[REWIRE_MAX_LANES];
	u8 state_digest[REWIRE_DIGEST_SIZE];
	u32 min_atl;
	u32 peer_level;
	u64 deadline;
	struct delayed_work expiry;
	wait_queue_head_t changed;
	u32 changes;
	u32 seen;
	atomic_t files;
	struct rewire_journal_session *record;
	u32 record_len;
	u64 written;
};

/* commands of /dev/rewire */
int rewire_migrate_out(struct rewire_context *context,
		       struct rewire_migrate_out *arg);
int rewire_migrate_in(struct rewire_context *context,
		      struct rewire_migrate_in *arg);
int rewire_session_open(struct rewire_context *context,
			struct rewire_open_session *arg);
int rewire_request_try(struct rewire_context *context,
		       struct rewire_try_request *arg);
void rewire_sessions_free(struct rewire_sm *sm);

/* durable.c: what outlives this SM; with the journal's lock but for recover */
int rewire_session_write(struct rewire_session *session, u32 state,
			 struct rewire_why *why);
void rewire_session_note(struct rewire_session *session);
int rewire_session_replay(struct rewire_sm *sm,
			  const struct rewire_journal_session *record, u32 len,
			  u64 written, struct rewire_why *why);
u64 rewire_session_records(struct rewire_sm *sm);
int rewire_session_snapshot(struct rewire_sm *sm, struct rewire_why *why);
int rewire_sessions_recover(struct rewire_sm *sm, struct rewire_why *why);

/* migrate.c, for both sides; the session is locked */
int rewire_request_get(struct rewire_sm *sm, u64 request, u64 signature,
		       u32 signature_len, struct rewire_request *out,
		       struct rewire_why *why);
struct rewire_session *
rewire_session_create(struct rewire_sm *sm, u32 side,
		      const struct rewire_request *request,
		      struct rewire_why *why);
void rewire_session_put(struct rewire_session *session);
int rewire_session_publish(struct rewire_session *session,
			   struct rewire_why *why);
struct file *rewire_session_file(struct rewire_session *session);
int rewire_session_may(struct rewire_session *session,
		       enum rewire_session_event event, struct rewire_why *why);
int rewire_session_step(struct rewire_session *session,
			enum rewire_session_event event, const char *reason,
			struct rewire_why *why);
int rewire_session_abort(struct rewire_session *session,
			 enum rewire_session_event event, const char *reason,
			 struct rewire_why *why);
void rewire_session_over(struct rewire_session *session);
void rewire_session_drop_streams(struct rewire_session *session);
void rewire_session_settle(struct rewire_session *session);
struct rewire_session *
rewire_session_alloc(struct rewire_sm *sm, u32 side,
		     const struct rewire_request *request);
struct rewire_session *rewire_session_known(struct rewire_sm *sm, u32 side,
					    const u8 *id);
int rewire_session_addressed(struct rewire_sm *sm, u32 side,
			     const struct rewire_request *request,
			     struct rewire_why *why);
int rewire_session_unused(struct rewire_sm *sm, u32 side, const u8 *id,
			  struct rewire_why *why);
int rewire_session_ended_well(struct rewire_sm *sm,
			      const struct rewire_stream_header *header,
			      struct rewire_why *why);
void rewire_session_watch(struct rewire_session *session);
void rewire_sessions_trim(struct rewire_sm *sm);
int rewire_session_fence(struct rewire_context *context,
			 struct rewire_session_fence *arg);
bool rewire_session_late(const struct rewire_session *session);

/* what a message says beside what the session knows */
struct rewire_statement {
	u32 kind;
	u64 epoch;
	const struct rewire_enclave *enclave;	/* may be NULL */
	bool digest;				/* it is about state_digest */
};

int rewire_session_say(struct rewire_session *session,
		       const struct rewire_statement *statement);
int rewire_session_peer_fits(const struct rewire_session *session,
			     struct rewire_why *why);
void rewire_session_unsay(struct rewire_session *session);
int rewire_session_hear(struct rewire_session *session, const u8 *bytes,
			u32 len, u32 kind, struct rewire_message *message,
			struct rewire_why *why);
bool rewire_session_heard(const struct rewire_session *session,
			  const u8 *bytes, u32 len);
int rewire_session_agree(struct rewire_session *session,
			 const struct rewire_message *peer);

typedef int (*rewire_take_t)(struct rewire_session *session,
			     const struct rewire_message *message,
			     struct rewire_why *why);
int rewire_session_take(struct rewire_session *session, const u8 *bytes,
			u32 len, u32 kind, enum rewire_session_event event,
			rewire_take_t take, struct rewire_why *why);

/* the sides' arcs */
int rewire_source_round(struct rewire_session *session,
			struct rewire_session_round *arg,
			struct rewire_why *why);
int rewire_source_lane(struct rewire_session *session, u32 count,
		       struct rewire_why *why);
int rewire_source_freeze(struct rewire_session *session, u32 timeout_ms,
			 struct rewire_why *why);
int rewire_source_hear(struct rewire_session *session, const u8 *bytes, u32 len,
		       u32 kind, struct rewire_why *why);
struct file *rewire_source_checkpoint(struct rewire_session *session,
				      bool *live, struct rewire_why *why);
void rewire_source_release(struct rewire_session *session);
int rewire_source_check(const struct rewire_request *request,
			struct rewire_enclave *enclave, struct rewire_why *why);
int rewire_target_check(struct rewire_sm *sm,
			const struct rewire_request *request, u64 memory,
			struct rewire_why *why);
int rewire_target_hear(struct rewire_session *session, const u8 *bytes, u32 len,
		       u32 kind, struct rewire_why *why);
ssize_t rewire_target_write(struct rewire_session *session,
			    struct iov_iter *from, struct rewire_why *why);
void rewire_target_refuse(struct rewire_session *session,
			  const struct rewire_why *why);
int rewire_target_lane(struct rewire_session *session, u32 count,
		       struct rewire_why *why);
struct file *rewire_target_checkpoint(struct rewire_session *session,
				      bool *live, struct rewire_why *why);
void rewire_target_closed(struct rewire_session *session);
void rewire_target_release(struct rewire_session *session);

#endif
