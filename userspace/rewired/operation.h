/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_OPERATION_H
#define REWIRED_OPERATION_H

#include "helper.h"

/**
 * operation_run - do what a client asks, and answer it
 * @helper: the helper
 * @client: its socket
 * @listening: where other helpers reach this one, for the status
 * @line: one line, without its newline
 * @length: its bytes
 * @file: descriptor that came along with it, or -1; stays the caller's
 *
 * Blocks as long as it takes.
 *
 * Return: 0, or a negative errno when the client can't be talked to any more.
 */
int operation_run(struct helper *helper, int client, const char *listening,
		  const char *line, size_t length, int file);

/* Answer with an error: what a client gets who is one too many. */
int operation_refuse(int client, const struct rewire_error *error);

#endif /* REWIRED_OPERATION_H */
