// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "trip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"

#define ROUNDS		12	/* the longest way back has 6 */

void trip_init(struct trip *trip, struct work *work, struct machine *from,
	       struct machine *to)
{
	memset(trip->kept, 0, sizeof(trip->kept));
	memset(trip->sealed, 0, sizeof(trip->sealed));
	trip->sealing[SOURCE] = trip->sealing[TARGET] = -1;
	trip->rounds = false;
	trip->work = work;
	trip->at[SOURCE] = from;
	trip->at[TARGET] = to;
	carry_init(&trip->carry, work, &from->host, &to->host, LIFETIME_MS);
}

/* A file that is not whole is no file. */
static void seal_no_more(struct trip *trip, enum side side)
{
	if (trip->sealing[side] >= 0)
		close(trip->sealing[side]);
	trip->sealing[side] = -1;
	blob_free(&trip->sealed[side]);
}

void trip_end(struct trip *trip)
{
	for (int side = 0; side < SIDES; side++) {
		seal_no_more(trip, side);
		blob_free(&trip->kept[side]);
	}
	carry_end(&trip->carry);
}

int *trip_session(struct trip *trip, enum side side)
{
	return side == SOURCE ? &trip->carry.out : &trip->carry.in;
}

static int seal_round(struct trip *trip, enum side side, bool *ret_last)
{
	return blob_round(&trip->sealed[side], trip->sealing[side], ret_last,
			  &trip->carry.error);
}

/* What was sealed on the way, and the rest of it. */
static int seal_rest(struct trip *trip, enum side side)
{
	bool last = false;
	int rc;

	rc = seal_round(trip, side, &last);
	if (rc)
		return rc;
	if (!last)
		return rewire_fail(&trip->carry.error, EBADFD,
				   "the state changes still");
	trip->kept[side] = trip->sealed[side];
	trip->sealed[side] = (struct blob){ 0 };
	seal_no_more(trip, side);
	return 0;
}

int trip_keep(struct trip *trip, enum side side)
{
	if (trip->kept[side].bytes)
		return 0;
	if (trip->sealing[side] >= 0)
		return seal_rest(trip, side);
	return blob_seal(&trip->kept[side], *trip_session(trip, side),
			 &trip->carry.error);
}

static int seal_first(struct trip *trip, enum side side)
{
	struct carry *carry = &trip->carry;
	bool rounds = false, last = true;
	int rc;

	trip->sealing[side] =
		rewire_session_checkpoint(*trip_session(trip, side), &rounds,
					  &carry->error);
	if (trip->sealing[side] < 0)
		return trip->sealing[side];
	rc = seal_round(trip, side, &last);
	if (!rc)
		expect(rounds && !last, "it is sealed as if it stood still");
	return rc;
}

static int send_round(struct trip *trip)
{
	struct carry *carry = &trip->carry;
	__u64 pages;
	int rc = carry_round(carry, &pages);

	if (!rc)
		rc = carry_forward(carry);
	carry->length = 0;
	return rc;
}

/* The workload goes on meanwhile, so that no round has all of it. */
static int copy_in_rounds(struct trip *trip)
{
	int rc = send_round(trip);

	for (int side = 0; side < SIDES && !rc; side++)
		rc = seal_first(trip, side);
	if (rc)
		return rc;
	expect_counts(trip->work, &trip->at[SOURCE]->host);
	return send_round(trip);
}

int trip_step(struct trip *trip, enum step step)
{
	bool first = step == STEP_AGREE && trip->sealing[SOURCE] < 0;
	int rc = 0;

	/* Before END can reach the target, and before READY can the source. */
	if (step == STEP_READ)
		rc = trip_keep(trip, SOURCE);
	else if (step == STEP_READY)
		rc = trip_keep(trip, TARGET);
	if (step == STEP_READ) {
		free(trip->carry.stream);
		trip->carry.stream = NULL;
	}
	if (!rc)
		rc = carry_step(&trip->carry, step);
	return rc || !first || !trip->rounds ? rc : copy_in_rounds(trip);
}

__u32 trip_message(enum step step, enum side *ret_from)
{
	static const struct {
		__u32 kind;
		enum side from;
	} table[STEPS] = {
		[STEP_AGREE] = { REWIRE_MSG_ACCEPT, TARGET },
		[STEP_READY] = { REWIRE_MSG_READY, TARGET },
		[STEP_START] = { REWIRE_MSG_START, SOURCE },
		[STEP_ACTIVE] = { REWIRE_MSG_ACTIVE, TARGET },
		[STEP_RECEIPT] = { REWIRE_MSG_RECEIPT, SOURCE },
	};

	*ret_from = table[step].from;
	return table[step].kind;
}

void trip_lose_helper(struct trip *trip, enum side side)
{
	int *session = trip_session(trip, side);

	if (*session >= 0)
		close(*session);
	*session = -1;
	seal_no_more(trip, side);
	carry_lose_lanes(&trip->carry, side == SOURCE);
	memset(trip->carry.said, 0, sizeof(trip->carry.said));
	if (side == TARGET)
		return;
	free(trip->carry.stream);
	trip->carry.stream = NULL;
	trip->carry.length = 0;
}

static int reopen(struct trip *trip, enum side side)
{
	int sm = host_open_sm(&trip->at[side]->host);
	int fd = rewire_session_open(sm, trip->carry.request.body.request.id,
				     side == SOURCE ? REWIRE_SIDE_SOURCE :
						      REWIRE_SIDE_TARGET,
				     &trip->carry.error);

	close(sm);
	expect(fd >= 0 || fd == -ENOENT, "%s", trip->carry.error.text);
	return fd;
}

struct view trip_look(struct trip *trip, enum side side)
{
	struct view view = { .state = REWIRE_SESSION_STATES };
	int *session = trip_session(trip, side);
	struct rewire_session_info info;

	if (*session < 0)
		*session = reopen(trip, side);
	if (*session < 0)
		return view;
	if (expect_ok(rewire_session_get_info(*session, &info,
					      &trip->carry.error),
		      &trip->carry.error)) {
		view.state = info.state;
		view.image = info.enclave;
	}
	return view;
}

enum action {
	DONE,
	TELL_TARGET,	/* the source's last word */
	TELL_SOURCE,	/* the target's */
	TELL_READY,	/* the same, once its state is on the target's disk */
	LAST_WORD,	/* the same as the first, and that was all */
	ABORT_SOURCE,
	ABORT_TARGET,
	RELOAD,		/* what was PREPARED, from the target's disk */
};

enum { ANY = -1, NO, YES };

#define NONE	REWIRE_SESSION_STATES
#define S(name)	REWIRE_SESSION_##name

/*
 * The first row that fits counts. A source gives up as long as it may, unless
 * the target is ready: after a fault nobody sends the stream any more. Without
 * its image it has to know first what the target has.
 */
static const struct {
	int source, source_image;
	int target, target_image;
	enum action action;
} rows[] = {
	{ ANY, ANY, S(PREPARED), NO, RELOAD },
	{ NONE, ANY, S(RECEIVING), ANY, ABORT_TARGET },
	{ NONE, ANY, S(PREPARED), ANY, ABORT_TARGET },
	{ NONE, ANY, ANY, ANY, DONE },
	{ S(OFFERED), ANY, S(ABORTED), ANY, TELL_SOURCE },
	{ S(OFFERED), ANY, ANY, ANY, ABORT_SOURCE },
	{ S(AGREED), ANY, S(ABORTED), ANY, TELL_SOURCE },
	{ S(AGREED), ANY, ANY, ANY, ABORT_SOURCE },
	{ S(FROZEN), ANY, S(PREPARED), YES, TELL_READY },
	{ S(FROZEN), ANY, S(ABORTED), ANY, TELL_SOURCE },
	{ S(FROZEN), NO, S(RECEIVING), ANY, ABORT_TARGET },
	{ S(FROZEN), ANY, ANY, ANY, ABORT_SOURCE },
	{ S(RELINQUISHED), ANY, S(PREPARED), YES, TELL_TARGET },
	{ S(RELINQUISHED), ANY, S(ACTIVE), ANY, TELL_SOURCE },
	{ S(RELINQUISHED), ANY, S(ABORTED), ANY, TELL_SOURCE },
	{ S(DESTROYED), ANY, ANY, ANY, LAST_WORD },
	{ S(ABORTED), ANY, S(RECEIVING), ANY, TELL_TARGET },
	{ S(ABORTED), ANY, S(PREPARED), ANY, TELL_TARGET },
	{ S(ABORTED), ANY, ANY, ANY, DONE },
};

static bool fits(int want, int is)
{
	return want == ANY || want == is;
}

static enum action decide(const struct view *source, const struct view *target)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (fits(rows[i].source, (int)source->state) &&
		    fits(rows[i].source_image, source->image) &&
		    fits(rows[i].target, (int)target->state) &&
		    fits(rows[i].target_image, target->image))
			return rows[i].action;
	expect(false, "no way on from source %s and target %s",
	       rewire_session_state_name(source->state),
	       rewire_session_state_name(target->state));
	return DONE;
}

static void tell(struct trip *trip, enum side from)
{
	struct carry *carry = &trip->carry;
	struct message word = { .length = sizeof(word.bytes) };
	int rc;

	rc = rewire_session_get_message(*trip_session(trip, from), word.bytes,
					&word.length, &carry->error);
	if (!rc)
		rc = carry_put(carry, *trip_session(trip, !from), &word);
	expect_ok(rc, &carry->error);
}

/* Without a file there was no READY either: giving up costs nobody anything. */
static void reload(struct trip *trip)
{
	const struct blob *kept = &trip->kept[TARGET];
	struct carry *carry = &trip->carry;

	if (kept->bytes)
		expect_ok(carry_write(carry, kept->bytes, kept->length),
			  &carry->error);
	else
		expect_ok(carry_abort(carry, carry->in), &carry->error);
}

static bool act(struct trip *trip, enum action action)
{
	struct carry *carry = &trip->carry;

	switch (action) {
	case TELL_TARGET:
		tell(trip, SOURCE);
		return true;
	case TELL_SOURCE:
		tell(trip, TARGET);
		return true;
	case TELL_READY:
		if (expect_ok(trip_keep(trip, TARGET), &carry->error))
			tell(trip, TARGET);
		return true;
	case LAST_WORD:
		tell(trip, SOURCE);
		return false;
	case ABORT_SOURCE:
		expect_ok(carry_abort(carry, carry->out), &carry->error);
		return true;
	case ABORT_TARGET:
		expect_ok(carry_abort(carry, carry->in), &carry->error);
		return true;
	case RELOAD:
		reload(trip);
		return true;
	default:
		return false;
	}
}

void trip_settle(struct trip *trip)
{
	struct view source, target;
	int round = 0;

	do {
		source = trip_look(trip, SOURCE);
		target = trip_look(trip, TARGET);
		if (!expect(round++ < ROUNDS, "no end: source %s, target %s",
			    rewire_session_state_name(source.state),
			    rewire_session_state_name(target.state)))
			return;
	} while (act(trip, decide(&source, &target)));
}
