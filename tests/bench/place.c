// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hosts of their own for the bench, with a journal or without, whose power can be
 * cut. A crash is no polite end: were the old SM's files just closed, it would
 * write down that its migrations are given up. So the journal is copied first, as
 * a disk has it when the power goes; the old namespace goes away without it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "place.h"

static const char *const files[] = { REWIRE_JOURNAL_FILE_0,
				     REWIRE_JOURNAL_FILE_1 };

/* For names: no two lives share a namespace or a folder. */
static unsigned int lives;

/* The folder that journals are in. */
static void keep_path(enum keep keep, char path[512])
{
	const char *memory = getenv("REWIRE_BENCH_MEMORY");

	if (keep == KEEP_IN_MEMORY)
		snprintf(path, 512, "%s", memory ? memory : "/dev/shm");
	else
		world_path(path, "journal");
}

const char *place_disk(enum keep keep)
{
	struct statfs info;
	char path[512];

	keep_path(keep, path);
	if (statfs(path, &info))
		return "an unknown filesystem";
	switch ((unsigned long)info.f_type) {
	case V9FS_MAGIC:
		return "a folder of the machine outside, by 9p: each sync is a round trip there and reaches its disk";
	case EXT4_SUPER_MAGIC:
		return "ext4 on a virtual disk, whose flushes reach the disk of the machine outside";
	case OVERLAYFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return "memory: a sync costs nothing there";
	default:
		return "a disk";
	}
}

static int do_netns(struct result *result, const char *verb, const char *name)
{
	char command[128];

	snprintf(command, sizeof(command), "ip netns %s %s", verb, name);
	return system(command) ? bench_missing(result, "failed: %s", command) :
				 0;
}

int place_boot(struct result *result, struct place *place)
{
	const struct rewire_provision_options options = {
		.flags = place->keep ? REWIRE_PROVISION_UNWITNESSED :
				       REWIRE_PROVISION_VOLATILE,
		.journal = place->keep ? place->journal : NULL,
	};
	char dir[512], name[64];
	struct rewire_error err;

	if (world_enter(result, place->netns))
		return -1;
	place->sm = rewire_sm_open(&err);
	if (world_enter(result, NULL))
		return -1;
	snprintf(name, sizeof(name), "pki/hosts/%s", place->name);
	world_path(dir, name);
	if (place->sm < 0 ||
	    rewire_sm_provision(place->sm, dir, &options, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

/* A namespace and a folder that nobody had before. */
static int new_life(struct result *result, struct place *place)
{
	char path[512];

	snprintf(place->netns, sizeof(place->netns), "bench-%s-%u",
		 place->name, ++lives);
	keep_path(place->keep, path);
	if (snprintf(place->journal, sizeof(place->journal), "%s/%s-%u", path,
		     place->name, lives) >= (int)sizeof(place->journal))
		return bench_missing(result, "%s: a name too long", path);
	if (place->keep && mkdir(place->journal, 0700))
		return bench_missing(result, "%s: %s", place->journal,
				     strerror(errno));
	return do_netns(result, "add", place->netns);
}

int place_open(struct result *result, struct place *place, const char *name,
	       enum keep keep)
{
	place->name = name;
	place->keep = keep;
	place->sm = -1;
	if (new_life(result, place)) {
		place->netns[0] = 0;
		return -1;
	}
	return place_boot(result, place);
}

/* Processes are the only thing of a namespace that would not go by itself. */
static void stop(struct place *place)
{
	struct rewire_enclave_info info;
	struct rewire_error err;
	size_t count = 0;
	__u64 *ids;

	if (rewire_sm_list(place->sm, &ids, &count, &err))
		ids = NULL;
	for (size_t i = 0; i < count; i++) {
		int fd = rewire_enclave_open(place->sm, ids[i], NULL, &err);

		if (fd < 0)
			continue;
		if (!rewire_enclave_get_info(fd, &info, &err) && info.pid)
			kill((pid_t)info.pid, SIGKILL);
		close(fd);
	}
	free(ids);
	close(place->sm);
	place->sm = -1;
}

void place_close(struct place *place)
{
	struct result ignored = { .runs = 0 };

	if (place->sm >= 0)
		stop(place);
	if (place->netns[0])
		do_netns(&ignored, "del", place->netns);
	place->netns[0] = 0;
}

static int keep(struct result *result, const char *from, const char *to,
		const char *name)
{
	char path[2][600];
	struct rewire_error err;
	int in, out, rc = -1;

	snprintf(path[0], sizeof(path[0]), "%s/%s", from, name);
	snprintf(path[1], sizeof(path[1]), "%s/%s", to, name);
	in = open(path[0], O_RDONLY | O_CLOEXEC);
	out = open(path[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		bench_missing(result, "a copy of %s: %s", path[0],
			      strerror(errno));
	else if (rewire_stream_copy(in, out, NULL, &err) || fsync(out))
		bench_missing(result, "a copy of %s failed", path[0]);
	else
		rc = 0;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}

int place_fail(struct result *result, struct place *place)
{
	struct place old = *place;

	if (new_life(result, place)) {
		*place = old;
		return -1;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (keep(result, old.journal, place->journal, files[i]))
			return -1;
	place_close(&old);
	place->sm = -1;
	return 0;
}
