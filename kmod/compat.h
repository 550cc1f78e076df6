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

/* cpuid_count() has a header of its own since 6.16 */
#if defined(CONFIG_X86) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#include <asm/cpuid/api.h>
#endif

/* whether a task may be dumped is its own since 7.2, and was its memory's */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
#include <linux/sched/exec_state.h>

static inline bool rewire_owner_may_dump(void)
{
	guard(rcu)();
	return READ_ONCE(rcu_dereference(current->exec_state)->dumpable) ==
	       TASK_DUMPABLE_OWNER;
}
#else
#include <linux/sched/coredump.h>

static inline bool rewire_owner_may_dump(void)
{
	return get_dumpable(current->mm) == SUID_DUMP_USER;
}
#endif

#if IS_REACHABLE(CONFIG_TCG_TPM)
#include <linux/slab.h>
#include <linux/tpm.h>

/* one allocation holds a command with its buffer, since 7.3 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
static inline struct tpm_buf *rewire_tpm_command(u16 tag, u32 ordinal)
{
	struct tpm_buf *buf = kzalloc(TPM_BUFSIZE, GFP_KERNEL);

	if (buf) {
		tpm_buf_init(buf, TPM_BUFSIZE);
		tpm_buf_reset(buf, tag, ordinal);
	}
	return buf;
}

static inline void rewire_tpm_command_free(struct tpm_buf *buf)
{
	kfree(buf);
}
#else
static inline struct tpm_buf *rewire_tpm_command(u16 tag, u32 ordinal)
{
	struct tpm_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);

	if (buf && tpm_buf_init(buf, tag, ordinal)) {
		kfree(buf);
		return NULL;
	}
	return buf;
}

static inline void rewire_tpm_command_free(struct tpm_buf *buf)
{
	tpm_buf_destroy(buf);
	kfree(buf);
}
#endif
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

/* its name since 7.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define zap_special_vma_range	zap_vma_ptes
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
