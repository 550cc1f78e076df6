// SPDX-License-Identifier: MIT
/*
 * What clients of the control socket may ask for.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "clock.h"
#include "log.h"
#include "operation.h"
#include "report.h"
#include "route.h"
#include "source.h"
#include "trial.h"
#include "update_verbs.h"

int operation_refuse(int client, const struct rewire_error *error)
{
	struct rewire_ctl_answer answer = { .error = *error };

	return report_line(client, rewire_ctl_encode_answer(&answer));
}

static int answer_info(int client, json_t *info)
{
	struct rewire_ctl_answer answer = { .ok = true };
	int ret;

	answer.info = info ? json_dumps(info, JSON_COMPACT) : NULL;
	json_decref(info);
	if (!answer.info)
		return -ENOMEM;
	ret = report_line(client, rewire_ctl_encode_answer(&answer));
	free(answer.info);
	return ret;
}

/* A client that went away waits for nothing. */
static int client_alive(struct route *route, struct rewire_error *err)
{
	struct pollfd pfd = { .fd = *(int *)route->data };

	if (poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLHUP | POLLERR))
		return rewire_fail(err, EPIPE, "the caller hung up");
	return 0;
}

static int run_call(struct helper *helper, int client,
		    struct rewire_ctl_request *request)
{
	struct route route = {
		.helper = helper,
		.call = {
			.sequence = request->call.sequence,
			.hops = PEER_MAX_HOPS,
			.input = request->call.input,
			.input_length = request->call.input_length,
		},
		.deadline = CLOCK_NEVER,
		.alive = client_alive,
		.data = &client,
	};
	struct rewire_ctl_answer answer = { .ok = true };
	struct rewire_error err = { 0 };
	int ret;

	memcpy(route.call.workload, request->call.workload, REWIRE_ID_SIZE);
	memcpy(route.call.client, request->call.client, REWIRE_ID_SIZE);
	if (request->call.timeout_ms)
		route.deadline = clock_ms() + request->call.timeout_ms;
	answer.output = malloc(REWIRE_MAX_PAYLOAD);
	if (!answer.output)
		return -ENOMEM;
	ret = route_call(&route, answer.output, &answer.output_length,
			 &answer.status, &err);
	if (ret)
		ret = operation_refuse(client, &err);
	else
		ret = report_line(client, rewire_ctl_encode_answer(&answer));
	rewire_wipe_free(answer.output, REWIRE_MAX_PAYLOAD);
	return ret;
}

static int run_migrate(struct helper *helper, int client,
		       const struct rewire_ctl_request *request)
{
	struct rewire_error err = { 0 };
	json_t *info = NULL;
	int ret;

	ret = source_migrate(helper, &request->request, request->peer,
			     request->stop_and_copy, request->streams, client,
			     &info, &err);
	if (!ret)
		return answer_info(client, info);
	log_warning("a migration failed: %s", err.text);
	return operation_refuse(client, &err);
}

static json_t *describe_sm(struct rewire_error *err)
{
	struct rewire_get_info info;
	char sm_id[REWIRE_ID_TEXT];
	int sm = rewire_sm_open(err);
	int ret;

	if (sm < 0)
		return NULL;
	ret = rewire_sm_info(sm, &info, err);
	close(sm);
	if (ret)
		return NULL;
	return json_pack("{s:s, s:b, s:i, s:i, s:I, s:I}",
			 "id", rewire_id_format(info.sm, sm_id),
			 "provisioned", (int)info.provisioned,
			 "enclaves", (int)info.enclaves,
			 "sessions", (int)info.sessions,
			 "memory_limit", (json_int_t)info.memory_limit,
			 "memory_used", (json_int_t)info.memory_used);
}

static json_t *describe_open(struct helper *helper)
{
	struct record records[STORE_MAX_OPEN];
	unsigned int count = store_list(&helper->store, records);
	char request[REWIRE_ID_TEXT], workload[REWIRE_ID_TEXT];
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}",
			"request",
			rewire_id_format(records[i].request_id, request),
			"workload",
			rewire_id_format(records[i].workload, workload),
			"side", rewire_side_name(records[i].side),
			"peer", records[i].peer));
	return list;
}

static int run_status(struct helper *helper, int client, const char *listening)
{
	const struct options *options = &helper->options;
	struct rewire_error err = { 0 };
	json_t *sm = describe_sm(&err);

	if (!sm)
		return operation_refuse(client, &err);
	return answer_info(client, json_pack(
		"{s:o, s:s, s:s, s:{s:i, s:i}, s:{s:i, s:i}, s:o}",
		"sm", sm,
		"listening", listening,
		"state_dir", options->state_dir,
		"peers",
		"now", (int)pool_busy(helper->pool, POOL_PEER),
		"most", (int)options->max_peers,
		"clients",
		"now", (int)pool_busy(helper->pool, POOL_CLIENT),
		"most", (int)options->max_clients,
		"migrations", describe_open(helper)));
}

static int run_update(struct helper *helper, int client,
		      const struct rewire_ctl_request *request, int file)
{
	struct rewire_error err = { 0 };
	json_t *info = NULL;

	if (update_verb(helper->updates, request, file, client, &info, &err))
		return operation_refuse(client, &err);
	return answer_info(client, info);
}

int operation_run(struct helper *helper, int client, const char *listening,
		  const char *line, size_t length, int file)
{
	struct rewire_ctl_request request;
	struct rewire_error err = { 0 };
	int ret;

	if (rewire_ctl_decode_request(line, length, &request, &err))
		return operation_refuse(client, &err);
	switch (request.op) {
	case REWIRE_CTL_CALL:
		ret = run_call(helper, client, &request);
		break;
	case REWIRE_CTL_MIGRATE:
		ret = run_migrate(helper, client, &request);
		break;
	case REWIRE_CTL_TRY:
		ret = answer_info(client, trial_run(helper, &request.request,
						    request.peer));
		break;
	case REWIRE_CTL_STATUS:
		ret = run_status(helper, client, listening);
		break;
	default:
		ret = run_update(helper, client, &request, file);
	}
	rewire_ctl_request_clear(&request);
	return ret;
}
