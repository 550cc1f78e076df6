// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbell: how an enclave calls its SM.
 *
 * The call is a load from a page that is never mapped. The page fault comes
 * straight here, past everything by which a host could stand between: no
 * descriptor that may be another device's, no system call whose value a seccomp
 * notifier may forge. What the enclave wants and what it gets are in its own
 * memory. The work is done with mmap_lock dropped, as userfaultfd does; a
 * signal sends the thread back to user mode with the load still to come, so
 * that a call interrupted by a pause begins again by itself, on the next host
 * too. When the work is done, the instruction pointer is moved past the load.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "arch.h"
#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "keys.h"
#include "output.h"
#include "seal.h"
#include "trace.h"
#include "weaken.h"

/* an op that could not be finished because of a signal: the load is repeated */
#define GATE_AGAIN	(-ERESTARTSYS)

/* what an update wants comes before calls, which are held meanwhile */
static s64 gate_receive(struct rewire_enclave *enclave,
			struct rewire_gate *gate)
{
	int ret;

	do {
		ret = wait_event_interruptible(enclave->calls->arrived,
					       rewire_errand_waiting(enclave) ||
					       rewire_calls_waiting(enclave));
		if (ret)
			return GATE_AGAIN;
		ret = rewire_errand_receive(enclave, gate);
		if (!ret)
			return 0;
		ret = rewire_calls_receive(enclave, gate->arg[0], gate->arg[1],
					   &gate->arg[2]);
		gate->arg[3] = REWIRE_RECV_CALL;
	} while (ret == -EAGAIN);
	return ret;
}

static s64 gate_reply(struct rewire_enclave *enclave,
		      const struct rewire_gate *gate)
{
	if (gate->arg[2] == REWIRE_ERRAND_HANDLE)
		return rewire_errand_reply(enclave, (s32)gate->arg[5]);
	/* the old version's calls are in the same table */
	if (READ_ONCE(enclave->trial) && !rewire_weakened(trial_output))
		return -EPERM;
	return rewire_calls_reply(enclave, gate->arg[2], gate->arg[3],
				  gate->arg[4], (s32)gate->arg[5]);
}

/*
 * The reply must have its effect once, although the wait that follows may be
 * interrupted and begun again: what is begun again is a RECV.
 */
static s64 gate_reply_receive(struct rewire_enclave *enclave,
			      struct rewire_gate *gate)
{
	s64 ret = gate_reply(enclave, gate);

	if (ret)
		return ret;
	gate->op = REWIRE_GATE_RECV;
	ret = rewire_memory_write(enclave, enclave->layout.gate, gate,
				  sizeof(*gate));
	return ret ?: gate_receive(enclave, gate);
}

static s64 gate_random(struct rewire_enclave *enclave,
		       const struct rewire_gate *gate)
{
	size_t len = gate->arg[1];
	void *bytes;
	s64 ret;

	if (gate->arg[1] > REWIRE_MAX_PAYLOAD)
		return -EINVAL;
	bytes = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!bytes)
		return -ENOMEM;
	get_random_bytes(bytes, len);
	ret = rewire_memory_write(enclave, gate->arg[0], bytes, len);
	memzero_explicit(bytes, len);
	kvfree(bytes);
	return ret;
}

static s64 gate_seal(struct rewire_enclave *enclave,
		     struct rewire_gate *gate)
{
	const struct rewire_sealer sealer = {
		.roots = &enclave->sm->roots,
		.manifest = &enclave->manifest,
		.developer = enclave->developer,
		.workload = enclave->workload,
		.epoch = enclave->epoch,
		.svn_key = &enclave->svn_key,
	};
	bool seal = gate->op == REWIRE_GATE_SEAL;
	size_t room = REWIRE_MAX_SEAL + REWIRE_SEAL_OVERHEAD;
	size_t len = gate->arg[1];
	void *from, *to;
	u32 flags = 0;
	s64 ret;

	if (gate->arg[1] > (seal ? REWIRE_MAX_SEAL : room))
		return -EINVAL;
	if (gate->arg[4] > U32_MAX)
		return -EOPNOTSUPP;
	from = kvmalloc(room, GFP_KERNEL_ACCOUNT);
	to = kvmalloc(room, GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!from || !to)
		goto out;
	ret = rewire_memory_read(enclave, gate->arg[0], from, len);
	if (ret)
		goto out;
	ret = seal ? rewire_seal(&sealer, gate->arg[4], from, len, to) :
		     rewire_unseal(&sealer, from, len, to, &flags);
	if (!seal)
		gate->arg[5] = flags;
	if (ret < 0)
		goto out;
	if (ret > gate->arg[3])
		ret = -EMSGSIZE;
	else
		ret = rewire_memory_write(enclave, gate->arg[2], to, ret) ?:
		      ret;
out:
	if (from)
		memzero_explicit(from, room);
	if (to)
		memzero_explicit(to, room);
	kvfree(from);
	kvfree(to);
	return ret;
}

static s64 gate_self(struct rewire_enclave *enclave,
		     const struct rewire_gate *gate)
{
	struct rewire_self self = { .epoch = enclave->epoch };

	memcpy(self.workload, enclave->workload, sizeof(self.workload));
	memcpy(self.measurement, enclave->manifest.measurement,
	       sizeof(self.measurement));
	memcpy(self.sm, enclave->sm->attest.id, sizeof(self.sm));
	return rewire_memory_write(enclave, gate->arg[0], &self, sizeof(self));
}

/*
 * An addition must happen once, and a pause may come at any moment of it. So it
 * waits for nothing that a signal ends (what the disk may say to one included),
 * and whatever becomes of it is in the gate, and the load over, before the
 * thread sees the signal. If the gate cannot be written any more, its pages are
 * gone and nobody will ring again.
 *
 * The enclave's lock is held meanwhile: what was destroyed adds nothing to the
 * workload's counters, which may be its successor's by now.
 */
static s64 gate_counter(struct rewire_enclave *enclave,
			struct rewire_gate *gate)
{
	u64 value = 0;
	s64 ret;

	if (gate->arg[0] >= REWIRE_COUNTERS ||
	    gate->arg[1] > REWIRE_COUNTER_HOLD)
		return -EINVAL;
	mutex_lock(&enclave->lock);
	if (enclave->trial && gate->arg[1] && !rewire_weakened(trial_output))
		ret = -EPERM;
	else if (enclave->state != REWIRE_ENCLAVE_RUNNING &&
		 enclave->state != REWIRE_ENCLAVE_PAUSING)
		ret = -ECANCELED;
	else
		ret = rewire_output_counter(enclave, gate->arg[0],
					    gate->arg[1], &value);
	mutex_unlock(&enclave->lock);
	if (!ret)
		gate->arg[2] = value;
	return ret == GATE_AGAIN ? -EIO : ret;
}

/*
 * A thread more. The caller's signals stay blocked until it has said, in a second
 * call, what became of it: no pause finds a slot between the two.
 */
static s64 gate_spawn(struct rewire_enclave *enclave)
{
	s64 ret;

	for (;;) {
		mutex_lock(&enclave->lock);
		ret = rewire_thread_reserve(enclave);
		mutex_unlock(&enclave->lock);
		if (ret != -EAGAIN)
			break;
		/* nobody is woken when a thread that leaves is gone */
		if (schedule_timeout_interruptible(1) || signal_pending(current))
			return GATE_AGAIN;
	}
	if (ret > 0)
		rewire_thread_block(true);
	return ret;
}

static s64 gate_spawned(struct rewire_enclave *enclave,
			const struct rewire_gate *gate)
{
	s64 ret = 0;

	if (gate->arg[1]) {
		mutex_lock(&enclave->lock);
		ret = rewire_thread_abandon(enclave, gate->arg[0]);
		mutex_unlock(&enclave->lock);
	}
	rewire_thread_block(false);
	return ret;
}

static s64 gate_leave(struct rewire_enclave *enclave, u32 slot)
{
	s64 ret;

	mutex_lock(&enclave->lock);
	ret = rewire_thread_leave(enclave, slot);
	mutex_unlock(&enclave->lock);
	return ret;
}

static s64 gate_exit(struct rewire_enclave *enclave)
{
	mutex_lock(&enclave->lock);
	/* an update's new version may: that ends the update */
	if (!enclave->trial && rewire_enclave_busy(enclave, NULL)) {
		mutex_unlock(&enclave->lock);
		return -EBUSY;
	}
	rewire_enclave_wipe(enclave, -ECANCELED, "it ended by itself");
	mutex_unlock(&enclave->lock);
	return GATE_AGAIN;
}

/*
 * Calls come to the first thread alone, and so does what an update wants: between
 * two of its calls the enclave is in the middle of none.
 */
static bool gate_first_only(u32 op)
{
	return op == REWIRE_GATE_RECV || op == REWIRE_GATE_REPLY_RECV ||
	       op == REWIRE_GATE_EXPORT || op == REWIRE_GATE_IMPORT;
}

/* one op; GATE_AGAIN when a signal came first */
VISIBLE_IF_KUNIT s64 rewire_gate_do(struct rewire_enclave *enclave, u32 slot,
				    struct rewire_gate *gate)
{
	if (gate->flags)
		return -EINVAL;
	if (slot && gate_first_only(gate->op))
		return -EPERM;
	switch (gate->op) {
	case REWIRE_GATE_RECV:
		return gate_receive(enclave, gate);
	case REWIRE_GATE_REPLY:
		return gate_reply(enclave, gate);
	case REWIRE_GATE_REPLY_RECV:
		return gate_reply_receive(enclave, gate);
	case REWIRE_GATE_RANDOM:
		return gate_random(enclave, gate);
	case REWIRE_GATE_SEAL:
	case REWIRE_GATE_UNSEAL:
		return gate_seal(enclave, gate);
	case REWIRE_GATE_EXIT:
		return gate_exit(enclave);
	case REWIRE_GATE_SELF:
		return gate_self(enclave, gate);
	case REWIRE_GATE_COUNTER:
		return gate_counter(enclave, gate);
	case REWIRE_GATE_EXPORT:
		return rewire_handover_export(enclave, gate);
	case REWIRE_GATE_IMPORT:
		return rewire_handover_import(enclave, gate);
	case REWIRE_GATE_SPAWN:
		return gate_spawn(enclave);
	case REWIRE_GATE_SPAWNED:
		return gate_spawned(enclave, gate);
	case REWIRE_GATE_LEAVE:
		return gate_leave(enclave, slot);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_gate_do);

/* Return: whether the load is over */
static bool gate_call(struct rewire_enclave *enclave, u32 slot)
{
	u64 address = enclave->layout.gate + slot * sizeof(struct rewire_gate);
	struct rewire_gate gate;
	u32 op;

	if (rewire_memory_read(enclave, address, &gate, sizeof(gate)))
		return false;
	op = gate.op;
	gate.result = rewire_gate_do(enclave, slot, &gate);
	if (gate.result == GATE_AGAIN)
		return false;
	trace_rewire_gate_call(enclave->id, op, gate.result);
	return !rewire_memory_write(enclave, address, &gate, sizeof(gate));
}

/*
 * The whole register state is in the signal frame by now. A park that nobody
 * asked for (a signal from outside, a pause that timed out) ends at once.
 *
 * Return: whether the load is over
 */
static bool gate_park(struct rewire_enclave *enclave, u32 slot)
{
	const struct rewire_slot *own = &enclave->slot[slot];
	bool stands, over;

	do {
		mutex_lock(&enclave->lock);
		rewire_thread_park(enclave, slot);
		stands = rewire_slot_stands(own);
		over = enclave->state == REWIRE_ENCLAVE_RUNNING ||
		       enclave->state == REWIRE_ENCLAVE_PAUSING;
		mutex_unlock(&enclave->lock);
		if (!stands)
			return over;
	} while (!wait_event_interruptible(enclave->changed,
					   !rewire_slot_stands(own)));
	return false;
}

/* somebody where nobody is expected ends the process before it says a word */
static int gate_arrive(struct rewire_enclave *enclave, u32 slot)
{
	int ret;

	mutex_lock(&enclave->lock);
	ret = rewire_thread_arrive(enclave, slot);
	mutex_unlock(&enclave->lock);
	if (ret < 0)
		send_sig(SIGKILL, current, 1);
	return ret;
}

/* a tracer sees the registers: the enclave ends before it says another word */
static bool gate_watched(struct rewire_enclave *enclave)
{
	if (likely(!READ_ONCE(current->ptrace)))
		return false;
	mutex_lock(&enclave->lock);
	if (enclave->state != REWIRE_ENCLAVE_DESTROYED)
		rewire_enclave_attacked(enclave, "traced");
	mutex_unlock(&enclave->lock);
	return true;
}

/*
 * Whose bell it is: the slot's own thread rings both, the first when it runs; one
 * that has none yet comes to the second. One that stands rings again when it was
 * stopped or frozen.
 */
static bool gate_admits(const struct rewire_enclave *enclave,
			const struct rewire_slot *slot, bool park)
{
	if (READ_ONCE(enclave->mm) != current->mm)
		return false;
	if (READ_ONCE(slot->task) != current)
		return park;
	return READ_ONCE(slot->state) == REWIRE_SLOT_LIVE ||
	       (park && rewire_slot_stands(slot));
}

static bool gate_answer(struct rewire_enclave *enclave, u32 slot, bool park)
{
	int ret = 0;

	if (!park)
		return gate_call(enclave, slot);
	if (READ_ONCE(enclave->slot[slot].task) != current)
		ret = gate_arrive(enclave, slot);
	return ret ? ret > 0 : gate_park(enclave, slot);
}

/**
 * rewire_gate_ring() - fault handler of the doorbells
 * @vmf: the fault
 * @bell: which; two for each slot, and the second is for parking
 *
 * Return: VM_FAULT_SIGBUS for anything but a load by the slot's own thread;
 * VM_FAULT_COMPLETED, with the lock dropped, after the work (and NOPAGE, which
 * keeps the core from looking for a page); VM_FAULT_RETRY when a signal came
 * first.
 */
vm_fault_t rewire_gate_ring(struct vm_fault *vmf, u32 bell)
{
	struct rewire_enclave *enclave = rewire_file_enclave(vmf->vma->vm_file);
	struct pt_regs *regs = current_pt_regs();
	unsigned long target = rewire_arch_return(regs);
	u32 slot = bell / REWIRE_DOORBELL_PAGES;
	bool park = bell % REWIRE_DOORBELL_PAGES;
	bool over;

	if ((vmf->flags & (FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY |
			   FAULT_FLAG_REMOTE | FAULT_FLAG_WRITE |
			   FAULT_FLAG_RETRY_NOWAIT)) !=
	    (FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	if (slot >= REWIRE_MAX_THREADS ||
	    !gate_admits(enclave, &enclave->slot[slot], park))
		return VM_FAULT_SIGBUS;
	if (!rewire_memory_executable(enclave, target))
		return VM_FAULT_SIGBUS;

	rewire_enclave_get(enclave);
	release_fault_lock(vmf);
	over = !gate_watched(enclave) && gate_answer(enclave, slot, park);
	/* a tracer that came while the thread waited is what ended the wait */
	if (over)
		instruction_pointer_set(regs, target);
	else
		gate_watched(enclave);
	rewire_enclave_put(enclave);
	return over ? VM_FAULT_COMPLETED | VM_FAULT_NOPAGE : VM_FAULT_RETRY;
}
