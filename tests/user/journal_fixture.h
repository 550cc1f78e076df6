/* SPDX-License-Identifier: MIT */
/*
 * A journal as an SM writes it, made here record by record.
 */
#ifndef TESTS_USER_JOURNAL_FIXTURE_H
#define TESTS_USER_JOURNAL_FIXTURE_H

#include <stddef.h>

#include <uapi/rewire_journal.h>

#define FIX_JOURNAL_ROOM 4096
#define FIX_ROOT_KEY 32	/* bytes, REWIRE_ROOT_KEY_SIZE of librewire */

/* The file so far, and what its next record has to name. */
struct journal {
	__u8 data[FIX_JOURNAL_ROOM];
	size_t length;
	__u64 sequence;
	__u32 generation;
	__u8 head[REWIRE_DIGEST_SIZE];
	size_t last;	/* where the last record begins */
};

extern const __u8 journal_fixture_sm[REWIRE_ID_SIZE];
extern const __u8 journal_fixture_id[REWIRE_ID_SIZE];
/* by generation, from 1 */
extern const __u8 journal_fixture_root[3][FIX_ROOT_KEY];

/* OPEN, and the first generation */
void journal_begin(struct journal *j);
void journal_add(struct journal *j, __u16 type, const void *payload,
		 __u32 length);
void journal_add_generation(struct journal *j, __u32 generation);
void journal_add_workload(struct journal *j, __u64 epoch);
/* what a compaction makes of @from: two workloads */
void journal_compact(struct journal *j, const struct journal *from);

/*
 * HMAC over header, payload and zeros at @at, with the key of @generation and
 * @id, which need not be the fixture's.
 */
void journal_mac(__u32 generation, const __u8 id[REWIRE_ID_SIZE],
		 const __u8 *at, size_t length, __u8 mac[REWIRE_MAC_SIZE]);
/* HKDF of a root key, for one purpose */
void journal_derive(__u32 generation, const __u8 id[REWIRE_ID_SIZE],
		    const char *label, __u8 key[REWIRE_DIGEST_SIZE]);

#endif
