// SPDX-License-Identifier: MIT
/*
 * Lines of the helper's control socket, both ways: what was read can be said
 * again, and is read again as the same.
 */
#include "fuzz.h"

static void request(const char *line, size_t length)
{
	struct rewire_ctl_request request;
	struct rewire_error err = { 0 };
	char *once, *twice;
	int rc = rewire_ctl_decode_request(line, length, &request, &err);

	if (rc) {
		refused(rc, &err);
		return;
	}
	promise(memchr(request.peer, 0, sizeof(request.peer)));
	once = rewire_ctl_encode_request(&request);
	rewire_ctl_request_clear(&request);
	promise(once);
	promise(!rewire_ctl_decode_request(once, strlen(once) - 1, &request, NULL));
	twice = rewire_ctl_encode_request(&request);
	promise(twice && !strcmp(once, twice));
	rewire_ctl_request_clear(&request);
	free(once);
	free(twice);
}

static void answer(const char *line, size_t length)
{
	struct rewire_ctl_answer answer;
	struct rewire_error err = { 0 };
	char *once, *twice;
	int rc = rewire_ctl_decode_answer(line, length, &answer, &err);

	if (rc) {
		refused(rc, &err);
		return;
	}
	promise(memchr(answer.event, 0, sizeof(answer.event)));
	once = rewire_ctl_encode_answer(&answer);
	rewire_ctl_answer_clear(&answer);
	promise(once);
	promise(!rewire_ctl_decode_answer(once, strlen(once) - 1, &answer, NULL));
	twice = rewire_ctl_encode_answer(&answer);
	promise(twice && !strcmp(once, twice));
	rewire_ctl_answer_clear(&answer);
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request((const char *)data, size);
	answer((const char *)data, size);
	return 0;
}
