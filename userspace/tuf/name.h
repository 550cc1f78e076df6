/* SPDX-License-Identifier: MIT */
#ifndef TUF_NAME_H
#define TUF_NAME_H

/*
 * Names from metadata as parts of a URL or of a folder: all bytes but letters,
 * digits, "-", "_", "~", "." and those in @keep become %XX. The caller frees it;
 * NULL: no memory.
 */
char *tuf_name_quote(const char *name, const char *keep);

/* As tuf_name_quote(), for a file: a first dot is quoted as well. */
char *tuf_name_file(const char *name, const char *suffix);

/* Undo %XX in place, but %00 and %2F, which would mean something else in a path. */
void tuf_name_unquote(char *name);

#endif
