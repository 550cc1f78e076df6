/* SPDX-License-Identifier: MIT */
#ifndef TUF_ERROR_INTERNAL_H
#define TUF_ERROR_INTERNAL_H

#include "tuf.h"

/* Whose metadata the next failures are about; @version 0: not known yet. */
void tuf_about(struct tuf_error *err, const char *role, int64_t version);

/**
 * tuf_fail - note what failed
 * @err: where; its role and version were set by tuf_about()
 * @check: which kind of check
 * @section: the section of the specification that asks for it; NULL: none
 * @format: what was seen
 *
 * Return: -@check, so that a caller can return it on.
 */
int tuf_fail(struct tuf_error *err, enum tuf_check check, const char *section,
	     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For errno. */
int tuf_fail_errno(struct tuf_error *err, const char *what);
int tuf_no_memory(struct tuf_error *err);

#endif
