// SPDX-License-Identifier: MIT
/*
 * Frames between helpers: bounds, splits, and what is in them.
 */
#include <endian.h>
#include <errno.h>

#include "test.h"

#include "address.h"
#include "peer.h"

#define HEADER	sizeof(struct peer_header)

/* Small, so that the same run comes again. */
static __u32 pseudo_random(__u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static __u8 *put_frame(__u8 *at, unsigned int type, const void *payload,
		       size_t length)
{
	struct peer_header header;

	assert_int_equal(peer_header_fill(&header, type, length), 0);
	memcpy(at, &header, HEADER);
	if (length)
		memcpy(at + HEADER, payload, length);
	return at + HEADER + length;
}

/*
 * Feed @data in pieces of at most @piece bytes (0: of random size). Returns how
 * many frames came out, or the decoder's error.
 */
static int feed(struct peer_decoder *decoder, const __u8 *data, size_t length,
		size_t piece, __u32 *seed, void (*check)(struct peer_frame *))
{
	struct peer_frame frame;
	int frames = 0;

	while (length) {
		void *room;
		size_t size = peer_decoder_room(decoder, &room);
		size_t want = piece ? piece : 1 + pseudo_random(seed) % 5000;
		int ret;

		assert_true(size > 0);
		if (want < size)
			size = want;
		if (length < size)
			size = length;
		/* ASan watches that the room is there. */
		memcpy(room, data, size);
		data += size;
		length -= size;
		ret = peer_decoder_filled(decoder, size, &frame, NULL);
		if (ret < 0)
			return ret;
		if (ret && check)
			check(&frame);
		frames += ret;
	}
	return frames;
}

static void check_content(struct peer_frame *frame)
{
	if (frame->type == PEER_STREAM)
		assert_int_equal(frame->payload[frame->length - 1], 0x5a);
	else
		assert_int_equal(frame->length, 0);
}

static void frames_in_any_pieces(void **state)
{
	static const size_t sizes[] = { 1, 7, 8, 9, 4096, 65537, PEER_MAX_CHUNK };
	size_t room = 2 * HEADER + PEER_MAX_CHUNK, total = 0;
	__u8 *data = malloc(ARRAY_SIZE(sizes) * room), *at = data;
	__u8 *payload = malloc(PEER_MAX_CHUNK);
	struct peer_decoder decoder;
	__u32 seed = 1;

	(void)state;
	assert_non_null(data);
	assert_non_null(payload);
	memset(payload, 0x5a, PEER_MAX_CHUNK);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		at = put_frame(at, PEER_STREAM, payload, sizes[i]);
		at = put_frame(at, PEER_STREAM_END, NULL, 0);
	}
	total = (size_t)(at - data);

	assert_int_equal(peer_decoder_init(&decoder), 0);
	for (size_t piece = 0; piece < 12; piece++)
		assert_int_equal(feed(&decoder, data, total, piece, &seed,
				      check_content),
				 2 * ARRAY_SIZE(sizes));
	assert_int_equal(feed(&decoder, data, total, total, &seed,
			      check_content), 2 * ARRAY_SIZE(sizes));
	assert_false(peer_decoder_partial(&decoder));
	peer_decoder_free(&decoder);
	free(payload);
	free(data);
}

static void truncated_frame_is_partial(void **state)
{
	__u8 data[HEADER + 10], payload[10] = { 0 };
	struct peer_decoder decoder;

	(void)state;
	put_frame(data, PEER_STREAM, payload, sizeof(payload));
	for (size_t length = 1; length < sizeof(data); length++) {
		assert_int_equal(peer_decoder_init(&decoder), 0);
		assert_false(peer_decoder_partial(&decoder));
		assert_int_equal(feed(&decoder, data, length, 3, NULL, NULL), 0);
		assert_true(peer_decoder_partial(&decoder));
		peer_decoder_free(&decoder);
	}
}

static int feed_header(const struct peer_header *header)
{
	struct peer_decoder decoder;
	int ret;

	assert_int_equal(peer_decoder_init(&decoder), 0);
	ret = feed(&decoder, (const __u8 *)header, HEADER, HEADER, NULL, NULL);
	peer_decoder_free(&decoder);
	return ret;
}

static void headers_out_of_bounds(void **state)
{
	static const struct {
		unsigned int type;
		__u32 least, most;
	} bounds[] = {
		{ PEER_MIGRATE, 8 + sizeof(struct rewire_request) + 1 +
				sizeof(struct rewire_message),
		  8 + sizeof(struct rewire_request) + REWIRE_MAX_CMS +
		  REWIRE_MAX_MESSAGE },
		{ PEER_MESSAGE, sizeof(struct rewire_message),
		  REWIRE_MAX_MESSAGE },
		{ PEER_STREAM, 1, PEER_MAX_CHUNK },
		{ PEER_STREAM_END, 0, 0 },
		{ PEER_ERROR, 4, 4 + PEER_MAX_TEXT },
		{ PEER_CALL, 48, 48 + REWIRE_MAX_PAYLOAD },
		{ PEER_ANSWER, 8, 8 + REWIRE_MAX_PAYLOAD },
		{ PEER_QUERY, 24, 24 },
		{ PEER_PROBE, 32 + sizeof(struct rewire_request) + 1,
		  32 + sizeof(struct rewire_request) + REWIRE_MAX_CMS },
		{ PEER_EVIDENCE, 0, REWIRE_MAX_EVIDENCE },
		{ PEER_LANE, 24, 24 },
		{ PEER_ARRIVED, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		struct peer_header header = { .type = (__u8)bounds[i].type };

		header.length = htole32(bounds[i].least);
		assert_true(feed_header(&header) >= 0);
		header.length = htole32(bounds[i].most);
		assert_true(feed_header(&header) >= 0);
		header.length = htole32(bounds[i].most + 1);
		assert_int_equal(feed_header(&header), -EPROTO);
		header.length = htole32(UINT32_MAX);
		assert_int_equal(feed_header(&header), -EPROTO);
		assert_int_equal(peer_header_fill(&header, bounds[i].type,
						  bounds[i].most + 1),
				 -EMSGSIZE);
		if (!bounds[i].least)
			continue;
		header.length = htole32(bounds[i].least - 1);
		assert_int_equal(feed_header(&header), -EPROTO);
	}
}

static void headers_of_the_future(void **state)
{
	struct peer_header header = { .type = PEER_STREAM_END };

	(void)state;
	assert_int_equal(feed_header(&header), 1);
	for (size_t i = 0; i < sizeof(header.reserved); i++) {
		header.reserved[i] = 1;
		assert_int_equal(feed_header(&header), -EPROTO);
		header.reserved[i] = 0;
	}
	for (unsigned int type = 0; type < 256; type++) {
		header.type = (__u8)type;
		if (type < PEER_MIGRATE || type >= PEER_TYPES)
			assert_int_equal(feed_header(&header), -EPROTO);
	}
}

/* Whatever comes, the decoder says frame, more, or no. */
static void noise_never_overruns(void **state)
{
	struct peer_decoder decoder;
	__u8 noise[4096];
	__u32 seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (__u8)pseudo_random(&seed);
		/* Mostly headers that look right, else nothing gets far. */
		if (round % 4) {
			noise[1] &= 0x7f;
			noise[2] &= 3;
			noise[3] = noise[5] = noise[6] = noise[7] = 0;
			noise[4] %= PEER_TYPES;
		}
		assert_int_equal(peer_decoder_init(&decoder), 0);
		feed(&decoder, noise, sizeof(noise), 0, &seed, NULL);
		peer_decoder_free(&decoder);
	}
}

static void fill_request(struct rewire_signed *request)
{
	memset(request, 0, sizeof(*request));
	request->body.request.header = (struct rewire_header){
		.magic = REWIRE_MAGIC, .type = REWIRE_TYPE_REQUEST,
		.version = REWIRE_VERSION,
		.size = sizeof(struct rewire_request),
	};
	memset(request->body.request.id, 1, REWIRE_ID_SIZE);
	memset(request->body.request.workload, 2, REWIRE_ID_SIZE);
	request->body.request.epoch = 1;
	memset(request->body.request.source, 3, REWIRE_ID_SIZE);
	memset(request->body.request.target, 4, REWIRE_ID_SIZE);
	request->body.request.lifetime_ms = 1000;
	request->length = sizeof(struct rewire_request);
	request->signature_length = 300;
	memset(request->signature, 0x30, request->signature_length);
}

static void migrate_round_trip(void **state)
{
	__u8 *payload = malloc(PEER_MAX_CHUNK), offer[2000];
	struct rewire_signed request;
	struct peer_migrate migrate;
	struct peer_frame frame = { .type = PEER_MIGRATE, .payload = payload };
	ssize_t length;

	(void)state;
	assert_non_null(payload);
	memset(offer, 0x77, sizeof(offer));
	fill_request(&request);
	length = peer_encode_migrate(payload, &request, offer, sizeof(offer));
	assert_true(length > 0);
	frame.length = (__u32)length;
	assert_int_equal(peer_decode_migrate(&frame, &migrate, NULL), 0);
	assert_memory_equal(&migrate.request.body, &request.body,
			    request.length);
	assert_int_equal(migrate.request.signature_length, 300);
	assert_int_equal(migrate.offer_length, sizeof(offer));
	assert_memory_equal(migrate.offer, offer, sizeof(offer));
	free(payload);
}

/* Lengths that do not add up, wrap, or leave one part too little. */
static void migrate_lengths_lie(void **state)
{
	static const __u32 lies[][2] = {
		{ 0, 0 }, { UINT32_MAX, UINT32_MAX }, { UINT32_MAX, 1 },
		{ 0, UINT32_MAX }, { 10, 1990 }, { 2000, 0 }, { 1999, 1 },
		{ 0x80000000, 0x80000000 }, { 0, 2000 },
	};
	struct peer_migrate migrate;
	__u8 *payload = calloc(1, 2008);
	struct peer_frame frame = { .type = PEER_MIGRATE, .length = 2008,
				    .payload = payload };

	(void)state;
	assert_non_null(payload);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct peer_migrate_head head = {
			.request_length = htole32(lies[i][0]),
			.offer_length = htole32(lies[i][1]),
		};

		memcpy(payload, &head, sizeof(head));
		assert_true(peer_decode_migrate(&frame, &migrate, NULL) < 0);
	}
	free(payload);
}

static void call_round_trip(void **state)
{
	__u8 *payload = malloc(PEER_MAX_CHUNK), input[5] = "hello";
	struct peer_call call = {
		.sequence = 0x123456789abcdef0, .timeout_ms = 77, .hops = 3,
		.input = input, .input_length = sizeof(input),
	};
	struct peer_call out;
	struct peer_frame frame = { .type = PEER_CALL, .payload = payload };

	(void)state;
	assert_non_null(payload);
	memset(call.workload, 5, REWIRE_ID_SIZE);
	memset(call.client, 6, REWIRE_ID_SIZE);
	frame.length = (__u32)peer_encode_call(payload, &call);
	assert_int_equal(peer_decode_call(&frame, &out, NULL), 0);
	assert_memory_equal(out.workload, call.workload, REWIRE_ID_SIZE);
	assert_memory_equal(out.client, call.client, REWIRE_ID_SIZE);
	assert_int_equal(out.sequence, call.sequence);
	assert_int_equal(out.timeout_ms, 77);
	assert_int_equal(out.hops, 3);
	assert_int_equal(out.input_length, sizeof(input));
	assert_memory_equal(out.input, input, sizeof(input));

	call.hops = PEER_MAX_HOPS;
	frame.length = (__u32)peer_encode_call(payload, &call);
	assert_int_equal(peer_decode_call(&frame, &out, NULL), -EPROTO);
	call.input_length = REWIRE_MAX_PAYLOAD + 1;
	assert_int_equal(peer_encode_call(payload, &call), -EMSGSIZE);
	free(payload);
}

static void answer_round_trip(void **state)
{
	__u8 *payload = malloc(PEER_MAX_CHUNK);
	struct peer_frame frame = { .type = PEER_ANSWER, .payload = payload };
	const __u8 *output;
	size_t length;
	__s32 status;

	(void)state;
	assert_non_null(payload);
	frame.length = (__u32)peer_encode_answer(payload, -5, "abc", 3);
	assert_int_equal(peer_decode_answer(&frame, &status, &output, &length,
					    NULL), 0);
	assert_int_equal(status, -5);
	assert_int_equal(length, 3);
	assert_memory_equal(output, "abc", 3);
	payload[4] = 1;
	assert_int_equal(peer_decode_answer(&frame, &status, &output, &length,
					    NULL), -EPROTO);
	free(payload);
}

static void query_round_trip(void **state)
{
	__u8 payload[sizeof(struct peer_query)];
	__u8 id[REWIRE_ID_SIZE] = { 9, 8, 7 }, out[REWIRE_ID_SIZE];
	struct peer_frame frame = { .type = PEER_QUERY,
				    .length = sizeof(payload),
				    .payload = payload };
	__u32 side;

	(void)state;
	assert_int_equal(peer_encode_query(payload, id, REWIRE_SIDE_TARGET),
			 sizeof(payload));
	assert_int_equal(peer_decode_query(&frame, out, &side, NULL), 0);
	assert_memory_equal(out, id, sizeof(id));
	assert_int_equal(side, REWIRE_SIDE_TARGET);
	payload[REWIRE_ID_SIZE] = 3;
	assert_int_equal(peer_decode_query(&frame, out, &side, NULL), -EPROTO);
	payload[REWIRE_ID_SIZE] = 1;
	payload[sizeof(payload) - 1] = 1;
	assert_int_equal(peer_decode_query(&frame, out, &side, NULL), -EPROTO);
}

static void lane_round_trip(void **state)
{
	static const struct {
		unsigned int index, count;
	} wrong[] = { { 0, 2 }, { 2, 2 }, { 1, 1 }, { 1, REWIRE_MAX_LANES + 1 },
		      { UINT32_MAX, 2 } };
	__u8 payload[sizeof(struct peer_lane)];
	__u8 id[REWIRE_ID_SIZE] = { 9, 8, 7 }, out[REWIRE_ID_SIZE];
	struct peer_frame frame = { .type = PEER_LANE,
				    .length = sizeof(payload),
				    .payload = payload };
	unsigned int index, count;

	(void)state;
	assert_int_equal(peer_encode_lane(payload, id, REWIRE_MAX_LANES - 1,
					  REWIRE_MAX_LANES), sizeof(payload));
	assert_int_equal(peer_decode_lane(&frame, out, &index, &count, NULL), 0);
	assert_memory_equal(out, id, sizeof(id));
	assert_int_equal(index, REWIRE_MAX_LANES - 1);
	assert_int_equal(count, REWIRE_MAX_LANES);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		peer_encode_lane(payload, id, wrong[i].index, wrong[i].count);
		assert_int_equal(peer_decode_lane(&frame, out, &index, &count,
						  NULL), -EPROTO);
	}
}

static void error_is_made_harmless(void **state)
{
	__u8 payload[sizeof(struct peer_error_head) + PEER_MAX_TEXT];
	struct peer_frame frame = { .type = PEER_ERROR, .payload = payload };
	struct rewire_error error = { .code = ESTALE }, out;

	(void)state;
	memset(error.text, 'x', sizeof(error.text));
	memcpy(error.text, "one\ntwo\033[2J", 11);
	frame.length = (__u32)peer_encode_error(payload, &error);
	assert_int_equal(frame.length, sizeof(payload));
	assert_int_equal(peer_decode_error(&frame, &out), 0);
	assert_int_equal(out.code, ESTALE);
	assert_int_equal(strlen(out.text), PEER_MAX_TEXT);
	assert_memory_equal(out.text, "one?two?[2J", 11);

	/* No errno must read as success. */
	memset(payload, 0, 4);
	peer_decode_error(&frame, &out);
	assert_int_equal(out.code, EPROTO);
	memset(payload, 0xff, 4);
	peer_decode_error(&frame, &out);
	assert_int_equal(out.code, EPROTO);
	frame.length = 4;
	peer_decode_error(&frame, &out);
	assert_string_equal(out.text, "");
}

static void message_finds_its_session(void **state)
{
	struct rewire_message message = { .kind = REWIRE_MSG_START };
	struct peer_frame frame = { .type = PEER_MESSAGE,
				    .length = sizeof(message),
				    .payload = (__u8 *)&message };
	__u8 id[REWIRE_ID_SIZE];
	__u32 side, kind;

	(void)state;
	memset(message.request_id, 4, REWIRE_ID_SIZE);
	assert_int_equal(peer_message_session(&frame, id, &side, &kind, NULL),
			 -EPROTO);
	message.role = REWIRE_SIDE_SOURCE;
	assert_int_equal(peer_message_session(&frame, id, &side, &kind, NULL),
			 0);
	assert_int_equal(side, REWIRE_SIDE_TARGET);
	assert_int_equal(kind, REWIRE_MSG_START);
	assert_memory_equal(id, message.request_id, REWIRE_ID_SIZE);
	message.role = REWIRE_SIDE_TARGET;
	assert_int_equal(peer_message_session(&frame, id, &side, &kind, NULL),
			 0);
	assert_int_equal(side, REWIRE_SIDE_SOURCE);
}

static void addresses(void **state)
{
	static const struct {
		const char *text, *name, *host, *port;
	} good[] = {
		{ "beta:7443", "beta", "beta", "7443" },
		{ "beta@10.0.0.2:7443", "beta", "10.0.0.2", "7443" },
		{ "[fd00::1]:1", "fd00::1", "fd00::1", "1" },
		{ "b@[::1]:x", "b", "::1", "x" },
	};
	static const char *const bad[] = {
		"", ":", "beta", "beta:", ":7443", "@h:1", "a@:1", "fd00::1:2",
		"[::1]", "[]:1", "a@b",
	};
	struct address address;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(address_parse(good[i].text, &address, NULL),
				 0);
		assert_string_equal(address.name, good[i].name);
		assert_string_equal(address.host, good[i].host);
		assert_string_equal(address.port, good[i].port);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(address_parse(bad[i], &address, NULL),
				 -EINVAL);
}

static void probe_round_trip(void **state)
{
	__u8 payload[PEER_MAX_CHUNK], nonce[REWIRE_NONCE_SIZE],
		got[REWIRE_NONCE_SIZE];
	struct peer_frame frame = { .type = PEER_PROBE, .payload = payload };
	struct rewire_signed in, out;

	(void)state;
	fill_request(&in);
	memset(nonce, 0x77, sizeof(nonce));
	frame.length = (__u32)peer_encode_probe(payload, nonce, &in);
	assert_int_equal(frame.length,
			 32 + sizeof(struct rewire_request) + 300);
	assert_int_equal(peer_decode_probe(&frame, got, &out, NULL), 0);
	assert_memory_equal(got, nonce, sizeof(nonce));
	assert_memory_equal(&out.body, &in.body, in.length);
	assert_int_equal(out.signature_length, 300);
	assert_memory_equal(out.signature, in.signature, 300);

	/* Not a request; a signature that is too long to be one. */
	in.body.request.header.type = REWIRE_TYPE_MANIFEST;
	frame.length = (__u32)peer_encode_probe(payload, nonce, &in);
	assert_true(peer_decode_probe(&frame, got, &out, NULL) < 0);
	fill_request(&in);
	in.signature_length = sizeof(in.signature) + 1;
	assert_int_equal(peer_encode_probe(payload, nonce, &in), -EMSGSIZE);
}

static void evidence_round_trip(void **state)
{
	static __u8 payload[PEER_MAX_CHUNK];
	struct peer_frame frame = { .type = PEER_EVIDENCE,
				    .payload = payload };
	static struct rewire_token in, out;
	static const size_t sizes[] = { 0, 1, REWIRE_MAX_EVIDENCE };

	(void)state;
	memset(in.bytes, 0xd2, sizeof(in.bytes));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		in.length = sizes[i];
		frame.length = (__u32)peer_encode_evidence(payload, &in);
		assert_int_equal(frame.length, sizes[i]);
		assert_int_equal(peer_decode_evidence(&frame, &out), 0);
		assert_int_equal(out.length, sizes[i]);
		assert_memory_equal(out.bytes, in.bytes, sizes[i]);
	}
	in.length = REWIRE_MAX_EVIDENCE + 1;
	assert_int_equal(peer_encode_evidence(payload, &in), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_in_any_pieces),
		cmocka_unit_test(truncated_frame_is_partial),
		cmocka_unit_test(headers_out_of_bounds),
		cmocka_unit_test(headers_of_the_future),
		cmocka_unit_test(noise_never_overruns),
		cmocka_unit_test(migrate_round_trip),
		cmocka_unit_test(migrate_lengths_lie),
		cmocka_unit_test(call_round_trip),
		cmocka_unit_test(answer_round_trip),
		cmocka_unit_test(query_round_trip),
		cmocka_unit_test(lane_round_trip),
		cmocka_unit_test(error_is_made_harmless),
		cmocka_unit_test(message_finds_its_session),
		cmocka_unit_test(addresses),
		cmocka_unit_test(probe_round_trip),
		cmocka_unit_test(evidence_round_trip),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
