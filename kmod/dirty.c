// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: a page that nobody can write without a fault is clean.
 *
 * A round takes the set of pages written so far and unmaps them, in this order.
 * A write that came before the unmapping is in what is copied afterwards; one
 * that comes later faults, and is in the next set. The fault notes the page and
 * maps it under map_sem, and the set is taken under map_sem for write, so that
 * no page is mapped writable for a set that was taken already.
 *
 * What is sealed meanwhile follows what is sent: who takes the one set adds it to
 * the other. Between the two a page may be written again without a fault; it is
 * in the next set that is taken then, and so in the other again.
 */
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "dirty.h"

static u64 dirty_bits(const struct rewire_enclave *enclave)
{
	return enclave->layout.span >> PAGE_SHIFT;
}

static unsigned long *dirty_alloc(const struct rewire_enclave *enclave)
{
	return kvcalloc(BITS_TO_LONGS(dirty_bits(enclave)),
			sizeof(unsigned long), GFP_KERNEL_ACCOUNT);
}

/**
 * rewire_dirty_start() - note from now on which pages are to be copied again
 * @enclave: locked
 * @set: which nobody has started
 *
 * All pages are.
 *
 * Return: room for a set of pages, for rewire_dirty_take(), or an ERR_PTR():
 * -EBUSY somebody has; -ENOMEM.
 */
unsigned long *rewire_dirty_start(struct rewire_enclave *enclave,
				  enum rewire_dirty set)
{
	unsigned long *pages, *dirty;

	lockdep_assert_held(&enclave->lock);
	if (enclave->dirty[set])
		return ERR_PTR(-EBUSY);
	pages = dirty_alloc(enclave);
	dirty = dirty_alloc(enclave);
	if (!pages || !dirty) {
		kvfree(pages);
		kvfree(dirty);
		return ERR_PTR(-ENOMEM);
	}
	bitmap_fill(dirty, dirty_bits(enclave));
	down_write(&enclave->map_sem);
	enclave->dirty[set] = dirty;
	up_write(&enclave->map_sem);
	return pages;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_start);

/* whole words of the set at a time: fewer, longer ranges; a clean page in one
 * of them costs its next reader a fault
 */
static void dirty_unmap(struct rewire_enclave *enclave,
			const unsigned long *pages)
{
	u64 words = BITS_TO_LONGS(dirty_bits(enclave)), first, last;
	const u64 step = (u64)BITS_PER_LONG << PAGE_SHIFT;

	for (first = 0; first < words; first = last + 1) {
		for (last = first; last < words && pages[last]; last++)
			;
		if (last == first)
			continue;
		unmap_mapping_range(enclave->inode->i_mapping, first * step,
				    (last - first) * step, 1);
		cond_resched();
	}
}

/**
 * rewire_dirty_take() - a set as it is now, which is empty from here on
 * @enclave: @set was started; nobody else takes it
 * @set: which
 * @pages: out
 *
 * Return: how many there are.
 */
u64 rewire_dirty_take(struct rewire_enclave *enclave, enum rewire_dirty set,
		      unsigned long *pages)
{
	u64 bits = dirty_bits(enclave);
	unsigned long *unsealed;

	down_write(&enclave->map_sem);
	bitmap_copy(pages, enclave->dirty[set], bits);
	bitmap_zero(enclave->dirty[set], bits);
	unsealed = enclave->dirty[REWIRE_DIRTY_UNSEALED];
	if (set == REWIRE_DIRTY_UNSENT && unsealed)
		bitmap_or(unsealed, unsealed, pages, bits);
	up_write(&enclave->map_sem);
	if (set == REWIRE_DIRTY_UNSENT)
		dirty_unmap(enclave, pages);
	return bitmap_weight(pages, bits);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_take);

/* Return: how many pages the set has so far */
u64 rewire_dirty_count(struct rewire_enclave *enclave, enum rewire_dirty set)
{
	u64 count;

	down_read(&enclave->map_sem);
	count = bitmap_weight(enclave->dirty[set], dirty_bits(enclave));
	up_read(&enclave->map_sem);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_count);

/**
 * rewire_dirty_came() - pages have come in from the other side
 * @enclave: RECEIVING
 * @first: page
 * @count: pages
 */
void rewire_dirty_came(struct rewire_enclave *enclave, u64 first, u64 count)
{
	u64 i;

	down_read(&enclave->map_sem);
	for (i = 0; enclave->dirty[REWIRE_DIRTY_UNSEALED] && i < count; i++)
		set_bit(first + i, enclave->dirty[REWIRE_DIRTY_UNSEALED]);
	up_read(&enclave->map_sem);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_came);

/**
 * rewire_dirty_settle() - the sets get no new page any more, or may again
 * @enclave: what was sent, or came, is all
 * @settled: they don't
 */
void rewire_dirty_settle(struct rewire_enclave *enclave, bool settled)
{
	down_write(&enclave->map_sem);
	enclave->settled = settled;
	up_write(&enclave->map_sem);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_settle);

/* is what is taken now the last? */
bool rewire_dirty_settled(struct rewire_enclave *enclave)
{
	bool settled;

	down_read(&enclave->map_sem);
	settled = enclave->settled;
	up_read(&enclave->map_sem);
	return settled;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_settled);

/**
 * rewire_dirty_wait() - a page is about to be written for the first time
 * @enclave: whose
 * @flags: of the fault; none of our locks is held
 *
 * The same in small as the kernel does to writers of a slow disk. It does not hold
 * up the kernel when that writes the frame of a signal.
 *
 * Return: false: there is a signal, and the fault is to be taken again.
 */
bool rewire_dirty_wait(struct rewire_enclave *enclave, unsigned int flags)
{
	ktime_t delay = ns_to_ktime((u64)READ_ONCE(enclave->dirty_delay_us) *
				    NSEC_PER_USEC);

	if (!delay || !(flags & FAULT_FLAG_USER))
		return true;
	set_current_state(TASK_INTERRUPTIBLE);
	schedule_hrtimeout(&delay, HRTIMER_MODE_REL);
	return !signal_pending(current);
}

/**
 * rewire_dirty_stop() - what is to be copied again is of no interest any more
 * @enclave: @set was started
 * @set: which
 * @pages: of rewire_dirty_start()
 */
void rewire_dirty_stop(struct rewire_enclave *enclave, enum rewire_dirty set,
		       unsigned long *pages)
{
	unsigned long *dirty;

	down_write(&enclave->map_sem);
	dirty = enclave->dirty[set];
	enclave->dirty[set] = NULL;
	if (set == REWIRE_DIRTY_UNSENT)
		enclave->dirty_delay_us = 0;
	up_write(&enclave->map_sem);
	kvfree(dirty);
	kvfree(pages);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_stop);
