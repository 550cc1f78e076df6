// SPDX-License-Identifier: MIT
/*
 * Calls of an enclave to its SM.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stdint.h>

#include "arch.h"
#include "internal.h"
#include "rewire_enclave.h"

__attribute__((aligned(64))) struct rewire_gate rewire_gate[REWIRE_MAX_THREADS];

/* Of the thread that asks. */
static struct rewire_gate *own_gate(void)
{
	return &rewire_gate[rewire_arch_slot()];
}

static __u64 address(const void *pointer)
{
	return (uintptr_t)pointer;
}

static long call(const struct rewire_gate *request)
{
	struct rewire_gate *gate = own_gate();

	*gate = *request;
	rewire_ring();
	return gate->result;
}

/*
 * An answer in an enclave's own buffer is as long as the SM says, so it must
 * not say more than there is room.
 */
static long checked(long result, size_t room)
{
	if (result > 0 && (size_t)result > room)
		rewire_trap();
	return result;
}

/*
 * What is asked for an update in between is done here, until a call comes. The
 * answer to it is a REPLY of its own: when nobody wants it any more (the update
 * was given up) that fails, and is no failure of the caller's.
 */
static long receive(const struct rewire_gate *request, void *buffer, size_t size,
		    uint64_t *ret_handle)
{
	const struct rewire_gate next = {
		.op = REWIRE_GATE_RECV,
		.arg = { address(buffer), size },
	};
	const struct rewire_gate *gate = own_gate();
	long length = checked(call(request), size);

	while (length >= 0 && gate->arg[3] != REWIRE_RECV_CALL) {
		uint64_t handle = gate->arg[2];
		int status = rewire_attend(gate->arg[3], gate->arg[4]);

		rewire_reply(handle, status, NULL, 0);
		length = checked(call(&next), size);
	}
	if (length >= 0)
		*ret_handle = gate->arg[2];
	return length;
}

long rewire_recv(void *buffer, size_t size, uint64_t *ret_handle)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_RECV,
		.arg = { address(buffer), size },
	};

	return receive(&request, buffer, size, ret_handle);
}

int rewire_reply(uint64_t handle, int status, const void *data, size_t length)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_REPLY,
		.arg = { [2] = handle, address(data), length, (__u32)status },
	};

	return call(&request);
}

long rewire_reply_recv(uint64_t *handle, int status, const void *data,
		       size_t length, void *buffer, size_t size)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_REPLY_RECV,
		.arg = { address(buffer), size, *handle, address(data), length,
			 (__u32)status },
	};

	return receive(&request, buffer, size, handle);
}

int rewire_random(void *buffer, size_t length)
{
	unsigned char *at = buffer;

	while (length) {
		size_t part = length < REWIRE_MAX_PAYLOAD ? length :
							    REWIRE_MAX_PAYLOAD;
		const struct rewire_gate request = {
			.op = REWIRE_GATE_RANDOM,
			.arg = { address(at), part },
		};
		long result = call(&request);

		if (result < 0)
			return result;
		at += part;
		length -= part;
	}
	return 0;
}

long rewire_seal(unsigned int policy, const void *plain, size_t length,
		 void *blob, size_t size)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_SEAL,
		.arg = { address(plain), length, address(blob), size,
			 policy },
	};

	return checked(call(&request), size);
}

long rewire_unseal(const void *blob, size_t length, void *plain, size_t size,
		   unsigned int *ret_flags)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_UNSEAL,
		.arg = { address(blob), length, address(plain), size },
	};
	long opened = checked(call(&request), size);

	if (opened >= 0 && ret_flags)
		*ret_flags = own_gate()->arg[5];
	return opened;
}

static int counter(unsigned int which, unsigned int how, uint64_t *ret_value)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_COUNTER,
		.arg = { which, how },
	};
	int error = call(&request);

	if (!error)
		*ret_value = own_gate()->arg[2];
	return error;
}

int rewire_counter_read(unsigned int which, uint64_t *ret_value)
{
	return counter(which, REWIRE_COUNTER_READ, ret_value);
}

int rewire_counter_add(unsigned int which, uint64_t *ret_value)
{
	return counter(which, REWIRE_COUNTER_ADD, ret_value);
}

int rewire_counter_add_held(unsigned int which, uint64_t *ret_value)
{
	return counter(which, REWIRE_COUNTER_ADD_HELD, ret_value);
}

int rewire_counter_add_ahead(unsigned int which, uint64_t *ret_value)
{
	return counter(which, REWIRE_COUNTER_ADD_AHEAD, ret_value);
}

int rewire_counter_hold(unsigned int which, uint64_t *ret_value)
{
	return counter(which, REWIRE_COUNTER_HOLD, ret_value);
}

long rewire_export_part(const void *data, size_t length, uint32_t format)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_EXPORT,
		.arg = { address(data), length, format },
	};

	return checked(call(&request), length);
}

long rewire_import_part(void *buffer, size_t size)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_IMPORT,
		.arg = { address(buffer), size },
	};

	return checked(call(&request), size);
}

int rewire_self(struct rewire_self *ret_self)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_SELF,
		.arg = { address(ret_self) },
	};

	return call(&request);
}

long rewire_call_spawn(void)
{
	const struct rewire_gate request = { .op = REWIRE_GATE_SPAWN };

	return checked(call(&request), REWIRE_MAX_THREADS - 1);
}

void rewire_call_spawned(unsigned long slot, int failed)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_SPAWNED,
		.arg = { slot, failed },
	};

	call(&request);
}

void rewire_call_leave(void)
{
	const struct rewire_gate request = { .op = REWIRE_GATE_LEAVE };

	call(&request);
}

_Noreturn void rewire_exit(int code)
{
	const struct rewire_gate request = {
		.op = REWIRE_GATE_EXIT,
		.arg = { (__u64)code },
	};

	call(&request);
	rewire_trap();
}
