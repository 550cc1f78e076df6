// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extract and re-seal against the bare cipher on as much data.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define IMAGE	"churn-16M"
#define FILL	"16"	/* MiB: short, so that both sides see the same load */
#define BUFFER	(1 << 20)

/**
 * struct stream - what both sides of a comparison need
 * @sm: the SM
 * @guest: a full churn, paused
 * @checkpoint: its stream, for RESEAL
 * @length: bytes there
 * @buffer: for reading
 * @pipe: for splicing
 * @null: where it is spliced to
 */
struct stream {
	int sm;
	struct guest guest;
	__u8 *checkpoint;
	size_t length;
	__u8 *buffer;
	int pipe[2];
	int null;
};

static long long drain(struct result *result, struct stream *stream, int fd)
{
	long long bytes = 0;
	ssize_t n;

	while ((n = read(fd, stream->buffer, BUFFER)) > 0)
		bytes += n;
	if (n < 0)
		return bench_missing(result, "reading a stream: %s",
				     strerror(errno));
	return bytes;
}

/* The same, by way of a pipe. */
static long long forward(struct result *result, struct stream *stream, int fd)
{
	long long bytes = 0;
	ssize_t n;

	while ((n = splice(fd, NULL, stream->pipe[1], NULL, BUFFER, 0)) > 0) {
		if (splice(stream->pipe[0], NULL, stream->null, NULL,
			   (size_t)n, 0) != n)
			return bench_missing(result, "splicing to /dev/null: %s",
					     strerror(errno));
		bytes += n;
	}
	if (n < 0)
		return bench_missing(result, "splicing a stream: %s",
				     strerror(errno));
	return bytes;
}

typedef long long empty_fn(struct result *result, struct stream *stream, int fd);

static double extract_by(struct result *result, struct stream *stream,
			 empty_fn *empty)
{
	double start = bench_now();
	struct rewire_error err;
	long long bytes;
	int fd;

	fd = rewire_enclave_extract(stream->guest.fd, &err);
	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	bytes = empty(result, stream, fd);
	close(fd);
	return bytes < 0 ? -1 : (double)bytes / (bench_now() - start);
}

static double extract(struct result *result, void *data)
{
	return extract_by(result, data, forward);
}

static double extract_read(struct result *result, void *data)
{
	return extract_by(result, data, drain);
}

static double reseal(struct result *result, void *data)
{
	struct stream *stream = data;
	double start = bench_now(), took;
	struct rewire_error err;
	long long bytes;
	int fd;

	fd = rewire_reseal_open(stream->sm, &err);
	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	if (rewire_write_all(fd, stream->checkpoint, stream->length, &err)) {
		close(fd);
		return bench_missing(result, "%s", err.text);
	}
	bytes = forward(result, stream, fd);
	took = bench_now() - start;
	/* here it is wiped, which a checkpoint that is kept alive is not */
	close(fd);
	return bytes < 0 ? -1 : (double)bytes / took;
}

/* One pass of the bench's own module. Return: ns, or -1. */
static double cipher_pass(struct result *result, const char *name,
			  double *bytes)
{
	char path[128];
	double ns = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/rewire_cipher/parameters/%s",
		 name);
	file = fopen(path, "re");
	if (!file)
		return bench_missing(result, "the module rewire_cipher is not loaded");
	if (fscanf(file, "%lf %lf", bytes, &ns) != 2)
		ns = bench_missing(result, "the bare cipher failed");
	fclose(file);
	return ns;
}

static double one_pass(struct result *result, void *data)
{
	double bytes, ns = cipher_pass(result, "encrypt", &bytes);

	(void)data;
	return ns < 0 ? -1 : bytes / (ns / 1e9);
}

static double two_passes(struct result *result, void *data)
{
	double bytes, in, out;

	(void)data;
	in = cipher_pass(result, "decrypt", &bytes);
	out = in < 0 ? -1 : cipher_pass(result, "encrypt", &bytes);
	return out < 0 ? -1 : bytes / ((in + out) / 1e9);
}

/* Keep one checkpoint in memory, so that writing it costs no file. */
static int keep(struct result *result, struct stream *stream)
{
	struct rewire_error err;
	size_t room = 20 << 20;
	ssize_t n = 0;
	int fd;

	stream->checkpoint = malloc(room);
	if (!stream->checkpoint)
		return bench_missing(result, "no memory");
	memset(stream->checkpoint, 0, room);
	fd = rewire_enclave_extract(stream->guest.fd, &err);
	if (fd < 0)
		return bench_missing(result, "%s", err.text);
	while (stream->length < room &&
	       (n = read(fd, stream->checkpoint + stream->length,
			 room - stream->length)) > 0)
		stream->length += (size_t)n;
	close(fd);
	return n ? bench_missing(result, "the checkpoint is too long") : 0;
}

static int begin(struct result *result, struct stream *stream)
{
	struct rewire_error err;

	stream->buffer = malloc(BUFFER);
	stream->guest.fd = -1;
	stream->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	/* a record has header and tag beside its pages */
	if (pipe2(stream->pipe, O_CLOEXEC))
		return bench_missing(result, "a pipe: %s", strerror(errno));
	if (fcntl(stream->pipe[1], F_SETPIPE_SZ, 2 * BUFFER) < 0)
		return bench_missing(result, "a pipe for a record: %s",
				     strerror(errno));
	stream->sm = world_sm(result, NULL);
	if (!stream->buffer || stream->sm < 0)
		return -1;
	memset(stream->buffer, 1, BUFFER);
	if (world_guest(result, stream->sm, NULL, IMAGE, &stream->guest) ||
	    world_call(result, &stream->guest, "fill", FILL, "1", NULL))
		return -1;
	if (rewire_enclave_pause(stream->guest.fd, 60000, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

static void end(struct stream *stream)
{
	world_gone(&stream->guest);
	free(stream->checkpoint);
	free(stream->buffer);
	close(stream->pipe[0]);
	close(stream->pipe[1]);
	close(stream->null);
	if (stream->sm >= 0)
		close(stream->sm);
}

static void measure_extract(struct result *result, bool quick)
{
	struct stream stream = { .sm = -1, .pipe = { -1, -1 }, .null = -1 };

	result->how = "REWIRE_EXTRACT of a churn enclave with 16 MiB in use, spliced into a pipe in pieces of 1 MiB and from there into /dev/null; over gcm(aes) called in the kernel on 16 MiB of single pages, 1 MiB records, 24 bytes of header and 16 of tag each";
	if (!begin(result, &stream))
		bench_pairs(result, quick ? 11 : 41, extract, one_pass, &stream);
	end(&stream);
}

static void measure_read(struct result *result, bool quick)
{
	struct stream stream = { .sm = -1, .pipe = { -1, -1 }, .null = -1 };

	result->how = "REWIRE_EXTRACT of the same enclave, read into one buffer in pieces of 1 MiB: with a copy; over gcm(aes) in the kernel, as in extract_vs_aead";
	if (!begin(result, &stream))
		bench_pairs(result, quick ? 11 : 41, extract_read, one_pass,
			    &stream);
	end(&stream);
}

static void measure_reseal(struct result *result, bool quick)
{
	struct stream stream = { .sm = -1, .pipe = { -1, -1 }, .null = -1 };
	double bytes;

	result->how = "REWIRE_RESEAL of the same enclave's checkpoint, written from memory, then spliced as in extract_vs_aead, to its last byte; over a pass of decryption and one of encryption of gcm(aes) in the kernel, as in extract_vs_aead";
	if (!begin(result, &stream) && !keep(result, &stream) &&
	    cipher_pass(result, "prepare", &bytes) >= 0)
		bench_pairs(result, quick ? 11 : 41, reseal, two_passes,
			    &stream);
	end(&stream);
}

const struct figure figure_extract = {
	.name = "extract_vs_aead", .unit = "ratio", .goal = 0.9,
	.measure = measure_extract,
};

const struct figure figure_read = {
	.name = "extract_read_vs_aead", .unit = "ratio", .goal = NAN,
	.measure = measure_read,
};

const struct figure figure_reseal = {
	.name = "reseal_vs_aead", .unit = "ratio", .goal = 0.85,
	.measure = measure_reseal,
};
