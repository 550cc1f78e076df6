/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts in one process: each a network namespace of its own, and so an SM of
 * its own. Nothing connects them but the test, which plays both helpers.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_HOSTS_H
#define E2E_HOSTS_H

#include "rewire.h"

/* Made by the Makefile: keys take long on an emulated machine. */
#define E2E_DIR		"build/e2e"
#define E2E_PKI		E2E_DIR "/pki"
#define E2E_ENCLAVES	"build/enclaves"

/**
 * struct host - a network namespace and the SM in it
 * @name: its folder below the PKI's hosts
 * @netns: the namespace
 * @sm: its SM, provisioned
 * @id: of the SM
 */
struct host {
	const char *name;
	int netns;
	int sm;
	__u8 id[REWIRE_ID_SIZE];
};

/* A host of that name, with keys, and with a journal or not, as @options say. */
void host_boot(struct host *host, const char *name,
	       const struct rewire_provision_options *options);

/* One that remembers nothing. @memory_limit: bytes, 0 for the usual. */
void host_open(struct host *host, const char *name, __u64 memory_limit);

/* The same with other @options: 0 or a negative errno, and then no host. */
int host_try(struct host *host, const char *name,
	     const struct rewire_provision_options *options,
	     struct rewire_error *error);

/* From here on this thread is on that host. */
void host_enter(const struct host *host);

/* Enclaves, bytes and open migrations of the SM. */
struct rewire_get_info host_info(const struct host *host);

/* Another file of the same SM: a command's reason belongs to its file. */
int host_open_sm(const struct host *host);

#endif /* E2E_HOSTS_H */
