/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a journal's file: every record verified, damage told from a torn end.
 */
#ifndef REWIRE_JOURNAL_SCAN_H
#define REWIRE_JOURNAL_SCAN_H

#include "journal.h"

/* bytes of the longest */
#define REWIRE_JOURNAL_BUFFER						\
	REWIRE_JOURNAL_BYTES(REWIRE_JOURNAL_MAX_PAYLOAD)

/**
 * struct rewire_journal_scan - what one file holds
 * @file: number of the file, for sentences
 * @size: its bytes
 * @blank: no journal was ever begun in it
 * @unfinished: a compaction into it was interrupted: it does not count
 * @chain: up to the last right record
 * @id: of the journal
 * @needed: sequence that has to be reached before it counts
 * @last: header of the last right record
 * @reach: where the chain would have got to, with what cannot be read
 * @vouched: payload of the last WITNESS record
 * @is_vouched: there is one
 * @error: -EUCLEAN or -ENOKEY: what is wrong with it
 * @why: the sentence
 */
struct rewire_journal_scan {
	u32 file;
	loff_t size;
	bool blank;
	bool unfinished;
	struct rewire_chain chain;
	u8 id[REWIRE_ID_SIZE];
	u64 needed;
	struct rewire_journal_record last;
	u64 reach;
	struct rewire_witness vouched;
	bool is_vouched;
	int error;
	struct rewire_why why;
};

int rewire_journal_scan(struct rewire_journal *journal, u32 file,
			struct rewire_journal_scan *scan,
			rewire_journal_replay_t replay, void *data,
			struct rewire_why *why);

/* in journal_mac.c: what both reading and writing need */
void rewire_journal_name(struct rewire_journal *journal,
			 const u8 id[REWIRE_ID_SIZE]);
void rewire_journal_forget(struct rewire_journal *journal);
int rewire_journal_key(struct rewire_journal *journal, u32 generation,
		       struct key *root);
int rewire_journal_mac(struct rewire_journal *journal, u32 generation,
		       size_t len, u8 mac[REWIRE_MAC_SIZE]);
int rewire_journal_check(const struct rewire_journal *journal,
			 struct key *root, u8 check[REWIRE_DIGEST_SIZE]);

#endif
