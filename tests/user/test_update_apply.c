// SPDX-License-Identifier: MIT
/*
 * What librewire does of an update, step by step, with an SM that is played.
 */
#include <errno.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "update_play.h"

static struct rewire_update_result result;

static struct rewire_update_job job_of(void)
{
	struct rewire_update_job job = {
		.order = order,
		.payload = payload_fd,
		.checkpoints = sm.trials,
	};

	memcpy(job.workload, workload, REWIRE_ID_SIZE);
	return job;
}

static int apply(const struct rewire_update_job *job)
{
	struct rewire_error err = { 0 };
	int rc = rewire_update_apply(-1, job, &result, &err);

	assert_int_equal(rc, -err.code);
	return rc;
}

static void goes_well(void **state)
{
	struct rewire_update_job job = job_of();
	__u8 *written = malloc(PAYLOAD_LENGTH + 1), id[REWIRE_ID_SIZE];

	(void)state;
	assert_int_equal(apply(&job), 0);
	assert_string_equal(sm.commands,
			    "start enclave enter handover seal-old trial health seal-new switch ");
	assert_int_equal(pread(sm.file, written, PAYLOAD_LENGTH + 1, 0),
			 PAYLOAD_LENGTH);
	assert_memory_equal(written, payload, PAYLOAD_LENGTH);
	assert_false(sm.unsafe);
	assert_false(trials_left());
	assert_true(result.begun);
	rewire_update_id(&order->words.package, workload, id, NULL);
	assert_memory_equal(result.id, id, REWIRE_ID_SIZE);
	assert_int_equal(result.receipt_length, 7);
	assert_int_equal(result.info.pause_us, 1234);
	free(written);
}

static void without_checkpoints(void **state)
{
	struct rewire_update_job job = job_of();

	(void)state;
	job.is_volatile = true;
	job.health_checks = 3;
	assert_int_equal(apply(&job), 0);
	assert_string_equal(sm.commands,
			    "start enclave enter handover trial health health health switch ");
	assert_true(sm.is_volatile);
}

/* Wherever it fails, the old version goes on and nothing is left behind. */
static void fails_anywhere(void **state)
{
	struct rewire_update_job job = job_of();

	(void)state;
	for (int c = START; c <= SWITCH; c++) {
		sm.fail[c] = ETIMEDOUT;
		sm.known = false;
		assert_int_equal(apply(&job), -ETIMEDOUT);
		assert_int_equal(result.begun, c != START);
		if (c != START)
			assert_int_equal(sm.state, REWIRE_UPDATE_ABORTED);
		assert_int_equal(sm.instance.release, 3);
		assert_int_equal(result.receipt_length, c == START ? 0 : 7);
		assert_false(trials_left());
		sm.fail[c] = 0;
	}
	assert_false(sm.unsafe);
}

/* What the SM did counts, and not what it managed to say. */
static void switched_and_failed_to_say_so(void **state)
{
	struct rewire_update_job job = job_of();

	(void)state;
	sm.fail_after = EINTR;
	assert_int_equal(apply(&job), 0);
	assert_int_equal(result.info.state, REWIRE_UPDATE_SWITCHED);
	assert_false(trials_left());
}

static int call_off(const struct rewire_update_step *step, void *data,
		    struct rewire_error *err)
{
	const int *phase = data;

	if ((int)step->phase == *phase)
		return rewire_fail(err, ECANCELED, "called off");
	return 0;
}

static void called_off_anywhere(void **state)
{
	struct rewire_update_job job = job_of();
	int phase;

	(void)state;
	job.step = call_off;
	job.data = &phase;
	for (phase = REWIRE_UPDATE_DOES_LOAD; phase < REWIRE_UPDATE_PHASES;
	     phase++) {
		assert_int_equal(apply(&job), -ECANCELED);
		assert_int_equal(sm.state, REWIRE_UPDATE_ABORTED);
		assert_int_equal(sm.instance.release, 3);
		assert_false(trials_left());
	}
}

static void disk_full(void **state)
{
	struct rewire_update_job job = job_of();

	(void)state;
	job.checkpoints = "/nonexistent/trials";
	assert_int_equal(apply(&job), -ENOENT);
	assert_int_equal(sm.state, REWIRE_UPDATE_ABORTED);
	assert_non_null(strstr(sm.commands, "give-up"));
	assert_null(strstr(sm.commands, "trial"));
}

static void another_payload(void **state)
{
	struct rewire_update_job job = job_of();

	(void)state;
	assert_int_equal(ftruncate(payload_fd, PAYLOAD_LENGTH - 1), 0);
	assert_int_equal(apply(&job), -EBADMSG);
	assert_int_equal(ftruncate(payload_fd, PAYLOAD_LENGTH + 1), 0);
	assert_int_equal(apply(&job), -EBADMSG);
	job.payload = helper.stop;
	assert_int_equal(apply(&job), -EINVAL);
	assert_string_equal(sm.commands, "");
}

struct waiter {
	int waits;
	int end_after;		/* calls of the step; 0: never */
};

static int on_wait(const struct rewire_update_step *step, void *data,
		   struct rewire_error *err)
{
	struct waiter *waiter = data;

	if (step->phase != REWIRE_UPDATE_DOES_WAIT)
		return 0;
	waiter->waits++;
	/* The next event: without one it would take the retry's time. */
	eventfd_write(sm.watch, 1);
	if (waiter->end_after && waiter->waits >= waiter->end_after)
		return rewire_fail(err, ESHUTDOWN, "stopping");
	return 0;
}

static void waits_for_a_migration(void **state)
{
	struct rewire_update_job job = job_of();
	struct waiter waiter = { 0 };

	(void)state;
	sm.busy = 1;
	assert_int_equal(apply(&job), -EBUSY);
	assert_false(result.begun);

	sm.busy = 4;
	job.wait_ms = 60000;
	job.step = on_wait;
	job.data = &waiter;
	assert_int_equal(apply(&job), 0);
	assert_true(waiter.waits >= 2);
	assert_true(result.ms < 4000);

	sm.busy = 1000;
	waiter = (struct waiter){ .end_after = 3 };
	assert_int_equal(apply(&job), -ESHUTDOWN);
	assert_int_equal(waiter.waits, 3);
	sm.busy = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(goes_well),
		test(without_checkpoints),
		test(fails_anywhere),
		test(switched_and_failed_to_say_so),
		test(called_off_anywhere),
		test(disk_full),
		test(another_payload),
		test(waits_for_a_migration),
	};

	return cmocka_run_group_tests_name("update_apply", tests,
					   fixture_set_up, fixture_tear_down);
}
