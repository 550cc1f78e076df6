/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is the journal the last one there was? A file cannot tell; somebody who
 * remembers its head can, or a number in a TPM. Until then nothing runs that
 * may run elsewhere.
 *
 * What was written since can be taken back unnoticed. A strict SM shows it to
 * the witness first: before START, ACTIVE and a target's ABORTED are said, and
 * before a state runs that others may have (docs/model.md).
 */
#ifndef REWIRE_WITNESS_H
#define REWIRE_WITNESS_H

#include "events.h"
#include "journal.h"
#include "signed.h"

/**
 * struct rewire_freshness - what is known of a journal's freshness
 * @journal: which; its lock protects what follows the pointers
 * @attest: who signs heads
 * @roles: who signs witnesses
 * @events: where it is told
 * @state: REWIRE_FRESHNESS_*; may be read without the lock
 * @strict: what others act on waits until a witness knows what it rests on
 * @asked: when a head was given out that no witness has answered yet, in
 *	CLOCK_BOOTTIME ns: the first with @nonce; 0: none was
 * @nonce: that the answer has to have
 * @time: how late it was at @time_taken at most, by the witnesses, in seconds
 *	since 1970; 0: none said
 * @time_taken: when this life of the SM heard a witness, in CLOCK_BOOTTIME ns; 0:
 *	it did not, and @time is from the journal: it is later than that
 * @silent_since: what a witness said last it may have said then, and no earlier, in
 *	CLOCK_BOOTTIME ns; as long as it said nothing: when this life began
 */
struct rewire_freshness {
	struct rewire_journal *journal;
	const struct rewire_attest *attest;
	struct rewire_roles *roles;
	struct rewire_events *events;
	u32 state;
	bool strict;
	u8 nonce[REWIRE_NONCE_SIZE];
	u64 asked;
	u64 time;
	u64 time_taken;
	u64 silent_since;
};

int rewire_witness_start(struct rewire_freshness *fresh, u32 flags,
			 struct rewire_why *why);
int rewire_witness_fresh(const struct rewire_freshness *fresh,
			 struct rewire_why *why);
int rewire_witness_knows(const struct rewire_freshness *fresh, u64 records,
			 struct rewire_why *why);
ssize_t rewire_witness_head(struct rewire_freshness *fresh,
			    struct rewire_head **head, struct rewire_why *why);
int rewire_witness_take(struct rewire_freshness *fresh,
			const struct rewire_witness *witness, const void *cms,
			size_t cms_len, struct rewire_why *why);
void rewire_witness_replay(struct rewire_freshness *fresh, const void *payload,
			   u32 length);
int rewire_witness_expired(struct rewire_freshness *fresh, u64 expires,
			   struct rewire_why *why);
int rewire_witness_compact(struct rewire_freshness *fresh, u64 records,
			   rewire_journal_snapshot_t snapshot, void *data,
			   struct rewire_why *why);
void rewire_witness_info(struct rewire_freshness *fresh,
			 struct rewire_journal_info *info);

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_witness_heed(struct rewire_freshness *fresh,
			const struct rewire_witness *witness,
			struct rewire_why *why);
#endif

#endif
