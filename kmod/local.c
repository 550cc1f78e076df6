// SPDX-License-Identifier: GPL-2.0-only
/*
 * For this branch alone: what other files define once they are there.
 */
#include "compat.h"
#include "platform.h"
#include "sm.h"

u64 rewire_platform_claims(const struct rewire_sm *sm)
{
	return REWIRE_CLAIM_YAMA;
}

int rewire_journal_append(struct rewire_journal *journal, u16 type,
			  const void *payload, u32 length,
			  struct rewire_why *why)
{
	lockdep_assert_held(&journal->lock);
	if (journal->error)
		return rewire_because(why, journal->error,
				      "the journal cannot be written");
	journal->sequence++;
	return 0;
}

void rewire_journal_setup(struct rewire_journal *journal)
{
	mutex_init(&journal->lock);
}
