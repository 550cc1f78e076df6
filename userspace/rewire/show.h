/* SPDX-License-Identifier: MIT */
/*
 * Output: for people, and as JSON.
 */
#ifndef REWIRE_SHOW_H
#define REWIRE_SHOW_H

#include <stdio.h>

#include <jansson.h>

#include <rewire.h>

#define SHOW_PLAIN 0
#define SHOW_GOOD 1
#define SHOW_WAITING 2
#define SHOW_BAD 3
#define SHOW_FAINT 4

/* "" unless the file is a terminal and NO_COLOR is not set. */
const char *show_colour(FILE *file, int colour);
int show_state_colour(__u32 state);

/* "12.0 MiB" */
const char *show_size(__u64 bytes, char text[32]);

/* Print one line of JSON on standard output and let go of it. */
void show_json(json_t *value);
void show_error(const struct rewire_error *err);

/* Names of files need not be UTF-8, and JSON must. */
json_t *show_text(const char *text);
json_t *show_id(const __u8 id[REWIRE_ID_SIZE]);
json_t *show_hex(const void *data, size_t length);
json_t *show_enclave(const struct rewire_enclave_info *info);

/* After a command that changed an enclave: nothing for people, JSON if asked. */
int show_done(int enclave);

#endif
