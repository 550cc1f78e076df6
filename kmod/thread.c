// SPDX-License-Identifier: GPL-2.0-only
/*
 * The slot table: which threads an enclave has, and where each of them is.
 *
 * A thread is made by the enclave itself, with a clone() that the launcher's
 * filter lets through. So the SM believes in none before it has come to the
 * doorbell of a slot that was reserved for it, and in none that comes twice. A
 * slot is reserved, and given up again, with the parent's signals blocked: no
 * pause, and so no stream, finds a slot in between.
 *
 * In another process, after a move, the first thread makes the others anew. Each
 * stands at its doorbell until all have come, and only then does any go on. Until
 * then nothing but registers has changed, and if the process dies the image is
 * as complete as it was.
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "enclave.h"

static u32 threads_most(const struct rewire_enclave *enclave)
{
	return enclave->manifest.max_threads;
}

static struct rewire_slot *thread_slot(struct rewire_enclave *enclave, u64 slot)
{
	return slot < threads_most(enclave) ? &enclave->slot[slot] : NULL;
}

static int thread_step(struct rewire_slot *slot, enum rewire_slot_event event)
{
	int next = rewire_slot_next(slot->state, event);

	if (next < 0)
		return next;
	WRITE_ONCE(slot->state, next);
	return 0;
}

static void thread_drop(struct rewire_slot *slot)
{
	if (slot->task)
		put_task_struct(slot->task);
	WRITE_ONCE(slot->task, NULL);
}

/* the same for each slot that has an arc for it */
static void threads_step(struct rewire_enclave *enclave,
			 enum rewire_slot_event event)
{
	u32 i;

	lockdep_assert_held(&enclave->lock);
	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		thread_step(&enclave->slot[i], event);
}

static bool threads_any(const struct rewire_enclave *enclave, u32 state)
{
	u32 i;

	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		if (READ_ONCE(enclave->slot[i].state) == state)
			return true;
	return false;
}

static bool threads_has(const struct rewire_enclave *enclave,
			const struct task_struct *task)
{
	u32 i;

	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		if (enclave->slot[i].task == task)
			return true;
	return false;
}

/* signal frames of the current task go to its slot's State Save Area */
static void thread_stack(const struct rewire_enclave *enclave, u32 slot)
{
	const struct rewire_layout *layout = &enclave->layout;

	current->sas_ss_sp = layout->ssa + slot * layout->ssa_size;
	current->sas_ss_size = layout->ssa_size;
	current->sas_ss_flags = 0;
}

/**
 * rewire_thread_block() - whether signals reach the current task, SIGKILL aside
 * @blocked: none does
 */
void rewire_thread_block(bool blocked)
{
	sigset_t mask;

	/* sigprocmask() would block these as well */
	if (blocked)
		siginitsetinv(&mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	else
		sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void thread_take(struct rewire_enclave *enclave, u32 slot)
{
	get_task_struct(current);
	WRITE_ONCE(enclave->slot[slot].task, current);
	thread_stack(enclave, slot);
}

/**
 * rewire_thread_enter() - the current task is the first thread
 * @enclave: locked, about to run
 *
 * One that goes on has a frame on its signal stack until it is back from it:
 * another signal would write over it, so signals stay blocked until then.
 */
void rewire_thread_enter(struct rewire_enclave *enclave)
{
	bool fresh = enclave->state == REWIRE_ENCLAVE_READY;
	struct rewire_slot *first = &enclave->slot[0];

	lockdep_assert_held(&enclave->lock);
	if (fresh)
		thread_step(first, REWIRE_SLOT_EV_ENTER);
	else
		thread_step(first, REWIRE_SLOT_EV_ARRIVE);
	thread_take(enclave, 0);
	rewire_thread_block(!fresh);
}

/* nobody is told when a thread is gone: whoever wants to know has to look */
static void threads_bury(struct rewire_enclave *enclave)
{
	u32 i;

	for (i = 0; i < REWIRE_MAX_THREADS; i++) {
		struct rewire_slot *slot = &enclave->slot[i];

		if (slot->state != REWIRE_SLOT_LEAVING || pid_alive(slot->task))
			continue;
		thread_drop(slot);
		thread_step(slot, REWIRE_SLOT_EV_GONE);
	}
}

/**
 * rewire_thread_reserve() - REWIRE_GATE_SPAWN: a slot for one thread more
 * @enclave: locked; the caller is one of its threads, and is parked by nobody
 *	until it says what became of it
 *
 * Return: the slot; -EDQUOT: there are as many as the manifest allows; -EAGAIN:
 * when one that leaves is gone there will be one less.
 */
int rewire_thread_reserve(struct rewire_enclave *enclave)
{
	u32 i;

	lockdep_assert_held(&enclave->lock);
	threads_bury(enclave);
	for (i = 1; i < threads_most(enclave); i++)
		if (!thread_step(&enclave->slot[i], REWIRE_SLOT_EV_RESERVE))
			return i;
	return threads_any(enclave, REWIRE_SLOT_LEAVING) ? -EAGAIN : -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_thread_reserve);

/**
 * rewire_thread_abandon() - no thread will come to this slot
 * @enclave: locked
 * @slot: which
 *
 * Return: 0; -EINVAL: it is not reserved.
 */
int rewire_thread_abandon(struct rewire_enclave *enclave, u64 slot)
{
	struct rewire_slot *own = thread_slot(enclave, slot);

	lockdep_assert_held(&enclave->lock);
	if (!own || thread_step(own, REWIRE_SLOT_EV_ABANDON))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_thread_abandon);

/**
 * rewire_thread_arrive() - the current task comes to a slot for the first time
 * @enclave: locked
 * @slot: which
 *
 * A new thread that comes into a pause has no frame yet to be parked with: it goes
 * on, to the signal.
 *
 * Return: 1: it is new, and goes on; 0: it has a frame, and may be parked;
 * -EBADFD: nobody is expected there, or the task has another slot.
 */
int rewire_thread_arrive(struct rewire_enclave *enclave, u32 slot)
{
	struct rewire_slot *own = thread_slot(enclave, slot);

	lockdep_assert_held(&enclave->lock);
	if (!own || own->task || threads_has(enclave, current) ||
	    thread_step(own, REWIRE_SLOT_EV_ARRIVE))
		return -EBADFD;
	thread_take(enclave, slot);
	if (own->state == REWIRE_SLOT_ARRIVED) {
		rewire_threads_go(enclave);
		return 0;
	}
	rewire_thread_block(false);
	if (enclave->state == REWIRE_ENCLAVE_PAUSING)
		send_sig(REWIRE_PARK_SIGNAL, current, 1);
	return 1;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_thread_arrive);

/**
 * rewire_thread_leave() - REWIRE_GATE_LEAVE: the current task ends
 * @enclave: locked
 * @slot: its own
 *
 * Its slot is nobody else's before it is gone.
 *
 * Return: 0; -EINVAL: the first thread does not leave, it ends the enclave.
 */
int rewire_thread_leave(struct rewire_enclave *enclave, u32 slot)
{
	lockdep_assert_held(&enclave->lock);
	if (!slot ||
	    thread_step(&enclave->slot[slot], REWIRE_SLOT_EV_LEAVE))
		return -EINVAL;
	rewire_thread_block(true);
	wake_up_all(&enclave->changed);
	return 0;
}

/**
 * rewire_thread_park() - the current task's registers are in its frame
 * @enclave: locked
 * @slot: its own
 *
 * Nothing happens unless a pause wants it.
 */
void rewire_thread_park(struct rewire_enclave *enclave, u32 slot)
{
	lockdep_assert_held(&enclave->lock);
	if (enclave->state != REWIRE_ENCLAVE_PAUSING)
		return;
	thread_step(&enclave->slot[slot], REWIRE_SLOT_EV_PARK);
	rewire_enclave_parked(enclave);
}

/**
 * rewire_threads_recall() - all that are parked have to come back
 * @enclave: locked, about to run in another process
 *
 * Return: a bit for each that the first one has to make.
 */
u64 rewire_threads_recall(struct rewire_enclave *enclave)
{
	threads_step(enclave, REWIRE_SLOT_EV_RECALL);
	return rewire_threads_pack(enclave);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_recall);

/**
 * rewire_threads_call() - tell all that run to park
 * @enclave: locked, PAUSING
 *
 * Return: false when one of them is gone without a word.
 */
bool rewire_threads_call(struct rewire_enclave *enclave)
{
	bool whole = true;
	u32 i;

	lockdep_assert_held(&enclave->lock);
	for (i = 0; i < REWIRE_MAX_THREADS; i++) {
		struct rewire_slot *slot = &enclave->slot[i];

		if (slot->state != REWIRE_SLOT_LIVE)
			continue;
		whole &= !READ_ONCE(slot->task->exit_state);
		send_sig(REWIRE_PARK_SIGNAL, slot->task, 1);
	}
	return whole;
}

/**
 * rewire_threads_go() - what is parked, or has come back, goes on
 * @enclave: locked, running
 *
 * Nobody goes on before all are back.
 */
void rewire_threads_go(struct rewire_enclave *enclave)
{
	if (threads_any(enclave, REWIRE_SLOT_RETURNING))
		return;
	threads_step(enclave, REWIRE_SLOT_EV_GO);
	wake_up_all(&enclave->changed);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_go);

/* does none of them run, and is none about to? */
bool rewire_threads_still(struct rewire_enclave *enclave)
{
	u32 i;

	lockdep_assert_held(&enclave->lock);
	threads_bury(enclave);
	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		if (enclave->slot[i].state != REWIRE_SLOT_FREE &&
		    enclave->slot[i].state != REWIRE_SLOT_PARKED)
			return false;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_still);

/* is one on its way out? Takes no lock */
bool rewire_threads_leaving(struct rewire_enclave *enclave)
{
	return threads_any(enclave, REWIRE_SLOT_LEAVING);
}

/* has none gone on yet in this process? */
bool rewire_threads_returning(const struct rewire_enclave *enclave)
{
	return threads_any(enclave, REWIRE_SLOT_RETURNING);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_returning);

u32 rewire_threads_count(const struct rewire_enclave *enclave)
{
	u32 count = 0, i;

	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		count += READ_ONCE(enclave->slot[i].state) != REWIRE_SLOT_FREE;
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_count);

/**
 * rewire_threads_known() - does every thread of the process have a slot?
 * @enclave: locked, all of its threads are still
 *
 * One without would run on in a pause.
 */
bool rewire_threads_known(const struct rewire_enclave *enclave)
{
	return !enclave->thread ||
	       get_nr_threads(enclave->thread) == rewire_threads_count(enclave);
}

bool rewire_threads_traced(const struct rewire_enclave *enclave)
{
	u32 i;

	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		if (enclave->slot[i].task &&
		    READ_ONCE(enclave->slot[i].task->ptrace))
			return true;
	return false;
}

/**
 * rewire_threads_lost() - the process is gone
 * @enclave: locked
 *
 * Those that stood are complete without it.
 */
void rewire_threads_lost(struct rewire_enclave *enclave)
{
	u32 i;

	threads_step(enclave, REWIRE_SLOT_EV_RETREAT);
	for (i = 0; i < REWIRE_MAX_THREADS; i++)
		thread_drop(&enclave->slot[i]);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_lost);

/**
 * rewire_threads_clear() - the end of all of them
 * @enclave: locked, at its end
 *
 * The signal is the process's, and reaches it when its first thread has ended.
 */
void rewire_threads_clear(struct rewire_enclave *enclave)
{
	u32 i;

	if (enclave->thread) {
		rcu_read_lock();
		kill_pid(task_tgid(enclave->thread), SIGKILL, 1);
		rcu_read_unlock();
	}
	for (i = 0; i < REWIRE_MAX_THREADS; i++) {
		thread_drop(&enclave->slot[i]);
		WRITE_ONCE(enclave->slot[i].state, REWIRE_SLOT_FREE);
	}
}

/**
 * rewire_threads_pack() - the set of threads, for a stream or the first of them
 * @enclave: locked, or standing still
 *
 * Return: a bit for each slot but the first that is not free.
 */
u64 rewire_threads_pack(const struct rewire_enclave *enclave)
{
	u64 others = 0;
	u32 i;

	for (i = 1; i < REWIRE_MAX_THREADS; i++)
		if (enclave->slot[i].state != REWIRE_SLOT_FREE)
			others |= BIT_ULL(i);
	return others;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_pack);

/**
 * rewire_threads_unpack() - the set as a stream has it: all of them are parked
 * @enclave: being received
 * @others: from rewire_threads_pack()
 *
 * Return: 0, or -EBADMSG: more than the manifest allows.
 */
int rewire_threads_unpack(struct rewire_enclave *enclave, u64 others)
{
	u32 i;

	if (others & 1 || others >> threads_most(enclave))
		return -EBADMSG;
	for (i = 0; i < threads_most(enclave); i++)
		if (!i || others & BIT_ULL(i))
			thread_step(&enclave->slot[i], REWIRE_SLOT_EV_RECEIVE);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_threads_unpack);
