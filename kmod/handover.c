// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handover: the SM asks a version for something by way of its RECV, between two
 * calls, so that the version is nowhere in the middle of one. What the old one
 * exports lies in a ring of fixed size until the new one has fetched it.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "enclave.h"
#include "handover.h"
#include "output.h"

/* a signal comes first: the load is repeated, see gate.c */
#define HANDOVER_AGAIN	(-ERESTARTSYS)

struct rewire_handover *rewire_handover_create(struct rewire_sm *sm)
{
	struct rewire_handover *handover = kzalloc(sizeof(*handover),
						   GFP_KERNEL_ACCOUNT);

	if (!handover)
		return NULL;
	kref_init(&handover->ref);
	mutex_init(&handover->lock);
	init_waitqueue_head(&handover->moved);
	handover->sm = sm;
	return handover;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_create);

static void handover_drop(struct rewire_handover *handover)
{
	if (!handover->ring)
		return;
	memzero_explicit(handover->ring, REWIRE_HANDOVER_ROOM);
	kvfree(handover->ring);
	handover->ring = NULL;
	rewire_sm_uncharge(handover->sm, REWIRE_HANDOVER_ROOM);
}

static void handover_free(struct kref *ref)
{
	struct rewire_handover *handover =
		container_of(ref, struct rewire_handover, ref);

	handover_drop(handover);
	mutex_destroy(&handover->lock);
	kfree(handover);
}

struct rewire_handover *rewire_handover_get(struct rewire_handover *handover)
{
	kref_get(&handover->ref);
	return handover;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_get);

void rewire_handover_put(struct rewire_handover *handover)
{
	kref_put(&handover->ref, handover_free);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_put);

/**
 * rewire_handover_open() - state is going to be handed over
 * @handover: new
 * @why: for the sentence
 *
 * Return: 0, -EDQUOT or -ENOMEM.
 */
int rewire_handover_open(struct rewire_handover *handover,
			 struct rewire_why *why)
{
	u8 *ring;
	int ret;

	/* an earlier try got no further: the caller serialises them */
	if (handover->ring)
		return 0;
	ret = rewire_sm_charge(handover->sm, REWIRE_HANDOVER_ROOM, why);
	if (ret)
		return ret;
	ring = kvmalloc(REWIRE_HANDOVER_ROOM, GFP_KERNEL_ACCOUNT);
	if (!ring) {
		rewire_sm_uncharge(handover->sm, REWIRE_HANDOVER_ROOM);
		return -ENOMEM;
	}
	mutex_lock(&handover->lock);
	handover->ring = ring;
	mutex_unlock(&handover->lock);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_open);

/**
 * rewire_handover_stop() - nothing more is handed over
 * @handover: with whom nobody will be asked any more
 * @error: what whoever waits is told, negative
 */
void rewire_handover_stop(struct rewire_handover *handover, int error)
{
	mutex_lock(&handover->lock);
	if (!handover->error)
		handover->error = error;
	handover->lost = NULL;
	handover_drop(handover);
	mutex_unlock(&handover->lock);
	wake_up_all(&handover->moved);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_stop);

/* one of its versions is destroyed, whose lock is held */
void rewire_handover_lost(struct rewire_handover *handover)
{
	mutex_lock(&handover->lock);
	if (handover->lost) {
		handover->error = -ECANCELED;
		handover->lost(handover);
	}
	mutex_unlock(&handover->lock);
	wake_up_all(&handover->moved);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_lost);

/* ---- errands: the SM's side ---- */

/**
 * rewire_errand_send() - ask a version for something
 * @handover: that has it; the errand before was answered
 * @enclave: the version
 * @kind: REWIRE_RECV_HEALTH, _EXPORT or _IMPORT
 */
void rewire_errand_send(struct rewire_handover *handover,
			struct rewire_enclave *enclave, u32 kind)
{
	mutex_lock(&handover->lock);
	handover->errand[enclave->trial] = (struct rewire_errand){
		.kind = kind,
	};
	WRITE_ONCE(enclave->errand, true);
	mutex_unlock(&handover->lock);
	wake_up_all(&enclave->calls->arrived);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_errand_send);

/*
 * Until one of two things was said; both lie in the handover.
 *
 * Return: 0, -ETIMEDOUT, -EINTR, or what ended the handover.
 */
static int handover_await(struct rewire_handover *handover, const bool *one,
			  const bool *other, unsigned long end)
{
	unsigned long now = jiffies;
	long left = time_before(now, end) ? end - now : 0;

	left = wait_event_interruptible_timeout(handover->moved,
						READ_ONCE(*one) ||
						READ_ONCE(*other) ||
						READ_ONCE(handover->error),
						left);
	if (READ_ONCE(handover->error))
		return handover->error;
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIMEDOUT;
}

/**
 * rewire_errand_await() - until it is done
 * @handover: where it was sent
 * @side: to which version
 * @end: in jiffies
 *
 * Return: 0 and the version's status is in the errand; -ETIMEDOUT; -EINTR;
 * -ECANCELED or another errno when the update was given up or a version died.
 */
int rewire_errand_await(struct rewire_handover *handover, u32 side,
			unsigned long end)
{
	const bool *answered = &handover->errand[side].answered;

	return handover_await(handover, answered, answered, end);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_errand_await);

/* until the new version can be told what it is given; returns as above */
int rewire_handover_await_format(struct rewire_handover *handover,
				 unsigned long end)
{
	return handover_await(handover, &handover->begun, &handover->closed,
			      end);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_await_format);

/* ---- errands: the enclave's side ---- */

bool rewire_errand_waiting(const struct rewire_enclave *enclave)
{
	return READ_ONCE(enclave->errand);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_errand_waiting);

/* Return: a reference, or NULL: no update has it any more */
static struct rewire_handover *handover_of(struct rewire_enclave *enclave)
{
	struct rewire_handover *handover;

	mutex_lock(&enclave->lock);
	handover = enclave->handover;
	if (handover)
		rewire_handover_get(handover);
	mutex_unlock(&enclave->lock);
	return handover;
}

/**
 * rewire_errand_receive() - RECV: does the SM want something?
 * @enclave: the caller is its thread
 * @gate: arg[2] to arg[4] are out
 *
 * Return: 0: it does; -EAGAIN.
 */
int rewire_errand_receive(struct rewire_enclave *enclave,
			  struct rewire_gate *gate)
{
	struct rewire_handover *handover;
	struct rewire_errand *errand;
	int ret = -EAGAIN;

	if (!rewire_errand_waiting(enclave))
		return ret;
	handover = handover_of(enclave);
	if (!handover) {
		WRITE_ONCE(enclave->errand, false);
		return ret;
	}
	mutex_lock(&handover->lock);
	WRITE_ONCE(enclave->errand, false);
	errand = &handover->errand[enclave->trial];
	if (errand->kind && !errand->delivered && !handover->error) {
		errand->delivered = true;
		gate->arg[2] = REWIRE_ERRAND_HANDLE;
		gate->arg[3] = errand->kind;
		gate->arg[4] = handover->format;
		ret = 0;
	}
	mutex_unlock(&handover->lock);
	rewire_handover_put(handover);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_errand_receive);

/**
 * rewire_errand_reply() - REPLY to what the SM wanted
 * @enclave: the caller is its thread
 * @status: the version's; nothing else leaves one that is on trial
 *
 * Return: 0, or -ENOENT: nothing is wanted any more.
 */
s64 rewire_errand_reply(struct rewire_enclave *enclave, s32 status)
{
	struct rewire_handover *handover = handover_of(enclave);
	struct rewire_errand *errand;
	s64 ret = -ENOENT;
	int settled;

	if (!handover)
		return ret;
	/* it is told to whoever ordered the update, and not held as answers are */
	settled = rewire_output_settle(enclave->sm, NULL);
	mutex_lock(&handover->lock);
	errand = &handover->errand[enclave->trial];
	if (errand->delivered && !errand->answered) {
		ret = 0;
		errand->status = settled ?: status;
		WRITE_ONCE(errand->answered, true);
		if (errand->kind == REWIRE_RECV_EXPORT)
			WRITE_ONCE(handover->closed, true);
	}
	mutex_unlock(&handover->lock);
	wake_up_all(&handover->moved);
	rewire_handover_put(handover);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_errand_reply);

/* ---- the state ---- */

/* with the lock: is this version just doing that? */
static bool handover_at(const struct rewire_handover *handover, u32 side,
			u32 kind)
{
	const struct rewire_errand *errand = &handover->errand[side];

	return errand->kind == kind && errand->delivered && !errand->answered &&
	       handover->ring;
}

/* into the ring as much as fits in one piece */
static s64 handover_put_bytes(struct rewire_handover *handover,
			      struct rewire_enclave *enclave, u64 buffer,
			      u32 length)
{
	u32 at = (handover->start + handover->length) % REWIRE_HANDOVER_ROOM;
	u32 piece = min3(length, REWIRE_HANDOVER_ROOM - handover->length,
			 REWIRE_HANDOVER_ROOM - at);
	s64 ret = rewire_memory_read(enclave, buffer, handover->ring + at, piece);

	if (ret)
		return ret;
	WRITE_ONCE(handover->length, handover->length + piece);
	handover->bytes += piece;
	return piece;
}

static s64 handover_take_bytes(struct rewire_handover *handover,
			       struct rewire_enclave *enclave, u64 buffer,
			       u32 size)
{
	u32 piece = min3(size, handover->length,
			 REWIRE_HANDOVER_ROOM - handover->start);
	s64 ret = rewire_memory_write(enclave, buffer,
				      handover->ring + handover->start, piece);

	if (ret)
		return ret;
	handover->start = (handover->start + piece) % REWIRE_HANDOVER_ROOM;
	WRITE_ONCE(handover->length, handover->length - piece);
	return piece;
}

static s64 handover_export(struct rewire_handover *handover,
			   struct rewire_enclave *enclave,
			   const struct rewire_gate *gate)
{
	if (handover->error)
		return handover->error;
	if (!handover_at(handover, REWIRE_HANDOVER_OLD, REWIRE_RECV_EXPORT) ||
	    enclave->trial)
		return -EBADFD;
	if (gate->arg[1] > REWIRE_MAX_SEAL ||
	    (handover->begun && handover->format != gate->arg[2]))
		return -EINVAL;
	handover->format = gate->arg[2];
	WRITE_ONCE(handover->begun, true);
	if (!gate->arg[1])
		return 0;
	if (handover->length == REWIRE_HANDOVER_ROOM)
		return -EAGAIN;
	return handover_put_bytes(handover, enclave, gate->arg[0],
				  gate->arg[1]);
}

static s64 handover_import(struct rewire_handover *handover,
			   struct rewire_enclave *enclave,
			   const struct rewire_gate *gate)
{
	if (handover->error)
		return handover->error;
	if (!handover_at(handover, REWIRE_HANDOVER_NEW, REWIRE_RECV_IMPORT) ||
	    !enclave->trial)
		return -EBADFD;
	if (!handover->length)
		return handover->closed || !gate->arg[1] ? 0 : -EAGAIN;
	return handover_take_bytes(handover, enclave, gate->arg[0],
				   min_t(u64, gate->arg[1], U32_MAX));
}

typedef s64 (*handover_step_t)(struct rewire_handover *handover,
			       struct rewire_enclave *enclave,
			       const struct rewire_gate *gate);

/* take the step as soon as it goes; -EAGAIN of a step is never the result */
static s64 handover_step(struct rewire_enclave *enclave,
			 struct rewire_gate *gate, handover_step_t step)
{
	struct rewire_handover *handover = handover_of(enclave);
	s64 ret = -EBADFD;
	u32 length;

	if (!handover)
		return ret;
	do {
		mutex_lock(&handover->lock);
		ret = step(handover, enclave, gate);
		length = handover->length;
		mutex_unlock(&handover->lock);
		if (ret != -EAGAIN)
			break;
		if (wait_event_interruptible(handover->moved,
					     READ_ONCE(handover->length) != length ||
					     READ_ONCE(handover->closed) ||
					     READ_ONCE(handover->error)))
			ret = HANDOVER_AGAIN;
	} while (ret == -EAGAIN);
	wake_up_all(&handover->moved);
	rewire_handover_put(handover);
	return ret;
}

s64 rewire_handover_export(struct rewire_enclave *enclave,
			   struct rewire_gate *gate)
{
	return handover_step(enclave, gate, handover_export);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_export);

s64 rewire_handover_import(struct rewire_enclave *enclave,
			   struct rewire_gate *gate)
{
	return handover_step(enclave, gate, handover_import);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_handover_import);
