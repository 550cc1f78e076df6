// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copyright (c) 2026 The REWIRE authors
 */
#include "cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../attacks/tap.h"

static bool failed;

bool expect(bool good, const char *format, ...)
{
	va_list list;
	char text[512];

	if (good)
		return true;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	tap_note("%s", text);
	failed = true;
	return false;
}

bool expect_ok(int rc, const struct rewire_error *error)
{
	return expect(rc >= 0, "%s", error->text);
}

bool expect_refusal(int rc, int code, const struct rewire_error *error,
		    const char *why)
{
	if (rc >= 0)
		return expect(false, "not refused, though: %s", why);
	return expect(rc == -code, "refused with %s, not %s: %s",
		      strerrorname_np(-rc), strerrorname_np(code),
		      error->text) &&
	       expect(strstr(error->text, why), "it says \"%s\", not \"%s\"",
		      error->text, why);
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

void case_begin(void)
{
	failed = false;
}

bool case_is_good(void)
{
	return !failed;
}

int cases_run(const struct test_case *cases, int argc, char **argv)
{
	for (; cases->name; cases++) {
		if (!wanted(cases->name, argc, argv))
			continue;
		case_begin();
		cases->run();
		tap_ok(case_is_good(), "%s", cases->name);
	}
	return tap_done();
}
