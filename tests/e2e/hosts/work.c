// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "work.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"

#define POLL_US		10000

void work_init(struct work *work)
{
	memset(work, 0, sizeof(*work));
	if (rewire_id_random(work->id, &work->error) ||
	    rewire_id_random(work->client, &work->error))
		tap_bail("%s", work->error.text);
}

int work_load(struct work *work, const struct host *host, const char *image,
	      const char *manifest)
{
	struct rewire_signed said;
	struct rewire_image elf;
	char path[128];
	int fd, rc;

	snprintf(path, sizeof(path), E2E_ENCLAVES "/%s.elf", image);
	rc = rewire_image_open(path, &elf, &work->error);
	if (rc)
		tap_bail("%s", work->error.text);
	snprintf(path, sizeof(path), E2E_DIR "/%s.manifest", manifest);
	rc = rewire_signed_read(path, REWIRE_TYPE_MANIFEST, &said,
				&work->error);
	if (rc)
		tap_bail("%s", work->error.text);
	fd = rewire_enclave_create(host->sm, &elf, NULL, &work->error);
	rewire_image_close(&elf);
	if (fd < 0)
		return fd;
	rc = rewire_enclave_init(fd, &said, work->id, NULL, &work->error);
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

void work_start(struct work *work, const struct host *host, const char *image)
{
	int fd;

	work_init(work);
	fd = work_load(work, host, image, image);
	host_enter(host);
	if (fd < 0 || rewire_enclave_enter(fd, PATIENCE_MS, NULL, &work->error))
		tap_bail("%s", work->error.text);
	close(fd);
}

int work_open(struct work *work, const struct host *host)
{
	return rewire_enclave_open(host->sm, 0, work->id, &work->error);
}

struct rewire_enclave_info work_info(struct work *work,
				     const struct host *host)
{
	struct rewire_enclave_info info = { 0 };
	int fd = work_open(work, host);

	if (fd < 0 || rewire_enclave_get_info(fd, &info, &work->error))
		info.state = REWIRE_ENCLAVE_STATES;
	close(fd);
	return info;
}

int work_pause(struct work *work, const struct host *host)
{
	int fd = work_open(work, host), rc = fd;

	if (fd >= 0)
		rc = rewire_enclave_pause(fd, PATIENCE_MS, &work->error);
	close(fd);
	return rc;
}

int work_resume(struct work *work, const struct host *host)
{
	int fd = work_open(work, host), rc = fd;

	host_enter(host);
	if (fd >= 0)
		rc = rewire_enclave_resume(fd, &work->error);
	close(fd);
	return rc;
}

int work_destroy(struct work *work, const struct host *host)
{
	int fd = work_open(work, host), rc = fd;

	if (fd >= 0)
		rc = rewire_enclave_destroy(fd, &work->error);
	close(fd);
	return rc;
}

void work_argument(struct work *work, const void *data, size_t length)
{
	if (rewire_args_add(&work->args, data, length))
		tap_bail("an argument of %zu bytes is too long", length);
}

void work_prepare(struct work *work, const char *verb, ...)
{
	va_list list;

	work->sequence++;
	work->args.length = 0;
	va_start(list, verb);
	for (; verb; verb = va_arg(list, const char *))
		work_argument(work, verb, strlen(verb));
	va_end(list);
}

int work_ask(struct work *work, const struct host *host,
	     unsigned int timeout_ms)
{
	struct rewire_call call = {
		.sequence = work->sequence,
		.input = (uintptr_t)work->args.data,
		.input_length = work->args.length,
		.output = (uintptr_t)work->answer,
		.output_length = sizeof(work->answer) - 1,
		.timeout_ms = timeout_ms,
	};
	int fd = work_open(work, host), rc = fd;

	if (fd < 0)
		return fd;
	memcpy(call.client, work->client, sizeof(call.client));
	rc = rewire_enclave_call(fd, &call, &work->error);
	close(fd);
	work->length = rc ? 0 : call.output_length;
	work->answer[work->length] = 0;
	work->status = call.status;
	return rc;
}

void work_busy(struct work *work, const struct host *host, const char *verb,
	       unsigned long rounds)
{
	char text[24];
	int ret = 0;

	for (; !ret; rounds *= 4) {
		snprintf(text, sizeof(text), "%lu", rounds);
		work_prepare(work, verb, text, NULL);
		ret = work_ask(work, host, 50);
	}
	expect_refusal(ret, ETIMEDOUT, &work->error, "no answer yet");
	expect_ok(work_ask(work, host, PATIENCE_MS), &work->error);
	/* What took 50 ms leaves, many times over, room for what comes next. */
	snprintf(text, sizeof(text), "%lu", rounds * 8);
	work_prepare(work, verb, text, NULL);
	expect_refusal(work_ask(work, host, 50), ETIMEDOUT, &work->error,
		       "no answer yet");
}

void expect_counts(struct work *work, const struct host *host)
{
	unsigned long value;

	work_prepare(work, "add", "1", NULL);
	if (!expect_ok(work_ask(work, host, PATIENCE_MS), &work->error))
		return;
	value = strtoul((char *)work->answer, NULL, 10);
	work->counter++;
	expect(value == work->counter, "%s counts %lu, not %lu", host->name,
	       value, work->counter);
}

unsigned int work_count(const struct work *work, const struct host *host)
{
	struct rewire_enclave_info info;
	struct rewire_error error;
	unsigned int found = 0;
	size_t count;
	__u64 *ids;

	if (rewire_sm_list(host->sm, &ids, &count, &error))
		tap_bail("%s", error.text);
	for (size_t i = 0; i < count; i++) {
		int fd = rewire_enclave_open(host->sm, ids[i], NULL, &error);

		if (fd >= 0 && !rewire_enclave_get_info(fd, &info, &error))
			found += !memcmp(info.workload, work->id,
					 sizeof(work->id));
		close(fd);
	}
	free(ids);
	return found;
}

void expect_only_at(struct work *work, const struct host *here,
		    const struct host *elsewhere, int code)
{
	struct rewire_enclave_info info;
	unsigned int n;
	int rc;

	expect_counts(work, here);
	info = work_info(work, here);
	expect(info.state == REWIRE_ENCLAVE_RUNNING, "at %s it is %s",
	       here->name, rewire_enclave_state_name(info.state));
	n = work_count(work, here);
	expect(n == 1, "%s has %u instances", here->name, n);
	n = work_count(work, elsewhere);
	expect(!n, "%s has %u instances", elsewhere->name, n);
	work_prepare(work, "get", NULL);
	work->sequence--;
	rc = work_ask(work, elsewhere, PATIENCE_MS);
	expect(code ? rc == -code : rc == -ENOENT || rc == -EREMCHG,
	       "%s answers a call with %s", elsewhere->name,
	       rc ? work->error.text : (char *)work->answer);
	n = host_info(here).sessions + host_info(elsewhere).sessions;
	expect(!n, "%u migrations are open", n);
}

bool work_becomes(struct work *work, const struct host *host, __u32 state)
{
	for (int i = 0; i < PATIENCE_MS * 1000 / POLL_US; i++) {
		if (work_info(work, host).state == state)
			return true;
		usleep(POLL_US);
	}
	return expect(false, "at %s it never is %s but %s", host->name,
		      rewire_enclave_state_name(state),
		      rewire_enclave_state_name(work_info(work, host).state));
}

void work_end(struct work *work, const struct host *a, const struct host *b)
{
	work_destroy(work, a);
	work_destroy(work, b);
	expect(!work_count(work, a) && !work_count(work, b),
	       "an instance is left: %s", work->error.text);
}
