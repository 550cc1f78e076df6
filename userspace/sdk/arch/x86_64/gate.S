/* SPDX-License-Identifier: MIT */
/*
 * The gate: every way into an enclave and every way out.
 *
 * Nothing here returns through a system call but rewire_restorer, and there the
 * kernel has nothing to say either: rt_sigreturn loads all registers from a
 * frame that lies in enclave memory.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "arch.h"

#define SYS_RT_SIGRETURN 15

	.macro begin name
	.globl	\name
	.type	\name, @function
	.balign	16
\name:
	.endm

	.macro end name
	.size	\name, . - \name
	.endm

	.section .text.rewire_gate, "ax", @progbits

/*
 * The first entry. All registers are zero, the stack pointer too, so that
 * nothing from outside is ever taken for an address.
 */
begin rewire_entry
	lea	rewire_stack_end(%rip), %rsp
	lea	rewire_thread(%rip), %rax
	mov	%rax, (%rax)		/* its first word is its own address */
	wrfsbase %rax
	xor	%ebp, %ebp
	call	rewire_start
	ud2
end rewire_entry

/*
 * One SM call. The load faults; the SM reads the gate, writes its answer there
 * and continues at the address in %rdx. When a park signal comes first, the
 * frame says that the load is still to be done, and after the restore, on
 * whatever host, it is done. So the gate must stay as it is from before the
 * load until after it: the park handler does not use it.
 */
begin rewire_ring
	movabs	$rewire_doorbell, %rax
	lea	1f(%rip), %rdx
	mov	(%rax), %rax
	ud2
1:	ret
end rewire_ring

/*
 * The handler of the park signal, on the State Save Area, with all signals
 * blocked. The frame above us holds every register and the FPU's; we add what
 * it lacks. The kernel has cleared the direction flag and skipped the red zone.
 * No function is called, so the stack is as the kernel left it: %rsp is at the
 * address of the restorer.
 */
begin rewire_park
	lea	rewire_ssa_start(%rip), %rax
	mov	%rsp, REWIRE_SAVED_SP(%rax)
	rdfsbase %rcx
	mov	%rcx, REWIRE_SAVED_FS(%rax)
	rdgsbase %rcx
	mov	%rcx, REWIRE_SAVED_GS(%rax)
	movabs	$rewire_doorbell, %rax
	lea	rewire_resume(%rip), %rdx
	mov	4096(%rax), %rax	/* the second page: PARK */
	ud2
end rewire_park

/*
 * After PARK, and just the same in a new process that got this memory: all
 * registers may be zero.
 */
begin rewire_resume
	lea	rewire_ssa_start(%rip), %rax
	mov	REWIRE_SAVED_FS(%rax), %rcx
	wrfsbase %rcx
	mov	REWIRE_SAVED_GS(%rax), %rcx
	wrgsbase %rcx
	mov	REWIRE_SAVED_SP(%rax), %rsp
	ret				/* to rewire_restorer */
end rewire_resume

begin rewire_restorer
	mov	$SYS_RT_SIGRETURN, %eax
	syscall
	ud2
end rewire_restorer

	.section .note.GNU-stack, "", @progbits
