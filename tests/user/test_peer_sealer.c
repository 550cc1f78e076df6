// SPDX-License-Identifier: MIT
/*
 * What is sealed beside a migration: round by round, never far behind, whole or
 * not at all. The SM and the disk are this file's.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include <sys/stat.h>

#include "test.h"

#include "checkpoint.h"
#include "log.h"
#include "scratch.h"
#include "sealer.h"

static struct {
	char *folder;
	atomic_bool settled;	/* the next round is the last */
	atomic_uint unsealed;	/* pages, as a look says */
	atomic_uint rounds;
	unsigned int fails_at;	/* round in which the disk is full; 0: none */
	bool in_rounds;
	sem_t go;		/* a round waits for it */
	unsigned int waits;	/* for a round */
} play;

static const __u8 workload[REWIRE_ID_SIZE];

void store_checkpoint_path(const struct store *store,
			   const __u8 id[REWIRE_ID_SIZE], char path[STORE_PATH])
{
	(void)store;
	(void)id;
	snprintf(path, STORE_PATH, "%s/sealed", play.folder);
}

int rewire_session_checkpoint(int session, bool *ret_rounds,
			      struct rewire_error *err)
{
	if (session < 0)
		return rewire_fail(err, EAGAIN, "nothing has come yet");
	*ret_rounds = play.in_rounds;
	return dup(session);
}

int rewire_stream_round(int stream, bool look, __u64 *ret_pages, bool *ret_last,
			struct rewire_error *err)
{
	(void)stream;
	(void)err;
	*ret_pages = atomic_load(&play.unsealed);
	*ret_last = atomic_load(&play.settled);
	if (!look)
		atomic_store(&play.unsealed, 0);
	return 0;
}

/* A letter for each round. */
int checkpoint_copy(int from, int to, const atomic_bool *cancel,
		    struct rewire_error *err)
{
	unsigned int round = atomic_fetch_add(&play.rounds, 1) + 1;
	char letter = (char)('a' + round - 1);

	(void)from;
	sem_wait(&play.go);
	if (atomic_load(cancel))
		return rewire_fail(err, ECANCELED, "cancelled");
	if (round == play.fails_at)
		return rewire_fail(err, ENOSPC, "no space left");
	return rewire_write_all(to, &letter, 1, err);
}

int link_await(struct link *link, int fd, bool quiet, struct rewire_error *err)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	(void)link;
	(void)quiet;
	(void)err;
	play.waits++;
	sem_post(&play.go);
	assert_int_equal(poll(&pfd, 1, -1), 1);
	return 0;
}

void log_line(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static int set_up(void **state)
{
	(void)state;
	memset(&play, 0, sizeof(play));
	play.in_rounds = true;
	play.folder = scratch_make();
	return sem_init(&play.go, 0, 0);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(play.folder);
	return sem_destroy(&play.go);
}

static void begin(struct sealer *sealer)
{
	struct rewire_error err;

	memset(sealer, 0, sizeof(*sealer));
	assert_int_equal(sealer_start(sealer, NULL, workload, STDIN_FILENO,
				      &err), 0);
}

static bool appeared(const char *content)
{
	char text[32] = "";
	FILE *file = fopen(scratch_path(play.folder, "sealed"), "r");

	if (!file)
		return false;
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, content);
	return true;
}

/* Nothing of it is left, under any name. */
static void nothing_appeared(void)
{
	assert_false(appeared(""));
	assert_int_equal(rmdir(play.folder), 0);
	assert_int_equal(mkdir(play.folder, 0700), 0);
}

static void round_by_round(void **state)
{
	struct rewire_error err;
	struct sealer sealer;

	(void)state;
	begin(&sealer);
	assert_int_equal(sealer_keep_up(&sealer, 0, NULL, true, &err), 0);
	assert_int_equal(sealer_keep_up(&sealer, 0, NULL, true, &err), 0);
	assert_false(appeared(""));
	atomic_store(&play.settled, true);
	assert_int_equal(sealer_finish(&sealer, NULL, true, &err), 0);
	assert_true(appeared("abc"));
	assert_false(sealer.running);
	sealer_end(&sealer);
}

/* As long as it is not far behind, nobody waits for it. */
static void waited_for_when_it_falls_behind(void **state)
{
	struct rewire_error err;
	struct sealer sealer;

	(void)state;
	begin(&sealer);
	assert_int_equal(sealer_keep_up(&sealer, 100, NULL, false, &err), 0);
	while (!atomic_load(&play.rounds))
		sched_yield();
	atomic_store(&play.unsealed, 99);
	assert_int_equal(sealer_keep_up(&sealer, 100, NULL, false, &err), 0);
	assert_int_equal(play.waits, 0);
	atomic_store(&play.unsealed, 100);
	assert_int_equal(sealer_keep_up(&sealer, 100, NULL, false, &err), 0);
	assert_int_equal(play.waits, 1);
	atomic_store(&play.settled, true);
	assert_int_equal(sealer_finish(&sealer, NULL, false, &err), 0);
	assert_false(sealer.running);
}

static void full_disk_in_a_round(void **state)
{
	struct rewire_error err;
	struct sealer sealer;

	(void)state;
	play.fails_at = 2;
	begin(&sealer);
	assert_int_equal(sealer_keep_up(&sealer, 0, NULL, true, &err), 0);
	assert_int_equal(sealer_keep_up(&sealer, 0, NULL, true, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no space left; make room"));
	/* And again, whoever asks. */
	assert_int_equal(sealer_finish(&sealer, NULL, true, &err), -ENOSPC);
	sealer_end(&sealer);
	nothing_appeared();
}

static void full_disk_at_the_end(void **state)
{
	struct rewire_error err;
	struct sealer sealer;

	(void)state;
	play.fails_at = 1;
	play.in_rounds = false;
	begin(&sealer);
	assert_int_equal(sealer_finish(&sealer, NULL, true, &err), -ENOSPC);
	sealer_end(&sealer);
	nothing_appeared();
}

static void given_up(void **state)
{
	struct rewire_error err;
	struct sealer sealer;

	(void)state;
	begin(&sealer);
	assert_int_equal(sealer_keep_up(&sealer, 100, NULL, true, &err), 0);
	sem_post(&play.go);
	sem_post(&play.go);
	sealer_end(&sealer);
	nothing_appeared();
	/* One that was never begun is given up as well. */
	memset(&sealer, 0, sizeof(sealer));
	sealer_end(&sealer);
	assert_int_equal(sealer_finish(&sealer, NULL, true, &err), 0);
}

static void nothing_to_seal_yet(void **state)
{
	struct sealer sealer = { 0 };
	struct rewire_error err;

	(void)state;
	assert_int_equal(sealer_start(&sealer, NULL, workload, -1, &err),
			 -EAGAIN);
	assert_false(sealer.running);
	assert_int_equal(rmdir(play.folder), 0);
	assert_true(sealer_start(&sealer, NULL, workload, STDIN_FILENO,
				 &err) < 0);
	assert_false(sealer.running);
	assert_int_equal(mkdir(play.folder, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_by_round, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(waited_for_when_it_falls_behind,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_disk_in_a_round, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(full_disk_at_the_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(given_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_to_seal_yet, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
