// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault matrix: each step of a migration, and each thing that can go wrong
 * there. Afterwards everything is done to start the workload, wherever there is
 * something of it: one instance runs, with its state, never two, and never none
 * when it stood still before, with a checkpoint on a disk.
 *
 *	matrix [--rounds=N] [--witnessed] [PART OF A NAME]...
 *
 * Each cell of a round is unlike the same one of the round before: what a crash
 * leaves on the disk, and what the operators do; six rounds have all of it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"
#include "trip.h"

/* The last two are RUNNING too, and copied while they are, one by several streams. */
enum mode { PAUSED, RUNNING, ROUNDS, STREAMS, MODES };

static const char *const mode_names[MODES] = {
	"paused", "running", "rounds", "streams",
};

#define LANES	3

/* What happens to a cell after its fault. */
enum next { GO_ON, RECOVER };

/* What the operators do when they see that something went wrong. */
enum temper {
	PATIENT,	/* they leave it to the helpers */
	EAGER,		/* they start whatever can be started, at once */
	CANCELLING,	/* they cancel on both sides */
	TEMPERS
};

/**
 * struct cell - one fault at one step
 * @step: where
 * @mode: what the workload does before
 * @torn: a crash leaves half of a record
 * @temper: of the operators
 * @trip: the migration
 * @paused: checkpoint made before it, in mode PAUSED
 * @excused: the only copy was in the memory of a host that crashed
 */
struct cell {
	enum step step;
	enum mode mode;
	bool torn;
	enum temper temper;
	struct trip trip;
	struct blob paused;
	bool excused;
};

struct fault {
	const char *name;	/* in a sentence, before "at STEP" */
	const char *head;	/* of the column */
	enum next (*strike)(struct cell *cell);
	bool again;		/* in the end both hosts lose power */
};

static const char *const step_names[STEPS] = {
	"OFFER", "ACCEPT", "AGREE", "FREEZE", "READ",
	"WRITE", "READY", "START", "ACTIVE", "RECEIPT",
};

static struct machine alpha, beta;
static struct work work;
/* Of the migration before, for what comes much too late. */
static struct carry before;
static unsigned int count, forks, losses, excused;

/* How many instances of it run there. */
static unsigned int running(const struct host *host)
{
	struct rewire_enclave_info info;
	struct rewire_error error;
	unsigned int found = 0;
	size_t all;
	__u64 *ids;

	if (rewire_sm_list(host->sm, &ids, &all, &error))
		tap_bail("%s", error.text);
	for (size_t i = 0; i < all; i++) {
		int fd = rewire_enclave_open(host->sm, ids[i], NULL, &error);

		if (fd >= 0 && !rewire_enclave_get_info(fd, &info, &error) &&
		    info.state == REWIRE_ENCLAVE_RUNNING &&
		    !memcmp(info.workload, work.id, sizeof(work.id)))
			found++;
		close(fd);
	}
	free(ids);
	return found;
}

static unsigned int running_all(void)
{
	return running(&alpha.host) + running(&beta.host);
}

/* ---- faults ---- */

static void do_step(struct cell *cell)
{
	expect_ok(trip_step(&cell->trip, cell->step), &cell->trip.carry.error);
}

struct views {
	struct view of[SIDES];
};

static struct views look(struct cell *cell)
{
	struct views views;

	for (int side = 0; side < SIDES; side++)
		views.of[side] = trip_look(&cell->trip, side);
	return views;
}

static void expect_unchanged(struct cell *cell, const struct views *were)
{
	const struct views are = look(cell);

	for (int side = 0; side < SIDES; side++)
		expect(are.of[side].state == were->of[side].state &&
		       are.of[side].image == were->of[side].image,
		       "the %s went from %s to %s",
		       side == SOURCE ? "source" : "target",
		       rewire_session_state_name(were->of[side].state),
		       rewire_session_state_name(are.of[side].state));
}

static enum next crash(struct cell *cell, enum side side)
{
	struct trip *trip = &cell->trip;

	do_step(cell);
	cell->excused = side == SOURCE && !cell->paused.bytes &&
			!trip->kept[SOURCE].bytes;
	machine_crash(trip->at[side], cell->torn);
	trip_lose_helper(trip, side);
	return RECOVER;
}

static enum next crash_source(struct cell *cell)
{
	return crash(cell, SOURCE);
}

static enum next crash_target(struct cell *cell)
{
	return crash(cell, TARGET);
}

static enum next lose_source_helper(struct cell *cell)
{
	do_step(cell);
	trip_lose_helper(&cell->trip, SOURCE);
	return RECOVER;
}

static enum next lose_target_helper(struct cell *cell)
{
	do_step(cell);
	trip_lose_helper(&cell->trip, TARGET);
	return RECOVER;
}

/* Said, and not heard. What a helper was told to do it just has not done yet. */
static enum next lose_message(struct cell *cell)
{
	struct carry *carry = &cell->trip.carry;
	struct views were;
	enum side from;
	__u32 kind = trip_message(cell->step, &from);

	if (cell->step == STEP_READ) {
		/* No byte of a stream is sent twice. */
		do_step(cell);
		carry->length = 0;
		return RECOVER;
	}
	were = look(cell);
	if (kind)
		expect_ok(carry_get(carry, *trip_session(&cell->trip, from),
				    kind), &carry->error);
	expect_unchanged(cell, &were);
	do_step(cell);
	return GO_ON;
}

/* A step that is done may be refused, or do nothing. */
static void do_idly(struct cell *cell, enum step step)
{
	struct carry *carry = &cell->trip.carry;
	struct carry *saved = malloc(sizeof(*saved));
	struct views were = look(cell);

	if (!saved)
		tap_bail("no memory");
	*saved = *carry;
	carry->stream = NULL;
	if (step == STEP_WRITE)
		carry->stream = saved->stream;
	trip_step(&cell->trip, step);
	if (carry->out >= 0 && carry->out != saved->out)
		close(carry->out);
	if (carry->in >= 0 && carry->in != saved->in)
		close(carry->in);
	if (carry->stream != saved->stream)
		free(carry->stream);
	*carry = *saved;
	free(saved);
	expect_unchanged(cell, &were);
}

static enum next duplicate(struct cell *cell)
{
	do_step(cell);
	do_idly(cell, cell->step);
	return GO_ON;
}

/* Yesterday's message, then today's next one, then the one whose turn it is. */
static enum next reorder(struct cell *cell)
{
	struct carry *carry = &cell->trip.carry;
	struct views were = look(cell);
	enum side from;
	__u32 kind = trip_message(cell->step, &from);
	int *to = trip_session(&cell->trip, !from);

	if (kind && before.said[kind].length)
		expect(carry_put(carry, *to, &before.said[kind]) < 0,
		       "%s of another migration was taken",
		       rewire_message_name(kind));
	expect_unchanged(cell, &were);
	if (cell->step + 1 < STEPS)
		do_idly(cell, cell->step + 1);
	do_step(cell);
	return GO_ON;
}

/* Who should hear it has given up, or whoever it is that can. */
static void give_up(struct cell *cell, enum side side)
{
	struct carry *carry = &cell->trip.carry;

	expect_ok(carry_abort(carry, *trip_session(&cell->trip, side)),
		  &carry->error);
}

static void expect_late(struct cell *cell, int rc, int code, const char *why)
{
	expect_refusal(rc, code, &cell->trip.carry.error, why);
}

/* The order to move comes when the workload has gone on to another epoch. */
static void offer_late(struct cell *cell)
{
	struct machine *at = cell->trip.at[SOURCE];
	int fd, stream;

	if (cell->mode != PAUSED)
		expect_ok(work_pause(&work, &at->host), &work.error);
	fd = work_open(&work, &at->host);
	stream = rewire_enclave_extract(fd, &work.error);
	expect_ok(stream, &work.error);
	close(stream);
	close(fd);
	expect_ok(work_resume(&work, &at->host), &work.error);
	expect_late(cell, trip_step(&cell->trip, STEP_OFFER), ESTALE,
		    "the request is for epoch");
}

static enum next delay_message(struct cell *cell, __u32 kind, enum side from)
{
	struct carry *carry = &cell->trip.carry;
	int *to = trip_session(&cell->trip, !from);

	/* READY is not said before the state is kept, however late it comes. */
	if (kind == REWIRE_MSG_READY)
		expect_ok(trip_keep(&cell->trip, TARGET), &carry->error);
	expect_ok(carry_get(carry, *trip_session(&cell->trip, from), kind),
		  &carry->error);
	if (kind == REWIRE_MSG_ACTIVE || kind == REWIRE_MSG_RECEIPT) {
		carry_enter(carry, &work);
		expect_counts(&work, &cell->trip.at[TARGET]->host);
		expect_ok(carry_put(carry, *to, &carry->said[kind]),
			  &carry->error);
		return GO_ON;
	}
	give_up(cell, !from);
	expect_late(cell, carry_put(carry, *to, &carry->said[kind]), EBADFD,
		    "not for a migration that is ABORTED");
	return RECOVER;
}

static enum next delay(struct cell *cell)
{
	enum side from;
	__u32 kind = trip_message(cell->step, &from);

	if (kind)
		return delay_message(cell, kind, from);
	if (cell->step == STEP_OFFER) {
		offer_late(cell);
		return RECOVER;
	}
	give_up(cell, cell->step == STEP_WRITE ? TARGET : SOURCE);
	/* A target cannot know yet that its source has given up. */
	if (cell->step == STEP_ACCEPT)
		do_step(cell);
	else if (cell->step == STEP_READ && cell->trip.sealing[SOURCE] >= 0)
		expect_late(cell, trip_step(&cell->trip, cell->step), ECANCELED,
			    "its migration is over");
	else
		expect_late(cell, trip_step(&cell->trip, cell->step), EBADFD,
			    "not for a migration that is ABORTED");
	return RECOVER;
}

/* Which side writes down that the step was taken. */
static bool writes(enum step step, enum side side)
{
	static const bool table[STEPS][SIDES] = {
		[STEP_OFFER] = { [SOURCE] = true },
		[STEP_ACCEPT] = { [TARGET] = true },
		[STEP_READ] = { [SOURCE] = true },
		[STEP_WRITE] = { [TARGET] = true },
		[STEP_READY] = { [SOURCE] = true },
		[STEP_START] = { [TARGET] = true },
		[STEP_ACTIVE] = { [SOURCE] = true },
		[STEP_RECEIPT] = { [TARGET] = true },
	};

	return table[step][side];
}

static enum next fill(struct cell *cell, enum side side)
{
	struct carry *carry = &cell->trip.carry;
	struct views were = look(cell);
	unsigned int alive = running_all();
	int rc;

	machine_fill(cell->trip.at[side]);
	rc = trip_step(&cell->trip, cell->step);
	if (!writes(cell->step, side)) {
		expect_ok(rc, &carry->error);
		machine_empty(cell->trip.at[side]);
		return GO_ON;
	}
	expect_refusal(rc, ENOSPC, &carry->error, "journal file");
	/* A stream is taken or given once: without its end both give up. */
	if (cell->step != STEP_WRITE)
		expect_unchanged(cell, &were);
	expect(running_all() == alive, "%u instances run, %u did before",
	       running_all(), alive);
	machine_empty(cell->trip.at[side]);
	if (cell->step == STEP_READ || cell->step == STEP_WRITE)
		return RECOVER;
	do_step(cell);
	return GO_ON;
}

static enum next fill_source(struct cell *cell)
{
	return fill(cell, SOURCE);
}

static enum next fill_target(struct cell *cell)
{
	return fill(cell, TARGET);
}

static const struct fault faults[] = {
	{ "SMS crashes", "crash S", crash_source, true },
	{ "SMT crashes", "crash T", crash_target, true },
	{ "the source's helper dies", "helper S", lose_source_helper, false },
	{ "the target's helper dies", "helper T", lose_target_helper, false },
	{ "its message is lost", "lost", lose_message, false },
	{ "its message comes twice", "twice", duplicate, false },
	{ "its message comes too late", "late", delay, true },
	{ "its message comes too early", "early", reorder, false },
	{ "SMS has no room", "full S", fill_source, false },
	{ "SMT has no room", "full T", fill_target, false },
};

#define FAULTS	(sizeof(faults) / sizeof(*faults))

static char marks[MODES][STEPS][FAULTS];

/* ---- what became of it ---- */

static void restore_all(struct cell *cell)
{
	const struct blob *blobs[] = { &cell->paused, &cell->trip.kept[SOURCE],
				       &cell->trip.kept[TARGET] };

	for (size_t i = 0; i < sizeof(blobs) / sizeof(*blobs); i++) {
		if (!blobs[i]->bytes)
			continue;
		blob_restore(blobs[i], &alpha.host, &work.error);
		blob_restore(blobs[i], &beta.host, &work.error);
	}
}

/* An instance without any state, on a host that has it or knows who does. */
static bool begin_anew(struct cell *cell)
{
	struct work anew = work;
	bool begun = false;

	for (int side = 0; side < SIDES; side++) {
		const struct host *host = &cell->trip.at[side]->host;
		int fd;

		/* A host that never heard of it is the SDS's to keep from it. */
		if (side == TARGET && trip_look(&cell->trip, side).state ==
					      REWIRE_SESSION_STATES)
			continue;
		fd = work_load(&anew, host, "counter", "counter");
		begun |= !expect(fd < 0, "%s begins it anew", host->name);
		close(fd);
	}
	return begun;
}

/* Whatever there is of it is started, wherever that is. */
static void start_all(struct cell *cell)
{
	for (int i = 0; i < SIDES; i++) {
		/* in a changing order */
		enum side side = (i + cell->step) % SIDES;
		const struct host *host = &cell->trip.at[side]->host;

		if (!running(host))
			work_resume(&work, host);
	}
	restore_all(cell);
}

static const struct host *where(void)
{
	return running(&alpha.host) ? &alpha.host : &beta.host;
}

/* Before the helpers know what to do. */
static void meddle(struct cell *cell)
{
	switch (cell->temper) {
	case EAGER:
		start_all(cell);
		/* A later start from an older state would show. */
		if (running_all() == 1)
			expect_counts(&work, where());
		break;
	case CANCELLING:
		for (int side = TARGET; side >= SOURCE; side--)
			if (trip_look(&cell->trip, side).state !=
			    REWIRE_SESSION_STATES)
				carry_abort(&cell->trip.carry,
					    *trip_session(&cell->trip, side));
		break;
	default:
		break;
	}
}

static bool counts_on(void)
{
	case_begin();
	expect_counts(&work, where());
	return case_is_good();
}

static void crash_both(struct cell *cell)
{
	for (int side = 0; side < SIDES; side++) {
		machine_crash(cell->trip.at[side], cell->torn);
		trip_lose_helper(&cell->trip, side);
	}
	trip_settle(&cell->trip);
}

/* What ran is gone: a state from before that must not run again. */
static bool steps_back(struct cell *cell, bool power_fails)
{
	if (power_fails) {
		crash_both(cell);
	} else {
		work_destroy(&work, &alpha.host);
		work_destroy(&work, &beta.host);
	}
	start_all(cell);
	return !expect(!running_all(), "a state from before came back");
}

static char judge(struct cell *cell, const struct fault *fault)
{
	bool good = case_is_good();
	unsigned int alive;

	start_all(cell);
	alive = running_all();
	if (alive > 1) {
		tap_note("%u instances run", alive);
		return 'F';
	}
	if (!alive) {
		tap_note("no instance runs: %s", work.error.text);
		return cell->excused ? 'o' : 'L';
	}
	if (!counts_on())
		return 'L';
	if (begin_anew(cell) || steps_back(cell, fault->again))
		return 'F';
	return good && case_is_good() ? '.' : 'x';
}

/* ---- cells ---- */

static void prepare(struct cell *cell)
{
	struct host *source = &alpha.host;
	int fd, stream;

	work_start(&work, source, "counter");
	expect_counts(&work, source);
	if (cell->mode == PAUSED) {
		expect_ok(work_pause(&work, source), &work.error);
		fd = work_open(&work, source);
		stream = rewire_enclave_extract(fd, &work.error);
		if (expect_ok(stream, &work.error))
			expect_ok(blob_read(&cell->paused, stream,
					    &work.error), &work.error);
		close(stream);
		close(fd);
	}
	trip_init(&cell->trip, &work, &alpha, &beta);
	cell->trip.rounds = cell->mode >= ROUNDS;
	if (cell->mode == STREAMS)
		cell->trip.carry.lanes = LANES;
}

static void travel(struct cell *cell, const struct fault *fault)
{
	enum step step;

	for (step = STEP_OFFER; step < cell->step; step++)
		if (!expect_ok(trip_step(&cell->trip, step),
			       &cell->trip.carry.error))
			return;
	if (fault->strike(cell) == RECOVER)
		return;
	for (step++; step < STEPS; step++)
		if (!expect_ok(trip_step(&cell->trip, step),
			       &cell->trip.carry.error))
			return;
}

static void clean(struct cell *cell)
{
	work_destroy(&work, &alpha.host);
	work_destroy(&work, &beta.host);
	memcpy(before.said, cell->trip.carry.said, sizeof(before.said));
	trip_end(&cell->trip);
	blob_free(&cell->paused);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	bool chosen = false;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--", 2))
			continue;
		chosen = true;
		if (strstr(name, argv[i]))
			return true;
	}
	return !chosen;
}

static void cell_name(char *text, size_t size, const struct fault *fault,
		      enum step step, enum mode mode)
{
	snprintf(text, size, "%s at %s, %s", fault->name, step_names[step],
		 mode_names[mode]);
}

static char run(struct cell *cell, const struct fault *fault)
{
	char mark;

	case_begin();
	prepare(cell);
	travel(cell, fault);
	meddle(cell);
	trip_settle(&cell->trip);
	mark = judge(cell, fault);
	clean(cell);
	count++;
	forks += mark == 'F';
	losses += mark == 'L';
	excused += mark == 'o';
	return mark;
}

static bool is_bad(char mark)
{
	return mark == 'F' || mark == 'L' || mark == 'x';
}

/* All cells of one fault, on two hosts that are new. */
static void column(size_t fault, unsigned int round, bool witnessed, int argc,
		   char **argv)
{
	struct cell *cell = malloc(sizeof(*cell));
	bool booted = false;
	char name[128];

	if (!cell)
		tap_bail("no memory");
	for (int at = 0; at < STEPS * MODES; at++) {
		enum mode mode = at % MODES;
		enum step step = at / MODES;
		char mark;

		cell_name(name, sizeof(name), &faults[fault], step, mode);
		if (!is_wanted(name, argc, argv))
			continue;
		if (!booted) {
			machine_boot(&alpha, "alpha", witnessed);
			machine_boot(&beta, "beta", witnessed);
		}
		booted = true;
		memset(cell, 0, sizeof(*cell));
		cell->step = step;
		cell->mode = mode;
		cell->torn = (step + mode + round) % 2;
		cell->temper = (step + mode + round + 2) % TEMPERS;
		mark = run(cell, &faults[fault]);
		if (!is_bad(marks[mode][step][fault]))
			marks[mode][step][fault] = mark;
		tap_ok(!is_bad(mark), "%s%s", name, mark == 'o' ?
		       ": gone with the memory of its host" : "");
	}
	free(cell);
	if (booted) {
		machine_off(&alpha);
		machine_off(&beta);
	}
}

static void print_table(void)
{
	char line[256];

	for (int mode = 0; mode < MODES; mode++) {
		int n = snprintf(line, sizeof(line), "%-8s", mode_names[mode]);

		for (size_t i = 0; i < FAULTS; i++)
			n += snprintf(line + n, sizeof(line) - (size_t)n,
				      " %8s", faults[i].head);
		tap_note("%s", line);
		for (int step = 0; step < STEPS; step++) {
			n = snprintf(line, sizeof(line), "%-8s",
				     step_names[step]);
			for (size_t i = 0; i < FAULTS; i++) {
				char mark = marks[mode][step][i];

				n += snprintf(line + n,
					      sizeof(line) - (size_t)n, " %8c",
					      mark ? mark : ' ');
			}
			tap_note("%s", line);
		}
	}
	tap_note(". one runs  F fork  L loss  x a rule broken on the way");
	tap_note("o it ran when its host crashed, and its memory was all there was");
}

int main(int argc, char **argv)
{
	unsigned int rounds = 1;
	bool witnessed = false;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--rounds=", 9))
			rounds = (unsigned int)strtoul(argv[i] + 9, NULL, 10);
		else if (!strcmp(argv[i], "--witnessed"))
			witnessed = true;
	}
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t fault = 0; fault < FAULTS; fault++)
			column(fault, round, witnessed, argc, argv);
	print_table();
	tap_note("%u cells, %u forks, %u losses, %u that ran in a memory that is gone",
		 count, forks, losses, excused);
	return tap_done();
}
