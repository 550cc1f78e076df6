// SPDX-License-Identifier: MIT
/*
 * Logging to standard error, for a terminal or a journal.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

static int log_level = LOG_LEVEL_INFO;
static bool log_prefix;

void log_open(int level)
{
	log_level = level;
	log_prefix = !isatty(STDERR_FILENO);
}

/* Other alphabets pass; what moves a cursor or ends a line does not. */
static void replace_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void log_line(int level, const char *format, ...)
{
	char line[1024];
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	replace_controls(line);

	/* One call, so that lines of different threads do not mix. */
	if (log_prefix)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "%s\n", line);
}
