/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_CHECKPOINT_H
#define REWIRED_CHECKPOINT_H

#include <stdatomic.h>

#include "decide.h"
#include "helper.h"

/*
 * The sealed state of a workload on this host's disk, and what becomes of it.
 * Each step may be repeated, and may be cut off anywhere: the SM decides what an
 * old file is worth.
 */

/**
 * checkpoint_save - write what a stream gives to the workload's file
 * @store: the store
 * @workload: whose file
 * @stream: to be read to its end
 *
 * The file appears, durably, when it is whole.
 *
 * Return: 0 or a negative errno.
 */
int checkpoint_save(const struct store *store,
		    const __u8 workload[REWIRE_ID_SIZE], int stream,
		    struct rewire_error *err);

/**
 * checkpoint_copy - copy what a stream gives now
 * @from: the stream
 * @to: the file
 * @cancel: ends it early with -ECANCELED once it is true; may be NULL
 *
 * Return: 0 or a negative errno.
 */
int checkpoint_copy(int from, int to, const atomic_bool *cancel,
		    struct rewire_error *err);

/* Whether there is one of this very migration. It says so itself. */
enum kept checkpoint_find(const struct store *store,
			  const struct record *record);

/* Remove it, if it is of this very migration. */
void checkpoint_drop(const struct store *store, const struct record *record);

/**
 * checkpoint_reload - give a target that is PREPARED its image back
 * @store: the store
 * @record: the migration
 * @session: its file
 *
 * Return: 0 or a negative errno, see decide_restored().
 */
int checkpoint_reload(const struct store *store, const struct record *record,
		      int session, struct rewire_error *err);

/* Make it an enclave that stands still. Return: as checkpoint_reload(). */
int checkpoint_restore(const struct store *store, const struct record *record,
		       struct rewire_error *err);

/* The same with a file that is open at its start. */
int checkpoint_restore_from(int fd, struct rewire_error *err);

/* What the SM has of a workload. Return: 0 or a negative errno. */
int workload_look(const __u8 workload[REWIRE_ID_SIZE], enum image *ret_image,
		  struct rewire_error *err);

/* Give an IMAGE_IDLE its process. Return: 0 or a negative errno. */
int workload_enter(struct helper *helper, const __u8 workload[REWIRE_ID_SIZE],
		   struct rewire_error *err);

#endif /* REWIRED_CHECKPOINT_H */
