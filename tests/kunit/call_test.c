// SPDX-License-Identifier: GPL-2.0-only
/*
 * The call table: each call has one effect and one answer. The test is caller
 * and enclave in one; nobody waits longer than a millisecond.
 */
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "../../kmod/handover.h"
#include "util.h"
#include "world.h"

#define BUFFER	(WORLD_BASE + WORLD_DATA * PAGE_SIZE)

struct caller {
	struct rewire_sm *sm;
	struct rewire_enclave *enclave;
	struct rewire_why why;
	unsigned long input, output;	/* user memory, a page each */
	u64 used;			/* memory of the SM before any call */
};

static int caller_init(struct kunit *test)
{
	struct caller *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	test->priv = c;
	c->sm = world_sm(test, 'a', false);
	c->enclave = world_enclave(test, c->sm);
	c->used = atomic64_read(&c->sm->memory_used);
	c->input = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
				 PROT_READ | PROT_WRITE,
				 MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, c->input, 0);
	c->output = c->input + PAGE_SIZE;
	return 0;
}

static void caller_exit(struct kunit *test)
{
	struct caller *c = test->priv;

	if (!c)
		return;
	world_enclave_free(c->enclave);
	if (c->sm)
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
				0ULL);
	world_sm_free(c->sm);
}

static struct rewire_call make(struct caller *c, u8 client, u64 sequence)
{
	return (struct rewire_call){
		.size = sizeof(struct rewire_call), .client = { client },
		.sequence = sequence, .input = c->input,
		.output = c->output, .output_length = PAGE_SIZE,
		.timeout_ms = 1,
	};
}

/* @text asked by @client; the answer, if there is one, is at c->output */
static int ask(struct caller *c, u8 client, u64 sequence, const char *text)
{
	struct rewire_call call = make(c, client, sequence);

	memset(&c->why, 0, sizeof(c->why));
	call.input_length = strlen(text);
	if (copy_to_user((void __user *)c->input, text, call.input_length))
		return -EFAULT;
	return rewire_call(c->enclave, &call, &c->why);
}

static bool answered(struct caller *c, const char *text)
{
	char got[32] = {};

	return !copy_from_user(got, (void __user *)c->output, strlen(text)) &&
	       !strcmp(got, text);
}

/* the enclave takes its next call, which must be @text; Return: the handle */
static u64 receive(struct kunit *test, const char *text)
{
	struct caller *c = test->priv;
	char got[32] = {};
	u64 handle = 0;
	int ret;

	ret = rewire_calls_receive(c->enclave, BUFFER, PAGE_SIZE, &handle);
	KUNIT_EXPECT_EQ(test, ret, (int)strlen(text));
	KUNIT_EXPECT_EQ(test, rewire_memory_read(c->enclave, BUFFER, got,
						 strlen(text)), 0);
	KUNIT_EXPECT_STREQ(test, got, text);
	return handle;
}

static int reply(struct caller *c, u64 handle, const char *text, s32 status)
{
	if (rewire_memory_write(c->enclave, BUFFER, text, strlen(text)))
		return -EIO;
	return rewire_calls_reply(c->enclave, handle, BUFFER, strlen(text),
				  status);
}

static void expect_no_call(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 handle;

	KUNIT_EXPECT_FALSE(test, rewire_calls_waiting(c->enclave));
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(c->enclave, BUFFER,
						   PAGE_SIZE, &handle),
			-EAGAIN);
}

static void call_repeated_has_one_effect(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call call;
	u64 handle;
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 1);
	handle = receive(test, "question");
	expect_no_call(test);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "answer", -7), 0);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 0);
	/* with whatever input: it is the number that counts */
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "something else"), 0);
		KUNIT_EXPECT_TRUE(test, answered(c, "answer"));
	}
	call = make(c, 1, 1);
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), 0);
	KUNIT_EXPECT_EQ(test, call.status, -7);
	KUNIT_EXPECT_EQ(test, call.output_length, 6);
	expect_no_call(test);
}

static void call_out_of_sequence_is_stale(struct kunit *test)
{
	struct caller *c = test->priv;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 2, "q"), -ESTALE);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, receive(test, "q"), "a", 0), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 3, "q"), -ESTALE);
	KUNIT_EXPECT_EQ(test, ask(c, 1, U64_MAX, "q"), -ESTALE);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 2, "q"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ESTALE);
	KUNIT_EXPECT_NE(test, c->why.text[0], 0);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 1);
}

static void call_before_the_answer_is_busy(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "one"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 2, "two"), -EBUSY);
	handle = receive(test, "one");
	KUNIT_EXPECT_EQ(test, ask(c, 1, 2, "two"), -EBUSY);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "a", 0), 0);
	/* an answer that nobody fetched is given up by the next call */
	KUNIT_EXPECT_EQ(test, ask(c, 1, 2, "two"), -ETIMEDOUT);
	receive(test, "two");
}

static void calls_come_in_order(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 one, two, three;

	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, "one"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "two"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, "three"), -ETIMEDOUT);
	one = receive(test, "one");
	two = receive(test, "two");
	three = receive(test, "three");
	KUNIT_EXPECT_LT(test, one, two);
	KUNIT_EXPECT_LT(test, two, three);
	/* answered in any order, each gets its own */
	KUNIT_EXPECT_EQ(test, reply(c, three, "3", 0), 0);
	KUNIT_EXPECT_EQ(test, reply(c, one, "1", 0), 0);
	KUNIT_EXPECT_EQ(test, reply(c, two, "2", 0), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "1"));
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "2"));
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "3"));
}

static void answer_too_long_can_be_fetched_again(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call call = make(c, 1, 1);

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, receive(test, "q"), "answer", 0), 0);
	call.output_length = 5;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, call.output_length, 6);
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "answer"));
}

/* Fetched is what the caller has, not what was tried. */
static void answer_to_a_bad_address_stays(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call call = make(c, 1, 1);

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, receive(test, "q"), "answer", 0), 0);
	call.output = 1;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EFAULT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "answer"));
}

static void call_malformed_is_refused(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call call = make(c, 0, 1);

	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EINVAL);
	call = make(c, 1, 0);
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EINVAL);
	call = make(c, 1, 1);
	call.flags = 1;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EINVAL);
	call = make(c, 1, 1);
	call.input_length = REWIRE_MAX_PAYLOAD + 1;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EINVAL);
	call.input_length = U32_MAX;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EINVAL);
	call.input_length = 1;
	call.input = 1;
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), -EFAULT);
	KUNIT_EXPECT_EQ(test, c->enclave->calls->count, 0);
}

static void call_in_a_state_without_calls_is_refused(struct kunit *test)
{
	struct caller *c = test->priv;

	c->enclave->state = REWIRE_ENCLAVE_READY;
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -EBADFD);
	c->enclave->state = REWIRE_ENCLAVE_FROZEN;
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, c->enclave->calls->count, 1);
}

static void buffer_too_small_refuses_the_call(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call call = make(c, 1, 1);
	u64 handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(c->enclave, BUFFER, 7,
						   &handle), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, rewire_call(c->enclave, &call, NULL), 0);
	KUNIT_EXPECT_EQ(test, call.status, -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, call.output_length, 0);
	expect_no_call(test);
}

/* What could not be delivered is still to be delivered. */
static void buffer_outside_leaves_the_call(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(c->enclave, WORLD_BASE,
						   PAGE_SIZE, &handle),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(c->enclave, 0, PAGE_SIZE,
						   &handle), -EFAULT);
	receive(test, "question");
}

static void reply_to_no_open_call_is_refused(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 handle;

	KUNIT_EXPECT_EQ(test, reply(c, 1, "a", 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	/* queued, but the enclave cannot know its handle yet */
	KUNIT_EXPECT_EQ(test, reply(c, 1, "a", 0), -ENOENT);
	handle = receive(test, "q");
	KUNIT_EXPECT_EQ(test, reply(c, handle + 1, "a", 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, rewire_calls_reply(c->enclave, handle, BUFFER,
						 REWIRE_MAX_PAYLOAD + 1, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_calls_reply(c->enclave, handle, BUFFER,
						 U64_MAX, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_calls_reply(c->enclave, handle, 0, 1, 0),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "a", 0), 0);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "b", 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "a"));
}

static void payloads_are_charged(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 entry = sizeof(struct rewire_client), handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used + entry + 8);
	handle = receive(test, "question");
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used + entry);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "answer", 0), 0);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used + entry + 6);
	rewire_calls_close(c->enclave, -ECANCELED);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used);
}

static void call_over_the_memory_limit_is_refused(struct kunit *test)
{
	struct caller *c = test->priv;

	c->sm->memory_limit = c->used + sizeof(struct rewire_client) + 7;
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "question"), -EDQUOT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used);
	KUNIT_EXPECT_EQ(test, c->enclave->calls->count, 0);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "quest"), -ETIMEDOUT);
}

static void restore(struct kunit *test, u16 client, u64 sequence, u64 handle,
		    u32 state)
{
	struct caller *c = test->priv;
	struct rewire_call_wire wire = {
		.id = { client, client >> 8 }, .sequence = sequence,
		.handle = handle, .state = state, .length = 4,
	};

	KUNIT_ASSERT_EQ(test, rewire_calls_restore(c->enclave, &wire, "data",
						   &c->why), 0);
}

/*
 * Of a full table, who has fetched his answer longest ago is forgotten; never
 * one whose answer is still to come or to be fetched.
 */
static void table_full_forgets_who_has_his_answer(struct kunit *test)
{
	struct caller *c = test->priv;
	u16 i;

	restore(test, 1, 1, 1, REWIRE_CALL_ANSWERED);
	restore(test, 2, 1, 2, REWIRE_CALL_TAKEN);
	restore(test, 3, 1, 3, REWIRE_CALL_TAKEN);
	for (i = 4; i <= REWIRE_MAX_CLIENTS; i++)
		restore(test, i, 1, i, REWIRE_CALL_DELIVERED);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave),
			REWIRE_MAX_CLIENTS - 3);
	restore(test, 300, 1, 300, REWIRE_CALL_QUEUED);
	KUNIT_EXPECT_EQ(test, ask(c, 2, 2, "q"), -ESTALE);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, "q"), 0);
	restore(test, 301, 1, 301, REWIRE_CALL_QUEUED);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 2, "q"), -ESTALE);
	KUNIT_EXPECT_EQ(test, c->enclave->calls->count, REWIRE_MAX_CLIENTS);
	/* everybody waits */
	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, "q"), -EDQUOT);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, "q"), -ETIMEDOUT);
}

static void close_tells_everybody(struct kunit *test)
{
	struct caller *c = test->priv;
	u64 handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "one"), -ETIMEDOUT);
	handle = receive(test, "one");
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, "two"), -ETIMEDOUT);
	rewire_calls_close(c->enclave, -EREMCHG);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "one"), -EREMCHG);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 1, "three"), -EREMCHG);
	KUNIT_EXPECT_EQ(test, reply(c, handle, "a", 0), -ENOENT);
	KUNIT_EXPECT_TRUE(test, rewire_calls_waiting(c->enclave));
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(c->enclave, BUFFER,
						   PAGE_SIZE, &handle),
			-ECANCELED);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 0);
}

/* One entry in each state, and what its caller and the enclave find. */
static void restored_calls_go_on(struct kunit *test)
{
	struct caller *c = test->priv;

	restore(test, 1, 4, 20, REWIRE_CALL_TAKEN);
	restore(test, 2, 5, 21, REWIRE_CALL_ANSWERED);
	restore(test, 3, 6, 22, REWIRE_CALL_DELIVERED);
	restore(test, 4, 7, 23, REWIRE_CALL_QUEUED);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 2);

	KUNIT_EXPECT_EQ(test, ask(c, 1, 4, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "data"));
	KUNIT_EXPECT_EQ(test, ask(c, 2, 5, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "data"));
	KUNIT_EXPECT_EQ(test, ask(c, 3, 6, ""), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, 22, "a", 0), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 3, 6, ""), 0);
	KUNIT_EXPECT_EQ(test, receive(test, "data"), 23ULL);
	/* a new call is not taken for one of the old ones */
	KUNIT_EXPECT_EQ(test, ask(c, 1, 5, "new"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, receive(test, "new"), 24ULL);
}

static void restore_over_the_memory_limit_is_refused(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_call_wire wire = {
		.id = { 1 }, .sequence = 1, .handle = 1, .length = 4,
	};

	c->sm->memory_limit = c->used + sizeof(struct rewire_client) + 3;
	KUNIT_EXPECT_EQ(test, rewire_calls_restore(c->enclave, &wire, "data",
						   &c->why), -EDQUOT);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&c->sm->memory_used),
			c->used);
	KUNIT_EXPECT_EQ(test, c->enclave->calls->count, 0);
}

/* ---- one table for the two versions of an update ---- */

/* beside c->enclave, with its call table */
static struct rewire_enclave *join(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_enclave *new = world_version(test, c->sm);

	rewire_calls_put(new->calls);
	new->calls = rewire_calls_get(c->enclave->calls);
	return new;
}

static void expect_none(struct kunit *test, struct rewire_enclave *enclave)
{
	u64 handle;

	KUNIT_EXPECT_FALSE(test, rewire_calls_waiting(enclave));
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(enclave, BUFFER, PAGE_SIZE,
						   &handle), -EAGAIN);
}

static void held_calls_wait(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_calls *calls = c->enclave->calls;
	u64 handle;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "before"), -ETIMEDOUT);
	handle = receive(test, "before");
	KUNIT_EXPECT_TRUE(test, rewire_calls_open(calls));
	rewire_calls_hold(calls, true);
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, "meanwhile"), -ETIMEDOUT);
	expect_none(test, c->enclave);
	/* what was taken before is answered */
	KUNIT_EXPECT_EQ(test, reply(c, handle, "a", 0), 0);
	KUNIT_EXPECT_FALSE(test, rewire_calls_open(calls));
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), 0);
	expect_none(test, c->enclave);
	KUNIT_EXPECT_EQ(test, rewire_calls_pending(c->enclave), 1);
	rewire_calls_hold(calls, false);
	handle = receive(test, "meanwhile");
	KUNIT_EXPECT_EQ(test, reply(c, handle, "b", 0), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "b"));
}

/* Who waits while calls are held is told when the enclave ends. */
static void held_calls_end_with_the_enclave(struct kunit *test)
{
	struct caller *c = test->priv;

	rewire_calls_hold(c->enclave->calls, true);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	rewire_calls_close(c->enclave, -ECANCELED);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, rewire_calls_waiting(c->enclave));
}

/* Nothing leaves a version on trial, and no call reaches it. */
static void on_trial_nothing_is_delivered_or_answered(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_enclave *new = join(test);
	struct rewire_gate gate = {};
	u64 value = 9;

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	expect_none(test, new);
	/* not the old one's open call either, whose handle it may guess */
	gate.op = REWIRE_GATE_REPLY;
	gate.arg[2] = receive(test, "q");
	gate.arg[3] = BUFFER;
	gate.arg[4] = 1;
	KUNIT_EXPECT_EQ(test, rewire_gate_do(new, 0, &gate), -EPERM);
	gate.op = REWIRE_GATE_REPLY_RECV;
	KUNIT_EXPECT_EQ(test, rewire_gate_do(new, 0, &gate), -EPERM);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, reply(c, gate.arg[2], "a", 0), 0);
	/* counters are the workload's: it may look */
	gate = (struct rewire_gate){ .op = REWIRE_GATE_COUNTER,
				     .arg = { 0, 1 } };
	KUNIT_EXPECT_EQ(test, rewire_gate_do(new, 0, &gate), -EPERM);
	gate.arg[1] = 0;
	KUNIT_EXPECT_EQ(test, rewire_gate_do(new, 0, &gate), 0);
	KUNIT_EXPECT_EQ(test, gate.arg[2], 0ULL);
	KUNIT_EXPECT_EQ(test, rewire_sm_counter(c->sm, WORLD_WORKLOAD, 0,
						REWIRE_COUNTER_READ, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 0ULL);
	world_enclave_free(new);
	/* its end is not the callers' */
	KUNIT_EXPECT_EQ(test, c->enclave->calls->closed, 0);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "a"));
}

/* What the SM wants comes by RECV, although calls are held. */
static void errand_comes_while_calls_are_held(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_handover *handover = rewire_handover_create(c->sm);
	struct rewire_gate gate = { .op = REWIRE_GATE_RECV,
				    .arg = { BUFFER, PAGE_SIZE } };

	KUNIT_ASSERT_NOT_NULL(test, handover);
	c->enclave->handover = handover;
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "q"), -ETIMEDOUT);
	rewire_calls_hold(c->enclave->calls, true);
	rewire_errand_send(handover, c->enclave, REWIRE_RECV_HEALTH);
	KUNIT_EXPECT_EQ(test, rewire_gate_do(c->enclave, 0, &gate), 0);
	KUNIT_EXPECT_EQ(test, gate.arg[2], REWIRE_ERRAND_HANDLE);
	KUNIT_EXPECT_EQ(test, gate.arg[3], REWIRE_RECV_HEALTH);
	gate.op = REWIRE_GATE_REPLY;
	gate.arg[5] = -3;
	KUNIT_EXPECT_EQ(test, rewire_gate_do(c->enclave, 0, &gate), 0);
	KUNIT_EXPECT_EQ(test, handover->errand[REWIRE_HANDOVER_OLD].status, -3);
	KUNIT_EXPECT_EQ(test, rewire_gate_do(c->enclave, 0, &gate), -ENOENT);
	rewire_calls_hold(c->enclave->calls, false);
	gate = (struct rewire_gate){ .op = REWIRE_GATE_RECV,
				     .arg = { BUFFER, PAGE_SIZE } };
	KUNIT_EXPECT_EQ(test, rewire_gate_do(c->enclave, 0, &gate), 1);
	KUNIT_EXPECT_EQ(test, gate.arg[3], REWIRE_RECV_CALL);
	c->enclave->handover = NULL;
	rewire_handover_put(handover);
}

/* Callers keep the file they have; whoever took the place answers, once. */
static void switched_old_files_lead_to_the_new_version(struct kunit *test)
{
	struct caller *c = test->priv;
	struct rewire_enclave *new = join(test), *old = c->enclave;
	u64 handle = 0;

	rewire_calls_hold(old->calls, true);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "one"), -ETIMEDOUT);
	mutex_lock(&old->lock);
	old->claimed = false;
	new->trial = false;
	new->claimed = true;
	old->successor = new;
	rewire_enclave_get(new);
	rewire_enclave_wipe(old, -ECANCELED, "updated");
	mutex_unlock(&old->lock);
	rewire_calls_hold(new->calls, false);

	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, "one"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, "two"), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(new, BUFFER, PAGE_SIZE,
						   &handle), 3);
	KUNIT_EXPECT_EQ(test, rewire_calls_reply(new, handle, BUFFER, 3, 0), 0);
	KUNIT_EXPECT_EQ(test, ask(c, 1, 1, ""), 0);
	KUNIT_EXPECT_TRUE(test, answered(c, "one"));
	KUNIT_EXPECT_EQ(test, rewire_calls_receive(new, BUFFER, PAGE_SIZE,
						   &handle), 3);
	expect_none(test, new);
	world_enclave_free(new);
	/* and when that one ends, so do its callers */
	KUNIT_EXPECT_EQ(test, ask(c, 2, 1, "two"), -ECANCELED);
}

static struct kunit_case call_cases[] = {
	KUNIT_CASE(call_repeated_has_one_effect),
	KUNIT_CASE(call_out_of_sequence_is_stale),
	KUNIT_CASE(call_before_the_answer_is_busy),
	KUNIT_CASE(calls_come_in_order),
	KUNIT_CASE(answer_too_long_can_be_fetched_again),
	KUNIT_CASE(answer_to_a_bad_address_stays),
	KUNIT_CASE(call_malformed_is_refused),
	KUNIT_CASE(call_in_a_state_without_calls_is_refused),
	KUNIT_CASE(buffer_too_small_refuses_the_call),
	KUNIT_CASE(buffer_outside_leaves_the_call),
	KUNIT_CASE(reply_to_no_open_call_is_refused),
	KUNIT_CASE(payloads_are_charged),
	KUNIT_CASE(call_over_the_memory_limit_is_refused),
	KUNIT_CASE(table_full_forgets_who_has_his_answer),
	KUNIT_CASE(close_tells_everybody),
	KUNIT_CASE(restored_calls_go_on),
	KUNIT_CASE(restore_over_the_memory_limit_is_refused),
	KUNIT_CASE(held_calls_wait),
	KUNIT_CASE(held_calls_end_with_the_enclave),
	KUNIT_CASE(on_trial_nothing_is_delivered_or_answered),
	KUNIT_CASE(errand_comes_while_calls_are_held),
	KUNIT_CASE(switched_old_files_lead_to_the_new_version),
	{}
};

static struct kunit_suite call_suite = {
	.name = "rewire_call",
	.init = caller_init,
	.exit = caller_exit,
	.test_cases = call_cases,
};

kunit_test_suite(call_suite);
