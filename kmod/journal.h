/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal: what an SM must not forget, written and synced before anybody is
 * told. The format is uapi/rewire_journal.h.
 *
 * The journal's lock is the lock of durable state: who changes any takes it,
 * looks, appends, and only then changes what is in memory. So a state that
 * others can see is on the disk.
 */
#ifndef REWIRE_JOURNAL_H
#define REWIRE_JOURNAL_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "../uapi/rewire_journal.h"
#include "../uapi/rewire_trust.h"
#include "counter.h"
#include "keys.h"
#include "why.h"

struct crypto_shash;

/* bytes of a record in the file */
#define REWIRE_JOURNAL_BYTES(length)					\
	(sizeof(struct rewire_journal_record) + ALIGN((u64)(length), 8) + \
	 REWIRE_MAC_SIZE)

/**
 * struct rewire_chain - where a chain of records has got to
 * @base: sequence of the first record in the file
 * @sequence: of the next record
 * @end: where in the file that one goes
 * @generation: of the root key that will authenticate it
 * @head: SHA-256 of the last record
 */
struct rewire_chain {
	u64 base;
	u64 sequence;
	loff_t end;
	u32 generation;
	u8 head[REWIRE_DIGEST_SIZE];
};

/**
 * struct rewire_journal - the journal of one SM
 * @lock: of durable state; between enclave->lock and sm->lock
 * @node: in the list of journals in use
 * @file: the two files; both NULL without a journal
 * @roots: whose keys authenticate records
 * @mac: keyed transforms, by generation, made when first needed
 * @buffer: room for one record with its MAC
 * @active: which file is written to
 * @chain: how far it has got
 * @reserved: up to where the file has its blocks already
 * @cut: bytes that were cut off at the start
 * @id: of the journal
 * @sm: whose
 * @vouched: some head of ours that a witness knew, from the last WITNESS record
 * @is_vouched: there is one
 * @counter: moved on with each record that counts; NULL without one
 * @unsynced: the last record is a note, and may not be on the disk
 * @compacting: records go to the other file, and are synced all at once
 * @error: after a failed sync nobody knows what is on the disk: no more records
 */
struct rewire_journal {
	struct mutex lock;	/* see above */
	struct list_head node;
	struct file *file[2];
	const struct rewire_roots *roots;
	struct crypto_shash *mac[REWIRE_MAX_GENERATIONS + 1];
	u8 *buffer;
	u32 active;
	struct rewire_chain chain;
	loff_t reserved;
	u64 cut;
	u8 id[REWIRE_ID_SIZE];
	u8 sm[REWIRE_ID_SIZE];
	struct rewire_witness vouched;
	bool is_vouched;
	struct rewire_counter *counter;
	bool unsynced;
	bool compacting;
	int error;
};

/* a record that was read; @payload has record->length bytes */
typedef int (*rewire_journal_replay_t)(void *data,
				       const struct rewire_journal_record *record,
				       const void *payload,
				       struct rewire_why *why);
/* all that is known, by rewire_journal_append(); called with the lock */
typedef int (*rewire_journal_snapshot_t)(void *data,
					 struct rewire_journal *journal,
					 struct rewire_why *why);

void rewire_journal_setup(struct rewire_journal *journal);
int rewire_journal_open(struct rewire_journal *journal, struct file *files[2],
			const struct rewire_roots *roots, const u8 *sm,
			struct rewire_counter *counter,
			rewire_journal_replay_t replay, void *data,
			struct rewire_why *why);
void rewire_journal_close(struct rewire_journal *journal);

int rewire_journal_append(struct rewire_journal *journal, u16 type,
			  const void *payload, u32 length,
			  struct rewire_why *why);
void rewire_journal_note(struct rewire_journal *journal, u16 type,
			 const void *payload, u32 length);
int rewire_journal_flush(struct rewire_journal *journal,
			 struct rewire_why *why);
int rewire_journal_rotate(struct rewire_journal *journal, u32 generation,
			  struct key *root, struct rewire_why *why);
int rewire_journal_room(struct rewire_journal *journal,
			struct rewire_why *why);
int rewire_journal_compact(struct rewire_journal *journal, u64 records,
			   rewire_journal_snapshot_t snapshot, void *data,
			   struct rewire_why *why);
int rewire_journal_had(struct rewire_journal *journal, u64 sequence,
		       const u8 head[REWIRE_DIGEST_SIZE],
		       struct rewire_why *why);

static inline bool rewire_journal_durable(const struct rewire_journal *journal)
{
	return journal->file[0];
}

#endif
