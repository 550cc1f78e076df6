/* SPDX-License-Identifier: MIT */
/*
 * An enclave that misbehaves in updates.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef UNRULY_H
#define UNRULY_H

#include "rewire_enclave.h"

/*
 * From now on receive as an SDK did that knows calls alone: whatever comes is
 * parsed as a request and answered with a status and a sentence. @handle is of the
 * call in which it was asked to.
 */
_Noreturn void old_sdk(uint64_t handle, const struct rewire_verb *verbs);

/* Call the SM hundreds of times, with whatever; then an errno. */
int babble(void);

#endif /* UNRULY_H */
