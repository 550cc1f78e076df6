// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client of The Update Framework beside python-tuf's, as programs: each from
 * its start to its end, with the same repository on the same server; and its checks
 * of signatures beside OpenSSL's own.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "userspace/tuf/key.h"
#include "userspace/tuf/tuf-repo.h"

#define VERIFY_SECONDS	1.0

static struct {
	char folder[512];	/* of the repository */
	char trusted[600];
	char url[64];
	pid_t server;
} b;

static int serve(struct result *result)
{
	char public[600], line[256] = "", *port;
	int out[2];
	FILE *said;

	snprintf(public, sizeof(public), "%s/public", b.folder);
	if (pipe2(out, O_CLOEXEC))
		return bench_missing(result, "no pipe");
	b.server = fork();
	if (!b.server) {
		dup2(out[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		execlp("python3", "python3", "-u", "-m", "http.server", "--bind",
		       "127.0.0.1", "--directory", public, "0", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	said = fdopen(out[0], "r");
	port = said && fgets(line, sizeof(line), said) ? strstr(line, "port ") :
							 NULL;
	if (said)
		fclose(said);
	if (!port)
		return bench_missing(result, "no web server");
	snprintf(b.url, sizeof(b.url), "http://127.0.0.1:%d", atoi(port + 5));
	return 0;
}

static int prepare(struct result *result, const char *name)
{
	world_path(b.folder, name);
	snprintf(b.trusted, sizeof(b.trusted), "/tmp/rewire-bench-tuf.XXXXXX");
	if (!getenv("REWIRE_BENCH_PYTHON"))
		return bench_missing(result, "no python-tuf");
	if (!mkdtemp(b.trusted))
		return bench_missing(result, "no temporary folder");
	return serve(result);
}

static void finish(void)
{
	char command[700];

	if (b.server > 0) {
		kill(b.server, SIGKILL);
		waitpid(b.server, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", b.trusted);
	if (b.trusted[0] && system(command))
		fprintf(stderr, "  %s is left\n", b.trusted);
	memset(&b, 0, sizeof(b));
}

/* Neither has anything but the first root. */
static int forget(struct result *result)
{
	char command[3072];

	snprintf(command, sizeof(command),
		 "rm -rf '%s' && mkdir '%s' && cp '%s/public/metadata/1.root.json' '%s/root.json'",
		 b.trusted, b.trusted, b.folder, b.trusted);
	return system(command) ? bench_missing(result, "cannot begin anew") : 0;
}

/* What it cost from its start to its end. */
static int spent(struct result *result, const char *const argv[],
		 struct rusage *usage)
{
	int status;
	pid_t pid;

	if (forget(result))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		setenv("PYTHONPATH", getenv("REWIRE_BENCH_PYTHON"), 1);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (wait4(pid, &status, 0, usage) != pid || status)
		return bench_missing(result, "%s failed", argv[0]);
	return 0;
}

static int run_ours(struct result *result, struct rusage *usage)
{
	char metadata[80];
	const char *const argv[] = {
		"rewire-tuf-client", "--metadata-dir", b.trusted,
		"--metadata-url", metadata, "refresh", NULL,
	};

	snprintf(metadata, sizeof(metadata), "%s/metadata", b.url);
	return spent(result, argv, usage);
}

static int run_theirs(struct result *result, struct rusage *usage)
{
	const char *const argv[] = {
		"/usr/bin/python3", "tests/bench/tuf_refresh.py", b.trusted, b.url,
		NULL,
	};

	return spent(result, argv, usage);
}

static double seconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static double cpu_ours(struct result *result, void *data)
{
	struct rusage usage;

	(void)data;
	return run_ours(result, &usage) ? -1 : seconds(&usage);
}

static double cpu_theirs(struct result *result, void *data)
{
	struct rusage usage;

	(void)data;
	return run_theirs(result, &usage) ? -1 : seconds(&usage);
}

static double memory_ours(struct result *result, void *data)
{
	struct rusage usage;

	(void)data;
	return run_ours(result, &usage) ? -1 : (double)usage.ru_maxrss;
}

static double memory_theirs(struct result *result, void *data)
{
	struct rusage usage;

	(void)data;
	return run_theirs(result, &usage) ? -1 : (double)usage.ru_maxrss;
}

static void measure_small(struct result *result, bool quick)
{
	result->how = "CPU time, user and system, of rewire-tuf-client refresh over that of a Python program that does the same by python-tuf, each as a process from its start to its end, with nothing trusted but the first root; a repository with 10 targets, from a web server on this machine";
	if (!prepare(result, "tuf/small"))
		bench_pairs(result, quick ? 5 : 21, cpu_ours, cpu_theirs, NULL);
	finish();
}

static void measure_large(struct result *result, bool quick)
{
	result->how = "as tuf_refresh_small_vs_python, of a repository with 5,000 targets in one role and 20 Ed25519 keys, five for each of the four roles, of which three have to sign";
	if (!prepare(result, "tuf/large"))
		bench_pairs(result, quick ? 5 : 21, cpu_ours, cpu_theirs, NULL);
	finish();
}

static void measure_memory(struct result *result, bool quick)
{
	result->how = "largest resident size of the process of rewire-tuf-client over that of the Python program, both as for tuf_refresh_large_vs_python";
	if (!prepare(result, "tuf/large"))
		bench_pairs(result, quick ? 5 : 11, memory_ours, memory_theirs,
			    NULL);
	finish();
}

/* ---- signatures ---- */

static double verify_ours(struct result *result, void *data)
{
	static const unsigned char text[] = "what is signed";
	unsigned char sig[TUF_SIGNATURE_MAX];
	struct tuf_error err = { 0 };
	struct timespec now;
	struct tuf_key *key;
	double start, end;
	size_t length;
	long count = 0;

	(void)data;
	if (tuf_key_make("ed25519", &key, &err) ||
	    tuf_key_sign(key, text, sizeof(text), sig, &length, &err))
		return bench_missing(result, "%s", err.text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	start = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	do {
		for (int i = 0; i < 50; i++, count++)
			if (tuf_key_verify(key, text, sizeof(text), sig, length))
				return bench_missing(result, "a wrong signature");
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		end = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	} while (end - start < VERIFY_SECONDS);
	tuf_key_free(key);
	return (double)count / (end - start);
}

/* "+F6:0:253:EdDSA (Ed25519):SIGNS:VERIFIES", by CPU time; now and then "inf". */
static double ask_openssl(void)
{
	FILE *speed = popen("openssl speed -mr -seconds 1 ed25519 2>/dev/null", "re");
	double rate = -1;
	char line[256];

	while (speed && fgets(line, sizeof(line), speed)) {
		char *last = strrchr(line, ':');

		if (!strncmp(line, "+F6:", 4) && last)
			rate = atof(last + 1);
	}
	if (speed)
		pclose(speed);
	return isfinite(rate) ? rate : -1;
}

static double verify_theirs(struct result *result, void *data)
{
	double rate = -1;

	(void)data;
	for (int i = 0; i < 4 && rate <= 0; i++)
		rate = ask_openssl();
	return rate > 0 ? rate : bench_missing(result, "openssl speed says nothing");
}

static void measure_verify(struct result *result, bool quick)
{
	result->how = "Ed25519 signatures that tuf_key_verify() checks in a second of CPU time, over those that `openssl speed ed25519` of the same OpenSSL says";
	if (!bench_pin(result))
		bench_pairs(result, quick ? 5 : 11, verify_ours, verify_theirs, NULL);
	bench_unpin();
}

const struct figure figure_tuf_small = {
	.name = "tuf_refresh_small_vs_python", .unit = "ratio", .goal = 0.05,
	.at_most = true, .measure = measure_small,
};

const struct figure figure_tuf_large = {
	.name = "tuf_refresh_large_vs_python", .unit = "ratio", .goal = 0.15,
	.at_most = true, .measure = measure_large,
};

const struct figure figure_tuf_memory = {
	.name = "tuf_memory_vs_python", .unit = "ratio", .goal = 0.25,
	.at_most = true, .measure = measure_memory,
};

const struct figure figure_tuf_verify = {
	.name = "tuf_verify_vs_openssl", .unit = "ratio", .goal = 0.9,
	.measure = measure_verify,
};
