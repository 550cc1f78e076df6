/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages of an enclave were written since they were copied, so that only
 * those have to be copied again.
 */
#ifndef REWIRE_DIRTY_H
#define REWIRE_DIRTY_H

#include "enclave.h"
#include "weaken.h"

unsigned long *rewire_dirty_start(struct rewire_enclave *enclave,
				  enum rewire_dirty set);
u64 rewire_dirty_take(struct rewire_enclave *enclave, enum rewire_dirty set,
		      unsigned long *pages);
u64 rewire_dirty_count(struct rewire_enclave *enclave, enum rewire_dirty set);
void rewire_dirty_came(struct rewire_enclave *enclave, u64 first, u64 count);
void rewire_dirty_settle(struct rewire_enclave *enclave, bool settled);
bool rewire_dirty_settled(struct rewire_enclave *enclave);
bool rewire_dirty_wait(struct rewire_enclave *enclave, unsigned int flags);
void rewire_dirty_stop(struct rewire_enclave *enclave, enum rewire_dirty set,
		       unsigned long *pages);

/* does somebody want to know of a page's first write? */
static inline bool rewire_dirty_tracked(const struct rewire_enclave *enclave)
{
	return enclave->dirty[REWIRE_DIRTY_UNSENT];
}

/* a page is about to be written; the caller holds map_sem */
static inline void rewire_dirty_mark(struct rewire_enclave *enclave, u64 page)
{
	if (rewire_dirty_tracked(enclave) && !rewire_weakened(dirty))
		set_bit(page, enclave->dirty[REWIRE_DIRTY_UNSENT]);
}

#endif
