/* SPDX-License-Identifier: MIT */
/*
 * The whole store from one release of the vault to the next.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef VAULT_STATE_H
#define VAULT_STATE_H

/*
 * Before the first call: take part in updates. A snapshot that is being exported
 * or imported does not go along and has to be begun again.
 */
void state_init(void);

#endif /* VAULT_STATE_H */
