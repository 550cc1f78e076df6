/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_TARGET_H
#define REWIRED_TARGET_H

#include "helper.h"
#include "link.h"

/**
 * target_migrate - take in a migration, up to READY
 * @helper: the helper
 * @link: to the source
 * @frame: the MIGRATE
 *
 * What follows (START, RECEIPT) comes as MESSAGEs, on this connection or
 * another. On failure the session is ABORTED.
 *
 * Return: 0, also when READY could not be delivered, or a negative errno.
 */
int target_migrate(struct helper *helper, struct link *link,
		   const struct peer_frame *frame, struct rewire_error *err);

/**
 * target_settle - draw the consequences of the state a session is in
 * @helper: the helper
 * @session: of a target
 *
 * PREPARED: its image comes back from the checkpoint, if it went down with the
 * host; without one the SM aborts. ACTIVE: the enclave gets a process, if it has
 * not had one. ABORTED: its checkpoint is removed. To be called after each
 * message, and by the keeper.
 *
 * Return: 0 or a negative errno: try again later.
 */
int target_settle(struct helper *helper, int session, struct rewire_error *err);

/**
 * target_may_speak - may the peer hear what the SM has to say now?
 * @helper: the helper
 * @session: of a target
 *
 * Return: 0; -EAGAIN for a READY that this host's disk does not bear out yet; or
 * another negative errno.
 */
int target_may_speak(struct helper *helper, int session,
		     struct rewire_error *err);

#endif /* REWIRED_TARGET_H */
