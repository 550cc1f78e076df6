// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "name.h"

static bool plain(char c, const char *keep)
{
	return isalnum((unsigned char)c) || strchr("-_~.", c) || strchr(keep, c);
}

static char *quote(const char *name, const char *keep, bool dot,
		   const char *suffix)
{
	char *quoted = malloc(3 * strlen(name) + strlen(suffix) + 1);
	char *to = quoted;

	if (!quoted)
		return NULL;
	for (; *name; name++, dot = false) {
		if (plain(*name, keep) && !(dot && *name == '.'))
			*to++ = *name;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*name);
	}
	strcpy(to, suffix);
	return quoted;
}

char *tuf_name_quote(const char *name, const char *keep)
{
	return quote(name, keep, false, "");
}

char *tuf_name_file(const char *name, const char *suffix)
{
	return quote(name, "", true, suffix);
}

void tuf_name_unquote(char *name)
{
	char *to = name;

	while (*name) {
		char digits[3] = { 0 };
		unsigned char byte;

		if (*name == '%')
			strncpy(digits, name + 1, 2);
		if (*name == '%' && !tuf_unhex(digits, &byte, 1) && byte &&
		    byte != '/') {
			*to++ = (char)byte;
			name += 3;
		} else {
			*to++ = *name++;
		}
	}
	*to = 0;
}
