/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams at rest: extract a checkpoint, take one in, seal it anew.
 */
#ifndef REWIRE_CHECKPOINT_H
#define REWIRE_CHECKPOINT_H

#include "enclave.h"

struct file *rewire_checkpoint_extract(struct rewire_enclave *enclave,
				       struct rewire_why *why);
struct file *rewire_checkpoint_session(struct rewire_session *session,
				       struct rewire_enclave *enclave,
				       bool live, struct rewire_why *why);
struct file *rewire_checkpoint_update(struct rewire_enclave *enclave,
				      struct rewire_handover *handover,
				      const u8 *id, struct rewire_why *why);
struct file *rewire_checkpoint_reseal(struct rewire_sm *sm,
				      struct rewire_why *why);

#endif
