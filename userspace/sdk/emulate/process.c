// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enclave's process, and the debugger that plays the SM to it.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulate.h"

/* The kernel's own; libc's sigaction() would put in a restorer of its own. */
struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

#define SA_RESTORER	0x04000000
#define MAX_FILE	(64 << 20)

int emu_read(const struct emu *emu, uint64_t address, void *to, size_t length)
{
	struct iovec local = { to, length };
	struct iovec remote = { (void *)(uintptr_t)address, length };

	return process_vm_readv(emu->pid, &local, 1, &remote, 1, 0) ==
			       (ssize_t)length ? 0 : -EFAULT;
}

int emu_write(const struct emu *emu, uint64_t address, const void *from,
	      size_t length)
{
	struct iovec local = { (void *)(uintptr_t)from, length };
	struct iovec remote = { (void *)(uintptr_t)address, length };

	return process_vm_writev(emu->pid, &local, 1, &remote, 1, 0) ==
			       (ssize_t)length ? 0 : -EFAULT;
}

/* ---- in the child ---- */

static int mmap_prot(uint32_t prot)
{
	return (prot & REWIRE_PROT_READ ? PROT_READ : 0) |
	       (prot & REWIRE_PROT_WRITE ? PROT_WRITE : 0) |
	       (prot & REWIRE_PROT_EXEC ? PROT_EXEC : 0);
}

static uint64_t start_of(const struct emu *emu, size_t segment)
{
	return emu->image.layout.base + emu->image.segments[segment].offset;
}

static void map_segments(const struct emu *emu)
{
	for (size_t i = 0; i < emu->image.count; i++) {
		const struct rewire_segment *segment = &emu->image.segments[i];
		void *at = mmap((void *)(uintptr_t)start_of(emu, i),
				segment->length, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				-1, 0);

		if (at == MAP_FAILED)
			_exit(1);
		if (segment->data)
			memcpy(at, segment->data, segment->length);
		if (mprotect(at, segment->length, mmap_prot(segment->prot)))
			_exit(1);
	}
}

/* As an exec would: no handler of ours is left. */
static void install_handler(const struct emu *emu)
{
	const struct kernel_sigaction nothing = { .handler = (uintptr_t)SIG_DFL };
	const struct kernel_sigaction action = {
		.handler = emu->image.layout.park,
		.flags = SA_ONSTACK | SA_RESTORER | SA_SIGINFO,
		.restorer = emu->image.layout.restorer,
		.mask = ~0ULL,
	};
	const stack_t stack = {
		.ss_sp = (void *)(uintptr_t)emu->image.layout.ssa,
		.ss_size = emu->image.layout.ssa_size,
	};
	const uint64_t none = 0;

	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, &nothing, NULL, 8);
	if (syscall(SYS_rt_sigaction, REWIRE_PARK_SIGNAL, &action, NULL, 8) ||
	    sigaltstack(&stack, NULL) ||
	    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8))
		_exit(1);
}

static void allow_only_sigreturn(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(1);
}

static _Noreturn void become_enclave(const struct emu *emu)
{
	map_segments(emu);
	install_handler(emu);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	allow_only_sigreturn();
	__asm__ volatile("int3");
	__builtin_trap();
}

/* ---- in the debugger ---- */

static int start_at(struct emu *emu, uint64_t address)
{
	struct user_regs_struct regs;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (!pid)
		become_enclave(emu);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGTRAP ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL) ||
	    ptrace(PTRACE_GETREGS, pid, NULL, &regs)) {
		fprintf(stderr, "the emulated enclave did not start\n");
		kill(pid, SIGKILL);
		return -1;
	}
	/* As the module would: nothing but the address. */
	regs = (struct user_regs_struct){
		.rip = address,
		.cs = regs.cs,
		.ss = regs.ss,
		.eflags = 0x202,
		.orig_rax = -1,
	};
	emu->pid = pid;
	return ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

int emu_enter(struct emu *emu)
{
	return start_at(emu, emu->image.layout.entry);
}

int emu_restore(struct emu *emu)
{
	return start_at(emu, emu->image.layout.resume);
}

uint64_t emu_ip(const struct emu *emu)
{
	struct user_regs_struct regs;

	return ptrace(PTRACE_GETREGS, emu->pid, NULL, &regs) ? 0 : regs.rip;
}

static void continue_at_rdx(struct emu *emu)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, emu->pid, NULL, &regs);
	regs.rip = regs.rdx;
	ptrace(PTRACE_SETREGS, emu->pid, NULL, &regs);
}

void emu_signal(struct emu *emu)
{
	syscall(SYS_tgkill, emu->pid, emu->pid, REWIRE_PARK_SIGNAL);
}

void emu_unpark(struct emu *emu)
{
	continue_at_rdx(emu);
}

static void take_answer(struct emu *emu, struct rewire_gate *gate)
{
	int call = !emu->open || emu->asked == REWIRE_RECV_CALL;

	gate->result = -EPERM;
	if (emu->trial && (call || gate->arg[2] != emu->open))
		return;
	gate->result = -ENOENT;
	if (!emu->open || gate->arg[2] != emu->open)
		return;
	gate->result = -EINVAL;
	if (gate->arg[4] > sizeof(emu->answer))
		return;
	gate->result = emu_read(emu, gate->arg[3], emu->answer, gate->arg[4]);
	if (gate->result)
		return;
	emu->open = 0;
	emu->length = gate->arg[4];
	emu->status = (int32_t)gate->arg[5];
	emu->answered = 1;
}

/* One SM call. Returns true when it waits for a request. */
static int sm_call(struct emu *emu)
{
	struct rewire_gate gate = { .op = 0 };

	if (emu_read(emu, emu->image.layout.gate, &gate, sizeof(gate)))
		return 0;
	switch (gate.op) {
	case REWIRE_GATE_REPLY_RECV:
		take_answer(emu, &gate);
		if (gate.result)
			break;
		/* Half of it is done; a repetition must not answer twice. */
		gate.op = REWIRE_GATE_RECV;
		emu_write(emu, emu->image.layout.gate, &gate, sizeof(gate));
		emu->calls++;
		return 1;
	case REWIRE_GATE_RECV:
		return 1;
	case REWIRE_GATE_REPLY:
		take_answer(emu, &gate);
		break;
	case REWIRE_GATE_EXPORT:
	case REWIRE_GATE_IMPORT:
		if (emu->handover && emu->handover->slow) {
			emu->stop = EMU_HANDING;
			return 0;
		}
		gate.result = emu_carry_state(emu, &gate);
		break;
	default:
		emu_carry_out(emu, &gate);
	}
	emu->calls++;
	emu_write(emu, emu->image.layout.gate, &gate, sizeof(gate));
	continue_at_rdx(emu);
	if (gate.op == REWIRE_GATE_EXIT)
		emu->stop = EMU_EXITED;
	return 0;
}

static void deliver(struct emu *emu, struct rewire_gate *gate, uint64_t kind)
{
	gate->arg[2] = ++emu->calls;
	gate->arg[3] = kind;
	emu->open = gate->arg[2];
	emu->asked = kind;
	emu->answered = 0;
}

int emu_send_bytes(struct emu *emu, const void *request, size_t length)
{
	struct rewire_gate gate;

	if (emu->stop != EMU_RECV ||
	    emu_read(emu, emu->image.layout.gate, &gate, sizeof(gate)))
		return -1;
	gate.result = -EMSGSIZE;
	if (length <= gate.arg[1]) {
		gate.result = emu_write(emu, gate.arg[0], request, length);
		if (!gate.result)
			gate.result = length;
		deliver(emu, &gate, REWIRE_RECV_CALL);
	}
	emu_write(emu, emu->image.layout.gate, &gate, sizeof(gate));
	continue_at_rdx(emu);
	return 0;
}

int emu_ask(struct emu *emu, uint64_t kind)
{
	struct rewire_gate gate;

	if (emu->stop != EMU_RECV ||
	    emu_read(emu, emu->image.layout.gate, &gate, sizeof(gate)))
		return -1;
	gate.result = 0;
	gate.arg[4] = emu->handover ? emu->handover->format : 0;
	deliver(emu, &gate, kind);
	emu_write(emu, emu->image.layout.gate, &gate, sizeof(gate));
	continue_at_rdx(emu);
	return 0;
}

int emu_hand(struct emu *emu)
{
	struct rewire_gate gate;

	if (emu->stop != EMU_HANDING ||
	    emu_read(emu, emu->image.layout.gate, &gate, sizeof(gate)))
		return -1;
	gate.result = emu_carry_state(emu, &gate);
	emu->calls++;
	emu_write(emu, emu->image.layout.gate, &gate, sizeof(gate));
	continue_at_rdx(emu);
	return 0;
}

int emu_send(struct emu *emu, const char *const *args)
{
	static unsigned char request[REWIRE_MAX_PAYLOAD];
	size_t length = 0;

	for (; *args; args++) {
		uint32_t part = strlen(*args);

		if (sizeof(request) - length < sizeof(part) + part)
			return -1;
		memcpy(request + length, &part, sizeof(part));
		memcpy(request + length + sizeof(part), *args, part);
		length += sizeof(part) + part;
	}
	return emu_send_bytes(emu, request, length);
}

static int at_doorbell(const struct emu *emu, unsigned int page)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, emu->pid, NULL, &info))
		return 0;
	return (uintptr_t)info.si_addr >> 12 == (emu->image.layout.doorbell >> 12) + page;
}

/* What a stop by @signal means. Returns the signal to deliver, or -1: stay. */
static int stopped_by(struct emu *emu, int signal)
{
	if (signal == SIGTRAP)
		return 0;
	if (signal != SIGSEGV)
		return signal;
	if (at_doorbell(emu, 0)) {
		emu->stop = EMU_STEPPED;
		if (sm_call(emu))
			emu->stop = EMU_RECV;
		return emu->stop == EMU_STEPPED ? 0 : -1;
	}
	if (at_doorbell(emu, 1)) {
		emu->stop = EMU_PARKED;
		return -1;
	}
	return signal;
}

enum emu_stop emu_run(struct emu *emu, unsigned long steps)
{
	int signal = 0;

	for (unsigned long step = 0; !steps || step < steps; step++) {
		int status;

		if (ptrace(steps ? PTRACE_SINGLESTEP : PTRACE_CONT, emu->pid, NULL,
			   (void *)(uintptr_t)signal) ||
		    waitpid(emu->pid, &status, 0) != emu->pid)
			return emu->stop = EMU_DIED;
		if (!WIFSTOPPED(status)) {
			emu->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
			emu->pid = 0;
			return emu->stop = EMU_DIED;
		}
		signal = stopped_by(emu, WSTOPSIG(status));
		if (signal < 0)
			return emu->stop;
	}
	/* A signal that was on its way is sent again, to come with the next. */
	if (signal)
		syscall(SYS_tgkill, emu->pid, emu->pid, signal);
	return emu->stop = EMU_STEPPED;
}

static void end_process(struct emu *emu)
{
	if (!emu->pid)
		return;
	kill(emu->pid, SIGKILL);
	waitpid(emu->pid, NULL, 0);
	emu->pid = 0;
}

int emu_save(struct emu *emu)
{
	for (size_t i = 0; i < emu->image.count; i++) {
		struct rewire_segment *segment = &emu->image.segments[i];

		if (!segment->data)
			segment->data = malloc(segment->length);
		if (!segment->data || emu_read(emu, start_of(emu, i),
					       segment->data, segment->length))
			return -1;
	}
	end_process(emu);
	return 0;
}

int emu_load(struct emu *emu, const char *path)
{
	struct rewire_error error;
	uint8_t *bytes;
	size_t length;
	int failed;

	memset(emu, 0, sizeof(*emu));
	if (rewire_file_read(path, MAX_FILE, &bytes, &length, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	failed = rewire_image_parse(bytes, length, &emu->image, &error);
	free(bytes);
	if (failed)
		fprintf(stderr, "%s: %s\n", path, error.text);
	return failed;
}

void emu_free(struct emu *emu)
{
	end_process(emu);
	rewire_image_close(&emu->image);
	memset(emu, 0, sizeof(*emu));
}
