// SPDX-License-Identifier: MIT
/*
 * The helper's threads.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "test.h"

#include "pool.h"

#define THREADS	3

struct task {
	struct job job;
	struct gate *gate;
	int worked, done;
};

/* Jobs wait here until they are let go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t open;
	bool is_open;
};

#define GATE_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false }

static void wait_at_gate(struct job *job)
{
	struct task *task = (struct task *)job;

	pthread_mutex_lock(&task->gate->lock);
	while (!task->gate->is_open)
		pthread_cond_wait(&task->gate->open, &task->gate->lock);
	pthread_mutex_unlock(&task->gate->lock);
	task->worked++;
}

static void open_gate(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_open = true;
	pthread_cond_broadcast(&gate->open);
	pthread_mutex_unlock(&gate->lock);
}

static void count_done(struct job *job)
{
	((struct task *)job)->done++;
}

static struct pool *make_pool(void)
{
	const unsigned int threads[POOL_KINDS] = {
		[POOL_CLIENT] = THREADS, [POOL_PEER] = 1,
	};
	struct pool *pool;

	assert_int_equal(pool_new(threads, &pool, NULL), 0);
	return pool;
}

static void full_pool_refuses(void **state)
{
	struct gate gate = GATE_INIT;
	struct task tasks[THREADS + 2];
	struct pool *pool = make_pool();

	(void)state;
	for (int i = 0; i < THREADS + 2; i++)
		tasks[i] = (struct task){ { wait_at_gate, count_done, NULL },
					  &gate, 0, 0 };
	for (int i = 0; i < THREADS; i++)
		assert_true(pool_submit(pool, POOL_CLIENT, &tasks[i].job));
	assert_int_equal(pool_busy(pool, POOL_CLIENT), THREADS);
	assert_false(pool_submit(pool, POOL_CLIENT, &tasks[THREADS].job));
	/* Other kinds have threads of their own, or none. */
	assert_true(pool_submit(pool, POOL_PEER, &tasks[THREADS].job));
	assert_false(pool_submit(pool, POOL_KEEPER, &tasks[THREADS + 1].job));

	open_gate(&gate);
	pool_stop(pool);
	assert_int_equal(pool_busy(pool, POOL_CLIENT), 0);
	for (int i = 0; i < THREADS + 1; i++)
		assert_int_equal(tasks[i].done, 0);
	pool_reap(pool);
	for (int i = 0; i < THREADS + 1; i++) {
		assert_int_equal(tasks[i].worked, 1);
		assert_int_equal(tasks[i].done, 1);
	}
	assert_int_equal(tasks[THREADS + 1].worked, 0);
	pool_free(pool);
}

static void many_jobs_one_after_the_other(void **state)
{
	struct gate gate = GATE_INIT;
	struct pool *pool = make_pool();
	struct pollfd pfd = { .fd = pool_done_fd(pool), .events = POLLIN };
	struct task task = { { wait_at_gate, count_done, NULL }, &gate, 0, 0 };

	(void)state;
	open_gate(&gate);
	for (int i = 1; i <= 500; i++) {
		assert_true(pool_submit(pool, POOL_PEER, &task.job));
		while (task.done < i) {
			assert_int_equal(poll(&pfd, 1, 10000), 1);
			pool_reap(pool);
		}
	}
	assert_int_equal(task.worked, 500);
	pool_free(pool);
}

/* What a thread inside a command of the SM looks like. */
static void block_in_kernel(struct job *job)
{
	struct task *task = (struct task *)job;

	/* The first signal may come before the call: only the second counts. */
	for (int i = 0; i < 2; i++)
		if (poll(NULL, 0, 60000) < 0 && errno == EINTR)
			task->worked++;
}

static void stop_interrupts_calls(void **state)
{
	struct task task = { { block_in_kernel, count_done, NULL }, NULL, 0, 0 };
	struct pool *pool = make_pool();

	(void)state;
	assert_true(pool_submit(pool, POOL_CLIENT, &task.job));
	pool_stop(pool);
	assert_int_equal(task.worked, 2);
	pool_free(pool);
}

static void idle_pool_ends(void **state)
{
	struct pool *pool = make_pool();

	(void)state;
	pool_stop(pool);
	pool_reap(pool);
	pool_free(pool);
	pool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_pool_refuses),
		cmocka_unit_test(many_jobs_one_after_the_other),
		cmocka_unit_test(stop_interrupts_calls),
		cmocka_unit_test(idle_pool_ends),
	};

	return cmocka_run_group_tests_name("peer_pool", tests, NULL, NULL);
}
