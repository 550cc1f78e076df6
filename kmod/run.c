// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry. Executing a ticket turns the caller into the enclave's first thread.
 *
 * It is an execve, so that the kernel itself takes away all that the process
 * may have prepared: the address space and with it io_uring, AIO, userfaultfd
 * and whoever holds the old mm; shared files and signal handlers; rseq, robust
 * list, clear_child_tid, alternate stack; timers, debug registers, FPU state.
 * What is left to do by hand is below begin_new_exec().
 */
#include <crypto/algapi.h>
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/elf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>

#include "arch.h"
#include "compat.h"
#include "enclave.h"

/**
 * rewire_ticket_issue() - REWIRE_GET_TICKET
 * @enclave: locked
 * @ticket: out
 * @why: for the sentence
 *
 * Return: 0; -EBADFD; -EBUSY: it has a thread, or is being read; -ENOLINK: a
 * witness is waited for; or what the journal says.
 */
int rewire_ticket_issue(struct rewire_enclave *enclave,
			struct rewire_ticket *ticket, struct rewire_why *why)
{
	int ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_TICKET, why);

	if (ret < 0)
		return ret;
	if (enclave->thread)
		return rewire_because(why, -EBUSY,
				      "it has a thread; resume it instead");
	if (enclave->readers)
		return rewire_because(why, -EBUSY,
				      "a checkpoint of it is being read");
	/* the new version starts up; the old one is left as it is */
	if (enclave->handover && !enclave->trial)
		return rewire_because(why, -EBUSY, "an update has it");
	/* here one can wait for a witness; in execve it is too late */
	if (enclave->sm->freshness.strict && !enclave->trial) {
		ret = rewire_enclave_outdate(enclave, why);
		if (ret)
			return ret;
	}
	get_random_bytes(enclave->ticket, sizeof(enclave->ticket));
	enclave->ticket_armed = true;
	enclave->ticket_owner = current_uid();
	memcpy(ticket->magic, REWIRE_TICKET_MAGIC, sizeof(ticket->magic));
	ticket->enclave = enclave->id;
	memcpy(ticket->capability, enclave->ticket, sizeof(ticket->capability));
	return 0;
}

/* does this ticket still open the door? Uses it up if it does. */
static int run_redeem(struct rewire_enclave *enclave,
		      const struct rewire_ticket *ticket)
{
	int ret = 0;

	mutex_lock(&enclave->lock);
	if (!enclave->ticket_armed ||
	    crypto_memneq(enclave->ticket, ticket->capability,
			  sizeof(ticket->capability)) ||
	    !uid_eq(enclave->ticket_owner, current_uid()))
		ret = -EACCES;
	else
		enclave->ticket_armed = false;
	mutex_unlock(&enclave->lock);
	return ret;
}

/* the park signal goes to the enclave's handler, on the enclave's stack */
static void run_signals(const struct rewire_layout *layout)
{
	/* nobody but the task itself exchanges it */
	struct sighand_struct *sighand = rcu_dereference_raw(current->sighand);
	struct k_sigaction *action = &sighand->action[REWIRE_PARK_SIGNAL - 1];

	spin_lock_irq(&sighand->siglock);
	action->sa.sa_handler = (__sighandler_t)(unsigned long)layout->park;
	action->sa.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_RESTORER;
	action->sa.sa_restorer =
		(__sigrestore_t)(unsigned long)layout->restorer;
	sigfillset(&action->sa.sa_mask);
	spin_unlock_irq(&sighand->siglock);
}

/* past the point of no return: a failure ends the task, not the enclave */
static int run_enter(struct rewire_enclave *enclave, struct file *file,
		     unsigned long *ip, u64 *others)
{
	bool fresh = enclave->state == REWIRE_ENCLAVE_READY;
	int ret;

	lockdep_assert_held(&enclave->lock);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_ENTER, NULL);
	if (ret < 0)
		return ret;
	if (enclave->thread || enclave->readers)
		return -EBUSY;
	/* what may still fail comes before the state outside becomes void */
	ret = rewire_memory_map(enclave, file);
	if (!ret && !enclave->trial)
		ret = rewire_enclave_outdate(enclave, NULL);
	if (ret)
		return ret;
	run_signals(&enclave->layout);
	*others = rewire_threads_recall(enclave);
	rewire_thread_enter(enclave);
	get_task_struct(current);
	enclave->thread = current;
	WRITE_ONCE(enclave->mm, current->mm);
	*ip = fresh ? enclave->layout.entry : enclave->layout.resume;
	return rewire_enclave_step(enclave, REWIRE_ENCLAVE_EV_ENTER, NULL);
}

/* what a process must not bring along; the exec has not begun */
static int run_admissible(const struct linux_binprm *bprm)
{
	if (!rewire_arch_may_enter())
		return -ENOEXEC;
	if (current->ptrace || (bprm->unsafe & LSM_UNSAFE_PTRACE))
		return -EPERM;
	return 0;
}

static int run_exec(struct linux_binprm *bprm, struct rewire_enclave *enclave,
		    struct file *file)
{
	unsigned long ip;
	u64 others;
	int ret;

	bprm->interp_flags |= BINPRM_FLAGS_ENFORCE_NONDUMP;
	ret = begin_new_exec(bprm);
	if (ret)
		return ret;
	current->personality = PER_LINUX;
	setup_new_exec(bprm);
	/* fs.suid_dumpable=1 makes even this one dumpable */
	if (rewire_owner_may_dump())
		return -EPERM;
	/* somebody may have attached between the check and the exec */
	if (current->ptrace)
		return -EPERM;
	ret = vm_munmap(0, TASK_SIZE);
	if (ret)
		return ret;
	mutex_lock(&enclave->lock);
	ret = run_enter(enclave, file, &ip, &others);
	mutex_unlock(&enclave->lock);
	if (ret)
		return ret;
	finalize_exec(bprm);
	start_thread(current_pt_regs(), ip, 0);
	rewire_arch_tell(current_pt_regs(), others);
	return 0;
}

static int run_load_binary(struct linux_binprm *bprm)
{
	const struct rewire_ticket *ticket = (const void *)bprm->buf;
	struct rewire_enclave *enclave;
	struct file *file;
	int ret;

	BUILD_BUG_ON(sizeof(*ticket) > BINPRM_BUF_SIZE);
	if (memcmp(ticket->magic, REWIRE_TICKET_MAGIC, sizeof(ticket->magic)))
		return -ENOEXEC;
	ret = run_admissible(bprm);
	if (ret)
		return ret;
	enclave = rewire_sm_find_enclave(rewire_sm_of(current->nsproxy->net_ns),
					 ticket->enclave);
	if (!enclave)
		return -EACCES;
	ret = run_redeem(enclave, ticket);
	if (ret)
		goto out_enclave;
	file = rewire_enclave_file(enclave);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto out_enclave;
	}
	ret = run_exec(bprm, enclave, file);
	fput(file);
out_enclave:
	rewire_enclave_put(enclave);
	return ret;
}

static struct linux_binfmt run_format = {
	.module = THIS_MODULE,
	.load_binary = run_load_binary,
};

int rewire_run_init(void)
{
	/* in front: no other format has a say over a ticket */
	__register_binfmt(&run_format, 1);
	return 0;
}

void rewire_run_exit(void)
{
	unregister_binfmt(&run_format);
}
