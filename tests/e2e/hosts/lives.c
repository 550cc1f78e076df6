// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "lives.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../attacks/tap.h"
#include "cases.h"

#define ROOM		(8 << 20)

static char scratch[] = "/tmp/rewire-lives.XXXXXX";

static void forget(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	if (system(command))
		tap_note("failed: %s", command);
}

/* A folder that is not there yet. */
static void new_folder(char path[JOURNAL_PATH])
{
	static int count;

	if (!count) {
		if (!mkdtemp(scratch))
			tap_bail("%s: %s", scratch, strerror(errno));
		atexit(forget);
	}
	snprintf(path, JOURNAL_PATH, "%s/%d", scratch, ++count);
}

void life_keep(const struct life *life, char kept[JOURNAL_PATH])
{
	char command[3 * JOURNAL_PATH];

	new_folder(kept);
	snprintf(command, sizeof(command), "cp -r %s %s", life->journal, kept);
	if (system(command))
		tap_bail("failed: %s", command);
}

static int start(struct life *life, const char *name,
		 struct rewire_error *error)
{
	const struct rewire_provision_options options = {
		.flags = life->flags,
		.journal = life->journal,
	};

	return host_try(&life->host, name, &options, error);
}

void life_begin(struct life *life, const char *name, __u32 flags)
{
	struct rewire_error error;

	life->flags = flags;
	new_folder(life->journal);
	if (start(life, name, &error))
		tap_bail("%s", error.text);
}

int life_from(struct life *life, const char *name, const char *kept,
	      __u32 flags, struct rewire_error *error)
{
	struct life from = { .flags = flags };

	snprintf(from.journal, sizeof(from.journal), "%s", kept);
	life_keep(&from, life->journal);
	life->flags = flags;
	return start(life, name, error);
}

void life_restart(struct life *life)
{
	struct rewire_error error;
	char journal[JOURNAL_PATH];

	snprintf(journal, sizeof(journal), "%s", life->journal);
	if (life_from(life, life->host.name, journal, life->flags, &error))
		tap_bail("%s", error.text);
}

static void file_of(const char *journal, unsigned int file, char path[128])
{
	snprintf(path, 128, "%s/%s", journal,
		 file ? REWIRE_JOURNAL_FILE_1 : REWIRE_JOURNAL_FILE_0);
}

__u8 *life_read(const char *journal, unsigned int file, size_t *ret_length)
{
	struct rewire_error error;
	char path[128];
	__u8 *data;

	file_of(journal, file, path);
	if (rewire_file_read(path, REWIRE_MAX_JOURNAL, &data, ret_length,
			     &error))
		tap_bail("%s", error.text);
	return data;
}

void life_write(const char *journal, unsigned int file, const __u8 *data,
		size_t length)
{
	struct rewire_error error;
	char path[128];

	file_of(journal, file, path);
	if (rewire_file_write(path, data, length, 0600, &error))
		tap_bail("%s", error.text);
}

static void sign(const struct rewire_witness *witness,
		 struct rewire_signed *signature)
{
	struct rewire_signer *signer;
	struct rewire_error error;

	if (rewire_signer_open(E2E_PKI "/sds.key", E2E_PKI "/sds.crt", NULL,
			       NULL, &signer, &error) ||
	    rewire_sign_witness(signer, witness, signature, &error))
		tap_bail("%s", error.text);
	rewire_signer_free(signer);
}

int life_witness_at(const struct life *life, struct memory *memory, __u64 time,
		    struct rewire_signed *ret_said, struct rewire_error *error)
{
	struct rewire_witness witness;
	__u8 data[REWIRE_MAX_HEAD];
	size_t length = sizeof(data);
	struct rewire_head shown;
	bool remember;
	int rc;

	rc = rewire_sm_head(life->host.sm, data, &length, error);
	if (rc)
		return rc;
	rc = rewire_head_check(data, length, E2E_PKI "/platform.crt", &shown,
			       error);
	if (rc)
		return rc;
	rc = rewire_witness_answer(memory->known ? &memory->head : NULL,
				   &shown, &witness, &remember, error);
	if (rc)
		return rc;
	if (time)
		witness.time = time;
	sign(&witness, ret_said);
	if (remember) {
		memory->head = shown;
		memory->known = true;
	}
	return 0;
}

int life_witness(const struct life *life, struct memory *memory,
		 struct rewire_error *error)
{
	struct rewire_signed said;
	int rc = life_witness_at(life, memory, 0, &said, error);

	return rc ? rc : rewire_sm_witness(life->host.sm, &said, error);
}

__u32 life_freshness(const struct life *life)
{
	struct rewire_journal_info info;
	struct rewire_error error;

	if (rewire_sm_journal_info(life->host.sm, &info, &error))
		tap_bail("%s", error.text);
	return info.freshness;
}

struct blob blob_extract(struct work *work, const struct host *host)
{
	int fd = work_open(work, host);
	int stream = rewire_enclave_extract(fd, &work->error);
	struct blob blob = { 0 };

	if (expect_ok(stream, &work->error))
		expect_ok(blob_read(&blob, stream, &work->error), &work->error);
	close(stream);
	close(fd);
	return blob;
}
