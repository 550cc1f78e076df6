// SPDX-License-Identifier: MIT
/*
 * One update of one workload, from the first byte of the payload to the receipt.
 *
 *	BEGIN, payload				LOADING to LOADED
 *	ticket, enter				the new version starts up
 *	HANDOVER				HANDED; calls wait since HANDING
 *	CHECKPOINT of the old one -> disk
 *	BEGIN_TRIAL, HEALTH			TRIAL
 *	CHECKPOINT of the new one -> disk
 *	SWITCH					SWITCHED
 *
 * Whatever fails before SWITCHED ends in ABORTED, and the old version goes on.
 * The SM sees to that; here it is only told so early, and asked how it ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "rewire_update.h"

#define PIECE		(256 * 1024)
#define MAX_TIMEOUT_MS	3600000U
/* For the end of what makes no event: another's checkpoint that is read. */
#define RETRY_MS	5000

struct run {
	const struct rewire_update_job *job;
	struct rewire_update_result *result;
	int sm, update;
	__u64 start;
};

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

const char *rewire_update_phase_name(enum rewire_update_phase phase)
{
	static const char *const names[REWIRE_UPDATE_PHASES] = {
		[REWIRE_UPDATE_DOES_WAIT] = "wait",
		[REWIRE_UPDATE_DOES_LOAD] = "load",
		[REWIRE_UPDATE_DOES_START] = "start",
		[REWIRE_UPDATE_DOES_HANDOVER] = "handover",
		[REWIRE_UPDATE_DOES_SEAL_OLD] = "seal-old",
		[REWIRE_UPDATE_DOES_TRIAL] = "trial",
		[REWIRE_UPDATE_DOES_SEAL_NEW] = "seal-new",
		[REWIRE_UPDATE_DOES_SWITCH] = "switch",
	};

	return phase < REWIRE_UPDATE_PHASES ? names[phase] : "unknown";
}

static int step(struct run *run, enum rewire_update_phase phase, __u64 bytes,
		__u64 total, struct rewire_error *err)
{
	struct rewire_update_step step = {
		.phase = phase,
		.bytes = bytes,
		.total = total,
		.ms = now_ms() - run->start,
	};

	if (!run->job->step)
		return 0;
	memcpy(step.id, run->result->id, REWIRE_ID_SIZE);
	memcpy(step.workload, run->job->workload, REWIRE_ID_SIZE);
	return run->job->step(&step, run->job->data, err);
}

/* ---- BEGIN, and waiting for it ---- */

static int begin(struct run *run, struct rewire_error *err)
{
	int update = rewire_update_start(run->sm, run->job->order,
					 run->job->workload,
					 run->job->is_volatile,
					 run->result->id, err);

	if (update < 0)
		return update;
	run->update = update;
	run->result->begun = true;
	return 0;
}

/* That something happened is enough: the SM is asked again. */
static void ignore_event(const struct rewire_event *event, void *data)
{
	(void)event;
	(void)data;
}

/* Until there is an event of the SM, or of whoever may call it off. */
static int await_event(struct run *run, struct rewire_watch *watch,
		       __u64 deadline, struct rewire_error *err)
{
	struct pollfd files[1 + REWIRE_MAX_INTERRUPTS];
	nfds_t count = 0;
	__u64 now = now_ms();
	__u64 left = deadline > now ? deadline - now : 0;

	files[count++] = (struct pollfd){
		.fd = rewire_watch_fd(watch), .events = POLLIN,
	};
	while (count <= run->job->interrupts && count <= REWIRE_MAX_INTERRUPTS) {
		files[count] = run->job->interrupt[count - 1];
		count++;
	}
	if (poll(files, count, (int)(left < RETRY_MS ? left : RETRY_MS)) < 0 &&
	    errno != EINTR)
		return rewire_fail(err, errno, "waiting for the workload: %s",
				   strerror(errno));
	return rewire_watch_read(watch, ignore_event, NULL, err);
}

/* The watch is open before the SM is asked again: no event can be missed. */
static int wait_and_begin(struct run *run, struct rewire_error *err)
{
	__u64 deadline = run->start + run->job->wait_ms;
	struct rewire_watch *watch;
	int rc = rewire_watch_open(0, &watch, err);

	if (!rc)
		rc = rewire_watch_read(watch, ignore_event, NULL, err);
	while (!rc) {
		rc = begin(run, err);
		if (rc != -EBUSY || now_ms() >= deadline)
			break;
		rc = step(run, REWIRE_UPDATE_DOES_WAIT, 0, 0, err);
		if (!rc)
			rc = await_event(run, watch, deadline, err);
	}
	rewire_watch_close(watch);
	return rc;
}

static int begin_or_wait(struct run *run, struct rewire_error *err)
{
	int rc = begin(run, err);

	if (rc != -EBUSY || !run->job->wait_ms)
		return rc;
	return wait_and_begin(run, err);
}

/* ---- LOADING ---- */

static int write_piece(struct run *run, const __u8 *data, size_t length,
		       struct rewire_error *err)
{
	while (length) {
		ssize_t n = write(run->update, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_update_refused(err, run->update, errno,
						 "giving the SM the payload");
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

static int load_pieces(struct run *run, __u8 *buffer, struct rewire_error *err)
{
	const struct rewire_package *package = &run->job->order->words.package;
	__u64 total = package->payload_length, bytes = 0;
	int rc = step(run, REWIRE_UPDATE_DOES_LOAD, 0, total, err);

	while (!rc && bytes < total) {
		size_t want = total - bytes < PIECE ? (size_t)(total - bytes) :
						      PIECE;
		ssize_t n = pread(run->job->payload, buffer, want,
				  (off_t)bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rewire_fail(err, errno, "reading the payload: %s",
					   strerror(errno));
		if (!n)
			return rewire_fail(err, EBADMSG, "the payload ends after %llu bytes of %llu; get an unharmed copy",
					   (unsigned long long)bytes,
					   (unsigned long long)total);
		rc = write_piece(run, buffer, (size_t)n, err);
		bytes += (__u64)n;
		if (!rc)
			rc = step(run, REWIRE_UPDATE_DOES_LOAD, bytes, total,
				  err);
	}
	return rc;
}

/* The SM would find out too, but after it has measured it all. */
static int check_size(const struct rewire_update_job *job,
		      struct rewire_error *err)
{
	__u64 expected = job->order->words.package.payload_length;
	struct stat st;

	if (fstat(job->payload, &st))
		return rewire_fail(err, errno, "the payload: %s",
				   strerror(errno));
	if (!S_ISREG(st.st_mode))
		return rewire_fail(err, EINVAL, "the payload has to be a regular file");
	if ((__u64)st.st_size != expected)
		return rewire_fail(err, EBADMSG, "the payload has %llu bytes, and the package is for one of %llu; give the two that belong together",
				   (unsigned long long)st.st_size,
				   (unsigned long long)expected);
	return 0;
}

static int load(struct run *run, struct rewire_error *err)
{
	__u8 *buffer = malloc(PIECE);
	int rc;

	if (!buffer)
		return rewire_fail(err, ENOMEM, "no memory for the payload");
	rc = load_pieces(run, buffer, err);
	free(buffer);
	return rc;
}

static int start_up(struct run *run, struct rewire_error *err)
{
	int enclave, rc = step(run, REWIRE_UPDATE_DOES_START, 0, 0, err);

	if (rc)
		return rc;
	enclave = rewire_update_open_enclave(run->update, err);
	if (enclave < 0)
		return enclave;
	rc = rewire_enclave_enter(enclave, 0, NULL, err);
	close(enclave);
	return rc;
}

/* ---- checkpoints ---- */

int rewire_update_checkpoint_path(const char *dir,
				  const __u8 workload[REWIRE_ID_SIZE],
				  const __u8 id[REWIRE_ID_SIZE], __u32 version,
				  char *path, size_t size,
				  struct rewire_error *err)
{
	char workload_text[REWIRE_ID_TEXT], id_text[REWIRE_ID_TEXT];
	int length = snprintf(path, size, "%s/%s.%s.%s", dir,
			      rewire_id_format(workload, workload_text),
			      rewire_id_format(id, id_text),
			      version == REWIRE_VERSION_OLD ? "old" : "new");

	if (length < 0 || (size_t)length >= size)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

/* The file appears under its name when it is whole, and on the disk. */
static int write_stream(int stream, const char *path, struct rewire_error *err)
{
	struct rewire_output out;
	int rc = rewire_output_open(&out, path, 0600, err);

	if (rc)
		return rc;
	rc = rewire_stream_copy(stream, out.fd, NULL, err);
	if (rc) {
		rewire_output_discard(&out);
		return rc;
	}
	return rewire_output_commit(&out, err);
}

static int keep(struct run *run, __u32 version, enum rewire_update_phase phase,
		struct rewire_error *err)
{
	char path[4096];
	int stream, rc;

	if (run->job->is_volatile)
		return 0;
	rc = step(run, phase, 0, 0, err);
	if (!rc)
		rc = rewire_update_checkpoint_path(run->job->checkpoints,
						   run->job->workload,
						   run->result->id, version,
						   path, sizeof(path), err);
	if (rc)
		return rc;
	stream = rewire_update_seal(run->update, version, err);
	if (stream < 0)
		return stream;
	rc = write_stream(stream, path, err);
	close(stream);
	return rc;
}

/* One of the versions runs on: neither file is worth anything any more. */
static void drop_checkpoints(const struct run *run)
{
	char path[4096];

	if (run->job->is_volatile)
		return;
	for (__u32 v = REWIRE_VERSION_OLD; v <= REWIRE_VERSION_NEW; v++)
		if (!rewire_update_checkpoint_path(run->job->checkpoints,
						   run->job->workload,
						   run->result->id, v, path,
						   sizeof(path), NULL))
			unlink(path);
}

/* ---- HANDING to SWITCHED ---- */

static unsigned int trial_ms(const struct run *run)
{
	__u32 ms = run->job->order->words.package.trial_ms;

	/* One that an SM takes in any case: it knows the bound of its own. */
	return ms && ms <= MAX_TIMEOUT_MS ? ms : MAX_TIMEOUT_MS;
}

static int hand_over(struct run *run, struct rewire_error *err)
{
	int rc = step(run, REWIRE_UPDATE_DOES_HANDOVER, 0, 0, err);

	return rc ? rc : rewire_update_hand_over(run->update, trial_ms(run),
						 err);
}

static int try_out(struct run *run, struct rewire_error *err)
{
	unsigned int checks = run->job->health_checks ?
			      run->job->health_checks : 1;
	int rc = step(run, REWIRE_UPDATE_DOES_TRIAL, 0, 0, err);

	if (!rc)
		rc = rewire_update_enter_trial(run->update, err);
	for (unsigned int i = 0; i < checks && !rc; i++)
		rc = rewire_update_ask_health(run->update, trial_ms(run), err);
	return rc;
}

static int make_switch(struct run *run, struct rewire_error *err)
{
	int enclave, rc = step(run, REWIRE_UPDATE_DOES_SWITCH, 0, 0, err);

	if (rc)
		return rc;
	enclave = rewire_update_make_switch(run->update, NULL, err);
	if (enclave < 0)
		return enclave;
	close(enclave);
	return 0;
}

static int go_through(struct run *run, struct rewire_error *err)
{
	int rc = load(run, err);

	if (!rc)
		rc = start_up(run, err);
	if (!rc)
		rc = hand_over(run, err);
	if (!rc)
		rc = keep(run, REWIRE_VERSION_OLD, REWIRE_UPDATE_DOES_SEAL_OLD,
			  err);
	if (!rc)
		rc = try_out(run, err);
	if (!rc)
		rc = keep(run, REWIRE_VERSION_NEW, REWIRE_UPDATE_DOES_SEAL_NEW,
			  err);
	if (!rc)
		rc = make_switch(run, err);
	return rc;
}

/* The SM's word counts, not what the last command seemed to say. */
static int ask_how_it_ended(struct run *run, int rc, struct rewire_error *err)
{
	struct rewire_update_result *result = run->result;
	size_t length = sizeof(result->receipt);

	if (rc)
		rewire_update_give_up(run->update, NULL);
	if (rewire_update_get_info(run->update, &result->info, rc ? NULL : err))
		return rc ? rc : -EIO;
	if (!rewire_update_read_receipt(run->update, result->receipt, &length,
					NULL))
		result->receipt_length = length;
	switch (result->info.state) {
	case REWIRE_UPDATE_SWITCHED:
		drop_checkpoints(run);
		return 0;
	case REWIRE_UPDATE_ABORTED:
		drop_checkpoints(run);
		break;
	}
	return rc ? rc : rewire_fail(err, EIO, "the SM says %s after the switch",
				     rewire_update_state_name(result->info.state));
}

int rewire_update_apply(int sm, const struct rewire_update_job *job,
			struct rewire_update_result *ret_result,
			struct rewire_error *err)
{
	struct run run = {
		.job = job,
		.result = ret_result,
		.sm = sm,
		.update = -1,
		.start = now_ms(),
	};
	/* What is tried again, or what the SM knows better, is no error. */
	struct rewire_error why = { 0 };
	int rc;

	*ret_result = (struct rewire_update_result){ 0 };
	rc = check_size(job, &why);
	if (!rc)
		rc = begin_or_wait(&run, &why);
	if (!rc)
		rc = ask_how_it_ended(&run, go_through(&run, &why), &why);
	ret_result->ms = now_ms() - run.start;
	if (run.update >= 0)
		close(run.update);
	return rc ? rewire_fail(err, -rc, "%s", why.text) : 0;
}
