/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_SERVE_H
#define REWIRED_SERVE_H

#include "helper.h"

/**
 * serve_connection - answer another helper until it goes
 * @helper: the helper
 * @fd: its connection, not greeted yet; closed at the end
 * @from: where it comes from, for logs
 *
 * Blocks. All that can go wrong is logged here.
 */
void serve_connection(struct helper *helper, int fd, const char *from);

/* Greet it, and say that there are too many. */
void serve_refusal(struct helper *helper, int fd, const char *from);

#endif /* REWIRED_SERVE_H */
