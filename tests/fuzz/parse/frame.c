// SPDX-License-Identifier: MIT
/*
 * What helpers say to each other, however it is cut into pieces: a frame that is
 * understood is the one that would be sent to say the same.
 */
#include "fuzz.h"
#include "peer.h"

static __u8 again[PEER_MAX_CHUNK];

static void same(const struct peer_frame *frame, ssize_t length)
{
	promise(length == (ssize_t)frame->length);
	promise(!memcmp(again, frame->payload, frame->length));
}

static int understand(const struct peer_frame *frame, struct rewire_error *err)
{
	__u8 id[REWIRE_ID_SIZE], nonce[REWIRE_NONCE_SIZE];
	struct peer_migrate migrate;
	struct rewire_signed request;
	struct rewire_token token;
	struct rewire_error told;
	struct peer_call call;
	const __u8 *output;
	unsigned int index, count;
	__u32 side, kind;
	size_t length;
	__s32 status;
	int rc = 0;

	switch (frame->type) {
	case PEER_MIGRATE:
		rc = peer_decode_migrate(frame, &migrate, err);
		if (!rc)
			same(frame, peer_encode_migrate(again, &migrate.request,
							migrate.offer,
							migrate.offer_length));
		break;
	case PEER_MESSAGE:
		rc = peer_message_session(frame, id, &side, &kind, err);
		break;
	case PEER_ERROR:
		peer_decode_error(frame, &told);
		promise(told.code > 0 && told.code < 4096);
		promise(peer_encode_error(again, &told) > 0);
		break;
	case PEER_CALL:
		rc = peer_decode_call(frame, &call, err);
		if (!rc)
			same(frame, peer_encode_call(again, &call));
		break;
	case PEER_ANSWER:
		rc = peer_decode_answer(frame, &status, &output, &length, err);
		if (!rc)
			same(frame, peer_encode_answer(again, status, output,
						       length));
		break;
	case PEER_QUERY:
		rc = peer_decode_query(frame, id, &side, err);
		if (!rc)
			same(frame, peer_encode_query(again, id, side));
		break;
	case PEER_PROBE:
		rc = peer_decode_probe(frame, nonce, &request, err);
		if (!rc)
			same(frame, peer_encode_probe(again, nonce, &request));
		break;
	case PEER_LANE:
		rc = peer_decode_lane(frame, id, &index, &count, err);
		if (!rc)
			same(frame, peer_encode_lane(again, id, index, count));
		break;
	case PEER_EVIDENCE:
		promise(!peer_decode_evidence(frame, &token));
		same(frame, peer_encode_evidence(again, &token));
		break;
	}
	return rc;
}

/* The first byte says how many come at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct peer_decoder decoder;
	struct peer_frame frame;
	struct rewire_error err = { 0 };
	size_t at = 1, room, part;
	void *to;
	int rc = 0;

	if (!size)
		return 0;
	promise(decoder.payload || !peer_decoder_init(&decoder));
	decoder.have = 0;
	while (at < size && rc >= 0) {
		room = peer_decoder_room(&decoder, &to);
		promise(room);
		part = 1 + (size_t)data[0] * 16;
		part = part < room ? part : room;
		part = part < size - at ? part : size - at;
		memcpy(to, data + at, part);
		at += part;
		rc = peer_decoder_filled(&decoder, part, &frame, &err);
		if (rc > 0)
			rc = understand(&frame, &err);
	}
	if (rc < 0)
		refused(rc, &err);
	return 0;
}
