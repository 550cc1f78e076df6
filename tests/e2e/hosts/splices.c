// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams that go through pipes without being read: what arrives is what read()
 * would have given, whatever the pipe's size and whatever happens on the way.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/sendfile.h>

#include "../attacks/tap.h"
#include "blob.h"
#include "carry.h"
#include "cases.h"

#define ROOM	(16 << 20)
#define LARGE	(1 << 20)
#define SMALL	4096

static struct host alpha, beta;
static struct work work;
static int pipes[2];

static bool ask(const struct host *host, const char *verb, const char *a,
		const char *b)
{
	work_prepare(&work, verb, a, b, NULL);
	return expect_ok(work_ask(&work, host, PATIENCE_MS), &work.error) &&
	       expect(!work.status, "%s: %d", verb, work.status);
}

static void make_pipe(int size)
{
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		tap_bail("pipe: %s", strerror(errno));
	expect(fcntl(pipes[1], F_SETPIPE_SZ, size) == size,
	       "the pipe is not of %d bytes", size);
}

static void close_pipe(void)
{
	close(pipes[0]);
	close(pipes[1]);
}

/* An enclave with pages that can be told from any others, on its way. */
static bool begin(struct carry *carry, int size)
{
	make_pipe(size);
	work_start(&work, &alpha, "churn-4M");
	if (!ask(&alpha, "fill", "2", "7") || !ask(&alpha, "dirty", "10", NULL))
		return false;
	carry_init(carry, &work, &alpha, &beta, LIFETIME_MS);
	carry->stream = malloc(ROOM);
	if (!carry->stream)
		tap_bail("no memory for a stream");
	return expect_ok(carry_steps(carry, STEP_OFFER, STEP_AGREE),
			 &carry->error);
}

static bool freeze(struct carry *carry)
{
	return expect_ok(carry_step(carry, STEP_FREEZE), &carry->error);
}

static void end(struct carry *carry)
{
	carry_end(carry);
	close_pipe();
	work_end(&work, &alpha, &beta);
}

/* What was carried by hand is written to the target, and runs there. */
static void arrive(struct carry *carry)
{
	if (expect_ok(carry_steps(carry, STEP_WRITE, STEP_RECEIPT),
		      &carry->error)) {
		carry_enter(carry, &work);
		ask(&beta, "verify", NULL, NULL);
		expect(!strcmp((char *)work.answer, "512 pages intact\n"),
		       "verify says %s", work.answer);
	}
	end(carry);
}

static ssize_t splice_from(int fd, size_t length)
{
	return splice(fd, NULL, pipes[1], NULL, length, 0);
}

/* All that is in the pipe, behind what is there. */
static void pour(struct carry *carry)
{
	ssize_t n;

	while ((n = read(pipes[0], carry->stream + carry->length,
			 ROOM - carry->length)) > 0)
		carry->length += (size_t)n;
	expect(n < 0 && errno == EAGAIN, "the pipe ends: %zd", n);
}

/* To the end, or that of a round; the pipe is emptied when it is full. */
static bool splice_all(struct carry *carry)
{
	ssize_t n;

	for (;;) {
		n = splice_from(carry->out, ROOM);
		if (n >= 0 || errno == EAGAIN)
			pour(carry);
		if (!n || (n < 0 && errno != EAGAIN))
			break;
	}
	return expect(!n, "splice: %s", strerror(errno));
}

static void through_one_page(void)
{
	struct carry carry;

	if (begin(&carry, SMALL) && freeze(&carry) && splice_all(&carry))
		arrive(&carry);
	else
		end(&carry);
}

/*
 * As much as fits is in the pipe before any of it is taken out: what was made after
 * it has not changed it.
 */
static void through_a_full_pipe(void)
{
	struct carry carry;
	unsigned int full = 0;
	ssize_t n = 1;

	if (!begin(&carry, LARGE) || !freeze(&carry)) {
		end(&carry);
		return;
	}
	while (n) {
		n = splice_from(carry.out, 100001);
		if (n > 0)
			continue;
		full += n < 0;
		if (!expect(!n || errno == EAGAIN, "splice: %s",
			    strerror(errno)))
			break;
		pour(&carry);
	}
	expect(full >= 2, "the pipe was full %u times", full);
	arrive(&carry);
}

static void read_and_spliced(void)
{
	static const size_t pieces[] = { 1, 4096, 23, 65521, 4097, 300, 777 };
	struct carry carry;
	ssize_t n = 1;

	if (!begin(&carry, LARGE) || !freeze(&carry)) {
		end(&carry);
		return;
	}
	for (unsigned int i = 0; n > 0; i++) {
		size_t piece = pieces[i % 7];

		if (i % 2) {
			n = splice_from(carry.out, piece);
			pour(&carry);
			continue;
		}
		n = read(carry.out, carry.stream + carry.length, piece);
		if (n > 0)
			carry.length += (size_t)n;
	}
	expect(!n, "the stream: %s", strerror(errno));
	arrive(&carry);
}

static void in_rounds_while_it_writes(void)
{
	struct carry carry;
	bool good = begin(&carry, LARGE);
	__u64 pages;

	if (good)
		work_busy(&work, &alpha, "run", 64);
	for (int i = 0; i < 3 && good; i++)
		good = expect_ok(rewire_session_round(carry.out, 0, &pages,
						      &carry.error),
				 &carry.error) && splice_all(&carry);
	if (good && freeze(&carry) && splice_all(&carry) &&
	    expect_ok(carry_steps(&carry, STEP_WRITE, STEP_RECEIPT),
		      &carry.error)) {
		carry_enter(&carry, &work);
		expect_ok(work_ask(&work, &beta, PATIENCE_MS), &work.error);
		ask(&beta, "verify", NULL, NULL);
	}
	end(&carry);
}

/* What is in the pipe stays there; there is no more of it. */
static void aborted_in_the_middle(void)
{
	struct carry carry;
	int left;

	if (begin(&carry, LARGE) && freeze(&carry)) {
		expect(splice_from(carry.out, 50000) == 50000, "splice: %s",
		       strerror(errno));
		expect_ok(carry_abort(&carry, carry.out), &carry.error);
		expect(splice_from(carry.out, 1) < 0 && errno == EBADFD,
		       "it can be spliced on");
		rewire_fail_ioctl(&carry.error, carry.out, EBADFD, "splicing");
		expect(strstr(carry.error.text, "ABORTED"), "it says: %s",
		       carry.error.text);
		pour(&carry);
		left = (int)carry.length;
		expect(left == 50000, "%d bytes are in the pipe", left);
		expect_ok(carry_abort(&carry, carry.in), &carry.error);
		ask(&alpha, "verify", NULL, NULL);
	}
	end(&carry);
}

/* A pipe without a reader, one inside of sendfile(), and the wrong side. */
static void where_it_cannot_go(void)
{
	struct carry carry;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (begin(&carry, LARGE) && freeze(&carry)) {
		expect(sendfile(null, carry.out, NULL, 4096) < 0 &&
		       errno == EINVAL, "sendfile: %s", strerror(errno));
		expect(splice_from(carry.in, 1) < 0 && errno == EBADFD,
		       "a target can be spliced");
		expect(splice_from(carry.out, 3000) == 3000, "splice: %s",
		       strerror(errno));
		pour(&carry);
		close(pipes[0]);
		signal(SIGPIPE, SIG_IGN);
		expect(splice_from(carry.out, 1) < 0 && errno == EPIPE,
		       "splice to nobody: %s", strerror(errno));
		signal(SIGPIPE, SIG_DFL);
		close(pipes[1]);
		make_pipe(SMALL);
		if (splice_all(&carry)) {
			arrive(&carry);
			close(null);
			return;
		}
	}
	close(null);
	end(&carry);
}

/* A checkpoint goes through a pipe into a file, and comes back to life. */
static void checkpoint_into_a_file(void)
{
	struct blob blob = { 0 };
	int fd, stream, file = memfd_create("checkpoint", MFD_CLOEXEC);
	ssize_t n;

	make_pipe(LARGE);
	work_start(&work, &alpha, "churn-4M");
	ask(&alpha, "fill", "2", "9");
	expect_ok(work_pause(&work, &alpha), &work.error);
	fd = work_open(&work, &alpha);
	stream = rewire_enclave_extract(fd, &work.error);
	expect_ok(stream, &work.error);
	while ((n = splice_from(stream, LARGE)) > 0)
		while (n > 0) {
			ssize_t out = splice(pipes[0], NULL, file, NULL,
					     (size_t)n, 0);

			if (!expect(out > 0, "into the file: %s",
				    strerror(errno)))
				break;
			n -= out;
		}
	expect(!n, "splice: %s", strerror(errno));
	close(stream);
	close(fd);
	expect_ok(work_destroy(&work, &alpha), &work.error);
	lseek(file, 0, SEEK_SET);
	if (expect_ok(blob_read(&blob, file, &work.error), &work.error) &&
	    expect_ok(blob_restore(&blob, &alpha, &work.error), &work.error)) {
		ask(&alpha, "verify", NULL, NULL);
		expect(!strcmp((char *)work.answer, "512 pages intact\n"),
		       "verify says %s", work.answer);
	}
	blob_free(&blob);
	close(file);
	close_pipe();
	work_end(&work, &alpha, &beta);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "through_one_page", through_one_page },
		{ "through_a_full_pipe", through_a_full_pipe },
		{ "read_and_spliced", read_and_spliced },
		{ "in_rounds_while_it_writes", in_rounds_while_it_writes },
		{ "aborted_in_the_middle", aborted_in_the_middle },
		{ "where_it_cannot_go", where_it_cannot_go },
		{ "checkpoint_into_a_file", checkpoint_into_a_file },
		{ 0 }
	};

	host_open(&alpha, "alpha", 0);
	host_open(&beta, "beta", 0);
	return cases_run(cases, argc, argv);
}
