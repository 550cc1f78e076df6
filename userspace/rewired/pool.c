// SPDX-License-Identifier: MIT
/*
 * Threads for work that blocks: a fixed number, and no queue.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "pool.h"

/* Frames are on the heap; the deepest stack is OpenSSL's. */
#define STACK_SIZE	(256 * 1024)

/* Interrupts a system call; its handler does nothing. */
#define WAKE_SIGNAL	SIGUSR2
#define WAKE_PERIOD_US	20000

struct worker {
	pthread_t thread;
	struct pool *pool;
	struct job *job;		/* under lock: what it does, or NULL */
	enum pool_kind kind;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;		/* a worker got a job, or all shall end */
	pthread_cond_t idle;		/* a worker gave its job back */
	struct job *done;		/* to be reaped, newest first */
	unsigned int running;
	bool ending;
	int done_fd;
	unsigned int count;
	struct worker workers[];
};

static void ignore_wake(int signal)
{
	(void)signal;
}

static void finish_job(struct pool *pool, struct worker *worker)
{
	const uint64_t one = 1;

	worker->job->next = pool->done;
	pool->done = worker->job;
	worker->job = NULL;
	pool->running--;
	pthread_cond_signal(&pool->idle);
	/* Full means that the loop is to wake up already. */
	if (write(pool->done_fd, &one, sizeof(one)) < 0)
		return;
}

static void *run_worker(void *data)
{
	struct worker *worker = data;
	struct pool *pool = worker->pool;
	sigset_t wake;

	/* Every other signal is the event loop's. */
	sigemptyset(&wake);
	sigaddset(&wake, WAKE_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &wake, NULL);

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!worker->job && !pool->ending)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (!worker->job)
			break;
		pthread_mutex_unlock(&pool->lock);
		worker->job->work(worker->job);
		pthread_mutex_lock(&pool->lock);
		finish_job(pool, worker);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int start_workers(struct pool *pool, const unsigned int *threads)
{
	struct sigaction action = { .sa_handler = ignore_wake };
	pthread_attr_t attributes;
	sigset_t all, before;
	int ret = 0;

	sigaction(WAKE_SIGNAL, &action, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (int kind = 0; kind < POOL_KINDS && !ret; kind++) {
		for (unsigned int i = 0; i < threads[kind] && !ret; i++) {
			struct worker *worker = &pool->workers[pool->count];

			worker->pool = pool;
			worker->kind = (enum pool_kind)kind;
			ret = pthread_create(&worker->thread, &attributes,
					     run_worker, worker);
			if (!ret)
				pool->count++;
		}
	}
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int pool_new(const unsigned int threads[POOL_KINDS], struct pool **ret_pool,
	     struct rewire_error *err)
{
	struct pool *pool;
	size_t count = 0;
	int ret;

	for (int kind = 0; kind < POOL_KINDS; kind++)
		count += threads[kind];
	pool = calloc(1, sizeof(*pool) + count * sizeof(pool->workers[0]));
	if (!pool)
		return rewire_fail(err, ENOMEM, "no memory for threads");
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->idle, NULL);
	pool->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = pool->done_fd < 0 ? errno : start_workers(pool, threads);
	if (ret) {
		pool_free(pool);
		return rewire_fail(err, ret, "starting %zu threads: %s", count,
				   strerror(ret));
	}
	*ret_pool = pool;
	return 0;
}

bool pool_submit(struct pool *pool, enum pool_kind kind, struct job *job)
{
	bool taken = false;

	pthread_mutex_lock(&pool->lock);
	for (unsigned int i = 0; i < pool->count && !taken; i++) {
		struct worker *worker = &pool->workers[i];

		if (worker->kind != kind || worker->job)
			continue;
		worker->job = job;
		pool->running++;
		taken = true;
	}
	if (taken)
		pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

int pool_done_fd(const struct pool *pool)
{
	return pool->done_fd;
}

void pool_reap(struct pool *pool)
{
	struct job *job, *next;
	uint64_t count;

	if (read(pool->done_fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&pool->lock);
	job = pool->done;
	pool->done = NULL;
	pthread_mutex_unlock(&pool->lock);
	for (; job; job = next) {
		next = job->next;
		job->done(job);
	}
}

unsigned int pool_busy(struct pool *pool, enum pool_kind kind)
{
	unsigned int busy = 0;

	pthread_mutex_lock(&pool->lock);
	for (unsigned int i = 0; i < pool->count; i++)
		if (pool->workers[i].kind == kind && pool->workers[i].job)
			busy++;
	pthread_mutex_unlock(&pool->lock);
	return busy;
}

static void interrupt_all(struct pool *pool)
{
	for (unsigned int i = 0; i < pool->count; i++)
		if (pool->workers[i].job)
			pthread_kill(pool->workers[i].thread, WAKE_SIGNAL);
}

void pool_stop(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->running) {
		struct timespec until;

		/* Again and again: it may not have been in the call yet. */
		interrupt_all(pool);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAKE_PERIOD_US * 1000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		pthread_cond_timedwait(&pool->idle, &pool->lock, &until);
	}
	pthread_mutex_unlock(&pool->lock);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->count; i++)
		pthread_join(pool->workers[i].thread, NULL);
	if (pool->done_fd >= 0)
		close(pool->done_fd);
	pthread_cond_destroy(&pool->idle);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
