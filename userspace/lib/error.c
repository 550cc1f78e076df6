// SPDX-License-Identifier: MIT
/*
 * Errors: what failed, why (in the SM's own words where it has some), and what
 * to do about it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "rewire.h"

/* What is quoted may be anybody's: a line stays a line, and a terminal obeys nobody. */
static void tame(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

int rewire_fail(struct rewire_error *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return -code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	tame(err->text);
	return -code;
}

static const struct {
	int code;
	const char *text;
} table[] = {
	{ ENOTTY, "module and program do not match: install the same version of both" },
	{ E2BIG, "the module is older than this program: install the same version of both" },
	{ ENOENT, "`rewire ls` shows what is here" },
	{ EEXIST, "`rewire ls` shows it; `rewire destroy` ends it" },
	{ EBADFD, "`rewire info` shows the state it is in" },
	{ EBUSY, "wait for the other operation to end, and try again" },
	{ EPERM, "ask as the user who created it, or as root" },
	{ EACCES, "ask as the user who created it, or as root" },
	{ ENOKEY, "the SM must be provisioned, and the signer's certificate among its anchors" },
	{ EKEYREJECTED, "sign exactly these bytes again, with the key of the right role" },
	{ EBADMSG, "get an unharmed copy" },
	{ ESTALE, "get a new one: a replay is never accepted" },
	{ EREMCHG, "ask the host it moved to, or through the helper" },
	{ ETIME, "get a new request" },
	{ ETIMEDOUT, "try again, with a longer time-out" },
	{ ESRCH, "`rewire resume` gives it a process" },
	{ ENOLINK, "the SM runs nothing that may run elsewhere until a witness has vouched for its journal" },
	{ EUCLEAN, "give the SM the journal that it wrote last; an older or a changed one is never accepted" },
	{ EDQUOT, "destroy an enclave, or provision with a higher memory limit" },
	{ ENOMEM, "free some memory" },
};

const char *rewire_advice(int code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].text;
	return NULL;
}

int rewire_fail_advised(struct rewire_error *err, int fd, int code,
			const char *what, const char *advice)
{
	struct rewire_get_why why = { .size = sizeof(why) };
	const char *reason = strerror(code);

	if (!err)
		return -code;
	/* A sentence about another command would mislead. */
	if (!ioctl(fd, REWIRE_GET_WHY, &why) && why.error == (__u32)code) {
		why.text[sizeof(why.text) - 1] = '\0';
		if (why.text[0])
			reason = why.text;
		/* "why; what to do": the SM knows better than a table. */
		if (strchr(why.text, ';'))
			advice = NULL;
	}
	return rewire_fail(err, code, "%s: %s%s%s", what, reason,
			   advice ? "; " : "", advice ? advice : "");
}

int rewire_fail_ioctl(struct rewire_error *err, int fd, int code,
		      const char *what)
{
	return rewire_fail_advised(err, fd, code, what, rewire_advice(code));
}
