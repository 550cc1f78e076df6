// SPDX-License-Identifier: GPL-2.0-only
/*
 * The call table. A call is known by its client and sequence number, so that
 * repeating it, here or on the SM the enclave moved to, finds the same entry:
 * a caller sees one answer, late, and never none or two. (RIFL, SOSP 2015, has
 * the idea for storage.)
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "enclave.h"
#include "weaken.h"

/* an empty table, with one reference; NULL: no memory */
struct rewire_calls *rewire_calls_create(void)
{
	struct rewire_calls *calls = kzalloc(sizeof(*calls),
					     GFP_KERNEL_ACCOUNT);

	if (!calls)
		return NULL;
	kref_init(&calls->ref);
	mutex_init(&calls->lock);
	INIT_LIST_HEAD(&calls->clients);
	INIT_LIST_HEAD(&calls->promising);
	init_waitqueue_head(&calls->arrived);
	init_waitqueue_head(&calls->answered);
	calls->next_handle = 1;
	return calls;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_create);

static void calls_free(struct kref *ref)
{
	struct rewire_calls *calls = container_of(ref, struct rewire_calls, ref);

	WARN_ON(!list_empty(&calls->clients));
	mutex_destroy(&calls->lock);
	kfree(calls);
}

struct rewire_calls *rewire_calls_get(struct rewire_calls *calls)
{
	kref_get(&calls->ref);
	return calls;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_get);

void rewire_calls_put(struct rewire_calls *calls)
{
	kref_put(&calls->ref, calls_free);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_put);

static u64 call_cost(u32 length)
{
	return sizeof(struct rewire_client) + length;
}

/* exchange what an entry holds; the charge for @length was made */
static void call_set_data(struct rewire_enclave *enclave,
			  struct rewire_client *client, u8 *data, u32 length)
{
	if (client->data) {
		memzero_explicit(client->data, client->length);
		kvfree(client->data);
	}
	rewire_sm_uncharge(enclave->sm, client->length);
	client->data = data;
	client->length = length;
}

static void call_forget(struct rewire_enclave *enclave,
			struct rewire_client *client)
{
	call_set_data(enclave, client, NULL, 0);
	rewire_sm_uncharge(enclave->sm, call_cost(0));
	list_del(&client->list);
	enclave->calls->count--;
	kfree(client);
}

/**
 * rewire_calls_close() - the enclave is not here any more
 * @enclave: which
 * @error: what everybody is told who waits or comes
 */
void rewire_calls_close(struct rewire_enclave *enclave, int error)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client, *next;

	mutex_lock(&calls->lock);
	WRITE_ONCE(calls->closed, error);
	WRITE_ONCE(calls->answers, calls->answers + 1);
	calls->pending = 0;
	WRITE_ONCE(calls->queued, 0);
	list_for_each_entry_safe(client, next, &calls->clients, list)
		call_forget(enclave, client);
	mutex_unlock(&calls->lock);
	wake_up_all(&calls->answered);
	wake_up_all(&calls->arrived);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_close);

/**
 * rewire_calls_hold() - whether calls are delivered
 * @calls: table
 * @held: they wait
 */
void rewire_calls_hold(struct rewire_calls *calls, bool held)
{
	mutex_lock(&calls->lock);
	WRITE_ONCE(calls->held, held);
	mutex_unlock(&calls->lock);
	wake_up_all(&calls->arrived);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_hold);

/* is there a call that was delivered and not answered? */
bool rewire_calls_open(struct rewire_calls *calls)
{
	bool open;

	mutex_lock(&calls->lock);
	open = calls->pending > calls->queued;
	mutex_unlock(&calls->lock);
	return open;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_open);

u32 rewire_calls_pending(struct rewire_enclave *enclave)
{
	return READ_ONCE(enclave->calls->pending);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_pending);

/* what is answered from here on rests on all that was promised */
void rewire_calls_rest(struct rewire_calls *calls)
{
	mutex_lock(&calls->lock);
	calls->due = calls->promised;
	mutex_unlock(&calls->lock);
}

/* one more addition that is not on the disk yet */
void rewire_calls_promise(struct rewire_calls *calls)
{
	mutex_lock(&calls->lock);
	calls->promised++;
	mutex_unlock(&calls->lock);
}

u64 rewire_calls_promised(struct rewire_calls *calls)
{
	u64 promised;

	mutex_lock(&calls->lock);
	promised = calls->promised;
	mutex_unlock(&calls->lock);
	return promised;
}

/**
 * rewire_calls_settle() - promises were kept, or never will be
 * @calls: table
 * @kept: of rewire_calls_promised(), before they were written down
 * @lost: 0; or an errno: they cannot be, nor any that follows
 */
void rewire_calls_settle(struct rewire_calls *calls, u64 kept, int lost)
{
	mutex_lock(&calls->lock);
	if (lost)
		calls->lost = lost;
	else
		calls->kept = max(calls->kept, kept);
	WRITE_ONCE(calls->answers, calls->answers + 1);
	mutex_unlock(&calls->lock);
	wake_up_all(&calls->answered);
}

/* the answer is there, and may not be given out: see output.h */
static bool call_held(const struct rewire_calls *calls,
		      const struct rewire_client *client)
{
	lockdep_assert_held(&calls->lock);
	return client->state == REWIRE_CALL_ANSWERED &&
	       client->rests > calls->kept && !rewire_weakened(output_commit);
}

static struct rewire_client *call_find(struct rewire_calls *calls, const u8 *id)
{
	struct rewire_client *client;

	lockdep_assert_held(&calls->lock);
	list_for_each_entry(client, &calls->clients, list)
		if (!memcmp(client->id, id, REWIRE_ID_SIZE))
			return client;
	return NULL;
}

/* room for a new client: whoever has fetched his answer longest ago goes */
static int call_make_room(struct rewire_enclave *enclave,
			  struct rewire_why *why)
{
	struct rewire_client *client;

	if (enclave->calls->count < REWIRE_MAX_CLIENTS)
		return 0;
	list_for_each_entry(client, &enclave->calls->clients, list) {
		if (client->state == REWIRE_CALL_TAKEN) {
			call_forget(enclave, client);
			return 0;
		}
	}
	return rewire_because(why, -EDQUOT, "%u clients wait already",
			      REWIRE_MAX_CLIENTS);
}

static struct rewire_client *call_add(struct rewire_enclave *enclave,
				      const u8 *id, struct rewire_why *why)
{
	struct rewire_client *client;
	int ret;

	ret = call_make_room(enclave, why) ?:
	      rewire_sm_charge(enclave->sm, call_cost(0), why);
	if (ret)
		return ERR_PTR(ret);
	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client) {
		rewire_sm_uncharge(enclave->sm, call_cost(0));
		return ERR_PTR(-ENOMEM);
	}
	memcpy(client->id, id, REWIRE_ID_SIZE);
	client->state = REWIRE_CALL_TAKEN;
	list_add_tail(&client->list, &enclave->calls->clients);
	enclave->calls->count++;
	return client;
}

/*
 * Find the entry of a call, or make it. Takes over @data when it is a new call.
 *
 * Return: the entry, or an ERR_PTR().
 */
static struct rewire_client *call_enqueue(struct rewire_enclave *enclave,
					  const struct rewire_call *call,
					  u8 **data, struct rewire_why *why)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client = call_find(calls, call->client);
	u64 last = client ? client->sequence : 0;
	int ret;

	if (call->sequence == last)
		return client;
	if (call->sequence != last + 1) {
		ret = rewire_because(why, -ESTALE,
				     "sequence number %llu after %llu",
				     call->sequence, last);
		return ERR_PTR(ret);
	}
	if (client && (client->state < REWIRE_CALL_ANSWERED ||
		       call_held(calls, client))) {
		ret = rewire_because(why, -EBUSY,
				     "this client's call %llu is not answered",
				     last);
		return ERR_PTR(ret);
	}
	ret = rewire_sm_charge(enclave->sm, call->input_length, why);
	if (ret)
		return ERR_PTR(ret);
	if (!client) {
		client = call_add(enclave, call->client, why);
		if (IS_ERR(client)) {
			rewire_sm_uncharge(enclave->sm, call->input_length);
			return client;
		}
	}
	call_set_data(enclave, client, *data, call->input_length);
	*data = NULL;
	client->sequence = call->sequence;
	client->handle = calls->next_handle++;
	client->state = REWIRE_CALL_QUEUED;
	client->status = 0;
	list_move_tail(&client->list, &calls->clients);
	calls->pending++;
	WRITE_ONCE(calls->queued, calls->queued + 1);
	wake_up(&calls->arrived);
	return client;
}

/* copy of the answer, or NULL and *ret: 0 as long as there is none */
static u8 *call_answer(struct rewire_enclave *enclave, struct rewire_call *call,
		       int *ret)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client;
	u8 *copy = NULL;

	*ret = 0;
	mutex_lock(&calls->lock);
	client = call_find(calls, call->client);
	if (calls->closed) {
		*ret = calls->closed;
	} else if (!client || client->sequence != call->sequence) {
		*ret = -ESTALE;
	} else if (call_held(calls, client)) {
		*ret = calls->lost;
	} else if (client->state >= REWIRE_CALL_ANSWERED) {
		*ret = client->length > call->output_length ? -EMSGSIZE : 1;
		call->output_length = client->length;
		call->status = client->status;
		/* one byte more: an empty answer is not a failed allocation */
		if (*ret == 1) {
			copy = kvmalloc(client->length + 1, GFP_KERNEL_ACCOUNT);
			if (copy)
				memcpy(copy, client->data, client->length);
			else
				*ret = -ENOMEM;
		}
	}
	mutex_unlock(&calls->lock);
	return copy;
}

static void call_taken(struct rewire_enclave *enclave,
		       const struct rewire_call *call)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client;

	mutex_lock(&calls->lock);
	client = call_find(calls, call->client);
	if (client && client->sequence == call->sequence &&
	    client->state == REWIRE_CALL_ANSWERED)
		client->state = REWIRE_CALL_TAKEN;
	mutex_unlock(&calls->lock);
}

/* Return: a copy of the answer, or NULL and *ret a negative errno */
static u8 *call_wait(struct rewire_enclave *enclave, struct rewire_call *call,
		     int *ret)
{
	struct rewire_calls *calls = enclave->calls;
	long left = call->timeout_ms ? msecs_to_jiffies(call->timeout_ms) :
				       MAX_SCHEDULE_TIMEOUT;
	u32 seen;
	u8 *answer;

	for (;;) {
		seen = READ_ONCE(calls->answers);
		answer = call_answer(enclave, call, ret);
		if (*ret)
			return answer;
		left = wait_event_interruptible_timeout(calls->answered,
				READ_ONCE(calls->answers) != seen, left);
		if (left <= 0) {
			*ret = left ? -EINTR : -ETIMEDOUT;
			return NULL;
		}
	}
}

static int call_await(struct rewire_enclave *enclave, struct rewire_call *call,
		      struct rewire_why *why)
{
	int ret;
	u8 *answer = call_wait(enclave, call, &ret);

	if (ret == -ETIMEDOUT)
		return rewire_because(why, ret,
				      "no answer yet; repeat the call to wait on");
	if (ret == -EREMCHG)
		return rewire_because(why, ret,
				      "the enclave moved; repeat the call there");
	if (ret == -EMSGSIZE)
		return rewire_because(why, ret,
				      "the answer has %u bytes; repeat the call with room for it",
				      call->output_length);
	if (ret == -EIO)
		return rewire_because(why, ret,
				      "the journal failed: what the answer rests on is not on the disk");
	if (ret < 0)
		return rewire_because(why, ret, "the call has no answer here");
	ret = copy_to_user(u64_to_user_ptr(call->output), answer,
			   call->output_length) ? -EFAULT : 0;
	memzero_explicit(answer, call->output_length);
	kvfree(answer);
	if (!ret)
		call_taken(enclave, call);
	return ret;
}

static int call_check(const struct rewire_call *call, struct rewire_why *why)
{
	if (call->flags || !call->sequence ||
	    !memchr_inv(call->client, 0, REWIRE_ID_SIZE))
		return rewire_because(why, -EINVAL,
				      "flags, sequence number 0 or client 0");
	if (call->input_length > REWIRE_MAX_PAYLOAD)
		return rewire_because(why, -EINVAL,
				      "a request has at most %u bytes",
				      REWIRE_MAX_PAYLOAD);
	return 0;
}

/*
 * The version that runs now: updates have put it in the place of this one. Each
 * holds a reference to its successor, and the caller one to the first.
 *
 * Return: it, locked.
 */
static struct rewire_enclave *call_lock_latest(struct rewire_enclave *enclave)
{
	struct rewire_enclave *next;

	mutex_lock(&enclave->lock);
	while ((next = enclave->successor)) {
		mutex_unlock(&enclave->lock);
		enclave = next;
		mutex_lock(&enclave->lock);
	}
	return enclave;
}

/**
 * rewire_call() - REWIRE_CALL
 * @enclave: not locked
 * @call: as userspace gave it; length and status are written
 * @why: for the sentence
 *
 * Return: 0 or a negative errno as the uapi says.
 */
int rewire_call(struct rewire_enclave *enclave, struct rewire_call *call,
		struct rewire_why *why)
{
	struct rewire_client *client;
	u8 *data;
	int ret = call_check(call, why);

	if (ret)
		return ret;
	data = kvmalloc(call->input_length + 1, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	ret = -EFAULT;
	if (copy_from_user(data, u64_to_user_ptr(call->input),
			   call->input_length))
		goto out;

	enclave = call_lock_latest(enclave);
	ret = rewire_enclave_may(enclave, REWIRE_ENCLAVE_EV_CALL, why);
	mutex_lock(&enclave->calls->lock);
	if (enclave->calls->closed) {
		ret = rewire_because(why, enclave->calls->closed,
				     "the enclave is not here any more");
	} else if (ret >= 0) {
		client = call_enqueue(enclave, call, &data, why);
		ret = PTR_ERR_OR_ZERO(client);
	}
	mutex_unlock(&enclave->calls->lock);
	mutex_unlock(&enclave->lock);
	if (!ret)
		ret = call_await(enclave, call, why);
out:
	if (data) {
		memzero_explicit(data, call->input_length);
		kvfree(data);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_call);

static struct rewire_client *call_first(struct rewire_calls *calls)
{
	struct rewire_client *client;

	list_for_each_entry(client, &calls->clients, list)
		if (client->state == REWIRE_CALL_QUEUED)
			return client;
	return NULL;
}

/* whether rewire_calls_receive() has something to say; takes no lock */
bool rewire_calls_waiting(struct rewire_enclave *enclave)
{
	return (READ_ONCE(enclave->calls->queued) &&
		!READ_ONCE(enclave->calls->held) &&
		!READ_ONCE(enclave->trial)) ||
	       READ_ONCE(enclave->calls->closed);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_waiting);

static void call_finish(struct rewire_enclave *enclave,
			struct rewire_client *client, u8 *data, u32 length,
			s32 status)
{
	struct rewire_calls *calls = enclave->calls;

	if (client->state == REWIRE_CALL_QUEUED)
		WRITE_ONCE(calls->queued, calls->queued - 1);
	call_set_data(enclave, client, data, length);
	client->status = status;
	client->state = REWIRE_CALL_ANSWERED;
	client->rests = calls->due;
	list_move_tail(&client->list, &calls->clients);
	calls->pending--;
	WRITE_ONCE(calls->answers, calls->answers + 1);
	wake_up_all(&enclave->calls->answered);
}

/**
 * rewire_calls_receive() - the next call into the enclave's buffer
 * @enclave: the caller is its thread
 * @buffer: address in the enclave
 * @size: bytes there
 * @handle: out: what to answer with
 *
 * Return: the length; -EAGAIN: there is none; -EMSGSIZE: the buffer is too
 * small, and the caller was told so; -EFAULT; -ECANCELED.
 */
int rewire_calls_receive(struct rewire_enclave *enclave, u64 buffer, u64 size,
			 u64 *handle)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client;
	int ret;

	mutex_lock(&calls->lock);
	client = call_first(calls);
	if (calls->closed) {
		ret = -ECANCELED;
	} else if (!client || calls->held || READ_ONCE(enclave->trial)) {
		ret = -EAGAIN;
	} else if (client->length > size) {
		call_finish(enclave, client, NULL, 0, -EMSGSIZE);
		ret = -EMSGSIZE;
	} else {
		ret = rewire_memory_write(enclave, buffer, client->data,
					  client->length);
		if (!ret) {
			ret = client->length;
			*handle = client->handle;
			client->state = REWIRE_CALL_DELIVERED;
			WRITE_ONCE(calls->queued, calls->queued - 1);
			call_set_data(enclave, client, NULL, 0);
		}
	}
	mutex_unlock(&calls->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_receive);

/**
 * rewire_calls_reply() - the enclave's answer
 * @enclave: the caller is its thread
 * @handle: of the call
 * @buffer: address in the enclave
 * @length: bytes there
 * @status: for the caller
 *
 * Return: 0; -ENOENT: no such call is open; -EINVAL: too long; -EFAULT;
 * -EDQUOT; -ENOMEM.
 */
int rewire_calls_reply(struct rewire_enclave *enclave, u64 handle, u64 buffer,
		       u64 length, s32 status)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client;
	u8 *data;
	int ret;

	if (length > REWIRE_MAX_PAYLOAD)
		return -EINVAL;
	ret = rewire_sm_charge(enclave->sm, length, NULL);
	if (ret)
		return ret;
	data = kvmalloc(length + 1, GFP_KERNEL_ACCOUNT);
	ret = data ? rewire_memory_read(enclave, buffer, data, length) :
		     -ENOMEM;
	if (ret)
		goto err_data;

	mutex_lock(&calls->lock);
	ret = -ENOENT;
	list_for_each_entry(client, &calls->clients, list) {
		if (client->handle == handle &&
		    client->state == REWIRE_CALL_DELIVERED) {
			call_finish(enclave, client, data, length, status);
			ret = 0;
			break;
		}
	}
	mutex_unlock(&calls->lock);
	if (!ret)
		return 0;
	memzero_explicit(data, length);
err_data:
	kvfree(data);
	rewire_sm_uncharge(enclave->sm, length);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_reply);

/**
 * rewire_calls_after() - the table in order of arrival, for a stream
 * @enclave: its call table is locked
 * @handle: of the entry before; 0 for the first one
 *
 * Calls arrive while the stream is read. A new one has the highest handle, and
 * comes last: no entry is left out, and one that was sent before it got its
 * client's next call is sent again.
 *
 * Return: the entry with the next higher handle, or NULL.
 */
struct rewire_client *rewire_calls_after(struct rewire_enclave *enclave,
					 u64 handle)
{
	struct rewire_client *client, *next = NULL;

	lockdep_assert_held(&enclave->calls->lock);
	list_for_each_entry(client, &enclave->calls->clients, list)
		if (client->handle > handle &&
		    (!next || client->handle < next->handle))
			next = client;
	return next;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_after);

/* the client's entry to restore a call into: new, or of an older call */
static struct rewire_client *call_renew(struct rewire_enclave *enclave,
					const struct rewire_call_wire *wire,
					struct rewire_why *why)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client = call_find(calls, wire->id);
	int ret;

	if (!client)
		return call_add(enclave, wire->id, why);
	if (client->state < REWIRE_CALL_ANSWERED ||
	    client->sequence >= wire->sequence) {
		ret = rewire_because(why, -EBADMSG,
				     "a client's calls are out of order");
		return ERR_PTR(ret);
	}
	list_move_tail(&client->list, &calls->clients);
	return client;
}

/**
 * rewire_calls_restore() - an entry out of a verified stream
 * @enclave: RECEIVING
 * @wire: the entry
 * @data: @wire->length bytes
 * @why: for the sentence
 *
 * Return: 0, -EBADMSG, -EDQUOT or -ENOMEM.
 */
int rewire_calls_restore(struct rewire_enclave *enclave,
			 const struct rewire_call_wire *wire, const u8 *data,
			 struct rewire_why *why)
{
	struct rewire_calls *calls = enclave->calls;
	struct rewire_client *client;
	u8 *copy;
	int ret;

	if (wire->state >= REWIRE_CALL_STATES || wire->reserved ||
	    !wire->sequence || !wire->handle || wire->handle == U64_MAX ||
	    wire->length > REWIRE_MAX_PAYLOAD)
		return rewire_because(why, -EBADMSG, "a call is malformed");
	ret = rewire_sm_charge(enclave->sm, wire->length, why);
	if (ret)
		return ret;
	copy = kvmalloc(wire->length + 1, GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!copy)
		goto err_charge;
	memcpy(copy, data, wire->length);
	mutex_lock(&calls->lock);
	ret = calls->closed;
	if (ret)
		goto err_copy;
	client = call_renew(enclave, wire, why);
	ret = PTR_ERR_OR_ZERO(client);
	if (ret)
		goto err_copy;
	call_set_data(enclave, client, copy, wire->length);
	client->sequence = wire->sequence;
	client->handle = wire->handle;
	client->state = wire->state;
	client->status = wire->status;
	client->rests = 0;
	if (client->state < REWIRE_CALL_ANSWERED)
		calls->pending++;
	if (client->state == REWIRE_CALL_QUEUED)
		WRITE_ONCE(calls->queued, calls->queued + 1);
	calls->next_handle = max(calls->next_handle, wire->handle + 1);
	mutex_unlock(&calls->lock);
	return 0;

err_copy:
	mutex_unlock(&calls->lock);
	memzero_explicit(copy, wire->length);
	kvfree(copy);
err_charge:
	rewire_sm_uncharge(enclave->sm, wire->length);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_calls_restore);
