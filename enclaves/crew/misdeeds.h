/* SPDX-License-Identifier: MIT */
/*
 * What threads may do that they should not.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef CREW_MISDEEDS_H
#define CREW_MISDEEDS_H

#include "rewire_enclave.h"

/* misdeed() - do the one of that name; -ENOENT: there is none */
int misdeed(const char *name, struct rewire_answer *answer);

#endif /* CREW_MISDEEDS_H */
