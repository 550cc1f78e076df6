/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages an enclave has: a table of two levels.
 */
#ifndef REWIRE_PAGES_H
#define REWIRE_PAGES_H

#include <linux/mm.h>

#include "enclave.h"

/* pages below one entry of the upper level, and in a huge page */
#define REWIRE_BLOCK_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define REWIRE_BLOCK_PAGES	BIT_ULL(REWIRE_BLOCK_ORDER)

/* in an entry: these pages lie together, and it is the first of them */
#define REWIRE_BLOCK_WHOLE	1UL

/* blocks begin where huge pages may be mapped; a base need not */
static inline u64 rewire_block_offset(const struct rewire_layout *layout)
{
	return (layout->base >> PAGE_SHIFT) % REWIRE_BLOCK_PAGES;
}

/**
 * rewire_page() - one page of an enclave
 * @enclave: the table does not change: it is locked, or may be mapped
 * @index: page of the span
 *
 * Return: the page, or NULL where there is none.
 */
static inline struct page *rewire_page(const struct rewire_enclave *enclave,
				       u64 index)
{
	u64 at = index + rewire_block_offset(&enclave->layout);
	unsigned long block = enclave->blocks[at / REWIRE_BLOCK_PAGES];

	at %= REWIRE_BLOCK_PAGES;
	if (block & REWIRE_BLOCK_WHOLE)
		return (struct page *)(block & ~REWIRE_BLOCK_WHOLE) + at;
	return block ? ((struct page **)block)[at] : NULL;
}

/* do the pages around this one lie together? */
static inline bool rewire_page_whole(const struct rewire_enclave *enclave,
				     u64 index)
{
	u64 at = index + rewire_block_offset(&enclave->layout);

	return enclave->blocks[at / REWIRE_BLOCK_PAGES] & REWIRE_BLOCK_WHOLE;
}

int rewire_pages_create(struct rewire_enclave *enclave);
void rewire_pages_destroy(struct rewire_enclave *enclave);
int rewire_pages_alloc(struct rewire_enclave *enclave, u64 first, u64 end);
void rewire_pages_free(struct rewire_enclave *enclave, u64 first, u64 end);

#endif
