// SPDX-License-Identifier: MIT
/*
 * The dry run of a migration.
 *
 *	source	the local SM would let it go
 *	peer	the target's helper can be reached, and is who it should be
 *	target	its SM would take it (PROBE)
 *	level	its evidence is good for the level that the request asks for
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "clock.h"
#include "log.h"
#include "trial.h"

struct trial {
	struct helper *helper;
	const struct rewire_signed *request;
	const char *peer;
	struct link *link;
	__u8 nonce[REWIRE_NONCE_SIZE];
	struct rewire_token token;
	__u32 level;
	bool known;		/* the level is */
};

static int try_source(struct trial *t, struct rewire_error *err)
{
	int ret, sm = rewire_sm_open(err);

	if (sm < 0)
		return sm;
	ret = rewire_request_try(sm, REWIRE_SIDE_SOURCE, t->request, NULL,
				 NULL, NULL, err);
	close(sm);
	return ret;
}

static int try_peer(struct trial *t, struct rewire_error *err)
{
	return link_connect(&t->helper->tls, t->peer, t->helper->stop,
			    t->helper->options.io_timeout_ms, &t->link, err);
}

static int try_target(struct trial *t, struct rewire_error *err)
{
	struct peer_frame frame;
	int ret;

	if (RAND_bytes(t->nonce, sizeof(t->nonce)) != 1)
		return rewire_fail(err, EIO, "no random bytes for a challenge");
	ret = link_send(t->link, PEER_PROBE,
			peer_encode_probe(link_payload(t->link), t->nonce,
					  t->request), err);
	if (!ret)
		ret = link_expect(t->link, PEER_EVIDENCE, clock_ms() +
				  t->helper->options.io_timeout_ms, &frame,
				  err);
	return ret ? ret : peer_decode_evidence(&frame, &t->token);
}

static int try_level(struct trial *t, struct rewire_error *err)
{
	__u32 least = t->request->body.request.min_atl;
	int ret, sm;

	if (!t->token.length && !least)
		return 0;
	if (!t->token.length)
		return rewire_fail(err, EPERM,
				   "the target gives no evidence of its platform, and the request asks for level %u",
				   least);
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	ret = rewire_request_try(sm, REWIRE_SIDE_SOURCE, t->request,
				 &t->token, t->nonce, &t->level, err);
	close(sm);
	t->known = !ret;
	return ret;
}

static const struct {
	const char *name;
	int (*run)(struct trial *t, struct rewire_error *err);
	unsigned int needs;	/* checks that must have passed: a bit for each */
} checks[] = {
	{ "source", try_source, 0 },
	{ "peer", try_peer, 0 },
	{ "target", try_target, 1 << 1 },
	{ "level", try_level, 1 << 0 | 1 << 2 },
};

#define CHECKS	(sizeof(checks) / sizeof(checks[0]))

static json_t *run_check(struct trial *t, size_t i, unsigned int *passed)
{
	struct rewire_error err = { 0 };

	if (checks[i].needs & ~*passed)
		return json_pack("{s:s, s:s}", "check", checks[i].name,
				 "result", "skipped");
	if (!checks[i].run(t, &err))
		*passed |= 1U << i;
	if (*passed & 1U << i)
		return json_pack("{s:s, s:s}", "check", checks[i].name,
				 "result", "ok");
	return json_pack("{s:s, s:s, s:i, s:s}", "check", checks[i].name,
			 "result", "refused", "errno", err.code,
			 "why", err.text);
}

json_t *trial_run(struct helper *helper, const struct rewire_signed *request,
		  const char *peer)
{
	struct trial t = { .helper = helper, .request = request, .peer = peer };
	json_t *list = json_array(), *info;
	unsigned int passed = 0;

	for (size_t i = 0; i < CHECKS; i++)
		json_array_append_new(list, run_check(&t, i, &passed));
	link_close(t.link);
	info = json_pack("{s:b, s:s, s:o}", "ok",
			 passed == (1U << CHECKS) - 1, "peer", peer,
			 "checks", list);
	if (info && t.known)
		json_object_set_new(info, "level", json_integer(t.level));
	return info;
}

int trial_answer(struct link *link, const struct peer_frame *frame,
		 struct rewire_error *err)
{
	struct rewire_token token = { .length = 0 };
	__u8 nonce[REWIRE_NONCE_SIZE];
	struct rewire_signed request;
	struct rewire_error none;
	int sm, ret;

	ret = peer_decode_probe(frame, nonce, &request, err);
	if (ret)
		return ret;
	sm = rewire_sm_open(err);
	if (sm < 0)
		return sm;
	ret = rewire_request_try(sm, REWIRE_SIDE_TARGET, &request, NULL, NULL,
				 NULL, err);
	/* The source knows whether it can do without. */
	if (!ret && rewire_evidence_get(sm, false, nonce, sizeof(nonce),
					&token, &none)) {
		log_warning("%s was given no evidence: %s", link->name,
			    none.text);
		token.length = 0;
	}
	close(sm);
	if (ret)
		return ret;
	return link_send(link, PEER_EVIDENCE,
			 peer_encode_evidence(link_payload(link), &token),
			 err);
}
