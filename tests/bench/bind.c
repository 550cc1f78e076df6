// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind.h"

enum { OURS, HELPERS, PROCESSORS };

static pid_t busy;

/* All threads of a process, and those that they make; PROCESSORS: on any. */
static int bind_to(struct result *result, pid_t pid, int processor)
{
	struct dirent *entry;
	cpu_set_t set;
	char path[64];
	int ret = 0;
	DIR *dir;

	CPU_ZERO(&set);
	for (int i = 0; i < PROCESSORS; i++)
		if (processor == PROCESSORS || i == processor)
			CPU_SET(i, &set);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return bench_missing(result, "no process %d", (int)pid);
	while (!ret && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    sched_setaffinity(atoi(entry->d_name), sizeof(set), &set) &&
		    errno != ESRCH)
			ret = bench_missing(result, "cannot bind %s to a processor",
					    entry->d_name);
	closedir(dir);
	return ret;
}

/* tests/bench/run left their numbers. */
static int bind_helpers(struct result *result, int processor)
{
	for (int i = 0; i < 2; i++) {
		char path[512];
		FILE *file;
		int pid;

		snprintf(path, sizeof(path), "%s/%s.pid",
			 getenv("REWIRE_BENCH_RUN"), pair_host[i]);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%d", &pid) != 1)
			pid = 0;
		if (file)
			fclose(file);
		if (!pid)
			return bench_missing(result, "no number in %s", path);
		if (bind_to(result, pid, processor))
			return -1;
	}
	return 0;
}

int bind_enclave(struct result *result, const struct pair *pair, int at)
{
	struct rewire_enclave_info info;
	struct rewire_error err;
	int ret, fd = rewire_enclave_open(pair->sm[at], 0,
					  pair->guest.workload, &err);

	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	ret = rewire_enclave_get_info(fd, &info, &err) ?
		bench_missing(result, "%s", err.text) :
		bind_to(result, (pid_t)info.pid, OURS);
	close(fd);
	return ret;
}

int bind_all(struct result *result, const struct pair *pair)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < PROCESSORS)
		return bench_missing(result, "it takes two processors");
	return bind_to(result, getpid(), OURS) || bind_helpers(result, HELPERS) ||
	       bind_enclave(result, pair, pair->at) ? -1 : 0;
}

void bind_undo(void)
{
	struct result ignored = { .runs = 0 };

	bind_idle();
	bind_helpers(&ignored, PROCESSORS);
	bind_to(&ignored, getpid(), PROCESSORS);
}

int bind_busy(struct result *result)
{
	volatile unsigned long number = 0;

	busy = fork();
	if (!busy) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bind_to(result, getpid(), HELPERS);
		for (;;)
			number++;
	}
	return busy > 0 ? 0 : bench_missing(result, "no process");
}

void bind_idle(void)
{
	if (busy > 0) {
		kill(busy, SIGKILL);
		waitpid(busy, NULL, 0);
	}
	busy = 0;
}
