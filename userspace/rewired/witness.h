/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_WITNESS_H
#define REWIRED_WITNESS_H

#include "helper.h"

/*
 * Who asks a witness, when the SM holds something back for want of one (ENOLINK).
 * Where it is, and how it is reached, is the business of the command that
 * --witness-command names.
 */

/**
 * witness_ask - show the witness how far the SM's journal has got
 * @helper: whose options name the command
 *
 * When it returns 0 the SM may have said and done what it held back. It asks at
 * most twice: the first answer may be what the witness remembers.
 *
 * Return: 0; -ENOLINK without a command, with @err as it was; -ESHUTDOWN; or
 * another negative errno.
 */
int witness_ask(struct helper *helper, struct rewire_error *err);

/**
 * witness_after - the same, when something was written that an enclave waits for
 * @helper: whose SM may be strict, or not: then there is nothing to do
 *
 * Return: as witness_ask(), but 0 without a command.
 */
int witness_after(struct helper *helper, struct rewire_error *err);

/* For what returned @ret: true when the witness was asked and it is to be repeated. */
bool witness_helps(struct helper *helper, int ret, struct rewire_error *err);

#endif /* REWIRED_WITNESS_H */
