// SPDX-License-Identifier: MIT
/*
 * The store as a stream: a header, the entries as form.h has them, a check. It is
 * written from the store and read into it, an entry at a time: there is no second
 * copy of it in either version.
 *
 * The check is a sum of digests, of the header and of each entry, so that it can
 * be made from what is in memory, in any order, and tells whether that is what the
 * other version had. The SM sees to it that nobody changes the stream; this finds
 * mistakes, and a version that is not what it says.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "state.h"

#include <errno.h>
#include <string.h>

#include "../lib/sha256.h"
#include "export.h"
#include "form.h"
#include "release.h"
#include "store.h"
#include "version.h"

#define STATE_MAGIC	0x53544c56	/* "VLTS" */

struct state_header {
	uint32_t magic;
	uint32_t policy;
	uint64_t count;
	struct version_state version;
};

struct sum {
	uint64_t word[SHA256_SIZE / sizeof(uint64_t)];
};

static struct {
	struct state_header header;
	uint32_t format;
	struct sum sum;
	uint64_t changes;
	int valid;
} imported;

static void sum_add(struct sum *sum, const void *head, size_t head_length,
		    const void *data, size_t length)
{
	struct sum digest;
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, head, head_length);
	sha256_update(&hash, data, length);
	sha256_final(&hash, (unsigned char *)&digest);
	for (size_t i = 0; i < SHA256_SIZE / sizeof(uint64_t); i++)
		sum->word[i] += digest.word[i];
}

static void sum_add_entry(struct sum *sum, const struct entry *entry,
			  uint32_t format)
{
	const struct form form = form_of(entry);

	sum_add(sum, &form, form_size(format), entry->bytes,
		entry->key_length + entry->length);
}

static struct sum sum_of_store(const struct state_header *header,
			       uint32_t format)
{
	struct sum sum = { 0 };

	sum_add(&sum, header, sizeof(*header), NULL, 0);
	for (const struct entry *entry = store_first(); entry;
	     entry = store_next(entry))
		sum_add_entry(&sum, entry, format);
	return sum;
}

/* ---- the old version ---- */

static int export_entry(struct rewire_state *stream, const struct entry *entry,
			struct sum *sum)
{
	const struct form form = form_of(entry);
	int error = rewire_state_put(stream, &form, form_size(release_format));

	sum_add_entry(sum, entry, release_format);
	return error ? error :
		       rewire_state_put(stream, entry->bytes,
					entry->key_length + entry->length);
}

static int export_state(void)
{
	const struct state_header header = {
		.magic = STATE_MAGIC,
		.policy = export_policy(),
		.count = store_count(),
		.version = version_save(),
	};
	struct rewire_state stream = { 0 };
	struct sum sum = { 0 };
	int error = rewire_state_put(&stream, &header, sizeof(header));

	sum_add(&sum, &header, sizeof(header), NULL, 0);
	for (const struct entry *entry = store_first(); entry && !error;
	     entry = store_next(entry))
		error = export_entry(&stream, entry, &sum);
	if (!error)
		error = rewire_state_put(&stream, &sum, sizeof(sum));
	return error ? error : rewire_state_flush(&stream);
}

/* ---- the new one ---- */

static int import_entry(struct rewire_state *stream, uint32_t format)
{
	struct form form = { 0 };
	struct entry *entry;
	int error = rewire_state_get(stream, &form, form_size(format));

	if (error)
		return error;
	if ((uint64_t)form.key_length + form.length > REWIRE_MAX_PAYLOAD)
		return -EBADMSG;
	entry = store_new(form.key_length, form.length);
	if (!entry)
		return -ENOMEM;
	entry->revision = form.revision;
	error = rewire_state_get(stream, entry->bytes,
				 form.key_length + form.length);
	if (error) {
		store_discard(entry);
		return error;
	}
	return store_insert(entry);
}

/* Into an empty store, and into @imported what it must be. */
static int import_stream(struct rewire_state *stream, uint32_t format)
{
	struct state_header *header = &imported.header;
	int error = rewire_state_get(stream, header, sizeof(*header));

	if (!error && header->magic != STATE_MAGIC)
		error = -EBADMSG;
	for (uint64_t i = 0; i < header->count && !error; i++)
		error = import_entry(stream, format);
	if (!error)
		error = rewire_state_get(stream, &imported.sum,
					 sizeof(imported.sum));
	return error ? error : rewire_state_end(stream);
}

static int sum_is_right(void)
{
	const struct sum sum = sum_of_store(&imported.header, imported.format);

	return !memcmp(&sum, &imported.sum, sizeof(sum));
}

static int adopt(void)
{
	if (store_count() != imported.header.count || !sum_is_right() ||
	    export_set_policy(imported.header.policy) ||
	    version_restore(&imported.header.version))
		return -EBADMSG;
	imported.changes = store_changes();
	imported.valid = 1;
	return 0;
}

static int import_state(uint32_t format)
{
	struct rewire_state stream = { 0 };
	int error;

	if (!format || format > release_format)
		return -EOPNOTSUPP;
	store_clear();
	imported.format = format;
	error = import_stream(&stream, format);
	if (!error)
		error = adopt();
	if (error)
		store_clear();
	explicit_bzero(&stream, sizeof(stream));
	return error;
}

/*
 * Every key is found, and as long as no call has changed anything, everything is
 * what it was in the old version; and this is the last state of the workload.
 */
static int health(void)
{
	int error = store_check();

	if (error)
		return error;
	if (imported.valid && imported.changes == store_changes() &&
	    !sum_is_right())
		return -EILSEQ;
	return version_is_last();
}

void state_init(void)
{
	static struct rewire_update_ops ops = {
		.on_export = export_state,
		.on_import = import_state,
		.on_health = health,
	};

	ops.format = release_format;
	rewire_on_update(&ops);
}
