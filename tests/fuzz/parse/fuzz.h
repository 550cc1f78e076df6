/* SPDX-License-Identifier: MIT */
/*
 * A target is one file with one function, which libFuzzer calls with bytes of
 * its own making. Beside not crashing, each has promises to keep.
 */
#ifndef FUZZ_PARSE_H
#define FUZZ_PARSE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rewire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that is broken is a crash. */
#define promise(kept) do {						\
	if (!(kept)) {							\
		fprintf(stderr, "%s:%d: broken promise: %s\n",		\
			__FILE__, __LINE__, #kept);			\
		abort();						\
	}								\
} while (0)

/* Who refuses says so twice, as a number and in words of one line. */
static inline void refused(int rc, const struct rewire_error *err)
{
	promise(rc < 0 && err->code == -rc);
	promise(err->text[0] && !strchr(err->text, '\n'));
}

/* The folder of keys that seeds were signed with. */
#define PKI_FILE(name) PKI "/" name

#endif
