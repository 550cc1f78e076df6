// SPDX-License-Identifier: GPL-2.0-only
/*
 * As CRIU's users migrate: pages go straight to a page server on the other host,
 * over CRIU's own mutual TLS with the helpers' certificates; first all of them, then
 * what was written meanwhile, in the end the rest, while the process stands still.
 * What else describes the process is some 20 KiB and copied as files. Then it is
 * restored there: under the same number, so the old one has to be gone by then.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu.h"
#include "pair.h"
#include "plain/board.h"

#define MAX_ARGS	40
#define LOG		"log"

/**
 * struct rival - a process that moves
 * @dir: what belongs to it
 * @board: what it tells
 * @pid: its number, on either host; 0 without one
 */
struct rival {
	char dir[128];
	struct board *board;
	pid_t pid;
};

/**
 * struct command - a program on one of the hosts
 * @arg: its arguments, the last one NULL
 * @count: how many
 * @text: of those that had to be made
 * @used: bytes of that
 */
struct command {
	const char *arg[MAX_ARGS];
	size_t count;
	char text[2048];
	size_t used;
};

static void add(struct command *c, const char *word)
{
	c->arg[c->count++] = word;
	c->arg[c->count] = NULL;
}

static void add_made(struct command *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add_made(struct command *c, const char *format, ...)
{
	char *at = c->text + c->used;
	va_list list;

	va_start(list, format);
	c->used += (size_t)vsnprintf(at, sizeof(c->text) - c->used, format,
				     list) + 1;
	va_end(list);
	add(c, at);
}

/* Only its standard files, the last of them @status if that is not -1. */
static _Noreturn void become(const char *netns, const struct command *c,
			     int status)
{
	struct result ignored = { .runs = 0 };
	int null = open("/dev/null", O_RDWR);

	if (world_enter(&ignored, netns) || null < 0)
		_exit(126);
	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (status >= 0)
		dup2(status, 3);
	close_range(status >= 0 ? 4 : 3, ~0U, 0);
	execvp(c->arg[0], (char **)c->arg);
	_exit(127);
}

static pid_t start(struct result *result, const char *netns,
		   const struct command *c, int status)
{
	pid_t pid = fork();

	if (!pid)
		become(netns, c, status);
	return pid > 0 ? pid : bench_missing(result, "no process");
}

/* The last line of a log, which says why. */
static void last_line(const char *path, char line[160])
{
	FILE *file = fopen(path, "re");

	strcpy(line, "no log");
	while (file && fgets(line, 160, file))
		;
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = 0;
}

static int end(struct result *result, pid_t pid, const char *what,
	       const char *dir)
{
	char path[256], line[160];
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return bench_missing(result, "CRIU: %s is lost", what);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return bench_missing(result, "there is no CRIU");
	snprintf(path, sizeof(path), "%s/" LOG, dir);
	last_line(path, line);
	return bench_missing(result, "CRIU: %s failed: %s", what, line);
}

/* ---- the process ---- */

static int new_board(struct result *result, struct rival *r)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/board", r->dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4096))
		return bench_missing(result, "%s: %s", path, strerror(errno));
	r->board = mmap(NULL, sizeof(*r->board), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);
	close(fd);
	return r->board == MAP_FAILED ?
		bench_missing(result, "no memory") : 0;
}

/* Nobody tells us when: what it writes is all that it shares with others. */
static int wait_beats(struct result *result, struct rival *r,
		      unsigned int beats)
{
	const unsigned long long from = atomic_load(&r->board->beats);

	while (atomic_load(&r->board->beats) < from + beats) {
		if (waitpid(r->pid, NULL, WNOHANG)) {
			r->pid = 0;
			return bench_missing(result, "CRIU: the process died");
		}
		usleep(5000);
	}
	return 0;
}

static int begin(struct result *result, struct rival *r, unsigned int mib,
		 unsigned int pages)
{
	struct command c = { .count = 0 };
	const char *run = getenv("REWIRE_BENCH_RUN");
	pid_t pid;

	if (!run)
		return bench_missing(result, "no two hosts");
	/* What CRIU restores is a child of its own, which ends. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(r->dir, sizeof(r->dir), "%s/criu", run);
	if (mkdir(r->dir, 0700))
		return bench_missing(result, "%s: %s", r->dir, strerror(errno));
	if (new_board(result, r))
		return -1;
	add(&c, "build/bin/churn-plain");
	add_made(&c, "%s/board", r->dir);
	add_made(&c, "%u", mib);
	add_made(&c, "%u", pages);
	pid = start(result, pair_host[0], &c, -1);
	if (pid < 0)
		return -1;
	r->pid = pid;
	return wait_beats(result, r, 1);
}

/* Its own word on whether it is what it was. */
static int finish(struct result *result, struct rival *r)
{
	atomic_store(&r->board->verify, 1);
	if (waitpid(r->pid, NULL, 0) != r->pid)
		return bench_missing(result, "CRIU: the process is no child");
	r->pid = 0;
	if (atomic_load(&r->board->state) != BOARD_INTACT)
		return bench_missing(result, "CRIU: the process did not find all of its pages as they must be");
	return 0;
}

static void clean(struct rival *r)
{
	char command[192];

	if (r->pid) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	if (r->board && r->board != MAP_FAILED)
		munmap(r->board, sizeof(*r->board));
	snprintf(command, sizeof(command), "rm -rf '%s'", r->dir);
	if (r->dir[0] && system(command))
		fprintf(stderr, "  %s failed\n", command);
}

/* ---- CRIU ---- */

static void image_dir(char path[160], const struct rival *r, int side,
		      unsigned int round)
{
	snprintf(path, 160, "%s/%s-%u", r->dir, pair_host[side], round);
}

/* What both ends of a dump have in common. */
static void add_common(struct command *c, const char *dir, int side,
		       unsigned int round)
{
	char keys[512], name[64];

	snprintf(name, sizeof(name), "pki/hosts/%s", pair_host[side]);
	world_path(keys, name);
	add(c, "--images-dir");
	add(c, dir);
	if (round) {
		add(c, "--prev-images-dir");
		add_made(c, "../%s-%u", pair_host[side], round - 1);
	}
	add(c, "--log-file");
	add(c, LOG);
	add(c, "-v1");
	add(c, "--address");
	add(c, pair_address[1]);
	add(c, "--port");
	add(c, "9555");
	add(c, "--tls");
	add(c, "--tls-no-cn-verify");
	add(c, "--tls-cacert");
	add_made(c, "%s/anchors/tls-ca.crt", keys);
	add(c, "--tls-cert");
	add_made(c, "%s/tls.crt", keys);
	add(c, "--tls-key");
	add_made(c, "%s/tls.key", keys);
}

/* Until it listens. Return: its pid, or -1. */
static pid_t serve_pages(struct result *result, const char *dir,
			 unsigned int round)
{
	struct command c = { .count = 0 };
	int ready[2];
	pid_t pid;
	char byte;

	add(&c, "criu");
	add(&c, "page-server");
	add_common(&c, dir, 1, round);
	add(&c, "--status-fd");
	add(&c, "3");
	if (pipe2(ready, O_CLOEXEC))
		return bench_missing(result, "no pipe");
	pid = start(result, pair_host[1], &c, ready[1]);
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1) {
		if (!end(result, pid, "the page server", dir))
			bench_missing(result, "CRIU: the page server ended");
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

static int dump(struct result *result, struct rival *r, unsigned int round)
{
	const bool last = round == CRIU_PRE_DUMPS;
	struct command c = { .count = 0 };
	char from[160], to[160];
	pid_t server, pid;

	image_dir(from, r, 0, round);
	image_dir(to, r, 1, round);
	if (mkdir(from, 0700) || mkdir(to, 0700))
		return bench_missing(result, "%s: %s", to, strerror(errno));
	server = serve_pages(result, to, round);
	if (server < 0)
		return -1;
	add(&c, "criu");
	add(&c, last ? "dump" : "pre-dump");
	add(&c, "--tree");
	add_made(&c, "%d", (int)r->pid);
	add(&c, "--track-mem");
	add(&c, "--page-server");
	add_common(&c, from, 0, round);
	pid = start(result, pair_host[0], &c, -1);
	if (pid < 0 || end(result, pid, c.arg[1], from)) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		return -1;
	}
	return end(result, server, "the page server", to);
}

static int copy_file(struct result *result, int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat info;
	int ret = -1;

	/* Pages, which the server has already. */
	if (out < 0 && errno == EEXIST)
		ret = 0;
	else if (in >= 0 && out >= 0 && !fstat(in, &info) &&
		 sendfile(out, in, NULL, (size_t)info.st_size) == info.st_size)
		ret = 0;
	else
		bench_missing(result, "CRIU: copying %s: %s", name,
			      strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return ret;
}

/* What describes the process, beside its pages. */
static int copy_images(struct result *result, const struct rival *r)
{
	char from[160], to[160];
	struct dirent *entry;
	int fd, ret = 0;
	DIR *dir;

	image_dir(from, r, 0, CRIU_PRE_DUMPS);
	image_dir(to, r, 1, CRIU_PRE_DUMPS);
	dir = opendir(from);
	fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!dir || fd < 0)
		ret = bench_missing(result, "%s: %s", from, strerror(errno));
	while (!ret && (entry = readdir(dir)))
		if (strstr(entry->d_name, ".img"))
			ret = copy_file(result, dirfd(dir), fd, entry->d_name);
	if (dir)
		closedir(dir);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int restore(struct result *result, struct rival *r)
{
	struct command c = { .count = 0 };
	char dir[160];
	pid_t pid;

	image_dir(dir, r, 1, CRIU_PRE_DUMPS);
	add(&c, "criu");
	add(&c, "restore");
	add(&c, "--restore-detached");
	add(&c, "--images-dir");
	add(&c, dir);
	add(&c, "--log-file");
	add(&c, LOG);
	add(&c, "-v1");
	pid = start(result, pair_host[1], &c, -1);
	return pid < 0 ? -1 : end(result, pid, "restore", dir);
}

static int go(struct result *result, struct rival *r, struct criu_move *move)
{
	double start_s;
	pid_t pid = r->pid;

	atomic_store(&r->board->longest_ns, 0);
	start_s = bench_now();
	for (unsigned int round = 0; round <= CRIU_PRE_DUMPS; round++)
		if (dump(result, r, round))
			return -1;
	/* Dumped, it was killed; its number is free once that is noticed. */
	r->pid = 0;
	waitpid(pid, NULL, 0);
	if (copy_images(result, r) || restore(result, r))
		return -1;
	r->pid = pid;
	move->total = bench_now() - start_s;
	if (wait_beats(result, r, 2))
		return -1;
	move->pause = (double)atomic_load(&r->board->longest_ns) / 1e9;
	return finish(result, r);
}

int criu_move(struct result *result, unsigned int mib, unsigned int pages,
	      struct criu_move *move)
{
	struct rival rival = { .pid = 0 };
	int ret = begin(result, &rival, mib, pages);

	if (!ret)
		ret = go(result, &rival, move);
	clean(&rival);
	if (!ret)
		fprintf(stderr, "  CRIU: %.3f s, still for %.3f s\n",
			move->total, move->pause);
	return ret;
}
