// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts and enclaves for the bench, through librewire. Keys and manifests were
 * made beforehand, in build/bench.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "plain/words.h"

#define TIMEOUT_MS 300000
/* Longer than all of the bench may take: no figure is missing for a deadline. */
#define LIFETIME_MS 3600000

static int home = -1;

void world_path(char path[512], const char *name)
{
	const char *dir = getenv("REWIRE_BENCH_DIR");

	snprintf(path, 512, "%s/%s", dir ? dir : "build/bench", name);
}

int world_enter(struct result *result, const char *netns)
{
	char path[64];
	int fd;

	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!netns) {
		if (setns(home, CLONE_NEWNET))
			return bench_missing(result, "cannot go back to the own network namespace");
		return 0;
	}
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		if (fd >= 0)
			close(fd);
		return bench_missing(result, "no network namespace %s", netns);
	}
	close(fd);
	return 0;
}

int world_sm(struct result *result, const char *netns)
{
	const struct rewire_provision_options options = {
		.flags = REWIRE_PROVISION_VOLATILE,
	};
	struct rewire_get_info info;
	struct rewire_error err;
	char dir[512];
	int sm;

	if (world_enter(result, netns))
		return -1;
	sm = rewire_sm_open(&err);
	if (world_enter(result, NULL))
		return -1;
	if (sm < 0)
		return bench_missing(result, "%s", err.text);
	world_path(dir, "pki/hosts/alpha");
	if (rewire_sm_info(sm, &info, &err) ||
	    (!info.provisioned &&
	     rewire_sm_provision(sm, dir, &options, &err)))
		return bench_missing(result, "%s", err.text);
	return sm;
}

int world_run(struct result *result, const char *netns, int fd)
{
	struct rewire_error err;
	int rc;

	if (netns && world_enter(result, netns))
		return -1;
	rc = rewire_enclave_enter(fd, TIMEOUT_MS, NULL, &err);
	if (netns && world_enter(result, NULL))
		return -1;
	return rc ? bench_missing(result, "%s", err.text) : 0;
}

int world_guest(struct result *result, int sm, const char *netns,
		const char *name, struct guest *guest)
{
	char image_path[512], manifest_path[512], file[64];
	struct rewire_signed manifest;
	struct rewire_image image;
	struct rewire_error err;

	snprintf(image_path, sizeof(image_path), "build/enclaves/%s.elf", name);
	snprintf(file, sizeof(file), "%s.manifest", name);
	world_path(manifest_path, file);
	guest->fd = -1;
	guest->sequence = 1;
	if (rewire_id_random(guest->workload, &err) ||
	    rewire_id_random(guest->client, &err) ||
	    rewire_signed_read(manifest_path, REWIRE_TYPE_MANIFEST, &manifest,
			       &err) ||
	    rewire_image_open(image_path, &image, &err))
		return bench_missing(result, "%s", err.text);
	guest->fd = rewire_enclave_create(sm, &image, NULL, &err);
	rewire_image_close(&image);
	if (guest->fd < 0 ||
	    rewire_enclave_init(guest->fd, &manifest, guest->workload, NULL,
				&err))
		return bench_missing(result, "%s", err.text);
	return world_run(result, netns, guest->fd);
}

int world_call_raw(struct result *result, struct guest *guest,
		   const void *input, size_t length)
{
	static _Thread_local __u8 output[REWIRE_MAX_PAYLOAD];
	struct rewire_call call = {
		.sequence = guest->sequence,
		.input = (uintptr_t)input,
		.input_length = (__u32)length,
		.output = (uintptr_t)output,
		.output_length = sizeof(output),
		.timeout_ms = 0,
	};
	struct rewire_error err;

	memcpy(call.client, guest->client, sizeof(call.client));
	if (rewire_enclave_call(guest->fd, &call, &err))
		return bench_missing(result, "%s", err.text);
	if (call.status)
		return bench_missing(result, "the enclave says %d: %.*s",
				     call.status, (int)call.output_length,
				     (char *)output);
	guest->sequence++;
	return 0;
}

int world_call(struct result *result, struct guest *guest, ...)
{
	const char *word[WORDS_MAX] = { NULL };
	__u8 request[256];
	va_list list;

	va_start(list, guest);
	for (size_t i = 0; i < WORDS_MAX - 1; i++) {
		word[i] = va_arg(list, const char *);
		if (!word[i])
			break;
	}
	va_end(list);
	return world_call_raw(result, guest, request,
			      words_pack(request, word));
}

void world_gone(struct guest *guest)
{
	struct rewire_error err;

	if (guest->fd < 0)
		return;
	rewire_enclave_destroy(guest->fd, &err);
	close(guest->fd);
	guest->fd = -1;
}

int world_request(struct result *result, const struct guest *guest,
		  __u64 epoch, int from, int to, struct rewire_signed *request)
{
	struct rewire_request body = { .epoch = epoch, .lifetime_ms = LIFETIME_MS };
	struct rewire_get_info source, target;
	char key[512], certificate[512];
	struct rewire_signer *signer;
	struct rewire_error err;
	int rc;

	world_path(key, "pki/sds.key");
	world_path(certificate, "pki/sds.crt");
	if (rewire_sm_info(from, &source, &err) ||
	    rewire_sm_info(to, &target, &err) ||
	    rewire_id_random(body.id, &err) ||
	    rewire_signer_open(key, certificate, NULL, NULL, &signer, &err))
		return bench_missing(result, "%s", err.text);
	memcpy(body.workload, guest->workload, REWIRE_ID_SIZE);
	memcpy(body.source, source.sm, REWIRE_ID_SIZE);
	memcpy(body.target, target.sm, REWIRE_ID_SIZE);
	rc = rewire_sign_request(signer, &body, request, &err);
	rewire_signer_free(signer);
	if (rc)
		return bench_missing(result, "%s", err.text);
	return 0;
}
