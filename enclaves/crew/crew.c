// SPDX-License-Identifier: MIT
/*
 * A crew of threads at one queue of jobs, which can say whether each job was done
 * once; beside them, on demand, threads that spin for ever or wait for each other
 * for ever.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "misdeeds.h"
#include "rewire_enclave.h"

#define QUEUE	64
#define MOST	REWIRE_MAX_THREADS	/* one more than there can be */

/* All below is protected by the mutex. */
static struct rewire_mutex mutex;
static struct rewire_cond more, room, idle;
static uint64_t queue[QUEUE];
static unsigned int first, queued, busy;
static int over;
static uint64_t put, done, sum, squares;

static struct rewire_thread threads[MOST];
static uint64_t done_by[MOST];
static unsigned int workers;

/* What a job takes: work in registers and, for the allocator's sake, on the heap. */
static uint64_t do_job(uint64_t job)
{
	uint64_t *copy = malloc(sizeof(*copy) * (1 + job % 16));
	double root = 1;

	if (!copy)
		rewire_thread_exit(-ENOMEM);
	copy[job % 16] = job;
	for (int i = 0; i < 64; i++)
		root = (root + (double)(job * job) / root) / 2;
	job = copy[job % 16];
	free(copy);
	/* Newton has found the job again, or registers were mixed up. */
	return root - (double)job < 0.5 && (double)job - root < 0.5 ? job : 0;
}

static int work(void *argument)
{
	uint64_t *own = argument;
	uint64_t job;

	rewire_mutex_lock(&mutex);
	for (;;) {
		while (!queued && !over)
			rewire_cond_wait(&more, &mutex);
		if (!queued)
			break;
		job = queue[first];
		first = (first + 1) % QUEUE;
		queued--;
		busy++;
		rewire_cond_signal(&room);
		rewire_mutex_unlock(&mutex);
		job = do_job(job);
		rewire_mutex_lock(&mutex);
		busy--;
		done++;
		(*own)++;
		sum += job;
		squares += job * job;
		if (!queued && !busy)
			rewire_cond_signal(&idle);
	}
	rewire_mutex_unlock(&mutex);
	return (int)*own;
}

static int hire(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t count;
	int error = 0;

	if (rewire_args_number(args, 1, &count))
		return -EINVAL;
	while (!error && count-- && workers < MOST) {
		error = rewire_thread_create(&threads[workers], work,
					     &done_by[workers]);
		workers += !error;
	}
	rewire_answer_printf(answer, "%u\n", workers);
	return error;
}

static int report(struct rewire_answer *answer)
{
	return rewire_answer_printf(answer, "put %" PRIu64 " done %" PRIu64
				    " sum %" PRIu64 " squares %" PRIu64 "\n",
				    put, done, sum, squares);
}

static int add(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t count;
	int error;

	if (rewire_args_number(args, 1, &count))
		return -EINVAL;
	rewire_mutex_lock(&mutex);
	for (; count; count--) {
		while (queued == QUEUE)
			rewire_cond_wait(&room, &mutex);
		queue[(first + queued++) % QUEUE] = ++put;
		rewire_cond_signal(&more);
	}
	error = report(answer);
	rewire_mutex_unlock(&mutex);
	return error;
}

/* Waits for the last job. */
static int sums(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error;

	(void)args;
	rewire_mutex_lock(&mutex);
	while (queued || busy)
		rewire_cond_wait(&idle, &mutex);
	error = report(answer);
	rewire_mutex_unlock(&mutex);
	return error;
}

static int shares(const struct rewire_args *args, struct rewire_answer *answer)
{
	int error = 0;

	(void)args;
	rewire_mutex_lock(&mutex);
	for (unsigned int i = 0; i < workers && !error; i++)
		error = rewire_answer_printf(answer, "%" PRIu64 "\n",
					     done_by[i]);
	rewire_mutex_unlock(&mutex);
	return error;
}

/* Sends all workers home; those who spin or are stuck stay. */
static int dismiss(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t total = 0;

	(void)args;
	rewire_mutex_lock(&mutex);
	over = 1;
	rewire_cond_broadcast(&more);
	rewire_mutex_unlock(&mutex);
	for (unsigned int i = 0; i < workers; i++)
		total += (unsigned int)rewire_thread_join(&threads[i]);
	workers = 0;
	over = 0;
	memset(done_by, 0, sizeof(done_by));
	return rewire_answer_printf(answer, "%" PRIu64 "\n", total);
}

static int nothing(void *argument)
{
	return *(int *)argument;
}

/* Threads that end as soon as they begin, one after the other. */
static int renew(const struct rewire_args *args, struct rewire_answer *answer)
{
	struct rewire_thread thread;
	uint64_t count;
	int error = 0, number;

	(void)answer;
	if (rewire_args_number(args, 1, &count))
		return -EINVAL;
	for (number = 0; !error && (uint64_t)number < count; number++) {
		error = rewire_thread_create(&thread, nothing, &number);
		if (!error && rewire_thread_join(&thread) != number)
			error = -EILSEQ;
	}
	return error;
}

/* ---- those that never come to an end ---- */

static struct rewire_thread spinner, stuck[2];
static volatile uint64_t turns;
static struct rewire_mutex left, right;
static unsigned int holding;

static int spin(void *argument)
{
	while (!argument)
		turns++;
	return 0;
}

/* Both have their first mutex before either wants its second. */
static int wait_for_each_other(void *argument)
{
	int is_left = argument != NULL;

	rewire_mutex_lock(is_left ? &left : &right);
	rewire_mutex_lock(&mutex);
	holding++;
	rewire_cond_broadcast(&more);
	while (holding < 2)
		rewire_cond_wait(&more, &mutex);
	rewire_mutex_unlock(&mutex);
	rewire_mutex_lock(is_left ? &right : &left);
	return 0;
}

static int start_spinner(const struct rewire_args *args,
			 struct rewire_answer *answer)
{
	(void)args;
	(void)answer;
	return rewire_thread_create(&spinner, spin, NULL);
}

static int start_stuck(const struct rewire_args *args,
		       struct rewire_answer *answer)
{
	int error = rewire_thread_create(&stuck[0], wait_for_each_other, NULL);

	(void)args;
	(void)answer;
	return error ? error : rewire_thread_create(&stuck[1],
						    wait_for_each_other, &stuck);
}

/* Waits until the spinner has turned on. */
static int turn(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t before = turns;

	(void)args;
	while (turns == before)
		;
	return rewire_answer_printf(answer, "turning\n");
}

/* 2: both hold one mutex, and neither has got the other. */
static int still_stuck(const struct rewire_args *args,
		       struct rewire_answer *answer)
{
	(void)args;
	return rewire_answer_printf(answer, "%u held, %s\n", holding,
				    rewire_mutex_trylock(&left) ||
				    rewire_mutex_trylock(&right) ||
				    stuck[0].done || stuck[1].done ?
				    "free" : "stuck");
}

static int misbehave(const struct rewire_args *args,
		     struct rewire_answer *answer)
{
	char name[16] = "";

	if (args->arg[1].length >= sizeof(name))
		return -ENOENT;
	memcpy(name, args->arg[1].data, args->arg[1].length);
	return misdeed(name, answer);
}

/* ---- updates: the new version has the sums, and hires anew ---- */

struct state {
	uint64_t put;
	uint64_t sum;
	uint64_t squares;
};

/* The others work on until the last job is done; who spins or is stuck may. */
static int export_state(void)
{
	struct state state;

	rewire_mutex_lock(&mutex);
	while (queued || busy)
		rewire_cond_wait(&idle, &mutex);
	state = (struct state){ put, sum, squares };
	rewire_mutex_unlock(&mutex);
	return rewire_export(&state, sizeof(state));
}

static int import_state(uint32_t format)
{
	struct rewire_state stream = { 0 };
	struct state state;
	int error = format == 1 ? 0 : -EOPNOTSUPP;

	if (!error)
		error = rewire_state_get(&stream, &state, sizeof(state));
	if (!error)
		error = rewire_state_end(&stream);
	if (error)
		return error;
	put = done = state.put;
	sum = state.sum;
	squares = state.squares;
	return 0;
}

static const struct rewire_update_ops update_ops = {
	.format = 1,
	.on_export = export_state,
	.on_import = import_state,
};

static const struct rewire_verb verbs[] = {
	{ "hire", 1, 1, "COUNT - workers more; prints how many there are", hire },
	{ "add", 1, 1, "COUNT - jobs more", add },
	{ "sums", 0, 0, "- wait for the last job", sums },
	{ "shares", 0, 0, "- what each worker has done", shares },
	{ "dismiss", 0, 0, "- end all workers; prints what they did", dismiss },
	{ "renew", 1, 1, "COUNT - threads that end at once, one by one", renew },
	{ "spin", 0, 0, "- a thread that spins for ever", start_spinner },
	{ "turn", 0, 0, "- wait until it has turned", turn },
	{ "deadlock", 0, 0, "- two threads that wait for each other", start_stuck },
	{ "stuck", 0, 0, "- whether they do", still_stuck },
	{ "misdeed", 1, 1, "NAME - against the rules", misbehave },
	{ 0 },
};

int main(void)
{
	rewire_on_update(&update_ops);
	rewire_serve(verbs);
}
