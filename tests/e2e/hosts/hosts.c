// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"

void host_enter(const struct host *host)
{
	if (setns(host->netns, CLONE_NEWNET))
		tap_bail("setns to %s: %s", host->name, strerror(errno));
}

int host_open_sm(const struct host *host)
{
	struct rewire_error error;
	int sm;

	host_enter(host);
	sm = rewire_sm_open(&error);
	if (sm < 0)
		tap_bail("%s", error.text);
	return sm;
}

struct rewire_get_info host_info(const struct host *host)
{
	struct rewire_get_info info;
	struct rewire_error error;

	if (rewire_sm_info(host->sm, &info, &error))
		tap_bail("%s", error.text);
	return info;
}

int host_try(struct host *host, const char *name,
	     const struct rewire_provision_options *options,
	     struct rewire_error *error)
{
	struct rewire_get_info info;
	char dir[64];
	int rc;

	host->name = name;
	if (unshare(CLONE_NEWNET))
		tap_bail("unshare: %s", strerror(errno));
	host->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (host->netns < 0)
		tap_bail("/proc/thread-self/ns/net: %s", strerror(errno));
	host->sm = host_open_sm(host);
	snprintf(dir, sizeof(dir), E2E_PKI "/hosts/%s", name);
	rc = rewire_sm_provision(host->sm, dir, options, error);
	if (rc) {
		close(host->sm);
		close(host->netns);
		return rc;
	}
	info = host_info(host);
	memcpy(host->id, info.sm, sizeof(host->id));
	return 0;
}

void host_boot(struct host *host, const char *name,
	       const struct rewire_provision_options *options)
{
	struct rewire_error error;

	if (host_try(host, name, options, &error))
		tap_bail("%s", error.text);
}

void host_open(struct host *host, const char *name, __u64 memory_limit)
{
	host_boot(host, name, &(struct rewire_provision_options){
		.memory_limit = memory_limit,
		.flags = REWIRE_PROVISION_VOLATILE,
	});
}
