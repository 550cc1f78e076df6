// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM: a guest whose memory is the guard. A thread of the launcher runs it all
 * the time, into the entry; afterwards the accomplice tries to.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "handover.h"
#include "old.h"

#define TARGET	0x2000	/* in the guard's third page */

/* 16-bit: 1: movb $0xee, (TARGET); jmp 1b */
static const unsigned char code[] = { 0xc6, 0x06, 0x00, 0x20, OLD_CHANGED,
				      0xeb, 0xf9 };

static const char *missing(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (fd < 0)
		return "no /dev/kvm";
	vm = ioctl(fd, KVM_CREATE_VM, 0);
	close(fd);
	if (vm < 0)
		return "/dev/kvm makes no machine";
	close(vm);
	return NULL;
}

static int set_registers(int cpu)
{
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(cpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	return ioctl(cpu, KVM_SET_SREGS, &sregs) || ioctl(cpu, KVM_SET_REGS, &regs);
}

static void *run_guest(void *data)
{
	for (;;)
		ioctl(*(int *)data, KVM_RUN, 0);
	return NULL;
}

static int prepare(int socket)
{
	struct kvm_userspace_memory_region memory = {
		.memory_size = guard_size,
		.userspace_addr = guard_address,
	};
	static int cpu;
	volatile unsigned char *target = old_guard(0) + TARGET;
	pthread_t thread;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	memcpy(old_guard(0), code, sizeof(code));
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &memory))
		return errno;
	cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (cpu < 0 || set_registers(cpu) ||
	    pthread_create(&thread, NULL, run_guest, &cpu))
		return errno ? errno : EIO;
	/* The control: the guest does write to its owner's memory. */
	for (int i = 0; i < 5000 && *target != OLD_CHANGED; i++)
		usleep(1000);
	if (*target != OLD_CHANGED)
		return EIO;
	return hand_over(socket, dup(cpu));
}

static int fire(int socket, pid_t pid)
{
	int cpu = receive(socket), ran;

	(void)pid;
	/* It is the owner's to run; anybody else gets EIO, and never waits. */
	ran = !ioctl(cpu, KVM_RUN, 0);
	usleep(100000);
	close(cpu);
	return ran;
}

const struct old old_kvm = {
	.name = "KVM memory slots",
	.missing = missing,
	.prepare = prepare,
	.fire = fire,
};
