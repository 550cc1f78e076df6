/* SPDX-License-Identifier: MIT */
/*
 * REWIRE: what an enclave may call.
 *
 * An enclave is an ordinary C program with a main(), linked by enclave.mk. It
 * has the threads it makes and the pure part of a C library (string, stdlib, math,
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

#include <uapi/rewire_update.h>
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
 *
 * What an update asks of the enclave comes in between and is done in here, by
 * the functions of rewire_on_update().
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
 * rewire_counter_add_held() - add one, and have the answers wait for the disk
 * @which: as in rewire_counter_read()
 * @ret_value: its new value
 *
 * As rewire_counter_add() for whoever is outside, and faster: it does not wait for
 * the disk, and the SM keeps back whatever is answered from here on, to this call and
 * others, until the addition is there. A power cut before that takes the addition
 * together with these answers. Streams of the enclave's state (checkpoints,
 * migrations, updates) wait likewise.
 *
 * Return: as rewire_counter_add(). When the disk fills up after a success, answers
 * are kept back until there is room; from then on additions wait for the disk, and
 * fail.
 */
int rewire_counter_add_held(unsigned int which, uint64_t *ret_value);

/**
 * rewire_counter_add_ahead() - add one that is going to be needed soon
 * @which: as in rewire_counter_read()
 * @ret_value: its new value
 *
 * As rewire_counter_add_held(), but answers are not kept back before
 * rewire_counter_hold(), and when that comes late enough not at all. Nothing that is
 * answered in between may tell of the addition, or rest on it: a power cut may
 * still take it. It may also leave it, when nothing has rested on it yet.
 *
 * Return: as rewire_counter_add_held().
 */
int rewire_counter_add_ahead(unsigned int which, uint64_t *ret_value);

/**
 * rewire_counter_hold() - from here on answers rest on what was added ahead
 * @which: as in rewire_counter_read()
 * @ret_value: its value
 *
 * For all counters.
 *
 * Return: 0.
 */
int rewire_counter_hold(unsigned int which, uint64_t *ret_value);

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
 * Threads. As many as the manifest says (rewire sign --threads), with a stack each
 * (THREADS in the enclave's Makefile). All are paused, moved and restored wherever
 * they are, be it in a wait or in a loop without end. Calls come to the first thread
 * alone, the one that runs main(); any other may do all but receive, export and
 * import. An error that ends one ends the enclave.
 */

/**
 * struct rewire_thread - a thread more
 * @run: what it does
 * @argument: for @run
 * @result: what @run returned
 * @done: it did
 *
 * In the enclave's memory from rewire_thread_create() to rewire_thread_join().
 */
struct rewire_thread {
	int (*run)(void *argument);
	void *argument;
	int result;
	unsigned int done;
};

/**
 * rewire_thread_create() - a thread more
 * @thread: out: it
 * @run: what it does
 * @argument: for @run
 *
 * Return: 0; -EDQUOT: there are as many as the manifest allows; else what the host
 * said instead of making it, -EAGAIN for want of room.
 */
int rewire_thread_create(struct rewire_thread *thread, int (*run)(void *),
			 void *argument);

/**
 * rewire_thread_join() - wait until a thread has ended
 * @thread: once, and by one thread
 *
 * Return: what its function returned.
 */
int rewire_thread_join(struct rewire_thread *thread);

/**
 * rewire_thread_exit() - end this thread; the first one ends the enclave
 * @result: for rewire_thread_join()
 */
_Noreturn void rewire_thread_exit(int result);

/* All zero is free, and no thread's. Not recursive. */
struct rewire_mutex {
	unsigned int state;
};

void rewire_mutex_lock(struct rewire_mutex *mutex);
void rewire_mutex_unlock(struct rewire_mutex *mutex);

/* rewire_mutex_trylock() - whether it was free, and is the caller's now */
int rewire_mutex_trylock(struct rewire_mutex *mutex);

/* All zero at first. */
struct rewire_cond {
	unsigned int sequence;
};

/**
 * rewire_cond_wait() - wait for a signal, without the mutex meanwhile
 * @cond: of what may have changed
 * @mutex: the caller's; protects what is waited for
 *
 * Returns without a signal too, after a pause always: look, and wait again.
 */
void rewire_cond_wait(struct rewire_cond *cond, struct rewire_mutex *mutex);

/* One of those who wait, or all of them. */
void rewire_cond_signal(struct rewire_cond *cond);
void rewire_cond_broadcast(struct rewire_cond *cond);

/* ------------------------------------------------------------------------
 * Update: the old version exports its state, the new one imports it.
 */

/**
 * struct rewire_update_ops - an enclave's part in an update of its software
 * @format: of what @on_export writes, for the version that will read it; the
 *	enclave's own business, and its developer's
 * @on_export: called in the old version, between two calls of the enclave: hands
 *	over its state by rewire_export(), of one byte at least. It must change
 *	nothing, because the enclave goes on from here if the update fails, and it
 *	need not be asked again. NULL: it hands nothing over, and updates that want
 *	that fail
 * @on_import: called in the new version, before its first call: takes in what
 *	the old one exported, in the @format of that one, by rewire_import() until
 *	there is nothing left. NULL: it takes nothing in
 * @on_health: called in the new version, after @on_import and still before its
 *	first call: is everything as it must be? What it does has no effect outside:
 *	a counter is not added to. NULL: it is well
 *
 * Each returns 0 or a negative errno, which ends the update: the old version goes
 * on, the new one is destroyed, and whoever ordered the update is told the errno.
 * All run within rewire_recv(), on the enclave's one stack, and must not receive
 * calls themselves.
 */
struct rewire_update_ops {
	uint32_t format;
	int (*on_export)(void);
	int (*on_import)(uint32_t format);
	int (*on_health)(void);
};

/**
 * rewire_on_update() - take part in updates
 * @ops: kept, not copied
 *
 * Before the first rewire_recv(); until then, and without it, the enclave hands
 * nothing over, takes nothing in and is always well.
 */
void rewire_on_update(const struct rewire_update_ops *ops);

/**
 * rewire_export() - hand over bytes of the state
 * @data: the bytes, in a segment of the enclave
 * @length: how many, any number
 *
 * In on_export alone. Waits until the new version has taken in what went before.
 *
 * Return: 0, all of it went; -ECANCELED: the update was given up, return this;
 * -EBADFD: not in on_export.
 */
int rewire_export(const void *data, size_t length);

/**
 * rewire_import() - take in bytes of the other version's state
 * @buffer: where they go
 * @size: bytes there, not 0
 *
 * In on_import alone. They come in the order in which they were exported, in
 * pieces of any length.
 *
 * Return: how many bytes, 0 at the end; -ECANCELED: the update was given up,
 * return this; -EBADFD: not in on_import.
 */
long rewire_import(void *buffer, size_t size);

/**
 * struct rewire_state - a buffer, for state that goes in small pieces
 * @length: bytes in it
 * @done: of these, those that were taken out
 * @bytes: these
 *
 * All zero at first. For one direction at a time.
 */
struct rewire_state {
	size_t length;
	size_t done;
	unsigned char bytes[4096];
};

/**
 * rewire_state_put() - rewire_export() with a buffer
 * @state: buffer
 * @data: bytes
 * @length: how many, any number
 *
 * Return: as rewire_export().
 */
int rewire_state_put(struct rewire_state *state, const void *data,
		     size_t length);

/**
 * rewire_state_flush() - export what is in the buffer, and wipe that
 * @state: buffer
 *
 * At the end of on_export.
 *
 * Return: as rewire_export().
 */
int rewire_state_flush(struct rewire_state *state);

/**
 * rewire_state_get() - rewire_import() with a buffer
 * @state: buffer
 * @data: where the bytes go
 * @length: how many
 *
 * Return: 0, and all of them are there; -EBADMSG: the state ends before; else as
 * rewire_import().
 */
int rewire_state_get(struct rewire_state *state, void *data, size_t length);

/**
 * rewire_state_end() - make sure that nothing is left, and wipe the buffer
 * @state: buffer
 *
 * At the end of on_import.
 *
 * Return: 0; -EBADMSG: there is more; else as rewire_import().
 */
int rewire_state_end(struct rewire_state *state);

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
