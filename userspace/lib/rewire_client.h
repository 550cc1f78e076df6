/* SPDX-License-Identifier: MIT */
/*
 * librewire: calls to an enclave, by way of a helper.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_CLIENT_H
#define LIBREWIRE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uapi/rewire.h>

#include "rewire_files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------
 * Arguments of a call: a list, each a little-endian __u32 length and bytes.
 */

/**
 * struct rewire_args - arguments being put together
 * @data: the encoding
 * @length: its bytes
 */
struct rewire_args {
	__u8 data[REWIRE_MAX_PAYLOAD];
	size_t length;
};

/**
 * rewire_args_add - append one argument
 * @args: start with @args->length zero
 * @data: bytes
 * @length: how many
 *
 * Return: 0 or -EMSGSIZE.
 */
int rewire_args_add(struct rewire_args *args, const void *data, size_t length);

/**
 * rewire_args_next - take an encoding apart
 * @data: the encoding
 * @length: its bytes
 * @position: in: where to go on, at first 0; out: after the argument
 * @ret_argument: start of the argument in @data
 * @ret_length: its bytes
 *
 * Return: 1, 0 at the end, -EBADMSG when it is cut off.
 */
int rewire_args_next(const void *data, size_t length, size_t *position,
		     const void **ret_argument, size_t *ret_length);

/* ------------------------------------------------------------------------
 * The helper's control socket: one JSON object a line, both ways.
 */

#define REWIRE_CTL_SOCKET	"/run/rewire/rewired.sock"
#define REWIRE_CTL_MAX_LINE	(192 * 1024)

#define REWIRE_CTL_CALL		1	/* carry a call to where the workload is */
#define REWIRE_CTL_MIGRATE	2	/* run a migration; answers with events */
#define REWIRE_CTL_STATUS	3	/* what the helper is doing */
#define REWIRE_CTL_TRY		4	/* would a migration go? touches nothing */
#define REWIRE_CTL_UPDATE_APPLY	5	/* update; answers with events */
#define REWIRE_CTL_UPDATE_PLAN	6	/* what an update would change */
#define REWIRE_CTL_UPDATE_LIST	7	/* those that wait, run, or are over */
#define REWIRE_CTL_UPDATE_APPROVE 8	/* let one of the inbox be applied */
#define REWIRE_CTL_UPDATE_REJECT 9	/* never apply it */
#define REWIRE_CTL_UPDATE_CANCEL 10	/* end one that runs, or waits */
#define REWIRE_CTL_UPDATE_RECEIPT 11	/* the SM's word on how one ended */

/**
 * struct rewire_ctl_request - a line to the helper
 * @op: REWIRE_CTL_*
 * @call: for CALL: workload, and the members of struct rewire_call; @input is
 *	rewire_ctl_request_clear()'s to free after decoding
 * @request: for MIGRATE and TRY: the signed request
 * @peer: for MIGRATE and TRY: "HOST:PORT" of the target's helper
 * @stop_and_copy: for MIGRATE: it stands still from the first page to the last
 * @streams: for MIGRATE: how many, at most; 0: as the helper was told
 * @update: for UPDATE_APPLY and _PLAN: content of the files (the client's when
 *	encoding, rewire_ctl_request_clear()'s to free after decoding), the
 *	payload's descriptor, which goes beside the line, and how; for the others
 *	but _LIST: the id
 */
struct rewire_ctl_request {
	int op;
	struct {
		__u8 workload[REWIRE_ID_SIZE];
		__u8 client[REWIRE_ID_SIZE];
		__u64 sequence;
		__u32 timeout_ms;
		__u8 *input;
		size_t input_length;
	} call;
	struct rewire_signed request;
	char peer[256];
	bool stop_and_copy;
	unsigned int streams;
	struct {
		__u8 *package;
		size_t package_length;
		__u8 *wrap;
		size_t wrap_length;
		int payload;
		bool all;
		__u8 workload[REWIRE_ID_SIZE];
		__u8 id[REWIRE_ID_SIZE];
		bool is_volatile;
		bool keep_going;
		__u32 wait_ms;
	} update;
};

/**
 * struct rewire_ctl_answer - a line from the helper
 * @event: name of the step when this is an event; empty for the answer
 * @ok: the operation was done
 * @error: otherwise why; its code is the errno
 * @status: of a CALL: the enclave's own
 * @output: of a CALL: the answer, may be NULL when empty; freed by
 *	rewire_ctl_answer_clear()
 * @output_length: its bytes
 * @info: of a STATUS, a TRY or an event: a JSON object as text, or NULL; for an event
 *	"side" (of the SM that says it), "ms" (since the start of the
 *	migration) and what else there is to say
 */
struct rewire_ctl_answer {
	char event[32];
	bool ok;
	struct rewire_error error;
	__s32 status;
	__u8 *output;
	size_t output_length;
	char *info;
};

/* Each encoder returns a line with its newline, to be freed; NULL: no memory. */
char *rewire_ctl_encode_request(const struct rewire_ctl_request *request);
char *rewire_ctl_encode_answer(const struct rewire_ctl_answer *answer);

/* @line: without newline, not necessarily with a zero at its end. -EBADMSG. */
int rewire_ctl_decode_request(const char *line, size_t length,
			      struct rewire_ctl_request *ret_request,
			      struct rewire_error *err);
int rewire_ctl_decode_answer(const char *line, size_t length,
			     struct rewire_ctl_answer *ret_answer,
			     struct rewire_error *err);
void rewire_ctl_request_clear(struct rewire_ctl_request *request);
void rewire_ctl_answer_clear(struct rewire_ctl_answer *answer);

/**
 * typedef rewire_ctl_event_fn - called for each event before the answer
 * @event: the event
 * @data: as given to rewire_ctl_exchange()
 */
typedef void rewire_ctl_event_fn(const struct rewire_ctl_answer *event,
				 void *data);

/**
 * rewire_ctl_exchange - ask the helper and wait for its answer
 * @path: its socket; NULL is REWIRE_CTL_SOCKET
 * @request: what to ask
 * @event: called for events; may be NULL
 * @data: for @event
 * @ret_answer: the answer, to be cleared with rewire_ctl_answer_clear()
 *
 * Return: 0 (@ret_answer->ok tells), or a negative errno when there was none.
 */
int rewire_ctl_exchange(const char *path,
			const struct rewire_ctl_request *request,
			rewire_ctl_event_fn *event, void *data,
			struct rewire_ctl_answer *ret_answer,
			struct rewire_error *err);

/* ------------------------------------------------------------------------
 * A client: calls that have their effect once, wherever the workload is.
 */

/**
 * struct rewire_client - who calls, and how often it did
 * @workload: whom
 * @id: random
 * @sequence: of the next call
 * @socket: of the local helper, which knows where a workload went; not copied;
 *	NULL is REWIRE_CTL_SOCKET
 */
struct rewire_client {
	__u8 workload[REWIRE_ID_SIZE];
	__u8 id[REWIRE_ID_SIZE];
	__u64 sequence;
	const char *socket;
};

int rewire_client_init(struct rewire_client *client,
		       const __u8 workload[REWIRE_ID_SIZE], const char *socket,
		       struct rewire_error *err);

/**
 * rewire_client_call - one call, repeated until it has its answer
 * @client: the client
 * @input: request
 * @input_length: its bytes, at most REWIRE_MAX_PAYLOAD
 * @timeout_ms: for all attempts together; 0 waits for ever
 * @output: room for REWIRE_MAX_PAYLOAD bytes
 * @ret_length: bytes of the answer
 * @ret_status: the enclave's own status
 *
 * After a failure the same call may be repeated: the sequence number moves on
 * with an answer only.
 *
 * Return: 0 or a negative errno.
 */
int rewire_client_call(struct rewire_client *client, const void *input,
		       size_t input_length, unsigned int timeout_ms,
		       __u8 output[REWIRE_MAX_PAYLOAD], size_t *ret_length,
		       __s32 *ret_status, struct rewire_error *err);

#ifdef __cplusplus
}
#endif

#endif
