// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages: a fault and an entry of the TLB for 512 pages instead of one.
 *
 * The pages are allocated together and then apart again: whoever copies, measures
 * or wipes them sees 512 pages. Only a mapping may have one entry for all of them,
 * as long as nobody wants to know which of them are written (dirty.c).
 *
 * An entry for all and entries for each never compete for the same place: where the
 * first is refused, it is for good. An enclave that was copied while it ran, and runs
 * on here after all, has small pages from then on.
 */
#include <linux/align.h>
#include <linux/mm.h>

#include "compat.h"
#include "dirty.h"
#include "huge.h"

#ifdef REWIRE_PMD_ORDER
#define HUGE_PAGES	BIT(REWIRE_PMD_ORDER)

/**
 * rewire_huge_alloc() - a huge page's worth of zeroed pages
 * @enclave: locked; has none from @first on
 * @first: page of the span
 * @end: page behind the last one that is wanted
 *
 * Return: how many were allocated from @first on; 0: none begins there, it does not
 * fit, or there is none to be had.
 */
u64 rewire_huge_alloc(struct rewire_enclave *enclave, u64 first, u64 end)
{
	u64 address = enclave->layout.base + (first << PAGE_SHIFT);
	struct page *page;
	u32 i;

	if (!IS_ALIGNED(address, PMD_SIZE) || end - first < HUGE_PAGES)
		return 0;
	page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN |
			   __GFP_NORETRY, REWIRE_PMD_ORDER);
	if (!page)
		return 0;
	split_page(page, REWIRE_PMD_ORDER);
	for (i = 0; i < HUGE_PAGES; i++)
		enclave->pages[first + i] = page + i;
	enclave->page_count += HUGE_PAGES;
	return HUGE_PAGES;
}

/* do the pages from @first on lie as one entry wants them? */
static bool huge_whole(const struct rewire_enclave *enclave, u64 first)
{
	struct page *const *pages = &enclave->pages[first];
	unsigned long pfn;
	u32 i;

	if (first + HUGE_PAGES > enclave->layout.span >> PAGE_SHIFT ||
	    !pages[0])
		return false;
	pfn = page_to_pfn(pages[0]);
	if (!IS_ALIGNED(pfn, HUGE_PAGES))
		return false;
	for (i = 1; i < HUGE_PAGES; i++)
		if (!pages[i] || page_to_pfn(pages[i]) != pfn + i)
			return false;
	return true;
}

static vm_fault_t huge_map(struct rewire_enclave *enclave, struct vm_fault *vmf)
{
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct vm_area_struct *vma = vmf->vma;
	u64 first;

	if (start < vma->vm_start || vma->vm_end - start < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	if (!huge_whole(enclave, first))
		return VM_FAULT_FALLBACK;
	/* seen by all who find nobody tracking later on: map_sem is between */
	if (rewire_dirty_tracked(enclave))
		WRITE_ONCE(enclave->small, true);
	if (READ_ONCE(enclave->small))
		return VM_FAULT_FALLBACK;
	return rewire_insert_pmd(vmf, page_to_pfn(enclave->pages[first]),
				 vma->vm_flags & VM_WRITE);
}

/**
 * rewire_huge_fault() - one entry for all pages around a fault
 * @vmf: the fault
 * @order: of the entry that is wanted
 *
 * What may be written is mapped so at once, as small pages are that nobody tracks.
 *
 * Return: VM_FAULT_NOPAGE: done; VM_FAULT_FALLBACK: it comes again as a fault of the
 * page alone.
 */
vm_fault_t rewire_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct rewire_enclave *enclave = rewire_file_enclave(vmf->vma->vm_file);
	vm_fault_t ret = VM_FAULT_FALLBACK;

	if (order != REWIRE_PMD_ORDER)
		return ret;
	down_read(&enclave->map_sem);
	if (enclave->mappable)
		ret = huge_map(enclave, vmf);
	up_read(&enclave->map_sem);
	return ret;
}
#else
u64 rewire_huge_alloc(struct rewire_enclave *enclave, u64 first, u64 end)
{
	return 0;
}
#endif
