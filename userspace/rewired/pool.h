/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_POOL_H
#define REWIRED_POOL_H

#include <stdbool.h>

#include <rewire.h>

/* What work is for. Each kind has threads of its own, so that none starves. */
enum pool_kind {
	POOL_CLIENT,	/* an operation of the control socket */
	POOL_PEER,	/* a connection that another helper made */
	POOL_REFUSAL,	/* one that is one too many, to be told so */
	POOL_KEEPER,	/* migrations that have to be finished */
	POOL_UPDATER,	/* updates that nobody waits for */
	POOL_COURIER,	/* receipts that the SDS has to get */
	POOL_FETCHER,	/* what is fetched from a repository */
	POOL_KINDS
};

/**
 * struct job - something that blocks; embedded in what it works on
 * @work: called in a thread of the pool
 * @done: called in the event loop afterwards; may free the job
 * @next: the pool's
 */
struct job {
	void (*work)(struct job *job);
	void (*done)(struct job *job);
	struct job *next;
};

/**
 * struct pool - a bounded number of threads, one for each job that runs
 * (opaque)
 */
struct pool;

/**
 * pool_new - start the threads
 * @threads: how many of each kind
 * @ret_pool: to be freed by pool_free()
 *
 * Return: 0 or a negative errno.
 */
int pool_new(const unsigned int threads[POOL_KINDS], struct pool **ret_pool,
	     struct rewire_error *err);

/**
 * pool_submit - run a job now
 * @pool: the pool
 * @kind: whose thread it takes
 * @job: the job
 *
 * Return: false when all threads of the kind are busy: there is no queue.
 */
bool pool_submit(struct pool *pool, enum pool_kind kind, struct job *job);

/* A file that is readable when pool_reap() has something to do. */
int pool_done_fd(const struct pool *pool);
/* Call @done of each job that ended. */
void pool_reap(struct pool *pool);

/* Jobs of a kind that are running. */
unsigned int pool_busy(struct pool *pool, enum pool_kind kind);

/**
 * pool_stop - wait for all jobs to end
 * @pool: the pool
 *
 * They have been told by whatever they wait for; those that are in a system
 * call are interrupted by signals until they come out.
 */
void pool_stop(struct pool *pool);
void pool_free(struct pool *pool);

#endif /* REWIRED_POOL_H */
