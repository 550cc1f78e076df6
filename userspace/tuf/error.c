// SPDX-License-Identifier: MIT
/*
 * Errors: role, version, check and section of the specification, in one line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

static const char *const names[] = {
	[TUF_OK] = "no failure",
	[TUF_SYSTEM] = "system",
	[TUF_ARGUMENT] = "argument",
	[TUF_TRANSFER] = "transfer",
	[TUF_MISSING] = "missing",
	[TUF_LIMIT] = "limit",
	[TUF_FORMAT] = "format",
	[TUF_SIGNATURE] = "signature",
	[TUF_VERSION] = "version",
	[TUF_ROLLBACK] = "rollback",
	[TUF_EXPIRED] = "expired",
	[TUF_HASH] = "hash",
	[TUF_NO_TARGET] = "no such target",
};

const char *tuf_check_name(enum tuf_check check)
{
	return (unsigned int)check < sizeof(names) / sizeof(names[0]) ?
	       names[check] : "unknown";
}

void tuf_about(struct tuf_error *err, const char *role, int64_t version)
{
	snprintf(err->role, sizeof(err->role), "%s", role ? role : "");
	err->version = version;
}

int tuf_fail(struct tuf_error *err, enum tuf_check check, const char *section,
	     const char *format, ...)
{
	char about[sizeof(err->role) + 24] = "", saw[360], *c;
	va_list args;

	va_start(args, format);
	vsnprintf(saw, sizeof(saw), format, args);
	va_end(args);
	if (err->role[0] && err->version)
		snprintf(about, sizeof(about), "%s %lld: ", err->role,
			 (long long)err->version);
	else if (err->role[0])
		snprintf(about, sizeof(about), "%s: ", err->role);
	err->check = check;
	snprintf(err->section, sizeof(err->section), "%s",
		 section ? section : "");
	snprintf(err->text, sizeof(err->text), "%s%s: %s%s%s%s", about,
		 tuf_check_name(check), saw, section ? " (TUF " : "",
		 section ? section : "", section ? ")" : "");
	/* Names from outside must not make a second line, nor move a cursor. */
	for (c = err->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	return -(int)check;
}

int tuf_fail_errno(struct tuf_error *err, const char *what)
{
	return tuf_fail(err, TUF_SYSTEM, NULL, "%s: %s", what, strerror(errno));
}

int tuf_no_memory(struct tuf_error *err)
{
	return tuf_fail(err, TUF_SYSTEM, NULL, "no memory");
}
