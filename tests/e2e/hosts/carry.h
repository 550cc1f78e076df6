/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A migration carried by hand, step by step: what two helpers do between two
 * SMs, with the chance to do it wrong at each step.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_CARRY_H
#define E2E_CARRY_H

#include "work.h"

struct message {
	__u8 bytes[REWIRE_MAX_MESSAGE];
	size_t length;
};

/**
 * struct lane - one stream of several
 * @out: the source's file, or -1
 * @in: the target's file, or -1
 * @stream: what was read and not written yet
 * @length: its bytes
 */
struct lane {
	int out, in;
	__u8 *stream;
	size_t length;
};

/**
 * struct carry - one migration
 * @from: its source
 * @to: its target
 * @request: signed by the SDS
 * @out: the source's session, or -1
 * @in: the target's session, or -1
 * @said: the messages so far, by kind
 * @stream: all of the stream
 * @length: its bytes
 * @lanes: how many streams there are, if more than one; set before STEP_AGREE
 * @lane: those beside @stream
 * @error: why the last step failed
 */
struct carry {
	const struct host *from, *to;
	struct rewire_signed request;
	int out, in;
	struct message said[REWIRE_MSG_ABORTED + 1];
	__u8 *stream;
	size_t length;
	unsigned int lanes;
	struct lane lane[REWIRE_MAX_LANES];
	struct rewire_error error;
};

/* In the order of a migration that goes well. */
enum step {
	STEP_OFFER,	/* source: OFFERED */
	STEP_ACCEPT,	/* target: RECEIVING */
	STEP_AGREE,	/* source: AGREED */
	STEP_FREEZE,	/* source: FROZEN */
	STEP_READ,	/* the stream is in our hands */
	STEP_WRITE,	/* target: PREPARED */
	STEP_READY,	/* source: RELINQUISHED */
	STEP_START,	/* target: ACTIVE */
	STEP_ACTIVE,	/* source: DESTROYED */
	STEP_RECEIPT,	/* the target knows */
	STEPS
};

#define LIFETIME_MS	600000

/* A request for the workload as it is now; nothing happens yet. */
void carry_init(struct carry *carry, struct work *work,
		const struct host *from, const struct host *to,
		__u32 lifetime_ms);

/* Sign again what was changed in the request. */
void carry_sign(struct carry *carry, const char *role);

/* One step: 0 or a negative errno, and why in @carry->error. */
int carry_step(struct carry *carry, enum step step);

/* Between STEP_AGREE and STEP_FREEZE: a round of the stream, into our hands. */
int carry_round(struct carry *carry, __u64 *ret_pages);

/* All steps from one to another, both included. Stops at a failure. */
int carry_steps(struct carry *carry, enum step first, enum step last);

/* Hand a message over: to the source (@out) or target (@in). */
int carry_put(struct carry *carry, int session, const struct message *message);
int carry_get(struct carry *carry, int session, __u32 kind);

/* Part of the stream into the target, in pieces of odd sizes. */
int carry_write(struct carry *carry, const __u8 *bytes, size_t length);

/* All that was read, of each stream, into the target. */
int carry_forward(struct carry *carry);

/* Close the files of one side's streams but the first. */
void carry_lose_lanes(struct carry *carry, bool source);

/* Give up: one side's own decision. */
int carry_abort(struct carry *carry, int session);

/* REWIRE_SESSION_* of a session, or REWIRE_SESSION_STATES. */
__u32 carry_state(struct carry *carry, int session);

/* Run the instance at the target: what its helper does after ACTIVE. */
void carry_enter(struct carry *carry, struct work *work);

/* Close what is open. */
void carry_end(struct carry *carry);

/**
 * carry_record - where a record of the stream is
 * @carry: after STEP_READ
 * @n: which; the header before the first is no record
 * @ret_length: its bytes with header and tag
 *
 * Return: its start, or NULL past the last.
 */
__u8 *carry_record(struct carry *carry, unsigned int n, size_t *ret_length);

/* The source must have given up by itself, or with help: then it runs. */
void expect_aborted(struct carry *carry, int session);

/**
 * expect_reason - the last step of this migration there was for that reason
 * @carry: the migration
 * @host: source or target
 * @state: REWIRE_SESSION_* that it led to
 * @reason: part of what the event says
 */
void expect_reason(struct carry *carry, const struct host *host, __u32 state,
		   const char *reason);

#endif /* E2E_CARRY_H */
