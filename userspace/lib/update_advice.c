// SPDX-License-Identifier: MIT
/*
 * What to do when the SM refuses something about an update.
 */
#include <errno.h>

#include "rewire_update.h"

/* What is of use with a package in hand; else what is said of any command. */
static const char *advise(int code)
{
	static const struct {
		int code;
		const char *text;
	} table[] = {
		{ EPERM, "`rewire package show` says what a package is for" },
		{ ESTALE, "get a new package: each is used once, and versions only rise" },
		{ ETIME, "get a package that has not expired" },
		{ ENOLINK, "have a witness vouch for the journal: `rewire witness`" },
		{ EKEYREJECTED, "get an unharmed copy, or have it signed by whom this SM trusts" },
		{ EBADMSG, "get an unharmed copy of package and payload" },
		{ ENOPKG, "get an unharmed copy" },
		{ ENOKEY, "the signers' certificates have to be among the SM's anchors: `rewire trust`" },
		{ EBUSY, "try again later, or wait for it with --wait" },
		{ ETIMEDOUT, "the old version goes on; a package with a longer trial may help" },
		{ ECANCELED, "the old version goes on" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].text;
	return rewire_advice(code);
}

int rewire_update_refused(struct rewire_error *err, int fd, int code,
			  const char *what)
{
	return rewire_fail_advised(err, fd, code, what, advise(code));
}
