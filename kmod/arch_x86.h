/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86-64.
 */
#ifndef REWIRE_ARCH_X86_H
#define REWIRE_ARCH_X86_H

#include <asm/cpufeature.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/processor.h>
#include <linux/compat.h>
#include <linux/ptrace.h>

#include "compat.h"

#define REWIRE_ARCH_MAX_FEATURE		64

/* the gate keeps its thread pointer with wrfsbase */
static inline bool rewire_arch_supported(void)
{
	return boot_cpu_has(X86_FEATURE_FSGSBASE) &&
	       boot_cpu_has(X86_FEATURE_XSAVE);
}

/* a 64-bit task with the whole address space below TASK_SIZE */
static inline bool rewire_arch_may_enter(void)
{
	return !in_compat_syscall() && !test_thread_flag(TIF_ADDR32);
}

/* a new thread finds this in %rdi; everything else is zero */
static inline void rewire_arch_tell(struct pt_regs *regs, unsigned long value)
{
	regs->di = value;
}

/* where the doorbell's load continues */
static inline unsigned long rewire_arch_return(const struct pt_regs *regs)
{
	return regs->dx;
}

/*
 * XSAVE components that a signal frame on this machine may hold. AMX tiles need
 * a permission that only a system call gives, and an enclave makes none.
 */
static inline u64 rewire_arch_xfeatures(void)
{
	return xgetbv(XCR_XFEATURE_ENABLED_MASK) & ~XFEATURE_MASK_XTILE;
}

/* size and offset of one component in the (standard) format of a frame */
static inline void rewire_arch_xlayout(unsigned int feature, u32 *size,
				       u32 *offset)
{
	u32 c, d;

	cpuid_count(0xd, feature, size, offset, &c, &d);
}

#endif
