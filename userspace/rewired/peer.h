/* SPDX-License-Identifier: MIT */
/*
 * What helpers say to each other. docs/helper.md is the same for people.
 */
#ifndef REWIRED_PEER_H
#define REWIRED_PEER_H

#include <rewire.h>

/**
 * DOC: Frames
 *
 * Inside of mutual TLS 1.3 (ALPN "rewire/1") each side sends frames: struct
 * peer_header, then as many bytes as it says. Integers are little-endian. Each
 * type has a least and a greatest length; a header outside of them, an unknown
 * type or a reserved byte that is not zero ends the connection.
 *
 * The side that connected asks, the other answers, one at a time:
 *
 * ================== =========================================================
 * asked              answer
 * ================== =========================================================
 * MIGRATE            MESSAGE (the ACCEPT)
 * STREAM             none
 * STREAM_END         MESSAGE (the READY)
 * MESSAGE, QUERY     MESSAGE: the last one the asked SM has to say
 * CALL               ANSWER
 * PROBE              EVIDENCE
 * LANE               the same
 * ================== =========================================================
 *
 * ERROR may come in the place of any answer, and unasked between STREAM frames.
 * STREAM and STREAM_END are understood between ACCEPT and READY only, where
 * MESSAGE may come too and ends the stream: it can but be an ABORTED; and after
 * LANE, where they are one more stream of a migration that has its ACCEPT.
 *
 * A helper is trusted for nothing: requests, messages and streams are opaque to
 * it, and it reads ids in them merely to find the session that will check them.
 */

#define PEER_ALPN		"rewire/1"

#define PEER_MIGRATE		1	/* a signed request, and the OFFER */
#define PEER_MESSAGE		2	/* struct rewire_message as made by an SM */
#define PEER_STREAM		3	/* some bytes of the stream */
#define PEER_STREAM_END		4	/* there are no more */
#define PEER_ERROR		5	/* no, and why */
#define PEER_CALL		6	/* to an enclave of this host */
#define PEER_ANSWER		7	/* from it */
#define PEER_QUERY		8	/* what is the last word of this session? */
#define PEER_PROBE		9	/* would you take this request? */
#define PEER_EVIDENCE		10	/* yes; and how far the platform is to be trusted */
#define PEER_LANE		11	/* one of several streams of a migration */
#define PEER_ARRIVED		12	/* has all that was sent been taken in? it has */
#define PEER_TYPES		13

#define PEER_MAX_CHUNK		(256 * 1024)	/* the longest payload of all */
#define PEER_MAX_TEXT		256		/* of an ERROR */
#define PEER_MAX_HOPS		4		/* how often a CALL is passed on */

/**
 * struct peer_header - what precedes each payload
 * @length: bytes of the payload
 * @type: PEER_*
 * @reserved: zero
 */
struct peer_header {
	__le32 length;
	__u8 type;
	__u8 reserved[3];
};

/**
 * struct peer_migrate_head - payload of MIGRATE
 * @request_length: bytes of struct rewire_request and its signature, which
 *	follow
 * @offer_length: bytes of the OFFER, which comes last
 */
struct peer_migrate_head {
	__le32 request_length;
	__le32 offer_length;
};

/**
 * struct peer_error_head - payload of ERROR; text without a zero follows
 * @code: errno, in the numbers all architectures of REWIRE share
 */
struct peer_error_head {
	__le32 code;
};

/**
 * struct peer_call_head - payload of CALL; the input follows
 * @workload: whom
 * @client: as in struct rewire_call
 * @sequence: as in struct rewire_call
 * @timeout_ms: what is left of the caller's time; 0 waits for ever
 * @hops: how often it may still be passed on, below PEER_MAX_HOPS
 */
struct peer_call_head {
	__u8 workload[REWIRE_ID_SIZE];
	__u8 client[REWIRE_ID_SIZE];
	__le64 sequence;
	__le32 timeout_ms;
	__le32 hops;
};

/**
 * struct peer_answer_head - payload of ANSWER; the output follows
 * @status: the enclave's own
 * @reserved: zero
 */
struct peer_answer_head {
	__le32 status;
	__le32 reserved;
};

/**
 * struct peer_query - payload of QUERY
 * @request_id: the migration
 * @side: REWIRE_SIDE_*, of the SM that is asked
 * @reserved: zero
 */
struct peer_query {
	__u8 request_id[REWIRE_ID_SIZE];
	__le32 side;
	__le32 reserved;
};

/**
 * struct peer_probe_head - payload of PROBE
 * @nonce: challenge that the evidence is to answer; struct rewire_request and its
 *	signature follow
 */
struct peer_probe_head {
	__u8 nonce[REWIRE_NONCE_SIZE];
};

/**
 * struct peer_lane - payload of LANE
 * @request_id: the migration, which the same certificate began
 * @index: which stream follows, from 1 on
 * @count: how many there are, with the migration's own
 */
struct peer_lane {
	__u8 request_id[REWIRE_ID_SIZE];
	__le32 index;
	__le32 count;
};

/**
 * struct peer_frame - a frame that was received
 * @type: PEER_*
 * @length: bytes at @payload, within the bounds of the type
 * @payload: valid until more is received
 */
struct peer_frame {
	__u8 type;
	__u32 length;
	const __u8 *payload;
};

/* "MIGRATE" ...; "unknown" for other numbers. */
const char *peer_type_name(unsigned int type);

/**
 * peer_header_fill - write a header
 * @header: where to
 * @type: PEER_*
 * @length: bytes of the payload
 *
 * Return: 0 or -EMSGSIZE when the type does not allow that length.
 */
int peer_header_fill(struct peer_header *header, unsigned int type,
		     size_t length);

/**
 * struct peer_decoder - makes frames of bytes, however they come in
 * @header: of the frame that is coming in
 * @have: bytes of header and payload so far
 * @payload: PEER_MAX_CHUNK bytes
 */
struct peer_decoder {
	struct peer_header header;
	size_t have;
	__u8 *payload;
};

int peer_decoder_init(struct peer_decoder *decoder);
void peer_decoder_free(struct peer_decoder *decoder);

/**
 * peer_decoder_room - where to put the next bytes
 * @decoder: the decoder
 * @ret_room: there
 *
 * Return: how many bytes at most: never beyond the frame, so that nothing is
 * ever copied. Not zero.
 */
size_t peer_decoder_room(struct peer_decoder *decoder, void **ret_room);

/**
 * peer_decoder_filled - bytes were put where peer_decoder_room() said
 * @decoder: the decoder
 * @length: how many
 * @ret_frame: the frame, when it is complete
 *
 * Return: 1: complete; 0: there is more to come; -EPROTO: no frame starts like
 * this. Then the connection is of no use any more.
 */
int peer_decoder_filled(struct peer_decoder *decoder, size_t length,
			struct peer_frame *ret_frame, struct rewire_error *err);

/* True in the middle of a frame: where a connection should not end. */
bool peer_decoder_partial(const struct peer_decoder *decoder);

/**
 * struct peer_migrate - a MIGRATE taken apart
 * @request: the signed request
 * @offer: the OFFER, in the frame
 * @offer_length: its bytes
 */
struct peer_migrate {
	struct rewire_signed request;
	const __u8 *offer;
	size_t offer_length;
};

/**
 * struct peer_call - a CALL taken apart
 * @head: numbers as the machine has them
 * @input: in the frame
 * @input_length: its bytes
 */
struct peer_call {
	__u8 workload[REWIRE_ID_SIZE];
	__u8 client[REWIRE_ID_SIZE];
	__u64 sequence;
	__u32 timeout_ms;
	__u32 hops;
	const __u8 *input;
	size_t input_length;
};

/*
 * Encoders write a payload into PEER_MAX_CHUNK bytes and return its length or
 * a negative errno. Decoders take a frame of the type in their name and return
 * 0 or -EPROTO.
 */
ssize_t peer_encode_migrate(void *payload, const struct rewire_signed *request,
			    const void *offer, size_t offer_length);
int peer_decode_migrate(const struct peer_frame *frame,
			struct peer_migrate *ret_migrate,
			struct rewire_error *err);

ssize_t peer_encode_error(void *payload, const struct rewire_error *error);
/* Fills @ret_error; the text has no control characters. */
int peer_decode_error(const struct peer_frame *frame,
		      struct rewire_error *ret_error);

ssize_t peer_encode_call(void *payload, const struct peer_call *call);
int peer_decode_call(const struct peer_frame *frame,
		     struct peer_call *ret_call, struct rewire_error *err);

ssize_t peer_encode_answer(void *payload, __s32 status, const void *output,
			   size_t length);
int peer_decode_answer(const struct peer_frame *frame, __s32 *ret_status,
		       const __u8 **ret_output, size_t *ret_length,
		       struct rewire_error *err);

ssize_t peer_encode_query(void *payload, const __u8 id[REWIRE_ID_SIZE],
			  __u32 side);
int peer_decode_query(const struct peer_frame *frame,
		      __u8 ret_id[REWIRE_ID_SIZE], __u32 *ret_side,
		      struct rewire_error *err);

ssize_t peer_encode_probe(void *payload,
			  const __u8 nonce[REWIRE_NONCE_SIZE],
			  const struct rewire_signed *request);
int peer_decode_probe(const struct peer_frame *frame,
		      __u8 ret_nonce[REWIRE_NONCE_SIZE],
		      struct rewire_signed *ret_request,
		      struct rewire_error *err);

ssize_t peer_encode_lane(void *payload, const __u8 id[REWIRE_ID_SIZE],
			 unsigned int index, unsigned int count);
int peer_decode_lane(const struct peer_frame *frame,
		     __u8 ret_id[REWIRE_ID_SIZE], unsigned int *ret_index,
		     unsigned int *ret_count, struct rewire_error *err);

/* The token is empty when the SM has none to give. */
ssize_t peer_encode_evidence(void *payload,
			     const struct rewire_token *token);
int peer_decode_evidence(const struct peer_frame *frame,
			 struct rewire_token *ret_token);

/**
 * peer_message_session - which session a MESSAGE is for
 * @frame: the MESSAGE
 * @ret_id: the migration
 * @ret_side: whose session takes it: the side that did not speak
 * @ret_kind: REWIRE_MSG_*, for logs and to know what follows
 *
 * Return: 0 or -EPROTO.
 */
int peer_message_session(const struct peer_frame *frame,
			 __u8 ret_id[REWIRE_ID_SIZE], __u32 *ret_side,
			 __u32 *ret_kind, struct rewire_error *err);

#endif /* REWIRED_PEER_H */
