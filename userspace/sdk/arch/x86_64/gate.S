/* SPDX-License-Identifier: MIT */
/*
 * The gate: every way into an enclave and every way out.
 *
 * An enclave with one thread makes no system call but rewire_restorer's, and there
 * the kernel has nothing to say: rt_sigreturn loads all registers from a frame that
 * lies in enclave memory. Threads add clone, futex and exit. No value that these
 * return is believed more than that something may have happened: whether there is a
 * thread the SM knows.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "arch.h"

#define SYS_RT_SIGRETURN 15
#define SYS_CLONE	56
#define SYS_EXIT	60
#define SYS_FUTEX	202

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
	mov	%fs:REWIRE_BLOCK_SLOT, %rcx
	shl	$REWIRE_BELLS_SHIFT, %rcx
	lea	1f(%rip), %rdx
	mov	(%rax,%rcx), %rax
	ud2
1:	ret
end rewire_ring

/*
 * The handler of the park signal, on the State Save Area of the thread's slot, with
 * all signals blocked. The frame above us holds every register and the FPU's; we add
 * what it lacks. The kernel has cleared the direction flag and skipped the red zone.
 * No function is called, so the stack is as the kernel left it: %rsp is at the
 * address of the restorer. It tells the slot, too.
 */
begin rewire_park
	lea	rewire_ssa_start(%rip), %rax
	movabs	$rewire_doorbell, %rcx	/* where the last area ends */
	cmp	%rax, %rsp
	jb	1f
	cmp	%rcx, %rsp
	jae	1f
	mov	%rsp, %rbx
	sub	%rax, %rbx
	shr	$REWIRE_SSA_SHIFT, %rbx
	mov	%rbx, %rcx
	shl	$REWIRE_SSA_SHIFT, %rcx
	add	%rcx, %rax
	mov	%rsp, REWIRE_SAVED_SP(%rax)
	rdfsbase %rcx
	mov	%rcx, REWIRE_SAVED_FS(%rax)
	rdgsbase %rcx
	mov	%rcx, REWIRE_SAVED_GS(%rax)
	jmp	rewire_stand
1:	ud2
end rewire_park

/*
 * In a new process that got this memory, the first thread: all registers are zero
 * but %rdi, which has a bit for each thread that was there beside it. Nothing is
 * written before all of them stand at their doorbells: if one cannot be made, the
 * process ends, and the SM has the image as it was.
 */
begin rewire_resume
	mov	%rdi, %r12
	xor	%ebx, %ebx
	test	%r12, %r12
	jz	rewire_back
1:	bsf	%r12, %r13
	mov	$REWIRE_CLONE_ALLOWED, %edi
	xor	%esi, %esi		/* no stack; it has one in its frame */
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$SYS_CLONE, %eax
	syscall
	test	%rax, %rax
	js	3f
	jz	2f
	btr	%r13, %r12
	test	%r12, %r12
	jnz	1b
	jmp	rewire_stand
2:	mov	%r13, %rbx
	jmp	rewire_stand
3:	ud2
end rewire_resume

/* PARK at the second doorbell page of slot %rbx. */
begin rewire_stand
	mov	%rbx, %rcx
	shl	$REWIRE_BELLS_SHIFT, %rcx
	movabs	$rewire_doorbell, %rax
	lea	rewire_back(%rip), %rdx
	mov	4096(%rax,%rcx), %rax
	ud2
end rewire_stand

/* After PARK, here or elsewhere: the frame of slot %rbx has all registers. */
begin rewire_back
	shl	$REWIRE_SSA_SHIFT, %rbx
	lea	rewire_ssa_start(%rip), %rax
	add	%rbx, %rax
	mov	REWIRE_SAVED_FS(%rax), %rcx
	wrfsbase %rcx
	mov	REWIRE_SAVED_GS(%rax), %rcx
	wrgsbase %rcx
	mov	REWIRE_SAVED_SP(%rax), %rsp
	ret				/* to rewire_restorer */
end rewire_back

/*
 * A thread more, with %rdi its slot and %rsi its thread pointer. It has no signal
 * stack, and signals are blocked, until it has come to its slot. Where somebody
 * makes its parent believe to be the child, the parent comes to a slot that is not
 * its own, and that is the end.
 */
begin rewire_spawn
	mov	%rdi, %r9
	mov	$REWIRE_CLONE_ALLOWED, %edi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$SYS_CLONE, %eax
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	wrfsbase %rsp
	shl	$REWIRE_BELLS_SHIFT, %r9
	movabs	$rewire_doorbell, %rax
	lea	2f(%rip), %rdx
	mov	4096(%rax,%r9), %rax
	ud2
2:	xor	%ebp, %ebp
	call	rewire_thread_start
	ud2
end rewire_spawn

begin rewire_vanish
	xor	%edi, %edi
	mov	$SYS_EXIT, %eax
	syscall
	ud2
end rewire_vanish

begin rewire_futex
	xor	%r10d, %r10d		/* for ever */
	mov	$SYS_FUTEX, %eax
	syscall
	ret
end rewire_futex

begin rewire_restorer
	mov	$SYS_RT_SIGRETURN, %eax
	syscall
	ud2
end rewire_restorer

	.section .note.GNU-stack, "", @progbits
