/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosts with a journal, whose power is cut. What stands in the files at that
 * moment is what the next life begins with; the life before goes on somewhere
 * where nobody speaks to it any more.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_LIVES_H
#define E2E_LIVES_H

#include <stdbool.h>

#include "hosts.h"
#include "blob.h"
#include "work.h"

#define JOURNAL_PATH	64

/**
 * struct life - an SM and its journal
 * @host: the SM
 * @journal: folder of its two files
 * @flags: REWIRE_PROVISION_*
 */
struct life {
	struct host host;
	char journal[JOURNAL_PATH];
	__u32 flags;
};

/* The first life of the host of that name. */
void life_begin(struct life *life, const char *name, __u32 flags);

/* The power is cut, and comes back. */
void life_restart(struct life *life);

/* A copy of the journal as it stands now. */
void life_keep(const struct life *life, char kept[JOURNAL_PATH]);

/* Another life from a kept journal, which stays as it is. */
int life_from(struct life *life, const char *name, const char *kept,
	      __u32 flags, struct rewire_error *error);

/* The whole of the file that is in use; free() it. */
__u8 *life_read(const char *journal, unsigned int file, size_t *ret_length);
void life_write(const char *journal, unsigned int file, const __u8 *data,
		size_t length);

/**
 * struct memory - of a witness, about one SM
 * @head: the last head that it remembers
 * @known: there is one
 */
struct memory {
	struct rewire_head head;
	bool known;
};

/* Ask once: 0, or why the witness or the SM refused. */
int life_witness(const struct life *life, struct memory *memory,
		 struct rewire_error *error);
/* By one whose clock says that, 0: as it is; the SM is yet to be told. */
int life_witness_at(const struct life *life, struct memory *memory, __u64 time,
		    struct rewire_signed *ret_said, struct rewire_error *error);

__u32 life_freshness(const struct life *life);

/* The checkpoint of a paused instance there. */
struct blob blob_extract(struct work *work, const struct host *host);

#endif /* E2E_LIVES_H */
