// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 65: a ticket used twice, by another user, in another network
 * namespace, after its enclave is gone, superseded, forged.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "victim.h"

#define NOBODY 65534

/*
 * Execute a ticket in a child. Returns 0 when it entered (and ends the child
 * then), or its errno.
 */
static int execute(struct victim *victim, const void *ticket, size_t length,
		   prepare_fn *prepare)
{
	int fd = ticket_file(ticket, length), error;
	pid_t child = fork();

	if (!child) {
		error = prepare ? prepare(NULL) : 0;
		if (error)
			_exit(error);
		ticket_execute(fd);
	}
	close(fd);
	error = victim_wait(victim, child);
	if (error == ETIME)
		tap_note("the process neither entered nor failed");
	return error;
}

static struct rewire_ticket ticket_for(struct victim *victim)
{
	struct rewire_ticket ticket;
	int error = victim_ticket(victim, &ticket);

	if (error)
		tap_bail("no ticket: %s", strerror(error));
	return ticket;
}

static bool refused(int error)
{
	if (error != EACCES && error != ENOEXEC)
		tap_note("the errno was %s", error ? strerror(error) : "none");
	return error == EACCES || error == ENOEXEC;
}

/* The control: after all that was refused, the right ticket still opens. */
static void still_opens(struct victim *victim)
{
	const struct rewire_ticket ticket = ticket_for(victim);

	tap_ok(!execute(victim, &ticket, sizeof(ticket), NULL) &&
	       victim_intact(victim), "a right ticket enters then");
}

static void forged(void)
{
	struct rewire_ticket ticket, forged;
	struct victim victim;
	int bad = 0;

	victim_create(&victim);
	ticket = ticket_for(&victim);
	for (size_t i = 0; i < sizeof(ticket.capability); i++) {
		forged = ticket;
		forged.capability[i] ^= 1 << (i % 8);
		bad += !refused(execute(&victim, &forged, sizeof(forged), NULL));
	}
	tap_ok(!bad, "each byte of the capability changed: refused");
	forged = ticket;
	memset(forged.capability, 0, sizeof(forged.capability));
	tap_ok(refused(execute(&victim, &forged, sizeof(forged), NULL)),
	       "a capability of zeros: refused");
	for (size_t length = 1; length < sizeof(ticket); length += 5)
		bad += !refused(execute(&victim, &ticket, length, NULL));
	tap_ok(!bad, "cut at any place: refused");
	forged = ticket;
	forged.enclave += 1000000;
	tap_ok(refused(execute(&victim, &forged, sizeof(forged), NULL)),
	       "for an enclave that is not there: refused");
	forged = ticket;
	forged.magic[5] ^= 1;
	tap_ok(refused(execute(&victim, &forged, sizeof(forged), NULL)),
	       "another magic: refused");
	tap_ok(victim_state(&victim) == REWIRE_ENCLAVE_READY,
	       "the enclave is as ready as before");
	still_opens(&victim);
	victim_end(&victim);
}

static void another_enclaves(void)
{
	struct victim one, two;
	struct rewire_ticket ticket;

	victim_create(&one);
	victim_create(&two);
	(void)ticket_for(&two);
	ticket = ticket_for(&one);
	ticket.enclave = two.id;
	tap_ok(refused(execute(&two, &ticket, sizeof(ticket), NULL)) &&
	       victim_state(&two) == REWIRE_ENCLAVE_READY,
	       "one enclave's capability for another: refused");
	still_opens(&two);
	victim_end(&one);
	victim_end(&two);
}

/* Beside a process that has entered already. Returns the errno. */
static int execute_again(const struct rewire_ticket *ticket)
{
	int fd = ticket_file(ticket, sizeof(*ticket)), status;
	pid_t child = fork();

	if (!child)
		ticket_execute(fd);
	close(fd);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void twice(void)
{
	struct victim victim;
	struct rewire_ticket ticket;

	victim_create(&victim);
	ticket = ticket_for(&victim);
	tap_ok(!execute(&victim, &ticket, sizeof(ticket), NULL),
	       "a ticket enters once");
	tap_ok(refused(execute_again(&ticket)) && victim_intact(&victim),
	       "used again while it runs: refused");
	kill(victim.pid, SIGKILL);
	waitpid(victim.pid, NULL, 0);
	tap_ok(refused(execute_again(&ticket)),
	       "used again after its process was killed: refused");
	victim.pid = 0;
	victim_end(&victim);
}

static void superseded(void)
{
	struct victim victim;
	struct rewire_ticket first, second;

	victim_create(&victim);
	first = ticket_for(&victim);
	second = ticket_for(&victim);
	tap_ok(refused(execute(&victim, &first, sizeof(first), NULL)),
	       "a ticket after a newer one was issued: refused");
	tap_ok(!execute(&victim, &second, sizeof(second), NULL) &&
	       victim_intact(&victim), "the newer one enters");
	victim_end(&victim);
}

static void after_its_end(void)
{
	struct rewire_ticket ticket;
	struct victim victim;

	victim_create(&victim);
	ticket = ticket_for(&victim);
	rewire_enclave_destroy(victim.fd, NULL);
	tap_ok(refused(execute(&victim, &ticket, sizeof(ticket), NULL)),
	       "a ticket for a destroyed enclave: refused");
	victim_end(&victim);
}

static int become_nobody(void *data)
{
	(void)data;
	return setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY) ? errno : 0;
}

static int leave_network(void *data)
{
	(void)data;
	return unshare(CLONE_NEWNET) ? errno : 0;
}

static void elsewhere(prepare_fn *prepare, const char *what)
{
	struct rewire_ticket ticket;
	struct victim victim;

	victim_create(&victim);
	ticket = ticket_for(&victim);
	tap_ok(refused(execute(&victim, &ticket, sizeof(ticket), prepare)) &&
	       victim_state(&victim) == REWIRE_ENCLAVE_READY, "%s: refused", what);
	still_opens(&victim);
	victim_end(&victim);
}

int main(void)
{
	victim_setup();
	forged();
	another_enclaves();
	twice();
	superseded();
	after_its_end();
	elsewhere(become_nobody, "by another user");
	elsewhere(leave_network, "in another network namespace");
	return tap_done();
}
