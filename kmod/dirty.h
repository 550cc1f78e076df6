/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages of a running enclave were written, so that only those have to be
 * copied again.
 */
#ifndef REWIRE_DIRTY_H
#define REWIRE_DIRTY_H

#include "enclave.h"
#include "weaken.h"

unsigned long *rewire_dirty_start(struct rewire_enclave *enclave);
u64 rewire_dirty_take(struct rewire_enclave *enclave, unsigned long *pages);
u64 rewire_dirty_count(struct rewire_enclave *enclave);
void rewire_dirty_stop(struct rewire_enclave *enclave, unsigned long *pages);

/* a page is about to be written; the caller holds map_sem */
static inline void rewire_dirty_mark(struct rewire_enclave *enclave, u64 page)
{
	if (enclave->dirty && !rewire_weakened(dirty))
		set_bit(page, enclave->dirty);
}

#endif
