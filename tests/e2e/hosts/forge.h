/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SM that lies: who had the keys of a host before they were provisioned signs
 * whatever they want with them.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_FORGE_H
#define E2E_FORGE_H

#include "carry.h"

/* The statement at the start of a message, to be changed in place. */
struct rewire_message *forge_open(struct message *message);

/* Other evidence behind it; sign afterwards. */
void forge_evidence(struct message *message, const struct rewire_token *token);

/* Sign what was changed with the key of that host, whoever the speaker is. */
void forge_sign(struct message *message, const char *host);

#endif /* E2E_FORGE_H */
