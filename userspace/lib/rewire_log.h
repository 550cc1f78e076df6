/* SPDX-License-Identifier: MIT */
/*
 * librewire: the journal.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_LOG_H
#define LIBREWIRE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uapi/rewire_journal.h>

#include "rewire_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------
 * The journal: its files without an SM, and what the SM says of it.
 */

#define REWIRE_ROOT_KEY_SIZE	32
#define REWIRE_MAX_JOURNAL	(256UL << 20)	/* bytes of a file that we read */
#define REWIRE_MAX_HEAD		(sizeof(struct rewire_head) + REWIRE_MAX_CERT + 512)

/**
 * struct rewire_journal_entry - one record of a file
 * @record: its header
 * @payload: @record.length bytes in the caller's data
 * @offset: where in that it starts
 */
struct rewire_journal_entry {
	struct rewire_journal_record record;
	const __u8 *payload;
	size_t offset;
};

/**
 * rewire_journal_next - take a file apart
 * @data: content of a file; need not be aligned, nor a journal at all
 * @length: its bytes
 * @position: in: where to go on, at first 0; out: behind the record
 * @ret_entry: the record; its payload is as long as its type demands
 *
 * Return: 1, 0 at the end, -EBADMSG when there is something else.
 */
int rewire_journal_next(const void *data, size_t length, size_t *position,
			struct rewire_journal_entry *ret_entry,
			struct rewire_error *err);

/**
 * struct rewire_journal_roots - root keys, where they are at hand
 * @key: by generation, REWIRE_ROOT_KEY_SIZE bytes; NULL where it is not
 */
struct rewire_journal_roots {
	const __u8 *key[REWIRE_MAX_GENERATIONS + 1];
};

/**
 * struct rewire_journal_summary - what a file holds
 * @sm: whose journal
 * @journal: its id
 * @base: sequence of the first record
 * @base_head: the head it goes on from; zero for the start of a journal
 * @sequence: records in the chain, of all files
 * @head: SHA-256 of the last
 * @generation: of the root key that authenticates what comes next
 * @counter: of the last record
 * @torn: bytes behind the last record that are no record
 * @blank: there is no record, because none was ever written
 * @unfinished: a compaction that was interrupted: the other file counts
 * @authentic: all MACs were checked
 */
struct rewire_journal_summary {
	__u8 sm[REWIRE_ID_SIZE];
	__u8 journal[REWIRE_ID_SIZE];
	__u64 base;
	__u8 base_head[REWIRE_DIGEST_SIZE];
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
	__u32 generation;
	__u64 counter;
	size_t torn;
	bool blank;
	bool unfinished;
	bool authentic;
};

/**
 * rewire_journal_verify - check the chain of a file
 * @data: content
 * @length: its bytes
 * @roots: to check the MACs too; NULL: nobody can tell then who wrote it
 * @ret_summary: what it holds
 *
 * Return: 0; -EUCLEAN, with the first bad record named; -ENOKEY when a root key
 * is another one; -ENOMEM.
 */
int rewire_journal_verify(const void *data, size_t length,
			  const struct rewire_journal_roots *roots,
			  struct rewire_journal_summary *ret_summary,
			  struct rewire_error *err);

/**
 * rewire_journal_contains - did the chain of a verified file have this head?
 * @data: content
 * @length: its bytes
 * @head: checked by rewire_head_check()
 *
 * Return: 1; 0 when it had another one then, or is not that long; -ENODATA when
 * that was before the first record of the file.
 */
int rewire_journal_contains(const void *data, size_t length,
			    const struct rewire_head *head,
			    struct rewire_error *err);

/**
 * rewire_head_check - what an SM said of its journal
 * @data: struct rewire_head, certificate, signature
 * @length: their bytes
 * @platform: certificate file of the platform CA
 * @ret_head: the head
 *
 * Return: 0, -EBADMSG when it is none, -EKEYREJECTED when a signature is wrong
 * or the SM's certificate is not the CA's.
 */
int rewire_head_check(const void *data, size_t length, const char *platform,
		      struct rewire_head *ret_head, struct rewire_error *err);

/**
 * rewire_witness_answer - what a witness says to a head that it is shown
 * @known: the head of this SM that it remembers; NULL for none
 * @shown: checked by rewire_head_check()
 * @ret_witness: the answer, to be signed by rewire_sign_witness()
 * @ret_remember: @shown is what to remember from now on
 *
 * A head that goes on from @known is not remembered before the SM has said that
 * @known is part of its chain: a journal that was put back may have grown.
 *
 * Return: 0; -EUCLEAN when @shown is from before @known, beside it, or of
 * another journal: then nobody may run what that SM has.
 */
int rewire_witness_answer(const struct rewire_head *known,
			  const struct rewire_head *shown,
			  struct rewire_witness *ret_witness,
			  bool *ret_remember, struct rewire_error *err);

int rewire_sm_journal_info(int sm, struct rewire_journal_info *ret_info,
			   struct rewire_error *err);
/* @ret_length: in: room (REWIRE_MAX_HEAD always suffices) */
int rewire_sm_head(int sm, void *buffer, size_t *ret_length,
		   struct rewire_error *err);
int rewire_sm_witness(int sm, const struct rewire_signed *witness,
		      struct rewire_error *err);
/* What is in force of a kind; @kind: as in struct rewire_get_trust. */
int rewire_sm_trust(int sm, __u32 kind, struct rewire_get_trust *ret_trust,
		    struct rewire_error *err);
int rewire_sm_compact(int sm, struct rewire_error *err);

/* "WORKLOAD", "waiting for a witness" ...; "unknown" for one of the future. */
const char *rewire_journal_type_name(__u32 type);

#ifdef __cplusplus
}
#endif

#endif
