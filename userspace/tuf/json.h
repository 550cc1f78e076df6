/* SPDX-License-Identifier: MIT */
/*
 * JSON from outside, within limits, and its canonical form.
 */
#ifndef TUF_JSON_H
#define TUF_JSON_H

#include <jansson.h>

#include "tuf.h"

#define TUF_JSON_DEPTH	32
#define TUF_JSON_VALUES	400000

/**
 * tuf_json_load - parse one document that nobody vouches for
 * @data: its bytes; the caller has bounded them
 * @length: how many
 * @ret: the document, an object; the caller drops it by json_decref()
 * @err: what is wrong
 *
 * Refused: nesting deeper than TUF_JSON_DEPTH or more than TUF_JSON_VALUES
 * values (both seen before anything is allocated), NUL bytes, invalid UTF-8, the
 * same name twice in an object, numbers beyond 64 bits, anything behind the
 * document but white space.
 */
int tuf_json_load(const void *data, size_t length, json_t **ret,
		  struct tuf_error *err);

/* What tuf_json_load() sees before it allocates anything: 0, or what is wrong. */
int tuf_json_measure(const void *data, size_t length, struct tuf_error *err);

/**
 * tuf_json_canonical - OLPC's canonical form, over which TUF signs (4.1)
 * @value: document, or part of one
 * @ret_data: its bytes, without an end mark; the caller frees them
 * @ret_length: how many
 * @err: what is wrong: a fraction has no canonical form
 */
int tuf_json_canonical(const json_t *value, char **ret_data, size_t *ret_length,
		       struct tuf_error *err);

/**
 * struct tuf_text - a canonical form that grows; zero it first
 * @data: its bytes, without an end mark; whoever has it frees them
 * @used: how many
 * @size: how many there is room for
 * @wrong: NULL, or why it cannot be had; then nothing more is put
 * @hole: an object in what is put, or NULL
 * @hole_at: where members of @hole would begin
 */
struct tuf_text {
	char *data;
	size_t used;
	size_t size;
	const char *wrong;
	const json_t *hole;
	size_t hole_at;
};

void tuf_text_put(struct tuf_text *text, const char *data, size_t length);
void tuf_text_put_string(struct tuf_text *text, const char *string,
			 size_t length);
void tuf_text_put_value(struct tuf_text *text, const json_t *value);
/* Room for @length bytes more. */
void tuf_text_reserve(struct tuf_text *text, size_t length);
/* 0, or what @wrong says; then @data is freed. */
int tuf_text_end(struct tuf_text *text, struct tuf_error *err);

/* The SHA-256 of the canonical form, in hexadecimal. */
int tuf_json_digest(const json_t *value, char hex[65], struct tuf_error *err);

#endif
