// SPDX-License-Identifier: MIT
/*
 * Receipts of updates go to the SDS by the operator's command, which gets one on
 * its standard input, and again until it has exited with 0.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "clock.h"
#include "command.h"
#include "courier.h"
#include "log.h"
#include "receipts.h"

#define FIRST_PAUSE_MS	1000
#define LAST_PAUSE_MS	900000

/* @name, which ends in @from, with another end; false: it ends otherwise. */
static bool renamed(const char *name, const char *from, const char *to,
		    char other[NAME_MAX + 1])
{
	size_t length = strlen(name), end = strlen(from);

	if (length <= end || strcmp(name + length - end, from) ||
	    length - end + strlen(to) > NAME_MAX)
		return false;
	memcpy(other, name, length - end);
	strcpy(other + length - end, to);
	return true;
}

/* Migrations have theirs in the same folder. */
static bool is_of_update(int file)
{
	struct rewire_header header;

	return pread(file, &header, sizeof(header), 0) == sizeof(header) &&
	       header.magic == REWIRE_MAGIC &&
	       header.type == REWIRE_TYPE_UPDATE_RECEIPT;
}

/* A later receipt under the same name is another one, and goes too. */
static int mark(int dir, int file, const char *name, const char *sent,
		struct rewire_error *err)
{
	int made = openat(dir, sent, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat ours, now;

	if (made < 0)
		return rewire_fail(err, errno, "%s: %s", sent, strerror(errno));
	close(made);
	if (fstat(file, &ours) || fstatat(dir, name, &now, 0) ||
	    ours.st_ino != now.st_ino)
		unlinkat(dir, sent, 0);
	return 0;
}

static int hand_over(const struct helper *helper, int dir, const char *name,
		     const char *sent, struct rewire_error *err)
{
	const char *const argv[] = { helper->options.receipt_command, NULL };
	int file = openat(dir, name, O_RDONLY | O_CLOEXEC), rc = 0;

	/* Somebody has taken it away. */
	if (file < 0 && errno == ENOENT)
		return 0;
	if (file < 0)
		return rewire_fail(err, errno, "%s: %s", name, strerror(errno));
	if (is_of_update(file)) {
		rc = command_run(helper, argv, file, false, err);
		if (!rc)
			rc = mark(dir, file, name, sent, err);
		if (!rc)
			log_info("receipt %s was handed over", name);
	}
	close(file);
	return rc;
}

/* 0, or why it has to be tried again. */
static int look_at(struct courier *courier, int dir, const char *name,
		   struct rewire_error *err)
{
	char other[NAME_MAX + 1];

	/* The mark of a receipt that somebody has taken away. */
	if (renamed(name, RECEIPTS_SENT, RECEIPTS_FILE, other) &&
	    faccessat(dir, other, F_OK, 0) && errno == ENOENT)
		unlinkat(dir, name, 0);
	if (!renamed(name, RECEIPTS_FILE, RECEIPTS_SENT, other) ||
	    !faccessat(dir, other, F_OK, 0))
		return 0;
	strcpy(courier->last, name);
	return hand_over(courier->helper, dir, name, other, err);
}

/* All of them, from the one after the last; ends at the first that fails. */
static int round_trip(struct courier *courier, const char *path, int dir,
		      struct rewire_error *err)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), first = 0, rc = 0;

	if (count < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	while (first < count &&
	       strcoll(entries[first]->d_name, courier->last) <= 0)
		first++;
	for (int i = 0; i < count && !rc; i++)
		rc = look_at(courier, dir, entries[(first + i) % count]->d_name,
			     err);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return rc;
}

static int deliver(struct courier *courier, struct rewire_error *err)
{
	char path[STORE_PATH];
	int dir, rc;

	rc = receipts_dir(courier->helper, path, err);
	if (rc)
		return rc;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	rc = round_trip(courier, path, dir, err);
	close(dir);
	return rc;
}

static void work(struct job *job)
{
	struct courier *courier = (struct courier *)job;
	struct rewire_error err = { 0 };

	/* First: what is kept from here on is seen now, or next time. */
	atomic_store(&courier->helper->receipts, false);
	if (!deliver(courier, &err)) {
		courier->pause_ms = FIRST_PAUSE_MS;
		courier->next = 0;
		return;
	}
	atomic_store(&courier->helper->receipts, true);
	courier->next = clock_ms() + courier->pause_ms;
	log_warning("a receipt was not handed over, and is again in %ju s: %s",
		    (uintmax_t)courier->pause_ms / 1000, err.text);
	courier->pause_ms = clock_earlier(courier->pause_ms * 2, LAST_PAUSE_MS);
}

static void done(struct job *job)
{
	((struct courier *)job)->running = false;
}

void courier_init(struct courier *courier, struct helper *helper)
{
	*courier = (struct courier){
		.job = { .work = work, .done = done },
		.helper = helper, .pause_ms = FIRST_PAUSE_MS,
	};
	atomic_store(&helper->receipts, true);
}

void courier_tick(struct courier *courier)
{
	struct helper *helper = courier->helper;

	if (!helper->options.receipt_command || courier->running ||
	    !atomic_load(&helper->receipts) || clock_ms() < courier->next)
		return;
	courier->running = pool_submit(helper->pool, POOL_COURIER,
				       &courier->job);
}
