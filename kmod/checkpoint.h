/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams at rest: extract a checkpoint, take one in, seal it anew.
 */
#ifndef REWIRE_CHECKPOINT_H
#define REWIRE_CHECKPOINT_H

#include "enclave.h"

struct file *rewire_checkpoint_extract(struct rewire_enclave *enclave,
				       struct rewire_why *why);
struct file *rewire_checkpoint_frozen(struct rewire_enclave *enclave,
				      const u8 *request_id,
				      struct rewire_handover *handover,
				      struct rewire_why *why);
struct file *rewire_checkpoint_reseal(struct rewire_sm *sm,
				      struct rewire_why *why);

#endif
