// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crash is no polite end: were the old SM's files just closed, it would write
 * down that its migrations are given up. So the journal is copied first, as a
 * disk has it when the power goes, since each record that counts was synced
 * before it did; and the old namespace goes away without it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"

#define DISK_OPTIONS	"size=4m,mode=0700"
#define PAGE		4096

static const char *const files[] = { REWIRE_JOURNAL_FILE_0,
				     REWIRE_JOURNAL_FILE_1 };

static void disk_make(struct machine *machine)
{
	snprintf(machine->disk, sizeof(machine->disk), "/tmp/rewire-%d-%s-%u",
		 getpid(), machine->host.name, ++machine->life);
	if (mkdir(machine->disk, 0700) ||
	    mount("rewire", machine->disk, "tmpfs", 0, DISK_OPTIONS))
		tap_bail("a disk at %s: %s", machine->disk, strerror(errno));
}

static void disk_drop(const char *disk)
{
	/* The old SM has its files open as long as it takes to go. */
	if (umount2(disk, MNT_DETACH) || rmdir(disk))
		tap_bail("%s: %s", disk, strerror(errno));
}

static int disk_open(const char *disk, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", disk, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		tap_bail("%s: %s", path, strerror(errno));
	return fd;
}

static struct rewire_journal_info journal_info(const struct machine *machine)
{
	struct rewire_journal_info info;
	struct rewire_error error;

	if (rewire_sm_journal_info(machine->host.sm, &info, &error))
		tap_bail("%s", error.text);
	return info;
}

static void witness_sign(const struct rewire_witness *witness,
			 struct rewire_signed *ret_signed)
{
	struct rewire_signer *signer;
	struct rewire_error error;

	if (rewire_signer_open(E2E_PKI "/sds.key", E2E_PKI "/sds.crt", NULL,
			       NULL, &signer, &error) ||
	    rewire_sign_witness(signer, witness, ret_signed, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
}

/* The SDS is shown the head; true: that is the one it remembers now. */
static bool witness_ask(struct machine *machine)
{
	__u8 bytes[REWIRE_MAX_HEAD];
	size_t length = sizeof(bytes);
	struct rewire_witness witness;
	struct rewire_signed statement;
	struct rewire_error error;
	struct rewire_head shown;
	bool remember;

	if (rewire_sm_head(machine->host.sm, bytes, &length, &error) ||
	    rewire_head_check(bytes, length, E2E_PKI "/platform.crt", &shown,
			      &error) ||
	    rewire_witness_answer(machine->seen.sequence ? &machine->seen : NULL,
				  &shown, &witness, &remember, &error))
		tap_bail("%s", error.text);
	if (remember)
		machine->seen = shown;
	witness_sign(&witness, &statement);
	if (rewire_sm_witness(machine->host.sm, &statement, &error))
		tap_bail("%s", error.text);
	return remember;
}

static void start(struct machine *machine, const char *name)
{
	host_boot(&machine->host, name, &(struct rewire_provision_options){
		.flags = machine->witnessed ? 0 : REWIRE_PROVISION_UNWITNESSED,
		.journal = machine->disk,
	});
	machine->has_spare = false;
	if (!machine->witnessed)
		return;
	expect(journal_info(machine).freshness == REWIRE_FRESHNESS_WAITING,
	       "%s does not wait for its witness", name);
	/* The head it remembers has to be found in the chain first. */
	while (!witness_ask(machine))
		;
}

void machine_boot(struct machine *machine, const char *name, bool witnessed)
{
	machine->host.name = name;
	machine->witnessed = witnessed;
	memset(&machine->seen, 0, sizeof(machine->seen));
	disk_make(machine);
	start(machine, name);
}

/* Processes are the only thing of a namespace that would not go by itself. */
static void stop(struct machine *machine)
{
	struct rewire_enclave_info info;
	struct rewire_error error;
	size_t count;
	__u64 *ids;

	if (rewire_sm_list(machine->host.sm, &ids, &count, &error))
		tap_bail("%s", error.text);
	for (size_t i = 0; i < count; i++) {
		int fd = rewire_enclave_open(machine->host.sm, ids[i], NULL,
					     &error);

		if (fd >= 0 && !rewire_enclave_get_info(fd, &info, &error) &&
		    info.pid)
			kill(info.pid, SIGKILL);
		close(fd);
	}
	free(ids);
	close(machine->host.sm);
	close(machine->host.netns);
}

void machine_off(struct machine *machine)
{
	stop(machine);
	disk_drop(machine->disk);
}

static void copy(const char *from, const char *to, const char *name)
{
	int in = disk_open(from, name, O_RDONLY);
	int out = disk_open(to, name, O_WRONLY | O_CREAT | O_EXCL);
	struct rewire_error error;

	if (rewire_stream_copy(in, out, NULL, &error))
		tap_bail("%s", error.text);
	close(in);
	close(out);
}

/* Behind the last record: half of the one that was being written. */
static void tear(const char *disk, const struct rewire_journal_info *info)
{
	struct {
		struct rewire_journal_record header;
		__u8 payload[1000];
	} record = {
		.header = {
			.magic = REWIRE_JOURNAL_MAGIC,
			.type = REWIRE_JOURNAL_SESSION,
			.version = REWIRE_VERSION,
			.length = sizeof(record.payload),
			.generation = info->generation,
			.sequence = info->sequence,
		},
	};
	int fd = disk_open(disk, files[info->active], O_WRONLY);
	size_t length = sizeof(record) / 2;

	memcpy(record.header.previous, info->head, sizeof(info->head));
	for (size_t i = 0; i < sizeof(record.payload); i++)
		record.payload[i] = (__u8)rand();
	if (pwrite(fd, &record, length, (off_t)info->bytes) != (ssize_t)length)
		tap_bail("%s: %s", disk, strerror(errno));
	close(fd);
}

/* A record that did not fit has left there what did. */
static bool is_torn(const struct machine *machine,
		    const struct rewire_journal_info *info)
{
	int fd = disk_open(machine->disk, files[info->active], O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size > (off_t)info->bytes;
}

void machine_crash(struct machine *machine, bool torn)
{
	struct rewire_journal_info info = journal_info(machine);
	char old[sizeof(machine->disk)];

	memcpy(old, machine->disk, sizeof(old));
	disk_make(machine);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		copy(old, machine->disk, files[i]);
	if (torn)
		tear(machine->disk, &info);
	torn = is_torn(machine, &info);
	stop(machine);
	disk_drop(old);
	start(machine, machine->host.name);
	info = journal_info(machine);
	expect(!torn == !info.cut, "%s cut %llu bytes off its journal",
	       machine->host.name, info.cut);
}

/* The journal has room behind its end already, for what it may have to write. */
static void take_reserve(const struct machine *machine)
{
	struct rewire_journal_info info = journal_info(machine);
	int fd = disk_open(machine->disk, files[info.active], O_WRONLY);
	off_t end = (off_t)(info.bytes + PAGE - 1) / PAGE * PAGE;

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, end,
		      1 << 20))
		tap_bail("%s: %s", machine->disk, strerror(errno));
	close(fd);
}

static void take_blocks(const struct machine *machine)
{
	int fd = disk_open(machine->disk, "ballast", O_WRONLY | O_CREAT);
	struct statvfs free;
	int rc;

	if (fstatvfs(fd, &free))
		tap_bail("%s: %s", machine->disk, strerror(errno));
	rc = posix_fallocate(fd, 0, (off_t)(free.f_bavail * free.f_bsize));
	if (rc)
		tap_bail("%s: %s", machine->disk, strerror(rc));
	close(fd);
}

/* A new epoch, and with it one record of the smallest kind. */
static int write_record(struct machine *machine)
{
	int fd = work_open(&machine->spare, &machine->host);
	int stream = rewire_enclave_extract(fd, &machine->spare.error);

	if (stream < 0)
		tap_bail("%s", machine->spare.error.text);
	close(stream);
	close(fd);
	return work_resume(&machine->spare, &machine->host);
}

void machine_fill(struct machine *machine)
{
	int rc;

	if (!machine->has_spare)
		work_start(&machine->spare, &machine->host, "counter");
	machine->has_spare = true;
	take_reserve(machine);
	take_blocks(machine);
	do {
		if (work_pause(&machine->spare, &machine->host))
			tap_bail("%s", machine->spare.error.text);
		rc = write_record(machine);
	} while (!rc);
	expect_refusal(rc, ENOSPC, &machine->spare.error, "journal file");
}

void machine_empty(struct machine *machine)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ballast", machine->disk);
	if (unlink(path))
		tap_bail("%s: %s", path, strerror(errno));
	expect_ok(work_resume(&machine->spare, &machine->host),
		  &machine->spare.error);
}
