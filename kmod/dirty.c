// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking: a page that nobody can write without a fault is clean.
 *
 * A round takes the set of pages written so far and unmaps them, in this order.
 * A write that came before the unmapping is in what is copied afterwards; one
 * that comes later faults, and is in the next set. The fault notes the page and
 * maps it under map_sem, and the set is taken under map_sem for write, so that
 * no page is mapped writable for a set that was taken already.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
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
 * rewire_dirty_start() - note from now on which pages are written
 * @enclave: locked, not tracked yet
 *
 * All pages count as written.
 *
 * Return: room for a set of pages, for rewire_dirty_take(); NULL: no memory.
 */
unsigned long *rewire_dirty_start(struct rewire_enclave *enclave)
{
	unsigned long *pages = dirty_alloc(enclave);
	unsigned long *dirty = dirty_alloc(enclave);

	lockdep_assert_held(&enclave->lock);
	if (!pages || !dirty) {
		kvfree(pages);
		kvfree(dirty);
		return NULL;
	}
	bitmap_fill(dirty, dirty_bits(enclave));
	down_write(&enclave->map_sem);
	enclave->dirty = dirty;
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
 * rewire_dirty_take() - the pages written since the last time, which are clean
 *	from here on
 * @enclave: tracked; nobody else takes
 * @pages: out
 *
 * Return: how many there are.
 */
u64 rewire_dirty_take(struct rewire_enclave *enclave, unsigned long *pages)
{
	u64 bits = dirty_bits(enclave);

	down_write(&enclave->map_sem);
	bitmap_copy(pages, enclave->dirty, bits);
	bitmap_zero(enclave->dirty, bits);
	up_write(&enclave->map_sem);
	dirty_unmap(enclave, pages);
	return bitmap_weight(pages, bits);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_take);

/* Return: how many pages the next set has so far */
u64 rewire_dirty_count(struct rewire_enclave *enclave)
{
	u64 count;

	down_read(&enclave->map_sem);
	count = bitmap_weight(enclave->dirty, dirty_bits(enclave));
	up_read(&enclave->map_sem);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_count);

/**
 * rewire_dirty_stop() - what is written is of no interest any more
 * @enclave: tracked
 * @pages: of rewire_dirty_start()
 */
void rewire_dirty_stop(struct rewire_enclave *enclave, unsigned long *pages)
{
	unsigned long *dirty;

	down_write(&enclave->map_sem);
	dirty = enclave->dirty;
	enclave->dirty = NULL;
	up_write(&enclave->map_sem);
	kvfree(dirty);
	kvfree(pages);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_dirty_stop);
