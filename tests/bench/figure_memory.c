// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a migration takes of the kernel's memory beyond the enclave.
 *
 * The migration is carried by hand in this process, which stands in one memory
 * control group while it is the source's helper and in another while it is the
 * target's. What the module allocates is charged to who asks for it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define GROUPS	"/sys/fs/cgroup"
#define PIECE	(256 << 10)
#define SMALL	64	/* MiB */

static const char *const hosts[2] = { "left", "right" };

/**
 * struct carry - one migration
 * @sm: of both hosts
 * @session: of both sides
 * @guest: what moves
 * @piece: for the stream
 * @message: for messages
 * @before: kernel memory of both groups at the start
 * @most: the largest of what was used beyond the enclave, of either side
 * @pages: bytes of the enclave that the target has by now
 */
struct carry {
	int sm[2];
	int session[2];
	struct guest guest;
	__u8 *piece;
	__u8 message[REWIRE_MAX_MESSAGE];
	double before[2];
	double most;
	double pages;
};

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* From now on this process is that side's helper. */
static int become(struct result *result, int side)
{
	char path[64];

	snprintf(path, sizeof(path), GROUPS "/bench-%s/cgroup.procs",
		 hosts[side]);
	if (write_text(path, "0"))
		return bench_missing(result, "control group: %s",
				     strerror(errno));
	return 0;
}

static int make_groups(struct result *result)
{
	char path[64];

	if (write_text(GROUPS "/cgroup.subtree_control", "+memory"))
		return bench_missing(result, "no memory controller in " GROUPS);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), GROUPS "/bench-%s", hosts[i]);
		if (mkdir(path, 0755) && errno != EEXIST)
			return bench_missing(result, "%s: %s", path,
					     strerror(errno));
	}
	return 0;
}

/* Counted in batches that are summed up every two seconds: wait for one. */
static double charged(struct result *result, int side)
{
	char path[64], line[128];
	double bytes = -1;
	FILE *file;

	sleep(5);
	snprintf(path, sizeof(path), GROUPS "/bench-%s/memory.stat",
		 hosts[side]);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "kernel %lf", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes >= 0 ? bytes :
			    bench_missing(result, "%s says nothing", path);
}

static int look(struct result *result, struct carry *carry, int side,
		const char *when)
{
	double now = charged(result, side);

	if (now < 0)
		return -1;
	now -= carry->before[side] + (side ? carry->pages : 0);
	fprintf(stderr, "  %s, %s: %.0f KiB\n", when, hosts[side], now / 1024);
	if (now > carry->most)
		carry->most = now;
	return 0;
}

/* The last word of one side, for the other. */
static int pass_on(struct result *result, struct carry *carry, int from)
{
	size_t length = sizeof(carry->message);
	struct rewire_error err;

	if (become(result, from))
		return -1;
	if (rewire_session_get_message(carry->session[from], carry->message,
				       &length, &err))
		return bench_missing(result, "%s", err.text);
	if (become(result, !from))
		return -1;
	if (rewire_session_put_message(carry->session[!from], carry->message,
				       length, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

static int agree(struct result *result, struct carry *carry)
{
	size_t length = sizeof(carry->message);
	struct rewire_signed request;
	struct rewire_error err;

	if (world_request(result, &carry->guest, 1, carry->sm[0], carry->sm[1],
			  &request) || become(result, 0))
		return -1;
	carry->session[0] = rewire_session_out(carry->sm[0], &request, &err);
	if (carry->session[0] < 0 ||
	    rewire_session_get_message(carry->session[0], carry->message,
				       &length, &err))
		return bench_missing(result, "%s", err.text);
	if (become(result, 1))
		return -1;
	carry->session[1] = rewire_session_in(carry->sm[1], &request,
					      carry->message, length, &err);
	if (carry->session[1] < 0)
		return bench_missing(result, "%s", err.text);
	if (pass_on(result, carry, 1))
		return -1;
	if (become(result, 0))
		return -1;
	if (rewire_session_stop(carry->session[0], 60000, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

/* Stop half-way: there both sides have all their buffers. */
static int carry_stream(struct result *result, struct carry *carry, double half)
{
	struct rewire_error err;
	double bytes = 0;
	ssize_t n;

	for (;;) {
		if (become(result, 0))
			return -1;
		n = read(carry->session[0], carry->piece, PIECE);
		if (n <= 0)
			break;
		if (become(result, 1))
			return -1;
		if (rewire_write_all(carry->session[1], carry->piece,
				     (size_t)n, &err))
			return bench_missing(result, "%s", err.text);
		if (bytes < half && bytes + (double)n >= half &&
		    (look(result, carry, 0, "half-way") ||
		     look(result, carry, 1, "half-way")))
			return -1;
		bytes += (double)n;
	}
	return n ? bench_missing(result, "the stream broke") : 0;
}

/* PREPARED: the target's helper reads the sealed checkpoint. */
static int carry_checkpoint(struct result *result, struct carry *carry)
{
	struct rewire_error err;
	size_t got = 0;
	bool rounds;
	int fd, ret;
	ssize_t n;

	if (become(result, 1))
		return -1;
	fd = rewire_session_checkpoint(carry->session[1], &rounds, &err);
	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	while (got < PIECE &&
	       (n = read(fd, carry->piece + got, PIECE - got)) > 0)
		got += (size_t)n;
	if (got < PIECE)
		ret = bench_missing(result, "no checkpoint of the target: %s",
				    strerror(errno));
	else
		ret = look(result, carry, 1, "reading the checkpoint") ||
		      look(result, carry, 0, "waiting for READY");
	close(fd);
	return ret;
}

static int start_baseline(struct result *result, struct carry *carry)
{
	struct rewire_enclave_info info;
	struct rewire_error err;

	if (rewire_enclave_get_info(carry->guest.fd, &info, &err))
		return bench_missing(result, "%s", err.text);
	carry->pages = (double)info.memory;
	for (int i = 0; i < 2; i++) {
		if (become(result, i))
			return -1;
		carry->before[i] = charged(result, i);
		if (carry->before[i] < 0)
			return -1;
	}
	return 0;
}

static int one_run(struct result *result, struct carry *carry,
		   unsigned int size)
{
	char image[32], mib[16];
	struct rewire_error err;

	carry->most = 0;
	carry->session[0] = carry->session[1] = -1;
	snprintf(image, sizeof(image), "churn-%uM", size);
	snprintf(mib, sizeof(mib), "%u", size - 1);
	if (world_guest(result, carry->sm[0], hosts[0], image, &carry->guest) ||
	    world_call(result, &carry->guest, "fill", mib, "1", NULL) ||
	    start_baseline(result, carry) || agree(result, carry) ||
	    carry_stream(result, carry, carry->pages / 2) ||
	    carry_checkpoint(result, carry))
		return -1;
	rewire_session_give_up(carry->session[0], &err);
	return 0;
}

static void end_run(struct carry *carry)
{
	for (int i = 1; i >= 0; i--)
		if (carry->session[i] >= 0)
			close(carry->session[i]);
	world_gone(&carry->guest);
}

/* Of enclaves of @size MiB, after a small one that fills caches which stay. */
static void measure(struct result *result, unsigned int size, unsigned int runs,
		    double (*value)(const struct carry *carry))
{
	struct carry carry = { .piece = malloc(PIECE), .guest.fd = -1 };

	for (int i = 0; i < 2; i++) {
		carry.sm[i] = world_sm(result, hosts[i]);
		if (carry.sm[i] < 0)
			return;
	}
	memset(carry.piece, 1, PIECE);
	if (!make_groups(result)) {
		for (unsigned int i = 0; i <= runs; i++) {
			if (!one_run(result, &carry, i ? size : SMALL) && i)
				result->value[result->runs++] = value(&carry);
			end_run(&carry);
			if (result->missing[0])
				break;
		}
		write_text(GROUPS "/cgroup.procs", "0");
	}
	close(carry.sm[0]);
	close(carry.sm[1]);
	free(carry.piece);
}

static double in_mib(const struct carry *carry)
{
	return carry->most / MIB;
}

static void measure_mib(struct result *result, bool quick)
{
	result->how = "kernel memory charged to the control group of a helper (memory.stat: kernel) since before the request, less the enclave's own pages at the target; half-way through the stream, and while the target's checkpoint is read; the larger side. Includes the enclave's page table and whatever the kernel needs for the helper's files; does not include what the crypto API allocates for itself (some 50 KiB), which no group is charged for";
	measure(result, SMALL, quick ? 1 : 3, in_mib);
}

const struct figure figure_memory = {
	.name = "sm_memory", .unit = "MiB", .goal = 2, .at_most = true,
	.measure = measure_mib,
};

static double beyond(const struct carry *carry)
{
	return (carry->most - 2 * MIB) / carry->pages;
}

static void measure_share(struct result *result, bool quick)
{
	static char how[256];
	const unsigned int size = quick ? SMALL : 1024;

	snprintf(how, sizeof(how), "what sm_memory counts, of an enclave of %u MiB, less 2 MiB, over the enclave's pages; below zero: 2 MiB are enough",
		 size);
	result->how = how;
	measure(result, size, 1, beyond);
}

const struct figure figure_memory_share = {
	.name = "sm_memory_share", .unit = "ratio", .goal = 0.0015,
	.at_most = true, .measure = measure_share,
};
