// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "vaults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"

static void image_open(const char *name, struct rewire_image *image)
{
	struct rewire_error error;
	char path[128];

	snprintf(path, sizeof(path), E2E_ENCLAVES "/%s.elf", name);
	if (rewire_image_open(path, image, &error))
		tap_bail("%s", error.text);
}

static void measure(const char *name, __u8 measurement[REWIRE_DIGEST_SIZE])
{
	struct rewire_image image;
	struct rewire_error error;

	image_open(name, &image);
	if (rewire_image_measure(&image, measurement, &error))
		tap_bail("%s", error.text);
	rewire_image_close(&image);
}

static void sign(const struct identity *identity,
		 const struct rewire_image *image, struct rewire_signed *said)
{
	struct rewire_manifest manifest = {
		.software = { [15] = identity->software },
		.release = identity->svn,
		.svn = identity->svn,
		.max_memory = image->memory,
		.max_threads = 1,
		.predecessors = !!identity->after,
	};
	struct rewire_signer *signer;
	struct rewire_error error;

	measure(identity->image, manifest.measurement);
	if (identity->after)
		measure(identity->after, manifest.predecessor[0]);
	memcpy(manifest.image_digest, image->digest, sizeof(image->digest));
	if (rewire_signer_open(E2E_PKI "/developer.key",
			       E2E_PKI "/developer.crt", NULL, NULL, &signer,
			       &error) ||
	    rewire_sign_manifest(signer, &manifest, said, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
}

void vault_start(struct work *work, const struct host *host,
		 const struct identity *identity)
{
	struct rewire_image image;
	struct rewire_signed said;
	int fd;

	image_open(identity->image, &image);
	sign(identity, &image, &said);
	fd = rewire_enclave_create(host->sm, &image, NULL, &work->error);
	rewire_image_close(&image);
	host_enter(host);
	if (fd < 0 ||
	    rewire_enclave_init(fd, &said, work->id, NULL, &work->error) ||
	    rewire_enclave_enter(fd, PATIENCE_MS, NULL, &work->error))
		tap_bail("%s", work->error.text);
	close(fd);
	/* Its call table knows nobody. */
	work->sequence = 0;
}

void vault_do(struct work *work, const struct host *host, const char *verb,
	      const char *argument)
{
	work_prepare(work, verb, argument, NULL);
	if (expect_ok(work_ask(work, host, PATIENCE_MS), &work->error))
		expect(!work->status, "%s: status %d", verb, work->status);
}

unsigned long vault_number(struct work *work, const struct host *host,
			   const char *verb)
{
	vault_do(work, host, verb, NULL);
	return strtoul((char *)work->answer, NULL, 10);
}

void vault_take(struct work *work, const struct host *host,
		struct export *export)
{
	char number[16];

	for (unsigned int i = 0; i < export->count; i++) {
		snprintf(number, sizeof(number), "%u", i);
		vault_do(work, host, "export", number);
		export->chunk[i] = malloc(work->length + 1);
		if (!export->chunk[i])
			tap_bail("no memory for an export");
		memcpy(export->chunk[i], work->answer, work->length);
		export->length[i] = work->length;
	}
}

struct export vault_export(struct work *work, const struct host *host)
{
	struct export export = { .count = vault_number(work, host, "export") };

	if (!export.count || export.count > EXPORT_CHUNKS)
		tap_bail("an export of %u chunks", export.count);
	vault_take(work, host, &export);
	return export;
}

void vault_forget(struct export *export)
{
	for (unsigned int i = 0; i < export->count; i++)
		free(export->chunk[i]);
	export->count = 0;
}

int vault_import(struct work *work, const struct host *host,
		 const struct export *export)
{
	for (unsigned int i = 0; i < export->count; i++) {
		work_prepare(work, "import", NULL);
		work_argument(work, export->chunk[i], export->length[i]);
		if (!expect_ok(work_ask(work, host, PATIENCE_MS),
			       &work->error))
			return -1;
		if (work->status)
			return work->status;
	}
	return strstr((char *)work->answer, "legacy") ? LEGACY : 0;
}

void expect_import(struct work *work, const struct host *host,
		   const struct export *export, int result, const char *value)
{
	int got = vault_import(work, host, export);

	expect(got == result, "an import at %s gives %d, not %d", host->name,
	       got, result);
	work_prepare(work, "get", "a", NULL);
	expect_ok(work_ask(work, host, PATIENCE_MS), &work->error);
	if (value)
		expect(!work->status && !strcmp((char *)work->answer, value),
		       "a is %s (status %d), not %s", work->answer,
		       work->status, value);
	else
		expect(work->status, "there is an a: %s", work->answer);
}
