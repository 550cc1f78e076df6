// SPDX-License-Identifier: MIT
/*
 * The control protocol: both directions there and back, and bad lines.
 */
#include <errno.h>

#include "test.h"

#include <rewire_update.h>

/* Without the newline, in a block of its very size. */
static int decode_request(const char *line, struct rewire_ctl_request *request)
{
	size_t length = strlen(line);
	char *copy = malloc(length ? length : 1);
	struct rewire_error err = { 0 };
	int rc;

	assert_non_null(copy);
	memcpy(copy, line, length);
	rc = rewire_ctl_decode_request(copy, length, request, &err);
	free(copy);
	assert_int_equal(rc, -err.code);
	return rc;
}

static int decode_answer(const char *line, struct rewire_ctl_answer *answer)
{
	struct rewire_error err = { 0 };
	int rc = rewire_ctl_decode_answer(line, strlen(line), answer, &err);

	assert_int_equal(rc, -err.code);
	return rc;
}

static void cut_newline(char *line)
{
	size_t length;

	assert_non_null(line);
	length = strlen(line);
	assert_true(length && line[length - 1] == '\n');
	line[length - 1] = '\0';
	assert_null(strchr(line, '\n'));
}

static void call_round_trip(void **state)
{
	__u8 input[] = { 0, 1, 2, 0xff, '"', '\n', 0 };
	struct rewire_ctl_request out, in = {
		.op = REWIRE_CTL_CALL,
		.call = {
			.sequence = 1ULL << 40,
			.timeout_ms = UINT32_MAX,
			.input = input,
			.input_length = sizeof(input),
		},
	};
	char *line;

	(void)state;
	memset(in.call.workload, 0xab, REWIRE_ID_SIZE);
	memset(in.call.client, 0xcd, REWIRE_ID_SIZE);
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_CALL);
	assert_memory_equal(out.call.workload, in.call.workload, REWIRE_ID_SIZE);
	assert_memory_equal(out.call.client, in.call.client, REWIRE_ID_SIZE);
	assert_true(out.call.sequence == in.call.sequence);
	assert_true(out.call.timeout_ms == UINT32_MAX);
	assert_int_equal(out.call.input_length, sizeof(input));
	assert_memory_equal(out.call.input, input, sizeof(input));
	rewire_ctl_request_clear(&out);
	free(line);
}

static void call_largest(void **state)
{
	struct rewire_ctl_request out, in = {
		.op = REWIRE_CTL_CALL,
		.call = { .sequence = 1, .input_length = REWIRE_MAX_PAYLOAD },
	};
	char *line;

	(void)state;
	in.call.input = calloc(1, REWIRE_MAX_PAYLOAD + 1);
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_true(strlen(line) < REWIRE_CTL_MAX_LINE);
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.call.input_length, REWIRE_MAX_PAYLOAD);
	rewire_ctl_request_clear(&out);
	free(line);

	in.call.input_length++;
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_int_equal(decode_request(line, &out), -EBADMSG);
	free(line);
	free(in.call.input);
}

static void make_migrate(struct rewire_ctl_request *request)
{
	*request = (struct rewire_ctl_request){
		.op = REWIRE_CTL_MIGRATE,
		.request = {
			.body.request = {
				.header = {
					.magic = REWIRE_MAGIC,
					.type = REWIRE_TYPE_REQUEST,
					.version = REWIRE_VERSION,
					.size = sizeof(struct rewire_request),
				},
				.epoch = 5,
			},
			.length = sizeof(struct rewire_request),
			.signature = { 0x30, 0x82, 1, 2, 3 },
			.signature_length = 5,
		},
		.peer = "beta.example:7443",
	};
}

static void migrate_round_trip(void **state)
{
	struct rewire_ctl_request in, out;
	char *line;

	(void)state;
	make_migrate(&in);
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_MIGRATE);
	assert_string_equal(out.peer, in.peer);
	assert_int_equal(out.request.length, in.request.length);
	assert_memory_equal(&out.request.body, &in.request.body,
			    in.request.length);
	assert_int_equal(out.request.signature_length, 5);
	assert_memory_equal(out.request.signature, in.request.signature, 5);
	rewire_ctl_request_clear(&out);
	free(line);

	in.request.body.header.type = REWIRE_TYPE_MANIFEST;
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_int_equal(decode_request(line, &out), -EBADMSG);
	free(line);
}

static void streams_of_a_migrate(void **state)
{
	static const unsigned int wrong[] = { REWIRE_MAX_LANES + 1, 1000000 };
	struct rewire_ctl_request in, out;
	char *line;

	(void)state;
	for (unsigned int n = 0; n <= REWIRE_MAX_LANES; n++) {
		make_migrate(&in);
		in.streams = n;
		line = rewire_ctl_encode_request(&in);
		cut_newline(line);
		assert_int_equal(!strstr(line, "streams"), !n);
		assert_int_equal(decode_request(line, &out), 0);
		assert_int_equal(out.streams, n);
		rewire_ctl_request_clear(&out);
		free(line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		in.streams = wrong[i];
		line = rewire_ctl_encode_request(&in);
		cut_newline(line);
		assert_int_equal(decode_request(line, &out), -EBADMSG);
		free(line);
	}
}

/* The same members, another operation: never one in the other's place. */
static void try_round_trip(void **state)
{
	struct rewire_ctl_request in, out;
	char *line;

	(void)state;
	make_migrate(&in);
	in.op = REWIRE_CTL_TRY;
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_non_null(strstr(line, "\"op\":\"try\""));
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_TRY);
	assert_string_equal(out.peer, in.peer);
	assert_memory_equal(&out.request.body, &in.request.body,
			    in.request.length);
	rewire_ctl_request_clear(&out);
	for (size_t length = strlen(line) - 1; length; length--) {
		line[length] = '\0';
		assert_int_equal(decode_request(line, &out), -EBADMSG);
	}
	free(line);
}

static void migrate_cut_off(void **state)
{
	struct rewire_ctl_request in, out;
	char *line;

	(void)state;
	make_migrate(&in);
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	for (size_t length = strlen(line) - 1; length; length--) {
		line[length] = '\0';
		assert_int_equal(decode_request(line, &out), -EBADMSG);
	}
	free(line);
}

static void make_update(struct rewire_ctl_request *request, int op)
{
	static __u8 package[] = { 1, 0, 2 }, wrap[] = { 3 };

	*request = (struct rewire_ctl_request){
		.op = op,
		.update = {
			.package = package,
			.package_length = sizeof(package),
			.wrap = wrap,
			.wrap_length = sizeof(wrap),
			.payload = 5,
			.is_volatile = true,
			.keep_going = true,
			.wait_ms = UINT32_MAX,
		},
	};
	memset(request->update.workload, 0xab, REWIRE_ID_SIZE);
	memset(request->update.id, 0xcd, REWIRE_ID_SIZE);
}

static void update_round_trip(void **state)
{
	struct rewire_ctl_request in, out;
	char *line;

	(void)state;
	make_update(&in, REWIRE_CTL_UPDATE_APPLY);
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_UPDATE_APPLY);
	assert_int_equal(out.update.package_length, 3);
	assert_memory_equal(out.update.package, in.update.package, 3);
	assert_int_equal(out.update.wrap_length, 1);
	assert_false(out.update.all);
	assert_memory_equal(out.update.workload, in.update.workload,
			    REWIRE_ID_SIZE);
	assert_true(out.update.is_volatile);
	assert_true(out.update.keep_going);
	assert_true(out.update.wait_ms == UINT32_MAX);
	/* A number of another process says nothing. */
	assert_int_equal(out.update.payload, -1);
	rewire_ctl_request_clear(&out);
	for (size_t length = strlen(line) - 1; length; length--) {
		line[length] = '\0';
		assert_int_equal(decode_request(line, &out), -EBADMSG);
	}
	free(line);

	in.update.wrap = NULL;
	in.update.all = true;
	in.op = REWIRE_CTL_UPDATE_PLAN;
	line = rewire_ctl_encode_request(&in);
	cut_newline(line);
	assert_null(strstr(line, "wrap"));
	assert_null(strstr(line, "workload"));
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_UPDATE_PLAN);
	assert_null(out.update.wrap);
	assert_true(out.update.all);
	rewire_ctl_request_clear(&out);
	free(line);
}

static void update_largest(void **state)
{
	struct rewire_ctl_request in, out;
	__u8 *package = calloc(1, REWIRE_MAX_ORDER + 1);
	__u8 *wrap = calloc(1, REWIRE_MAX_WRAP + 1);
	char *line;

	(void)state;
	make_update(&in, REWIRE_CTL_UPDATE_APPLY);
	in.update.package = package;
	in.update.wrap = wrap;
	for (size_t more = 0; more <= 2; more++) {
		in.update.package_length = REWIRE_MAX_ORDER + (more == 1);
		in.update.wrap_length = REWIRE_MAX_WRAP + (more == 2);
		line = rewire_ctl_encode_request(&in);
		cut_newline(line);
		assert_true(strlen(line) < REWIRE_CTL_MAX_LINE);
		assert_int_equal(decode_request(line, &out),
				 more ? -EBADMSG : 0);
		if (!more)
			rewire_ctl_request_clear(&out);
		free(line);
	}
	free(package);
	free(wrap);
}

/* One of them never in another's place. */
static void update_verbs(void **state)
{
	static const struct {
		int op;
		const char *line;
	} verbs[] = {
		{ REWIRE_CTL_UPDATE_LIST, "{\"op\":\"update-list\"}" },
		{ REWIRE_CTL_UPDATE_APPROVE, "{\"op\":\"update-approve\",\"id\":\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"}" },
		{ REWIRE_CTL_UPDATE_REJECT, "{\"op\":\"update-reject\",\"id\":\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"}" },
		{ REWIRE_CTL_UPDATE_CANCEL, "{\"op\":\"update-cancel\",\"id\":\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"}" },
		{ REWIRE_CTL_UPDATE_RECEIPT, "{\"op\":\"update-receipt\",\"id\":\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"}" },
	};
	struct rewire_ctl_request in, out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		char *line;

		make_update(&in, verbs[i].op);
		line = rewire_ctl_encode_request(&in);
		cut_newline(line);
		assert_string_equal(line, verbs[i].line);
		assert_int_equal(decode_request(line, &out), 0);
		assert_int_equal(out.op, verbs[i].op);
		if (verbs[i].op != REWIRE_CTL_UPDATE_LIST)
			assert_memory_equal(out.update.id, in.update.id,
					    REWIRE_ID_SIZE);
		rewire_ctl_request_clear(&out);
		free(line);
	}
}

static void bad_updates(void **state)
{
#define APPLY(package, rest) \
	"{\"op\":\"update-apply\",\"package\":" package rest "}"
#define REST ",\"volatile\":false,\"keep_going\":false,\"wait_ms\":0"
	static const char *const lines[] = {
		"{\"op\":\"update-apply\"}", "{\"op\":\"update-plan\"}",
		"{\"op\":\"update-approve\"}",
		"{\"op\":\"update-reject\",\"id\":7}",
		"{\"op\":\"update-cancel\",\"id\":\"00\"}",
		"{\"op\":\"update\"}",
		APPLY("7", REST), APPLY("\"A\"", REST),
		APPLY("\"AAAA\"", ""),
		APPLY("\"AAAA\"", ",\"volatile\":0,\"keep_going\":false,\"wait_ms\":0"),
		APPLY("\"AAAA\"", ",\"volatile\":false,\"keep_going\":\"no\",\"wait_ms\":0"),
		APPLY("\"AAAA\"", ",\"volatile\":false,\"keep_going\":false,\"wait_ms\":-1"),
		APPLY("\"AAAA\"", ",\"volatile\":false,\"keep_going\":false,\"wait_ms\":4294967296"),
		APPLY("\"AAAA\"", REST ",\"workload\":\"all\""),
		APPLY("\"AAAA\"", REST ",\"wrap\":null"),
	};
	struct rewire_ctl_request out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (decode_request(lines[i], &out) != -EBADMSG)
			fail_msg("taken: %s", lines[i]);
	assert_int_equal(decode_request(APPLY("\"AAAA\"", REST), &out), 0);
	rewire_ctl_request_clear(&out);
}

static void status_round_trip(void **state)
{
	struct rewire_ctl_request out, in = { .op = REWIRE_CTL_STATUS };
	char *line = rewire_ctl_encode_request(&in);

	(void)state;
	cut_newline(line);
	assert_string_equal(line, "{\"op\":\"status\"}");
	assert_int_equal(decode_request(line, &out), 0);
	assert_int_equal(out.op, REWIRE_CTL_STATUS);
	free(line);
	in.op = 99;
	assert_null(rewire_ctl_encode_request(&in));
}

#define ID "\"00112233445566778899aabbccddeeff\""
#define CALL(workload, sequence, timeout, input) \
	"{\"op\":\"call\",\"workload\":" workload ",\"client\":" ID \
	",\"sequence\":" sequence ",\"timeout_ms\":" timeout \
	",\"input\":" input "}"

static void bad_requests(void **state)
{
	static const char *const lines[] = {
		"", "{", "[]", "null", "\"call\"", "{}", "{\"op\":1}",
		"{\"op\":\"\"}", "{\"op\":\"run\"}",
		"{\"op\":\"status\",\"op\":\"call\"}",
		"{\"op\":\"status\"} x", "{\"op\":\"sta\\u0000tus\"}",
		"{\"op\":\"call\"}", "{\"op\":\"migrate\"}",
		CALL("\"00\"", "1", "0", "\"\""),
		CALL("7", "1", "0", "\"\""),
		CALL(ID, "0", "0", "\"\""),
		CALL(ID, "-1", "0", "\"\""),
		CALL(ID, "1.5", "0", "\"\""),
		CALL(ID, "9223372036854775808", "0", "\"\""),
		CALL(ID, "1", "-1", "\"\""),
		CALL(ID, "1", "4294967296", "\"\""),
		CALL(ID, "1", "0", "\"A\""),
		CALL(ID, "1", "0", "\"====\""),
		CALL(ID, "1", "0", "\"AB==\""),
		CALL(ID, "1", "0", "\"AA=A\""),
		CALL(ID, "1", "0", "\"AAA\\n\""),
		CALL(ID, "1", "0", "\" AAA\""),
		CALL(ID, "1", "0", "\"AA-_\""),
		CALL(ID, "1", "0", "7"),
		CALL(ID, "1", "0", "null"),
	};
	struct rewire_ctl_request out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (decode_request(lines[i], &out) != -EBADMSG)
			fail_msg("taken: %s", lines[i]);
	assert_int_equal(decode_request(CALL(ID, "1", "0", "\"\""), &out), 0);
	rewire_ctl_request_clear(&out);
}

static void line_too_long(void **state)
{
	char *line = malloc(REWIRE_CTL_MAX_LINE + 2);
	struct rewire_ctl_request out;

	(void)state;
	assert_non_null(line);
	memset(line, ' ', REWIRE_CTL_MAX_LINE + 1);
	line[REWIRE_CTL_MAX_LINE + 1] = '\0';
	memcpy(line, "{\"op\":\"status\"}", 15);
	assert_int_equal(decode_request(line, &out), -EBADMSG);
	free(line);
}

static void answer_output_round_trip(void **state)
{
	__u8 output[] = { 'a', 0, 0xfe };
	struct rewire_ctl_answer out, in = {
		.ok = true,
		.status = -5,
		.output = output,
		.output_length = sizeof(output),
	};
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_true(out.ok);
	assert_int_equal(out.status, -5);
	assert_int_equal(out.output_length, sizeof(output));
	assert_memory_equal(out.output, output, sizeof(output));
	rewire_ctl_answer_clear(&out);
	free(line);
}

static void answer_empty_output_keeps_status(void **state)
{
	struct rewire_ctl_answer out, in = { .ok = true, .status = 2 };
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_int_equal(out.status, 2);
	assert_int_equal(out.output_length, 0);
	rewire_ctl_answer_clear(&out);
	free(line);
}

static void answer_failure_round_trip(void **state)
{
	struct rewire_ctl_answer out, in = {
		.error = { .code = EREMCHG, .text = "it \"moved\"\non" },
	};
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_false(out.ok);
	assert_int_equal(out.error.code, EREMCHG);
	/* It is one line here, whoever wrote it. */
	assert_string_equal(out.error.text, "it \"moved\"?on");
	rewire_ctl_answer_clear(&out);
	free(line);
}

static void answer_failure_not_utf8(void **state)
{
	struct rewire_ctl_answer out, in = {
		.error = { .code = EIO, .text = "file \xff\xfe" },
	};
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_int_equal(out.error.code, EIO);
	rewire_ctl_answer_clear(&out);
	free(line);
}

static void event_round_trip(void **state)
{
	char info[] = "{\"side\":\"source\",\"ms\":12}";
	struct rewire_ctl_answer out, in = { .event = "frozen", .info = info };
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_string_equal(out.event, "frozen");
	assert_string_equal(out.info, info);
	rewire_ctl_answer_clear(&out);
	free(line);
}

static void answer_info_round_trip(void **state)
{
	char info[] = "{\"sessions\":[1,2]}";
	struct rewire_ctl_answer out, in = { .ok = true, .info = info };
	char *line = rewire_ctl_encode_answer(&in);

	(void)state;
	cut_newline(line);
	assert_int_equal(decode_answer(line, &out), 0);
	assert_true(out.ok);
	assert_string_equal(out.info, info);
	rewire_ctl_answer_clear(&out);
	free(line);
	in.info = (char[]){ "no JSON" };
	assert_null(rewire_ctl_encode_answer(&in));
}

static void bad_answers(void **state)
{
	static const char *const lines[] = {
		"{}", "[]", "{\"ok\":1}", "{\"ok\":null}", "{\"ok\":false}",
		"{\"ok\":false,\"errno\":0}", "{\"ok\":false,\"errno\":5000}",
		"{\"ok\":true,\"output\":\"\"}",
		"{\"ok\":true,\"status\":2147483648,\"output\":\"\"}",
		"{\"ok\":true,\"status\":0,\"output\":\"?\"}",
		"{\"event\":\"\"}", "{\"event\":7}",
		"{\"event\":\"0123456789012345678901234567890123456789\"}",
	};
	struct rewire_ctl_answer out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (decode_answer(lines[i], &out) != -EBADMSG)
			fail_msg("taken: %s", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_round_trip),
		cmocka_unit_test(call_largest),
		cmocka_unit_test(migrate_round_trip),
		cmocka_unit_test(streams_of_a_migrate),
		cmocka_unit_test(try_round_trip),
		cmocka_unit_test(migrate_cut_off),
		cmocka_unit_test(update_round_trip),
		cmocka_unit_test(update_largest),
		cmocka_unit_test(update_verbs),
		cmocka_unit_test(bad_updates),
		cmocka_unit_test(status_round_trip),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(line_too_long),
		cmocka_unit_test(answer_output_round_trip),
		cmocka_unit_test(answer_empty_output_keeps_status),
		cmocka_unit_test(answer_failure_round_trip),
		cmocka_unit_test(answer_failure_not_utf8),
		cmocka_unit_test(event_round_trip),
		cmocka_unit_test(answer_info_round_trip),
		cmocka_unit_test(bad_answers),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
