// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge pages: a fault and an entry of the TLB for 512 pages instead of one.
 *
 * Pages that lie together (pages.c) may have one entry of a mapping for all of them,
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
#include "pages.h"

#ifdef REWIRE_PMD_ORDER
static vm_fault_t huge_map(struct rewire_enclave *enclave, struct vm_fault *vmf)
{
	unsigned long start = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct vm_area_struct *vma = vmf->vma;
	u64 first;

	if (start < vma->vm_start || vma->vm_end - start < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	if (!rewire_page_whole(enclave, first))
		return VM_FAULT_FALLBACK;
	/* seen by all who find nobody tracking later on: map_sem is between */
	if (rewire_dirty_tracked(enclave))
		WRITE_ONCE(enclave->small, true);
	if (READ_ONCE(enclave->small))
		return VM_FAULT_FALLBACK;
	return rewire_insert_pmd(vmf, page_to_pfn(rewire_page(enclave, first)),
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
#endif
