// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results as TAP.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int results, failures;

bool tap_ok(bool good, const char *format, ...)
{
	va_list list;

	printf("%sok %d - ", good ? "" : "not ", ++results);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	fflush(stdout);
	failures += !good;
	return good;
}

void tap_skip(const char *what, const char *format, ...)
{
	va_list list;

	printf("ok %d - %s # SKIP ", ++results, what);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	fflush(stdout);
}

void tap_note(const char *format, ...)
{
	va_list list;

	printf("# ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	fflush(stdout);
}

void tap_bail(const char *format, ...)
{
	va_list list;

	printf("Bail out! ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	putchar('\n');
	fflush(stdout);
	exit(1);
}

int tap_done(void)
{
	printf("1..%d\n", results);
	return failures ? 1 : 0;
}
