// SPDX-License-Identifier: GPL-2.0-only
/*
 * One enclave's life, and everything that is refused on the way: an errno, a
 * reason, and no change.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "carry.h"
#include "cases.h"

static struct host alpha, beta;
static struct work work;

/* Each command on an enclave, otherwise in order. Returns 0 or an errno. */
static int add_pages(int fd)
{
	static const __u8 page[4096] __attribute__((aligned(4096)));
	struct rewire_add_pages add = {
		.size = sizeof(add), .length = sizeof(page),
		.source = (uintptr_t)page, .prot = REWIRE_PROT_READ,
	};

	return ioctl(fd, REWIRE_ADD_PAGES, &add) ? errno : 0;
}

static int init(int fd)
{
	struct rewire_signed manifest;

	if (rewire_signed_read(E2E_DIR "/counter.manifest",
			       REWIRE_TYPE_MANIFEST, &manifest, &work.error))
		tap_bail("%s", work.error.text);
	return -rewire_enclave_init(fd, &manifest, work.id, NULL, &work.error);
}

static int ticket(int fd)
{
	struct rewire_get_ticket get = { .size = sizeof(get) };

	return ioctl(fd, REWIRE_GET_TICKET, &get) ? errno : 0;
}

static int call(int fd)
{
	struct rewire_call one = {
		.size = sizeof(one), .client = { 9 }, .sequence = 1,
		.timeout_ms = 100,
	};

	return ioctl(fd, REWIRE_CALL, &one) ? errno : 0;
}

static int pause_(int fd)
{
	return -rewire_enclave_pause(fd, PATIENCE_MS, &work.error);
}

static int resume(int fd)
{
	struct rewire_resume one = { .size = sizeof(one) };

	return ioctl(fd, REWIRE_RESUME, &one) ? errno : 0;
}

static int extract(int fd)
{
	int stream = rewire_enclave_extract(fd, &work.error);

	if (stream < 0)
		return -stream;
	close(stream);
	return 0;
}

static int destroy(int fd)
{
	return -rewire_enclave_destroy(fd, &work.error);
}

static int (*const commands[])(int fd) = {
	add_pages, init, ticket, call, pause_, resume, extract, destroy,
};

static const char *const names[] = {
	"ADD_PAGES", "INIT", "GET_TICKET", "CALL", "PAUSE", "RESUME", "EXTRACT",
	"DESTROY",
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

/* Each command is refused with its errno, 0: not tried here. */
static void expect_refused(int fd, const int codes[COMMANDS])
{
	struct rewire_enclave_info before, after;
	struct rewire_get_why why;

	for (size_t i = 0; i < COMMANDS; i++) {
		int code;

		if (!codes[i])
			continue;
		expect_ok(rewire_enclave_get_info(fd, &before, &work.error),
			  &work.error);
		code = commands[i](fd);
		expect(code == codes[i], "%s when %s: %s, not %s", names[i],
		       rewire_enclave_state_name(before.state),
		       strerrorname_np(code), strerrorname_np(codes[i]));
		why = (struct rewire_get_why){ .size = sizeof(why) };
		expect(!ioctl(fd, REWIRE_GET_WHY, &why) && why.text[0],
		       "%s when %s: no reason", names[i],
		       rewire_enclave_state_name(before.state));
		rewire_enclave_get_info(fd, &after, &work.error);
		expect(!memcmp(&before, &after, sizeof(before)),
		       "%s when %s changed something: it is %s", names[i],
		       rewire_enclave_state_name(before.state),
		       rewire_enclave_state_name(after.state));
	}
}

static void building(void)
{
	static const int codes[COMMANDS] = {
		0, 0, EBADFD, EBADFD, EBADFD, EBADFD, EBADFD, 0,
	};
	struct rewire_image image;
	int fd;

	work_init(&work);
	if (rewire_image_open(E2E_ENCLAVES "/counter.elf", &image,
			      &work.error))
		tap_bail("%s", work.error.text);
	fd = rewire_enclave_create(alpha.sm, &image, NULL, &work.error);
	rewire_image_close(&image);
	expect_ok(fd, &work.error);
	expect_refused(fd, codes);
	close(fd);
	expect(!host_info(&alpha).enclaves, "closing its file left it");
}

static void ready(void)
{
	static const int codes[COMMANDS] = {
		EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD, EBADFD, 0,
	};
	int fd;

	work_init(&work);
	fd = work_load(&work, &alpha, "counter", "counter");
	expect_ok(fd, &work.error);
	expect_refused(fd, codes);
	close(fd);
	expect(!host_info(&alpha).enclaves, "closing its file left it");
}

static void running(void)
{
	static const int codes[COMMANDS] = {
		EBADFD, EBADFD, EBADFD, 0, 0, EBADFD, EBADFD, 0,
	};
	struct work same;
	int fd;

	work_start(&work, &alpha, "counter");
	fd = work_open(&work, &alpha);
	expect_refused(fd, codes);
	same = work;
	expect_refusal(work_load(&same, &alpha, "counter", "counter"), EEXIST,
		       &same.error, "the workload lives here");
	close(fd);
	expect_only_at(&work, &alpha, &beta, ENOENT);
}

static void paused(void)
{
	static const int codes[COMMANDS] = {
		EBADFD, EBADFD, EBUSY, 0, EBADFD, 0, 0, 0,
	};
	int fd = work_open(&work, &alpha);

	expect_ok(work_pause(&work, &alpha), &work.error);
	expect_refused(fd, codes);
	/* Without the handler's consent nothing runs: a call waits. */
	work_prepare(&work, "add", "1", NULL);
	expect_refusal(work_ask(&work, &alpha, 100), ETIMEDOUT, &work.error,
		       "no answer yet");
	expect_ok(work_resume(&work, &alpha), &work.error);
	expect_ok(work_ask(&work, &alpha, PATIENCE_MS), &work.error);
	work.counter++;
	close(fd);
	expect_only_at(&work, &alpha, &beta, ENOENT);
}

/* Both ends of a migration that has come to READY. */
static void bound_to_a_migration(void)
{
	static const int frozen[COMMANDS] = {
		EBADFD, EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD, EBUSY,
	};
	static const int prepared[COMMANDS] = {
		EBADFD, EBADFD, EBADFD, 0, EBADFD, EBADFD, EBADFD, EBUSY,
	};
	struct carry carry;
	int fd;

	carry_init(&carry, &work, &alpha, &beta, LIFETIME_MS);
	expect_ok(carry_steps(&carry, STEP_OFFER, STEP_WRITE), &carry.error);
	fd = work_open(&work, &alpha);
	expect_refused(fd, frozen);
	close(fd);
	fd = work_open(&work, &beta);
	expect_refused(fd, prepared);
	close(fd);
	expect_ok(carry_abort(&carry, carry.out), &carry.error);
	expect_ok(carry_put(&carry, carry.in,
			    &carry.said[REWIRE_MSG_ABORTED]), &carry.error);
	carry_end(&carry);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
}

static void killed_while_paused(void)
{
	pid_t pid = work_info(&work, &alpha).pid;
	struct work late;
	int fd;

	expect_counts(&work, &alpha);
	expect_ok(work_pause(&work, &alpha), &work.error);
	expect(pid && !kill(pid, SIGKILL), "it has no process");
	for (int i = 0; i < 6000 && work_info(&work, &alpha).pid; i++)
		usleep(10000);
	expect(work_info(&work, &alpha).state == REWIRE_ENCLAVE_PAUSED,
	       "its image went with its process");
	fd = work_open(&work, &alpha);
	expect(resume(fd) == ESRCH, "it resumes without a thread");
	close(fd);
	/* A new process goes on where the old one stood. */
	expect_ok(work_resume(&work, &alpha), &work.error);
	expect_only_at(&work, &alpha, &beta, EREMCHG);
	late = work;
	expect_refusal(work_load(&late, &alpha, "counter", "counter"), EEXIST,
		       &late.error, "lives here");
}

static void destroyed(void)
{
	static const int codes[COMMANDS] = {
		EBADFD, EBADFD, EBADFD, ECANCELED, EBADFD, EBADFD, EBADFD,
		EBADFD,
	};
	int fd = work_open(&work, &alpha);

	expect_ok(work_destroy(&work, &alpha), &work.error);
	expect_refused(fd, codes);
	expect_refusal(work_ask(&work, &alpha, PATIENCE_MS), ENOENT,
		       &work.error, "");
	close(fd);
	expect(!work_count(&work, &alpha), "it is still listed");
}

/* A running enclave's process is killed: the state is lost, and that is said. */
static void killed_while_running(void)
{
	struct rewire_enclave_info info;
	int fd;

	work_start(&work, &alpha, "counter");
	fd = work_open(&work, &alpha);
	info = work_info(&work, &alpha);
	expect(info.pid && !kill(info.pid, SIGKILL), "it has no process");
	for (int i = 0; i < 6000 && work_count(&work, &alpha); i++)
		usleep(10000);
	expect(!rewire_enclave_get_info(fd, &info, &work.error) &&
	       info.state == REWIRE_ENCLAVE_DESTROYED, "it is %s",
	       rewire_enclave_state_name(info.state));
	expect(call(fd) == ECANCELED, "a call is not told");
	close(fd);
	expect(!host_info(&alpha).memory_used && !host_info(&alpha).enclaves,
	       "something is left of it");
}

/* A program that knows a struct as it was before, or as it may be one day. */
static void structs_that_grow(void)
{
	const __u32 least = offsetof(struct rewire_enclave_info, developer);
	const __u32 now = sizeof(struct rewire_enclave_info);
	union {
		struct rewire_enclave_info info;
		__u8 bytes[sizeof(struct rewire_enclave_info) + 16];
	} arg;
	int fd;

	work_start(&work, &alpha, "counter");
	fd = work_open(&work, &alpha);
	for (__u32 size = least - 1; size <= sizeof(arg); size++) {
		__u32 end = size < now ? size : now;
		int rc;

		memset(&arg, 0, sizeof(arg));
		memset(arg.bytes + end, size > now ? 0 : 0xa5,
		       sizeof(arg) - end);
		arg.info.size = size;
		rc = ioctl(fd, REWIRE_ENCLAVE_INFO, &arg) ? errno : 0;
		if (size < least) {
			expect(rc == EINVAL, "%u bytes: %s", size, strerror(rc));
			continue;
		}
		expect(!rc && arg.info.memory && arg.info.size == size,
		       "%u bytes: %s", size, strerror(rc));
		for (__u32 at = end; at < sizeof(arg); at++)
			expect(arg.bytes[at] == (size > now ? 0 : 0xa5),
			       "%u bytes: more are written", size);
	}
	memset(&arg, 0, sizeof(arg));
	arg.info.size = now + 1;
	arg.bytes[now] = 1;
	expect(ioctl(fd, REWIRE_ENCLAVE_INFO, &arg) && errno == E2BIG,
	       "a member of the future is taken: %s", strerror(errno));
	close(fd);
	work_destroy(&work, &alpha);
}

static const struct test_case cases[] = {
	{ "BUILDING", building },
	{ "READY", ready },
	{ "RUNNING", running },
	{ "PAUSED", paused },
	{ "FROZEN and PREPARED", bound_to_a_migration },
	{ "PAUSED, its process killed", killed_while_paused },
	{ "DESTROYED", destroyed },
	{ "RUNNING, its process killed", killed_while_running },
	{ "structs that grow", structs_that_grow },
	{ 0 }
};

int main(int argc, char **argv)
{
	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
