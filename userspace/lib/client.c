// SPDX-License-Identifier: MIT
/*
 * Calls that have their effect once. The enclave's SM remembers the last answer
 * of each client, and the memory moves with the enclave; so whatever may have
 * happened to a call, asking again with the same number is right.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rewire.h"

#define FIRST_NAP_MS 20
#define LAST_NAP_MS 500

struct attempt {
	struct rewire_client *client;
	const void *input;
	size_t input_length;
	__u8 *output;
	size_t length;
	__s32 status;
	__u64 deadline;		/* 0: none */
};

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

/* 0 waits for ever, so what is left is at least 1. */
static __u32 remaining(const struct attempt *attempt)
{
	__u64 now = now_ms();

	if (!attempt->deadline)
		return 0;
	if (now >= attempt->deadline)
		return 1;
	return (__u32)(attempt->deadline - now);
}

int rewire_client_init(struct rewire_client *client,
		       const __u8 workload[REWIRE_ID_SIZE], const char *socket,
		       struct rewire_error *err)
{
	struct rewire_client fresh = { .sequence = 1, .socket = socket };
	int rc = rewire_id_random(fresh.id, err);

	if (rc)
		return rc;
	memcpy(fresh.workload, workload, sizeof(fresh.workload));
	*client = fresh;
	return 0;
}

static int call_here(struct attempt *attempt, struct rewire_error *err)
{
	struct rewire_call call = {
		.sequence = attempt->client->sequence,
		.input = (uintptr_t)attempt->input,
		.input_length = (__u32)attempt->input_length,
		.output = (uintptr_t)attempt->output,
		.output_length = REWIRE_MAX_PAYLOAD,
		.timeout_ms = remaining(attempt),
	};
	int sm, enclave, rc;

	memcpy(call.client, attempt->client->id, sizeof(call.client));
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	enclave = rewire_enclave_open(sm, 0, attempt->client->workload, err);
	close(sm);
	if (enclave < 0)
		return enclave;
	rc = rewire_enclave_call(enclave, &call, err);
	close(enclave);
	if (rc)
		return rc;
	attempt->length = call.output_length;
	attempt->status = call.status;
	return 0;
}

static int call_through_helper(struct attempt *attempt,
			       struct rewire_error *err)
{
	struct rewire_client *client = attempt->client;
	struct rewire_ctl_request request = {
		.op = REWIRE_CTL_CALL,
		.call = {
			.sequence = client->sequence,
			.timeout_ms = remaining(attempt),
			.input = (__u8 *)(uintptr_t)attempt->input,
			.input_length = attempt->input_length,
		},
	};
	struct rewire_ctl_answer answer;
	int rc;

	memcpy(request.call.workload, client->workload, REWIRE_ID_SIZE);
	memcpy(request.call.client, client->id, REWIRE_ID_SIZE);
	rc = rewire_ctl_exchange(client->socket, &request, NULL, NULL, &answer,
				 err);
	if (rc)
		return rc;
	if (!answer.ok) {
		rc = rewire_fail(err, answer.error.code, "%s", answer.error.text);
	} else {
		if (answer.output_length)
			memcpy(attempt->output, answer.output,
			       answer.output_length);
		attempt->length = answer.output_length;
		attempt->status = answer.status;
	}
	rewire_ctl_answer_clear(&answer);
	return rc;
}

/* The workload is not here, or nobody here can say. */
static bool is_elsewhere(int rc)
{
	switch (-rc) {
	case EREMCHG:
	case ENOENT:
	case ENXIO:
	case ENODEV:
	case EACCES:
		return true;
	default:
		return false;
	}
}

/* On its way, or the helper is being restarted: the same again, later. */
static bool is_passing(int rc)
{
	switch (-rc) {
	case EINTR:
	case EAGAIN:
	case EBUSY:
	case EBADFD:
	case EREMCHG:
	case ETIMEDOUT:
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ENOTCONN:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

static int call_once(struct attempt *attempt, bool *ret_again,
		     struct rewire_error *err)
{
	struct rewire_error helper = { 0 };
	int here = call_here(attempt, err);
	int rc;

	*ret_again = here == -EINTR || here == -ETIMEDOUT;
	if (!is_elsewhere(here))
		return here;
	rc = call_through_helper(attempt, &helper);
	/*
	 * No helper, and nothing says that the workload ever was elsewhere: the
	 * local answer is the better one.
	 */
	if (rc == -ECONNREFUSED && here != -EREMCHG)
		return here;
	*ret_again = is_passing(rc);
	if (rc)
		rewire_fail(err, helper.code, "%s", helper.text);
	return rc;
}

static void nap(unsigned int ms)
{
	const struct timespec time = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&time, NULL);
}

int rewire_client_call(struct rewire_client *client, const void *input,
		       size_t input_length, unsigned int timeout_ms,
		       __u8 output[REWIRE_MAX_PAYLOAD], size_t *ret_length,
		       __s32 *ret_status, struct rewire_error *err)
{
	struct attempt attempt = {
		.client = client,
		.input = input,
		.input_length = input_length,
		.output = output,
		.deadline = timeout_ms ? now_ms() + timeout_ms : 0,
	};
	unsigned int pause = FIRST_NAP_MS;
	bool again;
	int rc;

	if (input_length > REWIRE_MAX_PAYLOAD)
		return rewire_fail(err, EMSGSIZE, "a call has at most %d bytes, not %zu",
				   REWIRE_MAX_PAYLOAD, input_length);
	while ((rc = call_once(&attempt, &again, err)) && again) {
		if (attempt.deadline && now_ms() >= attempt.deadline)
			return rc;
		nap(pause);
		pause = pause * 2 < LAST_NAP_MS ? pause * 2 : LAST_NAP_MS;
	}
	if (rc)
		return rc;
	client->sequence++;
	*ret_length = attempt.length;
	*ret_status = attempt.status;
	return 0;
}
