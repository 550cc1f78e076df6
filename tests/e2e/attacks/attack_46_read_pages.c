// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack 46: reading an enclave's pages.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steal.h"
#include "tap.h"

static unsigned char loot[LOOT_SIZE];

/*
 * An ordinary process with the secret in its State Save Area too, for those
 * ways that reach no other place; and with a file mapped where map_files looks.
 */
static int bystander_memory(void *data)
{
	uint64_t base = probe_image.layout.base;
	size_t span = probe_image.layout.span;
	unsigned char *at = mmap((void *)(uintptr_t)base, span,
				 PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				 -1, 0);
	int fd = open("/proc/self/exe", O_RDONLY);

	(void)data;
	if (at == MAP_FAILED || fd < 0)
		return errno;
	for (size_t i = 0; i < probe_image.count; i++)
		if (probe_image.segments[i].data)
			memcpy(at + probe_image.segments[i].offset,
			       probe_image.segments[i].data,
			       probe_image.segments[i].length);
	munmap((void *)(uintptr_t)secret_address, secret_size);
	munmap((void *)(uintptr_t)guard_address, guard_size);
	if (map_decoy(NULL))
		return ENOMEM;
	memcpy((void *)(uintptr_t)probe_image.layout.ssa,
	       (void *)(uintptr_t)secret_address, PAGE);
	return mmap((void *)(uintptr_t)(base + span + 64 * PAGE), PAGE, PROT_READ,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED ?
		       errno : 0;
}

static void try_theft(const struct theft *theft)
{
	struct victim victim;
	long got;
	bool found;

	bystander_start(&victim, bystander_memory, NULL);
	got = theft->steal(victim.pid, loot);
	bystander_end(&victim);
	if (got == -ENODEV) {
		tap_skip(theft->name, "no block device; REWIRE_BLOCK names one");
		return;
	}
	/* map_files shows the file, not the memory. */
	found = got > 0 && (has_secret(loot, got) || strstr(theft->name, "files"));
	if (!tap_ok(found, "%s reads an ordinary process", theft->name))
		tap_note("it got %ld", got);

	victim_start(&victim);
	memset(loot, 0, sizeof(loot));
	got = theft->steal(victim.pid, loot);
	tap_ok(got <= 0 && !has_secret(loot, sizeof(loot)),
	       "%s reads no enclave (%s)", theft->name,
	       got < 0 ? strerror(-got) : got ? "it got something" : "nothing");
	if (!theft->debugger || victim_state(&victim) == REWIRE_ENCLAVE_RUNNING)
		tap_ok(victim_intact(&victim), "it is intact after %s", theft->name);
	else
		tap_ok(victim_becomes(&victim, REWIRE_ENCLAVE_DESTROYED),
		       "it was destroyed after %s", theft->name);
	victim_end(&victim);
}

/* The enclave's own file, as it is and opened again. */
static void try_mmap(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC };
	struct victim victim;
	char path[64];
	int again, mapped = 0, tried = 0;

	victim_start(&victim);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", victim.fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	for (int share = MAP_SHARED; share <= MAP_PRIVATE; share++)
		for (size_t prot = 0; prot < sizeof(prots) / sizeof(*prots); prot++)
			for (size_t segment = 0; segment < probe_image.count;
			     segment++) {
				off_t offset = probe_image.segments[segment].offset;

				tried++;
				mapped += mmap(NULL, PAGE, prots[prot], share,
					       victim.fd, offset) != MAP_FAILED;
				mapped += again >= 0 &&
					  mmap(NULL, PAGE, prots[prot], share, again,
					       offset) != MAP_FAILED;
			}
	tap_ok(tried > 40 && !mapped,
	       "an enclave's file cannot be mapped a second time (%d tries)", tried);
	tap_ok(read(victim.fd, loot, PAGE) < 0 && pread(victim.fd, loot, PAGE, 0) < 0,
	       "nor read");
	tap_ok(victim_intact(&victim), "it is intact after that");
	if (again >= 0)
		close(again);
	victim_end(&victim);
}

/* Is the secret in any file of this folder? Removes them. */
static bool found_in_cores(const char *dir, int *ret_files)
{
	struct dirent *entry;
	bool found = false;
	DIR *cores = opendir(dir);

	*ret_files = 0;
	while (cores && (entry = readdir(cores))) {
		int fd;
		ssize_t got;

		if (entry->d_name[0] == '.')
			continue;
		++*ret_files;
		fd = openat(dirfd(cores), entry->d_name, O_RDONLY | O_CLOEXEC);
		while ((got = read(fd, loot, sizeof(loot))) > 0)
			found |= has_secret(loot, got);
		close(fd);
		unlinkat(dirfd(cores), entry->d_name, 0);
	}
	if (cores)
		closedir(cores);
	return found;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void try_core_dump(const char *dumpable)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char dir[] = "/tmp/rewire-cores.XXXXXX", pattern[64];
	struct victim victim;
	int files;
	bool found;

	if (!mkdtemp(dir) || setrlimit(RLIMIT_CORE, &unlimited))
		tap_bail("cores: %s", strerror(errno));
	snprintf(pattern, sizeof(pattern), "%s/core.%%p", dir);
	write_file("/proc/sys/kernel/core_pattern", pattern);
	write_file("/proc/sys/fs/suid_dumpable", dumpable);

	bystander_start(&victim, NULL, NULL);
	kill(victim.pid, SIGSEGV);
	waitpid(victim.pid, NULL, 0);
	found = found_in_cores(dir, &files);
	tap_ok(files == 1 && found, "a core of an ordinary process has its memory");

	victim_start(&victim);
	kill(victim.pid, SIGSEGV);
	waitpid(victim.pid, NULL, 0);
	victim.pid = 0;
	found = found_in_cores(dir, &files);
	tap_ok(!found, "fs.suid_dumpable=%s: no core has an enclave's (%d files)",
	       dumpable, files);
	victim_end(&victim);
	write_file("/proc/sys/fs/suid_dumpable", "0");
	write_file("/proc/sys/kernel/core_pattern", "core");
	rmdir(dir);
}

/* Reads whatever process has this pid until it is gone. Returns bytes stolen. */
static int read_until_gone(pid_t pid, int report)
{
	long reads = 0, stolen = 0;

	while (!kill(pid, 0)) {
		char path[64];
		struct iovec local = { loot, secret_size };
		struct iovec remote = { (void *)(uintptr_t)secret_address,
					secret_size };
		ssize_t got;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		fd = open(path, O_RDONLY);
		got = fd < 0 ? -1 : pread(fd, loot, secret_size, secret_address);
		stolen += got > 0 && has_secret(loot, got);
		got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		stolen += got > 0 && has_secret(loot, got);
		if (fd >= 0)
			close(fd);
		reads++;
	}
	dprintf(report, "%ld %ld\n", reads, stolen);
	return 0;
}

static int wait_for_reader(void *data)
{
	char byte;

	return read(*(int *)data, &byte, 1) == 1 ? 0 : EPIPE;
}

/* Start a reader on another processor for a child that has not entered yet. */
static void try_race(int rounds)
{
	long reads = 0, stolen = 0, entered = 0;

	for (int i = 0; i < rounds; i++) {
		struct rewire_ticket ticket;
		struct victim victim;
		int go[2], report[2], fd;
		pid_t child, reader;
		char line[64] = "";
		long r = 0, s = 0;

		victim_create(&victim);
		if (victim_ticket(&victim, &ticket) || pipe(go) || pipe(report))
			tap_bail("race: %s", strerror(errno));
		fd = ticket_file(&ticket, sizeof(ticket));
		child = fork();
		if (!child) {
			if (wait_for_reader(&go[0]))
				_exit(EPIPE);
			ticket_execute(fd);
		}
		reader = fork();
		if (!reader)
			_exit(read_until_gone(child, report[1]));
		usleep(2000);
		if (write(go[1], "", 1) != 1)
			tap_bail("race: %s", strerror(errno));
		entered += !victim_wait(&victim, child);
		usleep(20000);
		victim_end(&victim);
		waitpid(reader, NULL, 0);
		if (read(report[0], line, sizeof(line) - 1) > 0)
			sscanf(line, "%ld %ld", &r, &s);
		reads += r;
		stolen += s;
		close(fd);
		close(go[0]), close(go[1]), close(report[0]), close(report[1]);
	}
	tap_ok(entered == rounds && reads > rounds && !stolen,
	       "another processor reads during %d entries and exits (%ld reads)",
	       rounds, reads);
}

int main(void)
{
	victim_setup();
	thefts_prepare(getenv("REWIRE_BLOCK"));
	for (const struct theft *theft = thefts; theft->name; theft++)
		try_theft(theft);
	try_mmap();
	try_core_dump("0");
	try_core_dump("2");
	try_race(10);
	return tap_done();
}
