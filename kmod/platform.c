// SPDX-License-Identifier: GPL-2.0-only
/*
 * Platform claims, measured and not configured: a bit is set when the kernel
 * itself says so now. Nothing is kept, for root may change most of it at any
 * time.
 *
 * sysctls have no other door than /proc/sys, and in any process's /proc root may
 * have mounted something over it. So this file has a proc of its own: a superblock
 * and a mount that are in no mount namespace, where nobody can mount anything.
 * It belongs to the PID namespace of who loaded the module, on which nothing in
 * /proc/sys/kernel depends.
 */
#include <linux/cred.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/ima.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/string.h>

#include "compat.h"
#include "platform.h"

/* more than a number needs */
#define SYSCTL_TEXT	32

static struct vfsmount *platform_proc;

/* As the kernel, whoever asks: a claim is about the platform, not the caller. */
static struct file *platform_open(const char *path)
{
	const struct cred *caller;
	struct file *file;
	struct cred *cred;
	struct path root = {
		.mnt = platform_proc,
		.dentry = platform_proc->mnt_root,
	};

	cred = prepare_kernel_cred(&init_task);
	if (!cred)
		return ERR_PTR(-ENOMEM);
	caller = override_creds(cred);
	file = file_open_root(&root, path, O_RDONLY, 0);
	revert_creds(caller);
	put_cred(cred);
	return file;
}

/**
 * rewire_platform_sysctl() - a number under /proc/sys
 * @path: its path there, without a slash in front
 * @value: out: the number
 *
 * Return: false when it cannot be read, for whatever reason.
 */
VISIBLE_IF_KUNIT bool rewire_platform_sysctl(const char *path, long *value)
{
	char text[SYSCTL_TEXT], name[64];
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	if (!platform_proc ||
	    snprintf(name, sizeof(name), "sys/%s", path) >= sizeof(name))
		return false;
	file = platform_open(name);
	if (IS_ERR(file))
		return false;
	len = kernel_read(file, text, sizeof(text) - 1, &pos);
	fput(file);
	if (len <= 0)
		return false;
	text[len] = 0;
	return !kstrtol(strim(text), 10, value);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_platform_sysctl);

static u64 platform_at_least(const char *path, long least, u64 claims)
{
	long value;

	return rewire_platform_sysctl(path, &value) && value >= least ? claims :
									0;
}

/*
 * Of the reasons to refuse, the last one of each level is refused at that level
 * and above it, and at no other. Asking leaves a line in the kernel's log, as
 * does anything that is refused.
 */
static u64 platform_lockdown(void)
{
	u64 claims = 0;

	if (security_locked_down(LOCKDOWN_INTEGRITY_MAX))
		claims |= REWIRE_CLAIM_LOCKDOWN_INTEGRITY;
	if (security_locked_down(LOCKDOWN_CONFIDENTIALITY_MAX - 1))
		claims |= REWIRE_CLAIM_LOCKDOWN_CONFIDENTIALITY;
	if (is_module_sig_enforced() ||
	    security_locked_down(LOCKDOWN_MODULE_SIGNATURE))
		claims |= REWIRE_CLAIM_MODULE_SIGNATURES;
	return claims;
}

#if IS_ENABLED(CONFIG_EFI)
/*
 * shim may have been told to let everything through. It says so in a variable
 * that only firmware and boot loaders can make, being volatile.
 */
static bool platform_shim_insecure(void)
{
	static efi_char16_t name[] = L"MokSBStateRT";
	efi_guid_t shim = EFI_SHIM_LOCK_GUID;
	unsigned long size = 1;
	u32 attributes = 0;
	u8 state = 0;

	return efi.get_variable(name, &shim, &attributes, &size, &state) ==
		       EFI_SUCCESS &&
	       !(attributes & EFI_VARIABLE_NON_VOLATILE) && state == 1;
}

static u64 platform_secure_boot(void)
{
	if (!efi_enabled(EFI_RUNTIME_SERVICES) ||
	    efi_get_secureboot_mode(efi.get_variable) !=
		    efi_secureboot_mode_enabled || platform_shim_insecure())
		return 0;
	return REWIRE_CLAIM_SECURE_BOOT;
}
#else
static u64 platform_secure_boot(void)
{
	return 0;
}
#endif

/*
 * What IMA measures cannot be read in the kernel: its files in securityfs serve
 * userspace only. So it is given something to measure, namely what was found:
 * without a rule in force that covers it (func=CRITICAL_DATA) it refuses with
 * ENOENT. The same once more is EEXIST, for it is in the list.
 */
static u64 platform_ima(u64 claims)
{
	int ret = ima_measure_critical_data("rewire", "rewire-platform",
					    &claims, sizeof(claims), false,
					    NULL, 0);

	return !ret || ret == -EEXIST ? REWIRE_CLAIM_IMA : 0;
}

/**
 * rewire_platform_measure() - look at the platform
 *
 * May sleep, and calls the firmware where there is UEFI.
 *
 * Return: REWIRE_CLAIM_* that are true now, those of the journal aside.
 */
u64 rewire_platform_measure(void)
{
	u64 claims = platform_lockdown() | platform_secure_boot();

	claims |= platform_at_least("kernel/yama/ptrace_scope", 1,
				    REWIRE_CLAIM_YAMA);
	claims |= platform_at_least("kernel/yama/ptrace_scope", 3,
				    REWIRE_CLAIM_NO_PTRACE);
	claims |= platform_at_least("kernel/kexec_load_disabled", 1,
				    REWIRE_CLAIM_KEXEC_OFF);
	claims |= platform_at_least("kernel/perf_event_paranoid", 2,
				    REWIRE_CLAIM_PERF_RESTRICTED);
	claims |= platform_at_least("kernel/unprivileged_bpf_disabled", 1,
				    REWIRE_CLAIM_BPF_RESTRICTED);
	return claims | platform_ima(claims);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_platform_measure);

/**
 * rewire_platform_freshness() - the claims about the journal
 * @freshness: REWIRE_FRESHNESS_*
 *
 * Return: REWIRE_CLAIM_JOURNAL and what else follows from @freshness. A journal
 * that was rolled back is no durable state.
 */
u64 rewire_platform_freshness(u32 freshness)
{
	switch (freshness) {
	case REWIRE_FRESHNESS_NONE:
	case REWIRE_FRESHNESS_WAITING:
		return REWIRE_CLAIM_JOURNAL;
	case REWIRE_FRESHNESS_WITNESSED:
	case REWIRE_FRESHNESS_STRICT:
		return REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED;
	case REWIRE_FRESHNESS_TPM:
		return REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED |
		       REWIRE_CLAIM_TPM_COUNTER;
	default:
		return 0;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_platform_freshness);

/**
 * rewire_platform_journal() - how fresh the SM's journal is
 * @sm: the SM
 *
 * Return: REWIRE_FRESHNESS_*.
 */
u32 rewire_platform_journal(const struct rewire_sm *sm)
{
	return READ_ONCE(sm->freshness.state);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_platform_journal);

/**
 * rewire_platform_claims() - all that a level can be computed from
 * @sm: whose journal
 *
 * Return: REWIRE_CLAIM_* that are true now.
 */
u64 rewire_platform_claims(const struct rewire_sm *sm)
{
	return rewire_platform_measure() |
	       rewire_platform_freshness(rewire_platform_journal(sm));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_platform_claims);

/* A kernel without proc has no sysctls to read: the claims stay unset. */
int rewire_platform_init(void)
{
	struct file_system_type *type = get_fs_type("proc");
	struct vfsmount *mnt;

	if (!type)
		return 0;
	mnt = kern_mount(type);
	module_put(type->owner);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	platform_proc = mnt;
	return 0;
}

void rewire_platform_exit(void)
{
	if (platform_proc)
		kern_unmount(platform_proc);
	platform_proc = NULL;
}
