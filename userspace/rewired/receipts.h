/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_RECEIPTS_H
#define REWIRED_RECEIPTS_H

#include "helper.h"

/*
 * Receipts of updates: what the SM signed of how each ended, a file for each,
 * and beside it an empty one once the SDS has it.
 */
#define RECEIPTS_FILE	".receipt"
#define RECEIPTS_SENT	".sent"

/* The folder. */
int receipts_dir(const struct helper *helper, char path[STORE_PATH],
		 struct rewire_error *err);

/* Where the receipt of an update is kept. */
int receipts_path(const struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
		  char *path, size_t size, struct rewire_error *err);

/* Keep what the SM signed; what fails is logged. */
void receipts_keep(struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
		   const void *receipt, size_t length);

#endif /* REWIRED_RECEIPTS_H */
