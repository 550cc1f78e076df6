// SPDX-License-Identifier: MIT
/*
 * The whole store in sealed chunks.
 *
 * A snapshot is the entries one after the other, as form.h has them, cut into
 * chunks that fit a request with their verb. Each chunk says under the seal in
 * which format that is, which snapshot it belongs to and where, and of which
 * version of which workload's store that is: an old one is authentic, but not
 * taken.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "release.h"
#include "store.h"
#include "version.h"

#define CHUNK_SIZE	(60 * 1024)

struct chunk_header {
	uint32_t magic;
	uint32_t index;
	uint32_t chunks;
	uint32_t length;
	uint64_t total;
	uint64_t version;
	unsigned char id[16];
	unsigned char workload[REWIRE_ID_SIZE];
};

/* The magic by the format of the entries. */
static const uint32_t chunk_magic[] = {
	[1] = 0x4b4e4843,	/* "CHNK" */
	[2] = 0x324b4843,	/* "CHK2" */
};

struct snapshot {
	uint32_t format;
	unsigned char id[16];
	uint64_t version;
	unsigned char *bytes;
	size_t total;
	size_t done;		/* bytes that came in, for an import */
	uint32_t next;		/* the chunk that comes next, for an import */
	int legacy;		/* one of them was sealed otherwise than today */
};

static struct snapshot exported, imported;
static unsigned int policy = REWIRE_SEAL_MEASUREMENT;
static unsigned char plain[sizeof(struct chunk_header) + CHUNK_SIZE];

_Static_assert(sizeof(plain) <= REWIRE_MAX_SEAL, "a chunk is sealed at once");
_Static_assert(sizeof(plain) + REWIRE_SEAL_OVERHEAD + 64 <= REWIRE_MAX_PAYLOAD,
	       "a chunk fits a request");

static void forget(struct snapshot *snapshot)
{
	if (snapshot->bytes)
		explicit_bzero(snapshot->bytes, snapshot->total);
	free(snapshot->bytes);
	memset(snapshot, 0, sizeof(*snapshot));
}

static uint32_t chunks_of(uint64_t total)
{
	return total ? (total + CHUNK_SIZE - 1) / CHUNK_SIZE : 1;
}

static size_t size_of_entry(const struct entry *entry)
{
	return form_size(release_format) + entry->key_length + entry->length;
}

static unsigned char *write_entry(unsigned char *at, const struct entry *entry)
{
	const struct form form = form_of(entry);
	size_t size = form_size(release_format);

	memcpy(at, &form, size);
	memcpy(at + size, entry->bytes, entry->key_length + entry->length);
	return at + size_of_entry(entry);
}

static int take_snapshot(void)
{
	const struct entry **all = store_sorted();
	size_t count = store_count(), total = 0;
	unsigned char *at;
	int error;

	forget(&exported);
	if (count && !all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		total += size_of_entry(all[i]);
	at = malloc(total + 1);
	if (!at || rewire_random(exported.id, sizeof(exported.id))) {
		free(at);
		free(all);
		return -ENOMEM;
	}
	exported.format = release_format;
	exported.bytes = at;
	exported.total = total;
	for (size_t i = 0; i < count; i++)
		at = write_entry(at, all[i]);
	free(all);
	/* Only now, when there is something to take the place of older ones. */
	error = version_next(&exported.version);
	if (error)
		forget(&exported);
	return error;
}

static int seal_chunk(uint32_t index, struct rewire_answer *answer)
{
	size_t offset = (size_t)index * CHUNK_SIZE;
	size_t left = exported.total - offset;
	struct chunk_header header = {
		.magic = chunk_magic[exported.format],
		.index = index,
		.chunks = chunks_of(exported.total),
		.length = left < CHUNK_SIZE ? left : CHUNK_SIZE,
		.total = exported.total,
		.version = exported.version,
	};
	struct rewire_self self;
	long sealed = rewire_self(&self);

	if (sealed)
		return sealed;
	memcpy(header.id, exported.id, sizeof(header.id));
	memcpy(header.workload, self.workload, sizeof(header.workload));
	memcpy(plain, &header, sizeof(header));
	memcpy(plain + sizeof(header), exported.bytes + offset, header.length);
	sealed = rewire_seal(policy, plain, sizeof(header) + header.length, 
			     answer->data, answer->size);
	explicit_bzero(plain, sizeof(plain));
	if (sealed < 0)
		return sealed;
	answer->length = sealed;
	return 0;
}

int vault_export(const struct rewire_args *args, struct rewire_answer *answer)
{
	uint64_t index;
	int error;

	if (args->count == 1) {
		error = take_snapshot();
		return error ? error : rewire_answer_printf(answer, "%u\n",
						chunks_of(exported.total));
	}
	error = rewire_args_number(args, 1, &index);
	if (error)
		return error;
	if (!exported.bytes || index >= chunks_of(exported.total))
		return -ENOENT;
	return seal_chunk(index, answer);
}

/* 0: none that this release knows. */
static uint32_t format_of(const struct chunk_header *header)
{
	uint32_t format = release_format;

	while (format && chunk_magic[format] != header->magic)
		format--;
	return format;
}

/* The first chunk says how much will come, and of which state of whose store. */
static int start_import(const struct chunk_header *header)
{
	struct rewire_self self;
	int error = rewire_self(&self);

	if (!error && memcmp(self.workload, header->workload, sizeof(self.workload)))
		error = -EPERM;
	if (!error)
		error = version_check(header->version);
	if (error)
		return error;
	forget(&imported);
	imported.bytes = malloc(header->total + 1);
	if (!imported.bytes)
		return -ENOMEM;
	imported.format = format_of(header);
	imported.total = header->total;
	imported.version = header->version;
	memcpy(imported.id, header->id, sizeof(imported.id));
	return 0;
}

static int add_chunk(const unsigned char *chunk, size_t length)
{
	struct chunk_header header;
	int error;

	if (length < sizeof(header))
		return -EBADMSG;
	memcpy(&header, chunk, sizeof(header));
	if (!format_of(&header) || header.length != length - sizeof(header))
		return -EBADMSG;
	error = header.index ? 0 : start_import(&header);
	if (error)
		return error;
	if (!imported.bytes || header.index != imported.next ||
	    header.total != imported.total ||
	    header.length > imported.total - imported.done ||
	    memcmp(header.id, imported.id, sizeof(header.id)))
		return -ESTALE;
	memcpy(imported.bytes + imported.done, chunk + sizeof(header),
	       header.length);
	imported.done += header.length;
	imported.next++;
	return 0;
}

static int store_entry(const struct form *form, const unsigned char *bytes)
{
	struct entry *entry = store_new(form->key_length, form->length);

	if (!entry)
		return -ENOMEM;
	entry->revision = form->revision;
	memcpy(entry->bytes, bytes, form->key_length + form->length);
	return store_insert(entry);
}

/* Walks the snapshot; with @put it also stores. */
static int walk(const struct snapshot *snapshot, int put)
{
	const unsigned char *at = snapshot->bytes;
	size_t left = snapshot->total, head = form_size(snapshot->format);

	while (left) {
		struct form form = { 0 };
		size_t size;
		int error;

		if (left < head)
			return -EBADMSG;
		memcpy(&form, at, head);
		size = (size_t)form.key_length + form.length;
		if (size > left - head)
			return -EBADMSG;
		error = put ? store_entry(&form, at + head) : 0;
		if (error)
			return error;
		at += head + size;
		left -= head + size;
	}
	return 0;
}

/* Another export may have been made since the first chunk came. */
static int finish_import(void)
{
	int error = version_check(imported.version);

	if (!error)
		error = walk(&imported, 0);
	if (!error) {
		store_clear();
		error = walk(&imported, 1);
	}
	if (!error)
		version_adopt(imported.version);
	if (!error && imported.legacy) {
		forget(&exported);
		exported = imported;
		memset(&imported, 0, sizeof(imported));
	}
	forget(&imported);
	return error;
}

int vault_import(const struct rewire_args *args, struct rewire_answer *answer)
{
	unsigned int flags = 0;
	long length = rewire_unseal(args->arg[1].data, args->arg[1].length, plain,
				    sizeof(plain), &flags);
	uint32_t chunks;
	int error;

	if (length < 0)
		return length;
	error = add_chunk(plain, length);
	explicit_bzero(plain, sizeof(plain));
	if (error)
		return error;
	chunks = chunks_of(imported.total);
	if (flags & REWIRE_SEALED_LEGACY)
		imported.legacy = 1;
	error = rewire_answer_printf(answer, "%u of %u%s\n", imported.next, chunks,
				     flags & REWIRE_SEALED_LEGACY ? ", legacy" : "");
	if (!error && imported.next == chunks)
		error = finish_import();
	return error;
}

uint32_t export_policy(void)
{
	return policy;
}

int export_set_policy(uint32_t wanted)
{
	if (wanted < REWIRE_SEAL_MEASUREMENT || wanted > REWIRE_SEAL_WORKLOAD)
		return -EINVAL;
	policy = wanted;
	return 0;
}

int vault_policy(const struct rewire_args *args, struct rewire_answer *answer)
{
	static const char *const names[] = {
		[REWIRE_SEAL_MEASUREMENT] = "measurement",
		[REWIRE_SEAL_SOFTWARE] = "software",
		[REWIRE_SEAL_WORKLOAD] = "workload",
	};

	(void)answer;
	for (unsigned int i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		if (rewire_args_equal(args, 1, names[i])) {
			policy = i;
			return 0;
		}
	}
	return -EINVAL;
}
