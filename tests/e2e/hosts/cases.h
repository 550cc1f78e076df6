/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Named cases, each one result in TAP.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#ifndef E2E_CASES_H
#define E2E_CASES_H

#include <stdbool.h>

#include "rewire.h"

/**
 * struct test_case - something that is tried
 * @name: what is shown
 * @run: tries it; says by expect() what must hold
 */
struct test_case {
	const char *name;
	void (*run)(void);
};

/* Runs all of @cases (an empty name ends them), or those named in @argv. */
int cases_run(const struct test_case *cases, int argc, char **argv);

/* For who makes its cases itself: forget the last one; did expect() hold since? */
void case_begin(void);
bool case_is_good(void);

/* Unless @good, the case has failed, and the sentence says why. */
bool expect(bool good, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* @rc, of a function of librewire, is success. */
bool expect_ok(int rc, const struct rewire_error *error);

/**
 * expect_refusal - something was refused as it should be, and says why
 * @rc: of a function of librewire
 * @code: the errno that it must be
 * @error: what was said
 * @why: must be part of it
 */
bool expect_refusal(int rc, int code, const struct rewire_error *error,
		    const char *why);

#endif /* E2E_CASES_H */
