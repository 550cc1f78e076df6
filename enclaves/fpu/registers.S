/* SPDX-License-Identifier: MIT */
/*
 * A loop that lives in registers alone; see registers.h.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "registers.h"

	.macro every_vector what:vararg
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\what	\n
	.endr
	.endm

	.macro load_sse n
	movups	REGISTERS_VECTOR + 32 * \n(%rdi), %xmm\n
	.endm
	.macro store_sse n
	movups	%xmm\n, REGISTERS_VECTOR + 32 * \n(%rdi)
	.endm
	.macro step_sse n
	mulpd	%xmm\n, %xmm\n
	addpd	%xmm\n, %xmm\n
	subpd	ones(%rip), %xmm\n
	.endm

	.macro load_avx n
	vmovups	REGISTERS_VECTOR + 32 * \n(%rdi), %ymm\n
	.endm
	.macro store_avx n
	vmovups	%ymm\n, REGISTERS_VECTOR + 32 * \n(%rdi)
	.endm
	.macro step_avx n
	vmulpd	%ymm\n, %ymm\n, %ymm\n
	vaddpd	%ymm\n, %ymm\n, %ymm\n
	vsubpd	ones(%rip), %ymm\n, %ymm\n
	.endm

	/* The x87 stack is full all the time; it turns once a round. */
	.macro step_x87
	.rept	8
	fmul	%st(0), %st
	fadd	%st(0), %st
	fsubs	one(%rip)
	fincstp
	.endr
	.endm

	.macro every_general what:vararg
	.set	slot, 0
	.irp	r, rax, rbx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	\what	\r
	.set	slot, slot + 1
	.endr
	.endm
	.macro load_general r
	mov	REGISTERS_GENERAL + 8 * slot(%rdi), %\r
	.endm
	.macro store_general r
	mov	%\r, REGISTERS_GENERAL + 8 * slot(%rdi)
	.endm
	.macro step_general r
	imul	$1664525, %\r, %\r
	add	$1013904223 + slot, %\r
	.endm

	/* %rdi: struct registers, %rcx: rounds. */
	.macro registers kind
	.globl	registers_\kind
	.type	registers_\kind, @function
registers_\kind:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsi, %rcx
	mov	REGISTERS_GS(%rdi), %rax
	wrgsbase %rax
	fninit
	fldcw	REGISTERS_FCW(%rdi)
	ldmxcsr	REGISTERS_MXCSR(%rdi)
	.irp	n, 7, 6, 5, 4, 3, 2, 1, 0
	fldt	REGISTERS_X87 + 16 * \n(%rdi)
	.endr
	every_vector load_\kind
	every_general load_general
	std
	test	%rcx, %rcx
	jz	2f
1:	every_vector step_\kind
	step_x87
	every_general step_general
	dec	%rcx
	jnz	1b
2:	every_general store_general
	pushf
	pop	REGISTERS_FLAGS(%rdi)
	cld
	every_vector store_\kind
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	fstpt	REGISTERS_X87 + 16 * \n(%rdi)
	.endr
	stmxcsr	REGISTERS_MXCSR(%rdi)
	fnstcw	REGISTERS_FCW(%rdi)
	rdgsbase %rax
	mov	%rax, REGISTERS_GS(%rdi)
	xor	%eax, %eax
	wrgsbase %rax
	.ifc	\kind, avx
	vzeroupper
	.endif
	ldmxcsr	usual_mxcsr(%rip)
	fninit
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	registers_\kind, . - registers_\kind
	.endm

	.text
	registers sse
	registers avx

	.section .rodata
	.balign	32
ones:	.double	1.0, 1.0, 1.0, 1.0
one:	.float	1.0
usual_mxcsr:
	.long	0x1f80

	.section .note.GNU-stack, "", @progbits
