/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes: the streams of a migration beside the session's own, so that several
 * processors encrypt and several connections carry what one would have to.
 */
#ifndef REWIRE_LANE_H
#define REWIRE_LANE_H

#include <linux/mutex.h>

#include "stream.h"

struct rewire_session;

/**
 * struct rewire_lane - one lane but the first
 * @session: whose; each of its files has a reference to that
 * @lock: serialises it; taken within the session's
 * @writer: source: its stream; NULL once the session is over
 * @reader: target: its stream; NULL once the session is over
 */
struct rewire_lane {
	struct rewire_session *session;
	struct mutex lock;	/* see sm.h */
	struct rewire_writer *writer;
	struct rewire_reader *reader;
};

/* with the session's lock, but for await and free */
int rewire_lanes_make(struct rewire_session *session);
int rewire_lanes_rest(struct rewire_session *session);
void rewire_lanes_follow(struct rewire_session *session);
u64 rewire_lanes_bytes(const struct rewire_session *session);
int rewire_lanes_await(struct rewire_session *session,
		       struct rewire_enclave *enclave, bool block);
struct file *rewire_lane_file(struct rewire_session *session, u32 index);
void rewire_lanes_drop(struct rewire_session *session);
void rewire_lanes_free(struct rewire_session *session);

#endif
