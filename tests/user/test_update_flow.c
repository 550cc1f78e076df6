// SPDX-License-Identifier: MIT
/*
 * Updates from end to end, with an SM that is played: it knows the order of the
 * commands, and fails where it is told to. It stands in for librewire's update.c,
 * sm.c, enclave.c, enter.c, stream.c and events.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <event2/event.h>

#include "update_fixture.h"

#include "events.h"
#include "fetcher.h"
#include "log.h"
#include "scratch.h"
#include "update_verbs.h"
#include "updater.h"

#define PAYLOAD_LENGTH	(600 * 1024)

/* ---- the SM ---- */

enum command {
	START, ENCLAVE, ENTER, HAND_OVER, SEAL_OLD, TRIAL, HEALTH, SEAL_NEW,
	SWITCH, GIVE_UP, COMMANDS
};

static const char *const command_names[COMMANDS] = {
	"start", "enclave", "enter", "handover", "seal-old", "trial", "health",
	"seal-new", "switch", "give-up",
};

static struct {
	bool known;		/* the update */
	__u32 state;
	struct rewire_enclave_info instance;	/* state DESTROYED: none */
	struct rewire_update_order order;
	int fail[COMMANDS];	/* errno, or 0 */
	int fail_after;		/* of SWITCH: errno though it was done */
	int busy;		/* START says EBUSY that often */
	int file;		/* what was written to the update */
	bool old_restored, new_restored;
	char commands[256];
	unsigned int begun;
	int watch;		/* eventfd */
	char trials[256];	/* where checkpoints have to be */
	bool unsafe;		/* a step without the checkpoint it needs: never */
	bool is_volatile;
	const char *restoring;
	void (*in_trial)(void);	/* what happens meanwhile */
} sm;

static int say(enum command command, struct rewire_error *err)
{
	if (strlen(sm.commands) + 12 < sizeof(sm.commands)) {
		strcat(sm.commands, command_names[command]);
		strcat(sm.commands, " ");
	}
	if (!sm.fail[command])
		return 0;
	if (sm.known && sm.state < REWIRE_UPDATE_SWITCHED &&
	    command != GIVE_UP)
		sm.state = REWIRE_UPDATE_ABORTED;
	return rewire_fail(err, sm.fail[command], "refused, for a test");
}

/* Does the folder have a file that ends so? */
static bool has_file(const char *dir, const char *end)
{
	char command[512];

	snprintf(command, sizeof(command), "ls %s | grep -q '%s$'", dir, end);
	return !system(command);
}

int rewire_sm_open(struct rewire_error *err)
{
	(void)err;
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_sm_info(int fd, struct rewire_get_info *ret_info,
		   struct rewire_error *err)
{
	(void)fd;
	(void)ret_info;
	return rewire_fail(err, ENOTTY, "not played here");
}

int rewire_sm_list(int fd, __u64 **ret_ids, size_t *ret_count,
		   struct rewire_error *err)
{
	(void)fd;
	(void)err;
	*ret_ids = calloc(1, sizeof(**ret_ids));
	(*ret_ids)[0] = 7;
	*ret_count = sm.instance.state == REWIRE_ENCLAVE_DESTROYED ? 0 : 1;
	return 0;
}

int rewire_enclave_open(int fd, __u64 id, const __u8 workload[REWIRE_ID_SIZE],
			struct rewire_error *err)
{
	(void)fd;
	if (sm.instance.state == REWIRE_ENCLAVE_DESTROYED ||
	    (!id && memcmp(workload, sm.instance.workload, REWIRE_ID_SIZE)))
		return rewire_fail(err, ENOENT, "no such workload");
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_enclave_get_info(int enclave, struct rewire_enclave_info *ret_info,
			    struct rewire_error *err)
{
	(void)enclave;
	(void)err;
	*ret_info = sm.instance;
	return 0;
}

int rewire_enclave_enter(int enclave, unsigned int timeout_ms, pid_t *ret_pid,
			 struct rewire_error *err)
{
	(void)enclave;
	(void)timeout_ms;
	if (sm.instance.state == REWIRE_ENCLAVE_PAUSED && !sm.instance.pid) {
		sm.instance.state = REWIRE_ENCLAVE_RUNNING;
		sm.instance.pid = 99;
	}
	if (ret_pid)
		*ret_pid = 99;
	return say(ENTER, err);
}

int rewire_update_start(int fd, const struct rewire_update_order *order,
			const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
			__u8 ret_id[REWIRE_ID_SIZE], struct rewire_error *err)
{
	int rc;

	(void)fd;
	if (sm.busy) {
		sm.busy--;
		return rewire_fail(err, EBUSY, "a migration has it");
	}
	rc = say(START, err);
	if (rc)
		return rc;
	sm.begun++;
	sm.known = true;
	sm.is_volatile = is_volatile;
	sm.state = REWIRE_UPDATE_LOADING;
	sm.order = *order;
	if (sm.file >= 0)
		close(sm.file);
	sm.file = memfd_create("update", MFD_CLOEXEC);
	rewire_update_id(&order->words.package, workload, ret_id, NULL);
	return dup(sm.file);
}

int rewire_update_try(int fd, const struct rewire_update_order *order,
		      const __u8 workload[REWIRE_ID_SIZE], bool is_volatile,
		      struct rewire_error *err)
{
	(void)fd;
	(void)order;
	(void)workload;
	(void)is_volatile;
	return rewire_fail(err, ENOTTY, "not played here");
}

int rewire_update_open(int fd, const __u8 id[REWIRE_ID_SIZE],
		       struct rewire_error *err)
{
	(void)fd;
	(void)id;
	return sm.known ? dup(sm.file) :
			  rewire_fail(err, ENOENT, "no such update");
}

int rewire_update_open_enclave(int update, struct rewire_error *err)
{
	int rc = say(ENCLAVE, err);

	(void)update;
	if (!rc)
		sm.state = REWIRE_UPDATE_LOADED;
	return rc ? rc : eventfd(0, EFD_CLOEXEC);
}

int rewire_update_hand_over(int update, unsigned int timeout_ms,
			    struct rewire_error *err)
{
	int rc = say(HAND_OVER, err);

	(void)update;
	assert_int_equal(timeout_ms, 10000);
	if (!rc)
		sm.state = REWIRE_UPDATE_HANDED;
	return rc;
}

int rewire_update_seal(int update, __u32 version, struct rewire_error *err)
{
	int fd, rc = say(version == REWIRE_VERSION_OLD ? SEAL_OLD : SEAL_NEW,
			 err);

	(void)update;
	if (rc)
		return rc;
	fd = memfd_create("stream", MFD_CLOEXEC);
	assert_int_equal(write(fd, version == REWIRE_VERSION_OLD ? "old" :
			       "new", 3), 3);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int rewire_update_enter_trial(int update, struct rewire_error *err)
{
	int rc = say(TRIAL, err);

	(void)update;
	if (rc)
		return rc;
	sm.state = REWIRE_UPDATE_TRIAL;
	if (!sm.is_volatile && !has_file(sm.trials, "old"))
		sm.unsafe = true;
	return 0;
}

int rewire_update_ask_health(int update, unsigned int timeout_ms,
			     struct rewire_error *err)
{
	(void)update;
	(void)timeout_ms;
	if (sm.in_trial)
		sm.in_trial();
	return say(HEALTH, err);
}

int rewire_update_make_switch(int update, __u64 *ret_epoch,
			      struct rewire_error *err)
{
	const struct rewire_manifest *to = &sm.order.words.manifest.body.manifest;
	int rc = say(SWITCH, err);

	(void)update;
	(void)ret_epoch;
	if (rc)
		return rc;
	if (!sm.is_volatile && !has_file(sm.trials, "new"))
		sm.unsafe = true;
	sm.state = REWIRE_UPDATE_SWITCHED;
	sm.instance.release = to->release;
	memcpy(sm.instance.measurement, to->measurement, REWIRE_DIGEST_SIZE);
	if (sm.fail_after)
		return rewire_fail(err, sm.fail_after, "after it was done");
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_update_give_up(int update, struct rewire_error *err)
{
	(void)update;
	if (sm.state >= REWIRE_UPDATE_SWITCHED)
		return rewire_fail(err, EBADFD, "too late");
	sm.state = REWIRE_UPDATE_ABORTED;
	return say(GIVE_UP, err);
}

int rewire_update_get_info(int update, struct rewire_update_info *ret_info,
			   struct rewire_error *err)
{
	(void)update;
	(void)err;
	*ret_info = (struct rewire_update_info){
		.state = sm.state,
		.pause_us = 1234,
	};
	return 0;
}

int rewire_update_read_receipt(int update, void *buffer, size_t *ret_length,
			       struct rewire_error *err)
{
	(void)update;
	if (sm.state < REWIRE_UPDATE_SWITCHED)
		return rewire_fail(err, EBADFD, "not over");
	memcpy(buffer, "receipt", 7);
	*ret_length = 7;
	return 0;
}

const char *rewire_update_state_name(__u32 state)
{
	(void)state;
	return "a state";
}

int rewire_reseal_open(int fd, struct rewire_error *err)
{
	(void)fd;
	(void)err;
	return memfd_create("reseal", MFD_CLOEXEC);
}

int rewire_stream_copy(int from, int to, __u64 *ret_bytes,
		       struct rewire_error *err)
{
	char data[64];
	ssize_t n = read(from, data, sizeof(data));

	(void)ret_bytes;
	return rewire_write_all(to, data, (size_t)n, err);
}

int rewire_stream_make_live(int stream, __u64 *ret_id, __u64 *ret_epoch,
			    struct rewire_error *err)
{
	char data[3] = "";

	(void)ret_id;
	(void)ret_epoch;
	assert_int_equal(pread(stream, data, 3, 0), 3);
	if (sm.restoring && memcmp(data, sm.restoring, 3))
		return rewire_fail(err, ESTALE, "not decided for");
	sm.old_restored = !memcmp(data, "old", 3);
	sm.new_restored = !memcmp(data, "new", 3);
	sm.instance.state = REWIRE_ENCLAVE_PAUSED;
	sm.instance.pid = 0;
	return eventfd(0, EFD_CLOEXEC);
}

int rewire_watch_open(__u64 since, struct rewire_watch **ret_watch,
		      struct rewire_error *err)
{
	(void)since;
	(void)err;
	*ret_watch = NULL;
	return 0;
}

int rewire_watch_fd(const struct rewire_watch *watch)
{
	(void)watch;
	return sm.watch;
}

int rewire_watch_read(struct rewire_watch *watch, rewire_event_fn *event,
		      void *data, struct rewire_error *err)
{
	eventfd_t count;

	(void)watch;
	(void)event;
	(void)data;
	(void)err;
	eventfd_read(sm.watch, &count);
	return 0;
}

void rewire_watch_close(struct rewire_watch *watch)
{
	(void)watch;
}

/* ---- a host ---- */

static struct package_file file;
static struct rewire_update_order *order;
static struct helper helper = { .stop = -1 };
static char dir[256], inbox[300];
static __u8 *payload;
static int payload_fd;

static const __u8 workload[REWIRE_ID_SIZE] = { 1, 2, 3 };

static int set_up(void **state)
{
	const unsigned int threads[POOL_KINDS] = { [POOL_UPDATER] = 1 };

	(void)state;
	log_open(LOG_LEVEL_ERROR - 1);
	strcpy(dir, scratch_path(fixture_folder, "host.XXXXXX"));
	if (!mkdtemp(dir))
		return -1;
	snprintf(inbox, sizeof(inbox), "%s/inbox", dir);
	mkdir(inbox, 0700);
	fixture_defaults(&file);
	file.package.payload_length = PAYLOAD_LENGTH;
	fixture_sign(&file, 0);
	if (rewire_update_order_parse(file.data, file.length, NULL, 0, &order,
				      NULL))
		return -1;
	payload = malloc(PAYLOAD_LENGTH);
	for (size_t i = 0; i < PAYLOAD_LENGTH; i++)
		payload[i] = (__u8)(i * 7 ^ i >> 8);
	payload_fd = memfd_create("payload", MFD_CLOEXEC);
	assert_int_equal(write(payload_fd, payload, PAYLOAD_LENGTH),
			 PAYLOAD_LENGTH);

	memset(&sm, 0, sizeof(sm));
	sm.file = -1;
	sm.watch = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sm.instance = (struct rewire_enclave_info){
		.state = REWIRE_ENCLAVE_RUNNING, .id = 7, .release = 3,
		.pid = 42, .memory = 1 << 20,
	};
	memcpy(sm.instance.workload, workload, REWIRE_ID_SIZE);
	memcpy(sm.instance.software, file.manifest.software, REWIRE_ID_SIZE);
	snprintf(sm.trials, sizeof(sm.trials), "%.200s/trials", dir);

	helper.options = (struct options){
		.state_dir = dir, .host_dir = dir, .update_inbox = inbox,
	};
	helper.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return store_open(&helper.store, dir, NULL) |
	       updates_open(&helper, &helper.updates, NULL) |
	       pool_new(threads, &helper.pool, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	pool_free(helper.pool);
	updates_close(helper.updates);
	close(helper.stop);
	close(sm.watch);
	if (sm.file >= 0)
		close(sm.file);
	close(payload_fd);
	free(payload);
	free(order);
	return 0;
}

static bool trials_left(void)
{
	return has_file(sm.trials, "old") || has_file(sm.trials, "new");
}

/* ---- the engine ---- */

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

/* ---- the helper ---- */

static void policy_is(const char *text)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/policy", dir);
	assert_int_equal(rewire_file_write(path, text, strlen(text), 0600,
					   NULL), 0);
	helper.options.update_policy = path;
	assert_int_equal(updates_read_policy(helper.updates, NULL), 0);
}

static void drop(void)
{
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.payload"),
					   payload, PAYLOAD_LENGTH, 0600, NULL),
			 0);
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.package"),
					   file.data, file.length, 0600, NULL),
			 0);
}

/* One look of the updater, from its beginning to its end. */
static void look(struct updater *updater)
{
	struct pollfd done = { pool_done_fd(helper.pool), POLLIN, 0 };

	updates_poke(helper.updates);
	updater_tick(updater);
	assert_int_equal(poll(&done, 1, 60000), 1);
	pool_reap(helper.pool);
}

static struct updater *updater;
static struct event_base *base;

static int set_up_updater(void **state)
{
	int rc = set_up(state);

	base = event_base_new();
	return rc ? rc : updater_open(base, helper.updates, &updater, NULL);
}

static int tear_down_updater(void **state)
{
	updater_close(updater);
	event_base_free(base);
	return tear_down(state);
}

/* What the ledger has of the one update there is; -1 for nothing. */
static int entry_is(struct entry *entry)
{
	struct entry *entries;
	int count = ledger_list(&helper.updates->ledger, &entries);

	assert_true(count >= 0 && count <= 1);
	if (count)
		*entry = entries[0];
	free(entries);
	return count ? (int)entry->state : -1;
}

static void automatic(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	look(updater);
	assert_int_equal(entry_is(&entry), -1);
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_int_equal(sm.instance.release, 4);
	assert_int_equal(entry.from_release, 3);
	assert_int_equal(entry.to_release, 4);
	assert_int_equal(entry.pause_us, 1234);
	assert_string_equal(entry.package, "a");
	assert_true(has_file(scratch_path(dir, "receipts"), "receipt"));
	/* and once only */
	look(updater);
	assert_int_equal(sm.begun, 1);
}

/* The repository's side, in what the updater asks of it. */
static char wanted[256];

void fetcher_want(struct fetcher *fetcher, const char *package)
{
	(void)fetcher;
	snprintf(wanted, sizeof(wanted), "%s", package);
}

/* A payload is asked for once somebody agreed, and not before. */
static void payload_is_fetched_by_consent(void **state)
{
	struct entry entry;
	int any;

	(void)state;
	/* No more is looked at than that there is one. */
	helper.fetcher = (struct fetcher *)&any;
	wanted[0] = '\0';
	drop();
	unlink(scratch_path(inbox, "a.payload"));
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_string_equal(wanted, "");
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look(updater);
	assert_string_equal(wanted, "a");
	assert_int_equal(sm.begun, 0);
	/* One that is cut short is as good as none. */
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.payload"),
					   payload, 100, 0600, NULL), 0);
	wanted[0] = '\0';
	look(updater);
	assert_string_equal(wanted, "a");
	assert_int_equal(sm.begun, 0);
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	helper.fetcher = NULL;
}

static void window_that_is_closed(void **state)
{
	time_t now = time(NULL);
	struct tm later;
	struct entry entry;
	char text[256];

	(void)state;
	now += 3 * 24 * 3600;
	localtime_r(&now, &later);
	snprintf(text, sizeof(text),
		 "{\"default\":{\"consent\":\"automatic\",\"windows\":[{\"days\":\"%s\",\"from\":\"00:00\",\"to\":\"24:00\"}]}}",
		 &"sun\0mon\0tue\0wed\0thu\0fri\0sat"[4 * later.tm_wday]);
	policy_is(text);
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(sm.begun, 0);
	/* Who says so need not wait for it. */
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void notify(void **state)
{
	struct entry entry;

	(void)state;
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(sm.begun, 0);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_REJECTED, NULL, NULL), 0);
	look(updater);
	assert_int_equal(sm.begun, 0);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void manual(void **state)
{
	struct entry entry;
	struct task task = {
		.order = order, .payload = payload_fd, .package = "",
		.client = -1,
	};

	(void)state;
	policy_is("{\"default\":{\"consent\":\"manual\"}}");
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look(updater);
	assert_int_equal(sm.begun, 0);
	task.instance = sm.instance;
	assert_int_equal(updates_run(helper.updates, &task, &entry, NULL), 0);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void on_arrival(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	/* It was here when the package came: nothing arrived. */
	drop();
	look(updater);
	assert_int_equal(sm.begun, 0);
	store_set_arrived(&helper.store, workload, true);
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_false(store_is_arrived(&helper.store, workload));
}

/* An arrival counts for what is there then, and not for what comes later. */
static void arrival_is_over(void **state)
{
	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	store_set_arrived(&helper.store, workload, true);
	look(updater);
	assert_false(store_is_arrived(&helper.store, workload));
	drop();
	look(updater);
	assert_int_equal(sm.begun, 0);
}

static void arrival_that_has_to_wait(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"notify\",\"on_arrival\":true}}");
	drop();
	store_set_arrived(&helper.store, workload, true);
	sm.busy = 1;
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(entry.error, EBUSY);
	assert_true(store_is_arrived(&helper.store, workload));
	/* Not at once again. */
	look(updater);
	assert_int_equal(sm.begun, 0);
	helper.updates->ledger.entry[0].time -= 60;
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_false(store_is_arrived(&helper.store, workload));
}

static void failure_is_final_until_approved(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.fail[HEALTH] = ECANCELED;
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	assert_int_equal(entry.error, ECANCELED);
	sm.fail[HEALTH] = 0;
	helper.updates->ledger.entry[0].time -= 60;
	look(updater);
	assert_int_equal(sm.begun, 1);
	assert_int_equal(ledger_decide(&helper.updates->ledger, entry.id,
				       DECISION_APPROVED, NULL, NULL), 0);
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
}

static void refused_by_the_sm(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.fail[START] = ENOKEY;
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_REFUSED);
	assert_int_equal(entry.error, ENOKEY);
}

static void withdrawn(void **state)
{
	struct entry entry;

	(void)state;
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(unlink(scratch_path(inbox, "a.package")), 0);
	look(updater);
	assert_int_equal(entry_is(&entry), -1);
	/* So does one whose workload went. */
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	sm.instance.state = REWIRE_ENCLAVE_DESTROYED;
	look(updater);
	assert_int_equal(entry_is(&entry), -1);
}

static void not_for_it(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.instance.release = 5;
	look(updater);
	sm.instance.release = 4;
	look(updater);
	sm.instance.release = 3;
	sm.instance.software[0] ^= 1;
	look(updater);
	assert_int_equal(entry_is(&entry), -1);
	assert_int_equal(sm.begun, 0);
}

static void cancelled(void **state)
{
	struct entry entry, after;

	(void)state;
	drop();
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
	assert_int_equal(updates_cancel(helper.updates, entry.id, &after, NULL),
			 0);
	assert_int_equal(after.decision, DECISION_REJECTED);
	memset(after.id, 9, sizeof(after.id));
	assert_int_equal(updates_cancel(helper.updates, after.id, &after, NULL),
			 -ENOENT);
}

/* The guard that a cancel wakes may be at the SM before it, or after it. */
static void cancel_once_more(void)
{
	struct entry entry;

	assert_int_equal(entry_is(&entry), ENTRY_RUNNING);
	for (int i = 0; i < 2; i++)
		assert_int_equal(updates_cancel(helper.updates, entry.id,
						&entry, NULL), 0);
	sm.fail[HEALTH] = ECANCELED;
}

static void cancelled_in_its_trial(void **state)
{
	struct entry entry;

	(void)state;
	policy_is("{\"default\":{\"consent\":\"automatic\"}}");
	drop();
	sm.in_trial = cancel_once_more;
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	assert_string_equal(entry.reason, "cancelled, as somebody asked for");
}

/* A client that hangs up cancels; a helper that stops leaves what can wait. */
static void ended_from_outside(void **state)
{
	struct task task = {
		.order = order, .payload = payload_fd, .package = "",
		.instance = sm.instance,
	};
	struct rewire_error err;
	struct entry entry;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	close(pair[1]);
	task.client = pair[0];
	assert_int_equal(updates_run(helper.updates, &task, &entry, &err),
			 -ECANCELED);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	close(pair[0]);

	task.client = -1;
	task.package = "a";
	ledger_remove(&helper.updates->ledger, entry.id);
	eventfd_write(helper.stop, 1);
	assert_int_equal(updates_run(helper.updates, &task, &entry, &err),
			 -ESHUTDOWN);
	assert_int_equal(entry_is(&entry), ENTRY_PENDING);
}

/* ---- what clients may ask for ---- */

static json_t *ask(int op, const __u8 *id, int fd, int expected)
{
	struct rewire_ctl_request request = {
		.op = op,
		.update = {
			.package = file.data,
			.package_length = file.length,
			.all = true,
		},
	};
	struct rewire_error err = { 0 };
	json_t *info = NULL;
	int rc;

	if (id)
		memcpy(request.update.id, id, REWIRE_ID_SIZE);
	rc = update_verb(helper.updates, &request, fd, -1, &info, &err);
	if (rc != -expected)
		fail_msg("%d, not %d: %s", rc, -expected, err.text);
	assert_int_equal(info != NULL, !expected);
	return info;
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static void verb_apply(void **state)
{
	struct entry entry;
	json_t *info;

	(void)state;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, -1, EINVAL);
	sm.instance.software[0] ^= 1;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, ENOENT);
	sm.instance.software[0] ^= 1;
	sm.fail[HEALTH] = ETIMEDOUT;
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, ETIMEDOUT);
	assert_int_equal(entry_is(&entry), ENTRY_ABORTED);
	sm.fail[HEALTH] = 0;
	info = ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, 0);
	assert_int_equal(number(info, "updated"), 1);
	assert_int_equal(number(info, "failed"), 0);
	assert_int_equal(number(info, "left"), 0);
	json_decref(info);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	assert_string_equal(entry.package, "");

	info = ask(REWIRE_CTL_UPDATE_RECEIPT, entry.id, -1, 0);
	assert_string_equal(text(info, "receipt"), "cmVjZWlwdA==");
	assert_int_equal(unlink(text(info, "receipt_file")), 0);
	json_decref(info);
	/* the SM has it still, and it is kept again */
	info = ask(REWIRE_CTL_UPDATE_RECEIPT, entry.id, -1, 0);
	assert_int_equal(access(text(info, "receipt_file"), R_OK), 0);
	json_decref(info);
}

static void verb_plan(void **state)
{
	json_t *info, *one;

	(void)state;
	info = ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "instances"), 0);
	/* The played SM would take none: its reason is passed on. */
	assert_int_equal(number(one, "errno"), ENOTTY);
	assert_string_equal(text(one, "why"), "not played here");
	assert_int_equal(number(json_object_get(one, "from"), "release"), 3);
	assert_true(json_is_null(json_object_get(one, "pause")));
	json_decref(info);
	assert_string_equal(sm.commands, "");
	json_decref(ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, 0));
	/* Who has it is left out of all. */
	ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_APPLY, NULL, payload_fd, EALREADY);
	/* After one that was done, there is something to go by. */
	sm.instance.release = 3;
	info = ask(REWIRE_CTL_UPDATE_PLAN, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "instances"), 0);
	assert_int_equal(number(json_object_get(one, "pause"), "us"), 1234);
	json_decref(info);
}

static void verbs_of_consent(void **state)
{
	static const __u8 unknown[REWIRE_ID_SIZE] = { 9 };
	struct entry entry;
	json_t *info, *one;

	(void)state;
	info = ask(REWIRE_CTL_UPDATE_LIST, NULL, -1, 0);
	assert_int_equal(json_array_size(json_object_get(info, "updates")), 0);
	json_decref(info);
	drop();
	look(updater);
	entry_is(&entry);
	info = ask(REWIRE_CTL_UPDATE_LIST, NULL, -1, 0);
	one = json_array_get(json_object_get(info, "updates"), 0);
	assert_string_equal(text(one, "state"), "pending");
	assert_string_equal(text(one, "waits_for"), "approval");
	assert_string_equal(text(one, "package"), "a");
	json_decref(info);

	ask(REWIRE_CTL_UPDATE_APPROVE, unknown, -1, ENOENT);
	info = ask(REWIRE_CTL_UPDATE_REJECT, entry.id, -1, 0);
	assert_string_equal(text(info, "state"), "rejected");
	json_decref(info);
	policy_is("{\"default\":{\"consent\":\"manual\"}}");
	ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, EPERM);
	policy_is("{\"default\":{\"consent\":\"notify\"}}");
	json_decref(ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, 0));
	/* Approving made the helper look by itself. */
	assert_true(helper.poked);
	look(updater);
	assert_int_equal(entry_is(&entry), ENTRY_SWITCHED);
	ask(REWIRE_CTL_UPDATE_APPROVE, entry.id, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_CANCEL, entry.id, -1, EALREADY);
	ask(REWIRE_CTL_UPDATE_CANCEL, unknown, -1, ENOENT);
}

/* ---- after a crash ---- */

static struct entry crashed(const char *package)
{
	struct entry entry = { .state = ENTRY_RUNNING };

	memcpy(entry.workload, workload, REWIRE_ID_SIZE);
	memcpy(entry.software, file.manifest.software, REWIRE_ID_SIZE);
	rewire_update_id(&order->words.package, workload, entry.id, NULL);
	strcpy(entry.package, package);
	assert_int_equal(ledger_put(&helper.updates->ledger, &entry, NULL), 0);
	return entry;
}

static void keep(const struct entry *entry, __u32 version)
{
	char path[STORE_PATH];

	assert_int_equal(rewire_update_checkpoint_path(sm.trials, workload,
						       entry->id, version, path,
						       sizeof(path), NULL), 0);
	assert_int_equal(rewire_file_write(path, version == REWIRE_VERSION_OLD ?
					   "old" : "new", 3, 0600, NULL), 0);
}

static void crashes(void **state)
{
	static const struct {
		const char *what;
		__u32 state;		/* REWIRE_UPDATE_STATES: not known */
		bool host_went;
		bool old, new;		/* kept */
		const char *package;
		enum entry_state after;
		const char *restored;	/* "old", "new", "" */
	} rows[] = {
		{ "helper, while loading", REWIRE_UPDATE_ABORTED, false, false,
		  false, "", ENTRY_ABORTED, "" },
		{ "helper, the SM has not noticed", REWIRE_UPDATE_HANDED, false,
		  true, false, "", ENTRY_ABORTED, "" },
		{ "helper, in trial", REWIRE_UPDATE_ABORTED, false, true, false,
		  "a", ENTRY_ABORTED, "" },
		{ "helper, after the switch", REWIRE_UPDATE_SWITCHED, false,
		  true, true, "", ENTRY_SWITCHED, "" },
		{ "host, before anything was kept", REWIRE_UPDATE_STATES, true,
		  false, false, "", ENTRY_LOST, "" },
		{ "host, handed", REWIRE_UPDATE_STATES, true, true, false, "a",
		  ENTRY_PENDING, "old" },
		{ "host, in trial", REWIRE_UPDATE_ABORTED, true, true, true, "",
		  ENTRY_ABORTED, "old" },
		{ "host, after the switch", REWIRE_UPDATE_SWITCHED, true, true,
		  true, "", ENTRY_SWITCHED, "new" },
		{ "host, after the switch, volatile", REWIRE_UPDATE_SWITCHED,
		  true, false, false, "", ENTRY_LOST, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct entry entry = crashed(rows[i].package);

		sm.known = rows[i].state != REWIRE_UPDATE_STATES;
		sm.state = rows[i].state;
		sm.file = sm.file < 0 ? memfd_create("u", MFD_CLOEXEC) : sm.file;
		sm.restoring = rows[i].restored;
		sm.old_restored = sm.new_restored = false;
		sm.instance.state = rows[i].host_went ?
				    REWIRE_ENCLAVE_DESTROYED :
				    REWIRE_ENCLAVE_RUNNING;
		if (rows[i].old)
			keep(&entry, REWIRE_VERSION_OLD);
		if (rows[i].new)
			keep(&entry, REWIRE_VERSION_NEW);
		assert_true(updates_recover(helper.updates));
		if (entry_is(&entry) != (int)rows[i].after)
			fail_msg("%s: %s: %s", rows[i].what,
				 entry_state_name(entry.state), entry.reason);
		assert_int_equal(sm.old_restored,
				 !strcmp(rows[i].restored, "old"));
		assert_int_equal(sm.new_restored,
				 !strcmp(rows[i].restored, "new"));
		if (rows[i].restored[0])
			assert_int_equal(sm.instance.state,
					 REWIRE_ENCLAVE_RUNNING);
		assert_false(trials_left());
		ledger_remove(&helper.updates->ledger, entry.id);
	}
}

/* A checkpoint that the SM does not take is not the state that was. */
static void checkpoint_of_no_use(void **state)
{
	struct entry entry = crashed("");

	(void)state;
	sm.instance.state = REWIRE_ENCLAVE_DESTROYED;
	sm.restoring = "neither";
	keep(&entry, REWIRE_VERSION_OLD);
	assert_true(updates_recover(helper.updates));
	assert_int_equal(entry_is(&entry), ENTRY_LOST);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define with_updater(name) \
	cmocka_unit_test_setup_teardown(name, set_up_updater, tear_down_updater)

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
		with_updater(automatic),
		with_updater(payload_is_fetched_by_consent),
		with_updater(window_that_is_closed),
		with_updater(notify),
		with_updater(manual),
		with_updater(on_arrival),
		with_updater(arrival_is_over),
		with_updater(arrival_that_has_to_wait),
		with_updater(failure_is_final_until_approved),
		with_updater(refused_by_the_sm),
		with_updater(withdrawn),
		with_updater(not_for_it),
		with_updater(cancelled),
		with_updater(cancelled_in_its_trial),
		test(ended_from_outside),
		test(verb_apply),
		test(verb_plan),
		with_updater(verbs_of_consent),
		test(crashes),
		test(checkpoint_of_no_use),
	};

	return cmocka_run_group_tests_name("update_flow", tests,
					   fixture_set_up, fixture_tear_down);
}
