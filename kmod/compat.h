/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between the kernels REWIRE builds for, and nothing
 * else. Newest interface first; older kernels are taught to look like it.
 */
#ifndef REWIRE_COMPAT_H
#define REWIRE_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

/* what runs is what the module was built for: its vermagic says so */
#define REWIRE_KERNEL_RELEASE	LINUX_VERSION_CODE

/* came with 6.2 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#include <kunit/visibility.h>
#else
#define VISIBLE_IF_KUNIT static
#define EXPORT_SYMBOL_IF_KUNIT(symbol)
#endif

/* moved from asm/ with 6.12 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* the state of the SHA-256 library got a type of its own with 6.17 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define sha256_ctx sha256_state
#endif

/* the fault may hold the lock of its area only, since 6.4 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline void release_fault_lock(struct vm_fault *vmf)
{
	mmap_read_unlock(vmf->vma->vm_mm);
}
#endif

/*
 * Before 6.12 a huge entry of a driver looked like one of ordinary pages to
 * get_user_pages_fast(), which keeps away from the small ones: none is made there.
 */
#if defined(CONFIG_TRANSPARENT_HUGEPAGE) && \
	defined(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP)
#define REWIRE_PMD_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#define rewire_insert_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), write)
#else
#define rewire_insert_pmd	vmf_insert_pfn_pmd
#endif
#define REWIRE_HUGE_FAULT(handler)	.huge_fault = (handler),
#else
#define REWIRE_HUGE_FAULT(handler)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif
