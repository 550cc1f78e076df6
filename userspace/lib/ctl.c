// SPDX-License-Identifier: MIT
/*
 * The control protocol's lines, for both sides.
 *
 *	{"op":"call","workload":HEX,"client":HEX,"sequence":N,"input":BASE64,
 *	 "timeout_ms":N}
 *	{"op":"migrate","request":BASE64,"signature":BASE64,"peer":"HOST:PORT",
 *	 "stop_and_copy":BOOL,"streams":N}
 *	{"op":"try","request":BASE64,"signature":BASE64,"peer":"HOST:PORT"}
 *	{"op":"status"}
 * and those of updates, see ctl_update.c
 *
 *	{"event":NAME, ...}			any number of them, then
 *	{"ok":true, "status":N,"output":BASE64 | "info":{...}}
 *	{"ok":false,"errno":N,"error":TEXT}
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base64.h"
#include "ctl.h"

#define BAD_LINE(err, ...) rewire_fail(err, EBADMSG, __VA_ARGS__)

static const char *const op_names[] = {
	[REWIRE_CTL_CALL] = "call",
	[REWIRE_CTL_MIGRATE] = "migrate",
	[REWIRE_CTL_STATUS] = "status",
	[REWIRE_CTL_TRY] = "try",
	[REWIRE_CTL_UPDATE_APPLY] = "update-apply",
	[REWIRE_CTL_UPDATE_PLAN] = "update-plan",
	[REWIRE_CTL_UPDATE_LIST] = "update-list",
	[REWIRE_CTL_UPDATE_APPROVE] = "update-approve",
	[REWIRE_CTL_UPDATE_REJECT] = "update-reject",
	[REWIRE_CTL_UPDATE_CANCEL] = "update-cancel",
	[REWIRE_CTL_UPDATE_RECEIPT] = "update-receipt",
};

#define OPS (sizeof(op_names) / sizeof(op_names[0]))

/* jansson's setters take NULL for a failure, which only memory can cause. */
int ctl_set_base64(json_t *object, const char *key, const void *data,
		      size_t length)
{
	char *text = base64_encode(data, length);
	int rc = text ? json_object_set_new(object, key, json_string(text)) : -1;

	free(text);
	return rc;
}

int ctl_set_hex(json_t *object, const char *key, const __u8 *id)
{
	char text[2 * REWIRE_ID_SIZE + 1];

	return json_object_set_new(object, key, json_string(
				   rewire_hex(id, REWIRE_ID_SIZE, text)));
}

static char *to_line(json_t *object, int failed)
{
	char *text = failed ? NULL : json_dumps(object, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;
	char *line = text ? realloc(text, length + 2) : NULL;

	json_decref(object);
	if (!line) {
		free(text);
		return NULL;
	}
	memcpy(line + length, "\n", 2);
	return line;
}

static int put_call(json_t *object, const struct rewire_ctl_request *request)
{
	return ctl_set_hex(object, "workload", request->call.workload) |
	       ctl_set_hex(object, "client", request->call.client) |
	       json_object_set_new(object, "sequence", json_integer(
				   (json_int_t)request->call.sequence)) |
	       json_object_set_new(object, "timeout_ms", json_integer(
				   request->call.timeout_ms)) |
	       ctl_set_base64(object, "input", request->call.input,
			  request->call.input_length);
}

static int put_migrate(json_t *object, const struct rewire_ctl_request *request)
{
	return ctl_set_base64(object, "request", &request->request.body,
			  request->request.length) |
	       ctl_set_base64(object, "signature", request->request.signature,
			  request->request.signature_length) |
	       json_object_set_new(object, "peer", json_string(request->peer)) |
	       (request->stop_and_copy ?
			json_object_set_new(object, "stop_and_copy",
					    json_true()) : 0) |
	       (request->streams ?
			json_object_set_new(object, "streams",
					    json_integer(request->streams)) : 0);
}

char *rewire_ctl_encode_request(const struct rewire_ctl_request *request)
{
	json_t *object = json_object();
	int rc;

	if (request->op < 1 || request->op >= (int)OPS) {
		json_decref(object);
		return NULL;
	}
	rc = json_object_set_new(object, "op",
				 json_string(op_names[request->op]));
	if (request->op == REWIRE_CTL_CALL)
		rc |= put_call(object, request);
	else if (request->op == REWIRE_CTL_MIGRATE ||
		 request->op == REWIRE_CTL_TRY)
		rc |= put_migrate(object, request);
	else if (request->op >= REWIRE_CTL_UPDATE_APPLY)
		rc |= ctl_put_update(object, request);
	return to_line(object, rc);
}

/* Text that is not UTF-8 (a file name in an error) must not lose the answer. */
static json_t *text_of(const char *text)
{
	json_t *value = json_string(text);

	return value ? value : json_string("(text that is not UTF-8)");
}

static int put_info(json_t *object, const char *info, bool nested)
{
	json_t *value = json_loads(info, 0, NULL);
	int rc;

	if (nested)
		return json_object_set_new(object, "info", value);
	rc = json_object_update_missing(object, value);
	json_decref(value);
	return rc;
}

char *rewire_ctl_encode_answer(const struct rewire_ctl_answer *answer)
{
	json_t *object = json_object();
	int rc;

	if (answer->event[0]) {
		rc = json_object_set_new(object, "event",
					 text_of(answer->event));
		if (answer->info)
			rc |= put_info(object, answer->info, false);
		return to_line(object, rc);
	}
	rc = json_object_set_new(object, "ok", json_boolean(answer->ok));
	if (!answer->ok)
		rc |= json_object_set_new(object, "errno", json_integer(
					  answer->error.code)) |
		      json_object_set_new(object, "error",
					  text_of(answer->error.text));
	else if (answer->info)
		rc |= put_info(object, answer->info, true);
	else
		rc |= json_object_set_new(object, "status", json_integer(
					  answer->status)) |
		      ctl_set_base64(object, "output", answer->output,
				 answer->output_length);
	return to_line(object, rc);
}

/* ------------------------------------------------------------------------ */

int ctl_get_hex(const json_t *object, const char *key, __u8 *id,
		   struct rewire_error *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text || rewire_id_parse(text, id))
		return BAD_LINE(err, "control protocol: \"%s\" is not an id", key);
	return 0;
}

int ctl_get_number(const json_t *object, const char *key, json_int_t low,
		      json_int_t high, json_int_t *ret_value,
		      struct rewire_error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < low ||
	    json_integer_value(value) > high)
		return BAD_LINE(err, "control protocol: \"%s\" is not a number in its range",
				key);
	*ret_value = json_integer_value(value);
	return 0;
}

int ctl_get_base64(const json_t *object, const char *key, size_t limit,
		      __u8 **ret_data, size_t *ret_length,
		      struct rewire_error *err)
{
	const json_t *value = json_object_get(object, key);
	size_t length;
	__u8 *data;
	int rc;

	if (!json_is_string(value))
		return BAD_LINE(err, "control protocol: \"%s\" is missing", key);
	rc = base64_decode(json_string_value(value), json_string_length(value),
			   &data, &length);
	if (rc)
		return rewire_fail(err, -rc, "control protocol: \"%s\": %s", key,
				   rc == -ENOMEM ? "no memory" : "not base64");
	if (length > limit) {
		rewire_wipe_free(data, length);
		return BAD_LINE(err, "control protocol: \"%s\" has %zu bytes",
				key, length);
	}
	*ret_data = data;
	*ret_length = length;
	return 0;
}

static int get_call(const json_t *object, struct rewire_ctl_request *request,
		    struct rewire_error *err)
{
	json_int_t sequence, timeout;
	int rc;

	rc = ctl_get_hex(object, "workload", request->call.workload, err);
	if (!rc)
		rc = ctl_get_hex(object, "client", request->call.client, err);
	if (!rc)
		rc = ctl_get_number(object, "sequence", 1, INT64_MAX, &sequence, err);
	if (!rc)
		rc = ctl_get_number(object, "timeout_ms", 0, UINT32_MAX, &timeout,
				err);
	if (!rc)
		rc = ctl_get_base64(object, "input", REWIRE_MAX_PAYLOAD,
				&request->call.input,
				&request->call.input_length, err);
	if (rc)
		return rc;
	request->call.sequence = (__u64)sequence;
	request->call.timeout_ms = (__u32)timeout;
	return 0;
}

static int get_signed(const json_t *object, struct rewire_signed *ret_signed,
		      struct rewire_error *err)
{
	__u8 bytes[sizeof(ret_signed->body) + REWIRE_MAX_CMS];
	size_t body_length, signature_length;
	__u8 *body, *signature;
	int rc;

	rc = ctl_get_base64(object, "request", sizeof(struct rewire_request), &body,
			&body_length, err);
	if (rc)
		return rc;
	rc = ctl_get_base64(object, "signature", REWIRE_MAX_CMS, &signature,
			&signature_length, err);
	if (!rc && body_length != sizeof(struct rewire_request)) {
		rc = BAD_LINE(err, "control protocol: the request has %zu bytes",
			      body_length);
		free(signature);
	} else if (!rc) {
		memcpy(bytes, body, body_length);
		memcpy(bytes + body_length, signature, signature_length);
		rc = rewire_signed_parse(bytes, body_length + signature_length,
					 REWIRE_TYPE_REQUEST, ret_signed, err);
		free(signature);
	}
	free(body);
	return rc;
}

static int get_migrate(const json_t *object, struct rewire_ctl_request *request,
		       struct rewire_error *err)
{
	const json_t *peer = json_object_get(object, "peer");
	const json_t *streams = json_object_get(object, "streams");
	int rc = get_signed(object, &request->request, err);

	if (rc)
		return rc;
	if (streams && (!json_is_integer(streams) ||
			json_integer_value(streams) < 1 ||
			json_integer_value(streams) > REWIRE_MAX_LANES))
		return BAD_LINE(err, "control protocol: \"streams\" is not 1 to %u",
				REWIRE_MAX_LANES);
	request->streams = (unsigned int)json_integer_value(streams);
	if (!json_is_string(peer) || !json_string_length(peer) ||
	    json_string_length(peer) >= sizeof(request->peer))
		return BAD_LINE(err, "control protocol: \"peer\" is not HOST:PORT");
	memcpy(request->peer, json_string_value(peer),
	       json_string_length(peer) + 1);
	request->stop_and_copy = json_is_true(json_object_get(object,
							      "stop_and_copy"));
	return 0;
}

static json_t *parse_line(const char *line, size_t length,
			  struct rewire_error *err)
{
	json_error_t why;
	json_t *object;

	if (length > REWIRE_CTL_MAX_LINE) {
		BAD_LINE(err, "control protocol: the line is too long");
		return NULL;
	}
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(object))
		return object;
	BAD_LINE(err, "control protocol: not a JSON object%s%s",
		 object ? "" : ": ", object ? "" : why.text);
	json_decref(object);
	return NULL;
}

int rewire_ctl_decode_request(const char *line, size_t length,
			      struct rewire_ctl_request *ret_request,
			      struct rewire_error *err)
{
	struct rewire_ctl_request request = { 0 };
	json_t *object = parse_line(line, length, err);
	const char *op;
	int rc = 0;

	if (!object)
		return -EBADMSG;
	op = json_string_value(json_object_get(object, "op"));
	for (size_t i = 1; op && i < OPS; i++)
		if (!strcmp(op, op_names[i]))
			request.op = (int)i;
	switch (request.op) {
	case REWIRE_CTL_CALL:
		rc = get_call(object, &request, err);
		break;
	case REWIRE_CTL_MIGRATE:
	case REWIRE_CTL_TRY:
		rc = get_migrate(object, &request, err);
		break;
	case REWIRE_CTL_STATUS:
		break;
	case REWIRE_CTL_UPDATE_APPLY ... REWIRE_CTL_UPDATE_RECEIPT:
		rc = ctl_get_update(object, &request, err);
		break;
	default:
		rc = BAD_LINE(err, "control protocol: unknown \"op\"");
	}
	json_decref(object);
	if (rc)
		rewire_ctl_request_clear(&request);
	else
		*ret_request = request;
	return rc;
}

static int get_event(json_t *object, struct rewire_ctl_answer *answer,
		     struct rewire_error *err)
{
	const json_t *name = json_object_get(object, "event");
	size_t length = json_string_length(name);

	if (!length || length >= sizeof(answer->event))
		return BAD_LINE(err, "control protocol: \"event\" is not a name");
	memcpy(answer->event, json_string_value(name), length + 1);
	json_object_del(object, "event");
	answer->info = json_dumps(object, JSON_COMPACT);
	return answer->info ? 0 : rewire_fail(err, ENOMEM, "no memory");
}

static int get_failure(const json_t *object, struct rewire_ctl_answer *answer,
		       struct rewire_error *err)
{
	const char *text = json_string_value(json_object_get(object, "error"));
	json_int_t code;
	int rc = ctl_get_number(object, "errno", 1, 4095, &code, err);

	if (!rc)
		rewire_fail(&answer->error, (int)code, "%s",
			    text ? text : strerror((int)code));
	return rc;
}

static int get_success(const json_t *object, struct rewire_ctl_answer *answer,
		       struct rewire_error *err)
{
	const json_t *info = json_object_get(object, "info");
	json_int_t status;
	int rc;

	answer->ok = true;
	if (json_object_get(object, "output")) {
		rc = ctl_get_number(object, "status", INT32_MIN, INT32_MAX, &status,
				err);
		if (!rc)
			rc = ctl_get_base64(object, "output", REWIRE_MAX_PAYLOAD,
					&answer->output,
					&answer->output_length, err);
		if (rc)
			return rc;
		answer->status = (__s32)status;
	}
	if (json_is_object(info)) {
		answer->info = json_dumps(info, JSON_COMPACT);
		if (!answer->info)
			return rewire_fail(err, ENOMEM, "no memory");
	}
	return 0;
}

int rewire_ctl_decode_answer(const char *line, size_t length,
			     struct rewire_ctl_answer *ret_answer,
			     struct rewire_error *err)
{
	struct rewire_ctl_answer answer = { 0 };
	json_t *object = parse_line(line, length, err);
	const json_t *ok;
	int rc;

	if (!object)
		return -EBADMSG;
	ok = json_object_get(object, "ok");
	if (json_object_get(object, "event"))
		rc = get_event(object, &answer, err);
	else if (json_is_true(ok))
		rc = get_success(object, &answer, err);
	else if (json_is_false(ok))
		rc = get_failure(object, &answer, err);
	else
		rc = BAD_LINE(err, "control protocol: neither an event nor an answer");
	json_decref(object);
	if (rc)
		rewire_ctl_answer_clear(&answer);
	else
		*ret_answer = answer;
	return rc;
}

void rewire_ctl_request_clear(struct rewire_ctl_request *request)
{
	rewire_wipe_free(request->call.input, request->call.input_length);
	free(request->update.package);
	free(request->update.wrap);
	*request = (struct rewire_ctl_request){ 0 };
}

void rewire_ctl_answer_clear(struct rewire_ctl_answer *answer)
{
	rewire_wipe_free(answer->output, answer->output_length);
	free(answer->info);
	*answer = (struct rewire_ctl_answer){ 0 };
}
