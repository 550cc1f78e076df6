/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as TAP.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef ATTACK_TAP_H
#define ATTACK_TAP_H

#include <stdbool.h>

/* One result; returns @good. */
bool tap_ok(bool good, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One result that could not be had, and why. */
void tap_skip(const char *what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A comment, for whoever reads a failure. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The test cannot go on. */
_Noreturn void tap_bail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Prints the plan; returns what main() shall. */
int tap_done(void);

#endif /* ATTACK_TAP_H */
