/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of roles that sign in the kernel, by letter: a to d are root keys, 's' is
 * the SDS, 'v' a developer, '=' another certificate for the key of a.
 */
#ifndef REWIRE_TEST_SIGN_H
#define REWIRE_TEST_SIGN_H

#include <kunit/test.h>

#include "../../kmod/quorum.h"
#include "../../kmod/signed.h"

const u8 *sign_cert(struct kunit *test, char letter, u32 *len);
/* let them speak for a role, too */
void sign_add(struct kunit *test, struct rewire_roles *roles, u32 role,
	      const char *letters);

/* @cms->bytes is for kfree() */
void sign_one(struct kunit *test, char letter, const void *data, u32 len,
	      struct rewire_cms *cms);
/* sign by letters; after a '!' the next signature is wrong. Return: how many */
u32 sign_all(struct kunit *test, const char *letters, const void *data, u32 len,
	     struct rewire_cms *cms);

#endif
