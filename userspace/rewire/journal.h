/* SPDX-License-Identifier: MIT */
/*
 * A journal's records, for people and as JSON.
 */
#ifndef REWIRE_CLI_JOURNAL_H
#define REWIRE_CLI_JOURNAL_H

#include <rewire.h>

/* One record as one line, in words or, with --json, as an object. */
void journal_print(const struct rewire_journal_entry *entry);

#endif
