/* SPDX-License-Identifier: MIT */
/*
 * librewire: what its functions have in common: errors.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef LIBREWIRE_ERROR_H
#define LIBREWIRE_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: Conventions
 *
 * A function that can fail returns a negative errno, with the meanings of
 * uapi/rewire.h, and takes a struct rewire_error as its last argument, which it
 * fills then; NULL is allowed there. ret_ arguments are written on success
 * only. Functions that return a file return its descriptor (close-on-exec) or a
 * negative errno. Nothing here is kept in global variables: different threads
 * may use different objects at the same time.
 */

/**
 * struct rewire_error - what failed, why, and what to do about it
 * @code: errno (positive)
 * @text: for people, one line without a newline at its end
 */
struct rewire_error {
	int code;
	char text[384];
};

/**
 * rewire_fail - fill an error
 * @err: where to; may be NULL
 * @code: errno, positive
 * @format: of printf(): what failed, why, what to do; in one line, whatever it
 *	quotes: control characters become question marks, as in logs
 *
 * Return: -@code.
 */
int rewire_fail(struct rewire_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * rewire_fail_ioctl - fill an error after a refused command
 * @err: where to; may be NULL
 * @fd: the file that refused; asked for the reason by REWIRE_GET_WHY
 * @code: errno, positive, as it was right after the command
 * @what: what was tried: "pausing the enclave"
 *
 * Return: -@code.
 */
int rewire_fail_ioctl(struct rewire_error *err, int fd, int code,
		      const char *what);

/* The same with advice of the caller's own; NULL: none. */
int rewire_fail_advised(struct rewire_error *err, int fd, int code,
			const char *what, const char *advice);

/* What rewire_fail_ioctl() advises; NULL: nothing. */
const char *rewire_advice(int code);

#ifdef __cplusplus
}
#endif

#endif
