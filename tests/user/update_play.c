// SPDX-License-Identifier: MIT
/*
 * What is played, see update_play.h.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "update_play.h"

#include "events.h"
#include "fetcher.h"
#include "log.h"
#include "scratch.h"

static const char *const command_names[COMMANDS] = {
	"start", "enclave", "enter", "handover", "seal-old", "trial", "health",
	"seal-new", "switch", "give-up",
};

struct update_sm sm;

bool has_file(const char *dir, const char *end)
{
	char command[512];

	snprintf(command, sizeof(command), "ls %s | grep -q '%s$'", dir, end);
	return !system(command);
}

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

/* ---- the repository, in what the updater asks of it ---- */

char wanted[256];

void fetcher_want(struct fetcher *fetcher, const char *package)
{
	(void)fetcher;
	snprintf(wanted, sizeof(wanted), "%s", package);
}

/* ---- the host ---- */

struct package_file file;
struct rewire_update_order *order;
struct helper helper = { .stop = -1 };
char dir[256], inbox[300];
__u8 *payload;
int payload_fd;

const __u8 workload[REWIRE_ID_SIZE] = { 1, 2, 3 };

struct updater *updater;
static struct event_base *base;

int set_up(void **state)
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

int tear_down(void **state)
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

bool trials_left(void)
{
	return has_file(sm.trials, "old") || has_file(sm.trials, "new");
}

void policy_is(const char *text)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/policy", dir);
	assert_int_equal(rewire_file_write(path, text, strlen(text), 0600,
					   NULL), 0);
	helper.options.update_policy = path;
	assert_int_equal(updates_read_policy(helper.updates, NULL), 0);
}

void drop(void)
{
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.payload"),
					   payload, PAYLOAD_LENGTH, 0600, NULL),
			 0);
	assert_int_equal(rewire_file_write(scratch_path(inbox, "a.package"),
					   file.data, file.length, 0600, NULL),
			 0);
}

void look(void)
{
	struct pollfd done = { pool_done_fd(helper.pool), POLLIN, 0 };

	updates_poke(helper.updates);
	updater_tick(updater);
	assert_int_equal(poll(&done, 1, 60000), 1);
	pool_reap(helper.pool);
}

int set_up_updater(void **state)
{
	int rc = set_up(state);

	base = event_base_new();
	return rc ? rc : updater_open(base, helper.updates, &updater, NULL);
}

int tear_down_updater(void **state)
{
	updater_close(updater);
	event_base_free(base);
	return tear_down(state);
}

int entry_is(struct entry *entry)
{
	struct entry *entries;
	int count = ledger_list(&helper.updates->ledger, &entries);

	assert_true(count >= 0 && count <= 1);
	if (count)
		*entry = entries[0];
	free(entries);
	return count ? (int)entry->state : -1;
}
