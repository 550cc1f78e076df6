// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "plain/words.h"

/* What was not answered is asked again, where the enclave is by then. */
static bool ask_again(struct client *c, int code)
{
	struct rewire_error err;
	int fd;

	switch (code) {
	case -EREMCHG:
	case -ENOENT:
	case -ECANCELED:
		fd = rewire_enclave_open(c->sm[!c->at], 0, c->guest.workload,
					 &err);
		if (fd < 0)
			return true;
		close(c->guest.fd);
		c->guest.fd = fd;
		c->at = !c->at;
		return true;
	case -EINTR:
	case -ETIMEDOUT:
	case -EBADFD:
		return true;
	}
	return false;
}

static void *keep_calling(void *data)
{
	struct client *c = data;
	const struct timespec pause = { .tv_nsec = c->pause_ns };
	struct rewire_error err;
	__u8 output[256];

	while (!atomic_load(&c->stop)) {
		struct rewire_call call = {
			.sequence = c->guest.sequence,
			.input = (uintptr_t)c->request,
			.input_length = (__u32)c->length,
			.output = (uintptr_t)output,
			.output_length = sizeof(output), .timeout_ms = 1000,
		};
		int code;

		memcpy(call.client, c->guest.client, sizeof(call.client));
		code = rewire_enclave_call(c->guest.fd, &call, &err);
		if (!code) {
			c->guest.sequence++;
			atomic_fetch_add(&c->answers, 1);
		} else if (!ask_again(c, code)) {
			fprintf(stderr, "  a client: %s\n", err.text);
			break;
		}
		if (c->pause_ns || code)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

int client_start(struct result *result, struct client *c,
		 const struct pair *pair, unsigned int per_s, const char *verb,
		 unsigned int pages)
{
	struct rewire_error err;
	char number[16];

	*c = (struct client){ .sm = pair->sm, .at = pair->at };
	c->pause_ns = per_s ? 1000000000 / per_s : 0;
	snprintf(number, sizeof(number), "%u", pages);
	c->length = words_pack(c->request,
			       (const char *[]){ verb, number, NULL });
	c->guest.sequence = 1;
	memcpy(c->guest.workload, pair->guest.workload, REWIRE_ID_SIZE);
	c->guest.fd = rewire_enclave_open(pair->sm[pair->at], 0,
					  c->guest.workload, &err);
	if (c->guest.fd < 0 || rewire_id_random(c->guest.client, &err))
		return bench_missing(result, "%s", err.text);
	if (pthread_create(&c->thread, NULL, keep_calling, c))
		return bench_missing(result, "no thread");
	return 0;
}

void client_stop(struct client *c)
{
	atomic_store(&c->stop, true);
	pthread_join(c->thread, NULL);
	close(c->guest.fd);
}
