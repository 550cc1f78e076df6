// SPDX-License-Identifier: MIT
/*
 * The call client against a helper that misbehaves: whatever happens, the same
 * call comes again with the same two numbers, and the next with the next.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

#include "scratch.h"

#define HANG_UP 1
#define DONE 0

/* What the helper does to each request in turn: a negative errno, or above. */
struct helper {
	const int *script;
	size_t steps;
	int listener;
	pthread_t thread;
	char *folder;
	size_t seen;
	__u8 client[8][REWIRE_ID_SIZE];
	__u64 sequence[8];
};

static void answer_one(struct helper *helper, FILE *peer, int step)
{
	struct rewire_ctl_answer answer = { .status = 42 };
	struct rewire_ctl_request request;
	__u8 output[] = "answer";
	char line[4096], *out;

	if (!fgets(line, sizeof(line), peer) ||
	    rewire_ctl_decode_request(line, strlen(line) - 1, &request, NULL))
		abort();
	memcpy(helper->client[helper->seen], request.call.client,
	       REWIRE_ID_SIZE);
	helper->sequence[helper->seen++] = request.call.sequence;
	rewire_ctl_request_clear(&request);
	if (step == HANG_UP)
		return;
	answer.ok = step == DONE;
	if (answer.ok) {
		answer.output = output;
		answer.output_length = 6;
	} else {
		rewire_fail(&answer.error, -step, "step %d", step);
	}
	out = rewire_ctl_encode_answer(&answer);
	if (!out || send(fileno(peer), out, strlen(out), MSG_NOSIGNAL) < 0)
		abort();
	free(out);
}

static void *serve(void *data)
{
	struct helper *helper = data;

	for (size_t i = 0; i < helper->steps; i++) {
		int fd = accept(helper->listener, NULL, NULL);
		FILE *peer;

		if (fd < 0)
			break;
		peer = fdopen(fd, "r");
		if (!peer)
			abort();
		answer_one(helper, peer, helper->script[i]);
		fclose(peer);
	}
	return NULL;
}

static const char *helper_start(struct helper *helper, const int *script,
				size_t steps)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path;

	*helper = (struct helper){ .script = script, .steps = steps };
	helper->folder = scratch_make();
	path = scratch_path(helper->folder, "sock");
	helper->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(helper->listener, (struct sockaddr *)&address,
			      sizeof(address)), 0);
	assert_int_equal(listen(helper->listener, 4), 0);
	assert_int_equal(pthread_create(&helper->thread, NULL, serve, helper),
			 0);
	return path;
}

static void helper_stop(struct helper *helper)
{
	shutdown(helper->listener, SHUT_RDWR);
	pthread_join(helper->thread, NULL);
	close(helper->listener);
	scratch_remove(helper->folder);
}

static __u8 output[REWIRE_MAX_PAYLOAD];

static int call(struct rewire_client *client, unsigned int timeout_ms,
		struct rewire_error *err)
{
	size_t length;
	__s32 status;
	int rc = rewire_client_call(client, "in", 2, timeout_ms, output,
				    &length, &status, err);

	if (!rc) {
		assert_int_equal(status, 42);
		assert_int_equal(length, 6);
		assert_memory_equal(output, "answer", 6);
	}
	return rc;
}

/* Nobody can have this workload here, so the calls go to the helper. */
static void make_client(struct rewire_client *client, const char *socket)
{
	__u8 workload[REWIRE_ID_SIZE];

	assert_int_equal(rewire_id_random(workload, NULL), 0);
	assert_int_equal(rewire_client_init(client, workload, socket, NULL), 0);
	assert_int_equal(client->sequence, 1);
}

static void client_repeats_until_answered(void **state)
{
	static const int script[] = {
		-EREMCHG, HANG_UP, -ETIMEDOUT, -EHOSTUNREACH, DONE, DONE,
	};
	struct rewire_client client;
	struct helper helper;

	(void)state;
	make_client(&client, helper_start(&helper, script, ARRAY_SIZE(script)));
	assert_int_equal(call(&client, 0, NULL), 0);
	assert_int_equal(client.sequence, 2);
	assert_int_equal(call(&client, 30000, NULL), 0);
	assert_int_equal(client.sequence, 3);
	helper_stop(&helper);
	assert_int_equal(helper.seen, ARRAY_SIZE(script));
	for (size_t i = 0; i < helper.seen; i++) {
		assert_int_equal(helper.sequence[i], i < 5 ? 1 : 2);
		assert_memory_equal(helper.client[i], client.id,
				    REWIRE_ID_SIZE);
	}
}

static void client_gives_up_on_refusal(void **state)
{
	static const int finals[] = { -EPERM, -ESTALE, -ENOENT, -EDQUOT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(finals); i++) {
		struct rewire_client client;
		struct rewire_error err;
		struct helper helper;

		make_client(&client, helper_start(&helper, &finals[i], 1));
		assert_int_equal(call(&client, 0, &err), finals[i]);
		assert_int_equal(err.code, -finals[i]);
		assert_int_equal(client.sequence, 1);
		helper_stop(&helper);
	}
}

static void client_respects_its_deadline(void **state)
{
	static const int script[] = {
		-EREMCHG, -EREMCHG, -EREMCHG, -EREMCHG, -EREMCHG, -EREMCHG,
	};
	struct rewire_client client;
	struct rewire_error err;
	struct helper helper;

	(void)state;
	make_client(&client, helper_start(&helper, script, ARRAY_SIZE(script)));
	/* At most at 0, 20 and 60 ms. */
	assert_int_equal(call(&client, 50, &err), -EREMCHG);
	assert_int_equal(client.sequence, 1);
	helper_stop(&helper);
	assert_in_range(helper.seen, 1, 3);
}

static void client_without_helper(void **state)
{
	struct rewire_client client;
	struct rewire_error err;
	char *folder = scratch_make();

	(void)state;
	make_client(&client, scratch_path(folder, "nobody"));
	/* Neither here nor there: at once, and with the SM's own reason. */
	assert_true(call(&client, 0, &err) < 0);
	assert_null(strstr(err.text, "helper"));
	scratch_remove(folder);
}

static void client_refuses_too_much(void **state)
{
	static __u8 input[REWIRE_MAX_PAYLOAD + 1];
	struct rewire_client client;
	size_t length;
	__s32 status;

	(void)state;
	make_client(&client, NULL);
	assert_int_equal(rewire_client_call(&client, input, sizeof(input), 1,
					    output, &length, &status, NULL),
			 -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_repeats_until_answered),
		cmocka_unit_test(client_gives_up_on_refusal),
		cmocka_unit_test(client_respects_its_deadline),
		cmocka_unit_test(client_without_helper),
		cmocka_unit_test(client_refuses_too_much),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
