/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_COMMAND_H
#define REWIRED_COMMAND_H

#include <stdbool.h>

#include "helper.h"

/**
 * command_run - run a program of the operator's, to its end
 * @helper: whose options say how long it may take
 * @argv: the program, its arguments, NULL
 * @input: file that it reads from, or -1: there is nothing to read
 * @quiet: what it says on standard output is for nobody; errors are for this log
 * @err: why it failed
 *
 * What has not ended in time, or when this helper is stopped, is killed together
 * with all that it started.
 *
 * Return: 0: it exited with 0; -ESHUTDOWN; -ETIMEDOUT; -EPROTO: with anything
 * else; or another negative errno.
 */
int command_run(const struct helper *helper, const char *const argv[],
		int input, bool quiet, struct rewire_error *err);

#endif /* REWIRED_COMMAND_H */
