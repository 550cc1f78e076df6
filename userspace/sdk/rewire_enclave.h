/* SPDX-License-Identifier: MIT */
/*
 * REWIRE: what an enclave may call.
 *
 * An enclave is an ordinary C program with a main(), linked by enclave.mk. It
 * has one thread and the pure part of a C library (string, stdlib, math,
 * snprintf, qsort; malloc on a heap of fixed size), and no kernel: no files, no
 * clock, no sockets. It talks to the world in answers to calls, and to its
 * Security Monitor (SM) by the functions below.
 *
 * Functions return 0 or a length, or a negative errno as uapi/rewire.h explains
 * them. Out parameters start with ret_ and are left alone on failure.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef REWIRE_ENCLAVE_H
#define REWIRE_ENCLAVE_H

#include <uapi/rewire.h>
#include <stddef.h>
#include <stdint.h>

/**
 * rewire_recv() - wait for a call
 * @buffer: where the request goes
 * @size: bytes there; REWIRE_MAX_PAYLOAD is enough for any request
 * @ret_handle: what to answer it with
 *
 * Return: bytes of the request. -EMSGSIZE: a request was too large for the
 * buffer and was refused to its caller; call again.
 */
long rewire_recv(void *buffer, size_t size, uint64_t *ret_handle);

/**
 * rewire_reply() - answer a call
 * @handle: from rewire_recv()
 * @status: what the caller shall see: 0, or a negative errno
 * @data: the answer, in a segment of the enclave
 * @length: its bytes, at most REWIRE_MAX_PAYLOAD
 *
 * Return: 0, or -ENOENT: no such call.
 */
int rewire_reply(uint64_t handle, int status, const void *data, size_t length);

/**
 * rewire_reply_recv() - answer a call and wait for the next one
 * @handle: of the call to answer; of the next call on return
 * @status: as in rewire_reply()
 * @data: as in rewire_reply()
 * @length: as in rewire_reply()
 * @buffer: as in rewire_recv(); may be the same memory as @data
 * @size: as in rewire_recv()
 *
 * Return: as rewire_recv().
 */
long rewire_reply_recv(uint64_t *handle, int status, const void *data,
		       size_t length, void *buffer, size_t size);

/**
 * rewire_random() - fill memory with random bytes, fit for keys
 * @buffer: the memory
 * @length: its bytes
 *
 * Return: 0.
 */
int rewire_random(void *buffer, size_t length);

/**
 * rewire_seal() - encrypt, for whom the policy says and on this SM only
 * @policy: REWIRE_SEAL_MEASUREMENT: this very code, or its successor;
 *	REWIRE_SEAL_SOFTWARE: this software of this developer, with this SVN or a
 *	higher one; REWIRE_SEAL_WORKLOAD: whatever is this workload
 * @plain: plain text
 * @length: its bytes, at most REWIRE_MAX_SEAL
 * @blob: where the sealed blob goes
 * @size: bytes there; @length + REWIRE_SEAL_OVERHEAD are needed
 *
 * Return: bytes of the blob. -EOPNOTSUPP: no such policy, or an SVN above
 * REWIRE_MAX_SVN.
 */
long rewire_seal(unsigned int policy, const void *plain, size_t length,
		 void *blob, size_t size);

/**
 * rewire_unseal() - the reverse of rewire_seal()
 * @blob: sealed blob
 * @length: its bytes
 * @plain: where the plain text goes
 * @size: bytes there
 * @ret_flags: may be NULL; REWIRE_SEALED_LEGACY: it would be sealed otherwise
 *	today, by an older version or under an older key: seal it again when
 *	convenient, so that nobody depends on the old for ever
 *
 * Return: bytes of the plain text. -EKEYREJECTED: sealed for others or on
 * another SM, or changed since. -EOPNOTSUPP: under a root key that is not kept
 * any more. An old blob is as good as a new one: what must not be replayed has
 * to carry the value of a counter.
 */
long rewire_unseal(const void *blob, size_t length, void *plain, size_t size,
		   unsigned int *ret_flags);

/**
 * rewire_counter_read() - a monotonic counter of this workload
 * @which: below REWIRE_COUNTERS
 * @ret_value: its value; a counter that was never added to is 0
 *
 * It goes along with the workload, to other SMs and newer versions, and never
 * falls, whatever old state comes back. An enclave restored from a checkpoint
 * finds the counter where it was left, not where the checkpoint has it.
 *
 * Return: 0.
 */
int rewire_counter_read(unsigned int which, uint64_t *ret_value);

/**
 * rewire_counter_add() - add one to a counter, for good
 * @which: as in rewire_counter_read()
 * @ret_value: its new value, which is on the disk by now
 *
 * Return: 0. -EIO, -ENOSPC and their like: it could not be written down.
 */
int rewire_counter_add(unsigned int which, uint64_t *ret_value);

/**
 * rewire_self() - who and where am I
 * @ret_self: workload, epoch, measurement, SM
 *
 * Return: 0.
 */
int rewire_self(struct rewire_self *ret_self);

/**
 * rewire_exit() - destroy this enclave, for good
 * @code: kept for whoever asks how it ended
 */
_Noreturn void rewire_exit(int code);

/* ------------------------------------------------------------------------
 * Requests as lists of arguments: for each a little-endian __u32 of its length,
 * then its bytes. The first one is the verb. Arguments are bytes: they hold
 * anything and end in no zero.
 */

#define REWIRE_MAX_ARGS		64

struct rewire_bytes {
	const unsigned char *data;
	size_t length;
};

struct rewire_args {
	struct rewire_bytes arg[REWIRE_MAX_ARGS];
	size_t count;
};

/**
 * rewire_args_parse() - take a request apart
 * @request: from rewire_recv()
 * @length: its bytes
 * @ret_args: the arguments; they point into @request
 *
 * Return: 0; -EBADMSG: not a list of arguments; -E2BIG: too many of them.
 */
int rewire_args_parse(const void *request, size_t length,
		      struct rewire_args *ret_args);

/**
 * rewire_args_equal() - is an argument this text?
 * @args: arguments
 * @index: which one; none there equals nothing
 * @text: text
 */
int rewire_args_equal(const struct rewire_args *args, size_t index,
		      const char *text);

/**
 * rewire_args_number() - read an argument as a decimal number
 * @args: arguments
 * @index: which one
 * @ret_value: the number
 *
 * Return: 0; -EINVAL: missing, not digits only, or above 2^64 - 1.
 */
int rewire_args_number(const struct rewire_args *args, size_t index,
		       uint64_t *ret_value);

/* ------------------------------------------------------------------------
 * The loop that most enclaves are: a table of verbs.
 */

/**
 * struct rewire_answer - the answer being written
 * @data: its bytes
 * @length: how many there are
 * @size: room, REWIRE_MAX_PAYLOAD
 */
struct rewire_answer {
	unsigned char *data;
	size_t length;
	size_t size;
};

/**
 * rewire_answer_add() - append bytes to an answer
 * @answer: answer
 * @data: bytes
 * @length: how many
 *
 * Return: 0, or -EMSGSIZE: no room, and nothing was added.
 */
int rewire_answer_add(struct rewire_answer *answer, const void *data,
		      size_t length);

/**
 * rewire_answer_printf() - append text to an answer, without its final zero
 * @answer: answer
 * @format: as printf()'s
 *
 * Return: as rewire_answer_add().
 */
__attribute__((format(printf, 2, 3)))
int rewire_answer_printf(struct rewire_answer *answer, const char *format, ...);

/**
 * struct rewire_verb - one thing an enclave can be asked to do
 * @name: first argument of the request
 * @least: least number of further arguments
 * @most: largest number of them
 * @usage: names of the arguments and a few words, for the verb "help"
 * @run: does it; returns the status for the caller: 0 or a negative errno
 */
struct rewire_verb {
	const char *name;
	unsigned int least;
	unsigned int most;
	const char *usage;
	int (*run)(const struct rewire_args *args, struct rewire_answer *answer);
};

/**
 * rewire_serve() - answer calls for ever
 * @verbs: table, ends with a NULL name
 *
 * Adds a verb "help". What is not a list of arguments gets -EBADMSG, an unknown
 * verb -EOPNOTSUPP, a wrong number of arguments -EINVAL, each with a sentence.
 */
_Noreturn void rewire_serve(const struct rewire_verb *verbs);

#endif /* REWIRE_ENCLAVE_H */
