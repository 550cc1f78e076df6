/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Provisioning: keys, journal, and where it ended.
 */
#ifndef REWIRE_PROVISION_H
#define REWIRE_PROVISION_H

#include "sm.h"

int rewire_sm_provision(struct rewire_sm *sm, const struct rewire_provision *p,
			struct rewire_why *why);
int rewire_sm_compact(struct rewire_sm *sm, struct rewire_why *why);

#if IS_ENABLED(CONFIG_KUNIT)
int rewire_provision_replay(void *data,
			    const struct rewire_journal_record *record,
			    const void *payload, struct rewire_why *why);
#endif

#endif
