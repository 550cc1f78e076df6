// SPDX-License-Identifier: MIT
/*
 * Frames between helpers: their bounds, and what is in them. No I/O.
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define HEADER	sizeof(struct peer_header)

static_assert(HEADER == 8, "wire format");
static_assert(sizeof(struct peer_migrate_head) == 8, "wire format");
static_assert(sizeof(struct peer_call_head) == 48, "wire format");
static_assert(sizeof(struct peer_answer_head) == 8, "wire format");
static_assert(sizeof(struct peer_query) == 24, "wire format");
static_assert(sizeof(struct peer_probe_head) == 32, "wire format");
static_assert(sizeof(struct peer_lane) == 24, "wire format");

static const struct {
	const char *name;
	__u32 least;
	__u32 most;
} types[PEER_TYPES] = {
	[PEER_MIGRATE] = {
		"MIGRATE",
		sizeof(struct peer_migrate_head) +
			sizeof(struct rewire_request) + 1 +
			sizeof(struct rewire_message),
		sizeof(struct peer_migrate_head) +
			sizeof(struct rewire_request) + REWIRE_MAX_CMS +
			REWIRE_MAX_MESSAGE,
	},
	[PEER_MESSAGE] = {
		"MESSAGE", sizeof(struct rewire_message), REWIRE_MAX_MESSAGE,
	},
	[PEER_STREAM] = { "STREAM", 1, PEER_MAX_CHUNK },
	[PEER_STREAM_END] = { "STREAM_END", 0, 0 },
	[PEER_ERROR] = {
		"ERROR", sizeof(struct peer_error_head),
		sizeof(struct peer_error_head) + PEER_MAX_TEXT,
	},
	[PEER_CALL] = {
		"CALL", sizeof(struct peer_call_head),
		sizeof(struct peer_call_head) + REWIRE_MAX_PAYLOAD,
	},
	[PEER_ANSWER] = {
		"ANSWER", sizeof(struct peer_answer_head),
		sizeof(struct peer_answer_head) + REWIRE_MAX_PAYLOAD,
	},
	[PEER_QUERY] = {
		"QUERY", sizeof(struct peer_query), sizeof(struct peer_query),
	},
	[PEER_PROBE] = {
		"PROBE",
		sizeof(struct peer_probe_head) + sizeof(struct rewire_request) +
			1,
		sizeof(struct peer_probe_head) + sizeof(struct rewire_request) +
			REWIRE_MAX_CMS,
	},
	[PEER_EVIDENCE] = { "EVIDENCE", 0, REWIRE_MAX_EVIDENCE },
	[PEER_LANE] = {
		"LANE", sizeof(struct peer_lane), sizeof(struct peer_lane),
	},
	[PEER_ARRIVED] = { "ARRIVED", 0, 0 },
};

const char *peer_type_name(unsigned int type)
{
	return type < PEER_TYPES && types[type].name ? types[type].name :
						       "unknown";
}

static bool length_fits(unsigned int type, size_t length)
{
	return type < PEER_TYPES && types[type].name &&
	       length >= types[type].least && length <= types[type].most;
}

int peer_header_fill(struct peer_header *header, unsigned int type,
		     size_t length)
{
	if (!length_fits(type, length))
		return -EMSGSIZE;
	*header = (struct peer_header){
		.length = htole32((__u32)length), .type = (__u8)type,
	};
	return 0;
}

static int check_header(const struct peer_header *header,
			struct rewire_error *err)
{
	__u32 length = le32toh(header->length);

	if (header->type >= PEER_TYPES || !types[header->type].name)
		return rewire_fail(err, EPROTO,
				   "a frame of the unknown type %u came in: is the peer a newer version?",
				   header->type);
	if (header->reserved[0] || header->reserved[1] || header->reserved[2])
		return rewire_fail(err, EPROTO,
				   "reserved bytes of a frame %s are not zero: is the peer a newer version?",
				   peer_type_name(header->type));
	if (!length_fits(header->type, length))
		return rewire_fail(err, EPROTO,
				   "a frame %s of %u bytes came in, allowed are %u to %u",
				   peer_type_name(header->type), length,
				   types[header->type].least,
				   types[header->type].most);
	return 0;
}

int peer_decoder_init(struct peer_decoder *decoder)
{
	*decoder = (struct peer_decoder){ .payload = malloc(PEER_MAX_CHUNK) };
	return decoder->payload ? 0 : -ENOMEM;
}

void peer_decoder_free(struct peer_decoder *decoder)
{
	/* Calls pass in the clear here; nobody else shall find them. */
	rewire_wipe_free(decoder->payload, PEER_MAX_CHUNK);
	decoder->payload = NULL;
}

size_t peer_decoder_room(struct peer_decoder *decoder, void **ret_room)
{
	if (decoder->have < HEADER) {
		*ret_room = (__u8 *)&decoder->header + decoder->have;
		return HEADER - decoder->have;
	}
	*ret_room = decoder->payload + (decoder->have - HEADER);
	return le32toh(decoder->header.length) - (decoder->have - HEADER);
}

int peer_decoder_filled(struct peer_decoder *decoder, size_t length,
			struct peer_frame *ret_frame, struct rewire_error *err)
{
	bool in_header = decoder->have < HEADER;
	int ret;

	decoder->have += length;
	if (decoder->have < HEADER)
		return 0;
	if (in_header) {
		ret = check_header(&decoder->header, err);
		if (ret)
			return ret;
	}
	if (decoder->have - HEADER < le32toh(decoder->header.length))
		return 0;

	*ret_frame = (struct peer_frame){
		.type = decoder->header.type,
		.length = le32toh(decoder->header.length),
		.payload = decoder->payload,
	};
	decoder->have = 0;
	return 1;
}

bool peer_decoder_partial(const struct peer_decoder *decoder)
{
	return decoder->have != 0;
}

ssize_t peer_encode_migrate(void *payload, const struct rewire_signed *request,
			    const void *offer, size_t offer_length)
{
	struct peer_migrate_head *head = payload;
	__u8 *at = (__u8 *)payload + sizeof(*head);

	if (request->length > sizeof(request->body) ||
	    request->signature_length > sizeof(request->signature) ||
	    offer_length > REWIRE_MAX_MESSAGE)
		return -EMSGSIZE;
	head->request_length = htole32(
		(__u32)(request->length + request->signature_length));
	head->offer_length = htole32((__u32)offer_length);
	at = mempcpy(at, &request->body, request->length);
	at = mempcpy(at, request->signature, request->signature_length);
	at = mempcpy(at, offer, offer_length);
	return at - (__u8 *)payload;
}

int peer_decode_migrate(const struct peer_frame *frame,
			struct peer_migrate *ret_migrate,
			struct rewire_error *err)
{
	struct peer_migrate_head head;
	const __u8 *body = frame->payload + sizeof(head);
	__u64 request, offer;

	memcpy(&head, frame->payload, sizeof(head));
	request = le32toh(head.request_length);
	offer = le32toh(head.offer_length);
	if (sizeof(head) + request + offer != frame->length ||
	    offer < sizeof(struct rewire_message) || offer > REWIRE_MAX_MESSAGE)
		return rewire_fail(err, EPROTO,
				   "a MIGRATE of %u bytes says it has %llu of request and %llu of offer",
				   frame->length, (unsigned long long)request,
				   (unsigned long long)offer);
	ret_migrate->offer = body + request;
	ret_migrate->offer_length = offer;
	return rewire_signed_parse(body, request, REWIRE_TYPE_REQUEST,
				   &ret_migrate->request, err);
}

ssize_t peer_encode_error(void *payload, const struct rewire_error *error)
{
	struct peer_error_head *head = payload;
	size_t length = strnlen(error->text, PEER_MAX_TEXT);

	head->code = htole32((__u32)error->code);
	memcpy((__u8 *)payload + sizeof(*head), error->text, length);
	return (ssize_t)(sizeof(*head) + length);
}

int peer_decode_error(const struct peer_frame *frame,
		      struct rewire_error *ret_error)
{
	struct peer_error_head head;
	size_t length = frame->length - sizeof(head);
	__u32 code;

	memcpy(&head, frame->payload, sizeof(head));
	code = le32toh(head.code);
	/* Errno 0 would read as success, and 4095 is the last there can be. */
	ret_error->code = code > 0 && code < 4096 ? (int)code : EPROTO;
	for (size_t i = 0; i < length; i++) {
		__u8 c = frame->payload[sizeof(head) + i];

		ret_error->text[i] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
	ret_error->text[length] = '\0';
	return 0;
}

static_assert(PEER_MAX_TEXT < sizeof(((struct rewire_error *)0)->text),
	      "an ERROR fits");

ssize_t peer_encode_call(void *payload, const struct peer_call *call)
{
	struct peer_call_head *head = payload;

	if (call->input_length > REWIRE_MAX_PAYLOAD)
		return -EMSGSIZE;
	memcpy(head->workload, call->workload, REWIRE_ID_SIZE);
	memcpy(head->client, call->client, REWIRE_ID_SIZE);
	head->sequence = htole64(call->sequence);
	head->timeout_ms = htole32(call->timeout_ms);
	head->hops = htole32(call->hops);
	if (call->input_length)
		memcpy((__u8 *)payload + sizeof(*head), call->input,
		       call->input_length);
	return (ssize_t)(sizeof(*head) + call->input_length);
}

int peer_decode_call(const struct peer_frame *frame,
		     struct peer_call *ret_call, struct rewire_error *err)
{
	struct peer_call_head head;

	memcpy(&head, frame->payload, sizeof(head));
	if (le32toh(head.hops) >= PEER_MAX_HOPS)
		return rewire_fail(err, EPROTO,
				   "a CALL wants to be passed on %u times, allowed are %u",
				   le32toh(head.hops), PEER_MAX_HOPS - 1);
	memcpy(ret_call->workload, head.workload, REWIRE_ID_SIZE);
	memcpy(ret_call->client, head.client, REWIRE_ID_SIZE);
	ret_call->sequence = le64toh(head.sequence);
	ret_call->timeout_ms = le32toh(head.timeout_ms);
	ret_call->hops = le32toh(head.hops);
	ret_call->input = frame->payload + sizeof(head);
	ret_call->input_length = frame->length - sizeof(head);
	return 0;
}

ssize_t peer_encode_answer(void *payload, __s32 status, const void *output,
			   size_t length)
{
	struct peer_answer_head *head = payload;

	if (length > REWIRE_MAX_PAYLOAD)
		return -EMSGSIZE;
	head->status = htole32((__u32)status);
	head->reserved = 0;
	if (length)
		memcpy((__u8 *)payload + sizeof(*head), output, length);
	return (ssize_t)(sizeof(*head) + length);
}

int peer_decode_answer(const struct peer_frame *frame, __s32 *ret_status,
		       const __u8 **ret_output, size_t *ret_length,
		       struct rewire_error *err)
{
	struct peer_answer_head head;

	memcpy(&head, frame->payload, sizeof(head));
	if (head.reserved)
		return rewire_fail(err, EPROTO,
				   "reserved bytes of an ANSWER are not zero");
	*ret_status = (__s32)le32toh(head.status);
	*ret_output = frame->payload + sizeof(head);
	*ret_length = frame->length - sizeof(head);
	return 0;
}

ssize_t peer_encode_query(void *payload, const __u8 id[REWIRE_ID_SIZE],
			  __u32 side)
{
	struct peer_query *query = payload;

	memcpy(query->request_id, id, REWIRE_ID_SIZE);
	query->side = htole32(side);
	query->reserved = 0;
	return sizeof(*query);
}

int peer_decode_query(const struct peer_frame *frame,
		      __u8 ret_id[REWIRE_ID_SIZE], __u32 *ret_side,
		      struct rewire_error *err)
{
	struct peer_query query;
	__u32 side;

	memcpy(&query, frame->payload, sizeof(query));
	side = le32toh(query.side);
	if (query.reserved ||
	    (side != REWIRE_SIDE_SOURCE && side != REWIRE_SIDE_TARGET))
		return rewire_fail(err, EPROTO, "a QUERY for no known side");
	memcpy(ret_id, query.request_id, REWIRE_ID_SIZE);
	*ret_side = side;
	return 0;
}

ssize_t peer_encode_lane(void *payload, const __u8 id[REWIRE_ID_SIZE],
			 unsigned int index, unsigned int count)
{
	struct peer_lane lane = {
		.index = htole32(index), .count = htole32(count),
	};

	memcpy(lane.request_id, id, REWIRE_ID_SIZE);
	memcpy(payload, &lane, sizeof(lane));
	return sizeof(lane);
}

int peer_decode_lane(const struct peer_frame *frame,
		     __u8 ret_id[REWIRE_ID_SIZE], unsigned int *ret_index,
		     unsigned int *ret_count, struct rewire_error *err)
{
	struct peer_lane lane;

	memcpy(&lane, frame->payload, sizeof(lane));
	*ret_index = le32toh(lane.index);
	*ret_count = le32toh(lane.count);
	if (!*ret_index || *ret_index >= *ret_count ||
	    *ret_count > REWIRE_MAX_LANES)
		return rewire_fail(err, EPROTO, "a LANE %u of %u",
				   *ret_index, *ret_count);
	memcpy(ret_id, lane.request_id, REWIRE_ID_SIZE);
	return 0;
}

ssize_t peer_encode_probe(void *payload,
			  const __u8 nonce[REWIRE_NONCE_SIZE],
			  const struct rewire_signed *request)
{
	__u8 *at = payload;

	if (request->length > sizeof(request->body) ||
	    request->signature_length > sizeof(request->signature))
		return -EMSGSIZE;
	at = mempcpy(at, nonce, REWIRE_NONCE_SIZE);
	at = mempcpy(at, &request->body, request->length);
	at = mempcpy(at, request->signature, request->signature_length);
	return at - (__u8 *)payload;
}

int peer_decode_probe(const struct peer_frame *frame,
		      __u8 ret_nonce[REWIRE_NONCE_SIZE],
		      struct rewire_signed *ret_request,
		      struct rewire_error *err)
{
	const size_t head = sizeof(struct peer_probe_head);

	memcpy(ret_nonce, frame->payload, REWIRE_NONCE_SIZE);
	return rewire_signed_parse(frame->payload + head, frame->length - head,
				   REWIRE_TYPE_REQUEST, ret_request, err);
}

ssize_t peer_encode_evidence(void *payload,
			     const struct rewire_token *token)
{
	if (token->length > sizeof(token->bytes))
		return -EMSGSIZE;
	if (token->length)
		memcpy(payload, token->bytes, token->length);
	return (ssize_t)token->length;
}

int peer_decode_evidence(const struct peer_frame *frame,
			 struct rewire_token *ret_token)
{
	ret_token->length = frame->length;
	if (frame->length)
		memcpy(ret_token->bytes, frame->payload, frame->length);
	return 0;
}

int peer_message_session(const struct peer_frame *frame,
			 __u8 ret_id[REWIRE_ID_SIZE], __u32 *ret_side,
			 __u32 *ret_kind, struct rewire_error *err)
{
	struct rewire_message message;

	memcpy(&message, frame->payload, sizeof(message));
	if (message.role == REWIRE_SIDE_SOURCE)
		*ret_side = REWIRE_SIDE_TARGET;
	else if (message.role == REWIRE_SIDE_TARGET)
		*ret_side = REWIRE_SIDE_SOURCE;
	else
		return rewire_fail(err, EPROTO,
				   "a MESSAGE spoken by neither side");
	memcpy(ret_id, message.request_id, REWIRE_ID_SIZE);
	*ret_kind = message.kind;
	return 0;
}
