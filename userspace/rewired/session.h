/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_SESSION_H
#define REWIRED_SESSION_H

#include "helper.h"
#include "link.h"

/*
 * What source and target do alike with a migration's session file.
 */

/* A session of the local SM. Return: its file or a negative errno. */
int session_open(const __u8 request_id[REWIRE_ID_SIZE], __u32 side,
		 struct rewire_error *err);

/* The state it is in, REWIRE_SESSION_*, or a negative errno. */
int session_state(int session, struct rewire_error *err);

/**
 * session_deadline - when the SM gives up on its own
 * @session: file
 *
 * Return: a clock_ms() a little later than that, so that the SM speaks first.
 */
int64_t session_deadline(int session);

/**
 * session_may_speak - see that the SM does not hold back what it has to say
 * @helper: who may ask a witness
 * @session: file
 *
 * Return: 0; -ENOLINK: a witness is waited for; or another negative errno.
 */
int session_may_speak(struct helper *helper, int session,
		      struct rewire_error *err);

/* Send the message that the SM has to say now. */
int session_send(int session, struct link *link, struct rewire_error *err);

/**
 * session_exchange - tell the peer our last word, wait for its own
 * @session: file
 * @link: to the peer
 * @deadline: clock_ms() until which to wait
 * @ret_frame: the MESSAGE that came
 *
 * Return: 0 or a negative errno.
 */
int session_exchange(int session, struct link *link, int64_t deadline,
		     struct peer_frame *ret_frame, struct rewire_error *err);

/**
 * session_watch - end waits when the SM aborts, or somebody hangs up
 * @watch: filled
 * @session: file, or -1
 * @client: socket of who asked for all this, or -1
 */
void session_watch(struct watch *watch, int session, int client);

/* Save the RECEIPT in @session (source) or in @message (target). */
void session_save_receipt(struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
			  const void *message, size_t length);

#endif /* REWIRED_SESSION_H */
