// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 62: the launcher leaves addresses with the kernel at which it shall
 * write or jump later: rseq, robust list, clear_child_tid, alternate stack,
 * signal handlers, timers. All point to where the enclave's guard will be.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/rseq.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "victim.h"

/* Each has a page of the guard to itself. */
static unsigned char *page(int n)
{
	return (unsigned char *)(uintptr_t)guard_address + n * PAGE;
}

#define PAGES 4
#define RSEQ_NONE ((uint32_t)RSEQ_CPU_ID_UNINITIALIZED)
#define RSEQ_SIGNATURE 0x53053053

static int arm_rseq(void)
{
	char *own = (char *)__builtin_thread_pointer() + __rseq_offset;
	struct rseq *area = (struct rseq *)page(0);

	if (__rseq_size && syscall(SYS_rseq, own, 32, RSEQ_FLAG_UNREGISTER,
				   RSEQ_SIGNATURE))
		return errno;
	memset(area, 0, 32);
	area->cpu_id = RSEQ_NONE;
	return syscall(SYS_rseq, area, 32, 0, RSEQ_SIGNATURE) ? errno : 0;
}

static int prepare_rseq(void *data)
{
	int error = map_decoy(data);

	return error ? error : arm_rseq();
}

/* The list's one entry is a futex that we hold: our end must mark it. */
static int arm_robust_list(void)
{
	struct robust_list_head *head = (struct robust_list_head *)page(1);
	struct robust_list *entry;

	entry = (struct robust_list *)(page(1) + 64);
	head->list.next = entry;
	head->futex_offset = 64;
	head->list_op_pending = NULL;
	entry->next = &head->list;
	*(uint32_t *)((char *)entry + 64) = syscall(SYS_gettid);
	return syscall(SYS_set_robust_list, head, sizeof(*head)) ? errno : 0;
}

static int prepare_robust_list(void *data)
{
	int error = map_decoy(data);

	return error ? error : arm_robust_list();
}

static int prepare_clear_tid(void *data)
{
	int error = map_decoy(data);

	if (!error)
		syscall(SYS_set_tid_address, page(2));
	return error;
}

static int prepare_signals(void *data)
{
	const stack_t stack = { .ss_sp = page(0), .ss_size = PAGES * PAGE };
	struct sigaction action = {
		.sa_sigaction = (void *)(uintptr_t)secret_address,
		.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER,
	};
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	sigset_t all;
	int error = map_decoy(data);

	if (error)
		return error;
	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL) ||
	    sigaction(SIGUSR2, &action, NULL) || sigaction(SIGSEGV, &action, NULL))
		return errno;
	/* All blocked and the park signal pending already. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	kill(getpid(), SIGUSR1);
	action.sa_handler = SIG_IGN;
	sigaction(SIGVTALRM, &action, NULL);
	return setitimer(ITIMER_VIRTUAL, &soon, NULL) ? errno : 0;
}

/* One mapping for all: where rseq points must not go away even for a moment. */
static int prepare_all(void *data)
{
	int error = map_decoy(data);

	if (!error)
		error = arm_rseq();
	if (!error)
		error = arm_robust_list();
	if (!error)
		syscall(SYS_set_tid_address, page(2));
	return error;
}

/* From one processor to the other and back: the kernel updates rseq then. */
static void move_around(pid_t pid)
{
	cpu_set_t set;

	for (int i = 0; i < 10; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % 2, &set);
		sched_setaffinity(pid, sizeof(set), &set);
		usleep(5000);
	}
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(1, &set);
	sched_setaffinity(pid, sizeof(set), &set);
}

/* The same in an ordinary process. */
static void control(prepare_fn *prepare, const char *name, int n)
{
	struct victim victim;
	uint32_t written[4] = { 0 };
	struct iovec local = { written, sizeof(written) };
	struct iovec remote = { page(n), sizeof(written) };

	bystander_start(&victim, prepare, NULL);
	move_around(victim.pid);
	/* The launcher put in RSEQ_NONE; the kernel, a processor's number. */
	tap_ok(process_vm_readv(victim.pid, &local, 1, &remote, 1, 0) > 0 &&
	       written[1] != RSEQ_NONE,
	       "%s: the kernel writes to an ordinary process", name);
	bystander_end(&victim);
}

/* Runs in a child that ends; what the kernel wrote then is in shared memory. */
static void control_at_exit(prepare_fn *prepare, const char *name, int n,
			    size_t offset)
{
	unsigned char *shared = mmap(NULL, guard_size, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t word, held;
	pid_t child;

	child = fork();
	if (!child) {
		if (prepare(NULL))
			_exit(1);
		memcpy(shared, page(0), guard_size);
		/* The same bytes, but where we see them after the end. */
		if (mremap(shared, guard_size, guard_size,
			   MREMAP_MAYMOVE | MREMAP_FIXED, page(0)) == MAP_FAILED)
			_exit(1);
		syscall(SYS_exit, 0);
	}
	waitpid(child, NULL, 0);
	memcpy(&word, shared + n * PAGE + offset, sizeof(word));
	held = word & FUTEX_TID_MASK;
	tap_ok(word & FUTEX_OWNER_DIED || !held,
	       "%s: the kernel writes when an ordinary process ends", name);
	munmap(shared, guard_size);
}

static bool robust_list_is_empty(pid_t pid)
{
	struct robust_list_head *head = (void *)1;
	size_t size;

	return !syscall(SYS_get_robust_list, pid, &head, &size) && !head;
}

/* The one caught signal is the park signal, and nothing is blocked. */
static bool signals_are_ours(pid_t pid)
{
	unsigned long caught = 0, blocked = 1, ignored = 1;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "SigCgt: %lx", &caught);
		sscanf(line, "SigBlk: %lx", &blocked);
		sscanf(line, "SigIgn: %lx", &ignored);
	}
	if (file)
		fclose(file);
	if (caught != 1UL << (REWIRE_PARK_SIGNAL - 1) || blocked)
		tap_note("caught %lx blocked %lx ignored %lx", caught, blocked,
			 ignored);
	return caught == 1UL << (REWIRE_PARK_SIGNAL - 1) && !blocked;
}

static void attack(prepare_fn *prepare, const char *name)
{
	struct victim victim;
	int status, error;

	victim_create(&victim);
	error = victim_enter(&victim, prepare, NULL);
	if (!tap_ok(!error, "%s: a launcher that prepared it enters", name)) {
		tap_note("%s", strerror(error));
		victim_end(&victim);
		return;
	}
	victim_call(&victim, &status, "spin", "1000000", NULL);
	move_around(victim.pid);
	tap_ok(victim_intact(&victim) && victim_pauses(&victim),
	       "%s: nothing was written to the enclave", name);
	tap_ok(robust_list_is_empty(victim.pid) && signals_are_ours(victim.pid),
	       "%s: the kernel has no address of the launcher's", name);
	victim_end(&victim);
}

/* A signal that the launcher caught ends the enclave; it does not jump. */
static void attack_by_handler(void)
{
	struct victim victim;
	int error, status;

	victim_create(&victim);
	error = victim_enter(&victim, prepare_signals, NULL);
	if (!tap_ok(!error, "handlers: enters")) {
		victim_end(&victim);
		return;
	}
	kill(victim.pid, SIGUSR2);
	waitpid(victim.pid, &status, 0);
	victim.pid = 0;
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2,
	       "handlers: the launcher's handler is not called");
	victim_end(&victim);
}

int main(void)
{
	victim_setup();
	control(prepare_rseq, "rseq", 0);
	control_at_exit(prepare_robust_list, "robust list", 1, 128);
	control_at_exit(prepare_clear_tid, "clear_child_tid", 2, 0);
	attack(prepare_rseq, "rseq");
	attack(prepare_robust_list, "robust list");
	attack(prepare_clear_tid, "clear_child_tid");
	attack(prepare_signals, "signals, alternate stack, timer");
	attack(prepare_all, "rseq, robust list, clear_child_tid");
	attack_by_handler();
	return tap_done();
}
