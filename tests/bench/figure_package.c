// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an SDS pays for a package that each device has a key of its own to.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include "bench.h"

#define DEVICES		10000
#define PAGES		4096U	/* 16 MiB */
#define PAGE		4096U
/* Of the wraps this many are made in each run: the others cost the same. */
#define WRAPS		100

static struct {
	struct rewire_image image;
	struct rewire_signed manifest;
	struct rewire_signer *signer;
	struct rewire_suk suk;
	int null;
	double wrap_seconds;
	size_t wrap_bytes;
} b;

static double cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* a device that has this much of what an SM would have signed */
static void make_device(void)
{
	EVP_PKEY *key = EVP_EC_gen("prime256v1");
	__u8 point[REWIRE_ENC_SIZE] = { 0 };
	size_t length;

	EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
					sizeof(point), &length);
	memcpy(b.suk.point, point + 1, sizeof(b.suk.point));
	b.suk.generation = 1;
	EVP_PKEY_free(key);
}

static int prepare(struct result *result)
{
	struct rewire_manifest manifest = { .release = 2, .svn = 1 };
	struct rewire_error err = { 0 };
	char key[512], certificate[512];

	world_path(key, "pki/sds.key");
	world_path(certificate, "pki/sds.crt");
	b.null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	b.image.count = 1;
	b.image.segments[0] = (struct rewire_segment){
		.length = (__u64)PAGES * PAGE, .prot = REWIRE_PROT_READ,
		.data = malloc((size_t)PAGES * PAGE),
	};
	if (!b.image.segments[0].data || b.null < 0)
		return bench_missing(result, "no memory or no /dev/null");
	RAND_bytes(b.image.segments[0].data, (int)(PAGES * PAGE));
	make_device();
	if (rewire_signer_open(key, certificate, NULL, NULL, &b.signer, &err) ||
	    rewire_sign_manifest(b.signer, &manifest, &b.manifest, &err))
		return bench_missing(result, "%s", err.text);
	return 0;
}

static void finish(void)
{
	rewire_signer_free(b.signer);
	free(b.image.segments[0].data);
	if (b.null >= 0)
		close(b.null);
	memset(&b, 0, sizeof(b));
}

static int wrap(const struct rewire_order *order, const __u8 *content,
		unsigned int devices, struct rewire_error *err)
{
	unsigned int count = devices < WRAPS ? devices : WRAPS;
	double start = cpu();
	struct rewire_signed one;
	int rc = 0;

	for (unsigned int i = 0; i < count && !rc; i++) {
		memcpy(b.suk.sm, &i, sizeof(i));
		rc = rewire_wrap_sign(b.signer, order, content, &b.suk, &one,
				      err);
	}
	b.wrap_seconds = (cpu() - start) / count;
	b.wrap_bytes = one.length + one.signature_length;
	return rc;
}

/* All that `rewire package` does. Return: CPU seconds before the first wrap. */
static double package_for(struct result *result, unsigned int devices)
{
	__u8 content[REWIRE_CONTENT_KEY_SIZE];
	struct rewire_package package = {
		.header.flags = REWIRE_PACKAGE_SEALED,
		.from_max = 1, .trial_ms = 60000,
	};
	struct rewire_payload payload = { .content = content };
	struct rewire_order *order = NULL;
	struct rewire_error err = { 0 };
	double start = cpu(), took;
	int rc;

	RAND_bytes(package.salt, sizeof(package.salt));
	RAND_priv_bytes(content, sizeof(content));
	package.payload_length = rewire_payload_length(&b.image, true);
	rc = rewire_order_sign(b.signer, &package, &b.manifest, &order, &err);
	if (!rc) {
		payload.package = &order->package;
		rc = rewire_payload_write(&b.image, &payload, b.null, &err);
	}
	took = cpu() - start;
	if (!rc)
		rc = wrap(order, content, devices, &err);
	free(order);
	return rc ? bench_missing(result, "%s", err.text) : took;
}

static double for_many(struct result *result, void *data)
{
	(void)data;
	return package_for(result, DEVICES);
}

static double for_one(struct result *result, void *data)
{
	(void)data;
	return package_for(result, 1);
}

static void measure(struct result *result, bool quick)
{
	result->how = "CPU time of an SDS that makes a one-to-one package of a payload of 16 MiB, for 10,000 devices over for one, but for the wraps: drawing keys, encrypting the payload, signing the package. It is encrypted once and before the first wrap, whatever their number; 100 of the 10,000 wraps are made after each, and package_wrap_bytes says what one has";
	if (!prepare(result))
		bench_pairs(result, quick ? 5 : 21, for_many, for_one, NULL);
	finish();
}

static void measure_wrap(struct result *result, bool quick)
{
	static char how[256];

	(void)quick;
	if (!prepare(result) && package_for(result, DEVICES) >= 0) {
		result->value[result->runs++] = (double)b.wrap_bytes;
		snprintf(how, sizeof(how), "bytes that a one-to-one package has for each device: struct rewire_wrap and its signature, RSA-3072; to make one took %.3f ms of CPU time here, a mean of %d",
			 b.wrap_seconds * 1000, WRAPS);
	}
	result->how = how;
	finish();
}

const struct figure figure_package = {
	.name = "package_10k_vs_1", .unit = "ratio", .goal = 1.2,
	.at_most = true, .measure = measure,
};

const struct figure figure_wrap = {
	.name = "package_wrap_bytes", .unit = "bytes", .goal = 1024,
	.at_most = true, .measure = measure_wrap,
};
