/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of /dev/rewire about the journal.
 */
#ifndef REWIRE_JOURNAL_DEVICE_H
#define REWIRE_JOURNAL_DEVICE_H

#include "chardev.h"

int rewire_journal_device_head(struct rewire_context *context, void *arg);
int rewire_journal_device_witness(struct rewire_context *context, void *arg);
int rewire_journal_device_info(struct rewire_context *context, void *arg);

#endif
