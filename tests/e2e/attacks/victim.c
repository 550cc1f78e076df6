// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instances of the probe enclave.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enclaves/probe/probe.h"
#include "tap.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define PATIENCE_MS	30000

uint64_t secret_address, secret_size, guard_address, guard_size;
struct rewire_image probe_image;
int sm;
static struct rewire_signed manifest;

static const char *need(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		tap_bail("the environment lacks %s; see tests/e2e/attacks.sh", name);
	return value;
}

void victim_setup(void)
{
	struct rewire_error error;
	struct victim scout;
	int status;

	if (rewire_image_open(need("REWIRE_PROBE"), &probe_image, &error) ||
	    rewire_signed_read(need("REWIRE_MANIFEST"), REWIRE_TYPE_MANIFEST,
			       &manifest, &error) ||
	    (sm = rewire_sm_open(&error)) < 0)
		tap_bail("%s", error.text);
	victim_start(&scout);
	if (victim_call(&scout, &status, "where", NULL) || status ||
	    sscanf(scout.answer, "secret %lx %lu\nguard %lx %lu", &secret_address,
		   &secret_size, &guard_address, &guard_size) != 4)
		tap_bail("the probe does not say where it is");
	victim_end(&scout);
}

void victim_create(struct victim *victim)
{
	struct rewire_error error;
	__u8 workload[REWIRE_ID_SIZE];
	__u64 id;

	memset(victim, 0, sizeof(*victim));
	victim->fd = rewire_enclave_create(sm, &probe_image, &id, &error);
	if (victim->fd < 0 || rewire_id_random(workload, &error) ||
	    rewire_id_random(victim->client, &error) ||
	    rewire_enclave_init(victim->fd, &manifest, workload, NULL, &error))
		tap_bail("%s", error.text);
	victim->id = id;
}

void victim_start(struct victim *victim)
{
	int error;

	victim_create(victim);
	error = victim_enter(victim, NULL, NULL);
	if (error)
		tap_bail("cannot enter the probe: %s", strerror(error));
}

int victim_ticket(struct victim *victim, struct rewire_ticket *ret_ticket)
{
	struct rewire_get_ticket get = { .size = sizeof(get) };

	if (ioctl(victim->fd, REWIRE_GET_TICKET, &get))
		return errno;
	*ret_ticket = get.ticket;
	return 0;
}

int ticket_file(const void *ticket, size_t length)
{
	int fd = memfd_create("ticket", MFD_CLOEXEC | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("ticket", MFD_CLOEXEC);
	if (fd < 0 || write(fd, ticket, length) != (ssize_t)length)
		tap_bail("no memfd for a ticket: %s", strerror(errno));
	return fd;
}

void ticket_execute(int fd)
{
	char *const nothing[] = { NULL };

	syscall(SYS_execveat, fd, "", nothing, nothing, AT_EMPTY_PATH);
	_exit(errno);
}

int victim_wait(struct victim *victim, pid_t child)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		int status;
		pid_t gone = waitpid(child, &status, WNOHANG);

		if (gone == child) {
			victim->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : EPROTO;
		}
		if (victim_state(victim) == REWIRE_ENCLAVE_RUNNING) {
			victim->pid = child;
			return 0;
		}
		usleep(1000);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return ETIME;
}

int victim_enter(struct victim *victim, prepare_fn *prepare, void *data)
{
	struct rewire_ticket ticket;
	int fd, error = victim_ticket(victim, &ticket);
	pid_t child;

	if (error)
		return error;
	fd = ticket_file(&ticket, sizeof(ticket));
	child = fork();
	if (child < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!child) {
		error = prepare ? prepare(data) : 0;
		if (error)
			_exit(error);
		ticket_execute(fd);
	}
	close(fd);
	return victim_wait(victim, child);
}

int victim_call(struct victim *victim, int *ret_status, const char *verb, ...)
{
	static struct rewire_args args;
	struct rewire_call call = {
		.size = sizeof(call),
		.sequence = ++victim->sequence,
		.input = (uintptr_t)args.data,
		.output = (uintptr_t)victim->answer,
		.output_length = sizeof(victim->answer) - 1,
		.timeout_ms = PATIENCE_MS,
	};
	va_list list;

	args.length = 0;
	va_start(list, verb);
	for (; verb; verb = va_arg(list, const char *))
		rewire_args_add(&args, verb, strlen(verb));
	va_end(list);
	call.input_length = args.length;
	memcpy(call.client, victim->client, sizeof(call.client));
	if (ioctl(victim->fd, REWIRE_CALL, &call))
		return errno;
	victim->length = call.output_length;
	victim->answer[victim->length] = 0;
	*ret_status = call.status;
	return 0;
}

bool victim_intact(struct victim *victim)
{
	int status, error = victim_call(victim, &status, "check", NULL);

	if (error)
		tap_note("the enclave does not answer: %s", strerror(error));
	else if (status)
		tap_note("the enclave says: %s", victim->answer);
	return !error && !status && !strcmp(victim->answer, "intact\n");
}

bool victim_pauses(struct victim *victim)
{
	struct rewire_error error;

	if (rewire_enclave_pause(victim->fd, PATIENCE_MS, &error) ||
	    rewire_enclave_resume(victim->fd, &error)) {
		tap_note("%s", error.text);
		return false;
	}
	return victim_intact(victim);
}

uint32_t victim_state(struct victim *victim)
{
	struct rewire_enclave_info info;
	struct rewire_error error;

	if (rewire_enclave_get_info(victim->fd, &info, &error))
		tap_bail("%s", error.text);
	return info.state;
}

bool victim_becomes(struct victim *victim, uint32_t state)
{
	for (int i = 0; i < PATIENCE_MS / 10; i++) {
		if (victim_state(victim) == state)
			return true;
		usleep(10000);
	}
	tap_note("the enclave is %s",
		 rewire_enclave_state_name(victim_state(victim)));
	return false;
}

void victim_end(struct victim *victim)
{
	rewire_enclave_destroy(victim->fd, NULL);
	if (victim->pid)
		waitpid(victim->pid, NULL, 0);
	close(victim->fd);
	memset(victim, 0, sizeof(*victim));
	victim->fd = -1;
}

bool has_secret(const void *bytes, size_t length)
{
	unsigned char secret[PROBE_SECRET_SIZE];
	bool found;

	/* Half of it is more than chance. */
	probe_secret(secret);
	found = memmem(bytes, length, secret, sizeof(secret) / 2);
	explicit_bzero(secret, sizeof(secret));
	return found;
}

bool is_guard(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		if (at[i] != PROBE_GUARD_BYTE)
			return false;
	return true;
}
