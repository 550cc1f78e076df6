// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of an enclave, and the table of them.
 *
 * Where a huge page is to be had, an entry of the table's upper level names all of
 * its pages; below the others is a table with one entry for each. So the table of a
 * large enclave takes next to nothing, and a hole of the span the same.
 */
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "pages.h"

static u64 pages_blocks(const struct rewire_enclave *enclave)
{
	return DIV_ROUND_UP(rewire_block_offset(&enclave->layout) +
				    (enclave->layout.span >> PAGE_SHIFT),
			    REWIRE_BLOCK_PAGES);
}

/**
 * rewire_pages_create() - a table without pages
 * @enclave: new; its layout is checked
 *
 * Return: 0 or -ENOMEM.
 */
int rewire_pages_create(struct rewire_enclave *enclave)
{
	enclave->blocks = kvcalloc(pages_blocks(enclave),
				   sizeof(*enclave->blocks),
				   GFP_KERNEL_ACCOUNT);
	return enclave->blocks ? 0 : -ENOMEM;
}

/* the table; its pages are gone */
void rewire_pages_destroy(struct rewire_enclave *enclave)
{
	u64 i;

	/* lost memory is better than a wrong pointer */
	if (WARN_ON_ONCE(enclave->page_count))
		return;
	for (i = 0; i < pages_blocks(enclave); i++)
		kfree((void *)enclave->blocks[i]);
	kvfree(enclave->blocks);
}

/*
 * The pages are allocated together and then apart again: whoever copies, measures
 * or wipes them sees single ones. Return: pages allocated
 */
static u64 pages_alloc_block(struct rewire_enclave *enclave, u64 first, u64 end)
{
	u64 at = first + rewire_block_offset(&enclave->layout);
	struct page *page;

	if (at % REWIRE_BLOCK_PAGES || end - first < REWIRE_BLOCK_PAGES ||
	    enclave->blocks[at / REWIRE_BLOCK_PAGES])
		return 0;
	page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
			   __GFP_NORETRY, REWIRE_BLOCK_ORDER);
	if (!page)
		return 0;
	split_page(page, REWIRE_BLOCK_ORDER);
	enclave->blocks[at / REWIRE_BLOCK_PAGES] =
		(unsigned long)page | REWIRE_BLOCK_WHOLE;
	enclave->page_count += REWIRE_BLOCK_PAGES;
	return REWIRE_BLOCK_PAGES;
}

/* Return: pages allocated */
static u64 pages_alloc_one(struct rewire_enclave *enclave, u64 index)
{
	u64 at = index + rewire_block_offset(&enclave->layout);
	unsigned long *block = &enclave->blocks[at / REWIRE_BLOCK_PAGES];
	struct page **table = (struct page **)*block;

	if (!table) {
		table = kcalloc(REWIRE_BLOCK_PAGES, sizeof(*table),
				GFP_KERNEL_ACCOUNT);
		if (!table)
			return 0;
		*block = (unsigned long)table;
	}
	at %= REWIRE_BLOCK_PAGES;
	table[at] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!table[at])
		return 0;
	enclave->page_count++;
	return 1;
}

/**
 * rewire_pages_alloc() - zeroed pages for a range that has none yet
 * @enclave: locked; in a state in which nobody maps it
 * @first: page of the span
 * @end: page behind the last one
 *
 * Return: 0, -ENOMEM or -EINTR, and then nothing was allocated.
 */
int rewire_pages_alloc(struct rewire_enclave *enclave, u64 first, u64 end)
{
	u64 i, count;
	int ret;

	for (i = first; i < end; i += count) {
		ret = fatal_signal_pending(current) ? -EINTR : -ENOMEM;
		if (ret == -EINTR)
			goto err_pages;
		count = pages_alloc_block(enclave, i, end) ?:
			pages_alloc_one(enclave, i);
		if (!count)
			goto err_pages;
		cond_resched();
	}
	return 0;

err_pages:
	rewire_pages_free(enclave, first, i);
	return ret;
}

/* the pages of an entry that names all are gone once its last one is */
static void pages_forget(struct rewire_enclave *enclave, u64 index)
{
	u64 at = index + rewire_block_offset(&enclave->layout);
	unsigned long *block = &enclave->blocks[at / REWIRE_BLOCK_PAGES];

	at %= REWIRE_BLOCK_PAGES;
	if (!(*block & REWIRE_BLOCK_WHOLE))
		((struct page **)*block)[at] = NULL;
	else if (at == REWIRE_BLOCK_PAGES - 1)
		*block = 0;
}

/**
 * rewire_pages_free() - wipe pages and give them back
 * @enclave: locked; in a state in which nobody maps it
 * @first: page of the span, as once given to rewire_pages_alloc(), or 0
 * @end: page behind the last one; those without a page are passed over
 */
void rewire_pages_free(struct rewire_enclave *enclave, u64 first, u64 end)
{
	struct page *page;
	u64 i;

	for (i = first; i < end; i++) {
		page = rewire_page(enclave, i);
		if (!page)
			continue;
		clear_highpage(page);
		__free_page(page);
		pages_forget(enclave, i);
		enclave->page_count--;
		cond_resched();
	}
}
