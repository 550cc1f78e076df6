// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 60: the launcher shares its descriptors, signal handlers or memory
 * with another process, or has more threads, when it executes the ticket.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <dirent.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "victim.h"

#define STACK (64 * 1024)

/* For a launcher that was made by clone(); it always shares our memory. */
struct launcher {
	int ticket;
	volatile int go;
	char stack[STACK] __attribute__((aligned(64)));
};

static struct launcher launcher;

static int launch(void *data)
{
	(void)data;
	while (!launcher.go)
		sched_yield();
	ticket_execute(launcher.ticket);
}

static bool shares(pid_t pid, int what)
{
	long result = syscall(SYS_kcmp, getpid(), pid, what, 0, 0);

	if (result < 0)
		tap_note("kcmp: %s", strerror(errno));
	return result == 0;
}

static int handler_calls;

static void handler(int signal)
{
	(void)signal;
	handler_calls++;
}

/* After the entry we change all that was shared. */
static void change_everything(void)
{
	struct sigaction action = { .sa_handler = handler };
	int fd = dup(0);

	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGUSR2, &action, NULL);
	close(fd);
}

static void try_clone(const char *name, int more, int what)
{
	int flags = more | CLONE_VM;
	struct rewire_ticket ticket;
	struct victim victim;
	bool before, after;
	pid_t child;
	int error;

	victim_create(&victim);
	error = victim_ticket(&victim, &ticket);
	if (error)
		tap_bail("no ticket: %s", strerror(error));
	launcher.ticket = ticket_file(&ticket, sizeof(ticket));
	launcher.go = flags & CLONE_VFORK;
	child = clone(launch, launcher.stack + STACK, flags | SIGCHLD, NULL);
	if (child < 0)
		tap_bail("clone: %s", strerror(errno));
	/* With CLONE_VFORK we are here only once nothing is shared. */
	before = flags & CLONE_VFORK || shares(child, what);
	launcher.go = 1;
	error = victim_wait(&victim, child);
	tap_ok(before && !error, "%s: it enters", name);
	if (!error) {
		after = shares(victim.pid, what);
		tap_ok(!after, "%s: nothing is shared afterwards", name);
		change_everything();
		tap_ok(victim_intact(&victim) && victim_pauses(&victim) &&
		       !handler_calls, "%s: our changes have no effect", name);
	}
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	victim_end(&victim);
	close(launcher.ticket);
}

static void *write_for_ever(void *address)
{
	volatile unsigned char *at = address;

	for (;;)
		*at = 0xee;
	return NULL;
}

/* Threads that write to the guard's address all the time, and must be gone. */
static int many_threads(void *data)
{
	int error = map_decoy(NULL);
	pthread_t thread;

	(void)data;
	for (int i = 0; i < 4 && !error; i++)
		error = pthread_create(&thread, NULL, write_for_ever,
				       (void *)(uintptr_t)guard_address);
	usleep(10000);
	return error;
}

static int count_threads(pid_t pid)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count - 2;
}

static void try_threads(void)
{
	struct victim victim;
	int error;

	bystander_start(&victim, many_threads, NULL);
	tap_ok(count_threads(victim.pid) == 5, "an ordinary process has 5 threads");
	bystander_end(&victim);

	victim_create(&victim);
	error = victim_enter(&victim, many_threads, NULL);
	tap_ok(!error, "a launcher with 5 threads enters");
	if (!error) {
		tap_ok(count_threads(victim.pid) == 1, "one thread is left");
		tap_ok(victim_intact(&victim) && victim_pauses(&victim),
		       "nobody wrote to the enclave");
	}
	victim_end(&victim);
}

/* The second thread executes: it takes over the first one's place. */
static void *execute_in_thread(void *data)
{
	ticket_execute(*(int *)data);
}

static void try_other_thread(void)
{
	struct rewire_ticket ticket;
	struct victim victim;
	pid_t child;
	int fd, error;

	victim_create(&victim);
	error = victim_ticket(&victim, &ticket);
	if (error)
		tap_bail("no ticket: %s", strerror(error));
	fd = ticket_file(&ticket, sizeof(ticket));
	child = fork();
	if (!child) {
		pthread_t thread;

		pthread_create(&thread, NULL, execute_in_thread, &fd);
		write_for_ever(&error);
	}
	error = victim_wait(&victim, child);
	tap_ok(!error && count_threads(child) == 1 && victim_intact(&victim) &&
	       victim_pauses(&victim), "another thread than the first executes");
	victim_end(&victim);
	close(fd);
}

int main(void)
{
	victim_setup();
	try_clone("CLONE_VM", 0, KCMP_VM);
	try_clone("CLONE_VM | CLONE_FILES", CLONE_FILES, KCMP_FILES);
	try_clone("CLONE_VM | CLONE_SIGHAND", CLONE_SIGHAND, KCMP_SIGHAND);
	try_clone("CLONE_VM | CLONE_FILES | CLONE_SIGHAND",
		  CLONE_FILES | CLONE_SIGHAND, KCMP_FILES);
	try_clone("vfork", CLONE_VFORK, KCMP_VM);
	try_clone("vfork with CLONE_FILES", CLONE_VFORK | CLONE_FILES, KCMP_FILES);
	try_threads();
	try_other_thread();
	return tap_done();
}
